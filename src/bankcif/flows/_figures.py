"""The figures of a day, counted over the sheets of all customers: by rule, and by who answers for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import attrs

from ..quality import Figure, Outcome, RuleBook
from ..storage.quality_rows import FigureRow
from ..storage.rows import PartyRow
from ._quality import Sheet

__all__ = ["Counts"]

_LETTERS = "".join(Outcome)
"""The letters of outcomes, in the order in which `Figure` counts them."""


@attrs.define
class _Scope:
    """Units of one kind, each with its place, and how often each outcome of each rule came out in it."""

    cells: int
    places: dict[str, int] = attrs.field(factory=dict)
    counts: Any = None

    def place(self, unit: str) -> int:
        return self.places.setdefault(unit, len(self.places))

    def add(self, places: Any, cells: Any) -> None:
        import numpy as np

        fresh = np.bincount((places * self.cells + cells).ravel(), minlength=len(self.places) * self.cells)
        if self.counts is not None:
            fresh[: len(self.counts)] += self.counts
        self.counts = fresh


class Counts:
    """
    Counts outcomes, a page of customers at a time.

    Args:
        book: By which the sheets were made.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        cells = len(book.names) * len(_LETTERS)
        self._scopes = {name: _Scope(cells) for name in ("all", "branch", "manager", "channel", "staff")}

    def add(self, page: Sequence[tuple[PartyRow, Sheet]]) -> None:
        """Counts customers with their sheets."""
        import numpy as np

        if not page:
            return
        rules = len(self._book.names)
        letters = np.frombuffer("".join(sheet.letters for _, sheet in page).encode(), dtype=np.uint8)
        code = np.zeros(256, dtype=np.int64)
        code[np.frombuffer(_LETTERS.encode(), dtype=np.uint8)] = np.arange(len(_LETTERS))
        cells = code[letters].reshape(len(page), rules) + np.arange(rules) * len(_LETTERS)
        whose = {"all": [""] * len(page), "branch": [row.branch or "" for row, _ in page], "manager": [row.manager or "" for row, _ in page]}  # fmt: skip
        for name, units in whose.items():
            scope = self._scopes[name]
            scope.add(np.array([scope.place(unit) for unit in units], dtype=np.int64)[:, None], cells)
        for at, name in enumerate(("channel", "staff")):
            scope = self._scopes[name]
            each = [[scope.place(by[at]) for by in sheet.by] for _, sheet in page]
            rows = [[mine[place] for place in sheet.places] for mine, (_, sheet) in zip(each, page, strict=True)]
            scope.add(np.array(rows, dtype=np.int64), cells)

    def rows(self, day: date) -> list[FigureRow]:
        """The figures of all units."""
        found = []
        for name, scope in self._scopes.items():
            for unit, place in sorted(scope.places.items()):
                for at, rule in enumerate(self._book.names):
                    start = place * scope.cells + at * len(_LETTERS)
                    figure = Figure(*(int(one) for one in scope.counts[start : start + len(_LETTERS)]))
                    if figure != Figure():
                        found.append(_row(day, name, unit, rule, figure, self._book.digest))
        return found


def _row(day: date, scope: str, unit: str, rule: str, one: Figure, book: bytes) -> FigureRow:
    return FigureRow(
        day=day.toordinal(), scope=scope, unit=unit, rule=rule, passed=one.passed, failed=one.failed,
        not_applicable=one.not_applicable, not_checked=one.not_checked, book=book,
    )  # fmt: skip
