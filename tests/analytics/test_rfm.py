"""Recency, frequency and amount: a case by hand, the laws of scores, and what is refused."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.analytics import Purchases, RfmModel, RfmSegments, starter_segments
from bankcif.errors import ConfigurationError, FitError, InputError, RuleError
from bankcif.party import Money

SINCE, UNTIL = date(2026, 1, 1), date(2026, 3, 31)
_EDGES = RfmModel(recency=(7, 30, 60, 80), frequency=(1, 2, 5, 10), amount=(10_000, 50_000, 100_000, 500_000), currency="CNY")  # fmt: skip


def _of(recency: Any, frequency: Any, amount: Any) -> Purchases:
    columns = [np.asarray(one, dtype=np.int64) for one in (recency, frequency, amount)]
    return Purchases(keys=np.arange(len(columns[0])), recency=columns[0], frequency=columns[1], amount=columns[2], currency="CNY")  # fmt: skip


_purchases = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 60), st.integers(-(10**6), 10**9)), min_size=20, max_size=200
).map(lambda rows: _of(*zip(*rows, strict=True)))


def test_purchases_follow_from_days() -> None:
    said = [
        ("A", date(2026, 3, 31), "100.00"),
        ("A", date(2026, 3, 31), "50.00"),  # of one day: once, and all of it
        ("A", date(2026, 1, 1), "1.50"),
        ("B", date(2026, 3, 1), "9.00"),
        ("B", date(2025, 12, 31), "7777.00"),  # before the period
        ("C", date(2026, 4, 1), "8888.00"),  # behind it
    ]
    keys, days = [one[0] for one in said], [one[1] for one in said]
    found = Purchases.of_days(keys, days, [Money(one[2], "CNY") for one in said], since=SINCE, until=UNTIL)
    assert (found.keys.tolist(), found.recency.tolist()) == (["A", "B"], [0, 30])
    assert (found.frequency.tolist(), found.amount.tolist(), found.currency) == ([2, 1], [15_150, 900], "CNY")
    minor = [Money(one[2], "CNY").minor for one in said]
    same = Purchases.of_days(keys, days, minor, since=SINCE, until=UNTIL, currency="CNY")
    assert same.amount.tolist() == found.amount.tolist()
    assert repr(found) == "Purchases(2 customers, CNY)"


def test_days_before_1970_are_days() -> None:
    days = [date(1969, 5, 1), date(1969, 12, 1)]
    found = Purchases.of_days(
        ["A", "B"], days, [1, 2], currency="CNY", since=date(1969, 1, 1), until=date(1969, 12, 31)
    )
    assert found.recency.tolist() == [244, 30]


def test_a_value_that_equals_an_edge_is_below_it() -> None:
    assert _EDGES.score(7, 1, Money("100.00", "CNY")) == (5, 1, 1)
    assert _EDGES.score(8, 2, Money("100.01", "CNY")) == (4, 2, 2)
    assert _EDGES.score(81, 11, Money("5000.01", "CNY")) == (1, 5, 5)
    assert _EDGES.score(0, 10, Money("-5.00", "CNY")) == (5, 4, 1)


def test_quantiles_cut_a_hundred_different_customers_into_fifths() -> None:
    hundred = _of(range(100), range(1, 101), range(0, 10_000, 100))
    model = RfmModel.of_quantiles(hundred)
    assert model.recency == (19, 39, 59, 79)
    assert model.frequency == (20, 40, 60, 80)
    for column in model.scores(hundred).T:
        assert Counter(column.tolist()) == dict.fromkeys(range(1, 6), 20)
    assert model.scores(hundred)[0].tolist() == [5, 1, 1]


@given(_purchases, st.integers(2, 5))
def test_scores_keep_the_order_and_equal_values_have_equal_scores(purchases: Purchases, bins: int) -> None:
    columns = (purchases.recency, purchases.frequency, purchases.amount)
    tops = [
        {int(np.sort(one)[-(-len(one) * at // bins) - 1]) for at in range(1, bins)} - {one.max()} for one in columns
    ]
    if any(len(edges) < bins - 1 for edges in tops):
        with pytest.raises(FitError, match="so many customers are equal"):
            RfmModel.of_quantiles(purchases, bins)
        return
    model = RfmModel.of_quantiles(purchases, bins)
    scores = model.scores(purchases)
    assert set(np.unique(scores)) <= set(range(1, bins + 1))
    for values, column, up in zip(columns, scores.T, (False, True, True), strict=True):
        order = np.argsort(values, kind="stable")
        steps, rising = np.diff(values[order]), np.diff(column[order].astype(int))
        assert (rising[steps == 0] == 0).all()
        assert ((rising >= 0) if up else (rising <= 0)).all()
        for score in range(1, bins):  # no more than the share of each quantile lies below its edge without its ties
            edge = np.sort(values)[-(-len(values) * score // bins) - 1]
            assert (values < edge).sum() * bins < len(values) * score <= (values <= edge).sum() * bins
        assert len(np.unique(column)) == bins, "every bin has somebody"


@given(_purchases)
def test_one_customer_is_scored_as_all_are(purchases: Purchases) -> None:
    scores = _EDGES.scores(purchases)
    for at in range(min(len(purchases), 10)):
        alone = _EDGES.score(int(purchases.recency[at]), int(purchases.frequency[at]), Money.of_minor(int(purchases.amount[at]), "CNY"))  # fmt: skip
        assert alone == tuple(scores[at])


def test_the_starter_segments_name_everybody_once() -> None:
    segments = starter_segments()
    assert segments.gaps() == ()
    assert all(len(segments.holding(*scores)) == 1 for scores in product(range(1, 6), repeat=3))
    assert segments.holding(5, 5, 5) == ("champions",)
    assert segments.labels["to_win_back"][0] == "重要挽留客户"
    assert all(zh and en for zh, en in segments.labels.values())
    assert segments.labels.keys() == segments.rules.keys()


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=60))
def test_the_first_rule_that_holds_names_the_segment_and_overlaps_are_told(scores: list[tuple[int, int, int]]) -> None:
    segments = RfmSegments(
        {"best": "recency = 5 and amount = 5", "late": "recency >= 4", "rich": "amount >= 4", "hidden": "amount = 5 and recency >= 4"}
    )  # fmt: skip
    named, report = segments.assigned(np.array(scores, dtype=np.int8))
    held = [segments.holding(*one) for one in scores]
    assert named.tolist() == [one[0] if one else "" for one in held]
    assert sum(report.sizes.values()) == len(scores)
    assert report.sizes[""] == sum(not one for one in held)
    for first, second in (("best", "late"), ("late", "rich"), ("late", "hidden")):
        assert report.overlaps.get((first, second), 0) == sum(first in one and second in one for one in held)
    assert ("hidden" in report.shadowed) == any("hidden" in one for one in held)
    assert (1, 1, 1) in segments.gaps()


def test_what_can_not_be_is_refused(tmp_path: Path) -> None:
    day, yuan = [UNTIL], Money("1.00", "CNY")
    period: dict[str, Any] = {"since": SINCE, "until": UNTIL}
    cases: list[tuple[str, Any]] = [
        ("currency_mix", lambda: Purchases.of_days(["A", "B"], day * 2, [yuan, Money("1.00", "USD")], **period)),
        ("money", lambda: Purchases.of_days(["A"], day, [100], **period)),
        ("currency_mix", lambda: Purchases.of_days(["A"], day, [yuan], currency="USD", **period)),
        ("amounts", lambda: Purchases.of_days(["A", "A"], day * 2, [2**62, 2**62], currency="CNY", **period)),
        (
            "amounts",
            lambda: Purchases.of_days(["A"], day, np.array([2**63 + 1], dtype=np.uint64), currency="CNY", **period),
        ),
        ("keys", lambda: Purchases.of_days(["A", None], day * 2, [1, 2], currency="CNY", **period)),
        ("too_few", lambda: RfmModel.of_quantiles(_of([], [], []))),
        ("money", lambda: Purchases.of_days([], [], [], **period)),
        ("amounts", lambda: Purchases.of_days(["A"], day, [1.5], currency="CNY", **period)),
        ("amounts", lambda: Purchases.of_days(["A"], day, [1, 2], currency="CNY", **period)),
        ("period", lambda: Purchases.of_days(["A"], [UNTIL + timedelta(days=1)], [yuan], **period)),
        ("period", lambda: Purchases.of_days(["A"], day, [yuan], since=UNTIL, until=SINCE)),
        ("edges", lambda: RfmModel(recency=(30, 30), frequency=(1,), amount=(1,), currency="CNY")),
        ("edges", lambda: RfmModel(recency=(), frequency=(1,), amount=(1,), currency="CNY")),
        ("edges", lambda: RfmModel(recency=(1.9,), frequency=(1,), amount=(1,), currency="CNY")),
        ("money", lambda: RfmModel(recency=(3,), frequency=(1,), amount=(1,), currency="yuan")),
        ("edges", lambda: RfmModel.of_quantiles(_of([1, 2], [1, 2], [1, 2]), 11)),
        ("edges", lambda: starter_segments().gaps(10**6)),
        ("currency_mix", lambda: _EDGES.score(1, 1, Money("1.00", "USD"))),
        ("too_alike", lambda: RfmModel.of_quantiles(_of(range(50), [1] * 50, range(50)))),
        ("too_alike", lambda: RfmModel.of_quantiles(_of([1, 2, 3], [1, 2, 3], [1, 2, 3]))),
    ]
    for rule, make in cases:
        with pytest.raises(InputError) as told:
            make()
        assert told.value.rule == rule
    with pytest.raises(FitError, match="frequency that 5 bins of quantiles come to 1"):
        RfmModel.of_quantiles(_of(range(50), [1] * 50, range(50)))
    with pytest.raises(RuleError, match="one segment at least"):
        RfmSegments({})
    with pytest.raises(RuleError, match="segment odd: "):
        RfmSegments({"odd": "balance > 3"})
    for text in ('[segment.x]\nzh = "一"\nwhen = "recency > 3"\n', "segment = 3\n", "no toml", '[segment.x]\nzh=1\nen="b"\nwhen="recency > 1"\n'):  # fmt: skip
        (tmp_path / "s.toml").write_text(text, encoding="utf-8")
        with pytest.raises((ConfigurationError, RuleError)):
            RfmSegments.read(tmp_path / "s.toml")
