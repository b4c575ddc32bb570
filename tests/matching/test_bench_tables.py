"""What goes wrong in the files that linking is measured on comes from elsewhere than what the matcher knows."""

from __future__ import annotations

import importlib.util
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pytest

from bankcif.wording import look_alikes, readings


@pytest.fixture(scope="module")
def customers() -> ModuleType:
    path = Path(__file__).parent.parent.parent / "bench" / "customers.py"
    spec = importlib.util.spec_from_file_location("bench_customers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pairs(text: str) -> set[tuple[str, str]]:
    return {pair for group in text.split() for pair in combinations(group, 2)}


def test_error_tables_are_not_the_matchers(customers: ModuleType) -> None:
    sounds = pairs(customers.HOMOPHONES)
    same = {(a, b) for a, b in sounds if set(readings(a)) & set(readings(b))}
    assert len(same) < len(sounds), "some are near in sound only"
    looks = pairs(customers.LOOKALIKES)
    known = {(a, b) for a, b in looks if min(a, b) + max(a, b) in look_alikes()}
    assert len(known) < 0.9 * len(looks)


def test_a_file_follows_from_its_seed_and_holds_those_who_look_alike(customers: ModuleType) -> None:
    one, again = customers.make(400, "hard", 5), customers.make(400, "hard", 5)
    assert one == again
    assert customers.make(400, "hard", 6) != one
    assert {len(column) for column in one.values()} == {400}
    assert max(one["special"]) > 5
    missing = [number is None for number in one["id_no"]]
    assert 0.35 < sum(missing) / 400 < 0.55
