"""Rotating keys: everything reads as before, nothing rests under an old key, and a run that was killed is carried on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from tests.conftest import NOW, TRUST, ageless, insides, keys_fit, known, shorten
from tests.flows.test_merge import MAKER, merge, state, three, unmerge
from tests.flows.test_register import clear, register
from tests.security.mortal import Fate, Killed, Mortal, MortalRepository

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._clock import FixedClock
from bankcif.approval import ApprovalState
from bankcif.errors import (
    FourEyesError,
    InputError,
    KeyMissingError,
    NotFoundOrNotAllowedError,
    StorageError,
    WrongKeyError,
)
from bankcif.flows.rotate import Rotated
from bankcif.party import ReferenceTables
from bankcif.protection import KeyStore, WrappedKey
from bankcif.storage import Repository

ONE, OTHER = (known(Actor(id=name, roles={"key_custodian"})) for name in ("k.zhao", "k.qian"))
AUDITOR = Actor(id="a.sun", roles={"auditor"})


def begin(cif: CIF, what: Rotated) -> None:
    proposal = cif.keys.propose_rotation(what, reason="yearly", actor=ONE)
    cif.approvals.approve(proposal.id, actor=OTHER)


def data_keys(store: KeyStore) -> dict[bytes, WrappedKey]:
    return {key.key_id: key for key in store.page(limit=10**6)}


def used_keys(cif: CIF) -> set[bytes]:
    """Ids of the data keys that seal something."""
    with cif._desk.unit_of_work() as unit:
        parties = unit.parties.page("", 10**6)
        records = unit.sources.of_parties([row.cif_no for row in parties])
        golden = unit.copies.history([row.cif_no for row in parties])
        anchors = {row.anchor_key_id for row in parties}
    return {row.key_id for _, row in records} | {row.key_id for row in golden} | anchors


def opened_history(cif: CIF) -> list[Any]:
    """Every version of every golden group, opened."""
    from bankcif.flows._golden import golden_place

    desk = cif._desk
    with desk.unit_of_work() as unit:
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
            repository=over,
            tenant="t",
            keys=provider,
            key_store=key_store,
            tables=tables,
            trust=TRUST,
            clock=clock,
            policy=ageless(),
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
    assert done.done == 6  # four records, the merged party's among them, and the reasons of the merge and of this
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
    assert keys_fit(cif) > 0
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
    assert keys_fit(alone) == len(data_keys(store))


def versions(cif: CIF) -> set[int]:
    """Index versions that tags and claims stand under."""
    data = insides(cif)
    rows = (*data.indexes.rows.values(), *data.claims.rows.values())
    return {row.index_version for row in rows}


def expected_tags(cif: CIF) -> set[tuple[bytes, str, str]]:
    """Tag, source key and party of every blocking key of every record, computed from what is stored."""
    from bankcif.flows._records import open_records
    from bankcif.matching import blocking_keys

    desk = cif._desk
    with desk.unit_of_work() as unit:
        tagging = desk.tagging(unit)
        opened = open_records(desk, unit.sources.of_parties([row.cif_no for row in unit.parties.page("", 10**6)]))
    return {
        (tagging.tag(key), one.statement.origin.key, one.cif_no)
        for one in opened
        for key in blocking_keys(one.features)
    }


def stored_tags(cif: CIF) -> set[tuple[bytes, str, str]]:
    rows = insides(cif).indexes.rows.values()
    return {(row.tag, row.source_key, row.cif_no) for row in rows}


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_tags_are_made_anew_while_everything_is_found_and_written(
    make: Callable[..., CIF], keys: LocalKeyProvider, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    from bankcif.flows import rotate as flow

    monkeypatch.setattr(flow, "_PARTIES_AT_ONCE", at_once)
    monkeypatch.setattr(flow, "_TAGS_AT_ONCE", 3 * at_once)
    cif = make(keys.renewed())
    a, b, c = three(cif)
    register(cif, MAKER, "n", name="欧阳测试", phone="15400000077")
    begin(cif, "index")
    steps = []

    def meanwhile(row: Any) -> None:
        steps.append(row)
        n = len(steps)
        if n == 1:
            merge(cif, max(a, b), min(a, b))  # from what may be done to what may not
        if n == 2:
            merge(cif, min(max(a, b), c), max(a, b, c))
        if n < 9:
            done = register(
                cif, MAKER, f"w{n}", channel="card", name="李写", phone=f"154000001{n:02}", identifiers=None
            )
            found = cif.customers.find(phone=f"154000001{n:02}", actor=MAKER, purpose=Purpose.COMPLIANCE)
            assert [view.cif_no for view in found] == [done.cif_no]
        (view,) = cif.customers.find(phone="15400000077", actor=MAKER, purpose=Purpose.COMPLIANCE)
        again = register(cif, MAKER, f"again{n}", channel="card", name="欧阳测试", phone="15400000077")
        assert again.cif_no == view.cif_no  # by the number and the name, through claims and tags of either version

    (done,) = cif.keys.rotate(actor=ONE, progress=meanwhile)
    assert done.finished_at is not None
    assert versions(cif) == {2}
    assert stored_tags(cif) == expected_tags(cif)
    other = make(cif._desk.taggers._provider)
    (view,) = other.customers.find(phone="15400000077", actor=MAKER, purpose=Purpose.COMPLIANCE)
    assert view.name == "欧阳**"
    assert cif.audit.verify(actor=AUDITOR).intact


def test_a_tag_that_is_equal_under_both_versions_is_not_lost(make: Callable[..., CIF], keys: LocalKeyProvider) -> None:
    cif = make(keys.renewed())
    shorten(cif, phone=1)
    numbers = [f"154000000{n:02}" for n in range(12)]
    for n, phone in enumerate(numbers):
        register(cif, MAKER, str(n), name=f"王{'伟芳国强敏静丽磊军洋勇艳'[n]}", phone=phone, identifiers=None)
    begin(cif, "index")
    cif.keys.rotate(actor=ONE)
    assert versions(cif) == {2}
    for phone in numbers:
        assert len(cif.customers.find(phone=phone, actor=MAKER, purpose=Purpose.COMPLIANCE)) == 1


def test_tags_can_not_be_rotated_to_a_root_that_is_not_there(cif: CIF) -> None:
    with pytest.raises(WrongKeyError, match="index key of version 2"):
        cif.keys.propose_rotation("index", reason="r", actor=ONE)


def test_a_process_without_the_new_root_stops_rather_than_miss_customers(
    make: Callable[..., CIF], keys: LocalKeyProvider
) -> None:
    old, cif = make(), make(keys.renewed())
    three(old)
    begin(cif, "index")
    with pytest.raises(WrongKeyError):
        register(old, MAKER, "9")
    cif.keys.rotate(actor=ONE)
    with pytest.raises(WrongKeyError):
        old.customers.find(phone="15400000001", actor=MAKER, purpose=Purpose.COMPLIANCE)


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
    with pytest.raises(InputError, match="wrapping, data, index"):
        cif.keys.propose_rotation("all", reason="r", actor=OTHER)  # type: ignore[arg-type]
    assert [row.finished_at is None for row in cif.keys.rotations(actor=OTHER)] == [True]


def test_a_rotation_that_nobody_approved_is_not_carried_out(make: Callable[..., CIF], keys: LocalKeyProvider) -> None:
    """Threat 4: who can write the table of rotations, or of proposals."""
    cif = make(keys)
    begin(cif, "data")
    data = insides(cif)
    (id_, row), approvals = next(iter(data.rotations.rows.items())), data.approvals.rows
    stood = dict(approvals)
    for wrong in ({**stood, id_: attrs.evolve(stood[id_], detail={**stood[id_].detail, "kek": "another"})}, {},
                  {**stood, id_: attrs.evolve(stood[id_], state=ApprovalState.APPROVED)}):  # fmt: skip
        approvals.clear()
        approvals.update(wrong)
        with pytest.raises(FourEyesError):
            cif.keys.rotate(actor=ONE)
    approvals.update(stood)
    data.rotations.rows[id_] = attrs.evolve(row, what="index")
    with pytest.raises(FourEyesError, match="nobody approved"):
        cif.keys.rotate(actor=ONE)
    data.rotations.rows[id_] = row
    (done,) = cif.keys.rotate(actor=ONE)
    assert done.finished_at is not None


def test_a_rotation_stands_on_the_keys_in_use(make: Callable[..., CIF], keys: LocalKeyProvider) -> None:
    cif = make(keys.renewed())
    first, second = (cif.keys.propose_rotation("index", reason="r", actor=ONE) for _ in range(2))
    cif.approvals.approve(first.id, actor=OTHER)
    cif.keys.rotate(actor=ONE)
    with pytest.raises(FourEyesError, match="what it stands on was changed"):
        cif.approvals.approve(second.id, actor=OTHER)


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
    with cif._desk.unit_of_work() as unit:
        bodies = b"\n".join(row.body for row in unit.trail.between(0, 2**63 - 1))
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
        cif.keys.rotate(actor=ONE, progress=lambda _: taken.extend(old._desk.data_keys.take(300)))
    assert [row.finished_at for row in cif.keys.rotations(actor=ONE)] == [None]
    cif.keys.rotate(actor=ONE)  # now that the other is gone
    assert [row.finished_at is None for row in cif.keys.rotations(actor=ONE)] == [False]


@pytest.mark.parametrize("what", ["index", "data", "wrapping"])
@pytest.mark.parametrize("then", ["it is over", "another has begun"])
def test_two_who_carry_on_with_one_rotation_go_on_from_what_stands(
    make: Callable[..., CIF], keys: LocalKeyProvider, steward: Actor, clock: FixedClock, what: Rotated, then: str
) -> None:
    """The one stands between two steps while the other ends it, and perhaps while a further one is begun."""
    make().close()
    provider = keys.renewed().renewed()
    one, other = make(provider), make(provider)
    numbers = [
        register(one, steward, str(100 + n), name="张伟", identifiers=None, phone=f"1540000010{n}").cif_no
        for n in range(3)
    ]
    clock.advance(timedelta(minutes=1))
    begin(one, what)
    calls: list[object] = []

    def meanwhile(row: object) -> None:
        calls.append(row)
        if len(calls) == 1:
            other.keys.rotate(actor=ONE)
            if then == "another has begun":
                begin(other, what)

    one.keys.rotate(actor=ONE, progress=meanwhile)
    one.keys.rotate(actor=ONE)
    assert all(row.finished_at is not None for row in one.keys.rotations(actor=ONE))
    for n, number in enumerate(numbers):
        found = one.customers.find(phone=f"1540000010{n}", actor=steward, purpose=Purpose.COMPLIANCE)
        assert [view.cif_no for view in found] == [number]
    assert keys_fit(one)
    assert one.audit.verify(actor=AUDITOR).damage == ()


@pytest.mark.parametrize("wrong", ["checks = '5'", "operation = 'x'", "detail = '{'"])
def test_a_rotation_whose_approval_can_not_be_read_is_not_carried_out(
    sqlite_cif: CIF, steward: Actor, tmp_path: Path, wrong: str
) -> None:
    import sqlite3

    register(sqlite_cif, steward, "1")
    begin(sqlite_cif, "data")
    with sqlite3.connect(tmp_path / "cif.db") as raw:
        raw.execute(f"UPDATE approval SET {wrong}")
    with pytest.raises(FourEyesError):
        sqlite_cif.keys.rotate(actor=ONE)


def test_factors_and_reasons_are_gone_through_to_the_last_page(
    make: Callable[..., CIF], steward: Actor, checker: Actor, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bankcif.flows import rotate

    monkeypatch.setattr(rotate, "_FACTORS_AT_ONCE", 2)
    monkeypatch.setattr(rotate, "_REASONS_AT_ONCE", 2)
    cif, keeper = make(), Actor(id="o.xia", roles={"operator_admin"})
    for n in range(5):
        cif.operators.set_password(f"t.{n}", "canary-password-0001", actor=keeper)
    numbers = [
        register(cif, steward, str(n), name="王伟", identifiers=None, phone=f"1540000020{n}").cif_no for n in range(4)
    ]
    for number in numbers[1:]:
        cif.matches.propose_merge(numbers[0], number, actor=steward, reason="r")
    clock.advance(timedelta(minutes=1))
    begin(cif, "data")
    (done,) = cif.keys.rotate(actor=ONE)
    with cif._desk.unit_of_work() as unit:
        resting = {row.key_id for row in unit.credentials.page(("", "", ""), 99)}
        resting |= {row.key_id for row in unit.reasons.page("", 99)}
    assert len(resting) == 5 + 4
    assert cif._desk.data_keys.made_before(resting, done.started_at) == set()


@settings(max_examples=60, deadline=None)
@given(what=st.sampled_from(("data", "wrapping", "index")), at=st.integers(1, 60), seed=st.integers(0, 2**16))
def test_killed_at_any_point_it_is_carried_on(tables: ReferenceTables, what: Rotated, at: int, seed: int) -> None:
    clock, keys, repository, store = FixedClock(NOW), LocalKeyProvider.generate(), MemoryRepository(), MemoryKeyStore()

    def opened(provider: LocalKeyProvider, over: Repository, key_store: KeyStore) -> CIF:
        return CIF(
            repository=over,
            tenant="t",
            keys=provider,
            key_store=key_store,
            tables=tables,
            trust=TRUST,
            clock=clock,
            policy=ageless(),
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
    fate = Fate(at)
    try:
        opened(renewed, MortalRepository(repository, fate), Mortal(store, fate)).keys.rotate(actor=ONE)
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
    elif what == "index":
        assert versions(again) == {2}
        assert stored_tags(again) == expected_tags(again)
    else:
        assert {key.kek_id for key in data_keys(store).values()} == {renewed.kek_id}
    assert keys_fit(again) > 0
    assert again.audit.verify(actor=AUDITOR).intact


def test_a_destroyed_key_opens_nothing_even_from_a_backup_of_the_data(
    tables: ReferenceTables, clock: FixedClock, keys: LocalKeyProvider, tmp_path: Path
) -> None:
    url, backup = f"sqlite:///{tmp_path / 'cif.db'}", tmp_path / "backup.db"

    def opened(path: str) -> CIF:
        return CIF.open(
            path,
            tenant="t",
            keys=keys,
            key_store=tmp_path / "keys.db",
            tables=tables,
            trust=TRUST,
            clock=clock,
            policy=ageless(),
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


def test_a_process_with_the_older_key_does_not_turn_a_rotation_back(
    make: Callable[..., CIF], keys: LocalKeyProvider
) -> None:
    renewed = keys.renewed()
    older = LocalKeyProvider(renewed._keks, keys.kek_id, renewed._index_roots)  # knows both, wraps under the first
    old, new = make(older), make(renewed)
    three(old)
    begin(new, "wrapping")
    with pytest.raises(WrongKeyError, match="approved for another"):
        old.keys.rotate(actor=ONE)
    new.keys.rotate(actor=ONE)


def test_a_rotation_of_wrapping_ends_while_one_of_index_begins(
    make: Callable[..., CIF], keys: LocalKeyProvider
) -> None:
    three(make())
    cif = make(keys.renewed())
    begin(cif, "wrapping")
    waiting = cif.keys.propose_rotation("index", reason="r", actor=ONE)
    begun: list[int] = []

    def meanwhile(row: Any) -> None:
        if not begun and row.passes:  # before the last step, which restates what the store says of itself
            cif.approvals.approve(waiting.id, actor=OTHER)
            begun.append(row.passes)

    cif.keys.rotate(actor=ONE, progress=meanwhile)
    with cif._desk.unit_of_work() as unit:
        assert (begun, unit.keys.store().index_next) == ([1], 2)
    cif.keys.rotate(actor=ONE)
    assert versions(cif) == {2}
    assert stored_tags(cif) == expected_tags(cif)
