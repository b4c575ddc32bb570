"""Models, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from ._memory_tables import Store
from .model_rows import ModelRow

__all__ = ["Models"]


class Models(Store):
    def active(self, name: str) -> ModelRow | None:
        rows = self._data.models.rows.values()
        return next((row for row in rows if row.name == name and row.since is not None and row.until is None), None)

    def get(self, proposal: str) -> ModelRow | None:
        return self._data.models.rows.get(proposal)

    def all(self) -> Sequence[ModelRow]:
        return [row for _, row in sorted(self._data.models.rows.items())]

    def put(self, row: ModelRow) -> None:
        self._data.models.put(row.id, row)
