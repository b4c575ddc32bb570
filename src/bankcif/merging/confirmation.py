"""
When values were last confirmed: by a check that still holds, or by whoever said them first.

A delivery that repeats a value confirms nothing, and neither does the day on which something was written: the value is as old as the source's own time
of the first record that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ..party import PartyKind
from .rules import STANDARD_RULES, SurvivorshipRules
from .statement import GoldenRecord, Statement
from .verification import verification_states

__all__ = ["confirmed_at"]


def confirmed_at(
    kind: PartyKind,
    records: Sequence[Statement],
    golden: GoldenRecord,
    fields: Iterable[str],
    *,
    anchor: tuple[str, str, int],
    digest: Callable[[Mapping[str, Any]], str],
    today: date,
    rules: SurvivorshipRules = STANDARD_RULES,
) -> dict[str, int]:
    """
    The instant at which the golden value of each of *fields* was last confirmed, in microseconds since 1970, UTC; none of a field of which nobody
    knows.

    Args:
        kind, anchor, digest, today, rules: As in `verification_states`.
        records: All source records of the party, checks among them.
        golden: What they come to.
        fields: Of which it is asked; those without a value are left out.
    """
    states = verification_states(kind, records, anchor=anchor, digest=digest, today=today, rules=rules)
    found: dict[str, int] = {}
    for path, state in states.items():
        if state.last is not None and state.last.confirmed and not state.lost:
            name = path.partition(".")[0]
            found[name] = max(found.get(name, 0), state.last.at)
    said = [one for one in records if one.verification is None and not one.restricted]
    by_place = {one.place: one for one in said}
    confirmed = {}
    for name in fields:
        if name not in golden.values:
            continue
        winner = by_place.get(golden.provenance[name].place)
        times = [found[name]] if name in found else []
        if winner is not None:
            value = winner.values.get(name)
            first = [_said_at(one) for one in said if one.values.get(name) == value]
            times += [min(one for one in first if one is not None)] if any(one is not None for one in first) else []
        if times:
            confirmed[name] = max(times)
    return confirmed


def _said_at(record: Statement) -> int | None:
    """When a record was said, by whoever said it; a person's decision is of the instant at which it stands, or was taken down."""
    if record.override is not None:
        return record.received_at if record.override.effective is None else record.override.effective
    return record.business_time
