"""Looking at one field of one customer: authorize -> find -> answer -> count -> audit -> return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose
from ..party import CifNo
from ..storage.rows import PartyRow
from ._opened import open_golden
from ._relations import by_ticket, current, granted_to
from .desk import Desk, assure, need_purpose, over_cap, record, refuse, spend

__all__ = ["looked_at"]

T = TypeVar("T")


def looked_at(
    desk: Desk, cif_no: CifNo, field: str, what: str, actor: Actor, purpose: Purpose, answer: Callable[[PartyRow, Mapping[str, Any]], T]
) -> T:  # fmt: skip
    """
    What *answer* makes of a customer and their golden values in stored form, once it is in the log as *what*.

    Raises:
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not show *actor* this field of them.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
    """
    need_purpose(desk, actor, what, purpose)
    assure(desk, actor, Action.VIEW, what, purpose)
    found: T | None = None
    within = True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        granted = {} if row is None else granted_to(desk, unit, actor, Action.VIEW, purpose, row)
        if row is not None and field in granted:
            found = answer(row, open_golden(desk, unit, row))
            within = spend(desk, unit, actor, Action.VIEW, 1)
            if within:
                rules = {granted[field].decision.rule} | by_ticket(desk, actor, row)
                entry = AuditEntry.by(
                    actor, what, desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1, fields=(field,), rule=",".join(sorted(rules))
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, what, purpose)
    if row is None or found is None:
        raise refuse(desk, actor, what, purpose, subjects=(row.cif_no,) if row else ())
    return found
