"""Joining records by links, one link after another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import compiled

__all__ = ["founders", "holding_two"]


@compiled
def _root(above: Any, record: int) -> int:
    while above[record] != record:
        above[record] = above[above[record]]
        record = above[record]
    return record


@compiled
def _join(above: Any, left: Any, right: Any) -> None:
    for at in range(len(left)):
        one, other = _root(above, left[at]), _root(above, right[at])
        # The higher goes under the lower, so that none is above itself.
        above[max(one, other)] = min(one, other)
    for record in range(len(above)):
        above[record] = above[above[record]]


def founders(count: int, left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.int64]:
    """The lowest record that each of *count* records is connected with by links, itself among them."""
    above = np.arange(count)
    _join(above, left, right)
    return above


@compiled
def _hold(founder: Any, number: Any, held: Any, two: Any) -> None:
    for record in range(len(number)):
        of = founder[record]
        if number[record] != 0:
            two[of] |= held[of] != 0 and held[of] != number[record]
            held[of] = number[record]


def holding_two(founder: NDArray[np.int64], number: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The founders of clusters whose records have two different numbers; 0 is none."""
    two = np.zeros(len(founder), np.bool_)
    _hold(founder, number, np.zeros(len(founder), np.uint64), two)
    return np.flatnonzero(two)
