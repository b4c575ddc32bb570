"""
Blocks: which records of a file meet, found by sorting.

A key and the number of its record stand in one number of 64 bits, the key's high bits in front; sorted, the records of
a block are neighbours. A block too large to be compared whole meets under narrower keys, and what is too large even
then is told, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
from numpy.typing import NDArray

from ..matching import BlockingRule, Lanes

__all__ = ["FEW_PAIRS", "BlockReport", "Blocks", "Capped", "blocks_of"]

_Entries = NDArray[np.uint32]
_Bounds = NDArray[np.int64]
Piece = tuple[_Entries, _Bounds, int]
FEW_PAIRS = 1_000_000  # so many are compared in a second, whatever the file

Capped = tuple[NDArray[np.uint64], ...]
"""Keys of blocks that are not compared whole, ascending: first of the rule itself, then with each narrower part."""


@attrs.frozen(kw_only=True)
class BlockReport:
    """
    What became of a blocking rule.

    Attributes:
        rule: Its name.
        pairs: Pairs that met under it.
        largest: Records of its largest block.
        narrowed: Blocks above the cap, whose records met under a narrower key.
        capped: Blocks that were above the cap under the narrowest key too.
        left_out: Records in these, and records of narrowed blocks without a narrower key: they met under other rules only.
    """

    rule: str
    pairs: int = 0
    largest: int = 0
    narrowed: int = 0
    capped: int = 0
    left_out: int = 0


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Blocks:
    """
    The blocks of one rule.

    Attributes:
        runs: Entries block after block, with where each block begins and the end of the last; an entry is the number of a
            record, plus the number of all records for each place of its key after the first.
        whole: Of every record, whether all records that share a key of the rule with it met it.
        capped: The keys of the blocks that were not compared whole, for each narrower part that was added.
        report: What became of the rule.
    """

    runs: list[tuple[_Entries, _Bounds]]
    whole: NDArray[np.bool_]
    capped: Capped
    report: BlockReport

    def pieces(self, most: int) -> Iterator[Piece]:
        """
        Some blocks after others, with about *most* pairs at once: their entries, where each begins and the last ends, and for how
        many entries, from the first on, their pairs with those behind them are asked for. A larger block is cut in several.
        """
        for entries, bounds in self.runs:
            sizes = np.diff(bounds)
            pairs = np.concatenate(([0], np.cumsum(sizes * (sizes - 1) // 2)))
            first = 0
            while first < len(sizes):
                last = max(int(np.searchsorted(pairs, pairs[first] + most, "right")) - 1, first + 1)
                start, stop = int(bounds[first]), int(bounds[last])
                while last == first + 1 and (stop - start) * (stop - start - 1) // 2 > most:
                    some = max(most // (stop - start), 1)
                    yield entries[start:stop], np.array([0, stop - start]), some
                    start += some
                if start + 1 < stop:
                    yield entries[start:stop], np.maximum(bounds[first : last + 1] - start, 0), stop - start
                first = last


def blocks_of(
    lanes: Lanes,
    rule: BlockingRule,
    *,
    most_records: int,
    most_pairs: int,
    capped: Capped | None = None,
    since: int = 0,
) -> Blocks:
    """
    The blocks of *rule* among *lanes*.

    Args:
        lanes: All records.
        rule: Its name and parts.
        most_records: The cap: a block of more records is not compared whole.
        most_pairs: Pairs for each record: with more, only blocks are compared whole that can not hold more.
        capped: What an earlier run did not compare whole; then these blocks are not, and all others are.
        since: Only blocks that hold a record from this number on are made.

    Cost: a sort of all keys, and one more of what is narrowed; with *since*, a look at all keys, and the sort of those reached.
    """
    from ..matching.kernels.meeting import blocks_among

    count = len(lanes)
    whole = np.ones(count, np.bool_)
    runs: list[tuple[_Entries, _Bounds]] = []
    keys = rule.keys(lanes).reshape(-1)
    if since:
        keys[~np.isin(keys, np.unique(keys.reshape(-1, count)[:, since:]))] = 0
    told: list[NDArray[np.uint64]] = []
    pairs = largest = narrowed = too_large = left_out = 0
    for level in range(len(rule.narrower) + 1):
        entries, bounds = blocks_among(keys)
        sizes, firsts = np.diff(bounds), keys[entries[bounds[:-1]]]
        largest = largest or int(sizes.max(initial=0))
        if capped is None:
            large = sizes > most_records
            kept = sizes[~large]
            if (kept * (kept - 1) // 2).sum() > max(most_pairs * count, FEW_PAIRS):
                large = sizes > 2 * most_pairs + 1
        else:
            large = np.isin(firsts, capped[level]) if level < len(capped) else np.zeros(len(sizes), np.bool_)
        told.append(np.sort(firsts[large]))
        inside = np.repeat(large, sizes)
        kept = sizes[~large]
        runs.append((entries[~inside], np.concatenate(([0], np.cumsum(kept)))))
        pairs += int((kept * (kept - 1) // 2).sum())
        entries = entries[inside]
        whole[entries % count] = False
        if not entries.size:
            break
        if level == len(rule.narrower):
            too_large, left_out = too_large + int(large.sum()), left_out + entries.size
            break
        narrowed += int(large.sum())
        place, row = np.divmod(entries, count)
        further = rule.keys(lanes[row], level + 1)[place, np.arange(len(row))]
        left_out += int((further == 0).sum())
        keys[:] = 0
        keys[entries] = further
    report = BlockReport(
        rule=rule.name, pairs=pairs, largest=largest, narrowed=narrowed, capped=too_large, left_out=left_out
    )
    return Blocks(runs=runs, whole=whole, capped=tuple(told), report=report)
