"""What a command says: a document for programs, or text for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import click

from ..party import Money

__all__ = ["emit"]


def emit(session_json: bool, document: Any, text: Callable[[], None]) -> None:
    """Prints *document* as JSON, or lets *text* print for people."""
    if session_json:
        click.echo(json.dumps(document, ensure_ascii=False, default=_plain))
    else:
        text()


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, tuple | frozenset | set):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError("no plain form")
