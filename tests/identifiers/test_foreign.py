"""
Numbers of other countries, the armed forces and households.

Sources of the numbers: S1234567D and its kin are the examples that every publication of the rule gives; AB123456C has
the form of the manual, whose own QQ123456C is never issued; the rest is made up.
"""

from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import given, strategies as st

from bankcif.identifiers import Military, NumberFacts, SchemeSet, ShapedScheme
from bankcif.identifiers.foreign import nric_check


def facts(schemes: SchemeSet, scheme: str, text: str) -> NumberFacts:
    found = schemes[scheme]
    assert isinstance(found, ShapedScheme)
    parsed = found.parse(text)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("text", "born", "sex"),
    [
        ("3204110609970001", date(1997, 9, 6), "1"),
        ("3204114609970001", date(1997, 9, 6), "2"),
        ("3204112411260001", date(2026, 11, 24), "1"),
        ("3204112511260001", date(1926, 11, 25), "1"),
    ],
)
def test_an_indonesian_number_tells_birth_date_and_sex(schemes: SchemeSet, text: str, born: date, sex: str) -> None:
    found = facts(schemes, "id.nik", text)
    assert (found.birth_date, found.sex, found.region) == (born, sex, "320411")


@pytest.mark.parametrize(("text", "year", "sex"), [("001090123456", 1990, "1"), ("079301123456", 2001, "2")])
def test_a_vietnamese_number_tells_year_and_sex(schemes: SchemeSet, text: str, year: int, sex: str) -> None:
    found = facts(schemes, "vn.cccd", text)
    assert (found.birth_year, found.sex, found.birth_date) == (year, sex, None)


@pytest.mark.parametrize("prefix", ["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"])
def test_prefixes_that_are_never_issued(schemes: SchemeSet, prefix: str) -> None:
    assert [i.rule for i in schemes["gb.nino"].validate(prefix + "123456A").issues] == ["prefix_unknown"]


@given(st.sampled_from("STFGM"), st.text(string.digits, min_size=7, max_size=7), st.integers(0, 6), st.integers(1, 9))
def test_a_wrong_digit_of_a_singapore_number_is_found(
    schemes: SchemeSet, series: str, digits: str, at: int, more: int
) -> None:
    # Modulus 11 is prime and above every weight, and each remainder has a letter of its own.
    right = series + digits + nric_check(series + digits)[1]
    assert schemes["sg.nric"].is_valid(right)
    wrong = right[: at + 1] + str((int(right[at + 1]) + more) % 10) + right[at + 2 :]
    assert not schemes["sg.nric"].is_valid(wrong)


@pytest.mark.parametrize(
    ("text", "value", "rules"),
    [
        ("军字第1234567号", "军1234567", []),
        ("军 １２３４５６７", "军1234567", []),
        ("军（字）第1234567号", "军1234567", []),
        ("北京字第1234567号", "北京1234567", []),
        ("某字第1234567号", "某1234567", ["prefix_unknown"]),
        ("20161234567", "20161234567", ["form_unknown"]),
    ],
)
def test_a_military_number_is_folded_and_hardly_refused(
    schemes: SchemeSet, text: str, value: str, rules: list[str]
) -> None:
    verdict = schemes["cn.military"].validate(text)
    assert (verdict.value, [issue.rule for issue in verdict.issues]) == (value, rules)


def test_a_bank_names_its_own_prefixes() -> None:
    assert not Military(prefixes=frozenset("某")).validate("某字第1234567号").issues


def test_a_household_register_goes_by_its_holder_s_number(schemes: SchemeSet) -> None:
    register = schemes["cn.household_register"]
    assert register.compact("110105491231002") == "11010519491231002X"
    assert register.validate("1").scheme == "cn.household_register"
