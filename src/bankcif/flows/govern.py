"""
Governing access: the policy in force rests with the store, and a change of it is proposed by one person and approved by another.

A store that is founded takes the policy it is founded with. From then on every process that opens the store works by the
policy in force; one that brings another is refused.
"""

from __future__ import annotations

import hmac

import attrs

from .._canonical import dumps, encode, loads, sha256
from ..access import Action, Policy, default_policy
from ..approval import Approval, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError, PolicyError
from ..protection import Tagger
from ..storage import Repository, UnitOfWork
from ..storage.rows import PolicyRow
from ._proposals import need_reason, proposed, write_proposal
from .desk import Desk, authorize, record

__all__ = ["change_policy", "found_policy", "ground_of_policy", "policy_in_force", "propose_policy"]


def policy_in_force(repository: Repository, digester: Tagger, given: Policy | None) -> Policy:
    """
    The policy that the store works by; in a store without any, *given* or the library's example, which `found_policy` keeps.

    Raises:
        PolicyError: *given* is another than the one in force, or the one in force was changed behind the library's back.
    """
    with repository.unit_of_work() as unit:
        active, begun = unit.policies.active(), bool(unit.trail.heads())
    if active is None and begun:
        raise PolicyError("the policy in force was taken out of the database, not by two persons", rule="policy_mark")
    if active is None:
        return Policy.from_document((given or default_policy()).document())
    if not hmac.compare_digest(active.mark, _mark(digester, active)):
        raise PolicyError("the policy in force was changed in the database, not by two persons", rule="policy_mark")
    if given is not None and _row(given).digest != active.digest:
        raise PolicyError(
            f"the policy {given.version} is not the one in force, {active.version}; leave it out, or propose it with  bankcif "
            f"policy propose",
            rule="policy",
        )
    return Policy.from_document(loads(active.document))


def found_policy(desk: Desk) -> None:
    """Puts the desk's policy into force in a store that has none yet, and tells the log."""
    with desk.unit_of_work() as unit:
        if unit.policies.active() is None:
            row = _marked(desk.digester, attrs.evolve(_row(desk.policy), since=desk.now()))
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
    row = _row(policy)
    with desk.unit_of_work() as unit:
        base = _in_force(unit)
        if base["policy"] == row.digest.hex():
            raise InputError("this policy is in force already", rule="policy")
        if unit.policies.get(row.digest) is None:
            unit.policies.put(_marked(desk.digester, row))
        detail = {"what": policy.version, "digest": row.digest.hex(), "reason": reason}
        approval = proposed(desk, Operation.POLICY, (), detail, base, actor)
        write_proposal(desk, unit, approval, actor)
    return approval


def ground_of_policy(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What a change of policy stands on, as it is now: the policy in force."""
    return _in_force(unit)


def change_policy(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved change: every process that opens the store from now on works by the new policy."""
    old, new = unit.policies.active(), unit.policies.get(bytes.fromhex(approval.detail["digest"]))
    assert old is not None, "an open store has a policy"
    if new is None or sha256("bankcif/v1/policy", new.document) != new.digest:
        raise InputError("the proposed policy is not what was proposed", rule="policy")
    unit.policies.put(_marked(desk.digester, attrs.evolve(old, until=now)))
    unit.policies.put(_marked(desk.digester, attrs.evolve(new, since=now, until=None)))
    record(desk, unit, [_entry(new, actor.id, now)])
    return {}


def _mark(digester: Tagger, row: PolicyRow) -> bytes:
    return digester.digest("policy", encode(row.digest, row.version, row.document, row.since, row.until))


def _marked(digester: Tagger, row: PolicyRow) -> PolicyRow:
    return attrs.evolve(row, mark=_mark(digester, row))


def _entry(row: PolicyRow, actor: str, now: int) -> AuditEntry:
    return AuditEntry(at=now, actor=actor, action="policy_in_force", rule=f"{row.version}:{row.digest.hex()}")


def _row(policy: Policy) -> PolicyRow:
    document = dumps(policy.document())
    return PolicyRow(digest=sha256("bankcif/v1/policy", document), version=policy.version, document=document)


def _in_force(unit: UnitOfWork) -> dict[str, str]:
    active = unit.policies.active()
    return {"policy": active.digest.hex() if active else ""}
