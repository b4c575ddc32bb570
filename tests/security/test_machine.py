"""
A file that lives through anything: writing, searching, merging, unmerging, restricting, erasing, rotating keys, checkpoints, and
the end of the process at any call out of it. After every step each customer is found by what was last said of them, nobody who was
erased is; at the end the log, the customers and the keys verify, before a witness that saw it all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.conftest import ALL_ROLES, NOW, TRUST, ageless, known
from tests.flows.test_register import ID, register
from tests.security.mortal import (
    Fate,
    InMemory,
    KeptWitness,
    Killed,
    Mortal,
    MortalRepository,
    MortalWitness,
    OnSqlite,
)

from bankcif import CIF, Actor, LocalKeyProvider, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import AccessError, BankCIFError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.log import LogPlan
from bankcif.flows.merge import Concern
from bankcif.party import CifNo, LifeCycle
from bankcif.storage.rows import LinkRow, PartyRow
from bankcif.testing import synthetic_tables

EVERY_CONCERN = list(Concern)

WHO = known(Actor(id="s.wu", roles={*ALL_ROLES, "key_custodian", "privacy_officer"}, branch="b"))
SECOND = known(Actor(id="s.li", roles={*ALL_ROLES, "key_custodian", "privacy_officer"}))
TABLES = synthetic_tables()
KEYS = st.integers(0, 5)
PICKS = st.integers(0, 30)
"""Which of those who may be chosen, counted round and round."""
FATES = st.just(0) | st.integers(1, 40) | st.integers(1, 200)
"""At which call the process ends that does the next deed; 0 for a process that lives on."""
NAMES = "王伟 李芳 张国 刘强 陈敏 杨静".split()


class Drawn:
    """Ids and nonces of one history, the same whenever it is walked through again: which customer comes first must not differ."""

    def __init__(self) -> None:
        self._chance = Random(7)

    def draw(self, count: int) -> bytes:
        return self._chance.randbytes(count)


class Store(RuleBasedStateMachine):
    """One store, one witness, and what a clerk would remember of them."""

    backend_of: type[InMemory] | type[OnSqlite] = InMemory
    tally: ClassVar[Counter[tuple[str, str]]] = Counter()
    """How often each deed was done, refused, and cut off by the end of its process."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.keys = FixedClock(NOW), LocalKeyProvider.generate()
        self.backend, self.witness, self.ids = self.backend_of(), KeptWitness(), Drawn()
        self.said: dict[int, str] = {}
        """The last phone of each source key that was acknowledged."""
        self.erased: dict[str, set[bytes]] = {}
        """Erased customers, and the data keys that sealed them."""
        self.entries, self.turn = 0, 0

    def opened(self, fate: Fate | None = None) -> CIF:
        repository: Any
        store: Any
        repository, store = self.repository, self.store = self.backend.connected()
        if fate is not None:
            repository, store = MortalRepository(repository, fate, within=True), Mortal(store, fate)
        witness: Any = self.witness if fate is None else MortalWitness(self.witness, fate)
        return CIF(
            repository=repository, tenant="t", keys=self.keys, key_store=store, tables=TABLES, trust=TRUST,
            clock=self.clock, ids=self.ids, policy=ageless(), witnesses=[witness], log_plan=LogPlan(entries=5, seconds=99_999),
        )  # fmt: skip

    def do(self, deed: str, at: int, work: Callable[[CIF], Any]) -> Any:
        """
        Does *work*, in a process that ends at call *at* behind its opening, if it is not done by then; None if it was refused or
        the process ended.
        """
        self.clock.advance(timedelta(seconds=1))
        fate = Fate(0)
        cif = self.opened(fate) if at else self.cif
        fate.left = at
        became = "done"
        try:
            return work(cif)
        except Killed:
            became = "killed"
        except (InputError, AccessError):
            became = "refused"
        finally:
            self.tally[deed, became] += 1
            if at:
                self.cif = self.opened()
        return None

    @initialize()
    def begin(self) -> None:
        self.cif = self.opened()
        for key in range(6):
            self.register(key, 0)
        a, b, c, *_ = self._in(LifeCycle.ACTIVE)
        self._approved(self.cif, self.cif.matches.propose_merge(a, b, accept=EVERY_CONCERN, actor=WHO, reason="r").id)
        self.cif.erasures.restrict(c, reason="r", actor=WHO)

    @rule(key=KEYS, at=FATES)
    def register(self, key: int, at: int) -> None:
        self.turn += 1
        phone = f"154{key:02}{self.turn:06}"
        number = [{"scheme": "cn.resident_id", "number": ID}] if key < 2 else None
        channel = "card" if key == 1 else "counter"
        name = NAMES[0] if key < 2 else NAMES[key]

        def work(cif: CIF) -> bool:
            register(cif, WHO, f"K{key}", channel=channel, name=name, phone=phone, identifiers=number)
            return True

        if self.do("register", at, work) or self._is_stored(key, phone):
            self.said[key] = phone

    @rule(pick=PICKS, other=PICKS, at=FATES)
    def merge(self, pick: int, other: int, at: int) -> None:
        free = self._in(LifeCycle.ACTIVE)
        if len(free) > 1:
            a = free.pop(pick % len(free))
            b = free[other % len(free)]
            self.do(
                "merge",
                at,
                lambda cif: self._approved(
                    cif, cif.matches.propose_merge(a, b, accept=EVERY_CONCERN, actor=WHO, reason="r").id
                ),
            )

    @precondition(lambda self: self._in(LifeCycle.MERGED))
    @rule(pick=PICKS, at=FATES)
    def unmerge(self, pick: int, at: int) -> None:
        number = self._one(pick, LifeCycle.MERGED)
        self.do(
            "unmerge",
            at,
            lambda cif: self._approved(cif, cif.matches.propose_unmerge(number, actor=WHO, reason="r").id),
        )

    @rule(pick=PICKS, at=FATES)
    def restrict(self, pick: int, at: int) -> None:
        if free := self._in(LifeCycle.ACTIVE):
            number = free[pick % len(free)]
            self.do("restrict", at, lambda cif: cif.erasures.restrict(number, reason="r", actor=WHO))

    @precondition(lambda self: self._in(LifeCycle.RESTRICTED))
    @rule(pick=PICKS, at=FATES)
    def lift(self, pick: int, at: int) -> None:
        number = self._one(pick, LifeCycle.RESTRICTED)
        self.do("lift", at, lambda cif: cif.erasures.lift(number, reason="r", actor=WHO))

    @precondition(lambda self: self._in(LifeCycle.RESTRICTED))
    @rule(pick=PICKS, at=FATES)
    def erase(self, pick: int, at: int) -> None:
        number = self._one(pick, LifeCycle.RESTRICTED)
        with self.repository.unit_of_work() as unit:
            mine = {row.key_id for _, row in unit.sources.of_parties([CifNo(number)])}
        self.do("erase", at, lambda cif: self._approved(cif, cif.erasures.propose(number, reason="r", actor=WHO).id))
        if self._parties()[number].life_cycle == LifeCycle.ERASED:
            self.erased[number] = mine
            linked = {int(link.source_key[1:]) for link in self._links() if link.source_key.startswith("K")}
            self.said = {one: phone for one, phone in self.said.items() if one in linked}

    @rule(what=st.sampled_from(["data", "index", "wrapping"]), at=FATES)
    def rotate(self, what: Any, at: int) -> None:
        if what == "index" and self.repository.identity().index_version > 2:  # type: ignore[union-attr]
            return
        if what == "index":
            self.cif.keys.rotate(actor=WHO)  # what was approved is carried out under the keys that it was approved for
            self.keys = self.keys.renewed()
            self.cif = self.opened()
        self.do(
            "propose", 0, lambda cif: self._approved(cif, cif.keys.propose_rotation(what, reason="r", actor=WHO).id)
        )
        self.do("rotate", at, lambda cif: cif.keys.rotate(actor=WHO))

    @rule(at=FATES)
    def checkpoint(self, at: int) -> None:
        self.do("checkpoint", at, lambda cif: cif.audit.checkpoint(actor=WHO))

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

    def _in(self, life_cycle: LifeCycle) -> list[CifNo]:
        return sorted(row.cif_no for row in self._parties().values() if row.life_cycle == life_cycle)

    def _one(self, pick: int, life_cycle: LifeCycle) -> CifNo:
        found = self._in(life_cycle)
        return found[pick % len(found)]

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
        settings.default, max_examples=max(settings.default.max_examples // 5, 1), stateful_step_count=25, deadline=None
    )


class TestStoreOnSqlite(StoreOnSqlite.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(
        settings.default,
        max_examples=max(settings.default.max_examples // 30, 1),
        stateful_step_count=25,
        deadline=None,
    )


DIRECTED: dict[str, Callable[[Store, int], None]] = {
    "register": lambda store, at: store.register(0, at),
    "merge": lambda store, at: store.merge(0, 0, at),
    "unmerge": lambda store, at: store.unmerge(0, at),
    "restrict": lambda store, at: store.restrict(0, at),
    "lift": lambda store, at: store.lift(0, at),
    "erase": lambda store, at: store.erase(0, at),
    "rotate data": lambda store, at: store.rotate("data", at),
    "rotate index": lambda store, at: store.rotate("index", at),
    "rotate wrapping": lambda store, at: store.rotate("wrapping", at),
    "checkpoint": lambda store, at: store.checkpoint(at),
}


@pytest.mark.parametrize(("of", "stride"), [(Store, 7), (StoreOnSqlite, 83)])
@pytest.mark.parametrize("deed", DIRECTED)
def test_a_process_that_ends_in_the_middle_of_a_deed_leaves_every_law(deed: str, of: type[Store], stride: int) -> None:
    """At one call of seven of each deed, on SQLite of 83, whatever the histories of chance come by."""
    at, name = 1, deed.partition(" ")[0]
    Store.tally.clear()
    while not Store.tally[name, "done"]:
        store = of()
        store.begin()
        Store.tally.clear()
        DIRECTED[deed](store, at)
        for law in (store.everybody_is_found_by_what_was_last_said, store.nothing_that_was_in_the_log_is_gone,
                    store.nobody_who_was_erased_comes_back):  # fmt: skip
            law()
        killed = Store.tally[name, "killed"]
        assert killed or Store.tally[name, "done"]
        assert killed or at > 1, "it was never cut off"
        store.teardown()
        at += stride
