"""
Term frequencies: agreeing on a rare value says more than agreeing on a common one.

They are part of the model and frozen with it; nothing is counted while comparing. A value stands there as a tag under the
model's own salt, and only if at least k records had it. Names have tags of 32 bits. A phone, an e-mail address or an address,
which is somebody's, falls into one of at most four million buckets: whoever tries all numbers finds hundreds for each.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from .lanes import Lane, Lanes, Row, mix, mix_array

__all__ = ["Frequencies", "ValueCounts", "counted_frequencies"]

_EMPTY_BITS = 6
"""Of 64 buckets one is taken at most, so that as few other values are weighed like one that many share."""
_MOST_BUCKET_BITS = 22
"""Some forty ranges of 10^8 mobile numbers are assigned in China: nine hundred numbers to a bucket."""


@attrs.frozen(kw_only=True, eq=False)
class Frequencies:
    """
    How common the values of one lane are.

    Attributes:
        comparison: Whose levels are adjusted.
        levels: At which of them.
        lane: Whose value counts, where both records have the same.
        salt: What the tags were made with.
        tags: The tags, ascending.
        tag_bits: How many bits they have.
        bits: What agreeing on each adds, in millibits: negative for a value commoner than agreement is on average.
        rest_millibits: What agreeing on any other value adds.
    """

    comparison: str
    levels: tuple[int, ...]
    lane: Lane
    salt: int
    tags: NDArray[np.uint32] = attrs.field(repr=False)
    bits: NDArray[np.int32] = attrs.field(repr=False)
    rest_millibits: int
    tag_bits: int = 32

    @property
    def most_millibits(self) -> int:
        """The most that a value adds."""
        return max(self.rest_millibits, int(self.bits.max(initial=0)), 0)

    def add(
        self, weights: NDArray[np.int64], levels: NDArray[np.uint8], lanes: Lanes, left: NDArray[Any], right: NDArray[Any]
    ) -> None:  # fmt: skip
        """Adds what the value of each pair of rows *left* and *right* of *lanes* says to *weights*, where their levels are *levels*."""
        from .kernels.frequencies import add_frequencies

        counting = np.zeros(256, np.bool_)
        counting[list(self.levels)] = True
        add_frequencies(
            weights, counting[levels], lanes, left, right,
            lane=self.lane, salt=self.salt, tags=self.tags, tag_bits=self.tag_bits, millibits=self.bits, rest=self.rest_millibits,
        )  # fmt: skip

    def added(self, level: int, one: Row, other: Row) -> int:
        """What `add` adds for one pair."""
        value = one[self.lane]
        if level not in self.levels or not value or value != other[self.lane]:
            return 0
        return self._by_tag.get(mix(value ^ self.salt) >> 64 - self.tag_bits, self.rest_millibits)

    @cached_property
    def _by_tag(self) -> dict[int, int]:
        return dict(zip(self.tags.tolist(), self.bits.tolist(), strict=True))


def _tags(values: NDArray[np.uint64], salt: int, tag_bits: int) -> NDArray[np.uint32]:
    return (mix_array(values ^ np.uint64(salt)) >> np.uint64(64 - tag_bits)).astype(np.uint32)


def _buckets(values: int) -> int:
    """Bits of the buckets of *values* values: so many that few others fall into theirs, and no more than hide a value among others."""
    return min(max(values - 1, 1).bit_length() + _EMPTY_BITS, _MOST_BUCKET_BITS)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ValueCounts:
    """
    How many records of a file have the same value in a lane.

    Attributes:
        records: Records that have a value.
        equal_pairs: Pairs of records that have the same.
        values, counts: The commonest values, commonest first, and how many records have each.
        usual: How many records have the value that a record has on average, if it is none of these.
    """

    records: int
    equal_pairs: float
    values: NDArray[np.uint64]
    counts: NDArray[np.int64]
    usual: float

    @classmethod
    def of(cls, column: NDArray[np.uint64], k: int, most: int = 50_000) -> ValueCounts:
        """
        Of a lane's *column*, where 0 is no value.

        Args:
            column: The column.
            k: How many records must have a value before it is told from others.
            most: How many values are told at most.
        """
        values, counts = np.unique(column[column != 0], return_counts=True)
        told = np.flatnonzero(counts >= k)
        told = told[np.argsort(-counts[told], kind="stable")][:most]
        others = np.ones(len(counts), np.bool_)
        others[told] = False
        rare = counts[others].astype(np.float64)
        return cls(
            records=int(counts.sum()), equal_pairs=float((counts * (counts - 1) / 2).sum()), values=values[told],
            counts=counts[told], usual=float((rare @ rare) / rare.sum()) if rare.size else 1.0,
        )  # fmt: skip


def counted_frequencies(
    seen: ValueCounts, *, comparison: str, levels: tuple[int, ...], lane: Lane, u: float, salt: int,
    personal: bool = False, least_bits: float = -10.0, most_bits: float = 6.0,
) -> Frequencies:  # fmt: skip
    """
    The frequencies of what was *seen* in a lane.

    Args:
        seen: Its counts.
        comparison, levels, lane: See `Frequencies`.
        u: Chance of agreeing at these levels among unrelated pairs, as the model has it.
        salt: 64 bits, drawn anew for each training.
        personal: Whether a value is mostly one party's (a phone), so that those of few records say what agreement says on
            average, and only what many share says less; and so that it stands in a bucket.
        least_bits, most_bits: Bounds of what a value adds.
    """
    total = max(seen.records, 1)
    tag_bits = _buckets(len(seen.values)) if personal else 32
    tags = _tags(seen.values, salt, tag_bits)
    order = np.argsort(tags, kind="stable")
    bits = np.clip(np.log2(u * total / np.maximum(seen.counts, 1)), least_bits, most_bits)[order]
    # All others are as frequent as one of their records finds its value on average.
    rest = 0.0 if personal else float(np.clip(np.log2(u * total / seen.usual), least_bits, most_bits))
    if personal:
        bits = np.minimum(bits, 0.0)
    # Two values with one tag: the commoner one's stays, which claims less.
    tags, first = np.unique(tags[order], return_index=True)
    lowest = np.minimum.reduceat(bits, first) if len(first) else bits
    return Frequencies(
        comparison=comparison, levels=levels, lane=lane, salt=salt, tags=tags,
        bits=np.round(1000 * lowest).astype(np.int32), rest_millibits=round(1000 * rest), tag_bits=tag_bits,
    )  # fmt: skip
