"""`bankcif convert`, with right and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_tags import status
from tests.interop.test_interop import ISO, OBP


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = status("convert", *words)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_customer_goes_from_one_form_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("obp.json").write_text(json.dumps(OBP), encoding="utf-8")
    code, out, err = said(capsys, "from", "open_bank", "obp.json")
    assert (code, "Eveline Tripman" in out, "lost: $.credit_limit: limits belong to products" in err) == (0, True, True)
    Path("form.json").write_text(out, encoding="utf-8")
    code, out, err = said(capsys, "to", "iso20022", "form.json", "--xml")
    assert (code, "<Nm>Eveline Tripman</Nm>" in out, "lost: home_branch" in err) == (0, True, True)
    Path("party.xml").write_text(ISO, encoding="utf-8")
    found = json.loads(said(capsys, "from", "iso20022", "party.xml", "--json")[1])
    assert (found["values"]["name"], found["lost"][0]["path"]) == ("ABC Corporation", "$.PstlAdr.Ctry")
    assert (
        json.loads(said(capsys, "to", "fineract", "form.json", "--json")[1])["document"]["fullname"]
        == "Eveline Tripman"
    )
    Path("bad.json").write_text("[]", encoding="utf-8")
    Path("odd.json").write_text("{}", encoding="utf-8")
    Path("bytes.json").write_bytes(b"\xff")
    for words, sentence in {
        ("from", "moon", "obp.json"): "is not one of", ("from", "fineract", "none.json"): "can not be read", ("from", "fineract", "bad.json"): "no JSON object",
        ("from", "fineract", "bytes.json"): "not UTF-8", ("to", "fineract", "odd.json"): "a form is", ("to", "fineract", "form.json", "--xml"): "iso20022 alone",
        ("from", "gbt31186", "odd.json"): "客户类别",
    }.items():  # fmt: skip
        code, _, err = said(capsys, *words)
        assert (code, sentence in err) == (2, True), (words, err)
