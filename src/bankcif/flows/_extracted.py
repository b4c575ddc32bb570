"""Whom an extract is of, and what is known of each: as they stand, or as they stood at the end of a day."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from ..access import Action, FieldDecision, row_known, to_lowered
from ..context import Actor, Purpose, Sink
from ..party import CATALOGUE, CifNo, ConsentUse, DataGroup, LifeCycle, PartyKind, strictest
from ..protection import DataKey
from ..rules import And, compiled
from ..storage import Order, UnitOfWork
from ..storage.portrait_rows import PORTRAIT
from ..storage.rows import FactRow, GoldenRow, PartyRow
from ..tagging import Catalogue, Portrait
from ._consented import consented, rests_on_consent, spoken_of
from ._opened import born_of, golden_place, open_goldens
from ._portrait import open_portraits, portrait_place, stood
from ._relations import granted_by_policy, open_life_cycles, record_of, resolved, standing_of
from .desk import Desk

__all__ = ["Person", "people"]

_AT_ONCE = 500
_GONE = (LifeCycle.RESTRICTED, LifeCycle.ERASED)


@attrs.frozen(kw_only=True, repr=False)
class Person:
    """
    A customer who is extracted.

    Attributes:
        cif_no: Who.
        granted: What may be shown of them.
        party: What stands with the party: kind, life cycle, branch and the like.
        values: Golden values of the groups that are asked for, in stored form.
        has: Their tags and segments, as their portrait says; None where they have none yet.
        catalogue: By which these were given; None where there is none.
    """

    cif_no: CifNo
    granted: Mapping[str, FieldDecision]
    party: Mapping[str, Any]
    values: Mapping[str, Any]
    has: Collection[str] | None
    catalogue: Catalogue | None


def people(
    desk: Desk, fields: Collection[str], then: date | None, *, tags: bool, actor: Actor, purpose: Purpose
) -> Iterator[Sequence[Person]]:
    """
    The customers of whom *actor* may extract something, a page at a time.

    Args:
        fields: Of the catalogue, what is needed: only the groups that hold them are opened.
        then: The day at whose end they are told of; None for as they stand.
        tags: Whether their tags are needed.
    """
    groups = {field.group for kind in PartyKind for field in CATALOGUE[kind].values() if field.name in fields}
    if "birth_date" in fields:
        groups.add(DataGroup.IDENTITY)
    if then is None:
        yield from _standing(desk, groups, tags, actor, purpose)
    else:
        yield from _stood(desk, groups, tags, then, actor, purpose)


def _standing(
    desk: Desk, groups: Collection[DataGroup], tags: bool, actor: Actor, purpose: Purpose
) -> Iterator[Sequence[Person]]:
    with desk.repository.unit_of_work() as unit:
        ticketed, broken = standing_of(desk, unit, actor)
    mine = desk.policy.visible(actor, Action.EXTRACT, purpose, sink=Sink.EXPORT, ticketed=ticketed, broken=broken)
    rule = to_lowered(And((mine, open_life_cycles(purpose))))
    known, holds, last = row_known(rule, actor, desk.today()), compiled(rule), None
    while True:
        with desk.repository.unit_of_work() as unit:
            page = unit.search.page(rule, known, Order(), last, _AT_ONCE)
            rows = [(row, facts) for row, facts in page if holds(record_of(row, facts), known)]
            granted = _granted(desk, unit, rows, actor, purpose, broken)
            numbers = list(granted)
            values = open_goldens(desk, unit, numbers, groups=groups) if groups else {one: {} for one in numbers}
            portraits = open_portraits(desk, unit, numbers) if tags and numbers else {}
        yield [
            _person(desk, row, granted[row.cif_no], values[row.cif_no], _party(row, facts), portraits.get(row.cif_no))
            for row, facts in rows
            if row.cif_no in granted
        ]
        if len(page) < _AT_ONCE:
            return
        last = (page[-1][0].cif_no, page[-1][0].cif_no)


def _stood(
    desk: Desk, groups: Collection[DataGroup], tags: bool, then: date, actor: Actor, purpose: Purpose
) -> Iterator[Sequence[Person]]:
    """
    Customers as they stood at the end of a day: whoever had a golden record by then, merged since or not. What may be shown of them is decided by where
    they stand now, and nothing is of whom it may not be now.
    """
    at, after = desk.span(None, then)[1] - 1, ""
    wanted = {*(group.value for group in groups), *((PORTRAIT,) if tags else ()), *_OF_PARTY}
    while True:
        with desk.repository.unit_of_work() as unit:
            page = unit.parties.page(after, _AT_ONCE)
            _, broken = standing_of(desk, unit, actor)
            survivors = resolved(unit, [row.cif_no for row in page]) if page else {}
            open_ones = [row for row in page if _is_open(survivors.get(row.cif_no), purpose)]
            history = unit.copies.history([row.cif_no for row in open_ones]) if open_ones else ()
            known = [row for row in history if stood(row, at)]
            there = {row.cif_no for row in known if row.data_group != PORTRAIT}
            facts = unit.copies.facts(list(there)) if there and desk.policy.has_row_rules else {}
            rows = [(row, facts.get(row.cif_no)) for row in open_ones if row.cif_no in there]
            granted = _granted(desk, unit, rows, actor, purpose, broken)
            values, portraits = _opened(
                desk, [one for one in known if one.cif_no in granted and one.data_group in wanted]
            )
        yield [
            _person(
                desk,
                row,
                granted[row.cif_no],
                values[row.cif_no],
                _party_then(row, values[row.cif_no]),
                portraits.get(row.cif_no),
            )
            for row, _ in rows
            if row.cif_no in granted
        ]
        if len(page) < _AT_ONCE:
            return
        after = page[-1].cif_no


_OF_PARTY = frozenset(
    field.group.value for kind in PartyKind for field in CATALOGUE[kind].values() if field.name in ("home_branch", "manager", "address", "states")
)  # fmt: skip
"""Groups from which branch, manager, prefecture and life cycle of a day behind are read."""


def _is_open(row: PartyRow | None, purpose: Purpose) -> bool:
    if row is None or row.life_cycle == LifeCycle.ERASED:
        return False
    return row.life_cycle != LifeCycle.RESTRICTED or purpose in (Purpose.COMPLIANCE, Purpose.AUDIT)


def _granted(
    desk: Desk, unit: UnitOfWork, rows: Sequence[tuple[PartyRow, FactRow | None]], actor: Actor, purpose: Purpose, broken: Collection[str]
) -> dict[CifNo, Mapping[str, FieldDecision]]:  # fmt: skip
    """What may be shown of each of these customers of whom something may; where the purpose rests on consent, what they consented to."""
    found = {
        row.cif_no: granted_by_policy(
            desk, unit, actor, Action.EXTRACT, purpose, row, sink=Sink.EXPORT, facts=facts, broken=broken
        )
        for row, facts in rows
    }
    if rests_on_consent(desk, Action.EXTRACT, purpose):
        spoken, today = spoken_of(desk, unit, [row for row, _ in rows if found[row.cif_no]]), desk.today()
        use = ConsentUse(purpose=purpose.value)
        found = {cif_no: consented(found[cif_no], one, use, today) for cif_no, one in spoken.items()}
    return {cif_no: said for cif_no, said in found.items() if said}


def _opened(desk: Desk, rows: Sequence[GoldenRow]) -> tuple[dict[CifNo, dict[str, Any]], dict[CifNo, Portrait]]:
    """Golden values and portraits of these versions of groups."""
    keys: Mapping[bytes, DataKey] = desk.data_keys.get({row.key_id for row in rows}) if rows else {}
    values: dict[CifNo, dict[str, Any]] = {row.cif_no: {} for row in rows}
    portraits: dict[CifNo, Portrait] = {}
    for row in rows:
        if row.data_group == PORTRAIT:
            said = desk.sealer.open(row.sealed, keys[row.key_id], portrait_place(row.cif_no, row.version))
            portraits[row.cif_no] = Portrait.of_stored(said)
        else:
            place = golden_place(row.cif_no, row.data_group, row.version)
            values[row.cif_no].update(desk.sealer.open(row.sealed, keys[row.key_id], place)["values"])
    return values, portraits


def _person(
    desk: Desk, row: PartyRow, granted: Mapping[str, FieldDecision], values: Mapping[str, Any], party: Mapping[str, Any], portrait: Portrait | None
) -> Person:  # fmt: skip
    born = born_of(PartyKind(row.kind), values)
    return Person(
        cif_no=row.cif_no, granted=granted, party=party, values={**values, "birth_date": born} if born else values,
        has=None if portrait is None else portrait.has.keys(), catalogue=None if desk.tags is None else desk.tags.evaluator.catalogue,
    )  # fmt: skip


def _party(row: PartyRow, facts: FactRow | None) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in ("kind", "life_cycle", "review_state", "branch", "manager")}
    return {**said, "prefecture": None if facts is None else facts.values.get("prefecture")}


def _party_then(row: PartyRow, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of a day behind: what follows from golden values; where a review stood is not kept."""
    states = [LifeCycle(one["state"]) for one in values.get("states", ())]
    return {
        "kind": row.kind, "life_cycle": strictest(states).value, "review_state": None, "branch": values.get("home_branch"),
        "manager": values.get("manager"), "prefecture": (values.get("address") or {}).get("code", "")[:4] or None,
    }  # fmt: skip
