"""The small stores of the log in memory: writing it, and reading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..audit import AuditRow, CheckpointRow, Head, Lease
from ..errors import ConflictError
from ._memory_outbox import Outbox
from ._memory_tables import Data, Held, Store

__all__ = ["Audit", "Trail"]


class Audit(Store):
    def __init__(self, data: Data, outbox: Outbox) -> None:
        super().__init__(data)
        self._outbox = outbox

    def lease(self, holder: bytes, now: int, until: int, last: str = "") -> Lease:
        heads = self._data.heads
        mine = next((name for name, held in heads.rows.items() if held.holder == holder), None)
        if mine is None:
            free = sorted(name for name, held in heads.rows.items() if held.until < now)
            mine = free[0] if free else f"s{len(heads.rows)}"
            heads.put(mine, attrs.evolve(heads.rows.get(mine, Held()), holder=holder, until=until))
        return Lease(mine, heads.rows[mine].head)

    def append(
        self, rows: Sequence[AuditRow], subjects: Sequence[tuple[str, int, str]], head: Head, until: int
    ) -> None:
        if not rows:
            return
        for row in rows:
            self._data.audit.add((row.stream, row.number), row)
        for subject in subjects:
            self._data.subjects.add(subject, None)
        held = self._data.heads.rows.get(rows[0].stream, Held())
        if held.head.number != rows[0].number - 1:
            raise ConflictError("another writer appended to this audit stream", rule="conflict")
        self._data.heads.put(rows[0].stream, attrs.evolve(held, head=head, until=until))
        self._outbox.place(rows[0].stream, head.number)

    def release(self, holder: bytes) -> None:
        for name, held in list(self._data.heads.rows.items()):
            if held.holder == holder:
                self._data.heads.put(name, Held(held.head))

    def last_checkpoint(self) -> CheckpointRow | None:
        rows = self._data.checkpoints.rows
        return rows[max(rows)] if rows else None

    def add_checkpoint(self, row: CheckpointRow) -> None:
        self._data.checkpoints.add(row.size, row)

    def cursor(self, consumer: str) -> Mapping[str, int]:
        return {stream: number for (who, stream), number in self._data.cursors.rows.items() if who == consumer}

    def move_cursor(self, consumer: str, stream: str, number: int) -> None:
        self._data.cursors.put((consumer, stream), number)


class Trail(Store):
    def heads(self) -> Mapping[str, Head]:
        return {name: held.head for name, held in self._data.heads.rows.items()}

    def ends(self) -> Mapping[str, int]:
        return dict(sorted(self._data.audit.rows))  # the last one of each stays

    def entries(self, stream: str, after: int, upto: int, limit: int) -> Sequence[AuditRow]:
        found = []
        for number in range(after + 1, upto + 1):
            row = self._data.audit.rows.get((stream, number))
            found += [row] if row is not None else []
            if len(found) == limit:
                break
        return found

    def between(self, since: int, until: int, actor: str | None = None) -> Iterator[AuditRow]:
        found = [
            row for row in self._data.audit.rows.values() if since <= row.at < until and actor in (None, row.actor)
        ]
        return iter(sorted(found, key=_by_instant))

    def of_subject(self, cif_no: str) -> Sequence[AuditRow]:
        keys = [(s, n) for s, n, subject in self._data.subjects.rows if subject == cif_no]
        return sorted([self._data.audit.rows[key] for key in keys], key=_by_instant)

    def subjects(self, after: tuple[str, str, int], limit: int) -> Sequence[tuple[str, str, int]]:
        found = sorted((cif_no, stream, number) for stream, number, cif_no in self._data.subjects.rows)
        return [row for row in found if row > after][:limit]

    def checkpoints(self, after: int, limit: int) -> Sequence[CheckpointRow]:
        rows = self._data.checkpoints.rows
        return [rows[size] for size in sorted(rows) if size > after][:limit]

    def signed(self) -> int:
        return max(self._data.checkpoints.rows, default=0)


def _by_instant(row: AuditRow) -> tuple[int, str, int]:
    return row.at, row.stream, row.number
