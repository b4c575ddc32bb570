"""What customers ask about their data, and how long they are kept: deadlines, grounds, two persons, holds, shredding runs."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.conftest import ALL_ROLES, known
from tests.flows.test_browse import Under
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import ConfigurationError, FourEyesError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.change import ChangeSet
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.party import LifeCycle
from bankcif.upkeep import RequestKind, RequestPlan, RequestState, RetentionPlan, RetentionRule, Start, retention

COMPLIANCE = Purpose.COMPLIANCE
STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
TANG, SONG = (known(Actor(id=name, roles={"privacy_officer"})) for name in ("p.tang", "p.song"))
ASK: dict[str, Any] = {"actor": TANG, "purpose": COMPLIANCE, "reason": "asked at the counter"}
DECIDE: dict[str, Any] = {"actor": SONG, "purpose": COMPLIANCE, "reason": "looked into it"}
TODAY = date(2026, 11, 24)
OVER = {"customer_since": "2010-01-01", "holdings": [{"product": "current", "status": "closed", "opened_on": "2010-01-01", "closed_on": "2015-06-30"}]}  # fmt: skip
RUNS = {"customer_since": "2010-01-01", "holdings": [{"product": "current", "status": "closed", "opened_on": "2010-01-01", "closed_on": "2020-06-30"}]}  # fmt: skip
LASTS = {"customer_since": "2010-01-01", "holdings": [{"product": "current", "status": "open", "opened_on": "2010-01-01"}]}  # fmt: skip
COPY, CORRECT, RESTRICT, ERASE = RequestKind


def privacy() -> Policy:
    document = LOOSE.document()
    more = [
        {"id": "privacy", "roles": ["privacy_officer"], "purposes": ["compliance", "operations"], "actions": ["erase", "retain", "requests", "change", "view", "transition"],
         "fields": ["*", "step:*"]},
        {"id": "counter", "roles": ["teller"], "purposes": ["service"], "relations": ["branch"], "actions": ["requests"], "fields": ["requests"]},
    ]  # fmt: skip
    return Policy.from_document({**document, "grant": [*document["grant"], *more], "version": "privacy", "change": []})


@pytest.fixture
def founding_policy() -> Policy:
    return privacy()


def customer(cif: CIF, key: str = "1", **more: Any) -> str:
    return str(register(cif, STEWARD, key, identifiers=None, birth_date="1990-02-01", **more).cif_no)


def closed(cif: CIF, cif_no: str) -> None:
    """Takes a customer to the end of the relationship."""
    for step in ("close", "finish"):
        cif.customers.step(cif_no, step, evidence="1", **ASK)


def opened(cif: CIF, cif_no: str, kind: RequestKind, **more: Any) -> Any:
    return cif.requests.open(cif_no, kind, evidence="seen the original", **{**ASK, **more})


def test_a_copy_is_asked_for_approved_by_another_made_and_closed(cif: CIF) -> None:
    cif_no = customer(
        cif,
        address="浙江省杭州市西湖区文三路1号",
        aml_class="high",
        aum={"amount": "123.45", "currency": "CNY"},
        **LASTS,
    )
    asked = opened(cif, cif_no, COPY)
    assert (asked.state, asked.received, asked.due, asked.late) == ("open", TODAY, TODAY + timedelta(15), False)
    with pytest.raises(InputError, match="no such case"):
        cif.requests.copy(cif_no, asked.id, **ASK)
    with pytest.raises(FourEyesError):
        cif.requests.approve(cif_no, asked.id, **ASK)
    assert cif.requests.approve(cif_no, asked.id, **DECIDE).decided_by == "p.song"
    made = cif.requests.copy(cif_no, asked.id, **ASK)
    document = json.loads(json.dumps(made.document(), ensure_ascii=False))
    said = {one["name"]: one["value"] for one in document["fields"]}
    assert said["phone"] == "+8615412345678"
    assert said["address"] == "浙江省杭州市西湖区文三路1号"
    assert said["aum"] == "CNY 123.45"
    assert said["holdings"] == [{"product": "current", "role": "holder", "status": "open", "opened_on": "2010-01-01"}]
    assert "aml_class" not in said, "what is known of money laundering is not told"
    assert {one["source"] for one in document["fields"] if one["name"] in ("phone", "aum")} == {"counter"}
    assert document["shared"] == [], "it went to nobody"
    assert document["withheld"] == ["risk"]
    for language, word in (("zh", "手机或电话"), ("en", "Phone")):
        page = cif.requests.readable(made, language)  # type: ignore[arg-type]
        assert word in page
        assert "15412345678" in page
    (one,) = cif.requests.of(cif_no, actor=TANG, purpose=COMPLIANCE)
    assert (one.state, one.closed) == (RequestState.DONE, TODAY)
    with pytest.raises(InputError, match="no such case"):
        cif.requests.copy(cif_no, asked.id, **ASK)


def test_what_is_asked_waits_the_first_due_first_and_tells_when_it_is_late(cif: CIF, clock: FixedClock) -> None:
    one, other = customer(cif), customer(cif, "2", name="钱学礼", phone="15412340002")
    opened(cif, one, COPY)
    opened(cif, other, RESTRICT)
    found = cif.requests.waiting(actor=TANG, purpose=COMPLIANCE)
    assert [(view.cif_no, view.kind) for view in found] == [(other, RESTRICT), (one, COPY)]
    clock.advance(timedelta(days=8))
    assert [view.late for view in cif.requests.waiting(actor=TANG, purpose=COMPLIANCE)] == [True, False]
    with pytest.raises(InputError, match="asked already"):
        opened(cif, one, COPY)
    cif.requests.withdraw(one, found[1].id, **ASK)
    assert len(cif.requests.waiting(actor=TANG, purpose=COMPLIANCE)) == 1
    opened(cif, one, COPY, received=TODAY)
    clerk = known(Actor(id="t.1", roles={"teller"}, branch="c"), clock.now())
    assert cif.requests.waiting(actor=clerk, purpose=Purpose.SERVICE) == ()
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.requests.of(one, actor=clerk, purpose=Purpose.SERVICE)


def test_a_copy_says_to_whom_it_all_went_and_what_was_said_to_the_bank_itself(cif: CIF, clock: FixedClock) -> None:
    cif_no = customer(cif)
    officer = known(Actor(id="c.he", roles={"compliance"}), clock.now())
    spec = ExportSpec(fields=("sex", "phone"), recipient=Recipient(name="audit", inside=True), purpose=COMPLIANCE)
    cif.exports.take(spec, actor=officer)
    cif.changes.make(
        cif_no,
        ChangeSet(values={"occupation": "1"}, code="customer_request", text="told us", channel="desk"),
        actor=TANG,
        purpose=COMPLIANCE,
    )
    asked = opened(cif, cif_no, COPY)
    cif.requests.approve(cif_no, asked.id, **DECIDE)
    document = cif.requests.copy(cif_no, asked.id, **ASK).document()
    (shared,) = document["shared"]
    assert (shared["recipient"], shared["country"], shared["purpose"], set(shared["fields"])) == (
        "audit",
        "CN",
        "compliance",
        {"sex", "phone"},
    )
    sources = {one["name"]: one["source"] for one in document["fields"]}
    assert (sources["phone"], sources["occupation"]) == ("counter", "")


@pytest.mark.parametrize(("more", "problem"), [
    ({"evidence": ""}, "how they were recognized"), ({"asked_by": "neighbour"}, "who asks is"), ({"received": TODAY + timedelta(1)}, "last year, or today"),
    ({"received": TODAY - timedelta(400)}, "last year, or today"), ({"reason": " "}, "reason"),
])  # fmt: skip
def test_a_request_that_cannot_be_is_refused(cif: CIF, more: dict[str, Any], problem: str) -> None:
    cif_no = customer(cif)
    with pytest.raises(InputError, match=problem):
        cif.requests.open(cif_no, COPY, **{"evidence": "1", **ASK, **more})
    assert cif.requests.of(cif_no, actor=TANG, purpose=COMPLIANCE) == ()


def test_an_erasure_inside_a_term_is_refused_with_its_ground_and_restricts(cif: CIF) -> None:
    cif_no = customer(cif, **RUNS)
    closed(cif, cif_no)
    asked = opened(cif, cif_no, ERASE)
    with pytest.raises(InputError, match=r"kept until 2036-11-24.*refuse it"):
        cif.requests.approve(cif_no, asked.id, **DECIDE)
    with pytest.raises(InputError, match="that ground is not so"):
        cif.requests.refuse(cif_no, asked.id, "inquiry", **DECIDE)
    with pytest.raises(InputError, match="a ground is one of"):
        cif.requests.refuse(cif_no, asked.id, "because", **DECIDE)
    with pytest.raises(FourEyesError):
        cif.requests.refuse(cif_no, asked.id, "retention_term", **ASK)
    with cif._desk.repository.unit_of_work() as unit:
        assert unit.parties.get([cif_no])[cif_no].life_cycle == "closed", "who may not refuse has restricted nobody"  # type: ignore[list-item, index]
    found = cif.requests.refuse(cif_no, asked.id, "retention_term", **DECIDE)
    assert (found.state, found.ground, found.closed) == ("refused", "retention_term", TODAY)
    with cif._desk.repository.unit_of_work() as unit:
        assert unit.parties.get([cif_no])[cif_no].life_cycle == "restricted"  # type: ignore[list-item, index]
    with pytest.raises(InputError, match="kept until"):
        cif.erasures.propose(cif_no, reason="let us anyway", actor=TANG)


def test_an_erasure_behind_every_term_is_approved_carried_out_and_certified(cif: CIF, clock: FixedClock) -> None:
    cif_no = customer(cif)
    asked = opened(cif, cif_no, ERASE)
    cif.requests.approve(cif_no, asked.id, **DECIDE)
    _, proposal = cif.requests.carry_out(cif_no, asked.id, **ASK)
    assert proposal is not None
    assert cif.requests.carry_out(cif_no, asked.id, **ASK)[1] is None, "it is proposed already"
    with pytest.raises(FourEyesError):
        cif.approvals.approve(proposal.id, actor=TANG)
    cif.approvals.approve(proposal.id, actor=SONG)
    assert cif.erasures.certificate(proposal.id, actor=TANG).cif_no == cif_no
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.requests.of(cif_no, actor=TANG, purpose=COMPLIANCE)


def test_a_restriction_is_carried_out_and_a_correction_names_its_change(cif: CIF) -> None:
    cif_no = customer(cif, occupation="1")
    before = cif.changes.make(
        cif_no, ChangeSet(values={"occupation": "4"}, code="correction", text="x"), actor=TANG, purpose=COMPLIANCE
    )
    fix = opened(cif, cif_no, CORRECT)
    cif.requests.approve(cif_no, fix.id, **DECIDE)
    with pytest.raises(InputError, match="name the change set"):
        cif.requests.carry_out(cif_no, fix.id, **ASK)
    assert before.state == "applied"
    done = cif.changes.make(
        cif_no, ChangeSet(values={"occupation": "3"}, code="correction", text="x"), actor=TANG, purpose=COMPLIANCE
    )
    assert cif.requests.carry_out(cif_no, fix.id, change=done.id, **ASK)[0].state == "done"
    stop = opened(cif, cif_no, RESTRICT)
    cif.requests.approve(cif_no, stop.id, **DECIDE)
    with pytest.raises(InputError, match="this request asks for no copy"):
        cif.requests.copy(cif_no, stop.id, **ASK)
    cif.requests.carry_out(cif_no, stop.id, **ASK)
    with cif._desk.repository.unit_of_work() as unit:
        assert unit.parties.get([cif_no])[cif_no].life_cycle == "restricted"  # type: ignore[list-item, index]
    copy = opened(cif, cif_no, COPY)
    cif.requests.approve(cif_no, copy.id, **DECIDE)
    with pytest.raises(InputError, match="made by  copy"):
        cif.requests.carry_out(cif_no, copy.id, **ASK)
    assert cif.requests.copy(cif_no, copy.id, **ASK).fields, "who is restricted is told all the same"


def test_nothing_is_erased_while_something_is_going_on(cif: CIF) -> None:
    cif_no = customer(cif)
    for ground, evidence, problem in (
        ("inquiry!", "file 7", "is a word"),
        ("inquiry", "", "names what asks"),
        ("inquiry", "x" * 201, "200 printable"),
    ):
        with pytest.raises(InputError, match=problem):
            cif.retention.hold(cif_no, ground, evidence=evidence, **ASK)
    held = cif.retention.hold(cif_no, "inquiry", evidence="file 7", **ASK)
    cif.erasures.restrict(cif_no, reason="asked", actor=TANG)
    with pytest.raises(InputError, match=r"going on \(inquiry\)"):
        cif.erasures.propose(cif_no, reason="asked", actor=TANG)
    view = cif.retention.of(cif_no, actor=TANG, purpose=COMPLIANCE)
    assert ([one.ground for one in view.holds], view.retention.holds) == (["inquiry"], ("inquiry",))
    with pytest.raises(FourEyesError):
        cif.retention.release(cif_no, held, **ASK)
    cif.retention.release(cif_no, held, **DECIDE)
    with pytest.raises(InputError, match="lifted already"):
        cif.retention.release(cif_no, held, **DECIDE)
    assert cif.retention.of(cif_no, actor=TANG, purpose=COMPLIANCE).why_not == ""
    proposal = cif.erasures.propose(cif_no, reason="asked", actor=TANG)
    cif.retention.hold(cif_no, "inquiry", evidence="file 8", **ASK)
    with pytest.raises(Exception, match=r"going on|changed|meanwhile|conflict"):
        cif.approvals.approve(proposal.id, actor=SONG)


def test_a_hold_of_one_side_holds_both_behind_a_merge(cif: CIF) -> None:
    one, other = customer(cif), customer(cif, "2", name="钱学礼", phone="15412340002")
    cif.retention.hold(other, "litigation", evidence="file 7", **ASK)
    second = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
    merge = cif.matches.propose_merge(one, other, accept=EVERY_CONCERN, reason="one", actor=STEWARD)
    cif.approvals.approve(merge.id, actor=second)
    assert cif.retention.of(one, actor=TANG, purpose=COMPLIANCE).retention.holds == ("litigation",)
    cif.approvals.approve(cif.matches.propose_unmerge(other, reason="two", actor=STEWARD).id, actor=second)
    assert cif.retention.of(one, actor=TANG, purpose=COMPLIANCE).retention.holds == ()
    assert cif.retention.of(other, actor=TANG, purpose=COMPLIANCE).retention.holds == ("litigation",)


def test_a_shredding_run_is_seen_before_approved_by_another_and_certified(cif: CIF, clock: FixedClock) -> None:
    names = "赵云飞 钱学礼 孙大圣 李时珍 周树人".split()
    kept = [
        customer(cif, f"k{n}", name="吴承恩郑成功王"[n : n + 2] + "明", phone=f"1541234{n:04d}", **LASTS)
        for n in range(6)
    ]
    over = [customer(cif, str(n), name=names[n], phone=f"1541235000{n}", **OVER) for n in range(3)]
    runs = customer(cif, "r", name=names[3], phone="15412350009", **RUNS)
    prospect = customer(cif, "p", name=names[4], phone="15412350008")
    for cif_no in (*over, runs):
        closed(cif, cif_no)
    early = cif.retention.preview(actor=TANG, purpose=COMPLIANCE)
    assert (early.customers, early.due, early.lasting, early.running) == (len(kept) + 5, (), len(kept), 4)
    with pytest.raises(InputError, match="nobody is due"):
        cif.retention.propose_run(**ASK)
    clock.advance(timedelta(days=3655))
    now = {"tang": known(TANG, clock.now()), "song": known(SONG, clock.now())}
    ask, decide = {**ASK, "actor": now["tang"]}, {**DECIDE, "actor": now["song"]}
    cif.retention.hold(over[2], "audit", evidence="file 9", **ask)
    found = cif.retention.preview(actor=now["tang"], purpose=COMPLIANCE)
    assert ({cif_no for cif_no, _ in found.due}, found.held) == ({*over[:2], runs}, 1)
    with pytest.raises(InputError, match="3 of 11 customers are due, more than 5 in a hundred"):
        cif.retention.propose_run(**ask)
    cif._CIF__desk = attrs.evolve(cif._CIF__desk, retention=RetentionPlan(most_percent=50))  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="1 to 1000"):
        cif.retention.preview(actor=now["tang"], purpose=COMPLIANCE, limit=0)
    run = cif.retention.propose_run(**ask, limit=2)
    assert len(run.proposed) == 2
    with pytest.raises(FourEyesError):
        cif.retention.approve_run(run.id, actor=now["tang"], purpose=COMPLIANCE)
    with pytest.raises(InputError, match="no such run"):
        cif.retention.approve_run("nothing", actor=now["song"], purpose=COMPLIANCE)
    cif.retention.hold(run.proposed[0], "inquiry", evidence="file 10", **ask)
    done = cif.retention.approve_run(run.id, actor=now["song"], purpose=COMPLIANCE)
    assert done.erased == run.proposed[1:]
    assert set(done.kept) == {run.proposed[0]}
    assert cif.retention.approve_run(run.id, actor=now["song"], purpose=COMPLIANCE).erased == run.proposed[1:], (
        "it goes on"
    )
    (certificate,) = cif.retention.certificate(run.id, actor=now["tang"], purpose=COMPLIANCE)
    assert (certificate.cif_no, certificate.proposed_by, certificate.approved_by) == (
        run.proposed[1],
        "p.tang",
        "p.song",
    )
    assert cif.retention.of(prospect, actor=now["tang"], purpose=COMPLIANCE).retention.kept == ()
    assert decide


def test_who_closed_is_restricted_some_time_behind_the_end(cif: CIF, clock: FixedClock) -> None:
    """Active, closed, restricted, due: who is no customer any more is stored and protected, until the law's term is over."""
    kept = customer(cif, "k", name="吴承恩", phone="15412340000", **LASTS)
    ended = customer(cif, "e", name="赵云飞", phone="15412350000", **RUNS)
    prospect = customer(cif, "p", name="周树人", phone="15412350008")
    closed(cif, ended)
    today = clock.now().date()
    over = cif.retention.of(ended, actor=TANG, purpose=COMPLIANCE).retention.ended
    assert over == today, "the step that ended it"
    for days, wanted in ((90, ()), (1, (ended,)), (0, ())):
        clock.advance(timedelta(days=days))
        tang: dict[str, Any] = {**ASK, "actor": known(TANG, clock.now())}
        assert cif.retention.restrict_ended(**tang) == wanted
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.get(ended, actor=known(STEWARD, clock.now()), purpose=Purpose.OPERATIONS)
    for cif_no in (kept, prospect):
        assert cif.customers.get(cif_no, actor=known(STEWARD, clock.now()), purpose=Purpose.OPERATIONS).cif_no == cif_no
    due = cif.retention.preview(actor=tang["actor"], purpose=COMPLIANCE)
    assert (due.running, due.due) == (1, ()), "restricted, and kept for its term"
    with pytest.raises(InputError, match="1000 customers"):
        cif.retention.restrict_ended(**tang, limit=0)
    cif.erasures.lift(ended, reason="they come back", actor=tang["actor"], purpose=COMPLIANCE)
    assert cif.retention.of(ended, actor=tang["actor"], purpose=COMPLIANCE).retention.ended == today


def test_a_plan_that_would_erase_everybody_is_refused(tmp_path: Path) -> None:
    rule = {"name": "a", "groups": ("*",), "months": 1, "starts": "last_contact", "ground": "g", "zh": "甲", "en": "a"}
    for more, problem in (
        ({"months": 0}, "erase everybody at once"),
        ({"name": "A"}, "a word"),
        ({"groups": ()}, "names data groups"),
        ({"ground": " "}, "names data groups"),
    ):
        with pytest.raises(ConfigurationError, match=problem):
            RetentionRule(**{**rule, **more})
    for made in (
        lambda: RetentionPlan(most_percent=51),
        lambda: RetentionPlan(restrict_days=-1),
        lambda: RetentionPlan(rules=()),
        lambda: RetentionPlan(
            rules=(RetentionRule(**rule),)
        ),  # of a closed customer without contacts nothing would be kept
        lambda: RetentionPlan(rules=(RetentionRule(**rule), RetentionRule(**rule))),
    ):
        with pytest.raises(ConfigurationError):
            made()
    path = tmp_path / "plan.toml"
    path.write_text(
        'most_percent = 3\nrestrict_days = 7\n[rule.a]\ngroups = ["identity"]\nmonths = 6\nstarts = "relationship_end"\nground = "g"\nzh = "甲"\nen = "a"\n',
        encoding="utf-8",
    )
    plan = RetentionPlan.read(path)
    assert (plan.most_percent, plan.restrict_days, plan.rules[0].months, plan.rules[0].starts) == (
        3,
        7,
        6,
        Start.RELATIONSHIP_END,
    )
    for text in (
        "x = 1",
        "[rule.a]\nmonths = 6",
        '[rule.a]\ncolor = "red"',
        '[rule.a]\ngroups = ["moon"]\nmonths = 1\nstarts = "last_contact"\nground = "g"\nzh = "甲"\nen = "a"',
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError):
            RetentionPlan.read(path)
    for days in ({}, dict.fromkeys(RequestKind, 0)):
        with pytest.raises(ConfigurationError):
            RequestPlan(days=days)


@pytest.mark.parametrize(("values", "state", "until", "lasts"), [
    ({}, LifeCycle.ACTIVE, None, False), (LASTS, LifeCycle.ACTIVE, None, True), (LASTS, LifeCycle.CLOSED, None, True),
    (OVER, LifeCycle.CLOSED, date(2025, 6, 30), False), (OVER, LifeCycle.ACTIVE, None, True),
    ({**OVER, "transactions": [{"period": "2019-03"}]}, LifeCycle.CLOSED, date(2029, 3, 31), False),
    ({**OVER, "interactions": [{"on": "2026-01-31"}]}, LifeCycle.CLOSED, date(2029, 1, 31), False),
    ({**OVER, "consents": [{"since": "2020-02-29", "until": "2024-02-29"}]}, LifeCycle.ARCHIVED, date(2027, 2, 28), False),
    ({**OVER, "states": [{"id": "1", "state": "deceased", "since": "2018-05-05"}]}, LifeCycle.DECEASED, date(2028, 5, 5), False),
])  # fmt: skip
def test_until_when_a_customer_is_kept(
    values: dict[str, Any], state: LifeCycle, until: date | None, lasts: bool
) -> None:
    found = retention(RetentionPlan(), values, state)
    assert (found.until, found.lasts) == (until, lasts)
    assert bool(found.why_not(date(2026, 11, 24))) is (lasts or (until is not None and until >= date(2026, 11, 24)))


@given(st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.dates(date(1990, 1, 1), date(2030, 1, 1)))
def test_what_comes_later_never_shortens_a_term(first: date, later: date) -> None:
    def kept(*days: date) -> date:
        holdings = [{"status": "closed", "opened_on": "1990-01-01", "closed_on": day.isoformat()} for day in days]
        found = retention(RetentionPlan(), {"holdings": holdings}, LifeCycle.CLOSED).until
        assert found is not None
        return found

    assert kept(first, later) == max(kept(first), kept(later))


def test_one_person_with_two_operators_decides_nothing_that_they_took_down(cif: CIF) -> None:
    cif_no = customer(cif)
    first, second = (attrs.evolve(TANG, id=name, person="tang") for name in ("p.one", "p.two"))
    asked = opened(cif, cif_no, COPY, actor=first)
    hold = cif.retention.hold(cif_no, "inquiry", evidence="letter 7", actor=first, purpose=COMPLIANCE, reason="r")
    with pytest.raises(FourEyesError):
        cif.requests.approve(cif_no, asked.id, actor=second, purpose=COMPLIANCE, reason="r")
    with pytest.raises(FourEyesError):
        cif.retention.release(cif_no, hold, actor=second, purpose=COMPLIANCE, reason="r")
    with pytest.raises(InputError, match="what is asked is one of"):
        opened(cif, cif_no, "delete")  # type: ignore[arg-type]


def test_holds_are_shown_to_who_may_hold_this_customer(cif: CIF) -> None:
    here, there = customer(cif), customer(cif, "2", name="钱学礼", phone="15412340002", home_branch="x")
    for cif_no in (here, there):
        cif.retention.hold(cif_no, "inquiry", evidence="letter 7", **ASK)
    document = privacy().document()
    local = {
        "id": "local",
        "roles": ["local"],
        "purposes": ["compliance"],
        "relations": ["branch"],
        "actions": ["retain"],
        "fields": ["holds"],
    }
    policy = Policy.from_document({**document, "grant": [*document["grant"], local], "version": "local"})
    asks = {"actor": known(Actor(id="l.1", roles={"local"}, branch="b")), "purpose": COMPLIANCE}
    with Under(cif, policy):
        assert cif.retention.of(here, **asks).holds[0].ground == "inquiry"
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.retention.of(there, **asks)


def test_who_waits_for_a_third_person_is_not_told_to_be_erased(cif: CIF, clock: FixedClock) -> None:
    others = [
        customer(cif, f"k{n}", name="吴承恩郑成功"[n : n + 2] + "明", phone=f"1541234{n:04d}", **LASTS)
        for n in range(3)
    ]
    over = customer(cif, "1", **OVER)
    closed(cif, over)
    clock.advance(timedelta(days=3655))
    tang, song = known(TANG, clock.now()), known(SONG, clock.now())
    desk = cif._desk
    cif._CIF__desk = attrs.evolve(desk, retention=RetentionPlan(most_percent=50))  # type: ignore[attr-defined]
    policy = Policy.from_document({**privacy().document(), "operation": {"erase": {"persons": 3}}, "version": "three"})
    with Under(cif, policy):
        run = cif.retention.propose_run(**{**ASK, "actor": tang})
        assert run.proposed == (over,)
        done = cif.retention.approve_run(run.id, actor=song, purpose=COMPLIANCE)
        assert (done.erased, dict(done.kept)) == ((), {over: "more_persons"})
        assert cif.retention.certificate(run.id, actor=tang, purpose=COMPLIANCE) == ()
    assert others


def test_an_inquiry_that_comes_behind_the_approval_is_a_ground_still(cif: CIF) -> None:
    cif_no = customer(cif)
    asked = opened(cif, cif_no, RequestKind.ERASE)
    cif.requests.approve(cif_no, asked.id, **DECIDE)
    cif.retention.hold(cif_no, "inquiry", evidence="letter 7", **ASK)
    with pytest.raises(InputError):
        cif.requests.carry_out(cif_no, asked.id, **ASK)
    assert cif.requests.refuse(cif_no, asked.id, "inquiry", **DECIDE).state is RequestState.REFUSED
