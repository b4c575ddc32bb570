"""Logistic regression and how good probabilities were: equal to a library of repute, the laws that hold, cases by hand, and what is refused."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.analytics import Evaluation, LogisticModel, drift, stability_index
from bankcif.errors import FitError, InputError


def _drawn(seed: int, rows: int = 3_000) -> tuple[dict[str, Any], Any]:
    generator = np.random.default_rng(seed)
    figures = {
        "age": generator.uniform(18, 90, rows),
        "balance": generator.gamma(1.2, 50_000, rows),  # of another size altogether
        "complained": generator.random(rows) < 0.2,
    }
    odds = -2.0 + 0.02 * figures["age"] - 0.00001 * figures["balance"] + 1.1 * figures["complained"]
    return figures, generator.random(rows) < 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_the_unpenalized_fit_of_a_library_of_repute(seed: int) -> None:
    linear: Any = importlib.import_module("sklearn.linear_model")
    figures, happened = _drawn(seed)
    model = LogisticModel.fitted(figures, happened)
    scale = {name: float(np.std(one)) for name, one in figures.items()}
    rows = np.column_stack([figures[name] / scale[name] for name in figures])  # whose solver wants them alike in size
    theirs = linear.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(rows, happened)
    assert model.intercept == pytest.approx(theirs.intercept_[0], abs=1e-6)
    for name, weight in zip(figures, theirs.coef_[0], strict=True):
        assert model.weights[name] * scale[name] == pytest.approx(weight, abs=1e-6)
    assert model.probability(figures) == pytest.approx(theirs.predict_proba(rows)[:, 1], abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_what_was_told_sums_to_what_happened_by_every_figure(seed: int) -> None:
    figures, happened = _drawn(seed)
    model = LogisticModel.fitted(figures, happened)
    rest = happened - model.probability(figures)
    assert rest.sum() == pytest.approx(0, abs=1e-6)
    for one in figures.values():
        assert float(rest @ one) == pytest.approx(0, abs=1e-6 * float(np.abs(one).sum()))


def test_one_figure_of_two_values_is_reckoned_by_hand() -> None:
    old, happened = [True] * 100 + [False] * 100, [1] * 40 + [0] * 60 + [1] * 20 + [0] * 80
    model = LogisticModel.fitted({"old": old}, happened)
    assert model.intercept == pytest.approx(np.log(20 / 80))
    assert model.weights["old"] == pytest.approx(np.log(40 / 60) - np.log(20 / 80))
    assert model.errors["old"] == pytest.approx(np.sqrt(1 / 40 + 1 / 60 + 1 / 20 + 1 / 80))
    assert (model.events, model.observations, model.means) == (60, 200, {"old": 0.5})
    assert model.reasons({"old": 1}) == [("old", pytest.approx(model.weights["old"] / 2))]
    assert model.reasons({"old": 0}) == [], "nothing raises it"
    assert model.probability({"old": [1, 0]}) == pytest.approx([0.4, 0.2])


def test_units_do_not_matter() -> None:
    figures, happened = _drawn(4)
    model = LogisticModel.fitted(figures, happened)
    cents = {**figures, "balance": figures["balance"] * 100 + 7}
    again = LogisticModel.fitted(cents, happened)
    assert again.weights["balance"] * 100 == pytest.approx(model.weights["balance"], rel=1e-9)
    assert again.probability(cents) == pytest.approx(model.probability(figures), abs=1e-9)


def test_what_has_no_estimate_is_told_with_the_figure() -> None:
    figures, happened = _drawn(5)
    noise = np.random.default_rng(9).random(len(happened))
    cases: list[tuple[str, str, Any, Any]] = [
        ("same", "complained", {**figures, "complained": [True] * len(happened)}, happened),
        ("follows", "twice", {**figures, "twice": 2 * figures["age"] - 3}, happened),
        ("separated", "closed", {**figures, "closed": happened}, happened),
        ("separated", "noise", {"noise": noise}, noise > 0.5),
        ("too_few", "3 figures", figures, [1] * 29 + [0] * (len(happened) - 29)),
        ("too_few", "0 of", figures, [0] * len(happened)),
    ]
    for rule, word, given_, outcome in cases:
        with pytest.raises(FitError, match=word) as told:
            LogisticModel.fitted(given_, outcome)
        assert told.value.rule == rule


_told = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({happened for _, happened in rows}) == 2
)  # fmt: skip


@given(_told, st.integers(1, 12))
def test_measures_are_what_their_definitions_say(rows: list[tuple[float, bool]], bins: int) -> None:
    one = Evaluation.of([told for told, _ in rows], [happened for _, happened in rows])
    events, rest = [told for told, happened in rows if happened], [told for told, happened in rows if not happened]
    wins = sum((a > b) + (a == b) / 2 for a in events for b in rest)
    assert one.auc == pytest.approx(wins / (len(events) * len(rest)))
    assert one.brier == pytest.approx(sum((told - happened) ** 2 for told, happened in rows) / len(rows))
    assert one.lift(1) == pytest.approx(1)
    parts = one.calibration(bins)
    assert sum(part.rows for part in parts) == len(rows)
    assert sum(part.happened for part in parts) == len(events)
    assert sum(part.told * part.rows for part in parts) == pytest.approx(sum(told for told, _ in rows))
    assert [part.told for part in parts] == sorted(part.told for part in parts)


def test_lift_takes_a_part_of_those_who_are_equal() -> None:
    one = Evaluation.of([0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    assert one.lift(0.1) == pytest.approx(1 / 1 / 0.3)
    assert one.lift(0.3) == pytest.approx((1 + 2 * 0.5) / 3 / 0.3)
    assert one.lift(0.5) == pytest.approx(3 / 5 / 0.3)


def test_calibration_tells_probabilities_that_are_too_extreme() -> None:
    generator = np.random.default_rng(7)
    odds = generator.normal(-1, 1, 20_000)
    happened = generator.random(20_000) < 1 / (1 + np.exp(-odds))
    right = Evaluation.of(1 / (1 + np.exp(-odds)), happened).calibration_line
    assert right == pytest.approx((0, 1), abs=0.06)
    extreme = Evaluation.of(1 / (1 + np.exp(-2 * odds)), happened).calibration_line
    assert extreme[1] == pytest.approx(0.5, abs=0.03)


def test_the_stability_index_by_hand() -> None:
    before, after = [1] * 50 + [3] * 49, [1] * 20 + [3] * 79
    first, second = np.array([50.5, 49.5]) / 100, np.array([20.5, 79.5]) / 100
    assert stability_index(before, after, [2]) == pytest.approx(float((second - first) @ np.log(second / first)))
    assert stability_index(before, before, [2]) == 0
    assert stability_index([1] * 99, [5] * 99, [2, 4]) < np.inf, "an empty class is none without end"
    assert stability_index([1, 2], [2, 2], [2]) == stability_index([0, 3], [2, 9], [2]), (
        "what equals an edge is above it"
    )


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: LogisticModel.fitted({}, [1, 0]), "figures"),
        (lambda: LogisticModel.fitted({"a": [1, 2, 3]}, [1, 0]), "figures"),
        (lambda: LogisticModel.fitted({"a": [1, 2], "b": [1]}, [1, 0]), "figures"),
        (lambda: LogisticModel.fitted({"a": [1, float("nan")]}, [1, 0]), "figures"),
        (lambda: LogisticModel.fitted({"a": [1, None]}, [1, 0]), "figures"),
        (lambda: LogisticModel.fitted({"a": [1, 2]}, [1, 2]), "happened"),
        (lambda: LogisticModel.fitted({"a": [1, 2]}, ["yes", "no"]), "happened"),
        (lambda: Evaluation.of([0.5, 1.1], [1, 0]), "probability"),
        (lambda: Evaluation.of([0.5, float("nan")], [1, 0]), "probability"),
        (lambda: Evaluation.of([0.5], [1, 0]), "probability"),
        (lambda: Evaluation.of([0.5, 0.2], [1, 1]), "one_class"),
        (lambda: Evaluation.of([], []), "one_class"),
        (lambda: Evaluation.of([0.5, 0.2], [1, 0]).lift(0), "share"),
        (lambda: Evaluation.of([0.5, 0.2], [1, 0]).calibration(0), "bins"),
        (lambda: Evaluation.of([0.5, 0.2], [1, 0]).calibration_line, "too_few"),
        (lambda: stability_index([1], [], [2]), "figures"),
        (lambda: stability_index([1], ["x"], [2]), "figures"),
        (lambda: stability_index([1], [1], [2, 2]), "edges"),
        (lambda: stability_index([1], [1], []), "edges"),
        (lambda: LogisticModel(intercept=0, weights={"a": 1}, errors={}, means={}, log_likelihood=0, events=1, observations=2), "model"),
        (lambda: _plain().probability({"b": [1]}), "figures"),
        (lambda: _plain().reasons({"a": float("nan")}), "figures"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(InputError) as told:
        make()
    assert told.value.rule == rule


def _plain() -> LogisticModel:
    return LogisticModel(
        intercept=0.0, weights={"a": 1.0}, errors={"a": 0.1}, means={"a": 0.0}, log_likelihood=-1.0, events=1, observations=2
    )  # fmt: skip


def test_drift_of_many_figures() -> None:
    draw = np.random.default_rng(2)
    before = {
        "same": draw.normal(size=5_000),
        "moved": draw.normal(size=5_000),
        "few": draw.integers(0, 3, 5_000),
        "one": np.zeros(5_000),
    }
    after = {
        "same": draw.normal(size=5_000),
        "moved": draw.normal(size=5_000) + 1,
        "few": draw.integers(0, 3, 5_000),
        "one": np.zeros(5_000),
    }
    found = drift(before, after)
    assert next(iter(found)) == "moved"
    assert found["moved"] > 0.25
    assert max(found["same"], found["few"], found["one"]) < 0.02
    assert found["few"] == stability_index(before["few"], after["few"], [1, 2])
    assert drift({"one": [0, 0, 0, 0]}, {"one": [1, 1, 1, 1]})["one"] > 0.25
    for one, other, more in (
        ({}, {}, {}),
        ({"a": [1]}, {"b": [1]}, {}),
        ({"a": ["x"]}, {"a": ["x"]}, {}),
        ({"a": [1]}, {"a": [1]}, {"classes": 1}),
    ):
        with pytest.raises(InputError):
            drift(one, other, **more)  # type: ignore[arg-type]
