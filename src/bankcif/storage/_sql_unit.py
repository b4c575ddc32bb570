"""One unit of work on an SQL database: its small stores, over one connection within one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import exc, insert
from sqlalchemy.engine import Connection

from .._canonical import dumps, loads
from ..approval import Approval, ApprovalState, Operation
from ..audit import AuditRow, Head
from ..errors import ConflictError
from ..party import FACT_COLUMNS, CifNo, SourceKey
from . import _tables as t
from ._sql_session import Session, translated
from ._statements import (
    AUDIT,
    CLAIM,
    FACT,
    GOLDEN,
    INDEX,
    LINK,
    NOT_A_MATCH,
    OUTBOX,
    PARTY,
    QUERIES,
    SOURCE,
    STAGED,
    SUBJECT,
    TASK,
    SubjectRow,
)
from .rows import (
    ClaimRow,
    FactRow,
    GoldenRow,
    IndexRow,
    LinkRow,
    Mark,
    NotAMatchRow,
    OutboxRow,
    PartyRow,
    SourceRow,
    StagedRow,
    TaskRow,
)

__all__ = ["Unit"]

R = TypeVar("R")


class _Store:
    def __init__(self, session: Session) -> None:
        self._s = session


class _Parties(_Store):
    def add(self, rows: Collection[PartyRow]) -> None:
        self._s.add(PARTY, rows)

    def get(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, PartyRow]:
        found = map(PARTY.row, self._s.select_in("parties", set(cif_nos)))
        return {row.cif_no: row for row in found}

    def update(self, rows: Collection[PartyRow]) -> None:
        for row in rows:
            where = {"b_tenant": self._s.tenant, "b_cif_no": row.cif_no, "b_version": row.version - 1}
            params = PARTY.params(self._s.tenant, row)
            del params["tenant"]
            if self._s.change("party_update", [{**params, **where}]) != 1:
                raise ConflictError("the party was changed meanwhile", rule="version", cif_no=row.cif_no)


class _Copies(_Store):
    def put_golden(self, rows: Collection[GoldenRow]) -> None:
        # A group's first version has none before it to end.
        later = [row for row in rows if row.version > 1]
        self._s.change(
            "golden_end",
            [
                {"b_tenant": self._s.tenant, "b_cif_no": r.cif_no, "b_group": r.data_group, "at": r.recorded_at}
                for r in later
            ],
        )
        self._s.add(GOLDEN, rows)

    def golden(self, cif_nos: Collection[CifNo]) -> Sequence[GoldenRow]:
        return [GOLDEN.row(values) for values in self._s.select_in("golden", set(cif_nos))]

    def put_facts(self, rows: Collection[FactRow]) -> None:
        if rows:
            keys = [{"b_tenant": self._s.tenant, "b_cif_no": row.cif_no} for row in rows]
            self._s.change("facts_drop", keys)
            self._s.add(FACT, rows)

    def facts(self, cif_nos: Collection[CifNo]) -> Mapping[CifNo, FactRow]:
        return {
            values[0]: FactRow(cif_no=values[0], values=dict(zip(FACT_COLUMNS, values[1:], strict=True)))
            for values in self._s.select_in("facts", set(cif_nos))
        }


class _Sources(_Store):
    def add(self, rows: Collection[SourceRow]) -> None:
        self._s.add(SOURCE, rows)

    def marks(self, source: str, source_keys: Collection[str]) -> Sequence[Mark]:
        found = self._s.select_in("marks", sorted(set(source_keys)), source=source)
        return [Mark(source_key=r[0], record_no=r[1], content_tag=r[2], delivery_tag=r[3]) for r in found]

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[tuple[CifNo, SourceRow]]:
        found = [(values[0], SOURCE.row(values[1:])) for values in self._s.select_in("records", set(cif_nos))]
        return sorted(found, key=lambda pair: (pair[0], pair[1].place))

    def at(self, places: Collection[tuple[str, str, int]]) -> Sequence[SourceRow]:
        found = []
        for source, source_key, record_no in sorted(set(places)):
            found += self._s.select("record", source=source, source_key=source_key, record_no=record_no)
        return [SOURCE.row(values) for values in found]

    def count(self) -> int:
        return int(self._s.select("count")[0][0])


class _Crosswalk(_Store):
    def add(self, rows: Collection[LinkRow]) -> None:
        for row in rows:
            if row.number:
                where = {
                    "b_tenant": self._s.tenant, "b_source": row.source, "b_source_key": row.source_key,
                    "b_number": row.number - 1, "at": row.since,
                }  # fmt: skip
                if self._s.change("link_end", [where]) != 1:
                    raise ConflictError("the link was changed meanwhile", rule="conflict")
        self._s.add(LINK, rows)

    def current(self, keys: Collection[SourceKey]) -> Mapping[SourceKey, LinkRow]:
        found: dict[SourceKey, LinkRow] = {}
        for source in {key.source for key in keys}:
            names = sorted({key.key for key in keys if key.source == source})
            rows = map(LINK.row, self._s.select_in("links", names, source=source))
            found.update({row.origin: row for row in rows})
        return found

    def of_parties(self, cif_nos: Collection[CifNo]) -> Sequence[LinkRow]:
        return [LINK.row(values) for values in self._s.select_in("links_of", set(cif_nos))]

    def history(self, key: SourceKey) -> Sequence[LinkRow]:
        return [LINK.row(values) for values in self._s.select("link_history", source=key.source, source_key=key.key)]

    def all_current(self) -> Iterator[LinkRow]:
        return map(LINK.row, self._s.select("links_all"))

    def add_not_a_match(self, row: NotAMatchRow) -> None:
        self._s.add_new(NOT_A_MATCH, [row])

    def not_matches(self, cif_nos: Collection[CifNo]) -> Sequence[NotAMatchRow]:
        wanted = set(cif_nos)
        rows = {*self._s.select_in("not_low", wanted), *self._s.select_in("not_high", wanted)}
        return sorted(map(NOT_A_MATCH.row, rows), key=lambda row: (row.low, row.high))


class _Claims(_Store):
    def claim(self, rows: Collection[ClaimRow]) -> Mapping[tuple[str, bytes], CifNo]:
        self._s.add_new(CLAIM, rows)
        found: dict[tuple[str, bytes], CifNo] = {}
        for name in {row.index_name for row in rows}:
            tags = {row.tag for row in rows if row.index_name == name}
            found.update({(r[0], r[1]): r[2] for r in self._s.select_in("claims", tags, index_name=name)})
        return found

    def release(self, tags: Collection[tuple[str, bytes]], holder: CifNo) -> None:
        for index, tag in tags:
            where = {"b_tenant": self._s.tenant, "b_index": index, "b_tag": tag, "b_cif_no": holder}
            self._s.change("claim_drop", [where])


class _Indexes(_Store):
    def add(self, rows: Collection[IndexRow]) -> None:
        self._s.add(INDEX, rows)

    def find(self, tags: Collection[bytes]) -> Sequence[IndexRow]:
        return [INDEX.row(values) for values in self._s.select_in("index", set(tags))]

    def move(self, rows: Collection[IndexRow], cif_no: CifNo) -> None:
        self._s.change(
            "index_move",
            [
                    {
                        "b_tenant": self._s.tenant, "b_tag": r.tag, "b_source": r.source, "b_source_key": r.source_key,
                        "b_record_no": r.record_no, "b_index": r.index_name, "to_cif": cif_no,
                    }
                    for r in rows
                ],
        )  # fmt: skip


class _Work(_Store):
    def add_tasks(self, rows: Collection[TaskRow]) -> None:
        self._s.add_new(TASK, rows)

    def tasks(self, *, state: str | None = None, cif_nos: Collection[CifNo] | None = None) -> Sequence[TaskRow]:
        statement = QUERIES["tasks"]
        if state is not None:
            statement = statement.where(t.TASK.c.state == state)
        if cif_nos is not None:
            wanted = list(cif_nos)
            statement = statement.where(t.TASK.c.cif_no.in_(wanted) | t.TASK.c.other.in_(wanted))
        return [TASK.row(values) for values in self._s.run(statement, {"tenant": self._s.tenant})]

    def close_task(self, row: TaskRow) -> None:
        params = TASK.params(self._s.tenant, row)
        del params["tenant"]
        if self._s.change("task_close", [{**params, "b_tenant": self._s.tenant, "b_id": row.id}]) != 1:
            raise ConflictError("the task is not open any more", rule="task_state")

    def put_approvals(self, approvals: Collection[Approval]) -> None:
        if not approvals:
            return
        known = {approval.id for approval in self.approvals(ids=[approval.id for approval in approvals])}
        new = [_approval_params(self._s.tenant, approval) for approval in approvals if approval.id not in known]
        if new:
            self._s.run(insert(t.APPROVAL), new)
        for approval in approvals:
            if approval.id in known:
                self._s.change(
                    "approval_update",
                    [{
                        "b_tenant": self._s.tenant, "b_id": approval.id, "to_state": approval.state.value,
                        "by": approval.checker,
                    }],
                )  # fmt: skip

    def approvals(
        self, *, state: str | None = None, ids: Collection[str] | None = None, cif_no: CifNo | None = None
    ) -> Sequence[Approval]:
        if cif_no is not None:
            found = self._s.select("approvals_of", cif_no=cif_no)
        elif ids is not None:
            found = self._s.select_in("approvals_at", ids)
        else:
            found = self._s.select("approvals")
        names = [column.name for column in t.APPROVAL.columns]
        approvals = [_approval(dict(zip(names, values, strict=True))) for values in found]
        wanted = None if ids is None else set(ids)
        return [one for one in approvals if state in (None, one.state.value) and (wanted is None or one.id in wanted)]


def _approval_params(tenant: str, approval: Approval) -> dict[str, Any]:
    subject, other = (*approval.subjects, None)[:2]
    return {
        "tenant": tenant, "id": approval.id, "operation": approval.operation.value, "subject": subject,
        "other": other, "detail": dumps(dict(approval.detail)), "base": dumps(dict(approval.base)),
        "maker": approval.maker, "maker_person": approval.maker_person, "expires_at": approval.expires_at,
        "digest": approval.digest, "state": approval.state.value, "checker": approval.checker,
    }  # fmt: skip


def _approval(row: Mapping[Any, Any]) -> Approval:
    subjects = (row["subject"],) if row["other"] is None else (row["subject"], row["other"])
    return Approval(
        id=row["id"], operation=Operation(row["operation"]), subjects=subjects, detail=loads(row["detail"]),
        base=loads(row["base"]), maker=row["maker"], maker_person=row["maker_person"], expires_at=row["expires_at"],
        digest=row["digest"], state=ApprovalState(row["state"]), checker=row["checker"],
    )  # fmt: skip


class _Staging(_Store):
    def add(self, rows: Collection[StagedRow]) -> None:
        self._s.add_new(STAGED, rows)

    def decide(self, row: StagedRow) -> None:
        where = {"b_tenant": self._s.tenant, "b_batch": row.batch, "b_line": row.line}
        if self._s.change("staged_decide", [{**where, "state": row.state, "sealed": row.sealed}]) != 1:
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


class _Audit(_Store):
    def head(self, stream: str) -> Head:
        found = self._s.select("head", stream=stream)
        return Head(found[0][0], found[0][1]) if found else Head()

    def append(self, rows: Sequence[AuditRow], subjects: Sequence[tuple[str, int, str]], head: Head) -> None:
        if not rows:
            return
        self._s.add(AUDIT, rows)
        self._s.add(SUBJECT, [SubjectRow(cif_no, stream, number) for stream, number, cif_no in subjects])
        stream, before = rows[0].stream, rows[0].number - 1
        moved = {"number": head.number, "hash": head.hash}
        if not before:
            self._s.change("head_new", [{"tenant": self._s.tenant, "stream": stream, **moved}])
            return
        where = {"b_tenant": self._s.tenant, "b_stream": stream, "b_number": before}
        if self._s.change("head_move", [{**where, **moved}]) != 1:
            raise ConflictError("another writer appended to this audit stream", rule="conflict")

    def rows(self) -> Iterator[AuditRow]:
        result = self._s.run(QUERIES["audit"].execution_options(yield_per=2000), {"tenant": self._s.tenant})
        return map(AUDIT.row, result)

    def heads(self) -> Mapping[str, Head]:
        return {r[0]: Head(r[1], r[2]) for r in self._s.select("heads")}

    def subjects(self) -> Iterable[tuple[str, int, str]]:
        return [(r[0], r[1], r[2]) for r in self._s.select("subjects")]

    def of_subject(self, cif_no: str) -> Sequence[AuditRow]:
        return [AUDIT.row(values) for values in self._s.select("audit_of", cif_no=cif_no)]


class _Outbox(_Store):
    def add(self, rows: Collection[OutboxRow]) -> None:
        self._s.add(OUTBOX, rows)

    def after(self, number: int, limit: int) -> Sequence[tuple[int, OutboxRow]]:
        return [(r[0], OUTBOX.row(r[1:])) for r in self._s.select("outbox", number=number, most=limit)]


class Unit:
    def __init__(self, connection: Connection, tenant: str) -> None:
        session = Session(connection, tenant)
        self._session = session
        self.parties = _Parties(session)
        self.copies = _Copies(session)
        self.sources = _Sources(session)
        self.crosswalk = _Crosswalk(session)
        self.claims = _Claims(session)
        self.indexes = _Indexes(session)
        self.work = _Work(session)
        self.staging = _Staging(session)
        self.audit = _Audit(session)
        self.outbox = _Outbox(session)

    def commit(self) -> None:
        try:
            self._session.connection.commit()
            return
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        raise problem
