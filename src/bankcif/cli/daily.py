"""`bankcif daily`: what a day brings, done in one go; run it every night."""

from __future__ import annotations

from collections.abc import Callable

import click

from ..cif import CIF
from ..context import Actor, Purpose
from ..errors import NotFoundOrNotAllowedError
from ._shared import Session, customer_command, emit

__all__ = ["daily"]


def _renew(cif: CIF, actor: Actor, purpose: Purpose) -> int | None:
    return None if cif.tags.in_force is None else cif.tags.renew(actor=actor, purpose=purpose)


_STEPS: dict[str, tuple[str, Callable[[CIF, Actor, Purpose], int | None]]] = {
    "proposals": (
        "proposals whose term was over",
        lambda cif, actor, purpose: cif.approvals.expire(actor=actor, purpose=purpose),
    ),
    "customers": (
        "customers whose scheduled changes began, or whose overrides ended",
        lambda cif, actor, purpose: cif.customers.rebuild(actor=actor, purpose=purpose),
    ),
    "portraits": ("customers whose tags the calendar changed", _renew),
    "quality": (
        "customers of whom the quality rules were asked",
        lambda cif, actor, purpose: cif.quality.run(actor=actor, purpose=purpose).looked_at,
    ),
    "held": (
        "held rows whose days were over",
        lambda cif, actor, purpose: cif.held.expire(actor=actor, purpose=purpose),
    ),
    "outbox": (
        "changes that every feed has, cut from the outbox",
        lambda cif, actor, purpose: cif.feeds.cut(actor=actor, purpose=purpose),
    ),
}
"""What is done, in this order: what changes a customer comes before what hangs on them."""


@click.command("daily")
@customer_command
def daily(session: Session) -> int:
    """Bring everything up to the day: end proposals, begin scheduled changes, renew tags, ask the quality rules, drop held rows and what was delivered. What the policy does not let you do is left out."""
    done: dict[str, int | None] = {}
    with session.open() as cif:
        actor = session.actor(cif)
        for name, (_, step) in _STEPS.items():
            try:
                done[name] = step(cif, actor, session.purpose)
            except NotFoundOrNotAllowedError:
                done[name] = None

    def text() -> None:
        for name, count in done.items():
            what = _STEPS[name][0]
            click.echo(f"{'-' if count is None else count:>8}  {what}{' (left out)' if count is None else ''}")

    emit(session.as_json, done, text)
    return 0
