"""Where a finding stands, as a table; scores by hand; what cleaners suggest."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.quality.test_quality_rules import ID, TABLES

from bankcif.errors import InputError
from bankcif.party import PartyKind
from bankcif.quality import (
    LIVE,
    Answered,
    Figure,
    Outcome,
    State,
    followed,
    need_acceptance,
    scores,
    standard_cleaners,
)
from bankcif.wording import AddressBook

TODAY = date(2026, 11, 24)
P, F, N, U = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE, Outcome.NOT_CHECKED
AHEAD, BEHIND = TODAY + timedelta(1), TODAY - timedelta(1)


@pytest.mark.parametrize(("state", "outcome", "until", "same", "after"), [
    (None, F, None, True, State.OPEN), (None, P, None, True, None), (None, N, None, True, None), (None, U, None, True, None),
    (State.OPEN, F, None, True, State.OPEN), (State.OPEN, P, None, True, State.FIXED), (State.OPEN, N, None, True, State.GONE),
    (State.OPEN, U, None, True, State.GONE), (State.ACCEPTED, F, AHEAD, True, State.ACCEPTED), (State.ACCEPTED, F, TODAY, True, State.ACCEPTED),
    (State.ACCEPTED, F, BEHIND, True, State.OPEN), (State.ACCEPTED, F, AHEAD, False, State.ACCEPTED), (State.ACCEPTED, P, AHEAD, True, State.FIXED),
    (State.FALSE_POSITIVE, F, None, True, State.FALSE_POSITIVE), (State.FALSE_POSITIVE, F, None, False, State.OPEN),
    (State.FALSE_POSITIVE, P, None, False, State.FIXED),
])  # fmt: skip
def test_where_a_finding_stands_once_its_rule_was_asked_again(
    state: State | None, outcome: Outcome, until: date | None, same: bool, after: State | None
) -> None:
    assert followed(state, outcome, until=until, same=same, today=TODAY) is after


@given(st.sampled_from([None, *LIVE]), st.sampled_from(Outcome), st.booleans())
def test_asked_twice_on_a_day_a_finding_stands_where_it_stood(
    state: State | None, outcome: Outcome, same: bool
) -> None:
    once = followed(state, outcome, until=None, same=same, today=TODAY)
    alive = once if once in LIVE else None
    again = followed(alive, outcome, until=None, same=True, today=TODAY)
    assert again is (alive if outcome is F else None)


def test_a_finding_is_accepted_for_a_year_at_most() -> None:
    need_acceptance(TODAY + timedelta(366), TODAY)
    for until in (TODAY, TODAY + timedelta(367)):
        with pytest.raises(InputError, match="366 days"):
            need_acceptance(until, TODAY)


def answered(
    unit: str, due: int, fixed: int | None = None, ended: int | None = None, *, excluded: bool = False
) -> Answered:
    def day(n: int | None) -> date | None:
        return None if n is None else TODAY + timedelta(n)

    return Answered(
        unit=unit, since=TODAY - timedelta(30), due=TODAY + timedelta(due), fixed=day(fixed),
        ended=day(fixed if ended is None else ended), excluded=excluded,
    )  # fmt: skip


def test_scores_by_hand() -> None:
    first = {"a": [Figure(50, 50, 0, 0)], "b": [Figure(1, 1, 0, 0)]}
    last = {
        "a": [Figure(30, 20, 7, 7), Figure(30, 20, 0, 0)],
        "b": [Figure(39, 1, 0, 0)],
        "c": [Figure(2, 0, 9, 0)] * 20,
    }
    findings = [
        answered("a", 5), answered("a", -5), answered("a", -5, -10), answered("a", -5, -2), answered("a", -5, ended=-3),
        answered("a", -5, excluded=True), answered("d", -1),
    ]  # fmt: skip
    a, b, c, d = scores(first, last, findings, today=TODAY, least=30)
    assert (a.unit, a.rate, a.trend, a.few) == ("a", 0.6, pytest.approx(0.1), False)
    assert (a.opened, a.fixed, a.in_time, a.overdue, a.excluded) == (5, 2, 1, 1, 1)
    assert (b.unit, b.rate, b.trend) == ("b", 0.975, None), "of two there was no rate to begin with"
    assert (c.unit, c.rate, c.few) == ("c", None, True), "twenty rules make no forty customers of two"
    assert (d.unit, d.overdue, d.few) == ("d", 1, True)
    with pytest.raises(InputError, match="one customer at least"):
        scores(first, last, [], today=TODAY, least=0)


CLEANERS = {one.name: one for one in standard_cleaners(AddressBook(TABLES.divisions))}


@pytest.mark.parametrize(("name", "values", "value", "confidence"), [
    ("sex_from_resident_id", {"identifiers": [{"scheme": "cn.resident_id", "number": ID}]}, "2", 99),
    ("sex_from_resident_id", {"identifiers": [{"scheme": "cn.resident_id", "number": ID}], "sex": "1"}, "2", 90),
    ("birth_date_from_resident_id", {"identifiers": [{"scheme": "cn.resident_id", "number": ID}]}, "1990-03-07", 99),
    ("pinyin_of_name", {"name": "张伟"}, "ZHANG WEI", 95), ("pinyin_of_name", {"name": "李明", "pinyin_name": "WANG MING"}, "LI MING", 70),
    ("pinyin_of_name", {"name": "欧阳娜娜"}, "OUYANG NANA", 70), ("email_domain", {"email": "li@gmial.com"}, "li@gmail.com", 85),
    ("no_filler_employer", {"employer": "无"}, None, 95), ("no_filler_address", {"address": {"text": "同上"}}, None, 95),
])  # fmt: skip
def test_what_a_value_should_be(name: str, values: dict[str, Any], value: str | None, confidence: int) -> None:
    found = CLEANERS[name].suggest(PartyKind.INDIVIDUAL, values)
    assert found is not None
    assert (found.value, found.confidence) == (value, confidence)
    assert found.zh
    assert found.en
    assert value is None or value not in repr(found)


@pytest.mark.parametrize(("name", "values"), [
    ("sex_from_resident_id", {}), ("sex_from_resident_id", {"identifiers": [{"scheme": "cn.resident_id", "number": ID}], "sex": "2"}),
    ("pinyin_of_name", {"name": "李明", "pinyin_name": "LI MING"}), ("pinyin_of_name", {"name": "John Smith"}), ("pinyin_of_name", {}),
    ("email_domain", {"email": "li@gmail.com"}), ("email_domain", {}), ("no_filler_phone", {"phone": "+8615412345111"}),
    ("address_of_today", {"address": {"text": "浙江省杭州市西湖区文三路1号"}}), ("address_of_today", {"address": {"text": "同上"}}),
])  # fmt: skip
def test_what_is_right_or_not_known_is_left(name: str, values: dict[str, Any]) -> None:
    assert CLEANERS[name].suggest(PartyKind.INDIVIDUAL, values) is None


def test_an_address_is_written_with_the_divisions_of_today() -> None:
    former = next(
        one
        for one in TABLES.divisions
        if one.former and one.today and len(one.name) > 2 and one.name.endswith(("县", "区", "市"))
    )
    book = AddressBook(TABLES.divisions)
    province = next(one for one in TABLES.divisions if one.code == former.code[:2] + "0000" and not one.former)
    written = f"{province.name}{former.name}人民路1号"
    found = CLEANERS["address_of_today"].suggest(PartyKind.INDIVIDUAL, {"address": {"text": written}})
    assert found is not None
    assert found.value.endswith("人民路1号")
    assert book.read(found.value).former is None
    assert book.read(found.value).code == book.read(written).code
