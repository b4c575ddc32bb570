"""
How customers buy, spend and stay: what was published of each model, the laws that hold between them, and what is refused.

Source: CDNOW figures in Fader, Hardie, Lee, "Counting Your Customers" the Easy Way (Marketing Science 24, 2005), table 2 and section 5, and Fader, Hardie, Implementing the
BG/NBD Model (2004); Pareto/NBD figures in Fader, Hardie, A Note on Implementing the Pareto/NBD Model (2005); MBG/NBD in Batislam, Denizel, Filiztekin (2007); gamma-gamma in
Fader, Hardie, The Gamma-Gamma Model of Monetary Value (2013); sBG in Fader, Hardie, How to Project Customer Retention (2007).
"""

from __future__ import annotations

import csv
import importlib
import pathlib
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from bankcif.analytics import (
    BetaGeometric,
    DiscountRate,
    GammaGamma,
    Histories,
    ParetoNbd,
    ShiftedBetaGeometric,
    Span,
    TimeUnit,
    buying,
    contract,
    lifetime_value,
    pareto,
    spending,
)
from bankcif.errors import FitError, InputError

scipy_special: Any = importlib.import_module("scipy.special")
DATA = pathlib.Path(__file__).parent / "data"
YEAR = Span(52, TimeUnit.WEEK)
REGULAR = (1000, 631, 468, 382, 326, 289, 262, 241)
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491)


def _table(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    lines = (line for line in (DATA / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return np.array(list(csv.reader(lines))[1:], dtype=float)


@pytest.fixture(scope="module")
def cdnow() -> Histories:
    table = _table("cdnow.csv")
    return Histories(frequency=table[:, 0], recency=table[:, 1] / 7, age=table[:, 2] / 7, counts=table[:, 3], unit=TimeUnit.WEEK)  # fmt: skip


def _one(x: float, recency: float, age: float, unit: TimeUnit = TimeUnit.WEEK) -> Histories:
    return Histories(frequency=[x], recency=[recency], age=[age], unit=unit)


# What was published.


def test_the_published_figures_of_the_bg_nbd_model_come_out(cdnow: Histories) -> None:
    model = BetaGeometric.fitted(cdnow)
    assert (round(model.r, 3), round(model.alpha, 3), round(model.a, 3), round(model.b, 3)) == (
        0.243,
        4.414,
        0.793,
        2.426,
    )
    assert model.fit is not None
    assert model.fit.log_likelihood == pytest.approx(-9582.43, abs=0.01)
    assert model.fit.customers == 2357
    assert model.expected(YEAR) == pytest.approx(1.444, abs=0.001)
    assert model.expected_again(_one(26, 30.86, 31), YEAR)[0] == pytest.approx(25.76, abs=0.02)


def test_the_published_figures_of_the_mbg_nbd_model_come_out(cdnow: Histories) -> None:
    model = BetaGeometric.fitted(cdnow, modified=True)
    assert [round(one, 3) for one in (model.r, model.alpha, model.a, model.b)] == [0.525, 6.183, 0.891, 1.614]


def test_the_published_figures_of_the_pareto_nbd_model_come_out(cdnow: Histories) -> None:
    model = ParetoNbd.fitted(cdnow)
    assert [round(one, 3) for one in (model.r, model.alpha, model.s, model.beta)] == [0.553, 10.578, 0.606, 11.669]
    assert model.fit is not None
    assert model.fit.log_likelihood == pytest.approx(-9594.98, abs=0.01)
    assert model.expected(YEAR) == pytest.approx(1.473, abs=0.001)
    assert model.expected_again(_one(26, 30.86, 31), YEAR)[0] == pytest.approx(25.456, abs=0.002)
    assert model.alive(_one(26, 30.86, 31))[0] == pytest.approx(0.9979, abs=0.0001)


def test_the_published_figures_of_the_gamma_gamma_model_come_out() -> None:
    table = np.repeat(_table("cdnow_spending.csv"), _table("cdnow_spending.csv")[:, 2].astype(int), axis=0)
    model = GammaGamma.fitted(table[:, 0], table[:, 1], currency="USD")
    assert [round(one, 2) for one in (model.p, model.q)] == [6.25, 3.74]
    assert model.gamma == pytest.approx(15.44, abs=0.02)
    assert model.mean == pytest.approx(35.2, abs=0.1)
    assert model.correlation == pytest.approx(0.11, abs=0.01), "as the authors say of these customers"


@pytest.mark.parametrize(("survivors", "alpha", "beta"), [(REGULAR, 0.704, 1.182), (HIGH_END, 0.668, 3.806)])
def test_the_published_figures_of_the_sbg_model_come_out(survivors: tuple[int, ...], alpha: float, beta: float) -> None:
    model = ShiftedBetaGeometric.fitted(survivors, period=Span(365, TimeUnit.DAY))
    assert model.alpha == pytest.approx(alpha, abs=0.003)
    assert model.beta == pytest.approx(beta, abs=0.01)


# Laws.

_MODELS = (
    BetaGeometric(r=0.243, alpha=4.414, a=0.793, b=2.426, unit=TimeUnit.WEEK),
    BetaGeometric(r=0.525, alpha=6.183, a=0.891, b=1.614, unit=TimeUnit.WEEK, modified=True),
    ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit=TimeUnit.WEEK),
    ParetoNbd(r=1.7, alpha=9.0, s=1.4, beta=4.0, unit=TimeUnit.WEEK),
)
_histories = st.tuples(st.integers(0, 60), st.floats(0.01, 1), st.floats(1, 500)).map(
    lambda one: _one(one[0], one[1] * one[2] if one[0] else 0, one[2])
)
_sizes = st.floats(-2.5, 2.5).map(lambda one: float(np.exp(one)))


@pytest.mark.parametrize("likelihood", ["bg", "mbg", "pareto", "spending", "staying"])
def test_a_gradient_is_what_differences_come_to(likelihood: str, cdnow: Histories) -> None:
    table = _table("cdnow_spending.csv")
    asked, size = {
        "bg": (lambda at: buying._likelihood(at, cdnow, modified=False), 4),
        "mbg": (lambda at: buying._likelihood(at, cdnow, modified=True), 4),
        "pareto": (lambda at: pareto._summed(at, cdnow), 4),
        "spending": (lambda at: spending._likelihood(at, table[:, 0], table[:, 1]), 3),
        "staying": (lambda at: contract._likelihood(at, np.array([369.0, 163, 86]), 382.0), 2),
    }[likelihood]
    generator = np.random.default_rng(20261127)
    for _ in range(5):
        place = generator.uniform(-0.5, 2.0, size)
        slopes = asked(np.exp(place))[1]
        steps = 1e-5 * np.eye(size)
        differences = [(asked(np.exp(place + step))[0] - asked(np.exp(place - step))[0]) / 2e-5 for step in steps]
        assert slopes == pytest.approx(differences, rel=1e-5, abs=1e-3)


@given(_sizes, _sizes, _sizes, _sizes, _histories)
@settings(max_examples=150)
def test_the_integral_over_leaving_is_the_difference_of_two_hypergeometric_functions(
    r: float, alpha: float, s: float, beta: float, history: Histories
) -> None:
    alpha, beta = alpha * 10, beta * 10
    x, recency, age = history.frequency[0], history.recency[0], history.age[0]
    largest, second = max(alpha, beta), s + 1 if alpha >= beta else r + x

    def part(time: float) -> float:
        argument = abs(alpha - beta) / (largest + time)
        return float(scipy_special.hyp2f1(r + s + x, second, r + s + x + 1, argument) * ((largest + recency) / (largest + time)) ** (r + s + x))  # fmt: skip

    early, late = part(recency), part(age)
    left = pareto._Terms.of(np.array([r, alpha, s, beta]), history).left[0] + (r + s + x) * np.log(largest + recency)
    if np.isfinite(early) and early - late > 1e-6 * early:  # else the two cancel, which the integral does not
        assert np.exp(left) == pytest.approx(s / (r + s + x) * (early - late), rel=1e-6)
    elif age == recency:
        assert left == -np.inf


@given(_histories)
def test_what_is_told_of_a_customer_is_a_probability_and_grows_with_time(history: Histories) -> None:
    for model in _MODELS:
        alive = model.alive(history)[0]
        told = model.expected_by(history, [Span(weeks, TimeUnit.WEEK) for weeks in (0, 4, 52, 520)])[:, 0]
        assert 0 <= alive <= 1
        assert told[0] == pytest.approx(0, abs=1e-9)
        assert (np.diff(told) >= -1e-9).all()
        assert np.isfinite(told).all()


@given(_histories)
def test_weeks_and_days_say_the_same(history: Histories) -> None:
    for model in _MODELS:
        span = Span(364, TimeUnit.DAY)
        assert model.alive(history.within(TimeUnit.DAY)) == pytest.approx(model.alive(history), abs=1e-9)
        assert model.expected_again(history, span) == pytest.approx(
            model.expected_again(history.within(TimeUnit.DAY), YEAR), rel=1e-7, abs=1e-9
        )


def test_who_never_came_again_is_alive_for_certain_in_the_bg_nbd_model_alone() -> None:
    once = _one(0, 0, 39)
    assert [model.alive(once)[0] == 1 for model in _MODELS] == [True, False, False, False]


def test_who_has_just_come_is_likelier_alive_than_who_came_as_often_long_ago() -> None:
    for model in _MODELS:
        assert model.alive(_one(10, 38, 39))[0] > 0.8 > 0.1 > model.alive(_one(10, 10, 39))[0]


def test_equal_histories_may_be_counted_together(cdnow: Histories) -> None:
    apart = Histories(
        frequency=np.repeat(cdnow.frequency, cdnow.counts.astype(int)),
        recency=np.repeat(cdnow.recency, cdnow.counts.astype(int)),
        age=np.repeat(cdnow.age, cdnow.counts.astype(int)),
        unit=TimeUnit.WEEK,
    )
    assert len(apart) == apart.customers == cdnow.customers == 2357
    together = apart.grouped()
    assert (len(together), together.customers) == (len(cdnow.grouped()), 2357)
    for model in _MODELS:
        assert model.log_likelihood(apart) == pytest.approx(model.log_likelihood(cdnow), rel=1e-12)


@pytest.mark.parametrize("at", [1 - 1e-7, 1.0, 1 + 1e-7])
def test_where_a_formula_divides_by_nothing_its_limit_is_told(at: float) -> None:
    near = 1 + 1e-4
    for exact, beside in (
        (BetaGeometric(r=0.5, alpha=5, a=at, b=2, unit=TimeUnit.WEEK), BetaGeometric(r=0.5, alpha=5, a=near, b=2, unit=TimeUnit.WEEK)),
        (ParetoNbd(r=0.5, alpha=5, s=at, beta=9, unit=TimeUnit.WEEK), ParetoNbd(r=0.5, alpha=5, s=near, beta=9, unit=TimeUnit.WEEK)),
    ):  # fmt: skip
        assert exact.expected(YEAR) == pytest.approx(beside.expected(YEAR), rel=1e-3)
        assert exact.expected_again(_one(3, 20, 39), YEAR) == pytest.approx(
            beside.expected_again(_one(3, 20, 39), YEAR), rel=1e-3
        )


def test_what_is_expected_of_all_who_are_new_is_what_comes_of_them() -> None:
    """Ten thousand customers, drawn as each model says that customers are, come as often as it expects."""
    generator, n, weeks = np.random.default_rng(20261127), 40_000, 52.0
    rates = generator.gamma(1.2, 1 / 6.0, n)
    stays = np.minimum(generator.exponential(1 / generator.gamma(1.5, 1 / 30.0, n)), weeks)
    came = generator.poisson(rates * stays).mean()
    assert ParetoNbd(r=1.2, alpha=6, s=1.5, beta=30, unit=TimeUnit.WEEK).expected(YEAR) == pytest.approx(came, rel=0.03)
    leaving = generator.beta(1.3, 3.0, n)
    times, count, alive = np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while alive.any():
        times = times + generator.exponential(1 / rates)
        alive &= times <= weeks
        count += alive
        alive &= generator.random(n) >= leaving
    bg = BetaGeometric(r=1.2, alpha=6, a=1.3, b=3, unit=TimeUnit.WEEK)
    assert bg.expected(YEAR) == pytest.approx(count.mean(), rel=0.03)


def test_parameters_that_customers_were_drawn_with_are_found_again_within_four_standard_errors() -> None:
    generator, n = np.random.default_rng(20261127), 20_000
    age = generator.uniform(30, 80, n)
    stays = np.minimum(generator.exponential(1 / generator.gamma(0.8, 1 / 12.0, n)), age)
    x = generator.poisson(generator.gamma(0.7, 1 / 5.0, n) * stays).astype(float)
    recency = np.where(x > 0, stays * generator.random(n) ** (1 / np.maximum(x, 1)), 0)
    found = ParetoNbd.fitted(Histories(frequency=x, recency=recency, age=age, unit=TimeUnit.WEEK)).fit
    assert found is not None
    for name, truth in {"r": 0.7, "alpha": 5.0, "s": 0.8, "beta": 12.0}.items():
        assert abs(found.parameters[name] - truth) < 4 * found.errors[name], name


def test_histories_follow_from_days() -> None:
    first = date(2026, 1, 1)
    days = {
        "A": (0, 0, 7, 21),  # twice on the first day: once
        "B": (3,),
        "C": (70,),  # after the period
        "D": (1, 40),  # the second after the period
    }
    rows = [(key, first + timedelta(days=after)) for key, all_of in days.items() for after in all_of]
    keys, when = [key for key, _ in rows], [day for _, day in rows]
    found = Histories.of_days(keys, when, until=first + timedelta(days=28))
    assert found.keys is not None
    assert list(found.keys) == ["A", "B", "D"]
    assert found.frequency.tolist() == [2, 0, 0]
    assert found.recency.tolist() == [3, 0, 0]
    assert found.age.tolist() == [4, 25 / 7, 27 / 7]
    numbers = [(day - date(1970, 1, 1)).days for day in when]
    same = Histories.of_days(keys, numbers, until=first + timedelta(days=28))
    stamps = Histories.of_days(keys, np.array(when, dtype="datetime64[D]"), until=first + timedelta(days=28))  # type: ignore[arg-type]  # numpy's days
    assert same.age.tolist() == stamps.age.tolist() == found.age.tolist()
    assert repr(found) == "Histories(3 customers, 3 rows, in weeks)"


def test_who_stayed_long_is_likelier_to_stay_and_worth_more() -> None:
    model = ShiftedBetaGeometric(alpha=0.668, beta=3.806, period=Span(365.25, TimeUnit.DAY))
    rate = DiscountRate(0.1)
    kept = [model.retention(renewals) for renewals in range(6)]
    assert kept == sorted(kept)
    assert model.survival(4) == pytest.approx(np.cumprod([1, *kept[:4]]))
    for renewals in (0, 1, 4):
        steps = np.arange(200_000)
        staying = np.cumprod((model.beta + renewals + steps) / (model.alpha + model.beta + renewals + steps))
        assert model.residual_lifetime(renewals, rate) == pytest.approx(float(staying @ 1.1 ** -steps.astype(float)))
    assert model.residual_lifetime(4, rate) > model.residual_lifetime(0, rate)
    lasting = ShiftedBetaGeometric(alpha=3, beta=2, period=Span(1, TimeUnit.WEEK))
    assert lasting.residual_lifetime(0, DiscountRate(0)) == pytest.approx(1.0), "beta/(alpha-1) without a discount"


def test_worth_is_times_times_amount_times_margin_at_what_it_is_worth_today() -> None:
    model, rows = _MODELS[0], Histories(frequency=[4, 0], recency=[30, 0], age=[39, 39], unit=TimeUnit.WEEK)
    amounts = GammaGamma(p=6.25, q=3.74, gamma=1544, currency="CNY")
    mean = [5_000.0, float("nan")]
    plain = lifetime_value(model, amounts, rows, mean, horizon=YEAR, discount=DiscountRate(0), margin="0.3")
    each = amounts.expected(rows.frequency, mean)
    assert each[1] == pytest.approx(amounts.mean)
    assert plain.minor.tolist() == np.rint(model.expected_again(rows, YEAR) * each * 0.3).tolist()
    assert repr(plain) == "Worth(2 customers, CNY)", "nobody's amount"
    assert plain.model == "BG/NBD", "which one told how often they come"
    assert (len(plain), plain[0].currency, plain.total.minor) == (2, "CNY", int(plain.minor.sum()))
    half = lifetime_value(
        model, amounts, rows, mean, horizon=Span(8, TimeUnit.WEEK), discount=DiscountRate(0.5), margin=Decimal("1")
    )
    told = model.expected_by(rows, [Span(4, TimeUnit.WEEK), Span(8, TimeUnit.WEEK)])
    by_hand = told[0] * 1.5 ** (-28 / 365.25) + (told[1] - told[0]) * 1.5 ** (-56 / 365.25)
    assert half.minor.tolist() == np.rint(by_hand * each).tolist()
    assert (half.minor < lifetime_value(model, amounts, rows, mean, horizon=half.horizon, discount=DiscountRate(0)).minor).all()  # fmt: skip


def test_a_contract_is_worth_its_margin_times_the_periods_it_is_expected_to_run() -> None:
    from bankcif.party import Money

    model = ShiftedBetaGeometric(alpha=0.668, beta=3.806, period=Span(365.25, TimeUnit.DAY))
    worth = model.value(Money("120.00", "CNY"), 2, DiscountRate(0.1))
    assert worth.minor == round(12_000 * model.residual_lifetime(2, DiscountRate(0.1)))


# Refusals.


def test_too_little_is_not_fitted() -> None:
    few = Histories(frequency=[1] * 20, recency=[3] * 20, age=[9] * 20, unit=TimeUnit.WEEK)
    nobody = Histories(frequency=[0] * 500, recency=[0] * 500, age=[9] * 500, unit=TimeUnit.WEEK)
    for histories in (few, nobody):
        for fit in (BetaGeometric.fitted, ParetoNbd.fitted):
            with pytest.raises(FitError, match="came again"):
                fit(histories)
    with pytest.raises(FitError, match="at least"):
        GammaGamma.fitted([1, 2], [10, 20], currency="CNY")
    with pytest.raises(FitError, match="0 left within 2 periods"):
        ShiftedBetaGeometric.fitted([100, 100, 100], period=YEAR)


def test_customers_all_alike_are_told_to_carry_no_model() -> None:
    alike = Histories(frequency=[5], recency=[30], age=[39], counts=[1_000], unit=TimeUnit.WEEK)
    for fit in (BetaGeometric.fitted, ParetoNbd.fitted):
        with pytest.raises(FitError) as told:
            fit(alike)
        assert told.value.rule in {"runs_away", "not_identified", "no_convergence"}
        assert "customers" in str(told.value)


def test_spending_without_a_mean_is_refused() -> None:
    model = GammaGamma(p=2, q=0.9, gamma=10, currency="CNY")
    for ask in (lambda: model.mean, lambda: model.expected([1], [2])):
        with pytest.raises(FitError, match="no mean"):
            ask()


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Histories(frequency=[1], recency=[5], age=[3], unit=TimeUnit.WEEK), "histories"),
        (lambda: Histories(frequency=[0], recency=[1], age=[3], unit=TimeUnit.WEEK), "histories"),
        (lambda: Histories(frequency=[1.5], recency=[1], age=[3], unit=TimeUnit.WEEK), "histories"),
        (lambda: Histories(frequency=[1, 2], recency=[1], age=[3], unit=TimeUnit.WEEK), "histories"),
        (lambda: Histories(frequency=[float("nan")], recency=[1], age=[3], unit=TimeUnit.WEEK), "histories"),
        (lambda: Histories.of_days(["A"], [date(2026, 5, 1)], until=date(2026, 4, 1)), "period"),
        (lambda: Histories.of_days(["A"], ["2026-05-01"], until=date(2026, 6, 1)), "histories"),
        (lambda: Histories.of_days(["A", "B"], [date(2026, 5, 1)], until=date(2026, 6, 1)), "histories"),
        (lambda: Span(-1, TimeUnit.DAY), "span"),
        (lambda: Span(float("inf"), TimeUnit.DAY), "span"),
        (lambda: DiscountRate(10), "discount"),
        (lambda: BetaGeometric(r=0, alpha=1, a=1, b=1, unit=TimeUnit.DAY), "parameters"),
        (lambda: ParetoNbd(r=1, alpha=1, s=-1, beta=1, unit=TimeUnit.DAY), "parameters"),
        (lambda: GammaGamma(p=1, q=float("nan"), gamma=1, currency="CNY"), "parameters"),
        (lambda: GammaGamma(p=1, q=2, gamma=1, currency="yuan"), "money"),
        (lambda: GammaGamma.fitted([0, 1], [1, 1], currency="CNY"), "amounts"),
        (lambda: GammaGamma.fitted([1, 1], [1, 0], currency="CNY"), "amounts"),
        (lambda: GammaGamma.fitted([1], [1, 2], currency="CNY"), "amounts"),
        (lambda: GammaGamma(p=6, q=3, gamma=9, currency="CNY").expected([1], [1, 2]), "amounts"),
        (lambda: ShiftedBetaGeometric(alpha=1, beta=1, period=Span(0, TimeUnit.DAY)), "parameters"),
        (lambda: ShiftedBetaGeometric.fitted([10, 11], period=YEAR), "survivors"),
        (lambda: ShiftedBetaGeometric.fitted([10], period=YEAR), "survivors"),
        (lambda: ShiftedBetaGeometric(alpha=0.7, beta=1, period=YEAR).residual_lifetime(0, DiscountRate(0)), "discount"),
        (lambda: ShiftedBetaGeometric(alpha=2, beta=1, period=YEAR).residual_lifetime(-1, DiscountRate(0.1)), "renewals"),
        (lambda: _worth(margin="0"), "margin"),
        (lambda: _worth(margin="1.01"), "margin"),
        (lambda: _worth(margin="a third"), "margin"),
        (lambda: _worth(horizon=Span(0, TimeUnit.WEEK)), "horizon"),
        (lambda: _worth(horizon=Span(99_999, TimeUnit.WEEK)), "horizon"),
        (lambda: _worth(step=Span(0, TimeUnit.WEEK)), "horizon"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(InputError) as told:
        make()
    assert told.value.rule == rule


def _worth(**but: Any) -> Any:
    amounts = GammaGamma(p=6, q=3, gamma=9, currency="CNY")
    known = {"horizon": YEAR, "discount": DiscountRate(0.1), **but}
    return lifetime_value(_MODELS[0], amounts, _one(1, 5, 9), [100.0], **known)


# Far out: where a function's parts leave the range of numbers.


@pytest.mark.parametrize("modified", [False, True])
@pytest.mark.parametrize(("a", "b", "x", "recency", "age"), [(0.5, 5, 350, 362, 365), (5, 500, 200, 360, 365), (2, 1e4, 350, 365, 365), (0.793, 2.4, 580, 700, 730)])  # fmt: skip
def test_who_bought_hundreds_of_times_is_told_of_as_anybody(
    a: float, b: float, x: int, recency: float, age: float, modified: bool
) -> None:
    integrate: Any = importlib.import_module("scipy.integrate")
    model = BetaGeometric(r=1, alpha=10, a=a, b=b, unit=TimeUnit.DAY, modified=modified)
    history, days = _one(x, recency, age, TimeUnit.DAY), 3650.0
    told = model.expected_again(history, Span(days, TimeUnit.DAY))[0] / model.alive(history)[0]
    # Of somebody alive, the rate is gamma (r + x, alpha + age) and the chance of leaving beta (a, b + x): the mean of (1 - exp(-rate p t)) / p over both.
    beta = b + x + (1 if modified else 0)
    density = scipy_special.betaln(a, beta)

    def of(p: float) -> float:
        gone = np.exp(-(1 + x) * np.log1p(p * days / (10 + age)))
        return float(np.exp((a - 2) * np.log(p) + (beta - 1) * np.log1p(-p) - density) * (1 - gone))

    cuts = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1 - 1e-12]
    parts = [
        integrate.quad(of, low, high, epsrel=1e-10, epsabs=0, limit=500)[0]
        for low, high in zip([1e-12, *cuts], cuts, strict=False)
    ]
    assert told == pytest.approx(sum(parts), rel=1e-3)


@given(_sizes, st.floats(0.5, 2_000), st.integers(0, 300), st.floats(0.0, 1.0), st.sampled_from([1, 30, 365]))
@settings(max_examples=60, deadline=None)
def test_a_residual_lifetime_is_the_sum_of_its_periods(
    alpha: float, beta: float, renewals: int, rate: float, days: int
) -> None:
    model = ShiftedBetaGeometric(alpha=alpha, beta=beta, period=Span(days, TimeUnit.DAY))
    factor = DiscountRate(rate).factor(model.period)
    steps = np.arange(400_000)
    staying = np.cumsum(np.log(model.beta + renewals + steps) - np.log(model.alpha + model.beta + renewals + steps))
    terms = np.exp(staying + steps * np.log(factor))
    if factor < 1 - 1e-4 or terms[-1] * len(terms) < 1e-9 * terms.sum():
        assert model.residual_lifetime(renewals, DiscountRate(rate)) == pytest.approx(float(terms.sum()), rel=1e-6)


@pytest.mark.parametrize("unit", [1, 100, 10_000_000_000])
def test_amounts_may_be_in_any_unit(unit: int) -> None:
    generator = np.random.default_rng(20261128)
    x = generator.integers(1, 12, 3_000).astype(float)
    mean = generator.gamma(6.25 * x) / x * 15.44 / generator.gamma(3.74, 1, 3_000)
    plain = GammaGamma.fitted(x, mean, currency="CNY")
    model = GammaGamma.fitted(x, mean * unit, currency="CNY")
    assert plain.fit is not None
    assert model.fit is not None
    assert [model.p, model.q, model.gamma / unit] == pytest.approx([plain.p, plain.q, plain.gamma], rel=1e-4)
    assert model.fit.log_likelihood == pytest.approx(plain.fit.log_likelihood - 3_000 * np.log(unit), rel=1e-9)
    assert abs(plain.q - 3.74) < 4 * plain.fit.errors["q"]


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Histories(frequency=["a"], recency=[1], age=[2], unit=TimeUnit.WEEK), "histories"),
        (lambda: Histories.of_days(["A", None], [date(2026, 5, 1)] * 2, until=date(2026, 6, 1)), "keys"),
        (lambda: Histories.of_days([], [], until=date(2026, 6, 1)), "period"),
        (lambda: Span(None, TimeUnit.DAY), "span"),  # type: ignore[arg-type]
        (lambda: Span(10**400, TimeUnit.DAY), "span"),
        (lambda: Span(4, "month"), "unit"),  # type: ignore[arg-type]
        (lambda: Histories(frequency=[1], recency=[1], age=[2], unit="month"), "unit"),
        (lambda: BetaGeometric(r="1", alpha=1, a=1, b=1, unit="week"), "parameters"),  # type: ignore[arg-type]
        (lambda: ParetoNbd(r=None, alpha=1, s=1, beta=1, unit="week"), "parameters"),  # type: ignore[arg-type]
        (lambda: DiscountRate("0.1"), "discount"),  # type: ignore[arg-type]
        (lambda: GammaGamma(p=6, q=3, gamma=9, currency="CNY").expected([1], [-5]), "amounts"),
        (lambda: ShiftedBetaGeometric(alpha=2, beta=1, period=YEAR).retention(-3), "renewals"),
        (lambda: ShiftedBetaGeometric(alpha=2, beta=1, period=YEAR).survival(-3), "renewals"),
        (lambda: ShiftedBetaGeometric(alpha=2, beta=1, period=YEAR).survival(10**9), "renewals"),
        (lambda: ShiftedBetaGeometric(alpha=2, beta=1, period=YEAR).retention("x"), "renewals"),  # type: ignore[arg-type]
        (lambda: ShiftedBetaGeometric.fitted([1000, 600], period=YEAR), "too_short"),
        (lambda: _worth(margin="NaN"), "margin"),
        (lambda: _worth(margin=None), "margin"),
        (lambda: lifetime_value(_MODELS[0], GammaGamma(p=6, q=3, gamma=9, currency="CNY"), _one(30, 38, 39), [1e19], horizon=YEAR, discount=DiscountRate(0.1)), "amounts"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_in_our_words(make: Any, rule: str) -> None:
    with pytest.raises(InputError) as told:
        make()
    assert told.value.rule == rule
