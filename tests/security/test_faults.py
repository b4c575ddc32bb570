"""
A fault at any call out of the process, database, key store or witness: what was acknowledged is there, what was not is there whole
or not at all, and the same again works.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import attrs
import pytest
from sqlalchemy import text
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_feed import Copy, policy
from tests.flows.test_register import register
from tests.security.mortal import Fate, KeptWitness, Mortal, MortalRepository, MortalWitness
from tests.security.struck import HANGS, HOWS, Strike, striking
from tests.storage.servers import NAMES, Server

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._clock import FixedClock
from bankcif.approval import Approval
from bankcif.errors import BankCIFError, ConflictError, KeyServiceError, StorageError, WitnessError
from bankcif.flows.log import LogPlan
from bankcif.flows.merge import Concern
from bankcif.party import CifNo, LifeCycle
from bankcif.protection import KeyStore
from bankcif.storage import Repository
from bankcif.storage.key_store import SqliteKeyStore
from bankcif.storage.rows import PartyRow
from bankcif.storage.sql import SqlRepository
from bankcif.storage.sql_keys import SqlKeyStore
from bankcif.testing import synthetic_tables

EVERY_CONCERN = list(Concern)
FED = policy({
    "id": "screening", "role": "compliance", "purpose": "compliance", "fields": ["name", "phone"], "recipient": "audit", "inside": True,
}, grants=[])  # fmt: skip

TABLES = synthetic_tables()
OFFICER = {*ALL_ROLES, "key_custodian", "privacy_officer"}
WHO, SECOND = (known(Actor(id=name, roles=OFFICER, branch="b")) for name in ("s.wu", "s.li"))
ERRORS: dict[str, Callable[[], Exception]] = {
    "the database is locked": lambda: StorageError("locked", rule="database"),
    "another writer was first": lambda: ConflictError("first", rule="conflict"),
    "the key service does not answer": lambda: KeyServiceError("silent", rule="key_service"),
    "the witness does not answer": lambda: WitnessError("silent", rule="witness_silent"),
}


class World:
    """A store with six customers, its keys and its witness, opened as often as one likes."""

    def __init__(
        self,
        repository: Repository,
        store: KeyStore,
        keys: LocalKeyProvider,
        tenant: str = "t",
        witness: KeptWitness | None = None,
        copy: Copy | None = None,
        runs: list[str] | None = None,
    ) -> None:
        self.repository, self.store, self.keys, self.tenant = repository, store, keys, tenant
        self.witness = witness or KeptWitness()
        self.copy = copy or Copy()
        self.runs: list[str] = [] if runs is None else runs

    def open(self, fate: Fate | None = None, *, within: bool = False) -> CIF:
        repository: Any = MortalRepository(self.repository, fate, within=within) if fate else self.repository
        store, keys = (Mortal(inner, fate) if fate else inner for inner in (self.store, self.keys))
        return CIF(
            repository=repository, key_store=store, keys=keys, tenant=self.tenant, tables=TABLES, trust=TRUST,
            witnesses=[MortalWitness(self.witness, fate) if fate else self.witness], clock=FixedClock(NOW),
            log_plan=LogPlan(entries=2, seconds=99_999), policy=FED,
        )  # fmt: skip

    def peopled(self) -> World:
        """
        Two customers as they came, the first with an override; two of whom one was merged into the other, one restricted, one who
        waits for a merge, and two who may be one.
        """
        cif = self.open()
        for number, name in enumerate("张一 李二 王三 赵四 陈五 杨六".split()):
            register(cif, WHO, f"K{number}", name=name, identifiers=None, phone=self.phone(number))
        approved(
            cif, cif.matches.propose_merge(self.cif_no(2), self.cif_no(3), accept=EVERY_CONCERN, actor=WHO, reason="r")
        )
        cif.erasures.restrict(self.cif_no(4), reason="r", actor=WHO)
        for number in (6, 7):
            register(cif, WHO, f"K{number}", name="钱七", identifiers=None, phone=self.phone(6))
        first = {"reason": "r", "actor": WHO, "purpose": Purpose.OPERATIONS}
        cif.customers.override(self.cif_no(0), {"former_name": "张定"}, **first)
        cif.matches.propose_merge(self.cif_no(5), self.cif_no(0), accept=EVERY_CONCERN, actor=WHO, reason="waits")
        return self

    def phone(self, number: int) -> str:
        return f"154999900{number:02}"

    def cif_no(self, number: int) -> str:
        """The customer whom record *number* founded."""
        with self.repository.unit_of_work() as unit:
            return next(link.home for link in unit.crosswalk.all_current() if link.source_key == f"K{number}")

    def party(self, number: int) -> PartyRow:
        cif_no = CifNo(self.cif_no(number))
        with self.repository.unit_of_work() as unit:
            return unit.parties.get([cif_no])[cif_no]

    def parties(self) -> set[tuple[str, int]]:
        with self.repository.unit_of_work() as unit:
            return {(row.cif_no, row.version) for row in unit.parties.page("", 99)}

    def entries(self) -> int:
        with self.repository.unit_of_work() as unit:
            return sum(head.number for head in unit.trail.heads().values())


def in_memory(_folder: Path) -> World:
    return World(MemoryRepository(), MemoryKeyStore(), LocalKeyProvider.generate()).peopled()


@cache
def _template() -> tuple[TemporaryDirectory[str], World]:
    """A store on SQLite that is made once, and copied for each example."""
    folder = TemporaryDirectory()
    world = _at(Path(folder.name), LocalKeyProvider.generate()).peopled()
    world.repository.close()
    return folder, world


def _at(folder: Path, keys: LocalKeyProvider) -> World:
    repository = SqlRepository.open(f"sqlite:///{folder / 'cif.db'}", "t", create=True)
    return World(repository, SqliteKeyStore(folder / "cif-keys.db", create=True), keys)


def on_sqlite(folder: Path) -> World:
    made, before = _template()
    shutil.copytree(made.name, folder, dirs_exist_ok=True)
    world = _at(folder, before.keys)
    world.witness.notes = list(before.witness.notes)
    return world


def on_server(data: str, held: str) -> World:
    """A store of a tenant of its own, and a key store that is empty."""
    store, tenant = SqlKeyStore(held), uuid4().hex
    with store._engine.begin() as connection:
        for table in ("data_key", "key_store"):
            connection.execute(text(f"DELETE FROM {table}"))
    return World(SqlRepository.open(data, tenant, create=True), store, LocalKeyProvider.generate(), tenant).peopled()


def approved(cif: CIF, proposal: Approval) -> Any:
    return cif.approvals.approve(proposal.id, actor=SECOND)


def rotated(cif: CIF) -> Any:
    if not any(row.finished_at is None for row in cif.keys.rotations(actor=WHO)):
        approved(cif, cif.keys.propose_rotation("data", reason="r", actor=WHO))
    return cif.keys.rotate(actor=WHO)


def found(cif: CIF, phone: str) -> set[str]:
    return {view.cif_no for view in cif.customers.find(phone=phone, actor=WHO, purpose=Purpose.COMPLIANCE)}


def waiting(cif: CIF) -> list[Approval]:
    return [one for one in cif.approvals.mine(actor=WHO) if one.reason == "waits"]


@attrs.frozen
class Deed:
    """
    Something to do, and how it is seen to have been done.

    Attributes:
        do: Does it.
        seen: Whether it is there, whole; always true of what changes nothing.
        twice: Whether it may be done when it was done.
    """

    do: Callable[[World, CIF], Any]
    seen: Callable[[World, CIF], bool] = lambda _world, _cif: True
    twice: bool = True


DEEDS: dict[str, Deed] = {
    "register": Deed(
        lambda w, cif: register(cif, WHO, "K9", name="周九", identifiers=None, phone=w.phone(9)),
        lambda w, cif: len(found(cif, w.phone(9))) == 1,
    ),
    "register again": Deed(
        lambda w, cif: register(cif, WHO, "K1", name="李二", identifiers=None, phone=w.phone(11)),
        lambda w, cif: found(cif, w.phone(11)) == {w.cif_no(1)},
    ),
    "merge": Deed(
        lambda w, cif: approved(
            cif, cif.matches.propose_merge(w.cif_no(0), w.cif_no(1), accept=EVERY_CONCERN, actor=WHO, reason="r")
        ),
        lambda w, cif: w.party(1).merged_into == w.cif_no(0) and found(cif, w.phone(1)) == {w.cif_no(0)},
        twice=False,
    ),
    "unmerge": Deed(
        lambda w, cif: approved(cif, cif.matches.propose_unmerge(w.cif_no(3), actor=WHO, reason="r")),
        lambda w, cif: w.party(3).merged_into is None and found(cif, w.phone(3)) == {w.cif_no(3)},
        twice=False,
    ),
    "apart": Deed(
        lambda w, cif: cif.matches.not_a_match(w.cif_no(0), w.cif_no(1), actor=WHO, reason="r"),
        lambda w, _cif: kept_apart(w),
    ),
    "restrict": Deed(
        lambda w, cif: cif.erasures.restrict(w.cif_no(0), reason="r", actor=WHO),
        lambda w, _cif: w.party(0).life_cycle == LifeCycle.RESTRICTED,
        twice=False,
    ),
    "erase": Deed(
        lambda w, cif: approved(cif, cif.erasures.propose(restricted(w), reason="r", actor=WHO)),
        lambda w, cif: restricted(w) == "" and found(cif, w.phone(4)) == set(),
        twice=False,
    ),
    "rotate": Deed(
        lambda _w, cif: rotated(cif),
        lambda _w, cif: [row.finished_at is not None for row in cif.keys.rotations(actor=WHO)][-1:] == [True],
    ),
    "withdraw": Deed(
        lambda _w, cif: [cif.approvals.withdraw(one.id, actor=WHO) for one in waiting(cif)],
        lambda _w, cif: waiting(cif) == [],
    ),
    "override": Deed(
        lambda w, cif: cif.customers.override(
            w.cif_no(1), {"former_name": "李定"}, reason="r", actor=WHO, purpose=Purpose.OPERATIONS
        ),
        lambda w, cif: former_name(w, cif) == "李定",
    ),
    "end an override": Deed(
        lambda w, cif: cif.customers.end_override(
            w.cif_no(0), "former_name", reason="r", actor=WHO, purpose=Purpose.OPERATIONS
        ),
        lambda w, cif: former_name(w, cif, 0) is None,
        twice=False,
    ),
    "take a match": Deed(
        lambda _w, cif: cif.matches.take(actor=WHO, purpose=Purpose.OPERATIONS),
        lambda _w, cif: [one.assignee for one in queued(cif)] == [WHO.id],
    ),
    "review as different": Deed(
        lambda w, cif: cif.matches.review(match(w), "different", reason="r", actor=WHO, purpose=Purpose.OPERATIONS),
        lambda w, cif: kept_apart(w, 6) and queued(cif) == [],
        twice=False,
    ),
    "review as the same": Deed(
        lambda w, cif: approved(cif, reviewed_as_the_same(w, cif)),
        lambda w, _cif: w.party(7).merged_into == w.cif_no(6),
        twice=False,
    ),
    "find": Deed(lambda w, cif: found(cif, w.phone(0))),
    "get": Deed(lambda w, cif: cif.customers.get(w.cif_no(0), actor=WHO, purpose=Purpose.SERVICE)),
    "reveal": Deed(lambda w, cif: cif.customers.reveal(w.cif_no(0), {"phone"}, actor=WHO, purpose=Purpose.COMPLIANCE)),
    "deliver": Deed(
        lambda w, cif: delivered(w, cif) > 0,
        lambda w, _cif: w.copy.values.keys() == {row.cif_no for row in living(w)},
    ),
    "verify": Deed(lambda _w, cif: cif.audit.verify(actor=WHO)),
    "checkpoint": Deed(lambda _w, cif: cif.audit.checkpoint(actor=WHO)),
}


def delivered(world: World, cif: CIF) -> int:
    """Delivers what is screened; later than a run that failed may hold the feed."""
    clock = cif._desk.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(minutes=11 * len(world.runs)))
    world.runs.append("deliver")
    return cif.feeds.deliver("screening", world.copy, most=2, actor=WHO)


def living(world: World) -> list[PartyRow]:
    with world.repository.unit_of_work() as unit:
        return [row for row in unit.parties.page("", 99) if row.merged_into is None]


def former_name(world: World, cif: CIF, number: int = 1) -> Any:
    names = cif.customers.reveal(world.cif_no(number), {"former_name"}, actor=WHO, purpose=Purpose.COMPLIANCE)
    return names.get("former_name")


def queued(cif: CIF) -> list[Any]:
    return cif.matches.queue(actor=WHO, purpose=Purpose.OPERATIONS)


def match(world: World) -> str:
    """The match of the two customers who may be one."""
    cif_no = CifNo(world.cif_no(6))
    with world.repository.unit_of_work() as unit:
        (task,) = unit.work.tasks(cif_nos=[cif_no])
    return task.id


def reviewed_as_the_same(world: World, cif: CIF) -> Approval:
    """The merge that the review proposes, or that it had proposed before a second person could be asked."""
    pair = {world.cif_no(6), world.cif_no(7)}
    known = [one for one in cif.approvals.mine(actor=WHO) if pair == set(one.subjects)]
    if known:
        return known[0]
    done = cif.matches.review(
        match(world), "same", survivor=world.cif_no(6), accept=EVERY_CONCERN, reason="r", actor=WHO,
        purpose=Purpose.OPERATIONS,
    )  # fmt: skip
    assert done.proposal is not None
    return done.proposal


def kept_apart(world: World, number: int = 0) -> bool:
    cif_no = CifNo(world.cif_no(number))
    with world.repository.unit_of_work() as unit:
        return bool(unit.crosswalk.not_matches([cif_no]))


def restricted(world: World) -> str:
    """The customer who is restricted from the beginning; nothing once they are erased."""
    with world.repository.unit_of_work() as unit:
        rows = unit.parties.page("", 99)
    return next((row.cif_no for row in rows if row.life_cycle == LifeCycle.RESTRICTED), "")


STRIDES = {
    (in_memory, False): (5, 1), (in_memory, True): (29, 2), (on_sqlite, False): (11, 1), (on_sqlite, True): (53, 5),
}  # fmt: skip
"""One call of how many fails, at every change and under ``nox -s endurance``: units alone, or all that is asked within them."""


@pytest.mark.parametrize("within", [False, True], ids=["units", "statements"])
@pytest.mark.parametrize("backend", [in_memory, on_sqlite])
@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_a_fault_at_any_call_leaves_a_whole_store_and_the_same_again_works(
    deed: Deed, backend: Callable[[Path], World], within: bool, request: pytest.FixtureRequest
) -> None:
    """Each call to database, key store, key provider and witness fails in turn, before it is done and after, with one error after the other."""
    endures = request.config.getoption("--hypothesis-profile") == "endurance"
    errors, stride = sorted(ERRORS), STRIDES[backend, within][endures]
    at, strikes = 1, 0
    while True:
        for error in errors if endures and not within else [errors[(at // stride) % len(errors)]]:
            struck = _lives_through(deed, backend, Fate(at, ERRORS[error]), within)
            strikes += struck
        if not struck:
            break
        at += stride
    assert strikes > 1


def _lives_through(deed: Deed, backend: Callable[[Path], World], fate: Fate, within: bool) -> bool:
    """Does *deed* in a process with a fate, and again in one without; whether the fault struck."""
    with TemporaryDirectory() as folder:
        world = backend(Path(folder))
        _does(deed, world, lambda: deed.do(world, world.open(fate, within=within)))
        world.repository.close()
    return fate.struck


def _does(deed: Deed, world: World, faulty: Callable[[], Any]) -> None:
    """Does *deed* by something *faulty*, looks at what it left, and does it again."""
    before, entries, done = world.parties(), world.entries(), False
    try:
        faulty()
        done = True
    except BankCIFError:
        pass
    cif = world.open()
    assert world.entries() >= entries
    assert cif.audit.verify(actor=WHO).damage == ()
    cif.keys.check(actor=WHO)
    seen = deed.seen(world, cif)
    if done:
        assert seen, "it was acknowledged and is not there"
    elif not seen:
        assert world.parties() == before
    if deed.twice or not seen:
        deed.do(world, cif)
    assert deed.seen(world, cif)
    assert cif.audit.verify(actor=WHO).damage == ()
    cif.keys.rotate(actor=WHO)


@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.server) for name in NAMES])
def on(request: pytest.FixtureRequest) -> Iterator[tuple[Server, str, str]]:
    """A server, with a database for stores and one for key stores."""
    server: Server = request.getfixturevalue(request.param)
    with server.database() as data, server.database() as held:
        yield server, data, held


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_a_server_that_fails_at_any_statement_leaves_a_whole_store_and_the_same_again_works(
    deed: Deed, on: tuple[Server, str, str], request: pytest.FixtureRequest
) -> None:
    """
    Each statement in turn, on store and key store, is refused, loses its connection, or hangs longer than the limit; each commit,
    too, before it is done and after. At every change some of them, others on each server.
    """
    server, data, held = on
    stride = 3 if request.config.getoption("--hypothesis-profile") == "endurance" else 59
    at, strikes = 1 + (2 * list(DEEDS.values()).index(deed) + NAMES.index(server.name)) % 10, 0  # not always the first
    while True:
        strike = Strike(server, at, HOWS[at % len(HOWS)])
        world = on_server(data, held)
        hasty = World(
            SqlRepository.open(data, world.tenant, create=False, limits=HANGS), SqlKeyStore(held, limits=HANGS),
            world.keys, world.tenant, world.witness, world.copy, world.runs,
        )  # fmt: skip

        def faulty(hasty: World = hasty, strike: Strike = strike) -> None:
            assert isinstance(hasty.store, SqlKeyStore)
            with striking(strike, hasty.store):
                deed.do(hasty, hasty.open())

        _does(deed, world, faulty)
        for one in (hasty, world):
            one.repository.close()
            one.store.close()
        if not strike.struck:
            break
        strikes += 1
        at += stride
    assert strikes > 0


@pytest.mark.parametrize("error", sorted(ERRORS))
def test_a_read_that_was_not_told_to_the_log_gives_nothing(error: str) -> None:
    """Whatever fails before the entry is committed, nothing was returned; whatever fails after, the entry is there."""
    for at in range(1, 30):
        world = in_memory(Path())
        faulty = world.open()
        object.__setattr__(faulty._desk, "repository", MortalRepository(world.repository, Fate(at, ERRORS[error])))
        given_out = None
        try:
            given_out = faulty.customers.reveal(world.cif_no(1), {"phone"}, actor=WHO, purpose=Purpose.COMPLIANCE)
        except BankCIFError:
            pass
        told = [line.action for line in world.open().audit.deeds(WHO.id, actor=WHO) if line.outcome == "done"]
        if given_out is not None:
            assert "reveal" in told
