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
from functools import cache
from importlib.resources import files
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from ..party import PartyKind
from .blocking import BlockingRule
from .compare import COMPARATORS, Levels
from .frequencies import Frequencies
from .lanes import Lanes

__all__ = [
    "MODEL_FORMAT",
    "Alternative",
    "Compared",
    "Comparison",
    "DeterministicRule",
    "MatchModel",
    "default_model",
    "levels_at",
    "match_weight",
    "model_error",
    "model_schema",
]

MODEL_FORMAT = "bankcif.match_model/1"
_UNKNOWN = np.iinfo(np.int32).min
_LARGEST_TABLE = 1 << 24


def model_error(message: str) -> ConfigurationError:
    """What a model that can not be used raises."""
    return ConfigurationError(message, rule="match_model")


def match_weight(m: float, u: float) -> float:
    """
    How many bits one agreement adds to the case for a match.

    Args:
        m: Chance of this level when the pair is the same party; 0 < m <= 1.
        u: Chance of this level when it is not; 0 < u <= 1.

    Returns:
        log2(m / u), in bits. Positive speaks for a match.

    Raises:
        ConfigurationError: *m* or *u* is outside its range.

    Source:
        Fellegi and Sunter, A Theory for Record Linkage (1969).
    """
    if not (0 < m <= 1 and 0 < u <= 1):
        raise model_error("m and u are chances above 0 and at most 1")
    return math.log2(m / u)


def _millibits(chances: Sequence[float], beside: Sequence[float]) -> NDArray[np.int64]:
    bits = [0.0, *(match_weight(one, other) for one, other in zip(chances, beside, strict=True))]
    return np.array([round(1000 * b) for b in bits], dtype=np.int64)


def _check(chances: Sequence[float], name: str, count: int) -> None:
    if len(chances) != count:
        raise model_error(f"comparison {name} needs m and u for {count} levels")
    if abs(sum(chances) - 1) > 1e-6:
        raise model_error(f"the chances of comparison {name} do not sum to 1")
    if min(chances) <= 0:
        raise model_error(f"comparison {name} has a level without a chance; every level may happen")


@attrs.frozen(kw_only=True)
class Comparison:
    """
    One comparison of a model.

    Attributes:
        name: How explanations call it.
        comparator: Name of the comparison function.
        m, u: Chances of levels 1 (different) and up, among matches and among unrelated pairs; each sums to 1.
        unless: Names of comparisons: where one of them compared anything, this one is not counted, since it would
            count the same evidence twice (a resident ID holds birth date, sex and region).
        millibits: Weight of every level, 0 for a missing value.
    """

    name: str
    comparator: str
    m: tuple[float, ...]
    u: tuple[float, ...]
    unless: tuple[str, ...] = ()
    millibits: NDArray[np.int64] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.comparator not in COMPARATORS:
            raise model_error(f"comparison {self.name} names an unknown comparator")
        for chances in (self.m, self.u):
            _check(chances, self.name, len(self.labels) - 1)
        object.__setattr__(self, "millibits", _millibits(self.m, self.u))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the levels, from 0 (missing) up."""
        return COMPARATORS[self.comparator].labels

    def label(self, level: int) -> str:
        """The name of *level*."""
        return self.labels[level]


@attrs.frozen(kw_only=True)
class Alternative:
    """
    What a pair of different parties may be, other than unrelated.

    Attributes:
        name: Such as ``household``; texts carry its label in the languages.
        share_bits: log2 of how many such pairs there are for each unrelated one.
        chances: Comparison name to the chances of levels 1 and up; a comparison that is not named goes as among
            unrelated pairs.
    """

    name: str
    share_bits: float
    chances: Mapping[str, tuple[float, ...]]


@attrs.frozen(kw_only=True)
class DeterministicRule:
    """
    Levels that together make two records one party, whatever they weigh.

    Attributes:
        name: How links name it.
        at_least: Comparison name to the lowest level; a number alone never suffices, so two comparisons at least, and the
            name among them.
    """

    name: str
    at_least: Mapping[str, int]

    def __attrs_post_init__(self) -> None:
        if "name" not in self.at_least or len(self.at_least) < 2:
            raise model_error(f"rule {self.name} must ask for a compatible name beside another comparison")

    def holds(self, levels: Mapping[str, Levels]) -> NDArray[np.bool_]:
        """Of which pairs it holds."""
        found = np.ones(len(levels["name"]), np.bool_)
        for name, least in self.at_least.items():
            found &= levels[name] >= least
        return found


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
                _check(chances, f"{name} of {alternative.name}", len(by_name[name].u))
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

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many levels each comparison has, missing included."""
        return tuple(len(c.labels) for c in self.comparisons)

    def levels(self, left: Lanes, right: Lanes) -> dict[str, Levels]:
        """The levels of the pairs of rows of *left* and *right*."""
        return {c.name: COMPARATORS[c.comparator].levels(left, right) for c in self.comparisons}

    def compare(self, left: Lanes, right: Lanes) -> Compared:
        """Levels and weights of the pairs of rows of *left* and *right*."""
        levels = self.levels(left, right)
        frequency = self.frequency_millibits(levels, left, right)
        return Compared(
            levels=levels, counted=self.counted(levels), frequency_millibits=frequency,
            weight_millibits=self.weights(self.patterns(levels)) + frequency,
        )  # fmt: skip

    def frequency_millibits(self, levels: Mapping[str, Levels], left: Lanes, right: Lanes) -> NDArray[np.int64]:
        """What the frequencies of the agreeing values of each pair add."""
        found = np.zeros(len(left), dtype=np.int64)
        for one in self.frequencies:
            found += one.millibits(levels[one.comparison], left, right)
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
        for row, alternative in zip(found, self.alternatives, strict=True):
            bits = np.full(len(some), round(1000 * alternative.share_bits), np.int64)
            for comparison in self.comparisons:
                if comparison.name in alternative.chances:
                    chances = alternative.chances[comparison.name]
                    bits += _millibits(chances, comparison.u)[counted[comparison.name]]
            # Of whole millibits, each power computed alone: the same on every machine.
            row[:] = [2.0 ** (value / 1000) for value in bits.tolist()]
        return found

    def alternative_millibits(self, counted: Mapping[str, Levels]) -> NDArray[np.int64]:
        """What the weight loses since the pair may be related without being one party."""
        total = np.ones(len(counted[self.comparisons[0].name]))
        for row in self.odds(counted):
            total += row
        return np.array([-round(1000 * math.log2(value)) for value in total.tolist()], np.int64)

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


def levels_at(compared: Compared, index: int) -> dict[str, int]:
    """The uncounted levels of pair *index*, as plain numbers."""
    return {name: int(levels[index]) for name, levels in compared.levels.items()}
