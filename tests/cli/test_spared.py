"""A mistyped name costs nothing: neither keys nor databases, and no input, are overwritten; a witness that is none vouches for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bankcif.cli import main

AS = ("--as", "admin", "--purpose", "operations")
CHANNEL = """\
name = "app"
format = "csv"
key = "no"
kind = "individual"
requires = "lead"
[columns]
no = ""
name = "name"
phone = "phone"
"""
DEMO_FOLDER = "shop"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert status("init", "--as", "admin") == 0
    Path("app.toml").write_text(CHANNEL, encoding="utf-8")
    Path("a.csv").write_text("no,name,phone\n1,张伟,15412345670\n2,???,1\n", encoding="utf-8")
    return tmp_path


def status(*words: str) -> int:
    try:
        return main([*words])
    except SystemExit as error:
        return int(error.code or 0)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.suffix in (".json", ".toml", ".csv", ".db")
    }


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = status(*words)
    return code, capsys.readouterr().err


@pytest.mark.parametrize("name", ["keys.json", "cif.db", "a.csv", "operators.toml", "app.toml"])
def test_what_is_held_back_overwrites_nothing(store: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    before = contents(store)
    code, err = said(capsys, "load", "a.csv", "--channel", "app.toml", "--held", name, *AS)
    assert code == 2
    assert f"the file {name} exists already and is not overwritten" in err
    assert {one: text for one, text in contents(store).items() if one != "cif.db"} == {
        one: text for one, text in before.items() if one != "cif.db"
    }
    assert said(capsys, "load", "a.csv", "--channel", "app.toml", "--held", "new.jsonl", *AS)[0] == 1
    assert "name" in Path("new.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["keys.json", "cif.db", "cif-keys.db"])
def test_keys_and_databases_are_no_place_for_a_result(
    store: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    before = (store / name).read_bytes()
    Path("many.csv").write_text(
        "row_id,name,phone\n" + "".join(f"{n},张{chr(0x4E00 + n)},154123400{n:02}\n" for n in range(40)),
        encoding="utf-8",
    )
    code, err = said(capsys, "dedupe", "many.csv", "--out", "o.csv", "--save-model", name)
    assert code == 2
    assert f"{name} holds" in err
    assert "is not overwritten" in err
    assert (store / name).read_bytes() == before


def test_a_demo_takes_the_place_of_no_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = store / DEMO_FOLDER
    real.mkdir()
    where = (
        "--db",
        f"sqlite:///{DEMO_FOLDER}/cif.db",
        "--keys",
        f"{DEMO_FOLDER}/keys.json",
        "--operators",
        "others.toml",
    )
    assert status("init", "--as", "admin", *where) == 0
    before = contents(real)
    code, err = said(capsys, "demo", "--out", DEMO_FOLDER)
    assert code == 2
    assert "holds a store that no demo made" in err
    assert contents(real) == before
    for path in real.iterdir():
        if path.name != "keys.json":
            path.unlink()
    assert said(capsys, "demo", "--out", DEMO_FOLDER)[0] == 2, "a key file alone is somebody's, too"


@pytest.mark.usefixtures("store")
def test_a_witness_that_is_none_vouches_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    who = ("--as", "auditor", "--purpose", "audit")
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["auditor.x"]\nroles = ["auditor"]\n')
    who = ("--as", "auditor.x", "--purpose", "audit")
    assert status("load", "a.csv", "--channel", "app.toml", *AS) == 1
    code, err = said(capsys, "audit", "verify", "--witness", "typo", *who)
    assert code == 2
    assert "the witness typo is not there" in err
    assert not Path("typo").exists()
    assert said(capsys, "audit", "checkpoint", "--witness", "seen.jsonl", *who)[0] == 0
    assert said(capsys, "audit", "verify", "--witness", "seen.jsonl", *who)[0] == 0
    Path("noise").write_bytes(bytes(range(10, 200)))
    assert said(capsys, "audit", "verify", "--witness", "noise", *who)[0] == 1
    code, err = said(capsys, "audit", "forward", *who)
    assert code == 2
    assert "no --sink" in err


@pytest.mark.usefixtures("store")
def test_nobody_is_given_a_token_that_nobody_sees(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["o.xia"]\nroles = ["operator_admin"]\n["t.zhou"]\nroles = ["teller"]\n')
    who = ("--as", "o.xia", "--purpose", "operations")
    code, err = said(capsys, "operator", "add-code", "t.zhou", "--qr", "none/q.svg", *who)
    assert code == 2
    assert "no token was given" in err
    assert status("operator", "factors", "t.zhou", *who) in (0, 1)
    assert "totp" not in capsys.readouterr().out


@pytest.mark.usefixtures("store")
def test_what_cannot_be_written_or_read_is_said_before_anything_is_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--db", "sqlite:///x.db", "--keys", "x.json")
    code, err = said(capsys, "init", "--as", "a", *where, "--operators", "none/x.toml")
    assert (code, "nothing was made" in err) == (2, True)
    code, err = said(capsys, "init", "--as", " ", *where, "--operators", "x.toml")
    assert (code, "has a name" in err) == (2, True)
    assert not [path for path in Path().iterdir() if path.name.startswith("x")]
    monkeypatch.setattr("sys.stdin", None)
    code, err = said(capsys, "check", "phone")
    assert (code, "standard input is closed" in err) == (2, True)


@pytest.mark.usefixtures("store")
def test_periods_the_wrong_way_round_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["a.sun"]\nroles = ["auditor"]\n')
    code, err = said(
        capsys,
        "audit",
        "deeds",
        "admin",
        "--from",
        "2027-01-01",
        "--to",
        "2026-01-01",
        "--as",
        "a.sun",
        "--purpose",
        "audit",
    )
    assert (code, "the end is before the beginning" in err) == (2, True)
    code, err = said(capsys, "faults", "--since", "2030-01-01", "--until", "2020-01-01", *AS)
    assert (code, "the last day is before the first" in err) == (2, True)
    code, err = said(capsys, "audit", "prove", "s0", "9" * 23, "--out", "p1", "--as", "a.sun", "--purpose", "audit")
    assert code == 2
    assert not Path("p1").exists()
