"""Comparing, weighing, deciding, explaining."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from bankcif.matching import (
    COMPARATORS,
    Features,
    LinkPolicy,
    blocking_keys,
    clusters_of,
    default_model,
    evaluate,
    explain,
    features_of,
    table_of,
)
from bankcif.party import PartyKind
from bankcif.testing import strategies

PERSON, COMPANY = PartyKind.INDIVIDUAL, PartyKind.ORGANIZATION
IDENTIFYING = LinkPolicy().identifying
ID = "880101199003071098"


def person(**values: Any) -> Features:
    if "number" in values:
        values["identifiers"] = [{"scheme": "cn.resident_id", "number": values.pop("number")}]
    return features_of(PERSON, values, IDENTIFYING)


def level(comparator: str, one: Features, other: Features) -> str:
    table = table_of([one, other])
    levels = COMPARATORS[comparator].levels(table, table[::-1])
    assert levels[0] == levels[1], "a comparison is symmetric"
    return COMPARATORS[comparator].labels[int(levels[0])]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("张伟国", "张伟国", "identical"),
        ("張偉國", "张伟国", "variant form"),
        ("章炜国", "张伟国", "same reading or order"),
        ("单强", "山强", "same reading or order"),
        ("Weiguo Zhang", "张伟国", "same reading or order"),
        ("Weiguo Zhang", "张国伟", "different"),
        ("LYU Bu", "吕布", "same reading or order"),
        ("Peter Lee", "LEE Peter", "same reading or order"),
        ("Maria del Carmen Ruiz", "Ruiz Maria del Carmen", "same reading or order"),
        ("Bob Miller", "Robert Miller", "look-alike or familiar"),
        ("李未", "李末", "look-alike or familiar"),
        ("Gregor Miller", "Gregar Miller", "one edit"),
        ("Gregor Miller", "Gregor Muller", "one edit"),
        ("Jonathan Miller", "Jonathan Smith", "same surname or given name"),
        ("Jonathan Miller", "Peter Smith", "different"),
        ("Anna Miller", "Peter Miller", "same surname or given name"),
        ("张伟国", "张伟军", "one edit"),
        ("张伟国", "张国", "one edit"),
        ("张伟国", "张国伟", "one edit"),
        ("张炜国", "张伟军", "one edit"),
        ("张伟", "张强", "same surname or given name"),
        ("欧阳修", "欧阳锋", "one edit"),
        ("阿不都热合曼·买买提", "阿不都热合曼·买买题", "same reading or order"),
        ("阿不都热合曼·买买提", "阿不都热合曼·买买江", "one edit"),
        ("阿不都热合曼·买买提", "买买提·阿不都热合曼", "different"),
        ("张伟国", "李娜", "different"),
        ("", "张伟", "missing"),
    ],
)
def test_person_names(one: str, other: str, expected: str) -> None:
    assert level("person_name", person(name=one), person(name=other)) == expected


OTHER = "110105194912310029"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ID, ID, "equal"),
        (ID, ID[:16] + "08", "one edit"),
        (ID, ID[:15] + ID[16] + ID[15] + ID[17], "neighbours swapped"),
        (ID, OTHER, "different"),
    ],
)
def test_id_numbers(one: str, other: str, expected: str) -> None:
    assert level("id_number", person(number=one), person(number=other)) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (ID[:17], "other or no end"),
        (ID[:17] + "1", "other or no end"),
        (ID[:5] + ID[6:], "one edit"),
        ("123", "missing"),
    ],
)
def test_a_number_that_is_none_is_compared_but_never_equal(typed: str, expected: str) -> None:
    mistyped = features_of(PERSON, {}, IDENTIFYING, mistyped=typed)
    assert level("id_number", person(number=ID), mistyped) == expected
    assert level("id_number", mistyped, mistyped) != "equal"


def test_a_second_number_of_the_kind_is_looked_for_too() -> None:
    numbers = [{"scheme": "cn.resident_id", "number": number} for number in (OTHER, ID)]
    assert level("id_number", person(identifiers=numbers, birth_date="1990-03-07"), person(number=ID)) == "equal"


def test_one_number_beside_two_birth_dates_is_told_apart() -> None:
    def born(day: str) -> str:
        return level("id_number", person(number=ID), person(number=ID, birth_date=day))

    assert born("1990-03-07") == born("1990-03-08") == born("1990-07-03") == "equal"
    assert born("2018-11-25") == "equal with another birth date"


def documents(*pairs: tuple[str, str]) -> Features:
    return person(identifiers=[{"scheme": scheme, "number": number} for scheme, number in pairs])


def test_documents_are_compared_through_their_history() -> None:
    old, new = ("cn.passport", "E12345678"), ("cn.passport", "EA1234567")
    assert level("document", documents(old, new), documents(new)) == "equal"
    assert level("document", documents(old), documents(("cn.passport", "E12345679"))) == "one edit"
    assert level("document", documents(old), documents(new)) == "different"
    assert level("document", documents(old), person(name="张伟")) == "missing"
    assert level("document", documents(old), documents(("us.passport", "E12345678"))) == "different"


def test_a_document_that_identifies_is_told_apart() -> None:
    identifying = IDENTIFYING | {"cn.passport"}
    one = features_of(PERSON, {"identifiers": [{"scheme": "cn.passport", "number": "E12345678"}]}, identifying)
    assert level("document", one, one) == "equal and identifying"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("+8615400008000", "+8615400008000", "equal"),
        ("+8615400008000", "+8615400008001", "one digit"),
        ("+8615400008000", "+8615400000800", "one digit"),
        ("+8615400008000", "+8615411112222", "different"),
    ],
)
def test_phones(one: str, other: str, expected: str) -> None:
    assert level("phone", person(phone=one), person(phone=other)) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("wang.li@example.com", "Wang.Li@example.com", "equal"),
        ("wang.li@example.com", "wang.li@example.net", "same mailbox"),
        ("wang.li@example.com", "wang.lu@example.com", "one edit"),
        ("wang@example.com", "wang@example.net", "different"),
        ("wang.li@example.com", "zhao.qian@example.com", "different"),
    ],
)
def test_emails(one: str, other: str, expected: str) -> None:
    assert level("email", person(email=one), person(email=other)) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("云汉省星河市长庚区银河路12号3幢401室", "星河市长庚区银河路12号3栋401", "same home"),
        ("云汉省星河市长庚区银河路12号3幢401室", "云汉省星河市长庚区银河路12号３幢401室", "same text"),
        ("云汉省星河市长庚区银河路12号3幢401室", "云汉省星河市长庚区银河路12号", "same numbers"),
        ("云汉省星河市长庚区银河路12号3幢401室", "云汉省星河市长庚区银河路77号9幢102室", "same road"),
        ("云汉省星河市长庚区银河路12号3幢401室", "云汉省星河市长庚区紫微天街12号3幢401室", "same numbers"),
        ("云汉省星河市长庚区银河路12号3幢401室", "云汉省星河市长庚区紫微天街9号", "same area"),
        ("云汉省星河市长庚区银河路12号", "月湖市玉兔区紫微路12号", "elsewhere"),
        ("", "月湖市玉兔区紫微路12号", "missing"),
    ],
)
def test_addresses(one: str, other: str, expected: str) -> None:
    assert level("address", person(address={"text": one}), person(address={"text": other})) == expected


def test_a_record_without_a_number_is_not_compared_by_it() -> None:
    assert level("id_number", person(name="张伟"), person(number=ID)) == "missing"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1990-03-07", "1990-03-07", "equal"),
        ("1990-03-07", "1990-07-03", "day and month swapped"),
        ("1990-03-07", "1990-03-17", "one digit"),
        ("1990-12-13", "1990-12-31", "one digit"),
        ("1900-01-01", "1900-01-01", "missing"),
        ("1900-01-02", "1900-01-02", "equal"),
        ("1990-03-07", "1985-12-31", "different"),
    ],
)
def test_birth_dates(one: str, other: str, expected: str) -> None:
    assert level("birth_date", person(birth_date=one), person(birth_date=other)) == expected


def test_a_resident_id_gives_birth_date_and_sex_where_none_is_said() -> None:
    assert (person(number=ID).born, person(number=ID).sex) == ("1990-03-07", "1")
    assert person(number=ID, birth_date="1991-01-01").born == "1991-01-01"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("880101", "880101", "same county"), ("880101", "880102", "same prefecture"), ("880101", "330106", "elsewhere")],
)
def test_regions(one: str, other: str, expected: str) -> None:
    def at(code: str) -> Features:
        return person(region=code)

    assert level("region", at(one), at(other)) == expected


def test_what_an_address_tells_of_its_division_is_no_region_beside_it() -> None:
    here = person(address={"text": "云汉省星河市长庚区银河路1号", "code": "880101"})
    assert level("region", here, here) == "missing"
    assert level("address", here, here) == "same text"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("恒瑞科技有限公司", "恒瑞科技有限公司", "identical"),
        ("恒瑞科技有限责任公司", "恒瑞科技有限公司", "same core and form"),
        ("恒瑞科技", "恒瑞科技有限公司", "same core and form"),
        ("恒瑞科技有限公司", "恒瑞科技股份有限公司", "same core"),
        ("星河恒瑞科技有限公司", "星河恒瑞科枝有限公司", "nearly the same"),
        ("星河恒瑞科技发展有限公司", "星河恒瑞科技服务贸易有限公司", "alike"),
        ("恒瑞科技有限公司", "泰安物流有限公司", "different"),
    ],
)
def test_organization_names(one: str, other: str, expected: str) -> None:
    a, b = (features_of(COMPANY, {"name": name}, IDENTIFYING) for name in (one, other))
    assert level("organization_name", a, b) == expected


@st.composite
def features(draw: st.DrawFn) -> Features:
    form = draw(strategies.forms())
    address = {
        "code": draw(st.sampled_from(["", "880101", "880102"])),
        "text": draw(st.sampled_from(["", "银河路1号", "银河路2号3室"])),
    }
    return features_of(PERSON, {**form, "address": address}, IDENTIFYING)


@given(st.lists(features(), min_size=2, max_size=6))
def test_one_pair_weighs_the_same_alone_and_among_many(records: list[Features]) -> None:
    model, table = default_model(PERSON), table_of(records)
    pairs = [(i, j) for i in range(len(records)) for j in range(len(records))]
    together = model.compare(table[[i for i, _ in pairs]], table[[j for _, j in pairs]])
    for at, (i, j) in enumerate(pairs):
        here, there = table_of([records[i]]), table_of([records[j]])
        alone = model.compare(here, there)
        assert alone.weight_millibits[0] == together.weight_millibits[at]
        assert alone.pair(0).levels == together.pair(at).levels
        assert model.compare(there, here).weight_millibits[0] == together.weight_millibits[at]


@given(st.lists(features(), min_size=2, max_size=2))
def test_an_explanation_adds_up_to_the_weight(records: list[Features]) -> None:
    model, table = default_model(PERSON), table_of(records)
    compared = model.compare(table[:1], table[1:])
    found = explain(model, compared.pair(0))
    assert sum(term.millibits for term in found.terms) == found.weight_millibits == compared.weight_millibits[0]
    added = (["frequency"] if model.frequencies else []) + ["instead"]
    assert [term.comparison for term in found.terms] == ["prior", *(c.name for c in model.comparisons), *added]
    assert 0 < found.probability < 1


def test_what_a_number_holds_already_is_not_counted_again() -> None:
    model = default_model(PERSON)
    address = {"code": "880101", "text": "云汉省星河市长庚区银河路1号"}
    one = table_of([person(number=ID, name="张伟", birth_date="1990-03-07", sex="1", region="880101", address=address)])
    parts = {term.comparison: term for term in explain(model, model.compare(one, one).pair(0)).terms}
    for name in ("birth_date", "sex", "region"):
        assert parts[name].millibits == 0
        assert "not counted" in parts[name].level
    assert parts["address"].millibits > 0


@given(features())
def test_a_record_meets_itself_under_every_key(record: Features) -> None:
    keys = blocking_keys(record)
    assert len({(key.index, key.value) for key in keys}) == len(keys)
    assert keys == blocking_keys(record)


@given(strategies.han_names, st.sampled_from(["", " ", "\u3000"]), st.booleans())
def test_names_of_one_key_meet_by_their_sound(name: str, gap: str, traditional: bool) -> None:
    other = gap.join(name)
    if traditional:
        other = other.translate(str.maketrans("张国强丽军刘陈杰涛欧阳单", "張國強麗軍劉陳傑濤歐陽單"))
    one, two = person(name=name, birth_date="1990-03-07"), person(name=other, birth_date="1990-03-07")
    assert one.name_key == two.name_key
    assert blocking_keys(one) == blocking_keys(two) != []


def test_spellings_of_one_name_meet_under_a_key() -> None:
    spellings = ("张伟国", "張偉國", "章炜国", "Zhang Weiguo", "ZHANG WEI GUO")
    keys = [set(blocking_keys(person(name=name, birth_date="1990-03-07"))) for name in spellings]
    assert set.intersection(*keys)


def test_evaluation_by_hand() -> None:
    # Clusters {1,2,3}, {4}; truth {1,2}, {3,4}: found 3 pairs, true 2, both 1.
    found = evaluate(["a", "a", "a", "b"], [1, 1, 2, 2])
    assert (found.found, found.true, found.both) == (3, 2, 1)
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == 0.5
    assert found.f1 == pytest.approx(0.4)
    assert evaluate([1, 2], ["a", "b"]).f1 == 1.0


def test_components_by_hand() -> None:
    assert clusters_of("abcde", [("a", "b"), ("d", "c"), ("b", "d")]) == {
        "a": "a", "b": "a", "c": "a", "d": "a", "e": "e",
    }  # fmt: skip
