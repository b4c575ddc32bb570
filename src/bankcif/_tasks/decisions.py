"""What persons decide: possible matches, and what another person proposed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..approval import Approval
from ..context import Actor, Purpose
from ..errors import InputError
from ..flows import (
    candidates,
    decide,
    link as link_flow,
    merge,
    preview,
    queue as queue_flow,
    reviews,
)
from ..party import as_cif_no
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

    def preview_merge(self, survivor: str, retired: str, *, actor: Actor, purpose: Purpose) -> preview.MergePreview:
        """Two customers side by side, what would survive and why, and what speaks against a merge; nothing is changed."""
        return preview.preview_merge(self._desk, as_cif_no(survivor), as_cif_no(retired), actor=actor, purpose=purpose)

    def propose_merge(
        self, survivor: str, retired: str, *, accept: Collection[str] = (), actor: Actor, reason: str
    ) -> Approval:
        """
        Proposes to merge *retired* into *survivor*; a second person decides. *accept* names concerns that were looked into, as
        `preview_merge` tells them.
        """
        return merge.propose_merge(
            self._desk, as_cif_no(survivor), as_cif_no(retired), accept=accept, actor=actor, reason=reason
        )

    def propose_unmerge(self, retired: str, *, actor: Actor, reason: str) -> Approval:
        """Proposes to undo the merge of *retired*; a second person decides."""
        return merge.propose_unmerge(self._desk, as_cif_no(retired), actor=actor, reason=reason)

    def not_a_match(self, one: str, other: str, *, actor: Actor, reason: str) -> None:
        """Keeps two parties apart."""
        merge.not_a_match(self._desk, as_cif_no(one), as_cif_no(other), actor=actor, reason=reason)

    def explain(self, task_id: str, *, actor: Actor, purpose: Purpose) -> candidates.ExplainedMatch:
        """Why a possible match weighs what it weighs, with what both customers have beside each comparison, masked."""
        return candidates.explain_match(self._desk, task_id, actor=actor, purpose=purpose)

    def queue(self, *, most: int = 50, actor: Actor, purpose: Purpose) -> list[queue_flow.QueuedMatch]:
        """The matches that wait by priority: weight, value at stake and age together; see `bankcif.matching.ReviewPlan`."""
        return queue_flow.queue(self._desk, most=most, actor=actor, purpose=purpose)

    def take(self, count: int = 1, *, actor: Actor, purpose: Purpose) -> list[queue_flow.QueuedMatch]:
        """The next matches for *actor* to work on; for eight hours nobody else is given them."""
        return queue_flow.take(self._desk, count=count, actor=actor, purpose=purpose)

    def assign(self, task_ids: Collection[str], to: str, *, actor: Actor, purpose: Purpose) -> int:
        """Gives matches to an operator, or to nobody if *to* is empty; how many were open."""
        return queue_flow.assign(self._desk, task_ids, to, actor=actor, purpose=purpose)

    def review(
        self,
        task_id: str,
        verdict: queue_flow.Verdict | str,
        *,
        survivor: str | None = None,
        accept: Collection[str] = (),
        reason: str,
        actor: Actor,
        purpose: Purpose,
    ) -> queue_flow.Reviewed:
        """
        Says whether the two customers of a match are one: ``same``, ``different`` or ``unsure``.

        Args:
            task_id: The match.
            verdict: What *actor* says. The same is proposed as a merge, which a second person decides.
            survivor: Whose number stays; the older one's if None.
            accept: Concerns that *actor* has looked into, as `preview_merge` tells them.
            reason: Why, in their words; kept sealed.
            actor, purpose: On whose behalf, what for.

        Raises:
            InputError: It is decided, somebody else works on it, *actor* said something of it before, or the merge cannot be.
            NotFoundOrNotAllowedError: There is no such match, or the policy does not let *actor* link.
        """
        if verdict not in set(queue_flow.Verdict):
            raise InputError(f"a verdict is {', '.join(queue_flow.Verdict)}", rule="verdict")
        return queue_flow.review(
            self._desk, task_id, queue_flow.Verdict(verdict), survivor=None if survivor is None else as_cif_no(survivor),
            accept=accept, reason=reason, actor=actor, purpose=purpose,
        )  # fmt: skip

    def agreement(self, *, actor: Actor, purpose: Purpose) -> reviews.Agreement:
        """How far reviewers agree: of matches with two words on them."""
        return reviews.agreement(self._desk, actor=actor, purpose=purpose)

    def labels(self, *, source: str | None = None, actor: Actor, purpose: Purpose) -> list[reviews.Label]:
        """What persons decided of pairs, as pairs of source keys, to train a match model with."""
        return reviews.labels(self._desk, source=source, actor=actor, purpose=purpose)
