"""
Extracting: a million customers by twenty plain facts from SQLite, beside the bare driver with the same pseudonyms and Arrow columns; and sealed groups,
beside nothing but unwrapping their keys, deriving and opening.

    python bench/extract.py [CUSTOMERS [SEALED]]   1,000,000 and 20,000 if nothing is said
"""

from __future__ import annotations

import hmac
import sqlite3
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from bankcif import CIF, Actor, LocalKeyProvider, Policy, Purpose
from bankcif.access import default_policy
from bankcif.intake import Channel, read_channel
from bankcif.parallel import extract_in_processes
from bankcif.party import FACT_COLUMNS, CifNo
from bankcif.storage.rows import FactRow, PartyRow
from bankcif.testing import synthetic_tables
from bankcif.testing.factories import forms, make_world

__all__ = ["extract"]

TWENTY = (
    "kind", "sex", "nationality", "occupation", "birth_year", "branch", "manager", "prefecture", "life_cycle", "review_state", "customer_since", "income_band",
    "aml_class", "investment_grade", "investment_grade_until", "preferred_channel", "preferred_language", "preferred_time", "tax_residence", "last_reached_on",
)  # fmt: skip
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SEALED = ("birth_date", "aum", "aum_currency", "holdings", "interactions", "transactions")
ANALYST = Actor(id="a.na", roles={"analyst"})
ASK: dict[str, Any] = {"actor": ANALYST, "purpose": Purpose.ANALYTICS}


def open_policy() -> Policy:
    """The example policy, by which everything typed may be extracted."""
    document = default_policy().document()
    mine = {
        "id": "all",
        "roles": ["analyst"],
        "purposes": ["analytics"],
        "actions": ["extract"],
        "sinks": ["export"],
        "profile": "analyst",
        "fields": ["*"],
    }
    return Policy.from_document({**document, "grant": [*document["grant"], mine], "version": "bench"})


def opened(folder: Path) -> CIF:
    """The store in *folder*, with keys that rest there, so that other processes open it too."""
    path = folder / "keys.json"
    if not path.exists():
        LocalKeyProvider.generate().write(path)
    return CIF.open(
        f"sqlite:///{folder / 'cif.db'}",
        tenant="t",
        keys=LocalKeyProvider.from_file(path),
        tables=synthetic_tables(),
        policy=open_policy(),
    )


def extract(customers: int = 1_000_000, sealed: int = 20_000, rounds: int = 5) -> dict[str, Any]:
    """Measures, prints and returns medians and ratios."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        found |= _plain(Path(folder), customers, rounds)
    with tempfile.TemporaryDirectory() as folder:
        found |= _sealed(Path(folder), sealed, rounds)
    for what, number in found.items():
        print(f"{what}: {number:,.2f}" if isinstance(number, float) else f"{what}: {number}")
    return found


def _plain(folder: Path, customers: int, rounds: int) -> dict[str, Any]:
    random = Random(7)
    with opened(folder) as cif:
        for first in range(0, customers, 20_000):
            numbers = range(first, min(first + 20_000, customers))
            parties, facts = zip(*(_made(random, n, customers) for n in numbers), strict=True)
            with cif._repository.unit_of_work() as unit:
                unit.parties.add(parties)
                unit.copies.put_facts(facts)
                unit.commit()
        ours, two, floor, made = [], [], [], None
        for _ in range(rounds):
            started = time.perf_counter()
            made = cif.extract(TWENTY, **ASK)
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            extract_in_processes(partial(opened, folder), TWENTY, processes=2, **ASK)
            two.append(time.perf_counter() - started)
            started = time.perf_counter()
            _bare(folder)
            floor.append(time.perf_counter() - started)
    assert made is not None
    assert (len(made), len(made.columns), made.withheld) == (customers, len(TWENTY), ())
    what = f"{customers:,} customers by {len(TWENTY)} plain facts"
    return {**_told(what, ours, floor), **_told(f"{what}, two processes", two, floor)}


def _made(random: Random, n: int, customers: int) -> tuple[PartyRow, FactRow]:
    # As even among all numbers as drawn ones are, so that processes have even parts.
    place = n * 2**60 // customers
    cif_no = CifNo("C" + "".join(_LETTERS[place >> shift & 31] for shift in range(55, -5, -5)) + "0000")
    branch, manager = f"b{n % 400}", f"m{n % 4000}"
    party = PartyRow(
        cif_no,
        "individual",
        "active",
        "current",
        "customer",
        branch,
        manager,
        None,
        "bench",
        str(n),
        0,
        bytes(16),
        1,
        bytes(32),
        0,
        0,
    )
    values: dict[str, Any] = {
        name: random.randrange(40) if type_ is int else str(random.randrange(9)) for name, type_ in FACT_COLUMNS.items()
    }
    return party, FactRow(cif_no, {**values, "kind": "individual", "birth_year": 1940 + n % 70})


def _bare(folder: Path) -> pa.Table:
    """The same columns by the bare driver, with a pseudonym for each."""
    of_party = {"branch", "manager", "life_cycle", "review_state"}
    names = ", ".join(f"{'p' if name in of_party else 'f'}.{name}" for name in TWENTY)
    with sqlite3.connect(folder / "cif.db") as db:
        cursor = db.execute(
            f"SELECT p.cif_no, {names} FROM party p LEFT JOIN fact f ON f.tenant = p.tenant AND f.cif_no = p.cif_no WHERE p.tenant = 't' AND p.life_cycle NOT IN"
            " ('merged', 'erased', 'restricted') ORDER BY p.cif_no"
        )
        tables = []
        while rows := cursor.fetchmany(20_000):
            numbers, *columns = zip(*rows, strict=True)
            keys = [hmac.digest(b"k" * 32, number.encode(), "sha256")[:16].hex() for number in numbers]
            tables.append(pa.table({"key": keys, **dict(zip(TWENTY, map(pa.array, columns), strict=True))}))
    return pa.concat_tables(tables, promote_options="permissive")


def _sealed(folder: Path, customers: int, rounds: int) -> dict[str, Any]:
    """Sealed groups of customers who were registered, by one process and by two, beside nothing but opening the same groups."""
    with opened(folder) as cif:
        _register(cif, folder, customers)
        ours, two, floor, count = [], [], [], 0
        for _ in range(rounds):
            started = time.perf_counter()
            count = len(cif.extract(SEALED, **ASK))
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            extract_in_processes(partial(opened, folder), SEALED, processes=2, **ASK)
            two.append(time.perf_counter() - started)
            floor.append(_opening(cif._desk))
    what = f"sealed groups of {count:,} customers"
    return {
        **_told(what, ours, floor), **_told(f"{what}, two processes", two, floor),
        "sealed, µs a customer": 1e6 * statistics.median(ours) / count, "sealed, two processes, µs a customer": 1e6 * statistics.median(two) / count,
    }  # fmt: skip


def _register(cif: CIF, folder: Path, customers: int) -> None:
    lines = ["no,name,phone,born"]
    for n, person in zip(range(customers), forms(make_world(customers, 0, seed=3)), strict=False):
        lines.append(f"{n},{person['name']},{person.get('phone') or ''},1980-01-01")
    (folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "a.toml").write_text(
        'name = "a"\nformat = "csv"\nkey = "no"\nrequires = "lead"\n[columns]\nno = ""\nname = "name"\nphone = "phone"\nborn = "birth_date"\n',
        encoding="utf-8",
    )
    channel: Channel = read_channel(folder / "a.toml")
    cif.load(folder / "a.csv", channel, actor=Actor(id="l", roles={"loader", "steward"}))


def _opening(desk: Any) -> float:
    """How long unwrapping, deriving and opening takes of every golden group that the extract opens; its rows are read before."""
    from bankcif.flows._extracted import Wanted
    from bankcif.flows._opened import golden_place
    from bankcif.rules import fields_behind

    behind = {field for name in SEALED for field in fields_behind(name)}
    wanted = Wanted.of(behind, tags=False, others=False, then=None, **ASK).groups
    with desk.repository.unit_of_work() as unit:
        numbers, after = [], ""
        while page := unit.parties.page(after, 5_000):
            numbers += [row.cif_no for row in page]
            after = page[-1].cif_no
        groups = [one for one in unit.copies.golden(numbers) if one.data_group in wanted]
    wrapped = desk.data_keys._store.read({one.key_id for one in groups})
    started = time.perf_counter()
    keys = {key.id: key for key in desk.data_keys._opened(wrapped.values())}
    for one in groups:
        key, place = keys[one.key_id], golden_place(one.cif_no, one.data_group, one.version)
        desk.sealer._suite.open(
            desk.sealer._group_key(key, place.group), one.sealed, desk.sealer._associated(key, place)
        )
    return time.perf_counter() - started


def _told(what: str, ours: list[float], floor: list[float]) -> dict[str, Any]:
    ratios = sorted(one / other for one, other in zip(ours, floor, strict=True))
    return {
        f"{what}, s": statistics.median(ours), f"{what}: slowest round, s": max(ours), f"{what}: floor, s": statistics.median(floor),
        f"{what}: ratio": f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
    }  # fmt: skip


if __name__ == "__main__":
    extract(*map(int, sys.argv[1:]))
