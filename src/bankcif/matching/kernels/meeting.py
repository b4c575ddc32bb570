"""Which records meet: keys of all records, blocks of sorted keys, and the pairs within blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..blocking import KEY_PARTS, BlockingRule
from ..lanes import Lane, Lanes, mix
from .compiling import AT_ONCE, compiled, inlined, touch

__all__ = ["Meeting", "blocks_among", "fill_keys", "pairs_within"]

_U: Any = np.uint64
_PLACES = max(map(len, KEY_PARTS.values()))


@compiled
def _fill_keys(lanes: Any, where: Any, bits: Any, out: Any) -> None:
    for row in range(len(lanes)):
        key = _U(0)
        for part in range(len(where)):
            value = lanes[row, where[part]] & bits[part]
            if value == _U(0):
                key = _U(0)
                break
            key = _U(mix(key * _U(3) + value))
        out[row] = key


def fill_keys(lanes: Lanes, chosen: Sequence[tuple[Lane, int]], out: NDArray[np.uint64]) -> None:
    """Writes the key of each record, made of some bits of some lanes; 0 where one is missing."""
    where = np.array([lane for lane, _ in chosen], np.int64)
    _fill_keys(lanes, where, np.array([bits for _, bits in chosen], np.uint64), out)


@compiled
def _pack(keys: Any, bits: Any, packed: Any) -> None:
    filled = 0
    for entry in range(len(keys)):
        if keys[entry] != _U(0):
            packed[filled] = keys[entry] >> bits << bits | _U(entry)
            filled += 1


@compiled
def _end_of_block(packed: Any, start: int, bits: Any) -> int:
    stop = start + 1
    while stop < len(packed) and packed[stop] >> bits == packed[start] >> bits:
        stop += 1
    return stop


@compiled
def _count_blocks(packed: Any, bits: Any) -> tuple[int, int]:
    blocks = entries = start = 0
    while start < len(packed):
        stop = _end_of_block(packed, start, bits)
        if stop - start > 1:
            entries, blocks = entries + stop - start, blocks + 1
        start = stop
    return entries, blocks


@compiled
def _fill_blocks(packed: Any, bits: Any, entries: Any, bounds: Any) -> None:
    mask = (_U(1) << bits) - _U(1)
    blocks = filled = start = 0
    while start < len(packed):
        stop = _end_of_block(packed, start, bits)
        if stop - start > 1:
            for at in range(start, stop):
                entries[filled] = packed[at] & mask
                filled += 1
            blocks += 1
            bounds[blocks] = filled
        start = stop


def blocks_among(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """
    The numbers of *keys* that are equal beside each other, those alone and 0 left out; and where each block begins, and the end
    of the last.

    A key is cut where it stands beside its number, so that strangers may come together.
    """
    bits = _U(max(len(keys) - 1, 1).bit_length())
    packed = np.empty(np.count_nonzero(keys), np.uint64)
    _pack(keys, bits, packed)
    packed.sort()
    filled, blocks = _count_blocks(packed, bits)
    entries, bounds = np.empty(filled, np.uint32), np.zeros(blocks + 1, np.int64)
    _fill_blocks(packed, bits, entries, bounds)
    return entries, bounds


@attrs.frozen(kw_only=True, eq=False)
class Meeting:
    """
    Blocking rules as arrays.

    Attributes:
        parts: Of each part, the lanes it may stand in, which bits of each count (both of shape (parts, places)), and how many
            lanes these are.
        needs: Of each rule, a bit for each part that must agree.
        several: Of each rule, its part that may stand in several lanes; 0 if it has none.
    """

    parts: tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]
    needs: NDArray[np.uint64]
    several: NDArray[np.int64]

    @classmethod
    def of(cls, rules: Sequence[BlockingRule]) -> Meeting:
        """The *rules*."""
        names = list(dict.fromkeys(name for rule in rules for name in rule.parts))
        where, bits = np.zeros((2, len(names), _PLACES), np.uint64)
        for at, name in enumerate(names):
            for place, (lane, which) in enumerate(KEY_PARTS[name]):
                where[at, place], bits[at, place] = lane, which
        several = [[names.index(name) for name in rule.parts if len(KEY_PARTS[name]) > 1] for rule in rules]
        return cls(
            parts=(where, bits, np.array([len(KEY_PARTS[name]) for name in names], np.int64)),
            needs=np.array([sum(1 << names.index(name) for name in rule.parts) for rule in rules], np.uint64),
            several=np.array([parts[0] if parts else 0 for parts in several], np.int64),
        )  # fmt: skip


@inlined
def _agree(parts: Any, part: int, lanes: Any, one: int, other: int, before: int) -> bool:
    """
    Whether two records agree on a part, whatever it stands in on the right, and in one of its first places on the left.

    Nothing is left early: a jump that can not be foreseen costs more than all there is to compute.
    """
    where, bits, places = parts
    found = False
    for here in range(min(before, places[part])):
        value = lanes[one, where[part, here]] & bits[part, here]
        for there in range(places[part]):
            found |= (value != _U(0)) & (value == lanes[other, where[part, there]] & bits[part, there])
    return found


@inlined
def _met(parts: Any, needs: Any, lanes: Any, one: int, other: int) -> int:
    """The rules under which two records meet, a bit a rule."""
    agreed = _U(0)
    for part in range(len(parts[0])):
        agreed |= _U(_agree(parts, part, lanes, one, other, _PLACES)) << _U(part)
    met = 0
    for rule in range(len(needs)):
        met |= int(agreed & needs[rule] == needs[rule]) << rule
    return met


@compiled
def _fill_pairs(
    entries: Any, bounds: Any, firsts: int, count: int, since: int, left: Any, right: Any, place: Any
) -> int:
    """All pairs within blocks: the rows, the lower on the left, and at which place of its key that stands there."""
    filled = 0
    for block in range(len(bounds) - 1):
        for first in range(bounds[block], min(bounds[block + 1], firsts)):
            for second in range(first + 1, bounds[block + 1]):
                low, high, here, there = int(entries[first]), int(entries[second]), 0, 0
                while low >= count:
                    low, here = low - count, here + 1
                while high >= count:
                    high, there = high - count, there + 1
                if low > high:
                    here, low, high = there, high, low
                if low != high and high >= since:
                    left[filled], right[filled], place[filled] = low, high, here
                    filled += 1
    return filled


@compiled
def _keep_meeting(
    parts: Any, needs: Any, several: Any, rule: int, lanes: Any, whole: Any, left: Any, right: Any, place: Any, met: Any
) -> tuple[int, Any]:  # fmt: skip
    kept, seen = 0, _U(0)
    for start in range(0, len(left), AT_ONCE):
        stop = min(start + AT_ONCE, len(left))
        seen ^= touch(lanes, left, right, start, stop)
        for at in range(start, stop):
            low, high = left[at], right[at]
            rules = _met(parts, needs, lanes, low, high)
            if not rules >> rule & 1:
                continue  # keys are cut where they are sorted, so that strangers come together
            # What agrees at an earlier place met there, unless that block was not compared whole; and so under another rule.
            compared = whole[low] | whole[high]
            again = rules & compared & ((1 << rule) - 1) != 0
            if place[at] and compared >> rule & 1:
                again |= _agree(parts, several[rule], lanes, low, high, place[at])
            if not again:
                left[kept], right[kept], met[kept] = low, high, rules
                kept += 1
    return kept, seen


def pairs_within(
    meeting: Meeting, rule: int, entries: NDArray[np.uint32], bounds: NDArray[np.int64], firsts: int, *, count: int, since: int, lanes: Lanes,
    whole: NDArray[np.uint16],
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint16]]:  # fmt: skip
    """
    The pairs of some blocks of a rule that meet and did not under an earlier rule: their rows, the lower on the left, and the
    rules they meet under, a bit a rule.

    Args:
        meeting: All rules.
        rule: The number of this one.
        entries: Block after block; see `engines.Blocks`.
        bounds: Where each block begins, and the end of the last.
        firsts: For how many entries, from the first on, their pairs with those behind them are asked for.
        count: The number of all records.
        since: Only pairs with a record from this number on.
        lanes: All records.
        whole: Of every record, a bit for each rule by which it met all who share a key of the rule with it.
    """
    # Of each entry asked for, those behind it in its block.
    begins, ends = np.minimum(bounds[:-1], firsts), np.minimum(bounds[1:], firsts)
    behind = (2 * bounds[1:] - begins - ends - 1) * (ends - begins) // 2
    most = int(behind.sum())
    left, right, place = np.empty(most, np.uint32), np.empty(most, np.uint32), np.empty(most, np.uint8)
    filled = _fill_pairs(entries, bounds, firsts, count, since, left, right, place)
    left, right, met = left[:filled], right[:filled], np.empty(filled, np.uint16)
    kept, _ = _keep_meeting(meeting.parts, meeting.needs, meeting.several, rule, lanes, whole, left, right, place, met)
    return left[:kept], right[:kept], met[:kept]
