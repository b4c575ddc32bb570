"""What every store must do for the audit log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ...audit import AuditEntry, AuditRow, CheckpointRow, Head, chain
from ...errors import ConflictError
from ...storage import Repository, UnitOfWork
from .rows import A, B

__all__ = ["ME", "YOU", "LogContract", "append", "entries"]

ME, YOU = b"m" * 16, b"y" * 16
_FOREVER = 2**63 - 1


def entries(count: int, actor: str = "t", first: int = 0) -> list[AuditEntry]:
    return [AuditEntry(at=first + n, actor=actor, action="view", subjects=(A,)) for n in range(count)]


def append(unit: UnitOfWork, entries: Sequence[AuditEntry], holder: bytes = ME, now: int = 10) -> list[AuditRow]:
    lease = unit.audit.lease(holder, now, now + 5)
    rows, head = chain("t", lease.stream, lease.head, entries)
    unit.audit.append(rows, [(row.stream, row.number, A) for row in rows], head, now + 5)
    return rows


class LogContract:
    """Appending by lease, reading, checkpoints, and cursors."""

    def test_a_writer_goes_on_in_its_own_stream(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        with repository.unit_of_work() as unit:
            rows = append(unit, entries(2))
            unit.commit()
        with reopened().unit_of_work() as unit:
            rows += append(unit, entries(1, first=2))
            assert [(row.stream, row.number) for row in rows] == [("s0", 1), ("s0", 2), ("s0", 3)]
            assert unit.trail.entries("s0", 0, 3, 9) == rows
            assert unit.trail.entries("s0", 1, 2, 9) == rows[1:2]
            assert unit.trail.entries("s0", 0, 3, 1) == rows[:1]
            assert unit.trail.heads() == {"s0": Head(3, rows[-1].hash)}
            assert unit.trail.ends() == {"s0": 3}

    def test_writers_have_streams_of_their_own_and_take_over_what_is_free(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            append(unit, entries(1), ME, now=10)
            append(unit, entries(1), YOU, now=11)
            assert set(unit.trail.heads()) == {"s0", "s1"}
            assert unit.audit.lease(b"z" * 16, 15, 20).stream == "s2"  # both leases last until 15 or 16
            assert unit.audit.lease(b"x" * 16, 16, 20).stream == "s0"  # mine is over, and was the first
            unit.audit.release(YOU)
            assert unit.audit.lease(ME, 16, 20).stream == "s1"  # what was mine is taken

    def test_an_appended_entry_keeps_the_lease(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            append(unit, entries(1), ME, now=10)
            append(unit, entries(1), ME, now=14)
            assert unit.audit.lease(YOU, 16, 30).stream == "s1"

    def test_one_appends_behind_the_head_only(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            append(unit, entries(2))
            unit.commit()
        rows, head = chain("t", "s0", Head(1, b"h" * 32), entries(1))
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.audit.append(rows, [], head, 9)
            unit.commit()
        rows, head = chain("t", "s0", Head(7, b"h" * 32), entries(1))
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.audit.append(rows, [], head, 9)
            unit.commit()

    def test_entries_are_read_by_instant_actor_and_customer(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            mine = append(unit, entries(2, "one"))
            yours = append(unit, entries(2, "two", first=1), YOU)
            assert list(unit.trail.between(0, _FOREVER)) == [mine[0], mine[1], yours[0], yours[1]]
            assert list(unit.trail.between(1, 2)) == [mine[1], yours[0]]
            assert list(unit.trail.between(0, _FOREVER, "two")) == yours
            assert list(unit.trail.between(2, _FOREVER, "one")) == []
            assert unit.trail.of_subject(A) == [mine[0], mine[1], yours[0], yours[1]]
            assert unit.trail.of_subject(B) == []

    def test_the_look_up_is_paged(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            append(unit, entries(3))
            first = unit.trail.subjects(("", "", 0), 2)
            assert first == [(A, "s0", 1), (A, "s0", 2)]
            assert unit.trail.subjects(first[-1], 2) == [(A, "s0", 3)]
            assert unit.trail.subjects((A, "s0", 3), 2) == []

    def test_checkpoints_are_read_by_size(self, repository: Repository, reopened: Callable[[], Repository]) -> None:
        rows = [CheckpointRow(size=size, at=size, pieces=b"p" * 32, note=f"note {size} —") for size in (1, 4, 16)]
        with repository.unit_of_work() as unit:
            assert unit.audit.last_checkpoint() is None
            assert unit.trail.signed() == 0
            for row in rows:
                unit.audit.add_checkpoint(row)
            unit.commit()
        with reopened().unit_of_work() as unit:
            assert unit.audit.last_checkpoint() == rows[-1]
            assert unit.trail.checkpoints(0, 2) == rows[:2]
            assert unit.trail.checkpoints(1, 9) == rows[1:]
            assert unit.trail.checkpoints(16, 9) == []
            assert unit.trail.signed() == rows[-1].size
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.audit.add_checkpoint(rows[0])
            unit.commit()

    def test_a_consumer_s_cursor_moves(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            assert unit.audit.cursor("siem") == {}
            unit.audit.move_cursor("siem", "s0", 3)
            unit.audit.move_cursor("siem", "s1", 1)
            unit.audit.move_cursor("siem", "s0", 4)
            unit.audit.move_cursor("other", "s0", 1)
            assert unit.audit.cursor("siem") == {"s0": 4, "s1": 1}
