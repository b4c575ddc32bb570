"""Lengths of time with their unit, and what money to come is worth today: weeks are never read as days, nor a yearly rate as a weekly one."""

from __future__ import annotations

import enum
from typing import Any

import attrs
import numpy as np

from ..errors import InputError

__all__ = ["DiscountRate", "Span", "TimeUnit", "is_number", "need_parameters", "time_unit"]

DAYS_OF_YEAR = 365.25
_MOST = 1e15


class TimeUnit(enum.StrEnum):
    """In what times are counted."""

    DAY = "day"
    WEEK = "week"

    @property
    def days(self) -> int:
        """How many days it has."""
        return 7 if self is TimeUnit.WEEK else 1


def is_number(value: object) -> bool:
    """Whether *value* is a number that a span or a parameter may be."""
    number: Any = value  # of Python or NumPy, of which checkers do not know that they compare
    return (
        not isinstance(value, bool)
        and isinstance(value, int | float | np.integer | np.floating)
        and bool(abs(number) < _MOST)
    )


def need_parameters(of: str, *values: object) -> None:
    """
    Checks the parameters of a model *of* something.

    Raises:
        InputError: One is not above zero, or no number.
    """
    for one in values:
        number: Any = one
        if not is_number(one) or number <= 0:
            raise InputError(
                f"the parameters of a model of {of} are above zero", path="$.parameters", rule="parameters"
            )


def time_unit(value: object) -> TimeUnit:
    """
    The unit that *value* is or names.

    Raises:
        InputError: There is no such unit.
    """
    for one in TimeUnit:
        if value == one:
            return one
    raise InputError("times are counted in days or weeks", path="$.unit", rule="unit")


@attrs.frozen
class Span:
    """
    A length of time.

    Attributes:
        amount: How many units, zero or more.
        unit: Which.

    Raises:
        InputError: It is negative, no number, or more than 10**15.
    """

    amount: float
    unit: TimeUnit = attrs.field(converter=time_unit)

    def __attrs_post_init__(self) -> None:
        if not is_number(self.amount) or self.amount < 0:
            raise InputError("a length of time is zero or more", path="$.span", rule="span")

    def within(self, unit: TimeUnit) -> float:
        """It in another unit."""
        return self.amount * self.unit.days / unit.days


@attrs.frozen
class DiscountRate:
    """
    How much less money is worth that comes a year later: 0.1 for a tenth.

    Raises:
        InputError: It is negative, above one, or no number.
    """

    per_year: float

    def __attrs_post_init__(self) -> None:
        if not is_number(self.per_year) or not 0 <= self.per_year <= 1:
            raise InputError(
                "a yearly discount rate lies between 0 and 1, such as 0.1 for ten per cent",
                path="$.discount",
                rule="discount",
            )

    def factor(self, span: Span) -> float:
        """What one unit of money after *span* is worth today."""
        return float((1 + self.per_year) ** (-span.within(TimeUnit.DAY) / DAYS_OF_YEAR))
