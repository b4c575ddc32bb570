"""What customers are worth who may leave without saying so: how often they are expected to come, times what they spend, times the margin, each at what it is worth today."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import attrs
import numpy as np

from ..errors import InputError
from ..party import Money
from ._html import html_table
from .histories import Histories
from .spans import DiscountRate, Span, TimeUnit
from .spending import GammaGamma

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["BuyingModel", "Worth", "lifetime_value"]

_MOST_STEPS, _MOST_MINOR = 520, 2.0**62
_STEP = Span(4, TimeUnit.WEEK)


class BuyingModel(Protocol):
    """What a model of buying tells: `BetaGeometric` or `ParetoNbd`."""

    @property
    def name(self) -> str: ...

    @property
    def unit(self) -> TimeUnit: ...

    def expected_by(self, histories: Histories, spans: Sequence[Span]) -> NDArray[np.float64]: ...


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Worth:
    """
    What each of some customers is worth, in order.

    Attributes:
        minor: In minor units.
        currency: Of which currency.
        horizon, discount: How far ahead it was looked, and by which rate.
        model: By which model of buying.
    """

    minor: NDArray[np.int64]
    currency: str
    horizon: Span
    discount: DiscountRate
    model: str

    def __repr__(self) -> str:
        return f"Worth({len(self):,} customers, {self.currency})"

    def _repr_html_(self) -> str:
        """All of them together, and what stands behind it, for notebooks; nobody's own amount."""
        ahead = f"{self.horizon.amount:g} {self.horizon.unit}s"
        row = (
            len(self),
            f"{self.total.currency} {self.total.amount:,}",
            ahead,
            f"{self.discount.per_year:.2%}",
            self.model,
        )
        return html_table(repr(self), ("customers", "worth", "ahead", "a year's discount", "model"), [row])

    def __len__(self) -> int:
        return len(self.minor)

    def __getitem__(self, at: int) -> Money:
        return Money.of_minor(int(self.minor[at]), self.currency)

    @property
    def total(self) -> Money:
        """All of them together."""
        return Money.of_minor(sum(self.minor.tolist()), self.currency)


def lifetime_value(
    model: BuyingModel, spending: GammaGamma, histories: Histories, mean: ArrayLike, *, horizon: Span, discount: DiscountRate, margin: Decimal | str = "1",
    step: Span = _STEP,
) -> Worth:  # fmt: skip
    """
    What customers are worth from the end of their histories on.

    Args:
        model: Of how they buy.
        spending: Of what they spend each time, in minor units of its currency.
        histories: Theirs; each row is told once, however many customers it counts.
        mean: What each spent each time, in minor units; anything of who never came again.
        horizon: How far ahead it is looked.
        discount: By which rate what comes later is worth less.
        margin: Which part of what they spend is earned: above 0, at most 1.
        step: In which steps money is discounted; what comes within one counts as of its end.

    Raises:
        InputError: Columns of different lengths, a margin out of range, a horizon of no steps or too many, or worth beyond 64 bits.
        FitError: Spending has no mean.
    """
    try:
        part = Decimal(margin)
    except (ArithmeticError, TypeError, ValueError):
        part = Decimal(0)
    if not (part.is_finite() and 0 < part <= 1):
        raise InputError("a margin is a part above 0 and at most 1, such as 0.3", path="$.margin", rule="margin")
    steps = -(-horizon.within(TimeUnit.DAY) // step.within(TimeUnit.DAY)) if step.amount else 0
    if not 1 <= steps <= _MOST_STEPS:
        raise InputError(
            f"a horizon has 1 to {_MOST_STEPS} steps of {step.amount:g} {step.unit}s", path="$.horizon", rule="horizon"
        )
    each = spending.expected(histories.frequency, mean)
    ends = [min(at * step.within(TimeUnit.DAY), horizon.within(TimeUnit.DAY)) for at in range(1, int(steps) + 1)]
    spans = [Span(end, TimeUnit.DAY) for end in ends]
    within = np.diff(model.expected_by(histories, spans), axis=0, prepend=0)
    times = np.array([discount.factor(span) for span in spans]) @ within
    worth = np.rint(times * each * float(part))
    if not (np.abs(worth) < _MOST_MINOR).all():
        raise InputError(
            "somebody would be worth more than an amount can hold; look at their amounts and at the unit of these", path="$.mean", rule="amounts"
        )  # fmt: skip
    return Worth(
        minor=worth.astype(np.int64), currency=spending.currency, horizon=horizon, discount=discount, model=model.name
    )
