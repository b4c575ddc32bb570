"""Values as rules say them, and what they rest as: texts that a database keeps, and whole numbers of 64 bits."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from .._clock import to_micros
from ..party import Money
from .calendar import days
from .schema import Kind, RuleField

__all__ = ["is_bounded", "is_storable", "is_whole", "rested", "utc_text"]

_UNSTORABLE = re.compile("[\\0\\ud800-\\udfff]")
_MOST_DIGITS = 40


def is_storable(value: object) -> bool:
    """Whether *value* is a text that every database keeps: without NUL, and without halves of characters."""
    return isinstance(value, str) and not _UNSTORABLE.search(value)


def is_whole(value: object) -> bool:
    """Whether *value* is a whole number of 64 bits."""
    return type(value) is int and -(2**63) <= value < 2**63


def is_bounded(value: object) -> bool:
    """Whether *value* can be written out: neither number nor decimal of thousands of digits."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return (
            isinstance(exponent, int) and abs(exponent) <= _MOST_DIGITS and len(value.as_tuple().digits) <= _MOST_DIGITS
        )
    return type(value) is not int or abs(value) < 10**_MOST_DIGITS


def rested(field: RuleField, value: Any) -> str | int | bool | None:
    """*value* as *field* rests; None if it is no such value."""
    kind = type(value)
    if field.kind is Kind.TEXT:
        return unicodedata.normalize("NFKC", value) if is_storable(value) else None
    if field.kind is Kind.INTEGER:
        return int(value) if kind is int else None
    if field.kind is Kind.BOOLEAN:
        return bool(value) if kind is bool else None
    if field.kind is Kind.DATE:
        return days(value) if kind is date else None
    if field.kind is Kind.INSTANT:
        # An instant within fourteen hours of the calendar's edge has no day in UTC, and still so many microseconds.
        return to_micros(value) if isinstance(value, datetime) and value.tzinfo is not None else None
    if field.kind is Kind.DECIMAL:
        return _units(Decimal(value), field.digits) if is_bounded(value) and kind in (int, Decimal) else None
    if field.kind is Kind.MONEY and isinstance(value, Money):
        return value.minor if field.currency in ("", value.currency) else None
    return None


def _units(value: Decimal, digits: int) -> int | None:
    """*value* in units of its last of *digits*, exactly; None if it has more of them."""
    sign, figures, exponent = value.as_tuple()
    assert isinstance(exponent, int), "what is bounded is finite"
    whole, shift = int("".join(map(str, figures))), exponent + digits
    if shift < 0 and whole % 10**-shift:
        return None
    found: int = whole * 10**shift if shift >= 0 else whole // 10**-shift
    return -found if sign else found


def utc_text(value: datetime) -> str:
    """An instant in UTC, or, at the edge of the calendar, as it was given."""
    try:
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        return value.isoformat(timespec="microseconds")
