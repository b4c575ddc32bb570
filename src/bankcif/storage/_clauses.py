"""Clauses that the statements of the SQL store have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, bindparam, select, tuple_

__all__ = ["among", "behind", "mine", "page_of"]


def among(column: Any, name: str = "keys") -> Any:
    return column.in_(bindparam(name, expanding=True))


def mine(table: Table) -> Any:
    return table.c.tenant == bindparam("tenant")


def behind(table: Table, *names: str) -> Any:
    """Behind the row of these values, in the order of the key."""
    return tuple_(*(table.c[name] for name in names)) > tuple_(*map(bindparam, names))


def page_of(table: Table, names: Sequence[str], columns: Sequence[Any]) -> Any:
    """The next rows in the order of the key *names*."""
    return (
        select(*columns).where(mine(table), behind(table, *names)).order_by(*(table.c[name] for name in names))
        .limit(bindparam("most"))
    )  # fmt: skip
