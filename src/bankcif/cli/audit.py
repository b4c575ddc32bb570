"""`bankcif audit`: is the log whole, who did what to whom, and who else has seen it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import click

from ..audit import AuditReport, EntryProof, NoteKey
from ..errors import FileError, InputError
from ..flows.log import Delivery
from ..flows.trail import Incident, LogLine
from ._shared import Session, customer_command, emit, instant, table

__all__ = ["audit", "print_report", "report_document"]

_INSTANT = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command()
@click.option("--no-customers", is_flag=True, help="Leave out comparing every customer with the log.")
@customer_command
def verify(session: Session, no_customers: bool) -> int:
    """
    Verify every entry, every checkpoint, every customer, and that each --witness has seen this log. Status 1 if anything was
    changed, dropped, re-ordered, cut or rolled back, or a witness did not answer.
    """
    for name in session.witnesses:
        if "://" not in name and not Path(name).exists():
            raise FileError(
                f"the witness {name} is not there; bankcif audit checkpoint makes one", path=name, rule="witness"
            )
    with session.open(greet=False) as cif:
        report = cif.audit.verify(actor=session.actor(cif), purpose=session.purpose, customers=not no_customers)
    emit(session.as_json, report_document(report), lambda: print_report(report))
    # A witness that was asked for and did not answer vouches for nothing: a scheduler must hear of it.
    return 0 if report.intact and not any(one.problem for one in report.witnesses) else 1


def _unwitnessed(report: AuditReport) -> int:
    """How many entries no witness vouches for that answered."""
    return min((one.unseen for one in report.witnesses if not one.problem), default=report.entries)


def report_document(report: AuditReport) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "intact": report.intact, "entries": report.entries, "streams": dict(report.streams),
        "checkpoints": report.checkpoints, "signed": report.signed, "signed_at": _when(report.signed_at),
        "customers": report.customers, "unwitnessed": _unwitnessed(report), "damage": [attrs.asdict(one) for one in report.damage],
        "witnesses": [{**attrs.asdict(one), "at": _when(one.at)} for one in report.witnesses],
    }  # fmt: skip


def print_report(report: AuditReport) -> None:
    """Prints the report."""
    state = "intact" if report.intact else "DAMAGED"
    click.echo(f"log {state}: {report.entries:,} entries in {len(report.streams)} stream(s)")
    if report.checkpoints:
        click.echo(
            f"  {report.checkpoints:,} checkpoint(s); the last, of {instant(report.signed_at)} UTC, vouches for "
            f"{report.signed:,} entries"
        )
    if report.customers:
        click.echo(f"  {report.customers:,} customer(s) compared with what the log left")
    for one in report.damage[:20]:
        click.echo(f"  {one.stream}, {one.number}: {one.what}")
    if len(report.damage) > 20:
        click.echo(f"  and {len(report.damage) - 20:,} more; --json tells all")
    for view in report.witnesses:
        if view.problem:
            click.echo(f"  witness {view.name} DID NOT ANSWER: {view.problem}")
        else:
            seen = f"had seen {view.size:,} entries" + (f", up to {instant(view.at)} UTC" if view.at else "")
            click.echo(f"  witness {view.name} {seen}; {view.unseen:,} came since, which somebody who controls the")
            click.echo("    database could have changed unseen until now")
    if not any(not view.problem for view in report.witnesses):
        without = "no witness answered" if report.witnesses else "no --witness"
        click.echo(
            f"  {without}: somebody who controls database and keys could have made all {report.entries:,} entries anew"
        )


@audit.command()
@customer_command
def checkpoint(session: Session) -> int:
    """Sign what the log has become and bring it to every --witness; for a scheduler. Status 1 if one did not take it."""
    with session.open() as cif:
        made, deliveries = cif.audit.checkpoint(actor=session.actor(cif), purpose=session.purpose)
    document = {"size": made.size if made else None, "witnesses": [attrs.asdict(one) for one in deliveries]}

    def text() -> None:
        click.echo(f"checkpoint over {made.size:,} entries" if made else "nothing came since the last checkpoint")
        for one in deliveries:
            click.echo(f"  {one.witness}: {_told(one)}")

    emit(session.as_json, document, text)
    return 0 if all(one.taken for one in deliveries) else 1


def _told(one: Delivery) -> str:
    return f"holds {one.size:,} entries" if one.taken else f"DID NOT TAKE IT: {one.problem}"


@audit.command()
@customer_command
def forward(session: Session) -> int:
    """Bring the --sink what it has not got yet; for a scheduler. Status 1 if it failed."""
    with session.open() as cif:
        done = cif.audit.forward(actor=session.actor(cif), purpose=session.purpose)

    def text() -> None:
        for name, count in done.items():
            click.echo(f"{name}: {'failed' if count < 0 else f'{count:,} entries'}")
        if not done:
            click.echo("no --sink: nothing was brought anywhere", err=True)

    emit(session.as_json, dict(done), text)
    if not done:
        return 2
    return 0 if all(count >= 0 for count in done.values()) else 1


@audit.command()
@click.argument("cif_no")
@customer_command
def who(session: Session, cif_no: str) -> int:
    """Who saw or changed a customer, when and what for."""
    with session.open() as cif:
        lines = cif.audit.who(cif_no, actor=session.actor(cif), purpose=session.purpose)
    return _print_lines(session, f"Who looked at {cif_no}", lines)


@audit.command()
@click.argument("cif_no")
@customer_command
def shared(session: Session, cif_no: str) -> int:
    """To whom a customer's data was given, in which country and what for."""
    with session.open() as cif:
        found = cif.audit.shared(cif_no, actor=session.actor(cif), purpose=session.purpose)
    document = [{**attrs.asdict(one), "at": instant(one.at)} for one in found]
    rows = [
        (instant(one.at), one.recipient, "in the house" if one.inside else one.country, one.purpose, one.actor, ", ".join(one.fields))
        for one in found
    ]  # fmt: skip
    columns = ("when (UTC)", "to", "where", "purpose", "by", "fields, at most")
    emit(session.as_json, document, lambda: table(f"To whom {cif_no} was given", columns, rows))
    return 0


@audit.command()
@click.argument("whom", metavar="OPERATOR")
@click.option("--from", "since", type=click.DateTime(_INSTANT), help="UTC; open if not given.")
@click.option("--to", "until", type=click.DateTime(_INSTANT), help="UTC, not included; open if not given.")
@customer_command
def deeds(session: Session, whom: str, since: datetime | None, until: datetime | None) -> int:
    """What OPERATOR did or tried."""
    with session.open() as cif:
        lines = cif.audit.deeds(
            whom, since=_utc(since), until=_utc(until), actor=session.actor(cif), purpose=session.purpose
        )
    return _print_lines(session, f"What {whom} did", lines)


def _print_lines(session: Session, title: str, lines: list[LogLine]) -> int:
    document = [{**attrs.asdict(one), "at": instant(one.at)} for one in lines]
    rows = [
        (
            instant(one.at),
            one.actor,
            one.action,
            one.purpose,
            one.outcome,
            " ".join(one.subjects[:3]),
            ", ".join(one.fields),
        )
        for one in lines
    ]
    emit(session.as_json, document, lambda: table(
        title, ("when (UTC)", "who", "action", "purpose", "outcome", "customers", "fields"), rows
    ))  # fmt: skip
    return 0


@audit.command()
@click.option("--from", "since", type=click.DateTime(_INSTANT), required=True, help="UTC.")
@click.option("--to", "until", type=click.DateTime(_INSTANT), required=True, help="UTC, not included.")
@click.option("--actor", "whom", help="Only what this operator or service did.")
@customer_command
def incident(session: Session, since: datetime, until: datetime, whom: str | None) -> int:
    """Customers and fields touched between two instants: whom to tell after a leak. Status 1 if there are any."""
    with session.open() as cif:
        found = cif.audit.incident(
            since.replace(tzinfo=UTC), until.replace(tzinfo=UTC), operator=whom, actor=session.actor(cif),
            purpose=session.purpose,
        )  # fmt: skip
    document = {
        **attrs.asdict(found, recurse=False),
        "customers": [
            {**attrs.asdict(one), "first": instant(one.first), "last": instant(one.last)} for one in found.customers
        ],
    }
    emit(session.as_json, document, lambda: _print_incident(found))
    return 1 if found.customers else 0


def _print_incident(found: Incident) -> None:
    rows = [
        (
            one.cif_no, ", ".join(f"{name} {count}" for name, count in sorted(one.actions.items())), ", ".join(one.fields),
            ", ".join(one.actors), instant(one.first), instant(one.last),
        )
        for one in found.customers
    ]  # fmt: skip
    table("Touched", ("customer", "how often", "fields", "by", "first (UTC)", "last (UTC)"), rows)
    click.echo(
        f"{len(found.customers):,} customer(s); {found.entries:,} entries read, {found.refused:,} of them refused, "
        f"{found.without_customer:,} about no customer"
    )


@audit.command()
@click.argument("stream")
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Where to write the proof; never overwritten."
)
@customer_command
def prove(session: Session, stream: str, number: int, out: Path) -> int:
    """
    Write the proof that entry NUMBER of STREAM stands in the log, for somebody who has only the log's key and checks it with
    audit check-proof.
    """
    with session.open() as cif:
        proof = cif.audit.prove(stream, number, actor=session.actor(cif), purpose=session.purpose)
    problem = ""
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(proof.to_json() + "\n")
    except OSError as error:
        problem = type(error).__name__
    if problem:
        raise FileError(f"{out} cannot be written ({problem}); name a file that does not exist", path=str(out))
    emit(session.as_json, {"proof": str(out)}, lambda: click.echo(f"proof of {stream} {number}: {out}"))
    return 0


@audit.command("check-proof")
@click.argument("proof", type=click.Path(path_type=Path))
@click.option("--log-key", required=True, help="The log's key, as  bankcif audit key  or init showed it.")
def check_proof(proof: Path, log_key: str) -> int:
    """Check a proof that audit prove wrote: it takes no store. Status 2 if it does not hold."""
    problem, text = "", ""
    try:
        text = proof.read_text(encoding="utf-8")
    except (OSError, ValueError):
        problem = "cannot be read as text"
    if problem:
        raise InputError(f"{proof} {problem}", path=str(proof), rule="proof")
    found = EntryProof.from_json(text)
    under = found.check(NoteKey.read(log_key))
    said = json.loads(found.body)
    click.echo(
        f"entry {found.number} of {found.stream} stands in the log {under.origin}, signed {instant(under.at)} UTC:"
    )
    click.echo(f"  {instant(said['at'])} UTC  {said['actor']}  {said['action']}  {' '.join(said.get('subjects', []))}")
    return 0


@audit.command()
@customer_command
def key(session: Session) -> int:
    """Print the log's key, by which witnesses and auditors know its checkpoints."""
    with session.open() as cif:
        found = str(cif.audit.key)
    emit(session.as_json, {"key": found}, lambda: click.echo(found))
    return 0


def _when(micros: int) -> str | None:
    return instant(micros) if micros else None


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
