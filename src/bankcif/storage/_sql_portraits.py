"""Portraits and tag catalogues, on an SQL database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..party import CifNo
from ._portrait_statements import CATALOGUE, PORTRAIT
from ._sql_session import Store
from ._statements import GOLDEN
from .portrait_rows import CatalogueRow, PortraitRow
from .rows import GoldenRow

__all__ = ["Catalogues", "Portraits"]


class Portraits(Store):
    def current(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        found = map(GOLDEN.row, self._s.select_in("portraits", set(cif_nos)))
        return sorted(found, key=lambda row: row.cif_no)

    def put(self, rows: Collection[PortraitRow]) -> None:
        self._s.put(PORTRAIT, rows)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PortraitRow]:
        found = map(PORTRAIT.row, self._s.select_in("portrait_rows", set(cif_nos)))
        return {row.cif_no: row for row in found}

    def due(self, tags: Collection[bytes], after: str, limit: int) -> Sequence[CifNo]:
        rows = self._s.select_in("portraits_due", set(tags), after=after, most=limit)
        found = {CifNo(cif_no) for (cif_no,) in rows}
        return sorted(found)[:limit]

    def behind(self, catalogue: bytes, after: str, limit: int) -> Sequence[CifNo]:
        found = self._s.select("portraits_behind", catalogue=catalogue, after=after, most=limit)
        return [CifNo(cif_no) for (cif_no,) in found]

    def with_group(self, data_group: str, after: str, limit: int) -> Sequence[CifNo]:
        found = self._s.select("parties_with_group", data_group=data_group, after=after, most=limit)
        return [CifNo(cif_no) for (cif_no,) in found]


class Catalogues(Store):
    def active(self) -> CatalogueRow | None:
        found = self._s.select("catalogue_active")
        return CATALOGUE.row(found[0]) if found else None

    def at(self, instant: int) -> CatalogueRow | None:
        found = self._s.select("catalogue_at", instant=instant)
        return CATALOGUE.row(found[0]) if found else None

    def get(self, proposal: str) -> CatalogueRow | None:
        found = self._s.select("catalogue_get", id=proposal)
        return CATALOGUE.row(found[0]) if found else None

    def all(self) -> Sequence[CatalogueRow]:
        return [CATALOGUE.row(values) for values in self._s.select("catalogues")]

    def put(self, row: CatalogueRow) -> None:
        self._s.put(CATALOGUE, [row])
