"""Where a finding stands: what a test says of it, and what persons may."""

from __future__ import annotations

import enum
from datetime import date, timedelta

from .._text import Language
from ..errors import InputError
from .dimension import Outcome

__all__ = ["LIVE", "SCOPES", "State", "followed", "need_acceptance"]

_MOST_ACCEPTED = 366
SCOPES = ("all", "branch", "manager", "channel", "staff")
"""Whose figures and findings are told apart: the bank's; of whom a branch or a manager looks after; of what a channel or a member of staff brought."""


class State(enum.StrEnum):
    """Where a finding stands. `FIXED` and `GONE` are ends: the test passed, or there is nothing to be tested any more."""

    OPEN = "open"
    ACCEPTED = "accepted"
    FALSE_POSITIVE = "false_positive"
    FIXED = "fixed"
    GONE = "gone"

    def label(self, language: Language) -> str:
        """What it is called."""
        return _LABELS[self][0 if language == "zh" else 1]


_LABELS = {
    State.OPEN: ("待处理", "open"), State.ACCEPTED: ("暂时接受", "accepted"), State.FALSE_POSITIVE: ("误报", "false positive"),
    State.FIXED: ("已整改", "fixed"), State.GONE: ("不再适用", "no longer applies"),
}  # fmt: skip
LIVE = frozenset({State.OPEN, State.ACCEPTED, State.FALSE_POSITIVE})
"""Those that have not come to their end."""


def followed(state: State | None, outcome: Outcome, *, until: date | None, same: bool, today: date) -> State | None:
    """
    Where a finding stands once its rule was asked again.

    Args:
        state: Where it stood; None if there is none that lives.
        outcome: What came out.
        until: The last day for which it is accepted.
        same: Whether the rule was asked of the same value as when it was found.
        today: The day.

    Returns:
        The state; None if there still is none.
    """
    if outcome is Outcome.FAILED:
        lapsed = state is State.ACCEPTED and until is not None and until < today
        another = state is State.FALSE_POSITIVE and not same
        return State.OPEN if state is None or lapsed or another else state
    if state is None:
        return None
    return State.FIXED if outcome is Outcome.PASSED else State.GONE


def need_acceptance(until: date, today: date) -> None:
    """Raises `InputError` where a finding can not be accepted to this day: it lies behind, or further ahead than a year."""
    if not today < until <= today + timedelta(_MOST_ACCEPTED):
        raise InputError(
            f"a finding is accepted to a day ahead, at most {_MOST_ACCEPTED} days; then it is looked at again", path="$.until", rule="finding"
        )  # fmt: skip
