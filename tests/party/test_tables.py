"""The small tables behind validators: a bank adds to them, and a broken file is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bankcif.errors import ConfigurationError
from bankcif.identifiers import SchemeSet, standard_schemes
from bankcif.party import ReferenceTables

SERIES = "91350100M000100Y40"  # its check character is not right


def rules(schemes: SchemeSet, scheme: str, text: str) -> dict[str, str]:
    return {issue.rule: issue.severity.value for issue in schemes[scheme].validate(text).issues}


def test_a_bank_adds_to_the_tables_and_replaces_entries(tmp_path: Path) -> None:
    (tmp_path / "tables.toml").write_text(
        'credit_code_violators = ["91350100M"]\nvirtual_mobile_ranges = ["130"]\nmobile_ranges = ["154"]\n'
        '[credit_code_kinds]\nY2 = { zh = "新", en = "new" }\n91 = { zh = "公司", en = "company" }\n',
        encoding="utf-8",
    )
    tables = ReferenceTables.read(tmp_path)
    ours, theirs = standard_schemes(), standard_schemes(tables=tables)
    assert rules(ours, "cn.uscc", SERIES) == {"check_digit": "error"}
    assert rules(theirs, "cn.uscc", SERIES) == {"known_violator": "warning"}
    assert rules(theirs, "cn.uscc", "91350211M000100Y40") == {"known_violator": "warning"}, "ours stay"
    assert rules(ours, "phone", "13012345670") == {}
    assert rules(theirs, "phone", "13012345670") == {"virtual_operator": "info"}
    assert "unassigned_range" in rules(ours, "phone", "15412345670")
    assert rules(theirs, "phone", "15412345670") == {}
    kinds = tables.small.credit_code_kinds
    assert kinds["91"] == ("公司", "company")
    assert kinds["92"] == ("个体工商户", "sole proprietor")
    assert "type_code" in rules(ours, "cn.uscc", "Y2350100M000100Y4A")
    assert "type_code" not in rules(theirs, "cn.uscc", "Y2350100M000100Y4A")


@pytest.mark.parametrize(
    "text",
    [
        "[", "other = []", "mobile_ranges = 1", "card_bins = []", "credit_code_kinds = 1",
        "[credit_code_kinds]\n91 = 1", '[credit_code_kinds]\n91 = { zh = "x" }',
    ],
)  # fmt: skip
def test_tables_of_another_shape_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tables.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="credit_code_kinds"):
        ReferenceTables.read(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tables.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        ReferenceTables.read(tmp_path)
