"""Feeds: whoever replays what they are told has what an export would give them, whatever happened in between."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.conftest import NOW, TRUST, ageless, known
from tests.flows.test_browse import Under
from tests.flows.test_erase import OFFICER, SECOND
from tests.flows.test_govern import TENG, WEI
from tests.flows.test_merge import merge, unmerge
from tests.flows.test_register import register
from tests.intake.test_standards import resident

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.errors import (
    AccessError,
    BankCIFError,
    ConflictError,
    DeliveryError,
    FourEyesError,
    InputError,
    NotFoundOrNotAllowedError,
    PolicyError,
    StepUpRequired,
)
from bankcif.flows._gathered import Gathered
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.interop import Change, ChangeKind, CloudEventsFile, cloud_event
from bankcif.party import ConsentUse, ReferenceTables

SYNC = known(Actor(id="svc.crm", roles={"crm_sync"}, branch="b"))
PARTNER = known(Actor(id="svc.ads", roles={"ads_sync"}))
KEEPER = known(Actor(id="p.keeper", roles={"steward"}))
AUDITOR = Actor(id="a.sun", roles={"auditor"})
TELLER = known(Actor(id="t.zhou", roles={"teller", "steward"}, branch="b"))
ADS = ConsentUse(purpose="marketing", recipient="Ads Ltd")
SAY: dict[str, Any] = {"reason": "r", "actor": TELLER, "purpose": Purpose.SERVICE}
FIELDS = ["name", "phone", "email", "home_branch"]


def grant(role: str, purpose: str, fields: list[str], **more: Any) -> dict[str, Any]:
    return {
        "id": f"{role}-{purpose}", "roles": [role], "purposes": [purpose], "actions": ["export"], "sinks": ["export"], "fields": fields,
        "alone": 1000, **more,
    }  # fmt: skip


CRM = {
    "id": "crm", "role": "crm_sync", "purpose": "service", "fields": FIELDS, "recipient": "CRM", "inside": True,
}  # fmt: skip
OF_B = {**CRM, "id": "branch b", "role": "b_sync"}
OUTSIDE = {
    "id": "ads", "role": "ads_sync", "purpose": "marketing", "fields": ["sex", "preferred_channel"], "recipient": "Ads Ltd",
}  # fmt: skip
GRANTS = [
    grant("crm_sync", "service", FIELDS, inside=["CRM"]),
    grant("b_sync", "service", FIELDS, inside=["CRM"], when="home_branch = 'b' and preferred_channel is missing"),
    grant("ads_sync", "marketing", ["sex", "preferred_channel"], profile="outside"),
]


def policy(*feeds: dict[str, Any], grants: Sequence[dict[str, Any]] = GRANTS, **more: Any) -> Policy:
    table = default_policy().document()
    table["grant"] = [*table["grant"], *grants]
    return Policy.from_document({**table, "version": "with feeds", "feed": [*feeds], **more})


@pytest.fixture
def founding_policy() -> Policy:
    return policy(CRM, OF_B, OUTSIDE)


class Copy:
    """A consumer: it keeps the latest of each key, and may fail before or after it took what it got."""

    def __init__(self, random: Random | None = None) -> None:
        self.held: dict[str, Change] = {}
        self.told: list[Change] = []
        self.whole = False
        self._random = random

    def take(self, changes: Sequence[Change]) -> None:
        fails = self._random is not None and self._random.random() < 0.3
        if fails and self._random.random() < 0.5:
            raise OSError("154 1234 5678 is on its way")
        for one in changes:
            self.told.append(one)
            if one.kind is ChangeKind.BEGUN:
                self.held.clear()
            elif one.kind is ChangeKind.GONE:
                self.held.pop(one.key, None)
            elif one.kind is ChangeKind.CURRENT and (
                one.key not in self.held or self.held[one.key].version <= one.version
            ):
                self.held[one.key] = one
            self.whole |= one.kind is ChangeKind.WHOLE
        if fails:
            raise OSError("154 1234 5678 is on its way")

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        return {key: dict(one.values) for key, one in self.held.items()}


def exported(cif: CIF, name: str, actor: Actor) -> dict[str, dict[str, Any]]:
    """What the consumer of a feed may have today, as an export gives it."""
    feed = cif._desk.policy.feeds[name]
    to = Recipient(name=feed.recipient, country=feed.country, inside=feed.inside)
    made = cif.exports.take(ExportSpec(fields=feed.fields, recipient=to, purpose=feed.purpose), actor=actor)
    return {
        key: {field: value for field in feed.fields if (value := made.columns[field][at]) is not None}
        for at, key in enumerate(made.columns["key"])
    }  # fmt: skip


def deliver(cif: CIF, name: str, actor: Actor, **more: Any) -> Copy:
    copy = Copy()
    cif.feeds.deliver(name, copy, actor=actor, **more)
    return copy


def untimed(changes: Sequence[Change]) -> list[Change]:
    """*changes*, whichever part they came with."""
    return [attrs.evolve(one, turn=0) for one in changes]


TAKERS = {
    "crm": SYNC, "branch b": known(Actor(id="svc.b", roles={"b_sync"})), "ads": PARTNER,
}  # fmt: skip
PEOPLE = 4
AGELESS = ageless().document()  # it does not matter how long ago somebody was recognized
who = st.integers(0, PEOPLE - 1)
names = st.sampled_from(sorted(TAKERS))
changed = st.one_of(
    st.tuples(st.just("register"), who, st.fixed_dictionaries({}, optional={
        "phone": st.sampled_from(["15412340001", "15412340002"]), "email": st.sampled_from(["a@b.cn", None]),
        "home_branch": st.sampled_from(["b", "c"]), "preferred_channel": st.sampled_from(["sms", "phone"]), "birth_date": st.sampled_from(["1990-01-01", "2012-11-30", "2012-12-05"]),
    })),
    st.tuples(st.just("merge"), who, who), st.tuples(st.sampled_from(["unmerge", "withdraw"]), who),
    st.tuples(st.just("agree"), who, st.integers(0, 9), st.integers(0, 20), st.booleans()), st.tuples(st.just("days"), st.integers(1, 8)),
    st.tuples(st.sampled_from(["restrict", "lift", "erase"]), who),
)  # fmt: skip
# Who begins anew gets the whole, which would hide that something was left out: that is rare, and deliveries are many.
delivered = st.one_of(st.tuples(st.sampled_from(["deliver", "part"]), names, st.integers(1, 5)), st.just(("cut",)))
steps = st.lists(st.one_of(changed, delivered), min_size=4, max_size=20)


class World:
    """A file, its feeds, and their consumers."""

    def __init__(self, tables: ReferenceTables, seed: int) -> None:
        self.clock, random = FixedClock(NOW), Random(seed)
        self.cif = CIF(
            repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables, trust=TRUST,
            clock=self.clock, policy=policy(CRM, OF_B, OUTSIDE, require=AGELESS["require"], operation=AGELESS["operation"]),
        )  # fmt: skip
        self.copies = {name: Copy(random) for name in TAKERS}
        self.numbers: dict[int, str] = {}
        for n in range(PEOPLE):
            self.step("register", n, {})

    def step(self, what: str, *given: Any) -> None:
        self.clock.advance(timedelta(seconds=1))
        if what == "register":
            n, more = given
            values = {
                "name": "王李张陈"[n] + "伟国",
                "identifiers": None,
                "phone": f"1541234567{n}",
                "home_branch": "b",
                "sex": "12"[n % 2],
            }
            self.numbers.setdefault(n, register(self.cif, TELLER, f"k{n}", **{**values, **more}).cif_no)
        elif what == "deliver":
            name, most = given
            with suppress(DeliveryError):
                self.cif.feeds.deliver(name, self.copies[name], most=most, actor=TAKERS[name])
        elif what == "part":
            name, most = given
            with suppress(OSError):
                part = self.cif.feeds.take(name, most=most, actor=TAKERS[name])
                self.copies[name].take(part.changes)
                self.cif.feeds.acknowledge(part, actor=TAKERS[name])
        elif what == "days":
            self.clock.advance(timedelta(days=given[0]))
        elif what == "cut":
            self.cif.feeds.cut(actor=KEEPER)
        else:
            with suppress(InputError, NotFoundOrNotAllowedError, FourEyesError):
                self.about(what, self.numbers[given[0]], *given[1:])

    def about(self, what: str, number: str, *more: Any) -> None:
        if what == "merge":
            merge(self.cif, number, self.numbers[more[0]])
        elif what == "unmerge":
            unmerge(self.cif, number)
        elif what in ("restrict", "lift"):
            getattr(self.cif.erasures, what)(number, reason="asked for", actor=OFFICER)
        elif what == "erase":
            proposal = self.cif.erasures.propose(number, reason="asked for", actor=OFFICER)
            self.cif.approvals.approve(proposal.id, actor=SECOND)
        elif what == "agree":
            since = self.clock.now().date() + timedelta(days=more[0])
            until = since + timedelta(days=more[1]) if more[1] else None
            self.cif.consents.grant(number, ADS, text="1", since=since, until=until, guardian=more[2], **SAY)
        else:
            self.cif.consents.withdraw(number, ADS, **SAY)


@given(st.booleans(), steps, st.none() | st.tuples(names, steps), st.integers(0, 2**32))
def test_whoever_replays_what_they_are_told_has_the_golden_view(
    tables: ReferenceTables, early: bool, done: list[tuple[Any, ...]], anew: tuple[str, list[Any]] | None, seed: int
) -> None:
    world = World(tables, seed)
    for name, actor in TAKERS.items() if early else ():
        while not world.copies[name].whole:
            with suppress(DeliveryError):
                world.cif.feeds.deliver(name, world.copies[name], actor=actor)
    for step in done:
        world.step(*step)
    if anew is not None:
        world.cif.feeds.begin(anew[0], actor=TAKERS[anew[0]])
        for step in anew[1]:
            world.step(*step)
    for name, copy in world.copies.items():
        copy._random = None
        world.cif.feeds.deliver(name, copy, most=3, actor=TAKERS[name])
        assert copy.values == exported(world.cif, name, TAKERS[name]), name
        assert copy.whole
        nothing = world.cif.feeds.take(name, actor=TAKERS[name])
        assert (nothing.changes, nothing.more) == ((), False)
    assert world.cif.audit.verify(actor=AUDITOR).intact
    world.cif.close()


@pytest.fixture
def three(cif: CIF) -> list[str]:
    return [
        register(cif, TELLER, str(n), name=name, identifiers=None, phone=f"1540000000{n}", sex="1", home_branch="b").cif_no
        for n, name in enumerate(("张伟", "李娜", "王芳"))
    ]  # fmt: skip


def test_the_whole_file_comes_first_and_then_who_changed(cif: CIF, three: list[str]) -> None:
    copy = Copy()
    assert cif.feeds.deliver("crm", copy, most=2, actor=SYNC) == 5
    assert [one.kind for one in copy.told] == ["begun", "current", "current", "current", "whole"]
    assert {one.fields for one in copy.told if one.key} == {tuple(FIELDS)}
    assert copy.values[three[0]] == {"name": "张*", "phone": "154****0000", "home_branch": "b"}
    assert cif.feeds.deliver("crm", copy, actor=SYNC) == 0
    for number in ("15400000007", "15400000008"):
        register(cif, TELLER, "0", name="张伟", identifiers=None, phone=number, sex="1", home_branch="b")
    assert cif.feeds.deliver("crm", copy, actor=SYNC) == 1, "of one who changed twice it is told once"
    last = copy.told[-1]
    assert (last.kind, last.key, last.version, last.fields) == (ChangeKind.CURRENT, three[0], 3, ("phone",))
    assert last.values["phone"] == "154****0008"
    assert "154" not in repr(last), "a change shows no value of itself"


def test_the_same_comes_again_until_it_is_acknowledged(cif: CIF, three: list[str]) -> None:
    first = cif.feeds.take("crm", most=2, actor=SYNC)
    again = cif.feeds.take("crm", most=2, actor=SYNC)
    assert untimed(first.changes) == untimed(again.changes)
    assert 0 < first.turn < again.turn == again.changes[0].turn
    with pytest.raises(ConflictError):
        cif.feeds.acknowledge(first, actor=SYNC)  # another process may have it in hand
    cif.feeds.acknowledge(again, actor=SYNC)
    with pytest.raises(ConflictError):
        cif.feeds.acknowledge(again, actor=SYNC)
    rest = cif.feeds.take("crm", most=2, actor=SYNC)
    assert [one.kind for one in rest.changes] == ["current", "whole"]
    cif.feeds.begin("crm", actor=SYNC)
    with pytest.raises(ConflictError):
        cif.feeds.acknowledge(rest, actor=SYNC)
    ids = {one.id for one in first.changes}
    assert ids.isdisjoint(one.id for one in cif.feeds.take("crm", actor=SYNC).changes), (
        "begun anew, nothing is a repetition"
    )


def test_one_process_delivers_a_feed_at_a_time(cif: CIF, three: list[str], clock: FixedClock) -> None:
    class Slow(Copy):
        def take(self, changes: Sequence[Change]) -> None:
            with pytest.raises(ConflictError, match="another process delivers"):
                cif.feeds.deliver("crm", other, actor=SYNC)
            with pytest.raises(ConflictError, match="another process delivers"):
                cif.feeds.take("crm", actor=SYNC)
            super().take(changes)

    slow, other = Slow(), Copy()
    cif.feeds.deliver("crm", slow, most=2, actor=SYNC)
    assert (slow.values.keys(), other.told) == ({*three}, [])
    cif.feeds.begin("crm", actor=SYNC)
    cif.feeds.deliver("crm", other, actor=SYNC)
    assert other.values.keys() == {*three}, "and who is done lets it go"

    class Dead(Copy):
        def take(self, changes: Sequence[Change]) -> None:
            clock.advance(timedelta(minutes=11))
            cif.feeds.deliver("crm", other, actor=known(SYNC, clock.now()))
            super().take(changes)

    cif.feeds.begin("crm", actor=known(SYNC, clock.now()))
    late = Dead()
    with pytest.raises(ConflictError):
        cif.feeds.deliver("crm", late, actor=known(SYNC, clock.now()))
    assert max(one.turn for one in late.told) < min(one.turn for one in other.told[-5:]), (
        "by its turn a consumer knows it"
    )


def test_a_feed_that_is_declared_again_is_another(cif: CIF, three: list[str]) -> None:
    old = cif.feeds.take("crm", actor=SYNC)
    with Under(cif, policy(OUTSIDE)):
        cif.feeds.cut(actor=KEEPER)
        register(cif, TELLER, "0", name="张伟", identifiers=None, phone="15400000077", sex="1", home_branch="b")
        cif.feeds.cut(actor=KEEPER)
        assert cif.feeds.states(actor=AUDITOR)[0].feed == "ads"
    assert not {one.feed: one.begun for one in cif.feeds.states(actor=AUDITOR)}["crm"]
    new = cif.feeds.take("crm", actor=SYNC)
    assert {one.id for one in old.changes}.isdisjoint(one.id for one in new.changes)
    with pytest.raises(ConflictError):
        cif.feeds.acknowledge(old, actor=SYNC)
    assert deliver(cif, "crm", SYNC).values == exported(cif, "crm", SYNC)


def test_a_policy_that_comes_meanwhile_holds_for_the_next_part(tables: ReferenceTables) -> None:
    first = policy(CRM)
    cif = CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables, trust=TRUST,
        clock=FixedClock(NOW), policy=first, policy_seconds=0,
    )  # fmt: skip
    for n in range(4):
        register(
            cif, TELLER, str(n), name="王李张陈"[n] + "伟", identifiers=None, phone=f"1540000000{n}", home_branch="b"
        )

    class Revised(Copy):
        def take(self, changes: Sequence[Change]) -> None:
            super().take(changes)
            table = {**first.document(), "version": "without feeds", "feed": []}
            proposal = cif.policies.propose(Policy.from_document(table), reason="r", actor=TENG)
            cif.approvals.approve(proposal.id, actor=WEI)

    copy = Revised()
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.feeds.deliver("crm", copy, most=1, actor=SYNC)
    assert len(copy.held) == 1


def test_what_the_feed_is_not_of_is_not_told(cif: CIF, three: list[str]) -> None:
    deliver(cif, "crm", SYNC)
    register(cif, TELLER, "0", name="张伟", identifiers=None, phone="15400000000", sex="2", home_branch="b")
    assert deliver(cif, "crm", SYNC).told == []
    deliver(cif, "ads", PARTNER)
    register(cif, TELLER, "1", name="李娜", identifiers=None, phone="15400000009", sex="1", home_branch="b")
    assert deliver(cif, "ads", PARTNER).told == []


def test_who_is_merged_is_told_with_whom_they_are_now(cif: CIF, three: list[str]) -> None:
    copy = deliver(cif, "crm", SYNC)
    merge(cif, three[0], three[1])
    cif.feeds.deliver("crm", copy, actor=SYNC)
    merge(cif, three[2], three[0])
    cif.feeds.deliver("crm", copy, actor=SYNC)
    assert copy.values.keys() == {three[2]}
    assert [(one.key, one.into) for one in copy.told if one.kind is ChangeKind.GONE] == [
        (three[1], three[0]), (three[0], three[2]),
    ]  # fmt: skip
    unmerge(cif, three[0])
    cif.feeds.deliver("crm", copy, actor=SYNC)
    assert copy.values == exported(cif, "crm", SYNC)


def test_outside_a_customer_is_a_pseudonym_and_gone_is_all_that_is_said(cif: CIF, three: list[str]) -> None:
    copy = deliver(cif, "ads", PARTNER)
    assert copy.held == {}, "nobody consented"
    cif.consents.grant(three[0], ADS, text="1", **SAY)
    cif.feeds.deliver("ads", copy, actor=PARTNER)
    (key,) = copy.held
    assert key not in three
    assert copy.values == {key: {"sex": "1"}}
    assert copy.held[key].fields == ("sex", "preferred_channel"), "what was not seen before may be another"
    assert three[0] not in repr(cif.feeds.take("ads", most=1, actor=PARTNER)), "what is handed out names nobody"
    cif.consents.withdraw(three[0], ADS, **SAY)
    cif.feeds.deliver("ads", copy, actor=PARTNER)
    assert copy.held == {}
    merge(cif, three[1], three[0])
    cif.feeds.deliver("ads", copy, actor=PARTNER)
    assert not any(one.into for one in copy.told)


def test_a_consent_that_begins_and_ends_is_told_on_its_day(cif: CIF, three: list[str], clock: FixedClock) -> None:
    today = clock.now().date()
    with Under(cif, policy(OUTSIDE, require=AGELESS["require"])):
        copy = deliver(cif, "ads", PARTNER)
        cif.consents.grant(
            three[0], ADS, text="1", since=today + timedelta(days=2), until=today + timedelta(days=4), **SAY
        )
        held = []
        for day in range(7):
            part = cif.feeds.take("ads", actor=PARTNER)
            assert untimed(cif.feeds.take("ads", actor=PARTNER).changes) == untimed(part.changes)
            cif.feeds.deliver("ads", copy, most=1 + day % 3, actor=PARTNER)
            held.append(len(copy.held))
            cif.feeds.cut(actor=KEEPER)
            clock.advance(timedelta(days=1))
        assert held == [0, 0, 1, 1, 1, 0, 0]
        cif.consents.grant(three[1], ADS, text="1", since=today + timedelta(days=20), **SAY)
        cif.feeds.deliver("ads", copy, actor=PARTNER)
        clock.advance(timedelta(days=40))
        cif.feeds.deliver("ads", copy, actor=PARTNER)
        assert len(copy.held) == 1, "whoever was away on the day is told then"


def test_who_comes_of_age_consents_by_themselves_from_that_day_on(cif: CIF, clock: FixedClock) -> None:
    born = clock.now().date().replace(year=clock.now().year - 14) + timedelta(days=2)
    for n in range(3):
        child = register(
            cif,
            TELLER,
            str(n),
            name="王李张"[n] + "小明",
            identifiers=None,
            phone=f"1540000000{n}",
            sex="1",
            birth_date=born.isoformat(),
        )
        cif.consents.grant(child.cif_no, ADS, text="1", guardian=True, **SAY)
    with Under(cif, policy(OUTSIDE, require=AGELESS["require"])):
        copy = deliver(cif, "ads", PARTNER)
        assert len(copy.held) == 3
        clock.advance(timedelta(days=1))
        assert cif.feeds.deliver("ads", copy, actor=PARTNER) == 0
        clock.advance(timedelta(days=1))
        part = cif.feeds.take("ads", most=1, actor=PARTNER)
        copy.take(part.changes)
        cif.feeds.acknowledge(part, actor=PARTNER)
        assert (len(copy.held), part.more) == (2, True)
        assert cif.feeds.deliver("ads", copy, most=1, actor=PARTNER) == 2
        assert copy.held == {}


def test_what_is_revealed_goes_as_it_is_where_a_grant_lets_it(cif: CIF, three: list[str]) -> None:
    clear = {**CRM, "reveal": ["phone"]}
    with pytest.raises(PolicyError, match="crm_sync may not reveal for service"):
        policy(clear)
    of_b = grant(
        "crm_sync",
        "service",
        ["phone", "name"],
        when="home_branch = 'b'",
        actions=["reveal"],
        id="clear",
        inside=["CRM"],
    )
    register(cif, TELLER, "9", name="赵敏", identifiers=None, phone="15400000009", home_branch="c")
    with Under(cif, policy(clear, grants=[*GRANTS, of_b])):
        said = {one["name"]: one["phone"] for one in deliver(cif, "crm", SYNC).values.values()}
        assert said == {"张*": "+8615400000000", "李*": "+8615400000001", "王*": "+8615400000002", "赵*": "154****0009"}
        with pytest.raises(StepUpRequired):
            cif.feeds.take("crm", actor=Actor(id="svc.crm", roles={"crm_sync"}))
    for bad, rule in (({"inside": []}, "feed"), ({"countries": ["SG"]}, "feed"), ({"least_k": 2}, "k_anonymity")):
        strict = policy(clear, grants=[*GRANTS, {**of_b, **bad}])
        with Under(cif, strict), pytest.raises(AccessError) as refused:
            cif.feeds.take("crm", actor=SYNC)
        assert refused.value.rule == rule


def test_another_policy_brings_the_whole_file_anew(cif: CIF, three: list[str]) -> None:
    copy = deliver(cif, "crm", SYNC)
    with Under(cif, policy({**CRM, "fields": ["name"]}, OF_B, OUTSIDE)):
        cif.feeds.deliver("crm", copy, actor=SYNC)
        assert [one.kind for one in copy.told].count(ChangeKind.BEGUN) == 2
        assert copy.values == {
            cif_no: {"name": name} for cif_no, name in zip(three, ("张*", "李*", "王*"), strict=True)
        }
    other = policy(CRM, OF_B, {**OUTSIDE, "fields": ["sex"]})
    cif.feeds.deliver("crm", copy, actor=SYNC)
    with Under(cif, other):
        assert cif.feeds.deliver("crm", copy, actor=SYNC) == 0, "what is of another feed alone is no reason"


def test_the_log_says_who_took_what_of_whom_and_for_which_feed(cif: CIF, three: list[str]) -> None:
    deliver(cif, "crm", SYNC)
    (shared,) = cif.audit.shared(three[0], actor=AUDITOR)
    assert (shared.recipient, shared.inside, shared.purpose, shared.actor) == ("CRM", True, "service", "svc.crm")
    assert shared.fields == tuple(FIELDS)
    lines = cif.audit.deeds("svc.crm", actor=AUDITOR)
    assert [one.action for one in lines] == ["begin_feed", "export", "exported", "acknowledge_feed"]
    assert ",feed:crm," in lines[1].rule


def test_a_consumer_that_fails_gets_the_same_again_and_nothing_of_its_words_is_told(cif: CIF, three: list[str]) -> None:
    class Broken(Copy):
        def take(self, changes: Sequence[Change]) -> None:
            super().take(changes)
            raise ValueError(changes[1].values["phone"])

    broken = Broken()
    with pytest.raises(DeliveryError) as failed:
        cif.feeds.deliver("crm", broken, actor=SYNC)
    assert "154" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    assert untimed(deliver(cif, "crm", SYNC).told) == untimed(broken.told)


def test_the_outbox_is_cut_behind_the_slowest(cif: CIF, three: list[str]) -> None:
    def waiting() -> int:
        with cif._repository.unit_of_work() as unit:
            return len(unit.outbox.after("s0", (0, ""), 99))

    assert waiting() == 3
    assert cif.feeds.cut(actor=KEEPER) == 3, "nobody began a feed"
    crm, ads = deliver(cif, "crm", SYNC), deliver(cif, "ads", PARTNER)
    for n in range(3):
        register(
            cif,
            TELLER,
            str(n),
            name="张李王"[n] + "伟",
            identifiers=None,
            phone=f"1540000001{n}",
            sex="1",
            home_branch="b",
        )
    cif.feeds.deliver("crm", crm, actor=SYNC)
    assert cif.feeds.cut(actor=KEEPER) == 0
    cif.feeds.deliver("ads", ads, actor=PARTNER)
    register(cif, TELLER, "0", name="张伟", identifiers=None, phone="15400000020", sex="1", home_branch="b")
    assert cif.feeds.cut(actor=KEEPER) == 2, "of the last entry a part may be missing"
    cif.feeds.deliver("crm", crm, actor=SYNC)
    assert crm.values == exported(cif, "crm", SYNC)
    for n in range(3):
        register(
            cif,
            TELLER,
            str(n),
            name="张李王"[n] + "伟",
            identifiers=None,
            phone=f"1540000003{n}",
            sex="1",
            home_branch="b",
        )
    part = cif.feeds.take("crm", most=1, actor=SYNC)
    crm.take(part.changes)
    cif.feeds.acknowledge(part, actor=SYNC)
    cif.feeds.deliver("ads", ads, actor=PARTNER)
    cif.feeds.cut(actor=KEEPER)
    cif.feeds.deliver("crm", crm, actor=SYNC)
    assert crm.values == exported(cif, "crm", SYNC), "what comes with the very next entry stays"
    with Under(cif, policy(CRM)):
        cif.feeds.cut(actor=KEEPER)
    with cif._repository.unit_of_work() as unit:
        assert [row.name for row in unit.feeds.all() if row.place] == ["crm"], (
            "a feed that the policy has no more holds nothing up"
        )
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.feeds.cut(actor=SYNC)


def test_how_far_each_feed_is(cif: CIF, three: list[str], clock: FixedClock) -> None:
    def of(actor: Actor, purpose: Purpose = Purpose.AUDIT) -> dict[str, tuple[bool, bool, bool]]:
        states = cif.feeds.states(actor=actor, purpose=purpose)
        return {one.feed: (one.begun, one.copying, one.waits_since is not None) for one in states}

    assert of(AUDITOR) == dict.fromkeys(("ads", "branch b", "crm"), (False, False, False))
    part = cif.feeds.take("crm", most=1, actor=SYNC)
    cif.feeds.acknowledge(part, actor=SYNC)
    register(cif, TELLER, "1", name="李娜", identifiers=None, phone="15400000021", home_branch="b")
    assert of(AUDITOR)["crm"] == (True, True, False), "while the whole file comes, nothing waits by itself"
    deliver(cif, "crm", SYNC)
    clock.advance(timedelta(hours=1))
    register(cif, TELLER, "0", name="张伟", identifiers=None, phone="15400000020", home_branch="b")
    assert of(SYNC, Purpose.SERVICE) == {"crm": (True, False, True)}
    (state,) = cif.feeds.states(actor=SYNC, purpose=Purpose.SERVICE)
    assert state.waits_since == cif._desk.now()
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.feeds.states(actor=TELLER, purpose=Purpose.SERVICE)


def test_who_may_not_take_it_learns_not_even_that_there_is_one(cif: CIF, three: list[str]) -> None:
    for actor, name in ((PARTNER, "crm"), (TELLER, "crm"), (SYNC, "none")):
        for ask in (cif.feeds.take, cif.feeds.begin):
            with pytest.raises(NotFoundOrNotAllowedError):
                ask(name, actor=actor)
    taken = cif.feeds.take("crm", actor=SYNC)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.feeds.acknowledge(taken, actor=PARTNER)
    for most in (0, 5001, "5", None, 2.5, True):
        with pytest.raises(InputError):
            cif.feeds.take("crm", most=most, actor=SYNC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [
        {"inside": []}, {"countries": ["SG"]}, {"least_k": 2}, {"relations": ["portfolio"], "least_k": 3},
    ],
)  # fmt: skip
def test_what_the_grants_do_not_let_go_no_feed_does(cif: CIF, three: list[str], bad: dict[str, Any]) -> None:
    with Under(cif, policy(CRM, grants=[{**GRANTS[0], **bad}])), pytest.raises(AccessError) as refused:
        cif.feeds.take("crm", actor=SYNC)
    assert refused.value.rule in ("feed", "k_anonymity")


def test_the_cap_of_the_hour_stops_it_and_nothing_is_left_out(cif: CIF, three: list[str], clock: FixedClock) -> None:
    with Under(cif, policy({**CRM, "per_hour": 2}, cap={"export": {"per_hour": 1}}, require=AGELESS["require"])):
        copy = Copy()

        class Broken(Copy):
            def take(self, changes: Sequence[Change]) -> None:
                raise OSError

        for _ in range(3):  # what did not go does not count
            with pytest.raises(DeliveryError):
                cif.feeds.deliver("crm", Broken(), actor=SYNC)
        for most, held in ((500, 2), (1, 3)):
            with pytest.raises(AccessError, match="go on in the next") if most == 500 else nullcontext():
                cif.feeds.deliver("crm", copy, most=most, actor=SYNC)
            assert len(copy.held) == held
            clock.advance(timedelta(hours=1))
        assert copy.values.keys() == {*three}


@pytest.mark.parametrize(
    ("rule", "seen"),
    [("review_state = 'none'", [True, False]), ("age >= 18", [False, True]), ("age < 18", [True, False])],
)
def test_what_a_row_rule_reads_is_told_whatever_changed_it(
    cif: CIF, clock: FixedClock, rule: str, seen: list[bool]
) -> None:
    number = [{"scheme": "cn.resident_id", "number": resident("20081203")}]  # eighteen years old in nine days
    more = {"name": "张伟国", "identifiers": number, "phone": "15400000000", "sex": None, "home_branch": "b"}
    register(cif, TELLER, "1", **more)
    ruled = grant("crm_sync", "service", FIELDS, inside=["CRM"], when=rule)
    with Under(cif, policy(CRM, grants=[ruled], require=AGELESS["require"])):
        copy, found = deliver(cif, "crm", SYNC), []
        found.append(bool(copy.held))
        clock.advance(timedelta(days=365 * 6))
        if "age" in rule:  # the same said by another source, which rewrites the facts
            assert register(cif, TELLER, "2", channel="card", **more).outcome == "linked"
        cif.customers.rebuild(actor=KEEPER)
        cif.feeds.deliver("crm", copy, actor=SYNC)
        found.append(bool(copy.held))
        assert copy.values == exported(cif, "crm", SYNC)
        assert found == seen


def test_who_takes_it_decides_where_the_policy_says_so(cif: CIF, three: list[str]) -> None:
    of_branch = grant("crm_sync", "service", FIELDS, inside=["CRM"], relations=["branch"])
    with Under(cif, policy(CRM, grants=[of_branch])):
        copy = deliver(cif, "crm", SYNC)
        assert copy.values.keys() == {*three}
        cif.feeds.deliver("crm", copy, actor=attrs.evolve(SYNC, branch="c"))
        assert copy.held == {}, "for another the whole comes anew"


def test_in_the_house_nobody_is_named_of_whom_nothing_may_go(cif: CIF, three: list[str]) -> None:
    taker = TAKERS["branch b"]
    copy = deliver(cif, "branch b", taker)
    merge(cif, three[0], three[1])
    cif.erasures.restrict(three[0], reason="r", actor=OFFICER)
    cif.feeds.deliver("branch b", copy, actor=taker)
    assert {(one.key, one.into) for one in copy.told if one.kind is ChangeKind.GONE} == {(three[0], ""), (three[1], "")}


def test_who_is_changed_while_they_are_read_is_read_again(
    cif: CIF, three: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(cif, "crm", SYNC)
    for n in range(2):
        register(cif, TELLER, str(n), name="张李"[n] + "伟", identifiers=None, phone=f"1540000001{n}", home_branch="b")
    added, times = Gathered.add, [1, 1]

    def changed(self: Gathered, unit: Any, rows: Any, allowed: Any) -> None:
        if times:
            times.pop()
            row = unit.parties.get([three[0]])[three[0]]
            unit.parties.update([row._replace(version=row.version + 1)])
        added(self, unit, rows, allowed)

    monkeypatch.setattr(Gathered, "add", changed)
    assert {one.key for one in cif.feeds.take("crm", actor=SYNC).changes} == {*three[:2]}
    times += [1] * 9
    with pytest.raises(ConflictError):
        cif.feeds.take("crm", actor=SYNC)


@pytest.mark.parametrize(
    "bad",
    [
        {"id": ""}, {"id": "a,b"}, {"fields": ["phon"]}, {"fields": []}, {"role": ["crm_sync"]}, {"purpose": "fun"}, {"purpose": ["service"]}, {"country": ["CN"]}, {"reveal": ["sex"]},
        {"recipient": "a,b"}, {"recipient": None}, {"country": "XX"}, {"inside": "yes"}, {"role": "teller_of_tales"}, {"colour": "red"},
        {"per_hour": 0}, {"per_hour": True},
    ],
)  # fmt: skip
def test_a_feed_that_is_none_is_refused_with_the_policy(bad: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="feed"):
        policy({**CRM, **bad})
    for list_ in ({"id": "crm"}, [1], [CRM, CRM]):
        with pytest.raises(PolicyError, match="feed"):
            Policy.from_document({**policy().document(), "feed": list_})


@pytest.mark.parametrize("relation", ["ticket", "break_glass"])
def test_what_ends_by_itself_gives_no_feed(relation: str) -> None:
    by = grant("crm_sync", "service", ["name"], relations=[relation], id="by")
    with pytest.raises(PolicyError, match="feed crm: a grant of crm_sync is by ticket or broken glass"):
        policy(CRM, grants=[*GRANTS, by])


def test_a_policy_reads_back_with_its_feeds() -> None:
    made = policy(CRM, OUTSIDE, {**CRM, "id": "other", "per_hour": 9})
    assert Policy.from_document(made.document()).document() == made.document()
    assert "feed" not in default_policy().document()


def events(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def test_a_file_of_cloud_events(cif: CIF, three: list[str], tmp_path: Path) -> None:
    path = tmp_path / "crm.jsonl"
    out = CloudEventsFile(path, feed="crm", tenant="t/行")
    cif.feeds.deliver("crm", out, actor=SYNC)
    merge(cif, three[0], three[1])
    cif.feeds.deliver("crm", out, actor=SYNC)
    lines = [*events(path)]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one["type"].rpartition("bankcif.")[2] for one in lines] == [
        "feed.begun", *["customer.current"] * 3, "feed.whole", "customer.current", "customer.gone",
    ]  # fmt: skip
    assert len({one["id"] for one in lines}) == len(lines)
    assert {(one["specversion"], one["source"]) for one in lines} == {("1.0", "/bankcif/t%2F%E8%A1%8C/feeds/crm")}
    first = next(one for one in lines if one.get("subject") == three[0])
    assert first["data"]["values"] == {"name": "张*", "phone": "154****0000", "home_branch": "b"}
    assert first["time"] == "2026-11-24T04:00:00.000000Z"
    assert lines[-1]["subject"] == three[1]
    assert lines[-1]["data"] == {"version": 2, "into": three[0]}
    with path.open("ab") as torn:
        torn.write(b'{"half of a li')
    merge(cif, three[0], three[2])
    cif.feeds.deliver("crm", out, actor=SYNC)
    *_, half, current, gone = path.read_text(encoding="utf-8").splitlines()
    assert half == '{"half of a li', "what a crash left spoils no other line"
    assert [json.loads(one)["type"] for one in (current, gone)] == ["bankcif.customer.current", "bankcif.customer.gone"]
    with pytest.raises(DeliveryError, match="cannot be written"):
        cif.feeds.begin("crm", actor=SYNC)
        cif.feeds.deliver("crm", CloudEventsFile(tmp_path, feed="crm", tenant="t"), actor=SYNC)


@given(st.text(max_size=8), st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=8)))
def test_an_event_is_one_line_whatever_is_in_it(key: str, values: dict[str, str]) -> None:
    change = Change(id="1-1", turn=7, kind=ChangeKind.CURRENT, key=key or "k", version=1, at=1, values=values)
    line = cloud_event(change, feed="f", tenant="t")
    assert json.loads(line)["data"]["values"] == values
    assert "\n" not in line
    assert json.loads(line)["sequence"] == "00000000000000000007"


def test_a_place_that_was_tampered_with_is_refused(cif: CIF, three: list[str]) -> None:
    deliver(cif, "crm", SYNC)
    with cif._repository.unit_of_work() as unit:
        row = unit.feeds.get("crm")
        assert row is not None
        unit.feeds.move(attrs.evolve(row, turn=row.turn + 1, place='{"streams": 3}'))
        unit.commit()
    with pytest.raises(BankCIFError, match="begin it anew"):
        cif.feeds.take("crm", actor=SYNC)
    cif.feeds.begin("crm", actor=SYNC)
    assert deliver(cif, "crm", SYNC).values.keys() == {*three}
