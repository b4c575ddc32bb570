"""
Tags in the store: all portraits looked at, of whom none has another; one customer's tags after a change; and a portrait shown; beside a floor.

    python bench/tags.py [CUSTOMERS]   20,000 customers if nothing is said

The floor of looking at all: their sealed groups read from SQLite by pages, a data key unwrapped for each customer, a group key derived and the group
opened and parsed for each group; the same number of each, with nothing of ours around it. Evaluating is not in it: what that costs is what `rules` prints.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif.intake import read_channel
from bankcif.tagging import starter_catalogue
from bankcif.testing import synthetic_tables

__all__ = ["tags"]

OFFICER, SECOND = (Actor(id=name, roles={"tag_officer"}) for name in ("t.mei", "t.an"))
LOADER, MANAGER = Actor(id="l.wu", roles={"loader"}), Actor(id="m.li", roles={"relationship_manager"}, branch="b")
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
customer_since = "customer_since"
"""
PAGE = 200
ONE = 300


def tags(customers: int = 20_000, rounds: int = 3) -> dict[str, Any]:
    """Measures, prints and returns the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder) as cif:
            filled(cif, folder, customers)
            proposal = cif.tags.propose(starter_catalogue(), reason="bench", actor=OFFICER)
            cif.approvals.approve(proposal.id, actor=SECOND)
            first = timed(lambda: cif.tags.renew(actor=OFFICER)) / customers * 1e6
            whole, floor = [], []
            for _ in range(rounds):
                whole.append(timed(lambda: cif.tags.renew(actor=OFFICER, whole=True)) / customers * 1e6)
                floor.append(read_and_opened(folder / "cif.db", customers) / customers * 1e6)
            ratios = [one / other for one, other in zip(whole, floor, strict=True)]
            idle = timed(lambda: cif.tags.renew(actor=OFFICER)) / customers * 1e6
            shown, said = one_by_one(cif)
    result = {
        "customers": customers, "first_us": first, "whole_us": statistics.median(whole), "floor_us": statistics.median(floor),
        "whole_ratio": statistics.median(ratios), "idle_us": idle, "portrait_ms": shown, "change_ms": said,
    }  # fmt: skip
    print(
        f"tags of {customers:,} customers by {len(starter_catalogue().order)} definitions: all looked at {result['whole_us']:.0f} µs a customer, floor "
        f"{result['floor_us']:.0f} ({result['whole_ratio']:.1f} times, {min(ratios):.1f} to {max(ratios):.1f}); made first {first:.0f} µs; looking who is due "
        f"{idle:.2f} µs; a portrait shown p50 {shown:.2f} ms; a word said and its portrait kept p50 {said:.2f} ms"
    )
    return result


def opened(folder: Path) -> CIF:
    """A store in *folder*."""
    return CIF.open(
        f"sqlite:///{folder / 'cif.db'}", tenant="bench", keys=LocalKeyProvider.generate(), tables=synthetic_tables()
    )


def filled(cif: CIF, folder: Path, customers: int) -> None:
    """Loads made-up customers."""
    (folder / "bench.toml").write_text(MAPPING, encoding="utf-8")
    with (folder / "bench.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["uid", "name", "phone", "birth_date", "home_branch", "customer_since"])
        for n in range(customers):
            name = "王李张刘陈杨赵黄"[n % 8] + "伟芳国强敏静丽磊"[n // 8 % 8] + "军洋勇艳杰娟涛明"[n // 64 % 8]
            born = date.fromordinal(
                708_000 + n * 7_919 % 25_000
            )  # nobody of a million has both name and day of another
            out.writerow([f"U{n}", name, f"154{n:08}", born, "b", date(2000 + n % 26, 1, 1 + n % 28)])
    cif.load(folder / "bench.csv", read_channel(folder / "bench.toml"), actor=LOADER)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def read_and_opened(path: Path, customers: int) -> float:
    """Seconds of reading, unwrapping, deriving, opening and parsing as many groups of the same size, with nothing around it."""
    kek, suite = AESGCM(bytes(32)), b"bankcif/v1/group/identity"
    wrapped = kek.encrypt(bytes(12), bytes(32), b"place")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        sizes = [
            row[0]
            for row in database.execute(
                "SELECT length(sealed) FROM golden_group WHERE superseded_at IS NULL LIMIT 3000"
            )
        ]
        payload = json.dumps({"values": {"name": "x" * max(int(statistics.mean(sizes)) - 80, 10)}}).encode()
        sealed = AESGCM(HKDFExpand(hashes.SHA256(), 32, suite).derive(bytes(32))).encrypt(bytes(12), payload, b"place")
        numbers = [row[0] for row in database.execute("SELECT cif_no FROM party ORDER BY cif_no")]
        started = time.perf_counter()
        for at in range(0, customers, PAGE):
            some = numbers[at : at + PAGE]
            rows = database.execute(
                f"SELECT * FROM golden_group WHERE tenant = 'bench' AND cif_no IN ({','.join('?' * len(some))}) AND superseded_at IS NULL",
                some,
            ).fetchall()
            for _ in some:
                kek.decrypt(bytes(12), wrapped, b"place")
            for _ in rows:
                key = HKDFExpand(hashes.SHA256(), 32, suite).derive(bytes(32))
                json.loads(AESGCM(key).decrypt(bytes(12), sealed, b"place"))
        return time.perf_counter() - started


def one_by_one(cif: CIF) -> tuple[float, float]:
    """Milliseconds, at the middle, of showing a portrait, and of saying a word and keeping what follows."""
    numbers: list[str] = []
    after = None
    while len(numbers) < ONE:
        page = cif.customers.browse(limit=100, after=after, actor=MANAGER, purpose=Purpose.SERVICE)
        numbers += [view.cif_no for view in page.views]
        after = page.after
    ask: dict[str, Any] = {"actor": MANAGER, "purpose": Purpose.SERVICE}
    until = datetime.now(UTC).date() + timedelta(days=90)
    shown = [timed(lambda no=no: cif.tags.portrait(no, **ask)) for no in numbers]  # type: ignore[misc]
    said = [timed(lambda no=no: cif.tags.veto(no, "senior", until=until, reason="bench", **ask)) for no in numbers]  # type: ignore[misc]
    return statistics.median(shown) * 1e3, statistics.median(said) * 1e3


if __name__ == "__main__":
    tags(*map(int, sys.argv[1:2]))
