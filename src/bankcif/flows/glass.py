"""
Breaking the glass: seeing one customer whom the policy would not show, for a short while, with a reason that a second person
reviews afterwards.

It is a proposal that is made when it happens: approving it says that it was justified, rejecting it says that it was not and
closes it at once. As long as one of a person's is not reviewed, they break no other.
"""

from __future__ import annotations

import attrs

from ..access import Action
from ..approval import Approval, ApprovalState, Operation
from ..context import Actor, Purpose
from ..errors import AccessError
from ..party import CifNo
from ._proposals import decision_entry, keep, proposed
from ._reasons import need_reason
from ._relations import current
from .desk import Desk, authorize, need_purpose, operation_digest, record, refuse, told

__all__ = ["MINUTES", "Glass", "break_glass"]

MINUTES = 30
_MICROS = 60_000_000
_REVIEWED_WITHIN = 10 * 366 * 24 * 60 * _MICROS
"""A glass that was broken is reviewed, however late; a proposal has to end some day."""


@attrs.frozen(kw_only=True)
class Glass:
    """
    A glass that was broken.

    Attributes:
        id: Of the proposal by which it is reviewed.
        cif_no: The one customer.
        until: How long it lasts; microseconds since 1970, UTC.
    """

    id: str
    cif_no: CifNo
    until: int


def break_glass(desk: Desk, cif_no: CifNo, *, reason: str, actor: Actor, purpose: Purpose) -> Glass:
    """
    Lets *actor* see a customer for thirty minutes, as far as the policy shows one before whom the glass was broken.

    Args:
        desk: Collaborators.
        cif_no: The customer; a retired number stands for its survivor.
        reason: Why; a second person reads it.
        actor: Who.
        purpose: What for.

    Raises:
        AccessError: One of theirs is not reviewed yet; audited.
        InputError: There is no reason.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* break the glass.
        StepUpRequired: They were not recognized as the policy asks.
    """
    need_purpose(desk, actor, "break_glass", purpose)
    operation = operation_digest("break_glass", cif_no, purpose.value)
    authorize(desk, actor, Action.BREAK_GLASS, "break_glass", purpose, operation=operation)
    need_reason(reason)
    made: Approval | None = None
    with desk.unit_of_work() as unit:
        row = current(unit, cif_no, purpose)
        waits = row is not None and any(
            one.maker_person == actor.person
            for one in unit.work.approvals(states=[ApprovalState.PROPOSED.value])
            if one.operation is Operation.BREAK_GLASS
        )
        if row is not None and not waits:
            now = desk.now()
            made = proposed(
                desk, Operation.BREAK_GLASS, (row.cif_no,),
                {"purpose": purpose.value, "until": str(now + MINUTES * _MICROS)}, {}, actor, reason=reason,
                expires_at=now + _REVIEWED_WITHIN,
            )  # fmt: skip
            (kept,) = keep(desk, unit, [made])
            entry = decision_entry(kept, "break_glass", actor, now)
            record(desk, unit, [attrs.evolve(entry, purpose=purpose.value)])
            unit.commit()
    if row is None:
        raise refuse(desk, actor, "break_glass", purpose)
    if made is None:
        refuse(desk, actor, "break_glass", purpose, subjects=(row.cif_no,), rule="unreviewed")
        raise told(AccessError("you broke the glass before, and nobody has reviewed it yet; ask a second person to",
                               rule="unreviewed"))  # fmt: skip
    return Glass(id=made.id, cif_no=row.cif_no, until=int(made.detail["until"]))
