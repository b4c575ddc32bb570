"""Proposals by hand: made, bound to their ground, told to the log."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping

import attrs

from .._canonical import sha256
from ..approval import Approval, Operation, propose, stands
from ..audit import AuditEntry
from ..context import Actor
from ..errors import FourEyesError
from ..party import CifNo
from ..storage import UnitOfWork
from ._reasons import keep_reason, reason_digest
from .desk import Desk, record

__all__ = [
    "decision_entry",
    "is_kept",
    "keep",
    "left_at",
    "need_kept",
    "proposal_id",
    "proposed",
    "settle",
    "write_proposal",
]

_PROPOSAL_MICROS = 30 * 86_400 * 1_000_000


def proposed(
    desk: Desk,
    operation: Operation,
    subjects: tuple[CifNo, ...],
    detail: Mapping[str, str],
    base: Mapping[str, str],
    actor: Actor,
    *,
    reason: str = "",
    expires_at: int | None = None,
) -> Approval:
    """A fresh proposal of *actor*, open for thirty days unless it *expires_at* another instant."""
    number = proposal_id(desk, operation, subjects, actor)
    bound = {"reason_digest": reason_digest(desk, f"approval:{number}", reason)} if reason else {}
    bare = propose(
        id=number, operation=operation, subjects=subjects, detail={**detail, **bound}, base=base, maker=actor,
        expires_at=desk.now() + _PROPOSAL_MICROS if expires_at is None else expires_at,
    )  # fmt: skip
    return attrs.evolve(bare, reason=reason)


def proposal_id(desk: Desk, operation: Operation, subjects: tuple[CifNo, ...], actor: Actor) -> str:
    """An id for a proposal that *actor* makes now; 32 hexadecimal digits."""
    digest = sha256("bankcif/v1/proposal", operation.value, *subjects, actor.id, desk.now(), desk.ids.draw(8))
    return digest.hex()[:32]


def keep(desk: Desk, unit: UnitOfWork, approvals: Collection[Approval]) -> list[Approval]:
    """Adds fresh proposals and why they were made, and gives them with their marks."""
    for one in approvals:
        if one.reason:
            keep_reason(desk, unit, f"approval:{one.id}", one.reason, one.subjects[0] if one.subjects else "")
    marked = [_marked(desk, attrs.evolve(one, reason="")) for one in approvals]
    unit.work.add_approvals(marked)
    return marked


def settle(desk: Desk, unit: UnitOfWork, before: Approval, after: Approval) -> Approval:
    """
    Puts *after* in the place of *before*, and gives it with its mark: with none if somebody had changed *before*, so that it stays
    told. Raises `ConflictError` if somebody was faster.
    """
    marked = _marked(desk, after) if is_kept(desk, before) else attrs.evolve(after, mark=b"")
    unit.work.settle_approval(before, marked)
    return marked


def is_kept(desk: Desk, approval: Approval) -> bool:
    """Whether the proposal stands where this library left it: nobody else has the key of its mark."""
    same = hmac.compare_digest(approval.digest, approval.bound())
    return same and hmac.compare_digest(approval.mark, _marked(desk, approval).mark)


def need_kept(desk: Desk, approval: Approval) -> None:
    """Raises `FourEyesError` unless the proposal stands where this library left it."""
    if not is_kept(desk, approval):
        raise FourEyesError(
            "the proposal does not stand where it was left: somebody changed its row; propose again, and have that looked into",
            rule="four_eyes",
        )


def _marked(desk: Desk, approval: Approval) -> Approval:
    return attrs.evolve(approval, mark=desk.digester.digest("approval", stands(approval)))


def write_proposal(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor) -> None:
    """Keeps *approval*, tells the log, and commits."""
    (kept,) = keep(desk, unit, [approval])
    record(desk, unit, [decision_entry(kept, "propose", actor, desk.now())])
    unit.commit()


def left_at(approval: Approval, *, whole: bool = True) -> dict[str, str]:
    """
    Where a kept proposal stands, as the log keeps it, by which `bankcif audit verify` finds one that was put back; if it is not
    *whole*, as the log keeps none.
    """
    return {f"approval:{approval.id}": f"{approval.version}:{approval.mark.hex() if whole else '?'}"}


def decision_entry(
    approval: Approval, action: str, actor: Actor, now: int, digests: Mapping[str, str] | None = None
) -> AuditEntry:
    """The log's entry on a step of *approval*, which is as `keep` or `settle` gave it."""
    field = approval.detail.get("field")
    return AuditEntry.by(
        actor, action, now, subjects=approval.subjects, count=len(approval.subjects),
        fields=tuple(field.split(",")) if field else (), rule=f"{approval.operation.value}:{approval.id}", digests=digests or {},
        marks=left_at(approval) if approval.mark else {},
    )  # fmt: skip
