"""What was said of a customer and what stands of it; portraits as they rest."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif.errors import InputError
from bankcif.tagging import Exit, Held, Left, Portrait, Said, Verdict, Word, heard, standing

TODAY = date(2026, 11, 27)
days = st.dates(TODAY - timedelta(5), TODAY + timedelta(5))
words = st.builds(
    Word, tag=st.sampled_from("ab"), said=st.sampled_from([Said.HAS, Said.VETO, None]), until=st.none() | days,
    evidence=st.sampled_from(["", "model-3"]), at=st.integers(0, 9), actor=st.just("m.li"), key=st.sampled_from("kl"), about=st.sampled_from(["", "tag:1"]),
)  # fmt: skip


def word(said: Said | None, at: int, until: date | None = None, key: str = "k") -> Word:
    return Word(tag="a", said=said, until=until, at=at, actor="m.li", key=key)


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ([], None),
        ([("k", word(Said.HAS, 1))], Said.HAS),
        ([("k", word(Said.HAS, 1)), ("k", word(Said.VETO, 2))], Said.VETO),
        ([("k", word(Said.VETO, 1)), ("k", word(Said.HAS, 2))], Said.HAS),
        ([("k", word(Said.HAS, 1)), ("k", word(None, 2))], None),
        ([("k", word(Said.HAS, 1, TODAY))], Said.HAS),
        ([("k", word(Said.HAS, 1, TODAY - timedelta(1)))], None),
        # Of two that were merged: the stricter side, whichever spoke last, as long as its word stands.
        ([("k", word(Said.VETO, 1)), ("l", word(Said.HAS, 2))], Said.VETO),
        ([("l", word(Said.HAS, 1)), ("k", word(Said.VETO, 2))], Said.VETO),
        ([("k", word(Said.VETO, 1, TODAY - timedelta(1))), ("l", word(Said.HAS, 2))], Said.HAS),
        ([("k", word(Said.VETO, 1)), ("k", word(None, 3)), ("l", word(Said.HAS, 2))], Said.HAS),
    ],
)  # fmt: skip
def test_what_stands_of_what_was_said(said: list[tuple[str, Word]], stands: Said | None) -> None:
    found = heard([attrs.evolve(one, key=key) for key, one in said], TODAY)
    assert (found["a"].said if found else None) == stands


@given(st.lists(words, max_size=6))
def test_what_stands_stands_alone(said: list[Word]) -> None:
    """What a portrait keeps says the same as all that was said, on that day and on every later one."""
    kept = standing(said, TODAY)
    assert standing(kept, TODAY) == kept
    for days_on in range(8):
        assert heard(kept, TODAY + timedelta(days_on)) == heard(said, TODAY + timedelta(days_on))


held = st.builds(
    Held, since=days, why=st.sampled_from([Verdict.RULE, Verdict.SAID]), version=st.just("ab12"), evidence=st.just("e"), until=st.none() | days
)  # fmt: skip
names = st.sampled_from(["tag:a", "tag:b", "segment:a"])


@given(
    st.dictionaries(names, held),
    st.dictionaries(names, st.builds(Left, since=days, why=st.sampled_from(Exit))),
    st.lists(words),
)
def test_a_portrait_rests_as_it_is(has: Any, left: Any, said: list[Word]) -> None:
    found = Portrait(has=has, left=left, words=tuple(said))
    assert Portrait.of_stored(found.stored()) == found
    assert found.stands_as(Portrait.of_stored({**found.stored(), "left": {}}))


def test_the_first_day_on_which_a_word_has_ended() -> None:
    said = tuple(word(Said.HAS, n, until) for n, until in enumerate([None, TODAY + timedelta(3), TODAY, date.max]))
    assert Portrait(words=said).next_day() == TODAY + timedelta(1)
    assert Portrait(words=(word(Said.HAS, 1, date.max),)).next_day() is None


def test_evidence_is_a_reference() -> None:
    for wrong in ("a\0b", "x" * 201):
        with pytest.raises(InputError, match="reference of at most 200"):
            Word(tag="a", said=Said.HAS, evidence=wrong, at=1, actor="m")
