"""What comparison functions share."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from .lanes import Lane, Lanes

__all__ = ["Column", "Levels", "Truth", "any_equal", "bits", "both", "overlap"]

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
