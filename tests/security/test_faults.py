"""A fault at any call out of the process, database, key store or witness: nothing acknowledged is lost, and the same again works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_register import register
from tests.security.mortal import Fate, KeptWitness, MortalKeyStore, MortalRepository, MortalWitness

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import BankCIFError, ConflictError, KeyServiceError, StorageError, WitnessError
from bankcif.flows.log import LogPlan
from bankcif.party import ReferenceTables
from bankcif.testing import synthetic_tables

TABLES = synthetic_tables()
WHO = known(Actor(id="s.wu", roles={*ALL_ROLES, "key_custodian", "privacy_officer"}, branch="b"))
SECOND = known(Actor(id="s.li", roles={*ALL_ROLES, "privacy_officer"}))
ERRORS: dict[str, Callable[[], Exception]] = {
    "the database is locked": lambda: StorageError("locked", rule="database"),
    "another writer was first": lambda: ConflictError("first", rule="conflict"),
    "the key service does not answer": lambda: KeyServiceError("silent", rule="key_service"),
    "the witness does not answer": lambda: WitnessError("silent", rule="witness_silent"),
}


class World:
    def __init__(self, tables: ReferenceTables) -> None:
        self.repository, self.store, self.witness = MemoryRepository(), MemoryKeyStore(), KeptWitness()
        self._more: dict[str, Any] = {
            "tenant": "t", "keys": LocalKeyProvider.generate(), "tables": tables, "trust": TRUST,
            "clock": FixedClock(NOW), "log_plan": LogPlan(entries=2, seconds=99_999),
        }  # fmt: skip

    def open(self, fate: Fate | None = None) -> CIF:
        if fate is None:
            return CIF(repository=self.repository, key_store=self.store, witnesses=[self.witness], **self._more)
        return CIF(
            repository=MortalRepository(self.repository, fate), key_store=MortalKeyStore(self.store, fate),
            witnesses=[MortalWitness(self.witness, fate)], **self._more,
        )  # fmt: skip


def _merge(cif: CIF, one: str, other: str) -> Any:
    proposal = cif.matches.propose_merge(one, other, actor=WHO, reason="r")
    return cif.approvals.approve(proposal.id, actor=SECOND)


DEEDS: dict[str, Callable[[CIF, str, str], Any]] = {
    "register": lambda cif, *_: register(cif, WHO, "9", name="王五", identifiers=None, phone="15466666666"),
    "register again": lambda cif, *_: register(cif, WHO, "1", email="z@example.com"),
    "find": lambda cif, *_: cif.customers.find(phone="15412345678", actor=WHO, purpose=Purpose.SERVICE),
    "get": lambda cif, one, _: cif.customers.get(one, actor=WHO, purpose=Purpose.SERVICE),
    "reveal": lambda cif, one, _: cif.customers.reveal(one, {"phone"}, actor=WHO, purpose=Purpose.COMPLIANCE),
    "merge": _merge,
    "restrict": lambda cif, one, _: cif.erasures.restrict(one, reason="r", actor=WHO),
    "verify": lambda cif, *_: cif.audit.verify(actor=WHO),
    "checkpoint": lambda cif, *_: cif.audit.checkpoint(actor=WHO),
    "close": lambda cif, *_: cif.close(),
}


@settings(max_examples=150, deadline=None)
@given(deed=st.sampled_from(sorted(DEEDS)), error=st.sampled_from(sorted(ERRORS)), at=st.integers(1, 50))
def test_a_fault_anywhere_leaves_a_whole_store_and_the_same_again_works(deed: str, error: str, at: int) -> None:
    world = World(TABLES)
    cif = world.open()
    one = register(cif, WHO, "1").cif_no
    other = register(cif, WHO, "2", name="李四", identifiers=None, phone="15499999999").cif_no
    entries = len(world.repository._data.audit.rows)
    done = False
    try:
        DEEDS[deed](world.open(Fate(at, ERRORS[error])), one, other)
        done = True
    except BankCIFError:
        pass
    again = world.open()
    assert len(world.repository._data.audit.rows) >= entries
    assert again.audit.verify(actor=WHO).damage == ()
    again.keys.check(actor=WHO)
    if deed == "register" and done:
        assert again.customers.find(phone="15466666666", actor=WHO, purpose=Purpose.SERVICE)
    if deed == "restrict" and not done and again._repository._data.parties.rows[one].life_cycle == "restricted":  # type: ignore[attr-defined]
        return  # it was committed, and what failed came after
    if deed == "merge" and again._repository._data.parties.rows[other].merged_into:  # type: ignore[attr-defined]
        return
    if deed != "restrict" or not done:
        DEEDS[deed](again, one, other)


@pytest.mark.parametrize("error", sorted(ERRORS))
def test_a_read_that_was_not_told_to_the_log_gives_nothing(tables: ReferenceTables, error: str) -> None:
    """Whatever fails before the entry is committed, nothing was returned; whatever fails after, the entry is there."""
    for at in range(1, 30):
        world = World(tables)
        cif = world.open()
        one = register(cif, WHO, "1").cif_no
        faulty = world.open()
        fate = Fate(at, ERRORS[error])
        object.__setattr__(faulty._desk, "repository", MortalRepository(world.repository, fate))
        given_out = None
        try:
            given_out = faulty.customers.reveal(one, {"phone"}, actor=WHO, purpose=Purpose.COMPLIANCE)
        except BankCIFError:
            pass
        told = [line.action for line in world.open().audit.deeds(WHO.id, actor=WHO) if line.outcome == "done"]
        if given_out is not None:
            assert "reveal" in told
