"""Mainland resident ID numbers and the eighteen-digit numbers that share their shape."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from .._clock import Clock, local_date
from ..party import Divisions, countries_by_numeric
from .scheme import Issue, NumberFacts, Scheme, Severity, Verdict, normalize, verdict

__all__ = ["ResidentId", "ResidentIdFacts", "ResidentIdKind", "check_character", "facts_of", "resident_ids"]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
# Weighted value of each digit at each position, so that a check is seventeen look-ups and one sum.
_WEIGHTED = tuple({str(digit): weight * digit for digit in range(10)} for weight in _WEIGHTS)
_SEPARATORS = str.maketrans("", "", " -\u00ad\u2010\u2011\u2012\u2013\u2014")
_OLDEST_YEARS = 130
_PERMIT_REGIONS = ("810000", "820000", "830000")


class ResidentIdKind(enum.StrEnum):
    """Which document carries a number of this shape."""

    CITIZEN = "citizen"
    RESIDENCE_PERMIT = "residence_permit"
    FOREIGN_RESIDENT = "foreign_resident"
    FOREIGN_RESIDENT_LEGACY = "foreign_resident_legacy"


@attrs.frozen(kw_only=True, repr=False)
class ResidentIdFacts(NumberFacts):
    """
    What a number says of its holder.

    Attributes:
        kind: Which document.
        region: Six-digit division of first registration; of a foreign resident, the province and zeros.
        birth_date: Day of birth.
        sex: ``1`` male, ``2`` female, after GB/T 2261.1.
        country: ISO 3166 alpha-2 of a foreign resident, if known.
    """

    kind: ResidentIdKind
    region: str
    birth_date: date
    sex: str


def check_character(first: str) -> str:
    """
    The check character of the first seventeen digits.

    Source: GB 11643-1999, ISO 7064 MOD 11-2.
    """
    return _CHECK[sum(table[digit] for table, digit in zip(_WEIGHTED, first, strict=True)) % 11]


class ResidentId(Scheme):
    """
    Resident ID numbers (公民身份号码): eighteen digits, the old fifteen (upgraded), residence permits of Hong Kong,
    Macao and Taiwan residents, and foreign permanent residents, new and old.

    Format, calendar and check character are errors; region, age and old forms are warnings, since the number never
    changes when its division is renamed or abolished.

    Source: GB 11643-1999; residence permits: regulations of 2018-09; foreign permanent residents: layout of 2023,
    inferred from a published sample.
    """

    name = "cn.resident_id"
    source = "GB 11643-1999"

    def __init__(self, *, divisions: Divisions, clock: Clock, zone: ZoneInfo) -> None:
        self._divisions = divisions
        self._clock = clock
        self._zone = zone

    def validate(self, text: str) -> Verdict:
        issues: list[Issue] = []
        compacted = normalize(text)
        if compacted is None:
            return verdict(self.name, "", [Issue("length")])
        number = compacted.translate(_SEPARATORS).upper()
        if len(number) == 18:
            self._eighteen(number, issues)
        elif len(number) == 15 and number.isascii() and number[:3].isalpha() and number[3:].isdigit():
            issues.append(Issue("legacy_foreign_resident", Severity.INFO))
        elif len(number) == 15:
            number = self._fifteen(number, issues)
        else:
            issues.append(Issue("length"))
        return verdict(self.name, number, issues)

    def format(self, text: str) -> str:
        """The number with its region, birth date and sequence set apart by spaces."""
        number = self.compact(text)
        return number if len(number) == 15 else f"{number[:6]} {number[6:14]} {number[14:]}"

    def parse(self, text: str) -> ResidentIdFacts | None:
        """What a valid number says of its holder; None for an invalid one and for the old foreign residents' form."""
        number = self.validate(text).value
        return None if number is None or len(number) == 15 else facts_of(number)

    def _fifteen(self, number: str, issues: list[Issue]) -> str:
        if not (number.isascii() and number.isdigit()):
            issues.append(Issue("characters"))
            return number
        # Source: domain practice, unchecked: sequences 996 to 999 marked centenarians, born in 18xx.
        century = "18" if number[12:] in ("996", "997", "998", "999") else "19"
        if century == "18":
            issues.append(Issue("sequence_centenarian", Severity.WARNING, 12))
        issues.append(Issue("legacy_15", Severity.WARNING))
        upgraded = number[:6] + century + number[6:]
        self._calendar(upgraded, issues)
        self._region(upgraded, issues)
        return upgraded + check_character(upgraded)

    def _eighteen(self, number: str, issues: list[Issue]) -> None:
        if not (number.isascii() and number[:17].isdigit() and (number[17].isdigit() or number[17] == "X")):
            position = next(
                i for i, c in enumerate(number) if not (c.isascii() and (c.isdigit() or (i == 17 and c == "X")))
            )
            issues.append(Issue("characters", Severity.ERROR, position))
            return
        if check_character(number[:17]) != number[17]:
            issues.append(Issue("check_digit", Severity.ERROR, 17))
        self._calendar(number, issues)
        self._region(number, issues)

    def _calendar(self, number: str, issues: list[Issue]) -> None:
        born = _birth_date(number)
        if born is None:
            issues.append(Issue("birth_date", Severity.ERROR, 6))
            return
        today = local_date(self._clock.now(), self._zone)
        if born > today:
            issues.append(Issue("birth_in_future", Severity.ERROR, 6))
        elif today.year - born.year > _OLDEST_YEARS:
            issues.append(Issue("age", Severity.WARNING, 6))

    def _region(self, number: str, issues: list[Issue]) -> None:
        if number[0] == "9":
            if self._divisions.get(number[1:3] + "0000") is None:
                issues.append(Issue("region_unknown", Severity.WARNING, 1))
            if number[3:6] not in countries_by_numeric():
                issues.append(Issue("country_code", Severity.WARNING, 3))
        elif number[:6] not in _PERMIT_REGIONS and self._divisions.get(number[:6]) is None:
            issues.append(Issue("region_unknown", Severity.WARNING, 0))


def facts_of(number: str) -> ResidentIdFacts:
    """What a *valid* eighteen-character number says of its holder."""
    born = _birth_date(number)
    assert born is not None, "only a validated number is taken apart"
    sex = "1" if int(number[16]) % 2 else "2"
    if number[0] == "9":
        countries: Mapping[str, str] = countries_by_numeric()
        return ResidentIdFacts(
            kind=ResidentIdKind.FOREIGN_RESIDENT, region=number[1:3] + "0000", birth_date=born, sex=sex,
            country=countries.get(number[3:6]),
        )  # fmt: skip
    kind = ResidentIdKind.RESIDENCE_PERMIT if number[:6] in _PERMIT_REGIONS else ResidentIdKind.CITIZEN
    return ResidentIdFacts(kind=kind, region=number[:6], birth_date=born, sex=sex)


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def resident_ids(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The eighteen-digit resident ID numbers among stored identifiers."""
    for document in documents:
        if document["scheme"] == "cn.resident_id" and len(document["number"]) == 18:
            yield document["number"]
