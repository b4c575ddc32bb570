"""Rotating keys: everything reads as before, nothing rests under an old key, and a run that was killed is carried on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.conftest import NOW, TRUST
from tests.flows.test_merge import MAKER, merge, state, three, unmerge
from tests.flows.test_register import clear, register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import FourEyesError, InputError, KeyMissingError, NotFoundOrNotAllowedError, StorageError
from bankcif.flows.rotate import Rotated
from bankcif.party import ReferenceTables
from bankcif.protection import KeyStore, WrappedKey
from bankcif.storage import Repository

ONE, OTHER = (Actor(id=name, roles={"key_custodian"}) for name in ("k.zhao", "k.qian"))
AUDITOR = Actor(id="a.sun", roles={"auditor"})


def begin(cif: CIF, what: Rotated) -> None:
    proposal = cif.keys.propose_rotation(what, reason="yearly", actor=ONE)
    cif.approvals.approve(proposal.id, actor=OTHER)


def data_keys(store: KeyStore) -> dict[bytes, WrappedKey]:
    return {key.key_id: key for key in store.page(limit=10**6)}


def used_keys(cif: CIF) -> set[bytes]:
    """Ids of the data keys that seal something."""
    with cif._desk.repository.unit_of_work() as unit:
        parties = unit.parties.page("", 10**6)
        records = unit.sources.of_parties([row.cif_no for row in parties])
        golden = unit.copies.history([row.cif_no for row in parties])
        anchors = {row.anchor_key_id for row in parties}
    return {row.key_id for _, row in records} | {row.key_id for row in golden} | anchors


def opened_history(cif: CIF) -> list[Any]:
    """Every version of every golden group, opened."""
    from bankcif.flows._golden import golden_place

    desk = cif._desk
    with desk.repository.unit_of_work() as unit:
        rows = unit.copies.history([row.cif_no for row in unit.parties.page("", 10**6)])
    keys = desk.data_keys.get({row.key_id for row in rows})
    return [
        desk.sealer.open(row.sealed, keys[row.key_id], golden_place(row.cif_no, row.data_group, row.version))
        for row in rows
    ]


@pytest.fixture
def store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def make(
    tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, store: MemoryKeyStore
) -> Callable[..., CIF]:
    """Opens the same store, with other keys if they are given."""
    repository = MemoryRepository()

    def opened(provider: LocalKeyProvider = keys, over: Repository = repository, key_store: KeyStore = store) -> CIF:
        return CIF(
            repository=over, tenant="t", keys=provider, key_store=key_store, tables=tables, trust=TRUST, clock=clock
        )

    opened.repository = repository  # type: ignore[attr-defined]
    return opened


def test_data_keys_are_replaced_and_everything_reads_as_before(
    make: Callable[..., CIF], store: MemoryKeyStore, clock: FixedClock
) -> None:
    cif = make()
    a, b, c = three(cif)
    register(cif, MAKER, "9", channel="card", name="张伟", phone="15400000009")
    merge(cif, a, b)
    before, history, keys = state(cif), opened_history(cif), used_keys(cif)
    clock.advance(timedelta(hours=1))
    begin(cif, "data")
    (done,) = cif.keys.rotate(actor=ONE)
    assert done.finished_at is not None
    assert done.done == 4  # records, the merged party's among them
    assert used_keys(cif) & keys == set()
    assert keys & set(data_keys(store)) == set()  # destroyed
    after = state(cif)
    for one in (before, after):
        for cif_no, row in one["parties"].items():
            one["parties"][cif_no] = (row.kind, row.branch, row.merged_into, row.anchor_source_key)
    assert after == before
    assert opened_history(cif) == history
    unmerge(cif, b)
    assert clear(cif, MAKER, b, "name") == {"name": "李娜"}
    assert clear(cif, MAKER, c, "name") == {"name": "王芳"}
    assert cif.check_keys() > 0
    assert cif.audit.verify(actor=AUDITOR).intact


def test_data_keys_wrapped_under_a_new_key_do_without_the_old_one(
    make: Callable[..., CIF], store: MemoryKeyStore, keys: LocalKeyProvider
) -> None:
    a, *_ = three(make())
    renewed = keys.renewed()
    cif = make(renewed)
    assert clear(cif, MAKER, a, "name") == {"name": "张伟"}
    begin(cif, "wrapping")
    cif.keys.rotate(actor=ONE)
    assert {key.kek_id for key in data_keys(store).values()} == {renewed.kek_id}
    alone = make(renewed.reduced())
    assert clear(alone, MAKER, a, "name") == {"name": "张伟"}
    assert alone.check_keys() == len(data_keys(store))


def test_a_rotation_takes_two_custodians(cif: CIF, steward: Actor, checker: Actor) -> None:
    for nobody in (steward, checker, AUDITOR):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.keys.propose_rotation("data", reason="r", actor=nobody)
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.keys.rotate(actor=nobody)
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.keys.rotations(actor=nobody)
    proposal = cif.keys.propose_rotation("data", reason="r", actor=ONE)
    with pytest.raises(FourEyesError):
        cif.approvals.approve(proposal.id, actor=ONE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.approvals.approve(proposal.id, actor=checker)  # who may approve merges, not this
    assert cif.keys.rotate(actor=ONE) == []  # nothing is on its way yet
    assert proposal in cif.approvals.waiting(actor=OTHER, purpose=Purpose.OPERATIONS)
    assert proposal not in cif.approvals.waiting(actor=checker, purpose=Purpose.OPERATIONS)
    cif.approvals.approve(proposal.id, actor=OTHER)
    with pytest.raises(InputError, match="on its way"):
        cif.keys.propose_rotation("data", reason="r", actor=OTHER)
    with pytest.raises(InputError, match="wrapping, data"):
        cif.keys.propose_rotation("all", reason="r", actor=OTHER)  # type: ignore[arg-type]
    assert [row.finished_at is None for row in cif.keys.rotations(actor=OTHER)] == [True]


def test_a_custodian_sees_no_customer(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(done.cif_no, actor=ONE, purpose=Purpose.OPERATIONS)


def test_the_log_has_each_step_and_no_customer_as_seen(make: Callable[..., CIF], clock: FixedClock) -> None:
    cif = make()
    a, *_ = three(cif)
    clock.advance(timedelta(days=1))
    seen = len(cif.audit.who(a, actor=AUDITOR))
    begin(cif, "data")
    cif.keys.rotate(actor=ONE)
    with cif._desk.repository.unit_of_work() as unit:
        bodies = b"\n".join(row.body for row in unit.audit.rows())
    for action in (b"propose", b"approve", b"rotate_keys", b"rotated_keys"):
        assert b'"action":"' + action + b'"' in bodies
    assert len(cif.audit.who(a, actor=AUDITOR)) == seen + 1  # the auditor's own look


def test_a_process_that_goes_on_with_the_old_key_is_told_of(
    make: Callable[..., CIF], keys: LocalKeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make()
    three(old)
    cif = make(keys.renewed())
    begin(cif, "wrapping")
    taken = []
    with pytest.raises(StorageError, match="another process"):
        cif.keys.rotate(actor=ONE, progress=lambda _: taken.extend(old._desk.data_keys.take(65)))
    assert [row.finished_at for row in cif.keys.rotations(actor=ONE)] == [None]
    cif.keys.rotate(actor=ONE)  # now that the other is gone
    assert [row.finished_at is None for row in cif.keys.rotations(actor=ONE)] == [False]


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """Dies at the n-th time that something is made durable, before or after it was."""

    def __init__(self, at: int) -> None:
        self.left = at

    def call(self, work: Callable[..., Any], *args: Any, **more: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise Killed
        done = work(*args, **more)
        self.left -= 1
        if self.left == 0:
            raise Killed
        return done


class MortalKeyStore(MemoryKeyStore):
    def __init__(self, inner: MemoryKeyStore, fate: Mortal) -> None:
        self.__dict__ = inner.__dict__
        self._fate = fate

    def write(self, *args: Any, **more: Any) -> None:
        self._fate.call(super().write, *args, **more)

    def destroy(self, *args: Any) -> None:
        self._fate.call(super().destroy, *args)


class MortalRepository(MemoryRepository):
    def __init__(self, inner: MemoryRepository, fate: Mortal) -> None:
        self.__dict__ = dict(inner.__dict__)
        self._fate = fate

    @contextmanager
    def unit_of_work(self) -> Iterator[Any]:
        with super().unit_of_work() as unit:
            commit = unit.commit
            unit.commit = lambda: self._fate.call(commit)  # type: ignore[method-assign]
            yield unit


@settings(max_examples=60, deadline=None)
@given(what=st.sampled_from(("data", "wrapping")), at=st.integers(1, 24), seed=st.integers(0, 2**16))
def test_killed_at_any_point_it_is_carried_on(tables: ReferenceTables, what: Rotated, at: int, seed: int) -> None:
    clock, keys, repository, store = FixedClock(NOW), LocalKeyProvider.generate(), MemoryRepository(), MemoryKeyStore()

    def opened(provider: LocalKeyProvider, over: Repository, key_store: KeyStore) -> CIF:
        return CIF(
            repository=over, tenant="t", keys=provider, key_store=key_store, tables=tables, trust=TRUST, clock=clock
        )

    cif = opened(keys, repository, store)
    parties = three(cif)
    random = Random(seed)
    for n in range(random.randrange(4)):
        register(cif, MAKER, f"x{n}", channel="card", name="张伟", phone=f"1540000001{n}")
    if random.random() < 0.5:
        merge(cif, *parties[:2])
    clock.advance(timedelta(days=1))
    names = {c: clear(cif, MAKER, c, "name", "phone") for c in parties}
    old = used_keys(cif)
    renewed = keys.renewed()
    begin(opened(renewed, repository, store), what)
    fate = Mortal(at)
    try:
        opened(renewed, MortalRepository(repository, fate), MortalKeyStore(store, fate)).keys.rotate(actor=ONE)
    except Killed:
        pass
    again = opened(renewed, repository, store)
    assert {c: clear(again, MAKER, c, "name", "phone") for c in parties} == names  # at once
    again.keys.rotate(actor=OTHER)
    assert all(row.finished_at is not None for row in again.keys.rotations(actor=OTHER))
    assert {c: clear(again, MAKER, c, "name", "phone") for c in parties} == names
    if what == "data":
        assert old & set(data_keys(store)) == set()
        assert used_keys(again) <= set(data_keys(store))
    else:
        assert {key.kek_id for key in data_keys(store).values()} == {renewed.kek_id}
    assert again.check_keys() > 0
    assert again.audit.verify(actor=AUDITOR).intact


def test_a_destroyed_key_opens_nothing_even_from_a_backup_of_the_data(
    tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    url, backup = f"sqlite:///{tmp_path / 'cif.db'}", tmp_path / "backup.db"

    def opened(path: str) -> CIF:
        return CIF.open(
            path, tenant="t", keys=keys, key_store=tmp_path / "keys.db", tables=tables, trust=TRUST, clock=clock
        )

    with opened(url) as cif:
        cif_no = register(cif, MAKER, "1").cif_no
    backup.write_bytes((tmp_path / "cif.db").read_bytes())
    clock.advance(timedelta(days=1))
    with opened(url) as cif:
        begin(cif, "data")
        cif.keys.rotate(actor=ONE)
        assert clear(cif, MAKER, cif_no, "name") == {"name": "张伟国"}
    with opened(f"sqlite:///{backup}") as cif, pytest.raises(KeyMissingError):
        clear(cif, MAKER, cif_no, "name")
