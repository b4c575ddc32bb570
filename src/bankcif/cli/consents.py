"""`bankcif consent …`: what a customer allows, refuses and withdraws, and whether a use of their data is allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import click

from ..party import ConsentAnswer, ConsentUse
from ._shared import Session, customer_command, emit

__all__ = ["consent"]

_SAID = {
    ConsentAnswer.GRANTED: "allowed",
    ConsentAnswer.REFUSED: "not allowed: they refused it",
    ConsentAnswer.EXPIRED: "not allowed: what they granted has ended",
    ConsentAnswer.NOT_YET: "not allowed yet",
    ConsentAnswer.GUARDIAN: "not allowed: it takes a guardian's word for a child, and their own of whoever is none",
    ConsentAnswer.MISSING: "not allowed: nothing was granted",
}
_DAY = click.DateTime(["%Y-%m-%d"])
_REASON = click.option("--reason", required=True, help="How it came to be said; kept sealed, with the customer.")
_EVIDENCE = click.option("--evidence", default="", help="Reference to what proves it, such as a recording or a form.")


@click.group()
def consent() -> None:
    """What a customer allows, refuses and withdraws."""


def _use_command(function: Callable[..., int]) -> Callable[..., Any]:
    """Makes *function* a command about a customer and a `ConsentUse`: behind CIF_NO what the data are for, then what narrows it."""

    @wraps(function)
    def with_use(
        session: Session, what_for: str, channel: str | None, data_group: str | None, recipient: str | None, country: str | None, **more: Any
    ) -> int:  # fmt: skip
        use = ConsentUse(purpose=what_for, channel=channel, data_group=data_group, recipient=recipient, country=country)
        return function(session, use=use, **more)

    made = customer_command(with_use)
    for option in reversed(_USE):
        made = option(made)
    return made


_USE = (
    click.argument("cif_no"),
    click.argument("what_for", metavar="FOR"),
    click.option("--channel", help="By which way they are addressed; any if nothing is said."),
    click.option("--data-group", help="Which data; all if nothing is said."),
    click.option("--recipient", help="Who outside the bank gets them."),
    click.option("--country", help="Where the recipient is, as two letters, if abroad."),
)


@consent.command("grant")
@click.option("--text", required=True, help="Version of the text that they were shown.")
@click.option("--since", type=_DAY, help="From which day; today by default.")
@click.option("--until", type=_DAY, help="The last day.")
@click.option("--guardian", is_flag=True, help="A guardian says it, for a child under fourteen.")
@_EVIDENCE
@_REASON
@_use_command
def grant(
    session: Session, cif_no: str, use: ConsentUse, since: datetime | None, until: datetime | None, **more: Any
) -> int:
    """Take down that a customer allows a use of their data FOR a purpose, such as marketing."""
    days = {"since": None if since is None else since.date(), "until": None if until is None else until.date()}
    return _taken(session, "grant", cif_no, use, **days, **more)


@consent.command("deny")
@_EVIDENCE
@_REASON
@_use_command
def deny(session: Session, cif_no: str, use: ConsentUse, **more: Any) -> int:
    """Take down that a customer refuses a use of their data FOR a purpose, and every narrower one."""
    return _taken(session, "deny", cif_no, use, **more)


@consent.command("withdraw")
@_EVIDENCE
@_REASON
@_use_command
def withdraw(session: Session, cif_no: str, use: ConsentUse, **more: Any) -> int:
    """Take down that a customer takes back what they granted."""
    return _taken(session, "withdraw", cif_no, use, **more)


@consent.command("check")
@_use_command
def check(session: Session, cif_no: str, use: ConsentUse) -> int:
    """Whether a customer allows a use of their data FOR a purpose today. Status 1 if they do not."""
    with session.open() as cif:
        found = cif.consents.allows(cif_no, use, actor=session.actor(cif), purpose=session.purpose)
    document = {"answer": found.answer.value, "since": found.since, "until": found.until, "text": found.text}
    days = f" (from {found.since}" + (f" until {found.until})" if found.until else ")") if found.since else ""
    emit(session.as_json, document, lambda: click.echo(_SAID[found.answer] + days))
    return 0 if found.answer is ConsentAnswer.GRANTED else 1


def _taken(session: Session, what: str, cif_no: str, use: ConsentUse, **more: Any) -> int:
    with session.open() as cif:
        answer = getattr(cif.consents, what)(cif_no, use, actor=session.actor(cif), purpose=session.purpose, **more)
    emit(session.as_json, {"answer": answer.value}, lambda: click.echo(_SAID[answer]))
    return 0
