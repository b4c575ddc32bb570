"""Reviews: customers looked at anew, by a checklist, as often as their risk asks for."""

from __future__ import annotations

from collections.abc import Sequence

from ..context import Actor, Purpose
from ..flows import kyc
from ..party import as_cif_no
from ._group import Group

__all__ = ["Reviews"]


class Reviews(Group):
    """Customers looked at anew. See `bankcif.flows.kyc` and `bankcif.upkeep.ReviewPlan`."""

    def open(self, cif_no: str, trigger: str, *, reason: str, actor: Actor, purpose: Purpose) -> str:
        """Opens a case; what it is known by."""
        return kyc.open_review(self._desk, as_cif_no(cif_no), trigger, reason=reason, actor=actor, purpose=purpose)

    def tick(
        self, cif_no: str, case: str, items: Sequence[str], *, reason: str, actor: Actor, purpose: Purpose
    ) -> None:
        """Says what of the checklist was looked at."""
        kyc.tick(self._desk, as_cif_no(cif_no), case, items, reason=reason, actor=actor, purpose=purpose)

    def close(
        self, cif_no: str, case: str, outcome: str, *, reason: str, actor: Actor, purpose: Purpose, limits: Sequence[str] = (),
        evidence: str = "",
    ) -> None:  # fmt: skip
        """Closes a case as ``passed`` or ``failed``."""
        kyc.close_case(
            self._desk, as_cif_no(cif_no), case, outcome, limits=limits, evidence=evidence, reason=reason, actor=actor, purpose=purpose
        )  # fmt: skip

    def of(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> kyc.ReviewStanding:
        """Where the review of a customer stands, with all cases there were."""
        return kyc.review_of(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose)
