"""The log: entries chained behind a stream's head, in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .entry import GENESIS, AuditEntry, AuditRow

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
        row = AuditRow(
            stream=stream, number=head.number + 1, at=entry.at, body=entry.body(), sealed=entry.sealed, hash=b""
        )
        row = attrs.evolve(row, hash=row.chained(tenant, head.hash))
        head = Head(row.number, row.hash)
        rows.append(row)
    return rows, head
