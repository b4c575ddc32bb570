"""
Portraits of customers: kept up with the calendar and the catalogue, shown, produced again as they were, and explained.

What is shown is made at the moment it is asked for, from the customer as they are and the catalogue in force, so that it is never that of
an earlier day; since when each tag has stood comes from the portraits that were kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import attrs

from .._clock import from_micros, local_date
from ..access import Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor, Purpose, Sink
from ..errors import InputError
from ..merging import Statement
from ..party import CifNo, DataGroup
from ..rules import opened_record
from ..storage import UnitOfWork
from ..storage.portrait_rows import IDLE, PORTRAIT
from ..storage.rows import OutboxRow, PartyRow
from ..tagging import Catalogue, Evaluator, Held, Left, Portrait, Tag, Verdict, Word, heard, state_of
from ._as_of import sitter_as_of
from ._opened import open_goldens
from ._pages import pages
from ._portrait import (
    Sitter,
    day_tag,
    drawn,
    need_past,
    open_portraits,
    others_of,
    portray,
    retire_portraits,
    words_of,
)
from ._reasons import reasons_of
from ._records import open_records
from ._relations import by_ticket, current, granted_to
from ._tags import opened_catalogue
from ._then import as_it_was, sat
from ._view import need_view_sink
from .desk import Desk, assure, authorize, need_purpose, note, over_cap, record, refuse, retried, spend
from .say import tag_is_granted

__all__ = ["PortraitView", "TagView", "TierView", "portrait", "renew", "tag_rules", "tags_granted", "tags_of"]

_AT_ONCE = 200
_MOST_DAYS = 3660
"""Over how many days that nobody renewed it is looked who was due."""
_WITHHELD = "***"
_NONE = bytes(32)
"""Digest of no catalogue, behind which every customer is."""
_STATES = {"cif_no", "kind", "life_cycle", "review_state"}
"""What a rule may read that is no field of the catalogue."""


@attrs.frozen(kw_only=True)
class TierView:
    """
    Where a customer stands on a ladder.

    Attributes:
        since: From which day on they stand there by their balances.
        watched: How many months in a row their average was below the floor.
        grace_months: After how many of them they drop.
        until: The last month that was reckoned, as ``2026-10``.
    """

    since: date
    watched: int
    grace_months: int
    until: str


@attrs.frozen(kw_only=True)
class TagView:
    """
    A tag that a customer has, or a segment that they are in.

    Attributes:
        name: ``tag:NAME`` or ``segment:NAME``.
        zh, en: Labels.
        about_zh, about_en: What it means.
        family: Of a tag; empty of a segment.
        since, until: From when, and to when if what was said has an end.
        why: By its rule, or by what was said.
        said_by: Who said it; empty where its rule says so.
        reason: In the words of who said it.
        version: Of its definition.
        evidence: Keyed digest of what its rule read, or the reference of what was said.
        tier: Of a tier on which their balances put them, where on it they stand.
    """

    name: str
    zh: str
    en: str
    about_zh: str
    about_en: str
    family: str
    since: date
    until: date | None
    why: Verdict
    said_by: str
    reason: str = attrs.field(repr=False)
    version: str
    evidence: str
    tier: TierView | None = None


@attrs.frozen(kw_only=True)
class PortraitView:
    """
    A customer's portrait, as far as somebody may see it.

    Attributes:
        cif_no: The customer.
        day: Of which day.
        catalogue: Version of the catalogue by which it was made; empty if there was none.
        tags: The tags they have and the segments they are in.
        left: What went with the last change that was kept.
        withheld: Tags and segments of the catalogue of which it is not told whether the customer has them.
    """

    cif_no: CifNo
    day: date
    catalogue: str
    tags: tuple[TagView, ...]
    left: Mapping[str, Left]
    withheld: tuple[str, ...]


def renew(
    desk: Desk, *, actor: Actor, purpose: Purpose, whole: bool = False, progress: Callable[[int], None] | None = None
) -> int:
    """
    Makes the portraits anew of all whom the calendar, another catalogue or a change elsewhere may have given others: every day, and after
    a catalogue came into force. Run again after an interruption it goes on.

    Args:
        desk: Collaborators.
        actor, purpose: On whose behalf, what for.
        whole: Whether of every customer, from their records; it finds more only where somebody changed the database.
        progress: Told how many were looked at so far.

    Returns:
        How many portraits changed.

    Raises:
        InputError: No catalogue is in force.
        NotFoundOrNotAllowedError: The policy does not let *actor* make portraits.

    Cost: opens the golden records of those it looks at, and of who changed meanwhile, or of all, the source records too; a few hundred of them
    are one transaction.
    """
    authorize(desk, actor, Action.PORTRAY, "renew", purpose)
    tags = desk.tags
    if tags is None:
        raise InputError(
            "no tag catalogue is in force; propose one, and let a second person approve it", rule="catalogue"
        )
    changed = looked = 0
    against = _NONE if whole else tags.digest

    def behind(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.portraits.behind(against, after, _AT_ONCE)

    today = desk.today()
    days = [day_tag(desk, today - timedelta(back)) for back in range(_MOST_DAYS)]

    def due(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.portraits.due(days, after, _AT_ONCE)

    def beside(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.portraits.with_group(DataGroup.RELATION, after, _AT_ONCE)

    catalogue = tags.evaluator.catalogue
    # What is said of a relation changes with the other one, too: who is erased, restricted or merged with them is no relation any more.
    reads_others = any(
        row.partition(".")[0] == "relationships" for name in catalogue.order for row in catalogue.needs(name).rows
    )
    for read in (behind, due, *([beside] if reads_others else [])):
        for numbers in pages(desk, read, "", lambda cif_no: cif_no, _AT_ONCE):
            changed += retried(partial(_renewed, desk, numbers, actor, purpose, whole))
            looked += len(numbers)
            if progress is not None:
                progress(looked)
    note(desk, actor, "renew", purpose=purpose, count=changed)
    return changed


def portrait(
    desk: Desk, cif_no: CifNo, *, at: int | None = None, valid: date | None = None, actor: Actor, purpose: Purpose,
    sink: Sink = Sink.DISPLAY,
) -> PortraitView:  # fmt: skip
    """
    The portrait of a customer, or as it was at the instant *at*: by the catalogue, the golden record and the words of then, on the day of
    then. States that have no history, such as the life cycle, are those of today. With *valid* that of another day, as it was known at *at*, or is now:
    what was corrected since for that day is in it, and it says of no tag since when.

    Raises:
        InputError: It is to go to a file, which is an export, or *at* lies ahead.
        NotFoundOrNotAllowedError: There is no such customer, or the policy shows *actor* no tag of them.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    need_purpose(desk, actor, "portrait", purpose)
    assure(desk, actor, Action.VIEW, "portrait", purpose)
    need_view_sink(sink)
    if at is not None:
        need_past(desk, at)
    found: PortraitView | None = None
    within = True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        if row is not None:
            granted = granted_to(desk, unit, actor, Action.VIEW, purpose, row, sink=sink)
            if any(name.startswith(("tag:", "segment:")) for name in granted):
                found = tags_of(desk, unit, row, granted, at=at, valid=valid)
        if row is not None and found is not None:
            within = spend(desk, unit, actor, Action.VIEW, 1)
            if within:
                entry = AuditEntry.by(
                    actor, "portrait", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1,
                    fields=tags_granted(granted), rule=",".join(sorted(tag_rules(granted) | by_ticket(desk, actor, row))),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "portrait", purpose)
    if row is None or found is None:
        raise refuse(desk, actor, "portrait", purpose, subjects=(row.cif_no,) if row else ())
    return found


def tags_of(
    desk: Desk, unit: UnitOfWork, row: PartyRow, granted: Mapping[str, FieldDecision], *, at: int | None = None,
    values: Mapping[str, Any] | None = None, valid: date | None = None,
) -> PortraitView:  # fmt: skip
    """
    The portrait of a party, now or at an instant, and of another day, as *granted* lets it be seen; *values* are its golden values, if they are open.
    """
    instant = desk.now() if at is None else at
    day = local_date(from_micros(instant), desk.zone) if valid is None else valid
    evaluator = _evaluator_at(desk, unit, at)
    if evaluator is None:
        return PortraitView(cif_no=row.cif_no, day=day, catalogue="", tags=(), left={}, withheld=())
    before = Portrait()
    if valid is not None:
        sitter = sitter_as_of(desk, unit, row, instant, valid)
    elif at is None:
        values = open_goldens(desk, unit, [row.cif_no])[row.cif_no] if values is None else values
        facts = unit.copies.facts([row.cif_no]).get(row.cif_no)
        before = open_portraits(desk, unit, [row.cif_no]).get(row.cif_no, Portrait())
        others = others_of(unit, {row.cif_no: values})[row.cif_no]
        sitter = Sitter(row=row, values=values, facts=facts, words=None, others=others)
    else:
        nobody = sat(row, {}, day), Portrait()
        sitter, before = as_it_was(desk, unit, [row], at, day).get(row.cif_no, nobody)
    found, _ = drawn(desk, evaluator, sitter, before, day)
    catalogue = evaluator.catalogue
    seen = {
        name: tag_is_granted(catalogue, granted, name)
        for name in dict.fromkeys((*catalogue.order, *found.left, *before.left))
    }
    left = found.left or before.left
    spoken = heard(found.words, day)
    reasons = reasons_of(desk, unit, [word.about for word in spoken.values() if word.about])
    tiers = _tiers(catalogue, found, sitter.values, day, seen)
    return PortraitView(
        cif_no=row.cif_no, day=day, catalogue=catalogue.version,
        tags=tuple(
            _tag_view(catalogue, name, found.has[name], spoken, reasons, tiers.get(name))
            for name in catalogue.order
            if name in found.has and seen[name]
        ),
        left={name: one for name, one in left.items() if seen[name]},
        withheld=tuple(name for name in catalogue.order if not seen[name]),
    )  # fmt: skip


def _renewed(desk: Desk, numbers: Sequence[CifNo], actor: Actor, purpose: Purpose, whole: bool) -> int:
    """How many portraits of these customers changed; only those leave an entry."""
    with desk.unit_of_work() as unit:
        locked = unit.parties.lock(numbers)
        rows = [row for row in locked.values() if row.life_cycle not in IDLE]
        retire_portraits(
            unit, [cif_no for cif_no in numbers if cif_no not in locked or locked[cif_no].life_cycle in IDLE]
        )
        cif_nos, now = [row.cif_no for row in rows], desk.now()
        keys = desk.data_keys.get({row.anchor_key_id for row in rows})
        values = open_goldens(desk, unit, cif_nos, keys.values())
        facts, known = unit.copies.facts(cif_nos), unit.portraits.get(cif_nos)
        # What was said is in the portrait, unless the customer was changed by who knew of no catalogue.
        changed_since = {
            row.cif_no
            for row in rows
            if whole or row.cif_no not in known or known[row.cif_no].party_version != row.version
        }
        spoken: dict[CifNo, list[Statement]] = {cif_no: [] for cif_no in changed_since}
        for one in open_records(desk, unit.sources.of_parties(sorted(changed_since))) if changed_since else ():
            spoken[one.cif_no].append(one.statement)
        sitters = [
            Sitter(
                row=row, values=values[row.cif_no], facts=facts.get(row.cif_no), key=keys[row.anchor_key_id],
                words=words_of(spoken[row.cif_no]) if row.cif_no in spoken else None,
            )
            for row in rows
        ]  # fmt: skip
        changed = portray(desk, unit, sitters, now)
        versions = {row.cif_no: row.version for row in rows}
        unit.outbox.add([OutboxRow(cif_no=one, version=versions[one], fields=PORTRAIT, at=now) for one in changed])
        if changed:
            entry = AuditEntry.by(
                actor, "portray", now, purpose=purpose, subjects=changed, count=len(changed), rule=_rule(desk)
            )
            record(desk, unit, [entry])
        unit.commit()
    return len(changed)


def tags_granted(granted: Mapping[str, FieldDecision]) -> tuple[str, ...]:
    """What of tags may be seen, for the log: what a customer has is sealed, and does not stand there."""
    return tuple(sorted(name for name in granted if name.startswith(("tag:", "segment:"))))


def _rule(desk: Desk) -> str:
    return f"catalogue:{desk.tags.evaluator.catalogue.version}" if desk.tags is not None else ""


def tag_rules(granted: Mapping[str, FieldDecision]) -> set[str]:
    return {said.decision.rule for name, said in granted.items() if name.startswith(("tag:", "segment:"))}


def _evaluator_at(desk: Desk, unit: UnitOfWork, at: int | None) -> Evaluator | None:
    if at is None:
        return None if desk.tags is None else desk.tags.evaluator
    active = unit.catalogues.at(at)
    if active is None:
        return None
    if desk.tags is not None and desk.tags.digest == active.digest:
        return desk.tags.evaluator
    return Evaluator(opened_catalogue(active, desk.digester))


def _tiers(
    catalogue: Catalogue, found: Portrait, values: Mapping[str, Any], day: date, seen: Mapping[str, bool]
) -> dict[str, TierView]:
    """Of the tiers that a customer has by their balances and that are shown."""
    held = {f"tag:{tier.name}": (scale, tier) for scale in catalogue.ladders.values() for tier in scale.tiers}
    stood = {
        name: held[name] for name, one in found.has.items() if name in held and seen[name] and one.why is Verdict.RULE
    }
    rows = opened_record({}, {"balances": values.get("balances")})["balances"] if stood else ()
    views = {}
    for name, (scale, tier) in stood.items():
        state = state_of(scale, rows, day)
        assert state is not None, "who stands on a tier stands there since some month"
        views[name] = TierView(
            since=state.since.first, watched=state.watched, grace_months=tier.grace_months, until=str(state.until)
        )
    return views


def _tag_view(
    catalogue: Catalogue, name: str, held: Held, words: Mapping[str, Word], reasons: Mapping[str, str], tier: TierView | None
) -> TagView:  # fmt: skip
    one = catalogue.definition(name)
    word = words.get(one.name) if held.why is Verdict.SAID else None
    return TagView(
        name=name, zh=one.zh, en=one.en, about_zh=one.about_zh, about_en=one.about_en,
        family=one.family.value if isinstance(one, Tag) else "", since=held.since, until=held.until, why=held.why,
        said_by="" if word is None else word.actor, reason="" if word is None else reasons.get(word.about, ""),
        version=held.version, evidence=held.evidence, tier=tier,
    )  # fmt: skip
