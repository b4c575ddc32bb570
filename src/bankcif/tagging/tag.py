"""What a tag, a group of tags and a segment are: named rules, with whom they belong to and what they mean."""

from __future__ import annotations

import enum
import re

import attrs
from attrs.validators import instance_of, optional

from .._canonical import dumps, sha256
from .._text import Language
from ..errors import RuleError
from ..party import Sensitivity
from ..rules import Expression, as_document

__all__ = ["Family", "Group", "Segment", "Tag", "TagKind"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_DAYS = 3660


class Family(enum.StrEnum):
    """
    What a tag is about.

    Source: the four kinds of the guide to bank customer information (人口统计学、行为偏好、价值贡献、风险等级), and a bank's own.
    """

    DEMOGRAPHIC = "demographic"
    BEHAVIOUR = "behaviour"
    VALUE = "value"
    RISK = "risk"
    OWN = "own"


class TagKind(enum.StrEnum):
    """Who says that a customer has a tag: a rule, a person, a model, or another system."""

    RULE = "rule"
    MANUAL = "manual"
    MODEL = "model"
    IMPORTED = "imported"


def _named(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not _NAME.fullmatch(value):
        raise RuleError(
            f"a {attribute.name} is small letters, digits and underscores, at most 64, and begins with a letter"
        )


def _whole(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if type(value) is not int:
        raise RuleError(f"{attribute.name} is a whole number")


@attrs.frozen(kw_only=True)
class Definition:
    """
    What tags and segments have in common.

    Attributes:
        name: Stays for ever; a tag of another meaning has another name.
        zh, en: Labels.
        about_zh, about_en: What it means, in a sentence for who sees it on a customer.
        owner: Who answers for it.
        when: The rule, if one decides.
    """

    name: str = attrs.field(validator=_named)
    zh: str = attrs.field(validator=instance_of(str))
    en: str = attrs.field(validator=instance_of(str))
    about_zh: str = attrs.field(validator=instance_of(str))
    about_en: str = attrs.field(validator=instance_of(str))
    owner: str = attrs.field(validator=instance_of(str))
    when: Expression | None = None

    def label(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def about(self, language: Language) -> str:
        """What it means."""
        return self.about_zh if language == "zh" else self.about_en

    def _digested(self) -> list[object]:
        return [type(self).__name__, self.name, self.owner, None if self.when is None else as_document(self.when)]

    @property
    def version(self) -> str:
        """Of what decides about it, in hexadecimal: another rule is another version, another label is not."""
        return sha256("bankcif/v1/definition", dumps(self._digested())).hex()[:16]


@attrs.frozen(kw_only=True)
class Segment(Definition):
    """A set of customers: those of whom a rule holds, which may name tags and other segments."""

    when: Expression

    def __attrs_post_init__(self) -> None:
        _checked(self)


@attrs.frozen(kw_only=True)
class Group:
    """Tags of which a customer has one at most, such as grades; the one of the highest priority that holds."""

    name: str = attrs.field(validator=_named)
    zh: str = attrs.field(validator=instance_of(str))
    en: str = attrs.field(validator=instance_of(str))


@attrs.frozen(kw_only=True)
class Tag(Definition):
    """
    A labelled predicate of a customer.

    Attributes:
        family: What it is about.
        kind: Who says that a customer has it.
        group: The group of which it is the only one; empty for none.
        priority: Within its group; the highest wins.
        valid_days: How long it stands if nobody looks again; None for as long as it holds.
        sensitivity: Its class where that is above the highest of what its rule reads.
    """

    family: Family
    kind: TagKind = TagKind.RULE
    group: str = attrs.field(default="", validator=instance_of(str))
    priority: int = attrs.field(default=0, validator=_whole)
    valid_days: int | None = attrs.field(default=None, validator=optional(_whole))
    sensitivity: Sensitivity = Sensitivity.C1

    def __attrs_post_init__(self) -> None:
        _checked(self)
        if (self.kind is TagKind.RULE) != (self.when is not None):
            raise RuleError(f"tag {self.name}: a rule tag, and no other, says when it holds")
        if self.valid_days is not None and not 1 <= self.valid_days <= _MOST_DAYS:
            raise RuleError(f"tag {self.name}: it is valid for 1 to {_MOST_DAYS:,} days")
        if self.kind is TagKind.MANUAL and self.valid_days is None:
            raise RuleError(f"tag {self.name}: what a person says is valid for so many days, and then said again")

    def _digested(self) -> list[object]:
        return [*super()._digested(), self.kind.value, self.group, self.priority, self.valid_days]


def _checked(one: Definition) -> None:
    if not all(text.strip() for text in (one.zh, one.en, one.about_zh, one.about_en, one.owner)):
        raise RuleError(f"{one.name}: it has labels and a sentence in Chinese and English, and an owner")
