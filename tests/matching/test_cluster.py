"""Clusters: components, and the guard against chains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.matching import Lane, cluster, clusters_of
from bankcif.matching.kernels.joining import founders

NONE = np.zeros(0, np.int64)


def records(*numbers: int) -> np.ndarray:
    """Records with these valid numbers; 0 is none."""
    lanes = np.zeros((len(numbers), len(Lane)), np.uint64)
    lanes[:, Lane.ID] = numbers
    lanes[:, Lane.FLAGS] = np.where(lanes[:, Lane.ID] != 0, 16, 0)
    return lanes


links = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] != pair[1]), max_size=20)


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found.min(axis=1, initial=12), found.max(axis=1, initial=-1)


@given(links)
def test_components_are_those_of_joining_pair_by_pair(pairs: list[tuple[int, int]]) -> None:
    names = [f"{row:02}" for row in range(12)]
    expected = clusters_of(names, [(names[a], names[b]) for a, b in pairs])
    assert founders(12, *arrays(pairs)).tolist() == [int(expected[name]) for name in names]


@given(links, st.permutations(range(20)), st.lists(st.integers(0, 3), min_size=12, max_size=12), links)
def test_no_cluster_holds_what_is_kept_apart_and_the_order_of_links_does_not_count(
    pairs: list[tuple[int, int]], order: list[int], numbers: list[int], apart: list[tuple[int, int]]
) -> None:
    pairs = list(dict.fromkeys(tuple(sorted(pair)) for pair in pairs))
    weight = np.arange(len(pairs))[::-1]
    found = cluster(records(*numbers), *arrays(pairs), weight, apart)
    shuffled = [at for at in order if at < len(pairs)]
    again = cluster(records(*numbers), *arrays([pairs[at] for at in shuffled]), weight[shuffled], apart)
    assert found.founder.tolist() == again.founder.tolist()
    for founder in set(found.founder.tolist()):
        members = np.flatnonzero(found.founder == founder)
        assert members[0] == founder
        assert len({numbers[row] for row in members} - {0}) <= 1
        assert not any(set(pair) <= set(members.tolist()) for pair in apart)
    kept = [pair for at, pair in enumerate(pairs) if at not in set(found.cut.tolist())]
    assert founders(12, *arrays(kept)).tolist() == found.founder.tolist()


def test_a_chain_is_cut_at_its_weakest_link() -> None:
    # 0 and 3 have different numbers; 1 - 2 is the weakest link between them.
    found = cluster(records(7, 0, 0, 8), np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([9, 2, 5]))
    assert found.founder.tolist() == [0, 0, 2, 2]
    assert found.cut.tolist() == [1]


def test_nothing_is_cut_where_nothing_contradicts() -> None:
    found = cluster(records(7, 0, 7), np.array([0, 1]), np.array([1, 2]), np.array([1, 1]), [(0, 0)][:0])
    assert found.founder.tolist() == [0, 0, 0]
    assert not len(found.cut)


def test_a_link_to_a_record_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="a record that there is not"):
        cluster(records(7, 0), np.array([0]), np.array([2]), np.array([1]))
