"""
Which cells of a report are not told: with all of their measures, or with none, so that no measure tells what another hides.

Behind a figure stand those who are known to add something to it: of a sum those whose value is not nought, of a share those of whom it holds and those of whom it does not, and of two shares of
one cell those of whom the one holds and the other does not. None of these may be few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from .report import ReportSpec
from .report_parts import Measure, MeasureKind
from .suppression import Place, hidden

__all__ = ["not_told", "sides_of"]


def sides_of(pl: Any, spec: ReportSpec) -> dict[str, Any]:
    """Which customers stand on each side of a share, and of two shares together, by the name of a column."""
    shares = [one for one in spec.measures if one.kind is MeasureKind.SHARE]
    found: dict[str, Any] = {}
    for one in shares:
        found |= {_side(one, side): pl.col(one.column) == side for side in (True, False)}
    for one, other in combinations(shares, 2):
        for first in (True, False):
            for second in (True, False):
                found[_both(one, other, first, second)] = (pl.col(one.column) == first) & (
                    pl.col(other.column) == second
                )
    return found


def not_told(spec: ReportSpec, places: Mapping[Place, Mapping[str, Any]], everybody: int, k: int) -> frozenset[Place]:
    """
    The places of which nothing is told.

    Args:
        spec: The report.
        places: Of each place how many customers stand behind it, in all and on each side.
        everybody: How many customers there are, with rows or without.
        k: Of how many customers something may be told, at least.
    """
    if k <= 1:
        return frozenset()
    tables = [*_tables(spec, places, everybody)]
    gone: frozenset[Place] = frozenset()
    while True:
        before = gone
        for table in tables:
            start = {place for place in table if place[:-1] in gone}
            gone |= {place[:-1] for place in hidden(table, k, apart=not spec.over, gone=start)}
        if gone == before:
            return gone


def _tables(spec: ReportSpec, places: Mapping[Place, Mapping[str, Any]], everybody: int) -> Iterator[dict[Place, int]]:
    """Counts of customers by place and, behind it, by side; the sum over sides where they add up."""
    inside = {(*place, "in"): int(row["0customers"]) for place, row in places.items()}
    if spec.over:  # who has no such row is known by who has
        yield {
            **inside,
            **{(*place, "out"): everybody - int(row["0customers"]) for place, row in places.items()},
            **{(*place, None): everybody for place in places},
        }
    else:
        yield dict(inside)
    shares = [one for one in spec.measures if one.kind is MeasureKind.SHARE]
    whole: dict[Place, int] = {(*place, None): int(row["0customers"]) for place, row in places.items()}
    for one in shares:
        yield {
            **{
                (*place, str(side)): int(row[_side(one, side)])
                for place, row in places.items()
                for side in (True, False)
            },
            **whole,
        }
    for one, other in combinations(shares, 2):
        names = [_both(one, other, first, second) for first in (True, False) for second in (True, False)]
        yield {**{(*place, name): int(row[name]) for place, row in places.items() for name in names}, **whole}
    for one in spec.measures:
        if one.of and one.kind is not MeasureKind.SHARE:
            yield {(*place, "in"): int(row[f"{one.column}:for"]) for place, row in places.items()}


def _side(one: Measure, side: bool) -> str:
    return f"{one.column}:{side}"


def _both(one: Measure, other: Measure, first: bool, second: bool) -> str:
    return f"{one.column}:{first}&{other.column}:{second}"
