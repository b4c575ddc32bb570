"""When a verdict can change by the passing of days alone: never a day too late, and never one on which nothing changes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from tests.rules.worlds import TODAY, World, worlds

from bankcif.rules import Collection, Kind, RuleField, Schema, compiled, days, lower, parse
from bankcif.rules.changes import next_change

HORIZON = TODAY + timedelta(days=900)


@settings(max_examples=90)
@given(worlds(1))
def test_the_next_change_is_the_first_day_on_which_the_verdict_is_another(world: World) -> None:
    for rule in world.lowered().values():
        holds = compiled(rule)
        for record in world.records[:3]:
            now, day = holds(record, rule.known(TODAY, world.known)), TODAY
            while day < HORIZON and holds(record, rule.known(day, world.known)) is now:
                day += timedelta(days=1)
            wanted = day if holds(record, rule.known(day, world.known)) is not now else None
            assert next_change(rule, record, TODAY, world.known, until=HORIZON) == wanted


SCHEMA = Schema(
    [RuleField("since", Kind.DATE), RuleField("until", Kind.DATE), RuleField("born", Kind.DATE), RuleField("age", Kind.AGE, born="born")],
    [Collection("dealings", [RuleField("on", Kind.DATE)], date="on")],
)  # fmt: skip
RECORD = {
    "since": days(date(2024, 1, 31)), "until": None, "born": days(date(2008, 2, 29)),
    "dealings": [{"on": days(date(2024, 2, 1))}, {"on": days(date(2024, 4, 30))}, {"on": None}],
}  # fmt: skip
CASES = {
    "since < today - 30 days": date(2024, 3, 2), "since <= today - 1 month": date(2024, 3, 1), "since < today - 1 month": date(2024, 3, 1),
    "since > today - 1 year": date(2025, 1, 31), "days_since(since) >= 100": date(2024, 5, 10), "until > today": None,
    "age >= 16": None, "age >= 18": date(2026, 3, 1), "age > 18": date(2027, 3, 1), "age = 17": date(2025, 3, 1),
    "count(dealings within 30 days) = 0": date(2024, 3, 2), "count(dealings within 30 days) = 1": date(2024, 3, 2),
    "count(dealings within 3 months) = 2": date(2024, 4, 30), "today - max(dealings.on within 1 years) > 40": date(2024, 3, 13),
    "since + 60 < today": date(2024, 4, 1), "(today - since) * 2 > 100": date(2024, 3, 22),
    "days_since(since) > days_since(born)": None, "today - 1 month > since": date(2024, 3, 1), "today - 1 month > since and since is missing": None,
}  # fmt: skip


@pytest.mark.parametrize("text", sorted(CASES))
def test_days_counted_by_hand(text: str) -> None:
    rule = lower(parse(text), SCHEMA)
    assert next_change(rule, RECORD, TODAY) == CASES[text]


def test_nothing_changes_by_time_where_no_day_is_asked() -> None:
    assert next_change(lower(parse("since is missing"), SCHEMA), RECORD, TODAY) is None
    assert next_change(lower(parse("since < today - 30 days"), SCHEMA), RECORD, TODAY, until=date(2024, 3, 1)) is None
    assert next_change(lower(parse("until = today"), SCHEMA), RECORD, date.max) is None
