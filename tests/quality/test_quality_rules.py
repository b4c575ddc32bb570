"""Quality rules: alike for one customer and for many, figures that add up, and books that say what is wrong with them."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st
from tests.tagging.customers import TODAY, customers, frames

from bankcif.errors import InputError, RuleError
from bankcif.identifiers import check_character, standard_schemes
from bankcif.party import PartyKind, ReferenceTables
from bankcif.quality import (
    COUNTED,
    Dimension,
    Figure,
    Finding,
    Gauge,
    Outcome,
    QualityRule,
    RuleBook,
    dated_fields,
    figures_in_columns,
    quality_schema,
    starter_rules,
    wilson,
)
from bankcif.rules import Kind, days, opened_record, parse
from bankcif.wording import AddressBook

STARTER = starter_rules()
TABLES = ReferenceTables()
GAUGE = Gauge(standard_schemes(zone=ZoneInfo("Asia/Shanghai"), tables=TABLES), AddressBook(TABLES.divisions))
_TYPES = {
    Kind.TEXT: st.sampled_from([None, "placeholder", "length", "1", "2"]), Kind.BOOLEAN: st.sampled_from([None, True, False]),
    Kind.INTEGER: st.sampled_from([None, 0, 1, 2, 5, 11]), Kind.DATE: st.none() | st.integers(days(TODAY) - 800, days(TODAY) + 40),
}  # fmt: skip
measured = st.fixed_dictionaries(
    {name: _TYPES[field.kind] for name, field in quality_schema().items() if name not in opened_record({}, {}) and field.kind is not Kind.AGE}
)  # fmt: skip
examined = st.builds(lambda record, more, state: {**record, **more, "life_cycle": state},
                     customers, measured, st.sampled_from(["active", "active", "dormant", "closed"]))  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(examined, min_size=1, max_size=6))
def test_many_customers_at_once_come_out_as_each_does_alone(records: list[dict[str, Any]]) -> None:
    own, rows = frames(records, quality_schema())
    found = STARTER.in_columns(own, key="key", today=TODAY, collections=rows).sort("key")
    places = list(Outcome)
    alone: dict[str, Figure] = dict.fromkeys(STARTER.names, Figure())
    for n, record in enumerate(records):
        row = found.row(n, named=True)
        each = STARTER.examine(record, TODAY)
        assert {name: places[row[name]] for name in STARTER.names} == each
        alone = {name: alone[name] + Figure.of(outcome) for name, outcome in each.items()}
    assert figures_in_columns(STARTER, found) == {None: alone}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(examined, st.sampled_from("ABC")), min_size=1, max_size=8))
def test_figures_of_branches_add_up_to_those_of_the_bank(records: list[tuple[dict[str, Any], str]]) -> None:
    own, rows = frames([record for record, _ in records], quality_schema())
    own = own.with_columns(own["key"].replace_strict(dict(enumerate(b for _, b in records))).alias("unit"))
    found = STARTER.in_columns(own, key="key", today=TODAY, collections=rows).join(own.select("key", "unit"), on="key")
    whole, parts = figures_in_columns(STARTER, found)[None], figures_in_columns(STARTER, found, by="unit")
    assert {unit for _, unit in records} == parts.keys()
    for name, figure in whole.items():
        assert sum((one[name] for one in parts.values()), Figure()) == figure
        assert figure.denominator + figure.not_applicable + figure.not_checked == len(records)


@settings(max_examples=30, deadline=None)
@given(examined)
def test_nothing_comes_out_otherwise_before_the_day_that_is_told(record: dict[str, Any]) -> None:
    first, turns, day = STARTER.examine(record, TODAY), STARTER.next_change(record, TODAY), TODAY
    for _ in range(90):
        day += timedelta(days=1)
        if turns is not None and day >= turns:
            break
        assert STARTER.examine(record, day) == first


def rule(name: str = "there", passes: str = "has_phone = true", **more: Any) -> QualityRule:
    parts = {part: parse(more.pop(part)) for part in ("applies", "checkable") if part in more}
    said = {"dimension": "completeness", "finding": "missing", "field": "phone", "zh": "有", "en": "There", **more}
    return QualityRule(name=name, passes=parse(passes), **parts, **said)


def test_what_asks_nothing_and_what_cannot_be_told_is_neither_right_nor_wrong() -> None:
    book = RuleBook.of("1", rule(kind="individual", applies="nationality = 'CN'", checkable="has_email = true"))
    table = [
        ({"kind": "organization"}, {}, Outcome.NOT_APPLICABLE),
        ({"kind": "individual"}, {"nationality": "US"}, Outcome.NOT_APPLICABLE),
        ({"kind": "individual"}, {"nationality": "CN"}, Outcome.NOT_CHECKED),
        ({"kind": "individual"}, {"nationality": "CN", "email": "a@b.cn"}, Outcome.FAILED),
        ({"kind": "individual"}, {"nationality": "CN", "email": "a@b.cn", "phone": "+8615400000000"}, Outcome.PASSED),
    ]
    for party, values, outcome in table:
        assert book.examine(opened_record(party, values), TODAY) == {"there": outcome}


def test_the_starter_rules_are_of_every_dimension_for_persons_and_companies() -> None:
    assert len(STARTER.rules) >= 50
    assert {one.dimension for one in STARTER.rules.values()} == set(Dimension)
    assert {one.finding for one in STARTER.rules.values()} == set(Finding) - {Finding.REPORTED}
    assert {one.kind for one in STARTER.rules.values()} == {None, "individual", "organization"}
    assert RuleBook.from_document(STARTER.document()).digest == STARTER.digest
    fresh = {one.field for one in STARTER.rules.values() if one.dimension is Dimension.TIMELINESS}
    assert set(dated_fields()) <= fresh


@pytest.mark.parametrize(("document", "problem"), [
    ({"version": "1"}, "a book of quality rules has"),
    ({"version": "1", "rule": {}}, "1 to 500 rules"),
    ({"version": "1", "rule": {"a": {"passes": "true"}}}, "rule a: something is missing"),
    ({"version": "1", "rule": {"A": {"passes": "true", "dimension": "validity", "finding": "invalid", "field": "phone", "zh": "甲", "en": "a"}}},
     "a rule's name is of small letters"),
    ({"version": "1", "rule": {"a": {"passes": "nobody = 1", "dimension": "validity", "finding": "invalid", "field": "phone", "zh": "甲", "en": "a"}}},
     "rule a, passes:"),
    ({"version": "1", "rule": {"a": {"passes": "(", "dimension": "validity", "finding": "invalid", "field": "phone", "zh": "甲", "en": "a"}}},
     "rule a, passes:"),
    ({"version": "1", "rule": {"a": {"passes": "true", "dimension": "validity", "finding": "invalid", "field": "shoe", "zh": "甲", "en": "a"}}},
     "there is no field shoe"),
    ({"version": "1", "rule": {"a": {"passes": "true", "dimension": "validity", "finding": "reported", "field": "phone", "zh": "甲", "en": "a"}}},
     "needs no rule"),
    ({"version": "1", "rule": {"a": {"passes": "true", "dimension": "validity", "finding": "invalid", "field": "phone", "zh": "甲", "en": "a", "fix_days": 0}}},
     "within 1 to 366 days"),
    ({"version": "1", "rule": {"a": {"passes": "true", "dimension": "beauty", "finding": "invalid", "field": "phone", "zh": "甲", "en": "a"}}},
     "wrong type"),
    ({"version": "1", "rule": {"a": {"passes": "true", "color": "red"}}}, "it may have"),
])  # fmt: skip
def test_a_book_that_does_not_fit_is_refused_with_its_rule(document: dict[str, Any], problem: str) -> None:
    with pytest.raises(RuleError, match=problem.replace("(", r"\(")):
        RuleBook.from_document(document)


@pytest.mark.parametrize(("right", "checked", "low", "high"), [
    # Source: Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3 (Wilson without correction).
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718),
])  # fmt: skip
def test_the_interval_of_a_sample_is_that_of_the_literature(right: int, checked: int, low: float, high: float) -> None:
    found = wilson(right, checked)
    assert (round(found[0], 4), round(found[1], 4)) == (low, high)


def test_of_an_empty_sample_nothing_is_known_and_no_more_can_be_right_than_checked() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(9, 9)[1] == 1.0
    with pytest.raises(InputError):
        wilson(2, 1)


def looked(values: dict[str, Any], kind: PartyKind = PartyKind.INDIVIDUAL, **more: Any) -> dict[str, Any]:
    return GAUGE.measured(kind, values, **{"confirmed": {}, "counted": {}, "sources": 1, **more})


ID = "33010619900307002"  # of a day and an order that nobody checks
ID += check_character(ID)


@pytest.mark.parametrize(("values", "found"), [
    ({"phone": "+8615400000001"}, {"phone_error": None, "phone_sharing": 1, "email_sharing": None}),
    ({"phone": "+8613800138000"}, {"phone_error": None, "phone_warning": "placeholder"}),
    ({"phone": "123"}, {"phone_error": "short_code"}),
    ({"email": "li@gmial.com"}, {"email_error": None, "email_warning": "domain_typo"}),
    ({"email": "li.example"}, {"email_error": "at_sign"}),
    ({"name": "测试"}, {"name_fault": "placeholder"}), ({"name": "李2"}, {"name_fault": "characters"}),
    ({"name": "李"}, {"name_fault": "length"}), ({"name": "李明"}, {"name_fault": None}),
    ({"name": "李明", "pinyin_name": "LI MING"}, {"pinyin_fits": True}), ({"name": "李明", "pinyin_name": "MING LI"}, {"pinyin_fits": True}),
    ({"name": "李明", "pinyin_name": "WANG MING"}, {"pinyin_fits": False}), ({"name": "John Smith", "pinyin_name": "JOHN SMITH"}, {"pinyin_fits": None}),
    ({"address": {"text": "浙江省杭州市西湖区文三路1号"}}, {"address_levels": 3, "address_detail": True, "address_former": False, "address_fault": None}),
    ({"address": {"text": "同上"}}, {"address_levels": 0, "address_detail": False, "address_fault": "placeholder"}),
    ({"identifiers": [{"scheme": "cn.resident_id", "number": ID}]},
     {"has_resident_id": True, "resident_ids": 1, "identifiers_error": None, "resident_id_born": days(date.fromisoformat(f"{ID[6:10]}-{ID[10:12]}-{ID[12:14]}"))}),
    ({"identifiers": [{"scheme": "cn.resident_id", "number": ID[:-1] + ("0" if ID[-1] != "0" else "1")}]},
     {"has_resident_id": False, "identifiers_error": "check_digit", "resident_id_born": None}),
])  # fmt: skip
def test_what_is_seen_in_a_value_is_its_fault_and_never_the_value(
    values: dict[str, Any], found: dict[str, Any]
) -> None:
    seen = looked(values)
    assert {name: seen[name] for name in found} == found
    said = {one for value in values.values() for one in (value if isinstance(value, str) else "",) if one}
    assert said.isdisjoint(str(one) for one in seen.values())


def test_all_that_is_measured_is_what_rules_may_speak_of() -> None:
    seen = looked({}, confirmed={"phone": TODAY}, counted=Counter({"possible_matches": 2}))
    assert seen.keys() == quality_schema().keys() - opened_record({}, {}).keys() - {"age"}
    assert seen["confirmed_phone"] == days(TODAY)
    assert seen["possible_matches"] == 2
    assert set(COUNTED) <= seen.keys()
