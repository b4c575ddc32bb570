"""How rows are written and read: a table, the attrs class of its rows, and its inserts in the driver's own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from operator import attrgetter
from typing import Any, Generic, TypeVar

import attrs
from sqlalchemy import Insert, Table, insert
from sqlalchemy.engine import Connection

from ..party import FACT_COLUMNS
from . import _tables as t
from .rows import FactRow

__all__ = ["CursorRow", "HeadRow", "Mapped", "MappedFacts", "RetiredRow", "SubjectRow", "UsageRow"]

R = TypeVar("R")


class Mapped(Generic[R]):
    """A table and the attrs class of its rows, whose attributes are the columns' names."""

    def __init__(self, table: Table, cls: type[R]) -> None:
        self.table = table
        self._cls = cls
        model: Any = cls
        self.names = [a.name for a in attrs.fields(model)]
        self.columns = [table.c[name] for name in self.names if name in table.c]
        # An insert names its columns in the table's order, the tenant first.
        names = [column.name for column in table.columns if column.name in self.names]
        # Of a single name a getter gives the bare value.
        self._get: Callable[[Any], tuple[Any, ...]] = (
            attrgetter(*names) if len(names) > 1 else lambda row: (getattr(row, names[0]),)
        )
        self.insert = insert(table)
        self._driver_inserts: dict[tuple[str, str], str] = {}

    def driver_insert(self, connection: Connection, how: str) -> str:
        """The insert in the driver's own words; its parameters are `values`."""
        known = self._driver_inserts.get((connection.dialect.name, how))
        if known is None:
            statement = self.insert if how == "insert" else _insert_new(self.table, connection.dialect.name)
            order = [column.name for column in self.table.columns if column.name in ("tenant", *self.names)]
            compiled = statement.compile(dialect=connection.dialect, column_keys=order)
            assert list(compiled.positiontup or ()) == order, "an insert names its columns in the table's order"
            known = self._driver_inserts[connection.dialect.name, how] = str(compiled)
        return known

    def values(self, tenant: str, row: R) -> tuple[Any, ...]:
        """The values of *row* in the order of the insert."""
        return (tenant, *self._get(row))

    def params(self, tenant: str, row: R) -> dict[str, Any]:
        found = {name: getattr(row, name) for name in self.names}
        found["tenant"] = tenant
        return found

    def row(self, values: Sequence[Any]) -> R:
        return self._cls(**dict(zip(self.names, values, strict=True)))


def _insert_new(table: Table, dialect: str) -> Insert:
    """An insert that leaves a row be whose key exists, and waits for whoever is about to commit one."""
    made: Any = import_module(f"sqlalchemy.dialects.{dialect.replace('mariadb', 'mysql')}").insert(table)
    if dialect in ("mysql", "mariadb"):
        # IGNORE would also cut what is too long; to set a column to itself changes nothing.
        column = next(iter(table.primary_key.columns))
        made = made.on_duplicate_key_update({column.name: column})
    else:
        made = made.on_conflict_do_nothing()
    statement: Insert = made
    return statement


class MappedFacts(Mapped[FactRow]):
    """Facts stand in columns of their own, not in attributes of the row."""

    def __init__(self) -> None:
        super().__init__(t.FACT, FactRow)
        self.names = ["cif_no", *FACT_COLUMNS]

    def values(self, tenant: str, row: FactRow) -> tuple[Any, ...]:
        return (tenant, row.cif_no, *map(row.values.__getitem__, FACT_COLUMNS))


@attrs.frozen
class SubjectRow:
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
