"""What other systems are told, and how far each feed is, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..errors import ConflictError
from ..party import CifNo
from ._memory_tables import Data, Store
from ._pending import Pending
from .outbox_rows import FeedDayRow, FeedRow, OutboxRow

__all__ = ["Feeds", "Outbox"]


class Outbox(Store):
    def __init__(self, data: Data) -> None:
        super().__init__(data)
        self.pending = Pending()

    def add(self, rows: Collection[OutboxRow]) -> None:
        self.pending.add(rows)

    def place(self, stream: str, number: int) -> None:
        """Puts what waits under an entry of the log."""
        for row in self.pending.taken():
            self._data.outbox.add((stream, number, row.cif_no), row)

    def after(self, stream: str, place: tuple[int, str], limit: int) -> Sequence[tuple[int, OutboxRow]]:
        found: list[tuple[int, OutboxRow]] = []
        for key, row in self._data.outbox.behind((stream, place[0], CifNo(place[1]))):
            if key[0] != stream or len(found) == limit:
                break
            found.append((key[1], row))
        return found

    def cut(self, stream: str, number: int) -> int:
        gone = [key for key in self._data.outbox.rows if key[0] == stream and key[1] <= number]
        for key in gone:
            self._data.outbox.drop(key)
        return len(gone)


class Feeds(Store):
    def all(self) -> Sequence[FeedRow]:
        return [row for _, row in sorted(self._data.feeds.rows.items())]

    def get(self, name: str) -> FeedRow | None:
        return self._data.feeds.rows.get(name)

    def move(self, row: FeedRow) -> None:
        known = self._data.feeds.rows.get(row.name)
        if (0 if known is None else known.turn) != row.turn - 1:
            raise ConflictError("another process moved this feed meanwhile", rule="conflict")
        self._data.feeds.put(row.name, row)

    def forget(self, name: str) -> None:
        self._forget([key for key in self._data.feed_days.rows if key[0] == name])

    def look_at(self, rows: Collection[FeedDayRow]) -> None:
        for row in rows:
            self._data.feed_days.put((row.feed, row.day, row.cif_no), None)

    def on(self, name: str, day: bytes, after: str, limit: int) -> Sequence[CifNo]:
        mine = [key[2] for key in self._data.feed_days.rows if key[:2] == (name, day)]
        return sorted(cif_no for cif_no in mine if cif_no > after)[:limit]

    def looked(self, name: str, day: bytes) -> None:
        self._forget([key for key in self._data.feed_days.rows if key[:2] == (name, day)])

    def _forget(self, keys: Collection[tuple[str, bytes, CifNo]]) -> None:
        for key in keys:
            self._data.feed_days.drop(key)
