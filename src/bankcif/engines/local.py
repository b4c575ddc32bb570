"""One machine: blocks by sorting in memory, pairs compared in batches that fit the processor's cache."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from ..matching import BlockingRule, Lanes, MatchModel
from .blocks import BlockReport, blocks_of
from .pairs import Pairs

__all__ = ["LocalEngine", "Progress"]

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it is done, from 0 to 1."""


def _silent(what: str, share: float) -> None:
    """Tells nobody."""


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

    def pairs(self, lanes: Lanes, model: MatchModel, progress: Progress = _silent) -> Pairs:
        """
        The pairs that meet under the blocking rules of *model*, each once, compared by its comparisons.

        Cost: linear in records (with their sorting) and in pairs; 20 bytes a pair.
        """
        found: list[Pairs] = []
        earlier: list[tuple[BlockingRule, NDArray[np.bool_]]] = []
        reports: list[BlockReport] = []
        for number, rule in enumerate(model.blocking):
            progress("compare", number / len(model.blocking))
            blocks = blocks_of(lanes, rule, most_records=self.most_records)
            for left, right, here, there in blocks.pairs(lanes, self.batch):
                new = np.ones(len(left), np.bool_)
                met = np.full(len(left), 1 << number, np.uint32)
                for at, (other, whole) in enumerate(earlier):
                    meets = other.meets(here, there)
                    new &= ~(meets & whole[left])
                    met |= meets.astype(np.uint32) << np.uint32(at)
                if not new.all():
                    rows = np.flatnonzero(new)
                    if not rows.size:
                        continue
                    left, right, met, here, there = left[rows], right[rows], met[rows], here[rows], there[rows]  # noqa: PLW2901
                for at, other in enumerate(model.blocking[number + 1 :], start=number + 1):
                    met |= other.meets(here, there).astype(np.uint32) << np.uint32(at)
                found.append(
                    Pairs(
                        left=left.astype(np.uint32), right=right.astype(np.uint32), met=met,
                        patterns=model.patterns(model.levels(here, there)),
                    )
                )  # fmt: skip
            earlier.append((rule, blocks.whole))
            reports.append(blocks.report)
        return Pairs.joined(found, reports)
