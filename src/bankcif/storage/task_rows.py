"""Rows of what waits for persons, and of what they said."""

from __future__ import annotations

import attrs

from ..party import CifNo

__all__ = ["ReviewRow", "TaskRow"]


@attrs.frozen
class TaskRow:
    """
    Work that waits for a person.

    Attributes:
        task: ``possible_match``.
        cif_no, other: The parties concerned; the newer one first.
        detail: JSON without values: the match's explanation.
        state: ``open``, or how it was closed: ``merged``, ``not_a_match``.
        reason: What the words of whoever closed it are kept under.
        version: Counts its changes, from 1.
        assignee, assigned_at: Who works on it, by operator id, and since when.
        reviews: How many persons have said something of it.
    """

    id: str
    task: str
    cif_no: CifNo
    other: CifNo
    weight_millibits: int
    detail: bytes
    state: str
    opened_at: int
    closed_at: int | None = None
    actor: str | None = None
    reason: str | None = None
    version: int = 1
    assignee: str | None = None
    assigned_at: int | None = None
    reviews: int = 0


@attrs.frozen
class ReviewRow:
    """
    What one person said of a possible match.

    Attributes:
        task_id, number: The task, and which of its reviews it is, from 1.
        actor, person: Who, by operator id and as a person.
        verdict: ``same``, ``different`` or ``unsure``.
        at: When.
    """

    task_id: str
    number: int
    actor: str
    person: str
    verdict: str
    at: int
