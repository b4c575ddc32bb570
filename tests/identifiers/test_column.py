"""Whole columns: the verdict on each text is the one that the scheme gives on it alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, strategies as st

from bankcif import standard_schemes
from bankcif._clock import FixedClock
from bankcif.identifiers import SchemeSet, validate_column
from bankcif.identifiers.cn import check_character
from bankcif.testing import strategies


def _checked(first: str) -> str:
    return first + check_character(first)


plain = st.builds(
    lambda region, day, serial: _checked(f"{region:06}{day:08}{serial:03}"),
    st.sampled_from([110105, 440524, 810000, 830000, 123456, 0, 999999, 911840]),
    st.integers(0, 99_999_999) | st.sampled_from([18000101, 17991231, 21991231, 22000101, 20240229, 20230229, 19000229,
                                                  18951231, 18960101, 20261124, 20261125, 20270101, 10101, 99991231]),
    st.integers(0, 999),
)  # fmt: skip
texts = (
    strategies.resident_ids()
    | plain
    | plain.map(str.lower)
    | st.builds(lambda number, at, c: number[:at] + c + number[at + 1 :], plain, st.integers(0, 17),
                st.sampled_from("0123456789Xx ９é\x00\ud800-"))
    | st.from_regex(r"[0-9]{15}|[A-Z]{3}[0-9]{12}|[0-9 -]{0,20}", fullmatch=True)
    | st.text(max_size=20)
    | st.none()
)  # fmt: skip


def agree(schemes: SchemeSet, name: str, column: Any, values: list[str | None]) -> None:
    found = validate_column(schemes[name], column)
    alone = [schemes[name].validate(value or "") for value in values]
    assert list(found) == alone
    assert found.valid.tolist() == [one.valid for one in alone]
    assert found.counts() == Counter(
        pair for one in alone for pair in {(issue.rule, issue.severity) for issue in one.issues}
    )
    assert list(found.values()) == [one.value for one in alone]


@given(st.lists(texts, max_size=12))
@example([])
@example(["11010519491231002x", "11010519491231002X"])
def test_a_list_is_judged_as_its_texts_are(schemes: SchemeSet, values: list[str | None]) -> None:
    agree(schemes, "cn.resident_id", values, values)
    agree(schemes, "cn.resident_id", np.array(values, object), values)


@given(st.lists(texts.filter(lambda text: text is None or text.isprintable()), max_size=12))
def test_so_is_a_column_of_arrow_or_polars(schemes: SchemeSet, values: list[str | None]) -> None:
    agree(schemes, "cn.resident_id", pa.array(values, pa.string()), values)
    agree(schemes, "cn.resident_id", pa.array([*values, "x", None], pa.string()).slice(0, len(values)), values)
    chunks = pa.chunked_array([values[:3], values[3:]], pa.string())
    agree(schemes, "cn.resident_id", chunks, values)
    agree(schemes, "cn.resident_id", pl.Series(values, dtype=pl.String), values)


@given(st.lists(texts.filter(lambda text: text is not None), max_size=12))
def test_so_is_an_array_of_fixed_width(schemes: SchemeSet, values: list[str]) -> None:
    array = np.array(values, dtype="U")
    agree(schemes, "cn.resident_id", array, array.tolist())
    ascii_only = np.array([value for value in values if value.isascii()], dtype="S")
    agree(schemes, "cn.resident_id", ascii_only, [value.decode() for value in ascii_only.tolist()])


@given(st.lists(plain, max_size=8), st.dates().map(lambda day: datetime(day.year, day.month, day.day, 12, tzinfo=UTC)))
def test_today_decides_in_both_ways_alike(values: list[str], now: datetime) -> None:
    schemes = standard_schemes(clock=FixedClock(now), zone=ZoneInfo("UTC"))
    agree(schemes, "cn.resident_id", values, list(values))


@pytest.mark.parametrize("name", ["phone", "cn.uscc", "card", "email", "hk.hkid", "stdnum.de.idnr"])
def test_every_other_scheme_judges_each_distinct_text(schemes: SchemeSet, name: str) -> None:
    values = ["13800138000", "91350100M000100Y43", "13800138000", None, "4111111111111111", "a@b.cn", "A123456(3)", ""]
    agree(schemes, name, values, values)


def test_bytes_that_are_no_text_are_no_number(schemes: SchemeSet) -> None:
    found = validate_column(schemes["cn.resident_id"], np.array([b"\xff" * 18, b"11010519491231002X"]))
    assert found.valid.tolist() == [False, True]


def test_a_slice_and_a_negative_place(schemes: SchemeSet) -> None:
    found = validate_column(schemes["cn.resident_id"], ["1", "11010519491231002X"])
    assert found[-1].valid
    assert [one.valid for one in found[:]] == [False, True]
    with pytest.raises(IndexError):
        found[2]


def test_a_column_does_not_show_its_values(schemes: SchemeSet) -> None:
    assert "11010519491231002X" not in repr(validate_column(schemes["cn.resident_id"], ["11010519491231002X"]))
