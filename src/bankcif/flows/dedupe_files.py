"""What cleaning a file of duplicates writes: which cluster each row is in, and the pairs with what they could be instead."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._extras import need
from ..errors import FileError
from .dedupe import Deduped

__all__ = ["cluster_table", "pair_table", "write_tables"]


def cluster_table(found: Deduped) -> Any:
    """
    Row key, ``cluster_id`` (all links) and ``automatic_cluster_id`` (those that the link policy makes by itself).

    A cluster is called by the row key of its first row: it keeps its name while that row is in it, when it grows, when it
    loses others, and in every later run over the same rows in the same order.
    """
    pa = need("pyarrow", extra="columns")
    keys = found.reading.keys.combine_chunks()
    return pa.table(
        {
            "row_key": keys,
            "cluster_id": keys.take(pa.array(found.clusters.founder)),
            "automatic_cluster_id": keys.take(pa.array(found.automatic.founder)),
        }
    )


def pair_table(found: Deduped) -> Any:
    """
    The pairs that tell something: row keys, weight, what became of them, what each could be instead, and every comparison's level;
    heaviest first. Holds row keys and levels, no values.
    """
    pa = need("pyarrow", extra="columns")
    edges, model = found.edges, found.model
    order = np.lexsort((edges.right, edges.left, -edges.weight_millibits))
    keys = found.reading.keys.combine_chunks()
    distinct, inverse = np.unique(edges.patterns, return_inverse=True)
    levels = model.levels_of(distinct)
    counted = model.counted(levels)
    odds = np.vstack([np.ones((1, len(distinct))), model.odds(counted)])
    names = ["unrelated", *(alternative.name for alternative in model.alternatives)]
    columns = {
        "left_key": keys.take(pa.array(edges.left[order])),
        "right_key": keys.take(pa.array(edges.right[order])),
        "weight_bits": pa.array(edges.weight_millibits[order] / 1000),
        "outcome": _words(_OUTCOMES, _outcomes(found)[order]),
        "instead": _words(names, odds.argmax(axis=0)[inverse][order]),
    }
    for comparison in model.comparisons:
        columns[comparison.name] = _words(comparison.labels, levels[comparison.name][inverse][order])
    return pa.table(columns)


_OUTCOMES = ("possible", "likely", "automatic", "contradicted", "cut")


def _outcomes(found: Deduped) -> NDArray[np.int64]:
    edges = found.edges
    outcome = np.where(edges.automatic, 2, np.where(found.links, 1, 0))
    outcome[edges.contradicted] = 3
    outcome[np.flatnonzero(found.links)[found.clusters.cut]] = 4
    return outcome


def _words(words: Any, numbers: NDArray[Any]) -> Any:
    pa = need("pyarrow", extra="columns")
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int8)), pa.array(list(words)))


def write_tables(tables: dict[Path, Callable[[], Any]]) -> None:
    """
    Writes each table to its file, Parquet or CSV by its suffix; all of them whole, or none.

    Raises:
        FileError: A file can not be written; nothing is left of any.
    """
    parts: dict[Path, Path] = {}
    failed: Path | None = None
    try:
        for path, make in tables.items():
            parts[path] = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
            try:
                _write(parts[path], make(), csv=path.suffix.lower() == ".csv")
            except OSError:
                failed = path
                break
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


def _write(path: Path, table: Any, *, csv: bool) -> None:
    if not csv:
        import pyarrow.parquet as pq

        pq.write_table(table, path)
        return
    pa = need("pyarrow", extra="columns")
    import pyarrow.csv as pc

    plain = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    schema = pa.schema([pa.field(name, kind) for name, kind in zip(table.column_names, plain, strict=True)])
    pc.write_csv(table.cast(schema), path)
