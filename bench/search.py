"""
Searching a full store: exactly by phone, and people by names that are spelled otherwise, beside their birth year; and everything about one of them at once,
tags of the starter catalogue among it. With opening, masking and the audit entry, each its own commit under full durability.

    python bench/search.py [CUSTOMERS [QUERIES [FOLDER]]]   20,000 customers and 2,000 queries if nothing is said

What is asked is the name of somebody who is there, written as people write it wrongly: by tables of this bench, and not of the library. A name of two
characters is asked together with the branch, too. Printed is how
often they came out, how long the lists were, and how long it took, by what is wrong; and beside it how the same questions fare in SQL written by hand over
a table in clear. With FOLDER the store is kept there and used again.
"""

from __future__ import annotations

import csv
import gc
import itertools
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from customers import GIVEN, HOMOPHONES, LOOKALIKES, TRADITIONAL, World, everybody, groups

from bankcif import CIF, Actor, AuthContext, LocalKeyProvider, Purpose
from bankcif.intake import read_channel
from bankcif.tagging import starter_catalogue
from bankcif.testing import synthetic_tables
from bankcif.wording import person_name

LOADER = Actor(id="bench", roles={"loader"})
CLERK = Actor(id="m.li", roles={"compliance"})
MAPPING = """
name = "bench"
format = "csv"
key = "uid"
requires = "lead"

[columns]
uid = ""
name = "name"
phone = "phone"
birth_date = "birth_date"
home_branch = "home_branch"
"""
SEED = 43
VARIED = 0.6
FIRST = "Anna Maria Peter John Erik Sofia Lucas Emma Daniel Julia Martin Laura Thomas Nina Felix Clara Simon Alice Oscar Helena".split()
LAST = "Eriksson Miller Schneider Rossi Novak Jensen Dubois Garcia Silva Kowalski Larsen Weber Moreau Costa Svensson Fischer Romano".split()
HOMOPHONE, LOOKS = groups(HOMOPHONES), groups(LOOKALIKES)
OTHERS = "".join(dict.fromkeys("".join(GIVEN.values())))
Wrong = Callable[[str, Random], str]


def replaced(table: dict[str, str]) -> Wrong:
    """One character of a name as *table* has it; empty if it has none of them."""

    def wrong(name: str, rng: Random) -> str:
        at = [n for n, character in enumerate(name) if character in table]
        n = rng.choice(at) if at else -1
        return "" if n < 0 else name[:n] + rng.choice(table[name[n]]) + name[n + 1 :]

    return wrong


def other(name: str, rng: Random) -> str:
    n = rng.randrange(len(name))
    return name[:n] + rng.choice(OTHERS.replace(name[n], "")) + name[n + 1 :]


def put_in(name: str, rng: Random) -> str:
    n = rng.randrange(1, len(name) + 1)
    return name[:n] + rng.choice(OTHERS) + name[n:]


def left_out(name: str, rng: Random) -> str:
    n = rng.randrange(len(name))
    return name[:n] + name[n + 1 :] if len(name) > 2 else ""


def swapped(name: str, rng: Random) -> str:
    n = rng.randrange(len(name) - 1)
    return name[:n] + name[n + 1] + name[n] + name[n + 2 :]


def traditional(name: str, _: Random) -> str:
    found = "".join(TRADITIONAL.get(character, character) for character in name)
    return found if found != name else ""


def pinyin(name: str, _: Random) -> str:
    return person_name(name).readings[0]


def turned(name: str, _: Random) -> str:
    return " ".join(reversed(name.split()))


def letter(name: str, rng: Random) -> str:
    n = rng.randrange(1, len(name) - 1)
    return name[:n] + name[n + 1 :] if name[n] != " " else ""


HAN: dict[str, Wrong] = {
    "as it is": lambda name, _: name, "one character another": other, "one that sounds so": replaced(HOMOPHONE),
    "one that looks so": replaced(LOOKS), "one left out": left_out, "one put in": put_in, "two swapped": swapped,
    "traditional": traditional, "pinyin": pinyin,
}  # fmt: skip
LATIN: dict[str, Wrong] = {
    "Latin, as it is": lambda name, _: name,
    "Latin, other order": turned,
    "Latin, a letter missing": letter,
}


def varied(name: str, rng: Random) -> str:
    """
    A name whose given characters are drawn from more than the few of a generation, so that names are as frequent as they are published to be: the
    commonest one customer in 4,500, and two customers of one name one pair in 50,000 (see the library's table of frequencies).
    """
    given = "".join(rng.choice(OTHERS) if rng.random() < VARIED else character for character in name[1:])
    return name[0] + given


def people(customers: int) -> list[tuple[str, str, str, str]]:
    """Name, phone, birth date and branch of each."""
    rng, world = Random(SEED), World("easy", SEED)
    found = []
    for n, person in enumerate(itertools.islice(everybody(world), customers)):
        name = f"{rng.choice(FIRST)} {rng.choice(LAST)}" if rng.random() < 0.01 else varied(person.name, rng)
        branch = f"B-{min(int(rng.expovariate(1 / 80)), 499):03}"
        found.append((name, f"154{n:08}", person.born.isoformat(), branch))
    return found


def opened(folder: Path, customers: int) -> CIF:
    """The store in *folder*."""
    return CIF.open(
        f"sqlite:///{folder / 'cif.db'}", tenant="bench", keys=LocalKeyProvider.from_file(folder / "keys.json"),
        tables=synthetic_tables(), expected_customers=max(customers, 1_000), name_search=["birth_year"],
    )  # fmt: skip


def prepare(folder: Path, rows: list[tuple[str, str, str, str]]) -> None:
    """Loads the store in *folder*, if it is not there yet."""
    if (folder / "cif.db").exists():
        return
    LocalKeyProvider.generate().write(folder / "keys.json")
    (folder / "bench.toml").write_text(MAPPING, encoding="utf-8")
    with (folder / "bench.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["uid", "name", "phone", "birth_date", "home_branch"])
        out.writerows([f"U{n}", *row] for n, row in enumerate(rows))
    started = time.perf_counter()
    with opened(folder, len(rows)) as cif:
        report = cif.load(folder / "bench.csv", read_channel(folder / "bench.toml"), actor=LOADER)
    seconds = time.perf_counter() - started
    print(
        f"  loaded in {seconds:,.0f} s, {seconds / len(rows) * 1e6:,.0f} µs a customer; {report.held_count:,} held",
        flush=True,
    )


def search(customers: int = 20_000, queries: int = 2_000, kept: str | None = None) -> dict[str, Any]:
    """Asks *queries* names, and as many phones; prints and returns the figures."""
    rng, rows = Random(SEED + 1), people(customers)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(kept or temporary)
        folder.mkdir(exist_ok=True)
        prepare(folder, rows)
        kinds = {**HAN, **LATIN}
        latin = [row for row in rows if row[0].isascii()]
        han = [row for row in rows if not row[0].isascii()]
        asked: list[tuple[str, str, tuple[str, str, str, str]]] = []
        while len(asked) < queries:
            kind = rng.choice(list(kinds))
            row = rng.choice(latin if kind in LATIN else han)
            name = kinds[kind](row[0], rng)
            if name:
                asked.append((kind, name, row))
        ask: dict[str, Any] = {"actor": CLERK, "purpose": Purpose.COMPLIANCE}
        seconds: dict[str, list[float]] = defaultdict(list)
        sizes: dict[str, list[int]] = defaultdict(list)
        hits: dict[str, list[bool]] = defaultdict(list)
        cut = 0
        by_hand, reached = ByHand(folder, rows), []
        with opened(folder, customers) as cif:
            gc.collect()
            gc.freeze()  # else a collection looks through the bench's own million rows, in the midst of a search
            numbers = {}
            for n, (kind, name, row) in enumerate(asked):
                started = time.perf_counter()
                (view, *_) = cif.customers.find(phone=row[1], **ask)
                exact = time.perf_counter() - started
                numbers[row[1]] = view.cif_no
                started = time.perf_counter()
                found = cif.customers.search(
                    name, birth_year=int(row[2][:4]), branch=row[3] if len(name) == 2 else None, **ask
                )
                took = time.perf_counter() - started
                hits[kind].append(any(hit.view.cif_no == numbers[row[1]] for hit in found.hits))
                sizes[kind].append(len(found.hits))
                cut += found.more
                hit, plain = by_hand.name(name, row)
                reached.append(hit)
                if n >= min(100, queries // 10):  # warm
                    seconds["exact"].append(exact)
                    seconds["name"].append(took)
                    seconds["name by hand"].append(plain)
            for n, row in enumerate(rng.sample(rows, queries)):  # and phones by themselves, as a counter asks them
                started = time.perf_counter()
                cif.customers.find(phone=row[1], **ask)
                took = time.perf_counter() - started
                plain = by_hand.phone(row[1])
                if n >= min(100, queries // 10):
                    seconds["alone"].append(took)
                    seconds["alone by hand"].append(plain)
            publish(cif)
            for n, number in enumerate(rng.sample([*numbers.values()], len(numbers))):
                started = time.perf_counter()
                cif.customers.customer360(number, **ask)
                if n >= min(100, queries // 10):
                    seconds["whole"].append(time.perf_counter() - started)
        return told(customers, kinds, hits, sizes, seconds, cut / queries, sum(reached) / len(reached))


class ByHand:
    """
    The same questions as somebody would write them in SQL, over a table in clear with an index on the phone and one on the birth year: names that differ by one
    character as patterns. It opens nothing, masks nothing and keeps no log.
    """

    def __init__(self, folder: Path, rows: list[tuple[str, str, str, str]]) -> None:
        self._database = sqlite3.connect(folder / "plain.db")
        if not self._database.execute("SELECT 1 FROM sqlite_master").fetchone():
            self._database.execute("CREATE TABLE customer (no INTEGER PRIMARY KEY, name, phone, born, branch, year)")
            self._database.executemany(
                "INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?)",
                ((n, *row, int(row[2][:4])) for n, row in enumerate(rows)),
            )
            self._database.execute("CREATE INDEX by_phone ON customer (phone)")
            self._database.execute("CREATE INDEX by_year ON customer (year)")
            self._database.commit()

    def phone(self, phone: str) -> float:
        """Seconds of one look-up."""
        started = time.perf_counter()
        self._database.execute("SELECT * FROM customer WHERE phone = ?", (phone,)).fetchall()
        return time.perf_counter() - started

    def name(self, name: str, row: tuple[str, str, str, str]) -> tuple[bool, float]:
        """Whether they came out, and the seconds."""
        patterns = {name, *(name[:n] + "_" + name[n:] for n in range(len(name) + 1))}
        for n in range(len(name)):
            patterns |= {name[:n] + "_" + name[n + 1 :], name[:n] + name[n + 1 :]}
            patterns.add(name[:n] + name[n : n + 2][::-1] + name[n + 2 :])
        statement = f"SELECT * FROM customer WHERE year = ? AND ({' OR '.join(['name LIKE ?'] * len(patterns))})"
        started = time.perf_counter()
        found = self._database.execute(statement, (int(row[2][:4]), *patterns)).fetchall()
        return any(one[2] == row[1] for one in found), time.perf_counter() - started


def publish(cif: CIF) -> None:
    """Puts the starter catalogue of tags into force, unless one is."""
    signed_on = AuthContext(methods=("pwd", "otp"), assurance=3, at=datetime.now(UTC))
    one, other = (Actor(id=name, roles={"tag_officer"}, auth=signed_on) for name in ("t.one", "t.two"))
    if cif.tags.in_force is None:
        cif.approvals.approve(cif.tags.propose(starter_catalogue(), reason="bench", actor=one).id, actor=other)


def told(
    customers: int, kinds: Any, hits: dict[str, list[bool]], sizes: dict[str, list[int]], seconds: dict[str, list[float]],
    cut: float, reached: float,
) -> dict[str, Any]:  # fmt: skip
    """Prints and returns the figures."""
    every = [hit for some in hits.values() for hit in some]
    result: dict[str, Any] = {
        "customers": customers, "queries": len(every), "recall": sum(every) / len(every), "cut": cut, "recall_by_hand": reached,
        "by_kind": {kind: sum(hits[kind]) / len(hits[kind]) for kind in kinds if hits[kind]},
        "sizes": {kind: [float(np.quantile(sizes[kind], q)) for q in (0.5, 0.95)] for kind in kinds if sizes[kind]},
        **{f"{what}_ms": [float(np.quantile(some, q)) * 1e3 for q in (0.5, 0.99)] for what, some in seconds.items()},
    }  # fmt: skip
    print(
        f"names among {customers:,} customers: recall {result['recall']:.4f} of {len(every):,} queries; p50 {result['name_ms'][0]:.1f} ms, "
        f"p99 {result['name_ms'][1]:.1f}; {cut:.1%} say that there may be more; phones p50 {result['alone_ms'][0]:.2f} ms, p99 "
        f"{result['alone_ms'][1]:.2f}; between names {result['exact_ms'][0]:.2f}, {result['exact_ms'][1]:.2f}; everything about one {result['whole_ms'][0]:.1f}, "
        f"{result['whole_ms'][1]:.1f}"
    )
    names, phones = result["name by hand_ms"], result["alone by hand_ms"]
    print(
        f"  by hand, in SQL over a table in clear: names by patterns, recall {reached:.4f}, p50 {names[0]:.1f} ms, p99 {names[1]:.1f}; phones p50 "
        f"{phones[0]:.3f} ms, p99 {phones[1]:.3f}"
    )
    for kind, recall in result["by_kind"].items():
        median, most = result["sizes"][kind]
        print(f"  {kind:26} {recall:.4f} of {len(hits[kind]):5,}; lists of {median:.0f}, {most:.0f} at 95 %")
    return result


if __name__ == "__main__":
    given: list[Any] = [int(one) for one in sys.argv[1:3]]
    search(*given, *sys.argv[3:4])
