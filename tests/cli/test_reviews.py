"""`bankcif review`, with right and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_consents import number
from tests.cli.test_tags import status

from bankcif.upkeep import ReviewPlan

__all__ = ["number"]

OFFICER = ("--as", "c.he", "--purpose", "compliance")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = status("review", *words, *OFFICER)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_customer_is_reviewed(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["c.he"]\nroles = ["compliance"]\n')
    why = ("--reason", "looked into it")
    code, case, _ = said(capsys, "open", number, "periodic", *why)
    assert code == 0
    case = case.strip()
    code, out, _ = said(capsys, "show", number)
    assert (code, "in_progress" in out, "worked on" in out) == (0, True, True)
    for words, sentence in {
        ("close", number, case, "passed", *why): "look into all of the checklist first", ("tick", number, case, "shoes", *why): "items of the checklist",
        ("open", number, "periodic", *why): "close it first", ("close", number, case, "failed", *why): "may not do", ("open", "C0", "periodic", *why): "no such customer",
        ("close", number, case, "maybe", *why): "is not one of", ("tick", number, case, *why): "ITEMS",
    }.items():  # fmt: skip
        code, _, err = said(capsys, *words)
        assert (code, sentence in err) == (2, True), (words, err)
    assert said(capsys, "tick", number, case, *ReviewPlan().checklist, *why)[:2] == (0, "ticked\n")
    assert said(capsys, "close", number, case, "passed", "--evidence", "file 7", *why)[:2] == (0, "passed\n")
    code, out, _ = said(capsys, "show", number, "--json")
    found = json.loads(out)
    assert (found["state"], [one["outcome"] for one in found["cases"]]) == ("current", ["passed"])
    _, case, _ = said(capsys, "open", number, "watch_list", *why)
    assert said(capsys, "close", number, case.strip(), "failed", "--limit", "no_new_products", *why)[0] == 0
    _, out, _ = said(capsys, "show", number)
    assert "may not until another: no_new_products" in out
