"""`bankcif flag`, with right and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_consents import number
from tests.cli.test_tags import status

__all__ = ["number"]

HE, SUN = (("--as", name, "--purpose", "compliance") for name in ("c.he", "c.sun"))


def said(capsys: pytest.CaptureFixture[str], *words: str, who: tuple[str, ...] = HE) -> tuple[int, str, str]:
    code = status("flag", *words, *who)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_list_is_screened_decided_and_ended(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["c.he"]\nroles = ["compliance"]\n["c.sun"]\nroles = ["compliance"]\n')
    Path("un-list.csv").write_text("id,flag,party,name\nE1,sanction,individual,张伟\n", encoding="utf-8")
    assert said(capsys, "screen", "un-list.csv")[1] == "1 customers, 1 new hits, 0 ended\n"
    assert said(capsys, "screen", "un-list.csv", "--customer", number)[1] == "1 customers, 0 new hits, 0 ended\n"
    (hit,) = json.loads(said(capsys, "list", "--json")[1])
    assert (hit["source"].partition(":")[0], hit["entry"], hit["score"]) == ("un_list", "E1", 100)
    assert "possible" in said(capsys, "list")[1]
    why = ("--reason", "looked into it")
    for words, sentence in {
        ("screen", "none.csv"): "can not be read", ("screen", "un-list.csv", "--customer", "C0"): "no such customer", ("list", "--limit", "0"): "1 to 500",
        ("decide", number, hit["id"], "confirm", *why): "on evidence", ("decide", number, "x", "dismiss", *why): "no such case",
        ("decide", number, hit["id"], "maybe", *why): "is not one of", ("add", number, "F!", "--source", "s", "--evidence", "1", *why): "a kind is a word",
        ("end", number, hit["id"], *why): "no such case",
    }.items():  # fmt: skip
        code, _, err = said(capsys, *words)
        assert (code, sentence in err) == (2, True), (words, err)
    assert said(capsys, "decide", number, hit["id"], "confirm", "--evidence", "file 7", *why)[:2] == (
        0,
        "confirmed\n",
    )
    code, _, err = said(capsys, "end", number, hit["id"], *why)
    assert (code, "another person" in err) == (2, True)
    assert said(capsys, "end", number, hit["id"], *why, who=SUN)[1] == "ended\n"
    assert (
        said(
            capsys, "add", number, "fraud", "--source", "fraud_system", "--evidence", "1", "--until", "2030-01-01", *why
        )[0]
        == 0
    )
    assert "fraud_system" in said(capsys, "show", number)[1]
