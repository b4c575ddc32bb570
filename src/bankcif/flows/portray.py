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
from ..party import CATALOGUE, CifNo, PartyKind, facts_from
from ..protection import DataKey
from ..rules import Explanation, comes_from
from ..storage import UnitOfWork
from ..storage.portrait_rows import IDLE, PORTRAIT
from ..storage.rows import FactRow, OutboxRow, PartyRow
from ..tagging import Evaluator, Held, Left, Portrait, Tag, Verdict, said_of
from ._golden import golden_place, open_goldens
from ._pages import pages
from ._portrait import Sitter, born_of, day_tag, drawn, open_portraits, portrait_place, portray, record_for_rules, stood
from ._reasons import reasons_of
from ._relations import by_ticket, current, granted_to
from ._tags import opened_catalogue
from ._view import as_seen, need_view_sink
from .desk import Desk, assure, authorize, need_purpose, note, over_cap, record, refuse, retried, spend
from .say import tag_is_granted

__all__ = ["PortraitView", "TagView", "portrait", "renew", "tags_of", "why"]

_AT_ONCE = 200
_MOST_DAYS = 400
"""Over how many days that nobody renewed it is looked who was due; behind more, every customer is made anew."""
_WITHHELD = "***"
_NONE = bytes(32)
"""Digest of no catalogue, behind which every customer is."""
_STATES = {"cif_no", "kind", "life_cycle", "review_state"}
"""What a rule may read that is no field of the catalogue."""


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
    reason: str
    version: str
    evidence: str


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
        whole: Whether of every customer, which never finds more.
        progress: Told how many were looked at so far.

    Returns:
        How many portraits changed.

    Raises:
        InputError: No catalogue is in force.
        NotFoundOrNotAllowedError: The policy does not let *actor* make portraits.

    Cost: opens the golden records of those it looks at; a few hundred of them are one transaction.
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

    for numbers in pages(desk, behind, "", lambda cif_no: cif_no, _AT_ONCE):
        changed += retried(partial(_renewed, desk, numbers, actor, purpose))
        looked += len(numbers)
        if progress is not None:
            progress(looked)
    # In the order of days, of which each leaves the table as its customers are made anew.
    today = desk.today()
    days = [day_tag(desk, today - timedelta(back)) for back in range(_MOST_DAYS)]
    while numbers := _due(desk, days):
        changed += retried(partial(_renewed, desk, numbers, actor, purpose))
        looked += len(numbers)
        if progress is not None:
            progress(looked)
    note(desk, actor, "renew", purpose=purpose, count=changed)
    return changed


def portrait(
    desk: Desk, cif_no: CifNo, *, at: int | None = None, actor: Actor, purpose: Purpose, sink: Sink = Sink.DISPLAY
) -> PortraitView:
    """
    The portrait of a customer, or as it was at the instant *at*: by the catalogue, the golden record and the words of then, on the day of
    then. States that have no history, such as the life cycle, are those of today.

    Raises:
        InputError: It is to go to a file, which is an export.
        NotFoundOrNotAllowedError: There is no such customer, or the policy shows *actor* no tag of them.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    need_purpose(desk, actor, "portrait", purpose)
    assure(desk, actor, Action.VIEW, "portrait", purpose)
    need_view_sink(sink)
    found: PortraitView | None = None
    within = True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        if row is not None:
            granted = granted_to(desk, unit, actor, Action.VIEW, purpose, row, sink=sink)
            if any(name.startswith(("tag:", "segment:")) for name in granted):
                found = tags_of(desk, unit, row, granted, at=at)
        if row is not None and found is not None:
            within = spend(desk, unit, actor, Action.VIEW, 1)
            if within:
                entry = AuditEntry.by(
                    actor, "portrait", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1,
                    fields=tuple(one.name for one in found.tags), rule=",".join(sorted(_rules(granted) | by_ticket(desk, actor, row))),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "portrait", purpose)
    if row is None or found is None:
        raise refuse(desk, actor, "portrait", purpose, subjects=(row.cif_no,) if row else ())
    return found


def why(desk: Desk, cif_no: CifNo, name: str, *, actor: Actor, purpose: Purpose) -> Explanation:
    """
    Why the rule of ``tag:NAME`` or ``segment:NAME`` holds of a customer today, or does not, with their values as *actor* sees them.

    Raises:
        InputError: There is no such definition, or it has no rule.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* this tag, or a field that it depends on:
            what a part of a rule says of a customer tells of the value.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    need_purpose(desk, actor, "why", purpose)
    assure(desk, actor, Action.VIEW, "why", purpose)
    tags = desk.tags
    if tags is None or name not in tags.evaluator.catalogue.order:
        raise InputError("there is no such tag or segment in the catalogue in force", path="$.name", rule="unknown_tag")
    catalogue, found, within = tags.evaluator.catalogue, None, True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        granted: Mapping[str, FieldDecision] = {}
        allowed = False
        if row is not None:
            granted = granted_to(desk, unit, actor, Action.VIEW, purpose, row)
            depends = catalogue.inputs(name)
            read = {comes_from(one) for one in depends.fields | depends.rows} - _STATES
            shown = {f"tag:{one}" for one in depends.tags} | {f"segment:{one}" for one in depends.segments} | {name}
            allowed = read <= set(granted) and all(tag_is_granted(catalogue, granted, one) for one in shown)
        if row is not None and allowed:
            found = _explained(desk, unit, tags.evaluator, row, granted, name)
            within = spend(desk, unit, actor, Action.VIEW, 1)
            if within:
                entry = AuditEntry.by(
                    actor, "why", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1, fields=(name, *sorted(read)),
                    rule=",".join(sorted(_rules(granted) | by_ticket(desk, actor, row))),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "why", purpose)
    if row is None or found is None:
        raise refuse(desk, actor, "why", purpose, subjects=(row.cif_no,) if row else (), fields=(name,) if row else ())
    return found


def tags_of(
    desk: Desk, unit: UnitOfWork, row: PartyRow, granted: Mapping[str, FieldDecision], *, at: int | None = None,
    values: Mapping[str, Any] | None = None,
) -> PortraitView:  # fmt: skip
    """The portrait of a party, now or at an instant, as *granted* lets it be seen; *values* are its golden values, if they are open."""
    instant = desk.now() if at is None else at
    day = local_date(from_micros(instant), desk.zone)
    evaluator = _evaluator_at(desk, unit, at)
    if evaluator is None:
        return PortraitView(cif_no=row.cif_no, day=day, catalogue="", tags=(), left={}, withheld=())
    if at is None:
        values = open_goldens(desk, unit, [row.cif_no])[row.cif_no] if values is None else values
        facts = unit.copies.facts([row.cif_no]).get(row.cif_no)
        before = open_portraits(desk, unit, [row.cif_no]).get(row.cif_no, Portrait())
        sitting = row
    else:
        values, before = _as_it_was(desk, unit, row, at)
        kind = PartyKind(row.kind)
        facts = FactRow(cif_no=row.cif_no, values=facts_from(kind, values, born=born_of(kind, values), today=day))
        sitting = attrs.evolve(row, branch=values.get("home_branch"), manager=values.get("manager"))
    sitter = Sitter(row=sitting, values=values, facts=facts, words=None)
    found, _ = drawn(desk, evaluator, sitter, before, day)
    catalogue = evaluator.catalogue
    seen = {
        name: tag_is_granted(catalogue, granted, name)
        for name in dict.fromkeys((*catalogue.order, *found.left, *before.left))
    }
    left = found.left or before.left
    reasons = reasons_of(desk, unit, [word.about for word in found.words.values() if word.about])
    return PortraitView(
        cif_no=row.cif_no, day=day, catalogue=catalogue.version,
        tags=tuple(
            _tag_view(evaluator, name, found.has[name], found, reasons)
            for name in catalogue.order
            if name in found.has and seen[name]
        ),
        left={name: one for name, one in left.items() if seen[name]},
        withheld=tuple(name for name in catalogue.order if not seen[name]),
    )  # fmt: skip


def _due(desk: Desk, days: Sequence[bytes]) -> Sequence[CifNo]:
    with desk.repository.unit_of_work() as unit:
        return unit.portraits.due(days, _AT_ONCE)


def _renewed(desk: Desk, numbers: Sequence[CifNo], actor: Actor, purpose: Purpose) -> int:
    """How many portraits of these customers changed; only those leave an entry."""
    with desk.unit_of_work() as unit:
        rows = [row for row in unit.parties.lock(numbers).values() if row.life_cycle not in IDLE]
        cif_nos, now = [row.cif_no for row in rows], desk.now()
        keys = desk.data_keys.get({row.anchor_key_id for row in rows})
        values = open_goldens(desk, unit, cif_nos, keys.values())
        facts = unit.copies.facts(cif_nos)
        sitters = [
            Sitter(
                row=row, values=values[row.cif_no], facts=facts.get(row.cif_no), key=keys[row.anchor_key_id], words=None
            )
            for row in rows
        ]
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


def _rule(desk: Desk) -> str:
    return f"catalogue:{desk.tags.evaluator.catalogue.version}" if desk.tags is not None else ""


def _rules(granted: Mapping[str, FieldDecision]) -> set[str]:
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


def _as_it_was(desk: Desk, unit: UnitOfWork, row: PartyRow, at: int) -> tuple[dict[str, Any], Portrait]:
    """Golden values and kept portrait of a party at an instant."""
    groups = [one for one in unit.copies.history([row.cif_no]) if stood(one, at)]
    keys: Mapping[bytes, DataKey] = desk.data_keys.get({one.key_id for one in groups}) if groups else {}
    values: dict[str, Any] = {}
    kept = Portrait()
    for one in groups:
        if one.data_group == PORTRAIT:
            kept = Portrait.of_stored(
                desk.sealer.open(one.sealed, keys[one.key_id], portrait_place(one.cif_no, one.version))
            )
        else:
            place = golden_place(one.cif_no, one.data_group, one.version)
            values.update(desk.sealer.open(one.sealed, keys[one.key_id], place)["values"])
    return values, kept


def _tag_view(evaluator: Evaluator, name: str, held: Held, found: Portrait, reasons: Mapping[str, str]) -> TagView:
    one = evaluator.catalogue.definition(name)
    word = found.words.get(one.name) if held.why is Verdict.SAID else None
    return TagView(
        name=name, zh=one.zh, en=one.en, about_zh=one.about_zh, about_en=one.about_en,
        family=one.family.value if isinstance(one, Tag) else "", since=held.since, until=held.until, why=held.why,
        said_by="" if word is None else word.actor, reason="" if word is None else reasons.get(word.about, ""),
        version=held.version, evidence=held.evidence,
    )  # fmt: skip


def _explained(
    desk: Desk, unit: UnitOfWork, evaluator: Evaluator, row: PartyRow, granted: Mapping[str, FieldDecision], name: str
) -> Explanation:
    values = open_goldens(desk, unit, [row.cif_no])[row.cif_no]
    record_ = record_for_rules(row, values, unit.copies.facts([row.cif_no]).get(row.cif_no))
    before = open_portraits(desk, unit, [row.cif_no]).get(row.cif_no, Portrait())
    catalogue = CATALOGUE[PartyKind(row.kind)]

    def show(fields: frozenset[str], value: Any) -> str:
        """Whole where every field that it is made of is shown whole, and masked like its field where it is the field itself."""
        names = {comes_from(one) for one in fields} - _STATES
        masked = [one for one in names if one not in catalogue or _is_masked(catalogue[one].mask, granted[one])]
        if value is None or not masked:
            return "" if value is None else str(value)
        only = next(iter(fields))
        if len(fields) == 1 and only in catalogue:
            return str(as_seen(desk, catalogue[only], values.get(only), granted[only]))
        return _WITHHELD

    said = said_of(evaluator.catalogue, before.words)
    sources = _sources(desk, unit, row, evaluator)
    return evaluator.explain(name, record_, desk.today(), show=show, sources=sources, said=said)


def _sources(desk: Desk, unit: UnitOfWork, row: PartyRow, evaluator: Evaluator) -> dict[str, str]:
    """By which source each value that a rule may read stands, and by which rule it won."""
    groups = unit.copies.golden([row.cif_no])
    keys: Mapping[bytes, DataKey] = desk.data_keys.get({one.key_id for one in groups}) if groups else {}
    known: dict[str, str] = {}
    for one in groups:
        place = golden_place(one.cif_no, one.data_group, one.version)
        for field, (source, _, _, rule) in desk.sealer.open(one.sealed, keys[one.key_id], place)["provenance"].items():
            known[field] = f"{source} ({rule})"
    schema = evaluator.catalogue.schema
    return {
        name: known[comes_from(name)] for name in (*schema.fields, *schema.collections) if comes_from(name) in known
    }


def _is_masked(mask: str, said: FieldDecision) -> bool:
    return mask != "clear" and said.decision.effect.value != "permit"
