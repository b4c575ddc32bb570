"""
Relating two customers: authorize -> check against what stands -> write both sides -> rebuild both.

A relation has a source record on each side, under a key that only this library knows to belong to the other's. So each moves with its own side's merges and
comes back with their unmerges, and the number it names resolves to whoever the other one is by then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import attrs

from ..access import Action, FieldDecision
from ..context import Actor, Purpose
from ..errors import InputError
from ..intake import Standard
from ..merging import Terms
from ..party import (
    RELATIONS,
    CifNo,
    PartyKind,
    RelationKind,
    Side,
    SourceKey,
    lies_within,
    need_relation,
    need_row,
    share_of,
)
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._decided import Asked, Decided, keep_decided, with_parties
from ._opened import open_golden
from ._reasons import need_reason
from ._records import Arrival
from ._relations import current, year_of_birth
from ._walk import Walk
from .desk import Desk

__all__ = ["RELATED", "Said", "correct", "end", "relate", "retract"]

RELATED = "bankcif.relation"
"""Source of what is said of how customers stand to each other."""
_MOST = 2000
_ANCESTORS = 10_000
_ID_BYTES = 8
_REFERENCE = re.compile(r"[^\s].{0,199}")


@attrs.frozen(kw_only=True)
class Said:
    """
    What is said of a relation.

    Attributes:
        since, until: The first and the last day; None if it is not known, or open.
        share, votes: Which percentage of the shares and of the votes of a company a shareholder has, with six digits after the point at most; votes are as
            shares where nothing is said.
        means: By which means somebody controls or benefits, in a few words.
        evidence: Reference to what proves it; never a customer's value.
    """

    since: date | None = None
    until: date | None = None
    share: Decimal | str | int | None = None
    votes: Decimal | str | int | None = None
    means: str = ""
    evidence: str = attrs.field(default="", repr=False)

    def stored(self) -> dict[str, Any]:
        """
        What both sides hold of it; what is nothing is left out.

        Raises:
            InputError: A day, a part or a text is none.
        """
        for name, day in (("since", self.since), ("until", self.until)):
            _need_day(day, name)
        said = {
            "since": None if self.since is None else self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "share": None if self.share is None else share_of(self.share),
            "votes": None if self.votes is None else share_of(self.votes, path="votes", least=0),
            "means": self.means or None, "evidence": self.evidence or None,
        }  # fmt: skip
        for name in ("means", "evidence"):
            text = said[name]
            if text is not None and not (_REFERENCE.fullmatch(str(text)) and str(text).isprintable()):
                raise InputError(f"{name} is at most 200 printable characters", path=f"$.{name}", rule="relation")
        return {name: value for name, value in said.items() if value is not None}


def relate(
    desk: Desk,
    first: CifNo,
    kind: RelationKind,
    second: CifNo,
    said: Said,
    *,
    reason: str,
    actor: Actor,
    purpose: Purpose,
) -> str:
    """
    Takes down that *first* is so to *second*: ``parent`` says that the first is the second's parent.

    Returns:
        By what the relation is known. What stands already in just these words is not written again, and is given.

    Raises:
        InputError: The relation can not be; the message says why.
        NotFoundOrNotAllowedError: One of the two is no customer, or the policy does not let *actor* relate both.
    """
    need_reason(reason)
    kind = _kind(kind)
    stored, asked = said.stored(), _asked(actor, purpose)
    need_row(kind, stored)

    def find(unit: UnitOfWork) -> list[PartyRow | None]:
        return [current(unit, one, purpose) for one in (first, second)]

    def work(unit: UnitOfWork, rows: Sequence[PartyRow]) -> str:
        if rows[0].cif_no == rows[1].cif_no:
            raise InputError(
                "nobody is related to themself; the two numbers are of one customer", path="$.second", rule="relation", cif_no=rows[0].cif_no
            )  # fmt: skip
        rule, known = RELATIONS[kind], desk.ids.draw(_ID_BYTES).hex()
        unit.parties.lock([row.cif_no for row in rows])  # of two who relate them at once, one hears the other
        roles = (rule.second, rule.first)
        sides = [
            {"id": known, "kind": kind.value, "role": role, "other": other.cif_no, **stored}
            for role, other in zip(roles, reversed(rows), strict=True)
        ]
        for one in _between(Walk(desk, unit), kind, rows[0], rows[1]):
            if {**one, "id": known} == sides[1]:
                return str(one["id"])
        _need(desk, unit, kind, (rows[0], rows[1]), sides[1], asked)
        decided = [
            _decided(desk, row, _key(desk, known, place), side)
            for place, (row, side) in enumerate(zip(rows, sides, strict=True))
        ]
        _keep(desk, unit, decided, asked, reason, known)
        return known

    return with_parties(desk, find, asked, _may, work)


def end(
    desk: Desk, cif_no: CifNo, relation: str, on: date | None, *, reason: str, actor: Actor, purpose: Purpose
) -> None:
    """
    Says that the last day of a relation was *on*, or is today.

    Args:
        cif_no: Either of the two.
        relation: By what it is known.

    Raises:
        InputError: There is no such relation, it has ended before, or it would be over before it began.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* relate both.
    """
    _need_day(on, "until")
    day = (on or desk.today()).isoformat()

    def changed(row: Mapping[str, Any]) -> Mapping[str, Any]:
        if row.get("until") is not None and row["until"] <= day:
            raise InputError("it has ended already; correct it if the day is wrong", path="$.until", rule="relation")
        return {**row, "until": day}

    _change(desk, cif_no, relation, changed, "end_relation", reason=reason, actor=actor, purpose=purpose)


def correct(
    desk: Desk, cif_no: CifNo, relation: str, said: Said, *, reason: str, actor: Actor, purpose: Purpose
) -> None:
    """
    Says anew what holds of a relation, all of it, in place of what was said.

    Raises:
        InputError: There is no such relation, or it can not be so.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* relate both.
    """
    stored = said.stored()

    def changed(row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**{name: row[name] for name in _WHO}, **stored}

    _change(desk, cif_no, relation, changed, "correct_relation", reason=reason, actor=actor, purpose=purpose)


def retract(desk: Desk, cif_no: CifNo, relation: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Says that there never was this relation. What was said stays in the records, and shows no more.

    Raises:
        InputError: There is no such relation.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* relate both.
    """
    _change(desk, cif_no, relation, lambda row: None, "retract_relation", reason=reason, actor=actor, purpose=purpose)


def _need_day(day: date | None, name: str) -> None:
    if day is not None and type(day) is not date:
        raise InputError("a relation begins and ends on a day", path=f"$.{name}", rule="relation")


def _kind(kind: RelationKind | str) -> RelationKind:
    try:
        return RelationKind(kind)
    except ValueError:
        pass
    raise InputError(f"a relation is one of {', '.join(RelationKind)}", path="$.kind", rule="relation")


_WHO = ("id", "kind", "role", "other")
"""What of a row says between whom it is."""


def _asked(actor: Actor, purpose: Purpose, what: str = "relate") -> Asked:
    return Asked(Action.RELATE, what, ("relationships",), actor, purpose)


def _may(granted: Mapping[str, FieldDecision]) -> bool:
    return "relationships" in granted


def _change(
    desk: Desk,
    cif_no: CifNo,
    relation: str,
    changed: Callable[[Mapping[str, Any]], Mapping[str, Any] | None],
    what: str,
    *,
    reason: str,
    actor: Actor,
    purpose: Purpose,
) -> None:
    """Writes both sides of a relation anew, as *changed* gives each; None says that there was none."""
    need_reason(reason)
    asked = _asked(actor, purpose, what)
    keys = [_key(desk, relation, place) for place in (0, 1)]

    def find(unit: UnitOfWork) -> list[PartyRow | None]:
        row = current(unit, cif_no, purpose)
        linked = unit.crosswalk.current(keys)
        others = {link.cif_no for link in linked.values()} - ({row.cif_no} if row else set())
        # Of one who is erased there is nothing to be written.
        return [row, *(current(unit, other, purpose) for other in sorted(others))]

    def work(unit: UnitOfWork, rows: Sequence[PartyRow]) -> bool:
        locked = unit.parties.lock([row.cif_no for row in rows])
        linked = unit.crosswalk.current(keys)
        sides = []
        for row in rows:
            said = open_golden(desk, unit, locked[row.cif_no]).get("relationships", ())
            mine = [key for key in keys if key in linked and linked[key].cif_no == row.cif_no]
            own = next((one for one in said if one["id"] == relation), None)
            if len(mine) == 1 and own is not None:
                sides.append((row, mine[0], own, changed(own)))
        if not sides or sides[0][0] is not rows[0]:
            raise InputError(
                "they have no such relation; relations of lists what each is known by", path="$.relation", rule="relation",
                cif_no=rows[0].cif_no,
            )  # fmt: skip
        kind = RelationKind(sides[0][2]["kind"])
        for _, _, _, new in sides:
            if new is not None:
                need_row(kind, new)
        if len(sides) > 1:
            second, first = sides if sides[0][2]["role"] == RELATIONS[kind].first else reversed(sides)
            # What claims less than before can be said of two companies that were merged, of which more than the whole is held.
            if second[3] is not None and not lies_within(second[3], second[2]):
                _need(desk, unit, kind, (first[0], second[0]), second[3], asked)
        _keep(desk, unit, [_decided(desk, row, key, new) for row, key, _, new in sides], asked, reason, relation)
        return True

    with_parties(desk, find, asked, _may, work)


def _need(
    desk: Desk, unit: UnitOfWork, kind: RelationKind, pair: tuple[PartyRow, PartyRow], row: Mapping[str, Any], asked: Asked
) -> None:  # fmt: skip
    """Raises `InputError` where two customers can not be related so, beside all that is said of them."""
    walk, (first, second) = Walk(desk, unit), pair
    sides = []
    for party, said in zip(pair, walk.said([first.cif_no, second.cif_no]).values(), strict=True):
        born = year_of_birth(desk, unit, party, asked.actor, asked.purpose)
        rest = tuple(one for one in said if one["id"] != row["id"])
        if len(rest) >= _MOST:
            raise InputError(
                f"a customer has {_MOST} relations at most", path="$", rule="relation", cif_no=party.cif_no
            )
        sides.append(Side(kind=PartyKind(party.kind), born=born, rows=rest))
    between = [one for one in sides[1].rows if one["other"] == first.cif_no]
    need_relation(kind, row, *sides, between=between)
    if kind is RelationKind.PARENT and second.cif_no in _ancestors(walk, first.cif_no):
        raise InputError(
            "the second is a parent, or a parent's parent, of the first; nobody descends from themself", path="$.kind",
            rule="relation", cif_no=second.cif_no,
        )  # fmt: skip


def _between(walk: Walk, kind: RelationKind, first: PartyRow, second: PartyRow) -> list[Mapping[str, Any]]:
    rows = walk.said([second.cif_no])[second.cif_no]
    return [one for one in rows if one["kind"] == kind and one["other"] == first.cif_no]


def _ancestors(walk: Walk, cif_no: CifNo) -> set[CifNo]:
    """Everybody from whom *cif_no* descends."""
    found: set[CifNo] = set()
    level = {cif_no}
    while level and len(found) < _ANCESTORS:
        above = {CifNo(one["other"]) for rows in walk.said(level).values() for one in rows if one["role"] == "parent"}
        level = above - found
        found |= level
    return found


def _key(desk: Desk, relation: str, place: int) -> SourceKey:
    """Under what the record of one side is kept; it tells nobody who reads the database which other record is its other side."""
    return SourceKey(RELATED, desk.digester.digest("relation", f"{relation}:{place}".encode()).hex())


def _decided(desk: Desk, row: PartyRow, key: SourceKey, said: Mapping[str, Any] | None) -> Decided:
    values = {"relationships": [] if said is None else [dict(said)]}
    form = Standard(kind=PartyKind(row.kind), values=values, given={}, faults=())
    # Of one key the number of the record decides, and no clock.
    return Decided(row=row, arrivals=[Arrival(origin=key, channel="relation", terms=Terms(), business_time=None, form=form)])  # fmt: skip


def _keep(desk: Desk, unit: UnitOfWork, decided: Sequence[Decided], asked: Asked, reason: str, relation: str) -> None:
    # Between whom and how is sealed; the log keeps whether two entries are of one relation.
    same = desk.digester.digest("relation_said", relation.encode()).hex()
    keep_decided(desk, unit, decided, asked, reason=reason, rule=f"relation:{same}")
