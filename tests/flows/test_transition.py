"""Steps of the life cycle: the table and its guards, a second person, merges with the stricter side, and history."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.conftest import ALL_ROLES, known
from tests.flows.test_browse import Under
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE

from bankcif import CIF, Actor, Organization, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import FourEyesError, InputError, NotFoundOrNotAllowedError
from bankcif.party import STRICTEST_FIRST, TRANSITIONS, CifNo, LifeCycle, strictest, why_not

SERVICE = Purpose.SERVICE
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
CHECKER = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
KEEPER = known(Actor(id="k.1", roles={"keeper"}, branch="b"))
ASK: dict[str, Any] = {"actor": KEEPER, "purpose": SERVICE}
COMPLETE: dict[str, Any] = {
    "identifiers": [{"scheme": "passport", "number": "E73905126"}], "sex": "1", "nationality": "CN", "occupation": "1",
    "address": "上海市浦东新区一路1号", "birth_date": "1990-02-01",
}  # fmt: skip


def stepping() -> Policy:
    document = LOOSE.document()
    keeper = {
        "id": "keeper",
        "roles": ["keeper"],
        "purposes": ["service"],
        "actions": ["transition"],
        "fields": ["step:*"],
    }
    looks = {**keeper, "id": "looks", "actions": ["view"], "fields": ["@identity", "tag:*"]}
    return Policy.from_document({**document, "grant": [*document["grant"], keeper, looks], "version": "stepping"})


@pytest.fixture
def founding_policy() -> Policy:
    return stepping()


@pytest.fixture
def cif_no(cif: CIF) -> str:
    return str(register(cif, STEWARD, "1", **COMPLETE).cif_no)


def stepped(cif: CIF, cif_no: str, name: str, **more: Any) -> Any:
    return cif.customers.step(cif_no, name, **{"reason": "r", "evidence": "letter 7", **ASK, **more})


def state(cif: CIF, cif_no: str) -> str:
    with cif._repository.unit_of_work() as unit:
        return unit.parties.get([CifNo(cif_no)])[CifNo(cif_no)].life_cycle


def approved(cif: CIF, done: Any) -> None:
    cif.approvals.approve(done.approval, actor=CHECKER)


def merged(cif: CIF, one: str, two: str) -> None:
    cif.approvals.approve(
        cif.matches.propose_merge(one, two, actor=STEWARD, reason="r", accept=EVERY_CONCERN).id, actor=CHECKER
    )


# The table


def test_every_state_is_reached_and_every_step_leads_from_somewhere_else() -> None:
    own = set(LifeCycle) - {LifeCycle.RESTRICTED, LifeCycle.ERASED, LifeCycle.MERGED}
    assert {one.after for one in TRANSITIONS.values()} == own
    assert set(STRICTEST_FIRST) == own
    for one in TRANSITIONS.values():
        assert one.after not in one.before
        assert one.zh
        assert one.en
    found = {LifeCycle.ACTIVE}
    while more := {one.after for one in TRANSITIONS.values() if not found.isdisjoint(one.before)} - found:
        found |= more
    assert found == own
    ends = own - {before for one in TRANSITIONS.values() for before in one.before}
    assert ends == {LifeCycle.ARCHIVED}


@given(st.lists(st.sampled_from(STRICTEST_FIRST), max_size=4))
def test_the_strictest_of_several_depends_on_no_order(states: list[LifeCycle]) -> None:
    assert strictest(states) == strictest(reversed(states))
    assert strictest(states) in (states or [LifeCycle.ACTIVE])
    if LifeCycle.FROZEN in states:
        assert strictest(states) is LifeCycle.FROZEN


@pytest.mark.parametrize(("name", "before"), list(product(TRANSITIONS, LifeCycle)))
def test_a_step_is_taken_from_its_states_alone(name: str, before: LifeCycle) -> None:
    one = TRANSITIONS[name]
    problem = why_not(one, before, one.kind or "individual", {}, "e", ())
    assert (not problem) is (before in one.before)


# In the store


def test_a_customer_is_closed_step_by_step_and_opened_again_by_two(cif: CIF, cif_no: str) -> None:
    assert stepped(cif, cif_no, "close").state is LifeCycle.CLOSING
    back = stepped(cif, cif_no, "keep")
    assert (back.state, state(cif, cif_no)) == (LifeCycle.CLOSING, "closing"), "one who closes is not kept by one alone"
    approved(cif, back)
    assert state(cif, cif_no) == "active"
    stepped(cif, cif_no, "close")
    assert stepped(cif, cif_no, "finish").state is LifeCycle.CLOSED
    done = stepped(cif, cif_no, "reopen")
    assert (done.state, bool(done.approval), state(cif, cif_no)) == (LifeCycle.CLOSED, True, "closed")
    waits = cif.customers.get(cif_no, actor=CHECKER, purpose=Purpose.OPERATIONS).pending
    assert [one.operation.value for one in waits] == ["state"]
    with pytest.raises(InputError, match="waits for a second person already"):
        stepped(cif, cif_no, "reopen")
    approved(cif, done)
    assert state(cif, cif_no) == "active"
    (told,) = cif.customers.get(cif_no, **ASK).values["states"]
    assert told == {"state": "active", "step": "reopen", "since": "2026-11-24"}, (
        "what proves it is shown to nobody in passing"
    )


def test_a_proposal_falls_with_its_ground(cif: CIF, cif_no: str) -> None:
    other = str(register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四").cif_no)
    for one in (cif_no, other):
        stepped(cif, one, "freeze")
    done = stepped(cif, cif_no, "unfreeze")
    merged(cif, cif_no, other)
    assert state(cif, cif_no) == "frozen"
    with pytest.raises(FourEyesError):
        approved(cif, done)  # it was decided of one, and there are two now
    assert state(cif, cif_no) == "frozen"


@pytest.mark.parametrize("before", [LifeCycle.FROZEN, LifeCycle.DECEASED, LifeCycle.DISSOLVED, LifeCycle.CLOSED])
def test_no_way_back_is_one_persons(before: LifeCycle) -> None:
    alone, fresh = {before}, {before}
    while fresh:
        fresh = {
            one.after for one in TRANSITIONS.values() if not one.second and not fresh.isdisjoint(one.before)
        } - alone
        alone |= fresh
    assert LifeCycle.ACTIVE not in alone


def test_a_freeze_is_of_all_who_are_there_still(cif: CIF, cif_no: str) -> None:
    closing, closed = (
        str(register(cif, STEWARD, key, identifiers=None, phone=f"1549999999{key}", name=name).cif_no)
        for key, name in (("2", "李四"), ("3", "王五"))
    )
    stepped(cif, closing, "close")
    for name in ("close", "finish"):
        stepped(cif, closed, name)
    merged(cif, cif_no, closing)
    merged(cif, cif_no, closed)
    stepped(cif, cif_no, "freeze")
    for gone in (closing, closed):
        cif.approvals.approve(cif.matches.propose_unmerge(gone, actor=STEWARD, reason="r").id, actor=CHECKER)
    assert [state(cif, one) for one in (cif_no, closing, closed)] == ["frozen", "frozen", "closed"]


def test_who_stood_elsewhere_behind_a_merge_stands_there_still(cif: CIF, cif_no: str) -> None:
    other = str(register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四").cif_no)
    stepped(cif, cif_no, "freeze")
    stepped(cif, other, "report_death")
    merged(cif, cif_no, other)
    assert state(cif, cif_no) == "frozen"
    approved(cif, stepped(cif, cif_no, "unfreeze"))
    assert state(cif, cif_no) == "deceased", "who was thawed is not who died"
    cif.approvals.approve(cif.matches.propose_unmerge(other, actor=STEWARD, reason="r").id, actor=CHECKER)
    assert [state(cif, one) for one in (cif_no, other)] == ["active", "deceased"]


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a step there is not": ("jump", {}, "a step is one of accept"), "from another state": ("wake", {}, "the customer is active; this is done of who is dormant"),
    "without evidence": ("freeze", {"evidence": ""}, "what proves it"), "of a company": ("dissolve", {}, "this is of a company"),
    "no reason": ("close", {"reason": " "}, "a reason is needed"), "evidence of two lines": ("freeze", {"evidence": "a\nb"}, "at most 200 printable"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_step_that_can_not_be_taken_is_refused(cif: CIF, cif_no: str, what: str) -> None:
    name, more, said = REFUSED[what]
    with pytest.raises(InputError, match=said):
        stepped(cif, cif_no, name, **more)
    assert state(cif, cif_no) == "active"


def test_who_holds_something_is_not_closed_and_who_lacks_something_not_accepted(cif: CIF) -> None:
    holds = str(register(cif, STEWARD, "2", **{**COMPLETE, "holdings": [{"product": "loan"}]}).cif_no)
    stepped(cif, holds, "close")
    with pytest.raises(InputError, match="they hold something still"):
        stepped(cif, holds, "finish")
    lacks = str(register(cif, STEWARD, "3", identifiers=None, phone="15499999999", name="李四").cif_no)
    for name in ("take_back", "submit"):
        stepped(cif, lacks, name)
    with pytest.raises(
        InputError, match="due diligence is not complete: address, identifiers, nationality, occupation, sex missing"
    ):
        stepped(cif, lacks, "accept")


def test_each_step_is_granted_by_its_name(cif: CIF, cif_no: str) -> None:
    teller = Actor(id="t.1", roles={"teller"}, branch="b")
    assert stepped(cif, cif_no, "close", actor=teller).state is LifeCycle.CLOSING
    for name in ("freeze", "unfreeze"):
        with pytest.raises(NotFoundOrNotAllowedError):
            stepped(cif, cif_no, name, actor=teller)
    with pytest.raises(NotFoundOrNotAllowedError):
        stepped(cif, "C0", "close")


def test_who_settles_an_estate_sees_who_died_and_nobody_else(cif: CIF, cif_no: str) -> None:
    document = stepping().document()
    estate = {
        "id": "estate", "roles": ["estate"], "purposes": ["service"], "actions": ["view"], "fields": ["name", "holdings"],
        "when": "life_cycle = 'deceased'",
    }  # fmt: skip
    policy = Policy.from_document({**document, "grant": [*document["grant"], estate], "version": "estate"})
    ask: dict[str, Any] = {"actor": Actor(id="e.1", roles={"estate"}), "purpose": SERVICE}
    with Under(cif, policy):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.customers.get(cif_no, **ask)
        stepped(cif, cif_no, "report_death")
        assert cif.customers.get(cif_no, **ask).name == "张**"
        approved(cif, stepped(cif, cif_no, "correct_death"))
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.customers.get(cif_no, **ask)


def test_a_company_is_dissolved(cif: CIF) -> None:
    made = Organization(name="远山投资有限公司", home_branch="b", phone="15599999999")
    firm = str(cif.customers.register(made, channel="counter", source_key="x", actor=STEWARD, occasion="lead").cif_no)
    assert stepped(cif, firm, "dissolve").state is LifeCycle.DISSOLVED
    with pytest.raises(InputError, match="this is of a person"):
        stepped(cif, firm, "report_death")


def test_on_a_merge_the_stricter_side_stands_and_an_unmerge_gives_each_their_own(cif: CIF, cif_no: str) -> None:
    other = str(register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四").cif_no)
    third = str(register(cif, STEWARD, "3", identifiers=None, phone="15499999998", name="王五").cif_no)
    stepped(cif, other, "freeze")
    for name in ("close", "finish"):
        stepped(cif, third, name)
    merged(cif, cif_no, third)
    assert state(cif, cif_no) == "active", "an old file that was closed closes nobody who is there"
    merged(cif, cif_no, other)
    assert state(cif, cif_no) == "frozen"
    for gone in (other, third):
        cif.approvals.approve(cif.matches.propose_unmerge(gone, actor=STEWARD, reason="r").id, actor=CHECKER)
    assert [state(cif, one) for one in (cif_no, other, third)] == ["active", "frozen", "closed"]


def test_what_is_said_behind_a_merge_is_said_of_all_who_are_parted_later(cif: CIF, cif_no: str) -> None:
    other = str(register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四").cif_no)
    merged(cif, cif_no, other)
    stepped(cif, other, "freeze")
    assert state(cif, cif_no) == "frozen"
    cif.approvals.approve(cif.matches.propose_unmerge(other, actor=STEWARD, reason="r").id, actor=CHECKER)
    assert [state(cif, one) for one in (cif_no, other)] == ["frozen", "frozen"]


def test_a_restriction_stands_above_and_gives_back_what_was(cif: CIF, cif_no: str) -> None:
    officer = known(Actor(id="p.tang", roles={"privacy_officer"}))
    stepped(cif, cif_no, "freeze")
    cif.erasures.restrict(cif_no, reason="asked for", actor=officer)
    assert state(cif, cif_no) == "restricted"
    with pytest.raises(NotFoundOrNotAllowedError):
        stepped(cif, cif_no, "report_death")
    cif.erasures.lift(cif_no, reason="withdrawn", actor=officer)
    assert state(cif, cif_no) == "frozen"


def test_the_life_cycle_has_a_history(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    before = clock.now()
    clock.advance(timedelta(days=1))
    stepped(cif, cif_no, "freeze")
    clock.advance(timedelta(days=1))
    assert "states" not in cif.customers.as_of(cif_no, known=before, **ASK).values
    assert cif.customers.as_of(cif_no, **ASK).values["states"][0]["state"] == "frozen"
    told = cif.audit.who(cif_no, actor=Actor(id="a.1", roles={"auditor"}), purpose=Purpose.AUDIT)
    assert "transition" in {one.action for one in told}
    with cif._repository.unit_of_work() as unit:
        told_others = [row.fields for _, row in unit.outbox.after("s0", (0, ""), 99) if row.cif_no == cif_no]
    assert told_others[-1] == "states", "other systems are told of each step"
