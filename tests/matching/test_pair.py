"""The two speeds of comparing: one pair by itself gives what a column of pairs gives, in every comparison, model and decision."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.matching.test_lanes import PACKERS, near_texts

from bankcif.matching import COMPARATORS, Lane, LinkPolicy, Row, default_model, explain
from bankcif.matching.kernels.compiling import compiled
from bankcif.matching.lanes import BASE, MASK, digits, edit, mix, pack, symbols
from bankcif.matching.model import MatchModel
from bankcif.party import PartyKind

HASHES = [0, 1, 2, 3 << 40]
NAMES = [
    pack(map(ord, name), 16)
    for name in ("", "王", "王伟", "汪伟", "王伟国", "王国伟", "汪伟国", "李未强", "李末强", "王伟国强", "伟国强军")
]
LETTERS = [symbols(name, 5) for name in ("", "a", "jo", "john", "jhon", "jon", "miller", "muller", "millers")]
BIGRAMS = [0, 0b1, 0b11011, 0b11111, 0b11110, (1 << 64) - 1, (1 << 12) - 1, (1 << 10) - 1]
IDS = [
    digits(text)
    for text in ("", "88010190030710", "880101900307109", "880101900307190", "880110900307109", "990101850505123")
]
POOLS: dict[Lane, list[int]] = {
    Lane.FLAGS: [low | high << 8 for low in range(64) for high in range(3)],
    Lane.CHARS: NAMES + LETTERS,
    Lane.SYLLABLES: NAMES + LETTERS,
    Lane.SOUND: HASHES + BIGRAMS,
    Lane.SOUND_2: HASHES + BIGRAMS,
    Lane.ID: IDS + [symbols(code) for code in ("MA1234567", "MA1234576", "MA123456", "MA1234568")],
    Lane.DOCUMENT: HASHES + [mix((core + BASE) & MASK) for core in IDS if core],
    Lane.NUMBER: [symbols(text) for text in ("", "E12345678", "E12345687", "E1234567", "G99")],
    Lane.PHONE: [digits(text) for text in ("", "15400000001", "15400000010", "1540000001", "15499999999")],
    Lane.MAILBOX: [symbols(text) for text in ("", "li", "lilei", "lielei", "liei", "hanmeimei")],
    Lane.BORN: [digits(text) for text in ("", "19900307", "19900703", "19900317", "19851231", "19900301")],
    Lane.REGION: [digits(text) for text in ("", "880101", "880102", "330106")],
    Lane.PLACE: BIGRAMS,
    Lane.PLACE_2: BIGRAMS,
    Lane.HOUSE: [0, 1, 3, 5, 7],
}
rows = st.tuples(*(st.sampled_from(POOLS.get(lane, HASHES)) for lane in Lane))
"""Records whose numbers come from small pools, so that every level happens."""


def columns(pairs: list[tuple[Row, Row]]) -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.array([pair[side] for pair in pairs], np.uint64) for side in (0, 1))  # type: ignore[return-value]


@compiled
def _edits(left: Any, right: Any, bits: int, out: Any) -> None:
    for at in range(len(left)):
        out[at] = edit(left[at], right[at], bits)


def edits(pairs: list[tuple[int, int]], bits: int) -> list[int]:
    out = np.empty(len(pairs), np.uint8)
    _edits(*(np.array([pair[side] for pair in pairs], np.uint64) for side in (0, 1)), bits, out)
    return out.tolist()


@given(near_texts())
def test_an_edit_is_the_same_compiled(case: tuple[int, str, str]) -> None:
    bits, *texts = case
    a, b = map(PACKERS[bits], texts)
    assert [edit(a, b, bits), edit(b, a, bits)] == edits([(a, b), (b, a)], bits)


@pytest.mark.parametrize("bits", [4, 5, 6, 16])
def test_so_is_an_edit_of_whatever_numbers(bits: int) -> None:
    draw = Random(bits)
    size = 64 // bits * bits
    pairs = [(0, 0), (0, 1), ((1 << size) - 1, 0), ((1 << size) - 1, 1)]
    for _ in range(20_000):
        one = draw.getrandbits(size)
        place = draw.randrange(0, size, bits)
        below = one & ((1 << place) - 1)
        pairs += [
            (one, one ^ draw.getrandbits(bits) << place),
            (one, below | (one >> bits & ~((1 << place) - 1))),
            (one, draw.getrandbits(size)),
        ]
    assert [edit(a, b, bits) for a, b in pairs] == edits(pairs, bits)


@pytest.mark.parametrize("name", sorted(COMPARATORS))
@settings(max_examples=40)
@given(pairs=st.lists(st.tuples(rows, rows), min_size=1, max_size=8))
def test_one_pair_has_the_level_that_it_has_compiled(name: str, pairs: list[tuple[Row, Row]]) -> None:
    comparator = COMPARATORS[name]
    expected = comparator.levels(*columns(pairs)).tolist()
    assert [comparator.level(one, other) for one, other in pairs] == expected
    assert [comparator.level(other, one) for one, other in pairs] == expected, "a comparison is symmetric"


@pytest.fixture(scope="module")
def many() -> list[tuple[Row, Row]]:
    """Pairs of records that have some numbers in common."""
    draw, found = Random(20261126), []
    for _ in range(20_000):
        one, other = ([draw.choice(POOLS.get(lane, HASHES)) for lane in Lane] for _ in range(2))
        share = draw.random()
        found.append((one, [one[lane] if draw.random() < share else other[lane] for lane in Lane]))
    return found


@pytest.mark.parametrize("name", sorted(COMPARATORS))
def test_so_it_is_at_every_level(name: str, many: list[tuple[Row, Row]]) -> None:
    comparator = COMPARATORS[name]
    found = [comparator.level(one, other) for one, other in many]
    assert found == comparator.levels(*columns(many)).tolist()
    assert set(found) == set(range(len(comparator.labels))), "every level happens"


MODELS = [default_model(PartyKind.INDIVIDUAL), default_model(PartyKind.INDIVIDUAL, latin=True), default_model(PartyKind.ORGANIZATION)]  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=["person", "latin", "organization"])
@given(pairs=st.lists(st.tuples(rows, rows), min_size=1, max_size=6))
def test_one_pair_is_weighed_and_decided_as_in_a_column(model: MatchModel, pairs: list[tuple[Row, Row]]) -> None:
    policy = LinkPolicy()
    compared = model.compare(*columns(pairs))
    links = policy.decide_all(model, compared.levels, compared.weight_millibits)
    for at, (one, other) in enumerate(pairs):
        pair = model.pair(one, other)
        expected = compared.pair(at)
        assert (pair.levels, pair.counted) == (expected.levels, expected.counted)
        assert pair.weight_millibits == expected.weight_millibits
        assert pair.frequency_millibits == expected.frequency_millibits
        assert explain(model, pair) == explain(model, expected)
        _, rule = policy.decide(model, pair.levels, pair.weight_millibits)
        assert rule == links.rules[links.rule[at]]
