"""The field catalogue and the models that declare it."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif import Individual, Money, Organization, Sensitive, party_from
from bankcif._clock import SystemIds
from bankcif.errors import InputError, IntakeError
from bankcif.party import (
    CATALOGUE,
    FACT_COLUMNS,
    FORMS,
    NOT_STORABLE,
    DataGroup,
    PartyKind,
    Rest,
    Sensitivity,
    code_lists,
    facts_from,
    new_cif_no,
    party_to,
    valid_cif_no,
)
from bankcif.testing import strategies

PERSON, COMPANY = PartyKind.INDIVIDUAL, PartyKind.ORGANIZATION


def test_all_seven_data_groups_have_fields() -> None:
    assert {field.group for field in CATALOGUE[PERSON].values()} == set(DataGroup)


def test_the_nine_elements_of_due_diligence_are_there() -> None:
    # Name, sex, nationality, occupation, address, contact, and document type, number and validity (one unit).
    marked = {name for name, field in CATALOGUE[PERSON].items() if field.due_diligence}
    assert marked == {"name", "sex", "nationality", "occupation", "address", "phone", "identifiers"}


@pytest.mark.parametrize("kind", list(PartyKind))
def test_every_line_of_the_catalogue_is_sound(kind: PartyKind) -> None:
    model: Any = Individual if kind is PERSON else Organization
    assert set(FORMS[kind]) == {attribute.name for attribute in attrs.fields(model)}
    assert set(CATALOGUE[kind]) - set(FORMS[kind]) == {
        "consents",
        "flags",
        "holds",
        "relationships",
        "requests",
        "reviews",
        "states",
    }, "said through a flow of its own"
    for field in CATALOGUE[kind].values():
        assert field.zh
        assert field.en
        assert field.rests is not Rest.NEVER
        assert field.sensitivity is not Sensitivity.C3, "secrets are not storable"
        assert not (field.sensitivity is Sensitivity.C2S and field.rests is Rest.PLAIN)
        assert bool(field.reason) == (field.rests is Rest.PLAIN)
        if field.codes:
            assert code_lists()[field.codes].labels


def test_identifying_fields_never_rest_in_plain() -> None:
    for name in (
        "name",
        "former_name",
        "identifiers",
        "phone",
        "email",
        "address",
        "birth_date",
        "employer",
        "tax_number",
    ):
        assert CATALOGUE[PERSON][name].rests is not Rest.PLAIN
        assert name not in FACT_COLUMNS


@pytest.mark.parametrize("name", sorted(NOT_STORABLE))
def test_secrets_are_refused_by_name(name: str) -> None:
    with pytest.raises(IntakeError) as caught:
        party_from({"name": "张伟", name: "123456"}, Individual)
    assert [(fault.path, fault.rule) for fault in caught.value.faults] == [(f"$.{name}", "not_storable")]


def test_all_faults_of_a_mapping_come_at_once() -> None:
    with pytest.raises(IntakeError) as caught:
        party_from(
            {
                "name": 3,
                "birth_date": "1990-02-30",
                "identifiers": [{"number": "1"}],
                "aum": {"amount": 1.5, "currency": "CNY"},
                "x": 1,
            },
            Individual,
        )
    assert {(fault.path, fault.rule) for fault in caught.value.faults} == {
        ("$.name", "text"),
        ("$.birth_date", "date"),
        ("$.identifiers[0].scheme", "required"),
        ("$.aum", "money"),
        ("$.x", "unknown_field"),
    }


@given(strategies.forms())
def test_a_form_goes_out_and_in_again(form: dict[str, Any]) -> None:
    made = party_from(form, Individual)
    assert party_from(json.loads(json.dumps(party_to(made))), Individual) == made


def test_sensitive_input_prints_its_mask_and_does_not_leave() -> None:
    held = Sensitive("张伟")
    assert held.unwrap() == "张伟"
    for shown in (str(held), repr(held), f"{held}", f"{held:>10}", f"{held!r}"):
        assert "张伟" not in shown
    for leave in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            leave(held)
    assert held == Sensitive("张伟")
    assert held != "张伟"
    assert len({held, Sensitive("张伟")}) == 1


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1.23", "CNY", 123), ("100", "JPY", 100), ("1.234", "KWD", 1234), ("-5", "CNY", -500)],
)
def test_money_rests_as_minor_units(amount: str, currency: str, minor: int) -> None:
    money = Money(amount, currency)
    assert money.minor == minor
    assert Money.of_minor(minor, currency) == money


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.234", "CNY"),
        ("0.5", "JPY"),
        ("NaN", "CNY"),
        ("Infinity", "CNY"),
        ("x", "CNY"),
        ("1", "cny"),
        ("1e30", "CNY"),
    ],
)
def test_money_that_is_none_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(InputError):
        Money(amount, currency)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_money_round_trips(amount: Decimal) -> None:
    money = Money(amount, "CNY")
    assert Money.of_minor(money.minor, "CNY").amount == amount


def test_customer_numbers_are_valid_and_differ() -> None:
    numbers = {new_cif_no(SystemIds()) for _ in range(500)}
    assert len(numbers) == 500
    assert all(map(valid_cif_no, numbers))


@given(st.integers(1, 15), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXY"))
def test_one_wrong_character_of_a_customer_number_is_found(at: int, character: str) -> None:
    number = new_cif_no(SystemIds())
    wrong = number[:at] + character + number[at + 1 :]
    # 0 and Z are equal modulo 31: the one pair that the check character can not tell apart.
    assert valid_cif_no(wrong) == (wrong == number or {number[at], character} == {"0", "Z"})


def test_facts_hold_what_the_catalogue_allows_and_four_more() -> None:
    values = {
        "name": "张伟", "sex": "1", "customer_since": "1970-01-11", "address": {"code": "880101"}, "phone": "+86", "bounces": 2,
    }  # fmt: skip
    facts = facts_from(PERSON, values, born="2008-11-25", today=date(2026, 11, 24))
    assert set(facts) == set(FACT_COLUMNS)
    told = {name: value for name, value in facts.items() if value is not None}
    assert told == {
        "kind": "individual", "sex": "1", "customer_since": 10, "bounces": 2, "prefecture": "8801", "birth_year": 2008,
        "age_class": 2, "age_class_on": 20781,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("born", "age_class"),
    [("2012-11-25", 0), ("2012-11-24", 1), ("2008-11-24", 3), ("1966-11-24", 5), ("1980-11-25", 3)],
)
def test_age_classes_by_hand(born: str, age_class: int) -> None:
    assert facts_from(PERSON, {}, born=born, today=date(2026, 11, 24))["age_class"] == age_class


@pytest.mark.parametrize(
    ("codes", "text", "code"),
    [
        ("sex", "男", "1"),
        ("sex", "F", "2"),
        ("sex", "1", "1"),
        ("sex", "?", None),
        ("country", "CHN", "CN"),
        ("country", "中国", "CN"),
        ("country", "156", "CN"),
        ("country", "美国", "US"),
    ],
)
def test_codes_are_read_in_any_spelling(codes: str, text: str, code: str | None) -> None:
    assert code_lists()[codes].read(text) == code
