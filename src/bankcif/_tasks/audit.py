"""The log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from .._clock import FOREVER
from ..audit import AuditReport, Checkpoint, EntryProof, NoteKey
from ..context import Actor, Purpose
from ..flows import (
    proof,
    trail,
    verify_log,
)
from ..flows.log import Delivery
from ..party import as_cif_no
from ._group import Group, instant

__all__ = ["Audit"]


class Audit(Group):
    """The log."""

    def verify(self, *, actor: Actor, purpose: Purpose = Purpose.AUDIT, customers: bool = True) -> AuditReport:
        """Verifies the whole log, customers and witnesses with it; see `bankcif.flows.verify_log`."""
        return verify_log.verify_log(self._desk, actor=actor, purpose=purpose, customers=customers)

    def who(self, cif_no: str, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> list[trail.LogLine]:
        """Who saw or changed a customer, oldest first."""
        return trail.who_looked(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose)

    def shared(self, cif_no: str, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> list[trail.Shared]:
        """To whom a customer's data was given, in which country and what for, oldest first."""
        return trail.shared_with(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose)

    def deeds(
        self,
        operator: str,
        *,
        actor: Actor,
        since: datetime | None = None,
        until: datetime | None = None,
        purpose: Purpose = Purpose.AUDIT,
    ) -> list[trail.LogLine]:
        """What an operator did or tried, oldest first; *since* and *until* are aware."""
        span = {"since": instant(since, 0), "until": instant(until, FOREVER)}
        return trail.deeds(self._desk, operator, actor=actor, purpose=purpose, **span)

    def incident(
        self,
        since: datetime,
        until: datetime,
        *,
        actor: Actor,
        operator: str | None = None,
        purpose: Purpose = Purpose.AUDIT,
    ) -> trail.Incident:
        """Customers and fields touched between two aware instants; see `bankcif.flows.trail.incident`."""
        return trail.incident(
            self._desk, instant(since, 0), instant(until, 0), actor=actor, purpose=purpose, operator=operator
        )

    def checkpoint(self, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> tuple[Checkpoint | None, list[Delivery]]:
        """Signs what the log has become, and brings it to the witnesses; see `bankcif.flows.proof.checkpoint`."""
        return proof.checkpoint(self._desk, actor=actor, purpose=purpose)

    def forward(self, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> Mapping[str, int]:
        """Brings every sink what it has not got yet, and returns how many entries each got; -1 where one failed."""
        return proof.forward(self._desk, actor=actor, purpose=purpose)

    def prove(self, stream: str, number: int, *, actor: Actor, purpose: Purpose = Purpose.AUDIT) -> EntryProof:
        """That one entry stands in the log, for somebody who has only the log's key."""
        return proof.prove(self._desk, stream, number, actor=actor, purpose=purpose)

    @property
    def key(self) -> NoteKey:
        """The key by which the log's checkpoints are signed; hand it to witnesses and auditors."""
        return self._desk.log.signer.key
