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

__all__ = ["BlockReport", "Blocks", "blocks_of"]

_Rows = NDArray[np.int64]


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
        rule: The rule.
        runs: Entries block after block, with where each block begins and the end of the last; an entry is the number of a
            record, plus the number of all records for each place of its key after the first.
        count: The number of all records.
        whole: Of every record, whether all records that share a key of the rule with it met it.
        report: What became of the rule.
    """

    rule: BlockingRule
    runs: list[tuple[_Rows, _Rows]]
    count: int
    whole: NDArray[np.bool_]
    report: BlockReport

    def pairs(self, lanes: Lanes, most: int) -> Iterator[tuple[_Rows, _Rows, Lanes, Lanes]]:
        """All pairs once, in batches of about *most*: the rows, the lower on the left, and the numbers of both sides."""
        left: list[_Rows] = []
        right: list[_Rows] = []
        held = 0
        for one, other in self._pieces(most):
            left.append(one)
            right.append(other)
            held += len(one)
            if held >= most:
                yield from self._once(lanes, np.concatenate(left), np.concatenate(right))
                left, right, held = [], [], 0
        if held:
            yield from self._once(lanes, np.concatenate(left), np.concatenate(right))

    def _once(self, lanes: Lanes, one: _Rows, other: _Rows) -> Iterator[tuple[_Rows, _Rows, Lanes, Lanes]]:
        swapped = one % self.count > other % self.count
        left, right = np.where(swapped, other, one), np.where(swapped, one, other)
        place, left = np.divmod(left, self.count)
        right %= self.count
        here, there = lanes.take(left, axis=0), lanes.take(right, axis=0)
        # Keys are cut where they are sorted, so that strangers may meet; and who shares two keys meets twice.
        keep = (left != right) & self.rule.meets(here, there)
        again = np.flatnonzero(place)
        if again.size:
            keep[again] &= ~self.rule.met_before(here[again], there[again], place[again])
        if keep.all():
            yield left, right, here, there
        elif keep.any():
            yield left[keep], right[keep], here[keep], there[keep]

    def _pieces(self, most: int) -> Iterator[tuple[_Rows, _Rows]]:
        for entries, bounds in self.runs:
            sizes = np.diff(bounds)
            pairs = np.concatenate(([0], np.cumsum(sizes * (sizes - 1) // 2)))
            first = 0
            while first < len(sizes):
                last = max(int(np.searchsorted(pairs, pairs[first] + most, "right")) - 1, first + 1)
                yield from _within(entries, bounds[first : last + 1])
                first = last


def _within(entries: _Rows, bounds: _Rows) -> Iterator[tuple[_Rows, _Rows]]:
    """The pairs of some blocks, neighbour by neighbour: first those one place apart, then two, …"""
    start, stop = int(bounds[0]), int(bounds[-1])
    here = entries[start:stop]
    end = np.repeat(bounds[1:], np.diff(bounds)) - start
    places = np.arange(len(here))
    distance = 1
    while True:
        places = places[places + distance < end[places]]
        if not len(places):
            return
        yield here[places], here[places + distance]
        distance += 1


def blocks_of(lanes: Lanes, rule: BlockingRule, *, most_records: int, most_pairs: int) -> Blocks:
    """
    The blocks of *rule* among *lanes*.

    Args:
        lanes: All records.
        rule: Its name and parts.
        most_records: The cap: a block of more records is not compared whole.
        most_pairs: Pairs for each record: with more, only blocks are compared whole that can not hold more.

    Cost: a sort of all keys, and one more of what is narrowed.
    """
    count = len(lanes)
    whole = np.ones(count, np.bool_)
    runs: list[tuple[_Rows, _Rows]] = []
    keys, entries = _present(np.concatenate(rule.keys(lanes)))
    pairs = largest = narrowed = capped = left_out = 0
    for level in range(len(rule.narrower) + 1):
        entries, bounds = _sorted(keys, entries)
        sizes = np.diff(bounds)
        largest = largest or int(sizes.max(initial=0))
        large = sizes > most_records
        kept = sizes[~large]
        if level == 0 and (kept * (kept - 1) // 2).sum() > most_pairs * count:
            large = sizes > 2 * most_pairs + 1
        inside = np.repeat(large, sizes)
        kept = sizes[~large]
        runs.append((entries[~inside], np.concatenate(([0], np.cumsum(kept)))))
        pairs += int((kept * (kept - 1) // 2).sum())
        entries = entries[inside]
        whole[entries % count] = False
        if not entries.size:
            break
        if level == len(rule.narrower):
            capped, left_out = capped + int(large.sum()), left_out + entries.size
            break
        narrowed += int(large.sum())
        place, row = np.divmod(entries, count)
        further = np.stack(rule.keys(lanes[row], level + 1))[place, np.arange(len(row))]
        left_out += int((further == 0).sum())
        keys, entries = further[further != 0], entries[further != 0]
    report = BlockReport(
        rule=rule.name, pairs=pairs, largest=largest, narrowed=narrowed, capped=capped, left_out=left_out
    )
    return Blocks(rule=rule, runs=runs, count=count, whole=whole, report=report)


def _present(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], _Rows]:
    entries = np.flatnonzero(keys)
    return keys[entries], entries


def _sorted(keys: NDArray[np.uint64], entries: _Rows) -> tuple[_Rows, _Rows]:
    """Entries with one key beside each other, blocks of one left out, and the bounds of the blocks."""
    bits = np.uint64(int(entries.max(initial=1)).bit_length())
    packed = (keys >> bits << bits) | entries.astype(np.uint64)
    packed.sort()
    mask = (np.uint64(1) << bits) - np.uint64(1)
    key, found = packed >> bits, (packed & mask).astype(np.int64)
    new = np.concatenate(([True], key[1:] != key[:-1])) if len(key) else np.zeros(0, np.bool_)
    sizes = np.diff(np.append(np.flatnonzero(new), len(found)))
    keep = np.repeat(sizes > 1, sizes)
    return found[keep], np.concatenate(([0], np.cumsum(sizes[sizes > 1])))
