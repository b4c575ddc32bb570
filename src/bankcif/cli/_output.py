"""What a command says: a document for programs, text for people, or a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from ..errors import FileError
from ..party import Money

__all__ = ["emit", "need_replaceable", "save"]

_DATABASE = b"SQLite format 3\0"
_LOOKED_AT = 65_536


def emit(session_json: bool, document: Any, text: Callable[[], None]) -> None:
    """Prints *document* as JSON, or lets *text* print for people."""
    if session_json:
        click.echo(json.dumps(document, ensure_ascii=False, default=_plain))
    else:
        text()


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, tuple | frozenset | set):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError("no plain form")


def save(path: Path, content: str | bytes) -> None:
    """Writes *content* to *path*, in place of an earlier one. Raises `FileError` if that can not be written, or would destroy keys or a database."""
    need_replaceable(path)
    failed = False
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError:
        failed = True
    if failed:
        raise FileError(
            f"{path} can not be written; check the folder and its permissions", path=str(path), rule="unwritable"
        )


def need_replaceable(path: Path) -> None:
    """
    Raises `FileError` where *path* is a key file, an escrow of one, or a database: a mistyped name must not cost every customer.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
    except OSError:
        return
    if head.startswith(_DATABASE) or _holds_keys(head):
        raise FileError(
            f"{path} holds {'a database' if head.startswith(_DATABASE) else 'keys'} and is not overwritten; name another file",
            path=str(path), rule="exists",
        )  # fmt: skip


def _holds_keys(content: bytes) -> bool:
    try:
        found = json.loads(content)
    except ValueError:
        return False
    return isinstance(found, dict) and (found.keys() >= {"keks", "index_roots"} or found.keys() >= {"suite", "needed"})
