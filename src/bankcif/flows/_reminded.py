"""What the reminders of customers hang on: their tags and segments, and what quality rules found of them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .._clock import from_micros, local_date
from ..party import PAST_CUSTOMERS, CifNo
from ..quality import State
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ..tagging import FINDING, Held, Portrait, Reminder, Todo, Verdict, todos
from ._portrait import open_portraits
from .desk import Desk

__all__ = ["todos_of"]


def todos_of(
    desk: Desk, unit: UnitOfWork, reminders: Sequence[Reminder], rows: Sequence[PartyRow]
) -> dict[CifNo, tuple[Todo, ...]]:
    """
    Where the reminders of each of these customers stand today. Of who is a customer no more, since they died or closed, nobody is reminded.

    Cost: opens their portraits, and reads their findings where a reminder hangs on one.
    """
    there = [row.cif_no for row in rows if row.life_cycle not in PAST_CUSTOMERS]
    portraits = open_portraits(desk, unit, there)
    found = _findings(desk, unit, reminders, there)
    standing = {}
    for cif_no in there:
        portrait = portraits.get(cif_no, Portrait())
        of = attrs.evolve(portrait, has={**portrait.has, **found.get(cif_no, {})})
        standing[cif_no] = todos(reminders, of, desk.today(), lambda at: local_date(from_micros(at), desk.zone))
    return standing


def _findings(
    desk: Desk, unit: UnitOfWork, reminders: Sequence[Reminder], cif_nos: Sequence[CifNo]
) -> dict[CifNo, dict[str, Held]]:
    """What is open of each customer, as it were a tag from the day on which it was found; what was accepted or was none asks for nothing."""
    asked = {one.of for one in reminders if one.of.startswith(FINDING)}
    found: dict[CifNo, dict[str, Held]] = {}
    for row in unit.findings.of(cif_nos) if asked and cif_nos else ():
        name = FINDING + row.rule
        if name in asked and row.state == State.OPEN:
            since = local_date(from_micros(row.opened_at), desk.zone)
            held = Held(since=since, why=Verdict.RULE, version=desk.quality.version, evidence="")
            found.setdefault(row.cif_no, {})[name] = held
    return found
