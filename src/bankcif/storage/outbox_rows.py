"""Rows of what other systems are told, and of how far each feed is."""

from __future__ import annotations

import attrs

from ..party import CifNo

__all__ = ["PARTY", "FeedDayRow", "FeedRow", "OutboxRow"]

PARTY = "party"
"""Told of a party itself: it is new, merged or taken apart, restricted, lifted or erased."""


@attrs.frozen
class OutboxRow:
    """
    A change told to other systems: which party, which version, which fields; never a value.

    Attributes:
        fields: Names of what changed, with commas between: of the catalogue, `PARTY`, ``portrait`` or ``review_state``. Empty where
            records came or went and no value changed.
    """

    cif_no: CifNo
    version: int
    fields: str
    at: int


@attrs.frozen
class FeedRow:
    """
    How far a feed is. A row is never deleted, so that no turn comes twice.

    Attributes:
        turn: How often it was taken, acknowledged or begun; two who do so at once find out by it.
        place: Up to where its consumer has what changed; see `bankcif.flows._place`. Empty of a feed that is not declared any more.
        part, went: Where it is once what was taken last is acknowledged, and how many customers that are; empty and 0 if nothing is open.
        holder, until: Who delivers it, and how long nobody else takes it.
        moved_at: When it was acknowledged last, or begun.
    """

    name: str
    turn: int
    place: str
    moved_at: int
    part: str = ""
    went: int = 0
    holder: bytes = b""
    until: int = 0


@attrs.frozen
class FeedDayRow:
    """
    That the calendar turns what a feed may say of a customer.

    Attributes:
        day: A keyed tag of the day on which it does.
    """

    feed: str
    day: bytes
    cif_no: CifNo
