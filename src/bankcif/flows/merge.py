"""
Possible matches: merge, unmerge, not-a-match.

A merge moves links and rebuilds the copies it touches; records stay as they are, so an unmerge is exact at any later
time. See `merging/crosswalk.py` for why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..access import Action
from ..approval import Approval, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError, NotFoundOrNotAllowedError
from ..merging import check_merge
from ..party import CifNo, LifeCycle
from ..storage import UnitOfWork
from ..storage.rows import PartyRow, TaskRow
from ._matches import keep_apart
from ._proposals import proposed, write_proposal
from ._reasons import keep_reason, need_reason
from ._relations import is_seen
from ._reshape import reshape, root_of
from .desk import Desk, authorize, record

__all__ = [
    "ground_of_merge",
    "merge",
    "not_a_match",
    "open_tasks",
    "propose_merge",
    "propose_unmerge",
    "unmerge",
]


def open_tasks(desk: Desk, *, actor: Actor, purpose: Purpose) -> Sequence[TaskRow]:
    """The possible matches that wait, of parties both of whom *actor* may see, heaviest first."""
    authorize(desk, actor, Action.LINK, "tasks", purpose)
    with desk.unit_of_work() as unit:
        waiting = unit.work.tasks(state="open")
        rows = unit.parties.get({cif for task in waiting for cif in (task.cif_no, task.other)})
        seen = {cif_no for cif_no, row in rows.items() if is_seen(desk, unit, actor, row)}
        found = [task for task in waiting if {task.cif_no, task.other} <= seen]
        subjects = tuple(sorted({cif for task in found for cif in (task.cif_no, task.other)}))
        entry = AuditEntry.by(actor, "tasks", desk.now(), purpose=purpose, count=len(found), subjects=subjects)
        record(desk, unit, [entry])
        unit.commit()
    return found


def propose_merge(desk: Desk, survivor: CifNo, retired: CifNo, *, actor: Actor, reason: str) -> Approval:
    """
    Proposes to merge *retired* into *survivor*; a second person decides.

    Raises:
        InputError: They cannot be merged: the same, of two kinds, merged already, or kept apart by a person.
        NotFoundOrNotAllowedError: One does not exist, or the policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "propose_merge", Purpose.OPERATIONS)
    need_reason(reason)
    with desk.unit_of_work() as unit:
        rows = _both(unit, survivor, retired)
        _check(unit, rows, survivor, retired)
        approval = proposed(desk, Operation.MERGE, (survivor, retired), {}, _versions(rows), actor, reason=reason)
        write_proposal(desk, unit, approval, actor)
    return approval


def propose_unmerge(desk: Desk, retired: CifNo, *, actor: Actor, reason: str) -> Approval:
    """
    Proposes to give *retired* back everything that was its own; a second person decides.

    Raises:
        InputError: It was not merged.
        NotFoundOrNotAllowedError: It does not exist, or the policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "propose_unmerge", Purpose.OPERATIONS)
    need_reason(reason)
    with desk.unit_of_work() as unit:
        row = unit.parties.get([retired]).get(retired)
        if row is None:
            raise NotFoundOrNotAllowedError("there is no such customer", rule="default")
        if row.merged_into is None or row.life_cycle == LifeCycle.ERASED:
            raise InputError(f"{retired} was not merged", rule="not_merged", cif_no=retired)
        root = root_of(unit, row)
        _need_open(root)
        base = _versions({r.cif_no: r for r in (root, row)})
        approval = proposed(desk, Operation.UNMERGE, (root.cif_no, retired), {}, base, actor, reason=reason)
        write_proposal(desk, unit, approval, actor)
    return approval


def not_a_match(desk: Desk, one: CifNo, other: CifNo, *, actor: Actor, reason: str) -> None:
    """
    Keeps two parties apart: the matcher does not ask again, and they cannot be merged.

    Raises:
        NotFoundOrNotAllowedError: One does not exist, or the policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "not_a_match", Purpose.OPERATIONS)
    need_reason(reason)
    with desk.unit_of_work() as unit:
        rows = _both(unit, one, other)
        if any(row.life_cycle == LifeCycle.ERASED for row in rows.values()):
            raise NotFoundOrNotAllowedError("there is no such customer", rule="default")
        now = desk.now()
        low, high = sorted((one, other))
        about = f"apart:{low}:{high}"
        keep_reason(desk, unit, about, reason, low)
        keep_apart(desk, unit, low, high, actor, about, now)
        entry = AuditEntry.by(actor, "not_a_match", now, subjects=(low, high), count=2)
        record(desk, unit, [entry])
        unit.commit()


def _both(unit: UnitOfWork, one: CifNo, other: CifNo) -> Mapping[CifNo, PartyRow]:
    rows = unit.parties.get([one, other])
    if len(rows) < len({one, other}):
        raise NotFoundOrNotAllowedError("there is no such customer", rule="default")
    return rows


def _check(unit: UnitOfWork, rows: Mapping[CifNo, PartyRow], survivor: CifNo, retired: CifNo) -> None:
    edges = {cif: row.merged_into for cif, row in rows.items() if row.merged_into is not None}
    check_merge(survivor, retired, edges)
    if any(row.life_cycle in (LifeCycle.RESTRICTED, LifeCycle.ERASED) for row in rows.values()):
        raise InputError("a restricted or erased customer is not merged", rule="restricted", cif_no=retired)
    if rows[survivor].kind != rows[retired].kind:
        raise InputError("a person and an organization can not be merged", rule="merge_kind", cif_no=retired)
    # Whoever was merged into either of the two is kept apart from the other's as well.
    mine, theirs = _members(unit, survivor), _members(unit, retired)
    for row in unit.crosswalk.not_matches([*mine, *theirs]):
        if row.until is not None:
            continue
        if (row.low in mine and row.high in theirs) or (row.low in theirs and row.high in mine):
            raise InputError(
                f"{row.low} and {row.high} were declared not to be a match", rule="not_a_match", cif_no=retired
            )


def _members(unit: UnitOfWork, cif_no: CifNo) -> set[CifNo]:
    return {link.home for link in unit.crosswalk.of_parties([cif_no])} | {cif_no}


def ground_of_merge(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What a merge or unmerge stands on, as it is now: the versions of both parties."""
    return _versions(unit.parties.get([CifNo(cif) for cif in approval.subjects]))


def merge(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved merge."""
    survivor, retired = map(CifNo, approval.subjects)
    rows = _both(unit, survivor, retired)
    _check(unit, rows, survivor, retired)
    return reshape(
        desk, unit, {survivor, retired}, {retired: survivor}, "merge", actor, now, about=f"approval:{approval.id}"
    )


def unmerge(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved unmerge."""
    retired = CifNo(approval.subjects[1])
    row = unit.parties.get([retired])[retired]
    if row.merged_into is None:
        raise InputError(f"{retired} was not merged", rule="not_merged", cif_no=retired)
    root = root_of(unit, row)
    _need_open(root)
    return reshape(desk, unit, {root.cif_no, retired}, {retired: None}, "unmerge", actor, now)


def _need_open(root: PartyRow) -> None:
    """A restriction covers what was merged in; taking a part out would lift it."""
    if root.life_cycle == LifeCycle.RESTRICTED:
        raise InputError(
            "a restricted customer is not unmerged; lift the restriction first", rule="restricted", cif_no=root.cif_no
        )


def _versions(rows: Mapping[CifNo, PartyRow]) -> dict[str, str]:
    return {cif: str(row.version) for cif, row in rows.items()}
