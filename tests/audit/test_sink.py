"""What a sink is handed, and that it can neither stop an operation nor change what the log says."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif.audit import AuditEntry, Head, JsonLinesSink, Outcome, chain, ecs_line
from bankcif.errors import ConfigurationError
from bankcif.flows.log import LogPlan
from bankcif.party import ReferenceTables

TELLER = Actor(id="t.zhou", roles={"steward", "auditor"}, person="P7", origin="branch-b/desk-4", correlation="req-17")


class Kept:
    """A sink that keeps what it gets, and does before that what it is told to do."""

    def __init__(self, name: str = "kept", before: Any = None) -> None:
        self.name = name
        self.before = before
        self.lines: list[dict[str, Any]] = []

    def send(self, lines: Sequence[str]) -> None:
        if self.before is not None:
            self.before()
        self.lines += map(json.loads, lines)


def opened(tables: ReferenceTables, *sinks: Any, repository: MemoryRepository | None = None, **more: Any) -> CIF:
    plan = LogPlan(forward_seconds=0.0)
    given = {"keys": LocalKeyProvider.generate(), "key_store": MemoryKeyStore(), **more}
    return CIF(
        repository=repository or MemoryRepository(), tenant="t", tables=tables, sinks=sinks, log_plan=plan, **given
    )


def test_an_entry_stands_in_the_fields_of_ecs() -> None:
    entry = AuditEntry.by(
        TELLER, "reveal", 1_764_000_000_000_001, purpose=Purpose.SERVICE, subjects=("C1",), fields=("phone",),
        rule="teller-own-branch", count=1, terms={"phone": "ab"}, digests={"C1": "1:cd"}, sealed=b"secret",
    )  # fmt: skip
    (row,), _ = chain("t", "s0", Head(), [entry])
    line = ecs_line("bank", row)
    said = json.loads(line)
    assert "\n" not in line
    assert said["@timestamp"] == "2025-11-24T16:00:00.000001Z"
    assert said["event"] == {
        "kind": "event", "category": ["database"], "type": ["access"], "action": "reveal", "outcome": "success",
        "provider": "bankcif", "dataset": "bankcif.audit", "id": "s0:1", "sequence": 1, "hash": row.hash.hex(),
    }  # fmt: skip
    assert (said["user"], said["organization"]) == ({"id": "t.zhou"}, {"id": "bank"})
    assert (said["source"], said["trace"], said["rule"]) == (
        {"address": "branch-b/desk-4"}, {"id": "req-17"}, {"name": "teller-own-branch"}
    )  # fmt: skip
    assert said["bankcif"] == {
        "stream": "s0", "purpose": "service", "subjects": ["C1"], "fields": ["phone"], "count": 1, "person": "P7"
    }  # fmt: skip


def test_neither_tags_nor_sealed_bytes_leave_and_a_refusal_is_denied() -> None:
    entry = AuditEntry(at=0, actor="t", action="find", outcome=Outcome.REFUSED, terms={"phone": "abcdef"}, sealed=b"zz")
    (row,), _ = chain("t", "s0", Head(), [entry])
    line = ecs_line("bank", row)
    assert "abcdef" not in line
    assert "zz" not in line
    assert json.loads(line)["event"]["type"] == ["denied"]
    assert json.loads(line)["event"]["outcome"] == "failure"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"at": "x"}'])
def test_an_entry_that_was_damaged_is_told_as_such(body: bytes) -> None:
    (row,), _ = chain("t", "s0", Head(), [AuditEntry(at=5, actor="t", action="find")])
    said = json.loads(ecs_line("bank", attrs.evolve(row, body=body)))
    assert (said["event"]["action"], said["event"]["id"], said["user"]["id"]) == ("unreadable", "s0:1", "t")


def test_every_entry_reaches_every_sink_in_the_order_of_its_stream(tables: ReferenceTables) -> None:
    one, other = Kept("one"), Kept("other")
    with opened(tables, one, other) as cif:
        done = register(cif, TELLER, "1")
        cif.customers.get(done.cif_no, actor=TELLER, purpose=Purpose.OPERATIONS)
        cif.audit.verify(actor=TELLER)
    assert [line["event"]["action"] for line in one.lines] == ["policy_in_force", "register", "view", "verify_log"]
    assert [line["event"]["sequence"] for line in one.lines] == [1, 2, 3, 4]
    assert one.lines == other.lines


def test_a_sink_that_raises_stops_nothing_and_gets_it_later(
    tables: ReferenceTables, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("secret words")

    repository, keys = MemoryRepository(), {"keys": LocalKeyProvider.generate(), "key_store": MemoryKeyStore()}
    broken, sound = Kept("broken", fail), Kept("sound")
    with opened(tables, broken, sound, repository=repository, **keys) as cif:
        register(cif, TELLER, "1")
        assert cif.audit.forward(actor=TELLER)["broken"] == -1
    assert broken.lines == []
    assert [line["event"]["action"] for line in sound.lines] == ["policy_in_force", "register", "forward"]
    assert "secret words" not in caplog.text
    broken.before = None
    with opened(tables, broken, repository=repository, **keys) as cif:
        assert cif.audit.forward(actor=TELLER)["broken"] >= 0  # the rest went by itself, if this came late
    assert [line["event"]["action"] for line in broken.lines] == ["policy_in_force", "register", "forward", "forward"]


def test_a_sink_that_hangs_stops_nothing(tables: ReferenceTables) -> None:
    release, entered = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        release.wait(60)

    cif = opened(tables, Kept("hung", hang))
    cif._desk.log.forwarder._patience = 0.01
    register(cif, TELLER, "1")
    assert entered.wait(30)
    register(cif, TELLER, "2", phone="15499999999")
    cif.close()
    release.set()


def test_lines_are_appended_to_a_file_of_its_owner(tables: ReferenceTables, tmp_path: Path) -> None:
    path = tmp_path / "siem.jsonl"
    with opened(tables, JsonLinesSink(path)) as cif:
        register(cif, TELLER, "1")
    first = path.read_text(encoding="utf-8")
    assert [json.loads(line)["event"]["action"] for line in first.splitlines()] == ["policy_in_force", "register"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    JsonLinesSink(path).send(["{}"])
    assert path.read_text(encoding="utf-8") == first + "{}\n"


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb"])
def test_a_sink_has_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        JsonLinesSink(tmp_path / "f", name=name)
