"""The policy in force: two officers change it, nobody brings another, and nobody puts one in behind the library's back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from tests.access.test_policy import grants
from tests.conftest import ALL_ROLES, NOW, known
from tests.flows.test_export import APPROVES, CHECKER, INSIDE, TAKER, grant
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy, default_profiles
from bankcif.errors import FourEyesError, InputError, NotFoundOrNotAllowedError, PolicyError
from bankcif.flows.export import ExportSpec
from bankcif.party import ReferenceTables

TENG, WEI = (known(Actor(id=name, roles={"policy_officer"})) for name in ("o.teng", "o.wei"))
AUDITOR = Actor(id="a.sun", roles={"auditor"})
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")


class Bank:
    """One store, opened as often as one likes."""

    def __init__(self, tables: ReferenceTables) -> None:
        self.repository, self.clock = MemoryRepository(), FixedClock(NOW)
        self._more: dict[str, Any] = {
            "keys": LocalKeyProvider.generate(),
            "key_store": MemoryKeyStore(),
            "tables": tables,
            "clock": self.clock,
        }

    def open(self, policy: Policy | None = None, **more: Any) -> CIF:
        return CIF(repository=self.repository, tenant="t", policy=policy, **self._more, **more)


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


def test_it_reaches_every_running_process(bank: Bank) -> None:
    here, there = bank.open(), bank.open(policy_seconds=7)
    done = register(here, STEWARD, "1")
    look = Actor(id="x", roles={"steward"})

    def sees(cif: CIF) -> bool:
        try:
            return cif.customers.get(done.cif_no, actor=look, purpose=Purpose.OPERATIONS).name == "张**"
        except NotFoundOrNotAllowedError:
            return False

    assert (sees(here), sees(there)) == (True, True)
    here.approvals.approve(here.policies.propose(stricter(), reason="r", actor=TENG).id, actor=WEI)
    assert (sees(here), sees(there)) == (False, True)
    bank.clock.advance(timedelta(seconds=6.9))
    assert sees(there)
    bank.clock.advance(timedelta(seconds=0.1))
    assert not sees(there)
    assert there.policies.in_force.version == "stricter"
    assert there.audit.verify(actor=AUDITOR).intact


def test_a_call_goes_by_one_policy_from_its_beginning_to_its_end(bank: Bank) -> None:
    cif = bank.open(policy_seconds=0)
    at_its_beginning = cif._desk
    cif.approvals.approve(cif.policies.propose(stricter(), reason="r", actor=TENG).id, actor=WEI)
    assert (at_its_beginning.policy.version, cif._desk.policy.version) == (default_policy().version, "stricter")


@pytest.mark.parametrize("attack", ["changed", "taken out", "put back"])
def test_a_running_process_stops_before_a_policy_that_two_did_not_decide(bank: Bank, attack: str) -> None:
    cif, rows = bank.open(policy_seconds=0), bank.repository._data.policies.rows
    done, first = register(cif, STEWARD, "1"), dict(rows)
    bank.clock.advance(timedelta(seconds=1))
    cif.approvals.approve(cif.policies.propose(stricter(), reason="r", actor=TENG).id, actor=WEI)
    assert cif.policies.in_force.version == "stricter"
    second = dict(rows)
    rows.clear()
    if attack == "changed":
        (active,) = [row for row in second.values() if row.since is not None and row.until is None]
        rows[b"x" * 32] = attrs.evolve(active, digest=b"x" * 32)
    elif attack == "put back":
        rows.update(first)
    for _ in range(2):  # and so it stays, at every call
        with pytest.raises(PolicyError, match="not by two persons"):
            cif.customers.get(done.cif_no, actor=STEWARD, purpose=Purpose.SERVICE)
    rows.clear()
    rows.update(second)
    told = [(one.action, one.outcome, one.rule) for one in cif.audit.deeds("bankcif.policy", actor=AUDITOR)]
    assert len(told) >= 2
    assert set(told) == {("policy_in_force", "refused", "policy_mark")}


def test_a_running_process_stops_before_a_policy_that_it_can_not_mask_by(bank: Bank) -> None:
    ours = default_profiles()
    ours = attrs.evolve(ours, profiles={**ours.profiles, "ours": ours.of("staff")})
    here, there = bank.open(masks=ours), bank.open(policy_seconds=0)
    table = stricter().document()
    table["grant"][0]["profile"] = "ours"
    proposal = here.policies.propose(Policy.from_document(table), reason="r", actor=TENG)
    here.approvals.approve(proposal.id, actor=WEI)
    assert here.policies.in_force.version == "stricter"
    with pytest.raises(PolicyError, match="no mask profile ours"):
        there.audit.deeds("x", actor=AUDITOR)


def test_a_clock_that_is_set_back_makes_no_policy_the_older(bank: Bank) -> None:
    cif = bank.open(policy_seconds=0)
    for number, shift in enumerate((timedelta(hours=2), timedelta(hours=-1))):
        bank.clock.advance(shift)
        officers = [known(one, bank.clock.now()) for one in (TENG, WEI)]
        policy = Policy.from_document({**stricter().document(), "version": f"v{number}"})
        proposal = cif.policies.propose(policy, reason="r", actor=officers[0])
        cif.approvals.approve(proposal.id, actor=officers[1])
        assert cif.policies.in_force.version == f"v{number}"
    assert bank.open().audit.verify(actor=AUDITOR).intact


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


def test_an_export_goes_by_the_policy_under_which_it_was_approved(bank: Bank) -> None:
    table = default_policy().document()
    table["grant"] += [grant(alone=0), APPROVES]
    cif, spec = (
        bank.open(Policy.from_document(table)),
        ExportSpec(fields=("sex",), recipient=INSIDE, purpose=Purpose.COMPLIANCE),
    )
    register(cif, STEWARD, "1")
    proposal = cif.exports.propose(spec, reason="r", actor=TAKER)
    cif.approvals.approve(proposal.id, actor=CHECKER)
    other = cif.policies.propose(Policy.from_document({**table, "version": "other"}), reason="r", actor=TENG)
    cif.approvals.approve(other.id, actor=WEI)
    with pytest.raises(FourEyesError, match="what it stands on was changed since this was approved"):
        cif.exports.take(spec, actor=TAKER, approval_id=proposal.id)


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
