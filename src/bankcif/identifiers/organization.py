"""Unified social credit codes (统一社会信用代码) of organizations."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..party import Divisions
from .scheme import IdentifierScheme, Issue, NumberFacts, Scheme, Severity, Verdict, normalize, verdict
from .shapes import Shape, ShapedScheme
from .stdnum import StdnumScheme

__all__ = [
    "OrganizationFacts",
    "TaxNumber",
    "UnifiedSocialCreditCode",
    "mod_11_10",
    "mod_97_10",
    "organization_check",
    "organization_schemes",
    "uscc_check",
]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SEPARATORS = str.maketrans("", "", " -")


def uscc_check(first: str) -> str:
    """The check character of the first seventeen characters. Source: GB 32100-2015, ISO 7064 MOD 31-3."""
    total = sum(weight * _VALUE[character] for weight, character in zip(_WEIGHTS, first, strict=True))
    return _ALPHABET[-total % 31]


def organization_check(first: str) -> str:
    """The check character of an organization code's first eight. Source: GB 11714-1997."""
    total = sum(w * int(character, 36) for w, character in zip(_ORGANIZATION_WEIGHTS, first, strict=True))
    return "0123456789X0"[11 - total % 11]


def mod_11_10(first: str) -> str:
    """The check digit of *first*, all digits. Source: ISO 7064 MOD 11,10."""
    product = 10
    for digit in first:
        product = 2 * ((product + int(digit)) % 10 or 10) % 11
    return str((11 - product) % 10)


def mod_97_10(first: str) -> str:
    """The two check digits of *first*, digits and letters. Source: ISO 7064 MOD 97-10."""
    return f"{98 - int(''.join(str(int(character, 36)) for character in first + '00')) % 97:02}"


@attrs.frozen(kw_only=True, repr=False)
class OrganizationFacts(NumberFacts):
    """
    What an organization's number says: `kind` is the registering authority and kind of a credit code.

    Attributes:
        organization_code: The nine characters of the old organization code, by which old and new numbers meet.
    """

    organization_code: str


class UnifiedSocialCreditCode(Scheme):
    """
    Eighteen characters: authority, kind, six-digit region, organization code with its own check, check character.

    Args:
        divisions: Division table.
        kinds: First two characters to their Chinese and English names.
        violators: Beginnings of genuine codes that break the check rule.

    Source: GB 32100-2015; organization code inside: GB 11714-1997.
    """

    name = "cn.uscc"
    source = "GB 32100-2015"

    def __init__(
        self,
        *,
        divisions: Divisions,
        kinds: Mapping[str, tuple[str, str]],
        violators: tuple[str, ...],
    ) -> None:
        self._divisions = divisions
        self._kinds = kinds
        self._violators = violators

    def validate(self, text: str) -> Verdict:
        compacted = normalize(text)
        if compacted is None:
            return verdict(self.name, "", [Issue("length")])
        code = compacted.translate(_SEPARATORS).upper()
        if len(code) != 18:
            return verdict(self.name, code, [Issue("length")])
        for position, character in enumerate(code):
            if character not in _VALUE or (2 <= position < 8 and not character.isdigit()):
                return verdict(self.name, code, [Issue("characters", Severity.ERROR, position)])
        issues = []
        violator = code.startswith(self._violators)
        if uscc_check(code[:17]) != code[17]:
            found = Issue("known_violator", Severity.WARNING, 17) if violator else Issue("check_digit", position=17)
            issues.append(found)
        if organization_check(code[8:16]) != code[16] and not violator:
            issues.append(Issue("organization_code", Severity.WARNING, 16))
        if code[:2] not in self._kinds:
            issues.append(Issue("type_code", Severity.WARNING, 0))
        if self._divisions.get(code[2:8]) is None:
            issues.append(Issue("region_unknown", Severity.WARNING, 2))
        return verdict(self.name, code, issues)

    def parse(self, text: str) -> OrganizationFacts | None:
        """What a valid code says of the organization; None for an invalid one."""
        code = self.validate(text).value
        if code is None:
            return None
        return OrganizationFacts(kind=code[:2], region=code[2:8], organization_code=code[8:17])


class TaxNumber(Scheme):
    """
    Taxpayer numbers: the credit code since 2015; before, region and organization code, fifteen characters; of a
    natural person in business, the resident ID and two further characters.

    Source: GB 32100-2015 and GB 11714-1997; the twenty-character form is unchecked.
    """

    name = "cn.tax_number"
    source = "GB 32100-2015; GB 11714-1997; form of twenty characters unchecked"

    def __init__(self, *, uscc: Scheme, resident_id: Scheme) -> None:
        self._of_length = {18: uscc, 20: resident_id}

    def validate(self, text: str) -> Verdict:
        given = normalize(text)
        number = "" if given is None else given.translate(_SEPARATORS).upper()
        if len(number) in self._of_length:
            found = self._of_length[len(number)].validate(number[:18])
            issues = list(found.issues)
            if len(number) == 20 and not (number[18:].isascii() and number[18:].isalnum()):
                issues.append(Issue("characters", Severity.ERROR, 18))
            return verdict(self.name, number, issues)
        return attrs.evolve(_OLD_TAX_NUMBER.validate(text), scheme=self.name)


def _inner_check(number: str) -> tuple[int, str]:
    return 14, organization_check(number[6:14])


# Fifteen characters; an organization code that fails its check occurs, so it is a warning as within a credit code.
_OLD_TAX_NUMBER = ShapedScheme(
    TaxNumber.name,
    source=TaxNumber.source,
    shapes=(
        Shape(
            "######********[0123456789X]", "before_2015", check=_inner_check, check_severity=Severity.WARNING,
            issues=(Issue("legacy_form", Severity.INFO),),
        ),
    ),
)  # fmt: skip


def organization_schemes(*, uscc: UnifiedSocialCreditCode, resident_id: Scheme) -> tuple[IdentifierScheme, ...]:
    """Every scheme of this module but the credit code."""
    return (
        ShapedScheme(
            "cn.organization_code",
            source="GB 11714-1997",
            shapes=(
                Shape("********[0123456789X]", "organization", check=lambda code: (8, organization_check(code[:8]))),
            ),
            written=lambda code: f"{code[:8]}-{code[8]}",
        ),
        ShapedScheme(
            "cn.business_license",
            source="Rules on numbering registrations of 2007; check digit ISO 7064 MOD 11,10, unchecked",
            shapes=(
                Shape(
                    "#" * 15, "registration", check=lambda number: (14, mod_11_10(number[:14])),
                    check_severity=Severity.WARNING, facts=_registered_in,
                ),
            ),
        ),
        TaxNumber(uscc=uscc, resident_id=resident_id),
        ShapedScheme(
            "lei",
            source="ISO 17442, ISO 7064 MOD 97-10",
            shapes=(Shape("*" * 18 + "##", "entity", check=lambda code: (18, mod_97_10(code[:18]))),),
        ),
        ShapedScheme(
            "cn.cnaps",
            source="Bank codes of the payment system; check digit ISO 7064 MOD 11,10, found in published lists",
            shapes=(
                Shape(
                    "#" * 12, "branch", check=lambda code: (11, mod_11_10(code[:11])), check_severity=Severity.WARNING
                ),
            ),
        ),
        StdnumScheme("bic", module="stdnum.bic"),
        StdnumScheme("iban", module="stdnum.iban"),
    )  # fmt: skip


def _registered_in(number: str) -> NumberFacts:
    return NumberFacts(kind="registration", region=number[:6])
