"""The quality report: every figure with its numerator and denominator, in both languages, with nobody in it."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from tests.conftest import NOW

from bankcif.quality import Dimension, Figure, starter_rules
from bankcif.render import Chart, QualityView, Section, page, quality_sections, workbook

BOOK = starter_rules()
DAY = date(2026, 11, 24)
VIEW = QualityView(
    book=BOOK,
    figures={"phone_there": Figure(90, 10, 0, 5), "phone_fresh": Figure(1, 1, 98, 0), "sex_as_in_document": Figure(0, 0, 3, 7)},
    trend={DAY - timedelta(days=n): {Dimension.COMPLETENESS: Figure(90 - n, 10 + n, 0, 0)} for n in range(3)},
    branches={"B1": [Figure(40, 10, 0, 0)], "B2": [Figure(3, 1, 0, 0)] * 9, "": [Figure(50, 0, 0, 0)]},
    waiting={7: {"phone_there": 3, "reported:phone": 1}, 30: {}, None: {"phone_fresh": 2}},
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sections_say_what_rates_are_of(language: str) -> None:
    dimensions, trend, heat, worst, branches, kinds, ageing, rules = quality_sections(VIEW, language)  # type: ignore[arg-type]
    assert [row[1:] for row in dimensions.rows] == [(0.9, 90, 100, 0, 5), (0.5, 1, 2, 98, 0)]
    assert [(row[0], row[2]) for row in trend.rows] == [("2026-11-22", 0.88), ("2026-11-23", 0.89), ("2026-11-24", 0.9)]
    assert (heat.chart, [row[2] for row in heat.rows]) == (Chart.HEAT, [0.9, 0.5])
    assert [row[1:] for row in worst.rows] == [(0.5, 1, 2), (pytest.approx(0.1), 10, 100)]
    assert [row[1:] for row in branches.rows] == [(0.8, 40, 50), (1.0, 50, 50)]
    assert "1" in branches.note
    assert sorted(row[1] for row in kinds.rows) == [1, 2, 3]
    assert [row[0] for row in ageing.rows] == ["0–7", "0–7", "> 30"]
    assert len(rules.rows) == 3
    made = page("Q", [dimensions, trend, heat, worst, branches, kinds, ageing, rules], language=language, made_at=NOW)  # type: ignore[arg-type]
    assert made.count("<svg") == 7
    assert "http-equiv" in made


def test_a_workbook_has_a_sheet_for_each_section_and_no_formula() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    sections = [
        Section(title="A/B: rates", note="=1+1", columns=("name", "=rate"), rows=[("=cmd()", 0.25), ("+x", 1)], percent=True),
        Section(title="a b  rates", columns=("x",), rows=[]), Section(title="", columns=("x",), rows=[("@y",)]),
        Section(title="长" * 40, columns=("x",), rows=[]), Section(title="长" * 40, columns=("x",), rows=[]),
    ]  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(workbook("Q", sections, made_at=NOW)))
    assert book.sheetnames == ["A B  rates", "a b  rates 2", "1", "长" * 31, "长" * 29 + " 2"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    first = book.worksheets[0]
    assert [[cell.value for cell in row] for row in first.iter_rows()] == [
        ["=1+1", None],
        ["name", "=rate"],
        ["=cmd()", 0.25],
        ["+x", 1],
    ]
    assert first["B3"].number_format == "0.0%"
