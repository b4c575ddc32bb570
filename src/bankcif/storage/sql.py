"""
A store in an SQL database, through SQLAlchemy Core; SQLite here.

SQLite runs in WAL with ``synchronous=FULL``: what was acknowledged survives loss of power. Every unit begins with
``BEGIN IMMEDIATE``, so writers take turns and none fails half way. Statements are built once; errors of the driver are
translated, and never carry a parameter.

A statement that writes to one of the tables and is not the library's own is refused, so that a report or a script that
got hold of the engine can not change a customer without an entry in the log: SQLite itself asks, of every statement that it
compiles, however that is written. It guards against mistakes; against intent it is the database's rights that do.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, exc, inspect
from sqlalchemy.engine import Connection, Engine, ExceptionContext, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import BankCIFError, StorageError, StoreOpenError
from . import _tables as t
from ._sql_session import translated
from ._sql_unit import Unit
from ._statements import STORE
from ._statistics import describe
from ._write_ahead import WriteAhead
from .rows import StoreRow

__all__ = ["SqlRepository", "open_engine"]

_BUSY_SECONDS = 30
_MOST_PAGES = 16_000
"""Of the write-ahead log, before a commit itself empties it: 64 MB."""
_WRITES = re.compile(
    r"\b(?:(?:insert|replace|merge)\s+(?:or\s+\w+\s+)?into|update(?:\s+or\s+\w+)?|delete\s+from|truncate(?:\s+table)?|"
    r"(?:drop|alter)\s+table(?:\s+if\s+exists)?)\s+(?:\w+\.)?[\"`\[]?(?:" + "|".join(t.METADATA.tables) + r")\b",
    re.IGNORECASE,
)


class SqlRepository:
    """
    A store in an SQL database.

    Args:
        engine: From `open_engine`.
        tenant: Whose rows.
    """

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._engine = engine
        self._own = engine.execution_options(**{t.OWN: True})
        self._tenant = tenant
        self._write_ahead = WriteAhead(engine)

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
                with engine.connect() as connection, _owned(connection):
                    t.METADATA.create_all(connection.execution_options(**{t.OWN: True}))
                    connection.commit()
            elif not ours <= names:
                what = "holds no customer file; make one with  bankcif init" if not names else "holds something else"
                problem = StoreOpenError(f"the database {_shown(url)} {what}", rule="schema")
            if problem is None:
                with engine.connect() as connection, _owned(connection):
                    describe(connection.execution_options(**{t.OWN: True}))
                    connection.commit()
        except exc.SQLAlchemyError as error:
            problem = _unopened(url, error)
        if problem is not None:
            engine.dispose()
            raise problem
        return cls(engine, tenant)

    @contextmanager
    def unit_of_work(self) -> Iterator[Unit]:
        problem: BankCIFError | None = None
        connection = None
        try:
            connection = self._own.connect()
            connection.begin()
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        if connection is None or problem is not None:
            if connection is not None:
                connection.close()
            raise problem or StorageError("the database gave no connection", rule="connection")
        try:
            with _owned(connection):
                yield Unit(connection, self._tenant, self._write_ahead.wake)
        finally:
            # What was not committed is rolled back here; after a commit there is nothing left to roll back.
            connection.close()

    def identity(self) -> StoreRow | None:
        with self.unit_of_work() as unit:
            found = unit.parties._s.select("store")
        return STORE.row(found[0]) if found else None

    def found(self, row: StoreRow) -> StoreRow:
        with self.unit_of_work() as unit:
            unit.parties._s.add_new(STORE, [row])
            kept = STORE.row(unit.parties._s.select("store")[0])
            unit.commit()
        return kept

    def close(self) -> None:
        self._write_ahead.close()
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
    event.listen(engine, "before_cursor_execute", _refuse_foreign)
    event.listen(engine, "handle_error", _told_foreign)
    return engine


@contextmanager
def _owned(connection: Connection) -> Iterator[None]:
    """Lets the library's own statements through on *connection*."""
    info = connection.info
    info[t.OWN] = True
    try:
        yield
    finally:
        info[t.OWN] = False


def _prepare_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the library says itself when a transaction begins
    connection.set_authorizer(lambda *asked: _authorized(record.info, *asked))
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "trusted_schema=OFF",
        f"wal_autocheckpoint={_MOST_PAGES}",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    raw: Any = connection.connection.driver_connection
    try:
        raw.execute("BEGIN IMMEDIATE")
        return
    except sqlite3.Error as error:  # straight to the driver: what SQLAlchemy does around it takes longer than it
        problem = exc.DBAPIError.instance("BEGIN IMMEDIATE", None, error, sqlite3.Error)
    raise problem


def _authorized(info: Mapping[Any, Any], action: int, one: str | None, other: str | None, *_: str | None) -> int:
    """SQLite's own question of each step of a statement that it compiles."""
    if info.get(t.OWN):
        return sqlite3.SQLITE_OK
    table = {sqlite3.SQLITE_ALTER_TABLE: other, sqlite3.SQLITE_CREATE_TRIGGER: other, sqlite3.SQLITE_DROP_TRIGGER: other,
             sqlite3.SQLITE_CREATE_TEMP_TRIGGER: other}.get(action, one)  # fmt: skip
    writes = action in _CHANGING and (table or "").lower() in t.METADATA.tables
    unlocks = action == sqlite3.SQLITE_PRAGMA and (one or "").lower() == "writable_schema" and other is not None
    return sqlite3.SQLITE_DENY if writes or unlocks else sqlite3.SQLITE_OK


_CHANGING = frozenset({
    sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_DROP_TRIGGER,
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
})  # fmt: skip


def _refuse_foreign(
    connection: Connection, _cursor: object, statement: str, _parameters: object, context: Any, _many: bool
) -> None:
    own = connection.get_execution_options().get(t.OWN) or (context and context.execution_options.get(t.OWN))
    if not own and _WRITES.search(statement):
        raise _direct()


def _told_foreign(context: ExceptionContext) -> None:
    """What SQLite did not authorize is told in our words."""
    if getattr(context.original_exception, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH:
        raise _direct()


def _direct() -> StorageError:
    return StorageError(
        "customers and the log are written through the library alone, so that every change leaves its entry; use it",
        rule="direct_write",
    )


def _unopened(url: str, error: exc.SQLAlchemyError) -> StoreOpenError:
    return StoreOpenError(f"the database {_shown(url)} cannot be opened: {translated(error)}", rule="open")


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
