"""Scorecards: points by hand, one record as whole columns, the starter scorecard item by item, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.analytics.test_reports import TODAY, snapshot

from bankcif.analytics import KEY, Evaluation, LogisticModel, ScoreBand, Scorecard, Scored, ScoreItem, churn_scorecard
from bankcif.errors import ConfigurationError, InputError, RuleError
from bankcif.rules import days, opened_schema

CARD = Scorecard(
    name="s", version="1",
    items=[
        ScoreItem(code="R1", when="aum >= CNY 1000", points=10, group="aum"), ScoreItem(code="R2", when="aum >= CNY 100", points=30, group="aum"),
        ScoreItem(code="H", when="count(holdings where status = 'open') >= 2", points=30), ScoreItem(code="K", when="sex = '2'", points=-5),
    ],
    bands=[ScoreBand(name="low", least=0), ScoreBand(name="high", least=40)],
)  # fmt: skip


def resting(customer: dict[str, Any], **rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A record as rules read it."""

    schema = opened_schema()

    def rested(one: dict[str, Any], fields: Any) -> dict[str, Any]:
        return {
            **dict.fromkeys(fields),
            **{name: days(value) if isinstance(value, date) else value for name, value in one.items()},
        }

    of_rows = {name: [rested(one, schema.collections[name]) for one in some] for name, some in rows.items()}
    return {**rested(customer, schema), **of_rows}


def open_(many: int) -> list[dict[str, Any]]:
    return [{"status": "open"}] * many


@pytest.mark.parametrize(
    ("customer", "many", "scored"),
    [
        ({"aum": 2000_00, "aum_currency": "CNY"}, 0, Scored(10, "low", ("R1",))),
        ({"aum": 200_00, "aum_currency": "CNY"}, 0, Scored(30, "low", ("R2",))),
        ({"aum": 2000_00, "aum_currency": "USD"}, 3, Scored(30, "low", ("H",))),
        ({"aum": 200_00, "aum_currency": "CNY", "sex": "2"}, 2, Scored(55, "high", ("R2", "H"))),
        ({"aum": 2000_00, "aum_currency": "CNY"}, 2, Scored(40, "high", ("H", "R1"))),
        ({"sex": "2"}, 0, Scored(-5, "", ())),
    ],
)  # fmt: skip
def test_points_by_hand(customer: dict[str, Any], many: int, scored: Scored) -> None:
    assert CARD.score(resting(customer, holdings=open_(many)), TODAY) == scored


_customer = st.fixed_dictionaries(
    {"aum": st.one_of(st.none(), st.integers(0, 300_000)), "aum_currency": st.sampled_from(["CNY", "USD"]), "sex": st.sampled_from(["1", "2", None])}
)  # fmt: skip
_row = st.fixed_dictionaries({"status": st.sampled_from(["open", "closed", None])})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(_customer, st.lists(_row, max_size=4)), min_size=1, max_size=12))
def test_one_by_one_as_whole_columns(people: list[Any]) -> None:
    customers = [{KEY: f"{n:03}", **one} for n, (one, _) in enumerate(people)]
    rows = [{KEY: f"{n:03}", **row} for n, (_, some) in enumerate(people) for row in some] or [
        {KEY: "none", "status": "open"}
    ]
    found = CARD.scores(snapshot(customers, holdings=rows)).rows()
    one_by_one = [CARD.score(resting(one, holdings=some), TODAY) for one, some in people]
    assert found == [(f"{n:03}", one.points, one.band, [*one.reasons]) for n, one in enumerate(one_by_one)]


def month(back: int) -> date:
    day = TODAY.replace(day=1)
    for _ in range(back):
        day = (day - timedelta(1)).replace(day=1)
    return day


def balances(*amounts: int) -> list[dict[str, Any]]:
    """Monthly averages, the last one of this month."""
    return [
        {"month": month(back), "average": amount, "average_currency": "CNY"} for back, amount in enumerate(reversed(amounts))
    ]  # fmt: skip


def dealings(*counts: int, kind: str = "pay") -> list[dict[str, Any]]:
    return [
        {"month": month(back), "count": count, "type": kind} for back, count in enumerate(reversed(counts)) if count
    ]


TWO = [{"product": "card", "status": "open"}, {"product": "fund", "status": "open"}]


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        ({}, ()),
        ({"balances": balances(100, 100, 49)}, ("B1",)),
        ({"balances": balances(100, 100, 51)}, ("B2",)),
        ({"balances": balances(100, 100, 75)}, ()),
        ({"transactions": dealings(9, 0, 0, 0, 0)}, ("A1",)),
        ({"transactions": dealings(*[9] * 9, 3, 3, 3)}, ("A2",)),
        ({"transactions": dealings(*[9] * 12)}, ()),
        ({"holdings": [*TWO, {"product": "loan", "status": "closed", "closed_on": TODAY - timedelta(9)}]}, ("P1",)),
        ({"holdings": TWO[:1]}, ("P2",)),
        ({"interactions": [{"type": "complaint", "on": TODAY - timedelta(n)} for n in (3, 9)]}, ("C1",)),
        ({"interactions": [{"type": "complaint", "on": TODAY - timedelta(3)}]}, ("C2",)),
        ({"interactions": [{"type": "complaint", "on": TODAY - timedelta(300)}]}, ()),
    ],
)
def test_the_starter_scorecard_item_by_item(rows: dict[str, Any], reasons: tuple[str, ...]) -> None:
    card = churn_scorecard()
    whole: dict[str, Any] = {"holdings": TWO, "balances": [], "transactions": [], "interactions": [], **rows}
    assert card.score(resting({}, **whole), TODAY).reasons == reasons
    for code in reasons:
        assert card.item(code).label("zh") != card.item(code).label("en") != code


def test_what_holds_people_takes_points_away() -> None:
    card = churn_scorecard()
    alone: dict[str, Any] = {
        "balances": [],
        "transactions": [],
        "interactions": [],
        "holdings": [{"product": "loan", "status": "open"}],
    }
    assert card.score(resting({}, **alone), TODAY) == Scored(0, "low", ("P2",))
    paid = {**alone, "transactions": dealings(*[1] * 12, kind="salary")}
    assert card.score(resting({}, **paid), TODAY).points == -15
    assert {one.name: one.label("zh") for one in card.bands} == {"high": "高风险", "medium": "中风险", "low": "低风险"}


def test_points_become_probabilities_of_a_later_period() -> None:
    """Points are calibrated on one period, and judged on the next."""
    draw = np.random.default_rng(5)

    def period(usual: float) -> tuple[Any, Any]:
        points = draw.choice([0, 10, 25, 40, 60], 8_000)
        return points, draw.random(8_000) < 1 / (1 + np.exp(-(usual + 0.05 * points)))

    (points, left), (later, left_later) = period(-3.0), period(-2.9)
    model = LogisticModel.fitted({"points": points}, left)
    told = Evaluation.of(model.probability({"points": later}), left_later)
    assert told.auc > 0.65
    assert abs(told.calibration_line[1] - 1) < 0.15


def test_a_scorecard_knows_what_it_reads_and_what_it_is() -> None:
    assert CARD.inputs.names == ("aum", "aum_currency", "sex", "holdings")
    assert CARD.digest == Scorecard(name="other", version="2", zh="x", items=CARD.items, bands=CARD.bands).digest
    assert CARD.digest != Scorecard(name="s", version="1", items=CARD.items[:2], bands=CARD.bands).digest
    tagged = Scorecard(
        name="t", version="1", items=[ScoreItem(code="T", when="tag('vip') and segment('rich')", points=1)]
    )
    assert tagged.inputs.names == ("tag:vip", "segment:rich")
    with pytest.raises(InputError, match="has no sex"):
        CARD.scores(snapshot([{KEY: "a", "aum": 1, "aum_currency": "CNY"}], holdings=[{KEY: "a", "status": "open"}]))


@pytest.mark.parametrize(
    "items",
    [
        [], [ScoreItem(code="A", when="true", points=1)] * 2, [ScoreItem(code="", when="true", points=1)], [ScoreItem(code="A", when="true", points=10**6)],
        [ScoreItem(code="A", when="nothing = 1", points=1)], [ScoreItem(code="A", when="aum >", points=1)], [ScoreItem(code="A", when="aum > 5", points=1)],
    ],
)  # fmt: skip
def test_a_scorecard_that_is_none_is_refused(items: list[ScoreItem]) -> None:
    with pytest.raises(RuleError):
        Scorecard(name="s", version="1", items=items)


def test_bands_that_are_none_are_refused() -> None:
    items = [ScoreItem(code="A", when="true", points=1)]
    for bands in ([ScoreBand(name="a", least=1), ScoreBand(name="b", least=1)], [ScoreBand(name="", least=1)]):
        with pytest.raises(RuleError):
            Scorecard(name="s", version="1", items=items, bands=bands)
    with pytest.raises(RuleError, match="no item Z"):
        CARD.item("Z")


@pytest.mark.parametrize(
    "text",
    ["", "name = 's'\nversion = '1'", "name = 's'\nversion = '1'\nitem = 3", "name = 's'\nversion = '1'\n[[item]]\ncode = 'A'\nwhen = 'true'\npoints = 'x'",
     "name = 3\nversion = '1'\n[[item]]\ncode = 'A'\nwhen = 'true'\npoints = 1", "name = 's'\nversion = '1'\nmore = 1\n[[item]]\ncode = 'A'\nwhen = 'true'\npoints = 1"],
)  # fmt: skip
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "card.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="a scorecard has"):
        Scorecard.read(file)


def test_codes_may_be_called_like_fields_and_tags_may_be_unknown() -> None:
    card = Scorecard(
        name="s", version="1",
        items=[ScoreItem(code="sex", when="sex = '1'", points=5), ScoreItem(code="X", when="sex = '2'", points=100), ScoreItem(code="N", when="not tag('vip')", points=7)],
    )  # fmt: skip
    people = [{KEY: "a", "sex": "1", "tag:vip": None}, {KEY: "b", "sex": "2", "tag:vip": True}]
    found = card.scores(snapshot(people)).rows()
    assert found == [("a", 12, "", ["N", "sex"]), ("b", 100, "", ["X"])]
    assert card.score({**resting({"sex": "1"}), "tag:vip": False}, TODAY).points == 12


def test_a_debt_that_stays_is_no_fall() -> None:
    card = churn_scorecard()
    for amounts in ((-100, -100, -100), (-300, -200, -100)):
        whole: dict[str, Any] = {
            "holdings": TWO,
            "transactions": [],
            "interactions": [],
            "balances": balances(*amounts),
        }
        assert card.score(resting({}, **whole), TODAY).points == 0


@pytest.mark.parametrize("wrong", [{"group": None}, {"code": 3}, {"zh": 5}])
def test_items_that_are_no_text_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RuleError):
        Scorecard(name="s", version="1", items=[ScoreItem(**{"code": "A", "when": "true", "points": 1, **wrong})])
