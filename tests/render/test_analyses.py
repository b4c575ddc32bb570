"""Results of analyses as pages: what is told of them, what is not, in both languages, and in every form."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings, strategies as st

from bankcif._text import Language
from bankcif.analytics import (
    Baskets,
    BetaGeometric,
    Cohorts,
    Contrast,
    DiscountRate,
    Evaluated,
    Evaluation,
    GammaGamma,
    Hits,
    LogisticModel,
    ModelCard,
    NextProduct,
    ParetoNbd,
    RfmModel,
    SegmentReport,
    ShiftedBetaGeometric,
    Span,
    TimeUnit,
    Transitions,
    Worth,
    churn_scorecard,
    drift,
)
from bankcif.errors import InputError
from bankcif.render import Chart, Section, analysis_sections, csv_text, page, picture, workbook

NOW = datetime(2026, 11, 28, tzinfo=UTC)
WEEK = TimeUnit.WEEK


def held(**many: int) -> Baskets:
    """Baskets of products that are held alone, and ``both`` of a card and a fund."""
    rows = [(f"{name}{n}", name) for name, count in many.items() if name != "both" for n in range(count)]
    rows += [(f"both{n}", product) for n in range(many.get("both", 0)) for product in ("card", "fund")]
    return Baskets.of_rows([key for key, _ in rows], [product for _, product in rows])


def cohorts(*sizes: int, kept: float = 0.5) -> Cohorts:
    """Cohorts of months of 2026, of whom a part came again in each month since."""
    keys, days = [], []
    for month, size in enumerate(sizes, 1):
        for n in range(size):
            days += [date(2026, month, 1)] + [
                date(2026, later, 2) for later in range(month + 1, len(sizes) + 1) if n < size * kept
            ]
            keys += [f"{month}-{n}"] * (len(days) - len(keys))
    return Cohorts.of_days(keys, days, until=date(2026, len(sizes) + 1, 1) - timedelta(days=1))


def evaluated(rows: int = 4000) -> Evaluation:
    rng = np.random.default_rng(7)
    told = rng.uniform(0.05, 0.6, rows)
    return Evaluation.of(told, rng.random(rows) < told)


def card() -> ModelCard:
    seen = evaluated()
    return ModelCard(
        name="churn", version="1", zh="流失预警", en="churn warning", use="calls", limits="new customers", owner="a.na",
        model=churn_scorecard(), until=date(2027, 6, 30), code="bankcif 0.1.0",
        evaluated=Evaluated(
            figures_on=date(2026, 6, 30), until=date(2026, 9, 30), customers=4000, events=int(seen.happened.sum()), auc=seen.auc,
            brier=seen.brier, lift=seen.lift(0.1), bins=seen.calibration(),
        ),
    )  # fmt: skip


LOGISTIC = LogisticModel(
    intercept=-1.0, weights={"x": 2.0, "y": -3.0}, errors={"x": 0.5, "y": 0.25}, means={"x": 0.0, "y": 1.0}, log_likelihood=-9.0,
    events=3, observations=9,
)  # fmt: skip
WORTH = Worth(
    minor=np.arange(100, 10_100, 100),
    currency="CNY",
    horizon=Span(52, WEEK),
    discount=DiscountRate(0.08),
    model="BG/NBD",
)
MEAN = {"difference": 0.25, "low": 0.1, "high": 0.4, "chance": 0.01, "adjusted": 0.02}
CONTRASTS = [
    Contrast(figure="balance", inside=5.0, outside=4.0, of_inside=90, of_outside=900, effect=-0.2, lift=None, **MEAN),
    Contrast(figure="mobile", inside=0.5, outside=0.25, of_inside=90, of_outside=900, effect=0.5, lift=1.6, **MEAN),
]
RESULTS: dict[str, Any] = {
    "segments": SegmentReport(sizes={"rich": 30, "new": 50, "": 20}, overlaps={("rich", "new"): 12}, shadowed=("old",)),
    "edges": RfmModel(recency=(14, 60), frequency=(1,), amount=(500_000,), currency="CNY"),
    "worth": WORTH,
    "bg": BetaGeometric(r=1.5, alpha=2.0, a=1.5, b=3.0, unit=WEEK),
    "pareto": ParetoNbd(r=1.5, alpha=2.0, s=1.5, beta=3.0, unit=WEEK),
    "spending": GammaGamma(p=6.25, q=3.74, gamma=15.44, currency="CNY"),
    "staying": ShiftedBetaGeometric(alpha=1.0, beta=3.0, period=Span(52, WEEK)),
    "baskets": held(card=40, fund=20, both=30, loan=10),
    "rules": held(card=40, fund=20, both=30, loan=10).rules(5),
    "next": NextProduct.fitted(held(card=40, fund=20, both=30, loan=10), least=5),
    "hits": Hits(customers=100, hit=40, popular=25),
    "contrasts": CONTRASTS,
    "cohorts": cohorts(40, 30, 20),
    "transitions": Transitions.between(
        {n: "active" if n < 60 else "lost" for n in range(100)}, {n: "active" if n < 40 else "lost" for n in range(5, 120)}, states=("active", "lost")
    ),
    "evaluation": evaluated(),
    "scorecard": churn_scorecard(),
    "logistic": LOGISTIC,
    "card": card(),
    "drift": drift({"age": np.arange(100)}, {"age": np.arange(50, 150)}),
}  # fmt: skip


def rows(section: Section) -> list[list[Any]]:
    return [list(row) for row in section.rows]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(RESULTS))
def test_a_result_is_told_in_every_form(name: str, language: Language) -> None:
    sections = analysis_sections(RESULTS[name], language, k=5)
    html = page("分析", sections, language=language, made_at=NOW)
    book = openpyxl.load_workbook(io.BytesIO(workbook("分析", sections, made_at=NOW)))
    assert len(book.sheetnames) == html.count("<section") == len(sections)
    assert "analysis_" not in html, "a word is missing"
    for section in sections:
        assert all(len(row) == len(section.columns) for row in section.rows)
        text = csv_text(section.table(), mark="made for a test")
        assert text.count("\r\n") == len(section.rows) + 2
    assert html.count("<svg") == sum(section.chart is not Chart.NONE for section in sections)
    han = re.search("[\u4e00-\u9fff]", re.sub("<title>.*?</title>|<h1>.*?</h1>", "", html))
    assert bool(han) is (language == "zh") or name in ("scorecard", "card")


def test_the_chart_of_a_result_is_a_picture() -> None:
    (section, *_) = analysis_sections(RESULTS["segments"], "en")
    assert picture(section).startswith(b"<svg")


def test_segments_with_their_shares_and_those_of_nobody() -> None:
    sizes, overlaps = analysis_sections(RESULTS["segments"], "en", names={"rich": "well off"})
    assert rows(sizes) == [["well off", 0.3, 30], ["new", 0.5, 50], ["(no segment)", 0.2, 20]]
    assert "100 customers" in sizes.note
    assert "old" in sizes.note
    assert rows(overlaps) == [["well off", "new", 12]]


def test_a_small_segment_is_not_told_nor_what_gives_it_away() -> None:
    few = SegmentReport(sizes={"a": 50, "b": 3, "c": 20}, overlaps={("a", "b"): 3}, shadowed=())
    sizes, overlaps = analysis_sections(few, "en")
    assert rows(sizes) == [["a", 50 / 73, 50], ["b", "–", "–"], ["c", "–", "–"]], "73 less 50 less 20 is 3"
    assert rows(overlaps) == [["a", "b", "–"]]


def test_cohorts_by_month_and_all_of_them() -> None:
    cells, line = analysis_sections(cohorts(40, 30, 20), "en")
    assert rows(cells) == [
        ["2026-01", "0", 1.0, 40, 40], ["2026-01", "1", 0.5, 20, 40], ["2026-01", "2", 0.5, 20, 40],
        ["2026-02", "0", 1.0, 30, 30], ["2026-02", "1", 0.5, 15, 30], ["2026-03", "0", 1.0, 20, 20],
    ]  # fmt: skip
    assert rows(line) == [[0, "all", 1.0, 90, 90], [1, "all", 0.5, 35, 70], [2, "all", 0.5, 20, 40]]


def test_a_small_cohort_is_in_no_sum() -> None:
    cells, line = analysis_sections(cohorts(40, 3, 20), "en")
    assert [row for row in rows(cells) if row[0] == "2026-02"] == [
        ["2026-02", "0", "–", "–", "–"],
        ["2026-02", "1", "–", "–", "–"],
    ]
    assert rows(line)[0] == [0, "all", 1.0, 60, 60]


@given(st.lists(st.integers(1, 60), min_size=2, max_size=5), st.floats(0, 1), st.integers(2, 20))
@settings(max_examples=60, deadline=None)
def test_of_cohorts_no_few_customers_are_told_or_left_over(sizes: list[int], kept: float, k: int) -> None:
    """Whoever adds up a column of the one table and takes it from the other finds nobody, or k at least, on either side."""
    cells, line = analysis_sections(cohorts(*sizes, kept=kept), "en", k=k)
    for since, _, share, active, of in line.rows:
        told = [row for row in cells.rows if row[1] == str(since) and row[2] != "–"]
        for row in told:
            did, many = int(row[3]), int(row[4])
            assert many >= k
            assert all(side == 0 or side >= k for side in (did, many - did))
        if share != "–":
            left = int(active) - sum(int(row[3]) for row in told)
            rest = int(of) - sum(int(row[4]) for row in told)
            assert left == rest == 0 or (rest >= k and (left == 0 or left >= k) and (rest == left or rest - left >= k))


def test_transitions_from_the_row_to_the_column() -> None:
    (section,) = analysis_sections(RESULTS["transitions"], "en")
    assert rows(section) == [
        ["active", "active", 35 / 55, 35, 55], ["active", "lost", 20 / 55, 20, 55], ["lost", "active", 0.0, 0, 40], ["lost", "lost", 1.0, 40, 40],
    ]  # fmt: skip
    assert "95 customers were there on both days; 20 came since, – left" in section.note, "five left, which are few"


def test_products_held_and_how_many() -> None:
    products, number = analysis_sections(held(card=40, fund=20, both=30, loan=10), "en")
    assert rows(products) == [["card", 0.7, 70], ["fund", 0.5, 50], ["loan", 0.1, 10]]
    assert rows(number) == [["0", 0.0, 0], ["1", 0.7, 70], ["2", 0.3, 30]]
    (products,) = analysis_sections(held(card=95, fund=5), "en")
    assert rows(products) == [["card", "–", "–"], ["fund", "–", "–"]], "of 100 customers five have no card"
    few_with_three = Baskets.of_rows(
        [str(n) for n in range(100)] + [str(n) for n in range(40)] + [str(n) for n in range(4)],
        ["a"] * 100 + ["b"] * 40 + ["c"] * 4,
    )
    assert len(analysis_sections(few_with_three, "en")) == 1, (
        "products held in all, less those of one and two, would tell of three"
    )


def test_rules_that_would_tell_of_few_are_left_out() -> None:
    """Of 51 who have a fund, 50 have a card, too: one has not."""
    keys = [f"b{n}" for n in range(50)] * 2 + ["one"] + [f"c{n}" for n in range(49)] + [f"l{n}" for n in range(50)]
    what = ["card"] * 50 + ["fund"] * 50 + ["fund"] + ["card"] * 49 + ["loan"] * 50
    with pytest.raises(InputError, match="nothing to show"):
        analysis_sections(Baskets.of_rows(keys, what).rules(5), "en")


@given(st.lists(st.integers(0, 40), min_size=15, max_size=15), st.integers(2, 15))
@settings(max_examples=80, deadline=None)
def test_of_rules_nothing_that_is_reckoned_tells_of_few(counts: list[int], k: int) -> None:
    """Every number of customers that follows from the rows by adding and taking away is of none, or of k and more."""
    keys, what = [], []
    for bits, count in enumerate(counts, 1):
        for n in range(count):
            for at, name in enumerate("abcd"):
                if bits >> at & 1:
                    keys.append(f"{bits}-{n}")
                    what.append(name)
    if len(set(what)) < 2:
        return
    sections, why = [], ""
    try:
        sections = analysis_sections(Baskets.of_rows(keys, what).rules(1), "en", k=k)
    except InputError as refused:
        why = refused.rule
    assert bool(sections) is (why != "nothing_counted")
    known: dict[frozenset[str], int] = {}
    for text, lift, support, confidence, _, _, both, of_given in (row for one in sections for row in one.rows):
        given_, then = str(text).split(" → ")
        whole = round(int(both) / float(support))
        known[frozenset()] = whole
        known[frozenset(given_.split(" + "))] = int(of_given)
        known[frozenset([*given_.split(" + "), then])] = int(both)
        known[frozenset([then])] = round(float(confidence) / float(lift) * whole)
    for some, many in known.items():
        for more, fewer in known.items():
            if some <= more:
                assert many - fewer == 0 or many - fewer >= k
            for third in known:
                union = some | third
                if more | third in known and some <= more and union in known:
                    left = many - fewer - known[union] + known[more | third]
                    assert left <= 0 or left >= k or third <= some or third <= more


def test_rules_with_what_speaks_for_them() -> None:
    (section,) = analysis_sections(RESULTS["rules"], "en", names={"fund": "a fund"})
    assert rows(section)[:2] == [
        ["card → a fund", pytest.approx(6 / 7), 0.3, pytest.approx(3 / 7), pytest.approx(-0.05), pytest.approx(0.875), 30, 70],
        ["a fund → card", pytest.approx(6 / 7), 0.3, 0.6, pytest.approx(-0.05), pytest.approx(0.75), 30, 50],
    ]  # fmt: skip
    assert analysis_sections(RESULTS["next"], "en")[0].title == section.title
    assert "2 of 2 rules" in section.note
    assert not section.is_share(1)
    assert section.is_share(3)


def test_hits_beside_what_is_popular() -> None:
    (section,) = analysis_sections(Hits(customers=100, hit=40, popular=25), "en")
    assert rows(section) == [["by the rules", 0.4, 40, 100], ["by popularity", 0.25, 25, 100]]
    (section,) = analysis_sections(Hits(customers=100, hit=40, popular=3), "en")
    assert rows(section)[1] == ["by popularity", "–", "–", "–"]


def test_contrasts_with_the_greatest_effect_first() -> None:
    (section,) = analysis_sections(CONTRASTS, "en")
    assert rows(section) == [
        ["mobile", 0.5, 0.5, 0.25, 0.25, 0.1, 0.4, 1.6, 0.01, 0.02, 90, 900], ["balance", -0.2, 5.0, 4.0, 0.25, 0.1, 0.4, "·", 0.01, 0.02, 90, 900],
    ]  # fmt: skip


def test_a_share_that_is_of_few_is_not_told() -> None:
    few = attrs.evolve(CONTRASTS[1], inside=2 / 90)
    (section,) = analysis_sections([few], "en")
    assert rows(section) == [["mobile", *["–"] * 11]]


def test_what_overlaps_in_all_but_few_is_not_told() -> None:
    _, overlaps = analysis_sections(
        SegmentReport(sizes={"a": 100, "b": 50}, overlaps={("a", "b"): 99}, shadowed=()), "en"
    )
    assert rows(overlaps) == [["a", "b", "–"]]


@pytest.mark.parametrize(
    "result",
    [
        SegmentReport(sizes={"a": 3, "": 0}, overlaps={}, shadowed=()), Transitions.between({1: "a"}, {1: "b"}, states=("a", "b")), held(card=2, fund=2),
        Hits(customers=4, hit=2, popular=1), Evaluation.of([0.1, 0.9, 0.2], [False, True, False]),
    ],
)  # fmt: skip
def test_of_few_there_is_no_page(result: Any) -> None:
    with pytest.raises(InputError, match="fewer than 10 customers"):
        analysis_sections(result, "en")


def test_worth_by_tenths_and_never_of_few() -> None:
    (section,) = analysis_sections(WORTH, "en")
    assert len(section.rows) == 10
    assert rows(section)[0] == ["1/10", pytest.approx(0.189, abs=1e-3), 10, pytest.approx(955.0), pytest.approx(95.5)]
    assert sum(float(row[1]) for row in section.rows) == pytest.approx(1)
    assert "100 customers, CNY 5,050.00 over 52 weeks at 8.00% a year, by BG/NBD" in section.note
    (section,) = analysis_sections(WORTH, "en", k=30)
    assert [row[2] for row in section.rows] == [34, 33, 33]
    with pytest.raises(InputError, match="fewer than 101"):
        analysis_sections(WORTH, "en", k=101)


def test_who_stays_by_period() -> None:
    _, curve = analysis_sections(RESULTS["staying"], "en")
    assert rows(curve)[:3] == [[0, "stays", 1.0], [1, "stays", 0.75], [2, "stays", pytest.approx(0.6)]]


def test_an_evaluation_beside_no_model() -> None:
    perfect = Evaluation.of([0.0] * 80 + [1.0] * 20, [False] * 80 + [True] * 20)
    figures, calibration, gains = analysis_sections(perfect, "en")
    said = {row[0]: row[1] for row in figures.rows}
    assert (said["AUC"], said["Brier score"], said["Base rate"], said["Lift of the first part"]) == (
        1.0,
        0.0,
        0.2,
        5.0,
    )
    assert "the most probable 20% of them" in figures.note
    assert {row[0]: row[2] for row in gains.rows if row[1] == "by the model"} == {0.0: 0.0, 0.2: 1.0, 1.0: 1.0}
    assert [row[2:] for row in calibration.rows] == [(0.0, 80, 0), (0.0, 80, 0), (1.0, 20, 20), (1.0, 20, 20)]


@given(st.integers(1, 400), st.integers(2, 40), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_of_an_evaluation_no_part_tells_of_few(rows_: int, k: int, rng: Any) -> None:
    told = [rng.random() for _ in range(rows_)]
    happened = [rng.random() < one for one in told]
    if not any(happened) or all(happened):
        return
    events = sum(happened)
    if min(events, rows_ - events) < k:
        with pytest.raises(InputError, match="fewer than"):
            analysis_sections(Evaluation.of(told, happened), "en", k=k)
        return
    _, calibration, gains = analysis_sections(Evaluation.of(told, happened), "en", k=k)
    parts = [(int(row[3]), int(row[4])) for row in calibration.rows if row[1] == "observed"]
    assert sum(many for many, _ in parts) == rows_
    assert sum(did for _, did in parts) == events
    assert all(many >= k and all(one == 0 or one >= k for one in (did, many - did)) for many, did in parts)
    shares = [(row[0], row[2]) for row in gains.rows if row[1] == "by the model"]
    assert len(shares) == len(parts) + 1, "whom one reaches is told of no other parts"


def test_a_card_of_few_says_nothing_of_how_many() -> None:
    seen = card().evaluated
    assert seen is not None
    few = attrs.evolve(card(), evaluated=attrs.evolve(seen, customers=4000, events=3, bins=()))
    first, *_ = analysis_sections(few, "en")
    said = {row[0]: row[1] for row in first.rows}
    assert said["How good it was afterwards"] == "–"


def test_drift_says_what_to_do() -> None:
    (section,) = analysis_sections({"a": 0.3, "b": 0.12, "c": 0.01}, "en")
    assert rows(section) == [["a", 0.3, "act"], ["b", 0.12, "look"], ["c", 0.01, "steady"]]


def test_weights_and_points_by_their_size() -> None:
    (section,) = analysis_sections(LOGISTIC, "en")
    assert rows(section) == [["y", -3.0, 0.25], ["x", 2.0, 0.5]]
    assert "it happened to –" in section.note, "three are few"
    (section,) = analysis_sections(churn_scorecard(), "zh")
    assert section.chart is Chart.SIGNED
    points = [abs(int(row[1])) for row in section.rows]
    assert points == sorted(points, reverse=True)


def test_a_card_stands_with_its_calibration_and_its_model() -> None:
    first, calibration, points = analysis_sections(card(), "zh")
    assert first.title == "流失预警 1"
    assert calibration.title == "校准"
    assert points.chart is Chart.SIGNED


@pytest.mark.parametrize(
    ("result", "k", "said"),
    [
        (3, 10, "no page of a int"), ("text", 10, "no page of a str"), ([], 10, "nothing to show"), ([CONTRASTS[0], 3], 10, "no page of a list"),
        ({}, 10, "nothing to show"), (RESULTS["hits"], 0, "1 or more"), (RESULTS["hits"], True, "1 or more"),
    ],
)  # fmt: skip
def test_what_can_not_be_told_is_refused(result: Any, k: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        analysis_sections(result, "en", k=k)


def test_a_name_that_a_spreadsheet_would_compute_is_text() -> None:
    sections = analysis_sections(SegmentReport(sizes={"=1+1": 30, "b": 40}, overlaps={}, shadowed=()), "en")
    book = openpyxl.load_workbook(io.BytesIO(workbook("t", sections, made_at=NOW)))
    assert any(cell.value == "=1+1" and cell.data_type == "s" for line in book.active.iter_rows() for cell in line)
    assert "'=1+1" in csv_text(sections[0].table(), mark="t")


def test_columns_of_one_name_are_told_apart() -> None:
    double: Sequence[Sequence[str | int]] = [["a", 1], ["b", 2]]
    assert Section(title="t", columns=("x", "x"), rows=double).table() == {"x": ["a", "b"], "x 2": [1, 2]}
