"""
Reminders: what somebody is to do about a customer while they have a tag, are in a segment, or break a rule of data quality; until when, and who is told if
nobody does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs
from attrs.validators import instance_of

from ..errors import RuleError
from .tag import need_name

__all__ = ["FINDING", "LEAST_AGAIN", "Reminder"]

FINDING = "finding:"
"""How what a reminder hangs on begins, where it is a rule of data quality."""
_OF_FINDING = re.compile(FINDING + r"[a-z][a-z0-9_]{0,63}")

_MOST_DAYS = 3660
LEAST_AGAIN = 7
"""What comes again sooner would be a task for each customer and day."""
_MOST_SNOOZE = 366


def _roles(said: Iterable[str]) -> tuple[str, ...]:
    if isinstance(said, str):
        raise TypeError("roles are a list")
    return tuple(said)


@attrs.frozen(kw_only=True)
class Reminder:
    """
    What is to be done while a tag or a finding stands.

    Attributes:
        name: Stays for ever.
        of: ``tag:NAME`` or ``segment:NAME``: whoever has it is to be looked after; or ``finding:RULE``, of a rule of data quality, while it is open.
        zh, en: What is to be done, in a sentence.
        roles: Who does it; the customer's manager first, where ``relationship_manager`` is one of them.
        due_days: Within how many days from the day on which the tag came.
        escalate_days, escalate_to: So many days behind that, who else is told; nobody if None.
        snooze_days: For how long it may be put off, at most; not at all if 0.
        again_days: After how many days it comes again where somebody has done it and the tag still stands; never if None.

    Raises:
        RuleError: Something of it is out of range, or would make a task for each customer and day.
    """

    name: str = attrs.field(validator=need_name)
    of: str = attrs.field(validator=instance_of(str))
    zh: str = attrs.field(validator=instance_of(str))
    en: str = attrs.field(validator=instance_of(str))
    roles: tuple[str, ...] = attrs.field(converter=_roles)
    due_days: int = 30
    escalate_days: int | None = None
    escalate_to: tuple[str, ...] = attrs.field(default=(), converter=_roles)
    snooze_days: int = 30
    again_days: int | None = None

    def __attrs_post_init__(self) -> None:
        problem = ""
        if not (self.of.startswith(("tag:", "segment:")) or _OF_FINDING.fullmatch(self.of)):
            problem = "it is of tag:NAME, segment:NAME or finding:RULE"
        elif not self.zh.strip() or not self.en.strip():
            problem = "it says in Chinese and English what is to be done"
        elif not self.roles or not all(map(str.strip, (*self.roles, *self.escalate_to))):
            problem = "it names the roles that do it"
        elif (self.escalate_days is None) != (not self.escalate_to):
            problem = "escalate_days and escalate_to belong together"
        elif not all(_is_days(one, 0, _MOST_DAYS) for one in (self.due_days, self.escalate_days or 0)):
            problem = f"it is due, and told to others, within 0 to {_MOST_DAYS:,} days"
        elif not _is_days(self.snooze_days, 0, _MOST_SNOOZE):
            problem = f"it may be put off for 0 to {_MOST_SNOOZE} days"
        elif self.again_days is not None and not _is_days(self.again_days, LEAST_AGAIN, _MOST_DAYS):
            problem = f"what is done comes again after {LEAST_AGAIN} days at the soonest: else there were a task for each customer and day"
        if problem:
            raise RuleError(f"reminder {self.name}: {problem}")


def _is_days(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most
