"""Access review: who could, who did, and what was granted and never used."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.conftest import NOW, known
from tests.flows.test_register import register

from bankcif import CIF, Actor, Purpose
from bankcif._clock import to_micros
from bankcif.errors import InputError, NotFoundOrNotAllowedError

AUDITOR = Actor(id="a.sun", roles={"auditor"})
TELLER = known(Actor(id="t.zhou", roles={"teller"}, branch="b"))
IDLE = Actor(id="m.idle", roles={"relationship_manager"}, branch="b")
OPERATORS = [IDLE, TELLER, AUDITOR]
BEGIN, END = NOW, NOW + timedelta(days=1)


def test_each_operator_with_what_they_could_and_did(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    other = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四")
    for number in (done.cif_no, done.cif_no, other.cif_no):
        cif.customers.get(number, actor=TELLER, purpose=Purpose.SERVICE)
    cif.customers.reveal(done.cif_no, {"phone"}, actor=TELLER, purpose=Purpose.SERVICE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(done.cif_no, actor=TELLER, purpose=Purpose.MARKETING)
    found = {one.operator: one for one in cif.access.review(OPERATORS, BEGIN, END, actor=AUDITOR)}
    assert list(found)[:3] == ["a.sun", "m.idle", "t.zhou"]
    teller = found["t.zhou"]
    assert (dict(teller.did), teller.customers, teller.refused, teller.last) == (
        {"view": 3, "reveal": 1}, 2, 1, to_micros(NOW)
    )  # fmt: skip
    assert teller.unused == ("broken-glass",)
    assert {"view", "find", "reveal", "register", "break_glass"} <= set(teller.granted)
    assert {"phone", "name"} <= set(teller.fields)
    idle = found["m.idle"]
    assert (idle.did, idle.last, idle.customers) == ({}, None, 0)
    assert {"manager-relationship", "manager-reveal-contact"} <= set(idle.unused)


def test_somebody_who_is_no_operator_stands_at_the_end(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1")
    found = cif.access.review(OPERATORS, BEGIN, END, actor=AUDITOR)
    assert [(one.operator, one.roles) for one in found[3:]] == [("bankcif.founding", ()), ("s.wu", ())]
    again = cif.access.review(OPERATORS, BEGIN, END, actor=AUDITOR)
    assert again[0].did == {"review_access": 1}


def test_who_could_see_one_customer_and_what(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1", home_branch="b", manager="m.other")
    far = Actor(id="t.far", roles={"teller"}, branch="elsewhere")
    found = {one.operator: one.fields for one in cif.access.could_see(done.cif_no, [*OPERATORS, far], actor=AUDITOR)}
    assert set(found) == {"m.idle", "t.zhou"}
    assert set(found["t.zhou"]) == {("view", "service"), ("find", "service"), ("reveal", "service")}
    assert found["t.zhou"]["reveal", "service"] == ("address", "name", "phone")
    assert [line.action for line in cif.audit.who(done.cif_no, actor=AUDITOR)][-1] == "could_see"


def test_a_review_takes_a_grant_and_a_time(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    for ask in (
        lambda: cif.access.review(OPERATORS, BEGIN, END, actor=steward, purpose=Purpose.SERVICE),
        lambda: cif.access.could_see(done.cif_no, OPERATORS, actor=TELLER),
        lambda: cif.access.could_see("C0000000000000000", OPERATORS, actor=AUDITOR),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            ask()
    with pytest.raises(InputError, match="ends after"):
        cif.access.review(OPERATORS, END, BEGIN, actor=AUDITOR)
