"""What comparison functions share."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from .lanes import Lane, Lanes, Row

__all__ = ["Column", "Levels", "Truth", "any_equal", "bits", "both", "one_equal", "one_overlap", "overlap"]

Levels = NDArray[np.uint8]
Truth = NDArray[np.bool_]
Column = NDArray[np.uint64]


def both(one: Column, other: Column) -> Truth:
    found: Truth = (one != 0) & (other != 0)
    return found


def any_equal(left: Lanes, right: Lanes, lanes: tuple[Lane, ...]) -> Truth:
    """Whether one of *lanes* on the left is one of them on the right; the first is filled first."""
    found: Truth = (left[:, lanes[0]] == right[:, lanes[0]]) & (left[:, lanes[0]] != 0)
    more = np.flatnonzero((left[:, lanes[1]] != 0) | (right[:, lanes[1]] != 0))
    if more.size:
        some = np.zeros(more.size, np.bool_)
        for here, there in product(lanes, lanes):
            value = left[more, here]
            some |= (value == right[more, there]) & (value != 0)
        found[more] |= some
    return found


def one_equal(one: Row, other: Row, lanes: tuple[Lane, ...]) -> bool:
    """`any_equal` of one pair."""
    if one[lanes[0]] and one[lanes[0]] == other[lanes[0]]:
        return True
    if not (one[lanes[1]] or other[lanes[1]]):
        return False
    return not {one[lane] for lane in lanes if one[lane]}.isdisjoint([other[lane] for lane in lanes])


def bits(values: list[Column]) -> NDArray[np.int64]:
    """How many bits are set in all of *values* together."""
    found = np.zeros(len(values[0]), np.int64)
    for value in values:
        found += np.bitwise_count(value)
    return found


def overlap(pairs: list[tuple[Column, Column]]) -> NDArray[np.float64]:
    """The share of the bits of whichever side has fewer that both have."""
    common = bits([a & b for a, b in pairs])
    here, there = bits([a for a, _ in pairs]), bits([b for _, b in pairs])
    share: NDArray[np.float64] = common / np.maximum(np.minimum(here, there), 1)
    return share


def one_overlap(one: Row, other: Row, lanes: tuple[Lane, ...]) -> float:
    """`overlap` of one pair."""
    common = here = there = 0
    for lane in lanes:
        a, b = one[lane], other[lane]
        common, here, there = common + (a & b).bit_count(), here + a.bit_count(), there + b.bit_count()
    return common / max(min(here, there), 1)
