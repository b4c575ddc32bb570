"""What a store must be able to do for the audit log: writing it, and reading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ..audit import AuditRow, CheckpointRow, Head, Lease

__all__ = ["AuditStore", "TrailStore"]


class AuditStore(Protocol):
    """Writing the log, which only grows."""

    def lease(self, holder: bytes, now: int, until: int, last: str = "") -> Lease:
        """
        The stream that *holder* writes, with its head, locked until the unit ends: the one it has, or else one whose lease
        ended before *now*, or else a new one; the lease of one that was taken lasts *until* then. *last* is the stream it had when
        it asked before.
        """

    def append(
        self, rows: Sequence[AuditRow], subjects: Sequence[tuple[str, int, str]], head: Head, until: int
    ) -> None:
        """
        Appends to one stream, moves its head, and lets its lease last *until* then; *subjects* are (stream, number,
        cif_no). Raises `ConflictError` if the head is not where the first row begins.
        """

    def release(self, holder: bytes) -> None:
        """Ends the leases of *holder*."""

    def last_checkpoint(self) -> CheckpointRow | None:
        """The checkpoint over the most entries, locked until the unit ends."""

    def add_checkpoint(self, row: CheckpointRow) -> None:
        """A new checkpoint. Raises `ConflictError` if there is one over as many entries."""

    def cursor(self, consumer: str) -> Mapping[str, int]:
        """Up to which number of each stream *consumer* got the entries."""

    def move_cursor(self, consumer: str, stream: str, number: int) -> None:
        """*consumer* got the entries of *stream* up to *number*."""


class TrailStore(Protocol):
    """Reading the log."""

    def heads(self) -> Mapping[str, Head]:
        """The head of each stream."""

    def ends(self) -> Mapping[str, int]:
        """The number of the last entry that there is of each stream, whatever its head says."""

    def entries(self, stream: str, after: int, upto: int, limit: int) -> Sequence[AuditRow]:
        """The first *limit* of those entries of a stream that come behind number *after*, up to *upto*, by number."""

    def between(self, since: int, until: int, actor: str | None = None) -> Iterator[AuditRow]:
        """Entries from *since* to before *until*, of one actor or of all, by instant, stream and number."""

    def of_subject(self, cif_no: str) -> Sequence[AuditRow]:
        """The entries that concern a customer, oldest first."""

    def subjects(self, after: tuple[str, str, int], limit: int) -> Sequence[tuple[str, str, int]]:
        """The first *limit* look-up rows (cif_no, stream, number) behind *after*, in order."""

    def checkpoints(self, after: int, limit: int) -> Sequence[CheckpointRow]:
        """The first *limit* checkpoints over more than *after* entries, by size."""

    def signed(self) -> int:
        """Over how many entries the last checkpoint is; 0 if there is none."""
