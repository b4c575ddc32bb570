"""`bankcif reminder`: listed, put off, done, told, with right and wrong input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.test_changes import asked, said
from tests.cli.test_tags import MANAGER, status

OFFICER = ("--as", "t.mei", "--purpose", "operations")


@pytest.fixture
def number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.chdir(tmp_path)
    assert status("init") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["m.li"]\nroles = ["relationship_manager"]\nbranch = "B-0101"\n')
        operators.write('["t.mei"]\nroles = ["tag_officer"]\n["t.an"]\nroles = ["tag_officer"]\n')
    Path("app.toml").write_text(
        'name = "app"\nformat = "csv"\nkey = "no"\nrequires = "lead"\n'
        '[columns]\nno = ""\nname = "name"\nphone = "phone"\nbranch = "home_branch"\nmanager = "manager"\n',
        encoding="utf-8",
    )
    Path("a.csv").write_text("no,name,phone,branch,manager\n1,张伟,15412345671,B-0101,m.li\n", encoding="utf-8")
    assert status("load", "a.csv", "--channel", "app.toml", "--as", "admin", "--purpose", "operations") == 0
    capsys.readouterr()
    proposal = asked(capsys, "tags", "propose", "--reason", "first", *OFFICER)["id"]
    assert said(capsys, "approval", "approve", proposal, "--as", "t.an", "--purpose", "operations")[0] == 0
    assert said(capsys, "tags", "renew", *OFFICER)[0] == 0
    return str(asked(capsys, "find", "phone", "15412345671", *MANAGER)[0]["cif_no"])


def test_what_waits_is_listed_told_put_off_and_done(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = asked(capsys, "reminder", "list", *MANAGER)
    assert (one["name"], one["state"], one["owner"], one["cif_no"]) == (
        "complete_due_diligence",
        "open",
        "m.li",
        number,
    )
    code, out, _ = said(capsys, "reminder", "list", *MANAGER)
    assert (code, "m.li" in out, "open" in out) == (0, True, True)
    assert said(capsys, "reminder", "deliver", *OFFICER)[:2] == (0, "1 told, 0 told before, 0 not reached\n")
    assert said(capsys, "reminder", "deliver", *OFFICER)[1] == "0 told, 1 told before, 0 not reached\n"
    later = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    why = ("--reason", "comes on Monday", *MANAGER)
    assert said(capsys, "reminder", "snooze", number, one["name"], later, *why)[:2] == (0, "put off\n")
    assert asked(capsys, "reminder", "list", *MANAGER) == []
    whole = asked(capsys, "show", number, "--whole", *MANAGER)["reminders"]
    assert [(each["state"], each["reason"]) for each in whole] == [("snoozed", "comes on Monday")]
    assert said(capsys, "reminder", "reopen", number, one["name"], *why)[1] == "open again\n"
    assert said(capsys, "reminder", "done", number, one["name"], *why)[1] == "done\n"
    code, out, _ = said(capsys, "show", number, "--whole", *MANAGER)
    assert (code, "Reminders" in out, "done" in out) == (0, True, True)


def test_wrong_input_is_told_in_a_sentence(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    why = ("--reason", "r")
    for words, sentence in {
        ("done", number, "shoes", *why): "no such reminder waits", ("done", "C0", "shoes", *why): "no such customer",
        ("snooze", number, "complete_due_diligence", "2020-01-01", *why): "a day ahead", ("done", number, "shoes"): "--reason",
        ("snooze", number, "complete_due_diligence", "soon", *why): "soon", ("list", "--limit", "0"): "1 to 500 reminders",
        ("reopen", number, "complete_due_diligence", *why): "nothing stands that was said",
    }.items():  # fmt: skip
        code, _, err = said(capsys, "reminder", *words, *MANAGER)
        assert (code, sentence in err) == (2, True), (words, code, err)
