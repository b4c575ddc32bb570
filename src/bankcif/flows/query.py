"""
Reading: authorize -> find -> open -> verify -> mask -> audit -> return.

The audit entry is committed before anything leaves; what was found is verified after opening, before it is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from ..access import Action, to_lowered
from ..audit import AuditEntry
from ..context import Actor, Effect, Purpose, Sink
from ..errors import InputError
from ..matching import BlockingKey, blocking_keys, features_of
from ..party import CATALOGUE, CifNo, PartyKind
from ..protection import DataKey
from ..storage import UnitOfWork
from ._choosing import among, chosen, fields_of, where_term
from ._opened import open_golden
from ._records import tokenized
from ._relations import by_ticket, current, granted_to, is_closed
from ._sharing import sharing
from ._view import CustomerView, found_views, masked_view, need_view_sink, typed
from .desk import Desk, Tagging, assure, authorize, need_purpose, operation_digest, over_cap, record, refuse, spend

__all__ = ["CustomerView", "find", "reveal", "view"]

_MOST_RESULTS = 50
_MOST_HITS = 1000
_FEWEST_OF_NAME = 2  # letters or characters of an organization's name, its legal form left out
_ONE_WAY = "search by exactly one of identifier, phone, e-mail, account, organization, or name together with birth date"


def find(
    desk: Desk,
    *,
    actor: Actor,
    purpose: Purpose,
    identifier: tuple[str, str] | None = None,
    phone: str | None = None,
    email: str | None = None,
    account: tuple[str, str] | None = None,
    name: str | None = None,
    birth_date: date | None = None,
    organization: str | None = None,
    where: str = "",
    sink: Sink = Sink.DISPLAY,
) -> list[CustomerView]:
    """
    Customers with an equal number, phone or e-mail, with an account or card (scheme and number), organizations of a name (whatever its legal form, brackets and
    script), or people with a name (in any script or spelling of one sound) and birth date; of them, those of the rule *where* over plain facts that each of them shows as they are (see
    `bankcif.rules.parse`); at most 50.

    Raises:
        InputError: Not exactly one way to search, or a term that is none; the message does not hold it.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
        NotFoundOrNotAllowedError: The policy lets *actor* find nobody for this purpose, or not choose by such a field.
        RuleError: *where* is no rule, or speaks of what the store cannot compare; it says where.
    """
    authorize(desk, actor, Action.FIND, "find", purpose)
    need_view_sink(sink)
    rule = to_lowered(chosen(desk, actor, Action.FIND, purpose, where, "find", sink))
    ways = {
        "identifiers": identifier, "phone": phone, "email": email, "holdings": account, "name": organization if name is None else name, "birth_date": birth_date,
    }  # fmt: skip
    by = {*(field for field, way in ways.items() if way is not None), *fields_of(where)}
    terms = (
        _account_keys(
            desk, account, any(one is not None for one in (identifier, phone, email, name, birth_date, organization))
        )
        if account
        else _search_keys(desk, identifier, phone, email, name, birth_date, organization)
    )
    with desk.unit_of_work() as unit:
        tagging = desk.tagging(unit)
        if account is not None and "holding" not in tagging.written[0].indexes:
            raise InputError(
                "this store was founded before accounts were indexed; search by another term, or add the index: bankcif keys rotate index",
                rule="search",
            )
        tags = {key: tagging.tag(key) for key in terms}
        keys = _verified(desk, unit, tagging, tags)
        rows = sorted(unit.parties.get(list(keys)).values(), key=lambda row: row.cif_no)
        asked = among(desk, unit, [row for row in rows if not is_closed(row, purpose)], rule, actor)
        seen = found_views(
            desk, unit, asked, actor, purpose, sink=sink, limit=_MOST_RESULTS, by=by, known=keys.values()
        )  # fmt: skip
        views, rules = [view for view, _ in seen], {rule for _, by in seen for rule in by}
        entry = AuditEntry.by(
            actor, "find", desk.now(), purpose=purpose, count=len(views),
            subjects=tuple(one.cif_no for one in views), rule=",".join(sorted(rules)),
            fields=tuple(sorted({name for one in views for name in one.values} | fields_of(where))),
            terms={**{key.index: tag.hex() for key, tag in tags.items()}, **where_term(desk, where)},
        )  # fmt: skip
        within = spend(desk, unit, actor, Action.FIND, max(len(views), 1))  # who finds nobody has tried a value
        if within:
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.FIND, "find", purpose)
    return views


def view(desk: Desk, cif_no: CifNo, *, actor: Actor, purpose: Purpose, sink: Sink = Sink.DISPLAY) -> CustomerView:
    """
    One customer, as *actor* may see them for *purpose* where it goes to *sink*; a retired number gives its survivor.

    Raises:
        InputError: It is to go to a file, which is an export.
        NotFoundOrNotAllowedError: There is no such customer, or nothing of them may be seen.
    """
    need_purpose(desk, actor, "view", purpose)
    assure(desk, actor, Action.VIEW, "view", purpose)
    need_view_sink(sink)
    within = True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        seen = None if row is None else masked_view(desk, unit, row, actor, purpose, sink=sink)
        if row is not None and seen is not None:
            entry = AuditEntry.by(
                actor, "view", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1,
                fields=tuple(seen[0].values), rule=",".join(sorted(seen[1])),
            )  # fmt: skip
            within = spend(desk, unit, actor, Action.VIEW, 1)
            if within:
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "view", purpose)
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
    within = True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        allowed = row is not None
        rules: set[str] = set()
        if row is not None:
            catalogue = CATALOGUE[PartyKind(row.kind)]
            decisions = granted_to(desk, unit, actor, Action.REVEAL, purpose, row)
            for name in names:
                if name not in catalogue:
                    raise InputError(f"{name!r} is not a field of {row.kind}s" if name.isidentifier() else
                                     "that is not a field's name", path="$", rule="unknown_field")  # fmt: skip
                said = decisions.get(name)
                allowed = allowed and said is not None and said.decision.effect is Effect.PERMIT
                rules.add(said.decision.rule if said else "default")
            rules |= by_ticket(desk, actor, row)
        if row is not None and allowed and names:
            values = open_golden(desk, unit, row)
            found = {name: typed(catalogue[name], values.get(name)) for name in names}
            entry = AuditEntry.by(
                actor, "reveal", desk.now(), purpose=purpose, subjects=(row.cif_no,),
                count=1, fields=names, rule=",".join(sorted(rules)),
            )  # fmt: skip
            within = spend(desk, unit, actor, Action.REVEAL, 1)
            if within:
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.REVEAL, "reveal", purpose)
    if row is None or not allowed or not names:
        raise refuse(desk, actor, "reveal", purpose, subjects=(row.cif_no,) if row else (), fields=names)
    return found


def _account_keys(desk: Desk, account: tuple[str, str], several: bool) -> list[BlockingKey]:
    """The key of an account or card, by the token that its number rests as."""
    if several:
        raise InputError(_ONE_WAY, rule="search")
    scheme, number = account
    form = desk.standardizer.standardize(
        PartyKind.INDIVIDUAL, {"holdings": [{"product": "any", "scheme": scheme, "number": number}]}
    )
    held = () if form.refused or not scheme or not number.strip() else tokenized(desk, form).values.get("holdings", ())
    tokens = [one["token"] for one in held if "token" in one]
    if not tokens:
        raise InputError("that is not a number of an account or card of this scheme", rule="search")
    return [BlockingKey("holding", (tokens[0],))]


def _search_keys(
    desk: Desk,
    identifier: tuple[str, str] | None,
    phone: str | None,
    email: str | None,
    name: str | None,
    birth_date: date | None,
    organization: str | None,
) -> list[BlockingKey]:
    ways = [identifier, phone, email, name, organization]
    if sum(way is not None for way in ways) != 1 or (name is None) != (birth_date is None):
        raise InputError(_ONE_WAY, rule="search")
    values: dict[str, Any]
    if organization is not None:
        form = desk.standardizer.standardize(PartyKind.ORGANIZATION, {"name": organization})
        asked = features_of(PartyKind.ORGANIZATION, form.values, desk.link_policy.identifying)
        if form.refused or sum(map(str.isalnum, asked.name_key)) < _FEWEST_OF_NAME:
            raise InputError("that is not a name of an organization", rule="search")
        return blocking_keys(asked)
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


def _verified(
    desk: Desk, unit: UnitOfWork, tagging: Tagging, tags: Mapping[BlockingKey, bytes]
) -> dict[CifNo, DataKey]:
    """Parties of which a record really has the value, each with that record's data key, which often is the anchor's."""
    found = sharing(desk, unit, tagging, tags, most=_MOST_HITS)
    if found.capped or any(len(named) > _MOST_HITS for named in found.named.values()):
        raise InputError("this term is shared by too many customers; search by another", rule="search")
    return {cif_no: one.key for bearers in found.bearers.values() for cif_no, one in bearers.items()}
