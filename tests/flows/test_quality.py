"""Data quality: rules asked of the whole file, findings that end when their test passes, figures that stay as they were."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from tests.conftest import ALL_ROLES, known
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import FourEyesError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.change import ChangeSet
from bankcif.flows.clean import Campaign
from bankcif.flows.sample import Sample
from bankcif.merging import Assurance
from bankcif.party import CifNo, RelationKind
from bankcif.quality import Departments, Dimension, Figure, Finding, Member, RuleBook, State, starter_rules

OPERATIONS = Purpose.OPERATIONS
STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
SECOND = known(Actor(id="s.two", roles=ALL_ROLES, branch="hq"))
CLERK = known(Actor(id="t.li", roles={"teller"}, branch="b"))
ASK: dict[str, Any] = {"actor": STEWARD, "purpose": OPERATIONS}
SAY: dict[str, Any] = {**ASK, "reason": "looked into it"}
BOOK = starter_rules()
TODAY = date(2026, 11, 24)


def asking() -> Policy:
    document = LOOSE.document()
    more = [
        {"id": "quality", "roles": ["steward"], "purposes": ["operations"], "fields": ["*"],
         "actions": ["examine", "findings", "report", "view", "change", "verify", "link", "approve"]},
        {"id": "privacy", "roles": ["steward"], "purposes": ["compliance", "operations"], "actions": ["erase"]},
        {"id": "counter", "roles": ["teller"], "purposes": ["service"], "relations": ["branch"], "fields": ["@identity", "@contact"],
         "actions": ["findings", "view"]},
    ]  # fmt: skip
    return Policy.from_document({**document, "grant": [*document["grant"], *more], "version": "quality", "change": []})


@pytest.fixture
def founding_policy() -> Policy:
    return asking()


def of(cif: CIF, *cif_nos: str, states: tuple[State, ...] = (State.OPEN,)) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in cif.quality.findings(**ASK, states=states, limit=500):
        found.setdefault(one.cif_no, set()).add(one.rule)
    return {cif_no: found.get(CifNo(cif_no), set()) for cif_no in cif_nos}


def all_of(cif: CIF, cif_no: str, rule: str) -> list[Any]:
    with cif._desk.repository.unit_of_work() as unit:
        return [one for one in unit.findings.of([CifNo(cif_no)]) if one.rule == rule]


def changed(cif: CIF, cif_no: str, **values: Any) -> None:
    made = ChangeSet(values=values, code="correction", text="as the customer says", channel="desk")
    waits = cif.changes.make(cif_no, made, **ASK)
    if waits.approval:
        cif.approvals.approve(waits.approval, actor=SECOND)


@pytest.fixture
def cif_no(cif: CIF) -> str:
    return str(register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", occupation=None).cif_no)


def test_a_finding_opens_and_ends_when_its_test_passes(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    first = cif.quality.run(**ASK)
    assert (first.customers, first.looked_at, first.ended) == (1, 1, 0)
    assert {"occupation_there", "identifiers_there"} <= of(cif, cif_no)[cif_no]
    assert first.opened == len(of(cif, cif_no)[cif_no])
    again = cif.quality.run(**ASK)
    assert (again.looked_at, again.opened, again.ended) == (0, 0, 0), "run twice gives one finding"
    with pytest.raises(InputError, match="the test does not pass"):
        cif.quality.close(cif_no, "occupation_there", **ASK)
    clock.advance(timedelta(days=3))
    changed(cif, cif_no, occupation="1")
    cif.quality.close(cif_no, "occupation_there", **ASK)
    (row,) = all_of(cif, cif_no, "occupation_there")
    assert (row.state, row.closed_at) == ("fixed", cif._desk.now())
    with pytest.raises(InputError, match="no such finding is open"):
        cif.quality.close(cif_no, "occupation_there", **ASK)
    changed(cif, cif_no, occupation=None)
    assert cif.quality.run(**ASK).opened == 1
    assert [one.state for one in all_of(cif, cif_no, "occupation_there")] == ["fixed", "open"]


def test_what_is_found_says_what_is_wrong_and_who_answered_for_it(cif: CIF, cif_no: str) -> None:
    cif.quality.run(**ASK)
    one = next(one for one in cif.quality.findings(**ASK) if one.rule == "occupation_there")
    assert (one.kind, one.dimension, one.field) == (Finding.MISSING, Dimension.COMPLETENESS, "occupation")
    assert (one.since, one.due, one.branch, one.channel, one.staff) == (
        TODAY, TODAY + timedelta(30), "b", "counter", STEWARD.id,
    )  # fmt: skip
    assert one.zh
    assert one.hint_en
    kinds = {each.kind for each in cif.quality.findings(**ASK, kind=Finding.STALE)}
    assert kinds <= {Finding.STALE}
    with pytest.raises(InputError, match="1 to 500"):
        cif.quality.findings(**ASK, limit=0)


def test_what_is_accepted_is_open_again_behind_its_day(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    cif.quality.run(**ASK)
    for until in (TODAY, TODAY + timedelta(400)):
        with pytest.raises(InputError, match="at most 366 days"):
            cif.quality.accept(cif_no, "occupation_there", until, **SAY)
    with pytest.raises(InputError, match="reason"):
        cif.quality.accept(cif_no, "occupation_there", TODAY + timedelta(9), **{**SAY, "reason": " "})
    cif.quality.accept(cif_no, "occupation_there", TODAY + timedelta(9), **SAY)
    assert "occupation_there" not in of(cif, cif_no)[cif_no]
    (one,) = [one for one in cif.customers.customer360(cif_no, **ASK).findings if one.rule == "occupation_there"]
    assert (one.state, one.until, one.by, one.reason) == (
        State.ACCEPTED,
        TODAY + timedelta(9),
        STEWARD.id,
        "looked into it",
    )
    clock.advance(timedelta(days=9))
    cif.quality.run(**ASK)
    assert "occupation_there" not in of(cif, cif_no)[cif_no]
    clock.advance(timedelta(days=1))
    cif.quality.run(**ASK)
    assert "occupation_there" in of(cif, cif_no)[cif_no]


def test_a_false_positive_lapses_once_the_value_is_another(cif: CIF) -> None:
    cif_no = str(register(cif, CLERK_ALL, "9", address="文三路", identifiers=None).cif_no)
    cif.quality.run(**ASK)
    with pytest.raises(FourEyesError):
        cif.quality.dismiss(cif_no, "address_understood", actor=CLERK_ALL, purpose=OPERATIONS, reason="there is one")
    cif.quality.dismiss(cif_no, "address_understood", **SAY)
    cif.quality.run(**ASK, whole=True)
    assert "address_understood" not in of(cif, cif_no)[cif_no]
    changed(cif, cif_no, address="文二路")
    cif.quality.run(**ASK)
    assert "address_understood" in of(cif, cif_no)[cif_no]


CLERK_ALL = known(Actor(id="t.all", roles=ALL_ROLES, branch="b"))


def test_findings_are_given_to_somebody_and_asked_for_by_them(cif: CIF, cif_no: str) -> None:
    cif.quality.run(**ASK)
    cif.quality.assign(cif_no, "occupation_there", "s.two", **ASK)
    assert [one.rule for one in cif.quality.findings(**ASK, assignee="s.two")] == ["occupation_there"]
    cif.quality.assign(cif_no, "occupation_there", "", **ASK)
    assert cif.quality.findings(**ASK, assignee="s.two") == ()
    for to in ("x" * 65, "a b"):
        with pytest.raises(InputError, match="by id"):
            cif.quality.assign(cif_no, "occupation_there", to, **ASK)
    with pytest.raises(InputError, match="no such rule"):
        cif.quality.assign(cif_no, "nothing", "s.two", **ASK)


def test_whoever_looks_after_the_customer_sees_the_findings_of_what_they_may_put_right(cif: CIF, cif_no: str) -> None:
    cif.quality.run(**ASK)
    there = {one.rule for one in cif.quality.findings(actor=CLERK, purpose=Purpose.SERVICE)}
    assert "occupation_there" in there
    assert all(BOOK.rules[rule].field not in ("aml_class", "tax_residence") for rule in there)
    elsewhere = attrs.evolve(CLERK, branch="c")
    assert cif.quality.findings(actor=elsewhere, purpose=Purpose.SERVICE) == ()
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.quality.assign(cif_no, "occupation_there", "t.li", actor=elsewhere, purpose=Purpose.SERVICE)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.quality.run(actor=CLERK, purpose=Purpose.SERVICE)


def test_staff_tell_that_a_value_is_wrong_and_it_ends_once_it_is_another_or_was_confirmed(
    cif: CIF, cif_no: str, clock: FixedClock
) -> None:
    say = {"actor": CLERK, "purpose": Purpose.SERVICE, "reason": "the customer says so"}
    rule = cif.quality.report(cif_no, "phone", **say)
    assert rule == "reported:phone"
    with pytest.raises(InputError, match="reported already"):
        cif.quality.report(cif_no, "phone", **say)
    with pytest.raises(InputError, match="no such field"):
        cif.quality.report(cif_no, "shoe", **say)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.quality.report(cif_no, "aml_class", **say)
    (one,) = [one for one in cif.quality.findings(**ASK) if one.rule == rule]
    assert (one.kind, one.dimension, one.field, one.by) == (Finding.REPORTED, None, "phone", CLERK.id)
    with pytest.raises(InputError, match="the test does not pass"):
        cif.quality.close(cif_no, rule, **ASK)
    with pytest.raises(FourEyesError):
        cif.quality.dismiss(cif_no, rule, **say)
    clock.advance(timedelta(hours=1))
    cif.verifications.record(
        cif_no, ["phone"], method="one_time_code", level=Assurance.SUBSTANTIAL, evidence="code 7", **ASK
    )
    cif.quality.close(cif_no, rule, **ASK)
    assert [one.state for one in all_of(cif, cif_no, rule)] == ["fixed"]
    cif.quality.report(cif_no, "phone", **say)
    changed(cif, cif_no, phone="15412349999")
    cif.quality.run(**ASK)
    assert [one.state for one in all_of(cif, cif_no, rule)] == ["fixed", "fixed"]


def test_a_value_is_fresh_from_its_confirmation_and_never_from_a_delivery(cif: CIF, clock: FixedClock) -> None:
    cif_no = str(register(cif, STEWARD, "1", identifiers=None).cif_no)
    cif.quality.run(**ASK)
    assert "phone_fresh" in of(cif, cif_no)[cif_no], "nobody knows when it was said"
    cif.verifications.record(
        cif_no, ["phone"], method="one_time_code", level=Assurance.SUBSTANTIAL, evidence="code 7", **ASK
    )
    cif.quality.run(**ASK)
    assert "phone_fresh" not in of(cif, cif_no)[cif_no]
    clock.advance(timedelta(days=365))
    cif.quality.run(**ASK)
    assert "phone_fresh" not in of(cif, cif_no)[cif_no]
    register(cif, STEWARD, "1", identifiers=None, address="浙江省杭州市西湖区文三路1号")
    clock.advance(timedelta(days=1))
    cif.quality.run(**ASK)
    assert "phone_fresh" in of(cif, cif_no)[cif_no], "that the source delivered again confirms nothing"


NAMES = ("赵云飞", "钱学礼", "孙大圣", "李时珍", "周树人", "吴承恩", "郑成功")


def test_a_phone_on_many_customers_is_found_with_each_of_them_and_ends_with_the_sharing(cif: CIF) -> None:
    numbers = [
        str(register(cif, STEWARD, str(n), name=name, identifiers=None, birth_date=f"19{70 + n}-01-0{n + 1}").cif_no)
        for n, name in enumerate(NAMES[:5])
    ]
    assert len(set(numbers)) == 5
    cif.quality.run(**ASK)
    assert all("phone_of_few" in of(cif, one)[one] for one in numbers)
    changed(cif, numbers[0], phone="15412349999")
    cif.quality.run(**ASK)
    assert all("phone_of_few" not in of(cif, one)[one] for one in numbers), (
        "the others did not change, and are right now"
    )


def test_figures_are_of_units_that_add_up_and_stay_when_a_customer_is_handed_over(cif: CIF, clock: FixedClock) -> None:
    for n, name in enumerate(NAMES):
        register(
            cif, STEWARD, str(n), name=name, identifiers=None, phone=f"1541234000{n}", birth_date=f"19{70 + n}-01-0{n + 1}",
            home_branch="b" if n < 4 else "c", occupation="1" if n % 2 else None,
        )  # fmt: skip
    run = cif.quality.run(**ASK)
    (whole,) = cif.quality.figures(**ASK)
    assert (whole.day, whole.unit) == (TODAY, "")
    assert run.figures == whole.rules
    assert whole.rules["occupation_there"] == Figure(3, 4, 0, 0)
    first: dict[str, Any] = {}
    for scope in ("branch", "manager", "channel", "staff"):
        first[scope] = cif.quality.figures(scope, **ASK)
        for rule, figure in whole.rules.items():
            assert sum((one.rules.get(rule, Figure()) for one in first[scope]), Figure()) == figure, (scope, rule)
    assert {one.unit for one in first["branch"]} == {"b", "c"}
    assert {one.unit for one in first["staff"]} == {STEWARD.id}
    assert whole.dimensions[Dimension.COMPLETENESS].denominator > 0
    cards = cif.quality.scorecard("branch", TODAY, TODAY, **ASK, least=1)
    clock.advance(timedelta(days=100))
    moved = next(one.cif_no for one in cif.quality.findings(**ASK, rule="occupation_there") if one.branch == "b")
    changed(cif, moved, home_branch="c")
    cif.quality.run(**ASK)
    day = {"since": TODAY, "until": TODAY}
    assert cif.quality.figures("branch", **day, **ASK) == first["branch"]
    assert cif.quality.scorecard("branch", TODAY, TODAY, **ASK, least=1) == cards
    late = {"first": TODAY, "last": clock.now().date(), "least": 1, **ASK}
    overdue = cif.quality.scorecard("branch", **late)
    assert sum(one.overdue for one in overdue) > 0
    clock.advance(timedelta(days=1))
    changed(cif, moved, occupation="1")
    cif.quality.run(**ASK)
    assert cif.quality.scorecard("branch", **late) == overdue, "what was put right later was overdue then"
    day = {"since": late["last"], "until": late["last"]}
    later = {one.unit: one.rules["occupation_there"] for one in cif.quality.figures("branch", **day, **ASK)}
    assert later == {"b": Figure(2, 1, 0, 0), "c": Figure(1, 3, 0, 0)}


def test_a_scorecard_tells_rates_trends_terms_and_too_few(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    cif.quality.run(**ASK)
    clock.advance(timedelta(days=10))
    changed(cif, cif_no, occupation="1")
    cif.quality.run(**ASK)
    last = TODAY + timedelta(days=10)
    (card,) = cif.quality.scorecard("branch", TODAY, last, dimension=Dimension.COMPLETENESS, **ASK, least=1)
    assert (card.unit, card.fixed, card.in_time, card.overdue, card.excluded, card.few) == ("b", 1, 1, 0, 0, False)
    assert card.trend is not None
    assert card.trend > 0
    assert card.rate == card.figure.rate
    (few,) = cif.quality.scorecard("branch", TODAY, last, **ASK)
    assert (few.rate, few.trend, few.few) == (None, None, True)
    (late,) = cif.quality.scorecard("branch", TODAY, TODAY + timedelta(days=60), **ASK, least=1)
    assert late.overdue > 0
    for scope, first, end, least in (
        ("all", TODAY, last, 1),
        ("moon", TODAY, last, 1),
        ("branch", last, TODAY, 1),
        ("branch", TODAY, last, 0),
    ):
        with pytest.raises(InputError):
            cif.quality.scorecard(scope, first, end, **ASK, least=least)
    assert sum(map(len, cif.quality.ageing(**ASK).bands.values())) > 0


def test_an_appeal_is_asked_by_who_answers_and_decided_by_somebody_else(cif: CIF, cif_no: str) -> None:
    cif.quality.run(**ASK)
    rule = "occupation_there"
    with pytest.raises(InputError, match="who answers"):
        cif.quality.appeal(cif_no, rule, actor=SECOND, purpose=OPERATIONS, reason="not mine")
    with pytest.raises(InputError, match="nobody asked"):
        cif.quality.decide_appeal(cif_no, rule, grant=True, actor=SECOND, purpose=OPERATIONS, reason="so it is")
    cif.quality.appeal(cif_no, rule, actor=CLERK, purpose=Purpose.SERVICE, reason="the customer refused")
    with pytest.raises(InputError, match="asked already"):
        cif.quality.appeal(cif_no, rule, **SAY)
    with pytest.raises(FourEyesError):
        cif.quality.decide_appeal(cif_no, rule, grant=True, **SAY)
    before = cif.quality.scorecard("branch", TODAY, TODAY, **ASK, least=1)[0]
    cif.quality.decide_appeal(cif_no, rule, grant=True, actor=SECOND, purpose=OPERATIONS, reason="so it is")
    after = cif.quality.scorecard("branch", TODAY, TODAY, **ASK, least=1)[0]
    assert (after.opened, after.excluded) == (before.opened - 1, before.excluded + 1)
    assert rule in of(cif, cif_no)[cif_no], "it is still to be put right"


def test_what_was_put_right_late_can_be_appealed(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    rule = "occupation_there"
    with pytest.raises(InputError, match="no such finding was there"):
        cif.quality.appeal(cif_no, rule, actor=CLERK, purpose=Purpose.SERVICE, reason="the customer was away")
    cif.quality.run(**ASK)
    clock.advance(timedelta(days=60))
    changed(cif, cif_no, occupation="1")
    cif.quality.run(**ASK)
    told = {"first": TODAY, "last": clock.now().date(), "least": 1, **ASK}
    (before,) = cif.quality.scorecard("branch", **told)
    clerk = known(CLERK, clock.now())
    cif.quality.appeal(cif_no, rule, actor=clerk, purpose=Purpose.SERVICE, reason="the customer was away")
    second = known(SECOND, clock.now())
    cif.quality.decide_appeal(cif_no, rule, grant=True, actor=second, purpose=OPERATIONS, reason="so it is")
    (after,) = cif.quality.scorecard("branch", **told)
    assert (after.excluded - before.excluded, before.fixed - after.fixed, before.in_time - after.in_time) == (1, 1, 0)


def test_a_department_is_scored_by_where_its_units_were_then(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    register(cif, STEWARD, "2", identifiers=None, name="李四", phone="15499999999", home_branch="c", occupation=None)
    moved = Member(unit="b", department="south", since=TODAY + timedelta(days=5))
    regions = Departments([Member(unit="b", department="north"), Member(unit="c", department="south"), moved])
    cif.quality.run(**ASK)
    first = cif.quality.scorecard("branch", TODAY, TODAY, departments=regions, least=1, **ASK)
    assert {one.unit for one in first} == {"north", "south"}
    branches = cif.quality.scorecard("branch", TODAY, TODAY, least=1, **ASK)
    assert sum((one.figure for one in first), Figure()) == sum((one.figure for one in branches), Figure())
    assert sum(one.opened for one in first) == sum(one.opened for one in branches) > 0
    clock.advance(timedelta(days=10))
    cif.quality.run(**ASK)
    last = TODAY + timedelta(days=10)
    found = {one.unit: one for one in cif.quality.scorecard("branch", TODAY, last, departments=regions, least=1, **ASK)}
    assert found["south"].figure == sum((one.figure for one in branches), Figure()), (
        "both branches are of the south now"
    )
    assert found["north"].opened == next(one.opened for one in first if one.unit == "north"), (
        "and the north's findings stay"
    )
    assert cif.quality.scorecard("branch", TODAY, TODAY, departments=regions, least=1, **ASK) == first
    nowhere = cif.quality.scorecard("branch", TODAY, last, departments=Departments([]), least=1, **ASK)
    assert [one.unit for one in nowhere] == [""]


def test_merged_customers_answer_for_their_findings_as_one_and_apart_again(cif: CIF) -> None:
    one, other = (
        str(register(cif, STEWARD, str(n), name=name, identifiers=None, occupation=said, phone=f"1541234000{n}").cif_no)
        for n, (name, said) in enumerate((("赵云飞", None), ("钱学礼", "1")))
    )
    cif.quality.run(**ASK)
    assert ["occupation_there" in of(cif, each)[each] for each in (one, other)] == [True, False]
    merged = cif.matches.propose_merge(one, other, accept=EVERY_CONCERN, reason="one person", actor=STEWARD)
    cif.approvals.approve(merged.id, actor=SECOND)
    cif.quality.run(**ASK)
    with cif._desk.repository.unit_of_work() as unit:
        assert {row.state for row in unit.findings.of([CifNo(other)])} <= {"gone", "fixed"}
    assert "occupation_there" not in of(cif, one)[one]
    apart = cif.matches.propose_unmerge(other, reason="two after all", actor=STEWARD)
    cif.approvals.approve(apart.id, actor=SECOND)
    cif.quality.run(**ASK)
    assert ["occupation_there" in of(cif, each)[each] for each in (one, other)] == [True, False]


def test_who_is_restricted_or_erased_has_no_finding_that_is_open(cif: CIF, cif_no: str) -> None:
    cif.quality.run(**ASK)
    cif.erasures.restrict(cif_no, reason="asked for it", actor=STEWARD, purpose=Purpose.COMPLIANCE)
    assert cif.quality.run(**ASK).customers == 0
    with cif._desk.repository.unit_of_work() as unit:
        assert {row.state for row in unit.findings.of([CifNo(cif_no)])} == {"gone"}
    erasure = cif.erasures.propose(cif_no, reason="term over", actor=STEWARD, purpose=Purpose.COMPLIANCE)
    cif.approvals.approve(erasure.id, actor=SECOND)
    with cif._desk.repository.unit_of_work() as unit:
        assert unit.findings.of([CifNo(cif_no)]) == []
        assert unit.sheets.get([CifNo(cif_no)]) == {}


def test_another_book_is_asked_of_everybody_and_what_it_leaves_out_is_gone(cif: CIF, cif_no: str) -> None:
    cif.quality.run(**ASK)
    rules = {name: one for name, one in BOOK.rules.items() if name != "occupation_there"}
    cif._CIF__desk = attrs.evolve(cif._CIF__desk, quality=RuleBook(version="2", rules=rules, applies=BOOK.applies))  # type: ignore[attr-defined]
    assert cif.quality.run(**ASK).looked_at == 1
    assert [one.state for one in all_of(cif, cif_no, "occupation_there")] == ["gone"]


def test_a_sample_is_drawn_by_lot_and_tells_between_what_the_truth_lies(cif: CIF, clock: FixedClock) -> None:
    for n, name in enumerate(NAMES):
        register(
            cif,
            STEWARD,
            str(n),
            name=name,
            identifiers=None,
            phone=f"1541234000{n}" if n else None,
            email=None if n else "a@qq.com",
            birth_date=f"19{70 + n}-01-0{n + 1}",
        )
    sample = Sample(field="phone", day=TODAY, size=7)
    drawn = cif.quality.draw(sample, **ASK)
    assert len(set(drawn)) == 7
    assert cif.quality.draw(sample, **ASK) == drawn
    orders = {cif.quality.draw(attrs.evolve(sample, seed=seed, size=3), **ASK) for seed in "abcdef"}
    assert len(orders) > 1
    clock.advance(timedelta(days=1))
    register(cif, STEWARD, "new", name="王维", identifiers=None, phone="15412341111")
    assert cif.quality.draw(sample, **ASK) == drawn, "who came since is in no sample of before"
    with_phone = [one for one in drawn if cif.customers.get(one, **ASK).phone]
    for n, one in enumerate(with_phone[:4]):
        cif.verifications.record(
            one, ["phone"], method="operator", level=Assurance.LOW, evidence="call", confirmed=n > 0, **ASK
        )
    found = cif.quality.verified_accuracy(sample, **ASK)
    assert found.figure == Figure(3, 1, 1, 2)
    assert set(found.waiting) == set(with_phone[4:])
    assert 0.30 < found.low < 0.31
    assert 0.95 < found.high < 0.96
    with pytest.raises(InputError, match="day behind"):
        cif.quality.draw(Sample(field="phone", day=TODAY + timedelta(9)), **ASK)
    for wrong in ({"field": "shoe"}, {"field": "phone", "size": 0}):
        with pytest.raises(InputError):
            Sample(day=TODAY, **wrong)  # type: ignore[arg-type]


def test_a_campaign_suggests_what_follows_and_changes_what_is_sure_enough(cif: CIF) -> None:
    cif_no = str(
        register(
            cif,
            STEWARD,
            "1",
            name="李明",
            pinyin_name="WANG MING",
            email="li.ming@gmial.com",
            sex=None,
            birth_date="1981-01-01",
        ).cif_no
    )
    cif.quality.run(**ASK)
    campaign = Campaign(name="spring 2026", least=60)
    found = {one.cleaner: one for one in cif.quality.suggestions(campaign, **ASK)}
    assert {"birth_date_from_resident_id", "sex_from_resident_id", "pinyin_of_name", "email_domain"} <= found.keys()
    assert found["email_domain"].value == "l***@gmail.com"
    assert "email_no_typo" in found["email_domain"].rules
    shown = cif.quality.clean(campaign, **ASK)
    assert (shown.made, shown.waiting) == (0, 0)
    done = cif.quality.clean(
        attrs.evolve(campaign, by_itself=90, cleaners=("sex_from_resident_id", "birth_date_from_resident_id")), **ASK
    )
    assert (done.made, done.waiting, done.shown, done.refused) == (1, 1, 0, 0), "a birth date is protected"
    made = cif.changes.of(cif_no, **ASK)
    assert {one.evidence for one in made} == {
        "campaign:spring 2026:sex_from_resident_id:99", "campaign:spring 2026:birth_date_from_resident_id:90",
    }  # fmt: skip
    one = cif.quality.clean_one(campaign, cif_no, "email_domain", **ASK)
    if one.approval:
        cif.approvals.approve(one.approval, actor=SECOND)
    cif.quality.run(**ASK)
    assert "email_no_typo" not in of(cif, cif_no)[cif_no]
    with pytest.raises(InputError, match="nothing any more"):
        cif.quality.clean_one(campaign, cif_no, "email_domain", **ASK)
    with pytest.raises(InputError, match="there is no cleaner broom"):
        cif.quality.suggestions(attrs.evolve(campaign, cleaners=("broom",)), **ASK)
    for wrong in ({"name": ""}, {"name": "a", "least": 90, "by_itself": 80}, {"name": "a", "least": 101}):
        with pytest.raises(InputError):
            Campaign(**wrong)


def test_nothing_is_suggested_of_who_is_restricted(cif: CIF) -> None:
    cif_no = str(register(cif, STEWARD, "1", name="李明", identifiers=None, email="li@gmial.com").cif_no)
    cif.quality.run(**ASK)
    assert cif.quality.suggestions(Campaign(name="spring", least=60), **ASK)
    cif.erasures.restrict(cif_no, reason="asked", actor=STEWARD, purpose=Purpose.COMPLIANCE)
    assert cif.quality.suggestions(Campaign(name="spring", least=60), **ASK) == ()
    assert cif.quality.clean(Campaign(name="spring", least=60, by_itself=60), **ASK).refused == 0


def test_a_run_sees_what_becomes_of_the_other_side_of_a_relation(cif: CIF, cif_no: str) -> None:
    child = str(
        register(
            cif, STEWARD, "c", name="张小宝", identifiers=None, phone="15412340077", birth_date="2016-02-01"
        ).cif_no
    )
    say = {"actor": known(Actor(id="c.he", roles={"compliance"})), "purpose": Purpose.COMPLIANCE, "reason": "r"}
    cif.relations.add(cif_no, RelationKind.GUARDIAN, child, **say)
    cif.quality.run(**ASK)
    assert "child_has_guardian" not in of(cif, child)[child]
    cif.erasures.restrict(cif_no, reason="asked", actor=STEWARD, purpose=Purpose.COMPLIANCE)
    cif.quality.run(**ASK)
    found = of(cif, child)[child]
    assert "child_has_guardian" in found
    cif.quality.run(whole=True, **ASK)
    assert of(cif, child)[child] == found


def test_whoever_reported_a_value_does_not_dismiss_it_though_others_spoke_since(cif: CIF, cif_no: str) -> None:
    say = {"purpose": OPERATIONS, "reason": "so they say"}
    rule = cif.quality.report(cif_no, "phone", actor=SECOND, **say)
    cif.quality.appeal(cif_no, rule, actor=STEWARD, **say)
    with pytest.raises(FourEyesError):
        cif.quality.dismiss(cif_no, rule, actor=SECOND, **say)


def test_another_book_forgets_nothing_that_was_counted_over_the_file(cif: CIF) -> None:
    numbers = [
        str(register(cif, STEWARD, f"k{n}", name="赵钱孙李周"[n] + "云飞", identifiers=None, occupation=None).cif_no)
        for n in range(5)
    ]
    cif.quality.run(**ASK)
    third = known(Actor(id="s.three", roles=ALL_ROLES, branch="hq"))
    cif.quality.dismiss(numbers[0], "phone_of_few", reason="a family", actor=third, purpose=OPERATIONS)
    another = RuleBook.from_document({**BOOK.document(), "version": "another"})
    cif._CIF__desk = attrs.evolve(cif._desk, quality=another)  # type: ignore[attr-defined]
    changed(cif, numbers[0], occupation="1")
    cif.quality.close(numbers[0], "occupation_there", **ASK)
    cif.quality.run(**ASK)
    assert [one.state for one in all_of(cif, numbers[0], "phone_of_few")] == [State.FALSE_POSITIVE]


def test_the_file_is_counted_for_nobody_who_may_not_close_and_for_no_finding_that_is_none(
    cif: CIF, cif_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting opens every customer: a reported value that was put right needs it as little as somebody without a right does."""
    rule = cif.quality.report(cif_no, "phone", reason="so they say", actor=SECOND, purpose=OPERATIONS)
    changed(cif, cif_no, phone="15412345699")

    def counted(desk: Any) -> None:
        raise AssertionError("the whole file was counted")

    monkeypatch.setattr("bankcif.flows.findings.counted_over_file", counted)
    cif.quality.close(cif_no, rule, **ASK)
    stranger = known(Actor(id="x.nobody", roles={"teller"}, branch="far away"))
    for who, number in ((stranger, cif_no), (stranger, "C0000000000000000")):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.quality.close(number, "phone_of_few", actor=who, purpose=OPERATIONS)
    with pytest.raises(InputError, match="no such finding is open"):
        cif.quality.close(cif_no, "phone_of_few", **ASK)
