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

__all__ = ["FONTS", "MOST_PARTS", "Chart", "Section", "drawn", "page"]

FONTS = "'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif"
"""Of charts, in the order in which they are looked for."""
MOST_PARTS = 8
"""So many parts or lines have colours of their own."""


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
        percent: Whether numbers with a point are shares of 1.
        shares: In which columns they are, where it is not all of them or none; counted from 0.
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
    shares: frozenset[int] | None = None

    def is_share(self, column: int) -> bool:
        """Whether numbers with a point of a column are shares of 1."""
        return self.percent if self.shares is None else column in self.shares

    def table(self) -> dict[str, list[str | int | float]]:
        """The rows as columns, for `csv_text`; of two of one name the later is told apart."""
        found: dict[str, list[str | int | float]] = {}
        for at, column in enumerate(self.columns):
            name, number = column, 1
            while name in found:
                number += 1
                name = f"{column} {number}"
            found[name] = [row[at] for row in self.rows]
        return found


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
    # What is text instead of a number has no mark, but its place; a line breaks there.
    rows = [(*row[:number], None if isinstance(row[number], str) else row[number]) for row in section.rows]
    if all(row[number] is None for row in rows):
        return ""
    altair = need("altair", extra="report")
    converter = need("vl_convert", extra="report")
    plot = _Plot(
        altair,
        section.columns,
        rows,
        section.is_share(number),
        section.across,
        section.scale,
        section.shares or frozenset(),
    )
    chart = _DRAWN[section.chart](plot).properties(width=640, background=background)
    chart = chart.configure(font=FONTS)
    svg = str(converter.vegalite_to_svg(json.loads(chart.to_json())))
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(section.title)}" ', 1)


_LARGE = 100
_TICKS = 8
_BLUE, _RED = "#0072B2", "#D55E00"
_HEAT = ["#E7A08A", "#F6E3A1", "#9CCFB0"]
_BLUES = ["#EAF2FA", "#7FB3D9"]
_COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#999999"]


@attrs.frozen
class _Plot:
    """Rows that are drawn, and by what; columns are called ``c0``, ``c1`` …, since a name may hold any character."""

    altair: Any
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    percent: bool
    across: Sequence[str]
    scale: tuple[float, float] | None
    shares: frozenset[int]

    def chart(self, data: Sequence[Mapping[str, Any]] | None = None) -> Any:
        """A chart of the rows, or of *data*."""
        values = [{f"c{at}": value for at, value in enumerate(row)} for row in self.rows] if data is None else data
        return self.altair.Chart(self.altair.Data(values=values))

    def names(self) -> Any:
        """The first column from top to bottom, in the order of the rows."""
        return self.altair.Y(field="c0", type="nominal", sort=None, title=None, axis=self.altair.Axis(labelLimit=400))

    def length(self, at: int) -> Any:
        """A column from left to right."""
        return self.altair.X(field=f"c{at}", type="quantitative", title=self.heads[at], axis=self.axis(at))

    def axis(self, at: int) -> Any:
        """Numbers along an axis; of what is counted, whole ones alone."""
        if at in self.shares or (self.percent and at == len(self.rows[0]) - 1):
            return self.altair.Axis(format=".1~%", tickCount=_TICKS)
        if all(row[at] is None or isinstance(row[at], int) for row in self.rows):
            numbers = [0, *(row[at] for row in self.rows if row[at] is not None)]
            few = max(numbers) - min(numbers) <= _TICKS
            # Of a few whole numbers each has its mark: others would stand there rounded.
            marks = [*range(min(numbers), max(numbers) + 1)] if few else self.altair.Undefined
            return self.altair.Axis(format=",d", tickMinStep=1, tickCount=_TICKS, values=marks)
        return self.altair.Axis(format=",.3~f", tickCount=_TICKS)

    def color(self, at: int) -> Any:
        """A column by colours, in the order of `across`."""
        there = {row[at] for row in self.rows}
        scale = self.altair.Scale(
            range=_COLORS, domain=[name for name in self.across if name in there] or self.altair.Undefined
        )
        return self.altair.Color(field=f"c{at}", type="nominal", sort=None, title=None, scale=scale)

    def sides(self) -> Any:
        """Blue on the one side, red on the other, grey for the sum."""
        scale = self.altair.Scale(domain=["for", "against", "sum"], range=[_BLUE, _RED, "#5b6470"])
        return self.altair.Color(field="side", type="nominal", legend=None, scale=scale)


def _bars(plot: _Plot) -> Any:
    return plot.chart().mark_bar(color=_BLUE).encode(y=plot.names(), x=plot.length(1))


def _stacked(plot: _Plot) -> Any:
    order = {name: at for at, name in enumerate(plot.across or dict.fromkeys(row[1] for row in plot.rows))}
    data = [{"c0": row[0], "c1": row[1], "c2": row[2], "order": order.get(row[1], len(order))} for row in plot.rows]
    by = plot.altair.Order(field="order", type="quantitative")
    return plot.chart(data).mark_bar().encode(y=plot.names(), x=plot.length(2), color=plot.color(1), order=by)


def _signed(plot: _Plot) -> Any:
    """Bars on both sides of zero, coloured by their side."""
    data = [{"c0": row[0], "c1": row[1], "side": _side(row[1])} for row in plot.rows if row[1] is not None]
    return plot.chart(data).mark_bar().encode(y=plot.names(), x=plot.length(1), color=plot.sides())


def _waterfall(plot: _Plot) -> Any:
    """Bars that begin where the one before ended; the last is the sum, from zero."""
    data, reached = [], 0.0
    for row in plot.rows[:-1]:
        added = float(row[1] or 0)
        data.append({"c0": row[0], "from": reached, "c1": reached + added, "side": _side(added)})
        reached += added
    name, total, *_ = plot.rows[-1]
    data.append({"c0": name, "from": 0.0, "c1": float(total or 0), "side": "sum"})
    ends = plot.altair.X2(field="from")
    return plot.chart(data).mark_bar().encode(y=plot.names(), x=plot.length(1), x2=ends, color=plot.sides())


def _side(value: Any) -> str:
    return "for" if float(value) >= 0 else "against"


def _lines(plot: _Plot) -> Any:
    altair, worded = plot.altair, any(isinstance(row[0], str) for row in plot.rows)
    kind = "nominal" if worded else "quantitative"
    height = altair.Y(
        field="c2", type="quantitative", title=plot.heads[2], axis=plot.axis(2), scale=altair.Scale(zero=False)
    )
    axis = altair.Undefined if worded else plot.axis(0)
    along = altair.X(field="c0", type=kind, sort=None, title=plot.heads[0], axis=axis)
    return plot.chart().mark_line(strokeWidth=2, point=worded).encode(x=along, y=height, color=plot.color(1))


def _heat(plot: _Plot) -> Any:
    """Cells of two names, with their number written in them; what there is no row of stays empty."""
    altair = plot.altair
    whole = all(row[2] is None or isinstance(row[2], int) for row in plot.rows)
    form = ".0%" if plot.percent else ",d" if whole else ",.3~r"
    range_ = _BLUES if plot.scale is None else _HEAT
    scale = altair.Scale(range=range_, domain=[*plot.scale] if plot.scale else altair.Undefined, clamp=True)
    along = altair.X(
        field="c1", type="nominal", sort=[*plot.across] or None, title=None, axis=altair.Axis(labelAngle=0)
    )
    base = plot.chart([{"c0": a, "c1": b, "c2": number} for a, b, number in plot.rows if number is not None]).encode(
        y=plot.names(), x=along
    )
    cells = base.mark_rect().encode(color=altair.Color(field="c2", type="quantitative", legend=None, scale=scale))
    written = base.mark_text(fontSize=11, color="#1b1f24").encode(
        text=altair.Text(field="c2", type="quantitative", format=form)
    )
    return cells + written


_DRAWN: Mapping[Chart, Callable[[_Plot], Any]] = {
    Chart.BARS: _bars, Chart.STACKED: _stacked, Chart.SIGNED: _signed, Chart.WATERFALL: _waterfall, Chart.LINES: _lines,
    Chart.HEAT: _heat,
}  # fmt: skip
