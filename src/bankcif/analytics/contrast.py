"""
How a segment differs from the other customers: by which figures, by how much, with an interval, and how surely once many figures were looked at.

A figure that is true or false is compared by shares, one that is a number by means. The size of a difference is told beside its probability by chance, since among a million customers
every difference is certain and few matter.

Source: intervals of a difference of shares after Newcombe, Interval estimation for the difference between independent proportions (Statistics in Medicine 17, 1998), method 10; Hedges,
Distribution theory for Glass's estimator of effect size (Journal of Educational Statistics 6, 1981); Welch, The generalization of Student's problem (Biometrika 34, 1947); Benjamini,
Hochberg, Controlling the false discovery rate (Journal of the Royal Statistical Society B 57, 1995); Fisher's exact test where fewer than ten are expected in a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._extras import need
from ..errors import FitError, InputError
from ._html import html_table
from .logistic import truths

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Contrast", "contrasts"]

_EXPECTED, _LARGEST = 10, 1e100


@attrs.frozen(kw_only=True)
class Contrast:
    """
    A figure within a segment and outside it.

    Attributes:
        figure: Its name.
        inside, outside: Of a truth value the share of whom it holds, of a number its mean.
        of_inside, of_outside: Of how many it is known.
        difference, low, high: *inside* less *outside*, and between what the difference lies in 95 of 100 such samples.
        effect: How large the difference is whatever the unit: of shares Cohen's h, of means Hedges' g. 0.2 is called small, 0.5 middling, 0.8 large.
        lift: How many times as much inside as among all; None where among all there is none, or the figure goes below nought.
        chance: How probable so great a difference is if the segment has nothing to do with it.
        adjusted: The share of false findings among all figures that are no less sure, for the figures that were compared together.
    """

    figure: str
    inside: float
    outside: float
    of_inside: int
    of_outside: int
    difference: float
    low: float
    high: float
    effect: float
    lift: float | None
    chance: float
    adjusted: float = 1.0

    def _repr_html_(self) -> str:
        """The figure within and outside, for notebooks."""
        heads = ("inside", "outside", "difference", "from", "to", "effect", "lift", "by chance", "adjusted")
        row = (
            self.inside, self.outside, self.difference, self.low, self.high, self.effect, self.lift, self.chance, self.adjusted,
        )  # fmt: skip
        return html_table(self.figure, heads, [row])


def contrasts(
    segment: ArrayLike, figures: Mapping[str, ArrayLike], *, known: Mapping[str, ArrayLike] | None = None, least: int = 30
) -> tuple[Contrast, ...]:  # fmt: skip
    """
    How the customers of *segment* differ from the others by *figures*, the greatest effect first.

    Args:
        segment: Of each customer whether they are in it.
        figures: Columns of truth values or of numbers.
        known: Of each figure, of whom it is known; of all where it is not named.
        least: How many customers must be on each side, of whom the figure is known.

    Raises:
        InputError: Columns of different lengths, or of something else.
        FitError: Fewer than *least* are inside or outside, a figure is the same of everybody, or is one number inside and another outside; it says which.
        MissingExtraError: The extra ``analytics`` is not installed.
    """
    inside = truths(segment)
    if not figures:
        raise InputError("name a figure by which they are compared", path="$.figures", rule="figures")
    if type(least) is not int or least < 2:
        raise InputError("two customers on each side are the least", path="$.least", rule="least")
    found = []
    for name, column in figures.items():
        values, there = np.asarray(column), truths((known or {}).get(name, np.ones(len(inside), dtype=bool)))
        if (
            values.shape != inside.shape
            or there.shape != inside.shape
            or values.dtype.kind not in "biuf"
            or not (np.abs(values[there].astype(np.float64)) < _LARGEST).all()
        ):
            raise InputError(
                f"{name} is no column of numbers or truth values, one for each customer",
                path=f"$.{name}",
                rule="figures",
            )
        one, other = values[inside & there], values[~inside & there]
        if min(len(one), len(other)) < least:
            raise FitError(
                f"{name} is known of {len(one):,} inside and {len(other):,} outside; a comparison needs {least} on each side", path=f"$.{name}", rule="too_few"
            )  # fmt: skip
        if (values[there] == values[there][0]).all():
            raise FitError(f"{name} is the same of everybody; leave it out", path=f"$.{name}", rule="same")
        found.append((_of_shares if values.dtype == np.bool_ else _of_means)(name, one, other))
    adjusted = _adjusted([one.chance for one in found])
    told = [attrs.evolve(one, adjusted=value) for one, value in zip(found, adjusted, strict=True)]
    return tuple(sorted(told, key=lambda one: (-abs(one.effect), one.figure)))


def _of_shares(name: str, one: NDArray[Any], other: NDArray[Any]) -> Contrast:
    stats = need("scipy.stats", extra="analytics")
    n, m, a, b = len(one), len(other), int(one.sum()), int(other.sum())
    p, q, together = a / n, b / m, (a + b) / (n + m)
    if min(n, m) * min(together, 1 - together) < _EXPECTED:
        chance = float(stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue)
    else:
        z = (p - q) / sqrt(together * (1 - together) * (1 / n + 1 / m))
        chance = float(2 * stats.norm.sf(abs(z)))
    (p_low, p_high), (q_low, q_high) = (_wilson(stats, *both) for both in ((a, n), (b, m)))
    difference = p - q
    return Contrast(
        figure=name, inside=p, outside=q, of_inside=n, of_outside=m, difference=difference,
        low=max(difference - sqrt((p - p_low) ** 2 + (q_high - q) ** 2), -1.0), high=min(difference + sqrt((p_high - p) ** 2 + (q - q_low) ** 2), 1.0),
        effect=2 * float(np.arcsin(sqrt(p)) - np.arcsin(sqrt(q))), lift=p / together if together else None, chance=chance,
    )  # fmt: skip


def _of_means(name: str, one: NDArray[Any], other: NDArray[Any]) -> Contrast:
    stats = need("scipy.stats", extra="analytics")
    x, y = one.astype(np.float64), other.astype(np.float64)
    n, m, mean, base = len(x), len(y), float(x.mean()), float(y.mean())
    v, w = float(x.var(ddof=1)), float(y.var(ddof=1))
    error = sqrt(v / n + w / m)
    pooled = sqrt(((n - 1) * v + (m - 1) * w) / (n + m - 2))
    difference = mean - base
    if x.min() == x.max() and y.min() == y.max():
        raise FitError(
            f"{name} tells without fail who is in the segment; leave it out", path=f"$.{name}", rule="separated"
        )
    freedom = (v / n + w / m) ** 2 / ((v / n) ** 2 / (n - 1) + (w / m) ** 2 / (m - 1))
    wide = float(stats.t.ppf(0.975, freedom)) * error
    return Contrast(
        figure=name, inside=mean, outside=base, of_inside=n, of_outside=m, difference=difference, low=difference - wide, high=difference + wide,
        effect=difference / pooled * (1 - 3 / (4 * (n + m) - 9)), lift=_lift(x, y), chance=float(2 * stats.t.sf(abs(difference) / error, freedom)),
    )  # fmt: skip


def _lift(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    every = np.concatenate([one, other])
    whole = float(every.mean())
    return float(one.mean()) / whole if whole > 0 and every.min() >= 0 else None


def _wilson(stats: Any, events: int, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson."""
    z = float(stats.norm.ppf(0.975))
    share = events / rows
    middle, wide = share + z * z / (2 * rows), z * sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return (middle - wide) / (1 + z * z / rows), (middle + wide) / (1 + z * z / rows)


def _adjusted(chances: Sequence[float]) -> list[float]:
    """After Benjamini and Hochberg: of each, the least share of false findings at which it would be one."""
    order = np.argsort(chances, kind="stable")
    raised = np.asarray(chances)[order] * len(chances) / np.arange(1, len(chances) + 1)
    found = np.empty(len(chances))
    found[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return [float(one) for one in found]
