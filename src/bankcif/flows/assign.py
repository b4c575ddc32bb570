"""
Assigning tags over a snapshot: which definitions of a catalogue hold of whom, on one machine with Polars or on a cluster with Spark, by the same rules in the same
engine-neutral form.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import attrs

from .._extras import need
from ..analytics import KEY, Snapshot, manifest_of, need_exact
from ..rules import Inputs, Kind, Needs, inputs
from ..tagging import Catalogue, Evaluator

__all__ = ["Inputs", "assign", "assign_on_spark", "inputs_of"]

_DATES = frozenset({Kind.DATE.value, Kind.INSTANT.value})


def inputs_of(catalogue: Catalogue) -> Inputs:
    """What is to be extracted, so that every rule of *catalogue* can be asked of the snapshot."""
    read = reduce(or_, (catalogue.needs(name) for name in catalogue.order), Needs())
    return attrs.evolve(inputs(read, catalogue.schema), tags=())  # they are what comes out


def assign(snapshot: Snapshot, catalogue: Catalogue) -> Any:
    """
    Which definitions of *catalogue* hold of the customers of *snapshot* on its day, of whom nothing was said by hand: a Polars data frame of `KEY` and a truth
    value for each.

    Raises:
        InputError: A column is missing that a rule reads, or is not shown as it is.
    """
    pl = need("polars", extra="bulk")
    snapshot.need(inputs_of(catalogue))
    frames = {name: pl.from_arrow(snapshot.resting(name)).lazy() for name in ("", *snapshot.rows)}
    own = frames.pop("")
    return Evaluator(catalogue).in_columns(own, key=KEY, today=snapshot.as_of, collections=frames).collect().sort(KEY)


def assign_on_spark(session: Any, folder: Path | str, catalogue: Catalogue) -> Any:
    """
    As `assign`, of the snapshot that was written to *folder*, which every executor must be able to read: a Spark data frame, of which nothing is computed yet.

    Args:
        session: A Spark session.
        folder: Where the snapshot is.
        catalogue: The rules.

    Raises:
        FileError: There is no snapshot.
        InputError: A column is missing that a rule reads, or is not shown as it is.
    """
    from datetime import date

    home = Path(folder)
    said = manifest_of(home)
    need_exact(inputs_of(catalogue), {name: one["shown"] for name, one in said["columns"].items()})
    kinds = {name: one["kind"] for name, one in said["columns"].items()}
    own = _spark_frame(session, home / "customers", kinds, "")
    rows = {name: _spark_frame(session, home / name, kinds, f"{name}.") for name in said["rows"]}
    today = date.fromisoformat(said["as_of"])
    return Evaluator(catalogue).in_columns(own, key=KEY, today=today, collections=rows)


def _spark_frame(session: Any, folder: Path, kinds: dict[str, str], prefix: str) -> Any:
    """The Parquet files of a table, with days as whole numbers since 1970-01-01, as rules compare them."""
    functions = need("pyspark.sql.functions", extra="spark")
    frame = session.read.parquet(str(folder))
    for name in frame.columns:
        if kinds.get(prefix + name) in _DATES:
            frame = frame.withColumn(name, functions.unix_date(frame[name]).cast("long"))
    return frame
