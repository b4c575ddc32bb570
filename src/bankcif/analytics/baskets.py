"""
Which products customers hold together: frequent sets of products, and rules from one set to another product, with how much surer than chance they are.

Equal holdings are counted together at first, as bits of one number, so that all further work is over as many rows as there are different holdings: thousands, of a million customers. Sets
are built level by level; a set can be frequent only if all sets within it are.

Source: Agrawal, Srikant, Fast Algorithms for Mining Association Rules (VLDB 1994), section 2.1; lift, leverage and conviction after Brin, Motwani, Ullman, Tsur, Dynamic Itemset Counting
and Implication Rules for Market Basket Data (SIGMOD 1997), and Piatetsky-Shapiro, Discovery, Analysis, and Presentation of Strong Rules (1991).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ..errors import InputError
from ._html import html_table
from .histories import named

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Baskets", "HoldingRule"]

_MOST_PRODUCTS, _MOST_SETS = 63, 100_000


@attrs.frozen(kw_only=True)
class HoldingRule:
    """
    Who holds one set of products, and how many of them hold another product, too.

    Attributes:
        given: The set.
        then: The other product.
        both, of_given, of_then, customers: How many hold all of it, the set, and the other product; and how many customers there are.
    """

    given: frozenset[str]
    then: str
    both: int
    of_given: int
    of_then: int
    customers: int

    @property
    def support(self) -> float:
        """Which share of all customers holds all of it."""
        return self.both / self.customers

    @property
    def confidence(self) -> float:
        """Which share of those who hold the set holds the other product."""
        return self.both / self.of_given

    @property
    def lift(self) -> float:
        """How many times as many hold both as if the one had nothing to do with the other: 1 if it has not."""
        return float(Fraction(self.both * self.customers, self.of_given * self.of_then))

    @property
    def leverage(self) -> float:
        """Which share of all customers holds both beyond those who would by chance; below 0 if fewer do."""
        return float(Fraction(self.both, self.customers) - Fraction(self.of_given * self.of_then, self.customers**2))

    @property
    def conviction(self) -> float | None:
        """How many times as often the rule would be wrong by chance as it is; None where it never is."""
        wrong = self.of_given - self.both
        if not wrong:
            return None
        return float(Fraction(self.of_given * (self.customers - self.of_then), self.customers * wrong))


@attrs.frozen(eq=False, repr=False)
class Baskets:
    """
    What each of some customers holds.

    Attributes:
        products: Names of products, in order; the place of each is its bit.
        holdings: Different holdings, each a number of bits.
        counts: How many customers have each.
    """

    products: tuple[str, ...]
    holdings: NDArray[np.int64]
    counts: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"Baskets({self.customers:,} customers, {len(self.products)} products, {len(self.counts):,} different holdings)"

    def _repr_html_(self) -> str:
        """How many hold each product, for notebooks."""
        held = [
            (name, int(self.counts[(self.holdings >> place) & 1 == 1].sum()))
            for place, name in enumerate(self.products)
        ]
        return html_table(repr(self), ("product", "customers"), sorted(held, key=lambda one: -one[1]))

    @property
    def customers(self) -> int:
        """How many customers there are, those who hold nothing among them."""
        return int(self.counts.sum())

    @classmethod
    def of_rows(
        cls,
        keys: Sequence[Any] | NDArray[Any],
        products: Sequence[str] | NDArray[np.str_],
        *,
        customers: int | None = None,
    ) -> Baskets:
        """
        The baskets of rows of holdings; a product held twice counts once.

        Args:
            keys, products: Whose row it is, and of which product; whoever asks leaves out what is closed.
            customers: How many there are with those who hold nothing, of whom there is no row; without it, there are none.

        Raises:
            InputError: Columns of different lengths, fewer than two products or more than 63, or fewer customers than hold something.
        """
        if not all(isinstance(one, str) for one in products):
            raise InputError("a product is missing, or has no name", path="$.products", rule="baskets")
        who, what = np.asarray(keys), np.asarray(products, dtype=np.str_)
        if who.shape != what.shape or who.ndim != 1:
            raise InputError("keys and products are columns of one length", path="$.products", rule="baskets")
        names, bit = np.unique(what, return_inverse=True)
        if not 2 <= len(names) <= _MOST_PRODUCTS:
            raise InputError(
                f"there are {len(names)} products; what is held together is told of 2 to {_MOST_PRODUCTS}", path="$.products", rule="products"
            )  # fmt: skip
        persons, number = named(who)
        held = np.zeros(len(persons), dtype=np.int64)
        np.bitwise_or.at(held, number, np.left_shift(np.int64(1), bit.astype(np.int64)))
        nothing = 0 if customers is None else customers - len(persons)
        if nothing < 0:
            raise InputError(
                f"{len(persons):,} customers hold something, more than there are", path="$.customers", rule="baskets"
            )
        holdings, counts = np.unique(held, return_counts=True)
        if nothing:
            holdings, counts = np.append(holdings, 0), np.append(counts, nothing)
        return cls(tuple(map(str, names)), holdings, counts.astype(np.int64))

    def frequent(self, least: int, *, most_products: int = 4) -> Mapping[frozenset[str], int]:
        """
        Sets of products that *least* customers hold at least, with how many do.

        Args:
            least: How many customers, at least; also the number below which nobody should be told of.
            most_products: How many products a set has at most.

        Raises:
            InputError: *least* or *most_products* is not above zero, or so many sets are frequent that nobody could read them.
        """
        return {self._named(bits): count for bits, count in self._frequent(least, most_products).items()}

    def rules(self, least: int, *, least_confidence: float = 0.0, most_products: int = 4) -> tuple[HoldingRule, ...]:
        """
        Rules within frequent sets, the greatest lift first; see `frequent`.

        Raises:
            InputError: As `frequent`, or *least_confidence* is no share.
        """
        if not 0 <= least_confidence <= 1:
            raise InputError("a confidence is a share from 0 to 1", path="$.least_confidence", rule="share")
        known = self._frequent(least, most_products)
        found = []
        for bits, both in known.items():
            for bit in _bits(bits):
                given = bits & ~bit
                if given and both >= least_confidence * known[given]:
                    found.append(
                        HoldingRule(
                            given=self._named(given), then=self.products[bit.bit_length() - 1], both=both, of_given=known[given], of_then=known[bit],
                            customers=self.customers,
                        )
                    )  # fmt: skip
        return tuple(sorted(found, key=lambda one: (-one.lift, -one.both, sorted(one.given), one.then)))

    def _frequent(self, least: int, most_products: int) -> dict[int, int]:
        if least < 1 or most_products < 1:
            raise InputError("at least one customer and one product make a set", path="$.least", rule="least")
        found: dict[int, int] = {}
        level = [1 << place for place in range(len(self.products))]
        for size in range(1, most_products + 1):
            counted = {bits: self._count(bits) for bits in level}
            frequent = {bits: count for bits, count in counted.items() if count >= least}
            found |= frequent
            if len(found) > _MOST_SETS:
                raise InputError(
                    f"more than {_MOST_SETS:,} sets are held by {least} customers; ask for more of these", path="$.least", rule="least"
                )  # fmt: skip
            level = sorted({one | other for one, other in _pairs(frequent) if (one | other).bit_count() == size + 1})
            level = [bits for bits in level if all(bits & ~bit in frequent for bit in _bits(bits))]
        return found

    def _count(self, bits: int) -> int:
        return int(self.counts[(self.holdings & bits) == bits].sum())

    def _named(self, bits: int) -> frozenset[str]:
        return frozenset(self.products[bit.bit_length() - 1] for bit in _bits(bits))


def _bits(bits: int) -> Iterator[int]:
    while bits:
        low = bits & -bits
        yield low
        bits ^= low


def _pairs(sets: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Pairs that differ in their highest product alone: each larger set comes of one such pair."""
    heads: dict[int, list[int]] = {}
    for bits in sets:
        heads.setdefault(bits & ~(1 << bits.bit_length() - 1), []).append(bits)
    for alike in heads.values():
        yield from combinations(alike, 2)
