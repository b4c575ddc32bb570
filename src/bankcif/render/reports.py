"""Reports as sections of a page: each measure a chart with the table it is drawn from, every figure with what it is made of; of no customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from .._text import Language, label
from ..analytics import ABSENT, OTHERS, Amount, By, Dimension, Measure, MeasureKind, Report
from ..party import CATALOGUE, CodeLists, LifeCycle, PartyKind, currency_digits, divisions
from ..rules import Kind, RuleField
from .page import MOST_PARTS, Chart, Section

__all__ = ["report_sections", "report_table"]

_TIMES = (By.MONTH, By.QUARTER, By.YEAR, By.SEASON)
_ADDED = (MeasureKind.CUSTOMERS, MeasureKind.ROWS, MeasureKind.SUM)
NOT_TOLD = "–"
"""What stands where a figure is not told."""
NOTHING = "·"
"""What stands where nothing is known, so that there is no figure."""
Cell = str | int | float


def report_sections(report: Report, language: Language, codes: CodeLists) -> list[Section]:
    """A section for each measure of *report*."""
    return [_section(report, one, language, codes) for one in report.spec.measures]


def report_table(report: Report, language: Language, codes: CodeLists) -> dict[str, list[Cell | None]]:
    """All cells as columns, sums among them: a level of each dimension, and of each measure its figure, numerator and denominator; None where it is not told."""
    parts = ("", f" {label('report_numerator', language)}", f" {label('report_denominator', language)}")
    heads = [one.label(language) for one in report.spec.dimensions]
    heads += [f"{one.label(language)}{part}" for one in report.spec.measures for part in parts]
    called = _names(report, language, codes)
    lines: list[list[Cell | None]] = []
    for place, figures in report.rows(sums=True):
        line: list[Cell | None] = [said[level] for said, level in zip(called, place, strict=True)]
        for measure in report.spec.measures:
            amount, unit = figures[measure.name], report.units.get(measure.name)
            line += (
                [None] * len(parts)
                if amount is None
                else [_figure(measure, amount, unit), _scaled(measure, amount.numerator, unit), amount.denominator]
            )
        lines.append(line)
    return {head: [line[at] for line in lines] for at, head in enumerate(_apart(tuple(heads)))}


def _section(report: Report, measure: Measure, language: Language, codes: CodeLists) -> Section:
    spec, unit = report.spec, report.units.get(measure.name)
    dimensions = spec.dimensions
    head = measure.label(language) + (f" ({measure.currency})" if measure.currency else "")
    heads = tuple(label(name, language) for name in ("report_numerator", "report_denominator"))
    rows: list[tuple[Cell, ...]] = []
    called = _names(report, language, codes)
    for place, figures in report.rows():
        amount = figures[measure.name]
        levels = [said[level] for said, level in zip(called, place, strict=True)]
        if amount is None:
            rows.append((*levels, NOT_TOLD, NOT_TOLD, NOT_TOLD))
        else:
            rows.append(
                (*levels, _figure(measure, amount, unit), _scaled(measure, amount.numerator, unit), amount.denominator)
            )
    columns = (*(one.label(language) for one in dimensions), head, *heads)
    return Section(
        title=f"{spec.label(language)} · {head}", note=_note(report, measure, language), columns=_apart(columns), rows=rows, chart=_chart(report, measure),
        percent=measure.kind is MeasureKind.SHARE, across=tuple(name for level, name in called[1].items() if level is not None) if len(called) > 1 else (),
    )  # fmt: skip


def _chart(report: Report, measure: Measure) -> Chart:
    dimensions = report.spec.dimensions
    if len(dimensions) == 1:
        return Chart.BARS
    if len(dimensions) != 2:
        return Chart.NONE
    # Of rows one customer may stand in several cells, which therefore are no parts of a bar; and of many parts two would have one colour.
    several = report.spec.over and measure.kind is MeasureKind.CUSTOMERS
    if report.since is not None or len(report.levels[dimensions[1].name]) > MOST_PARTS:
        return Chart.HEAT
    if dimensions[0].by in _TIMES:
        return Chart.LINES
    return Chart.STACKED if measure.kind in _ADDED and not several else Chart.HEAT


def _note(report: Report, measure: Measure, language: Language) -> str:
    whole = report.cells[(None,) * len(report.levels)][measure.name]
    words = [label("report_of", language).format(day=report.as_of.isoformat(), customers=f"{report.customers:,}")]
    if report.since is not None:
        words = [
            label("report_movement", language).format(
                since=report.since.isoformat(), day=report.as_of.isoformat(), customers=f"{report.customers:,}"
            )
        ]
    words.append(label(f"measure_{measure.kind}", language))
    if whole is not None and report.spec.dimensions:
        figure = _figure(measure, whole, report.units.get(measure.name))
        told = (
            figure
            if isinstance(figure, str)
            else (
                f"{figure:.1%}"
                if measure.kind is MeasureKind.SHARE and isinstance(figure, float)
                else f"{figure:,}"
                if isinstance(figure, int)
                else f"{figure:,.2f}"
            )
        )
        words.append(label("report_whole", language).format(figure=told))
    if withheld := sum(figures[measure.name] is None for figures in report.cells.values()):
        words.append(label("report_withheld", language).format(k=report.k, withheld=withheld))
    return " ".join(words)


def _figure(measure: Measure, amount: Amount, unit: RuleField | None) -> int | float | str:
    """The figure; a word where nothing is known of which it could be one."""
    if measure.of and not amount.denominator:
        return NOTHING
    if not measure.kind.is_rate:
        return _scaled(measure, amount.numerator, unit)
    return _scaled(measure, amount.numerator, unit) / amount.denominator if amount.denominator else NOTHING


def _scaled(measure: Measure, number: int, unit: RuleField | None) -> int | float:
    """A number as people read it: money in whole units of its currency, a decimal with its point."""
    if unit is None or unit.kind not in (Kind.MONEY, Kind.DECIMAL):
        return number
    digits = unit.digits if unit.kind is Kind.DECIMAL else currency_digits(measure.currency or unit.currency)
    return number / float(10**digits)


def _names(report: Report, language: Language, codes: CodeLists) -> list[dict[str | None, str]]:
    """Of each dimension what its levels are called; two that are called the same are told apart by their codes."""
    found = []
    for dimension in report.spec.dimensions:
        said = {level: _level(dimension, level, language, codes) for level in (*report.levels[dimension.name], None)}
        often = Counter(said.values())
        found.append({level: name if often[name] == 1 else f"{name} {level}" for level, name in said.items()})
    return found


def _level(dimension: Dimension, level: str | None, language: Language, codes: CodeLists) -> str:
    """What a level is called."""
    words = {None: "report_all", "": "report_none", OTHERS: "report_others", ABSENT: "report_absent"}
    if level in words:
        return label(words[level], language)
    assert level is not None, "the sum over all is a word"
    if level in (given := dict(dimension.labels)):
        return given[level][0 if language == "zh" else 1]
    if dimension.rules or dimension.bands:
        return level
    named = _NAMED.get(dimension.of)
    if named is not None:
        return named(level, language)
    field = next((CATALOGUE[kind][dimension.of] for kind in PartyKind if dimension.of in CATALOGUE[kind]), None)
    return codes[field.codes].label(level, language) if field is not None and field.codes else level


def _kind(level: str, language: Language) -> str:
    return label(level, language)


def _state(level: str, language: Language) -> str:
    return LifeCycle(level).label(language) if level in {one.value for one in LifeCycle} else level


def _prefecture(level: str, _: Language) -> str:
    """With the province in front: of the four cities that are provinces, all is 市辖区."""
    parts = [divisions().get(code) for code in (f"{level[:2]}0000", f"{level}00")]
    return "".join(one.name for one in parts if one is not None) or level


_NAMED: Mapping[str, Callable[[str, Language], str]] = {"kind": _kind, "life_cycle": _state, "prefecture": _prefecture}


def _apart(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Names of columns, each another: charts are drawn by them."""
    found: list[Any] = []
    for name in columns:
        found.append(name if name not in found else f"{name} {len(found)}")
    return tuple(found)
