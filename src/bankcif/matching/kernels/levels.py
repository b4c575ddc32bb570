"""The comparisons of `compare`, over all pairs of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import compare, names
from ..lanes import Lanes, Row
from .compiling import AT_ONCE, compiled, inlined, shared, touch

__all__ = ["levels_of", "patterns_of"]

shared(
    names.near_han, names.near_latin, names.latin_part_level, names.person_name_level, names.organization_name_level,
    compare.birth_date_level, compare.id_number_level, compare.resident_id_level, compare.credit_code_level,
    compare.document_level, compare.phone_level, compare.email_level, compare.birth_level, compare.sex_level,
    compare.region_level, compare.address_level, compare.given_name_level, compare.surname_level,
)  # fmt: skip

_NUMBERS: dict[Callable[[Row, Row], int], int] = {
    one.level: number for number, one in enumerate(compare.COMPARATORS.values())
}


@inlined
def _level(which: int, one: Any, other: Any) -> int:
    """The level of one pair by the comparison with the number *which*: by its place in `COMPARATORS`."""
    if which == 0:
        return names.person_name_level(one, other)
    if which == 1:
        return compare.given_name_level(one, other)
    if which == 2:
        return compare.surname_level(one, other)
    if which == 3:
        return names.organization_name_level(one, other)
    if which == 4:
        return compare.resident_id_level(one, other)
    if which == 5:
        return compare.credit_code_level(one, other)
    if which == 6:
        return compare.document_level(one, other)
    if which == 7:
        return compare.phone_level(one, other)
    if which == 8:
        return compare.email_level(one, other)
    if which == 9:
        return compare.birth_level(one, other)
    if which == 10:
        return compare.sex_level(one, other)
    if which == 11:
        return compare.region_level(one, other)
    return compare.address_level(one, other)


@compiled
def _fill(which: Any, sizes: Any, lanes: Any, left: Any, right: Any, out: Any) -> Any:
    seen = np.uint64(0)
    for start in range(0, len(left), AT_ONCE):
        stop = min(start + AT_ONCE, len(left))
        seen ^= touch(lanes, left, right, start, stop)
        for at in range(start, stop):
            one, other = lanes[left[at]], lanes[right[at]]
            pattern = 0
            for each in range(len(which)):
                pattern = pattern * sizes[each] + _level(which[each], one, other)
            out[at] = pattern
    return seen


@compiled
def _fill_levels(which: int, left: Any, right: Any, out: Any) -> None:
    for at in range(len(left)):
        out[at] = _level(which, left[at], right[at])


def levels_of(level: Callable[[Row, Row], int], left: Lanes, right: Lanes) -> NDArray[np.uint8]:
    """The *level* of each pair of rows of *left* and *right*."""
    out = np.empty(len(left), np.uint8)
    _fill_levels(_NUMBERS[level], left, right, out)
    return out


def patterns_of(
    levels: Sequence[Callable[[Row, Row], int]],
    sizes: Sequence[int],
    lanes: Lanes,
    left: NDArray[Any],
    right: NDArray[Any],
) -> NDArray[np.int32]:
    """
    The levels of each pair as one number, the first level in the highest place.

    Args:
        levels: The comparisons.
        sizes: How many levels each has.
        lanes: The records.
        left, right: Row numbers of the pairs.
    """
    which = np.array([_NUMBERS[level] for level in levels], np.int64)
    out = np.empty(len(left), np.int32)
    _fill(which, np.array(sizes, np.int64), lanes, left, right, out)
    return out
