"""
Cleaning a file of duplicates: read -> standardize -> block -> compare -> cluster -> write, beside any store.

The rows are standardized and compared by what registers a customer; nothing is stored but the result.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from .._clock import Clock, IdSource, SystemClock
from .._extras import need
from ..engines import BlockReport, Edges, LocalEngine, Pairs, weigh
from ..errors import FileError, TrainingError
from ..identifiers import ResidentId, Texts, standard_schemes
from ..intake import Batch, FileMap, Standardizer, open_columns
from ..matching import (
    Clusters,
    ColumnReader,
    Evaluation,
    Features,
    Lane,
    Lanes,
    LinkPolicy,
    MatchModel,
    cluster,
    default_model,
    evaluate,
    features_of,
)
from ..matching.features import NATIONAL
from ..party import PartyKind, ReferenceTables
from ..wording import AddressBook, is_placeholder
from .train import train_model

__all__ = ["Deduped", "Reading", "column_reader", "dedupe", "read_lanes"]

Progress = Callable[[str, float], None]


def _silent(what: str, share: float) -> None:
    """Tells nobody."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Reading:
    """
    The rows of all inputs.

    Attributes:
        lanes: Their numbers.
        keys: Their row keys, an Arrow array of texts.
        truth: Their party in truth as numbers, if a column says it.
        kind: Their party kind.
    """

    lanes: Lanes
    keys: Any
    truth: NDArray[np.int64] | None
    kind: PartyKind

    def default_model(self) -> MatchModel:
        """The model that ships for such rows, with the prior of so many."""
        named = self.lanes[:, Lane.NAME] != 0
        han = (self.lanes[:, Lane.FLAGS] & np.uint64(4)) != 0
        latin = 2 * int((named & han).sum()) < int(named.sum())
        return default_model(self.kind, latin=latin).for_records(len(self.lanes))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Deduped:
    """
    What a run found.

    Attributes:
        reading: The rows.
        model: What weighed the pairs.
        learned: Whether it was learned from these rows.
        remarks: What was not learned and why.
        pairs: All pairs that were compared.
        edges: Those that tell something.
        links: Of them, which link: by the policy, or since they weigh as much as the model asks of a link.
        clusters, automatic: The clusters of all links, and of those that the policy makes by itself.
    """

    reading: Reading
    model: MatchModel
    learned: bool
    remarks: tuple[str, ...]
    pairs: Pairs
    edges: Edges
    links: NDArray[np.bool_]
    clusters: Clusters
    automatic: Clusters

    @property
    def reports(self) -> tuple[BlockReport, ...]:
        """What became of each blocking rule."""
        return self.pairs.reports

    def evaluations(self) -> dict[str, Evaluation]:
        """Against the truth, if there is one: of all links, and of those that the policy makes by itself."""
        truth = self.reading.truth
        if truth is None:
            return {}
        return {
            "links": evaluate(self.clusters.founder, truth),
            "automatic": evaluate(self.automatic.founder, truth),
        }


def dedupe(
    reading: Reading, *, model: MatchModel | None = None, learn: bool = True, policy: LinkPolicy | None = None,
    engine: LocalEngine | None = None, ids: IdSource | None = None, progress: Progress = _silent,
) -> Deduped:  # fmt: skip
    """
    Which rows of a file are one party.

    Args:
        reading: The rows; see `read_lanes`.
        model: What weighs them; without one, the one that ships for their kind is taken, with the prior of so many rows.
        learn: Whether a model that was not given learns from the rows; one that can not says why in `Deduped.remarks`.
        policy: What links by itself.
        engine: Who joins and compares.
        ids: What is random in learning.
        progress: Told what is being done and how far it is.
    """
    policy, engine = policy or LinkPolicy(), engine or LocalEngine()
    start = model or reading.default_model()
    pairs = engine.pairs(reading.lanes, start, progress)
    learned: MatchModel = start
    remarks: tuple[str, ...] = ()
    if model is None and learn:
        learned, remarks = _learned(reading, start, pairs, ids, progress)
    progress("link", 0.0)
    edges = weigh(pairs, reading.lanes, learned, policy)
    heavy = edges.weight_millibits >= learned.link_millibits
    links = edges.automatic | heavy

    def clusters_of(which: NDArray[np.bool_], apart: NDArray[np.bool_]) -> Clusters:
        # A link by rule is stronger than any by weight.
        strength = edges.weight_millibits + edges.automatic * 1_000_000
        forbidden = zip(edges.left[apart].tolist(), edges.right[apart].tolist(), strict=True)
        return cluster(reading.lanes, edges.left[which], edges.right[which], strength[which], forbidden)

    return Deduped(
        reading=reading, model=learned, learned=learned is not start, remarks=remarks, pairs=pairs, edges=edges, links=links,
        # What contradicts itself and yet weighs enough is a slip more likely than somebody else.
        clusters=clusters_of(links, edges.contradicted & ~heavy),
        automatic=clusters_of(edges.automatic, edges.contradicted),
    )  # fmt: skip


def _learned(
    reading: Reading, start: MatchModel, pairs: Pairs, ids: IdSource | None, progress: Progress
) -> tuple[MatchModel, tuple[str, ...]]:
    """The model learned from these rows, or *start* and the reason."""
    version = f"{start.version}+file"
    try:
        trained = train_model(reading.lanes, start, version=version, pairs=pairs, ids=ids, progress=progress)
    except TrainingError as error:
        return start, (str(error),)
    return trained.model, trained.remarks


def read_lanes(
    paths: Sequence[Path], file_map: FileMap | None = None, *, truth: str = "", kind: PartyKind = PartyKind.INDIVIDUAL,
    policy: LinkPolicy | None = None, tables: ReferenceTables | None = None, clock: Clock | None = None,
    progress: Progress = _silent,
) -> Reading:  # fmt: skip
    """
    Reads and standardizes the rows of files.

    Args:
        paths: Parquet files, or text with a header line.
        file_map: Which columns are what; guessed from their names by default.
        truth: A column that says which rows are one party, to measure by; never compared.
        kind: Party kind, where no map says it.
        policy: Says which schemes identify.
        tables, clock: Reference tables, and what day it is.

    Raises:
        FileError: A file can not be read, lacks a column, holds nothing to compare, or a row key twice.
        MappingError: No column is known.
    """
    pa = need("pyarrow", extra="columns")
    pc = need("pyarrow.compute", extra="columns")
    policy = policy or LinkPolicy()
    lanes: list[Lanes] = []
    keys: list[Any] = []
    truths: list[Any] = []
    number = 0
    reader: ColumnReader | None = None
    for path in paths:
        columns = open_columns(path)
        of_file = file_map or FileMap.guessed(columns.header, path, kind)
        reader = reader or column_reader(of_file.kind, policy=policy, tables=tables, clock=clock)
        wanted = [*of_file.names, *([truth] if truth and truth not in of_file.names else [])]
        for batch in columns.batches(wanted):
            lanes.append(reader.lanes(dict(_texts(batch, of_file))))
            keys.append(batch.column(of_file.key) if of_file.key else _numbered(number, len(batch)))
            truths += [batch.column(truth)] if truth else []
            number += len(batch)
            progress("read", 0.0)
    if not number:
        raise FileError(f"{paths[0]} has no rows", path=str(paths[0]), rule="no_rows")
    all_keys = pa.chunked_array(keys)
    _check_keys(paths, all_keys, pc)
    every = np.concatenate(lanes)
    if not every[:, [Lane.NAME, Lane.ID, Lane.DOCUMENT, Lane.PHONE, Lane.EMAIL]].any():
        raise FileError(
            f"no row of {paths[0]} holds a name, a number, a phone or an e-mail address that can be read; "
            "say with --map which column is what",
            path=str(paths[0]), rule="no_usable_column",
        )  # fmt: skip
    return Reading(
        lanes=every, keys=all_keys, kind=of_file.kind,
        truth=_as_numbers(pa.chunked_array(truths)) if truth else None,
    )  # fmt: skip


def _numbered(first: int, count: int) -> Any:
    pa = need("pyarrow", extra="columns")
    return pa.array([str(number) for number in range(first + 1, first + count + 1)], pa.large_string())


def _as_numbers(column: Any) -> NDArray[np.int64]:
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "chunks"):
        encoded = encoded.combine_chunks()
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    # A row without a truth is a party of its own.
    missing = np.flatnonzero(indices < 0)
    indices[missing] = len(encoded.dictionary) + np.arange(len(missing))
    return np.asarray(indices, np.int64)


def _check_keys(paths: Sequence[Path], keys: Any, pc: Any) -> None:
    if keys.null_count:
        raise FileError(
            f"{keys.null_count} rows of {paths[0]} have no row key; give every row one, or a map without key",
            path=str(paths[0]), rule="row_key_missing",
        )  # fmt: skip
    twice = len(keys) - pc.count_distinct(keys).as_py()
    if twice:
        raise FileError(
            f"{twice} row keys of {paths[0] if len(paths) == 1 else 'the files'} stand there more than once; make them unique, "
            "or use a map without key",
            path=str(paths[0]), rule="row_key_twice",
        )  # fmt: skip


def _texts(batch: Batch, file_map: FileMap) -> Iterator[tuple[str, Texts]]:
    pa, pc = need("pyarrow", extra="columns"), need("pyarrow.compute", extra="columns")
    for target, names in file_map.columns.items():
        column = batch.column(names[0])
        if len(names) > 1:
            space = pa.scalar(" ", pa.large_string())
            parts = [pc.fill_null(batch.column(name), "") for name in names]
            column = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*parts, space))
        yield target, Texts.of(column)


def column_reader(
    kind: PartyKind,
    *,
    policy: LinkPolicy | None = None,
    tables: ReferenceTables | None = None,
    clock: Clock | None = None,
) -> ColumnReader:
    """
    Reads the columns of files as forms are read.

    Args:
        kind: Party kind of all rows.
        policy: Says which schemes identify.
        tables, clock: Reference tables, and what day it is.
    """
    policy, tables = policy or LinkPolicy(), tables or ReferenceTables()
    schemes = standard_schemes(clock=clock or SystemClock(), tables=tables)
    standardizer = Standardizer(schemes=schemes, addresses=AddressBook(tables.divisions), codes=tables.codes)
    resident_id = schemes[NATIONAL[PartyKind.INDIVIDUAL]]
    assert isinstance(resident_id, ResidentId), "the scheme of resident IDs is ours"

    def read(field: str, text: str) -> Features:
        if field == "region":
            return features_of(kind, {"region": text.strip()}, policy.identifying)
        if field == "national" or field.startswith("document."):
            return _numbered_features(kind, field, text, standardizer, policy)
        values: Mapping[str, Any] = standardizer.standardize(kind, {field: text}).values
        return features_of(kind, values, policy.identifying)

    return ColumnReader(kind, read, resident_id)


def _numbered_features(
    kind: PartyKind, field: str, text: str, standardizer: Standardizer, policy: LinkPolicy
) -> Features:
    """What a number alone comes to; one that breaks the rules of its scheme is only compared."""
    scheme = NATIONAL[kind] if field == "national" else field.removeprefix("document.")
    if scheme == "other":
        plain = "".join(c for c in text.upper() if c.isalnum())
        return features_of(
            kind, {"identifiers": [{"scheme": scheme, "number": plain}]} if plain else {}, policy.identifying
        )
    document = {"scheme": scheme, "number": text}
    values = standardizer.standardize(kind, {"identifiers": [document]}).values
    if values or field != "national" or is_placeholder(text, number=True):
        return features_of(kind, values, policy.identifying)
    typed = "".join(c for c in unicodedata.normalize("NFKC", text[:64]).upper() if c.isalnum() and c.isascii())
    return features_of(kind, {}, policy.identifying, mistyped=typed[:18])
