"""Changes: what persons change of customers, with reasons, effective days and approval."""

from __future__ import annotations

from ..context import Actor, Purpose
from ..flows import change, changes
from ..party import as_cif_no
from ._group import Group

__all__ = ["Changes"]


class Changes(Group):
    """What persons change of customers' values. See `bankcif.flows.change` and `bankcif.flows.changes`."""

    def make(self, cif_no: str, made: change.ChangeSet, *, actor: Actor, purpose: Purpose) -> change.Changed:
        """Makes a change set: at once, on its day, or, where it takes a second person, once they approve it."""
        return change.change(self._desk, as_cif_no(cif_no), made, actor=actor, purpose=purpose)

    def cancel(self, cif_no: str, change_id: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Takes a change back that has not begun."""
        change.cancel(self._desk, as_cif_no(cif_no), change_id, reason=reason, actor=actor, purpose=purpose)

    def of(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> tuple[changes.Change, ...]:
        """The changes that were made of a customer, the latest first, with what stood before."""
        return changes.changes(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose)
