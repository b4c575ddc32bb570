"""What customers ask about their data, how long they are kept, and what ends them."""

from __future__ import annotations

from datetime import date

from .._text import Language, label
from ..approval import Approval
from ..context import Actor, Purpose
from ..flows import retain, subject
from ..flows._subject_copy import SubjectCopy
from ..flows.erase import Certificate
from ..party import CifNo, as_cif_no
from ..render import copy_sections, page
from ..upkeep import RequestKind
from ._group import Group

__all__ = ["Requests", "Retention"]


class Requests(Group):
    """What customers ask about their data. See `bankcif.flows.subject` and `bankcif.upkeep.RequestPlan`."""

    def open(
        self, cif_no: str, kind: RequestKind, *, evidence: str, reason: str, actor: Actor, purpose: Purpose, asked_by: str = "self",
        received: date | None = None,
    ) -> subject.RequestView:  # fmt: skip
        """Takes a request down."""
        return subject.open_request(
            self._desk, as_cif_no(cif_no), kind, asked_by=asked_by, received=received, evidence=evidence, reason=reason, actor=actor,
            purpose=purpose,
        )  # fmt: skip

    def approve(self, cif_no: str, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> subject.RequestView:
        """Says that it is to be carried out; another person than who took it down."""
        return subject.approve(self._desk, as_cif_no(cif_no), case, reason=reason, actor=actor, purpose=purpose)

    def refuse(
        self, cif_no: str, case: str, ground: str, *, reason: str, actor: Actor, purpose: Purpose
    ) -> subject.RequestView:
        """Refuses it on a ground; another person than who took it down."""
        return subject.refuse_request(
            self._desk, as_cif_no(cif_no), case, ground, reason=reason, actor=actor, purpose=purpose
        )

    def withdraw(self, cif_no: str, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> subject.RequestView:
        """Says that who asked takes it back."""
        return subject.withdraw(self._desk, as_cif_no(cif_no), case, reason=reason, actor=actor, purpose=purpose)

    def carry_out(
        self, cif_no: str, case: str, *, reason: str, actor: Actor, purpose: Purpose, change: str = ""
    ) -> tuple[subject.RequestView, Approval | None]:
        """Corrected by a change set, restricted, or proposed to be erased."""
        return subject.carry_out(
            self._desk, as_cif_no(cif_no), case, change=change, reason=reason, actor=actor, purpose=purpose
        )

    def copy(self, cif_no: str, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> SubjectCopy:
        """The copy that was asked for; `readable` and `SubjectCopy.document` give its two forms."""
        return subject.copy(self._desk, as_cif_no(cif_no), case, reason=reason, actor=actor, purpose=purpose)

    def of(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> tuple[subject.RequestView, ...]:
        """What was asked about a customer's data."""
        return subject.requests_of(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose)

    def waiting(self, *, actor: Actor, purpose: Purpose, limit: int = 100) -> tuple[subject.RequestView, ...]:
        """What is to be answered, the first due first."""
        return subject.waiting(self._desk, limit=limit, actor=actor, purpose=purpose)

    def readable(self, made: SubjectCopy, language: Language) -> str:
        """A copy as a page that people read, and that opens without a network."""
        sections = copy_sections(made.document(), language, self._desk.codes)
        title = label("subject_copy", language)
        return page(title, sections, language=language, made_at=self._desk.clock.now())


class Retention(Group):
    """How long customers are kept, holds, and shredding runs. See `bankcif.flows.retain` and `bankcif.upkeep.RetentionPlan`."""

    def of(self, cif_no: str, *, actor: Actor, purpose: Purpose) -> retain.RetentionView:
        """How long a customer is kept, and why."""
        return retain.retention_of(self._desk, as_cif_no(cif_no), actor=actor, purpose=purpose)

    def hold(self, cif_no: str, ground: str, *, evidence: str, reason: str, actor: Actor, purpose: Purpose) -> str:
        """Holds a customer, so that nothing of them is erased; what it is known by."""
        return retain.hold(
            self._desk, as_cif_no(cif_no), ground, evidence=evidence, reason=reason, actor=actor, purpose=purpose
        )

    def release(self, cif_no: str, case: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Lifts a hold; another person than who placed it."""
        retain.release(self._desk, as_cif_no(cif_no), case, reason=reason, actor=actor, purpose=purpose)

    def preview(self, *, actor: Actor, purpose: Purpose, limit: int = 100) -> retain.Due:
        """Who may be erased today."""
        return retain.preview(self._desk, limit=limit, actor=actor, purpose=purpose)

    def restrict_ended(self, *, reason: str, actor: Actor, purpose: Purpose, limit: int = 1000) -> tuple[CifNo, ...]:
        """Restricts the customers whose relationship ended longer ago than the plan says."""
        return retain.restrict_ended(self._desk, limit=limit, reason=reason, actor=actor, purpose=purpose)

    def propose_run(self, *, reason: str, actor: Actor, purpose: Purpose, limit: int = 100) -> retain.Run:
        """Restricts who is due, and proposes to erase them."""
        return retain.propose_run(self._desk, limit=limit, reason=reason, actor=actor, purpose=purpose)

    def approve_run(self, run: str, *, actor: Actor, purpose: Purpose) -> retain.Shredded:
        """Approves a run, so that each of its customers is tested again and erased."""
        return retain.approve_run(self._desk, run, actor=actor, purpose=purpose)

    def certificate(self, run: str, *, actor: Actor, purpose: Purpose) -> tuple[Certificate, ...]:
        """The certificates of all whom a run erased."""
        return retain.certificate(self._desk, run, actor=actor, purpose=purpose)
