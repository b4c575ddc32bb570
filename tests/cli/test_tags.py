"""`bankcif tags`: a catalogue checked and tried, with right and wrong input."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

from bankcif.cli import main
from bankcif.cli.portraits import _why as why_line
from bankcif.flows.portray import TagView, TierView
from bankcif.tagging import Verdict

RECORD = {
    "kind": "individual", "birth_date": "1958-03-01", "aum": {"minor": 60_000_000, "currency": "CNY"}, "investment_grade": "C5",
    "investment_grade_until": "2026-12-10", "holdings": [{"product": "fund", "status": "open"}],
    "consents": [{"purpose": "marketing", "state": "granted", "since": "2026-01-01"}],
}  # fmt: skip


def status(*words: str) -> int:
    try:
        return main([*words])
    except SystemExit as error:
        return int(error.code or 0)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = status("tags", *words)
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
    assert "95 tags, 3 segments" in out
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


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """A store with one customer, and operators who may tag; returns the customer's number."""
    monkeypatch.chdir(tmp_path)
    assert status("init") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["t.mei"]\nroles = ["tag_officer"]\n["t.an"]\nroles = ["tag_officer"]\n')
        operators.write(
            '["m.li"]\nroles = ["relationship_manager"]\nbranch = "B-0101"\n["k.bai"]\nroles = ["marketing"]\n'
        )
    Path("app.toml").write_text(
        'name = "app"\nformat = "csv"\nencoding = "utf-8"\nkey = "no"\nkind = "individual"\nrequires = "lead"\n'
        '[columns]\nno = ""\nname = "name"\nphone = "phone"\nborn = "birth_date"\nbranch = "home_branch"\n',
        encoding="utf-8",
    )
    Path("a.csv").write_text("no,name,phone,born,branch\n1,张伟,15412345671,1950-01-01,B-0101\n", encoding="utf-8")
    assert status("load", "a.csv", "--channel", "app.toml", "--as", "admin", "--purpose", "operations") == 0
    capsys.readouterr()
    assert status("find", "phone", "15412345671", *MANAGER, "--json") == 0
    return str(json.loads(capsys.readouterr().out)[0]["cif_no"])


MANAGER = ("--as", "m.li", "--purpose", "service")
OFFICER = ("--as", "t.mei", "--purpose", "operations")


def published(capsys: pytest.CaptureFixture[str], *file: str) -> None:
    _, out, _ = said(capsys, "propose", *file, "--reason", "first", *OFFICER, "--json")
    assert status("approval", "approve", json.loads(out)["id"], "--as", "t.an", "--purpose", "operations") == 0
    capsys.readouterr()


def test_a_catalogue_is_published_and_put_back(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "preview", *OFFICER)
    assert (code, "of 1 customers" in out, "tag:senior" in out, "more are new" in out) == (0, True, True, True)
    published(capsys)
    assert said(capsys, "renew", *OFFICER)[1] == "1 portrait(s) changed\n"
    assert said(capsys, "renew", "--whole", *OFFICER, "--json")[1] == '{"changed": 0}\n'
    Path("own.toml").write_text('version = "2"\n', encoding="utf-8")
    _, out, _ = said(capsys, "preview", "own.toml", *OFFICER, "--json")
    told = {one["name"]: one["leave"] for one in json.loads(out)["changes"]}
    assert (told["tag:senior"], told["tag:minor"]) == (None, 0), "of fewer than five it is not told how many"
    published(capsys, "own.toml")
    _, out, _ = said(capsys, "published", *OFFICER, "--json")
    assert [one["version"] for one in json.loads(out)] == ["2026.11", "2"]
    assert said(capsys, "show", store, *MANAGER)[0] == 1
    _, out, _ = said(capsys, "roll-back", "--reason", "wrong", *OFFICER)
    assert "a second person approves it" in out


def test_a_customers_tags_are_shown_said_and_explained(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    published(capsys)
    code, out, _ = said(capsys, "show", store, *MANAGER)
    assert (code, "老年" in out, "by rule" in out) == (0, True, True)
    assert said(capsys, "say", store, "vulnerable", "--until", "2030-01-01", "--reason", "r", *MANAGER)[0] == 2
    assert said(capsys, "say", store, "fraud_suspected", "--back", "--reason", "r", *MANAGER)[0] == 2
    _, out, _ = said(capsys, "say", store, "senior", "--veto", "--until", "2030-01-01", "--reason", "r", *MANAGER)
    assert out == "they do not have the tag senior\n"
    _, out, _ = said(capsys, "say", store, "senior", "--back", "--reason", "r", *MANAGER, "--json")
    assert json.loads(out) == {"has": True}
    _, out, _ = said(capsys, "why", store, "tag:senior", *MANAGER)
    assert out.splitlines()[0] == "holds"
    assert "1950-**-**" in out
    _, out, _ = said(capsys, "show", store, *MANAGER, "--at", "2020-01-01T00:00Z", "--json")
    assert json.loads(out)["tags"] == []
    assert status("show", store, "--whole", *MANAGER) == 0
    out = capsys.readouterr().out
    assert ("老年" in out, "open questions: none" in out, "contacts: none" in out) == (True, True, True)
    assert status("show", store, "--whole", *MANAGER, "--json") == 0
    whole = json.loads(capsys.readouterr().out)
    assert (whole["portrait"]["catalogue"], whole["withheld"], whole["contacts"]) == ("2026.11", ["tasks"], [])
    code, _, err = said(capsys, "say", store, "senior", "--veto", "--reason", "r", *MANAGER)
    assert (code, "say one thing" in err) == (2, True)
    code, _, err = said(capsys, "show", store, *OFFICER)
    assert (code, "no such customer" in err) == (2, True)


def test_tags_are_counted_and_an_audience_is_planned(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    published(capsys)
    marketing = ("--as", "k.bai", "--purpose", "marketing")
    _, out, _ = said(capsys, "count", "tag:senior", "tag:minor", *marketing, "--json")
    assert json.loads(out) == {"customers": 0, "have": {"tag:senior": None, "tag:minor": 0}}
    assert "few" in said(capsys, "count", "tag:senior", *marketing)[1]
    plan = ("--segment", "tag:senior", "--without", "tag:minor", "--campaign", "spring", "--control", "10")
    _, out, _ = said(capsys, "audience", *plan, *marketing, "--json")
    assert json.loads(out) == [], "one customer is too few to be told of"
    _, out, err = said(capsys, "audience", *plan, *marketing, "--as-of", "2020-01-01", "--json")
    assert not err
    assert {step["customers"] for step in json.loads(out)} == {0}, "nobody was in it then"
    code, _, err = said(capsys, "audience", *plan, *marketing, "--as-of", "2999-01-01")
    assert (code, "day to come" in err) == (2, True)
    wanted = ("export", "preferred_channel", "--recipient", "campaigns", "--inside")
    # The plan is read; an export takes somebody who was recognized by two factors.
    for more in ((), ("--as-of", "2026-11-01")):
        assert status(*wanted, *plan, *more, "--propose", "spring", *marketing) == 2
        assert "level" in capsys.readouterr().err
    for wrong, sentence in {
        ("--without", "tag:senior"): "name it with --segment", ("--segment", "tag:senior"): "name the campaign",
        ("--segment", "senior", "--campaign", "c"): "an audience names tag:NAME",
        ("--segment", "tag:senior", "--campaign", "c", "--control", "101"): "101",
    }.items():  # fmt: skip
        assert status(*wanted, *wrong, "--propose", "r", *marketing) == 2
        assert sentence in capsys.readouterr().err
    code, _, err = said(capsys, "count", "tag:none", *marketing)
    assert (code, "has no tag:none" in err) == (2, True)


def test_tiers_are_listed_by_their_floors(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "check", "--json", "--impact", "balances.average")
    assert code == 0
    assert {one["name"]: one["rule"] for one in json.loads(out)["definitions"]} == {
        "tag:tier_private": "monthly average >= CNY 6000000, watched 6 months below",
        "tag:tier_wealth": "monthly average >= CNY 500000, watched 3 months below",
        "tag:tier_affluent": "monthly average >= CNY 50000, watched 3 months below",
        "tag:tier_mass": "any monthly average",
    }


def test_why_a_customer_stands_on_a_tier_is_a_line() -> None:
    tier = TierView(since=date(2026, 5, 1), watched=0, grace_months=6, until="2026-10")
    view = TagView(
        name="tag:private", zh="私", en="p", about_zh="私", about_en="p", family="value", since=date(2026, 5, 2), until=None, why=Verdict.RULE,
        said_by="", reason="", version="1", evidence="e", tier=tier,
    )  # fmt: skip
    assert why_line(view) == "by balances up to 2026-10, since 2026-05-01"
    watched = attrs.evolve(view, tier=attrs.evolve(tier, watched=2))
    assert why_line(watched) == "by balances up to 2026-10, since 2026-05-01; 2 of 6 months below its floor"
    said_so = attrs.evolve(view, tier=None, said_by="m.li", reason="brings more")
    assert why_line(said_so) == "m.li: brings more"
