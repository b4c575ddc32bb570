"""Merging and unmerging: exact, n-way, at any later time; two persons for each."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, insides, known
from tests.flows.test_register import clear, register

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import FourEyesError, InputError, NotFoundOrNotAllowedError
from bankcif.flows._golden import open_golden, proposed_by
from bankcif.flows.merge import Concern
from bankcif.party import ReferenceTables

MAKER = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
CHECKER = Actor(id="s.li", roles={"steward"})
OPERATIONS = Purpose.OPERATIONS


def three(cif: CIF) -> list[str]:
    """Three parties that are not linked by themselves."""
    return [
        register(cif, MAKER, str(n), channel=channel, name=name, identifiers=None, phone=f"1540000000{n}").cif_no
        for n, (channel, name) in enumerate((("counter", "张伟"), ("card", "李娜"), ("partner", "王芳")))
    ]


def merge(cif: CIF, survivor: str, retired: str) -> None:
    proposal = cif.matches.propose_merge(survivor, retired, accept=list(Concern), actor=MAKER, reason="same person")
    cif.approvals.approve(proposal.id, actor=CHECKER)


def unmerge(cif: CIF, retired: str) -> None:
    proposal = cif.matches.propose_unmerge(retired, actor=MAKER, reason="two persons")
    cif.approvals.approve(proposal.id, actor=CHECKER)


def state(cif: CIF) -> dict[str, Any]:
    """Everything that a merge may touch and an unmerge must give back; versions and times only ever grow."""
    with cif._desk.unit_of_work() as unit:
        links = {(link.source, link.source_key): (link.home, link.cif_no) for link in unit.crosswalk.all_current()}
        homes = sorted({home for home, _ in links.values()})
        parties = {
            cif_no: row._replace(version=0, digest=b"", updated_at=0) for cif_no, row in unit.parties.get(homes).items()
        }
        golden = {
            c: open_golden(cif._desk, unit, row) for c, row in unit.parties.get(homes).items() if not row.merged_into
        }
        facts = {c: row.values for c, row in unit.copies.facts(list(golden)).items()}
        tags = sorted((r.tag, r.source, r.source_key, r.cif_no) for r in unit.indexes.find(_all_tags(cif)))
    waiting = sorted(
        (*one.subjects, one.detail["field"], *proposed_by(one).place, one.maker, *one.base.values())
        for one in cif.approvals.waiting(actor=MAKER, purpose=OPERATIONS)
    )
    with cif._desk.unit_of_work() as unit:
        tasks = [
            attrs.evolve(task, version=0, reason=None if task.state == "merged" else task.reason)
            for task in unit.work.tasks()
        ]
        apart = unit.crosswalk.not_matches(homes)
    return {
        "links": links, "parties": parties, "golden": golden, "facts": facts, "tags": tags, "waiting": waiting,
        "tasks": tasks, "apart": apart,
    }  # fmt: skip


def _all_tags(cif: CIF) -> list[bytes]:
    return [key[0] for key in insides(cif).indexes.rows]


def test_after_a_merge_every_number_and_key_gives_the_survivor(cif: CIF) -> None:
    a, b, _ = three(cif)
    merge(cif, a, b)
    for cif_no in (a, b):
        assert cif.customers.get(cif_no, actor=MAKER, purpose=Purpose.COMPLIANCE).cif_no == a
    found = cif.customers.find(phone="15400000001", actor=MAKER, purpose=Purpose.COMPLIANCE)
    assert [view.cif_no for view in found] == [a]
    assert register(cif, MAKER, "1", channel="card", name="李娜", identifiers=None, email="l@example.com").cif_no == a


def test_an_unmerge_gives_back_exactly_what_was(cif: CIF) -> None:
    a, b, _ = three(cif)
    before = state(cif)
    merge(cif, a, b)
    assert state(cif) != before
    unmerge(cif, b)
    assert state(cif) == before


@given(st.integers(0, 10**9))
def test_any_history_of_merges_and_unmerges_ends_where_it_began(tables: ReferenceTables, seed: int) -> None:
    rng = Random(seed)
    cif = CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(),
        tables=tables, trust=TRUST, clock=FixedClock(NOW),
    )  # fmt: skip
    names = ("张伟", "張偉", "王芳", "章炜", "陈静")
    parties = [
        register(cif, MAKER, str(n), channel=rng.choice(("counter", "card", "partner")), name=name, identifiers=None,
                 phone=f"1540000000{rng.randrange(3)}", holdings=[{"product": "card", "scheme": "card", "number": "9900880000000007"}] if n % 2 else None,
                 ).cif_no
        for n, name in enumerate(names)
    ]  # fmt: skip
    for one, other in rng.sample([(a, b) for a in parties for b in parties if a < b], 2):
        cif.matches.not_a_match(one, other, actor=MAKER, reason="two")
    before = state(cif)
    into: dict[str, str] = {}
    seen = {frozenset(into.items()): before}
    for _ in range(rng.randrange(1, 9)):
        if into and rng.random() < 0.4:
            retired = rng.choice(sorted(into))
            unmerge(cif, retired)
            del into[retired]
        else:
            roots = [p for p in parties if p not in into]
            if len(roots) < 2:
                continue
            survivor, retired = rng.sample(roots, 2)
            try:
                merge(cif, survivor, retired)
            except InputError as error:
                assert error.rule == "not_a_match"  # noqa: PT017 (some histories hit a pair that is kept apart)
                continue
            into[retired] = survivor
        now = state(cif)
        # The same set of merges is the same state, by whatever way it was reached.
        assert seen.setdefault(frozenset(into.items()), now) == now
    for retired in sorted(into, key=lambda _: rng.random()):
        unmerge(cif, retired)
    assert state(cif) == before
    assert cif.audit.verify(actor=MAKER).intact


def test_records_that_came_after_a_merge_stay_with_the_survivor(cif: CIF) -> None:
    a, b, _ = three(cif)
    merge(cif, a, b)
    later = register(cif, MAKER, "7", channel="counter", name="张伟", identifiers=None, phone="15400000000")
    merge(cif, a, later.cif_no)
    unmerge(cif, b)
    assert cif.customers.get(later.cif_no, actor=MAKER, purpose=Purpose.COMPLIANCE).cif_no == a
    assert clear(cif, MAKER, b, "name")["name"] == "李娜"


def test_nobody_decides_their_own_proposal(cif: CIF) -> None:
    a, b, _ = three(cif)
    proposal = cif.matches.propose_merge(a, b, actor=MAKER, reason="same")
    with pytest.raises(FourEyesError, match="two different people"):
        cif.approvals.approve(proposal.id, actor=MAKER)
    second_self = Actor(id="s.wu2", roles=ALL_ROLES, person="s.wu")
    with pytest.raises(FourEyesError, match="two different people"):
        cif.approvals.approve(proposal.id, actor=second_self)


def test_a_proposal_is_decided_once(cif: CIF) -> None:
    a, b, _ = three(cif)
    proposal = cif.matches.propose_merge(a, b, actor=MAKER, reason="same")
    cif.approvals.reject(proposal.id, actor=CHECKER)
    with pytest.raises(FourEyesError, match="rejected before"):
        cif.approvals.approve(proposal.id, actor=CHECKER)


def test_a_proposal_whose_ground_has_shifted_is_not_carried_out(cif: CIF) -> None:
    a, b, _ = three(cif)
    proposal = cif.matches.propose_merge(a, b, actor=MAKER, reason="same")
    register(cif, MAKER, "0", channel="counter", name="张伟", identifiers=None, phone="15499999999")
    with pytest.raises(FourEyesError, match="changed since"):
        cif.approvals.approve(proposal.id, actor=CHECKER)


def test_a_proposal_expires(cif: CIF, clock: FixedClock) -> None:
    from datetime import timedelta

    a, b, _ = three(cif)
    proposal = cif.matches.propose_merge(a, b, actor=MAKER, reason="same")
    clock.advance(timedelta(days=31))
    with pytest.raises(FourEyesError, match="expired"):
        cif.approvals.approve(proposal.id, actor=CHECKER)


def test_who_is_kept_apart_is_neither_asked_about_nor_merged(cif: CIF) -> None:
    first = register(cif, MAKER, "1")
    second = register(cif, MAKER, "2", identifiers=None)
    assert len(cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)) == 1
    cif.matches.not_a_match(first.cif_no, second.cif_no, actor=MAKER, reason="father and son")
    assert not cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)
    with pytest.raises(InputError, match="not to be a match"):
        cif.matches.propose_merge(first.cif_no, second.cif_no, actor=MAKER, reason="same")
    register(cif, MAKER, "2", identifiers=None, occupation="4")
    assert not cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)


def test_a_pair_kept_apart_is_asked_about_anew_once_evidence_changes(cif: CIF) -> None:
    first = register(cif, MAKER, "1")
    second = register(cif, MAKER, "2", identifiers=None)
    (before,) = cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)
    cif.matches.not_a_match(first.cif_no, second.cif_no, actor=MAKER, reason="father and son")
    register(cif, MAKER, "2", identifiers=None, birth_date="1990-03-07")
    (task,) = cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)
    assert (task.id, task.state, task.weight_millibits > before.weight_millibits) == (before.id, "open", True)
    merge(cif, first.cif_no, second.cif_no)
    assert not cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)


def test_a_merge_is_no_evidence_and_opens_nothing_that_was_kept_apart(cif: CIF) -> None:
    a, b, c = three(cif)
    cif.matches.not_a_match(a, c, actor=MAKER, reason="two")
    merge(cif, a, b)
    with pytest.raises(InputError, match="not to be a match"):
        cif.matches.propose_merge(a, c, actor=MAKER, reason="same")
    unmerge(cif, b)
    with pytest.raises(InputError, match="not to be a match"):
        cif.matches.propose_merge(a, c, actor=MAKER, reason="same")


def test_an_unmerge_gives_back_the_tasks_of_everybody_concerned(cif: CIF) -> None:
    """Three leads who share a phone: three questions, of which a merge answers one, and another merge the rest."""
    numbers = [
        register(cif, MAKER, str(n), channel=channel, name=name, identifiers=None).cif_no
        for n, (channel, name) in enumerate((("counter", "张伟国"), ("card", "張偉國"), ("partner", "章炜国")))
    ]
    asked = {task.id for task in cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)}
    assert len(asked) == 3
    before = state(cif)
    merge(cif, numbers[0], numbers[1])
    assert len(cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)) == 2
    merge(cif, numbers[0], numbers[2])
    assert cif.matches.tasks(actor=MAKER, purpose=OPERATIONS) == []
    unmerge(cif, numbers[1])
    unmerge(cif, numbers[2])
    assert {task.id for task in cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)} == asked
    assert state(cif) == before


def test_being_kept_apart_holds_for_those_merged_into_either(cif: CIF) -> None:
    a, b, c = three(cif)
    cif.matches.not_a_match(b, c, actor=MAKER, reason="two")
    merge(cif, a, b)
    with pytest.raises(InputError, match="not to be a match"):
        cif.matches.propose_merge(a, c, actor=MAKER, reason="same")


def test_a_merge_closes_its_task(cif: CIF) -> None:
    first = register(cif, MAKER, "1")
    second = register(cif, MAKER, "2", identifiers=None)
    merge(cif, first.cif_no, second.cif_no)
    assert not cif.matches.tasks(actor=MAKER, purpose=OPERATIONS)


def test_what_cannot_be_merged_is_refused(cif: CIF) -> None:
    a, b, c = three(cif)
    merge(cif, a, b)
    for survivor, retired in ((a, a), (a, b), (b, c)):
        with pytest.raises(InputError):
            cif.matches.propose_merge(survivor, retired, actor=MAKER, reason="same")
    with pytest.raises(InputError):
        cif.matches.propose_unmerge(a, actor=MAKER, reason="never was")
    with pytest.raises(InputError):
        cif.matches.propose_merge(a, c, actor=MAKER, reason=" ")
    with pytest.raises(InputError):
        cif.matches.propose_merge(a, c, actor=MAKER, reason="same\ud800")
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.matches.propose_merge(a, "C0", actor=MAKER, reason="same")
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.matches.propose_merge(a, c, actor=Actor(id="t", roles={"teller"}), reason="same")
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.approvals.approve("nothing", actor=CHECKER)


def test_the_log_of_a_retired_customer_is_found_under_the_survivor(cif: CIF) -> None:
    a, b, _ = three(cif)
    merge(cif, a, b)
    actions = [one.action for one in cif.audit.who(b, actor=MAKER)]
    assert actions.count("register") == 2
    assert "merge" in actions


def test_what_was_merged_into_a_retired_party_does_not_stay_with_it(cif: CIF) -> None:
    # b says where it works; it goes into a, a into c, and both come back.
    a = register(cif, MAKER, "a", name="张伟", identifiers=None, phone="15400000001").cif_no
    b = register(
        cif, MAKER, "b", channel="card", name="李娜", identifiers=None, phone="15400000002", employer="星河科技"
    ).cif_no
    c = register(cif, MAKER, "c", channel="partner", name="王芳", identifiers=None, phone="15400000003").cif_no
    merge(cif, a, b)
    merge(cif, c, a)
    unmerge(cif, b)
    unmerge(cif, a)
    assert clear(cif, MAKER, a, "name", "employer") == {"name": "张伟", "employer": None}
    assert clear(cif, MAKER, b, "employer") == {"employer": "星河科技"}
    assert clear(cif, MAKER, c, "employer") == {"employer": None}


def test_a_survivor_is_registered_again_under_the_number_of_whom_it_took_in(cif: CIF) -> None:
    """The claim on the number stays with the retired party, which gets it back when it is unmerged."""
    one = register(cif, MAKER, "K0").cif_no
    other = register(cif, MAKER, "K2", name="李四", identifiers=None, phone="15499999999").cif_no
    merge(cif, other, one)
    again = register(cif, MAKER, "K0", phone="15488888888")
    assert again.cif_no == other


def test_a_number_that_came_while_merged_refuses_nobody_after_the_unmerge(cif: CIF) -> None:
    """Whoever claimed the number then has no record of it any more: the claim goes to who brings it."""
    one = register(cif, MAKER, "K0", name="李四", identifiers=None, phone="15499999999").cif_no
    other = register(cif, MAKER, "K2", name="王五", identifiers=None, phone="15488888888").cif_no
    merge(cif, other, one)
    assert register(cif, MAKER, "K0", name="李四", phone="15499999999").cif_no == other  # brings the number
    unmerge(cif, one)
    assert register(cif, MAKER, "K0", name="李四", phone="15477777777").cif_no == one
    assert register(cif, CHECKER, "K9", channel="card", name="李四", phone="15466666666").cif_no == one


@pytest.mark.parametrize("delivered", [1, 60])
def test_however_many_share_a_number_nobody_is_refused(cif: CIF, delivered: int) -> None:
    """More than a new one is compared with."""
    names = [a + b for a in "赵钱孙李周吴郑王" for b in "一二三四五六七八"]
    for n, name in enumerate(names[:delivered]):
        register(cif, MAKER, f"S{n}", name=name, phone=f"1540001{n:04}")
    assert register(cif, MAKER, "last", name="冯甲", phone="15400019999").cif_no
    assert register(cif, MAKER, "last", name="冯甲", phone="15400018888").cif_no


def test_two_numbers_of_one_customer_are_not_kept_apart(cif: CIF, steward: Actor, checker: Actor) -> None:
    one = register(cif, steward, "1").cif_no
    other = register(cif, steward, "2", identifiers=None, phone="15499999999", name="李四").cif_no
    with pytest.raises(InputError, match="they are one customer"):
        cif.matches.not_a_match(one, one, actor=steward, reason="not so")
    proposal = cif.matches.propose_merge(one, other, actor=steward, reason="same")
    cif.approvals.approve(proposal.id, actor=checker)
    with pytest.raises(InputError, match="they are one customer"):
        cif.matches.not_a_match(one, other, actor=steward, reason="not so")
