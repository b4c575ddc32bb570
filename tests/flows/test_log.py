"""Writing the log: checkpoints when they are due, witnesses that remember, and what is shown to them at the start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.flows.test_register import register
from tests.security.mortal import KeptWitness

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._clock import FixedClock
from bankcif.audit import Checkpoint, EntryProof, FileWitness, Head, NoteSigner, Witness, text_of
from bankcif.errors import AuditError, InputError, NotFoundOrNotAllowedError, WitnessError
from bankcif.flows.log import LogPlan
from bankcif.party import ReferenceTables

AUDITOR = Actor(id="a.sun", roles={"auditor"})


class Bank:
    """One store, opened as often as one likes, under one clock."""

    def __init__(self, tables: ReferenceTables, clock: FixedClock) -> None:
        self.repository = MemoryRepository()
        self.clock = clock
        self._more: dict[str, Any] = {
            "keys": LocalKeyProvider.generate(), "key_store": MemoryKeyStore(), "tables": tables, "clock": clock,
        }  # fmt: skip

    def open(self, *witnesses: Witness, greet: bool = True, **plan: int) -> CIF:
        return CIF(
            repository=self.repository, tenant="t", witnesses=witnesses, greet=greet, log_plan=LogPlan(**plan),  # type: ignore[arg-type]
            **self._more,
        )  # fmt: skip

    def sizes(self) -> list[int]:
        return sorted(self.repository._data.checkpoints.rows)


@pytest.fixture
def bank(tables: ReferenceTables, clock: FixedClock) -> Bank:
    return Bank(tables, clock)


class Silent:
    """A witness that does not answer."""

    name = "silent"

    def __init__(self) -> None:
        self.asked = 0

    def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
        self.asked += 1
        raise WitnessError("no answer", rule="witness_silent")

    def kept(self, origin: str) -> Sequence[str]:
        raise WitnessError("no answer", rule="witness_silent")


def test_a_checkpoint_is_made_after_so_many_entries(bank: Bank, steward: Actor) -> None:
    cif = bank.open(entries=3, seconds=9999)
    register(cif, steward, "1")
    assert bank.sizes() == []  # the founding and one
    register(cif, steward, "2")
    assert bank.sizes() == [3]
    register(cif, steward, "3")
    assert bank.sizes() == [3]
    cif.close()
    assert bank.sizes() == [3, 4]


def test_a_checkpoint_is_made_after_so_long(bank: Bank, steward: Actor) -> None:
    cif = bank.open(entries=9999, seconds=60)
    register(cif, steward, "1")
    bank.clock.advance(timedelta(seconds=59))
    register(cif, steward, "2")
    assert bank.sizes() == []
    bank.clock.advance(timedelta(seconds=1))
    register(cif, steward, "3")
    assert bank.sizes() == [4]


def test_a_refusal_is_vouched_for_too(bank: Bank) -> None:
    cif = bank.open(entries=2, seconds=9999)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get("C", actor=Actor(id="x"), purpose=Purpose.SERVICE)
    assert bank.sizes() == [2]


def test_a_witness_gets_every_checkpoint(bank: Bank, steward: Actor, tmp_path: Path) -> None:
    witness = FileWitness(tmp_path / "w")
    with bank.open(witness, entries=2, seconds=9999) as cif:
        origin = cif.audit.key.name
        for n in range(4):
            register(cif, steward, str(n))
    sizes = [Checkpoint.read(text_of(note)).size for note in witness.kept(origin)]
    assert sizes == bank.sizes()
    assert sizes[-1] == 5


def test_a_witness_that_stumbles_makes_no_operation_fail(bank: Bank, steward: Actor) -> None:
    """What it raises is a stranger's; the customer is stored."""

    class Stumbling:
        name = "stumbling"

        def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
            raise IndexError("a value of somebody's")

        def kept(self, origin: str) -> Sequence[str]:
            return []

    cif = bank.open(Stumbling(), entries=1)
    done = register(cif, steward, "1")
    assert cif.customers.get(done.cif_no, actor=steward, purpose=Purpose.SERVICE)


def test_a_silent_witness_stops_nothing_and_is_left_alone_for_a_while(
    bank: Bank, steward: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    silent = Silent()
    cif = bank.open(silent, entries=1, seconds=9999, pause_seconds=100)
    at_first = silent.asked
    register(cif, steward, "1")
    assert silent.asked == at_first > 0
    bank.clock.advance(timedelta(seconds=100))
    register(cif, steward, "2")
    assert silent.asked == at_first + 1
    assert "has not taken a checkpoint (witness_silent)" in caplog.text
    _, deliveries = cif.audit.checkpoint(actor=AUDITOR)
    assert [(one.taken, one.size) for one in deliveries] == [(False, -1)]
    assert silent.asked == at_first + 2


def test_a_writer_that_was_away_proves_the_growth(bank: Bank, steward: Actor, tmp_path: Path) -> None:
    """Another process wrote meanwhile without a witness: what the witness holds is older than the last checkpoint."""
    witness = FileWitness(tmp_path / "w")
    with bank.open(witness) as cif:
        register(cif, steward, "1")
    with bank.open() as cif:
        register(cif, steward, "2")
    with bank.open() as cif:
        register(cif, steward, "3")
    with bank.open(witness) as cif:
        assert cif.audit.verify(actor=AUDITOR).intact
    assert [Checkpoint.read(text_of(note)).size for note in witness.kept(cif.audit.key.name)] == [1, 2, 4, 5]


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_process_that_is_overtaken_by_another_raises_no_alarm(bank: Bank, steward: Actor, times: int) -> None:
    """Between its look at the last checkpoint and its visit to the witness, another process makes the next and is there first."""
    inner = KeptWitness()
    other = bank.open(inner)
    register(other, steward, "first")
    other.audit.checkpoint(actor=AUDITOR)

    class Overtaken(KeptWitness):
        name = "kept"
        left = times

        def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
            if self.left:
                self.left -= 1
                register(other, steward, str(self.left))
                other.audit.checkpoint(actor=AUDITOR)
            return inner.add(note, old, proof)

    late = bank.open(Overtaken())
    _, (done,) = late.audit.checkpoint(actor=AUDITOR)
    assert (done.taken, done.size) == (True, inner.size)


def test_a_witness_that_others_bring_on_meanwhile_raises_no_alarm(bank: Bank, steward: Actor) -> None:
    """It says how far it is, and is further before the proof from there has come."""
    inner = KeptWitness()
    with bank.open(inner) as cif:
        register(cif, steward, "1")
    silent = bank.open()
    for n in range(2, 6):
        register(silent, steward, str(n))
        silent.audit.checkpoint(actor=AUDITOR)
    with bank.repository.unit_of_work() as unit:
        behind = list(unit.trail.checkpoints(inner.size, 10))[:-1]
    asked = []

    class BroughtOn(KeptWitness):
        name = "kept"

        def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
            asked.append(old)
            if len(asked) > 1 and behind:
                assert silent._desk.log._bring(inner, behind.pop(0)).taken
            return inner.add(note, old, proof)

    bank.open(BroughtOn()).close()
    assert len(asked) == 5
    assert inner.size == bank.sizes()[-1]


def test_a_witness_that_says_ever_another_size_is_given_up(bank: Bank, steward: Actor) -> None:
    with bank.open() as cif:
        register(cif, steward, "1")
    said = [0, bank.sizes()[-1]] * 50

    class Fickle(KeptWitness):
        def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
            raise WitnessError("elsewhere", rule="witness_conflict", size=said.pop())

    with pytest.raises(AuditError, match="has seen another log"):
        bank.open(Fickle())
    assert len(said) == 98, "it was asked twice"


def test_a_store_that_was_cut_back_does_not_open_before_its_witness(bank: Bank, steward: Actor, tmp_path: Path) -> None:
    """Threat 7: the database is set back to a copy of yesterday, heads, checkpoints and all."""
    witness = FileWitness(tmp_path / "w")
    with bank.open(witness) as cif:
        register(cif, steward, "1")
    copied = bank.repository._data
    old = {name: dict(table.rows) for name, table in vars(copied).items() if hasattr(table, "rows")}
    with bank.open(witness) as cif:
        register(cif, steward, "2")
    for name, rows in old.items():
        getattr(copied, name).rows.clear()
        getattr(copied, name).rows.update(rows)
    bank.open().close()  # without the witness nobody notices
    with pytest.raises(AuditError, match="has seen another log") as caught:
        bank.open(witness)
    assert caught.value.rule in ("truncated", "witness_split")
    cif = bank.open(witness, greet=False)
    report = cif.audit.verify(actor=AUDITOR)
    assert [one.stream for one in report.damage] == [witness.name] * len(report.damage)
    assert report.damage


def test_a_log_without_any_checkpoint_left_does_not_open_before_its_witness(
    bank: Bank, steward: Actor, tmp_path: Path
) -> None:
    witness = FileWitness(tmp_path / "w")
    with bank.open(witness) as cif:
        for n in range(4):
            register(cif, steward, str(n))
    data = bank.repository._data
    data.checkpoints.rows.clear()
    for number in (4, 5):
        del data.audit.rows["s0", number]
    data.heads.rows["s0"] = attrs.evolve(data.heads.rows["s0"], head=Head(3, data.audit.rows["s0", 3].hash))
    with pytest.raises(AuditError, match="has seen another log"):
        bank.open(witness)


def test_a_checkpoint_that_was_changed_stops_the_next(bank: Bank, steward: Actor) -> None:
    cif = bank.open()
    register(cif, steward, "1")
    cif.audit.checkpoint(actor=AUDITOR)
    rows = bank.repository._data.checkpoints.rows
    (size,) = rows
    good = rows[size]
    rows[size] = attrs.evolve(good, pieces=b"p" * len(good.pieces))
    with pytest.raises(AuditError, match="not what was signed"):
        cif.audit.checkpoint(actor=AUDITOR)
    rows[size] = attrs.evolve(good, note=NoteSigner(cif.audit.key.name, b"o" * 32).sign(text_of(good.note)))
    with pytest.raises(AuditError):
        cif.audit.checkpoint(actor=AUDITOR)
    register(cif, steward, "2")  # operations go on; verifying tells


def test_missing_entries_stop_the_next_checkpoint(bank: Bank, steward: Actor) -> None:
    cif = bank.open()
    register(cif, steward, "1")
    del bank.repository._data.audit.rows["s0", 2]
    with pytest.raises(AuditError, match="missing"):
        cif.audit.checkpoint(actor=AUDITOR)


def test_settling_never_fails_an_operation(
    bank: Bank, steward: Actor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cif = bank.open(entries=1)
    monkeypatch.setattr(
        cif._desk.log, "checkpoint", lambda: (_ for _ in ()).throw(AuditError("the disk is full", rule="x"))
    )
    assert register(cif, steward, "1").cif_no
    assert "no checkpoint of the audit log was made (audit)" in caplog.text


def test_a_failed_append_fails_the_operation(bank: Bank, steward: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    cif = bank.open()
    done = register(cif, steward, "1")
    monkeypatch.setattr(cif._desk.log, "append", lambda *_: (_ for _ in ()).throw(AuditError("full", rule="x")))
    for wanted in (
        lambda: register(cif, steward, "2", name="李四", identifiers=None, phone=None, email="q@example.com"),
        lambda: cif.customers.get(done.cif_no, actor=steward, purpose=Purpose.SERVICE),
        lambda: cif.customers.reveal(done.cif_no, {"phone"}, actor=steward, purpose=Purpose.COMPLIANCE),
        lambda: cif.customers.find(phone="15412345678", actor=steward, purpose=Purpose.SERVICE),
    ):
        with pytest.raises(AuditError):
            wanted()
    assert len(bank.repository._data.parties.rows) == 1


def test_an_entry_is_proved_to_who_has_the_key_alone(bank: Bank, steward: Actor) -> None:
    cif = bank.open(entries=4, seconds=9999)
    for n in range(9):
        register(cif, steward, str(n))
    cif.audit.checkpoint(actor=AUDITOR)
    for number in range(1, 11):
        proof = EntryProof.from_json(cif.audit.prove("s0", number, actor=AUDITOR).to_json())
        assert proof.check(cif.audit.key).size >= number
        for bent in (
            attrs.evolve(proof, body=proof.body + b" "), attrs.evolve(proof, index=proof.index + 1),
            attrs.evolve(proof, previous=b"p" * 32), attrs.evolve(proof, path=(*proof.path, b"p" * 32)),
            attrs.evolve(proof, tenant="u"), attrs.evolve(proof, sealed=b"x"),
        ):  # fmt: skip
            with pytest.raises(AuditError):
                bent.check(cif.audit.key)
        with pytest.raises(AuditError):
            proof.check(NoteSigner(cif.audit.key.name, b"o" * 32).key)


def test_what_cannot_be_proved_is_told(bank: Bank, steward: Actor) -> None:
    cif = bank.open()
    register(cif, steward, "1")
    for stream, number in (("s0", 0), ("s0", -1), ("s0", 99), ("s9", 1)):
        with pytest.raises(InputError, match="no such entry"):
            cif.audit.prove(stream, number, actor=AUDITOR)
    with pytest.raises(InputError, match="no checkpoint covers"):
        cif.audit.prove("s0", 1, actor=AUDITOR)
    for text in ("", "{}", "[]", '{"format": 1}', "\ud800"):
        with pytest.raises(InputError, match="no proof"):
            EntryProof.from_json(text)


def test_only_an_auditor_makes_checkpoints_and_proofs(bank: Bank, steward: Actor) -> None:
    cif = bank.open()
    teller = Actor(id="t", roles={"teller"})
    for ask in (
        lambda: cif.audit.checkpoint(actor=teller),
        lambda: cif.audit.prove("s0", 1, actor=teller),
        lambda: cif.audit.forward(actor=teller),
        lambda: cif.audit.verify(actor=teller),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            ask()
