"""Unified social credit codes (统一社会信用代码) of organizations."""

from __future__ import annotations

from ..party import Divisions
from .scheme import Issue, Scheme, Severity, Verdict, normalize, verdict

__all__ = ["UnifiedSocialCreditCode", "organization_check", "uscc_check"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SEPARATORS = str.maketrans("", "", " -")
# Source: GB 32100-2015, table of registering authorities and kinds, with the amendment of 2016.
_TYPES = frozenset(
    (
        "11 12 13 19 21 29 31 32 33 34 35 39 41 49 51 52 53 59 61 62 69 71 72 79 81 89 91 92 93 A1 A9 N1 N2 N3 N9 Y1"
    ).split()
)
# Genuine pilot series that break the check rule, such as Xiamen's of 2015; a bank may add its own.
_KNOWN_VIOLATORS = ("91350211M",)


def uscc_check(first: str) -> str:
    """The check character of the first seventeen characters. Source: GB 32100-2015, ISO 7064 MOD 31-3."""
    total = sum(weight * _VALUE[character] for weight, character in zip(_WEIGHTS, first, strict=True))
    return _ALPHABET[-total % 31]


def organization_check(first: str) -> str:
    """The check character of an organization code's first eight. Source: GB 11714-1997."""
    total = sum(w * int(character, 36) for w, character in zip(_ORGANIZATION_WEIGHTS, first, strict=True))
    return "0123456789X0"[11 - total % 11]


class UnifiedSocialCreditCode(Scheme):
    """
    Eighteen characters: authority, kind, six-digit region, organization code with its own check, check character.

    Source: GB 32100-2015; organization code inside: GB 11714-1997.
    """

    name = "cn.uscc"
    source = "GB 32100-2015"

    def __init__(self, *, divisions: Divisions) -> None:
        self._divisions = divisions

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
        violator = code.startswith(_KNOWN_VIOLATORS)
        if uscc_check(code[:17]) != code[17]:
            found = Issue("known_violator", Severity.WARNING, 17) if violator else Issue("check_digit", position=17)
            issues.append(found)
        if organization_check(code[8:16]) != code[16] and not violator:
            issues.append(Issue("organization_code", Severity.WARNING, 16))
        if code[:2] not in _TYPES:
            issues.append(Issue("type_code", Severity.WARNING, 0))
        if self._divisions.get(code[2:8]) is None:
            issues.append(Issue("region_unknown", Severity.WARNING, 2))
        return verdict(self.name, code, issues)
