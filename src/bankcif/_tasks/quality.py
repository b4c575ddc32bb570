"""Data quality: rules asked of the file, findings that people put right, figures they answer for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, timedelta

from .._text import Language, label
from ..context import Actor, Purpose
from ..flows import (
    clean as _clean,
    examine as _examine,
    findings as _findings,
    sample as _sample,
    scorecard as _scorecard,
)
from ..flows._findings import FindingView
from ..flows.change import Changed
from ..flows.clean import Campaign, Cleaned, CleaningProposal
from ..flows.examine import Run, UnitFigures
from ..flows.sample import Sample, VerifiedAccuracy
from ..flows.scorecard import Ageing
from ..party import CifNo, as_cif_no
from ..quality import Departments, Dimension, Finding, RuleBook, Score, State
from ..render import page, workbook
from ._group import Group
from ._quality_page import figures_told

__all__ = ["Quality"]

_SCORED_DAYS = 90


class Quality(Group):
    """Data quality. See `bankcif.flows.examine`, `findings`, `scorecard`, `sample` and `clean`, and `bankcif.quality.RuleBook`."""

    @property
    def rules(self) -> RuleBook:
        """The rules that are asked."""
        return self._desk.quality

    def run(
        self, *, actor: Actor, purpose: Purpose, whole: bool = False, progress: Callable[[int], None] | None = None
    ) -> Run:
        """Asks the rules of all of whom something else can come out, and keeps the figures of the day."""
        return _examine.run(self._desk, actor=actor, purpose=purpose, whole=whole, progress=progress)

    def figures(
        self,
        scope: str = "all",
        *,
        since: date | None = None,
        until: date | None = None,
        actor: Actor,
        purpose: Purpose,
    ) -> tuple[UnitFigures, ...]:
        """The figures that were kept: of the last run, or from one day to another."""
        return _examine.figures(self._desk, scope, since=since, until=until, actor=actor, purpose=purpose)

    def findings(
        self, *, actor: Actor, purpose: Purpose, rule: str = "", kind: Finding | None = None, assignee: str = "",
        states: Collection[State] = (State.OPEN,), limit: int = 100,
    ) -> tuple[FindingView, ...]:  # fmt: skip
        """What is to be put right, of the customers on whom *actor* may work."""
        return _findings.findings(
            self._desk,
            rule=rule,
            kind=kind,
            assignee=assignee,
            states=states,
            limit=limit,
            actor=actor,
            purpose=purpose,
        )

    def assign(self, cif_no: str, rule: str, to: str, *, actor: Actor, purpose: Purpose) -> None:
        """Gives a finding to an operator, or to nobody."""
        _findings.assign(self._desk, as_cif_no(cif_no), rule, to, actor=actor, purpose=purpose)

    def accept(self, cif_no: str, rule: str, until: date, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Accepts a finding as it is, to a day."""
        _findings.accept(self._desk, as_cif_no(cif_no), rule, until, reason=reason, actor=actor, purpose=purpose)

    def dismiss(self, cif_no: str, rule: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Says that a finding is none."""
        _findings.dismiss(self._desk, as_cif_no(cif_no), rule, reason=reason, actor=actor, purpose=purpose)

    def close(self, cif_no: str, rule: str, *, actor: Actor, purpose: Purpose) -> None:
        """Ends a finding that was put right: its test must pass."""
        _findings.close(self._desk, as_cif_no(cif_no), rule, actor=actor, purpose=purpose)

    def report(self, cif_no: str, field: str, *, reason: str, actor: Actor, purpose: Purpose) -> str:
        """Tells that a value is wrong."""
        return _findings.report(self._desk, as_cif_no(cif_no), field, reason=reason, actor=actor, purpose=purpose)

    def appeal(self, cif_no: str, rule: str, *, reason: str, actor: Actor, purpose: Purpose) -> None:
        """Asks that a finding is not to count in scorecards."""
        _scorecard.appeal(self._desk, as_cif_no(cif_no), rule, reason=reason, actor=actor, purpose=purpose)

    def decide_appeal(
        self, cif_no: str, rule: str, *, grant: bool, reason: str, actor: Actor, purpose: Purpose
    ) -> None:
        """Decides whether it does."""
        _scorecard.decide_appeal(
            self._desk, as_cif_no(cif_no), rule, grant=grant, reason=reason, actor=actor, purpose=purpose
        )

    def scorecard(
        self, scope: str, first: date | None = None, last: date | None = None, *, actor: Actor, purpose: Purpose, dimension: Dimension | None = None, least: int = 30,
        departments: Departments | None = None,
    ) -> tuple[Score, ...]:  # fmt: skip
        """How branches, managers, channels or staff, or departments of them, did from one day to another; in the last 90 days where none is said."""
        last = self._desk.today() if last is None else last
        first = last - timedelta(_SCORED_DAYS) if first is None else first
        return _scorecard.scorecard(
            self._desk, scope, first, last, dimension=dimension, least=least, departments=departments, actor=actor, purpose=purpose
        )  # fmt: skip

    def ageing(self, *, actor: Actor, purpose: Purpose) -> Ageing:
        """How long findings that are open have waited."""
        return _scorecard.ageing(self._desk, actor=actor, purpose=purpose)

    def page(self, *, language: Language, actor: Actor, purpose: Purpose) -> str:
        """The quality report as a page that opens without a network: rates and counts, of no customer."""
        sections = figures_told(self._desk, language, actor=actor, purpose=purpose)
        return page(label("quality_report", language), sections, language=language, made_at=self._desk.clock.now())

    def workbook(self, *, language: Language, actor: Actor, purpose: Purpose) -> bytes:
        """The quality report as an XLSX workbook, with a sheet for each section of the page."""
        sections = figures_told(self._desk, language, actor=actor, purpose=purpose)
        return workbook(label("quality_report", language), sections, made_at=self._desk.clock.now())

    def draw(self, drawn: Sample, *, actor: Actor, purpose: Purpose) -> tuple[CifNo, ...]:
        """Customers drawn by lot, whose values a person is to check."""
        return _sample.draw(self._desk, drawn, actor=actor, purpose=purpose)

    def verified_accuracy(self, drawn: Sample, *, actor: Actor, purpose: Purpose) -> VerifiedAccuracy:
        """What came out of checking them."""
        return _sample.verified_accuracy(self._desk, drawn, actor=actor, purpose=purpose)

    def suggestions(
        self, campaign: Campaign, *, actor: Actor, purpose: Purpose, limit: int = 100
    ) -> tuple[CleaningProposal, ...]:
        """What a cleaning campaign suggests."""
        return _clean.proposals(self._desk, campaign, limit=limit, actor=actor, purpose=purpose)

    def clean(self, campaign: Campaign, *, actor: Actor, purpose: Purpose) -> Cleaned:
        """Makes change sets of what a campaign takes to be sure enough."""
        return _clean.clean(self._desk, campaign, actor=actor, purpose=purpose)

    def clean_one(self, campaign: Campaign, cif_no: str, cleaner: str, *, actor: Actor, purpose: Purpose) -> Changed:
        """Accepts what a cleaner suggests of a customer."""
        return _clean.clean_one(self._desk, campaign, as_cif_no(cif_no), cleaner, actor=actor, purpose=purpose)
