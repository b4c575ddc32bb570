"""`bankcif step`: a customer taken along their life cycle."""

from __future__ import annotations

import click

from ..party import TRANSITIONS
from ._shared import Session, customer_command, emit

__all__ = ["step"]


@click.command("step")
@click.argument("cif_no")
@click.argument("name", type=click.Choice(sorted(TRANSITIONS)))
@click.option("--reason", required=True, help="Why; kept sealed, with the customer.")
@click.option("--evidence", default="", help="Reference to what proves it, such as a court's letter.")
@customer_command
def step(session: Session, cif_no: str, name: str, reason: str, evidence: str) -> int:
    """Take a customer the step NAME along their life cycle; what takes a second person waits for one."""
    with session.open() as cif:
        done = cif.customers.step(
            cif_no, name, reason=reason, evidence=evidence, actor=session.actor(cif), purpose=session.purpose
        )
    told = f"waits for a second person: proposal {done.approval}" if done.approval else f"now {done.state.value}"
    emit(session.as_json, {"state": done.state.value, "proposal": done.approval}, lambda: click.echo(told))
    return 0
