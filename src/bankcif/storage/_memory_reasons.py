"""Reasons in a person's words, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..party import CifNo
from ._memory_tables import Store
from .rows import ReasonRow

__all__ = ["Reasons"]


class Reasons(Store):
    def put(self, row: ReasonRow) -> None:
        self._data.reasons.put(row.about, row)

    def get(self, abouts: Collection[str]) -> Mapping[str, ReasonRow]:
        return self._data.reasons.some(abouts)

    def of(self, cif_nos: Collection[CifNo]) -> Sequence[ReasonRow]:
        return [row for _, row in sorted(self._data.reasons.groups(cif_nos).items())]

    def page(self, after: str, limit: int) -> Sequence[ReasonRow]:
        return self._data.reasons.page(after, limit)

    def drop(self, rows: Collection[ReasonRow]) -> None:
        for row in rows:
            self._data.reasons.drop(row.about)
