"""
Masks: what of a value may be seen. Total functions over stored values that fail closed.

Whatever comes in, a mask hides at least its minimum (identifier 4 characters, name 1, local part of an e-mail 2) and
shows no run beyond the ends it keeps; what it does not recognize it hides whole.

Source: digit counts of common practice; JR/T 0171-2020 annex A (informative) asks for masking but its wording was not
available. Every profile can be replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..wording import is_han, person_name

__all__ = ["HIDDEN", "MASKS", "Profile", "mask"]

HIDDEN = "******"

Profile = str
"""``staff`` for the bank's own people, ``outside`` for channels beyond them, which see less."""

_MOBILE = re.compile(r"\+86(1\d{2})\d{4}(\d{4})")
_FIXED = re.compile(r"\+86(10|2\d|[3-9]\d{2})(\d{5,8})")


def mask_identifier(text: str, profile: Profile = "staff") -> str:
    """First and last character; all hidden below six characters."""
    if len(text) < 6:
        return "*" * max(len(text), 4)
    return text[0] + "*" * (len(text) - 2) + text[-1]


def mask_name(text: str, profile: Profile = "staff") -> str:
    """
    Staff see the surname, compound ones whole; outside channels the last character. Of a Latin name only the last word
    is kept. At least one character is hidden.
    """
    if not text.strip():
        return HIDDEN
    if not any(map(is_han, text)):
        words = text.split()
        return f"*** {words[-1]}" if len(words) > 1 and profile == "staff" else "***"
    if len(text) == 1:
        return "*"
    if profile != "staff":
        return "*" * (len(text) - 1) + text[-1]
    surname = len(person_name(text).surname) or 1
    # "诸葛" alone is a surname without a given name: nothing of it may stand.
    return text[:surname] + "*" * (len(text) - surname) if surname < len(text) else "*" * len(text)


def mask_phone(text: str, profile: Profile = "staff") -> str:
    """A mainland mobile keeps 3 and 4 digits (outside 3 and 2), a fixed line its area code and 2, any other 2."""
    number = text.partition(";")[0]
    if found := _MOBILE.fullmatch(number):
        return f"{found[1]}****{found[2]}" if profile == "staff" else f"{found[1]}******{found[2][-2:]}"
    if found := _FIXED.fullmatch(number):
        return f"0{found[1]}-{'*' * (len(found[2]) - 2)}{found[2][-2:]}"
    if number.startswith("+") and len(number) >= 8:
        return "+" + "*" * (len(number) - 3) + number[-2:]
    return HIDDEN


def mask_email(text: str, profile: Profile = "staff") -> str:
    """First character of the local part and the domain; a local part of up to three characters is hidden whole."""
    local, at, domain = text.rpartition("@")
    if not at or not local or "@" in local:
        return HIDDEN
    return f"{local[0]}***@{domain}" if len(local) > 3 else f"***@{domain}"


def mask_address(value: Mapping[str, Any], profile: Profile = "staff") -> str:
    """Province, prefecture and county as they were recognized; outside channels see no county."""
    region = list(value.get("region", ()))
    return "".join(region if profile == "staff" else region[:2]) + HIDDEN


def mask_year(text: str, profile: Profile = "staff") -> str:
    """The year of a date."""
    return f"{text[:4]}-**-**" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else HIDDEN


def mask_employer(text: str, profile: Profile = "staff") -> str:
    """The first two characters of six and more."""
    return text[:2] + "****" if len(text) >= 6 and profile == "staff" else "****"


def mask_card(text: str, profile: Profile = "staff") -> str:
    """First six and last four digits for staff, the last four outside; hidden below twelve digits."""
    if len(text) < 12:
        return HIDDEN
    return text[:6] + "*" * (len(text) - 10) + text[-4:] if profile == "staff" else "*" * (len(text) - 4) + text[-4:]


def mask_identifiers(documents: list[Mapping[str, Any]], profile: Profile = "staff") -> list[dict[str, Any]]:
    """Each document's scheme and validity, and its number by `mask_identifier`."""
    kept = ("scheme", "valid_until", "long_term")
    return [
        {name: document[name] for name in kept if name in document}
        | {"number": mask_identifier(str(document["number"]), profile)}
        for document in documents
    ]


def mask_holdings(holdings: list[Mapping[str, Any]], profile: Profile = "staff") -> list[dict[str, Any]]:
    """Each holding's product, status and masked number; balances are left out."""
    kept = ("product", "status", "opened_on", "closed_on", "role")
    found = []
    for holding in holdings:
        shown = {name: holding[name] for name in kept if name in holding}
        if "masked" in holding:
            shown["number"] = holding["masked"] if profile == "staff" else "*" * 8 + holding["masked"][-4:]
        found.append(shown)
    return found


def _clear(value: Any, profile: Profile = "staff") -> Any:
    return value


def _hidden(value: Any, profile: Profile = "staff") -> str:
    return HIDDEN


MASKS: Mapping[str, Callable[[Any, Profile], Any]] = {
    "clear": _clear,
    "hidden": _hidden,
    "name": mask_name,
    "phone": mask_phone,
    "email": mask_email,
    "address": mask_address,
    "identifier": mask_identifier,
    "identifiers": mask_identifiers,
    "holdings": mask_holdings,
    "year": mask_year,
    "employer": mask_employer,
    "card": mask_card,
}
"""Mask rules by the names that the field catalogue uses."""


def mask(rule: str, value: Any, profile: Profile = "staff") -> Any:
    """*value* as rule *rule* shows it; an unknown rule, or a value of the wrong shape, is hidden whole."""
    function: Callable[[Any, Profile], Any] = MASKS.get(rule, _hidden)
    try:
        return function(value, profile)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError):
        return HIDDEN
