"""Compiled functions: where they are kept, and that nothing compiles before a whole file is worked on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bankcif.matching
from bankcif.matching.kernels import compiling


def test_they_are_kept_under_what_they_were_compiled_from(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(compiling._folder())
    assert folder.name.startswith("kernels-")
    assert folder.is_relative_to(Path(bankcif.matching.__file__).parent)
    monkeypatch.setattr(compiling, "_ALIKE", compiling._ALIKE[1:])
    assert compiling._folder() != str(folder), "another table is another version"


def test_they_go_elsewhere_or_nowhere_where_that_can_not_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(path: Path, *arguments: Any, **options: Any) -> None:
        if tmp_path not in path.parents:
            raise PermissionError
        real(path, *arguments, **options)

    real = Path.mkdir
    monkeypatch.setattr(Path, "mkdir", refused)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert tmp_path in Path(compiling._folder()).parents
    monkeypatch.setattr(Path, "home", lambda: Path("/nowhere"))
    assert compiling._folder() == ""

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    assert compiling._folder() == ""


def test_one_record_is_compared_without_the_compiler() -> None:
    code = (
        "import sys; from bankcif.party import PartyKind; from bankcif.matching import default_model, features_of, lanes_of\n"
        "kind = PartyKind.INDIVIDUAL; row = lanes_of(features_of(kind, {'name': '王伟', 'phone': '+8615400000001'}, frozenset()))\n"
        "print(default_model(kind).pair(row, row).weight_millibits > 0, 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
