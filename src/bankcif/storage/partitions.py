"""
The tables split by hash on PostgreSQL: each customer's rows, each source key's and each tag's in one of so many parts.

A part is a table of a size that is vacuumed, indexed and backed up in minutes, and could be another machine's. What is asked by the
key that a table is split by goes to one part; see ``docs/explanation/scale.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..errors import StorageError
from . import _tables as t

__all__ = ["MOST", "PARTS", "partitioned"]

PARTS = "bankcif_parts"
"""The schema in which the parts stand, so that they are not taken for tables of the store."""
MOST = 64
"""Laying out more takes more locks in one transaction than PostgreSQL has by default."""
_TABLE = re.compile(r"\s*CREATE TABLE (\w+)")


def partitioned(statements: Iterable[str], parts: int) -> Iterator[str]:
    """
    *statements*, which lay out the tables on PostgreSQL, so that tables are split into *parts* by their distribution key.

    Raises:
        StorageError: *parts* is not between 2 and `MOST`.
    """
    if not 2 <= parts <= MOST:
        raise StorageError(f"tables are split into 2 to {MOST} parts", rule="partitions")
    yield f"CREATE SCHEMA IF NOT EXISTS {PARTS}"
    for statement in statements:
        found = _TABLE.match(statement)
        name = found.group(1) if found else ""
        if name not in t.DISTRIBUTED_BY or t.DISTRIBUTED_BY[name] not in t.METADATA.tables[name].primary_key.columns:
            yield statement
            continue
        yield f"{statement.rstrip()} PARTITION BY HASH ({t.DISTRIBUTED_BY[name]})"
        for part in range(parts):
            yield (
                f"CREATE TABLE {PARTS}.{name}_{part} PARTITION OF {name} FOR VALUES WITH (MODULUS {parts}, REMAINDER {part})"
            )
            yield from _growing_only(name, part)


def _growing_only(name: str, part: int) -> Iterator[str]:
    """The log's triggers, which a statement on a part would not meet at its table."""
    for deed in ("UPDATE", "DELETE", "TRUNCATE") if name in t.GROWS else ():
        yield (
            f"CREATE TRIGGER {name}_{part}_no_{deed.lower()} BEFORE {deed} ON {PARTS}.{name}_{part} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION bankcif_only_grows()"
        )
