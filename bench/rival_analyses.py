"""
The usual libraries at the same work as `analyses`: lifetimes, mlxtend and scikit-learn, on the arrays of a file, in an environment of their own.

    python rival_analyses.py DATA.npz NAME        prints seconds and what came of it as JSON
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np


def buying(data: Any) -> Any:
    from lifetimes import BetaGeoFitter

    return lambda: [float(one) for one in BetaGeoFitter().fit(data["frequency"], data["recency"], data["age"]).params_]


def spending(data: Any) -> Any:
    from lifetimes import GammaGammaFitter

    again = data["frequency"] > 0
    return lambda: [float(one) for one in GammaGammaFitter().fit(data["frequency"][again], data["mean"][again]).params_]


def together(data: Any) -> Any:
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    frame = pd.DataFrame(data["baskets"], columns=[f"p{n}" for n in range(data["baskets"].shape[1])])

    def work() -> list[float]:
        sets = fpgrowth(frame, min_support=float(data["least"]) / len(frame), use_colnames=True, max_len=4)
        rules = association_rules(sets, metric="lift", min_threshold=0)
        return [int((rules["consequents"].map(len) == 1).sum()), float(rules["lift"].max())]

    return work


def logistic(data: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    def work() -> list[float]:
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000, solver="newton-cholesky").fit(
            data["figures"], data["happened"]
        )
        return [float(model.intercept_[0]), *map(float, model.coef_[0])]

    return work


WORK: dict[str, Callable[[Any], Any]] = {
    "BG/NBD": buying,
    "gamma-gamma": spending,
    "held together": together,
    "logistic": logistic,
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    work = WORK[sys.argv[2]](np.load(sys.argv[1]))  # imported and read before the clock runs
    started = time.perf_counter()
    try:
        said: Any = work()
    except Exception as error:  # what does not converge is a result, too
        said = type(error).__name__
    print(json.dumps({"seconds": time.perf_counter() - started, "said": said}))
