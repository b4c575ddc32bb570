"""`bankcif reminder …`: what is to be done about customers, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs
import click

from ..flows.remind import ReminderView
from ..upkeep import LogNotifier
from ._shared import Session, customer_command, emit, harmless, table

__all__ = ["print_reminders", "reminder"]

_REASON = click.option("--reason", required=True, help="Why, or what came of it; kept sealed, with the customer.")


@click.group()
def reminder() -> None:
    """What is to be done about customers while they have a tag."""


@reminder.command("list")
@click.option("--limit", type=int, default=100, show_default=True)
@customer_command
def list_(session: Session, limit: int) -> int:
    """What waits for you, the first due first."""
    with session.open() as cif:
        found = cif.reminders.waiting(limit=limit, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: print_reminders(found))
    return 0


@reminder.command("done")
@click.argument("cif_no")
@click.argument("name")
@_REASON
@customer_command
def done(session: Session, cif_no: str, name: str, reason: str) -> int:
    """Say that the reminder NAME of a customer is done."""
    with session.open() as cif:
        cif.reminders.done(cif_no, name, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"name": name}, lambda: click.echo("done"))
    return 0


@reminder.command("snooze")
@click.argument("cif_no")
@click.argument("name")
@click.argument("until", type=click.DateTime(["%Y-%m-%d"]))
@_REASON
@customer_command
def snooze(session: Session, cif_no: str, name: str, until: datetime, reason: str) -> int:
    """Put the reminder NAME of a customer off, up to and with the day UNTIL."""
    with session.open() as cif:
        cif.reminders.snooze(
            cif_no, name, until.date(), reason=reason, actor=session.actor(cif), purpose=session.purpose
        )
    emit(session.as_json, {"name": name}, lambda: click.echo("put off"))
    return 0


@reminder.command("reopen")
@click.argument("cif_no")
@click.argument("name")
@_REASON
@customer_command
def reopen(session: Session, cif_no: str, name: str, reason: str) -> int:
    """Take back that the reminder NAME of a customer is done or put off."""
    with session.open() as cif:
        cif.reminders.reopen(cif_no, name, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"name": name}, lambda: click.echo("open again"))
    return 0


@reminder.command("deliver")
@customer_command
def deliver(session: Session) -> int:
    """Tell everybody what waits for them today, by the log `bankcif.reminders`. A service brings a notifier of its own."""
    with session.open() as cif:
        found = cif.reminders.deliver(LogNotifier("en"), actor=session.actor(cif), purpose=session.purpose)
    emit(
        session.as_json, attrs.asdict(found),
        lambda: click.echo(f"{found.sent} told, {found.before} told before, {found.failed} not reached"),
    )  # fmt: skip
    return 0 if not found.failed else 1


def print_reminders(found: Sequence[ReminderView]) -> None:
    """Reminders, for people."""
    rows = [
        (one.due, one.state.value, one.cif_no, one.name, f"{one.en} {one.zh}", one.owner, one.until or "", harmless(one.reason))
        for one in found
    ]  # fmt: skip
    table("Reminders", ("due", "state", "customer", "name", "to be done", "whose", "until", "reason"), rows)
