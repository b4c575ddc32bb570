"""Maker and checker: whatever is tried, in whatever order, nothing is executed without enough different people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from bankcif import Actor
from bankcif.approval import (
    OPEN,
    Approval,
    ApprovalState,
    Check,
    Operation,
    decide,
    execute,
    expire,
    propose,
    stands,
    withdraw,
)
from bankcif.errors import FourEyesError

MAKER = Actor(id="m", person="M")
ONE, TWO, THREE = (Actor(id=name, person=name.upper()) for name in ("a", "b", "c"))
GROUND = {"C1": "1", "C2": "4"}


def made(maker: Actor = MAKER, expires_at: int = 100) -> Approval:
    return propose(
        id="p1", operation=Operation.MERGE, subjects=("C1", "C2"), detail={"reason": "same"}, base=GROUND, maker=maker,
        expires_at=expires_at,
    )  # fmt: skip


def approved(**more: Any) -> Approval:
    return decide(made(), **{"checker": ONE, "approve": True, "ground": GROUND, "now": 5, **more})


def test_two_people_make_one_decision_that_is_carried_out_once() -> None:
    done = approved()
    assert (done.state, done.checks) == (ApprovalState.APPROVED, (Check(actor="a", person="A", at=5),))
    ended = execute(done, ground=GROUND, now=6)
    assert (ended.state, ended.checker) == (ApprovalState.EXECUTED, "a")
    with pytest.raises(FourEyesError, match="executed, not approved"):
        execute(ended, ground=GROUND, now=7)


def test_it_may_take_more_people_each_of_them_once() -> None:
    first = approved(persons=3)
    assert first.state is ApprovalState.PROPOSED
    with pytest.raises(FourEyesError, match="not approved"):
        execute(first, ground=GROUND, now=6)
    with pytest.raises(FourEyesError, match="different people"):
        decide(first, checker=ONE, approve=True, ground=GROUND, now=6, persons=3)
    second = decide(first, checker=TWO, approve=True, ground=GROUND, now=6, persons=3)
    assert second.state is ApprovalState.APPROVED
    assert [check.actor for check in second.checks] == ["a", "b"]
    assert decide(first, checker=TWO, approve=False, ground=GROUND, now=6, persons=3).state is ApprovalState.REJECTED


@pytest.mark.parametrize("persons", [0, 1, -5])
def test_one_person_is_never_enough(persons: int) -> None:
    assert made().state is ApprovalState.PROPOSED
    assert approved(persons=persons).state is ApprovalState.APPROVED
    with pytest.raises(FourEyesError):
        approved(checker=MAKER, persons=persons)


@pytest.mark.parametrize(
    ("maker", "checker"),
    [
        (MAKER, MAKER),
        (MAKER, Actor(id="m2", person="M")),
        (MAKER, Actor(id="m", person="N")),
        (MAKER, Actor(id="a", person="A", on_behalf_of="M")),
        (Actor(id="m", person="M", on_behalf_of="A"), ONE),
        (Actor(id="m", person="M", on_behalf_of="X"), Actor(id="a", person="A", on_behalf_of="X")),
    ],
    ids=["the maker", "their other id", "their id", "for the maker", "for whom it was made", "one authority twice"],
)
def test_a_checker_shares_neither_person_nor_authority_with_the_maker(maker: Actor, checker: Actor) -> None:
    for approve in (True, False):
        with pytest.raises(FourEyesError, match="two different people"):
            decide(made(maker), checker=checker, approve=approve, ground=GROUND, now=5)


def test_nor_with_another_checker() -> None:
    first = approved(persons=3, checker=Actor(id="a", person="A", on_behalf_of="X"))
    for other in (Actor(id="b", person="X"), Actor(id="b", person="B", on_behalf_of="A"), Actor(id="a2", person="A")):
        with pytest.raises(FourEyesError, match="two different people"):
            decide(first, checker=other, approve=True, ground=GROUND, now=6, persons=3)


CHANGED: dict[str, Callable[[Approval], Approval]] = {
    "subjects": lambda a: attrs.evolve(a, subjects=("C1", "C9")),
    "order of subjects": lambda a: attrs.evolve(a, subjects=("C2", "C1")),
    "detail": lambda a: attrs.evolve(a, detail={"reason": "other"}),
    "base": lambda a: attrs.evolve(a, base={"C1": "2", "C2": "4"}),
    "operation": lambda a: attrs.evolve(a, operation=Operation.UNMERGE),
    "maker": lambda a: attrs.evolve(a, maker="x"),
    "maker's person": lambda a: attrs.evolve(a, maker_person="X"),
    "on whose behalf": lambda a: attrs.evolve(a, maker_behalf="X"),
    "term": lambda a: attrs.evolve(a, expires_at=999),
    "id": lambda a: attrs.evolve(a, id="p2"),
    "digest": lambda a: attrs.evolve(a, digest=bytes(32)),
}


@pytest.mark.parametrize("what", sorted(CHANGED))
def test_what_was_edited_after_it_was_proposed_or_approved_is_not_carried_out(what: str) -> None:
    """Threat 11: whoever can write the table edits a proposal that others read, or have approved."""
    with pytest.raises(FourEyesError, match="digest does not match"):
        decide(CHANGED[what](made()), checker=ONE, approve=True, ground=GROUND, now=5)
    with pytest.raises(FourEyesError, match="digest does not match"):
        execute(CHANGED[what](approved()), ground=GROUND, now=6)


def test_a_ground_that_has_shifted_is_approved_no_more_and_carried_out_no_more() -> None:
    moved = {**GROUND, "C1": "2"}
    with pytest.raises(FourEyesError, match="changed since"):
        approved(ground=moved)
    with pytest.raises(FourEyesError, match="changed since"):
        execute(approved(), ground=moved, now=6)
    assert approved(ground=moved, approve=False).state is ApprovalState.REJECTED


def test_a_term_ends_what_is_open_and_nothing_else() -> None:
    for one in (made(), approved()):
        assert expire(one, now=100) is one
        assert expire(one, now=101).state is ApprovalState.EXPIRED
    for ended in (approved(approve=False), execute(approved(), ground=GROUND, now=6)):
        assert expire(ended, now=101) is ended
    with pytest.raises(FourEyesError, match="has expired"):
        approved(now=101)
    with pytest.raises(FourEyesError, match="has expired"):
        execute(approved(), ground=GROUND, now=101)


def test_its_maker_takes_it_back_and_nobody_else() -> None:
    for one in (made(), approved()):
        assert withdraw(one, maker=MAKER).state is ApprovalState.WITHDRAWN
        assert withdraw(one, maker=Actor(id="m2", person="M")).state is ApprovalState.WITHDRAWN
        with pytest.raises(FourEyesError, match="only who made"):
            withdraw(one, maker=ONE)
    with pytest.raises(FourEyesError, match="rejected before"):
        withdraw(approved(approve=False), maker=MAKER)


people = st.sampled_from(
    [MAKER, ONE, TWO, THREE, Actor(id="z", person="M"), Actor(id="y", person="Y", on_behalf_of="A")]
)
steps = st.one_of(
    st.tuples(st.just("decide"), people, st.booleans(), st.sampled_from([GROUND, {"C1": "9"}])),
    st.tuples(st.just("execute"), people, st.booleans(), st.sampled_from([GROUND, {"C1": "9"}])),
    st.tuples(st.just("withdraw"), people, st.booleans(), st.just(GROUND)),
    st.tuples(st.just("expire"), people, st.booleans(), st.just(GROUND)),
)


@given(st.integers(1, 4), st.lists(st.tuples(steps, st.integers(0, 120)), max_size=12))
def test_whatever_is_tried_nothing_is_executed_without_enough_people(persons: int, tried: list[Any]) -> None:
    proposal, executed = made(), 0
    for (what, who, approve, ground), now in tried:
        before = proposal
        try:
            if what == "decide":
                proposal = decide(proposal, checker=who, approve=approve, ground=ground, now=now, persons=persons)
            elif what == "execute":
                proposal = execute(proposal, ground=ground, now=now)
            elif what == "withdraw":
                proposal = withdraw(proposal, maker=who)
            else:
                proposal = expire(proposal, now=now)
        except FourEyesError:
            assert proposal is before
            continue
        executed += before.state is not ApprovalState.EXECUTED and proposal.state is ApprovalState.EXECUTED
        assert before.state in OPEN or proposal is before, "what has ended stays as it is"
        if proposal.state in (ApprovalState.APPROVED, ApprovalState.EXECUTED):
            hands = {"M", *(check.person for check in proposal.checks)}
            assert len(hands) >= max(persons, 2)
            assert len({check.actor for check in proposal.checks}) == len(proposal.checks)
        if proposal.state is ApprovalState.EXECUTED and before.state is not ApprovalState.EXECUTED:
            assert (dict(ground), now <= 100) == (GROUND, True)
    assert executed <= 1


def test_the_library_s_list_of_key_operations_is_the_design_s() -> None:
    """Source: the design's list, D11: merge, unmerge, shred, bulk export, role or policy change, key rotation, break-glass,
    change; of roles the library has what an operator is recognized by. Beside it, by which rules customers are tagged and by which models they are scored, and steps
    of the life cycle that let somebody do again what was forbidden."""
    assert set(Operation) == {
        "merge", "unmerge", "erase", "export", "policy", "rotate_keys", "break_glass", "change", "operator", "catalogue", "state",
        "model",
    }  # fmt: skip


def test_a_digest_is_over_every_part_in_its_place() -> None:
    # Known answer: what was proposed under one release is decided under the next.
    assert made().digest == made().bound()
    assert made().digest.hex() == "3ec67a782816da58bf4f9a4c98c0750545e45a7cc262de20a919ff33a3213410"


def test_where_a_proposal_stands_is_told_by_every_part_of_it() -> None:
    check = Check(actor="c", person="p", behalf="b", at=5)
    one = attrs.evolve(made(), state=ApprovalState.APPROVED, checks=(check,))
    others = [
        attrs.evolve(one, digest=b"d" * 32), attrs.evolve(one, state=ApprovalState.REJECTED), attrs.evolve(one, checks=()),
        attrs.evolve(one, checks=(check, check)), attrs.evolve(one, checks=(attrs.evolve(check, actor="x"),)),
        attrs.evolve(one, checks=(attrs.evolve(check, person="x"),)), attrs.evolve(one, checks=(attrs.evolve(check, behalf="x"),)),
        attrs.evolve(one, checks=(attrs.evolve(check, at=6),)),
        attrs.evolve(one, checks=(attrs.evolve(check, actor="cp", person=""),)),
    ]  # fmt: skip
    assert len({stands(each) for each in [one, *others]}) == len(others) + 1
    assert stands(one) == stands(attrs.evolve(one, mark=b"m", reason="r"))


def test_its_version_counts_what_became_of_it() -> None:
    check = Check(actor="c", person="p")
    for state, checks, version in (
        (ApprovalState.PROPOSED, (), 1), (ApprovalState.PROPOSED, (check,), 2), (ApprovalState.APPROVED, (check,), 2),
        (ApprovalState.REJECTED, (check,), 2), (ApprovalState.EXECUTED, (check,), 3), (ApprovalState.WITHDRAWN, (), 2),
        (ApprovalState.EXPIRED, (check,), 3),
    ):  # fmt: skip
        assert attrs.evolve(made(), state=state, checks=checks).version == version


def test_no_part_of_a_proposal_passes_for_another() -> None:
    one = made()
    moved = attrs.evolve(one, detail={**one.detail, "C1": "1"}, base={"C2": "4"})
    assert moved.bound() != one.bound()


def test_a_proposal_may_be_decided_and_executed_in_its_last_microsecond() -> None:
    done = approved(now=100)
    assert execute(done, ground=GROUND, now=100).state is ApprovalState.EXECUTED
    assert expire(done, now=100) is done
    assert expire(done, now=101).state is ApprovalState.EXPIRED


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: decide(approved(), checker=TWO, approve=True, ground=GROUND, now=5), "^the proposal was approved before$"),
        (lambda: decide(made(), checker=MAKER, approve=True, ground=GROUND, now=5), "^maker and checker must be two different people, neither"),
        (lambda: approved(ground={}), "^what it stands on was changed since this was proposed; look again and propose again$"),
        (lambda: execute(approved(), ground={}, now=6), "^what it stands on was changed since this was approved; look again and propose again$"),
        (lambda: execute(attrs.evolve(made(), state=ApprovalState.APPROVED), ground=GROUND, now=6),
         "^the proposal was not approved by as many different people as it takes$"),
        (lambda: execute(approved(), ground=GROUND, now=6, persons=3), "^the proposal was not approved by as many"),
        (lambda: execute(attrs.evolve(approved(), checks=(Check(actor="b", person="M"),)), ground=GROUND, now=6),
         "^the proposal was not approved by as many"),
        (lambda: execute(made(), ground=GROUND, now=6), "^the proposal is proposed, not approved$"),
        (lambda: withdraw(made(), maker=ONE), "^only who made a proposal takes it back; a second person rejects it$"),
        (lambda: withdraw(approved(approve=False), maker=MAKER), "^the proposal was rejected before$"),
        (lambda: approved(now=101), "^the proposal has expired; propose again$"),
        (lambda: decide(attrs.evolve(made(), subjects=("C1",)), checker=ONE, approve=True, ground=GROUND, now=5),
         "^the proposal is not what was proposed: its digest does not match$"),
    ],
)  # fmt: skip
def test_a_refusal_says_why(attempt: Callable[[], Approval], words: str) -> None:
    with pytest.raises(FourEyesError, match=words) as caught:
        attempt()
    assert caught.value.rule == "four_eyes"
