"""How a segment differs: published intervals and adjustments, what SciPy says of the same, laws, and what is refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from bankcif.analytics import Contrast, contrasts
from bankcif.analytics.contrast import _adjusted
from bankcif.errors import FitError, InputError


def two(inside: Any, outside: Any) -> tuple[list[bool], Any]:
    return [True] * len(inside) + [False] * len(outside), np.concatenate([inside, outside])


def of(inside: Any, outside: Any, **more: Any) -> Contrast:
    segment, column = two(np.asarray(inside), np.asarray(outside))
    (found,) = contrasts(segment, {"f": column}, **{"least": 2, **more})
    return found


def truth(events: int, rows: int) -> list[bool]:
    return [True] * events + [False] * (rows - events)


def test_a_published_interval() -> None:
    """Source: Newcombe (1998), table II, comparison (a): 56 of 70 and 48 of 80; method 10."""
    found = of(truth(56, 70), truth(48, 80))
    assert (round(found.difference, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)
    assert found.lift == pytest.approx((56 / 70) / (104 / 150))


def test_published_adjustments() -> None:
    """Source: Benjamini, Hochberg (1995), section 3.2: of these fifteen, four are found at 0.05."""
    chances = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    assert sum(one <= 0.05 for one in _adjusted(chances)) == 4


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_adjustments_as_scipy(chances: list[float]) -> None:
    assert _adjusted(chances) == pytest.approx(stats.false_discovery_control(chances).tolist())


_numbers = st.lists(st.integers(-1000, 1000), min_size=3, max_size=30)


@settings(deadline=None)
@given(_numbers, _numbers)
def test_means_as_scipy(one: list[int], other: list[int]) -> None:
    if len(set(one)) == 1 and len(set(other)) == 1:
        return
    found = of(one, other)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a side on which all are the same
        wanted = stats.ttest_ind(one, other, equal_var=False)
    assert found.chance == pytest.approx(wanted.pvalue, abs=1e-12)
    between = wanted.confidence_interval()
    assert (found.low, found.high) == pytest.approx((between.low, between.high))
    assert (found.inside, found.outside) == pytest.approx((np.mean(one), np.mean(other)))


@settings(deadline=None)
@given(st.integers(20, 300), st.integers(20, 300), st.floats(0, 1), st.floats(0, 1))
def test_shares_lie_in_their_interval(n: int, m: int, p: float, q: float) -> None:
    a, b = round(p * n), round(q * m)
    if (a, b) in ((0, 0), (n, m)):
        return
    found = of(truth(a, n), truth(b, m))
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert 0 <= found.chance <= 1
    other = of(truth(b, m), truth(a, n))
    assert (found.difference, found.effect) == pytest.approx((-other.difference, -other.effect))
    assert found.chance == pytest.approx(other.chance)


def test_few_are_compared_exactly() -> None:
    found = of(truth(3, 10), truth(0, 12))
    assert found.chance == pytest.approx(stats.fisher_exact([[3, 7], [0, 12]]).pvalue)
    many = of(truth(60, 100), truth(40, 100))
    assert many.chance == pytest.approx(2 * stats.norm.sf(20 / 100 / np.sqrt(0.5 * 0.5 * 2 / 100)))


def test_effects_by_hand() -> None:
    found = of([1, 2, 3, 4], [3, 4, 5, 6])
    assert found.effect == pytest.approx(-2 / np.sqrt(5 / 3) * (1 - 3 / 23))
    assert found.lift == pytest.approx(2.5 / 3.5)
    assert of([-1, 2], [3, 4]).lift is None
    assert of(truth(5, 10), truth(1, 10)).effect == pytest.approx(
        2 * np.arcsin(np.sqrt(0.5)) - 2 * np.arcsin(np.sqrt(0.1))
    )


def test_the_greatest_effect_comes_first_and_each_is_adjusted() -> None:
    draw = np.random.default_rng(3)
    segment = draw.random(2_000) < 0.3
    figures: dict[str, Any] = {f"noise{n}": draw.normal(size=2_000) for n in range(20)}
    figures["real"] = draw.normal(size=2_000) + segment
    figures["share"] = draw.random(2_000) < np.where(segment, 0.3, 0.1)
    known = {"share": draw.random(2_000) < 0.9}
    found = contrasts(segment, figures, known=known)
    assert [one.figure for one in found[:2]] == ["real", "share"]
    assert [one.adjusted < 0.01 for one in found[:2]] == [True, True]
    assert min(one.adjusted for one in found[2:]) > 0.05
    assert all(one.adjusted >= one.chance * (1 - 1e-12) for one in found)
    assert found[1].of_inside + found[1].of_outside == int(known["share"].sum())


@pytest.mark.parametrize(
    ("segment", "figures", "more", "rule"),
    [
        ([True] * 40, {"f": [1] * 40}, {}, "too_few"), ([True] * 3 + [False] * 40, {"f": range(43)}, {}, "too_few"), ([True, False] * 40, {"f": [1] * 80}, {}, "same"),
        ([True, False] * 40, {"f": [1, 2] * 40}, {}, "separated"), ([True, False] * 40, {"f": [0.1, 0.3] * 40}, {}, "separated"), ([True, False] * 40, {"f": [1e200, 2e200, 3e200, 1e200] * 20}, {}, "figures"), ([True, False] * 40, {"f": [1] * 3}, {}, "figures"), ([True, False] * 40, {"f": ["a"] * 80}, {}, "figures"),
        ([True, False] * 40, {"f": [float("nan"), 1] * 40}, {}, "figures"), ([True, False] * 40, {}, {}, "figures"), ([2, 3], {"f": [1, 2]}, {}, "happened"),
        ([True, False] * 40, {"f": range(80)}, {"least": 1}, "least"), ([True, False] * 40, {"f": range(80)}, {"known": {"f": [True]}}, "figures"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(
    segment: Any, figures: dict[str, Any], more: dict[str, Any], rule: str
) -> None:
    with pytest.raises((InputError, FitError)) as caught:
        contrasts(segment, {name: list(one) for name, one in figures.items()}, **more)
    assert caught.value.rule == rule
