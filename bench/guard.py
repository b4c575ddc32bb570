"""What protecting costs: sealing, opening, deciding and auditing a customer beside bare calls, and masks over columns."""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from random import Random
from typing import Any

from bankcif import CIF, Actor, LocalKeyProvider, Policy, Purpose
from bankcif._canonical import dumps
from bankcif._clock import SystemIds
from bankcif.access import Action, mask, mask_column
from bankcif.audit import AuditEntry, Head, chain
from bankcif.context import Relation, Sink
from bankcif.flows.log import LogPlan
from bankcif.party import FIELD_NAMES
from bankcif.protection import SUITES, DataKey, Place, Sealer
from bankcif.rules import customer_schema
from bankcif.testing import synthetic_tables

ROWS = 1_000_000
ROUNDS = 5


def masks() -> dict[str, Any]:
    """A million values of a kind as a column, and 20,000 of them one by one."""
    rng = Random(3)
    columns = {
        "phone": [f"+861{rng.randrange(3 * 10**9, 10**10):010}" for _ in range(ROWS)],
        "identifier": [f"{rng.randrange(10**17, 10**18)}" for _ in range(ROWS)],
        "name": rng.choices([a + b for a in "王李张刘陈" for b in "伟芳娜敏静丽强磊军洋"], k=ROWS),
        "email": [f"customer{n}@example.cn" for n in range(ROWS)],
    }
    result = {}
    for rule, values in columns.items():
        times, singles = [], []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            mask_column(rule, values)
            times.append(time.perf_counter() - started)
            started = time.perf_counter()
            for value in values[:20_000]:
                mask(rule, value)
            singles.append((time.perf_counter() - started) / 20_000 * 1e6)
        result[rule] = statistics.median(times)
        print(
            f"mask {rule:10}: {ROWS:,} in {statistics.median(times):.3f} s ({min(times):.3f} to {max(times):.3f}); one by one "
            f"{statistics.median(singles):.2f} µs each"
        )
    return result


GRANTS = 10_000
CALLS = 5_000


def guard() -> dict[str, Any]:
    """One customer's golden group sealed and opened, a field decided under 10,000 grants, an entry chained."""
    payload = {
        "values": {"name": "欧阳测试", "phone": "+8615400008000", "birth_date": "1990-03-07", "email": "a@example.cn"},
        "provenance": {name: ["app", "U1", 0] for name in ("name", "phone", "birth_date", "email")},
    }
    text, key = dumps(payload), DataKey(os.urandom(16), os.urandom(32))
    place, nonce, aad = (
        Place(table="golden_group", owner=("C1",), group="identity", version=1),
        os.urandom(12),
        bytes(120),
    )
    result: dict[str, Any] = {}
    for suite in SUITES.values():
        sealer = Sealer(suite=suite, tenant="bench", ids=SystemIds())
        sealed, cipher = sealer.seal(payload, key, place), suite.cipher(key.secret[: suite.key_bytes])
        bare = cipher.encrypt(nonce, text, aad)
        for what, ours, floor in (
            ("seal", lambda s=sealer: s.seal(payload, key, place), lambda c=cipher: c.encrypt(nonce, text, aad)),
            (
                "open",
                lambda s=sealer, b=sealed: s.open(b, key, place),
                lambda c=cipher, b=bare: c.decrypt(nonce, b, aad),
            ),
        ):
            result[f"{what} {suite.name}"] = beside(
                f"{what} {suite.name}, {len(text)} bytes", ours, floor, "the bare cipher call"
            )
    result |= deciding()
    entry = AuditEntry(
        at=1, actor="t.wu", action="view", purpose="service", subjects=("C1",), fields=("name", "phone"), count=1
    )
    body = entry.body()
    result["audit"] = beside(
        "an entry of the log, without its commit", lambda: chain("bench", "s0", Head(), [entry]),
        lambda: hashlib.sha256(body).digest(), "bare SHA-256",
    )  # fmt: skip
    return result


LOGGED = 1_000_000


def log() -> dict[str, float]:
    """A log of a million entries in an SQLite file, with a checkpoint every 50,000, verified whole."""
    auditor = Actor(id="bench", roles={"auditor"})
    with tempfile.TemporaryDirectory() as folder:
        cif = CIF.open(
            f"sqlite:///{folder}/cif.db", tenant="bench", keys=LocalKeyProvider.generate(), tables=synthetic_tables(),
            log_plan=LogPlan(entries=50_000),
        )  # fmt: skip
        desk = cif._desk
        for first in range(0, LOGGED, 10_000):
            entries = [
                AuditEntry(
                    at=n, actor="t.wu", action="view", purpose="service", subjects=(f"C{n % 50_000:016}",),
                    fields=("name", "phone", "identifiers"), rule="teller", count=1,
                )
                for n in range(first, first + 10_000)
            ]  # fmt: skip
            with desk.unit_of_work() as unit:
                desk.log.append(unit, entries)
                unit.commit()
            desk.log.settle()
        started, used = time.perf_counter(), time.process_time()
        report = cif.audit.verify(actor=auditor)
        took, used = time.perf_counter() - started, time.process_time() - used
        cif.close()
    if not report.intact or report.entries < LOGGED:
        raise SystemExit(f"the log does not verify: {report.damage[:3]}")
    print(
        f"{report.entries:,} entries under {report.checkpoints} checkpoints verified in {took:.1f} s ({used:.1f} s of one core), "
        f"{took / report.entries * 1e6:.1f} µs each"
    )
    return {"verify_s": took, "verify_cpu_s": used}


def deciding() -> dict[str, float]:
    """A decision under 10,000 grants: of a combination that came before, and of one that did not."""
    rng, fields = Random(1), sorted(FIELD_NAMES)
    grants = [
        {
            "id": f"g{n}", "roles": [f"role{rng.randrange(50)}"], "purposes": [rng.choice(list(Purpose)).value],
            "actions": [rng.choice(["view", "find", "reveal"])], "relations": [rng.choice(list(Relation)).value],
            "fields": rng.sample(fields, 5), "profile": rng.choice(["staff", "outside"]),
        }
        for n in range(GRANTS)
    ]  # fmt: skip
    started = time.perf_counter()
    policy = Policy.from_document({"version": "bench", "grant": grants})
    reading = time.perf_counter() - started
    actors = [
        Actor(id="x", roles={f"role{a}", f"role{b}", f"role{c}"})
        for a in range(50)
        for b in range(10)
        for c in range(10)
    ]
    standing = frozenset({Relation.BRANCH, Relation.ANY})
    fresh, known = cycle(actors), actors[0]
    cold = timed(lambda: policy.decide(next(fresh), Action.VIEW, Purpose.SERVICE, standing, "phone"), len(actors))
    warm = timed(lambda: policy.decide(known, Action.VIEW, Purpose.SERVICE, standing, "phone"))
    print(
        f"a decision under {GRANTS:,} grants: {warm:.2f} µs, of a new combination {cold:.2f} µs; read in {reading:.2f} s"
    )
    return {"decide_us": warm, "decide_new_us": cold} | deciding_by_rows()


def deciding_by_rows() -> dict[str, float]:
    """A decision for a role with 10,000 row rules, each tied to a branch; the same where none is tied to a value."""
    record: dict[str, Any] = dict.fromkeys(customer_schema()) | {"home_branch": "b7", "birth_year": 1990}
    actor, known = Actor(id="x", roles={"r"}), {"actor": "x", "person": "x", "branch": "b7", "today": 20_000}
    place = (Action.VIEW, Purpose.SERVICE, Relation.ANY, Sink.DISPLAY)
    result = {}
    for what, rule in (
        ("tied to a branch", "home_branch = 'b{n}' and birth_year > 1950"),
        ("tied to nothing", "birth_year > {year}"),
    ):
        grants = [
            {
                "id": f"g{n}", "roles": ["r"], "purposes": ["service"], "actions": ["view"], "fields": ["phone", "email"],
                "when": rule.format(n=n, year=1900 + n),
            }
            for n in range(GRANTS)
        ]  # fmt: skip
        policy = Policy.from_document({"version": "bench", "grant": grants})
        result[what] = timed(partial(policy.granted, actor, *place, record, known), 200)
        print(f"a decision under {GRANTS:,} row rules of one role, {what}: {result[what]:.1f} µs")
    return {"decide_rows_us": result["tied to a branch"], "decide_free_rows_us": result["tied to nothing"]}


def timed(call: Callable[[], Any], calls: int = CALLS) -> float:
    """Microseconds a call."""
    started = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - started) / calls * 1e6


def beside(what: str, ours: Callable[[], Any], floor: Callable[[], Any], floor_is: str) -> dict[str, float]:
    """Both in turn; prints the costs and their ratio."""
    pairs = [(timed(ours), timed(floor)) for _ in range(ROUNDS)]
    ratios = sorted(a / b for a, b in pairs)
    mine, bare = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
    print(
        f"{what}: {mine:.2f} µs; {floor_is} {bare:.2f} µs; {statistics.median(ratios):.1f} x ({ratios[0]:.1f} to "
        f"{ratios[-1]:.1f}, {ROUNDS} interleaved rounds)"
    )
    return {"ours_us": mine, "floor_us": bare}
