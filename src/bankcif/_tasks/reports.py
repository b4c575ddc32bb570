"""Reports over the whole file: counts and sums by what customers are, hold and do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from .._text import Language, label
from ..analytics import Report, ReportBook, ReportSpec, starter_reports
from ..context import Actor, Purpose
from ..errors import InputError
from ..flows import report as _report
from ..render import Section, csv_text, page, picture, report_sections, report_table, workbook
from ._group import Group
from ._portfolio import portfolio_pages

__all__ = ["Reports"]


class Reports(Group):
    """Reports. See `bankcif.flows.report`, and `bankcif.analytics.ReportSpec` of what they can ask."""

    @property
    def book(self) -> ReportBook:
        """The reports that ship with the library; a bank reads its own with `ReportBook.read`."""
        return starter_reports()

    def make(
        self, report: ReportSpec | str, *, as_of: date | None = None, actor: Actor, purpose: Purpose = Purpose.ANALYTICS
    ) -> Report:  # fmt: skip
        """The figures of a report, or of one that ships with the library, by its name; see `bankcif.flows.report.report`."""
        return _report.report(self._desk, self._spec(report), as_of=as_of, actor=actor, purpose=purpose)

    def movement(
        self, report: ReportSpec | str, *, since: date, until: date | None = None, actor: Actor, purpose: Purpose = Purpose.ANALYTICS
    ) -> Report:  # fmt: skip
        """How customers moved along the dimension of a report; see `bankcif.flows.report.report_movement`."""
        return _report.report_movement(self._desk, self._spec(report), since, until, actor=actor, purpose=purpose)

    def portfolio(
        self, *, as_of: date | None = None, language: Language = "zh", actor: Actor, purpose: Purpose = Purpose.ANALYTICS
    ) -> dict[str, str]:  # fmt: skip
        """
        Structure, value, products, behaviour, campaigns, tags and data quality on one page, ``index.html``, with a page of each report beside it, by their names. What *actor* may not see
        is named there.
        """
        return portfolio_pages(self._desk, self.book, as_of=as_of, language=language, actor=actor, purpose=purpose)

    def page(self, reports: Sequence[Report], *, title: str = "", language: Language = "zh") -> str:
        """Reports that were made as one page, which opens without a network."""
        head = title or self._title(reports, language)
        return page(head, self.sections(reports, language), language=language, made_at=self._desk.clock.now())

    def workbook(self, reports: Sequence[Report], *, title: str = "", language: Language = "zh") -> bytes:
        """Reports that were made as an XLSX workbook, with a sheet for each section of the page."""
        head = title or self._title(reports, language)
        return workbook(head, self.sections(reports, language), made_at=self._desk.clock.now())

    def csv(self, report: Report, *, language: Language = "zh") -> str:
        """All cells of a report as CSV, sums and what figures are made of among them; empty where they are not told."""
        mark = f"{report.spec.label(language)} {report.as_of}"
        return csv_text(report_table(report, language, self._desk.codes), mark=mark)

    def pictures(
        self, report: Report, *, form: Literal["svg", "png"] = "svg", language: Language = "zh"
    ) -> dict[str, bytes]:
        """
        The charts of a report for a document, by measure; of a measure of which there is nothing to draw there is none.

        Raises:
            InputError: There is nothing to draw at all, as of three dimensions.
        """
        found = {}
        for measure, section in zip(report.spec.measures, self.sections([report], language), strict=True):
            try:
                found[measure.name] = picture(section, form)
            except InputError:
                continue
        if not found:
            raise InputError("there is nothing to draw", path="$.report", rule="nothing_counted")
        return found

    def sections(self, reports: Sequence[Report], language: Language = "zh") -> list[Section]:
        """The sections of a page of reports that were made, to be put beside others."""
        return [one for report in reports for one in report_sections(report, language, self._desk.codes)]

    def _spec(self, report: ReportSpec | str) -> ReportSpec:
        return report if isinstance(report, ReportSpec) else self.book[report]

    @staticmethod
    def _title(reports: Sequence[Report], language: Language) -> str:
        return reports[0].spec.label(language) if len(reports) == 1 else label("reports_title", language)
