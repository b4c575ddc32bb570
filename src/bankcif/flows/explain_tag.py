"""Why a tag holds of a customer, or does not, in values as somebody may see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..access import Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CATALOGUE, CifNo, PartyKind
from ..rules import Explanation, comes_from, fields_behind, leaves
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ..tagging import Catalogue, Evaluator, Portrait, Tag, Tier, heard, said_of
from ._opened import open_goldens, open_provenance
from ._portrait import open_portraits, others_of, record_for_rules
from ._relations import by_ticket, current, granted_to
from ._view import as_seen, is_masked
from .desk import Desk, assure, need_purpose, over_cap, record, refuse, spend
from .portray import tag_rules
from .say import tag_is_granted

__all__ = ["why"]

_WITHHELD = "***"
_STATES = {"cif_no", "kind", "life_cycle", "review_state"}
"""What a rule may read that is no field of the catalogue."""


def why(desk: Desk, cif_no: CifNo, name: str, *, actor: Actor, purpose: Purpose) -> Explanation:
    """
    Why the rule of ``tag:NAME`` or ``segment:NAME`` holds of a customer today, or does not, with their values as *actor* sees them.

    Raises:
        InputError: There is no such definition, or it has no rule.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* this tag, or a field that it depends on; of a
            rule of several parts, if it does not show one of them as it is: what a part says of a customer tells of the value. Of a tier, if
            it does not show every tier of its ladder.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    need_purpose(desk, actor, "why", purpose)
    assure(desk, actor, Action.VIEW, "why", purpose)
    tags = desk.tags
    if tags is None or name not in tags.evaluator.catalogue.order:
        raise InputError("there is no such tag or segment in the catalogue in force", path="$.name", rule="unknown_tag")
    catalogue, found, within = tags.evaluator.catalogue, None, True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        granted: Mapping[str, FieldDecision] = {}
        allowed = False
        if row is not None:
            granted = granted_to(desk, unit, actor, Action.VIEW, purpose, row)
            depends = catalogue.needs(name)
            read = {field for one in depends.fields | depends.rows for field in fields_behind(one)} - _STATES
            steps = {tier.name for tier in _ladder(catalogue, name)}
            shown = (
                {f"tag:{one}" for one in depends.tags | steps} | {f"segment:{one}" for one in depends.segments} | {name}
            )
            allowed = _may_be_explained(catalogue, name, row, read, granted) and all(
                tag_is_granted(catalogue, granted, one) for one in shown
            )
        if row is not None and allowed:
            found = _explained(desk, unit, tags.evaluator, row, granted, name, read)
            within = spend(desk, unit, actor, Action.VIEW, 1)
            if within:
                entry = AuditEntry.by(
                    actor, "why", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1, fields=(name, *sorted(read)),
                    rule=",".join(sorted(tag_rules(granted) | by_ticket(desk, actor, row))),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "why", purpose)
    if row is None or found is None:
        raise refuse(desk, actor, "why", purpose, subjects=(row.cif_no,) if row else (), fields=(name,) if row else ())
    return found


def _may_be_explained(
    catalogue: Catalogue, name: str, row: PartyRow, read: set[str], granted: Mapping[str, FieldDecision]
) -> bool:
    """Whether the parts of a rule tell no more than whoever sees the tag and these fields knows already."""
    if not read <= set(granted):
        return False
    fields = CATALOGUE[PartyKind(row.kind)]
    whole = all(field in fields and not is_masked(fields[field], granted[field]) for field in read)
    when = catalogue.definition(name).when
    if when is None:  # where somebody stood month by month, and how long they have been on watch, a tier says itself
        return bool(_ladder(catalogue, name)) or whole
    return whole or (not catalogue.needs(name).tags and len([*leaves(when)]) == 1)


def _ladder(catalogue: Catalogue, name: str) -> tuple[Tier, ...]:
    """The tiers of the ladder of which ``tag:NAME`` is one; none of any other definition."""
    one = catalogue.definition(name)
    scale = catalogue.ladders.get(one.group) if isinstance(one, Tag) else None
    return () if scale is None else scale.tiers


def _explained(
    desk: Desk, unit: UnitOfWork, evaluator: Evaluator, row: PartyRow, granted: Mapping[str, FieldDecision], name: str, read: set[str]
) -> Explanation:  # fmt: skip
    """Why it holds, or does not; *read* are the fields of the catalogue that its rule reads."""
    today = desk.today()
    values = open_goldens(desk, unit, [row.cif_no])[row.cif_no]
    others = others_of(unit, {row.cif_no: values})[row.cif_no]
    record_ = record_for_rules(row, values, unit.copies.facts([row.cif_no]).get(row.cif_no), others)
    before = open_portraits(desk, unit, [row.cif_no]).get(row.cif_no, Portrait())
    catalogue = CATALOGUE[PartyKind(row.kind)]

    def show(fields: frozenset[str], value: Any) -> str:
        """Whole where every field that it is made of is shown whole, and masked like its field where it is the field itself."""
        names = {behind for one in fields for behind in fields_behind(one)} - _STATES
        masked = [one for one in names if one not in catalogue or is_masked(catalogue[one], granted[one])]
        if value is None or not masked:
            return "" if value is None else str(value)
        only = next(iter(fields))
        if len(fields) == 1 and only in catalogue:
            return str(as_seen(desk, catalogue[only], values.get(only), granted[only]))
        return _WITHHELD

    said = said_of(evaluator.catalogue, heard(before.words, today))
    sources = _sources(desk, unit, row, evaluator)
    found = evaluator.explain(name, record_, today, show=show, sources=sources, said=said)
    # The day on which an age comes tells a birth date that is masked.
    hidden = any(one not in catalogue or is_masked(catalogue[one], granted[one]) for one in read)
    return attrs.evolve(found, turns_on=None) if hidden else found


def _sources(desk: Desk, unit: UnitOfWork, row: PartyRow, evaluator: Evaluator) -> dict[str, str]:
    """By which source each value that a rule may read stands, and by which rule it won."""
    known = {field: f"{source} ({rule})" for field, (source, rule) in open_provenance(desk, unit, row.cif_no).items()}
    schema = evaluator.catalogue.schema
    return {
        name: known[comes_from(name)] for name in (*schema.fields, *schema.collections) if comes_from(name) in known
    }
