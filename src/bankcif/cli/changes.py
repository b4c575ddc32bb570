"""`bankcif change …`: what persons change of customers, with reasons, effective days and approval."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from .._clock import from_micros
from ..flows.change import Changed, ChangeSet
from ..flows.changes import Change
from ..party import code_lists
from ._shared import Session, customer_command, emit, harmless, shown, table

__all__ = ["change"]

_CODES = sorted(code_lists()["change_reason"].labels)


@click.group()
def change() -> None:
    """What persons change of customers."""


@change.command("make")
@click.argument("cif_no")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field and its new value; none to clear it. May be repeated.",
)
@click.option(
    "--document",
    "documents",
    multiple=True,
    metavar="SCHEME=NUMBER",
    help="A document in place of that of its scheme. May be repeated.",
)
@click.option("--code", required=True, type=click.Choice(_CODES), help="Why.")
@click.option("--reason", required=True, help="Why, in your words; kept sealed, with the customer.")
@click.option("--evidence", default="", help="Reference to what proves it.")
@click.option("--channel", default="counter", show_default=True, help="By which way it came.")
@click.option("--effective", type=click.DateTime(["%Y-%m-%d"]), help="From which day on it holds, behind or ahead.")
@click.option("--version", type=int, help="The version of the customer that it was made from, as show prints it.")
@customer_command
def make(
    session: Session, cif_no: str, given: tuple[str, ...], documents: tuple[str, ...], code: str, reason: str,
    effective: datetime | None, **more: Any,
) -> int:  # fmt: skip
    """Change a customer's values: at once, on a day, or, where it takes a second person, once they approve."""
    values: dict[str, Any] = {name: value or None for name, value in map(_pair, given)}
    if documents:
        values["identifiers"] = [{"scheme": scheme, "number": number} for scheme, number in map(_pair, documents)]
    made = ChangeSet(
        values=values, code=code, text=reason, effective=None if effective is None else effective.date(), **more
    )
    with session.open() as cif:
        done = cif.changes.make(cif_no, made, actor=session.actor(cif), purpose=session.purpose)
    document = {
        "id": done.id, "state": done.state.value, "changed": done.changed, "proposal": done.approval, "rules": done.rules
    }  # fmt: skip
    emit(session.as_json, document, lambda: click.echo(_told(done)))
    return 0


@change.command("list")
@click.argument("cif_no")
@customer_command
def list_(session: Session, cif_no: str) -> int:
    """The changes that persons made of a customer, the latest first, with what stood before."""
    with session.open() as cif:
        found = cif.changes.of(cif_no, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, [_document(one) for one in found], lambda: _print(found))
    return 0


@change.command("cancel")
@click.argument("cif_no")
@click.argument("id")
@click.option("--reason", required=True, help="Why; kept sealed, with the customer.")
@customer_command
def cancel(session: Session, cif_no: str, id: str, reason: str) -> int:  # noqa: A002 (the command line's word)
    """Take the change ID back, which has not begun."""
    with session.open() as cif:
        cif.changes.cancel(cif_no, id, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"id": id}, lambda: click.echo("cancelled"))
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(
            "--set and --document take a name, an equals sign and a value, such as email=a@example.org"
        )
    return name, value


def _told(done: Changed) -> str:
    if done.approval:
        return f"change {done.id} waits for a second person ({', '.join(done.rules)}): proposal {done.approval}"
    if done.state == "scheduled":
        return f"change {done.id} is scheduled for its day; the daily rebuild brings it in"
    return f"change {done.id} is in: {', '.join(done.changed) or 'other words stand above it'}"


def _document(one: Change) -> dict[str, Any]:
    return {
        "id": one.id, "state": one.state.value, "proposal": one.approval, "values": dict(one.values), "before": dict(one.before),
        "withheld": one.withheld, "code": one.code, "reason": one.text, "evidence": one.evidence, "channel": one.channel,
        "maker": one.maker, "at": from_micros(one.at), "effective": one.effective,
    }  # fmt: skip


def _print(found: tuple[Change, ...]) -> None:
    rows = [
        (
            one.effective, one.state.value, name, shown(one.before.get(name)), shown(value), one.code, harmless(one.text), one.maker,
            one.id,
        )
        for one in found
        for name, value in one.values.items()
    ]  # fmt: skip
    columns = ("from", "state", "field", "before", "after", "code", "reason", "by", "id")
    table("Changes", columns, rows)
    hidden = sum(bool(one.withheld) for one in found)
    if hidden:
        click.echo(f"of {hidden} of them not every field is shown")
