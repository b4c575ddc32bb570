"""What the consumer of a feed is told: of whom, and what it may have of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial

import attrs

from ..access import Action, Feed, FieldDecision
from ..context import Actor, Sink
from ..interop import Change, ChangeKind
from ..party import FIELD_NAMES, CifNo
from ..storage import UnitOfWork
from ..storage.outbox_rows import PARTY
from ..storage.rows import FactRow, FeedDayRow, OutboxRow, PartyRow
from ._consented import rests_on_consent, spoken_of
from ._export import Export, ExportSpec, Recipient
from ._gathered import Gathered, key_for
from ._leaving import decided, population
from ._place import Place
from ._relations import granted_by_policy, standing_of
from .desk import Desk

__all__ = ["Shown", "changes_of", "closing", "day_tag", "opening", "shown_to", "spec_of", "told_of", "turned_for"]

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
    """Whom of *rows* the consumer is told of, and which of the feed's fields changed."""
    # What a row rule reads is made of fields in ways that only those who make facts know.
    by_rule = any(one.when is not None for one in desk.policy.grants if feed.role in one.roles)
    deciding = _DECIDING | FIELD_NAMES if by_rule else _DECIDING
    asked, mine = deciding.union(feed.fields), frozenset(feed.fields)
    found: dict[CifNo, frozenset[str]] = {}
    for row in rows:
        names = frozenset(row.fields.split(","))
        if not names.isdisjoint(asked):
            found[row.cif_no] = found.get(row.cif_no, frozenset()) | (mine if PARTY in names else names & mine)
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


def shown_to(desk: Desk, unit: UnitOfWork, feed: Feed, numbers: Sequence[CifNo], actor: Actor) -> Shown:
    """What the consumer of *feed* may have of the customers of these numbers."""
    spec = spec_of(feed, numbers)
    gathered = Gathered(desk, spec, least_k=1)
    rows: dict[CifNo, PartyRow] = {}
    allowed: dict[CifNo, Mapping[str, FieldDecision]] = {}
    turning: list[FeedDayRow] = []
    for page in population(desk, unit, spec, actor) if numbers else ():
        turning += _turning(desk, unit, feed, [row for row, _ in page])
        said = decided(desk, unit, spec, page, actor)
        mine = {row.cif_no: row for row, _ in page if row.cif_no in said}
        said = {**said, **_revealed(desk, unit, feed, [one for one in page if one[0].cif_no in mine], said, actor)}
        gathered.add(unit, [*mine.values()], said)
        rows |= mine
        allowed |= said
    return Shown(spec, gathered, gathered.masked(actor), rows, allowed, turning)


def turned_for(desk: Desk, unit: UnitOfWork, feed: Feed, place: Place, most: int) -> tuple[list[CifNo], Place]:
    """Of whom the calendar turned what its consumer may have, and where the feed is then; of nobody where no consent matters."""
    if not rests_on_consent(desk, Action.EXPORT, feed.purpose):
        return [], place
    return place.turning(unit, feed.id, partial(day_tag, desk), desk.today(), most)


def _turning(desk: Desk, unit: UnitOfWork, feed: Feed, rows: Sequence[PartyRow]) -> list[FeedDayRow]:
    """Of which of these customers the calendar alone turns what they allow, and on which day next."""
    if not rests_on_consent(desk, Action.EXPORT, feed.purpose):
        return []
    today = desk.today()
    days = {cif_no: said.turns(feed.purpose, today) for cif_no, said in spoken_of(desk, unit, rows).items()}
    return [
        FeedDayRow(feed=feed.id, day=day_tag(desk, day), cif_no=cif_no)
        for cif_no, day in days.items()
        if day is not None
    ]


def _revealed(
    desk: Desk, unit: UnitOfWork, feed: Feed, page: Sequence[tuple[PartyRow, FactRow]],
    said: Mapping[CifNo, Mapping[str, FieldDecision]], actor: Actor,
) -> dict[CifNo, Mapping[str, FieldDecision]]:  # fmt: skip
    """What goes of each of these customers, where a grant to reveal lets what the feed reveals go as it is."""
    if not feed.reveal:
        return {}
    _, broken = standing_of(desk, unit, actor)
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


def changes_of(
    desk: Desk, unit: UnitOfWork, shown: Shown, told: Mapping[CifNo, frozenset[str]], place: Place
) -> list[Change]:
    """What the consumer is told of the customers in *told*; with the whole file, of those alone of whom something may go."""
    to, made, fields = shown.spec.recipient, shown.made, shown.spec.fields
    changes = []
    for at, cif_no in enumerate(shown.gathered.cif_nos):
        row, names = shown.rows[cif_no], told[cif_no] & shown.allowed[cif_no].keys()
        key = made.columns["key"][at]
        values = {name: value for name in fields if (value := made.columns[name][at]) is not None}
        changes.append(
            Change(
                id=_id(place, f"{row.version}-{key}"), kind=ChangeKind.CURRENT, key=key, version=row.version, at=row.updated_at,
                fields=tuple(name for name in fields if name in names), values=values,
            )
        )  # fmt: skip
    if place.copied is None:
        gone = unit.parties.get(told.keys() - shown.rows.keys())
        for cif_no, row in sorted(gone.items()):
            key, into = key_for(desk, to, cif_no), _survivor(unit, row) if to.inside else ""
            changes.append(
                Change(
                    id=_id(place, f"{row.version}-{key}"), kind=ChangeKind.GONE, key=key, version=row.version, at=row.updated_at, into=into
                )
            )  # fmt: skip
    return changes


def opening(place: Place) -> Iterator[Change]:
    """What is told before the first customer of the whole file."""
    if place.copied == "":
        yield Change(id=_id(place, "begun"), kind=ChangeKind.BEGUN)


def closing(place: Place, after: Place) -> Iterator[Change]:
    """What is told behind the last customer of the whole file."""
    if place.copied is not None and after.copied is None:
        yield Change(id=_id(place, "whole"), kind=ChangeKind.WHOLE)


def _id(place: Place, what: str) -> str:
    """Of a change in its feed. Whoever gets the whole file anew has dropped what they had, and so no change of then is one of now."""
    return f"{place.begun}-{what}"


def _survivor(unit: UnitOfWork, row: PartyRow) -> str:
    """Who a merged customer is now; empty for anybody else."""
    while row.merged_into is not None:
        into = row.merged_into
        row = unit.parties.get([into])[into]
        if row.merged_into is None:
            return into
    return ""
