"""
Data quality: fifty of the starter rules, and all of them, over a million customers on Polars, with the figures of a hundred branches; and what one
customer costs.

The frames are made up, with a customer's plain fields, what is measured of them, and three rows each of holdings and the other collections.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import polars as pl

from bankcif.quality import Dimension, RuleBook, figures_in_columns, quality_schema, starter_rules
from bankcif.rules import opened_record
from rules import TODAY, frames

__all__ = ["quality"]

_FIFTY = 50


def quality(customers: int = 1_000_000, rounds: int = 5) -> dict[str, Any]:
    """Fifty rules, and all of the book, over *customers*; the rules of one."""
    whole = starter_rules()
    flat = [one for one in whole.rules.values() if one.dimension is not Dimension.UNIQUENESS][:_FIFTY]
    fifty = RuleBook(version="fifty", rules={one.name: one for one in flat}, applies=whole.applies)
    own, rows = frames(customers, quality_schema())
    own = own.with_columns(pl.lit("active").alias("life_cycle"), (pl.col("key") % 100).cast(pl.String).alias("unit"))
    found: dict[str, Any] = {}
    for name, book in (("fifty rules", fifty), ("all of the book", whole)):
        took, counted = [], []
        for _ in range(rounds):
            started = time.perf_counter()
            outcomes = book.in_columns(
                own.lazy(), key="key", today=TODAY, collections={each: one.lazy() for each, one in rows.items()}
            ).collect()
            took.append(time.perf_counter() - started)
            started = time.perf_counter()
            figures_in_columns(book, outcomes.join(own.select("key", "unit"), on="key"), by="unit")
            counted.append(time.perf_counter() - started)
        found[f"{name} ({len(book.names)}) over {customers:,} customers, s"] = statistics.median(took)
        found[f"{name}: slowest round, s"] = max(took)
        found[f"{name}: figures of a hundred branches, s"] = statistics.median(counted)
    found["all rules of one customer, µs"] = _one(whole)
    for what, number in found.items():
        print(f"{what}: {number:,.2f}")
    return found


def _one(book: RuleBook) -> float:
    record = opened_record({"kind": "individual", "life_cycle": "active"}, {"birth_date": "1990-01-01"})
    record = {**dict.fromkeys(quality_schema()), **record}
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(500):
            book.examine(record, TODAY)
        taken.append((time.perf_counter() - started) / 500 * 1e6)
    return statistics.median(taken)


if __name__ == "__main__":
    quality()
