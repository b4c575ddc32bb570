"""Resident ID numbers. Vectors: GB 11643-1999 prints 11010519491231002X and 440524188001010014 as examples."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies as st

from bankcif.identifiers import ResidentId, ResidentIdKind, SchemeSet
from bankcif.identifiers.cn import check_character
from bankcif.testing import strategies


@pytest.fixture(scope="module")
def scheme(schemes: SchemeSet) -> ResidentId:
    found = schemes["cn.resident_id"]
    assert isinstance(found, ResidentId)
    return found


def rules(scheme: ResidentId, text: str) -> dict[str, str]:
    return {issue.rule: issue.severity.value for issue in scheme.validate(text).issues}


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_standard_s_own_examples_have_their_check_character(number: str) -> None:
    assert check_character(number[:17]) == number[17]


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("11010519491231002X", "11010519491231002X", {}),
        ("440524188001010014", "440524188001010014", {"age": "warning"}),
        ("110105491231002", "11010519491231002X", {"legacy_15": "warning"}),
        ("１１０１０５１９４９１２３１００２ｘ", "11010519491231002X", {}),
        (" 110105-19491231-002x ", "11010519491231002X", {}),
        ("810000199408230021", "810000199408230021", {}),
        ("830000199201300022", "830000199201300022", {}),
        ("USA110000000123", "USA110000000123", {"legacy_foreign_resident": "info"}),
        ("110105194912310021", None, {"check_digit": "error"}),
        ("11010519490231002X", None, {"check_digit": "error", "birth_date": "error"}),
        ("1101051949123100", None, {"length": "error"}),
        ("11010519491231002Y", None, {"characters": "error"}),
        ("1101O519491231002X", None, {"characters": "error"}),
        ("990105194912310022", None, {"check_digit": "error", "region_unknown": "warning", "country_code": "warning"}),
    ],
)
def test_verdict(scheme: ResidentId, text: str, value: str | None, found: dict[str, str]) -> None:
    verdict = scheme.validate(text)
    assert verdict.value == value
    assert rules(scheme, text) == found


def test_a_birth_date_in_the_future_is_an_error(scheme: ResidentId) -> None:
    first = "11010520991231002"
    assert rules(scheme, first + check_character(first)) == {"birth_in_future": "error"}


def test_a_birth_date_of_today_is_none_and_of_tomorrow_is(scheme: ResidentId) -> None:
    for day, expected in (("20261124", {}), ("20261125", {"birth_in_future": "error"})):
        first = f"110105{day}002"
        assert rules(scheme, first + check_character(first)) == expected


def test_an_unknown_region_is_a_warning_only(scheme: ResidentId) -> None:
    first = "19990519491231002"
    assert rules(scheme, first + check_character(first)) == {"region_unknown": "warning"}


def test_an_abolished_county_is_known(scheme: ResidentId) -> None:
    first = "11010319491231002"  # 崇文区, until 2010
    assert rules(scheme, first + check_character(first)) == {}


def test_the_sequence_of_centenarians_means_the_century_before(scheme: ResidentId) -> None:
    assert scheme.compact("110105491231996")[6:10] == "1849"


def test_a_number_tells_birth_date_sex_and_region(scheme: ResidentId) -> None:
    facts = scheme.parse("11010519491231002X")
    assert facts is not None
    assert (facts.kind, facts.region, facts.birth_date, facts.sex) == (
        ResidentIdKind.CITIZEN, "110105", date(1949, 12, 31), "2",
    )  # fmt: skip


def test_a_residence_permit_and_a_foreign_resident_are_told_apart(scheme: ResidentId) -> None:
    permit = scheme.parse("810000199408230021")
    assert permit is not None
    assert permit.kind is ResidentIdKind.RESIDENCE_PERMIT
    first = "91184019900101002"
    foreign = scheme.parse(first + check_character(first))
    assert foreign is not None
    assert (foreign.kind, foreign.country, foreign.region) == (ResidentIdKind.FOREIGN_RESIDENT, "US", "110000")


def test_an_invalid_number_tells_nothing(scheme: ResidentId) -> None:
    assert scheme.parse("110105194912310021") is None
    assert scheme.parse("USA110000000123") is None


def test_format_sets_the_parts_apart(scheme: ResidentId) -> None:
    assert scheme.format("11010519491231002x") == "110105 19491231 002X"


@given(strategies.resident_ids(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_found(scheme: ResidentId, number: str, at: int, character: str) -> None:
    # ISO 7064 MOD 11-2 finds every single substitution.
    wrong = number[:at] + character + number[at + 1 :]
    assert scheme.is_valid(wrong) == (wrong == number)


@given(strategies.resident_ids(), st.integers(0, 16))
def test_swapped_neighbours_are_found(scheme: ResidentId, number: str, at: int) -> None:
    wrong = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert scheme.is_valid(wrong) == (wrong == number)


@given(strategies.texts)
def test_no_text_raises_and_a_value_is_a_fixed_point(scheme: ResidentId, text: str) -> None:
    value = scheme.validate(text).value
    assert value is None or scheme.compact(value) == value
