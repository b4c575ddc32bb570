"""One machine: blocks by sorting in memory, pairs compared in batches that fit the processor's cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..matching import COMPARATORS, BlockingRule, Lanes, LinkPolicy, MatchModel
from .blocks import BlockReport, Blocks, blocks_of
from .edges import Edges

__all__ = ["LocalEngine"]

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it is done, from 0 to 1."""

Patterns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Patterns of levels, the rules met as bits, and how many pairs."""

_Earlier = Sequence[tuple[BlockingRule, NDArray[np.bool_]]]
_Pairs = tuple[NDArray[np.int64], NDArray[np.int64], Lanes, Lanes]


@attrs.frozen(kw_only=True)
class LocalEngine:
    """
    Joins and compares in this process.

    Attributes:
        most_records: The cap: a block of more records meets under narrower keys.
        batch: How many pairs are compared at once.
    """

    most_records: int = 100
    batch: int = 16_384

    def edges(
        self, lanes: Lanes, model: MatchModel, policy: LinkPolicy, progress: Progress = lambda what, share: None
    ) -> Edges:
        """
        The pairs that tell something: that link, that may be one party, or that contradict each other under one number.

        Cost: linear in records (with their sorting) and in pairs; memory for the pairs that tell something only.
        """
        found: list[Edges] = []
        earlier: list[tuple[BlockingRule, NDArray[np.bool_]]] = []
        reports: list[BlockReport] = []
        for number, rule in enumerate(model.blocking):
            blocks = blocks_of(lanes, rule, most_records=self.most_records)
            progress(rule.name, number / len(model.blocking))
            found += self._compared(lanes, model, policy, blocks, earlier)
            earlier.append((rule, blocks.whole))
            reports.append(blocks.report)
        return Edges.joined(found, reports)

    def patterns(self, lanes: Lanes, model: MatchModel, progress: Progress = lambda what, share: None) -> Patterns:
        """The distinct patterns of levels among all pairs that meet, with the rules they meet under, and how often."""
        found: Counter[int] = Counter()
        shift = len(model.blocking)
        earlier: list[tuple[BlockingRule, NDArray[np.bool_]]] = []
        for number, rule in enumerate(model.blocking):
            blocks = blocks_of(lanes, rule, most_records=self.most_records)
            progress(rule.name, number / len(model.blocking))
            for _, _, here, there in self._new(lanes, blocks, earlier):
                met = np.zeros(len(here), np.int64)
                for at, one in enumerate(model.blocking):
                    met |= one.meets(here, there).astype(np.int64) << at
                levels = {c.name: COMPARATORS[c.comparator].levels(here, there) for c in model.comparisons}
                distinct, counts = np.unique(model.patterns(levels) << shift | met, return_counts=True)
                found.update(dict(zip(distinct.tolist(), counts.tolist(), strict=True)))
            earlier.append((rule, blocks.whole))
        keys = np.array(sorted(found), np.int64)
        return keys >> shift, keys & ((1 << shift) - 1), np.array([found[key] for key in keys.tolist()], np.int64)

    def _compared(
        self, lanes: Lanes, model: MatchModel, policy: LinkPolicy, blocks: Blocks,
        earlier: _Earlier,
    ) -> list[Edges]:  # fmt: skip
        return [
            Edges.of(left, right, here, there, model, policy)
            for left, right, here, there in self._new(lanes, blocks, earlier)
        ]

    def _new(self, lanes: Lanes, blocks: Blocks, earlier: _Earlier) -> Iterator[_Pairs]:
        """The pairs of *blocks* that did not meet under an earlier rule, with the numbers of both sides."""
        for left, right, here, there in blocks.pairs(lanes, self.batch):
            new = np.ones(len(left), np.bool_)
            for other, whole in earlier:
                new &= ~(other.meets(here, there) & whole[left])
            if new.all():
                yield left, right, here, there
            elif new.any():
                yield left[new], right[new], here[new], there[new]
