"""`bankcif flag …`: customers compared with watch lists, and flags that have a source and an end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from ..flows.screen import FlagView
from ..upkeep import FileWatchList
from ._shared import Session, customer_command, emit, table

__all__ = ["flag"]

_REASON = click.option("--reason", required=True, help="Why; kept sealed, with the customer.")
_UNTIL = click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it counts.")


@click.group()
def flag() -> None:
    """Watch lists and risk flags."""


@flag.command("screen")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--customer", help="Only this one.")
@click.option("--least", type=int, default=70, show_default=True, help="How much names are alike, at least, 0 to 100.")
@customer_command
def screen(session: Session, files: tuple[Path, ...], customer: str | None, least: int) -> int:
    """Compare customers with the lists in FILES (CSV: id, flag, party, name; aliases, born, scheme, number, until). A list is called as its file."""
    lists = [FileWatchList(file.stem.lower().replace("-", "_"), file) for file in files]
    with session.open() as cif:
        done = cif.flags.screen(lists, cif_no=customer, least=least, actor=session.actor(cif), purpose=session.purpose)
    words = f"{done.customers:,} customers, {done.hits:,} new hits, {done.ended:,} ended"
    emit(session.as_json, attrs.asdict(done), lambda: click.echo(words))
    return 0


@flag.command("list")
@click.option("--limit", type=int, default=100, show_default=True)
@customer_command
def list_(session: Session, limit: int) -> int:
    """The hits that wait for a person, the likest first."""
    with session.open() as cif:
        found = cif.flags.possible(limit=limit, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: _print(found))
    return 0


@flag.command("show")
@click.argument("cif_no")
@customer_command
def show(session: Session, cif_no: str) -> int:
    """All flags of a customer."""
    with session.open() as cif:
        found = cif.flags.of(cif_no, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: _print(found))
    return 0


@flag.command("decide")
@click.argument("cif_no")
@click.argument("case")
@click.argument("verdict", type=click.Choice(["confirm", "dismiss"]))
@click.option("--evidence", default="", help="What the decision rests on.")
@_UNTIL
@_REASON
@customer_command
def decide(session: Session, cif_no: str, case: str, verdict: str, evidence: str, until: Any, reason: str) -> int:
    """Say whether a hit is the customer."""
    with session.open() as cif:
        made = cif.flags.decide(
            cif_no, case, confirm=verdict == "confirm", evidence=evidence, until=None if until is None else until.date(), reason=reason,
            actor=session.actor(cif), purpose=session.purpose,
        )  # fmt: skip
    emit(session.as_json, attrs.asdict(made), lambda: click.echo(made.state.value))
    return 0


@flag.command("add")
@click.argument("cif_no")
@click.argument("kind")
@click.option("--source", required=True, help="Who says so, in a word.")
@click.option("--evidence", required=True, help="What it rests on.")
@_UNTIL
@_REASON
@customer_command
def add(session: Session, cif_no: str, kind: str, source: str, evidence: str, until: Any, reason: str) -> int:
    """Flag a customer by hand, for a KIND such as fraud or court."""
    with session.open() as cif:
        made = cif.flags.add(
            cif_no, kind, source=source, evidence=evidence, until=None if until is None else until.date(), reason=reason,
            actor=session.actor(cif), purpose=session.purpose,
        )  # fmt: skip
    emit(session.as_json, attrs.asdict(made), lambda: click.echo(made.id))
    return 0


@flag.command("end")
@click.argument("cif_no")
@click.argument("case")
@_REASON
@customer_command
def end(session: Session, cif_no: str, case: str, reason: str) -> int:
    """End a flag that counts; another person than who confirmed it."""
    with session.open() as cif:
        made = cif.flags.end(cif_no, case, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, attrs.asdict(made), lambda: click.echo(made.state.value))
    return 0


def _print(found: Sequence[FlagView]) -> None:
    rows = [
        (
            one.cif_no,
            one.kind,
            one.source,
            one.entry,
            one.state.value,
            "yes" if one.counts else "",
            "" if one.score is None else one.score,
            one.until or "",
            one.id,
        )
        for one in found
    ]
    table("Flags", ("customer", "kind", "source", "entry", "state", "counts", "alike", "until", "flag"), rows)
