"""Reports as sections, tables and pictures: every figure with what it is made of, names in both languages, and nothing drawn of what is not told."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
import vl_convert
from tests.analytics.test_reports import BRANCH, HOLDINGS, SEX, SIX, snapshot, spec, told

from bankcif.analytics import KEY, Dimension, Measure, movement, tabulate
from bankcif.errors import ConfigurationError, InputError
from bankcif.party import code_lists
from bankcif.render import Chart, Section, picture, report_sections, report_table
from bankcif.render.pictures import _tells_apart

CODES = code_lists()
PEOPLE = [{KEY: str(n), "sex": "1" if n < 3 else "2", "branch": "x" if n % 2 else "y"} for n in range(40)]


def test_a_section_says_what_a_figure_is_made_of() -> None:
    measures = [
        Measure(name="mean", kind="mean", of="aum", currency="CNY", zh="户均", en="Mean"),
        Measure(name="customers", zh="客户数", en="Customers"),
    ]
    made = tabulate(snapshot(SIX), spec(SEX, measures=measures, zh="报表", en="Report"))
    mean, customers = report_sections(made, "en", CODES)
    assert (mean.title, mean.columns) == ("Report · Mean (CNY)", ("Sex", "Mean (CNY)", "Numerator", "Denominator"))
    assert mean.rows == [("female", 50.0, 50.0, 1), ("male", 200.0, 400.0, 2), ("(not known)", 10.0, 10.0, 1)]
    assert customers.rows == [("female", 3, 3, 6), ("male", 2, 2, 6), ("(not known)", 1, 1, 6)]
    assert "Of all: 115.00." in mean.note
    assert report_sections(made, "zh", CODES)[1].rows[0] == ("女", 3, 3, 6)
    table = report_table(made, "en", CODES)
    assert table["Sex"] == ["female", "male", "(not known)", "all"]
    assert table["Mean Numerator"] == [50.0, 400.0, 10.0, 460.0]


def test_what_is_not_told_is_not_drawn() -> None:
    made = tabulate(snapshot(PEOPLE), spec(SEX, BRANCH, k=5))
    (section,) = report_sections(made, "en", CODES)
    assert {row[2] for row in section.rows if row[0] == "male"} == {"–"}
    assert "not told" in section.note
    assert report_table(made, "en", CODES)["customers"][-1] == 40
    assert None in report_table(made, "en", CODES)["customers"]
    hidden = Section(title="t", columns=("a", "b"), rows=[("x", "–"), ("y", "–")])
    with pytest.raises(InputError, match="nothing to draw"):
        picture(hidden)
    assert told(made)


@pytest.mark.parametrize(
    ("dimensions", "more", "chart"),
    [
        ([SEX], {}, Chart.BARS),
        ([SEX, BRANCH], {}, Chart.STACKED),
        ([SEX, BRANCH], {"measures": [Measure(name="m", kind="share", of="age > 30")]}, Chart.HEAT),
        (
            [Dimension(name="day", of="opened_on", by="month"), Dimension(name="product", of="product")],
            {"over": "holdings"},
            Chart.LINES,
        ),
        ([SEX, Dimension(name="product", of="product")], {"over": "holdings"}, Chart.HEAT),
        ([SEX, BRANCH, Dimension(name="age", of="age", bands=[30])], {}, Chart.NONE),
        ([], {}, Chart.NONE),
    ],
)
def test_how_a_report_is_drawn(dimensions: Any, more: dict[str, Any], chart: Chart) -> None:
    made = tabulate(snapshot(SIX, holdings=HOLDINGS), spec(*dimensions, **more))
    assert report_sections(made, "zh", CODES)[0].chart is chart


def test_where_nothing_is_known_there_is_no_figure() -> None:
    rows = [{KEY: str(n), "sex": "12"[n % 2], "aum": None, "aum_currency": None} for n in range(9)]
    measures = [
        Measure(name="mean", kind="mean", of="aum", currency="CNY"),
        Measure(name="sum", kind="sum", of="aum", currency="CNY"),
    ]
    for section in report_sections(tabulate(snapshot(rows), spec(SEX, measures=measures)), "en", CODES):
        assert [row[1] for row in section.rows] == ["·", "·"]
        assert "Of all: ·." in section.note
        with pytest.raises(InputError, match="nothing to draw"):
            picture(section)


def test_levels_that_are_called_the_same_are_told_apart() -> None:
    rows = [{KEY: str(n), "prefecture": code} for n, code in enumerate(("1101", "3101", "3301", "9999"))]
    made = tabulate(snapshot(rows), spec(Dimension(name="region", of="prefecture")))
    assert {row[0] for row in report_sections(made, "zh", CODES)[0].rows} == {
        "北京市市辖区",
        "上海市市辖区",
        "浙江省杭州市",
        "9999",
    }
    labels = {"a": ("同", "same"), "b": ("同", "same")}
    alike = Dimension(name="g", rules={"a": "sex = '1'", "b": "sex = '2'"}, labels=labels)
    assert [row[0] for row in report_sections(tabulate(snapshot(SIX), spec(alike)), "zh", CODES)[0].rows] == [
        "同 a",
        "同 b",
        "（无）",
    ]


def test_a_movement_is_a_field_of_colours() -> None:
    before = snapshot([{KEY: "a", "branch": "x"}, {KEY: "c", "branch": "y"}], as_of=date(2026, 1, 1))
    made = movement(before, snapshot([{KEY: "a", "branch": "y"}, {KEY: "d", "branch": "y"}]), spec(BRANCH))
    (section,) = report_sections(made, "en", CODES)
    assert section.chart is Chart.HEAT
    assert ("(no customer)", "y", 1, 1, 3) in section.rows
    assert section.note.startswith("From 2026-01-01 to 2026-11-24")


def test_pictures_for_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    made = tabulate(snapshot(SIX), spec(SEX, en="Report"))
    (section,) = report_sections(made, "en", CODES)
    svg = picture(section)
    assert svg.startswith(b'<svg role="img" aria-label=')
    assert not re.search(rb"https?://(?!www\.w3\.org)", svg)
    assert picture(section, "png").startswith(b"\x89PNG")
    (chinese,) = report_sections(made, "zh", CODES)
    monkeypatch.setattr("bankcif.render.pictures._has_chinese", lambda _: False)
    with pytest.raises(ConfigurationError, match="fonts-noto-cjk"):
        picture(chinese, "png")
    assert picture(chinese).startswith(b"<svg")


@pytest.mark.parametrize("chart", [Chart.BARS, Chart.STACKED, Chart.HEAT, Chart.LINES, Chart.SIGNED, Chart.WATERFALL])
def test_names_may_hold_any_character(chart: Chart) -> None:
    columns = ('Customers\' "all"', "a.b[c]\\d", "of 'x'")
    rows: list[tuple[Any, ...]] = [("'a'", 'b"', 3), ("c\\d", "e.f", 4)]
    if chart in (Chart.BARS, Chart.SIGNED, Chart.WATERFALL):
        rows = [(row[0], row[2], row[1]) for row in rows]
    svg = picture(Section(title="t", columns=columns, rows=rows, chart=chart)).decode()
    assert svg.count("<path") > 2
    assert "aria-label" in svg


def test_tables_have_columns_of_one_length_whatever_they_are_called() -> None:
    same = [Measure(name="a", zh="数", en="Same"), Measure(name="b", kind="share", of="age > 30", zh="数", en="Same")]
    twice = [Dimension(name="year", of="birth_date", by="year"), Dimension(name="season", of="birth_date", by="season")]
    table = report_table(tabulate(snapshot(SIX), spec(*twice, measures=same)), "en", CODES)
    assert len(table) == 8
    assert len({len(column) for column in table.values()}) == 1


def test_of_many_parts_no_two_have_one_colour() -> None:
    rows = [{KEY: str(n), "sex": "12"[n % 2], "branch": f"b{n % 9}"} for n in range(40)]
    assert report_sections(tabulate(snapshot(rows), spec(SEX, BRANCH)), "zh", CODES)[0].chart is Chart.HEAT
    few = [{**one, "branch": "b" + one["branch"][1:] if int(one["branch"][1:]) < 8 else "b0"} for one in rows]
    assert report_sections(tabulate(snapshot(few), spec(SEX, BRANCH)), "zh", CODES)[0].chart is Chart.STACKED


def test_a_font_that_is_missing_is_seen() -> None:
    assert not _tells_apart(vl_convert, "\ue000\ue001"), "which no font draws"


def test_a_report_in_a_notebook() -> None:
    rows = [{KEY: str(n), "branch": "<b>" if n else "y"} for n in range(9)]
    html = tabulate(snapshot(rows), spec(BRANCH))._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.startswith("<table><caption>Report(r,")
