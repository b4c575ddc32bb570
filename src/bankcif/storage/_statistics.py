"""
What SQLite's planner is told of the tables, once, when a store is laid out.

Of a table that was never analyzed SQLite takes for granted that a tenant has some ten rows, and so prefers reading all of a
tenant's rows to looking a few up. Figures of a large store, of any large store, are written to where it looks for them, so
that every statement is planned alike in an empty file and in a full one.

Source: https://sqlite.org/fileformat2.html, "The sqlite_stat1 table"; https://sqlite.org/optoverview.html, "Manual control of
query plans using SQLITE_STAT tables".
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Index, Table
from sqlalchemy.engine import Connection

from . import _tables as t

__all__ = ["describe"]

_ROWS = 1_000_000
_FEW = {
    "tenant": 1,
    "source": 20,
    "state": 5,
    "stream": 16,
    "index_name": 8,
    "index_version": 2,
    "kind": 3,
    "actor": 1_000,
}
"""Of columns that have few values, how many; of any other a value stands in a handful of rows."""
_HANDFUL = 4


def describe(connection: Connection) -> None:
    """Writes the figures, unless there are some, and lets *connection* know them."""
    known = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'"
    if connection.exec_driver_sql(known).first() is not None:
        return
    connection.exec_driver_sql(f"ANALYZE {t.STORE.name}")  # makes the table of figures
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", list(_figures()))
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # reads it anew


def _figures() -> Iterator[tuple[str, str, str]]:
    """Table, index, and how many rows there are and agree on one, two, … of the index's columns."""
    for table in t.METADATA.sorted_tables:
        key = [column.name for column in table.primary_key.columns]
        if len(key) > 1 or not table.dialect_options["sqlite"]["with_rowid"]:
            yield table.name, _key_name(table), _agreeing(key, unique=True)
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            yield table.name, str(index.name), _agreeing(_columns(index), unique=bool(index.unique))


def _key_name(table: Table) -> str:
    """What SQLite calls the index of the primary key."""
    return f"sqlite_autoindex_{table.name}_1" if table.dialect_options["sqlite"]["with_rowid"] else table.name


def _columns(index: Index) -> list[str]:
    return [column.name for column in index.columns]


def _agreeing(columns: list[str], *, unique: bool) -> str:
    figures, rows = [_ROWS], _ROWS
    for name in columns:
        rows = max(rows // _FEW[name], _HANDFUL) if name in _FEW else min(rows, _HANDFUL)
        figures.append(rows)
    if unique:
        figures[-1] = 1
    return " ".join(map(str, figures))
