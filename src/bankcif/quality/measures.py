"""
What quality rules may speak of beside the catalogue: what is found by looking into values, and never the values themselves.

A number's faults, whether names are readings of each other, how much of an address is understood, when a value was last confirmed, and with how many
others it is shared. All of it is a function of golden values, of the days on which they were confirmed, and of what was counted over the whole file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

import attrs

from ..identifiers import SchemeSet, Severity, facts_of, resident_ids
from ..party import CATALOGUE, PartyKind
from ..rules import Kind, RuleField, Schema, days, opened_schema
from ..wording import AddressBook, Level, is_placeholder, person_name

__all__ = ["COUNTED", "SHARED", "Gauge", "dated_fields", "quality_schema"]

SHARED = {"phone": "phone_sharing", "email": "email_sharing", "address": "address_sharing", "identifiers": "identifier_sharing"}  # fmt: skip
"""By field, what counts the customers that have the same value, this one among them."""
COUNTED = (*SHARED.values(), "possible_matches")
"""What is counted over the whole file."""
_MOST = 10**9
_NUMBERS = ("phone", "email", "identifiers")
_NAMES = ("name", "legal_representative", "controller", "beneficial_owner")
_ODD = frozenset('*#@&%$^~!?=+_<>{}[]|\\/"0123456789')
_DIVISIONS = 3
_PLACES = frozenset({Level.VILLAGE, Level.NUMBER, Level.COMPOUND, Level.BUILDING, Level.ROOM})
"""What says where in its county an address is."""
_MOST_NAME = 50


@cache
def dated_fields() -> tuple[str, ...]:
    """The fields whose values grow stale, of persons or organizations."""
    found = {name for kind in PartyKind for name, field in CATALOGUE[kind].items() if field.freshness_days is not None}
    return tuple(sorted(found))


@cache
def _fields() -> tuple[RuleField, ...]:
    def each(kind: Kind, *names: str) -> Iterable[RuleField]:
        return (RuleField(name, kind, most=_MOST if kind is Kind.INTEGER else None) for name in names)

    return (
        *each(Kind.TEXT, *(f"{name}_{end}" for name in _NUMBERS for end in ("error", "warning"))),
        *each(Kind.TEXT, *(f"{name}_fault" for name in _NAMES), "address_fault", "resident_id_sex"),
        *each(Kind.DATE, "resident_id_born", *(f"confirmed_{name}" for name in dated_fields())),
        *each(Kind.BOOLEAN, "has_resident_id", "has_uscc", "pinyin_fits", "address_detail", "address_former", "postcode_fits"),
        *each(Kind.INTEGER, "address_levels", "resident_ids", "sources", *COUNTED),
    )  # fmt: skip


@cache
def quality_schema() -> Schema:
    """What a quality rule may speak of: all that rules of tags may, and what is measured."""
    return opened_schema(more=Schema(_fields()))


@attrs.frozen
class Gauge:
    """
    Looks into values.

    Args:
        schemes: By which numbers are checked.
        addresses: By which addresses are read.

    Cost: some 60 µs a customer, most of it their address.
    """

    schemes: SchemeSet
    addresses: AddressBook

    def measured(
        self, kind: PartyKind, values: Mapping[str, Any], *, confirmed: Mapping[str, date], counted: Mapping[str, int], sources: int
    ) -> dict[str, Any]:  # fmt: skip
        """
        What rules read of a customer beside their values.

        Args:
            kind: Person or organization.
            values: Golden values in stored form.
            confirmed: By field, on which day its value was last confirmed; a field that is not there never was.
            counted: Of `COUNTED`, what is known; a value that nobody shares counts one customer, and nobody waits to be told apart from.
            sources: By how many sources the customer is known.
        """
        found: dict[str, Any] = dict.fromkeys(field.name for field in _fields())
        found["sources"] = sources
        for name, day in confirmed.items():
            if f"confirmed_{name}" in found:
                found[f"confirmed_{name}"] = days(day)
        found |= {name: counted.get(name, 1) for field, name in SHARED.items() if values.get(field)}
        found["possible_matches"] = counted.get("possible_matches", 0)
        for name in ("phone", "email"):
            if values.get(name):
                self._number(found, name, [(name, values[name])])
        documents = values.get("identifiers") or ()
        self._number(found, "identifiers", [(one["scheme"], one["number"]) for one in documents])
        self._documents(found, documents)
        looks = _person_fault if kind is PartyKind.INDIVIDUAL else _filler_fault
        for name in _NAMES:
            if values.get(name):
                found[f"{name}_fault"] = (looks if name == "name" else _person_fault)(values[name])
        if kind is PartyKind.INDIVIDUAL and values.get("name") and values.get("pinyin_name"):
            found["pinyin_fits"] = _is_reading(values["pinyin_name"], values["name"])
        if values.get("address"):
            self._address(found, values["address"]["text"])
        return found

    def _number(self, found: dict[str, Any], name: str, numbers: Iterable[tuple[str, str]]) -> None:
        """The first error and the first warning of some numbers."""
        for scheme, number in numbers:
            if is_placeholder(number, number=name != "email"):
                found[f"{name}_warning"] = "placeholder"
            if scheme not in self.schemes:
                continue
            for issue in self.schemes[scheme].validate(number).issues:
                place = f"{name}_{issue.severity.value}"
                if issue.severity is not Severity.INFO and found[place] is None:
                    found[place] = issue.rule

    def _documents(self, found: dict[str, Any], documents: Iterable[Mapping[str, Any]]) -> None:
        numbers = sorted({one for one in resident_ids(documents) if self.schemes["cn.resident_id"].validate(one).valid})
        found["resident_ids"] = len(numbers)
        found["has_resident_id"] = bool(numbers)
        found["has_uscc"] = any(one["scheme"] == "cn.uscc" for one in documents)
        if numbers:
            facts = facts_of(numbers[0])
            found["resident_id_born"], found["resident_id_sex"] = days(facts.birth_date), facts.sex

    def _address(self, found: dict[str, Any], written: str) -> None:
        if is_placeholder(written):
            found |= {
                "address_fault": "placeholder",
                "address_levels": 0,
                "address_detail": False,
                "address_former": False,
            }
            return
        read = self.addresses.read(written)
        found["address_levels"] = min(len(read.region), _DIVISIONS)
        found["address_detail"] = not _PLACES.isdisjoint(read.levels)
        found["address_former"] = read.former is not None
        found["postcode_fits"] = self.addresses.postcode_fits(read)


def _filler_fault(written: str) -> str | None:
    return "placeholder" if is_placeholder(written) else None


def _person_fault(written: str) -> str | None:
    """What is wrong with a person's name: a filler, characters that no name has, or too few or too many of them."""
    if is_placeholder(written):
        return "placeholder"
    if not _ODD.isdisjoint(written):
        return "characters"
    if len(written) < 2 or len(written) > _MOST_NAME:
        return "length"
    return None


def _is_reading(pinyin: str, name: str) -> bool | None:
    """Whether *pinyin* is how *name* is read, in whatever order; None of a name that is no Chinese one."""
    chinese = person_name(name)
    if not chinese.han:
        return None
    readings: Callable[[str], set[str]] = lambda text: set(person_name(text).readings)  # noqa: E731
    return not readings(pinyin).isdisjoint(chinese.readings)
