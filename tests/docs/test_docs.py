"""Every code block of the documentation runs; tables that name code are complete."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import attrs
import pytest

from bankcif import errors, standard_schemes
from bankcif._text import _texts
from bankcif.rules import lower, parse
from bankcif.tagging import starter_catalogue

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KINDS = {"sh", "python", "toml", "csv", "text", "json"}


@attrs.frozen
class Block:
    kind: str
    options: str
    text: str
    line: int

    def option(self, name: str, default: str = "") -> str:
        found = re.search(rf'{name}="?([^"\s]+)"?', self.options)
        return found[1] if found else default


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2], m[3], text[: m.start()].count("\n") + 1) for m in BLOCK.finditer(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_in_their_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as a prompt in that folder has it
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    scope: dict[str, object] = {}
    for block in blocks(page):
        where = f"{page.name}, line {block.line}"
        assert block.kind in KINDS, f"{where}: a block of kind {block.kind}"
        if "skip" in block.options or "nox -s" in block.text:
            continue  # installation: what the two README commands do is tried on a fresh machine
        if title := block.option("title"):
            Path(title).write_text(block.text, encoding="utf-8")
        if block.kind == "python" and page.name != "README.md":  # which quotes an example that runs by itself
            exec(compile(block.text, where, "exec"), scope)
        elif block.kind == "sh":
            done = subprocess.run(
                ["bash", "-ec", block.text],
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == int(block.option("status", "0")), f"{where}: {done.stdout}{done.stderr}"
            assert "Traceback" not in done.stderr
        elif block.kind == "toml":
            tomllib.loads(block.text)
        elif block.kind == "json":
            json.loads(block.text)


def test_the_readme_quotes_the_quickstart() -> None:
    quickstart = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8")
    quoted = next(block.text for block in blocks(ROOT / "README.md") if block.kind == "python")
    assert quoted.strip() in quickstart


def test_every_error_is_listed_with_its_code() -> None:
    listed = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    classes = [getattr(errors, name) for name in errors.__all__]
    for cls in classes:
        assert f"| `{cls.__name__}` | `{cls.code}` |" in listed
    assert len({cls.code for cls in classes}) == len(classes)


def test_every_rule_is_listed_in_both_languages() -> None:
    listed = (ROOT / "docs" / "reference" / "intake-rules.md").read_text(encoding="utf-8")
    for rule, text in _texts()["rule"].items():
        assert f"| `{rule}` | {text['en']} | {text['zh']} |" in listed


def test_the_page_of_the_rule_language_is_what_its_definitions_say() -> None:
    states = runpy.run_path(str(ROOT / "tools" / "write_states_page.py"))
    assert states["PAGE"].read_text(encoding="utf-8") == states["page"]()
    assert states["PICTURE"].read_text(encoding="utf-8") == states["picture"]()
    written = runpy.run_path(str(ROOT / "tools" / "write_rules_page.py"))
    assert (ROOT / "docs/reference/rules.md").read_text(encoding="utf-8") == written["page"]()
    for text, _ in written["EXAMPLES"]:
        lower(parse(text), starter_catalogue().schema)


def test_every_rule_that_intake_knows_has_its_text() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for part in ("intake", "identifiers")
        for path in (ROOT / "src" / "bankcif" / part).glob("*.py")
    )
    used = set(re.findall(r'(?:Issue\(|Fault\([^,]+, )"([a-z0-9_]+)"', source)) | set(
        re.findall(r'rule="([a-z_]+)"\)', source)
    )
    assert used - {
        "batch",
        "unreadable",
        "header",
        "missing_column",
        "unknown_column",
        "toml",
        "configuration",
        "format",
        "map",
    } <= set(_texts()["rule"])


def test_every_scheme_stands_on_the_page_of_its_family() -> None:
    pages = sorted((ROOT / "docs/reference/identifiers").glob("[!i]*.md"))
    families = "".join(page.read_text(encoding="utf-8") for page in pages)
    own = [name for name in standard_schemes() if not name.startswith("stdnum.")]
    assert len(own) > 20
    assert [name for name in own if f"`{name}`" not in families] == []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.search(r"\bSources?:", text), f"{page.name} names no source"
        assert re.search(r"\b[Gg]aps?\b", text), f"{page.name} names no gaps"


def test_coverage_names_every_requirement_and_files_that_exist() -> None:
    text = (ROOT / "docs" / "explanation" / "coverage.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| M(\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, 55))
    for _, modules, test in rows:
        if modules != "planned":
            assert (ROOT / test.split(" ")[0]).exists(), test
            for module in modules.split(", "):
                base = ROOT / "src" / "bankcif" / module
                assert base.exists() or base.with_suffix(".py").exists() or (ROOT / module).exists(), module


def test_every_page_is_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in PAGES[1:]:
        assert str(page.relative_to(ROOT / "docs")) in nav


def test_every_test_that_the_documentation_names_exists() -> None:
    named = {
        (found[1], found[2])
        for page in PAGES
        for found in re.finditer(r"`(tests/[a-z_/]+\.py)::([a-z_0-9]+)`", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    missing = [
        f"{file}::{name}" for file, name in sorted(named) if f"def {name}(" not in (ROOT / file).read_text("utf-8")
    ]
    assert missing == []
