"""The write-ahead log goes back into the database behind the commits."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bankcif.errors import StorageError
from bankcif.party import CifNo
from bankcif.storage import _write_ahead
from bankcif.storage.rows import FeedRow
from bankcif.storage.sql import Limits, SqlRepository


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[SqlRepository]:
    opened = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True)
    yield opened
    opened.close()


def _commit(repository: SqlRepository, number: int) -> None:
    with repository.unit_of_work() as unit:
        unit.feeds.move(FeedRow(name=f"f{number}", turn=1, place="", moved_at=number))
        unit.commit()


def _until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def test_what_is_committed_comes_into_the_database_while_it_is_open(repository: SqlRepository, tmp_path: Path) -> None:
    alone = tmp_path / "copy.db"

    def in_the_database() -> int:
        alone.write_bytes((tmp_path / "cif.db").read_bytes())  # without its log
        with sqlite3.connect(alone) as db:
            try:
                return int(db.execute("SELECT count(*) FROM feed").fetchone()[0])
            except sqlite3.DatabaseError:  # the tables, or half of a page, are in the log as well
                return 0

    before = in_the_database()
    for number in range(20):
        _commit(repository, number)
    assert before == 0
    assert _until(lambda: in_the_database() == 20)


def test_who_reads_only_starts_no_thread(repository: SqlRepository) -> None:
    with repository.unit_of_work() as unit:
        assert unit.parties.get([CifNo("C1")]) == {}
    assert repository._behind._thread is None


def test_closing_ends_the_thread(tmp_path: Path) -> None:
    repository = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True)
    _commit(repository, 1)
    thread = repository._behind._thread
    assert thread is not None
    assert thread.is_alive()
    repository.close()
    assert not thread.is_alive()
    assert not (tmp_path / "cif.db-wal").exists()  # with the last connection


def test_a_database_that_fails_is_told_and_tried_again(
    repository: SqlRepository, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    behind = _write_ahead.WriteAhead(repository._engine, every=0.01)
    failed, asked = threading.Event(), []

    def failing() -> object:
        asked.append(1)
        failed.set()
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "bankcif.storage"):
        patched.setattr(repository._engine, "raw_connection", failing)
        for _ in range(2):
            failed.clear()
            behind.wake()
            assert failed.wait(5)
        behind.close()
    assert len(asked) >= 2
    assert "OperationalError" in caplog.text
    assert "disk" not in caplog.text


def test_a_database_that_is_locked_is_told_in_our_words(tmp_path: Path) -> None:
    limits = Limits(lock_seconds=0.05)
    repository = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True, limits=limits)
    with sqlite3.connect(tmp_path / "cif.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as caught, repository.unit_of_work():
            pass
        other.execute("ROLLBACK")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "locked by another process" in str(caught.value)
    _commit(repository, 1)
    repository.close()
