"""Whom an extract is of, and what is known of each: as they stand, or as they stood at the end of a day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeVar

import attrs

from ..access import Action, FieldDecision, row_known, to_lowered
from ..context import Actor, Purpose, Relation, Sink
from ..party import CATALOGUE, CifNo, ConsentUse, DataGroup, LifeCycle, PartyKind, number_at, strictest
from ..protection import DataKey
from ..rules import And, compiled
from ..storage import Order, UnitOfWork
from ..storage.portrait_rows import PORTRAIT
from ..storage.rows import FactRow, GoldenRow, PartyRow
from ..tagging import Catalogue, Portrait, Word
from ._consented import consented, rests_on_consent, spoken_of
from ._opened import born_of, golden_place
from ._pages import reread
from ._portrait import named_by, portrait_place, related, stood
from ._relations import granted_by_policy, open_life_cycles, record_of, resolved, standing_of
from ._then import related_then
from .desk import Desk

__all__ = ["OF_PARTY", "Person", "Wanted", "gone_for", "people"]

OF_PARTY = ("kind", "life_cycle", "review_state", "branch", "manager", "prefecture")
"""What is known of a customer without opening anything, and stands with the party."""
_LIFE_CYCLE = 1 + OF_PARTY.index("life_cycle")
_AT_ONCE, _MANY = 500, 2_000
T = TypeVar("T")
Other = tuple[Mapping[str, FieldDecision], Mapping[str, Any]]


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
        words: All that was said of their tags, as it says.
        catalogue: By which these were given; None where there is none.
        others: Those to whom they are related, by the number that a relation names, with what may be shown of each and what is known of them; none who is
            erased or restricted.
    """

    cif_no: CifNo
    granted: Mapping[str, FieldDecision]
    party: Mapping[str, Any]
    values: Mapping[str, Any]
    has: Collection[str] | None
    catalogue: Catalogue | None
    words: Sequence[Word] = ()
    others: Mapping[str, Other] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Wanted:
    """
    What of whom is wanted.

    Attributes:
        groups: Golden groups to be opened.
        tags: Whether their tags are.
        others: Whether those to whom they are related are.
        then: The day at whose end they are told of; None for as they stand.
        actor, purpose: On whose behalf, what for.
        part: Which part of the customers, of how many.
        action: By which grants; of a report nothing but counts leaves.
    """

    groups: frozenset[DataGroup]
    tags: bool
    others: bool
    then: date | None
    actor: Actor
    purpose: Purpose
    part: tuple[int, int] = (0, 1)
    action: Action = Action.EXTRACT

    @property
    def sink(self) -> Sink:
        """Where it goes."""
        return Sink.EXPORT if self.action is Action.EXTRACT else Sink.DISPLAY

    @property
    def consented(self) -> Action:
        """By what it is asked whether a purpose rests on consent: what a model says of somebody for a purpose is a use of their data for it."""
        return Action.VIEW if self.action is Action.TAG else self.action

    @classmethod
    def of(cls, fields: Collection[str], **more: Any) -> Wanted:
        """Of these fields of the catalogue."""
        found = {field.group for kind in PartyKind for field in CATALOGUE[kind].values() if field.name in fields}
        return cls(groups=frozenset(found), **more)

    @property
    def span(self) -> tuple[str, str]:
        """Behind which number its part begins, and before which it ends; numbers are random, so that parts are even."""
        at, parts = self.part
        first, last = (number_at(one, parts) for one in (at, at + 1))
        return first, last


def people(desk: Desk, wanted: Wanted) -> Iterator[Sequence[Person]]:
    """The customers of whom something may be extracted, a page at a time."""
    alike = desk.policy.is_even(wanted.actor, wanted.action, wanted.purpose, wanted.sink)
    if wanted.then is not None:
        return _stood(desk, wanted, wanted.then)
    if alike and not rests_on_consent(desk, wanted.consented, wanted.purpose):
        return _alike(desk, wanted)
    return _standing(desk, wanted)


def _alike(desk: Desk, wanted: Wanted) -> Iterator[Sequence[Person]]:
    """Where of everybody the same may be shown: nobody's rights are looked at, and of their rows only what stands with the party is read."""
    granted = desk.policy.granted(wanted.actor, wanted.action, wanted.purpose, Relation.ANY, wanted.sink)
    catalogue = None if desk.tags is None else desk.tags.evaluator.catalogue
    rule, gone = to_lowered(open_life_cycles(wanted.purpose)), gone_for(wanted.purpose)
    after, last = wanted.span
    columns: Sequence[Sequence[Any]] = ()

    def read(unit: UnitOfWork) -> tuple[list[tuple[Any, ...]], Sequence[GoldenRow]]:
        nonlocal columns
        columns = unit.search.columns(rule, {}, OF_PARTY, after, _MANY)
        # A store that errs shows nobody too many.
        mine = [row for row in zip(*columns, strict=True) if row[0] < last and row[_LIFE_CYCLE] not in gone]
        return mine, _now(unit, wanted, [CifNo(row[0]) for row in mine])

    while True:
        rows, values, portraits = _read(desk, read)
        others = _others(desk, wanted, values)
        yield [
            Person(
                cif_no=row[0], granted=granted, party=dict(zip(OF_PARTY, row[1:], strict=True)), values=_born(row[1], values.get(row[0], {})),
                has=portraits[row[0]].has.keys() if row[0] in portraits else None, catalogue=catalogue, others=others.get(row[0], {}),
                words=portraits[row[0]].words if row[0] in portraits else (),
            )
            for row in rows
        ]  # fmt: skip
        if len(columns[0]) < _MANY or columns[0][-1] >= last:
            return
        after = columns[0][-1]


def _standing(desk: Desk, wanted: Wanted) -> Iterator[Sequence[Person]]:
    actor, purpose = wanted.actor, wanted.purpose
    with desk.repository.snapshot() as unit:
        ticketed, broken = standing_of(desk, unit, actor, wanted.action)
    mine = desk.policy.visible(actor, wanted.action, purpose, sink=wanted.sink, ticketed=ticketed, broken=broken)
    rule = to_lowered(And((mine, open_life_cycles(purpose))))
    known, holds = row_known(rule, actor, desk.today()), compiled(rule)
    after, last = wanted.span
    page: Sequence[tuple[PartyRow, FactRow]] = ()
    granted: Mapping[CifNo, Mapping[str, FieldDecision]] = {}

    def read(unit: UnitOfWork) -> tuple[list[tuple[PartyRow, FactRow]], Sequence[GoldenRow]]:
        nonlocal page, granted
        page = unit.search.page(rule, known, Order(), (after, after), _AT_ONCE)
        mine = [(row, facts) for row, facts in page if row.cif_no < last and holds(record_of(row, facts), known)]
        granted = _granted(desk, unit, mine, wanted, broken)
        return [(row, facts) for row, facts in mine if row.cif_no in granted], _now(unit, wanted, list(granted))

    while True:
        rows, values, portraits = _read(desk, read)
        others = _others(desk, wanted, values)
        yield [
            _person(
                desk, row, granted[row.cif_no], values.get(row.cif_no, {}), _party(row, facts), portraits.get(row.cif_no), others.get(row.cif_no, {})
            )
            for row, facts in rows
        ]  # fmt: skip
        if len(page) < _AT_ONCE or page[-1][0].cif_no >= last:
            return
        after = page[-1][0].cif_no


def _now(unit: UnitOfWork, wanted: Wanted, numbers: Sequence[CifNo]) -> list[GoldenRow]:
    """The golden groups that are wanted, and portraits, of these customers as they stand."""
    groups = unit.copies.golden(numbers, wanted.groups) if wanted.groups and numbers else ()
    return [*groups, *(unit.portraits.current(numbers) if wanted.tags and numbers else ())]


def _read(
    desk: Desk, read: Callable[[UnitOfWork], tuple[list[T], Sequence[GoldenRow]]]
) -> tuple[list[T], dict[CifNo, dict[str, Any]], dict[CifNo, Portrait]]:
    """
    What *read* gives, with its golden groups opened behind the snapshot, so that the database can tidy up meanwhile; see `reread`.
    """

    def once() -> tuple[list[T], dict[CifNo, dict[str, Any]], dict[CifNo, Portrait]]:
        with desk.repository.snapshot() as unit:
            found, groups = read(unit)
        return found, *_opened(desk, groups)

    return reread(once)


def _stood(desk: Desk, wanted: Wanted, then: date) -> Iterator[Sequence[Person]]:
    """
    Customers as they stood at the end of a day: whoever had a golden record by then, merged since or not. What may be shown of them is decided by where
    they stand now, and nothing is of whom it may not be now.
    """
    at, (after, last) = desk.span(None, then)[1] - 1, wanted.span
    groups = {*(group.value for group in wanted.groups), *((PORTRAIT,) if wanted.tags else ()), *_OF_PARTY}
    page: Sequence[PartyRow] = ()
    granted: Mapping[CifNo, Mapping[str, FieldDecision]] = {}

    def read(unit: UnitOfWork) -> tuple[list[PartyRow], Sequence[GoldenRow]]:
        nonlocal page, granted
        page = unit.parties.page(after, _AT_ONCE)
        _, broken = standing_of(desk, unit, wanted.actor, wanted.action)
        survivors = resolved(unit, [row.cif_no for row in page]) if page else {}
        mine = [row for row in page if row.cif_no < last and _is_open(survivors.get(row.cif_no), wanted.purpose)]
        history = unit.copies.history([row.cif_no for row in mine]) if mine else ()
        known = [row for row in history if stood(row, at)]
        there = {row.cif_no for row in known if row.data_group != PORTRAIT}
        facts = unit.copies.facts(list(there)) if there and desk.policy.has_row_rules else {}
        rows = [(row, facts.get(row.cif_no)) for row in mine if row.cif_no in there]
        granted = _granted(desk, unit, rows, wanted, broken)
        opened = [one for one in known if one.cif_no in granted and one.data_group in groups]
        return [row for row in mine if row.cif_no in granted], opened

    while True:
        rows, values, portraits = _read(desk, read)
        others = _others(desk, wanted, values, at)
        yield [
            _person(
                desk, row, granted[row.cif_no], values.get(row.cif_no, {}), _party_then(row, values.get(row.cif_no, {})), portraits.get(row.cif_no),
                others.get(row.cif_no, {}),
            )
            for row in rows
        ]  # fmt: skip
        if len(page) < _AT_ONCE or page[-1].cif_no >= last:
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
    desk: Desk, unit: UnitOfWork, rows: Sequence[tuple[PartyRow, FactRow | None]], wanted: Wanted, broken: Collection[str]
) -> dict[CifNo, Mapping[str, FieldDecision]]:  # fmt: skip
    """What may be shown of each of these customers of whom something may; where the purpose rests on consent, what they consented to."""
    actor, purpose = wanted.actor, wanted.purpose
    found = {
        row.cif_no: granted_by_policy(
            desk, unit, actor, wanted.action, purpose, row, sink=wanted.sink, facts=facts, broken=broken
        )
        for row, facts in rows
    }
    if rests_on_consent(desk, wanted.consented, purpose):
        spoken, today = spoken_of(desk, unit, [row for row, _ in rows if found[row.cif_no]]), desk.today()
        use = ConsentUse(purpose=purpose.value)
        found = {cif_no: consented(found[cif_no], one, use, today) for cif_no, one in spoken.items()}
    return {cif_no: said for cif_no, said in found.items() if said}


def _others(
    desk: Desk, wanted: Wanted, values: Mapping[CifNo, Mapping[str, Any]], at: int | None = None
) -> dict[CifNo, dict[str, Other]]:
    """
    Those to whom each of some customers is related, as they stand or stood at an instant. What may be shown of each of them is decided as if they were extracted
    themselves.
    """
    if not wanted.others:
        return {}
    return reread(partial(_others_read, desk, wanted, values, at))  # of a day behind their groups are opened


def _others_read(
    desk: Desk, wanted: Wanted, values: Mapping[CifNo, Mapping[str, Any]], at: int | None
) -> dict[CifNo, dict[str, Other]]:
    with desk.repository.snapshot() as unit:
        if at is None or wanted.then is None:
            known = related(unit, values)
        else:
            then = related_then(desk, unit, values, at, wanted.then)
            known = {number: (row, {**facts, **_states_then(said)}) for number, (row, facts, said) in then.items()}
        _, broken = standing_of(desk, unit, wanted.actor, wanted.action)
        parties = {row.cif_no: row for row, _ in known.values()}
        facts = unit.copies.facts(set(parties)) if parties and desk.policy.has_row_rules else {}
        granted = _granted(desk, unit, [(row, facts.get(row.cif_no)) for row in parties.values()], wanted, broken)
    return {
        cif_no: {
            number: (granted.get(known[number][0].cif_no, {}), known[number][1])
            for number in named_by(one)
            if number in known and known[number][0].cif_no != cif_no
        }
        for cif_no, one in values.items()
    }


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
    desk: Desk, row: PartyRow, granted: Mapping[str, FieldDecision], values: Mapping[str, Any], party: Mapping[str, Any], portrait: Portrait | None,
    others: Mapping[str, Other],
) -> Person:  # fmt: skip
    return Person(
        cif_no=row.cif_no, granted=granted, party=party, values=_born(row.kind, values), has=None if portrait is None else portrait.has.keys(),
        catalogue=None if desk.tags is None else desk.tags.evaluator.catalogue, others=others, words=() if portrait is None else portrait.words,
    )  # fmt: skip


def _born(kind: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """*values* with the birth date that a resident ID says, where none stands."""
    born = "" if values.get("birth_date") else born_of(PartyKind(kind), values)
    return {**values, "birth_date": born} if born else values


def gone_for(purpose: Purpose) -> frozenset[str]:
    """Where a party stands of whom nothing is extracted for *purpose*."""
    restricted = () if purpose in (Purpose.COMPLIANCE, Purpose.AUDIT) else (LifeCycle.RESTRICTED,)
    return frozenset(one.value for one in (LifeCycle.MERGED, LifeCycle.ERASED, *restricted))


def _party(row: PartyRow, facts: FactRow | None) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in ("kind", "life_cycle", "review_state", "branch", "manager")}
    return {**said, "prefecture": None if facts is None else facts.values.get("prefecture")}


def _party_then(row: PartyRow, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of a day behind: what follows from golden values; where a review stood is not kept."""
    return {
        "kind": row.kind, **_states_then(values), "branch": values.get("home_branch"),
        "manager": values.get("manager"), "prefecture": (values.get("address") or {}).get("code", "")[:4] or None,
    }  # fmt: skip


def _states_then(values: Mapping[str, Any]) -> dict[str, Any]:
    states = [LifeCycle(one["state"]) for one in values.get("states", ())]
    return {"life_cycle": strictest(states).value, "review_state": None}
