"""
Maker and checker: a proposal that a second, different person decides.

A pure state machine:

    proposed -> approved -> executed
    proposed -> rejected | expired | withdrawn
    approved -> expired | withdrawn

What is approved is bound by a digest of (operation, subjects, details, base versions, maker, expiry): a proposal whose
ground has shifted can be neither approved nor executed, and it is executed once. Maker and every checker are different
people, and none acts on another's behalf who is one of them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from ._canonical import encode, sha256
from .context import Actor
from .errors import FourEyesError

__all__ = [
    "OPEN",
    "Approval",
    "ApprovalState",
    "Check",
    "Operation",
    "decide",
    "execute",
    "expire",
    "propose",
    "stands",
    "withdraw",
]


class ApprovalState(enum.StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EXECUTED = "executed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


OPEN = frozenset({ApprovalState.PROPOSED, ApprovalState.APPROVED})
"""States of a proposal that has not ended."""
_WITHOUT_A_WORD = frozenset({ApprovalState.EXECUTED, ApprovalState.EXPIRED, ApprovalState.WITHDRAWN})


class Operation(enum.StrEnum):
    """
    What takes more than one person: the list is the library's, and no configuration takes anything out of it.

    A factor that a keeper of operators gives somebody counts once a second one approves: else one person could be two.
    Breaking the glass is decided afterwards: it is proposed when it happens, and approving it says that it was justified.
    """

    MERGE = "merge"
    UNMERGE = "unmerge"
    CHANGE = "change"
    ROTATE_KEYS = "rotate_keys"
    ERASE = "erase"
    POLICY = "policy"
    EXPORT = "export"
    BREAK_GLASS = "break_glass"
    OPERATOR = "operator"
    CATALOGUE = "catalogue"
    MODEL = "model"
    STATE = "state"


@attrs.frozen(kw_only=True)
class Check:
    """One person's word on a proposal: their operator id, who they are, on whose behalf, and when."""

    actor: str
    person: str
    behalf: str = ""
    at: int = 0


@attrs.frozen(kw_only=True)
class Approval:
    """
    A proposal; holds references, never a customer's value.

    Attributes:
        id: Its own id.
        operation: What is proposed.
        subjects: Customers concerned, by cif_no; of a merge, survivor first.
        detail: References: field, source, source key, record number of a proposed value; a reason code.
        base: The ground it stands on: the version of each subject of a merge or an erasure; of a changed field, a digest of its
            golden value; of a policy or an export, the policy in force; of a tag catalogue or a model, the one in force; of a rotation, the keys in use; of an operator's factor, when it
            was given.
        maker: Id of the operator, the person behind it, and on whose behalf; of a differing value, who delivered the
            record.
        expires_at: Microseconds since 1970, UTC.
        digest: Over all of the above.
        state: Where it stands.
        checks: Who decided, in their order.
        reason: Why, in the maker's words, where whoever asked may see them; they rest sealed elsewhere, and *detail* binds them by a
            keyed digest.
        mark: Keyed digest over where it stands, by whoever keeps it; not a part of what it is.
    """

    id: str
    operation: Operation
    subjects: tuple[str, ...]
    detail: Mapping[str, str]
    base: Mapping[str, str]
    maker: str
    maker_person: str
    maker_behalf: str = ""
    expires_at: int
    digest: bytes
    state: ApprovalState = ApprovalState.PROPOSED
    checks: tuple[Check, ...] = ()
    reason: str = attrs.field(default="", eq=False, repr=False)
    mark: bytes = attrs.field(default=b"", eq=False, repr=False)

    @property
    def version(self) -> int:
        """Counts what became of it: one for its being proposed, each word on it, and its end without a word."""
        return 1 + len(self.checks) + (self.state in _WITHOUT_A_WORD)

    @property
    def checker(self) -> str:
        """Who decided last, by operator id; empty if nobody has."""
        return self.checks[-1].actor if self.checks else ""

    def bound(self) -> bytes:
        """The digest that the proposal's content must have."""
        detail = [part for name, value in sorted(self.detail.items()) for part in (name, value)]
        base = [part for name, stood in sorted(self.base.items()) for part in (name, stood)]
        return sha256(
            "bankcif/v1/approval", self.id, self.operation.value, len(self.subjects), *self.subjects,
            len(self.detail), *detail, len(self.base), *base, self.maker, self.maker_person, self.maker_behalf, self.expires_at,
        )  # fmt: skip


def stands(approval: Approval) -> bytes:
    """Canonical bytes of where the proposal stands: what it binds, its state, and everybody who decided."""
    checks = [part for one in approval.checks for part in (one.actor, one.person, one.behalf, one.at)]
    return encode(approval.digest, approval.state.value, len(approval.checks), *checks)


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
        maker_person=maker.person, maker_behalf=maker.on_behalf_of, expires_at=expires_at, digest=b"",
    )  # fmt: skip
    return attrs.evolve(approval, digest=approval.bound())


def decide(
    approval: Approval, *, checker: Actor, approve: bool, ground: Mapping[str, str], now: int, persons: int = 2
) -> Approval:
    """
    The proposal as *checker* leaves it: rejected, approved, or, as long as it takes more persons, still proposed.

    Args:
        approval: As it stands.
        checker: Who decides; another person than the maker and than everybody who approved before.
        approve: Yes or no.
        ground: What the proposal stands on, as it is now.
        now: Microseconds since 1970, UTC.
        persons: How many it takes, the maker among them; never fewer than two.

    Raises:
        FourEyesError: It was decided before, has expired, was tampered with, its ground has shifted, or the checker
            is, or acts for, somebody who had a hand in it.
    """
    if approval.state is not ApprovalState.PROPOSED:
        _refuse(f"the proposal was {approval.state.value} before")
    _need_whole(approval, now)
    if _same_hands(approval, checker):
        _refuse("maker and checker must be two different people, neither acting on the other's behalf")
    if approve and dict(approval.base) != dict(ground):
        _refuse("what it stands on was changed since this was proposed; look again and propose again")
    check = Check(actor=checker.id, person=checker.person, behalf=checker.on_behalf_of, at=now)
    checks = (*approval.checks, check)
    state = ApprovalState.REJECTED
    if approve:
        state = ApprovalState.APPROVED if 1 + len(checks) >= max(persons, 2) else ApprovalState.PROPOSED
    return attrs.evolve(approval, state=state, checks=checks)


def execute(approval: Approval, *, ground: Mapping[str, str], now: int, persons: int = 2) -> Approval:
    """
    The proposal as it is once it was carried out, in the transaction that does so.

    Args:
        approval: As it stands.
        ground: What the proposal stands on, as it is now.
        now: Microseconds since 1970, UTC.
        persons: How many it takes, the maker among them; never fewer than two.

    Raises:
        FourEyesError: It is not approved, or by too few, or was executed before, has expired, was tampered with, or its ground
            has shifted.
    """
    if approval.state is not ApprovalState.APPROVED:
        _refuse(f"the proposal is {approval.state.value}, not approved")
    _need_whole(approval, now)
    # What a row says of itself is not believed: the people are counted again.
    hands = {one.person for one in approval.checks} - {approval.maker_person, approval.maker_behalf}
    if 1 + len(hands) < max(persons, 2):
        _refuse("the proposal was not approved by as many different people as it takes")
    if dict(approval.base) != dict(ground):
        _refuse("what it stands on was changed since this was approved; look again and propose again")
    return attrs.evolve(approval, state=ApprovalState.EXECUTED)


def withdraw(approval: Approval, *, maker: Actor) -> Approval:
    """
    The proposal as its maker takes it back.

    Raises:
        FourEyesError: It has ended, or *maker* did not make it.
    """
    if approval.state not in OPEN:
        _refuse(f"the proposal was {approval.state.value} before")
    if maker.person != approval.maker_person:
        _refuse("only who made a proposal takes it back; a second person rejects it")
    return attrs.evolve(approval, state=ApprovalState.WITHDRAWN)


def expire(approval: Approval, *, now: int) -> Approval:
    """The proposal at *now*: expired if it is open and its term is over."""
    over = approval.state in OPEN and now > approval.expires_at
    return attrs.evolve(approval, state=ApprovalState.EXPIRED) if over else approval


def _need_whole(approval: Approval, now: int) -> None:
    if approval.bound() != approval.digest:
        _refuse("the proposal is not what was proposed: its digest does not match")
    if now > approval.expires_at:
        _refuse("the proposal has expired; propose again")


def _same_hands(approval: Approval, checker: Actor) -> bool:
    """Whether *checker*, or whom they act for, had a hand in the proposal before."""
    ids = {approval.maker, *(one.actor for one in approval.checks)}
    people = {approval.maker_person, approval.maker_behalf}
    people |= {name for one in approval.checks for name in (one.person, one.behalf)}
    return checker.id in ids or bool({checker.person, checker.on_behalf_of} & (people - {""}))


def _refuse(problem: str) -> None:
    raise FourEyesError(problem, rule="four_eyes")
