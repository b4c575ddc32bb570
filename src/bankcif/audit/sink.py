"""
Sinks: the bank's security monitoring gets every entry, as JSON Lines in the field names of the Elastic Common Schema.

A sink is handed finished lines of what is committed already: it can neither stop an operation nor change what the log
says. An entry may come twice, after a crash; ``event.id`` tells.

Source: Elastic Common Schema 8.11, field sets base, event, user, organization, source, trace, rule.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from .._clock import from_micros
from ..errors import ConfigurationError
from .entry import AuditEntry, AuditRow, Outcome

__all__ = ["AuditSink", "JsonLinesSink", "ecs_line"]

_VERSION = "8.11.0"
_LONGEST_NAME = 64


class AuditSink(Protocol):
    """Takes entries to where the bank watches."""

    @property
    def name(self) -> str:
        """Under which the store remembers how far it got; at most 64 characters, and always the same."""

    def send(self, lines: Sequence[str]) -> None:
        """
        Takes *lines*, each a JSON object without a newline, in the order of their stream. Whatever it raises, they are
        sent again.
        """


class JsonLinesSink:
    """
    Appends to a file that a shipper of the bank's reads.

    Args:
        path: The file; made with the first line, readable by its owner alone.
        name: See `AuditSink.name`.

    Raises:
        ConfigurationError: The name is none.
    """

    def __init__(self, path: str | Path, *, name: str = "jsonl") -> None:
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise ConfigurationError("a sink's name is one to 64 printable characters", rule="sink")
        self._path = Path(path)
        self.name = name

    def send(self, lines: Sequence[str]) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(file, "ab") as out:  # noqa: PTH123 (a descriptor, not a path)
            out.write("".join(line + "\n" for line in lines).encode())
            out.flush()
            os.fsync(out.fileno())


def ecs_line(tenant: str, row: AuditRow) -> str:
    """
    The entry of *row* as a line: what ECS has a field for stands there, the rest under ``bankcif``.

    Neither sealed values nor tags of search terms are in it. An entry that cannot be read any more is told as such.
    """
    try:
        entry = AuditEntry.of_body(row.body)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        entry = AuditEntry(at=row.at, actor=row.actor, action="unreadable", outcome=Outcome.REFUSED)
    said: dict[str, Any] = {
        "@timestamp": from_micros(entry.at).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "ecs": {"version": _VERSION},
        "event": {
            "kind": "event", "category": ["database"], "type": [_type(entry)], "action": entry.action,
            "outcome": "success" if entry.outcome is Outcome.DONE else "failure", "provider": "bankcif",
            "dataset": "bankcif.audit", "id": f"{row.stream}:{row.number}", "sequence": row.number,
            "hash": row.hash.hex(),
        },
        "user": {"id": entry.actor, **({"effective": {"id": entry.behalf}} if entry.behalf else {})},
        "organization": {"id": tenant},
        "bankcif": {
            "stream": row.stream, "purpose": entry.purpose, "subjects": list(entry.subjects),
            "fields": list(entry.fields), "count": entry.count, "channel": entry.channel, "person": entry.person,
            "auth": entry.auth, "faults": dict(entry.faults),
        },
    }  # fmt: skip
    said["bankcif"] = {name: value for name, value in said["bankcif"].items() if value not in ("", [], {}, 0)}
    if entry.rule:
        said["rule"] = {"name": entry.rule}
    if entry.origin:
        said["source"] = {"address": entry.origin}
    if entry.correlation:
        said["trace"] = {"id": entry.correlation}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


_TYPES = {
    "register": "creation", "load": "creation", "erased": "deletion", "expire_held": "deletion", "view": "access",
    "find": "access", "reveal": "access", "export": "access", "show_held": "access", "merge": "change",
    "unmerge": "change", "change": "change", "policy_in_force": "change", "restrict": "change", "lift_restriction": "change",
    "exported": "access", "who_looked": "access", "browse": "access", "break_glass": "access",
}  # fmt: skip


def _type(entry: AuditEntry) -> str:
    """The kind of event: that it was refused tells more than what was."""
    return "denied" if entry.outcome is Outcome.REFUSED else _TYPES.get(entry.action, "info")
