"""What a store keeps of the persons who work with it: what they are recognized by, how much they used, and their words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ..party import CifNo
from .rows import ChallengeRow, CredentialRow, ReasonRow

__all__ = ["CredentialStore", "ReasonStore", "UsageStore"]


class CredentialStore(Protocol):
    """Factors of operators, and what passkeys were asked."""

    def of(self, operator: str) -> Sequence[CredentialRow]:
        """The factors of an operator, by kind and id."""

    def page(self, after: tuple[str, str, str], limit: int) -> Sequence[CredentialRow]:
        """Up to *limit* factors of whomever behind *after* (operator, kind, id), in that order."""

    def at(self, id: str) -> CredentialRow | None:  # noqa: A002 (the row's own word)
        """The factor with this id."""

    def add(self, row: CredentialRow) -> None:
        """A new factor. Raises `ConflictError` if there is one of this operator, kind and id."""

    def change(self, row: CredentialRow) -> None:
        """Replaces a factor, which must stand at the version before. Raises `ConflictError` otherwise."""

    def drop(self, row: CredentialRow) -> None:
        """Deletes a factor; one that is not there is nothing."""

    def ask(self, row: ChallengeRow, now: int) -> None:
        """Keeps a challenge; those that were over before *now* go."""

    def answered(self, id: bytes) -> ChallengeRow | None:  # noqa: A002 (the row's own word)
        """Takes a challenge out: once, however many answer it at a time."""


class UsageStore(Protocol):
    """How much of something each operator has used."""

    def add(self, actor: str, action: str, window: int, count: int) -> int:
        """Adds *count* to what *actor* used of *action* in *window*, and gives the sum; earlier windows may be forgotten."""


class ReasonStore(Protocol):
    """Why persons did and proposed what they did, in their words."""

    def put(self, row: ReasonRow) -> None:
        """Keeps words, in place of what was kept of this."""

    def get(self, abouts: Collection[str]) -> Mapping[str, ReasonRow]:
        """The words that there are, by what they are about."""

    def of(self, cif_nos: Collection[CifNo]) -> Sequence[ReasonRow]:
        """The words that go with these customers, by what they are about."""

    def page(self, after: str, limit: int) -> Sequence[ReasonRow]:
        """Up to *limit* words about what comes behind *after*, by what they are about."""

    def drop(self, rows: Collection[ReasonRow]) -> None:
        """Deletes words; what is not there is nothing."""
