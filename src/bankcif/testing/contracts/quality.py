"""What every store must do for data quality."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from ...errors import ConflictError
from ...party import CifNo
from ...storage import Repository
from ...storage.quality_rows import FigureRow, FindingRow, SheetRow
from .rows import A, B, C, party

__all__ = ["QualityContract"]


def _sheet(cif_no: CifNo, book: bytes, due: bytes | None = None) -> SheetRow:
    return SheetRow(cif_no=cif_no, book=book * 32, party_version=1, due=due, detail=b"{}")


def _finding(cif_no: CifNo, rule: str, number: int = 0, **more: Any) -> FindingRow:
    return FindingRow(cif_no=cif_no, rule=rule, number=number, state="open", opened_at=1, ground=b"g" * 16, **more)


def _figure(day: int, unit: str, rule: str, scope: str = "branch") -> FigureRow:
    return FigureRow(
        day=day, scope=scope, unit=unit, rule=rule, passed=3, failed=1, not_applicable=0, not_checked=2, book=b"b" * 32
    )


class QualityContract:
    """The part of `RepositoryContract` about data quality; it has the same fixtures."""

    def test_sheets_are_found_by_their_day_and_book(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A), party(B), party(C)])
            unit.sheets.put([_sheet(A, b"1", b"d" * 8), _sheet(B, b"2", b"e" * 8)])
            unit.commit()
        with reopened().unit_of_work() as unit:
            assert unit.sheets.get([A, C]) == {A: _sheet(A, b"1", b"d" * 8)}
            assert unit.sheets.due([b"d" * 8, b"e" * 8, b"f" * 8], "", 9) == [A, B]
            assert unit.sheets.due([b"d" * 8, b"e" * 8], A, 9) == [B]
            assert unit.sheets.due([b"d" * 8, b"e" * 8], "", 1) == [A]
            assert unit.sheets.behind(b"1" * 32, "", 9) == [B, C]
            assert unit.sheets.behind(b"1" * 32, "", 1) == [B]
            assert [row.cif_no for row in unit.sheets.page("", 9)] == [A, B]
            assert [row.cif_no for row in unit.sheets.page(A, 9)] == [B]
            unit.parties.update([party(A, version=2)])
            assert unit.sheets.behind(b"1" * 32, "", 9) == [A, B, C], "A has changed since"
            unit.sheets.put([attrs.evolve(_sheet(A, b"1"), party_version=2)])
            unit.parties.update([party(B, version=2)._replace(life_cycle="merged")])
            assert unit.sheets.behind(b"1" * 32, "", 9) == [C]
            assert [row.cif_no for row in unit.sheets.page("", 9)] == [A]
            unit.erasure.parties([A])
            assert unit.sheets.get([A, B]).keys() == {B}

    def test_findings_are_changed_from_the_version_they_stand_at(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        first = _finding(A, "phone", branch="B1", manager="m", channel="app", staff="t", assignee="s")
        with repository.unit_of_work() as unit:
            unit.parties.add([party(A), party(B)])
            unit.findings.add([first, _finding(A, "name", closed_at=5), _finding(B, "phone", 1)])
            unit.commit()
        with reopened().unit_of_work() as unit:
            found = unit.findings.page(("", "", 0), 9)
            assert [(row.cif_no, row.rule, row.number) for row in found] == [
                (A, "name", 0),
                (A, "phone", 0),
                (B, "phone", 1),
            ]
            assert found[1] == first
            assert unit.findings.of([A]) == found[:2]
            assert unit.findings.page((A, "name", 0), 1) == found[1:2]
            assert unit.findings.page(("", "", 0), 9, live=True) == found[1:]
            assert unit.findings.page(("", "", 0), 9, rule="phone") == found[1:]
            assert unit.findings.page(("", "", 0), 9, live=True, rule="name") == []
            assert unit.findings.page(("", "", 0), 9, assignee="s") == [first]
            assert unit.findings.page(("", "", 0), 9, live=True, assignee="s", rule="phone") == [first]
            unit.findings.change(attrs.evolve(first, state="accepted", until=9, version=2))
            with pytest.raises(ConflictError):
                unit.findings.change(attrs.evolve(first, state="fixed", version=2))
        with reopened().unit_of_work() as unit:
            unit.erasure.parties([A])
            assert unit.findings.of([A, B]) == [_finding(B, "phone", 1)]

    def test_a_finding_is_there_once(self, repository: Repository) -> None:
        with repository.unit_of_work() as unit:
            unit.findings.add([_finding(A, "phone")])
            unit.commit()
        with pytest.raises(ConflictError), repository.unit_of_work() as unit:
            unit.findings.add([_finding(A, "phone")])
            unit.findings.of([A])

    def test_figures_of_a_day_are_replaced_and_others_stay(
        self, repository: Repository, reopened: Callable[[], Repository]
    ) -> None:
        with repository.unit_of_work() as unit:
            unit.figures.put(7, [_figure(7, "B1", "phone"), _figure(7, "B2", "phone"), _figure(7, "", "phone", "all")])
            unit.figures.put(8, [_figure(8, "B1", "phone")])
            unit.commit()
        with reopened().unit_of_work() as unit:
            assert unit.figures.between(7, 8, "branch") == [
                _figure(7, "B1", "phone"),
                _figure(7, "B2", "phone"),
                _figure(8, "B1", "phone"),
            ]
            assert unit.figures.between(8, 9, "all") == []
            assert [unit.figures.latest(day, "branch") for day in (6, 7, 8, 99)] == [None, 7, 8, 8]
            assert [unit.figures.latest(99, scope) for scope in ("all", "staff")] == [7, None]
            unit.figures.put(7, [_figure(7, "B1", "name")])
            assert unit.figures.between(0, 9, "branch") == [_figure(7, "B1", "name"), _figure(8, "B1", "phone")]
