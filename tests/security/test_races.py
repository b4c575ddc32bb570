"""Two writers at once end as one customer, or each sees the other; forks are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from itertools import combinations, count
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from tests.conftest import ALL_ROLES, NOW, known
from tests.flows.test_register import register
from tests.storage.servers import Server

from bankcif import CIF, Actor, LocalKeyProvider, Outcome, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.errors import ForkError
from bankcif.flows.merge import Concern
from bankcif.party import ReferenceTables

STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
SECOND = attrs.evolve(STEWARD, id="s.li", person="s.li")
TENG, WEI = (known(Actor(id=name, roles={"policy_officer"})) for name in ("o.teng", "o.wei"))


def at_once(url: str, folder: Path, writers: int, times: int = 15) -> list[list[list[str]]]:
    """What so many processes got, who all register the same customers at the same moment; none of them failed."""
    LocalKeyProvider.generate().write(folder / "keys.json")
    words = [sys.executable, str(Path(__file__).parent / "_writer.py"), url, str(folder)]
    workers = [
        subprocess.Popen([*words, str(n), str(times)], stdout=subprocess.PIPE, text=True) for n in range(writers)
    ]
    found = [json.loads(worker.communicate(timeout=240)[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * writers
    return found


@pytest.mark.server
def test_sixteen_processes_lose_nothing_double_nobody_and_never_wait_in_a_circle(
    postgresql: Server, tmp_path: Path
) -> None:
    with postgresql.database() as url:
        found = at_once(url, tmp_path, 16, 4)
        with CIF.open(
            url, tenant="t", keys=LocalKeyProvider.from_file(tmp_path / "keys.json"), key_store=tmp_path / "keys.db",
        ) as cif:  # fmt: skip
            assert len({each[n][1] for each in found for n in range(4)}) == 1, "one number is one customer"
            for n in range(4):
                assert len({each[n][0] for each in found}) == 1, "one source key is one customer"
                assert len({each[n][2] for each in found}) == 16, "who brings no number is not thrown together"
            assert cif.verify(actor=STEWARD).intact
            with cif._desk.unit_of_work() as unit:
                records = unit.sources.count()
                asked = {side for task in unit.work.tasks(state="open") for side in (task.cif_no, task.other)}
            # Whose form says what the last of its key said left no record: of a key's first only, and of each channel's every one.
            assert records == 4 + 16 * 4 + 16 * 4
            assert {each[n][2] for each in found for n in range(4)} <= asked, "each is asked about"
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            ended = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            assert connection.execute(ended).scalar_one() == 0
        engine.dispose()


def test_processes_that_register_the_same_at_once_agree(url: str, tmp_path: Path) -> None:
    found = at_once(url, tmp_path, 3)
    linked = [[(one, other) for one, other, _ in each] for each in found]
    assert linked[0] == linked[1] == linked[2]
    assert len({number for pair in linked[0] for number in pair}) == 16
    keys = LocalKeyProvider.from_file(tmp_path / "keys.json")
    with CIF.open(url, tenant="t", keys=keys, key_store=tmp_path / "keys.db", create=False) as cif:
        assert cif.audit.verify(actor=STEWARD).intact
        # Who brings no number is a customer of its own, and whoever comes later sees who was first, in whatever order they came.
        with cif._desk.unit_of_work() as unit:
            asked = {frozenset((task.cif_no, task.other)) for task in unit.work.tasks(state="open")}
        for n in range(15):
            three = [each[n][2] for each in found]
            assert len(set(three)) == 3
            assert {frozenset(pair) for pair in combinations(three, 2)} <= asked


def test_threads_share_one_file(sqlite_cif: CIF) -> None:
    numbers: list[str] = []
    errors: list[BaseException] = []

    def work(n: int) -> None:
        try:
            numbers.append(register(sqlite_cif, STEWARD, str(n)).cif_no)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(set(numbers)) == 1
    assert sqlite_cif.audit.verify(actor=STEWARD).intact


def test_a_store_is_verified_while_others_write(url: str, keys: LocalKeyProvider, tmp_path: Path) -> None:
    """Customers come, change and are merged all the while; nothing of it looks wrong, and nobody waits until it is over."""
    with CIF.open(url, tenant="t", keys=keys, key_store=tmp_path / "keys.db") as cif:
        errors: list[BaseException] = []
        written = [0, 0]
        over = threading.Event()

        def write(n: int) -> None:
            try:
                for round_ in count():
                    if over.is_set():
                        return
                    one = register(
                        cif, STEWARD, f"{n}-{round_}", name="周新", identifiers=None, phone=f"1548{n}88{round_:04}"
                    )
                    register(
                        cif, STEWARD, f"{n}-{round_}", name="周新", identifiers=None, phone=f"1548{n}89{round_:04}"
                    )
                    other = register(
                        cif, STEWARD, f"{n}+{round_}", name="郑安", identifiers=None, phone=f"1549{n}88{round_:04}"
                    )
                    asked = cif.matches.propose_merge(
                        one.cif_no, other.cif_no, accept=list(Concern), actor=STEWARD, reason="r"
                    )
                    cif.approvals.approve(asked.id, actor=SECOND)
                    if round_ % 2:
                        asked = cif.matches.propose_unmerge(other.cif_no, actor=STEWARD, reason="r")
                        cif.approvals.approve(asked.id, actor=SECOND)
                    written[n] += 1
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        try:
            seen = []
            while (len(seen) < 4 or min(written) < 3) and not errors:
                report = cif.verify(actor=STEWARD)
                seen.append((report.counts, report.log.damage if report.log else None, report.intact))
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert not errors
        assert [one for one in seen if one != ({}, (), True)] == []
        assert cif.verify(actor=STEWARD).intact


def test_of_two_policies_approved_at_once_one_comes_into_force(
    url: str, keys: LocalKeyProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bankcif.flows.govern as flow

    real, both = flow.policy_ground, threading.Barrier(2)
    ends: list[str] = []

    def looked(unit: Any) -> dict[str, str]:
        ground = real(unit)
        with suppress(threading.BrokenBarrierError):
            both.wait(2)  # neither goes on before both have looked, unless one may not look yet
        return ground

    def approve(number: str) -> None:
        try:
            cif.approvals.approve(number, actor=WEI)
            ends.append("in force")
        except BaseException as error:
            ends.append(type(error).__name__)

    with CIF.open(url, tenant="t", keys=keys, key_store=tmp_path / "keys.db", clock=FixedClock(NOW)) as cif:
        table = default_policy().document()
        asked = [
            cif.policies.propose(Policy.from_document({**table, "version": version}), reason="r", actor=TENG)
            for version in ("a", "b")
        ]
        monkeypatch.setattr(flow, "policy_ground", looked)
        threads = [threading.Thread(target=approve, args=(one.id,)) for one in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ends) == ["FourEyesError", "in force"]
        assert cif.verify(actor=STEWARD).intact


def test_a_claim_that_was_lost_is_decided_again(
    cif: CIF, tables: ReferenceTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that commits between our look and our claim: the form is matched again, and linked."""
    import bankcif.flows.register as flow

    first = register(cif, STEWARD, "1")
    real, calls = flow.meet, []

    def blind_once(desk: Any, unit: Any, arrivals: Any, *more: Any) -> Any:
        calls.append(1)
        met = real(desk, unit, arrivals, *more)
        if len(calls) == 1:
            return attrs.evolve(met, met=[[] for _ in arrivals], seen=[frozenset() for _ in arrivals])
        return met

    monkeypatch.setattr(flow, "meet", blind_once)
    second = register(cif, STEWARD, "2", channel="card")
    assert len(calls) == 2
    assert (second.outcome, second.cif_no) == (Outcome.LINKED, first.cif_no)


def test_a_forked_process_is_refused(cif: CIF, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(ForkError):
        cif.customers.get("C", actor=STEWARD, purpose=Purpose.SERVICE)
