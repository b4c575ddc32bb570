"""The language itself: what is read and written, what fits, and what is refused where it stands."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings, strategies as st
from tests.rules.worlds import PARAMETERS, World, worlds

from bankcif.errors import RuleError
from bankcif.party import Money
from bankcif.rules import (
    Aggregate,
    And,
    Arithmetic,
    Collection,
    Compare,
    Elapsed,
    Expression,
    Field,
    Function,
    Holds,
    In,
    Kind,
    Needs,
    Not,
    Operator,
    RelativeDay,
    RuleField,
    Schema,
    Sign,
    Span,
    Unit,
    as_document,
    compiled,
    customer_schema,
    from_document,
    json_schema,
    lower,
    needs,
    parse,
    written,
)
from bankcif.rules.build import days_since, field, parameter, rows, segment, tag, today

CNY = {"currency": "CNY"}
HOLDINGS = Collection(
    "holdings",
    [
        RuleField("product", Kind.TEXT), RuleField("status", Kind.TEXT), RuleField("currency", Kind.TEXT),
        RuleField("balance", Kind.MONEY, currency_field="currency"), RuleField("opened_on", Kind.DATE),
        RuleField("rate", Kind.DECIMAL, digits=4), RuleField("shares", Kind.INTEGER, most=10**9), RuleField("size", Kind.INTEGER),
    ],
    date="opened_on",
)  # fmt: skip
SCHEMA = Schema(
    [
        RuleField("aum", Kind.MONEY, **CNY), RuleField("debt", Kind.MONEY, **CNY), RuleField("yen", Kind.MONEY, currency="JPY"),
        RuleField("branch", Kind.TEXT), RuleField("city", Kind.TEXT), RuleField("since", Kind.DATE), RuleField("born", Kind.DATE),
        RuleField("seen_at", Kind.INSTANT), RuleField("score", Kind.DECIMAL, digits=2, most=10_000), RuleField("visits", Kind.INTEGER),
        RuleField("cards", Kind.INTEGER, most=100), RuleField("staff", Kind.BOOLEAN), RuleField("age", Kind.AGE, born="born"),
    ],
    [HOLDINGS, Collection("notes", [RuleField("kind", Kind.TEXT)])],
    tags=frozenset({"dormant"}), segments=frozenset({"wealth"}),
)  # fmt: skip


@settings(max_examples=120)
@given(worlds(1))
def test_what_is_written_as_text_or_json_is_read_again(world: World) -> None:
    for rule in world.rules.values():
        lowered = lower(rule, world.schema, PARAMETERS)
        assert lower(parse(written(rule)), world.schema, PARAMETERS) == lowered
        document = json.loads(json.dumps(as_document(rule)))
        jsonschema.Draft202012Validator(json_schema()).validate(document)
        assert lower(from_document(document), world.schema, PARAMETERS) == lowered


READ: dict[str, Expression] = {
    'aum >= CNY 1000000 and not tag("dormant")': (field("aum") >= Money("1000000", "CNY")) & ~tag("dormant"),
    "aum > debt": field("aum") > field("debt"),
    "aum - debt * 2 >= CNY -0.50": field("aum") - field("debt") * 2 >= Money("-0.50", "CNY"),
    "(aum - debt) * 2 >= CNY 1": (field("aum") - field("debt")) * 2 >= Money("1", "CNY"),
    "since < today - 30 days": field("since") < today - Span(30, Unit.DAYS),
    "today - 1 year > since": field("since") < today - Span(1, Unit.YEARS),
    "since between 2020-01-01 and today": field("since").between(date(2020, 1, 1), today),
    "since > 2024-03-31 - 1 month": field("since") > date(2024, 2, 29),
    "days_since(since) > 30": days_since("since") > 30,
    "today - since >= 365": today - field("since") >= 365,
    "count(holdings) > 2": rows("holdings").count() > 2,
    "exists(holdings where status = 'active')": rows("holdings", field("status") == "active").exist(),
    "sum(holdings.balance where currency = 'CNY' within 90 days) >= CNY 5":
        rows("holdings", field("currency") == "CNY", within=Span(90, Unit.DAYS)).sum("balance") >= Money("5", "CNY"),
    "min(holdings.opened_on) is missing": rows("holdings").min("opened_on").is_missing(),
    "max(holdings.shares) != 1": rows("holdings").max("shares") != 1,
    "distinct(holdings.product) <= 3": rows("holdings").distinct("product") <= 3,
    "last(holdings.status) in ('active', 'closed')": rows("holdings").last("status").is_in(["active", "closed"]),
    'segment("wealth") or branch starts with "B-" or city ends with \'州\' or city contains ""':
        segment("wealth") | field("branch").starts_with("B-") | field("city").ends_with("州") | field("city").contains(""),
    "score >= 0.75": field("score") >= Decimal("0.75"),
    "seen_at < 2026-11-25T08:00+08:00": field("seen_at") < datetime(2026, 11, 25, tzinfo=UTC),
    "staff = true and branch = $branch": (field("staff") == True) & (field("branch") == parameter("branch")),  # noqa: E712
    "age >= 18 and cards + 1 > 2": (field("age") >= 18) & (field("cards") + 1 > 2),
}  # fmt: skip


def flat(one: Expression) -> str:
    """Without regard to how *and* and *or* are nested."""
    return written(one).replace("(", "").replace(")", "")


@pytest.mark.parametrize("text", sorted(READ))
def test_text_and_python_say_the_same(text: str) -> None:
    assert flat(parse(text)) == flat(READ[text])
    lower(parse(text), SCHEMA, {"branch": Kind.TEXT})


def test_a_tree_is_what_it_says() -> None:
    assert parse("count(holdings where status = 'a' within 1 month) >= 2") == Compare(
        Aggregate(Function.COUNT, "holdings", "", Compare("status", Operator.EQUAL, "a"), Span(1, Unit.MONTHS)),
        Operator.GREATER_OR_EQUAL, 2,
    )  # fmt: skip
    assert parse("a + b - (c + 1) < today + 2 years") == Compare(
        Arithmetic(Arithmetic("a", Sign.PLUS, Field("b")), Sign.MINUS, Arithmetic("c", Sign.PLUS, 1)),
        Operator.LESS, RelativeDay(2, Unit.YEARS),
    )  # fmt: skip
    assert parse("not (tag('x') and days_since(d) in (1, -2))") == Not(
        And((Holds("tag", "x"), In(Elapsed("d"), (1, -2))))
    )


WRONG = {
    "aum >= CNY 1.005": ("more digits", 8), "aum >= CNY": ("CNY is not a field", 1), "aum >= USD 1": ("money in CNY", 1),
    "aum >= 1000": ("money in CNY", 1), "aum > since": ("since is date", 1), "aum > yen": ("yen is money in JPY", 1),
    "city = 'a' and aum = 2026-01-01": ("money in CNY", 16), "nobody = 1": ("nobody is not a field", 1),
    "holdings.balance > CNY 1": ("is of many rows; say which", 1), "count(shoes) > 1": ("no collection.*holdings, notes", 1),
    "count(holdings where colour = 'x') > 1": ("colour is not a field of holdings", 22),
    "count(holdings.balance) > 1": ("count is of rows", 1), "sum(holdings) > CNY 1": ("sum\\(holdings.balance\\)", 1),
    "sum(holdings.balance) > CNY 1": ("several currencies; say of which: where currency = 'CNY'", 1),
    "sum(holdings.balance where currency in ('CNY', 'USD')) > CNY 1": ("several currencies", 1),
    "sum(holdings.balance where currency = 'USD') > CNY 1": ("money in USD", 1),
    "sum(holdings.product) = 'a'": ("not summed", 1), "sum(holdings.size) > 1": ("not summed", 1),
    "min(holdings.product) = 'a'": ("no smallest", 1), "count(notes within 3 days) > 1": ("notes have no date", 1),
    "last(notes.kind) = 'a'": ("notes have no date", 1), "count(holdings within 0 days) > 1": ("1 to 10,000", 1),
    "count(holdings where tag('dormant')) > 1": ("a customer's", 22), "tag('nobody')": ("there is no tag nobody", 1),
    "segment('dormant')": ("there is no segment dormant", 1), "age >= 151": ("0 to 150", 1), "age = born": ("whole number of years", 1),
    "age + 1 > 2": ("not reckoned with", 1), "visits + 1 > 2": ("may be of any size", 1), "cards + visits > 2": ("may be of any size", 1),
    "aum + since > CNY 1": ("since is date", 1), "since + since > 3": ("not added", 1), "since * 2 > 3": ("whole number", 1),
    "aum * cards > CNY 1": ("multiplied by a whole number", 7), "aum * 100000 > CNY 1": ("too large for 64 bits", 1),
    "staff > true": ("by = or !=", 1), "staff = 1": ("type boolean", 1), "score = 0.755": ("decimal with 2 digits", 1),
    "seen_at > 2026-01-01": ("type instant", 1), "seen_at > today": ("today is a date", 1), "city contains branch": ("another field", 1),
    "since > today - 1 month - 1 day": ("moved once", 27), "since > today - 20000 days": ("at most 10,000", 17),
    "today > 2026-01-01": ("on one side", 9), "days_since(born) > CNY 1": ("type integer", 1), "days_since(born) > 100001": ("100,000 at most", 1), "days_since(nobody) > 1": ("not a field", 1),
    "count(holdings where count(notes) > 1) > 1": ("not gathered within rows", 22), "tag(dormant)": ("in quotes", 5),
    "(aum > 1": ("here  \\)", 9), "sum(holdings.balance where ) > CNY 1": ("name of a field", 28), "seen_at > 2026-13-01T00:00Z": ("no such time", 11),
    "aum between CNY 1 and USD 2": ("money in CNY", 1), "aum in (CNY 1, 'a')": ("money in CNY", 1), "aum > -": ("a number", 8),
    "cards = 99999999999999999999": ("not a word", 9), "age in (1, 200)": ("0 to 150", 1), "city = 'a\0'": ("type text", 1), "city contains '\ud800'": ("type text", 1),
    "today - since > since - (today - 1 year)": ("one day relative", 1), "since + 5 - (today - 1 month) > today - since": ("one day relative", 1),
}  # fmt: skip


@pytest.mark.parametrize("text", sorted(WRONG))
def test_what_does_not_fit_is_refused_where_it_stands(text: str) -> None:
    said, position = WRONG[text]
    with pytest.raises(RuleError, match=said) as caught:
        lower(parse(text), SCHEMA, {"branch": Kind.TEXT})
    assert caught.value.position == position, str(caught.value)


PATHS: dict[str, tuple[Any, str, str]] = {
    "no object": ([], "", "an object with one name"), "two names": ({"and": [], "or": []}, "", "one name"),
    "no such part": ({"nand": []}, "", "there are and, or, not"), "no list": ({"and": {}}, ".and", "a list"),
    "no rule within": ({"and": [{"or": [7]}]}, ".and[0].or[0]", "an object"),
    "too few": ({"compare": [{"field": "aum"}, "="]}, ".compare", "a list of 3"),
    "no sign": ({"compare": [{"field": "aum"}, "==", 1]}, ".compare[1]", "one of =, !="),
    "a value first": ({"compare": [1, "=", 1]}, ".compare[0]", "begins with a field"),
    "no field": ({"missing": {"field": ""}}, ".missing.field", "a name"),
    "no value": ({"in": [{"field": "aum"}, [{"colour": 1}]]}, ".in[1][0]", "there are field, parameter"),
    "no money": ({"compare": [{"field": "aum"}, "=", {"money": ["a", "CNY"]}]}, ".compare[2].money", "this is no money"),
    "money from a number": ({"compare": [{"field": "aum"}, "=", {"money": [1.5, "CNY"]}]}, ".compare[2].money", "no money"),
    "no date": ({"compare": [{"field": "since"}, "=", {"date": "26-1-1"}]}, ".compare[2].date", "no date"),
    "no zone": ({"compare": [{"field": "seen_at"}, "=", {"instant": "2026-01-01T00:00"}]}, ".compare[2].instant", "no instant"),
    "no decimal": ({"compare": [{"field": "score"}, "=", {"decimal": "NaN"}]}, ".compare[2].decimal", "no decimal"),
    "a float": ({"compare": [{"field": "score"}, "=", 0.5]}, ".compare[2]", "an object"),
    "no unit": ({"compare": [{"field": "since"}, "=", {"today": [1, "weeks"]}]}, ".compare[2].today[1]", "days, months, years"),
    "no number of days": ({"compare": [{"field": "since"}, "=", {"today": [True, "days"]}]}, ".compare[2].today[0]", "at most"),
    "too much": ({"missing": {"count": {"of": "holdings", "by": 1}}}, ".missing.count", "of  and maybe"),
    "a wrong type": ({"not": {"compare": [{"field": "aum"}, "=", "a"]}}, ".not", "money in CNY"),
    "a wrong row": ({"compare": [{"count": {"of": "holdings", "where": {"or": [{"missing": {"field": "x"}}]}}}, ">", 1]},
        ".where.or[0]", "x is not a field of holdings"),
}  # fmt: skip


@pytest.mark.parametrize("what", PATHS)
def test_a_wrong_document_is_refused_with_its_path(what: str) -> None:
    document, path, said = PATHS[what]
    with pytest.raises(RuleError, match=said) as caught:
        lower(from_document(document), SCHEMA)
    assert caught.value.path == path
    if what not in ("a wrong type", "a wrong row", "no zone", "no date", "no money", "no decimal", "a value first"):
        assert not jsonschema.Draft202012Validator(json_schema()).is_valid(document)


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["and", "not", "compare", "in", "field", "count", "of", "where", "today", "money", "add", "tag", "x"]), inner,
        max_size=2,
    ),
    max_leaves=12,
)  # fmt: skip


@given(nested)
def test_any_document_is_a_rule_or_refused(document: Any) -> None:
    try:
        lower(from_document(document), SCHEMA)
    except RuleError:
        pass


def test_a_rule_has_limits() -> None:
    deep: Any = {"missing": {"field": "aum"}}
    for _ in range(3000):
        deep = {"not": deep}
    add: Any = {"field": "cards"}
    for _ in range(3000):
        add = {"add": [add, 1]}
    for document in (deep, {"missing": add}):
        with pytest.raises(RuleError, match="levels deep"):
            from_document(document)
    for text, said in {
        "cards > " + "(" * 100 + "cards" + ")" * 100: "levels deep", "cards > 1 or " * 500 + "cards > 1": "500 comparisons",
        " or ".join(f"count(notes where kind = '{n}') > 1" for n in range(51)): "gathers at most 50 times", "not " * 40 + "cards = 1": "levels deep",
        " or ".join([f"count(notes where kind = 'a' or kind = '{n}') > 1" for n in range(49)] + ["cards = 1"] * 360): "500 comparisons",
            "cards" + " + 1" * 50 + " > 1": "at most 50 parts", "cards" + " * 1" * 50 + " > 1": "at most 50 parts",
            "age in (" + ", ".join(["1"] * 501) + ")": "500 comparisons",
    }.items():  # fmt: skip
        with pytest.raises(RuleError, match=said):
            lower(parse(text), SCHEMA)
    many = In("cards", tuple(range(10_001)))
    with pytest.raises(RuleError, match="10,000 at most"):
        lower(many, SCHEMA)
    lower(In("cards", many.values[1:]), SCHEMA)
    nots: Expression = parse("cards = 1")
    for _ in range(5000):
        nots = Not(nots)
    terms: Any = "cards"
    for _ in range(5000):
        terms = Arithmetic(terms, Sign.PLUS, 1)
    for wrong, said in ((nots, "levels deep"), (Compare(terms, Operator.EQUAL, 1), "at most 50 parts")):
        with pytest.raises(RuleError, match=said):
            lower(wrong, SCHEMA)


def test_a_term_is_one_however_often_it_stands_in_a_rule() -> None:
    once = lower(parse("count(notes) > 1 or count(notes) + cards < 5 or count(notes) = cards"), SCHEMA)
    assert len([*once.gathered()]) == 1
    text = "cards"
    for _ in range(30):  # on the right of the right of the right: each level is looked at once
        text = f"cards - ({text})"
    assert len(lower(parse(f"{text} > 1"), SCHEMA).computed) == 30
    in_many = " or ".join(f"sum(holdings.shares where status = 'a') = {n}" for n in range(60))
    assert len(lower(parse(in_many), SCHEMA).computed) == 1


def test_a_number_is_exactly_what_it_says() -> None:
    schema = Schema([RuleField("d", Kind.DECIMAL, digits=2, most=10**9), RuleField("at", Kind.INSTANT)])

    def rests(value: Any) -> Any:
        return lower(Compare("d", Operator.EQUAL, value), schema).tree.value  # type: ignore[union-attr]

    assert [rests(Decimal(text)) for text in ("0.5", "-0.25", "1E+3", "0", "-0.10")] == [50, -25, 100_000, 0, -10]
    for text in (
        "0.5000000000000000000000000000001",
        "1E-999999999999999999",
        "0E-200000000",
        "1E+50",
        "NaN",
        "Infinity",
        "0.001",
    ):
        with pytest.raises(RuleError):
            rests(Decimal(text))
        with pytest.raises(RuleError):
            lower(from_document({"compare": [{"field": "d"}, "=", {"decimal": text}]}), schema)
    for amount in ("1E+999999999", "0E-99999999", "NaN"):
        with pytest.raises(RuleError, match="no money"):
            from_document({"compare": [{"field": "d"}, "=", {"money": [amount, "CNY"]}]})
    with pytest.raises(RuleError, match="40 digits"):
        lower(Compare(Arithmetic("d", Sign.TIMES, 10**5000), Operator.EQUAL, 1), schema)
    for text in ("at = 0001-01-01T00:00+14:00", "at = 9999-12-31T23:59:59-14:00"):
        rule = parse(text)
        for again in (parse(written(rule)), from_document(as_document(rule))):
            assert lower(again, schema) == lower(rule, schema)


def test_a_day_that_is_moved_stands_in_parentheses_behind_a_sign() -> None:
    rule = parse("since - (today - 1 year) > 1")
    assert written(rule) == "since - (today - 1 years) > 1"
    assert lower(parse(written(rule)), SCHEMA) == lower(rule, SCHEMA)
    with pytest.raises(RuleError, match="moved once"):
        today - Span(1, Unit.YEARS) - Span(30, Unit.DAYS)


def test_days_added_to_a_day_are_bounded() -> None:
    for text in ("since + 9000000000000000000 + 9000000000000000000 > today",
                 "today - ((since - 9000000000000000000) - 9000000000000000000) > 0"):  # fmt: skip
        with pytest.raises(RuleError, match="too large for 64 bits"):
            lower(parse(text), SCHEMA)


def test_what_a_rule_reads() -> None:
    text = """age > 18 and not tag("dormant") and aum + debt > CNY 1 and segment("wealth") and days_since(since) > 1 and
        sum(holdings.balance where currency = 'CNY' and opened_on < today) > CNY 5 and city = 'branch' and count(notes) = cards"""
    assert needs(parse(text)) == Needs(
        fields=frozenset({"age", "aum", "debt", "since", "city", "cards"}),
        rows=frozenset({"holdings", "holdings.balance", "holdings.currency", "holdings.opened_on", "notes"}),
        tags=frozenset({"dormant"}), segments=frozenset({"wealth"}),
    )  # fmt: skip


def test_an_age_is_asked_of_the_store_at_the_bounds_of_its_classes_alone() -> None:
    schema = customer_schema()
    for text, classes in {
        "age >= 18": [3, 4, 5], "age < 18": [0, 1, 2], "age > 17": [3, 4, 5], "age <= 59": [0, 1, 2, 3, 4],
        "age between 18 and 45": [3], "not age >= 60": [0, 1, 2, 3, 4], "age is missing": [None],
    }.items():  # fmt: skip
        holds = compiled(lower(parse(text), schema))
        assert [each for each in (None, *range(6)) if holds({"age_class": each}, {})] == classes, text
    with pytest.raises(RuleError, match="cannot be gathered"):
        lower(
            parse("max(kin.age) > 3"),
            Schema([], [Collection("kin", [RuleField("b", Kind.DATE), RuleField("age", Kind.AGE, born="b")])]),
        )
    for text in ("age < 25", "age = 18", "age > 18"):
        with pytest.raises(RuleError, match="begin at 14, 16, 18, 46, 60"):
            lower(parse(text), schema)


def test_a_schema_says_what_it_means() -> None:
    for wrong in (
        lambda: RuleField("m", Kind.MONEY), lambda: RuleField("t", Kind.TEXT, currency="CNY"), lambda: RuleField("a", Kind.AGE),
        lambda: RuleField("i", Kind.INTEGER, digits=2), lambda: RuleField("m", Kind.MONEY, currency="CNY", currency_field="c"),
        lambda: Collection("c", [RuleField("t", Kind.TEXT)], date="t"), lambda: Collection("c", [], date="on"),
    ):  # fmt: skip
        with pytest.raises(RuleError):
            wrong()


def test_a_rule_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="join rules by &"):
        bool(field("aum") == 1)
