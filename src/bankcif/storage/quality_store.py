"""What a store must be able to do for data quality."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ..party import CifNo
from .quality_rows import FigureRow, FindingRow, SheetRow

__all__ = ["FigureStore", "FindingStore", "SheetStore"]


class SheetStore(Protocol):
    """What came out of the rules, by customer."""

    def put(self, rows: Collection[SheetRow]) -> None:
        """Keeps sheets, in place of those before."""

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, SheetRow]:
        """The sheets that there are."""

    def page(self, after: str, limit: int) -> Sequence[SheetRow]:
        """Up to *limit* sheets of parties behind *after*, by cif_no; of who was merged, erased or restricted there is none."""

    def due(self, tags: Collection[bytes], after: str, limit: int) -> Sequence[CifNo]:
        """Up to *limit* parties behind *after* whose sheets are due on a day of these tags, by cif_no."""

    def behind(self, book: bytes, after: str, limit: int) -> Sequence[CifNo]:
        """
        Up to *limit* parties behind *after*, by cif_no, whose sheet was not made by the book of this digest, or not of the party as it
        stands; those that were merged, erased or restricted are left out.
        """


class FindingStore(Protocol):
    """What is to be put right, and what was."""

    def add(self, rows: Collection[FindingRow]) -> None:
        """New findings. Raises `ConflictError` if one is there."""

    def change(self, row: FindingRow) -> None:
        """Keeps a finding as *row* has it. Raises `ConflictError` unless it stood at the version before."""

    def of(self, cif_nos: Collection[CifNo]) -> Sequence[FindingRow]:
        """All findings of these parties, closed ones too, by party, rule and number."""

    def page(
        self, after: tuple[str, str, int], limit: int, *, live: bool = False, rule: str = "", assignee: str = ""
    ) -> Sequence[FindingRow]:
        """
        Up to *limit* findings behind *after* (cif_no, rule, number), in that order: all, or those that are not closed; of one rule, and of one
        assignee, where these are given.
        """


class FigureStore(Protocol):
    """Figures of days."""

    def put(self, day: int, rows: Collection[FigureRow]) -> None:
        """Keeps the figures of a day, in place of all that were kept of it."""

    def between(self, first: int, last: int, scope: str) -> Sequence[FigureRow]:
        """The figures of the days from *first* to *last* of units of this kind, by day, unit and rule."""

    def latest(self, last: int, scope: str) -> int | None:
        """The last day up to *last* of which figures of units of this kind are kept. Cost: those of later days are read over."""
