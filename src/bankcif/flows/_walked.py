"""What all questions about relations share: who asks, how far they may walk, what they are shown of whom, and the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import attrs

from ..access import HIDDEN, Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose, Sink
from ..errors import InputError
from ..party import CATALOGUE, CifNo, DataGroup, PartyKind, RelationKind, age_on, percent_of
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._opened import born_of, open_goldens
from ._relations import by_ticket, current, granted_to, is_closed
from ._view import as_seen
from ._walk import Row, Walk
from .desk import Desk, assure, need_purpose, over_cap, record, refuse, spend

__all__ = [
    "MOST_WALKED",
    "Ask",
    "RelatedParty",
    "RelationView",
    "asked",
    "order_of",
    "relation_view",
    "relations_shown",
]

T = TypeVar("T")
_GROWN_UP = 18
MOST_WALKED = 500
"""From so many customers on nobody walks further."""


@attrs.frozen(kw_only=True)
class RelatedParty:
    """
    Somebody to whom a way led, as far as it is shown who they are.

    Attributes:
        place: Their number among those of one answer, from 1; by it an answer speaks of who is not shown, too.
        cif_no: None where it is not told.
        kind: A person or an organization.
        name: As it may be seen; None where it may not.
    """

    place: int
    cif_no: CifNo | None
    kind: PartyKind
    name: str | None


@attrs.frozen(kw_only=True)
class RelationView:
    """
    A relation of a customer.

    Attributes:
        id: By what it is known.
        kind, role: Which, and what the other one is to the customer.
        other: The other one.
        since, until: Its days; None if the first is not known, or it is open.
        share, votes: Percentages, of a shareholder. By which means somebody controls or benefits is revealed with the field itself.
    """

    id: str
    kind: RelationKind
    role: str
    other: RelatedParty
    since: date | None
    until: date | None
    share: Decimal | None = None
    votes: Decimal | None = None


class Ask:
    """A question about the relations of a customer, while it is answered."""

    def __init__(
        self, desk: Desk, unit: UnitOfWork, start: PartyRow, actor: Actor, purpose: Purpose, sink: Sink = Sink.DISPLAY
    ) -> None:
        self.start, self.purpose, self.sink = start.cif_no, purpose, sink
        self._desk, self._unit, self._actor = desk, unit, actor
        self.walk = Walk(desk, unit, self._is_open)
        self.seen: dict[CifNo, set[str]] = {}
        """Whom the answer tells of, with the rules by which it does."""
        self.revealed: dict[str, set[CifNo]] = {}
        """Of whom it tells a field in clear."""
        self._places: dict[CifNo, RelatedParty] = {}

    def _is_open(self, row: PartyRow) -> bool:
        if is_closed(row, self.purpose):
            return False
        said = self._granted(Action.VIEW, row).get("relationships")
        # What a profile hides as a whole, as one for readers outside does, is not told of in another way.
        field = CATALOGUE[PartyKind(row.kind)]["relationships"]
        if said is None or as_seen(self._desk, field, [], said, self.sink) == HIDDEN:
            return False
        self.seen.setdefault(row.cif_no, set()).update({said.decision.rule} | by_ticket(self._desk, self._actor, row))
        return True

    def _granted(self, action: Action, row: PartyRow) -> Mapping[str, FieldDecision]:
        return granted_to(self._desk, self._unit, self._actor, action, self.purpose, row, sink=self.sink)

    @property
    def withheld(self) -> int:
        """At how many customers a way ended since nobody may look further."""
        return len(self.walk.shut)

    def above(self, roles: Collection[str], day: date) -> list[CifNo]:
        """
        The customer, and everybody to whom relations of these roles lead through organizations, in the order in which they are met.

        Raises:
            InputError: They are too many.
        """
        found = {self.start: None}
        level = [self.start]
        while level:
            rows = self.walk.on(level, day)
            fresh = dict.fromkeys(CifNo(row["other"]) for one in level for row in rows[one] if row["role"] in roles)
            met = [one for one in fresh if one not in found]
            found |= dict.fromkeys(met)
            self.need_few(found)
            level = [one for one in met if self.walk.parties[one].kind == PartyKind.ORGANIZATION]
        return list(found)

    def minors(self, cif_nos: Collection[CifNo], day: date) -> set[CifNo]:
        """
        Those who are under age on a day, of persons into whose relations the actor may look and whose birth date they see; today, where they see it
        masked, since who asks for one day after the other would learn it.
        """
        self.walk.said(cif_nos)
        open_to = [one for one in cif_nos if one not in self.walk.shut]
        said = {one: self._granted(Action.VIEW, self.walk.parties[one]).get("birth_date") for one in open_to}
        days = {
            one: day if granted.decision.effect is Effect.PERMIT else self._desk.today()
            for one, granted in said.items()
            if granted is not None
        }
        values = open_goldens(self._desk, self._unit, list(days), groups={DataGroup.IDENTITY})
        born = {one: born_of(PartyKind(self.walk.parties[one].kind), values[one]) for one in days}
        return {one for one, on in born.items() if on and age_on(date.fromisoformat(on), days[one]) < _GROWN_UP}

    def need_few(self, found: Collection[CifNo]) -> None:
        """Raises `InputError` where a way leads to too many."""
        if len(found) > MOST_WALKED:
            raise InputError(
                f"more than {MOST_WALKED} customers are connected; begin further down, or follow fewer kinds of relations",
                path="$.cif_no", rule="relation", cif_no=self.start,
            )  # fmt: skip

    def shown(self, cif_nos: Iterable[CifNo]) -> Mapping[CifNo, RelatedParty]:
        """These customers, each as the actor may see them; of one answer each is the same, whenever it is asked for."""
        fresh = [one for one in dict.fromkeys(cif_nos) if one not in self._places]
        granted = {one: self._name_of(self.walk.parties[one]) for one in fresh}
        named = [one for one, said in granted.items() if said is not None]
        values = open_goldens(self._desk, self._unit, named, groups={DataGroup.IDENTITY}) if named else {}
        for one in fresh:
            row, said = self.walk.parties[one], granted[one]
            kind = PartyKind(row.kind)
            name = None
            if said is not None and "name" in values[one]:
                name = str(as_seen(self._desk, CATALOGUE[kind]["name"], values[one]["name"], said, self.sink))
            told = said is not None or one in self.seen or one == self.start
            self._places[one] = RelatedParty(
                place=len(self._places) + 1, cif_no=one if told else None, kind=kind, name=name
            )
        return self._places

    def may_reveal(self, cif_no: CifNo, field: str) -> bool:
        """Whether the actor may see a field of a customer in clear; the log then says that they did, and it counts."""
        row = self.walk.parties[cif_no]
        if is_closed(row, self.purpose):
            return False
        said = self._granted(Action.REVEAL, row).get(field)
        if said is None or said.decision.effect is not Effect.PERMIT:
            return False
        self.revealed.setdefault(field, set()).add(cif_no)
        self.seen.setdefault(cif_no, set()).update({said.decision.rule} | by_ticket(self._desk, self._actor, row))
        return True

    def opened(self, cif_nos: Sequence[CifNo], group: DataGroup) -> Mapping[CifNo, Mapping[str, Any]]:
        """The golden values of customers, of one data group."""
        return open_goldens(self._desk, self._unit, cif_nos, groups={group})

    def _name_of(self, row: PartyRow) -> FieldDecision | None:
        """What is decided of the name of a customer; None if it is not shown."""
        if is_closed(row, self.purpose):
            return None
        said = self._granted(Action.VIEW, row).get("name")
        if said is not None:
            self.seen.setdefault(row.cif_no, set()).update(
                {said.decision.rule} | by_ticket(self._desk, self._actor, row)
            )
        return said


def relations_shown(ask: Ask, day: date | None) -> tuple[RelationView, ...]:
    """The relations of the customer who is asked about, of a day, or all that are said."""
    said = ask.walk.said([ask.start]) if day is None else ask.walk.on([ask.start], day)
    rows = sorted(said[ask.start], key=order_of)
    parties = ask.shown([CifNo(row["other"]) for row in rows])
    return tuple(relation_view(row, parties[CifNo(row["other"])]) for row in rows)


def order_of(row: Row) -> tuple[str, str, str, str]:
    """By what relations are sorted."""
    return row["kind"], row["role"], row.get("since") or "", row["id"]


def relation_view(row: Row, other: RelatedParty) -> RelationView:
    """A row of somebody's relations, with the other one as they may be seen."""
    share, votes = (None if row.get(name) is None else percent_of(row[name]) for name in ("share", "votes"))
    since, until = (date.fromisoformat(row[name]) if row.get(name) else None for name in ("since", "until"))
    return RelationView(
        id=row["id"], kind=RelationKind(row["kind"]), role=row["role"], other=other, since=since, until=until, share=share,
        votes=votes,
    )  # fmt: skip


def asked(desk: Desk, cif_no: CifNo, what: str, actor: Actor, purpose: Purpose, work: Callable[[Ask], T]) -> T:
    """
    The answer that *work* gives to a question about a customer, once it is in the log whom it tells of.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* their relations.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    need_purpose(desk, actor, what, purpose)
    assure(desk, actor, Action.VIEW, what, purpose)
    answer: T | None = None
    over: Action | None = None
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        ask = None if row is None else Ask(desk, unit, row, actor, purpose)
        if row is not None and ask is not None:
            ask.walk.said([row.cif_no])
            if row.cif_no not in ask.walk.shut:
                answer = work(ask)
                counted = {Action.VIEW: len(ask.seen), Action.REVEAL: len(set().union(*ask.revealed.values()))}
                over = next(
                    (action for action, count in counted.items() if not spend(desk, unit, actor, action, count)), None
                )
                if over is None:
                    rules = {rule for by in ask.seen.values() for rule in by}
                    entry = AuditEntry.by(
                        actor, what, desk.now(), purpose=purpose, subjects=tuple(ask.seen), count=len(ask.seen),
                        fields=tuple(sorted({"name", "relationships", *ask.revealed})), rule=",".join(sorted(rules)),
                    )  # fmt: skip
                    record(desk, unit, [entry])
                    unit.commit()
    if over is not None:
        raise over_cap(desk, actor, over, what, purpose)
    if answer is None:
        raise refuse(desk, actor, what, purpose, subjects=(row.cif_no,) if row else ())
    return answer
