"""Reading rows for work over a whole file: read -> standardize, in one process or several."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from .._clock import Clock, SystemClock
from .._extras import need
from ..engines import Progress, silent
from ..errors import FileError, MappingError
from ..identifiers import ResidentId, Texts, standard_schemes
from ..intake import Batch, FileMap, Standardizer, open_columns
from ..matching import ColumnReader, Features, Lane, Lanes, LinkPolicy, MatchModel, default_model, features_of
from ..matching.features import NATIONAL
from ..party import PartyKind, ReferenceTables
from ..wording import AddressBook, is_placeholder
from .train import Labels

__all__ = ["Reading", "check_keys", "column_reader", "read_labels", "read_lanes"]

_LONGEST_NUMBER = 64

_Share = list[tuple[int, Lanes, Any, Any]]
"""Batches with their numbers: numbers of the rows, row keys, truth."""


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


@attrs.frozen(kw_only=True)
class _Plan:
    """What is read, and how; sent to every process."""

    paths: tuple[Path, ...]
    maps: tuple[FileMap, ...]
    truth: str
    policy: LinkPolicy
    tables: ReferenceTables | None
    clock: Clock | None

    def share(self, claims: Callable[[int], bool], progress: Progress = silent) -> _Share:
        """Every batch whose number it may claim."""
        found: _Share = []
        number = 0
        reader = column_reader(self.maps[0].kind, policy=self.policy, tables=self.tables, clock=self.clock)
        for path, of_file in zip(self.paths, self.maps, strict=True):
            wanted = [*of_file.names, *([self.truth] if self.truth and self.truth not in of_file.names else [])]
            for batch in open_columns(path).batches(wanted):
                if claims(number):
                    keys = batch.column(of_file.key) if of_file.key else None
                    truth = batch.column(self.truth) if self.truth else None
                    found.append((number, reader.lanes(dict(_texts(batch, of_file))), keys, truth))
                    progress("read", 0.0)
                number += 1
        return found


class _Claims:
    """Who reads which batch: each goes to the first process that comes to it, so that none waits for a slower one."""

    def __init__(self, following: Any) -> None:
        self._following = following

    def __call__(self, number: int) -> bool:
        with self._following.get_lock():
            free = bool(self._following.value <= number)
            if free:
                self._following.value = number + 1
            return free


_claims: _Claims | None = None


def _begin(following: Any) -> None:
    """In a child: whom it shares batches with; an interrupt is heard by the process that started it."""
    import signal

    global _claims  # noqa: PLW0603 (what a child is given at its start can not be an argument of its work)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _claims = _Claims(following)


def _in_child(plan: _Plan) -> _Share:
    assert _claims is not None, "given at the start"
    return plan.share(_claims)


def read_lanes(
    paths: Sequence[Path], file_map: FileMap | None = None, *, truth: str = "", kind: PartyKind = PartyKind.INDIVIDUAL,
    policy: LinkPolicy | None = None, tables: ReferenceTables | None = None, clock: Clock | None = None,
    processes: int = 1, progress: Progress = silent,
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
        processes: How many processes read; more than one start as `multiprocessing` spawns them, so the program must guard its
            entry by ``if __name__ == "__main__"``.

    Raises:
        FileError: A file can not be read, lacks a column, holds nothing to compare, or a row key twice.
        MappingError: No column is known.
    """
    pa = need("pyarrow", extra="columns")
    headers = [open_columns(path).header for path in paths]
    maps = tuple(file_map or FileMap.guessed(header, path, kind) for header, path in zip(headers, paths, strict=True))
    wanted = {t.removeprefix("document.") for one in maps for t in one.columns if t.startswith("document.")} - {"other"}
    if wanted and (unknown := sorted(scheme for scheme in wanted if scheme not in standard_schemes(tables=tables))):
        raise MappingError(f"there is no scheme {unknown[0]}; without one, say document.other", rule="map")
    plan = _Plan(paths=tuple(paths), maps=maps, truth=truth, policy=policy or LinkPolicy(), tables=tables, clock=clock)
    batches = sorted(_all_shares(plan, processes, progress), key=lambda batch: batch[0])
    if not batches:
        raise FileError(f"{paths[0]} has no rows", path=str(paths[0]), rule="no_rows")
    lanes = np.concatenate([batch[1] for batch in batches])
    if not any(lanes[:, lane].any() for lane in (Lane.NAME, Lane.ID, Lane.DOCUMENT, Lane.PHONE, Lane.EMAIL)):
        raise FileError(
            f"no row of {paths[0]} holds a name, a number, a phone or an e-mail address that can be read; "
            "say with --map which column is what",
            path=str(paths[0]), rule="no_usable_column",
        )  # fmt: skip
    if any(batch[2] is None for batch in batches):
        keys = pa.chunked_array([_numbered(len(lanes))])
    else:
        keys = pa.chunked_array([batch[2] for batch in batches])
        check_keys(keys, str(paths[0]) if len(paths) == 1 else "the files")
    return Reading(
        lanes=lanes, keys=keys, kind=maps[0].kind, columns=maps[0].columns,
        truth=_as_numbers(pa.chunked_array([batch[3] for batch in batches])) if truth else None,
    )  # fmt: skip


def _all_shares(plan: _Plan, processes: int, progress: Progress) -> _Share:
    if processes < 2:
        return plan.share(lambda number: True, progress)
    context = get_context("spawn")
    following = context.Value("q", 0)
    with ProcessPoolExecutor(processes - 1, mp_context=context, initializer=_begin, initargs=(following,)) as pool:
        others = [pool.submit(_in_child, plan) for _ in range(1, processes)]
        found = plan.share(_Claims(following), progress)
        for other in others:
            found += other.result()
    return found


def _numbered(count: int) -> Any:
    """Row keys of rows that have none: their numbers, from 1."""
    pa = need("pyarrow", extra="columns")
    return pa.array(np.arange(1, count + 1)).cast(pa.large_string())


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
