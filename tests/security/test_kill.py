"""
kill -9, again and again, in the middle of whatever two processes do to one store: what was acknowledged is there, the log verifies
before its witness, and what was begun goes on.

Three rounds here; fifty with ``nox -s endurance``, whose last result stands in docs/explanation/assurance.md.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import known
from tests.storage.servers import NAMES, OWN, Own, Server

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._canonical import loads
from bankcif._clock import SystemClock
from bankcif.audit import FileWitness
from bankcif.party import CifNo, LifeCycle
from bankcif.storage.rows import PartyRow, RotationRow
from bankcif.testing import synthetic_tables

WORKER = Path(__file__).parent / "_worker.py"
ROLES = {"steward", "auditor", "compliance", "key_custodian"}
DEEDS = {
    "merge": "merge",
    "unmerge": "unmerge",
    "restrict": "restrict",
    "lift": "lift_restriction",
    "erase": "erased",
    "rotate_keys": "rotate_keys",
}
"""What is acknowledged besides registrations, and what the log calls it."""


def test_what_was_acknowledged_outlives_the_process(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    rounds = 50 if request.config.getoption("--hypothesis-profile") == "endurance" else 3
    keys = LocalKeyProvider.generate()
    with CIF.open(url, tenant="t", keys=keys, key_store=tmp_path / "keys.db", tables=synthetic_tables()):
        pass  # founded under the first root of indexes, so that there are some to go on to
    for _ in range(3):
        keys = keys.renewed()
    keys.write(tmp_path / "keys.json")
    told = {"kills": 0, "acknowledged": 0, "entries": 0}
    registered: list[tuple[str, str, str]] = []
    deeds: Counter[tuple[str, str]] = Counter()
    for round_ in range(rounds):
        lines = _killed(url, tmp_path, round_)
        told["kills"] += 2
        told["acknowledged"] += len(lines)
        fresh = [(words[1], words[2], words[3]) for words in map(str.split, lines) if words[0] == "registered"]
        # Every look-up is an entry in the log; of what earlier rounds found already, a part each time.
        earlier = random.Random(round_).sample(registered, min(50, len(registered)))
        deeds.update((words[0], words[1]) for words in map(str.split, lines) if words[0] in DEEDS)
        told["entries"] = _verified(url, tmp_path, [*fresh, *earlier], deeds)
        registered += fresh
    assert told["acknowledged"] > 10 * rounds
    assert rounds < 50 or {what for what, _ in deeds} == DEEDS.keys()
    print(f"\nkill -9: {told}")  # noqa: T201 (kept in the docs)


@pytest.mark.server
@pytest.mark.parametrize("name", NAMES)
def test_what_was_acknowledged_outlives_the_server(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The server is killed while two processes work; it comes back, and they go on."""
    request.getfixturevalue(name)  # which tells if it is not installed
    rounds = 10 if request.config.getoption("--hypothesis-profile") == "endurance" else 3
    LocalKeyProvider.generate().write(tmp_path / "keys.json")
    told = {"kills": 0, "acknowledged": 0, "entries": 0}
    with OWN[name]() as own, Server(own.url, name).database() as url:
        keys = LocalKeyProvider.from_file(tmp_path / "keys.json")
        with CIF.open(url, tenant="t", keys=keys, key_store=tmp_path / "keys.db", tables=synthetic_tables()):
            pass
        registered: list[tuple[str, str, str]] = []
        deeds: Counter[tuple[str, str]] = Counter()
        for round_ in range(rounds):
            lines = _killed(url, tmp_path, round_, own)
            told["kills"] += 1
            told["acknowledged"] += len(lines)
            fresh = [(words[1], words[2], words[3]) for words in map(str.split, lines) if words[0] == "registered"]
            deeds.update((words[0], words[1]) for words in map(str.split, lines) if words[0] in DEEDS)
            told["entries"] = _verified(url, tmp_path, [*registered[-50:], *fresh], deeds)
            registered += fresh
    assert told["acknowledged"] > 10 * rounds
    print(f"\nkill -9 of {name}: {told}")  # noqa: T201 (kept in the docs)


def _killed(url: str, folder: Path, round_: int, own: Own | None = None) -> list[str]:
    """
    Two processes work on the store for a moment and are killed; what they said, in the order of their saying. If there is a server of
    our own, it is killed first, and they work on for a moment when it is back.
    """
    chance, lines = random.Random(round_), list[str]()
    lock = threading.Lock()

    def read(worker: subprocess.Popen[str], enough: threading.Event, most: int) -> None:
        assert worker.stdout is not None
        for count, line in enumerate(worker.stdout):
            with lock:
                if line.endswith("\n"):
                    lines.append(line.strip())
            if count >= most:
                enough.set()
        enough.set()

    workers, readers, events = [], [], []
    with ExitStack() as ended:  # no worker outlives the test, however that ends
        for n in range(2):
            worker = subprocess.Popen(
                [sys.executable, str(WORKER), url, str(folder), f"{round_}.{n}"], stdout=subprocess.PIPE, text=True
            )
            ended.callback(worker.kill)
            event = threading.Event()
            reader = threading.Thread(target=read, args=(worker, event, chance.randrange(5, 40)), daemon=True)
            reader.start()
            workers.append(worker)
            readers.append(reader)
            events.append(event)
        for event in events:
            assert event.wait(120), "a worker says nothing"
        if own is not None:
            own.kill()
            own.begin()
            with lock:
                before = len(lines)
            until = time.monotonic() + 60
            while len(lines) < before + 6:
                assert time.monotonic() < until, "nobody goes on"
                assert all(worker.poll() is None for worker in workers), "a worker did not outlive the server"
                time.sleep(0.02)
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        for worker, reader in zip(workers, readers, strict=True):
            assert worker.wait(60) == -signal.SIGKILL
            reader.join(60)
            assert worker.stdout is not None
            worker.stdout.close()
    return lines


def _verified(url: str, folder: Path, registered: list[tuple[str, str, str]], deeds: Counter[tuple[str, str]]) -> int:
    """Opens the store anew, and finds everything that was acknowledged, in the log and in its effect."""
    who = known(Actor(id="a.sun", roles=ROLES), SystemClock().now())
    keys = LocalKeyProvider.from_file(folder / "keys.json")
    with CIF.open(
        url, tenant="t", keys=keys, key_store=folder / "keys.db", tables=synthetic_tables(), create=False,
        witnesses=[FileWitness(folder / "witness")],
    ) as cif:  # fmt: skip
        cif.keys.rotate(actor=who)
        report = cif.audit.verify(actor=who)
        assert report.damage == ()
        cif.keys.check(actor=who)
        with cif._repository.unit_of_work() as unit:
            links = {link.source_key: link for link in unit.crosswalk.all_current() if link.source == "counter"}
            log = [loads(row.body) for row in unit.trail.between(0, 2**63 - 1)]
            parties = {row.cif_no: row for row in unit.parties.page("", 9999)}
            rotations = {row.id: row for row in unit.keys.rotations()}
        _told_and_done(log, parties, rotations, deeds)
        parted: dict[str, set[str]] = {}
        for entry in log:
            if entry["action"] == "unmerge" and entry["outcome"] == "done":
                parted.setdefault(entry["subjects"][0], set()).add(entry["subjects"][1])
        for key, number, phone in registered:
            views = cif.customers.find(phone=phone, actor=who, purpose=Purpose.COMPLIANCE)
            found = {view.cif_no for view in views}
            if parties[CifNo(number)].life_cycle == LifeCycle.ERASED:
                # What came while its customer was merged into this one went back with them when they were unmerged: they are found by
                # it still, and by nothing else is anybody.
                others = {link.cif_no for name, link in links.items() if name == key} - {number}
                assert found <= others, f"{key} was erased, and is found"
            elif key in links:
                assert links[key].cif_no in found, f"{key} is not found by {phone}"
            else:
                # The other way round: it went back with who was parted from this one, and they were erased.
                gone = {one for one in parted.get(number, ()) if parties[CifNo(one)].life_cycle == LifeCycle.ERASED}
                assert gone, f"{key} is nobody's, and nobody who was parted from {number} was erased"
                assert number not in found
        return report.entries


def _told_and_done(
    log: list[dict[str, Any]],
    parties: Mapping[str, PartyRow],
    rotations: Mapping[str, RotationRow],
    deeds: Counter[tuple[str, str]],
) -> None:
    """Each acknowledged deed has its entry, and each customer and rotation is as the last entry on it says."""
    told: Counter[tuple[str, str]] = Counter()
    into: dict[str, str | None] = {}
    cycle: dict[str, bool] = {}
    erased: set[str] = set()
    for entry in sorted(log, key=lambda one: one["at"]):
        action, outcome = entry["action"], entry["outcome"]
        if outcome != "done":
            continue
        if action in ("merge", "unmerge"):
            told[action, entry["rule"].partition(":")[2]] += 1
            survivor, retired = entry["subjects"]
            into[retired] = survivor if action == "merge" else None
        elif action in ("restrict", "lift_restriction"):
            (number,) = entry["subjects"]
            told[action, number] += 1
            cycle[number] = action == "restrict"
        elif action == "erased":
            told[action, entry["rule"].partition(":")[0]] += 1
            erased.update(entry["subjects"])
        elif action == "rotate_keys" and entry.get("rule", "").startswith("rotate_keys:"):
            told[action, entry["rule"].partition(":")[2]] += 1
    for (what, name), times in deeds.items():
        assert told[DEEDS[what], name] >= times, f"{what} {name} was acknowledged and is not in the log"
        if what == "rotate_keys":
            assert rotations[name].finished_at, f"rotation {name} was acknowledged and is not done"
    for number, row in parties.items():
        assert row.merged_into == into.get(number), number
        assert (row.life_cycle == LifeCycle.ERASED) == (number in erased), number
        if row.merged_into is None and number not in erased:
            assert (row.life_cycle == LifeCycle.RESTRICTED) == cycle.get(number, False), number
