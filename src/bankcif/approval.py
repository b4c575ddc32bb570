"""
Maker and checker: a proposal that a second, different person decides.

A pure state machine: proposed, then approved, rejected, expired or withdrawn. What is approved is bound by a digest of
(operation, base versions, maker, expiry): a proposal whose ground has shifted can not be approved.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from ._canonical import sha256
from .context import Actor
from .errors import FourEyesError

__all__ = ["Approval", "ApprovalState", "Operation", "decide", "propose"]


class ApprovalState(enum.StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Operation(enum.StrEnum):
    """What is proposed."""

    MERGE = "merge"
    UNMERGE = "unmerge"
    CHANGE = "change"
    ROTATE_KEYS = "rotate_keys"
    ERASE = "erase"
    POLICY = "policy"


@attrs.frozen(kw_only=True)
class Approval:
    """
    A proposal; holds references, never a customer's value.

    Attributes:
        id: Its own id.
        operation: What is proposed.
        subjects: Customers concerned, by cif_no; of a merge, survivor first.
        detail: References: field, source, source key, record number of a proposed value; a reason code.
        base: The ground it stands on: the version of each subject of a merge, or, of a changed field, a digest
            of its golden value.
        maker: Id of the operator, and the person behind it; of a differing value, who delivered the record.
        expires_at: Microseconds since 1970, UTC.
        digest: Over all of the above.
        state: Where it stands.
        checker: Who decided.
    """

    id: str
    operation: Operation
    subjects: tuple[str, ...]
    detail: Mapping[str, str]
    base: Mapping[str, str]
    maker: str
    maker_person: str
    expires_at: int
    digest: bytes
    state: ApprovalState = ApprovalState.PROPOSED
    checker: str = ""

    def bound(self) -> bytes:
        """The digest that the proposal's content must have."""
        parts = [part for name, value in sorted(self.detail.items()) for part in (name, value)]
        parts += [part for name, stood in sorted(self.base.items()) for part in (name, stood)]
        return sha256(
            "bankcif/v1/approval", self.id, self.operation.value, len(self.subjects), *self.subjects, *parts,
            self.maker, self.maker_person, self.expires_at,
        )  # fmt: skip


def propose(
    *,
    id: str,  # noqa: A002 (the proposal's own word)
    operation: Operation,
    subjects: tuple[str, ...],
    detail: Mapping[str, str],
    base: Mapping[str, str],
    maker: Actor,
    expires_at: int,
) -> Approval:
    """A fresh proposal."""
    approval = Approval(
        id=id, operation=operation, subjects=subjects, detail=detail, base=base, maker=maker.id,
        maker_person=maker.person, expires_at=expires_at, digest=b"",
    )  # fmt: skip
    return attrs.evolve(approval, digest=approval.bound())


def decide(approval: Approval, *, checker: Actor, approve: bool, ground: Mapping[str, str], now: int) -> Approval:
    """
    The proposal as *checker* leaves it.

    Args:
        approval: As it stands.
        checker: Who decides; another person than the maker.
        approve: Yes or no.
        ground: What the proposal stands on, as it is now.
        now: Microseconds since 1970, UTC.

    Raises:
        FourEyesError: It was decided before, has expired, was tampered with, its ground has shifted, or the checker
            is the maker.
    """
    problem = ""
    if approval.state is not ApprovalState.PROPOSED:
        problem = f"the proposal was {approval.state.value} before"
    elif approval.bound() != approval.digest:
        problem = "the proposal is not what was proposed: its digest does not match"
    elif now > approval.expires_at:
        problem = "the proposal has expired; propose again"
    elif checker.id == approval.maker or checker.person == approval.maker_person:
        problem = "maker and checker must be two different people"
    elif approve and dict(approval.base) != dict(ground):
        problem = "a customer was changed since this was proposed; look again and propose again"
    if problem:
        raise FourEyesError(problem, rule="four_eyes")
    state = ApprovalState.APPROVED if approve else ApprovalState.REJECTED
    return attrs.evolve(approval, state=state, checker=checker.id)
