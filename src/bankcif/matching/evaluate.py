"""How good a linkage is, against the truth."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["Evaluation", "clusters_of", "evaluate"]

Labels = Sequence[Hashable] | NDArray[np.int64]
"""A label for each record; as an array, numbers."""


@attrs.frozen(kw_only=True)
class Evaluation:
    """
    Pairwise figures; a pair is two records in one cluster.

    Attributes:
        found: Pairs the linkage made.
        true: Pairs that are one party in truth.
        both: Pairs that are both.
    """

    found: int
    true: int
    both: int

    @property
    def precision(self) -> float:
        """Share of the found pairs that are true; 1 if none was found."""
        return self.both / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were found; 1 if there are none."""
        return self.both / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def evaluate(clusters: Labels, truth: Labels) -> Evaluation:
    """
    Compares two clusterings of the same records, pair by pair, without listing pairs. Cost: that of sorting.

    Args:
        clusters: Cluster of each record as linked.
        truth: Party of each record in truth, in the same order.
    """
    one, other = _numbered(clusters), _numbered(truth)
    both = one * (int(other.max(initial=0)) + 1) + other
    return Evaluation(found=_pairs(one), true=_pairs(other), both=_pairs(both))


def _numbered(labels: Labels) -> NDArray[np.int64]:
    if isinstance(labels, np.ndarray):
        return labels.astype(np.int64)
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(label, len(seen)) for label in labels], np.int64)


def _pairs(groups: NDArray[np.int64]) -> int:
    _, sizes = np.unique(groups, return_counts=True)
    return int((sizes.astype(np.int64) * (sizes - 1) // 2).sum())


def clusters_of(parties: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The cluster of each party when *pairs* are joined: the smallest member's name (connected components)."""
    root = {party: party for party in parties}

    def find(party: str) -> str:
        while root[party] != party:
            root[party] = root[root[party]]
            party = root[party]
        return party

    for one, other in pairs:
        low, high = sorted((find(one), find(other)))
        root[high] = low
    return {party: find(party) for party in root}
