"""What a store must be able to do for other systems: keeping what changed, and how far each feed of it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from ..party import CifNo
from .outbox_rows import FeedDayRow, FeedRow, OutboxRow

__all__ = ["FeedStore", "OutboxStore"]


class OutboxStore(Protocol):
    """
    Changes told to other systems.

    Each stands under the entry of the log that tells why, and is numbered by it: streams are written one unit after another, so
    that nothing comes to stand behind a place that was read.
    """

    def add(self, rows: Collection[OutboxRow]) -> None:
        """
        New changes. They come under the entries that this unit appends next; what is told of one customer until then is one
        change. A unit in which none follow cannot be committed: it raises `StorageError`.
        """

    def after(self, stream: str, place: tuple[int, str], limit: int) -> Sequence[tuple[int, OutboxRow]]:
        """The first *limit* changes of a stream behind *place* (number of the entry, cif_no), in that order, with their numbers."""

    def cut(self, stream: str, number: int) -> int:
        """Deletes the changes of a stream up to entry *number*; returns how many."""


class FeedStore(Protocol):
    """How far each feed is."""

    def all(self) -> Sequence[FeedRow]:
        """All of them, by name."""

    def get(self, name: str) -> FeedRow | None:
        """How far a feed is; None if it was never begun."""

    def move(self, row: FeedRow) -> None:
        """Keeps where a feed is now. Raises `ConflictError` if it does not stand at the turn before, or, at turn one, if it is there."""

    def forget(self, name: str) -> None:
        """Forgets all that a feed is to look at on some day."""

    def look_at(self, rows: Collection[FeedDayRow]) -> None:
        """Of whom the calendar turns what a feed may say; one that is there already stays."""

    def on(self, name: str, day: bytes, after: str, limit: int) -> Sequence[CifNo]:
        """The first *limit* customers behind *after* whom a feed is to look at on a day, by cif_no."""

    def looked(self, name: str, day: bytes) -> None:
        """Forgets whom a feed was to look at on a day."""
