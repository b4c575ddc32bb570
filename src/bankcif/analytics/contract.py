"""
Customers whose leaving is seen, since an account is closed: how many stay, and what they are worth.

Each period a customer stays with a probability of their own; these vary as a beta distribution (alpha, beta). So who stayed long is likelier to stay, and retention rises with the age of a
cohort though nobody changes.

Source: Fader, Hardie, How to Project Customer Retention (Journal of Interactive Marketing 21, 2007), equations 5 to 7, and Customer-Base Valuation in a Contractual Setting: The Perils of
Ignoring Heterogeneity (Marketing Science 29, 2010), equation 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._extras import need
from ..errors import FitError, InputError
from ..party import Money
from ._html import parameter_table
from .fitting import Fit, maximize
from .spans import DiscountRate, Span, is_number, need_parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ShiftedBetaGeometric"]

_TINY, _MOST_TERMS, _MOST_PERIODS = 1e-300, 200_000, 100_000
_STARTS = ((1.0, 1.0), (0.5, 3.0), (2.0, 10.0))


@attrs.frozen(kw_only=True)
class ShiftedBetaGeometric:
    """
    A shifted-beta-geometric (sBG) model of staying.

    Attributes:
        alpha, beta: How the probabilities vary of leaving in a period; their mean is alpha/(alpha+beta).
        period: How long a period is.
        fit: What it was fitted on; None of parameters that somebody gave.

    Raises:
        InputError: A parameter is not above zero, or the period has no length.
    """

    alpha: float
    beta: float
    period: Span
    fit: Fit | None = attrs.field(default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        need_parameters("staying", self.alpha, self.beta)
        if self.period.amount == 0:
            raise InputError("a period has a length", path="$.period", rule="parameters")

    @property
    def parameters(self) -> Mapping[str, float]:
        """By name."""
        return {name: getattr(self, name) for name in ("alpha", "beta")}

    @property
    def name(self) -> str:
        """As the literature calls it."""
        return "sBG"

    def _repr_html_(self) -> str:
        """Its parameters with their errors, for notebooks."""
        return parameter_table(self)

    @classmethod
    def fitted(cls, survivors: Sequence[int], *, period: Span) -> ShiftedBetaGeometric:
        """
        The model under which it is likeliest that of a cohort so many stayed.

        Args:
            survivors: How many there were at the beginning, and behind each period; never more than before.
            period: How long a period is.

        Raises:
            InputError: Not two numbers at least, or more than there were before.
            FitError: Nobody left, or the fit is refused; with the diagnosis.
        """
        seen = np.asarray(survivors, dtype=float)
        if (
            seen.ndim != 1
            or len(seen) < 2
            or (seen < 0).any()
            or (seen % 1).any()
            or (np.diff(seen) > 0).any()
            or seen[0] == 0
        ):
            raise InputError(
                "survivors are whole numbers from the beginning of a cohort on, never more than before",
                path="$.survivors",
                rule="survivors",
            )
        left = -np.diff(seen)
        if len(left) < 2 or not left.any():
            raise FitError(
                f"{int(left.sum()):,} left within {len(left)} periods; two periods at least, in which somebody left, are needed to tell how customers stay", rule="too_short"
            )  # fmt: skip

        def likelihood(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            return _likelihood(np.exp(place), left, float(seen[-1]))

        found = maximize(likelihood, ("alpha", "beta"), customers=int(seen[0]), starts=_STARTS)
        return cls(**found.parameters, period=period, fit=found)

    def survival(self, periods: int) -> NDArray[np.float64]:
        """Which share stays for 0, 1, 2 … *periods*; `InputError` of fewer than none or more than 100,000."""
        _need_whole(periods)
        steps = np.arange(periods)
        return np.concatenate([[1.0], np.cumprod((self.beta + steps) / (self.alpha + self.beta + steps))])

    def retention(self, renewals: int) -> float:
        """Which share stays one period more of those who have stayed for so many; `InputError` of fewer than none or more than 100,000."""
        _need_whole(renewals)
        return (self.beta + renewals) / (self.alpha + self.beta + renewals)

    def residual_lifetime(self, renewals: int, discount: DiscountRate) -> float:
        """
        How many periods more somebody who has stayed for so many is expected to, each worth what it is today; the next renewal is the first, and near.

        Raises:
            InputError: They stayed for less than none, or without a discount the sum has no bound.
        """
        _need_whole(renewals)
        factor = discount.factor(self.period)
        if factor == 1 and self.alpha <= 1:
            raise InputError(
                f"with alpha at {self.alpha:.2f}, not above 1, and no discount customers are worth without bound; give a rate",
                path="$.discount",
                rule="discount",
            )
        staid = self.beta + renewals
        return self.retention(renewals) * _fraction(staid + 1, self.alpha + staid + 1, factor)

    def value(self, margin: Money, renewals: int, discount: DiscountRate) -> Money:
        """What somebody is worth who brings *margin* with each renewal and has stayed for so many: margin times the periods that they are expected to stay."""
        return Money.of_minor(round(margin.minor * self.residual_lifetime(renewals, discount)), margin.currency)


def _need_whole(periods: int) -> None:
    if not is_number(periods) or periods % 1 or not 0 <= periods <= _MOST_PERIODS:
        raise InputError(f"periods are whole, from 0 to {_MOST_PERIODS:,}", path="$.periods", rule="renewals")


def _fraction(b: float, c: float, z: float) -> float:
    """
    2F1(1, b; c; z), for c above b, by Gauss's continued fraction, which stays within the range of numbers where the function's own terms do not.

    Source: NIST Digital Library of Mathematical Functions, 15.7.5, with the method of Lentz for its value.
    """
    value, above, below = _TINY, _TINY, 0.0
    for step in range(_MOST_TERMS):
        half = step // 2
        if step == 0:
            part = 1.0
        elif step % 2:
            part = -z * (b + half) * (c - 1 + half) / ((c + 2 * half - 1) * (c + 2 * half))
        else:
            part = -z * half * (c - b + half - 1) / ((c + 2 * half - 2) * (c + 2 * half - 1))
        divisor, above = 1 + part * below, 1 + part / above
        below = 1 / (divisor if divisor != 0 else _TINY)
        above = above if above != 0 else _TINY
        value *= above * below
        if step and abs(above * below - 1) < 1e-15:
            break
    return value


def _likelihood(
    values: NDArray[np.float64], left: NDArray[np.float64], stayed: float
) -> tuple[float, NDArray[np.float64]]:
    special: Any = need("scipy.special", extra="analytics")
    alpha, beta = values
    t, n = np.arange(1, len(left) + 1), len(left)
    ln, psi = special.betaln, special.digamma
    each = ln(alpha + 1, beta + t - 1) - ln(alpha, beta)
    rest = ln(alpha, beta + n) - ln(alpha, beta)
    whole = psi(alpha + beta)
    of_alpha = psi(alpha + 1) - psi(alpha + beta + t) - psi(alpha) + whole
    of_beta = psi(beta + t - 1) - psi(alpha + beta + t) - psi(beta) + whole
    rest_alpha = whole - psi(alpha + beta + n)
    rest_beta = psi(beta + n) - psi(alpha + beta + n) - psi(beta) + whole
    value = float(left @ each + stayed * rest)
    return value, np.array(
        [(left @ of_alpha + stayed * rest_alpha) * alpha, (left @ of_beta + stayed * rest_beta) * beta]
    )
