"""`bankcif review …`: customers looked at anew, by a checklist, as often as their risk asks for."""

from __future__ import annotations

import attrs
import click

from ..flows.kyc import ReviewStanding
from ..upkeep import OUTCOMES
from ._shared import Session, customer_command, emit, table

__all__ = ["review"]

_REASON = click.option("--reason", required=True, help="Why, or what was found; kept sealed, with the customer.")


@click.group()
def review() -> None:
    """Customers looked at anew, as often as their risk asks for."""


@review.command("open")
@click.argument("cif_no")
@click.argument("trigger")
@_REASON
@customer_command
def open_(session: Session, cif_no: str, trigger: str, reason: str) -> int:
    """Open a case for TRIGGER, a word such as periodic, change, watch_list or complaint. Prints by what it is known."""
    with session.open() as cif:
        case = cif.reviews.open(cif_no, trigger, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"case": case}, lambda: click.echo(case))
    return 0


@review.command("tick")
@click.argument("cif_no")
@click.argument("case")
@click.argument("items", nargs=-1, required=True)
@_REASON
@customer_command
def tick(session: Session, cif_no: str, case: str, items: tuple[str, ...], reason: str) -> int:
    """Say that ITEMS of the checklist were looked at."""
    with session.open() as cif:
        cif.reviews.tick(cif_no, case, items, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"case": case}, lambda: click.echo("ticked"))
    return 0


@review.command("close")
@click.argument("cif_no")
@click.argument("case")
@click.argument("outcome", type=click.Choice(OUTCOMES))
@click.option(
    "--limit",
    "limits",
    multiple=True,
    help="What the customer may not do until another review, in a word; may be repeated.",
)
@click.option("--evidence", default="", help="Reference to the file of the case.")
@_REASON
@customer_command
def close(
    session: Session, cif_no: str, case: str, outcome: str, limits: tuple[str, ...], evidence: str, reason: str
) -> int:
    """Close a case."""
    with session.open() as cif:
        cif.reviews.close(
            cif_no, case, outcome, limits=limits, evidence=evidence, reason=reason, actor=session.actor(cif), purpose=session.purpose
        )  # fmt: skip
    emit(session.as_json, {"case": case, "outcome": outcome}, lambda: click.echo(outcome))
    return 0


@review.command("show")
@click.argument("cif_no")
@customer_command
def show(session: Session, cif_no: str) -> int:
    """Where the review of a customer stands, with all cases there were."""
    with session.open() as cif:
        found = cif.reviews.of(cif_no, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {**attrs.asdict(found), "state": found.state.value}, lambda: _print(found))
    return 0


def _print(found: ReviewStanding) -> None:
    due = "" if found.due is None else f", due {found.due}"
    click.echo(f"{found.state.value}{due}")
    if found.triggers:
        click.echo(f"changed since the last: {', '.join(found.triggers)}")
    if found.limits:
        click.echo(f"may not until another: {', '.join(found.limits)}")
    rows = [
        (one.opened, one.closed or "", one.trigger, one.outcome or "worked on", ", ".join(one.missing), one.evidence, one.id) for one in found.cases
    ]  # fmt: skip
    table("Cases", ("opened", "closed", "trigger", "outcome", "not looked at yet", "file", "case"), rows)
