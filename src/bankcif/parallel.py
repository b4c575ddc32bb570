"""
Loading one file, and extracting columns, by several processes, each with a store of its own opened from the same configuration: no key crosses from
one process to another.

A source key belongs to one process, so that its rows come in in the order of the file. What two processes would both make of one
customer is kept apart by the database, as between any two writers.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeVar

from .analytics import Snapshot
from .cif import CIF
from .context import Actor, Purpose
from .errors import BankCIFError, ConfigurationError, StorageError
from .flows.load import HeldRow, LoadReport
from .intake import Channel

__all__ = ["extract_in_processes", "load_in_processes"]

_MOST = 64
_AGAIN = "do it again: of a file, what came in is recognized"
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
    work = partial(_load, Path(path), channel, actor, purpose)
    with _side_by_side(opener, work, processes) as pipes:
        return _merged(_heard(pipes, progress, each_held))


def _load(
    path: Path, channel: Channel, actor: Actor, purpose: Purpose, cif: CIF, part: tuple[int, int], tell: Callable[[Any], None]
) -> LoadReport:  # fmt: skip
    told: dict[str, Any] = {"progress": tell, "each_held": tell}
    return cif.load(path, channel, actor=actor, purpose=purpose, part=part, **told)


def extract_in_processes(
    opener: Callable[[], CIF],
    fields: Sequence[str],
    *,
    processes: int,
    actor: Actor,
    purpose: Purpose = Purpose.ANALYTICS,
    as_of: date | None = None,
) -> Snapshot:
    """
    Extracts columns by several processes, each of a part of the customers; see `bankcif.flows.extract.extract`. The log has an entry for each part.

    Args:
        opener: As in `load_in_processes`.
        fields, actor, purpose, as_of: As there.
        processes: How many, 1 to 64.

    Raises:
        ConfigurationError: Not so many processes.
        AccessError: The grant asks for so many customers alike, which is told of all at once; take it by one process.
        StorageError: A process ended before it was done.
        BankCIFError: What one process failed with.

    Cost: each process starts for a second; worth it where sealed groups of more than some 50,000 customers are opened, or plain facts of more than some half a
        million are read.
    """
    with _side_by_side(opener, partial(_extract, tuple(fields), actor, purpose, as_of), processes) as pipes:
        found = [_received(pipe) for pipe in pipes]
    for one in found:
        if isinstance(one, BankCIFError):
            raise one
    return Snapshot.joined(found)


def _extract(
    fields: tuple[str, ...], actor: Actor, purpose: Purpose, as_of: date | None, cif: CIF, part: tuple[int, int], _: Callable[[Any], None]
) -> Snapshot:  # fmt: skip
    return cif.extract(fields, actor=actor, purpose=purpose, as_of=as_of, part=part)


Work = Callable[[CIF, tuple[int, int], Callable[[Any], None]], Any]


@contextmanager
def _side_by_side(opener: Callable[[], CIF], work: Work, processes: int) -> Iterator[list[Connection]]:
    """Processes that each do their part of *work*, and what they say, in the order of the parts; they are ended with the block."""
    if not 1 <= processes <= _MOST:
        raise ConfigurationError(f"it is done by 1 to {_MOST} processes", rule="processes")
    making = multiprocessing.get_context("spawn")
    pipes, started = [], []
    try:
        for number in range(processes):
            mine, theirs = making.Pipe(duplex=False)
            pipes.append(mine)
            one = making.Process(target=_work, args=(theirs, opener, work, (number, processes)), daemon=True)
            with theirs:
                one.start()
            started.append(one)
        yield pipes
    finally:
        for one in started:
            one.terminate()
            one.join()
        for pipe in pipes:
            pipe.close()


def _work(told: Connection, opener: Callable[[], CIF], work: Work, part: tuple[int, int]) -> None:
    """One process: does its part and says what became of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted ends this process
    try:
        with opener() as cif:
            gc.freeze()
            done = work(cif, part, told.send)
    except BankCIFError as error:
        done = error
    except Exception as error:  # whose text may hold a value, so that only its kind is told, and no trace is printed
        done = StorageError(f"an unexpected {type(error).__name__} ended a process; {_AGAIN}", rule="process")
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
    raise StorageError(f"a process ended before it was done; {_AGAIN}", rule="process")


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
