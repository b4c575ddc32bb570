"""
A store in an SQL database, through SQLAlchemy Core: SQLite, PostgreSQL, MariaDB or MySQL.

Statements are built once; errors of the driver are translated, and never carry a parameter. What a kind of database needs of its
own stands in a module of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext

from sqlalchemy import exc, func, inspect, select
from sqlalchemy.engine import URL, Connection, Engine, make_url

from ..errors import BankCIFError, StorageError, StoreOpenError
from . import _tables as t
from ._database import Database, database_of
from ._failures import translated
from ._guard import guard, owned
from ._sql_unit import Unit
from ._statements import MEETING_LAID_OUT, STORE
from .limits import Limits
from .rows import StoreRow

__all__ = ["SqlRepository", "reach"]


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
            problem, rule = _lay_out(engine, database, create=create), "schema"
        except exc.SQLAlchemyError as error:
            problem, rule = f"cannot be opened: {translated(error)}", "open"
        if problem:
            engine.dispose()
            raise StoreOpenError(f"the database {_shown(engine.url)} {problem}", rule=rule)
        return cls(engine, tenant, database)

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
            with (
                owned(connection),
                closing(Unit(connection, self._tenant, self._behind.wake, serial=self._database.serial)) as unit,
            ):
                yield unit
        finally:
            # What was not committed is rolled back here; after a commit there is nothing left to roll back.
            connection.close()

    def identity(self) -> StoreRow | None:
        with self.unit_of_work() as unit:
            found = unit.parties._s.select("store")
        return STORE.row(found[0]) if found else None

    def found(self, row: StoreRow) -> StoreRow:
        with self.unit_of_work() as unit:
            session = unit.parties._s
            session.add_new(STORE, [row])
            kept = STORE.row(session.select("store")[0])
            if kept == row and not self._database.serial:
                session.run(MEETING_LAID_OUT, {"tenant": self._tenant})
            unit.commit()
        return kept

    def close(self) -> None:
        self._behind.close()
        self._engine.dispose()


def reach(url: str, *, create: bool, limits: Limits | None = None) -> tuple[Engine, Database]:
    """
    An engine for *url* with everything set that the library relies on, and what kind of database it reaches.

    Raises:
        StoreOpenError: The URL is none, names a database that is not supported, or a file that is not there.
    """
    problem = StoreOpenError(
        "the database URL is none that SQLAlchemy knows; for a file write  sqlite:///cif.db", rule="url"
    )
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise problem from None
    database = database_of(parsed)
    engine = database.engine(parsed, limits or Limits(), create=create)
    guard(engine)
    return engine, database


def _lay_out(engine: Engine, database: Database, *, create: bool) -> str:
    """Makes the tables, if there are none and *create* allows; why what is there is no store, empty if it is one."""
    with engine.connect() as connection, owned(connection):
        ours = connection.execution_options(**{t.OWN: True})
        if unfit := database.unfit(ours):
            return f"cannot hold a store: {unfit}"
        with database.alone(ours) if create else nullcontext():
            names, known = set(inspect(ours).get_table_names()), set(t.METADATA.tables)
            if not known <= names:
                if not create and not names:
                    return "holds no customer file; make one with  bankcif init"
                if not create or not names <= known or _is_founded(ours, names):
                    return "holds something else"
                t.METADATA.create_all(ours)
        database.describe(ours)
        connection.commit()
    return ""


def _is_founded(connection: Connection, names: set[str]) -> bool:
    """Whether a store is here, of which tables are missing; laying out that was interrupted leaves none."""
    return t.STORE.name in names and connection.execute(select(func.count()).select_from(t.STORE)).scalar_one() > 0


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)
