"""
Standardizing: every value brought to the form in which it is kept, compared and shown.

The stored form of a value is plain JSON: names, codes and numbers as text, dates as ``YYYY-MM-DD``, money as minor
units with its currency, an address as its text with the division it was read to. What a channel wrote is kept beside
it wherever standardizing changed it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import attrs

from .._visible import visible
from ..errors import InputError
from ..identifiers import SchemeSet, Severity, facts_of, resident_ids
from ..party import (
    FIRST_DAY,
    FORMS,
    LAST_DAY,
    LAST_HOUR,
    Catalogue,
    CodeLists,
    Fault,
    Field,
    FieldType,
    Money,
    PartyKind,
)
from ..wording import FILLER_DATES, AddressBook, is_han, is_placeholder, standard_form
from .children import CHILD_MODELS, CODES_OF_CHILDREN, NEEDED_OF_CHILDREN, ONCE_OF_CHILDREN, ONE_OF_CHILDREN

__all__ = ["Standard", "Standardizer"]

_LONGEST = {FieldType.PERSON_NAME: 100, FieldType.ORGANIZATION_NAME: 200, FieldType.LATIN_NAME: 100}
_LONGEST_TEXT = 1000
MOST_CHILDREN = 500
# Control characters, surrogates, and what turns the direction of writing around.
_CONTROLS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069]")
# How channels say that a document has no end date. Source: forms seen in customer files, unchecked.
_LONG_TERM = frozenset({"长期", "长期有效", "99991231", "9999-12-31", "20991231", "2099-12-31", "00000000"})


def longest_of(type_: FieldType) -> int:
    """Most characters that a text of a field of this type may have."""
    return _LONGEST.get(type_, _LONGEST_TEXT)


@attrs.frozen(kw_only=True, repr=False)
class Standard:
    """
    A standardized form.

    Attributes:
        kind: Party kind.
        values: Field name to stored form; nothing for a field that is missing or faulty.
        given: Field name to what the channel wrote, where that differs.
        faults: Everything found; errors refuse the form.
    """

    kind: PartyKind
    values: Mapping[str, Any]
    given: Mapping[str, Any]
    faults: tuple[Fault, ...]

    @property
    def refused(self) -> bool:
        """Whether a fault is an error."""
        return any(fault.severity == "error" for fault in self.faults)


class Standardizer:
    """
    Brings plain values of any field to their stored form.

    Args:
        schemes: Identifier schemes, ``phone`` and ``email`` among them.
        addresses: Reads addresses.
        codes: Code lists.
    """

    def __init__(self, *, schemes: SchemeSet, addresses: AddressBook, codes: CodeLists) -> None:
        self._schemes = schemes
        self._addresses = addresses
        self._codes = codes
        self._by_type: Mapping[FieldType, Callable[[Any, Field, str, list[Fault]], Any]] = {
            FieldType.PERSON_NAME: self._person_name,
            FieldType.ORGANIZATION_NAME: self._text,
            FieldType.LATIN_NAME: self._text,
            FieldType.TEXT: self._text,
            FieldType.CODE: self._code,
            FieldType.DATE: self._date,
            FieldType.INTEGER: self._integer,
            FieldType.MONEY: self._money,
            FieldType.PHONE: self._number("phone"),
            FieldType.EMAIL: self._number("email"),
            FieldType.ADDRESS: self._address,
            FieldType.CHILDREN: self._children,
        }

    def standardize(self, kind: PartyKind, values: Mapping[str, Any], *, found: tuple[Fault, ...] = ()) -> Standard:
        """
        Every value in its stored form, every fault at once.

        Args:
            kind: Party kind.
            values: Field name to text, date, money or lists of mappings, as forms and mapped rows have them.
            found: Faults found before, carried along.
        """
        catalogue = FORMS[kind]
        faults = list(found)
        standard: dict[str, Any] = {}
        given: dict[str, Any] = {}
        for name, value in values.items():
            path = f"$.{name}"
            field = catalogue.get(name)
            if field is None:
                faults.append(Fault(path, "unknown_field"))
                continue
            seen = value
            if isinstance(value, str):
                problem = _unreadable(value, longest_of(field.type))
                if problem:
                    faults.append(Fault(path, problem))
                    continue
                seen = visible(value)
                if not seen.strip():
                    continue
                if self._is_filler(field, seen):
                    # Missing, with its reason; what was written stays in the sealed record.
                    faults.append(_filler(path))
                    given[name] = value
                    continue
            result = self._by_type[field.type](seen, field, path, faults)
            if result is None or result == []:
                continue
            standard[name] = result
            if isinstance(value, str) and value != (result["text"] if isinstance(result, dict) else result):
                given[name] = value
        self._drop_filler_dates(catalogue, standard, given, faults)
        return Standard(kind=kind, values=standard, given=given, faults=tuple(faults))

    def _is_filler(self, field: Field, value: str) -> bool:
        """Whether *value* stands where a value should; 0 is a number, and may be a code."""
        if field.type in (FieldType.INTEGER, FieldType.MONEY):
            return False
        if not is_placeholder(value, number=field.type in (FieldType.PHONE, FieldType.DATE)):
            return False
        if field.type is FieldType.DATE:
            return _day(value) is None  # 1970-01-01 may be somebody's birthday, and is looked at beside the others
        return field.type is not FieldType.CODE or self._codes[field.codes].read(value) is None

    @staticmethod
    def _drop_filler_dates(
        catalogue: Catalogue, standard: dict[str, Any], given: dict[str, Any], faults: list[Fault]
    ) -> None:
        """A date that systems write for none is missing, unless a resident ID in the same form says it too."""
        for name in [name for name, value in standard.items() if isinstance(value, str) and value in FILLER_DATES]:
            day = standard[name]
            if catalogue[name].type is not FieldType.DATE:
                continue
            numbers = resident_ids(standard.get("identifiers", ()))
            if name != "birth_date" or all(facts_of(number).birth_date.isoformat() != day for number in numbers):
                faults.append(_filler(f"$.{name}"))
                given.setdefault(name, standard.pop(name))

    def _person_name(self, value: Any, field: Field, path: str, faults: list[Fault]) -> str | None:
        if not isinstance(value, str):
            faults.append(Fault(path, "text"))
            return None
        name = standard_form(value)
        if any(character.isdigit() or character in '<>{}[]|\\^~`@#$%&*=+?!;:"/' for character in name):
            faults.append(Fault(path, "characters"))
            return None
        if len(name) == 1 and is_han(name):
            faults.append(Fault(path, "single_character", "warning"))
        return name

    def _text(self, value: Any, field: Field, path: str, faults: list[Fault]) -> str | None:
        if not isinstance(value, str):
            faults.append(Fault(path, "text"))
            return None
        return " ".join(unicodedata.normalize("NFKC", value).split())

    def _code(self, value: Any, field: Field, path: str, faults: list[Fault]) -> str | None:
        return self._read_code(value, field.codes, path, faults)

    def _date(self, value: Any, field: Field, path: str, faults: list[Fault]) -> str | None:
        return _calendar(value, path, faults)

    def _integer(self, value: Any, field: Field | None, path: str, faults: list[Fault]) -> int | None:
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 18:
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            return value
        faults.append(Fault(path, "number"))
        return None

    def _hour(self, value: Any, path: str, faults: list[Fault]) -> int | None:
        hour = self._integer(value, None, path, faults)
        if hour is not None and not 0 <= hour <= LAST_HOUR:
            faults.append(Fault(path, "hour"))
            return None
        return hour

    def _money(self, value: Any, field: Field, path: str, faults: list[Fault]) -> dict[str, Any] | None:
        return _money(value, path, faults)

    def _number(self, scheme: str) -> Callable[[Any, Field, str, list[Fault]], str | None]:
        def standardize(value: Any, field: Field, path: str, faults: list[Fault]) -> str | None:
            return self._validated(scheme, value, path, faults)

        return standardize

    def _validated(self, scheme: str, value: Any, path: str, faults: list[Fault]) -> str | None:
        if not isinstance(value, str):
            faults.append(Fault(path, "text"))
            return None
        verdict = self._schemes[scheme].validate(value)
        faults.extend(Fault(path, issue.rule, issue.severity.value) for issue in verdict.issues)
        return verdict.value

    def _address(self, value: Any, field: Field, path: str, faults: list[Fault]) -> dict[str, Any] | None:
        if not isinstance(value, str):
            faults.append(Fault(path, "text"))
            return None
        read = self._addresses.read(value)
        if not read.code:
            faults.append(Fault(path, "region_unresolved", Severity.INFO.value))
        if not self._addresses.postcode_fits(read):
            faults.append(Fault(path, "postcode_region", Severity.WARNING.value))
        return {
            "text": read.text, "code": read.code, "region": list(read.region), "detail": read.detail, "key": read.key,
        }  # fmt: skip

    def _children(self, value: Any, field: Field, path: str, faults: list[Fault]) -> list[dict[str, Any]]:
        if not isinstance(value, list) or len(value) > MOST_CHILDREN:
            faults.append(Fault(path, "too_long" if isinstance(value, list) else "text"))
            return []
        found = []
        for index, child in enumerate(value):
            standard = self._child(child, field.name, f"{path}[{index}]", faults)
            if standard is not None and standard not in found:
                found.append(standard)
        once = ONCE_OF_CHILDREN.get(field.name, "")
        seen = [child[once] for child in found] if once else []
        if len(set(seen)) < len(seen):
            faults.append(Fault(path, "twice"))
            return []
        return found

    def _child(self, child: Any, of: str, path: str, faults: list[Fault]) -> dict[str, Any] | None:
        """A child of the field *of*, by the shape of its model: attribute to the kind of value it holds."""
        if not isinstance(child, Mapping):
            faults.append(Fault(path, "text"))
            return None
        before, shape = len(faults), CHILD_MODELS[of]
        standard: dict[str, Any] = {}
        for name, given in child.items():
            value = visible(given) if isinstance(given, str) else given
            if name not in shape:
                faults.append(
                    Fault(
                        f"{path}.{name}" if str(name).isascii() and str(name).isidentifier() else path, "unknown_field"
                    )
                )
            elif isinstance(value, str) and value.strip() and _is_filler_of(shape[name], name, value):
                faults.append(_filler(f"{path}.{name}"))
                if name == "number":
                    return None  # a document without a number is none
            elif value is not None and value is not False:
                self._attribute(standard, name, value, shape[name], f"{path}.{name}", faults)
                if name in standard and (of, name) in CODES_OF_CHILDREN:
                    standard[name] = self._read_code(
                        standard[name], CODES_OF_CHILDREN[of, name], f"{path}.{name}", faults
                    )
        if "scheme" in shape and "number" in standard:
            self._child_number(standard, path, faults)
        told = {fault.path for fault in faults[before:] if fault.severity == "error"}
        missing = [f"{path}.{name}" for name in NEEDED_OF_CHILDREN.get(of, ()) if not standard.get(name)]
        faults.extend(Fault(each, "required") for each in missing if each not in told)
        named = [name for name in ONE_OF_CHILDREN.get(of, ()) if standard.get(name)]
        if of in ONE_OF_CHILDREN and len(named) != 1 and not told:
            faults.append(Fault(f"{path}.{ONE_OF_CHILDREN[of][0]}", "one_of_two"))
        if any(fault.severity == "error" for fault in faults[before:]):
            return None
        return {name: value for name, value in standard.items() if value is not None}

    def _attribute(
        self, child: dict[str, Any], name: str, value: Any, kind: str, path: str, faults: list[Fault]
    ) -> None:
        if kind == "money":
            child[name] = _money(value, path, faults)
        elif name == "valid_until" and isinstance(value, str) and value.strip() in _LONG_TERM:
            child["long_term"] = True
        elif kind == "date":
            child[name] = _calendar(value, path, faults)
        elif kind == "month":
            child[name] = _month(value, path, faults)
        elif kind == "hour":
            child[name] = self._hour(value, path, faults)
        elif kind == "integer":
            child[name] = self._integer(value, None, path, faults)
        elif kind == "boolean" and value is True:
            child[name] = True
        elif kind == "text" and isinstance(value, str):
            problem = _unreadable(value, _LONGEST_TEXT)
            if problem:
                faults.append(Fault(path, problem))
            else:
                child[name] = " ".join(value.split())
        else:
            faults.append(Fault(path, "text"))

    def _read_code(self, value: Any, codes: str, path: str, faults: list[Fault]) -> str | None:
        code = self._codes[codes].read(value) if isinstance(value, str) else None
        if code is None:
            faults.append(Fault(path, "code"))
        return code

    def _child_number(self, child: dict[str, Any], path: str, faults: list[Fault]) -> None:
        scheme = child.get("scheme")
        if not scheme or scheme.startswith("bank."):
            return
        if scheme not in self._schemes:
            faults.append(Fault(f"{path}.scheme", "unknown_scheme"))
            return
        child["number"] = self._validated(scheme, child["number"], f"{path}.number", faults)


def _unreadable(text: str, longest: int) -> str:
    """The rule that *text* breaks as text; empty if none."""
    if len(text) > longest:
        return "too_long"
    return "control_character" if _CONTROLS.search(text) else ""


def _is_filler_of(kind: str, name: str, value: str) -> bool:
    """Whether an attribute of a child is a filler; digits alone may be a code or a count."""
    if name == "number":
        return is_placeholder(value, number=True)
    return name != "scheme" and kind in ("text", "date") and not value.strip().isdigit() and is_placeholder(value)


def _filler(path: str) -> Fault:
    return Fault(path, "placeholder", Severity.WARNING.value)


def _calendar(value: Any, path: str, faults: list[Fault]) -> str | None:
    day = _day(value)
    if day is None:
        faults.append(Fault(path, "date"))
    elif not FIRST_DAY.isoformat() <= day <= LAST_DAY.isoformat() and day not in FILLER_DATES:
        faults.append(Fault(path, "day_range"))
        return None
    return day


def _month(value: Any, path: str, faults: list[Fault]) -> str | None:
    """*value* as ``YYYY-MM``; a fault if it is no month of the calendar."""
    day = _day(f"{value}-01") if isinstance(value, str) else None
    if day is None:
        faults.append(Fault(path, "month"))
    return None if day is None else day[:7]


def _day(value: Any) -> str | None:
    """*value* as ``YYYY-MM-DD``; None if it is no day of the calendar."""
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else ""
    digits = text.replace("-", "").replace("/", "").replace(".", "")
    try:
        if len(digits) == 8 and digits.isascii() and digits.isdigit():
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        pass
    return None


def _money(value: Any, path: str, faults: list[Fault]) -> dict[str, Any] | None:
    if isinstance(value, Money):
        return value.stored()
    try:
        return Money(str(value["amount"]).replace(",", ""), value["currency"]).stored()
    except (InputError, KeyError, TypeError):
        faults.append(Fault(path, "money"))
        return None
