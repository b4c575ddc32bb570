"""Reasons in a person's words, on an SQL database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..party import CifNo
from ._sql_session import Store
from ._statements import REASON
from .rows import ReasonRow

__all__ = ["Reasons"]


class Reasons(Store):
    def put(self, row: ReasonRow) -> None:
        self.drop([row])
        self._s.add(REASON, [row])

    def get(self, abouts: Collection[str]) -> Mapping[str, ReasonRow]:
        return {row.about: row for row in map(REASON.row, self._s.select_in("reasons", set(abouts)))}

    def of(self, cif_nos: Collection[CifNo]) -> Sequence[ReasonRow]:
        found = map(REASON.row, self._s.select_in("reasons_of", set(cif_nos)))
        return sorted(found, key=lambda row: row.about)

    def page(self, after: str, limit: int) -> Sequence[ReasonRow]:
        return [REASON.row(values) for values in self._s.select("reasons_page", after=after, most=limit)]

    def drop(self, rows: Collection[ReasonRow]) -> None:
        self._s.change("reason_drop", [{"b_tenant": self._s.tenant, "b_about": row.about} for row in rows])
