"""Audiences add up, control groups are drawn once and for all, and sets are compared as they are counted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.tagging import Audience, Movement, Overlap, audience, is_control, movement, overlap

people = st.frozensets(st.integers(0, 40).map(lambda n: f"C{n}"))
exclusions = st.lists(people, max_size=5).map(lambda sets: [(f"e{n}", one) for n, one in enumerate(sets)])


@given(people, exclusions, st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_every_customer_is_counted_once(start: frozenset[str], out: list[Any], share: float) -> None:
    found = audience(start, out, campaign="spring", control_share=share)
    parts = [*(one.cif_nos for one in found.removed), found.control, found.addressed]
    assert sorted(one for part in parts for one in part) == sorted(start)
    steps = found.waterfall
    assert sum(count for _, count in steps[:-1]) == steps[-1][1] == len(found.addressed)
    assert [name for name, _ in steps] == ["segment", *(name for name, _ in out), "control", "addressed"]
    for n, (_, holds) in enumerate(out):
        earlier = frozenset().union(*(one for _, one in out[:n]))
        assert found.removed[n].cif_nos == (start & holds) - earlier
        assert not found.addressed & holds


@given(people, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_control_group_holds_the_smaller(start: frozenset[str], one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert (
        audience(start, [], campaign="a", control_share=small).control
        <= audience(start, [], campaign="a", control_share=large).control
    )


def test_a_control_group_is_of_its_size_and_of_its_campaign_alone() -> None:
    everybody = [f"C{n:05}" for n in range(20_000)]
    spring, autumn = ({one for one in everybody if is_control(name, one, 0.1)} for name in ("spring", "autumn"))
    assert abs(len(spring) - 2000) < 150  # three times and a half the deviation of chance
    assert abs(len(spring & autumn) - 200) < 60
    assert audience(everybody, [], campaign="spring", control_share=0.1).control == spring
    # Drawn today and in ten years, on every machine.
    assert [one for one in everybody[:40] if is_control("spring", one, 0.1)] == KNOWN


KNOWN = ["C00002", "C00009", "C00011", "C00017", "C00035"]


def test_sets_are_compared_as_by_hand() -> None:
    base = {f"C{n}" for n in range(10)}
    found = overlap(base, {"C0", "C1", "C2", "C3"}, {"C2", "C3", "C4", "C5", "X"})
    assert found == Overlap(10, 4, 4, 2)
    assert (found.lift, found.jaccard) == (1.25, 1 / 3)
    nobody = overlap(base, set(), {"C1"})
    assert (nobody.lift, overlap(base, set(), set()).jaccard) == (None, None)


def test_who_was_merged_has_not_left() -> None:
    assert movement({"A", "B", "C"}, {"B", "D"}) == Movement(came=1, left=2, stayed=1)
    assert movement({"A", "B", "C"}, {"B", "D"}, {"A": "D"}) == Movement(came=0, left=1, stayed=2)
    assert movement({"A", "B"}, {"B"}, {"A": "B"}) == Movement(came=0, left=0, stayed=1)


@pytest.mark.parametrize(
    ("more", "said"),
    [({"control_share": 1.1}, "0 to 1"), ({"control_share": float("nan")}, "0 to 1"), ({"exclusions": [("a", set()), ("a", set())]}, "of their own"),
     ({"exclusions": [("control", set())]}, "of their own")],
)  # fmt: skip
def test_a_wrong_audience_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        audience([], more.pop("exclusions", []), campaign="a", **more)


def test_an_audience_of_nobody_is_empty() -> None:
    assert audience([], [], campaign="a") == Audience(
        start=frozenset(), removed=(), control=frozenset(), addressed=frozenset()
    )
