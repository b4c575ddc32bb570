"""Exports, and who could and did see what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ..approval import Approval
from ..context import Actor, Purpose
from ..flows import export, review as reviewing
from ..flows.review import CouldSee, Reviewed
from ..party import as_cif_no
from ._group import Group, instant

__all__ = ["Access", "Exports"]


class Exports(Group):
    """Masked columns that leave the file; see `bankcif.flows.export`."""

    def propose(self, spec: export.ExportSpec, *, reason: str, actor: Actor) -> Approval:
        """Proposes an export of more customers than one person may take; a second person decides."""
        return export.propose_export(self._desk, spec, reason=reason, actor=actor)

    def take(self, spec: export.ExportSpec, *, actor: Actor, approval_id: str | None = None) -> export.Export:
        """Takes an export, by an approved proposal where it takes one."""
        return export.export(self._desk, spec, actor=actor, approval_id=approval_id)


class Access(Group):
    """Reviewing access; see `bankcif.flows.review`."""

    def review(
        self,
        operators: Iterable[Actor],
        since: datetime,
        until: datetime,
        *,
        actor: Actor,
        purpose: Purpose = Purpose.AUDIT,
    ) -> list[Reviewed]:
        """What each operator could do, and did between two aware instants."""
        span = (instant(since, 0), instant(until, 0))
        return reviewing.review_access(self._desk, operators, *span, actor=actor, purpose=purpose)

    def could_see(
        self, cif_no: str, operators: Sequence[Actor], *, actor: Actor, purpose: Purpose = Purpose.AUDIT
    ) -> list[CouldSee]:
        """Who could see one customer today, and what."""
        return reviewing.could_see(self._desk, as_cif_no(cif_no), operators, actor=actor, purpose=purpose)
