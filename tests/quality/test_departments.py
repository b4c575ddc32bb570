"""Departments: where a unit belonged on a day, figures that add up, and files that do not fit."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.quality import Departments, Figure, Member

DAY = date(2026, 1, 1)
units, names, offsets = st.sampled_from("abc"), st.sampled_from(["north", "south", ""]), st.integers(0, 9)
members = st.lists(
    st.builds(lambda unit, name, at: Member(unit=unit, department=name, since=DAY + timedelta(at)), units, names, offsets),
    unique_by=lambda one: (one.unit, one.since),
)  # fmt: skip
figures = st.builds(Figure, *(st.integers(0, 50) for _ in range(4)))


@given(members, units, st.integers(-1, 10))
def test_a_unit_belongs_where_it_was_said_last(said: list[Member], unit: str, at: int) -> None:
    day = DAY + timedelta(at)
    before = [one for one in said if one.unit == unit and one.since is not None and one.since <= day]
    last = max(before, key=lambda one: one.since or date.min, default=None)
    assert Departments(said).of(unit, day) == ("" if last is None else last.department)


@given(members, st.dictionaries(units, st.dictionaries(st.sampled_from("pq"), figures)), offsets)
def test_departments_add_up_to_their_units(said: list[Member], of_units: dict[str, dict[str, Figure]], at: int) -> None:
    found = Departments(said).figures(of_units.items(), DAY + timedelta(at))
    for rule in "pq":
        told = (one.get(rule, Figure()) for one in found.values())
        assert sum(told, Figure()) == sum((one.get(rule, Figure()) for one in of_units.values()), Figure())


def test_a_file_says_who_belongs_where(tmp_path: Path) -> None:
    path = tmp_path / "departments.toml"
    path.write_text(
        '[[member]]\nunit = "t.li"\ndepartment = "retail"\n[[member]]\nunit = "t.li"\ndepartment = "wealth"\nsince = 2026-07-01\n'
    )
    found = Departments.read(path)
    assert [found.of("t.li", date(2026, month, 30)) for month in (6, 7)] == ["retail", "wealth"]
    assert found.of("t.wu", DAY) == ""


@pytest.mark.parametrize("text", [
    "", "x = 1", '[member]\nunit = "a"', '[[member]]\nunit = "a"', '[[member]]\nunit = 1\ndepartment = "b"',
    '[[member]]\nunit = "a"\ndepartment = "b"\nsince = "2026"', '[[member]]\nunit = "a"\ndepartment = "b"\nsince = 2026-01-01T00:00:00',
    '[[member]]\nunit = "a"\ndepartment = "b"\ncolor = "red"', '[[member]]\nunit = "a"\ndepartment = "b"\n[[member]]\nunit = "a"\ndepartment = "c"',
])  # fmt: skip
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "departments.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"departments have|two departments"):
        Departments.read(path)
    with pytest.raises(ConfigurationError, match="does not exist"):
        Departments.read(tmp_path / "none.toml")
