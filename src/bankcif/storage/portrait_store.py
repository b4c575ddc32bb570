"""What a store must be able to do with portraits, and with the catalogues that they are made by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ..party import CifNo
from .portrait_rows import CatalogueRow, PortraitRow
from .rows import GoldenRow

__all__ = ["CatalogueStore", "PortraitStore"]


class PortraitStore(Protocol):
    """
    Portraits. They are golden groups, written, sealed anew and deleted with the others; here they are read, and it is kept what is
    known of them without opening them.
    """

    def current(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        """The current version of the portrait of each of these parties that has one."""

    def put(self, rows: Collection[PortraitRow]) -> None:
        """Keeps what is known, in place of what was."""

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PortraitRow]:
        """What is known of these parties' portraits."""

    def due(self, tags: Collection[bytes], after: str, limit: int) -> Sequence[CifNo]:
        """Up to *limit* parties behind *after* that are due on a day of these tags, by cif_no."""

    def behind(self, catalogue: bytes, after: str, limit: int) -> Sequence[CifNo]:
        """
        Up to *limit* parties behind *after*, by cif_no, whose portrait was not made by the catalogue of this digest, or not of the party
        as it stands; those that were merged, erased or restricted are left out.
        """

    def with_group(self, data_group: str, after: str, limit: int) -> Sequence[CifNo]:
        """Up to *limit* parties behind *after*, by cif_no, that have golden values of this group."""


class CatalogueStore(Protocol):
    """Tag catalogues: the one in force, and those that were or may be."""

    def active(self) -> CatalogueRow | None:
        """The catalogue in force."""

    def at(self, instant: int) -> CatalogueRow | None:
        """The catalogue that was in force at *instant*."""

    def get(self, proposal: str) -> CatalogueRow | None:
        """A catalogue by the proposal that brought it."""

    def all(self) -> Sequence[CatalogueRow]:
        """All of them, by the proposals that brought them."""

    def put(self, row: CatalogueRow) -> None:
        """Keeps a catalogue, in place of what was known of it."""
