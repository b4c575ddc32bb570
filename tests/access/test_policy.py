"""The policy engine: an index that says what the grants say, tickets, sinks, and what a check finds."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.conftest import NOW, known
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import Action, FieldDecision, check_policy, default_policy, default_profiles
from bankcif.context import Decision, Effect, Relation, Sink, Ticket
from bankcif.errors import ConfigurationError, NotFoundOrNotAllowedError, PolicyError
from bankcif.party import ReferenceTables

FIELDS = ("phone", "sex", "home_branch", "email")


def grant(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "roles": ["r"], "purposes": ["service"], "actions": ["view"], "fields": ["phone"], **more}


def policy(*grants: dict[str, Any]) -> Policy:
    return Policy.from_document({"version": "1", "grant": list(grants)})


some = lambda values: st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)  # noqa: E731
grants = st.lists(
    st.fixed_dictionaries(
        {
            "roles": some(["r", "s", "t"]), "purposes": some(["service", "risk"]), "actions": some(["view", "find", "reveal"]),
            "relations": some([one.value for one in Relation]), "sinks": some([one.value for one in Sink]),
            "fields": st.lists(st.sampled_from(FIELDS), max_size=4, unique=True),
            "clear": st.lists(st.sampled_from(["sex", "home_branch"]), max_size=2, unique=True),
            "profile": st.sampled_from(["staff", "outside"]),
        }
    ),
    max_size=8,
)  # fmt: skip


def plainly(
    table: list[dict[str, Any]], roles: set[str], action: str, relations: set[str], field: str, sink: str
) -> str:
    """What the grants say, read one by one: the most that any of them shows."""
    best = "deny"
    for one in table:
        here = roles & set(one["roles"]) and "service" in one["purposes"] and action in one["actions"]
        here = here and sink in one["sinks"] and (set(one["relations"]) & (relations | {"any"}))
        if not here or field not in {*one["fields"], *one["clear"]}:
            continue
        said = "permit" if action == "reveal" or field in one["clear"] else one["profile"]
        best = max(best, said, key=["deny", "outside", "staff", "permit"].index)
    return best


@given(
    grants, st.frozensets(st.sampled_from(["r", "s", "t", "nobody"])), st.sampled_from(["view", "find", "reveal"]),
    st.frozensets(st.sampled_from(list(Relation))), st.sampled_from(FIELDS), st.sampled_from(list(Sink)),
)  # fmt: skip
def test_the_index_says_what_the_grants_say(
    table: list[dict[str, Any]],
    roles: frozenset[str],
    action: str,
    relations: frozenset[Relation],
    field: str,
    sink: Sink,
) -> None:
    read = policy(*({"id": f"g{n}", **one} for n, one in enumerate(table)))
    found = read.decide(Actor(id="x", roles=roles), Action(action), Purpose.SERVICE, relations, field, sink)
    said = found.profile if found.decision.effect is Effect.MASK else found.decision.effect.value
    assert said == plainly(table, set(roles), action, {one.value for one in relations}, field, sink.value)
    if said != "deny":
        decided = next(one for one in read.grants if one.id == found.decision.rule)
        assert field in decided.fields
        assert sink in decided.sinks
    else:
        assert found == FieldDecision(Decision(Effect.DENY, "default"))


def test_a_value_goes_only_where_a_grant_says() -> None:
    read = policy(grant("screen"), grant("file", sinks=["export"], profile="outside"))
    actor = Actor(id="x", roles={"r"})

    def said(sink: Sink) -> tuple[str, str]:
        found = read.decide(actor, Action.VIEW, Purpose.SERVICE, Relation.ANY, "phone", sink)
        return found.decision.rule, found.profile

    assert said(Sink.DISPLAY) == ("screen", "staff")
    assert said(Sink.EXPORT) == ("file", "outside")
    assert said(Sink.PRINT)[0] == said(Sink.LOG)[0] == "default"


def test_a_ticket_opens_one_customer_for_a_while(tables: ReferenceTables, steward: Actor) -> None:
    clock = FixedClock(NOW)
    read = policy(
        grant("work", relations=["ticket"], actions=["view", "reveal"]),
        grant("in", roles=["steward"], actions=["register"]),
    )
    cif = CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
        tables=tables, policy=read, clock=clock,
    )  # fmt: skip
    one = register(cif, steward, "1").cif_no
    other = register(cif, steward, "2", channel="card", name="李娜", identifiers=None, phone="15400000002").cif_no
    ticket = Ticket(id="WO-7", cif_no=one, expires_at=NOW + timedelta(hours=1))
    clerk = known(Actor(id="c", roles={"r"}, tickets=(ticket,)))
    assert cif.customers.get(one, actor=clerk, purpose=Purpose.SERVICE).phone == "154****5678"
    cif.customers.reveal(one, ["phone"], actor=clerk, purpose=Purpose.SERVICE)
    with cif._desk.unit_of_work() as unit:
        rules = [row.body for row in unit.trail.of_subject(one)][-2:]
    assert all(b"ticket:WO-7,work" in body for body in rules)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(other, actor=clerk, purpose=Purpose.SERVICE)
    clock.advance(timedelta(hours=1))
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(one, actor=clerk, purpose=Purpose.SERVICE)


@pytest.mark.parametrize("wrong", [{"id": ""}, {"id": "x" * 65}, {"expires_at": datetime(2026, 1, 1)}])  # noqa: DTZ001
def test_a_ticket_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Ticket(**{"id": "1", "cif_no": "C", "expires_at": NOW, **wrong})


def test_no_role_both_defines_policies_and_sees_customers() -> None:
    define = grant("define", actions=["policy"], fields=[])
    assert policy(define).grants
    for action in ("view", "find", "reveal"):
        with pytest.raises(PolicyError, match="no role does both"):
            policy(define, grant("see", actions=[action]))


def test_the_example_policy_has_nothing_to_find() -> None:
    assert check_policy(default_policy(), default_profiles()) == []


def found(read: Policy, *operators: Actor) -> set[tuple[str, str]]:
    return {(one.rule, one.about) for one in check_policy(read, default_profiles(), operators) if one.rule != "unread"}


def test_a_check_finds_what_never_decides() -> None:
    assert found(policy(grant("wide"), grant("narrow"))) == {("unreachable", "narrow")}
    assert found(policy(grant("wide"), grant("branch", relations=["branch"]))) == set()  # nearer relations decide first
    assert found(policy(grant("outside", profile="outside"), grant("staff"))) == {("unreachable", "outside")}
    assert found(policy(grant("a", fields=[], actions=["load"]), grant("b", fields=[], actions=["load"]))) == {
        ("unreachable", "b")
    }
    assert found(policy(grant("same"), grant("same", fields=["email"]))) == {("unreachable", "same")}
    assert found(policy(grant("a", profile="ours"))) == {("profile", "ours")}


def test_a_check_finds_fields_that_nobody_may_read() -> None:
    unread = {one.about for one in check_policy(policy(grant("a")), default_profiles()) if one.rule == "unread"}
    assert "email" in unread
    assert "phone" not in unread


def test_a_check_looks_at_all_roles_of_a_person() -> None:
    read = policy(grant("see"), grant("define", roles=["p"], actions=["policy"], fields=[]))
    apart = (Actor(id="a", roles={"r"}), Actor(id="b", roles={"p"}))
    assert found(read, *apart) == set()
    assert found(read, Actor(id="a", roles={"r", "p"})) == {("defines_and_reads", "a")}
    two_ids = (Actor(id="a1", person="a", roles={"r"}), Actor(id="a2", person="a", roles={"p"}))
    assert found(read, *two_ids) == {("defines_and_reads", "a")}


@pytest.mark.parametrize("label", ["", "x" * 65, "a\x1b[31m", "two\nlines"])
def test_what_stands_in_the_log_is_short_and_printable(label: str) -> None:
    with pytest.raises(PolicyError, match="printable"):
        policy(grant(label))
    with pytest.raises(PolicyError, match="printable"):
        Policy.from_document({"version": label, "grant": []})


def test_the_table_of_key_operations_is_complete_and_its_example_spells_it_out() -> None:
    from importlib.resources import files

    from bankcif.approval import Operation
    from bankcif.flows.decide import _OPERATIONS

    example = tomllib.loads(files("bankcif.access").joinpath("data", "policy.toml").read_text(encoding="utf-8"))
    assert set(example["operation"]) == set(Operation)
    assert set(_OPERATIONS) == set(Operation)
    for table in ({}, {"operation": {}}, {"operation": {"merge": {}}}):
        policy = Policy.from_document({"version": "1", "grant": [], **table})
        assert set(policy.operations) == set(Operation)
        assert {one.persons for one in policy.operations.values()} == {2}
    assert {one.persons for one in Policy("bare", []).operations.values()} == {2}


@pytest.mark.parametrize(
    "table",
    [
        {"operation": {"merge": {"persons": 1}}}, {"operation": {"merge": {"persons": 0}}},
        {"operation": {"merge": {"persons": True}}}, {"operation": {"merge": {"persons": 6}}},
        {"operation": {"fly": {"persons": 2}}}, {"operation": []}, {"operation": {"merge": 2}},
        {"operation": {"merge": {"level": 4}}}, {"operation": {"merge": {"level": True}}},
        {"operation": {"merge": {"max_age_minutes": 0}}}, {"operation": {"merge": {"bound": 1}}},
        {"operation": {"merge": {"speed": 1}}}, {"require": {"fly": {}}}, {"require": {"view": {"level": -1}}},
        {"require": []}, {"require": {"view": {"max_age_minutes": 1.5}}}, {"require": {"view": {"persons": 2}}},
    ],
)  # fmt: skip
def test_a_table_that_asks_for_less_than_two_persons_or_for_what_is_none_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        Policy.from_document({"version": "1", "grant": [], **table})


def test_requirements_survive_their_document() -> None:
    table = {
        "version": "1", "grant": [], "require": {"view": {"level": 1}, "reveal": {"level": 3, "max_age_minutes": 5, "bound": True}},
        "operation": {"erase": {"persons": 3, "level": 2}},
    }  # fmt: skip
    policy = Policy.from_document(table)
    again = Policy.from_document(policy.document())
    assert (again.requirements, again.operations) == (policy.requirements, policy.operations)


@pytest.mark.parametrize("action", ["policy", "operators"])
@pytest.mark.parametrize("reading", ["view", "find", "reveal", "export", "break_glass"])
def test_no_role_decides_who_sees_or_who_is_who_and_sees(action: str, reading: str) -> None:
    grant = {"id": "g", "roles": ["r"], "purposes": ["service"], "actions": [action, reading], "fields": ["phone"]}
    with pytest.raises(PolicyError, match="no role does both"):
        Policy.from_document({"version": "1", "grant": [grant]})
