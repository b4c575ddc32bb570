"""Proposals by hand: made, bound to their ground, told to the log."""

from __future__ import annotations

from collections.abc import Mapping

from .._canonical import sha256
from ..approval import Approval, Operation, propose
from ..audit import AuditEntry
from ..context import Actor
from ..errors import InputError
from ..party import CifNo
from ..storage import UnitOfWork
from .desk import Desk, record

__all__ = ["decision_entry", "need_reason", "proposal_id", "proposed", "write_proposal"]

_PROPOSAL_MICROS = 30 * 86_400 * 1_000_000


def need_reason(reason: str) -> None:
    """Raises `InputError` unless *reason* is a line or a few of printable text."""
    if not reason.strip() or len(reason) > 1000 or not reason.replace("\n", " ").isprintable():
        raise InputError("a reason is needed, of at most 1000 printable characters", rule="reason")


def proposed(
    desk: Desk,
    operation: Operation,
    subjects: tuple[CifNo, ...],
    detail: Mapping[str, str],
    base: Mapping[str, str],
    actor: Actor,
) -> Approval:
    """A fresh proposal of *actor*, open for thirty days."""
    return propose(
        id=proposal_id(desk, operation, subjects, actor), operation=operation, subjects=subjects, detail=detail,
        base=base, maker=actor, expires_at=desk.now() + _PROPOSAL_MICROS,
    )  # fmt: skip


def proposal_id(desk: Desk, operation: Operation, subjects: tuple[CifNo, ...], actor: Actor) -> str:
    """An id for a proposal that *actor* makes now; 32 hexadecimal digits."""
    digest = sha256("bankcif/v1/proposal", operation.value, *subjects, actor.id, desk.now(), desk.ids.draw(8))
    return digest.hex()[:32]


def write_proposal(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor) -> None:
    """Keeps *approval*, tells the log, and commits."""
    unit.work.add_approvals([approval])
    record(desk, unit, [decision_entry(approval, "propose", actor, desk.now(), {})])
    unit.commit()


def decision_entry(approval: Approval, action: str, actor: Actor, now: int, digests: Mapping[str, str]) -> AuditEntry:
    """The log's entry on a step of *approval*."""
    field = approval.detail.get("field")
    return AuditEntry.by(
        actor, action, now, subjects=approval.subjects, count=len(approval.subjects),
        fields=(field,) if field else (), rule=f"{approval.operation.value}:{approval.id}", digests=digests,
    )  # fmt: skip
