"""
What a person decides about one customer, kept as source records of its own: they move with a merge, come back with an unmerge, and the
golden record stays a function of records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import attrs

from ..access import Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import IntakeError
from ..party import CifNo, LifeCycle, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import LinkRow, PartyRow, SourceRow
from ._golden import Rebuilt, rebuild
from ._reasons import keep_reason
from ._records import Arrival, content_tag, index_rows, seal_record
from ._relations import current, granted_to
from ._reshape import standing
from .desk import Desk, assure, need_purpose, record, refuse, retried, told

__all__ = ["Asked", "keep_decided", "with_party"]

T = TypeVar("T")


@attrs.frozen
class Asked:
    """Who decides what, by which action of the policy, and what for; *fields* stand in the log where it is refused."""

    action: Action
    what: str
    fields: tuple[str, ...]
    actor: Actor
    purpose: Purpose


def with_party(
    desk: Desk,
    cif_no: CifNo,
    asked: Asked,
    allowed: Callable[[Mapping[str, FieldDecision]], bool],
    work: Callable[[UnitOfWork, PartyRow], T],
) -> T:
    """
    Does *work* in one transaction on the customer as they stand, if *allowed* says so of what the policy grants of them.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or it is not allowed.
        IntakeError: *work* raised it; the log keeps that something was refused.
    """
    actor, purpose = asked.actor, asked.purpose
    need_purpose(desk, actor, asked.what, purpose)
    assure(desk, actor, asked.action, asked.what, purpose)

    def once() -> tuple[T | None, PartyRow | None]:
        with desk.unit_of_work() as unit:
            row = current(unit, cif_no, purpose)
            if row is None or row.life_cycle == LifeCycle.RESTRICTED:
                return None, None
            if not allowed(granted_to(desk, unit, actor, asked.action, purpose, row)):
                return None, row
            done = work(unit, row)
            unit.commit()
        return done, row

    problem: IntakeError | None = None
    found: tuple[T | None, PartyRow | None] = (None, None)
    try:
        found = retried(once)
    except IntakeError as error:
        problem = error
    if problem is not None:
        refuse(desk, actor, asked.what, purpose, rule="intake", fields=asked.fields)
        raise told(problem)
    done, row = found
    if done is not None:
        return done
    raise refuse(
        desk, actor, asked.what, purpose, subjects=(row.cif_no,) if row else (), fields=asked.fields if row else ()
    )


def keep_decided(
    desk: Desk, unit: UnitOfWork, row: PartyRow, arrivals: Sequence[Arrival], asked: Asked, *, reason: str, rule: str,
    homes: Mapping[SourceKey, CifNo] | None = None,
) -> Rebuilt:  # fmt: skip
    """
    Writes a record for each of *arrivals*, which are about the customer of *row*, with *reason*, and what follows from them. *homes* says to
    whom of those that the customer is made of a source key goes back when they are parted; it is the customer if nothing is said.
    """
    now, tagging = desk.now(), desk.tagging(unit)
    said = {arrival.origin: arrival for arrival in arrivals}
    before, _ = standing(desk, unit, row.cif_no)
    keys = desk.data_keys.take(len(said))
    source = arrivals[0].origin.source
    marks = {mark.source_key: mark.record_no for mark in unit.sources.marks(source, [one.key for one in said])}
    known = unit.crosswalk.current(list(said))
    for arrival, key in zip(said.values(), keys, strict=True):
        sealed = seal_record(
            desk, arrival, record_no=marks.get(arrival.origin.key, -1) + 1, key=key, received_at=now,
            content=content_tag(desk, arrival), actor=asked.actor,
        )  # fmt: skip
        unit.sources.add([sealed])
        if arrival.origin not in known:
            home = (homes or {}).get(arrival.origin, row.cif_no)
            unit.crosswalk.add([_link(sealed, row, home, arrival.channel, asked.actor, now)])
        keep_reason(desk, unit, f"{asked.what}:{sealed.source_key}:{sealed.record_no}", reason, row.cif_no)
    after, opened = standing(desk, unit, row.cif_no)
    mine = [one for one in opened if one.statement.origin in said]
    unit.indexes.add([tag for one in mine for tag in index_rows(tagging, one)])
    touched = attrs.evolve(after, before=before.before)
    rebuilt: Rebuilt = rebuild(desk, unit, [touched], actor=asked.actor, now=now)[row.cif_no]
    entry = AuditEntry.by(
        asked.actor, asked.what, now, purpose=asked.purpose, subjects=(row.cif_no,), count=1, fields=asked.fields, rule=rule,
        digests={row.cif_no: rebuilt.row.stamp},
    )  # fmt: skip
    record(desk, unit, [entry])
    return rebuilt


def _link(sealed: SourceRow, row: PartyRow, home: CifNo, reason: str, actor: Actor, now: int) -> LinkRow:
    return LinkRow(
        source=sealed.source, source_key=sealed.source_key, number=0, home=home, cif_no=row.cif_no,
        reason=reason, weight_millibits=None, actor=actor.id, since=now,
    )  # fmt: skip
