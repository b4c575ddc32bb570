"""Reading rows for work over a whole file: read -> standardize."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from .._clock import Clock, SystemClock
from .._columns import numbers, words
from .._extras import need
from ..engines import Progress, silent, threads
from ..errors import FileError, MappingError
from ..identifiers import ResidentId, Texts, standard_schemes
from ..intake import Batch, Columns, FileMap, Standardizer, open_columns
from ..matching import ColumnReader, Features, Lane, Lanes, LinkPolicy, MatchModel, default_model, features_of
from ..matching.features import NATIONAL
from ..party import PartyKind, ReferenceTables
from ..wording import AddressBook, is_placeholder
from .train import Labels

__all__ = ["Reading", "check_keys", "column_reader", "read_labels", "read_lanes"]

_LONGEST_NUMBER = 64
_WAITING = 8  # batches that are standardized or wait for it


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Reading:
    """
    The rows of all inputs.

    Attributes:
        lanes: Their numbers.
        keys: Their row keys, an Arrow array of texts.
        truth: Their party in truth as numbers, if a column says it.
        kind: Their party kind.
        columns: Which columns of the first file were what.
    """

    lanes: Lanes
    keys: Any
    truth: NDArray[np.int64] | None
    kind: PartyKind
    columns: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)

    def default_model(self) -> MatchModel:
        """The model that ships for such rows, with the prior of so many."""
        named = self.lanes[:, Lane.NAME] != 0
        han = (self.lanes[:, Lane.FLAGS] & np.uint64(4)) != 0
        latin = 2 * int((named & han).sum()) < int(named.sum())
        return default_model(self.kind, latin=latin).for_records(len(self.lanes))


def read_lanes(
    paths: Sequence[Path], file_map: FileMap | None = None, *, truth: str = "", kind: PartyKind = PartyKind.INDIVIDUAL,
    policy: LinkPolicy | None = None, tables: ReferenceTables | None = None, clock: Clock | None = None,
    workers: int | None = None, progress: Progress = silent,
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
        workers: How many threads standardize; as many as the machine has processors, if None.
        progress: Told what is being done.

    Raises:
        FileError: A file can not be read, lacks a column, holds nothing to compare, or a row key twice.
        MappingError: No column is known.
    """
    pa = need("pyarrow", extra="columns")
    files = [open_columns(path) for path in paths]
    maps = tuple(file_map or FileMap.guessed(file.header, file.path, kind) for file in files)
    wanted = {t.removeprefix("document.") for one in maps for t in one.columns if t.startswith("document.")} - {"other"}
    if wanted and (unknown := sorted(scheme for scheme in wanted if scheme not in standard_schemes(tables=tables))):
        raise MappingError(f"there is no scheme {unknown[0]}; without one, say document.other", rule="map")
    reader = column_reader(maps[0].kind, policy=policy, tables=tables, clock=clock)
    batches = _batches(files, maps, truth, reader, workers, progress)
    if not batches:
        raise FileError(f"{paths[0]} has no rows", path=str(paths[0]), rule="no_rows")
    keys, told = [batch.key for batch in batches], [batch.truth for batch in batches]
    hashes = [batch.hashes.result() for batch in batches if batch.hashes]
    lanes = _stacked(batches)
    if not any(lanes[:, lane].any() for lane in (Lane.NAME, Lane.ID, Lane.DOCUMENT, Lane.PHONE, Lane.EMAIL)):
        raise FileError(
            f"no row of {paths[0]} holds a name, a number, a phone or an e-mail address that can be read; "
            "say with --map which column is what",
            path=str(paths[0]), rule="no_usable_column",
        )  # fmt: skip
    if any(key is None for key in keys):
        row_keys = pa.chunked_array([_numbered(len(lanes))])
    else:
        row_keys = pa.chunked_array([pa.concat_arrays(keys)])
        if row_keys.null_count or _twice(np.concatenate(hashes)):
            check_keys(row_keys, str(paths[0]) if len(paths) == 1 else "the files")
    return Reading(
        lanes=lanes, keys=row_keys, kind=maps[0].kind, columns=maps[0].columns,
        truth=_as_numbers(pa.chunked_array(told)) if truth else None,
    )  # fmt: skip


@attrs.frozen(kw_only=True)
class _Batch:
    """Some rows: their numbers and the hashes of their keys, both being computed; their keys and truth."""

    lanes: Future[Lanes]
    hashes: Future[NDArray[np.uint64]] | None
    key: Any
    truth: Any


def _batches(
    files: Sequence[Columns], maps: Sequence[FileMap], truth: str, reader: ColumnReader, workers: int | None,
    progress: Progress,
) -> list[_Batch]:  # fmt: skip
    """
    The rows of all files: read one batch after another, standardized beside that.

    Where the files tell how many rows they have, the numbers of all stand one after another in one array.
    """
    from ..matching.kernels.hashing import hashes_of

    counts = [file.rows for file in files]
    known = [count for count in counts if count is not None]
    room = np.zeros((sum(known), len(Lane)), np.uint64) if len(known) == len(counts) else None
    found: list[_Batch] = []
    row = 0
    with threads(workers) as pool:
        for file, of_file in zip(files, maps, strict=True):
            wanted = [*of_file.names, *([truth] if truth and truth not in of_file.names else [])]
            for batch in file.batches(wanted):
                part = None if room is None else room[row : row + len(batch)]
                row += len(batch)
                if part is not None and len(part) != len(batch):
                    raise FileError(f"{file.path} holds more rows than it says", path=str(file.path), rule="unreadable")
                key = batch.column(of_file.key) if of_file.key else None
                found.append(
                    _Batch(
                        lanes=pool.submit(_lanes_of, reader, batch, of_file, part),
                        hashes=None if key is None else pool.submit(lambda keys: hashes_of(Texts.of(keys)), key),
                        key=key, truth=batch.column(truth) if truth else None,
                    )
                )  # fmt: skip
                if len(found) > _WAITING:
                    found[-_WAITING].lanes.result()  # so that few batches stand in memory as text
                progress("read", 0.0)
    return found


def _lanes_of(reader: ColumnReader, batch: Batch, file_map: FileMap, out: Lanes | None) -> Lanes:
    return reader.lanes(dict(_texts(batch, file_map)), out)


def _stacked(batches: list[_Batch]) -> Lanes:
    """The numbers of all rows in one array; the list is emptied, so that they never stand in memory twice."""
    parts = [batch.lanes.result() for batch in batches]
    batches.clear()
    whole = parts[0].base
    if whole is not None and sum(map(len, parts)) == len(whole):
        return whole
    ends = np.cumsum([len(part) for part in parts])
    out = np.empty((int(ends[-1]), len(Lane)), np.uint64)
    for end in reversed(ends.tolist()):
        part = parts.pop()
        out[end - len(part) : end] = part
    return out


def _twice(hashes: NDArray[np.uint64]) -> bool:
    """Whether two rows may have one key."""
    hashes.sort()
    return bool((hashes[1:] == hashes[:-1]).any())


def _numbered(count: int) -> Any:
    """Row keys of rows that have none: their numbers, from 1."""
    pa = need("pyarrow", extra="columns")
    return numbers(np.arange(1, count + 1)).cast(pa.large_string())


def _as_numbers(column: Any) -> NDArray[np.int64]:
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "chunks"):
        encoded = encoded.combine_chunks()
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    # A row without a truth is a party of its own.
    missing = np.flatnonzero(indices < 0)
    indices[missing] = len(encoded.dictionary) + np.arange(len(missing))
    return np.asarray(indices, np.int64)


def check_keys(keys: Any, what: str) -> None:
    """
    Raises `FileError` unless every row of *what* has a key of its own.
    """
    pc = need("pyarrow.compute", extra="columns")
    if keys.null_count:
        raise FileError(
            f"{keys.null_count} rows of {what} have no row key; give every row one, or a map without key",
            path=what, rule="row_key_missing",
        )  # fmt: skip
    twice = len(keys) - pc.count_distinct(keys).as_py()
    if twice:
        raise FileError(
            f"{twice} row keys of {what} stand there more than once; make them unique, or use a map without key",
            path=what, rule="row_key_twice",
        )  # fmt: skip


_YES, _NO = ("yes", "y", "true", "1", "same", "是"), ("no", "n", "false", "0", "different", "否")


def read_labels(path: Path, reading: Reading) -> Labels:
    """
    The pairs that persons decided, in a CSV file with the columns ``left_key``, ``right_key`` and ``same``.

    Raises:
        FileError: It can not be read, names a row that there is not, or says neither yes nor no.
    """
    pc = need("pyarrow.compute", extra="columns")
    names = ["left_key", "right_key", "same"]
    left: list[int] = []
    right: list[int] = []
    same: list[bool] = []
    line = 1
    for batch in open_columns(path).batches(names):
        rows = [
            pc.index_in(batch.column(name), value_set=reading.keys.combine_chunks()).fill_null(-1).to_pylist()
            for name in names[:2]
        ]
        for one, other, word in zip(*rows, batch.column("same").fill_null("").to_pylist(), strict=True):
            line += 1
            told = word.strip().casefold()
            if one < 0 or other < 0 or one == other or told not in (*_YES, *_NO):
                raise FileError(
                    f"line {line} of {path} does not name two rows and say yes or no in the column same",
                    path=str(path), rule="labels",
                )  # fmt: skip
            left.append(one)
            right.append(other)
            same.append(told in _YES)
    return Labels(left=np.array(left, np.int64), right=np.array(right, np.int64), same=np.array(same, np.bool_))


def _texts(batch: Batch, file_map: FileMap) -> Iterator[tuple[str, Texts]]:
    pc = need("pyarrow.compute", extra="columns")
    for target, names in file_map.columns.items():
        column = batch.column(names[0])
        if len(names) > 1:
            space, nothing = words([" ", ""])
            parts = [pc.fill_null(batch.column(name), nothing) for name in names]
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
        plain = "".join(c for c in text[:_LONGEST_NUMBER].upper() if c.isalnum())
        return features_of(
            kind, {"identifiers": [{"scheme": scheme, "number": plain}]} if plain else {}, policy.identifying
        )
    document = {"scheme": scheme, "number": text}
    values = standardizer.standardize(kind, {"identifiers": [document]}).values
    if values or field != "national" or is_placeholder(text, number=True):
        return features_of(kind, values, policy.identifying)
    typed = "".join(
        c for c in unicodedata.normalize("NFKC", text[:_LONGEST_NUMBER]).upper() if c.isalnum() and c.isascii()
    )
    return features_of(kind, {}, policy.identifying, mistyped=typed[:18])
