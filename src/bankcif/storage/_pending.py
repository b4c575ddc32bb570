"""The changes of a unit that have no place in the log yet."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..errors import StorageError
from ..party import CifNo
from .outbox_rows import OutboxRow

__all__ = ["Pending"]


class Pending:
    """What is told in a unit, until the entry that tells why is appended; of each customer one change."""

    def __init__(self) -> None:
        self._rows: dict[CifNo, OutboxRow] = {}

    def add(self, rows: Iterable[OutboxRow]) -> None:
        for row in rows:
            known = self._rows.get(row.cif_no)
            self._rows[row.cif_no] = row if known is None else _together(known, row)

    def taken(self) -> list[OutboxRow]:
        """What waits, which waits no longer."""
        rows, self._rows = self._rows, {}
        return [*rows.values()]

    def need_none(self) -> None:
        """Raises `StorageError` if something waits: nobody is told what the log does not know."""
        if self._rows:
            raise StorageError("changes were told without an entry of the log that says why", rule="outbox")


def _together(one: OutboxRow, later: OutboxRow) -> OutboxRow:
    names = dict.fromkeys(name for row in (one, later) for name in row.fields.split(",") if name)
    return attrs.evolve(later, fields=",".join(names))
