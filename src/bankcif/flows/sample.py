"""
Verified accuracy: customers drawn by lot, whose values a person checks, and between what shares the truth then lies.

Whoever is drawn follows from the day, the field and the seed, so a sample is not kept anywhere and nobody chooses it; what came out of checking is what
is kept of it, as verifications.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date

import attrs

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import FIELD_NAMES, CifNo
from ..quality import Figure, wilson
from ..storage import UnitOfWork
from ..storage.portrait_rows import IDLE
from ._opened import open_goldens
from ._pages import PAGE, pages
from ._records import open_records
from .desk import Desk, authorize, note, record, refuse

__all__ = ["Sample", "VerifiedAccuracy", "draw", "verified_accuracy"]

_MOST = 2_000
_EARLIEST = date(2000, 1, 1)


@attrs.frozen(kw_only=True)
class Sample:
    """
    What is drawn.

    Attributes:
        field: Whose value is checked.
        day: Of whom was a customer at the end of which day.
        size: How many.
        seed: Another one gives others.
    """

    field: str
    day: date
    size: int = 200
    seed: str = ""

    def __attrs_post_init__(self) -> None:
        if self.field not in FIELD_NAMES:
            raise InputError("there is no such field", path="$.field", rule="sample")
        if not 1 <= self.size <= _MOST or len(self.seed) > 64:
            raise InputError(f"a sample has 1 to {_MOST} customers", path="$.size", rule="sample")


@attrs.frozen(kw_only=True)
class VerifiedAccuracy:
    """
    What came out of a sample.

    Attributes:
        figure: Right, wrong, without a value, and not checked yet.
        low, high: Between what shares the truth lies at a confidence of 95 %, if those that were checked are as the others.
        waiting: Who was not checked yet.
    """

    figure: Figure
    low: float
    high: float
    waiting: tuple[CifNo, ...]


def draw(desk: Desk, sample: Sample, *, actor: Actor, purpose: Purpose) -> tuple[CifNo, ...]:
    """
    The customers whose values are to be checked; whoever asks again is given the same, but for who is none any more.

    Raises:
        InputError: The day lies ahead.
        NotFoundOrNotAllowedError: The policy does not let *actor* ask the quality rules.
    """
    authorize(desk, actor, Action.EXAMINE, "draw_sample", purpose)
    drawn = _drawn(desk, sample)
    with desk.unit_of_work() as unit:
        entry = AuditEntry.by(
            actor, "draw_sample", desk.now(), purpose=purpose, subjects=drawn, count=len(drawn), fields=(sample.field,)
        )
        record(desk, unit, [entry])
        unit.commit()
    return drawn


def verified_accuracy(desk: Desk, sample: Sample, *, actor: Actor, purpose: Purpose) -> VerifiedAccuracy:
    """
    What has come out of a sample so far: of each customer who was drawn, the last check of the field since the day.

    Raises:
        InputError: The day lies ahead.
        NotFoundOrNotAllowedError: The policy does not let *actor* make reports of the whole file.
    """
    authorize(desk, actor, Action.REPORT, "verified_accuracy", purpose)
    if not desk.policy.is_whole(actor, Action.REPORT, purpose):
        raise refuse(desk, actor, "verified_accuracy", purpose, rule="whole_file")
    since, _ = desk.span(sample.day, None)
    drawn = _drawn(desk, sample)
    last: dict[CifNo, tuple[int, bool]] = {}
    with desk.unit_of_work() as unit:
        values = open_goldens(desk, unit, drawn)
        for one in open_records(desk, unit.sources.of_parties(drawn)):
            check = one.statement.verification
            if check is None or one.statement.restricted or check.at < since:
                continue
            if any(path.partition(".")[0] == sample.field for path in check.fields):
                last[one.cif_no] = max(last.get(one.cif_no, (0, False)), (check.at, check.confirmed))
    without = {cif_no for cif_no in drawn if cif_no not in last and not values[cif_no].get(sample.field)}
    waiting = tuple(cif_no for cif_no in drawn if cif_no not in last and cif_no not in without)
    right = sum(confirmed for _, confirmed in last.values())
    figure = Figure(right, len(last) - right, len(without), len(waiting))
    low, high = wilson(right, len(last))
    note(desk, actor, "verified_accuracy", purpose=purpose, count=len(drawn), fields=(sample.field,))
    return VerifiedAccuracy(figure=figure, low=low, high=high, waiting=waiting)


def _drawn(desk: Desk, sample: Sample) -> tuple[CifNo, ...]:
    """Those of the day's customers whose keyed digests come first, and who still are customers of their own."""
    if not _EARLIEST <= sample.day <= desk.today():
        raise InputError("a sample is of a day behind, or of today", path="$.day", rule="sample")
    _, until = desk.span(None, sample.day)
    lot = f"{sample.field}:{sample.day.isoformat()}:{sample.seed}:"

    def each() -> Iterator[tuple[bytes, CifNo]]:
        def read(unit: UnitOfWork, after: str) -> list[tuple[CifNo, int]]:
            return [(row.cif_no, row.created_at) for row in unit.parties.page(after, PAGE)]

        for rows in pages(desk, read, "", lambda row: row[0]):
            for cif_no, created_at in rows:
                if created_at < until:
                    yield desk.digester.digest("sample", (lot + cif_no).encode()), cif_no

    first = [cif_no for _, cif_no in heapq.nsmallest(sample.size, each())]
    with desk.repository.unit_of_work() as unit:
        rows = unit.parties.get(first) if first else {}
    return tuple(cif_no for cif_no in first if rows[cif_no].life_cycle not in IDLE)
