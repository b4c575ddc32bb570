"""
One new record against a full store: a form is standardized, its candidates are found, opened and compared, it is decided,
sealed, stored and audited, each its own commit under full durability.

    python bench/online.py [CUSTOMERS [REGISTRATIONS [FOLDER [SEED]]]]   20,000 customers and 1,000 forms if nothing is said

The store holds one row of each of so many made-up people, of the hard profile of `customers`. Half of the forms that come
are another row of somebody who is there, half are of people who are not; they come in the same order of chance.
With FOLDER the store is kept there and used again; then another SEED brings forms that did not come before.

Each form is standardized and compared once more without the store, with three others.
"""

from __future__ import annotations

import csv
import gc
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from customers import COLUMNS, World, everybody

from bankcif import CIF, Actor, Individual, LocalKeyProvider, party_from
from bankcif.errors import IntakeError
from bankcif.intake import read_channel
from bankcif.matching import blocking_keys, features_of, lanes_of
from bankcif.party import PartyKind, plain_values
from bankcif.testing import synthetic_tables

CLERK = Actor(id="bench", roles={"steward", "teller"}, branch="B-8801-01")
MAPPING = """
name = "bench"
format = "csv"
key = "uid"
requires = "lead"
trust = 90

[columns]
uid = ""
name = "name"
id_no = "identifiers.cn.resident_id"
phone = "phone"
birth_date = "birth_date"
sex = "sex"
address = "address"
email = "email"
"""
FIELDS = ("name", "id_no", "phone", "birth_date", "sex", "address", "email")
SEED = 41


def latin(name: str, _: Any) -> str:
    """No name is written in Latin letters here."""
    return name


def form(row: tuple[str, ...]) -> dict[str, Any]:
    """A row as a channel's form says it."""
    said: dict[str, Any] = {name: text for name, text in zip(FIELDS, row, strict=True) if text}
    number = said.pop("id_no", None)
    if number:
        said["identifiers"] = [{"scheme": "cn.resident_id", "number": number}]
    return said


def prepare(folder: Path, customers: int, count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Loads the store in *folder*, if it is not there yet; the forms that are to come."""
    world = World("hard", SEED)
    people = everybody(world)
    held: list[Any] = []
    rows: list[tuple[str, ...]] = []
    while len(held) < customers:
        person = next(people)
        row = world.row(person, latin)
        if row[1] or row[2]:  # a lead is reached by a number of one or the other kind
            held.append(person)
            rows.append(row)
    if not (folder / "cif.db").exists():
        LocalKeyProvider.generate().write(folder / "keys.json")
        (folder / "bench.toml").write_text(MAPPING, encoding="utf-8")
        with (folder / "bench.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["uid", *FIELDS])
            out.writerows([f"U{n}", *row] for n, row in enumerate(rows))
        started = time.perf_counter()
        with opened(folder, customers) as cif:
            report = cif.load(folder / "bench.csv", read_channel(folder / "bench.toml"), actor=CLERK)
        print(f"  loaded in {time.perf_counter() - started:,.0f} s; {report.held_count:,} rows are held", flush=True)
        (folder / "bench.csv").unlink()
    world.rng.seed(seed)
    coming = [world.row(person, latin) for person in world.rng.sample(held, count // 2)]
    others = World("hard", f"others {seed}")
    coming += [others.row(person, latin) for person in itertools.islice(everybody(others), count - count // 2)]
    world.rng.shuffle(coming)
    return [form(row) for row in coming]


def opened(folder: Path, customers: int) -> CIF:
    """The store in *folder*."""
    keys = LocalKeyProvider.from_file(folder / "keys.json")
    return CIF.open(
        f"sqlite:///{folder / 'cif.db'}", tenant="bench", keys=keys, tables=synthetic_tables(),
        expected_customers=max(customers, 1_000),
    )  # fmt: skip


def without_store(desk: Any, coming: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """
    Seconds that each form takes to be standardized, checked, keyed, and compared and decided with three others, whose numbers are
    there; and the same with others whose values are there, as they are once a record has been opened.
    """
    kind, identifying = PartyKind.INDIVIDUAL, desk.link_policy.identifying
    capture, model = desk.standards.of(kind, "lead", "bench"), desk.models[kind]

    def standard(said: dict[str, Any]) -> Any:
        plain = plain_values(party_from(said, Individual))
        return capture.check(desk.standardizer.standardize(kind, plain), today=desk.today()).values

    def row_of(values: Any) -> Any:
        return lanes_of(features_of(kind, values, identifying))

    values = [standard(said) for said in coming]
    rows = [row_of(one) for one in values]
    found: dict[str, list[float]] = {"numbers": [], "values": []}
    for what, seconds in found.items():
        for at, said in enumerate(coming):
            started = time.perf_counter()
            mine = features_of(kind, standard(said), identifying)
            blocking_keys(mine)
            row = lanes_of(mine)
            for other in (at - 1, at - 2, at - 3):
                pair = model.pair(row, rows[other] if what == "numbers" else row_of(values[other]))
                desk.link_policy.decide(model, pair.levels, pair.weight_millibits)
            seconds.append(time.perf_counter() - started)
    return found


def memory_mib() -> float:
    """What the process holds now."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def online(customers: int = 20_000, count: int = 1_000, kept: str | None = None, seed: int = 0) -> dict[str, Any]:
    """Registers *count* forms, one by one, against a store of *customers* customers; prints and returns the figures."""
    assert COLUMNS[1:8] == FIELDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(kept or name)
        folder.mkdir(exist_ok=True)
        coming = prepare(folder, customers, count, seed)
        gc.collect()
        run = f"{time.time_ns():x}"
        seconds: list[float] = []
        became: Counter[str] = Counter()
        with opened(folder, customers) as cif:
            for n, said in enumerate(coming):
                party = party_from(said, Individual)
                if n == min(100, count // 10):
                    seconds.clear()  # warm
                    before = memory_mib()
                started = time.perf_counter()
                try:
                    done = cif.customers.register(
                        party, channel="bench", source_key=f"N{run}-{n}", actor=CLERK, occasion="lead"
                    )
                    became[done.outcome.value] += 1
                except IntakeError:
                    became["faulty"] += 1
                    continue
                seconds.append(time.perf_counter() - started)
            after = memory_mib()
            alone = without_store(cif._desk, coming)
    result = {
        "customers": customers, "registered": len(seconds), "became": dict(became),
        "p50_ms": float(np.quantile(seconds, 0.5)) * 1e3, "p99_ms": float(np.quantile(seconds, 0.99)) * 1e3,
        "max_ms": max(seconds) * 1e3, "mib_before": before, "mib_after": after,
        "alone_ms": {what: [float(np.quantile(some, q)) * 1e3 for q in (0.5, 0.99)] for what, some in alone.items()},
    }  # fmt: skip
    print(
        f"one record against {customers:,} customers: p50 {result['p50_ms']:.2f} ms, p99 {result['p99_ms']:.2f} ms, "
        f"most {result['max_ms']:.1f} ms ({len(seconds):,} registered: {', '.join(f'{n} {k}' for k, n in became.items())}); "
        f"memory {before:.0f} MiB before, {after:.0f} after"
    )
    for what, (p50, p99) in result["alone_ms"].items():
        print(f"  without the store, with three whose {what} are there: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    return result


if __name__ == "__main__":
    arguments = sys.argv[1:]
    online(*map(int, arguments[:2]), *arguments[2:3], *map(int, arguments[3:]))
