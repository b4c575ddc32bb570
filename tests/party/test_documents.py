"""Kinds of documents and their codes in reporting systems."""

from __future__ import annotations

from pathlib import Path

import pytest

from bankcif.errors import ConfigurationError
from bankcif.identifiers import SchemeSet
from bankcif.party import DocumentTypes, ReferenceTables, document_types

OURS = """
[resident_id]
scheme = "cn.resident_id"
en = "identity card"
zh = "身份证"
codes = { core = "01" }
"""


def test_every_kind_s_number_has_a_scheme(schemes: SchemeSet) -> None:
    assert all(one.scheme in schemes for one in document_types().values())


def test_codes_lead_there_and_back() -> None:
    types = document_types()
    assert types.code("hkid", "credit_registry") == "A"
    assert types.code("hkid", "public_security") is None
    for name, one in types.items():
        for system, code in one.codes.items():
            assert name in {found.name for found in types.of_code(code, system)}
    assert {one.name for one in types.of_code("2", "credit_registry")} == {"passport_cn", "passport_foreign"}
    assert {"resident_id", "temporary_id"} <= {one.name for one in types.of_scheme("cn.resident_id")}


def test_a_bank_s_own_table_stands_over_ours(tmp_path: Path) -> None:
    (tmp_path / "document_types.toml").write_text(OURS, encoding="utf-8")
    types = ReferenceTables.read(tmp_path).document_types
    assert types.code("resident_id", "core") == "01"
    assert types.code("resident_id", "credit_registry") is None
    assert types.code("hkid", "credit_registry") == "A"


@pytest.mark.parametrize(
    "text",
    ["[", "a = 1", "[a]\nscheme = 'x'", OURS.replace('"01"', "1"), OURS.replace("{ core = \"01\" }", "[]"),
     OURS + "more = 1", OURS.replace('"身份证"', '""')],
)  # fmt: skip
def test_a_table_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "document_types.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        DocumentTypes.read(file)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        DocumentTypes.read(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="holds none of"):
        ReferenceTables.read(tmp_path)
