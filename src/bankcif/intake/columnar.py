"""
Files as columns: which columns of a file are what, and its texts batch by batch, for work over a whole file.

What a channel's rows become in the store is another matter (`channel`, `mapping`): here a file is only looked at.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from .._extras import need
from .._toml import read_toml
from ..errors import FileError, MappingError
from ..party import PartyKind
from .readers import looks_like

__all__ = ["TARGETS", "Batch", "Columns", "FileMap", "known_headers", "open_columns", "read_file_map"]

TARGETS = ("name", "national", "phone", "email", "birth_date", "sex", "address", "region")
"""What a column may be, beside ``document.SCHEME``, the row key and the kind."""

_HEADERS: Mapping[str, tuple[str, ...]] = {
    "key": ("row_id", "rec_id", "row_key", "id", "uid", "key", "客户号", "客户编号", "编号", "custno", "customer_no"),
    "name": ("name", "full_name", "fullname", "cname", "custname", "姓名", "客户姓名", "名称", "客户名称", "企业名称"),
    "given_name": ("given_name", "first_name", "forename", "名"),
    "surname": ("surname", "last_name", "family_name", "姓"),
    "national": (
        "id_no", "idno", "id_number", "national_id", "uscc", "证件号码", "证件号", "身份证号", "身份证号码", "统一社会信用代码",
    ),
    "phone": ("phone", "mobile", "phone_no", "telephone", "手机", "手机号", "手机号码", "电话", "联系电话"),
    "email": ("email", "mail", "e_mail", "邮箱", "电子邮箱"),
    "birth_date": ("birth_date", "birthday", "born", "dob", "date_of_birth", "birthdate", "出生日期", "生日"),
    "sex": ("sex", "gender", "sexcd", "性别"),
    "address": ("address", "addr", "地址", "联系地址", "家庭地址", "住址"),
    "region": ("region", "division", "postcode", "zip", "行政区划", "区划代码", "邮编"),
}  # fmt: skip


def known_headers() -> Mapping[str, tuple[str, ...]]:
    """What is recognized without a map: target to the names of columns, case, blanks and underscores aside."""
    return _HEADERS


@attrs.frozen(kw_only=True)
class FileMap:
    """
    Which columns of a file are what.

    Attributes:
        columns: Target to the columns that are joined for it, a space between.
        key: Column of the row key; empty if rows have none.
        kind: Party kind of all rows.
    """

    columns: Mapping[str, tuple[str, ...]]
    key: str = ""
    kind: PartyKind = PartyKind.INDIVIDUAL

    @classmethod
    def guessed(cls, header: Sequence[str], path: Path, kind: PartyKind = PartyKind.INDIVIDUAL) -> FileMap:
        """
        The map of a file whose columns have names that are known.

        Raises:
            MappingError: None of them is known.
        """
        plain = {_plain(name): name for name in reversed(header)}

        def found(target: str) -> str:
            return next((plain[one] for one in map(_plain, _HEADERS[target]) if one in plain), "")

        columns: dict[str, tuple[str, ...]] = {t: (found(t),) for t in TARGETS if found(t)}
        parts = tuple(filter(None, (found("given_name"), found("surname"))))
        if "name" not in columns and parts:
            columns["name"] = parts
        if not columns:
            raise MappingError(
                # What stands in the first line is not told: of a file without a header it is a customer's.
                f"no column of {path} is known by the name in its first line; say with --map which column is what",
                path=str(path), rule="no_usable_column",
            )  # fmt: skip
        return cls(columns=columns, key=found("key"), kind=kind)

    @property
    def names(self) -> list[str]:
        """Every column that is read."""
        names = [name for columns in self.columns.values() for name in columns]
        return list(dict.fromkeys([*names, *([self.key] if self.key else [])]))


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def read_file_map(path: Path) -> FileMap:
    """
    The map in the TOML file *path*: ``key``, ``kind``, and under ``[columns]`` each target with a column or a list of columns.

    Raises:
        MappingError: It is missing, no TOML, or names what is not known.
    """
    table = read_toml(path, "map", MappingError, "map")

    def fail(why: str) -> MappingError:
        return MappingError(f"{path}: {why}", path=str(path), rule="map")

    columns = table.get("columns")
    if not isinstance(columns, dict) or not columns:
        raise fail('it needs a table [columns], such as  name = "姓名"')
    found: dict[str, tuple[str, ...]] = {}
    for target, named in _flat(columns):
        if target not in TARGETS and not target.startswith("document."):
            raise fail(f"there is no target {target}; there are {', '.join(TARGETS)} and document.SCHEME")
        names = (named,) if isinstance(named, str) else tuple(named) if isinstance(named, list) else ()
        if not names or not all(isinstance(name, str) and name for name in names):
            raise fail(f"{target} needs the name of a column, or a list of them")
        found[target] = names
    kind = table.get("kind", PartyKind.INDIVIDUAL.value)
    if kind not in set(PartyKind):
        raise fail(f"kind is one of {', '.join(PartyKind)}")
    if unknown := sorted(table.keys() - {"columns", "key", "kind"}):
        raise fail(f"there is no setting {unknown[0]}")
    key = table.get("key", "")
    if not isinstance(key, str):
        raise fail("key needs the name of a column")
    return FileMap(columns=found, key=key, kind=PartyKind(kind))


def _flat(columns: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Targets with their columns; ``document.SCHEME`` may be written as a table of its own."""
    for target, named in columns.items():
        if target == "document" and isinstance(named, dict):
            stack = [("document", named)]
            while stack:
                head, table = stack.pop()
                for name, value in table.items():
                    if isinstance(value, dict):
                        stack.append((f"{head}.{name}", value))
                    else:
                        yield f"{head}.{name}", value
        else:
            yield target, named


@attrs.frozen(eq=False, repr=False)
class Batch:
    """Some rows of a file: an Arrow record batch with text columns."""

    rows: Any

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def column(self, name: str) -> Any:
        """The column *name* as an Arrow array of texts."""
        return self.rows.column(name).cast(need("pyarrow", extra="columns").large_string())


@attrs.frozen(eq=False, repr=False)
class Columns:
    """
    A file opened as columns.

    Attributes:
        path: The file.
        header: Its columns.
        rows: How many rows it has, if it tells.
    """

    path: Path
    header: tuple[str, ...]
    rows: int | None
    _format: str
    _encoding: str
    _delimiter: str

    def batches(self, names: Sequence[str], *, rows: int = 16_384) -> Iterator[Batch]:
        """
        The columns *names* as texts, batch by batch; memory does not grow with the file.

        Raises:
            FileError: A column is missing, or the file can not be read to its end.
        """
        missing = [name for name in names if name not in self.header]
        if missing:
            raise FileError(
                f"{self.path} has no column {missing[0]} in its first line",
                path=str(self.path), rule="column_missing",
            )  # fmt: skip
        pa = need("pyarrow", extra="columns")
        broken = False
        try:
            for batch in self._read(list(names), rows):
                columns = [batch.column(name) for name in names]
                # Texts stay as they are; what is none becomes one here, where it is told if that can not be.
                columns = [c if pa.types.is_string(c.type) else c.cast(pa.large_string()) for c in columns]
                yield Batch(pa.RecordBatch.from_arrays(columns, names=list(names)))
        except (pa.ArrowException, UnicodeDecodeError, OSError):
            broken = True
        if broken:
            raise FileError(
                f"{self.path} can not be read to its end; check that it is whole, and its encoding",
                path=str(self.path), rule="unreadable",
            )  # fmt: skip

    def _read(self, names: list[str], rows: int) -> Iterator[Any]:
        pa = need("pyarrow", extra="columns")
        if self._format == "parquet":
            import pyarrow.parquet as pq

            # Columns are read bit by bit: whole ones would take as much memory as the file.
            with pq.ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False) as file:
                yield from file.iter_batches(batch_size=rows, columns=names)
            return
        import pyarrow.csv as pc

        with pc.open_csv(
            self.path,
            read_options=pc.ReadOptions(encoding=self._encoding, block_size=1 << 24),
            parse_options=pc.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
            convert_options=pc.ConvertOptions(
                include_columns=names, column_types=dict.fromkeys(self.header, pa.large_string()), strings_can_be_null=True,
                null_values=[""],
            ),
        ) as reader:  # fmt: skip
            for batch in reader:
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)


def open_columns(path: Path) -> Columns:
    """
    The file *path* as columns: Parquet by its first bytes, else text with a header line, separated by commas, tabs,
    semicolons or bars, in UTF-8 or what it looks like.

    Raises:
        FileError: It is missing, empty, or neither.
    """
    problem, head = "", b""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
            problem = "" if head else "is empty"
    except FileNotFoundError:
        problem = "does not exist"
    except OSError:
        problem = "can not be read; check that it is a file and its permissions"
    if problem:
        raise FileError(f"the file {path} {problem}", path=str(path), rule="unreadable")
    if head.startswith(b"PAR1"):
        return _parquet(path)
    encoding = looks_like(path)
    if not encoding or (b"\0" in head and encoding != "utf-16"):
        raise FileError(
            f"the file {path} is neither Parquet nor text in UTF-8, GB18030 or Big5", path=str(path), rule="format"
        )
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",\t;|", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    if not header or len(set(header)) != len(header):
        raise FileError(f"the first line of {path} must name every column once", path=str(path), rule="header")
    return Columns(path, tuple(header), None, "csv", encoding, delimiter)


def _parquet(path: Path) -> Columns:
    pa = need("pyarrow", extra="columns")
    import pyarrow.parquet as pq

    names: list[str] | None = None
    rows = 0
    try:
        with pq.ParquetFile(path) as file:
            names, rows = file.schema_arrow.names, file.metadata.num_rows
    except pa.ArrowException:
        pass
    if names is None:
        raise FileError(f"the file {path} is no whole Parquet file", path=str(path), rule="format")
    return Columns(path, tuple(names), rows if rows >= 0 else None, "parquet", "", "")
