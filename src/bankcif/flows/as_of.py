"""Looking at a customer of one day as they were known at another: authorize -> open -> survive -> mask -> audit -> return."""

from __future__ import annotations

from datetime import date

from ..access import Action
from ..audit import AuditEntry
from ..context import Actor, Purpose, Sink
from ..errors import InputError
from ..party import CifNo
from ._as_of import golden_as_of, whose_then
from ._consented import rests_on_consent
from ._portrait import need_past
from ._relations import current, granted_to
from ._view import CustomerView, need_view_sink, view_of
from .desk import Desk, assure, need_purpose, over_cap, record, refuse, spend

__all__ = ["as_of"]


def as_of(
    desk: Desk, cif_no: CifNo, *, valid: date | None = None, known: int | None = None, actor: Actor, purpose: Purpose,
    sink: Sink = Sink.DISPLAY,
) -> CustomerView:  # fmt: skip
    """
    A customer at the end of a day, as they were known at an instant, by the rules of today and the rights of today.

    Args:
        desk: Collaborators.
        cif_no: The customer.
        valid: Of which day; a day ahead tells what is scheduled. Today if None.
        known: As it was known then; microseconds since 1970, UTC. Now if None.
        actor, purpose, sink: Who asks, what for, and where it goes.

    Raises:
        InputError: It is to go to a file, which is an export, or *known* lies ahead.
        NotFoundOrNotAllowedError: There is no such customer, or nothing of them may be seen.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.

    Cost: opens every record of the customer.
    """
    if valid is not None and type(valid) is not date:
        raise InputError("a customer is looked at as of a day", path="$.valid", rule="future")
    need_purpose(desk, actor, "as_of", purpose)
    assure(desk, actor, Action.VIEW, "as_of", purpose)
    need_view_sink(sink)
    instant = desk.now() if known is None else known
    need_past(desk, instant)
    found: CustomerView | None = None
    within = True
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        granted = {} if row is None else granted_to(desk, unit, actor, Action.VIEW, purpose, row, sink=sink)
        if row is not None and granted:
            whose = whose_then(unit, cif_no, row, instant)
            golden, _ = golden_as_of(desk, unit, row, instant, valid or desk.today(), whose=whose)
            quiet = rests_on_consent(desk, Action.VIEW, purpose)
            found, rules = view_of(desk, row, golden.values, granted, actor, sink, quiet=quiet)
            within = spend(desk, unit, actor, Action.VIEW, 1)
            if within:
                entry = AuditEntry.by(
                    actor, "as_of", desk.now(), purpose=purpose, subjects=(row.cif_no,), count=1,
                    fields=tuple(found.values), rule=",".join(sorted(rules)),
                )  # fmt: skip
                record(desk, unit, [entry])
                unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.VIEW, "as_of", purpose)
    if row is None or found is None:
        raise refuse(desk, actor, "as_of", purpose, subjects=(row.cif_no,) if row else ())
    return found
