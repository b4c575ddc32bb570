"""`bankcif change`, `bankcif daily` and `bankcif show --valid`, with right and wrong input."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_tags import MANAGER, status

ADMIN = ("--as", "admin", "--purpose", "operations")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = status(*words)
    out = capsys.readouterr()
    return code, out.out, out.err


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code, out, err = said(capsys, *words, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.fixture
def number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.chdir(tmp_path)
    assert status("init") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["m.li"]\nroles = ["relationship_manager"]\nbranch = "B-0101"\n')
    Path("app.toml").write_text(
        'name = "app"\nformat = "csv"\nkey = "no"\nrequires = "lead"\n'
        '[columns]\nno = ""\nname = "name"\nphone = "phone"\nbranch = "home_branch"\njob = "occupation"\n',
        encoding="utf-8",
    )
    Path("a.csv").write_text("no,name,phone,branch,job\n1,张伟,15412345671,B-0101,1\n", encoding="utf-8")
    assert status("load", "a.csv", "--channel", "app.toml", *ADMIN) == 0
    capsys.readouterr()
    return str(asked(capsys, "find", "phone", "15412345671", *MANAGER)[0]["cif_no"])


def test_a_customer_is_changed_seen_as_of_a_day_and_brought_up_to_it(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    why = ("--code", "customer_request", "--reason", "said so", *MANAGER)
    code, out, _ = said(capsys, "change", "make", number, "--set", "occupation=3", "--evidence", "form 7", *why)
    assert (code, "is in: occupation" in out) == (0, True)
    waits = asked(capsys, "change", "make", number, "--set", "email=a@b.cn", "--channel", "desk", *why)
    assert (waits["state"], waits["rules"]) == ("waiting", ["protected"])
    code, out, _ = said(
        capsys, "change", "make", number, "--set", "address=上海市浦东新区一路1号", "--channel", "desk", *why
    )
    assert "waits for a second person (protected)" in out
    ahead = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    later = asked(capsys, "change", "make", number, "--set", "occupation=", "--effective", ahead, *why)
    assert later["state"] == "scheduled"
    assert asked(capsys, "show", number, *MANAGER)["values"]["occupation"] == "3"
    assert "occupation" not in asked(capsys, "show", number, "--valid", ahead, *MANAGER)["values"]
    assert said(capsys, "change", "cancel", number, later["id"], "--reason", "r", *MANAGER)[:2] == (0, "cancelled\n")
    found = asked(capsys, "change", "list", number, *MANAGER)
    assert [one["state"] for one in found] == ["cancelled", "waiting", "waiting", "applied"]
    assert (found[-1]["before"], found[-1]["values"], found[-1]["evidence"]) == (
        {"occupation": "1"},
        {"occupation": "3"},
        "form 7",
    )
    code, out, _ = said(capsys, "change", "list", number, *MANAGER)
    assert (code, "occupation" in out, "said so" in out) == (0, True, True)
    done = asked(capsys, "daily", *ADMIN)
    assert (done["customers"], done["proposals"], done["held"]) == (0, 0, 0)
    code, out, _ = said(capsys, "daily", *MANAGER)
    assert (code, "(left out)" in out) == (0, True)


def test_wrong_input_is_told_in_a_sentence(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    why = ("--code", "correction", "--reason", "r", *MANAGER)
    for words, sentence in {
        ("make", number, *why): "name one to 20 fields", ("make", number, "--set", "occupation", *why): "an equals sign",
        ("make", number, "--set", "occupation=1", *why): "nothing of it is new", ("make", number, "--set", "occupation=zz", *why): "code",
        ("make", number, "--set", "shoes=1", *why): "no such customer", ("make", "C0", "--set", "occupation=3", *why): "no such customer",
        ("make", number, "--set", "occupation=3", "--code", "whim", "--reason", "r", *MANAGER): "is not one of",
        ("make", number, "--set", "occupation=3", "--version", "9", *why): "was changed since",
        ("make", number, "--set", "occupation=3", "--effective", "2201-01-01", *why): "between 1800 and 2200",
        ("make", number, "--document", "passport=", *why): "identifiers", ("cancel", number, "0", "--reason", "r", *MANAGER): "no such change",
    }.items():  # fmt: skip
        code, _, err = said(capsys, "change", *words)
        assert (code, sentence in err) == (2, True), (words, code, err)
    code, _, err = said(capsys, "show", number, "--whole", "--valid", "2026-01-01", *MANAGER)
    assert (code, "--whole is of today" in err) == (2, True)
    code, _, err = said(capsys, "show", number, "--known", "2999-01-01T00:00+0800", *MANAGER)
    assert (code, "day to come" in err) == (2, True)
