"""What a store must be able to do for what waits for persons: tasks, proposals, what they said, and rows held at intake."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from ..approval import Approval
from ..party import CifNo
from .rows import ReviewRow, StagedRow, TaskRow

__all__ = ["ReviewStore", "StagingStore", "WorkStore"]


class WorkStore(Protocol):
    """Tasks and approvals."""

    def add_tasks(self, rows: Collection[TaskRow]) -> None:
        """New tasks; one whose id exists is left as it is."""

    def tasks(
        self, *, state: str | None = None, cif_nos: Collection[CifNo] | None = None, ids: Collection[str] | None = None,
        most: int | None = None,
    ) -> Sequence[TaskRow]:  # fmt: skip
        """Tasks by state, and by id or the parties they concern, heaviest first; *most* at most."""

    def change_task(self, row: TaskRow) -> None:
        """Keeps the task as *row* has it. Raises `ConflictError` unless it stood at the version before."""

    def add_approvals(self, approvals: Collection[Approval]) -> None:
        """New proposals; one whose id exists is left as it is."""

    def settle_approval(self, before: Approval, after: Approval) -> None:
        """Keeps state and checks of *after*. Raises `ConflictError` unless it stands as *before*."""

    def approvals(
        self, *, states: Collection[str] | None = None, ids: Collection[str] | None = None, cif_no: CifNo | None = None,
        maker: tuple[str, str] | None = None,
    ) -> Sequence[Approval]:  # fmt: skip
        """Proposals by state, id, subject, and by the operator who made them together with the operation; oldest first."""

    def approvals_page(self, after: str, limit: int) -> Sequence[Approval]:
        """Up to *limit* proposals whose ids come behind *after*, by id."""


class ReviewStore(Protocol):
    """What persons said of possible matches."""

    def add(self, row: ReviewRow) -> None:
        """Keeps one. Raises `ConflictError` if the task has one of this number."""

    def of(self, task_ids: Collection[str]) -> Sequence[ReviewRow]:
        """Those of these tasks, by task and number."""

    def page(self, after: tuple[str, int], limit: int) -> Sequence[ReviewRow]:
        """Up to *limit* behind *after* (task, number), in that order."""


class StagingStore(Protocol):
    """Rows held at intake."""

    def add(self, rows: Collection[StagedRow]) -> None:
        """Holds rows; one that is held already is left as it is."""

    def rows(self, place: tuple[bytes, int] | None = None) -> Sequence[StagedRow]:
        """All rows that were held, decided ones among them, by batch and line; or the one at *place* (batch, line)."""

    def lines(self, batch: bytes, lines: Collection[int]) -> Collection[int]:
        """Those of *lines* of a batch at which there is a row, held or decided."""

    def page(self, after: tuple[bytes, int], limit: int) -> Sequence[StagedRow]:
        """Up to *limit* rows behind *after* (batch, line), in that order."""

    def change(self, row: StagedRow) -> None:
        """Keeps key, sealed bytes and state as *row* has them. Raises `ConflictError` unless it was held."""

    def drop(self, rows: Collection[StagedRow]) -> None:
        """Deletes rows; one that is not there is nothing."""
