"""What a rule may speak of: names, their types, and what each is called."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from functools import cache

import attrs

from ..party import CATALOGUE, FACT_COLUMNS, FieldType, PartyKind

__all__ = ["Kind", "RuleField", "Schema", "customer_schema"]


class Kind(enum.StrEnum):
    """Type of a value in a rule. A date rests as days since 1970-01-01."""

    TEXT = "text"
    INTEGER = "integer"
    DATE = "date"


@attrs.frozen
class RuleField:
    """One name that a rule may speak of."""

    name: str
    kind: Kind


@attrs.frozen
class Schema(Mapping[str, RuleField]):
    """All names that a rule may speak of."""

    _fields: dict[str, RuleField]

    def __getitem__(self, name: str) -> RuleField:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


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
    return Schema({name: RuleField(name, kind) for name, kind in {**kinds, **party}.items()})
