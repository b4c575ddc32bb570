"""Reading a policy: what each line of it becomes, and what is refused, in which words."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.conftest import NOW

from bankcif import Actor, Policy, Purpose
from bankcif.access import Action, FieldDecision, check_policy, default_policy, default_profiles
from bankcif.access.grants import BY_CUSTOMER, ExportLimits, says_more
from bankcif.access.policy import READING
from bankcif.access.requirements import MOST_PERSONS, KeyOperation, Requirement
from bankcif.access.rows import row_parameters
from bankcif.approval import Operation
from bankcif.context import AuthContext, Decision, Effect, Relation, Sink
from bankcif.errors import PolicyError
from bankcif.party import FIELD_NAMES
from bankcif.rules import TRUE, Or

R = Actor(id="x", branch="b1", roles={"r"})


def grant(name: Any = "g", **more: Any) -> dict[str, Any]:
    return {"id": name, "roles": ["r"], "purposes": ["service"], "actions": ["view"], "fields": ["phone"], **more}


def policy(*grants: dict[str, Any], **more: Any) -> Policy:
    return Policy.from_document({"version": "1", "grant": list(grants), **more})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (grant(7), "a grant's id is one to 64 printable characters"),
        (grant(""), "a grant's id is one to 64 printable characters"),
        (grant("x" * 65), "a grant's id is one to 64 printable characters"),
        (grant(b=1, a=2), "grant g has unknown keys: a, b"),
        ({"roles": ["r"], "x": 1}, "grant ? has unknown keys: x"),
        (grant(clear=["phone", "email"]), "grant g shows sealed fields in clear (email, phone); a view never does, grant the action reveal instead"),
        (grant(clear=["shoe"]), "grant g: 'shoe' is not a field of the catalogue"),
        (grant(fields=["shoe"]), "grant g: 'shoe' is not a field of the catalogue"),
        (grant(fields=["@shoe"]), "grant g: '@shoe' is not a field of the catalogue"),
        (grant(profile=3), "grant g: profile is the name of a mask profile"),
        (grant(roles=[]), "grant g needs roles, a list of names"),
        (grant(roles="r"), "grant g needs roles, a list of names"),
        (grant(roles=["r", 1]), "grant g needs roles, a list of names"),
        (grant(purposes=[]), "grant g needs purposes, a list of names"),
        (grant(actions=[]), "grant g needs actions, a list of names"),
        (grant(purposes=["fun"]), f"grant g: 'fun' is none of {', '.join(Purpose)}"),
        (grant(actions=["fly"]), f"grant g: 'fly' is none of {', '.join(Action)}"),
        (grant(relations=["friend"]), f"grant g: 'friend' is none of {', '.join(Relation)}"),
        (grant(sinks=["fax"]), f"grant g: 'fax' is none of {', '.join(Sink)}"),
        (grant(when=3), "grant g: when is a text"),
        (grant(inside="audit"), "grant g: inside is a list of recipients' names"),
        (grant(inside=[""]), "grant g: inside is a list of recipients' names"),
        (grant(inside=["audit", 1]), "grant g: inside is a list of recipients' names"),
        (grant(when="phone = '1'"), "grant g, when: "),
        *[
            (grant(**wrong), "grant g: alone is a number up to 1000, least_k one above zero, countries a list of two-letter codes")
            for wrong in (
                {"alone": True}, {"alone": -1}, {"alone": 1001}, {"alone": "1"}, {"alone": 1.0}, {"least_k": 0}, {"least_k": 1.0},
                {"least_k": True}, {"least_k": "1"}, {"countries": "CN"}, {"countries": {"CN": 1}}, {"countries": ["CHN"]},
                {"countries": ["CN", 12]}, {"countries": [["C", "N"]]}, {"alone": -1, "least_k": 5},
                {"alone": 1.5, "least_k": 5},
            )
        ],
    ],
)  # fmt: skip
def test_a_grant_that_makes_no_sense_is_refused(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=f"^{re.escape(words)}") as caught:
        policy(entry)
    assert caught.value.rule == "policy"


_OF_REQUIREMENT = "has level (0 to 3), max_age_minutes and bound (true or false)"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"version": 1}, "a policy has a version (text), [[grant]], [require.ACTION], [operation.NAME], [cap.ACTION], [basis], [[change]] and [[feed]], nothing else"),
        ({"extra": 1}, "a policy has a version (text), [[grant]], [require.ACTION], [operation.NAME], [cap.ACTION], [basis], [[change]] and [[feed]], nothing else"),
        ({"version": ""}, "a policy's version is one to 64 printable characters"),
        ({"require": []}, f"[require.ACTION] names one of {', '.join(Action)}"),
        ({"require": {"fly": {}}}, f"[require.ACTION] names one of {', '.join(Action)}"),
        ({"require": {"view": 1}}, f"require view {_OF_REQUIREMENT}"),
        ({"require": {"view": {"level": 4}}}, f"require view {_OF_REQUIREMENT}"),
        ({"require": {"view": {"level": -1}}}, f"require view {_OF_REQUIREMENT}"),
        ({"require": {"view": {"level": 1.0}}}, f"require view {_OF_REQUIREMENT}"),
        ({"require": {"view": {"bound": 1}}}, f"require view {_OF_REQUIREMENT}"),
        ({"require": {"view": {"speed": 1}}}, f"require view {_OF_REQUIREMENT}"),
        ({"require": {"view": {"max_age_minutes": 0}}}, "require view: max_age_minutes is a number above zero"),
        ({"require": {"view": {"max_age_minutes": 1.5}}}, "require view: max_age_minutes is a number above zero"),
        ({"operation": []}, f"[operation.NAME] names one of {', '.join(Operation)}"),
        ({"operation": {"fly": {}}}, f"[operation.NAME] names one of {', '.join(Operation)}"),
        ({"operation": {"merge": 2}}, "operation merge takes 2 to 5 persons; one is never enough"),
        ({"operation": {"merge": {"persons": 1}}}, "operation merge takes 2 to 5 persons; one is never enough"),
        ({"operation": {"merge": {"persons": 6}}}, "operation merge takes 2 to 5 persons; one is never enough"),
        ({"operation": {"merge": {"persons": True}}}, "operation merge takes 2 to 5 persons; one is never enough"),
        ({"operation": {"merge": {"level": 9}}}, f"operation merge {_OF_REQUIREMENT}"),
        *[
            ({"cap": wrong}, "[cap.ACTION] has per_hour, for one of break_glass, browse, catalogue, export, extract, find, report, reveal, view")
            for wrong in (
                [], {"fly": {"per_hour": 1}}, {"register": {"per_hour": 1}}, {"view": 1}, {"view": {}}, {"view": {"per_hour": 0}},
                {"view": {"per_hour": True}}, {"view": {"per_hour": 1, "per_day": 1}}, {"view": {"per_day": 1}},
            )
        ],
    ],
)  # fmt: skip
def test_a_document_that_makes_no_sense_is_refused(table: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=f"^{re.escape(words)}") as caught:
        Policy.from_document({"version": "1", "grant": [], **table})
    assert caught.value.rule == "policy"


def test_a_role_that_would_decide_and_see_is_named() -> None:
    with pytest.raises(
        PolicyError, match=r"^q, r may define policies or keep operators, and see customers; "
    ) as caught:
        policy(grant("a", roles=["r", "q"], actions=["policy", "view"]))
    assert caught.value.rule == "policy"


def test_what_a_document_leaves_out_has_its_default() -> None:
    bare = Policy.from_document({"version": "v" * 64})
    assert (bare.version, bare.grants, bare.requirements, bare.caps) == ("v" * 64, (), {}, {})
    assert bare.operations == {name: KeyOperation(persons=2, requirement=Requirement()) for name in Operation}
    (one,) = policy(grant("i" * 64)).grants
    assert (one.id, one.profile, one.when, one.relations, one.sinks) == (
        "i" * 64, "staff", None, {Relation.ANY}, (Sink.DISPLAY,),
    )  # fmt: skip
    assert one.limits == ExportLimits() == ExportLimits(alone=100, least_k=1, countries=frozenset({"CN"}))
    read = policy(require={"view": {}})
    assert read.requirements == {Action.VIEW: Requirement(level=0, max_age_minutes=None, bound=False)}
    assert read.document()["require"] == {"view": {"level": 0, "bound": False}}


def test_unmasking_and_breaking_the_glass_ask_for_two_factors_whatever_a_policy_says() -> None:
    silent = Policy.from_document({"version": "1"})
    assert silent.requirement(Action.REVEAL) == Requirement(level=2)
    assert silent.requirement(Action.BREAK_GLASS) == Requirement(level=2, max_age_minutes=60)
    assert silent.requirement(Action.VIEW) == Requirement()
    kept = policy(require={"reveal": {"level": 3}, "break_glass": {"level": 2, "max_age_minutes": 60}})
    assert kept.requirement(Action.REVEAL).level == 3
    said = {
        "reveal": "[require.reveal] asks for level 2 at least",
        "break_glass": "[require.break_glass] asks for level 2 at least, within 60 minutes at most",
    }
    for action, weaker in (
        ("reveal", {"level": 1}), ("reveal", {}), ("break_glass", {"level": 2}),
        ("break_glass", {"level": 1, "max_age_minutes": 5}), ("break_glass", {"level": 2, "max_age_minutes": 61}),
    ):  # fmt: skip
        with pytest.raises(PolicyError) as caught:
            policy(require={action: weaker})
        assert (str(caught.value), caught.value.rule) == (said[action], "policy")


def test_whether_an_action_is_granted_for_the_whole_file() -> None:
    report = {"actions": ["report"], "fields": []}
    other = Actor(id="y", roles={"s"})

    def whole(*grants: dict[str, Any], actor: Actor = R, purpose: Purpose = Purpose.SERVICE) -> bool:
        return policy(*grants).is_whole(actor, Action.REPORT, purpose)

    assert whole(grant(**report))
    assert whole(grant("narrow", **report, relations=["branch"]), grant("wide", **report, relations=["branch", "any"]))
    assert not whole(grant(**report), actor=other)
    assert not whole(grant(**report), purpose=Purpose.RISK)
    assert not whole(grant(**report, sinks=["export"]))
    assert not whole(grant(**report, relations=["branch"]))
    assert not whole(grant(**report, when="home_branch = 'b1'"))
    assert not whole(grant(actions=["view"]))
    assert not whole()


def test_who_is_counted_needs_no_field_and_who_is_shown_does() -> None:
    read = policy(grant(actions=["report", "browse"], fields=[]))
    assert read.visible(R, Action.REPORT, Purpose.SERVICE) == Or((TRUE,))
    assert read.visible(R, Action.BROWSE, Purpose.SERVICE) == Or(())


@pytest.mark.parametrize("action", sorted(set(Action) - BY_CUSTOMER))
@pytest.mark.parametrize("more", [{"relations": ["branch"]}, {"when": "branch = $branch"}])
def test_what_is_decided_for_the_whole_file_has_no_relation_and_no_row_rule(action: str, more: dict[str, Any]) -> None:
    """It would be a limit that nobody keeps to."""
    policy(grant(actions=[action], fields=[]))
    with pytest.raises(PolicyError, match="is decided for the whole file"):
        policy(grant(actions=[action], fields=[], **more))
    with pytest.raises(PolicyError) as caught:
        policy(grant(actions=["view", action, "load"], **more))
    named = action if action == "load" else ", ".join(sorted([action, "load"]))
    assert (str(caught.value), caught.value.rule) == (
        f"grant g: {named} is decided for the whole file; give it a grant without relations and row rule", "policy",
    )  # fmt: skip


def test_who_works_on_held_rows_sees_values_and_decides_nothing_about_seeing() -> None:
    for action in ("policy", "operators"):
        with pytest.raises(PolicyError, match="no role does both"):
            policy(grant(actions=[action], fields=[]), grant("r", actions=["release"], fields=[]))


def test_one_person_exports_up_to_a_thousand_alone() -> None:
    (one,) = policy(grant(alone=1000)).grants
    assert one.limits.alone == 1000
    with pytest.raises(PolicyError, match="alone is a number up to 1000"):
        policy(grant(alone=1001))


def test_what_a_document_says_is_read() -> None:
    (one,) = policy(
        grant(
            relations=["branch", "portfolio"], sinks=["export", "print"], profile="outside", alone=0, least_k=7,
            countries=["CN", "SG"], when="home_branch = $branch", clear=["sex"],
        )
    ).grants  # fmt: skip
    assert (one.roles, one.purposes, one.actions) == (("r",), (Purpose.SERVICE,), (Action.VIEW,))
    assert (one.relations, one.sinks) == ({Relation.BRANCH, Relation.PORTFOLIO}, (Sink.EXPORT, Sink.PRINT))
    assert one.limits == ExportLimits(alone=0, least_k=7, countries=frozenset({"CN", "SG"}))
    assert (one.profile, one.fields, one.clear) == ("outside", {"phone", "sex"}, {"sex"})
    assert one.when is not None
    assert one.when.text == "home_branch = $branch"
    strict = {"level": 3, "max_age_minutes": 1, "bound": True}
    read = policy(
        require=dict.fromkeys(Action, strict),
        operation={"merge": {"persons": MOST_PERSONS, **strict}, "erase": {"persons": 3}},
        cap={"view": {"per_hour": 1}, "export": {"per_hour": 9}},
    )
    exact = Requirement(level=3, max_age_minutes=1, bound=True)
    assert read.requirements == dict.fromkeys(Action, exact)
    assert read.operations[Operation.MERGE] == KeyOperation(persons=5, requirement=exact)
    assert read.operations[Operation.ERASE] == KeyOperation(persons=3, requirement=Requirement())
    assert read.caps == {Action.VIEW: 1, Action.EXPORT: 9}
    assert Policy.from_document(read.document()).document() == read.document()
    assert policy(cap={name: {"per_hour": 1} for name in READING}).caps == dict.fromkeys(READING, 1)


def test_a_group_and_a_field_stand_together() -> None:
    everything = policy(grant(fields=["phone", "*", "email"])).grants[0].fields
    assert everything == FIELD_NAMES
    contact = policy(grant(fields=["@contact"])).grants[0].fields
    both = policy(grant(fields=["sex", "@contact", "@identity"])).grants[0].fields
    assert {"sex", *contact} < both
    assert "sex" not in contact


def test_a_policy_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    with pytest.raises(PolicyError, match=re.escape(f"the policy {path} does not exist")) as caught:
        Policy.read(path)
    assert (caught.value.rule, caught.value.path) == ("policy", str(path))
    path.write_text("[[grant", encoding="utf-8")
    with pytest.raises(PolicyError, match="is not TOML in UTF-8"):
        Policy.read(path)
    shipped = files("bankcif.access").joinpath("data", "policy.toml").read_text("utf-8")
    path.write_text(shipped, encoding="utf-8")
    assert (
        Policy.read(path).document()
        == default_policy().document()
        == Policy.from_document(tomllib.loads(shipped)).document()
    )


def test_which_decision_shows_more() -> None:
    def said(effect: Effect, profile: str = "staff") -> FieldDecision:
        return FieldDecision(Decision(effect, "g"), profile)

    clear, masked, outside = said(Effect.PERMIT), said(Effect.MASK), said(Effect.MASK, "outside")
    for more, less in ((clear, masked), (clear, outside), (masked, outside), (said(Effect.MASK, "own"), outside)):
        assert says_more(more, less)
        assert not says_more(less, more)
    for same in (clear, masked, outside):
        assert not says_more(same, same)
    assert not says_more(said(Effect.MASK, "own"), masked)


def test_an_action_is_allowed_for_the_purposes_that_a_grant_names() -> None:
    read = policy(grant("a", purposes=["risk"]), grant("b", roles=["s"], purposes=["service"]))
    assert read.allows(R, Action.VIEW) == read.allows(R, Action.VIEW, Purpose.RISK) == Decision(Effect.PERMIT, "a")
    assert read.allows(R, Action.VIEW, Purpose.SERVICE) == Decision(Effect.DENY, "default")
    assert read.allows(R, Action.FIND) == Decision(Effect.DENY, "default")
    both = Actor(id="y", roles={"r", "s"})
    assert read.allows(both, Action.VIEW, Purpose.SERVICE).rule == "b"
    assert [one.id for one in read.grants_of(R)] == ["a"]
    assert [one.id for one in read.grants_of(both)] == ["a", "b"]
    assert read.grants_of(Actor(id="z", roles={"t"})) == []


def test_every_row_rule_that_holds_adds_what_it_shows() -> None:
    read = policy(
        grant("all", fields=["sex"]), grant("here", fields=["phone"], when="home_branch = $branch"),
        grant("also", fields=["email"], when="home_branch = 'b1'"), grant("never", fields=["name"], when="home_branch = 'b9'"),
    )  # fmt: skip
    known = row_parameters(R, date(2026, 11, 25))

    def shown(record: Any, of: Any = known) -> dict[str, str]:
        found = read.granted(R, Action.VIEW, Purpose.SERVICE, Relation.ANY, record=record, known=of)
        return {name: one.decision.rule for name, one in found.items()}

    for _ in range(2):
        assert shown({"home_branch": "b1"}) == {"sex": "all", "phone": "here", "email": "also"}
        assert shown({"home_branch": "b2"}) == {"sex": "all"}
        assert shown(None) == shown({"home_branch": "b1"}, None) == {"sex": "all"}
    assert read.has_row_rules
    without = policy(grant("all"))
    assert not without.has_row_rules
    found = without.granted(R, Action.VIEW, Purpose.SERVICE, Relation.ANY, record={}, known={})
    assert found == without.granted(R, Action.VIEW, Purpose.SERVICE, Relation.ANY)


row_rules = st.sampled_from(
    [
        "home_branch = 'b1'", "home_branch in ('b1', 'b2')", "home_branch = $branch", "home_branch = 'b1' and sex = '1'",
        "home_branch = 'b2' or sex = '2'", "sex = '1' or sex = '2'", "sex is missing", "not home_branch = 'b2'", "birth_year > 1970",
    ]
)  # fmt: skip
row_grants = st.fixed_dictionaries(
    {"fields": st.lists(st.sampled_from(["phone", "email", "sex"]), min_size=1, unique=True)},
    optional={"when": row_rules, "profile": st.just("outside"), "clear": st.just(["sex"])},
)


@given(
    st.lists(row_grants, max_size=12),
    st.fixed_dictionaries(
        {
            "home_branch": st.sampled_from(["b1", "b2", None]), "sex": st.sampled_from(["1", "2", None]),
            "birth_year": st.sampled_from([1969, 1971, None]),
        }
    ),
)  # fmt: skip
def test_row_rules_found_by_a_record_decide_as_all_of_them_asked_one_by_one(
    lines: list[dict[str, Any]], record: dict[str, Any]
) -> None:
    read = policy(*(grant(f"g{n}", **line) for n, line in enumerate(lines)))
    known = row_parameters(R, date(2026, 11, 25))
    expected: dict[str, FieldDecision] = {}
    for conditional in (False, True):
        for one in read.grants:
            if (one.when is not None) is conditional and (one.when is None or one.when.holds(record, known)):
                for name in one.fields:
                    if one.adds_to(expected.get(name), Action.VIEW, name):
                        expected[name] = one.decision(Action.VIEW, name)
    assert read.granted(R, Action.VIEW, Purpose.SERVICE, Relation.ANY, record=record, known=known) == expected


@pytest.mark.parametrize("order", [("free", "tied"), ("tied", "free")])
def test_of_row_rules_that_say_as_much_the_earlier_decides(order: tuple[str, str]) -> None:
    rules_ = {"free": "birth_year > 1950", "tied": "home_branch = 'b1'"}
    read = policy(*(grant(name, when=rules_[name]) for name in order))
    record = {"home_branch": "b1", "birth_year": 1990}
    shown = read.granted(R, Action.VIEW, Purpose.SERVICE, Relation.ANY, record=record, known={})
    assert shown["phone"].decision.rule == order[0]


def test_a_rule_tied_to_a_value_is_asked_only_of_customers_who_have_it() -> None:
    read = policy(*(grant(f"g{n}", when=f"home_branch = 'b{n}'") for n in range(300)))
    asked: list[str] = []
    for one in read.grants:
        assert one.when is not None
        holds, text = one.when.holds, one.when.text
        object.__setattr__(one.when, "holds", lambda r, k, holds=holds, text=text: asked.append(text) or holds(r, k))
    shown = read.granted(R, Action.VIEW, Purpose.SERVICE, Relation.ANY, record={"home_branch": "b7"}, known={})
    assert {one.decision.rule for one in shown.values()} == {"g7"}
    assert asked == ["home_branch = 'b7'"]


def test_a_check_names_a_role_whose_row_rules_are_more_than_a_store_is_asked() -> None:
    def told(action: str, many: int, **more: Any) -> list[tuple[str, str]]:
        wide = policy(*(grant(f"g{n}", actions=[action], when=f"home_branch = 'b{n}'", **more) for n in range(many)))
        return [(one.rule, one.about) for one in check_policy(wide, default_profiles()) if one.rule != "unread"]

    for action, sink in (("browse", "display"), ("report", "display"), ("export", "export")):
        assert told(action, 501, sinks=[sink]) == [("rows", "r")]
        assert told(action, 500, sinks=[sink]) == []
    assert told("view", 501) == []
    # A relation is a comparison more, once somebody stands in it.
    assert told("browse", 251, relations=["ticket"]) == told("browse", 251, relations=["branch"]) == [("rows", "r")]
    assert told("browse", 250, relations=["ticket"]) == []


def test_a_check_asks_of_an_operator_with_several_roles_what_they_see_together() -> None:
    wide = policy(
        *(grant(f"g{n}", roles=[f"r{n % 2}"], actions=["browse"], when=f"home_branch = 'b{n}'") for n in range(600))
    )
    both, one = Actor(id="both", roles={"r0", "r1"}), Actor(id="one", roles={"r0", "other"})
    found = check_policy(wide, default_profiles(), [both, one])
    assert [(one.rule, one.about) for one in found if one.rule == "rows"] == [("rows", "both")]


def test_an_export_keeps_to_the_strictest_of_its_grants() -> None:
    read = policy(
        grant("a", actions=["export"], sinks=["export"], alone=50, least_k=2, countries=["CN", "SG"]),
        grant("b", actions=["export"], sinks=["export", "display"], alone=20, least_k=5, countries=["CN", "HK"]),
        grant("c", actions=["export"], sinks=["display"], alone=1), grant("d", sinks=["export"], alone=1),
        grant("e", actions=["export"], sinks=["export"], roles=["s"], alone=1),
        grant("f", actions=["export"], sinks=["export"], purposes=["risk"], alone=7),
        grant("g", actions=["export"], sinks=["export"], fields=[], alone=1),
    )  # fmt: skip
    assert read.export_limits(R, Purpose.SERVICE) == ExportLimits(alone=20, least_k=5, countries=frozenset({"CN"}))
    assert read.export_limits(R, Purpose.RISK) == ExportLimits(alone=7, least_k=1, countries=frozenset({"CN"}))
    assert read.export_limits(R, Purpose.MARKETING) is None
    assert read.export_limits(Actor(id="y", roles={"t"}), Purpose.SERVICE) is None


def test_the_customers_somebody_may_see_are_one_rule() -> None:
    from bankcif.access.rows import to_lowered
    from bankcif.rules import compiled

    read = policy(
        grant("mine", relations=["portfolio"]), grant("broken", relations=["break_glass"]), grant("work", relations=["ticket"]),
        grant("branch", relations=["branch"], when="life_cycle = 'active'"),
    )  # fmt: skip

    def sees(record: dict[str, Any], **more: Any) -> bool:
        plain = {"cif_no": "C1", "branch": "b9", "manager": "y", "life_cycle": "closed", **record}
        rule = compiled(to_lowered(read.visible(R, Action.VIEW, Purpose.SERVICE, **more)))
        return rule(plain, row_parameters(R, date(2026, 11, 25)))

    assert not sees({})
    assert sees({"manager": "x"})
    assert sees({}, broken=("C1",))
    assert sees({}, ticketed=("C1",))
    assert not sees({}, broken=("C2",), ticketed=("C3",))
    assert sees({"branch": "b1", "life_cycle": "active"})
    assert not sees({"branch": "b1"})
    assert not sees({"manager": "x"}, sink=Sink.EXPORT)


def test_a_check_asks_of_a_row_rule_whether_it_shows_more_than_the_grants_without_one() -> None:
    def told(*grants: dict[str, Any]) -> set[str]:
        return {one.about for one in check_policy(policy(*grants), default_profiles()) if one.rule == "unreachable"}

    here = "home_branch = $branch"
    assert told(grant("all"), grant("rule", when=here)) == {"rule"}
    assert told(grant("all"), grant("rule", fields=["email"], when=here)) == set()
    assert told(grant("all", profile="outside"), grant("rule", when=here)) == set()
    assert told(grant("all"), grant("rule", profile="outside", when=here)) == {"rule"}
    assert told(grant("all", fields=["sex"]), grant("rule", fields=["sex"], clear=["sex"], when=here)) == set()
    assert told(grant("all", clear=["sex"]), grant("rule", fields=["sex"], when=here)) == {"rule"}
    assert told(grant("all"), grant("rule", actions=["view", "reveal"], when=here)) == set()


def test_a_check_compares_row_rules_that_say_the_same() -> None:
    def told(*grants: dict[str, Any]) -> set[tuple[str, str]]:
        found = check_policy(policy(*grants), default_profiles())
        return {(one.rule, one.about) for one in found if one.rule in ("unreachable", "never")}

    here, spelled_otherwise = "home_branch = 'b1' and sex = '1'", "( home_branch='b1' )  and sex = '1'"
    assert told(grant("a", when=here), grant("b", when=spelled_otherwise)) == {("unreachable", "b")}
    assert told(grant("a", profile="outside", when=here), grant("b", when=here)) == {("unreachable", "a")}
    assert told(grant("a", when=here), grant("b", when=here, fields=["email"])) == set()
    assert told(grant("a", when=here), grant("b", when="home_branch = 'b1'")) == set()
    assert told(grant("a", when=here, relations=["branch"]), grant("b", when=here)) == {("unreachable", "a")}
    assert told(grant("a", when=here, relations=["branch"]), grant("b", when=here, relations=["portfolio"])) == set()
    assert told(grant("a", when=here, roles=["s"]), grant("b", when=here)) == set()
    assert told(grant("a", when="birth_year > 3000 and birth_year < 1000")) == {("never", "a")}


def test_grants_of_reports_add_to_who_is_counted() -> None:
    """They show no field, and each may be about customers of its own."""

    def told(*more: dict[str, Any]) -> set[str]:
        grants = [grant(name, actions=["report"], fields=[], **one) for name, one in zip("abc", more, strict=False)]
        return {one.about for one in check_policy(policy(*grants), default_profiles()) if one.rule == "unreachable"}

    one, two = {"when": "home_branch = '1'"}, {"when": "home_branch = '2'"}
    branch, portfolio = {"relations": ["branch"]}, {"relations": ["portfolio"]}
    assert told(one, two) == told(branch, portfolio) == told({}) == set()
    assert told(one, one) == told({}, {}) == told({}, one) == told({}, branch) == {"b"}
    assert told(one, {}) == told(branch, {}) == {"a"}
    assert told({**one, **branch}, one) == {"a"}
    assert told({**one, **branch}, two) == set()


def test_a_check_says_what_is_wrong_and_what_to_do_in_both_languages() -> None:
    many = [grant(f"f{n}", roles=["s"], actions=["browse"], when=f"birth_year > {n}") for n in range(501)]
    read = policy(
        grant("a"), grant("a", fields=["email"]), grant("b"), grant("c", profile="ours"), grant("d", when="false"),
        grant("e", roles=["p"], actions=["policy"], fields=[]), *many,
    )  # fmt: skip
    found = check_policy(read, default_profiles(), [Actor(id="x", roles={"r", "p"})])
    said = {one.rule: one for one in found}
    assert said.keys() == {"unreachable", "never", "unread", "defines_and_reads", "profile", "rows", "slow"}
    assert (
        len({one.en for one in found if one.rule == "unreachable"}) == 2
    )  # never decides, and an id that stands twice
    for one in found:
        assert re.fullmatch(r"[a-z][^A-Z\n]*[a-z')…]", one.en.replace("µ", "u")), one.en
        assert re.search("[\u4e00-\u9fff]{4}", one.zh), one.zh
        assert not re.search("[A-Za-z]", one.zh), one.zh


def test_a_check_counts_as_reading_only_what_shows_a_field_to_somebody() -> None:
    def unread(*grants: dict[str, Any]) -> bool:
        found = check_policy(policy(*grants), default_profiles())
        return "phone" in {one.about for one in found if one.rule == "unread"}

    assert unread(grant(actions=["break_glass"]))
    assert unread(grant(sinks=["log"]))
    assert not unread(grant(sinks=["log", "print"]))
    assert not unread(grant(actions=["export"], sinks=["export"]))


def test_a_check_names_a_role_whose_row_rules_are_asked_of_every_customer() -> None:
    def slow(many: int, when: str, **more: Any) -> list[str]:
        wide = policy(*(grant(f"g{n}", when=when.format(n), **more) for n in range(many)))
        return [one.about for one in check_policy(wide, default_profiles()) if one.rule == "slow"]

    assert slow(101, "birth_year > 19{:02}", roles=["r", "s"]) == ["r", "s"]
    assert slow(100, "birth_year > 19{:02}") == []
    assert slow(300, "home_branch = 'b{}' and birth_year > 1950") == []


def test_what_somebody_lacks_is_named() -> None:
    def auth(level: int, minutes: float = 0, operation: str = "") -> AuthContext:
        methods = {0: (), 1: ("pwd",), 2: ("pwd", "otp"), 3: ("pwd", "hwk")}[level]
        return AuthContext(methods=methods, assurance=level, at=NOW - timedelta(minutes=minutes), operation=operation)

    asks = Requirement(level=2, max_age_minutes=5, bound=True)
    assert asks.missing(None, NOW, "d1") == ("level", "age", "operation")
    assert asks.missing(auth(2, 5, "d1"), NOW, "d1") == ()
    assert asks.missing(auth(3, 0, "d1"), NOW, "d1") == ()
    assert asks.missing(auth(1, 6, "d2"), NOW, "d1") == ("level", "age", "operation")
    assert asks.missing(auth(2, 5.01, "d1"), NOW, "d1") == asks.missing(auth(2, -1.01, "d1"), NOW, "d1") == ("age",)
    assert asks.missing(auth(2, -1, "d1"), NOW, "d1") == ()
    assert asks.missing(auth(2, 0, ""), NOW, "") == ("operation",)
    assert Requirement().missing(None, NOW, "") == ()
    assert Requirement(level=1).missing(auth(1, 900), NOW, "") == ()
