"""Models over figures: a score by hand, one record as whole columns bit for bit, cards as documents, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.analytics.test_points import CARD, open_, resting
from tests.analytics.test_reports import TODAY, snapshot

from bankcif._canonical import dumps, loads
from bankcif.analytics import (
    KEY,
    Evaluated,
    Evaluation,
    Figure,
    FigureModel,
    LogisticModel,
    ModelCard,
    TrainedOn,
    churn_scorecard,
    score_of,
)
from bankcif.errors import InputError, RuleError

FIGURES = [
    Figure(name="open", of="count(holdings where status = 'open')", code="O", zh="持有产品数", en="open holdings"), Figure(name="male", when="sex = '1'", code="M"),
    Figure(name="last", of="last(holdings.balance where balance_currency = 'CNY')", missing=-1),
]  # fmt: skip


def logistic(weights: dict[str, float], intercept: float = -2.0) -> LogisticModel:
    return LogisticModel(
        intercept=intercept, weights=weights, errors=dict.fromkeys(weights, 0.1), means=dict.fromkeys(weights, 0.5), log_likelihood=-100.0, events=50, observations=500,
    )  # fmt: skip


MODEL = FigureModel(figures=FIGURES, model=logistic({"open": 0.7, "male": 1.1, "last": -0.001}))


def test_a_score_by_hand() -> None:
    record = resting(
        {"sex": "1"},
        holdings=[
            *open_(3),
            {"status": "closed", "balance": 70, "balance_currency": "CNY", "opened_on": date(2026, 1, 1)},
        ],
    )
    told = MODEL.score(record, TODAY)
    assert told.score == ((-2.0 + 0.7 * 3) + 1.1) + -0.001 * 70
    assert told.probability == round(1 / (1 + np.exp(-told.score)), 6)
    assert told.reasons == ("O", "M"), "0.7 times 2.5 above the mean, 1.1 times a half"
    assert MODEL.score(resting({}, holdings=[]), TODAY).score == (-2.0 + 0.0 + 0.0) + 0.001
    assert MODEL.inputs.names == ("sex", "holdings")
    assert [FIGURES[0].label(one) for one in ("zh", "en")] == ["持有产品数", "open holdings"]


_row = st.fixed_dictionaries(
    {"status": st.sampled_from(["open", "closed"]), "balance": st.one_of(st.none(), st.integers(-(10**12), 10**12)), "balance_currency": st.just("CNY"),
     "opened_on": st.dates(date(2020, 1, 1), TODAY)}
)  # fmt: skip
_weight = st.floats(-10, 10, allow_subnormal=False)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["1", "2", None]), st.lists(_row, max_size=4)), min_size=1, max_size=12), st.tuples(_weight, _weight, _weight, _weight)
)  # fmt: skip
def test_one_by_one_as_whole_columns_bit_for_bit(people: list[Any], weights: tuple[float, ...]) -> None:
    model = FigureModel(
        figures=FIGURES, model=logistic(dict(zip(("open", "male", "last"), weights, strict=False)), weights[3])
    )
    customers = [{KEY: f"{n:03}", "sex": sex} for n, (sex, _) in enumerate(people)]
    rows = [{KEY: f"{n:03}", **row} for n, (_, some) in enumerate(people) for row in some] or [
        {KEY: "none", "status": "open", "balance": 1, "balance_currency": "CNY", "opened_on": TODAY}
    ]
    found = model.scores(snapshot(customers, holdings=rows)).rows()
    one_by_one = [model.score(resting({"sex": sex}, holdings=some), TODAY) for sex, some in people]
    assert [(key, score.hex(), chance, tuple(why)) for key, score, chance, why in found] == [
        (f"{n:03}", one.score.hex(), one.probability, one.reasons) for n, one in enumerate(one_by_one)
    ]
    again = model.model.log_odds(
        {
            name: [float(v) for v in model.asked.columns(snapshot(customers, holdings=rows))[name]]
            for name in ("open", "male", "last")
        }
    )
    assert [one.hex() for one in again.tolist()] == [one.score.hex() for one in one_by_one]


def test_the_largest_score_is_a_probability() -> None:
    far = FigureModel(figures=FIGURES[:1], model=logistic({"open": 1e6}))
    assert far.score(resting({}, holdings=open_(9)), TODAY).probability == 1.0


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ([], "weight for each"), ([Figure(name="x", of="count(holdings)"), Figure(name="x", of="count(holdings)")], "each with a name"), ([Figure(name="x")], "of a term, or tells"),
        ([Figure(name="x", of="count(holdings)", when="true")], "of a term, or tells"), ([Figure(name="x", of="sex")], "a number"), ([Figure(name="x", of="aum")], "one currency"),
        ([Figure(name="x", of="nothing")], "nothing"), ([Figure(name="x", when="aum >")], "x"), ([Figure(name="x", of="age")], "x"), ([Figure(name="x", of="aum > CNY 5 or aum")], "no term"),
    ],
)  # fmt: skip
def test_figures_that_are_none_are_refused(figures: list[Figure], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        FigureModel(figures=figures, model=logistic({"x": 1.0}))


def test_columns_that_are_missing_are_refused() -> None:
    with pytest.raises(InputError, match="has no sex"):
        MODEL.scores(
            snapshot(
                [{KEY: "a"}],
                holdings=[{KEY: "a", "status": "open", "balance": 1, "balance_currency": "CNY", "opened_on": TODAY}],
            )
        )


TRAINED = TrainedOn(figures_on=date(2026, 1, 1), until=date(2026, 4, 1), snapshots=("a1",), customers=500, events=50)


def card(**more: Any) -> ModelCard:
    said: dict[str, Any] = {
        "name": "churn", "version": "1", "zh": "流失", "en": "Churn", "use": "Who is called first.", "limits": "Knows nothing of other banks.", "owner": "retail",
        "model": MODEL, "until": date(2027, 1, 1), "code": "0.1.0", "trained_on": TRAINED, "tag": "churn_risk", "least": 0.3,
    }  # fmt: skip
    return ModelCard(**{**said, **more})


def evaluated(**more: Any) -> Evaluated:
    draw = np.random.default_rng(1)
    chance = draw.random(500)
    return Evaluated.of(
        Evaluation.of(chance, draw.random(500) < chance),
        **{"figures_on": date(2026, 4, 1), "until": date(2026, 7, 1), **more},
    )


@pytest.mark.parametrize("model", [MODEL, churn_scorecard(), CARD])
def test_a_card_is_a_document_and_back(model: Any) -> None:
    one = card(model=model, evaluated=evaluated())
    again = ModelCard.from_document(loads(dumps(one.document())))
    assert again == one
    assert again.digest == one.digest
    assert card(model=model, limits="Knows more.").digest != one.digest
    assert one.meets(0.3)
    assert not one.meets(0.29)
    assert not attrs.evolve(one, tag="").meets(9)


def test_a_card_for_people() -> None:
    one = card(evaluated=evaluated(), use="<b>")
    html = one._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    told = dict(one.lines("zh"))
    assert told["产生标签"] == "churn_risk ≥ 0.3"
    assert told["训练窗口"] == "2026-01-01 – 2026-04-01, 50 / 500"
    assert told["后续期评价"].startswith("2026-04-01 – 2026-07-01: AUC 0.")
    assert dict(card(model=CARD, trained_on=None, tag="").lines("en"))["Kind"] == "a scorecard: points that people gave"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Churn"}, {"tag": "A"}, {"use": ""}, {"version": "v" * 65}, {"trained_on": None}, {"until": date(2026, 3, 1)},
        {"trained_on": attrs.evolve(TRAINED, until=date(2026, 1, 1))}, {"evaluated": evaluated(figures_on=date(2026, 3, 31))}, {"evaluated": evaluated(until=date(2026, 4, 1))},
    ],
)  # fmt: skip
def test_a_card_that_does_not_go_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        card(**wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"},
        {"until": "x"},
        {"model": 3},
        {"model": {"kind": "scorecard"}},
        {"name": 3},
        {"trained_on": {}},
        {"more": 1, "use": None},
    ],
)
def test_a_document_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ModelCard.from_document({**card().document(), **change})


def test_what_a_model_says_is_told_again_exactly() -> None:
    record = resting({"sex": "1", "aum": 200_00, "aum_currency": "CNY"}, holdings=open_(2))
    assert score_of(CARD, record, TODAY) == (60, "60", ("R2", "H"))
    points, exact, reasons = score_of(MODEL, record, TODAY)
    assert points == MODEL.score(record, TODAY).probability
    assert float.fromhex(exact) == MODEL.score(record, TODAY).score
    assert reasons == ("O", "M", "last")
