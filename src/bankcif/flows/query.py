"""
Reading: authorize -> find -> open -> verify -> mask -> audit -> return.

The audit entry is committed before anything leaves; what was found is verified after opening, before it is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    after: CifNo | None = None,
    limit: int = _MOST_RESULTS,
    sink: Sink = Sink.DISPLAY,
) -> list[CustomerView]:
    """
    Customers with an equal number, phone or e-mail, with an account or card (scheme and number), organizations of a name (whatever its legal form, brackets and
    script), or people with a name (in any script or spelling of one sound) and birth date; with all that is given, and of the rule *where* over plain facts
    that each of them shows as they are (see `bankcif.rules.parse`).

    Returns:
        At most *limit*, up to 50, by their numbers; with *after*, those behind that number.

    Raises:
        InputError: No way to search, or a term that is none; the message does not hold it.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
        NotFoundOrNotAllowedError: The policy lets *actor* find nobody for this purpose, or not choose by such a field.
        RuleError: *where* is no rule, or speaks of what the store cannot compare; it says where.
    """
    authorize(desk, actor, Action.FIND, "find", purpose)
    need_view_sink(sink)
    if not 1 <= limit <= _MOST_RESULTS:
        raise InputError(f"a search gives 1 to {_MOST_RESULTS} customers", path="$.limit", rule="limit")
    rule = to_lowered(chosen(desk, actor, Action.FIND, purpose, where, "find", sink))
    terms = _terms(
        desk, identifier=identifier, phone=phone, email=email, account=account, name=name, birth_date=birth_date,
        organization=organization,
    )  # fmt: skip
    ways = {
        "identifiers": identifier, "phone": phone, "email": email, "holdings": account, "name": organization if name is None else name, "birth_date": birth_date,
    }  # fmt: skip
    by = {*(field for field, way in ways.items() if way is not None), *fields_of(where)}
    with desk.unit_of_work() as unit:
        tagging = desk.tagging(unit)
        if account is not None and "holding" not in tagging.written[0].indexes:
            raise InputError(
                "this store was founded before accounts were indexed; search by another term, or add the index: bankcif keys rotate index",
                rule="search",
            )
        tags = {key: tagging.tag(key) for keys in terms for key in keys}
        bearing = _verified(desk, unit, tagging, tags, terms)
        rows = sorted(unit.parties.get(list(bearing)).values(), key=lambda row: row.cif_no)
        open_rows = [row for row in rows if (after is None or row.cif_no > after) and not is_closed(row, purpose)]
        asked = among(desk, unit, open_rows, rule, actor)
        seen = found_views(desk, unit, asked, actor, purpose, sink=sink, limit=limit, by=by, known=bearing.values())
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


def _terms(
    desk: Desk,
    *,
    identifier: tuple[str, str] | None,
    phone: str | None,
    email: str | None,
    account: tuple[str, str] | None,
    name: str | None,
    birth_date: date | None,
    organization: str | None,
) -> list[list[BlockingKey]]:
    """The keys of each term that is given; whoever is found bears one of each."""
    if (name is None) != (birth_date is None):
        raise InputError("a name is searched together with the birth date, and a birth date with a name", rule="search")
    found: list[list[BlockingKey]] = []
    if identifier is not None:
        scheme, number = identifier
        found.append(
            _keys_of(desk, {"identifiers": [{"scheme": scheme, "number": desk.schemes[scheme].compact(number)}]})
        )
    for field, text in (("phone", phone), ("email", email)):
        if text is not None:
            found.append(_keys_of(desk, {field: desk.schemes[field].compact(text)}))
    if account is not None:
        found.append(_account_keys(desk, *account))
    if name is not None:
        form = desk.standardizer.standardize(PartyKind.INDIVIDUAL, {"name": name, "birth_date": birth_date})
        if form.refused or set(form.values) != {"name", "birth_date"}:
            raise InputError("that is not a name and a birth date", rule="search")
        found.append(_keys_of(desk, form.values))
    if organization is not None:
        form = desk.standardizer.standardize(PartyKind.ORGANIZATION, {"name": organization})
        asked = features_of(PartyKind.ORGANIZATION, form.values, desk.link_policy.identifying)
        if form.refused or sum(map(str.isalnum, asked.name_key)) < _FEWEST_OF_NAME:
            raise InputError("that is not a name of an organization", rule="search")
        found.append(blocking_keys(asked))
    if not found:
        raise InputError(
            "search by identifier, phone, e-mail, account, organization, or name together with birth date; or by several of them",
            rule="search",
        )
    return found


def _keys_of(desk: Desk, values: Mapping[str, Any]) -> list[BlockingKey]:
    """The keys of a term; a number is a person's and an organization's alike."""
    found = blocking_keys(features_of(PartyKind.INDIVIDUAL, values, desk.link_policy.identifying))
    if not found:
        raise InputError("this term cannot be searched by; numbers of this scheme are not indexed", rule="search")
    return [key for key in found if key.index == found[0].index or "name" in values]


def _account_keys(desk: Desk, scheme: str, number: str) -> list[BlockingKey]:
    """The key of an account or card, by the token that its number rests as."""
    form = desk.standardizer.standardize(
        PartyKind.INDIVIDUAL, {"holdings": [{"product": "any", "scheme": scheme, "number": number}]}
    )
    held = () if form.refused or not scheme or not number.strip() else tokenized(desk, form).values.get("holdings", ())
    tokens = [one["token"] for one in held if "token" in one]
    if not tokens:
        raise InputError("that is not a number of an account or card of this scheme", rule="search")
    return [BlockingKey("holding", (tokens[0],))]


def _verified(
    desk: Desk,
    unit: UnitOfWork,
    tagging: Tagging,
    tags: Mapping[BlockingKey, bytes],
    terms: Sequence[Collection[BlockingKey]],
) -> dict[CifNo, DataKey]:
    """
    Parties of which a record really has a value of each of *terms*, perhaps another record for another term; with one such record's data key, which often is
    the anchor's.
    """
    found = sharing(desk, unit, tagging, tags, most=_MOST_HITS, each=terms)
    if found.capped or any(len(named) > _MOST_HITS for named in found.named.values()):
        raise InputError("this term is shared by too many customers; search by another", rule="search")
    first, *others = (
        {cif_no: one.key for key in keys for cif_no, one in found.bearers.get(key, {}).items()} for keys in terms
    )
    return {cif_no: key for cif_no, key in first.items() if all(cif_no in one for one in others)}
