"""Exports: masked, marked, within what the policy lets go, and no more of them than one person may take."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.conftest import NOW, known
from tests.flows.test_browse import Under, policy
from tests.flows.test_register import ID, register

from bankcif import CIF, Actor, Purpose
from bankcif._clock import FixedClock
from bankcif.access import mask
from bankcif.approval import ApprovalState
from bankcif.errors import (
    AccessError,
    FourEyesError,
    InputError,
    NotFoundOrNotAllowedError,
    PolicyError,
    RuleError,
    StepUpRequired,
)
from bankcif.flows._export import read_exported, said_exported
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.render import csv_text, mark_line

COMPLIANCE = Purpose.COMPLIANCE
TAKER = known(Actor(id="c.sun", roles={"r"}, branch="b"))
CHECKER = known(Actor(id="c.li", roles={"r"}))
AUDITOR = Actor(id="a", roles={"auditor"})
INSIDE = Recipient(name="audit department", inside=True)
PARTNER = Recipient(name="Partner Ltd")


def grant(**more: Any) -> dict[str, Any]:
    return {
        "id": "out", "roles": ["r"], "purposes": ["compliance"], "actions": ["export"], "sinks": ["export"],
        "fields": ["name", "phone", "identifiers", "sex", "address", "home_branch"],
        "inside": ["audit department"], **more,
    }  # fmt: skip


APPROVES = {"id": "approves", "roles": ["r"], "purposes": ["operations"], "actions": ["approve"]}


def spec(*fields: str, recipient: Recipient = INSIDE, **more: Any) -> ExportSpec:
    return ExportSpec(fields=fields, recipient=recipient, purpose=COMPLIANCE, **more)


@pytest.fixture
def three(cif: CIF, steward: Actor) -> list[str]:
    return [
        register(cif, steward, "1", sex="1").cif_no,
        register(
            cif, steward, "2", sex="2", identifiers=None, phone="15499999999", name="李四", home_branch="b"
        ).cif_no,
        register(
            cif, steward, "3", sex="2", identifiers=None, phone="15488888888", name="王五", home_branch="far"
        ).cif_no,
    ]


def test_to_whom_a_customer_s_data_went_is_read_from_the_log(cif: CIF, three: list[str], clock: FixedClock) -> None:
    abroad = Recipient(name="Partner of: Ltd in SG", country="SG")
    ask: dict[str, Any] = {"actor": AUDITOR, "purpose": Purpose.AUDIT}
    assert cif.audit.shared(three[0], **ask) == []
    with Under(cif, policy(grant(countries=["CN", "SG"], alone=100, least_k=1))):
        first = cif.exports.take(spec("sex", cif_nos=(three[0], three[1])), actor=TAKER)
        clock.advance(timedelta(seconds=1))
        second = cif.exports.take(spec("sex", "home_branch", recipient=abroad, cif_nos=(three[0],)), actor=TAKER)
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.audit.shared(three[0], actor=TAKER, purpose=COMPLIANCE)
        told = cif.audit.shared(three[0], **ask)
        assert [(one.recipient, one.country, one.inside, one.fields, one.actor, one.purpose, one.mark) for one in told] == [
            ("audit department", "CN", True, ("sex",), "c.sun", "compliance", first.mark.id),
            ("Partner of: Ltd in SG", "SG", False, ("sex", "home_branch"), "c.sun", "compliance", second.mark.id),
        ]  # fmt: skip
        assert [one.mark for one in cif.audit.shared(three[1], **ask)] == [first.mark.id]
        assert cif.audit.shared(three[2], **ask) == []
        assert [one.action for one in cif.audit.who(three[2], **ask)][-1] == "shared_with", "who asks is in the log"


@given(
    st.text(st.characters(exclude_characters=","), min_size=1, max_size=64).filter(str.isprintable), st.sampled_from(["CN", "SG"]),
    st.booleans(),
)  # fmt: skip
def test_what_the_log_says_of_a_recipient_reads_back(name: str, country: str, inside: bool) -> None:
    to = Recipient(name=name, country=country, inside=inside)
    for rest in ("", ",inside,x", ",rule:grant+other,in:XX", ",k:3"):
        assert read_exported(said_exported("00ff", "ab" * 32, to) + rest) == ("00ff", to)


def test_columns_hold_what_the_profile_for_exports_shows(cif: CIF, three: list[str]) -> None:
    with Under(cif, policy(grant())):
        inside = cif.exports.take(spec("name", "phone", "sex"), actor=TAKER)
        outside = cif.exports.take(spec("name", "phone", recipient=PARTNER), actor=TAKER)
    by_key = dict(
        zip(
            inside.columns["key"], zip(*(inside.columns[f] for f in ("name", "phone", "sex")), strict=True), strict=True
        )
    )
    assert by_key == {
        three[0]: ("张**", "154****5678", "1"), three[1]: ("李*", "154****9999", "2"), three[2]: ("王*", "154****8888", "2"),
    }  # fmt: skip
    assert sorted(outside.columns["phone"]) == sorted(
        mask("phone", f"+86{number}", "outside") for number in ("15412345678", "15499999999", "15488888888")
    )
    said = repr(inside) + repr(outside)
    for value in ("张伟国", "15412345678", ID, "李四"):
        assert value not in said


@pytest.mark.parametrize(
    ("recipient", "rule"),
    [
        (Recipient(name="audit department", country="US", inside=True), "country:US"),
        (Recipient(name="Evil LLC", inside=True), "not_inside"),
        (Recipient(name="Evil LLC", country="US"), "country:US"),
    ],
)
def test_nobody_says_of_a_recipient_that_they_are_of_the_house_but_the_policy(
    cif: CIF, three: list[str], recipient: Recipient, rule: str
) -> None:
    wide = grant(id="wide", inside=["audit department", "Evil LLC"])
    for lines in ([grant()], [grant(), wide]):  # the strictest of the grants counts
        with Under(cif, policy(*lines)):
            for call in (cif.exports.take, partial(cif.exports.propose, reason="r")):
                with pytest.raises(NotFoundOrNotAllowedError):
                    call(spec("sex", recipient=recipient), actor=TAKER)
    assert {one.rule for one in cif.audit.deeds("c.sun", actor=AUDITOR)} == {rule}
    with Under(cif, policy(wide)):
        if recipient.country == "CN":
            assert set(cif.exports.take(spec("sex", recipient=recipient), actor=TAKER).columns["key"]) == set(three)


def test_the_entry_of_an_export_tells_masks_grants_and_what_was_withheld(cif: CIF, three: list[str]) -> None:
    lines = (
        grant(fields=["sex", "phone"], clear=["sex"]),
        grant(id="near", fields=["email", "name"], relations=["branch"]),
    )
    with Under(cif, policy(*lines)):
        made = cif.exports.take(spec("sex", "phone", "name"), actor=TAKER)
        cif.exports.take(spec("phone", recipient=PARTNER), actor=TAKER)
    whole, *_, last = [one for one in cif.audit.deeds("c.sun", actor=AUDITOR) if one.action == "export"]
    where = f"{made.mark.id},what:{made.mark.digest[:32]},to:audit department,in:CN/inside"
    assert whole.rule == f"{where},k:1,masks:clear+staff,withheld:name,near,out"
    assert last.rule.endswith("to:Partner Ltd,in:CN,k:1,masks:outside,withheld:,out")
    (line, *_) = [one for one in cif.audit.who(three[0], actor=AUDITOR) if one.action == "exported"]
    assert line.rule == f"{where},near,out"


def test_an_entry_names_no_more_than_a_hundred_grants() -> None:
    from bankcif.flows._gathered import _named_grants

    assert _named_grants({"b", "a"}) == "a,b"
    assert _named_grants({f"g{n:03}" for n in range(100)}).endswith(",g099")
    assert _named_grants({f"g{n:03}" for n in range(103)}).endswith(",g099,and 3 more")


def test_an_outside_recipient_has_keys_of_its_own(cif: CIF, three: list[str]) -> None:
    with Under(cif, policy(grant())):
        first, again, other = (
            cif.exports.take(spec("sex", recipient=Recipient(name=name)), actor=TAKER).columns["key"]
            for name in ("Partner Ltd", "Partner Ltd", "Other Ltd")
        )
    assert first == again
    assert not set(first) & {*three, *other}


def test_a_field_that_is_not_granted_is_withheld_and_told(cif: CIF, three: list[str]) -> None:
    with Under(
        cif, policy(grant(fields=["sex"], relations=["any"]), grant(id="near", fields=["phone"], relations=["branch"]))
    ):
        done = cif.exports.take(spec("sex", "phone", "email"), actor=TAKER)
    assert done.withheld == ("phone",)
    assert done.columns["email"] == [None, None, None]
    shown = dict(zip(done.columns["key"], done.columns["phone"], strict=True))
    assert shown == {three[0]: "154****5678", three[1]: "154****9999", three[2]: None}


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, {0, 1, 2}), ({"where": "sex = '2'"}, {1, 2}), ({"where": "branch = $branch and sex = '2'"}, {1}), ({"cif_nos": "02"}, {0, 2}),
     ({"cif_nos": "02", "where": "sex = '1'"}, {0})],
)  # fmt: skip
def test_whom_it_is_about(cif: CIF, three: list[str], more: dict[str, Any], expected: set[int]) -> None:
    if "cif_nos" in more:
        more = {**more, "cif_nos": (*(three[int(n)] for n in more["cif_nos"]), "C0000000000000000")}
    with Under(cif, policy(grant())):
        done = cif.exports.take(spec("sex", **more), actor=TAKER)
    assert set(done.columns["key"]) == {three[n] for n in expected}


@pytest.mark.parametrize(
    ("rule", "about"),
    [
        ("occupation = '6'", "occupation"),
        ("sex = '2' or not manager = 'x'", "manager"),
        ("branch = 'b'", "home_branch"),
    ],
)
def test_who_it_is_about_is_not_chosen_by_what_may_not_be_seen(
    cif: CIF, three: list[str], rule: str, about: str
) -> None:
    """Threat 5: a file of nothing but pseudonyms, chosen by a rule, tells of everybody in it what the rule says."""
    with Under(
        cif, policy(grant(fields=["sex"]), grant(id="other", sinks=["display"], fields=[about], actions=["view"]))
    ):
        for more in ({}, {"cif_nos": (three[0],)}):
            with pytest.raises(NotFoundOrNotAllowedError):
                cif.exports.take(spec("sex", where=rule, **more), actor=TAKER)
        last = cif.audit.deeds(TAKER.id, actor=AUDITOR)[-1]
    assert (last.outcome, last.rule, last.fields) == ("refused", "where", (about,))


def test_row_rules_hold_for_exports(cif: CIF, three: list[str]) -> None:
    with Under(cif, policy(grant(when="sex = '2'"))):
        assert set(cif.exports.take(spec("sex"), actor=TAKER).columns["key"]) == set(three[1:])
        assert cif.exports.take(spec("sex", cif_nos=(three[0],)), actor=TAKER).rows == 0


def test_it_is_in_the_log_of_each_customer_with_who_got_it_and_k(cif: CIF, three: list[str]) -> None:
    with Under(cif, policy(grant())):
        done = cif.exports.take(spec("sex", recipient=PARTNER), actor=TAKER)
        line = cif.audit.who(three[0], actor=AUDITOR)[-1]
        whole = next(one for one in cif.audit.deeds(TAKER.id, actor=AUDITOR) if one.action == "export")
    rule = f"{done.mark.id},what:{done.mark.digest[:32]},to:Partner Ltd,in:CN"
    assert (line.action, line.fields, line.rule) == ("exported", ("sex",), f"{rule},out")
    assert (whole.count, whole.rule) == (3, f"{rule},k:1,masks:outside,withheld:,out")
    assert (done.k, done.rows) == (1, 3)


def test_fewer_customers_alike_than_asked_for_are_not_let_go(cif: CIF, three: list[str]) -> None:
    with Under(cif, policy(grant(least_k=2))):
        with pytest.raises(AccessError, match="fewer than 2") as caught:
            cif.exports.take(spec("sex"), actor=TAKER)
        assert caught.value.rule == "k_anonymity"
        assert cif.exports.take(spec("sex", where="sex = '2'"), actor=TAKER).k == 2
        assert cif.exports.take(spec("sex", where="false"), actor=TAKER).k == 0
        assert [one.rule for one in cif.audit.deeds(TAKER.id, actor=AUDITOR) if one.outcome == "refused"] == [
            "k_anonymity"
        ]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([None, "x", "y"])), max_size=12))
def test_k_is_how_many_share_all_that_is_shown(rows: list[tuple[str, str | None]]) -> None:
    from bankcif.flows._gathered import _least_shared

    expected = min((rows.count(row) for row in rows), default=0)
    assert _least_shared([list(column) for column in zip(*rows, strict=True)]) == expected


def test_a_recipient_is_in_a_country_that_the_policy_names(cif: CIF, three: list[str]) -> None:
    with Under(cif, policy(grant(countries=["CN", "HK"]))):
        assert cif.exports.take(spec("sex", recipient=Recipient(name="x", country="HK")), actor=TAKER).rows == 3
        with pytest.raises(NotFoundOrNotAllowedError) as caught:
            cif.exports.take(spec("sex", recipient=Recipient(name="x", country="US")), actor=TAKER)
        assert caught.value.rule == "country:US"


def test_more_than_one_person_may_take_takes_two(cif: CIF, three: list[str]) -> None:
    with Under(
        cif,
        policy(
            grant(alone=2),
            APPROVES,
            {**APPROVES, "id": "two", "actions": ["export"], "fields": ["sex"], "purposes": ["service"]},
        ),
    ):
        with pytest.raises(FourEyesError, match="more than 2 customers in an hour") as caught:
            cif.exports.take(spec("sex"), actor=TAKER)
        assert caught.value.rule == "bulk"
        assert cif.exports.take(spec("sex", cif_nos=tuple(three[:2])), actor=TAKER).rows == 2
        proposal = cif.exports.propose(spec("sex"), reason="yearly review", actor=TAKER)
        with pytest.raises(FourEyesError, match="proposed, not approved"):
            cif.exports.take(spec("sex"), actor=TAKER, approval_id=proposal.id)
        with pytest.raises(FourEyesError, match="two different people"):
            cif.approvals.approve(proposal.id, actor=TAKER)
        assert cif.approvals.approve(proposal.id, actor=CHECKER).state is ApprovalState.APPROVED
        (mine,) = cif.approvals.mine(actor=TAKER, purpose=COMPLIANCE)
        assert (mine.id, mine.state) == (proposal.id, ApprovalState.APPROVED)
        assert cif.approvals.mine(actor=CHECKER, purpose=COMPLIANCE) == []
        for other in (spec("sex", "phone"), spec("sex", recipient=PARTNER), spec("sex", where="true")):
            with pytest.raises(FourEyesError, match="another export"):
                cif.exports.take(other, actor=TAKER, approval_id=proposal.id)
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.exports.take(spec("sex"), actor=CHECKER, approval_id=proposal.id)
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.exports.take(spec("sex"), actor=TAKER, approval_id="none")
        assert cif.exports.take(spec("sex"), actor=TAKER, approval_id=proposal.id).rows == 3
        assert cif.approvals.mine(actor=TAKER, purpose=COMPLIANCE) == []
        with pytest.raises(FourEyesError, match="executed, not approved"):
            cif.exports.take(spec("sex"), actor=TAKER, approval_id=proposal.id)


def test_many_small_exports_are_one_large_one(cif: CIF, three: list[str], clock: Any) -> None:
    """Counted by person and hour, whatever the operator id."""
    with Under(cif, policy(grant(alone=2), APPROVES)):
        cif.exports.take(spec("sex", cif_nos=(three[0],)), actor=TAKER)
        cif.exports.take(spec("sex", cif_nos=(three[1],)), actor=attrs.evolve(TAKER, id="c.sun2", person=TAKER.person))
        third = spec("sex", cif_nos=(three[2],))
        with pytest.raises(FourEyesError, match="more than 2 customers in an hour"):
            cif.exports.take(third, actor=TAKER)
        proposal = cif.exports.propose(third, reason="r", actor=TAKER)
        cif.approvals.approve(proposal.id, actor=CHECKER)
        assert cif.exports.take(third, actor=TAKER, approval_id=proposal.id).rows == 1
        clock.advance(timedelta(hours=1))
        assert cif.exports.take(spec("sex", cif_nos=tuple(three[:2])), actor=known(TAKER, clock.now())).rows == 2


def test_what_was_approved_is_what_is_taken(cif: CIF, three: list[str], steward: Actor) -> None:
    with Under(cif, policy(grant(alone=0), APPROVES)):
        proposal = cif.exports.propose(spec("sex"), reason="r", actor=TAKER)
        assert proposal.detail["customers"] == "3"
        cif.approvals.approve(proposal.id, actor=CHECKER)
        register(cif, steward, "4", identifiers=None, phone="15411112222", name="赵六")
        with pytest.raises(FourEyesError, match="4 customers would go, and 3 were approved"):
            cif.exports.take(spec("sex"), actor=TAKER, approval_id=proposal.id)
        again = cif.exports.propose(spec("sex"), reason="r", actor=TAKER)
        cif.approvals.approve(again.id, actor=CHECKER)
        done = cif.exports.take(spec("sex"), actor=TAKER, approval_id=again.id)
        told = [one for one in cif.audit.deeds(TAKER.id, actor=AUDITOR) if one.action == "export"][-1]
    assert done.rows == 4
    assert f"what:{spec('sex').digest[:32]}" in told.rule
    assert cif.audit.verify(actor=AUDITOR).damage == ()


def test_an_approval_that_came_too_late_is_over(cif: CIF, three: list[str], clock: Any) -> None:
    rules = policy(grant(alone=0), APPROVES)
    with Under(cif, rules):
        proposal = cif.exports.propose(spec("sex"), reason="r", actor=TAKER)
        cif.approvals.approve(proposal.id, actor=CHECKER)
        clock.advance(timedelta(days=31))
        with pytest.raises(FourEyesError, match="has expired"):
            cif.exports.take(spec("sex"), actor=TAKER, approval_id=proposal.id)
        assert cif.approvals.expire(actor=CHECKER) == 1


def test_it_is_asked_for_as_the_policy_asks_and_within_a_cap(cif: CIF, three: list[str]) -> None:
    weak = attrs.evolve(TAKER, auth=None)
    with Under(
        cif, policy(grant(), require={"export": {"level": 2, "max_age_minutes": 5}}, cap={"export": {"per_hour": 4}})
    ):
        with pytest.raises(StepUpRequired):
            cif.exports.take(spec("sex"), actor=weak)
        with pytest.raises(StepUpRequired):
            cif.exports.take(spec("sex"), actor=known(TAKER, NOW - timedelta(minutes=6)))
        cif.exports.take(spec("sex"), actor=TAKER)
        with pytest.raises(AccessError, match="in this hour"):
            cif.exports.take(spec("sex"), actor=TAKER)


def test_without_a_grant_for_exports_nothing_leaves(cif: CIF, three: list[str]) -> None:
    for rules in (
        policy(),
        policy(grant(sinks=["display"])),
        policy(grant(purposes=["service"])),
        policy(grant(actions=["view"])),
    ):
        with Under(cif, rules), pytest.raises(NotFoundOrNotAllowedError):
            cif.exports.take(spec("sex"), actor=TAKER)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.exports.propose(spec("sex"), reason="r", actor=Actor(id="t", roles={"teller"}))


WRONG: dict[str, Any] = {
    "no field": {"fields": ()}, "an unknown field": {"fields": ("shoe",)}, "a field twice": {"fields": ("sex", "sex")},
    "no customer": {"cif_nos": ()}, "too many": {"cif_nos": ("C",) * 10_001},
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(WRONG))
def test_what_is_no_export_is_refused(cif: CIF, case: str) -> None:
    with Under(cif, policy(grant())), pytest.raises(InputError):
        cif.exports.take(attrs.evolve(spec("sex"), **WRONG[case]), actor=TAKER)


def test_a_rule_that_is_none_is_refused(cif: CIF) -> None:
    with Under(cif, policy(grant())), pytest.raises(RuleError):
        cif.exports.take(spec("sex", where="phone = '1'"), actor=TAKER)


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 65}, {"name": "a,b"}, {"name": "a\n"}, {"name": "a", "country": "XX"}]
)
def test_a_recipient_is_checked(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError):
        Recipient(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"alone": -1}, {"alone": True}, {"least_k": 0}, {"countries": "CN"}, {"countries": ["CHN"]}, {"countries": [1]}],
)
def test_limits_are_checked_when_the_policy_is_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        policy(grant(**wrong))


def test_the_strictest_limits_of_all_grants_hold() -> None:
    rules = policy(
        grant(alone=5, least_k=1, countries=["CN", "HK"]), grant(id="b", alone=9, least_k=3, countries=["HK", "SG"])
    )
    found = rules.export_limits(TAKER, COMPLIANCE)
    assert found is not None
    assert (found.alone, found.least_k, found.countries) == (5, 3, {"HK"})


class TestFile:
    @given(st.lists(st.text(max_size=12) | st.none(), max_size=6))
    def test_no_cell_is_a_formula(self, values: list[str | None]) -> None:
        """Threat 13: a spreadsheet would run what begins so."""
        text = csv_text({"a": values}, mark="m")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert rows[:2] == [["# m"], ["a"]]
        for value, row in zip(values, rows[2:], strict=True):
            cell = row[0] if row else ""
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            assert cell in (value or "", f"'{value}")

    def test_a_file_says_who_took_it_when_and_for_whom(self) -> None:
        mark = mark_line(
            export="ab12",
            actor="c.sun",
            at=1_764_000_000_000_000,
            recipient="Partner",
            country="CN",
            purpose="compliance",
        )
        assert "c.sun" in mark
        assert "2025-11-24 16:00:00 UTC" in mark
        assert csv_text({"key": ["1"], "list": [[{"a": 1}]]}, mark=mark).splitlines()[2] == '1,"[{""a"": 1}]"'
