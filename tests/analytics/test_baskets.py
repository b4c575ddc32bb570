"""What is held together: a case by hand, the definitions as a law, and what is refused."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.analytics import Baskets, HoldingRule
from bankcif.errors import InputError

# Ten customers: one holds nothing.
_HELD = ["card", "card fund", "card fund", "card fund loan", "card loan", "fund", "card fund gold", "gold", "card"]
_ROWS = [(n, product) for n, held in enumerate(_HELD) for product in held.split()]


def _ten() -> Baskets:
    return Baskets.of_rows([key for key, _ in _ROWS], [product for _, product in _ROWS], customers=10)


def test_a_case_by_hand() -> None:
    baskets = _ten()
    assert repr(baskets) == "Baskets(10 customers, 4 products, 8 different holdings)"
    assert baskets.frequent(2) == {
        frozenset({"card"}): 7, frozenset({"fund"}): 5, frozenset({"gold"}): 2, frozenset({"loan"}): 2,
        frozenset({"card", "fund"}): 4, frozenset({"card", "loan"}): 2,
    }  # fmt: skip
    rules = {(tuple(sorted(one.given)), one.then): one for one in baskets.rules(2)}
    assert list(rules)[:2] == [(("card",), "loan"), (("loan",), "card")], "the greatest lift first"
    fund = rules[("fund",), "card"]
    assert (fund.both, fund.of_given, fund.of_then, fund.customers) == (4, 5, 7, 10)
    assert (fund.support, fund.confidence) == (0.4, 0.8)
    assert fund.lift == pytest.approx(0.8 / 0.7)
    assert fund.leverage == pytest.approx(0.4 - 0.5 * 0.7)
    assert fund.conviction == pytest.approx((1 - 0.7) / (1 - 0.8))
    assert rules[("loan",), "card"].conviction is None, "never wrong"
    assert ("fund",) in {key[0] for key in rules}
    assert {key for key, one in rules.items() if one.confidence >= 0.8} == {
        (tuple(sorted(one.given)), one.then) for one in baskets.rules(2, least_confidence=0.8)
    }


_rows = st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abcdef")), min_size=2, max_size=60).filter(
    lambda rows: len({product for _, product in rows}) > 1
)


@given(_rows, st.integers(0, 5), st.integers(1, 6), st.integers(1, 6))
def test_they_are_what_their_definitions_say(rows: list[tuple[int, str]], nothing: int, least: int, most: int) -> None:
    held: dict[int, set[str]] = {}
    for key, product in rows:
        held.setdefault(key, set()).add(product)
    n = len(held) + nothing
    baskets = Baskets.of_rows([key for key, _ in rows], [product for _, product in rows], customers=n)
    products = sorted({product for _, product in rows})
    counted = {
        frozenset(some): sum(set(some) <= one for one in held.values())
        for size in range(1, most + 1)
        for some in combinations(products, size)
    }
    wanted = {some: count for some, count in counted.items() if count >= least}
    assert baskets.frequent(least, most_products=most) == wanted
    rules = baskets.rules(least, most_products=most)
    assert {(one.given, one.then, one.both) for one in rules} == {
        (some - {product}, product, count) for some, count in wanted.items() if len(some) > 1 for product in some
    }
    for one in rules:
        assert (one.of_given, one.of_then, one.customers) == (wanted[one.given], wanted[frozenset({one.then})], n)
        share = one.of_then / n
        assert one.lift == pytest.approx(one.confidence / share)
        assert one.leverage == pytest.approx(one.support - one.of_given / n * share)
        if one.conviction is not None:
            assert one.conviction == pytest.approx((1 - share) / (1 - one.confidence))
    assert [one.lift for one in rules] == sorted((one.lift for one in rules), reverse=True)


def test_equal_holdings_are_counted_together_whoever_has_them() -> None:
    generator = np.random.default_rng(20261128)
    keys, products = generator.integers(0, 5_000, 20_000), generator.choice(list("abcdefgh"), 20_000)
    baskets = Baskets.of_rows(keys.tolist(), products.tolist())
    assert len(baskets.counts) <= 255
    mixed = generator.permutation(20_000)
    again = Baskets.of_rows(keys[mixed].tolist(), products[mixed].tolist())
    assert again.rules(50) == baskets.rules(50)


def test_a_rule_by_chance_has_a_lift_of_one() -> None:
    one = HoldingRule(given=frozenset({"a"}), then="b", both=25, of_given=50, of_then=50, customers=100)
    assert (one.lift, one.leverage, one.conviction) == (1, 0, 1)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Baskets.of_rows([1, 2], ["card", "card"]), "products"),
        (lambda: Baskets.of_rows([], []), "products"),
        (lambda: Baskets.of_rows(list(range(64)), [f"p{n}" for n in range(64)]), "products"),
        (lambda: Baskets.of_rows([1], ["card", "fund"]), "baskets"),
        (lambda: Baskets.of_rows([1, 2, 3], ["card", "fund", None]), "baskets"),  # type: ignore[list-item]
        (lambda: Baskets.of_rows([1, "x", None], ["card", "fund", "fund"]), "keys"),
        (lambda: Baskets.of_rows([1, 2], ["card", "fund"], customers=1), "baskets"),
        (lambda: _ten().frequent(0), "least"),
        (lambda: _ten().frequent(1, most_products=0), "least"),
        (lambda: Baskets.of_rows([1] * 40, [f"p{n}" for n in range(40)] [:40]).frequent(1, most_products=6), "least"),
        (lambda: _ten().rules(1, least_confidence=1.1), "share"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(InputError) as told:
        make()
    assert told.value.rule == rule
