"""Data quality, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice, takewhile

from ..errors import ConflictError
from ..party import CifNo
from ._memory_tables import Store
from .portrait_rows import IDLE
from .quality_rows import FigureRow, FindingRow, SheetRow

__all__ = ["Figures", "Findings", "Sheets"]


class Sheets(Store):
    def put(self, rows: Collection[SheetRow]) -> None:
        for row in rows:
            self._data.sheets.put(row.cif_no, row)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, SheetRow]:
        return self._data.sheets.some(cif_nos)

    def page(self, after: str, limit: int) -> Sequence[SheetRow]:
        parties = self._data.parties.rows
        rows = self._data.sheets.behind(CifNo(after))
        there = (row for cif_no, row in rows if cif_no in parties and parties[cif_no].life_cycle not in IDLE)
        return list(islice(there, limit))

    def due(self, tags: Collection[bytes], after: str, limit: int) -> Sequence[CifNo]:
        due = self._data.sheets.groups(tags)
        return sorted(cif_no for cif_no in due if cif_no > after)[:limit]

    def behind(self, book: bytes, after: str, limit: int) -> Sequence[CifNo]:
        known = self._data.sheets.rows
        found = (
            cif_no
            for cif_no, row in self._data.parties.behind(CifNo(after))
            if row.life_cycle not in IDLE
            and not (cif_no in known and (known[cif_no].book, known[cif_no].party_version) == (book, row.version))
        )
        return list(islice(found, limit))


class Findings(Store):
    def add(self, rows: Collection[FindingRow]) -> None:
        for row in rows:
            self._data.findings.add((row.cif_no, row.rule, row.number), row)

    def change(self, row: FindingRow) -> None:
        key = (row.cif_no, row.rule, row.number)
        before = self._data.findings.rows.get(key)
        if before is None or before.version != row.version - 1:
            raise ConflictError("the finding was changed meanwhile; look at it again", rule="finding")
        self._data.findings.put(key, row)

    def of(self, cif_nos: Collection[CifNo]) -> Sequence[FindingRow]:
        return [row for cif_no in sorted(set(cif_nos)) for _, row in sorted(self._data.findings.group(cif_no).items())]

    def page(
        self, after: tuple[str, str, int], limit: int, *, live: bool = False, rule: str = "", assignee: str = ""
    ) -> Sequence[FindingRow]:
        found = (
            row
            for _, row in self._data.findings.behind((CifNo(after[0]), after[1], after[2]))
            if not (live and row.closed_at is not None) and rule in ("", row.rule) and assignee in ("", row.assignee)
        )
        return list(islice(found, limit))


class Figures(Store):
    def put(self, day: int, rows: Collection[FigureRow]) -> None:
        for key in [key for key in self._data.figures.rows if key[0] == day]:
            self._data.figures.drop(key)
        for row in rows:
            self._data.figures.add((row.day, row.scope, row.unit, row.rule), row)

    def between(self, first: int, last: int, scope: str) -> Sequence[FigureRow]:
        begun = self._data.figures.behind((first, "", "", ""))  # before any of that day: a rule has a name
        rows = takewhile(lambda item: item[0][0] <= last, begun)
        return [row for key, row in rows if key[1] == scope]

    def latest(self, last: int, scope: str) -> int | None:
        return max((key[0] for key in self._data.figures.rows if key[0] <= last and key[1] == scope), default=None)
