"""One machine: blocks by sorting in memory, pairs compared in batches that fit the processor's cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..matching import Lanes, MatchModel
from .blocks import BlockReport, Capped, blocks_of
from .engine import Progress, silent
from .pairs import Pairs

__all__ = ["LocalEngine"]


@attrs.frozen(kw_only=True)
class LocalEngine:
    """
    Joins and compares in this process.

    Attributes:
        most_records: The cap: a block of more records meets under narrower keys.
        most_pairs: Pairs for each record under one rule: if there were more, the rule tells too little in so large a file, and
            its blocks meet under narrower keys but for the smallest.
        batch: How many pairs are compared at once.
    """

    most_records: int = 100
    most_pairs: int = 4
    batch: int = 16_384

    def pairs(
        self, lanes: Lanes, model: MatchModel, progress: Progress = silent, *, capped: Sequence[Capped] | None = None,
        since: int = 0,
    ) -> Pairs:  # fmt: skip
        """See `Engine`. Cost: linear in records (with their sorting) and in pairs; 14 bytes a pair."""
        found: list[Pairs] = []
        whole: list[NDArray[np.bool_]] = []
        reports: list[BlockReport] = []
        told: list[Capped] = []
        for number, rule in enumerate(model.blocking):
            progress("compare", number / len(model.blocking))
            blocks = blocks_of(
                lanes, rule, most_records=self.most_records, most_pairs=self.most_pairs,
                capped=None if capped is None else capped[number], since=since,
            )  # fmt: skip
            for left, right, here, there in blocks.pairs(lanes, self.batch):
                known: dict[str, NDArray[np.bool_]] = {}
                met = np.zeros(len(left), np.uint32)
                new = np.ones(len(left), np.bool_)
                for at, other in enumerate(model.blocking):
                    meets = other.meets(here, there, known)
                    met |= meets.astype(np.uint32) << np.uint32(at)
                    if at < number:
                        # Whichever of the two met all who share a key with it met the other.
                        new &= ~(meets & (whole[at][left] | whole[at][right]))
                rows = np.flatnonzero(new)
                batch = (left, right, met, here, there)
                found.append(_compared(model, *(batch if rows.size == len(left) else (side[rows] for side in batch))))
            whole.append(blocks.whole)
            reports.append(blocks.report)
            told.append(blocks.capped)
        again = ~np.logical_and.reduce([np.ones(len(lanes), np.bool_), *whole])
        return Pairs.joined(found, reports, told, again)


def _compared(
    model: MatchModel, left: NDArray[Any], right: NDArray[Any], met: NDArray[Any], here: Lanes, there: Lanes
) -> Pairs:
    """The pairs of rows *left* and *right* with the levels of their numbers *here* and *there*."""
    return Pairs(
        left=left.astype(np.uint32), right=right.astype(np.uint32), met=met.astype(np.uint16),
        patterns=model.patterns(model.levels(here, there)).astype(np.int32),
    )  # fmt: skip
