"""Four eyes: what one person proposed, a second person decides, and it is carried out in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from ..access import Action
from ..approval import Approval, ApprovalState, Operation, decide
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose
from ..errors import FourEyesError
from ..storage import UnitOfWork
from . import amend, erase, govern, merge, rotate
from ._proposals import decision_entry
from .desk import Desk, authorize, destroy_retired, need_purpose, record, refuse, retried, told

__all__ = ["decide_proposal", "open_proposals"]


@attrs.frozen
class _Key:
    """
    A key operation.

    Attributes:
        action: What the policy must grant whoever sees or decides a proposal.
        ground: What a proposal stands on, as it is now.
        carry_out: Does what was approved; returns the digests of the parties it changed.
    """

    action: Action
    ground: Callable[[Desk, UnitOfWork, Approval], Mapping[str, str]]
    carry_out: Callable[[Desk, UnitOfWork, Approval, Actor, int], Mapping[str, str]]


_OPERATIONS: Mapping[Operation, _Key] = {
    Operation.MERGE: _Key(Action.APPROVE, merge.ground_of_merge, merge.merge),
    Operation.UNMERGE: _Key(Action.APPROVE, merge.ground_of_merge, merge.unmerge),
    Operation.CHANGE: _Key(Action.APPROVE, amend.ground_of_change, amend.change),
    Operation.ERASE: _Key(Action.ERASE, erase.ground_of_erasure, erase.erase),
    Operation.POLICY: _Key(Action.POLICY, govern.ground_of_policy, govern.change_policy),
    Operation.ROTATE_KEYS: _Key(Action.KEYS, rotate.ground_of_rotation, rotate.begin),
}


def open_proposals(desk: Desk, *, actor: Actor, purpose: Purpose) -> Sequence[Approval]:
    """
    The proposals that wait and that *actor* may decide, oldest first.

    Raises:
        NotFoundOrNotAllowedError: The policy lets *actor* decide nothing.
    """
    need_purpose(desk, actor, "proposals", purpose)
    mine = {
        operation
        for operation, key in _OPERATIONS.items()
        if desk.policy.allows(actor, key.action, purpose).effect is not Effect.DENY
    }
    if not mine:
        raise refuse(desk, actor, "proposals", purpose)
    with desk.unit_of_work() as unit:
        found = [one for one in unit.work.approvals(state=ApprovalState.PROPOSED.value) if one.operation in mine]
        subjects = tuple(sorted({cif for one in found for cif in one.subjects}))
        entry = AuditEntry.by(
            actor, "proposals", desk.now(), purpose=purpose, count=len(found),
            subjects=subjects,
        )  # fmt: skip
        record(desk, unit, [entry])
        unit.commit()
    return found


def decide_proposal(desk: Desk, approval_id: str, *, approve: bool, actor: Actor) -> Approval:
    """
    Approves (and carries out) or rejects a proposal, in one transaction.

    Raises:
        FourEyesError: *actor* is the maker, or the proposal is no longer what was shown.
        NotFoundOrNotAllowedError: There is no such proposal, or the policy does not let *actor* decide it.
    """
    with desk.unit_of_work() as unit:
        known = unit.work.approvals(ids=[approval_id])
    action = _OPERATIONS[known[0].operation].action if known else Action.APPROVE
    authorize(desk, actor, action, "decide", Purpose.OPERATIONS)
    if not known:
        raise refuse(desk, actor, "decide", Purpose.OPERATIONS, rule="no_proposal")

    def once() -> Approval:
        with desk.unit_of_work() as unit:
            (approval,), now = unit.work.approvals(ids=[approval_id]), desk.now()
            key = _OPERATIONS[approval.operation]
            decided = decide(approval, checker=actor, approve=approve, ground=key.ground(desk, unit, approval), now=now)
            unit.work.put_approvals([decided])
            entries = []
            if approve:
                digests = key.carry_out(desk, unit, approval, actor, now)
                entries.append(decision_entry(approval, approval.operation.value, actor, now, digests))
            entries.append(decision_entry(approval, "approve" if approve else "reject", actor, now, {}))
            record(desk, unit, entries)
            unit.commit()
        return decided

    refused: FourEyesError
    try:
        decided = retried(once)
        destroy_retired(desk)
        return decided
    except FourEyesError as error:
        refused = error
    refuse(desk, actor, "decide", Purpose.OPERATIONS, rule=f"four_eyes:{approval_id[:32]}")
    raise told(refused)
