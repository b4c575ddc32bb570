"""A store in memory: the reference that other stores are measured by. Nothing outlives the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import RLock

from ._memory_tables import Data
from ._memory_unit import Unit
from .rows import StoreRow

__all__ = ["MemoryRepository"]


class MemoryRepository:
    """A store in memory; units of work take turns."""

    def __init__(self) -> None:
        self._data = Data()
        self._lock = RLock()

    @contextmanager
    def unit_of_work(self) -> Iterator[Unit]:
        with self._lock:
            try:
                yield Unit(self._data)
            finally:
                for step in reversed(self._data.undo):
                    step()
                self._data.undo.clear()

    def snapshot(self) -> AbstractContextManager[Unit]:
        return self.unit_of_work()

    def identity(self) -> StoreRow | None:
        return self._data.store.rows.get("")

    def found(self, row: StoreRow) -> StoreRow:
        with self._lock:
            return self._data.store.rows.setdefault("", row)

    def look_again(self) -> None:
        """Nothing to look at."""

    def close(self) -> None:
        """Nothing to let go of."""
