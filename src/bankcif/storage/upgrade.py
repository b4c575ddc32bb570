"""What a database administrator does with the tables: bring them to this library's version, compare them, and print the statements."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_mock_engine, exc
from sqlalchemy.engine import Connection, Dialect, make_url

from .._extras import need
from ..errors import StorageError, StoreOpenError
from . import _tables as t
from ._database import Database
from ._failures import translated
from ._guard import owned
from .partitions import partitioned
from .schema import SCHEMA, SCHEMAS, lay_out, problem_of, version_of
from .sql import named, reach, shown

__all__ = ["current", "differences", "statements", "upgrade"]

_SCRIPTS = Path(__file__).parent / "migrations"
_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
    "mysql": "mysql+pymysql",
}


def current(url: str) -> str | None:
    """
    Of which version the tables of the database at *url* are; None if it has none.

    Raises:
        StoreOpenError: It cannot be reached.
    """
    with _connected(url) as (connection, _):
        return version_of(connection)


def upgrade(url: str, *, partitions: int = 0) -> tuple[str | None, str]:
    """
    Brings the tables of the database at *url* to this library's version, from any earlier one or none; the versions before and
    after. What stands in them stays. While it runs, nobody else should use the store.

    Args:
        url: Of the database.
        partitions: Into how many parts tables are split by hash, where they are laid out anew on PostgreSQL; 0 for none.

    Raises:
        StoreOpenError: The database cannot be reached, holds something else, or is of a newer version: then nothing is touched.
        StorageError: Tables are to be split that are there already, or on a database that cannot, or into too many.
        MissingExtraError: Alembic is not installed.
    """
    kind = named(url)[0]
    split = _tables_of(kind, partitions) if partitions else ()
    with _connected(url, create=True) as (connection, database):
        before = version_of(connection)
        if before is not None and partitions:
            raise StorageError(
                "the tables are there already; only new ones can be split, so bring the rows into a new database",
                rule="partitions",
            )
        if before is None:
            if problem := lay_out(connection, database, split):
                raise StoreOpenError(f"the database {shown(url)} {problem}", rule="schema")
        elif before in SCHEMAS[:-1]:
            _migrate(connection, database)
        elif problem := problem_of(before):
            raise StoreOpenError(f"the database {shown(url)} {problem}", rule="schema")
        return before, SCHEMA


def differences(url: str) -> list[str]:
    """
    How the tables of the database at *url* differ from what this library lays out, a line each; empty if they do not.

    Raises:
        StoreOpenError: It cannot be reached.
        MissingExtraError: Alembic is not installed.
    """
    migration, autogenerate = (
        need(f"alembic.{name}", extra="migrate") for name in ("runtime.migration", "autogenerate.api")
    )
    with _connected(url) as (connection, _):
        if problem := problem_of(version_of(connection)):
            return [f"the database {problem}"]
        ours = set(t.METADATA.tables)
        options = {
            "version_table": t.SCHEMA_VERSION.name, "compare_type": True,
            "include_object": lambda thing, name, kind, *_: kind != "table" or name in ours,
        }  # fmt: skip
        context = migration.MigrationContext.configure(connection, opts=options)
        return [_told(one) for one in autogenerate.compare_metadata(context, t.METADATA)]


def statements(kind: str, since: str | None = None, *, partitions: int = 0) -> str:
    """
    The statements that lay out the tables on a database of *kind* (``sqlite``, ``postgresql``, ``mariadb``, ``mysql``), or bring
    them to this library's version from version *since*; for whoever may make tables only by a script that others have read.

    Raises:
        StorageError: There is no such version; or SQLite's tables shall be changed, which is making them anew.
        MissingExtraError: Alembic is not installed, which statements since a version need.
    """
    if since is None:
        return _laid_out(kind, partitions)
    if since not in SCHEMAS:
        raise StorageError(f"there is no version {since}; there are {', '.join(SCHEMAS)}", rule="schema")
    if since == SCHEMA:
        return f"-- the tables are of version {SCHEMA} already\n"
    if kind == "sqlite":
        raise StorageError("the tables of an SQLite file are changed by  bankcif db upgrade  alone", rule="schema")
    out = io.StringIO()
    _run(dialect_name=kind, starting_rev=since, as_sql=True, literal_binds=True, output_buffer=out)
    return out.getvalue()


def _laid_out(kind: str, partitions: int) -> str:
    noted = t.SCHEMA_VERSION.insert().values(version_num=SCHEMA)
    said = str(noted.compile(dialect=_dialect(kind), compile_kwargs={"literal_binds": True}))
    return "".join(f"{one.strip()};\n" for one in [*_tables_of(kind, partitions), said])


def _tables_of(kind: str, partitions: int) -> list[str]:
    """The statements that make the tables."""
    said: list[str] = []
    engine = create_mock_engine(
        f"{_DRIVERS[kind]}://", lambda statement, *_, **__: said.append(str(statement.compile(dialect=_dialect(kind))))
    )
    t.METADATA.create_all(engine, checkfirst=False)
    if partitions and kind != "postgresql":
        raise StorageError(
            "tables are split on PostgreSQL; other databases split them by themselves", rule="partitions"
        )
    return list(partitioned(said, partitions)) if partitions else said


def _dialect(kind: str) -> Dialect:
    made: Dialect = make_url(f"{_DRIVERS[kind]}://").get_dialect()()
    return made


def _migrate(connection: Connection, database: Database) -> None:
    with database.alone(connection):
        _run(connection=connection)
        connection.commit()


def _run(*, starting_rev: str | None = None, as_sql: bool = False, **where: Any) -> None:
    """Runs the migrations, or prints them."""
    environment, scripts = need("alembic.runtime.environment", extra="migrate"), _scripts()
    steps = {
        "fn": lambda revision, _: scripts._upgrade_revs(SCHEMA, revision), "as_sql": as_sql, "starting_rev": starting_rev,
        "destination_rev": SCHEMA,
    }  # fmt: skip
    with environment.EnvironmentContext(need("alembic.config", extra="migrate").Config(), scripts, **steps) as running:
        running.configure(
            target_metadata=t.METADATA, version_table=t.SCHEMA_VERSION.name, render_as_batch=True, **where,
        )  # fmt: skip
        with running.begin_transaction():
            running.run_migrations()


def _scripts() -> Any:
    return need("alembic.script", extra="migrate").ScriptDirectory(str(_SCRIPTS))


@contextmanager
def _connected(url: str, *, create: bool = False) -> Iterator[tuple[Connection, Database]]:
    """A connection to the database at *url*, which can hold a store, and what kind it is."""
    engine, database = reach(url, create=create)
    problem = ""
    try:
        with engine.connect() as connection, owned(connection):
            ours = connection.execution_options(**{t.OWN: True})
            if unfit := database.unfit(ours):
                problem = f"cannot hold a store: {unfit}"
            else:
                yield ours, database
    except exc.SQLAlchemyError as error:
        problem = f"failed: {translated(error)}"
    finally:
        engine.dispose()
    if problem:
        raise StoreOpenError(f"the database {shown(url)} {problem}", rule="open")


def _told(difference: Any) -> str:
    """One difference of Alembic's in words: (what, schema, table, …), or a list of those of one column."""
    if isinstance(difference, list):
        return "; ".join(_told(one) for one in difference)
    what = str(difference[0]).replace("_", " ")
    things = [str(getattr(one, "name", one)) for one in difference[1:] if one is not None and not isinstance(one, dict)]
    return f"to be as laid out: {what} {' '.join(things)}"
