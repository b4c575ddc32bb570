"""
Clusters: the records of one party, from the pairs that link.

Connected components, with a guard: a chain of good links may join two records that can not be one party. Such a cluster is
built anew from its strongest link to its weakest, and a link that would bring the two together is cut and told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from .lanes import Lane, Lanes

__all__ = ["Clusters", "cluster"]

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


def cluster(
    lanes: Lanes, left: NDArray[Any], right: NDArray[Any], weight: NDArray[Any],
    apart: Iterable[tuple[int, int]] = (),
) -> Clusters:  # fmt: skip
    """
    The clusters of records joined by links.

    Args:
        lanes: The records: two with different valid national numbers are never in one cluster.
        left, right, weight: The links; of equal weight, the one with the lower records is the stronger.
        apart: Pairs of records that are never in one cluster.
    """
    from .kernels.joining import founders, holding_two

    if max(left.max(initial=0), right.max(initial=0)) >= max(len(lanes), 1) or len(left) != len(right):
        raise ConfigurationError("a link names a record that there is not", rule="links")
    founder = founders(len(lanes), left, right)
    valid = (lanes[:, Lane.FLAGS] & _VALID) != 0
    number = np.where(valid, lanes[:, Lane.ID], np.uint64(0))
    forbidden: dict[int, set[int]] = {}
    for one, other in apart:
        if founder[one] == founder[other]:
            forbidden.setdefault(one, set()).add(other)
            forbidden.setdefault(other, set()).add(one)
    broken = np.zeros(len(founder), np.bool_)
    broken[[*holding_two(founder, number).tolist(), *(int(founder[row]) for row in forbidden)]] = True
    if not broken.any():
        return Clusters(founder=founder, cut=np.zeros(0, np.int64))
    inside = np.flatnonzero(broken[founder[left]])
    order = inside[np.lexsort((right[inside], left[inside], -weight[inside]))]
    guard = _Guard(number, forbidden)
    cut = [at for at in order.tolist() if not guard.join(int(left[at]), int(right[at]))]
    rows = np.flatnonzero(broken[founder])
    founder = founder.copy()
    founder[rows] = [guard.founder(row) for row in rows.tolist()]
    return Clusters(founder=founder, cut=np.array(cut, np.int64))


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
