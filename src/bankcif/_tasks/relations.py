"""Relations: how customers stand to each other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from ..context import Actor, Purpose
from ..flows import exposure, relate, related
from ..party import RelationKind, as_cif_no
from ._group import Group

__all__ = ["Relations"]


class Relations(Group):
    """How customers stand to each other, and who is behind whom. See `bankcif.flows.relate` and `bankcif.flows.related`."""

    def add(
        self,
        first: str,
        kind: RelationKind,
        second: str,
        *,
        reason: str,
        actor: Actor,
        purpose: Purpose,
        since: date | None = None,
        until: date | None = None,
        share: Decimal | str | int | None = None,
        votes: Decimal | str | int | None = None,
        means: str = "",
        evidence: str = "",
    ) -> str:
        """Takes down that *first* is so to *second*, as a parent to a child; by what the relation is known from then on."""
        said = relate.Said(since=since, until=until, share=share, votes=votes, means=means, evidence=evidence)
        return relate.relate(
            self._desk, as_cif_no(first), kind, as_cif_no(second), said, reason=reason, actor=actor, purpose=purpose
        )

    def end(
        self, cif_no: str, relation: str, *, reason: str, actor: Actor, purpose: Purpose, on: date | None = None
    ) -> None:
        """Says which day was the last of a relation; today if none is named."""
        relate.end(self._desk, as_cif_no(cif_no), relation, on, reason=reason, actor=actor, purpose=purpose)

    def correct(
        self, cif_no: str, relation: str, said: relate.Said, *, reason: str, actor: Actor, purpose: Purpose
    ) -> None:
        """Says anew what holds of a relation, all of it."""
        relate.correct(self._desk, as_cif_no(cif_no), relation, said, reason=reason, actor=actor, purpose=purpose)

    def retract(self, cif_no: str, relation: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Says that there never was this relation."""
        relate.retract(self._desk, as_cif_no(cif_no), relation, reason=reason, actor=actor, purpose=purpose)

    def of(
        self, cif_no: str, *, actor: Actor, purpose: Purpose, on: date | None = None, ever: bool = False
    ) -> tuple[related.RelationView, ...]:
        """The relations of a customer on a day, or all that there ever were."""
        return related.related(self._desk, as_cif_no(cif_no), on=on, ever=ever, actor=actor, purpose=purpose)

    def owners(
        self,
        cif_no: str,
        *,
        actor: Actor,
        purpose: Purpose,
        on: date | None = None,
        threshold: Decimal | str | int | None = None,
    ) -> related.Ownership:
        """The beneficial owners of a company, through chains and circles of companies."""
        return related.ownership(
            self._desk, as_cif_no(cif_no), on=on, threshold=threshold, actor=actor, purpose=purpose
        )

    def household(self, cif_no: str, *, actor: Actor, purpose: Purpose, on: date | None = None) -> related.Belonging:
        """Who lives together with a customer."""
        return related.household(self._desk, as_cif_no(cif_no), on=on, actor=actor, purpose=purpose)

    def group(self, cif_no: str, *, actor: Actor, purpose: Purpose, on: date | None = None) -> related.Belonging:
        """The companies under one control with a company, and who controls them."""
        return related.group(self._desk, as_cif_no(cif_no), on=on, actor=actor, purpose=purpose)

    def exposure(
        self, cif_no: str, products: Collection[str], *, actor: Actor, purpose: Purpose, on: date | None = None
    ) -> exposure.Exposure:
        """What a customer, their household and their group owe together, by what they hold of some products."""
        return exposure.exposure(self._desk, as_cif_no(cif_no), products, on=on, actor=actor, purpose=purpose)

    def picture(
        self,
        cif_no: str,
        *,
        actor: Actor,
        purpose: Purpose,
        steps: int = 2,
        on: date | None = None,
        roles: Collection[str] | None = None,
    ) -> related.Picture:
        """The relations around a customer, to be drawn by `bankcif.render.relation_picture`."""
        return related.picture(
            self._desk, as_cif_no(cif_no), steps=steps, on=on, roles=roles, actor=actor, purpose=purpose
        )
