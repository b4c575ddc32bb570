"""
What comparisons share.

These functions, and the comparisons themselves, are said once and run twice: as they stand for one pair, compiled for the
millions of a file (`kernels`). So they keep to whole numbers, tuples and conditions, which mean the same in both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .lanes import Row, ones

__all__ = ["Levels", "agree", "among", "in_common", "overlap"]

Levels = NDArray[np.uint8]


def agree(one: Row, other: Row, lane: int) -> bool:
    """Whether both have the same number in *lane*."""
    return one[lane] != 0 and one[lane] == other[lane]


def among(value: int, row: Row, first: int) -> bool:
    """Whether *value* is one of three numbers of *row*, from lane *first* on; nothing is among none."""
    return value != 0 and (value == row[first] or value == row[first + 1] or value == row[first + 2])


def in_common(one: Row, other: Row, first: int) -> bool:
    """Whether two records share one of three numbers, from lane *first* on."""
    return among(one[first], other, first) or among(one[first + 1], other, first) or among(one[first + 2], other, first)


def overlap(one: Row, other: Row, first: int) -> float:
    """The share of the bits of whichever record has fewer that both have, of the 128 bits from lane *first* on."""
    a, b, c, d = one[first], one[first + 1], other[first], other[first + 1]
    common = ones(a & c) + ones(b & d)
    return common / max(min(ones(a) + ones(b), ones(c) + ones(d)), 1)
