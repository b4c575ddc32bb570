"""
Loading one file by several processes, each with a store of its own opened from the same configuration: no key crosses from one process
to another.

A source key belongs to one process, so that its rows come in in the order of the file. What two processes would both make of one
customer is kept apart by the database, as between any two writers.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeVar

from .cif import CIF
from .context import Actor, Purpose
from .errors import BankCIFError, ConfigurationError, StorageError
from .flows.load import HeldRow, LoadReport
from .intake import Channel

__all__ = ["load_in_processes"]

_MOST = 64
_MOST_TOLD = 1000
T = TypeVar("T")


def load_in_processes(
    opener: Callable[[], CIF],
    path: str | Path,
    channel: Channel,
    *,
    processes: int,
    actor: Actor,
    purpose: Purpose = Purpose.OPERATIONS,
    progress: Callable[[int], None] | None = None,
    each_held: Callable[[HeldRow], None] | None = None,
) -> LoadReport:
    """
    Loads *path* as *channel* declares it, by several processes at once; see `bankcif.flows.load.load`.

    Args:
        opener: Opens the store, in each process anew: a function of a module, perhaps with arguments by `functools.partial`, that reads
            keys from where they rest. It must be picklable, and is not given any key.
        path, channel, actor, purpose: As there.
        processes: How many, 1 to 64.
        progress: Called with the number of rows of all processes, whenever one has committed a batch.
        each_held: Called with every row that was held, in no order.

    Raises:
        ConfigurationError: Not so many processes.
        StorageError: A process ended before it was done; load the file again, what came in is recognized.
        BankCIFError: What one process failed with; the others are stopped between two of their transactions, or within one, which
            is then undone.

    Cost: each process reads the whole file, and starts for a second. On SQLite batches take turns; on a server they do from their look-up on,
    if they share a tag, which two batches of strangers mostly do, since tags are cut. What is done before, and what the server does, goes side
    by side.
    """
    if not 1 <= processes <= _MOST:
        raise ConfigurationError(f"a file is loaded by 1 to {_MOST} processes", rule="processes")
    making = multiprocessing.get_context("spawn")
    pipes, started = [], []
    try:
        for number in range(processes):
            mine, theirs = making.Pipe(duplex=False)
            pipes.append(mine)
            work = (theirs, opener, Path(path), channel, actor, purpose, (number, processes))
            one = making.Process(target=_work, args=work, daemon=True)
            with theirs:
                one.start()
            started.append(one)
        return _merged(_heard(pipes, progress, each_held))
    finally:
        for one in started:
            one.terminate()
            one.join()
        for pipe in pipes:
            pipe.close()


def _work(
    told: Connection,
    opener: Callable[[], CIF],
    path: Path,
    channel: Channel,
    actor: Actor,
    purpose: Purpose,
    part: tuple[int, int],
) -> None:
    """One process: loads its part and says what became of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted ends this process
    try:
        with opener() as cif:
            gc.freeze()
            done: Any = cif.load(
                path, channel, actor=actor, purpose=purpose, part=part,
                progress=told.send, each_held=told.send,
            )  # fmt: skip
    except BankCIFError as error:
        done = error
    except Exception as error:  # whose text may hold a value, so that only its kind is told, and no trace is printed
        done = StorageError(
            f"an unexpected {type(error).__name__} ended a process of this load; load the file again, what came in is recognized",
            rule="process",
        )
    told.send(done)


def _heard(
    pipes: list[Connection], progress: Callable[[int], None] | None, each_held: Callable[[HeldRow], None] | None
) -> list[LoadReport]:
    """What the processes say, until the last is done."""
    reports: list[LoadReport] = []
    rows = dict.fromkeys(pipes, 0)
    open_ones = list(pipes)
    while open_ones:
        for pipe in wait(open_ones):
            assert isinstance(pipe, Connection)
            said = _received(pipe)
            if isinstance(said, BankCIFError):
                raise said
            if isinstance(said, LoadReport):
                reports.append(said)
                open_ones.remove(pipe)
            elif isinstance(said, HeldRow):
                if each_held is not None:
                    each_held(said)
            else:
                rows[pipe] = said
                if progress is not None:
                    progress(sum(rows.values()))
    return reports


def _received(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        pass
    raise StorageError(
        "a process of this load ended before it was done; load the file again, what came in is recognized",
        rule="process",
    )


def _merged(reports: list[LoadReport]) -> LoadReport:
    """One report of all."""
    held = sorted((row for one in reports for row in one.held), key=lambda row: row.line)
    return LoadReport(
        file=reports[0].file, channel=reports[0].channel, rows=sum(one.rows for one in reports),
        outcomes=_summed([one.outcomes for one in reports]), held=tuple(held[:_MOST_TOLD]),
        warnings=_summed([one.warnings for one in reports]), waiting=sum(one.waiting for one in reports),
        proposals=sum(one.proposals for one in reports), held_count=sum(one.held_count for one in reports),
    )  # fmt: skip


def _summed(counts: list[Counter[T]]) -> Counter[T]:
    found: Counter[T] = Counter()
    for one in counts:
        found.update(one)
    return found
