"""Who has which tags: alike for one customer and for many, with what was said by hand above what rules say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
from tests.tagging.customers import TODAY, customers, frames
from tests.tagging.test_catalogue import of, segment, tag

from bankcif.rules import opened_record
from bankcif.tagging import Evaluator, Group, Said, Verdict, starter_catalogue

STARTER = Evaluator(starter_catalogue())


def held(verdicts: dict[str, Verdict]) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.has}


@settings(max_examples=30)
@given(st.lists(customers, min_size=1, max_size=6))
def test_many_customers_at_once_have_the_tags_that_each_has_alone(records: list[dict[str, Any]]) -> None:
    own, rows = frames(records)
    found = STARTER.in_columns(own, key="key", today=TODAY, collections=rows).sort("key")
    for n, record in enumerate(records):
        row = found.row(n, named=True)
        assert {name for name, holds in row.items() if holds is True} == held(STARTER.verdicts(record, TODAY))


@settings(max_examples=25)
@given(customers)
def test_nobody_has_two_tags_of_a_group(record: dict[str, Any]) -> None:
    found = held(STARTER.verdicts(record, TODAY))
    for group in STARTER.catalogue.groups:
        assert sum(f"tag:{tag.name}" in found for tag in STARTER.catalogue.group_of(group)) <= 1


@settings(max_examples=25)
@given(customers)
def test_nothing_turns_before_the_day_that_is_told(record: dict[str, Any]) -> None:
    first = STARTER.verdicts(record, TODAY)
    turns = STARTER.next_change(record, first, TODAY)
    day = TODAY
    for _ in range(120):
        day += timedelta(days=1)
        if turns is not None and day >= turns:
            break
        assert STARTER.verdicts(record, day) == first
    if turns is not None:
        raw = {Verdict.RULE, Verdict.DISPLACED, Verdict.VETOED}
        then = STARTER.verdicts(record, turns)
        assert any((then[name] in raw) is not (first[name] in raw) for name in first)


def made(**more: Any) -> dict[str, Any]:
    return opened_record({"kind": "individual"}, more)


GRADES = Evaluator(of(
    Group(name="g", zh="组", en="g"), tag("gold", "aum >= CNY 100", group="g", priority=3), tag("silver", "aum >= CNY 10", group="g", priority=2),
    tag("plain", None, group="g", priority=1), tag("served", "tag('gold') or tag('plain')"), segment("all", "tag('served') or tag('silver')"),
))  # fmt: skip
RICH = made(aum={"minor": 20_000, "currency": "CNY"})


def test_what_was_said_stands_above_what_rules_say() -> None:
    def found(**said: Said) -> dict[str, str]:
        return {name.partition(":")[2]: str(verdict) for name, verdict in GRADES.verdicts(RICH, TODAY, said).items()}

    assert found() == {"gold": "rule", "silver": "displaced", "plain": "no", "served": "rule", "all": "rule"}
    assert found(gold=Said.VETO) == {"gold": "vetoed", "silver": "rule", "plain": "no", "served": "no", "all": "rule"}
    assert found(plain=Said.HAS) == {
        "gold": "displaced",
        "silver": "displaced",
        "plain": "said",
        "served": "rule",
        "all": "rule",
    }
    assert found(served=Said.VETO, silver=Said.HAS) == {
        "gold": "displaced", "silver": "said", "plain": "no", "served": "no", "all": "rule",
    }  # fmt: skip


def test_overlaps_within_a_group_are_told() -> None:
    few = made(aum={"minor": 2_000, "currency": "CNY"})
    assert GRADES.overlaps([RICH, RICH, few, made()], TODAY) == {frozenset({"gold", "silver"}): 2}


def test_what_a_change_can_turn() -> None:
    assert GRADES.affected(["aum"]) == ("tag:gold", "tag:silver", "tag:plain", "tag:served", "segment:all")
    assert STARTER.affected(["birth_date"])[0] == "tag:child"
    assert "tag:senior_in_risk" in STARTER.affected(["holdings"])
    assert GRADES.affected(["sex"]) == ()
