"""
Readers of XLSX and Parquet: rows as the other readers give them, with the limits that these formats need.

A spreadsheet is a zip archive: it is unpacked once, counting, before it is read, so that a small file can not become a large
one. A Parquet file is read by row groups, of which one is in memory at a time. Both need the extra `files`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from .._extras import need
from ..errors import FileError, InputError
from .channel import Channel

__all__ = ["batch_rows", "cell_text", "parquet_rows", "xlsx_rows"]

MOST_UNPACKED = 100 * 1024 * 1024
MOST_GROUP = 256 * 1024 * 1024
_CHUNK = 1 << 20
_MOST_MEMBERS = 10_000
_MOST_COLUMNS = 500
_BATCH = 500
_EXACT = 2**53  # a spreadsheet keeps numbers as binary fractions, which hold no larger whole number exactly

Row = tuple[int, Mapping[str, str], str, str]
"""Number of the row, its cells as text, the rule it breaks, and the column concerned."""


def xlsx_rows(path: Path, channel: Channel) -> Iterator[Row]:
    """
    The rows of the sheet that *channel* names, or of the first; the first row holds the names of the columns.

    Raises:
        FileError: It is no spreadsheet, is larger than 100 MB unpacked, or lacks the sheet.
        MissingExtraError: openpyxl is not installed.
    """
    openpyxl = need("openpyxl", extra="files")
    _ensure_small(path)
    book, problem = None, "is not an XLSX spreadsheet; save it as one, or send CSV"
    with path.open("rb") as file:  # by a path, openpyxl would refuse a spreadsheet for its name
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            sheet = book[channel.sheet] if channel.sheet else book.worksheets[0]
        except KeyError:
            problem = f"has no sheet {channel.sheet!r}" if book is not None else problem
            sheet = None
        except Exception:  # openpyxl raises whatever a broken part makes it stumble over
            sheet = None
        if sheet is None:
            raise FileError(f"the file {path} {problem}", path=str(path), rule="unreadable")
        yield from _sheet_rows(path, sheet, book)


def _sheet_rows(path: Path, sheet: Any, book: Any) -> Iterator[Row]:
    header: list[str] | None = None
    broken = False
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=_MOST_COLUMNS), start=1):
            if all(cell is None for cell in cells):
                continue
            if header is None:
                header = [cell_text(cell) or "" for cell in cells]
                while header and not header[-1]:
                    header.pop()
                yield number, dict.fromkeys(header, ""), "", ""
                continue
            yield _checked(number, header, cells)
    except Exception:  # a part of the archive that is no XML, or ends early
        broken = True
    finally:
        book.close()
    if broken:
        raise FileError(
            f"the file {path} is damaged; what came before its damage was taken in", path=str(path), rule="unreadable"
        )


def _checked(number: int, header: list[str], cells: tuple[Any, ...]) -> Row:
    found = {name: cell_text(cell) for name, cell in zip(header, cells, strict=False)}
    rounded = next((name for name, cell in zip(header, cells, strict=False) if _rounded(cell)), "")
    if any(cell is not None for cell in cells[len(header) :]):
        return number, found, "broken_row", ""
    return number, {**dict.fromkeys(header, ""), **found}, "number_rounded" if rounded else "", rounded


def _rounded(cell: Any) -> bool:
    """Whether a number is so large that its file has rounded it."""
    return isinstance(cell, float) and abs(cell) >= _EXACT


def cell_text(cell: Any) -> str:
    """A cell as text: days and instants as ISO 8601 writes them, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d" if cell.time() == time() else "%Y-%m-%d %H:%M:%S")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and not _rounded(cell) else repr(cell)
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def _ensure_small(path: Path) -> None:
    """
    Unpacks every part, counting what really comes out: a header may lie. A part that declares entities is refused, since
    a few of them stand for any amount of text; no spreadsheet has them.
    """
    problem, size = "", 0
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS:
                problem = "has more parts than any spreadsheet"
            for member in members if not problem else ():
                member.file_size = MOST_UNPACKED + 2 * _CHUNK
                with archive.open(member) as part:
                    seen = b""
                    while chunk := part.read(_CHUNK):
                        size += len(chunk)
                        if b"<!DOCTYPE" in seen + chunk:
                            problem = "declares entities, as no spreadsheet does"
                            break
                        seen = chunk[-len(b"<!DOCTYPE") :]
                        if size > MOST_UNPACKED:
                            problem = "is larger than 100 MB unpacked; split it, or send CSV, which has no such limit"
                            break
                if problem:
                    break
    except Exception:  # besides its own, zipfile raises what zlib, struct and the system do, by the kind of damage
        problem = "is not an XLSX spreadsheet; save it as one, or send CSV"
    if problem:
        raise FileError(f"the file {path} {problem}", path=str(path), rule="unreadable")


def parquet_rows(path: Path, channel: Channel) -> Iterator[Row]:
    """
    The rows of a Parquet file, of the columns that *channel* maps.

    Raises:
        FileError: It is no Parquet file, or a row group is larger than 256 MB unpacked.
        MissingExtraError: pyarrow is not installed.
    """
    parquet = need("pyarrow.parquet", extra="files")
    problem, file = "is not a Parquet file", None
    try:
        file = parquet.ParquetFile(path)
        names = file.schema_arrow.names
        largest = max(
            (file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)), default=0
        )
        problem = (
            f"has a row group of {largest // 1024**2} MB unpacked; write it with smaller ones, such as "
            f"row_group_size=100_000 in pyarrow"
            if largest > MOST_GROUP
            else ""
        )
    except Exception:  # pyarrow raises its own and the system's errors, whose messages may hold a value
        file = None
    if problem or file is None:
        raise FileError(f"the file {path} {problem or 'is not a Parquet file'}", path=str(path), rule="unreadable")
    yield 0, dict.fromkeys(names, ""), "", ""
    number, broken = 0, False
    try:
        for batch in _batches(file, [name for name in names if name in channel.columns]):
            for cells in batch.to_pylist():
                number += 1
                yield _flat(number, cells)
    except Exception:
        broken = True
    finally:
        file.close()
    if broken:
        raise FileError(
            f"the file {path} is damaged; what came before its damage was taken in", path=str(path), rule="unreadable"
        )


def batch_rows(batches: Iterable[Any], channel: Channel) -> Iterator[Row]:
    """
    The rows of Arrow tables or record batches, or of Polars data frames, numbered from 1 throughout; of the columns that *channel* maps.

    Raises:
        InputError: One of *batches* is something else, or lacks a column of the mapping.
    """
    number = 0
    for batch in batches:
        names = getattr(batch, "column_names", None) or getattr(batch, "columns", None)
        if (
            not hasattr(batch, "select")
            or not isinstance(names, list)
            or not all(isinstance(one, str) for one in names)
        ):
            raise InputError("a batch is an Arrow table or record batch, or a Polars data frame", rule="batch")
        if missing := [name for name in channel.columns if name not in names]:
            raise InputError(
                f"the columns {', '.join(missing)} of the mapping are missing in a batch; correct the mapping or the batch",
                rule="header",
            )
        chosen = batch.select(list(channel.columns))
        for start in range(0, chosen.num_rows if hasattr(chosen, "num_rows") else chosen.height, _BATCH):
            part = chosen.slice(start, _BATCH)
            for cells in part.to_pylist() if hasattr(part, "to_pylist") else part.to_dicts():
                number += 1
                yield _flat(number, cells)


def _batches(file: Any, columns: list[str]) -> Iterator[Any]:
    """Row group by row group: asked for all at once, pyarrow keeps what it has read."""
    for group in range(file.metadata.num_row_groups):
        yield from file.iter_batches(batch_size=_BATCH, row_groups=[group], columns=columns)


def _flat(number: int, cells: Mapping[str, Any]) -> Row:
    nested = next((name for name, cell in cells.items() if isinstance(cell, list | dict)), "")
    rounded = next((name for name, cell in cells.items() if _rounded(cell)), "")
    rule = "broken_row" if nested else "number_rounded" if rounded else ""
    return number, {name: cell_text(cell) for name, cell in cells.items()}, rule, nested or rounded
