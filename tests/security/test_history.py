"""
What ended costs nothing: no public method reads proposals, tasks and held rows that are over and concern nobody whom it is about, of which there are more
every day. Those that go through the whole history are named, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.conftest import NOW, TRUST
from tests.flows.test_register import register
from tests.security.test_every_method import _CHANNEL, AUTH, CALLS, FED, OPERATIONS, WHO, World

from bankcif import CIF, LocalKeyProvider, MemoryKeyStore, _tasks, read_channel
from bankcif._clock import FixedClock
from bankcif.approval import OPEN, ApprovalState, Operation
from bankcif.party import CifNo, ReferenceTables
from bankcif.storage._sql_session import Session
from bankcif.storage.rows import ReviewRow, StagedRow, TaskRow
from bankcif.storage.sql import SqlRepository
from bankcif.testing.contracts.rows import approval

OLD = "of long ago"
GONE, ALSO_GONE = CifNo("C0000000000000009"), CifNo("C0000000000000008")
THROUGH_ALL = {
    "verify": "compares everything with the log",
    "Audit.verify": "compares everything with the log",
    "Keys.check": "opens whatever a data key seals",
    "Matches.agreement": "is about all that reviewers said",
    "Matches.labels": "is about all that reviewers decided",
    "Held.rows": "decided rows are deleted with those of their day",
    "Held.expire": "decided rows are deleted with those of their day",
    "Retention.approve_run": "looks for the proposals of a run, once a year",
    "Retention.certificate": "looks for the proposals of a run, once a year",
}


@pytest.fixture
def world(tables: ReferenceTables, tmp_path: Path) -> Any:
    """As that of `test_every_method`, on SQLite, long in use."""
    cif = CIF(
        repository=SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True), tenant="t", keys=LocalKeyProvider.generate(),
        key_store=MemoryKeyStore(), tables=tables, trust=TRUST, clock=FixedClock(NOW), authentication=AUTH, policy=FED, name_search=["home_branch"],
    )  # fmt: skip
    found = World(cif, tmp_path)
    found.cif_no = register(cif, WHO, "1").cif_no
    found.other = register(cif, WHO, "2", identifiers=None, phone="15499999999", name="李四").cif_no
    (tmp_path / "app.toml").write_text(_CHANNEL, encoding="utf-8")
    (tmp_path / "app.csv").write_text("no,name,idno,phone\n7,王五,,15455555555\n8,???,,1\n", encoding="utf-8")
    found.channel = read_channel(tmp_path / "app.toml")
    cif.load(tmp_path / "app.csv", found.channel, actor=WHO)
    found.batch = cif.held.rows(actor=WHO, purpose=OPERATIONS)[0].batch
    found.merge = cif.matches.propose_merge(found.cif_no, found.other, actor=WHO, reason="same").id
    with cif._repository.unit_of_work() as unit:
        unit.work.add_approvals(
            [
                attrs.evolve(
                    approval(f"{operation} {state}"), operation=operation, state=state, subjects=(GONE, ALSO_GONE), maker=OLD, maker_person=OLD
                )
                for operation in Operation
                for state in set(ApprovalState) - OPEN
            ]
        )  # fmt: skip
        unit.work.add_tasks(
            [
                TaskRow(
                    id=f"{OLD} {state}", task="possible_match", cif_no=GONE, other=ALSO_GONE, weight_millibits=99_000, detail=b"{}", state=state, opened_at=1,
                    closed_at=2, actor=OLD, reviews=1,
                )
                for state in ("merged", "not_a_match")
            ]
        )  # fmt: skip
        unit.reviews.add(ReviewRow(task_id=f"{OLD} merged", number=1, actor=OLD, person=OLD, verdict="same", at=2))
        unit.staging.add(
            [
                StagedRow(
                    batch=b"h" * 16, line=line, channel="app", key_id=b"k" * 16, sealed=b"", faults=b"[]", actor=OLD, staged_at=1, expires_at=2**60,
                    state=state,
                )
                for line, state in enumerate(("released", "refused"))
            ]
        )  # fmt: skip
        unit.commit()
    yield found
    cif.close()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_what_is_over_is_not_read(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    group, _, method = name.rpartition(".")
    owner: Any = getattr(_tasks, group) if group else CIF
    right, inside, read = getattr(owner, method), list[str](), list[Sequence[Any]]()

    def called(self: Any, *args: Any, **more: Any) -> Any:
        inside.append(name)
        try:
            return right(self, *args, **more)
        finally:
            inside.pop()

    def noted(real: Callable[..., Any]) -> Callable[..., Any]:
        def reads(*args: Any, **more: Any) -> Any:
            found = real(*args, **more)
            rows = found[0] if isinstance(found, tuple) else found
            read.extend(row for row in rows if inside and any(OLD in str(value) for value in row))
            return found

        return reads

    monkeypatch.setattr(owner, method, called)
    monkeypatch.setattr(Session, "_driver", noted(Session._driver))
    monkeypatch.setattr(Session, "rows", noted(Session.rows))
    CALLS[name](world, WHO)
    assert bool(read) == (name in THROUGH_ALL), f"{len(read)} rows of long ago were read"


def test_what_goes_through_all_is_called() -> None:
    assert THROUGH_ALL.keys() <= CALLS.keys()
