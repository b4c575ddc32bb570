"""`bankcif report`: pages, workbooks and tables, with right and wrong input."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.cli.test_tags import status

ANALYST = ("--as", "a.na", "--purpose", "analytics")
_MINE = """\
version = "mine-1"
[report.by_sex]
zh = "性别"
en = "By sex"
[[report.by_sex.dimension]]
name = "sex"
of = "sex"
[[report.by_sex.measure]]
name = "customers"
kind = "customers"
"""


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = status("report", *words)
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty customers, twenty of them men."""
    monkeypatch.chdir(tmp_path)
    assert status("init") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["a.na"]\nroles = ["analyst"]\n')
    Path("app.toml").write_text(
        'name = "app"\nformat = "csv"\nkey = "no"\nrequires = "lead"\n[columns]\nno = ""\nname = "name"\nphone = "phone"\nsex = "sex"\n',
        encoding="utf-8",
    )
    rows = [f"{n},王{chr(0x4E00 + n)}{chr(0x5000 + n)},154123456{n:02},{'1' if n < 20 else '2'}" for n in range(30)]
    Path("a.csv").write_text("no,name,phone,sex\n" + "\n".join(rows) + "\n", encoding="utf-8")
    Path("mine.toml").write_text(_MINE, encoding="utf-8")
    assert status("load", "a.csv", "--channel", "app.toml", "--as", "admin", "--purpose", "operations") == 0
    return tmp_path


def test_the_reports_there_are_need_no_store(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--list")
    assert (code, "products_held" in out, "Customers by branch" in out) == (0, True, True)


def test_reports_are_made(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "by_sex" in said(capsys, "--reports", "mine.toml", "--list")[1]
    code, out, _ = said(capsys, "by_sex", "--reports", "mine.toml", "--language", "en", *ANALYST)
    assert (code, "male" in out, "30 customers counted" in out) == (0, True, True)
    code, out, _ = said(capsys, "by_sex", "--reports", "mine.toml", "--json", *ANALYST)
    (made,) = json.loads(out)["reports"]
    assert (made["customers"], made["k"], made["not_told"]) == (30, 10, 0)
    assert made["cells"][0] == {"levels": {"sex": "1"}, "figures": {"customers": {"numerator": 20, "denominator": 30}}}
    for name in ("r.html", "r.xlsx", "r.csv"):
        code, out, _ = said(capsys, "customers_by_life_cycle", "--out", name, *ANALYST)
        assert (code, out) == (0, f"written to {name}\n")
    assert "客户结构：生命周期" in Path("r.html").read_text(encoding="utf-8")
    assert "正常" in Path("r.csv").read_text(encoding="utf-8")
    code, out, _ = said(capsys, "customers_by_life_cycle", "--out", "r.svg", "--json", *ANALYST)
    assert (code, json.loads(out)["files"]) == (0, ["r.svg"])
    assert sorted(path.suffix for path in store.glob("r.*")) == [".csv", ".html", ".svg", ".xlsx"]
    code, out, _ = said(capsys, "customers_by_branch", "--out", "b.svg", *ANALYST)
    assert (code, out) == (0, "written to b.svg\n")


def test_the_portfolio_is_a_folder_of_pages(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "portfolio", "--out", "pages", "--language", "en", *ANALYST)
    assert (code, out.startswith("written to pages; begin with pages/index.html")) == (0, True)
    index = (store / "pages" / "index.html").read_text(encoding="utf-8")
    for link in re.findall(r'href="([^#"]+)"', index):
        assert (store / "pages" / link).read_text(encoding="utf-8").count('href="index.html"') == 1
    assert 'href="customers_by_life_cycle.html"' in index
    assert "Not shown here: too few customers" in index
    assert "Not shown here: the catalogue in force has no such tags" in index
    assert (store / "pages").stat().st_mode & 0o77 == 0
    for words, sentence in {
        ("--out", "pages"): "is there already",
        ("--out", "no/where"): "can not be written",
        ("--out", "p.html"): "to a folder",
        (): "to a folder",
    }.items():
        code, _, err = said(capsys, "portfolio", *words, *ANALYST)
        assert (code, sentence in err) == (2, True), (words, err)


@pytest.mark.usefixtures("store")
def test_wrong_input_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.toml").write_text("[report.x]\nwhere = 'aum >'\n[[report.x.measure]]\nname = 'm'\n", encoding="utf-8")
    for words, sentence in {
        ("nothing",): "no report of this name", ("customers_by_life_cycle", "--out", "r.doc"): ".html, .xlsx, .csv, .svg or .png",
        ("customers_by_life_cycle", "customers_by_tenure", "--out", "r.csv"): "of one report", (): "Missing argument",
        ("customers_by_life_cycle", "--as-of", "2999-01-01"): "a day to come", ("customers_by_life_cycle", "--since", "2020-01-01"): "along one dimension",
        ("customers_by_life_cycle", "--out", "no/where.html"): "can not be written", ("x", "--reports", "bad.toml"): "x:", ("x", "--reports", "none.toml"): "does not exist",
        ("transactions_by_month",): "fewer than 10 customers are counted", ("by_sex", "--reports", "mine.toml", "--since", "2020-01-01"): "nobody is counted",
    }.items():  # fmt: skip
        code, _, err = said(capsys, *words, *ANALYST)
        assert (code, sentence in err) == (2, True), (words, err)
    assert said(capsys, "customers_by_life_cycle", "--as", "a.na", "--purpose", "operations")[0] != 0
