"""
What a store's own size costs: registering, finding and paging among more and more customers, beside the floor of a look-up.

    python bench/growth.py FOLDER 10000 100000          sizes, each loaded on top of the one before

Writes ``growth.json``, ``growth.svg`` and ``growth.png`` into the folder.
"""

from __future__ import annotations

import json
import math
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs

from bankcif import CIF, Actor, Individual, Organization, Purpose, party_from

__all__ = ["growth"]

SIZES = (10_000, 100_000, 1_000_000)
LARGE = (*SIZES, 10_000_000)
ASKED = 200
LOADER = Actor(id="bench", roles={"steward", "teller"}, branch="B-8801-01")
MANAGER = Actor(id="manager", roles={"relationship_manager"}, branch="B-0007")
PATHS = ("register", "find by ID number", "page of 50", "floor of a look-up")


def growth(sizes: tuple[int, ...] = SIZES, folder: Path | None = None) -> dict[str, Any]:
    """Median milliseconds of each path at each size."""
    if folder is None:
        with tempfile.TemporaryDirectory() as name:
            return growth(sizes, Path(name))
    from run import opened, people, write_rows

    found: dict[str, dict[str, float]] = {}
    forms = [party_from(form, Individual) for form in people(len(sizes) * ASKED, seed=7)]
    stored = 0
    with opened(folder) as cif:
        for n, size in enumerate(sizes):
            rows = people(size - stored, seed=100 + n)
            for row in rows:
                row["home_branch"] = f"B-{random.Random(row['phone']).randrange(20):04}"
            (folder / str(n)).mkdir()
            file, channel = write_rows(folder / str(n), rows)
            text = file.read_text(encoding="utf-8").replace('"uid": "U', f'"uid": "S{n}-')
            file.write_text(text, encoding="utf-8")
            started = time.perf_counter()
            cif.load(file, channel, actor=LOADER)
            seconds, stored = time.perf_counter() - started, size
            found[str(size)] = {**_paths(cif, folder, rows, forms[n * ASKED : (n + 1) * ASKED], n)}
            found[str(size)]["load, a row"] = seconds / len(rows) * 1e3
            print(f"{size:,} rows: " + ", ".join(f"{path} {ms:.2f} ms" for path, ms in found[str(size)].items()))
    kept = Path(__file__).parent / "out"
    kept.mkdir(exist_ok=True)
    (kept / "growth.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    plot(found, kept)
    return found


def _paths(
    cif: CIF, folder: Path, rows: list[dict[str, Any]], forms: list[Individual | Organization], n: int
) -> dict[str, float]:
    """Each path by turns, so that a slow moment falls on all."""
    raw = sqlite3.connect(folder / "cif.db")
    tags = [
        row[0] for row in raw.execute("SELECT tag FROM blind_index WHERE index_name = 'identifier' LIMIT ?", (ASKED,))
    ]
    numbers = iter([row["identifiers"][0]["number"] for row in random.Random(n).choices(rows, k=ASKED)])
    asked: Iterator[tuple[int, Individual | Organization]] = iter(enumerate(forms))
    pages: list[str | None] = [None]
    manager = attrs.evolve(MANAGER, id=f"manager{n}", person=f"manager{n}")  # each may see two thousand an hour

    def register() -> None:
        at, form = next(asked)
        cif.customers.register(form, channel="bench", source_key=f"G{n}-{at}", actor=LOADER, occasion="lead")

    def find() -> None:
        known = ("cn.resident_id", next(numbers))
        assert cif.customers.find(identifier=known, actor=LOADER, purpose=Purpose.OPERATIONS)

    def page() -> None:
        pages[0] = cif.customers.browse(after=pages[0], actor=manager, purpose=Purpose.RELATIONSHIP).after

    def floor() -> None:
        raw.execute("SELECT cif_no FROM blind_index WHERE tenant = 'bench' AND tag = ?", (tags.pop(),)).fetchall()

    times: dict[str, list[float]] = {path: [] for path in PATHS}
    works: tuple[Callable[[], None], ...] = (register, find, page, floor)
    for turn in range(min(ASKED, len(tags))):
        for path, work in zip(PATHS, works, strict=True):
            if work is page and turn % 5:
                continue
            started = time.perf_counter()
            work()
            times[path].append(time.perf_counter() - started)
    raw.close()
    return {path: statistics.median(each) * 1e3 for path, each in times.items()}


def plot(found: dict[str, dict[str, float]], folder: Path) -> None:
    """The figures over the size, both by powers of ten, as SVG and PNG."""
    mpl, plt = import_module("matplotlib"), import_module("matplotlib.pyplot")
    mpl.use("Agg")

    sizes = [int(size) for size in found]
    _, axes = plt.subplots(figsize=(8, 5))
    for path in PATHS:
        axes.plot(sizes, [found[str(size)][path] for size in sizes], marker="o", label=path)
    base = found[str(sizes[0])]["register"]
    axes.plot(
        sizes, [base * math.log(size) / math.log(sizes[0]) for size in sizes], linestyle=":", color="grey",
        label="as the depth of an index grows",
    )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="customers stored (SQLite)", ylabel="median milliseconds")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    for kind in ("svg", "png"):
        plt.savefig(folder / f"growth.{kind}", bbox_inches="tight", metadata={"Date": None} if kind == "svg" else None)
    plt.close()


if __name__ == "__main__":
    given = Path(sys.argv[1])
    given.mkdir(parents=True, exist_ok=True)
    growth(tuple(map(int, sys.argv[2:])) or SIZES, given)
