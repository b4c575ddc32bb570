"""What data quality comes to, as sections of a page: counts and rates alone, of no customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import attrs

from .._text import Language, label
from ..party import CATALOGUE, PartyKind
from ..quality import Dimension, Figure, Finding, QualityRule, RuleBook, told_of
from .page import Chart, Section

__all__ = ["QualityView", "quality_sections"]

_WORST = 15
_MOST_UNITS = 30


@attrs.frozen(kw_only=True)
class QualityView:
    """
    What a report of data quality says.

    Attributes:
        book: The rules.
        figures: Of the whole file, by rule.
        trend: By day, the figure of each dimension.
        branches: By branch, the figures of its rules; the branch is empty of customers without one.
        waiting: By the most days that they have waited, None for more than all bounds, how many findings of each rule are open.
        least: Of fewer customers no rate is told of a branch.
    """

    book: RuleBook
    figures: Mapping[str, Figure]
    trend: Mapping[date, Mapping[Dimension, Figure]]
    branches: Mapping[str, Sequence[Figure]]
    waiting: Mapping[int | None, Mapping[str, int]]
    least: int = 30


def quality_sections(view: QualityView, language: Language) -> list[Section]:
    """The sections, most general first."""
    return [
        _dimensions(view, language), _trend(view, language), _heat(view, language), _worst(view, language),
        _branches(view, language), _kinds(view, language), _ageing(view, language), _all_rules(view, language),
    ]  # fmt: skip


def _say(language: Language, *names: str) -> tuple[str, ...]:
    return tuple(label(name, language) for name in names)


def _rate(figure: Figure) -> float:
    return 0.0 if figure.rate is None else figure.rate


def _dimensions(view: QualityView, language: Language) -> Section:
    rows = [
        (
            one.label(language),
            _rate(figure),
            figure.numerator,
            figure.denominator,
            figure.not_applicable,
            figure.not_checked,
        )
        for one, figure in view.book.by_dimension(view.figures).items()
        if figure.rate is not None
    ]
    columns = _say(language, "dimension", "rate", "numerator", "denominator", "not_applicable", "not_checked")
    return Section(
        title=label("quality_dimensions", language), note=label("quality_dimensions_note", language), columns=columns,
        rows=rows, percent=True,
    )  # fmt: skip


def _trend(view: QualityView, language: Language) -> Section:
    rows = [
        (day.isoformat(), one.label(language), _rate(figures[one]))
        for day, figures in sorted(view.trend.items())
        for one in Dimension
        if one in figures and figures[one].rate is not None
    ]
    return Section(
        title=label("quality_trend", language), columns=_say(language, "day", "dimension", "rate"), rows=rows, chart=Chart.LINES,
        percent=True,
    )  # fmt: skip


def _heat(view: QualityView, language: Language) -> Section:
    found: dict[tuple[str, Dimension], Figure] = {}
    for name, figure in view.figures.items():
        if name in view.book.rules:
            key = (view.book.rules[name].field, view.book.rules[name].dimension)
            found[key] = found.get(key, Figure()) + figure
    order = {name: at for at, name in enumerate(dict.fromkeys(one for kind in PartyKind for one in CATALOGUE[kind]))}
    dimensions = list(Dimension)
    rows = [
        (_field(field, language), dimension.label(language), _rate(figure))
        for (field, dimension), figure in sorted(
            found.items(), key=lambda pair: (order[pair[0][0]], dimensions.index(pair[0][1]))
        )
        if figure.rate is not None
    ]
    return Section(
        title=label("quality_heat", language), note=label("quality_heat_note", language),
        columns=_say(language, "field", "dimension", "rate"), rows=rows, chart=Chart.HEAT, percent=True,
        across=tuple(one.label(language) for one in dimensions), scale=(0.5, 1.0),
    )  # fmt: skip


def _field(name: str, language: Language) -> str:
    return next(CATALOGUE[kind][name] for kind in PartyKind if name in CATALOGUE[kind]).label(language)


def _worst(view: QualityView, language: Language) -> Section:
    failing = [
        (name, figure) for name, figure in view.figures.items() if name in view.book.rules and figure.failed and figure.rate is not None
    ]  # fmt: skip
    rows = [
        (_sentence(view.book.rules[name], language), 1 - _rate(figure), figure.failed, figure.denominator)
        for name, figure in sorted(failing, key=lambda pair: (_rate(pair[1]), pair[0]))[:_WORST]
    ]
    return Section(
        title=label("quality_worst", language), columns=_say(language, "rule", "not_met", "failed", "denominator"), rows=rows,
        percent=True,
    )  # fmt: skip


def _branches(view: QualityView, language: Language) -> Section:
    told = [(unit, sum(one, Figure())) for unit, one in view.branches.items() if told_of(one) >= view.least]
    rows = [
        (unit or label("nobody", language), _rate(figure), figure.numerator, figure.denominator)
        for unit, figure in sorted(told, key=lambda pair: (_rate(pair[1]), pair[0]))[:_MOST_UNITS]
    ]
    note = label("quality_branches_note", language).format(least=view.least, few=len(view.branches) - len(told))
    return Section(
        title=label("quality_branches", language), note=note,
        columns=_say(language, "branch", "rate", "numerator", "denominator"), rows=rows, percent=True,
    )  # fmt: skip


def _kinds(view: QualityView, language: Language) -> Section:
    found: dict[str, int] = {}
    for rules in view.waiting.values():
        for name, count in rules.items():
            kind = view.book.rules[name].finding if name in view.book.rules else Finding.REPORTED
            found[kind.label(language)] = found.get(kind.label(language), 0) + count
    rows = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return Section(
        title=label("quality_kinds", language), columns=_say(language, "finding", "open_findings"), rows=rows
    )


def _ageing(view: QualityView, language: Language) -> Section:
    rows: list[Sequence[str | int]] = []
    before = 0
    for most, rules in view.waiting.items():
        band = f"{before}–{most}" if most is not None else f"> {before}"
        counts: dict[str, int] = {}
        for name, count in rules.items():
            severity = view.book.rules[name].severity if name in view.book.rules else "medium"
            counts[severity] = counts.get(severity, 0) + count
        rows += [
            (band, label(f"severity_{one}", language), counts[one])
            for one in ("high", "medium", "low")
            if one in counts
        ]
        before = before if most is None else most
    return Section(
        title=label("quality_ageing", language), columns=_say(language, "days_waited", "severity", "open_findings"), rows=rows,
        chart=Chart.STACKED,
    )  # fmt: skip


def _all_rules(view: QualityView, language: Language) -> Section:
    rows = [
        (
            _sentence(view.book.rules[name], language), view.book.rules[name].dimension.label(language),
            _field(view.book.rules[name].field, language), "" if figure.rate is None else _rate(figure), figure.numerator, figure.denominator,
            figure.not_applicable, figure.not_checked,
        )
        for name, figure in sorted(view.figures.items())
        if name in view.book.rules
    ]  # fmt: skip
    names = ("rule", "dimension", "field", "rate", "numerator", "denominator", "not_applicable", "not_checked")
    return Section(
        title=label("quality_rules", language),
        columns=_say(language, *names),
        rows=rows,
        chart=Chart.NONE,
        percent=True,
    )


def _sentence(rule: QualityRule, language: Language) -> str:
    return rule.zh if language == "zh" else rule.en
