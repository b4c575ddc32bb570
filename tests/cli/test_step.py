"""`bankcif step`, with right and wrong input."""

from __future__ import annotations

import json

import pytest
from tests.cli.test_consents import number
from tests.cli.test_tags import MANAGER, status

__all__ = ["number"]


def test_a_customer_is_taken_along(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    why = ("--reason", "asked for it", *MANAGER)
    assert status("step", number, "close", *why) == 0
    assert capsys.readouterr().out == "now closing\n"
    assert status("step", number, "finish", *why, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"state": "closed", "proposal": ""}
    for words, sentence in {
        ("close",): "the customer is closed; this is done of who is", ("jump",): "is not one of", ("freeze", "--evidence", "1"): "no such customer",
        ("reopen",): "due diligence is not complete",
    }.items():  # fmt: skip
        assert status("step", number, *words, *why) == 2
        assert sentence in capsys.readouterr().err
