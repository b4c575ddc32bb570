"""
Maximum likelihood: the parameters under which what was seen is likeliest, how sure they are, and what is wrong where they can not be told.

All parameters are positive, and searched by their logarithms. Standard errors are those of the inverse of the observed information.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from .._extras import need
from ..errors import FitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fit", "maximize"]

Likelihood = Callable[["NDArray[np.float64]"], tuple[float, "NDArray[np.float64]"]]
"""Of the logarithms of the parameters: the log-likelihood, and its gradient by them."""
_STEEP = 1e-4
"""Of the mean log-likelihood of a customer, at the end."""
_LEAST, _MOST = 1e-5, 1e5
_STEP = 1e-5


@attrs.frozen(kw_only=True)
class Fit:
    """
    What a fit came to.

    Attributes:
        parameters: By name.
        errors: Standard error of each.
        log_likelihood: Of all that was seen.
        customers: On how many it stands.
        steps: How often the likelihood was asked.
    """

    parameters: Mapping[str, float]
    errors: Mapping[str, float]
    log_likelihood: float
    customers: int
    steps: int


def maximize(likelihood: Likelihood, names: Sequence[str], *, customers: int, starts: Sequence[Sequence[float]]) -> Fit:
    """
    The parameters with the greatest likelihood.

    Args:
        likelihood: Of the logarithms of the parameters.
        names: Of the parameters.
        customers: How many stand behind it.
        starts: Where the search begins, in parameters; the best end counts.

    Raises:
        FitError: No search came to an end, a parameter ran away, or the data do not tell the parameters apart; with what would be needed.
        MissingExtraError: SciPy is not installed.
    """
    optimize = need("scipy.optimize", extra="analytics")
    steps = 0

    def loss(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        nonlocal steps
        steps += 1
        with np.errstate(all="ignore"):
            value, slope = likelihood(place)
        if not np.isfinite(value) or not np.isfinite(slope).all():
            return 1e10, np.zeros_like(place)
        return -value / customers, -slope / customers

    bounds = [(np.log(_LEAST), np.log(_MOST))] * len(names)
    ends = [
        optimize.minimize(
            loss,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
        )
        for start in starts
    ]
    best = min(ends, key=lambda one: float(one.fun))
    place, (value, slope) = best.x, loss(best.x)
    away = [name for name, one in zip(names, np.exp(place), strict=True) if not _LEAST * 1.01 < one < _MOST / 1.01]
    if away:
        raise FitError(
            f"the data do not bound {', '.join(away)}: customers are all alike in what it tells; longer histories, or more different customers, are needed", rule="runs_away"
        )  # fmt: skip
    if value >= 1e9 or np.abs(slope).max() > _STEEP:
        raise FitError(
            "the search for the likeliest parameters came to no end; look at the data, or give it more customers",
            rule="no_convergence",
        )
    spread = _spread(likelihood, place)
    if spread is None:
        raise FitError(
            "the data do not tell the parameters apart: several give the same likelihood; longer histories, or more customers who came again, are needed", rule="not_identified"
        )  # fmt: skip
    found = np.exp(place)
    return Fit(
        parameters=dict(zip(names, map(float, found), strict=True)), errors=dict(zip(names, map(float, found * spread), strict=True)),
        log_likelihood=float(-value * customers), customers=customers, steps=steps,
    )  # fmt: skip


def _spread(likelihood: Likelihood, place: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Standard errors of the logarithms, from the slopes around *place*; None where the likelihood has no top there."""
    rows = []
    for at in range(len(place)):
        step = np.zeros_like(place)
        step[at] = _STEP
        rows.append((likelihood(place + step)[1] - likelihood(place - step)[1]) / (2 * _STEP))
    information = -np.array(rows)
    information = (information + information.T) / 2
    if not np.isfinite(information).all() or np.linalg.eigvalsh(information).min() <= 1e-9 * np.abs(information).max():
        return None
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(information))))
