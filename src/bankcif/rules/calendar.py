"""
Days that lie so long before or behind the day on which a rule is asked.

Every engine reckons dates in its own way, so none is let: a relative day becomes a whole number of days since 1970-01-01 here,
and engines compare numbers. A month or a year before a day is the same day of that month, or its last, where it has no such day.
"""

from __future__ import annotations

import enum
from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

import attrs

__all__ = ["RelativeDay", "Span", "Unit", "day_of", "days", "shifted"]

_EPOCH = date(1970, 1, 1)


class Unit(enum.StrEnum):
    """Of a span of time."""

    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


@attrs.frozen
class Span:
    """So many days, months or years."""

    number: int
    unit: Unit


@attrs.frozen(cache_hash=True)  # what is reckoned of a day is kept by it
class RelativeDay:
    """The day on which a rule is asked, moved by so many days, months or years."""

    number: int = 0
    unit: Unit = Unit.DAYS

    def __attrs_post_init__(self) -> None:
        if not self.number:
            object.__setattr__(self, "unit", Unit.DAYS)  # today is today

    @property
    def name(self) -> str:
        """Of the parameter by which engines are told which day it is; no rule's own parameter has capital letters."""
        if not self.number:
            return "TODAY"
        return f"TODAY_{'MINUS' if self.number < 0 else 'PLUS'}_{abs(self.number)}_{self.unit.upper()}"

    def on(self, today: date) -> int:
        """Days since 1970-01-01; the first or last day of the calendar where it would lie beyond."""
        return _moved(today, self.number, self.unit)


@lru_cache(1 << 14)  # of a file, one day is asked for by each rule and customer
def _moved(today: date, number: int, unit: Unit) -> int:
    return days(shifted(today, number, unit))


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The reverse of `days`."""
    return _EPOCH + timedelta(days=number)


def shifted(day: date, number: int, unit: Unit) -> date:
    """*day* moved; within the years 1 to 9999."""
    if unit is Unit.DAYS:
        return date.fromordinal(min(max(day.toordinal() + number, 1), date.max.toordinal()))
    months = day.year * 12 + day.month - 1 + number * (12 if unit is Unit.YEARS else 1)
    year, month = divmod(months, 12)
    if not date.min.year <= year <= date.max.year:
        return date.min if number < 0 else date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
