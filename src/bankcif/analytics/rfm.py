"""
Recency, frequency and amount: when customers last bought within a period, on how many days, and how much, each as a score from 1 up; and segments that rules over
the scores name.

Edges between scores are given, or taken from quantiles and kept: who is scored later is measured by the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from importlib.resources import as_file, files
from itertools import combinations, pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._toml import read_toml
from ..errors import ConfigurationError, FitError, InputError, RuleError
from ..party import Money, is_currency
from ..rules import Kind, Predicate, RuleField, Schema, compiled, lower, parse
from ._html import html_table
from .histories import named, since_1970

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Purchases", "RfmModel", "RfmSegments", "SegmentReport", "starter_segments"]

_MOST_BINS, _MOST_MINOR = 10, 2.0**62
_PARTS = ("recency", "frequency", "amount")
_LEFT_OVER = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Purchases:
    """
    What customers bought within a period.

    Attributes:
        keys: Whose they are, in order.
        recency: How many days before the end of the period the last one was.
        frequency: On how many days somebody bought.
        amount: How much all of it was, in minor units.
        currency: Of which currency.
    """

    keys: NDArray[Any]
    recency: NDArray[np.int64]
    frequency: NDArray[np.int64]
    amount: NDArray[np.int64]
    currency: str

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        return f"Purchases({len(self):,} customers, {self.currency})"

    @classmethod
    def of_days(
        cls, keys: Sequence[Any], days: Sequence[Any], amounts: Sequence[Money] | ArrayLike, *, since: date, until: date, currency: str | None = None
    ) -> Purchases:  # fmt: skip
        """
        What follows from single purchases.

        Args:
            keys, days, amounts: Whose it was, when (dates, or whole numbers since 1970-01-01), and how much: money of one currency, or whole minor units.
            since, until: The first and the last day of the period; others are left out.
            currency: Of minor units.

        Raises:
            InputError: Columns of different lengths, more than one currency or none, no whole minor units, or no purchase within the period.
        """
        minor: Any = amounts
        if minor is not None and len(minor) and all(isinstance(one, Money) for one in minor):
            currencies = sorted({one.currency for one in minor} | ({currency} if currency else set()))
            if len(currencies) > 1:
                raise InputError(
                    f"amounts are of {', '.join(currencies)}; convert them to one currency, or ask for each by itself", path="$.amounts", rule="currency_mix"
                )  # fmt: skip
            currency, minor = currencies[0], [one.minor for one in minor]
        if currency is None or not is_currency(currency):
            raise InputError(
                "say of which currency amounts are: three capital letters", path="$.currency", rule="money"
            )
        who, when, much = np.asarray(keys), since_1970(days), np.asarray(minor)
        if (
            not who.shape == when.shape == much.shape
            or who.ndim != 1
            or not np.issubdtype(much.dtype, np.signedinteger)
        ):
            raise InputError(
                "keys, days and amounts are columns of one length, amounts in whole minor units",
                path="$.amounts",
                rule="amounts",
            )
        first, last = (int(since_1970([day])[0]) for day in (since, until))
        inside = (when >= first) & (when <= last)
        if not inside.any():
            raise InputError(
                f"no purchase lies within the period from {since} to {until}", path="$.until", rule="period"
            )
        if float(np.abs(much[inside].astype(np.float64)).sum()) > _MOST_MINOR:
            raise InputError(
                "amounts are more than an amount can hold; look at their unit", path="$.amounts", rule="amounts"
            )
        names, number = named(who[inside])
        total = np.zeros(len(names), dtype=np.int64)
        np.add.at(total, number, much[inside].astype(np.int64))
        pairs = np.unique(np.stack([number, when[inside]], axis=1), axis=0)
        latest = np.full(len(names), first)
        np.maximum.at(latest, pairs[:, 0], pairs[:, 1])
        often = np.bincount(pairs[:, 0], minlength=len(names))
        return cls(keys=names, recency=last - latest, frequency=often, amount=total, currency=currency)


def _edges(values: Sequence[int]) -> tuple[int, ...]:
    if not all(isinstance(one, int | np.integer) for one in values):
        raise InputError(
            "edges between scores are whole numbers: days, times, minor units", path="$.edges", rule="edges"
        )
    return tuple(int(one) for one in values)


@attrs.frozen(kw_only=True)
class RfmModel:
    """
    Edges between scores.

    A value is above as many edges as are smaller than it: one that equals an edge belongs below it, and equal values have equal scores, so that bins of quantiles are of different
    sizes where many are equal. Of recency few days are the high score.

    Attributes:
        recency, frequency, amount: Edges, each greater than the one before; of recency in days, of amount in minor units.
        currency: Of the amount.

    Raises:
        InputError: Edges that do not rise, none, or too many, or no currency.
    """

    recency: tuple[int, ...] = attrs.field(converter=_edges)
    frequency: tuple[int, ...] = attrs.field(converter=_edges)
    amount: tuple[int, ...] = attrs.field(converter=_edges)
    currency: str

    def _repr_html_(self) -> str:
        """The edges between its scores, for notebooks."""
        rows = [
            (name, " ".join(f"{edge:,}" for edge in getattr(self, name))) for name in ("recency", "frequency", "amount")
        ]
        return html_table(f"Edges between scores, amounts in {self.currency}", ("of", "edges"), rows)

    def __attrs_post_init__(self) -> None:
        for edges in (self.recency, self.frequency, self.amount):
            if not 0 < len(edges) < _MOST_BINS or any(b <= a for a, b in pairwise(edges)):
                raise InputError(
                    f"between scores stand 1 to {_MOST_BINS - 1} edges, each greater than the one before",
                    path="$.edges",
                    rule="edges",
                )
        if not is_currency(self.currency):
            raise InputError("a currency is three capital letters after ISO 4217", path="$.currency", rule="money")

    @classmethod
    def of_quantiles(cls, purchases: Purchases, bins: int = 5) -> RfmModel:
        """
        Edges at the quantiles of *purchases*: the smallest value that at least a share of 1/bins, 2/bins … of the customers do not exceed.

        Raises:
            InputError: Not 2 to 10 bins.
            FitError: So many customers are equal in something that fewer bins come of it; it says in what, and how many.
        """
        if not 2 <= bins <= _MOST_BINS:
            raise InputError(f"there are 2 to {_MOST_BINS} bins", path="$.bins", rule="edges")
        if not len(purchases):
            raise FitError("nobody bought anything, so there are no quantiles", path="$.purchases", rule="too_few")
        found: dict[str, tuple[int, ...]] = {}
        for part in _PARTS:
            values = np.sort(getattr(purchases, part))
            # The k-th of n values, counted from one, is not exceeded by k of them; ceilings in whole numbers.
            edges = [int(values[-(-len(values) * at // bins) - 1]) for at in range(1, bins)]
            several = 1 + len({one for one in edges if one < values[-1]})
            if several < bins:
                raise FitError(
                    f"so many customers are equal in {part} that {bins} bins of quantiles come to {several}; take fewer, or give edges yourself", path=f"$.{part}", rule="too_alike"
                )  # fmt: skip
            found[part] = tuple(edges)
        return cls(**found, currency=purchases.currency)

    def scores(self, purchases: Purchases) -> NDArray[np.int8]:
        """
        Of each customer the scores of recency, frequency and amount, from 1 up: customers by three.

        Raises:
            InputError: They bought in another currency.
        """
        if purchases.currency != self.currency:
            raise InputError(
                f"edges are in {self.currency}, purchases in {purchases.currency}",
                path="$.currency",
                rule="currency_mix",
            )
        columns = [
            1 + np.searchsorted(edges, getattr(purchases, part), side="left")
            for part, edges in zip(_PARTS, (self.recency, self.frequency, self.amount), strict=True)
        ]
        columns[0] = len(self.recency) + 2 - columns[0]
        return np.stack(columns, axis=1).astype(np.int8)

    def score(self, recency: int, frequency: int, amount: Money) -> tuple[int, int, int]:
        """As `scores`, of one customer."""
        one = Purchases(
            keys=np.array([0]), recency=np.array([recency]), frequency=np.array([frequency]), amount=np.array([amount.minor]), currency=amount.currency
        )  # fmt: skip
        first, second, third = map(int, self.scores(one)[0])
        return first, second, third


@attrs.frozen(kw_only=True)
class SegmentReport:
    """
    How customers fall into segments.

    Attributes:
        sizes: Customers of each segment, in order; under an empty name those of none.
        overlaps: Of two segments whose rules both hold, the one before first, how many customers.
        shadowed: Segments whose rule holds of somebody, and which nobody has since one before holds of all of these.
    """

    sizes: Mapping[str, int]
    overlaps: Mapping[tuple[str, str], int]
    shadowed: tuple[str, ...]

    def _repr_html_(self) -> str:
        """Segments with their sizes, and of how many another's rule holds as well, for notebooks."""
        shared = {name: sum(n for pair, n in self.overlaps.items() if name in pair) for name in self.sizes}
        rows = [(name or None, size, shared[name]) for name, size in self.sizes.items()]
        return html_table("Segments", ("segment", "customers", "of whom another's rule holds, too"), rows)


@attrs.frozen(slots=False)
class RfmSegments:
    """
    Segments as rules over the scores ``recency``, ``frequency`` and ``amount`` in an order; the first that holds is a customer's.

    Attributes:
        rules: By name, in order.
        labels: Of each, its name in Chinese and English, where it has one.
        version: Of these rules.

    Raises:
        RuleError: There are none, or a rule is not understood; it says which and where.
    """

    rules: Mapping[str, str]
    labels: Mapping[str, tuple[str, str]] = attrs.field(factory=dict)
    version: str = ""

    def __attrs_post_init__(self) -> None:
        if not self.rules or _LEFT_OVER in self.rules:
            raise RuleError("there is one segment at least, each with a name")
        _ = self._asked

    @classmethod
    def read(cls, path: Path) -> RfmSegments:
        """
        The segments of a TOML file, as `starter_segments` has them.

        Raises:
            ConfigurationError: There is no such file, or it is no TOML.
            RuleError: It is not understood.
        """
        said = read_toml(path, "file of segments", ConfigurationError, "segments")
        tables = said.get("segment")
        known = {"zh", "en", "when"}
        if not isinstance(tables, Mapping) or any(
            not isinstance(one, Mapping) or set(one) != known or not all(isinstance(text, str) for text in one.values())
            for one in tables.values()
        ):
            raise RuleError(f"{path.name}: each segment has zh, en and when, and nothing else")
        rules = {name: one["when"] for name, one in tables.items()}
        return cls(rules, {name: (one["zh"], one["en"]) for name, one in tables.items()}, str(said.get("version", "")))

    @cached_property
    def _asked(self) -> Mapping[str, Predicate]:
        schema = Schema([RuleField(part, Kind.INTEGER, most=_MOST_BINS) for part in _PARTS])
        found: dict[str, Predicate] = {}
        for name, text in self.rules.items():
            try:
                found[name] = compiled(lower(parse(text), schema))
            except RuleError as error:
                raise RuleError(f"segment {name}: {error}") from error
        return found

    def holding(self, recency: int, frequency: int, amount: int) -> tuple[str, ...]:
        """All segments whose rules hold of these scores, in order; the first is the customer's."""
        record = dict(zip(_PARTS, (recency, frequency, amount), strict=True))
        return tuple(name for name, asks in self._asked.items() if asks(record, {}))

    def assigned(self, scores: NDArray[np.int8]) -> tuple[NDArray[np.str_], SegmentReport]:
        """
        The segment of each customer, an empty name where no rule holds, and how they fall. Rules are asked once of each combination of scores, of which there are a
        thousand at most.
        """
        different, place, counts = np.unique(
            np.asarray(scores, dtype=np.int64), axis=0, return_inverse=True, return_counts=True
        )
        held = [self.holding(*map(int, row)) for row in different]
        first = [names[0] if names else _LEFT_OVER for names in held]
        sizes = dict.fromkeys((*self.rules, _LEFT_OVER), 0)
        overlaps: dict[tuple[str, str], int] = {}
        for name, names, many in zip(first, held, counts.tolist(), strict=True):
            sizes[name] += many
            for pair in combinations(names, 2):
                overlaps[pair] = overlaps.get(pair, 0) + many
        met = {name for names in held for name in names}
        shadowed = tuple(name for name in self.rules if name in met and not sizes[name])
        return np.array(first, dtype=np.str_)[place.ravel()], SegmentReport(
            sizes=sizes, overlaps=overlaps, shadowed=shadowed
        )

    def gaps(self, bins: int = 5) -> tuple[tuple[int, int, int], ...]:
        """
        Combinations of scores from 1 to *bins* of which no rule holds.

        Raises:
            InputError: Not 1 to 10 bins.
        """
        if not 1 <= bins <= _MOST_BINS:
            raise InputError(f"there are 1 to {_MOST_BINS} bins", path="$.bins", rule="edges")
        every = product(range(1, bins + 1), repeat=3)
        return tuple((r, f, m) for r, f, m in every if not self.holding(r, f, m))


@cache
def starter_segments() -> RfmSegments:
    """The eight segments that ship with the library, of scores from 1 to 5: an example to begin with."""
    with as_file(files(__package__ or "bankcif.analytics") / "data" / "rfm_segments.toml") as path:
        return RfmSegments.read(path)
