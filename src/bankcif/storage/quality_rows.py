"""Rows of data quality: what came out of the rules for each customer, what is to be put right, and figures of a day."""

from __future__ import annotations

import attrs

from ..party import CifNo

__all__ = ["FigureRow", "FindingRow", "SheetRow"]


@attrs.frozen
class SheetRow:
    """
    What came out of the rules for a customer, when they were asked last.

    Attributes:
        cif_no: Whose.
        book: SHA-256 of the rule book.
        party_version: The party's version of which they were asked.
        due: Keyed tag of the day on which something else can come out by time alone; None if there is none.
        detail: JSON without values: outcomes, who brought the value that each rule is about, and what was counted over the file.
    """

    cif_no: CifNo
    book: bytes
    party_version: int
    due: bytes | None
    detail: bytes


@attrs.frozen
class FindingRow:
    """
    Something that is to be put right.

    Attributes:
        cif_no, rule, number: Of which customer, by which rule, and how often that was found before.
        state: Where it stands; see `bankcif.quality.State`.
        opened_at, closed_at: When it was found, and when it was no more.
        until: The last day, as its ordinal, for which it is accepted.
        branch, manager: Who was responsible for the customer when it was found.
        channel, staff: By what channel and by whom the value came.
        ground: Keyed digest of what it was found in.
        assignee: Who works on it, by operator id.
        actor, said: Who said something of it last, empty if nobody did, and at which version, under which their words are kept.
        appeal, appealed_by: Whether it is to count in scorecards, where somebody asked, and who.
        version: Counts its changes, from 1.
    """

    cif_no: CifNo
    rule: str
    number: int
    state: str
    opened_at: int
    ground: bytes
    closed_at: int | None = None
    until: int | None = None
    branch: str | None = None
    manager: str | None = None
    channel: str | None = None
    staff: str | None = None
    assignee: str | None = None
    actor: str = ""
    said: int = 0
    appeal: str = ""
    appealed_by: str = ""
    version: int = 1


@attrs.frozen
class FigureRow:
    """
    How often a rule was met by the customers of a unit on a day.

    Attributes:
        day: Its ordinal.
        scope, unit: What kind of unit, and which.
        rule: Of the book.
        passed, failed, not_applicable, not_checked: Counts of customers.
        book: SHA-256 of the rule book.
    """

    day: int
    scope: str
    unit: str
    rule: str
    passed: int
    failed: int
    not_applicable: int
    not_checked: int
    book: bytes
