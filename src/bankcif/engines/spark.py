"""
A cluster: Spark joins the blocks, and its executors compare the pairs with the same functions, in Arrow batches.

A record travels as its number and its lanes in 200 bytes. Of each blocking rule the records are keyed, the sizes of blocks
counted, blocks above the cap keyed anew under narrower keys, and the rest brought together by key and compared where they
are. Only pairs come back: two row numbers, a pattern of levels, the rules they met under.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, reduce
from os import cpu_count
from shutil import which
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from .._extras import need
from ..errors import ConfigurationError
from ..matching import BlockingRule, Lane, Lanes, MatchModel
from .blocks import FEW_PAIRS, BlockReport, Blocks, Capped
from .engine import Progress, silent
from .pairs import Pairs

__all__ = ["SparkEngine"]

_BYTES = 8 * len(Lane)
_SLICE = 1 << 20  # Spark takes no more than 2 GB in one piece
_KEYED = "key long, entry long, lanes binary"
_COMPARED = "left long, right long, pattern int, met int"


@attrs.frozen(kw_only=True)
class SparkEngine:
    """
    Joins and compares on Spark.

    Attributes:
        master: Where Spark runs, such as ``local[2]`` or ``yarn``; a session that runs in this process already is taken.
        most_records: The cap: a block of more records meets under narrower keys.
        most_pairs: Pairs for each record under one rule; see `LocalEngine`.
        batch: How many pairs are compared at once.
        settings: Settings of Spark, such as ``spark.executor.memory``.
    """

    master: str = "local[*]"
    most_records: int = 100
    most_pairs: int = 4
    batch: int = 16_384
    settings: Mapping[str, str] = attrs.field(factory=dict)

    def pairs(
        self, lanes: Lanes, model: MatchModel, progress: Progress = silent, *, capped: Sequence[Capped] | None = None,
        since: int = 0,
    ) -> Pairs:  # fmt: skip
        """
        See `Engine`.

        Raises:
            MissingExtraError: PySpark is not installed.
            ConfigurationError: Spark does not start, for want of Java or of its master, or it fails.
        """
        pa = need("pyarrow", extra="spark")
        need("pyspark.sql", extra="spark")
        need("pandas", extra="spark")  # PySpark asks for it before it runs anything in Arrow batches
        with _told():
            session = self.session()
        with _told():
            parts = [_binary(pa, lanes[at : at + _SLICE]) for at in range(0, max(len(lanes), 1), _SLICE)]
            table = pa.table({"row": np.arange(len(lanes)), "lanes": pa.chunked_array(parts)})
            records = session.createDataFrame(table).persist()
            held = [records]
            try:
                return self._joined(session, held, len(lanes), model, progress, capped, since)
            finally:
                for frame in held:
                    frame.unpersist()

    def session(self) -> Any:
        """The session it works in: that of this process if there is one already."""
        sql = need("pyspark.sql", extra="spark")
        running = sql.SparkSession.getActiveSession()
        if running is not None:
            return running
        builder = sql.SparkSession.builder.appName("bankcif").master(self.master)
        # Nothing of a page or a progress bar that nobody asked for.
        defaults = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
        if self.master.startswith("local"):
            # Spark's own default is 200 parts, made for clusters: each costs more here than what is in it.
            defaults["spark.sql.shuffle.partitions"] = str(2 * (cpu_count() or 1))
        for name, value in {**defaults, **self.settings}.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        if self.master.startswith("local"):
            # Workers on this machine run this interpreter; on a cluster it is PYSPARK_PYTHON that says which.
            session.sparkContext.pythonExec = sys.executable
        return session

    def _joined(
        self, session: Any, held: list[Any], count: int, model: MatchModel, progress: Progress,
        capped: Sequence[Capped] | None, since: int,
    ) -> Pairs:  # fmt: skip
        document = model.to_document()
        found: list[Any] = []
        reports: list[BlockReport] = []
        told: list[Capped] = []
        for number, rule in enumerate(model.blocking):
            progress("compare", number / len(model.blocking))
            join = _Join(
                session, rule, count=max(count, 1), budget=max(self.most_pairs * count, FEW_PAIRS),
                most_records=self.most_records, most_pairs=self.most_pairs, since=since,
            )  # fmt: skip
            blocks, report, keys = join.run(held, None if capped is None else capped[number])
            found += [
                part.repartition("key").sortWithinPartitions("key", "entry")
                .mapInArrow(
                    _Comparing(document=document, rule=number, count=max(count, 1), since=since, batch=self.batch), _COMPARED
                )
                for part in blocks
            ]  # fmt: skip
            reports.append(report)
            told.append(keys)
        # Who shares two keys was compared under both, wherever that was; the driver keeps one.
        again = np.ones(count, np.bool_)
        if not found:
            return Pairs.joined([], reports, told, again)
        table = reduce(lambda one, other: one.unionByName(other), found).toArrow()
        part = Pairs(
            left=table["left"].to_numpy().astype(np.uint32), right=table["right"].to_numpy().astype(np.uint32),
            met=table["met"].to_numpy().astype(np.uint16), patterns=table["pattern"].to_numpy().astype(np.int32),
        )  # fmt: skip
        return Pairs.joined([part], reports, told, again)


class _Join:
    """The blocks of one rule."""

    def __init__(
        self,
        session: Any,
        rule: BlockingRule,
        *,
        count: int,
        budget: int,
        most_records: int,
        most_pairs: int,
        since: int,
    ) -> None:
        self._session, self._rule, self._count, self._budget = session, rule, count, budget
        self._most_records, self._most_pairs, self._since = most_records, most_pairs, since

    def run(self, held: list[Any], capped: Capped | None) -> tuple[list[Any], BlockReport, Capped]:
        """
        Records to be compared, keyed by block, for each level of narrowing; what became of the rule; what was too large. Of *held*
        the first are the records; what is kept until all is compared is added.
        """
        records = held[0]
        parts: list[Any] = []
        told: list[NDArray[np.uint64]] = []
        largest = narrowed = too_large = left_out = pairs = 0
        keyed = records.mapInArrow(partial(_keyed, rule=self._rule, count=self._count), _KEYED)
        if self._since:
            reached = keyed.where(f"entry % {self._count} >= {self._since}").select("key").distinct()
            keyed = keyed.join(reached, "key", "left_semi")
        keyed = keyed.persist()
        held.append(keyed)
        for level in range(len(self._rule.narrower) + 1):
            sizes = keyed.groupBy("key").count().where("count > 1").persist()
            held.append(sizes)
            histogram = {
                row["count"]: row["n"]
                for row in sizes.groupBy("count").agg({"key": "count"}).toDF("count", "n").collect()
            }
            largest = largest or max(histogram, default=0)
            given = None if capped is None else capped[level] if level < len(capped) else np.zeros(0, np.uint64)
            large, counts = self._large(sizes, histogram, given)
            told.append(np.sort(large.view(np.uint64)))
            pairs += sum(times * size * (size - 1) // 2 for size, times in histogram.items())
            pairs -= int((counts * (counts - 1) // 2).sum())
            apart = self._session.createDataFrame(_key_table(large))
            parts.append(keyed.join(sizes.join(apart, "key", "left_anti").select("key"), "key", "left_semi"))
            if not large.size:
                break
            if level == len(self._rule.narrower):
                too_large += large.size
                left_out += int(counts.sum())
                break
            narrowed += large.size
            keyed = (
                keyed.join(apart, "key", "left_semi")
                .mapInArrow(partial(_narrowed, rule=self._rule, count=self._count, level=level + 1), _KEYED)
                .persist()
            )
            held.append(keyed)
            left_out += int(counts.sum()) - keyed.count()
        report = BlockReport(
            rule=self._rule.name, pairs=pairs, largest=largest, narrowed=narrowed, capped=too_large, left_out=left_out
        )
        return parts, report, tuple(told)

    def _large(
        self, sizes: Any, histogram: Mapping[int, int], given: NDArray[np.uint64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Keys of blocks that are not compared whole, and how many records each has."""
        if given is not None:
            wanted = self._session.createDataFrame(_key_table(given.view(np.int64)))
            return _keys(sizes.join(wanted, "key", "left_semi"))
        limit = self._most_records
        kept = sum(times * size * (size - 1) // 2 for size, times in histogram.items() if size <= limit)
        if kept > self._budget:
            limit = 2 * self._most_pairs + 1
        if max(histogram, default=0) <= limit:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return _keys(sizes.where(f"count > {limit}"))


def _keys(frame: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = frame.select("key", "count").toArrow()
    return table["key"].to_numpy().astype(np.int64), table["count"].to_numpy().astype(np.int64)


def _key_table(keys: NDArray[np.int64]) -> Any:
    pa = need("pyarrow", extra="spark")
    return pa.table({"key": pa.array(keys, pa.int64())})


def _binary(pa: Any, lanes: Lanes) -> Any:
    """Records as Arrow binary values, a row each."""
    data = np.ascontiguousarray(lanes, np.uint64)
    offsets = np.arange(0, (len(lanes) + 1) * _BYTES, _BYTES, dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_binary(), len(lanes), buffers)


def _lanes(column: Any) -> Lanes:
    """The reverse of `_binary`."""
    return np.frombuffer(b"".join(column.to_pylist()), np.uint64).reshape(len(column), len(Lane))


def _batch(pa: Any, keys: NDArray[np.uint64], entries: NDArray[np.int64], lanes: Lanes) -> Any:
    return pa.RecordBatch.from_pydict({
        "key": pa.array(keys.view(np.int64)), "entry": pa.array(entries, pa.int64()),
        "lanes": _binary(pa, lanes).cast(pa.binary()),
    })  # fmt: skip


def _keyed(batches: Iterator[Any], *, rule: BlockingRule, count: int) -> Iterator[Any]:
    """Every record once for each key that it has, with the number of its entry (see `Blocks`)."""
    pa = need("pyarrow", extra="spark")
    for batch in batches:
        rows, lanes = batch.column("row").to_numpy(), _lanes(batch.column("lanes"))
        for place, keys in enumerate(rule.keys(lanes)):
            has = keys != 0
            if has.any():
                yield _batch(pa, keys[has], rows[has] + place * count, lanes[has])


def _narrowed(batches: Iterator[Any], *, rule: BlockingRule, count: int, level: int) -> Iterator[Any]:
    """The entries of large blocks under the key with one part more; who lacks the part is left out."""
    pa = need("pyarrow", extra="spark")
    for batch in batches:
        entries, lanes = batch.column("entry").to_numpy(), _lanes(batch.column("lanes"))
        keys = rule.keys(lanes, level)[entries // count, np.arange(len(entries))]
        has = keys != 0
        if has.any():
            yield _batch(pa, keys[has], entries[has], lanes[has])


@attrs.frozen(kw_only=True)
class _Comparing:
    """Compares the pairs of whole blocks on an executor; entries come ordered by key, and a block may go on in the next batch."""

    document: Mapping[str, Any]
    rule: int
    count: int
    since: int
    batch: int

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        model = MatchModel.from_document(self.document)
        for keys, entries, lanes in _whole_blocks(batches):
            yield from self._pairs(model, keys, entries, lanes)

    def _pairs(
        self, model: MatchModel, keys: NDArray[np.int64], entries: NDArray[np.int64], lanes: Lanes
    ) -> Iterator[Any]:
        """The compared pairs of some blocks, by the local engine's own: records are numbered among themselves meanwhile."""
        from ..matching.kernels.meeting import Meeting, pairs_within

        pa = need("pyarrow", extra="spark")
        place, row = np.divmod(entries, self.count)
        rows, first, local = np.unique(row, return_index=True, return_inverse=True)
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        # Other blocks are elsewhere: whom these records met there is not known here.
        whole = np.zeros(len(rows), np.uint16)
        blocks = Blocks(
            runs=[((place * len(rows) + local).astype(np.uint32), np.append(starts, len(keys)))], whole=whole != 0, capped=(),
            report=BlockReport(rule=""),
        )  # fmt: skip
        meeting, some = Meeting.of(model.blocking), lanes[first]
        for piece in blocks.pieces(self.batch):
            left, right, met = pairs_within(
                meeting, self.rule, *piece, count=len(rows), since=int(np.searchsorted(rows, self.since)), lanes=some,
                whole=whole,
            )  # fmt: skip
            if len(left):
                yield pa.RecordBatch.from_pydict({
                    "left": pa.array(rows[left], pa.int64()), "right": pa.array(rows[right], pa.int64()),
                    "pattern": pa.array(model.patterns_of(some, left, right)), "met": pa.array(met.astype(np.int32)),
                })  # fmt: skip


def _whole_blocks(batches: Iterator[Any]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Lanes]]:
    keys, entries = np.zeros(0, np.int64), np.zeros(0, np.int64)
    lanes: Lanes = np.zeros((0, len(Lane)), np.uint64)
    for one in batches:
        keys = np.concatenate((keys, one.column("key").to_numpy()))
        entries = np.concatenate((entries, one.column("entry").to_numpy()))
        lanes = np.concatenate((lanes, _lanes(one.column("lanes"))))
        end = int(np.searchsorted(keys, keys[-1])) if len(keys) else 0
        if end:
            yield keys[:end], entries[:end], lanes[:end]
            keys, entries, lanes = keys[end:], entries[end:], lanes[end:]
    if len(keys):
        yield keys, entries, lanes


@contextmanager
def _told() -> Iterator[None]:
    """Says in a sentence what Spark says in pages."""
    errors, bridge = need("pyspark.errors", extra="spark"), need("py4j.protocol", extra="spark")
    problem = ""
    try:
        yield
    except errors.PySparkException as error:
        name = error.getCondition() if hasattr(error, "getCondition") else ""
        if name == "JAVA_GATEWAY_EXITED" and which("java") is None:
            problem = "Java is missing; install Java 17 or newer and set JAVA_HOME"
        elif name == "JAVA_GATEWAY_EXITED":
            problem = "it did not start; check its master, and that Java is 17 or newer; its own log says more"
        else:
            problem = f"it failed ({type(error).__name__}{': ' + name if name else ''}); its own log says more"
    except bridge.Py4JError as error:
        problem = f"it failed ({type(error).__name__}); its own log says more"
    except FileNotFoundError:
        problem = "it can not be run; is Java 17 or newer installed, and JAVA_HOME set?"
    except OSError as error:
        problem = f"the connection to it broke, or the disk is full ({type(error).__name__})"
    if problem:
        raise ConfigurationError(f"Spark does not do this: {problem}", rule="spark")
