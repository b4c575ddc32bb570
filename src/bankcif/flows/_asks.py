"""Which rules of the policy ask for a second person before a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..access import row_parameters
from ..context import Actor
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._relations import record_of
from .desk import Desk

__all__ = ["rules_about"]


def rules_about(
    desk: Desk, unit: UnitOfWork, row: PartyRow, values: Mapping[str, Any], actor: Actor, channel: str
) -> list[str]:
    """The ids of the policy's rules for changes that are about new *values* of a customer, in stored form."""
    facts = record_of(row, unit.copies.facts([row.cif_no]).get(row.cif_no))
    known = row_parameters(actor, desk.today())
    return [one.id for one in desk.policy.changes if one.is_about(values, actor, channel, facts, known)]
