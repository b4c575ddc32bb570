"""
Documents of the mainland, Hong Kong, Macao and Taiwan.

Sources of the numbers: A123456(3) and AB987654(3) are the published examples of the Hong Kong rule, A123456789 of the
Taiwanese one, A800000014 is the specimen of the resident permit of 2021. The rest is made up.
"""

from __future__ import annotations

import string

import pytest
from hypothesis import given, strategies as st

from bankcif.identifiers import NumberFacts, SchemeSet, Shape, ShapedScheme
from bankcif.identifiers.documents import hkid_check, tw_check


def facts(schemes: SchemeSet, scheme: str, text: str) -> NumberFacts:
    found = schemes[scheme]
    assert isinstance(found, ShapedScheme)
    parsed = found.parse(text)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("scheme", "text", "kind"),
    [
        ("cn.passport", "E12345678", "ordinary"),
        ("cn.passport", "EA1234567", "ordinary"),
        ("cn.passport", "141234567", "ordinary"),
        ("cn.passport", "DE1234567", "diplomatic"),
        ("cn.passport", "SE1234567", "service"),
        ("cn.passport", "P.1234567", "public_affairs"),
        ("cn.passport", "KJ1234567", "hong_kong"),
        ("cn.passport", "MA1234567", "macao"),
        ("cn.exit_permit", "CA1234567", "hong_kong_macao"),
        ("cn.exit_permit", "L12345678", "taiwan"),
    ],
)
def test_the_form_tells_the_kind(schemes: SchemeSet, scheme: str, text: str, kind: str) -> None:
    assert facts(schemes, scheme, text).kind == kind


@pytest.mark.parametrize("text", ["G12345678", "141234567", "S.1234567", "P1234567"])
def test_an_old_form_is_said_and_accepted(schemes: SchemeSet, text: str) -> None:
    verdict = schemes["cn.passport"].validate(text)
    assert verdict.valid
    assert [issue.rule for issue in verdict.issues] == ["legacy_form"]


@pytest.mark.parametrize(
    ("scheme", "text", "value", "count"),
    [
        ("cn.hk_mo_permit", "H1234567802", "H12345678", 2),
        ("cn.hk_mo_permit", "H12345678", "H12345678", None),
        ("cn.tw_permit", "1234567803", "12345678", 3),
        ("cn.tw_permit", "1234567803(B)", "12345678", 3),
    ],
)
def test_re_issues_are_counted_apart_from_the_lifelong_number(
    schemes: SchemeSet, scheme: str, text: str, value: str, count: int | None
) -> None:
    assert schemes[scheme].compact(text) == value
    assert facts(schemes, scheme, text).issue_count == count


@pytest.mark.parametrize(("text", "sex"), [("A123456789", "1"), ("A800000014", "1"), ("FA12345689", "1")])
def test_a_taiwanese_number_tells_the_sex(schemes: SchemeSet, text: str, sex: str) -> None:
    scheme = "tw.national_id" if text[1] in "12" else "tw.residence"
    assert facts(schemes, scheme, text).sex == sex


@pytest.mark.parametrize(
    ("scheme", "text", "rule", "position"),
    [
        ("hk.hkid", "A123456(4)", "check_digit", 7),
        ("hk.hkid", "A1234X6(3)", "characters", 5),
        ("cn.passport", "EI1234567", "characters", 1),
        ("cn.passport", "E1234567A", "characters", 8),
        ("tw.national_id", "A123456788", "check_digit", 9),
        ("mo.bir", "21234567", "characters", 0),
    ],
)
def test_an_error_stands_where_it_is(schemes: SchemeSet, scheme: str, text: str, rule: str, position: int) -> None:
    (issue,) = schemes[scheme].validate(text).issues
    assert (issue.rule, issue.position) == (rule, position)


@given(
    st.text(string.ascii_uppercase, min_size=1, max_size=2),
    st.text(string.digits, min_size=6, max_size=6),
    st.integers(0, 8),
    st.sampled_from(string.digits),
)
def test_a_wrong_digit_of_a_hong_kong_number_is_found(
    schemes: SchemeSet, letters: str, digits: str, at: int, digit: str
) -> None:
    # Every weight is coprime to 11, so that no single substitution of digits stays unseen.
    number = letters + digits
    number += hkid_check(number + "0")[1]
    assert schemes["hk.hkid"].is_valid(number)
    at = len(letters) + at % 6
    wrong = number[:at] + digit + number[at + 1 :]
    assert schemes["hk.hkid"].is_valid(wrong) == (wrong == number)


@given(st.sampled_from(string.ascii_uppercase), st.sampled_from("12"), st.text(string.digits, min_size=7, max_size=7))
def test_exactly_one_last_digit_of_a_taiwanese_number_is_right(
    schemes: SchemeSet, letter: str, sex: str, digits: str
) -> None:
    first = letter + sex + digits
    right = [last for last in string.digits if schemes["tw.national_id"].is_valid(first + last)]
    assert right == [tw_check(first + "0")[1]]


def test_a_shape_of_one_s_own() -> None:
    scheme = ShapedScheme("bank.staff", source="the bank's own rule", shapes=(Shape("Y[12]###%", "staff"),))
    assert scheme.compact("y1-234a") == "Y1234A"
    assert [(i.rule, i.position) for i in scheme.validate("Y1234O").issues] == [("characters", 5)]
