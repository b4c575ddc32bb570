"""Asking without registering: whom a form may be, and why a match weighs what it weighs, with the values as one may see them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ..access import Action, FieldDecision
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..errors import NotFoundOrNotAllowedError
from ..matching import Link, Term, probability_of
from ..party import CATALOGUE, CifNo, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._meet import meet
from ._opened import open_golden
from ._records import Arrival
from ._relations import current, granted_to
from ._view import as_seen
from .desk import Desk, authorize, over_cap, record, spend

__all__ = ["CandidateMatch", "ExplainedMatch", "ExplainedTerm", "candidates", "explain_match"]

# What a comparison looks at.
_FIELDS: Mapping[str, str] = {
    "name": "name", "id_number": "identifiers", "document": "identifiers", "phone": "phone", "email": "email",
    "birth_date": "birth_date", "sex": "sex", "region": "address", "address": "address",
}  # fmt: skip


@attrs.frozen(kw_only=True)
class CandidateMatch:
    """
    A customer whom a form may be.

    Attributes:
        cif_no: Who.
        link: ``automatic`` if registering would link the form to them, else ``possible``.
        rule: By which rule of the link policy.
        weight_millibits: What the match model says.
        terms: Why, comparison by comparison, of fields that *actor* may see, without any value.
    """

    cif_no: CifNo
    link: Link
    rule: str
    weight_millibits: int
    terms: tuple[Term, ...]


@attrs.frozen(kw_only=True)
class ExplainedTerm:
    """One comparison's part, and what the two customers have, as *actor* may see it; None for nothing, or what is not shown."""

    comparison: str
    level: str
    millibits: int
    one: Any
    other: Any


@attrs.frozen(kw_only=True)
class ExplainedMatch:
    """
    Why a possible match weighs what it weighs.

    Attributes:
        task_id: The match.
        cif_no, other: The two customers as they stand today.
        terms: The parts of the weight, of fields that *actor* may see of both; where all are, they add up to it.
        weight_millibits: The sum.
    """

    task_id: str
    cif_no: CifNo
    other: CifNo
    terms: tuple[ExplainedTerm, ...]
    weight_millibits: int

    @property
    def probability(self) -> float:
        """The weight as a chance between 0 and 1."""
        return probability_of(self.weight_millibits)


def candidates(desk: Desk, arrival: Arrival, *, actor: Actor, purpose: Purpose) -> list[CandidateMatch]:
    """
    Whom a form may be, heaviest first, of customers whom *actor* may see; nothing is stored but that somebody asked.

    Raises:
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
        NotFoundOrNotAllowedError: The policy does not let *actor* link.

    Cost: that of registering it, without the writing.
    """
    authorize(desk, actor, Action.LINK, "candidates", purpose)
    with desk.unit_of_work() as unit:
        links = unit.crosswalk.current([arrival.origin])
        (met,) = meet(desk, unit, [arrival], desk.tagging(unit), links, only_look=True).met
        rows = unit.parties.get({one.cif_no for one in met if one.cif_no is not None})
        seen = {cif_no: granted_to(desk, unit, actor, Action.VIEW, purpose, row) for cif_no, row in rows.items()}
        found = [
            CandidateMatch(
                cif_no=one.cif_no, link=one.link, rule=one.rule, weight_millibits=one.weight_millibits,
                terms=_told(one.explanation().terms, seen[one.cif_no]),
            )
            for one in met
            if one.cif_no is not None and seen[one.cif_no]
        ]  # fmt: skip
        entry = AuditEntry.by(
            actor, "candidates", desk.now(), purpose=purpose, count=len(found), channel=arrival.channel,
            subjects=tuple(sorted(one.cif_no for one in found)), fields=tuple(sorted(arrival.form.values)),
        )  # fmt: skip
        within = spend(desk, unit, actor, Action.LINK, max(len(found), 1))  # who meets nobody has tried a value
        if within:
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.LINK, "candidates", purpose)
    return found


def _told(terms: Iterable[Term], seen: Mapping[str, FieldDecision]) -> tuple[Term, ...]:
    """*terms* of fields that may be seen: how another agrees would tell what it is."""
    return tuple(term for term in terms if _FIELDS.get(term.comparison, "") in ("", *seen))


def explain_match(desk: Desk, task_id: str, *, actor: Actor, purpose: Purpose) -> ExplainedMatch:
    """
    Why a possible match weighs what it weighs, with what both customers have today beside each comparison.

    Raises:
        NotFoundOrNotAllowedError: There is no such match, or the policy does not let *actor* link, or see one of the two.
    """
    authorize(desk, actor, Action.LINK, "explain", purpose)
    found: ExplainedMatch | None = None
    with desk.unit_of_work() as unit:
        for row in unit.work.tasks(ids=[task_id]):
            one, other = (current(unit, side, purpose) for side in (row.cif_no, row.other))
            if one is None or other is None:
                continue
            sides = (one, other)
            shown = [_shown(desk, unit, side, actor, purpose) for side in sides]
            if all(one is not None for one in shown):
                granted = [granted_to(desk, unit, actor, Action.VIEW, purpose, side) for side in sides]
                said = json.loads(row.detail)
                terms = tuple(
                    ExplainedTerm(
                        comparison=comparison, level=level, millibits=millibits,
                        one=(shown[0] or {}).get(_FIELDS.get(comparison, "")),
                        other=(shown[1] or {}).get(_FIELDS.get(comparison, "")),
                    )
                    for comparison, level, millibits in said["terms"]
                    if all(_FIELDS.get(comparison, "") in ("", *fields) for fields in granted)
                )  # fmt: skip
                found = ExplainedMatch(
                    task_id=row.id, cif_no=sides[0].cif_no, other=sides[1].cif_no, terms=terms,
                    weight_millibits=row.weight_millibits,
                )  # fmt: skip
                entry = AuditEntry.by(
                    actor, "explain", desk.now(), purpose=purpose, subjects=(found.cif_no, found.other), count=2,
                    fields=tuple(sorted(set(shown[0] or ()) | set(shown[1] or ()))),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if found is None:
        raise NotFoundOrNotAllowedError("there is no such match, or not for you to see", rule="default")
    return found


def _shown(desk: Desk, unit: UnitOfWork, row: PartyRow, actor: Actor, purpose: Purpose) -> dict[str, Any] | None:
    """What comparisons look at of a customer, as *actor* may see it; None if nothing of them may be seen."""
    decisions: Mapping[str, FieldDecision] = granted_to(desk, unit, actor, Action.VIEW, purpose, row)
    if not decisions:
        return None
    values, catalogue = open_golden(desk, unit, row), CATALOGUE[PartyKind(row.kind)]
    found = {}
    for name in dict.fromkeys(_FIELDS.values()):
        said = decisions.get(name)
        if said is not None and name in values:
            found[name] = as_seen(desk, catalogue[name], values[name], said)
    return found
