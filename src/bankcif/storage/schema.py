"""
The schema of a store: of which version its tables are, and whether this library can work with them.

A new store is laid out at the newest version; an older one is brought there by the migrations in `bankcif.storage.migrations`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, inspect, select
from sqlalchemy.engine import Connection

from . import _tables as t
from ._database import Database

__all__ = ["SCHEMA", "SCHEMAS", "lay_out", "problem_of", "version_of"]

SCHEMAS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every version that a released library laid out, oldest first."""
SCHEMA = SCHEMAS[-1]
"""The version that this library works with."""


def version_of(connection: Connection) -> str | None:
    """Of which version the tables are; None if there are none, or not all yet."""
    if t.SCHEMA_VERSION.name not in inspect(connection).get_table_names():
        return None
    found: str | None = connection.execute(select(t.SCHEMA_VERSION.c.version_num)).scalar()
    return found


def problem_of(version: str | None) -> str:
    """Why this library cannot work with tables of *version*, with what to do; empty if it can."""
    if version is None:
        return "holds no customer file; make one with  bankcif init"
    if version == SCHEMA:
        return ""
    if version in SCHEMAS:
        return f"has tables of version {version}, and this library works with {SCHEMA}; run  bankcif db upgrade"
    return f"has tables of version {version}, which is newer than this library, that works with {SCHEMA}; install a newer bankcif"


def lay_out(connection: Connection, database: Database, statements: Sequence[str] = ()) -> str:
    """
    Makes the tables in an empty database, within its transaction, and commits; why it cannot, empty if it did. *statements* make
    them, if it is done otherwise than in the plain way.

    Who comes while another process does so waits. Tables without a version were left by one that was interrupted, where the
    database cannot undo making tables.
    """
    with database.alone(connection):
        version = version_of(connection)
        if version is not None:
            return problem_of(version)
        names = set(inspect(connection).get_table_names())
        if not names <= set(t.METADATA.tables) or _is_founded(connection, names):
            return "holds something else"
        if statements:
            for statement in statements:
                connection.exec_driver_sql(statement)
        else:
            t.METADATA.create_all(connection)
        connection.execute(t.SCHEMA_VERSION.insert(), {"version_num": SCHEMA})
        connection.commit()
    return ""


def _is_founded(connection: Connection, names: set[str]) -> bool:
    """Whether a store is here that was made before tables had a version."""
    return t.STORE.name in names and connection.execute(select(func.count()).select_from(t.STORE)).scalar_one() > 0
