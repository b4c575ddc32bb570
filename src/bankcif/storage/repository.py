"""
What a store must be able to do. A bank may bring its own; the contract classes of `bankcif.testing` say when it is right.

A unit of work is one transaction: everything written through it commits together or not at all. Reads within it see
its own writes. Two units never interleave so that one party loses an update: the later one fails with `ConflictError`, and is to
be left, for nothing can be written in it any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ..party import CifNo, DataGroup, SourceKey
from .index_store import IndexStore
from .log_store import AuditStore, TrailStore
from .model_store import ModelStore
from .outbox_store import FeedStore, OutboxStore
from .person_store import CredentialStore, ReasonStore, UsageStore
from .portrait_store import CatalogueStore, PortraitStore
from .quality_store import FigureStore, FindingStore, SheetStore
from .rows import (
    ClaimRow,
    FactRow,
    GoldenRow,
    LinkRow,
    Mark,
    NotAMatchRow,
    PartyRow,
    PolicyRow,
    RotationRow,
    SourceRow,
    StoreRow,
)
from .search_store import SearchStore
from .work_store import ReviewStore, StagingStore, WorkStore

LOST = "connection"
"""Rule of the `StorageError` after which nobody knows whether a commit that was under way has happened."""

__all__ = [
    "LOST",
    "AuditStore",
    "CatalogueStore",
    "ClaimStore",
    "CopyStore",
    "CredentialStore",
    "CrosswalkStore",
    "ErasureStore",
    "FeedStore",
    "FigureStore",
    "FindingStore",
    "IndexStore",
    "KeyWorkStore",
    "ModelStore",
    "OutboxStore",
    "PartyStore",
    "PolicyStore",
    "PortraitStore",
    "ReasonStore",
    "Repository",
    "SheetStore",
    "SourceStore",
    "StagingStore",
    "TrailStore",
    "UnitOfWork",
    "UsageStore",
    "WorkStore",
]


class PartyStore(Protocol):
    """Parties."""

    def add(self, rows: Collection[PartyRow]) -> None:
        """New parties. Raises `ConflictError` if a cif_no exists."""

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        """The parties that exist."""

    def lock(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        """The parties that exist; nobody else changes them or locks them before this unit ends. Waits for who has."""

    def update(self, rows: Collection[PartyRow]) -> None:
        """Replaces parties; each must stand at the version before. Raises `ConflictError` otherwise."""

    def page(self, after: str, limit: int) -> Sequence[PartyRow]:
        """Up to *limit* parties whose cif_nos come behind *after*, by cif_no."""


class CopyStore(Protocol):
    """What can be rebuilt from source records: golden groups and facts."""

    def put_golden(self, rows: Collection[GoldenRow]) -> None:
        """New versions of golden groups; those they follow end at their `recorded_at`."""

    def end_golden(self, cif_nos: Collection[CifNo], at: int) -> None:
        """Ends the current versions of these parties, which have no golden record any more."""

    def golden(self, cif_nos: Collection[CifNo], groups: Collection[DataGroup] | None = None) -> Sequence[GoldenRow]:
        """The current version of each group of these parties, or of each of *groups*, their portraits left out."""

    def history(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        """Every version of each group of these parties, and of their portraits."""

    def reseal(self, rows: Collection[GoldenRow]) -> None:
        """Replaces key and sealed bytes of versions that exist."""

    def put_facts(self, rows: Collection[FactRow]) -> None:
        """Facts, in place of earlier ones."""

    def facts(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, FactRow]:
        """The facts that there are."""


class SourceStore(Protocol):
    """Source records; what they say is immutable."""

    def add(self, rows: Collection[SourceRow]) -> None:
        """New records. Raises `ConflictError` if a record number is taken."""

    def marks(self, source: str, source_keys: Collection[str]) -> Sequence[Mark]:
        """The marks of all records under these keys, by record number."""

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, SourceRow]]:
        """All records whose source key belongs to one of these parties now."""

    def places(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, tuple[str, str, int]]]:
        """Where the records of these parties stand, as `of_parties` has them: source, source key, record number."""

    def at(self, places: Collection[tuple[str, str, int]]) -> Sequence[SourceRow]:
        """The records at these places (source, source key, record number)."""

    def reseal(self, rows: Mapping[bytes, SourceRow]) -> None:
        """
        Replaces key and sealed bytes of records, by the key each had. Raises `ConflictError` if one has another.
        """

    def count(self) -> int:
        """How many records there are."""

    def page(self, after: tuple[str, str, int], limit: int) -> Sequence[SourceRow]:
        """Up to *limit* records behind *after* (source, source key, record number), in that order."""


class CrosswalkStore(Protocol):
    """Which party each source key belongs to, and which pairs of parties are two."""

    def add(self, rows: Collection[LinkRow]) -> None:
        """New current links; the key's earlier link ends. Raises `ConflictError` if the number is taken."""

    def current(self, keys: Collection[SourceKey]) -> Mapping[SourceKey, LinkRow]:
        """The current link of each key that has one."""

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[LinkRow]:
        """The current links of these parties, by source and key."""

    def history(self, key: SourceKey) -> Sequence[LinkRow]:
        """All links of a key, oldest first."""

    def all_current(self) -> Iterator[LinkRow]:
        """Every current link, by source and key."""

    def put_not_a_match(self, row: NotAMatchRow) -> None:
        """Keeps a pair apart; one that is kept apart already is left as it is, one that was is kept apart anew."""

    def end_not_matches(self, cif_nos: Collection[CifNo], at: int) -> None:
        """Ends what keeps these parties apart from anybody."""

    def not_matches(self, cif_nos: Collection[CifNo]) -> Sequence[NotAMatchRow]:
        """The pairs kept apart that one of these parties is in."""


class ClaimStore(Protocol):
    """Full tags, each held by one party."""

    def drop_version(self, version: int, limit: int) -> int:
        """Deletes up to *limit* claims of an index version; returns how many."""

    def claim(self, rows: Collection[ClaimRow]) -> Mapping[tuple[str, bytes], CifNo]:
        """Claims what is free and returns who holds each tag now; never fails for a tag that is held."""

    def release(self, tags: Collection[tuple[str, bytes]], holder: CifNo) -> None:
        """Gives up those of *tags* that *holder* holds."""


class PolicyStore(Protocol):
    """Access policies: the one in force, and those that were or may be."""

    def active(self) -> PolicyRow | None:
        """The policy in force; None in a store that is being founded."""

    def get(self, digest: bytes) -> PolicyRow | None:
        """A policy by its digest."""

    def put(self, row: PolicyRow) -> None:
        """Keeps a policy, in place of what was known of it."""


class ErasureStore(Protocol):
    """What is deleted of a customer for good; the log and the number stay."""

    def records(self, places: Collection[tuple[str, str, int]]) -> None:
        """Deletes source records."""

    def links(self, keys: Collection[SourceKey]) -> None:
        """Deletes every link of these source keys, past ones too."""

    def parties(self, cif_nos: Collection[CifNo]) -> None:
        """Deletes golden groups in every version, portraits, facts, sheets and findings of data quality, tasks, and pairs kept apart, of these parties."""

    def approvals(self, ids: Collection[str]) -> None:
        """Deletes proposals; one that is not there is nothing."""

    def superseded(self, cif_nos: Collection[CifNo]) -> None:
        """Deletes the golden versions of these parties that have ended."""


class KeyWorkStore(Protocol):
    """What is on its way with keys: rotations, and keys that are to be destroyed."""

    def rotations(self) -> Sequence[RotationRow]:
        """All rotations, oldest first."""

    def put_rotation(self, row: RotationRow) -> None:
        """Keeps a rotation, in place of what was known of it."""

    def retire(self, notes: Collection[tuple[bytes, bytes]]) -> None:
        """
        Notes that data keys seal nothing any more once this unit is committed: the id of each and a mark. A note with another
        mark stands beside it.
        """

    def retired(self) -> Collection[tuple[bytes, bytes]]:
        """The notes that were not forgotten."""

    def forget(self, notes: Collection[tuple[bytes, bytes]]) -> None:
        """Forgets these notes, of keys that are destroyed."""

    def store(self) -> StoreRow:
        """What the store says of itself, in this unit; a later unit may find it restated."""

    def lock(self) -> None:
        """Waits for every unit that did so and has not ended: for what only one may do at a time in the whole store."""

    def restate(self, row: StoreRow) -> None:
        """Replaces what the store says of itself."""


class UnitOfWork(Protocol):
    """
    One transaction.

    What is added is refused with `ConflictError`, if a row of its key is there, at the latest when something is read or the unit is
    committed; nothing of the unit is then kept.
    """

    @property
    def parties(self) -> PartyStore: ...
    @property
    def copies(self) -> CopyStore: ...
    @property
    def sources(self) -> SourceStore: ...
    @property
    def crosswalk(self) -> CrosswalkStore: ...
    @property
    def claims(self) -> ClaimStore: ...
    @property
    def indexes(self) -> IndexStore: ...
    @property
    def work(self) -> WorkStore: ...
    @property
    def reviews(self) -> ReviewStore: ...
    @property
    def staging(self) -> StagingStore: ...
    @property
    def audit(self) -> AuditStore: ...
    @property
    def trail(self) -> TrailStore: ...
    @property
    def outbox(self) -> OutboxStore: ...
    @property
    def feeds(self) -> FeedStore: ...
    @property
    def keys(self) -> KeyWorkStore: ...
    @property
    def erasure(self) -> ErasureStore: ...
    @property
    def policies(self) -> PolicyStore: ...
    @property
    def portraits(self) -> PortraitStore: ...
    @property
    def catalogues(self) -> CatalogueStore: ...
    @property
    def models(self) -> ModelStore: ...
    @property
    def sheets(self) -> SheetStore: ...
    @property
    def findings(self) -> FindingStore: ...
    @property
    def figures(self) -> FigureStore: ...
    @property
    def credentials(self) -> CredentialStore: ...
    @property
    def search(self) -> SearchStore: ...
    @property
    def usage(self) -> UsageStore: ...
    @property
    def reasons(self) -> ReasonStore: ...

    def commit(self) -> None:
        """Makes everything durable; without it, leaving the unit undoes everything."""


class Repository(Protocol):
    """A store of one tenant."""

    def unit_of_work(self) -> AbstractContextManager[UnitOfWork]:
        """A unit of work; undone when left without `UnitOfWork.commit`."""

    def snapshot(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that reads the store as it stood at one moment, whatever others commit meanwhile; it writes nothing."""

    def identity(self) -> StoreRow | None:
        """What the store says of itself; None for an empty one."""

    def found(self, row: StoreRow) -> StoreRow:
        """Makes an empty store ours, once; returns what it says of itself, which may be another's word."""

    def look_again(self) -> None:
        """
        Lets the database look at its tables anew, if they have grown much since it did: for who has just written much and goes on.
        Never raises.
        """

    def close(self) -> None:
        """Lets go of the database."""
