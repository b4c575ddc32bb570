"""
Everything of a customer in one call: who they are, what they hold, what passed between them and the bank, their tags, and what waits;
as far as somebody may see it, with what is withheld named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from ..access import Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose, Sink
from ..party import CifNo, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._consented import rests_on_consent
from ._opened import open_golden
from ._pending import pending
from ._relations import current, granted_to, is_seen
from ._reviewed import reviewed
from ._view import CustomerView, need_view_sink, view_of
from ._walked import Ask, RelationView, relations_shown
from .desk import Desk, assure, need_purpose, over_cap, record, refuse, spend
from .findings import FindingView, findings_of
from .portray import PortraitView, tags_granted, tags_of
from .remind import ReminderView, reminders_of

__all__ = ["Contact", "Customer360", "OpenTask", "customer360"]

_MOST = 200
"""Contacts that are shown, the latest."""


@attrs.frozen(kw_only=True)
class Contact:
    """
    A contact between bank and customer.

    Attributes:
        on: The day.
        channel, type, direction, campaign, outcome: Codes; what somebody wrote is masked.
        due: The day by which something is to be done.
    """

    on: date
    channel: str
    type: str
    direction: str
    campaign: str
    outcome: str
    due: date | None


@attrs.frozen(kw_only=True)
class OpenTask:
    """A question about the customer that waits for a person: its id, what it is about, and whom else, if that may be seen."""

    id: str
    task: str
    other: CifNo | None
    opened_at: int


@attrs.frozen(kw_only=True)
class Customer360:
    """
    A customer as a whole.

    Attributes:
        view: Identity, contacts, holdings and the other fields, masked, with what waits for a second person.
        portrait: Their tags and segments.
        contacts: What passed between them and the bank, the latest first.
        relations: Those that stand today, with the other ones as they may be seen.
        due: Contacts that ask for something to be done and have no outcome, the earliest due first: the next actions at the counter.
        tasks: Questions that wait for a person.
        reminders: What is to be done about them while they have a tag, of the tags that are shown.
        findings: What is to be put right of the fields that are shown, what is accepted for a time or told to be none among them.
        limits: What they may not do until a review is passed, of whoever may see their reviews.
        withheld: Fields, tags and segments that there are or may be, ``tasks`` and ``limits``, of which nothing is shown to this actor.
    """

    view: CustomerView
    portrait: PortraitView
    contacts: tuple[Contact, ...]
    relations: tuple[RelationView, ...]
    due: tuple[Contact, ...]
    tasks: tuple[OpenTask, ...]
    reminders: tuple[ReminderView, ...]
    findings: tuple[FindingView, ...]
    limits: tuple[str, ...]
    withheld: tuple[str, ...]


def customer360(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose, sink: Sink = Sink.DISPLAY) -> Customer360:
    """
    All of a customer that *actor* may see for *purpose*; a retired number gives its survivor. One entry in the log.

    Raises:
        InputError: It is to go to a file, which is an export.
        NotFoundOrNotAllowedError: There is no such customer, or nothing of them may be seen.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    need_purpose(desk, actor, "customer360", purpose)
    assure(desk, actor, Action.VIEW, "customer360", purpose)
    need_view_sink(sink)
    found: Customer360 | None = None
    within = True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        granted = {} if row is None else granted_to(desk, unit, actor, Action.VIEW, purpose, row, sink=sink)
        if row is not None and granted:
            ask = Ask(desk, unit, row, actor, purpose, sink)
            found, rules = _seen(desk, unit, row, granted, actor, ask)
            related = ask.seen.keys() - {row.cif_no}
            within = spend(desk, unit, actor, Action.VIEW, 1 + len(related))
            if within:
                others = {task.other for task in found.tasks if task.other is not None} | related
                entry = AuditEntry.by(
                    actor, "customer360", desk.now(), purpose=purpose, subjects=(row.cif_no, *sorted(others)), count=1,
                    fields=(*found.view.values, *tags_granted(granted)), rule=",".join(sorted(rules)),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "customer360", purpose)
    if row is None or found is None:
        raise refuse(desk, actor, "customer360", purpose, subjects=(row.cif_no,) if row else ())
    return found


def _seen(
    desk: Desk, unit: UnitOfWork, row: PartyRow, granted: Mapping[str, FieldDecision], actor: Actor, ask: Ask
) -> tuple[Customer360, set[str]]:
    values = open_golden(desk, unit, row)
    waiting = pending(desk, unit, row, actor, ask.purpose, granted, ask.sink)
    quiet = rests_on_consent(desk, Action.VIEW, ask.purpose)
    view, rules = view_of(desk, row, values, granted, actor, ask.sink, waiting, quiet=quiet)
    portrait = tags_of(desk, unit, row, granted, values=values)
    tagged = [name for name in granted if name.startswith(("tag:", "segment:"))]
    rules |= {granted[name].decision.rule for name in tagged if portrait.tags}
    contacts = _contacts(view.values.get("interactions"))
    may_task = desk.policy.allows(actor, Action.LINK).effect is Effect.PERMIT
    found = Customer360(
        view=view, portrait=portrait, contacts=contacts[:_MOST],
        relations=relations_shown(ask, desk.today()) if "relationships" in view.values else (),
        due=tuple(sorted((one for one in contacts if one.due and not one.outcome), key=lambda one: (one.due, one.on))),
        tasks=_tasks(desk, unit, row, actor) if may_task else (), reminders=reminders_of(desk, unit, row, granted),
        findings=findings_of(desk, unit, row, granted.keys()),
        limits=reviewed(desk, PartyKind(row.kind), values, row.created_at).limits if "reviews" in granted else (),
        withheld=(
            *view.withheld, *portrait.withheld, *(() if may_task else ("tasks",)), *(() if "reviews" in granted else ("limits",))
        ),
    )  # fmt: skip
    return found, rules


def _contacts(shown: Any) -> tuple[Contact, ...]:
    """The contacts of a masked field, the latest first; none of one that is hidden whole, or of rows without a day."""
    rows: Sequence[Mapping[str, Any]] = shown if isinstance(shown, list) else ()
    found = []
    for one in rows:
        on = _day(one.get("on"))
        if on is not None:
            words = {name: str(one.get(name) or "") for name in ("channel", "type", "direction", "campaign", "outcome")}
            found.append(Contact(on=on, due=_day(one.get("due")), **words))
    return tuple(sorted(found, key=lambda one: one.on, reverse=True))


def _day(value: Any) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _tasks(desk: Desk, unit: UnitOfWork, row: PartyRow, actor: Actor) -> tuple[OpenTask, ...]:
    open_ones = unit.work.tasks(state="open", cif_nos=[row.cif_no])
    others = {cif for task in open_ones for cif in (task.cif_no, task.other)} - {row.cif_no}
    rows = unit.parties.get(others) if others else {}
    seen = {cif for cif, one in rows.items() if is_seen(desk, unit, actor, one)}
    found = []
    for task in open_ones:
        other = task.other if task.cif_no == row.cif_no else task.cif_no
        found.append(
            OpenTask(id=task.id, task=task.task, other=other if other in seen else None, opened_at=task.opened_at)
        )
    return tuple(found)
