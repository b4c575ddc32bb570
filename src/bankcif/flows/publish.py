"""
Publishing tag catalogues: proposed by one person with what would become of the customers, approved by another, put back the same way.

Portraits are made anew by `bankcif.flows.portray.renew`, which goes on where it was interrupted; until a customer's turn has come their
portrait says by which catalogue it was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import attrs

from .._canonical import dumps, sha256
from ..access import Action, is_label
from ..approval import Approval, Operation
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CifNo
from ..rules import fields_behind
from ..storage import UnitOfWork
from ..storage.portrait_rows import CatalogueRow
from ..tagging import FINDING, Catalogue, Evaluator, Portrait, Word, heard, said_of
from ._opened import open_goldens
from ._pages import as_it_stands, pages
from ._policy import policy_ground
from ._portrait import open_portraits, others_of, record_for_rules
from ._proposals import is_kept, proposed, write_proposal
from ._reasons import need_reason
from ._tags import catalogue_ground, catalogue_marked, catalogue_row, opened_catalogue
from .audiences import at_least
from .desk import Desk, authorize, over_cap, record, refuse, spend

__all__ = [
    "Change",
    "Preview",
    "Published",
    "change_catalogue",
    "ground_of_catalogue",
    "preview_catalogue",
    "propose_catalogue",
    "propose_rollback",
    "proposed_catalogue",
    "published",
]

_AT_ONCE = 500
_NONE = bytes(32)
"""Digest of no catalogue, behind which every customer is."""
_PLAIN = frozenset({"kind", "life_cycle", "review_state"})
"""What every rule may read."""
_MOST_BYTES, _MOST_DEFINITIONS = 1_000_000, 1_000


@attrs.frozen
class Change:
    """
    What a catalogue would change of one definition.

    Attributes:
        name: ``tag:NAME`` or ``segment:NAME``.
        had, enter, leave: How many customers it holds of now, of how many more it would, and of how many no more; None where they are fewer than
            the policy lets be told.
        depend: The definitions that depend on it, those of its own group left out.
    """

    name: str
    had: int | None
    enter: int | None
    leave: int | None
    depend: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Preview:
    """
    What would become of the customers.

    Attributes:
        customers: How many were looked at.
        changes: Of every definition of either catalogue whose rule is another, or of which somebody would enter or leave.
        overlaps: Of tags of one group, which would hold together of how many customers, were they not a group.
    """

    customers: int
    changes: tuple[Change, ...]
    overlaps: Mapping[frozenset[str], int]


@attrs.frozen(kw_only=True)
class Published:
    """A catalogue that is or was in force: by which proposal, its version, and the instants between which it was, in microseconds."""

    proposal: str
    version: str
    since: int
    until: int | None


def preview_catalogue(desk: Desk, catalogue: Catalogue, *, actor: Actor, purpose: Purpose) -> Preview:
    """
    Who would enter and who would leave, were *catalogue* in force today: counts alone, and none below what the policy lets be told.

    Raises:
        AccessError: *actor* has previewed as often in this hour as the policy allows.
        InputError: Its rules speak of numbers, or it is too large.
        NotFoundOrNotAllowedError: The policy does not let *actor* publish catalogues, or one whose rules read such fields.

    Cost: opens every golden record once, and evaluates both catalogues on it.
    """
    _need_fields(desk, catalogue, actor, "preview_catalogue", purpose)
    new, old = Evaluator(catalogue), Evaluator(Catalogue.of("")) if desk.tags is None else desk.tags.evaluator
    today, count = desk.today(), 0
    had, enter, leave = Counter[str](), Counter[str](), Counter[str]()
    overlaps = Counter[frozenset[str]]()

    def read(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.portraits.behind(_NONE, after, _AT_ONCE)

    for numbers in pages(desk, read, "", lambda cif_no: cif_no, _AT_ONCE):
        records = []
        for asked, portrait in as_it_stands(desk, partial(_asked, desk, numbers)):
            words = heard(portrait.words, today)
            now, then = _has(old, asked, words, today), _has(new, asked, words, today)
            had.update(now)
            enter.update(then - now)
            leave.update(now - then)
            records.append(asked)
        overlaps.update(new.overlaps(records, today))
        count += len(numbers)
    with desk.unit_of_work() as unit:
        within = spend(desk, unit, actor, Action.CATALOGUE, 1)
        if within:
            entry = AuditEntry.by(
                actor, "preview_catalogue", desk.now(), purpose=purpose, count=count, rule=_named(catalogue),
                fields=tuple(sorted(_read_by(catalogue))),
            )  # fmt: skip
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.CATALOGUE, "preview_catalogue", purpose)
    told = partial(at_least, k=desk.policy.least_k(actor, Action.CATALOGUE, purpose))
    names = [name for name in dict.fromkeys((*new.catalogue.order, *old.catalogue.order))
             if _is_other(old.catalogue, new.catalogue, name) or enter[name] or leave[name]]  # fmt: skip
    return Preview(
        customers=count, overlaps={names: number for names, number in overlaps.items() if told(number) is not None},
        changes=tuple(
            Change(name, told(had[name]), told(enter[name]), told(leave[name]), _depending(catalogue, name)) for name in names
        ),
    )  # fmt: skip


def propose_catalogue(desk: Desk, catalogue: Catalogue, *, reason: str, actor: Actor, purpose: Purpose) -> Approval:
    """
    Proposes *catalogue* in place of the one in force; a second person decides.

    Raises:
        InputError: It is in force already.
        RuleError: It reads fields that the store does not have.
        NotFoundOrNotAllowedError: The policy does not let *actor* publish catalogues, or one whose rules read such fields.
    """
    need_reason(reason)
    catalogue = Catalogue.from_document(catalogue.document())  # however it was built, it is one that can be read
    _need_fields(desk, catalogue, actor, "propose_catalogue", purpose)
    with desk.unit_of_work() as unit:
        active = unit.catalogues.active()
        row = catalogue_row(catalogue, "")
        if active is not None and active.digest == row.digest:
            raise InputError("this catalogue is in force already", rule="catalogue")
        detail = {"what": catalogue.version, "digest": row.digest.hex()}
        ground = {**catalogue_ground(unit), **policy_ground(unit)}
        approval = proposed(desk, Operation.CATALOGUE, (), detail, ground, actor, reason=reason)
        unit.catalogues.put(catalogue_marked(desk.digester, attrs.evolve(row, id=approval.id)))
        write_proposal(desk, unit, approval, actor)
    return approval


def proposed_catalogue(desk: Desk, approval_id: str, *, actor: Actor, purpose: Purpose) -> Catalogue:
    """
    The catalogue of a proposal, for whoever decides about it.

    Raises:
        NotFoundOrNotAllowedError: There is no such proposal, or the policy does not let *actor* publish catalogues.
    """
    authorize(desk, actor, Action.CATALOGUE, "proposed_catalogue", purpose)
    with desk.unit_of_work() as unit:
        approval = next(iter(unit.work.approvals(ids=[approval_id])), None)
        row = unit.catalogues.get(approval_id)
        good = row is not None and approval is not None and is_kept(desk, approval)
        if good and row is not None and approval is not None and row.digest.hex() == approval.detail.get("digest"):
            found = opened_catalogue(row, desk.digester)
            record(
                desk,
                unit,
                [AuditEntry.by(actor, "proposed_catalogue", desk.now(), purpose=purpose, rule=_named(found))],
            )
            unit.commit()
            return found
    raise refuse(desk, actor, "proposed_catalogue", purpose, rule="no_proposal")


def propose_rollback(desk: Desk, to: str | None = None, *, reason: str, actor: Actor, purpose: Purpose) -> Approval:
    """
    Proposes a catalogue that was in force before: that of the proposal *to*, as `published` names it, or the one before the present one.

    Raises:
        InputError: There was none.
        NotFoundOrNotAllowedError: As `propose_catalogue`.
    """
    authorize(desk, actor, Action.CATALOGUE, "propose_catalogue", purpose)
    with desk.repository.unit_of_work() as unit:
        rows = _published(unit)
    chosen = rows[-2:-1] if to is None else [row for row in rows if row.id == to]
    if not chosen:
        raise InputError("no such catalogue was in force before this one", rule="catalogue")
    before = opened_catalogue(chosen[0], desk.digester)
    return propose_catalogue(desk, before, reason=reason, actor=actor, purpose=purpose)


def published(desk: Desk, *, actor: Actor, purpose: Purpose) -> list[Published]:
    """
    The catalogues that are or were in force, oldest first.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* publish catalogues.
    """
    authorize(desk, actor, Action.CATALOGUE, "published", purpose)
    with desk.unit_of_work() as unit:
        rows = _published(unit)
        record(desk, unit, [AuditEntry.by(actor, "published", desk.now(), purpose=purpose, count=len(rows))])
        unit.commit()
    return [Published(proposal=row.id, version=row.version, since=row.since or 0, until=row.until) for row in rows]


def ground_of_catalogue(_desk: Desk, unit: UnitOfWork, _approval: Approval) -> dict[str, str]:
    """What a change of the catalogue stands on, as it is now: the one in force, and the policy that let its rules read what they read."""
    unit.keys.lock()  # of two that are approved at once, one finds another catalogue in force
    return {**catalogue_ground(unit), **policy_ground(unit)}


def change_catalogue(desk: Desk, unit: UnitOfWork, approval: Approval, actor: Actor, now: int) -> dict[str, str]:
    """Carries out an approved change; portraits follow when they are renewed, or when their customers change."""
    old, new = unit.catalogues.active(), unit.catalogues.get(approval.id)
    if new is None or new.digest.hex() != approval.detail["digest"]:
        raise InputError("the proposed catalogue is not what was proposed", rule="catalogue")
    opened_catalogue(new, desk.digester)
    if old is not None:
        now = max(now, (old.since or 0) + 1)  # a clock that was set back does not make the new one the older
    for row in unit.catalogues.all():
        if row.since is not None and row.until is None:
            unit.catalogues.put(catalogue_marked(desk.digester, attrs.evolve(row, until=now)))
    unit.catalogues.put(catalogue_marked(desk.digester, attrs.evolve(new, since=now, until=None)))
    said = AuditEntry(at=now, actor=actor.id, action="catalogue_in_force", rule=f"{new.version}:{new.digest.hex()}")
    record(desk, unit, [said])
    return {}


def _published(unit: UnitOfWork) -> list[CatalogueRow]:
    return sorted((row for row in unit.catalogues.all() if row.since is not None), key=lambda row: row.since or 0)


def _need_fields(desk: Desk, catalogue: Catalogue, actor: Actor, what: str, purpose: Purpose) -> None:
    """Refuses who may not publish catalogues, or one whose rules read fields that they may not read, and any that names customers."""
    authorize(desk, actor, Action.CATALOGUE, what, purpose)
    document = dumps(catalogue.document())
    if not is_label(catalogue.version) or len(document) > _MOST_BYTES or len(catalogue.order) > _MOST_DEFINITIONS:
        raise InputError(
            f"a catalogue's version is one to 64 printable characters, and it has {_MOST_DEFINITIONS:,} definitions in {_MOST_BYTES:,} bytes at most",
            rule="catalogue",
        )
    granted = {
        field
        for grant in desk.policy.grants_of(actor)
        if Action.CATALOGUE in grant.actions and purpose in grant.purposes
        for field in grant.fields
    }
    unknown = sorted(
        {one.of.removeprefix(FINDING) for one in catalogue.reminders.values() if one.of.startswith(FINDING)}
        - desk.quality.rules.keys()
    )
    if unknown:
        raise InputError(
            f"a reminder hangs on a rule of quality that there is not: {', '.join(unknown)}",
            path="$.reminder",
            rule="reminder",
        )
    read = _read_by(catalogue)
    if "cif_no" in read:  # else counts say of one customer whatever is asked
        raise InputError("a rule of a tag does not speak of customers' numbers", rule="rule_fields")
    missing = sorted(read - granted - _PLAIN)
    if missing:
        raise refuse(desk, actor, what, purpose, fields=tuple(missing), rule="rule_fields")


def _asked(desk: Desk, numbers: Sequence[CifNo], unit: UnitOfWork) -> list[tuple[Mapping[str, Any], Portrait]]:
    """What rules ask of some customers, and their portraits."""
    rows, facts = unit.parties.get(numbers), unit.copies.facts(numbers)
    values, portraits = open_goldens(desk, unit, numbers), open_portraits(desk, unit, numbers)
    others = others_of(unit, values)
    return [
        (record_for_rules(rows[one], values[one], facts.get(one), others[one]), portraits.get(one, Portrait()))
        for one in numbers
    ]


def _has(evaluator: Evaluator, asked: Mapping[str, Any], words: Mapping[str, Word], today: date) -> set[str]:
    said = said_of(evaluator.catalogue, words)
    return {name for name, verdict in evaluator.verdicts(asked, today, said).items() if verdict.has}


def _depending(catalogue: Catalogue, name: str) -> tuple[str, ...]:
    group = catalogue.tags[name.partition(":")[2]].group if name in catalogue.order and name.startswith("tag:") else ""
    own = {name, *(f"tag:{tag.name}" for tag in (catalogue.group_of(group) if group else ()))}
    return tuple(one for one in catalogue.impact(name) if one not in own)


def _read_by(catalogue: Catalogue) -> set[str]:
    """The fields of the field catalogue that the rules read."""
    needed = map(catalogue.needs, catalogue.order)
    return {field for one in needed for name in one.fields | one.rows for field in fields_behind(name)}


def _named(catalogue: Catalogue) -> str:
    """A catalogue as the log names it."""
    return f"{catalogue.version}:{sha256('bankcif/v1/catalogue', dumps(catalogue.document())).hex()}"


def _is_other(old: Catalogue, new: Catalogue, name: str) -> bool:
    """Whether a definition is new, gone, or another."""
    there = [one.version_of(name) if name in one.order else None for one in (old, new)]
    return there[0] != there[1]
