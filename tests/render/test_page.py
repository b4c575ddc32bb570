"""Pages: offline, escaped, with a table behind every chart, in both languages."""

from __future__ import annotations

import re
import sys

import pytest
from tests.conftest import NOW

from bankcif.errors import MissingExtraError
from bankcif.render import Chart, Section, page

SECTIONS = [
    Section(title="Rows", columns=("channel", "rows"), rows=[("<b>counter</b>", 3), ("card", 1200)]),
    Section(
        title="Parts", columns=("a.b", "part[0]", "rows"), rows=[("x", "new", 1), ("x", "held", 2)], chart=Chart.STACKED
    ),
    Section(title="Rate", note="a note", columns=("field", "rate"), rows=[("姓名", 0.5)], percent=True),
    Section(title="Words", columns=("a", "b"), rows=[("p", "q")], chart=Chart.NONE),
    Section(title="Nothing", columns=("a", "b"), rows=[]),
]


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    made = page("Report", SECTIONS, language="en", made_at=NOW)
    assert "default-src 'none'" in made
    assert "<script" not in made
    assert set(re.findall(r"https?://[^\"'<> ]+", made)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_cells_are_escaped_in_table_and_chart() -> None:
    made = page("<i>Report</i>", SECTIONS, language="en", made_at=NOW)
    assert "<b>counter" not in made
    assert "&lt;b&gt;counter" in made
    assert "<i>Report" not in made


def test_every_chart_has_its_table_and_its_name() -> None:
    made = page("Report", SECTIONS, language="en", made_at=NOW)
    assert made.count("<table>") == len(SECTIONS)
    assert made.count("<svg") == 3
    assert 'aria-label="Rows"' in made
    for text in ("1,200", "50.0%", "a note", "2026-11-24 04:00 UTC"):
        assert text in made


def test_the_page_s_own_words_follow_the_language() -> None:
    assert 'lang="zh-CN"' in page("报告", SECTIONS, language="zh", made_at=NOW)
    assert "<summary>数据" in page("报告", SECTIONS, language="zh", made_at=NOW)


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingExtraError, match=r"bankcif\[report\]"):
        page("Report", SECTIONS, language="en", made_at=NOW)
