"""
How good probabilities were: told of what happened after they were told, never of rows that a model was fitted on.

Source: Hanley, McNeil, The meaning and use of the area under a receiver operating characteristic curve (Radiology 143, 1982); Brier, Verification of forecasts expressed in terms of
probability (Monthly Weather Review 78, 1950); Cox, Two further applications of a model for binary regression (Biometrika 45, 1958) for slope and intercept of calibration; Siddiqi, Credit
Risk Scorecards (2006), chapter 10, for the stability index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from ..errors import FitError, InputError
from ._html import html_table
from .logistic import LogisticModel, truths

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CalibrationBin", "Evaluation", "drift", "stability_index"]

_MOST_BINS = 100


@attrs.frozen(kw_only=True)
class CalibrationBin:
    """
    Rows of like probability.

    Attributes:
        rows: How many.
        told: Their mean probability.
        happened: To how many it happened.
    """

    rows: int
    told: float
    happened: int

    @property
    def observed(self) -> float:
        """To which share it happened."""
        return self.happened / self.rows


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Evaluation:
    """
    Probabilities beside what happened.

    Attributes:
        probability: What was told of each row.
        happened: Whether it happened then.
    """

    probability: NDArray[np.float64]
    happened: NDArray[np.bool_]

    @classmethod
    def of(cls, probability: ArrayLike, happened: ArrayLike) -> Evaluation:
        """
        An evaluation of these columns.

        Raises:
            InputError: Columns of different lengths, no probabilities, or no truth values.
            FitError: It happened to everybody or to nobody: nothing tells good probabilities from bad ones then.
        """
        told, outcome = np.asarray(probability), truths(happened)
        if told.shape != outcome.shape or told.dtype.kind not in "iuf" or not ((told >= 0) & (told <= 1)).all():
            raise InputError(
                "probabilities, from 0 to 1, and what happened are columns of one length", path="$.probability", rule="probability"
            )  # fmt: skip
        if outcome.all() or not outcome.any():
            raise FitError(
                f"it happened to {int(outcome.sum()):,} of {len(outcome):,}; wait for a period in which it happened to some, and not to others", rule="one_class"
            )  # fmt: skip
        return cls(probability=told.astype(np.float64), happened=outcome)

    def __repr__(self) -> str:
        return f"Evaluation({len(self.happened):,} rows, it happened to {int(self.happened.sum()):,}, AUC {self.auc:.3f}, Brier {self.brier:.4f})"

    def _repr_html_(self) -> str:
        """What was told and what happened, by rising probability, for notebooks."""
        rows = [(one.rows, one.told, one.observed, one.happened) for one in self.calibration()]
        return html_table(repr(self), ("rows", "told", "observed", "happened"), rows)

    @property
    def base_rate(self) -> float:
        """To which share of all it happened."""
        return float(self.happened.mean())

    @property
    def auc(self) -> float:
        """How probable it is that of two rows, to one of which it happened, that one had the greater probability; equal ones count half."""
        _, place, counts = np.unique(self.probability, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - (counts - 1) / 2)[place.ravel()]
        events, rest = int(self.happened.sum()), int((~self.happened).sum())
        return float((ranks[self.happened].sum() - events * (events + 1) / 2) / (events * rest))

    @property
    def brier(self) -> float:
        """The mean squared difference between what was told and what happened: 0 is best; who always tells the base rate has base rate × (1 − base rate)."""
        return float(((self.probability - self.happened) ** 2).mean())

    def lift(self, share: float) -> float:
        """
        To how many times as many as among all it happened among the *share* of the greatest probabilities; of those that are equal at its end a part counts.

        Raises:
            InputError: *share* is not above 0 and at most 1.
        """
        if not 0 < share <= 1:
            raise InputError("a share is above 0 and at most 1", path="$.share", rule="share")
        wanted = share * len(self.happened)
        told, place = np.unique(-self.probability, return_inverse=True)
        rows = np.bincount(place.ravel(), minlength=len(told))
        events = np.bincount(place.ravel(), weights=self.happened, minlength=len(told))
        taken = np.clip((wanted - (np.cumsum(rows) - rows)) / rows, 0, 1)
        return float(taken @ events / wanted / self.base_rate)

    def calibration(self, bins: int = 10) -> tuple[CalibrationBin, ...]:
        """
        Rows by rising probability in *bins* of about the same size, equal probabilities together.

        Raises:
            InputError: Not 1 to 100 bins.
        """
        if not 1 <= bins <= _MOST_BINS:
            raise InputError(f"there are 1 to {_MOST_BINS} bins", path="$.bins", rule="bins")
        _, place, counts = np.unique(self.probability, return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts + 1) / 2
        number = np.minimum(middle * bins // len(self.happened), bins - 1).astype(int)[place.ravel()]
        found = []
        for one in np.unique(number):
            mine = number == one
            found.append(
                CalibrationBin(
                    rows=int(mine.sum()), told=float(self.probability[mine].mean()), happened=int(self.happened[mine].sum())
                )
            )  # fmt: skip
        return tuple(found)

    @property
    def calibration_line(self) -> tuple[float, float]:
        """
        Intercept and slope of what happened over the log-odds that were told: 0 and 1 of probabilities that are right on the whole; a slope below 1 says that they are too
        extreme.

        Raises:
            FitError: Probabilities are all alike, or tell without fail.
        """
        inside = np.clip(self.probability, 1e-12, 1 - 1e-12)
        model = LogisticModel.fitted({"log_odds": np.log(inside) - np.log1p(-inside)}, self.happened)
        return model.intercept, model.weights["log_odds"]


def stability_index(before: ArrayLike, after: ArrayLike, edges: Sequence[float]) -> float:
    """
    The population stability index of a figure between two days: the sum over classes of the difference of shares times the logarithm of their ratio. Common practice looks from 0.1 on, and acts from
    0.25 on. So that an empty class does not make it infinite, half a row is added to each class of both.

    Args:
        before, after: The figure of everybody on each day.
        edges: Rising bounds between classes; what equals one is above it.

    Raises:
        InputError: No numbers, no rows, or edges that do not rise.
    """
    bounds = np.asarray(edges, dtype=np.float64)
    if bounds.ndim != 1 or not len(bounds) or not np.isfinite(bounds).all() or (np.diff(bounds) <= 0).any():
        raise InputError("edges between classes rise", path="$.edges", rule="edges")
    shares = []
    for path, one in (("$.before", np.asarray(before)), ("$.after", np.asarray(after))):
        if one.ndim != 1 or not len(one) or one.dtype.kind not in "biuf" or not np.isfinite(one).all():
            raise InputError("a figure is a column of numbers, one at least", path=path, rule="figures")
        counts = np.bincount(np.searchsorted(bounds, one, side="right"), minlength=len(bounds) + 1) + 0.5
        shares.append(counts / counts.sum())
    first, second = shares
    return float((second - first) @ np.log(second / first))


def drift(before: Mapping[str, ArrayLike], after: Mapping[str, ArrayLike], *, classes: int = 10) -> dict[str, float]:
    """
    The stability index of each figure between two days, the greatest first, over classes of about the same size on the first day; of what has few values, over these.

    Raises:
        InputError: The days have other figures, or a figure is no column of numbers.
    """
    if before.keys() != after.keys() or not before:
        raise InputError("both days have the same figures, one at least", path="$.after", rule="figures")
    if not 2 <= classes <= _MOST_BINS:
        raise InputError(f"there are 2 to {_MOST_BINS} classes", path="$.classes", rule="bins")
    found = {}
    for name, column in before.items():
        first = np.asarray(column)
        if first.ndim != 1 or not len(first) or first.dtype.kind not in "biuf" or not np.isfinite(first).all():
            raise InputError(f"{name} is no column of numbers", path=f"$.{name}", rule="figures")
        values = np.unique(first.astype(np.float64))
        edges = values[1:] if len(values) <= classes else np.unique(np.quantile(first, np.arange(1, classes) / classes))
        # Of one value on the first day, whatever is above it or below is another.
        found[name] = stability_index(
            first, after[name], [*edges] if len(edges) else [values[0], np.nextafter(values[0], np.inf)]
        )
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
