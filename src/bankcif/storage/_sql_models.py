"""Models, on an SQL database."""

from __future__ import annotations

from collections.abc import Sequence

from ._model_statements import MODEL
from ._sql_session import Store
from .model_rows import ModelRow

__all__ = ["Models"]


class Models(Store):
    def active(self, name: str) -> ModelRow | None:
        found = self._s.select("model_active", model=name)
        return next(map(MODEL.row, found), None)

    def get(self, proposal: str) -> ModelRow | None:
        found = self._s.select("model_get", id=proposal)
        return next(map(MODEL.row, found), None)

    def all(self) -> Sequence[ModelRow]:
        return [MODEL.row(values) for values in self._s.select("models")]

    def put(self, row: ModelRow) -> None:
        self._s.put(MODEL, [row])
