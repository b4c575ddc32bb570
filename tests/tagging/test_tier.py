"""Tiers month by month: the published rule as a table, and its laws."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import InputError, RuleError
from bankcif.party import Money
from bankcif.tagging import Average, Month, Move, Tier, TierScale, TierState, average_of


def tier(name: str, floor: int, grace: int = 3) -> Tier:
    return Tier(name, Money(floor, "CNY"), grace)


# The ladder and the rule of months are those of REQUIREMENTS' acceptance case: a Chinese bank's published rule, whose floors are an example.
SCALE = TierScale((tier("mass", 0), tier("gold", 50_000), tier("wealth", 500_000), tier("private", 6_000_000, 6)))
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
        with pytest.raises(InputError, match="not the one behind 2026-01"):
            SCALE.step(state, month, Average(0, 31))
    with pytest.raises(InputError, match="no tier shoe"):
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


@given(history, st.sets(st.integers(0, 23), max_size=6), st.tuples(*[st.integers(1, 4)] * 3))
def test_the_last_months_say_where_one_stands(yuan: list[int], gone: set[int], graces: tuple[int, int, int]) -> None:
    """Whatever was before them, and whether months of nothing are there or not."""
    steps_ = zip(("gold", "wealth", "private"), (50_000, 500_000, 6_000_000), graces, strict=True)
    scale = TierScale((tier("mass", 0), *(tier(*one) for one in steps_)))
    known = {month: each for n, (month, each) in enumerate(averages(*yuan).items()) if n not in gone}
    steps = scale.replay(known)
    assert scale.stands({month.place: each.total // each.days for month, each in known.items()}) == (
        steps[-1].state.tier if steps else None
    )


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ((), "rise from 0"), ((tier("a", 5),), "rise from 0"), ((tier("a", 0), tier("b", 0)), "rise from 0"),
        ((tier("a", 0), tier("b", 9), tier("c", 5)), "rise from 0"), ((tier("a", 0), tier("a", 5)), "one name"),
        ((tier("a", 0, 0),), "1 to 24"), ((tier("a", 0, 25),), "1 to 24"), ((tier("a", 0, True),), "1 to 24"),
        ((tier("a", 0), tier("b", 10**14)), "minor units at most"), ((tier("a", 0), *(tier(f"b{n}", n, 24) for n in range(1, 7))), "120 months"),
        ((tier("a", 0), Tier("b", Money(5, "USD"))), "one currency"),
    ],
)  # fmt: skip
def test_a_wrong_scale_is_refused(tiers: tuple[Tier, ...], said: str) -> None:
    with pytest.raises(RuleError, match=said):
        TierScale(tiers)
