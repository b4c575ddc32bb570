"""Where customers stand on a ladder: by their monthly balances, alike for one and for many, and until the day that is told."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.engines.test_spark import SPARK
from tests.tagging.customers import TODAY, frames
from tests.tagging.test_catalogue import LABELS, of, segment, tag

from bankcif.errors import InputError, RuleError
from bankcif.party import Money
from bankcif.rules import opened_record
from bankcif.tagging import Catalogue, Evaluator, Family, Group, Said, Tag, TagKind, Verdict

GROUP = Group(name="tier", zh="等级", en="Tier")


def tier(name: str, at: int, **more: Any) -> Tag:
    given = {
        "kind": TagKind.TIER,
        "group": "tier",
        "family": Family.VALUE,
        "floor": Money(at, "CNY"),
        **LABELS,
        **more,
    }
    return Tag(name=name, **given)


STEPS = (
    tier("private", 6_000_000, grace_months=6),
    tier("mass", 0),
    tier("gold", 50_000),
    tier("wealth", 500_000, grace_months=2),
)
LADDER = of(GROUP, *STEPS, segment("served", "tag('private') or tag('wealth') and aum is missing"))
EVALUATOR = Evaluator(LADDER)


def customer(*yuan: int | None, first: int = 1, currency: str = "CNY", **more: Any) -> dict[str, Any]:
    """Averages of the months from the *first* of 2026 on; None for a month that is missing."""
    rows = [
        {
            "month": f"{2026 + (first + n - 1) // 12}-{(first + n - 1) % 12 + 1:02}",
            "average": {"minor": 100 * each, "currency": currency},
        }
        for n, each in enumerate(yuan)
        if each is not None
    ]
    return opened_record({"kind": "individual"}, {"balances": rows, **more})


def stands(record: dict[str, Any], today: date = TODAY, said: dict[str, Said] | None = None) -> set[str]:
    return {name for name, verdict in EVALUATOR.verdicts(record, today, said).items() if verdict.has}


TABLE: dict[str, tuple[dict[str, Any], date, set[str]]] = {
    "nothing is known": (customer(), TODAY, set()),
    "from the next month on": (customer(60_000), date(2026, 2, 1), {"tag:gold"}),
    "not in the month itself": (customer(60_000), date(2026, 1, 31), set()),
    "several books of a month add up": (
        opened_record({}, {"balances": [{"month": "2026-01", "average": {"minor": 2_500_000, "currency": "CNY"}}] * 2}), date(2026, 2, 1), {"tag:gold"}),
    "another currency counts as nothing": (customer(60_000, currency="USD"), TODAY, {"tag:mass"}),
    "a month that is over and one that is not": (customer(60_000, 7_000_000), date(2026, 2, 28), {"tag:gold"}),
    "private bank in its sixth month of watch": (customer(7_000_000, 1, 1, 1, 1, 1), date(2026, 7, 1), {"tag:private", "segment:served"}),
    "and in the seventh": (customer(7_000_000, 1, 1, 1, 1, 1, 60_000), date(2026, 8, 1), {"tag:gold"}),
    "months that are missing between are of nothing": (customer(60_000, None, None, 1), TODAY, {"tag:mass"}),
    "two months that are missing at the end may be late": (customer(60_000, 10, 10), date(2026, 6, 30), {"tag:gold"}),
    "three of them are of nothing": (customer(60_000, 10, 10), date(2026, 7, 1), {"tag:mass"}),
    "who is heard of no more stands on their grace": (customer(7_000_000), date(2026, 9, 30), {"tag:private", "segment:served"}),
    "and drops": (customer(7_000_000), date(2026, 10, 1), {"tag:mass"}),
    "an amount beyond all": (customer(2**63 // 100 - 1, 10**16), date(2026, 3, 1), {"tag:private", "segment:served"}),
    "an overdrawn month": (customer(-5), TODAY, {"tag:mass"}),
}  # fmt: skip


@pytest.mark.parametrize("what", TABLE)
def test_where_one_stands(what: str) -> None:
    record, today, wanted = TABLE[what]
    assert stands(record, today) == wanted


months = st.lists(st.sampled_from([None, 0, 10, 49_999, 50_000, 500_000, 6_000_000]), min_size=1, max_size=16)
histories = st.builds(lambda first, amounts: customer(*amounts, first=first), st.integers(-3, 8), months)
many = st.lists(histories, min_size=4, max_size=20)


@given(many)
def test_many_customers_at_once_stand_where_each_stands(records: list[dict[str, Any]]) -> None:
    own, rows = frames(records)
    found = EVALUATOR.in_columns(own, key="key", today=TODAY, collections=rows).sort("key").to_dicts()
    assert [{name for name, holds in row.items() if holds is True} for row in found] == [*map(stands, records)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(many)
def test_so_they_do_in_duckdb(records: list[dict[str, Any]]) -> None:
    own, rows = frames(records)
    with duckdb.connect() as database:
        own_, balances = (database.from_arrow(one.to_arrow()) for one in (own, rows["balances"]))
        found = EVALUATOR.in_columns(own_, key="key", today=TODAY, collections={"balances": balances}).pl()
    rows_ = found.sort("key").to_dicts()
    assert [{name for name, holds in row.items() if holds is True} for row in rows_] == [*map(stands, records)]


@pytest.mark.spark
def test_so_they_do_in_spark() -> None:
    amounts = itertools.product(
        [None, 0, 60_000, 700_000], [7_000_000, 60_000], [None, 10], [None, 10], [10, 50_000], [None, 600_000]
    )
    records = [customer(*each, first=first) for first, each in zip(itertools.cycle((1, 4, 7)), amounts, strict=False)]
    own, rows = frames(records)
    spark = SPARK.session()
    keys, balances = (spark.createDataFrame(one.to_arrow()) for one in (own.select("key"), rows["balances"]))
    evaluator = Evaluator(of(GROUP, *STEPS))
    found = evaluator.in_columns(keys, key="key", today=TODAY, collections={"balances": balances})
    told = [row.asDict() for row in sorted(found.collect(), key=lambda row: row["key"])]
    assert [{name for name, holds in row.items() if holds is True} for row in told] == [
        {name for name in stands(record) if name.startswith("tag:")} for record in records
    ]


@given(histories)
def test_one_stands_there_until_the_day_that_is_told(record: dict[str, Any]) -> None:
    """Whatever months are known ahead; the day before it and the day itself are looked at, and all first days of months between."""
    today = date(2026, 5, 20)
    first = EVALUATOR.verdicts(record, today)
    turns = EVALUATOR.next_change(record, first, today)
    for n in range(1, 48):
        day = date(2026 + (4 + n) // 12, (4 + n) % 12 + 1, 1)
        if turns is not None and day >= turns:
            assert day == turns
            assert EVALUATOR.verdicts(record, turns) != first
            return
        assert EVALUATOR.verdicts(record, day) == first
    assert turns is None


def test_a_month_at_the_end_of_the_calendar_turns_nothing() -> None:
    record = opened_record({}, {"balances": [{"month": "9999-12", "average": {"minor": 1, "currency": "CNY"}}]})
    assert EVALUATOR.next_change(record, EVALUATOR.verdicts(record, TODAY), TODAY) is None
    assert opened_record({}, {"balances": [{"month": "0000-01", "average": None}]})["balances"][0]["month"] is None


def test_a_person_puts_one_on_another_tier() -> None:
    record, today = customer(60_000), date(2026, 2, 1)
    assert stands(record, today, {"private": Said.HAS}) == {"tag:private", "segment:served"}
    assert EVALUATOR.verdicts(record, today, {"private": Said.HAS})["tag:gold"] is Verdict.DISPLACED
    assert stands(record, today, {"gold": Said.VETO}) == set()
    assert stands(record, today, {"wealth": Said.HAS, "mass": Said.HAS}) == {"tag:wealth", "segment:served"}


def test_why_one_stands_there_is_told_month_by_month() -> None:
    def show(fields: frozenset[str], value: Any) -> str:
        assert fields == {"balances.average"}
        return f"{value.amount:f}"

    record = customer(7_000_000, 60_000, 1, 1, 1)
    for name, holds in (("tag:private", True), ("tag:gold", False)):
        found = EVALUATOR.explain(name, record, date(2026, 6, 1), show=show)
        assert found.holds is holds
        assert [one.text for one in found.tree.items] == [f"{name[4:]} from 2026-{n:02} on" for n in range(2, 7)]
        assert found.because == found.tree.items, "who came there, and every month of watch since"
        assert [one.verdict for one in found.because] == [holds] * 5
    assert [seen.value for seen in found.because[-1].seen] == ["1.00", "private (watched)"]
    assert (
        EVALUATOR.explain("tag:mass", customer(60_000, 1, 1, 1), date(2026, 5, 1), show=show).because[0].text
        == "mass from 2026-05 on"
    )
    nobody = EVALUATOR.explain("tag:mass", customer(), TODAY, show=show)
    assert (nobody.holds, nobody.because) == (False, ())


def test_a_ladder_of_a_document() -> None:
    again = Catalogue.from_document(LADDER.document())
    assert again.document() == LADDER.document()
    assert again.ladders == LADDER.ladders
    assert [one.name for one in again.ladders["tier"].tiers] == ["mass", "gold", "wealth", "private"]
    assert LADDER.document()["tag"]["gold"]["floor"] == "CNY 50000"
    assert LADDER.sensitivity("tag:gold") == LADDER.sensitivity("segment:served") == "C2S"
    assert set(LADDER.impact("balances")) == set(LADDER.order)
    assert EVALUATOR.affected(["balances"]) == LADDER.order


def test_another_floor_is_another_version_of_every_step() -> None:
    def versions(*more: Tag) -> dict[str, str]:
        found = of(GROUP, *more)
        return {name: found.version_of(name) for name in found.order}

    one = versions(tier("a", 0), tier("b", 5))
    assert set(one.values()).isdisjoint(versions(tier("a", 0), tier("b", 6)).values())
    assert set(one.values()).isdisjoint(versions(tier("a", 0), tier("b", 5, grace_months=4)).values())
    assert one == versions(tier("a", 0, grace_months=3), tier("b", 5, en="other"))


TABLE_OF = {"family": "value", "kind": "tier", "group": "tier", "floor": "CNY 0", **LABELS}
REFUSED: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "no floor": ({"a": {**TABLE_OF, "floor": None}}, "tag a: floor is an amount, such as CNY 500000"),
    "a number": ({"a": {**TABLE_OF, "floor": 5}}, "tag a: floor is an amount"),
    "too many digits": ({"a": {**TABLE_OF, "floor": "CNY 5.123"}}, "tag a: floor is an amount"),
    "a rule": ({"a": {**TABLE_OF, "when": "aum > CNY 5"}}, "tag a: a rule tag, and no other, says when it holds"),
    "a floor of a rule": ({"a": {**TABLE_OF, "kind": "rule", "when": "aum > CNY 5"}}, "tag a: a tier, and no other, has a floor"),
    "a grace of a rule": (
        {"a": {"family": "value", **LABELS, "when": "aum > CNY 5", "grace_months": 3}}, "tag a: a tier, and no other, has a floor"),
    "no group": ({"a": {**TABLE_OF, "group": ""}}, "tag a: a tier stands in a group"),
    "a priority": ({"a": {**TABLE_OF, "priority": 3}}, "its floor is its priority"),
    "a rule beside": (
        {"a": TABLE_OF, "b": {"family": "value", "group": "tier", "when": "aum > CNY 5", **LABELS}}, "group tier: its tags are tiers, or none"),
    "no lowest": ({"a": {**TABLE_OF, "floor": "CNY 5"}}, "group tier: the floors of tiers rise from 0"),
    "grace": ({"a": {**TABLE_OF, "grace_months": 25}}, "group tier: the grace of a tier is 1 to 24 months"),
    "a text for grace": ({"a": {**TABLE_OF, "grace_months": "3"}}, "tag a: grace_months is a whole number"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_ladder_is_refused_by_name(what: str) -> None:
    tags, said = REFUSED[what]
    with pytest.raises(RuleError, match=said):
        Catalogue.from_document({"version": "1", "group": {"tier": {"zh": "级", "en": "t"}}, "tag": tags})


def test_a_tier_that_is_built_wrongly_is_refused() -> None:
    for more, said in (
        ({"floor": "CNY 5"}, "floor is an amount of money"),
        ({"grace_months": 3.0}, "grace_months is a whole number"),
    ):
        with pytest.raises(RuleError, match=said):
            tier("a", 5, **more)


def test_amounts_beyond_all_are_the_same_on_columns() -> None:
    """Of several books each as large as can rest, and as deep."""
    rows = [
        {"month": month, "book": str(n), "average": {"minor": minor, "currency": "CNY"}}
        for month, minor in (("2026-09", 2**63 - 1), ("2026-10", -(2**63) + 1)) for n in range(40)
    ]  # fmt: skip
    records = [opened_record({}, {"balances": rows[:n]}) for n in (2, 40, 80)]
    own, frame = frames(records)
    found = EVALUATOR.in_columns(own, key="key", today=TODAY, collections=frame).sort("key").to_dicts()
    assert [{name for name, holds in row.items() if holds is True} for row in found] == [*map(stands, records)]
    assert "tag:private" in stands(records[0])
    assert EVALUATOR.explain("tag:private", records[2], TODAY, show=lambda _, value: str(value)).holds


def test_a_long_memory_is_the_same_on_columns() -> None:
    """A ladder of four long graces, over years in which somebody drops step by step."""
    long = Evaluator(
        of(GROUP, tier("a", 0), *(tier(name, 10**n, grace_months=24) for n, name in enumerate("bcde", start=2)))
    )
    amounts = [10**5, *[10**4] * 24, *[10**3] * 24, *[10**2] * 24, *[1] * 24]
    records = [customer(*amounts[:n], first=1 - n + 10) for n in range(1, 98, 6)]
    own, rows = frames(records)
    found = long.in_columns(own, key="key", today=TODAY, collections=rows).sort("key").to_dicts()
    assert [{name for name, holds in row.items() if holds is True} for row in found] == [
        {name for name, one in long.verdicts(record, TODAY).items() if one.has} for record in records
    ]
    assert len({frozenset(name for name, holds in row.items() if holds is True) for row in found}) == 5


def test_one_wrong_month_costs_little() -> None:
    rows = [{"month": month, "average": {"minor": 1, "currency": "CNY"}} for month in ("0001-01", "2026-10")]
    found = EVALUATOR.explain("tag:mass", opened_record({}, {"balances": rows}), TODAY, show=lambda _, __: "")
    assert found.holds
    assert len(found.tree.items) == 1


def test_whole_columns_need_the_balances() -> None:
    own, rows = frames([customer(60_000)])
    with pytest.raises(InputError, match="gather over balances, of which no rows"):
        EVALUATOR.in_columns(own, key="key", today=TODAY)
    for wrong, said in (
        (rows["balances"].drop("average"), "no column average"), (rows["balances"].cast({"key": str}), "key of customers is Int64, and"),
        (rows["balances"].cast({"month": str}), "column month is String"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=said):
            EVALUATOR.in_columns(own, key="key", today=TODAY, collections={"balances": wrong})


def test_a_ladder_and_rules_stand_side_by_side() -> None:
    found = Evaluator(
        of(
            GROUP,
            *STEPS,
            tag("rich", "sum(balances.average where average_currency = 'CNY' within 6 months) > CNY 100000"),
            tag("said", None),
        )
    )
    record = customer(60_000, 60_000, first=9)
    assert {name for name, one in found.verdicts(record, TODAY).items() if one.has} == {"tag:gold", "tag:rich"}
