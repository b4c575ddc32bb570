"""The log: entries chained behind a stream's head, in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .entry import GENESIS, AuditEntry, AuditRow, chained

__all__ = ["Head", "chain"]


@attrs.frozen
class Head:
    """The last entry of a stream: its number (0 for an empty stream) and its hash."""

    number: int = 0
    hash: bytes = GENESIS


def chain(tenant: str, stream: str, head: Head, entries: Sequence[AuditEntry]) -> tuple[list[AuditRow], Head]:
    """*entries* as rows behind *head*, and the new head."""
    rows = []
    for entry in entries:
        number, body = head.number + 1, entry.body()
        head = Head(number, chained(tenant, stream, number, head.hash, body, entry.sealed))
        rows.append(AuditRow(stream=stream, number=number, at=entry.at, body=body, sealed=entry.sealed, hash=head.hash))
    return rows, head
