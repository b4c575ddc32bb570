"""A change of the merge forest: which links, tags and golden records follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from ..context import Actor
from ..errors import ConflictError
from ..merging import relocate
from ..party import CifNo, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import IndexRow, PartyRow
from ._golden import Touched, rebuild
from ._matches import settle_tasks
from ._records import Record, index_rows, open_records
from .desk import Desk

__all__ = ["reshape", "root_of", "standing", "touched_of"]


def reshape(
    desk: Desk,
    unit: UnitOfWork,
    parties: set[CifNo],
    edges: Mapping[CifNo, CifNo | None],
    reason: str,
    actor: Actor,
    now: int,
    *,
    about: str = "",
) -> dict[str, str]:
    """
    Sets or takes away edges of the merge forest, moves every link whose root changed, and rebuilds both parties.
    """
    unit.parties.lock(parties)
    links = unit.crosswalk.of_parties(parties)
    opened = open_records(desk, unit.sources.of_parties(parties))
    forest = _forest(unit, {link.home for link in links} | parties)
    old = {link.origin: link.cif_no for link in links}
    changed = {cif: into for cif, into in {**forest, **edges}.items() if into is not None}
    new = relocate({link.origin: link.home for link in links}, changed)
    moved = [link for link in links if new[link.origin] != old[link.origin]]
    unit.crosswalk.add(
        [
            attrs.evolve(
                link, number=link.number + 1, cif_no=new[link.origin], reason=reason, weight_millibits=None,
                actor=actor.id, since=now,
            )
            for link in moved
        ]
    )  # fmt: skip
    _move_tags(desk, unit, opened, {link.origin: new[link.origin] for link in moved})
    members = {link.home for link in links} | parties
    sides = {side for task in unit.work.tasks(cif_nos=members) for side in (task.cif_no, task.other)}
    above = {cif: into for cif, into in {**_forest(unit, sides | members), **edges}.items() if into is not None}
    settle_tasks(unit, members, above, actor, about, now)
    touched = [
        _touched(desk, unit, cif, opened, old, new, changed.get(cif)) for cif in sorted(parties)
    ]  # fmt: skip
    rebuilt = rebuild(desk, unit, touched, actor=actor, now=now)
    return {cif: one.row.stamp for cif, one in rebuilt.items()}


def root_of(unit: UnitOfWork, row: PartyRow) -> PartyRow:
    """The party that *row* is merged into in the end, or itself."""
    while row.merged_into is not None:
        row = unit.parties.get([row.merged_into])[row.merged_into]
    return row


def _forest(unit: UnitOfWork, cif_nos: set[CifNo]) -> dict[CifNo, CifNo | None]:
    """Every edge above these parties."""
    found: dict[CifNo, CifNo | None] = {}
    wanted = set(cif_nos)
    while wanted:
        rows = unit.parties.get(wanted)
        found.update({cif: row.merged_into for cif, row in rows.items()})
        wanted = {into for into in found.values() if into is not None and into not in found}
    return found


def _move_tags(desk: Desk, unit: UnitOfWork, opened: Sequence[Record], moves: Mapping[SourceKey, CifNo]) -> None:
    rows: dict[CifNo, list[IndexRow]] = {}
    tagging = desk.tagging(unit)
    for one in opened:
        to = moves.get(one.statement.origin)
        if to is None:
            continue
        rows.setdefault(to, []).extend(index_rows(tagging, one, to))
    # A version that is being filled may not have the tags of these records yet, and may be past the party they go to.
    filled = {tagger.version for tagger in tagging.written[1:]}
    unit.indexes.add([row for moving in rows.values() for row in moving if row.index_version in filled])
    for to, moving in rows.items():
        unit.indexes.move(moving, to)


def _touched(
    desk: Desk,
    unit: UnitOfWork,
    cif_no: CifNo,
    opened: Sequence[Record],
    old: Mapping[SourceKey, CifNo],
    new: Mapping[SourceKey, CifNo],
    into: CifNo | None,
) -> Touched:
    row = unit.parties.get([cif_no])[cif_no]
    key = desk.data_keys.get([row.anchor_key_id])[row.anchor_key_id]
    return Touched(
        cif_no=cif_no, kind=PartyKind(row.kind), row=row,
        anchor=row.anchor, anchor_key=key,
        before=[r.statement for r in opened if old.get(r.statement.origin) == cif_no],
        after=[r.statement for r in opened if new.get(r.statement.origin) == cif_no],
        merged_into=into, force=True,
    )  # fmt: skip


def standing(desk: Desk, unit: UnitOfWork, cif_no: CifNo) -> tuple[Touched, Sequence[Record]]:
    """
    A party as it stands today and stays in this unit, and its opened records.

    Raises:
        ConflictError: It was merged at this moment.
    """
    root = root_of(unit, unit.parties.get([cif_no])[cif_no]).cif_no
    row = unit.parties.lock([root])[root]
    if row.merged_into is not None:
        raise ConflictError("the party was merged meanwhile", rule="moved", cif_no=root)
    opened = open_records(desk, unit.sources.of_parties([row.cif_no]))
    return touched_of(desk, row, opened), opened


def touched_of(desk: Desk, row: PartyRow, opened: Sequence[Record]) -> Touched:
    """A party with its records, which are those that it had."""
    said = [one.statement for one in opened]
    anchor = row.anchor
    known = next((one.key for one in opened if one.key.id == row.anchor_key_id), None)
    return Touched(
        cif_no=row.cif_no, kind=PartyKind(row.kind), row=row, anchor=anchor, before=said, after=said,
        anchor_key=known or desk.data_keys.get([row.anchor_key_id])[row.anchor_key_id],
    )  # fmt: skip
