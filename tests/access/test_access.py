"""Masks that fail closed, and a policy that denies by default."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from bankcif import Actor, Policy, Purpose
from bankcif.access import HIDDEN, MASKS, Action, default_policy, mask
from bankcif.context import Effect, Relation
from bankcif.errors import PolicyError
from bankcif.party import CATALOGUE, PartyKind


@pytest.mark.parametrize(
    ("rule", "value", "staff", "outside"),
    [
        ("identifier", "11010519491231002X", "1****************X", "1****************X"),
        ("identifier", "12345", "*****", "*****"),
        ("name", "张伟", "张*", "*伟"),
        ("name", "欧阳小明", "欧阳**", "***明"),
        ("name", "诸葛", "**", "*葛"),
        ("name", "李", "*", "*"),
        ("name", "买买提·艾力", "买*****", "*****力"),
        ("name", "Peter Lee", "*** Lee", "***"),
        ("name", "Madonna", "***", "***"),
        ("phone", "+8613800138001", "138****8001", "138******01"),
        ("phone", "+861065529988", "010-******88", "010-******88"),
        ("phone", "+8675512345678;ext=12", "0755-******78", "0755-******78"),
        ("phone", "+85223456789", "+*********89", "+*********89"),
        ("phone", "123", HIDDEN, HIDDEN),
        ("email", "li.wei@example.com", "l***@example.com", "l***@example.com"),
        ("email", "ab@example.com", "***@example.com", "***@example.com"),
        ("email", "nonsense", HIDDEN, HIDDEN),
        ("address", {"region": ["云汉省", "星河市", "长庚区"], "text": "x"}, f"云汉省星河市长庚区{HIDDEN}", f"云汉省星河市{HIDDEN}"),
        ("address", {}, HIDDEN, HIDDEN),
        ("year", "1990-03-07", "1990-**-**", "1990-**-**"),
        ("year", "1990", HIDDEN, HIDDEN),
        ("employer", "星河科技有限公司", "星河****", "****"),
        ("card", "9900889582472401", "990088******2401", "************2401"),
        ("card", "12345", HIDDEN, HIDDEN),
        ("hidden", "anything", HIDDEN, HIDDEN),
        ("no such rule", "anything", HIDDEN, HIDDEN),
    ],
)  # fmt: skip
def test_masks(rule: str, value: Any, staff: str, outside: str) -> None:
    assert mask(rule, value, "staff") == staff
    assert mask(rule, value, "outside") == outside


def hidden(original: str, shown: str) -> int:
    """How many characters of *original* a reader of *shown* cannot know, at most."""
    kept = sum(1 for character in shown if character not in "*-")
    return len(original) - kept


@given(st.text(max_size=40), st.sampled_from(["staff", "outside"]))
def test_an_identifier_hides_at_least_four(text: str, profile: str) -> None:
    shown = mask("identifier", text, profile)
    assert hidden(text, shown) >= min(4, len(text))
    assert len(text) < 6 or (text[1:-1] not in shown or set(text[1:-1]) <= {"*"})


@given(st.text(min_size=1, max_size=40), st.sampled_from(["staff", "outside"]))
def test_a_name_hides_at_least_one(text: str, profile: str) -> None:
    shown = mask("name", text, profile)
    assert "*" in shown
    assert shown != text or set(text) <= {"*", " "}


@given(st.text(max_size=30), st.sampled_from(["staff", "outside"]))
def test_an_email_hides_its_local_part_but_one(text: str, profile: str) -> None:
    shown = mask("email", text, profile)
    local = text.rpartition("@")[0]
    assert shown == HIDDEN or shown.partition("***@")[0] in ("", local[:1])


@given(st.from_regex(r"\+[0-9]{0,15}(;ext=[0-9]{1,6})?", fullmatch=True), st.sampled_from(["staff", "outside"]))
def test_a_phone_hides_at_least_four_of_seven_and_more(text: str, profile: str) -> None:
    shown = mask("phone", text, profile)
    assert shown.count("*") >= (4 if len(text.partition(";")[0]) >= 8 else 1)
    assert ";" not in shown


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(MASKS)), anything, st.sampled_from(["staff", "outside"]))
def test_no_value_of_any_shape_raises(rule: str, value: Any, profile: str) -> None:
    mask(rule, value, profile)


def test_every_field_s_mask_exists() -> None:
    for kind in PartyKind:
        for field in CATALOGUE[kind].values():
            assert field.mask in MASKS


TABLE: dict[str, Any] = {
    "version": "1",
    "grant": [
        {"id": "a", "roles": ["r"], "purposes": ["service"], "relations": ["branch"], "actions": ["view"], "fields": ["@contact"]},
        {"id": "b", "roles": ["r"], "purposes": ["service"], "actions": ["view"], "fields": ["phone"], "profile": "outside"},
        {"id": "c", "roles": ["s"], "purposes": ["service"], "actions": ["view"], "fields": ["sex"], "clear": ["sex"]},
    ],
}  # fmt: skip


def decide(
    field: str, *, roles: set[str], relation: Relation = Relation.ANY, purpose: Purpose = Purpose.SERVICE
) -> tuple[str, str, str]:
    found = Policy.from_document(TABLE).decide(Actor(id="x", roles=roles), Action.VIEW, purpose, relation, field)
    return found.decision.effect.value, found.decision.rule, found.profile


def test_decisions() -> None:
    assert decide("phone", roles={"r"}) == ("mask", "b", "outside")
    assert decide("phone", roles={"r"}, relation=Relation.BRANCH) == ("mask", "a", "staff")
    assert decide("email", roles={"r"}) == ("deny", "default", "staff")
    assert decide("email", roles={"r"}, relation=Relation.BRANCH) == ("mask", "a", "staff")
    assert decide("sex", roles={"s"}) == ("permit", "c", "staff")
    assert decide("phone", roles={"r"}, purpose=Purpose.MARKETING) == ("deny", "default", "staff")
    assert decide("phone", roles=set()) == ("deny", "default", "staff")


@given(
    st.frozensets(st.sampled_from(["teller", "marketing", "auditor", "steward", "nobody"])),
    st.sampled_from(list(Purpose)),
    st.sampled_from(list(Relation)),
    st.sampled_from(sorted(CATALOGUE[PartyKind.INDIVIDUAL])),
)
def test_nothing_that_rests_sealed_is_ever_shown_in_clear(
    roles: frozenset[str], purpose: Purpose, relation: Relation, field: str
) -> None:
    found = default_policy().decide(Actor(id="x", roles=roles), Action.VIEW, purpose, relation, field)
    if found.decision.effect is Effect.PERMIT:
        assert CATALOGUE[PartyKind.INDIVIDUAL][field].rests == "plain"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"roles": []}, "roles"),
        ({"purposes": ["world domination"]}, "none of"),
        ({"actions": ["fly"]}, "none of"),
        ({"relations": ["neighbour"]}, "none of"),
        ({"fields": ["shoe_size"]}, "not a field"),
        ({"fields": ["@shoes"]}, "not a field"),
        ({"clear": ["phone"]}, "sealed fields in clear"),
        ({"profile": 1}, "profile"),
        ({"colour": "red"}, "unknown keys"),
    ],
)
def test_a_policy_that_names_what_does_not_exist_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Policy.from_document({"version": "1", "grant": [{**TABLE["grant"][0], **change}]})


def test_a_policy_has_a_version() -> None:
    with pytest.raises(PolicyError):
        Policy.from_document({"grant": []})
