"""
SQLite: a file, in WAL with ``synchronous=FULL``, so that what was acknowledged survives loss of power.

Every unit begins with ``BEGIN IMMEDIATE``, so writers take turns and none fails half way; one that only reads takes no turn, and
neither waits for writers nor they for it. SQLite itself asks, of every statement that it compiles, whether it may change one of the
tables: only the library's own may.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, exc
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import StorageError, StoreOpenError
from . import _tables as t
from ._database import FROZEN, one_by_one
from ._durable import durable
from ._guard import direct_write
from ._mapped import Insert
from ._sql_session import Session
from ._statistics import describe
from ._turns import Turns
from ._write_ahead import WriteAhead
from .limits import Limits

__all__ = ["Sqlite"]

_MOST_PAGES = 16_000
"""Of the write-ahead log, before a commit itself empties it: 64 MB."""


class Sqlite:
    """A database in a file."""

    serial = True

    def __init__(self) -> None:
        self._turns, self._patience = Turns(), Limits().lock_seconds

    def engine(self, url: URL, limits: Limits, *, create: bool) -> Engine:
        problem = ""
        if not url.database or url.database == ":memory:":
            problem = "an SQLite store needs a file; for a store in memory use MemoryRepository"
        elif not create and not Path(url.database).exists():
            problem = f"there is no database {url.database}; make one with  bankcif init"
        elif Path(url.database).parent != Path() and not Path(url.database).parent.is_dir():
            problem = f"the folder of the database {url.database} does not exist"
        if problem:
            raise StoreOpenError(problem, rule="url")
        self._patience = limits.lock_seconds
        engine = create_engine(
            url, hide_parameters=True, connect_args={"timeout": limits.lock_seconds}, pool_size=limits.connections,
            max_overflow=limits.more_connections, pool_timeout=limits.wait_seconds,
        )  # fmt: skip
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "handle_error", _told_foreign)
        return engine

    @contextmanager
    def turn(self) -> Iterator[None]:
        if not self._turns.take(self._patience):
            raise StorageError(
                "another thread of this process has held the database for too long; try again", rule="database"
            )
        try:
            yield
        finally:
            self._turns.give()

    def unfit(self, connection: Connection) -> str:
        return ""

    def alone(self, connection: Connection) -> AbstractContextManager[None]:
        return nullcontext()  # every transaction is

    def freeze(self, connection: Connection) -> None:
        connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1")  # the moment is that of the first question

    def describe(self, connection: Connection) -> None:
        describe(connection)

    def meet(self, session: Session, tags: Collection[bytes]) -> None:
        """Units take turns."""

    def meet_all(self, session: Session) -> None:
        """Units take turns."""

    def founded(self, session: Session) -> None:
        """Nothing is needed."""

    def look_again(self, connection: Connection) -> None:
        """It was told when the tables were laid out."""

    def behind(self, engine: Engine) -> WriteAhead:
        return WriteAhead(engine)

    def insert(self, cursor: Any, inserts: Sequence[Insert]) -> None:
        one_by_one(cursor, inserts)


def _prepare(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the library says itself when a transaction begins
    connection.set_authorizer(lambda *asked: _authorized(record.info, *asked))
    durable(connection)
    for pragma in ("foreign_keys=ON", "trusted_schema=OFF", f"wal_autocheckpoint={_MOST_PAGES}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    raw: Any = connection.connection.driver_connection
    frozen = connection.get_execution_options().get(FROZEN, False)
    info = connection.connection.info
    beginning = "BEGIN DEFERRED" if frozen else "BEGIN IMMEDIATE"
    try:
        if frozen is not info.get(FROZEN, False):  # a pool gives a connection to who reads and to who writes
            info[FROZEN] = None  # so that it is said again, if this is broken off
            raw.execute(f"PRAGMA query_only={frozen:d}")
            info[FROZEN] = frozen
        raw.execute(beginning)
        return
    except sqlite3.Error as error:  # straight to the driver: what SQLAlchemy does around it takes longer than it
        problem = exc.DBAPIError.instance(beginning, None, error, sqlite3.Error)
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


def _told_foreign(context: ExceptionContext) -> None:
    """What SQLite did not authorize is told in our words."""
    if getattr(context.original_exception, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH:
        raise direct_write()
