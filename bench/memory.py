"""
What reading a file needs in memory, by its format: each in a process of its own, from beginning to end.

    python bench/memory.py           200 MB of CSV, JSON Lines and fixed width, a spreadsheet and a Parquet file at their limits
    python bench/memory.py 5         5 GB of each
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

GIGABYTE = 10**9
BLOCK_ROWS = 20_000
SHEET_ROWS = 350_000  # some 95 MB unpacked
COLUMNS = ("id", "name", "mobile", "address")

READ = """
import time
from pathlib import Path
from bankcif.intake import Channel, Column, read_rows

names, format = {names!r}, {format!r}
columns = {{
    name: Column(name=name, start=40 * at if format == "fixed" else None, width=40 if format == "fixed" else None)
    for at, name in enumerate(names)
}}
channel = Channel(name="c", source="c", format=format, key="id", columns=columns)


def most():
    # Not getrusage: it counts what the process was before it became this one.
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


before = most()
started, good, broken = time.perf_counter(), 0, 0
for row in read_rows(Path({path!r}), channel):
    good, broken = good + (row.values is not None), broken + (row.values is None)
seconds = time.perf_counter() - started
print(good, broken, seconds, before, most())
"""


def _rows(count: int) -> Iterator[tuple[str, ...]]:
    for n in range(count):
        yield f"C{n:08}", "欧阳测试", f"15400{n % 10**6:06}", f"北京市朝阳区测试路{n}号"


def _csv(row: tuple[str, ...]) -> bytes:
    return (",".join(row) + "\n").encode()


def _json(row: tuple[str, ...]) -> bytes:
    return (json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n").encode()


def _fixed(row: tuple[str, ...]) -> bytes:
    return b"".join(cell.encode().ljust(40) for cell in row) + b"\n"


def _write_lines(path: Path, written: Callable[[tuple[str, ...]], bytes], size: int, header: bytes = b"") -> None:
    block = b"".join(map(written, _rows(BLOCK_ROWS)))
    with path.open("wb") as file:
        file.write(header)
        while file.tell() < size:
            file.write(block)


def _write_sheet(path: Path) -> None:
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(COLUMNS)
    for row in _rows(SHEET_ROWS):
        sheet.append(row)
    book.save(path)


def _write_parquet(path: Path, size: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table(dict(zip(COLUMNS, zip(*_rows(BLOCK_ROWS * 10), strict=True), strict=True)))
    with parquet.ParquetWriter(path, table.schema, compression="none", use_dictionary=False) as writer:
        while not path.exists() or path.stat().st_size < size:
            writer.write_table(table)


def memory(gigabytes: float = 0.2) -> dict[str, int]:
    """Prints, for each format, rows read, rows a second, and the peak of memory; returns the peaks in MB."""
    size = int(gigabytes * GIGABYTE)
    header = (",".join(COLUMNS) + "\n").encode()
    writers: dict[str, Callable[[Path], None]] = {
        "csv": lambda path: _write_lines(path, _csv, size, header),
        "jsonl": lambda path: _write_lines(path, _json, size),
        "fixed": lambda path: _write_lines(path, _fixed, size),
        "xlsx": _write_sheet,
        "parquet": lambda path: _write_parquet(path, size),
    }
    peaks = {}
    for kind, write in writers.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            write(path)
            script = READ.format(names=COLUMNS, format=kind, path=str(path))
            done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True)
            good, broken, seconds, before, peak = done.stdout.split()
            print(
                f"{kind:8} {path.stat().st_size / 1e6:8,.0f} MB: {int(good):11,} rows, {broken} broken, "
                f"{int(good) / float(seconds):9,.0f} rows a second; memory {before} MB before, {peak} MB at its peak",
                flush=True,
            )
            peaks[kind] = int(peak)
    return peaks


if __name__ == "__main__":
    memory(*map(float, sys.argv[1:2]))
