"""`bankcif export` and `bankcif access`: what leaves the file, and who could and did see what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import click

from .._clock import SystemClock
from ..errors import FileError
from ..flows.export import ExportSpec, Recipient
from ..parallel import extract_in_processes
from ..render import csv_text, mark_line
from ..tagging import AudiencePlan
from ._audience import audience_options
from ._shared import Session, customer_command, emit, instant, read_operators, table

__all__ = ["access", "export", "extract"]

_INSTANT = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


@click.command()
@click.argument("fields", nargs=-1, required=True)
@click.option("--to", "out", type=click.Path(path_type=Path), help="CSV file to write; never overwritten.")
@click.option("--recipient", required=True, help="Who gets it.")
@click.option("--country", default="CN", show_default=True, help="Where they are (ISO 3166).")
@click.option("--inside", is_flag=True, help="They are of the house: the key is the CIF number.")
@click.option("--customer", "customers", multiple=True, help="A CIF number; may be given again. All if none is.")
@click.option("--where", default="", help="Of them, those of this rule over plain facts.")
@audience_options(required=False)
@click.option(
    "--propose", "reason", help="Propose it with this reason, for a second person to approve, and write nothing."
)
@click.option("--approval", help="Id of the approved proposal.")
@customer_command
def export(
    session: Session,
    fields: tuple[str, ...],
    out: Path | None,
    recipient: str,
    country: str,
    inside: bool,
    customers: tuple[str, ...],
    where: str,
    plan: AudiencePlan | None,
    reason: str | None,
    approval: str | None,
) -> int:
    """Export FIELDS of customers, masked and marked, to a CSV file; with --segment of those whom a campaign addresses."""
    spec = ExportSpec(
        fields=fields, recipient=Recipient(name=recipient, country=country, inside=inside), purpose=session.purpose,
        cif_nos=customers or None, where=where, audience=plan,
    )  # fmt: skip
    if reason is not None:
        with session.open() as cif:
            made = cif.exports.propose(spec, reason=reason, actor=session.actor(cif))
        emit(session.as_json, {"proposal": made.id}, lambda: click.echo(
            f"proposed {made.id}; a second person approves it, then take it with  --approval {made.id}"
        ))  # fmt: skip
        return 0
    if out is None:
        raise click.UsageError("name a file with --to, or propose the export with --propose")
    if out.exists():
        raise FileError(f"{out} exists; name a new file", path=str(out))
    with session.open() as cif:
        done = cif.exports.take(spec, actor=session.actor(cif), approval_id=approval)
    mark = mark_line(
        export=done.mark.id, actor=done.mark.actor, at=done.mark.at, recipient=recipient, country=country,
        purpose=session.purpose.value,
    )  # fmt: skip
    problem = ""
    try:
        with out.open("x", encoding="utf-8-sig", newline="") as file:
            out.chmod(0o600)
            file.write(csv_text(done.columns, mark=mark))
    except OSError as error:
        problem = type(error).__name__
    if problem:
        raise FileError(
            f"{out} cannot be written ({problem}); the export stands in the log as {done.mark.id}", path=str(out)
        )
    document = {
        "file": str(out),
        "export": done.mark.id,
        "rows": done.rows,
        "k": done.k,
        "withheld": list(done.withheld),
        **({"waterfall": [list(step) for step in done.waterfall]} if plan else {}),
    }

    def text() -> None:
        click.echo(f"{out}: {done.rows:,} customers, export {done.mark.id}")
        click.echo(f"  at least {done.k:,} share what is shown of one (k)")
        if done.withheld:
            click.echo(f"  withheld: {', '.join(done.withheld)}")
        for name, count in done.waterfall:
            click.echo(f"  {name:<30} {count:>10,}")

    emit(session.as_json, document, text)
    return 0


@click.command("extract")
@click.argument("fields", nargs=-1, required=True)
@click.option("--to", "out", type=click.Path(path_type=Path), required=True, help="Folder to write; never overwritten.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="As everybody stood at the end of that day.")
@click.option("--parts", type=int, default=1, show_default=True, help="Into how many files each table is written.")
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="How many open customers at once."
)
@customer_command
def extract(
    session: Session, fields: tuple[str, ...], out: Path, as_of: datetime | None, parts: int, processes: int
) -> int:
    """Take FIELDS of all customers in columns, by pseudonymous keys, as a folder of Parquet files: fields, collections such as holdings, tag:NAME."""
    with session.open() as cif:
        asked: dict[str, Any] = {
            "actor": session.actor(cif),
            "purpose": session.purpose,
            "as_of": None if as_of is None else as_of.date(),
        }
        # What a sink gets, it gets from this process.
        opener = attrs.evolve(session, sink=None).open
        made = (
            cif.extract(fields, **asked)
            if processes == 1
            else extract_in_processes(opener, fields, processes=processes, **asked)
        )
    made.write(out, parts=parts)
    document = {
        "extract": made.id, "as_of": made.as_of, "customers": len(made), "k": made.k, "withheld": made.withheld,
        "rows": {name: table.num_rows for name, table in made.rows.items()}, "columns": {name: one.shown for name, one in made.columns.items()},
    }  # fmt: skip

    def text() -> None:
        click.echo(
            f"{out}: {len(made):,} customers as of {made.as_of}, extract {made.id}; at least {made.k} share what is shown of one"
        )
        if made.withheld:
            click.echo(f"withheld: {', '.join(made.withheld)}")

    emit(session.as_json, document, text)
    return 0


@click.group()
def access() -> None:
    """Who could see what, and who did."""


@access.command("review")
@click.option("--from", "since", type=click.DateTime(_INSTANT), help="UTC; ninety days before --to if not given.")
@click.option("--to", "until", type=click.DateTime(_INSTANT), help="UTC, not included; now if not given.")
@customer_command
def review(session: Session, since: datetime | None, until: datetime | None) -> int:
    """What each operator of the operators file could do, and did. Status 1 if a grant was not used, or a stranger is in the log."""
    end = until.replace(tzinfo=UTC) if until else SystemClock().now() + timedelta(seconds=1)
    begin = since.replace(tzinfo=UTC) if since else end - timedelta(days=90)
    operators = read_operators(Path(session.operators))
    with session.open() as cif:
        found = cif.access.review(operators.values(), begin, end, actor=session.actor(cif), purpose=session.purpose)
    rows = [
        (
            one.operator + ("" if one.operator in operators else " (no operator)"), ", ".join(one.roles),
            ", ".join(f"{name} {count}" for name, count in one.did.items()), one.customers, one.refused,
            instant(one.last) if one.last else "never", ", ".join(one.unused),
        )
        for one in found
    ]  # fmt: skip
    heads = ("operator", "roles", "did", "customers", "refused", "last (UTC)", "grants not used")
    document = [{**attrs.asdict(one), "last": instant(one.last) if one.last else None} for one in found]
    emit(session.as_json, document, lambda: table("Access review", heads, rows))
    return 1 if any(one.unused or one.operator not in operators for one in found) else 0


@access.command("customer")
@click.argument("cif_no")
@customer_command
def customer(session: Session, cif_no: str) -> int:
    """Which operators of the operators file could see a customer today, and what of them. Status 1 if none could."""
    operators = read_operators(Path(session.operators))
    with session.open() as cif:
        found = cif.access.could_see(
            cif_no, list(operators.values()), actor=session.actor(cif), purpose=session.purpose
        )
    rows = [
        (one.operator, action, purpose, ", ".join(fields))
        for one in found
        for (action, purpose), fields in one.fields.items()
    ]
    names = ("operator", "action", "purpose", "fields")
    document = [dict(zip(names, (*row[:3], row[3].split(", ")), strict=True)) for row in rows]
    emit(session.as_json, document, lambda: table(f"Who could see {cif_no}", names, rows))
    return 0 if found else 1
