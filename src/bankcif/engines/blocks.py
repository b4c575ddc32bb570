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

_Rows = NDArray[np.int64]
FEW_PAIRS = 1_000_000  # so many are compared in a second or two, whatever the file

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
        rule: The rule.
        runs: Entries block after block, with where each block begins and the end of the last; an entry is the number of a
            record, plus the number of all records for each place of its key after the first.
        count: The number of all records.
        whole: Of every record, whether all records that share a key of the rule with it met it.
        since: Only pairs with a record from this number on are asked for.
        capped: The keys of the blocks that were not compared whole, for each narrower part that was added.
        report: What became of the rule.
    """

    rule: BlockingRule
    runs: list[tuple[_Rows, _Rows]]
    count: int
    whole: NDArray[np.bool_]
    since: int
    capped: Capped
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
        keep = (left != right) & (right >= self.since) & self.rule.meets(here, there)
        # What was met at an earlier place was met in a block that may not have been compared whole.
        again = np.flatnonzero((place != 0) & (self.whole[left] | self.whole[right]))
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
    count = len(lanes)
    whole = np.ones(count, np.bool_)
    runs: list[tuple[_Rows, _Rows]] = []
    all_keys = np.concatenate(rule.keys(lanes))
    entries = np.flatnonzero(all_keys)
    keys = all_keys[entries]
    if since:
        reached = np.isin(keys, np.unique(keys[entries % count >= since]))
        keys, entries = keys[reached], entries[reached]
    told: list[NDArray[np.uint64]] = []
    pairs = largest = narrowed = too_large = left_out = 0
    for level in range(len(rule.narrower) + 1):
        entries, bounds, firsts = _sorted(keys, entries)
        sizes = np.diff(bounds)
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
        further = np.stack(rule.keys(lanes[row], level + 1))[place, np.arange(len(row))]
        left_out += int((further == 0).sum())
        keys, entries = further[further != 0], entries[further != 0]
    report = BlockReport(
        rule=rule.name, pairs=pairs, largest=largest, narrowed=narrowed, capped=too_large, left_out=left_out
    )
    return Blocks(rule=rule, runs=runs, count=count, whole=whole, since=since, capped=tuple(told), report=report)


def _sorted(keys: NDArray[np.uint64], entries: _Rows) -> tuple[_Rows, _Rows, NDArray[np.uint64]]:
    """Entries with one key beside each other, blocks of one left out; the bounds of the blocks, and the key of each."""
    key_of = np.zeros(int(entries.max(initial=0)) + 1, np.uint64)
    key_of[entries] = keys
    bits = np.uint64(int(entries.max(initial=1)).bit_length())
    packed = (keys >> bits << bits) | entries.astype(np.uint64)
    packed.sort()
    mask = (np.uint64(1) << bits) - np.uint64(1)
    key, found = packed >> bits, (packed & mask).astype(np.int64)
    new = np.concatenate(([True], key[1:] != key[:-1])) if len(key) else np.zeros(0, np.bool_)
    starts = np.flatnonzero(new)
    sizes = np.diff(np.append(starts, len(found)))
    several = sizes > 1
    firsts = key_of[found[starts[several]]]
    return found[np.repeat(several, sizes)], np.concatenate(([0], np.cumsum(sizes[several]))), firsts
