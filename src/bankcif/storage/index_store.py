"""What a store must be able to do for its blind indexes: search tags, and where those who register meet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ..party import CifNo
from .rows import IndexKey, IndexRow

__all__ = ["IndexStore"]


class IndexStore(Protocol):
    """Search tags of source records."""

    def meet(self, tags: Collection[bytes]) -> None:
        """
        Waits for every unit that met one of *tags* and has not ended, and lets later ones wait for this: of two that register the
        same person at once, one sees what the other wrote.
        """

    def meet_all(self) -> None:
        """As `meet`, of every tag that there could be."""

    def add(self, rows: Collection[IndexRow]) -> None:
        """New tags; one that is there is left as it is."""

    def drop_version(self, version: int, after: bytes, limit: int) -> tuple[int, bytes | None]:
        """
        Deletes the tags of an index version among the next *limit* rows behind the tag *after*, and whatever else has the tag of the last of them; how many,
        and the tag behind which to go on, None at the end. Cost: each row is looked at once, however many there are.
        """

    def find(self, tags: Collection[bytes]) -> Sequence[IndexRow]:
        """All rows with one of *tags*, of every index: cut tags of two may be equal."""

    def find_some(
        self, keys: Collection[tuple[str, bytes]], most: int
    ) -> Mapping[tuple[str, bytes], Sequence[IndexRow]]:
        """By those of *keys*, index and tag, that have rows: *most* of them; not many more than those are read."""

    def at(self, keys: Collection[IndexKey]) -> Sequence[IndexRow]:
        """The rows of these keys that there are."""

    def page(self, after: IndexKey, limit: int) -> Sequence[IndexRow]:
        """Up to *limit* rows behind *after*, by key."""

    def count(self, version: int) -> int:
        """How many tags of an index version there are. Cost: they are counted."""

    def remove(self, rows: Collection[IndexRow]) -> None:
        """Deletes tags; one that is not there is nothing."""

    def move(self, rows: Collection[IndexRow], cif_no: CifNo) -> None:
        """Lets these rows name *cif_no*."""
