"""A capture standard as JSON Schema and form: what the library accepts, a front end accepts."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator

from bankcif.identifiers import SchemeSet
from bankcif.intake import CaptureStandard, Standardizer, capture_standards, form_description, json_schema
from bankcif.party import FORMS, FieldType, PartyKind, ReferenceTables, document_types
from bankcif.testing import strategies
from bankcif.wording import AddressBook

TODAY = date(2026, 11, 24)
STANDARDS = list(capture_standards())
IDS = [f"{one.kind.value}-{one.occasion}" for one in STANDARDS]


@pytest.fixture(scope="module")
def standardizer(tables: ReferenceTables, schemes: SchemeSet) -> Standardizer:
    return Standardizer(schemes=schemes, addresses=AddressBook(tables.divisions), codes=tables.codes)


def accepted(standardizer: Standardizer, standard: CaptureStandard, values: dict[str, Any]) -> bool:
    form = standardizer.standardize(standard.kind, values)
    return not standard.check(form, today=TODAY).refused


def by_schema(standard: CaptureStandard, values: dict[str, Any]) -> bool:
    return bool(Draft202012Validator(json_schema(standard)).is_valid(values))


words = st.sampled_from(["", " ", "无", "1", "男", "19900307", "1990-03-07", "15412345670", "a@b.cn", "王芳", "123"])
plain = st.recursive(
    words | strategies.texts | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["scheme", "number", "amount", "currency", "valid_until", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
documents = st.lists(
    st.fixed_dictionaries(
        {"scheme": st.sampled_from(["cn.resident_id", "passport", " passport", "cn.uscc", "bank.no"]),
         "number": strategies.resident_ids() | st.sampled_from(["C01X00T47", "91350100M000100Y43", ""])},
        optional={"valid_until": words | st.none(), "long_term": st.booleans() | st.none()},
    ),
    max_size=2,
)  # fmt: skip


@st.composite
def forms(draw: st.DrawFn, kind: PartyKind) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from([*FORMS[kind], "unknown"]), max_size=5, unique=True))
    values = {name: draw(words | plain) for name in names}
    for name, some in (("name", words), ("phone", words), ("identifiers", documents)):
        if draw(st.booleans()):
            values[name] = draw(some)
    return values


@pytest.mark.parametrize("standard", STANDARDS, ids=IDS)
@given(data=st.data())
def test_a_schema_never_refuses_what_the_library_accepts(
    standardizer: Standardizer, standard: CaptureStandard, data: st.DataObject
) -> None:
    values = data.draw(forms(standard.kind))
    assert by_schema(standard, values) or not accepted(standardizer, standard, values)


@pytest.mark.parametrize("standard", STANDARDS, ids=IDS)
def test_it_is_a_schema_and_both_refuse_an_empty_form(standardizer: Standardizer, standard: CaptureStandard) -> None:
    Draft202012Validator.check_schema(json_schema(standard))
    assert json.loads(json.dumps(json_schema(standard))) == json_schema(standard)
    assert not by_schema(standard, {})
    assert not accepted(standardizer, standard, {})


GOOD = {"name": "王芳", "identifiers": [{"scheme": "passport", "number": "C01X00T47"}], "phone": "15412345670",
        "nationality": "US", "birth_date": "1990-03-07"}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"name": None}, {"name": ""}, {"name": "王" * 101}, {"phone": None}, {"nationality": None}, {"identifiers": []},
        {"identifiers": [{"scheme": "passport"}]}, {"identifiers": "x"}, {"colour": "red"}, {"employer": "a\x07"},
        {"identifiers": [{"scheme": "passport", "number": "C01X00T47", "colour": "red"}]},
        {"aum": "12"}, {"bounces": []},
        {"balances": [{"month": "2026-10", "average": {"amount": "1", "currency": "CNY"}}]},
        {"tax_residences": [{"country": "SG"}]}, {"tax_residences": [{"tin": "S1"}]}, {"tax_residence": "BOTH"},
    ],
    ids=str,
)  # fmt: skip
def test_both_refuse(standardizer: Standardizer, change: dict[str, Any]) -> None:
    standard = capture_standards().of(PartyKind.INDIVIDUAL, "account")
    assert by_schema(standard, GOOD)
    assert accepted(standardizer, standard, GOOD)
    values = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    assert not by_schema(standard, values)
    assert not accepted(standardizer, standard, values)


@pytest.mark.parametrize("standard", STANDARDS, ids=IDS)
def test_a_form_tells_each_field_in_both_languages(tables: ReferenceTables, standard: CaptureStandard) -> None:
    form = form_description(standard, codes=tables.codes, document_types=document_types())
    names = [field["name"] for field in form["fields"]]
    assert names[: len(standard.required)] == list(standard.required)
    assert sorted(names) == sorted(FORMS[standard.kind])
    parts = [part for field in form["fields"] for part in field.get("fields", ())]
    for field in (*form["fields"], *parts):
        assert field["label"]["zh"]
        assert field["label"]["en"]
    for field in form["fields"]:
        assert field["required"] == (field["name"] in standard.required)
        if FORMS[standard.kind][field["name"]].type is FieldType.CODE:
            assert field["options"]
        if "pattern" in field:
            re.compile(field["pattern"])
    taxed = next(field for field in form["fields"] if field["name"] == "tax_residences")
    assert taxed["one_of"] == ["tin", "no_tin"]
    assert {"value": "SG", "zh": "新加坡", "en": "Singapore"} in taxed["fields"][0]["options"]
    documents = next(field for field in form["fields"] if field["name"] == "identifiers")
    assert {"value": "hk.hkid", "document": "hkid", "zh": "香港身份证", "en": "Hong Kong identity card"} in documents[
        "options"
    ]


def test_every_option_of_a_form_is_accepted(standardizer: Standardizer, tables: ReferenceTables) -> None:
    standard = capture_standards().of(PartyKind.INDIVIDUAL, "account")
    form = form_description(standard, codes=tables.codes, document_types=document_types())
    for field in form["fields"]:
        for option in field.get("options", ()) if field["input"] == "select" else ():
            abroad = {"tax_residences": [{"country": "SG", "no_tin": "not_issued"}]}
            values = {**GOOD, **abroad, field["name"]: option["value"]}
            assert accepted(standardizer, standard, values), field["name"]
            assert by_schema(standard, values)
