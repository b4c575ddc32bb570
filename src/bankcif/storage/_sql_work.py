"""The small stores of work on an SQL database: tasks, staging, keys, erasure, policies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs

from .._canonical import dumps, loads
from ..approval import Approval, ApprovalState, Check, Operation
from ..errors import ConflictError
from ..party import CifNo, SourceKey
from . import _tables as t
from ._mapped import RetiredRow
from ._sql_session import Store
from ._statements import (
    POLICY,
    RETIRED,
    REVIEW,
    ROTATION,
    STAGED,
    STORE,
    TASK,
)
from .rows import (
    PolicyRow,
    ReviewRow,
    RotationRow,
    StagedRow,
    StoreRow,
    TaskRow,
)

__all__ = ["Erasure", "Keys", "Policies", "Reviews", "Staging", "Work"]

_ALL = 1 << 31


class Work(Store):
    def add_tasks(self, rows: Collection[TaskRow]) -> None:
        self._s.add_new(TASK, rows)

    def tasks(
        self, *, state: str | None = None, cif_nos: Collection[CifNo] | None = None, ids: Collection[str] | None = None,
        most: int | None = None,
    ) -> Sequence[TaskRow]:  # fmt: skip
        if ids is not None:
            found = self._s.select_in("tasks_at", set(ids))
        elif cif_nos is not None:
            wanted = set(cif_nos)
            found = [*self._s.select_in("tasks_of", wanted), *self._s.select_in("tasks_with", wanted)]
        elif state is not None:
            found = self._s.select("tasks_in", state=state, most=_ALL if most is None else most)
        else:
            found = self._s.select("tasks")
        rows = {row.id: row for row in map(TASK.row, found) if state in (None, row.state)}
        return sorted(rows.values(), key=lambda row: (-row.weight_millibits, row.id))[:most]

    def change_task(self, row: TaskRow) -> None:
        params = TASK.params(self._s.tenant, row)
        del params["tenant"]
        where = {"b_tenant": self._s.tenant, "b_id": row.id, "b_version": row.version - 1}
        if self._s.change("task_change", [{**params, **where}]) != 1:
            raise ConflictError("somebody else changed this task first", rule="task_state")

    def add_approvals(self, approvals: Collection[Approval]) -> None:
        if not approvals:
            return
        known = {approval.id for approval in self.approvals(ids=[approval.id for approval in approvals])}
        new = [_approval_params(self._s.tenant, approval) for approval in approvals if approval.id not in known]
        if new:
            self._s.change("approval_add", new)

    def settle_approval(self, before: Approval, after: Approval) -> None:
        change = {
            "b_tenant": self._s.tenant, "b_id": before.id, "b_state": before.state.value,
            "b_checks": _checks(before), "state": after.state.value, "checks": _checks(after),
            "mark": after.mark,
        }  # fmt: skip
        if self._s.change("approval_update", [change]) != 1:
            raise ConflictError("somebody else decided this proposal first", rule="approval_state")

    def approvals(
        self, *, states: Collection[str] | None = None, ids: Collection[str] | None = None, cif_no: CifNo | None = None,
        maker: tuple[str, str] | None = None,
    ) -> Sequence[Approval]:  # fmt: skip
        if cif_no is not None:
            found = self._s.select("approvals_of", cif_no=cif_no)
        elif ids is not None:
            found = self._s.select_in("approvals_at", ids)
        elif maker is not None:
            found = self._s.select("approvals_by", maker=maker[0], operation=maker[1])
        elif states is not None:
            found = [row for state in set(states) for row in self._s.select("approvals_in", state=state)]
        else:
            found = self._s.select("approvals")
        approvals = sorted(_approvals(found), key=lambda one: (one.expires_at, one.id))
        wanted = None if ids is None else set(ids)
        return [
            one
            for one in approvals
            if (states is None or one.state.value in states)
            and (wanted is None or one.id in wanted)
            and maker in (None, (one.maker, one.operation.value))
        ]

    def approvals_page(self, after: str, limit: int) -> Sequence[Approval]:
        return _approvals(self._s.select("approvals_page", after=after, most=limit))


def _approvals(found: Iterable[Any]) -> list[Approval]:
    names = [column.name for column in t.APPROVAL.columns]
    return [_approval(dict(zip(names, values, strict=True))) for values in found]


def _approval_params(tenant: str, approval: Approval) -> dict[str, Any]:
    subject, other = (*approval.subjects, None, None)[:2]
    return {
        "tenant": tenant, "id": approval.id, "operation": approval.operation.value, "subject": subject,
        "other": other, "detail": dumps(dict(approval.detail)), "base": dumps(dict(approval.base)),
        "maker": approval.maker, "maker_person": approval.maker_person, "maker_behalf": approval.maker_behalf,
        "expires_at": approval.expires_at, "digest": approval.digest, "state": approval.state.value,
        "checks": _checks(approval), "mark": approval.mark,
    }  # fmt: skip


def _checks(approval: Approval) -> bytes:
    return dumps([attrs.asdict(one) for one in approval.checks])


def _approval(row: Mapping[Any, Any]) -> Approval:
    """The proposal of *row*; of one that somebody changed so that it cannot be read, one that has ended and is none of ours."""
    try:
        return _read(row)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Approval(
            id=row["id"], operation=Operation.CHANGE, subjects=(), detail={}, base={}, maker="", maker_person="",
            expires_at=0, digest=b"", state=ApprovalState.REJECTED, mark=b"",
        )  # fmt: skip


def _read(row: Mapping[Any, Any]) -> Approval:
    subjects = tuple(cif for cif in (row["subject"], row["other"]) if cif is not None)
    detail, base, checks = (loads(row[name]) for name in ("detail", "base", "checks"))
    texts = [
        row["id"], row["maker"], row["maker_person"], row["maker_behalf"], *subjects, *detail.values(), *base.values(),
        *detail, *base, *(one[name] for one in checks for name in ("actor", "person", "behalf")),
    ]  # fmt: skip
    for text in texts:
        str.encode(text)  # a TypeError of what is none, a ValueError of half a pair of surrogates
    numbers = [row["expires_at"], *(one["at"] for one in checks)]
    if not all(type(one) is int for one in numbers) or not all(isinstance(row[x], bytes) for x in ("digest", "mark")):
        raise TypeError("a number or a digest of a proposal is none")
    return Approval(
        id=row["id"], operation=Operation(row["operation"]), subjects=subjects, detail=detail, base=base,
        maker=row["maker"], maker_person=row["maker_person"], maker_behalf=row["maker_behalf"],
        expires_at=row["expires_at"], digest=row["digest"], state=ApprovalState(row["state"]),
        checks=tuple(Check(**one) for one in checks), mark=row["mark"],
    )  # fmt: skip


class Reviews(Store):
    def add(self, row: ReviewRow) -> None:
        self._s.add(REVIEW, [row])

    def of(self, task_ids: Collection[str]) -> Sequence[ReviewRow]:
        return [REVIEW.row(values) for values in self._s.select_in("reviews", sorted(set(task_ids)))]

    def page(self, after: tuple[str, int], limit: int) -> Sequence[ReviewRow]:
        found = self._s.select("reviews_page", task_id=after[0], number=after[1], most=limit)
        return [REVIEW.row(values) for values in found]


class Staging(Store):
    def add(self, rows: Collection[StagedRow]) -> None:
        self._s.add_new(STAGED, rows)

    def lines(self, batch: bytes, lines: Collection[int]) -> Collection[int]:
        return {line for (line,) in self._s.select_in("staged_lines", set(lines), batch=batch)}

    def page(self, after: tuple[bytes, int], limit: int) -> Sequence[StagedRow]:
        batch, line = after
        found = self._s.select("staged_page", batch=batch, line=line, most=limit)
        return [STAGED.row(values) for values in found]

    def change(self, row: StagedRow) -> None:
        where = {"b_tenant": self._s.tenant, "b_batch": row.batch, "b_line": row.line}
        values = {"state": row.state, "key_id": row.key_id, "sealed": row.sealed}
        if self._s.change("staged_change", [{**where, **values}]) != 1:
            raise ConflictError("the row is not held any more", rule="staged_state")

    def drop(self, rows: Collection[StagedRow]) -> None:
        if rows:
            tenant = self._s.tenant
            self._s.change("staged_drop", [{"b_tenant": tenant, "b_batch": r.batch, "b_line": r.line} for r in rows])

    def rows(self, place: tuple[bytes, int] | None = None) -> Sequence[StagedRow]:
        found = (
            self._s.select("staged") if place is None else self._s.select("staged_at", batch=place[0], line=place[1])
        )
        return [STAGED.row(values) for values in found]


class Keys(Store):
    def rotations(self) -> Sequence[RotationRow]:
        return [ROTATION.row(values) for values in self._s.select("rotations")]

    def put_rotation(self, row: RotationRow) -> None:
        self._s.change("rotation_drop", [{"b_tenant": self._s.tenant, "b_id": row.id}])
        self._s.add(ROTATION, [row])

    def retire(self, notes: Collection[tuple[bytes, bytes]]) -> None:
        self._s.add_new(RETIRED, [RetiredRow(key_id, mark) for key_id, mark in notes])

    def retired(self) -> Collection[tuple[bytes, bytes]]:
        return [(key_id, mark) for key_id, mark in self._s.select("retired")]

    def forget(self, notes: Collection[tuple[bytes, bytes]]) -> None:
        tenant = self._s.tenant
        self._s.change(
            "retired_forget", [{"b_tenant": tenant, "b_key_id": key_id, "b_mark": mark} for key_id, mark in notes]
        )

    def store(self) -> StoreRow:
        return STORE.row(self._s.select("store")[0])

    def lock(self) -> None:
        self._s.select("store_locked")

    def restate(self, row: StoreRow) -> None:
        params = STORE.params(self._s.tenant, row)
        del params["tenant"]
        self._s.change("store_restate", [{**params, "b_tenant": self._s.tenant}])


class Erasure(Store):
    def records(self, places: Collection[tuple[str, str, int]]) -> None:
        names = ("b_source", "b_source_key", "b_record_no")
        self._each("record_erase", [dict(zip(names, place, strict=True)) for place in places])

    def links(self, keys: Collection[SourceKey]) -> None:
        self._each("links_erase", [{"b_source": key.source, "b_source_key": key.key} for key in keys])

    def parties(self, cif_nos: Collection[CifNo]) -> None:
        mine = [{"b_cif_no": cif_no} for cif_no in cif_nos]
        wanted = set(cif_nos)
        tasks = {r[0] for name in ("tasks_of", "tasks_with") for r in self._s.select_in(name, wanted)}
        self._each("reviews_erase", [{"b_task_id": task} for task in sorted(tasks)])
        for name in (
            "golden_erase", "facts_drop", "portrait_erase", "sheet_erase", "findings_erase", "tasks_erase", "not_low_erase", "not_high_erase",
        ):  # fmt: skip
            self._each(name, mine)

    def approvals(self, ids: Collection[str]) -> None:
        self._each("approval_erase", [{"b_id": one} for one in ids])

    def superseded(self, cif_nos: Collection[CifNo]) -> None:
        self._each("golden_superseded_erase", [{"b_cif_no": cif_no} for cif_no in cif_nos])

    def _each(self, name: str, wheres: Sequence[Mapping[str, Any]]) -> None:
        self._s.change(name, [{"b_tenant": self._s.tenant, **where} for where in wheres])


class Policies(Store):
    def active(self) -> PolicyRow | None:
        found = self._s.select("policy_active")
        return POLICY.row(found[0]) if found else None

    def get(self, digest: bytes) -> PolicyRow | None:
        found = self._s.select("policy_at", digest=digest)
        return POLICY.row(found[0]) if found else None

    def put(self, row: PolicyRow) -> None:
        self._s.change("policy_drop", [{"b_tenant": self._s.tenant, "b_digest": row.digest}])
        self._s.add(POLICY, [row])
