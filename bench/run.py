"""
Each path beside its floor, in one run, interleaved; bare times mean nothing on a shared machine.

    nox -s bench                     all but what takes minutes of its own, under ten minutes
    nox -s bench -- load lookup      a selection of: load, register, lookup, page, servers, rules, tags, search, growth, import, schemes, addresses,
                                     slowest, masks, guard, log, memory (200 MB a format; `python bench/memory.py 5` reads 5 GB)
    nox -s bench -- --compare FILE   and what has changed since a run whose bench/out/last.json was kept

The floor does the same work with nothing of ours around it: the same rows by raw sqlite3 under the same durability,
with the same look-ups, AEAD keys and calls, HMAC calls, comparisons, own checksums, and an audit row chained by SHA-256.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import cryptography
import numpy as np
import sqlalchemy
from addresses import addresses
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from guard import guard, log, masks
from memory import memory
from rapidfuzz.distance import OSA
from schemes import schemes
from slowest import slowest

from bankcif import CIF, Actor, Individual, LocalKeyProvider, Purpose, party_from
from bankcif.intake import Channel, read_channel
from bankcif.matching import MatchModel
from bankcif.protection import Suite
from bankcif.testing import synthetic_tables
from bankcif.testing.factories import forms, make_world

ROUNDS = 5
LOAD_ROWS = 3_000
REGISTRATIONS = 200
LOOKUP_CUSTOMERS = 100_000
LOOKUPS = 400
BATCH = 500
LOADER = Actor(id="bench", roles={"steward", "teller"}, branch="B-8801-01")

MAPPING = """
name = "bench"
format = "jsonl"
key = "uid"
requires = "lead"
trust = 90
[columns]
uid = ""
name = "name"
sex = "sex"
birth_date = "birth_date"
idno = "identifiers.cn.resident_id"
phone = "phone"
email = "email"
address = "address"
occupation = "occupation"
home_branch = "home_branch"
manager = "manager"
"""


def people(count: int, seed: int) -> list[dict[str, Any]]:
    """Forms of *count* people, a tenth of them twice under another key, so that there is something to match."""
    found = list(forms(make_world(count * 10 // 11 + 1, 0, seed)))
    return (found + found[: count - len(found)])[:count]


def write_rows(folder: Path, rows: list[dict[str, Any]]) -> tuple[Path, Channel]:
    """*rows* as a channel's file with its mapping."""
    mapping, file = folder / "bench.toml", folder / "bench.jsonl"
    mapping.write_text(MAPPING, encoding="utf-8")
    with file.open("w", encoding="utf-8") as out:
        for n, row in enumerate(rows):
            flat = {**row, "uid": f"U{n}", "idno": row["identifiers"][0]["number"]}
            del flat["identifiers"]
            out.write(json.dumps(flat, ensure_ascii=False) + "\n")
    return file, read_channel(mapping)


@contextmanager
def opened(folder: Path, **more: Any) -> Any:
    """A fresh file in *folder*."""
    if not (folder / "keys.json").exists():
        LocalKeyProvider.generate().write(folder / "keys.json")
    keys = LocalKeyProvider.from_file(folder / "keys.json")
    with CIF.open(
        f"sqlite:///{folder / 'cif.db'}", tenant="bench", keys=keys, tables=synthetic_tables(), **more
    ) as cif:
        yield cif


class Counts(dict[str, float]):
    """How many of each a registration needed."""


def counted(work: Callable[[], Any], folder: Path | None, rows: int) -> Counts:
    """
    Runs *work*, which brings *rows* rows into the store in *folder*, and counts its elementary operations; of a store elsewhere its
    rows are not counted.
    """
    found = {"AEAD keys": 0, "AEAD seals": 0, "AEAD openings": 0, "HMAC": 0, "comparisons": 0, "tags looked up": 0}
    real_hmac, real_keyed, real_pair = hmac.digest, Suite.keyed, MatchModel.pair
    real_wrap, real_unwrap = LocalKeyProvider.wrap, LocalKeyProvider.unwrap

    class Aead:
        def __init__(self, key: bytes) -> None:
            found["AEAD keys"] += 1
            self._real = AESGCM(key)

        def encrypt(self, *args: Any) -> bytes:
            found["AEAD seals"] += 1
            return self._real.encrypt(*args)

        def decrypt(self, *args: Any) -> bytes:
            found["AEAD openings"] += 1
            return self._real.decrypt(*args)

    def count_hmac(*args: Any) -> bytes:
        found["HMAC"] += 1
        return real_hmac(*args)

    def count_keyed(suite: Suite, key: bytes) -> Any:
        mac = real_keyed(suite, key)

        def counting(message: bytes) -> bytes:
            found["HMAC"] += 1
            return mac(message)

        return counting

    def count_wrap(self: LocalKeyProvider, keys: Any) -> Any:
        found["AEAD seals"] += len(keys)
        return real_wrap(self, keys)

    def count_unwrap(self: LocalKeyProvider, wrapped: Any, *, kek_id: str) -> Any:
        found["AEAD openings"] += len(wrapped)
        return real_unwrap(self, wrapped, kek_id=kek_id)

    def count_pairs(self: MatchModel, one: Any, other: Any) -> Any:
        found["comparisons"] += 1
        return real_pair(self, one, other)

    import bankcif.protection.suites as suites
    from bankcif.storage._sql_parties import Indexes

    real_find, real_some = Indexes.find, Indexes.find_some

    def count_tags(self: Any, tags: Any) -> Any:
        found["tags looked up"] += len(set(tags))
        return real_find(self, tags)

    def count_some(self: Any, keys: Any, most: int) -> Any:
        found["tags looked up"] += len(set(keys))
        return real_some(self, keys, most)

    with ExitStack() as stack:
        for target, name, double in (
            (suites, "AESGCM", Aead), (hmac, "digest", count_hmac),
            (MatchModel, "pair", count_pairs), (Indexes, "find", count_tags), (Indexes, "find_some", count_some),
            (Suite, "keyed", count_keyed), (LocalKeyProvider, "wrap", count_wrap), (LocalKeyProvider, "unwrap", count_unwrap),
        ):  # fmt: skip
            stack.enter_context(mock.patch.object(target, name, double))
        work()
    counts = Counts({name: number / rows for name, number in found.items()})
    if folder is None:
        return counts
    with sqlite3.connect(folder / "cif.db") as db:
        names = [
            r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        ]
        for name in names:
            number = db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            if number > 1:
                counts[f"rows in {name}"] = number / rows
    return counts


class Floor:
    """The rows of a store that ours wrote, ready to be written again by raw sqlite3."""

    def __init__(self, folder: Path) -> None:
        self.schema: list[str] = []
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        with sqlite3.connect(folder / "cif.db") as db:
            for name, sql in db.execute(
                "SELECT name, sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE 'sqlite%'"
            ):
                self.schema.append(sql)
                if sql.startswith("CREATE TABLE"):
                    self.rows[name] = db.execute(f"SELECT * FROM {name}").fetchall()
            self.body = [column[1] for column in db.execute("PRAGMA table_info(audit_entry)")].index("body")
            self.tag = [column[1] for column in db.execute("PRAGMA table_info(blind_index)")].index("tag")
        with sqlite3.connect(folder / "cif-keys.db") as db:
            about = "SELECT sql FROM sqlite_master WHERE sql NOT NULL AND tbl_name = 'data_key'"
            self.key_schema = [row[0] for row in db.execute(about)]
            self.keys = db.execute("SELECT * FROM data_key").fetchall()
        self.tags = [row[self.tag] for row in self.rows["blind_index"]]

    def run(self, folder: Path, counts: Counts, rows: int, batch: int) -> float:
        """Writes everything again in transactions of *batch* registrations; the seconds it took."""
        db, keys = connect(folder / "floor.db"), connect(folder / "floor-keys.db")
        for sql in self.schema:
            db.execute(sql)
        for sql in self.key_schema:
            keys.execute(sql)
        aead, nonce, text, aad = AESGCM(os.urandom(32)), os.urandom(12), os.urandom(400), os.urandom(120)
        sealed = aead.encrypt(nonce, text, aad)
        number, previous = "880101199003071098", bytes(32)
        started = time.perf_counter()
        for first in range(0, rows, batch):
            size = min(batch, rows - first)

            def part(of: list[Any], first: int = first, size: int = size) -> list[Any]:
                return of[len(of) * first // rows : len(of) * (first + size) // rows]

            keys.execute("BEGIN IMMEDIATE")
            keys.executemany("INSERT INTO data_key VALUES (?, ?, ?, ?)", part(self.keys))
            keys.execute("COMMIT")
            db.execute("BEGIN IMMEDIATE")
            for tag in part(self.tags)[: round(counts["tags looked up"] * size)]:
                db.execute("SELECT cif_no FROM blind_index WHERE tenant = ? AND tag = ?", ("bench", tag)).fetchall()
            for _ in range(size):
                checksum(number)
            for _ in range(round(counts["AEAD keys"] * size)):
                AESGCM(text[:32])
            for _ in range(round(counts["AEAD seals"] * size)):
                aead.encrypt(nonce, text, aad)
            for _ in range(round(counts["AEAD openings"] * size)):
                aead.decrypt(nonce, sealed, aad)
            for _ in range(round(counts["HMAC"] * size)):
                hmac.digest(text[:32], aad, "sha256")
            for _ in range(round(counts["comparisons"] * size)):
                compare(number)
            for name, of in self.rows.items():
                chosen = part(of)
                if not chosen or name == "store":
                    continue
                if name == "audit_entry":
                    for row in chosen:
                        previous = hashlib.sha256(previous + row[self.body]).digest()
                db.executemany(f"INSERT OR REPLACE INTO {name} VALUES ({','.join('?' * len(chosen[0]))})", chosen)
            db.execute("COMMIT")
        seconds = time.perf_counter() - started
        db.close()
        keys.close()
        return seconds


def connect(path: Path) -> sqlite3.Connection:
    """A raw connection under the library's durability."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        db.execute(f"PRAGMA {pragma}")
    return db


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def checksum(number: str) -> str:
    """The check character, as anybody would write it."""
    return "10X98765432"[sum(w * int(d) for w, d in zip(_WEIGHTS, number, strict=False)) % 11]


def compare(number: str) -> int:
    """Nine fields of a pair: one edit distance and eight equalities."""
    total = OSA.distance("张伟国", "章伟国", score_cutoff=1)
    for other in ("1", "2", "3", "4", "5", "6", "7", number):
        total += number == other
    return int(total)


def load(rows: int = LOAD_ROWS) -> dict[str, Any]:
    """Bulk load of a file, with matching against the store."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, channel = write_rows(folder, people(rows, seed=1))

        def once(into: Path) -> float:
            into.mkdir()
            with opened(into) as cif:
                started = time.perf_counter()
                cif.load(file, channel, actor=LOADER)
                return time.perf_counter() - started

        counts = counted(lambda: once(folder / "counted"), folder / "counted", rows)
        floor = Floor(folder / "counted")
        return compared(
            f"load of {rows} rows", rows, counts,
            lambda n: once(folder / f"ours{n}"), lambda n: floor.run(made(folder / f"floor{n}"), counts, rows, BATCH),
        )  # fmt: skip


def register(count: int = REGISTRATIONS) -> dict[str, Any]:
    """One customer at a time, each its own commit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made_forms = [party_from(form, Individual) for form in people(count, seed=2)]

        def once(into: Path) -> float:
            into.mkdir()
            with opened(into) as cif:
                started = time.perf_counter()
                for n, form in enumerate(made_forms):
                    cif.customers.register(form, channel="bench", source_key=f"U{n}", actor=LOADER, occasion="lead")
                return time.perf_counter() - started

        counts = counted(lambda: once(folder / "counted"), folder / "counted", count)
        floor = Floor(folder / "counted")
        return compared(
            f"register, {count} customers", count, counts,
            lambda n: once(folder / f"ours{n}"), lambda n: floor.run(made(folder / f"floor{n}"), counts, count, 1),
        )  # fmt: skip


def lookup(customers: int = LOOKUP_CUSTOMERS) -> dict[str, Any]:
    """Exact look-up by ID number, masked, its audit entry included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        everybody = people(customers, seed=3)
        file, channel = write_rows(folder, everybody)
        with opened(folder) as cif:
            started = time.perf_counter()
            cif.load(file, channel, actor=LOADER)
            print(f"  a store of {customers} customers was loaded in {time.perf_counter() - started:.0f} s")
            numbers = [p["identifiers"][0]["number"] for p in everybody[:: max(1, customers // LOOKUPS)]][:LOOKUPS]
            ours: list[float] = []
            floor: list[float] = []
            raw = connect(folder / "cif.db")
            log = connect(folder / "log.db")
            log.execute("CREATE TABLE log (body BLOB, hash BLOB)")
            aead, nonce, aad = AESGCM(os.urandom(32)), os.urandom(12), os.urandom(120)
            sealed = aead.encrypt(nonce, os.urandom(400), aad)
            tags = [
                row[0]
                for row in raw.execute(
                    "SELECT tag FROM blind_index WHERE index_name = 'identifier' LIMIT ?", (LOOKUPS,)
                )
            ]
            for number, tag in zip(numbers, tags, strict=False):
                started = time.perf_counter()
                views = cif.customers.find(
                    identifier=("cn.resident_id", number), actor=LOADER, purpose=Purpose.OPERATIONS
                )
                ours.append(time.perf_counter() - started)
                assert views
                started = time.perf_counter()
                found = raw.execute(
                    "SELECT b.cif_no, p.version, s.sealed FROM blind_index b JOIN party p USING (tenant, cif_no) "
                    "JOIN source_record s USING (tenant, source, source_key, record_no) WHERE b.tenant = ? AND b.tag = ?",
                    ("bench", tag),
                ).fetchall()
                groups = raw.execute(
                    "SELECT sealed FROM golden_group WHERE tenant = ? AND cif_no = ? AND superseded_at IS NULL",
                    ("bench", found[0][0]),
                ).fetchall()
                for _ in range(2 * len(groups) + 2 * len(found)):
                    aead.decrypt(nonce, sealed, aad)
                log.execute("BEGIN IMMEDIATE")
                log.execute("INSERT INTO log VALUES (?, ?)", (aad, hashlib.sha256(aad).digest()))
                log.execute("COMMIT")
                floor.append(time.perf_counter() - started)
            raw.close()
            log.close()
    ratios = [a / b for a, b in zip(ours, floor, strict=True)]
    result = {
        "customers": customers, "p50_ms": statistics.median(ours) * 1e3,
        "p99_ms": float(np.quantile(ours, 0.99)) * 1e3, "floor_p50_ms": statistics.median(floor) * 1e3,
        "ratio": statistics.median(ratios),
    }  # fmt: skip
    print(
        f"look-up by ID number among {customers}: p50 {result['p50_ms']:.2f} ms, p99 {result['p99_ms']:.2f} ms; floor p50 "
        f"{result['floor_p50_ms']:.2f} ms; ratio {result['ratio']:.1f} (median of {len(ratios)} pairs)"
    )
    return result


def importing() -> dict[str, Any]:
    """``import bankcif`` beside an empty interpreter."""

    def once(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - started

    pairs = [(once("import bankcif"), once("pass")) for _ in range(4 * ROUNDS)]
    cost = statistics.median(a - b for a, b in pairs)
    print(f"import bankcif: {cost * 1e3:.1f} ms on top of an empty interpreter (median of {len(pairs)} pairs)")
    return {"import_ms": cost * 1e3}


def made(folder: Path) -> Path:
    """*folder*, made."""
    folder.mkdir()
    return folder


def compared(
    what: str, count: int, counts: Counts, ours: Callable[[int], float], floor: Callable[[int], float]
) -> dict[str, Any]:
    """Rounds of ours and the floor in turn; prints and returns ratio and spread."""
    print(f"{what}: one registration needs")
    print("  " + ", ".join(f"{number:.1f} {name}" for name, number in counts.items()))
    pairs = [(ours(n), floor(n)) for n in range(ROUNDS)]
    ratios = sorted(a / b for a, b in pairs)
    best = statistics.median(a for a, _ in pairs)
    result = {
        "per_second": count / best, "floor_us": statistics.median(b for _, b in pairs) / count * 1e6,
        "ratio": statistics.median(ratios), "ratio_low": ratios[0], "ratio_high": ratios[-1], "counts": dict(counts),
    }  # fmt: skip
    print(
        f"  {result['per_second']:,.0f} a second; floor {result['floor_us']:.0f} µs each; ratio {result['ratio']:.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}, {ROUNDS} interleaved rounds)"
    )
    return result


def page() -> dict[str, Any]:
    """A page of fifty masked customers; see `servers`."""
    from servers import pages

    return pages()


def on_servers() -> dict[str, Any]:
    """Loading, registering and sixteen writers on the databases of a bank; see `servers`."""
    from servers import servers, writers

    return {**servers(), "postgresql writers": writers()}


def ruled() -> dict[str, Any]:
    """Rules and tags on one record, on a million, and as statements of a database; see `rules` and `store_rules`."""
    from store_rules import store_rules

    from rules import rules

    return {**rules(), "in SQL": store_rules()}


def examined() -> dict[str, Any]:
    """Quality rules over a million customers; see `quality`."""
    from quality import quality

    return quality()


def valued() -> dict[str, Any]:
    """How a million customers buy, fitted and scored; see `value`."""
    from value import value

    return value()


def analysed(rivals: str = sys.executable) -> dict[str, Any]:
    """Analyses beside lifetimes, mlxtend and scikit-learn; see `analyses`."""
    from analyses import analyses

    return analyses(rivals=rivals)


def reported() -> dict[str, Any]:
    """Reports over a million customers; see `reports`."""
    from reports import reports

    return reports()


def extracted() -> dict[str, Any]:
    """Columns of a million customers, and sealed groups; see `extract`."""
    from extract import extract

    return extract(rounds=3)


def tagged() -> dict[str, Any]:
    """Tags in the store; see `tags`."""
    from tags import tags

    return tags(5_000)


def searched() -> dict[str, Any]:
    """Names that are spelled otherwise, searched; see `search`, which takes a million."""
    from search import search

    return search(10_000, 1_000)


def grown(large: bool = False) -> dict[str, Any]:
    """Each path among more and more customers; see `growth`."""
    from growth import LARGE, SIZES, growth

    return growth(LARGE if large else SIZES)


def link(large: bool = False, rivals: str = sys.executable) -> dict[str, Any]:
    """Whole files beside Splink; see `linking`."""
    from linking import linking

    names = ["easy", "hard"] if large else ["febrl3", "febrl4", "easy", "hard"]
    return linking(names, large, 3 if large else 5, rivals)


BENCHES = {
    "import": importing,
    "schemes": schemes,
    "addresses": addresses,
    "slowest": slowest,
    "memory": memory,
    "masks": masks,
    "guard": guard,
    "log": log,
    "load": load,
    "register": register,
    "lookup": lookup,
    "page": page,
    "servers": on_servers,
    "rules": ruled,
    "tags": tagged,
    "quality": examined,
    "value": valued,
    "analyses": analysed,
    "reports": reported,
    "extract": extracted,
    "search": searched,
    "growth": grown,
    "link": link,
}


ALONE = ("extract", "value", "analyses", "reports", "link", "growth")
"""What is measured where it is named, or with ``--large``: each takes minutes of its own."""
AIMS = {
    ("guard", "decide_us"): 20,
    ("guard", "decide_new_us"): 20,
    ("guard", "decide_rows_us"): 20,
    ("masks", "phone"): 0.3,
    ("log", "verify_cpu_s"): 60,
}
"""What must be reached whatever the floor: microseconds of a decision, seconds of a million phones and of a million entries."""


def _run(name: str, given: argparse.Namespace) -> Any:
    if name == "link":
        return link(given.large, given.rivals)
    if name == "analyses":
        return analysed(given.rivals)
    return grown(given.large) if name == "growth" else BENCHES[name]()


def flat(figures: Any, name: str = "") -> dict[str, float]:
    """Every number of *figures*, by its place."""
    if isinstance(figures, dict):
        found: dict[str, float] = {}
        for key, value in figures.items():
            found |= flat(value, f"{name} {key}".strip())
        return found
    return {name: float(figures)} if isinstance(figures, int | float) and not isinstance(figures, bool) else {}


def compared_with(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What has changed by more than a twentieth since an earlier run; of ratios to a floor, which other machines have, too."""
    old, new = flat(before), flat(now)
    lines = [
        f"  {name}: {old[name]:,.2f} -> {new[name]:,.2f} ({new[name] / old[name] - 1:+.0%})"
        for name in new
        if "ratio" in name and old.get(name) and abs(new[name] / old[name] - 1) > 0.05
    ]
    return "\n".join(["since the earlier run:", *(lines or ["  no ratio changed by more than a twentieth"])])


def main() -> None:
    """Runs the chosen benches and keeps their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names",
        nargs="*",
        choices=[*BENCHES, []],
        help=f"which; if none is named all but {', '.join(ALONE)}, which take minutes of their own",
    )
    parser.add_argument("--rivals", default=sys.executable, help="a Python that has Splink and recordlinkage")
    parser.add_argument(
        "--large",
        action="store_true",
        help="these instead: on a million rows or customers, growth on ten millions",
    )
    parser.add_argument("--compare", type=Path, help="a file of an earlier run, to print what has changed")
    given = parser.parse_args()
    chosen = given.names or (list(ALONE) if given.large else [name for name in BENCHES if name not in ALONE])
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    versions = {
        "python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "sqlalchemy": sqlalchemy.__version__,
        "numpy": np.__version__, "cryptography": cryptography.__version__,
    }  # fmt: skip
    print(f"{cpu}, {os.cpu_count()} cores; {', '.join(f'{n} {v}' for n, v in versions.items())}")
    figures: dict[str, Any] = {
        "cpu": cpu,
        "versions": versions,
        **{name: _run(name, given) for name in chosen},
    }
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "last.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    if given.compare:
        print(compared_with(json.loads(given.compare.read_text(encoding="utf-8")), figures))
    missed = [
        f"{name} {figure}: {figures[name][figure]:.3g}, aim {aim:g}"
        for (name, figure), aim in AIMS.items()
        if name in chosen and figures[name][figure] > aim
    ]
    if missed:
        raise SystemExit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
