"""
Possible matches: merge, unmerge, not-a-match.

A merge moves links and rebuilds the copies it touches; records stay as they are, so an unmerge is exact at any later
time. See `merging/crosswalk.py` for why.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence

from ..access import Action
from ..approval import OPEN, Approval, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError, NotFoundOrNotAllowedError
from ..matching import features_of, lanes_of
from ..merging import check_merge
from ..party import CATALOGUE, CifNo, FieldType, LifeCycle, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow, TaskRow
from ._matches import keep_apart
from ._opened import open_golden
from ._proposals import decision_entry, keep, proposed, write_proposal
from ._reasons import keep_reason, need_reason
from ._relations import is_seen, resolved
from ._reshape import reshape, root_of
from .desk import Desk, authorize, record

__all__ = [
    "Concern",
    "concerns",
    "ground_of_merge",
    "merge",
    "merge_proposal",
    "not_a_match",
    "open_tasks",
    "propose_merge",
    "propose_unmerge",
    "unmerge",
    "why_not_mergeable",
]


_FORBIDS = frozenset({Operation.ERASE, Operation.UNMERGE})


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


class Concern(enum.StrEnum):
    """
    What speaks against a merge without forbidding it: whoever proposes it says that they looked into it, and whoever approves
    it sees that they did.
    """

    CONTRADICTION = "contradiction"
    CURRENCY = "currency"
    OPEN_CHANGE = "open_change"


_CONCERNS = {
    Concern.CONTRADICTION: "they contradict each other, as two different valid numbers or birth dates do",
    Concern.CURRENCY: "an amount of one is in another currency than that of the other",
    Concern.OPEN_CHANGE: "a change of one of them waits for a second person",
}


def propose_merge(
    desk: Desk, survivor: CifNo, retired: CifNo, *, accept: Collection[str] = (), actor: Actor, reason: str
) -> Approval:
    """
    Proposes to merge *retired* into *survivor*; a second person decides.

    Args:
        desk: Collaborators.
        survivor: Whose number stays.
        retired: Whose number resolves to it from then on.
        accept: Concerns that *actor* has looked into; see `Concern`.
        actor: On whose behalf.
        reason: Why, in their words.

    Raises:
        InputError: They cannot be merged: the same, of two kinds, merged already, kept apart by a person, about to be erased or
            unmerged, or with a concern that was not accepted.
        NotFoundOrNotAllowedError: One does not exist, or the policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "propose_merge", Purpose.OPERATIONS)
    need_reason(reason)
    with desk.unit_of_work() as unit:
        approval = merge_proposal(desk, unit, survivor, retired, accept=accept, task="", reason=reason, actor=actor)
        unit.commit()
    return approval


def merge_proposal(
    desk: Desk, unit: UnitOfWork, survivor: CifNo, retired: CifNo, *, accept: Collection[str], task: str, reason: str,
    actor: Actor,
) -> Approval:  # fmt: skip
    """The proposal of `propose_merge`, kept and told to the log in *unit*; *task* is the match that it decides, if it does."""
    rows = _both(unit, survivor, retired)
    if not all(is_seen(desk, unit, actor, root_of(unit, row)) for row in rows.values()):
        raise NotFoundOrNotAllowedError("there is no such customer", rule="default")
    _check(unit, rows, survivor, retired)
    if set(accept) - set(Concern):
        raise InputError(f"there is no such concern; they are {', '.join(Concern)}", rule="concern")
    found = concerns(desk, unit, rows[survivor], rows[retired])
    _need_accepted(found, accept, retired)
    detail = {"task": task} if task else {}
    if found:
        detail["accepted"] = ",".join(found)
    approval = proposed(desk, Operation.MERGE, (survivor, retired), detail, _versions(rows), actor, reason=reason)
    (kept,) = keep(desk, unit, [approval])
    record(desk, unit, [decision_entry(kept, "propose", actor, desk.now())])
    return approval


def _need_accepted(found: Collection[Concern], accepted: Collection[str], retired: CifNo) -> None:
    open_ones = [one for one in found if one not in accepted]
    if open_ones:
        raise InputError(
            f"look into this merge first: {'; '.join(_CONCERNS[one] for one in open_ones)}; "
            f"if it is one customer all the same, accept {', '.join(open_ones)}",
            rule="merge_concern", cif_no=retired,
        )  # fmt: skip


def concerns(desk: Desk, unit: UnitOfWork, one: PartyRow, other: PartyRow) -> list[Concern]:
    """What speaks against merging two parties, in the order of `Concern`."""
    kind = PartyKind(one.kind)
    values = [open_golden(desk, unit, row) for row in (one, other)]
    left, right = (lanes_of(features_of(kind, said, desk.link_policy.identifying)) for said in values)
    model = desk.models[kind]
    found = []
    if desk.link_policy.contradicts(model, model.pair(left, right).levels):
        found.append(Concern.CONTRADICTION)
    amounts = [name for name, field in CATALOGUE[kind].items() if field.type is FieldType.MONEY]
    if any(
        values[0][name]["currency"] != values[1][name]["currency"]
        for name in amounts
        if name in values[0] and name in values[1]
    ):
        found.append(Concern.CURRENCY)
    if any(waiting.operation is Operation.CHANGE for waiting in _waiting(unit, one, other)):
        found.append(Concern.OPEN_CHANGE)
    return found


def _waiting(unit: UnitOfWork, *rows: PartyRow) -> list[Approval]:
    """The proposals about these parties that have not ended."""
    return [one for row in rows for one in unit.work.approvals(cif_no=row.cif_no) if one.state in OPEN]


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
        InputError: They are one customer.
        NotFoundOrNotAllowedError: One does not exist, or the policy does not let *actor* link.
    """
    authorize(desk, actor, Action.LINK, "not_a_match", Purpose.OPERATIONS)
    need_reason(reason)
    with desk.unit_of_work() as unit:
        rows = _both(unit, one, other)
        if any(row.life_cycle == LifeCycle.ERASED for row in rows.values()):
            raise NotFoundOrNotAllowedError("there is no such customer", rule="default")
        if len({row.cif_no for row in resolved(unit, [one, other]).values()}) < 2:
            raise InputError(
                "they are one customer; what was merged is taken apart by an unmerge",
                path="$.other",
                rule="one_customer",
            )
        now = desk.now()
        low, high = sorted((one, other))
        about = f"apart:{low}:{high}"
        keep_reason(desk, unit, about, reason, low)
        keep_apart(desk, unit, low, high, actor, about, now)
        entry = AuditEntry.by(actor, "not_a_match", now, subjects=(low, high), count=2)
        record(desk, unit, [entry])
        unit.commit()


def _both(unit: UnitOfWork, one: CifNo, other: CifNo) -> Mapping[CifNo, PartyRow]:
    rows = unit.parties.lock([one, other])
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
    if any(one.operation in _FORBIDS for one in _waiting(unit, *rows.values())):
        raise InputError(
            "it is proposed to erase or unmerge one of them; have that decided first",
            rule="open_approval",
            cif_no=retired,
        )
    # Whoever was merged into either of the two is kept apart from the other's as well.
    mine, theirs = _members(unit, survivor), _members(unit, retired)
    for row in unit.crosswalk.not_matches([*mine, *theirs]):
        if row.until is not None:
            continue
        if (row.low in mine and row.high in theirs) or (row.low in theirs and row.high in mine):
            raise InputError(
                f"{row.low} and {row.high} were declared not to be a match", rule="not_a_match", cif_no=retired
            )


def why_not_mergeable(unit: UnitOfWork, survivor: PartyRow, retired: PartyRow) -> str:
    """Why two parties can not be merged, in a sentence; empty if they can."""
    try:
        _check(unit, {row.cif_no: row for row in (survivor, retired)}, survivor.cif_no, retired.cif_no)
    except InputError as error:
        return str(error)
    return ""


def _members(unit: UnitOfWork, cif_no: CifNo) -> set[CifNo]:
    return {link.home for link in unit.crosswalk.of_parties([cif_no])} | {cif_no}


def ground_of_merge(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What a merge or unmerge stands on, as it is now and stays in this unit: the versions of both parties."""
    return _versions(unit.parties.lock([CifNo(cif) for cif in approval.subjects]))


def merge(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved merge."""
    survivor, retired = map(CifNo, approval.subjects)
    rows = _both(unit, survivor, retired)
    _check(unit, rows, survivor, retired)
    _need_accepted(
        concerns(desk, unit, rows[survivor], rows[retired]), approval.detail.get("accepted", "").split(","), retired
    )
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
