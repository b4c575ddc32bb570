"""
Match models: how much each level of each comparison says, in bits, and what else a pair may be.

The weight of a pair is the logarithm of the odds that its two records are one party: of the chance of what is seen if
they are, over the chance of it if they are not. Where they are not, they may be unrelated, or related (one household,
twins, a number that changed hands): each such *alternative* has a share and chances of its own, so that what one
household shares is not counted twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..party import PartyKind
from .blocking import BlockingRule
from .compare import COMPARATORS, Levels
from .comparison import Alternative, Comparison, DeterministicRule, check_chances, millibits_of, model_error
from .frequencies import Frequencies
from .lanes import Lanes, Row

__all__ = ["MODEL_FORMAT", "Compared", "ComparedPair", "MatchModel", "default_model", "model_schema"]

MODEL_FORMAT = "bankcif.match_model/1"
_UNKNOWN = np.iinfo(np.int32).min
_LARGEST_TABLE = 1 << 24


@attrs.frozen(kw_only=True, repr=False)
class Compared:
    """
    What a model says of pairs.

    Attributes:
        levels: Comparison name to the level of each pair, before `Comparison.unless` is applied.
        counted: The same, 0 where a comparison is not counted.
        frequency_millibits: What the frequency of an agreeing value adds.
        weight_millibits: The weight of each pair, prior included.
    """

    levels: Mapping[str, Levels]
    counted: Mapping[str, Levels]
    frequency_millibits: NDArray[np.int64]
    weight_millibits: NDArray[np.int64]

    def pair(self, index: int) -> ComparedPair:
        """Pair *index* alone."""
        return ComparedPair(
            levels={name: int(levels[index]) for name, levels in self.levels.items()},
            counted={name: int(levels[index]) for name, levels in self.counted.items()},
            frequency_millibits=int(self.frequency_millibits[index]),
            weight_millibits=int(self.weight_millibits[index]),
        )


@attrs.frozen(kw_only=True, repr=False)
class ComparedPair:
    """What a model says of one pair; see `Compared`."""

    levels: Mapping[str, int]
    counted: Mapping[str, int]
    frequency_millibits: int
    weight_millibits: int


@attrs.frozen(kw_only=True)
class MatchModel:
    """
    How records of one party kind are weighed.

    Attributes:
        version: Version of the document.
        kind: Party kind.
        source: Where its chances come from.
        prior_millibits: log2 of the odds that any two records are one party, times 1000; see `for_records`.
        comparisons: In the order of explanations.
        alternatives: What else a pair may be.
        frequencies: How common agreeing values are; frozen until the model is trained anew.
        blocking: Under which keys records of a file meet.
        deterministic: Rules that make a match by themselves.
        possible_millibits, link_millibits: From which weight on a pair is a possible match, and one that links where no person
            is asked (a file is cleaned of duplicates; the store's own links go by the link policy).
    """

    version: str
    kind: PartyKind
    source: str = ""
    prior_millibits: int
    comparisons: tuple[Comparison, ...]
    alternatives: tuple[Alternative, ...] = ()
    frequencies: tuple[Frequencies, ...] = ()
    blocking: tuple[BlockingRule, ...] = ()
    deterministic: tuple[DeterministicRule, ...] = ()
    possible_millibits: int = 3000
    link_millibits: int = 3000
    _table: NDArray[np.int32] | None = attrs.field(init=False, eq=False, repr=False, default=None)

    def __attrs_post_init__(self) -> None:
        by_name = {c.name: c for c in self.comparisons}
        if len(by_name) != len(self.comparisons) or "name" not in by_name:
            raise model_error("a model needs comparisons of different names, and one called name")
        named = {other for c in self.comparisons for other in c.unless}
        named |= {name for a in self.alternatives for name in a.chances}
        named |= {name for r in self.deterministic for name in r.at_least} | {f.comparison for f in self.frequencies}
        if unknown := sorted(named - by_name.keys()):
            raise model_error(f"the model names comparisons that it does not have: {', '.join(unknown)}")
        for alternative in self.alternatives:
            if abs(alternative.share_bits) > 200:
                raise model_error(f"the share of {alternative.name} is none: its bits lie between -200 and 200")
            for name, chances in alternative.chances.items():
                check_chances(chances, f"{name} of {alternative.name}", len(by_name[name].u))
        if math.prod(self.sizes) >= 1 << 31 or len(self.blocking) > 16:
            raise model_error(
                "a model has at most sixteen blocking rules, and so many levels that 2^31 patterns suffice"
            )
        if self.link_millibits < self.possible_millibits:
            raise model_error("what links must weigh as much as what is possible, or more")

    def for_records(self, count: int, doubles: float = 0.75) -> MatchModel:
        """
        The model with the prior of a file of *count* records: the fewer there are, the likelier are any two one party, or of one
        household.

        Args:
            count: Its records.
            doubles: How many true pairs there are for each record.
        """
        prior = round(1000 * math.log2(min(2 * doubles / max(count, 2), 0.5)))
        more = (prior - self.prior_millibits) / 1000
        alternatives = tuple(attrs.evolve(one, share_bits=one.share_bits + more) for one in self.alternatives)
        return attrs.evolve(self, prior_millibits=prior, alternatives=alternatives)

    @cached_property
    def _instead(self) -> list[tuple[int, list[tuple[str, tuple[int, ...]]]]]:
        """Of each alternative, its share and what each level of its comparisons adds, in millibits."""
        return [
            (
                round(1000 * one.share_bits),
                [(c.name, millibits_of(one.chances[c.name], c.u)) for c in self.comparisons if c.name in one.chances],
            )
            for one in self.alternatives
        ]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many levels each comparison has, missing included."""
        return tuple(len(c.labels) for c in self.comparisons)

    def levels(self, left: Lanes, right: Lanes) -> dict[str, Levels]:
        """The levels of the pairs of rows of *left* and *right*."""
        return {c.name: COMPARATORS[c.comparator].levels(left, right) for c in self.comparisons}

    def compare(self, left: Lanes, right: Lanes) -> Compared:
        """Levels and weights of the pairs of rows of *left* and *right*."""
        levels, here = self.levels(left, right), np.arange(len(left))
        frequency = self.frequency_millibits(levels, np.concatenate((left, right)), here, here + len(left))
        return Compared(
            levels=levels, counted=self.counted(levels), frequency_millibits=frequency,
            weight_millibits=self.weights(self.patterns(levels)) + frequency,
        )  # fmt: skip

    def pair(self, one: Row, other: Row) -> ComparedPair:
        """`compare` of one pair, which costs a hundredth of what it does for a short array."""
        levels = {c.name: COMPARATORS[c.comparator].level(one, other) for c in self.comparisons}
        counted = dict(levels)
        for comparison in self.comparisons:
            if any(levels[name] for name in comparison.unless):
                counted[comparison.name] = 0
        frequency = sum([each.added(levels[each.comparison], one, other) for each in self.frequencies])
        weights = [comparison.weights[counted[comparison.name]] for comparison in self.comparisons]
        return ComparedPair(
            levels=levels, counted=counted, frequency_millibits=frequency,
            weight_millibits=self.prior_millibits + self.lost(self.odds_of(counted)) + sum(weights) + frequency,
        )  # fmt: skip

    def frequency_millibits(
        self, levels: Mapping[str, Levels], lanes: Lanes, left: NDArray[Any], right: NDArray[Any]
    ) -> NDArray[np.int64]:
        """What the frequencies of the agreeing values of each pair of rows *left* and *right* of *lanes* add."""
        found = np.zeros(len(left), dtype=np.int64)
        for one in self.frequencies:
            one.add(found, levels[one.comparison], np.ascontiguousarray(lanes), left, right)
        return found

    def counted(self, levels: Mapping[str, Levels]) -> dict[str, Levels]:
        """*levels* with 0 where a comparison is not counted beside another."""
        found = {}
        for comparison in self.comparisons:
            level = levels[comparison.name]
            for other in comparison.unless:
                level = np.where(levels[other] > 0, np.uint8(0), level)
            found[comparison.name] = level
        return found

    def patterns(self, levels: Mapping[str, Levels]) -> NDArray[np.int64]:
        """The levels of each pair as one number: `levels_of` takes it apart."""
        found = np.zeros(len(levels[self.comparisons[0].name]), np.int64)
        for comparison, size in zip(self.comparisons, self.sizes, strict=True):
            found *= size
            found += levels[comparison.name]
        return found

    def patterns_of(self, lanes: Lanes, left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.int32]:
        """`patterns` of the pairs of rows *left* and *right* of *lanes*. Cost: some 0.2 µs a pair."""
        from .kernels.levels import patterns_of

        functions = [COMPARATORS[c.comparator].level for c in self.comparisons]
        return patterns_of(functions, self.sizes, lanes, left, right)

    def levels_of(self, patterns: NDArray[np.int64]) -> dict[str, Levels]:
        """The levels of each pattern."""
        found, rest = {}, patterns
        for comparison, size in zip(reversed(self.comparisons), reversed(self.sizes), strict=True):
            rest, level = np.divmod(rest, size)
            found[comparison.name] = level.astype(np.uint8)
        return {c.name: found[c.name] for c in self.comparisons}

    def weights(self, patterns: NDArray[np.int64] | NDArray[np.int32]) -> NDArray[np.int64]:
        """The weight of each pattern, frequencies aside; each different one is computed once in the model's life."""
        if math.prod(self.sizes) > _LARGEST_TABLE:
            distinct, inverse = np.unique(patterns.astype(np.int64), return_inverse=True)
            return self._computed(distinct)[inverse]
        if self._table is None:
            object.__setattr__(self, "_table", np.full(math.prod(self.sizes), _UNKNOWN, np.int32))
        table = self._table
        assert table is not None, "made above"
        found = table[patterns]
        if (new := found == _UNKNOWN).any():
            distinct = np.unique(patterns[new]).astype(np.int64)
            table[distinct] = self._computed(distinct)
            found = table[patterns]
        return found.astype(np.int64)

    def _computed(self, patterns: NDArray[np.int64]) -> NDArray[np.int64]:
        counted = self.counted(self.levels_of(patterns))
        weight = np.full(len(patterns), self.prior_millibits, np.int64) + self.alternative_millibits(counted)
        for comparison in self.comparisons:
            weight += comparison.millibits[counted[comparison.name]]
        return weight

    def odds(self, counted: Mapping[str, Levels]) -> NDArray[np.float64]:
        """
        How much likelier the levels are from each alternative than from an unrelated pair, share included; shape
        (alternatives, pairs).
        """
        some = counted[self.comparisons[0].name]
        found = np.empty((len(self.alternatives), len(some)))
        for row, (share, weights) in zip(found, self._instead, strict=True):
            bits = np.full(len(some), share, np.int64)
            for name, of_level in weights:
                bits += np.array(of_level, np.int64)[counted[name]]
            # Of whole millibits, each power computed alone: the same on every machine.
            row[:] = [2.0 ** (value / 1000) for value in bits.tolist()]
        return found

    def odds_of(self, counted: Mapping[str, int]) -> list[float]:
        """`odds` of one pair."""
        return [
            2.0 ** ((share + sum([of_level[counted[name]] for name, of_level in weights])) / 1000)
            for share, weights in self._instead
        ]

    def alternative_millibits(self, counted: Mapping[str, Levels]) -> NDArray[np.int64]:
        """What the weight loses since the pair may be related without being one party."""
        return np.array([self.lost(odds) for odds in self.odds(counted).T.tolist()], np.int64)

    def lost(self, odds: Sequence[float]) -> int:
        """What a weight loses, in millibits, where alternatives have *odds* beside an unrelated pair."""
        total = 1.0
        for each in odds:
            total += each
        return -round(1000 * math.log2(total))

    def to_document(self) -> dict[str, Any]:
        """The model as JSON; `from_document` reads it."""
        from ._document import written

        return written(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> MatchModel:
        """
        A model from its JSON document.

        Raises:
            ConfigurationError: The document has another shape, names what is not known, or holds chances that are none.
        """
        from ._document import read

        return read(document)


@cache
def default_model(kind: PartyKind, *, latin: bool = False) -> MatchModel:
    """
    The model that ships with the library for *kind*; how its chances were set stands in the document.

    Args:
        kind: Party kind.
        latin: Whether most persons have Latin names; without, Chinese ones.
    """
    latin = latin and kind is PartyKind.INDIVIDUAL
    return MatchModel.from_document(json.loads(_data(f"{kind.value}{'-latin' if latin else ''}.json")))


def model_schema() -> dict[str, Any]:
    """The JSON Schema of a model's document."""
    schema: dict[str, Any] = json.loads(_data("match_model.schema.json"))
    return schema


def _data(name: str) -> str:
    return files(__package__ or "bankcif.matching").joinpath("data", name).read_text(encoding="utf-8")
