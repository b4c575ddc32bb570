"""Threads of a process take turns at a database that lets one write at a time, in the order in which they came."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from unittest import mock

import pytest

from bankcif import Limits
from bankcif.errors import StorageError
from bankcif.storage._sqlite import Sqlite
from bankcif.storage._turns import Turns
from bankcif.storage.sql import SqlRepository

LONG = 20.0


def waiting(turns: Turns, count: int) -> None:
    """Until so many wait."""
    until = time.monotonic() + LONG
    while len(turns._waiting) != count:
        assert time.monotonic() < until, f"{len(turns._waiting)} wait, and not {count}"
        time.sleep(0.001)  # a thread tells nobody that it has begun to wait


def test_turns_are_given_in_the_order_in_which_they_were_asked_for() -> None:
    turns, given = Turns(), list[int]()

    def take(number: int) -> None:
        assert turns.take(LONG)
        given.append(number)
        turns.give()

    assert turns.take(0)
    threads = []
    for number in range(6):
        threads.append(threading.Thread(target=take, args=(number,)))
        threads[-1].start()
        waiting(turns, number + 1)
    turns.give()
    for thread in threads:
        thread.join()
    assert given == list(range(6))
    assert turns.take(0), "nobody has it any more"


def test_who_waited_in_vain_is_left_out() -> None:
    turns, came = Turns(), threading.Event()
    assert turns.take(0)
    assert not turns.take(0.01)
    late = threading.Thread(target=lambda: turns.take(LONG) and came.set())
    late.start()
    waiting(turns, 1)
    turns.give()
    late.join()
    assert came.is_set()
    assert not turns.take(0.01), "it is theirs now"


@pytest.mark.parametrize("late", [False, True], ids=["before the turn came", "as it came"])
def test_who_is_interrupted_while_waiting_holds_nobody_up(late: bool) -> None:
    turns = Turns()
    assert turns.take(0)

    def interrupted(_event: threading.Event, _seconds: float) -> bool:
        if late:
            turns.give()
        raise KeyboardInterrupt

    with mock.patch.object(threading.Event, "wait", interrupted), pytest.raises(KeyboardInterrupt):
        turns.take(LONG)
    assert turns.take(0) is late
    turns.give()
    assert turns.take(0)


def test_units_of_work_begin_in_the_order_in_which_threads_came(tmp_path: Path) -> None:
    repository = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True)
    assert isinstance(repository._database, Sqlite)
    begun: list[int] = []

    def work(number: int) -> None:
        with repository.unit_of_work():
            begun.append(number)

    threads = []
    with repository.unit_of_work():
        for number in range(6):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            waiting(repository._database._turns, number + 1)
    for thread in threads:
        thread.join()
    repository.close()
    assert begun == list(range(6))


def test_a_unit_within_a_unit_is_told(tmp_path: Path) -> None:
    limits = Limits(lock_seconds=0.05)
    repository = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True, limits=limits)
    with repository.unit_of_work(), pytest.raises(StorageError, match="has held the database for too long; try again"):
        repository.unit_of_work().__enter__()
    with repository.unit_of_work():
        pass
    repository.close()
