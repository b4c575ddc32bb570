"""How good a linkage is, against the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import attrs

__all__ = ["Evaluation", "clusters_of", "evaluate"]


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


def evaluate(clusters: Sequence[Hashable], truth: Sequence[Hashable]) -> Evaluation:
    """
    Compares two clusterings of the same records, pair by pair, without listing pairs. Cost: linear.

    Args:
        clusters: Cluster of each record as linked.
        truth: Party of each record in truth, in the same order.
    """

    def pairs(groups: Iterable[Hashable]) -> int:
        return sum(size * (size - 1) // 2 for size in Counter(groups).values())

    return Evaluation(found=pairs(clusters), true=pairs(truth), both=pairs(zip(clusters, truth, strict=True)))


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
