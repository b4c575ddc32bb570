"""
Tiers: on which step of a ladder of balances a customer stands, month by month.

The measure is the average of the closing balances of all days of a month. Whoever reaches a higher floor stands there from the next month on;
whoever falls below the own floor is on watch, and after so many months of it in a row drops to where the last of them puts them. An average
is never divided out: its sum is compared with the floor times the days.

    version = "2026.1"
    currency = "CNY"
    [[tier]]
    name = "mass"
    zh = "大众客户"
    en = "Mass"
    floor = "0"
    [[tier]]
    name = "affluent"
    zh = "理财客户"
    en = "Affluent"
    floor = "50000"
    grace_months = 3
"""

from __future__ import annotations

import enum
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import attrs
from attrs.validators import instance_of

from .._toml import read_toml
from ..errors import BankCIFError, ConfigurationError
from ..party import Money

__all__ = ["Average", "Month", "Move", "Step", "Tier", "TierScale", "TierState", "average_of"]


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


@attrs.frozen(kw_only=True)
class Tier:
    """
    A step of the ladder.

    Attributes:
        name, zh, en: As it is called.
        floor: From which average on a customer stands there.
        grace_months: So many months in a row below the floor are watched; in the one after them the customer drops.
    """

    name: str = attrs.field(validator=instance_of(str))
    zh: str = attrs.field(validator=instance_of(str))
    en: str = attrs.field(validator=instance_of(str))
    floor: Money
    grace_months: int = attrs.field(default=3, validator=instance_of(int))


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
        version: As the bank counts it.
        tiers: Lowest first; the lowest has no floor.

    Raises:
        ConfigurationError: Floors do not rise, are of several currencies, or grace is out of range.
    """

    version: str
    tiers: tuple[Tier, ...]

    def __attrs_post_init__(self) -> None:
        floors = [tier.floor.minor for tier in self.tiers]
        problem = ""
        if not floors or floors[0] != 0 or floors != sorted(set(floors)):
            problem = "the floors of a scale rise from 0"
        elif len({tier.floor.currency for tier in self.tiers}) > 1:
            problem = "the floors of a scale are of one currency"
        elif len({tier.name for tier in self.tiers}) < len(self.tiers):
            problem = "two tiers have one name"
        elif not all(1 <= tier.grace_months <= 24 for tier in self.tiers):
            problem = "grace is 1 to 24 months"
        if problem:
            raise ConfigurationError(problem, rule="tiers")

    @classmethod
    def read(cls, path: Path) -> TierScale:
        """The scale in the TOML file *path*. Raises `ConfigurationError` if it cannot be read, or is none."""
        return cls.from_document(read_toml(path, "tiers", ConfigurationError, "tiers"))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> TierScale:
        """The scale in a parsed document. Raises `ConfigurationError` as `read` does."""
        problem = "a scale has a version, a currency, and [[tier]] with name, zh, en, floor and maybe grace_months"
        try:
            currency, tiers = document["currency"], document["tier"]
            made = tuple(Tier(**{**table, "floor": Money(table["floor"], currency)}) for table in tiers)
            if set(document) == {"version", "currency", "tier"} and isinstance(document["version"], str):
                return cls(document["version"], made)
        except ConfigurationError as error:
            problem = str(error)
        except (BankCIFError, KeyError, TypeError, ValueError, AttributeError):
            pass
        raise ConfigurationError(problem, rule="tiers")

    def of(self, average: Average) -> Tier:
        """The step that *average* reaches."""
        return next(tier for tier in reversed(self.tiers) if tier is self.tiers[0] or average.reaches(tier.floor.minor))

    def step(self, state: TierState | None, month: Month, average: Average) -> Step:
        """
        What *month*'s *average* means for a customer who stood at *state*; None for one who is new.

        Raises:
            ConfigurationError: *month* is not the one behind those that were reckoned, or the scale has no such tier.
        """
        reached, then = self.of(average), month.next()
        if state is None:
            return _moved(month, Move.ENTERED, TierState(tier=reached.name, since=then, until=month))
        if month != state.until.next():
            raise ConfigurationError(
                f"month {month} is not the one behind {state.until}; reckon anew from there", rule="tiers"
            )
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
            raise ConfigurationError(f"this scale has no tier {name}", rule="tiers")
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
