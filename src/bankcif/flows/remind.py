"""
Reminders: listed to who is to act, put off, done, and told to people once a day.

They follow from the portraits and the findings that are kept (see `bankcif.tagging.todo`), so a change that takes a tag away closes what hung on it in
the same transaction, and the daily renewal opens what the calendar brings, as the nightly quality run does of findings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import attrs

from .._canonical import sha256
from ..access import Action, FieldDecision, row_known, to_lowered
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import DeliveryError, InputError
from ..party import CifNo
from ..rules import And, compiled
from ..storage import Order, UnitOfWork
from ..storage.rows import PartyRow
from ..tagging import WORD, Catalogue, Said, Todo, TodoState, Word, need_snooze
from ..upkeep import Count, Notice, Notifier
from ._decided import Asked, with_party
from ._pages import pages
from ._reasons import need_reason, reasons_of
from ._relations import by_ticket, granted_to, open_life_cycles, record_of, standing_of
from ._reminded import todos_of
from .desk import Desk, authorize, note, over_cap, record, spend
from .say import keep_word, tag_is_granted

__all__ = ["Delivered", "ReminderView", "deliver", "done", "reminders", "reminders_of", "reopen", "snooze"]

_LOGGER = logging.getLogger("bankcif.reminders")
_AT_ONCE = 200
_MOST = 500
_NONE = bytes(32)
_MANAGER = "relationship_manager"


@attrs.frozen(kw_only=True)
class ReminderView:
    """
    A reminder of a customer.

    Attributes:
        cif_no: The customer.
        name, zh, en: Which, and what is to be done.
        state: Where it stands.
        since, due: From which day on it is there, and until when it is to be done.
        until: To which day it was put off, or is done until it comes again; None otherwise.
        owner: Whose it is: the customer's manager, or a role.
        by, reason: Who put it off or did it, and why; empty if nobody did.
    """

    cif_no: CifNo
    name: str
    zh: str
    en: str
    state: TodoState
    since: date
    due: date
    until: date | None
    owner: str
    by: str
    reason: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Delivered:
    """How many notices went out, how many had gone out before, and how many could not be delivered."""

    sent: int
    before: int
    failed: int


def reminders(desk: Desk, *, limit: int = 100, actor: Actor, purpose: Purpose) -> tuple[ReminderView, ...]:
    """
    What waits for *actor*, the first due first: of their customers what is for their manager, and what is for one of their roles.

    Raises:
        InputError: A limit out of its range.
        NotFoundOrNotAllowedError: The policy does not let *actor* work on reminders.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.

    Cost: opens the portraits of every customer on whom *actor* may work, and reads their findings.
    """
    authorize(desk, actor, Action.WORK, "reminders", purpose)
    if not 1 <= limit <= _MOST:
        raise InputError(f"a list has 1 to {_MOST} reminders", path="$.limit", rule="limit")
    found: list[tuple[Todo, PartyRow]] = []
    rules: set[str] = set()
    with desk.unit_of_work() as unit:
        for row, granted, open_ones in _mine(desk, unit, actor, purpose):
            found += [(one, row) for one in open_ones]
            rules |= {granted[name].decision.rule for name in granted} | by_ticket(desk, actor, row)
        found = sorted(found, key=lambda one: (one[0].due, one[0].reminder.name, one[1].cif_no))[:limit]
        subjects = tuple(dict.fromkeys(row.cif_no for _, row in found))
        within = spend(desk, unit, actor, Action.VIEW, len(subjects))
        if within:
            entry = AuditEntry.by(
                actor, "reminders", desk.now(), purpose=purpose, subjects=subjects, count=len(subjects), fields=("tags",),
                rule=",".join(sorted(rules)),
            )  # fmt: skip
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "reminders", purpose)
    return tuple(_view(row, one, "") for one, row in found)


def reminders_of(
    desk: Desk, unit: UnitOfWork, row: PartyRow, granted: Mapping[str, FieldDecision]
) -> tuple[ReminderView, ...]:
    """The reminders of a customer, of the tags that *granted* shows, done ones and those put off among them."""
    catalogue = _catalogue(desk)
    shown = [one for one in catalogue.reminders.values() if tag_is_granted(catalogue, granted, one.of)]
    if not shown:
        return ()
    found = todos_of(desk, unit, shown, [row]).get(row.cif_no, ())
    words = reasons_of(desk, unit, [one.about for one in found if one.about])
    return tuple(_view(row, one, words.get(one.about, "")) for one in found)


def done(desk: Desk, cif_no: CifNo, name: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Says that a reminder is done; if its tag still stands after `Reminder.again_days`, it comes again.

    Raises:
        InputError: No such reminder waits.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.
    """
    _speak(desk, cif_no, name, Said.DONE, None, reason, _asked(actor, purpose))


def snooze(desk: Desk, cif_no: CifNo, name: str, until: date, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Puts a reminder off; *until* is the last day on which it does not wait.

    Raises:
        InputError: No such reminder waits, or it may not be put off to that day.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.
    """
    _speak(desk, cif_no, name, Said.SNOOZED, until, reason, _asked(actor, purpose))


def reopen(desk: Desk, cif_no: CifNo, name: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Takes back that a reminder is done or put off.

    Raises:
        InputError: Nobody said so.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* work on it.
    """
    _speak(desk, cif_no, name, None, None, reason, _asked(actor, purpose))


def deliver(desk: Desk, notifier: Notifier, *, actor: Actor, purpose: Purpose) -> Delivered:
    """
    Tells everybody what waits for them today: a manager of their customers, and else whoever holds the role. Run again on the same day it sends what
    could not be delivered, and nothing twice.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* make portraits.

    Cost: opens the portraits of all customers.
    """
    authorize(desk, actor, Action.PORTRAY, "deliver_reminders", purpose)
    today = desk.today()
    counts: dict[str, dict[str, Count]] = {}
    for row, found in _everybody(desk):
        for one in found:
            for to in _told(one, row):
                mine = counts.setdefault(to, {})
                mine[one.reminder.name] = _one_more(mine.get(one.reminder.name), one, today)
    note(desk, actor, "deliver_reminders", purpose=purpose, count=len(counts))  # before anybody is told
    sent = before = failed = 0
    for to, mine in sorted(counts.items()):
        notice = Notice(
            id=sha256("bankcif/v1/notice", desk.tenant, to, today.isoformat()).hex()[:32], to=to, day=today, counts=mine
        )
        with desk.unit_of_work() as unit:
            told = unit.usage.add(notice.id, "notice", today.toordinal(), 0)
        if told:
            before += 1
            continue
        try:
            notifier.notify(notice)
        except DeliveryError as error:
            failed += 1
            _LOGGER.warning("a notice was not delivered: %s", error.rule or error.code)
            continue
        sent += 1
        with desk.unit_of_work() as unit:
            unit.usage.add(notice.id, "notice", today.toordinal(), 1)
            unit.commit()
    return Delivered(sent=sent, before=before, failed=failed)


def _catalogue(desk: Desk) -> Catalogue:
    return Catalogue.of("") if desk.tags is None else desk.tags.evaluator.catalogue


def _mine(
    desk: Desk, unit: UnitOfWork, actor: Actor, purpose: Purpose
) -> Iterator[tuple[PartyRow, Mapping[str, FieldDecision], list[Todo]]]:
    """The customers on whom *actor* may work, with what waits for them."""
    catalogue = _catalogue(desk)
    known = list(catalogue.reminders.values())
    ticketed, broken = standing_of(desk, unit, actor, Action.WORK)
    mine = desk.policy.visible(actor, Action.WORK, purpose, ticketed=ticketed, broken=broken)
    rule = to_lowered(And((mine, open_life_cycles(purpose))))
    parameters, last = row_known(rule, actor, desk.today()), None
    holds = compiled(rule)
    while known and (page := unit.search.page(rule, parameters, Order(), last, _AT_ONCE, rule.reads)):
        last = (page[-1][0].cif_no, page[-1][0].cif_no)
        rows = {row.cif_no: (row, facts) for row, facts in page if holds(record_of(row, facts), parameters)}
        for cif_no, found in todos_of(desk, unit, known, [row for row, _ in rows.values()]).items():
            row, facts = rows[cif_no]
            waiting = [one for one in found if one.waits and _is_for(one, row, actor)]
            if waiting:
                granted = granted_to(desk, unit, actor, Action.WORK, purpose, row, facts=facts, broken=broken)
                shown = [one for one in waiting if tag_is_granted(catalogue, granted, one.reminder.of)]
                if shown:
                    yield row, granted, shown


def _everybody(desk: Desk) -> Iterator[tuple[PartyRow, list[Todo]]]:
    """Every customer with something that waits."""
    known = list(_catalogue(desk).reminders.values())

    def read(unit: UnitOfWork, after: str) -> Sequence[CifNo]:
        return unit.portraits.behind(_NONE, after, _AT_ONCE)

    for numbers in pages(desk, read, "", lambda cif_no: cif_no, _AT_ONCE) if known else ():
        with desk.repository.unit_of_work() as unit:
            rows = unit.parties.get(numbers)
            found = todos_of(desk, unit, known, list(rows.values()))
        for cif_no, mine in found.items():
            waiting = [one for one in mine if one.waits]
            if waiting:
                yield rows[cif_no], waiting


def _is_for(one: Todo, row: PartyRow, actor: Actor) -> bool:
    """Whether it is somebody's, by who they are or by a role of theirs."""
    return not {actor.id, *actor.roles}.isdisjoint(_told(one, row))


def _told(one: Todo, row: PartyRow) -> tuple[str, ...]:
    """Whose it is: the customer's manager alone, where managers do it and there is one; and of what was escalated, others too."""
    if _MANAGER in one.reminder.roles and row.manager:
        return (row.manager, *(one.reminder.escalate_to if one.state is TodoState.ESCALATED else ()))
    return one.roles


def _one_more(count: Count | None, one: Todo, today: date) -> Count:
    known = count or Count(zh=one.reminder.zh, en=one.reminder.en)
    return attrs.evolve(
        known, waits=known.waits + 1, fresh=known.fresh + (one.since == today),
        overdue=known.overdue + (one.state is TodoState.OVERDUE), escalated=known.escalated + (one.state is TodoState.ESCALATED),
    )  # fmt: skip


def _view(row: PartyRow, one: Todo, reason: str) -> ReminderView:
    return ReminderView(
        cif_no=row.cif_no, name=one.reminder.name, zh=one.reminder.zh, en=one.reminder.en, state=one.state, since=one.since, due=one.due,
        until=one.until, owner=_told(one, row)[0], by=one.by, reason=reason,
    )  # fmt: skip


def _asked(actor: Actor, purpose: Purpose) -> Asked:
    return Asked(Action.WORK, "remind", ("tag",), actor, purpose)


def _speak(
    desk: Desk, cif_no: CifNo, name: str, said: Said | None, until: date | None, reason: str, asked: Asked
) -> None:
    need_reason(reason)
    if asked.actor.on_behalf_of:
        raise InputError("who did it says so; nobody says it on another's behalf", rule="on_behalf_of")
    catalogue = _catalogue(desk)
    known = catalogue.reminders.get(name)

    def allowed(granted: Mapping[str, FieldDecision]) -> bool:
        return known is None or tag_is_granted(catalogue, granted, known.of)

    def work(unit: UnitOfWork, row: PartyRow) -> bool:
        one = next(iter(todos_of(desk, unit, [known], [row]).get(row.cif_no, ())), None) if known is not None else None
        if known is None or one is None or (said is not None and one.state is TodoState.DONE):
            raise InputError(
                "no such reminder waits for this customer", path="$.name", rule="reminder", cif_no=row.cif_no
            )
        last = until
        if said is Said.SNOOZED and until is not None:
            need_snooze(one, until, desk.today())
        if said is Said.DONE and known.again_days is not None:
            last = desk.today() + timedelta(known.again_days - 1)
        word = Word(tag=WORD + name, said=said, until=last, at=desk.now(), actor=asked.actor.id)
        keep_word(desk, unit, row, word, asked, reason)
        return True

    with_party(desk, cif_no, asked, allowed, work)
