"""
Reviewing a customer: a case is opened, looked into by a checklist, and closed; where the review stands follows from the cases there were.

A case is a source record under a key of its own, written anew with each step, so it follows merges and unmerges. One that nobody closes is abandoned after the plan's
days, and another is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from ..access import Action
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CifNo, PartyKind, ReviewState
from ..storage.rows import PartyRow
from ..upkeep import LIMIT, MOST_LIMITS, OUTCOMES, open_case
from ._cases import CaseBook, case_id, write_case
from ._decided import Asked
from ._looked import looked_at
from ._reviewed import basis_of, reviewed
from .desk import Desk

__all__ = ["CaseView", "ReviewStanding", "close_case", "open_review", "review_of", "tick"]

_BOOK = CaseBook("reviews", "bankcif.review", "review", "review_case")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_REFERENCE = re.compile(r"[^\s].{0,199}")


@attrs.frozen(kw_only=True)
class CaseView:
    """
    A case in which a customer is or was reviewed.

    Attributes:
        id, trigger: By what it is known, and why it was opened.
        opened, closed: On which days; None while it is open.
        done, missing: What of the checklist was looked at, and what was not.
        outcome: ``passed``, ``failed``, ``abandoned``, or empty while it is worked on.
        limits: What the customer may not do until another review.
        evidence: Reference to its file.
    """

    id: str
    trigger: str
    opened: date
    closed: date | None
    done: tuple[str, ...]
    missing: tuple[str, ...]
    outcome: str
    limits: tuple[str, ...]
    evidence: str


@attrs.frozen(kw_only=True)
class ReviewStanding:
    """
    Where a customer's review stands.

    Attributes:
        state, due: Where, and until when the next is to be done.
        triggers: Fields that have changed since the last one was passed.
        limits: What they may not do until one is passed, since the last one failed, or expired.
        cases: All there were, the latest first.
    """

    state: ReviewState
    due: date | None
    triggers: tuple[str, ...]
    limits: tuple[str, ...]
    cases: tuple[CaseView, ...]


def open_review(desk: Desk, cif_no: CifNo, trigger: str, *, reason: str, actor: Actor, purpose: Purpose) -> str:
    """
    Opens a case; what it is known by.

    Args:
        trigger: Why, in a word, such as ``periodic``, ``change``, ``watch_list`` or ``complaint``.

    Raises:
        InputError: A case is worked on already, or the trigger is no word.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* review them.
    """
    if not _WORD.fullmatch(trigger):
        raise InputError(
            "a trigger is a word of small letters, digits and underscores", path="$.trigger", rule="review"
        )
    known = case_id(desk)

    def made(row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if open_case(values.get("reviews", ()), desk.today(), desk.reviews) is not None:
            raise InputError(
                "a review of this customer is worked on; close it first",
                path="$.cif_no",
                rule="review",
                cif_no=row.cif_no,
            )
        return {"id": known, "trigger": trigger, "opened": desk.today().isoformat()}

    _write(desk, cif_no, made, "open_review", reason, actor, purpose)
    return known


def tick(
    desk: Desk, cif_no: CifNo, case: str, items: Sequence[str], *, reason: str, actor: Actor, purpose: Purpose
) -> None:
    """
    Says what of the checklist was looked at.

    Raises:
        InputError: There is no such case that is worked on, or an item is none of the checklist.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* review them.
    """
    other = sorted(set(items) - set(desk.reviews.checklist))
    if other or not items:
        raise InputError(
            f"items of the checklist are {', '.join(desk.reviews.checklist)}", path="$.items", rule="review"
        )

    def made(row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        one = _worked_on(desk, row, values, case)
        looked = {*one.get("done", ()), *items}
        return {**one, "done": [item for item in desk.reviews.checklist if item in looked]}

    _write(desk, cif_no, made, "tick_review", reason, actor, purpose)


def close_case(
    desk: Desk,
    cif_no: CifNo,
    case: str,
    outcome: str,
    *,
    limits: Sequence[str] = (),
    evidence: str = "",
    reason: str,
    actor: Actor,
    purpose: Purpose,
) -> None:
    """
    Closes a case. One is passed once all of the checklist was looked at; one that failed says what the customer may not do until another.

    Raises:
        InputError: There is no such case that is worked on, it can not be passed yet, or limits are missing or none.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* review them.
    """
    if outcome not in OUTCOMES:
        raise InputError(f"a review is {' or '.join(OUTCOMES)}", path="$.outcome", rule="review")
    if evidence and not (_REFERENCE.fullmatch(evidence) and evidence.isprintable()):
        raise InputError("evidence is at most 200 printable characters", path="$.evidence", rule="review")
    if (outcome == "failed") != bool(limits):
        raise InputError(
            "a review that fails says what the customer may not do until another, and no other does",
            path="$.limits",
            rule="review",
        )
    if len(limits) > MOST_LIMITS or not all(LIMIT.fullmatch(one) for one in limits):
        raise InputError(
            f"limits are at most {MOST_LIMITS} words of small letters, digits and underscores",
            path="$.limits",
            rule="review",
        )

    def made(row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        one = _worked_on(desk, row, values, case)
        missing = [item for item in desk.reviews.checklist if item not in one.get("done", ())]
        if outcome == "passed" and missing:
            raise InputError(
                f"look into all of the checklist first: {', '.join(missing)}",
                path="$.outcome",
                rule="review",
                cif_no=row.cif_no,
            )
        closed = {
            "closed": desk.today().isoformat(), "outcome": outcome,
            "basis": basis_of(desk, PartyKind(row.kind), values),
        }  # fmt: skip
        more = {"limits": sorted(set(limits)), "evidence": evidence}
        return {**one, **closed, **{name: value for name, value in more.items() if value}}

    _write(desk, cif_no, made, "close_review", reason, actor, purpose)


def review_of(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> ReviewStanding:
    """
    Where the review of a customer stands, with all cases there were.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their reviews.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    return looked_at(
        desk, cif_no, "reviews", "review_of", actor, purpose, lambda row, values: _standing(desk, row, values)
    )


def _worked_on(desk: Desk, row: PartyRow, values: Mapping[str, Any], case: str) -> Mapping[str, Any]:
    one = open_case(values.get("reviews", ()), desk.today(), desk.reviews)
    if one is None or one["id"] != case:
        raise InputError(
            "no such case is worked on; it was closed, or abandoned, and another may be opened", path="$.case", rule="review",
            cif_no=row.cif_no,
        )  # fmt: skip
    return one


def _write(
    desk: Desk,
    cif_no: CifNo,
    made: Callable[[PartyRow, Mapping[str, Any]], Mapping[str, Any]],
    what: str,
    reason: str,
    actor: Actor,
    purpose: Purpose,
) -> None:
    """Writes the case that *made* gives, of a customer as they stand."""
    asked = Asked(Action.REVIEW_CUSTOMER, what, ("reviews",), actor, purpose)
    write_case(desk, cif_no, _BOOK, asked, lambda _, row, values: made(row, values), reason=reason)


def _standing(desk: Desk, row: PartyRow, values: Mapping[str, Any]) -> ReviewStanding:
    rows = sorted(values.get("reviews", ()), key=lambda one: (one["opened"], one["id"]), reverse=True)
    stands = reviewed(desk, PartyKind(row.kind), values, row.created_at)
    live = open_case(rows, desk.today(), desk.reviews)
    return ReviewStanding(
        state=stands.state, due=stands.due, triggers=stands.triggers,
        limits=stands.limits,
        cases=tuple(_case(desk, one, worked_on=one is live) for one in rows),
    )  # fmt: skip


def _case(desk: Desk, one: Mapping[str, Any], *, worked_on: bool) -> CaseView:
    closed = one.get("closed")
    done = tuple(one.get("done", ()))
    return CaseView(
        id=one["id"], trigger=one["trigger"], opened=date.fromisoformat(one["opened"]),
        closed=None if closed is None else date.fromisoformat(closed), done=done,
        missing=tuple(item for item in desk.reviews.checklist if item not in done) if closed is None else (),
        outcome=one.get("outcome") or ("" if worked_on else "abandoned"), limits=tuple(one.get("limits", ())),
        evidence=one.get("evidence", ""),
    )  # fmt: skip
