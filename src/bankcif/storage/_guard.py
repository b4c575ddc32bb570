"""
A statement that writes to one of the tables and is not the library's own is refused, so that a report or a script that got hold
of the engine can not change a customer without an entry in the log.

It guards against mistakes, by the statement's words; against intent it is the rights of the database's users that do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from ..errors import StorageError
from . import _tables as t

__all__ = ["direct_write", "guard", "owned"]

_WRITES = re.compile(
    r"\b(?:(?:insert|replace|merge)\s+(?:or\s+\w+\s+|ignore\s+)?into|update(?:\s+or\s+\w+|\s+only|\s+ignore)?|delete\s+from(?:\s+only)?|"
    r"truncate(?:\s+table)?(?:\s+only)?|copy|(?:drop|alter)\s+table(?:\s+if\s+exists)?(?:\s+only)?)\s+"
    r"(?:[\"`\[]?\w+[\"`\]]?\.)?[\"`\[]?(?:" + "|".join(t.METADATA.tables) + r")\b",
    re.IGNORECASE,
)


def guard(engine: Engine) -> None:
    """Lets *engine* refuse them."""
    event.listen(engine, "before_cursor_execute", _refuse_foreign)


@contextmanager
def owned(connection: Connection) -> Iterator[None]:
    """Lets the library's own statements through on *connection*."""
    info = connection.info
    info[t.OWN] = True
    try:
        yield
    finally:
        info[t.OWN] = False


def direct_write() -> StorageError:
    """The error to raise."""
    return StorageError(
        "customers and the log are written through the library alone, so that every change leaves its entry; use it",
        rule="direct_write",
    )


def _refuse_foreign(
    connection: Connection, _cursor: object, statement: str, _parameters: object, context: Any, _many: bool
) -> None:
    own = connection.get_execution_options().get(t.OWN) or (context and context.execution_options.get(t.OWN))
    if not own and _WRITES.search(statement):
        raise direct_write()
