"""`bankcif audit` as a user drives it, with wrong input too."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_cli import ASK, AUDIT, PEOPLE, Shell, shell

__all__ = ["shell"]

WITNESS = ("--witness", "witness.jsonl")


@pytest.fixture
def loaded(shell: Shell) -> tuple[Shell, str]:
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK, *WITNESS)
    (found,) = shell.json("find", "phone", PEOPLE[0]["phone"], *ASK, *WITNESS)  # type: ignore[misc]
    return shell, found["cif_no"]


def test_verifying_tells_what_vouches_for_the_log(loaded: tuple[Shell, str]) -> None:
    shell, _ = loaded
    said = shell.run("audit", "verify", *AUDIT, *WITNESS).stdout
    assert "log intact: 9 entries in 1 stream(s)" in said
    assert "checkpoint(s); the last" in said
    assert "3 customer(s) compared" in said
    assert "witness witness.jsonl had seen 8 entries" in said
    assert "no --witness" in shell.run("audit", "verify", *AUDIT, "--no-customers").stdout
    found = shell.json("audit", "verify", *AUDIT, *WITNESS)
    assert (found["intact"], found["customers"], found["damage"]) == (True, 3, [])  # type: ignore[index]


def test_a_witness_that_is_gone_is_not_passed_over(loaded: tuple[Shell, str]) -> None:
    shell, _ = loaded
    (shell.folder / "noise").write_bytes(bytes(range(10, 200)))
    nowhere = ("--witness", "noise")
    told = shell.run("audit", "verify", *AUDIT, *nowhere, expect=1).stdout
    assert "log intact" in told
    assert "witness noise DID NOT ANSWER" in told
    assert "no checkpoints; it is damaged, or another file" in told
    found: Any = shell.json("audit", "verify", *AUDIT, *nowhere, expect=1)
    assert found["unwitnessed"] == found["entries"]
    said = shell.run("audit", "verify", *AUDIT, *nowhere, expect=1).stdout
    assert (
        f"no witness answered: somebody who controls database and keys could have made all {found['entries'] + 2} entries"
        in said
    )
    found = shell.json("audit", "verify", *AUDIT, *WITNESS)
    assert found["unwitnessed"] < found["entries"]


def test_a_log_that_was_set_back_is_a_finding(loaded: tuple[Shell, str]) -> None:
    shell, cif_no = loaded
    before = (shell.folder / "cif.db").read_bytes()
    shell.run("show", cif_no, *ASK, *WITNESS)
    (shell.folder / "cif.db").write_bytes(before)
    refused = shell.run("show", cif_no, *ASK, *WITNESS, expect=2)
    assert "has seen another log" in refused.stderr
    said = shell.run("audit", "verify", *AUDIT, *WITNESS, expect=1).stdout
    assert "log DAMAGED" in said
    assert "witness.jsonl" in said


def test_a_whole_store_is_verified_and_its_index_made_anew(loaded: tuple[Shell, str]) -> None:
    shell, cif_no = loaded
    said = shell.run("verify", *AUDIT, *WITNESS).stdout
    assert "log intact" in said
    assert "store in order: 3 customer(s)" in said
    assert "3 source record(s)" in said
    with sqlite3.connect(shell.folder / "cif.db") as db:
        lost = db.execute("DELETE FROM blind_index WHERE cif_no = ?", (cif_no,)).rowcount
        db.execute("UPDATE blind_index SET cif_no = ?", (cif_no,))
    broken = shell.run("verify", *AUDIT, *WITNESS, expect=1).stdout
    assert "store NOT IN ORDER" in broken
    assert f"{lost} tags of the blind index are missing" in broken
    assert "tags of the blind index name another customer" in broken
    assert "bankcif verify --rebuild-index" in broken
    document: Any = shell.json("verify", *AUDIT, *WITNESS, expect=1)
    assert document["counts"]["tag_missing"] == lost
    assert document["log"]["intact"]
    refused = shell.run("verify", "--rebuild-index", "--as", "bob", "--purpose", "operations", expect=2)
    assert "does not let bob" in refused.stderr
    with (shell.folder / "operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('\n["k.lin"]\nroles = ["key_custodian"]\n')
    keeper = ("--as", "k.lin", "--purpose", "operations")
    mended = shell.run("verify", "--rebuild-index", *keeper, **shell.known("k.lin")).stdout
    assert "of them mended" in mended
    assert "store in order" in mended
    assert shell.json("verify", *AUDIT)["counts"] == {}  # type: ignore[index]


def test_damage_that_no_checkpoint_covers_is_a_finding_too(loaded: tuple[Shell, str]) -> None:
    shell, _ = loaded
    with sqlite3.connect(shell.folder / "cif.db") as raw:
        raw.executescript(
            "DROP TRIGGER audit_entry_no_delete; DROP TRIGGER audit_checkpoint_no_delete; DELETE FROM audit_checkpoint;"
            "DELETE FROM audit_entry WHERE number = 3"
        )
    assert "missing" in shell.run("audit", "verify", *AUDIT, expect=1).stdout


def test_checkpoints_from_a_scheduler(loaded: tuple[Shell, str]) -> None:
    shell, _ = loaded
    said = shell.run("audit", "checkpoint", *AUDIT, *WITNESS).stdout
    assert said == "checkpoint over 10 entries\n  witness.jsonl: holds 10 entries\n"
    second = shell.json("audit", "checkpoint", *AUDIT, "--witness", "sqlite:///second.db")
    assert second["witnesses"][0]["size"] == second["size"]  # type: ignore[index]
    nowhere = shell.run("audit", "checkpoint", *AUDIT, "--witness", "none/w.jsonl", expect=1)
    assert "DID NOT TAKE IT" in nowhere.stdout


def test_deeds_and_an_incident(loaded: tuple[Shell, str]) -> None:
    shell, cif_no = loaded
    actions = [one["action"] for one in shell.json("audit", "deeds", "alice", *AUDIT)]  # type: ignore[attr-defined]
    assert actions == ["register", "register", "register", "load", "find"]
    assert "What eve did: none" in shell.run("audit", "deeds", "eve", "--from", "2026-01-01", *AUDIT).stdout
    always = ("--from", "2000-01-01", "--to", "2999-12-31T23:59")
    found = shell.json("audit", "incident", *always, *AUDIT, expect=1)
    assert cif_no in [one["cif_no"] for one in found["customers"]]  # type: ignore[index]
    said = shell.run("audit", "incident", *always, "--actor", "alice", *AUDIT, expect=1).stdout
    assert "3 customer(s)" in said
    assert cif_no in said
    assert "Touched: none" in shell.run("audit", "incident", *always, "--actor", "eve", *AUDIT).stdout


def test_to_whom_a_customer_s_data_was_given(loaded: tuple[Shell, str]) -> None:
    shell, cif_no = loaded
    assert "was given: none" in shell.run("audit", "shared", cif_no, *AUDIT).stdout
    out = ("--recipient", "audit", "--inside", "--as", "carol", "--purpose", "compliance", "--to", "out.csv")
    shell.run("export", "sex", "name", *out, **shell.known("carol"))
    (found,) = shell.json("audit", "shared", cif_no, *AUDIT)  # type: ignore[misc]
    assert (found["recipient"], found["inside"], found["actor"], found["fields"]) == (
        "audit",
        True,
        "carol",
        ["sex", "name"],
    )
    said = shell.run("audit", "shared", cif_no, *AUDIT).stdout
    assert "in the house" in said
    assert "carol" in said
    assert "no such customer" in shell.run("audit", "shared", "C0", *AUDIT, expect=2).stderr


def test_a_proof_goes_to_somebody_without_the_store(loaded: tuple[Shell, str], tmp_path: Path) -> None:
    shell, _ = loaded
    shell.run("audit", "prove", "s0", "3", "--out", "p.json", *AUDIT)
    key = shell.run("audit", "key", *AUDIT).stdout.strip()
    said = shell.run("audit", "check-proof", "p.json", "--log-key", key).stdout
    assert "entry 3 of s0 stands in the log bankcif/" in said
    assert "alice  register" in said
    assert "cannot be written" in shell.run("audit", "prove", "s0", "3", "--out", "p.json", *AUDIT, expect=2).stderr
    bent = json.loads((shell.folder / "p.json").read_text(encoding="utf-8"))
    shell.write("bent.json", json.dumps({**bent, "number": 2}))
    assert "does not stand under" in shell.run("audit", "check-proof", "bent.json", "--log-key", key, expect=2).stderr
    assert "no proof" in shell.run("audit", "check-proof", "app.csv", "--log-key", key, expect=2).stderr
    assert "cannot be read" in shell.run("audit", "check-proof", "none", "--log-key", key, expect=2).stderr
    assert "name+id+base64" in shell.run("audit", "check-proof", "p.json", "--log-key", "x", expect=2).stderr


def test_the_bank_s_monitoring_gets_every_entry(loaded: tuple[Shell, str]) -> None:
    shell, cif_no = loaded
    shell.run("show", cif_no, *ASK, "--sink", "siem.jsonl")
    lines = [json.loads(one) for one in (shell.folder / "siem.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["event"]["action"] for one in lines][-3:] == ["find", "is_enrolled", "view"]
    assert shell.run("audit", "forward", *AUDIT, "--sink", "siem.jsonl").stdout == "jsonl: 2 entries\n"
    assert shell.run("audit", "forward", *AUDIT, expect=2).stderr == "no --sink: nothing was brought anywhere\n"
    assert "failed" in shell.run("audit", "forward", *AUDIT, "--sink", "none/siem.jsonl", expect=1).stdout


MISTAKES = {
    "a witness on plain http": (["show", "C1", *ASK, "--witness", "http://witness.example/w"], "https"),
    "a witness on https without a key": (["show", "C1", *ASK, "--witness", "https://witness.example/w"], "key"),
    "a witness in another kind of database": (["show", "C1", *ASK, "--witness", "oracle://u:pw@h/d"], "not supported"),
    "a wrong witness key": (["show", "C1", *ASK, *WITNESS, "--witness-key", "x"], "name+id+base64"),
    "no such entry": (["audit", "prove", "s0", "99", "--out", "x.json", *AUDIT], "no such entry"),
    "a time that ends before it begins": (
        ["audit", "incident", "--from", "2026-01-02", "--to", "2026-01-01", *AUDIT], "ends after it begins",
    ),
    "a time that is none": (["audit", "deeds", "x", "--from", "yesterday", *AUDIT], "yesterday"),
    "somebody who may not": (["audit", "deeds", "x", "--as", "eve", "--purpose", "audit"], "does not let eve"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(MISTAKES))
def test_a_mistake_is_one_clear_sentence(shell: Shell, case: str) -> None:
    words, said = MISTAKES[case]
    assert said in shell.run(*words, expect=2).stderr
