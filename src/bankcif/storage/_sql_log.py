"""The small stores of the log on an SQL database: writing it, and reading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from ..audit import AuditRow, CheckpointRow, Head, Lease
from ..errors import ConflictError
from ._mapped import CursorRow, HeadRow, SubjectRow
from ._sql_outbox import Outbox
from ._sql_session import Session, Store
from ._statements import AUDIT, CHECKPOINT, CURSOR, HEAD, SUBJECT

__all__ = ["Audit", "Trail"]

_PAGE = 2000


class Audit(Store):
    def __init__(self, session: Session, outbox: Outbox) -> None:
        super().__init__(session)
        self._outbox = outbox

    def lease(self, holder: bytes, now: int, until: int, last: str = "") -> Lease:
        found = self._mine(holder, last) or self._free(holder, now, until)
        if not found:
            numbers = count(self._s.select("lease_count")[0][0])
            while not found:  # another writer may begin the stream of this number first
                self._s.add_new(HEAD, [HeadRow(f"s{next(numbers)}", 0, Head().hash, holder, until)])
                found = self._mine(holder, "")
        stream, number, digest = found[0]
        return Lease(stream, Head(number, digest))

    def _mine(self, holder: bytes, last: str) -> list[Any]:
        """The stream of *holder*, locked; found first and then locked by its name, since locking what is searched locks others'."""
        if not last or self._s.database.serial:
            found = self._s.select("lease_mine", holder=holder)
            if not found or self._s.database.serial:
                return found
            last = found[0][0]
        locked = self._s.select("lease_locked", stream=last)
        return [row[:3] for row in locked if row[3] == holder]

    def _free(self, holder: bytes, now: int, until: int) -> list[Any]:
        """A stream that its writer left, now of *holder*; nothing if there is none that nobody else is taking."""
        found = self._s.select("lease_free", now=now)
        if found:
            where = {"b_tenant": self._s.tenant, "b_stream": found[0][0], "b_now": now}
            if self._s.change("lease_take", [{**where, "holder": holder, "until": until}]) != 1:
                raise ConflictError("another writer took this audit stream", rule="conflict")
        return found

    def append(
        self, rows: Sequence[AuditRow], subjects: Sequence[tuple[str, int, str]], head: Head, until: int
    ) -> None:
        if not rows:
            return
        self._s.add(AUDIT, rows)
        self._outbox.place(rows[0].stream, head.number)
        self._s.add(SUBJECT, [SubjectRow(cif_no, stream, number) for stream, number, cif_no in subjects])
        where = {"b_tenant": self._s.tenant, "b_stream": rows[0].stream, "b_number": rows[0].number - 1}
        if self._s.change("head_move", [{**where, "number": head.number, "hash": head.hash, "until": until}]) != 1:
            raise ConflictError("another writer appended to this audit stream", rule="conflict")

    def release(self, holder: bytes) -> None:
        self._s.change("lease_end", [{"b_tenant": self._s.tenant, "b_holder": holder}])

    def last_checkpoint(self) -> CheckpointRow | None:
        # Not the row itself: who waits for it would then have it, and not the one that was added meanwhile.
        self._s.select("store_locked")
        found = self._s.select("checkpoint_last")
        return CHECKPOINT.row(found[0]) if found else None

    def add_checkpoint(self, row: CheckpointRow) -> None:
        self._s.add(CHECKPOINT, [row])

    def cursor(self, consumer: str) -> Mapping[str, int]:
        return {r[0]: r[1] for r in self._s.select("cursors", consumer=consumer)}

    def move_cursor(self, consumer: str, stream: str, number: int) -> None:
        where = {"b_tenant": self._s.tenant, "b_consumer": consumer, "b_stream": stream}
        self._s.change("cursor_drop", [where])
        self._s.add(CURSOR, [CursorRow(consumer, stream, number)])


class Trail(Store):
    def heads(self) -> Mapping[str, Head]:
        return {r[0]: Head(r[1], r[2]) for r in self._s.select("heads")}

    def ends(self) -> Mapping[str, int]:
        return {r[0]: r[1] for r in self._s.select("stream_ends")}

    def entries(self, stream: str, after: int, upto: int, limit: int) -> Sequence[AuditRow]:
        return [AUDIT.row(r) for r in self._s.select("entries", stream=stream, after=after, upto=upto, most=limit)]

    def between(self, since: int, until: int, actor: str | None = None) -> Iterator[AuditRow]:
        name = "entries_between" if actor is None else "entries_by"
        params = {"since": since, "until": until} | ({} if actor is None else {"actor": actor})
        return map(AUDIT.row, self._s.stream(name, params, _PAGE))

    def of_subject(self, cif_no: str) -> Sequence[AuditRow]:
        return [AUDIT.row(values) for values in self._s.select("audit_of", cif_no=cif_no)]

    def subjects(self, after: tuple[str, str, int], limit: int) -> Sequence[tuple[str, str, int]]:
        cif_no, stream, number = after
        found = self._s.select("subjects", cif_no=cif_no, stream=stream, number=number, most=limit)
        return [(r[0], r[1], r[2]) for r in found]

    def checkpoints(self, after: int, limit: int) -> Sequence[CheckpointRow]:
        return [CHECKPOINT.row(r) for r in self._s.select("checkpoints", after=after, most=limit)]

    def signed(self) -> int:
        return int(self._s.select("checkpoint_size")[0][0] or 0)
