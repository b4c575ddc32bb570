"""What linking found, as pages: every word in both languages, and pictures that say what the numbers say."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conftest import NOW

from bankcif._text import _texts
from bankcif.engines import BlockReport
from bankcif.matching import COMPARATORS, Explanation, Term, default_model, estimated_curve
from bankcif.party import PartyKind
from bankcif.render import (
    Chart,
    blocking_section,
    clusters_section,
    explanation_section,
    histogram_section,
    model_sections,
    page,
    threshold_section,
)


def test_every_level_comparison_and_alternative_has_a_label_in_both_languages() -> None:
    known = _texts()["label"]
    words = {label for comparator in COMPARATORS.values() for label in comparator.labels}
    for kind in PartyKind:
        model = default_model(kind)
        words |= {c.name for c in model.comparisons} | {a.name for a in model.alternatives}
    assert words <= known.keys(), words - known.keys()
    for word in words:
        assert set(known[word]) == {"en", "zh"}


def test_a_waterfall_ends_at_the_weight_and_leaves_out_what_adds_nothing() -> None:
    found = Explanation(
        model="t", weight_millibits=1500,
        terms=(
            Term("prior", "any two records", -3000), Term("name", "identical", 5000),
            Term("sex", "equal (not counted: holds already in id_number)", 0), Term("instead", "household", -500),
        ),
    )  # fmt: skip
    section = explanation_section("Pair", found, "zh")
    assert section.chart is Chart.WATERFALL
    assert [row[1] for row in section.rows] == [-3.0, 5.0, -0.5, 1.5]
    assert [row[0] for row in section.rows] == [
        "先验: 任意两条记录",
        "姓名/名称: 完全相同",
        "也可能是: 同一家庭",
        "权重",
    ]


def test_sections_count_by_hand() -> None:
    weights = np.array([-90_000, -1, 0, 1999, 2000, 3000, 90_000])
    assert histogram_section(weights, "en").rows == [("-40", 1), ("-2", 1), ("0", 2), ("2", 2), ("40", 1)]
    founder = np.array([0, 0, 2, *[3] * 12])
    assert clusters_section(founder, "en").rows == [("1", 1), ("2", 1), ("10+", 1)]
    report = BlockReport(rule="phone", pairs=7, largest=4, narrowed=1, left_out=2)
    assert blocking_section([report], "en").rows == [("phone", 7, 4, 1, 2)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_of_all_sections_loads_nothing(language: str) -> None:
    weights = np.array([-9000, 5000, 9000])
    sections = [
        threshold_section(estimated_curve(weights, [-5000, 0, 5000]), language, estimated=True),  # type: ignore[arg-type]
        histogram_section(weights, language),  # type: ignore[arg-type]
        *model_sections(default_model(PartyKind.INDIVIDUAL), language),  # type: ignore[arg-type]
    ]
    made = page("Report", sections, language=language, made_at=NOW)  # type: ignore[arg-type]
    assert made.count("<svg") == 3
    assert "<script" not in made
