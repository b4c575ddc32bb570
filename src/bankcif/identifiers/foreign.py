"""Identity numbers of other countries that python-stdnum lacks, or does not take apart."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from .._clock import Clock, LocalDay
from .scheme import IdentifierScheme, Issue, NumberFacts, Severity
from .shapes import Shape, ShapedScheme

__all__ = ["foreign_schemes", "nric_check"]

_SG_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
# First letter: what is added to the sum, and the letter of each remainder.
_SG_SERIES = {
    "S": (0, "JZIHGFEDCBA"),
    "T": (4, "JZIHGFEDCBA"),
    "F": (0, "XWUTRQPNMLK"),
    "G": (4, "XWUTRQPNMLK"),
    "M": (3, "XWUTRQPNJLK"),
}
_NINO_SHAPE = "[ABCEGHJKLMNOPRSTWXYZ][ABCEGHJKLMNPRSTWXYZ]######[ABCD]"
_NINO_NEVER = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})


def nric_check(number: str) -> tuple[int, str]:
    """
    Place and letter of a Singapore number's check.

    Source: the rule as published by many; the authority itself publishes none. Series M is of 2022.
    """
    more, letters = _SG_SERIES[number[0]]
    total = more + sum(weight * int(digit) for weight, digit in zip(_SG_WEIGHTS, number[1:8], strict=True))
    return 8, letters[total % 11]


def foreign_schemes(*, clock: Clock, zone: ZoneInfo) -> tuple[IdentifierScheme, ...]:
    """Every scheme of this module; *clock* and *zone* tell the century of a birth date of two digits a year."""

    today_is = LocalDay(clock, zone)

    def nik(number: str) -> NumberFacts:
        day, today = int(number[6:8]), today_is()
        female = day > 40
        month, year = int(number[8:10]), today.year // 100 * 100 + int(number[10:12])
        born = date(year, month, day - 40 * female)
        if born > today:
            born = date(year - 100, month, day - 40 * female)
        return NumberFacts(
            kind="identity_card", region=number[:6], birth_date=born, sex="2" if female else "1"
        )  # fmt: skip

    return (
        ShapedScheme(
            "sg.nric",
            source="Singapore NRIC and FIN, check rule published by others, unchecked",
            shapes=(
                Shape("[ST]#######@", "resident", check=nric_check),
                Shape("[FGM]#######@", "foreigner", check=nric_check),
            ),
        ),
        ShapedScheme(
            "gb.nino",
            source="HM Revenue and Customs, National Insurance Manual NIM39110",
            shapes=(Shape(_NINO_SHAPE, "national_insurance", examine=_nino),),
            written=lambda number: " ".join((number[:2], number[2:4], number[4:6], number[6:8], number[8])),
        ),
        ShapedScheme(
            "id.nik",
            source="Indonesian population registration: region, birth date with 40 added for women, serial",
            shapes=(Shape("#" * 16, "identity_card", facts=nik),),
        ),
        ShapedScheme(
            "vn.cccd",
            source="Circular 59/2021/TT-BCA: province, century and sex, year of birth, serial; no check digit",
            shapes=(Shape("0[0123456789]##########", "identity_card", facts=_cccd),),
        ),
    )  # fmt: skip


def _nino(number: str) -> tuple[Issue, ...]:
    return (Issue("prefix_unknown", Severity.ERROR, 0),) if number[:2] in _NINO_NEVER else ()


def _cccd(number: str) -> NumberFacts:
    """Province, sex and year of birth: 0 and 1 the 20th century's men and women, 2 and 3 the 21st's, and so on."""
    century = int(number[3])
    return NumberFacts(
        kind="identity_card", region=number[:3], sex="2" if century % 2 else "1",
        birth_year=1900 + 100 * (century // 2) + int(number[4:6]),
    )  # fmt: skip
