"""
How much somebody spends each time: the gamma-gamma model.

What a customer spends varies around a mean of their own as a gamma distribution, of shape p; means vary so that v of that distribution is gamma (q, gamma) again. It has nothing to
say where who comes often spends otherwise: `GammaGamma.fitted` tells how the two are correlated.

Source: Fader, Hardie, The Gamma-Gamma Model of Monetary Value (2013), equations 1 to 5; parameters of CDNOW there: p 6.25, q 3.74, gamma 15.44.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._extras import need
from ..errors import FitError, InputError
from ..party import is_currency
from ._html import parameter_table
from .fitting import Fit, maximize
from .spans import need_parameters

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["GammaGamma"]

_STARTS = ((5.0, 4.0, 0.5), (1.0, 2.0, 1.0), (10.0, 3.0, 0.2))
"""Of amounts whose median is one."""
_LEAST = 10


@attrs.frozen(kw_only=True)
class GammaGamma:
    """
    A gamma-gamma model, in one currency, in whatever unit the amounts were that it was fitted on.

    Attributes:
        p, q, gamma: Its parameters.
        currency: Of the amounts.
        correlation: Between how often customers came and what they spent each time, where it was fitted; the model takes it to be none.
        fit: What it was fitted on; None of parameters that somebody gave.

    Raises:
        InputError: A parameter is not above zero, or there is no such form of a currency.
    """

    p: float
    q: float
    gamma: float
    currency: str
    correlation: float | None = None
    fit: Fit | None = attrs.field(default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        need_parameters("spending", self.p, self.q, self.gamma)
        if not is_currency(self.currency):
            raise InputError("a currency is three capital letters after ISO 4217", path="$.currency", rule="money")

    @property
    def parameters(self) -> Mapping[str, float]:
        """By name."""
        return {name: getattr(self, name) for name in ("p", "q", "gamma")}

    @property
    def name(self) -> str:
        """As the literature calls it."""
        return "Gamma-gamma"

    def _repr_html_(self) -> str:
        """Its parameters with their errors, for notebooks."""
        return parameter_table(self)

    @classmethod
    def fitted(cls, frequency: ArrayLike, mean: ArrayLike, *, currency: str) -> GammaGamma:
        """
        The model under which it is likeliest that customers spent so much.

        Args:
            frequency: How often each came, above zero; whoever never came again is left out by whoever asks.
            mean: What each spent each time, above zero, on average.
            currency: Of the amounts.

        Raises:
            InputError: Columns of different lengths, or nothing was spent by somebody.
            FitError: Too few customers, or the fit is refused; with the diagnosis.
        """
        x, m = np.asarray(frequency, dtype=float), np.asarray(mean, dtype=float)
        if x.shape != m.shape or x.ndim != 1 or not (np.isfinite(m).all() and np.isfinite(x).all()):
            raise InputError("frequencies and mean amounts are columns of one length", path="$.mean", rule="amounts")
        if (x < 1).any() or (m <= 0).any():
            raise InputError(
                "spending is told of customers who came, and spent something; leave the others out",
                path="$.mean",
                rule="amounts",
            )
        if len(x) < _LEAST:
            raise FitError(f"{len(x)} customers spent something; {_LEAST} are needed at least", rule="too_few")

        usual = float(np.median(m))

        def likelihood(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            return _likelihood(np.exp(place), x, m / usual)

        found = _in_units(maximize(likelihood, ("p", "q", "gamma"), customers=len(x), starts=_STARTS), usual)
        spread = float(np.std(x) * np.std(m))
        together = float(np.corrcoef(x, m)[0, 1]) if spread > 0 else 0.0
        return cls(**found.parameters, currency=currency, correlation=together, fit=found)

    @property
    def mean(self) -> float:
        """
        What customers spend each time, over all of them.

        Raises:
            FitError: It has no mean, since a few spend without bound.
        """
        if self.q <= 1:
            raise FitError(
                f"with q at {self.q:.2f}, not above 1, spending has no mean: a few spend without bound; leave them out",
                rule="no_mean",
            )
        return self.p * self.gamma / (self.q - 1)

    def expected(self, frequency: ArrayLike, mean: ArrayLike) -> NDArray[np.float64]:
        """What each customer is expected to spend each time; of who never came again (frequency 0) what all do."""
        x, m = np.asarray(frequency, dtype=float), np.asarray(mean, dtype=float)
        if x.shape != m.shape or not (
            np.isfinite(x).all() and (x >= 0).all() and np.isfinite(m[x > 0]).all() and (m[x > 0] > 0).all()
        ):
            raise InputError(
                "frequencies and mean amounts are columns of one length, amounts above zero of whoever came",
                path="$.mean",
                rule="amounts",
            )
        overall = self.mean
        seen = self.p * (self.gamma + np.where(x > 0, m, 0) * x) / (self.p * x + self.q - 1)
        return np.where(x > 0, seen, overall)


def _in_units(fit: Fit, usual: float) -> Fit:
    """A fit of amounts whose median is one, in the unit in which *usual* is their median."""
    return attrs.evolve(
        fit,
        parameters={**fit.parameters, "gamma": fit.parameters["gamma"] * usual},
        errors={**fit.errors, "gamma": fit.errors["gamma"] * usual},
        log_likelihood=fit.log_likelihood - fit.customers * float(np.log(usual)),
    )


def _likelihood(
    values: NDArray[np.float64], x: NDArray[np.float64], m: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    special: Any = need("scipy.special", extra="analytics")
    ln, psi = special.gammaln, special.digamma
    p, q, gamma = values
    whole, spent = p * x + q, np.log(gamma + m * x)
    each = (
        ln(whole) - ln(p * x) - ln(q) + q * np.log(gamma) + (p * x - 1) * np.log(m) + p * x * np.log(x) - whole * spent
    )
    of_p = x * (psi(whole) - psi(p * x) + np.log(m) + np.log(x) - spent)
    of_q = psi(whole) - psi(q) + np.log(gamma) - spent
    of_gamma = q / gamma - whole / (gamma + m * x)
    return float(each.sum()), np.array([of_p.sum() * p, of_q.sum() * q, of_gamma.sum() * gamma])
