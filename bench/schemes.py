"""The cost of a value by our schemes, beside the library a user would take instead; interleaved, in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import phonenumbers
from stdnum.cn import ric

from bankcif import standard_schemes
from bankcif.identifiers import validate_column
from bankcif.identifiers.cn import check_character

VALUES = 20_000
COLUMN = 1_000_000
ROUNDS = 5


def resident_ids(count: int, seed: int) -> list[str]:
    """Made-up numbers of known counties, some of them wrong."""
    rng = Random(seed)
    found = []
    for _ in range(count):
        region = rng.choice(("110105", "440524", "310104", "510104", "330106"))
        first = f"{region}{rng.randrange(1950, 2012)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}{rng.randrange(1000):03}"
        found.append(first + (check_character(first) if rng.random() < 0.95 else "0"))
    return found


def mobiles(count: int, seed: int) -> list[str]:
    """Mainland mobiles as they are mostly written, of all leading digits."""
    rng = Random(seed)
    return [f"1{rng.randrange(30, 100)}{rng.randrange(10**8):08}" for _ in range(count)]


def compared(what: str, values: Sequence[str], ours: Callable[[str], Any], theirs: Callable[[str], Any]) -> float:
    """Both over all values in turn; prints cost and ratio and returns the ratio."""
    pairs = []
    for _ in range(ROUNDS):
        costs = []
        for check in (ours, theirs):
            started = time.perf_counter()
            for value in values:
                check(value)
            costs.append((time.perf_counter() - started) / len(values) * 1e6)
        pairs.append(costs)
    ratios = sorted(b / a for a, b in pairs)
    mine, other = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
    middle = statistics.median(ratios)
    print(
        f"{what}: ours {mine:.2f} µs, theirs {other:.2f} µs a value; {middle:.1f} x faster "
        f"({ratios[0]:.1f} to {ratios[-1]:.1f}, {ROUNDS} interleaved rounds)"
    )
    return middle


def schemes() -> dict[str, Any]:
    """Resident IDs beside stdnum, mobiles beside phonenumbers, and a million resident IDs in a column."""
    known = standard_schemes()
    resident, phone = known["cn.resident_id"], known["phone"]

    def theirs(number: str) -> bool:
        try:
            return phonenumbers.is_valid_number(phonenumbers.parse(number, "CN"))
        except phonenumbers.NumberParseException:
            return False

    numbers = mobiles(VALUES, seed=5)

    def assigned(number: str) -> bool:
        return all(issue.rule != "unassigned_range" for issue in phone.validate(number).issues)

    differing = sum(assigned(number) != theirs(number) for number in numbers)
    print(f"mobiles on which we and phonenumbers differ: {differing} of {len(numbers)}")
    result = {
        "resident_id": compared("cn.resident_id beside stdnum.cn.ric", resident_ids(VALUES, 4), resident.validate, ric.is_valid),
        "mobile": compared("mobiles beside phonenumbers", numbers, phone.validate, theirs),
        "mobile_differing": differing,
    }  # fmt: skip
    column = resident_ids(COLUMN, seed=6)
    for name, values in (("a list", column), ("a NumPy array", np.array(column))):
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            validate_column(resident, values)
            times.append(time.perf_counter() - started)
        result[f"column_s_{name.split()[-1]}"] = statistics.median(times)
        print(
            f"{len(column):,} resident IDs as {name}: {statistics.median(times):.3f} s "
            f"({min(times):.3f} to {max(times):.3f}; first run {times[0]:.3f})"
        )
    return result
