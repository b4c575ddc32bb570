"""
Readers: a file of a channel, row by row, in bounded memory.

A row that cannot be taken apart comes out as a broken row with its line and rule; the reader goes on.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import attrs

from ..errors import FileError
from ..wording import is_han
from .channel import Channel
from .tables import Row, batch_rows, parquet_rows, xlsx_rows

__all__ = ["RawRow", "bounded_lines", "file_digest", "given_row", "looks_like", "read_batches", "read_rows"]

LONGEST_LINE = 64 * 1024
LONGEST_FIELD = 4 * 1024
_CHUNK = 1 << 20


@attrs.frozen(kw_only=True, repr=False)
class RawRow:
    """
    One row as the source wrote it.

    Attributes:
        line: Line of the file on which it begins, from 1.
        values: Column to text, as the file has them; None for a row that cannot be taken apart.
        raw: The undecoded line, kept for a row that is held back.
        rule: Why it cannot be taken apart; empty for a good row.
        column: The column concerned, where one is.
    """

    line: int
    values: Mapping[str, str] | None
    raw: bytes
    rule: str = ""
    column: str = ""


def file_digest(path: Path) -> bytes:
    """SHA-256 of the file's bytes. Raises `FileError` if it cannot be read."""
    problem = ""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        problem = "does not exist"
    except IsADirectoryError:
        problem = "is a folder, not a file"
    except OSError:
        problem = "cannot be read; check its permissions"
    if problem:
        raise FileError(f"the file {path} {problem}", path=str(path), rule="unreadable")
    return digest.digest()


def read_rows(path: Path, channel: Channel) -> Iterator[RawRow]:
    """
    The rows of *path* as *channel* declares them.

    Raises:
        FileError: The file as a whole cannot be read so: missing, empty, in another encoding, without its header.
    """
    _ensure_readable(path)
    if channel.format == "csv":
        yield from _csv(path, channel)
    elif channel.format == "jsonl":
        yield from _jsonl(path, channel)
    elif channel.format in _TABLES:
        yield from _table(path, channel, _TABLES[channel.format])
    else:
        yield from _fixed(path, channel)


def looks_like(path: Path) -> str:
    """
    The encoding that the beginning of *path* looks like: a hint for a message, never what a file is read by.

    One of utf-16, utf-8, gb18030, big5; empty if it is none of them.
    """
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    scores = {}
    for encoding in ("utf-8", "gb18030", "big5"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8":
            return encoding
        # Two bytes of one encoding often are two of the other, but rarely a common character.
        han = [character for character in text if is_han(character)]
        common = sum(_is_common(character, encoding) for character in han)
        scores[encoding] = common / len(han) if han else 0.0
    return max(scores, key=scores.__getitem__, default="")


def _is_common(character: str, encoding: str) -> bool:
    """Whether *character* is on the first level of GB 2312, or of Big5."""
    first, last, name = (0xB0, 0xD7, "gb2312") if encoding == "gb18030" else (0xA4, 0xC6, "big5")
    try:
        return first <= character.encode(name)[0] <= last
    except UnicodeEncodeError:
        return False


def _ensure_readable(path: Path) -> None:
    """Raises `FileError` unless *path* is a readable file that holds something."""
    problem = ""
    try:
        with path.open("rb") as file:
            if not file.read(1):
                problem = "is empty"
    except FileNotFoundError:
        problem = "does not exist"
    except OSError:
        problem = "cannot be read; check that it is a file and its permissions"
    if problem:
        raise FileError(f"the file {path} {problem}", path=str(path), rule="unreadable")


def bounded_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines of *file* without their ends; of one longer than `LONGEST_LINE`, its beginning, one byte beyond that."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            while (more := file.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
                pass
        yield line.rstrip(b"\r\n") if len(line) <= LONGEST_LINE else line


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, from 1."""
    with path.open("rb") as file:
        yield from enumerate(bounded_lines(file), start=1)


def _decode(line: bytes, channel: Channel) -> str | None:
    if len(line) > LONGEST_LINE:
        return None
    try:
        return line.decode(channel.encoding)
    except UnicodeDecodeError:
        return None


def _csv(path: Path, channel: Channel) -> Iterator[RawRow]:
    lines = _records(path, channel)
    first = next(lines, (1, b"", None))
    header = _split(first[2], channel) if first[2] is not None else None
    if header is not None and header and header[0].startswith("\ufeff"):
        header[0] = header[0].removeprefix("\ufeff")
    _check_header(path, header, channel)
    assert header is not None, "just checked"
    for line, raw, text in lines:
        if text is None:
            rule = "too_long" if len(raw) > LONGEST_LINE else "encoding"
            yield RawRow(line=line, values=None, raw=raw[:LONGEST_LINE], rule=rule)
            continue
        cells = _split(text, channel)
        if cells is None or len(cells) != len(header):
            yield RawRow(line=line, values=None, raw=raw, rule="broken_row")
        else:
            yield _checked(line, dict(zip(header, cells, strict=True)), raw)


_TABLES = {"xlsx": xlsx_rows, "parquet": parquet_rows}


def _table(path: Path, channel: Channel, rows_of: Callable[[Path, Channel], Iterator[Row]]) -> Iterator[RawRow]:
    rows = rows_of(path, channel)
    nothing: Row = (1, {}, "", "")
    line, header, *_ = next(rows, nothing)
    _check_header(path, list(header), channel, line=max(line, 1))
    yield from map(_of_table, rows)


def read_batches(batches: Iterable[Any], channel: Channel) -> Iterator[RawRow]:
    """
    The rows of Arrow tables or record batches, or of Polars data frames, as the rows of a file; see `batch_rows`.

    Raises:
        InputError: One of *batches* is something else, or lacks a column of the mapping.
    """
    return map(_of_table, batch_rows(batches, channel))


def _of_table(row: Row) -> RawRow:
    line, values, rule, column = row
    raw = json.dumps(dict(values), ensure_ascii=not _is_text(values)).encode()
    if rule or len(raw) > LONGEST_LINE:
        return RawRow(line=line, values=None, raw=raw[:LONGEST_LINE], rule=rule or "too_long", column=column)
    return _checked(line, dict(values), raw)


def _check_header(path: Path, header: list[str] | None, channel: Channel, *, line: int = 1) -> None:
    """Raises `FileError` unless the header names the mapping's columns, each once, and no other."""
    if header is None or not set(header) & set(channel.columns):
        raise FileError(
            f"{path}, line {line}: no column of the mapping was found; check the encoding ({channel.encoding}"
            f"{_hint(path, channel)}), the delimiter and the header",
            path=f"{path}:{line}",
            rule="header",
        )
    if len(set(header)) < len(header):
        raise FileError(f"{path}, line {line}: a column name stands there twice", path=f"{path}:{line}", rule="header")
    missing = [name for name in channel.columns if name not in header]
    if missing:
        raise FileError(
            f"{path}, line {line}: the columns {', '.join(missing)} of the mapping are missing; correct the mapping or the "
            f"file",
            path=f"{path}:{line}",
            rule="missing_column",
        )
    # The header's own words are the bank's, not a customer's; but a file without a header has customers there.
    unknown = [str(place) for place, name in enumerate(header, start=1) if name not in channel.columns]
    if unknown:
        raise FileError(
            f"{path}, line {line}: the mapping does not know column number {', '.join(unknown)}; add it to [columns], with "
            f"an empty target if it is to be read over",
            path=f"{path}:{line}",
            rule="unknown_column",
        )


def _hint(path: Path, channel: Channel) -> str:
    """What the file looks like, where that is something else than the mapping says."""
    seen = looks_like(path) if channel.format in ("csv", "jsonl", "fixed") else ""
    said = codecs.lookup(channel.encoding).name
    return f"; the file looks like {seen}" if seen and codecs.lookup(seen).name != said else ""


def _records(path: Path, channel: Channel) -> Iterator[tuple[int, bytes, str | None]]:
    """
    CSV records: lines, joined while a quoted field is open; at most `LONGEST_LINE` bytes.

    Quotes are counted in bytes, once a line: in no encoding for lines of Chinese text is the second byte of a
    character a quote.
    """
    start, quotes, size = 0, 0, 0
    pending: list[bytes] = []
    for number, line in _lines(path):
        start = start or number
        pending.append(line)
        quotes += line.count(b'"')
        size += len(line) + 1
        if quotes % 2 and size <= LONGEST_LINE:
            continue
        record = b"\n".join(pending)
        if record.strip():
            yield start, record, _decode(record, channel)
        start, quotes, size = 0, 0, 0
        pending = []
    if pending:
        record = b"\n".join(pending)
        yield start, record, _decode(record, channel)


def _split(text: str, channel: Channel) -> list[str] | None:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=channel.delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _jsonl(path: Path, channel: Channel) -> Iterator[RawRow]:
    for line, raw in _lines(path):
        text = _decode(raw, channel)
        if text is not None and not text.strip():
            continue
        rule = "" if text is not None else ("too_long" if len(raw) > LONGEST_LINE else "encoding")
        values = None
        if text is not None:
            values = _json_object(text.removeprefix("\ufeff"))
            rule = "" if values is not None else "broken_row"
        if values is None:
            yield RawRow(line=line, values=None, raw=raw[:LONGEST_LINE], rule=rule)
        elif set(values) - set(channel.columns):
            yield RawRow(line=line, values=None, raw=raw, rule="unknown_column")
        else:
            yield _checked(line, values, raw)


def _json_object(text: str) -> dict[str, str] | None:
    """A flat JSON object with every value as text; None for anything else."""
    try:
        found: Any = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or any(isinstance(value, dict | list) for value in found.values()):
        return None
    words = {True: "true", False: "false", None: ""}
    return {name: value if isinstance(value, str) else words[value] for name, value in found.items()}


def _fixed(path: Path, channel: Channel) -> Iterator[RawRow]:
    needed = max(column.start + 1 for column in channel.columns.values())
    for line, raw in _lines(path):
        text = _decode(raw, channel)
        if text is not None and not text.strip():
            continue
        if text is None or len(text) < needed:
            rule = "broken_row" if text is not None else ("too_long" if len(raw) > LONGEST_LINE else "encoding")
            yield RawRow(line=line, values=None, raw=raw[:LONGEST_LINE], rule=rule)
            continue
        cells = {c.name: text[c.start : c.start + c.width].strip() for c in channel.columns.values()}
        yield _checked(line, cells, raw)


def given_row(line: int, row: object, channel: Channel) -> RawRow:
    """A row that came over an interface, under the same limits as one of a file; *row* may be anything."""
    if not isinstance(row, Mapping) or not all(isinstance(part, str) for pair in row.items() for part in pair):
        return RawRow(line=line, values=None, raw=b"", rule="broken_row")
    if sum(len(name) + len(text) for name, text in row.items()) > LONGEST_LINE:
        return RawRow(line=line, values=None, raw=b"", rule="too_long")
    raw = json.dumps(dict(row), ensure_ascii=not _is_text(row)).encode()
    if set(row) - set(channel.columns):
        return RawRow(line=line, values=None, raw=raw, rule="unknown_column")
    return _checked(line, dict(row), raw)


def _is_text(row: Mapping[str, str]) -> bool:
    """Whether all of *row* can be written: a lone half of a surrogate pair, as JSON may escape it, can not."""
    try:
        "".join((*row, *row.values())).encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked(line: int, values: dict[str, str], raw: bytes) -> RawRow:
    long = next((name for name, text in values.items() if len(text) > LONGEST_FIELD), "")
    if long:
        return RawRow(line=line, values=None, raw=raw, rule="too_long", column=long)
    if not _is_text(values):
        column = next(name for name, text in values.items() if not _is_text({name: text}))
        return RawRow(line=line, values=None, raw=raw, rule="encoding", column=column)
    return RawRow(line=line, values=values, raw=raw)
