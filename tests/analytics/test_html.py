"""Results in notebooks: tables of what they came to, everything escaped."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from tests.analytics.test_reports import BRANCH, SIX, snapshot, spec

from bankcif.analytics import (
    Baskets,
    BetaGeometric,
    Cohorts,
    Contrast,
    DiscountRate,
    Evaluation,
    GammaGamma,
    Hits,
    LogisticModel,
    ParetoNbd,
    RfmModel,
    SegmentReport,
    ShiftedBetaGeometric,
    Span,
    TimeUnit,
    Transitions,
    Worth,
    churn_scorecard,
    tabulate,
)  # fmt: skip

CASES: dict[str, tuple[Any, str]] = {
    "report": (tabulate(snapshot(SIX), spec(BRANCH)), "<td>b1</td><td>3</td><td>6</td>"),
    "snapshot": (snapshot(SIX), "<td>sex</td><td>text</td><td>exact</td>"),
    "evaluation": (Evaluation.of([0.1, 0.9, 0.2], [False, True, False]), "<td>1</td><td>0.9000</td><td>1.0000</td><td>1</td>"),
    "transitions": (Transitions.between({1: "new"}, {1: "lost"}, states=("new", "lost")), "<td>new</td><td>0.0000</td><td>1.0000</td>"),
    "cohorts": (Cohorts.of_days(["a", "b"], [date(2026, 1, 1), date(2026, 2, 1)], until=date(2026, 2, 28)), "<td>2026-02</td><td>1</td><td>1</td><td>–</td>"),
    "scorecard": (churn_scorecard(), "<td>C2</td><td>10</td>"),
    "baskets": (Baskets.of_rows(["a", "a", "b"], ["<card>", "fund", "<card>"]), "<td>&lt;card&gt;</td><td>2</td>"),
    "buying": (BetaGeometric(r=1.5, alpha=2.0, a=1.5, b=3.0, unit=TimeUnit.WEEK, modified=True), "<td>r</td><td>1.5000</td><td>–</td>"),
    "leaving": (ParetoNbd(r=1.5, alpha=2.0, s=1.5, beta=3.0, unit=TimeUnit.WEEK), "<td>beta</td><td>3.0000</td><td>–</td>"),
    "spending": (GammaGamma(p=6.25, q=3.74, gamma=15.44, currency="CNY"), "<td>gamma</td><td>15.4400</td><td>–</td>"),
    "worth": (Worth(minor=np.array([100, 250]), currency="CNY", horizon=Span(52, TimeUnit.WEEK), discount=DiscountRate(0.08), model="BG/NBD"),
              "<td>2</td><td>CNY 3.50</td><td>52 weeks</td><td>8.00%</td><td>BG/NBD</td>"),
    "segments": (SegmentReport(sizes={"rich": 3, "": 1}, overlaps={("rich", "new"): 2}, shadowed=()), "<td>rich</td><td>3</td><td>2</td>"),
    "scores": (RfmModel(recency=(14, 60), frequency=(1,), amount=(5_000,), currency="CNY"), "<td>recency</td><td>14 60</td>"),
    "hits": (Hits(customers=4, hit=1, popular=2), "<td>offered</td><td>1</td><td>4</td><td>0.2500</td>"),
    "contrast": (Contrast(figure="mobile", inside=0.5, outside=0.25, of_inside=9, of_outside=9, difference=0.25, low=0.1, high=0.4, effect=0.5, lift=None, chance=0.01),
                 "<td>0.5000</td><td>0.2500</td><td>0.2500</td><td>0.1000</td><td>0.4000</td><td>0.5000</td><td>–</td>"),
    "logistic": (LogisticModel(intercept=-1.0, weights={"x": 2.0}, errors={"x": 0.5}, means={"x": 0.0}, log_likelihood=-9.0, events=3, observations=9),
                 "<td>x</td><td>2.0000</td><td>0.5000</td>"),
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


def test_a_fitted_model_tells_its_errors_and_on_whom_it_stands() -> None:
    model = ShiftedBetaGeometric.fitted(
        [1000, 869, 743, 653, 593, 551, 517, 491], period=Span(365, TimeUnit.DAY)
    )  # fmt: skip
    html = model._repr_html_()
    assert "sBG, fitted on 1,000 customers" in html
    assert model.fit is not None
    assert f"<td>alpha</td><td>{model.alpha:.4f}</td><td>{model.fit.errors['alpha']:.4f}</td>" in html
