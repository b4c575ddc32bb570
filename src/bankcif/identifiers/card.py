"""Bank card numbers."""

from __future__ import annotations

from collections.abc import Mapping

from .scheme import Issue, NumberFacts, Scheme, Severity, Verdict, normalize, verdict

__all__ = ["Card", "luhn"]

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_SEPARATORS = str.maketrans("", "", " -")
# Leading digits and the brand they mean, longest first. Source: ISO/IEC 7812 assignments as the brands publish them.
_BRANDS = (
    *((str(n), "jcb") for n in range(3528, 3590)),
    *((str(n), "mastercard") for n in range(2221, 2721)),
    ("34", "amex"), ("37", "amex"), ("36", "diners"), ("38", "diners"), ("30", "diners"),
    ("62", "unionpay"), ("81", "unionpay"),
    *((str(n), "mastercard") for n in range(51, 56)),
    ("4", "visa"),
)  # fmt: skip


def luhn(digits: str) -> bool:
    """Whether *digits* end in their check digit. Source: ISO/IEC 7812-1, annex B."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


class Card(Scheme):
    """
    Card numbers of 12 to 19 digits with a Luhn check digit.

    A failed check is an error, but for UnionPay a warning: a few of its genuine numbers fail. There is no public table
    of issuers; `bins` adds a bank's own.

    Source: ISO/IEC 7812-1.
    """

    name = "card"
    source = "ISO/IEC 7812-1"

    def __init__(self, *, bins: Mapping[str, str]) -> None:
        self._bins = sorted(bins.items(), key=lambda entry: -len(entry[0]))

    def validate(self, text: str) -> Verdict:
        compacted = normalize(text)
        if compacted is None:
            return verdict(self.name, "", [Issue("length")])
        digits = compacted.translate(_SEPARATORS)
        if not (digits.isascii() and digits.isdigit()):
            return verdict(self.name, digits, [Issue("characters")])
        if not 12 <= len(digits) <= 19:
            return verdict(self.name, digits, [Issue("length")])
        issues = []
        brand = self.brand(digits)
        if brand is None:
            issues.append(Issue("brand_unknown", Severity.WARNING, 0))
        if not luhn(digits):
            severity = Severity.WARNING if brand == "unionpay" else Severity.ERROR
            issues.append(Issue("check_digit", severity, len(digits) - 1))
        return verdict(self.name, digits, issues)

    def brand(self, digits: str) -> str | None:
        """The brand that the leading digits mean, if known."""
        return next((brand for prefix, brand in (*self._bins, *_BRANDS) if digits.startswith(prefix)), None)

    def parse(self, text: str) -> NumberFacts | None:
        """The brand of a valid number as its `kind`, ``unknown`` if none is known; None for an invalid one."""
        digits = self.validate(text).value
        return None if digits is None else NumberFacts(kind=self.brand(digits) or "unknown")

    def format(self, text: str) -> str:
        digits = self.compact(text)
        return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))
