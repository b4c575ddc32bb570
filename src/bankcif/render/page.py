"""
One page of sections, each a chart with the table it is drawn from; opens without a network.

Charts are pictures within the page (SVG), drawn when the page is made; nothing is loaded and nothing runs in the
browser.
"""

from __future__ import annotations

import enum
import html
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import attrs

from .._extras import need
from .._text import Language

__all__ = ["Chart", "Section", "drawn", "page"]


class Chart(enum.StrEnum):
    """How a section is drawn."""

    NONE = "none"
    BARS = "bars"
    STACKED = "stacked"
    SIGNED = "signed"
    WATERFALL = "waterfall"
    LINES = "lines"
    HEAT = "heat"


@attrs.frozen(kw_only=True)
class Section:
    """
    A table with its chart.

    Attributes:
        title: Heading.
        note: A sentence below it.
        columns: Names of the columns.
        rows: Cells: text or numbers. For `Chart.BARS` the first column names the bar and the second is its length;
            for `Chart.STACKED` the columns are bar, part, length. `Chart.SIGNED` draws lengths on both sides of zero,
            `Chart.WATERFALL` each where the one before ends, its last row being the sum. For `Chart.LINES` the columns are
            place along the axis, line, height; a place that is text stands in the order of the rows. For `Chart.HEAT` they are
            row, column, and a number that gives the colour.
        chart: How it is drawn.
        percent: Whether lengths are shares of 1.
        across: The order of columns of `Chart.HEAT`, of parts of `Chart.STACKED` and of lines; that of the rows if empty.
        link: Where more is told: the address of another page, beside this one; none if empty.
        scale: Of `Chart.HEAT`, from which number red goes to green; without it shades of blue go from the least to the greatest.

    Further columns stand in the table alone, and so does a row whose length, height or number is text.
    """

    title: str
    note: str = ""
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str | int | float]]
    chart: Chart = Chart.BARS
    percent: bool = False
    across: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None
    link: str = ""


def page(
    title: str, sections: Sequence[Section], *, language: Language, made_at: datetime, back: tuple[str, str] | None = None
) -> str:  # fmt: skip
    """
    The page as HTML.

    Args:
        title: Its heading.
        sections: In their order.
        language: ``zh`` or ``en``; of the page's own words.
        made_at: Stands at its foot.
        back: Name and address of the page that leads here, if one does.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    jinja2 = need("jinja2", extra="report")
    template = jinja2.Template(_template(), autoescape=True, undefined=jinja2.StrictUndefined)
    charts = [(section, jinja2.utils.markupsafe.Markup(drawn(section))) for section in sections]
    return str(template.render(title=title, sections=charts, language=language, made_at=made_at, cell=_cell, back=back))


@cache
def _template() -> str:
    return files(__package__).joinpath("page.html").read_text(encoding="utf-8")


def _cell(value: str | int | float, percent: bool) -> str:
    if isinstance(value, float):
        return f"{value:.1%}" if percent else f"{value:,.2f}" if abs(value) >= _LARGE else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else value


def drawn(section: Section, *, background: str = "transparent") -> str:
    """The section's chart as SVG; empty where there is none or nothing to draw."""
    if section.chart is Chart.NONE:
        return ""
    number = 1 if section.chart in (Chart.BARS, Chart.SIGNED, Chart.WATERFALL) else 2
    section = attrs.evolve(section, rows=[row for row in section.rows if not isinstance(row[number], str)])
    if not section.rows:
        return ""
    altair = need("altair", extra="report")
    converter = need("vl_convert", extra="report")
    chart = (
        _DRAWN[section.chart](altair, section)
        .properties(width=640, background=background)
        .configure(font="'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif")
    )
    svg = str(converter.vegalite_to_svg(json.loads(chart.to_json())))
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(section.title)}" ', 1)


_LARGE = 100
_BLUE, _RED = "#0072B2", "#D55E00"
_HEAT = ["#E7A08A", "#F6E3A1", "#9CCFB0"]
_BLUES = ["#EAF2FA", "#7FB3D9"]
_COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"]


def _data(altair: Any, section: Section) -> Any:
    return altair.Chart(altair.Data(values=[dict(zip(section.columns, row, strict=True)) for row in section.rows]))


def _names(altair: Any, field: str) -> Any:
    # The order of the rows is the order of the bars; names may hold any character, so fields are escaped.
    return altair.Y(field=_field(field), type="nominal", sort=None, title=None, axis=altair.Axis(labelLimit=400))


def _lengths(altair: Any, section: Section, field: str) -> Any:
    return altair.X(field=_field(field), type="quantitative", title=field, axis=_axis(altair, section, field))


def _axis(altair: Any, section: Section, field: str) -> Any:
    """Numbers along an axis; of what is counted, whole ones alone."""
    if section.percent:
        return altair.Axis(format=".1~%")
    at = section.columns.index(field)
    if all(isinstance(row[at], int) for row in section.rows):
        return altair.Axis(format=",d", tickMinStep=1)
    return altair.Axis(format=",.3~f")


def _colors(altair: Any, section: Section, field: str) -> Any:
    there = {row[section.columns.index(field)] for row in section.rows}
    names = [name for name in section.across if name in there]
    scale = altair.Scale(range=_COLORS, domain=names or altair.Undefined)
    return altair.Color(field=_field(field), type="nominal", sort=None, title=None, scale=scale)


def _bars(altair: Any, section: Section) -> Any:
    bar, length, *_ = section.columns
    return (
        _data(altair, section).mark_bar(color=_BLUE)
        .encode(y=_names(altair, bar), x=_lengths(altair, section, length))
    )  # fmt: skip


def _stacked(altair: Any, section: Section) -> Any:
    bar, part, length, *_ = section.columns
    order = {name: at for at, name in enumerate(section.across or dict.fromkeys(row[1] for row in section.rows))}
    data = [
        {bar: row[0], part: row[1], length: row[2], "0order": order.get(row[1], len(order))} for row in section.rows
    ]
    return (
        altair.Chart(altair.Data(values=data)).mark_bar()
        .encode(
            y=_names(altair, bar), x=_lengths(altair, section, length), color=_colors(altair, section, part),
            order=altair.Order(field="0order", type="quantitative"),
        )
    )  # fmt: skip


def _signed(altair: Any, section: Section) -> Any:
    """Bars on both sides of zero, coloured by their side."""
    bar, length, *_ = section.columns
    data = [{bar: row[0], length: row[1], "side": _side(row[1])} for row in section.rows]
    return (
        altair.Chart(altair.Data(values=data)).mark_bar()
        .encode(y=_names(altair, bar), x=_lengths(altair, section, length), color=_sides(altair))
    )  # fmt: skip


def _waterfall(altair: Any, section: Section) -> Any:
    """Bars that begin where the one before ended; the last is the sum, from zero."""
    bar, length, *_ = section.columns
    data, reached = [], 0.0
    for row in section.rows[:-1]:
        added = float(row[1])
        data.append({bar: row[0], "from": reached, length: reached + added, "side": _side(added)})
        reached += added
    name, total, *_ = section.rows[-1]
    data.append({bar: name, "from": 0.0, length: float(total), "side": "sum"})
    x = _lengths(altair, section, length)
    return (
        altair.Chart(altair.Data(values=data)).mark_bar()
        .encode(y=_names(altair, bar), x=x, x2=altair.X2(field="from"), color=_sides(altair))
    )  # fmt: skip


def _side(value: Any) -> str:
    return "for" if float(value) >= 0 else "against"


def _sides(altair: Any) -> Any:
    scale = altair.Scale(domain=["for", "against", "sum"], range=[_BLUE, _RED, "#5b6470"])
    return altair.Color(field="side", type="nominal", legend=None, scale=scale)


def _lines(altair: Any, section: Section) -> Any:
    along, line, height, *_ = section.columns
    axis = _axis(altair, section, height)
    worded = any(isinstance(row[0], str) for row in section.rows)
    return (
        _data(altair, section).mark_line(strokeWidth=2, point=worded)
        .encode(
            x=altair.X(field=_field(along), type="nominal" if worded else "quantitative", sort=None, title=along),
            y=altair.Y(
                field=_field(height), type="quantitative", title=height, axis=axis, scale=altair.Scale(zero=False)
            ),
            color=_colors(altair, section, line),
        )
    )  # fmt: skip


def _heat(altair: Any, section: Section) -> Any:
    """Cells of two names, with their number written in them; what there is no row of stays empty."""
    down, across, number, *_ = section.columns
    form = ".0%" if section.percent else ",.3~r" if any(isinstance(row[2], float) for row in section.rows) else ",d"
    range_ = _BLUES if section.scale is None else _HEAT
    scale = altair.Scale(range=range_, domain=[*section.scale] if section.scale else altair.Undefined, clamp=True)
    base = _data(altair, section).encode(
        y=_names(altair, down),
        x=altair.X(
            field=_field(across),
            type="nominal",
            sort=[*section.across] or None,
            title=None,
            axis=altair.Axis(labelAngle=0),
        ),
    )
    cells = base.mark_rect().encode(
        color=altair.Color(field=_field(number), type="quantitative", legend=None, scale=scale)
    )
    written = base.mark_text(fontSize=11, color="#1b1f24").encode(
        text=altair.Text(field=_field(number), type="quantitative", format=form)
    )
    return cells + written


_DRAWN: Mapping[Chart, Callable[[Any, Section], Any]] = {
    Chart.BARS: _bars, Chart.STACKED: _stacked, Chart.SIGNED: _signed, Chart.WATERFALL: _waterfall, Chart.LINES: _lines,
    Chart.HEAT: _heat,
}  # fmt: skip


def _field(name: str) -> str:
    return name.replace(".", "\\.").replace("[", "\\[").replace("]", "\\]")
