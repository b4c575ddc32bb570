"""
One page of sections, each a chart with the table it is drawn from; opens without a network.

Charts are pictures within the page (SVG), drawn when the page is made; nothing is loaded and nothing runs in the
browser.
"""

from __future__ import annotations

import enum
import html
import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import attrs

from .._extras import need
from .._text import Language

__all__ = ["Chart", "Section", "page"]


class Chart(enum.StrEnum):
    """How a section is drawn."""

    NONE = "none"
    BARS = "bars"
    STACKED = "stacked"


@attrs.frozen(kw_only=True)
class Section:
    """
    A table with its chart.

    Attributes:
        title: Heading.
        note: A sentence below it.
        columns: Names of the columns.
        rows: Cells: text or numbers. For `Chart.BARS` the first column names the bar and the second is its length;
            for `Chart.STACKED` the columns are bar, part, length.
        chart: How it is drawn.
        percent: Whether lengths are shares of 1.
    """

    title: str
    note: str = ""
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str | int | float]]
    chart: Chart = Chart.BARS
    percent: bool = False


def page(title: str, sections: Sequence[Section], *, language: Language, made_at: datetime) -> str:
    """
    The page as HTML.

    Args:
        title: Its heading.
        sections: In their order.
        language: ``zh`` or ``en``; of the page's own words.
        made_at: Stands at its foot.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    jinja2 = need("jinja2", extra="report")
    template = jinja2.Template(_template(), autoescape=True, undefined=jinja2.StrictUndefined)
    drawn = [(section, jinja2.utils.markupsafe.Markup(_svg(section))) for section in sections]
    return str(template.render(title=title, sections=drawn, language=language, made_at=made_at, cell=_cell))


@cache
def _template() -> str:
    return files(__package__).joinpath("page.html").read_text(encoding="utf-8")


def _cell(value: str | int | float, percent: bool) -> str:
    if isinstance(value, float):
        return f"{value:.1%}" if percent else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else value


def _svg(section: Section) -> str:
    """The section's chart as SVG; empty where there is none or nothing to draw."""
    if section.chart is Chart.NONE or not section.rows:
        return ""
    altair = need("altair", extra="report")
    converter = need("vl_convert", extra="report")
    bar, *rest = section.columns
    length = rest[-1] if section.chart is Chart.STACKED else rest[0]
    data = [dict(zip(section.columns, row, strict=True)) for row in section.rows]
    encoding: dict[str, Any] = {
        # The order of the rows is the order of the bars; names may hold any character, so fields are escaped.
        "y": altair.Y(field=_field(bar), type="nominal", sort=None, title=None, axis=altair.Axis(labelLimit=400)),
        "x": altair.X(
            field=_field(length), type="quantitative", title=length,
            axis=altair.Axis(format="%" if section.percent else ",.0f"),
        ),
    }  # fmt: skip
    if section.chart is Chart.STACKED:
        encoding["color"] = altair.Color(
            field=_field(rest[0]), type="nominal", sort=None, title=None,
            scale=altair.Scale(range=["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"]),
        )  # fmt: skip
    mark = {} if section.chart is Chart.STACKED else {"color": "#0072B2"}
    chart = altair.Chart(altair.Data(values=data)).mark_bar(**mark).encode(**encoding)
    chart = chart.properties(width=520, background="transparent").configure(
        font="'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif"
    )
    svg = str(converter.vegalite_to_svg(json.loads(chart.to_json())))
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(section.title)}" ', 1)


def _field(name: str) -> str:
    return name.replace(".", "\\.").replace("[", "\\[").replace("]", "\\]")
