"""The log: entries chained behind a stream's head, in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from .entry import GENESIS, AuditEntry, AuditRow, chained

__all__ = ["Head", "Lease", "chain", "intervals"]


@attrs.frozen
class Head:
    """The last entry of a stream: its number (0 for an empty stream) and its hash."""

    number: int = 0
    hash: bytes = GENESIS


@attrs.frozen
class Lease:
    """
    A stream that a writer has for a while, and where it stands.

    A lease spreads writers over streams so that none waits for another. The order of a stream does not rest on it: an
    entry is appended only behind the head that it was chained to.
    """

    stream: str
    head: Head


def chain(tenant: str, stream: str, head: Head, entries: Sequence[AuditEntry]) -> tuple[list[AuditRow], Head]:
    """*entries* as rows behind *head*, and the new head."""
    rows = []
    for entry in entries:
        number, body = head.number + 1, entry.body()
        head = Head(number, chained(tenant, stream, number, head.hash, body, entry.sealed))
        rows.append(
            AuditRow(
                stream=stream,
                number=number,
                at=entry.at,
                actor=entry.actor,
                body=body,
                sealed=entry.sealed,
                hash=head.hash,
            )
        )
    return rows, head


def intervals(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """
    What a checkpoint with streams up to *after* appended to the tree behind one up to *before*, in the tree's order:
    stream, number of the last entry before, number of the last entry.
    """
    for stream in sorted(after):
        if after[stream] > before.get(stream, 0):
            yield stream, before.get(stream, 0), after[stream]
