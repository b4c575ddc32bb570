"""Looking at a merge before it is proposed: two customers side by side, what would survive and why, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..access import Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CATALOGUE, CifNo, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._golden import golden_of
from ._opened import open_golden
from ._records import open_records
from ._relations import current, granted_to
from ._reshape import touched_of
from ._view import as_seen
from .desk import Desk, authorize, record, refuse
from .merge import Concern, concerns, why_not_mergeable

__all__ = ["MergePreview", "PreviewField", "preview_merge"]


@attrs.frozen(kw_only=True)
class PreviewField:
    """
    One field, side by side, as *actor* may see it: masks where the policy says so.

    Attributes:
        name: The field.
        survivor, retired: What each has; None for nothing.
        merged: What would survive.
        side: Whose word that is: ``survivor``, ``retired`` or ``both``.
        rule: By which rule of survivorship.
        proposed: Whether a differing value would wait for a second person.
    """

    name: str
    survivor: Any
    retired: Any
    merged: Any
    side: str
    rule: str
    proposed: bool


@attrs.frozen(kw_only=True)
class MergePreview:
    """
    What a merge would come to.

    Attributes:
        survivor, retired: The two customers.
        fields: Every field that one of them has and that may be shown of both.
        withheld: Fields that one of them has and that may not.
        concerns: What speaks against it; each is accepted by whoever proposes it.
        refused: Why it can not be; empty if it can.
        records: How many source records would move.
    """

    survivor: CifNo
    retired: CifNo
    fields: tuple[PreviewField, ...]
    withheld: tuple[str, ...]
    concerns: tuple[Concern, ...]
    refused: str
    records: int


_Seen = Mapping[str, FieldDecision]


def preview_merge(desk: Desk, survivor: CifNo, retired: CifNo, *, actor: Actor, purpose: Purpose) -> MergePreview:
    """
    What merging *retired* into *survivor* would come to; nothing is written but that somebody looked.

    Raises:
        InputError: They are one customer.
        NotFoundOrNotAllowedError: One does not exist, or the policy does not let *actor* link, or see anything of one of them.
    """
    authorize(desk, actor, Action.LINK, "preview_merge", purpose)
    found: MergePreview | None = None
    with desk.unit_of_work() as unit:
        rows = [current(unit, one, purpose) for one in (survivor, retired)]
        one, other = rows
        if one is not None and other is not None:
            seen = [granted_to(desk, unit, actor, Action.VIEW, purpose, row) for row in (one, other)]
            if all(seen) and one.cif_no == other.cif_no:
                raise InputError("they are one customer already", rule="merge_self", cif_no=one.cif_no)
            if all(seen):
                refused = why_not_mergeable(unit, one, other)
                found = MergePreview(
                    survivor=one.cif_no, retired=other.cif_no, refused=refused,
                    concerns=() if one.kind != other.kind else tuple(concerns(desk, unit, one, other)),
                    **_side_by_side(desk, unit, (one, other), (seen[0], seen[1])),
                )  # fmt: skip
                entry = AuditEntry.by(
                    actor, "preview_merge", desk.now(), purpose=purpose, subjects=(one.cif_no, other.cif_no), count=2,
                    fields=tuple(field.name for field in found.fields),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if found is None:
        raise refuse(desk, actor, "preview_merge", purpose)
    return found


def _side_by_side(
    desk: Desk, unit: UnitOfWork, rows: tuple[PartyRow, PartyRow], seen: tuple[_Seen, _Seen]
) -> dict[str, Any]:
    if rows[0].kind != rows[1].kind:  # the masks of one kind are not those of the other
        return {"fields": (), "withheld": (), "records": 0}
    kind = PartyKind(rows[0].kind)
    catalogue = CATALOGUE[kind]
    values = [open_golden(desk, unit, row) for row in rows]
    opened = [open_records(desk, unit.sources.of_parties([row.cif_no])) for row in rows]
    parties = [touched_of(desk, row, some) for row, some in zip(rows, opened, strict=True)]
    merged = golden_of(desk, kind, [*parties[0].before, *parties[1].before], parties[0].anchor)
    theirs = {record.statement.place for record in opened[1]}
    proposed = {one.field for one in merged.proposals}
    names = [name for name in catalogue if any(name in one for one in (*values, merged.values))]
    fields = []
    for name in names:
        if not all(name in decisions for decisions in seen):
            continue
        origin = merged.provenance.get(name)
        mine, other = (one.get(name) for one in values)
        side = "both" if mine == other else "retired" if origin is not None and origin.place in theirs else "survivor"
        shown = [as_seen(desk, catalogue[name], value, decisions[name])
                 for value, decisions in ((mine, seen[0]), (other, seen[1]), (merged.values.get(name), seen[side == "retired"]))]  # fmt: skip
        fields.append(
            PreviewField(
                name=name, survivor=shown[0], retired=shown[1], merged=shown[2], side=side,
                rule=origin.rule if origin is not None else "", proposed=name in proposed,
            )
        )  # fmt: skip
    known = {field.name for field in fields}
    return {
        "fields": tuple(fields), "withheld": tuple(name for name in names if name not in known),
        "records": len(opened[1]),
    }  # fmt: skip
