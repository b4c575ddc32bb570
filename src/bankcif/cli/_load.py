"""A load as the command line runs and tells it: a bar, a stop at a safe place, the report."""

from __future__ import annotations

import gc
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._text import label, rule_text
from ..errors import FileError
from ..flows.load import HeldRow, LoadReport

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["load_document", "print_load", "with_progress_bar"]

Work = Callable[[Callable[[int], None]], LoadReport]


@contextmanager
def _stopped_between_batches() -> Iterator[Callable[[], None]]:
    """
    A first interrupt is heard when what this gives is called, which is after a batch was committed; a second at once.

    Raised anywhere else it might interrupt the driver while it gives a connection back.
    """
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    def heard() -> None:
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _nothing_old_collected() -> Iterator[None]:
    """
    What there is already is not gone through whenever Python looks for circles of what is new: with every batch's own objects that
    takes a seventh of a load's time, and none of it is garbage.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def with_progress_bar(name: str, wanted: bool, work: Work) -> LoadReport:
    """Runs *work* with a bar on standard error, where that is a terminal and one is *wanted*."""
    from rich.console import Console

    console = Console(stderr=True)
    with _stopped_between_batches() as heard, _nothing_old_collected():
        if not wanted or not console.is_terminal:
            return work(lambda _: heard())
        return _with_bar(name, console, work, heard)


def _with_bar(name: str, console: Console, work: Work, heard: Callable[[], None]) -> LoadReport:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        running = bar.add_task(name, total=None)

        def passed(rows: int) -> None:
            bar.update(running, completed=rows)
            heard()

        return work(passed)


@contextmanager
def held_file(path: Path | None) -> Iterator[Callable[[HeldRow], None] | None]:
    """
    Writes held rows to *path*, a JSON object a line with ``line``, ``path`` and ``rule`` for each fault; never a value.

    Raises:
        FileError: It is there already, or cannot be written.
    """
    if path is None:
        yield None
        return
    file, problem = None, ""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        problem = "exists already and is not overwritten; name a new file"
    except OSError:
        problem = "cannot be written"
    if file is None:
        raise FileError(f"the file {path} {problem}", path=str(path), rule="unwritable")
    with file:

        def tell(row: HeldRow) -> None:
            for fault in row.faults:
                file.write(json.dumps({"line": row.line, "path": fault.path, "rule": fault.rule}) + "\n")

        yield tell


def load_document(report: LoadReport) -> dict[str, Any]:
    """A load's report as JSON; no values."""
    return {
        "file": report.file, "channel": report.channel, "rows": report.rows,
        "outcomes": {outcome.value: count for outcome, count in sorted(report.outcomes.items())},
        "held_count": report.held_count,
        "held": [
            {"line": row.line, "faults": [{"path": f.path, "rule": f.rule} for f in row.faults]}
            for row in report.held
        ],
        "warnings": dict(sorted(report.warnings.items())), "waiting": report.waiting, "proposals": report.proposals,
    }  # fmt: skip


def print_load(report: LoadReport, most: int = 10) -> None:
    """A load's report for people."""
    counts = ", ".join(f"{count} {label(outcome.value)}" for outcome, count in sorted(report.outcomes.items()))
    click.echo(
        f"{report.file} ({report.channel}): {report.rows} rows read, {report.held_count} held back{'; ' if counts else ''}{counts}"
    )
    if report.waiting or report.proposals:
        click.echo(f"  {report.waiting} possible matches and {report.proposals} changed values wait for a person")
    for row in report.held[:most]:
        for fault in row.faults:
            click.echo(f"  {report.file}, line {row.line}: {fault.path} {fault.rule} ({rule_text(fault.rule)})")
    if report.held_count > most:
        click.echo(f"  … and {report.held_count - most} more rows; --held FILE writes all of them")
