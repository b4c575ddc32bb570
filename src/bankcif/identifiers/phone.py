"""Phone numbers, as people and systems in China write them, brought to E.164."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from traceback import clear_frames
from typing import Any

import attrs

from .scheme import Issue, NumberFacts, Scheme, Severity, Verdict, normalize, verdict

__all__ = ["Phone", "PhoneFacts", "split_e164"]

# How nearly all mobiles are written; what matches here needs no unravelling.
_PLAIN_MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")
_MOBILE = re.compile(r"(?:\(?(?:\+|00?)?86\)?(?:\(0\))?|0)?(1[3-9]\d{9})\Z")
_PUNCTUATION = re.compile(r"[\s\u00ad.\-\u2010-\u2015]+")
_EXTENSION = re.compile(r"[(\s]*(?:转分机|分机号|转|分机|ext\.?|#|x)[:：\s]*(\d{1,7})\)?\Z", re.IGNORECASE)
_FIXED_EXTENSION = re.compile(
    r"((?:\+?86[- ]?)?(?:\(?0\d{2,3}\)?[- ]?(?:\d{7,8}|\d{4}-\d{4}|\d{3}-\d{4})|[1-9]\d{1,2}[- ]\d{7,8}|[48]00-?\d{3}-?\d{4}))-(\d{1,6})\Z"
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
# A single letter beside a digit was meant as one (l for 1, O for 0), and nobody knows which.
_LETTERED = re.compile(r"(?<![a-z])[a-z](?=\d)|(?<=\d)[a-z](?![a-z])", re.IGNORECASE)
# How a number begins that has neither its area code nor its country's.
_BARE = re.compile(r"(?!86)[2-9]")
# Numbers of fixed lines without their area code: which city's, nobody knows.
_LOCAL = re.compile(r"[2-8]\d{2,3}-?\d{4}(?:-\d{1,6})?\Z")
_SEVERAL = re.compile(r"[/;,、；，]")
_IOT = re.compile(r"(?:\+?86|0086)?1(?:40|41|44|46|48|064)\d{9,10}\Z")
_SHORT = re.compile(r"(?:95\d{3,4}|1[0-2]\d{3}|1[0-2]\d)\Z")


# What people write who give no number: one digit repeated, a run, and the operator's own sample.
_SAMPLE_ENDS = frozenset({*(digit * 8 for digit in "0123456789"), "12345678", "23456789", "87654321", "98765432"})
_MOBILE_DIGITS = 11
_MOST_RANGES = 65_536
_SAMPLES = frozenset({"13800138000", "12345678901"})
# What phonenumbers' kinds of numbers are called here, by their place in its enumeration.
_KINDS = {
    0: "fixed", 1: "mobile", 2: "fixed_or_mobile", 3: "toll_free", 4: "premium_rate", 5: "shared_cost", 6: "voip",
    7: "personal", 8: "pager", 9: "universal", 10: "voicemail",
}  # fmt: skip


@attrs.frozen(kw_only=True, repr=False)
class PhoneFacts(NumberFacts):
    """
    What a phone number says: `kind` is ``mobile``, ``virtual_mobile``, ``fixed``, ``shared_cost``, ``toll_free`` and
    the like, ``unknown`` for a range that is not known to be assigned; `country` where the number is at home.

    Attributes:
        extension: Digits to dial after the call is answered, if any.
    """

    extension: str | None = None


@cache
def _assigned_mobile() -> re.Pattern[str]:
    # The library's own table, so that the short way and the long way can not disagree.
    from phonenumbers.data.region_CN import PHONE_METADATA_CN

    mobile = PHONE_METADATA_CN.mobile
    assert mobile is not None, "the metadata of China describe mobiles"
    assert mobile.national_number_pattern is not None, "and give their pattern"
    return re.compile(mobile.national_number_pattern)


class Phone(Scheme):
    """
    Phone numbers in E.164, with ``;ext=`` behind where there is an extension.

    A number that can not exist is an error; one in a range that is not known to be assigned is a warning, since new
    ranges appear before tables do. Mainland numbers need no country code; others do.

    Args:
        mobile_ranges: Further leading digits of mainland mobiles that count as assigned.
        virtual_ranges: Leading digits of mobiles of operators without a network of their own.

    Source: the numbering metadata of libphonenumber; prefixes and separators from customer files.
    """

    name = "phone"
    source = "ITU-T E.164; libphonenumber metadata"

    def __init__(self, *, mobile_ranges: tuple[str, ...] = (), virtual_ranges: tuple[str, ...] = ()) -> None:
        self._ranges = mobile_ranges
        self._virtual = virtual_ranges
        # The table tells mobiles apart by their first five digits, a bank's own ranges may be longer.
        self._leading = max(5, *map(len, (*mobile_ranges, *virtual_ranges, "")))
        self._range = lru_cache(maxsize=_MOST_RANGES)(self._issues_of_range)

    def validate(self, text: str) -> Verdict:
        plain = _PLAIN_MOBILE.fullmatch(text)
        if plain is not None:
            return self._mobile(plain[1], [])
        normalized = normalize(text)
        if normalized is None:
            return verdict(self.name, "", [Issue("length")])
        issues: list[Issue] = []
        # The library's own form, with ";ext=" behind, is one number too.
        parts = [part.strip() for part in _SEVERAL.split(normalized.replace(";ext=", " ext ")) if part.strip()]
        if len(parts) > 1:
            issues.append(Issue("several_numbers", Severity.INFO))
        first = parts[0] if parts else ""
        squeezed = _PUNCTUATION.sub("", first)
        mobile = _MOBILE.match(squeezed) if squeezed.isascii() else None
        if mobile is not None:
            return self._mobile(mobile[1], issues)
        if squeezed.isascii() and _SHORT.match(squeezed):
            return verdict(self.name, "", [*issues, Issue("short_code")])
        if squeezed.isascii() and _IOT.match(squeezed):
            return verdict(self.name, "", [*issues, Issue("iot")])
        return self._parsed(first, issues)

    def format(self, text: str) -> str:
        number, _, extension = self.compact(text).partition(";ext=")
        if number.startswith("+861") and len(number) == 14:
            number = f"+86 {number[3:6]} {number[6:10]} {number[10:]}"
        return number if not extension else f"{number} ext. {extension}"

    def parse(self, text: str) -> PhoneFacts | None:
        """What a valid number says; None for an invalid one."""
        import phonenumbers

        value = self.validate(text).value
        if value is None:
            return None
        number, _, extension = value.partition(";ext=")
        parsed = phonenumbers.parse(number)
        kind = _KINDS.get(phonenumbers.number_type(parsed), "unknown")
        if kind == "unknown" and number.startswith(tuple("+86" + head for head in self._ranges)):
            kind = "mobile"
        if kind == "mobile" and number.startswith(tuple("+86" + head for head in self._virtual)):
            kind = "virtual_mobile"
        return PhoneFacts(kind=kind, country=phonenumbers.region_code_for_number(parsed), extension=extension or None)

    def _mobile(self, digits: str, issues: list[Issue]) -> Verdict:
        found = self._range(digits[: self._leading])
        if not found and not issues and digits[3:] not in _SAMPLE_ENDS and digits not in _SAMPLES:
            return Verdict(self.name, "+86" + digits)
        issues += found
        if digits[3:] in _SAMPLE_ENDS or digits in _SAMPLES:
            issues.append(Issue("sample_number", Severity.WARNING, 0))
        return verdict(self.name, "+86" + digits, issues)

    def _issues_of_range(self, leading: str) -> tuple[Issue, ...]:
        """What the leading digits of a mobile say of all numbers that begin so."""
        issues = []
        assigned = _assigned_mobile().fullmatch(leading.ljust(_MOBILE_DIGITS, "0"))
        if not assigned and not leading.startswith(self._ranges):
            issues.append(Issue("unassigned_range", Severity.WARNING, 0))
        if leading.startswith(self._virtual):
            issues.append(Issue("virtual_operator", Severity.INFO, 0))
        return tuple(issues)

    def _parsed(self, text: str, issues: list[Issue]) -> Verdict:
        import phonenumbers

        extension, text = "", _DASHES.sub("-", text)
        if text.isascii() and _LOCAL.match(text.replace(" ", "")):
            return verdict(self.name, "", [*issues, Issue("area_code")])
        if found := _EXTENSION.search(text):
            text, extension = text[: found.start()].strip(), found[1]
        elif found := _FIXED_EXTENSION.match(text):
            text, extension = found[1], found[2]
        number = None if _LETTERED.search(text) else _number_in(text, "CN")
        if number is None or not phonenumbers.is_possible_number(number):
            return verdict(self.name, "", [*issues, Issue("not_possible")])
        # No fixed line begins so, hence it is a mobile with a digit too few or too many.
        national = str(number.national_number)
        if number.country_code == 86 and re.match(r"1[3-9]", national) and len(national) != 11:
            return verdict(self.name, "", [*issues, Issue("length")])
        if not phonenumbers.is_valid_number(number):
            if number.country_code == 86 and _BARE.match(text):
                return verdict(self.name, "", [*issues, Issue("area_code")])
            issues.append(Issue("unassigned_range", Severity.WARNING, 0))
        value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        extension = extension or (number.extension or "")
        return verdict(self.name, value + (f";ext={extension}" if extension else ""), issues)


def split_e164(number: str) -> tuple[str, str]:
    """Country code and national number, both digits, of a number in E.164; an extension is left out. Of what is no such number the code is empty."""
    plain = number.partition(";")[0]
    parsed = _number_in(plain) if plain.startswith("+") else None
    if parsed is None:
        return "", "".join(filter(str.isdigit, plain))
    return str(parsed.country_code), plain.removeprefix(f"+{parsed.country_code}")


def _number_in(text: str, region: str | None = None) -> Any:
    """The number that *text* writes, as `phonenumbers` has it; None if it writes none."""
    import phonenumbers

    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        # It keeps what it caught in a frame of its own: a circle that holds what every caller held, customers' values among it, until somebody looks for circles.
        clear_frames(error.__traceback__)
    return None
