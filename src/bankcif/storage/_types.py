"""
Types of columns, alike on every database. How they are called there is told to the compiler of statements, so that no dialect is loaded
but the one that is used.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.ext.compiler import compiles

__all__ = ["LONG_TEXT", "SEALED", "fixed_bytes", "text"]

# Text is compared by its code points, with every space at its end, on every database.
_COLLATIONS = {
    "postgresql": 'COLLATE "C"',
    "mariadb": "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    "mysql": "CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin",
}


class FixedBytes(LargeBinary):
    """Bytes of one length; PostgreSQL has no such type, and is given a constraint."""


class Sealed(LargeBinary):
    """Bytes of any length, never part of a key."""


class KeyText(String):
    """Text that may be a key."""


class LongText(Text):
    """Text of any length, never part of a key."""


@compiles(FixedBytes, "mysql", "mariadb")
def _(type_: FixedBytes, _compiler: Any, **_more: Any) -> str:
    return f"BINARY({type_.length})"


@compiles(Sealed, "mysql", "mariadb")
def _(_type: Sealed, _compiler: Any, **_more: Any) -> str:
    return "LONGBLOB"


@compiles(KeyText, *_COLLATIONS)
def _(type_: KeyText, compiler: Any, **_more: Any) -> str:
    return f"VARCHAR({type_.length}) {_COLLATIONS[compiler.dialect.name]}"


@compiles(LongText, *_COLLATIONS)
def _(_type: LongText, compiler: Any, **_more: Any) -> str:
    name = compiler.dialect.name
    return f"{'TEXT' if name == 'postgresql' else 'MEDIUMTEXT'} {_COLLATIONS[name]}"


def fixed_bytes(length: int) -> FixedBytes:
    """Bytes of this length."""
    return FixedBytes(length)


def text(length: int) -> KeyText:
    """Text of up to *length* characters."""
    return KeyText(length)


LONG_TEXT, SEALED = LongText(), Sealed()
