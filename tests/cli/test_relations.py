"""`bankcif relation`: taken down, shown, followed and drawn, with right and wrong input."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_tags import MANAGER, status

OFFICER = ("--as", "c.he", "--purpose", "compliance")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = status("relation", *words)
    out = capsys.readouterr()
    return code, out.out, out.err


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code, out, err = said(capsys, *words, *OFFICER, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.fixture
def numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str, str]:
    """A man, a woman, and a company."""
    monkeypatch.chdir(tmp_path)
    assert status("init") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write(
            '["m.li"]\nroles = ["relationship_manager"]\nbranch = "B-0101"\n["c.he"]\nroles = ["compliance"]\n'
        )
    for kind, rows in {
        "individual": "1,张伟,15412345671,B-0101\n2,李静,15412345672,B-0102\n", "organization": "3,远山贸易有限公司,15412345673,B-0101\n"
    }.items():  # fmt: skip
        Path("app.toml").write_text(
            f'name = "app"\nformat = "csv"\nkey = "no"\nrequires = "lead"\nkind = "{kind}"\n'
            '[columns]\nno = ""\nname = "name"\nphone = "phone"\nbranch = "home_branch"\n',
            encoding="utf-8",
        )
        Path("a.csv").write_text("no,name,phone,branch\n" + rows, encoding="utf-8")
        assert status("load", "a.csv", "--channel", "app.toml", "--as", "admin", "--purpose", "operations") == 0
    found = []
    for last in "123":
        capsys.readouterr()
        assert status("find", "phone", f"1541234567{last}", *OFFICER, "--json") == 0
        found.append(json.loads(capsys.readouterr().out)[0]["cif_no"])
    return found[0], found[1], found[2]


def test_relations_are_taken_down_followed_and_drawn(
    numbers: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    man, woman, firm = numbers
    why = ("--reason", "seen in the register", *OFFICER)
    code, known, _ = said(capsys, "add", man, "spouse", woman, "--since", "2020-05-01", *why)
    assert code == 0
    held = asked(capsys, "add", man, "shareholder", firm, "--share", "60.5", "--reason", "r")["id"]
    code, out, _ = said(capsys, "list", man, *OFFICER)
    assert code == 0
    for word in ("spouse", woman, "李*", "2020-05-01", known.strip(), "company held", "60.5 %"):
        assert word in out
    assert [one["role"] for one in asked(capsys, "list", firm)] == ["shareholder"]
    code, out, _ = said(capsys, "owners", firm, *OFFICER)
    assert (code, man in out, "60.5 % leads to persons, 39.5 % to nobody that is known" in out) == (0, True, True)
    above = asked(capsys, "owners", firm, "--threshold", "61")["owners"]
    assert [one["ground"] for one in above] == ["control"], "who has more than half controls, whatever the threshold"
    assert (
        asked(capsys, "correct", man, held, "--share", "10", "--votes", "70", "--reason", "typed wrong")["id"] == held
    )
    assert [one["ground"] for one in asked(capsys, "owners", firm)["owners"]] == ["votes"]
    assert [one["cif_no"] for one in asked(capsys, "household", man)["members"]] == [man, woman]
    assert [(one["cif_no"], one["head"]) for one in asked(capsys, "group", firm)["members"]] == [
        (firm, False),
        (man, True),
    ]
    code, _, err = said(capsys, "exposure", man, "--product", "loan", *OFFICER)
    assert (code, "must be recognized" in err) == (2, True), err
    code, out, _ = said(capsys, "exposure", man, "--product", "loan", *MANAGER)
    assert (code, "not shown" in out, "not all is shown" in out) == (0, True, True)
    code, out, _ = said(capsys, "picture", man, "web.svg", *OFFICER)
    assert (code, out) == (0, "drew 3 customers and 2 relations to web.svg\n")
    drawn = Path("web.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert re.findall(r"(?:href|src|url)\s*[=(][^#]", drawn) == [], "it loads nothing"
    assert set(re.findall(r"https?://[^\"' ]+", drawn)) <= {"http://www.w3.org/2000/svg"}
    assert all(word in drawn for word in (man, woman, firm, "配偶", "股东 10 %", "表决权 70 %"))
    assert "张伟" not in drawn, "names are masked in pictures too"
    assert said(capsys, "end", woman, known.strip(), "--on", "2026-01-01", *why)[:2] == (0, "ended\n")
    assert said(capsys, "retract", firm, held, *why)[:2] == (0, "retracted\n")
    assert said(capsys, "list", man, *OFFICER)[1] == "Relations: none\n"
    assert [one["until"] for one in asked(capsys, "list", man, "--ever")] == ["2026-01-01"]


def test_who_is_not_shown_is_not_named(numbers: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    man, woman, _ = numbers
    asked(capsys, "add", man, "spouse", woman, "--reason", "r")
    code, out, _ = said(capsys, "list", man, *MANAGER)
    assert (code, "not shown" in out, woman in out) == (0, True, False)
    code, out, _ = said(capsys, "household", man, *MANAGER)
    assert "not all is shown" in out
    assert said(capsys, "picture", man, "web.svg", "--language", "en", *MANAGER)[0] == 0
    drawn = Path("web.svg").read_text(encoding="utf-8")
    assert woman not in drawn
    assert "The relations of 1 of them are not shown" in drawn


def test_wrong_input_is_told_in_a_sentence(numbers: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    man, woman, firm = numbers
    why = ("--reason", "r")
    for words, sentence in {
        ("add", man, "spouse", man, *why): "nobody is related to themself", ("add", man, "friend", woman, *why): "is not one of",
        ("add", man, "spouse", "C0", *why): "no such customer", ("add", man, "spouse", woman): "--reason",
        ("add", man, "shareholder", firm, "--share", "101", *why): "a percentage above 0 and up to 100",
        ("add", man, "spouse", woman, "--since", "2020-13-01", *why): "--since", ("end", man, "0", *why): "no such relation",
        ("owners", man): "this is a person", ("household", firm): "a household is of persons", ("exposure", man): "--product",
        ("picture", man, "x.svg", "--steps", "9"): "1 to 4 steps", ("picture", man, "no/such/x.svg"): "can not be written",
    }.items():  # fmt: skip
        code, _, err = said(capsys, *words, *OFFICER)
        assert (code, sentence in err) == (2, True), (words, code, err)
