"""Values as numbers: packing, hashing, edits, and the same numbers for one name or address and for a column of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from rapidfuzz.distance import OSA

from bankcif.matching.lanes import Edit, Lane, digits, edit, mix, mix_array, pack, symbols, text_hash
from bankcif.matching.places import place_lanes
from bankcif.matching.sounds import sounds
from bankcif.wording import person_name

PACKERS = {4: digits, 6: symbols, 16: lambda text: pack(map(ord, text), 16)}


@st.composite
def near_texts(draw: st.DrawFn) -> tuple[int, str, str]:
    """Two texts that differ by up to three changes, in an alphabet small enough for coincidences."""
    bits, alphabet, longest = draw(st.sampled_from(((4, "0129", 15), (6, "ab1z", 10), (16, "王伟国强", 4))))
    one = draw(st.text(alphabet, max_size=longest))
    other = list(one)
    for kind, place, character in draw(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 14), st.sampled_from(alphabet)), max_size=3)
    ):
        at = place % max(len(other), 1)
        if kind == 0 and other:
            other[at] = character
        elif kind == 1 and other:
            del other[at]
        elif kind == 2 and len(other) < longest:
            other.insert(at, character)
        elif at + 1 < len(other):
            other[at], other[at + 1] = other[at + 1], other[at]
    return bits, one, "".join(other)


@given(near_texts())
def test_an_edit_is_found_where_the_distance_is_one(case: tuple[int, str, str]) -> None:
    bits, one, other = case
    packed = [PACKERS[bits](text) for text in (one, other)]
    found = edit(packed[0], packed[1], bits)
    assert found is edit(packed[1], packed[0], bits)
    distance = OSA.distance(one, other)
    assert (found is Edit.NONE) == (distance == 0)
    assert (found in (Edit.SUBSTITUTION, Edit.TRANSPOSITION, Edit.INDEL)) == (distance == 1)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("123456", "123456", Edit.NONE),
        ("123456", "123956", Edit.SUBSTITUTION),
        ("123456", "124356", Edit.TRANSPOSITION),
        ("123456", "12356", Edit.INDEL),
        ("123456", "1234567", Edit.INDEL),
        ("123456", "654321", Edit.MORE),
    ],
)
def test_edits_of_digits(one: str, other: str, expected: Edit) -> None:
    assert edit(digits(one), digits(other), 4) is expected


def test_mixing_is_the_published_one() -> None:
    # Source: the reference outputs of SplitMix64 for the seed 1234567, whose state grows by the golden gamma.
    gamma = 0x9E3779B97F4A7C15
    states = [(1234567 + gamma * step) & ((1 << 64) - 1) for step in range(1, 6)]
    assert [mix(state) for state in states] == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
    ]  # fmt: skip
    assert mix_array(np.array(states, np.uint64)).tolist() == [mix(state) for state in states]


@given(st.text(max_size=8), st.text(max_size=8))
def test_equal_texts_have_equal_hashes_and_only_the_empty_one_has_none(one: str, other: str) -> None:
    assert (text_hash(one) == text_hash(other)) == (one == other)
    assert (text_hash(one) == 0) == (not one)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("张伟国", ("zhangweiguo",)),
        ("单强", ("shanqiang", "shanjiang")),
        ("吕布", ("lubu",)),
        ("LYU Bu", ("lubu", "bulu")),
        ("Weiguo Zhang", ("weiguozhang", "zhangweiguo")),
        ("欧阳修", ("ouyangxiu",)),
    ],
)
def test_sounds(name: str, expected: tuple[str, ...]) -> None:
    assert sounds(person_name(name))[: len(expected)] == expected


def test_words_that_people_change_are_no_part_of_an_address() -> None:
    assert (
        place_lanes("银河路12号3幢401室")
        == place_lanes("银河路 12 号 3 栋 401 房")
        == place_lanes("銀河路１２號3幢401")
    )
    assert place_lanes("银河路12号")[Lane.PLACE] == place_lanes("银河路13号")[Lane.PLACE]
    assert place_lanes("银河路12号")[Lane.HOUSE] != place_lanes("银河路13号")[Lane.HOUSE]
    assert place_lanes("，。 - ") == {}
