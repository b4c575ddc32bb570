"""The small stores of work in memory: tasks, staging, keys, erasure, policies."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from ..approval import Approval
from ..errors import ConflictError
from ..party import CifNo, SourceKey
from ._memory_tables import Store
from .rows import (
    PolicyRow,
    ReviewRow,
    RotationRow,
    StagedRow,
    StoreRow,
    TaskRow,
)

__all__ = ["Erasure", "Keys", "Policies", "Reviews", "Staging", "Work"]


class Work(Store):
    def add_tasks(self, rows: Collection[TaskRow]) -> None:
        for row in rows:
            if row.id not in self._data.tasks.rows:
                self._data.tasks.add(row.id, row)

    def tasks(
        self, *, state: str | None = None, cif_nos: Collection[CifNo] | None = None, ids: Collection[str] | None = None,
        most: int | None = None,
    ) -> Sequence[TaskRow]:  # fmt: skip
        tasks = self._data.tasks
        rows = tasks.rows if cif_nos is None else tasks.groups(cif_nos)
        found = [row for row in rows.values() if state in (None, row.state) and (ids is None or row.id in ids)]
        return sorted(found, key=lambda row: (-row.weight_millibits, row.id))[:most]

    def change_task(self, row: TaskRow) -> None:
        before = self._data.tasks.rows.get(row.id)
        if before is None or before.version != row.version - 1:
            raise ConflictError("somebody else changed this task first", rule="task_state")
        self._data.tasks.put(row.id, row)

    def add_approvals(self, approvals: Collection[Approval]) -> None:
        for approval in approvals:
            if approval.id not in self._data.approvals.rows:
                self._data.approvals.put(approval.id, approval)

    def settle_approval(self, before: Approval, after: Approval) -> None:
        stands = self._data.approvals.rows.get(before.id)
        if stands is None or (stands.state, stands.checks) != (before.state, before.checks):
            raise ConflictError("somebody else decided this proposal first", rule="approval_state")
        self._data.approvals.put(
            before.id, attrs.evolve(stands, state=after.state, checks=after.checks, mark=after.mark)
        )

    def approvals(
        self, *, states: Collection[str] | None = None, ids: Collection[str] | None = None, cif_no: CifNo | None = None,
        maker: tuple[str, str] | None = None,
    ) -> Sequence[Approval]:  # fmt: skip
        known = self._data.approvals
        rows = known.rows if cif_no is None else known.group(cif_no)
        among = rows.values() if ids is None else [rows[one] for one in set(ids) if one in rows]
        found = [
            one
            for one in among
            if (states is None or one.state in states) and maker in (None, (one.maker, one.operation.value))
        ]
        return sorted(found, key=lambda approval: (approval.expires_at, approval.id))

    def approvals_page(self, after: str, limit: int) -> Sequence[Approval]:
        return self._data.approvals.page(after, limit)


class Reviews(Store):
    def add(self, row: ReviewRow) -> None:
        self._data.reviews.add((row.task_id, row.number), row)

    def of(self, task_ids: Collection[str]) -> Sequence[ReviewRow]:
        return [row for _, row in sorted(self._data.reviews.groups(task_ids).items())]

    def page(self, after: tuple[str, int], limit: int) -> Sequence[ReviewRow]:
        return self._data.reviews.page(after, limit)


class Staging(Store):
    def add(self, rows: Collection[StagedRow]) -> None:
        for row in rows:
            if (row.batch, row.line) not in self._data.staged.rows:
                self._data.staged.add((row.batch, row.line), row)

    def lines(self, batch: bytes, lines: Collection[int]) -> Collection[int]:
        return {line for line in lines if (batch, line) in self._data.staged.rows}

    def page(self, after: tuple[bytes, int], limit: int) -> Sequence[StagedRow]:
        return self._data.staged.page(after, limit)

    def change(self, row: StagedRow) -> None:
        before = self._data.staged.rows.get((row.batch, row.line))
        if before is None or before.state != "held":
            raise ConflictError("the row is not held any more", rule="staged_state")
        self._data.staged.put((row.batch, row.line), row)

    def drop(self, rows: Collection[StagedRow]) -> None:
        for row in rows:
            self._data.staged.drop((row.batch, row.line))

    def rows(self, place: tuple[bytes, int] | None = None) -> Sequence[StagedRow]:
        return [row for at, row in sorted(self._data.staged.rows.items()) if place in (None, at)]


class Keys(Store):
    def rotations(self) -> Sequence[RotationRow]:
        return sorted(self._data.rotations.rows.values(), key=lambda row: (row.started_at, row.id))

    def put_rotation(self, row: RotationRow) -> None:
        self._data.rotations.put(row.id, row)

    def retire(self, notes: Collection[tuple[bytes, bytes]]) -> None:
        for note in notes:
            self._data.retired.put(note, None)

    def retired(self) -> Collection[tuple[bytes, bytes]]:
        return list(self._data.retired.rows)

    def forget(self, notes: Collection[tuple[bytes, bytes]]) -> None:
        for note in notes:
            self._data.retired.drop(note)

    def store(self) -> StoreRow:
        return self._data.store.rows[""]

    def lock(self) -> None:
        """Units take turns."""

    def restate(self, row: StoreRow) -> None:
        self._data.store.put("", row)


class Erasure(Store):
    def records(self, places: Collection[tuple[str, str, int]]) -> None:
        for place in places:
            self._data.sources.drop(place)

    def links(self, keys: Collection[SourceKey]) -> None:
        for key in self._data.links.groups(keys):
            self._data.links.drop(key)

    def parties(self, cif_nos: Collection[CifNo]) -> None:
        wanted = set(cif_nos)
        for cif_no in wanted:
            self._data.facts.drop(cif_no)
            self._data.portraits.drop(cif_no)
            self._data.sheets.drop(cif_no)
        for group in self._data.golden.groups(wanted):
            self._data.golden.drop(group)
        for finding in self._data.findings.groups(wanted):
            self._data.findings.drop(finding)
        for task in self._data.tasks.groups(wanted):
            self._data.tasks.drop(task)
            for place in list(self._data.reviews.group(task)):
                self._data.reviews.drop(place)
        for pair in self._data.not_matches.groups(wanted):
            self._data.not_matches.drop(pair)

    def approvals(self, ids: Collection[str]) -> None:
        for one in ids:
            self._data.approvals.drop(one)

    def superseded(self, cif_nos: Collection[CifNo]) -> None:
        for key, row in self._data.golden.groups(cif_nos).items():
            if row.superseded_at is not None:
                self._data.golden.drop(key)


class Policies(Store):
    def active(self) -> PolicyRow | None:
        rows = self._data.policies.rows.values()
        return next((row for row in rows if row.since is not None and row.until is None), None)

    def get(self, digest: bytes) -> PolicyRow | None:
        return self._data.policies.rows.get(digest)

    def put(self, row: PolicyRow) -> None:
        self._data.policies.put(row.digest, row)
