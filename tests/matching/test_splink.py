"""Splink's models, read as far as they can be expressed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.matching import default_model, from_splink, is_splink
from bankcif.party import PartyKind

START = default_model(PartyKind.INDIVIDUAL)


def level(condition: str, m: float | None = None, u: float | None = None, **more: Any) -> dict[str, Any]:
    found = {"sql_condition": condition, "label_for_charts": condition, **more}
    return found | ({} if m is None else {"m_probability": m, "u_probability": u})


def phone(*levels: dict[str, Any]) -> dict[str, Any]:
    null = level('"phone_l" IS NULL OR "phone_r" IS NULL', is_null_level=True)
    return {"output_column_name": "phone", "comparison_levels": [null, *levels]}


PHONE = phone(
    level('"phone_l" = "phone_r"', 0.7, 0.001),
    level('damerau_levenshtein("phone_l", "phone_r") <= 1', 0.1, 0.009),
    level("ELSE", 0.2, 0.99),
)
DOCUMENT = {
    "link_type": "dedupe_only", "probability_two_random_records_match": 0.001, "comparisons": [PHONE],
    "blocking_rules_to_generate_predictions": [
        {"blocking_rule": 'l."phone" = r."phone"', "sql_dialect": "duckdb"},
        {"blocking_rule": '(l."name" = r."name") AND (l."dob" = r."dob")', "sql_dialect": "duckdb"},
        {"blocking_rule": "l.surname = r.surname and l.postcode = r.postcode", "sql_dialect": "duckdb"},
        {"blocking_rule": 'substr(l."name", 1, 1) = substr(r."name", 1, 1)', "sql_dialect": "duckdb"},
    ],
}  # fmt: skip


def test_levels_prior_and_blocking_are_taken_over() -> None:
    found = from_splink(DOCUMENT, START)
    one = next(c for c in found.model.comparisons if c.name == "phone")
    assert one.m == pytest.approx((0.2, 0.1, 0.7))
    assert one.u == pytest.approx((0.99, 0.009, 0.001))
    assert found.model.prior_millibits == -9964  # log2(0.001 / 0.999)
    assert [rule.parts for rule in found.model.blocking] == [("phone",), ("name", "born"), ("surname", "region")]
    assert any("substr" in remark for remark in found.remarks)
    assert any("name is not compared" in remark for remark in found.remarks)


def test_a_model_that_was_read_weighs_and_comes_back() -> None:
    model = from_splink(DOCUMENT, START).model
    assert type(model).from_document(model.to_document()).to_document() == model.to_document()


@given(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), st.lists(st.floats(0.01, 1), min_size=5, max_size=5))
def test_chances_keep_their_sums_where_levels_are_coarser_than_ours(m: list[float], u: list[float]) -> None:
    m, u = [x / sum(m) for x in m], [x / sum(u) for x in u]
    conditions = ('"name_l" = "name_r"', 'levenshtein("name_l", "name_r") <= 1',
                  'jaro_winkler_similarity("name_l", "name_r") >= 0.92', 'jaro_winkler_similarity("name_l", "name_r") >= 0.8', "ELSE")  # fmt: skip
    levels = [level(c, a, b) for c, a, b in zip(conditions, m, u, strict=True)]
    found = from_splink(
        {**DOCUMENT, "comparisons": [{"output_column_name": "name", "comparison_levels": levels}]}, START
    )
    name = next(c for c in found.model.comparisons if c.name == "name")
    chances = dict(zip(name.labels[1:], name.m, strict=True))
    assert sum(name.m) == pytest.approx(1)
    assert sum(name.u) == pytest.approx(1)
    assert chances["identical"] == pytest.approx(m[0])
    assert chances["one edit"] == pytest.approx(m[1])
    assert chances["variant form"] + chances["same reading or order"] + chances[
        "look-alike or familiar"
    ] == pytest.approx(m[2] + m[3])
    assert chances["different"] + chances["same surname or given name"] == pytest.approx(m[4])


@pytest.mark.parametrize(
    ("comparison", "remark"),
    [
        ({"output_column_name": "shoe_size", "comparison_levels": [level('"shoe_size_l" = "shoe_size_r"', 0.5, 0.1), level("ELSE", 0.5, 0.9)]}, "shoe_size was left out"),
        (phone(level('"phone_l" = "phone_r"'), level("ELSE")), "was not trained"),
        (phone(level('"phone_l" = "phone_r"', 0.5, 0.1), level("ELSE", 0.5, 0.9, tf_adjustment_column="phone")), "term frequencies of phone"),
        (phone(level('"phone_l" = "phone_r"', 0.5, 0.1), level("regexp_matches(phone_l, phone_r)", 0.2, 0.1), level("ELSE", 0.3, 0.8)), "has no counterpart"),
        (phone(level("ELSE", 1.0, 1.0)), "no level that can be expressed"),
        (PHONE, "a second comparison of phone"),
    ],
)  # fmt: skip
def test_what_is_not_taken_over_is_told(comparison: dict[str, Any], remark: str) -> None:
    found = from_splink({**DOCUMENT, "comparisons": [PHONE, comparison]}, START)
    assert any(remark in one for one in found.remarks), found.remarks


def test_columns_of_other_names_can_be_said() -> None:
    other = {
        "output_column_name": "tel",
        "comparison_levels": [level('"tel_l" = "tel_r"', 0.6, 0.1), level("ELSE", 0.4, 0.9)],
    }
    found = from_splink({**DOCUMENT, "comparisons": [other]}, START, {"tel": "phone"})
    assert next(c for c in found.model.comparisons if c.name == "phone").m[-1] == pytest.approx(0.6)


def test_a_model_of_which_nothing_can_be_expressed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nothing in this Splink model"):
        from_splink({**DOCUMENT, "comparisons": []}, START)


def test_splink_documents_are_told_from_ours() -> None:
    assert is_splink(DOCUMENT)
    assert not is_splink(START.to_document())
    assert not is_splink([])
