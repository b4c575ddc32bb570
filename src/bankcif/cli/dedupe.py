"""`bankcif dedupe`: cleans a file of duplicates, beside any store."""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import click
import numpy as np

from .._clock import SystemClock
from .._extras import need
from .._text import Language
from ..engines import LocalEngine, Progress, SparkEngine
from ..errors import ConfigurationError, FileError
from ..flows.dedupe import Deduped, dedupe as run_dedupe, dedupe_more
from ..flows.dedupe_files import cluster_tables, pair_tables, write_tables
from ..flows.file_rows import read_labels, read_lanes
from ..flows.link_state import LinkState, read_state, write_state
from ..intake import read_file_map
from ..matching import LinkPolicy, MatchModel, default_model, dependences, estimated_curve, from_splink, is_splink
from ..party import PartyKind
from ._output import emit, save
from ._process import Process

__all__ = ["dedupe"]

_FORMATS = (".parquet", ".csv")
_ARENA_MAX = -8
"""M_ARENA_MAX of mallopt(3). Source: malloc.h of the GNU C library."""


@click.command()
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Where row keys and clusters go: .parquet or .csv."
)
@click.option("--pairs", type=click.Path(path_type=Path), help="Where the pairs go; beside --out by default.")
@click.option(
    "--map",
    "map_",
    type=click.Path(path_type=Path),
    help="Which column is what (TOML); guessed from their names without.",
)
@click.option("--kind", type=click.Choice([kind.value for kind in PartyKind]), default=PartyKind.INDIVIDUAL.value, show_default=True,
              help="What the rows are, where no map says it.")  # fmt: skip
@click.option(
    "--model", "model_", type=click.Path(path_type=Path), help="A match model (JSON); learned from the file without."
)
@click.option(
    "--link-policy",
    "policy_",
    type=click.Path(path_type=Path),
    help="What links by itself (JSON); the library's without.",
)
@click.option("--save-model", type=click.Path(path_type=Path), help="Where the model that was used goes.")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="A folder that keeps what was linked: the next run links its rows to them.",
)
@click.option(
    "--report", type=click.Path(path_type=Path), help="Where a page with charts goes (HTML, opens without a network)."
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Language of the page.")
@click.option("--truth", default="", help="A column that says who is one party; to measure by, never compared.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Pairs that persons decided, to learn from: CSV of left_key, right_key, same (yes or no).",
)
@click.option("--no-training", is_flag=True, help="Take the model that ships with the library as it is.")
@click.option("--engine", type=click.Choice(["local", "spark"]), default="local", show_default=True,
              help="Who joins and compares.")  # fmt: skip
@click.option("--spark-master", default="local[*]", show_default=True, help="Where Spark runs, such as yarn.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def dedupe(
    inputs: tuple[Path, ...], out: Path, pairs: Path | None, map_: Path | None, kind: str, model_: Path | None, policy_: Path | None,
    save_model: Path | None, state: Path | None, report: Path | None, lang: Language, truth: str, labels: Path | None, no_training: bool, engine: str,
    spark_master: str, as_json: bool,
) -> int:  # fmt: skip
    """
    Find which rows of the INPUT files are one party, and write a cluster for each row key.

    INPUT is Parquet, or text with a header line. No store is touched.
    """
    pairs = pairs or out.with_name(f"{out.stem}.pairs{out.suffix}")
    for path in filter(None, (out, pairs, save_model, report)):
        if not path.parent.is_dir():
            raise FileError(f"the folder {path.parent} does not exist", path=str(path.parent), rule="unwritable")
        if path.resolve() in [one.resolve() for one in inputs]:
            raise click.UsageError(f"{path} is an input; name another file")
    for path in (out, pairs):
        if path.suffix.lower() not in _FORMATS:
            raise click.UsageError(f"{path} must end in {' or '.join(_FORMATS)}")
    given, unread = _read_model(model_, PartyKind(kind)) if model_ else (None, ())
    policy = LinkPolicy.from_document(_json(policy_, "link policy"), [given] if given else []) if policy_ else None
    file_map = read_file_map(map_) if map_ else None
    kept = read_state(state) if state and state.exists() else None
    if kept is not None and (given or truth or labels):
        raise click.UsageError("a link state has its model, and no truth: leave --model, --truth and --labels out")
    if labels and (given or no_training):
        raise click.UsageError("labels are to learn from: leave --model and --no-training out")
    chosen_engine = SparkEngine(master=spark_master) if engine == "spark" else LocalEngine()
    with _settled(), _bar(as_json) as bar:
        steps = _Steps(bar)
        steps("read", 0.0)
        chosen = kept.kind if kept else given.kind if given and not file_map else PartyKind(kind)
        with _without_blas():
            reading = read_lanes(inputs, file_map, truth=truth, kind=chosen, policy=policy, progress=steps)
        if given is not None and given.kind is not reading.kind:
            raise ConfigurationError(
                f"the model weighs an {given.kind.value}, the rows are of kind {reading.kind.value}", rule="match_model"
            )
        if kept is not None:
            found = dedupe_more(kept, reading, policy=policy, engine=chosen_engine, progress=steps)
        else:
            decided = read_labels(labels, reading) if labels else None
            found = run_dedupe(
                reading, model=given, learn=not no_training, policy=policy, labels=decided, engine=chosen_engine,
                progress=steps,
            )  # fmt: skip
        steps("write", 0.0)
        del reading
        if not (state or report):
            found = found.without_lanes()
        write_tables({out: lambda: cluster_tables(found), pairs: lambda: pair_tables(found)})
        if state:
            write_state(state, LinkState.of(found, policy))
        if save_model:
            save(save_model, json.dumps(found.model.to_document(), ensure_ascii=False, indent=1) + "\n")
        if report:
            from ._dedupe_report import report_page

            save(report, report_page(found, lang, SystemClock().now()))
    document = _document(found, steps.end(), given is not None, unread, [out, pairs])
    emit(as_json, document, lambda: _tell(document))
    return 0


@contextmanager
def _settled() -> Iterator[None]:
    """
    Tunes the process for one long computation: Arrow gives memory back, which it keeps for the next time by default; threads take
    theirs from one place, so that what one gave back another takes; and nobody looks for circles among the objects that are
    made. Whoever calls the command within a process of theirs finds it as it was.
    """
    pa = need("pyarrow", extra="columns")
    pool, collected = pa.default_memory_pool(), gc.isenabled()
    gc.disable()
    pa.set_memory_pool(pa.system_memory_pool())
    _most_arenas(1)
    try:
        yield
    finally:
        _most_arenas(0)
        pa.set_memory_pool(pool)
        if collected:
            gc.freeze()  # what was made meanwhile counts as old, or all of it would be gone through at once
            gc.enable()
            gc.unfreeze()


@contextmanager
def _without_blas() -> Iterator[None]:
    """
    Has the compiler, which is loaded within, look for no linear algebra: no kernel reckons with matrices, and SciPy's would take 25 MiB and a tenth of a
    second. The compiler remembers that there was none, so it is done in a process of the command's own alone.
    """
    hidden: dict[str, Any] = {"scipy.linalg.cython_blas": None}
    process = click.get_current_context().find_object(Process)
    if process is None or not process.own or hidden.keys() & sys.modules.keys():
        yield
        return
    sys.modules.update(hidden)
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def _most_arenas(count: int) -> None:
    """Among how many arenas glibc spreads the memory of threads; as many as it likes, if 0. Other libraries have no such thing."""
    tune = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if tune is not None:
        tune(_ARENA_MAX, count)


def _give_back() -> None:
    """Gives the system what glibc keeps of memory that one step freed, or it would stand beside what the next one needs."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _read_model(path: Path, kind: PartyKind) -> tuple[MatchModel, tuple[str, ...]]:
    """
    The model in *path*, ours or Splink's, and what of it could not be taken over.

    Raises:
        FileError: It can not be read.
        ConfigurationError: It is no model.
    """
    document = _json(path, "model")
    if is_splink(document):
        imported = from_splink(document, default_model(kind))
        return imported.model, imported.remarks
    return MatchModel.from_document(document), ()


def _json(path: Path, what: str) -> Any:
    """
    The JSON in *path*.

    Raises:
        FileError: It can not be read.
    """
    problem, document = "", None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = "does not exist"
    except (OSError, ValueError):
        problem = "is not JSON in UTF-8"
    if problem:
        raise FileError(f"the {what} {path} {problem}", path=str(path), rule="unreadable")
    return document


class _Steps:
    """Hears what is being done, tells the bar, and keeps the seconds of each step."""

    def __init__(self, bar: Progress) -> None:
        self._bar, self._step, self._started = bar, "", 0.0
        self._seconds: dict[str, float] = {}

    def __call__(self, what: str, share: float) -> None:
        if what != self._step:
            self.end()
            _give_back()
            self._step, self._started = what, time.perf_counter()
        self._bar(what, share)

    def end(self) -> dict[str, float]:
        """The seconds of each step; the last one ends here."""
        if self._step:
            self._seconds[self._step] = self._seconds.get(self._step, 0.0) + time.perf_counter() - self._started
        self._step = ""
        return {name: round(value, 3) for name, value in self._seconds.items()}


@contextmanager
def _bar(quiet: bool) -> Iterator[Progress]:
    """A bar on standard error, where that is a terminal and nobody asked for JSON."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True
    ) as bar:
        running = bar.add_task("read", total=1.0)

        def tell(what: str, share: float) -> None:
            bar.update(running, description=what, completed=share)

        yield tell


def _peak_mib() -> float:
    """The most memory that this process held, in MiB; what its parent held is no part of it where the system tells that."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    except (OSError, ValueError):
        pass
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _document(
    found: Deduped, seconds: dict[str, float], given: bool, unread: tuple[str, ...], files: list[Path]
) -> dict[str, Any]:
    founders = found.clusters.founder
    measures = found.evaluations()

    def measured(name: str) -> dict[str, float]:
        one = measures.get(name)
        return {} if one is None else {"precision": one.precision, "recall": one.recall, "f1": one.f1}

    return {
        "records": len(founders),
        "candidate_pairs": len(found.pairs),
        "links": int(found.links.sum()),
        "clusters": int((founders == np.arange(len(founders))).sum()),
        "possible": int((found.edges.possible & ~found.links).sum()),
        "contradicted": int(found.edges.contradicted.sum()),
        "cut": len(found.clusters.cut),
        "automatic": {
            "links": int(found.edges.automatic.sum()),
            "clusters": int((found.automatic.founder == np.arange(len(founders))).sum()),
            **measured("automatic"),
        },
        "blocks": [attrs.asdict(report) for report in found.reports],
        "estimated": _estimated(found),
        "dependences": [attrs.asdict(one) for one in dependences(found.model, *found.pairs.counted()[:3])[:5]],
        "model": {
            "version": found.model.version, "given": given, "learned_from_file": found.learned, "remarks": [*unread, *found.remarks],
        },
        "seconds": {**seconds, "total": round(sum(seconds.values()), 3)},
        "peak_memory_mib": _peak_mib(),
        "columns": {target: list(names) for target, names in found.reading.columns.items()},
        "files": [str(path) for path in files],
        **measured("links"),
    }  # fmt: skip


def _estimated(found: Deduped) -> dict[str, float]:
    """Precision and recall of all pairs that link, by what the weights say; of pairs, before clusters are cut."""
    patterns, _, counts, _ = found.pairs.counted()
    (at,) = estimated_curve(found.model.weights(patterns), [found.model.link_millibits], counts=counts)
    return {"precision": at.precision, "recall_of_compared": at.recall}


def _tell(document: dict[str, Any]) -> None:
    """The summary for people."""
    automatic, seconds = document["automatic"], document["seconds"]
    click.echo(
        f"{document['records']:,} rows are {document['clusters']:,} parties: {document['links']:,} links among "
        f"{document['candidate_pairs']:,} pairs compared; {document['possible']:,} more are possible matches"
    )
    click.echo(f"  by the link policy alone: {automatic['clusters']:,} parties, {automatic['links']:,} links")
    if document["cut"]:
        click.echo(f"  {document['cut']:,} links were cut: they would have joined rows that can not be one party")
    for block in document["blocks"]:
        if block["left_out"]:
            click.echo(
                f"  {block['left_out']:,} rows stood in blocks of rule {block['rule']} too large to compare; other rules saw them"
            )
    if "f1" in document:
        click.echo(
            f"  against the truth: precision {document['precision']:.4f}, recall {document['recall']:.4f}, F1 {document['f1']:.4f}"
        )
        click.echo(
            f"    by the link policy alone: precision {automatic['precision']:.4f}, recall {automatic['recall']:.4f}, F1 {automatic['f1']:.4f}"
        )
    read = "; ".join(f"{target} from {', '.join(names)}" for target, names in document["columns"].items())
    click.echo(f"  read: {read}")
    model = document["model"]
    origin = (
        "learned from these rows"
        if model["learned_from_file"]
        else "given"
        if model["given"]
        else "as it ships with the library"
    )
    click.echo(f"  model {model['version']}, {origin}")
    for remark in model["remarks"]:
        click.echo(f"    {remark}")
    steps = ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items() if name != "total")
    click.echo(f"  {seconds['total']:.1f} s ({steps}), {document['peak_memory_mib']:,.0f} MiB")
    click.echo(f"  written: {', '.join(document['files'])}")
