"""A connection within a transaction: runs statements, and translates what the driver raises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, exc
from sqlalchemy.engine import Connection, Dialect

from ..errors import ConflictError, StorageError
from ._mapped import Mapped
from ._statements import QUERIES

__all__ = ["Session", "Store", "translated"]

R = TypeVar("R")
_CHUNK = 500
_LIST = "__[POSTCOMPILE_keys]"


class Session:
    """A connection within a transaction; runs statements and translates what the driver raises."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self.connection = connection
        self.tenant = tenant
        self._cursor: Any = connection.connection.cursor()
        self._driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error

    def run(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        try:
            return self.connection.execute(statement, params)
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        raise problem

    def select(self, name: str, keys: Sequence[Any] = (), **params: Any) -> list[Any]:
        """The rows of query *name*; *keys* fill its list, if it has one."""
        text, order, defaults = _driver_query(name, self.connection.dialect, len(keys))
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
        cursor = self._cursor  # one for all, since everything that it finds is fetched at once
        try:
            (cursor.executemany if many else cursor.execute)(text, values)
            return (cursor.fetchall() if cursor.description else []), cursor.rowcount
        except self._driver_error as error:
            problem = translated(exc.DBAPIError.instance(None, None, error, self._driver_error))
        raise problem

    def change(self, name: str, changes: Sequence[Mapping[str, Any]]) -> int:
        """Runs statement *name* once for each of *changes*; how many rows it met, where there is one change."""
        text, order, defaults = _driver_query(name, self.connection.dialect)
        values = [tuple([one[each] if each in one else defaults[each] for each in order]) for one in changes]
        if len(values) == 1:
            return self._driver(text, values[0])[1]
        return self._driver(text, values, many=True)[1] if values else 0

    def add(self, mapped: Mapped[R], rows: Collection[R]) -> None:
        self._insert(mapped, "insert", rows)

    def add_new(self, mapped: Mapped[R], rows: Collection[R]) -> None:
        """Leaves out rows whose key exists."""
        self._insert(mapped, "insert_new", rows)

    def _insert(self, mapped: Mapped[R], how: str, rows: Collection[R]) -> None:
        if not rows:
            return
        text = mapped.driver_insert(self.connection, how)
        self._driver(text, [mapped.values(self.tenant, row) for row in rows], many=True)


class Store:
    """A small store: what it needs of its unit of work."""

    def __init__(self, session: Session) -> None:
        self._s = session


@lru_cache(4096)
def _driver_query(name: str, dialect: Dialect, keys: int = 0) -> tuple[str, Sequence[str], Mapping[str, Any]]:
    """
    A query in the driver's own words, with room for so many *keys* in its list, if it has one; the order of its parameters, and
    what SQLAlchemy itself put in.
    """
    compiled = QUERIES[name].compile(dialect=dialect)
    text = str(compiled).replace(_LIST, ",".join("?" * keys) or "NULL")
    return text, list(compiled.positiontup or ()), dict(compiled.params)


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
