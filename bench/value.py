"""
Value: how a million customers buy, fitted and scored.

They are drawn as the Pareto/NBD model says that customers are, by days over two years; a third of the histories are different ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bankcif.analytics import (
    BetaGeometric,
    DiscountRate,
    GammaGamma,
    Histories,
    ParetoNbd,
    Span,
    TimeUnit,
    lifetime_value,
)

__all__ = ["value"]

_YEAR = Span(365, TimeUnit.DAY)


def value(customers: int = 1_000_000, rounds: int = 3) -> dict[str, Any]:
    """Three models of buying and the one of spending, fitted on *customers*, and every customer's chances and worth."""
    generator = np.random.default_rng(7)
    histories = _drawn(generator, customers)
    mean = generator.gamma(6, 1, customers) / generator.gamma(4, 1, customers) * 1_500
    again = histories.frequency > 0
    found: dict[str, Any] = {"different histories": len(histories.grouped())}

    def timed(what: str, work: Callable[[], Any]) -> Any:
        took = []
        for _ in range(rounds):
            started = time.perf_counter()
            made = work()
            took.append(time.perf_counter() - started)
        found[f"{what}, s"], found[f"{what}: slowest round, s"] = sorted(took)[rounds // 2], max(took)
        return made

    spending = timed(
        "gamma-gamma fitted",
        lambda: GammaGamma.fitted(histories.frequency[again], mean[again], currency="CNY"),
    )
    for name, fitted in (
        ("BG/NBD", lambda: BetaGeometric.fitted(histories)),
        ("MBG/NBD", lambda: BetaGeometric.fitted(histories, modified=True)),
        ("Pareto/NBD", lambda: ParetoNbd.fitted(histories)),
    ):
        model: Any = timed(f"{name} fitted", fitted)
        timed(f"{name}: alive, and times of a year", lambda model=model: (model.alive(histories), model.expected_again(histories, _YEAR)))  # type: ignore[misc]  # fmt: skip
        timed(
            f"{name}: worth, in 14 steps",
            lambda model=model: lifetime_value(  # type: ignore[misc]
                model, spending, histories, mean, horizon=_YEAR, discount=DiscountRate(0.1), margin="0.3"
            ),
        )
    for what, number in found.items():
        print(f"{what}: {number:,.2f}")
    return found


def _drawn(generator: np.random.Generator, customers: int) -> Histories:
    age = generator.integers(365, 731, customers).astype(float)
    rates = generator.gamma(0.55, 1 / 74, customers)
    stays = np.minimum(generator.exponential(1 / np.maximum(generator.gamma(0.6, 1 / 80, customers), 1e-12)), age)
    came = generator.poisson(rates * stays).astype(float)
    last = np.clip(np.ceil(stays * generator.random(customers) ** (1 / np.maximum(came, 1))), 1, age)
    return Histories(frequency=came, recency=np.where(came > 0, last, 0), age=age, unit=TimeUnit.DAY)


if __name__ == "__main__":
    value()
