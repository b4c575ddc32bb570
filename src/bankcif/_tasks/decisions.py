"""What persons decide: possible matches, and what another person proposed."""

from __future__ import annotations

from collections.abc import Sequence

from ..approval import Approval
from ..context import Actor, Purpose
from ..flows import (
    decide,
    link as link_flow,
    merge,
)
from ..party import CifNo
from ..storage.rows import TaskRow
from ._group import Group

__all__ = ["Approvals", "Matches"]


class Approvals(Group):
    """What a second person decides."""

    def waiting(self, *, actor: Actor, purpose: Purpose) -> Sequence[Approval]:
        """The proposals that wait, oldest first."""
        return decide.open_proposals(self._desk, actor=actor, purpose=purpose)

    def mine(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> Sequence[Approval]:
        """One's own proposals that have not ended, among them exports that are approved and not taken yet."""
        return decide.own_proposals(self._desk, actor=actor, purpose=purpose)

    def approve(self, approval_id: str, *, actor: Actor) -> Approval:
        """Approves a proposal and carries it out."""
        return decide.decide_proposal(self._desk, approval_id, approve=True, actor=actor)

    def withdraw(self, approval_id: str, *, actor: Actor) -> Approval:
        """Takes a proposal back; its maker does."""
        return decide.withdraw_proposal(self._desk, approval_id, actor=actor)

    def expire(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> int:
        """Ends every open proposal whose term is over; run it every day."""
        return decide.expire_proposals(self._desk, actor=actor, purpose=purpose)

    def reject(self, approval_id: str, *, actor: Actor) -> Approval:
        """Rejects a proposal."""
        return decide.decide_proposal(self._desk, approval_id, approve=False, actor=actor)


class Matches(Group):
    """Possible matches, merging, unmerging, keeping apart."""

    def tasks(self, *, actor: Actor, purpose: Purpose) -> Sequence[TaskRow]:
        """The possible matches that wait, heaviest first."""
        return merge.open_tasks(self._desk, actor=actor, purpose=purpose)

    def link_file(self, *, actor: Actor, purpose: Purpose) -> link_flow.LinkReport:
        """Compares all records anew and opens a task for each possible match; see `bankcif.flows.link`."""
        return link_flow.link_file(self._desk, actor=actor, purpose=purpose)

    def propose_merge(self, survivor: str, retired: str, *, actor: Actor, reason: str) -> Approval:
        """Proposes to merge *retired* into *survivor*; a second person decides."""
        return merge.propose_merge(self._desk, CifNo(survivor), CifNo(retired), actor=actor, reason=reason)

    def propose_unmerge(self, retired: str, *, actor: Actor, reason: str) -> Approval:
        """Proposes to undo the merge of *retired*; a second person decides."""
        return merge.propose_unmerge(self._desk, CifNo(retired), actor=actor, reason=reason)

    def not_a_match(self, one: str, other: str, *, actor: Actor, reason: str) -> None:
        """Keeps two parties apart."""
        merge.not_a_match(self._desk, CifNo(one), CifNo(other), actor=actor, reason=reason)
