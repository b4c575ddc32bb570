"""
A connection within a transaction: runs statements, and translates what the driver raises.

What is inserted is held back until something is asked, changed or committed: so many rows of many tables go to a server at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import attrs
from sqlalchemy import CursorResult, Executable, Select, exc
from sqlalchemy.engine import Connection, Dialect

from ..errors import StorageError
from ._database import Database
from ._failures import translated
from ._mapped import How, Insert, Mapped
from ._statements import QUERIES

__all__ = ["Session", "Store"]

R = TypeVar("R")
T = TypeVar("T")
_CHUNK = 500
_LIST = re.compile(r"IN \(__\[POSTCOMPILE_keys[^\]]*\]\)")


class Session:
    """A connection within a transaction; runs statements and translates what the driver raises."""

    def __init__(self, connection: Connection, tenant: str, database: Database) -> None:
        self.connection = connection
        self.tenant = tenant
        self.database = database
        self._inserts: list[Insert] = []
        self._streams: list[CursorResult[Any]] = []
        self._cursor: Any = connection.connection.cursor()
        self._driver_error: type[Exception] = connection.dialect.loaded_dbapi.Error

    def run(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        self.flush()
        try:
            return self.connection.execute(statement, params)
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        raise problem

    def columns(self, statement: Select[Any], params: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """
        The columns of *statement*, whose cells are text, whole numbers or missing: straight from the driver, since converting millions of cells would cost
        more than reading them. (Arrow's own driver reads them in half of the time, but brings another SQLite: two in one process undo each other's locks.)
        """
        rows = self.rows(statement, params)
        return list(zip(*rows, strict=True)) if rows else [()] * len(statement.selected_columns)

    def rows(self, statement: Select[Any], params: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of *statement*, whose cells are text, bytes, whole numbers or missing: straight from the driver, as `columns`."""
        cursor: Any = self.run(statement, params).cursor
        rows: Sequence[Sequence[Any]] = self._call(cursor.fetchall)
        return rows

    def stream(self, name: str, params: Mapping[str, Any], page: int) -> CursorResult[Any]:
        """The rows of query *name*, of which there may be many, read by pages while they are gone through."""
        found = self.run(QUERIES[name].execution_options(yield_per=page), {**params, "tenant": self.tenant})
        self._streams.append(found)
        return found

    def close(self) -> None:
        """Ends what was not gone through to its end."""
        for stream in self._streams:
            stream.close()

    def select(self, name: str, keys: Sequence[Any] = (), **params: Any) -> list[Any]:
        """The rows of query *name*; *keys* fill its list, if it has one."""
        dialect = self.connection.dialect
        spoken = _spoken(name, dialect, 0 if _takes_lists(dialect) else len(keys))
        known = {**spoken.defaults, **params, "tenant": self.tenant}
        values: list[Any] = []
        for each in spoken.order:
            if each != "keys":
                values.append(known[each])
            elif spoken.as_one:
                values.append(list(keys))
            else:
                values += keys
        return self._driver(spoken.text, tuple(values))[0]

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
        self.flush()
        cursor = self._cursor  # one for all, since everything that it finds is fetched at once

        def asked() -> tuple[list[Any], int]:
            (cursor.executemany if many else cursor.execute)(text, values)
            return (cursor.fetchall() if cursor.description else []), cursor.rowcount

        return self._call(asked)

    def flush(self) -> None:
        """
        Sends what was held back.

        Raises:
            ConflictError: A row of the same key is there.
            StorageError: The database does not take it.
        """
        if self._inserts:
            inserts, self._inserts = self._inserts, []
            self._call(lambda: self.database.insert(self._cursor, inserts))

    def _call(self, work: Callable[[], T]) -> T:
        """What the driver gives; what it raises is translated, and does not travel with ours: its text may hold a value."""
        problem: StorageError
        try:
            return work()
        except self._driver_error as error:
            self._let_go(error)
            problem = translated(exc.DBAPIError.instance(None, None, error, self._driver_error))
        raise problem

    def _let_go(self, error: Any) -> None:
        """Of a connection that is lost: nobody else shall be given it, nor any other that was made before."""
        raw: Any = self.connection.connection.driver_connection
        if self.connection.dialect.is_disconnect(error, raw, self._cursor):
            self.connection.invalidate(error)

    def change(self, name: str, changes: Sequence[Mapping[str, Any]]) -> int:
        """Runs statement *name* once for each of *changes*; how many rows it met, where there is one change."""
        spoken = _spoken(name, self.connection.dialect)
        values = [
            tuple([one[each] if each in one else spoken.defaults[each] for each in spoken.order]) for one in changes
        ]
        if len(values) == 1:
            return self._driver(spoken.text, values[0])[1]
        return self._driver(spoken.text, values, many=True)[1] if values else 0

    def add(self, mapped: Mapped[R], rows: Collection[R]) -> None:
        self._insert(mapped, rows, "add")

    def add_new(self, mapped: Mapped[R], rows: Collection[R]) -> None:
        """Leaves out rows whose key exists."""
        self._insert(mapped, rows, "add_new")

    def put(self, mapped: Mapped[R], rows: Collection[R]) -> None:
        """Replaces rows whose key exists."""
        self._insert(mapped, rows, "put")

    def at_once(self, *statements: tuple[str, Sequence[Any]]) -> None:
        """Sends statements of the driver's own, each with its values, together and with all that was held back."""
        self._inserts += [Insert(text, "", [tuple(values)]) for text, values in statements]
        self.flush()

    def _insert(self, mapped: Mapped[R], rows: Collection[R], how: How) -> None:
        if rows:
            self._inserts.append(mapped.inserted(self.connection, self.tenant, rows, how))


class Store:
    """A small store: what it needs of its unit of work."""

    def __init__(self, session: Session) -> None:
        self._s = session


@attrs.frozen
class _Spoken:
    """
    A statement in the driver's own words.

    Attributes:
        text: With a mark for each parameter.
        order: Names of its parameters; ``keys`` is its list.
        defaults: What SQLAlchemy itself put in.
        as_one: Whether the list is one parameter.
    """

    text: str
    order: Sequence[str]
    defaults: Mapping[str, Any]
    as_one: bool


def _takes_lists(dialect: Dialect) -> bool:
    """Whether a list is one parameter, so that one text serves lists of any length."""
    return dialect.name == "postgresql"


@lru_cache(4096)
def _spoken(name: str, dialect: Dialect, keys: int = 0) -> _Spoken:
    """Statement *name*, with room for so many *keys* in its list, if it has one."""
    compiled = QUERIES[name].compile(dialect=dialect)
    as_one = _takes_lists(dialect)
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    room = f"= ANY ({mark})" if as_one else f"IN ({','.join([mark] * keys) or 'NULL'})"
    return _Spoken(_LIST.sub(room, str(compiled)), list(compiled.positiontup or ()), dict(compiled.params), as_one)
