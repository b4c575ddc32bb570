"""
Where a party stands: its life cycle, and, apart from that, its customer-due-diligence review.

The life cycle is a table of transitions: from where to where, what must be so, and whether it takes a second person. Privacy's own states, restricted and erased, belong to
erasing, and merged to merging; they are no transitions of this table.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from .._text import Language

__all__ = [
    "FORBIDDING",
    "PAST_CUSTOMERS",
    "STRICTEST_FIRST",
    "TRANSITIONS",
    "LifeCycle",
    "ReviewState",
    "Transition",
    "strictest",
    "why_not",
]


class LifeCycle(enum.StrEnum):
    """The life of a party at the bank."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    DORMANT = "dormant"
    RESTRICTED = "restricted"
    FROZEN = "frozen"
    CLOSING = "closing"
    CLOSED = "closed"
    ARCHIVED = "archived"
    ERASED = "erased"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    DECEASED = "deceased"
    DISSOLVED = "dissolved"

    def label(self, language: Language) -> str:
        """What it is called."""
        return _LABELS[self][0 if language == "zh" else 1]


_LABELS = {
    LifeCycle.DRAFT: ("草稿", "draft"), LifeCycle.PENDING: ("待审核", "pending"), LifeCycle.ACTIVE: ("正常", "active"),
    LifeCycle.DORMANT: ("休眠", "dormant"), LifeCycle.RESTRICTED: ("限制处理", "restricted"), LifeCycle.FROZEN: ("冻结", "frozen"),
    LifeCycle.CLOSING: ("销户中", "closing"), LifeCycle.CLOSED: ("已销户", "closed"), LifeCycle.ARCHIVED: ("已归档", "archived"),
    LifeCycle.ERASED: ("已删除", "erased"), LifeCycle.REJECTED: ("已拒绝", "rejected"), LifeCycle.WITHDRAWN: ("已撤回", "withdrawn"),
    LifeCycle.MERGED: ("已合并", "merged"), LifeCycle.DECEASED: ("已身故", "deceased"), LifeCycle.DISSOLVED: ("已注销", "dissolved"),
}  # fmt: skip


class ReviewState(enum.StrEnum):
    """The state of the periodic customer review (KYC)."""

    NONE = "none"
    IN_PROGRESS = "in_progress"
    CURRENT = "current"
    DUE = "due"
    OVERDUE = "overdue"
    FAILED = "failed"
    EXPIRED = "expired"


_L = LifeCycle
_ALIVE = (_L.ACTIVE, _L.DORMANT)
"""Who is frozen is not among them: nothing but unfreezing, by two persons, leads out of that."""


@attrs.frozen(kw_only=True)
class Transition:
    """
    A step of the life cycle.

    Attributes:
        name: What is done.
        zh, en: Labels.
        before, after: From which states, to which.
        kind: Of persons or organizations only; of both if empty.
        second: Whether it takes a second person.
        evidence: Whether it takes a reference to what proves it.
        empty: Whether nothing may be held any more.
        complete: Whether the elements of due diligence must be there.
    """

    name: str
    zh: str
    en: str
    before: tuple[LifeCycle, ...]
    after: LifeCycle
    kind: str = ""
    second: bool = False
    evidence: bool = False
    empty: bool = False
    complete: bool = False


TRANSITIONS: Mapping[str, Transition] = {
    one.name: one
    for one in (
        Transition(name="take_back", zh="退回草稿", en="back to a draft", before=(_L.ACTIVE, _L.PENDING), after=_L.DRAFT),
        Transition(name="submit", zh="提交审核", en="submit", before=(_L.DRAFT,), after=_L.PENDING),
        Transition(name="accept", zh="审核通过", en="accept", before=(_L.PENDING,), after=_L.ACTIVE, complete=True),
        Transition(name="reject", zh="拒绝", en="reject", before=(_L.PENDING,), after=_L.REJECTED),
        Transition(name="withdraw", zh="客户撤回", en="withdraw", before=(_L.DRAFT, _L.PENDING), after=_L.WITHDRAWN),
        Transition(name="fall_dormant", zh="转休眠", en="fall dormant", before=(_L.ACTIVE,), after=_L.DORMANT),
        Transition(name="wake", zh="激活", en="wake", before=(_L.DORMANT,), after=_L.ACTIVE),
        Transition(name="freeze", zh="冻结", en="freeze", before=(_L.ACTIVE, _L.DORMANT), after=_L.FROZEN, evidence=True),
        Transition(name="unfreeze", zh="解冻", en="unfreeze", before=(_L.FROZEN,), after=_L.ACTIVE, second=True, evidence=True),
        Transition(name="report_death", zh="登记身故", en="report a death", before=_ALIVE, after=_L.DECEASED, kind="individual", evidence=True),
        Transition(
            name="correct_death", zh="更正身故", en="correct a death", before=(_L.DECEASED,), after=_L.ACTIVE, kind="individual", second=True,
            evidence=True,
        ),
        Transition(name="dissolve", zh="登记注销", en="report that it is dissolved", before=_ALIVE, after=_L.DISSOLVED, kind="organization", evidence=True),
        Transition(
            name="close", zh="申请销户", en="begin to close", before=(_L.ACTIVE, _L.DORMANT, _L.DECEASED, _L.DISSOLVED), after=_L.CLOSING
        ),
        Transition(name="keep", zh="取消销户", en="keep after all", before=(_L.CLOSING,), after=_L.ACTIVE, second=True),
        Transition(name="finish", zh="完成销户", en="close", before=(_L.CLOSING,), after=_L.CLOSED, empty=True),
        Transition(name="reopen", zh="重新开户", en="open again", before=(_L.CLOSED,), after=_L.ACTIVE, second=True, complete=True),
        Transition(name="archive", zh="归档", en="archive", before=(_L.CLOSED, _L.REJECTED, _L.WITHDRAWN), after=_L.ARCHIVED, empty=True),
    )
}  # fmt: skip
"""Every step, by its name."""

STRICTEST_FIRST = (
    _L.FROZEN, _L.DECEASED, _L.DISSOLVED, _L.ACTIVE, _L.DORMANT, _L.CLOSING, _L.PENDING, _L.DRAFT, _L.CLOSED, _L.ARCHIVED, _L.REJECTED,
    _L.WITHDRAWN,
)  # fmt: skip
"""Of several who are one customer now: what forbids the most stands, and behind it whoever is still there."""


FORBIDDING = frozenset({_L.FROZEN, _L.DECEASED, _L.DISSOLVED})
"""What forbids, and so is of all whom a customer is made of and who are there still."""
PAST_CUSTOMERS = frozenset(
    {_L.DECEASED, _L.DISSOLVED, _L.CLOSED, _L.ARCHIVED, _L.REJECTED, _L.WITHDRAWN, _L.MERGED, _L.ERASED}
)
"""Who is in one of these is no customer any more: no campaign addresses them."""


def strictest(states: Iterable[LifeCycle]) -> LifeCycle:
    """The state of a customer who is made of several."""
    return min(states, key=STRICTEST_FIRST.index, default=LifeCycle.ACTIVE)


def why_not(step: Transition, state: LifeCycle, kind: str, values: Mapping[str, Any], evidence: str, missing: Iterable[str]) -> str:  # fmt: skip
    """
    Why a step can not be taken, in a sentence; empty if it can.

    Args:
        step: Which.
        state, kind: Where the party stands, and what it is.
        values: Golden values in stored form.
        evidence: What was named as proof.
        missing: Elements of due diligence that are not there.
    """
    gaps = sorted(missing)
    if step.kind not in ("", kind):
        return f"this is of a {'person' if step.kind == 'individual' else 'company'}, and they are none"
    if state not in step.before:
        return f"the customer is {state.label('en')}; this is done of who is {' or '.join(one.label('en') for one in step.before)}"
    if step.evidence and not evidence:
        return "this takes a reference to what proves it"
    if step.empty and any(one.get("status") != "closed" for one in values.get("holdings", ())):
        return "they hold something still; close that first"
    if step.complete and gaps:
        return f"due diligence is not complete: {', '.join(gaps)} missing"
    return ""
