"""Indexes that a store was founded without: a rotation brings them, while everybody goes on writing, and another takes them away."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, ageless, insides, known
from tests.flows.test_register import register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._canonical import dumps, loads
from bankcif._clock import FixedClock
from bankcif.errors import ConfigurationError, FourEyesError, InputError, WrongKeyError
from bankcif.flows import _indexes as founding
from bankcif.flows._indexes import approved_bits, bits_anew, index_plans
from bankcif.matching import FULL_TAG_INDEXES, INDEX_PARTS, SEARCH_PARTS
from bankcif.party import ReferenceTables
from bankcif.protection import IndexPlan, default_frequencies
from bankcif.storage.rows import RotationRow, StoreRow

ONE, OTHER = (known(Actor(id=name, roles={"key_custodian"})) for name in ("k.zhao", "k.qian"))
STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
AUDITOR = Actor(id="a.sun", roles={"auditor"})
NAMES = ("张伟国", "欧阳小明", "李娜静", "Anna Maria Eriksson", "王强军")
BOTH = tuple(SEARCH_PARTS)
OPTIONAL = {name for parts in SEARCH_PARTS.values() for name in parts}


@pytest.fixture
def make(tables: ReferenceTables, keys: LocalKeyProvider) -> Callable[..., CIF]:
    """Opens the same store, founded by the first."""
    repository, key_store, provider = MemoryRepository(), MemoryKeyStore(), keys.renewed()

    def opened(*name_search: str) -> CIF:
        return CIF(
            repository=repository, tenant="t", keys=provider, key_store=key_store, tables=tables, trust=TRUST, clock=FixedClock(NOW),
            policy=ageless(), name_search=name_search,
        )  # fmt: skip

    return opened


def arrive(cif: CIF, n: int) -> str:
    """Somebody comes in, and is called so."""
    name = NAMES[n % len(NAMES)]
    register(
        cif, STEWARD, str(n), name=name, phone=f"154000000{n:02}", identifiers=None, birth_date="1990-01-01", home_branch="b",
        holdings=[{"product": "card", "scheme": "card", "number": "9900880000000007"}] if n == 0 else None,
    )  # fmt: skip
    return name


def sources(cif: CIF, name: str, **beside: Any) -> set[str]:
    """Whom a search finds."""
    page = cif.customers.search(name, **(beside or {"birth_year": 1990}), actor=STEWARD, purpose=Purpose.COMPLIANCE)
    return {str(hit.view.cif_no) for hit in page.hits}


def approved(cif: CIF, **more: Any) -> None:
    proposal = cif.keys.propose_rotation("index", reason="r", actor=ONE, **more)
    cif.approvals.approve(proposal.id, actor=OTHER)


def anew(cif: CIF, progress: Callable[[RotationRow], None] | None = None, **more: Any) -> None:
    approved(cif, **more)
    cif.keys.rotate(actor=ONE, progress=progress)


def planned(cif: CIF) -> set[str]:
    with cif._desk.unit_of_work() as unit:
        return set(index_plans(unit.keys.store())[0].bits)


def test_people_are_searched_by_name_in_a_store_that_was_founded_without(
    make: Callable[..., CIF], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bankcif.flows.rotate._PARTIES_AT_ONCE", 2)
    cif = make()
    beside = make()  # another process, which was there before
    for n in range(6):
        arrive(cif, n)
    with pytest.raises(InputError, match="bankcif keys rotate index --name-search birth_year"):
        sources(cif, "张伟国")
    numbers = count(6)

    def meanwhile(row: RotationRow) -> None:
        n = next(numbers)
        arrive(beside if n % 2 else cif, n)
        (view,) = beside.customers.find(phone=f"154000000{n:02}", actor=STEWARD, purpose=Purpose.COMPLIANCE)
        assert view.cif_no

    anew(cif, meanwhile, name_search=["birth_year"])
    last = next(numbers)
    assert last > 9
    for opened in (cif, beside, make()):
        assert planned(opened) == {*INDEX_PARTS, *SEARCH_PARTS["birth_year"]}
        for at, name in enumerate(NAMES):
            assert len(sources(opened, name)) == len(range(at, last, len(NAMES))), name
        assert sources(opened, "欧阳晓明") == sources(opened, "欧阳小明")
        with pytest.raises(InputError, match="no indexes for names beside the home branch"):
            sources(opened, "张伟国", branch="b")
    assert cif.verify(actor=STEWARD).intact
    assert cif.audit.verify(actor=AUDITOR).intact


def test_what_is_not_asked_for_any_more_goes(make: Callable[..., CIF]) -> None:
    cif = make("birth_year", "home_branch")
    arrive(cif, 1)
    assert OPTIONAL & {row.index_name for row in insides(cif).indexes.rows.values()}
    beside = make()
    anew(cif, name_search=[])
    assert planned(beside) == set(INDEX_PARTS)
    assert not OPTIONAL & {row.index_name for row in insides(cif).indexes.rows.values()}
    (view,) = beside.customers.find(phone="15400000001", actor=STEWARD, purpose=Purpose.COMPLIANCE)
    assert view.cif_no


@given(st.sets(st.sampled_from(sorted(SEARCH_PARTS))), st.none() | st.sets(st.sampled_from(sorted(SEARCH_PARTS))))
@settings(max_examples=20)
def test_an_index_that_stays_keeps_its_length_and_the_others_are_planned(
    before: set[str], wanted: set[str] | None
) -> None:
    cif = CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), name_search=before, expected_customers=50_000,
    )  # fmt: skip
    with cif._desk.unit_of_work() as unit:
        store = unit.keys.store()
    had = index_plans(store)[0].bits
    odd = {name: bits - 1 for name, bits in had.items()}  # by the bank's own frequencies, which nobody kept
    gets = bits_anew(attrs.evolve(store, index_bits=dumps(odd)), wanted, None)
    kept = before if wanted is None else wanted
    assert gets.keys() == {*INDEX_PARTS, *(name for beside in kept for name in SEARCH_PARTS[beside])}
    assert all(gets[name] == odd[name] for name in gets.keys() & odd.keys())
    fresh = {name: SEARCH_PARTS[beside][name] for beside in kept for name in SEARCH_PARTS[beside] if name not in had}
    assert {name: gets[name] for name in fresh} == dict(IndexPlan.of(50_000, fresh, full=FULL_TAG_INDEXES).bits)


def test_a_rotation_brings_what_the_library_has_had_only_since(
    make: Callable[..., CIF], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(founding, "INDEX_PARTS", {k: v for k, v in INDEX_PARTS.items() if k != "holding"})
    cif = make()
    monkeypatch.undo()
    arrive(cif, 0)
    ask: dict[str, Any] = {
        "account": ("card", "9900880000000007"),
        "actor": STEWARD,
        "purpose": Purpose.COMPLIANCE,
    }
    with pytest.raises(InputError, match="bankcif keys rotate index"):
        cif.customers.find(**ask)
    anew(cif)
    assert "holding" in planned(cif)
    assert len(cif.customers.find(**ask)) == 1


@pytest.mark.parametrize(
    ("more", "error", "says"),
    [
        ({"name_search": ["sex"]}, ConfigurationError, "birth_year, home_branch, organization, and not by sex"),
        ({"name_search": ["birth_year"], "what": "data"}, InputError, "rotate that"),
        ({"frequencies": {}, "what": "wrapping"}, InputError, "rotate that"),
        ({"frequencies": {}}, ConfigurationError, "no index is new"),
    ],
)
def test_what_can_not_be_planned_is_refused_when_it_is_proposed(
    make: Callable[..., CIF], more: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        make().keys.propose_rotation(**{"what": "index", "reason": "r", "actor": ONE, **more})


def test_nobody_lengthens_tags_while_they_are_made_anew(make: Callable[..., CIF]) -> None:
    """Threat 8, of who has the database and not the keys: a process that is running looks, too."""
    cif = make()
    arrive(cif, 1)
    approved(cif, name_search=["birth_year"])
    with cif._desk.unit_of_work() as unit:
        store = unit.keys.store()
        said = loads(store.index_bits)
        assert {*said["next"]} == {*INDEX_PARTS, *SEARCH_PARTS["birth_year"]}
        said["next"]["name_year"] = 127
        unit.keys.restate(attrs.evolve(store, index_bits=dumps(said)))
        unit.commit()
    with pytest.raises(WrongKeyError, match="was changed"):
        arrive(cif, 2)
    with pytest.raises(WrongKeyError, match="was changed"):
        make()


def restated(cif: CIF, **changes: Any) -> None:
    """As who has the database could write it."""
    with cif._desk.unit_of_work() as unit:
        unit.keys.restate(attrs.evolve(unit.keys.store(), **changes))
        unit.commit()


def test_what_the_store_said_before_is_not_put_back(make: Callable[..., CIF]) -> None:
    """It bears a check that was right once; two persons agreed that names are not searched any more."""
    cif = make("birth_year")
    arrive(cif, 1)
    with cif._desk.unit_of_work() as unit:
        before = unit.keys.store()
    approved(cif, name_search=[])
    restated(cif, index_bits=before.index_bits, index_check=before.index_check)
    with pytest.raises(FourEyesError, match="not what was approved"):
        cif.keys.rotate(actor=ONE)
    restated(cif, index_next=0)
    with pytest.raises(FourEyesError, match="not what was approved"):
        cif.keys.rotate(actor=ONE)


def test_no_version_but_the_next_is_filled(make: Callable[..., CIF]) -> None:
    cif = make()
    arrive(cif, 1)
    approved(cif)
    restated(cif, index_next=7)
    with pytest.raises(WrongKeyError, match="was changed"):
        arrive(cif, 2)
    with pytest.raises(FourEyesError, match="not what was approved"):
        cif.keys.rotate(actor=ONE)


def test_what_was_proposed_before_plans_could_be_chosen_keeps_the_plan() -> None:
    store = StoreRow("s", 8, 1, 1000, 1, 0, 1, dumps({"phone": 7}), "k", b"", b"", 0)
    assert approved_bits(store, {"what": "index", "kek": "k"}) == {"phone": 7}
    assert approved_bits(store, {"bits": '{"phone":9}'}) == {"phone": 9}


def test_the_second_person_sees_what_comes_and_what_goes(make: Callable[..., CIF]) -> None:
    cif = make("birth_year")
    told = [
        cif.keys.propose_rotation("index", reason="r", actor=ONE, name_search=wanted).detail["changes"]
        for wanted in (None, ["home_branch"])
    ]
    own = {**default_frequencies(), "residue": default_frequencies()["reading"]}
    told.append(
        cif.keys.propose_rotation("index", reason="r", actor=ONE, name_search=BOTH, frequencies=own).detail["changes"]
    )
    kept, moved, more = told
    assert kept == ""
    assert [word.partition(":")[0] for word in moved.split()] == [
        "+name_branch", "+part_branch", "+sound_branch", "-name_year", "-part_year", "-sound_year",
    ]  # fmt: skip
    assert more.endswith("own frequencies")
