"""Rows of models that say something of customers: those that were proposed, are in force, or were."""

from __future__ import annotations

import attrs

__all__ = ["ModelRow"]


@attrs.frozen
class ModelRow:
    """
    A model that was proposed.

    Attributes:
        id: Of the proposal.
        name: Of the model; of one name one is in force.
        version: As its author named it.
        digest: SHA-256 of the document.
        document: Canonical JSON: the model and its card.
        mark: Keyed digest of all of these, so that nobody without the keys puts a model into force.
        since: When it came into force; None for one that did not.
        until: When another took over, or it was retired.
    """

    id: str
    name: str
    version: str
    digest: bytes
    document: bytes
    mark: bytes = b""
    since: int | None = None
    until: int | None = None
