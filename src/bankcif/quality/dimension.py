"""What is asked of data, what comes out of asking, and figures that add up."""

from __future__ import annotations

import enum
import math

import attrs

from .._text import Language
from ..errors import InputError

__all__ = ["Dimension", "Figure", "Outcome", "wilson"]

_NORMAL_95 = 1.959963984540054
"""Of a standard normal variable, the value that it exceeds on either side one time in twenty."""


class Dimension(enum.StrEnum):
    """What is asked of data."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    ACCURACY = "accuracy"
    UNIQUENESS = "uniqueness"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"
    REACHABILITY = "reachability"

    def label(self, language: Language) -> str:
        """What it is called; of completeness, accuracy and timeliness as supervisors call the rates."""
        return _LABELS[self][0 if language == "zh" else 1]


_LABELS = {
    Dimension.COMPLETENESS: ("完整率", "Completeness"), Dimension.VALIDITY: ("有效率", "Validity"), Dimension.ACCURACY: ("准确率", "Accuracy"),
    Dimension.UNIQUENESS: ("唯一率", "Uniqueness"), Dimension.CONSISTENCY: ("一致率", "Consistency"), Dimension.TIMELINESS: ("鲜活率", "Timeliness"),
    Dimension.REACHABILITY: ("可联率", "Reachability"),
}  # fmt: skip


class Outcome(enum.StrEnum):
    """What came out when a rule was asked of a customer; the value is the letter that it is kept by."""

    PASSED = "p"
    FAILED = "f"
    NOT_APPLICABLE = "n"
    NOT_CHECKED = "u"


@attrs.frozen
class Figure:
    """
    How often a rule was met. Figures of parts add up to that of the whole.

    Attributes:
        passed, failed: Of how many it was met, and not.
        not_applicable: Of how many it asks nothing.
        not_checked: Of how many what it needs is not known.
    """

    passed: int = 0
    failed: int = 0
    not_applicable: int = 0
    not_checked: int = 0

    @property
    def numerator(self) -> int:
        """Those who met it."""
        return self.passed

    @property
    def denominator(self) -> int:
        """Those of whom it could be told."""
        return self.passed + self.failed

    @property
    def rate(self) -> float | None:
        """Numerator by denominator, 0 to 1; None of nobody."""
        return self.passed / self.denominator if self.denominator else None

    def __add__(self, other: Figure) -> Figure:
        return Figure(
            self.passed + other.passed, self.failed + other.failed, self.not_applicable + other.not_applicable,
            self.not_checked + other.not_checked,
        )  # fmt: skip

    @classmethod
    def of(cls, outcome: Outcome) -> Figure:
        """Of one customer."""
        return _ONE[outcome]


_ONE = {
    Outcome.PASSED: Figure(1, 0, 0, 0), Outcome.FAILED: Figure(0, 1, 0, 0), Outcome.NOT_APPLICABLE: Figure(0, 0, 1, 0),
    Outcome.NOT_CHECKED: Figure(0, 0, 0, 1),
}  # fmt: skip


def wilson(right: int, checked: int) -> tuple[float, float]:
    """
    Between what shares the truth lies, at a confidence of 95 %, where *right* of *checked* in a random sample were right.

    Returns:
        Lower and upper bound, 0 to 1; of an empty sample all that there could be.

    Raises:
        InputError: More were right than checked.

    Source: Wilson, Probable inference, the law of succession, and statistical inference (1927); without correction for continuity.
    """
    if not 0 <= right <= checked:
        raise InputError("of a sample at most all are right", path="$.right", rule="sample")
    if not checked:
        return 0.0, 1.0
    share, square = right / checked, _NORMAL_95**2
    middle = (share + square / (2 * checked)) / (1 + square / checked)
    width = _NORMAL_95 * math.sqrt(share * (1 - share) / checked + square / (4 * checked**2)) / (1 + square / checked)
    return max(0.0, middle - width), min(1.0, middle + width)
