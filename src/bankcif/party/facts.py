"""
Facts: what of a party rests in plain, typed columns, so that rules may read it in the database.

Only what the catalogue lets rest in plain, with its reason there, and four derived facts: birth year, age class with
the day it stands for, and the prefecture of the address. Pseudonymous: no identifier, no free text beside them.
Dates rest as days since 1970-01-01.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from typing import Any

from .fields import FieldType, Rest
from .models import CATALOGUE, PartyKind

__all__ = ["AGE_BOUNDS", "FACT_COLUMNS", "age_on", "day_of_age", "facts_from"]

# Source: ages that law and practice tie rules to: 14 (PIPL art. 31), 16 and 46 (validity of ID cards), 18 (majority),
# 60 (old age, law on the elderly art. 2).
AGE_BOUNDS = (14, 16, 18, 46, 60)
"""An age class is how many of these bounds a person has reached."""

_EPOCH = date(1970, 1, 1)
_INTEGERS = (FieldType.DATE, FieldType.INTEGER)

FACT_COLUMNS: Mapping[str, type] = {
    "kind": str,
    **{
        name: int if field.type in _INTEGERS else str
        for kind in PartyKind
        for name, field in CATALOGUE[kind].items()
        if field.rests is Rest.PLAIN
    },
    "birth_year": int,
    "age_class": int,
    "age_class_on": int,
    "prefecture": str,
}
"""Column to its type, in the order of the store."""


def facts_from(kind: PartyKind, values: Mapping[str, Any], *, born: str, today: date) -> dict[str, Any]:
    """
    The facts of a golden record.

    Args:
        kind: Party kind.
        values: Golden values in stored form.
        born: Birth date as ``YYYY-MM-DD``, or empty.
        today: The day the age class stands for.

    Returns:
        Every column of `FACT_COLUMNS`, None where nothing is known.
    """
    found: dict[str, Any] = dict.fromkeys(FACT_COLUMNS)
    found["kind"] = kind.value
    for name, value in values.items():
        field = CATALOGUE[kind][name]
        if field.rests is Rest.PLAIN:
            found[name] = days(value) if field.type is FieldType.DATE else value
    if born:
        day = date.fromisoformat(born)
        age = age_on(day, today)
        found["birth_year"] = day.year
        found["age_class"], found["age_class_on"] = bisect_right(AGE_BOUNDS, age), days(today.isoformat())
    code = (values.get("address") or {}).get("code", "")
    found["prefecture"] = code[:4] or None
    return found


def age_on(born: date, day: date) -> int:
    """Whole years from *born* to *day*; whoever was born on 29 February is a year older on 1 March of other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def day_of_age(born: date, years: int) -> date:
    """The day on which whoever was born on *born* is *years* old, by `age_on`; the last there is, where that lies behind it."""
    if born.year + years > date.max.year:
        return date.max
    leap = (born.month, born.day) == (2, 29)
    return (
        date(born.year + years, 3, 1)
        if leap and not _is_leap(born.year + years)
        else born.replace(year=born.year + years)
    )


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days(text: str) -> int:
    """Days from 1970-01-01 to the date *text*."""
    return (date.fromisoformat(text) - _EPOCH).days
