"""Blocks by sorting, and the pairs they give: every pair that shares a key, once, and nothing dropped in silence."""

from __future__ import annotations

from itertools import combinations

import attrs
import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.engines import LocalEngine, Pairs, blocks_of, weigh
from bankcif.errors import ConfigurationError
from bankcif.matching import BlockingRule, Lane, Lanes, LinkPolicy, default_model
from bankcif.matching.kernels.meeting import Meeting, pairs_within
from bankcif.party import PartyKind

SOUND = BlockingRule(name="sound+born", parts=("sound", "born"))
PHONE = BlockingRule(name="phone", parts=("phone",), narrower=("surname", "born"))


@st.composite
def files(draw: st.DrawFn) -> Lanes:
    """Small files whose values coincide often; 0 is missing."""
    few = st.integers(0, 3)
    rows = draw(st.lists(st.tuples(few, few, few, few, few, few), max_size=25))
    lanes = np.zeros((len(rows), len(Lane)), np.uint64)
    for at, row in enumerate(rows):
        sounds = [value for value in dict.fromkeys(row[:3]) if value]
        lanes[at, Lane.SOUND : Lane.SOUND + len(sounds)] = sounds
        lanes[at, [Lane.BORN, Lane.PHONE, Lane.SURNAME]] = row[3:]
        lanes[at, Lane.NAME] = at + 1
    return lanes


def pairs(lanes: Lanes, rule: BlockingRule, cap: int = 1000, batch: int = 7) -> list[tuple[int, int]]:
    blocks = blocks_of(lanes, rule, most_records=cap, most_pairs=1000)
    meeting = Meeting.of([rule])
    found = []
    for piece in blocks.pieces(batch):
        left, right, _ = pairs_within(
            meeting, 0, *piece, count=len(lanes), since=0, lanes=lanes, whole=blocks.whole.astype(np.uint16)
        )
        found += list(zip(left.tolist(), right.tolist(), strict=True))
    return found


@given(files())
def test_every_pair_that_shares_a_key_meets_once(lanes: Lanes) -> None:
    rows = lanes.tolist()
    for rule in (SOUND, PHONE):
        found = pairs(lanes, rule)
        expected = {
            (a, b) for a, b in combinations(range(len(lanes)), 2) if rule.meets(rows[a], rows[b])
        }  # fmt: skip
        assert len(found) == len(set(found))
        assert set(found) == expected


@given(files(), st.integers(2, 5))
def test_a_large_block_meets_under_narrower_keys_and_what_is_left_out_is_told(lanes: Lanes, cap: int) -> None:
    blocks = blocks_of(lanes, PHONE, most_records=cap, most_pairs=1000)
    found = set(pairs(lanes, PHONE, cap))
    phone, surname = lanes[:, Lane.PHONE], lanes[:, Lane.SURNAME]
    left_out = 0
    for number in set(phone.tolist()) - {0}:
        rows = np.flatnonzero(phone == number).tolist()
        if len(rows) <= cap:
            assert set(combinations(rows, 2)) <= found
            assert blocks.whole[rows].all()
            continue
        assert not blocks.whole[rows].any()
        for name in set(surname[rows].tolist()):
            some = [row for row in rows if surname[row] == name]
            if name and len(some) <= cap:
                assert set(combinations(some, 2)) <= found
            if not name:
                left_out += len(some)
    assert all(phone[a] == phone[b] for a, b in found)
    assert blocks.report.left_out >= left_out
    assert (
        blocks.report.narrowed == sum((phone == n).sum() > cap for n in set(phone.tolist()) - {0})
        or left_out
        or blocks.report.narrowed
    )


@given(files(), st.integers(1, 40))
def test_pairs_are_the_same_in_batches_of_any_size(lanes: Lanes, batch: int) -> None:
    assert sorted(pairs(lanes, SOUND, batch=batch)) == sorted(pairs(lanes, SOUND, batch=100_000))


@given(files())
def test_a_pair_is_compared_once_whatever_rules_it_meets_under(lanes: Lanes) -> None:
    model = default_model(PartyKind.INDIVIDUAL)
    found, rows = LocalEngine(batch=5, most_pairs=1000).pairs(lanes, model), lanes.tolist()
    meeting = {
        (a, b): sum(rule.meets(rows[a], rows[b]) << at for at, rule in enumerate(model.blocking))
        for a, b in combinations(range(len(lanes)), 2)
    }
    keys = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert dict(zip(keys, found.met.tolist(), strict=True)) == {pair: met for pair, met in meeting.items() if met}
    assert len(keys) == len(set(keys))
    _, met, counts, _ = found.counted()
    assert counts.sum() == len(found)
    assert set(met.tolist()) == set(found.met.tolist())
    edges = weigh(found, lanes, model, LinkPolicy(possible_millibits=-99_000))
    assert len(edges) == len(found)
    for at in range(len(edges)):
        alone = model.compare(lanes[[edges.left[at]]], lanes[[edges.right[at]]])
        assert int(alone.weight_millibits[0]) == int(edges.weight_millibits[at])
    some = weigh(found, lanes, model, LinkPolicy())
    links = edges.automatic | (edges.weight_millibits >= model.possible_millibits)
    assert set(some.left[some.automatic | some.possible].tolist()) >= set(edges.left[links].tolist())


def test_a_pair_of_which_one_stood_in_a_large_block_meets_once() -> None:
    """Rows 0 to 2 are a block above the cap; 2 and 3 share another sound, and a surname with the birth date."""
    lanes = np.zeros((4, len(Lane)), np.uint64)
    lanes[:, Lane.NAME] = [1, 2, 3, 4]
    lanes[:, Lane.SOUND] = [1, 1, 1, 2]
    lanes[2, Lane.SOUND_2] = 2
    lanes[:, Lane.BORN] = 2
    lanes[2:, Lane.SURNAME] = 2
    found = LocalEngine(most_records=2).pairs(lanes, default_model(PartyKind.INDIVIDUAL))
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert (2, 3) in pairs
    assert len(pairs) == len(set(pairs))


def test_who_shares_a_small_block_beside_a_large_one_meets_there_once() -> None:
    """All share one sound, above the cap; the first two another one; the last has one value in two places."""
    lanes = np.zeros((10, len(Lane)), np.uint64)
    lanes[:, Lane.NAME] = np.arange(1, 11)
    lanes[:, Lane.SOUND] = 1
    lanes[:2, Lane.SOUND_2] = 2
    lanes[9, Lane.SOUND_2] = 1
    lanes[:, Lane.BORN] = 2
    model = attrs.evolve(default_model(PartyKind.INDIVIDUAL), blocking=(SOUND,))
    for cap, expected in ((5, [(0, 1)]), (100, list(combinations(range(10), 2)))):
        found = LocalEngine(most_records=cap).pairs(lanes, model)
        assert sorted(zip(found.left.tolist(), found.right.tolist(), strict=True)) == expected


@given(files(), st.integers(0, 25), st.integers(2, 4))
def test_a_delta_meets_what_it_would_meet_in_one_run_with_the_same_capped_keys(
    lanes: Lanes, known: int, cap: int
) -> None:
    model, engine = default_model(PartyKind.INDIVIDUAL), LocalEngine(batch=5, most_records=cap, most_pairs=1000)
    known = min(known, len(lanes))
    first = engine.pairs(lanes[:known], model)
    delta = engine.pairs(lanes, model, capped=first.capped, since=known)
    once = engine.pairs(lanes, model, capped=first.capped)

    def as_set(*found: Pairs) -> set[tuple[int, int, int, int]]:
        return {
            entry
            for one in found
            for entry in zip(
                one.left.tolist(), one.right.tolist(), one.patterns.tolist(), one.met.tolist(), strict=True
            )
        }

    assert as_set(first, delta) == as_set(once)
    assert len(first) + len(delta) == len(once)
    assert all(right >= known for right in delta.right.tolist())


def test_a_rule_names_parts_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match="shoe size"):
        BlockingRule(name="r", parts=("shoe size",))
    with pytest.raises(ConfigurationError, match="none at all"):
        BlockingRule(name="r", parts=())
    with pytest.raises(ConfigurationError, match="two parts"):
        BlockingRule(name="r", parts=("sound", "document"))


def test_without_rules_nobody_meets() -> None:
    model = attrs.evolve(default_model(PartyKind.INDIVIDUAL), blocking=())
    assert len(LocalEngine().pairs(np.ones((3, len(Lane)), np.uint64), model)) == 0
