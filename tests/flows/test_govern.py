"""The policy in force: two officers change it, nobody brings another, and nobody puts one in behind the library's back."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from tests.access.test_policy import grants
from tests.conftest import ALL_ROLES, NOW, known
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.errors import FourEyesError, InputError, NotFoundOrNotAllowedError, PolicyError
from bankcif.party import ReferenceTables

TENG, WEI = (known(Actor(id=name, roles={"policy_officer"})) for name in ("o.teng", "o.wei"))
AUDITOR = Actor(id="a.sun", roles={"auditor"})
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")


class Bank:
    """One store, opened as often as one likes."""

    def __init__(self, tables: ReferenceTables) -> None:
        self.repository = MemoryRepository()
        self._more: dict[str, Any] = {
            "keys": LocalKeyProvider.generate(),
            "key_store": MemoryKeyStore(),
            "tables": tables,
            "clock": FixedClock(NOW),
        }

    def open(self, policy: Policy | None = None) -> CIF:
        return CIF(repository=self.repository, tenant="t", policy=policy, **self._more)


@pytest.fixture
def bank(tables: ReferenceTables) -> Bank:
    return Bank(tables)


def stricter() -> Policy:
    """The example policy without the one grant that lets stewards see names."""
    table = default_policy().document()
    table["grant"] = [one for one in table["grant"] if one["id"] != "steward-quality"]
    return Policy.from_document({**table, "version": "stricter"})


@given(grants)
def test_a_policy_and_its_document_are_one(table: list[dict[str, Any]]) -> None:
    policy = Policy.from_document({"version": "1", "grant": [{"id": f"g{n}", **one} for n, one in enumerate(table)]})
    again = Policy.from_document(policy.document())
    assert (again.version, again.grants, again.document()) == (policy.version, policy.grants, policy.document())


def test_a_policy_comes_into_force_by_two_officers(bank: Bank) -> None:
    cif = bank.open()
    done = register(cif, STEWARD, "1")
    look = Actor(id="x", roles={"steward"})
    assert cif.customers.get(done.cif_no, actor=look, purpose=Purpose.OPERATIONS).name == "张**"
    proposal = cif.policies.propose(stricter(), reason="least rights", actor=TENG)
    with pytest.raises(FourEyesError):
        cif.approvals.approve(proposal.id, actor=TENG)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.approvals.approve(proposal.id, actor=look)
    assert bank.open().policies.in_force.version == default_policy().version
    cif.approvals.approve(proposal.id, actor=WEI)
    later = bank.open()
    assert later.policies.in_force.version == "stricter"
    with pytest.raises(NotFoundOrNotAllowedError):
        later.customers.get(done.cif_no, actor=look, purpose=Purpose.OPERATIONS)
    with later._desk.unit_of_work() as unit:
        told = [row.body for row in unit.trail.between(0, 2**63 - 1) if b"policy_in_force" in row.body]
    assert [b"bankcif.founding" in told[0], b"o.wei" in told[1]] == [True, True]
    assert later.audit.verify(actor=AUDITOR).intact


def test_nobody_brings_a_policy_of_their_own(bank: Bank) -> None:
    bank.open()
    bank.open(default_policy())  # the one in force may be named
    with pytest.raises(PolicyError, match="not the one in force"):
        bank.open(stricter())


def test_a_store_is_founded_with_what_it_is_given(bank: Bank) -> None:
    assert bank.open(stricter()).policies.in_force.version == "stricter"
    assert bank.open().policies.in_force.version == "stricter"
    with pytest.raises(PolicyError):
        bank.open(default_policy())


def test_only_officers_propose_and_what_is_proposed_is_checked(bank: Bank) -> None:
    cif = bank.open()
    for nobody in (STEWARD, AUDITOR, Actor(id="t", roles={"teller"})):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.policies.propose(stricter(), reason="r", actor=nobody)
    with pytest.raises(InputError, match="in force already"):
        cif.policies.propose(default_policy(), reason="r", actor=TENG)
    with pytest.raises(InputError, match="reason"):
        cif.policies.propose(stricter(), reason="", actor=TENG)
    table = stricter().document()
    table["grant"][0]["profile"] = "ours"
    with pytest.raises(PolicyError, match="no mask profile ours"):
        cif.policies.propose(Policy.from_document(table), reason="r", actor=TENG)


def test_a_proposal_falls_when_another_policy_comes_into_force(bank: Bank) -> None:
    cif = bank.open()
    other = Policy.from_document({**stricter().document(), "version": "other"})
    first = cif.policies.propose(stricter(), reason="r", actor=TENG)
    second = cif.policies.propose(other, reason="r", actor=TENG)
    cif.approvals.approve(first.id, actor=WEI)
    with pytest.raises(FourEyesError, match="changed since"):
        cif.approvals.approve(second.id, actor=WEI)


def test_one_changed_in_the_database_is_refused(bank: Bank) -> None:
    cif = bank.open()
    with cif._desk.unit_of_work() as unit:
        active = unit.policies.active()
        assert active is not None
    wider = active.document.replace(b'"reveal"', b'"find"')
    for forged in (
        attrs.evolve(active, document=wider),
        attrs.evolve(active, since=1),
        attrs.evolve(active, version="x"),
        attrs.evolve(active, mark=bytes(16)),
    ):
        bank.repository._data.policies.rows[active.digest] = forged
        with pytest.raises(PolicyError, match="changed in the database"):
            bank.open()
    bank.repository._data.policies.rows[active.digest] = active
    bank.open()


def test_an_older_one_that_is_put_back_is_found(bank: Bank) -> None:
    """Threat 4: yesterday's policy, with the mark that it had when it was in force."""
    cif = bank.open()
    rows = bank.repository._data.policies.rows
    before = dict(rows)
    cif.approvals.approve(cif.policies.propose(stricter(), reason="r", actor=TENG).id, actor=WEI)
    assert bank.open().audit.verify(actor=AUDITOR).intact
    rows.clear()
    rows.update(before)
    report = bank.open().audit.verify(actor=AUDITOR)
    assert [(one.stream, one.what) for one in report.damage] == [
        ("policy", "the policy in force is not the last that the log says came into force")
    ]


def test_what_was_proposed_is_what_comes_into_force(bank: Bank) -> None:
    cif = bank.open()
    proposal = cif.policies.propose(stricter(), reason="r", actor=TENG)
    digest = bytes.fromhex(proposal.detail["digest"])
    row = bank.repository._data.policies.rows[digest]
    bank.repository._data.policies.rows[digest] = attrs.evolve(
        row, document=default_policy().document().__repr__().encode()
    )
    with pytest.raises(InputError, match="not what was proposed"):
        cif.approvals.approve(proposal.id, actor=WEI)


def test_a_policy_that_was_taken_out_is_not_founded_anew(bank: Bank) -> None:
    cif = bank.open()
    with cif._desk.unit_of_work() as unit:
        active = unit.policies.active()
        assert active is not None
        unit.policies.put(attrs.evolve(active, until=1))
        unit.commit()
    for brought in (None, stricter()):
        with pytest.raises(PolicyError, match="taken out"):
            bank.open(brought)


def test_a_policy_built_by_hand_is_read_like_any_other(bank: Bank) -> None:
    one = attrs.evolve(default_policy().grants[0], id="x", fields=frozenset({"name"}), clear=frozenset({"name"}))
    naked = Policy("naked", [*default_policy().grants, one])
    with pytest.raises(PolicyError, match="in clear"):
        bank.open(naked)
    with pytest.raises(PolicyError, match="in clear"):
        bank.open().policies.propose(naked, reason="r", actor=TENG)
