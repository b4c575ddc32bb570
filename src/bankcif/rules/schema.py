"""What a rule may speak of: fields with their types, collections of rows, and other definitions."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import attrs

from ..errors import RuleError
from ..party import AGE_BOUNDS, CATALOGUE, FACT_COLUMNS, FieldType, PartyKind

__all__ = ["Collection", "Kind", "RuleField", "Schema", "customer_schema"]

MOST_MINOR = 10**15
"""Ten trillion yuan in hundredths: what a field of money holds at most unless it says otherwise."""


class Kind(enum.StrEnum):
    """
    Type of a value in a rule.

    As engines see it: text in Unicode, compared by code points; everything else a whole number of 64 bits, or a truth value. A date
    rests as days since 1970-01-01, an instant as microseconds since then in UTC, money in minor units of its currency, a decimal as so
    many units of its last digit.
    """

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    AGE = "age"


@attrs.frozen
class RuleField:
    """
    One name that a rule may speak of.

    Attributes:
        name: As rules say it; parts of it may be joined by points.
        kind: Its type.
        currency: Of money, if all of it is of one.
        currency_field: Of money, the field in which its currency stands, otherwise.
        digits: Of a decimal, how many stand behind the point.
        most: What it holds at most, up and down, in the unit in which it rests. Without it a field is compared and not reckoned with;
            money has one in any case.
        born: Of an age, the field of the birth date.
        bounds: Of an age for which there is a class alone, the ages at which classes begin; `born` then is the class's field.
    """

    name: str
    kind: Kind
    currency: str = attrs.field(default="", kw_only=True)
    currency_field: str = attrs.field(default="", kw_only=True)
    digits: int = attrs.field(default=0, kw_only=True)
    most: int | None = attrs.field(default=None, kw_only=True)
    born: str = attrs.field(default="", kw_only=True)
    bounds: tuple[int, ...] = attrs.field(default=(), kw_only=True)

    def __attrs_post_init__(self) -> None:
        if (self.kind is Kind.MONEY) != bool(self.currency or self.currency_field) or (
            self.currency and self.currency_field
        ):
            raise RuleError(
                f"{self.name}: money, and nothing else, has a currency or a field of currencies", position=0
            )
        if (self.kind is Kind.AGE) != bool(self.born) or (self.digits and self.kind is not Kind.DECIMAL):
            raise RuleError(f"{self.name}: an age names the field it follows from; digits are a decimal's", position=0)
        if self.kind is Kind.MONEY and self.most is None:
            object.__setattr__(self, "most", MOST_MINOR)

    @property
    def unit(self) -> tuple[Kind, str, int]:
        """What two fields share that can be compared with each other."""
        return self.kind, self.currency or self.currency_field, self.digits


def _fields(given: Mapping[str, RuleField] | Iterable[RuleField]) -> Mapping[str, RuleField]:
    return dict(given) if isinstance(given, Mapping) else {one.name: one for one in given}


def _collections(given: Mapping[str, Collection] | Iterable[Collection]) -> Mapping[str, Collection]:
    return dict(given) if isinstance(given, Mapping) else {one.name: one for one in given}


@attrs.frozen
class Collection(Mapping[str, RuleField]):
    """
    Rows of which a customer has many, such as holdings.

    Attributes:
        name: As rules say it.
        fields: Of a row.
        date: The field of the day that a row is of; rules cannot ask for a time or for the last where there is none.
        most_rows: Of one customer, at most: what a sum is reckoned with.
    """

    name: str
    fields: Mapping[str, RuleField] = attrs.field(converter=_fields, hash=False)
    date: str = ""
    most_rows: int = 4096

    def __attrs_post_init__(self) -> None:
        if self.date and (self.date not in self.fields or self.fields[self.date].kind is not Kind.DATE):
            raise RuleError(f"{self.name}: {self.date} is no date of its rows", position=0)

    def __getitem__(self, name: str) -> RuleField:
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


@attrs.frozen(hash=False)
class Schema(Mapping[str, RuleField]):
    """
    All that a rule may speak of.

    Attributes:
        fields: Of a customer.
        collections: Of a customer's rows.
        tags, segments: Names of other definitions.
    """

    fields: Mapping[str, RuleField] = attrs.field(converter=_fields)
    collections: Mapping[str, Collection] = attrs.field(factory=dict, converter=_collections)
    tags: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> RuleField:
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def knows(self, kind: str, name: str) -> bool:
        """Whether there is a tag or segment of this name."""
        return name in {"tag": self.tags, "segment": self.segments}[kind]


@cache
def customer_schema() -> Schema:
    """The plain facts of a customer, and where their party stands: what a store can compare without opening anything."""
    dates = {field.name for kind in PartyKind for field in CATALOGUE[kind].values() if field.type is FieldType.DATE} | {
        "age_class_on"
    }
    kinds = {
        name: Kind.DATE if name in dates else Kind.INTEGER if type_ is int else Kind.TEXT
        for name, type_ in FACT_COLUMNS.items()
    }
    party = dict.fromkeys(("cif_no", "life_cycle", "review_state", "branch", "manager"), Kind.TEXT)
    found = [RuleField(name, kind) for name, kind in {**kinds, **party}.items()]
    found.append(RuleField("age", Kind.AGE, born="age_class", bounds=AGE_BOUNDS))
    return Schema(found)
