"""What waits for a second person, as far as somebody who looks at the customer may see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..access import Action, FieldDecision, mask
from ..approval import OPEN, Approval, Operation
from ..context import Actor, Effect, Purpose, Sink
from ..party import CATALOGUE, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._golden import changed_fields, proposed_by
from ._records import open_records
from .desk import Desk

__all__ = ["Pending", "pending"]

_SEEN_BY = {
    Operation.MERGE: (Action.LINK, Action.APPROVE), Operation.UNMERGE: (Action.LINK, Action.APPROVE),
    Operation.ERASE: (Action.ERASE,), Operation.STATE: (Action.TRANSITION, Action.APPROVE), Operation.BREAK_GLASS: (Action.REVIEW,),
}  # fmt: skip
"""Who sees a proposal about a customer as a whole: whoever may make or decide one."""


@attrs.frozen(kw_only=True)
class Pending:
    """
    A proposal that waits.

    Attributes:
        id: Of the proposal.
        operation: What is proposed.
        field, value: Of a changed field, which, and the proposed value as masked as the field itself.
        maker: Who proposed it, or delivered the value.
        expires_at: Until when it may be decided; microseconds since 1970, UTC.
    """

    id: str
    operation: Operation
    field: str = ""
    value: Any = None
    maker: str
    expires_at: int


def pending(
    desk: Desk,
    unit: UnitOfWork,
    row: PartyRow,
    actor: Actor,
    purpose: Purpose,
    decisions: Mapping[str, FieldDecision],
    sink: Sink,
) -> tuple[Pending, ...]:
    """What waits about a party, of what *actor* may see at *sink*, oldest first; opens the records that propose a value."""
    waiting = [one for one in unit.work.approvals(cif_no=row.cif_no) if one.state in OPEN]
    changes = [
        one
        for one in waiting
        if one.operation is Operation.CHANGE and not decisions.keys().isdisjoint(changed_fields(one))
    ]
    said = _proposed(desk, unit, row, changes)
    found = []
    for one in waiting:
        if one in changes:
            found += [
                _shown(desk, row, one, field, said.get(one.id, {}).get(field), decisions[field], sink)
                for field in changed_fields(one)
                if field in decisions
            ]
        elif any(
            desk.policy.allows(actor, action, purpose).effect is Effect.PERMIT
            for action in _SEEN_BY.get(one.operation, ())
        ):
            found.append(Pending(id=one.id, operation=one.operation, maker=one.maker, expires_at=one.expires_at))
    return tuple(found)


def _proposed(desk: Desk, unit: UnitOfWork, row: PartyRow, changes: Sequence[Approval]) -> dict[str, Mapping[str, Any]]:
    """The proposed values of each change whose record is there."""
    if not changes:
        return {}
    places = {one.id: proposed_by(one).place for one in changes}
    rows = [(row.cif_no, record) for record in unit.sources.at(set(places.values()))]
    said = {record.statement.place: record.statement.values for record in open_records(desk, rows)}
    return {one.id: said.get(places[one.id], {}) for one in changes}


def _shown(desk: Desk, row: PartyRow, one: Approval, name: str, value: Any, said: FieldDecision, sink: Sink) -> Pending:
    field = CATALOGUE[PartyKind(row.kind)][name]
    clear = value is None or said.decision.effect is Effect.PERMIT
    return Pending(
        id=one.id, operation=one.operation, field=field.name, maker=one.maker, expires_at=one.expires_at,
        value=value if clear else mask(field.mask, value, desk.masks.of(said.profile, sink)),
    )  # fmt: skip
