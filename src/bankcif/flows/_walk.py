"""Going from customer to customer along their relations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from ..party import CifNo, DataGroup, holds_on
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._opened import open_goldens
from ._relations import resolved
from .desk import Desk

__all__ = ["Row", "Walk"]

Row = Mapping[str, Any]


class Walk:
    """
    The relations of customers, each opened once.

    Args:
        desk: Collaborators.
        unit: In which everything is read.
        open_to: Whether somebody may look into a customer's relations; of whom they may not, there are none.
    """

    def __init__(self, desk: Desk, unit: UnitOfWork, open_to: Callable[[PartyRow], bool] = lambda row: True) -> None:
        self._desk, self._unit, self._open_to = desk, unit, open_to
        self.parties: dict[CifNo, PartyRow] = {}
        self.shut: set[CifNo] = set()
        self._said: dict[CifNo, list[Row]] = {}

    def said(self, cif_nos: Collection[CifNo]) -> dict[CifNo, list[Row]]:
        """
        Everything that is said of the relations of these customers, who stand for themselves today; each row names who the other one is today.
        What a merge made a relation to oneself, and one to somebody who is erased, is left out.
        """
        fresh = [one for one in dict.fromkeys(cif_nos) if one not in self._said]
        self.parties |= resolved(self._unit, set(fresh) - self.parties.keys())
        shut = {one for one in fresh if one not in self.parties or not self._open_to(self.parties[one])}
        self.shut |= shut
        wanted = [one for one in fresh if one not in shut]
        values = open_goldens(self._desk, self._unit, wanted, groups={DataGroup.RELATION})
        stored: dict[CifNo, Sequence[Row]] = {one: values[one].get("relationships", ()) for one in wanted}
        others = resolved(self._unit, {CifNo(row["other"]) for rows in stored.values() for row in rows})
        self.parties |= {row.cif_no: row for row in others.values()}
        for one in fresh:
            self._said[one] = [
                {**row, "other": others[CifNo(row["other"])].cif_no}
                for row in stored.get(one, ())
                if CifNo(row["other"]) in others and others[CifNo(row["other"])].cif_no != one
            ]
        return {one: self._said[one] for one in cif_nos}

    def on(self, cif_nos: Collection[CifNo], day: date) -> dict[CifNo, list[Row]]:
        """
        The relations of these customers that stand on a day. What two sides of a merge say of one and the same is one: the larger share, until a
        person retracts the other.
        """
        found = {}
        for one, rows in self.said(cif_nos).items():
            best: dict[tuple[str, str], Row] = {}
            for row in sorted((row for row in rows if holds_on(row, day)), key=_size, reverse=True):
                best.setdefault((row["role"], row["other"]), row)
            found[one] = list(best.values())
        return found


def _size(row: Row) -> tuple[int, int, str]:
    share, votes = row.get("share") or 0, row.get("votes")
    return share, share if votes is None else votes, row["id"]
