"""
Customers of one day as they were known at another: the golden record made from the records of then, by what each says of the time it is about.

What was known is decided by when a record came; what holds on a day by the day that a record says it is of. Nothing is kept for it: storage grows with
changes and not with reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import attrs

from .._clock import from_micros, local_date
from ..merging import NOBODY, GoldenRecord, Override, Statement, survive
from ..party import CifNo, LifeCycle, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._golden import golden_of, verified_tag
from ._portrait import Sitter, as_other, words_of
from ._records import Record, open_records
from ._relations import resolved
from ._then import sat
from .desk import Desk

__all__ = ["golden_as_of", "sitter_as_of", "values_on", "values_where", "whose_record_then", "whose_then"]


def golden_as_of(
    desk: Desk, unit: UnitOfWork, row: PartyRow, known: int, valid: date, *, whose: CifNo | None = None,
    opened: Sequence[Record] | None = None,
) -> tuple[GoldenRecord, Sequence[Statement]]:  # fmt: skip
    """
    The golden record of a party at the end of a day, as it was known at an instant, and the statements that were heard then.

    Of whom they were merged with since nothing is heard, and of who was parted from them since neither.

    Args:
        row: The party today.
        known, valid: The instant, and the day.
        whose: The party of then, if it was merged into that of *row* since.
        opened: The records of the party today, where they are open.
    """
    whose = row.cif_no if whose is None else whose
    there = open_records(desk, unit.sources.of_parties([row.cif_no])) if opened is None else opened
    then = _linked_then(unit, row, known)
    _, end = desk.span(None, valid)
    mine = [
        one.statement
        for one in there
        if one.statement.received_at <= known and then.get(one.statement.origin, row.cif_no) == whose
    ]
    if not mine:
        return NOBODY, ()
    party = row if whose == row.cif_no else unit.parties.get([whose])[whose]
    # Of who was parted since, the other's founding record is not heard; their own is.
    anchor = next((one for one in (party.anchor, row.anchor) if any(said.place == one for said in mine)), party.anchor)
    golden = survive(
        PartyKind(row.kind), mine, anchor=anchor, as_of=known, rules=desk.survivorship, digest=partial(verified_tag, desk), valid=end - 1,
    )  # fmt: skip
    return golden, [one for one in mine if one.word is None or one.received_at < end]


def _linked_then(unit: UnitOfWork, row: PartyRow, known: int) -> dict[SourceKey, CifNo | None]:
    """To whom source keys belonged at an instant that are the party's today, where that was somebody else."""
    links = unit.crosswalk.of_parties([row.cif_no])
    moved = [link.origin for link in links if link.since > known and link.number > 0]
    return {
        origin: next(
            (
                link.cif_no
                for link in unit.crosswalk.history(origin)
                if link.since <= known and (link.until is None or known < link.until)
            ),
            None,
        )
        for origin in moved
    }


def whose_record_then(unit: UnitOfWork, row: PartyRow, origin: SourceKey, at: int) -> CifNo:
    """To whom a source key belonged at an instant that is the party's today; to them if it was nobody's else."""
    return _linked_then(unit, row, at).get(origin) or row.cif_no


def whose_then(unit: UnitOfWork, cif_no: CifNo, row: PartyRow, known: int) -> CifNo:
    """Whom a number stood for at an instant, which stands for the party of *row* today."""
    homes = {link.origin: link.home for link in unit.crosswalk.of_parties([row.cif_no])}
    then = _linked_then(unit, row, known)
    return next((at for origin, at in then.items() if homes[origin] == cif_no and at is not None), row.cif_no)


def values_on(desk: Desk, unit: UnitOfWork, row: PartyRow, day: date | None) -> Mapping[str, Any]:
    """The golden values of a party as they are known now: of today, or of a day; made from the records, so what began since the last rebuild is in them."""
    opened = open_records(desk, unit.sources.of_parties([row.cif_no]))
    if day is not None:
        return golden_as_of(desk, unit, row, desk.now(), day, opened=opened)[0].values
    return golden_of(desk, PartyKind(row.kind), [one.statement for one in opened], row.anchor).values


def values_where(desk: Desk, unit: UnitOfWork, row: PartyRow, over: Override | None) -> Mapping[str, Any]:
    """The golden values of a party on which a decision stands: of its day, or of today if it is of now."""
    day = None if over is None or over.effective is None else local_date(from_micros(over.effective), desk.zone)
    return values_on(desk, unit, row, day)


def sitter_as_of(
    desk: Desk, unit: UnitOfWork, row: PartyRow, known: int, valid: date, *, whose: CifNo | None = None
) -> Sitter:
    """A party as rules see them of a day, as they were known at an instant, with those to whom they were related."""
    golden, said = golden_as_of(desk, unit, row, known, valid, whose=whose)
    numbers = {CifNo(one["other"]) for one in golden.values.get("relationships", ())}
    others: dict[str, Mapping[str, Any]] = {}
    for number, other in (resolved(unit, numbers) if numbers else {}).items():
        of_then = whose_then(unit, number, other, known)
        if of_then != (row.cif_no if whose is None else whose) and other.life_cycle != LifeCycle.RESTRICTED:
            theirs = sat(other, golden_as_of(desk, unit, other, known, valid, whose=of_then)[0].values, valid)
            others[number] = as_other(theirs.row, theirs.facts)
    return attrs.evolve(sat(row, golden.values, valid), words=words_of(said), others=others)
