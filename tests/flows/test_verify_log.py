"""What verifying finds: each attack on the log, the look-up or a customer is first carried out, then told by name."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.conftest import TRUST, insides, known
from tests.flows.test_register import register
from tests.security.mortal import KeptWitness

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._clock import FixedClock
from bankcif.approval import ApprovalState
from bankcif.audit import AuditReport, Checkpoint, FileWitness, Head, ecs_line, text_of
from bankcif.errors import FourEyesError, NotFoundOrNotAllowedError, SealError, StorageError, WitnessError
from bankcif.flows import _pages, verify_log as flow
from bankcif.flows.log import LogPlan
from bankcif.flows.merge import Concern
from bankcif.party import ReferenceTables
from bankcif.storage._memory_tables import Data
from bankcif.storage.sql import SqlRepository

EVERY_CONCERN = list(Concern)

AUDITOR = Actor(id="a.sun", roles={"auditor"})


def data_of(cif: CIF) -> Data:
    return insides(cif)


def verified(cif: CIF) -> AuditReport:
    return cif.audit.verify(actor=AUDITOR)


def what(report: AuditReport) -> list[str]:
    return [f"{one.stream}: {one.what}" for one in report.damage]


def numbers(report: AuditReport) -> list[int]:
    """At which entry, or version, each damage is."""
    return [one.number for one in report.damage]


@pytest.fixture
def two(cif: CIF, steward: Actor) -> CIF:
    """Two customers, one of whom was changed once, under a checkpoint."""
    register(cif, steward, "1")
    register(cif, steward, "2", identifiers=None, name="李四", phone="15499999999")
    register(cif, steward, "1", email="zhang@example.com")
    cif.audit.checkpoint(actor=AUDITOR)
    return cif


def test_an_intact_store_is_intact(two: CIF, steward: Actor, checker: Actor) -> None:
    first, second = list(data_of(two).parties.rows)
    merge = two.matches.propose_merge(first, second, accept=EVERY_CONCERN, actor=steward, reason="same")
    two.approvals.approve(merge.id, actor=checker)
    report = verified(two)
    assert (what(report), report.customers, report.checkpoints) == ([], 2, 1)
    undo = two.matches.propose_unmerge(second, actor=steward, reason="two")
    two.approvals.approve(undo.id, actor=checker)
    two.erasures.restrict(first, reason="asked", actor=Actor(id="p.o", roles={"privacy_officer"}))
    assert what(verified(two)) == []


def test_a_customer_s_row_that_was_rolled_back_is_found(two: CIF, steward: Actor) -> None:
    """Threat 4: party row, golden copies and all of an earlier version are put back."""
    data = data_of(two)
    first = next(iter(data.parties.rows))
    row, golden = data.parties.rows[first], dict(data.golden.rows)
    register(two, steward, "1", email="other@example.com")
    assert what(verified(two)) == []
    data.parties.rows[first] = row
    data.golden.rows.clear()
    data.golden.rows.update(golden)
    assert what(verified(two)) == [f"{first}: rolled back: the log knows version {row.version + 1}"]


def test_a_golden_copy_that_was_rolled_back_is_found(two: CIF, steward: Actor) -> None:
    data = data_of(two)
    first = next(iter(data.parties.rows))
    golden = {key: row for key, row in data.golden.rows.items() if key[0] == first}
    register(two, steward, "1", email="other@example.com")
    for key in [key for key in data.golden.rows if key[0] == first]:
        del data.golden.rows[key]
    data.golden.rows.update(golden)
    assert what(verified(two)) == [
        f"{first}: its row, its golden copy, its facts or its links were changed or rolled back"
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"branch": "mine"}, "were changed or rolled back"),
        ({"version": 9}, "changed without an entry"),
        ({"digest": b"d" * 32}, "not as the log left it"),
        ({"life_cycle": "restricted"}, "were changed or rolled back"),
    ],
)
def test_a_customer_s_row_that_was_changed_is_found(two: CIF, change: dict[str, object], told: str) -> None:
    data = data_of(two)
    first = next(iter(data.parties.rows))
    data.parties.rows[first] = data.parties.rows[first]._replace(**change)  # type: ignore[arg-type]
    (found,) = verified(two).damage
    assert (found.stream, told in found.what) == (first, True)


def test_a_golden_copy_that_does_not_open_is_found(two: CIF) -> None:
    data = data_of(two)
    key = next(iter(data.golden.rows))
    data.golden.rows[key] = data.golden.rows[key]._replace(sealed=b"x" * 80)
    assert what(verified(two)) == [
        f"{key[0]}: its row, its golden copy, its facts or its links were changed or rolled back"
    ]


def test_a_customer_who_is_gone_or_came_without_an_entry_is_found(two: CIF) -> None:
    data = data_of(two)
    first, second = list(data.parties.rows)
    row = data.parties.rows.pop(first)
    assert what(verified(two)) == [f"{first}: the customer is gone"]
    data.parties.rows[first] = row
    data.parties.rows["C0000000000000000"] = data.parties.rows[second]._replace(cif_no="C0000000000000000")  # type: ignore[index, arg-type]
    assert what(verified(two)) == ["C0000000000000000: changed without an entry in the log"]


@pytest.mark.parametrize("end", ["expire", "erase", "rebuild"])
def test_a_proposal_that_was_changed_stays_told_when_it_ends(
    two: CIF, steward: Actor, checker: Actor, clock: FixedClock, end: str
) -> None:
    first, _ = list(data_of(two).parties.rows)
    register(two, steward, "1", channel="partner", phone="15477777777")  # proposes a change
    rows = data_of(two).approvals.rows
    (number,) = rows
    bent = attrs.evolve(rows[number], maker="somebody", maker_person="somebody")
    rows[number] = attrs.evolve(bent, digest=bent.bound())
    assert what(verified(two)) == [f"approval: {number}: it is not as the log left it"]
    if end == "expire":
        clock.advance(timedelta(days=91))
        assert two.approvals.expire(actor=checker) == 1
    elif end == "rebuild":
        register(two, steward, "1", phone="15466666666")  # the golden value beside it changes
        assert rows[number].state is ApprovalState.WITHDRAWN
    else:
        officers = [known(Actor(id=one, roles={"privacy_officer"})) for one in ("p.o", "p.p")]
        two.erasures.restrict(first, reason="asked", actor=officers[0])
        two.approvals.approve(two.erasures.propose(first, reason="asked", actor=officers[0]).id, actor=officers[1])
        assert number not in rows
        return  # with the customer it goes; the log keeps what it was told
    assert any(number in one for one in what(verified(two)))


def test_a_verification_is_in_the_log_with_what_it_saw(two: CIF) -> None:
    first = verified(two)
    data = data_of(two)
    number = next(iter(data.parties.rows))
    data.parties.rows[number] = data.parties.rows[number]._replace(branch="mine")
    second = verified(two)
    told = [
        (one.rule, one.purpose, one.count)
        for one in two.audit.deeds(AUDITOR.id, actor=AUDITOR)
        if one.action == "verify_log" and one.outcome == "done"
    ]
    assert told == [("intact", "audit", first.entries), ("damaged", "audit", second.entries)]
    assert second.entries > first.entries > 3
    with pytest.raises(NotFoundOrNotAllowedError):
        two.audit.verify(actor=Actor(id="x"))
    assert two.audit.deeds("x", actor=AUDITOR)[-1].action == "verify_log"


def test_a_checkpoint_that_is_made_meanwhile_is_no_damage(
    two: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the log stood was read; then somebody writes, and signs it, before the checkpoints are."""
    begun = flow.Told

    def meanwhile(*, streams: int) -> Any:
        register(two, steward, "3", identifiers=None, name="王五", phone="15488888888")
        two.audit.checkpoint(actor=AUDITOR)
        return begun(streams=streams)

    monkeypatch.setattr(flow, "Told", meanwhile)
    report = verified(two)
    assert (what(report), report.checkpoints) == ([], 1)
    monkeypatch.setattr(flow, "Told", begun)
    assert (what(verified(two)), verified(two).checkpoints) == ([], 2)


def test_however_small_the_pages_everybody_is_compared(
    two: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Actor(id="o.xia", roles={"operator_admin"})
    for operator in ("t.a", "t.b", "t.c"):
        two.operators.set_password(operator, "canary-password-0001", actor=keeper)
    for phone in ("15477777771", "15477777772", "15477777773"):
        register(two, steward, phone, channel="partner", phone=phone)  # proposes a change
    for size in (1, 2, 3):
        for module in (flow, _pages):
            monkeypatch.setattr(module, "PAGE", size)
        report = verified(two)
        assert (what(report), report.customers, report.checkpoints) == ([], 2, 1)
    data = data_of(two)
    assert (len(data.approvals.rows), len(data.credentials.rows)) == (3, 3)
    for rows, name in ((data.approvals.rows, "state"), (data.credentials.rows, "step")):
        for key, row in list(rows.items()):
            rows[key] = attrs.evolve(row, **{name: ApprovalState.EXPIRED if name == "state" else 7})
        monkeypatch.setattr(_pages, "PAGE", 1)
        assert [one.what.endswith("it is not as the log left it") for one in verified(two).damage] == [True] * 3
        for key, row in list(rows.items()):
            rows[key] = attrs.evolve(row, **{name: ApprovalState.PROPOSED if name == "state" else -1})
    first, second = list(data.parties.rows)
    versions = {number: row.version for number, row in data.parties.rows.items()}
    stood = dict(data.parties.rows)
    for number in (first, second):
        data.parties.rows[number] = data.parties.rows[number]._replace(branch="mine")
    for size in (1, 2, 1000):
        for module in (flow, _pages):
            monkeypatch.setattr(module, "PAGE", size)
        found = [(one.stream, one.number) for one in verified(two).damage]
        assert sorted(found) == sorted((number, versions[number]) for number in (first, second))
    data.parties.rows.clear()
    data.parties.rows[first] = stood[first]
    (gone,) = verified(two).damage
    assert (gone.stream, gone.number, gone.what) == (second, versions[second], "the customer is gone")


def test_the_look_up_is_compared_row_by_row_whatever_its_sum(two: CIF) -> None:
    """A row that is replaced leaves the number of rows as it was."""
    data = data_of(two)
    rows = list(data.subjects.rows)
    del data.subjects.rows[rows[0]]
    data.subjects.rows[rows[0][0], rows[0][1], "C0000000000000000"] = None
    assert len(data.subjects.rows) == len(rows)
    found = what(verified(two))
    assert any("missing in the look-up" in one for one in found)
    assert any("a customer too many" in one for one in found)


MOVES: dict[str, Callable[[Data, str, str], None]] = {
    "a link to another customer": lambda data, first, second: _change(
        data.links.rows, lambda link: link.cif_no == first, cif_no=second, home=second
    ),
    "a link's home, by which it is unmerged": lambda data, first, second: _change(
        data.links.rows, lambda link: link.cif_no == first, home=second
    ),
    "a record away": lambda data, first, second: data.sources.rows.pop(
        next(place for place in data.sources.rows if place[1] == "2")
    ) and None,
    "a fact, by which row rules decide": lambda data, first, second: _change(
        data.facts.rows, lambda fact: fact.cif_no == first, values={**data.facts.rows[first].values, "sex": "2"}
    ),
    "the founding record": lambda data, first, second: _change(
        data.parties.rows, lambda row: row.cif_no == first, anchor_source_key="9"
    ),
}  # fmt: skip


def _change(rows: dict[Any, Any], which: Callable[[Any], bool], **more: Any) -> None:
    key = next(key for key, row in rows.items() if which(row))
    rows[key] = rows[key]._replace(**more) if isinstance(rows[key], tuple) else attrs.evolve(rows[key], **more)


@pytest.mark.parametrize("move", sorted(MOVES))
def test_what_a_customer_consists_of_is_not_moved_unseen(two: CIF, move: str) -> None:
    """Threats 3 and 4: rows that rest in plain and say whose something is."""
    first, second = list(data_of(two).parties.rows)
    assert what(verified(two)) == []
    MOVES[move](data_of(two), first, second)
    found = what(verified(two))
    assert found
    assert {line.partition(": ")[0] for line in found} <= {first, second}
    assert all("were changed or rolled back" in line for line in found)


@pytest.mark.parametrize(
    "change",
    [{"person": "somebody"}, {"actor": "somebody"}, {"channel": "branch"}, {"received_at": 1}, {"business_time": 1},
     {"content_tag": bytes(16)}, {"restricted_at": 1}],
)  # fmt: skip
def test_who_delivered_a_record_and_when_is_not_changed_in_the_database(
    two: CIF, steward: Actor, change: dict[str, Any]
) -> None:
    """Threat 11: the maker of a proposal is whoever delivered the record, and approves it under no other name."""
    data = data_of(two)
    place = next(place for place in data.sources.rows if place[1] == "1")
    data.sources.rows[place] = attrs.evolve(data.sources.rows[place], **change)
    entries = len(data.audit.rows)
    with pytest.raises(SealError):
        register(two, steward, "1", email="again@example.com")
    assert len(data.sources.rows) == 3
    assert len(data.audit.rows) == entries + 1  # the attempt


def test_a_proposal_that_was_put_back_as_it_once_stood_is_found(two: CIF, steward: Actor, checker: Actor) -> None:
    """Threat 4: the row that was proposed, or approved, with the mark that it had then."""
    first, second = list(data_of(two).parties.rows)
    rows = data_of(two).approvals.rows
    merge = two.matches.propose_merge(first, second, accept=EVERY_CONCERN, actor=steward, reason="same")
    proposed = rows[merge.id]
    two.approvals.reject(merge.id, actor=checker)
    assert what(verified(two)) == []
    rejected, rows[merge.id] = rows[merge.id], proposed
    assert numbers(verified(two)) == [2]
    assert what(verified(two)) == [f"approval: {merge.id}: it was put back as it once stood: the log knows version 2"]
    rows[merge.id] = attrs.evolve(rejected, state=ApprovalState.EXPIRED)
    assert what(verified(two)) == [f"approval: {merge.id}: it is not as the log left it"]
    del rows[merge.id]
    assert what(verified(two)) == [f"approval: {merge.id}: it is gone"]
    rows[merge.id] = rejected
    rows["f" * 32] = attrs.evolve(rejected, id="f" * 32)
    assert what(verified(two)) == [f"approval: {'f' * 32}: it is not as the log left it"]


def test_a_customer_who_was_rolled_back_and_then_changed_again_is_found(two: CIF, steward: Actor) -> None:
    """Threat 4: every table but the log is put back as it once stood, and the library writes on from there."""
    data = data_of(two)
    first = next(iter(data.parties.rows))
    mine = [data.parties, data.golden, data.facts, data.sources, data.links, data.indexes, data.claims, data.outbox]
    stood = [dict(table.rows) for table in mine]  # type: ignore[attr-defined]
    register(two, steward, "1", email="lost@example.com")
    lost = data.parties.rows[first].version
    for table, rows in zip(mine, stood, strict=True):
        table.rows.clear()  # type: ignore[attr-defined]
        table.rows.update(rows)  # type: ignore[attr-defined]
    assert what(verified(two)) == [f"{first}: rolled back: the log knows version {lost}"]
    register(two, steward, "1", email="again@example.com")
    assert data.parties.rows[first].version == lost
    twice = f"{first}: it came to this version twice, so it was put back in between"
    assert (what(verified(two)), numbers(verified(two))) == ([twice], [lost])
    register(two, steward, "1", email="once.more@example.com")
    assert what(verified(two)) == [twice]  # what happened stays told


@pytest.mark.parametrize("first", [0, 1])
def test_what_was_put_back_is_told_whichever_process_wrote_on_from_there(
    tables: ReferenceTables, keys: LocalKeyProvider, clock: FixedClock, tmp_path: Path, first: int
) -> None:
    """Below one checkpoint entries come stream by stream: what came later in time may come before what was put back."""
    from tests.flows.test_authenticate import KEEPER, PLAN, SECRET

    files = [
        CIF.open(
            f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, clock=clock, authentication=PLAN,
            log_plan=LogPlan(entries=10_000, seconds=10**6),
        )
        for _ in range(2)
    ]  # fmt: skip
    for cif in files:  # each takes a stream of its own
        cif.operators.set_password("t.zhou", SECRET, actor=KEEPER)
    row = "SELECT * FROM credential"
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        stood = raw.execute(row).fetchall()
    files[first].operators.log_in("t.zhou", SECRET)
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute("DELETE FROM credential")
        raw.executemany(f"INSERT INTO credential VALUES ({','.join('?' * len(stood[0]))})", stood)
    for _ in range(2):
        files[1 - first].operators.log_in("t.zhou", SECRET)
    for cif in files:
        (damage,) = verified(cif).damage
        assert damage.what.endswith("it came to this version twice, so it was put back in between")
        cif.close()


UNREADABLE = [
    *((column, value) for column in ("operation", "state") for value in ("nonsense", b"5")),
    *((column, value) for column in ("detail", "base") for value in (b"{", b"5", b'{"a":5}', b'{"a":"\\ud800"}', b"[" * 200_000)),
    *(("checks", value) for value in (b"{", b"5", b'{"a":5}', b'[{"actor":{},"person":"p","behalf":"","at":1}]',
                                      b'[{"actor":"a","person":"p","behalf":"","at":"x"}]')),
    ("digest", "text"), ("mark", "text"), ("expires_at", "soon"), ("maker", b"\xff"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), UNREADABLE)
def test_a_proposal_that_can_not_be_read_stops_no_verification(
    sqlite_cif: CIF, steward: Actor, checker: Actor, tmp_path: Path, column: str, value: object
) -> None:
    first = register(sqlite_cif, steward, "1").cif_no
    second = register(sqlite_cif, steward, "2", identifiers=None, name="李四", phone="15499999999").cif_no
    merge = sqlite_cif.matches.propose_merge(first, second, accept=EVERY_CONCERN, actor=steward, reason="same")
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute(f"UPDATE approval SET {column} = ?", (value,))
    assert what(verified(sqlite_cif)) == [f"approval: {merge.id}: it is not as the log left it"]
    assert sqlite_cif.approvals.waiting(actor=checker, purpose=Purpose.OPERATIONS) == []
    with pytest.raises(FourEyesError):
        sqlite_cif.approvals.approve(merge.id, actor=checker)
    assert sqlite_cif.approvals.expire(actor=checker) == 0


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("credential", "mark", "text"), ("credential", "version", "abc"), ("credential", "version", 1.5), ("credential", "step", "x"),
     ("party", "version", "abc"), ("party", "digest", "text")],
)  # fmt: skip
def test_a_column_of_another_kind_stops_no_verification(
    sqlite_cif: CIF, steward: Actor, tmp_path: Path, table: str, column: str, value: object
) -> None:
    register(sqlite_cif, steward, "1")
    sqlite_cif.operators.set_password(
        "t.zhou", "canary-password-0001", actor=Actor(id="o.xia", roles={"operator_admin"})
    )
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute(f"UPDATE {table} SET {column} = ?", (value,))
    (damage,) = verified(sqlite_cif).damage
    assert "not as the log left it" in damage.what


def test_a_proposal_that_was_put_back_and_then_ended_again_is_found(
    two: CIF, steward: Actor, checker: Actor, clock: FixedClock
) -> None:
    first, second = list(data_of(two).parties.rows)
    rows = data_of(two).approvals.rows
    merge = two.matches.propose_merge(first, second, accept=EVERY_CONCERN, actor=steward, reason="same")
    proposed = rows[merge.id]
    two.approvals.reject(merge.id, actor=checker)
    rows[merge.id] = proposed
    clock.advance(timedelta(days=91))
    assert two.approvals.expire(actor=checker) == 1
    told = f"approval: {merge.id}: it came to this version twice, so it was put back in between"
    assert (what(verified(two)), numbers(verified(two))) == ([told], [2])


def test_what_other_processes_write_while_it_is_compared_is_no_damage(
    two: CIF,
    tables: ReferenceTables,
    keys: LocalKeyProvider,
    steward: Actor,
    checker: Actor,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind the heads that were read at the beginning: in the same stream, and in one that there was not."""
    data = data_of(two)
    first, second = list(data.parties.rows)
    merge = two.matches.propose_merge(first, second, accept=EVERY_CONCERN, actor=steward, reason="same")
    other = CIF(
        repository=two._repository,
        key_store=two._key_store,
        keys=keys,
        tenant="t",
        tables=tables,
        trust=TRUST,
        clock=clock,
    )
    real, calls = flow.rows_of, list[object]()

    def meanwhile(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            other.approvals.reject(merge.id, actor=checker)
            register(two, steward, "1", email="meanwhile@example.com")
            register(other, steward, "1", email="and.elsewhere@example.com")
        return real(*args)

    monkeypatch.setattr(flow, "rows_of", meanwhile)
    assert what(verified(two)) == []
    assert {row.stream for row in data.audit.rows.values()} == {"s0", "s1"}
    calls.append(None)
    data.approvals.rows["f" * 32] = attrs.evolve(data.approvals.rows[merge.id], id="f" * 32)
    assert what(verified(two)) == [f"approval: {'f' * 32}: it is not as the log left it"]
    other.close()


def test_a_customer_who_is_gone_and_one_who_was_changed_are_both_told(two: CIF) -> None:
    data = data_of(two)
    first, second = list(data.parties.rows)
    del data.parties.rows[first]
    data.parties.rows[second] = data.parties.rows[second]._replace(digest=b"d" * 32)
    assert sorted(what(verified(two))) == sorted(
        [f"{first}: the customer is gone", f"{second}: not as the log left it"]
    )


class Remembering(KeptWitness):
    """A witness that shows nothing of what it holds, as one over HTTP."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def kept(self, origin: str) -> Sequence[str]:
        return []


def test_what_each_witness_says_is_told_of_each(
    two: CIF, tables: ReferenceTables, keys: LocalKeyProvider, clock: FixedClock, steward: Actor
) -> None:
    """One was shown another log, one holds a longer one than there is, one is silent, and one is content."""

    def opened(*witnesses: Any) -> CIF:
        return CIF(
            repository=two._repository, key_store=two._key_store, keys=keys, tenant=two._desk.tenant, tables=tables, trust=TRUST,
            clock=clock, witnesses=witnesses, greet=False, log_plan=LogPlan(entries=10_000, seconds=10**6),
        )  # fmt: skip

    split, longer, silent, content = (Remembering(name) for name in ("split", "longer", "silent", "content"))
    with opened(split, longer, content) as cif:
        register(cif, steward, "1", email="x@example.com")
        cif.audit.checkpoint(actor=AUDITOR)
        signer = cif._desk.log.signer
    held = Checkpoint.read(text_of(content.notes[-1]))

    def sized(size: int) -> list[str]:
        return [signer.sign(attrs.evolve(held, size=size, streams={"s0": size}).text)]

    split.notes, longer.notes = sized(held.size - 1), sized(held.size + 50)

    def nothing(*_: object) -> str:
        raise WitnessError("no answer", rule="witness_silent")

    silent.add = nothing  # type: ignore[method-assign]
    with opened(split, longer, silent, content) as cif:
        register(cif, steward, "1", email="y@example.com")
        report = verified(cif)
    assert [(one.stream, one.number, one.what.partition(":")[0]) for one in report.damage] == [
        ("split", held.size - 1, "split"), ("longer", held.size + 50, "cut"),
    ]  # fmt: skip
    assert f"has seen {held.size + 50} entries signed" in report.damage[1].what
    assert "has none over as many" in report.damage[0].what
    assert [(one.name, one.problem) for one in report.witnesses] == [
        ("split", ""), ("longer", ""), ("silent", "no answer"), ("content", ""),
    ]  # fmt: skip
    by_name = {one.name: one for one in report.witnesses}
    assert (by_name["silent"].size, by_name["silent"].at) == (-1, 0)
    assert by_name["silent"].unseen == by_name["content"].unseen + held.size
    assert (by_name["content"].size, by_name["content"].at) == (held.size, held.at)
    assert (by_name["split"].at, by_name["longer"].at) == (0, 0)


@pytest.mark.parametrize("end", ["withdraw", "expire", "erase", "approve"])
def test_however_a_proposal_ends_the_log_knows_where_it_stands(
    two: CIF, steward: Actor, checker: Actor, clock: FixedClock, end: str
) -> None:
    first, second = list(data_of(two).parties.rows)
    register(two, steward, "1", channel="partner", phone="15477777777")  # proposes a change
    merge = two.matches.propose_merge(first, second, accept=EVERY_CONCERN, actor=steward, reason="same")
    stood = dict(data_of(two).approvals.rows)
    assert len(stood) == 2
    if end == "withdraw":
        two.approvals.withdraw(merge.id, actor=steward)
    elif end == "expire":
        clock.advance(timedelta(days=91))
        assert two.approvals.expire(actor=checker) == 2
    elif end == "approve":
        two.approvals.approve(merge.id, actor=checker)
    else:
        officers = [known(Actor(id=one, roles={"privacy_officer"})) for one in ("p.o", "p.p")]
        two.erasures.restrict(first, reason="asked", actor=officers[0])
        two.approvals.approve(two.erasures.propose(first, reason="asked", actor=officers[0]).id, actor=officers[1])
    assert what(verified(two)) == []
    changed = [one for one, before in stood.items() if data_of(two).approvals.rows.get(one) != before]
    assert changed
    for one in changed:
        data_of(two).approvals.rows[one] = stood[one]
    assert len(what(verified(two))) == len(changed)


@pytest.mark.parametrize(
    "body",
    [b'{"digests":{"C1":"x"}}', b'{"digests":{"C1":5}}', b'{"marks":[1]}', b'{"subjects":5}', b'{"subjects":[[]]}', b"[" * 20_000,
     b"5", b"\xff", b'{"at":[]}', b'{"rule":{},"action":"policy_in_force"}'],
)  # fmt: skip
def test_an_entry_that_was_made_to_stop_the_verification_is_named_by_it(two: CIF, body: bytes) -> None:
    rows = data_of(two).audit.rows
    key = list(rows)[1]
    rows[key] = attrs.evolve(rows[key], body=body)
    damage = verified(two).damage
    assert (rows[key].stream, rows[key].number, "changed") in {(one.stream, one.number, one.what) for one in damage}
    ecs_line("t", rows[key])


def test_a_look_up_row_that_was_taken_out_or_put_in_is_found(two: CIF) -> None:
    """Whoever hides that he saw a customer takes the row out by which "who saw them" is answered."""
    data = data_of(two)
    subject = next(iter(data.subjects.rows))
    del data.subjects.rows[subject]
    assert what(verified(two)) == [f"{subject[0]}: a customer is missing in the look-up"]
    assert numbers(verified(two)) == [subject[1]]
    data.subjects.rows[subject] = None
    data.subjects.rows["s0", 1, subject[2]] = None
    assert what(verified(two)) == ["s0: the look-up names a customer too many"]
    assert numbers(verified(two)) == [1]


def test_a_stream_that_is_gone_altogether_is_found(two: CIF) -> None:
    data = data_of(two)
    data.audit.rows.clear()
    data.subjects.rows.clear()
    data.heads.rows.clear()
    found = what(verified(two))
    assert any("does not vouch" in one for one in found)
    assert any("a stream without a head" in one for one in found)


def test_a_log_made_anew_in_full_is_found_by_the_checkpoints(two: CIF) -> None:
    """Threat 7: whoever controls the database writes a whole chain of his own, look-up and heads to match."""
    from bankcif.audit import AuditEntry, chain

    data = data_of(two)
    entries = [AuditEntry.of_body(row.body, row.sealed) for row in data.audit.rows.values()]
    mine = [attrs.evolve(one, actor="somebody else") if one.action == "register" else one for one in entries]
    rows, head = chain("t", "s0", Head(), mine)
    for row in rows:
        data.audit.rows["s0", row.number] = row
    data.heads.rows["s0"] = attrs.evolve(data.heads.rows["s0"], head=head)
    assert what(verified(two)) == [
        "checkpoints: does not vouch for the entries below it: one was changed, dropped or put in"
    ]


@pytest.fixture
def watched(tables: ReferenceTables, keys: LocalKeyProvider, tmp_path: Path) -> Iterator[tuple[CIF, FileWitness]]:
    witness = FileWitness(tmp_path / "witness")
    with CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, tables=tables, trust=TRUST, witnesses=[witness],
        log_plan=LogPlan(entries=2, seconds=9999),
    ) as cif:  # fmt: skip
        yield cif, witness


def test_the_window_since_the_last_witnessed_checkpoint_is_told(
    watched: tuple[CIF, FileWitness], steward: Actor
) -> None:
    cif, witness = watched
    for n in range(4):
        register(cif, steward, str(n))
    report = verified(cif)
    (view,) = report.witnesses
    assert (view.name, view.size, view.unseen, view.problem) == (witness.name, 5, 0, "")
    assert view.at > 0
    (again,) = verified(cif).witnesses
    assert (again.size, again.unseen) == (5, 1)  # the entry of the first asking


def test_a_view_that_was_split_is_found(
    watched: tuple[CIF, FileWitness], steward: Actor, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    """The log is shown to its witness in one form and kept in another, with checkpoints that the stolen key signed."""
    cif, witness = watched
    for n in range(3):
        register(cif, steward, str(n))
    signer = cif._desk.log.signer
    cif.close()
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute("DROP TRIGGER audit_checkpoint_no_update")
        note, size = raw.execute("SELECT note, size FROM audit_checkpoint ORDER BY size LIMIT 1").fetchone()
        other = attrs.evolve(Checkpoint.read(text_of(note)), at=1)
        raw.execute("UPDATE audit_checkpoint SET note = ?, at = 1 WHERE size = ?", (signer.sign(other.text), size))
    again = CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, create=False,
        witnesses=[witness], greet=False,
    )  # fmt: skip
    report = verified(again)
    found = what(report)
    again.close()
    assert numbers(report) == [size]
    assert found == [
        f"{witness.name}: it has seen another log: the checkpoint over {size} entries is not the one kept here"
    ]


def test_a_witness_that_holds_a_stranger_s_checkpoint_is_told(
    watched: tuple[CIF, FileWitness], steward: Actor, tmp_path: Path
) -> None:
    cif, witness = watched
    register(cif, steward, "1")
    path = tmp_path / "witness"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(lines[0].replace("after 0", "after 1") + "\n" + "\n".join(lines[1:]) + "\n", encoding="utf-8")
    report = verified(cif)
    told = f"{witness.name}: it holds a checkpoint that this log's key did not sign"
    assert dict(zip(what(report), numbers(report), strict=True))[told] == 0


def test_a_store_may_be_written_while_it_is_verified(sqlite_cif: CIF, steward: Actor) -> None:
    """What others write meanwhile is no damage."""
    for n in range(20):
        register(
            sqlite_cif,
            steward,
            str(n),
            name=f"王{'伟芳国强敏静丽磊军洋'[n % 10]}",
            phone=f"154000000{n:02}",
            identifiers=None,
        )
    stop, errors = threading.Event(), list[BaseException]()

    def write() -> None:
        n = 0
        try:
            while not stop.is_set():
                register(sqlite_cif, steward, str(n % 20), email=f"a{n}@example.com", identifiers=None, phone=None)
                n += 1
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    reports = [verified(sqlite_cif) for _ in range(4)]
    stop.set()
    thread.join()
    assert errors == []
    assert [what(report) for report in reports] == [[]] * 4


DIRECT: dict[str, Callable[[SqlRepository], str]] = {
    "delete entries": lambda _: "DELETE FROM audit_entry",
    "update a customer": lambda _: "UPDATE party SET branch = 'x'",
    "insert a fact": lambda _: "INSERT INTO fact (tenant, cif_no) VALUES ('t', 'C')",
    "replace a tag": lambda _: 'INSERT OR REPLACE INTO main."blind_index" VALUES (1)',
    "drop the log": lambda _: "drop table if exists audit_entry",
    "by schema and quotes": lambda _: 'UPDATE "main"."party" SET branch = 1',
    "by schema with spaces": lambda _: "UPDATE main . party SET branch = 1",
    "without a space": lambda _: 'UPDATE"party" SET branch = 1',
    "with a comment": lambda _: "DELETE /* */ FROM claim",
    "behind a common table": lambda _: "WITH x AS (SELECT 1) DELETE FROM fact",
    "take the guard away": lambda _: "DROP TRIGGER audit_entry_no_delete",
    "put a trigger in": lambda _: "CREATE TRIGGER x AFTER INSERT ON audit_entry BEGIN SELECT 1; END",
    "put one in for a while": lambda _: "CREATE TEMP TRIGGER x AFTER INSERT ON audit_entry BEGIN SELECT 1; END",
    "change a table": lambda _: "ALTER TABLE party RENAME TO party2",
    "unlock the schema": lambda _: "PRAGMA writable_schema = ON",
}


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_direct_statements_on_the_tables_are_refused(sqlite_cif: CIF, steward: Actor, name: str) -> None:
    register(sqlite_cif, steward, "1")
    repository = sqlite_cif._repository
    assert isinstance(repository, SqlRepository)
    with repository._engine.begin() as connection, pytest.raises(StorageError, match="through the library alone"):
        connection.exec_driver_sql(DIRECT[name](repository))
    with repository._engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM party").scalar() == 1
        connection.exec_driver_sql("CREATE TABLE of_the_bank (party INTEGER)")  # what is the bank's own, it may
        connection.exec_driver_sql("INSERT INTO of_the_bank VALUES (1)")
    assert verified(sqlite_cif).intact


@pytest.mark.parametrize("table", ["audit_entry", "audit_subject", "audit_checkpoint"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET tenant = 'x'", "DELETE FROM {}"])
def test_the_log_only_grows_even_without_the_library(
    sqlite_cif: CIF, steward: Actor, tmp_path: Path, table: str, deed: str
) -> None:
    register(sqlite_cif, steward, "1")
    sqlite_cif.audit.checkpoint(actor=AUDITOR)
    with sqlite3.connect(tmp_path / "cif.db") as raw, pytest.raises(sqlite3.IntegrityError, match="only grows"):
        raw.execute(deed.format(table))


def test_customers_may_be_left_out(two: CIF) -> None:
    assert two.audit.verify(actor=AUDITOR, customers=False).customers == 0
