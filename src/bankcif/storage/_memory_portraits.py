"""Portraits and tag catalogues, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from ..party import CifNo
from ._memory_tables import Store
from .portrait_rows import IDLE, PORTRAIT, CatalogueRow, PortraitRow
from .rows import GoldenRow

__all__ = ["Catalogues", "Portraits"]


class Portraits(Store):
    def current(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        return [
            row
            for cif_no in sorted(set(cif_nos))
            for key, row in sorted(self._data.golden.group(cif_no).items())
            if key[1] == PORTRAIT and row.superseded_at is None
        ]

    def put(self, rows: Collection[PortraitRow]) -> None:
        for row in rows:
            self._data.portraits.put(row.cif_no, row)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PortraitRow]:
        return self._data.portraits.some(cif_nos)

    def due(self, tags: Collection[bytes], after: str, limit: int) -> Sequence[CifNo]:
        due = self._data.portraits.groups(tags)
        return sorted(cif_no for cif_no in due if cif_no > after)[:limit]

    def behind(self, catalogue: bytes, after: str, limit: int) -> Sequence[CifNo]:
        known = self._data.portraits.rows
        found = (
            cif_no
            for cif_no, row in self._data.parties.behind(CifNo(after))
            if row.life_cycle not in IDLE
            and not (
                cif_no in known and (known[cif_no].catalogue, known[cif_no].party_version) == (catalogue, row.version)
            )
        )
        return list(islice(found, limit))

    def with_group(self, data_group: str, after: str, limit: int) -> Sequence[CifNo]:
        found = (
            key[0]
            for key, row in self._data.golden.behind((CifNo(after), "", 0))
            if key[0] > after and key[1] == data_group and row.superseded_at is None
        )
        return list(islice(found, limit))


class Catalogues(Store):
    def active(self) -> CatalogueRow | None:
        rows = self._data.catalogues.rows.values()
        return next((row for row in rows if row.since is not None and row.until is None), None)

    def at(self, instant: int) -> CatalogueRow | None:
        rows = [row for row in self._data.catalogues.rows.values() if row.since is not None and row.since <= instant]
        return next((row for row in rows if row.until is None or row.until > instant), None)

    def get(self, proposal: str) -> CatalogueRow | None:
        return self._data.catalogues.rows.get(proposal)

    def all(self) -> Sequence[CatalogueRow]:
        return [row for _, row in sorted(self._data.catalogues.rows.items())]

    def put(self, row: CatalogueRow) -> None:
        self._data.catalogues.put(row.id, row)
