"""From a customer's monthly balances to where they stand on a ladder: for rules, for the calendar, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import MAXYEAR, date
from typing import Any

from ..party import Money
from ..rules import Compare, Explained, Explanation, Lowered, Needs, Operator, Seen, Show, day_of
from .tier import Average, Month, Step, TierScale, TierState

__all__ = [
    "READ",
    "averages_of",
    "column_of",
    "explain_tier",
    "next_turn",
    "standing",
    "stands_on",
    "state_of",
    "steps_of",
]

_AVERAGE = "balances.average"
READ = Needs(rows=frozenset({"balances", "balances.month", _AVERAGE, "balances.average_currency"}))
"""What of a customer says where they stand."""


def stands_on(group: str, name: str) -> Lowered:
    """A tier as a rule: that the customer stands on it is a comparison of the column in which `standing` says where."""
    return Lowered(Compare(column_of(group), Operator.EQUAL, name))


def column_of(group: str) -> str:
    """The column that says where a customer stands on the ladder of a group; no field's name has a colon."""
    return f"tier:{group}"


def averages_of(scale: TierScale, rows: Iterable[Mapping[str, Any]]) -> dict[Month, Average]:
    """
    The averages of a customer's months in the currency of *scale*: those of several books in one month add up. A row of another currency,
    or without a month or an amount, is left out.

    Args:
        scale: The ladder.
        rows: Monthly balances as `bankcif.rules.opened_record` gives them.
    """
    totals: dict[Month, int] = {}
    for row in rows:
        if None not in (row["month"], row["average"]) and row["average_currency"] == scale.currency:
            month = Month.of(day_of(row["month"]))
            totals[month] = totals.get(month, 0) + row["average"]
    return {month: Average(total * month.days, month.days) for month, total in totals.items()}


def over(averages: Mapping[Month, Average], today: date) -> dict[Month, Average]:
    """Those of months that are over on a day."""
    now = Month.of(today)
    return {month: each for month, each in averages.items() if month < now}


def standing(scale: TierScale, rows: Iterable[Mapping[str, Any]], today: date) -> str | None:
    """The tier on which a customer stands on a day, by the months that are over; None of whom no balance is known."""
    return scale.stands(over(averages_of(scale, rows), today))


def steps_of(scale: TierScale, rows: Iterable[Mapping[str, Any]], today: date) -> list[Step]:
    """Month by month how a customer came to stand where they stand on a day."""
    return scale.replay(over(averages_of(scale, rows), today))


def state_of(scale: TierScale, rows: Iterable[Mapping[str, Any]], today: date) -> TierState | None:
    """Where a customer stands on a day, since when, and how many months they have been on watch."""
    steps = steps_of(scale, rows, today)
    return steps[-1].state if steps else None


def next_turn(scale: TierScale, rows: Iterable[Mapping[str, Any]], today: date) -> date | None:
    """The first day behind *today* on which the customer stands on another tier, by months that are not over and whose balance is known."""
    averages = averages_of(scale, rows)
    counted = over(averages, today)
    now = scale.stands(counted)
    for month in sorted(averages.keys() - counted.keys()):
        counted[month] = averages[month]
        if scale.stands(counted) != now:
            return month.next().first if month.next().year <= MAXYEAR else None
    return None


def explain_tier(
    scale: TierScale, name: str, rows: Iterable[Mapping[str, Any]], today: date, show: Show
) -> Explanation:
    """Why a customer stands on the tier called *name* on a day, or does not: month by month, and the months that say so."""
    averages = averages_of(scale, rows)
    items = []
    steps = scale.replay(over(averages, today))
    for step in steps:
        average = averages.get(step.month, Average(0, step.month.days))
        amount = Money.of_minor(average.total // average.days, scale.currency)
        seen = (
            Seen(f"average of {step.month}", show(frozenset({_AVERAGE}), amount)),
            Seen("tier", f"{step.state.tier} ({step.move})"),
        )
        items.append(Explained(text=f"{name} from {step.month.next()} on", verdict=step.state.tier == name, seen=seen))
    # The month that put them where they stand, and all of a watch since.
    last = steps[-1].state if steps else None
    telling = [
        one for one, step in zip(items, steps, strict=True) if last is not None and step.month.next() >= last.since
    ]
    holds = last is not None and last.tier == name
    return Explanation(
        holds=holds, tree=Explained(text="months", verdict=holds, items=tuple(items)), because=tuple(telling)
    )
