"""The slowest single call of every parser and scheme on hostile input: a pair of fragments repeated to full length."""

from __future__ import annotations

import itertools
import time
from typing import Any

from bankcif.testing.targets import refused, text_targets

PIECES = (
    "1", "一", "路", "村", "号", "幢", "-", "A", "街道", "区", "单元", "十", "1-", "1楼", "弄1", "公司", "分公司", "(", "有限公司", "银行",
    "·", "张", "<", "a", "B1", "@", ".", "+", " ",
)  # fmt: skip
LENGTH = 1000


def _seconds(target: Any, text: str) -> float:
    start = time.perf_counter()
    refused(lambda: target(text))
    return time.perf_counter() - start


def slowest() -> dict[str, Any]:
    """Prints the five slowest targets with the input that made them so, at full and half length, in milliseconds."""
    found = []
    for name, target in text_targets().items():
        _seconds(target, "warm")
        pairs = [a + b for a, b in itertools.product(PIECES, repeat=2)]
        worst = max(pairs, key=lambda piece: _seconds(target, (piece * LENGTH)[:LENGTH]))
        full, half = (
            min(_seconds(target, (worst * size)[:size]) for _ in range(5)) * 1000 for size in (LENGTH, LENGTH // 2)
        )
        found.append((full, half, name, worst))
    found.sort(reverse=True)
    for full, half, name, worst in found[:5]:
        print(f"slowest: {name:24} {full:7.3f} ms on {LENGTH} characters of {worst!r}, {half:.3f} ms on half of them")
    return {name: {"full_ms": full, "half_ms": half, "fragment": worst} for full, half, name, worst in found}


if __name__ == "__main__":
    slowest()
