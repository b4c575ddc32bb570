"""How long customers are kept, from their golden records and where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..party import CifNo
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ..upkeep import Retention, retention
from ._opened import open_goldens
from ._states import state_of
from .desk import Desk

__all__ = ["retained", "retained_each"]


def retained(desk: Desk, unit: UnitOfWork, row: PartyRow) -> tuple[Retention, Mapping[str, Any]]:
    """How long a customer is kept, and their golden values."""
    return retained_each(desk, unit, [row])[row.cif_no]


def retained_each(
    desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow]
) -> dict[CifNo, tuple[Retention, Mapping[str, Any]]]:
    """As `retained`, of several."""
    cif_nos = [row.cif_no for row in rows]
    values = open_goldens(desk, unit, cif_nos)
    homes: dict[CifNo, set[str]] = {cif_no: {cif_no} for cif_no in cif_nos}
    for link in unit.crosswalk.of_parties(cif_nos) if cif_nos else ():
        homes[link.cif_no].add(link.home)
    return {
        cif_no: (
            retention(desk.retention, values[cif_no], state_of(desk, values[cif_no], homes[cif_no])),
            values[cif_no],
        )
        for cif_no in cif_nos
    }
