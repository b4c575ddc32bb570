"""Ordered rows are a short way: rules say of them what they say of the same rows gone through one by one, on every day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from bankcif.rules import compiled, days, lower, opened_schema, parse
from bankcif.rules.changes import next_change
from bankcif.rules.opened import Birthdays

BORN = st.dates(date(1900, 1, 1), date(2030, 12, 31)) | st.sampled_from(
    [date(2000, 2, 29), date(1, 1, 1), date(9990, 5, 5)]
)
SPANS = st.tuples(st.integers(-40, 40), st.sampled_from(["days", "months", "years"]))


@st.composite
def wheres(draw: st.DrawFn) -> str:
    """What is asked of a row."""
    count = draw(st.integers(1, 3))
    parts = []
    for _ in range(count):
        number, unit = draw(SPANS)
        beside = draw(
            st.sampled_from(
                [f"today {'-' if number < 0 else '+'} {abs(number)} {unit}", "today", "1990-06-15", "2026-11-28"]
            )
        )
        part = f"on {draw(st.sampled_from(['>=', '>', '<=', '<', '=', '!=']))} {beside}"
        parts.append(f"not ({part})" if draw(st.integers(0, 5)) == 0 else part)
    return draw(st.sampled_from([" and ", " or "])).join(parts)


RULES = st.builds(
    lambda function, where: function.format(where=where),
    st.sampled_from([
        "exists(birthdays where {where})", "count(birthdays where {where}) = 2", "count(birthdays where {where}) > 0", "min(birthdays.on where {where}) >= today",
        "max(birthdays.on where {where}) < today", "last(birthdays.on where {where}) = today", "distinct(birthdays.on where {where}) < 3",
    ]),
    wheres(),
)  # fmt: skip


@given(RULES, BORN, st.dates(date(1950, 1, 1), date(2060, 12, 31)))
@settings(max_examples=200, deadline=None)
@example("exists(birthdays where on >= today and on <= today + 7 days)", date(2000, 2, 29), date(2027, 2, 27))
def test_birthdays_say_what_they_would_as_a_list(text: str, born: date, today: date) -> None:
    rule = lower(parse(text), opened_schema())
    rows = Birthdays(born.isoformat())
    short, long = {"birthdays": rows}, {"birthdays": [*rows]}
    holds, until = compiled(rule), today + timedelta(days=800)
    for day in (today, today + timedelta(days=1), today + timedelta(days=365)):
        assert holds(short, rule.known(day)) == holds(long, rule.known(day))
    assert next_change(rule, short, today, until=until) == next_change(rule, long, today, until=until)


@given(BORN, st.integers(-800_000, 3_000_000), st.integers(-800_000, 3_000_000))
def test_between_gives_the_rows_from_one_day_to_another(born: date, low: int, high: int) -> None:
    rows = Birthdays(born.isoformat())
    every = [*rows]
    assert len(every) == len(rows)
    assert [*rows.between(low, high)] == [row for row in every if low <= row["on"] <= high]
    assert every == sorted(every, key=lambda row: row["on"])


def test_of_nobody_knows_when_there_are_none() -> None:
    rows = Birthdays(None)
    assert (len(rows), [*rows], rows.between(0, 9)) == (0, [], ())


@pytest.mark.parametrize(
    ("born", "year", "day"),
    [("2000-02-29", 2023, "2023-03-01"), ("2000-02-29", 2024, "2024-02-29"), ("1990-12-31", 2026, "2026-12-31")],
)
def test_a_birthday_by_the_calendar(born: str, year: int, day: str) -> None:
    first, last = days(date(year, 1, 1)), days(date(year, 12, 31))
    rows: Any = Birthdays(born).between(first, last)
    assert [row["on"] for row in rows] == [days(date.fromisoformat(day))]


def test_few_rows_are_made_for_a_window() -> None:
    """A rule that asks for a week does not go through a hundred and twenty years."""
    made: list[int] = []

    class Counted(Birthdays):
        def between(self, low: int, high: int) -> Any:
            found = super().between(low, high)
            made.append(len(found))
            return found

    rule = lower(parse("exists(birthdays where on >= today and on <= today + 7 days)"), opened_schema())
    today = date(2026, 11, 28)
    assert not compiled(rule)({"birthdays": Counted("1990-06-15")}, rule.known(today))
    found = next_change(rule, {"birthdays": Counted("1990-06-15")}, today, until=date(2028, 1, 1))
    assert found == date(2027, 6, 8)
    assert max(made) <= 3
