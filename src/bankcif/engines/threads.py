"""Threads for work whose inner loops are compiled, or Arrow's, so that they run beside each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

__all__ = ["threads"]


@contextmanager
def threads(count: int | None) -> Iterator[ThreadPoolExecutor]:
    """
    A pool that begins nothing more once something went wrong.

    Args:
        count: How many; as many as the machine has processors, if None.
    """
    pool = ThreadPoolExecutor(count or os.cpu_count() or 1)
    broken = True
    try:
        yield pool
        broken = False
    finally:
        pool.shutdown(cancel_futures=broken)
