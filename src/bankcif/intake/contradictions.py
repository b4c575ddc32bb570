"""
Fields of one form that contradict one another.

A contradiction is a warning: it says that one of two values is wrong, not which, and a customer is not refused for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from ..identifiers import ResidentIdKind, facts_of, resident_ids
from ..party import Fault, age_on

__all__ = ["born_on", "contradictions"]

# Years a resident ID card is valid, by the age at issue; beyond, it has no end. Source: Resident Identity Card Law of
# the PRC (2011), art. 5.
_TERMS = ((16, 5), (26, 10), (46, 20))
_ORGANIZATION_CODE = slice(8, 17)
_DAY = timedelta(days=1)


def contradictions(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Every pair of stored values in *values* of which one must be wrong."""
    yield from _resident_id(values)
    yield from _documents(values)
    yield from _organization(values)
    yield from _tax_residence(values)


def born_on(values: Mapping[str, Any]) -> date | None:
    """The birth date that a form states, or that its resident ID holds; None if neither is there."""
    if "birth_date" in values:
        return date.fromisoformat(values["birth_date"])
    return next((facts_of(number).birth_date for number in resident_ids(values.get("identifiers", ()))), None)


def _resident_id(values: Mapping[str, Any]) -> Iterator[Fault]:
    for number in resident_ids(values.get("identifiers", ())):
        facts = facts_of(number)
        if values.get("birth_date", facts.birth_date.isoformat()) != facts.birth_date.isoformat():
            yield Fault("$.birth_date", "id_birth_date", "warning")
        if values.get("sex", facts.sex) not in (facts.sex, "0", "9"):
            yield Fault("$.sex", "id_sex", "warning")


def _documents(values: Mapping[str, Any]) -> Iterator[Fault]:
    for index, document in enumerate(values.get("identifiers", ())):
        if "valid_from" not in document:
            continue
        issued, path = date.fromisoformat(document["valid_from"]), f"$.identifiers[{index}]"
        if not _has_its_term(document, issued):
            yield Fault(f"{path}.valid_until", "document_term", "warning")


def _has_its_term(document: Mapping[str, Any], issued: date) -> bool:
    """Whether a citizen's card ends when one issued at that age does, a day earlier or later allowed."""
    number = next(resident_ids([document]), None)
    stated = document.get("valid_until")
    if number is None or not (stated or document.get("long_term")):
        return True
    facts = facts_of(number)
    if facts.kind is not ResidentIdKind.CITIZEN:
        return True
    age = age_on(facts.birth_date, issued)
    years = next((years for below, years in _TERMS if age < below), None)
    if years is None or stated is None:
        return (years is None) == (stated is None)
    return abs(date.fromisoformat(stated) - _years_later(issued, years)) <= _DAY


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _organization(values: Mapping[str, Any]) -> Iterator[Fault]:
    documents = values.get("identifiers", ())
    codes = [document["number"] for document in documents if document["scheme"] == "cn.uscc"]
    inner = {code[_ORGANIZATION_CODE] for code in codes}
    if not codes:
        return
    for index, document in enumerate(documents):
        if document["scheme"] == "cn.organization_code" and document["number"] not in inner:
            yield Fault(f"$.identifiers[{index}].number", "uscc_organization_code", "warning")
        if document["scheme"] == "cn.tax_number" and not _of_one_organization(document["number"], codes):
            yield Fault(f"$.identifiers[{index}].number", "uscc_tax_number", "warning")
    if "tax_number" in values and not _of_one_organization(values["tax_number"], codes):
        yield Fault("$.tax_number", "uscc_tax_number", "warning")


def _of_one_organization(tax_number: str, codes: list[str]) -> bool:
    """Whether a tax number is a credit code, or holds the organization code inside one; other forms say nothing."""
    number = "".join(tax_number.split()).replace("-", "").upper()
    if len(number) == 18:
        return number in codes
    return len(number) != 15 or any(number[6:] == code[_ORGANIZATION_CODE] for code in codes)


def _tax_residence(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Whether the countries that are certified are those of the tax residence that is stated."""
    stated, rows = values.get("tax_residence"), values.get("tax_residences", ())
    if not stated or not rows:
        return
    at_home = any(one["country"] == "CN" for one in rows)
    abroad = any(one["country"] != "CN" for one in rows)
    fits = {"CN": not abroad, "FOREIGN": abroad and not at_home, "BOTH": abroad}
    if not fits.get(stated, True):
        yield Fault("$.tax_residence", "tax_residence_countries", "warning")
