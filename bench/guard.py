"""What protecting costs: masks over a column."""

from __future__ import annotations

import statistics
import time
from random import Random
from typing import Any

from bankcif.access import mask, mask_column

ROWS = 1_000_000
ROUNDS = 5


def masks() -> dict[str, Any]:
    """A million values of a kind as a column, and 20,000 of them one by one."""
    rng = Random(3)
    columns = {
        "phone": [f"+861{rng.randrange(3 * 10**9, 10**10):010}" for _ in range(ROWS)],
        "identifier": [f"{rng.randrange(10**17, 10**18)}" for _ in range(ROWS)],
        "name": rng.choices([a + b for a in "王李张刘陈" for b in "伟芳娜敏静丽强磊军洋"], k=ROWS),
        "email": [f"customer{n}@example.cn" for n in range(ROWS)],
    }
    result = {}
    for rule, values in columns.items():
        times, singles = [], []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            mask_column(rule, values)
            times.append(time.perf_counter() - started)
            started = time.perf_counter()
            for value in values[:20_000]:
                mask(rule, value)
            singles.append((time.perf_counter() - started) / 20_000 * 1e6)
        result[rule] = statistics.median(times)
        print(
            f"mask {rule:10}: {ROWS:,} in {statistics.median(times):.3f} s ({min(times):.3f} to {max(times):.3f}); one by one "
            f"{statistics.median(singles):.2f} µs each"
        )
    return result
