"""What other systems are told, and how far each feed is, on an SQL database."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..errors import ConflictError
from ..party import CifNo
from ._outbox_statements import FEED, FEED_DAY, OUTBOX, PlacedRow
from ._pending import Pending
from ._sql_session import Session, Store
from .outbox_rows import FeedDayRow, FeedRow, OutboxRow

__all__ = ["Feeds", "Outbox"]


class Outbox(Store):
    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.pending = Pending()

    def add(self, rows: Collection[OutboxRow]) -> None:
        self.pending.add(rows)

    def place(self, stream: str, number: int) -> None:
        """Puts what waits under an entry of the log."""
        waiting = self.pending.taken()
        self._s.add(OUTBOX, [PlacedRow(stream, number, row.cif_no, row.version, row.fields, row.at) for row in waiting])

    def after(self, stream: str, place: tuple[int, str], limit: int) -> Sequence[tuple[int, OutboxRow]]:
        number, cif_no = place
        found = self._s.select("outbox", stream=stream, number=number, cif_no=cif_no, most=limit)
        placed = [OUTBOX.row(values) for values in found]
        return [(one.number, OutboxRow(one.cif_no, one.version, one.fields, one.at)) for one in placed]

    def cut(self, stream: str, number: int) -> int:
        return self._s.change("outbox_cut", [{"b_tenant": self._s.tenant, "b_stream": stream, "b_number": number}])


class Feeds(Store):
    def all(self) -> Sequence[FeedRow]:
        return [FEED.row(values) for values in self._s.select("feeds")]

    def get(self, name: str) -> FeedRow | None:
        return next(map(FEED.row, self._s.select("feed_get", feed=name)), None)

    def move(self, row: FeedRow) -> None:
        if row.turn == 1:
            self._s.add(FEED, [row])
            return
        params = FEED.params(self._s.tenant, row)
        del params["tenant"]
        where = {"b_tenant": self._s.tenant, "b_name": row.name, "b_turn": row.turn - 1}
        if self._s.change("feed_move", [{**params, **where}]) != 1:
            raise ConflictError("another process moved this feed meanwhile", rule="conflict")

    def forget(self, name: str) -> None:
        self._s.change("feed_days_drop", [{"b_tenant": self._s.tenant, "b_feed": name}])

    def look_at(self, rows: Collection[FeedDayRow]) -> None:
        self._s.add_new(FEED_DAY, rows)

    def on(self, name: str, day: bytes, after: str, limit: int) -> Sequence[CifNo]:
        return [r[0] for r in self._s.select("feed_days", feed=name, day=day, after=after, most=limit)]

    def looked(self, name: str, day: bytes) -> None:
        self._s.change("feed_day_drop", [{"b_tenant": self._s.tenant, "b_feed": name, "b_day": day}])
