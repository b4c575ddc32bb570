"""The parts of a match model: what each level of a comparison says, and which levels decide by themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from .compare import COMPARATORS, Levels

__all__ = [
    "Alternative",
    "Comparison",
    "DeterministicRule",
    "check_chances",
    "match_weight",
    "millibits_of",
    "model_error",
]


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


def millibits_of(chances: Sequence[float], beside: Sequence[float]) -> tuple[int, ...]:
    """What each level adds, 0 first for a missing value: the logarithm of its chance over that in *beside*."""
    return (0, *(round(1000 * match_weight(one, other)) for one, other in zip(chances, beside, strict=True)))


def check_chances(chances: Sequence[float], name: str, count: int) -> None:
    """Refuses *chances* that are none of *count* levels. Raises `ConfigurationError`."""
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
        weights: Weight of every level in millibits, 0 for a missing value.
        millibits: The same as an array.
    """

    name: str
    comparator: str
    m: tuple[float, ...]
    u: tuple[float, ...]
    unless: tuple[str, ...] = ()
    weights: tuple[int, ...] = attrs.field(init=False, eq=False, repr=False)
    millibits: NDArray[np.int64] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.comparator not in COMPARATORS:
            raise model_error(f"comparison {self.name} names an unknown comparator")
        for chances in (self.m, self.u):
            check_chances(chances, self.name, len(self.labels) - 1)
        object.__setattr__(self, "weights", millibits_of(self.m, self.u))
        object.__setattr__(self, "millibits", np.array(self.weights, np.int64))

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

    def holds_of(self, levels: Mapping[str, int]) -> bool:
        """Whether it holds of one pair."""
        return all(levels[name] >= least for name, least in self.at_least.items())
