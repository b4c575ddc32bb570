"""Mainland resident ID numbers and the eighteen-digit numbers that share their shape."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from operator import mul
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from .._clock import Clock, LocalDay
from ..party import Divisions, countries_by_numeric
from .column import PlainColumn, Texts
from .scheme import Issue, NumberFacts, Scheme, Severity, Verdict, normalize, verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ResidentId",
    "ResidentIdFacts",
    "ResidentIdKind",
    "check_character",
    "check_characters",
    "facts_of",
    "resident_ids",
]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
# What the weighted sum of ASCII digits has too much.
_WEIGHED_ZEROS = sum(weight * ord("0") for weight in _WEIGHTS)
_CHECK_BYTES = np.frombuffer(_CHECK.encode("ascii"), np.uint8)
_CHECK_CHARACTERS = np.isin(np.arange(256), list(_CHECK_BYTES))
_SEPARATORS = str.maketrans("", "", " -\u00ad\u2010\u2011\u2012\u2013\u2014")
_OLDEST_YEARS = 130
_PERMIT_REGIONS = ("810000", "820000", "830000")


# Rows of a column judged at once: as many as leave what is worked out between in the processor's cache.
_BLOCK = 32_768
# Years whose days a column looks up; a number of any other year goes by itself.
_YEARS = range(1800, 2200)
_PLAIN_ISSUES = (
    Issue("check_digit", Severity.ERROR, 17),
    Issue("birth_date", Severity.ERROR, 6),
    Issue("birth_in_future", Severity.ERROR, 6),
    Issue("age", Severity.WARNING, 6),
    Issue("region_unknown", Severity.WARNING, 0),
)


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
    return _CHECK[(sum(map(mul, _WEIGHTS, first.encode("ascii"))) - _WEIGHED_ZEROS) % 11]


def check_characters(first: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The check character of each row of seventeen ASCII digits, as `check_character` has it."""
    remainder = (first.astype(np.int64) - 48) @ np.array(_WEIGHTS, np.int64) % 11
    return _CHECK_BYTES[remainder]


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
        self._today = LocalDay(clock, zone)
        self._region_flags: NDArray[np.uint8] | None = None
        self._day_flags: tuple[date, NDArray[np.uint8]] | None = None

    def validate(self, text: str) -> Verdict:
        issues: list[Issue] = []
        if len(text) == 18 and text.isascii() and text[:17].isdigit():
            number = text.upper()  # as nearly all are written
        elif (compacted := normalize(text)) is not None:
            number = compacted.translate(_SEPARATORS).upper()
        else:
            return verdict(self.name, "", [Issue("length")])
        if len(number) == 18:
            self._eighteen(number, issues)
        elif len(number) == 15 and number.isascii() and number[:3].isalpha() and number[3:].isdigit():
            issues.append(Issue("legacy_foreign_resident", Severity.INFO))
        elif len(number) == 15:
            number = self._fifteen(number, issues)
        else:
            issues.append(Issue("length"))
        return verdict(self.name, number, issues)

    def plain_column(self, texts: Texts) -> PlainColumn:
        """The verdicts on those numbers of *texts* that are eighteen plain characters of a citizen or a permit."""
        rows, characters = texts.of_length(18)
        plain, flags = np.empty(len(rows), np.bool_), np.empty(len(rows), np.uint8)
        days, regions = self._days(), self._regions()
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            plain[block], flags[block] = _plain_verdicts(characters[block], days, regions)
        if not plain.all():
            rows, flags = rows[plain], flags[plain]
        return PlainColumn(rows, flags, _PLAIN_ISSUES, str.upper)

    def _days(self) -> NDArray[np.uint8]:
        """Flags of every (year, month, day) as of today."""
        today = self._today()
        if self._day_flags is not None and self._day_flags[0] == today:
            return self._day_flags[1]
        flags = np.full(len(_YEARS) * 10_000, 2, np.uint8)
        flags[_calendar()] = 0
        first = today.year - _YEARS.start
        now = max(0, first * 10_000 + today.month * 100 + today.day + 1)
        flags[now:][flags[now:] == 0] = 4
        old = max(0, (first - _OLDEST_YEARS) * 10_000)
        flags[:old][flags[:old] == 0] = 8
        self._day_flags = (today, flags)
        return flags

    def _regions(self) -> NDArray[np.uint8]:
        """Flags of every region code."""
        if self._region_flags is None:
            flags = np.full(1_000_000, 16, np.uint8)
            codes = [*(division.code for division in self._divisions), *_PERMIT_REGIONS]
            flags[np.array(codes, "S6").astype(np.int64)] = 0
            self._region_flags = flags
        return self._region_flags

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
        if not (number.isascii() and number[:17].isdigit() and number[17] in _CHECK):
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
        today = self._today()
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


def _plain_verdicts(
    characters: NDArray[np.uint8], days: NDArray[np.uint8], regions: NDArray[np.uint8]
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Which rows of eighteen *characters* are plainly written, and the flags of `_PLAIN_ISSUES` of each that is."""
    columns = np.ascontiguousarray(characters.T)
    digits = columns[:17] - np.uint8(48)
    last = np.where(columns[17] == ord("x"), np.uint8(ord("X")), columns[17])
    remainder = np.zeros(len(characters), np.uint16)
    for weight, column in zip(_WEIGHTS, digits, strict=True):
        remainder += column * np.uint16(weight)
    year = _number(digits[6:10])
    plain = (digits.max(axis=0, initial=0) <= 9) & _CHECK_CHARACTERS[last] & (digits[0] != 9)
    plain &= (year >= _YEARS.start) & (year < _YEARS.stop)
    day, region = (year - _YEARS.start) * np.int32(10_000) + _number(digits[10:14]), _number(digits[:6])
    # What is not plain may point anywhere; its flags are not used, so any place within the tables will do.
    region[~plain], day[~plain] = 0, 0
    return plain, (_CHECK_BYTES[remainder % 11] != last).view(np.uint8) | days[day] | regions[region]


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The number that each column of *digits* writes."""
    found: NDArray[np.int32] = digits[0].astype(np.int32)
    for row in digits[1:]:
        found = found * np.int32(10) + row
    return found


@cache
def _calendar() -> NDArray[np.int64]:
    """Places of the days that exist among `_YEARS`."""
    days = np.arange(f"{_YEARS.start}-01-01", f"{_YEARS.stop}-01-01", dtype="datetime64[D]")
    years, months = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
    year = years.astype(np.int64) + 1970 - _YEARS.start
    month = (months - years.astype("datetime64[M]")).astype(np.int64) + 1
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    places: NDArray[np.int64] = year * 10_000 + month * 100 + day
    return places


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
    return _day(number[6:14])


@lru_cache(maxsize=65_536)
def _day(written: str) -> date | None:
    """The day of eight digits; those of everybody alive are few enough to be kept."""
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        return None


def resident_ids(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The eighteen-digit resident ID numbers among stored identifiers."""
    for document in documents:
        if document["scheme"] == "cn.resident_id" and len(document["number"]) == 18:
            yield document["number"]
