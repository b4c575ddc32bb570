"""What customers allow of their data, where a purpose rests on consent: asked before anything of them is shown or leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import attrs

from ..access import Action, FieldDecision, LawfulBasis
from ..context import Purpose
from ..party import (
    CATALOGUE,
    CifNo,
    ConsentAnswer,
    ConsentUse,
    DataGroup,
    consent_answer,
    consent_turns,
)
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._opened import comes_of_age, open_goldens
from .desk import Desk

__all__ = ["Spoken", "allowed_fields", "consented", "rests_on_consent", "spoken_of"]

_ASKED = frozenset({Action.VIEW, Action.FIND, Action.REVEAL, Action.EXPORT, Action.WORK, Action.EXTRACT})
_GROUPS = frozenset({DataGroup.IDENTITY, DataGroup.CONSENT})
_ALWAYS = "consents"
"""Whoever may look at what somebody consented to sees that they did not, too; by no other action."""
_FREE = frozenset({"kind"})
"""What is told of whoever is told of."""


@attrs.frozen(kw_only=True, repr=False)
class Spoken:
    """What a customer said of the use of their data, whether a guardian speaks for them, and from which day on nobody does, if it is known."""

    rows: Sequence[Mapping[str, Any]]
    child: bool
    of_age: date | None = None

    def allows(self, use: ConsentUse, today: date) -> bool:
        """Whether it allows *use*; one of all data, if it refuses no group of it."""
        groups: list[str | None] = [use.data_group]
        if use.data_group is None:
            groups += [group.value for group in DataGroup]
        uses = (attrs.evolve(use, data_group=group) for group in groups)
        return all(consent_answer(self.rows, one, today, child=self.child)[0] is ConsentAnswer.GRANTED for one in uses)

    def turns(self, purpose: Purpose, today: date) -> date | None:
        """The next day on which it may allow other uses for *purpose*, though nothing new is said."""
        found = [consent_turns(self.rows, purpose.value, today), self.of_age if self.child else None]
        return min((day for day in found if day is not None), default=None)


def rests_on_consent(desk: Desk, action: Action, purpose: Purpose) -> bool:
    """Whether nothing is shown by *action* for *purpose* but of who consented to it."""
    return action in _ASKED and desk.policy.bases.get(purpose) is LawfulBasis.CONSENT


def spoken_of(desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow]) -> dict[CifNo, Spoken]:
    """What each of these customers said."""
    values = open_goldens(desk, unit, [row.cif_no for row in rows], groups=_GROUPS)
    today = desk.today()
    found = {}
    for row in rows:
        mine = values[row.cif_no]
        of_age = comes_of_age(row, mine)
        child = of_age is not None and today < of_age
        found[row.cif_no] = Spoken(rows=mine.get("consents", ()), child=child, of_age=of_age)
    return found


def consented(
    decisions: Mapping[str, FieldDecision], spoken: Spoken, use: ConsentUse, today: date, *, looks: bool = False
) -> Mapping[str, FieldDecision]:
    """
    Those of *decisions* that a customer's consents let stand: a field by its data group, a tag or segment by a consent to all data. *looks* is whether
    somebody looks at this customer, and so at their consents.
    """
    allowed = allowed_fields(spoken, use, today, decisions.keys())
    return {field: said for field, said in decisions.items() if field in allowed or (looks and field == _ALWAYS)}


def allowed_fields(spoken: Spoken, use: ConsentUse, today: date, fields: Iterable[str]) -> set[str]:
    """Those of *fields* whose use a customer's consents allow: by what somebody is searched or chosen, they are told of."""
    named = {field: _group_of().get(field) for field in fields}
    groups = set(named.values())
    good = {group for group in groups if spoken.allows(attrs.evolve(use, data_group=group), today)}
    return {field for field, group in named.items() if field in _FREE or group in good}


@cache
def _group_of() -> Mapping[str, str]:
    return {name: field.group.value for catalogue in CATALOGUE.values() for name, field in catalogue.items()}
