"""`bankcif feed`, with right and wrong input."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from tests.cli.test_cli import ASK, MAPPING, Shell, table

FEED = """
[[feed]]
id = "screening"
role = "compliance"
purpose = "compliance"
fields = ["name", "phone"]
recipient = "audit"
inside = true
"""
SYNC = ("--as", "carol", "--purpose", "compliance")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    made.write("policy.toml", files("bankcif.access").joinpath("data/policy.toml").read_text(encoding="utf-8") + FEED)
    made.run("init", "--as", "alice", "--policy", "policy.toml")
    made.write("app.toml", MAPPING)
    made.write("app.csv", table(3))
    made.write(
        "operators.toml",
        '[alice]\nroles = ["loader", "steward", "auditor"]\n[carol]\nroles = ["compliance"]\n["o.xia"]\nroles = ["operator_admin"]\n'
        '["o.yun"]\nroles = ["operator_admin"]\n[eve]\nroles = ["teller"]\n',
    )
    return made


def test_another_system_gets_the_whole_file_and_then_who_changed(shell: Shell) -> None:
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    (state,) = shell.json("feed", "list", "--as", "alice", "--purpose", "audit")  # type: ignore[misc]
    assert (state["feed"], state["begun"], state["moved_at"]) == ("screening", False, None)
    assert "never taken" in shell.run("feed", "list", "--as", "alice", "--purpose", "audit").stdout
    to = ("--to", "out.jsonl")
    said = shell.run("feed", "deliver", "screening", *to, *SYNC, **shell.known("carol")).stdout
    assert said == "screening: 5 changes appended to out.jsonl\n"
    assert "0 changes" in shell.run("feed", "deliver", "screening", *to, *SYNC, **shell.known("carol")).stdout
    shell.write("app.csv", table(4))
    shell.run("load", "app.csv", "--channel", "app.toml", *ASK)
    shell.run("feed", "deliver", "screening", *to, *SYNC, **shell.known("carol"))
    events = [json.loads(line) for line in (shell.folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["type"].rpartition(".")[2] for one in events] == ["begun", *["current"] * 3, "whole", "current"]
    assert all(set(one["data"]["values"]) == {"name", "phone"} for one in events if "data" in one)
    shell.run("feed", "begin", "screening", *SYNC, **shell.known("carol"))
    assert "the whole file" in shell.run("feed", "list", "--as", "alice", "--purpose", "audit").stdout
    done = shell.json("daily", *ASK)
    assert done["outbox"] == 4  # type: ignore[index]


def test_a_mistake_is_one_clear_sentence(shell: Shell) -> None:
    to = ("--to", "out.jsonl")
    carol = shell.known("carol")
    assert (
        "no such feed, or the policy does not let carol"
        in shell.run("feed", "deliver", "none", *to, *SYNC, expect=2, **carol).stderr
    )
    assert (
        "does not let eve"
        in shell.run("feed", "deliver", "screening", *to, "--as", "eve", "--purpose", "service", expect=2).stderr
    )
    for words, sentence in {
        ("--most", "0", *to): "1 to 5,000", ("--to", "."): "cannot be written",
    }.items():  # fmt: skip
        said = shell.run("feed", "deliver", "screening", *words, *SYNC, expect=2, **shell.known("carol")).stderr
        assert sentence in said
    assert "Missing option '--to'" in shell.run("feed", "deliver", "screening", *SYNC, expect=2).stderr
    broken = FEED.replace('"phone"', '"fone"')
    shell.write(
        "broken.toml", files("bankcif.access").joinpath("data/policy.toml").read_text(encoding="utf-8") + broken
    )
    said = shell.run("policy", "check", "broken.toml", expect=2).stderr
    assert "feed screening: fone is no field of the catalogue" in said
