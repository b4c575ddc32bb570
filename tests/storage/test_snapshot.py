"""Who only reads: neither waits for a writer nor holds one up, and can not write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.storage.servers import NAMES

from bankcif.errors import StorageError
from bankcif.storage.limits import Limits
from bankcif.storage.sql import SqlRepository
from bankcif.testing.contracts.rows import A, B, party

SHORT = Limits(lock_seconds=0.2)
"""So that who waits fails, and soon."""


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.server) for name in NAMES)])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlRepository]:
    at = (
        f"sqlite:///{tmp_path / 'cif.db'}"
        if request.param == "sqlite"
        else request.getfixturevalue(f"{request.param}_url")
    )
    opened = SqlRepository.open(at, uuid4().hex, create=True, limits=SHORT)
    with opened.unit_of_work() as unit:
        unit.parties.add([party(A)])
        unit.commit()
    yield opened
    opened.close()


def test_a_reader_does_not_wait_for_a_writer(repository: SqlRepository) -> None:
    with repository.unit_of_work() as writing:
        writing.parties.update([party(A, version=2)])
        writing.parties.add([party(B)])
        assert writing.parties.get([A, B]) == {A: party(A, version=2), B: party(B)}
        with repository.snapshot() as reading:
            assert reading.parties.get([A, B]) == {A: party(A)}, "nothing of it was committed"
        writing.commit()
    with repository.snapshot() as reading:
        assert reading.parties.get([A, B]) == {A: party(A, version=2), B: party(B)}


def test_a_writer_does_not_wait_for_readers_and_they_stay_at_their_moment(repository: SqlRepository) -> None:
    with repository.snapshot() as one, repository.snapshot() as other:
        with repository.unit_of_work() as writing:
            writing.parties.update([party(A, version=2)])
            writing.commit()
        assert one.parties.get([A]) == other.parties.get([A]) == {A: party(A)}


def test_readers_read_side_by_side(repository: SqlRepository) -> None:
    both = threading.Barrier(2, timeout=20)
    found = []

    def read() -> None:
        with repository.snapshot() as unit:
            both.wait()  # each is within, or this breaks
            found.append(unit.parties.get([A]))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{A: party(A)}] * 2


def test_a_reader_can_not_write_and_whoever_has_the_connection_next_can(repository: SqlRepository) -> None:
    for _ in range(3):
        with repository.snapshot() as reading, pytest.raises(StorageError) as caught:
            reading.parties.update([party(A, version=2)])
            reading.commit()
        assert "version" not in str(caught.value)
    with repository.unit_of_work() as writing:
        assert writing.parties.get([A]) == {A: party(A)}
        writing.parties.update([party(A, version=2)])
        writing.commit()
    with repository.snapshot() as reading:
        assert reading.parties.get([A]) == {A: party(A, version=2)}
