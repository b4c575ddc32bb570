"""
Four eyes: what one person proposed, others decide; what is approved is carried out in the same transaction, or, where its
maker carries it out later, once and in the transaction that does so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from ..access import Action
from ..approval import OPEN, Approval, ApprovalState, Operation, decide, execute, expire, withdraw
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose
from ..errors import FourEyesError
from ..storage import UnitOfWork
from . import amend, erase, export, govern, merge, models, operators, publish, queue, rotate, transition
from ._proposals import decision_entry, need_kept, settle
from ._reasons import with_reasons
from .desk import Desk, authorize, destroy_retired_later, need_assurance, need_purpose, record, refuse, retried, told

__all__ = ["decide_proposal", "expire_proposals", "open_proposals", "own_proposals", "withdraw_proposal"]


@attrs.frozen
class _Key:
    """
    A key operation.

    Attributes:
        made_by: What the policy must grant whoever proposes.
        action: What it must grant whoever sees or decides a proposal.
        ground: What a proposal stands on, as it is now.
        carry_out: Does what was approved; returns the digests of the parties it changed. None where the maker does, later.
        decided: Keeps what the second person's word, yes or no, says beyond the proposal.
    """

    made_by: Action
    action: Action
    ground: Callable[[Desk, UnitOfWork, Approval], Mapping[str, str]]
    carry_out: Callable[[Desk, UnitOfWork, Approval, Actor, int], Mapping[str, str]] | None
    decided: Callable[[UnitOfWork, Approval, Actor, bool, int], None] | None = None


def _nothing(_desk: Desk, _unit: UnitOfWork, _approval: Approval) -> Mapping[str, str]:
    """The ground of what has happened already, and is only judged."""
    return {}


def _nothing_more(_desk: Desk, _unit: UnitOfWork, _approval: Approval, _actor: Actor, _now: int) -> Mapping[str, str]:
    """What is left to do where the decision itself is all."""
    return {}


_OPERATIONS: Mapping[Operation, _Key] = {
    Operation.MERGE: _Key(Action.LINK, Action.APPROVE, merge.ground_of_merge, merge.merge, queue.said_by_decision),
    Operation.UNMERGE: _Key(Action.LINK, Action.APPROVE, merge.ground_of_merge, merge.unmerge),
    Operation.CHANGE: _Key(Action.REGISTER, Action.APPROVE, amend.ground_of_change, amend.change),
    Operation.ERASE: _Key(Action.ERASE, Action.ERASE, erase.ground_of_erasure, erase.erase),
    Operation.POLICY: _Key(Action.POLICY, Action.POLICY, govern.ground_of_policy, govern.change_policy),
    Operation.ROTATE_KEYS: _Key(Action.KEYS, Action.KEYS, rotate.ground_of_rotation, rotate.begin),
    Operation.EXPORT: _Key(Action.EXPORT, Action.APPROVE, export.ground_of_export, None),
    Operation.OPERATOR: _Key(
        Action.OPERATORS, Action.OPERATORS, operators.ground_of_operator, operators.confirm_factor
    ),
    Operation.CATALOGUE: _Key(
        Action.CATALOGUE, Action.CATALOGUE, publish.ground_of_catalogue, publish.change_catalogue
    ),
    Operation.MODEL: _Key(Action.CATALOGUE, Action.CATALOGUE, models.ground_of_model, models.change_model),
    Operation.STATE: _Key(Action.TRANSITION, Action.APPROVE, transition.ground_of_step, transition.carry_out_step),
    Operation.BREAK_GLASS: _Key(Action.BREAK_GLASS, Action.REVIEW, _nothing, _nothing_more),
}


def open_proposals(desk: Desk, *, actor: Actor, purpose: Purpose) -> Sequence[Approval]:
    """
    The proposals that wait and that *actor* may decide, oldest first.

    Raises:
        NotFoundOrNotAllowedError: The policy lets *actor* decide nothing.
    """
    mine = _allowed(desk, actor, "proposals", purpose, lambda key: key.action)
    with desk.unit_of_work() as unit:
        found = [one for one in unit.work.approvals(states=[ApprovalState.PROPOSED.value]) if one.operation in mine]
        subjects = tuple(sorted({cif for one in found for cif in one.subjects}))
        entry = AuditEntry.by(
            actor, "proposals", desk.now(), purpose=purpose, count=len(found),
            subjects=subjects,
        )  # fmt: skip
        record(desk, unit, [entry])
        found = with_reasons(desk, unit, found)
        unit.commit()
    return found


def own_proposals(desk: Desk, *, actor: Actor, purpose: Purpose) -> Sequence[Approval]:
    """
    The proposals of *actor* that have not ended, oldest first: what waits, and what is approved for them to carry out.

    Raises:
        NotFoundOrNotAllowedError: The policy lets *actor* propose nothing.
    """
    mine = _allowed(desk, actor, "own_proposals", purpose, lambda key: key.made_by)
    with desk.unit_of_work() as unit:
        found = [
            one
            for one in unit.work.approvals(states=OPEN)
            if one.maker_person == actor.person and one.operation in mine
        ]
        subjects = tuple(sorted({cif for one in found for cif in one.subjects}))
        entry = AuditEntry.by(
            actor, "own_proposals", desk.now(), purpose=purpose, count=len(found), subjects=subjects
        )  # fmt: skip
        record(desk, unit, [entry])
        found = with_reasons(desk, unit, found)
        unit.commit()
    return found


def decide_proposal(desk: Desk, approval_id: str, *, approve: bool, actor: Actor) -> Approval:
    """
    Approves (and carries out) or rejects a proposal, in one transaction.

    Returns:
        The proposal as it stands now: still proposed where the policy asks for more persons, approved where its maker carries
        it out, else executed or rejected.

    Raises:
        FourEyesError: *actor* is the maker, or the proposal is no longer what was shown.
        StepUpRequired: *actor* was not recognized as the policy asks for this operation.
        NotFoundOrNotAllowedError: There is no such proposal, or the policy does not let *actor* decide it.
    """
    known = _known(desk, approval_id)
    authorize(
        desk, actor, _OPERATIONS[known.operation].action if known else Action.APPROVE, "decide", Purpose.OPERATIONS
    )
    if known is None:
        raise refuse(desk, actor, "decide", Purpose.OPERATIONS, rule="no_proposal")
    asks = desk.policy.operations[known.operation]
    need_assurance(desk, actor, asks.requirement, "decide", Purpose.OPERATIONS, operation=known.digest.hex())

    def once() -> Approval:
        with desk.unit_of_work() as unit:
            (approval,), now = unit.work.approvals(ids=[approval_id]), desk.now()
            need_kept(desk, approval)
            key = _OPERATIONS[approval.operation]
            ground = key.ground(desk, unit, approval)
            after = decide(approval, checker=actor, approve=approve, ground=ground, now=now, persons=asks.persons)
            carry_out = key.carry_out if after.state is ApprovalState.APPROVED else None
            if carry_out is not None:
                after = execute(after, ground=ground, now=now, persons=asks.persons)
            after = settle(desk, unit, approval, after)
            entries = []
            if key.decided is not None:
                key.decided(unit, approval, actor, approve, now)
            if carry_out is not None:
                digests = carry_out(desk, unit, approval, actor, now)
                entries.append(decision_entry(after, approval.operation.value, actor, now, digests))
            entries.append(decision_entry(after, "approve" if approve else "reject", actor, now))
            gone = erase.forget_reviewed(desk, unit, after)
            entries[-1] = attrs.evolve(entries[-1], marks={**entries[-1].marks, **gone})
            record(desk, unit, entries)
            unit.commit()
        return after

    return _told_if_refused(desk, approval_id, actor, "decide", once)


def withdraw_proposal(desk: Desk, approval_id: str, *, actor: Actor) -> Approval:
    """
    Takes a proposal back; its maker does.

    Raises:
        FourEyesError: It has ended, or *actor* did not make it.
        NotFoundOrNotAllowedError: There is no such proposal.
    """
    if _known(desk, approval_id) is None:
        raise refuse(desk, actor, "withdraw", Purpose.OPERATIONS, rule="no_proposal")

    def once() -> Approval:
        with desk.unit_of_work() as unit:
            (approval,) = unit.work.approvals(ids=[approval_id])
            need_kept(desk, approval)
            if approval.operation is Operation.BREAK_GLASS:
                raise FourEyesError("who broke the glass does not take that back; a second person reviews it",
                                    rule="four_eyes")  # fmt: skip
            after = settle(desk, unit, approval, withdraw(approval, maker=actor))
            record(desk, unit, [decision_entry(after, "withdraw", actor, desk.now())])
            unit.commit()
        return after

    return _told_if_refused(desk, approval_id, actor, "withdraw", once)


def expire_proposals(desk: Desk, *, actor: Actor, purpose: Purpose) -> int:
    """
    Ends every open proposal whose term is over, and tells how many; run it every day. One that was not ended so is refused
    all the same.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* approve.
    """
    authorize(desk, actor, Action.APPROVE, "expire", purpose)
    with desk.unit_of_work() as unit:
        now = desk.now()
        stand = unit.work.approvals(states=OPEN)
        # A glass that was broken is reviewed, however late.
        over = [one for one in stand if expire(one, now=now) != one and one.operation is not Operation.BREAK_GLASS]
        ended = [settle(desk, unit, one, expire(one, now=now)) for one in over]
        entries = [decision_entry(one, "expired", actor, now) for one in ended]
        told_of = AuditEntry.by(actor, "expire", now, purpose=purpose, count=len(over))
        record(desk, unit, [*entries, told_of])
        unit.commit()
    return len(over)


def _allowed(desk: Desk, actor: Actor, what: str, purpose: Purpose, action: Callable[[_Key], Action]) -> set[Operation]:
    """
    The operations of which the policy grants *actor* the *action*, recognized as they are; refused if there is none.
    """
    need_purpose(desk, actor, what, purpose)
    found = {
        operation
        for operation, key in _OPERATIONS.items()
        if desk.policy.allows(actor, action(key), purpose).effect is not Effect.DENY
    }
    if not found:
        raise refuse(desk, actor, what, purpose)
    now = desk.clock.now()
    asked = {one: desk.policy.requirement(action(_OPERATIONS[one])) for one in found}
    known = {one for one, requirement in asked.items() if not requirement.missing(actor.auth, now, "")}
    if not known:
        need_assurance(desk, actor, next(iter(asked.values())), what, purpose, operation="")
    return known


def _known(desk: Desk, approval_id: str) -> Approval | None:
    with desk.repository.unit_of_work() as unit:
        return next(iter(unit.work.approvals(ids=[approval_id])), None)


def _told_if_refused(desk: Desk, approval_id: str, actor: Actor, what: str, once: Callable[[], Approval]) -> Approval:
    refused: FourEyesError
    try:
        decided = retried(once)
        destroy_retired_later(desk)
        desk.watch.again()  # it may have been a policy
        desk.tag_watch.again()  # or a catalogue
        return decided
    except FourEyesError as error:
        refused = error
    refuse(desk, actor, what, Purpose.OPERATIONS, rule=f"four_eyes:{approval_id[:32]}")
    raise told(refused)
