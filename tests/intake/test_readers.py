"""Readers: every row comes out, good or broken, on its own line."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif.errors import FileError
from bankcif.intake import Channel, Column, read_rows

CSV = Channel(
    name="c", source="c", format="csv", key="id", columns={"id": Column(name="id"), "name": Column(name="name")}
)
JSONL = attrs.evolve(CSV, format="jsonl")
FIXED = attrs.evolve(
    CSV,
    format="fixed",
    columns={"id": Column(name="id", start=0, width=4), "name": Column(name="name", start=4, width=6)},
)


def rows(path: Path, channel: Channel, content: bytes) -> list[tuple[int, dict[str, str] | str]]:
    path.write_bytes(content)
    return [(r.line, dict(r.values) if r.values is not None else r.rule) for r in read_rows(path, channel)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_csv(path: Path) -> None:
    content = '\ufeffid,name\r\n1,"a,b"\r\n\r\n2,"two\nlines"\n3,short,long\n4\n5,last'.encode()
    assert rows(path, CSV, content) == [
        (2, {"id": "1", "name": "a,b"}),
        (4, {"id": "2", "name": "two\nlines"}),
        (6, "broken_row"),
        (7, "broken_row"),
        (8, {"id": "5", "name": "last"}),
    ]


def test_csv_in_gb18030_holds_only_the_row_that_does_not_decode(path: Path) -> None:
    channel = attrs.evolve(CSV, encoding="gb18030")
    content = "id,name\n1,张䶮\n".encode("gb18030") + b"2,\xff\xff\n" + "3,李\n".encode("gb18030")
    assert rows(path, channel, content) == [
        (2, {"id": "1", "name": "张䶮"}),
        (3, "encoding"),
        (4, {"id": "3", "name": "李"}),
    ]


def test_an_open_quote_does_not_swallow_the_file_silently(path: Path) -> None:
    assert rows(path, CSV, b'id,name\n1,"open\n2,b\n')[0] == (2, "broken_row")


def test_a_long_line_and_a_long_field_are_held(path: Path) -> None:
    content = b"id,name\n1," + b"x" * 70_000 + b"\n2," + b"y" * 5_000 + b"\n3,z\n"
    assert rows(path, CSV, content) == [(2, "too_long"), (3, "too_long"), (4, {"id": "3", "name": "z"})]


def test_pipes(path: Path) -> None:
    assert rows(path, attrs.evolve(CSV, delimiter="|"), b"id|name\n1|a\n") == [(2, {"id": "1", "name": "a"})]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "no column of the mapping"),
        (b"id\n1\n", "name"),
        (b"id,name,more\n1,2,3\n", "column number 3"),
        (b"id,name,name\n1,2,3\n", "twice"),
        ("id,name\n".encode("utf-16"), "no column of the mapping"),
    ],
)
def test_a_file_of_another_shape_is_refused_whole(path: Path, content: bytes, words: str) -> None:
    with pytest.raises(FileError, match=words):
        rows(path, CSV, content)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(FileError):
            list(read_rows(path, CSV))


def test_jsonl(path: Path) -> None:
    content = (
        b'{"id": 1, "name": null}\n\n{"id": "2", "name": 1.50}\n{"id": [1]}\n[1]\n{"id": "3", "more": 1}\n{broken\n'
        b'{"id": 123456789012345678901234567890}\n{"id": true}\n'
    ) + b'{"id": "\xff"}\n'
    assert rows(path, JSONL, content) == [
        (1, {"id": "1", "name": ""}),
        (3, {"id": "2", "name": "1.50"}),
        (4, "broken_row"),
        (5, "broken_row"),
        (6, "unknown_column"),
        (7, "broken_row"),
        (8, {"id": "123456789012345678901234567890"}),
        (9, {"id": "true"}),
        (10, "encoding"),
    ]


def test_deep_json_is_a_broken_row(path: Path) -> None:
    assert rows(path, JSONL, b"[" * 50_000 + b"\n") == [(1, "broken_row")]


def test_fixed_width(path: Path) -> None:
    content = "0001张伟    \n0002\n\n0003李四\n".encode()
    assert rows(path, FIXED, content) == [
        (1, {"id": "0001", "name": "张伟"}),
        (2, "broken_row"),
        (4, {"id": "0003", "name": "李四"}),
    ]


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_of_python_s(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    for channel, head in ((CSV, b"id,name\n"), (JSONL, b'{"id": 1}\n'), (FIXED, b"0001abcdef\n")):
        found = rows(path, channel, head + content)
        assert all(line >= 1 for line, _ in found)


@given(st.lists(st.tuples(st.text("0123456789", min_size=1, max_size=5), st.text(max_size=20)), max_size=10))
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, str]]
) -> None:
    import csv
    import io

    path = tmp_path_factory.mktemp("any") / "file"
    written = [(key, name) for key, name in written if not any("\ud800" <= c <= "\udfff" or c in "\r\0" for c in name)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("id", "name"), *written])
    found = rows(path, CSV, text.getvalue().encode())
    assert [row for _, row in found] == [{"id": key, "name": name} for key, name in written]


def test_a_quote_that_never_closes_costs_no_more_than_its_lines(path: Path) -> None:
    # Each held record ends at the limit; the rows behind it are read again from there.
    found = rows(path, CSV, b"id,name\n" + b'1,"x\n' + b"2,y\n" * 40_000)
    assert found[0][1] in ("too_long", "broken_row")
    assert found[-1] == (40_002, {"id": "2", "name": "y"})
