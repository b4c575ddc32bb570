"""
Loading, registering and paging on the databases that a bank uses, each beside its floor; and sixteen writers at once.

The floor writes the same rows by the bare driver, with the same look-ups, AEAD and HMAC calls and comparisons, chains the same audit
entries and commits as often; in batches it looks up and inserts a batch at once. Servers are those of the tests: what a URL of the
environment names, what answers on the standard port, or a throwaway one.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import make_url

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.storage.servers import Server, server

from bankcif import CIF, Actor, Individual, LocalKeyProvider, Organization, Purpose, party_from
from bankcif.storage import upgrade
from bankcif.testing import synthetic_tables

__all__ = ["pages", "servers", "writers"]

MANAGER = Actor(id="manager", roles={"relationship_manager"}, branch="B-8801-01")
KINDS = ("postgresql", "mariadb")
WRITERS = 16
EACH = 80
WARM = 5
LOADER = Actor(id="bench", roles={"steward", "teller"}, branch="B-8801-01")
LEFT = {"store", "schema_version", "meeting", "audit_head", "audit_checkpoint", "policy"}
"""Tables of which the floor writes nothing."""


def connect(url: str) -> Any:
    """The bare driver's connection, which commits when it is told to."""
    made = make_url(url)
    if made.get_backend_name() == "postgresql":
        import psycopg

        return psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    driver = importlib.import_module("pymysql")
    found = driver.connect(
        host=made.host or "localhost", user=made.username, password=made.password or "", database=made.database,
        port=made.port or 3306, unix_socket=made.query.get("unix_socket"), charset="utf8mb4",
    )  # fmt: skip
    with found.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return found


@attrs.define
class Floor:
    """What ours wrote, ready to be written again."""

    columns: dict[str, list[str]]
    rows: dict[str, list[tuple[Any, ...]]]
    keys: list[tuple[Any, ...]]
    counts: dict[str, float]

    @classmethod
    def of(cls, url: str, key_store: Path, counts: dict[str, float]) -> Floor:
        """Reads it from the database at *url*."""
        from bankcif.storage._tables import METADATA

        columns, rows = {}, {}
        with closing(connect(url)) as db, db.cursor() as cursor:
            for table in METADATA.sorted_tables:
                if table.name in LEFT:
                    continue
                names = [column.name for column in table.columns]
                quote = "`" if "mariadb" in url else '"'
                cursor.execute(
                    f"SELECT {', '.join(quote + name + quote for name in names)} FROM {quote}{table.name}{quote}"
                )
                found = cursor.fetchall()
                if found:
                    columns[table.name], rows[table.name] = names, list(found)
        with closing(sqlite3.connect(key_store)) as keys:
            return cls(columns, rows, keys.execute("SELECT * FROM data_key").fetchall(), counts)

    def run(self, url: str, folder: Path, number: int, batch: int, *, only: tuple[int, int] = (0, 1)) -> float:
        """
        Writes the rows of *number* customers again, in transactions of *batch*; the seconds it took. *only* is a writer's share.
        """
        from run import checksum, compare, connect as connect_sqlite

        quote = "`" if "mariadb" in url else '"'
        aead, nonce, text, aad = AESGCM(os.urandom(32)), os.urandom(12), os.urandom(400), os.urandom(120)
        sealed, previous = aead.encrypt(nonce, text, aad), bytes(32)
        tags = [row[self.columns["blind_index"].index("tag")] for row in self.rows["blind_index"]]
        inserts = {
            name: f"INSERT INTO {quote}{name}{quote} ({', '.join(quote + one + quote for one in self.columns[name])}) "
            f"VALUES ({', '.join(['%s'] * len(self.columns[name]))})"
            for name in self.rows
        }  # fmt: skip
        body = self.columns["audit_entry"].index("body")
        with (
            closing(connect_sqlite(folder / f"floor-keys-{only[0]}-{time.time_ns()}.db")) as keys,
            closing(connect(url)) as db,
        ):
            keys.execute("CREATE TABLE data_key (a BLOB PRIMARY KEY, b TEXT, c BLOB, d INTEGER) WITHOUT ROWID")
            cursor, many = db.cursor(), "mariadb" in url
            started = time.perf_counter()
            for first in range(number * only[0] // only[1], number * (only[0] + 1) // only[1], batch):
                size = min(batch, number - first)

                def part(of: list[Any], first: int = first, size: int = size) -> list[Any]:
                    return of[len(of) * first // number : len(of) * (first + size) // number]

                keys.execute("BEGIN IMMEDIATE")
                keys.executemany("INSERT INTO data_key VALUES (?, ?, ?, ?)", part(self.keys))
                keys.execute("COMMIT")
                looked = part(tags)[: round(self.counts["tags looked up"] * size)]
                if batch > 1 and looked:
                    marks = f"IN ({', '.join(['%s'] * len(looked))})" if many else "= ANY (%s)"
                    cursor.execute(
                        f"SELECT cif_no FROM blind_index WHERE tenant = 'bench' AND tag {marks}",
                        looked if many else [looked],
                    )
                    cursor.fetchall()
                else:
                    for tag in looked:
                        cursor.execute("SELECT cif_no FROM blind_index WHERE tenant = 'bench' AND tag = %s", (tag,))
                        cursor.fetchall()
                for _ in range(size):
                    checksum("880101199003071098")
                for _ in range(round(self.counts["AEAD keys"] * size)):
                    AESGCM(text[:32])
                for _ in range(round(self.counts["AEAD seals"] * size)):
                    aead.encrypt(nonce, text, aad)
                for _ in range(round(self.counts["AEAD openings"] * size)):
                    aead.decrypt(nonce, sealed, aad)
                for _ in range(round(self.counts["HMAC"] * size)):
                    hmac.digest(text[:32], aad, "sha256")
                for _ in range(round(self.counts["comparisons"] * size)):
                    compare("880101199003071098")
                for name, rows in self.rows.items():
                    chosen = part(rows)
                    if name == "audit_entry":
                        for row in chosen:
                            previous = hashlib.sha256(previous + row[body]).digest()
                    if chosen:
                        cursor.executemany(inserts[name], chosen)
                db.commit()
            return time.perf_counter() - started


@contextmanager
def opened(url: str, keys: LocalKeyProvider, key_store: Path, **more: Any) -> Iterator[CIF]:
    """The store at *url*."""
    with CIF.open(url, tenant="bench", keys=keys, key_store=key_store, tables=synthetic_tables(), **more) as cif:
        yield cif


@contextmanager
def laid_out(on: Server) -> Iterator[str]:
    """A database with empty tables, of which the server's planner has been told."""
    with on.database() as url:
        upgrade.upgrade(url)
        yield url


def servers(number: int = 1000, single: int = 100, rounds: int = 5) -> dict[str, Any]:
    """Loading *number* rows and registering *single* customers on each server."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        with server(kind) as on, tempfile.TemporaryDirectory() as name:
            if isinstance(on, str):
                print(f"NOT MEASURED: {on}")
            else:
                found |= _on_one(on, Path(name), number, single, rounds)
    return found


def _on_one(on: Server, folder: Path, number: int, single: int, rounds: int) -> dict[str, Any]:
    """On one server."""
    from run import counted, people, write_rows

    keys = LocalKeyProvider.generate()
    file, channel = write_rows(folder, people(number, seed=1))
    forms = [party_from(form, Individual) for form in people(single, seed=2)]

    def load(url: str, at: Path) -> float:
        with opened(url, keys, at) as cif:
            started = time.perf_counter()
            cif.load(file, channel, actor=LOADER)
            return time.perf_counter() - started

    def register(url: str, at: Path) -> float:
        with opened(url, keys, at) as cif:
            register_all(cif, forms[:5], "warm")
            started = time.perf_counter()
            register_all(cif, forms[5:], "U")
            return (time.perf_counter() - started) * single / (single - 5)

    found = {}
    for what, ours, count, batch in (("load", load, number, 500), ("register", register, single, 1)):
        with laid_out(on) as url:
            at = folder / f"{what}.db"
            counts = counted(partial(ours, url, at), None, count)
            floor = Floor.of(url, at, counts)
        pairs = []
        for n in range(rounds):
            with laid_out(on) as url:
                mine = ours(url, folder / f"{what}-{n}.db")
            with laid_out(on) as url:
                pairs.append((mine, floor.run(url, folder, count, batch)))
        found[f"{on.name} {what}"] = told(f"{what} on {on.name}, {count} customers", count, pairs)
    return found


def register_all(cif: CIF, forms: list[Individual | Organization], prefix: str) -> None:
    """Each in a unit of its own."""
    for n, form in enumerate(forms):
        cif.customers.register(form, channel="bench", source_key=f"{prefix}{n}", actor=LOADER, occasion="lead")


def told(what: str, count: int, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    """Prints and returns ratio and spread."""
    ratios = sorted(ours / floor for ours, floor in pairs)
    result = {
        "us": statistics.median(ours for ours, _ in pairs) / count * 1e6,
        "floor_us": statistics.median(floor for _, floor in pairs) / count * 1e6,
        "ratio": statistics.median(ratios), "ratio_low": ratios[0], "ratio_high": ratios[-1],
    }  # fmt: skip
    print(
        f"{what}: {result['us']:,.0f} µs each; floor {result['floor_us']:,.0f} µs; ratio {result['ratio']:.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}, {len(pairs)} interleaved rounds)"
    )
    return result


def writers(rounds: int = 3) -> dict[str, Any]:
    """Sixteen processes that register on PostgreSQL at once, and sixteen that write the floor's rows."""
    from run import counted, people

    with server("postgresql") as on, tempfile.TemporaryDirectory() as name:
        if isinstance(on, str):
            print(f"NOT MEASURED: {on}")
            return {}
        folder = Path(name)
        LocalKeyProvider.generate().write(folder / "keys.json")
        keys, total = LocalKeyProvider.from_file(folder / "keys.json"), WRITERS * EACH
        everybody = people(total, seed=4)
        for kept, whom in (("forms", everybody), ("warm", people(WRITERS * WARM, seed=5))):
            (folder / f"{kept}.json").write_text(json.dumps(whom, ensure_ascii=False), encoding="utf-8")
        with laid_out(on) as url, opened(url, keys, folder / "counted.db") as cif:
            forms = [party_from(form, Individual) for form in everybody]
            counts = counted(lambda: register_all(cif, forms, "U"), None, total)
            floor = Floor.of(url, folder / "counted.db", counts)
        (folder / "floor.json").write_text(json.dumps(_kept(floor)), encoding="utf-8")
        pairs = []
        for n in range(rounds):
            with laid_out(on) as url:
                with opened(url, keys, folder / f"k{n}.db"):
                    pass
                ours = _at_once("ours", url, folder, folder / f"k{n}.db", total)
                with closing(connect(url)) as db, db.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM source_record")
                    assert cursor.fetchone() == (total + WRITERS * WARM,), "one was lost or doubled"
            with laid_out(on) as url:
                pairs.append((ours, _at_once("floor", url, folder, folder / "none.db", total)))
        return told(f"{WRITERS} writers at once on postgresql, {total} customers", total, pairs)


def _at_once(what: str, url: str, folder: Path, key_store: Path, total: int) -> float:
    """Seconds from the moment all processes are ready until the last is done."""
    started = [
        subprocess.Popen(
            [sys.executable, __file__, what, url, str(folder), str(key_store), str(n)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )
        for n in range(WRITERS)
    ]  # fmt: skip
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "done\n", "a writer failed"
    seconds = time.perf_counter() - begun
    for one in started:
        one.communicate()
    return seconds


def _kept(floor: Floor) -> dict[str, Any]:
    """The floor's rows as JSON."""
    rows = {name: [[_out(value) for value in row] for row in of] for name, of in floor.rows.items()}
    return {
        "columns": floor.columns, "rows": rows, "keys": [[_out(v) for v in row] for row in floor.keys],
        "counts": dict(floor.counts),
    }  # fmt: skip


def _out(value: Any) -> Any:
    return {"hex": bytes(value).hex()} if isinstance(value, bytes | memoryview) else value


def _in(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def forms_of(file: Path, number: int, each: int) -> list[Individual | Organization]:
    """A writer's share."""
    everybody = json.loads(file.read_text(encoding="utf-8"))[number * each : (number + 1) * each]
    return [party_from(form, Individual) for form in everybody]


def _child(what: str, url: str, folder: Path, key_store: Path, number: int) -> None:
    """One of the writers."""
    if what == "floor":
        kept = json.loads((folder / "floor.json").read_text(encoding="utf-8"))
        rows = {name: [tuple(map(_in, row)) for row in of] for name, of in kept["rows"].items()}
        floor = Floor(kept["columns"], rows, [tuple(map(_in, row)) for row in kept["keys"]], kept["counts"])
        print("ready", flush=True)
        sys.stdin.readline()
        floor.run(url, folder, WRITERS * EACH, 1, only=(number, WRITERS))
        print("done", flush=True)
        return
    forms = forms_of(folder / "forms.json", number, EACH)
    keys = LocalKeyProvider.from_file(folder / "keys.json")
    with opened(url, keys, key_store, create=False) as cif:
        register_all(cif, forms_of(folder / "warm.json", number, WARM), f"warm{number}-")
        print("ready", flush=True)
        sys.stdin.readline()
        register_all(cif, forms, f"W{number}-")
        print("done", flush=True)


def pages(customers: int = 2000, asked: int = 39) -> dict[str, Any]:
    """A page of fifty masked customers, its audit entry included, on SQLite and each server."""
    found = {}
    for kind in ("sqlite", *KINDS):
        with tempfile.TemporaryDirectory() as name, nullcontext() if kind == "sqlite" else server(kind) as on:
            if isinstance(on, str):
                print(f"NOT MEASURED: {on}")
                continue
            where = nullcontext(f"sqlite:///{name}/cif.db") if on is None else on.database()
            with where as url:
                pairs = _paged(kind, url, Path(name), customers, asked)
            found[kind] = told(f"a page of 50 masked customers among {customers} on {kind}", 1, pairs)
    return found


def _paged(kind: str, url: str, folder: Path, customers: int, asked: int) -> list[tuple[float, float]]:
    from run import connect as connect_sqlite, counted, people, write_rows

    everybody = [{**form, "home_branch": MANAGER.branch} for form in people(customers, seed=3)]
    file, channel = write_rows(folder, everybody)
    with opened(url, LocalKeyProvider.generate(), folder / "keys.db") as cif:
        cif.load(file, channel, actor=LOADER)
        raw = connect_sqlite(folder / "cif.db") if kind == "sqlite" else connect(url)
        cursor, after, pairs = raw.cursor(), None, []
        type_ = "BYTEA" if kind == "postgresql" else "BLOB"
        cursor.execute(f"CREATE TABLE log (body {type_}, hash {type_})")
        if kind == "postgresql":
            cursor.execute("ANALYZE")
        raw.commit()
        keys = sqlite3.connect(folder / "keys.db")
        ids = [row[0] for row in keys.execute("SELECT key_id FROM data_key LIMIT 50")]
        counts = counted(lambda: cif.customers.browse(actor=MANAGER, purpose=Purpose.RELATIONSHIP), None, 1)
        print("  a page needs " + ", ".join(f"{number:.0f} {name}" for name, number in counts.items() if number))
        for _ in range(asked):
            started = time.perf_counter()
            page = cif.customers.browse(after=after, actor=MANAGER, purpose=Purpose.RELATIONSHIP)
            ours, after = time.perf_counter() - started, page.after
            started = time.perf_counter()
            mark = "?" if kind == "sqlite" else "%s"
            keys.execute(f"SELECT * FROM data_key WHERE key_id IN ({', '.join('?' * len(ids))})", ids).fetchall()
            _floor_page(raw, cursor, page.views[0].cif_no, mark, counts)
            pairs.append((ours, time.perf_counter() - started))
        raw.close()
        keys.close()
    return pairs


_KEY, _NONCE, _AAD = AESGCM(os.urandom(32)), os.urandom(12), os.urandom(120)
_SEALED = _KEY.encrypt(_NONCE, os.urandom(400), _AAD)


def _floor_page(raw: Any, cursor: Any, after: str, mark: str, counts: dict[str, float]) -> None:
    """
    Fifty customers by the bare driver: two statements, the openings and keyed hashes that ours needs (a data key for each customer
    and a key for each group of theirs), fifteen masks each, an entry, a commit.
    """
    cursor.execute(
        f"SELECT cif_no, version FROM party WHERE tenant = 'bench' AND cif_no >= {mark} ORDER BY cif_no LIMIT 50",
        (after,),
    )
    numbers = [row[0] for row in cursor.fetchall()]
    marks = ", ".join([mark] * len(numbers))
    cursor.execute(
        f"SELECT cif_no, sealed FROM golden_group WHERE tenant = 'bench' AND cif_no IN ({marks}) AND superseded_at IS NULL",
        numbers,
    )
    groups = cursor.fetchall()
    for _ in range(round(counts["AEAD keys"])):
        AESGCM(_SEALED[:32])
    for _ in range(round(counts["AEAD openings"])):
        _KEY.decrypt(_NONCE, _SEALED, _AAD)
    for _ in range(round(counts["HMAC"])):
        hmac.digest(_SEALED[:32], _AAD, "sha256")
    for _ in groups:
        json.loads('{"name": "***", "phone": "***", "address": "***", "email": "***"}')
    for number in numbers:
        for _ in range(15):
            number[:3] + "****" + number[-4:]
    body = json.dumps({"subjects": numbers}).encode()
    if mark == "?":
        cursor.execute("BEGIN IMMEDIATE")
    cursor.executemany(
        f"INSERT INTO log VALUES ({mark}, {mark})",
        [(body, hashlib.sha256(body).digest())] + [(number.encode(), b"") for number in numbers],
    )
    if mark == "?":
        cursor.execute("COMMIT")
    else:
        raw.commit()


if __name__ == "__main__":
    _child(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))
