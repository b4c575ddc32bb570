"""Types of columns, alike on every database."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

__all__ = ["LONG_TEXT", "SEALED", "fixed_bytes", "text"]

# Text is compared by its code points, with every space at its end, on every database.
_COLLATIONS = {"mariadb": "utf8mb4_nopad_bin", "mysql": "utf8mb4_0900_bin"}


def fixed_bytes(length: int) -> TypeEngine[bytes]:
    """Bytes of this length."""
    return LargeBinary(length).with_variant(mysql.BINARY(length), "mysql", "mariadb")


def text(length: int) -> TypeEngine[str]:
    """Text of up to *length* characters, that may be a key."""
    made = String(length).with_variant(String(length, collation="C"), "postgresql")
    for dialect, collation in _COLLATIONS.items():
        made = made.with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation=collation), dialect)
    return made


def _long_text() -> TypeEngine[str]:
    made = Text().with_variant(Text(collation="C"), "postgresql")
    for dialect, collation in _COLLATIONS.items():
        made = made.with_variant(mysql.MEDIUMTEXT(charset="utf8mb4", collation=collation), dialect)
    return made


LONG_TEXT: TypeEngine[str] = _long_text()
"""Text of any length, never part of a key."""
SEALED: TypeEngine[bytes] = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")
"""Bytes of any length, never part of a key."""
