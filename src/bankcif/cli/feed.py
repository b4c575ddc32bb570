"""`bankcif feed`: bringing other systems what changed."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from ..flows.feed import FeedState
from ..interop import CloudEventsFile
from ._shared import Session, customer_command, emit, instant, table

__all__ = ["feed"]


@click.group()
def feed() -> None:
    """Feeds, which the access policy declares: other systems get the whole file once, and then who changed."""


@feed.command("list")
@customer_command
def list_(session: Session) -> int:
    """How far each feed is: all of them for who may audit, their own for others."""
    with session.open() as cif:
        states = cif.feeds.states(actor=session.actor(cif), purpose=session.purpose)
    document = [
        {**attrs.asdict(one), "waits_since": _when(one.waits_since), "moved_at": _when(one.moved_at)} for one in states
    ]
    rows = [
        (one.feed, one.recipient, _stage(one), _when(one.waits_since) or "", _when(one.moved_at) or "")
        for one in states
    ]
    columns = ("feed", "for", "stage", "waits since (UTC)", "moved (UTC)")
    emit(session.as_json, document, lambda: table("Feeds", columns, rows))
    return 0


def _stage(state: FeedState) -> str:
    if not state.begun:
        return "never taken"
    return "the whole file" if state.copying else "changes"


@feed.command()
@click.argument("name")
@click.option(
    "--to", "out", required=True, type=click.Path(path_type=Path), help="File of CloudEvents, a line each; appended to."
)
@click.option("--most", default=500, show_default=True, help="How many customers at a time, up to 5,000.")
@customer_command
def deliver(session: Session, name: str, out: Path, most: int) -> int:
    """Bring the feed NAME up to now: append to a file all that it has not got. Run it as often as it shall be fresh."""
    with session.open() as cif:
        consumer = CloudEventsFile(out, feed=name, tenant=session.tenant)
        count = cif.feeds.deliver(name, consumer, most=most, actor=session.actor(cif))
    emit(session.as_json, {"changes": count}, lambda: click.echo(f"{name}: {count:,} changes appended to {out}"))
    return 0


@feed.command()
@click.argument("name")
@customer_command
def begin(session: Session, name: str) -> int:
    """Begin the feed NAME anew: it gets the whole file again with the next delivery."""
    with session.open() as cif:
        cif.feeds.begin(name, actor=session.actor(cif))
    emit(session.as_json, {"begun": name}, lambda: click.echo(f"{name}: begins anew with the next delivery"))
    return 0


def _when(micros: int | None) -> str | None:
    return None if micros is None else instant(micros)
