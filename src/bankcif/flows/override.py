"""
Overriding: a person's decision on a value, which stands above what sources say until it ends.

It is a source record like any other, so it moves with a merge, comes back with an unmerge, and the golden record stays a
function of records. Of a protected field it is only proposed; a second person's approval makes it stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import attrs

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError, IntakeError
from ..intake import Standard
from ..merging import Override, Release, Terms
from ..party import CATALOGUE, CifNo, FieldType, LifeCycle, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._asks import rules_about
from ._decided import Asked, Decided, keep_decided, with_party
from ._golden import rebuild
from ._pages import PAGE, pages
from ._reasons import need_reason
from ._records import Arrival, Record, open_records
from ._reshape import touched_of
from .desk import Desk, authorize, note, record, retried

__all__ = ["Overridden", "end_override", "override", "rebuild_all"]

_SOURCE = "bankcif.override"
_MOST_FIELDS = 20
_AT_ONCE = 200


@attrs.frozen(kw_only=True)
class Overridden:
    """
    What became of an override.

    Attributes:
        cif_no: The customer.
        changed: Fields whose golden value changed.
        proposed: Protected fields whose value waits for a second person.
    """

    cif_no: CifNo
    changed: tuple[str, ...]
    proposed: tuple[str, ...]


def override(
    desk: Desk,
    cif_no: CifNo,
    values: Mapping[str, Any],
    *,
    release: Release,
    until: date | None,
    reason: str,
    actor: Actor,
    purpose: Purpose,
) -> Overridden:
    """
    Sets *values* above what sources say.

    Args:
        desk: Collaborators.
        cif_no: The customer.
        values: Field name to value, as forms have them; documents and holdings are no values of this kind.
        release: When it ends by itself.
        until: The last day on which it stands, in the bank's zone.
        reason: Why, in the actor's words.
        actor, purpose: On whose behalf, what for.

    Raises:
        InputError: Nothing to override, a field that there is none of or that has many values, an end that is missing or over, no
            reason.
        IntakeError: A value is none; all faults at once.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* override one of the fields.
    """
    need_reason(reason)
    if actor.on_behalf_of:
        raise InputError("an override is one's own decision; nobody makes it on another's behalf", rule="on_behalf_of")
    if not 0 < len(values) <= _MOST_FIELDS:
        raise InputError(f"name one to {_MOST_FIELDS} fields to override", rule="required")
    if (until is None and release is Release.EXPIRY) or (until is not None and until < desk.today()):
        raise InputError(
            "an override that stands until it expires needs a last day, and no last day lies in the past", rule="until"
        )
    _, end = desk.span(None, until)
    decided = Override(release=release, until=None if until is None else end)

    def work(unit: UnitOfWork, row: PartyRow) -> Overridden:
        standard = desk.standardizer.standardize(PartyKind(row.kind), dict(values))
        if standard.refused:
            raise IntakeError([fault for fault in standard.faults if fault.severity == "error"])
        missing = sorted(set(values) - set(standard.values))
        if missing:
            raise InputError("an override has a value", path=f"$.{missing[0]}", rule="required", cif_no=row.cif_no)
        asking = rules_about(desk, unit, row, standard.values, actor, "override")
        if asking:
            raise InputError(
                f"this takes a second person ({', '.join(asking)}); make a change set of it",
                path="$",
                rule="change",
                cif_no=row.cif_no,
            )
        said = {SourceKey(_SOURCE, f"{row.cif_no}:{name}"): (name, standard.values[name]) for name in values}
        return _decide(desk, unit, row, _Decision("override", said, decided, reason), actor, purpose)

    return _with_party(desk, cif_no, tuple(values), "override", actor, purpose, work)


def end_override(desk: Desk, cif_no: CifNo, field: str, *, reason: str, actor: Actor, purpose: Purpose) -> Overridden:
    """
    Ends an override before its time.

    Raises:
        InputError: No override of the field stands, or it took two persons: then another value is proposed instead.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* override the field.
    """
    need_reason(reason)

    def work(unit: UnitOfWork, row: PartyRow) -> Overridden:
        if CATALOGUE[PartyKind(row.kind)][field].protected:
            raise InputError(
                "what took two persons is not ended by one; override it with the value that is to stand instead",
                path=f"$.{field}", rule="protected", cif_no=row.cif_no,
            )  # fmt: skip
        standing_ones = _standing(open_records(desk, unit.sources.of_parties([row.cif_no])), field, desk.now())
        if not standing_ones:
            raise InputError(
                "no override of this field stands", path=f"$.{field}", rule="not_overridden", cif_no=row.cif_no
            )
        over = Override(release=Release.EXPIRY, until=desk.now())
        # After merges there may be several, each under the number of whom it was made of.
        said = {one.statement.origin: (field, one.statement.values[field]) for one in standing_ones}
        # What was decided behind it is not ended with it.
        at = max(one.statement.business_time or 0 for one in standing_ones)
        return _decide(desk, unit, row, _Decision("end_override", said, over, reason, at), actor, purpose)

    return _with_party(desk, cif_no, (field,), "end_override", actor, purpose, work)


def rebuild_all(desk: Desk, *, actor: Actor, purpose: Purpose) -> int:
    """
    Makes every golden record anew and tells how many changed: after a change of survivorship rules, and every day, since
    overrides expire.

    Raises:
        NotFoundOrNotAllowedError: The policy does not let *actor* link.

    Cost: opens every record and every golden record once; a page of 200 customers is one transaction.
    """
    authorize(desk, actor, Action.LINK, "rebuild", purpose)
    count = 0

    def read(unit: UnitOfWork, after: str) -> Sequence[PartyRow]:
        return unit.parties.page(after, PAGE)

    for page in pages(desk, read, "", lambda row: row.cif_no):
        for at in range(0, len(page), _AT_ONCE):
            numbers = [row.cif_no for row in page[at : at + _AT_ONCE]]
            count += retried(partial(_rebuilt, desk, numbers, actor, purpose))
    note(desk, actor, "rebuild", purpose=purpose, count=count)
    return count


def _rebuilt(desk: Desk, numbers: Sequence[CifNo], actor: Actor, purpose: Purpose) -> int:
    """How many of these customers' golden records changed; only those leave an entry."""
    done = 0
    idle = {LifeCycle.RESTRICTED, LifeCycle.ERASED, LifeCycle.MERGED}
    with desk.unit_of_work() as unit:
        rows = [row for row in unit.parties.get(numbers).values() if row.life_cycle not in idle]
        opened: dict[CifNo, list[Record]] = {}
        for one in open_records(desk, unit.sources.of_parties([row.cif_no for row in rows])):
            opened.setdefault(one.cif_no, []).append(one)
        now = desk.now()
        found = rebuild(
            desk, unit, [touched_of(desk, row, opened.get(row.cif_no, ())) for row in rows], actor=actor, now=now
        )
        for row in rows:
            after = found[row.cif_no]
            if after.changed or after.row.review_state != row.review_state:
                done += 1
                entry = AuditEntry.by(
                    actor, "rebuild", now, purpose=purpose, subjects=(row.cif_no,), count=1, fields=after.changed,
                    rule=f"rules:{desk.survivorship.version}", digests={row.cif_no: after.row.stamp},
                )  # fmt: skip
                record(desk, unit, [entry])
        unit.commit()
    return done


def _with_party(
    desk: Desk, cif_no: CifNo, names: tuple[str, ...], what: str, actor: Actor, purpose: Purpose, work: Any
) -> Overridden:
    """Does *work* in one transaction, on the customer as they stand, if *actor* may override all of *names*."""

    def checked(unit: UnitOfWork, row: PartyRow) -> Overridden:
        catalogue = CATALOGUE[PartyKind(row.kind)]
        for name in names:
            if name not in catalogue or catalogue[name].type is FieldType.CHILDREN:
                raise InputError(
                    "only fields with one value are overridden; documents and holdings come from a source",
                    path=f"$.{name}", rule="unknown_field", cif_no=row.cif_no,
                )  # fmt: skip
        found: Overridden = work(unit, row)
        return found

    asked = Asked(Action.OVERRIDE, what, names, actor, purpose)
    return with_party(desk, cif_no, asked, lambda granted: set(names) <= set(granted), checked)


@attrs.frozen(repr=False)
class _Decision:
    """What is decided: in one word, the fields with their values by the key they are kept under, how long they stand, and why."""

    what: str
    values: Mapping[SourceKey, tuple[str, Any]]
    override: Override
    reason: str
    at: int | None = None


def _decide(
    desk: Desk, unit: UnitOfWork, row: PartyRow, decision: _Decision, actor: Actor, purpose: Purpose
) -> Overridden:
    """Writes a record for each field, and what follows from them."""
    now = desk.now()
    arrivals = [
        Arrival(
            origin=origin, channel="override", terms=Terms(trust=100), business_time=now if decision.at is None else decision.at, override=decision.override,
            form=Standard(kind=PartyKind(row.kind), values={name: value}, given={}, faults=()),
        )
        for origin, (name, value) in decision.values.items()
    ]  # fmt: skip
    names = tuple(dict.fromkeys(name for name, _ in decision.values.values()))
    asked = Asked(Action.OVERRIDE, decision.what, names, actor, purpose)
    decided = Decided(row=row, arrivals=arrivals)
    rebuilt = keep_decided(desk, unit, [decided], asked, reason=decision.reason, rule=decision.override.release.value)[
        0
    ]
    return Overridden(
        cif_no=row.cif_no, changed=rebuilt.changed, proposed=tuple(one.field for one in rebuilt.proposed),
    )  # fmt: skip


def _standing(opened: Sequence[Record], field: str, now: int) -> list[Record]:
    """The last override of a field under each key, of those that have not ended."""
    last: dict[SourceKey, Record] = {}
    for one in sorted(opened, key=lambda one: one.statement.place):
        if one.statement.origin.source == _SOURCE and field in one.statement.values:
            last[one.statement.origin] = one
    untils = {
        origin: one.statement.override.until for origin, one in last.items() if one.statement.override is not None
    }
    return [last[origin] for origin, until in untils.items() if until is None or until > now]
