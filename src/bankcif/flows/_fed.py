"""What the consumer of a feed is told: of whom, and what it may have of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import attrs

from ..access import Action, Feed, FieldDecision
from ..context import Actor, Sink
from ..errors import ConflictError
from ..interop import Change, ChangeKind
from ..party import CifNo
from ..storage import UnitOfWork
from ..storage.outbox_rows import PARTY
from ..storage.portrait_rows import PORTRAIT
from ..storage.rows import FactRow, FeedDayRow, OutboxRow, PartyRow
from ._consented import rests_on_consent, spoken_of
from ._export import Export, ExportSpec, Recipient
from ._gathered import Gathered, key_for
from ._leaving import decided, population
from ._place import Place
from ._relations import granted_by_policy, standing_of
from .desk import Desk

__all__ = ["Shown", "Telling", "day_tag", "spec_of", "told_of", "turned_for"]

_DECIDING = frozenset({PARTY, "states", "consents", "home_branch", "manager", "birth_date", "identifiers"})
"""
What decides of whom something may go, whatever the feed is of: where they stand, what they agreed to and whether they may agree by themselves,
and who looks after them.
"""


def spec_of(feed: Feed, cif_nos: Sequence[CifNo] | None = None) -> ExportSpec:
    """The export that a feed is, of these customers or of all."""
    return ExportSpec(
        fields=feed.fields, purpose=feed.purpose, cif_nos=None if cif_nos is None else tuple(cif_nos),
        recipient=Recipient(name=feed.recipient, country=feed.country, inside=feed.inside),
    )  # fmt: skip


def told_of(desk: Desk, feed: Feed, rows: Sequence[OutboxRow]) -> dict[CifNo, frozenset[str]]:
    """Whom of *rows* the consumer is told of, and which of the feed's fields may be others."""
    # A row rule reads facts, which are made of records in ways that only those who make them know.
    by_rule = any(one.when is not None for one in desk.policy.grants if feed.role in one.roles)
    mine = frozenset(feed.fields)
    found: dict[CifNo, frozenset[str]] = {}
    for row in rows:
        names = frozenset(row.fields.split(","))
        decides = by_rule and names != {PORTRAIT}
        if decides or not names.isdisjoint(_DECIDING | mine):
            changed = mine if decides or names & _DECIDING else names & mine
            found[row.cif_no] = found.get(row.cif_no, frozenset()) | changed
    return found


def day_tag(desk: Desk, day: date) -> bytes:
    """What stands for a day on which a feed looks at customers; it tells nothing by itself."""
    return desk.digester.digest("feed_day", day.isoformat().encode())


@attrs.frozen(repr=False)
class Shown:
    """
    What the consumer of a feed may have of some customers.

    Attributes:
        spec: What was asked.
        gathered, made: Values as they were opened, and as they may leave, in one order.
        rows, allowed: Of whom something may go, and by which decision each field.
        turning: Of whom the calendar turns that again, and on which day; of those, too, of whom nothing may go today.
    """

    spec: ExportSpec
    gathered: Gathered
    made: Export
    rows: Mapping[CifNo, PartyRow]
    allowed: Mapping[CifNo, Mapping[str, FieldDecision]]
    turning: Sequence[FeedDayRow]


def turned_for(desk: Desk, unit: UnitOfWork, feed: Feed, place: Place, most: int) -> tuple[list[CifNo], Place]:
    """Of whom the calendar turned what its consumer may have, and where the feed is then; of nobody where no consent matters."""
    if not rests_on_consent(desk, Action.EXPORT, feed.purpose):
        return [], place
    return place.turning(unit, feed.id, partial(day_tag, desk), desk.today(), most)


class Telling:
    """
    What the consumer of a feed is told in one part.

    Args:
        desk, unit: Collaborators.
        feed: The feed.
        actor: Who takes it, in its role alone.
        place: Where it is.
        turn: Which part it is.
    """

    def __init__(self, desk: Desk, unit: UnitOfWork, feed: Feed, actor: Actor, place: Place, *, turn: int) -> None:
        self._desk, self._unit, self._feed, self._actor, self._place = desk, unit, feed, actor, place
        self.turn = turn

    def shown(self, numbers: Sequence[CifNo]) -> Shown:
        """What the consumer may have of the customers of these numbers."""
        desk, unit = self._desk, self._unit
        spec = spec_of(self._feed, numbers)
        gathered = Gathered(desk, spec, least_k=1)
        rows: dict[CifNo, PartyRow] = {}
        allowed: dict[CifNo, Mapping[str, FieldDecision]] = {}
        turning: list[FeedDayRow] = []
        for page in population(desk, unit, spec, self._actor) if numbers else ():
            turning += self._turning([row for row, _ in page])
            said = decided(desk, unit, spec, page, self._actor)
            mine = [(row, facts) for row, facts in page if row.cif_no in said]
            said = {**said, **self._revealed(mine, said)}
            gathered.add(unit, [row for row, _ in mine], said)
            rows |= {row.cif_no: row for row, _ in mine}
            allowed |= said
        return Shown(spec, gathered, gathered.masked(self._actor), rows, allowed, turning)

    def _turning(self, rows: Sequence[PartyRow]) -> list[FeedDayRow]:
        """Of which of these customers the calendar alone turns what they allow, and on which day next."""
        desk, feed = self._desk, self._feed
        if not rests_on_consent(desk, Action.EXPORT, feed.purpose):
            return []
        today = desk.today()
        days = {cif_no: said.turns(feed.purpose, today) for cif_no, said in spoken_of(desk, self._unit, rows).items()}
        return [
            FeedDayRow(feed=feed.id, day=day_tag(desk, day), cif_no=cif_no)
            for cif_no, day in days.items()
            if day is not None
        ]

    def _revealed(
        self, page: Sequence[tuple[PartyRow, FactRow]], said: Mapping[CifNo, Mapping[str, FieldDecision]]
    ) -> dict[CifNo, Mapping[str, FieldDecision]]:
        """What goes of each of these customers, where a grant to reveal lets what the feed reveals go as it is."""
        desk, unit, feed, actor = self._desk, self._unit, self._feed, self._actor
        if not feed.reveal:
            return {}
        _, broken = standing_of(desk, unit, actor, Action.REVEAL)
        found: dict[CifNo, Mapping[str, FieldDecision]] = {}
        for row, facts in page:
            clear = granted_by_policy(
                desk, unit, actor, Action.REVEAL, feed.purpose, row, sink=Sink.EXPORT, facts=facts, broken=broken
            )
            found[row.cif_no] = {
                name: clear[name] if name in feed.reveal and name in clear else decision
                for name, decision in said[row.cif_no].items()
            }
        return found

    def changes(self, shown: Shown, whom: Mapping[CifNo, frozenset[str]]) -> list[Change]:
        """What is told of the customers *whom*; with the whole file, of those alone of whom something may go."""
        made, fields = shown.made, shown.spec.fields
        stands = self._unit.parties.get(list(whom)) if whom else {}
        changes = []
        for at, cif_no in enumerate(shown.gathered.cif_nos):
            row, names = shown.rows[cif_no], whom[cif_no] & shown.allowed[cif_no].keys()
            if stands[cif_no].version != row.version:
                # What changed them may be nothing that this feed is told of, so that nobody is left out of a part: it is read again.
                raise ConflictError("a customer was changed while they were read; take the feed again", rule="conflict")
            values = {name: value for name in fields if (value := made.columns[name][at]) is not None}
            told = tuple(name for name in fields if name in names)
            changes.append(self._change(ChangeKind.CURRENT, row, made.columns["key"][at], fields=told, values=values))
        if self._place.copied is None:
            gone = [stands[cif_no] for cif_no in sorted(stands.keys() - shown.rows.keys())]
            into = self._survivors(gone) if shown.spec.recipient.inside else {}
            for row in gone:
                key = key_for(self._desk, shown.spec.recipient, row.cif_no)
                changes.append(self._change(ChangeKind.GONE, row, key, into=into.get(row.cif_no, "")))
        return changes

    def opening(self) -> Iterator[Change]:
        """What is told before the first customer of the whole file."""
        if self._place.copied == "":
            yield Change(id=self._id("begun"), turn=self.turn, kind=ChangeKind.BEGUN)

    def closing(self, after: Place) -> Iterator[Change]:
        """What is told behind the last customer of the whole file."""
        if self._place.copied is not None and after.copied is None:
            yield Change(id=self._id("whole"), turn=self.turn, kind=ChangeKind.WHOLE)

    def _change(self, kind: ChangeKind, row: PartyRow, key: str, **more: Any) -> Change:
        # The calendar turns what may be told of one version, and nothing else does without the feed beginning anew.
        name = self._id(f"{row.version}-{self._desk.today():%Y%m%d}-{kind}-{key}")
        return Change(id=name, turn=self.turn, kind=kind, key=key, version=row.version, at=row.updated_at, **more)

    def _id(self, what: str) -> str:
        """Of a change in its feed. Whoever gets the whole file anew has dropped what they had, and so no change of then is one of now."""
        return f"{self._place.begun}-{what}"

    def _survivors(self, rows: Sequence[PartyRow]) -> dict[CifNo, CifNo]:
        """Who each of these customers is now, of those who were merged into somebody of whom something may go."""
        found = {row.cif_no: row.merged_into for row in rows if row.merged_into is not None}
        while further := {
            one: row.merged_into
            for one, row in self._unit.parties.get(set(found.values())).items()
            if row.merged_into is not None
        }:
            found = {cif_no: further.get(into, into) for cif_no, into in found.items()}
        spec = spec_of(self._feed, sorted(set(found.values())))
        pages = population(self._desk, self._unit, spec, self._actor) if found else ()
        seen = {cif_no for page in pages for cif_no in decided(self._desk, self._unit, spec, page, self._actor)}
        return {cif_no: into for cif_no, into in found.items() if into in seen}
