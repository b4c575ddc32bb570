"""Values of customers as typed columns: as rules compare them, or as a mask shows them, by what a policy says of each field."""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import attrs

from .._extras import need
from ..access import EXACT, MONTH, YEAR, ColumnRule, FieldDecision, MaskProfiles, mask
from ..analytics import KEY, Column
from ..context import Effect, Sink
from ..errors import InputError
from ..party import CATALOGUE, FIELD_NAMES, PartyKind, currency_digits
from ..rules import OTHER, Kind, fields_behind, opened_schema

__all__ = [
    "MASKED",
    "RELATIONS",
    "Shown",
    "arrow_table",
    "fields_named",
    "is_exact",
    "of_others",
    "shown_by",
    "uncollected",
]

MASKED = "masked"
RELATIONS = "relationships"
_FREE = frozenset({"kind", "life_cycle", "review_state"})
"""What a policy grants with anything of a customer."""
_NEVER = frozenset({"cif_no"})
_EPOCH = date(1970, 1, 1)


@attrs.frozen(kw_only=True)
class Shown:
    """
    How a field is shown.

    Attributes:
        column: What its column is; None where nothing of it is shown.
        of: Makes what is shown of a value and of its currency, if it is money; None where it stands as it is.
    """

    column: Column | None
    of: Callable[[Any, str | None], Any] | None = None

    def cells(self, values: Sequence[Any], stored: Iterable[Any]) -> Sequence[Any]:
        """*values* as they are shown; *stored* are the same in stored form, which says the currency of money."""
        of = self.of
        if of is None:
            return values
        currencies = (one.get("currency") if isinstance(one, Mapping) else None for one in stored)
        return [None if one is None else of(one, money) for one, money in zip(values, currencies, strict=True)]


_NOTHING = Shown(column=None)


@lru_cache(1)
def of_others() -> Mapping[str, str]:
    """Columns of relations that tell of the other one, such as ``relationships.other_aml_class``, and what each is of them."""
    fields = opened_schema().collections[RELATIONS].fields
    return {f"{RELATIONS}.{name}": name.removeprefix(OTHER) for name in fields if name.startswith(OTHER)}


def is_exact(name: str, granted: Mapping[str, FieldDecision], masks: MaskProfiles) -> bool:
    """Whether of somebody to whom these decisions are about the field *name*, of which rules speak, may be shown as it is."""
    shown = shown_by(name, granted, masks)
    return shown.column is not None and shown.of is None


def fields_named(name: str) -> frozenset[str]:
    """
    The fields of the catalogue that the column *name* tells of.

    Raises:
        InputError: There is no such field, or it would tell who a customer is.
    """
    schema = opened_schema()
    known = name in schema or name in schema.collections or name in FIELD_NAMES or name in of_others()
    if not known or name in _NEVER:
        raise InputError(
            f"there is no field {name} to be extracted: name fields and rows that rules speak of, or fields of the catalogue", path="$.fields",
            rule="unknown_field",
        )  # fmt: skip
    return frozenset() if name in _FREE else fields_behind(name)


def shown_by(name: str, granted: Mapping[str, FieldDecision], masks: MaskProfiles) -> Shown:
    """How the field or collection *name* is shown of a customer to whom these decisions are about."""
    if not granted or not fields_named(name) <= granted.keys():
        return _NOTHING
    schema = opened_schema()
    if name in _FREE:
        return Shown(column=Column(Kind.TEXT))
    (field,) = fields_named(name)
    decision = granted[field]
    profile = masks.of(decision.profile, Sink.EXPORT)
    if name not in schema and name not in schema.collections:
        return _masked(name, decision, masks)
    rule = EXACT if decision.decision.effect is Effect.PERMIT else profile.column(field)
    if rule is None:
        rule = _as_masked(field, year=profile.year)
    if name in schema.collections:  # rows are shown as they are, or not
        return Shown(column=Column(Kind.TEXT)) if rule == EXACT else _NOTHING
    return _NOTHING if rule is None else _ruled(name, schema[name].kind, schema[name].digits, rule)


def _as_masked(field: str, *, year: bool) -> ColumnRule | None:
    """What the mask of *field* comes to for a value that rules compare; None where it hides it."""
    by = {CATALOGUE[kind][field].mask for kind in PartyKind if field in CATALOGUE[kind]}
    return EXACT if by == {"clear"} else YEAR if by == {"year"} and year else None


def _masked(name: str, decision: FieldDecision, masks: MaskProfiles) -> Shown:
    """What rules do not compare, as the text that its mask shows."""
    by = next(CATALOGUE[kind][name].mask for kind in PartyKind if name in CATALOGUE[kind])
    profile = masks.of(decision.profile, Sink.EXPORT)

    def shown(value: Any, _: str | None) -> str | None:
        found = mask(by, value, profile)
        return found if isinstance(found, str) and found.strip("*") else None

    return Shown(column=Column(Kind.TEXT, MASKED), of=shown)


def _ruled(name: str, kind: Kind, digits: int, rule: ColumnRule) -> Shown:
    if rule == EXACT:
        return Shown(column=Column(kind, EXACT, digits))
    if kind is Kind.AGE:  # it would tell more of the day than its month does
        return _NOTHING
    if rule in (MONTH, YEAR):
        first = _first_of_month if rule == MONTH else _first_of_year
        return Shown(column=Column(kind, str(rule)), of=first) if kind is Kind.DATE else Shown(column=Column(kind))
    assert isinstance(rule, tuple), "a rule of a column is a word or bounds"
    if kind is Kind.TEXT:  # the currency of an amount in bands
        return Shown(column=Column(kind))
    return Shown(column=Column(kind, "bands"), of=_in_bands(rule, money=kind is Kind.MONEY))


@lru_cache(100_000)
def _first_of_month(day: int, _: str | None = None) -> int:
    return ((_EPOCH + timedelta(day)).replace(day=1) - _EPOCH).days


@lru_cache(100_000)
def _first_of_year(day: int, _: str | None = None) -> int:
    return ((_EPOCH + timedelta(day)).replace(month=1, day=1) - _EPOCH).days


def _in_bands(bounds: Sequence[int], *, money: bool) -> Callable[[Any, str | None], int]:
    """The lower end of a value's band; what lies below all of them is given as the first. Bounds of money are in whole units of its currency."""

    def band(value: int, currency: str | None) -> int:
        unit = 10 ** currency_digits(currency or "") if money else 1
        return bounds[max(bisect_right(bounds, value // unit) - 1, 0)] * unit

    return band


@contextmanager
def uncollected() -> Iterator[None]:
    """Without Python's search for circles of garbage, which would go through every cell that was read, again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def arrow_table(keys: Sequence[str], values: Mapping[str, Sequence[Any]], columns: Mapping[str, Column]) -> Any:
    """An Arrow table of *keys* and columns of values as rules compare them."""
    pa = need("pyarrow", extra="bulk")
    arrays = {KEY: pa.array(keys, pa.string())}
    types = {Kind.TEXT: pa.string(), Kind.BOOLEAN: pa.bool_(), Kind.DATE: pa.int32()}
    for name, column in columns.items():
        found = pa.array(values[name], types.get(column.kind, pa.int64()))
        arrays[name] = found.cast(pa.date32()) if column.kind is Kind.DATE else found
    return pa.table(arrays)
