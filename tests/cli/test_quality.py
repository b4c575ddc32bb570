"""`bankcif quality`, with right and wrong input."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.cli.test_consents import number
from tests.cli.test_tags import status

__all__ = ["number"]

STEWARD = ("--as", "s.he", "--purpose", "operations")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = status("quality", *words, *STEWARD)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_data_quality_from_rules_to_report(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["s.he"]\nroles = ["steward"]\n["s.two"]\nroles = ["steward"]\nbranch = "hq"\n')
    assert said(capsys, "page", "q.html")[0] == 2
    code, out, _ = said(capsys, "run")
    assert (code, "1 customers, 1 looked at" in out, "completeness" in out) == (0, True, True)
    code, out, _ = said(capsys, "run", "--whole", "--json")
    assert json.loads(out)["customers"] == 1
    assert "what is right" in said(capsys, "rules")[1]
    assert json.loads(said(capsys, "rules", "--json")[1])["rule"]["phone_there"]["field"] == "phone"
    code, out, _ = said(capsys, "findings", "--json")
    found = {one["rule"]: one for one in json.loads(out)}
    assert found["aml_class_there"]["state"] == "open"
    assert "aml_class_there" in said(capsys, "findings", "--rule", "aml_class_there")[1]
    why = ("--reason", "looked into it")
    assert said(capsys, "assign", number, "aml_class_there", "s.two")[:2] == (0, "with s.two\n")
    assert "aml_class_there" in said(capsys, "findings", "--assignee", "s.two")[1]
    assert said(capsys, "assign", number, "aml_class_there", "-")[1] == "with nobody\n"
    for words, sentence in {
        ("close", number, "aml_class_there"): "does not pass", ("close", number, "nothing"): "no such rule", ("close", "C0", "aml_class_there"): "no such customer",
        ("accept", number, "aml_class_there", "--until", "1999-01-01", *why): "a day ahead", ("accept", number, "aml_class_there", *why): "--until",
        ("report", number, "shoe", *why): "no such field", ("page", "q.doc"): ".html or .xlsx", ("page", "nowhere/q.html"): "can not be written",
        ("sample", "shoe", "--day", "2026-01-01"): "no such field", ("clean", "c", "--cleaner", "broom"): "no cleaner broom",
        ("scorecard", "moon"): "is not one of", ("findings", "--limit", "0"): "1 to 500",
    }.items():  # fmt: skip
        code, _, err = said(capsys, *words)
        assert (code, sentence in err) == (2, True), (words, err)
    assert said(capsys, "dismiss", number, "aml_class_there", *why)[:2] == (0, "a false positive\n")
    code, out, _ = said(capsys, "report", number, "phone", *why)
    assert (code, out) == (0, "reported:phone\n")
    for by in ("all", "branch", "channel", "staff"):
        assert said(capsys, "figures", "--by", by)[0] == 0
    assert "phone_there" in said(capsys, "figures", "--rules")[1]
    assert json.loads(said(capsys, "figures", "--since", "2026-01-01", "--json")[1])[0]["dimensions"]["completeness"]
    assert "(too few)" in said(capsys, "scorecard", "channel", "--least", "5000")[1]
    assert json.loads(said(capsys, "scorecard", "channel", "--least", "1", "--json")[1])[0]["rate"] is not None
    Path("departments.toml").write_text('[[member]]\nunit = "counter"\ndepartment = "retail"\n', encoding="utf-8")
    grouped = said(capsys, "scorecard", "channel", "--least", "1", "--departments", "departments.toml")
    assert (grouped[0], "department" in grouped[1], "counter" in grouped[1]) == (0, True, False)
    assert "does not exist" in said(capsys, "scorecard", "channel", "--departments", "nowhere.toml")[2]
    assert "nobody was a customer" in said(capsys, "sample", "phone", "--day", "2020-01-01")[1]
    assert "nobody was a customer" in said(capsys, "sample", "phone", "--day", "2020-01-01", "--result")[1]
    assert said(capsys, "clean", "spring")[0] == 0
    assert "0 changed" in said(capsys, "clean", "spring", "--make", "100", "--cleaner", "email_domain")[1]
    assert said(capsys, "page", "q.html", "--language", "en")[:2] == (0, "written to q.html\n")
    page = Path("q.html").read_text(encoding="utf-8")
    assert "Quality by dimension" in page
    assert number not in page
    assert said(capsys, "page", "q.xlsx")[0] == 0
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(Path("q.xlsx").read_bytes()))
    assert book.sheetnames[0] == "各维度质量"
    assert status("daily", *STEWARD) == 0
    assert "customers of whom the quality rules were asked" in capsys.readouterr().out


def test_an_appeal_at_the_command_line(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["s.he"]\nroles = ["steward"]\n["s.two"]\nroles = ["steward"]\nbranch = "hq"\n')
    said(capsys, "run")
    code, _, err = said(capsys, "appeal", number, "aml_class_there", "--reason", "not mine")
    assert (code, "who answers" in err) == (2, True)
    code, _, err = said(capsys, "appeal", number, "aml_class_there", "--grant", "--reason", "so it is")
    assert (code, "nobody asked" in err) == (2, True)
