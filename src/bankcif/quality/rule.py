"""Quality rules: of whom something is asked, when it can be told, and what is right."""

from __future__ import annotations

import enum
import re

import attrs
from attrs.validators import in_, instance_of, optional

from .._text import Language
from ..errors import RuleError
from ..rules import Expression
from .dimension import Dimension

__all__ = ["REPORTED", "Finding", "QualityRule", "Severity", "reported_of"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_MOST_DAYS = 366
REPORTED = "reported:"
"""How the rule of a finding begins that somebody told, and no rule found."""


class Finding(enum.StrEnum):
    """What is wrong, where something is."""

    MISSING = "missing"
    INVALID = "invalid"
    INCONSISTENT = "inconsistent"
    STALE = "stale"
    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    PLACEHOLDER = "placeholder"
    SHARING = "sharing"
    UNREACHABLE = "unreachable"
    REPORTED = "reported"

    def label(self, language: Language) -> str:
        """What it is called."""
        return _LABELS[self][0 if language == "zh" else 1]


_LABELS = {
    Finding.MISSING: ("缺失", "missing"), Finding.INVALID: ("无效", "invalid"), Finding.INCONSISTENT: ("不一致", "inconsistent"),
    Finding.STALE: ("过期未更新", "stale"), Finding.DUPLICATE: ("疑似重复", "possible duplicate"), Finding.ORPHAN: ("孤立", "orphan"),
    Finding.PLACEHOLDER: ("占位值", "placeholder"), Finding.SHARING: ("可疑共用", "suspicious sharing"), Finding.UNREACHABLE: ("无法联系", "unreachable"),
    Finding.REPORTED: ("一线反馈", "reported by staff"),
}  # fmt: skip


class Severity(enum.StrEnum):
    """How much a finding matters; in the order in which they are worked on."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def _name(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise RuleError(
            "a rule's name is of small letters, digits and underscores, begins with a letter, and is at most 48 long"
        )


@attrs.frozen(kw_only=True)
class QualityRule:
    """
    A rule of data quality.

    Attributes:
        name: Stays for ever.
        dimension, finding: What it asks, and what is wrong where it is not met.
        field: Of the field catalogue, what is to be put right.
        zh, en: What is right, in a sentence.
        hint_zh, hint_en: What to do where it is not.
        kind: Of persons (``individual``) or organizations only; of both if None.
        applies: Of whom it asks something; of all if None.
        checkable: When it can be told; always if None.
        passes: What is right.
        severity: How much it matters.
        fix_days: Within how many days it is to be put right.

    Raises:
        RuleError: Something of it is missing or out of range; the message names the rule.
    """

    name: str = attrs.field(validator=_name)
    dimension: Dimension = attrs.field(converter=Dimension)
    finding: Finding = attrs.field(converter=Finding)
    field: str = attrs.field(validator=instance_of(str))
    zh: str = attrs.field(validator=instance_of(str))
    en: str = attrs.field(validator=instance_of(str))
    hint_zh: str = attrs.field(default="", validator=instance_of(str))
    hint_en: str = attrs.field(default="", validator=instance_of(str))
    kind: str | None = attrs.field(default=None, validator=optional(in_(("individual", "organization"))))
    applies: Expression | None = None
    checkable: Expression | None = None
    passes: Expression
    severity: Severity = attrs.field(default=Severity.MEDIUM, converter=Severity)
    fix_days: int = 30

    def __attrs_post_init__(self) -> None:
        problem = ""
        if not self.zh.strip() or not self.en.strip():
            problem = "it says in Chinese and English what is right"
        elif bool(self.hint_zh.strip()) != bool(self.hint_en.strip()):
            problem = "what to do is said in both languages, or in none"
        elif self.finding is Finding.REPORTED:
            problem = "what staff report needs no rule"
        elif type(self.fix_days) is not int or not 1 <= self.fix_days <= _MOST_DAYS:
            problem = f"it is to be put right within 1 to {_MOST_DAYS} days"
        if problem:
            raise RuleError(f"rule {self.name}: {problem}")


def reported_of(field: str) -> str:
    """The rule that a finding of *field* has which somebody told."""
    return REPORTED + field
