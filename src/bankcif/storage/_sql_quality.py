"""Data quality, on an SQL database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..errors import ConflictError
from ..party import CifNo
from ._quality_statements import FIGURE, FINDING, SHEET
from ._sql_session import Store
from .quality_rows import FigureRow, FindingRow, SheetRow

__all__ = ["Figures", "Findings", "Sheets"]


class Sheets(Store):
    def put(self, rows: Collection[SheetRow]) -> None:
        self._s.put(SHEET, rows)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, SheetRow]:
        found = map(SHEET.row, self._s.select_in("sheets", set(cif_nos)))
        return {row.cif_no: row for row in found}

    def page(self, after: str, limit: int) -> Sequence[SheetRow]:
        return [SHEET.row(values) for values in self._s.select("sheets_page", after=after, most=limit)]

    def due(self, tags: Collection[bytes], after: str, limit: int) -> Sequence[CifNo]:
        rows = self._s.select_in("sheets_due", set(tags), after=after, most=limit)
        return sorted({CifNo(cif_no) for (cif_no,) in rows})[:limit]

    def behind(self, book: bytes, after: str, limit: int) -> Sequence[CifNo]:
        found = self._s.select("sheets_behind", of_book=book, after=after, most=limit)
        return [CifNo(cif_no) for (cif_no,) in found]


class Findings(Store):
    def add(self, rows: Collection[FindingRow]) -> None:
        self._s.add(FINDING, rows)

    def change(self, row: FindingRow) -> None:
        params = FINDING.params(self._s.tenant, row)
        del params["tenant"]
        where = {
            "b_tenant": self._s.tenant, "b_cif_no": row.cif_no, "b_rule": row.rule, "b_number": row.number, "b_version": row.version - 1,
        }  # fmt: skip
        if self._s.change("finding_change", [{**params, **where}]) != 1:
            raise ConflictError("the finding was changed meanwhile; look at it again", rule="finding")

    def of(self, cif_nos: Collection[CifNo]) -> Sequence[FindingRow]:
        found = map(FINDING.row, self._s.select_in("findings_of", set(cif_nos)))
        return sorted(found, key=lambda row: (row.cif_no, row.rule, row.number))

    def page(
        self, after: tuple[str, str, int], limit: int, *, live: bool = False, rule: str = "", assignee: str = ""
    ) -> Sequence[FindingRow]:
        asked = {"live": live, "rule": bool(rule), "assignee": bool(assignee)}
        name = "_".join(["findings", *(word for word, is_asked in asked.items() if is_asked)])
        place = dict(zip(("cif_no", "rule", "number"), after, strict=True))
        params: dict[str, Any] = {**place, "of_rule": rule, "of_assignee": assignee, "most": limit}
        return [FINDING.row(values) for values in self._s.select(name, (), **params)]


class Figures(Store):
    def put(self, day: int, rows: Collection[FigureRow]) -> None:
        self._s.change("figures_drop", [{"b_tenant": self._s.tenant, "b_day": day}])
        self._s.add(FIGURE, rows)

    def between(self, first: int, last: int, scope: str) -> Sequence[FigureRow]:
        found = self._s.select("figures_between", first=first, last=last, of_scope=scope)
        return [FIGURE.row(values) for values in found]

    def latest(self, last: int, scope: str) -> int | None:
        found = self._s.select("figures_latest", last=last, of_scope=scope)
        return int(found[0][0]) if found else None
