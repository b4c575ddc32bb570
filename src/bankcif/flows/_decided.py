"""
What a person decides about a customer, or about two at once, kept as source records of its own: they move with a merge, come back with an
unmerge, and the golden record stays a function of records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import attrs

from ..access import Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import ConflictError, IntakeError
from ..party import CifNo, LifeCycle, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import LinkRow, PartyRow, SourceRow
from ._golden import Rebuilt, Touched, rebuild
from ._reasons import keep_reason
from ._records import Arrival, content_tag, index_rows, seal_record
from ._relations import current, granted_to
from ._reshape import standing
from .desk import Desk, assure, need_purpose, record, refuse, retried, told

__all__ = ["Asked", "Decided", "keep_decided", "with_parties", "with_party"]

T = TypeVar("T")


@attrs.frozen
class Asked:
    """
    Who decides what, by which action of the policy, and what for; *fields* stand in the log where it is refused. Where *restricted_too* is set, who is
    restricted is no exception: what the law asks for is written of them still.
    """

    action: Action
    what: str
    fields: tuple[str, ...]
    actor: Actor
    purpose: Purpose
    restricted_too: bool = False


@attrs.frozen(kw_only=True)
class Decided:
    """
    What was decided of a customer.

    Attributes:
        row: The customer.
        arrivals: Records to be written of them.
        homes: To whom of those that the customer is made of a source key goes back when they are parted; to the customer if nothing is said.
    """

    row: PartyRow
    arrivals: Sequence[Arrival]
    homes: Mapping[SourceKey, CifNo] = attrs.field(factory=dict)


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

    def find(unit: UnitOfWork) -> list[PartyRow | None]:
        return [current(unit, cif_no, asked.purpose)]

    return with_parties(desk, find, asked, allowed, lambda unit, rows: work(unit, rows[0]))


def with_parties(
    desk: Desk,
    find: Callable[[UnitOfWork], Sequence[PartyRow | None]],
    asked: Asked,
    allowed: Callable[[Mapping[str, FieldDecision]], bool],
    work: Callable[[UnitOfWork, Sequence[PartyRow]], T],
) -> T:
    """
    As `with_party`, of all customers that *find* gives, in its order; None stands for one that there is not. Each of them must be allowed, or
    nothing is done.
    """
    actor, purpose = asked.actor, asked.purpose
    need_purpose(desk, actor, asked.what, purpose)
    assure(desk, actor, asked.action, asked.what, purpose)

    def once() -> tuple[T | None, Sequence[PartyRow]]:
        with desk.unit_of_work() as unit:
            found = find(unit)
            rows = [
                row
                for row in found
                if row is not None and (asked.restricted_too or row.life_cycle != LifeCycle.RESTRICTED)
            ]
            if len(rows) < len(found):
                return None, ()
            if not all(allowed(granted_to(desk, unit, actor, asked.action, purpose, row)) for row in rows):
                return None, rows
            done = work(unit, rows)
            unit.commit()
        return done, rows

    problem: IntakeError | None = None
    found: tuple[T | None, Sequence[PartyRow]] = (None, ())
    try:
        found = retried(once)
    except IntakeError as error:
        problem = error
    if problem is not None:
        refuse(desk, actor, asked.what, purpose, rule="intake", fields=asked.fields)
        raise told(problem)
    done, rows = found
    if done is not None:
        return done
    raise refuse(
        desk,
        actor,
        asked.what,
        purpose,
        subjects=tuple(row.cif_no for row in rows),
        fields=asked.fields if rows else (),
    )


def keep_decided(
    desk: Desk, unit: UnitOfWork, decided: Sequence[Decided], asked: Asked, *, reason: str, rule: str
) -> list[Rebuilt]:
    """
    Writes a record for each arrival of *decided*, of which each is about another customer, with *reason*, and what follows from them; one entry
    in the log for all.

    Raises:
        ConflictError: One of them was merged, restricted or erased since it was decided.
    """
    # All at once, so that two who decide wait, and do not meet head on.
    locked = unit.parties.lock([one.row.cif_no for one in decided])
    if any(_is_gone(locked[one.row.cif_no], restricted_too=asked.restricted_too) for one in decided):
        raise ConflictError("a customer was merged, restricted or erased meanwhile; what was decided is decided anew")
    now = desk.now()
    touched = [_written(desk, unit, one, asked, reason, now) for one in decided]
    rebuilt = rebuild(desk, unit, touched, actor=asked.actor, now=now)
    subjects = tuple(one.row.cif_no for one in decided)
    entry = AuditEntry.by(
        asked.actor, asked.what, now, purpose=asked.purpose, subjects=subjects, count=len(subjects), fields=asked.fields, rule=rule,
        digests={cif_no: rebuilt[cif_no].row.stamp for cif_no in subjects},
    )  # fmt: skip
    record(desk, unit, [entry])
    return [rebuilt[cif_no] for cif_no in subjects]


def _is_gone(row: PartyRow, *, restricted_too: bool) -> bool:
    gone = {LifeCycle.ERASED} if restricted_too else {LifeCycle.RESTRICTED, LifeCycle.ERASED}
    return row.merged_into is not None or row.life_cycle in gone


def _written(desk: Desk, unit: UnitOfWork, one: Decided, asked: Asked, reason: str, now: int) -> Touched:
    """Writes what was decided of one customer; the customer with their records before and now."""
    row, said = one.row, {arrival.origin: arrival for arrival in one.arrivals}
    before, _ = standing(desk, unit, row.cif_no)
    source = one.arrivals[0].origin.source
    marks = {mark.source_key: mark.record_no for mark in unit.sources.marks(source, [each.key for each in said])}
    known = unit.crosswalk.current(list(said))
    for arrival, key in zip(said.values(), desk.data_keys.take(len(said)), strict=True):
        sealed = seal_record(
            desk, arrival, record_no=marks.get(arrival.origin.key, -1) + 1, key=key, received_at=now,
            content=content_tag(desk, arrival), actor=asked.actor,
        )  # fmt: skip
        unit.sources.add([sealed])
        if arrival.origin not in known:
            home = one.homes.get(arrival.origin, row.cif_no)
            unit.crosswalk.add([_link(sealed, row, home, arrival.channel, asked.actor, now)])
        keep_reason(desk, unit, f"{asked.what}:{sealed.source_key}:{sealed.record_no}", reason, row.cif_no)
    after, opened = standing(desk, unit, row.cif_no)
    tagging = desk.tagging(unit)
    mine = [record for record in opened if record.statement.origin in said]
    unit.indexes.add([tag for record in mine for tag in index_rows(tagging, record)])
    return attrs.evolve(after, before=before.before)


def _link(sealed: SourceRow, row: PartyRow, home: CifNo, reason: str, actor: Actor, now: int) -> LinkRow:
    return LinkRow(
        source=sealed.source, source_key=sealed.source_key, number=0, home=home, cif_no=row.cif_no,
        reason=reason, weight_millibits=None, actor=actor.id, since=now,
    )  # fmt: skip
