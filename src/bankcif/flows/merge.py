"""
Deciding possible matches: merge, unmerge, not-a-match; and changes of protected fields. Two persons for each.

A merge moves links and rebuilds the copies it touches; records stay as they are, so an unmerge is exact at any later
time. See `merging/crosswalk.py` for why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from .._canonical import sha256
from ..access import Action
from ..approval import Approval, ApprovalState, Operation, decide, propose
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose
from ..errors import FourEyesError, InputError, NotFoundOrNotAllowedError
from ..intake import Standard
from ..merging import Terms, check_merge, survive
from ..party import CifNo, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import LinkRow, NotAMatchRow, PartyRow, TaskRow
from ._golden import Touched, ground_of, proposed_by, rebuild
from ._records import Arrival, Record, content_tag, open_records, seal_record, statement_of
from ._reshape import reshape
from .desk import Desk, need_purpose, record, refuse, retried
from .register import task_id

__all__ = ["decide_proposal", "not_a_match", "open_proposals", "open_tasks", "propose_merge", "propose_unmerge"]

_DECISIONS = "bankcif.approval"
"""Source of approved values."""
_PROPOSAL_MICROS = 30 * 86_400 * 1_000_000


def open_tasks(desk: Desk, *, actor: Actor, purpose: Purpose) -> Sequence[TaskRow]:
    """The possible matches that wait, heaviest first."""
    _authorize(desk, actor, Action.LINK, "tasks", purpose)
    with desk.repository.unit_of_work() as unit:
        found = unit.work.tasks(state="open")
        subjects = tuple(sorted({cif for task in found for cif in (task.cif_no, task.other)}))
        entry = AuditEntry(
            at=desk.now(), actor=actor.id, action="tasks", purpose=purpose.value, count=len(found), subjects=subjects
        )
        record(desk, unit, [entry])
        unit.commit()
    return found


def open_proposals(desk: Desk, *, actor: Actor, purpose: Purpose) -> Sequence[Approval]:
    """The proposals that wait, oldest first."""
    _authorize(desk, actor, Action.APPROVE, "proposals", purpose)
    with desk.repository.unit_of_work() as unit:
        found = unit.work.approvals(state=ApprovalState.PROPOSED.value)
        subjects = tuple(sorted({cif for one in found for cif in one.subjects}))
        entry = AuditEntry(
            at=desk.now(), actor=actor.id, action="proposals", purpose=purpose.value, count=len(found),
            subjects=subjects,
        )  # fmt: skip
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
    _authorize(desk, actor, Action.LINK, "propose_merge", Purpose.OPERATIONS)
    _need_reason(reason)
    with desk.repository.unit_of_work() as unit:
        rows = _both(unit, survivor, retired)
        _check(unit, rows, survivor, retired)
        approval = _propose(desk, Operation.MERGE, (survivor, retired), rows, actor, reason)
        _write_proposal(desk, unit, approval, actor)
    return approval


def propose_unmerge(desk: Desk, retired: CifNo, *, actor: Actor, reason: str) -> Approval:
    """
    Proposes to give *retired* back everything that was its own; a second person decides.

    Raises:
        InputError: It was not merged.
        NotFoundOrNotAllowedError: It does not exist, or the policy does not let *actor* link.
    """
    _authorize(desk, actor, Action.LINK, "propose_unmerge", Purpose.OPERATIONS)
    _need_reason(reason)
    with desk.repository.unit_of_work() as unit:
        row = unit.parties.get([retired]).get(retired)
        if row is None:
            raise NotFoundOrNotAllowedError("there is no such customer", rule="default")
        if row.merged_into is None:
            raise InputError(f"{retired} was not merged", rule="not_merged", cif_no=retired)
        root = _root(unit, row)
        approval = _propose(
            desk, Operation.UNMERGE, (root.cif_no, retired), {r.cif_no: r for r in (root, row)}, actor, reason
        )
        _write_proposal(desk, unit, approval, actor)
    return approval


def not_a_match(desk: Desk, one: CifNo, other: CifNo, *, actor: Actor, reason: str) -> None:
    """
    Keeps two parties apart: the matcher does not ask again, and they cannot be merged.

    Raises:
        NotFoundOrNotAllowedError: One does not exist, or the policy does not let *actor* link.
    """
    _authorize(desk, actor, Action.LINK, "not_a_match", Purpose.OPERATIONS)
    _need_reason(reason)
    with desk.repository.unit_of_work() as unit:
        _both(unit, one, other)
        now = desk.now()
        low, high = sorted((one, other))
        unit.crosswalk.add_not_a_match(NotAMatchRow(low=low, high=high, actor=actor.id, reason=reason, at=now))
        _close_tasks(unit, {low, high}, "not_a_match", actor, reason, now)
        entry = AuditEntry(at=now, actor=actor.id, action="not_a_match", subjects=(low, high), count=2)
        record(desk, unit, [entry])
        unit.commit()


def decide_proposal(desk: Desk, approval_id: str, *, approve: bool, actor: Actor) -> Approval:
    """
    Approves (and carries out) or rejects a proposal, in one transaction.

    Raises:
        FourEyesError: *actor* is the maker, or the proposal is no longer what was shown.
        NotFoundOrNotAllowedError: There is no such proposal, or the policy does not let *actor* approve.
    """
    _authorize(desk, actor, Action.APPROVE, "decide", Purpose.OPERATIONS)

    def once() -> Approval:
        with desk.repository.unit_of_work() as unit:
            found = unit.work.approvals(ids=[approval_id])
            if not found:
                raise NotFoundOrNotAllowedError("there is no such proposal", rule="default")
            approval, now = found[0], desk.now()
            ground = _ground(desk, unit, approval)
            decided = decide(approval, checker=actor, approve=approve, ground=ground, now=now)
            unit.work.put_approvals([decided])
            entries = []
            if approve:
                carry_out = {Operation.MERGE: _merge, Operation.UNMERGE: _unmerge, Operation.CHANGE: _change}
                digests = carry_out[approval.operation](desk, unit, approval, actor, now)
                entries.append(_entry(approval, approval.operation.value, actor, now, digests))
            entries.append(_entry(approval, "approve" if approve else "reject", actor, now, {}))
            record(desk, unit, entries)
            unit.commit()
        return decided

    refused: FourEyesError
    try:
        return retried(once)
    except FourEyesError as error:
        refused = error
    refuse(desk, actor, "decide", Purpose.OPERATIONS, rule=f"four_eyes:{approval_id[:32]}")
    raise refused


def _entry(approval: Approval, action: str, actor: Actor, now: int, digests: Mapping[str, str]) -> AuditEntry:
    field = approval.detail.get("field")
    return AuditEntry(
        at=now, actor=actor.id, action=action, subjects=approval.subjects, count=len(approval.subjects),
        fields=(field,) if field else (), rule=f"{approval.operation.value}:{approval.id}", digests=digests,
    )  # fmt: skip


def _authorize(desk: Desk, actor: Actor, action: Action, what: str, purpose: Purpose) -> None:
    need_purpose(desk, actor, what, purpose)
    if desk.policy.allows(actor, action, purpose).effect is Effect.DENY:
        raise refuse(desk, actor, what, purpose)


def _need_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > 1000 or not reason.replace("\n", " ").isprintable():
        raise InputError("a reason is needed, of at most 1000 printable characters", rule="reason")


def _both(unit: UnitOfWork, one: CifNo, other: CifNo) -> Mapping[CifNo, PartyRow]:
    rows = unit.parties.get([one, other])
    if len(rows) < len({one, other}):
        raise NotFoundOrNotAllowedError("there is no such customer", rule="default")
    return rows


def _root(unit: UnitOfWork, row: PartyRow) -> PartyRow:
    while row.merged_into is not None:
        row = unit.parties.get([row.merged_into])[row.merged_into]
    return row


def _check(unit: UnitOfWork, rows: Mapping[CifNo, PartyRow], survivor: CifNo, retired: CifNo) -> None:
    edges = {cif: row.merged_into for cif, row in rows.items() if row.merged_into is not None}
    check_merge(survivor, retired, edges)
    if rows[survivor].kind != rows[retired].kind:
        raise InputError("a person and an organization can not be merged", rule="merge_kind", cif_no=retired)
    # Whoever was merged into either of the two is kept apart from the other's as well.
    mine, theirs = _members(unit, survivor), _members(unit, retired)
    for row in unit.crosswalk.not_matches([*mine, *theirs]):
        if (row.low in mine and row.high in theirs) or (row.low in theirs and row.high in mine):
            raise InputError(
                f"{row.low} and {row.high} were declared not to be a match", rule="not_a_match", cif_no=retired
            )


def _members(unit: UnitOfWork, cif_no: CifNo) -> set[CifNo]:
    return {link.home for link in unit.crosswalk.of_parties([cif_no])} | {cif_no}


def _propose(
    desk: Desk,
    operation: Operation,
    subjects: tuple[CifNo, CifNo],
    rows: Mapping[CifNo, PartyRow],
    actor: Actor,
    reason: str,
) -> Approval:
    now = desk.now()
    digest = sha256("bankcif/v1/proposal", operation.value, *subjects, actor.id, now, desk.ids.draw(8))
    return propose(
        id=digest.hex()[:32], operation=operation, subjects=subjects, detail={"reason": reason},
        base=_versions(rows), maker=actor, expires_at=now + _PROPOSAL_MICROS,
    )  # fmt: skip


def _write_proposal(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor) -> None:
    unit.work.put_approvals([approval])
    record(desk, unit, [_entry(approval, "propose", actor, desk.now(), {})])
    unit.commit()


def _merge(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    survivor, retired = map(CifNo, approval.subjects)
    rows = _both(unit, survivor, retired)
    _check(unit, rows, survivor, retired)
    _close_tasks(unit, {survivor, retired}, "merged", actor, approval.detail["reason"], now)
    return reshape(desk, unit, {survivor, retired}, {retired: survivor}, "merge", actor, now)


def _unmerge(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    retired = CifNo(approval.subjects[1])
    row = unit.parties.get([retired])[retired]
    if row.merged_into is None:
        raise InputError(f"{retired} was not merged", rule="not_merged", cif_no=retired)
    return reshape(desk, unit, {_root(unit, row).cif_no, retired}, {retired: None}, "unmerge", actor, now)


def _versions(rows: Mapping[CifNo, PartyRow]) -> dict[str, str]:
    return {cif: str(row.version) for cif, row in rows.items()}


def _standing(desk: Desk, unit: UnitOfWork, cif_no: CifNo) -> tuple[Touched, Sequence[Record]]:
    """A party as it stands today, and its opened records."""
    row = _root(unit, unit.parties.get([cif_no])[cif_no])
    opened = open_records(desk, unit.sources.of_parties([row.cif_no]))
    said = [one.statement for one in opened]
    return Touched(
        cif_no=row.cif_no, kind=PartyKind(row.kind), row=row,
        anchor=(row.anchor_source, row.anchor_source_key, row.anchor_record_no),
        anchor_key=desk.data_keys.get([row.anchor_key_id])[row.anchor_key_id], before=said, after=said,
    ), opened  # fmt: skip


def _ground(desk: Desk, unit: UnitOfWork, approval: Approval) -> dict[str, str]:
    """What *approval* stands on, as it is now."""
    if approval.operation is not Operation.CHANGE:
        return _versions(unit.parties.get([CifNo(cif) for cif in approval.subjects]))
    party, _ = _standing(desk, unit, CifNo(approval.subjects[0]))
    golden, field = survive(party.kind, party.after, anchor=party.anchor), approval.detail["field"]
    return {field: ground_of(desk, party.cif_no, golden, field)}


def _change(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """
    The approved value becomes a source record of its own, which may change the field; the golden record follows.
    """
    party, opened = _standing(desk, unit, CifNo(approval.subjects[0]))
    proposed = proposed_by(approval)
    field = proposed.field
    said = next((one for one in opened if one.statement.place == proposed.place), None)
    if said is None:
        raise InputError("the record that proposed this value is not this customer's any more", rule="stale")
    # A later decision stands, even where clocks of two hosts differ or two decisions share an instant.
    decided = [one.statement.business_time or 0 for one in opened if one.statement.origin.source == _DECISIONS]
    arrival = Arrival(
        origin=SourceKey(_DECISIONS, approval.id), channel="approval",
        form=Standard(kind=said.kind, values={field: said.statement.values[field]}, given={}, faults=()),
        terms=Terms(trust=100, may_change=frozenset({field})), business_time=max((now, *(at + 1 for at in decided))),
    )  # fmt: skip
    sealed = seal_record(
        desk, arrival, record_no=0, key=desk.data_keys.take(1)[0], received_at=now, content=content_tag(desk, arrival),
        actor=actor,
    )  # fmt: skip
    unit.sources.add([sealed])
    link = LinkRow(
        source=sealed.source, source_key=sealed.source_key, number=0, home=party.cif_no, cif_no=party.cif_no,
        reason="approval", weight_millibits=None, actor=actor.id, since=now,
    )  # fmt: skip
    unit.crosswalk.add([link])
    approved = statement_of(sealed, arrival.form.values, arrival.terms)
    rebuilt = rebuild(desk, unit, [attrs.evolve(party, after=[*party.before, approved])], actor=actor, now=now)
    return {cif: one.row.digest.hex() for cif, one in rebuilt.items()}


def _close_tasks(unit: UnitOfWork, pair: set[CifNo], state: str, actor: Actor, reason: str, now: int) -> None:
    one, other = sorted(pair)
    for task in unit.work.tasks(state="open", cif_nos=[one]):
        if task.id == task_id(one, other):
            closed = attrs.evolve(task, state=state, closed_at=now, actor=actor.id, reason=reason)
            unit.work.close_task(closed)
