"""Reviews of customers: due by risk, opened, looked into, closed, abandoned; what follows is told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.conftest import ALL_ROLES, known
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE, MANAGER, publish, tag

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import ConfigurationError, InputError, NotFoundOrNotAllowedError
from bankcif.party import ReviewState
from bankcif.tagging import Catalogue
from bankcif.upkeep import ReviewPlan, open_case, standing_of_reviews

COMPLIANCE, OPERATIONS = Purpose.COMPLIANCE, Purpose.OPERATIONS
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
CHECKER = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
OFFICER = known(Actor(id="c.he", roles={"officer"}))
ASK: dict[str, Any] = {"actor": OFFICER, "purpose": COMPLIANCE}
SAY: dict[str, Any] = {**ASK, "reason": "looked into it"}
PLAN = ReviewPlan()


def reviewing() -> Policy:
    document = LOOSE.document()
    officer = {"id": "officer", "roles": ["officer"], "purposes": ["compliance"], "actions": ["review_customer", "view", "change", "watch"],
               "fields": ["*", "tag:*"]}  # fmt: skip
    return Policy.from_document(
        {**document, "grant": [*document["grant"], officer], "version": "reviewing", "change": []}
    )


@pytest.fixture
def founding_policy() -> Policy:
    return reviewing()


@pytest.fixture
def cif_no(cif: CIF) -> str:
    return str(
        register(
            cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", occupation="1", aml_class="medium"
        ).cif_no
    )


def stands(cif: CIF, cif_no: str) -> tuple[str, date | None]:
    found = cif.reviews.of(cif_no, **ASK)
    return found.state.value, found.due


def passed(cif: CIF, cif_no: str, trigger: str = "periodic") -> str:
    case = cif.reviews.open(cif_no, trigger, **SAY)
    cif.reviews.tick(cif_no, case, PLAN.checklist, **SAY)
    cif.reviews.close(cif_no, case, "passed", evidence="file 7", **SAY)
    return case


def test_a_review_is_opened_looked_into_and_passed(cif: CIF, cif_no: str) -> None:
    assert stands(cif, cif_no) == ("none", date(2027, 11, 24))
    case = cif.reviews.open(cif_no, "periodic", **SAY)
    assert stands(cif, cif_no)[0] == "in_progress"
    cif.reviews.tick(cif_no, case, ["documents", "identity"], **SAY)
    (one,) = cif.reviews.of(cif_no, **ASK).cases
    assert (one.done, one.missing[:2], one.outcome) == (
        ("identity", "documents"),
        ("contact", "occupation_or_business"),
        "",
    )
    with pytest.raises(InputError, match="look into all of the checklist first: contact"):
        cif.reviews.close(cif_no, case, "passed", **SAY)
    cif.reviews.tick(cif_no, case, PLAN.checklist, **SAY)
    cif.reviews.close(cif_no, case, "passed", evidence="file 7", **SAY)
    assert stands(cif, cif_no) == ("current", date(2027, 11, 24))
    (one,) = cif.reviews.of(cif_no, **ASK).cases
    assert (one.id, one.outcome, one.closed, one.evidence) == (case, "passed", date(2026, 11, 24), "file 7")


def test_of_several_of_one_day_the_last_stands(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    for outcome in ("passed", "failed") * 4:
        clock.advance(timedelta(seconds=1))
        if outcome == "passed":
            passed(cif, cif_no)
            assert stands(cif, cif_no)[0] == "current"
        else:
            cif.reviews.close(
                cif_no, cif.reviews.open(cif_no, "periodic", **SAY), "failed", limits=["no_new_products"], **SAY
            )
            assert stands(cif, cif_no)[0] == "failed"


def test_who_is_of_higher_risk_is_due_earlier(cif: CIF) -> None:
    due = {}
    for n, risk in enumerate(["high", "medium", "low", None], 1):
        number = str(
            register(
                cif,
                STEWARD,
                str(n),
                identifiers=None,
                phone=f"1549999999{n}",
                name="赵钱孙李"[n - 1] + "伟军",
                aml_class=risk,
            ).cif_no
        )
        passed(cif, number)
        due[risk] = stands(cif, number)[1]
    assert due == {
        "high": date(2027, 5, 24),
        "medium": date(2027, 11, 24),
        "low": date(2029, 11, 24),
        None: date(2027, 11, 24),
    }


def test_the_calendar_moves_it_and_others_are_told_once(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    passed(cif, cif_no)
    seen, told = [], []
    for days in (330, 30, 10, 90):
        clock.advance(timedelta(days=days))
        with cif._repository.unit_of_work() as unit:
            before = unit.trail.heads()["s0"].number + 1, ""
        assert cif.customers.rebuild(actor=STEWARD) == (1 if days != 330 else 0)
        assert cif.customers.rebuild(actor=STEWARD) == 0
        seen.append(stands(cif, cif_no)[0])
        with cif._repository.unit_of_work() as unit:
            told += [row.fields for _, row in unit.outbox.after("s0", before, 99)]
    assert seen == ["current", "due", "overdue", "expired"]
    assert told == ["review_state"] * 3


def test_who_was_not_reviewed_in_time_is_limited_until_they_are(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    """As the plan says, and never silently: the state is told, and whoever may see reviews sees what follows."""
    passed(cif, cif_no)
    limits = {}
    for days in (455, 1):
        clock.advance(timedelta(days=days))
        limits[stands(cif, cif_no)[0]] = cif.reviews.of(cif_no, **ASK).limits
    assert limits == {"overdue": (), "expired": PLAN.expired_limits}
    assert cif.customers.customer360(cif_no, **ASK).limits == PLAN.expired_limits
    case = cif.reviews.open(cif_no, "periodic", **SAY)
    assert cif.reviews.of(cif_no, **ASK).limits == PLAN.expired_limits, "that somebody looks into it lifts nothing"
    cif.reviews.tick(cif_no, case, PLAN.checklist, **SAY)
    cif.reviews.close(cif_no, case, "passed", **SAY)
    assert cif.reviews.of(cif_no, **ASK).limits == cif.customers.customer360(cif_no, **ASK).limits == ()
    clerk = known(Actor(id="t.1", roles={"teller"}, branch="b"), clock.now())
    seen = cif.customers.customer360(cif_no, actor=clerk, purpose=Purpose.SERVICE)
    assert ("limits" in seen.withheld, "limits" in cif.customers.customer360(cif_no, **ASK).withheld) == (True, False)


@pytest.mark.parametrize("reviewed", [True, False])
def test_a_flag_that_is_confirmed_asks_for_a_review_at_once(
    cif: CIF, cif_no: str, clock: FixedClock, reviewed: bool
) -> None:
    if reviewed:
        passed(cif, cif_no)
        clock.advance(timedelta(seconds=1))
    watch: dict[str, Any] = {"actor": OFFICER, "purpose": COMPLIANCE, "reason": "told by the court"}
    flag = cif.flags.add(cif_no, "court", source="court", evidence="file 7", **watch)
    found = cif.reviews.of(cif_no, **ASK)
    assert (found.state, found.triggers, found.due) == (ReviewState.DUE, ("flags",), date(2026, 11, 24))
    with cif._repository.unit_of_work() as unit:
        assert [row.review_state for row in unit.parties.get([cif_no]).values()] == ["due"]  # type: ignore[list-item]
    passed(cif, cif_no, "watch_list")
    assert stands(cif, cif_no)[0] == "current"
    clock.advance(timedelta(seconds=1))
    other: dict[str, Any] = {**watch, "actor": attrs.evolve(OFFICER, id="c.two", person="c.two")}
    cif.flags.end(cif_no, flag.id, **other)
    assert cif.reviews.of(cif_no, **ASK).triggers == ("flags",), "and so does its end"


def test_a_case_that_nobody_closes_is_in_nobody_s_way(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    case = cif.reviews.open(cif_no, "periodic", **SAY)
    with pytest.raises(InputError, match="is worked on; close it first"):
        cif.reviews.open(cif_no, "periodic", **SAY)
    clock.advance(timedelta(days=91))
    assert stands(cif, cif_no)[0] == "none"
    with pytest.raises(InputError, match="closed, or abandoned"):
        cif.reviews.tick(cif_no, case, ["identity"], **SAY)
    other = passed(cif, cif_no, "complaint")
    assert {(one.id, one.outcome) for one in cif.reviews.of(cif_no, **ASK).cases} == {
        (case, "abandoned"),
        (other, "passed"),
    }
    assert stands(cif, cif_no)[0] == "current"


def test_what_changes_behind_a_review_makes_the_next_due(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    passed(cif, cif_no)
    clock.advance(timedelta(days=1))
    register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", occupation="1", aml_class="medium")
    assert stands(cif, cif_no)[0] == "current", "the same delivered again is no news"
    clock.advance(timedelta(seconds=1))
    register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", occupation="4", aml_class="high")
    found = cif.reviews.of(cif_no, **ASK)
    assert (found.state, found.triggers, found.due) == (
        ReviewState.DUE,
        ("aml_class", "occupation"),
        date(2026, 11, 25),
    )
    with cif._repository.unit_of_work() as unit:
        assert [row.review_state for row in unit.parties.get([cif_no]).values()] == ["due"]  # type: ignore[list-item]
    passed(cif, cif_no, "change")
    assert stands(cif, cif_no) == ("current", date(2027, 5, 25))


def test_a_review_that_fails_says_what_follows_and_it_is_told(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    publish(
        cif,
        Catalogue.of(
            "1", tag("limited", "review_state = 'failed'"), tag("looked_at", "exists(reviews where outcome = 'failed')")
        ),
    )
    case = cif.reviews.open(cif_no, "watch_list", **SAY)
    with pytest.raises(InputError, match="says what the customer may not do"):
        cif.reviews.close(cif_no, case, "failed", **SAY)
    cif.reviews.close(cif_no, case, "failed", limits=["no_online_transfers", "no_new_products"], **SAY)
    found = cif.reviews.of(cif_no, **ASK)
    assert (found.state, found.limits) == (ReviewState.FAILED, ("no_new_products", "no_online_transfers"))
    assert {one.name for one in cif.tags.portrait(cif_no, **ASK).tags} == {"tag:limited", "tag:looked_at"}
    with cif._repository.unit_of_work() as unit:
        last = unit.outbox.after("s0", (0, ""), 9999)[-1][1]
    assert set(last.fields.split(",")) == {"reviews", "review_state"}
    clock.advance(timedelta(days=1))
    passed(cif, cif_no)
    assert (cif.reviews.of(cif_no, **ASK).limits, stands(cif, cif_no)[0]) == ((), "current")


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a trigger of two words": ("open", {"trigger": "two words"}, "a trigger is a word"), "no reason": ("open", {"trigger": "periodic", "reason": " "}, "a reason"),
    "an item of no checklist": ("tick", {"case": "0", "items": ["shoes"]}, "items of the checklist are identity"),
    "no item": ("tick", {"case": "0", "items": []}, "items of the checklist"), "no such case": ("tick", {"case": "0", "items": ["identity"]}, "no such case"),
    "another outcome": ("close", {"case": "0", "outcome": "maybe"}, "passed or failed"), "limits of who passed": ("close", {"case": "0", "outcome": "passed", "limits": ["x"]}, "no other does"),
    "limits that are sentences": ("close", {"case": "0", "outcome": "failed", "limits": ["No!"]}, "at most 20 words"),
    "evidence of two lines": ("close", {"case": "0", "outcome": "failed", "limits": ["x"], "evidence": "a\nb"}, "at most 200 printable"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_review_is_refused(cif: CIF, cif_no: str, what: str) -> None:
    method, more, said = REFUSED[what]
    with pytest.raises(InputError, match=said):
        getattr(cif.reviews, method)(cif_no, **{**SAY, **more})
    assert cif.reviews.of(cif_no, **ASK).cases == ()


def test_whoever_may_not_review_does_not(cif: CIF, cif_no: str) -> None:
    for actor in (MANAGER, Actor(id="t.1", roles={"teller"}, branch="b")):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.reviews.open(cif_no, "periodic", reason="r", actor=actor, purpose=Purpose.SERVICE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.reviews.of(cif_no, actor=Actor(id="t.1", roles={"teller"}, branch="b"), purpose=Purpose.SERVICE)


def test_reviews_follow_a_merge_and_come_back_with_an_unmerge(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    other = str(
        register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四", aml_class="medium").cif_no
    )
    passed(cif, other)
    before = stands(cif, cif_no), stands(cif, other)
    clock.advance(timedelta(seconds=1))
    cif.approvals.approve(
        cif.matches.propose_merge(cif_no, other, actor=STEWARD, reason="r", accept=EVERY_CONCERN).id, actor=CHECKER
    )
    assert len(cif.reviews.of(cif_no, **ASK).cases) == 1
    assert stands(cif, cif_no)[0] == "due", "it was passed of another, as they were then"
    cif.approvals.approve(cif.matches.propose_unmerge(other, actor=STEWARD, reason="r").id, actor=CHECKER)
    assert (stands(cif, cif_no), stands(cif, other)) == before


BAD: dict[str, dict[str, Any]] = {
    "nothing of who has no class": {"months": {"high": 6}}, "no month": {"months": {"": 0}}, "days behind": {"lead_days": -1}, "a case of no day": {"case_days": 0},
    "limits that are sentences": {"expired_limits": ("Nothing!",)}, "an item twice": {"checklist": ("a", "a")}, "no item": {"checklist": ()},
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_plan_that_makes_no_sense_is_refused(what: str) -> None:
    with pytest.raises(ConfigurationError):
        ReviewPlan(**BAD[what])


def row(opened: int, closed: int | None, outcome: str | None, n: int) -> dict[str, Any]:
    start = date(2026, 1, 1)
    return {
        "id": str(n), "trigger": "periodic", "opened": (start + timedelta(opened)).isoformat(),
        **({} if closed is None else {"closed": (start + timedelta(opened + closed)).isoformat(), "outcome": outcome}),
    }  # fmt: skip


ROWS = st.lists(
    st.tuples(st.integers(0, 500), st.one_of(st.none(), st.integers(0, 60)), st.sampled_from(["passed", "failed"])),
    max_size=4,
)


@given(rows=ROWS, day=st.integers(0, 1500), risk=st.sampled_from(["", "high", "low"]))
def test_of_every_day_there_is_one_state_and_time_alone_makes_it_no_better(
    rows: list[Any], day: int, risk: str
) -> None:
    cases = [row(*one, n) for n, one in enumerate(rows)]
    today = date(2026, 1, 1) + timedelta(day)
    cases = [one for one in cases if one["opened"] <= today.isoformat() and one.get("closed", "") <= today.isoformat()]

    def at(later: date) -> ReviewState:
        return standing_of_reviews(cases, risk=risk, since=date(2026, 1, 1), basis={}, today=later, plan=PLAN).state

    order = [ReviewState.NONE, ReviewState.CURRENT, ReviewState.DUE, ReviewState.OVERDUE, ReviewState.EXPIRED]
    now, then = at(today), at(today + timedelta(7))
    if now in order and then in order:
        assert order.index(now) <= order.index(then)
    assert (now is ReviewState.IN_PROGRESS) is (open_case(cases, today, PLAN) is not None)
    assert at(today) is now
    assert attrs.fields(ReviewPlan)
