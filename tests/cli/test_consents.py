"""`bankcif consent`: taken down, checked, withdrawn, with right and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_tags import MANAGER, status


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = status("consent", *words)
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture
def number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.chdir(tmp_path)
    assert status("init") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["m.li"]\nroles = ["relationship_manager"]\nbranch = "B-0101"\n')
    Path("app.toml").write_text(
        'name = "app"\nformat = "csv"\nkey = "no"\nrequires = "lead"\n[columns]\nno = ""\nname = "name"\nphone = "phone"\nbranch = "home_branch"\n',
        encoding="utf-8",
    )
    Path("a.csv").write_text("no,name,phone,branch\n1,张伟,15412345671,B-0101\n", encoding="utf-8")
    assert status("load", "a.csv", "--channel", "app.toml", "--as", "admin", "--purpose", "operations") == 0
    capsys.readouterr()
    assert status("find", "phone", "15412345671", *MANAGER, "--json") == 0
    return str(json.loads(capsys.readouterr().out)[0]["cif_no"])


def test_a_consent_is_taken_down_checked_and_withdrawn(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    use = (number, "marketing")
    assert said(capsys, "check", *use, *MANAGER)[:2] == (1, "not allowed: nothing was granted\n")
    given = ("--text", "2026-01", "--until", "2199-12-31", "--reason", "signed", "--evidence", "form 7")
    assert said(capsys, "grant", *use, *given, *MANAGER)[:2] == (0, "allowed\n")
    code, out, _ = said(capsys, "check", *use, "--channel", "sms", *MANAGER)
    assert (code, out.startswith("allowed (from "), "until 2199-12-31)" in out) == (0, True, True)
    _, out, _ = said(capsys, "check", *use, *MANAGER, "--json")
    assert {name: json.loads(out)[name] for name in ("answer", "until", "text")} == {
        "answer": "granted", "until": "2199-12-31", "text": "2026-01",
    }  # fmt: skip
    assert (
        said(capsys, "deny", *use, "--channel", "sms", "--reason", "r", *MANAGER)[1] == "not allowed: they refused it\n"
    )
    assert said(capsys, "withdraw", *use, "--reason", "r", *MANAGER, "--json")[1] == '{"answer": "refused"}\n'
    assert status("show", number, *MANAGER) == 0
    assert "withdrawn" in capsys.readouterr().out


def test_wrong_input_is_told_in_a_sentence(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words, sentence in {
        ("check", "C0", "marketing"): "no such customer", ("check", number, "fun", "--channel", "x"): "purpose is one of",
        ("grant", number, "fun", "--text", "1", "--reason", "r"): "purpose is one of",
        ("grant", number, "marketing", "--reason", "r"): "--text", ("withdraw", number, "marketing", "--reason", "r"): "nothing was granted",
        ("grant", number, "marketing", "--text", "1", "--until", "2020-01-01", "--reason", "r"): "over before it began",
    }.items():  # fmt: skip
        code, out, err = said(capsys, *words, *MANAGER)
        assert code in (1, 2)
        assert sentence in out + err
