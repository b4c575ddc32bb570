"""A customer as a whole: one call, one entry, what is withheld is named."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.conftest import ALL_ROLES, known
from tests.flows.test_browse import Under
from tests.flows.test_register import register
from tests.flows.test_tags import FIRST, LOOSE, MANAGER, SERVICE, STEWARD, publish

from bankcif import CIF, Actor, Policy, Purpose
from bankcif.access import default_policy
from bankcif.audit import AuditEntry
from bankcif.context import Sink
from bankcif.errors import AccessError, InputError, NotFoundOrNotAllowedError

CONTACTS = [
    {"channel": "branch", "type": "complaint", "on": "2026-11-01", "due": "2026-12-01"},
    {
        "channel": "app",
        "type": "offer",
        "on": "2026-11-20",
        "outcome": "accepted",
        "due": "2026-11-21",
        "campaign": "offer",
    },
    {"channel": "phone", "type": "service", "on": "2026-11-10", "due": "2026-11-15"},
    {"channel": "phone", "type": "service", "on": "2026-11-11", "outcome": "他要求不再来电"},
]


@pytest.fixture
def founding_policy() -> Policy:
    return LOOSE


@pytest.fixture
def number(cif: CIF) -> str:
    publish(cif, FIRST)
    return str(
        register(cif, STEWARD, "1", interactions=CONTACTS, holdings=[{"product": "fund", "status": "open"}]).cif_no
    )


def asked(cif: CIF, number: str, actor: Actor = MANAGER, **more: Any) -> Any:
    return cif.customers.customer360(number, actor=actor, purpose=SERVICE, **more)


def test_all_of_a_customer_comes_in_one_call_with_one_entry(cif: CIF, number: str) -> None:
    with cif._repository.unit_of_work() as unit:
        before = len(list(unit.trail.between(0, 2**62, "m.li")))
    found = asked(cif, number)
    assert found.view == cif.customers.get(number, actor=MANAGER, purpose=SERVICE)
    assert found.portrait == cif.tags.portrait(number, actor=MANAGER, purpose=SERVICE)
    assert [(one.on.day, one.type) for one in found.contacts] == [
        (20, "offer"),
        (11, "service"),
        (10, "service"),
        (1, "complaint"),
    ]
    assert [(one.due, one.type) for one in found.due] == [
        (date(2026, 11, 15), "service"),
        (date(2026, 12, 1), "complaint"),
    ]
    assert found.contacts[1].outcome == "******", "what somebody wrote"
    assert found.contacts[0].campaign == "offer"
    with cif._repository.unit_of_work() as unit:
        bodies = [row.body for row in unit.trail.between(0, 2**62, "m.li")]
    assert len(bodies) == before + 3
    entry = AuditEntry.of_body(bodies[before])
    assert (entry.action, entry.subjects, entry.count) == ("customer360", (number,), 1)
    assert {"name", "phone", "interactions", "tag:*", "segment:*"} <= set(entry.fields)
    assert "tag:adult" not in entry.fields, "what a customer has is sealed"
    assert entry.rule == "manager-relationship,manager-tags"


def test_what_may_not_be_seen_is_named_as_withheld(cif: CIF, number: str) -> None:
    register(cif, STEWARD, "2", identifiers=None)  # perhaps the same
    found = asked(cif, number)
    assert found.tasks == ()
    assert set(found.withheld) == {"tasks"}
    roles = {"roles": ["r"], "purposes": ["service"]}
    grants = [
        {"id": "see", **roles, "actions": ["view"], "fields": ["phone", "tag:@demographic"]},
        {"id": "link", **roles, "actions": ["link"]},
    ]
    who = known(Actor(id="w", roles={"r"}))
    document = default_policy().document()
    with Under(cif, Policy.from_document({**document, "grant": [*document["grant"], *grants]})):
        found = asked(cif, number, who)
        assert set(found.view.values) == {"phone"}
        assert [one.name for one in found.portrait.tags] == ["tag:adult"]
        assert found.contacts == found.due == ()
        assert {"name", "interactions", "holdings", "tag:local", "segment:offer"} <= set(found.withheld)
        assert "tasks" not in found.withheld
        assert [(one.task, one.other is not None) for one in found.tasks] == [("possible_match", True)]


def test_whom_another_is_not_seen_is_not_told_in_a_task(cif: CIF, number: str) -> None:
    register(cif, STEWARD, "2", identifiers=None, home_branch="z")
    grants = [
        {
            "id": "see",
            "roles": ["r"],
            "purposes": ["service"],
            "relations": ["branch"],
            "actions": ["view"],
            "fields": ["phone"],
        },
        {"id": "link", "roles": ["r"], "purposes": ["service"], "actions": ["link"]},
    ]
    document = default_policy().document()
    with Under(cif, Policy.from_document({**document, "grant": [*document["grant"], *grants]})):
        (task,) = asked(cif, number, known(Actor(id="w", roles={"r"}, branch="b"))).tasks
        assert task.other is None


def test_a_retired_number_gives_the_survivor(cif: CIF, number: str) -> None:
    other = register(cif, STEWARD, "2", identifiers=None).cif_no
    merge = cif.matches.propose_merge(number, other, actor=STEWARD, reason="same")
    cif.approvals.approve(merge.id, actor=known(Actor(id="s.two", roles=ALL_ROLES, branch="b")))
    assert asked(cif, other).view.cif_no == number


def test_who_sees_nothing_is_refused(cif: CIF, number: str) -> None:
    with pytest.raises(NotFoundOrNotAllowedError):
        asked(cif, number, known(Actor(id="w", roles={"relationship_manager"}, branch="z")))
    with pytest.raises(NotFoundOrNotAllowedError):
        asked(cif, "C0000000000000000")
    with pytest.raises(InputError, match="exported"):
        asked(cif, number, sink=Sink.EXPORT)
    document = {**default_policy().document(), "cap": {"view": {"per_hour": 1}}}
    with Under(cif, Policy.from_document(document)):
        asked(cif, number)
        with pytest.raises(AccessError):
            asked(cif, number)


def test_without_a_catalogue_there_are_no_tags(cif: CIF) -> None:
    done = register(cif, STEWARD, "1")
    found = cif.customers.customer360(done.cif_no, actor=MANAGER, purpose=Purpose.RELATIONSHIP)
    assert (found.portrait.tags, found.portrait.catalogue) == ((), "")
    assert found.view.name == "张**"
