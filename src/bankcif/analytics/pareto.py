"""
Customers who leave at any time: the Pareto/NBD model.

While alive, a customer buys at random at a rate of their own; rates vary as a gamma distribution (r, alpha). How long they stay is exponential at a rate of their own, which
varies as another (s, beta).

Source: Schmittlein, Morrison, Colombo, Counting Your Customers: Who Are They and What Will They Do Next? (Management Science 33, 1987); its likelihood as an integral over the moment
of leaving, and the expectations, after Fader, Hardie, A Note on Deriving the Pareto/NBD Model and Related Expressions (2005), equations 16 to 22 and 41.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._extras import need
from ._html import parameter_table
from .buying import need_history
from .fitting import Fit, maximize
from .histories import Histories
from .spans import Span, TimeUnit, need_parameters, time_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ParetoNbd"]

_STARTS = ((0.6, 10.0, 0.6, 12.0), (1.0, 5.0, 1.0, 10.0), (2.0, 20.0, 0.5, 5.0))
_NAMES = ("r", "alpha", "s", "beta")
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_PIECE = 4096
_NOTHING, _CUTS = 40.0, 5
"""How far below its beginning, in logarithms, an integrand counts as nothing, and in how many steps that place is looked for."""


@attrs.frozen(kw_only=True)
class ParetoNbd:
    """
    A Pareto/NBD model.

    Attributes:
        r, alpha: How buying rates vary; their mean is r/alpha a unit of time.
        s, beta: How the rates vary at which customers leave; their mean is s/beta.
        unit: In what it counts time.
        fit: What it was fitted on; None of parameters that somebody gave.

    Raises:
        InputError: A parameter is not above zero.
    """

    r: float
    alpha: float
    s: float
    beta: float
    unit: TimeUnit = attrs.field(converter=time_unit)
    fit: Fit | None = attrs.field(default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        need_parameters("buying", self.r, self.alpha, self.s, self.beta)

    @property
    def name(self) -> str:
        """As the literature calls it."""
        return "Pareto/NBD"

    @property
    def parameters(self) -> Mapping[str, float]:
        """By name."""
        return {name: getattr(self, name) for name in _NAMES}

    def _repr_html_(self) -> str:
        """Its parameters with their errors, for notebooks."""
        return parameter_table(self)

    @classmethod
    def fitted(cls, histories: Histories) -> ParetoNbd:
        """
        The model under which *histories* are likeliest.

        Raises:
            FitError: There are too few customers, or too few who came again, or the fit is refused; with the diagnosis.
        """
        need_history(histories)
        rows = histories.grouped()

        def likelihood(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            return _summed(np.exp(place), rows)

        found = maximize(likelihood, _NAMES, customers=rows.customers, starts=_STARTS)
        return cls(**found.parameters, unit=histories.unit, fit=found)

    def log_likelihood(self, histories: Histories) -> float:
        """Of *histories*, under this model."""
        rows = histories.within(self.unit).grouped()
        return _summed(np.array([self.r, self.alpha, self.s, self.beta]), rows)[0]

    def alive(self, histories: Histories) -> NDArray[np.float64]:
        """How probable it is that each customer still is one."""
        values = np.array([self.r, self.alpha, self.s, self.beta])
        pieces = [_Terms.of(values, piece) for piece in histories.within(self.unit).pieces(_PIECE)]
        return np.concatenate(
            [np.exp(one.there - np.logaddexp(one.there, one.left)) for one in pieces] or [np.empty(0)]
        )

    def expected(self, span: Span) -> float:
        """How often somebody new comes again within *span*."""
        time, s = span.within(self.unit), self._apart()
        return float(self.r * self.beta / (self.alpha * (s - 1)) * (1 - (self.beta / (self.beta + time)) ** (s - 1)))

    def expected_again(self, histories: Histories, span: Span) -> NDArray[np.float64]:
        """How often each customer will come within *span* from the end of their history."""
        return np.asarray(self.expected_by(histories, (span,))[0])

    def expected_by(self, histories: Histories, spans: Sequence[Span]) -> NDArray[np.float64]:
        """The same for several spans at once: spans by customers."""
        rows, s = histories.within(self.unit), self._apart()
        rate = (self.r + rows.frequency) * (self.beta + rows.age) / ((self.alpha + rows.age) * (s - 1))
        now = rate * self.alive(histories)
        known = self.beta + rows.age
        return np.stack([now * (1 - (known / (known + span.within(self.unit))) ** (s - 1)) for span in spans])

    def _apart(self) -> float:
        """s, off the one value at which the formulae divide by nothing; what they come to there is their limit."""
        return self.s if abs(self.s - 1) > 1e-6 else 1 + 1e-6


@attrs.frozen(eq=False, repr=False)
class _Terms:
    """
    The logarithms of the two ways in which a history came about, each without what depends on the parameters alone.

    That somebody is there at the end, and that they left behind their last time: the second is an integral over the moment of leaving. Over the logarithm of that moment, counted
    from the nearer pole of the integrand, its logarithm is concave; so its far end is cut, by Newton's steps that can not go too far, where nothing comes any more, and Gauss's
    rule with 24 points is exact to nine places on what remains, to eleven in usual cases.
    """

    there: NDArray[np.float64]
    left: NDArray[np.float64]
    moments: NDArray[np.float64]
    """Of leaving: rows by points."""
    weights: NDArray[np.float64]
    """Of each moment, among those of the row; they sum to one."""

    @classmethod
    def of(cls, values: NDArray[np.float64], rows: Histories) -> _Terms:
        r, alpha, s, beta = values
        x, age = rows.frequency, rows.age
        there = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
        least = min(alpha, beta)

        def height(logs: Any, came: Any) -> Any:
            return (
                logs - (r + came) * np.log(alpha - least + np.exp(logs)) - (s + 1) * np.log(beta - least + np.exp(logs))
            )

        first, last = np.log(least + rows.recency), np.log(least + age)
        floor = height(first, x) - _NOTHING
        for _ in range(_CUTS):
            after = np.exp(last)
            slope = 1 - (r + x) * after / (alpha - least + after) - (s + 1) * after / (beta - least + after)
            below = np.minimum(height(last, x) - floor, 0)
            last = np.where(slope < 0, last - below / np.where(slope < 0, slope, -1), last)
        half = (last - first)[:, None] / 2
        logs = first[:, None] + half * (1 + _POINTS)
        moments = np.exp(logs) - least
        with np.errstate(divide="ignore"):
            each = height(logs, x[:, None]) + np.log(half) + np.log(_WEIGHTS)
        top = each.max(axis=1)
        reached = np.isfinite(top)
        shares = np.exp(each - np.where(reached, top, 0)[:, None])
        total = shares.sum(axis=1)
        with np.errstate(divide="ignore"):
            left = np.where(reached, np.log(s) + top + np.log(total), -np.inf)
        return cls(there, left, moments, shares / np.where(reached, total, 1)[:, None])


def _summed(values: NDArray[np.float64], rows: Histories) -> tuple[float, NDArray[np.float64]]:
    """The log-likelihood of *rows*, and its gradient by the logarithms of the parameters; by pieces that fit the processor's cache."""
    pieces = [_likelihood(values, piece) for piece in rows.pieces(_PIECE)]
    return sum(value for value, _ in pieces), np.sum([slopes for _, slopes in pieces], axis=0)


def _likelihood(values: NDArray[np.float64], rows: Histories) -> tuple[float, NDArray[np.float64]]:
    special: Any = need("scipy.special", extra="analytics")
    r, alpha, s, beta = values
    x, age, counts = rows.frequency, rows.age, rows.counts
    terms = _Terms.of(values, rows)
    total = np.logaddexp(terms.there, terms.left)
    head = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    stays = np.exp(terms.there - total)

    def over(there: Any, moments: Any) -> NDArray[np.float64]:
        """What somebody who stayed adds to a slope, and somebody who left, as likely as they are."""
        return np.asarray(stays * there + (1 - stays) * np.einsum("ij,ij->i", terms.weights, moments))

    near, late = alpha + terms.moments, beta + terms.moments
    of_r = special.digamma(r + x) - special.digamma(r) + np.log(alpha) - over(np.log(alpha + age), np.log(near))
    of_alpha = r / alpha - (r + x) * over(1 / (alpha + age), 1 / near)
    of_s = np.log(beta) + (1 - stays) / s - over(np.log(beta + age), np.log(late))
    of_beta = s / beta - over(s / (beta + age), (s + 1) / late)
    slopes = np.array([counts @ of_r * r, counts @ of_alpha * alpha, counts @ of_s * s, counts @ of_beta * beta])
    return float(counts @ (head + total)), slopes
