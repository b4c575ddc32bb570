"""Changes with reasons, effective days and approval, and reads of one day as it was known at another."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_browse import Under
from tests.flows.test_erase import EVERY_CONCERN
from tests.flows.test_register import register
from tests.flows.test_tags import LADDER, LOOSE, MANAGER, averages, publish, tag

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import FourEyesError, InputError, IntakeError, NotFoundOrNotAllowedError, PolicyError
from bankcif.flows.change import ChangeSet
from bankcif.flows.changes import ChangeState
from bankcif.party import CifNo, ReferenceTables
from bankcif.tagging import Catalogue

SERVICE = Purpose.SERVICE
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
CHECKER = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
CLERK = known(Actor(id="t.1", roles={"clerk"}, branch="b"))
ASK: dict[str, Any] = {"actor": CLERK, "purpose": SERVICE}
EVERY = [
    "former_name",
    "email",
    "address",
    "phone",
    "occupation",
    "aum",
    "income_band",
    "identifiers",
    "preferred_time",
    "employer",
    "name",
    "interactions",
]
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def changing(**more: Any) -> Policy:
    document = LOOSE.document()
    clerk = {"id": "clerk", "roles": ["clerk"], "purposes": ["service"], "actions": ["change"], "fields": EVERY}
    looks = {
        **clerk,
        "id": "looks",
        "actions": ["view", "reveal"],
        "fields": [*EVERY, "birth_date", "tag:*"],
        "clear": ["occupation", "income_band"],
    }
    grants = [one for one in document["grant"] if "change" not in one["actions"]]
    return Policy.from_document(
        {**document, "grant": [*grants, clerk, looks], "version": "changing", "change": [], **more}
    )


@pytest.fixture
def founding_policy() -> Policy:
    return changing()


@pytest.fixture
def cif_no(cif: CIF) -> str:
    return str(
        register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", occupation="1", email="a@b.cn").cif_no
    )


def made(cif: CIF, cif_no: str, *, actor: Actor = CLERK, **more: Any) -> Any:
    values = more.pop("values", {"occupation": "3"})
    said = {"code": "customer_request", "text": "asked for it at the counter", "channel": "desk", **more}
    return cif.changes.make(cif_no, ChangeSet(values=values, **said), actor=actor, purpose=SERVICE)


def value(cif: CIF, cif_no: str, field: str = "occupation", **more: Any) -> Any:
    if more:
        return cif.customers.as_of(cif_no, **ASK, **more).values.get(field)
    return cif.customers.get(cif_no, **ASK).values.get(field)


def states(cif: CIF, cif_no: str) -> list[str]:
    return [one.state.value for one in cif.changes.of(cif_no, **ASK)]


def test_a_change_stands_above_what_sources_say_until_they_say_something_new(
    cif: CIF, cif_no: str, clock: FixedClock
) -> None:
    done = made(cif, cif_no, evidence="form 7")
    assert (done.state, done.changed, done.approval) == (ChangeState.APPLIED, ("occupation",), "")
    assert value(cif, cif_no) == "3"
    (told,) = cif.changes.of(cif_no, **ASK)
    assert (told.values, told.before) == ({"occupation": "3"}, {"occupation": "1"})
    assert (told.code, told.text, told.evidence, told.channel, told.maker) == (
        "customer_request", "asked for it at the counter", "form 7", "desk", "t.1",
    )  # fmt: skip
    clock.advance(timedelta(minutes=1))
    register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", occupation="1", email="a@b.cn")
    assert value(cif, cif_no) == "3", "the source says what it said before"
    register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", occupation="4", email="a@b.cn")
    assert value(cif, cif_no) == "4"


def test_a_field_is_cleared(cif: CIF, cif_no: str) -> None:
    made(cif, cif_no, values={"occupation": None})
    assert "occupation" not in cif.customers.get(cif_no, **ASK).values
    assert [one.values for one in cif.changes.of(cif_no, **ASK)] == [{"occupation": None}]
    made(cif, cif_no, values={"occupation": "5"})
    assert value(cif, cif_no) == "5"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no reason": ({"text": " "}, "a reason is needed"),
    "a code there is not": ({"code": "whim"}, "its code is one of customer_request"),
    "nothing": ({"values": {}}, "name one to 20 fields"),
    "nothing new": ({"values": {"occupation": "1"}}, "nothing of it is new"),
    "rows of a source": ({"values": {"interactions": []}}, "fields with one value and identifiers"),
    "documents cleared": ({"values": {"identifiers": None}}, "not cleared"),
    "before the customer was born": ({"effective": date(1989, 1, 1)}, "was not there yet"),
    "behind 2200": ({"effective": date(2201, 1, 1)}, "between 1800 and 2200"),
    "a channel of two words": ({"channel": "Two words"}, "a channel is a short name"),
    "evidence of two lines": ({"evidence": "a\nb"}, "at most 200 printable"),
    "a customer of before": ({"version": 7}, "was changed since you looked"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_change_is_refused_and_nothing_is_kept(cif: CIF, cif_no: str, what: str) -> None:
    more, said = REFUSED[what]
    with pytest.raises(InputError, match=said):
        made(cif, cif_no, **more)
    assert (states(cif, cif_no), value(cif, cif_no)) == ([], "1")


def test_faults_of_values_are_told_all_at_once(cif: CIF, cif_no: str) -> None:
    with pytest.raises(IntakeError) as told:
        made(cif, cif_no, values={"phone": "12", "email": "nobody"})
    assert {fault.path for fault in told.value.faults} == {"$.phone", "$.email"}


def test_whoever_may_not_change_one_of_the_fields_changes_none(cif: CIF, cif_no: str) -> None:
    for actor in (MANAGER, STEWARD):
        with pytest.raises(NotFoundOrNotAllowedError):
            made(cif, cif_no, actor=actor)
    with pytest.raises(NotFoundOrNotAllowedError):
        made(cif, cif_no, values={"occupation": "3", "sex": "2"})
    with pytest.raises(NotFoundOrNotAllowedError):
        made(cif, "C0000000000000000")


def test_two_who_change_the_same_customer_do_not_overwrite_each_other(cif: CIF, cif_no: str) -> None:
    seen = cif.customers.get(cif_no, **ASK).version
    made(cif, cif_no, version=seen)
    with pytest.raises(InputError, match="was changed since"):
        made(cif, cif_no, values={"occupation": "4"}, version=seen)


# Days


def test_what_holds_already_may_be_said_of_an_earlier_day(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    clock.advance(timedelta(days=90))
    made(cif, cif_no, values={"occupation": "3"}, effective=date(2027, 2, 1))
    clock.advance(timedelta(seconds=1))
    made(cif, cif_no, values={"occupation": "3"}, effective=date(2027, 1, 1), code="correction")
    assert [one.before for one in cif.changes.of(cif_no, **ASK)] == [{"occupation": "1"}, {"occupation": "1"}]
    assert [value(cif, cif_no, valid=date(2026, 12, 31)), value(cif, cif_no, valid=date(2027, 1, 1))] == ["1", "3"]
    with pytest.raises(InputError, match="nothing of it is new"):
        made(cif, cif_no, values={"occupation": "3"}, effective=date(2027, 1, 15))


def test_a_change_ahead_begins_on_its_day(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    tomorrow = clock.now().date() + timedelta(days=1)
    done = made(cif, cif_no, effective=tomorrow)
    assert (done.state, done.changed, value(cif, cif_no)) == (ChangeState.SCHEDULED, (), "1")
    assert value(cif, cif_no, valid=tomorrow) == "3", "what is scheduled is seen ahead"
    clock.advance(timedelta(days=1))
    assert states(cif, cif_no) == ["applied"]
    assert cif.customers.rebuild(actor=STEWARD) == 1
    assert value(cif, cif_no) == "3"
    assert cif.customers.rebuild(actor=STEWARD) == 0


def test_a_change_ahead_is_taken_back(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    done = made(cif, cif_no, effective=clock.now().date() + timedelta(days=2))
    cif.changes.cancel(cif_no, done.id, reason="changed their mind", **ASK)
    assert states(cif, cif_no) == ["cancelled"]
    clock.advance(timedelta(days=3))
    cif.customers.rebuild(actor=STEWARD)
    assert value(cif, cif_no) == "1"
    for again in (done.id, "0" * 16):
        with pytest.raises(InputError, match="no such change that has not begun"):
            cif.changes.cancel(cif_no, again, reason="r", **ASK)


def test_of_several_the_one_of_the_latest_day_holds_and_of_one_day_the_one_said_last(
    cif: CIF, cif_no: str, clock: FixedClock
) -> None:
    made(cif, cif_no, values={"occupation": "4"}, effective=APRIL)
    clock.advance(timedelta(hours=1))
    made(cif, cif_no, values={"occupation": "3"}, effective=MARCH)
    assert value(cif, cif_no) == "4"
    clock.advance(timedelta(hours=1))
    made(cif, cif_no, values={"occupation": "5"}, effective=APRIL)
    assert value(cif, cif_no) == "5"


def test_a_corrected_back_dated_change_gives_the_right_answer_in_all_four_cells(
    cif: CIF, cif_no: str, clock: FixedClock
) -> None:
    """In January it is said that they moved on 10 December; in February that is corrected: it was on 20 January."""
    publish(cif, Catalogue.of("1", tag("clerk", "occupation = '3'")))
    founded = clock.now()
    clock.advance(timedelta(days=50))
    made(cif, cif_no, values={"occupation": "3"}, effective=date(2026, 12, 10))
    in_january = clock.now()
    clock.advance(timedelta(days=30))
    made(cif, cif_no, values={"occupation": "1"}, effective=date(2026, 12, 10), code="correction")
    clock.advance(timedelta(seconds=1))
    made(cif, cif_no, values={"occupation": "3"}, effective=date(2027, 1, 20), code="correction")
    in_february = clock.now()
    clock.advance(timedelta(days=60))
    days = (date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 31))
    cells = {(day, at): value(cif, cif_no, valid=day, known=at) for day in days for at in (in_january, in_february)}
    assert cells == {
        (days[0], in_january): "1", (days[1], in_january): "3", (days[2], in_january): "3",
        (days[0], in_february): "1", (days[1], in_february): "1", (days[2], in_february): "3",
    }  # fmt: skip
    portraits = {
        cell: bool(cif.tags.portrait(cif_no, valid=cell[0], at=cell[1], **ASK).tags) for cell in cells
    }  # and so are the tags
    assert portraits == {cell: occupation == "3" for cell, occupation in cells.items()}
    assert value(cif, cif_no, known=founded - timedelta(days=1)) is None, "nobody knew them yet"
    assert value(cif, cif_no, valid=date(2026, 1, 1)) is None, "nothing is said of that day"
    with pytest.raises(InputError, match="day to come"):
        cif.customers.as_of(cif_no, known=clock.now() + timedelta(days=1), **ASK)


def test_reading_leaves_nothing_behind(cif: CIF, cif_no: str) -> None:
    publish(cif, Catalogue.of("1", tag("clerk", "occupation = '3'")))
    made(cif, cif_no, effective=MARCH)
    with cif._repository.unit_of_work() as unit:
        before = (unit.sources.count(), len(unit.copies.history([CifNo(cif_no)])), unit.portraits.get([CifNo(cif_no)]))
    for day in (MARCH, APRIL, MAY):
        value(cif, cif_no, valid=day)
        cif.tags.portrait(cif_no, valid=day, **ASK)
    with cif._repository.unit_of_work() as unit:
        after = (unit.sources.count(), len(unit.copies.history([CifNo(cif_no)])), unit.portraits.get([CifNo(cif_no)]))
    assert after == before


def test_the_portrait_and_the_tier_of_a_day_as_it_was_known_then(cif: CIF, clock: FixedClock) -> None:
    publish(cif, attrs.evolve(LADDER, tags={**LADDER.tags, "clerk": tag("clerk", "occupation = '3'")}))
    form: dict[str, Any] = {"identifiers": None, "phone": "15499999991", "name": "李四", "occupation": "1"}
    number = str(register(cif, STEWARD, "5", balances=averages(60_000, 60_000, first=9), **form).cif_no)
    first = clock.now()
    clock.advance(timedelta(days=50))
    made(cif, number, values={"occupation": "3"}, effective=date(2026, 12, 10))
    register(cif, STEWARD, "5", balances=averages(10, 10, first=9), **form)
    clock.advance(timedelta(days=1))

    def has(**more: Any) -> set[str]:
        return {one.name for one in cif.tags.portrait(number, **ASK, **more).tags}

    december = date(2026, 12, 12)
    assert has(valid=december) == {"tag:clerk", "tag:gold"}
    assert has(valid=december, at=first) == {"tag:gold"}
    assert has(valid=date(2026, 11, 28)) == {"tag:gold"}
    assert has(valid=clock.now().date()) == has() == {"tag:clerk", "tag:mass"}, (
        "what was delivered since is of since then"
    )


def test_of_whom_they_were_merged_with_since_nothing_is_heard(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    clock.advance(timedelta(days=1))
    other = str(
        register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四", employer="Example Ltd").cif_no
    )
    clock.advance(timedelta(days=1))
    before = clock.now()
    clock.advance(timedelta(days=1))
    cif.approvals.approve(
        cif.matches.propose_merge(cif_no, other, actor=STEWARD, reason="r", accept=EVERY_CONCERN).id, actor=CHECKER
    )
    assert value(cif, cif_no, "employer") == "Ex****"
    assert value(cif, cif_no, "employer", known=before) is None


# A second person


def approved(cif: CIF, done: Any) -> None:
    cif.approvals.approve(done.approval, actor=CHECKER)


def test_a_protected_field_waits_and_is_seen_to_wait(cif: CIF, cif_no: str) -> None:
    done = made(cif, cif_no, values={"phone": "15411112222", "occupation": "3"})
    assert (done.state, done.changed, done.rules) == (ChangeState.WAITING, (), ("protected",))
    view = cif.customers.get(cif_no, **ASK)
    assert (view.phone, view.occupation) == ("154****5678", "1"), "a set is decided as one"
    assert {(one.field, one.value) for one in view.pending} == {("phone", "154****2222"), ("occupation", "3")}
    assert {one.id for one in view.pending} == {done.approval}
    with pytest.raises(FourEyesError):
        cif.approvals.approve(done.approval, actor=known(Actor(id="t.1", roles=ALL_ROLES | {"clerk"}, branch="b")))
    approved(cif, done)
    view = cif.customers.get(cif_no, **ASK)
    assert (view.phone, view.occupation, view.pending) == ("154****2222", "3", ())
    assert states(cif, cif_no) == ["applied"]
    register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", occupation="1", email="a@b.cn")
    assert cif.customers.get(cif_no, **ASK).phone == "154****2222"


@pytest.mark.parametrize("field", ["phone", "email", "name"])
def test_a_protected_field_is_cleared_by_two(cif: CIF, cif_no: str, field: str) -> None:
    approved(cif, made(cif, cif_no, values={field: None}))
    assert field not in cif.customers.get(cif_no, **ASK).values
    approved(
        cif, made(cif, cif_no, values={"address": "上海市浦东新区一路1号"})
    )  # whoever is looked at again is read again


def test_what_is_protected_waits_whatever_channel_the_maker_names(cif: CIF, cif_no: str) -> None:
    assert "phone" in TRUST["counter"].may_change, "of a source, that is; the channel of a change is the maker's word"
    for values in ({"phone": "15411112222"}, {"identifiers": [{"scheme": "passport", "number": "E73905126"}]}):
        assert made(cif, cif_no, channel="counter", values=values).state is ChangeState.WAITING


def test_what_waits_for_a_day_waits_by_what_stands_on_it(cif: CIF, cif_no: str) -> None:
    for at, day in enumerate((MARCH, NOW.date(), NOW.date() + timedelta(days=9))):
        done = made(cif, cif_no, values={"phone": f"1541111222{at}"}, effective=day)
        assert [one.state for one in cif.changes.of(cif_no, **ASK) if one.id == done.id] == ["waiting"], day
        approved(cif, done)
        (told,) = [one.state for one in cif.changes.of(cif_no, **ASK) if one.id == done.id]
        assert told == ("scheduled" if day > NOW.date() else "applied"), day


def test_behind_a_merge_a_change_tells_what_stood_of_whom_it_was(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    other = str(register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四", occupation="4").cif_no)
    clock.advance(timedelta(days=1))
    made(cif, other, values={"occupation": "3"})
    clock.advance(timedelta(days=1))
    proposal = cif.matches.propose_merge(cif_no, other, actor=STEWARD, reason="r", accept=EVERY_CONCERN)
    cif.approvals.approve(proposal.id, actor=known(CHECKER, clock.now()))
    (told,) = cif.changes.of(cif_no, **ASK)
    assert (told.before, told.values) == ({"occupation": "4"}, {"occupation": "3"})


def test_what_waits_finds_and_joins_nobody(cif: CIF, cif_no: str) -> None:
    done = made(cif, cif_no, values={"phone": "15411112222"})
    seek: dict[str, Any] = {"phone": "15411112222", "actor": STEWARD, "purpose": SERVICE}
    assert cif.customers.find(**seek) == []
    approved(cif, done)
    assert [one.cif_no for one in cif.customers.find(**seek)] == [cif_no]


def test_a_change_of_which_nothing_is_seen_is_not_told_and_of_which_not_all_without_words(
    cif: CIF, cif_no: str
) -> None:
    made(cif, cif_no, values={"employer": "Example Ltd"}, text="works at Example")
    made(cif, cif_no, values={"employer": "Sample Ltd", "occupation": "3"}, text="moved to Sample", evidence="badge")
    policy = changing().document()
    looks = next(one for one in policy["grant"] if one["id"] == "looks")
    looks["fields"] = ["occupation"]
    with Under(cif, Policy.from_document({**policy, "version": "few"})):
        (told,) = cif.changes.of(cif_no, **ASK)
        assert made(cif, cif_no, effective=date(1989, 1, 1)).state is ChangeState.APPLIED, "days tell no birth date"
    assert (told.values, told.withheld, told.text, told.evidence) == ({"occupation": "3"}, ("employer",), "", "")


def test_a_document_takes_the_place_of_that_of_its_scheme(cif: CIF) -> None:
    papers = [{"scheme": "passport", "number": "E73905127"}, {"scheme": "bank.customer_no", "number": "8803917254"}]
    number = str(register(cif, STEWARD, "1", identifiers=papers, birth_date="1990-02-01").cif_no)
    done = made(
        cif, number, values={"identifiers": [{"scheme": "passport", "number": "E80417263"}]}, code="document_renewed"
    )
    approved(cif, done)
    clear = cif.customers.reveal(number, ["identifiers"], **ASK)["identifiers"]
    assert {(one["scheme"], one["number"]) for one in clear} >= {("passport", "E80417263")}
    assert "E73905127" not in {one["number"] for one in clear}
    assert len(clear) == len(papers)


def test_a_changed_base_conflicts(cif: CIF, cif_no: str) -> None:
    done = made(cif, cif_no, values={"email": "new@b.cn"})
    other = made(cif, cif_no, values={"email": "other@b.cn"})
    approved(cif, other)
    assert sorted(states(cif, cif_no)) == ["applied", "conflict"]
    with pytest.raises(FourEyesError):
        approved(cif, done)
    cif.approvals.withdraw(done.approval, actor=CLERK)
    assert sorted(states(cif, cif_no)) == ["applied", "withdrawn"]


def test_a_change_of_something_else_does_not_conflict(cif: CIF, cif_no: str) -> None:
    done = made(cif, cif_no, values={"email": "new@b.cn"})
    made(cif, cif_no)
    approved(cif, done)
    assert sorted(states(cif, cif_no)) == ["applied", "applied"]


def test_what_nobody_decides_expires_and_what_is_rejected_is_not_heard(
    cif: CIF, cif_no: str, clock: FixedClock
) -> None:
    before = value(cif, cif_no, "email")
    assert "b.cn" in before
    one, two = (
        made(cif, cif_no, values={"email": "new@b.cn"}),
        made(cif, cif_no, values={"address": "上海市浦东新区一路1号"}),
    )
    cif.approvals.reject(two.approval, actor=CHECKER)
    assert sorted(states(cif, cif_no)) == ["rejected", "waiting"]
    clock.advance(timedelta(days=31))
    assert sorted(states(cif, cif_no)) == ["expired", "rejected"]
    assert cif.approvals.expire(actor=attrs.evolve(STEWARD)) == 1
    with pytest.raises(FourEyesError):
        cif.approvals.approve(one.approval, actor=known(CHECKER, clock.now()))
    assert value(cif, cif_no, "email") == before, "what expired is not heard"


def test_an_approved_change_ahead_begins_on_its_day(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    done = made(cif, cif_no, values={"phone": "15411112222"}, effective=clock.now().date() + timedelta(days=2))
    assert done.state is ChangeState.WAITING
    approved(cif, done)
    assert (states(cif, cif_no), cif.customers.get(cif_no, **ASK).phone) == (["scheduled"], "154****5678")
    clock.advance(timedelta(days=2))
    cif.customers.rebuild(actor=STEWARD)
    assert cif.customers.get(cif_no, **ASK).phone == "154****2222"


RULES = [
    {"id": "rich", "fields": ["aum"], "above": "CNY 500000"},
    {"id": "risky", "when": "aml_class = 'high'"},
    {"id": "by-phone", "channels": ["phone"], "fields": ["employer"]},
    {"id": "clerks", "roles": ["clerk"], "fields": ["income_band"]},
]  # fmt: skip
CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a small amount": ({"values": {"aum": {"amount": "500000", "currency": "CNY"}}}, ()),
    "a large amount": ({"values": {"aum": {"amount": "500000.01", "currency": "CNY"}}}, ("rich",)),
    "another currency": ({"values": {"aum": {"amount": "1", "currency": "USD"}}}, ("rich",)),
    "a field no rule names": ({}, ()),
    "by another channel": ({"values": {"employer": "Example Ltd"}}, ()),
    "by the channel": ({"values": {"employer": "Example Ltd"}, "channel": "phone"}, ("by-phone",)),
    "by the role": ({"values": {"income_band": "B"}}, ("clerks",)),
    "protected and by a rule": ({"values": {"income_band": "B", "email": "x@b.cn"}}, ("protected", "clerks")),
}


@pytest.mark.parametrize("what", CASES)
def test_which_changes_wait_is_data(cif: CIF, cif_no: str, what: str) -> None:
    more, rules = CASES[what]
    with Under(cif, changing(change=RULES)):
        done = made(cif, cif_no, **more)
    assert (done.rules, done.state is ChangeState.WAITING) == (rules, bool(rules))


def test_of_a_customer_of_high_risk_everything_waits(cif: CIF) -> None:
    number = str(register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01", aml_class="high").cif_no)
    with Under(cif, changing(change=RULES)):
        assert made(cif, number).rules == ("risky",)


BAD_RULES: dict[str, tuple[Any, str]] = {
    "no list": ("all", "a list of tables"), "no id": ([{"fields": ["aum"]}], "the id of a"), "an unknown key": ([{"id": "x", "who": 1}], "unknown keys: who"),
    "a field there is not": ([{"id": "x", "fields": ["shoes"]}], "no field of the catalogue"), "no amount": ([{"id": "x", "above": "much"}], "a currency and an amount"),
    "no rule": ([{"id": "x", "when": "age >"}], "change|grant"), "twice": ([{"id": "x"}, {"id": "x"}], "an id of its own"),
    "a word for a list": ([{"id": "x", "roles": "clerk"}], "roles is a list"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_RULES)
def test_rules_for_changes_that_make_no_sense_are_refused(what: str) -> None:
    rules, said = BAD_RULES[what]
    with pytest.raises(PolicyError, match=said):
        changing(change=rules)


def test_rules_for_changes_are_said_again_as_they_were() -> None:
    document = changing(change=RULES).document()
    assert Policy.from_document(document).document() == document
    assert document["change"][0] == {"id": "rich", "fields": ["aum"], "above": "CNY 500000"}
    assert "change" not in changing().document(), "a policy without any is the document that it was"


# The laws


def test_changes_follow_a_merge_and_come_back_with_an_unmerge(cif: CIF, cif_no: str) -> None:
    other = str(register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四", home_branch="b").cif_no)
    made(cif, other)
    waits = made(cif, other, values={"email": "x@b.cn"})
    cif.approvals.approve(
        cif.matches.propose_merge(cif_no, other, actor=STEWARD, reason="r", accept=EVERY_CONCERN).id, actor=CHECKER
    )
    assert value(cif, cif_no) == "3"
    assert sorted(states(cif, cif_no)) == ["applied", "conflict"], "it stood on the values of another customer"
    cif.approvals.approve(cif.matches.propose_unmerge(other, actor=STEWARD, reason="r").id, actor=CHECKER)
    assert (value(cif, cif_no), value(cif, other)) == ("1", "3")
    assert sorted(states(cif, other)) == ["applied", "waiting"]
    approved(cif, waits)
    assert sorted(states(cif, other)) == ["applied", "applied"]


DAYS = st.integers(-60, 60)
STEPS = st.lists(st.tuples(DAYS, st.sampled_from(["3", "4", "5"]), st.integers(0, 20)), min_size=1, max_size=6)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS)
def test_of_every_day_and_instant_that_holds_whose_day_came_last_of_what_was_said_by_then(
    tables: ReferenceTables, steps: list[tuple[int, str, int]]
) -> None:
    clock = FixedClock(NOW)
    with CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables,
        clock=clock, policy=changing(), trust=TRUST,
    ) as cif:  # fmt: skip
        number = str(register(cif, STEWARD, "1", identifiers=None, birth_date="1990-02-01").cif_no)
        founded, said = clock.now(), []
        for ahead, code, pause in steps:
            clock.advance(timedelta(days=pause, seconds=1))
            effective = clock.now().date() + timedelta(days=ahead)
            if value(cif, number, valid=effective) == code:
                with pytest.raises(InputError, match="nothing of it is new"):
                    made(cif, number, values={"occupation": code}, effective=effective)
                continue
            made(cif, number, values={"occupation": code}, effective=effective)
            begins = clock.now() if ahead == 0 else None
            said.append((effective, clock.now(), code, begins))
        for at in {founded, *(moment for _, moment, _, _ in said), clock.now()}:
            for day in {NOW.date() + timedelta(days=n) for n in range(0, 140, 20)}:
                heard = [one for one in said if one[1] <= at and one[0] <= day]
                last = max(heard, key=lambda one: (one[0], one[3] is not None, one[1]), default=None)
                assert value(cif, number, valid=day, known=at) == (None if last is None else last[2])
        cif.customers.rebuild(actor=STEWARD)
        today = clock.now().date()
        heard = [one for one in said if one[0] <= today]
        last = max(heard, key=lambda one: (one[0], one[3] is not None, one[1]), default=None)
        assert value(cif, number) == (None if last is None else last[2])


def test_of_a_time_when_they_were_merged_who_was_parted_since_says_all_that_is_theirs(
    cif: CIF, clock: FixedClock
) -> None:
    papers = [[{"scheme": "passport", "number": f"E7390512{n}"}] for n in range(2)]
    one, two = (str(register(cif, STEWARD, str(n), identifiers=papers[n], phone=f"1549999999{n}", name="李王"[n] + "四").cif_no) for n in range(2))  # fmt: skip
    clock.advance(timedelta(days=1))
    merge = cif.matches.propose_merge(one, two, actor=STEWARD, reason="r", accept=EVERY_CONCERN)
    cif.approvals.approve(merge.id, actor=known(CHECKER, clock.now()))
    clock.advance(timedelta(days=1))
    then = clock.now()
    clock.advance(timedelta(days=1))
    unmerge = cif.matches.propose_unmerge(two, actor=STEWARD, reason="r")
    cif.approvals.approve(unmerge.id, actor=known(CHECKER, clock.now()))
    for number in (one, two):
        was, is_now = cif.customers.as_of(number, known=then, **ASK), cif.customers.get(number, **ASK)
        assert was.values == is_now.values
        assert was.values["identifiers"]
