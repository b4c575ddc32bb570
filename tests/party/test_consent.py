"""Whether what a customer allowed, refused or withdrew allows a use: the laws, and cases of the law on personal information."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif.party.consent import (
    ConsentAnswer,
    ConsentState,
    ConsentUse,
    consent_answer,
    consent_subject,
    consent_turns,
)
from bankcif.party.facts import age_on, day_of_age

TODAY = date(2026, 11, 27)


def said(state: str = "granted", purpose: str = "marketing", **more: Any) -> dict[str, Any]:
    return {"purpose": purpose, "state": state, "since": "2026-01-01", **more}


def use(**more: Any) -> ConsentUse:
    return ConsentUse(**{"purpose": "marketing", **more})


CASES: dict[str, tuple[list[dict[str, Any]], ConsentUse, str]] = {
    "nothing was said": ([], use(), "missing"),
    "it was granted": ([said()], use(), "granted"),
    "for something else": ([said(purpose="analytics")], use(), "missing"),
    "any way covers each": ([said()], use(channel="sms"), "granted"),
    "one way does not cover all": ([said(channel="sms")], use(), "missing"),
    "another way": ([said(channel="sms")], use(channel="phone"), "missing"),
    "one group of data": ([said(data_group="contact")], use(data_group="contact"), "granted"),
    "all data where one group was granted": ([said(data_group="contact")], use(), "missing"),
    "denied": ([said("denied")], use(), "refused"),
    "withdrawn": ([said("withdrawn")], use(channel="sms"), "refused"),
    "one way refused, another asked": ([said(), said("denied", channel="sms")], use(channel="phone"), "granted"),
    "one way refused, all granted": ([said(), said("denied", channel="sms")], use(channel="sms"), "refused"),
    "all refused, one way granted": ([said("denied"), said(channel="sms")], use(channel="sms"), "refused"),
    "a recipient must be named": ([said()], use(recipient="an insurer"), "missing"),
    "and is": ([said(recipient="an insurer")], use(recipient="an insurer"), "granted"),
    "another recipient": ([said(recipient="an insurer")], use(recipient="a shop"), "missing"),
    "who may give it away may not use it by that": ([said(recipient="an insurer")], use(), "missing"),
    "what is refused is refused to all": ([said("denied"), said(recipient="an insurer")], use(recipient="an insurer"), "refused"),
    "abroad must be named": ([said(recipient="x")], use(recipient="x", country="SGP"), "missing"),
    "and is, with its country": ([said(recipient="x", country="SGP")], use(recipient="x", country="SGP"), "granted"),
    "its last day": ([said(until="2026-11-27")], use(), "granted"),
    "the day behind it": ([said(until="2026-11-26")], use(), "expired"),
    "before it begins": ([said(since="2026-11-28")], use(), "not_yet"),
    "ended, and granted anew": ([said(until="2026-11-26"), said(channel="sms")], use(channel="sms"), "granted"),
    "by a guardian of one who is no child": ([said(guardian=True)], use(), "guardian"),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_whether_a_use_is_allowed(what: str) -> None:
    rows, asked, wanted = CASES[what]
    assert consent_answer(rows, asked, TODAY)[0] == wanted


def test_a_guardian_consents_for_a_child() -> None:
    assert consent_answer([said()], use(), TODAY, child=True)[0] is ConsentAnswer.GUARDIAN
    assert consent_answer([said(guardian=True)], use(), TODAY, child=True)[0] is ConsentAnswer.GRANTED
    assert consent_answer([said("denied"), said(guardian=True)], use(), TODAY, child=True)[0] is ConsentAnswer.REFUSED


some = {
    "channel": st.sampled_from([None, "sms", "phone"]), "data_group": st.sampled_from([None, "contact"]),
    "recipient": st.sampled_from([None, "x"]), "country": st.sampled_from([None, "SGP"]),
}  # fmt: skip
uses = st.builds(ConsentUse, purpose=st.just("marketing"), **some)
dates = st.sampled_from(["2026-01-01", "2026-11-27", "2027-01-01"])
rows = st.builds(
    lambda state, since, until, guardian, more: said(state, since=since, until=until, guardian=guardian, **more),
    st.sampled_from(ConsentState), dates, st.none() | dates, st.booleans(), st.fixed_dictionaries(some),
)  # fmt: skip
statements = st.lists(rows, max_size=5)
children = st.booleans()


@given(statements, rows, uses, children)
def test_a_refusal_more_allows_nothing(known: list[Any], more: dict[str, Any], asked: ConsentUse, child: bool) -> None:
    refusal = {**more, "state": "denied"}
    before, after = (consent_answer(all_, asked, TODAY, child=child)[0] for all_ in (known, [*known, refusal]))
    assert after in (before, ConsentAnswer.REFUSED)


@given(statements, statements, uses, children)
def test_of_two_sides_the_stricter_one_stands(one: list[Any], other: list[Any], asked: ConsentUse, child: bool) -> None:
    """What two who are merged said together allows nothing that one of them refused, and nothing that neither allowed."""
    mine, theirs, both = (consent_answer(all_, asked, TODAY, child=child)[0] for all_ in (one, other, one + other))
    if ConsentAnswer.REFUSED in (mine, theirs):
        assert both is ConsentAnswer.REFUSED
    else:
        assert (both is ConsentAnswer.GRANTED) is (ConsentAnswer.GRANTED in (mine, theirs))


@given(st.permutations(range(4)), st.lists(rows, min_size=4, max_size=4), uses, children)
def test_the_order_of_statements_means_nothing(
    order: list[int], known: list[Any], asked: ConsentUse, child: bool
) -> None:
    assert (
        consent_answer(known, asked, TODAY, child=child)[0]
        is consent_answer([known[n] for n in order], asked, TODAY, child=child)[0]
    )


@given(statements, uses, st.sampled_from(["sms", "phone"]), children)
def test_what_is_allowed_by_any_way_is_allowed_by_each_that_was_not_refused(
    known: list[Any], asked: ConsentUse, channel: str, child: bool
) -> None:
    wide = attrs.evolve(asked, channel=None)
    if consent_answer(known, wide, TODAY, child=child)[0] is ConsentAnswer.GRANTED:
        narrow = consent_answer(known, attrs.evolve(asked, channel=channel), TODAY, child=child)[0]
        assert narrow in (ConsentAnswer.GRANTED, ConsentAnswer.REFUSED)


@given(statements, uses, children)
def test_who_says_so_is_told(known: list[Any], asked: ConsentUse, child: bool) -> None:
    found, row = consent_answer(known, asked, TODAY, child=child)
    assert (row is None) is (found is ConsentAnswer.MISSING)
    if row is not None:
        assert consent_answer([row], asked, TODAY, child=child) == (found, row)
        assert consent_subject(row)[0] == "marketing"


DAYS = st.dates(date(2026, 11, 1), date(2026, 12, 31))
STATED = st.builds(
    lambda state, since, until, channel: said(
        state, since=since.isoformat(), **({} if until is None else {"until": until.isoformat()}), **({} if channel is None else {"channel": channel})
    ),
    st.sampled_from(["granted", "denied"]), DAYS, st.none() | DAYS, st.sampled_from([None, "sms"]),
)  # fmt: skip


@given(st.lists(STATED, max_size=4), DAYS, st.sampled_from([None, "sms", "phone"]))
def test_until_the_day_on_which_it_turns_it_says_the_same(
    rows: list[dict[str, Any]], day: date, channel: str | None
) -> None:
    turns = consent_turns(rows, "marketing", day)
    asked = use(channel=channel)
    first = consent_answer(rows, asked, day)
    for later in range(1, 70):
        then = day + timedelta(days=later)
        if turns is not None and then >= turns:
            return
        assert consent_answer(rows, asked, then) == first


def test_a_consent_without_end_turns_no_more() -> None:
    assert consent_turns([said(), said(purpose="analytics", until="2026-12-01")], "marketing", TODAY) is None
    assert consent_turns([said(until="2026-11-27")], "marketing", TODAY) == date(2026, 11, 28)
    assert consent_turns([said(since="2026-12-01", until="9999-12-31")], "marketing", TODAY) == date(2026, 12, 1)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_the_day_of_an_age_is_the_first_on_which_somebody_is_so_old(born: date, years: int) -> None:
    day = day_of_age(born, years)
    assert (age_on(born, day), age_on(born, day - timedelta(days=1))) == (years, years - 1)


def test_whoever_is_born_on_a_leap_day_is_older_on_the_first_of_march() -> None:
    assert day_of_age(date(2012, 2, 29), 14) == date(2026, 3, 1)
    assert day_of_age(date(2012, 2, 29), 16) == date(2028, 2, 29)
    assert day_of_age(date(9990, 1, 1), 14) == date.max
