"""XLSX and Parquet, encodings as hints, and memory that does not grow with a file."""

from __future__ import annotations

import datetime as dt
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from openpyxl import Workbook
from pyarrow import parquet

from bankcif.errors import BankCIFError, FileError
from bankcif.intake import Channel, Column, read_rows, tables
from bankcif.intake.readers import looks_like

NAMES = ("id", "name", "born", "balance")
XLSX = Channel(name="c", source="c", format="xlsx", key="id", columns={name: Column(name=name) for name in NAMES})
# A spreadsheet's clock has no zone.
HALF_PAST_EIGHT = dt.datetime(2026, 11, 24, 8, 30)  # noqa: DTZ001
PARQUET = attrs.evolve(XLSX, format="parquet")


def found(path: Path, channel: Channel) -> list[tuple[int, Any]]:
    return [(r.line, dict(r.values) if r.values is not None else (r.rule, r.column)) for r in read_rows(path, channel)]


def spreadsheet(path: Path, *rows: list[Any], sheet: str = "Sheet") -> Path:
    book = Workbook()
    if sheet != "Sheet":
        book.create_sheet(sheet)
    for row in rows:
        book[sheet].append(row)
    book.save(path)
    return path


def test_a_spreadsheet(tmp_path: Path) -> None:
    path = spreadsheet(
        tmp_path / "a.xlsx", list(NAMES), ["11010519491231002X", "张伟", dt.date(1949, 12, 31), 12.5], [],
        [7, "李娜", HALF_PAST_EIGHT, True], ["8"], [110105194912310000000, "王芳"],
        ["9", "x", None, None, "more"],
    )  # fmt: skip
    assert found(path, XLSX) == [
        (2, {"id": "11010519491231002X", "name": "张伟", "born": "1949-12-31", "balance": "12.5"}),
        (4, {"id": "7", "name": "李娜", "born": "2026-11-24 08:30:00", "balance": "true"}),
        (5, {"id": "8", "name": "", "born": "", "balance": ""}),
        (6, ("number_rounded", "id")),
        (7, ("broken_row", "")),
    ]


def test_a_sheet_by_its_name(tmp_path: Path) -> None:
    path = spreadsheet(tmp_path / "a.xlsx", list(NAMES), ["1", "张伟"], sheet="客户")
    assert len(found(path, attrs.evolve(XLSX, sheet="客户"))) == 1
    with pytest.raises(FileError, match="has no sheet"):
        found(path, attrs.evolve(XLSX, sheet="other"))
    with pytest.raises(FileError, match="no column of the mapping"):
        found(path, XLSX)


def test_a_spreadsheet_of_any_name(tmp_path: Path) -> None:
    path = spreadsheet(tmp_path / "a.xlsx", list(NAMES), ["1", "张伟"]).rename(tmp_path / "upload-8801.part")
    assert len(found(path, XLSX)) == 1


def bomb(path: Path, lie: bool) -> Path:
    """A small archive that unpacks to 200 MB; if it lies, its directory says one byte."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(200):
            part.write(bytes(1 << 20))
    if lie:
        raw = bytearray(path.read_bytes())
        at = raw.index(b"PK\x01\x02")
        raw[at + 24 : at + 28] = struct.pack("<I", 1)
        path.write_bytes(raw)
    return path


@pytest.mark.parametrize("lie", [False, True], ids=["honest", "lying"])
def test_a_zip_bomb_is_refused_in_bounded_memory(tmp_path: Path, lie: bool) -> None:
    path = bomb(tmp_path / "a.xlsx", lie)
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    with pytest.raises(FileError, match="larger than 100 MB unpacked"):
        found(path, XLSX)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_spreadsheet_that_claims_the_whole_grid_costs_its_cells(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for column, name in enumerate(NAMES, start=1):
        sheet.cell(row=1, column=column, value=name)
    sheet.cell(row=2000, column=1, value="1")
    sheet.cell(row=2000, column=16_000, value="far away")
    book.save(tmp_path / "a.xlsx")
    tracemalloc.start()
    assert [line for line, _ in found(tmp_path / "a.xlsx", XLSX)] == [2000]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


@pytest.mark.parametrize(
    "content",
    [b"PK", b"no zip", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + bytes(200)],
    ids=["PK", "text", "empty", "bad"],
)
def test_what_is_no_spreadsheet_is_refused(tmp_path: Path, content: bytes) -> None:
    for channel, name in ((XLSX, "XLSX"), (PARQUET, "Parquet")):
        path = tmp_path / f"a.{channel.format}"
        path.write_bytes(content)
        with pytest.raises(FileError, match=name):
            found(path, channel)


def test_a_part_that_declares_entities_is_refused(tmp_path: Path) -> None:
    good = spreadsheet(tmp_path / "a.xlsx", list(NAMES), ["1", "x"])
    with zipfile.ZipFile(good) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + sheet
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(FileError, match="declares entities"):
        found(tmp_path / "b.xlsx", XLSX)


def test_a_damaged_spreadsheet_is_told(tmp_path: Path) -> None:
    good = spreadsheet(tmp_path / "a.xlsx", list(NAMES), *[[str(n), "x"] for n in range(2000)])
    with zipfile.ZipFile(good) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-3000]
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(FileError, match="damaged"):
        found(tmp_path / "b.xlsx", XLSX)


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({
        "id": ["1", "2", "3"], "name": ["张伟", None, "李娜"], "born": [dt.date(1990, 3, 7), None, dt.date(2000, 1, 1)],
        "balance": [Decimal("12.50"), None, Decimal("0.01")],
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "a.parquet")
    assert found(tmp_path / "a.parquet", PARQUET) == [
        (1, {"id": "1", "name": "张伟", "born": "1990-03-07", "balance": "12.50"}),
        (2, {"id": "2", "name": "", "born": "", "balance": ""}),
        (3, {"id": "3", "name": "李娜", "born": "2000-01-01", "balance": "0.01"}),
    ]
    nested = pa.table({"id": [["1"]], "name": ["x"], "born": [1.0], "balance": [1e17]})
    parquet.write_table(nested, tmp_path / "b.parquet")
    assert found(tmp_path / "b.parquet", PARQUET) == [(1, ("broken_row", "id"))]
    parquet.write_table(table.append_column("more", [["x"] * 3]), tmp_path / "c.parquet")
    with pytest.raises(FileError, match="does not know column number 5"):
        found(tmp_path / "c.parquet", PARQUET)


def test_a_large_row_group_is_refused_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_GROUP", 10_000)
    table = pa.table({name: [f"{name}{n}" for n in range(5000)] for name in NAMES})
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(FileError, match="row_group_size"):
        found(tmp_path / "a.parquet", PARQUET)
    parquet.write_table(table, tmp_path / "b.parquet", row_group_size=100)
    assert len(found(tmp_path / "b.parquet", PARQUET)) == 5000


TEXT = "客户号,姓名\n1,张伟国\n2,李娜\n"
TRADITIONAL = "客戶號,姓名\n1,張偉國\n2,陳麗華\n"


@pytest.mark.parametrize(
    ("text", "encoding", "seen"),
    [(TEXT, "utf-8", "utf-8"), (TEXT, "gb18030", "gb18030"), (TEXT, "gbk", "gb18030"), (TRADITIONAL, "big5", "big5"),
     (TEXT, "utf-16", "utf-16")],
)  # fmt: skip
def test_an_encoding_is_a_hint_in_the_message_and_nothing_else(
    tmp_path: Path, text: str, encoding: str, seen: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert looks_like(path) == seen
    wrong = "big5" if seen == "utf-8" else "utf-8"
    channel = attrs.evolve(XLSX, format="csv", encoding=wrong)
    with pytest.raises(FileError, match=f"looks like {seen}"):
        found(path, channel)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", "big5"])
def test_every_encoding_is_read_as_the_mapping_says(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    text = "id,name,born,balance\n1,張偉,,\n"
    path.write_bytes(text.encode(encoding))
    ((_, values),) = found(path, attrs.evolve(XLSX, format="csv", encoding=encoding))
    assert values["name"] == "張偉"


def csv_bytes(n: int) -> bytes:
    return b"id,name,born,balance\n" + b"".join(b"%d,zhang,1990-03-07,1\n" % i for i in range(n))


@pytest.mark.parametrize(
    ("format_", "make"),
    [
        ("csv", csv_bytes),
        ("csv", lambda n: b'id,name,born,balance\n1,"' + b"x" * (n * 24)),
        ("jsonl", lambda n: b'{"id": "1", "name": "zhang"}\n' * n),
        ("jsonl", lambda n: b"[" * (n * 24)),
        ("fixed", lambda n: b"1234567890123456789012\n" * n),
    ],
    ids=["csv", "csv, one open quote", "jsonl", "jsonl, one line", "fixed"],
)
def test_a_file_is_read_in_memory_that_does_not_grow_with_it(
    tmp_path: Path, format_: str, make: Callable[[int], bytes]
) -> None:
    columns = {name: Column(name=name, start=5 * at, width=5) for at, name in enumerate(NAMES)}
    channel = attrs.evolve(XLSX, format=format_, columns=columns)
    path = tmp_path / "file"
    path.write_bytes(make(60_000))
    assert path.stat().st_size > 1_200_000
    tracemalloc.start()
    for _ in read_rows(path, channel):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 700_000


@given(content=st.binary(max_size=400), head=st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b"\xff\xfe"]))
def test_no_bytes_raise_anything_but_ours(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, head: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(head + content)
    for channel in (XLSX, PARQUET):
        with pytest.raises(BankCIFError) as caught:
            found(path, channel)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
