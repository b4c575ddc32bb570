"""Consent in the store: taken down, withdrawn, asked, merged with the stricter side above, and given back by an unmerge."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, insides, known
from tests.flows.test_browse import Under
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE, MANAGER, names, publish, tag

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.errors import ConfigurationError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.consent import Stated
from bankcif.intake import CaptureStandard
from bankcif.party import ConsentAnswer, ConsentState, ConsentUse, Individual, PartyKind, ReferenceTables
from bankcif.tagging import AudiencePlan, Catalogue, starter_catalogue

SERVICE = Purpose.SERVICE
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
CHECKER = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
ASK: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE}
SAY: dict[str, Any] = {**ASK, "reason": "said so at the counter"}
MARKETING = ConsentUse(purpose="marketing")
TEXTS = attrs.evolve(MARKETING, channel="sms")
INSURER = ConsentUse(purpose="marketing", recipient="Example Insurance")


@pytest.fixture
def founding_policy() -> Policy:
    return LOOSE


@pytest.fixture
def cif_no(cif: CIF) -> str:
    return register(cif, STEWARD, "1", identifiers=None, birth_date="1990-01-01").cif_no


def answers(cif: CIF, cif_no: str, *uses: ConsentUse) -> list[str]:
    return [cif.consents.allows(cif_no, use, **ASK).answer.value for use in uses or (MARKETING,)]


def test_what_is_granted_is_allowed_until_it_is_withdrawn(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    assert answers(cif, cif_no, MARKETING, TEXTS) == ["missing", "missing"]
    assert cif.consents.grant(cif_no, MARKETING, text="2026-01", evidence="form 17", **SAY) is ConsentAnswer.GRANTED
    found = cif.consents.allows(cif_no, TEXTS, **ASK)
    assert (found.answer, found.since, found.until, found.text) == ("granted", date(2026, 11, 24), None, "2026-01")
    assert cif.consents.deny(cif_no, TEXTS, **SAY) is ConsentAnswer.REFUSED
    assert answers(cif, cif_no, MARKETING, TEXTS) == ["granted", "refused"]
    clock.advance(timedelta(days=1))
    assert cif.consents.withdraw(cif_no, MARKETING, **SAY) is ConsentAnswer.REFUSED
    assert answers(cif, cif_no, MARKETING) == ["refused"]
    assert cif.consents.grant(cif_no, MARKETING, text="2026-02", **SAY) is ConsentAnswer.GRANTED
    assert answers(cif, cif_no, MARKETING, TEXTS) == ["granted", "refused"], "of each subject the last stands"


def test_a_consent_ends_on_its_day_and_begins_on_its_day(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    cif.consents.grant(cif_no, MARKETING, text="1", since=date(2026, 11, 25), until=date(2026, 11, 26), **SAY)
    told = []
    for _ in range(4):
        told += answers(cif, cif_no)
        clock.advance(timedelta(days=1))
    assert told == ["not_yet", "granted", "granted", "expired"]


def test_giving_data_away_takes_a_consent_that_names_to_whom(cif: CIF, cif_no: str) -> None:
    cif.consents.grant(cif_no, MARKETING, text="1", **SAY)
    assert answers(cif, cif_no, INSURER) == ["missing"]
    cif.consents.grant(cif_no, INSURER, text="1", **SAY)
    assert answers(cif, cif_no, INSURER, attrs.evolve(INSURER, country="SG")) == ["granted", "missing"]
    shown = cif.customers.get(cif_no, **ASK).values["consents"]
    assert {(one["state"], one.get("recipient")) for one in shown} == {("granted", None), ("granted", "Ex****")}


def test_a_guardian_consents_for_a_child(cif: CIF) -> None:
    child = register(
        cif, STEWARD, "2", identifiers=None, birth_date="2020-01-01", phone="15499999999", name="李四"
    ).cif_no
    with pytest.raises(InputError, match="a guardian consents"):
        cif.consents.grant(child, MARKETING, text="1", **SAY)
    assert cif.consents.grant(child, MARKETING, text="1", guardian=True, **SAY) is ConsentAnswer.GRANTED
    assert answers(cif, child) == ["granted"]


def test_what_a_guardian_said_ends_with_childhood(cif: CIF, clock: FixedClock) -> None:
    child = register(
        cif, STEWARD, "2", identifiers=None, birth_date="2012-11-26", phone="15499999999", name="李四"
    ).cif_no
    cif.consents.grant(child, MARKETING, text="1", guardian=True, **SAY)
    clock.advance(timedelta(days=2))
    assert answers(cif, child) == ["guardian"], "they are asked themselves now"


REFUSED: dict[str, tuple[str, ConsentUse, dict[str, Any], str]] = {
    "no text": ("grant", MARKETING, {"text": ""}, "name the version of the text"),
    "a purpose there is not": ("grant", ConsentUse(purpose="fun"), {"text": "1"}, "purpose is one of"),
    "a channel there is not": ("grant", attrs.evolve(MARKETING, channel="pigeon"), {"text": "1"}, "channel is one of app, email"),
    "no way to be addressed": ("grant", attrs.evolve(MARKETING, channel="none"), {"text": "1"}, "channel is one of"),
    "data there are not": ("grant", attrs.evolve(MARKETING, data_group="shoes"), {"text": "1"}, "data_group is one of"),
    "a country there is not": ("grant", attrs.evolve(INSURER, country="XX"), {"text": "1"}, "two letters after ISO 3166"),
    "a country and no recipient": ("grant", attrs.evolve(MARKETING, country="SG"), {"text": "1"}, "name it"),
    "a last day before the first": (
        "grant", MARKETING, {"text": "1", "since": date(2026, 12, 2), "until": date(2026, 12, 1)}, "over before it began"),
    "a last day that is over": ("grant", MARKETING, {"text": "1", "since": date(2026, 1, 1), "until": date(2026, 11, 23)}, "over before"),
    "before they were born": ("grant", MARKETING, {"text": "1", "since": date(1700, 1, 1)}, "before they were born"),
    "a year before they were born": ("grant", MARKETING, {"text": "1", "since": date(1989, 1, 1)}, "before they were born"),
    "an age to come": ("grant", MARKETING, {"text": "1", "until": date(9999, 1, 1)}, "leave it out if there is none"),
    "a first day after 2200": ("grant", MARKETING, {"text": "1", "since": date(2201, 1, 1)}, "after 2200"),
    "a guardian of a grown-up": ("grant", MARKETING, {"text": "1", "guardian": True}, "consents for themself"),
    "nothing to withdraw": ("withdraw", MARKETING, {}, "nothing was granted"),
    "no reason": ("deny", MARKETING, {"reason": " "}, "a reason is needed"),
    "evidence of two lines": ("deny", MARKETING, {"evidence": "a\nb"}, "at most 200 printable characters"),
    "a long recipient": ("deny", attrs.evolve(MARKETING, recipient="x" * 201), {}, "at most 200"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_can_not_be_said_is_refused_and_nothing_is_kept(cif: CIF, cif_no: str, what: str) -> None:
    method, use, more, said = REFUSED[what]
    with pytest.raises(InputError, match=said):
        getattr(cif.consents, method)(cif_no, use, **{**SAY, **more})
    assert "consents" not in cif.customers.get(cif_no, **ASK).values


def test_nobody_asks_of_a_use_that_there_is_not(cif: CIF, cif_no: str) -> None:
    with pytest.raises(InputError, match="purpose is one of"):
        cif.consents.allows(cif_no, ConsentUse(purpose="fun"), **ASK)


def merged(cif: CIF, one: str, two: str) -> None:
    proposal = cif.matches.propose_merge(one, two, actor=STEWARD, reason="same")
    cif.approvals.approve(proposal.id, actor=CHECKER)


def unmerged(cif: CIF, two: str) -> None:
    proposal = cif.matches.propose_unmerge(two, actor=STEWARD, reason="two")
    cif.approvals.approve(proposal.id, actor=CHECKER)


def test_behind_a_merge_the_stricter_side_stands_until_the_customer_speaks(cif: CIF, cif_no: str) -> None:
    other = register(
        cif, STEWARD, "2", identifiers=None, birth_date="1990-01-01", phone="15499999999", name="李四", manager="m.li"
    ).cif_no
    cif.consents.deny(other, MARKETING, **SAY)
    cif.consents.grant(cif_no, MARKETING, text="1", **SAY)
    merged(cif, cif_no, other)
    assert answers(cif, cif_no) == answers(cif, other) == ["refused"], "although the other side was asked later"
    unmerged(cif, other)
    assert (answers(cif, cif_no), answers(cif, other)) == (["granted"], ["refused"])
    merged(cif, cif_no, other)
    assert cif.consents.grant(cif_no, MARKETING, text="1", **SAY) is ConsentAnswer.GRANTED, "they spoke for both"
    assert cif.consents.deny(other, TEXTS, **SAY) is ConsentAnswer.REFUSED
    unmerged(cif, other)
    assert answers(cif, cif_no, MARKETING, TEXTS) == ["granted", "refused"]
    assert answers(cif, other, MARKETING, TEXTS) == ["refused", "refused"], (
        "what was granted then was not theirs to grant"
    )
    merged(cif, cif_no, other)
    assert answers(cif, cif_no) == ["granted"], "what they said for both stands again"
    unmerged(cif, other)
    cif.consents.deny(other, MARKETING, **SAY)
    merged(cif, cif_no, other)
    assert answers(cif, cif_no) == ["refused"], "but not above what was said since"


def test_who_may_take_consents_down_and_see_them_is_the_policys_word(cif: CIF, cif_no: str) -> None:
    elsewhere = known(Actor(id="t.far", roles={"teller"}, branch="z"))
    for work in (
        lambda: cif.consents.grant(cif_no, MARKETING, text="1", reason="r", actor=elsewhere, purpose=SERVICE),
        lambda: cif.consents.deny(cif_no, MARKETING, reason="r", actor=elsewhere, purpose=SERVICE),
        lambda: cif.consents.allows(cif_no, MARKETING, actor=elsewhere, purpose=SERVICE),
        lambda: cif.consents.allows("C0", MARKETING, **ASK),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            work()
    document = default_policy().document()
    some = {"id": "g", "roles": ["r"], "purposes": ["service"], "actions": ["view"], "fields": ["name"]}
    who = known(Actor(id="w", roles={"r"}))
    under = Under(cif, Policy.from_document({**document, "grant": [*document["grant"], some]}))
    with under, pytest.raises(NotFoundOrNotAllowedError):
        cif.consents.allows(cif_no, MARKETING, actor=who, purpose=SERVICE)


def test_a_consent_rests_sealed_and_the_log_does_not_say_what_was_said(cif: CIF, cif_no: str) -> None:
    cif.consents.grant(cif_no, INSURER, text="text-canary", evidence="proof-canary", **SAY)
    data = insides(cif)
    rest = [row.sealed for rows in (data.golden, data.sources) for row in rows.rows.values()]
    assert not any(word in one for one in rest for word in (b"Example Insurance", b"marketing", b"canary", b"granted"))
    keys = {row.source_key for row in data.sources.rows.values() if row.source == "bankcif.consent"}
    assert len(keys) == 1
    assert all(len(key) >= 32 and "marketing" not in key for key in keys)
    with cif._repository.unit_of_work() as unit:
        told = [row.body for row in unit.trail.between(0, 2**62, "m.li")]
    assert any(b'"consent"' in body for body in told)
    assert not any(word in body for body in told for word in (b"Insurance", b"granted", b"canary", b"marketing"))


def test_rules_read_consents(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    granted = (
        "count(consents where purpose = 'marketing' and state = 'granted' and channel is missing and recipient is missing and since <= today "
        "and (until is missing or until >= today)) >= 1"
    )
    publish(cif, Catalogue.of("1", tag("allowed", f"{granted} and count(consents where state != 'granted') = 0")))
    assert names(cif, cif_no) == set()
    cif.consents.grant(cif_no, MARKETING, text="1", until=date(2026, 11, 30), **SAY)
    assert names(cif, cif_no) == {"tag:allowed"}
    clock.advance(timedelta(days=7))
    assert names(cif, cif_no) == set()
    cif.consents.grant(cif_no, MARKETING, text="1", **SAY)
    assert names(cif, cif_no) == {"tag:allowed"}
    cif.consents.deny(cif_no, TEXTS, **SAY)
    assert names(cif, cif_no) == set()


def test_consents_are_sealed_anew_by_a_rotation_and_gone_with_an_erasure(cif: CIF, cif_no: str) -> None:
    roles = {"auditor", "compliance", "privacy_officer", "key_custodian", "steward"}
    one, two = (known(Actor(id=name, roles=roles)) for name in ("a.sun", "a.two"))
    for use in (MARKETING, INSURER):
        cif.consents.grant(cif_no, use, text="1", **SAY)
    rotation = cif.keys.propose_rotation("data", reason="yearly", actor=one)
    cif.approvals.approve(rotation.id, actor=two)
    cif.keys.rotate(actor=one)
    assert answers(cif, cif_no, MARKETING, INSURER) == ["granted", "granted"]
    assert cif.verify(actor=one).intact
    cif.erasures.restrict(cif_no, reason="asked for", actor=one)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.consents.allows(cif_no, MARKETING, **ASK)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.consents.deny(cif_no, MARKETING, **SAY)
    erasure = cif.erasures.propose(cif_no, reason="asked for", actor=one)
    cif.approvals.approve(erasure.id, actor=two)
    assert cif.erasures.certificate(erasure.id, actor=one).records == 3
    assert cif.verify(actor=one).intact


GRANTED = Stated(state=ConsentState.GRANTED, use=MARKETING, text="2026-01")
NO_TEXTS = Stated(state=ConsentState.DENIED, use=TEXTS)


def with_form(
    cif: CIF, *given: Stated, key: str = "1", occasion: str = "lead", actor: Actor | None = None, **more: Any
) -> Any:
    given_ = {"name": "张伟国", "phone": "15412345678", "birth_date": date(1990, 1, 1), "home_branch": "b", **more}
    form = Individual(**given_)
    teller = actor or known(Actor(id="t.zhou", roles={"teller"}, branch="b"))
    return cif.customers.register(
        form, channel="counter", source_key=key, occasion=occasion, actor=teller, consents=given
    )


def test_what_comes_with_a_form_is_taken_down_with_it(cif: CIF) -> None:
    done = with_form(cif, GRANTED, NO_TEXTS)
    assert answers(cif, done.cif_no, MARKETING, TEXTS) == ["granted", "refused"]

    def statements() -> int:
        return sum(row.source == "bankcif.consent" for row in insides(cif).sources.rows.values())

    assert statements() == 2
    assert with_form(cif, GRANTED, NO_TEXTS).outcome == "unchanged"
    assert with_form(cif, GRANTED, NO_TEXTS, sex="1").outcome == "updated"
    assert statements() == 2, "what is said again says nothing new"
    # An unchanged form with another tick is another word of the customer.
    assert with_form(cif, attrs.evolve(GRANTED, state=ConsentState.WITHDRAWN, text=""), sex="1").outcome == "unchanged"
    assert answers(cif, done.cif_no, MARKETING) == ["refused"]
    assert with_form(cif, GRANTED, sex="1").cif_no == done.cif_no
    assert answers(cif, done.cif_no, MARKETING) == ["granted"]


def test_nothing_is_collected_without_the_consent_that_the_occasion_asks_for(cif: CIF) -> None:
    def rows() -> int:
        return len(insides(cif).sources.rows)

    def prospect(*given: Stated, **more: Any) -> Any:
        return with_form(cif, *given, occasion="prospect", **more)

    for said in (
        (),
        (NO_TEXTS,),
        (attrs.evolve(GRANTED, state=ConsentState.DENIED, text=""),),
        (attrs.evolve(GRANTED, since=date(2027, 1, 1)),),
    ):
        with pytest.raises(InputError, match="without the customer's consent to marketing"):
            prospect(*said)
        assert rows() == 0, "nothing of them is kept"
    child = {"birth_date": date(2015, 1, 1), "key": "2", "phone": "15412340002"}
    with pytest.raises(InputError, match="for a child under 14 a guardian consents"):
        prospect(GRANTED, **child)
    assert prospect(attrs.evolve(GRANTED, guardian=True), **child).outcome == "new"
    done = prospect(GRANTED)
    assert prospect(sex="1").cif_no == done.cif_no, "what stands need not be said again"
    teller = known(Actor(id="t.far", roles={"teller"}, branch="elsewhere"))
    with pytest.raises(InputError, match="bring it with the form"):
        prospect(actor=teller, occupation="1")
    cif.consents.withdraw(done.cif_no, MARKETING, **SAY)
    with pytest.raises(InputError, match="without the customer's consent"):
        prospect(sex="2")
    assert with_form(cif, sex="1").cif_no == done.cif_no, "another occasion asks for none"


def test_a_file_brings_no_consent(cif: CIF, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,name,phone\n1,王芳,15412340007\n", encoding="utf-8")
    (tmp_path / "leads.toml").write_text(
        'name = "leads"\nformat = "csv"\nkind = "individual"\nrequires = "prospect"\nkey = "id"\n[columns]\nid = ""\nname = "name"\nphone = "phone"\n',
        encoding="utf-8",
    )
    loader = known(Actor(id="l.wu", roles={"loader"}))
    report = cif.load(tmp_path / "leads.csv", tmp_path / "leads.toml", actor=loader)
    assert [[fault.rule for fault in row.faults] for row in report.held] == [["consent_needed"]]
    assert report.outcomes == {}


def test_a_standard_asks_for_purposes_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match="fun is no purpose"):
        CaptureStandard(version="1", kind=PartyKind.INDIVIDUAL, occasion="x", consents=("fun",))


def test_what_one_form_and_one_customer_say_is_bounded(cif: CIF, cif_no: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="50 consents at most"):
        with_form(cif, *[GRANTED] * 51)
    monkeypatch.setattr("bankcif.flows.consent._MOST_STANDING", 2)
    for n in range(2):
        cif.consents.grant(cif_no, attrs.evolve(MARKETING, recipient=f"r{n}"), text="1", **SAY)
    with pytest.raises(InputError, match="of 2 uses at most"):
        cif.consents.grant(cif_no, MARKETING, text="1", **SAY)
    assert cif.consents.deny(cif_no, MARKETING, **SAY) is ConsentAnswer.REFUSED, "who refuses is always heard"


def test_when_a_form_says_the_same(cif: CIF, clock: FixedClock) -> None:
    done = with_form(cif, GRANTED)
    later = attrs.evolve(GRANTED, since=date(2027, 6, 1))
    with_form(cif, later)
    assert answers(cif, done.cif_no) == ["not_yet"], "a day that is said is another word"
    with_form(cif, GRANTED)
    assert answers(cif, done.cif_no) == ["granted"], "and so is one that begins today"
    other = register(cif, STEWARD, "2", identifiers=None, phone="15499999999", name="李四", manager="m.li").cif_no
    cif.consents.deny(other, MARKETING, **SAY)
    merged(cif, done.cif_no, other)
    with_form(cif, GRANTED)
    assert answers(cif, done.cif_no) == ["granted"], "both sides had not said the same"


def test_the_order_of_words_is_no_matter_of_clocks(cif: CIF, cif_no: str, clock: FixedClock) -> None:
    cif.consents.grant(cif_no, MARKETING, text="1", **SAY)
    clock.advance(timedelta(seconds=-5))
    assert cif.consents.withdraw(cif_no, MARKETING, **SAY) is ConsentAnswer.REFUSED


def test_a_form_of_a_restricted_customer_takes_no_consent_down(cif: CIF) -> None:
    done = with_form(cif)
    cif.erasures.restrict(done.cif_no, reason="r", actor=known(Actor(id="p.tang", roles={"privacy_officer"})))
    with pytest.raises(NotFoundOrNotAllowedError):
        with_form(cif, GRANTED, sex="1")


def test_the_starter_catalogue_addresses_only_who_consented_today(cif: CIF, clock: FixedClock) -> None:
    publish(cif, starter_catalogue())
    marketer = known(Actor(id="k.bai", roles={"marketing"}))
    people = {}
    for n, who in enumerate(("granted", "ends", "refused", "narrower", "child", "silent")):
        people[who] = register(
            cif, STEWARD, str(n), identifiers=None, phone=f"1549999999{n}", name="王李张刘陈杨"[n] + "伟军", manager="m.li",
            birth_date=None if who == "child" else "1990-01-01",
        ).cif_no  # fmt: skip
        if who != "silent":
            last = date(2026, 11, 26) if who == "ends" else None
            cif.consents.grant(people[who], MARKETING, text="1", until=last, **SAY)
    cif.consents.deny(people["refused"], MARKETING, **SAY)
    cif.consents.deny(people["narrower"], TEXTS, **SAY)
    register(
        cif, STEWARD, "4", identifiers=None, phone="15499999994", name="陈伟军", manager="m.li", birth_date="2020-01-01"
    )
    plan = AudiencePlan(campaign="spring", segment="segment:marketable")
    then = clock.now().date()

    def addressed(plan: AudiencePlan) -> int:
        return dict(cif.tags.audience(plan, actor=marketer))["addressed"]

    assert addressed(plan) == 2
    clock.advance(timedelta(days=5))
    assert addressed(plan) == addressed(attrs.evolve(plan, as_of=then)) == 1, (
        "who consented until then is not addressed today"
    )


def test_a_form_with_a_consent_that_can_not_be_is_not_taken_in(cif: CIF) -> None:
    for stated, more, said in (
        (attrs.evolve(GRANTED, text=""), {}, "name the version"), (attrs.evolve(GRANTED, use=ConsentUse(purpose="fun")), {}, "purpose is one of"),
        (GRANTED, {"birth_date": date(2020, 1, 1)}, "a guardian consents"),
        (attrs.evolve(GRANTED, state=ConsentState.WITHDRAWN), {}, "nothing was granted"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=said):
            with_form(cif, stated, **more)
    assert not insides(cif).sources.rows
    done = register(cif, STEWARD, "9", identifiers=None, name="李四", phone="15499999999", home_branch="z").cif_no
    elsewhere = {"name": "李四", "phone": "15499999999", "home_branch": "z"}
    held = len(insides(cif).sources.rows)
    with pytest.raises(NotFoundOrNotAllowedError):
        with_form(cif, GRANTED, key="9", **elsewhere)  # of somebody else's customer, who need not be there
    assert len(insides(cif).sources.rows) == held
    assert done
    loader = known(Actor(id="l.wu", roles={"loader"}))
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.customers.register(
            Individual(name="张伟国", phone="15412345678"), channel="counter", source_key="1", occasion="lead", actor=loader,
            consents=[GRANTED],
        )  # fmt: skip
    assert len(insides(cif).sources.rows) == held


def test_rules_tell_a_guardians_word_from_ones_own(cif: CIF, cif_no: str) -> None:
    publish(
        cif,
        Catalogue.of(
            "1",
            tag("own", "count(consents where guardian = false) >= 1"),
            tag("other", "count(consents where guardian = true) >= 1"),
        ),
    )
    cif.consents.grant(cif_no, MARKETING, text="1", **SAY)
    assert names(cif, cif_no) == {"tag:own"}
    assert "Example" not in repr(INSURER)


USES = [MARKETING, TEXTS, INSURER, ConsentUse(purpose="analytics")]
step = st.one_of(
    st.tuples(st.sampled_from(["grant", "deny", "withdraw"]), st.integers(0, 1), st.integers(0, 3)),
    st.tuples(st.just("merge")), st.tuples(st.just("unmerge")), st.tuples(st.just("days")),
)  # fmt: skip


@given(st.lists(step, max_size=12))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_merge_allows_nothing_that_a_side_refused_and_an_unmerge_gives_back_what_each_said(
    tables: ReferenceTables, steps: list[Any]
) -> None:
    clock = FixedClock(NOW)
    cif = CIF(
        repository=MemoryRepository(), policy=LOOSE, tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables,
        trust=TRUST, clock=clock,
    )  # fmt: skip
    people = [
        register(
            cif,
            STEWARD,
            str(n),
            identifiers=None,
            birth_date="1990-01-01",
            phone=f"1549999999{n}",
            name="王李"[n] + "四",
            manager="m.li",
        )
        for n in range(2)
    ]
    one, two = (person.cif_no for person in people)
    together, apart, refused = False, [["missing"] * len(USES)] * 2, set[int]()
    for what, *given_ in steps:
        clock.advance(timedelta(seconds=1))
        before = [answers(cif, each, *USES) for each in (one, two)]
        try:
            if what in ("grant", "deny", "withdraw"):
                who, use = given_
                more = {"text": "1"} if what == "grant" else {}
                answer = getattr(cif.consents, what)((one, two)[who], USES[use], **SAY, **more)
                assert what == "grant" or answer == "refused"
                refused |= {use} if what != "grant" else set()
            elif what == "merge" and not together:
                apart, refused = before, set()
                merged(cif, one, two)
                together = True
            elif what == "unmerge" and together:
                unmerged(cif, two)
                together = False
                # Who was retired has what they had, and what was refused for both; nobody allows what they did not.
                for at, use_ in enumerate(USES):
                    narrower = any(
                        USES[each] == use_ or (USES[each] == MARKETING != use_ and use_.purpose == "marketing")
                        for each in refused
                    )
                    assert answers(cif, two, use_) == ["refused" if narrower else apart[1][at]]
            elif what == "days":
                clock.advance(timedelta(days=1))
        except InputError:
            assert [answers(cif, each, *USES) for each in (one, two)] == before
