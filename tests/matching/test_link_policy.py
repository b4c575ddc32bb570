"""What the bank does with a pair: the table of cases, and the laws no weight can break."""

from __future__ import annotations

import json
from typing import Any

import attrs
import jsonschema
import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.matching import Link, LinkPolicy, MatchModel, ReviewPlan, default_model, link_policy_schema
from bankcif.matching.link_policy import POLICY_FORMAT
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


policies = st.builds(
    LinkPolicy,
    version=st.text(max_size=5),
    identifying=st.frozensets(st.sampled_from(("cn.resident_id", "cn.uscc", "cn.passport"))),
    possible_millibits=st.none() | st.integers(-50_000, 50_000),
    automatic=st.booleans(),
    rules=st.none() | st.frozensets(st.sampled_from(("identifier+name", "document+name"))),
    contradictions=st.lists(
        st.dictionaries(
            st.sampled_from(("id_number", "phone", "birth_date")),
            st.frozensets(st.sampled_from(("equal", "different"))),
            min_size=1,
        ),
        max_size=3,
    ).map(tuple),
    review=st.builds(ReviewPlan, persons_apart=st.integers(1, 3), per_bit=st.floats(0, 9), per_day=st.floats(0, 9)),
)


@given(policies)
def test_a_policy_comes_back_from_its_document_which_fits_the_schema(policy: LinkPolicy) -> None:
    document = json.loads(json.dumps(policy.to_document()))
    jsonschema.validate(document, link_policy_schema())
    assert LinkPolicy.from_document(document) == policy


def test_what_a_document_leaves_out_is_as_by_default() -> None:
    assert LinkPolicy.from_document({"format": POLICY_FORMAT}) == LinkPolicy()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "is no JSON object"),
        ({}, "is no JSON object"),
        ({"format": POLICY_FORMAT, "automatc": False}, "automatc"),
        ({"format": POLICY_FORMAT, "automatic": "no"}, "automatic"),
        ({"format": POLICY_FORMAT, "possible_bits": True}, "possible_bits"),
        ({"format": POLICY_FORMAT, "possible_bits": float("nan")}, "possible_bits"),
        ({"format": POLICY_FORMAT, "identifying": "cn.uscc"}, "identifying"),
        ({"format": POLICY_FORMAT, "contradictions": [{}]}, "contradictions"),
        ({"format": POLICY_FORMAT, "contradictions": [{"id_number": "different"}]}, "contradictions"),
        ({"format": POLICY_FORMAT, "contradictions": [{"id_number": ["diferent"]}]}, "level"),
        ({"format": POLICY_FORMAT, "contradictions": [{"id_nummer": ["different"]}]}, "level that no match model has"),
        ({"format": POLICY_FORMAT, "contradictions": [{"phone": ["variant form"]}]}, "level of phone"),
        ({"format": POLICY_FORMAT, "contradictions": 5}, "contradictions"),
        ({"format": POLICY_FORMAT, "asked": None}, "asked"),
        ({"format": POLICY_FORMAT, "possible_bits": 1e308}, "possible_bits"),
        ({"format": POLICY_FORMAT, "possible_bits": 10**400}, "possible_bits"),
        ({"format": POLICY_FORMAT, "rules": ["nope"]}, "deterministic rule"),
        ({"format": POLICY_FORMAT, "review": {"per_bit": 10**400}}, "review"),
        ({"format": POLICY_FORMAT, "review": {"persons_apart": 2.5}}, "review"),
        ({"format": POLICY_FORMAT, "review": {"persons": 2}}, "review"),
        ({"format": POLICY_FORMAT, "review": {"persons_apart": 7}}, "one to three"),
        ({"format": POLICY_FORMAT, "review": []}, "review"),
    ],
)
def test_a_document_that_is_no_policy_is_refused_in_a_sentence(document: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        LinkPolicy.from_document(document)


def test_a_policy_may_name_what_a_model_of_the_bank_has() -> None:
    own = attrs.evolve(MODEL.comparisons[0], name="maiden_name")
    model = attrs.evolve(MODEL, comparisons=(*MODEL.comparisons, own))
    document = {"format": POLICY_FORMAT, "asked": [{"maiden_name": ["identical"]}]}
    with pytest.raises(ConfigurationError):
        LinkPolicy.from_document(document)
    assert LinkPolicy.from_document(document, [model]).asked == ({"maiden_name": frozenset({"identical"})},)
