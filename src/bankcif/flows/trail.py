"""
Answers from the log: who saw a customer, what an operator did, and what was touched between two instants.

The log holds no values, so neither do its answers. Asking is an entry too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from .._clock import FOREVER
from ..access import Action
from ..audit import AuditEntry, AuditRow, Outcome
from ..context import Actor, Effect, Purpose
from ..errors import InputError
from ..party import CifNo
from ._export import EXPORTED, read_exported
from ._relations import current
from .desk import Desk, assure, authorize, need_purpose, record, refuse

__all__ = ["Incident", "LogLine", "Shared", "Touched", "deeds", "incident", "shared_with", "who_looked"]

_MOST_LINES = 100_000


@attrs.frozen(kw_only=True)
class LogLine:
    """
    One entry of the log, for a person.

    Attributes:
        at: Microseconds since 1970, UTC.
        person, behalf, auth, origin, correlation: Who, on whose behalf, how recognized, from where, and by which request, as
            `AuditEntry` has them.
        subjects: Customers concerned, by cif_no.
        stream, number: Where the entry stands in the log.
    """

    at: int
    actor: str
    action: str
    purpose: str
    outcome: str
    fields: tuple[str, ...]
    rule: str
    subjects: tuple[str, ...]
    count: int
    channel: str
    person: str
    behalf: str
    auth: str
    origin: str
    correlation: str
    stream: str
    number: int

    @classmethod
    def of(cls, row: AuditRow) -> LogLine:
        """The line of *row*."""
        entry = AuditEntry.of_body(row.body)
        return cls(
            at=entry.at, actor=entry.actor, action=entry.action, purpose=entry.purpose, outcome=entry.outcome.value,
            fields=entry.fields, rule=entry.rule, subjects=entry.subjects, count=entry.count, channel=entry.channel,
            person=entry.person, behalf=entry.behalf, auth=entry.auth, origin=entry.origin, correlation=entry.correlation,
            stream=row.stream, number=row.number,
        )  # fmt: skip


@attrs.frozen(kw_only=True)
class Shared:
    """
    That data of a customer went to somebody.

    Attributes:
        at: When; microseconds since 1970, UTC.
        recipient, country, inside: To whom, by ISO 3166 where they are, and whether they are of the house.
        purpose: What for.
        fields: The columns of what was given: of this customer these at most.
        actor: Who took it.
        mark: The id that stands in the export's mark.
    """

    at: int
    recipient: str
    country: str
    inside: bool
    purpose: str
    fields: tuple[str, ...]
    actor: str
    mark: str

    @classmethod
    def of(cls, line: LogLine) -> Shared:
        """What an entry of an export says."""
        mark, to = read_exported(line.rule)
        return cls(
            at=line.at, recipient=to.name, country=to.country, inside=to.inside, purpose=line.purpose, fields=line.fields, actor=line.actor, mark=mark
        )  # fmt: skip


@attrs.frozen(kw_only=True)
class Touched:
    """
    What became of one customer in an incident.

    Attributes:
        fields: What was shown, given out or changed of them; an entry that names no field tells of the whole record.
        actions: How often each action concerned them.
        actors: Who.
        first, last: When; microseconds since 1970, UTC.
    """

    cif_no: str
    fields: tuple[str, ...]
    actions: Mapping[str, int]
    actors: tuple[str, ...]
    first: int
    last: int


@attrs.frozen(kw_only=True)
class Incident:
    """
    What was touched between two instants.

    Attributes:
        customers: Every customer that an operation which was carried out concerned, by number.
        entries: How many entries were read.
        refused: How many of them tell of something refused.
        without_customer: How many tell of something done that concerned no customer.
    """

    customers: tuple[Touched, ...]
    entries: int
    refused: int
    without_customer: int


def who_looked(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> list[LogLine]:
    """
    Every entry that concerns a customer, oldest first, under this number and those that were merged into it.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* read the log.
    """
    return [LogLine.of(one) for one in _about(desk, cif_no, "who_looked", actor, purpose)]


def shared_with(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> list[Shared]:
    """
    To whom a customer's data went, oldest first, under this number and those that were merged into it.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* read the log.

    Source: what a customer may ask for after the law on the protection of personal information (PIPL), art. 17, 23, 39 and 45: who got what, and in
    which country.
    """
    lines = [LogLine.of(one) for one in _about(desk, cif_no, "shared_with", actor, purpose)]
    return [Shared.of(line) for line in lines if line.action == EXPORTED and line.outcome == Outcome.DONE.value]


def _about(desk: Desk, cif_no: CifNo, what: str, actor: Actor, purpose: Purpose) -> list[AuditRow]:
    """The entries that concern a customer, oldest first."""
    need_purpose(desk, actor, what, purpose)
    assure(desk, actor, Action.AUDIT, what, purpose)
    allowed = desk.policy.allows(actor, Action.AUDIT, purpose).effect is Effect.PERMIT
    rows: list[AuditRow] = []
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no) if allowed else None
        if row is not None:
            homes = {link.home for link in unit.crosswalk.of_parties([row.cif_no])} | {row.cif_no, cif_no}
            for each in sorted(homes):
                rows += unit.trail.of_subject(each)
            entry = AuditEntry.by(
                actor, what, desk.now(), purpose=purpose, subjects=(row.cif_no,),
                count=len(rows),
            )  # fmt: skip
            record(desk, unit, [entry])
            unit.commit()
    if row is None:
        raise refuse(desk, actor, what, purpose, subjects=())
    unique = {(r.stream, r.number): r for r in rows}
    return sorted(unique.values(), key=lambda r: (r.at, r.stream, r.number))


def deeds(
    desk: Desk, operator: str, *, actor: Actor, purpose: Purpose, since: int = 0, until: int = FOREVER
) -> list[LogLine]:
    """
    What *operator* did or tried from *since* to before *until*, oldest first.

    Args:
        desk: Collaborators.
        operator: Id of the operator or service asked about; one the log does not know did nothing.
        actor: Who asks.
        purpose: What for.
        since, until: Microseconds since 1970, UTC.

    Raises:
        InputError: There are more than 100,000 entries, ask about a shorter time; or it ends before it begins.
        NotFoundOrNotAllowedError: The policy does not let *actor* read the log.
    """
    authorize(desk, actor, Action.AUDIT, "deeds", purpose)
    if until < since:
        raise InputError("the end is before the beginning", path="$.until", rule="period")
    with desk.unit_of_work() as unit:
        lines: list[LogLine] = []
        for row in unit.trail.between(since, until, operator):
            lines.append(LogLine.of(row))
            if len(lines) > _MOST_LINES:
                raise InputError("that is more than 100,000 entries; ask about a shorter time", rule="too_many")
        record(desk, unit, [_asked(desk, actor, purpose, "deeds", f"of:{operator}", len(lines))])
        unit.commit()
    return lines


def incident(
    desk: Desk, since: int, until: int, *, actor: Actor, purpose: Purpose, operator: str | None = None
) -> Incident:
    """
    Customers and fields that were touched from *since* to before *until*: what to report, and to whom, after a leak.

    Args:
        desk: Collaborators.
        since, until: Microseconds since 1970, UTC.
        actor: Who asks.
        purpose: What for.
        operator: Only what this operator or service did; everybody's if None.

    Raises:
        InputError: The time ends before it begins.
        NotFoundOrNotAllowedError: The policy does not let *actor* read the log.

    Cost: reads every entry of that time once; memory grows with the customers touched.
    """
    authorize(desk, actor, Action.AUDIT, "incident", purpose)
    if until <= since:
        raise InputError("the time of an incident ends after it begins", rule="time")
    with desk.unit_of_work() as unit:
        found = _gathered(AuditEntry.of_body(row.body) for row in unit.trail.between(since, until, operator))
        rule = f"from:{since},to:{until}" + (f",of:{operator}" if operator else "")
        record(desk, unit, [_asked(desk, actor, purpose, "incident", rule, len(found.customers))])
        unit.commit()
    return found


def _gathered(entries: Iterable[AuditEntry]) -> Incident:
    gathered: dict[str, _Gathered] = {}
    count = refused = alone = 0
    for entry in entries:
        count += 1
        if entry.outcome is Outcome.REFUSED:
            refused += 1
            continue
        alone += not entry.subjects
        for cif_no in entry.subjects:
            gathered.setdefault(cif_no, _Gathered(entry.at)).add(entry)
    customers = tuple(gathered[cif_no].told(cif_no) for cif_no in sorted(gathered))
    return Incident(customers=customers, entries=count, refused=refused, without_customer=alone)


class _Gathered:
    """What is known of one customer so far."""

    def __init__(self, first: int) -> None:
        self._first = self._last = first
        self._fields: set[str] = set()
        self._actors: set[str] = set()
        self._actions: dict[str, int] = {}

    def add(self, entry: AuditEntry) -> None:
        self._last = entry.at
        self._fields.update(entry.fields)
        self._actors.add(entry.actor)
        self._actions[entry.action] = self._actions.get(entry.action, 0) + 1

    def told(self, cif_no: str) -> Touched:
        return Touched(
            cif_no=cif_no, fields=tuple(sorted(self._fields)), actions=self._actions,
            actors=tuple(sorted(self._actors)), first=self._first, last=self._last,
        )  # fmt: skip


def _asked(desk: Desk, actor: Actor, purpose: Purpose, action: str, rule: str, count: int) -> AuditEntry:
    return AuditEntry.by(
        actor, action, desk.now(), purpose=purpose, rule=rule[:200], count=count
    )  # fmt: skip
