"""Sealing records and golden groups anew, under data keys that replace others."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..context import Actor
from ..party import CifNo, PartyKind
from ..protection import DataKey
from ..storage import UnitOfWork
from ..storage.rows import GoldenRow, PartyRow, SourceRow
from ._golden import Touched, rebuild
from ._opened import golden_place
from ._records import Record, open_records, source_place
from .desk import Desk, retire

__all__ = ["sealed_anew"]


def sealed_anew(
    desk: Desk, unit: UnitOfWork, stale: Sequence[tuple[CifNo, SourceRow]], actor: Actor, now: int
) -> dict[str, str]:
    """
    Gives each of *stale* another data key, and the golden groups that rest on it; returns the digests of their parties.

    A party stands on the record that founded it, wherever a merge has moved that record since.
    """
    old = desk.data_keys.get({row.key_id for _, row in stale})
    new = dict(zip(old, desk.data_keys.take(len(old)), strict=True))
    unit.sources.reseal({row.key_id: _record_anew(desk, row, old[row.key_id], new[row.key_id]) for _, row in stale})
    homes = {link.home for link in unit.crosswalk.of_parties({cif_no for cif_no, _ in stale})}
    standing = [row for row in unit.parties.get(homes).values() if row.anchor_key_id in old]
    groups = unit.copies.history([row.cif_no for row in standing])
    unit.copies.reseal([_group_anew(desk, group, old[group.key_id], new[group.key_id]) for group in groups])
    opened = open_records(desk, unit.sources.of_parties([row.cif_no for row in standing]))
    touched = [_touched(row, new[row.anchor_key_id], opened) for row in standing]
    rebuilt = rebuild(desk, unit, touched, actor=actor, now=now)
    retire(desk, unit, old)
    return {cif_no: one.row.stamp for cif_no, one in rebuilt.items()}


def _touched(row: PartyRow, key: DataKey, opened: Sequence[Record]) -> Touched:
    """A party that says what it said, on another anchor key."""
    said = [one.statement for one in opened if one.cif_no == row.cif_no]
    return Touched(
        cif_no=row.cif_no, kind=PartyKind(row.kind), row=row,
        anchor=row.anchor, anchor_key=key, before=said, after=said,
        merged_into=row.merged_into, force=True,
    )  # fmt: skip


def _record_anew(desk: Desk, row: SourceRow, old: DataKey, new: DataKey) -> SourceRow:
    place = source_place(row)
    return attrs.evolve(
        row, key_id=new.id, sealed=desk.sealer.seal(desk.sealer.open(row.sealed, old, place), new, place)
    )


def _group_anew(desk: Desk, row: GoldenRow, old: DataKey, new: DataKey) -> GoldenRow:
    place = golden_place(row.cif_no, row.data_group, row.version)
    return row._replace(key_id=new.id, sealed=desk.sealer.seal(desk.sealer.open(row.sealed, old, place), new, place))
