"""
A store in an SQL database, through SQLAlchemy Core: SQLite, PostgreSQL, MariaDB or MySQL.

Statements are built once; errors of the driver are translated, and never carry a parameter. What a kind of database needs of its
own stands in a module of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress

from sqlalchemy import exc, inspect
from sqlalchemy.engine import URL, Connection, Engine, make_url

from ..errors import BankCIFError, StorageError, StoreOpenError
from . import _tables as t
from ._database import FROZEN, Database, database_of
from ._failures import translated
from ._guard import guard, owned
from ._sql_unit import Unit
from ._statements import STORE
from .limits import Limits
from .rows import StoreRow
from .schema import lay_out, problem_of, version_of

__all__ = ["SqlRepository", "named", "reach", "shown"]

_LOGGER = logging.getLogger("bankcif")


class SqlRepository:
    """
    A store in an SQL database.

    Args:
        engine: From `reach`.
        tenant: Whose rows.
        database: What kind of database it is.
    """

    def __init__(self, engine: Engine, tenant: str, database: Database) -> None:
        self._engine = engine
        self._own = engine.execution_options(**{t.OWN: True})
        self._tenant = tenant
        self._database = database
        self._behind = database.behind(engine)

    @classmethod
    def open(cls, url: str, tenant: str, *, create: bool, limits: Limits | None = None) -> SqlRepository:
        """
        Opens the database at *url*, and lays out the tables if it is empty and *create* allows.

        Raises:
            StoreOpenError: It cannot be opened, is missing, or holds something else.
        """
        engine, database = reach(url, create=create, limits=limits)
        try:
            problem, rule = _made_ready(engine, database, create=create), "schema"
        except exc.SQLAlchemyError as error:
            problem, rule = f"cannot be opened: {translated(error)}", "open"
        except StorageError:
            engine.dispose()
            raise
        if problem:
            engine.dispose()
            raise StoreOpenError(f"the database {_shown(engine.url)} {problem}", rule=rule)
        return cls(engine, tenant, database)

    def unit_of_work(self) -> AbstractContextManager[Unit]:
        return self._unit()

    def snapshot(self) -> AbstractContextManager[Unit]:
        return self._unit(frozen=True)

    @contextmanager
    def _unit(self, *, frozen: bool = False) -> Iterator[Unit]:
        with nullcontext() if frozen else self._database.turn(), self._begun(frozen) as unit:
            yield unit

    @contextmanager
    def _begun(self, frozen: bool) -> Iterator[Unit]:
        problem: BankCIFError | None = None
        connection = None
        try:
            connection = self._own.connect()
            if frozen:
                connection = connection.execution_options(**{FROZEN: True})
            connection.begin()
            if frozen:
                self._database.freeze(connection)
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        if connection is None or problem is not None:
            if connection is not None:
                _let_go(connection)
            raise problem or StorageError("the database gave no connection", rule="connection")
        try:
            with (
                owned(connection),
                closing(Unit(connection, self._tenant, self._behind.wake, self._database)) as unit,
            ):
                yield unit
        finally:
            _let_go(connection)

    def identity(self) -> StoreRow | None:
        with self.unit_of_work() as unit:
            found = unit.parties._s.select("store")
        return STORE.row(found[0]) if found else None

    def found(self, row: StoreRow) -> StoreRow:
        with self.unit_of_work() as unit:
            session = unit.parties._s
            session.add_new(STORE, [row])
            kept = STORE.row(session.select("store")[0])
            if kept == row:
                self._database.founded(session)
            unit.commit()
        return kept

    def look_again(self) -> None:
        try:
            with self._own.connect() as connection, owned(connection):
                self._database.look_again(connection)
                connection.commit()
        except exc.SQLAlchemyError as error:
            _LOGGER.info("the planner was not told of what came (%s); that is tried again", translated(error).rule)

    def close(self) -> None:
        self._behind.close()
        self._engine.dispose()


def _let_go(connection: Connection) -> None:
    """
    Rolls back what was not committed. If the connection is lost, the server does so; what was committed, or read, is told whoever
    began the unit already.
    """
    try:
        connection.close()
        return
    except exc.SQLAlchemyError as error:
        _LOGGER.info("a connection was lost as a unit ended (%s)", translated(error).rule)
    with suppress(exc.SQLAlchemyError):
        connection.invalidate()
    with suppress(exc.SQLAlchemyError):
        connection.close()


def reach(url: str, *, create: bool, limits: Limits | None = None) -> tuple[Engine, Database]:
    """
    An engine for *url* with everything set that the library relies on, and what kind of database it reaches.

    Raises:
        StoreOpenError: The URL is none, names a database that is not supported, or a file that is not there.
    """
    parsed = _read(url)
    database = database_of(parsed)
    engine = database.engine(parsed, limits or Limits(), create=create)
    guard(engine)
    return engine, database


def named(url: str) -> tuple[str, str]:
    """
    Kind and name of the database at *url*.

    Raises:
        StoreOpenError: The URL is none, or names a database that is not supported.
    """
    parsed = _read(url)
    database_of(parsed)
    return parsed.get_backend_name(), parsed.database or ""


def shown(url: str) -> str:
    """
    *url* as it may be printed and logged: without its password.

    Raises:
        StoreOpenError: The URL is none.
    """
    return _shown(_read(url))


def _read(url: str) -> URL:
    """The URL in its parts; one that is none is never repeated, since whatever stands in it may be a password."""
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        parsed = None
    if parsed is None:
        raise StoreOpenError(
            "the database URL is none that SQLAlchemy knows; for a file write  sqlite:///cif.db", rule="url"
        )
    if parsed.get_backend_name() != "sqlite":
        if "@" in f"{parsed.host}{parsed.database}":
            raise StoreOpenError(
                "the URL is cut at a wrong place: in user and password write  %40  for @,  %2F  for /  and  %3A  for :",
                rule="url",
            )
        if {"password", "passwd"} & parsed.query.keys():
            raise StoreOpenError("a password stands before the @ of a URL, not among its words", rule="url")
    return parsed


def _made_ready(engine: Engine, database: Database, *, create: bool) -> str:
    """Lays out an empty database if *create* allows; why what is there is no store, empty if it is one."""
    with engine.connect() as connection, owned(connection):
        ours = connection.execution_options(**{t.OWN: True})
        if unfit := database.unfit(ours):
            return f"cannot hold a store: {unfit}"
        version = version_of(ours)
        if version is None and not create and inspect(ours).get_table_names():
            return "holds something else"
        problem = lay_out(ours, database) if version is None and create else problem_of(version)
        if not problem:
            database.describe(ours)
            connection.commit()
        return problem


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)
