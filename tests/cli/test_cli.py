"""The command line as a user drives it: right input, wrong input, exit status, one clear sentence, never a traceback."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import pytest
from tests.protection.transit_double import TOKEN, TransitDouble, serving

from bankcif.access import CodePlan
from bankcif.access.authentication import code_at
from bankcif.cli import main
from bankcif.testing.factories import forms, make_world, write_channel_files

ROOT = Path(__file__).parent.parent.parent
ASK = ("--as", "alice", "--purpose", "operations")
AUDIT = ("--as", "alice", "--purpose", "audit")

PASSWORD = "a sentence is easy to remember"
MAPPING = """
name = "app"
format = "csv"
key = "no"
requires = "lead"
[columns]
no = ""
name = "name"
idno = "identifiers.cn.resident_id"
phone = "phone"
"""
PEOPLE = list(forms(make_world(4000, 0, seed=11)))


def table(count: int, *bad: str) -> str:
    rows = [f"{n},{p['name']},{p['identifiers'][0]['number']},{p['phone']}" for n, p in enumerate(PEOPLE[:count])]
    return "\n".join(["no,name,idno,phone", *rows, *bad]) + "\n"


@attrs.frozen
class Said:
    """What a command printed."""

    stdout: str
    stderr: str


@attrs.frozen
class Shell:
    """Runs commands in a folder of its own."""

    folder: Path
    tokens: dict[str, tuple[bytes, int]] = attrs.field(factory=dict)

    def known(self, name: str) -> dict[str, str]:
        """What *name* would type, who is enrolled now if they were not: a password, and the next code of their token."""
        if name not in self.tokens:
            by = ("--as", "o.xia", "--purpose", "operations")
            self.run("operator", "add-password", name, *by, BANKCIF_NEW_PASSWORD=PASSWORD)
            made = self.json("operator", "add-code", name, "--kind", "hotp", *by)
            self.run("approval", "approve", made["proposal"], "--as", "o.yun", "--purpose", "operations")  # type: ignore[index]
            self.tokens[name] = (base64.b32decode(made["secret"]), 0)  # type: ignore[index]
        secret, step = self.tokens[name]
        self.tokens[name] = (secret, step + 1)
        return {"BANKCIF_PASSWORD": PASSWORD, "BANKCIF_CODE": code_at(secret, step, CodePlan())}

    def run(self, *words: str, text: str = "", expect: int = 0, **environment: str) -> Said:
        """Runs a command in this process; what happens to a process of its own is tried below, with signals."""
        out, err = io.StringIO(), io.StringIO()
        stdin = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, {"COLUMNS": "120", **environment}),
            mock.patch.object(sys, "stdin", stdin),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main(list(words))
        said = Said(out.getvalue(), err.getvalue())
        assert "Traceback" not in said.stdout + said.stderr
        assert ended.value.code == expect, said
        if expect == 2:
            assert said.stderr.strip()
        return said

    def json(self, *words: str, **more: object) -> object:
        return json.loads(self.run(*words, "--json", **more).stdout)  # type: ignore[arg-type]

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    made.run("init", "--as", "alice")
    made.write("app.toml", MAPPING)
    made.write("app.csv", table(3))
    made.write(
        "operators.toml",
        '[alice]\nroles = ["loader", "steward", "auditor", "compliance"]\n[bob]\nroles = ["steward"]\n[eve]\nroles = []\n'
        '[carol]\nroles = ["compliance"]\n["o.xia"]\nroles = ["operator_admin"]\n["o.yun"]\nroles = ["operator_admin"]\n[dave]\nroles = ["steward"]\n',
    )
    return made


def test_the_way_of_a_user(shell: Shell) -> None:
    report = shell.json("load", "app.csv", "--channel", "app.toml", *ASK)
    assert report["rows"] == 3  # type: ignore[index]
    number = PEOPLE[0]["identifiers"][0]["number"]
    (found,) = shell.json("find", "resident-id", *ASK, text=number + "\n")  # type: ignore[misc]
    cif_no = found["cif_no"]
    assert number not in json.dumps(found)
    assert shell.run("find", "phone", PEOPLE[0]["phone"], *ASK).stdout.count(cif_no) == 1
    none = ("--where", "customer_since > 2999-01-01")
    assert "nobody found" in shell.run("find", "phone", PEOPLE[0]["phone"], *none, *ASK, expect=1).stdout
    assert (
        shell.run("find", "name", PEOPLE[0]["name"], "--birth-date", PEOPLE[0]["birth_date"], *ASK).stdout.count(cif_no)
        == 1
    )
    assert "****" in shell.run("show", cif_no, *ASK).stdout
    carol = ("--as", "carol", "--purpose", "compliance")
    assert "must be recognized at level 2" in shell.run("reveal", cif_no, "phone", *carol, expect=2).stderr
    revealed = shell.json("reveal", cif_no, "phone", "name", *carol, **shell.known("carol"))
    assert revealed == {"name": PEOPLE[0]["name"], "phone": "+86" + PEOPLE[0]["phone"]}
    who = shell.json("audit", "who", cif_no, *AUDIT)
    assert [line["action"] for line in who] == ["register", "find", "find", "find", "view", "reveal"]  # type: ignore[union-attr]
    assert "reveal" in shell.run("audit", "who", cif_no, *AUDIT).stdout
    verified = shell.json("audit", "verify", *AUDIT)
    assert verified["intact"] is True  # type: ignore[index]
    assert "intact" in shell.run("audit", "verify", *AUDIT).stdout
    assert "fits" in shell.run("keys", "check", *AUDIT).stdout
    assert shell.json("keys", "check", *AUDIT)["data_keys"] >= 3  # type: ignore[index]


def test_environment_variables_stand_for_options(shell: Shell) -> None:
    shell.run(
        "load", "app.csv", "--channel", "app.toml", "--purpose", "operations", BANKCIF_AS="alice",
        BANKCIF_DB="sqlite:///cif.db", BANKCIF_KEYS="keys.json",
    )  # fmt: skip


def test_held_rows_are_a_finding_and_name_line_path_and_rule(shell: Shell) -> None:
    shell.write("app.csv", table(2, "9,张伟,110105194912310021,15412345678", "10,a"))
    done = shell.run("load", "app.csv", "--channel", "app.toml", *ASK, expect=1)
    assert "app.csv, line 4: $.identifiers[0].number check_digit" in done.stdout
    assert "app.csv, line 5: $ broken_row" in done.stdout
    assert "110105194912310021" not in done.stdout + done.stderr


def test_held_rows_are_shown_corrected_refused_and_counted(shell: Shell) -> None:
    shell.run("init", "--as", "alice")
    shell.write("app.toml", MAPPING)
    number = PEOPLE[2]["identifiers"][0]["number"]
    shell.write("app.csv", table(2, f"2,{PEOPLE[2]['name']},110105194912310021,", "3,x"))
    shell.run("load", "app.csv", "--channel", "app.toml", "--held", "held.jsonl", *ASK, expect=1)
    told = [json.loads(line) for line in (shell.folder / "held.jsonl").read_text().splitlines()]
    assert told == [{"line": 4, "path": "$.identifiers[0].number", "rule": "check_digit"},
                    {"line": 5, "path": "$", "rule": "broken_row"}]  # fmt: skip
    items: Any = shell.json("held", "list", *ASK)
    assert [(one["line"], one["faults"][0]["rule"]) for one in items] == [(4, "check_digit"), (5, "broken_row")]
    assert "check digit" in shell.run("held", "list", *ASK).stdout
    batch = items[0]["batch"]
    dave = ("--as", "dave", "--purpose", "operations")
    assert "must be recognized at level 2" in shell.run("held", "show", batch, "4", *dave, expect=2).stderr
    shown: Any = shell.json("held", "show", batch, "4", *dave, **shell.known("dave"))
    assert shown["idno"] == "110105194912310021"
    release = ("held", "release", batch, "4", "--channel", "app.toml", *ASK)
    assert "error" in shell.run(*release, expect=2).stderr
    assert "no such column" in shell.run(*release, "--set", "shoe=42", expect=2).stderr
    assert shell.run(*release, "--set", "idno", "--set", "phone=", text=f"{number}\n").stdout.startswith("new: C")
    shell.run("held", "refuse", batch, "5", "--reason", "cut off", *ASK)
    assert shell.json("held", "list", *ASK) == []
    assert "0 row" in shell.run("held", "expire", *ASK).stdout
    gone = shell.run("held", "show", batch, "5", *dave, expect=2, **shell.known("dave"))
    assert "customer" in gone.stderr
    counts: Any = shell.json("faults", *ASK)
    assert {(one["rule"], one["count"]) for one in counts} >= {("check_digit", 1), ("broken_row", 1)}
    assert shell.json("faults", "--until", "2020-01-01", *ASK) == []
    assert "app" in shell.run("faults", *ASK).stdout


def test_a_held_row_can_not_steer_the_terminal(shell: Shell) -> None:
    shell.run("init", "--as", "alice")
    shell.write("app.toml", MAPPING.replace('"csv"', '"jsonl"'))
    shell.write("app.jsonl", '{"no": "1", "name": "[red]x\\u001b[31m\\u202ey"}\n')
    shell.run("load", "app.jsonl", "--channel", "app.toml", *ASK, expect=1)
    items: Any = shell.json("held", "list", *ASK)
    dave = ("--as", "dave", "--purpose", "operations")
    said = shell.run("held", "show", items[0]["batch"], "1", *dave, **shell.known("dave")).stdout
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "[red]x\\x1b[31m\\u202ey" in said


def test_deciding_matches(shell: Shell) -> None:
    person = PEOPLE[0]
    shell.write("app.csv", table(1, f"7,{person['name']},,{person['phone']}"))
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    (task,) = shell.json("match", "list", *ASK)  # type: ignore[misc]
    one, other = task["other"], task["cif_no"]
    terms = task["explanation"]["terms"]
    assert sum(millibits for _, _, millibits in terms) == round(1000 * task["weight_bits"])
    assert "name: identical" in shell.run("match", "list", "--why", *ASK).stdout
    why: Any = shell.json("match", "why", task["task_id"], "--chart", "why.html", "--lang", "zh", *ASK)
    assert sum(term["millibits"] for term in why["terms"]) == why["weight_millibits"]
    chart = (shell.folder / "why.html").read_text(encoding="utf-8")
    assert "为什么可能是同一客户" in chart
    assert "<svg" in chart
    assert f"{why['weight_millibits'] / 1000:.3f}" in chart
    assert not [value for value in (person["name"], person["phone"], *_masked(why)) if value in chart]
    lost = shell.run("match", "why", task["task_id"], "--chart", "none/why.html", *ASK, expect=2).stderr
    assert "can not be written" in lost
    shell.run("match", "merge", one, other, "--reason", "same", *ASK)
    (proposal,) = shell.json("approval", "list", *ASK)  # type: ignore[misc]
    assert (proposal["state"], proposal["reason"]) == ("proposed", "same")
    assert shell.json("approval", "mine", *ASK) == [proposal]
    assert shell.json("approval", "mine", "--as", "bob", "--purpose", "operations") == []
    assert "two different people" in shell.run("approval", "approve", proposal["id"], *ASK, expect=2).stderr
    shell.run("approval", "approve", proposal["id"], "--as", "bob", "--purpose", "operations")
    assert one in shell.run("show", other, *ASK).stdout
    undo = shell.json("match", "unmerge", other, "--reason", "two", *ASK)
    shell.run("approval", "approve", undo["proposal"], "--as", "bob", "--purpose", "operations")  # type: ignore[index]
    assert other in shell.run("show", other, *ASK).stdout
    shell.run("match", "apart", one, other, "--reason", "two", *ASK)
    assert "not to be a match" in shell.run("match", "merge", one, other, "--reason", "x", *ASK, expect=2).stderr
    assert "Proposals: none" in shell.run("approval", "list", *ASK).stdout
    assert "Possible matches: none" in shell.run("match", "list", *ASK).stdout


def _masked(why: Any) -> set[str]:
    """The masked values of an explanation."""
    return {side for term in why["terms"] for side in (term["one"], term["other"]) if isinstance(side, str) and side}


def test_a_damaged_log_is_a_finding(shell: Shell) -> None:
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    with sqlite3.connect(shell.folder / "cif.db") as raw:
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            raw.execute("DELETE FROM audit_entry WHERE number = 2")
        raw.execute("DROP TRIGGER audit_entry_no_delete")
        raw.execute("DELETE FROM audit_entry WHERE number = 2")
    assert "missing" in shell.run("audit", "verify", *AUDIT, expect=1).stdout


CHECKS = [
    ("cn.resident_id", "11010519491231002x", True, "11010519491231002X", []),
    ("cn.resident_id", "110105194912310021", False, None, [("check_digit", "error")]),
    ("phone", "138-0013-8001", True, "+8613800138001", []),
    ("card", "6200000000000006", True, "6200000000000006", [("check_digit", "warning")]),
    ("email", "a@example.com", True, "a@example.com", [("reserved_domain", "warning")]),
    ("cn.uscc", "91350100M000100Y43", True, "91350100M000100Y43", []),
]


@pytest.mark.parametrize(("scheme", "text", "valid", "value", "issues"), CHECKS)
def test_check_gives_one_object_a_line(
    shell: Shell, scheme: str, text: str, valid: bool, value: str | None, issues: list[tuple[str, str]]
) -> None:
    expected = {
        "input": text, "scheme": scheme, "valid": valid, "value": value,
        "issues": [{"rule": rule, "severity": severity} for rule, severity in issues],
    }  # fmt: skip
    status = 0 if valid else 1
    assert json.loads(shell.run("check", scheme, text, "--json", expect=status).stdout) == expected
    assert json.loads(shell.run("check", scheme, "--json", text=text + "\n", expect=status).stdout) == expected
    done = shell.run("check", "--scheme", scheme, "--file", "-", text=f"{text}\r\n{text}\n", expect=status)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [expected, expected]


def test_a_capture_standard_is_printed_as_schema_and_as_form(shell: Shell) -> None:
    schema = json.loads(shell.run("standard", "individual", "account").stdout)
    assert schema["required"] == ["name", "identifiers"]
    form = json.loads(shell.run("standard", "individual", "account", "--form").stdout)
    assert form["fields"][0]["label"] == {"zh": "姓名", "en": "Name"}
    shell.write(
        "own.toml", 'version = "1"\n[[standard]]\nkind = "individual"\noccasion = "visit"\nrequired = ["sex"]\n'
    )
    mine = json.loads(shell.run("standard", "individual", "visit", "--standards", "own.toml").stdout)
    assert mine["required"] == ["sex"]


def test_check_takes_any_bytes(shell: Shell) -> None:
    (shell.folder / "bytes").write_bytes(b"\xff\xfe\n\x00\n" + b"9" * 5000 + b"\n\xed\xa0\x80\n")
    for scheme in ("cn.resident_id", "cn.uscc", "phone", "card", "email"):
        done = shell.run("check", "--scheme", scheme, "--file", "bytes", expect=1)
        assert len(done.stdout.splitlines()) == 4


def test_check_does_not_keep_a_line_that_does_not_end(shell: Shell) -> None:
    (shell.folder / "long").write_bytes(b"7" * 200_000 + b"\n11010519491231002X\n")
    done = shell.run("check", "--scheme", "cn.resident_id", "--file", "long", expect=1)
    cut, good = (json.loads(line) for line in done.stdout.splitlines())
    assert ([issue["rule"] for issue in cut["issues"]], len(cut["input"]) < 70_000) == (["length"], True)
    assert good["valid"]


def test_check_for_people_and_the_list(shell: Shell) -> None:
    assert "check digit" in shell.run("check", "cn.resident_id", "110105194912310021", expect=1).stdout
    assert "GB 11643-1999" in shell.run("check", "--list").stdout


WRONG = {
    "held to nowhere": (
        ["load", "app.csv", "--channel", "app.toml", "--held", "none/held.jsonl", *ASK], "cannot be written"),
    "no such occasion": (["standard", "individual", "nonsense"], "there are account"),
    "no such standards": (["standard", "individual", "account", "--standards", "none.toml"], "cannot be read"),
    "no such file": (["load", "none.csv", "--channel", "app.toml", *ASK], "none.csv does not exist"),
    "a folder": (["load", ".", "--channel", "app.toml", *ASK], "cannot be read|folder"),
    "no mapping": (["load", "app.csv", "--channel", "none.toml", *ASK], "none.toml does not exist"),
    "a broken mapping": (["load", "app.csv", "--channel", "broken.toml", *ASK], "not TOML"),
    "an unknown column": (["load", "more.csv", "--channel", "app.toml", *ASK], "does not know column number 5"),
    "a missing column": (["load", "less.csv", "--channel", "app.toml", *ASK], "columns phone"),
    "another encoding": (["load", "utf16.csv", "--channel", "app.toml", *ASK], "encoding"),
    "an empty file": (["load", "empty.csv", "--channel", "app.toml", *ASK], "is empty"),
    "an unknown scheme": (["check", "cn.nothing", "1"], "no scheme of this name"),
    "no scheme": (["check"], "name a scheme"),
    "no database": (["show", "C1", *ASK, "--db", "sqlite:///none.db"], "no database none.db"),
    "not a database": (["show", "C1", *ASK, "--db", "sqlite:///app.csv"], "not a database"),
    "another database": (["show", "C1", *ASK, "--db", "sqlite:///other.db"], "something else"),
    "a wrong URL": (["show", "C1", *ASK, "--db", "nonsense"], "database URL"),
    "another kind of database": (["show", "C1", *ASK, "--db", "oracle://u:secret@h/d"], "not supported"),
    "no key file": (["show", "C1", *ASK, "--keys", "none.json"], "none.json does not exist"),
    "a wrong key file": (["show", "C1", *ASK, "--keys", "wrong.json"], "does not hold the key"),
    "a malformed key file": (["show", "C1", *ASK, "--keys", "malformed.json"], "malformed"),
    "a key file for all": (["show", "C1", *ASK, "--keys", "open.json"], "chmod 600"),
    "no key store": (["show", "C1", *ASK, "--key-store", "none.db"], "none.db does not exist"),
    "a wrong key store": (["show", "C1", *ASK, "--key-store", "wrong-keys.db"], "belongs to another store"),
    "another tenant": (["show", "C1", *ASK, "--tenant", "other"], "tenant other"),
    "an unknown operator": (["show", "C1", "--as", "mallory", "--purpose", "service"], "mallory is not in"),
    "no operator": (["show", "C1", "--purpose", "service"], "--as"),
    "no purpose": (["show", "C1", "--as", "alice"], "--purpose"),
    "an unknown purpose": (["show", "C1", "--as", "alice", "--purpose", "fun"], "purpose"),
    "no grant": (["show", "C1", "--as", "eve", "--purpose", "service"], "no such customer, or"),
    "no customer": (["show", "C0000000000000000", *ASK], "no such customer, or"),
    "revealing without two factors": (["reveal", "CIFNO", "phone", "--as", "alice", "--purpose", "compliance"], "recognized at level 2"),
    "an invalid search": (["find", "phone", "abc", *ASK], "not a valid phone"),
    "a name without a birth date": (["find", "name", "张伟", *ASK], "birth date"),
    "a missing policy": (["show", "C1", *ASK, "--policy", "none.toml"], "does not exist"),
    "missing tables": (["show", "C1", *ASK, "--tables", "nowhere"], "holds none of divisions.tsv"),
    "an unknown command": (["fly"], "No such command"),
    "a demo among other things": (["demo", "--out", "."], "holds other things"),
}  # fmt: skip


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, str]:
    """A store, and beside it everything that is wrong."""
    shell = Shell(tmp_path_factory.mktemp("mistakes"))
    shell.run("init", "--as", "alice", "--db", "sqlite:///wrong.db", "--keys", "wrong.json", "--operators", "x.toml")
    shell.run("init", "--as", "alice")
    shell.write(
        "operators.toml", '[alice]\nroles = ["loader", "steward", "auditor", "compliance"]\n[eve]\nroles = []\n'
    )
    shell.write("app.toml", MAPPING)
    shell.write("app.csv", table(1))
    shell.write("broken.toml", "name = ")
    shell.write("more.csv", "no,name,idno,phone,more\n1,a,b,c,d\n")
    shell.write("less.csv", "no,name,idno\n1,a,b\n")
    shell.write("empty.csv", "")
    (shell.folder / "utf16.csv").write_bytes(table(1).encode("utf-16"))
    shell.write("malformed.json", "{}")
    (shell.folder / "malformed.json").chmod(0o600)
    (shell.folder / "open.json").write_bytes((shell.folder / "keys.json").read_bytes())
    (shell.folder / "open.json").chmod(0o644)
    with sqlite3.connect(shell.folder / "other.db") as raw:
        raw.execute("CREATE TABLE something (a)")
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    (found,) = shell.json("find", "phone", PEOPLE[0]["phone"], *ASK)  # type: ignore[misc]
    return shell, found["cif_no"]


@pytest.mark.parametrize("case", sorted(WRONG))
def test_wrong_input_gets_one_clear_sentence(mistakes: tuple[Shell, str], case: str) -> None:
    import re

    shell, cif_no = mistakes
    words, said = WRONG[case]
    done = shell.run(*(cif_no if word == "CIFNO" else word for word in words), expect=2)
    assert re.search(said, done.stderr), done.stderr
    assert "secret" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith(("error:", "Error:"))]) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=str)
def test_a_load_that_was_stopped_leaves_a_store_that_verifies_and_is_run_again(
    shell: Shell, how: signal.Signals
) -> None:
    shell.write("app.csv", table(2500))
    command = [str(Path(sys.executable).with_name("bankcif")), "load", "app.csv", "--channel", "app.toml", *ASK]
    running = subprocess.Popen(command, cwd=shell.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started = time.monotonic()
    while time.monotonic() - started < 30:  # until the first batch is in
        with sqlite3.connect(shell.folder / "cif.db") as raw:
            if raw.execute("SELECT count(*) FROM source_record").fetchone()[0]:
                break
    running.send_signal(how)
    _, said = running.communicate(timeout=60)
    if how is signal.SIGINT:
        assert running.returncode == 130, said
        assert "stopped" in said
    assert "Traceback" not in said
    shell.run("audit", "verify", *AUDIT)
    report = shell.json("load", "app.csv", "--channel", "app.toml", *ASK)
    outcomes = report["outcomes"]  # type: ignore[index]
    assert outcomes["unchanged"] >= 500
    assert sum(outcomes.values()) == 2500
    shell.run("audit", "verify", *AUDIT)
    shell.run("keys", "check", *AUDIT)


def test_the_demo_shows_the_main_job(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    data = tmp_path / "data"
    write_channel_files(data, make_world(500, 40, seed=3), seed=3)
    for mapping in (ROOT / "examples" / "data" / "channels").iterdir():
        (data / "channels").mkdir(exist_ok=True)
        (data / "channels" / mapping.name).write_bytes(mapping.read_bytes())
    found = shell.json("demo", "--data", "data", "--out", "out")
    quality = found["quality"]  # type: ignore[index]
    assert quality["automatic links"]["precision"] == 1.0
    assert quality["links plus possible matches"]["recall"] > 0.95
    views = found["views"]  # type: ignore[index]
    assert views["somebody without a grant"] is None
    assert "phone" in views["teller at the customer's branch"]
    assert "phone" not in views["marketing, with consent"]
    assert "sex" in views["marketing, with consent"], "who consented is shown to marketing, as far as it may see"
    assert found["intact"] is True  # type: ignore[index]
    # Again, over what is there, from within.
    done = Shell(tmp_path / "out").run("demo", "--data", "../data", "--out", ".", "--lang", "zh")
    for words in ("rows read", "held back", "precision", "Who looked at", "intact", "report.html"):
        assert words in done.stdout
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "入库报告" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "<script" not in page


def test_the_demo_s_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    from bankcif.testing.factories import DEMO_COMPANIES, DEMO_PEOPLE, DEMO_SEED

    write_channel_files(tmp_path, make_world(DEMO_PEOPLE, DEMO_COMPANIES, DEMO_SEED), DEMO_SEED)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (ROOT / "examples" / "data" / path.name).read_bytes(), path.name


def test_without_the_extra_the_message_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 2
    assert "bankcif[cli]" in capsys.readouterr().err


def test_keys_may_rest_in_a_key_service(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(TransitDouble()) as double:
        monkeypatch.setenv("BANKCIF_KEY_TOKEN", TOKEN)
        store = ("--db", f"sqlite:///{tmp_path / 'other.db'}", "--keys", f"{double.url}/transit/bankcif")
        assert "key transit/bankcif:v1" in shell.run("init", *store, "--operators", "o.toml").stdout
        assert "fits" in shell.run("keys", "check", *AUDIT, *store).stdout
        wrong = shell.run("keys", "check", *AUDIT, *store[:2], "--keys", double.url, expect=2)
        assert "/MOUNT/KEY" in wrong.stderr
        monkeypatch.setenv("BANKCIF_KEY_TOKEN", "wrong")
        refused = shell.run("keys", "check", *AUDIT, *store, expect=2)
        assert "refuses" in refused.stderr
        monkeypatch.delenv("BANKCIF_KEY_TOKEN")
        assert "BANKCIF_KEY_TOKEN" in shell.run("keys", "check", *AUDIT, *store, expect=2).stderr


CUSTODIANS = """
["k.zhao"]
roles = ["key_custodian"]
["k.qian"]
roles = ["key_custodian"]
"""


def test_keys_are_rotated_by_two_custodians(shell: Shell) -> None:
    zhao, qian = (("--as", name, "--purpose", "operations") for name in ("k.zhao", "k.qian"))
    operators = shell.folder / "operators.toml"
    operators.write_text(operators.read_text(encoding="utf-8") + CUSTODIANS, encoding="utf-8")
    shell.write("app.csv", table(3))
    shell.write("app.toml", MAPPING)
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    assert "rotate wrapping" in shell.run("keys", "renew", "--to", "new.json").stdout
    with_new = ("--keys", "new.json")
    somebody = PEOPLE[0]
    search = ("search", somebody["name"], "--born", somebody["identifiers"][0]["number"][6:10], *ASK)
    assert "bankcif keys rotate index --name-search birth_year" in shell.run(*search, expect=2).stderr
    beside = ("--name-search", "birth_year")
    for words, said in (
        (("data", *beside), "rotate that"),
        (("index", *beside, "--name-search", "nothing"), "nothing goes with nothing else"),
    ):
        refused = shell.run("keys", "rotate", *words, "--reason", "r", *zhao, *with_new, expect=2)
        assert said in refused.stderr
    for what in (["wrapping"], ["data"], ["index", *beside]):
        shell.run("keys", "rotate", *what, "--reason", "yearly", *zhao, *with_new)
    assert "no rotation is on its way" in shell.run("keys", "run", *zhao, *with_new).stdout
    assert "+name_year:" in shell.run("approval", "list", *qian, *with_new, COLUMNS="400").stdout
    waiting = json.loads(shell.run("approval", "list", *qian, *with_new, "--json").stdout)
    assert sorted(one["field"] for one in waiting) == ["data", "index", "wrapping"]
    for one in waiting:
        alone = shell.run("approval", "approve", one["id"], *zhao, *with_new, expect=2, **shell.known("k.zhao"))
        assert "two different people" in alone.stderr
    ids = [one["id"] for one in waiting]
    shell.run("approval", "approve", *ids, *qian, *with_new, **shell.known("k.qian"))
    one, other = shell.known("k.zhao"), shell.known("k.qian")
    refused = shell.run("keys", "reduce", "--to", "reduced.json", *zhao, *with_new, expect=2, **one)
    assert "does not hold the key" in refused.stderr
    assert not (shell.folder / "reduced.json").exists()
    assert "data: done, 10 keys replaced" in shell.run("keys", "run", *qian, *with_new, **other).stdout
    assert "on its way" not in shell.run("keys", "status", *qian, *with_new, **shell.known("k.qian")).stdout
    reduced = shell.run("keys", "reduce", "--to", "reduced.json", *zhao, *with_new, **shell.known("k.zhao"))
    assert "opens all" in reduced.stdout
    assert "fits" in shell.run("keys", "check", *AUDIT, "--keys", "reduced.json").stdout
    shell.run(*search, "--keys", "reduced.json")
    assert "does not hold" in shell.run("keys", "check", *AUDIT, expect=2).stderr  # the old file is of no more use


def test_the_key_file_goes_into_escrow_and_comes_back(shell: Shell) -> None:
    three = ("--custodian", "zhao", "--custodian", "qian", "--custodian", "sun")
    words = {name: f"a long passphrase of {name}" for name in ("zhao", "qian", "sun")}
    given = "\n".join(words.values()) + "\n"
    told = shell.run("keys", "escrow", "--to", "escrow.json", *three, "--needed", "2", text=given)
    assert "2 of 3 custodians" in told.stdout
    assert "not overwritten" in shell.run(
        "keys", "escrow", "--to", "escrow.json", *three, "--needed", "2", text=given, expect=2
    ).stderr  # fmt: skip
    two = ("--custodian", "sun", "--custodian", "zhao")
    wrong = shell.run("keys", "restore", "escrow.json", "--to", "back.json", *two, text="a\nb\n", expect=2)
    assert "passphrase is wrong" in wrong.stderr
    shell.run("keys", "restore", "escrow.json", "--to", "back.json", *two, text=f"{words['sun']}\n{words['zhao']}\n")
    assert (shell.folder / "back.json").read_bytes() == (shell.folder / "keys.json").read_bytes()
    assert "fits" in shell.run("keys", "check", *AUDIT, "--keys", "back.json").stdout
    for wrong_use in (
        ["keys", "escrow", "--to", "x.json", "--custodian", "zhao", "--custodian", "zhao", "--needed", "2"],
        ["keys", "escrow", "--to", "x.json", *three, "--needed", "1"],
        ["keys", "restore", "none.json", "--to", "x.json", *two],
    ):
        shell.run(*wrong_use, text=given, expect=2)
    assert not (shell.folder / "x.json").exists()


def test_the_plan_of_the_indexes_tells_what_they_give_away(shell: Shell) -> None:
    told = shell.run("index", "plan").stdout
    assert "which values are equal" in told
    assert "REFUSED" not in told
    assert "surname is REFUSED: it has so few values" in shell.run("index", "plan", "--try", "surname", expect=1).stdout
    refused = shell.run("index", "plan", "--try", "surname", "--try", "surname+birth_year", "--json", expect=1)
    by_name = {one["name"]: one for one in json.loads(refused.stdout)}
    assert by_name["surname"]["refused"]
    assert (by_name["surname+birth_year"]["refused"], by_name["surname+birth_year"]["bits"]) == ("", 10)
    shell.write("own.toml", '[birth_year]\nsource = "ours"\nheaviest = 0.5\ncollision = 0.3\n')
    shell.run("index", "plan", "--try", "surname+birth_year", "--frequencies", "own.toml", expect=1)
    assert "no frequency" in shell.run("index", "plan", "--try", "shoe_size", expect=2).stderr
    assert "between 1,000" in shell.run("index", "plan", "--expected-customers", "5", expect=2).stderr
    assert "does not exist" in shell.run("index", "plan", "--frequencies", "none.toml", expect=2).stderr
    other = ("--db", "sqlite:///other.db", "--keys", "other.json", "--operators", "other-operators.toml")
    shell.write("day.toml", "[birth_date]\nheaviest = 0.9\n[name]\nheaviest = 0.5\n")
    assert "reading_birth is refused" in shell.run("init", *other, "--frequencies", "day.toml", expect=2).stderr


OFFICERS = """
["p.tang"]
roles = ["privacy_officer"]
["p.song"]
roles = ["privacy_officer"]
"""


def test_a_customer_is_erased_by_two_officers(shell: Shell) -> None:
    tang, song = (("--as", name, "--purpose", "compliance") for name in ("p.tang", "p.song"))
    operators = shell.folder / "operators.toml"
    operators.write_text(operators.read_text(encoding="utf-8") + OFFICERS, encoding="utf-8")
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    (found,) = shell.json("find", "phone", PEOPLE[0]["phone"], *ASK)  # type: ignore[misc]
    cif_no = found["cif_no"]
    why = ("--reason", "asked for by the customer")
    assert "restricted before" in shell.run("erase", "propose", cif_no, *why, *tang, expect=2).stderr
    assert "is restricted" in shell.run("erase", "restrict", cif_no, *why, *tang).stdout
    shell.run("show", cif_no, *ASK, expect=2)
    proposal = json.loads(shell.run("erase", "propose", cif_no, *why, *tang, "--json").stdout)["id"]
    shell.run("approval", "approve", proposal, *tang, expect=2)
    shell.run("erase", "certificate", proposal, *tang, expect=2)
    shell.run("approval", "approve", proposal, *song, **shell.known("p.song"))
    said = shell.run("erase", "certificate", proposal, *tang).stdout
    assert f"客户号 / Customer: {cif_no}" in said
    assert "批准人 / Approved by: p.song" in said
    shell.run("find", "phone", PEOPLE[0]["phone"], "--as", "alice", "--purpose", "compliance", expect=1)
    assert "intact" in shell.run("audit", "verify", *AUDIT).stdout
    shell.run("keys", "check", *AUDIT)
    (other,) = shell.json("find", "phone", PEOPLE[1]["phone"], *ASK)  # type: ignore[misc]
    shell.run("erase", "restrict", other["cif_no"], *why, *tang)
    assert "is active" in shell.run("erase", "lift", other["cif_no"], *why, *song, **shell.known("p.song")).stdout


def test_a_policy_is_checked(shell: Shell) -> None:
    assert "0 finding(s)" in shell.run("policy", "check").stdout
    line = '[[grant]]\nid = "{}"\nroles = ["r"]\npurposes = ["service"]\nactions = ["view"]\nfields = ["{}"]\n'
    shell.write("policy.toml", 'version = "1"\n' + line.format("a", "*") + line.format("b", "phone"))
    said = shell.run("policy", "check", "policy.toml", expect=1).stdout
    assert "unreachable b: other grants decide" in said
    assert "其全部情形均由其他授权决定" in said
    found = json.loads(shell.run("policy", "check", "policy.toml", "--json", expect=1).stdout)
    assert [one["about"] for one in found] == ["b"]
    assert "does not exist" in shell.run("policy", "check", "none.toml", expect=2).stderr


def test_a_policy_is_changed_by_two_officers(shell: Shell) -> None:
    teng, wei = (("--as", name, "--purpose", "operations") for name in ("o.teng", "o.wei"))
    operators = shell.folder / "operators.toml"
    more = "".join(f'["{name}"]\nroles = ["policy_officer"]\n' for name in ("o.teng", "o.wei"))
    operators.write_text(operators.read_text(encoding="utf-8") + more, encoding="utf-8")
    own = '[[grant]]\nid = "{0}"\nroles = ["{0}"]\npurposes = ["operations"]\nactions = ["{1}"]\n'
    shell.write("own.toml", 'version = "own"\n' + own.format("policy_officer", "policy") + own.format("loader", "load"))
    shell.run("policy", "propose", "own.toml", "--reason", "r", *ASK, expect=2)
    proposal = json.loads(shell.run("policy", "propose", "own.toml", "--reason", "ours", *teng, "--json").stdout)["id"]
    shell.run("approval", "approve", proposal, *teng, expect=2)
    shell.run("approval", "approve", proposal, *wei, **shell.known("o.wei"))
    assert json.loads(shell.run("policy", "show", *wei).stdout)["version"] == "own"
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    shell.run("find", "phone", PEOPLE[0]["phone"], *ASK, expect=2)
    shell.write("other.toml", 'version = "other"\n')
    wrong = shell.run("policy", "show", *wei, "--policy", "other.toml", expect=2)
    assert "not the one in force" in wrong.stderr


BOB = ("--as", "bob", "--purpose", "operations")
KEEPER = ("--as", "o.xia", "--purpose", "operations")


def test_an_operator_who_is_enrolled_is_asked(shell: Shell) -> None:
    shell.run("operator", "add-password", "alice", *KEEPER, BANKCIF_NEW_PASSWORD=PASSWORD)
    said = shell.run("operator", "add-code", "alice", "--qr", "alice.svg", *KEEPER).stdout
    assert "otpauth://totp/bankcif:alice?secret=" in said
    assert "it counts once a second keeper runs" in said
    picture = shell.folder / "alice.svg"
    assert "<svg" in picture.read_text(encoding="utf-8")
    assert picture.stat().st_mode & 0o077 == 0
    assert "nobody can be asked here" in shell.run("approval", "list", *ASK, expect=2).stderr
    wrong = shell.run("approval", "list", *ASK, expect=2, BANKCIF_PASSWORD="wrong password")
    assert "was not recognized" in wrong.stderr
    assert "wrong password" not in wrong.stderr + wrong.stdout
    shell.run("approval", "list", *ASK, BANKCIF_PASSWORD=PASSWORD)
    shell.run("approval", "list", *ASK, expect=2, BANKCIF_PASSWORD=PASSWORD, BANKCIF_CODE="000000")
    rows = shell.json("operator", "factors", "alice", *KEEPER)
    assert [one["kind"] for one in rows] == ["password", "totp"]  # type: ignore[attr-defined]
    assert "Factors of eve: none" in shell.run("operator", "factors", "eve", *KEEPER, expect=1).stdout
    shell.run("operator", "unlock", "alice", *KEEPER)
    shell.run("operator", "remove", "alice", "totp", *KEEPER)
    shell.run("operator", "remove", "alice", "password", *KEEPER)
    shell.run("approval", "list", *ASK)


OPERATOR_MISTAKES = {
    "a short password": (["operator", "add-password", "alice", *KEEPER], {"BANKCIF_NEW_PASSWORD": "short"}, "12 to 256"),
    "no password": (["operator", "add-password", "alice", *KEEPER], {}, "BANKCIF_NEW_PASSWORD"),
    "oneself": (["operator", "add-code", "o.xia", *KEEPER], {}, "does not let o.xia"),
    "somebody who may not": (["operator", "add-code", "bob", *ASK], {}, "does not let alice"),
    "a picture that exists": (["operator", "add-code", "bob", "--qr", "app.csv", *KEEPER], {}, "exists"),
    "no such factor": (["operator", "remove", "bob", "totp", *KEEPER], {}, "no such factor"),
    "somebody else's proposal": (["approval", "withdraw", "none", *ASK], {}, "no such customer, or"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(OPERATOR_MISTAKES))
def test_a_mistake_about_operators_is_one_clear_sentence(shell: Shell, case: str) -> None:
    words, environment, said = OPERATOR_MISTAKES[case]
    assert said in shell.run(*words, expect=2, **environment).stderr


def test_a_proposal_is_withdrawn_and_expires(shell: Shell) -> None:
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    one, other = (shell.json("find", "phone", PEOPLE[n]["phone"], *ASK)[0]["cif_no"] for n in (0, 1))  # type: ignore[index]
    proposal = shell.json("match", "merge", one, other, "--reason", "r", "--accept", "contradiction", *ASK)["proposal"]  # type: ignore[index]
    assert shell.run("approval", "withdraw", proposal, *ASK).stdout == "withdrawn\n"
    assert "withdrawn before" in shell.run("approval", "approve", proposal, *ASK, expect=2).stderr
    assert shell.run("approval", "expire", *ASK).stdout == "0 proposal(s) expired\n"


def test_an_export_is_written_marked_and_reviewed(shell: Shell) -> None:
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    out = ("--recipient", "audit", "--inside", "--as", "carol", "--purpose", "compliance")
    said = shell.run("export", "name", "phone", "sex", *out, "--to", "out.csv", **shell.known("carol")).stdout
    assert "out.csv: 3 customers, export" in said
    content = (shell.folder / "out.csv").read_text(encoding="utf-8-sig")
    assert content.startswith("# 导出 ")
    assert "taken by carol at" in content
    assert content.count("\n") == 5
    for person in PEOPLE[:3]:
        assert person["name"] not in content
        assert person["phone"] not in content
    assert (shell.folder / "out.csv").stat().st_mode & 0o077 == 0
    again = shell.run("export", "name", *out, "--to", "out.csv", expect=2, **shell.known("carol"))
    assert "exists; name a new file" in again.stderr
    assert "--to" in shell.run("export", "name", *out, expect=2, **shell.known("carol")).stderr
    proposed = shell.json("export", "sex", *out, "--propose", "yearly", **shell.known("carol"))
    assert len(proposed["proposal"]) == 32  # type: ignore[index]
    abroad = ("--recipient", "x", "--country", "US", "--as", "carol", "--purpose", "compliance", "--to", "us.csv")
    shell.run("export", "sex", *abroad, expect=2, **shell.known("carol"))
    rows = shell.json("access", "review", *AUDIT, expect=1)
    carol = next(one for one in rows if one["operator"] == "carol")  # type: ignore[attr-defined]
    assert carol["did"]["export"] == 1
    assert "compliance-reveal" in carol["unused"]
    assert (
        "alice" in shell.run("access", "review", "--from", "2026-01-01", "--to", "2999-01-01", *AUDIT, expect=1).stdout
    )
    (found,) = shell.json("find", "phone", PEOPLE[0]["phone"], *ASK)  # type: ignore[misc]
    could = shell.json("access", "customer", found["cif_no"], *AUDIT)
    assert {one["operator"] for one in could} == {"alice", "bob", "carol", "dave"}  # type: ignore[attr-defined]
    assert "no such customer" in shell.run("access", "customer", "C0", *AUDIT, expect=2).stderr


def test_an_operator_browses_and_counts(shell: Shell) -> None:
    operators = shell.folder / "operators.toml"
    operators.write_text(
        operators.read_text(encoding="utf-8") + '["m.1"]\nroles = ["relationship_manager"]\nbranch = "B1"\n',
        encoding="utf-8",
    )
    shell.write("app.toml", MAPPING + 'branch = "home_branch"\n')
    rows = table(3).splitlines()
    shell.write("app.csv", "\n".join([rows[0] + ",branch", *(row + ",B1" for row in rows[1:])]) + "\n")
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    manager = ("--as", "m.1", "--purpose", "relationship")
    first = shell.json("browse", "--limit", "2", *manager)
    assert (first["total"], len(first["customers"])) == (3, 2)  # type: ignore[index]
    rest = shell.json("browse", "--limit", "2", "--after", first["after"], *manager)  # type: ignore[index]
    assert (rest["after"], len(rest["customers"])) == (None, 1)  # type: ignore[index]
    assert "2 of 3; go on with  --after" in shell.run("browse", "--limit", "2", *manager).stdout
    assert shell.json("count", "--by", "sex", *manager)
    assert "sort and count by" in shell.run("count", "--by", "phone", *manager, expect=2).stderr
    shell.run("browse", "--as", "eve", "--purpose", "service", expect=2)


def test_a_glass_is_broken_and_reviewed(shell: Shell) -> None:
    operators = shell.folder / "operators.toml"
    operators.write_text(
        operators.read_text(encoding="utf-8") + '["t.far"]\nroles = ["teller"]\nbranch = "B9"\n', encoding="utf-8"
    )
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    (found,) = shell.json("find", "phone", PEOPLE[0]["phone"], *ASK)  # type: ignore[misc]
    far = ("--as", "t.far", "--purpose", "service")
    shell.run("show", found["cif_no"], *far, expect=2, **shell.known("t.far"))
    said = shell.run("break-glass", found["cif_no"], "--reason", "fainted", *far, **shell.known("t.far")).stdout
    assert "is to be reviewed before you do this again" in said
    assert "****" in shell.run("show", found["cif_no"], *far, **shell.known("t.far")).stdout
    again = shell.run("break-glass", found["cif_no"], "--reason", "again", *far, expect=2, **shell.known("t.far"))
    assert "nobody has reviewed it" in again.stderr
    carol = ("--as", "carol", "--purpose", "operations")
    (waiting,) = shell.json("approval", "list", *carol)  # type: ignore[misc]
    shell.run("approval", "reject", waiting["id"], *carol)
    shell.run("show", found["cif_no"], *far, expect=2, **shell.known("t.far"))


def test_possible_matches_are_previewed_taken_reviewed_and_labelled(shell: Shell) -> None:
    header, *rows = table(3).splitlines()
    again = [row.replace(PEOPLE[n]["identifiers"][0]["number"], "").split(",") for n, row in enumerate(rows)]
    lines = [",".join([f"9{n}", *cells[1:]]) for n, cells in enumerate(again)]
    shell.write("app.csv", "\n".join([header, *rows, *lines]) + "\n")
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    assert "Possible matches by priority" in shell.run("match", "queue", *ASK).stdout
    taken = shell.json("match", "queue", "--take", "2", *ASK)
    assert [one["assignee"] for one in taken] == ["alice", "alice"]  # type: ignore[index]
    first, second = taken  # type: ignore[misc]
    shown = shell.run("match", "preview", first["other"], first["cif_no"], *ASK).stdout
    assert "merged" in shown
    assert PEOPLE[0]["phone"] not in shown
    assert shell.run("match", "assign", "bob", second["task_id"], *ASK).stdout == "assigned: 1\n"
    assert (
        "somebody else works"
        in shell.run("match", "review", second["task_id"], "same", "--reason", "r", *ASK, expect=2).stderr
    )
    said = shell.run("match", "review", first["task_id"], "same", "--reason", "r", *ASK).stdout
    shell.run("approval", "approve", said.split()[1].rstrip(";"), *BOB)
    assert shell.run("match", "review", second["task_id"], "different", "--reason", "r", *BOB).stdout == "kept apart\n"
    assert shell.run("match", "labels", "app", *ASK).stdout.count("\n") == 3
    assert shell.run("match", "labels", "nowhere", *ASK).stdout == "left_key,right_key,same\n"
    assert "1 of 1 agreed" in shell.run("match", "agreement", *ASK).stdout
