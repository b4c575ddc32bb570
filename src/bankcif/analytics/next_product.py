"""
Which product a customer is likeliest to take next: by what others hold who hold the same, and what of it they may be offered.

Of each product that somebody does not hold, the surest rule from what they hold says how probable it is; where no rule speaks, how many hold it at all. What may be offered is a matter of
rules: who is eligible, for whom it is suitable, who consented and was not addressed too often. How good it is, is told of what was bought afterwards, beside offering everybody what most
have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._extras import need
from .._text import Language
from .._toml import read_toml
from ..errors import ConfigurationError, FitError, InputError, RuleError
from ..rules import Inputs, Needs, inputs, lower, needs, opened_schema, parse
from ..rules.columns import holding
from ._html import html_table
from .baskets import Baskets, HoldingRule
from .histories import named
from .snapshot import KEY, Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Hits", "NextProduct", "Offer", "OfferBook", "Offered", "held_by", "tier_distance"]

_MOST_OFFERS = 20
_EVERYBODY = "everybody"
_MOST_MINOR = 10**18


@attrs.frozen(kw_only=True)
class Offer:
    """
    A product that may be offered.

    Attributes:
        product: Its name.
        probability: Of those who hold what the reason names, or of all where it names nothing, which share holds it.
        lift: How many times as many as among all.
        because: What they hold that speaks for it; empty where it is what most have.
    """

    product: str
    probability: float
    lift: float
    because: frozenset[str]


@attrs.frozen(kw_only=True)
class Hits:
    """
    How often what was offered is what was taken.

    Attributes:
        customers: Who took a product that they had not held.
        hit: Of how many one of these was among the first offers.
        popular: Of how many, had everybody been offered what most have and they do not.
    """

    customers: int
    hit: int
    popular: int

    def _repr_html_(self) -> str:
        """Both rates, for notebooks."""
        rows = [
            ("offered", self.hit, self.customers, self.rate),
            ("by popularity", self.popular, self.customers, self.baseline),
        ]
        return html_table("What was offered is what was taken", ("way", "hit", "of", "rate"), rows)

    @property
    def rate(self) -> float:
        """Which share was hit."""
        return self.hit / self.customers

    @property
    def baseline(self) -> float:
        """Which share would have been by what is popular."""
        return self.popular / self.customers


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NextProduct:
    """
    What follows from what is held together.

    Attributes:
        rules: From sets of products to another, by whom they are followed.
        holders: Of each product, how many hold it.
        customers: Of how many this was told.
    """

    rules: tuple[HoldingRule, ...]
    holders: Mapping[str, int]
    customers: int

    def __repr__(self) -> str:
        return f"NextProduct({len(self.holders)} products, {len(self.rules):,} rules, {self.customers:,} customers)"

    @classmethod
    def fitted(cls, baskets: Baskets, *, least: int = 50, most_products: int = 3) -> NextProduct:
        """
        The rules of *baskets* whose sets are held by *least* customers and more, of at most *most_products*.

        Raises:
            InputError: As `Baskets.rules`.
            FitError: No product is held by so many.
        """
        alone = baskets.frequent(least, most_products=1)
        if not alone:
            raise FitError(
                f"no product is held by {least} customers; ask for fewer, or take more customers",
                path="$.least",
                rule="too_few",
            )
        rules = baskets.rules(least, most_products=most_products)
        return cls(
            rules=rules, holders={next(iter(one)): many for one, many in alone.items()}, customers=baskets.customers
        )

    @property
    def popular(self) -> tuple[str, ...]:
        """Products, those that most hold first."""
        return tuple(sorted(self.holders, key=lambda one: (-self.holders[one], one)))

    def offers(self, held: Iterable[str], *, allowed: Iterable[str] | None = None, most: int = 3) -> tuple[Offer, ...]:
        """
        What somebody may be offered who holds *held*: the likeliest first, of what is *allowed*, or of all.

        Raises:
            InputError: Not 1 to 20 offers.
        """
        if not 1 <= most <= _MOST_OFFERS:
            raise InputError(f"1 to {_MOST_OFFERS} offers", path="$.most", rule="offers")
        mine, may = frozenset(held), None if allowed is None else frozenset(allowed)
        open_ = [one for one in self.holders if one not in mine and (may is None or one in may)]
        best: dict[str, HoldingRule] = {}
        for rule in self.rules:
            if rule.then in open_ and rule.given <= mine and (rule.then not in best or _surer(rule, best[rule.then])):
                best[rule.then] = rule
        found = [self._offer(one, best.get(one)) for one in open_]
        return tuple(sorted(found, key=lambda one: (-one.probability, -one.lift, one.product))[:most])

    def offers_of(
        self, held: Mapping[Any, Iterable[str]], *, allowed: Mapping[Any, Iterable[str]] | None = None, most: int = 3
    ) -> dict[Any, tuple[Offer, ...]]:  # fmt: skip
        """As `offers`, of many customers by their keys; who holds the same and may be offered the same is looked up once."""
        known: dict[Any, tuple[Offer, ...]] = {}
        found = {}
        for key, mine in held.items():
            place = (frozenset(mine), None if allowed is None else frozenset(allowed.get(key, ())))
            if place not in known:
                known[place] = self.offers(place[0], allowed=place[1], most=most)
            found[key] = known[place]
        return found

    def hits(
        self, before: Mapping[Any, Iterable[str]], after: Mapping[Any, Iterable[str]], *, allowed: Mapping[Any, Iterable[str]] | None = None, most: int = 3
    ) -> Hits:  # fmt: skip
        """
        How often one of the first offers as of *before* was taken by *after*, beside offering what is popular; of those who took something that they had not
        held, and who might be offered something.

        Raises:
            FitError: Nobody took anything, so that there is nothing to be right about.
        """
        held = {key: frozenset(mine) for key, mine in before.items()}
        given = None if allowed is None else {key: frozenset(some) for key, some in allowed.items()}
        offered = self.offers_of(held, allowed=given, most=most)
        customers = hit = popular = 0
        for key, had in held.items():
            new = frozenset(after.get(key, ())) - had
            may = self.holders.keys() if given is None else given.get(key, frozenset())
            if not new or not (may & self.holders.keys()) - had:
                continue
            usual = [one for one in self.popular if one not in had and one in may][:most]
            customers += 1
            hit += any(one.product in new for one in offered[key])
            popular += any(one in new for one in usual)
        if not customers:
            raise FitError(
                "nobody took a product that they had not held; wait for a period in which somebody did",
                path="$.after",
                rule="too_few",
            )
        return Hits(customers=customers, hit=hit, popular=popular)

    def _offer(self, product: str, rule: HoldingRule | None) -> Offer:
        share = self.holders[product] / self.customers
        if rule is None:
            return Offer(product=product, probability=share, lift=1.0, because=frozenset())
        return Offer(product=product, probability=rule.confidence, lift=rule.lift, because=rule.given)


def _surer(one: HoldingRule, other: HoldingRule) -> bool:
    """Whether a rule says more: by confidence, then of more customers, then of fewer products."""
    left = (one.confidence, one.both, -len(one.given))
    right = (other.confidence, other.both, -len(other.given))
    return left > right or (left == right and sorted(one.given) < sorted(other.given))


def _offered(said: Iterable[Offered]) -> tuple[Offered, ...]:
    return tuple(said)


@attrs.frozen(kw_only=True)
class Offered:
    """
    A product of the bank's.

    Attributes:
        name: As holdings name it.
        when: Who may be offered it: who is eligible, and for whom it is suitable.
        zh, en: What it is called.
    """

    name: str
    when: str = "true"
    zh: str = ""
    en: str = ""

    def label(self, language: Language) -> str:
        """What it is called."""
        return (self.zh if language == "zh" else self.en) or self.name


@attrs.frozen(kw_only=True, slots=False)
class OfferBook:
    """
    What may be offered to whom, by rules.

        version = "2026.1"
        everybody = "exists(consents where purpose = 'marketing' and state = 'granted') and count(interactions where type = 'offer' within 1 month) < 2"
        [product.fund]
        zh = "基金"
        en = "Fund"
        when = "age >= 18 and investment_grade in ('C3', 'C4', 'C5') and investment_grade_until >= today"

    Attributes:
        version: As the bank counts them.
        everybody: Who may be offered anything: who consented, and was not addressed too often.
        products: In their order.

    Raises:
        RuleError: A product twice, or a rule that is not understood or does not fit; it names the product.
    """

    version: str
    everybody: str = "true"
    products: tuple[Offered, ...] = attrs.field(converter=_offered)

    def __attrs_post_init__(self) -> None:
        names = [one.name for one in self.products]
        if not names or len(set(names)) < len(names) or _EVERYBODY in names:
            raise RuleError("a book of offers has products, each with a name of its own")
        schema = opened_schema(tags=self._read.tags, segments=self._read.segments)
        for name, text in self._texts.items():
            problem = ""
            try:
                lower(parse(text), schema)
            except RuleError as error:
                problem = str(error)
            if problem:
                raise RuleError(f"{name}: {problem}")

    @classmethod
    def read(cls, path: Path) -> OfferBook:
        """
        The book in a TOML file.

        Raises:
            ConfigurationError: There is no such file, it is no TOML, or it holds something else.
            RuleError: It is not understood.
        """
        said = read_toml(path, "book of offers", ConfigurationError, "offers")
        tables = said.get("product", {})
        good = (
            isinstance(tables, dict)
            and set(said) <= {"version", "everybody", "product"}
            and isinstance(said.get("version"), str)
        )
        good = good and isinstance(said.get("everybody", ""), str) and all(
            isinstance(one, dict) and set(one) <= {"when", "zh", "en"} and all(isinstance(text, str) for text in one.values())
            for one in tables.values()
        )  # fmt: skip
        if not good:
            raise ConfigurationError(
                f"{path.name}: a book of offers has a version, everybody, and products with when, zh and en",
                rule="offers",
            )
        products = [Offered(name=name, **one) for name, one in tables.items()]
        return cls(version=said["version"], everybody=said.get("everybody", "true"), products=products)

    @property
    def _texts(self) -> dict[str, str]:
        return {_EVERYBODY: self.everybody, **{one.name: one.when for one in self.products}}

    @property
    def _read(self) -> Needs:
        found = Needs()
        for name, text in self._texts.items():
            problem = ""
            try:
                found |= needs(parse(text))
            except RuleError as error:
                problem = str(error)
            if problem:
                raise RuleError(f"{name}: {problem}")
        return found

    @property
    def inputs(self) -> Inputs:
        """The columns that its rules read, to be extracted."""
        schema = opened_schema(tags=self._read.tags, segments=self._read.segments)
        return inputs(reduce(or_, (needs(parse(text), schema) for text in self._texts.values()), Needs()), schema)

    def allowed(self, snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
        """
        What each customer of a snapshot may be offered on its day, by key; nobody is left out who may be offered nothing.

        Raises:
            InputError: A column is missing that a rule reads, or is not shown as it is.
        """
        pl = need("polars", extra="bulk")
        snapshot.need(self.inputs)
        schema = opened_schema(tags=self._read.tags, segments=self._read.segments)
        rules = {name: lower(parse(text), schema) for name, text in self._texts.items()}
        frames = {name: pl.from_arrow(snapshot.resting(name)) for name in ("", *snapshot.rows)}
        told = holding(rules, schema, frames.pop(""), key=KEY, today=snapshot.as_of, collections=frames)
        names = [one.name for one in self.products]
        rows = told.select(KEY, _EVERYBODY, *names).sort(KEY).iter_rows()
        return {
            key: tuple(name for name, may in zip(names, each, strict=True) if may and every)
            for key, every, *each in rows
        }


def tier_distance(
    amounts: Sequence[int], floors: Mapping[str, int], *, within: float = 0.2
) -> list[tuple[str, int] | None]:
    """
    Of each amount the next tier and how much is missing to it, where that is no more than a share *within* of the tier's floor; None for who is farther off, or on the highest.

    Args:
        amounts: In minor units, of one currency.
        floors: Where each tier begins, in the same.

    Raises:
        InputError: No whole numbers, floors that are equal, or a share that is none.
    """
    good = bool(floors) and all(type(floor) is int and 0 <= floor <= _MOST_MINOR for floor in floors.values())
    order = sorted(floors.items(), key=lambda one: one[1]) if good else []
    whole: NDArray[Any] = np.asarray(amounts) if len(amounts) else np.zeros(0, dtype=np.int64)
    if whole.ndim != 1 or whole.dtype.kind not in "iu" or not order or len({floor for _, floor in order}) < len(order):
        raise InputError(
            "amounts and floors are whole minor units, floors of zero or more and each another",
            path="$.floors",
            rule="floors",
        )
    if not 0 < within <= 1:
        raise InputError("a share is above 0 and at most 1", path="$.within", rule="share")
    share = Fraction(str(within))
    bounds = np.array([floor for _, floor in order])
    found: list[tuple[str, int] | None] = []
    for amount, at in zip(whole.tolist(), np.searchsorted(bounds, whole, side="right").tolist(), strict=True):
        missing = order[at][1] - amount if at < len(order) else None
        found.append((order[at][0], missing) if missing is not None and missing <= share * order[at][1] else None)
    return found


def held_by(keys: Sequence[Any], products: Sequence[str]) -> dict[Any, frozenset[str]]:
    """
    The products of each key, of rows of holdings; whoever asks leaves out what is closed.

    Raises:
        InputError: Columns of different lengths.
    """
    who, what = np.asarray(keys), np.asarray(products, dtype=np.str_)
    if who.shape != what.shape or who.ndim != 1:
        raise InputError("keys and products are columns of one length", path="$.products", rule="baskets")
    names, number = named(who)
    found: list[set[str]] = [set() for _ in names]
    for at, product in zip(number.tolist(), what.tolist(), strict=True):
        found[at].add(product)
    return {key: frozenset(some) for key, some in zip(names.tolist(), found, strict=True)}
