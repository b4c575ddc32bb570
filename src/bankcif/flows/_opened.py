"""Opening golden groups, and what follows from their values alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ..identifiers import facts_of, resident_ids
from ..party import CHILD_UNTIL, CifNo, DataGroup, PartyKind, day_of_age
from ..protection import DataKey, Place
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from .desk import Desk

__all__ = ["born_of", "comes_of_age", "golden_place", "is_child", "open_golden", "open_goldens", "open_provenance"]


def golden_place(cif_no: CifNo, group: str, version: int) -> Place:
    """Where a golden group belongs."""
    return Place(table="golden_group", owner=(cif_no,), group=group, version=version)


def open_golden(desk: Desk, unit: UnitOfWork, row: PartyRow, known: DataKey | None = None) -> dict[str, Any]:
    """The golden values of a party in stored form; *known* is a data key that is opened already."""
    return open_goldens(desk, unit, [row.cif_no], () if known is None else (known,))[row.cif_no]


def open_goldens(
    desk: Desk, unit: UnitOfWork, cif_nos: Sequence[CifNo], known: Iterable[DataKey] = (),
    groups: Collection[DataGroup] | None = None,
) -> dict[CifNo, dict[str, Any]]:  # fmt: skip
    """
    The golden values of parties in stored form; *known* are data keys that are opened already. Of *groups* alone, where some are named: nothing else is
    opened.
    """
    wanted = unit.copies.golden(cif_nos, groups) if cif_nos else ()
    keys = {key.id: key for key in known}
    missing = {group.key_id for group in wanted} - keys.keys()
    if missing:
        keys |= desk.data_keys.get(missing)
    values: dict[CifNo, dict[str, Any]] = {cif_no: {} for cif_no in cif_nos}
    for group in wanted:
        place = golden_place(group.cif_no, group.data_group, group.version)
        values[group.cif_no].update(desk.sealer.open(group.sealed, keys[group.key_id], place)["values"])
    return values


def open_provenance(desk: Desk, unit: UnitOfWork, cif_no: CifNo) -> dict[str, tuple[str, str]]:
    """From which source each golden value of a party came, and by which rule it won."""
    groups = unit.copies.golden([cif_no])
    keys: Mapping[bytes, DataKey] = desk.data_keys.get({one.key_id for one in groups}) if groups else {}
    known: dict[str, tuple[str, str]] = {}
    for one in groups:
        place = golden_place(one.cif_no, one.data_group, one.version)
        said = desk.sealer.open(one.sealed, keys[one.key_id], place)["provenance"]
        known |= {field: (source, rule) for field, (source, _, _, rule) in said.items()}
    return known


def born_of(kind: PartyKind, values: Mapping[str, Any]) -> str:
    """The birth date of a party in stored form: as it is known, or else as their resident ID says it; empty if neither does."""
    born: str = values.get("birth_date") or ""
    if not born and kind is PartyKind.INDIVIDUAL:
        numbers = resident_ids(values.get("identifiers", ()))
        born = next((facts_of(number).birth_date.isoformat() for number in numbers), "")
    return born


def is_child(row: PartyRow, values: Mapping[str, Any], today: date) -> bool:
    """Whether a guardian consents for them; of whom no birth date is known they consent themselves."""
    of_age = comes_of_age(row, values)
    return of_age is not None and today < of_age


def comes_of_age(row: PartyRow, values: Mapping[str, Any]) -> date | None:
    """From which day on a party consents by itself; None where no birth date is known."""
    born = born_of(PartyKind(row.kind), values)
    return day_of_age(date.fromisoformat(born), CHILD_UNTIL) if born else None
