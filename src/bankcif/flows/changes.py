"""The changes that persons made of a customer: where each stands, and what it said."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from .._clock import from_micros, local_date
from ..access import Action, FieldDecision
from ..approval import OPEN, Approval, ApprovalState, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..merging import DECISIONS, Statement
from ..party import CATALOGUE, CifNo, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._as_of import golden_as_of, values_where, whose_record_then
from ._golden import ground_of_values
from ._reasons import reasons_of
from ._records import Record, open_records
from ._relations import by_ticket, current, granted_to
from ._view import as_seen
from .desk import Desk, assure, need_purpose, over_cap, record, refuse, spend

__all__ = ["CHANGES", "Change", "ChangeState", "KnownChange", "changes", "known_changes"]

CHANGES = "bankcif.change"
"""Source of what persons change of customers."""


class ChangeState(enum.StrEnum):
    """Where a change stands."""

    APPLIED = "applied"
    SCHEDULED = "scheduled"
    WAITING = "waiting"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@attrs.frozen(kw_only=True)
class Change:
    """
    A change that was made of a customer, as somebody may see it.

    Attributes:
        id, state, approval: As of `Changed`.
        values: The new values of those fields that may be seen, masked like them.
        before: What stood on that day, as it was known before the change was, likewise.
        withheld: Fields of it that are not shown.
        code, text, evidence: Why; words and evidence are empty where a field is not shown, since they may say what it says.
        channel, maker: How it came, and who made it.
        at: When; microseconds since 1970, UTC.
        effective: From which day on it holds.
    """

    id: str
    state: ChangeState
    approval: str
    values: Mapping[str, Any]
    before: Mapping[str, Any]
    withheld: tuple[str, ...]
    code: str
    text: str = attrs.field(repr=False)
    evidence: str = attrs.field(repr=False)
    channel: str
    maker: str
    at: int
    effective: date


def changes(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> tuple[Change, ...]:
    """
    The changes that persons made of a customer, the latest first, as far as *actor* may see their fields; one of which they may see none is left out.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or nothing of them may be seen.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    need_purpose(desk, actor, "changes", purpose)
    assure(desk, actor, Action.VIEW, "changes", purpose)
    found: tuple[Change, ...] | None = None
    within = True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        granted = {} if row is None else granted_to(desk, unit, actor, Action.VIEW, purpose, row)
        if row is not None and granted:
            known = sorted(known_changes(desk, unit, row), key=lambda one: one.said.statement.received_at, reverse=True)
            words = reasons_of(desk, unit, [one.about for one in known])
            told = [(one, _seen(row, one, granted)) for one in known]
            found = tuple(
                _shown(desk, row, one, words.get(one.about, ""), granted, seen, _before(desk, unit, row, one))
                for one, seen in told
                if seen
            )
            within = spend(desk, unit, actor, Action.VIEW, 1)
            if within:
                fields = sorted({name for one in found for name in one.values})
                rules = {granted[name].decision.rule for name in fields} | by_ticket(desk, actor, row)
                entry = AuditEntry.by(
                    actor, "changes", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1, fields=tuple(fields),
                    rule=",".join(sorted(rules)),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "changes", purpose)
    if row is None or found is None:
        raise refuse(desk, actor, "changes", purpose, subjects=(row.cif_no,) if row else ())
    return found


@attrs.frozen(kw_only=True, repr=False)
class KnownChange:
    """
    A change that is known of a customer.

    Attributes:
        said: Its own record.
        heard: The record by which it holds: its own, or that of the approval; None if there is none.
        state, approval: Where it stands.
        others: What else is on record of them.
    """

    id: str
    said: Record
    heard: Record | None
    state: ChangeState
    approval: Approval | None
    others: Sequence[Record]

    @property
    def about(self) -> str:
        """What its reason is kept under."""
        return f"change:{self.said.statement.origin.key}:0"


def known_changes(desk: Desk, unit: UnitOfWork, row: PartyRow) -> list[KnownChange]:
    """All changes of a customer, in no order."""
    opened = open_records(desk, unit.sources.of_parties([row.cif_no]))
    last: dict[SourceKey, Record] = {}
    first: dict[SourceKey, Record] = {}
    for one in sorted(opened, key=lambda one: one.statement.place):
        first.setdefault(one.statement.origin, one)
        last[one.statement.origin] = one
    approvals = {
        one.detail["change"]: one
        for one in unit.work.approvals(cif_no=row.cif_no)
        if one.operation is Operation.CHANGE and "change" in one.detail
    }
    # A proposal that was made of somebody who was merged since is about the number of then.
    homes = {link.home for link in unit.crosswalk.of_parties([row.cif_no])} - {row.cif_no}
    for home in homes:
        for other in unit.work.approvals(cif_no=home):
            if other.operation is Operation.CHANGE and "change" in other.detail:
                approvals.setdefault(other.detail["change"], other)
    found = []
    for origin, said in first.items():
        if origin.source != CHANGES:
            continue
        approval = approvals.get(origin.key)
        waited = said.statement.override is not None and said.statement.override.waits
        heard = last[origin] if not waited else last.get(SourceKey(DECISIONS, approval.id)) if approval else None
        state = _state(desk, unit, row, said, heard, approval)
        found.append(KnownChange(id=origin.key, said=said, heard=heard, state=state, approval=approval, others=opened))
    return found


_ENDED = {
    ApprovalState.REJECTED: ChangeState.REJECTED,
    ApprovalState.WITHDRAWN: ChangeState.WITHDRAWN,
    ApprovalState.EXPIRED: ChangeState.EXPIRED,
}


def _state(
    desk: Desk, unit: UnitOfWork, row: PartyRow, said: Record, heard: Record | None, approval: Approval | None
) -> ChangeState:
    now = desk.now()
    if heard is not None and heard.statement.override is not None:
        over = heard.statement.override
        if over.until is not None and over.until <= now:
            return ChangeState.CANCELLED
        return ChangeState.SCHEDULED if (over.effective or 0) > now else ChangeState.APPLIED
    if approval is None:
        return ChangeState.WITHDRAWN
    if approval.state not in OPEN:
        return _ENDED.get(approval.state, ChangeState.WITHDRAWN)
    if approval.expires_at <= now:
        return ChangeState.EXPIRED
    golden = values_where(desk, unit, row, said.statement.override)
    stands = {name: ground_of_values(desk, row.cif_no, golden, name) for name in approval.base}
    return ChangeState.WAITING if stands == approval.base else ChangeState.CONFLICT


def _seen(row: PartyRow, one: KnownChange, granted: Mapping[str, FieldDecision]) -> list[str]:
    """The fields of a change that may be seen."""
    return [name for name in one.said.statement.values if name in granted and name in CATALOGUE[PartyKind(row.kind)]]


def _effective(desk: Desk, said: Statement) -> date:
    over = said.override
    assert over is not None, "a change is a decision"
    return local_date(from_micros(said.received_at if over.effective is None else over.effective), desk.zone)


def _before(desk: Desk, unit: UnitOfWork, row: PartyRow, one: KnownChange) -> Mapping[str, Any]:
    """What stood on the day of a change of whom it was of then, as it was known until then: of one instant, by what was decided first."""
    said = one.said.statement
    whose = whose_record_then(unit, row, said.origin, said.received_at)
    known = [
        other
        for other in one.others
        if other.statement.received_at < said.received_at
        or (
            other.statement.received_at == said.received_at
            and (other.statement.override is None or (other.statement.business_time or 0) < (said.business_time or 0))
        )
    ]
    return golden_as_of(desk, unit, row, said.received_at, _effective(desk, said), whose=whose, opened=known)[0].values


def _shown(
    desk: Desk, row: PartyRow, one: KnownChange, text: str, granted: Mapping[str, FieldDecision], seen: Sequence[str],
    before: Mapping[str, Any],
) -> Change:  # fmt: skip
    said, catalogue = one.said.statement, CATALOGUE[PartyKind(row.kind)]
    over = said.override
    assert over is not None, "a change is a decision"
    whole = len(seen) == len(said.values)
    return Change(
        id=one.id, state=one.state, approval="" if one.approval is None else one.approval.id,
        values={name: as_seen(desk, catalogue[name], said.values[name], granted[name]) for name in seen},
        before={name: as_seen(desk, catalogue[name], before.get(name), granted[name]) for name in seen},
        withheld=tuple(name for name in said.values if name not in seen), code=over.code, text=text if whole else "",
        evidence=over.evidence if whole else "", channel=said.channel, maker=said.actor, at=said.received_at,
        effective=_effective(desk, said),
    )  # fmt: skip
