"""A store in memory: the reference that other stores are measured by. Nothing outlives the process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Generic, TypeVar

import attrs

from ..approval import Approval, ApprovalState
from ..audit import AuditRow, Head
from ..errors import ConflictError
from ..party import CifNo, SourceKey
from .rows import (
    ClaimRow,
    FactRow,
    GoldenRow,
    IndexRow,
    LinkRow,
    Mark,
    NotAMatchRow,
    OutboxRow,
    PartyRow,
    SourceRow,
    StagedRow,
    StoreRow,
    TaskRow,
)

__all__ = ["MemoryRepository"]

K = TypeVar("K")
R = TypeVar("R")


class _Table(Generic[K, R]):
    """A mapping that can take back what was done to it since the last commit."""

    def __init__(self, undo: list[Callable[[], object]]) -> None:
        self.rows: dict[K, R] = {}
        self._undo = undo

    def put(self, key: K, row: R) -> None:
        if key in self.rows:
            before = self.rows[key]
            self._undo.append(lambda: self.rows.__setitem__(key, before))
        else:
            self._undo.append(lambda: self.rows.pop(key, None))
        self.rows[key] = row

    def add(self, key: K, row: R) -> None:
        if key in self.rows:
            raise ConflictError("a row with this key exists", rule="conflict")
        self.put(key, row)

    def drop(self, key: K) -> None:
        if key in self.rows:
            before = self.rows.pop(key)
            self._undo.append(lambda: self.rows.__setitem__(key, before))


class _Data:
    """All tables, and the log of how to take changes back."""

    def __init__(self) -> None:
        self.undo: list[Callable[[], object]] = []
        self.parties: _Table[CifNo, PartyRow] = _Table(self.undo)
        self.golden: _Table[tuple[CifNo, str, int], GoldenRow] = _Table(self.undo)
        self.facts: _Table[CifNo, FactRow] = _Table(self.undo)
        self.sources: _Table[tuple[str, str, int], SourceRow] = _Table(self.undo)
        self.links: _Table[tuple[str, str, int], LinkRow] = _Table(self.undo)
        self.not_matches: _Table[tuple[CifNo, CifNo], NotAMatchRow] = _Table(self.undo)
        self.claims: _Table[tuple[str, bytes], CifNo] = _Table(self.undo)
        self.indexes: _Table[tuple[bytes, str, str, int, str], IndexRow] = _Table(self.undo)
        self.tasks: _Table[str, TaskRow] = _Table(self.undo)
        self.approvals: _Table[str, Approval] = _Table(self.undo)
        self.staged: _Table[tuple[bytes, int], StagedRow] = _Table(self.undo)
        self.audit: _Table[tuple[str, int], AuditRow] = _Table(self.undo)
        self.heads: _Table[str, Head] = _Table(self.undo)
        self.subjects: _Table[tuple[str, int, str], None] = _Table(self.undo)
        self.outbox: _Table[int, OutboxRow] = _Table(self.undo)


class _Parties:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def add(self, rows: Collection[PartyRow]) -> None:
        for row in rows:
            self._data.parties.add(row.cif_no, row)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        return {c: self._data.parties.rows[c] for c in cif_nos if c in self._data.parties.rows}

    def update(self, rows: Collection[PartyRow]) -> None:
        for row in rows:
            before = self._data.parties.rows.get(row.cif_no)
            if before is None or before.version != row.version - 1:
                raise ConflictError("the party was changed meanwhile", rule="version", cif_no=row.cif_no)
            self._data.parties.put(row.cif_no, row)


class _Copies:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def put_golden(self, rows: Collection[GoldenRow]) -> None:
        for row in rows:
            for key, old in list(self._data.golden.rows.items()):
                if key[:2] == (row.cif_no, row.data_group) and old.superseded_at is None:
                    self._data.golden.put(key, attrs.evolve(old, superseded_at=row.recorded_at))
            self._data.golden.add((row.cif_no, row.data_group, row.version), row)

    def golden(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        wanted = set(cif_nos)
        found = [r for r in self._data.golden.rows.values() if r.cif_no in wanted and r.superseded_at is None]
        return sorted(found, key=lambda row: (row.cif_no, row.data_group))

    def put_facts(self, rows: Collection[FactRow]) -> None:
        for row in rows:
            self._data.facts.put(row.cif_no, row)

    def facts(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, FactRow]:
        return {c: self._data.facts.rows[c] for c in cif_nos if c in self._data.facts.rows}


class _Sources:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def add(self, rows: Collection[SourceRow]) -> None:
        for row in rows:
            self._data.sources.add(row.place, row)

    def marks(self, source: str, source_keys: Collection[str]) -> Sequence[Mark]:
        wanted = set(source_keys)
        found = [r for r in self._data.sources.rows.values() if r.source == source and r.source_key in wanted]
        return [
            Mark(
                source_key=r.source_key, record_no=r.record_no, content_tag=r.content_tag, delivery_tag=r.delivery_tag
            )
            for r in sorted(found, key=lambda row: row.place)
        ]  # fmt: skip

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, SourceRow]]:
        wanted = set(cif_nos)
        belongs = {
            (link.source, link.source_key): link.cif_no
            for link in self._data.links.rows.values()
            if link.until is None and link.cif_no in wanted
        }
        found = [
            (belongs[row.source, row.source_key], row)
            for row in self._data.sources.rows.values()
            if (row.source, row.source_key) in belongs
        ]
        return sorted(found, key=lambda pair: (pair[0], pair[1].place))

    def at(self, places: Collection[tuple[str, str, int]]) -> Sequence[SourceRow]:
        return [self._data.sources.rows[p] for p in sorted(set(places)) if p in self._data.sources.rows]

    def count(self) -> int:
        return len(self._data.sources.rows)


class _Crosswalk:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def add(self, rows: Collection[LinkRow]) -> None:
        for row in rows:
            if row.number:
                before = self._data.links.rows.get((row.source, row.source_key, row.number - 1))
                if before is None or before.until is not None:
                    raise ConflictError("the link was changed meanwhile", rule="conflict")
                key = (row.source, row.source_key, row.number - 1)
                self._data.links.put(key, attrs.evolve(before, until=row.since))
            self._data.links.add((row.source, row.source_key, row.number), row)

    def current(self, keys: Collection[SourceKey]) -> Mapping[SourceKey, LinkRow]:
        wanted = set(keys)
        return {link.origin: link for link in self.all_current() if link.origin in wanted}

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[LinkRow]:
        wanted = set(cif_nos)
        return [link for link in self.all_current() if link.cif_no in wanted]

    def history(self, key: SourceKey) -> Sequence[LinkRow]:
        found = [link for link in self._data.links.rows.values() if link.origin == key]
        return sorted(found, key=lambda link: link.number)

    def all_current(self) -> Iterator[LinkRow]:
        found = [link for link in self._data.links.rows.values() if link.until is None]
        return iter(sorted(found, key=lambda link: (link.source, link.source_key)))

    def add_not_a_match(self, row: NotAMatchRow) -> None:
        if (row.low, row.high) not in self._data.not_matches.rows:
            self._data.not_matches.add((row.low, row.high), row)

    def not_matches(self, cif_nos: Collection[CifNo]) -> Sequence[NotAMatchRow]:
        wanted = set(cif_nos)
        found = [row for row in self._data.not_matches.rows.values() if {row.low, row.high} & wanted]
        return sorted(found, key=lambda row: (row.low, row.high))


class _Claims:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def claim(self, rows: Collection[ClaimRow]) -> Mapping[tuple[str, bytes], CifNo]:
        for row in rows:
            if (row.index_name, row.tag) not in self._data.claims.rows:
                self._data.claims.add((row.index_name, row.tag), row.cif_no)
        return {(row.index_name, row.tag): self._data.claims.rows[row.index_name, row.tag] for row in rows}

    def release(self, tags: Collection[tuple[str, bytes]], holder: CifNo) -> None:
        for tag in tags:
            if self._data.claims.rows.get(tag) == holder:
                self._data.claims.drop(tag)


class _Indexes:
    def __init__(self, data: _Data) -> None:
        self._data = data

    @staticmethod
    def _key(row: IndexRow) -> tuple[bytes, str, str, int, str]:
        return (row.tag, row.source, row.source_key, row.record_no, row.index_name)

    def add(self, rows: Collection[IndexRow]) -> None:
        for row in rows:
            self._data.indexes.add(self._key(row), row)

    def find(self, tags: Collection[bytes]) -> Sequence[IndexRow]:
        wanted = set(tags)
        found = [row for row in self._data.indexes.rows.values() if row.tag in wanted]
        return sorted(found, key=self._key)

    def move(self, rows: Collection[IndexRow], cif_no: CifNo) -> None:
        for row in rows:
            known = self._data.indexes.rows[self._key(row)]
            self._data.indexes.put(self._key(row), attrs.evolve(known, cif_no=cif_no))


class _Work:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def add_tasks(self, rows: Collection[TaskRow]) -> None:
        for row in rows:
            if row.id not in self._data.tasks.rows:
                self._data.tasks.add(row.id, row)

    def tasks(self, *, state: str | None = None, cif_nos: Collection[CifNo] | None = None) -> Sequence[TaskRow]:
        wanted = None if cif_nos is None else set(cif_nos)
        found = [
            row
            for row in self._data.tasks.rows.values()
            if state in (None, row.state) and (wanted is None or {row.cif_no, row.other} & wanted)
        ]
        return sorted(found, key=lambda row: (-row.weight_millibits, row.id))

    def close_task(self, row: TaskRow) -> None:
        before = self._data.tasks.rows.get(row.id)
        if before is None or before.state != "open":
            raise ConflictError("the task is not open any more", rule="task_state")
        self._data.tasks.put(row.id, row)

    def put_approvals(self, approvals: Collection[Approval]) -> None:
        for approval in approvals:
            before = self._data.approvals.rows.get(approval.id)
            if before is None or before.state is ApprovalState.PROPOSED:
                self._data.approvals.put(approval.id, approval)

    def approvals(
        self, *, state: str | None = None, ids: Collection[str] | None = None, cif_no: CifNo | None = None
    ) -> Sequence[Approval]:
        found = [
            approval
            for approval in self._data.approvals.rows.values()
            if state in (None, approval.state)
            and (ids is None or approval.id in ids)
            and (cif_no is None or cif_no in approval.subjects)
        ]
        return sorted(found, key=lambda approval: (approval.expires_at, approval.id))


class _Staging:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def add(self, rows: Collection[StagedRow]) -> None:
        for row in rows:
            if (row.batch, row.line) not in self._data.staged.rows:
                self._data.staged.add((row.batch, row.line), row)

    def decide(self, row: StagedRow) -> None:
        before = self._data.staged.rows.get((row.batch, row.line))
        if before is None or before.state != "held":
            raise ConflictError("the row is not held any more", rule="staged_state")
        self._data.staged.put((row.batch, row.line), row)

    def drop(self, rows: Collection[StagedRow]) -> None:
        for row in rows:
            self._data.staged.drop((row.batch, row.line))

    def rows(self, place: tuple[bytes, int] | None = None) -> Sequence[StagedRow]:
        return [row for at, row in sorted(self._data.staged.rows.items()) if place in (None, at)]


class _Audit:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def head(self, stream: str) -> Head:
        return self._data.heads.rows.get(stream, Head())

    def append(self, rows: Sequence[AuditRow], subjects: Sequence[tuple[str, int, str]], head: Head) -> None:
        for row in rows:
            self._data.audit.add((row.stream, row.number), row)
        for subject in subjects:
            self._data.subjects.add(subject, None)
        if rows:
            self._data.heads.put(rows[0].stream, head)

    def rows(self) -> Iterator[AuditRow]:
        return iter([row for _, row in sorted(self._data.audit.rows.items())])

    def heads(self) -> Mapping[str, Head]:
        return dict(self._data.heads.rows)

    def subjects(self) -> Iterable[tuple[str, int, str]]:
        return sorted(self._data.subjects.rows)

    def of_subject(self, cif_no: str) -> Sequence[AuditRow]:
        keys = [(s, n) for s, n, subject in self._data.subjects.rows if subject == cif_no]
        rows = [self._data.audit.rows[key] for key in keys]
        return sorted(rows, key=lambda row: (row.at, row.stream, row.number))


class _Outbox:
    def __init__(self, data: _Data) -> None:
        self._data = data

    def add(self, rows: Collection[OutboxRow]) -> None:
        for row in rows:
            self._data.outbox.add(len(self._data.outbox.rows) + 1, row)

    def after(self, number: int, limit: int) -> Sequence[tuple[int, OutboxRow]]:
        return [(n, row) for n, row in sorted(self._data.outbox.rows.items()) if n > number][:limit]


class _Unit:
    def __init__(self, data: _Data) -> None:
        self.parties = _Parties(data)
        self.copies = _Copies(data)
        self.sources = _Sources(data)
        self.crosswalk = _Crosswalk(data)
        self.claims = _Claims(data)
        self.indexes = _Indexes(data)
        self.work = _Work(data)
        self.staging = _Staging(data)
        self.audit = _Audit(data)
        self.outbox = _Outbox(data)
        self._undo = data.undo

    def commit(self) -> None:
        self._undo.clear()


class MemoryRepository:
    """A store in memory; units of work take turns."""

    def __init__(self) -> None:
        self._data = _Data()
        self._identity: StoreRow | None = None
        self._lock = RLock()

    @contextmanager
    def unit_of_work(self) -> Iterator[_Unit]:
        with self._lock:
            try:
                yield _Unit(self._data)
            finally:
                for step in reversed(self._data.undo):
                    step()
                self._data.undo.clear()

    def identity(self) -> StoreRow | None:
        return self._identity

    def found(self, row: StoreRow) -> StoreRow:
        with self._lock:
            self._identity = self._identity or row
        return self._identity

    def close(self) -> None:
        """Nothing to let go of."""
