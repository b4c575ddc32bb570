"""`bankcif tags`: a catalogue checked and tried, with right and wrong input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bankcif.cli import main

RECORD = {
    "kind": "individual", "birth_date": "1958-03-01", "aum": {"minor": 60_000_000, "currency": "CNY"}, "investment_grade": "C5",
    "investment_grade_until": "2026-12-10", "holdings": [{"product": "fund", "status": "open"}],
}  # fmt: skip


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main(["tags", *words])
    except SystemExit as error:
        code = int(error.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture
def record(tmp_path: Path) -> str:
    path = tmp_path / "customer.json"
    path.write_text(json.dumps(RECORD), encoding="utf-8")
    return str(path)


def test_a_catalogue_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "check")
    assert code == 0
    assert "79 tags, 3 segments" in out
    assert "老年高风险持有" in out
    code, out, _ = said(capsys, "check", "--impact", "holdings.balance", "--json")
    (line,) = json.loads(out)["definitions"]
    assert (line["name"], line["class"], line["family"]) == ("tag:large_deposit", "C2S", "value")


def test_a_made_up_customer_is_tried(capsys: pytest.CaptureFixture[str], record: str) -> None:
    code, out, _ = said(capsys, "try", record, "--on", "2026-11-27", "--json")
    found: dict[str, Any] = json.loads(out)
    assert (code, found["on"], found["next_change"]) == (0, "2026-11-27", "2026-12-11")
    assert (found["held"]["tag:wealthy"], found["held"]["tag:affluent"]) == ("rule", "displaced")
    code, out, _ = said(capsys, "try", record, "--on", "2026-11-27")
    assert "Wealthy" in out
    assert "by itself: 2026-12-11" in out


def test_why_a_tag_holds_is_told(capsys: pytest.CaptureFixture[str], record: str) -> None:
    _, out, _ = said(capsys, "try", record, "--on", "2026-11-27", "--why", "tag:private_banking")
    assert out.splitlines() == ["does not hold (no)", "  because  aum >= CNY 6000000  is false: aum is CNY 600,000.00"]
    _, out, _ = said(capsys, "try", record, "--on", "2026-11-27", "--why", "tag:low_income")
    assert "is not known: income_band is missing" in out
    _, out, _ = said(capsys, "try", record, "--on", "2026-11-27", "--why", "segment:fund_offer", "--json")
    assert json.loads(out)["because"] == ["segment('marketable')", "tag('aggressive')", "age >= 18"]


def test_wrong_input_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str], record: str, tmp_path: Path) -> None:
    bad, rule = tmp_path / "bad.json", tmp_path / "tags.toml"
    bad.write_text('{"aum": 5}', encoding="utf-8")
    rule.write_text(
        'version = "1"\n[tag.a]\nfamily = "value"\nzh = "甲"\nen = "a"\nabout_zh = "甲"\nabout_en = "a"\nowner = "x"\nwhen = "aum > 5"\n',
        encoding="utf-8",
    )
    for words, sentence in {
        ("try", str(tmp_path / "no.json")): "does not exist", ("try", str(bad)): "is not JSON of golden values",
        ("try", record, "--why", "tag:nobody"): "there is no definition of this name",
        ("try", record, "--why", "tag:vulnerable"): "tag:vulnerable has no rule",
        ("check", str(tmp_path / "no.toml")): "does not exist", ("check", str(rule)): "tag:a, when: character 1: aum is of type money",
        ("try", record, "--on", "tomorrow"): "does not match the format",
    }.items():  # fmt: skip
        code, _, err = said(capsys, *words)
        assert code == 2
        assert sentence in err
        assert "Traceback" not in err
