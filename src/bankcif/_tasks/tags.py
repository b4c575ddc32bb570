"""Tags: catalogues, what is said by hand, portraits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from ..approval import Approval
from ..context import Actor, Purpose, Sink
from ..flows import audiences, explain_tag, portray, publish, say as say_flow
from ..party import as_cif_no
from ..rules import Explanation
from ..tagging import AudiencePlan, Catalogue, Movement, Overlap, Said
from ._group import Group, instant

__all__ = ["Tags"]


class Tags(Group):
    """The tag catalogue in force and its changes by two persons, what is said of customers by hand, and their portraits."""

    @property
    def in_force(self) -> Catalogue | None:
        """The catalogue that this process works by."""
        tags = self._desk.tags
        return None if tags is None else tags.evaluator.catalogue

    def preview(self, catalogue: Catalogue, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> publish.Preview:
        """Who would enter and who would leave, were *catalogue* in force today; see `bankcif.flows.publish.preview_catalogue`."""
        return publish.preview_catalogue(self._desk, catalogue, actor=actor, purpose=purpose)

    def propose(
        self, catalogue: Catalogue, *, reason: str, actor: Actor, purpose: Purpose = Purpose.OPERATIONS
    ) -> Approval:
        """Proposes *catalogue* in place of the one in force; a second person decides. See `bankcif.flows.publish`."""
        return publish.propose_catalogue(self._desk, catalogue, reason=reason, actor=actor, purpose=purpose)

    def proposed(self, approval_id: str, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> Catalogue:
        """The catalogue of a proposal, for whoever decides about it; `preview` says what it would change."""
        return publish.proposed_catalogue(self._desk, approval_id, actor=actor, purpose=purpose)

    def roll_back(
        self, to: str | None = None, *, reason: str, actor: Actor, purpose: Purpose = Purpose.OPERATIONS
    ) -> Approval:
        """
        Proposes the catalogue that was in force before the present one, or that of the proposal *to*, as `published` names it; a second
        person decides.
        """
        return publish.propose_rollback(self._desk, to, reason=reason, actor=actor, purpose=purpose)

    def published(self, *, actor: Actor, purpose: Purpose = Purpose.OPERATIONS) -> list[publish.Published]:
        """The catalogues that are or were in force, oldest first."""
        return publish.published(self._desk, actor=actor, purpose=purpose)

    def renew(
        self,
        *,
        actor: Actor,
        purpose: Purpose = Purpose.OPERATIONS,
        whole: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Makes portraits anew where time or another catalogue turned them; run it every day. See `bankcif.flows.portray.renew`."""
        return portray.renew(self._desk, actor=actor, purpose=purpose, whole=whole, progress=progress)

    def say(
        self,
        cif_no: str,
        tag: str,
        *,
        reason: str,
        actor: Actor,
        purpose: Purpose,
        until: date | None = None,
        evidence: str = "",
    ) -> bool:
        """Says that a customer has a tag that no rule decides, until a day; whether they have it now. See `bankcif.flows.say.say`."""
        return say_flow.say(
            self._desk, as_cif_no(cif_no), tag, Said.HAS, until=until, reason=reason, evidence=evidence, actor=actor,
            purpose=purpose,
        )  # fmt: skip

    def veto(
        self, cif_no: str, tag: str, *, until: date, reason: str, actor: Actor, purpose: Purpose, evidence: str = ""
    ) -> bool:
        """Says that a customer shall not have a tag, whatever its rule says, until a day; whether they have it now."""
        return say_flow.say(
            self._desk, as_cif_no(cif_no), tag, Said.VETO, until=until, reason=reason, evidence=evidence, actor=actor,
            purpose=purpose,
        )  # fmt: skip

    def take_back(self, cif_no: str, tag: str, *, reason: str, actor: Actor, purpose: Purpose) -> bool:
        """Takes back what was said of a customer and a tag; whether they have it now."""
        return say_flow.say(
            self._desk,
            as_cif_no(cif_no),
            tag,
            None,
            until=None,
            reason=reason,
            evidence="",
            actor=actor,
            purpose=purpose,
        )

    def audience(
        self, plan: AudiencePlan, *, actor: Actor, purpose: Purpose = Purpose.MARKETING
    ) -> tuple[tuple[str, int], ...]:
        """
        From a segment to whom a campaign addresses, step by step; see `bankcif.flows.audiences.preview_audience`. The customers themselves
        leave by `Exports.take`, with `ExportSpec.audience`.
        """
        return audiences.preview_audience(self._desk, plan, actor=actor, purpose=purpose)

    def count(self, names: Sequence[str], *, actor: Actor, purpose: Purpose) -> dict[str, int | None]:
        """How many customers have each of these tags and are in these segments; see `bankcif.flows.audiences.count_tags`."""
        return audiences.count_tags(self._desk, names, actor=actor, purpose=purpose)

    def overlap(self, one: str, other: str, *, actor: Actor, purpose: Purpose) -> Overlap:
        """How two sets of customers lie in each other; see `bankcif.flows.audiences.overlap_of`."""
        return audiences.overlap_of(self._desk, one, other, actor=actor, purpose=purpose)

    def movement(self, name: str, since: datetime, until: datetime, *, actor: Actor, purpose: Purpose) -> Movement:
        """Who came to a tag or segment, left it and stayed between two aware instants; see `bankcif.flows.audiences.movement_of`."""
        span = instant(since, 0), instant(until, 0)
        return audiences.movement_of(self._desk, name, *span, actor=actor, purpose=purpose)

    def portrait(
        self, cif_no: str, *, actor: Actor, purpose: Purpose, at: datetime | None = None, valid: date | None = None,
        sink: Sink = Sink.DISPLAY,
    ) -> portray.PortraitView:  # fmt: skip
        """A customer's tags and segments, now or at an aware instant, and of another day; see `bankcif.flows.portray.portrait`."""
        when = None if at is None else instant(at, 0)
        return portray.portrait(
            self._desk, as_cif_no(cif_no), at=when, valid=valid, actor=actor, purpose=purpose, sink=sink
        )

    def why(self, cif_no: str, name: str, *, actor: Actor, purpose: Purpose) -> Explanation:
        """Why ``tag:NAME`` or ``segment:NAME`` holds of a customer today, or does not; see `bankcif.flows.explain_tag.why`."""
        return explain_tag.why(self._desk, as_cif_no(cif_no), name, actor=actor, purpose=purpose)
