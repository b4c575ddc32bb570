"""`bankcif held` and `bankcif faults`: rows that intake held back, and what is taught by them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import attrs
import click

from .._text import rule_text
from ..intake import read_channel
from ._shared import Session, customer_command, emit, instant, read_value, table

__all__ = ["faults", "held"]


@click.group()
def held() -> None:
    """Rows that were held back: look, correct and release, or refuse."""


@held.command("list")
@customer_command
def held_list(session: Session) -> int:
    """The rows that wait: where they stood and what is wrong with them."""
    with session.open() as cif:
        items = cif.held.rows(actor=session.actor(cif), purpose=session.purpose)
    document = [
        {**attrs.asdict(one), "held_at": instant(one.held_at), "expires_at": instant(one.expires_at)} for one in items
    ]
    rows = [
        (one.batch, one.line, one.channel, "; ".join(f"{f.path} {rule_text(f.rule)}" for f in one.faults), one.actor)
        for one in items
    ]
    emit(session.as_json, document, lambda: table("Held rows", ("batch", "line", "channel", "why", "by"), rows))
    return 0


@held.command("show")
@click.argument("batch")
@click.argument("line", type=int)
@customer_command
def held_show(session: Session, batch: str, line: int) -> int:
    """What a held row says, in clear; audited."""
    with session.open() as cif:
        values = cif.held.show(batch, line, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, values, lambda: table(f"Row {line}", ("column", "text"), list(values.items())))
    return 0


@held.command("release")
@click.argument("batch")
@click.argument("line", type=int)
@click.option("--channel", "mapping", required=True, type=click.Path(path_type=Path), help="Channel mapping (TOML).")
@click.option("--set", "corrections", multiple=True, metavar="COLUMN[=TEXT]", help="A correction; may be given again.")
@customer_command
def held_release(session: Session, batch: str, line: int, mapping: Path, corrections: tuple[str, ...]) -> int:
    """
    Take a held row in, corrected.

    Of a correction without =TEXT the text is read from standard input, a line each, so that it does not stay in the shell's
    history.
    """
    texts = {}
    for one in corrections:
        column, given, text = one.partition("=")
        texts[column] = text if given else read_value(None)
    with session.open() as cif:
        done = cif.held.release(
            batch, line, read_channel(mapping), actor=session.actor(cif), purpose=session.purpose,
            corrections=texts,
        )  # fmt: skip
    document = {"cif_no": done.cif_no, "outcome": done.outcome.value}
    emit(session.as_json, document, lambda: click.echo(f"{done.outcome.value}: {done.cif_no}"))
    return 0


@held.command("refuse")
@click.argument("batch")
@click.argument("line", type=int)
@click.option("--reason", required=True)
@customer_command
def held_refuse(session: Session, batch: str, line: int, reason: str) -> int:
    """Decide that a held row does not come in."""
    with session.open() as cif:
        cif.held.refuse(batch, line, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"refused": line}, lambda: click.echo(f"refused: line {line}"))
    return 0


@held.command("expire")
@customer_command
def held_expire(session: Session) -> int:
    """Delete the rows whose term is over, and their keys; run it every day."""
    with session.open() as cif:
        count = cif.held.expire(actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"deleted": count}, lambda: click.echo(f"deleted: {count} row(s)"))
    return 0


@click.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day.")
@customer_command
def faults(session: Session, since: datetime | None, until: datetime | None) -> int:
    """What intake found wrong, by rule, channel and operator."""
    with session.open() as cif:
        counts = cif.fault_counts(
            actor=session.actor(cif), purpose=session.purpose, since=since.date() if since else None,
            until=until.date() if until else None,
        )  # fmt: skip
    rows = [(one.severity, rule_text(one.rule), one.channel, one.actor, one.count) for one in counts]
    emit(
        session.as_json, [attrs.asdict(one) for one in counts],
        lambda: table("Faults at intake", ("severity", "what", "channel", "operator", "times"), rows),
    )  # fmt: skip
    return 0
