"""From a customer's monthly balances to where they stand on a ladder: for rules, for the calendar, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import MAXYEAR, date
from functools import lru_cache
from typing import Any

from ..party import Money
from ..rules import Compare, Explained, Explanation, Lowered, Needs, Operator, Seen, Show, day_of
from .tier import MOST_MINOR, Average, Month, Step, TierScale, TierState

__all__ = [
    "LATE_MONTHS",
    "READ",
    "averages_of",
    "column_of",
    "explain_tier",
    "next_turn",
    "stands_at",
    "stands_on",
    "state_of",
    "steps_of",
]

_AVERAGE = "balances.average"
READ = Needs(rows=frozenset({"balances", "balances.month", _AVERAGE, "balances.average_currency"}))
"""What of a customer says where they stand."""
LATE_MONTHS = 2
"""So many months behind the last known balance it may only be late; those before count as nothing held."""
_LONGEST = 240
"""How many months are reckoned at most: whoever stands somewhere for longer came there before."""
_NEVER = Month(MAXYEAR, 12).place + 1
_Rows = Iterable[Mapping[str, Any]]


def stands_on(group: str, name: str) -> Lowered:
    """A tier as a rule: that the customer stands on it is a comparison of the column in which `stands_at` says where."""
    return Lowered(Compare(column_of(group), Operator.EQUAL, name))


def column_of(group: str) -> str:
    """The column that says where a customer stands on the ladder of a group; no field's name has a colon."""
    return f"tier:{group}"


def averages_of(scale: TierScale, rows: _Rows) -> dict[Month, Average]:
    """
    The averages of a customer's months in the currency of *scale*: those of several books in one month add up. A month of which balances in other
    currencies alone are known is one of nothing held; a row without a month or an amount is left out.

    Args:
        scale: The ladder.
        rows: Monthly balances as `bankcif.rules.opened_record` gives them.
    """
    return _averages(_amounts(scale, rows))


def _amounts(scale: TierScale, rows: _Rows) -> dict[int, int]:
    """The same in minor units, by `Month.place`."""
    found: dict[int, int] = {}
    for row in rows:
        if row["month"] is not None and row["average"] is not None:
            month = _place(row["month"])
            counted = clipped(row["average"]) if row["average_currency"] == scale.currency else 0
            found[month] = found.get(month, 0) + counted
    return found


@lru_cache(1 << 12)
def _place(day: int) -> int:
    """The month of a day that rests as a number."""
    return Month.of(day_of(day)).place


def _averages(amounts: Mapping[int, int]) -> dict[Month, Average]:
    months = {Month.at(place): amount for place, amount in amounts.items()}
    return {month: Average(amount * month.days, month.days) for month, amount in months.items()}


def clipped(minor: int) -> int:
    """An amount as it is added up: no floor is higher than this, and whole columns are of 64 bits."""
    return max(-MOST_MINOR, min(MOST_MINOR, minor))


def stands_at(scale: TierScale, rows: _Rows, today: date) -> str | None:
    """The tier on which a customer stands on a day, by the months that are over; None of whom no balance is known."""
    return scale.stands(_over(_amounts(scale, rows), Month.of(today).place))


def steps_of(scale: TierScale, rows: _Rows, today: date) -> list[Step]:
    """Month by month how a customer came to stand where they stand on a day; of the last twenty years."""
    return scale.replay(_averages(_over(_amounts(scale, rows), Month.of(today).place)))


def state_of(scale: TierScale, rows: _Rows, today: date) -> TierState | None:
    """Where a customer stands on a day, since when, and how many months they have been on watch."""
    steps = steps_of(scale, rows, today)
    return steps[-1].state if steps else None


def next_turn(scale: TierScale, rows: _Rows, today: date) -> date | None:
    """
    The first day behind *today* on which the customer stands on another tier if no balance is heard of any more: by months that are known and not
    over, and since there are none for so long.
    """
    amounts, now = _amounts(scale, rows), Month.of(today).place
    if not amounts:
        return None
    stands, last = scale.stands(_over(amounts, now)), max(*amounts, now)
    for month in range(now + 1, min(last + LATE_MONTHS + scale.memory + 2, _NEVER)):
        if scale.stands(_over(amounts, month)) != stands:
            return Month.at(month).first
    return None


def explain_tier(
    scale: TierScale, name: str, rows: _Rows, today: date, show: Show, sources: tuple[str, ...] = ()
) -> Explanation:
    """
    Why a customer stands on the tier called *name* on a day, or does not: month by month, and the months that say so: that which put them where
    they stand, and those of a watch, or the last.
    """
    amounts = _amounts(scale, rows)
    items = []
    steps = scale.replay(_averages(_over(amounts, Month.of(today).place)))
    for step in steps:
        amount = Money.of_minor(amounts.get(step.month.place, 0), scale.currency)
        seen = (
            Seen(f"average of {step.month}", show(frozenset({_AVERAGE}), amount), sources),
            Seen("tier", f"{step.state.tier} ({step.move})"),
        )
        items.append(Explained(text=f"{name} from {step.month.next()} on", verdict=step.state.tier == name, seen=seen))
    last = steps[-1].state if steps else None
    holds = last is not None and last.tier == name
    telling = [] if last is None else [
        one for one, step in zip(items, steps, strict=True)
        if step.month.next() == last.since or last.until.place - step.month.place < max(last.watched, 1)
    ]  # fmt: skip
    tree = Explained(text="months", verdict=holds, items=tuple(items))
    return Explanation(holds=holds, tree=tree, because=tuple(telling))


def _over(amounts: Mapping[int, int], now: int) -> dict[int, int]:
    """
    Those of months that are over in the month *now* and count. Behind the last that is known there is one of nothing held, as soon as a
    balance of that month would be later than any comes.
    """
    found = {month: amount for month, amount in amounts.items() if month < now}
    if found:
        last = max(found)
        if now - 1 - LATE_MONTHS > last:
            last = now - 1 - LATE_MONTHS
            found[last] = 0
        if min(found) <= last - _LONGEST:
            found = {month: amount for month, amount in found.items() if month > last - _LONGEST}
    return found
