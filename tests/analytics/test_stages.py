"""Stages, transitions and cohorts: cases by hand, laws, and what is refused."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.analytics.test_reports import snapshot

from bankcif.analytics import KEY, Cohorts, Stage, StagePlan, Transitions, stage_figures
from bankcif.errors import FitError, InputError

PLAN = StagePlan()


@pytest.mark.parametrize(
    ("figures", "stage"),
    [
        ({"tenure": 1000, "quiet": 366, "earlier": 5, "later": 5}, Stage.LOST),
        ({"tenure": 1000, "quiet": 365, "earlier": 5, "later": 0}, Stage.DORMANT),
        ({"tenure": 1000, "quiet": 3, "earlier": 5, "later": 5, "alive": 0.05}, Stage.LOST),
        ({"tenure": 1000, "quiet": 3, "earlier": 5, "later": 5, "alive": 0.1}, Stage.MATURE),
        ({"tenure": 179, "quiet": 3, "earlier": 0, "later": 5}, Stage.NEW),
        ({"tenure": 180, "quiet": 3, "earlier": 0, "later": 5}, Stage.GROWING),
        ({"tenure": 180, "quiet": 180, "earlier": 4, "later": 5}, Stage.GROWING),
        ({"tenure": 900, "quiet": 3, "earlier": 4, "later": 4.9}, Stage.MATURE),
        ({"tenure": 900, "quiet": 3, "earlier": 4, "later": 3}, Stage.DECLINING),
        ({"tenure": 900, "quiet": 3, "earlier": 0, "later": 0}, Stage.MATURE),
        ({"tenure": 10, "quiet": 181, "earlier": 0, "later": 0}, Stage.DORMANT),
    ],
)
def test_a_stage_by_hand(figures: dict[str, Any], stage: Stage) -> None:
    assert PLAN.stage(**figures) is stage


_figures = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 800), st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1)), min_size=1, max_size=40
)  # fmt: skip


@given(_figures)
def test_one_by_one_as_all_together(rows: list[tuple[Any, ...]]) -> None:
    names = ("tenure", "quiet", "earlier", "later", "alive")
    together = PLAN.stages(**dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    assert together.tolist() == [PLAN.stage(**dict(zip(names, row, strict=True))).value for row in rows]


def test_stages_have_names() -> None:
    assert [one.label("zh") for one in Stage] == ["流失", "休眠", "新客户", "成长", "衰退", "成熟"]
    assert Stage.NEW.label("en") == "new"


_states = st.dictionaries(st.integers(0, 60), st.sampled_from([*Stage]).map(str), min_size=1, max_size=60)


@given(_states, _states)
def test_transitions_add_up(before: dict[int, str], after: dict[int, str]) -> None:
    if not before.keys() & after.keys():
        with pytest.raises(InputError, match="nobody was there"):
            Transitions.between(before, after)
        return
    found = Transitions.between(before, after)
    assert found.counts.sum() + found.left.sum() == len(before)
    assert found.counts.sum() + found.came.sum() == len(after)
    assert dict(zip(found.states, (found.counts.sum(axis=1) + found.left).tolist(), strict=True)) == {one.value: Counter(before.values())[one.value] for one in Stage}  # fmt: skip
    sums = found.shares.sum(axis=1)
    assert np.allclose(sums[found.counts.sum(axis=1) > 0], 1)
    assert not sums[found.counts.sum(axis=1) == 0].any()
    now = found.counts.sum(axis=0) + found.came
    if any(there and not rows for there, rows in zip(now, found.counts.sum(axis=1), strict=True)):
        with pytest.raises(FitError):
            found.ahead(3)
    else:
        assert found.ahead(3).sum() == pytest.approx(1)


def test_transitions_by_hand() -> None:
    before = {1: "new", 2: "new", 3: "mature", 4: "lost"}
    found = Transitions.between(
        before, {1: "mature", 2: "new", 3: "mature", 5: "new"}, states=("new", "mature", "lost")
    )
    assert found.counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert (found.came.tolist(), found.left.tolist()) == ([1, 0, 0], [0, 0, 1])
    assert found.shares.tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0]]
    assert found.ahead(1).tolist() == [0.25, 0.75, 0]
    assert repr(found) == "Transitions(3 states, 3 customers on both days)"


def test_nobody_tells_where_they_go() -> None:
    found = Transitions.between({1: "a"}, {1: "a", 2: "b"}, states=("a", "b"))
    with pytest.raises(FitError, match="nobody was b"):
        found.ahead()
    for steps in (0, 1_001):
        with pytest.raises(InputError):
            found.ahead(steps)
    with pytest.raises(InputError, match="there is no state c"):
        Transitions.between({1: "c"}, {1: "a"}, states=("a", "b"))


DEEDS = [
    ("a", date(2026, 1, 5)), ("a", date(2026, 1, 9)), ("a", date(2026, 3, 1)),
    ("b", date(2026, 1, 31)), ("b", date(2026, 2, 1)),
    ("c", date(2026, 2, 14)), ("d", date(2026, 4, 1)),
]  # fmt: skip


def test_cohorts_by_hand() -> None:
    found = Cohorts.of_days(*zip(*DEEDS, strict=True), until=date(2026, 4, 29))  # type: ignore[arg-type]
    assert found.months == ("2026-01", "2026-02")
    assert found.size.tolist() == [2, 1], "April is not over"
    assert found.active.tolist() == [[2, 1, 1], [1, 0, -1]]
    assert [found.retained(one) for one in range(3)] == [(3, 3), (1, 3), (1, 2)]
    assert repr(found) == "Cohorts(3 customers of 2 months)"
    over = Cohorts.of_days(*zip(*DEEDS, strict=True), until=date(2026, 4, 30))  # type: ignore[arg-type]
    assert over.months == ("2026-01", "2026-02", "2026-04")


def test_cohorts_of_who_came_and_did_nothing() -> None:
    came = {
        "a": date(2025, 12, 31),
        "b": date(2026, 1, 1),
        "c": date(2026, 2, 1),
        "d": date(2026, 4, 1),
        "e": date(2026, 1, 1),
    }
    found = Cohorts.of_days(*zip(*DEEDS, strict=True), until=date(2026, 3, 31), came=came)  # type: ignore[arg-type]
    assert found.months == ("2025-12", "2026-01", "2026-02")
    assert found.size.tolist() == [1, 2, 1]
    assert found.active.tolist() == [[0, 1, 0, 1], [1, 1, 0, -1], [1, 0, -1, -1]]


@given(st.lists(st.tuples(st.integers(0, 9), st.dates(date(2025, 1, 1), date(2026, 12, 31))), min_size=1, max_size=80))
def test_cohorts_as_counted_one_by_one(deeds: list[tuple[int, date]]) -> None:
    until = date(2026, 12, 31)
    found = Cohorts.of_days([key for key, _ in deeds], [day for _, day in deeds], until=until)
    months: dict[int, set[int]] = {}
    for key, day in deeds:
        months.setdefault(key, set()).add(day.year * 12 + day.month - 1)
    first = {key: min(some) for key, some in months.items()}
    last = until.year * 12 + until.month - 1
    for row, name in enumerate(found.months):
        month = int(name[:4]) * 12 + int(name[5:]) - 1
        mine = [key for key, begun in first.items() if begun == month]
        assert found.size[row] == len(mine)
        wanted = [sum(month + since in months[key] for key in mine) for since in range(last - month + 1)]
        assert found.active[row].tolist() == wanted + [-1] * (found.active.shape[1] - len(wanted))
    assert sum(found.size.tolist()) == len(first)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost_days": 100}, {"dormant_days": 0}, {"new_days": 0}, {"change": 0.0}, {"change": 1.0}, {"lost_alive": 1.5}, {"lost_days": 365.5},
    ],
)  # fmt: skip
def test_a_plan_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        StagePlan(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"quiet": [-1]}, {"quiet": [1, 2]}, {"later": ["a"]}, {"later": [float("nan")]}, {"tenure": None}]
)
def test_figures_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        PLAN.stages(**{"tenure": [1], "quiet": [1], "earlier": [1], "later": [1], **wrong})


def test_cohorts_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="nobody came in a month that was over"):
        Cohorts.of_days(["a"], [date(2026, 4, 1)], until=date(2026, 4, 29))
    with pytest.raises(InputError, match="of one length"):
        Cohorts.of_days(["a", "b"], [date(2026, 4, 1)], until=date(2026, 4, 29))
    with pytest.raises(InputError, match="before they came"):
        Cohorts.of_days(["a"], [date(2026, 1, 1)], until=date(2026, 4, 29), came={"a": date(2026, 2, 1)})
    with pytest.raises(InputError, match="not said when they came"):
        Cohorts.of_days(["a"], [date(2026, 1, 1)], until=date(2026, 4, 29), came={})
    found = Cohorts.of_days(["a"], [date(2026, 1, 1)], until=date(2026, 2, 28))
    with pytest.raises(InputError, match="0 to 1"):
        found.retained(2)


def test_stages_of_a_snapshot() -> None:
    people = [{KEY: key, "customer_since": date(2020, 1, 1)} for key in ("busy", "gone")] + [
        {KEY: "never", "customer_since": date(2026, 11, 1)}
    ]
    deeds = [{KEY: "busy", "month": date(2026, month, 1), "count": 9 if month > 5 else 1} for month in range(1, 12)] + [
        {KEY: "gone", "month": date(2026, 2, 1), "count": 5}
    ]
    figures = stage_figures().columns(snapshot(people, transactions=deeds))
    assert figures.to_dicts() == [
        {KEY: "busy", "tenure": 2519, "quiet": 23, "earlier": 5, "later": 54}, {KEY: "gone", "tenure": 2519, "quiet": 296, "earlier": 5, "later": 0},
        {KEY: "never", "tenure": 23, "quiet": 1_000_000, "earlier": 0, "later": 0},
    ]  # fmt: skip
    columns = {name: figures[name].to_numpy() for name in ("tenure", "quiet", "earlier", "later")}
    assert PLAN.stages(**columns).tolist() == ["growing", "dormant", "lost"]
