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
        return {about: self._data.reasons.rows[about] for about in abouts if about in self._data.reasons.rows}

    def of(self, cif_nos: Collection[CifNo]) -> Sequence[ReasonRow]:
        wanted = set(cif_nos)
        return [row for _, row in sorted(self._data.reasons.rows.items()) if row.cif_no in wanted]

    def page(self, after: str, limit: int) -> Sequence[ReasonRow]:
        return [row for about, row in sorted(self._data.reasons.rows.items()) if about > after][:limit]

    def drop(self, rows: Collection[ReasonRow]) -> None:
        for row in rows:
            self._data.reasons.drop(row.about)
