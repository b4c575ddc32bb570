"""Figures by threshold with and without labels, samples, and what depends on what."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.matching import (
    clerical_sample,
    default_model,
    dependences,
    estimated_curve,
    sampled_precision,
    threshold_curve,
    wilson,
)
from bankcif.party import PartyKind

WEIGHTS = np.array([9000, 5000, 5000, 1000, -2000])
SAME = np.array([True, True, False, True, False])


def test_a_curve_worked_by_hand() -> None:
    low, middle, high = threshold_curve(WEIGHTS, SAME, 4, [-9000, 5000, 9001])
    assert (low.pairs, low.precision, low.recall) == (5, 3 / 5, 3 / 4)
    assert (middle.pairs, middle.precision, middle.recall) == (3, 2 / 3, 2 / 4)
    assert middle.f1 == pytest.approx(4 / 7)
    assert (high.pairs, high.precision, high.recall, high.f1) == (0, 1.0, 0.0, 0.0)


@given(st.lists(st.integers(-20_000, 20_000), min_size=1, max_size=30), st.integers(-20_000, 20_000))
def test_without_labels_a_pair_counts_by_its_chance(weights: list[int], threshold: int) -> None:
    (found,) = estimated_curve(np.array(weights), [threshold])
    chances = {weight: 1 / (1 + 2 ** (-weight / 1000)) for weight in weights}
    chosen = [chances[weight] for weight in weights if weight >= threshold]
    assert found.pairs == len(chosen)
    if chosen:
        assert found.precision == pytest.approx(sum(chosen) / len(chosen))
    assert found.recall == pytest.approx(sum(chosen) / sum(chances[weight] for weight in weights))


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_wilson(hits: int, count: int, low: float, high: float) -> None:
    # Source: Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3.
    found = wilson(hits, count)
    assert found.estimate == hits / count
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_nothing_counted_is_nothing_known() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@given(st.lists(st.integers(-9000, 9000), max_size=60), st.integers(0, 30), st.integers(0, 99))
def test_a_sample_lies_around_the_threshold_and_follows_from_its_seed(weights: list[int], size: int, seed: int) -> None:
    column = np.array(weights, np.int64)
    found = clerical_sample(column, size=size, seed=seed, around_millibits=1000, width_millibits=4000)
    assert (
        found.tolist()
        == clerical_sample(column, size=size, seed=seed, around_millibits=1000, width_millibits=4000).tolist()
    )
    near = np.flatnonzero(np.abs(column - 1000) <= 4000)
    assert len(found) == min(size, len(near))
    assert len(set(found.tolist())) == len(found)
    assert set(found.tolist()) <= set(near.tolist())


def test_a_sample_estimates_precision_with_what_is_heavier_as_matches() -> None:
    sample = np.array([1, 2, 3])
    found = sampled_precision(WEIGHTS, sample, [True, False, True], 1000)
    inside = wilson(2, 3)
    assert found.estimate == pytest.approx(1 / 4 + 3 / 4 * 2 / 3)
    assert found.low == pytest.approx(1 / 4 + 3 / 4 * inside.low)
    assert sampled_precision(WEIGHTS, sample, [True, False, True], 99_000).estimate == 1.0


def test_what_agrees_together_among_others_is_told() -> None:
    model = attrs.evolve(default_model(PartyKind.INDIVIDUAL), prior_millibits=-99_000)
    labels = {c.name: c.labels for c in model.comparisons}

    def pattern(**levels: str) -> int:
        columns = {n: np.array([known.index(levels.get(n, "missing"))], np.uint8) for n, known in labels.items()}
        return int(model.patterns(columns)[0])

    phone, other, elsewhere, home = "equal", "different", "elsewhere", "same home"
    patterns = [
        pattern(phone=p, address=a) for p, a in ((phone, home), (phone, elsewhere), (other, home), (other, elsewhere))
    ]
    met = np.full(4, 1 << [rule.name for rule in model.blocking].index("sound+born"))
    together = dependences(model, np.array(patterns), met, np.array([40, 10, 10, 40]))
    assert (together[0].one, together[0].other) == ("phone", "address")
    assert together[0].correlation == pytest.approx(0.6)
    apart = dependences(model, np.array(patterns), met, np.array([25, 25, 25, 25]))
    assert apart[0].correlation == pytest.approx(0.0)
    by_phone = np.full(4, 1 << [rule.name for rule in model.blocking].index("phone"))
    assert not dependences(model, np.array(patterns), by_phone, np.array([40, 10, 10, 40]))
