"""
Whether a customer who may leave without saying so is still one, and how often they will come: the BG/NBD and MBG/NBD models.

While alive, a customer buys at random at a rate of their own; rates vary as a gamma distribution (r, alpha). After each time they may leave, with a probability of their
own; these vary as a beta distribution (a, b). In the BG/NBD nobody leaves before they came again, so that who came once alone is alive for certain; in the MBG/NBD they may leave
at once.

Source: Fader, Hardie, Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model (Marketing Science 24, 2005), equations 6 to 10; Batislam, Denizel,
Filiztekin, Empirical validation and comparison of models for customer base analysis (IJRM 24, 2007), and Hoppe, Wagner, Customer Base Analysis: The Case for a Central Variant of
the Betageometric/NBD Model (Marketing ZFP 29, 2007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._extras import need
from ..errors import FitError
from ._html import parameter_table
from .fitting import Fit, maximize
from .histories import Histories
from .spans import Span, TimeUnit, need_parameters, time_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BetaGeometric"]

_STARTS = ((1.0, 5.0, 1.0, 3.0), (0.3, 3.0, 0.5, 2.0), (2.0, 20.0, 1.5, 5.0))
_NAMES = ("r", "alpha", "a", "b")
_LEAST_CUSTOMERS, _LEAST_AGAIN = 30, 10
_SMALL, _MOST_TERMS = 1e-250, 100_000


@attrs.frozen(kw_only=True)
class BetaGeometric:
    """
    A BG/NBD model, or an MBG/NBD one.

    Attributes:
        r, alpha: How buying rates vary; their mean is r/alpha a unit of time.
        a, b: How the probabilities vary of leaving; their mean is a/(a+b).
        unit: In what it counts time.
        modified: Whether somebody may leave after their first time already (MBG/NBD).
        fit: What it was fitted on; None of parameters that somebody gave.

    Raises:
        InputError: A parameter is not above zero.
    """

    r: float
    alpha: float
    a: float
    b: float
    unit: TimeUnit = attrs.field(converter=time_unit)
    modified: bool = False
    fit: Fit | None = attrs.field(default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        need_parameters("buying", self.r, self.alpha, self.a, self.b)

    @property
    def name(self) -> str:
        """As the literature calls it."""
        return "MBG/NBD" if self.modified else "BG/NBD"

    @property
    def parameters(self) -> Mapping[str, float]:
        """By name."""
        return {name: getattr(self, name) for name in _NAMES}

    def _repr_html_(self) -> str:
        """Its parameters with their errors, for notebooks."""
        return parameter_table(self)

    @classmethod
    def fitted(cls, histories: Histories, *, modified: bool = False) -> BetaGeometric:
        """
        The model under which *histories* are likeliest.

        Raises:
            FitError: There are too few customers, or too few who came again, or the fit is refused; with the diagnosis.
        """
        need_history(histories)
        rows = histories.grouped()

        def likelihood(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            return _likelihood(np.exp(place), rows, modified=modified)

        found = maximize(likelihood, _NAMES, customers=rows.customers, starts=_STARTS)
        return cls(**found.parameters, unit=histories.unit, modified=modified, fit=found)

    def log_likelihood(self, histories: Histories) -> float:
        """Of *histories*, under this model."""
        rows = histories.within(self.unit).grouped()
        return _likelihood(np.array([self.r, self.alpha, self.a, self.b]), rows, modified=self.modified)[0]

    def alive(self, histories: Histories) -> NDArray[np.float64]:
        """How probable it is that each customer still is one."""
        return np.asarray(1 / (1 + self._gone(histories.within(self.unit))))

    def expected(self, span: Span) -> float:
        """How often somebody new comes again within *span*."""
        r, alpha, a, b = self._apart()
        time = span.within(self.unit)
        more = int(self.modified)
        inner = _inner(np.array([r]), np.array([b + more]), a - 1, np.array([time / (alpha + time)]))[0]
        return float(((b if self.modified else a + b - 1) / (a - 1)) * (1 - inner))

    def expected_again(self, histories: Histories, span: Span) -> NDArray[np.float64]:
        """How often each customer will come within *span* from the end of their history."""
        return np.asarray(self.expected_by(histories, (span,))[0])

    def expected_by(self, histories: Histories, spans: Sequence[Span]) -> NDArray[np.float64]:
        """The same for several spans at once: spans by customers."""
        rows = histories.within(self.unit)
        r, alpha, a, b = self._apart()
        x, known, more = rows.frequency, alpha + rows.age, int(self.modified)
        there = 1 / (1 + self._gone(rows))

        def expected(time: float) -> NDArray[np.float64]:
            inner = _inner(r + x, b + x + more, a - 1, time / (known + time))
            return np.asarray(np.maximum((a + b + x - 1 + more) / (a - 1) * (1 - inner) * there, 0))

        return np.stack([expected(span.within(self.unit)) for span in spans])

    def _gone(self, rows: Histories) -> NDArray[np.float64]:
        """How much likelier each customer left behind their last time than that they are there still."""
        x = rows.frequency
        with np.errstate(over="ignore", divide="ignore"):
            ratio = ((self.alpha + rows.age) / (self.alpha + rows.recency)) ** (self.r + x)
            if self.modified:
                return np.asarray(self.a / (self.b + x) * ratio)
            return np.where(x > 0, self.a / (self.b + np.maximum(x, 1) - 1) * ratio, 0)

    def _apart(self) -> tuple[float, float, float, float]:
        """The parameters, a off the one value at which the formulae divide by nothing; what they come to there is their limit."""
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6
        return self.r, self.alpha, a, self.b


def need_history(histories: Histories) -> None:
    """Raises `FitError` where there is too little to be told from."""
    again = int(histories.counts[histories.frequency > 0].sum())
    if histories.customers < _LEAST_CUSTOMERS or again < _LEAST_AGAIN:
        raise FitError(
            f"of {histories.customers:,} customers {again:,} came again; {_LEAST_CUSTOMERS} and {_LEAST_AGAIN} are needed at least to tell how they buy", rule="too_few"
        )  # fmt: skip
    if float(histories.age.max()) <= 0:
        raise FitError("every history is of its first day alone; a longer period is needed", rule="too_short")


def _inner(
    first: NDArray[np.float64], second: NDArray[np.float64], rest: float, z: NDArray[np.float64]
) -> NDArray[np.float64]:
    """
    (1-z)^first times 2F1(first, second; second + rest; z), of which the one factor leaves the range of numbers upwards where the other does so downwards, of who bought hundreds of times. There the
    function is transformed after Euler, to a series that is small and ends soon.
    """
    hyp2f1: Any = need("scipy.special", extra="analytics").hyp2f1
    with np.errstate(all="ignore"):
        power, function = (1 - z) ** first, hyp2f1(first, second, second + rest, z)
        found = np.asarray(power * function)
    far = ~np.isfinite(found) | (power < _SMALL) | (function > 1 / _SMALL)
    if far.any():
        beta, at = second[far], z[far]
        found[far] = (1 - at) ** rest * _series(beta + rest - first[far], rest, beta + rest, at)
    return found


def _series(
    first: NDArray[np.float64], second: float, below: NDArray[np.float64], z: NDArray[np.float64]
) -> NDArray[np.float64]:
    """2F1(first, second; below; z) by its definition."""
    term = np.ones_like(z)
    total = term.copy()
    for step in range(_MOST_TERMS):
        term = term * (first + step) * (second + step) / ((below + step) * (step + 1)) * z
        total = total + term
        if (np.abs(term) <= 1e-16 * np.abs(total)).all():
            break
    return total


def _likelihood(values: NDArray[np.float64], rows: Histories, *, modified: bool) -> tuple[float, NDArray[np.float64]]:
    """The log-likelihood of *rows*, and its gradient by the logarithms of the parameters."""
    special: Any = need("scipy.special", extra="analytics")
    ln, psi = special.gammaln, special.digamma
    r, alpha, a, b = values
    x, recency, age, counts = rows.frequency, rows.recency, rows.age, rows.counts
    more = int(modified)
    again = x > 0
    common = ln(r + x) - ln(r) + r * np.log(alpha) + ln(a + b) - ln(b) - ln(a + b + x + more)
    there = ln(b + x + more) - (r + x) * np.log(alpha + age)
    left = np.log(a) + ln(b + x + more - 1) - (r + x) * np.log(alpha + recency)
    left = left if modified else np.where(again, left, -np.inf)
    total = np.logaddexp(there, left)
    stays = np.exp(there - total)
    leaves = 1 - stays
    value = float(counts @ (common + total))
    of_r = psi(r + x) - psi(r) + np.log(alpha) - stays * np.log(alpha + age) - leaves * np.log(alpha + recency)
    of_alpha = r / alpha - (r + x) * (stays / (alpha + age) + leaves / (alpha + recency))
    of_a = psi(a + b) - psi(a + b + x + more) + leaves / a
    before = np.where(again | modified, psi(np.maximum(b + x + more - 1, 1e-300)), 0)
    of_b = psi(a + b) - psi(b) - psi(a + b + x + more) + stays * psi(b + x + more) + leaves * before
    slopes = np.array([counts @ of_r * r, counts @ of_alpha * alpha, counts @ of_a * a, counts @ of_b * b])
    return value, slopes
