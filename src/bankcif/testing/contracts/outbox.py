"""What every store must do for other systems."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from ...errors import ConflictError, StorageError
from ...party import CifNo
from ...storage import Repository
from ...storage.rows import FeedDayRow, FeedRow, OutboxRow
from .log import YOU, append, entries
from .rows import A, B

__all__ = ["OutboxContract"]

_BEGIN = (0, "")


def _told(cif_no: CifNo = A, version: int = 1, fields: str = "phone") -> OutboxRow:
    return OutboxRow(cif_no=cif_no, version=version, fields=fields, at=version)


class OutboxContract:
    """Changes under the entries of the log, and feeds with their places."""

    def test_a_change_stands_under_the_entry_that_tells_why(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        with repository.unit_of_work() as unit:
            append(unit, entries(2))
            unit.outbox.add([_told(B), _told(A)])
            assert unit.outbox.after("s0", _BEGIN, 9) == []
            append(unit, entries(3))
            append(unit, entries(1))
            unit.outbox.add([_told(A, version=2)])
            append(unit, entries(1))
            unit.commit()
        with reopened().unit_of_work() as unit:
            assert unit.outbox.after("s0", _BEGIN, 9) == [(5, _told(A)), (5, _told(B)), (7, _told(A, version=2))]
            assert unit.outbox.after("s0", _BEGIN, 1) == [(5, _told(A))]
            assert unit.outbox.after("s0", (5, A), 1) == [(5, _told(B))]
            assert unit.outbox.after("s0", (5, B), 9) == [(7, _told(A, version=2))]
            assert unit.outbox.after("s0", (7, A), 9) == unit.outbox.after("s1", _BEGIN, 9) == []

    def test_of_one_customer_one_change_is_told(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.outbox.add([_told(fields="phone,name"), _told(B)])
            unit.outbox.add([_told(version=2, fields="name,email"), _told(B, version=2, fields="")])
            append(unit, entries(1))
            assert [row for _, row in unit.outbox.after("s0", _BEGIN, 9)] == [
                _told(version=2, fields="phone,name,email"), _told(B, version=2),
            ]  # fmt: skip

    def test_nobody_is_told_what_the_log_does_not_know(self, repository: Repository) -> None:
        with pytest.raises(StorageError) as refused, repository.unit_of_work() as unit:
            append(unit, entries(1))
            unit.outbox.add([_told()])
            unit.commit()
        assert refused.value.rule == "outbox"
        with repository.unit_of_work() as unit:
            assert unit.trail.heads() == {}
            append(unit, entries(1))
            assert unit.outbox.after("s0", _BEGIN, 9) == []

    def test_what_everybody_has_is_cut(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            for n in range(3):
                unit.outbox.add([_told(A, version=n), _told(B, version=n)])
                append(unit, entries(1))
            unit.outbox.add([_told()])
            append(unit, entries(1), YOU)
            unit.commit()
        with repository.unit_of_work() as unit:
            assert unit.outbox.cut("s0", 2) == 4
            assert unit.outbox.cut("s0", 2) == 0
            unit.commit()
        with repository.unit_of_work() as unit:
            assert [number for number, _ in unit.outbox.after("s0", _BEGIN, 9)] == [3, 3]
            assert [number for number, _ in unit.outbox.after("s1", _BEGIN, 9)] == [1]

    def test_a_feed_is_moved_a_turn_at_a_time(self, repository: Repository, reopened: Callable[[], Repository]) -> None:
        first = FeedRow(name="crm", turn=1, place="{}", moved_at=1)
        second = attrs.evolve(
            first, turn=2, place='{"s0": 3}', moved_at=2, part="{}", went=7, holder=b"h" * 16, until=9
        )
        with repository.unit_of_work() as unit:
            assert unit.feeds.get("crm") is None
            unit.feeds.move(first)
            unit.commit()
        for late in (first, attrs.evolve(first, turn=3)):
            with pytest.raises(ConflictError), repository.unit_of_work() as unit:
                unit.feeds.move(late)
                unit.commit()
        with repository.unit_of_work() as unit:
            unit.feeds.move(second)
            unit.feeds.move(attrs.evolve(first, name="app"))
            unit.commit()
        with reopened().unit_of_work() as unit:
            assert unit.feeds.get("crm") == second
            assert unit.feeds.all() == [attrs.evolve(first, name="app"), second]

    def test_a_feed_looks_at_customers_on_a_day(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        one, other = b"1" * 16, b"2" * 16
        with repository.unit_of_work() as unit:
            unit.feeds.look_at([FeedDayRow("crm", one, B), FeedDayRow("crm", one, A), FeedDayRow("crm", other, A)])
            unit.feeds.look_at([FeedDayRow("crm", one, A), FeedDayRow("app", one, A)])
            unit.commit()
        with reopened().unit_of_work() as unit:
            assert unit.feeds.on("crm", one, "", 9) == [A, B]
            assert unit.feeds.on("crm", one, "", 1) == [A]
            assert unit.feeds.on("crm", one, A, 9) == [B]
            assert unit.feeds.on("crm", b"3" * 16, "", 9) == []
            unit.feeds.looked("crm", one)
            assert unit.feeds.on("crm", one, "", 9) == []
            assert unit.feeds.on("crm", other, "", 9) == [A]
            unit.feeds.forget("crm")
            assert unit.feeds.on("crm", other, "", 9) == []
            assert unit.feeds.on("app", one, "", 9) == [A]
