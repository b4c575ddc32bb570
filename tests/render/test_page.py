"""Pages: offline, escaped, with a table behind every chart, in both languages."""

from __future__ import annotations

import re
import sys
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from tests.conftest import NOW

from bankcif.errors import MissingExtraError
from bankcif.render import Chart, Section, page
from bankcif.render.page import _BLUE, _BLUES, _COLORS, _HEAT, _RED

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


def test_a_page_is_read_by_keyboard_and_by_screen_reader() -> None:
    """Landmarks, one heading of the first level, a name for every part and picture, heads of columns; what opens is opened by a key."""
    made = page("Report", SECTIONS, language="en", made_at=NOW)
    assert [made.count(f"<{part}") for part in ("header>", "nav ", "main>", "footer>", "h1>")] == [1] * 5
    assert made.count("<section aria-labelledby=") == made.count("<h2 id=") == len(SECTIONS)
    for at, section in enumerate(SECTIONS, start=1):
        assert f'<section aria-labelledby="s{at}">\n<h2 id="s{at}">{section.title}</h2>' in made
        assert f'<a href="#s{at}">{section.title}</a>' in made
    assert made.count('<svg role="img" aria-label="') == made.count("<svg ")
    assert made.count("<th ") == made.count('<th scope="col">')
    assert made.count("<details") == made.count("<summary>")
    assert "tabindex" not in made
    assert "focus-visible" in made


# How somebody sees who lacks one kind of cones: linear light, from red, green and blue to the same.
# Source: Viénot, Brettel and Mollon, Digital video colourmaps for checking the legibility of displays by dichromats (Color
# Research and Application 24, 1999).
_DICHROMATS = {
    "protan": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deutan": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}
_WHITE = np.array([0.95047, 1.0, 1.08883])
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_TOLD_APART = 10.0  # of CIE 1976's difference of colours, of which 2.3 is just seen


def _lab(colour: str, seen: list[list[float]]) -> Any:
    """A colour of sRGB as CIE L*a*b*, as somebody sees it."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    light = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    xyz = _XYZ @ np.clip(np.array(seen) @ light, 0, 1) / _WHITE
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("kind", sorted(_DICHROMATS))
@pytest.mark.parametrize(
    "colours", [_COLORS[:6], _HEAT, _BLUES, [_BLUE, _RED]], ids=["kinds", "heat", "blues", "for and against"]
)
def test_colours_are_told_apart_by_who_lacks_a_kind_of_cones(kind: str, colours: list[str]) -> None:
    seen = [_lab(colour, _DICHROMATS[kind]) for colour in colours]
    for (one, first), (other, second) in combinations(zip(colours, seen, strict=True), 2):
        assert np.linalg.norm(first - second) > _TOLD_APART, (one, other)
