"""Scoring: models that say something of customers, registered by two persons with their cards, asked of the customers, and told again."""

from __future__ import annotations

from collections.abc import Callable

from ..analytics import ModelCard
from ..approval import Approval
from ..context import Actor, Purpose
from ..flows import models as _models, score as _score
from ..party import as_cif_no
from ._group import Group

__all__ = ["Scoring"]


class Scoring(Group):
    """Models that say something of customers. See `bankcif.flows.models`, `score`, and `bankcif.analytics.ModelCard`."""

    def propose(self, card: ModelCard, *, reason: str, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> Approval:
        """Proposes a model with its card; a second person decides. See `bankcif.flows.models.propose_model`."""
        return _models.propose_model(self._desk, card, reason=reason, actor=actor, purpose=purpose)

    def proposed(self, approval_id: str, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> ModelCard:
        """The card of a proposal, for whoever decides about it."""
        return _models.proposed_model(self._desk, approval_id, actor=actor, purpose=purpose)

    def models(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> tuple[_models.ModelInForce, ...]:
        """All models that are or were in force, or wait, with their cards."""
        return _models.models(self._desk, actor=actor, purpose=purpose)

    def run(
        self, name: str, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS, progress: Callable[[int], None] | None = None
    ) -> _score.ScoreRun:  # fmt: skip
        """Asks a model of the customers, and says or takes back its tag; run it every day. See `bankcif.flows.score.score`."""
        return _score.score(self._desk, name, actor=actor, purpose=purpose, progress=progress)

    def recompute(self, cif_no: str, tag: str, *, actor: Actor, purpose: Purpose) -> _score.Recomputed:
        """The score by which a model gave a tag, computed again from what was known then; see `bankcif.flows.score.recompute`."""
        return _score.recompute(self._desk, as_cif_no(cif_no), tag, actor=actor, purpose=purpose)
