"""
Changes: what somebody says of a customer's values, why, and from which day on; authorize -> standardize -> decide who must agree -> write -> rebuild.

A change set is a source record of its own, in which a person's decision stands above what sources say until they say something new. It holds from its
effective day on, which may lie behind or ahead. Where it takes a second person the record waits, and is heard once they approved; the ground it
stands on is then what it was, or the change conflicts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs

from ..access import Action, FieldDecision
from ..approval import Operation
from ..context import Actor, Purpose
from ..errors import InputError, IntakeError
from ..intake import Standard
from ..merging import Override, Release, Terms
from ..party import CATALOGUE, FIRST_DAY, LAST_DAY, CifNo, FieldType, PartyKind, SourceKey
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._as_of import values_on
from ._asks import rules_about
from ._decided import Asked, Decided, keep_decided, with_party
from ._golden import ground_of_values
from ._proposals import decision_entry, keep, proposed
from ._reasons import need_reason
from ._records import Arrival, open_records
from ._relations import granted_to, year_of_birth
from .changes import CHANGES, ChangeState, known_changes
from .desk import Desk, record

__all__ = ["ChangeSet", "Changed", "cancel", "change"]

_MOST_FIELDS = 20
_ID_BYTES = 8
_REFERENCE = re.compile(r"[^\s].{0,199}")
_CHANNEL = re.compile(r"[a-z][a-z0-9_.-]{0,31}")


@attrs.frozen(kw_only=True)
class ChangeSet:
    """
    What is to be changed.

    Attributes:
        values: Field name to its new value, as forms have them; None clears a field. Of ``identifiers``, the documents that take the place of those of
            their schemes; the others stay.
        code: Why, of the code list ``change_reason``.
        text: Why, in the words of who changes it.
        evidence: Reference to what proves it; never a customer's value.
        channel: By which way it came.
        effective: From which day on it holds; from now on if None.
        version: The version of the customer that it was made from; whatever that is if None.
    """

    values: Mapping[str, Any] = attrs.field(repr=False)
    code: str
    text: str = attrs.field(repr=False)
    evidence: str = attrs.field(default="", repr=False)
    channel: str = "counter"
    effective: date | None = None
    version: int | None = None


@attrs.frozen(kw_only=True)
class Changed:
    """
    What became of a change.

    Attributes:
        id: By what it is known.
        state: Applied, scheduled for its day, or waiting for a second person.
        changed: Fields whose golden value is another now.
        approval: Id of the proposal that waits; empty if none does.
        rules: Why it waits: ``protected``, or the policy's rules for changes.
    """

    id: str
    state: ChangeState
    changed: tuple[str, ...]
    approval: str = ""
    rules: tuple[str, ...] = ()


def change(desk: Desk, cif_no: CifNo, made: ChangeSet, *, actor: Actor, purpose: Purpose) -> Changed:
    """
    Makes a change of a customer's values.

    Args:
        desk: Collaborators.
        cif_no: The customer.
        made: What, why, and from when on.
        actor, purpose: Who makes it, what for.

    Raises:
        InputError: Nothing to change, a field that is not changed so, no reason, a day before the customer was born or behind 2200, or
            the customer was changed meanwhile.
        IntakeError: A value is none; all faults at once.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* change one of the fields.
    """
    need_reason(made.text)
    _need_sound(desk, made)
    names = tuple(made.values)

    def may(granted: Mapping[str, FieldDecision]) -> bool:
        return set(names) <= set(granted)

    def work(unit: UnitOfWork, row: PartyRow) -> Changed:
        row = unit.parties.lock([row.cif_no])[row.cif_no]
        if made.version is not None and made.version != row.version:
            raise InputError(
                "the customer was changed since you looked at them; look again, and make the change anew", path="$.version",
                rule="stale", cif_no=row.cif_no,
            )  # fmt: skip
        before = values_on(desk, unit, row, None if made.effective == desk.today() else made.effective)
        values = _standardized(desk, row, made, before)
        effective = _effective(desk, row, made, year_of_birth(desk, unit, row, actor, purpose))
        rules = _asks(desk, unit, row, made, values, actor)
        return _write(desk, unit, row, _Set(made, values, before, effective, rules), asked)

    asked = Asked(Action.CHANGE, "change", names, actor, purpose)
    return with_party(desk, cif_no, asked, may, work)


def cancel(desk: Desk, cif_no: CifNo, change_id: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
    """
    Takes a change back that has not begun yet; one that waits is withdrawn by `withdraw_proposal`, and one that holds is changed again.

    Raises:
        InputError: There is no such change that is scheduled.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* change one of its fields.
    """
    need_reason(reason)
    names: tuple[str, ...] = ()

    def may(granted: Mapping[str, FieldDecision]) -> bool:
        return bool(granted)

    def work(unit: UnitOfWork, row: PartyRow) -> tuple[str, ...]:
        unit.parties.lock([row.cif_no])
        known = known_changes(desk, unit, row)
        one = next((each for each in known if each.id == change_id), None)
        if one is None or one.state is not ChangeState.SCHEDULED or one.heard is None:
            raise InputError(
                "there is no such change that has not begun; a change that holds is changed again", path="$.change", rule="change",
                cif_no=row.cif_no,
            )  # fmt: skip
        fields = tuple(one.said.statement.values)
        granted = granted_to(desk, unit, actor, Action.CHANGE, purpose, row)
        if not set(fields) <= set(granted):
            raise InputError("the change is of fields that are not yours to change", path="$.change", rule="change")
        if one.approval is not None:
            raise InputError(
                "what took two persons one does not cancel; make another change for its day, or for now", path="$.change",
                rule="change", cif_no=row.cif_no,
            )  # fmt: skip
        heard = one.heard.statement
        assert heard.override is not None, "a change is a decision"
        over = attrs.evolve(heard.override, release=Release.EXPIRY, until=desk.now())
        arrival = Arrival(
            origin=heard.origin, channel=heard.channel, terms=heard.terms, business_time=heard.business_time, override=over,
            form=Standard(kind=PartyKind(row.kind), values=dict(heard.values), given={}, faults=()),
        )  # fmt: skip
        keep_decided(
            desk, unit, [Decided(row=row, arrivals=[arrival])], attrs.evolve(asked, fields=fields), reason=reason,
            rule=f"change:{change_id}",
        )  # fmt: skip
        return fields

    asked = Asked(Action.CHANGE, "cancel_change", names, actor, purpose)
    with_party(desk, cif_no, asked, may, work)


@attrs.frozen(repr=False)
class _Set:
    """A change set on its way: in stored form, with what stands on its day, from which instant on, and why it waits, if it does."""

    made: ChangeSet
    values: Mapping[str, Any]
    before: Mapping[str, Any]
    effective: int | None
    rules: tuple[str, ...]


def _write(desk: Desk, unit: UnitOfWork, row: PartyRow, one: _Set, asked: Asked) -> Changed:
    known, now = desk.ids.draw(_ID_BYTES).hex(), desk.now()
    waits, names = bool(one.rules), tuple(one.values)
    made = one.made
    override = Override(
        release=Release.SOURCES_CHANGE, effective=one.effective, waits=waits, code=made.code, evidence=made.evidence
    )
    arrival = Arrival(
        origin=SourceKey(CHANGES, known), channel=made.channel, override=override, terms=Terms(trust=100),
        business_time=_after(desk, unit, row, now) if one.effective is None else one.effective,
        form=Standard(kind=PartyKind(row.kind), values=one.values, given={}, faults=()),
    )  # fmt: skip
    rebuilt = keep_decided(
        desk, unit, [Decided(row=row, arrivals=[arrival])], asked, reason=made.text, rule=f"change:{known}:{made.code}"
    )[0]
    if not waits:
        state = ChangeState.SCHEDULED if (one.effective or 0) > now else ChangeState.APPLIED
        return Changed(id=known, state=state, changed=rebuilt.changed)
    detail = {
        "field": ",".join(sorted(names)), "change": known, "code": made.code, "rules": ",".join(one.rules)[:200], "source": CHANGES,
        "source_key": known, "record_no": "0",
    }  # fmt: skip
    base = {name: ground_of_values(desk, row.cif_no, one.before, name) for name in names}
    approval = proposed(desk, Operation.CHANGE, (row.cif_no,), detail, base, asked.actor, reason=made.text)
    (kept,) = keep(desk, unit, [approval])
    record(desk, unit, [decision_entry(kept, "propose", asked.actor, now)])
    return Changed(id=known, state=ChangeState.WAITING, changed=(), approval=approval.id, rules=one.rules)


def _after(desk: Desk, unit: UnitOfWork, row: PartyRow, now: int) -> int:
    """Now, or a moment behind what was decided up to today: a later word stands, even where clocks of two hosts differ or share an instant."""
    opened = open_records(desk, unit.sources.of_parties([row.cif_no]))
    times = [one.statement.business_time or 0 for one in opened if one.statement.override is not None]
    tonight = desk.span(None, desk.today())[1]
    return max((now, *(at + 1 for at in times if at < tonight)))


def _need_sound(desk: Desk, made: ChangeSet) -> None:
    """Raises `InputError` for what no customer's change can be."""
    if not 0 < len(made.values) <= _MOST_FIELDS:
        raise InputError(f"name one to {_MOST_FIELDS} fields to change", path="$.values", rule="required")
    if made.code not in desk.codes["change_reason"].labels:
        known = ", ".join(desk.codes["change_reason"].labels)
        raise InputError(f"a change has a reason; its code is one of {known}", path="$.code", rule="change")
    if not _CHANNEL.fullmatch(made.channel):
        raise InputError(
            "a channel is a short name of small letters, digits, . _ and -", path="$.channel", rule="change"
        )
    if made.evidence and not (_REFERENCE.fullmatch(made.evidence) and made.evidence.isprintable()):
        raise InputError("evidence is at most 200 printable characters", path="$.evidence", rule="change")
    if made.effective is not None and type(made.effective) is not date:
        raise InputError("a change is effective from a day on", path="$.effective", rule="change")
    if made.effective is not None and not FIRST_DAY <= made.effective <= LAST_DAY:
        raise InputError(
            f"a change is effective between {FIRST_DAY.year} and {LAST_DAY.year}", path="$.effective", rule="change"
        )


def _standardized(desk: Desk, row: PartyRow, made: ChangeSet, before: Mapping[str, Any]) -> dict[str, Any]:
    """The new values in stored form, of those that are another than the ones *before*, which stand on its day."""
    kind = PartyKind(row.kind)
    for name in made.values:
        field = CATALOGUE[kind].get(name)
        if field is None or (field.type is FieldType.CHILDREN and name != "identifiers"):
            raise InputError(
                "fields with one value and identifiers are changed so; holdings and the like come from a source",
                path=f"$.{name}" if name.isidentifier() else "$", rule="unknown_field", cif_no=row.cif_no,
            )  # fmt: skip
        if name == "identifiers" and not made.values[name]:
            raise InputError(
                "a document is replaced by another, and not cleared",
                path="$.identifiers",
                rule="required",
                cif_no=row.cif_no,
            )
    given = {name: value for name, value in made.values.items() if value is not None}
    standard = desk.standardizer.standardize(kind, given) if given else None
    if standard is not None and standard.refused:
        raise IntakeError([fault for fault in standard.faults if fault.severity == "error"])
    said: dict[str, Any] = {} if standard is None else dict(standard.values)
    missing = sorted(set(given) - set(said))
    if missing:
        raise InputError(
            "the new value is none; give None to clear a field",
            path=f"$.{missing[0]}",
            rule="required",
            cif_no=row.cif_no,
        )
    values = {name: said.get(name) for name in made.values}
    values = {name: value for name, value in values.items() if not _stands(name, value, before)}
    if not values:
        raise InputError(
            "nothing of it is new; the customer is so already", path="$.values", rule="unchanged", cif_no=row.cif_no
        )
    return values


def _stands(name: str, value: Any, before: Mapping[str, Any]) -> bool:
    """Whether the customer is so already."""
    if name == "identifiers":
        return all(one in before.get(name, ()) for one in value)
    return bool(value == before.get(name))


def _effective(desk: Desk, row: PartyRow, made: ChangeSet, born: str) -> int | None:
    """
    The instant from which on it holds; None from now on.

    Raises:
        InputError: It lies in a year before the customer was there. Only the year is told, to who may see it: days that are refused would tell the rest.
    """
    if made.effective is None or made.effective == desk.today():
        return None
    if born and made.effective.year < int(born):
        raise InputError(
            "the customer was not there yet in that year; correct it, or when they were born or founded", path="$.effective",
            rule="change", cif_no=row.cif_no,
        )  # fmt: skip
    return desk.span(made.effective, None)[0]


def _asks(
    desk: Desk, unit: UnitOfWork, row: PartyRow, made: ChangeSet, values: Mapping[str, Any], actor: Actor
) -> tuple[str, ...]:
    """Why the change takes a second person: ``protected``, and the policy's rules for changes; nothing if it does not."""
    catalogue = CATALOGUE[PartyKind(row.kind)]
    # Which channel it came by is what the caller says; no word of theirs makes one person enough.
    protected = any(catalogue[name].protected for name in values)
    return (*(["protected"] if protected else []), *rules_about(desk, unit, row, values, actor, made.channel))
