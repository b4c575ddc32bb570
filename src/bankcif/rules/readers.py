"""Reading what rules compare straight from golden values, a field or a collection at a time: the same as `opened_record`, of a whole file, where few fields are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from ..errors import RuleError
from .calendar import days
from .opened import OTHER, Birthdays, opened_schema, rested, rested_row
from .schema import Kind

__all__ = ["Reader", "RowReader", "reader_of", "row_fields", "row_reader"]

_YEAR = 366
Reader = Callable[[Mapping[str, Any]], Any]
RowReader = Callable[[Mapping[str, Any]], Sequence[tuple[Any, ...]]]


def reader_of(name: str) -> Reader:
    """
    What gives the field *name* of golden values in stored form, as rules compare it; None where there is none. Of what stands with the party, and not in the
    golden record, and of ages, there is no reader.

    Raises:
        RuleError: There is no such field.
    """
    field = opened_schema().fields.get(name)
    if field is None or field.kind is Kind.AGE:
        raise RuleError(f"there is no field {name} that golden values have")
    if name == "birth_year":
        return lambda values: int(values["birth_date"][:4]) if values.get("birth_date") else None
    if name.startswith("has_"):
        own = name.removeprefix("has_")
        return lambda values: values.get(own) not in (None, "", [], ())
    of = name.removesuffix("_currency")
    if of != name and of in opened_schema().fields:
        return lambda values: (values.get(of) or {}).get("currency")
    if field.kind is Kind.MONEY:
        return lambda values: (values.get(name) or {}).get("minor")
    if field.kind is Kind.DATE:
        return lambda values: rested(name, Kind.DATE, values[name])[name] if values.get(name) else None
    return lambda values: values.get(name)


def row_fields(collection: str) -> tuple[str, ...]:
    """The fields of a row of *collection*, without what rests with somebody else."""
    return tuple(name for name in opened_schema().collections[collection].fields if not name.startswith(OTHER))


def row_reader(collection: str, today: date, names: Sequence[str] | None = None) -> RowReader:
    """
    What gives the rows of *collection* of golden values, each with *names* in their order, or `row_fields`; of birthdays, which nobody delivers, those from a year
    before *today* to two years behind it.
    """
    if collection == "birthdays":
        return partial(_birthdays, days(today) - _YEAR, days(today) + 2 * _YEAR)
    rows, taken = opened_schema().collections[collection], row_fields(collection) if names is None else names

    def read(values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return [tuple(map(rested_row(rows, row).get, taken)) for row in values.get(collection) or ()]

    return read


def _birthdays(first: int, last: int, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["on"],) for one in Birthdays(values.get("birth_date")).between(first, last)]
