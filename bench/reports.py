"""Reports over a million customers and three million holdings, as counted after extraction: seconds of each, medians and the slowest."""

from __future__ import annotations

import statistics
import time
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from bankcif.analytics import KEY, Column, Snapshot, starter_reports, tabulate
from bankcif.rules import Kind

__all__ = ["reports"]

NAMES = (
    "customers_by_sex_and_age",
    "customers_by_branch",
    "products_held",
    "products_by_age",
    "product_combinations",
    "products_each",
)
OWN = {
    "kind": Kind.TEXT,
    "sex": Kind.TEXT,
    "birth_date": Kind.DATE,
    "aum": Kind.MONEY,
    "aum_currency": Kind.TEXT,
    "branch": Kind.TEXT,
}
ROW = {
    "product": Kind.TEXT,
    "status": Kind.TEXT,
    "balance": Kind.MONEY,
    "balance_currency": Kind.TEXT,
    "opened_on": Kind.DATE,
    "closed_on": Kind.DATE,
}


def reports(customers: int = 1_000_000, rounds: int = 3) -> dict[str, Any]:
    """Each report counted, nothing told of fewer than ten."""
    data = _snapshot(customers)
    found: dict[str, Any] = {}
    for name in NAMES:
        spec, took = starter_reports()[name], []
        for _ in range(rounds):
            started = time.perf_counter()
            made = tabulate(data, spec, k=10)
            took.append(time.perf_counter() - started)
        found[name] = {"s": statistics.median(took), "slowest, s": max(took), "cells": len(made.cells)}
        print(f"{name}: {statistics.median(took):.2f} s ({max(took):.2f}), {len(made.cells)} cells")
    return found


def _snapshot(customers: int) -> Snapshot:
    generator, rows = np.random.default_rng(3), 3 * customers
    keys = [f"{number:07}" for number in range(customers)]

    def days(low: int, high: int, many: int) -> Any:
        return pa.array(generator.integers(low, high, many).astype(np.int32)).cast(pa.date32())

    own = pa.table(
        {
            KEY: keys, "kind": ["individual"] * customers, "sex": generator.choice(["1", "2"], customers), "birth_date": days(-10_000, 15_000, customers),
            "aum": (10 ** generator.normal(6, 1, customers)).astype(np.int64), "aum_currency": ["CNY"] * customers,
            "branch": generator.choice([f"B{number}" for number in range(300)], customers),
        }
    )  # fmt: skip
    held = pa.table(
        {
            KEY: [keys[number] for number in generator.integers(0, customers, rows)], "product": generator.choice(["card", "deposit", "fund", "loan", "gold"], rows),
            "status": generator.choice(["open", "closed"], rows), "balance": generator.integers(0, 10**7, rows), "balance_currency": ["CNY"] * rows,
            "opened_on": days(15_000, 20_000, rows), "closed_on": pa.nulls(rows, pa.date32()),
        }
    )  # fmt: skip
    columns = {
        **{name: Column(kind) for name, kind in OWN.items()},
        **{f"holdings.{name}": Column(kind) for name, kind in ROW.items()},
    }
    return Snapshot(
        customers=own, rows={"holdings": held}, columns=columns, as_of=date(2026, 11, 28), purpose="analytics", k=1
    )


if __name__ == "__main__":
    reports()
