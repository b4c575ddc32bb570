"""
Clusters: the records of one party, from the pairs that link.

Connected components, with a guard: a chain of good links may join two records that can not be one party. Such a cluster is
built anew from its strongest link to its weakest, and a link that would bring the two together is cut and told.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import NDArray

from .lanes import Lane, Lanes

__all__ = ["Clusters", "cluster", "components"]

_VALID = np.uint64(16)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Clusters:
    """
    Which records belong together.

    Attributes:
        founder: Of each record, the first record of its cluster: the cluster's name for as long as that record is in it.
        cut: Numbers of the links that were cut, weakest last.
    """

    founder: NDArray[np.int64]
    cut: NDArray[np.int64]


def components(count: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    The lowest record that each of *count* records is connected with, itself among them.

    Cost: linear in records and links, for each of some ten rounds.
    """
    label = np.arange(count)
    while True:
        one, other = label[left], label[right]
        apart = one != other
        if not apart.any():
            return label
        left, right, one, other = left[apart], right[apart], one[apart], other[apart]
        # Every label is its own; the higher of two goes under the lower, so that there are no circles.
        label[np.maximum(one, other)] = np.minimum(one, other)
        while (label[label] != label).any():
            label = label[label]


def cluster(
    lanes: Lanes, left: NDArray[np.int64], right: NDArray[np.int64], weight: NDArray[np.int64],
    apart: Iterable[tuple[int, int]] = (),
) -> Clusters:  # fmt: skip
    """
    The clusters of records joined by links.

    Args:
        lanes: The records: two with different valid national numbers are never in one cluster.
        left, right, weight: The links; of equal weight, the one with the lower records is the stronger.
        apart: Pairs of records that are never in one cluster.
    """
    founder = components(len(lanes), left, right)
    valid = (lanes[:, Lane.FLAGS] & _VALID) != 0
    number = np.where(valid, lanes[:, Lane.ID], np.uint64(0))
    forbidden: dict[int, set[int]] = {}
    for one, other in apart:
        if founder[one] == founder[other]:
            forbidden.setdefault(one, set()).add(other)
            forbidden.setdefault(other, set()).add(one)
    broken = _with_two_numbers(founder, number) | {int(founder[row]) for row in forbidden}
    if not broken:
        return Clusters(founder=founder, cut=np.zeros(0, np.int64))
    inside = np.flatnonzero(np.isin(founder[left], np.fromiter(broken, np.int64)))
    order = inside[np.lexsort((right[inside], left[inside], -weight[inside]))]
    guard = _Guard(number, forbidden)
    cut = [at for at in order.tolist() if not guard.join(int(left[at]), int(right[at]))]
    rows = np.flatnonzero(np.isin(founder, np.fromiter(broken, np.int64)))
    founder = founder.copy()
    founder[rows] = [guard.founder(row) for row in rows.tolist()]
    return Clusters(founder=founder, cut=np.array(cut, np.int64))


def _with_two_numbers(founder: NDArray[np.int64], number: NDArray[np.uint64]) -> set[int]:
    """Founders of clusters that hold two different numbers."""
    rows = np.flatnonzero(number)
    if not rows.size:
        return set()
    of, value = founder[rows], number[rows]
    order = np.lexsort((value, of))
    of, value = of[order], value[order]
    two = (of[1:] == of[:-1]) & (value[1:] != value[:-1])
    return set(of[1:][two].tolist())


class _Guard:
    """Joins records one link after another, and refuses what brings together what can not be one party."""

    def __init__(self, number: NDArray[np.uint64], forbidden: dict[int, set[int]]) -> None:
        self._number = number
        self._forbidden = forbidden
        self._root: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self._held: dict[int, int] = {}

    def founder(self, row: int) -> int:
        """The lowest record of the cluster that *row* is in."""
        while self._root.get(row, row) != row:
            above = self._root[row]
            self._root[row] = self._root.get(above, above)
            row = self._root[row]
        return row

    def join(self, one: int, other: int) -> bool:
        """Whether the clusters of two records are one now."""
        low, high = sorted((self.founder(one), self.founder(other)))
        if low == high:
            return True
        mine, theirs = (self._held.setdefault(root, int(self._number[root])) for root in (low, high))
        few, many = sorted((self._of(low), self._of(high)), key=len)
        if (mine and theirs and mine != theirs) or any(
            not self._forbidden[row].isdisjoint(many) for row in few if row in self._forbidden
        ):
            return False
        self._root[high] = low
        self._held[low] = mine or theirs
        self._members[low] = self._of(low) + self._of(high)
        return True

    def _of(self, root: int) -> list[int]:
        return self._members.get(root, [root])
