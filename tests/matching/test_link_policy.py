"""What the bank does with a pair: the table of cases, and the laws no weight can break."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.matching import Link, LinkPolicy, MatchModel, default_model
from bankcif.party import PartyKind

MODEL = default_model(PartyKind.INDIVIDUAL)
POLICY = LinkPolicy()
LABELS = {c.name: c.labels for c in MODEL.comparisons}


def levels(**labels: str) -> dict[str, int]:
    """All comparisons missing but those named."""
    return {name: known.index(labels.get(name, "missing")) for name, known in LABELS.items()}


@pytest.mark.parametrize(
    ("labels", "weight", "expected", "rule"),
    [
        ({"id_number": "equal", "name": "identical"}, 0, Link.AUTOMATIC, "identifier+name"),
        (
            {"id_number": "equal", "name": "same reading or order", "birth_date": "equal"},
            0, Link.AUTOMATIC, "identifier+name",
        ),
        ({"document": "equal and identifying", "name": "identical"}, 0, Link.AUTOMATIC, "document+name"),
        ({"id_number": "equal", "name": "look-alike or familiar"}, 50_000, Link.POSSIBLE, "identifier"),
        ({"id_number": "equal"}, 50_000, Link.POSSIBLE, "identifier"),
        ({"id_number": "equal", "name": "identical", "birth_date": "one digit"}, 50_000, Link.POSSIBLE, "contradiction"),
        ({"id_number": "equal", "name": "different"}, -9_000, Link.POSSIBLE, "identifier"),
        ({"id_number": "different", "document": "equal and identifying", "name": "identical"}, 0, Link.POSSIBLE, "contradiction"),
        ({"id_number": "one edit", "name": "identical"}, 50_000, Link.POSSIBLE, "weight"),
        ({"id_number": "different", "name": "identical"}, 50_000, Link.POSSIBLE, "weight"),
        ({"name": "identical"}, MODEL.possible_millibits, Link.POSSIBLE, "weight"),
        ({"name": "identical"}, MODEL.possible_millibits - 1, Link.NONE, "weight"),
    ],
)  # fmt: skip
def test_decides(labels: dict[str, str], weight: int, expected: Link, rule: str) -> None:
    assert POLICY.decide(MODEL, levels(**labels), weight) == (expected, rule)


any_levels = st.fixed_dictionaries({name: st.integers(0, len(labels) - 1) for name, labels in LABELS.items()})


@given(any_levels, st.integers(-99_000, 99_000))
def test_nothing_links_by_weight_alone_and_no_contradiction_links(found: dict[str, int], weight: int) -> None:
    link, _ = POLICY.decide(MODEL, found, weight)
    number, document = LABELS["id_number"][found["id_number"]], LABELS["document"][found["document"]]
    if link is Link.AUTOMATIC:
        assert number == "equal" or document == "equal and identifying"
        assert found["name"] >= LABELS["name"].index("same reading or order")
        assert number != "different"
    assert POLICY.decide(MODEL, found, 99_000)[0] is not Link.NONE


@given(st.lists(st.tuples(any_levels, st.integers(-9_000, 9_000)), min_size=1, max_size=8))
def test_many_pairs_are_decided_as_each(pairs: list[tuple[dict[str, int], int]]) -> None:
    columns = {name: np.array([found[name] for found, _ in pairs], np.uint8) for name in LABELS}
    links = POLICY.decide_all(MODEL, columns, np.array([weight for _, weight in pairs], np.int64))
    for at, (found, weight) in enumerate(pairs):
        link, rule = POLICY.decide(MODEL, found, weight)
        assert (link is Link.AUTOMATIC, link is Link.POSSIBLE) == (links.automatic[at], links.possible[at])
        assert links.rules[links.rule[at]] == rule


def test_a_bank_may_link_nothing_by_itself_or_only_by_some_rules() -> None:
    same = levels(id_number="equal", name="identical")
    assert LinkPolicy(automatic=False).decide(MODEL, same, 50_000)[0] is Link.POSSIBLE
    assert LinkPolicy(rules=frozenset({"document+name"})).decide(MODEL, same, 50_000) == (Link.POSSIBLE, "identifier")


def test_a_bank_may_ask_for_more_weight() -> None:
    assert LinkPolicy(possible_millibits=9_000).decide(MODEL, levels(name="identical"), 8_999)[0] is Link.NONE


def test_a_model_that_compares_no_documents_is_decided_too() -> None:
    document = MODEL.to_document()
    for part in ("comparisons", "alternatives", "deterministic"):
        document[part] = [one for one in document[part] if "document" not in one["name"]]
    model = MatchModel.from_document(document)
    found = {name: level for name, level in levels(id_number="equal", name="identical").items() if name != "document"}
    assert POLICY.decide(model, found, 0)[0] is Link.AUTOMATIC
