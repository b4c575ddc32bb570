"""Overriding: a person's decision above what sources say, what ends it, and golden records made anew by other rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.conftest import NOW, TRUST, known
from tests.flows.test_merge import CHECKER, MAKER, merge, state, unmerge
from tests.flows.test_register import clear, register

from bankcif import (
    CIF,
    Actor,
    Decay,
    LocalKeyProvider,
    MemoryKeyStore,
    MemoryRepository,
    Purpose,
    Release,
    SurvivorshipRules,
    Terms,
)
from bankcif._clock import FixedClock
from bankcif.errors import ConfigurationError, InputError, IntakeError, NotFoundOrNotAllowedError
from bankcif.merging import FieldRule, Strategy
from bankcif.party import ReferenceTables
from bankcif.storage.sql import SqlRepository

OPERATIONS = Purpose.OPERATIONS


def put(cif: CIF, cif_no: str, actor: Actor = MAKER, **more: Any) -> Any:
    values = more.pop("values", {"former_name": "张定"})
    return cif.customers.override(
        cif_no, values, **{"reason": "said so on the phone", "actor": actor, "purpose": OPERATIONS, **more}
    )


def former(cif: CIF, cif_no: str) -> Any:
    return clear(cif, MAKER, cif_no, "former_name")["former_name"]


@pytest.fixture
def cif_no(cif: CIF) -> str:
    return str(register(cif, MAKER, "1", former_name="张言").cif_no)


def test_what_a_person_decides_stands_above_sources(cif: CIF, cif_no: str) -> None:
    done = put(cif, cif_no)
    assert (done.changed, done.proposed) == (("former_name",), ())
    assert former(cif, cif_no) == "张定"
    # The same source saying the same again, or the like of what was decided, changes nothing.
    register(cif, MAKER, "1", former_name="张言", phone="15400000009")
    assert former(cif, cif_no) == "张定"
    assert cif.audit.verify(actor=MAKER).intact


def test_it_ends_once_sources_say_something_new(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    put(cif, cif_no)
    clock.advance(timedelta(seconds=1))
    register(cif, MAKER, "1", former_name="张新")
    assert former(cif, cif_no) == "张新"


def test_it_ends_on_its_day_when_golden_records_are_made_anew(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    put(cif, cif_no, release=Release.EXPIRY, until=NOW.date() + timedelta(days=3))
    clock.advance(timedelta(seconds=1))
    register(cif, MAKER, "1", former_name="张新")
    assert cif.customers.rebuild(actor=MAKER) == 0
    assert former(cif, cif_no) == "张定"
    clock.advance(timedelta(days=4))
    later = known(MAKER, clock.now())
    assert cif.customers.rebuild(actor=later) == 1
    assert clear(cif, later, cif_no, "former_name") == {"former_name": "张新"}
    assert cif.customers.rebuild(actor=later) == 0
    assert [one.rule for one in cif.audit.who(cif_no, actor=later) if one.action == "rebuild"] == ["rules:standard"]
    assert cif.audit.verify(actor=later).intact


def test_it_is_ended_by_hand(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    with pytest.raises(InputError, match="no override"):
        cif.customers.end_override(cif_no, "former_name", reason="r", actor=MAKER, purpose=OPERATIONS)
    put(cif, cif_no)
    clock.advance(timedelta(seconds=1))
    done = cif.customers.end_override(cif_no, "former_name", reason="mistaken", actor=MAKER, purpose=OPERATIONS)
    assert done.changed == ("former_name",)
    assert former(cif, cif_no) == "张言"
    with pytest.raises(InputError, match="no override"):
        cif.customers.end_override(cif_no, "former_name", reason="r", actor=MAKER, purpose=OPERATIONS)
    put(cif, cif_no, values={"former_name": "张又"})
    assert former(cif, cif_no) == "张又"


def test_a_protected_value_waits_for_a_second_person(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    done = put(cif, cif_no, values={"phone": "15477777777"})
    assert (done.changed, done.proposed) == ((), ("phone",))
    assert clear(cif, MAKER, cif_no, "phone")["phone"] == "+8615412345678"
    (waiting,) = cif.approvals.waiting(actor=CHECKER, purpose=OPERATIONS)
    clock.advance(timedelta(seconds=1))
    cif.approvals.approve(waiting.id, actor=CHECKER)
    assert clear(cif, MAKER, cif_no, "phone")["phone"] == "+8615477777777"
    found = cif.customers.find(phone="15477777777", actor=MAKER, purpose=Purpose.COMPLIANCE)
    assert [view.cif_no for view in found] == [cif_no]
    with pytest.raises(InputError, match="two persons"):
        cif.customers.end_override(cif_no, "phone", reason="r", actor=MAKER, purpose=OPERATIONS)


def test_it_goes_with_a_merge_and_comes_back(cif: CIF, cif_no: str) -> None:
    other = register(cif, MAKER, "2", name="李娜", identifiers=None, phone="15400000002", former_name="李原").cif_no
    put(cif, other)
    before = state(cif)
    merge(cif, cif_no, other)
    assert former(cif, cif_no) == "张定"
    unmerge(cif, other)
    assert state(cif) == before
    assert (former(cif, cif_no), former(cif, other)) == ("张言", "张定")


@pytest.mark.parametrize(
    ("more", "error", "problem"),
    [
        ({"values": {}}, InputError, "name one"),
        ({"values": {"nothing": 1}}, NotFoundOrNotAllowedError, "no such"),
        ({"values": {"holdings": []}}, InputError, "one value"),
        ({"values": {"email": "no address"}}, IntakeError, "email"),
        ({"values": {"former_name": " "}}, InputError, "has a value"),
        ({"release": Release.EXPIRY}, InputError, "last day"),
        ({"release": "never"}, InputError, "ends by"),
        ({"until": date(2020, 1, 1)}, InputError, "last day"),
        ({"reason": " "}, InputError, "reason"),
        ({"actor": Actor(id="t", roles={"teller"}, branch="b")}, NotFoundOrNotAllowedError, "no such"),
    ],
)
def test_what_is_no_override_is_refused_and_leaves_nothing(
    cif: CIF, cif_no: str, more: dict[str, Any], error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        put(cif, cif_no, **more)
    assert former(cif, cif_no) == "张言"
    with pytest.raises(NotFoundOrNotAllowedError):
        put(cif, "C0")


def test_nobody_delivers_under_a_name_of_the_library_s_own(cif: CIF) -> None:
    with pytest.raises(ConfigurationError, match="library's own"):
        register(cif, MAKER, "1", channel="bankcif.override")


def test_why_it_was_done_goes_when_the_customer_is_erased(cif: CIF, cif_no: str) -> None:
    put(cif, cif_no)
    with cif._desk.unit_of_work() as unit:
        (words,) = unit.reasons.of([cif_no])
        assert words.about.startswith("override:")


def opened(tables: ReferenceTables, repository: Any, keys: Any, key_store: Any, clock: FixedClock, **more: Any) -> CIF:
    return CIF(
        repository=repository, tenant="t", keys=keys, key_store=key_store, tables=tables, clock=clock,
        **{"trust": TRUST, **more},
    )  # fmt: skip


def test_other_rules_make_other_golden_records_and_none_is_half_old(tables: ReferenceTables, tmp_path: Any) -> None:
    clock, keys, key_store = FixedClock(NOW), LocalKeyProvider.generate(), MemoryKeyStore()
    repository = SqlRepository.open(f"sqlite:///{tmp_path / 'cif.db'}", "t", create=True)
    parts = (tables, repository, keys, key_store, clock)
    cif = opened(*parts)
    for n, (source, address, post) in enumerate((("counter", "张甲", "4"), ("card", "张乙", "6"))):
        cif_no = register(cif, MAKER, str(n), channel=source, former_name=address, occupation=post).cif_no
    stood = clear(cif, MAKER, cif_no, "former_name", "occupation")
    rules = SurvivorshipRules(
        version="2", fields={"former_name": FieldRule(strategy=Strategy.SOURCE_ORDER, sources=("card", "counter"))}
    )
    again = opened(*parts, survivorship=rules)
    # Touching one customer in another matter brings all of them up to the rules, and leaves no mixture.
    register(again, MAKER, "0", channel="counter", former_name="张甲", occupation="4", phone="15400000001")
    assert clear(again, MAKER, cif_no, "former_name", "occupation") == {**stood, "former_name": "张乙"}
    assert again.audit.verify(actor=MAKER).intact
    back = opened(*parts)
    assert back.customers.rebuild(actor=MAKER) == 1
    assert clear(back, MAKER, cif_no, "former_name", "occupation") == stood
    assert back.audit.verify(actor=MAKER).intact


def test_trust_that_decays_is_kept_with_the_record(tables: ReferenceTables) -> None:
    fading = Terms(trust=90, decay={"*": Decay(days=30)})
    cif = opened(tables, MemoryRepository(), LocalKeyProvider.generate(), MemoryKeyStore(), FixedClock(NOW),
                 trust={"old": fading, "new": Terms(trust=50)})  # fmt: skip

    def said(key: str, channel: str, address: str, days: int) -> str:
        from tests.flows.test_register import form

        done = cif.customers.register(
            form(former_name=address), channel=channel, source_key=key, actor=MAKER, occasion="lead",
            business_time=NOW - timedelta(days=days),
        )  # fmt: skip
        return done.cif_no

    cif_no = said("1", "old", "张甲", 20)
    said("2", "new", "张乙", 19)
    assert former(cif, cif_no) == "张甲"
    said("2", "new", "张丙", 1)
    assert former(cif, cif_no) == "张丙"
