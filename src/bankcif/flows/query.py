"""
Reading: authorize -> find -> open -> verify -> mask -> audit -> return.

The audit entry is committed before anything leaves; what was found is verified after opening, before it is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

import attrs

from ..access import Action, mask
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose, Relation
from ..errors import InputError
from ..matching import BlockingKey, blocking_keys, features_of
from ..party import CATALOGUE, CifNo, Field, FieldType, LifeCycle, Money, PartyKind
from ..protection import DataKey
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._golden import golden_place
from ._records import open_records
from .desk import Desk, assure, authorize, need_purpose, operation_digest, record, refuse

__all__ = ["CustomerView", "current", "find", "relations_to", "reveal", "view"]

_MOST_RESULTS = 50
_MOST_HITS = 1000


@attrs.frozen(kw_only=True)
class CustomerView:
    """
    A customer as an actor may see them: masks only, never the values behind them.

    Fields are attributes (``view.phone``); one that is not there is None. `masked_fields` names what is masked,
    `withheld` what exists but is not shown at all.
    """

    cif_no: CifNo
    kind: PartyKind
    values: Mapping[str, Any]
    masked_fields: tuple[str, ...]
    withheld: tuple[str, ...]
    version: int
    waiting: int = 0

    def __getattr__(self, name: str) -> Any:
        values = object.__getattribute__(self, "values")
        if name in CATALOGUE[object.__getattribute__(self, "kind")]:
            return values.get(name)
        raise AttributeError(name)


def find(
    desk: Desk,
    *,
    actor: Actor,
    purpose: Purpose,
    identifier: tuple[str, str] | None = None,
    phone: str | None = None,
    email: str | None = None,
    name: str | None = None,
    birth_date: date | None = None,
) -> list[CustomerView]:
    """
    Customers with an equal number, phone or e-mail, or with a name (in any script or spelling of one sound) and birth
    date; at most 50.

    Raises:
        InputError: Not exactly one way to search, or a term that is none; the message does not hold it.
        NotFoundOrNotAllowedError: The policy lets *actor* find nobody for this purpose.
    """
    authorize(desk, actor, Action.FIND, "find", purpose)
    terms = _search_keys(desk, identifier, phone, email, name, birth_date)
    with desk.unit_of_work() as unit:
        tagging = desk.tagging(unit)
        tags = {tagging.tag(key): key for key in terms}
        keys = _verified(desk, unit, tags)
        views, rules = [], set()
        for row in unit.parties.get(list(keys)).values():
            seen = (
                None
                if is_closed(row, purpose)
                else _masked(desk, unit, row, actor, Action.FIND, purpose, keys[row.cif_no])
            )
            if seen is not None:
                views.append(seen[0])
                rules |= seen[1]
        views = sorted(views, key=lambda one: one.cif_no)[:_MOST_RESULTS]
        entry = AuditEntry.by(
            actor, "find", desk.now(), purpose=purpose, count=len(views),
            subjects=tuple(one.cif_no for one in views), rule=",".join(sorted(rules)),
            fields=tuple(sorted({name for one in views for name in one.values})),
            terms={key.index: tag.hex() for tag, key in tags.items()},
        )  # fmt: skip
        record(desk, unit, [entry])
        unit.commit()
    return views


def view(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose) -> CustomerView:
    """
    One customer, as *actor* may see them for *purpose*; a retired number gives its survivor.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or nothing of them may be seen.
    """
    need_purpose(desk, actor, "view", purpose)
    assure(desk, actor, Action.VIEW, "view", purpose)
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        seen = None if row is None else _masked(desk, unit, row, actor, Action.VIEW, purpose)
        if row is not None and seen is not None:
            entry = AuditEntry.by(
                actor, "view", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1,
                fields=tuple(seen[0].values), rule=",".join(sorted(seen[1])),
            )  # fmt: skip
            record(desk, unit, [entry])
            unit.commit()
    if row is None or seen is None:
        raise refuse(desk, actor, "view", purpose, subjects=(row.cif_no,) if row else ())
    return seen[0]


def reveal(desk: Desk, cif_no: CifNo, fields: Collection[str], *, actor: Actor, purpose: Purpose) -> dict[str, Any]:
    """
    The named fields in clear: the one way out. All of them, or none.

    Returns:
        Field name to its value (text, `date`, `Money`, or a list of mappings); None for one that is empty.

    Raises:
        InputError: A name that is not a field.
        NotFoundOrNotAllowedError: There is no such customer, or one of the fields may not be revealed.
        StepUpRequired: *actor* was not recognized as the policy asks for it.
    """
    need_purpose(desk, actor, "reveal", purpose)
    names = tuple(sorted(set(fields)))
    if desk.policy.allows(actor, Action.REVEAL, purpose).effect is Effect.PERMIT:
        # Who may reveal nothing at all is refused below, not asked to step up.
        operation = operation_digest("reveal", cif_no, purpose.value, *names)
        assure(desk, actor, Action.REVEAL, "reveal", purpose, operation=operation)
    found: dict[str, Any] = {}
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        allowed = row is not None
        rules: set[str] = set()
        if row is not None:
            catalogue = CATALOGUE[PartyKind(row.kind)]
            for name in names:
                if name not in catalogue:
                    raise InputError(f"{name!r} is not a field of {row.kind}s" if name.isidentifier() else
                                     "that is not a field's name", path="$", rule="unknown_field")  # fmt: skip
                said = desk.policy.decide(actor, Action.REVEAL, purpose, relations_to(desk, actor, row), name)
                allowed = allowed and said.decision.effect is Effect.PERMIT
                rules.add(said.decision.rule)
            rules |= _by_ticket(desk, actor, row)
        if row is not None and allowed and names:
            values = _open_golden(desk, unit, row)
            found = {name: _typed(catalogue[name], values.get(name)) for name in names}
            entry = AuditEntry.by(
                actor, "reveal", desk.now(), purpose=purpose, subjects=(row.cif_no,),
                count=1, fields=names, rule=",".join(sorted(rules)),
            )  # fmt: skip
            record(desk, unit, [entry])
            unit.commit()
    if row is None or not allowed or not names:
        raise refuse(desk, actor, "reveal", purpose, subjects=(row.cif_no,) if row else (), fields=names)
    return found


def relations_to(desk: Desk, actor: Actor, row: PartyRow) -> frozenset[Relation]:
    """How *actor* stands to a customer, in every way."""
    found = {Relation.ANY}
    if row.manager is not None and row.manager == actor.id:
        found.add(Relation.PORTFOLIO)
    if row.branch is not None and row.branch == actor.branch:
        found.add(Relation.BRANCH)
    if ticket_for(desk, actor, row):
        found.add(Relation.TICKET)
    return frozenset(found)


def ticket_for(desk: Desk, actor: Actor, row: PartyRow) -> str:
    """Id of a ticket of *actor* that names this customer and holds still; empty if there is none."""
    now = desk.clock.now()
    return next((one.id for one in actor.tickets if one.cif_no == row.cif_no and now < one.expires_at), "")


def _by_ticket(desk: Desk, actor: Actor, row: PartyRow) -> set[str]:
    """What the log adds to the rules that decided, where the actor holds a ticket on the customer."""
    ticket = ticket_for(desk, actor, row)
    return {f"ticket:{ticket}"} if ticket else set()


def _search_keys(
    desk: Desk,
    identifier: tuple[str, str] | None,
    phone: str | None,
    email: str | None,
    name: str | None,
    birth_date: date | None,
) -> list[BlockingKey]:
    ways = [identifier, phone, email, name]
    if sum(way is not None for way in ways) != 1 or (name is None) != (birth_date is None):
        raise InputError(
            "search by exactly one of identifier, phone, e-mail, or name together with birth date", rule="search"
        )
    values: dict[str, Any]
    if identifier is not None:
        scheme, number = identifier
        values = {"identifiers": [{"scheme": scheme, "number": desk.schemes[scheme].compact(number)}]}
    elif phone is not None:
        values = {"phone": desk.schemes["phone"].compact(phone)}
    elif email is not None:
        values = {"email": desk.schemes["email"].compact(email)}
    else:
        form = desk.standardizer.standardize(PartyKind.INDIVIDUAL, {"name": name, "birth_date": birth_date})
        if form.refused or set(form.values) != {"name", "birth_date"}:
            raise InputError("that is not a name and a birth date", rule="search")
        values = dict(form.values)
    keys = [
        key
        for kind in PartyKind
        for key in blocking_keys(features_of(kind, values, desk.link_policy.identifying))
        if key.index != "organization_name"
    ]
    # One number may be several keys' business; a person's and a company's are the same.
    unique = list({(key.index, key.value): key for key in keys}.values())
    if not unique:
        raise InputError("this term cannot be searched by; numbers of this scheme are not indexed", rule="search")
    return [key for key in unique if key.index == unique[0].index or name is not None]


def _verified(desk: Desk, unit: UnitOfWork, tags: Mapping[bytes, BlockingKey]) -> dict[CifNo, DataKey]:
    """
    Parties of which a record really has the value (cut tags also meet strangers), each with that record's data key,
    which often is the anchor's.
    """
    hits = [row for row in unit.indexes.find(tags) if tags[row.tag].index == row.index_name]
    if len(hits) > _MOST_HITS:
        raise InputError("this term is shared by too many customers; search by another", rule="search")
    party_of = {(row.source, row.source_key, row.record_no): row.cif_no for row in hits}
    rows = [(party_of[row.place], row) for row in unit.sources.at(party_of) if row.restricted_at is None]
    wanted = set(tags.values())
    return {
        opened.cif_no: opened.key
        for opened in open_records(desk, rows)
        if not wanted.isdisjoint(blocking_keys(opened.features))
    }


def is_closed(row: PartyRow, purpose: Purpose) -> bool:
    """Whether nothing of the party may be seen for *purpose*: it is erased, or restricted and the law does not ask."""
    if row.life_cycle == LifeCycle.RESTRICTED:
        return purpose not in (Purpose.COMPLIANCE, Purpose.AUDIT)
    return row.life_cycle == LifeCycle.ERASED


def current(unit: UnitOfWork, cif_no: CifNo, purpose: Purpose | None = None) -> PartyRow | None:
    """The party that *cif_no* stands for today; None too where it is closed to *purpose*, if one is given."""
    row = unit.parties.get([cif_no]).get(cif_no)
    while row is not None and row.merged_into is not None:
        row = unit.parties.get([row.merged_into]).get(row.merged_into)
    return None if row is None or (purpose is not None and is_closed(row, purpose)) else row


def _open_golden(desk: Desk, unit: UnitOfWork, row: PartyRow, known: DataKey | None = None) -> dict[str, Any]:
    groups = unit.copies.golden([row.cif_no])
    keys = {} if known is None else {known.id: known}
    missing = {group.key_id for group in groups} - keys.keys()
    if missing:
        keys |= desk.data_keys.get(missing)
    values: dict[str, Any] = {}
    for group in groups:
        place = golden_place(row.cif_no, group.data_group, group.version)
        values.update(desk.sealer.open(group.sealed, keys[group.key_id], place)["values"])
    return values


def _masked(
    desk: Desk,
    unit: UnitOfWork,
    row: PartyRow,
    actor: Actor,
    action: Action,
    purpose: Purpose,
    known: DataKey | None = None,
) -> tuple[CustomerView, set[str]] | None:
    """The view of a party, and the rules that gave it; None if nothing of it may be seen."""
    kind = PartyKind(row.kind)
    decisions = desk.policy.granted(actor, action, purpose, relations_to(desk, actor, row))
    if not decisions:
        return None
    values = _open_golden(desk, unit, row, known)
    shown: dict[str, Any] = {}
    masked = []
    for field in _present(CATALOGUE[kind], values):
        said = decisions.get(field.name)
        if said is None:
            continue
        value = values[field.name]
        if said.decision.effect is Effect.PERMIT:
            shown[field.name] = value
        else:
            shown[field.name] = mask(field.mask, value, desk.masks.of(said.profile))
            if field.mask != "clear":
                masked.append(field.name)
    withheld = tuple(field.name for field in _present(CATALOGUE[kind], values) if field.name not in decisions)
    waiting = len(unit.work.approvals(state="proposed", cif_no=row.cif_no)) if action is Action.VIEW else 0
    found = CustomerView(
        cif_no=row.cif_no, kind=kind, values=shown, masked_fields=tuple(masked), withheld=withheld,
        version=row.version, waiting=waiting,
    )  # fmt: skip
    return found, {decisions[name].decision.rule for name in shown} | _by_ticket(desk, actor, row)


def _present(catalogue: Mapping[str, Field], values: Mapping[str, Any]) -> Iterator[Field]:
    return (field for name, field in catalogue.items() if name in values)


def _typed(field: Field, value: Any) -> Any:
    """A stored value as people use it."""
    if value is None:
        return None
    if field.type is FieldType.DATE:
        return date.fromisoformat(value)
    if field.type is FieldType.MONEY:
        return Money.of_minor(value["minor"], value["currency"])
    return value["text"] if field.type is FieldType.ADDRESS else value
