"""What cleaning a file of duplicates writes: which cluster each row is in, and the pairs with what they could be instead."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._columns import numbers, words
from .._extras import need
from ..engines import patterns_among, threads
from ..errors import FileError
from .dedupe import Deduped

__all__ = ["cluster_tables", "pair_tables", "write_tables"]

_ROWS = 1 << 17  # so many are put together at once; what is written does not stand in memory whole


def cluster_tables(found: Deduped) -> Iterator[Any]:
    """
    Row key, ``cluster_id`` (all links) and ``automatic_cluster_id`` (those that the link policy makes by itself), part by part.

    A cluster is called by the row key of its first row: it keeps its name while that row is in it, when it grows, when it
    loses others, and in every later run over the same rows in the same order.
    """
    pa = need("pyarrow", extra="columns")
    keys = found.reading.keys.combine_chunks()
    for start in range(0, max(len(keys), 1), _ROWS):
        part = slice(start, start + _ROWS)
        yield pa.table(
            {
                "row_key": keys[part],
                "cluster_id": keys.take(numbers(found.clusters.founder[part])),
                "automatic_cluster_id": keys.take(numbers(found.automatic.founder[part])),
            }
        )


def pair_tables(found: Deduped) -> Iterator[Any]:
    """
    The pairs that tell something, part by part: row keys, weight, what became of them, what each could be instead, and every
    comparison's level; heaviest first. Holds row keys and levels, no values.
    """
    pa = need("pyarrow", extra="columns")
    edges, model = found.edges, found.model
    keys = found.reading.keys.combine_chunks()
    names = ["unrelated", *(alternative.name for alternative in model.alternatives)]
    outcomes = _outcomes(found)
    distinct, place_of = patterns_among(edges.patterns, model)
    levels = model.levels_of(distinct)
    likeliest = np.vstack([np.ones((1, len(distinct))), model.odds(model.counted(levels))]).argmax(axis=0)
    every = np.argsort(-edges.weight_millibits, kind="stable")  # they are ordered by rows
    for start in range(0, max(len(every), 1), _ROWS):
        order = every[start : start + _ROWS]
        at = place_of(edges.patterns[order])
        columns = {
            "left_key": keys.take(numbers(edges.left[order])),
            "right_key": keys.take(numbers(edges.right[order])),
            "weight_bits": numbers(edges.weight_millibits[order] / 1000),
            "outcome": _named(_OUTCOMES, outcomes[order]),
            "instead": _named(names, likeliest[at]),
        }
        for comparison in model.comparisons:
            columns[comparison.name] = _named(comparison.labels, levels[comparison.name][at])
        yield pa.table(columns)


_OUTCOMES = ("possible", "likely", "automatic", "contradicted", "cut")


def _outcomes(found: Deduped) -> NDArray[np.int64]:
    edges = found.edges
    outcome = np.where(edges.automatic, 2, np.where(found.links, 1, 0))
    outcome[edges.contradicted] = 3
    outcome[np.flatnonzero(found.links)[found.clusters.cut]] = 4
    return outcome


def _named(names: Sequence[str], which: NDArray[Any]) -> Any:
    pa = need("pyarrow", extra="columns")
    return pa.DictionaryArray.from_arrays(numbers(which.astype(np.int8)), words(names))


def write_tables(tables: Mapping[Path, Callable[[], Iterator[Any]]]) -> None:
    """
    Writes each table to its file, Parquet or CSV by its suffix; all of them whole, or none.

    Raises:
        FileError: A file can not be written; nothing is left of any.
    """
    parts: dict[Path, Path] = {}
    failed: Path | None = None
    try:
        with threads(None) as pool:
            begun = {}
            for path, make in tables.items():
                parts[path] = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
                begun[path] = pool.submit(_write, parts[path], make, csv=path.suffix.lower() == ".csv")
            for path, one in begun.items():
                if isinstance(one.exception(), OSError):
                    failed = path
                    break
                one.result()
        failed = failed or next((path for path in parts if path.is_dir()), None)
        if failed is None:
            for path, part in parts.items():
                part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    if failed is not None:
        raise FileError(
            f"{failed} can not be written; check the folder, its permissions and the room on the disk, and start again",
            path=str(failed), rule="unwritable",
        )  # fmt: skip


def _write(path: Path, make: Callable[[], Iterator[Any]], *, csv: bool) -> None:
    tables = make()
    first = next(tables)
    if csv:
        first = _plain(first)
    with _writer(path, first.schema, csv) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(_plain(table) if csv else table)


def _writer(path: Path, schema: Any, csv: bool) -> Any:
    if csv:
        import pyarrow.csv as pc

        return pc.CSVWriter(path, schema)
    import pyarrow.parquet as pq

    # Keys are all different: a dictionary of them would be made and thrown away, and a least and a greatest help nobody.
    words = [field.name for field in schema if str(field.type).startswith("dictionary")]
    return pq.ParquetWriter(path, schema, use_dictionary=words, write_statistics=words)


def _plain(table: Any) -> Any:
    """Words instead of their numbers."""
    pa = need("pyarrow", extra="columns")
    fields = [
        pa.field(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type)
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
