"""Standardizing and capture standards: every fault at once, by path and rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from bankcif.identifiers import SchemeSet
from bankcif.identifiers.cn import check_character
from bankcif.intake import Standardizer, capture_standards
from bankcif.party import CATALOGUE, Money, PartyKind, ReferenceTables
from bankcif.testing import strategies
from bankcif.wording import AddressBook

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def standardizer(tables: ReferenceTables, schemes: SchemeSet) -> Standardizer:
    return Standardizer(
        schemes=schemes,
        addresses=AddressBook(tables.divisions, postcode_zones=tables.small.postcode_zones),
        codes=tables.codes,
    )


def checked(
    standardizer: Standardizer, values: dict[str, Any], occasion: str = "lead"
) -> tuple[Any, set[tuple[str, str, str]]]:
    form = standardizer.standardize(PartyKind.INDIVIDUAL, values)
    form = capture_standards().of(PartyKind.INDIVIDUAL, occasion).check(form, today=TODAY)
    return form, {(fault.path, fault.rule, fault.severity) for fault in form.faults}


def test_a_form_is_brought_to_the_bank_s_form_and_keeps_what_was_written(standardizer: Standardizer) -> None:
    form, faults = checked(
        standardizer,
        {
            "name": "張偉 ", "sex": "男", "birth_date": "19491231", "phone": "１３８-0013-8001",
            "identifiers": [{"scheme": "cn.resident_id", "number": "110105491231001", "valid_until": "长期"}],
            "address": "星河市长庚区银河路1号", "nationality": "CHN", "occupation": "8", "employer": "某公司",
        },
        "account",
    )  # fmt: skip
    assert form.values == {
        "name": "張偉",
        "sex": "1",
        "birth_date": "1949-12-31",
        "phone": "+8613800138001",
        "identifiers": [{"scheme": "cn.resident_id", "number": "110105194912310011", "long_term": True}],
        "address": {
            "text": "星河市长庚区银河路1号",
            "code": "880101",
            "region": ["云汉省", "星河市", "长庚区"],
            "detail": "银河路1号",
            "key": "银河路|1",
        },
        "nationality": "CN",
        "occupation": "8",
        "employer": "某公司",
    }
    assert form.given["name"] == "張偉 "
    assert form.given["phone"] == "１３８-0013-8001"
    assert faults == {("$.identifiers[0].number", "legacy_15", "warning")}


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"name": "张\x00伟"}, ("$.name", "control_character", "error")),
        ({"name": "张\u202e伟"}, ("$.name", "control_character", "error")),
        ({"name": "张\ud800"}, ("$.name", "control_character", "error")),
        ({"name": "张" * 101}, ("$.name", "too_long", "error")),
        ({"name": "张3"}, ("$.name", "characters", "error")),
        ({"name": "<b>张</b>"}, ("$.name", "characters", "error")),
        ({"name": "张"}, ("$.name", "single_character", "warning")),
        ({"name": "无"}, ("$.name", "placeholder", "warning")),
        ({"name": "无"}, ("$.name", "required", "error")),
        ({"name": 3}, ("$.name", "text", "error")),
        ({"birth_date": "19900231"}, ("$.birth_date", "date", "error")),
        ({"birth_date": "2027-01-01"}, ("$.birth_date", "future", "error")),
        ({"birth_date": "1850-01-01"}, ("$.birth_date", "age", "warning")),
        ({"birth_date": "1900-01-01"}, ("$.birth_date", "placeholder", "warning")),
        ({"sex": "?"}, ("$.sex", "code", "error")),
        ({"phone": "abc"}, ("$.phone", "not_possible", "error")),
        ({"email": "a"}, ("$.email", "at_sign", "error")),
        ({"bounces": "many"}, ("$.bounces", "number", "error")),
        ({"aum": {"amount": "1.001", "currency": "CNY"}}, ("$.aum", "money", "error")),
        ({"aum": {"amount": "NaN", "currency": "CNY"}}, ("$.aum", "money", "error")),
        ({"aum": "1"}, ("$.aum", "money", "error")),
        ({"shoe_size": "42"}, ("$.shoe_size", "unknown_field", "error")),
        ({"address": "见身份证"}, ("$.address", "placeholder", "warning")),
        ({"address": "310012 上海市徐汇区银河路1号"}, ("$.address", "postcode_region", "warning")),
        ({"address": "上海市徐汇区银河路1号 邮编：310012"}, ("$.address", "postcode_region", "warning")),
        ({"address": "Lane 1"}, ("$.address", "region_unresolved", "info")),
        ({"identifiers": [{"scheme": "x.y", "number": "A17"}]}, ("$.identifiers[0].scheme", "unknown_scheme", "error")),
        (
            {"identifiers": [{"scheme": "cn.resident_id", "number": "110105194912310021"}]},
            ("$.identifiers[0].number", "check_digit", "error"),
        ),
        (
            {
                "identifiers": [
                    {"scheme": "bank.no", "number": "A17", "valid_from": "20200101", "valid_until": "20190101"}
                ]
            },
            ("$.identifiers[0].valid_until", "validity_order", "error"),
        ),
        (
            {"identifiers": [{"scheme": "bank.no", "number": "A17", "valid_until": "20200101"}]},
            ("$.identifiers[0].valid_until", "document_expired", "warning"),
        ),
        (
            {"birth_date": "1949-12-30", "identifiers": [{"scheme": "cn.resident_id", "number": "11010519491231002X"}]},
            ("$.birth_date", "id_birth_date", "warning"),
        ),
        (
            {"sex": "1", "identifiers": [{"scheme": "cn.resident_id", "number": "11010519491231002X"}]},
            ("$.sex", "id_sex", "warning"),
        ),
        ({}, ("$.phone", "conditional", "error")),
    ],
)
def test_a_fault_has_its_path_and_rule(
    standardizer: Standardizer, values: dict[str, Any], fault: tuple[str, str, str]
) -> None:
    assert fault in checked(standardizer, values)[1]


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"employer": "不详"}, "$.employer"),
        ({"former_name": "N/A"}, "$.former_name"),
        ({"email": "test@test.com"}, "$.email"),
        ({"phone": "13800000000"}, "$.phone"),
        ({"occupation": "无"}, "$.occupation"),
        ({"birth_date": "00000000"}, "$.birth_date"),
        ({"birth_date": "1970/01/01"}, "$.birth_date"),
        ({"birth_date": date(1970, 1, 1)}, "$.birth_date"),
        ({"customer_since": "19000101"}, "$.customer_since"),
        ({"tax_number": "-"}, "$.tax_number"),
        ({"identifiers": [{"scheme": "passport", "number": "无"}]}, "$.identifiers[0].number"),
        ({"identifiers": [{"scheme": "cn.resident_id", "number": "111111111111111111"}]}, "$.identifiers[0].number"),
        ({"identifiers": [{"scheme": "passport", "number": "C01X00T47", "issuer": "null"}]}, "$.identifiers[0].issuer"),
        ({"identifiers": [{"scheme": "passport", "number": "C01X00T47", "valid_from": "1900-01-01"}]},
         "$.identifiers[0].valid_from"),
        ({"interactions": [{"channel": "app", "type": "1", "on": "2026-01-02", "outcome": "暂无"}]},
         "$.interactions[0].outcome"),
    ],
)  # fmt: skip
def test_a_filler_is_missing_with_its_reason_in_every_field(
    standardizer: Standardizer, values: dict[str, Any], path: str
) -> None:
    form, faults = checked(standardizer, values)
    assert (path, "placeholder", "warning") in faults
    name = path.removeprefix("$.").partition("[")[0]
    if "[" not in path:
        assert name not in form.values
        assert name in form.given, "what was written is not lost"
    else:
        assert all(path.rpartition(".")[2] not in child for child in form.values.get(name, ()))


def test_a_filler_day_that_the_resident_id_says_too_is_a_birthday(standardizer: Standardizer) -> None:
    number = "11010519700101002" + check_character("11010519700101002")
    mine = {"birth_date": "1970-01-01", "identifiers": [{"scheme": "cn.resident_id", "number": number}]}
    form, faults = checked(standardizer, mine)
    assert form.values["birth_date"] == "1970-01-01"
    assert not any(rule == "placeholder" for _, rule, _ in faults)


@pytest.mark.parametrize(
    "text",
    [
        "310012 浙江省杭州市西湖区银河路1号",
        "浙江杭州银河路1号(310012)",
        "银河路1号 310012",
        "上海市徐汇区银河路1号310012室",
    ],
)
def test_a_fitting_or_unclear_postcode_says_nothing(standardizer: Standardizer, text: str) -> None:
    _, faults = checked(standardizer, {"address": text})
    assert not any(rule == "postcode_region" for _, rule, _ in faults)


def test_codes_and_counts_are_no_fillers(standardizer: Standardizer) -> None:
    form, _faults = checked(
        standardizer, {"sex": "0", "bounces": "0", "transactions": [
            {"period": "2026-01", "channel": "app", "type": "1", "count": "1"}]},
    )  # fmt: skip
    assert form.values["sex"] == "0"
    assert form.values["bounces"] == 0
    assert form.values["transactions"] == [{"period": "2026-01", "channel": "app", "type": "1", "count": 1}]


@pytest.mark.parametrize(
    ("hour", "kept"), [(0, 0), ("0", 0), (" 23 ", 23), (24, None), (-1, None), ("9:30", None), (True, None)]
)
def test_an_hour_is_one_of_the_day(standardizer: Standardizer, hour: object, kept: int | None) -> None:
    form, faults = checked(
        standardizer, {"transactions": [{"period": "2026-01", "channel": "app", "type": "1", "count": 1, "hour": hour}]}
    )
    found = [row["hour"] for row in form.values.get("transactions", [])]
    assert found == ([] if kept is None else [kept])
    rule = "hour" if type(hour) is int else "number"
    told = [(path, rule) for path, rule, _ in faults if path.startswith("$.transactions")]
    assert told == ([] if kept is not None else [("$.transactions[0].hour", rule)])


def test_a_monthly_balance_has_a_month_of_the_calendar_a_book_and_an_average(standardizer: Standardizer) -> None:
    whole = {"month": "2026/10", "book": " 0001 ", "average": Money("5000.00", "CNY")}
    form, faults = checked(standardizer, {"balances": [whole, {**whole, "month": "202611"}]})
    stored = {"minor": 500000, "currency": "CNY"}
    assert form.values["balances"] == [
        {"month": "2026-10", "book": "0001", "average": stored}, {"month": "2026-11", "book": "0001", "average": stored},
    ]  # fmt: skip
    assert not [path for path, _, _ in faults if "balances" in path]
    for change, rule in (
        ({"month": "2026-13"}, "month"), ({"month": "2026-10-15"}, "month"), ({"month": 202610}, "month"), ({"month": ""}, "month"),
        ({"book": ""}, "required"), ({"book": None}, "required"), ({"average": None}, "required"), ({"average": "5"}, "money"),
    ):  # fmt: skip
        form, faults = checked(standardizer, {"balances": [{**whole, **change}]})
        ((name, _),) = [(name, value) for name, value in change.items()]
        assert [(path, one) for path, one, _ in faults if "balances" in path] == [(f"$.balances[0].{name}", rule)], (
            change
        )
        assert not form.values.get("balances")


def test_a_tax_residence_has_a_country_and_a_number_or_why_there_is_none(standardizer: Standardizer) -> None:
    whole = {"country": "新加坡", "tin": " S 12 ", "certified_on": date(2026, 11, 2), "evidence": "form 7"}
    form, faults = checked(standardizer, {"tax_residences": [whole, {"country": "US", "no_tin": "not_issued"}]})
    assert form.values["tax_residences"] == [
        {"country": "SG", "tin": "S 12", "certified_on": "2026-11-02", "evidence": "form 7"}, {"country": "US", "no_tin": "not_issued"},
    ]  # fmt: skip
    assert not [path for path, _, _ in faults if "tax" in path]
    for change, at, rule in (
        ({"country": "Atlantis"}, "country", "code"), ({"country": None}, "country", "required"), ({"tin": None}, "tin", "one_of_two"),
        ({"no_tin": "not_issued"}, "tin", "one_of_two"), ({"tin": None, "no_tin": "lost"}, "no_tin", "code"),
        ({"certified_on": "2026-13-01"}, "certified_on", "date"), ({"certified_on": "长期"}, "certified_on", "date"),
    ):  # fmt: skip
        form, faults = checked(standardizer, {"tax_residences": [{**whole, **change}]})
        assert [(path, one) for path, one, _ in faults if "tax" in path] == [(f"$.tax_residences[0].{at}", rule)]
        assert not form.values.get("tax_residences")


def test_of_one_country_somebody_certifies_one_thing(standardizer: Standardizer) -> None:
    rows = [{"country": "SG", "tin": "1"}, {"country": "新加坡", "no_tin": "not_issued"}]
    form, faults = checked(standardizer, {"tax_residences": rows})
    assert [(path, one) for path, one, _ in faults if "tax" in path] == [("$.tax_residences", "twice")]
    assert not form.values.get("tax_residences")
    day = datetime(2024, 1, 1, 10, tzinfo=UTC)
    form, _ = checked(
        standardizer, {"birth_date": day, "tax_residences": [{"country": "SG", "tin": "1", "certified_on": day}]}
    )
    assert form.values["tax_residences"][0]["certified_on"] == form.values["birth_date"] == "2024-01-01"


@pytest.mark.parametrize(
    ("stated", "countries", "fits"),
    [
        ("CN", ["CN"], True), ("CN", ["CN", "US"], False), ("CN", ["US"], False), ("FOREIGN", ["US", "SG"], True), ("FOREIGN", ["US", "CN"], False),
        ("FOREIGN", ["CN"], False), ("BOTH", ["US"], True), ("BOTH", ["US", "CN"], True), ("BOTH", ["CN"], False),
    ],
)  # fmt: skip
def test_countries_that_do_not_fit_what_is_stated_are_told(
    standardizer: Standardizer, stated: str, countries: list[str], fits: bool
) -> None:
    rows = [{"country": one, "tin": "1"} for one in countries]
    _, faults = checked(standardizer, {"tax_residence": stated, "tax_residences": rows})
    told = [(path, one, severity) for path, one, severity in faults if "tax" in path]
    assert told == ([] if fits else [("$.tax_residence", "tax_residence_countries", "warning")])


def test_a_refused_value_is_not_also_missing(standardizer: Standardizer) -> None:
    _, faults = checked(standardizer, {"name": "张3", "phone": "abc"})
    assert {rule for _, rule, _ in faults} == {"characters", "not_possible"}


def test_all_faults_come_at_once(standardizer: Standardizer) -> None:
    form, faults = checked(standardizer, {"name": "张3", "phone": "abc", "birth_date": "x", "sex": "?"}, "account")
    assert form.refused
    assert {path for path, _, severity in faults if severity == "error"} == {
        "$.name", "$.phone", "$.birth_date", "$.sex", "$.identifiers",
    }  # fmt: skip


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(CATALOGUE[PartyKind.INDIVIDUAL])), anything, max_size=6))
def test_no_value_of_any_type_raises(standardizer: Standardizer, values: dict[str, Any]) -> None:
    form, faults = checked(standardizer, values)
    assert set(form.values) <= set(CATALOGUE[PartyKind.INDIVIDUAL])
    assert all(path.startswith("$") for path, _, _ in faults)


@given(strategies.forms())
def test_standardizing_twice_changes_nothing(standardizer: Standardizer, values: dict[str, Any]) -> None:
    once = standardizer.standardize(PartyKind.INDIVIDUAL, values)
    again = {**once.values, **({"address": once.values["address"]["text"]} if "address" in once.values else {})}
    assert standardizer.standardize(PartyKind.INDIVIDUAL, again).values == once.values
