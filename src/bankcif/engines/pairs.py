"""The pairs of a file: compared once, and weighed as often as there are models to weigh them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..matching import Lanes, LinkPolicy, MatchModel
from .blocks import BlockReport, Capped

__all__ = ["Edges", "Pairs", "weigh"]

_BATCH = 65_536
_MANY = 1 << 22
_LARGEST_TABLE = 1 << 24


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Pairs:
    """
    All pairs that met, each once; there may be tens of millions, so each is kept in few bytes.

    Attributes:
        left, right: Row numbers, the lower on the left.
        patterns: Their levels as one number; `MatchModel.levels_of` takes it apart.
        met: The rules they met under, a bit a rule.
        reports: What became of each blocking rule.
        capped: Of each rule, the keys of the blocks that were not compared whole.
    """

    left: NDArray[np.uint32]
    right: NDArray[np.uint32]
    patterns: NDArray[np.int32]
    met: NDArray[np.uint16]
    reports: tuple[BlockReport, ...] = ()
    capped: tuple[Capped, ...] = ()

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def joined(
        cls, parts: list[Pairs], reports: Sequence[BlockReport], capped: Sequence[Capped], again: NDArray[np.bool_]
    ) -> Pairs:
        """
        *parts* as one, each pair once; the list is emptied, so that nothing is held twice.

        Args:
            parts: The parts.
            reports, capped: Of each rule.
            again: Of every record, whether it stood in a block that was not compared whole: only two such may have met twice.
        """
        parts.insert(0, _NONE)
        columns = {}
        for name in ("left", "right", "patterns", "met"):
            columns[name] = np.concatenate([getattr(part, name) for part in parts])
        parts.clear()
        left, right = columns["left"], columns["right"]
        twice = np.flatnonzero(again[left] & again[right])
        if twice.size:
            keys = left[twice].astype(np.uint64) << np.uint64(32) | right[twice]
            order = np.argsort(keys, kind="stable")
            keys = keys[order]
            more = twice[order[1:][keys[1:] == keys[:-1]]]
            columns = {name: np.delete(column, more) for name, column in columns.items()}
        return cls(**columns, reports=tuple(reports), capped=tuple(capped))

    def counted(
        self, said: NDArray[np.int8] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
        """
        The distinct patterns with the rules met and what was said of them, and how many pairs have each.

        Args:
            said: Of each pair what a person said: 1 that it is one party, -1 that it is not, 0 nothing; nothing of all by default.
        """
        bits = max(len(self.reports), 1)
        found: list[NDArray[np.int64]] = []
        times: list[NDArray[np.int64]] = []
        for start in range(0, len(self), _MANY):
            part = slice(start, start + _MANY)
            keys = self.patterns[part].astype(np.int64) << bits | self.met[part].astype(np.int64)
            keys = keys * 3 + (1 if said is None else said[part].astype(np.int64) + 1)
            distinct, counts = np.unique(keys, return_counts=True)
            found.append(distinct)
            times.append(counts.astype(np.int64))
        empty = np.zeros(0, np.int64)
        distinct, inverse = np.unique(np.concatenate([*found, empty]), return_inverse=True)
        counts = np.zeros(len(distinct), np.int64)
        np.add.at(counts, inverse, np.concatenate([*times, empty]))
        distinct, told = np.divmod(distinct, 3)
        return distinct >> bits, distinct & ((1 << bits) - 1), counts, (told - 1).astype(np.int8)


_NONE = Pairs(
    left=np.zeros(0, np.uint32),
    right=np.zeros(0, np.uint32),
    patterns=np.zeros(0, np.int64),
    met=np.zeros(0, np.uint32),
)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Edges:
    """
    The pairs that tell something: that link, that may be one party, or that contradict each other under one number.

    Attributes:
        left, right: Row numbers, the lower on the left.
        weight_millibits: Their weight.
        patterns: Their levels as one number.
        automatic, possible, contradicted: What the link policy says of them.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    weight_millibits: NDArray[np.int64]
    patterns: NDArray[np.int64]
    automatic: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    contradicted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def joined(cls, one: Edges, other: Edges) -> Edges:
        """Both, ordered by row numbers; they have no pair in common."""
        columns = {
            field.name: np.concatenate((getattr(one, field.name), getattr(other, field.name)))
            for field in attrs.fields(cls)
        }
        order = np.lexsort((columns["right"], columns["left"]))
        return cls(**{name: column[order] for name, column in columns.items()})


def weigh(pairs: Pairs, lanes: Lanes, model: MatchModel, policy: LinkPolicy) -> Edges:
    """
    What *model* and *policy* say of *pairs* of rows of *lanes*.

    The model has the comparisons that the pairs were compared by. Cost: a look-up for each pair, and the values themselves of
    those only that weigh enough for the frequency of a value to count.
    """
    least = policy.possible_from(model) - sum(one.most_millibits for one in model.frequencies)
    found = []
    for start in range(0, len(pairs), _MANY):
        patterns = pairs.patterns[start : start + _MANY].astype(np.int64)
        telling = (model.weights(patterns) >= least) | _asked(patterns, model, policy)
        found.append(np.flatnonzero(telling) + start)
    rows = np.concatenate([*found, np.zeros(0, np.int64)])
    left, right = pairs.left[rows].astype(np.int64), pairs.right[rows].astype(np.int64)
    patterns = pairs.patterns[rows].astype(np.int64)
    weight = model.weights(patterns)
    for start in range(0, len(rows), _BATCH):
        some = slice(start, start + _BATCH)
        here, there = lanes.take(left[some], axis=0), lanes.take(right[some], axis=0)
        weight[some] += model.frequency_millibits(model.levels_of(patterns[some]), here, there)
    links = policy.decide_all(model, model.levels_of(patterns), weight)
    kept = np.flatnonzero(links.automatic | links.possible)
    order = kept[np.lexsort((right[kept], left[kept]))]
    return Edges(
        left=left[order], right=right[order], weight_millibits=weight[order], patterns=patterns[order],
        automatic=links.automatic[order], possible=links.possible[order], contradicted=links.contradicted[order],
    )  # fmt: skip


def _asked(patterns: NDArray[np.int64], model: MatchModel, policy: LinkPolicy) -> NDArray[np.bool_]:
    """Which patterns tell something whatever they weigh."""
    distinct, inverse = _distinct(patterns, math.prod(model.sizes))
    nothing = np.full(len(distinct), np.iinfo(np.int32).min, np.int64)
    links = policy.decide_all(model, model.levels_of(distinct), nothing)
    return (links.automatic | links.possible)[inverse]


def _distinct(patterns: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct patterns of *count* that there may be, and the number of each entry's among them."""
    if count > _LARGEST_TABLE:
        distinct, inverse = np.unique(patterns, return_inverse=True)
        return distinct, inverse
    seen = np.zeros(count, np.bool_)
    seen[patterns] = True
    distinct = np.flatnonzero(seen)
    place = np.zeros(count, np.int64)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[patterns]
