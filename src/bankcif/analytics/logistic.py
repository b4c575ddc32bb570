"""
Logistic regression: how probable something is, as a sum of what each of some figures adds, so that every answer can be explained.

Fitted by maximum likelihood without a penalty, by iteratively reweighted least squares with halved steps, over columns that are standardized within; coefficients are told in the units that were
given.

Source: McCullagh, Nelder, Generalized Linear Models (2nd ed. 1989), sections 2.5 and 4.4; Albert, Anderson, On the existence of maximum likelihood estimates in logistic regression models
(Biometrika 71, 1984) for what has no estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np

from ..errors import FitError, InputError
from ._html import html_table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["LogisticModel", "truths"]

_LEAST = 10
"""Of those to whom it happened, and of those to whom it did not, for each figure."""
_MOST_STEPS, _CLOSE, _FAR = 100, 1e-12, 30.0
_ALIKE, _LARGEST = 1e-10, 1e15


@attrs.frozen(kw_only=True)
class LogisticModel:
    """
    A logistic regression.

    Attributes:
        intercept: The logarithm of the odds where every figure is nought.
        weights: By how much one unit more of a figure raises it.
        errors: Standard error of each weight.
        means: Of each figure, where the model was fitted; reasons are told against it.
        log_likelihood: Of what it was fitted on.
        events, observations: To how many it happened, of how many.

    Raises:
        InputError: Weights, errors and means are not of the same figures, or not finite.
    """

    intercept: float
    weights: Mapping[str, float]
    errors: Mapping[str, float]
    means: Mapping[str, float]
    log_likelihood: float
    events: int
    observations: int

    def _repr_html_(self) -> str:
        """Its weights with their errors, for notebooks."""
        rows = [("", self.intercept, None), *((name, one, self.errors[name]) for name, one in self.weights.items())]
        caption = f"Logistic regression of {self.observations:,} rows, of which it happened to {self.events:,}"
        return html_table(caption, ("figure", "weight", "standard error"), rows)

    def __attrs_post_init__(self) -> None:
        numbers = (
            self.intercept,
            self.log_likelihood,
            *self.weights.values(),
            *self.errors.values(),
            *self.means.values(),
        )
        whole = type(self.events) is int and type(self.observations) is int
        real = whole and all(map(_is_real, numbers))
        if not real or not self.weights.keys() == self.errors.keys() == self.means.keys():
            raise InputError("a model has a weight, an error and a mean of each figure", path="$.weights", rule="model")

    @classmethod
    def fitted(cls, figures: Mapping[str, ArrayLike], happened: ArrayLike) -> LogisticModel:
        """
        The model under which what happened is likeliest.

        Args:
            figures: Columns of numbers, none missing.
            happened: Whether it happened, of each row.

        Raises:
            InputError: Columns of different lengths, or something else than numbers and truth values.
            FitError: It happened to too few, or to too many; a figure is the same of everybody, or follows from others; or figures tell without fail to whom it
                happened, so that their weights have no bound. It says which.
        """
        names, given, outcome = tuple(figures), _matrix(figures), truths(happened)
        if not names or len(given) != len(outcome):
            raise InputError("figures and what happened are columns of one length", path="$.figures", rule="figures")
        events, rest = int(outcome.sum()), int((~outcome).sum())
        if min(events, rest) < _LEAST * len(names):
            raise FitError(
                f"it happened to {events:,} of {len(outcome):,}; {len(names)} figures need {_LEAST * len(names)} to whom it happened and as many to whom it did not", rule="too_few"
            )  # fmt: skip
        means, spread = given.mean(axis=0), given.std(axis=0)
        if same := [
            name for name, one, mean in zip(names, spread, means, strict=True) if one <= _ALIKE * max(1, abs(mean))
        ]:
            raise FitError(
                f"{', '.join(same)} is the same of everybody; leave it out", path=f"$.{same[0]}", rule="same"
            )
        rows = np.column_stack([np.ones(len(given)), (given - means) / spread])
        _need_independent(names, rows)
        place, information, value = _climb(names, rows, outcome)
        weights = place[1:] / spread
        errors = np.sqrt(np.diag(np.linalg.inv(information)))[1:] / spread
        return cls(
            intercept=float(place[0] - weights @ means), weights=_named(names, weights), errors=_named(names, errors), means=_named(names, means), log_likelihood=value,
            events=events, observations=len(outcome),
        )  # fmt: skip

    def log_odds(self, figures: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """
        The logarithm of the odds of each row.

        Raises:
            InputError: A figure is missing, or no number.
        """
        if missing := self.weights.keys() - figures.keys():
            raise InputError(f"the model needs {', '.join(sorted(missing))}", path="$.figures", rule="figures")
        rows = _matrix({name: figures[name] for name in self.weights})
        total = np.full(len(rows), self.intercept)
        for column, weight in zip(
            rows.T, self.weights.values(), strict=True
        ):  # in this order, so that every machine comes to the same
            total = total + weight * column
        return total

    def probability(self, figures: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """How probable it is of each row; see `log_odds`."""
        return _logistic(self.log_odds(figures))

    def reasons(self, figures: Mapping[str, float], most: int = 3) -> list[tuple[str, float]]:
        """
        Which figures raise the odds of one row most against a row of means, and by how much, in logarithms of odds; none that lowers them.

        Raises:
            InputError: A figure is missing, or no number.
        """
        self.log_odds({name: [value] for name, value in figures.items()})
        adds = [(name, weight * (float(figures[name]) - self.means[name])) for name, weight in self.weights.items()]
        return sorted([one for one in adds if one[1] > 0], key=lambda one: (-one[1], one[0]))[:most]


def _is_real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def truths(happened: ArrayLike) -> NDArray[np.bool_]:
    """
    A column of truth values, which may be given as 0 and 1.

    Raises:
        InputError: It is something else.
    """
    found = np.asarray(happened)
    if found.ndim != 1 or not (found.dtype == np.bool_ or (found.dtype.kind in "iuf" and np.isin(found, (0, 1)).all())):
        raise InputError("what happened is a column of truth values, or of 0 and 1", path="$.happened", rule="happened")
    return found.astype(np.bool_)


def _matrix(figures: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
    columns = {name: np.asarray(one) for name, one in figures.items()}
    for name, one in columns.items():
        if one.ndim != 1 or one.dtype.kind not in "biuf" or not np.isfinite(one).all():
            raise InputError(
                f"{name} is no column of numbers; say what a missing one counts as", path=f"$.{name}", rule="figures"
            )
    if len({len(one) for one in columns.values()}) > 1:
        raise InputError("figures are columns of one length", path="$.figures", rule="figures")
    return np.column_stack([one.astype(np.float64) for one in columns.values()]) if columns else np.empty((0, 0))


def _named(names: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(names, map(float, values), strict=True))


def _logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1 / (1 + small), small / (1 + small))


def _likelihood(log_odds: NDArray[np.float64], outcome: NDArray[np.bool_]) -> float:
    return float(-np.logaddexp(0, np.where(outcome, -log_odds, log_odds)).sum())


def _need_independent(names: tuple[str, ...], rows: NDArray[np.float64]) -> None:
    """Raises `FitError` where a figure follows from those before it."""
    apart = np.abs(np.diag(np.linalg.qr(rows, mode="r"))) / np.sqrt(len(rows))
    if (least := int(apart.argmin())) and apart[least] < 1e-7:
        raise FitError(
            f"{names[least - 1]} follows from the other figures; leave it out", path=f"$.{names[least - 1]}", rule="follows"
        )  # fmt: skip


def _climb(
    names: tuple[str, ...], rows: NDArray[np.float64], outcome: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    place = np.zeros(rows.shape[1])
    value = _likelihood(rows @ place, outcome)
    for _ in range(_MOST_STEPS):
        log_odds = rows @ place
        chance = _logistic(log_odds)
        information = rows.T @ (rows * (chance * (1 - chance))[:, None])
        slope = rows.T @ (outcome - chance)
        if np.abs(log_odds).max() > _FAR and np.linalg.eigvalsh(information).min() < 1e-6 * len(rows):
            break
        step = np.linalg.solve(information, slope)
        if slope @ step <= _CLOSE * max(1, abs(value)):
            return place, information, value
        size = 1.0
        while (after := _likelihood(rows @ (place + size * step), outcome)) < value and size > 1e-6:
            size /= 2
        place, value = place + size * step, after
    largest = names[int(np.abs(place[1:]).argmax())]
    raise FitError(
        f"the figures, {largest} above all, tell without fail to whom it happened, so that their weights have no bound; look whether one follows from what happened",
        path=f"$.{largest}", rule="separated",
    )  # fmt: skip
