"""What customers allow of their data, where a purpose rests on consent: asked before anything of them is shown or leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
)
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._opened import is_child, open_goldens
from .desk import Desk

__all__ = ["Spoken", "consented", "rests_on_consent", "spoken_of"]

_ASKED = frozenset({Action.VIEW, Action.FIND, Action.REVEAL, Action.EXPORT})
_GROUPS = frozenset({DataGroup.IDENTITY, DataGroup.CONSENT})
_ALWAYS = "consents"
"""Whoever may see what somebody consented to sees that they did not, too."""


@attrs.frozen(kw_only=True, repr=False)
class Spoken:
    """What a customer said of the use of their data, and whether a guardian speaks for them."""

    rows: Sequence[Mapping[str, Any]]
    child: bool

    def allows(self, use: ConsentUse, today: date) -> bool:
        """Whether it allows *use*."""
        return consent_answer(self.rows, use, today, child=self.child)[0] is ConsentAnswer.GRANTED


def rests_on_consent(desk: Desk, action: Action, purpose: Purpose) -> bool:
    """Whether nothing is shown by *action* for *purpose* but of who consented to it."""
    return action in _ASKED and desk.policy.bases.get(purpose) is LawfulBasis.CONSENT


def spoken_of(desk: Desk, unit: UnitOfWork, rows: Sequence[PartyRow]) -> dict[CifNo, Spoken]:
    """What each of these customers said."""
    values = open_goldens(desk, unit, [row.cif_no for row in rows], groups=_GROUPS)
    today = desk.today()
    return {
        row.cif_no: Spoken(rows=values[row.cif_no].get("consents", ()), child=is_child(row, values[row.cif_no], today))
        for row in rows
    }


def consented(
    decisions: Mapping[str, FieldDecision], spoken: Spoken, use: ConsentUse, today: date
) -> Mapping[str, FieldDecision]:
    """Those of *decisions* that a customer's consents let stand: a field by its data group, a tag or segment by a consent to all data."""
    answers: dict[str | None, bool] = {}

    def allowed(field: str) -> bool:
        group = _group_of().get(field)
        if group not in answers:
            answers[group] = spoken.allows(attrs.evolve(use, data_group=group), today)
        return answers[group]

    return {field: said for field, said in decisions.items() if field == _ALWAYS or allowed(field)}


@cache
def _group_of() -> Mapping[str, str]:
    return {name: field.group.value for catalogue in CATALOGUE.values() for name, field in catalogue.items()}
