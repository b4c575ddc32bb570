"""
What a value should be, where that follows from others: suggestions with how sure they are and why, for cleaning many customers at once.

Nothing here changes anything. A suggestion is made anew whenever it is asked for, from the customer as they are; a change set makes it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from ..identifiers import MISTYPED_DOMAINS, facts_of, resident_ids
from ..party import PartyKind
from ..wording import AddressBook, is_placeholder, person_name

__all__ = ["Cleaner", "Suggestion", "standard_cleaners"]


@attrs.frozen
class Suggestion:
    """
    What a value should be.

    Attributes:
        value: As forms have it; None if there should be none.
        confidence: How sure that is, 0 to 100.
        zh, en: Why.
    """

    value: Any = attrs.field(repr=False)
    confidence: int
    zh: str
    en: str


class Cleaner(Protocol):
    """Suggests values of one field; a bank may bring its own."""

    @property
    def name(self) -> str: ...
    @property
    def field(self) -> str: ...

    def suggest(self, kind: PartyKind, values: Mapping[str, Any]) -> Suggestion | None:
        """What the field should be, from golden values in stored form; None if nothing follows, or it is so."""


@attrs.frozen
class FromResidentId:
    """Birth date or sex, as the one resident ID of a person says it."""

    field: str

    @property
    def name(self) -> str:
        """By its field."""
        return f"{self.field}_from_resident_id"

    def suggest(self, kind: PartyKind, values: Mapping[str, Any]) -> Suggestion | None:
        """See `Cleaner`."""
        numbers = set(resident_ids(values.get("identifiers") or ()))
        if kind is not PartyKind.INDIVIDUAL or len(numbers) != 1:
            return None
        facts = facts_of(numbers.pop())
        value = facts.birth_date.isoformat() if self.field == "birth_date" else facts.sex
        if values.get(self.field) == value:
            return None
        confidence = 99 if values.get(self.field) in (None, "") else 90
        return Suggestion(value, confidence, "居民身份证号码如此记载", "the resident ID number says so")


@attrs.frozen
class PinyinOfName:
    """The name in pinyin, as the name is read."""

    name: str = "pinyin_of_name"
    field: str = "pinyin_name"

    def suggest(self, kind: PartyKind, values: Mapping[str, Any]) -> Suggestion | None:
        """See `Cleaner`."""
        if kind is not PartyKind.INDIVIDUAL or not values.get("name"):
            return None
        name = person_name(values["name"])
        if not name.han or not name.surname or not name.readings:
            return None
        written = values.get("pinyin_name")
        if written and not set(person_name(written).readings).isdisjoint(name.readings):
            return None
        surname, given = person_name(name.surname).readings, person_name(name.surname + name.given).readings
        spoken = f"{surname[0]} {given[0].removeprefix(surname[0])}".upper()
        sure = len(name.readings) == 1 and not written
        return Suggestion(spoken, 95 if sure else 70, "由姓名的读音得出", "read from the name")


@attrs.frozen
class EmailDomain:
    """An e-mail address whose domain is an evident typing error."""

    name: str = "email_domain"
    field: str = "email"

    def suggest(self, kind: PartyKind, values: Mapping[str, Any]) -> Suggestion | None:
        """See `Cleaner`."""
        local, at, domain = (values.get("email") or "").rpartition("@")
        meant = MISTYPED_DOMAINS.get(domain.lower())
        if not at or meant is None:
            return None
        return Suggestion(f"{local}@{meant}", 85, f"邮箱域名应为 {meant}", f"the domain is meant to be {meant}")


@attrs.frozen
class NoFiller:
    """Nothing in the place of a filler."""

    field: str

    @property
    def name(self) -> str:
        """By its field."""
        return f"no_filler_{self.field}"

    def suggest(self, kind: PartyKind, values: Mapping[str, Any]) -> Suggestion | None:
        """See `Cleaner`."""
        value = _text(values, self.field)
        if not isinstance(value, str) or not is_placeholder(value, number=self.field == "phone"):
            return None
        return Suggestion(None, 95, "占位值不是真实信息", "a filler is no value")


@attrs.frozen
class AddressOfToday:
    """An address whose division has another name today, with the division written as it is now."""

    addresses: AddressBook
    name: str = "address_of_today"
    field: str = "address"

    def suggest(self, kind: PartyKind, values: Mapping[str, Any]) -> Suggestion | None:
        """See `Cleaner`."""
        written = _text(values, "address")
        if not written or is_placeholder(written):
            return None
        read = self.addresses.read(written)
        if read.former is None or not read.region:
            return None
        anew = "".join(dict.fromkeys(read.region)) + read.detail
        if anew == written:
            return None
        return Suggestion(anew, 80, "行政区划已变更", "the division has another name today")


def _text(values: Mapping[str, Any], field: str) -> Any:
    """A value in stored form, of an address as it is written."""
    value = values.get(field)
    return value["text"] if isinstance(value, Mapping) else value


def standard_cleaners(addresses: AddressBook) -> tuple[Cleaner, ...]:
    """Those of the library."""
    return (
        FromResidentId("birth_date"), FromResidentId("sex"), PinyinOfName(), EmailDomain(), NoFiller("phone"), NoFiller("email"),
        NoFiller("address"), NoFiller("employer"), AddressOfToday(addresses),
    )  # fmt: skip
