"""What every engine must do; see `bankcif.engines.Engine`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import attrs
import numpy as np
import pytest

from ...engines import Engine, Pairs
from ...matching import BlockingRule, Lane, Lanes, MatchModel, default_model
from ...party import PartyKind

__all__ = ["EngineContract"]

_CAP = 6
_RULES = (
    BlockingRule(name="phone", parts=("phone",), narrower=("surname", "birth_year")),
    BlockingRule(name="sound+born", parts=("sound", "born")),
)


def _model() -> MatchModel:
    """Two rules over the comparisons that ship for persons."""
    return attrs.evolve(default_model(PartyKind.INDIVIDUAL), blocking=_RULES)


def _records() -> Lanes:
    """Records whose values coincide often, made by a fixed rule."""
    rows = np.arange(160, dtype=np.uint64)
    lanes = np.zeros((len(rows), len(Lane)), np.uint64)
    lanes[:, Lane.NAME] = rows + 1
    lanes[:, Lane.KEY] = rows + 1
    lanes[:, Lane.PHONE] = rows * rows % 23 % 17
    lanes[:, Lane.SURNAME] = rows % 4
    lanes[:, Lane.SOUND] = rows % 19
    lanes[:, Lane.SOUND_2] = np.where(rows % 3 == 0, rows % 7 + 1, 0) * (lanes[:, Lane.SOUND] != 0)
    lanes[:, Lane.BORN] = np.where(rows % 11 == 0, 0, 0x10000 * (rows % 5 + 1) + 0x1234)
    return lanes


class EngineContract:
    """
    Give the fixture ``engine``: a function from the cap (the most records of a block that is compared whole) to an engine.
    """

    @pytest.fixture
    def engine(self) -> Callable[[int], Engine]:
        """Gives an engine for a cap."""
        raise NotImplementedError

    def test_the_pairs_are_those_that_meet_each_once_compared_by_the_model(
        self, engine: Callable[[int], Engine]
    ) -> None:
        model, lanes = _model(), _records()
        rows = lanes.tolist()
        found = _table(engine(1000).pairs(lanes, model))
        expected = {}
        for a, b in combinations(range(len(lanes)), 2):
            met = sum(rule.meets(rows[a], rows[b]) << at for at, rule in enumerate(model.blocking))
            if met:
                levels = model.pair(rows[a], rows[b]).levels
                columns = {name: np.array([level], np.uint8) for name, level in levels.items()}
                expected[a, b] = (int(model.patterns(columns)[0]), met)
        assert found == expected

    def test_a_block_above_the_cap_meets_under_narrower_keys_and_is_told(self, engine: Callable[[int], Engine]) -> None:
        model, lanes = _model(), _records()
        found = engine(_CAP).pairs(lanes, model)
        phones = lanes[:, Lane.PHONE].tolist()
        large = {phone for phone in phones if phone and phones.count(phone) > _CAP}
        assert large, "the records make large blocks"
        assert found.reports[0].narrowed >= len(large)
        assert found.reports[0].largest == max(phones.count(phone) for phone in large)
        pairs = _table(found)
        for a, b in combinations(range(len(lanes)), 2):
            same = phones[a] and phones[a] == phones[b]
            if same and phones[a] not in large:
                assert (a, b) in pairs
        assert [len(keys) > 0 for keys in found.capped[0]][:1] == [True]

    def test_further_records_meet_those_before_them_with_the_same_keys_capped(
        self, engine: Callable[[int], Engine]
    ) -> None:
        model, lanes = _model(), _records()
        since = 120
        first = engine(_CAP).pairs(lanes[:since], model)
        more = _table(engine(_CAP).pairs(lanes, model, capped=first.capped, since=since))
        whole = _table(engine(_CAP).pairs(lanes, model, capped=first.capped))
        assert all(b >= since for _, b in more)
        assert {**_table(first), **more} == whole

    def test_no_records_have_no_pairs(self, engine: Callable[[int], Engine]) -> None:
        model, lanes = _model(), _records()
        for few in (0, 1):
            found = engine(_CAP).pairs(lanes[:few], model)
            assert (len(found), len(found.reports)) == (0, len(model.blocking))


def _table(pairs: Pairs) -> dict[tuple[int, int], tuple[int, int]]:
    rows = zip(pairs.left.tolist(), pairs.right.tolist(), pairs.patterns.tolist(), pairs.met.tolist(), strict=True)
    found = {(left, right): (pattern, met) for left, right, pattern, met in rows}
    assert len(found) == len(pairs), "each pair once"
    return found
