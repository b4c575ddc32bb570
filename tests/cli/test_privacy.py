"""`bankcif request` and `bankcif retention`, with right and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_consents import number
from tests.cli.test_tags import status

__all__ = ["number"]

TANG, SONG = (("--as", name, "--purpose", "compliance") for name in ("p.tang", "p.song"))


@pytest.fixture(autouse=True)
def _officers(number: str) -> None:
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["p.tang"]\nroles = ["privacy_officer"]\n["p.song"]\nroles = ["privacy_officer"]\n')


def said(capsys: pytest.CaptureFixture[str], *words: str, who: tuple[str, ...] = TANG) -> tuple[int, str, str]:
    code = status(*words, *who)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_copy_from_request_to_file(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    why, seen = ("--reason", "asked"), ("--evidence", "seen the original")
    assert "Requests: none" in said(capsys, "request", "list")[1]
    code, out, _ = said(capsys, "request", "open", number, "copy", *seen, *why)
    assert (code, ", due " in out) == (0, True)
    case = out.partition(",")[0]
    for words, sentence in {
        ("open", number, "copy", *why): "--evidence", ("open", number, "moon", *seen, *why): "is not one of", ("open", "C0", "copy", *seen, *why): "no such customer",
        ("open", number, "copy", *seen, *why): "asked already", ("approve", number, case, *why): "another person", ("approve", number, "x", *why): "no such case",
        ("refuse", number, case, "because", *why): "is not one of", ("copy", number, case, "copy", *why): "no such case", ("list", "--limit", "0"): "1 to 500",
    }.items():  # fmt: skip
        code, _, err = said(capsys, "request", *words)
        assert (code, sentence in err) == (2, True), (words, err)
    assert said(capsys, "request", "approve", number, case, *why, who=SONG)[:2] == (0, "approved\n")
    code, out, _ = said(capsys, "request", "copy", number, case, "mine", "--language", "en", *why)
    assert (code, "mine.json and mine.html" in out) == (0, True)
    assert json.loads(Path("mine.json").read_text(encoding="utf-8"))["customer"] == number
    assert "What the bank knows of you" in Path("mine.html").read_text(encoding="utf-8")
    assert "done" in said(capsys, "request", "show", number)[1]


def test_requests_are_refused_withdrawn_and_carried_out(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    why, seen = ("--reason", "asked"), ("--evidence", "seen the original")
    case = json.loads(said(capsys, "request", "open", number, "correct", *seen, *why, "--json")[1])["id"]
    assert "value was checked" in said(capsys, "request", "refuse", number, case, "value_is_right", *why, who=SONG)[1]
    case = json.loads(said(capsys, "request", "open", number, "copy", *seen, *why, "--json")[1])["id"]
    assert said(capsys, "request", "withdraw", number, case, *why)[1] == "withdrawn\n"
    case = json.loads(said(capsys, "request", "open", number, "restrict", *seen, *why, "--json")[1])["id"]
    said(capsys, "request", "approve", number, case, *why, who=SONG)
    assert said(capsys, "request", "carry-out", number, case, *why)[1] == "done\n"


def test_a_customer_is_held_and_a_run_erases_who_is_due(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    why = ("--reason", "asked")
    code, held, _ = said(capsys, "retention", "hold", number, "inquiry", "--evidence", "file 7", *why)
    assert code == 0
    code, out, _ = said(capsys, "retention", "show", number)
    assert (code, "going on (inquiry)" in out, "file 7" in out) == (0, True, True)
    assert json.loads(said(capsys, "retention", "show", number, "--json")[1])["holds"][0]["ground"] == "inquiry"
    code, _, err = said(capsys, "retention", "release", number, held.strip(), *why)
    assert (code, "another person" in err) == (2, True)
    assert said(capsys, "retention", "release", number, held.strip(), *why, who=SONG)[1] == "lifted\n"
    assert "1 customers: 0 due" in said(capsys, "retention", "preview")[1]
    code, _, err = said(capsys, "retention", "propose", *why)
    assert (code, "nobody is due" in err) == (2, True)
    for word in ("approve", "certificate"):
        code, _, err = said(capsys, "retention", word, "nothing")
        assert (code, "no such run" in err) == (2, True)
