"""Answers from the log alone: who saw a customer, what an operator did, what an incident touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from tests.conftest import known
from tests.flows.test_register import register

from bankcif import CIF, Actor, Purpose
from bankcif._clock import FixedClock, to_micros
from bankcif.audit import ecs_line
from bankcif.context import AuthContext
from bankcif.errors import ConfigurationError, InputError, NotFoundOrNotAllowedError

AUDITOR = Actor(id="a.sun", roles={"auditor"})
SERVICE = Purpose.SERVICE


def test_who_saw_a_customer_when_why_and_which_fields(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    done = register(cif, steward, "1")
    clock.advance(timedelta(hours=1))
    who = attrs.evolve(
        steward, origin="desk-4", correlation="r-9", person="P1",
        auth=AuthContext(methods=("password", "totp"), assurance=2, at=clock.now()),
    )  # fmt: skip
    cif.customers.get(done.cif_no, actor=who, purpose=SERVICE)
    cif.customers.reveal(done.cif_no, {"phone"}, actor=who, purpose=Purpose.COMPLIANCE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(done.cif_no, actor=Actor(id="x.nobody"), purpose=SERVICE)
    came, saw, revealed, refused = cif.audit.who(done.cif_no, actor=AUDITOR)
    assert (came.action, came.actor, came.at) == ("register", "s.wu", to_micros(clock.now() - timedelta(hours=1)))
    assert (saw.action, saw.purpose, saw.auth, saw.origin, saw.correlation, saw.person) == (
        "view", "service", "password+totp:2", "desk-4", "r-9", "P1"
    )  # fmt: skip
    assert {"name", "phone"} <= set(saw.fields)
    assert (revealed.action, revealed.fields, revealed.rule) == ("reveal", ("phone",), "compliance-reveal")
    assert (refused.actor, refused.outcome) == ("x.nobody", "refused")


def test_on_whose_behalf_is_told_to_auditors_and_to_the_bank_s_monitoring(cif: CIF, steward: Actor) -> None:
    done = register(cif, attrs.evolve(steward, on_behalf_of="m.zhao"), "1")
    (line,) = cif.audit.who(done.cif_no, actor=AUDITOR)
    assert (line.actor, line.behalf) == (steward.id, "m.zhao")
    with cif._desk.unit_of_work() as unit:
        row = unit.trail.of_subject(done.cif_no)[0]
    assert json.loads(ecs_line("t", row))["user"] == {"id": steward.id, "effective": {"id": "m.zhao"}}


def test_who_saw_a_customer_follows_a_merge(cif: CIF, steward: Actor, checker: Actor) -> None:
    one = register(cif, steward, "1", identifiers=None)
    two = register(cif, steward, "2", identifiers=None, phone="15499999999", email="a@example.com")
    merged = cif.matches.propose_merge(one.cif_no, two.cif_no, actor=steward, reason="same")
    cif.approvals.approve(merged.id, actor=checker)
    for number in (one.cif_no, two.cif_no):
        actions = [line.action for line in cif.audit.who(number, actor=AUDITOR)]
        assert actions[:5] == ["register", "register", "propose", "merge", "approve"]


def test_what_an_operator_did_between_two_instants(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    done = register(cif, steward, "1")
    clock.advance(timedelta(days=1))
    noon = clock.now()
    cif.customers.get(done.cif_no, actor=steward, purpose=SERVICE)
    other = Actor(id="s.li", roles={"compliance"})
    cif.customers.get(done.cif_no, actor=other, purpose=Purpose.COMPLIANCE)
    assert [line.action for line in cif.audit.deeds("s.wu", actor=AUDITOR)] == ["register", "view"]
    assert [line.action for line in cif.audit.deeds("s.wu", since=noon, actor=AUDITOR)] == ["view"]
    assert [line.action for line in cif.audit.deeds("s.wu", until=noon, actor=AUDITOR)] == ["register"]
    assert [line.rule for line in cif.audit.deeds("a.sun", actor=AUDITOR)] == ["of:s.wu"] * 3


def test_an_incident_lists_customers_and_fields_that_were_touched(cif: CIF, steward: Actor, clock: FixedClock) -> None:
    done = register(cif, steward, "1")
    register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    clock.advance(timedelta(days=1))
    begin = clock.now()
    steward = known(steward, begin)
    cif.customers.reveal(done.cif_no, {"phone"}, actor=steward, purpose=Purpose.COMPLIANCE)
    clock.advance(timedelta(minutes=5))
    cif.customers.reveal(done.cif_no, {"name"}, actor=steward, purpose=Purpose.COMPLIANCE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.reveal(done.cif_no, {"name"}, actor=Actor(id="x"), purpose=SERVICE)
    cif.summarize(actor=steward, purpose=Purpose.OPERATIONS)
    clock.advance(timedelta(minutes=5))
    found = cif.audit.incident(begin, clock.now(), actor=AUDITOR)
    (touched,) = found.customers
    assert (touched.cif_no, touched.fields, touched.actions) == (done.cif_no, ("name", "phone"), {"reveal": 2})
    assert (touched.first, touched.last) == (to_micros(begin), to_micros(begin + timedelta(minutes=5)))
    assert (touched.actors, found.entries, found.refused, found.without_customer) == (("s.wu",), 4, 1, 1)
    assert cif.audit.incident(begin, clock.now(), operator="x", actor=AUDITOR).customers == ()
    assert cif.audit.incident(clock.now(), clock.now() + timedelta(1), actor=AUDITOR).entries == 2  # the askings


def test_times_are_aware_and_in_order(cif: CIF) -> None:
    aware, naive = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)  # noqa: DTZ001 (it is refused)
    with pytest.raises(InputError, match="time zone"):
        cif.audit.deeds("x", since=naive, actor=AUDITOR)
    with pytest.raises(InputError, match="ends after"):
        cif.audit.incident(aware, aware, actor=AUDITOR)


def test_an_answer_that_is_too_long_is_refused(cif: CIF, steward: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    import bankcif.flows.trail as flow

    monkeypatch.setattr(flow, "_MOST_LINES", 1)
    register(cif, steward, "1")
    register(cif, steward, "2")
    with pytest.raises(InputError, match="more than"):
        cif.audit.deeds("s.wu", actor=AUDITOR)


def test_only_an_auditor_asks_the_log(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    teller = Actor(id="t", roles={"teller"}, branch="b")
    aware = datetime(2026, 1, 1, tzinfo=UTC)
    for ask in (
        lambda: cif.audit.who(done.cif_no, actor=teller),
        lambda: cif.audit.who("C0000000000000000", actor=AUDITOR),
        lambda: cif.audit.deeds("s.wu", actor=teller),
        lambda: cif.audit.incident(aware, aware + timedelta(1), actor=teller),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            ask()
    tried = [(line.action, line.outcome) for line in cif.audit.deeds("t", actor=AUDITOR)]
    assert tried == [("who_looked", "refused"), ("deeds", "refused"), ("incident", "refused")]


@pytest.mark.parametrize("more", [{"id": ""}, {"person": ""}, {"origin": "x" * 65}, {"correlation": "a\nb"}])
def test_what_the_log_keeps_of_an_actor_is_short_and_prints(more: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        Actor(**{"id": "t", **more})  # type: ignore[arg-type]
