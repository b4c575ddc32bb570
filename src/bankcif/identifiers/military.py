"""Numbers of the mainland whose rules are not, or only partly, public: the armed forces, household registers."""

from __future__ import annotations

import re

import attrs

from .scheme import Issue, Scheme, Severity, Verdict, normalize, verdict
from .shapes import Shape, ShapedScheme

__all__ = ["HouseholdRegister", "Military"]

_SPACES = str.maketrans("", "", " -.·()（）\u3000")
_WRITTEN = re.compile(r"([\u4e00-\u9fff]{1,4}?)字?第?([0-9]{4,8})号?")
_OTHER = re.compile(r"[0-9A-Z\u4e00-\u9fff]{5,20}")
# Characters that documents of the armed forces are known to begin with. Unchecked: no list is public.
_PREFIXES = frozenset("军士兵文武南北沈兰成济广海空参政后装")


class Military(Scheme):
    """
    Officers', soldiers' and civilians' documents of the armed forces, such as ``军字第1234567号``.

    Forms are not public and changed in 2016: spaces, width and the words around the digits are folded, and nothing is
    refused for an unknown form but what can not be a number at all. The whole rule is unchecked.

    Args:
        prefixes: Characters that a number may begin with; another one is a warning.
    """

    name = "cn.military"
    source = "Documents seen in practice; no public rule"

    def __init__(self, *, prefixes: frozenset[str] = _PREFIXES) -> None:
        self._prefixes = prefixes

    def validate(self, text: str) -> Verdict:
        given = normalize(text)
        number = "" if given is None else given.translate(_SPACES).upper()
        found = _WRITTEN.fullmatch(number)
        if found is not None:
            prefix, digits = found.groups()
            known = prefix[0] in self._prefixes
            return verdict(self.name, prefix + digits, [] if known else [Issue("prefix_unknown", Severity.WARNING, 0)])
        if not 5 <= len(number) <= 20:
            return verdict(self.name, number, [Issue("length")])
        if not _OTHER.fullmatch(number) or not re.search("[0-9]{4}", number):
            return verdict(self.name, number, [Issue("characters")])
        return verdict(self.name, number, [Issue("form_unknown", Severity.WARNING)])

    def format(self, text: str) -> str:
        number = self.compact(text)
        found = _WRITTEN.fullmatch(number)
        return f"{found[1]}字第{found[2]}号" if found else number


class HouseholdRegister(Scheme):
    """
    Household registers (户口簿): identified by the holder's resident ID, or by a household number of nine digits.

    Source: domain practice; the household number's form is unchecked.
    """

    name = "cn.household_register"
    source = "GB 11643-1999 for the holder's number; household number unchecked"

    def __init__(self, *, resident_id: Scheme) -> None:
        self._resident_id = resident_id

    def validate(self, text: str) -> Verdict:
        household = _HOUSEHOLD.validate(text)
        if household.valid:
            return household
        return attrs.evolve(self._resident_id.validate(text), scheme=self.name)


_HOUSEHOLD = ShapedScheme(
    HouseholdRegister.name, source=HouseholdRegister.source, shapes=(Shape("#" * 9, "household"),)
)
