"""The layers: who may import whom, and where third parties live. The table is DESIGN section 3."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "bankcif"

LAYERS = {
    "errors": -1, "_clock": 0, "_canonical": 0, "_files": 0, "_text": 0, "_toml": 0, "_extras": 0, "_visible": 0,
    "party": 1, "context": 1, "_columns": 1,
    "wording": 2, "identifiers": 2, "rules": 2,
    "approval": 3,
    "intake": 4, "matching": 4, "merging": 4, "protection": 4, "access": 4, "audit": 4, "upkeep": 4, "tagging": 4,
    "quality": 4, "analytics": 4, "interop": 4,
    "storage": 5, "engines": 5,
    "flows": 6,
    "render": 7,
    "_tasks": 8,
    "cif": 9,
    "parallel": 10,
    "cli": 11,
    "testing": 12,
}  # fmt: skip

HOMES = {
    "sqlalchemy": {"storage", "rules"},
    "sqlite3": {"storage"},
    "psycopg": {"storage"},
    "alembic": {"storage"},
    "pymysql": {"storage"},
    "cryptography": {"protection", "audit", "access"},
    "stdnum": {"identifiers"},
    "phonenumbers": {"identifiers"},
    "narwhals": {"rules"},
    "polars": {"engines"},
    "duckdb": {"engines"},
    "numba": {"matching"},
    "rapidfuzz": {"matching"},
    "numpy": {
        "_columns",
        "wording",
        "identifiers",
        "matching",
        "access",
        "analytics",
        "engines",
        "flows",
        "render",
        "cli",
        "testing",
    },
    "pyspark": {"engines"},
    "scipy": {"analytics"},
    "cattrs": {"party", "intake", "_canonical"},
    "click": {"cli"},
    "rich": {"cli"},
    "openpyxl": {"intake"},
    "urllib3": {"protection", "audit"},
    "tenacity": {"intake"},
    "circuitbreaker": {"intake"},
    "opentelemetry": {"flows"},
    "pytest": {"testing"},
    "hypothesis": {"testing"},
}

LONGEST_MODULE = 400


@cache
def modules() -> tuple[tuple[Path, str, ast.Module], ...]:
    named = [(path, path.relative_to(SOURCE).parts[0].removesuffix(".py")) for path in sorted(SOURCE.rglob("*.py"))]
    return tuple(
        (path, name, ast.parse(path.read_text(encoding="utf-8"))) for path, name in named if name != "__init__"
    )


def imported(path: Path, tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Names of what a module imports: (top-level part of bankcif, True) or (third-party package, False)."""
    depth = len(path.relative_to(SOURCE).parts) - 1
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0], False
        elif isinstance(node, ast.ImportFrom) and node.level == depth + 1:
            if node.module:
                yield node.module.split(".")[0], True
            else:
                yield from ((alias.name, True) for alias in node.names if alias.name in LAYERS)


def test_every_part_has_a_layer() -> None:
    assert {name for _, name, _ in modules()} - {"_demo"} <= set(LAYERS)


def test_imports_go_down_and_stages_do_not_import_each_other() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)} imports {other}"
        for path, name, tree in modules()
        for other, ours in imported(path, tree)
        if ours and other != name and LAYERS[other] >= LAYERS[name]
    ]
    assert not wrong


def test_nothing_imports_testing() -> None:
    for path, name, tree in modules():
        if name != "testing":
            assert ("testing", True) not in set(imported(path, tree)), path


def test_third_parties_stay_at_home() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)} imports {other}"
        for path, name, tree in modules()
        for other, ours in imported(path, tree)
        if not ours and other in HOMES and name not in HOMES[other]
    ]
    assert not wrong


def test_the_environment_is_read_by_the_command_line_only() -> None:
    for path, name, _ in modules():
        text = path.read_text(encoding="utf-8")
        assert name == "cli" or ("os.environ" not in text and "getenv" not in text), path


def test_time_and_chance_are_drawn_in_one_place_only() -> None:
    for path, name, _ in modules():
        text = path.read_text(encoding="utf-8")
        if name not in ("_clock", "testing"):
            for word in ("datetime.now(", "date.today(", "time.time(", "uuid4(", "random."):
                assert word not in text, (path, word)


def test_modules_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(SOURCE)): n
        for path, _, _ in modules()
        if (n := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    assert set(long) <= {
        "testing/factories.py",
    }, long


@pytest.mark.parametrize("package", sorted(path.parent for path in SOURCE.rglob("__init__.py")), ids=str)
def test_exported_names_are_sorted(package: Path) -> None:
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            names = ast.literal_eval(node.value)
            capitals = [n for n in names if n.isupper()]
            classes = [n for n in names if n[0].isupper() and not n.isupper()]
            rest = [n for n in names if n[0].islower()]
            assert names == [*sorted(capitals), *sorted(classes), *sorted(rest)]


def test_importing_the_package_loads_nothing_large() -> None:
    code = "import bankcif, sys; print([m for m in ('sqlalchemy','numpy','attrs','cryptography','click') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_exported_name_loads() -> None:
    import bankcif

    assert {name for name in bankcif.__all__ if getattr(bankcif, name) is None} == set()
    with pytest.raises(AttributeError):
        _ = bankcif.nothing  # type: ignore[attr-defined]
