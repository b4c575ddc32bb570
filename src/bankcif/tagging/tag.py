"""What a tag, a group of tags and a segment are: named rules, with whom they belong to and what they mean."""

from __future__ import annotations

import enum
import re

import attrs
from attrs.validators import instance_of, optional

from .._canonical import dumps, sha256
from .._text import Language
from ..errors import RuleError
from ..party import Money, Sensitivity
from ..rules import Expression, as_document
from .tier import Tier

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
    """Who says that a customer has a tag: a rule, their monthly balances on a ladder of tiers, a person, a model, or another system."""

    RULE = "rule"
    TIER = "tier"
    MANUAL = "manual"
    MODEL = "model"
    IMPORTED = "imported"


def need_name(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    """Validates the name of a definition."""
    if not _NAME.fullmatch(value):
        raise RuleError(
            f"a {attribute.name} is small letters, digits and underscores, at most 64, and begins with a letter"
        )


def _whole(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if type(value) is not int:
        raise RuleError(f"{attribute.name} is a whole number")


def _amount(_: object, attribute: attrs.Attribute[Money], value: Money) -> None:
    if not isinstance(value, Money):
        raise RuleError(f"{attribute.name} is an amount of money")


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

    name: str = attrs.field(validator=need_name)
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
    """
    Tags of which a customer has one at most, such as grades; the one of the highest priority that holds. A group of tiers is a ladder: a
    customer stands on one of them by their monthly balances (`bankcif.tagging.TierScale`).
    """

    name: str = attrs.field(validator=need_name)
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
        priority: Within its group; the highest wins. Of a tier its floor says it.
        valid_days: How long it stands if nobody looks again; None for as long as it holds.
        sensitivity: Its class where that is above the highest of what its rule reads.
        floor: Of a tier: from which monthly average on a customer stands there; the lowest of a group is of 0.
        grace_months: Of a tier: so many months in a row below the floor are watched before the customer drops; 3 if nothing is said.
    """

    family: Family
    kind: TagKind = TagKind.RULE
    group: str = attrs.field(default="", validator=instance_of(str))
    priority: int = attrs.field(default=0, validator=_whole)
    valid_days: int | None = attrs.field(default=None, validator=optional(_whole))
    sensitivity: Sensitivity = Sensitivity.C1
    floor: Money | None = attrs.field(default=None, validator=optional(_amount))
    grace_months: int | None = attrs.field(default=None, validator=optional(_whole))

    def __attrs_post_init__(self) -> None:
        _checked(self)
        if (self.kind is TagKind.RULE) != (self.when is not None):
            raise RuleError(f"tag {self.name}: a rule tag, and no other, says when it holds")
        is_tier = self.kind is TagKind.TIER
        if is_tier != (self.floor is not None) or (self.grace_months is not None and not is_tier):
            raise RuleError(f"tag {self.name}: a tier, and no other, has a floor, and may have grace_months")
        if is_tier and (not self.group or self.priority):
            raise RuleError(f"tag {self.name}: a tier stands in a group, and its floor is its priority")
        if self.valid_days is not None and not 1 <= self.valid_days <= _MOST_DAYS:
            raise RuleError(f"tag {self.name}: it is valid for 1 to {_MOST_DAYS:,} days")
        if self.kind is TagKind.MANUAL and self.valid_days is None:
            raise RuleError(f"tag {self.name}: what a person says is valid for so many days, and then said again")

    @property
    def rank(self) -> int:
        """Its place in its group: the highest wins."""
        return self.priority if self.floor is None else self.floor.minor

    @property
    def needs_end(self) -> bool:
        """Whether it stands for so long only where somebody says it: what a person says does, and so does a tier beside the ladder."""
        return self.kind in (TagKind.MANUAL, TagKind.TIER)

    def tier(self) -> Tier:
        """The step of the ladder that a tier is."""
        assert self.floor is not None, "a tier has a floor"
        return Tier(self.name, self.floor, *(() if self.grace_months is None else (self.grace_months,)))

    def _digested(self) -> list[object]:
        own = [*super()._digested(), self.kind.value, self.group, self.priority, self.valid_days]
        return own if self.floor is None else [*own, self.floor.stored(), self.tier().grace_months]


def _checked(one: Definition) -> None:
    if not all(text.strip() for text in (one.zh, one.en, one.about_zh, one.about_en, one.owner)):
        raise RuleError(f"{one.name}: it has labels and a sentence in Chinese and English, and an owner")
