"""
Analyses beside the usual library for the same work, in one run: lifetimes, mlxtend and scikit-learn, each in an environment of its own, in interleaved rounds.

What came out of both is compared, too: parameters, weights, how many rules. Reading and importing are outside the clock of both.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from value import _drawn

from bankcif.analytics import Baskets, BetaGeometric, GammaGamma, Histories, LogisticModel

__all__ = ["analyses"]

HERE = Path(__file__).parent
SEED = 7


def analyses(customers: int = 100_000, rounds: int = 5, rivals: str = sys.executable) -> dict[str, Any]:
    """Each analysis by ours and by the usual library: medians, the ratio with its spread, and how far the results are apart."""
    generator = np.random.default_rng(SEED)
    histories = _drawn(generator, customers)
    mean = generator.gamma(6, 1, customers) / generator.gamma(4, 1, customers) * 1_500
    again = histories.frequency > 0
    baskets = generator.random((customers, 12)) < np.linspace(0.05, 0.5, 12)
    baskets[:, 1] |= baskets[:, 0] & (generator.random(customers) < 0.5)
    figures = generator.normal(size=(customers, 10))
    happened = generator.random(customers) < 1 / (1 + np.exp(2 - figures @ np.linspace(-1, 1, 10)))
    least = customers // 100
    keys, products = np.nonzero(baskets)
    names = [f"p{n}" for n in products]

    def rules() -> list[float]:
        found = Baskets.of_rows(keys, names, customers=customers).rules(least)
        return [len(found), max(one.lift for one in found)]

    def weights() -> list[float]:
        found = LogisticModel.fitted({f"f{n:02}": figures[:, n] for n in range(10)}, happened)
        return [found.intercept, *found.weights.values()]

    def buying() -> list[float]:
        one = BetaGeometric.fitted(
            Histories(frequency=histories.frequency, recency=histories.recency, age=histories.age, unit=histories.unit)
        )
        return [one.r, one.alpha, one.a, one.b]

    def spending() -> list[float]:
        one = GammaGamma.fitted(histories.frequency[again], mean[again], currency="CNY")
        return [one.p, one.q, one.gamma]

    work: dict[str, Callable[[], list[float]]] = {
        "BG/NBD": buying,
        "gamma-gamma": spending,
        "held together": rules,
        "logistic": weights,
    }
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        np.savez(
            data,
            frequency=histories.frequency,
            recency=histories.recency,
            age=histories.age,
            mean=mean,
            baskets=baskets,
            least=least,
            figures=figures,
            happened=happened,
        )
        for name, ours in work.items():
            took: list[float] = []
            theirs: list[float] = []
            said: Any = None
            mine: list[float] = []
            for _ in range(rounds):
                started = time.perf_counter()
                mine = ours()
                took.append(time.perf_counter() - started)
                done = subprocess.run(
                    [rivals, str(HERE / "rival_analyses.py"), str(data), name],
                    check=True,
                    capture_output=True,
                    text=True,
                )
                told = json.loads(done.stdout.splitlines()[-1])
                theirs.append(told["seconds"])
                said = told["said"]
            ratios = [b / a for a, b in zip(took, theirs, strict=True)]
            apart: Any = (
                said
                if isinstance(said, str)
                else max(abs(a - b) / max(abs(b), 1e-9) for a, b in zip(mine, said, strict=True))
            )
            found[name] = {
                "ours, s": statistics.median(took), "theirs, s": statistics.median(theirs), "theirs by ours": statistics.median(ratios), "least": min(ratios), "most": max(ratios),
                "apart": apart,
            }  # fmt: skip
            print(
                f"{name}: ours {statistics.median(took):.3f} s, theirs {statistics.median(theirs):.3f} s, ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), apart {apart}"
            )
    return found


if __name__ == "__main__":
    analyses(rivals=sys.argv[1] if len(sys.argv) > 1 else sys.executable)
