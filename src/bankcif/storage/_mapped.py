"""How rows are written and read: a table, the attrs class of its rows, and its inserts in the driver's own words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from operator import attrgetter
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import attrs
from sqlalchemy import Table, insert
from sqlalchemy.engine import Connection, Dialect

from ..party import FACT_COLUMNS
from . import _tables as t
from .rows import FactRow

__all__ = ["CursorRow", "HeadRow", "How", "Insert", "Mapped", "MappedFacts", "RetiredRow", "SubjectRow", "UsageRow"]

R = TypeVar("R")
How = Literal["add", "add_new", "put"]
"""What becomes of a row whose key exists: it is an error, the one that is there stays, or it is replaced."""


@attrs.frozen
class Insert:
    """
    Rows to be inserted.

    Attributes:
        text: The statement in the driver's own words.
        copy: The same for PostgreSQL's COPY; empty where that cannot do it, since a row may be there.
        rows: Values in its order.
    """

    text: str
    copy: str
    rows: Sequence[tuple[Any, ...]]


class Mapped(Generic[R]):
    """A table and the class of its rows, attrs' or a named tuple, whose attributes are the columns' names and stand in the order in which they are read."""

    def __init__(self, table: Table, cls: type[R], names: Sequence[str] = ()) -> None:
        self.table = table
        self._cls = cls
        self.names = [*(names or _fields(cls))]
        self.columns = [table.c[name] for name in self.names]  # a name that is no column ends here
        # An insert names its columns in the table's order, the tenant first.
        names = [column.name for column in table.columns if column.name in self.names]
        # Of a single name a getter gives the bare value.
        self._get: Callable[[Any], tuple[Any, ...]] = (
            attrgetter(*names) if len(names) > 1 else lambda row: (getattr(row, names[0]),)
        )
        self._texts: dict[tuple[str, How], tuple[str, str]] = {}

    def inserted(self, connection: Connection, tenant: str, rows: Collection[R], how: How) -> Insert:
        """The insert of *rows*, of a tenant."""
        dialect = connection.dialect
        known = self._texts.get((dialect.name, how))
        if known is None:
            known = self._texts[dialect.name, how] = self._spoken(dialect, how)
        return Insert(*known, [self.values(tenant, row) for row in rows])

    def _spoken(self, dialect: Dialect, how: How) -> tuple[str, str]:
        order = [column.name for column in self.table.columns if column.name in ("tenant", *self.names)]
        compiled = _insert(self.table, dialect.name, how, order).compile(dialect=dialect, column_keys=order)
        assert list(compiled.positiontup or ()) == order, "an insert names its columns in the table's order"
        quoted = dialect.identifier_preparer.quote
        copy = f"COPY {quoted(self.table.name)} ({', '.join(map(quoted, order))}) FROM STDIN"
        return str(compiled), copy if how == "add" else ""

    def values(self, tenant: str, row: R) -> tuple[Any, ...]:
        """The values of *row* in the order of the insert."""
        return (tenant, *self._get(row))

    def params(self, tenant: str, row: R) -> dict[str, Any]:
        found = {name: getattr(row, name) for name in self.names}
        found["tenant"] = tenant
        return found

    def row(self, values: Sequence[Any]) -> R:
        return self._cls(*values)


def _fields(cls: Any) -> Sequence[str]:
    fields: Sequence[str] = cls._fields if issubclass(cls, tuple) else [one.name for one in attrs.fields(cls)]
    return fields


def _insert(table: Table, dialect: str, how: How, names: Collection[str]) -> Any:
    """An insert, which waits for whoever is about to commit a row of the same key."""
    if how == "add":
        return insert(table)
    made: Any = import_module(f"sqlalchemy.dialects.{dialect.replace('mariadb', 'mysql')}").insert(table)
    key = table.primary_key.columns
    others = [name for name in names if name not in key]
    if dialect in ("mysql", "mariadb"):
        # IGNORE would also cut what is too long; to set a column to itself changes nothing.
        first = next(iter(key))
        replaced = {name: made.inserted[name] for name in others}
        return made.on_duplicate_key_update(replaced if how == "put" else {first.name: first})
    if how == "add_new":
        return made.on_conflict_do_nothing()
    return made.on_conflict_do_update(index_elements=list(key), set_={name: made.excluded[name] for name in others})


class MappedFacts(Mapped[FactRow]):
    """Facts stand in columns of their own, not in attributes of the row."""

    def __init__(self) -> None:
        super().__init__(t.FACT, FactRow, ["cif_no", *FACT_COLUMNS])

    def values(self, tenant: str, row: FactRow) -> tuple[Any, ...]:
        return (tenant, row.cif_no, *map(row.values.__getitem__, FACT_COLUMNS))


class SubjectRow(NamedTuple):
    """Whom an entry of the log is about; a tuple, since a page is about fifty."""

    cif_no: str
    stream: str
    number: int


@attrs.frozen
class HeadRow:
    stream: str
    number: int
    hash: bytes
    holder: bytes | None
    until: int


@attrs.frozen
class CursorRow:
    consumer: str
    stream: str
    number: int


@attrs.frozen
class UsageRow:
    actor: str
    action: str
    window: int
    count: int


@attrs.frozen
class RetiredRow:
    key_id: bytes
    mark: bytes
