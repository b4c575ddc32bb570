"""The next product: a case by hand, laws, who may be offered what, hits beside popularity, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.analytics.test_reports import TODAY, snapshot

from bankcif.analytics import KEY, Baskets, NextProduct, OfferBook, Offered, held_by, tier_distance
from bankcif.errors import ConfigurationError, FitError, InputError, RuleError

HELD = {1: "ab", 2: "ab", 3: "abc", 4: "bc", 5: "c", 6: "c", 7: "cd", 8: "a"}


def baskets(held: dict[Any, Any]) -> Baskets:
    rows = [(key, one) for key, some in held.items() for one in some]
    return Baskets.of_rows([key for key, _ in rows], [one for _, one in rows], customers=len(held))


def test_offers_by_hand() -> None:
    model = NextProduct.fitted(baskets(HELD), least=1, most_products=2)
    assert model.holders == {"a": 4, "b": 4, "c": 5, "d": 1}
    assert model.popular == ("c", "a", "b", "d")
    found = model.offers("a")
    assert [(one.product, one.probability, one.because) for one in found] == [
        ("b", 3 / 4, frozenset("a")), ("c", 1 / 4, frozenset("a")), ("d", 1 / 8, frozenset()),
    ], "of four who hold a three hold b; nobody who holds a holds d, of which one in eight does"  # fmt: skip
    assert found[0].lift == pytest.approx((3 / 8) / (4 / 8 * 4 / 8))
    assert [one.product for one in model.offers("a", allowed="dz")] == ["d"]
    assert model.offers("abcd") == ()
    assert [one.product for one in model.offers("", most=2)] == ["c", "a"], (
        "who holds nothing is offered what most hold"
    )
    assert repr(model) == "NextProduct(4 products, 8 rules, 8 customers)"


_held = st.dictionaries(st.integers(0, 40), st.sets(st.sampled_from("abcde"), min_size=1), min_size=2, max_size=40)


@given(_held, st.integers(1, 5))
def test_nobody_is_offered_what_they_hold_or_may_not_have(held: dict[int, set[str]], most: int) -> None:
    if len({one for some in held.values() for one in some}) < 2:
        return
    model = NextProduct.fitted(baskets(held), least=1)
    allowed = {key: [one for one in "abcde" if (key + ord(one)) % 2] for key in held}
    found = model.offers_of(held, allowed=allowed, most=most)
    for key, mine in held.items():
        offers = found[key]
        assert offers == model.offers(mine, allowed=allowed[key], most=most), "one by one as all together"
        assert len({one.product for one in offers}) == len(offers) <= most
        for one in offers:
            assert one.product not in mine
            assert one.product in allowed[key]
            assert one.because <= mine
            both = sum(one.because <= some and one.product in some for some in held.values())
            assert one.probability == pytest.approx(both / sum(one.because <= some for some in held.values()))
        told = [one.probability for one in offers]
        assert told == sorted(told, reverse=True)


def test_hits_by_hand() -> None:
    model = NextProduct.fitted(baskets(HELD), least=1, most_products=2)
    before = {1: "a", 2: "a", 3: "c", 4: "b"}
    after = {1: "ab", 2: "ad", 3: "c", 4: "bc"}
    found = model.hits(before, after, most=1)
    assert (found.customers, found.hit, found.popular) == (3, 1, 1), (
        "b to the first by what goes with a; c to the fourth by popularity"
    )
    assert (found.rate, found.baseline) == (1 / 3, 1 / 3)
    with pytest.raises(FitError, match="nobody took"):
        model.hits(before, before)
    told = model.hits(before, after, allowed={1: "d", 4: "c"}, most=1)
    assert (told.customers, told.hit, told.popular) == (2, 1, 1), "who may be offered nothing is not counted"


def test_what_goes_together_beats_popularity_where_it_does() -> None:
    draw = np.random.default_rng(11)
    before: dict[int, set[str]] = {}
    after: dict[int, set[str]] = {}
    for key in range(4_000):
        world = "abc" if key % 2 else "xyz"
        order = [*draw.permutation([*world])]
        before[key], after[key] = set(order[: 1 + key % 2]), set(order[: 2 + key % 2])
    fitted = {key: after[key] for key in range(2_000)}
    later = range(2_000, 4_000)
    model = NextProduct.fitted(baskets(fitted), least=50)
    told = model.hits({key: before[key] for key in later}, {key: after[key] for key in later}, most=1)
    assert told.rate > 1.3 * told.baseline


BOOK = OfferBook(
    version="1",
    everybody="exists(consents where purpose = 'marketing' and state = 'granted') and count(interactions where type = 'offer' within 1 month) < 2",
    products=[Offered(name="fund", when="age >= 18 and investment_grade in ('C3', 'C4')", zh="基金", en="Fund"), Offered(name="card")],
)  # fmt: skip


def test_who_may_be_offered_what() -> None:
    people = [
        {KEY: "a", "birth_date": TODAY.replace(year=1990), "investment_grade": "C3"}, {KEY: "b", "birth_date": TODAY.replace(year=1990), "investment_grade": "C1"},
        {KEY: "c", "birth_date": TODAY.replace(year=2015), "investment_grade": "C4"}, {KEY: "d", "birth_date": TODAY.replace(year=1990), "investment_grade": "C3"},
        {KEY: "e", "birth_date": None, "investment_grade": None},
    ]  # fmt: skip
    consents = [{KEY: key, "purpose": "marketing", "state": "granted"} for key in "abce"] + [
        {KEY: "d", "purpose": "marketing", "state": "refused"}
    ]
    offers = [{KEY: "e", "type": "offer", "on": TODAY - timedelta(n)} for n in (1, 2)] + [
        {KEY: "a", "type": "offer", "on": TODAY - timedelta(40)}
    ]
    found = BOOK.allowed(snapshot(people, consents=consents, interactions=offers))
    assert found == {"a": ("fund", "card"), "b": ("card",), "c": ("card",), "d": (), "e": ()}
    assert BOOK.products[0].label("zh") == "基金"
    assert BOOK.inputs.names == ("birth_date", "investment_grade", "consents", "interactions")


def test_a_book_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "offers.toml"
    file.write_text(
        "version = '1'\neverybody = \"tag('marketable')\"\n[product.fund]\nzh = '基金'\nwhen = 'age >= 18'\n[product.card]\n",
        encoding="utf-8",
    )
    book = OfferBook.read(file)
    assert [one.name for one in book.products] == ["fund", "card"]
    people = [
        {KEY: "a", "birth_date": TODAY.replace(year=1990), "tag:marketable": True},
        {KEY: "b", "birth_date": None, "tag:marketable": False},
    ]
    assert book.allowed(snapshot(people)) == {"a": ("fund", "card"), "b": ()}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version = 1",
        "version = '1'\nproduct = 3",
        "version = '1'\n[product.a]\nx = 1",
        "version = '1'\n[product.a]\nwhen = 3",
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "offers.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises((ConfigurationError, RuleError)):
        OfferBook.read(file)


@pytest.mark.parametrize(
    "wrong",
    [
        {"products": []}, {"products": [Offered(name="a"), Offered(name="a")]}, {"products": [Offered(name="a", when="nothing = 1")]},
        {"products": [Offered(name="a", when="(")]}, {"products": [Offered(name="a")], "everybody": "aum > 3"}, {"products": [Offered(name="everybody")]},
    ],
)  # fmt: skip
def test_a_book_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RuleError):
        OfferBook(**{"version": "1", **wrong})


def test_how_far_the_next_tier_is() -> None:
    floors = {"gold": 50_000_00, "mass": 0, "wealth": 500_000_00}
    assert tier_distance([0, 40_000_00, 49_999_99, 50_000_00, 400_000_00, 600_000_00], floors) == [
        None, ("gold", 10_000_00), ("gold", 1), None, ("wealth", 100_000_00), None,
    ]  # fmt: skip
    assert tier_distance([], floors) == []
    assert tier_distance([71], {"gold": 100}, within=0.29) == [("gold", 29)]
    assert tier_distance([0], floors, within=1) == [("gold", 50_000_00)]
    for amounts, given_floors, within in (
        ([1.5], floors, 0.2),
        ([1], {}, 0.2),
        ([1], {"a": 1, "b": 1}, 0.2),
        ([1], {"a": -1}, 0.2),
        ([1], floors, 0),
    ):
        with pytest.raises(InputError):
            tier_distance(amounts, given_floors, within=within)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30), st.sets(st.integers(1, 10**6), min_size=1, max_size=5))
def test_whoever_brings_what_is_missing_is_there(amounts: list[int], bounds: set[int]) -> None:
    floors = {f"t{floor}": floor for floor in bounds}
    for amount, found in zip(amounts, tier_distance(amounts, floors), strict=True):
        if found is not None:
            name, missing = found
            assert 0 < missing <= 0.2 * floors[name]
            assert amount + missing == floors[name]


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(FitError, match="no product is held by 50"):
        NextProduct.fitted(baskets(HELD))
    model = NextProduct.fitted(baskets(HELD), least=1)
    for most in (0, 21):
        with pytest.raises(InputError):
            model.offers("a", most=most)
    with pytest.raises(InputError, match="of one length"):
        held_by([1, 2], ["a"])
    assert held_by(["x", "x", "y"], ["a", "b", "a"]) == {"x": frozenset("ab"), "y": frozenset("a")}
