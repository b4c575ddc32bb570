"""
How far a model can be trusted: figures by threshold, with labels and without, and whether its comparisons are independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from .lanes import MASK, mix_array
from .model import MatchModel

__all__ = [
    "Dependence",
    "Interval",
    "ThresholdFigures",
    "clerical_sample",
    "dependences",
    "estimated_curve",
    "sampled_precision",
    "threshold_curve",
    "wilson",
]


@attrs.frozen(kw_only=True)
class ThresholdFigures:
    """
    Figures of pairs that weigh at least a threshold.

    Attributes:
        threshold_millibits: The threshold.
        pairs: Pairs that weigh as much.
        precision: Share of them that are one party.
        recall: Share of the true pairs that are among them.
    """

    threshold_millibits: int
    pairs: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def threshold_curve(
    weight_millibits: NDArray[np.int64], same: NDArray[np.bool_], true_pairs: int, thresholds: Sequence[int]
) -> list[ThresholdFigures]:
    """
    Precision and recall at each threshold, from labels.

    Args:
        weight_millibits: Weights of the pairs that were compared.
        same: Whether each is one party in truth.
        true_pairs: All true pairs, those that were not compared among them.
        thresholds: In millibits.
    """
    return _curve(
        weight_millibits, same.astype(np.float64), np.ones(len(same), np.int64), float(true_pairs), thresholds
    )


def estimated_curve(
    weight_millibits: NDArray[np.int64],
    thresholds: Sequence[int],
    *,
    recall_of_blocking: float = 1.0,
    counts: NDArray[np.int64] | None = None,
) -> list[ThresholdFigures]:
    """
    The same without labels: every pair is a match with the chance that its weight says.

    Args:
        weight_millibits: Weights of the pairs that were compared.
        thresholds: In millibits.
        recall_of_blocking: Share of the true pairs that were compared, as training estimates it.
        counts: How many pairs have each weight; one, if None.
    """
    counts = np.ones(len(weight_millibits), np.int64) if counts is None else counts
    bits = np.clip(weight_millibits / 1000, -500, 500)
    chance = 1 / (1 + np.exp2(-bits))
    both = chance * counts
    return _curve(weight_millibits, both, counts, float(both.sum()) / recall_of_blocking, thresholds)


def _curve(
    weight: NDArray[np.int64], matches: NDArray[np.float64], counts: NDArray[np.int64], true_pairs: float,
    thresholds: Sequence[int],
) -> list[ThresholdFigures]:  # fmt: skip
    order = np.argsort(-weight, kind="stable")
    cumulated, passed = (np.concatenate(([0], np.cumsum(column[order]))) for column in (matches, counts))
    ascending = -weight[order]
    found = []
    for threshold in thresholds:
        at = int(np.searchsorted(ascending, -threshold, "right"))
        both, count = float(cumulated[at]), int(passed[at])
        found.append(
            ThresholdFigures(
                threshold_millibits=threshold, pairs=count, precision=both / count if count else 1.0,
                recall=both / true_pairs if true_pairs else 1.0,
            )
        )  # fmt: skip
    return found


@attrs.frozen
class Interval:
    """An estimate with the interval that holds the true value in 95 of 100 samples."""

    estimate: float
    low: float
    high: float


def wilson(hits: int, count: int) -> Interval:
    """
    A share with its 95 % interval.

    Source: Wilson, Probable inference, the law of succession, and statistical inference (1927).
    """
    if not count:
        return Interval(0.0, 0.0, 1.0)
    z = 1.959964
    share = hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def clerical_sample(
    weight_millibits: NDArray[np.int64], *, size: int, seed: int, around_millibits: int, width_millibits: int = 8000
) -> NDArray[np.int64]:
    """
    Pairs to show to a person: drawn around a threshold, where a person learns most.

    Args:
        weight_millibits: Weights of the pairs that were compared.
        size: How many at most.
        seed: What the draw follows from.
        around_millibits, width_millibits: The threshold, and how far from it pairs are drawn.

    Returns:
        Their numbers, ascending, without doubles; half from above the threshold where there are as many.
    """
    drawn = mix_array(np.arange(len(weight_millibits), dtype=np.uint64) + np.uint64(seed & MASK))
    order = np.argsort(drawn, kind="stable")
    near = np.abs(weight_millibits - around_millibits)[order] <= width_millibits
    above = order[near & (weight_millibits >= around_millibits)[order]]
    below = order[near & (weight_millibits < around_millibits)[order]]
    half = size // 2
    first = min(len(above), max(half, size - len(below)))
    second = min(len(below), size - first)
    return np.sort(np.concatenate((above[:first], below[:second]))).astype(np.int64)


def sampled_precision(
    weight_millibits: NDArray[np.int64], sample: NDArray[np.int64], same: Sequence[bool], threshold_millibits: int
) -> Interval:
    """
    The precision of all pairs from a threshold on, from those of a sample that persons decided; pairs heavier than the heaviest
    of the sample are taken as matches.

    Args:
        weight_millibits: Weights of the pairs that were compared.
        sample: Numbers of the pairs that were shown.
        same: What the persons said.
        threshold_millibits: The threshold.
    """
    shown = weight_millibits[sample]
    counted = shown >= threshold_millibits
    hits, count = int((counted & np.array(same, np.bool_)).sum()), int(counted.sum())
    inside = wilson(hits, count)
    heaviest = int(shown.max(initial=threshold_millibits))
    total = int((weight_millibits >= threshold_millibits).sum())
    above = int((weight_millibits > heaviest).sum())
    if not total:
        return Interval(1.0, 1.0, 1.0)
    share = above / total
    return Interval(*(share + (1 - share) * value for value in (inside.estimate, inside.low, inside.high)))


@attrs.frozen(kw_only=True)
class Dependence:
    """
    How far two comparisons agree together among pairs that are no matches.

    Attributes:
        one, other: The comparisons.
        pairs: Pairs in which both compared something, each counted by its chance of being no match.
        correlation: Of agreeing at all, from -1 to 1; 0 where they are independent.
    """

    one: str
    other: str
    pairs: float
    correlation: float


def dependences(
    model: MatchModel, patterns: NDArray[np.int64], met: NDArray[np.int64], counts: NDArray[np.int64]
) -> list[Dependence]:
    """
    Which comparisons agree together among pairs that are probably no matches, strongest first.

    A model counts its comparisons as independent, but for what its alternatives explain: a strong correlation that no
    alternative explains is evidence counted twice. Two comparisons are looked at where pairs met by a rule that has seen neither.

    Args:
        model: The model.
        patterns, met, counts: Distinct patterns of levels with the rules met, and how many pairs have each.
    """
    levels = model.counted(model.levels_of(patterns))
    bits = np.clip(model.weights(patterns) / 1000, -500, 500)
    no_match = counts / (1 + np.exp2(bits))
    found = []
    names = [c.name for c in model.comparisons]
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            fresh = sum(1 << n for n, rule in enumerate(model.blocking) if rule.sees.isdisjoint((one, other)))
            both = (levels[one] > 0) & (levels[other] > 0) & ((met & fresh) != 0)
            correlation = _correlation(levels[one][both] > 1, levels[other][both] > 1, no_match[both])
            if correlation is not None:
                pairs = float(no_match[both].sum())
                found.append(Dependence(one=one, other=other, pairs=pairs, correlation=correlation))
    return sorted(found, key=lambda one: -abs(one.correlation))


def _correlation(one: NDArray[np.bool_], other: NDArray[np.bool_], share: NDArray[np.float64]) -> float | None:
    """Of two marks, entries counting by their share; None where one of them never changes."""
    total = float(share.sum())
    if total < 1:
        return None
    first, second, joint = (float(share[marks].sum()) / total for marks in (one, other, one & other))
    spread = math.sqrt(max(first * (1 - first) * second * (1 - second), 0.0))
    return (joint - first * second) / spread if spread > 1e-12 else None
