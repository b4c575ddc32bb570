"""Breaking the glass: one customer, for a short while, with a reason, reviewed by a second person before the next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.conftest import insides, known
from tests.flows.test_register import register

from bankcif import CIF, Actor, Purpose
from bankcif._clock import FixedClock
from bankcif.approval import Operation
from bankcif.errors import AccessError, FourEyesError, InputError, NotFoundOrNotAllowedError, StepUpRequired
from bankcif.flows.glass import MINUTES
from bankcif.flows.merge import Concern

EVERY_CONCERN = list(Concern)

TELLER = known(Actor(id="t.zhou", roles={"teller"}, branch="far away"))
REVIEWER = Actor(id="c.sun", roles={"compliance"})
AUDITOR = Actor(id="a.sun", roles={"auditor"})
SERVICE = Purpose.SERVICE


def broken(cif: CIF, cif_no: str, actor: Actor = TELLER) -> str:
    return cif.customers.break_glass(
        cif_no, reason="asleep at the counter, needs help", actor=actor, purpose=SERVICE
    ).id


def sees(cif: CIF, cif_no: str, actor: Actor = TELLER) -> bool:
    try:
        return bool(cif.customers.get(cif_no, actor=actor, purpose=SERVICE).values)
    except NotFoundOrNotAllowedError:
        return False


def test_one_customer_is_seen_for_a_short_while(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    done = register(cif, steward, "1")
    other = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    assert not sees(cif, done.cif_no)
    broken(cif, done.cif_no)
    assert cif.customers.get(done.cif_no, actor=TELLER, purpose=SERVICE).name == "张**"
    assert cif.customers.reveal(done.cif_no, {"phone"}, actor=TELLER, purpose=SERVICE) == {"phone": "+8615412345678"}
    assert not sees(cif, other.cif_no)
    assert not sees(cif, done.cif_no, Actor(id="t.other", roles={"teller"}))
    assert cif.customers.find(phone="15499999999", actor=TELLER, purpose=SERVICE) == []
    clock.advance(timedelta(minutes=MINUTES))
    assert not sees(cif, done.cif_no)


def test_the_log_says_who_why_and_what_was_seen(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    proposal = broken(cif, done.cif_no)
    sees(cif, done.cif_no)
    lines = [line for line in cif.audit.who(done.cif_no, actor=AUDITOR) if line.actor == TELLER.id]
    assert [(line.action, line.purpose) for line in lines] == [("break_glass", "service"), ("view", "service")]
    assert lines[0].rule == f"break_glass:{proposal}"
    assert "broken-glass" in lines[1].rule


def test_the_next_is_blocked_until_a_second_person_reviewed_it(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    one = register(cif, steward, "1")
    other = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    proposal = broken(cif, one.cif_no)
    clock.advance(timedelta(days=400))
    again = known(TELLER, clock.now())
    second_id = Actor(id="t.zhou2", roles={"teller"}, person="t.zhou", auth=again.auth)
    for who in (again, second_id):
        with pytest.raises(AccessError, match="nobody has reviewed"):
            broken(cif, other.cif_no, who)
    (waiting,) = cif.approvals.waiting(actor=REVIEWER, purpose=Purpose.OPERATIONS)
    assert (waiting.id, waiting.operation, waiting.maker) == (proposal, Operation.BREAK_GLASS, "t.zhou")
    assert waiting.reason.startswith("asleep")
    with pytest.raises(FourEyesError):
        cif.approvals.approve(proposal, actor=Actor(id="t.zhou", roles={"compliance"}))
    with pytest.raises(FourEyesError):
        cif.approvals.withdraw(proposal, actor=again)
    assert cif.approvals.expire(actor=steward) == 0
    assert cif.approvals.approve(proposal, actor=REVIEWER).state.value == "executed"
    broken(cif, other.cif_no, again)
    assert sees(cif, other.cif_no, again)
    assert not sees(cif, one.cif_no, again)


def test_one_that_was_not_justified_is_closed_at_once(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    proposal = broken(cif, done.cif_no)
    assert sees(cif, done.cif_no)
    cif.approvals.reject(proposal, actor=REVIEWER)
    assert not sees(cif, done.cif_no)


def test_it_takes_a_grant_a_reason_two_factors_and_a_customer(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    with pytest.raises(StepUpRequired):
        broken(cif, done.cif_no, Actor(id="t.weak", roles={"teller"}))
    with pytest.raises(NotFoundOrNotAllowedError):
        broken(cif, done.cif_no, known(Actor(id="m", roles={"marketing"})))
    with pytest.raises(NotFoundOrNotAllowedError):
        broken(cif, "C0000000000000000")
    for reason in ("", " ", "x" * 1001, "\0"):
        with pytest.raises(InputError):
            cif.customers.break_glass(done.cif_no, reason=reason, actor=TELLER, purpose=SERVICE)
    cif.erasures.restrict(done.cif_no, reason="asked", actor=Actor(id="p.o", roles={"privacy_officer"}))
    with pytest.raises(NotFoundOrNotAllowedError):
        broken(cif, done.cif_no)


def test_a_proposal_that_was_made_in_the_database_opens_nothing(cif: CIF, steward: Actor) -> None:
    import attrs

    done = register(cif, steward, "1")
    other = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    proposal = broken(cif, done.cif_no)
    rows = insides(cif).approvals.rows
    rows[proposal] = attrs.evolve(rows[proposal], subjects=(other.cif_no,))
    assert not sees(cif, other.cif_no)


def test_a_glass_broken_before_an_erased_customer_is_still_reviewed(cif: CIF, steward: Actor) -> None:
    officers = [known(Actor(id=name, roles={"privacy_officer"})) for name in ("p.tang", "p.song")]
    done = register(cif, steward, "1")
    proposal = broken(cif, done.cif_no)
    cif.erasures.restrict(done.cif_no, reason="asked", actor=officers[0])
    assert not sees(cif, done.cif_no)
    erasure = cif.erasures.propose(done.cif_no, reason="over", actor=officers[0])
    cif.approvals.approve(erasure.id, actor=officers[1])
    with cif._desk.unit_of_work() as unit:
        keys = {row.key_id for row in unit.reasons.get([f"approval:{proposal}"]).values()}
    assert len(cif._key_store.read(keys)) == 1
    assert cif.approvals.approve(proposal, actor=REVIEWER).state.value == "executed"
    # The log says who judged it; the words, which may speak of the customer, are gone with the key they were under.
    with cif._desk.unit_of_work() as unit:
        assert {one.id for one in unit.work.approvals()} == {erasure.id}
        assert not unit.reasons.get([f"approval:{proposal}"])
    assert not cif._key_store.read(keys)
    assert cif.audit.verify(actor=Actor(id="a.sun", roles={"auditor"})).damage == ()


def test_what_waits_is_seen_by_who_may_see_it(cif: CIF, steward: Actor, checker: Actor) -> None:
    done = register(cif, steward, "1")
    other = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    register(cif, checker, "9", channel="partner", phone="15466666666")
    cif.matches.propose_merge(done.cif_no, other.cif_no, accept=EVERY_CONCERN, actor=checker, reason="same")
    teller = Actor(id="t", roles={"teller"}, branch="b")
    (change,) = cif.customers.get(done.cif_no, actor=teller, purpose=SERVICE).pending
    assert (change.operation, change.field, change.value, change.maker) == (
        Operation.CHANGE, "phone", "154****6666", "s.li",
    )  # fmt: skip
    seen = cif.customers.get(done.cif_no, actor=checker, purpose=Purpose.OPERATIONS).pending
    assert sorted(one.operation for one in seen) == [Operation.CHANGE, Operation.MERGE]
    marketing = Actor(id="m", roles={"marketing"})
    assert cif.customers.get(done.cif_no, actor=marketing, purpose=Purpose.MARKETING).pending == ()
    for view in (change, *seen):
        assert "15466666666" not in repr(view)
