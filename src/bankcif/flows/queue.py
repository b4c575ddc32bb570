"""
The review queue: possible matches by priority, worked on by one person at a time, decided with a reason.

One person's word suffices to keep two apart unless the link policy asks for more; that two are one is always proposed, and a
second person approves. Where two persons disagree, a third decides. What was said is kept: it labels pairs for training, and
tells how far reviewers agree.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import attrs

from ..access import Action
from ..approval import Approval, ApprovalState, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError, NotFoundOrNotAllowedError
from ..party import CATALOGUE, CifNo, DataGroup, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow, ReviewRow, TaskRow
from ._matches import keep_apart
from ._opened import open_goldens
from ._reasons import keep_reason, need_reason
from ._relations import is_seen
from ._reshape import root_of
from .desk import Desk, authorize, record, retried
from .merge import merge_proposal

__all__ = ["QueuedMatch", "Reviewed", "Verdict", "assign", "queue", "review", "said_by_decision", "take"]

_MOST_CONSIDERED = 2_000
_AT_STAKE: frozenset[DataGroup] = frozenset(CATALOGUE[kind]["aum"].group for kind in PartyKind)
_DAY = 86_400 * 1_000_000
_LEASE = 8 * 3_600 * 1_000_000
"""How long a match that somebody took is theirs alone."""


class Verdict(enum.StrEnum):
    """What a person says of a possible match."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@attrs.frozen(kw_only=True)
class QueuedMatch:
    """
    A possible match that waits.

    Attributes:
        task_id: By which it is reviewed.
        cif_no, other: The two customers as they stand today; the newer one first.
        weight_millibits: What the match model says.
        rank: Its place in the queue, from 1: weight, value at stake and age together.
        opened_at: Since when it waits, in microseconds.
        assignee: Who works on it; empty if nobody does.
        reviews: How many have said something of it; not what, so that the next one says their own.
    """

    task_id: str
    cif_no: CifNo
    other: CifNo
    weight_millibits: int
    rank: int
    opened_at: int
    assignee: str
    reviews: int


@attrs.frozen(kw_only=True)
class Reviewed:
    """
    What became of a review.

    Attributes:
        closed: Whether the match is decided: kept apart.
        proposal: The proposal to merge, if one was made; a second person decides it.
        waits_for_another: Whether another person must look.
    """

    closed: bool
    proposal: Approval | None
    waits_for_another: bool


def queue(desk: Desk, *, most: int, actor: Actor, purpose: Purpose) -> list[QueuedMatch]:
    """
    The matches that wait, by priority, of customers both of whom *actor* may see.

    Args:
        desk: Collaborators.
        most: How many at most.
        actor, purpose: On whose behalf, what for.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link.

    Cost: looks at the 2,000 heaviest, and opens the golden record of each of their customers for the value at stake.
    """
    authorize(desk, actor, Action.LINK, "queue", purpose)
    with desk.unit_of_work() as unit:
        found = [one for _, one in _ranked(desk, unit, actor)][:most]
        subjects = tuple(sorted({cif for one in found for cif in (one.cif_no, one.other)}))
        entry = AuditEntry.by(actor, "queue", desk.now(), purpose=purpose, count=len(found), subjects=subjects)
        record(desk, unit, [entry])
        unit.commit()
    return found


def take(desk: Desk, *, count: int, actor: Actor, purpose: Purpose) -> list[QueuedMatch]:
    """
    Gives *actor* the next matches to work on: by priority, of those that nobody works on and that they have not reviewed.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "take", purpose)

    def once() -> list[QueuedMatch]:
        with desk.unit_of_work() as unit:
            now = desk.now()
            taken: list[QueuedMatch] = []
            ranked = _ranked(desk, unit, actor)
            said: dict[str, list[ReviewRow]] = {}
            for row in unit.reviews.of([task.id for task, _ in ranked]):
                said.setdefault(row.task_id, []).append(row)
            for task, one in ranked:
                if len(taken) == count:
                    break
                held = task.assignee not in (None, actor.id) and (task.assigned_at or 0) > now - _LEASE
                if not held and not _spoke(actor, said.get(task.id, ())):
                    unit.work.change_task(_assigned(task, actor.id, now))
                    taken.append(attrs.evolve(one, assignee=actor.id))
            subjects = tuple(sorted({cif for one in taken for cif in (one.cif_no, one.other)}))
            entry = AuditEntry.by(actor, "take", now, purpose=purpose, count=len(taken), subjects=subjects)
            record(desk, unit, [entry])
            unit.commit()
        return taken

    return retried(once)


def assign(desk: Desk, task_ids: Collection[str], to: str, *, actor: Actor, purpose: Purpose) -> int:
    """
    Gives matches to an operator, or to nobody if *to* is empty; how many were open.

    Raises:
        NotFoundOrNotAllowedError: One is not there or not to be seen, or the policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "assign", purpose)
    if len(task_ids) > _MOST_CONSIDERED:
        raise InputError(f"at most {_MOST_CONSIDERED} matches are given at once", rule="bound")
    if len(to) > 64 or (to and not to.replace(".", "").replace("_", "").replace("-", "").isalnum()):
        raise InputError("matches are given to an operator by id, or to nobody", rule="operator")

    def once() -> int:
        with desk.unit_of_work() as unit:
            now = desk.now()
            rows = unit.work.tasks(ids=task_ids)
            seen = _seen(desk, unit, rows, actor)
            if len(seen) < len(set(task_ids)):
                raise NotFoundOrNotAllowedError("there is no such match", rule="default")
            waiting = [row for row in rows if row.state == "open"]
            for row in waiting:
                unit.work.change_task(_assigned(row, to or None, now))
            subjects = tuple(sorted({cif for row in waiting for cif in (row.cif_no, row.other)}))
            entry = AuditEntry.by(
                actor, "assign", now, purpose=purpose, count=len(waiting), subjects=subjects, rule=f"to:{to}"
            )
            record(desk, unit, [entry])
            unit.commit()
        return len(waiting)

    return retried(once)


def review(
    desk: Desk, task_id: str, verdict: Verdict, *, survivor: CifNo | None, accept: Collection[str], reason: str, actor: Actor,
    purpose: Purpose,
) -> Reviewed:  # fmt: skip
    """
    Says whether the two customers of a match are one.

    Args:
        desk: Collaborators.
        task_id: The match.
        verdict: What *actor* says.
        survivor: If they are the same, whose number stays; the older one's if None.
        accept: Concerns of the merge that *actor* has looked into; see `bankcif.flows.merge.Concern`.
        reason: Why, in their words.
        actor, purpose: On whose behalf, what for.

    Raises:
        InputError: It is decided, somebody else works on it, *actor* has said something of it before, or the merge cannot be.
        NotFoundOrNotAllowedError: There is no such match, or the policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "review", purpose)
    need_reason(reason)

    def once() -> Reviewed:
        with desk.unit_of_work() as unit:
            rows = unit.work.tasks(ids=[task_id])
            seen = _seen(desk, unit, rows, actor)
            if not seen:
                raise NotFoundOrNotAllowedError("there is no such match", rule="default")
            (row,), now = rows, desk.now()
            earlier = unit.reviews.of([task_id])
            _need_free(row, earlier, actor, now)
            mine = _write_review(unit, row, len(earlier) + 1, actor, verdict, now)
            about = f"review:{task_id}:{mine.number}"
            keep_reason(desk, unit, about, reason, row.cif_no)
            entry = AuditEntry.by(
                actor, "review", now, purpose=purpose, subjects=(row.cif_no, row.other), count=1, rule=verdict.value
            )
            record(desk, unit, [entry])
            match = _Match(row=row, sides=seen[row.id], said=[*earlier, mine], survivor=survivor, accept=accept)
            found = _settle(desk, unit, match, actor, reason, about)
            unit.commit()
        return found

    return retried(once)


@attrs.frozen(kw_only=True, repr=False)
class _Match:
    """A match that is being reviewed: its two customers, all that was said of it, the last word last, and how it is to merge."""

    row: TaskRow
    sides: tuple[PartyRow, PartyRow]
    said: Sequence[ReviewRow]
    survivor: CifNo | None
    accept: Collection[str]


def _settle(desk: Desk, unit: UnitOfWork, match: _Match, actor: Actor, reason: str, about: str) -> Reviewed:
    """What follows from all that was said of a match, *actor*'s word the last."""
    row, votes = match.row, Counter(one.verdict for one in match.said)
    same, different, mine = votes[Verdict.SAME], votes[Verdict.DIFFERENT], match.said[-1].verdict
    _release(unit, row, len(match.said))
    if mine == Verdict.SAME and same > different:
        waiting = unit.work.approvals(states=[ApprovalState.PROPOSED.value], cif_no=match.sides[0].cif_no)
        if any(one.operation is Operation.MERGE and one.detail.get("task") == row.id for one in waiting):
            raise InputError("that they are one is proposed already; have it approved or rejected", rule="proposed")
        older, newer = (side.cif_no for side in sorted(match.sides, key=lambda side: (side.created_at, side.cif_no)))
        keeps = match.survivor or older
        if keeps not in (older, newer):
            raise InputError("the survivor is one of the two", rule="survivor")
        goes = newer if keeps == older else older
        made = merge_proposal(desk, unit, keeps, goes, accept=match.accept, task=row.id, reason=reason, actor=actor)
        return Reviewed(closed=False, proposal=made, waits_for_another=False)
    if mine == Verdict.DIFFERENT and different > same and different >= desk.link_policy.review.persons_apart:
        now = desk.now()
        keep_apart(desk, unit, row.cif_no, row.other, actor, about, now)
        entry = AuditEntry.by(actor, "not_a_match", now, subjects=(row.cif_no, row.other), count=2)
        record(desk, unit, [entry])
        return Reviewed(closed=True, proposal=None, waits_for_another=False)
    return Reviewed(closed=False, proposal=None, waits_for_another=True)


def said_by_decision(unit: UnitOfWork, approval: Approval, actor: Actor, approve: bool, now: int) -> None:
    """Keeps what the second person said of a match whose merge was proposed."""
    verdict = Verdict.SAME if approve else Verdict.DIFFERENT
    for row in unit.work.tasks(ids=[approval.detail["task"]]) if "task" in approval.detail else ():
        said = unit.reviews.of([row.id])
        if row.state != "open" or _spoke(actor, said):
            continue  # one word a person, and none on what is decided
        number = len(said) + 1
        _write_review(unit, row, number, actor, verdict, now)
        _release(unit, row, number)


def _ranked(desk: Desk, unit: UnitOfWork, actor: Actor) -> list[tuple[TaskRow, QueuedMatch]]:
    rows = unit.work.tasks(state="open", most=_MOST_CONSIDERED)
    seen = _seen(desk, unit, rows, actor)
    values = _values(desk, unit, {side.cif_no for sides in seen.values() for side in sides})
    now, plan = desk.now(), desk.link_policy.review

    def urgency(row: TaskRow) -> float:
        at_stake = max(values[side.cif_no] for side in seen[row.id])
        return plan.urgency(row.weight_millibits / 1000, at_stake, (now - row.opened_at) / _DAY)

    waiting = sorted((row for row in rows if row.id in seen), key=lambda row: (-urgency(row), row.id))
    return [
        (
            row,
            QueuedMatch(
                task_id=row.id, cif_no=seen[row.id][0].cif_no, other=seen[row.id][1].cif_no,
                weight_millibits=row.weight_millibits, rank=rank, opened_at=row.opened_at, assignee=row.assignee or "",
                reviews=row.reviews,
            ),
        )
        for rank, row in enumerate(waiting, start=1)
    ]  # fmt: skip


def _seen(
    desk: Desk, unit: UnitOfWork, rows: Sequence[TaskRow], actor: Actor
) -> Mapping[str, tuple[PartyRow, PartyRow]]:
    """Of each task whose two customers *actor* may see, these as they stand today."""
    parties = unit.parties.get({side for row in rows for side in (row.cif_no, row.other)})
    roots = {cif_no: root_of(unit, party) for cif_no, party in parties.items()}
    shown = {root.cif_no: is_seen(desk, unit, actor, root) for root in roots.values()}
    return {
        row.id: (roots[row.cif_no], roots[row.other])
        for row in rows
        if all(side in roots and shown[roots[side].cif_no] for side in (row.cif_no, row.other))
    }


def _values(desk: Desk, unit: UnitOfWork, cif_nos: Collection[CifNo]) -> dict[CifNo, float]:
    """What customers have with the bank, in whole units of its currency; 0 where it is not known."""
    opened = open_goldens(desk, unit, sorted(cif_nos), groups=_AT_STAKE)
    amounts = {cif_no: values.get("aum") for cif_no, values in opened.items()}
    return {cif_no: 0.0 if amount is None else max(amount["minor"], 0) / 100 for cif_no, amount in amounts.items()}


def _need_free(row: TaskRow, earlier: Sequence[ReviewRow], actor: Actor, now: int) -> None:
    if row.state != "open":
        raise InputError("this match is decided", rule="task_state")
    if _spoke(actor, earlier):
        raise InputError("you have said what you think of this match; another person reviews it now", rule="reviewed")
    if row.assignee not in (None, actor.id) and (row.assigned_at or 0) > now - _LEASE:
        raise InputError("somebody else works on this match; have it assigned to you first", rule="assigned")


def _spoke(actor: Actor, said: Sequence[ReviewRow]) -> bool:
    """Whether *actor*, or whom they act for, has had a word."""
    return actor.id in {one.actor for one in said} or not {actor.person, actor.on_behalf_of}.isdisjoint(
        one.person for one in said
    )


def _write_review(unit: UnitOfWork, row: TaskRow, number: int, actor: Actor, verdict: Verdict, now: int) -> ReviewRow:
    found = ReviewRow(
        task_id=row.id,
        number=number,
        actor=actor.id,
        person=actor.on_behalf_of or actor.person,
        verdict=verdict.value,
        at=now,
    )
    unit.reviews.add(found)
    return found


def _assigned(row: TaskRow, to: str | None, now: int) -> TaskRow:
    return attrs.evolve(row, version=row.version + 1, assignee=to, assigned_at=None if to is None else now)


def _release(unit: UnitOfWork, row: TaskRow, reviews: int) -> None:
    """Lets a match go back into the queue with one word more, whatever became of it."""
    (stands,) = unit.work.tasks(ids=[row.id])
    unit.work.change_task(attrs.evolve(_assigned(stands, None, 0), reviews=reviews))
