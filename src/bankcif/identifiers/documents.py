"""Documents of the mainland, Hong Kong, Macao and Taiwan, and passports of any country."""

from __future__ import annotations

import attrs

from .scheme import IdentifierScheme, Issue, NumberFacts, Severity
from .shapes import Shape, ShapedScheme

__all__ = ["document_schemes", "hkid_check", "tw_check"]

_OLD = (Issue("legacy_form", Severity.INFO),)

# Each Taiwanese area letter's two digits. Source: the household registration numbers' published rule.
_TW_LETTERS = {letter: 10 + n for n, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}
_TW_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1)
_HK_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)


def hkid_check(number: str) -> tuple[int, str]:
    """
    Place and character of a Hong Kong number's check; *number* ends in the written one.

    Source: the Immigration Department's rule as published: A = 10 .. Z = 35, a missing first letter 36, modulus 11.
    """
    first = number[:-1]
    values = [36] * (8 - len(first)) + [int(character, 36) for character in first]
    remainder = -sum(weight * value for weight, value in zip(_HK_WEIGHTS, values, strict=True)) % 11
    return len(first), "0123456789A"[remainder]


def tw_check(number: str) -> tuple[int, str]:
    """
    Place and digit of a Taiwanese number's check; of the old residence permit the second letter counts by its units.

    Source: the national identification number's published rule, weights 1 9 8 7 6 5 4 3 2 1, modulus 10.
    """
    second = str(_TW_LETTERS[number[1]] % 10) if number[1].isalpha() else number[1]
    digits = f"{_TW_LETTERS[number[0]]}{second}{number[2:9]}"
    return 9, str(-sum(weight * int(digit) for weight, digit in zip(_TW_WEIGHTS, digits, strict=True)) % 10)


def _tw_sex(kind: str, male: str) -> Shape:
    """The shape of a number whose second character tells the sex; *male* and the one that follows it."""
    female = chr(ord(male) + 1)

    def facts(number: str) -> NumberFacts:
        return NumberFacts(kind=kind, sex="1" if number[1] == male else "2")

    return Shape(f"@[{male}{female}]########", kind, check=tw_check, facts=facts)


def _old(shape: Shape) -> Shape:
    return attrs.evolve(shape, issues=_OLD)


def _bracketed(number: str) -> str:
    return f"{number[:-1]}({number[-1]})"


def document_schemes() -> tuple[IdentifierScheme, ...]:
    """Every scheme of this module."""
    return (
        ShapedScheme(
            "cn.passport",
            source="Notices of the exit and entry administration; official and special regions' passports partly unchecked",
            shapes=(
                Shape("E########", "ordinary"),
                Shape("E%#######", "ordinary"),
                Shape("G########", "ordinary", issues=_OLD),
                Shape("1[45]#######", "ordinary", issues=_OLD),
                Shape("DE#######", "diplomatic"),
                Shape("SE#######", "service"),
                Shape("S########", "service", issues=_OLD),
                Shape("S#######", "service", issues=_OLD),
                Shape("PE#######", "public_affairs"),
                Shape("P#######", "public_affairs", issues=_OLD),
                Shape("[HK]########", "hong_kong"),
                Shape("[HK]J#######", "hong_kong"),
                Shape("MA#######", "macao"),
            ),
        ),
        ShapedScheme(
            "cn.hk_mo_permit",
            source="Notice on mainland travel permits for Hong Kong and Macao residents",
            shapes=(Shape("[HM]########", "lifelong"), Shape("[HM]##########", "with_issue_count", keep=9)),
        ),
        ShapedScheme(
            "cn.tw_permit",
            source="Notice on mainland travel permits for Taiwan residents, 2008",
            shapes=(
                Shape("########", "lifelong"),
                Shape("##########", "with_issue_count", keep=8, issues=_OLD),
                Shape("##########@", "with_issue_count", keep=8, issues=_OLD),
            ),
        ),
        ShapedScheme(
            "cn.exit_permit",
            source="Notices of the exit and entry administration; Taiwan permits unchecked",
            shapes=(
                Shape("C########", "hong_kong_macao"),
                Shape("C%#######", "hong_kong_macao"),
                Shape("T########", "taiwan"),
                Shape("L########", "taiwan", issues=_OLD),
            ),
        ),
        ShapedScheme(
            "hk.hkid",
            source="Immigration Department of Hong Kong, published check rule",
            shapes=(
                Shape("@######[0123456789A]", "identity_card", check=hkid_check),
                Shape("@@######[0123456789A]", "identity_card", check=hkid_check),
            ),
            written=_bracketed,
        ),
        ShapedScheme(
            "mo.bir",
            source="Identification Bureau of Macao; the check digit's rule is not public",
            shapes=(Shape("[157]#######", "identity_card"),),
            written=_bracketed,
        ),
        ShapedScheme(
            "tw.national_id",
            source="Household registration of Taiwan, published check rule",
            shapes=(_tw_sex("identity_card", "1"),),
        ),
        ShapedScheme(
            "tw.residence",
            source="Immigration agency of Taiwan, numbers of 2021 and before",
            shapes=(
                _tw_sex("residence_permit", "8"),
                _old(_tw_sex("residence_permit", "A")),
                _old(_tw_sex("residence_permit", "C")),
            ),
        ),
        ShapedScheme(
            "passport",
            source="ICAO Doc 9303; no universal rule, five to fifteen letters and digits",
            shapes=tuple(Shape("*" * length, "passport") for length in range(5, 16)),
        ),
    )
