"""One machine: blocks by sorting in memory, and their pairs compared by as many threads as there are processors."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import attrs
import numpy as np

from ..matching import Lanes, MatchModel
from .blocks import Blocks, Capped, Piece, blocks_of
from .engine import Progress, silent
from .pairs import Pairs
from .threads import threads

__all__ = ["LocalEngine"]

_AHEAD = 2  # rules that are sorted before they are compared


@attrs.frozen(kw_only=True)
class LocalEngine:
    """
    Joins and compares in this process.

    Attributes:
        most_records: The cap: a block of more records meets under narrower keys.
        most_pairs: Pairs for each record under one rule: if there were more, the rule tells too little in so large a file, and
            its blocks meet under narrower keys but for the smallest.
        batch: How many pairs are compared at once.
        threads: How many threads; as many as the machine has processors, if None. The pairs are the same, in the same order.
    """

    most_records: int = 100
    most_pairs: int = 4
    batch: int = 65_536
    threads: int | None = None

    def pairs(
        self, lanes: Lanes, model: MatchModel, progress: Progress = silent, *, capped: Sequence[Capped] | None = None,
        since: int = 0,
    ) -> Pairs:  # fmt: skip
        """See `Engine`. Cost: linear in records (with their sorting) and in pairs; 14 bytes a pair."""
        from ..matching.kernels.meeting import Meeting, pairs_within

        rules, lanes = model.blocking, np.ascontiguousarray(lanes)
        meeting = Meeting.of(rules)
        whole = np.zeros(len(lanes), np.uint16)

        def blocks(number: int) -> Blocks:
            return blocks_of(
                lanes, rules[number], most_records=self.most_records, most_pairs=self.most_pairs,
                capped=None if capped is None else capped[number], since=since,
            )  # fmt: skip

        def compared(number: int, piece: Piece) -> Pairs:
            left, right, met = pairs_within(
                meeting, number, *piece, count=len(lanes), since=since, lanes=lanes, whole=whole
            )
            return Pairs(left=left, right=right, met=met, patterns=model.patterns_of(lanes, left, right))

        found: list[Future[Pairs]] = []
        reports, told = [], []
        with threads(self.threads) as pool:
            # A rule is sorted while the one before it is compared: sorted all at once, they would all stand in memory.
            sorting = [pool.submit(blocks, number) for number in range(min(_AHEAD, len(rules)))]
            for number in range(len(rules)):
                progress("compare", number / len(rules))
                one = sorting.pop(0).result()
                whole |= one.whole.astype(np.uint16) << np.uint16(number)
                found += [pool.submit(compared, number, piece) for piece in one.pieces(self.batch)]
                if number + _AHEAD < len(rules):
                    sorting.append(pool.submit(blocks, number + _AHEAD))
                reports.append(one.report)
                told.append(one.capped)
            parts = [part.result() for part in found]
        return Pairs.joined(parts, reports, told, whole != (1 << len(rules)) - 1)
