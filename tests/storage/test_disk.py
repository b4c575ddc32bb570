"""What happens to files: a disk that is full, one that takes no writes, a database that is locked, and a clock that was set back."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_register import register

from bankcif import CIF, Actor, Limits, LocalKeyProvider, Purpose
from bankcif._clock import FixedClock
from bankcif.audit import FileWitness
from bankcif.errors import BankCIFError, StorageError
from bankcif.flows.log import LogPlan
from bankcif.party import ReferenceTables
from bankcif.testing import synthetic_tables

WHO = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))


class Disk:
    """A small disk, as large as *megabytes*."""

    def __init__(self, at: Path, megabytes: int) -> None:
        self.at = at
        at.mkdir()
        self._mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs")

    def _mount(self, *words: str) -> None:
        subprocess.run(["mount", *words, str(self.at)], check=True, capture_output=True)

    def grow(self, megabytes: int) -> None:
        self._mount("-o", f"remount,size={megabytes}m")

    def writable(self, yes: bool) -> None:
        self._mount("-o", "remount,rw" if yes else "remount,ro")

    def end(self) -> None:
        subprocess.run(["umount", str(self.at)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED on a disk that is full or read-only: mounting one needs root")
    try:
        made = Disk(tmp_path / "disk", 4)
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("NOT TESTED on a disk that is full or read-only: none can be mounted here")
    yield made
    made.end()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


def opened(folder: Path, keys: LocalKeyProvider, clock: FixedClock, **more: object) -> CIF:
    return CIF.open(
        f"sqlite:///{folder / 'cif.db'}", tenant="t", keys=keys, tables=synthetic_tables(), trust=TRUST, clock=clock, **more,
    )  # type: ignore[arg-type]  # fmt: skip


def people(cif: CIF, numbers: range) -> Iterator[str]:
    """Registers as many as there is room for; the source keys of those that were acknowledged."""
    for number in numbers:
        register(cif, WHO, f"K{number}", name="王一", identifiers=None, phone=f"154{number:08}")
        yield f"K{number}"


def stored(cif: CIF) -> set[str]:
    with cif._repository.unit_of_work() as unit:
        return {link.source_key for link in unit.crosswalk.all_current()}


def test_a_disk_that_is_full_is_told_and_nothing_is_lost_or_half_written(
    disk: Disk, keys: LocalKeyProvider, clock: FixedClock
) -> None:
    done: set[str] = set()
    with pytest.raises(StorageError, match="disk is full"), opened(disk.at, keys, clock) as cif:
        for key in people(cif, range(10_000)):
            done.add(key)
    assert len(done) > 10
    disk.grow(40)
    with opened(disk.at, keys, clock) as cif:
        assert stored(cif) == done
        assert cif.verify(actor=WHO).intact
        more = set(people(cif, range(len(done), len(done) + 5)))
        assert register(cif, WHO, "K0", name="王一", identifiers=None, phone="15400000000").outcome == "unchanged"
        assert stored(cif) == done | more
        assert cif.verify(actor=WHO).intact


def test_a_store_goes_on_once_there_is_room_again_without_being_opened_anew(
    disk: Disk, keys: LocalKeyProvider, clock: FixedClock
) -> None:
    done: set[str] = set()
    with opened(disk.at, keys, clock) as cif:
        with pytest.raises(StorageError, match="disk is full"):
            for key in people(cif, range(10_000)):
                done.add(key)
        with pytest.raises(StorageError, match="disk is full"):
            for key in people(cif, range(20_000, 30_000)):
                done.add(key)
        disk.grow(40)
        done |= set(people(cif, range(30_000, 30_005)))
        assert stored(cif) == done
        assert cif.verify(actor=WHO).intact


def test_a_disk_that_takes_no_writes_is_told(disk: Disk, keys: LocalKeyProvider, clock: FixedClock) -> None:
    with opened(disk.at, keys, clock) as cif:
        done = set(people(cif, range(3)))
    disk.writable(False)
    with pytest.raises(BankCIFError, match="read-only disk") as refused:
        opened(disk.at, keys, clock)
    assert str(disk.at / "cif.db") in str(refused.value)
    disk.writable(True)
    with opened(disk.at, keys, clock) as cif:
        assert stored(cif) == done
        assert cif.verify(actor=WHO).intact


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program holds *file*."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("name", ["cif.db", "cif-keys.db"])
def test_a_database_that_somebody_locks_is_told_and_used_again_when_they_let_go(
    name: str, keys: LocalKeyProvider, clock: FixedClock, tmp_path: Path
) -> None:
    with opened(tmp_path, keys, clock, limits=Limits(lock_seconds=0.2)) as cif:
        done = set(people(cif, range(3)))
        cif._desk.data_keys.discard_ready()
        with locked(tmp_path / name), pytest.raises(StorageError, match="locked by another process") as refused:
            register(cif, WHO, "late", name="李四", identifiers=None, phone="15499999999")
        assert refused.value.__cause__ is None
        assert stored(cif) == done
        assert register(cif, WHO, "late", name="李四", identifiers=None, phone="15499999999").outcome == "new"
        assert cif.verify(actor=WHO).intact


@pytest.mark.parametrize("name", ["cif.db", "keys.db"])
def test_who_opens_a_file_while_another_makes_it_waits(tmp_path: Path, keys: LocalKeyProvider, name: str) -> None:
    """SQLite itself refuses at once where a file is changed to a write-ahead log."""
    with closing(sqlite3.connect(tmp_path / name, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE a (b)")
        other.execute("DROP TABLE a")
        other.execute("BEGIN IMMEDIATE")

        def opened(seconds: float) -> CIF:
            return CIF.open(
                f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=keys, key_store=tmp_path / "keys.db",
                limits=Limits(lock_seconds=seconds), tables=synthetic_tables(),
            )  # fmt: skip

        with pytest.raises(StorageError, match="locked by another process; wait"):
            opened(0.2)
        threading.Timer(0.3, other.execute, ("COMMIT",)).start()
        with opened(20.0) as cif:
            register(cif, WHO, "1")


def test_a_clock_that_was_set_back_harms_nothing(
    keys: LocalKeyProvider, clock: FixedClock, tables: ReferenceTables, tmp_path: Path
) -> None:
    """The log keeps its order by numbers, leases end all the same, and what came later in truth is what holds."""
    witness = FileWitness(tmp_path / "witness.jsonl")
    more = {"witnesses": [witness], "log_plan": LogPlan(entries=2)}
    with opened(tmp_path, keys, clock, **more) as cif:
        first = register(cif, WHO, "K1", name="王一", identifiers=None, phone="15400000001").cif_no
        clock.advance(-timedelta(days=400))
        register(cif, WHO, "K2", name="李二", identifiers=None, phone="15400000002")
        register(cif, WHO, "K1", name="王一", identifiers=None, phone="15400000009")
        assert cif.verify(actor=WHO).intact
    with opened(tmp_path, keys, clock, **more) as cif:
        clear = cif.customers.reveal(first, {"phone"}, actor=known(WHO, clock.now()), purpose=Purpose.COMPLIANCE)
        assert clear == {"phone": "+8615400000009"}
        register(cif, WHO, "K3", name="赵三", identifiers=None, phone="15400000003")
        clock.advance(timedelta(days=800))
        report = cif.verify(actor=known(WHO, clock.now()))
        assert report.intact
        assert report.log.checkpoints > 2
        assert all(not view.problem for view in report.log.witnesses)
