"""Match models: read, refused, written, weighed."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from itertools import product
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.matching import (
    COMPARATORS,
    Alternative,
    Comparison,
    Lane,
    MatchModel,
    ValueCounts,
    counted_frequencies,
    default_model,
    match_weight,
    model_schema,
)
from bankcif.party import PartyKind

PERSON = PartyKind.INDIVIDUAL


def test_match_weight_is_the_binary_logarithm_of_the_odds() -> None:
    assert match_weight(0.8, 0.1) == 3.0
    assert match_weight(0.25, 0.5) == -1.0
    for m, u in ((0, 0.5), (0.5, 0), (1.1, 0.5), (0.5, -0.1)):
        with pytest.raises(ConfigurationError):
            match_weight(m, u)


@pytest.mark.parametrize("kind", list(PartyKind))
def test_the_shipped_models_fit_the_schema_and_come_back_as_they_were(kind: PartyKind) -> None:
    model = default_model(kind)
    document = json.loads(json.dumps(model.to_document()))
    jsonschema.validate(document, model_schema())
    assert MatchModel.from_document(document).to_document() == model.to_document()


@pytest.mark.parametrize("kind", list(PartyKind))
def test_the_shipped_models_weigh_better_levels_more(kind: PartyKind) -> None:
    for comparison in default_model(kind).comparisons:
        bits = comparison.millibits[1:].tolist()
        assert bits[0] < 0 < bits[-1], comparison.name
        if comparison.name in ("birth_date", "sex", "region", "phone", "address"):
            # Elsewhere a rarer level (a variant form) may weigh more than a commoner one.
            assert bits == sorted(bits), comparison.name


def _set(*path: Any, to: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("format", to="something/1"),
        _set("kind", to="robot"),
        _set("version", to=3),
        _set("prior_bits", to="many"),
        _set("prior_bits", to=float("inf")),
        _set("alternatives", 0, "share_bits", to=float("nan")),
        _set("alternatives", 0, "share_bits", to=5000),
        _set("comparisons", to=[]),
        _set("comparisons", 0, "comparator", to="astrology"),
        _set("comparisons", 0, "levels", to=[]),
        _set("comparisons", 0, "levels", 0, "level", to="unheard of"),
        _set("comparisons", 0, "levels", 0, "m", to=0.99),
        _set("comparisons", 0, "levels", 0, "m", to=0.0),
        _set("comparisons", 0, "name", to="id_number"),
        _set("comparisons", 0, "unless", to=["nobody"]),
        _set("alternatives", 0, "chances", "nobody", to={}),
        _set("alternatives", 0, "chances", "phone", "equal", to=0.9),
        _set("alternatives", 0, "chances", "phone", to={"unheard of": 1.0}),
        _set("blocking", 0, "parts", to=["shoe size"]),
        _set("blocking", 0, "parts", to=[]),
        _set("deterministic", 0, "at_least", to={"id_number": "equal"}),
        _set("deterministic", 0, "at_least", to={"name": "identical"}),
        _set("deterministic", 0, "at_least", to={"name": "identical", "shoe size": "equal"}),
        _set("link_bits", to=-50),
        _set("frequencies", to=[{"comparison": "name"}]),
        _set("blocking", to=[{"name": f"r{n}", "parts": ["phone"]} for n in range(17)]),
    ],
)
def test_a_model_that_is_none_is_refused(change: Callable[[Any], None]) -> None:
    document = copy.deepcopy(default_model(PERSON).to_document())
    change(document)
    with pytest.raises(ConfigurationError) as caught:
        MatchModel.from_document(document)
    assert caught.value.rule == "match_model"


@pytest.mark.parametrize("document", [None, [], "model", {}])
def test_what_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(ConfigurationError, match="format"):
        MatchModel.from_document(document)


def small(**more: Any) -> MatchModel:
    return MatchModel(
        version="t", kind=PERSON, prior_millibits=-3000,
        comparisons=(
            Comparison(name="name", comparator="sex", m=(0.1, 0.9), u=(0.8, 0.2)),
            Comparison(name="phone", comparator="phone", m=(0.2, 0.1, 0.7), u=(0.95, 0.04, 0.01)),
        ),
        **more,
    )  # fmt: skip


def weights(model: MatchModel) -> dict[tuple[int, ...], int]:
    """The weight of every pattern."""
    cases = list(product(*(range(size) for size in model.sizes)))
    levels = {c.name: np.array([case[at] for case in cases], np.uint8) for at, c in enumerate(model.comparisons)}
    patterns = model.patterns(levels)
    assert {name: found.tolist() for name, found in model.levels_of(patterns).items()} == {
        name: found.tolist() for name, found in levels.items()
    }
    return dict(zip(cases, model.weights(patterns).tolist(), strict=True))


def test_weights_worked_by_hand() -> None:
    found = weights(small())
    assert found[0, 0] == -3000
    assert found[2, 0] == -3000 + round(1000 * math.log2(0.9 / 0.2))
    assert found[1, 3] == -3000 + round(1000 * math.log2(0.1 / 0.8)) + round(1000 * math.log2(70))


def test_an_alternative_takes_from_what_it_explains() -> None:
    household = Alternative(name="household", share_bits=-4.0, chances={"phone": (0.3, 0.1, 0.6)})
    plain, careful = weights(small()), weights(small(alternatives=(household,)))
    lost = -round(1000 * math.log2(1 + 2 ** (-4 + round(1000 * math.log2(60)) / 1000)))
    assert careful[2, 3] == plain[2, 3] + lost
    assert careful[2, 0] == plain[2, 0] - round(1000 * math.log2(1 + 1 / 16))
    assert all(careful[case] <= plain[case] for case in plain)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(2, 6))
def test_a_rare_value_adds_more_than_a_common_one_and_few_records_have_no_tag(values: list[int], k: int) -> None:
    column = np.array(values, np.uint64)
    found = counted_frequencies(
        ValueCounts.of(column, k), comparison="name", levels=(7,), lane=Lane.KEY, u=0.1, salt=11
    )
    counts = {value: values.count(value) for value in values}
    assert len(found.tags) == sum(count >= k for count in counts.values())
    order = sorted(counts, key=counts.__getitem__)
    rows = [[value if lane is Lane.KEY else 0 for lane in Lane] for value in order]
    bits = [found.added(7, row, row) for row in rows]
    assert bits == sorted(bits, reverse=True), "what few have weighs at least what many have"
    assert all(b == found.rest_millibits for value, b in zip(order, bits, strict=True) if counts[value] < k)
    assert not set(found.tags.tolist()) & set(values)


def test_frequencies_count_only_where_both_have_the_value_and_come_back_from_json() -> None:
    column = np.array([5] * 90 + [6] * 10, np.uint64)
    one = counted_frequencies(ValueCounts.of(column, 5), comparison="name", levels=(2,), lane=Lane.KEY, u=0.5, salt=11)
    model = small(frequencies=(one,))
    left, right = np.zeros((3, len(Lane)), np.uint64), np.zeros((3, len(Lane)), np.uint64)
    left[:, Lane.KEY], right[:, Lane.KEY] = (5, 6, 5), (5, 6, 6)
    left[:, Lane.FLAGS] = right[:, Lane.FLAGS] = 1
    found = model.compare(left, right).frequency_millibits.tolist()
    assert found == [round(1000 * math.log2(0.5 / 0.9)), round(1000 * math.log2(0.5 / 0.1)), 0]
    assert [model.pair(*pair).frequency_millibits for pair in zip(left.tolist(), right.tolist(), strict=True)] == found
    again = MatchModel.from_document(json.loads(json.dumps(model.to_document())))
    assert again.compare(left, right).weight_millibits.tolist() == model.compare(left, right).weight_millibits.tolist()


@pytest.mark.parametrize(("shared", "bits"), [(0, 7), (1, 7), (2, 7), (65, 13), (5_000, 19), (60_000, 22)])
def test_what_is_somebody_s_falls_into_buckets(shared: int, bits: int) -> None:
    column = np.concatenate([np.repeat(np.arange(1, shared + 1), 10), np.arange(10**6, 10**6 + 3_000)]).astype(
        np.uint64
    )
    seen = ValueCounts.of(column, 10, most=100_000)
    one = counted_frequencies(
        seen, comparison="phone", levels=(5,), lane=Lane.PHONE, u=1e-6, salt=11, personal=True, least_bits=-9
    )
    assert one.tag_bits == bits
    assert one.tags.max(initial=0) < 1 << bits
    rows = np.zeros((len(column), len(Lane)), np.uint64)
    rows[:, Lane.PHONE] = column
    weights, at = np.zeros(len(rows), np.int64), np.arange(len(rows), dtype=np.uint32)
    one.add(weights, np.full(len(rows), 5, np.uint8), rows, at, at)
    assert (weights[: 10 * shared] < 0).all()  # what many share counts less, always
    assert (weights[10 * shared :] < 0).mean() <= 1 / 32  # and hardly any other value does
    some = [*range(0, len(rows), 97)]
    assert [one.added(5, rows[n].tolist(), rows[n].tolist()) for n in some] == weights[some].tolist()


def test_a_document_without_tag_bits_has_tags_of_32() -> None:
    column = np.array([5] * 90 + [6] * 10, np.uint64)
    one = counted_frequencies(ValueCounts.of(column, 5), comparison="name", levels=(2,), lane=Lane.KEY, u=0.5, salt=11)
    document = small(frequencies=(one,)).to_document()
    (table,) = document["frequencies"]
    assert table.pop("tag_bits") == 32
    assert MatchModel.from_document(document).frequencies[0].tag_bits == 32
    table["tag_bits"] = 8  # tags that have more bits than are said
    with pytest.raises(ConfigurationError, match="shape"):
        MatchModel.from_document(document)
    for wrong in (5, 33, -1, 10**12, 8.5, "8", None, True):
        table["tag_bits"] = wrong
        with pytest.raises(ConfigurationError):
            MatchModel.from_document(document)


def test_every_comparator_names_missing_first_and_different_second() -> None:
    for name, comparator in COMPARATORS.items():
        assert comparator.labels[0] == "missing", name
        assert len(set(comparator.labels)) == len(comparator.labels) >= 3
        empty = np.zeros((1, len(Lane)), np.uint64)
        assert comparator.levels(empty, empty).tolist() == [0], name
