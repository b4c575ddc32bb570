"""`bankcif extract`: columns as a folder, with right and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.test_tags import status

from bankcif.analytics import Snapshot

ANALYST = ("--as", "a.na", "--purpose", "analytics")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = status("extract", *words)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_columns_are_written_and_wrong_input_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status("init") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["a.na"]\nroles = ["analyst"]\n')
    Path("app.toml").write_text(
        'name = "app"\nformat = "csv"\nkey = "no"\nrequires = "lead"\n[columns]\nno = ""\nname = "name"\nphone = "phone"\nsex = "sex"\n',
        encoding="utf-8",
    )
    Path("a.csv").write_text("no,name,phone,sex\n1,张伟,15412345671,1\n2,李芳,15412345672,2\n", encoding="utf-8")
    assert status("load", "a.csv", "--channel", "app.toml", "--as", "admin", "--purpose", "operations") == 0
    code, out, _ = said(capsys, "sex", "has_phone", "name", "aml_class", "--to", "columns", *ANALYST)
    assert (code, "2 customers as of" in out, "withheld: aml_class" in out) == (0, True, True)
    made = Snapshot.read("columns")
    assert sorted(made.customers["sex"].to_pylist()) == ["1", "2"]
    assert "154123" not in "".join(str(path.read_bytes()) for path in Path("columns").rglob("*.parquet"))
    code, out, _ = said(
        capsys, "sex", "holdings", "--to", "more", "--parts", "3", "--processes", "2", *ANALYST, "--json"
    )
    assert (code, json.loads(out)["customers"], json.loads(out)["columns"]["sex"]) == (0, 2, "exact")
    for words, sentence in {
        ("sex", "--to", "columns"): "is there already", ("shoes", "--to", "x"): "no field shoes", ("cif_no", "--to", "x"): "no field cif_no",
        ("sex", "--to", "no/where"): "cannot be written", ("sex", "--to", "x", "--as-of", "2999-01-01"): "a day to come", ("sex",): "--to",
        ("sex", "--to", "x", "--parts", "0"): "1 to 1024 parts",
    }.items():  # fmt: skip
        code, _, err = said(capsys, *words, *ANALYST)
        assert (code, sentence in err) == (2, True), (words, err)
    assert said(capsys, "sex", "--to", "x", "--as", "admin", "--purpose", "operations")[0] != 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["columns", "more"]
