"""Rows of portraits, which are golden groups of their own, and of the catalogues that they are made by."""

from __future__ import annotations

import attrs

from ..party import CifNo, LifeCycle

__all__ = ["IDLE", "PORTRAIT", "CatalogueRow", "PortraitRow"]

PORTRAIT = "portrait"
"""The golden group that says which tags a customer has; none of the field catalogue's data groups is called so."""

IDLE = (LifeCycle.MERGED, LifeCycle.ERASED, LifeCycle.RESTRICTED)
"""Who has no portrait, or whose is left as it is."""


@attrs.frozen
class PortraitRow:
    """
    What is known of a portrait without opening it.

    Attributes:
        cif_no: Whose.
        version: Of the golden group; 0 if there was none yet.
        catalogue: SHA-256 of the catalogue by which it was made last.
        party_version: The party's version of which it was made last.
        due: Keyed tag of the day on which a rule can turn by time alone; None if none does, or the customer is retired.
    """

    cif_no: CifNo
    version: int
    catalogue: bytes
    party_version: int
    due: bytes | None


@attrs.frozen
class CatalogueRow:
    """
    A tag catalogue that was proposed.

    Attributes:
        id: Of the proposal; the same catalogue may come into force again.
        digest: SHA-256 of the document.
        version: As its author named it.
        document: Canonical JSON.
        since: When it came into force; None for one that did not.
        until: When another took over.
        mark: Keyed digest of all of these, so that nobody without the keys puts a catalogue into force.
    """

    id: str
    digest: bytes
    version: str
    document: bytes
    mark: bytes = b""
    since: int | None = None
    until: int | None = None
