"""
A store in an SQL database, through SQLAlchemy Core; SQLite here.

SQLite runs in WAL with ``synchronous=FULL``: what was acknowledged survives loss of power. Every unit begins with
``BEGIN IMMEDIATE``, so writers take turns and none fails half way. Statements are built once; errors of the driver are
translated, and never carry a parameter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import attrs
from sqlalchemy import (
    CursorResult,
    Executable,
    Insert,
    Table,
    bindparam,
    create_engine,
    event,
    exc,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Dialect, Engine, make_url

from .._canonical import dumps, loads
from ..approval import Approval, ApprovalState, Operation
from ..audit import AuditRow, Head
from ..errors import BankCIFError, ConflictError, StorageError, StoreOpenError
from ..party import FACT_COLUMNS, CifNo, SourceKey
from . import _tables as t
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

__all__ = ["SqlRepository", "open_engine"]

R = TypeVar("R")
_CHUNK = 500
_LIST = "__[POSTCOMPILE_keys]"
_BUSY_SECONDS = 30


class _Mapped(Generic[R]):
    """A table and the attrs class of its rows, whose attributes are the columns' names."""

    def __init__(self, table: Table, cls: type[R]) -> None:
        self.table = table
        self._cls = cls
        model: Any = cls
        self.names = [a.name for a in attrs.fields(model)]
        self.columns = [table.c[name] for name in self.names if name in table.c]
        self.insert = insert(table)
        self._driver_inserts: dict[tuple[str, str], tuple[str, Sequence[str]]] = {}
        self.insert_new = sqlite.insert(table).on_conflict_do_nothing()

    def driver_insert(self, connection: Connection, how: str) -> tuple[str, Sequence[str]]:
        """The insert in the driver's own words, and the order of its parameters."""
        known = self._driver_inserts.get((connection.dialect.name, how))
        if known is None:
            statement: Insert = getattr(self, how)
            compiled = statement.compile(dialect=connection.dialect, column_keys=["tenant", *self.names])
            known = str(compiled), list(compiled.positiontup or ())
            self._driver_inserts[connection.dialect.name, how] = known
        return known

    def values(self, tenant: str, row: R, names: Sequence[str]) -> tuple[Any, ...]:
        """The values of *row* in the order of *names*."""
        return tuple([tenant if name == "tenant" else getattr(row, name) for name in names])

    def params(self, tenant: str, row: R) -> dict[str, Any]:
        found = {name: getattr(row, name) for name in self.names}
        found["tenant"] = tenant
        return found

    def row(self, values: Sequence[Any]) -> R:
        return self._cls(**dict(zip(self.names, values, strict=True)))


class _MappedFacts(_Mapped[FactRow]):
    """Facts stand in columns of their own, not in attributes of the row."""

    def __init__(self) -> None:
        super().__init__(t.FACT, FactRow)
        self.names = ["cif_no", *FACT_COLUMNS]

    def values(self, tenant: str, row: FactRow, names: Sequence[str]) -> tuple[Any, ...]:
        found = {"tenant": tenant, "cif_no": row.cif_no, **row.values}
        return tuple([found[name] for name in names])


@attrs.frozen
class _SubjectRow:
    cif_no: str
    stream: str
    number: int


_PARTY = _Mapped(t.PARTY, PartyRow)
_SOURCE = _Mapped(t.SOURCE_RECORD, SourceRow)
_LINK = _Mapped(t.CROSSWALK, LinkRow)
_NOT_A_MATCH = _Mapped(t.NOT_A_MATCH, NotAMatchRow)
_GOLDEN = _Mapped(t.GOLDEN_GROUP, GoldenRow)
_FACT = _MappedFacts()
_SUBJECT = _Mapped(t.AUDIT_SUBJECT, _SubjectRow)
_CLAIM = _Mapped(t.CLAIM, ClaimRow)
_INDEX = _Mapped(t.BLIND_INDEX, IndexRow)
_TASK = _Mapped(t.TASK, TaskRow)
_STAGED = _Mapped(t.STAGED_ROW, StagedRow)
_AUDIT = _Mapped(t.AUDIT_ENTRY, AuditRow)
_OUTBOX = _Mapped(t.OUTBOX, OutboxRow)
_STORE = _Mapped(t.STORE, StoreRow)


def _in(column: Any, name: str = "keys") -> Any:
    return column.in_(bindparam(name, expanding=True))


def _mine(table: Table) -> Any:
    return table.c.tenant == bindparam("tenant")


_Q: Mapping[str, Any] = {
    "parties": select(*_PARTY.columns).where(_mine(t.PARTY), _in(t.PARTY.c.cif_no)),
    "party_update": update(t.PARTY)
    .where(t.PARTY.c.tenant == bindparam("b_tenant"), t.PARTY.c.cif_no == bindparam("b_cif_no"),
           t.PARTY.c.version == bindparam("b_version"))
    .values({name: bindparam(name) for name in _PARTY.names}),
    "golden_end": update(t.GOLDEN_GROUP)
    .where(t.GOLDEN_GROUP.c.tenant == bindparam("b_tenant"), t.GOLDEN_GROUP.c.cif_no == bindparam("b_cif_no"),
           t.GOLDEN_GROUP.c.data_group == bindparam("b_group"), t.GOLDEN_GROUP.c.superseded_at.is_(None))
    .values(superseded_at=bindparam("at")),
    "golden": select(*_GOLDEN.columns)
    .where(_mine(t.GOLDEN_GROUP), _in(t.GOLDEN_GROUP.c.cif_no), t.GOLDEN_GROUP.c.superseded_at.is_(None))
    .order_by(t.GOLDEN_GROUP.c.cif_no, t.GOLDEN_GROUP.c.data_group),
    "facts_drop": t.FACT.delete().where(
        t.FACT.c.tenant == bindparam("b_tenant"), t.FACT.c.cif_no == bindparam("b_cif_no")),
    "facts": select(t.FACT.c.cif_no, *(t.FACT.c[name] for name in FACT_COLUMNS)).where(
        _mine(t.FACT), _in(t.FACT.c.cif_no)),
    "marks": select(t.SOURCE_RECORD.c.source_key, t.SOURCE_RECORD.c.record_no, t.SOURCE_RECORD.c.content_tag,
                    t.SOURCE_RECORD.c.delivery_tag)
    .where(_mine(t.SOURCE_RECORD), t.SOURCE_RECORD.c.source == bindparam("source"), _in(t.SOURCE_RECORD.c.source_key))
    .order_by(t.SOURCE_RECORD.c.source_key, t.SOURCE_RECORD.c.record_no),
    "records": select(t.CROSSWALK.c.cif_no, *_SOURCE.columns)
    .where(_mine(t.CROSSWALK), _in(t.CROSSWALK.c.cif_no), t.CROSSWALK.c.until.is_(None),
           t.SOURCE_RECORD.c.tenant == t.CROSSWALK.c.tenant, t.SOURCE_RECORD.c.source == t.CROSSWALK.c.source,
           t.SOURCE_RECORD.c.source_key == t.CROSSWALK.c.source_key),
    "record": select(*_SOURCE.columns).where(
        _mine(t.SOURCE_RECORD), t.SOURCE_RECORD.c.source == bindparam("source"),
        t.SOURCE_RECORD.c.source_key == bindparam("source_key"),
        t.SOURCE_RECORD.c.record_no == bindparam("record_no")),
    "count": select(func.count()).select_from(t.SOURCE_RECORD).where(_mine(t.SOURCE_RECORD)),
    "link_end": update(t.CROSSWALK)
    .where(t.CROSSWALK.c.tenant == bindparam("b_tenant"), t.CROSSWALK.c.source == bindparam("b_source"),
           t.CROSSWALK.c.source_key == bindparam("b_source_key"), t.CROSSWALK.c.number == bindparam("b_number"),
           t.CROSSWALK.c.until.is_(None))
    .values(until=bindparam("at")),
    "links": select(*_LINK.columns).where(
        _mine(t.CROSSWALK), t.CROSSWALK.c.source == bindparam("source"), _in(t.CROSSWALK.c.source_key),
        t.CROSSWALK.c.until.is_(None)),
    "links_of": select(*_LINK.columns)
    .where(_mine(t.CROSSWALK), _in(t.CROSSWALK.c.cif_no), t.CROSSWALK.c.until.is_(None))
    .order_by(t.CROSSWALK.c.source, t.CROSSWALK.c.source_key),
    "link_history": select(*_LINK.columns)
    .where(_mine(t.CROSSWALK), t.CROSSWALK.c.source == bindparam("source"),
           t.CROSSWALK.c.source_key == bindparam("source_key"))
    .order_by(t.CROSSWALK.c.number),
    "links_all": select(*_LINK.columns)
    .where(_mine(t.CROSSWALK), t.CROSSWALK.c.until.is_(None))
    .order_by(t.CROSSWALK.c.source, t.CROSSWALK.c.source_key),
    "not_low": select(*_NOT_A_MATCH.columns).where(_mine(t.NOT_A_MATCH), _in(t.NOT_A_MATCH.c.low)),
    "not_high": select(*_NOT_A_MATCH.columns).where(_mine(t.NOT_A_MATCH), _in(t.NOT_A_MATCH.c.high)),
    "claims": select(t.CLAIM.c.index_name, t.CLAIM.c.tag, t.CLAIM.c.cif_no).where(
        _mine(t.CLAIM), t.CLAIM.c.index_name == bindparam("index_name"), _in(t.CLAIM.c.tag)),
    "claim_drop": t.CLAIM.delete().where(
        t.CLAIM.c.tenant == bindparam("b_tenant"), t.CLAIM.c.index_name == bindparam("b_index"),
        t.CLAIM.c.tag == bindparam("b_tag"), t.CLAIM.c.cif_no == bindparam("b_cif_no")),
    "index": select(*_INDEX.columns).where(_mine(t.BLIND_INDEX), _in(t.BLIND_INDEX.c.tag)),
    "index_move": update(t.BLIND_INDEX)
    .where(t.BLIND_INDEX.c.tenant == bindparam("b_tenant"), t.BLIND_INDEX.c.tag == bindparam("b_tag"),
           t.BLIND_INDEX.c.source == bindparam("b_source"), t.BLIND_INDEX.c.source_key == bindparam("b_source_key"),
           t.BLIND_INDEX.c.record_no == bindparam("b_record_no"),
           t.BLIND_INDEX.c.index_name == bindparam("b_index"))
    .values(cif_no=bindparam("to_cif")),
    "tasks": select(*_TASK.columns).where(_mine(t.TASK)).order_by(t.TASK.c.weight_millibits.desc(), t.TASK.c.id),
    "task_close": update(t.TASK)
    .where(t.TASK.c.tenant == bindparam("b_tenant"), t.TASK.c.id == bindparam("b_id"), t.TASK.c.state == "open")
    .values({name: bindparam(name) for name in _TASK.names}),
    "approvals": select(t.APPROVAL).where(_mine(t.APPROVAL)).order_by(t.APPROVAL.c.expires_at, t.APPROVAL.c.id),
    "approvals_of": select(t.APPROVAL).where(
        _mine(t.APPROVAL),
        (t.APPROVAL.c.subject == bindparam("cif_no")) | (t.APPROVAL.c.other == bindparam("cif_no")))
    .order_by(t.APPROVAL.c.expires_at, t.APPROVAL.c.id),
    "approvals_at": select(t.APPROVAL).where(_mine(t.APPROVAL), _in(t.APPROVAL.c.id))
    .order_by(t.APPROVAL.c.expires_at, t.APPROVAL.c.id),
    "approval_update": update(t.APPROVAL)
    .where(t.APPROVAL.c.tenant == bindparam("b_tenant"), t.APPROVAL.c.id == bindparam("b_id"),
           t.APPROVAL.c.state == ApprovalState.PROPOSED.value)
    .values(state=bindparam("to_state"), checker=bindparam("by")),
    "staged": select(*_STAGED.columns).where(_mine(t.STAGED_ROW)).order_by(t.STAGED_ROW.c.batch, t.STAGED_ROW.c.line),
    "head": select(t.AUDIT_HEAD.c.number, t.AUDIT_HEAD.c.hash).where(
        _mine(t.AUDIT_HEAD), t.AUDIT_HEAD.c.stream == bindparam("stream")),
    "head_move": update(t.AUDIT_HEAD)
    .where(t.AUDIT_HEAD.c.tenant == bindparam("b_tenant"), t.AUDIT_HEAD.c.stream == bindparam("b_stream"),
           t.AUDIT_HEAD.c.number == bindparam("b_number"))
    .values(number=bindparam("number"), hash=bindparam("hash")),
    "head_new": insert(t.AUDIT_HEAD),
    "heads": select(t.AUDIT_HEAD.c.stream, t.AUDIT_HEAD.c.number, t.AUDIT_HEAD.c.hash).where(_mine(t.AUDIT_HEAD)),
    "audit": select(*_AUDIT.columns).where(_mine(t.AUDIT_ENTRY))
    .order_by(t.AUDIT_ENTRY.c.stream, t.AUDIT_ENTRY.c.number),
    "audit_of": select(*_AUDIT.columns)
    .where(_mine(t.AUDIT_SUBJECT), t.AUDIT_SUBJECT.c.cif_no == bindparam("cif_no"),
           t.AUDIT_ENTRY.c.tenant == t.AUDIT_SUBJECT.c.tenant, t.AUDIT_ENTRY.c.stream == t.AUDIT_SUBJECT.c.stream,
           t.AUDIT_ENTRY.c.number == t.AUDIT_SUBJECT.c.number)
    .order_by(t.AUDIT_ENTRY.c.at, t.AUDIT_ENTRY.c.stream, t.AUDIT_ENTRY.c.number),
    "subjects": select(t.AUDIT_SUBJECT.c.stream, t.AUDIT_SUBJECT.c.number, t.AUDIT_SUBJECT.c.cif_no).where(
        _mine(t.AUDIT_SUBJECT)),
    "outbox": select(t.OUTBOX.c.number, *_OUTBOX.columns)
    .where(_mine(t.OUTBOX), t.OUTBOX.c.number > bindparam("number")).order_by(t.OUTBOX.c.number)
    .limit(bindparam("most")),
    "store": select(*_STORE.columns).where(_mine(t.STORE)),
}  # fmt: skip


class _Session:
    """A connection within a transaction; runs statements and translates what the driver raises."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self.connection = connection
        self.tenant = tenant
        self._raw: Any = connection.connection
        self._driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error

    def run(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        try:
            return self.connection.execute(statement, params)
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        raise problem

    def select(self, name: str, keys: Sequence[Any] = (), **params: Any) -> list[Any]:
        """The rows of query *name*; *keys* fill its list, if it has one."""
        text, order, defaults = _driver_query(name, self.connection.dialect)
        if _LIST in text:
            text = text.replace(_LIST, ",".join("?" * len(keys)) or "NULL")
        known = {**defaults, **params, "tenant": self.tenant}
        values: list[Any] = []
        for each in order:
            if each == "keys":
                values += keys
            else:
                values.append(known[each])
        return self._driver(text, tuple(values))[0]

    def select_in(self, name: str, keys: Collection[Any], **params: Any) -> list[Any]:
        wanted = list(keys)
        found: list[Any] = []
        for at in range(0, len(wanted), _CHUNK):
            found += self.select(name, wanted[at : at + _CHUNK], **params)
        return found

    def _driver(self, text: str, values: Any, *, many: bool = False) -> tuple[list[Any], int]:
        """
        Straight to the driver, within SQLAlchemy's transaction: the rows it gives, and how many it met.

        Every value is text, bytes or an integer already, and SQLAlchemy's handling of parameters and results would cost
        more than the statement itself.
        """
        problem: StorageError
        cursor = self._raw.cursor()
        try:
            (cursor.executemany if many else cursor.execute)(text, values)
            return (cursor.fetchall() if cursor.description else []), cursor.rowcount
        except self._driver_error as error:
            problem = translated(exc.DBAPIError.instance(None, None, error, self._driver_error))
        finally:
            cursor.close()
        raise problem

    def change(self, name: str, changes: Sequence[Mapping[str, Any]]) -> int:
        """Runs statement *name* once for each of *changes*; how many rows it met, where there is one change."""
        text, order, defaults = _driver_query(name, self.connection.dialect)
        values = [tuple([one[each] if each in one else defaults[each] for each in order]) for one in changes]
        if len(values) == 1:
            return self._driver(text, values[0])[1]
        return self._driver(text, values, many=True)[1] if values else 0

    def add(self, mapped: _Mapped[R], rows: Collection[R]) -> None:
        self._insert(mapped, "insert", rows)

    def add_new(self, mapped: _Mapped[R], rows: Collection[R]) -> None:
        """Leaves out rows whose key exists."""
        self._insert(mapped, "insert_new", rows)

    def _insert(self, mapped: _Mapped[R], how: str, rows: Collection[R]) -> None:
        if not rows:
            return
        text, names = mapped.driver_insert(self.connection, how)
        self._driver(text, [mapped.values(self.tenant, row, names) for row in rows], many=True)


@cache
def _driver_query(name: str, dialect: Dialect) -> tuple[str, Sequence[str], Mapping[str, Any]]:
    """A query in the driver's own words, the order of its parameters, and what SQLAlchemy itself put in."""
    compiled = _Q[name].compile(dialect=dialect)
    return str(compiled), list(compiled.positiontup or ()), dict(compiled.params)


class _Store:
    def __init__(self, session: _Session) -> None:
        self._s = session


class _Parties(_Store):
    def add(self, rows: Collection[PartyRow]) -> None:
        self._s.add(_PARTY, rows)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        found = map(_PARTY.row, self._s.select_in("parties", set(cif_nos)))
        return {row.cif_no: row for row in found}

    def update(self, rows: Collection[PartyRow]) -> None:
        for row in rows:
            where = {"b_tenant": self._s.tenant, "b_cif_no": row.cif_no, "b_version": row.version - 1}
            params = _PARTY.params(self._s.tenant, row)
            del params["tenant"]
            if self._s.change("party_update", [{**params, **where}]) != 1:
                raise ConflictError("the party was changed meanwhile", rule="version", cif_no=row.cif_no)

    def put_golden(self, rows: Collection[GoldenRow]) -> None:
        # A group's first version has none before it to end.
        later = [row for row in rows if row.version > 1]
        self._s.change(
            "golden_end",
            [
                {"b_tenant": self._s.tenant, "b_cif_no": r.cif_no, "b_group": r.data_group, "at": r.recorded_at}
                for r in later
            ],
        )
        self._s.add(_GOLDEN, rows)

    def golden(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        return [_GOLDEN.row(values) for values in self._s.select_in("golden", set(cif_nos))]

    def put_facts(self, rows: Collection[FactRow]) -> None:
        if rows:
            keys = [{"b_tenant": self._s.tenant, "b_cif_no": row.cif_no} for row in rows]
            self._s.change("facts_drop", keys)
            self._s.add(_FACT, rows)

    def facts(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, FactRow]:
        return {
            values[0]: FactRow(cif_no=values[0], values=dict(zip(FACT_COLUMNS, values[1:], strict=True)))
            for values in self._s.select_in("facts", set(cif_nos))
        }


class _Sources(_Store):
    def add(self, rows: Collection[SourceRow]) -> None:
        self._s.add(_SOURCE, rows)

    def marks(self, source: str, source_keys: Collection[str]) -> Sequence[Mark]:
        found = self._s.select_in("marks", sorted(set(source_keys)), source=source)
        return [Mark(source_key=r[0], record_no=r[1], content_tag=r[2], delivery_tag=r[3]) for r in found]

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, SourceRow]]:
        found = [(values[0], _SOURCE.row(values[1:])) for values in self._s.select_in("records", set(cif_nos))]
        return sorted(found, key=lambda pair: (pair[0], pair[1].place))

    def at(self, places: Collection[tuple[str, str, int]]) -> Sequence[SourceRow]:
        found = []
        for source, source_key, record_no in sorted(set(places)):
            found += self._s.select("record", source=source, source_key=source_key, record_no=record_no)
        return [_SOURCE.row(values) for values in found]

    def count(self) -> int:
        return int(self._s.select("count")[0][0])


class _Crosswalk(_Store):
    def add(self, rows: Collection[LinkRow]) -> None:
        for row in rows:
            if row.number:
                where = {
                    "b_tenant": self._s.tenant, "b_source": row.source, "b_source_key": row.source_key,
                    "b_number": row.number - 1, "at": row.since,
                }  # fmt: skip
                if self._s.change("link_end", [where]) != 1:
                    raise ConflictError("the link was changed meanwhile", rule="conflict")
        self._s.add(_LINK, rows)

    def current(self, keys: Collection[SourceKey]) -> Mapping[SourceKey, LinkRow]:
        found: dict[SourceKey, LinkRow] = {}
        for source in {key.source for key in keys}:
            names = sorted({key.key for key in keys if key.source == source})
            rows = map(_LINK.row, self._s.select_in("links", names, source=source))
            found.update({row.origin: row for row in rows})
        return found

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[LinkRow]:
        return [_LINK.row(values) for values in self._s.select_in("links_of", set(cif_nos))]

    def history(self, key: SourceKey) -> Sequence[LinkRow]:
        return [_LINK.row(values) for values in self._s.select("link_history", source=key.source, source_key=key.key)]

    def all_current(self) -> Iterator[LinkRow]:
        return map(_LINK.row, self._s.select("links_all"))

    def add_not_a_match(self, row: NotAMatchRow) -> None:
        self._s.add_new(_NOT_A_MATCH, [row])

    def not_matches(self, cif_nos: Collection[CifNo]) -> Sequence[NotAMatchRow]:
        wanted = set(cif_nos)
        rows = {*self._s.select_in("not_low", wanted), *self._s.select_in("not_high", wanted)}
        return sorted(map(_NOT_A_MATCH.row, rows), key=lambda row: (row.low, row.high))


class _Claims(_Store):
    def claim(self, rows: Collection[ClaimRow]) -> Mapping[tuple[str, bytes], CifNo]:
        self._s.add_new(_CLAIM, rows)
        found: dict[tuple[str, bytes], CifNo] = {}
        for name in {row.index_name for row in rows}:
            tags = {row.tag for row in rows if row.index_name == name}
            found.update({(r[0], r[1]): r[2] for r in self._s.select_in("claims", tags, index_name=name)})
        return found

    def release(self, tags: Collection[tuple[str, bytes]], holder: CifNo) -> None:
        for index, tag in tags:
            where = {"b_tenant": self._s.tenant, "b_index": index, "b_tag": tag, "b_cif_no": holder}
            self._s.change("claim_drop", [where])


class _Indexes(_Store):
    def add(self, rows: Collection[IndexRow]) -> None:
        self._s.add(_INDEX, rows)

    def find(self, tags: Collection[bytes]) -> Sequence[IndexRow]:
        return [_INDEX.row(values) for values in self._s.select_in("index", set(tags))]

    def move(self, rows: Collection[IndexRow], cif_no: CifNo) -> None:
        self._s.change(
            "index_move",
            [
                    {
                        "b_tenant": self._s.tenant, "b_tag": r.tag, "b_source": r.source, "b_source_key": r.source_key,
                        "b_record_no": r.record_no, "b_index": r.index_name, "to_cif": cif_no,
                    }
                    for r in rows
                ],
        )  # fmt: skip


class _Work(_Store):
    def add_tasks(self, rows: Collection[TaskRow]) -> None:
        self._s.add_new(_TASK, rows)

    def tasks(self, *, state: str | None = None, cif_nos: Collection[CifNo] | None = None) -> Sequence[TaskRow]:
        statement = _Q["tasks"]
        if state is not None:
            statement = statement.where(t.TASK.c.state == state)
        if cif_nos is not None:
            wanted = list(cif_nos)
            statement = statement.where(t.TASK.c.cif_no.in_(wanted) | t.TASK.c.other.in_(wanted))
        return [_TASK.row(values) for values in self._s.run(statement, {"tenant": self._s.tenant})]

    def close_task(self, row: TaskRow) -> None:
        params = _TASK.params(self._s.tenant, row)
        del params["tenant"]
        if self._s.change("task_close", [{**params, "b_tenant": self._s.tenant, "b_id": row.id}]) != 1:
            raise ConflictError("the task is not open any more", rule="task_state")

    def put_approvals(self, approvals: Collection[Approval]) -> None:
        if not approvals:
            return
        known = {approval.id for approval in self.approvals(ids=[approval.id for approval in approvals])}
        new = [_approval_params(self._s.tenant, approval) for approval in approvals if approval.id not in known]
        if new:
            self._s.run(insert(t.APPROVAL), new)
        for approval in approvals:
            if approval.id in known:
                self._s.change(
                    "approval_update",
                    [{
                        "b_tenant": self._s.tenant, "b_id": approval.id, "to_state": approval.state.value,
                        "by": approval.checker,
                    }],
                )  # fmt: skip

    def approvals(
        self, *, state: str | None = None, ids: Collection[str] | None = None, cif_no: CifNo | None = None
    ) -> Sequence[Approval]:
        if cif_no is not None:
            found = self._s.select("approvals_of", cif_no=cif_no)
        elif ids is not None:
            found = self._s.select_in("approvals_at", ids)
        else:
            found = self._s.select("approvals")
        names = [column.name for column in t.APPROVAL.columns]
        approvals = [_approval(dict(zip(names, values, strict=True))) for values in found]
        wanted = None if ids is None else set(ids)
        return [one for one in approvals if state in (None, one.state.value) and (wanted is None or one.id in wanted)]

    def stage(self, rows: Collection[StagedRow]) -> None:
        self._s.add_new(_STAGED, rows)

    def staged(self) -> Sequence[StagedRow]:
        return [_STAGED.row(values) for values in self._s.select("staged")]


def _approval_params(tenant: str, approval: Approval) -> dict[str, Any]:
    subject, other = (*approval.subjects, None)[:2]
    return {
        "tenant": tenant, "id": approval.id, "operation": approval.operation.value, "subject": subject,
        "other": other, "detail": dumps(dict(approval.detail)), "base": dumps(dict(approval.base)),
        "maker": approval.maker, "maker_person": approval.maker_person, "expires_at": approval.expires_at,
        "digest": approval.digest, "state": approval.state.value, "checker": approval.checker,
    }  # fmt: skip


def _approval(row: Mapping[Any, Any]) -> Approval:
    subjects = (row["subject"],) if row["other"] is None else (row["subject"], row["other"])
    return Approval(
        id=row["id"], operation=Operation(row["operation"]), subjects=subjects, detail=loads(row["detail"]),
        base=loads(row["base"]), maker=row["maker"], maker_person=row["maker_person"], expires_at=row["expires_at"],
        digest=row["digest"], state=ApprovalState(row["state"]), checker=row["checker"],
    )  # fmt: skip


class _Audit(_Store):
    def head(self, stream: str) -> Head:
        found = self._s.select("head", stream=stream)
        return Head(found[0][0], found[0][1]) if found else Head()

    def append(self, rows: Sequence[AuditRow], subjects: Sequence[tuple[str, int, str]], head: Head) -> None:
        if not rows:
            return
        self._s.add(_AUDIT, rows)
        self._s.add(_SUBJECT, [_SubjectRow(cif_no, stream, number) for stream, number, cif_no in subjects])
        stream, before = rows[0].stream, rows[0].number - 1
        moved = {"number": head.number, "hash": head.hash}
        if not before:
            self._s.change("head_new", [{"tenant": self._s.tenant, "stream": stream, **moved}])
            return
        where = {"b_tenant": self._s.tenant, "b_stream": stream, "b_number": before}
        if self._s.change("head_move", [{**where, **moved}]) != 1:
            raise ConflictError("another writer appended to this audit stream", rule="conflict")

    def rows(self) -> Iterator[AuditRow]:
        result = self._s.run(_Q["audit"].execution_options(yield_per=2000), {"tenant": self._s.tenant})
        return map(_AUDIT.row, result)

    def heads(self) -> Mapping[str, Head]:
        return {r[0]: Head(r[1], r[2]) for r in self._s.select("heads")}

    def subjects(self) -> Iterable[tuple[str, int, str]]:
        return [(r[0], r[1], r[2]) for r in self._s.select("subjects")]

    def of_subject(self, cif_no: str) -> Sequence[AuditRow]:
        return [_AUDIT.row(values) for values in self._s.select("audit_of", cif_no=cif_no)]


class _Outbox(_Store):
    def add(self, rows: Collection[OutboxRow]) -> None:
        self._s.add(_OUTBOX, rows)

    def after(self, number: int, limit: int) -> Sequence[tuple[int, OutboxRow]]:
        return [(r[0], _OUTBOX.row(r[1:])) for r in self._s.select("outbox", number=number, most=limit)]


class _Unit:
    def __init__(self, connection: Connection, tenant: str) -> None:
        session = _Session(connection, tenant)
        self._session = session
        self.parties = _Parties(session)
        self.sources = _Sources(session)
        self.crosswalk = _Crosswalk(session)
        self.claims = _Claims(session)
        self.indexes = _Indexes(session)
        self.work = _Work(session)
        self.audit = _Audit(session)
        self.outbox = _Outbox(session)

    def commit(self) -> None:
        try:
            self._session.connection.commit()
            return
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        raise problem


class SqlRepository:
    """
    A store in an SQL database.

    Args:
        engine: From `open_engine`.
        tenant: Whose rows.
    """

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant

    @classmethod
    def open(cls, url: str, tenant: str, *, create: bool) -> SqlRepository:
        """
        Opens the database at *url*, and lays out the tables if it is empty and *create* allows.

        Raises:
            StoreOpenError: It cannot be opened, is missing, or holds something else.
        """
        engine = open_engine(url, create=create)
        problem: BankCIFError | None = None
        try:
            names = set(inspect(engine).get_table_names())
            ours = set(t.METADATA.tables)
            if not names and create:
                t.METADATA.create_all(engine)
            elif not ours <= names:
                what = "holds no customer file; make one with  bankcif init" if not names else "holds something else"
                problem = StoreOpenError(f"the database {_shown(url)} {what}", rule="schema")
        except exc.SQLAlchemyError as error:
            problem = _unopened(url, error)
        if problem is not None:
            engine.dispose()
            raise problem
        return cls(engine, tenant)

    @contextmanager
    def unit_of_work(self) -> Iterator[_Unit]:
        problem: BankCIFError | None = None
        connection = None
        try:
            connection = self._engine.connect()
            connection.begin()
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        if connection is None or problem is not None:
            if connection is not None:
                connection.close()
            raise problem or StorageError("the database gave no connection", rule="connection")
        try:
            yield _Unit(connection, self._tenant)
        finally:
            # What was not committed is rolled back here; after a commit there is nothing left to roll back.
            connection.close()

    def identity(self) -> StoreRow | None:
        with self.unit_of_work() as unit:
            found = unit.parties._s.select("store")
        return _STORE.row(found[0]) if found else None

    def found(self, row: StoreRow) -> StoreRow:
        with self.unit_of_work() as unit:
            unit.parties._s.add_new(_STORE, [row])
            kept = _STORE.row(unit.parties._s.select("store")[0])
            unit.commit()
        return kept

    def close(self) -> None:
        self._engine.dispose()


def open_engine(url: str, *, create: bool) -> Engine:
    """
    An engine for *url* with everything set that the library relies on.

    Raises:
        StoreOpenError: The URL is none, names a database that is not supported, or a file that is not there.
    """
    problem = ""
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        parsed = None
    if parsed is None:
        problem = "the database URL is none that SQLAlchemy knows; for a file write  sqlite:///cif.db"
    elif parsed.get_backend_name() != "sqlite":
        problem = f"databases of kind {parsed.get_backend_name()} are not supported yet; use  sqlite:///cif.db"
    elif not parsed.database or parsed.database == ":memory:":
        problem = "an SQLite store needs a file; for a store in memory use MemoryRepository"
    elif not create and not Path(parsed.database).exists():
        problem = f"there is no database {parsed.database}; make one with  bankcif init"
    elif Path(parsed.database).parent != Path() and not Path(parsed.database).parent.is_dir():
        problem = f"the folder of the database {parsed.database} does not exist"
    if problem or parsed is None:
        raise StoreOpenError(problem, rule="url")
    engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the library says itself when a transaction begins
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "trusted_schema=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def translated(error: exc.SQLAlchemyError) -> StorageError:
    """Our error for the driver's, without its text: that may hold values."""
    if isinstance(error, exc.IntegrityError):
        return ConflictError("another writer stored a row with this key first; nothing was written", rule="conflict")
    text = str(getattr(error, "orig", "")).casefold()
    reasons = {
        "locked": "the database is locked by another process; wait for it to end, then try again",
        "busy": "the database is busy; try again",
        "full": "the disk is full; make room, then run the same again",
        "readonly": "the database is read-only; check the permissions of the file and its folder",
        "malformed": "the database file is damaged; restore it from its backup",
        "no such table": "the database lacks a table of this library; it is not a store, or of another version",
        "not a database": "the file is not a database",
    }
    reason = next((sentence for word, sentence in reasons.items() if word in text), None)
    return StorageError(reason or f"the database failed ({type(error).__name__}); nothing was written", rule="database")


def _unopened(url: str, error: exc.SQLAlchemyError) -> StoreOpenError:
    return StoreOpenError(f"the database {_shown(url)} cannot be opened: {translated(error)}", rule="open")


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
