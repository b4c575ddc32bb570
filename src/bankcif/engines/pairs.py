"""The pairs of a file: compared once, and weighed as often as there are models to weigh them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import attrs
import numpy as np
from numpy.typing import NDArray

from ..matching import Lanes, LinkPolicy, MatchModel
from .blocks import BlockReport, Capped
from .threads import threads

__all__ = ["Edges", "Pairs", "patterns_among", "weigh"]

_MANY = 1 << 18
_LARGEST_TABLE = 1 << 24


_Counted = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]


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

    def counted(self, said: NDArray[np.int8] | None = None) -> _Counted:
        """
        The distinct patterns with the rules met and what was said of them, and how many pairs have each.

        Args:
            said: Of each pair what a person said: 1 that it is one party, -1 that it is not, 0 nothing; nothing of all by default.
        """
        return self._unsaid if said is None else self._count(said)

    @cached_property
    def _unsaid(self) -> _Counted:
        return self._count(None)

    def _count(self, said: NDArray[np.int8] | None) -> _Counted:
        bits = max(len(self.reports), 1)

        def of_part(start: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            part = slice(start, start + _MANY)
            keys = self.patterns[part].astype(np.int64) << bits | self.met[part].astype(np.int64)
            return np.unique(keys * 3 + (1 if said is None else said[part].astype(np.int64) + 1), return_counts=True)

        with threads(None) as pool:
            found = [(np.zeros(0, np.int64),) * 2, *pool.map(of_part, range(0, len(self), _MANY))]
        distinct, inverse = np.unique(np.concatenate([keys for keys, _ in found]), return_inverse=True)
        counts = np.zeros(len(distinct), np.int64)
        np.add.at(counts, inverse, np.concatenate([times for _, times in found]))
        distinct, told = np.divmod(distinct, 3)
        return distinct >> bits, distinct & ((1 << bits) - 1), counts, (told - 1).astype(np.int8)


_NONE = Pairs(
    left=np.zeros(0, np.uint32),
    right=np.zeros(0, np.uint32),
    patterns=np.zeros(0, np.int32),
    met=np.zeros(0, np.uint16),
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

    left: NDArray[np.uint32]
    right: NDArray[np.uint32]
    weight_millibits: NDArray[np.int32]
    patterns: NDArray[np.int32]
    automatic: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    contradicted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def joined(cls, *parts: Edges) -> Edges:
        """All of them, ordered by row numbers; they have no pair in common."""
        left, right = (np.concatenate([getattr(part, side) for part in parts]) for side in ("left", "right"))
        order = np.argsort(left.astype(np.uint64) << np.uint64(32) | right)
        return cls(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])[order]
                for field in attrs.fields(cls)
            }
        )


def weigh(pairs: Pairs, lanes: Lanes, model: MatchModel, policy: LinkPolicy, *, workers: int | None = None) -> Edges:
    """
    What *model* and *policy* say of *pairs* of rows of *lanes*.

    Args:
        pairs, lanes, model, policy: As said.
        workers: How many threads weigh; as many as the machine has processors, if None.

    The model has the comparisons that the pairs were compared by. Cost: each pattern is weighed and decided once, a pair is a
    look-up; the values themselves are looked at only where a pattern weighs enough for their frequency to count.
    """
    distinct, place_of = patterns_among(pairs.patterns, model)
    levels, weights = model.levels_of(distinct), model.weights(distinct)
    # What is decided whatever the weight; the weight adds possible matches.
    links = policy.decide_all(model, levels, np.full(len(distinct), np.iinfo(np.int32).min, np.int64))
    enough = policy.possible_from(model)
    telling = weights >= enough - sum(one.most_millibits for one in model.frequencies)
    telling |= links.automatic | links.possible
    looked_at = {one.comparison for one in model.frequencies}

    def weighed(start: int) -> Edges:
        part = slice(start, start + _MANY)
        at = place_of(pairs.patterns[part])
        rows = np.flatnonzero(telling[at])
        at = at[rows]
        left, right = pairs.left[part][rows], pairs.right[part][rows]
        of_pairs = {name: levels[name][at] for name in looked_at}
        weight = weights[at] + model.frequency_millibits(of_pairs, lanes, left, right)
        automatic = links.automatic[at]
        possible = links.possible[at] | (~automatic & (weight >= enough))
        kept = np.flatnonzero(automatic | possible)
        return Edges(
            left=left[kept], right=right[kept], weight_millibits=weight[kept].astype(np.int32),
            patterns=distinct[at[kept]].astype(np.int32),
            automatic=automatic[kept], possible=possible[kept], contradicted=links.contradicted[at[kept]],
        )  # fmt: skip

    with threads(workers) as pool:
        return Edges.joined(_NOTHING, *pool.map(weighed, range(0, len(pairs), _MANY)))


_NOTHING = Edges(
    left=np.zeros(0, np.uint32), right=np.zeros(0, np.uint32), weight_millibits=np.zeros(0, np.int32),
    patterns=np.zeros(0, np.int32), automatic=np.zeros(0, np.bool_), possible=np.zeros(0, np.bool_),
    contradicted=np.zeros(0, np.bool_),
)  # fmt: skip


def patterns_among(
    patterns: NDArray[np.int32], model: MatchModel
) -> tuple[NDArray[np.int64], Callable[[NDArray[np.int32]], NDArray[np.int64]]]:
    """The distinct ones of *patterns* that pairs were given by *model*, and what tells the place of each among them."""
    count = math.prod(model.sizes)
    if count > _LARGEST_TABLE:
        distinct = np.unique(patterns).astype(np.int64)
        return distinct, lambda patterns: np.searchsorted(distinct, patterns)
    seen = np.zeros(count, np.bool_)
    seen[patterns] = True
    found = np.flatnonzero(seen)
    place = np.zeros(count, np.int32)
    place[found] = np.arange(len(found))
    return found, lambda patterns: place[patterns].astype(np.int64)
