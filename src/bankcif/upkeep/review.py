"""
Customer reviews: how often, by risk class; where one stands, from the cases there were and what has changed since.

A case that nobody closes is abandoned after some time and is in nobody's way. What is due follows from the last case that was closed, so nothing needs to be scheduled.

Source: at least every half year for customers of the highest risk class, after the measures on customer identification (金融机构客户身份识别和客户身份资料及交易记录保存管理办法,
2007) art. 18, read in commentaries; the other terms are a bank's own, and defaults here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import attrs

from ..errors import ConfigurationError
from ..party import ReviewState
from ..rules import Unit, shifted

__all__ = ["OUTCOMES", "ReviewPlan", "Standing", "open_case", "standing_of_reviews"]

OUTCOMES = ("passed", "failed")
_CHECKLIST = (
    "identity",
    "documents",
    "contact",
    "occupation_or_business",
    "owners_and_control",
    "purpose_and_funds",
    "risk_class",
)
LIMIT, MOST_LIMITS = re.compile(r"[a-z][a-z0-9_]{0,63}"), 20
_MOST_MONTHS, _MOST_DAYS, _MOST_ITEMS = 120, 730, 50
Row = Mapping[str, Any]
"""A case in stored form, as `bankcif.party.Review` rests."""


@attrs.frozen(kw_only=True)
class ReviewPlan:
    """
    How customers are reviewed.

    Attributes:
        months: By risk class (``aml_class``), how long a review holds; of who has none, under an empty name.
        lead_days: So long before it ends the next is due.
        grace_days: So long behind that it has expired.
        case_days: After how many days a case that nobody closes is abandoned.
        checklist: What a review looks at; all of it before one is passed.
        expired_limits: What a customer whose review has expired may not do until the next, in words of the bank.

    Raises:
        ConfigurationError: Something of it is out of range, or of who has no class nothing is said.
    """

    months: Mapping[str, int] = attrs.field(factory=lambda: {"high": 6, "medium": 12, "low": 36, "": 12})
    lead_days: int = 30
    grace_days: int = 90
    case_days: int = 90
    checklist: tuple[str, ...] = _CHECKLIST
    expired_limits: tuple[str, ...] = ("no_new_products", "no_online_transfers")

    def __attrs_post_init__(self) -> None:
        if "" not in self.months or not all(1 <= one <= _MOST_MONTHS for one in self.months.values()):
            raise ConfigurationError(
                f"a review holds for 1 to {_MOST_MONTHS} months, of who has no class too", rule="review"
            )
        if (
            not all(0 <= one <= _MOST_DAYS for one in (self.lead_days, self.grace_days))
            or not 1 <= self.case_days <= _MOST_DAYS
        ):
            raise ConfigurationError(f"days of a review are 0 to {_MOST_DAYS}", rule="review")
        if not 1 <= len(set(self.checklist)) == len(self.checklist) <= _MOST_ITEMS:
            raise ConfigurationError(f"a checklist has 1 to {_MOST_ITEMS} items, each once", rule="review")
        if len(self.expired_limits) > MOST_LIMITS or not all(map(LIMIT.fullmatch, self.expired_limits)):
            raise ConfigurationError(
                f"limits are at most {MOST_LIMITS} words of small letters, digits and underscores", rule="review"
            )


@attrs.frozen(kw_only=True)
class Standing:
    """
    Where a customer's review stands.

    Attributes:
        state: Of the periodic review.
        due: Until when the next is to be done; None where none was ever due.
        triggers: Fields that have changed since the last was passed, so that it is due at once.
        limits: What they may not do until a review is passed: since the last failed, or expired.
    """

    state: ReviewState
    due: date | None
    triggers: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def open_case(rows: Sequence[Row], today: date, plan: ReviewPlan) -> Row | None:
    """The case that is worked on; none that was abandoned."""
    first = (today - timedelta(plan.case_days)).isoformat()
    live = [one for one in rows if one.get("closed") is None and one["opened"] >= first]
    return max(live, key=lambda one: (one["opened"], one["id"]), default=None)


def standing_of_reviews(
    rows: Sequence[Row], *, risk: str, since: date | None, basis: Mapping[str, str], blank: Mapping[str, str] | None = None, today: date,
    plan: ReviewPlan,
) -> Standing:  # fmt: skip
    """
    Where a customer's review stands on a day.

    Args:
        rows: The cases there were.
        risk: Their risk class as it is now: a higher one brings the next review forward.
        since: From when they are a customer; None if it is not known, and then nothing is due of who was never reviewed.
        basis: Digest of each value that a review rests on, as it is now.
        blank: Of those whose coming asks for a review though there was none before, the digest of nothing.
        today: The day.
        plan: How customers are reviewed.
    """
    closed = [one for one in rows if one.get("closed") is not None and one.get("outcome") in OUTCOMES]
    last = max(closed, key=lambda one: (one["closed"], one["id"]), default=None)
    begins = since if last is None else date.fromisoformat(last["closed"])
    due = None if begins is None else shifted(begins, plan.months.get(risk, plan.months[""]), Unit.MONTHS)
    known: Mapping[str, str] = {**(blank or {}), **({} if last is None else last.get("basis", {}))}
    triggers = tuple(sorted(name for name, digest in basis.items() if name in known and known[name] != digest))
    failed = last is not None and last["outcome"] == "failed"
    expired = due is not None and today > due + timedelta(plan.grace_days)
    limits = tuple(last.get("limits", ())) if last is not None and failed else plan.expired_limits if expired else ()
    if open_case(rows, today, plan) is not None:
        return Standing(state=ReviewState.IN_PROGRESS, due=due, triggers=triggers, limits=limits)
    if failed:
        return Standing(state=ReviewState.FAILED, due=today, triggers=triggers, limits=limits)
    if due is None:
        state = ReviewState.DUE if triggers else ReviewState.NONE
        return Standing(state=state, due=today if triggers else None, triggers=triggers)
    if expired:
        return Standing(state=ReviewState.EXPIRED, due=due, triggers=triggers, limits=limits)
    if today > due:
        return Standing(state=ReviewState.OVERDUE, due=due, triggers=triggers)
    if triggers or today >= due - timedelta(plan.lead_days):
        return Standing(state=ReviewState.DUE, due=today if triggers else due, triggers=triggers)
    return Standing(state=ReviewState.NONE if last is None else ReviewState.CURRENT, due=due)
