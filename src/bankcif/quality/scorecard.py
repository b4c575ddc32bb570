"""How well branches, managers, channels and staff keep data: rates, their trend, and what became of findings they answered for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import attrs

from ..errors import InputError
from .dimension import Figure

__all__ = ["Answered", "Score", "scores", "told_of"]


@attrs.frozen(kw_only=True)
class Answered:
    """
    A finding as a scorecard sees it.

    Attributes:
        unit: Who answered for it when it was found.
        since, due: When it was found, and until when it was to be put right.
        fixed: On which day its test passed again; None if it did not.
        ended: On which day it came to any end.
        excluded: Whether it does not count: it was none, or an appeal was granted.
    """

    unit: str
    since: date
    due: date
    fixed: date | None
    ended: date | None
    excluded: bool


@attrs.frozen(kw_only=True)
class Score:
    """
    How a unit did from one day to another.

    Attributes:
        unit: Which.
        figure: On the last day of which there are figures.
        rate: Of it; None of fewer than so many as are needed to tell.
        trend: By how much it is above that of the first day; None where either can not be told.
        opened: Findings of the time, excluded ones left out.
        fixed, in_time: Of how many of them the test passed again by the last day, and of how many within their term.
        overdue: How many waited behind their term on the last day.
        excluded: How many do not count.
        few: Whether there are too few to tell a rate.
    """

    unit: str
    figure: Figure
    rate: float | None
    trend: float | None
    opened: int
    fixed: int
    in_time: int
    overdue: int
    excluded: int
    few: bool


def scores(
    first: Mapping[str, Sequence[Figure]],
    last: Mapping[str, Sequence[Figure]],
    findings: Iterable[Answered],
    *,
    today: date,
    least: int,
) -> tuple[Score, ...]:
    """
    The scores of all units, the lowest rate first, and behind them those of whom there is too little to tell. They are told as they stood on the
    last day: what was put right later takes nothing from what was overdue then, so that whoever asks again is told the same.

    Args:
        first, last: Figures of the rules of each unit at the beginning and at the end.
        findings: Those that were found meanwhile.
        today: The last day.
        least: Of how many customers a rate is told, at least.

    Raises:
        InputError: *least* is below 1.
    """
    if least < 1:
        raise InputError("a rate is told of one customer at least", path="$.least", rule="quality")
    mine: dict[str, list[Answered]] = {}
    for one in findings:
        mine.setdefault(one.unit, []).append(one)
    found = [
        _score(unit, first.get(unit, ()), last.get(unit, ()), mine.get(unit, []), today, least)
        for unit in sorted(last.keys() | mine.keys())
    ]
    return tuple(sorted(found, key=lambda one: (one.few, one.rate if one.rate is not None else 1.0, one.unit)))


def told_of(figures: Iterable[Figure]) -> int:
    """Of how many customers figures of rules tell, at least: as many as the rule that could be told of most."""
    return max((one.denominator for one in figures), default=0)


def _score(
    unit: str, first: Sequence[Figure], last: Sequence[Figure], findings: list[Answered], today: date, least: int
) -> Score:
    before, after = (sum(each, Figure()).rate if told_of(each) >= least else None for each in (first, last))
    counts = [one for one in findings if not one.excluded]
    fixed = [one for one in counts if one.fixed is not None and one.fixed <= today]
    return Score(
        unit=unit, figure=sum(last, Figure()), rate=after, trend=None if before is None or after is None else after - before,
        opened=len(counts), fixed=len(fixed), in_time=sum(one.fixed is not None and one.fixed <= one.due for one in fixed),
        overdue=sum((one.ended is None or one.ended > today) and one.due < today for one in counts), excluded=len(findings) - len(counts),
        few=told_of(last) < least,
    )  # fmt: skip
