"""`bankcif request …` and `bankcif retention …`: what customers ask about their data, and how long they are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from ..flows._requests import RequestView
from ..upkeep import ASKED_BY, REFUSALS, RequestKind
from ._output import save
from ._shared import Session, customer_command, emit, table

__all__ = ["request", "retention"]

_REASON = click.option("--reason", required=True, help="Why, or what exactly; kept sealed, with the customer.")


@click.group()
def request() -> None:
    """What customers ask about their data: a copy, a correction, a restriction, an erasure."""


@request.command("open")
@click.argument("cif_no")
@click.argument("kind", type=click.Choice([one.value for one in RequestKind]))
@click.option("--by", "asked_by", type=click.Choice(ASKED_BY), default="self", show_default=True, help="Who asks.")
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), help="When it came; today without.")
@click.option("--evidence", required=True, help="How who asks was recognized.")
@_REASON
@customer_command
def open_(session: Session, cif_no: str, kind: str, asked_by: str, received: Any, evidence: str, reason: str) -> int:
    """Take a request down. Prints by what it is known, and until when it is to be answered."""
    with session.open() as cif:
        made = cif.requests.open(
            cif_no, RequestKind(kind), asked_by=asked_by, received=None if received is None else received.date(),
            evidence=evidence, reason=reason, actor=session.actor(cif), purpose=session.purpose,
        )  # fmt: skip
    emit(session.as_json, attrs.asdict(made), lambda: click.echo(f"{made.id}, due {made.due}"))
    return 0


@request.command("approve")
@click.argument("cif_no")
@click.argument("case")
@_REASON
@customer_command
def approve(session: Session, cif_no: str, case: str, reason: str) -> int:
    """Say that a request is to be carried out; another person than who took it down."""
    with session.open() as cif:
        made = cif.requests.approve(cif_no, case, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, attrs.asdict(made), lambda: click.echo(made.state.value))
    return 0


@request.command("refuse")
@click.argument("cif_no")
@click.argument("case")
@click.argument("ground", type=click.Choice(list(REFUSALS)))
@_REASON
@customer_command
def refuse(session: Session, cif_no: str, case: str, ground: str, reason: str) -> int:
    """Refuse a request on a GROUND; another person than who took it down."""
    with session.open() as cif:
        made = cif.requests.refuse(
            cif_no, case, ground, reason=reason, actor=session.actor(cif), purpose=session.purpose
        )
    zh, en = REFUSALS[ground]
    emit(session.as_json, attrs.asdict(made), lambda: click.echo(f"refused: {en} / {zh}"))
    return 0


@request.command("withdraw")
@click.argument("cif_no")
@click.argument("case")
@_REASON
@customer_command
def withdraw(session: Session, cif_no: str, case: str, reason: str) -> int:
    """Say that who asked takes it back."""
    with session.open() as cif:
        made = cif.requests.withdraw(cif_no, case, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, attrs.asdict(made), lambda: click.echo(made.state.value))
    return 0


@request.command("carry-out")
@click.argument("cif_no")
@click.argument("case")
@click.option("--change", default="", help="The change set by which it was corrected.")
@_REASON
@customer_command
def carry_out(session: Session, cif_no: str, case: str, change: str, reason: str) -> int:
    """Carry an approved request out: corrected, restricted, or proposed to be erased."""
    with session.open() as cif:
        made, proposal = cif.requests.carry_out(
            cif_no, case, change=change, reason=reason, actor=session.actor(cif), purpose=session.purpose
        )
    words = f"{made.state.value}; erasure proposed: {proposal.id}" if proposal else made.state.value
    document = {**attrs.asdict(made), "proposal": proposal.id if proposal else ""}
    emit(session.as_json, document, lambda: click.echo(words))
    return 0


@request.command("copy")
@click.argument("cif_no")
@click.argument("case")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the page.")
@_REASON
@customer_command
def copy(session: Session, cif_no: str, case: str, file: Path, language: Any, reason: str) -> int:
    """Write the copy that was asked for: FILE.json for machines, and FILE.html for people. In clear: hand it over, and delete it."""
    with session.open() as cif:
        made = cif.requests.copy(cif_no, case, reason=reason, actor=session.actor(cif), purpose=session.purpose)
        readable = cif.requests.readable(made, language)
    save(file.with_suffix(".json"), json.dumps(made.document(), ensure_ascii=False, indent=1) + "\n")
    save(file.with_suffix(".html"), readable)
    names = [str(file.with_suffix(end)) for end in (".json", ".html")]
    emit(session.as_json, {"files": names}, lambda: click.echo(f"written to {names[0]} and {names[1]}"))
    return 0


@request.command("list")
@click.option("--limit", type=int, default=100, show_default=True)
@customer_command
def list_(session: Session, limit: int) -> int:
    """What is to be answered, the first due first."""
    with session.open() as cif:
        found = cif.requests.waiting(limit=limit, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: _print(found))
    return 0


@request.command("show")
@click.argument("cif_no")
@customer_command
def show(session: Session, cif_no: str) -> int:
    """What was asked about a customer's data."""
    with session.open() as cif:
        found = cif.requests.of(cif_no, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: _print(found))
    return 0


@click.group()
def retention() -> None:
    """How long customers are kept, and what ends them."""


@retention.command("show")
@click.argument("cif_no")
@customer_command
def kept(session: Session, cif_no: str) -> int:
    """How long a customer is kept, and why."""
    with session.open() as cif:
        found = cif.retention.of(cif_no, actor=session.actor(cif), purpose=session.purpose)

    def text() -> None:
        click.echo(found.why_not or "nothing forbids that they are erased")
        rows = [
            (one.rule, one.until or "the relationship lasts", ", ".join(sorted(one.groups)), one.ground)
            for one in found.retention.kept
        ]
        table("Kept", ("rule", "until", "data", "ground"), rows)
        held = [(one.ground, one.since, one.ended or "", one.evidence, one.id) for one in found.holds]
        table("Holds", ("ground", "since", "lifted", "evidence", "hold"), held)

    document = {"why_not": found.why_not, "until": found.retention.until, "holds": [attrs.asdict(one) for one in found.holds],
                "kept": [{**attrs.asdict(one), "groups": sorted(one.groups)} for one in found.retention.kept]}  # fmt: skip
    emit(session.as_json, document, text)
    return 0


@retention.command("hold")
@click.argument("cif_no")
@click.argument("ground")
@click.option("--evidence", required=True, help="What asks for it.")
@_REASON
@customer_command
def hold(session: Session, cif_no: str, ground: str, evidence: str, reason: str) -> int:
    """Hold a customer on a GROUND, a word such as inquiry, litigation or audit: nothing of them is erased."""
    with session.open() as cif:
        made = cif.retention.hold(
            cif_no, ground, evidence=evidence, reason=reason, actor=session.actor(cif), purpose=session.purpose
        )
    emit(session.as_json, {"hold": made}, lambda: click.echo(made))
    return 0


@retention.command("release")
@click.argument("cif_no")
@click.argument("hold")
@_REASON
@customer_command
def release(session: Session, cif_no: str, hold: str, reason: str) -> int:
    """Lift a HOLD; another person than who placed it."""
    with session.open() as cif:
        cif.retention.release(cif_no, hold, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"hold": hold}, lambda: click.echo("lifted"))
    return 0


@retention.command("preview")
@click.option("--limit", type=int, default=100, show_default=True)
@customer_command
def preview(session: Session, limit: int) -> int:
    """Who may be erased today; nothing is changed."""
    with session.open() as cif:
        found = cif.retention.preview(limit=limit, actor=session.actor(cif), purpose=session.purpose)

    def text() -> None:
        click.echo(
            f"{found.customers:,} customers: {found.all_due:,} due, {found.held:,} held, {found.running:,} within a term, {found.lasting:,} with a relationship that lasts"
        )
        table("Due", ("customer", "kept until"), [(cif_no, until or "") for cif_no, until in found.due])

    emit(session.as_json, attrs.asdict(found), text)
    return 0


@retention.command("restrict")
@click.option("--limit", type=int, default=1000, show_default=True)
@_REASON
@customer_command
def restrict_ended(session: Session, limit: int, reason: str) -> int:
    """Restrict whose relationship ended longer ago than the plan says: stored, protected, and used for nothing else."""
    with session.open() as cif:
        found = cif.retention.restrict_ended(
            limit=limit, reason=reason, actor=session.actor(cif), purpose=session.purpose
        )
    emit(session.as_json, {"restricted": list(found)}, lambda: click.echo(f"{len(found)} customers restricted"))
    return 0


@retention.command("propose")
@click.option("--limit", type=int, default=100, show_default=True)
@_REASON
@customer_command
def propose(session: Session, limit: int, reason: str) -> int:
    """Restrict who is due, and propose to erase them as one run. Prints its name."""
    with session.open() as cif:
        made = cif.retention.propose_run(limit=limit, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, attrs.asdict(made), lambda: click.echo(f"{made.id}, {len(made.proposed)} customers"))
    return 0


@retention.command("approve")
@click.argument("run")
@customer_command
def approve_run(session: Session, run: str) -> int:
    """Approve a RUN: each of its customers is tested again, and erased."""
    with session.open() as cif:
        made = cif.retention.approve_run(run, actor=session.actor(cif), purpose=session.purpose)

    def text() -> None:
        click.echo(f"{len(made.erased)} erased")
        table("Kept", ("customer", "rule"), list(made.kept.items()))

    emit(session.as_json, attrs.asdict(made), text)
    return 0


@retention.command("certificate")
@click.argument("run")
@customer_command
def certificate(session: Session, run: str) -> int:
    """The certificates of all whom a RUN erased."""
    with session.open() as cif:
        made = cif.retention.certificate(run, actor=session.actor(cif), purpose=session.purpose)
    rows = [(one.cif_no, one.records, one.proposed_by, one.approved_by, one.keys_digest[:16]) for one in made]
    columns = ("customer", "records", "proposed by", "approved by", "keys")
    emit(session.as_json, [attrs.asdict(one) for one in made], lambda: table("Erased", columns, rows))
    return 0


def _print(found: Sequence[RequestView]) -> None:
    rows = [
        (
            one.cif_no,
            one.kind.value,
            one.asked_by,
            one.received,
            one.due,
            "late" if one.late else one.state.value,
            one.ground,
            one.id,
        )
        for one in found
    ]
    table("Requests", ("customer", "asked", "by", "came", "due", "state", "ground", "request"), rows)
