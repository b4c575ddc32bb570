"""`bankcif search`: people by names that are spelled otherwise, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_tags import status

MANAGER = ("--as", "m.li", "--purpose", "service")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert status("init", "--name-search", "birth_year", "--name-search", "organization") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["m.li"]\nroles = ["relationship_manager"]\nbranch = "B-0101"\n')
    Path("app.toml").write_text(
        'name = "app"\nformat = "csv"\nencoding = "utf-8"\nkey = "no"\nkind = "individual"\nrequires = "lead"\n'
        '[columns]\nno = ""\nname = "name"\nphone = "phone"\nborn = "birth_date"\nbranch = "home_branch"\n',
        encoding="utf-8",
    )
    Path("a.csv").write_text(
        "no,name,phone,born,branch\n1,张伟国,15412345671,1950-01-01,B-0101\n2,张维国,15412345672,1950-02-01,B-0101\n",
        encoding="utf-8",
    )
    assert status("load", "a.csv", "--channel", "app.toml", "--as", "admin", "--purpose", "operations") == 0
    capsys.readouterr()


@pytest.mark.usefixtures("store")
def test_a_name_is_searched_and_wrong_questions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("search", "張偉國", "--born", "1950", *MANAGER, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["likeness"] for one in told["hits"]] == ["spelling", "sound"]
    assert status("search", "张伟国", "--born", "1950", "--limit", "1", *MANAGER) == 0
    out = capsys.readouterr().out
    assert (out.startswith("[same]\n"), "there are more: --after same." in out) == (True, True)
    assert status("search", "张伟国", "--born", "1951", *MANAGER) == 1
    assert "nobody found" in capsys.readouterr().out
    for words, sentence in {
        ("张", "--born", "1950"): "one character or a few letters", ("张伟国",): "the birth year or the branch",
        ("张伟国", "--branch", "B-0101"): "no indexes for names beside the home branch",
        ("张伟国", "--born", "50"): "four digits", ("张伟国", "--born", "1950", "--where", "age >"): "character",
    }.items():  # fmt: skip
        assert status("search", *words, *MANAGER) == 2
        err = capsys.readouterr().err
        assert sentence in err
        assert "张" not in err


@pytest.mark.usefixtures("store")
def test_pages_follow_each_other_and_organizations_are_searched(capsys: pytest.CaptureFixture[str]) -> None:
    ask = ("search", "张伟国", "--born", "1950", "--limit", "1", *MANAGER, "--json")
    assert status(*ask) == 0
    first = json.loads(capsys.readouterr().out)
    assert status(*ask, "--after", first["after"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert ([one["likeness"] for one in first["hits"] + second["hits"]], second["after"]) == (["same", "sound"], None)
    assert status(*ask, "--after", "x") == 2
    assert "not where a page of a search ended" in capsys.readouterr().err
    phone = ("find", "phone", "15412345671", *MANAGER, "--json")
    assert status(*phone) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert status(*phone, "--after", one["cif_no"]) == 1
    capsys.readouterr()

    Path("firms.toml").write_text(
        'name = "firms"\nformat = "csv"\nencoding = "utf-8"\nkey = "no"\nkind = "organization"\nrequires = "lead"\n'
        '[columns]\nno = ""\nname = "name"\nphone = "phone"\nbranch = "home_branch"\n',
        encoding="utf-8",
    )
    Path("f.csv").write_text("no,name,phone,branch\n1,上海星河科技有限公司,15412345679,B-0101\n", encoding="utf-8")
    assert status("load", "f.csv", "--channel", "firms.toml", "--as", "admin", "--purpose", "operations") == 0
    capsys.readouterr()
    firms = ("--kind", "organization", *MANAGER, "--json")
    assert status("search", "无人科技", *firms) == 1
    assert status("search", "上海星何科技", *firms) == 0
    assert status("search", "上海星河科技", "--born", "1990", *firms) == 2
    assert "no birth year" in capsys.readouterr().err


def test_the_plan_says_what_searching_names_gives_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("index", "plan", "--name-search", "birth_year", "--name-search", "home_branch", "--json") == 0
    planned = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert {"name_year", "sound_year", "part_year", "name_branch", "sound_branch", "part_branch"} < planned.keys()
    assert all(one["refused"] == "" and one["stands_out"] <= 3 for one in planned.values())
    assert status("index", "plan", "--try", "residue") == 1, "alone it would tell the commonest"
