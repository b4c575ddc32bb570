"""Tiers month by month: the published rule as a table, and its laws."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.party import Money
from bankcif.tagging import Average, Month, Move, Tier, TierScale, TierState, average_of


def tier(name: str, floor: int, grace: int = 3) -> Tier:
    return Tier(name=name, zh=name, en=name, floor=Money(floor, "CNY"), grace_months=grace)


# The ladder and the rule of months are those of REQUIREMENTS' acceptance case: a Chinese bank's published rule, whose floors are an example.
SCALE = TierScale("1", (tier("mass", 0), tier("gold", 50_000), tier("wealth", 500_000), tier("private", 6_000_000, 6)))
JANUARY = Month(2026, 1)


def averages(*yuan: int) -> dict[Month, Average]:
    found, month = {}, JANUARY
    for each in yuan:
        found[month] = Average(each * 100 * month.days, month.days)
        month = month.next()
    return found


def told(*yuan: int) -> list[tuple[str, str]]:
    return [(step.move.value, step.state.tier) for step in SCALE.replay(averages(*yuan))]


TABLE: dict[str, tuple[tuple[int, ...], list[tuple[str, str]]]] = {
    "who reaches a floor stands there from the next month": (
        (10, 60_000, 60_000), [("entered", "mass"), ("promoted", "gold"), ("stayed", "gold")]),
    "several steps at once": ((10, 7_000_000), [("entered", "mass"), ("promoted", "private")]),
    "the floor itself counts": ((49_999, 50_000), [("entered", "mass"), ("promoted", "gold")]),
    "two months below are watched and forgotten": (
        (60_000, 40_000, 49_999, 50_000), [("entered", "gold"), ("watched", "gold"), ("watched", "gold"), ("recovered", "gold")]),
    "three months below drop in the fourth": (
        (60_000, 40_000, 40_000, 40_000, 40_000),
        [("entered", "gold"), ("watched", "gold"), ("watched", "gold"), ("dropped", "mass"), ("stayed", "mass")]),
    "to where the third month puts them, and not the first": (
        (600_000, 10, 10, 60_000), [("entered", "wealth"), ("watched", "wealth"), ("watched", "wealth"), ("dropped", "gold")]),
    "the count begins anew": (
        (60_000, 40_000, 40_000, 60_000, 40_000, 40_000),
        [("entered", "gold"), ("watched", "gold"), ("watched", "gold"), ("recovered", "gold"), ("watched", "gold"), ("watched", "gold")]),
    "private bank drops after six months, in the seventh": (
        (7_000_000, *[600_000] * 6, 600_000),
        [("entered", "private"), *[("watched", "private")] * 5, ("dropped", "wealth"), ("stayed", "wealth")]),
    "a promotion ends a watch": (
        (60_000, 40_000, 600_000), [("entered", "gold"), ("watched", "gold"), ("promoted", "wealth")]),
    "who dropped is watched on the new step": (
        (600_000, 60_000, 60_000, 60_000, 10, 10, 10),
        [("entered", "wealth"), ("watched", "wealth"), ("watched", "wealth"), ("dropped", "gold"), ("watched", "gold"), ("watched", "gold"),
         ("dropped", "mass")]),
}  # fmt: skip


@pytest.mark.parametrize("what", TABLE)
def test_the_published_rule_month_by_month(what: str) -> None:
    yuan, wanted = TABLE[what]
    assert told(*yuan) == wanted


def test_from_which_month_on_a_step_holds() -> None:
    steps = SCALE.replay(averages(10, 60_000, 10, 10, 10))
    assert [str(step.state.since) for step in steps] == ["2026-02", "2026-03", "2026-03", "2026-03", "2026-06"]
    assert steps[-1].state == TierState(tier="mass", since=Month(2026, 6), until=Month(2026, 5))


history = st.lists(
    st.sampled_from([0, 10, 49_999, 50_000, 499_999, 500_000, 5_999_999, 6_000_000, 9_000_000]), min_size=1, max_size=24
)


@given(history, st.data())
def test_month_by_month_and_at_once_are_one(yuan: list[int], data: st.DataObject) -> None:
    all_ = averages(*yuan)
    whole = SCALE.replay(all_)
    cut = data.draw(st.integers(0, len(yuan)))
    months = sorted(all_)
    first = SCALE.replay({month: all_[month] for month in months[:cut]})
    rest = SCALE.replay({month: all_[month] for month in months[cut:]}, first[-1].state if first else None)
    assert first + rest == whole


@given(history)
def test_nobody_stands_below_what_their_last_month_reaches(yuan: list[int]) -> None:
    names = [one.name for one in SCALE.tiers]
    all_ = averages(*yuan)
    for step in SCALE.replay(all_):
        reached = names.index(SCALE.of(all_[step.month]).name)
        assert names.index(step.state.tier) >= reached
        assert (step.state.watched > 0) == (step.move is Move.WATCHED)
        assert step.state.watched < SCALE.tiers[names.index(step.state.tier)].grace_months


def test_a_month_without_anything_held_counts() -> None:
    all_ = averages(60_000, 0, 0, 0, 60_000)
    gone = {month: each for month, each in all_.items() if each.total}
    assert SCALE.replay(gone) == SCALE.replay(all_)
    assert SCALE.replay({}) == []
    february = SCALE.replay(averages(60_000, 60_000))[-1].state
    may = {Month(2026, 5): averages(0, 0, 0, 0, 60_000)[Month(2026, 5)]}
    assert SCALE.replay(may, february) == SCALE.replay({**averages(60_000, 60_000), **may})[2:]


def test_what_is_missing_for_the_next_step() -> None:
    state = TierState(tier="gold", since=JANUARY, until=JANUARY)
    assert SCALE.missing(state, Average(400_000 * 100 * 31, 31)) == Money("100000", "CNY")
    assert SCALE.missing(state, Average(1, 31)) == Money("500000", "CNY"), "a cent of an average is rounded up"
    assert SCALE.missing(TierState(tier="private", since=JANUARY, until=JANUARY), Average(0, 31)) is None


def test_months_are_reckoned_in_their_order() -> None:
    state = TierState(tier="gold", since=JANUARY, until=JANUARY)
    for month in (JANUARY, Month(2026, 3)):
        with pytest.raises(ConfigurationError, match="not the one behind 2026-01"):
            SCALE.step(state, month, Average(0, 31))
    with pytest.raises(ConfigurationError, match="no tier shoe"):
        SCALE.step(TierState(tier="shoe", since=JANUARY, until=JANUARY), Month(2026, 2), Average(0, 28))


@given(st.dictionaries(st.integers(0, 27), st.integers(-10, 10**12)), st.integers(0, 10**12))
def test_an_average_is_that_of_all_days(changes: dict[int, int], before: int) -> None:
    month, days = Month(2026, 2), []
    standing = before
    for n in range(28):
        standing = changes.get(n, standing)
        days.append(standing)
    found = average_of([(date(2026, 2, 1) + timedelta(n), minor) for n, minor in changes.items()], month, before=before)
    assert (found.total, found.days) == (sum(days), 28)


def test_a_year_ends() -> None:
    assert (Month(2026, 12).next(), Month.of(date(2027, 1, 31)).days) == (Month(2027, 1), 31)
    assert Month(2028, 2).days == 29


RIGHT = {
    "version": "1",
    "currency": "CNY",
    "tier": [
        {"name": "a", "zh": "甲", "en": "A", "floor": "0"},
        {"name": "b", "zh": "乙", "en": "B", "floor": "5.50", "grace_months": 6},
    ],
}


def test_a_scale_is_read(tmp_path: Path) -> None:
    found = TierScale.from_document(RIGHT)
    assert [(one.name, one.floor.minor, one.grace_months) for one in found.tiers] == [("a", 0, 3), ("b", 550, 6)]
    path = tmp_path / "tiers.toml"
    path.write_text(
        'version = "1"\ncurrency = "CNY"\n[[tier]]\nname = "a"\nzh = "甲"\nen = "A"\nfloor = "0"\n', encoding="utf-8"
    )
    assert TierScale.read(path).tiers == found.tiers[:1]


def other(**more: Any) -> dict[str, Any]:
    first, second = RIGHT["tier"]
    return {**RIGHT, "tier": [first, {**second, **more}]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "a scale has a version"), ({**RIGHT, "more": 1}, "a scale has a version"), ({**RIGHT, "tier": 5}, "a scale has"),
        (other(floor="0"), "rise from 0"), (other(floor="-1"), "rise from 0"), (other(floor="1.234"), "a scale has"), (other(name="a"), "one name"),
        (other(grace_months=0), "1 to 24"), (other(grace_months="3"), "a scale has"), (other(colour="red"), "a scale has"),
        ({**RIGHT, "tier": []}, "rise from 0"), ({**RIGHT, "currency": "yuan"}, "a scale has"),
    ],
)  # fmt: skip
def test_a_wrong_scale_is_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        TierScale.from_document(document)


def test_one_currency() -> None:
    with pytest.raises(ConfigurationError, match="one currency"):
        TierScale("1", (tier("a", 0), Tier(name="b", zh="b", en="b", floor=Money(5, "USD"))))
