"""
What customers ask about their data: taken down -> decided by another person -> carried out -> closed, each within its days.

A request is a case of the customer, so it follows merges, and goes with an erasure, whose certificate stays. A refusal names its ground; one of an erasure for a term
that runs, or an inquiry, restricts the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar

from ..access import Action
from ..approval import OPEN, Approval, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CifNo, DataGroup, LifeCycle
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ..upkeep import ASKED_BY, REFUSALS, RequestKind, RequestState
from ._cases import CaseBook, case_id, case_of, need_another, need_reference, waiting_cases, write_case
from ._decided import Asked, with_party
from ._opened import open_golden
from ._relations import current, granted_to
from ._requests import ENDS, RequestView, request_view
from ._retained import retained
from ._subject_copy import SubjectCopy, copied
from .changes import ChangeState, known_changes
from .desk import Desk, authorize, over_cap, record, refuse, spend
from .erase import propose_erasure, restrict

__all__ = [
    "RequestView",
    "SubjectCopy",
    "approve",
    "carry_out",
    "copy",
    "open_request",
    "refuse_request",
    "requests_of",
    "waiting",
    "withdraw",
]

_LIVE = (RequestState.OPEN, RequestState.APPROVED)
_BOOK = CaseBook("requests", "bankcif.request", "subject_request", "request_case")
_AT_ONCE = 200
T = TypeVar("T")
_MOST = 500


def open_request(
    desk: Desk, cif_no: CifNo, kind: RequestKind, *, asked_by: str = "self", received: date | None = None, evidence: str,
    reason: str, actor: Actor, purpose: Purpose,
) -> RequestView:  # fmt: skip
    """
    Takes a request down.

    Args:
        kind: What is asked.
        asked_by: Who asks; of `bankcif.upkeep.ASKED_BY`.
        received: When it came; today if None. Its days run from then.
        evidence: Reference to how who asks was recognized.
        reason: What exactly is asked, in words.

    Raises:
        InputError: Nobody says how who asks was recognized, it came from a day ahead or long behind, or the same is open already.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* take requests down.
    """
    need_reference(evidence, "$.evidence")
    day = desk.today() if received is None else received
    if asked_by not in ASKED_BY or not evidence:
        raise InputError(
            f"who asks is {', '.join(ASKED_BY)}, and evidence says how they were recognized",
            path="$.asked_by",
            rule="request",
        )
    if not desk.today() - timedelta(366) <= day <= desk.today():
        raise InputError("a request came on a day of the last year, or today", path="$.received", rule="request")
    if kind not in {one.value for one in RequestKind}:
        raise InputError(
            f"what is asked is one of {', '.join(one.value for one in RequestKind)}", path="$.kind", rule="request"
        )
    known, kind = case_id(desk), RequestKind(kind)

    def made(unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if any(one["kind"] == kind and RequestState(one["state"]) not in ENDS for one in values.get("requests", ())):
            raise InputError("the same is asked already, and open", path="$.kind", rule="request", cif_no=row.cif_no)
        return {
            "id": known, "kind": kind.value, "asked_by": asked_by, "received": day.isoformat(), "evidence": evidence,
            "due": (day + timedelta(desk.requests.days[kind])).isoformat(), "opened_by": actor.id, "person": actor.person, "state": RequestState.OPEN.value,
        }  # fmt: skip

    return request_view(
        desk, cif_no, write_case(desk, cif_no, _BOOK, _asked("open_request", actor, purpose), made, reason=reason)
    )


def approve(desk: Desk, cif_no: CifNo, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> RequestView:
    """
    Says that a request is to be carried out; another person than who took it down. One to erase or to restrict is not, while something forbids it.

    Raises:
        InputError: There is no such request that is open, or something forbids it; the message says the ground to refuse it on.
        FourEyesError: *actor* took it down.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* decide.
    """

    def step(unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any]) -> Mapping[str, Any]:
        if one["kind"] == RequestKind.ERASE:
            said, _ = retained(desk, unit, row)
            if problem := said.why_not(desk.today()):
                raise InputError(
                    f"it can not be: {problem}; refuse it", path="$.case", rule="request", cif_no=row.cif_no
                )
        return {"state": RequestState.APPROVED.value, "decided_by": actor.id}

    return _step(
        desk,
        cif_no,
        case,
        (RequestState.OPEN,),
        _asked("approve_request", actor, purpose),
        _by_another(actor, step),
        reason,
    )


def refuse_request(
    desk: Desk, cif_no: CifNo, case: str, ground: str, *, reason: str, actor: Actor, purpose: Purpose
) -> RequestView:
    """
    Refuses a request, on a ground of `bankcif.upkeep.REFUSALS`; another person than who took it down. An erasure that a term or an inquiry forbids is turned into a
    restriction.

    Raises:
        InputError: There is no such request that is open or approved, or no such ground, or that ground is not so.
        FourEyesError: *actor* took it down.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* decide.
    """
    if ground not in REFUSALS:
        raise InputError(f"a ground is one of {', '.join(REFUSALS)}", path="$.ground", rule="request")

    def step(unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any]) -> Mapping[str, Any]:
        said, _ = retained(desk, unit, row)
        running = not said.lasts and said.until is not None and said.until >= desk.today()
        so = {"retention_term": running, "inquiry": bool(said.holds), "relationship_lasts": said.lasts}
        if not so.get(ground, True):
            raise InputError(
                "that ground is not so: no term runs, or nothing is going on", path="$.ground", rule="request", cif_no=row.cif_no
            )  # fmt: skip
        return {
            "state": RequestState.REFUSED.value, "decided_by": actor.id, "ground": ground, "closed": desk.today().isoformat(),
        }  # fmt: skip

    asked, checked = _asked("refuse_request", actor, purpose), _by_another(actor, step)
    if ground in ("retention_term", "inquiry"):
        _restrict_instead(desk, cif_no, case, checked, asked, reason)
    # What came between the approval and carrying it out, such as an inquiry, is a ground still.
    return _step(desk, cif_no, case, _LIVE, asked, checked, reason)


def withdraw(desk: Desk, cif_no: CifNo, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> RequestView:
    """
    Says that who asked takes it back.

    Raises:
        InputError: There is no such request that is open or approved.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* take requests down.
    """

    def step(unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"state": RequestState.WITHDRAWN.value, "closed": desk.today().isoformat()}

    return _step(desk, cif_no, case, _LIVE, _asked("withdraw_request", actor, purpose), step, reason)


def carry_out(
    desk: Desk, cif_no: CifNo, case: str, *, change: str = "", reason: str, actor: Actor, purpose: Purpose
) -> tuple[RequestView, Approval | None]:
    """
    Carries an approved request out and closes it: the customer is restricted; their erasure is proposed, and ends it once it is approved; or the correction was made by
    *change*, a change set.

    Raises:
        InputError: There is no such request that was approved, it is one for a copy, which `copy` makes, or there is no such change since it came.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* carry it out.
    """
    asked = _asked("carry_out_request", actor, purpose)

    def look(unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any]) -> tuple[RequestView, LifeCycle, bool]:
        if one["kind"] == RequestKind.COPY:
            raise InputError(
                "a copy is made by  copy, which closes it", path="$.case", rule="request", cif_no=row.cif_no
            )
        if one["kind"] == RequestKind.CORRECT:
            _need_change(desk, unit, row, one, change)
        proposals = unit.work.approvals(cif_no=row.cif_no)
        waits = any(each.state in OPEN and each.operation is Operation.ERASE for each in proposals)
        return request_view(desk, row.cif_no, one), LifeCycle(row.life_cycle), waits

    def done(unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"state": RequestState.DONE.value, "closed": desk.today().isoformat()}

    found, state, waits = _looked_at(desk, cif_no, case, (RequestState.APPROVED,), asked, look)
    if found.kind is not RequestKind.CORRECT and state is not LifeCycle.RESTRICTED:
        restrict(desk, found.cif_no, reason=reason, actor=actor, purpose=purpose)
    if found.kind is not RequestKind.ERASE:
        return _step(desk, cif_no, case, (RequestState.APPROVED,), asked, done, reason), None
    if waits:
        return found, None
    return found, propose_erasure(desk, found.cif_no, reason=reason, actor=actor, purpose=purpose)


def copy(desk: Desk, cif_no: CifNo, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> SubjectCopy:
    """
    The copy that an approved request asks for, and closes it. All that is known of the customer is in it, in clear, but for what must not be told to them and what is of
    others.

    Raises:
        InputError: There is no such request for a copy that was approved.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* carry it out.
        AccessError: *actor* has revealed as many customers in this hour as the policy allows.
    """
    made: SubjectCopy | None = None

    def step(unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any]) -> Mapping[str, Any]:
        nonlocal made
        if one["kind"] != RequestKind.COPY:
            raise InputError("this request asks for no copy", path="$.case", rule="request", cif_no=row.cif_no)
        if not spend(desk, unit, actor, Action.REVEAL, 1):
            raise _OverCapError
        made = copied(desk, unit, row)
        return {"state": RequestState.DONE.value, "closed": desk.today().isoformat()}

    try:
        _step(desk, cif_no, case, (RequestState.APPROVED,), _asked("subject_copy", actor, purpose), step, reason)
    except _OverCapError:
        raise over_cap(desk, actor, Action.REVEAL, "subject_copy", purpose) from None
    assert made is not None, "a step that was kept was made"
    return made


def requests_of(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> tuple[RequestView, ...]:
    """
    What was asked about a customer's data, the latest first.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* see requests.
    """
    authorize(desk, actor, Action.REQUESTS, "requests_of", purpose)
    found: tuple[RequestView, ...] | None = None
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no)
        if (
            row is not None
            and row.life_cycle != LifeCycle.ERASED
            and "requests" in granted_to(desk, unit, actor, Action.REQUESTS, purpose, row)
        ):
            rows = open_golden(desk, unit, row).get("requests", ())
            found = tuple(
                request_view(desk, row.cif_no, one) for one in sorted(rows, key=lambda one: one["id"], reverse=True)
            )
            entry = AuditEntry.by(
                actor, "requests_of", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1, fields=("requests",)
            )
            record(desk, unit, [entry])
            unit.commit()
    if found is None:
        raise refuse(desk, actor, "requests_of", purpose)
    return found


def waiting(desk: Desk, *, limit: int = 100, actor: Actor, purpose: Purpose) -> tuple[RequestView, ...]:
    """
    The requests that are open or approved, the first due first.

    Raises:
        InputError: A limit out of its range.
        NotFoundOrNotAllowedError: The policy does not let *actor* see requests.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.

    Cost: opens what was said of consents and requests of every customer of whom there is something.
    """
    return waiting_cases(
        desk, _BOOK, DataGroup.CONSENT, _asked("waiting_requests", actor, purpose), limit,
        waits=lambda one: RequestState(one["state"]) not in ENDS, view=partial(request_view, desk),
        order=lambda one: (one.due, one.id),
    )  # fmt: skip


class _OverCapError(Exception):
    """As many customers were revealed as the policy allows; nothing of the step is kept."""


Step = Callable[[UnitOfWork, PartyRow, Mapping[str, Any]], Mapping[str, Any]]


def _step(
    desk: Desk, cif_no: CifNo, case: str, states: Sequence[RequestState], asked: Asked, step: Step, reason: str
) -> RequestView:
    whose = cif_no

    def made(unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        nonlocal whose
        whose = row.cif_no
        one = case_of(values, _BOOK, case, [state.value for state in states])
        return {**one, **step(unit, row, one)}

    kept = write_case(desk, cif_no, _BOOK, asked, made, reason=reason)
    return request_view(desk, whose, kept)


def _restrict_instead(desk: Desk, cif_no: CifNo, case: str, step: Step, asked: Asked, reason: str) -> None:
    """Restricts a customer whose erasure is about to be refused, if the refusal will be kept: before it, so that an interruption leaves them restricted."""

    def look(unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any]) -> tuple[PartyRow, str]:
        step(unit, row, one)
        return row, one["kind"]

    row, kind = _looked_at(desk, cif_no, case, _LIVE, asked, look)
    if kind == RequestKind.ERASE and row.life_cycle != LifeCycle.RESTRICTED:
        restrict(desk, row.cif_no, reason=reason, actor=asked.actor, purpose=asked.purpose)


def _looked_at(
    desk: Desk, cif_no: CifNo, case: str, states: Sequence[RequestState], asked: Asked,
    look: Callable[[UnitOfWork, PartyRow, Mapping[str, Any]], T],
) -> T:  # fmt: skip
    """What *look* makes of a request in one of these states, and of its customer; nothing is written but what it writes."""

    def work(unit: UnitOfWork, row: PartyRow) -> T:
        return look(unit, row, case_of(open_golden(desk, unit, row), _BOOK, case, [one.value for one in states]))

    return with_party(desk, cif_no, asked, lambda granted: "requests" in granted, work)


def _by_another(actor: Actor, step: Step) -> Step:
    """*step*, by another person than who took the request down."""

    def checked(unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any]) -> Mapping[str, Any]:
        message = "another person decides a request than who took it down"
        need_another(actor, one["opened_by"], one.get("person"), message)
        return step(unit, row, one)

    return checked


def _need_change(desk: Desk, unit: UnitOfWork, row: PartyRow, one: Mapping[str, Any], change: str) -> None:
    received, _ = desk.span(date.fromisoformat(one["received"]), None)
    for known in known_changes(desk, unit, row):
        if known.id == change and known.state is ChangeState.APPLIED and known.said.statement.received_at >= received:
            return
    raise InputError(
        "name the change set by which it was corrected, made since the request came", path="$.change", rule="request", cif_no=row.cif_no
    )  # fmt: skip


def _asked(what: str, actor: Actor, purpose: Purpose) -> Asked:
    return Asked(Action.REQUESTS, what, ("requests",), actor, purpose, restricted_too=True)
