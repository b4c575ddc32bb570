"""Customers as they were at an instant: golden values, and the portrait that was kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from ..party import CifNo, PartyKind, facts_from
from ..protection import DataKey
from ..storage import UnitOfWork
from ..storage.portrait_rows import PORTRAIT
from ..storage.rows import FactRow, PartyRow
from ..tagging import Portrait
from ._opened import born_of, golden_place
from ._portrait import Sitter, as_other, named_by, portrait_place, stood
from ._relations import resolved, unrestricted
from .desk import Desk

__all__ = ["as_it_was", "related_then", "sat"]


def as_it_was(
    desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow], at: int, day: date
) -> dict[CifNo, tuple[Sitter, Portrait]]:
    """
    Those of these parties who stood at an instant, on the day of it, as they were then, with the portrait that was kept. States without a
    history, such as the life cycle, are those of today.
    """
    values, kept = _then(desk, unit, [row.cif_no for row in rows], at)
    known = related_then(desk, unit, values, at, day)
    found = {}
    for row in rows:
        if row.cif_no not in values:
            continue
        named = named_by(values[row.cif_no])
        others: dict[str, Mapping[str, Any]] = {
            one: known[one][1] for one in named if one in known and known[one][0].cif_no != row.cif_no
        }
        sitter = attrs.evolve(sat(row, values[row.cif_no], day), others=others)
        found[row.cif_no] = sitter, kept.get(row.cif_no, Portrait())
    return found


def related_then(
    desk: Desk, unit: UnitOfWork, values: Mapping[CifNo, Mapping[str, Any]], at: int, day: date
) -> dict[CifNo, tuple[PartyRow, Mapping[str, Any], Mapping[str, Any]]]:
    """As `related`, as they were at an instant, on the day of it, with their golden values; states without a history are those of today."""
    chains = _chains(unit, {other for one in values.values() for other in named_by(one)})
    beside, _ = _then(desk, unit, sorted({one.cif_no for chain in chains.values() for one in chain}), at)
    # Whoever was merged since stood for themself then.
    parties = {
        number: next(one for one in chain if one.cif_no in beside)
        for number, chain in chains.items()
        if any(one.cif_no in beside for one in chain)
    }
    found = {}
    for number, row in parties.items():
        other = sat(row, beside[row.cif_no], day)
        found[number] = row, as_other(other.row, other.facts), other.values
    return found


def _chains(unit: UnitOfWork, numbers: Collection[CifNo]) -> dict[CifNo, list[PartyRow]]:
    """Each of these numbers with those into whom it was merged, one after the other; none that leads to who is erased or restricted today."""
    today = unrestricted(resolved(unit, numbers)) if numbers else {}
    rows: dict[CifNo, PartyRow] = {row.cif_no: row for row in today.values()}
    missing: set[CifNo] = set(today) - rows.keys()
    while missing:
        rows |= unit.parties.get(missing)
        missing = {row.merged_into for row in rows.values() if row.merged_into is not None} - rows.keys()
    found = {}
    for number in today:
        chain = [rows[number]]
        while (after := chain[-1].merged_into) is not None:
            chain.append(rows[after])
        found[number] = chain
    return found


def _then(
    desk: Desk, unit: UnitOfWork, cif_nos: Sequence[CifNo], at: int
) -> tuple[dict[CifNo, dict[str, Any]], dict[CifNo, Portrait]]:
    """The golden values and portraits of then, of those who had some."""
    history = unit.copies.history(cif_nos) if cif_nos else ()
    groups = [one for one in history if stood(one, at)]
    keys: Mapping[bytes, DataKey] = desk.data_keys.get({one.key_id for one in groups}) if groups else {}
    values: dict[CifNo, dict[str, Any]] = {}
    kept: dict[CifNo, Portrait] = {}
    for one in groups:
        known = values.setdefault(one.cif_no, {})
        if one.data_group == PORTRAIT:
            place = portrait_place(one.cif_no, one.version)
            kept[one.cif_no] = Portrait.of_stored(desk.sealer.open(one.sealed, keys[one.key_id], place))
        else:
            place = golden_place(one.cif_no, one.data_group, one.version)
            known.update(desk.sealer.open(one.sealed, keys[one.key_id], place)["values"])
    return values, kept


def sat(row: PartyRow, values: Mapping[str, Any], day: date) -> Sitter:
    """A party as golden values of then say it; of whom there were none, nothing but their kind and states is known."""
    kind = PartyKind(row.kind)
    facts = FactRow(cif_no=row.cif_no, values=facts_from(kind, values, born=born_of(kind, values), today=day))
    then = row._replace(branch=values.get("home_branch"), manager=values.get("manager"))
    return Sitter(row=then, values=values, facts=facts, words=None)
