"""Whether a customer can be reached: taken down when they were, and when what was sent to them came back."""

from __future__ import annotations

from typing import Any

from ..context import Actor, Purpose
from ..errors import InputError
from ..party import CifNo
from ._opened import open_goldens
from ._relations import current
from .change import Changed, ChangeSet, change
from .desk import Desk

__all__ = ["contacted"]

_TRIES = 5


def contacted(
    desk: Desk, cif_no: CifNo, *, reached: bool, evidence: str, channel: str, actor: Actor, purpose: Purpose
) -> Changed:
    """
    Takes down that a customer was reached today, which makes the count of failures none, or that what was sent came back, which is one more.

    Raises:
        InputError: As of any change; or it was said today already that they were reached.
        NotFoundOrNotAllowedError: There is no such customer, or the policy does not let *actor* change ``bounces`` and ``last_reached_on``.
    """
    for _ in range(_TRIES):
        with desk.repository.unit_of_work() as unit:
            row = current(unit, cif_no, purpose)
            known = {} if row is None else open_goldens(desk, unit, [row.cif_no])[row.cif_no]
        values: dict[str, Any] = {"bounces": (known.get("bounces") or 0) + 1}
        if reached:
            values = {"bounces": 0, "last_reached_on": desk.today()}
        made = ChangeSet(
            values=values, code="verification", text="reached" if reached else "not reached", evidence=evidence, channel=channel,
            version=None if row is None else row.version,
        )  # fmt: skip
        try:
            return change(desk, cif_no, made, actor=actor, purpose=purpose)
        except InputError as error:
            if error.rule != "stale":  # of two who count at once, each counts
                raise
    raise InputError("the customer is being changed by others; try again", rule="stale", cif_no=cif_no)
