"""
Snapshots: columns of customers by pseudonymous keys, with the rows of what each has many of; typed, and kept as a folder of Parquet files that says
what it is.

A value has the type of its field: text; a whole number; a day; true or false; money as whole minor units, with its currency in a column of its own;
a decimal as whole units of its last digit. Engines compare days and money as whole numbers, which `Snapshot.resting` gives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from .._extras import need
from .._files import new_folder
from ..errors import FileError, InputError
from ..rules import Inputs, Kind
from ._html import html_table

__all__ = ["KEY", "Column", "Snapshot", "least_shared", "manifest_of", "need_exact"]

KEY = "key"
"""The column of pseudonyms, in the customers and in the rows of each collection."""
_FORMAT = "bankcif/snapshot/1"
_MANIFEST = "manifest.json"
_CUSTOMERS = "customers"
_MOST_PARTS = 1024
_MOST_PLACES = 1 << 24
"""Groups of rows are counted in a table of so many places; where there may be more, by sorting."""


@attrs.frozen
class Column:
    """
    What a column is.

    Attributes:
        kind: Type of its values.
        shown: How they stand: ``exact``, ``month``, ``year``, ``bands``, or ``masked``, as text that shows what a mask lets;
            ``none`` of those of whom nothing is shown, beside another word.
        digits: Of a decimal, how many stand behind the point.
    """

    kind: Kind
    shown: str = "exact"
    digits: int = 0

    def with_(self, other: Column) -> Column:
        """What the column is where some are shown in one way and others in another: both, in words joined by ``+``."""
        return attrs.evolve(self, shown="+".join(sorted({*self.shown.split("+"), *other.shown.split("+")})))


@attrs.frozen(kw_only=True, repr=False)
class Snapshot:
    """
    Customers in columns.

    Attributes:
        customers: An Arrow table: `KEY`, then the fields.
        rows: The rows of each collection, by its name: `KEY`, then the fields of a row.
        columns: What each column is, by its name; of a row ``COLLECTION.NAME``.
        as_of: The day whose end it is of.
        purpose: What it may be used for; the same customer has another key for another purpose.
        k: How many customers share what is shown of one, at least; 0 of nobody. Of their own rows nothing is reckoned.
        withheld: Fields that were asked for and are shown of nobody.
        id: By what the log knows it.
    """

    customers: Any
    rows: Mapping[str, Any]
    columns: Mapping[str, Column]
    as_of: date
    purpose: str
    k: int
    withheld: tuple[str, ...] = ()
    id: str = ""

    def __len__(self) -> int:
        return int(self.customers.num_rows)

    def __repr__(self) -> str:
        rows = "".join(f", {name} {table.num_rows:,}" for name, table in self.rows.items())
        return f"Snapshot({len(self):,} customers as of {self.as_of}, {len(self.columns)} columns{rows})"

    def _repr_html_(self) -> str:
        """Its columns and how they are shown, and nothing of a customer, for notebooks."""
        return html_table(
            repr(self),
            ("column", "type", "shown"),
            [(name, one.kind.value, one.shown) for name, one in self.columns.items()],
        )

    def need(self, wanted: Inputs) -> None:
        """Raises `InputError` where a column that rules read is missing, or is not shown as it is: they would hold of others."""
        need_exact(wanted, {name: one.shown for name, one in self.columns.items()})

    def resting(self, collection: str = "") -> Any:
        """The table of customers, or of *collection*, as rules compare it (`bankcif.rules.holding`): days as whole numbers since 1970-01-01."""
        pa = need("pyarrow", extra="bulk")
        table = self._table(collection)
        for at, name in enumerate(table.column_names):
            if pa.types.is_date32(table.schema.field(name).type):
                table = table.set_column(at, name, table.column(name).cast(pa.int32()).cast(pa.int64()))
        return table

    def to_polars(self, collection: str = "") -> Any:
        """The table of customers, or of *collection*, as a Polars data frame."""
        return need("polars", extra="bulk").from_arrow(self._table(collection))

    def to_pandas(self, collection: str = "") -> Any:
        """The table of customers, or of *collection*, as a pandas data frame; whole numbers that may be missing keep their type."""
        pd, pa = need("pandas", extra="spark"), need("pyarrow", extra="bulk")
        kinds = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype(), pa.string(): pd.StringDtype()}
        return self._table(collection).to_pandas(types_mapper=kinds.get)

    def write(self, folder: Path | str, *, parts: int = 1) -> Path:
        """
        Writes a folder of Parquet files, each table in *parts*, with a manifest of what it is and of each file's digest; wholly or not at all, and
        for its owner alone.

        Raises:
            FileError: The folder is there already, or cannot be written.
            InputError: Not so many parts.
        """
        if not 1 <= parts <= _MOST_PARTS:
            raise InputError(f"a snapshot is written in 1 to {_MOST_PARTS} parts", path="$.parts", rule="snapshot")
        pq = need("pyarrow.parquet", extra="bulk")
        problem = ""
        try:
            self._write(pq, Path(folder), parts)
        except FileExistsError:
            problem = "is there already; name another"
        except OSError:
            problem = "cannot be written"
        if problem:
            raise FileError(f"the folder {folder} {problem}", path=str(folder), rule="snapshot")
        return Path(folder)

    def _write(self, pq: Any, folder: Path, parts: int) -> None:
        with new_folder(folder) as made:
            digests = {}
            for name in ("", *self.rows):
                table, inside = self._table(name), made / (name or _CUSTOMERS)
                inside.mkdir(mode=0o700)
                for at, part in enumerate(_parts(table, parts)):
                    path = inside / f"part-{at:04}.parquet"
                    pq.write_table(part, path, compression="zstd")
                    digests[str(path.relative_to(made).as_posix())] = _digest(path)
            manifest = {
                "format": _FORMAT, "id": self.id, "as_of": self.as_of.isoformat(), "purpose": self.purpose, "customers": len(self), "k": self.k,
                "withheld": list(self.withheld), "rows": {name: table.num_rows for name, table in self.rows.items()},
                "columns": {name: attrs.asdict(one) for name, one in self.columns.items()}, "files": digests,
            }  # fmt: skip
            (made / _MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path | str) -> Snapshot:
        """
        The snapshot in *folder*, if it is as it was written.

        Raises:
            FileError: There is none, a file is missing, another or too many, or its columns are not those of the manifest.
        """
        pa, pq = need("pyarrow", extra="bulk"), need("pyarrow.parquet", extra="bulk")
        home = Path(folder)
        said = manifest_of(home)
        _need_files(home, said)
        tables, problem = {}, ""
        try:
            for name in (_CUSTOMERS, *said["rows"]):
                files = sorted(one for one in said["files"] if one.partition("/")[0] == name)
                tables[name] = pa.concat_tables([pq.read_table(home / one) for one in files])
        except (OSError, pa.ArrowException):
            problem = "can not be read"
        if problem:
            raise FileError(f"the snapshot {home} {problem}", path=str(home), rule="snapshot")
        columns = {
            name: Column(Kind(one["kind"]), one["shown"], one["digits"]) for name, one in said["columns"].items()
        }
        found = cls(
            customers=tables[_CUSTOMERS], rows={name: tables[name] for name in said["rows"]}, columns=columns,
            as_of=date.fromisoformat(said["as_of"]), purpose=said["purpose"], k=said["k"], withheld=tuple(said["withheld"]), id=said["id"],
        )  # fmt: skip
        if (len(found), {name: table.num_rows for name, table in found.rows.items()}) != (
            said["customers"],
            said["rows"],
        ):
            raise FileError(f"the snapshot {home} has other rows than its manifest", path=str(home), rule="snapshot")
        return found

    @classmethod
    def joined(cls, parts: Sequence[Snapshot]) -> Snapshot:
        """
        The snapshot whose *parts* these are, of the same fields, day and purpose; by what the log knows the first.

        Raises:
            InputError: There are none, or they are of different days or purposes.
        """
        pa = need("pyarrow", extra="bulk")
        if not parts or len({(one.as_of, one.purpose) for one in parts}) > 1:
            raise InputError("parts of one snapshot are of one day and one purpose", path="$.parts", rule="snapshot")
        columns: dict[str, Column] = {}
        for one in parts:
            for name, column in one.columns.items():
                columns[name] = column if name not in columns else column.with_(columns[name])
        shown = [name for name in columns if "." not in name]
        rows = {name: [one.rows[name] for one in parts if name in one.rows] for one in parts for name in one.rows}
        customers = _together(pa, [one.customers for one in parts], shown)
        return cls(
            customers=customers, rows={name: _together(pa, tables, _of_row(name, columns)) for name, tables in rows.items()}, columns=columns, as_of=parts[0].as_of,
            purpose=parts[0].purpose, k=least_shared(customers, shown), id=parts[0].id,
            withheld=tuple(name for name in parts[0].withheld if name not in columns and name not in rows),
        )  # fmt: skip

    def _table(self, collection: str) -> Any:
        if not collection:
            return self.customers
        if collection not in self.rows:
            raise InputError(
                f"the snapshot has no rows of {collection}; it has {', '.join(self.rows) or 'none'}", rule="snapshot"
            )
        return self.rows[collection]


def need_exact(wanted: Inputs, shown: Mapping[str, str]) -> None:
    """
    As `Snapshot.need`, of columns that are *shown* so.

    Raises:
        InputError: What rules read is missing, or stands in bands, by month or masked.
    """
    missing = [name for name in (*wanted.fields, *wanted.tags) if name not in shown]
    missing += [name for name in wanted.collections if not any(one.startswith(f"{name}.") for one in shown)]
    missing += [name for name in wanted.others if name not in shown]
    coarse = [name for name in (*wanted.fields, *wanted.others) if shown.get(name, "exact") != "exact"]
    if missing or coarse:
        what = f"has no {', '.join(missing)}" if missing else f"has {', '.join(coarse)} only in part"
        raise InputError(
            f"the snapshot {what}, which a rule reads; extract it as it is", path="$.fields", rule="snapshot"
        )


def manifest_of(folder: Path) -> dict[str, Any]:
    """
    The manifest of the snapshot in *folder*.

    Raises:
        FileError: There is none, or it is of another form.
    """
    said: Any = None
    try:
        said = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.get("format") != _FORMAT:
        raise FileError(f"{folder} holds no snapshot of this version of the library", path=str(folder), rule="snapshot")
    shape = {
        "id": str,
        "as_of": str,
        "purpose": str,
        "customers": int,
        "k": int,
        "withheld": list,
        "rows": dict,
        "columns": dict,
        "files": dict,
    }
    if not all(isinstance(said.get(name), kind) for name, kind in shape.items()):
        raise FileError(f"the manifest of the snapshot {folder} is not whole", path=str(folder), rule="snapshot")
    return said


def _need_files(home: Path, said: Mapping[str, Any]) -> None:
    there = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()} - {_MANIFEST}
    problem = ""
    if there != said["files"].keys():
        problem = "has other files than its manifest"
    elif any(_digest(home / name) != digest for name, digest in said["files"].items()):
        problem = "was changed since it was written"
    if problem:
        raise FileError(f"the snapshot {home} {problem}", path=str(home), rule="snapshot")


def least_shared(table: Any, columns: Iterable[str]) -> int:
    """
    How many rows share all that *columns* show, at least; 0 of none.

    Args:
        table: An Arrow table.
        columns: Names of its columns of text, whole numbers, days, or true and false; a missing value is one as any other.

    Cost: some 30 ms a column of a million rows, as far as somebody is alone.
    """
    least = int(table.num_rows)
    group, groups = np.zeros(least, np.int64), 1
    for name in columns:
        if least <= 1:  # who is alone by some columns is alone by all
            break
        encoded = table[name].combine_chunks().dictionary_encode("encode")
        group = group * len(encoded.dictionary) + encoded.indices.to_numpy()
        groups *= len(encoded.dictionary)
        if groups <= _MOST_PLACES:
            shared = np.bincount(group, minlength=groups)
            there = shared > 0
            group, shared = (np.cumsum(there) - 1)[group], shared[there]
        else:
            _, group, shared = np.unique(group, return_inverse=True, return_counts=True)
        groups, least = len(shared), int(shared.min())
    return least


def _of_row(collection: str, columns: Iterable[str]) -> list[str]:
    """The columns of the rows of a collection."""
    head = f"{collection}."
    return [name.removeprefix(head) for name in columns if name.startswith(head)]


def _together(pa: Any, tables: Sequence[Any], names: Sequence[str]) -> Any:
    """Tables one behind the other, with `KEY` and these columns; empty in a table that lacks one."""
    types = {field.name: field.type for one in tables for field in one.schema}
    return pa.concat_tables(
        [
            pa.table(
                {
                    name: one[name] if name in one.column_names else pa.nulls(one.num_rows, types[name])
                    for name in (KEY, *names)
                }
            )
            for one in tables
        ]
    )


def _parts(table: Any, parts: int) -> Iterator[Any]:
    """*table* in so many parts, in order, as even as can be."""
    for at in range(parts):
        first, last = table.num_rows * at // parts, table.num_rows * (at + 1) // parts
        yield table.slice(first, last - first)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
