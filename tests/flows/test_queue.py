"""The review queue, merge previews, and what reviews come to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.conftest import NOW, TRUST, known
from tests.flows.test_merge import CHECKER, MAKER, state
from tests.flows.test_register import form, register

from bankcif import (
    CIF,
    Actor,
    LinkPolicy,
    LocalKeyProvider,
    MemoryKeyStore,
    MemoryRepository,
    Organization,
    Purpose,
    party_from,
)
from bankcif._clock import FixedClock
from bankcif.errors import BankCIFError, ConfigurationError, InputError, IntakeError, NotFoundOrNotAllowedError
from bankcif.flows.queue import Reviewed
from bankcif.matching import ReviewPlan
from bankcif.party import ReferenceTables

OPERATIONS = Purpose.OPERATIONS
THIRD = Actor(id="s.ma", roles={"steward"})
TELLER = Actor(id="t.x", roles={"teller"}, branch="b")


def pairs(cif: CIF, count: int = 3, **more: Any) -> list[tuple[str, str]]:
    """So many pairs of leads with one phone each, the second of each a possible match of the first."""
    found = []
    for n, name in enumerate(("张伟国", "李明华", "王芳", "陈静")[:count]):
        one, other = (
            register(
                cif, MAKER, f"{n}{side}", name=name, identifiers=None, phone=f"1540000000{n}", **more.get(str(n), {})
            )
            for side in "ab"
        )
        found.append((one.cif_no, other.cif_no))
    return found


def review(cif: CIF, task: str, verdict: str, actor: Actor, **more: Any) -> Any:
    return cif.matches.review(task, verdict, **{"reason": "asked", "actor": actor, "purpose": OPERATIONS, **more})


def with_plan(tables: ReferenceTables, clock: FixedClock, **plan: Any) -> CIF:
    return CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables,
        trust=TRUST, clock=clock, link_policy=LinkPolicy(review=ReviewPlan(**plan)),
    )  # fmt: skip


def waiting(cif: CIF, actor: Actor = MAKER) -> list[Any]:
    return cif.matches.queue(actor=actor, purpose=OPERATIONS)


def test_priority_is_weight_value_and_age_together(tables: ReferenceTables, clock: FixedClock) -> None:
    rich = {"aum": {"amount": "6000000", "currency": "CNY"}}
    for plan, first in (
        ({"per_bit": 0.0, "per_digit": 1.0, "per_day": 0.0}, 1),
        ({"per_bit": 0.0, "per_digit": 0.0, "per_day": 1.0}, 0),
    ):
        cif = with_plan(tables, FixedClock(NOW), **plan)
        made = []
        for n, name in enumerate(("张伟国", "李明华")):
            made.append([register(cif, MAKER, f"{n}{s}", name=name, identifiers=None, phone=f"1540000000{n}", **(rich if n else {})).cif_no
                         for s in "ab"])  # fmt: skip
            cif._desk.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
        found = waiting(cif)
        assert [one.rank for one in found] == [1, 2]
        assert {found[0].cif_no, found[0].other} == set(made[first])
    weighty = with_plan(tables, clock)
    register(weighty, MAKER, "a", name="张伟国", identifiers=None, phone="15400000001")
    register(weighty, MAKER, "b", name="张伟国", identifiers=None, phone="15400000001", birth_date="1990-03-07")
    register(weighty, MAKER, "c", name="张伟国", identifiers=None, phone="15400000001", birth_date="1990-03-07")
    weights = [one.weight_millibits for one in waiting(weighty)]
    assert weights == sorted(weights, reverse=True)


def test_each_works_on_matches_of_their_own(cif: CIF, clock: FixedClock) -> None:
    pairs(cif)
    mine = cif.matches.take(2, actor=MAKER, purpose=OPERATIONS)
    theirs = cif.matches.take(2, actor=CHECKER, purpose=OPERATIONS)
    assert (len(mine), len(theirs)) == (2, 1)
    assert not {one.task_id for one in mine} & {one.task_id for one in theirs}
    with pytest.raises(InputError, match="somebody else works"):
        review(cif, mine[0].task_id, "different", CHECKER)
    assert cif.matches.assign([mine[0].task_id], CHECKER.id, actor=MAKER, purpose=OPERATIONS) == 1
    assert review(cif, mine[0].task_id, "different", CHECKER).closed
    assert cif.matches.assign([mine[0].task_id], "", actor=MAKER, purpose=OPERATIONS) == 0, "it is decided"
    clock.advance(timedelta(hours=9))
    assert review(cif, mine[1].task_id, "unsure", CHECKER).waits_for_another, "whoever took it has let it lie"


def test_one_word_keeps_apart_and_the_pair_is_not_asked_about_again(cif: CIF) -> None:
    ((one, other),) = pairs(cif, 1)
    (match,) = waiting(cif)
    assert {match.cif_no, match.other} == {one, other}
    assert review(cif, match.task_id, "different", MAKER) == Reviewed(
        closed=True, proposal=None, waits_for_another=False
    )
    assert waiting(cif) == []
    with pytest.raises(InputError, match="decided"):
        review(cif, match.task_id, "same", CHECKER)
    with pytest.raises(InputError, match="not to be a match"):
        cif.matches.propose_merge(one, other, actor=MAKER, reason="same")


def test_the_same_is_proposed_and_a_second_person_s_approval_is_their_word(cif: CIF, clock: FixedClock) -> None:
    one = register(cif, MAKER, "a", identifiers=None).cif_no
    clock.advance(timedelta(seconds=1))
    other = register(cif, MAKER, "b", identifiers=None).cif_no
    (match,) = waiting(cif)
    done = review(cif, match.task_id, "same", MAKER)
    assert done.proposal.subjects == (one, other), "the older one's number stays"
    cif.approvals.approve(done.proposal.id, actor=CHECKER)
    assert waiting(cif) == []
    assert cif.customers.get(other, actor=MAKER, purpose=OPERATIONS).cif_no == one
    found = cif.matches.agreement(actor=MAKER, purpose=OPERATIONS)
    assert (found.matches, found.agreed) == (1, 1)
    assert {one.actor: (one.reviewed, one.agreed) for one in found.reviewers} == {MAKER.id: (1, 1), CHECKER.id: (1, 1)}


def test_where_two_disagree_a_third_decides(cif: CIF) -> None:
    pairs(cif, 1)
    (match,) = waiting(cif)
    cif.approvals.reject(review(cif, match.task_id, "same", MAKER).proposal.id, actor=CHECKER)
    (again,) = waiting(cif)
    assert (again.task_id, again.reviews) == (match.task_id, 2)
    assert cif.matches.take(actor=CHECKER, purpose=OPERATIONS) == [], "who has had a word is not given it again"
    with pytest.raises(InputError, match="another person"):
        review(cif, match.task_id, "different", MAKER)
    assert review(cif, match.task_id, "different", THIRD).closed
    found = cif.matches.agreement(actor=MAKER, purpose=OPERATIONS)
    assert (found.matches, found.agreed) == (1, 0)


def test_a_bank_may_ask_two_persons_to_keep_a_pair_apart(tables: ReferenceTables, clock: FixedClock) -> None:
    cif = with_plan(tables, clock, persons_apart=2)
    pairs(cif, 2)
    first, second = waiting(cif)
    assert review(cif, first.task_id, "different", MAKER).waits_for_another
    second_self = known(Actor(id="s.wu2", roles=MAKER.roles, person=MAKER.person))
    with pytest.raises(InputError, match="another person"):
        review(cif, first.task_id, "different", second_self)
    assert review(cif, first.task_id, "different", CHECKER).closed
    # One says different, one the same: nothing yet. The third tips it.
    review(cif, second.task_id, "different", MAKER)
    assert review(cif, second.task_id, "same", CHECKER).waits_for_another
    assert review(cif, second.task_id, "same", THIRD).proposal is not None


def test_agreement_beyond_chance_is_that_of_the_literature(cif: CIF) -> None:
    """Three matches with two words, two of them agreed. Words: same 5, different 1; the fourth has one word."""
    pairs(cif, 4)
    for at, match in enumerate(waiting(cif)):
        proposal = review(cif, match.task_id, "same", MAKER).proposal
        if at < 2:
            cif.approvals.approve(proposal.id, actor=CHECKER)
        elif at == 2:
            cif.approvals.reject(proposal.id, actor=CHECKER)
    found = cif.matches.agreement(actor=MAKER, purpose=OPERATIONS)
    assert (found.matches, found.agreed) == (3, 2)
    chance = (5 / 6) ** 2 + (1 / 6) ** 2
    assert found.kappa == pytest.approx((2 / 3 - chance) / (1 - chance))


def test_agreement_of_nobody_is_not_defined(cif: CIF) -> None:
    found = cif.matches.agreement(actor=MAKER, purpose=OPERATIONS)
    assert (found.matches, found.kappa, found.reviewers) == (0, None, ())


def test_decisions_are_labels_for_training(cif: CIF) -> None:
    pairs(cif, 3)
    apart, same, _ = waiting(cif)
    review(cif, apart.task_id, "different", MAKER)
    cif.approvals.approve(review(cif, same.task_id, "same", MAKER).proposal.id, actor=CHECKER)
    found = cif.matches.labels(source="counter", actor=MAKER, purpose=OPERATIONS)
    assert {(one.left.key[0] == one.right.key[0], one.left.key[1], one.right.key[1]) for one in found} == {
        (True, "a", "b")
    }
    assert sorted(one.same for one in found) == [False, True]
    assert cif.matches.labels(actor=MAKER, purpose=OPERATIONS) == found
    assert cif.matches.labels(source="card", actor=MAKER, purpose=OPERATIONS) == []


def test_a_queue_of_pairs_shows_customers_as_they_stand_today(cif: CIF) -> None:
    numbers = [register(cif, MAKER, str(n), name=name, identifiers=None).cif_no
               for n, name in enumerate(("张伟国", "張偉國", "章炜国"))]  # fmt: skip
    proposal = cif.matches.propose_merge(numbers[0], numbers[1], actor=MAKER, reason="r")
    cif.approvals.approve(proposal.id, actor=CHECKER)
    assert {frozenset((one.cif_no, one.other)) for one in waiting(cif)} == {frozenset((numbers[0], numbers[2]))}


@pytest.mark.parametrize(
    ("call", "error", "problem"),
    [
        (lambda cif, task: review(cif, "0" * 32, "same", MAKER), NotFoundOrNotAllowedError, "no such match"),
        (lambda cif, task: review(cif, task, "perhaps", MAKER), InputError, "verdict"),
        (lambda cif, task: review(cif, task, "same", MAKER, reason=" "), InputError, "reason"),
        (lambda cif, task: review(cif, task, "same", TELLER), NotFoundOrNotAllowedError, "no such"),
        (lambda cif, task: review(cif, task, "same", MAKER, survivor="C0"), InputError, "one of the two"),
        (lambda cif, task: review(cif, task, "same", MAKER, accept=["x"]), InputError, "concern"),
        (lambda cif, task: cif.matches.assign(["0" * 32], "x", actor=MAKER, purpose=OPERATIONS), NotFoundOrNotAllowedError, "no such"),
        (lambda cif, task: cif.matches.take(actor=TELLER, purpose=OPERATIONS), NotFoundOrNotAllowedError, "no such"),
    ],
)  # fmt: skip
def test_what_is_no_review_is_refused_and_leaves_nothing(
    cif: CIF, call: Any, error: type[BankCIFError], problem: str
) -> None:
    pairs(cif, 1)
    (match,) = waiting(cif)
    before = state(cif)
    with pytest.raises(error, match=problem):
        call(cif, match.task_id)
    assert (waiting(cif), state(cif)) == ([match], before)


@pytest.mark.parametrize(
    "plan", [{"persons_apart": 0}, {"persons_apart": 4}, {"per_bit": -1.0}, {"per_day": float("nan")}]
)
def test_what_is_no_plan_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="keep a pair apart"):
        ReviewPlan(**plan)


# Asking without registering, and why


def test_a_form_is_asked_about_as_it_would_be_registered_and_nothing_is_stored(cif: CIF) -> None:
    one = register(cif, MAKER, "1").cif_no
    other = register(cif, MAKER, "2", identifiers=None, phone="15412345678", name="张伟").cif_no
    before = state(cif)
    found = cif.customers.candidates(form(), channel="app", actor=MAKER, purpose=OPERATIONS)
    assert state(cif) == before
    assert next((match.cif_no, match.link) for match in found) == (one, "automatic")
    assert {match.cif_no for match in found} <= {one, other}
    for match in found:
        assert {term.comparison for term in match.terms} >= {"prior", "name", "phone"}
    assert register(cif, MAKER, "3").cif_no == one
    assert cif.customers.candidates(
        form(name="冯甲", phone="15499999999", identifiers=None), channel="app", actor=MAKER, purpose=OPERATIONS
    ) == []  # fmt: skip
    with pytest.raises(IntakeError):
        cif.customers.candidates(form(name=None), channel="app", actor=MAKER, purpose=OPERATIONS)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.candidates(form(), channel="app", actor=TELLER, purpose=OPERATIONS)


def test_a_match_is_explained_with_masked_values(cif: CIF) -> None:
    pairs(cif, 1)
    (match,) = waiting(cif)
    found = cif.matches.explain(match.task_id, actor=MAKER, purpose=OPERATIONS)
    assert sum(term.millibits for term in found.terms) == found.weight_millibits == match.weight_millibits
    terms = {term.comparison: term for term in found.terms}
    assert (terms["phone"].level, terms["phone"].one, terms["phone"].other) == ("equal", "154****0000", "154****0000")
    assert terms["name"].one == "张**"
    assert terms["prior"].one is None
    assert 0 < found.probability < 1
    assert "张伟国" not in repr(found)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.matches.explain("0" * 32, actor=MAKER, purpose=OPERATIONS)


# Previews and concerns


def test_a_preview_shows_both_what_survives_and_why_and_writes_nothing(cif: CIF) -> None:
    one = register(cif, MAKER, "1", name="张伟国", former_name="张旧").cif_no
    other = register(
        cif, MAKER, "2", channel="card", name="張偉國", identifiers=None, phone="15400000002", occupation="4"
    ).cif_no
    before = state(cif)
    found = cif.matches.preview_merge(one, other, actor=MAKER, purpose=OPERATIONS)
    assert state(cif) == before
    fields = {field.name: field for field in found.fields}
    assert (fields["phone"].survivor, fields["phone"].retired, fields["phone"].merged) == (
        "154****5678",
        "154****0002",
        "154****5678",
    )
    assert fields["phone"].proposed, "the other phone would wait for a second person"
    assert (fields["occupation"].survivor, fields["occupation"].side, fields["occupation"].rule) == (
        None,
        "retired",
        "only",
    )
    assert fields["former_name"].side == "survivor"
    assert (found.refused, found.records) == ("", 1)
    proposal = cif.matches.propose_merge(one, other, accept=list(found.concerns), actor=MAKER, reason="same")
    cif.approvals.approve(proposal.id, actor=CHECKER)
    after = cif.customers.get(one, actor=MAKER, purpose=OPERATIONS)
    for name, field in fields.items():
        assert getattr(after, name) == field.merged, name
    with pytest.raises(InputError, match="already"):
        cif.matches.preview_merge(one, other, actor=MAKER, purpose=OPERATIONS)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.matches.preview_merge(one, "C0", actor=MAKER, purpose=OPERATIONS)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.matches.preview_merge(one, other, actor=TELLER, purpose=OPERATIONS)


def test_two_different_numbers_are_a_concern_that_somebody_must_accept(cif: CIF) -> None:
    one = register(cif, MAKER, "1").cif_no
    other = register(cif, MAKER, "2", identifiers=[{"scheme": "cn.resident_id", "number": "880101198505051236"}]).cif_no
    assert cif.matches.preview_merge(one, other, actor=MAKER, purpose=OPERATIONS).concerns == ("contradiction",)
    with pytest.raises(InputError, match="contradict each other") as caught:
        cif.matches.propose_merge(one, other, actor=MAKER, reason="same")
    assert caught.value.rule == "merge_concern"
    proposal = cif.matches.propose_merge(one, other, accept=["contradiction"], actor=MAKER, reason="number corrected")
    (shown,) = cif.approvals.waiting(actor=CHECKER, purpose=OPERATIONS)
    assert shown.detail["accepted"] == "contradiction", "whoever approves sees what was accepted"
    cif.approvals.approve(proposal.id, actor=CHECKER)


def test_amounts_in_two_currencies_and_waiting_changes_are_concerns(cif: CIF) -> None:
    one = register(cif, MAKER, "1", identifiers=None, aum={"amount": "100", "currency": "CNY"}).cif_no
    other = register(cif, MAKER, "2", identifiers=None, aum={"amount": "100", "currency": "USD"}).cif_no
    cif.customers.override(other, {"email": "x@example.com"}, reason="r", actor=MAKER, purpose=OPERATIONS)
    found = cif.matches.preview_merge(one, other, actor=MAKER, purpose=OPERATIONS)
    assert found.concerns == ("currency", "open_change")
    with pytest.raises(InputError, match="another currency"):
        cif.matches.propose_merge(one, other, accept=["open_change"], actor=MAKER, reason="same")


def test_a_concern_that_came_up_after_the_proposal_stops_its_execution(cif: CIF) -> None:
    ((one, other),) = pairs(cif, 1)
    proposal = cif.matches.propose_merge(one, other, actor=MAKER, reason="same")
    cif.customers.override(other, {"email": "x@example.com"}, reason="r", actor=MAKER, purpose=OPERATIONS)
    with pytest.raises(BankCIFError):
        cif.approvals.approve(proposal.id, actor=CHECKER)
    assert cif.customers.get(other, actor=MAKER, purpose=OPERATIONS).cif_no == other


def test_what_is_about_to_be_unmerged_is_not_merged(cif: CIF) -> None:
    (a, b), (c, _), _ = pairs(cif)
    cif.approvals.approve(cif.matches.propose_merge(a, b, actor=MAKER, reason="r").id, actor=CHECKER)
    cif.matches.propose_unmerge(b, actor=MAKER, reason="r")
    assert "erase or unmerge" in cif.matches.preview_merge(c, a, actor=MAKER, purpose=OPERATIONS).refused
    with pytest.raises(InputError, match="erase or unmerge"):
        cif.matches.propose_merge(c, a, actor=MAKER, reason="r")


def test_nothing_is_told_of_customers_of_another_kind_or_behind_a_restriction(cif: CIF) -> None:
    pairs(cif, 1)
    (match,) = waiting(cif)
    code = "91880101MA00000031"
    company = cif.customers.register(
        party_from({"name": "恒瑞科技有限公司", "identifiers": [{"scheme": "bank.customer_no", "number": code}], "phone": "15433333333",
                    "home_branch": "b"}, Organization),
        channel="counter", source_key="org", actor=MAKER, occasion="lead",
    ).cif_no  # fmt: skip
    found = cif.matches.preview_merge(company, match.cif_no, actor=MAKER, purpose=OPERATIONS)
    assert (found.fields, "person and an organization" in found.refused) == ((), True)
    officer = known(Actor(id="p.qi", roles={"privacy_officer"}))
    cif.erasures.restrict(match.other, reason="asked", actor=officer)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.matches.explain(match.task_id, actor=MAKER, purpose=OPERATIONS)


def test_words_on_a_match_go_with_either_customer(cif: CIF) -> None:
    pairs(cif, 1)
    (match,) = waiting(cif)
    review(cif, match.task_id, "unsure", MAKER)
    officers = [known(Actor(id=f"p.{n}", roles={"privacy_officer"})) for n in ("qi", "ma")]
    cif.erasures.restrict(match.other, reason="asked", actor=officers[0])
    proposal = cif.erasures.propose(match.other, reason="over", actor=officers[0])
    cif.approvals.approve(proposal.id, actor=officers[1])
    with cif._desk.unit_of_work() as unit:
        assert unit.reasons.get([f"review:{match.task_id}:1"]) == {}
        assert unit.reviews.of([match.task_id]) == []


def test_one_person_has_one_word_whatever_they_approve_or_reject(tables: ReferenceTables, clock: FixedClock) -> None:
    cif = with_plan(tables, clock, persons_apart=2)
    pairs(cif, 1)
    (match,) = waiting(cif)
    first = review(cif, match.task_id, "same", MAKER).proposal
    with pytest.raises(InputError, match="proposed already"):
        review(cif, match.task_id, "same", THIRD)
    cif.approvals.reject(first.id, actor=CHECKER)
    again = review(cif, match.task_id, "same", THIRD).proposal
    cif.approvals.reject(again.id, actor=CHECKER)
    (left,) = waiting(cif)
    assert left.reviews == 3, "the second rejection by the same person is no other word"


def test_nobody_overrides_on_another_s_behalf(cif: CIF) -> None:
    number = register(cif, MAKER, "1").cif_no
    behalf = known(Actor(id="s.wu3", roles=MAKER.roles, person="x", on_behalf_of="boss"))
    with pytest.raises(InputError, match="on another's behalf"):
        cif.customers.override(number, {"former_name": "张"}, reason="r", actor=behalf, purpose=OPERATIONS)


def test_only_evidence_ends_what_keeps_two_apart_and_the_log_says_so(cif: CIF) -> None:
    ((one, other),) = pairs(cif, 1)
    (match,) = waiting(cif)
    review(cif, match.task_id, "different", MAKER)
    cif.customers.override(one, {"former_name": "张旧"}, reason="r", actor=MAKER, purpose=OPERATIONS)
    with pytest.raises(InputError, match="not to be a match"):
        cif.matches.propose_merge(one, other, actor=MAKER, reason="same")
    register(cif, MAKER, "0b", name="张伟国", identifiers=None, phone="15400000000", birth_date="1990-03-07")
    assert [entry.subjects for entry in cif.audit.who(one, actor=MAKER) if entry.action == "apart_ended"]
    assert cif.matches.propose_merge(one, other, actor=MAKER, reason="same")
