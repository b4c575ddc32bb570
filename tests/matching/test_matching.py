"""Comparing, weighing, deciding, explaining."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.matching import (
    COMPARATORS,
    Features,
    FeatureTable,
    Link,
    LinkPolicy,
    MatchModel,
    blocking_keys,
    clusters_of,
    default_model,
    evaluate,
    explain,
    features_of,
    levels_at,
    match_weight,
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
    table = FeatureTable.of([one, other])
    here, there = np.array([0, 1]), np.array([1, 0])
    levels = COMPARATORS[comparator].levels(table, here, there)
    assert levels[0] == levels[1], "a comparison is symmetric"
    return COMPARATORS[comparator].labels[int(levels[0])]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("张伟国", "张伟国", "identical"),
        ("張偉國", "张伟国", "variant form"),
        ("章炜国", "张伟国", "same reading"),
        ("Weiguo Zhang", "张伟国", "same reading"),
        ("Peter Lee", "LEE Peter", "same reading"),
        ("张伟国", "张伟军", "one edit"),
        ("张伟国", "张国", "one edit"),
        ("张伟", "张强", "same surname"),
        ("欧阳修", "欧阳锋", "one edit"),
        ("张伟国", "李娜", "different"),
        ("", "张伟", "missing"),
    ],
)
def test_person_names(one: str, other: str, expected: str) -> None:
    assert level("person_name", person(name=one), person(name=other)) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ID, ID, "equal"),
        (ID, ID[:16] + "08", "one edit"),
        (ID, ID[:15] + ID[16] + ID[15] + ID[17], "one edit"),
        (ID, "110105194912310029", "different"),
    ],
)
def test_id_numbers(one: str, other: str, expected: str) -> None:
    assert level("id_number", person(number=one), person(number=other)) == expected


def test_a_record_without_a_number_is_not_compared_by_it() -> None:
    assert level("id_number", person(name="张伟"), person(number=ID)) == "missing"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1990-03-07", "1990-03-07", "equal"),
        ("1990-03-07", "1990-07-03", "one digit or swapped"),
        ("1990-03-07", "1990-03-17", "one digit or swapped"),
        ("1990-12-13", "1990-12-31", "one digit or swapped"),
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
        return person(address={"code": code, "key": "x"})

    assert level("region", at(one), at(other)) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("恒瑞科技有限公司", "恒瑞科技有限公司", "identical"),
        ("恒瑞科技有限责任公司", "恒瑞科技有限公司", "same core and form"),
        ("恒瑞科技", "恒瑞科技有限公司", "same core and form"),
        ("恒瑞科技有限公司", "恒瑞科技股份有限公司", "same core"),
        ("星河恒瑞科技有限公司", "星河恒瑞科枝有限公司", "one edit"),
        ("恒瑞科技有限公司", "泰安物流有限公司", "different"),
    ],
)
def test_organization_names(one: str, other: str, expected: str) -> None:
    a, b = (features_of(COMPANY, {"name": name}, IDENTIFYING) for name in (one, other))
    assert level("organization_name", a, b) == expected


@st.composite
def features(draw: st.DrawFn) -> Features:
    form = draw(strategies.forms())
    address = {"code": draw(st.sampled_from(["", "880101", "880102"])), "key": draw(st.sampled_from(["", "a", "b"]))}
    return features_of(PERSON, {**form, "address": address}, IDENTIFYING)


@given(st.lists(features(), min_size=2, max_size=6))
def test_one_pair_weighs_the_same_alone_and_among_many(records: list[Features]) -> None:
    model = default_model(PERSON)
    pairs = [(i, j) for i in range(len(records)) for j in range(len(records))]
    together = model.compare(FeatureTable.of(records), np.array([i for i, _ in pairs]), np.array([j for _, j in pairs]))
    for at, (i, j) in enumerate(pairs):
        alone = model.compare(FeatureTable.of([records[i], records[j]]), np.array([0]), np.array([1]))
        assert alone.weight_millibits[0] == together.weight_millibits[at]
        assert levels_at(alone, 0) == levels_at(together, at)
        mirrored = model.compare(FeatureTable.of([records[j], records[i]]), np.array([0]), np.array([1]))
        assert mirrored.weight_millibits[0] == together.weight_millibits[at]


@given(st.lists(features(), min_size=2, max_size=4))
def test_an_explanation_adds_up_to_the_weight(records: list[Features]) -> None:
    model = default_model(PERSON)
    compared = model.compare(FeatureTable.of(records), np.array([0]), np.array([1]))
    found = explain(model, compared, 0)
    assert sum(term.millibits for term in found.terms) == found.weight_millibits == compared.weight_millibits[0]
    assert [term.comparison for term in found.terms] == ["prior", *(c.name for c in model.comparisons)]
    assert 0 < found.probability < 1


def test_what_a_number_holds_already_is_not_counted_again() -> None:
    model = default_model(PERSON)
    one = person(number=ID, name="张伟", birth_date="1990-03-07", sex="1", address={"code": "880101", "key": "x"})
    compared = model.compare(FeatureTable.of([one, one]), np.array([0]), np.array([1]))
    parts = {term.comparison: term for term in explain(model, compared, 0).terms}
    for name in ("birth_date", "sex", "region"):
        assert parts[name].millibits == 0
        assert "not counted" in parts[name].level
    assert parts["address"].millibits > 0


@given(features())
def test_a_record_meets_itself_under_every_key(record: Features) -> None:
    keys = blocking_keys(record)
    assert len({(key.index, key.value) for key in keys}) == len(keys)
    assert keys == blocking_keys(record)


def test_spellings_of_one_name_meet_under_a_key() -> None:
    spellings = ("张伟国", "張偉國", "章炜国", "Zhang Weiguo", "ZHANG WEI GUO")
    keys = [set(blocking_keys(person(name=name, birth_date="1990-03-07"))) for name in spellings]
    assert set.intersection(*keys)


class TestLinkPolicy:
    POLICY = LinkPolicy()

    @pytest.mark.parametrize(
        ("levels", "weight", "expected"),
        [
            ({"id_number": 3, "name": 6}, 0, Link.AUTOMATIC),
            ({"id_number": 3, "name": 4, "birth_date": 3}, 0, Link.AUTOMATIC),
            ({"id_number": 3, "name": 3}, 50_000, Link.POSSIBLE),
            ({"id_number": 3, "name": 0}, 50_000, Link.POSSIBLE),
            ({"id_number": 3, "name": 6, "birth_date": 2}, 50_000, Link.POSSIBLE),
            ({"id_number": 3, "name": 1}, -9_000, Link.POSSIBLE),
            ({"id_number": 2, "name": 6}, 50_000, Link.POSSIBLE),
            ({"id_number": 1, "name": 6}, 50_000, Link.POSSIBLE),
            ({"id_number": 0, "name": 6}, 3_000, Link.POSSIBLE),
            ({"id_number": 0, "name": 6}, 2_999, Link.NONE),
        ],
    )
    def test_decides(self, levels: dict[str, int], weight: int, expected: Link) -> None:
        assert self.POLICY.decide(PERSON, levels, weight)[0] is expected

    @given(st.integers(0, 2), st.integers(0, 6), st.integers(-99_000, 99_000))
    def test_no_weight_links_without_an_equal_number(self, number: int, name: int, weight: int) -> None:
        assert self.POLICY.decide(PERSON, {"id_number": number, "name": name}, weight)[0] is not Link.AUTOMATIC

    def test_a_bank_may_link_nothing_by_itself(self) -> None:
        policy = LinkPolicy(automatic=False)
        assert policy.decide(PERSON, {"id_number": 3, "name": 6}, 50_000)[0] is Link.POSSIBLE


def test_match_weight_is_the_binary_logarithm_of_the_odds() -> None:
    assert match_weight(0.8, 0.1) == 3.0
    assert match_weight(0.25, 0.5) == -1.0
    for m, u in ((0, 0.5), (0.5, 0), (1.1, 0.5), (0.5, -0.1)):
        with pytest.raises(ConfigurationError):
            match_weight(m, u)


@pytest.mark.parametrize("kind", list(PartyKind))
def test_the_shipped_models_weigh_better_levels_more(kind: PartyKind) -> None:
    for comparison in default_model(kind).comparisons:
        bits = comparison.millibits[1:]
        if comparison.name == "name":
            continue  # a rarer level (a variant form) may weigh more than a commoner one
        assert list(bits) == sorted(bits), comparison.name


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "robot"},
        {"prior_bits": "many"},
        {"comparisons": [{"name": "n", "comparator": "astrology", "m": [0.5, 0.5], "u": [0.5, 0.5]}]},
        {"comparisons": [{"name": "n", "comparator": "sex", "m": [0.5], "u": [0.5]}]},
        {"comparisons": [{"name": "n", "comparator": "sex", "m": [0.5, 0.6], "u": [0.5, 0.5]}]},
        {"comparisons": [{"name": "n", "comparator": "sex", "m": [1.0, 0.0], "u": [0.5, 0.5]}]},
    ],
)
def test_a_model_that_is_none_is_refused(change: dict[str, Any]) -> None:
    good = {"version": "1", "kind": "individual", "prior_bits": -10, "comparisons": []}
    MatchModel.from_document(good)
    with pytest.raises(ConfigurationError):
        MatchModel.from_document({**good, **change})


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
