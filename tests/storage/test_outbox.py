"""What a server's writers commit late is not left out of a feed: in a stream, one unit waits for the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from tests.storage.servers import NAMES

from bankcif.audit import AuditEntry, chain
from bankcif.errors import ConflictError
from bankcif.flows._place import Place
from bankcif.storage import Repository, UnitOfWork
from bankcif.storage.rows import OutboxRow
from bankcif.storage.sql import SqlRepository

ME, YOU = b"m" * 16, b"y" * 16


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.server) for name in NAMES])
def repository(request: pytest.FixtureRequest) -> Iterator[Repository]:
    opened = SqlRepository.open(request.getfixturevalue(f"{request.param}_url"), uuid4().hex, create=True)
    yield opened
    opened.close()


def tell(unit: UnitOfWork, cif_no: str, holder: bytes) -> None:
    unit.outbox.add([OutboxRow(cif_no=cif_no, version=1, fields="phone", at=1)])
    lease = unit.audit.lease(holder, 10, 20)
    rows, head = chain("t", lease.stream, lease.head, [AuditEntry(at=1, actor="t", action="change")])
    unit.audit.append(rows, [], head, 20)


def taken(repository: Repository, place: Place) -> tuple[list[str], Place]:
    with repository.unit_of_work() as unit:
        rows, after = place.behind(unit, 9)
        return [row.cif_no for row in rows], after


def test_who_commits_late_in_a_stream_of_their_own_is_told_of_then(repository: Repository) -> None:
    place = Place(streams={}, copied=None, ground="", begun=1, turned=("2026-11-28", ""))
    for holder in (ME, YOU):  # each begins a stream
        with repository.unit_of_work() as unit:
            tell(unit, "C0", holder)
            unit.commit()
    found, place = taken(repository, place)
    assert found == ["C0", "C0"]
    with repository.unit_of_work() as slow:
        tell(slow, "C1", ME)
        with repository.unit_of_work() as quick:
            tell(quick, "C2", YOU)
            quick.commit()
        found, place = taken(repository, place)
        assert found == ["C2"]
        slow.commit()
    found, place = taken(repository, place)
    assert found == ["C1"]
    assert taken(repository, place) == ([], place)


def test_in_one_stream_nobody_commits_behind_who_is_not_committed(repository: Repository) -> None:
    place = Place(streams={}, copied=None, ground="", begun=1, turned=("2026-11-28", ""))
    with repository.unit_of_work() as unit:
        tell(unit, "C0", ME)
        unit.commit()
    _, place = taken(repository, place)
    ended: list[str] = []

    def other() -> None:
        try:
            with repository.unit_of_work() as unit:
                tell(unit, "C2", ME)
                unit.commit()
            ended.append("done")
        except ConflictError:
            ended.append("conflict")

    with repository.unit_of_work() as slow:
        tell(slow, "C1", ME)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.5)
        assert ended == []
        assert taken(repository, place) == ([], place)
        slow.commit()
    thread.join()
    found, place = taken(repository, place)
    assert found == (["C1", "C2"] if ended == ["done"] else ["C1"])
