"""
A file that lives through anything: writing, searching, merging, unmerging, restricting, erasing, rotating keys, checkpoints, and
the end of the process at any call out of it. After every step each customer is found by what was last said of them, nobody who was
erased is; at the end the log, the customers and the keys verify, before a witness that saw it all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.conftest import ALL_ROLES, NOW, TRUST, ageless, known
from tests.flows.test_register import ID, register
from tests.security.mortal import (
    Fate,
    InMemory,
    KeptWitness,
    Killed,
    MortalKeyStore,
    MortalRepository,
    MortalWitness,
    OnSqlite,
)

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import AccessError, BankCIFError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.log import LogPlan
from bankcif.party import CifNo, LifeCycle
from bankcif.storage.rows import LinkRow, PartyRow
from bankcif.testing import synthetic_tables

WHO = known(Actor(id="s.wu", roles={*ALL_ROLES, "key_custodian", "privacy_officer"}, branch="b"))
SECOND = known(Actor(id="s.li", roles={*ALL_ROLES, "key_custodian", "privacy_officer"}))
TABLES = synthetic_tables()
KEYS = st.integers(0, 5)
NAMES = "王伟 李芳 张国 刘强 陈敏 杨静".split()


class Store(RuleBasedStateMachine):
    """One store, one witness, and what a clerk would remember of them."""

    backend_of: type[InMemory] | type[OnSqlite] = InMemory

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.keys = FixedClock(NOW), LocalKeyProvider.generate()
        self.backend, self.witness = self.backend_of(), KeptWitness()
        self.said: dict[int, str] = {}
        """The last phone of each source key that was acknowledged."""
        self.erased: dict[str, set[bytes]] = {}
        """Erased customers, and the data keys that sealed them."""
        self.entries, self.turn, self.fate_at = 0, 0, 0

    def opened(self, fate: Fate | None = None) -> CIF:
        repository: Any
        store: Any
        repository, store = self.repository, self.store = self.backend.connected()
        if fate is not None:
            repository, store = MortalRepository(repository, fate), MortalKeyStore(store, fate)
        witness: Any = self.witness if fate is None else MortalWitness(self.witness, fate)
        return CIF(
            repository=repository, tenant="t", keys=self.keys, key_store=store, tables=TABLES, trust=TRUST,
            clock=self.clock, policy=ageless(), witnesses=[witness], log_plan=LogPlan(entries=5, seconds=99_999),
        )  # fmt: skip

    def do(self, work: Callable[[CIF], Any]) -> Any:
        """Does *work*, in a process that may end on the way; None if it was refused or the process ended."""
        self.clock.advance(timedelta(seconds=1))
        at, self.fate_at = self.fate_at, 0
        if not at:
            try:
                return work(self.cif)
            except (InputError, AccessError):
                return None
        try:
            return work(self.opened(Fate(at)))
        except (Killed, InputError, AccessError):
            return None
        finally:
            self.cif = self.opened()

    @initialize()
    def begin(self) -> None:
        self.cif = self.opened()

    @rule(at=st.integers(1, 60))
    def the_next_process_ends_at(self, at: int) -> None:
        self.fate_at = at

    @rule(key=KEYS)
    def register(self, key: int) -> None:
        self.turn += 1
        phone = f"154{key:02}{self.turn:06}"
        number = [{"scheme": "cn.resident_id", "number": ID}] if key < 2 else None
        channel = "card" if key == 1 else "counter"
        name = NAMES[0] if key < 2 else NAMES[key]

        def work(cif: CIF) -> bool:
            register(cif, WHO, f"K{key}", channel=channel, name=name, phone=phone, identifiers=number)
            return True

        if self.do(work) or self._is_stored(key, phone):
            self.said[key] = phone

    @rule(one=KEYS, other=KEYS)
    def merge(self, one: int, other: int) -> None:
        a, b = self._party(one), self._party(other)
        if a and b:
            self.do(lambda cif: self._approved(cif, cif.matches.propose_merge(a, b, actor=WHO, reason="r").id))

    @rule(data=st.data())
    def unmerge(self, data: st.DataObject) -> None:
        merged = sorted(row.cif_no for row in self._parties().values() if row.merged_into)
        if merged:
            number = data.draw(st.sampled_from(merged))
            self.do(lambda cif: self._approved(cif, cif.matches.propose_unmerge(number, actor=WHO, reason="r").id))

    @rule(key=KEYS)
    def restrict(self, key: int) -> None:
        if number := self._party(key):
            self.do(lambda cif: cif.erasures.restrict(number, reason="r", actor=WHO))

    @rule(key=KEYS)
    def lift(self, key: int) -> None:
        if number := self._party(key):
            self.do(lambda cif: cif.erasures.lift(number, reason="r", actor=WHO))

    @rule(key=KEYS)
    def erase(self, key: int) -> None:
        number = self._party(key)
        if number is None:
            return
        with self.repository.unit_of_work() as unit:
            mine = {row.key_id for _, row in unit.sources.of_parties([CifNo(number)])}
        self.do(lambda cif: self._approved(cif, cif.erasures.propose(number, reason="r", actor=WHO).id))
        if self._parties()[number].life_cycle == LifeCycle.ERASED:
            self.erased[number] = mine
            linked = {int(link.source_key[1:]) for link in self._links() if link.source_key.startswith("K")}
            self.said = {one: phone for one, phone in self.said.items() if one in linked}

    @rule(what=st.sampled_from(["data", "index", "wrapping"]))
    def rotate(self, what: Any) -> None:
        if what == "index" and self.repository.identity().index_version > 2:  # type: ignore[union-attr]
            return
        if what == "index":
            self.keys = self.keys.renewed()
            self.cif = self.opened()
        self.do(lambda cif: self._approved(cif, cif.keys.propose_rotation(what, reason="r", actor=WHO).id))
        self.do(lambda cif: cif.keys.rotate(actor=WHO))

    @rule()
    def checkpoint(self) -> None:
        self.do(lambda cif: cif.audit.checkpoint(actor=WHO))

    @rule()
    def another_process_takes_over(self) -> None:
        self.cif.close()
        self.cif = self.opened()

    @invariant()
    def everybody_is_found_by_what_was_last_said(self) -> None:
        for key, phone in self.said.items():
            found = self.cif.customers.find(phone=phone, actor=WHO, purpose=Purpose.COMPLIANCE)
            assert [view.cif_no for view in found] == [self._party(key)], (key, phone)

    @invariant()
    def nothing_that_was_in_the_log_is_gone(self) -> None:
        count = self._count()
        assert count >= self.entries
        self.entries = count

    @invariant()
    def nobody_who_was_erased_comes_back(self) -> None:
        for number in self.erased:
            assert self._parties()[number].life_cycle == LifeCycle.ERASED

    @precondition(lambda self: self.erased)
    @rule(data=st.data())
    def an_erased_number_shows_nothing(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.erased)))
        try:
            self.cif.customers.get(number, actor=WHO, purpose=Purpose.COMPLIANCE)
            raise AssertionError("an erased customer was shown")
        except NotFoundOrNotAllowedError:
            pass

    def teardown(self) -> None:
        if not hasattr(self, "cif"):
            return
        self.cif.keys.rotate(actor=WHO)
        report = self.cif.audit.verify(actor=WHO)
        assert report.damage == ()
        assert report.customers == len(self._parties())
        self.cif.keys.check(actor=WHO)
        kept = set().union(*self.erased.values()) if self.erased else set()
        assert not self.store.read(kept), "a data key of an erased customer is there still"
        self.cif.audit.checkpoint(actor=WHO)
        assert self.witness.size == self._count()
        self.backend.gone()

    def _approved(self, cif: CIF, proposal: str) -> bool:
        cif.approvals.approve(proposal, actor=SECOND)
        return True

    def _parties(self) -> dict[str, PartyRow]:
        with self.repository.unit_of_work() as unit:
            return {row.cif_no: row for row in unit.parties.page("", 999)}

    def _links(self) -> list[LinkRow]:
        with self.repository.unit_of_work() as unit:
            return list(unit.crosswalk.all_current())

    def _count(self) -> int:
        with self.repository.unit_of_work() as unit:
            return sum(head.number for head in unit.trail.heads().values())

    def _party(self, key: int) -> str | None:
        """The party that a source key belongs to now; None if it belongs to none."""
        return next((link.cif_no for link in self._links() if link.source_key == f"K{key}"), None)

    def _is_stored(self, key: int, phone: str) -> bool:
        """Whether a registration whose process ended was committed all the same."""
        try:
            found = self.cif.customers.find(phone=phone, actor=WHO, purpose=Purpose.COMPLIANCE)
        except BankCIFError:
            return False
        return bool(found)


class StoreOnSqlite(Store):
    """The same in two files; each process has connections of its own."""

    backend_of = OnSqlite


class TestStore(Store.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(
        settings.default, max_examples=max(settings.default.max_examples // 3, 1), stateful_step_count=25, deadline=None
    )


class TestStoreOnSqlite(StoreOnSqlite.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(
        settings.default,
        max_examples=max(settings.default.max_examples // 30, 1),
        stateful_step_count=25,
        deadline=None,
    )
