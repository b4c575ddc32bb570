"""
Governing access: the policy in force rests with the store, and a change of it is proposed by one person and approved by another.

A store that is founded takes the policy it is founded with. From then on every process that opens the store works by the
policy in force, and by the next one seconds after that came into force; one that brings another is refused.
"""

from __future__ import annotations

import attrs

from .._canonical import sha256
from ..access import Action, Policy
from ..approval import Approval, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..storage import UnitOfWork
from ..storage.rows import PolicyRow
from ._policy import policy_ground, policy_marked, policy_row
from ._proposals import proposed, write_proposal
from ._reasons import need_reason
from .desk import Desk, authorize, record

__all__ = ["change_policy", "found_policy", "ground_of_policy", "propose_policy"]


def found_policy(desk: Desk) -> None:
    """Puts the desk's policy into force in a store that has none yet, and tells the log."""
    with desk.unit_of_work() as unit:
        unit.keys.lock()  # whoever else founds it waits, and then finds a policy
        if unit.policies.active() is None:
            row = policy_marked(desk.digester, attrs.evolve(policy_row(desk.policy), since=desk.now()))
            unit.policies.put(row)
            record(desk, unit, [_entry(row, "bankcif.founding", desk.now())])
            unit.commit()


def propose_policy(desk: Desk, policy: Policy, *, reason: str, actor: Actor, purpose: Purpose) -> Approval:
    """
    Proposes *policy* in place of the one in force; a second person decides.

    Raises:
        InputError: It is in force already.
        PolicyError: It names a mask profile that is not there.
        NotFoundOrNotAllowedError: The policy in force does not let *actor* define policies.
    """
    authorize(desk, actor, Action.POLICY, "propose_policy", purpose)
    need_reason(reason)
    policy = Policy.from_document(policy.document())  # however it was built, it is one that can be read
    for name in policy.profiles:
        desk.masks.of(name)
    row = policy_row(policy)
    with desk.unit_of_work() as unit:
        base = policy_ground(unit)
        if base["policy"] == row.digest.hex():
            raise InputError("this policy is in force already", rule="policy")
        if unit.policies.get(row.digest) is None:
            unit.policies.put(policy_marked(desk.digester, row))
        detail = {"what": policy.version, "digest": row.digest.hex()}
        approval = proposed(desk, Operation.POLICY, (), detail, base, actor, reason=reason)
        write_proposal(desk, unit, approval, actor)
    return approval


def ground_of_policy(_desk: Desk, unit: UnitOfWork, _approval: Approval) -> dict[str, str]:
    """What a change of policy stands on, as it is now: the policy in force."""
    unit.keys.lock()  # of two that are approved at once, one finds another policy in force
    return policy_ground(unit)


def change_policy(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved change; every process works by the new policy as soon as it looks."""
    old, new = unit.policies.active(), unit.policies.get(bytes.fromhex(approval.detail["digest"]))
    assert old is not None, "an open store has a policy"
    if new is None or sha256("bankcif/v1/policy", new.document) != new.digest:
        raise InputError("the proposed policy is not what was proposed", rule="policy")
    now = max(now, (old.since or 0) + 1)  # a clock that was set back does not make the new one the older
    unit.policies.put(policy_marked(desk.digester, attrs.evolve(old, until=now)))
    unit.policies.put(policy_marked(desk.digester, attrs.evolve(new, since=now, until=None)))
    record(desk, unit, [_entry(new, actor.id, now)])
    return {}


def _entry(row: PolicyRow, actor: str, now: int) -> AuditEntry:
    return AuditEntry(at=now, actor=actor, action="policy_in_force", rule=f"{row.version}:{row.digest.hex()}")
