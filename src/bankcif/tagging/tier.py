"""
Tiers: on which step of a ladder of balances a customer stands, month by month.

The measure is the average of the closing balances of all days of a month. Whoever reaches a higher floor stands there from the next month on;
whoever falls below the own floor is on watch, and after so many months of it in a row drops to where the last of them puts them. An average
is never divided out: its sum is compared with the floor times the days.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

import attrs

from ..errors import InputError, RuleError
from ..party import Money

__all__ = ["MOST_MINOR", "Average", "Month", "Move", "Step", "Tier", "TierScale", "TierState", "average_of"]

_MOST_GRACE = 24
_MOST_MEMORY = 120
MOST_MINOR = 10**15
"""Ten trillion yuan: no floor is higher, nor is what a book adds to a month."""


@attrs.frozen(order=True)
class Month:
    """A month of the calendar."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def place(self) -> int:
        """Its number, counted month by month."""
        return self.year * 12 + self.month - 1

    @classmethod
    def at(cls, place: int) -> Month:
        """The month of that number."""
        return cls(place // 12, place % 12 + 1)

    def minus(self, months: int) -> Month:
        return Month.at(self.place - months)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def days(self) -> int:
        return monthrange(self.year, self.month)[1]

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@attrs.frozen
class Average:
    """An average of a month: *total* minor units over *days*."""

    total: int
    days: int

    def reaches(self, floor: int) -> bool:
        """Whether it is *floor* minor units or more."""
        return self.total >= floor * self.days


@attrs.frozen
class Tier:
    """
    A step of the ladder.

    Attributes:
        name: As it is called.
        floor: From which average on a customer stands there.
        grace_months: So many months in a row below the floor are watched; in the one after them the customer drops.
    """

    name: str
    floor: Money
    grace_months: int = 3


class Move(enum.StrEnum):
    """What a month's average means for a customer."""

    ENTERED = "entered"
    PROMOTED = "promoted"
    STAYED = "stayed"
    WATCHED = "watched"
    RECOVERED = "recovered"
    DROPPED = "dropped"


@attrs.frozen(kw_only=True)
class TierState:
    """
    Where a customer stands.

    Attributes:
        tier: On which step.
        since: From which month on.
        watched: How many months in a row their average was below the floor.
        until: The last month that was reckoned.
    """

    tier: str
    since: Month
    watched: int = 0
    until: Month


@attrs.frozen(kw_only=True)
class Step:
    """A month reckoned: what it meant, and where the customer stands from the next month on."""

    month: Month
    move: Move
    state: TierState


@attrs.frozen
class TierScale:
    """
    A ladder.

    Attributes:
        tiers: Lowest first; the lowest has no floor.

    Raises:
        RuleError: Floors do not rise, are of several currencies or out of range, or grace is.
    """

    tiers: tuple[Tier, ...]

    def __attrs_post_init__(self) -> None:
        floors = [tier.floor.minor for tier in self.tiers]
        problem = ""
        if not floors or floors[0] != 0 or floors != sorted(set(floors)):
            problem = "the floors of tiers rise from 0"
        elif floors[-1] > MOST_MINOR:
            problem = f"the floor of a tier is {MOST_MINOR:,} minor units at most"
        elif len({tier.floor.currency for tier in self.tiers}) > 1:
            problem = "the floors of tiers are of one currency"
        elif len({tier.name for tier in self.tiers}) < len(self.tiers):
            problem = "two tiers have one name"
        elif not all(type(tier.grace_months) is int and 1 <= tier.grace_months <= _MOST_GRACE for tier in self.tiers):
            problem = f"the grace of a tier is 1 to {_MOST_GRACE} months"
        elif self.memory > _MOST_MEMORY:
            problem = f"the graces of a ladder's tiers are {_MOST_MEMORY} months together at most"
        if problem:
            raise RuleError(problem)

    @property
    def currency(self) -> str:
        """Of all floors."""
        return self.tiers[0].floor.currency

    @cached_property
    def memory(self) -> int:
        """
        How many last months say where a customer stands, whatever was before: the graces of all steps but the lowest. Of two who had other
        months before, the one who stands higher is on watch and drops within a grace; then the other may stand higher, but on a lower step.
        """
        return max(sum(tier.grace_months for tier in self.tiers[1:]), 1)

    def of(self, average: Average) -> Tier:
        """The step that *average* reaches."""
        return next(tier for tier in reversed(self.tiers) if tier is self.tiers[0] or average.reaches(tier.floor.minor))

    def step(self, state: TierState | None, month: Month, average: Average) -> Step:
        """
        What *month*'s *average* means for a customer who stood at *state*; None for one who is new.

        Raises:
            InputError: *month* is not the one behind those that were reckoned, or the scale has no such tier.
        """
        reached, then = self.of(average), month.next()
        if state is None:
            return _moved(month, Move.ENTERED, TierState(tier=reached.name, since=then, until=month))
        if month != state.until.next():
            raise InputError(f"month {month} is not the one behind {state.until}; reckon anew from there", rule="tiers")
        own = self._place(state.tier)
        if self._place(reached.name) > own:
            return _moved(month, Move.PROMOTED, TierState(tier=reached.name, since=then, until=month))
        if reached.name == state.tier:
            move = Move.RECOVERED if state.watched else Move.STAYED
            return _moved(month, move, attrs.evolve(state, watched=0, until=month))
        if state.watched + 1 < self.tiers[own].grace_months:
            return _moved(month, Move.WATCHED, attrs.evolve(state, watched=state.watched + 1, until=month))
        return _moved(month, Move.DROPPED, TierState(tier=reached.name, since=then, until=month))

    def replay(self, averages: Mapping[Month, Average], state: TierState | None = None) -> list[Step]:
        """
        Every month from the first of *averages*, or the one behind *state*, to the last; a month without one counts as nothing held.

        What is reckoned month by month and what is reckoned at once are one; where an average of an earlier month is corrected, the months
        from there on are reckoned again.
        """
        steps: list[Step] = []
        month, last = min(averages, default=None), max(averages, default=None)
        if state is not None and month is not None and month >= state.until.next():
            month = state.until.next()
        while month is not None and last is not None and month <= last:
            steps.append(self.step(state, month, averages.get(month, Average(0, month.days))))
            state, month = steps[-1].state, month.next()
        return steps

    def stands(self, amounts: Mapping[int, int]) -> str | None:
        """
        The tier from the month behind the last of *amounts* on, as `replay` gives it; None of none. It is asked of every customer, and of each for
        many days.

        Args:
            amounts: Averages in minor units by `Month.place`; a month without one counts as nothing held.
        """
        if not amounts:
            return None
        last = max(amounts)
        place, watched = 0, 0
        for month in range(max(last - self.memory + 1, min(amounts)), last + 1):
            reached = max(bisect_right(self._floors, amounts.get(month, 0)) - 1, 0)
            watched = watched + 1 if reached < place and watched + 1 < self.tiers[place].grace_months else 0
            place = place if watched else reached
        return self.tiers[place].name

    @cached_property
    def _floors(self) -> list[int]:
        return [tier.floor.minor for tier in self.tiers]

    def missing(self, state: TierState, average: Average) -> Money | None:
        """How much more the month's average needed for the next tier; None on the highest."""
        above = self.tiers[self._place(state.tier) + 1 :]
        if not above:
            return None
        short = above[0].floor.minor * average.days - average.total
        return Money.of_minor(max(-(-short // average.days), 0), above[0].floor.currency)

    def _place(self, name: str) -> int:
        found = next((at for at, tier in enumerate(self.tiers) if tier.name == name), None)
        if found is None:
            raise InputError(f"this scale has no tier {name}", rule="tiers")
        return found


def _moved(month: Month, move: Move, state: TierState) -> Step:
    return Step(month=month, move=move, state=state)


def average_of(balances: Iterable[tuple[date, int]], month: Month, *, before: int = 0) -> Average:
    """
    The average of a month.

    Args:
        balances: Closing balances in minor units, of days of the month; a day that is not there closed as the one before it.
        before: What the month began with.
    """
    known = dict(sorted(balances))
    total, standing = 0, before
    for day in range(1, month.days + 1):
        standing = known.get(date(month.year, month.month, day), standing)
        total += standing
    return Average(total, month.days)
