"""A whole store verified: what is in order is told so on every database, each kind of damage is found, and the index is made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_register import register
from tests.storage.servers import NAMES

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import NotFoundOrNotAllowedError
from bankcif.flows.merge import Concern
from bankcif.party import CifNo, ReferenceTables, SourceKey
from bankcif.storage.sql import SqlRepository
from bankcif.testing import synthetic_tables

KEEPER = known(Actor(id="s.wu", roles=frozenset({*ALL_ROLES, "key_custodian", "privacy_officer"}), branch="b"))
SECOND = attrs.evolve(KEEPER, id="s.li", person="s.li")
AUDITOR = known(Actor(id="a.qian", roles=frozenset({"auditor"}), branch="b"))
BACKENDS = ["memory", "sqlite", *(pytest.param(name, marks=pytest.mark.server) for name in NAMES)]


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tables: ReferenceTables, tmp_path: Path) -> Iterator[CIF]:
    """A store with customers of every kind: alone, delivered twice, merged, restricted, and who may be one."""
    tenant = uuid4().hex
    if request.param == "memory":
        repository: Any = MemoryRepository()
    elif request.param == "sqlite":
        repository = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", tenant, create=True)
    else:
        repository = SqlRepository.open(request.getfixturevalue(f"{request.param}_url"), tenant, create=True)
    with opened(repository, tenant, tables) as cif:
        yield peopled(cif)


def opened(repository: Any, tenant: str, tables: ReferenceTables, keys: LocalKeyProvider | None = None) -> CIF:
    return CIF(
        repository=repository, tenant=tenant, keys=keys or LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables,
        trust=TRUST, clock=FixedClock(NOW),
    )  # fmt: skip


def peopled(cif: CIF) -> CIF:
    numbers = [
        register(cif, KEEPER, f"K{n}", name=name, identifiers=None, phone=f"154999900{n:02}").cif_no
        for n, name in enumerate("张一 李二 王三 赵四".split())
    ]
    register(cif, KEEPER, "K0", name="张一", identifiers=None, phone="15499990077")
    register(cif, KEEPER, "T1", name="钱七", identifiers=None, phone="15499990088")
    register(cif, KEEPER, "T2", name="钱七", identifiers=None, phone="15499990088")
    register(cif, KEEPER, "I1")
    proposed = cif.matches.propose_merge(numbers[1], numbers[2], accept=list(Concern), actor=KEEPER, reason="r")
    cif.approvals.approve(proposed.id, actor=SECOND)
    cif.erasures.restrict(numbers[3], reason="r", actor=KEEPER)
    return cif


def verified(cif: CIF) -> Any:
    return cif.verify(actor=KEEPER)


def rebuilt(cif: CIF) -> Any:
    return cif.keys.rebuild_index(actor=KEEPER)


def tags(cif: CIF) -> list[Any]:
    with cif._repository.unit_of_work() as unit:
        return list(unit.indexes.page((b"", "", "", -1, "", -1), 999))


def test_a_store_in_order_is_told_so(store: CIF) -> None:
    report = verified(store)
    assert report.intact
    assert (report.customers, report.records, report.counts, report.mended) == (7, 8, {}, 0)
    assert report.tags == len(tags(store))
    assert report.keys >= report.records
    assert report.log.customers == 7
    line = store.audit.deeds(KEEPER.id, actor=KEEPER)[-1]
    assert (line.action, line.rule) == ("verify_store", "intact")


def test_missing_wrong_and_stray_tags_are_found_and_made_anew(store: CIF) -> None:
    before = tags(store)
    lost, moved, other = before[0], before[3], before[-1]
    stray = other._replace(tag=b"\x01" * 16, index_name="phone")
    nobodys = other._replace(source_key="nobody")
    with store._repository.unit_of_work() as unit:
        unit.indexes.remove([lost])
        unit.indexes.move([moved], CifNo("C" + "9" * 16))
        unit.indexes.add([stray, nobodys])
        unit.commit()
    report = verified(store)
    assert not report.intact
    assert report.counts == {"tag_missing": 1, "tag_stray": 2, "tag_wrong": 1}
    assert {(one.cif_no, one.rule) for one in report.findings} == {
        (lost.cif_no, "tag_missing"), (moved.cif_no, "tag_wrong"), (other.cif_no, "tag_stray"),
    }  # fmt: skip
    assert len(tags(store)) == len(before) + 1, "looking changes nothing"
    report = rebuilt(store)
    assert report.intact
    assert (report.mended, report.log) == (4, None)
    assert tags(store) == before
    assert verified(store).counts == {}


def test_an_index_that_is_gone_is_made_anew_and_customers_are_found_again(store: CIF) -> None:
    before = tags(store)
    find = {"phone": "15499990077", "actor": KEEPER, "purpose": Purpose.OPERATIONS}
    wanted = [view.cif_no for view in store.customers.find(**find)]
    with store._repository.unit_of_work() as unit:
        unit.indexes.drop_version(1, b"", 10_000)
        unit.claims.drop_version(1, 10_000)
        unit.commit()
    assert store.customers.find(**find) == []
    assert verified(store).counts == {"tag_missing": len(before)}
    assert rebuilt(store).intact
    assert tags(store) == before
    assert [view.cif_no for view in store.customers.find(**find)] == wanted
    assert register(store, KEEPER, "again").outcome == "linked", "the claim on the number is there, too"


def test_records_that_do_not_open_and_links_that_lead_nowhere_are_found(store: CIF) -> None:
    with store._repository.unit_of_work() as unit:
        link = unit.crosswalk.current([SourceKey("counter", "T1")])[SourceKey("counter", "T1")]
        rows = {row.source_key: row for _, row in unit.sources.of_parties([link.cif_no])}
        sealed = rows["T1"].sealed
        broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
        unit.sources.reseal({rows["T1"].key_id: attrs.evolve(rows["T1"], sealed=broken)})
        unit.erasure.links([SourceKey("counter", "I1")])
        unit.erasure.records([("counter", "K1", 0)])
        unit.commit()
    report = verified(store)
    assert not report.intact
    strays = sum(row.source_key in ("I1", "K1") for row in tags(store))
    assert report.counts == {
        "link_without_record": 1, "record_sealed": 1, "record_without_link": 1, "tag_stray": strays,
    }  # fmt: skip
    assert report.log.damage, "the log tells that the customers are not as it left them"


def test_a_rotation_that_is_under_way_is_no_damage(
    tables: ReferenceTables, keys: LocalKeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bankcif.flows import rotate as flow

    monkeypatch.setattr(flow, "_PARTIES_AT_ONCE", 2)
    cif = peopled(opened(MemoryRepository(), "t", tables, keys.renewed()))
    proposed = cif.keys.propose_rotation("index", reason="r", actor=KEEPER)
    cif.approvals.approve(proposed.id, actor=SECOND)
    seen = []

    def meanwhile(_row: object) -> None:
        assert verified(cif).intact
        seen.append(len(tags(cif)))

    cif.keys.rotate(actor=KEEPER, progress=meanwhile)
    assert len(set(seen)) > 3, "it was looked at while a second version was filled, and when it was dropped"
    assert verified(cif).intact


def test_who_audits_may_look_and_only_who_keeps_the_keys_may_rebuild(store: CIF) -> None:
    assert store.verify(actor=AUDITOR).intact
    with pytest.raises(NotFoundOrNotAllowedError):
        store.keys.rebuild_index(actor=AUDITOR)
    teller = known(Actor(id="t", roles=frozenset({"teller"}), branch="b"))
    with pytest.raises(NotFoundOrNotAllowedError):
        store.verify(actor=teller)


TABLES = synthetic_tables()


@settings(max_examples=25)
@given(st.data())
def test_whatever_is_lost_of_the_index_comes_back(data: st.DataObject) -> None:
    """The law: rebuilding gives the index that writing gave, whatever rows were lost, moved or added."""
    with peopled(opened(MemoryRepository(), "t", TABLES)) as cif:
        before = tags(cif)
        lost = data.draw(st.lists(st.sampled_from(before), unique=True))
        moved = data.draw(st.lists(st.sampled_from(before), unique=True))
        strays = [
            row._replace(tag=bytes([number]) * 16)
            for number, row in enumerate(data.draw(st.lists(st.sampled_from(before), unique=True)), start=1)
        ]
        with cif._repository.unit_of_work() as unit:
            unit.indexes.move([row for row in moved if row not in lost], CifNo("C" + "9" * 16))
            unit.indexes.remove(lost)
            unit.indexes.add(strays)
            unit.commit()
        rebuilt(cif)
        assert tags(cif) == before
        assert verified(cif).intact
