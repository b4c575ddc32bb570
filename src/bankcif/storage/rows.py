"""
Rows: what crosses the storage Protocols. Sealed bytes, keyed tags and plain facts; never a customer's value in clear.

Instants are microseconds since 1970, UTC. A store makes rows from its columns by their order, many at once; whoever else makes one names what
it is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import attrs

from ..party import CifNo, SourceKey
from .operator_rows import ChallengeRow, CredentialRow
from .outbox_rows import FeedDayRow, FeedRow, OutboxRow
from .task_rows import ReviewRow, TaskRow

__all__ = [
    "ChallengeRow",
    "ClaimRow",
    "CredentialRow",
    "FactRow",
    "FeedDayRow",
    "FeedRow",
    "GoldenRow",
    "IndexRow",
    "LinkRow",
    "Mark",
    "NotAMatchRow",
    "OutboxRow",
    "PartyRow",
    "PolicyRow",
    "ReasonRow",
    "ReviewRow",
    "RotationRow",
    "SourceRow",
    "StagedRow",
    "StoreRow",
    "TaskRow",
]


@attrs.frozen
class StoreRow:
    """
    What a store says of itself: which keys and which index plan it was written with.

    Attributes:
        store_id: Random; the key store carries the same.
        format: Version of the stored form.
        suite: Number of the cipher suite.
        expected_customers, index_bits: The index plan; the bits of each index's tags as JSON.
        index_version: Version of the tags that are searched.
        index_next: Version that is written too while it is being filled, 0 if none is.
        digest_version: Version of the root key under which contents are digested; the first, for good.
        kek_id, key_check: A key-encryption key's id and a constant wrapped under it.
        index_check: A constant's tag under the index root key.
    """

    store_id: str
    format: int
    suite: int
    expected_customers: int
    index_version: int
    index_next: int
    digest_version: int
    index_bits: bytes
    kek_id: str
    key_check: bytes
    index_check: bytes
    created_at: int


class PartyRow(NamedTuple):
    """
    A party; a tuple, since lists and pages are made of many.

    Attributes:
        roles: Comma-separated roles at the bank.
        merged_into: The survivor, while the party is retired.
        anchor_source, anchor_source_key, anchor_record_no: The record that founded the party.
        anchor_key_id: That record's data key, which seals the party's golden groups.
        version: Counts changes of the golden record.
        digest: Over this row and the golden record; also stands in the audit log.
    """

    cif_no: CifNo
    kind: str
    life_cycle: str
    review_state: str
    roles: str
    branch: str | None
    manager: str | None
    merged_into: CifNo | None
    anchor_source: str
    anchor_source_key: str
    anchor_record_no: int
    anchor_key_id: bytes
    version: int
    digest: bytes
    created_at: int
    updated_at: int

    @property
    def anchor(self) -> tuple[str, str, int]:
        """Place of the record that founded the party."""
        return self.anchor_source, self.anchor_source_key, self.anchor_record_no

    @property
    def stamp(self) -> str:
        """Version and digest, as the log keeps them."""
        return f"{self.version}:{self.digest.hex()}"


@attrs.frozen
class SourceRow:
    """
    A source record.

    Attributes:
        record_no: Number under its source key, from 0.
        business_time: The source's own time, if it sends one.
        actor, person: Operator who delivered it, and the person behind; they do not approve what it proposes.
        key_id: Its data key.
        content_tag: Keyed digest of its content, to recognize the same delivery.
        delivery_tag: Keyed digest of file and line it came from; None if it did not come from a file.
        restricted_at, restricted_reason: Set when it is left out of golden records.
    """

    source: str
    source_key: str
    record_no: int
    channel: str
    received_at: int
    business_time: int | None
    actor: str
    person: str
    key_id: bytes
    sealed: bytes = attrs.field(repr=False)
    content_tag: bytes
    delivery_tag: bytes | None = None
    restricted_at: int | None = None
    restricted_reason: str | None = None

    @property
    def place(self) -> tuple[str, str, int]:
        """Source, source key and record number."""
        return (self.source, self.source_key, self.record_no)

    @property
    def origin(self) -> SourceKey:
        """Source and source key."""
        return SourceKey(self.source, self.source_key)


@attrs.frozen
class Mark:
    """What tells whether a delivery came before: the tags of one earlier record."""

    source_key: str
    record_no: int
    content_tag: bytes
    delivery_tag: bytes | None


@attrs.frozen
class LinkRow:
    """
    A link of the crosswalk: where a source key belongs, from one instant to another, and why.

    Attributes:
        number: Counts the links of one source key, from 0.
        home: The party the key was linked to by evidence; merges do not change it.
        cif_no: The party it belongs to: the root above its home.
        reason: ``new``, ``source_key``, ``identifier+name``, ``merge``, ``unmerge`` …
        weight_millibits: Weight of the match that linked it, if one did.
        until: When the next link of the key took over; None for the current one.
    """

    source: str
    source_key: str
    number: int
    home: CifNo
    cif_no: CifNo
    reason: str
    weight_millibits: int | None
    actor: str
    since: int
    until: int | None = None

    @property
    def origin(self) -> SourceKey:
        """Source and source key."""
        return SourceKey(self.source, self.source_key)


@attrs.frozen
class NotAMatchRow:
    """
    A person's word that two parties are two; the smaller cif_no first.

    Attributes:
        until: When it ended, since what it was said of has changed; None while it stands.
    """

    low: CifNo
    high: CifNo
    actor: str
    at: int
    until: int | None = None


class GoldenRow(NamedTuple):
    """One data group of a golden record, in one version; a copy that can be rebuilt. A tuple, since whoever looks at many customers reads some of each."""

    cif_no: CifNo
    data_group: str
    version: int
    recorded_at: int
    key_id: bytes
    sealed: bytes
    superseded_at: int | None = None

    def __repr__(self) -> str:
        return f"GoldenRow(cif_no={self.cif_no!r}, data_group={self.data_group!r}, version={self.version})"


@attrs.frozen
class FactRow:
    """Plain, typed facts of a party, by column: only what the catalogue lets rest in plain."""

    cif_no: CifNo
    values: Mapping[str, Any]


@attrs.frozen
class ClaimRow:
    """A full tag that one party holds, so that two writers meet."""

    index_name: str
    index_version: int
    tag: bytes
    cif_no: CifNo


IndexKey = tuple[bytes, str, str, int, str, int]
"""Tag, source, source key, record number, index and its version: what no two tags' rows share."""


class IndexRow(NamedTuple):
    """
    A tag under which a source record is found; a tuple, since a search for a name reads thousands.

    Attributes:
        index_name, index_version: Of which index, under which version of its root key.
        tag: The tag.
        source, source_key, record_no: The record.
        cif_no: Whose record it is.
        check: By which who really has the value is told from who only shares its tag; see `protection.Tagger.checks`.
    """

    index_name: str
    index_version: int
    tag: bytes
    source: str
    source_key: str
    record_no: int
    cif_no: CifNo
    check: bytes

    @property
    def place(self) -> tuple[str, str, int]:
        """Source, source key and record number of the record."""
        return (self.source, self.source_key, self.record_no)

    @property
    def key(self) -> IndexKey:
        """What no two rows share."""
        return (self.tag, self.source, self.source_key, self.record_no, self.index_name, self.index_version)


@attrs.frozen
class ReasonRow:
    """
    Why a person did or proposed something, in their words.

    Attributes:
        about: What, such as ``approval:…``.
        cif_no: The customer with whom the words go; empty if they go with none.
        key_id, sealed: The words, sealed under a data key of their own.
    """

    about: str
    cif_no: CifNo
    key_id: bytes
    sealed: bytes = attrs.field(repr=False)


@attrs.frozen
class StagedRow:
    """
    A row held at intake, sealed under a key of its own.

    Attributes:
        batch: Keyed digest of the file, or of the batch's own key.
        faults: JSON list of [path, rule, severity]; no values.
        expires_at: After it the row is to be deleted.
        state: ``held``, ``released`` or ``refused``; of a decided row nothing is sealed any more, and its key is destroyed.
    """

    batch: bytes
    line: int
    channel: str
    key_id: bytes
    sealed: bytes = attrs.field(repr=False)
    faults: bytes
    actor: str
    staged_at: int
    expires_at: int
    state: str = "held"

    @property
    def place(self) -> tuple[bytes, int]:
        """Where it stands among all rows: batch, line."""
        return self.batch, self.line


@attrs.frozen
class PolicyRow:
    """
    An access policy that was proposed.

    Attributes:
        digest: SHA-256 of the document.
        version: As its author named it.
        document: Canonical JSON.
        since: When it came into force; None for one that did not.
        until: When another took over.
        mark: Keyed digest of all of these, so that nobody without the keys puts a policy into force.
    """

    digest: bytes
    version: str
    document: bytes
    mark: bytes = b""
    since: int | None = None
    until: int | None = None


@attrs.frozen
class RotationRow:
    """
    A rotation of keys on its way.

    Attributes:
        id: Of the approval that began it.
        what: ``wrapping``, ``data`` or ``index``.
        started_at: When it was approved; data keys made before it are replaced.
        cursor: Where it goes on; of ``data`` the table and the place in it.
        done: How many keys it has replaced.
        in_pass: How many of these in the present pass; a pass that replaces none is the last.
        passes: How many passes have ended.
        finished_at: None while it is on its way.
    """

    id: str
    what: str
    started_at: int
    cursor: str = ""
    done: int = 0
    in_pass: int = 0
    passes: int = 0
    finished_at: int | None = None
