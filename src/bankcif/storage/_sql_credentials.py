"""Factors of operators, and how much they used, on an SQL database."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ConflictError
from ._mapped import UsageRow
from ._sql_session import Store
from ._statements import CHALLENGE, CREDENTIAL, USAGE
from .rows import ChallengeRow, CredentialRow

__all__ = ["Credentials", "Usage"]


class Credentials(Store):
    def of(self, operator: str) -> Sequence[CredentialRow]:
        return [CREDENTIAL.row(values) for values in self._s.select("credentials", operator=operator)]

    def page(self, after: tuple[str, str, str], limit: int) -> Sequence[CredentialRow]:
        operator, kind, id_ = after
        found = self._s.select("credentials_page", operator=operator, kind=kind, id=id_, most=limit)
        return [CREDENTIAL.row(values) for values in found]

    def at(self, id: str) -> CredentialRow | None:  # noqa: A002 (the row's own word)
        found = self._s.select("credential_at", id=id)
        return CREDENTIAL.row(found[0]) if found else None

    def add(self, row: CredentialRow) -> None:
        self._s.add(CREDENTIAL, [row])

    def change(self, row: CredentialRow) -> None:
        params = CREDENTIAL.params(self._s.tenant, row)
        del params["tenant"]
        if self._s.change("credential_change", [{**params, **self._where(row), "b_version": row.version - 1}]) != 1:
            raise ConflictError("another attempt used this factor first", rule="version")

    def drop(self, row: CredentialRow) -> None:
        self._s.change("credential_drop", [self._where(row)])

    def ask(self, row: ChallengeRow, now: int) -> None:
        self._s.change("challenges_over", [{"b_tenant": self._s.tenant, "b_now": now}])
        self._s.add(CHALLENGE, [row])

    def answered(self, id: bytes) -> ChallengeRow | None:  # noqa: A002 (the row's own word)
        found = self._s.select("challenge", id=id)
        taken = self._s.change("challenge_drop", [{"b_tenant": self._s.tenant, "b_id": id}])
        return CHALLENGE.row(found[0]) if found and taken == 1 else None

    def _where(self, row: CredentialRow) -> dict[str, str]:
        return {"b_tenant": self._s.tenant, "b_operator": row.operator, "b_kind": row.kind, "b_id": row.id}


class Usage(Store):
    def add(self, actor: str, action: str, window: int, count: int) -> int:
        where = {"b_tenant": self._s.tenant, "b_actor": actor, "b_action": action, "b_window": window}
        more = [{**where, "more": count}]
        if self._s.change("usage_add", more) != 1:
            self._s.change("usage_forget", [where])
            self._s.add_new(USAGE, [UsageRow(actor, action, window, 0)])  # another process may be first
            self._s.change("usage_add", more)
        found = self._s.select("usage", actor=actor, action=action, window=window)
        return int(found[0][0])
