"""Erasing: restricted first, by two persons, out of every backup of the data, and nobody else is touched."""

from __future__ import annotations

import copy
import json
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from tests.conftest import NOW, TRUST, insides, keys_fit, known
from tests.flows.test_merge import CHECKER, MAKER, merge, unmerge
from tests.flows.test_register import ID, clear, register
from tests.flows.test_rotate import ONE as CUSTODIAN, begin, data_keys
from tests.security.mortal import Fate, Killed, Mortal, MortalRepository

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Outcome, Purpose
from bankcif._clock import FixedClock
from bankcif.approval import ApprovalState
from bankcif.audit import EntryProof
from bankcif.errors import (
    AuditError,
    BankCIFError,
    FourEyesError,
    InputError,
    KeyMissingError,
    NotFoundOrNotAllowedError,
    StorageError,
)
from bankcif.flows.merge import Concern
from bankcif.party import CifNo, ReferenceTables
from bankcif.protection import WrappedKey, key_id_of
from bankcif.storage.key_store import SqliteKeyStore

EVERY_CONCERN = list(Concern)

OFFICER, SECOND = (known(Actor(id=name, roles={"privacy_officer"})) for name in ("p.tang", "p.song"))
AUDITOR = Actor(id="a.sun", roles={"auditor"})
SERVICE, COMPLIANCE = Purpose.SERVICE, Purpose.COMPLIANCE


def erase(cif: CIF, cif_no: str) -> str:
    """Restricts and erases; gives the approval's id."""
    cif.erasures.restrict(cif_no, reason="asked for", actor=OFFICER)
    proposal = cif.erasures.propose(cif_no, reason="asked for", actor=OFFICER)
    cif.approvals.approve(proposal.id, actor=SECOND)
    return proposal.id


def test_a_restricted_customer_is_stored_and_nothing_else(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    cif.erasures.restrict(done.cif_no, reason="asked for", actor=OFFICER)
    for call in (
        lambda: cif.customers.get(done.cif_no, actor=steward, purpose=SERVICE),
        lambda: cif.customers.reveal(done.cif_no, ["name"], actor=steward, purpose=SERVICE),
        lambda: cif.verifications.states(done.cif_no, actor=steward, purpose=SERVICE),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            call()
    assert cif.customers.find(phone="15412345678", actor=steward, purpose=SERVICE) == []
    assert cif.summarize(actor=steward, purpose=Purpose.OPERATIONS).parties == {}
    # The law may ask for them still.
    assert cif.customers.get(done.cif_no, actor=steward, purpose=COMPLIANCE).name == "张**"
    assert clear(cif, steward, done.cif_no, "name") == {"name": "张伟国"}
    # Whoever comes with the same number is somebody new, and is not refused.
    again = register(cif, steward, "2", channel="card")
    assert (again.outcome, again.cif_no != done.cif_no) == (Outcome.NEW, True)
    assert cif.matches.link_file(actor=steward, purpose=Purpose.OPERATIONS).possible == 0
    with pytest.raises(InputError, match="not merged"):
        cif.matches.propose_merge(again.cif_no, done.cif_no, accept=EVERY_CONCERN, actor=MAKER, reason="same")
    # What their own source delivers is stored, and they stay restricted.
    register(cif, steward, "1", phone="15400000008")
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(done.cif_no, actor=steward, purpose=SERVICE)
    cif.erasures.lift(done.cif_no, reason="inquiry over", actor=OFFICER)
    assert cif.customers.get(done.cif_no, actor=steward, purpose=SERVICE).name == "张**"


def test_an_erased_customer_is_gone_and_the_log_is_whole(cif: CIF, steward: Actor) -> None:
    done, other = (
        register(cif, steward, "1"),
        register(cif, steward, "2", channel="card", name="李娜", identifiers=None),
    )
    approval = erase(cif, done.cif_no)
    for purpose in (SERVICE, COMPLIANCE):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.customers.get(done.cif_no, actor=steward, purpose=purpose)
    found = cif.customers.find(phone="15412345678", actor=steward, purpose=COMPLIANCE)
    assert [view.cif_no for view in found] == [other.cif_no]  # who shares the phone stays
    assert cif.audit.verify(actor=AUDITOR).intact
    told = [entry.action for entry in cif.audit.who(done.cif_no, actor=AUDITOR)]
    assert [action for action in told if action in ("restrict", "propose", "erased", "approve")] == [
        "restrict", "propose", "erased", "approve",
    ]  # fmt: skip
    assert keys_fit(cif) > 0
    said = cif.erasures.certificate(approval, actor=OFFICER)
    assert (said.cif_no, said.numbers, said.records) == (done.cif_no, (done.cif_no,), 1)
    assert (said.proposed_by, said.approved_by, said.reason) == ("p.tang", "p.song", "asked for")
    with cif._desk.unit_of_work() as unit:
        rows = {(row.stream, row.number): row for row in unit.trail.between(0, 2**63 - 1)}
    assert rows[said.stream, said.number].hash.hex() == said.entry_hash
    again = register(cif, steward, "1")  # the source still has them: a new customer, under a new number
    assert (again.outcome is Outcome.NEW or again.outcome is Outcome.POSSIBLE_MATCH, again.cif_no != done.cif_no) == (
        True,
        True,
    )


def test_it_takes_a_restriction_and_two_officers(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    with pytest.raises(InputError, match="restricted before"):
        cif.erasures.propose(done.cif_no, reason="r", actor=OFFICER)
    for nobody in (CHECKER, AUDITOR, CUSTODIAN):
        for call in (cif.erasures.restrict, cif.erasures.lift, cif.erasures.propose):
            with pytest.raises(NotFoundOrNotAllowedError):
                call(done.cif_no, reason="r", actor=nobody)
    cif.erasures.restrict(done.cif_no, reason="r", actor=OFFICER)
    with pytest.raises(InputError, match="is restricted, and is not restricted again"):
        cif.erasures.restrict(done.cif_no, reason="r", actor=OFFICER)
    proposal = cif.erasures.propose(done.cif_no, reason="r", actor=OFFICER)
    with pytest.raises(FourEyesError):
        cif.approvals.approve(proposal.id, actor=OFFICER)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.approvals.approve(proposal.id, actor=CHECKER)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.erasures.certificate(proposal.id, actor=OFFICER)  # nothing is erased yet
    cif.erasures.lift(done.cif_no, reason="r", actor=OFFICER)
    with pytest.raises(FourEyesError, match="changed since"):
        cif.approvals.approve(proposal.id, actor=SECOND)
    with pytest.raises(InputError, match="reason"):
        cif.erasures.restrict(done.cif_no, reason=" ", actor=OFFICER)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.erasures.restrict("C000000000000000A", reason="r", actor=OFFICER)


def test_a_merged_customer_is_erased_under_every_number(cif: CIF, steward: Actor) -> None:
    first = register(cif, steward, "1")
    second = register(cif, steward, "2", channel="card", name="李娜", identifiers=None, phone="15400000002")
    merge(cif, first.cif_no, second.cif_no)
    with pytest.raises(InputError, match="merged into"):
        cif.erasures.restrict(second.cif_no, reason="r", actor=OFFICER)
    approval = erase(cif, first.cif_no)
    assert set(cif.erasures.certificate(approval, actor=OFFICER).numbers) == {first.cif_no, second.cif_no}
    for cif_no in (first.cif_no, second.cif_no):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.customers.get(cif_no, actor=steward, purpose=COMPLIANCE)
        with pytest.raises(BankCIFError):
            cif.matches.propose_unmerge(cif_no, actor=MAKER, reason="r")
        with pytest.raises(BankCIFError):
            cif.matches.propose_merge(first.cif_no, cif_no, accept=EVERY_CONCERN, actor=MAKER, reason="r")
    assert keys_fit(cif) >= 0


def opened_texts(repository: MemoryRepository, cif: CIF) -> str:
    """Everything sealed in *repository* that opens with the keys there are now, as one text."""
    from bankcif._canonical import dumps
    from bankcif.flows._golden import golden_place
    from bankcif.flows._records import source_place

    desk, data = cif._desk, repository._data
    sealed = [(row.sealed, source_place(row)) for row in data.sources.rows.values()]
    sealed += [(row.sealed, golden_place(row.cif_no, row.data_group, row.version)) for row in data.golden.rows.values()]
    found = []
    for content, place in sealed:
        try:
            key = desk.data_keys.get([key_id_of(content)])[key_id_of(content)]
        except KeyMissingError:
            continue
        found.append(dumps(desk.sealer.open(content, key, place)).decode())
    return "\n".join(found)


def backup_of(repository: MemoryRepository) -> MemoryRepository:
    saved = MemoryRepository()
    for name, table in vars(repository._data).items():
        if name != "undo":
            vars(saved._data)[name].rows.update(copy.copy(table.rows))
    return saved


# Each says something that no other says, so that whoever is merged with them takes it into their own golden record.
PEOPLE = (
    ("counter", "张伟", {"phone": "15411110001", "address": "金丝雀一号路8号"}, "金丝雀一号"),
    ("card", "李娜", {"phone": "15411110002", "email": "canary2@example.cn"}, "canary2@example.cn"),
    ("partner", "王芳", {"phone": "15411110003", "employer": "金丝雀三号有限公司"}, "金丝雀三号"),
    ("online", "赵强", {"phone": "15411110004", "foreign_name": "Canary Four"}, "Canary Four"),
)


WORDS = "李小明的电话是15400099887 asked at the desk"


def test_a_person_s_words_rest_sealed_and_go_with_their_customer(
    tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    """Threat 1: free text rests sealed, always; D13: erasing reaches it, and what was proposed of the customer."""
    with CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, trust=TRUST, clock=clock
    ) as cif:
        number = register(cif, MAKER, "1").cif_no
        other = register(cif, MAKER, "2", name="李四", identifiers=None, phone="15499999999").cif_no
        third = register(cif, MAKER, "3", name="王五", identifiers=None, phone="15488888888").cif_no
        register(cif, MAKER, "source-key-of-a-partner", channel="partner", phone="15477777777")  # proposes a change
        cif.approvals.reject(
            cif.matches.propose_merge(number, other, accept=EVERY_CONCERN, actor=MAKER, reason=WORDS).id, actor=CHECKER
        )
        cif.matches.not_a_match(number, third, actor=MAKER, reason=WORDS)
        waiting = cif.matches.propose_merge(other, third, accept=EVERY_CONCERN, actor=MAKER, reason=WORDS)
        assert [one.reason for one in cif.approvals.mine(actor=MAKER) if one.id == waiting.id] == [WORDS]
        officers = [known(Actor(id=one, roles={"privacy_officer"})) for one in ("p.o", "p.p")]
        cif.erasures.restrict(number, reason=WORDS, actor=officers[0])
        proposal = cif.erasures.propose(number, reason=WORDS, actor=officers[0])
        with cif._desk.unit_of_work() as unit:
            before = {row.about.partition(":")[0] for row in unit.reasons.page("", 99)}
            keys_before = {row.key_id for row in unit.reasons.of([CifNo(number)])}
        assert before == {"approval", "apart", "restrict"}
        cif.approvals.approve(proposal.id, actor=officers[1])
        assert cif.erasures.certificate(proposal.id, actor=officers[0]).reason == WORDS
        with cif._desk.unit_of_work() as unit:
            left = {row.about for row in unit.reasons.page("", 99)}
            assert {one.id for one in unit.work.approvals()} == {waiting.id, proposal.id}
            kept = {row.key_id for row in unit.reasons.page("", 99)}
        assert left == {f"approval:{waiting.id}", f"approval:{proposal.id}"}
        assert not cif._key_store.read(keys_before - kept)
        assert cif.audit.verify(actor=AUDITOR).damage == ()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert b"source-key-of-a-partner" not in content
        for word in (WORDS, "李小明", "15400099887"):
            assert word.encode() not in content
            assert json.dumps(word).strip('"').encode() not in content


def test_a_stranger_s_note_of_a_key_does_not_keep_it(
    tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    """Whoever writes the database puts a note of their own in the way of the one that an erasure will leave."""
    with CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, trust=TRUST, clock=clock
    ) as cif:
        number = register(cif, MAKER, "1").cif_no
        officers = [known(Actor(id=one, roles={"privacy_officer"})) for one in ("p.o", "p.p")]
        cif.erasures.restrict(number, reason="asked", actor=officers[0])
        proposal = cif.erasures.propose(number, reason="asked", actor=officers[0])
        with cif._desk.unit_of_work() as unit:
            ((_, record),) = unit.sources.of_parties([CifNo(number)])
        with sqlite3.connect(tmp_path / "cif.db") as raw:
            raw.execute("INSERT INTO retired_key VALUES ('t', ?, ?)", (record.key_id, bytes(16)))
            raw.execute("INSERT INTO retired_key VALUES ('t', ?, 'abc')", (record.key_id,))
        cif.approvals.approve(proposal.id, actor=officers[1])
        assert not cif._key_store.read([record.key_id])
        assert cif.erasures.certificate(proposal.id, actor=officers[0]).records == 1


def test_words_that_replace_others_take_their_key_with_them(cif: CIF) -> None:
    one, other = (
        register(cif, MAKER, str(n), name=name, identifiers=None, phone=f"1549999999{n}").cif_no
        for n, name in enumerate(["李四", "王五"])
    )
    keys = []
    for words in ("the first", "the second"):
        cif.matches.not_a_match(one, other, actor=MAKER, reason=words)
        with cif._desk.unit_of_work() as unit:
            keys += [row.key_id for row in unit.reasons.page("", 99)]
            retired = {key_id for key_id, _ in unit.keys.retired()}
    assert len(set(keys)) == 2
    assert retired == {keys[0]}


def test_a_decision_that_is_committed_is_told_as_done_though_a_backup_reads_the_keys(
    tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    def opened() -> CIF:
        made = CIF.open(
            f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, trust=TRUST, clock=clock
        )
        made._key_store._patience = 0.02  # type: ignore[attr-defined]
        return made

    cif = opened()
    number = register(cif, MAKER, "1").cif_no
    officers = [known(Actor(id=one, roles={"privacy_officer"})) for one in ("p.o", "p.p")]
    cif.erasures.restrict(number, reason="asked", actor=officers[0])
    proposal = cif.erasures.propose(number, reason="asked", actor=officers[0])
    reader = sqlite3.connect(tmp_path / "cif-keys.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM data_key").fetchone()
    assert cif.approvals.approve(proposal.id, actor=officers[1]).state is ApprovalState.EXECUTED
    told = [(one.action, one.outcome) for one in cif.audit.deeds("p.p", actor=AUDITOR)]
    assert ("decide", "refused") not in told
    with pytest.raises(StorageError, match="read by somebody else"):  # what was not destroyed is not certified
        cif.erasures.certificate(proposal.id, actor=officers[0])
    reader.close()
    assert cif.erasures.certificate(proposal.id, actor=officers[0]).cif_no == number
    cif.close()


def test_words_that_were_changed_are_none_and_a_rotation_reaches_them(cif: CIF, clock: FixedClock) -> None:
    number, other = (
        register(cif, MAKER, str(n), name=name, identifiers=None, phone=f"1549999999{n}").cif_no
        for n, name in enumerate(["李四", "王五"])
    )
    first = cif.matches.propose_merge(number, other, accept=EVERY_CONCERN, actor=MAKER, reason="the first")
    second = cif.matches.propose_merge(number, other, accept=EVERY_CONCERN, actor=MAKER, reason="the second")
    clock.advance(timedelta(minutes=1))
    begin(cif, "data")
    with cif._desk.unit_of_work() as unit:
        old = {row.key_id for row in unit.reasons.page("", 99) if "approval:" + first.id == row.about}
    cif.keys.rotate(actor=CUSTODIAN)
    assert not cif._key_store.read(old)
    said = {one.id: one.reason for one in cif.approvals.mine(actor=MAKER)}
    assert (said[first.id], said[second.id]) == ("the first", "the second")
    rows = insides(cif).reasons.rows
    rows[f"approval:{first.id}"] = attrs.evolve(rows[f"approval:{second.id}"], about=f"approval:{first.id}")
    rows["apart:x:y"] = attrs.evolve(rows[f"approval:{second.id}"], about="apart:x:y", key_id=b"none" * 4)
    said = {one.id: one.reason for one in cif.approvals.mine(actor=MAKER)}
    assert (said[first.id], said[second.id]) == ("", "the second")  # and the lists go on
    clock.advance(timedelta(minutes=1))
    begin(cif, "data")
    assert cif.keys.rotate(actor=CUSTODIAN)[-1].finished_at is not None
    assert {one.id: one.reason for one in cif.approvals.mine(actor=MAKER)}[second.id] == "the second"


def test_a_key_that_a_reader_still_holds_in_the_log_is_not_said_to_be_destroyed(tmp_path: Path) -> None:
    """A backup that reads the key store keeps the write-ahead log, and in it the key."""
    path = tmp_path / "keys.db"
    store = SqliteKeyStore(path, patience=0.05)
    store.write([WrappedKey(key_id=b"k" * 16, kek_id="kek", wrapped=b"wrapped-bytes-of-a-key", made_at=1)])
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM data_key").fetchone()
    with pytest.raises(StorageError, match="read by somebody else"):
        store.destroy([b"k" * 16])
    reader.close()
    store.destroy([b"k" * 16])
    store.close()
    assert all(b"wrapped-bytes-of-a-key" not in one.read_bytes() for one in tmp_path.iterdir())


def test_a_key_is_destroyed_where_it_is_wherever_the_process_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)
    store = SqliteKeyStore("keys.db")
    store.write([WrappedKey(key_id=b"k" * 16, kek_id="kek", wrapped=b"wrapped-bytes-of-a-key", made_at=1)])
    monkeypatch.chdir(there)
    store.destroy([b"k" * 16])
    assert [one.name for one in here.iterdir() if b"wrapped-bytes-of-a-key" in one.read_bytes()] == []
    assert list(there.iterdir()) == []
    store.close()


def test_nothing_to_destroy_waits_for_nobody(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = SqliteKeyStore(path, patience=0)
    store.write([WrappedKey(key_id=b"k" * 16, kek_id="kek", wrapped=b"w", made_at=1)])
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM data_key").fetchone()
    store.destroy([])
    with pytest.raises(StorageError):
        store.destroy([b"x" * 16])
    reader.close()
    store.close()


def test_nobody_waits_for_a_key_while_another_is_being_destroyed(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = SqliteKeyStore(path, patience=20)
    first, second = (WrappedKey(key_id=n * 16, kek_id="kek", wrapped=b"w", made_at=1) for n in (b"1", b"2"))
    store.write([first, second])
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM data_key").fetchone()
    waiting = threading.Thread(target=store.destroy, args=([first.key_id],))
    waiting.start()
    while store.read([first.key_id]):
        pass
    third = attrs.evolve(first, key_id=b"3" * 16)
    store.write([third])
    assert store.read([second.key_id, third.key_id]) == {second.key_id: second, third.key_id: third}
    assert waiting.is_alive()  # for the reader
    reader.close()
    waiting.join()
    assert store.read([first.key_id, second.key_id]) == {second.key_id: second}
    assert not (tmp_path / "keys.db-wal").read_bytes()
    store.close()


def test_the_certificate_stands_under_a_signed_checkpoint(cif: CIF, steward: Actor) -> None:
    """Whoever has the log's key checks it, without the log."""
    officers = [known(Actor(id=one, roles={"privacy_officer"})) for one in ("p.o", "p.p")]
    number = register(cif, steward, "1").cif_no
    cif.erasures.restrict(number, reason="asked", actor=officers[0])
    proposal = cif.erasures.propose(number, reason="asked", actor=officers[0])
    cif.approvals.approve(proposal.id, actor=officers[1])
    for _ in range(2):  # again, when a checkpoint covers it already
        said = cif.erasures.certificate(proposal.id, actor=officers[0])
        proof = EntryProof.from_json(said.proof)
        assert proof.check(cif._desk.log.signer.key).size >= said.number
        assert (proof.stream, proof.number) == (said.stream, said.number)
        assert b'"erased"' in proof.body
        with pytest.raises(AuditError):
            attrs.evolve(proof, body=proof.body.replace(number.encode(), b"C" * len(number))).check(
                cif._desk.log.signer.key
            )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_backup_of_the_data_opens_for_an_erased_customer(tables: ReferenceTables, seed: int) -> None:
    random, repository, store = Random(seed), MemoryRepository(), MemoryKeyStore()
    cif = CIF(
        repository=repository, tenant="t", keys=LocalKeyProvider.generate(), key_store=store, tables=tables, trust=TRUST,
        clock=FixedClock(NOW),
    )  # fmt: skip
    parties = [
        register(cif, MAKER, str(n), channel=channel, name=name, identifiers=None, **said).cif_no
        for n, (channel, name, said, _) in enumerate(PEOPLE)
    ]
    backups = [backup_of(repository)]
    for _ in range(random.randrange(2, 9)):
        one, other = random.sample(parties, 2)
        try:
            if random.random() < 0.5:
                merge(cif, one, other)
            else:
                unmerge(cif, other)
        except InputError:
            continue
        backups.append(backup_of(repository))
    with cif._desk.unit_of_work() as unit:
        rows = unit.parties.get(parties)
        owners = {link.origin.key: link.cif_no for link in unit.crosswalk.all_current()}
    alive = [cif_no for cif_no in parties if rows[cif_no].merged_into is None]
    gone = random.choice(alive)
    erased = {canary for n, (*_, canary) in enumerate(PEOPLE) if owners[str(n)] == gone}
    others = {canary for n, (*_, canary) in enumerate(PEOPLE) if owners[str(n)] != gone}
    kept = {cif_no: clear(cif, MAKER, cif_no, "name", "phone", "email") for cif_no in alive if cif_no != gone}
    assert erased
    assert all(canary in opened_texts(backups[0], cif) for canary in erased)  # it is there to be lost
    approval = erase(cif, gone)
    for saved in (*backups, repository):
        text = opened_texts(saved, cif)
        assert not [canary for canary in erased if canary in text]
    assert all(canary in opened_texts(repository, cif) for canary in others)
    assert {cif_no: clear(cif, MAKER, cif_no, "name", "phone", "email") for cif_no in kept} == kept
    assert keys_fit(cif) >= len(kept)
    assert cif.audit.verify(actor=AUDITOR).intact
    assert gone in cif.erasures.certificate(approval, actor=OFFICER).numbers
    begin(cif, "data")
    cif.keys.rotate(actor=CUSTODIAN)
    assert {cif_no: clear(cif, MAKER, cif_no, "name", "phone", "email") for cif_no in kept} == kept


@settings(max_examples=30, deadline=None)
@given(at=st.integers(1, 40))
def test_killed_at_any_point_it_is_whole_or_not_begun(tables: ReferenceTables, at: int) -> None:
    keys, repository, store = LocalKeyProvider.generate(), MemoryRepository(), MemoryKeyStore()

    def opened(over: MemoryRepository, key_store: MemoryKeyStore) -> CIF:
        return CIF(
            repository=over, tenant="t", keys=keys, key_store=key_store, tables=tables, trust=TRUST,
            clock=FixedClock(NOW),
        )  # fmt: skip

    cif = opened(repository, store)
    one = register(cif, MAKER, "1").cif_no
    other = register(cif, MAKER, "2", channel="card", name="李娜", identifiers=None, phone="15400000002").cif_no
    cif.erasures.restrict(one, reason="r", actor=OFFICER)
    proposal = cif.erasures.propose(one, reason="r", actor=OFFICER)
    used = set(data_keys(store))
    fate = Fate(at)
    try:
        opened(MortalRepository(repository, fate), Mortal(store, fate)).approvals.approve(proposal.id, actor=SECOND)
    except Killed:
        pass
    again = opened(repository, store)
    with again._desk.unit_of_work() as unit:
        state = unit.parties.get([one])[one].life_cycle  # type: ignore[index, list-item]
    if state == "restricted":
        assert clear(again, MAKER, one, "name") == {"name": "张伟国"}
        again.approvals.approve(proposal.id, actor=SECOND)
    again.erasures.certificate(proposal.id, actor=OFFICER)
    assert "15412345678" not in opened_texts(repository, again)
    assert len(used - set(data_keys(store))) >= 1
    assert clear(again, MAKER, other, "name") == {"name": "李娜"}
    assert again.audit.verify(actor=AUDITOR).intact


def test_a_destroyed_key_is_in_no_file_of_the_key_store(tmp_path: Path, keys: LocalKeyProvider) -> None:
    from bankcif._clock import SystemClock, SystemIds
    from bankcif.protection import DataKeys

    store = SqliteKeyStore(tmp_path / "keys.db")
    made = DataKeys(tenant="t", store=store, provider=keys, ids=SystemIds(), clock=SystemClock(), block=1).take(1)[0]
    wrapped = store.read([made.id])[made.id].wrapped

    def everywhere() -> bytes:
        return b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))

    assert wrapped in everywhere()
    store.destroy([made.id])
    assert wrapped not in everywhere()
    store.close()
    assert wrapped not in everywhere()


def test_erasing_on_a_file_leaves_no_tag_and_no_name(
    tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    with CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, trust=TRUST, clock=clock
    ) as cif:
        cif_no = register(cif, MAKER, "source-key-of-the-erased").cif_no
        desk: Any = cif._desk
        with desk.unit_of_work() as unit:
            tag = desk.tagging(unit).claims("identifier", ("cn.resident_id", ID))[0][1]
        erase(cif, cif_no)
        with desk.unit_of_work() as unit:
            assert unit.sources.count() == 0
            assert not unit.keys.retired()
    stored = (tmp_path / "cif.db").read_bytes()
    assert cif_no.encode() in stored  # the tombstone and the log
    assert tag not in stored
    assert b"source-key-of-the-erased" not in stored


def test_a_restriction_is_not_lifted_by_unmerging(cif: CIF, steward: Actor) -> None:
    first = register(cif, steward, "1").cif_no
    second = register(cif, steward, "2", channel="card", name="李娜", identifiers=None, phone="15400000002").cif_no
    merge(cif, first, second)
    waiting = cif.matches.propose_unmerge(second, actor=MAKER, reason="two persons")
    cif.erasures.restrict(first, reason="asked for", actor=OFFICER)
    with pytest.raises(InputError, match="lift the restriction"):
        cif.matches.propose_unmerge(second, actor=MAKER, reason="two persons")
    with pytest.raises(BankCIFError):
        cif.approvals.approve(waiting.id, actor=CHECKER)
    erase_now = cif.erasures.propose(first, reason="asked for", actor=OFFICER)
    cif.approvals.approve(erase_now.id, actor=SECOND)
    with cif._desk.unit_of_work() as unit:
        bodies = [row.body for row in unit.trail.of_subject(first)]
    assert any(b'"withdraw"' in body and waiting.id.encode() in body for body in bodies)


def test_deciding_what_was_never_proposed_is_in_the_log(cif: CIF) -> None:
    before = cif.audit.verify(actor=AUDITOR).entries
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.approvals.approve("0" * 32, actor=CHECKER)
    assert cif.audit.verify(actor=AUDITOR).entries == before + 2  # the first look at the log, and the refusal


def test_what_came_to_a_survivor_and_went_back_with_the_unmerged_is_not_erased_with_the_survivor(cif: CIF) -> None:
    one, other = (
        register(cif, MAKER, f"{n}", name=name, identifiers=None, phone=f"1540000000{n}").cif_no
        for n, name in enumerate(("王伟", "李娜"))
    )
    merge(cif, other, one)
    assert register(cif, MAKER, "0", name="王伟", identifiers=None, phone="15400000009").cif_no == other
    unmerge(cif, one)
    erase(cif, other)
    for phone, found in (("15400000009", [one]), ("15400000001", [])):
        views = cif.customers.find(phone=phone, actor=MAKER, purpose=Purpose.COMPLIANCE)
        assert [view.cif_no for view in views] == found
