"""
Match models: how many bits each comparison level adds to the case that two records are one party.

A weight is a whole number of millibits, so that the terms of an explanation add up to it exactly, on every machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from ..party import PartyKind
from .compare import COMPARATORS, Levels, Rows
from .features import FeatureTable

__all__ = ["Compared", "Comparison", "MatchModel", "default_model", "levels_at", "match_weight"]


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
        raise ConfigurationError("m and u are chances above 0 and at most 1", rule="match_model")
    return math.log2(m / u)


@attrs.frozen(kw_only=True)
class Comparison:
    """
    One comparison of a model.

    Attributes:
        name: How explanations call it.
        comparator: Name of the comparison function.
        m, u: Chances of levels 1 (different) and up, among matches and among others; each sums to 1.
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
            raise ConfigurationError(f"comparison {self.name} names an unknown comparator", rule="match_model")
        count = len(COMPARATORS[self.comparator].labels) - 1
        if len(self.m) != count or len(self.u) != count:
            raise ConfigurationError(f"comparison {self.name} needs m and u for {count} levels", rule="match_model")
        for chances in (self.m, self.u):
            if abs(sum(chances) - 1) > 1e-6:
                raise ConfigurationError(f"the chances of comparison {self.name} do not sum to 1", rule="match_model")
        bits = [0.0, *(match_weight(m, u) for m, u in zip(self.m, self.u, strict=True))]
        object.__setattr__(self, "millibits", np.array([round(1000 * b) for b in bits], dtype=np.int64))

    def label(self, level: int) -> str:
        """The name of *level*."""
        return COMPARATORS[self.comparator].labels[level]


@attrs.frozen(kw_only=True, repr=False)
class Compared:
    """
    What a model says of pairs.

    Attributes:
        levels: Comparison name to the level of each pair, before `Comparison.unless` is applied.
        counted: The same, 0 where a comparison is not counted.
        weight_millibits: The weight of each pair, prior included.
    """

    levels: Mapping[str, Levels]
    counted: Mapping[str, Levels]
    weight_millibits: NDArray[np.int64]


@attrs.frozen(kw_only=True)
class MatchModel:
    """
    How records of one party kind are weighed.

    Attributes:
        version: Version of the document.
        kind: Party kind.
        prior_millibits: log2 of the odds that a pair which met in a block is one party, times 1000.
        comparisons: In the order of explanations.
    """

    version: str
    kind: PartyKind
    prior_millibits: int
    comparisons: tuple[Comparison, ...]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> MatchModel:
        """
        A model from its JSON document.

        Raises:
            ConfigurationError: The document has another shape, or chances that are none.
        """
        model = None
        try:
            model = cls(
                version=document["version"],
                kind=PartyKind(document["kind"]),
                prior_millibits=round(1000 * document["prior_bits"]),
                comparisons=tuple(
                    Comparison(
                        name=c["name"], comparator=c["comparator"], m=tuple(c["m"]), u=tuple(c["u"]),
                        unless=tuple(c.get("unless", ())),
                    )
                    for c in document["comparisons"]
                ),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError):
            pass
        if model is None:
            raise ConfigurationError("the match model does not have the shape of one", rule="match_model")
        return model

    def compare(self, table: FeatureTable, left: Rows, right: Rows) -> Compared:
        """Levels and weights of the pairs (``left[i]``, ``right[i]``) of rows of *table*."""
        levels = {c.name: COMPARATORS[c.comparator].levels(table, left, right) for c in self.comparisons}
        weight = np.full(len(left), self.prior_millibits, dtype=np.int64)
        counted = {}
        for comparison in self.comparisons:
            level = levels[comparison.name]
            for other in comparison.unless:
                level = np.where(levels[other] > 0, np.uint8(0), level)
            counted[comparison.name] = level
            weight += comparison.millibits[level]
        return Compared(levels=levels, counted=counted, weight_millibits=weight)


@cache
def default_model(kind: PartyKind) -> MatchModel:
    """The model that ships with the library for *kind*; how its chances were set stands in the document."""
    text = files(__package__).joinpath("data", f"{kind.value}.json").read_text(encoding="utf-8")
    return MatchModel.from_document(json.loads(text))


def levels_at(compared: Compared, index: int) -> dict[str, int]:
    """The uncounted levels of pair *index*, as plain numbers."""
    return {name: int(levels[index]) for name, levels in compared.levels.items()}
