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

from ..merging import NOBODY, GoldenRecord, Statement, survive
from ..party import CifNo, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._golden import verified_tag
from ._portrait import Sitter, as_other, words_of
from ._records import open_records
from ._relations import resolved
from ._then import sat
from .desk import Desk

__all__ = ["golden_as_of", "sitter_as_of"]


def golden_as_of(
    desk: Desk, unit: UnitOfWork, row: PartyRow, known: int, valid: date
) -> tuple[GoldenRecord, Sequence[Statement]]:
    """
    The golden record of a party at the end of a day, as it was known at an instant, and the statements that were known then.

    Of whom they were merged with since nothing is heard, and of who was parted from them since neither.
    """
    opened = open_records(desk, unit.sources.of_parties([row.cif_no]))
    said = [one.statement for one in opened if one.statement.received_at <= known]
    links = {link.origin: link for link in unit.crosswalk.of_parties([row.cif_no])}
    moved = {origin for origin, link in links.items() if link.since > known and link.number > 0}
    then = {
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
    mine = [one for one in said if then.get(one.origin, row.cif_no) == row.cif_no]
    if not mine:
        return NOBODY, ()
    _, end = desk.span(None, valid)
    golden = survive(
        PartyKind(row.kind), mine, anchor=(row.anchor_source, row.anchor_source_key, row.anchor_record_no), as_of=known,
        rules=desk.survivorship, digest=partial(verified_tag, desk), valid=end - 1,
    )  # fmt: skip
    return golden, mine


def sitter_as_of(desk: Desk, unit: UnitOfWork, row: PartyRow, known: int, valid: date) -> Sitter:
    """A party as rules see them of a day, as they were known at an instant, with those to whom they were related."""
    golden, said = golden_as_of(desk, unit, row, known, valid)
    numbers = {CifNo(one["other"]) for one in golden.values.get("relationships", ())}
    others: dict[str, Mapping[str, Any]] = {}
    for number, other in (resolved(unit, numbers) if numbers else {}).items():
        if other.cif_no != row.cif_no:
            theirs = sat(other, golden_as_of(desk, unit, other, known, valid)[0].values, valid)
            others[number] = as_other(theirs.row, theirs.facts)
    return attrs.evolve(sat(row, golden.values, valid), words=words_of(said), others=others)
