"""Factors of operators, and how much they used, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ConflictError
from ._memory_tables import Store
from .rows import ChallengeRow, CredentialRow

__all__ = ["Credentials", "Usage"]


class Credentials(Store):
    def of(self, operator: str) -> Sequence[CredentialRow]:
        rows = self._data.credentials.rows.values()
        return sorted((row for row in rows if row.operator == operator), key=lambda row: row.place)

    def page(self, after: tuple[str, str, str], limit: int) -> Sequence[CredentialRow]:
        return self._data.credentials.page(after, limit)

    def at(self, id: str) -> CredentialRow | None:  # noqa: A002 (the row's own word)
        return next((row for row in self._data.credentials.rows.values() if row.id == id), None)

    def add(self, row: CredentialRow) -> None:
        self._data.credentials.add(row.place, row)

    def change(self, row: CredentialRow) -> None:
        before = self._data.credentials.rows.get(row.place)
        if before is None or before.version != row.version - 1:
            raise ConflictError("another attempt used this factor first", rule="version")
        self._data.credentials.put(row.place, row)

    def drop(self, row: CredentialRow) -> None:
        self._data.credentials.drop(row.place)

    def ask(self, row: ChallengeRow, now: int) -> None:
        for one in [one for one in self._data.challenges.rows.values() if one.expires_at < now]:
            self._data.challenges.drop(one.id)
        self._data.challenges.add(row.id, row)

    def answered(self, id: bytes) -> ChallengeRow | None:  # noqa: A002 (the row's own word)
        found = self._data.challenges.rows.get(id)
        self._data.challenges.drop(id)
        return found


class Usage(Store):
    def add(self, actor: str, action: str, window: int, count: int) -> int:
        for key in [key for key in self._data.usage.rows if key[:2] == (actor, action) and key[2] < window]:
            self._data.usage.drop(key)
        total = self._data.usage.rows.get((actor, action, window), 0) + count
        self._data.usage.put((actor, action, window), total)
        return total
