"""Results in notebooks: tables of what they came to, everything escaped."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from tests.analytics.test_reports import BRANCH, SIX, snapshot, spec

from bankcif.analytics import Baskets, Cohorts, Evaluation, Transitions, churn_scorecard, tabulate

CASES: dict[str, tuple[Any, str]] = {
    "report": (tabulate(snapshot(SIX), spec(BRANCH)), "<td>b1</td><td>3</td><td>6</td>"),
    "snapshot": (snapshot(SIX), "<td>sex</td><td>text</td><td>exact</td>"),
    "evaluation": (Evaluation.of([0.1, 0.9, 0.2], [False, True, False]), "<td>1</td><td>0.9000</td><td>1.0000</td><td>1</td>"),
    "transitions": (Transitions.between({1: "new"}, {1: "lost"}, states=("new", "lost")), "<td>new</td><td>0.0000</td><td>1.0000</td>"),
    "cohorts": (Cohorts.of_days(["a", "b"], [date(2026, 1, 1), date(2026, 2, 1)], until=date(2026, 2, 28)), "<td>2026-02</td><td>1</td><td>1</td><td>–</td>"),
    "scorecard": (churn_scorecard(), "<td>C2</td><td>10</td>"),
    "baskets": (Baskets.of_rows(["a", "a", "b"], ["<card>", "fund", "<card>"]), "<td>&lt;card&gt;</td><td>2</td>"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_result_as_a_table(name: str) -> None:
    result, row = CASES[name]
    html = result._repr_html_()
    assert html.startswith("<table><caption>")
    assert row in html
    assert html.count("<tr>") == html.count("</tr>")


def test_an_evaluation_says_how_good_it_was() -> None:
    assert (
        repr(Evaluation.of(np.array([0.1, 0.9]), [False, True]))
        == "Evaluation(2 rows, it happened to 1, AUC 1.000, Brier 0.0100)"
    )
