"""
What a rule may speak of once a customer is opened: everything of the catalogue that has a type, and the rows of their holdings, dealings,
interactions, consents and relations, the latter with what rests in plain of the other one. Names, numbers, addresses and free text are no matter of rules; whether there is one is.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from ..errors import RuleError
from ..party import CATALOGUE, FACT_COLUMNS, LAST_HOUR, WHOLE, DataGroup, Field, FieldType, PartyKind, Rest, Sensitivity
from .calendar import day_of, days
from .ordered import OrderedRows
from .schema import Collection, Kind, RuleField, Schema

__all__ = [
    "OTHER",
    "comes_from",
    "fields_behind",
    "opened_record",
    "opened_schema",
    "rested",
    "rested_row",
    "sensitivity_of",
]

_TYPES = {FieldType.CODE: Kind.TEXT, FieldType.TEXT: Kind.TEXT, FieldType.DATE: Kind.DATE, FieldType.INTEGER: Kind.INTEGER,
          FieldType.MONEY: Kind.MONEY}  # fmt: skip
_PARTY = ("cif_no", "kind", "life_cycle", "review_state", "branch", "manager", "prefecture")
OTHER = "other_"
"""How what is known of the other one of a relation begins."""
_STATES_OF_OTHER = ("life_cycle", "review_state")
_MOST_COUNT = 10**9
_MONTH = re.compile(r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])")
_OLDEST = 120
_FIRST_DAY, _LAST_DAY = days(date.min), days(date.max)
_DERIVED = {
    "birthdays": "birth_date",
    "age": "birth_date",
    "birth_year": "birth_date",
    "prefecture": "address",
    "branch": "home_branch",
}
"""From which field of the catalogue what a rule may name follows."""


@cache
def _catalogued() -> Mapping[str, Field]:
    """Each field of the catalogue, by its name."""
    return {name: field for kind in reversed(PartyKind) for name, field in CATALOGUE[kind].items()}


def _is_typed(field: Field) -> bool:
    """Whether rules compare its values: what is sealed as free text is not a matter of rules, but of ratings."""
    free = field.type is FieldType.TEXT and field.rests is not Rest.PLAIN and field.group is not DataGroup.RISK
    return field.type in _TYPES and not free


def _money(name: str) -> list[RuleField]:
    return [RuleField(name, Kind.MONEY, currency_field=f"{name}_currency"), RuleField(f"{name}_currency", Kind.TEXT)]


@cache
def _fields() -> tuple[RuleField, ...]:
    found = [RuleField(name, Kind.TEXT) for name in _PARTY]
    for field in _catalogued().values():
        if not _is_typed(field):
            found.append(RuleField(f"has_{field.name}", Kind.BOOLEAN))
        elif field.name in _PARTY:
            continue
        elif field.type is FieldType.MONEY:
            found += _money(field.name)
        else:
            most = _MOST_COUNT if field.type is FieldType.INTEGER else None
            found.append(RuleField(field.name, _TYPES[field.type], most=most))
    found.append(RuleField("age", Kind.AGE, born="birth_date"))
    found.append(RuleField("birth_year", Kind.INTEGER, most=9999))
    return tuple(found)


@cache
def _collections() -> tuple[Collection, ...]:
    def texts(*names: str) -> list[RuleField]:
        return [RuleField(name, Kind.TEXT) for name in names]

    dates = [RuleField("opened_on", Kind.DATE), RuleField("closed_on", Kind.DATE)]
    number = RuleField("count", Kind.INTEGER, most=_MOST_COUNT)
    return (
        Collection("holdings", [*texts("product", "role", "status", "branch"), *dates, *_money("balance")], date="opened_on"),
        Collection(
            "transactions", [*texts("period", "channel", "type"), number, *_money("total"), RuleField("hour", Kind.INTEGER, most=LAST_HOUR), RuleField("month", Kind.DATE)], date="month"
        ),
        Collection(
            "consents",
            [*texts("purpose", "state", "channel", "data_group", "recipient", "country"), RuleField("guardian", Kind.BOOLEAN),
             RuleField("since", Kind.DATE), RuleField("until", Kind.DATE)],
            date="since",
        ),
        Collection(
            "relationships",
            [*texts("kind", "role", "means"), RuleField("since", Kind.DATE), RuleField("until", Kind.DATE),
             *(RuleField(name, Kind.DECIMAL, digits=6, most=WHOLE) for name in ("share", "votes")), *_others()],
            date="since",
        ),
        Collection(
            "identifiers",
            [RuleField("scheme", Kind.TEXT), RuleField("long_term", Kind.BOOLEAN), RuleField("valid_from", Kind.DATE),
             RuleField("valid_until", Kind.DATE)],
            date="valid_until",
        ),
        Collection(
            "reviews", [*texts("trigger", "outcome"), RuleField("opened", Kind.DATE), RuleField("closed", Kind.DATE)], date="opened"
        ),
        Collection("holds", [*texts("ground"), RuleField("since", Kind.DATE), RuleField("ended", Kind.DATE)], date="since"),
        Collection(
            "requests",
            [*texts("kind", "asked_by", "state", "ground"), RuleField("received", Kind.DATE), RuleField("due", Kind.DATE), RuleField("closed", Kind.DATE)],
            date="received",
        ),
        Collection(
            "flags",
            [*texts("kind", "source", "state"), RuleField("since", Kind.DATE), RuleField("until", Kind.DATE), RuleField("score", Kind.INTEGER, most=_MOST_COUNT)],
            date="since",
        ),
        Collection("birthdays", [RuleField("on", Kind.DATE)], date="on"),
        Collection(
            "tax_residences",
            [*texts("country", "no_tin"), RuleField("certified_on", Kind.DATE)],
            date="certified_on",
        ),
        Collection("balances", [RuleField("month", Kind.DATE), *_money("average")], date="month"),
        Collection(
            "interactions",
            [*texts("channel", "type", "direction", "campaign", "outcome"), RuleField("on", Kind.DATE), RuleField("due", Kind.DATE)],
            date="on",
        ),
    )  # fmt: skip


@cache
def _others() -> tuple[RuleField, ...]:
    """What rests in plain of the other one of a relation; ages are told by the birth year."""
    typed = {name: _TYPES[field.type] for name, field in _catalogued().items() if field.type in _TYPES}
    facts = {
        name: typed.get(name, Kind.INTEGER if type_ is int else Kind.TEXT)
        for name, type_ in FACT_COLUMNS.items()
        if not name.startswith("age_class")
    }
    kinds = {**dict.fromkeys(_STATES_OF_OTHER, Kind.TEXT), **facts}
    return tuple(
        RuleField(OTHER + name, kind, most=_MOST_COUNT if kind is Kind.INTEGER else None)
        for name, kind in kinds.items()
    )


@cache
def _own() -> Schema:
    return Schema(_fields(), _collections())


def opened_schema(*, tags: Iterable[str] = (), segments: Iterable[str] = (), more: Schema | None = None) -> Schema:
    """
    What a rule may speak of.

    Args:
        tags, segments: Other definitions that it may name.
        more: A bank's own fields and collections, which come with the customers' from elsewhere.

    Raises:
        RuleError: *more* names what is there already.
    """
    own, names = _own(), (frozenset(tags), frozenset(segments))
    if more is None and not any(names):
        return own
    given = more or Schema(())
    if twice := (own.keys() & given.keys()) | (own.collections.keys() & given.collections.keys()):
        raise RuleError(f"{', '.join(sorted(twice))} is a customer's already; give it another name")
    return Schema(
        {**own.fields, **given.fields}, {**own.collections, **given.collections}, *names
    )  # fmt: skip


def comes_from(name: str) -> str:
    """The field of the catalogue from which what a rule calls *name* follows: the birth date, of an age."""
    own = name.partition(".")[0].removesuffix("_currency")
    own = own.removeprefix("has_") if own.removeprefix("has_") in _catalogued() else own
    return _DERIVED.get(own, own)


def fields_behind(name: str) -> frozenset[str]:
    """
    Every field of the catalogue that a name of a rule tells of: of ``relationships.other_aml_class`` the relations, and the other one's risk
    class.
    """
    own, _, of_row = name.partition(".")
    behind = {comes_from(own)}
    if of_row.startswith(OTHER):
        behind.add(comes_from(of_row.removeprefix(OTHER)))
    return frozenset(behind)


def sensitivity_of(name: str) -> Sensitivity:
    """
    The class of a field that a rule reads: of a customer, or, as ``holdings.balance``, of a row.

    A bank's own field is of class C2: what is known of one customer is personal. A tag that should be of a higher class says so itself.
    """
    of = name.partition(".")[0].removesuffix("_currency")
    if of.removeprefix("has_") in _catalogued().keys() - {of} or of in ("cif_no", "kind", "life_cycle", "review_state"):
        return Sensitivity.C1
    field = _catalogued().get(comes_from(of))
    return Sensitivity.C2 if field is None else field.sensitivity


def opened_record(
    party: Mapping[str, Any], values: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """
    A customer as rules see them.

    Args:
        party: Of `_PARTY`, what is known.
        values: Golden values in stored form.
        others: Facts and states of those to whom they are related, by the number that a relation names; relations to anybody else are left out.
            None if nothing is known of the others.
    """
    blank, typed = _blank()
    record = dict(blank)
    for name, value in values.items():
        if name in typed:
            record |= rested(name, typed[name], value)
        elif f"has_{name}" in blank:
            record[f"has_{name}"] = value not in (None, "", [], ())
    for name in _PARTY:
        record[name] = party.get(name)
    born = values.get("birth_date")
    record["birth_year"] = int(born[:4]) if born else None
    record["birthdays"] = Birthdays(born)
    for rows in _collections():
        if rows.name == "birthdays":
            continue
        said = values.get(rows.name) or ()
        if rows.name == "relationships" and others is not None:
            said = [{**row, **_of_other(others[row["other"]])} for row in said if row["other"] in others]
        record[rows.name] = [rested_row(rows, row) for row in said]
    return record


class Birthdays(OrderedRows):
    """
    The rows of ``birthdays``: every birthday up to the hundred-and-twentieth, made when a rule asks. Who was born on 29 February has the birthday
    on 1 March of other years.
    """

    by = "on"

    def __init__(self, born: str | None) -> None:
        self._born = date.fromisoformat(born) if born else None

    def __len__(self) -> int:
        return 0 if self._born is None else min(_OLDEST, date.max.year - self._born.year) + 1

    def __getitem__(self, at: Any) -> Any:
        return [*self][at]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.between(_FIRST_DAY, _LAST_DAY))

    def between(self, low: int, high: int) -> Sequence[Mapping[str, Any]]:
        if self._born is None or low > high or low > _LAST_DAY or high < _FIRST_DAY:
            return ()
        born = self._born
        first = max(day_of(max(low, _FIRST_DAY)).year - born.year, 0)
        last = min(day_of(min(high, _LAST_DAY)).year - born.year, len(self) - 1)
        found = (days(_birthday(born, born.year + age)) for age in range(first, last + 1))
        return [{"on": day} for day in found if low <= day <= high]


def _birthday(born: date, year: int) -> date:
    leap = (born.month, born.day) == (2, 29) and not isleap(year)
    return date(year, 3, 1) if leap else born.replace(year=year)


def _of_other(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {OTHER + name: value for name, value in facts.items()}


@cache
def _blank() -> tuple[Mapping[str, Any], Mapping[str, FieldType]]:
    """The record of somebody of whom nothing is known, and the types of the fields whose values rules compare."""
    typed = {one.name: one.type for one in _catalogued().values() if _is_typed(one) and one.name not in _PARTY}
    record: dict[str, Any] = {field.name: None for field in _fields() if field.kind is not Kind.AGE}
    record |= {name: False for name in record if name.startswith("has_")}
    return record, typed


def rested(name: str, type_: FieldType | Kind, value: Any) -> dict[str, Any]:
    """A value in stored form as rules compare it."""
    if type_ in (FieldType.MONEY, Kind.MONEY):
        return (
            {name: value["minor"], f"{name}_currency": value["currency"]}
            if value
            else {name: None, f"{name}_currency": None}
        )
    if type_ in (FieldType.DATE, Kind.DATE):
        return {name: days(date.fromisoformat(value)) if value else None}
    return {name: value}


def rested_row(rows: Collection, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a collection in stored form, as rules compare it."""
    found: dict[str, Any] = {}
    for name, field in rows.items():
        if name.startswith(OTHER):
            found[name] = row.get(name)  # a fact rests as rules compare it
        elif name != "month" and not name.endswith("_currency"):
            found |= rested(name, field.kind, row.get(name, False if field.kind is Kind.BOOLEAN else None))
    if "month" in rows:
        period = str(row.get("month") or row.get("period") or "")
        found["month"] = days(date.fromisoformat(f"{period}-01")) if _MONTH.fullmatch(period) else None
    return found
