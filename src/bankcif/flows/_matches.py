"""Possible matches as tasks: asked once, asked again once what was said has ended, moved by merges, closed by decisions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import attrs

from .._canonical import dumps, encode
from ..context import Actor
from ..matching import Explanation
from ..merging import root_of as root_above
from ..party import CifNo
from ..storage import UnitOfWork
from ..storage.rows import NotAMatchRow, TaskRow
from .desk import Desk

__all__ = ["Question", "ask", "keep_apart", "kept_apart", "members_of", "settle_tasks", "task_id"]


@attrs.frozen(kw_only=True)
class Question:
    """Whether two parties are one: the newer, the older, the weight of it, and why it weighs that."""

    cif_no: CifNo
    other: CifNo
    weight_millibits: int
    explanation: Callable[[], Explanation]


def task_id(desk: Desk, one: CifNo, other: CifNo) -> str:
    """
    The id of the task that asks whether two parties are one; the same whichever came first. Keyed, since it is told to some who
    may not know the other party: nobody finds out by trying numbers who that is.
    """
    return desk.digester.digest("task", encode(*sorted((one, other)))).hex()


def members_of(unit: UnitOfWork, parties: Collection[CifNo]) -> dict[CifNo, CifNo]:
    """Whose each party is that was merged into one of *parties*, and each of these itself."""
    return {**{link.home: link.cif_no for link in unit.crosswalk.of_parties(parties)}, **{one: one for one in parties}}


def kept_apart(unit: UnitOfWork, parties: Collection[CifNo]) -> set[frozenset[CifNo]]:
    """The pairs among *parties* that a person keeps apart, by themselves or by whom they took in."""
    belongs = members_of(unit, parties)
    rows = unit.crosswalk.not_matches(list(belongs))
    pairs = (frozenset(belongs.get(side, side) for side in (row.low, row.high)) for row in rows if row.until is None)
    return {pair for pair in pairs if len(pair) == 2}


def ask(desk: Desk, unit: UnitOfWork, questions: Sequence[Question], fresh: Collection[CifNo] = ()) -> list[TaskRow]:
    """
    Opens a task for each question, but of pairs that a person keeps apart; the tasks that are there for it now, new ones and old.

    A pair that was kept apart and is not any more is asked about anew. Of *fresh* parties, which came in this unit, nothing was
    said yet.
    """
    if not questions:
        return []
    old = [one for one in questions if one.cif_no not in fresh]
    apart = kept_apart(unit, {side for one in old for side in (one.cif_no, one.other)}) if old else set()
    wanted = {
        task_id(desk, one.cif_no, one.other): one
        for one in questions
        if frozenset((one.cif_no, one.other)) not in apart
    }
    looked_for = [number for number, one in wanted.items() if one.cif_no not in fresh]
    known = {row.id: row for row in unit.work.tasks(ids=looked_for)} if looked_for else {}
    now = desk.now()

    def opened(number: str, one: Question) -> TaskRow:
        return TaskRow(
            id=number, task="possible_match", cif_no=one.cif_no, other=one.other, weight_millibits=one.weight_millibits,
            detail=dumps(one.explanation().document()), state="open", opened_at=now,
        )  # fmt: skip

    new = [opened(number, one) for number, one in wanted.items() if number not in known]
    unit.work.add_tasks(new)
    again = []
    for number, row in known.items():
        if row.state == "not_a_match":
            # What was said of it stays, so that its reviewers are known; it counts on.
            again.append(attrs.evolve(opened(number, wanted[number]), version=row.version + 1, reviews=row.reviews))
            unit.work.change_task(again[-1])
    stand = [row for row in known.values() if row.state != "not_a_match"]
    return [*new, *again, *stand]


def settle_tasks(
    unit: UnitOfWork, parties: Collection[CifNo], edges: Mapping[CifNo, CifNo], actor: Actor, about: str, now: int
) -> None:
    """
    Brings the tasks of *parties* in line with the merges that *edges* tell of: one whose two sides became one party is merged,
    and one whose sides are two again waits again, as it did.
    """
    for row in unit.work.tasks(cif_nos=parties):
        one = root_above(row.cif_no, edges) == root_above(row.other, edges)
        if row.state == "open" and one:
            unit.work.change_task(closed(row, "merged", actor, about, now))
        elif row.state == "merged" and not one:
            unit.work.change_task(
                attrs.evolve(row, version=row.version + 1, state="open", closed_at=None, actor=None, reason=None)
            )


def keep_apart(
    desk: Desk, unit: UnitOfWork, one: CifNo, other: CifNo, actor: Actor, about: str, now: int
) -> tuple[CifNo, CifNo]:
    """Keeps two parties apart and closes the task that asked; gives the pair, the smaller number first."""
    low, high = sorted((one, other))
    unit.crosswalk.put_not_a_match(NotAMatchRow(low=low, high=high, actor=actor.id, at=now))
    for row in unit.work.tasks(ids=[task_id(desk, low, high)]):
        if row.state == "open":
            unit.work.change_task(closed(row, "not_a_match", actor, about, now))
    return low, high


def closed(row: TaskRow, state: str, actor: Actor, about: str, now: int) -> TaskRow:
    """*row* as it is closed."""
    return attrs.evolve(
        row, version=row.version + 1, state=state, closed_at=now, actor=actor.id, reason=about, assignee=None,
        assigned_at=None,
    )  # fmt: skip
