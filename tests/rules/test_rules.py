"""Rules over single fields: their text, their anchors, and what holds of nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import RuleError
from bankcif.rules import (
    FALSE,
    TRUE,
    Anchor,
    And,
    Between,
    Compare,
    Expression,
    In,
    Kind,
    Missing,
    Not,
    Operator,
    Or,
    Parameter,
    RuleField,
    Schema,
    TextMatch,
    TextPart,
    anchor,
    compiled,
    customer_schema,
    days,
    is_contradictory,
    leaves,
    lower,
    parse,
    written,
)

KINDS = {"t": Kind.TEXT, "u": Kind.TEXT, "i": Kind.INTEGER, "d": Kind.DATE}
SCHEMA = Schema({name: RuleField(name, kind) for name, kind in KINDS.items()})
PARAMETERS = {"x": Kind.TEXT, "n": Kind.INTEGER, "day": Kind.DATE}

texts = st.sampled_from(["", "a", "A", "ab", "b%", "_", "'", "张", "张伟", "à", "a "]) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3
)
numbers = st.sampled_from([-(2**63), -1, 0, 1, 2, 2**63 - 1]) | st.integers(-5, 5)
dates = st.dates(date(1969, 12, 28), date(1970, 1, 5)) | st.sampled_from([date.min, date.max])
operators = st.sampled_from(list(Operator))


def operands(kind: Kind) -> st.SearchStrategy[Any]:
    plain: st.SearchStrategy[Any] = {Kind.TEXT: texts, Kind.INTEGER: numbers, Kind.DATE: dates}[kind]
    name = next(name for name, known in PARAMETERS.items() if known is kind)
    return plain | st.just(Parameter(name))


@st.composite
def leaf(draw: st.DrawFn) -> Expression:
    field = draw(st.sampled_from(sorted(KINDS)))
    value = operands(KINDS[field])
    made: list[st.SearchStrategy[Expression]] = [
        st.builds(Compare, st.just(field), operators, value),
        st.builds(In, st.just(field), st.lists(value, min_size=1, max_size=3).map(tuple), st.booleans()),
        st.builds(Between, st.just(field), value, value),
        st.builds(Missing, st.just(field), st.booleans()),
    ]
    if KINDS[field] is Kind.TEXT:
        made.append(st.builds(TextMatch, st.just(field), st.sampled_from(list(TextPart)), value, st.booleans()))
    return draw(st.one_of(made))


rules = st.recursive(
    leaf() | st.sampled_from([TRUE, FALSE]),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
records = st.lists(
    st.fixed_dictionaries(
        {
            "t": st.none() | texts, "u": st.none() | texts, "i": st.none() | numbers,
            "d": st.none() | dates.map(days),
        }
    ),
    max_size=8,
)  # fmt: skip
known = st.fixed_dictionaries({"x": st.none() | texts, "n": st.none() | numbers, "day": st.none() | dates.map(days)})


def in_python(rule: Expression, rows: list[dict[str, Any]], parameters: Mapping[str, Any]) -> list[int]:
    holds = compiled(lower(rule, SCHEMA, PARAMETERS))
    return [n for n, row in enumerate(rows) if holds(row, parameters)]


@given(rules)
def test_what_is_written_is_read(rule: Expression) -> None:
    assert lower(parse(written(rule)), SCHEMA, PARAMETERS) == lower(rule, SCHEMA, PARAMETERS)


@given(leaf(), records, known)
def test_neither_a_comparison_nor_its_contrary_holds_of_a_missing_value(
    one: Expression, rows: list[dict[str, Any]], parameters: dict[str, Any]
) -> None:
    both = set(in_python(one, rows, parameters)) & set(in_python(Not(one), rows, parameters))
    assert both == set()
    if not isinstance(one, Missing):
        field = next(leaves(one)).field
        missing = {n for n, row in enumerate(rows) if row[field] is None}
        assert not missing & {*in_python(one, rows, parameters), *in_python(Not(one), rows, parameters)}


@given(rules, records, known)
def test_a_rule_holds_only_where_its_anchor_does(
    rule: Expression, rows: list[dict[str, Any]], parameters: dict[str, Any]
) -> None:
    tied = anchor(lower(rule, SCHEMA, PARAMETERS))
    if tied is not None:
        assert all(rows[n][tied.field] in tied.values for n in in_python(rule, rows, parameters))


ANCHORS = {
    "i = 1": Anchor("i", frozenset({1})),
    "d = 1970-01-02": Anchor("d", frozenset({1})),
    "t in ('a', 'b', 'a')": Anchor("t", frozenset({"a", "b"})),
    "t in ('a', 'b') and i = 1 and u starts with 'x'": Anchor("i", frozenset({1})),
    "i = 1 or i in (2, 3)": Anchor("i", frozenset({1, 2, 3})),
    "(t = 'a' and i > 1) or (t = 'b' and u is missing)": Anchor("t", frozenset({"a", "b"})),
    "not i != 1": Anchor("i", frozenset({1})),
    "t = 'a' or i = 1": None,
    "t = 'a' or u starts with 'a'": None,
    "t = $x": None,
    "t in ('a', $x)": None,
    "not t = 'a'": None,
    "t not in ('a')": None,
    "i > 1": None,
    "i between 1 and 1": None,
    "t is missing": None,
    "true": None,
    "false": None,
}


@pytest.mark.parametrize("text", sorted(ANCHORS))
def test_an_anchor_is_the_fewest_values_that_a_field_must_have(text: str) -> None:
    assert anchor(lower(parse(text), SCHEMA, PARAMETERS)) == ANCHORS[text]


@given(rules, records, known)
def test_what_is_a_contradiction_holds_of_nobody(
    rule: Expression, rows: list[dict[str, Any]], parameters: dict[str, Any]
) -> None:
    if is_contradictory(lower(rule, SCHEMA, PARAMETERS)):
        assert in_python(rule, rows, parameters) == []


CONTRADICTIONS = {
    "false": True, "true": False, "i = 1": False, "not true": True,
    "i > 5 and i < 3": True, "i > 3 and i < 5": False, "i >= 3 and i <= 3": False, "i > 3 and i <= 3": True, "i >= 3 and i < 3": True,
    "i between 3 and 2": True, "i between 2 and 3 and i > 3": True, "i between 2 and 3 and i >= 3": False,
    "d >= 2026-01-02 and d < 2026-01-01": True, "t > 'b' and t < 'a'": True, "t >= 'a' and t < 'b'": False,
    "i = 1 and i = 2": True, "i in (1, 2) and i in (2, 3)": False, "i in (1, 2) and i in (3, 4)": True,
    "t = 'a' and t starts with 'b'": True, "t = 'ab' and t starts with 'a'": False, "t = 'a' and t != 'a'": True,
    "i = 1 and i is missing": True, "i is missing and i is not missing": True, "i is missing and t = 'a'": False,
    "i = 1 and i is not missing": False, "i is missing and not i = 1": True, "i = $n and i is missing": True,
    "i = 1 or (i = 2 and i = 3)": False, "(i = 1 and i = 2) or (i > 3 and i < 2)": True,
    "(i = 1 or i = 2) and (t = 'a' and (t = 'b' or false))": False, "i = 1 and (false or (t = 'a' and t = 'b'))": True, "i = 1 and (i = 2 and t = 'a')": True, "t starts with 'a' and t starts with 'b'": False,
    "i > 5 and i < $n": False, "i = $n and i = 1": False,
}  # fmt: skip


@pytest.mark.parametrize("text", sorted(CONTRADICTIONS))
def test_a_contradiction_is_found_where_one_field_is_asked_two_things(text: str) -> None:
    assert is_contradictory(lower(parse(text), SCHEMA, PARAMETERS)) is CONTRADICTIONS[text]


READ = {
    "i = 1": Compare("i", Operator.EQUAL, 1),
    "i=-1": Compare("i", Operator.EQUAL, -1),
    "t != 'it''s'": Compare("t", Operator.NOT_EQUAL, "it's"),
    "d >= 2026-11-25": Compare("d", Operator.GREATER_OR_EQUAL, date(2026, 11, 25)),
    "t = $x": Compare("t", Operator.EQUAL, Parameter("x")),
    "t in ('a', $x)": In("t", ("a", Parameter("x"))),
    "t not in ('a')": In("t", ("a",), negated=True),
    "i between 1 and 2 and i = 3": And((Between("i", 1, 2), Compare("i", Operator.EQUAL, 3))),
    "t is missing": Missing("t"),
    "t is not missing": Missing("t", negated=True),
    "t starts with 'a'": TextMatch("t", TextPart.STARTS, "a"),
    "t ends with $x": TextMatch("t", TextPart.ENDS, Parameter("x")),
    "t contains '%'": TextMatch("t", TextPart.CONTAINS, "%"),
    "not not true": Not(Not(TRUE)),
    "false": FALSE,
    "i = 1 or i = 2 and i = 3": Or((Compare("i", Operator.EQUAL, 1), And((Compare("i", Operator.EQUAL, 2), Compare("i", Operator.EQUAL, 3))))),
    "(i = 1 or i = 2) and not i = 3": And((Or((Compare("i", Operator.EQUAL, 1), Compare("i", Operator.EQUAL, 2))), Not(Compare("i", Operator.EQUAL, 3)))),
    "  i\n=\t1 ": Compare("i", Operator.EQUAL, 1),
}  # fmt: skip


@pytest.mark.parametrize("text", sorted(READ))
def test_a_text_is_read(text: str) -> None:
    assert parse(text) == READ[text]


WRONG = {
    "": 1, "i": 2, "i =": 4, "i = and": 5, "i = 1 i": 7, "= 1": 1, "i = 1 or": 9, "i in 1": 6, "i in (1": 8, "i in ()": 7,
    "i between 1 or 2": 13, "i is 1": 6, "t starts 'a'": 10, "(i = 1": 7, "i = 1)": 6, "d = 2026-13-01": 5, "t = 'a": 5,
    "i = 1.": 5, "i = 1.5x": 5, "i == 1": 4, "and": 1, "i = 1; drop": 6, "i = 123456789012345678901": 5, "字 = 1": 1, "i = 1 \0": 7,
    "not": 4, "t = \"a'": 5,
}  # fmt: skip


@pytest.mark.parametrize("text", sorted(WRONG))
def test_what_is_no_rule_is_told_where(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert caught.value.position == WRONG[text], str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    at = 1
    try:
        parse(text)
    except RuleError as error:
        at = error.position
    assert 1 <= at <= len(text) + 1


@pytest.mark.parametrize(
    "text", ["(" * 200 + "i = 1" + ")" * 200, "not " * 500 + "i = 1", "x" * 20_001, "i = 1 and " * 1999 + "true"]
)
def test_a_rule_has_an_end(text: str) -> None:
    with pytest.raises(RuleError):
        lower(parse(text), SCHEMA, PARAMETERS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("phone = '1'", "not a field"), ("i = 'a'", "type integer"), ("t = 1", "type text"), ("d = 1", "type date"),
        ("i = 2026-01-01", "type integer"), ("t = $n", "type text"), ("t = $nobody", r"there are \$day, \$n, \$x"),
        ("i contains 'a'", "is no text"), ("d starts with 'a'", "is no text"), ("shoe is missing", "not a field"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_found_when_it_is_defined(text: str, said: str) -> None:
    with pytest.raises(RuleError, match=said):
        lower(parse(text), SCHEMA, PARAMETERS)


def test_a_tree_may_be_wrong_where_no_text_could_be() -> None:
    for wrong in (In("i", ()), Compare("i", Operator.EQUAL, 2**63), Compare("i", Operator.EQUAL, True)):
        with pytest.raises(RuleError):
            lower(wrong, SCHEMA, PARAMETERS)
    with pytest.raises(RuleError, match="500 comparisons"):
        lower(Or(tuple(Missing("i") for _ in range(501))), SCHEMA)


def test_what_a_store_can_compare_of_a_customer() -> None:
    found = customer_schema()
    assert {"home_branch", "sex", "birth_year", "life_cycle", "cif_no"} <= set(found)
    assert not {"name", "phone", "identifiers", "address", "aum", "birth_date"} & set(found)
    assert (found["customer_since"].kind, found["bounces"].kind, found["sex"].kind) == (
        Kind.DATE, Kind.INTEGER, Kind.TEXT
    )  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "name = 'ＡＢ１'",
        "name in ('ﬁ', 'ＡＢ１')",
        "name starts with 'Ａ'",
        "name contains 'Ｂ１'",
        "name = 'ab1' or name ends with '１'",
    ],
)
def test_a_text_is_compared_as_texts_rest_whatever_its_width(written: str) -> None:
    """Values were normalized (NFKC) when they came in; what a rule says is normalized as well."""
    schema = Schema([RuleField("name", Kind.TEXT)])
    holds = compiled(lower(parse(written), schema))
    assert holds({"name": "AB1"}, {})
    assert not holds({"name": "X"}, {})
