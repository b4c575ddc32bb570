"""What the frequency of an agreeing value adds to the weights of many pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..lanes import Lane, Lanes, mix
from .compiling import compiled, place_in

__all__ = ["add_frequencies"]

_U: Any = np.uint64


def add_frequencies(
    weights: NDArray[np.int64], counts: NDArray[np.bool_], lanes: Lanes, left: NDArray[Any], right: NDArray[Any], *,
    lane: Lane, salt: int, tags: NDArray[np.uint32], tag_bits: int, millibits: NDArray[np.int32], rest: int,
) -> None:  # fmt: skip
    """
    Adds to the *weights* of pairs.

    Args:
        weights: In millibits; written to.
        counts: Of each pair, whether its level is one at which the value counts.
        lanes, left, right: The records, and the rows of each pair.
        lane, salt, tags, tag_bits, millibits, rest: See `Frequencies`.
    """
    _add(weights, counts, lanes, left, right, int(lane), _U(salt), tags, _U(64 - tag_bits), millibits, rest)


@compiled
def _add(
    weights: Any, counts: Any, lanes: Any, left: Any, right: Any, lane: int, salt: Any, tags: Any, shift: Any,
    millibits: Any, rest: int,
) -> None:  # fmt: skip
    for pair in range(len(weights)):
        if counts[pair]:
            value = lanes[left[pair], lane]
            if value != _U(0) and value == lanes[right[pair], lane]:
                at = place_in(np.uint32(mix(value ^ salt) >> shift), tags)
                weights[pair] += millibits[at] if at >= 0 else rest
