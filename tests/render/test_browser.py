"""Every page as a browser has it: nothing wrong on the console, nothing asked of the network, no value of a customer, and readable in both colours."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import pytest
from tests.analytics.test_reports import starter_world
from tests.cli.test_tags import status
from tests.render.browser import chromium, drawn, opened, printed
from tests.render.test_analyses import RESULTS

from bankcif._text import Language
from bankcif.analytics import starter_reports, tabulate
from bankcif.party import code_lists
from bankcif.render import Chart, analysis_sections, page, picture, report_sections
from bankcif.testing.factories import DEMO_COMPANIES, DEMO_PEOPLE, DEMO_SEED, make_world, write_channel_files

pytestmark = pytest.mark.browser
_NOW = datetime(2026, 11, 28, tzinfo=UTC)
_LEAST_BYTES = 20_000
_SHEET = re.compile(rb"/MediaBox \[([^\]]*)\]")


def portfolio(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store and the portfolio of three hundred customers, in a folder of its own; it is made once."""
    if not _MADE:
        made = Path(mkdtemp(dir=folder.parent))
        _made(made, monkeypatch)
        _MADE.append(made)
    shutil.copytree(_MADE[0], folder, dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    return folder / "pages"


_MADE: list[Path] = []


def _made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert status("init") == 0
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["a.na"]\nroles = ["analyst"]\n')
    Path("app.toml").write_text(_CHANNEL, encoding="utf-8")
    rows = [
        f"{n},王{chr(0x4E00 + n)}{chr(0x5000 + n % 90)},15412345{n:03},{1 + n % 2},{1950 + n % 55}-0{1 + n % 9}-11,B{n % 7},20{10 + n % 16}-03-01" for n in range(300)
    ]  # fmt: skip
    Path("a.csv").write_text("no,name,phone,sex,born,branch,since\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert status("load", "a.csv", "--channel", "app.toml", "--as", "admin", "--purpose", "operations") == 0
    assert status("quality", "run", "--as", "admin", "--purpose", "operations") == 0
    assert status("report", "portfolio", "--out", "pages", "--as", "a.na", "--purpose", "analytics") == 0


_CHANNEL = """\
name = "app"
format = "csv"
key = "no"
requires = "lead"
[columns]
no = ""
name = "name"
phone = "phone"
sex = "sex"
born = "birth_date"
branch = "home_branch"
since = "customer_since"
"""


@pytest.fixture(autouse=True)
def browser(pytestconfig: pytest.Config) -> None:
    if chromium() is None:
        (pytest.fail if pytestconfig.getoption("--need-servers") else pytest.skip)("there is no Chromium")


def framed(files: Iterable[Path], folder: Path) -> Path:
    """One page that opens *files* within it, so that the browser starts once."""
    page_ = folder / "framed.html"
    page_.write_text("".join(f'<iframe src="{file.as_uri()}"></iframe>' for file in files), encoding="utf-8")
    return page_


def looked_at(file: Path, folder: Path) -> str:
    """What stands in a page, of which nothing else is heard."""
    found = opened(file, folder)
    assert found.console == ()
    assert found.asked == ()
    return found.dom


def pictured(file: Path, folder: Path) -> None:
    """A page is drawn, and otherwise where the reader prefers a dark one."""
    light, dark = (drawn(file, folder, dark=one).read_bytes() for one in (False, True))
    assert min(len(light), len(dark)) > _LEAST_BYTES, "an empty page is smaller"
    assert light != dark


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_all_reports(tmp_path: Path, language: Language) -> None:
    data = starter_world()
    made = [tabulate(data, one) for one in starter_reports().reports.values()]
    sections = [one for report in made for one in report_sections(report, language, code_lists())]
    file = tmp_path / "reports.html"
    file.write_text(page("统计报表", sections, language=language, made_at=_NOW), encoding="utf-8")
    dom = looked_at(file, tmp_path)
    assert dom.count("<section") == dom.count("<svg") == len(sections)
    if language == "en":
        return  # it looks as the other one does
    pictured(file, tmp_path)
    sheets = {tuple(map(round, map(float, box.split()))) for box in _SHEET.findall(printed(file, tmp_path))}
    assert sheets == {(0, 0, 595, 842)}, "A4, in points of a seventy-second of an inch"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_all_analyses(tmp_path: Path, language: Language) -> None:
    sections = [one for result in RESULTS.values() for one in analysis_sections(result, language, k=5)]
    file = tmp_path / "analyses.html"
    file.write_text(page("客户分析", sections, language=language, made_at=_NOW), encoding="utf-8")
    dom = looked_at(file, tmp_path)
    if language == "zh":
        pictured(file, tmp_path)
    assert dom.count("<section") == len(sections)
    assert dom.count("<svg") == sum(one.chart is not Chart.NONE for one in sections)


def test_the_page_of_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert status("demo", "--out", "demo", "--json") == 0
    pages = sorted(Path("demo").rglob("*.html"))
    assert pages
    looked_at(framed([file.resolve() for file in pages], tmp_path), tmp_path)
    said = "".join(file.read_text(encoding="utf-8") for file in pages)  # nothing runs in them that could add to it
    pictured(pages[0], tmp_path)
    world = make_world(DEMO_PEOPLE, DEMO_COMPANIES, DEMO_SEED)
    write_channel_files(tmp_path, world, DEMO_SEED)
    files = ("counter.csv", "mobile.jsonl", "card.txt", "partner.csv")
    texts = [(tmp_path / name).read_bytes().decode("gb18030" if name == "counter.csv" else "utf-8") for name in files]
    numbers = {one for text in texts for one in re.findall(r"[0-9]{11,}", text)}
    assert len(numbers) > DEMO_PEOPLE
    assert not [one for one in numbers if one in said], "no number of a customer stands in a page"


def test_the_pages_of_the_portfolio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = portfolio(tmp_path, monkeypatch)
    every = sorted(made.glob("*.html"))
    assert len(every) > 5
    assert looked_at(framed(every, tmp_path), tmp_path).count("<iframe") == len(every)
    assert not [file.name for file in every if "154123" in file.read_text(encoding="utf-8")]
    pictured(made / "index.html", tmp_path)
    assert all(
        "<svg" in (made / name).read_text(encoding="utf-8") for name in ("index.html", "customers_by_branch.html")
    )


def test_the_page_of_data_quality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio(tmp_path, monkeypatch)
    assert status("quality", "page", "quality.html", "--as", "admin", "--purpose", "operations") == 0
    dom = looked_at(tmp_path / "quality.html", tmp_path)
    pictured(tmp_path / "quality.html", tmp_path)
    assert dom.count("<svg") >= 5
    assert "154123" not in dom


def test_the_page_of_a_linked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = Path(__file__).parents[2] / "examples" / "data" / "partner.csv"
    assert status("dedupe", str(data), "--out", "linked.parquet", "--report", "linked.html", "--json") == 0
    dom = looked_at(tmp_path / "linked.html", tmp_path)
    pictured(tmp_path / "linked.html", tmp_path)
    assert dom.count("<svg") >= 4
    assert not re.search("[0-9]{11}", re.sub("<svg.*?</svg>", "", dom, flags=re.DOTALL))


def test_the_page_that_says_why_two_may_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    portfolio(tmp_path, monkeypatch)
    Path("b.csv").write_text("no,name,phone,sex,born,branch,since\nx,王丁倁,15412345001,2,,B1,\n", encoding="utf-8")
    admin = ("--as", "admin", "--purpose", "operations")
    assert status("load", "b.csv", "--channel", "app.toml", *admin) == 0
    capsys.readouterr()
    assert status("match", "list", *admin, "--json") == 0
    (task,) = json.loads(capsys.readouterr().out)
    assert status("match", "why", task["task_id"], "--chart", "why.html", "--lang", "zh", *admin) == 0
    dom = looked_at(tmp_path / "why.html", tmp_path)
    pictured(tmp_path / "why.html", tmp_path)
    assert dom.count("<svg") == 1
    assert "154123" not in dom


def test_the_copy_that_a_customer_gets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Theirs alone, in clear, and it shows nothing to anybody else: nothing is asked of a network."""
    portfolio(tmp_path, monkeypatch)
    with Path("operators.toml").open("a", encoding="utf-8") as operators:
        operators.write('["p.tang"]\nroles = ["privacy_officer"]\n["p.song"]\nroles = ["privacy_officer"]\n')
    capsys.readouterr()
    admin = ("--as", "admin", "--purpose", "operations", "--json")
    assert status("find", "phone", "15412345007", *admin) == 0
    number = json.loads(capsys.readouterr().out)[0]["cif_no"]
    tang, song = (("--as", name, "--purpose", "compliance", "--reason", "asked") for name in ("p.tang", "p.song"))
    assert status("request", "open", number, "copy", "--evidence", "seen", *tang, "--json") == 0
    case = json.loads(capsys.readouterr().out)["id"]
    assert status("request", "approve", number, case, *song) == 0
    assert status("request", "copy", number, case, "mine", *tang) == 0
    dom = looked_at(tmp_path / "mine.html", tmp_path)
    pictured(tmp_path / "mine.html", tmp_path)
    assert "15412345007" in dom
    assert not re.search("15412345(?!007)[0-9]{3}", dom)


def test_chinese_text_stands_in_a_picture() -> None:
    (section,) = report_sections(
        tabulate(starter_world(), starter_reports()["customers_by_channel"]), "zh", code_lists()
    )
    assert len(picture(section, "png")) > _LEAST_BYTES // 2


def test_a_page_that_does_what_it_must_not_is_seen(tmp_path: Path) -> None:
    """The test itself: a page that asks the network and writes to the console does not pass."""
    file = tmp_path / "bad.html"
    file.write_text(
        '<html><body><img src="http://127.0.0.1:9/x.png"><script>console.error("wrong")</script></body></html>',
        encoding="utf-8",
    )
    for one_of in (file, framed([file], tmp_path)):
        found = opened(one_of, tmp_path)
        assert any("wrong" in one for one in found.console)
        assert "http://127.0.0.1:9/x.png" in found.asked
