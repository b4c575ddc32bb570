"""Tags in the store: catalogues by two persons, portraits that follow every change and every day, words of people, and explanations."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

import attrs
import pytest
from tests.conftest import ALL_ROLES, insides, known
from tests.flows.test_browse import Under
from tests.flows.test_register import register

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.errors import (
    AccessError,
    FourEyesError,
    InputError,
    NotFoundOrNotAllowedError,
    PolicyError,
    RuleError,
)
from bankcif.flows._portrait import day_tag
from bankcif.party import Money
from bankcif.rules import parse
from bankcif.storage.portrait_rows import PORTRAIT
from bankcif.tagging import Catalogue, Exit, Family, Group, Segment, Tag, TagKind, Verdict, starter_catalogue

SERVICE, OPERATIONS = Purpose.SERVICE, Purpose.OPERATIONS
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
OFFICER = known(Actor(id="t.mei", roles={"tag_officer"}))
SECOND = known(Actor(id="t.an", roles={"tag_officer"}))
MANAGER = known(Actor(id="m.li", roles={"relationship_manager"}, branch="b"))


def tag(name: str, when: str | None = None, **more: Any) -> Tag:
    kind = TagKind.RULE if when else more.pop("kind", TagKind.MANUAL)
    valid = None if kind is not TagKind.MANUAL else 90
    return Tag(
        **{
            "name": name, "zh": name, "en": name, "about_zh": name, "about_en": name, "owner": "o", "family": Family.OWN,
            "kind": kind, "when": None if when is None else parse(when), "valid_days": valid, **more,
        }
    )  # fmt: skip


def segment(name: str, when: str) -> Segment:
    return Segment(name=name, zh=name, en=name, about_zh=name, about_en=name, owner="o", when=parse(when))


def loose() -> Policy:
    """The example policy, where counts of few are told, managers say every tag, and nothing rests on consent."""
    document = default_policy().document()
    for grant in document["grant"]:
        if grant["id"] in ("tag-officer", "marketing-audience", "marketing-export"):
            grant["least_k"] = 1
        if grant["id"] == "manager-says-tags":
            grant["fields"] = ["tag:*"]
    return Policy.from_document({**document, "version": "loose", "basis": {}})


LOOSE = loose()
AGES = Group(name="ages", zh="年龄", en="Age")
FIRST = Catalogue.of(
    "1",
    AGES,
    tag("adult", "age >= 18", group="ages", priority=1, family=Family.DEMOGRAPHIC),
    tag("senior", "age >= 60", group="ages", priority=2, family=Family.DEMOGRAPHIC),
    tag("local", "home_branch = 'b'"),
    tag("careful"),
    tag("score", kind=TagKind.MODEL),
    segment("offer", "tag('adult') and not tag('careful')"),
)


def publish(cif: CIF, catalogue: Catalogue) -> None:
    cif.tags.propose(catalogue, reason="new rules", actor=OFFICER)
    (waiting,) = [
        one for one in cif.approvals.waiting(actor=SECOND, purpose=OPERATIONS) if one.operation == "catalogue"
    ]
    cif.approvals.approve(waiting.id, actor=SECOND)


def names(cif: CIF, cif_no: str, **more: Any) -> set[str]:
    return {one.name for one in cif.tags.portrait(cif_no, actor=MANAGER, purpose=SERVICE, **more).tags}


@pytest.fixture
def founding_policy() -> Policy:
    return LOOSE


@pytest.fixture
def tagged(cif: CIF) -> CIF:
    publish(cif, FIRST)
    return cif


def test_a_catalogue_comes_into_force_by_two_persons(cif: CIF) -> None:
    assert cif.tags.in_force is None
    with pytest.raises(InputError, match="no tag catalogue is in force"):
        cif.tags.renew(actor=OFFICER)
    done = register(cif, STEWARD, "1")
    assert names(cif, done.cif_no) == set()
    proposal = cif.tags.propose(FIRST, reason="first", actor=OFFICER)
    with pytest.raises(FourEyesError):
        cif.approvals.approve(proposal.id, actor=OFFICER)
    assert cif.tags.in_force is None
    cif.approvals.approve(proposal.id, actor=SECOND)
    assert cif.tags.in_force is not None
    assert cif.tags.in_force.document() == FIRST.document()
    with pytest.raises(InputError, match="in force already"):
        cif.tags.propose(FIRST, reason="again", actor=OFFICER)
    assert [(one.version, one.until) for one in cif.tags.published(actor=OFFICER)] == [("1", None)]
    # Seen at once; kept when it is renewed.
    assert names(cif, done.cif_no) == {"tag:adult", "tag:local", "segment:offer"}
    assert cif.tags.renew(actor=OFFICER) == 1
    assert cif.tags.renew(actor=OFFICER) == 0


def test_a_catalogue_is_put_back_by_two_persons_too(tagged: CIF) -> None:
    with pytest.raises(InputError, match="no such catalogue was in force"):
        tagged.tags.roll_back(reason="wrong", actor=OFFICER)
    done = register(tagged, STEWARD, "1")
    publish(tagged, Catalogue.of("2", tag("adult", "age >= 60"), tag("new", "home_branch = 'b'")))
    tagged.tags.renew(actor=OFFICER)
    view = tagged.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE)
    assert {one.name for one in view.tags} == {"tag:new"}
    assert {name: one.why for name, one in view.left.items()} == {
        "tag:adult": Exit.RULE_CHANGED, "tag:local": Exit.REMOVED, "segment:offer": Exit.REMOVED,
    }  # fmt: skip
    back = tagged.tags.roll_back(reason="wrong", actor=OFFICER)
    tagged.approvals.approve(back.id, actor=SECOND)
    assert names(tagged, done.cif_no) == {"tag:adult", "tag:local", "segment:offer"}
    assert [one.version for one in tagged.tags.published(actor=OFFICER)] == ["1", "2", "1"]


def test_what_a_catalogue_would_change_is_counted_before_it_is_proposed(tagged: CIF) -> None:
    for n, born in enumerate(("2000-01-01", "1950-01-01", None)):
        register(
            tagged,
            STEWARD,
            str(n),
            identifiers=None,
            birth_date=born,
            phone=f"1541234567{n}",
            name="王李张"[n] + "伟国",
        )
    tagged.tags.renew(actor=OFFICER)
    new = Catalogue.of(
        "2",
        AGES,
        tag("adult", "age >= 18", group="ages", priority=1, family=Family.DEMOGRAPHIC),
        tag("senior", "age >= 30", group="ages", priority=2, family=Family.DEMOGRAPHIC),
        tag("careful"),
        tag("retired", "age >= 65"),
        tag("score", kind=TagKind.MODEL),
        segment("offer", "tag('adult') and not tag('careful')"),
    )
    found = tagged.tags.preview(new, actor=OFFICER)
    assert found.customers == 3
    told = {one.name: (one.had, one.enter, one.leave) for one in found.changes}
    assert told == {"tag:senior": (1, 0, 0), "tag:retired": (0, 1, 0), "tag:local": (3, 0, 3)}
    assert dict(found.overlaps) == {frozenset({"adult", "senior"}): 1}
    wider = attrs.evolve(
        new, tags={**new.tags, "adult": tag("adult", "age >= 90", group="ages", priority=1, family=Family.DEMOGRAPHIC)}
    )
    change = next(one for one in tagged.tags.preview(wider, actor=OFFICER).changes if one.name == "tag:adult")
    assert (change.had, change.enter, change.leave) == (1, 0, 1)
    assert "segment:offer" in change.depend


def test_portraits_follow_what_is_known_of_a_customer(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1", identifiers=None, birth_date="2010-01-01")
    assert names(tagged, done.cif_no) == {"tag:local"}
    register(tagged, STEWARD, "1", identifiers=None, birth_date="1999-01-01")
    assert names(tagged, done.cif_no) == {"tag:adult", "tag:local", "segment:offer"}
    assert tagged.tags.renew(actor=OFFICER, whole=True) == 0, "nothing was left to do"
    held = {one.name: one for one in tagged.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE).tags}
    assert held["tag:adult"].since == date(2026, 11, 24)
    assert held["tag:adult"].why is Verdict.RULE
    assert held["tag:adult"].evidence
    assert held["tag:adult"].family == "demographic"


def test_rules_read_monthly_balances(cif: CIF) -> None:
    rule = "count(balances where average >= CNY 50000 within 3 months) >= 2"
    publish(cif, Catalogue.of("1", tag("saver", rule)))
    balances = [
        {"month": month, "book": "1", "average": {"amount": amount, "currency": "CNY"}}
        for month, amount in (("2026-09", "50000"), ("2026-10", "60000"), ("2026-11", "1"))
    ]
    done = register(cif, STEWARD, "1", balances=balances[:2])
    assert names(cif, done.cif_no) == {"tag:saver"}
    other = register(cif, STEWARD, "2", balances=balances[1:], identifiers=None, phone="15499999999", name="李四")
    assert names(cif, other.cif_no) == set()


LADDER = Catalogue.of(
    "1", Group(name="tier", zh="等级", en="Tier"),
    *(
        tag(name, kind=TagKind.TIER, group="tier", floor=Money(floor, "CNY"), grace_months=grace)
        for name, floor, grace in (("mass", 0, 3), ("gold", 50_000, 3), ("private", 6_000_000, 6))
    ),
    segment("served", "tag('private')"),
)  # fmt: skip


def averages(*amounts: int, first: int = 1, book: str = "1") -> list[dict[str, Any]]:
    """Of the months of 2026 from *first* on."""
    return [
        {"month": f"2026-{month:02}", "book": book, "average": {"amount": str(amount), "currency": "CNY"}}
        for month, amount in enumerate(amounts, start=first)
    ]


def test_tiers_follow_the_balances_and_the_calendar(cif: CIF, clock: FixedClock) -> None:
    publish(cif, LADDER)
    done = register(cif, STEWARD, "1", balances=averages(7_000_000, 10, 10, first=8))
    ask: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE}

    def stands() -> tuple[set[str], Any]:
        view = cif.tags.portrait(done.cif_no, **ask)
        return {one.name for one in view.tags}, next((one.tier for one in view.tags if one.tier), None)

    found, tier = stands()
    assert found == {"tag:private", "segment:served"}
    assert (tier.since, tier.watched, tier.grace_months, tier.until) == (date(2026, 9, 1), 2, 6, "2026-10")
    told = cif.tags.why(done.cif_no, "tag:private", **ask)
    assert told.holds, "for the customer's manager"
    assert told.because[0].seen[0].sources == ("counter (only)",)
    whole = cif.customers.customer360(done.cif_no, **ask).portrait
    assert [one.tier for one in whole.tags if one.tier] == [tier]
    # November's average is there before it is over, and counts from December on.
    register(cif, STEWARD, "1", balances=averages(7_000_000, 10, 10, 60_000, first=8))
    assert stands()[1].watched == 2
    clock.advance(timedelta(days=10))
    assert stands()[1].watched == 3
    assert cif.tags.renew(actor=OFFICER) == 0, "the tier is the same"
    # What is corrected is reckoned again from there on.
    register(cif, STEWARD, "1", balances=averages(60_000, 10, 10, 10, first=8))
    found, tier = stands()
    assert found == {"tag:mass"}
    assert (tier.since, tier.watched, tier.until) == (date(2026, 12, 1), 0, "2026-11")
    view = cif.tags.portrait(done.cif_no, **ask)
    assert {name: one.why for name, one in view.left.items()} == {"tag:private": Exit.LEFT, "segment:served": Exit.LEFT}
    assert cif.tags.renew(actor=OFFICER, whole=True) == 0


def test_a_tag_that_a_person_put_another_in_place_of_says_so(cif: CIF) -> None:
    place = Group(name="place", zh="地", en="Place")
    publish(
        cif,
        Catalogue.of(
            "1", place, tag("near", "home_branch = 'b'", group="place", priority=1), tag("far", group="place")
        ),
    )
    tagged, done = cif, register(cif, STEWARD, "1")
    ask: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE}
    assert "tag:near" in names(tagged, done.cif_no)
    tagged.tags.say(done.cif_no, "far", until=date(2027, 1, 1), reason="moved", **ask)
    assert names(tagged, done.cif_no) & {"tag:near", "tag:far"} == {"tag:far"}
    assert tagged.tags.portrait(done.cif_no, **ask).left["tag:near"].why is Exit.DISPLACED
    tagged.tags.take_back(done.cif_no, "far", reason="not so", **ask)
    assert names(tagged, done.cif_no) & {"tag:near", "tag:far"} == {"tag:near"}


def test_balances_come_month_by_month(cif: CIF, clock: FixedClock) -> None:
    publish(cif, LADDER)
    stood = []
    for amount, month in ((7_000_000, 9), (10, 10), (20, 9)):  # the last corrects the first
        clock.advance(timedelta(seconds=1))
        done = register(cif, STEWARD, "1", balances=averages(amount, first=month))
        stood.append(names(cif, done.cif_no))
    assert stood == [{"tag:private", "segment:served"}, {"tag:private", "segment:served"}, {"tag:mass"}]
    assert cif.tags.renew(actor=OFFICER, whole=True) == 0


def test_a_tier_of_a_day_to_come_is_renewed_on_that_day(cif: CIF, clock: FixedClock) -> None:
    publish(cif, LADDER)
    done = register(cif, STEWARD, "1", balances=averages(60_000, 7_000_000, first=10))
    assert names(cif, done.cif_no) == {"tag:gold"}
    clock.advance(timedelta(days=6))
    assert cif.tags.renew(actor=OFFICER) == 0
    clock.advance(timedelta(days=1))
    assert cif.tags.renew(actor=OFFICER) == 1
    assert names(cif, done.cif_no) == {"tag:private", "segment:served"}
    (held,) = [one for one in cif.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE).tags if one.tier]
    assert held.since == held.tier.since == date(2026, 12, 1)


def test_a_person_puts_a_customer_on_another_tier_for_a_time(cif: CIF, clock: FixedClock) -> None:
    publish(cif, LADDER)
    done = register(cif, STEWARD, "1", balances=averages(60_000, first=10))
    ask: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE}
    with pytest.raises(InputError, match="has a last day"):
        cif.tags.say(done.cif_no, "private", reason="brings seven million", **ask)
    assert cif.tags.say(done.cif_no, "private", until=date(2026, 12, 24), reason="brings seven million", **ask)
    (held,) = [one for one in cif.tags.portrait(done.cif_no, **ask).tags if one.name == "tag:private"]
    assert (held.why, held.tier) == (Verdict.SAID, None)
    clock.advance(timedelta(days=31))
    assert names(cif, done.cif_no) == {"tag:gold"}


def test_a_merge_adds_up_the_books_of_both(cif: CIF) -> None:
    publish(cif, LADDER)
    one = register(cif, STEWARD, "1", balances=averages(30_000, first=10, book="a"), identifiers=None)
    two = register(
        cif, STEWARD, "2", balances=averages(30_000, first=10, book="b"), identifiers=None, phone="15499999999", name="李四",
        manager="m.li",
    )  # fmt: skip
    assert names(cif, one.cif_no) == names(cif, two.cif_no) == {"tag:mass"}
    merge = cif.matches.propose_merge(one.cif_no, two.cif_no, actor=STEWARD, reason="same")
    cif.approvals.approve(merge.id, actor=known(Actor(id="s.two", roles=ALL_ROLES, branch="b")))
    assert names(cif, one.cif_no) == {"tag:gold"}


def test_why_a_tier_is_told_to_who_may_see_the_ladder_and_balances(cif: CIF) -> None:
    publish(cif, LADDER)
    done = register(cif, STEWARD, "1", balances=averages(60_000, 40_000, first=9))
    document = default_policy().document()
    view = {"roles": ["r"], "purposes": ["service"], "actions": ["view"]}
    who = known(Actor(id="w", roles={"r"}))
    for fields, told in (
        (["tag:*"], False), (["tag:gold", "tag:mass", "balances"], False), (["tag:*", "balances"], True),
    ):  # fmt: skip
        more = {"id": "g", **view, "fields": fields}
        with Under(cif, Policy.from_document({**document, "grant": [*document["grant"], more]})):
            (held,) = cif.tags.portrait(done.cif_no, actor=who, purpose=SERVICE).tags
            assert (held.name, held.tier.watched if held.tier else None) == ("tag:gold", 1)
            if not told:
                with pytest.raises(NotFoundOrNotAllowedError):
                    cif.tags.why(done.cif_no, "tag:gold", actor=who, purpose=SERVICE)
                continue
            found = cif.tags.why(done.cif_no, "tag:gold", actor=who, purpose=SERVICE)
            assert [one.text for one in found.because] == ["gold from 2026-10 on", "gold from 2026-11 on"]
            assert [[seen.value for seen in one.seen] for one in found.because] == [
                ["***", "gold (entered)"], ["***", "gold (watched)"],
            ]  # fmt: skip


def test_portraits_follow_the_calendar(tagged: CIF, clock: FixedClock) -> None:
    done = register(tagged, STEWARD, "1", identifiers=None, birth_date="2008-12-01")
    other = register(tagged, STEWARD, "2", identifiers=None, birth_date="1990-12-01", phone="15499999999", name="李四")
    assert names(tagged, done.cif_no) == {"tag:local"}
    clock.advance(timedelta(days=6))
    assert tagged.tags.renew(actor=OFFICER) == 0
    clock.advance(timedelta(days=1))
    assert "tag:adult" in names(tagged, done.cif_no), "what is seen is of today, whether it was renewed or not"
    assert tagged.tags.renew(actor=OFFICER) == 1
    clock.advance(timedelta(days=20))
    assert tagged.tags.renew(actor=OFFICER) == 0
    held = {one.name: one.since for one in tagged.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE).tags}
    assert held["tag:adult"] == date(2026, 12, 1)
    # Nobody ran it for two months, and somebody was due on a day between.
    register(tagged, STEWARD, "3", identifiers=None, birth_date="2009-01-15", phone="15488888888", name="孙权")
    clock.advance(timedelta(days=60))
    assert tagged.tags.renew(actor=OFFICER) == 1
    assert names(tagged, other.cif_no) >= {"tag:adult"}


def test_who_is_due_when_does_not_stand_in_the_database(tagged: CIF) -> None:
    data = insides(tagged)
    done = [
        register(
            tagged,
            STEWARD,
            str(n),
            identifiers=None,
            birth_date="2008-12-01",
            phone=f"1541111111{n}",
            name="王李张"[n] + "伟国",
        )
        for n in range(3)
    ]
    rows = [data.portraits.rows[one.cif_no] for one in done]
    assert all(row.due is not None and len(row.due) == 8 for row in rows)
    # Some days before, as it falls: whoever knows the tag of a day does not know a birthday by it.
    days = {day_tag(tagged._desk, date(2026, 12, 1) - timedelta(back)): back for back in range(-1, 28)}
    assert {days[row.due] for row in rows} <= set(range(28))
    sealed = [row for row in data.golden.rows.values() if row.data_group == PORTRAIT]
    assert sealed
    assert not any(word in row.sealed for row in sealed for word in (b"adult", b"2026", b"offer"))


def test_a_word_stands_until_its_day_and_is_heard_at_once(tagged: CIF, clock: FixedClock) -> None:
    done = register(tagged, STEWARD, "1")
    ask: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE}
    assert tagged.tags.say(done.cif_no, "careful", until=date(2026, 12, 24), reason="was robbed last week", **ask)
    view = tagged.tags.portrait(done.cif_no, **ask)
    said = next(one for one in view.tags if one.name == "tag:careful")
    assert (said.why, said.until, said.said_by, said.reason) == (
        Verdict.SAID, date(2026, 12, 24), "m.li", "was robbed last week",
    )  # fmt: skip
    assert "segment:offer" not in names(tagged, done.cif_no)
    assert view.left == {"segment:offer": attrs.evolve(view.left["segment:offer"], why=Exit.LEFT)}
    clock.advance(timedelta(days=30))
    assert tagged.tags.renew(actor=OFFICER) == 0
    clock.advance(timedelta(days=1))
    assert tagged.tags.renew(actor=OFFICER) == 1
    view = tagged.tags.portrait(done.cif_no, **ask)
    assert {name: one.why for name, one in view.left.items()} == {"tag:careful": Exit.EXPIRED}
    assert "segment:offer" in names(tagged, done.cif_no)


def test_a_veto_stands_above_the_rule_and_is_taken_back(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1")
    ask: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE, "reason": "r"}
    assert not tagged.tags.veto(done.cif_no, "local", until=date(2027, 1, 1), **ask)
    view = tagged.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE)
    assert view.left["tag:local"].why is Exit.VETOED
    assert tagged.tags.take_back(done.cif_no, "local", **ask)
    assert "tag:local" in names(tagged, done.cif_no)
    with pytest.raises(InputError, match="nothing stands that was said"):
        tagged.tags.take_back(done.cif_no, "local", **ask)
    assert tagged.tags.say(done.cif_no, "score", evidence="churn-3", **ask)
    assert not tagged.tags.take_back(done.cif_no, "score", **ask)
    assert tagged.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE).left["tag:score"].why is Exit.WITHDRAWN


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ({"tag": "none"}, "no such tag"),
        ({"tag": "adult"}, "only be vetoed"),
        ({"until": None}, "has a last day"),
        ({"until": date(2026, 11, 23)}, "no last day lies in the past"),
        ({"until": date(2027, 11, 23)}, "90 days at most"),
        ({"tag": "score"}, "has evidence"),
        ({"reason": " "}, "a reason is needed"),
        ({"evidence": "a\nb"}, "printable characters"),
        ({"evidence": "a" * 201}, "printable characters"),
    ],
)
def test_what_may_not_be_said_is_refused_and_nothing_is_kept(tagged: CIF, word: dict[str, Any], said: str) -> None:
    done = register(tagged, STEWARD, "1")
    given: dict[str, Any] = {"tag": "careful", "until": date(2026, 12, 1), "reason": "r", **word}
    with pytest.raises(InputError, match=said):
        tagged.tags.say(done.cif_no, given.pop("tag"), actor=MANAGER, purpose=SERVICE, **given)
    assert names(tagged, done.cif_no) == {"tag:adult", "tag:local", "segment:offer"}


def test_tags_go_with_a_merge_and_come_back_with_an_unmerge(tagged: CIF) -> None:
    one = register(tagged, STEWARD, "1", identifiers=None, birth_date="1950-05-01")
    two = register(tagged, STEWARD, "2", phone="15499999999", name="李四", home_branch="c", manager="m.li")
    ask: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE, "reason": "r"}
    tagged.tags.say(two.cif_no, "careful", until=date(2026, 12, 1), **ask)
    tagged.tags.veto(one.cif_no, "local", until=date(2026, 12, 1), **ask)
    before = [tagged.tags.portrait(each.cif_no, actor=MANAGER, purpose=SERVICE) for each in (one, two)]
    merge = tagged.matches.propose_merge(one.cif_no, two.cif_no, actor=STEWARD, reason="same")
    tagged.approvals.approve(merge.id, actor=known(Actor(id="s.two", roles=ALL_ROLES, branch="b")))
    merged = names(tagged, one.cif_no)
    assert {"tag:careful"} <= merged
    assert "tag:local" not in merged, "the veto stands above the other side"
    assert tagged.tags.portrait(two.cif_no, actor=MANAGER, purpose=SERVICE).cif_no == one.cif_no
    assert tagged.tags.renew(actor=OFFICER, whole=True) == 0
    apart = tagged.matches.propose_unmerge(two.cif_no, actor=STEWARD, reason="two")
    tagged.approvals.approve(apart.id, actor=known(Actor(id="s.two", roles=ALL_ROLES, branch="b")))
    after = [tagged.tags.portrait(each.cif_no, actor=MANAGER, purpose=SERVICE) for each in (one, two)]
    assert [{each.name for each in view.tags} for view in after] == [
        {each.name for each in view.tags} for view in before
    ]
    assert tagged.tags.renew(actor=OFFICER, whole=True) == 0


def test_yesterdays_portrait_is_produced_again(tagged: CIF, clock: FixedClock) -> None:
    done = register(tagged, STEWARD, "1", identifiers=None, birth_date="2008-12-01")
    moments = [clock.now()]
    clock.advance(timedelta(days=3))
    tagged.tags.say(done.cif_no, "careful", until=date(2026, 12, 20), reason="r", actor=MANAGER, purpose=SERVICE)
    moments.append(clock.now())
    clock.advance(timedelta(days=10))  # of age, and nobody renewed it
    moments.append(clock.now())
    clock.advance(timedelta(days=1))
    register(tagged, STEWARD, "1", identifiers=None, birth_date="2008-12-01", home_branch="c", manager="m.li")
    moments.append(clock.now())
    clock.advance(timedelta(days=1))
    publish(tagged, Catalogue.of("2", tag("careful"), tag("old", "age >= 18")))
    tagged.tags.renew(actor=OFFICER)
    assert names(tagged, done.cif_no) == {"tag:careful", "tag:old"}
    wanted = [
        {"tag:local"},
        {"tag:local", "tag:careful"},
        {"tag:local", "tag:careful", "tag:adult"},
        {"tag:careful", "tag:adult"},
    ]
    assert [names(tagged, done.cif_no, at=moment) for moment in moments] == wanted
    view = tagged.tags.portrait(done.cif_no, at=moments[2], actor=MANAGER, purpose=SERVICE)
    assert (view.catalogue, view.day) == ("1", date(2026, 12, 7))
    assert (
        tagged.tags.portrait(done.cif_no, at=moments[0] - timedelta(days=9), actor=MANAGER, purpose=SERVICE).tags == ()
    )


def test_of_before_a_customer_came_nothing_of_today_is_told(cif: CIF, clock: FixedClock) -> None:
    publish(cif, Catalogue.of("1", tag("here", "branch = 'b'")))
    before = clock.now()
    clock.advance(timedelta(seconds=1))
    done = register(cif, STEWARD, "1")
    assert names(cif, done.cif_no) == {"tag:here"}
    assert names(cif, done.cif_no, at=before) == set()


def test_who_sees_which_tags_is_the_policys_word(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1")
    view = {"roles": ["r"], "purposes": ["service"], "actions": ["view"]}
    who = known(Actor(id="w", roles={"r"}))
    document = default_policy().document()

    def under(*fields: str) -> Policy:
        return Policy.from_document(
            {**document, "grant": [*document["grant"], {"id": "g", **view, "fields": list(fields)}]}
        )

    for fields, seen in {
        ("tag:*",): {"tag:adult", "tag:local"}, ("tag:@demographic",): {"tag:adult"}, ("tag:local", "segment:offer"): {"tag:local", "segment:offer"},
        ("segment:*", "name"): {"segment:offer"}, ("tag:senior",): set(),
    }.items():  # fmt: skip
        with Under(tagged, under(*fields)):
            found = tagged.tags.portrait(done.cif_no, actor=who, purpose=SERVICE)
            assert {one.name for one in found.tags} == seen
            hidden = set(FIRST.order) - set(found.withheld)
            assert seen <= hidden
            assert not (set(FIRST.order) - hidden) & seen
    with Under(tagged, under("*")), pytest.raises(NotFoundOrNotAllowedError):
        tagged.tags.portrait(done.cif_no, actor=who, purpose=SERVICE)
    for wrong in ("tag:", "tag:@none", "segment:@value", "tag:A", "segment:x y"):
        with pytest.raises(PolicyError, match="not a field of the catalogue"):
            under(wrong)


def test_whoever_may_not_say_or_publish_is_refused(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1", home_branch="z")
    with pytest.raises(NotFoundOrNotAllowedError):
        tagged.tags.say(done.cif_no, "careful", until=date(2026, 12, 1), reason="r", actor=MANAGER, purpose=SERVICE)
    for work in (
        lambda: tagged.tags.propose(FIRST, reason="r", actor=MANAGER),
        lambda: tagged.tags.preview(FIRST, actor=MANAGER),
        lambda: tagged.tags.roll_back(reason="r", actor=MANAGER),
        lambda: tagged.tags.published(actor=MANAGER),
        lambda: tagged.tags.renew(actor=MANAGER),
    ):
        with pytest.raises(NotFoundOrNotAllowedError):
            work()


def test_a_rule_reads_no_field_that_its_publisher_may_not(tagged: CIF) -> None:
    document = default_policy().document()
    officer = {
        "id": "g",
        "roles": ["r"],
        "purposes": ["operations"],
        "actions": ["catalogue"],
        "fields": ["birth_date"],
    }
    who = known(Actor(id="w", roles={"r"}))
    with Under(tagged, Policy.from_document({**document, "grant": [*document["grant"], officer]})):
        tagged.tags.propose(Catalogue.of("2", tag("old", "age >= 60 and kind = 'individual'")), reason="r", actor=who)
        for when in (
            "aum > CNY 5",
            "home_branch = 'b'",
            "count(holdings) > 1",
            "sum(holdings.balance where balance_currency = 'CNY') > CNY 5",
            "has_phone = true",
        ):
            with pytest.raises(NotFoundOrNotAllowedError):
                tagged.tags.propose(Catalogue.of("2", tag("old", when)), reason="r", actor=who)


def test_why_a_tag_holds_is_told_in_values_as_they_may_be_seen(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1", identifiers=None, birth_date="1990-03-07")
    ask: dict[str, Any] = {"actor": MANAGER, "purpose": SERVICE}
    found = tagged.tags.why(done.cif_no, "tag:senior", **ask)
    assert not found.holds
    assert [one.value for one in found.because[0].seen] == ["1990-**-**"], "as the birth date is seen"
    assert found.turns_on is None, "it would tell the birth date"
    seen = tagged.tags.why(done.cif_no, "tag:local", **ask).because[0].seen[0]
    assert (seen.value, seen.sources) == ("b", ("counter (only)",))
    assert tagged.tags.why(done.cif_no, "segment:offer", **ask).holds
    with pytest.raises(InputError, match="no such tag"):
        tagged.tags.why(done.cif_no, "tag:none", **ask)
    with pytest.raises(InputError, match="has no rule"):
        tagged.tags.why(done.cif_no, "tag:careful", **ask)
    document = default_policy().document()
    some = {"id": "g", "roles": ["r"], "purposes": ["service"], "actions": ["view"], "fields": ["tag:*", "home_branch"]}
    who = known(Actor(id="w", roles={"r"}))
    with Under(tagged, Policy.from_document({**document, "grant": [*document["grant"], some]})):
        assert tagged.tags.why(done.cif_no, "tag:local", actor=who, purpose=SERVICE).turns_on is None, "no day is in it"
        assert tagged.tags.why(done.cif_no, "tag:local", actor=who, purpose=SERVICE).holds
        with pytest.raises(NotFoundOrNotAllowedError):
            tagged.tags.why(done.cif_no, "tag:adult", actor=who, purpose=SERVICE)


def test_a_catalogue_changed_in_the_database_is_told(tagged: CIF) -> None:
    data, watch = insides(tagged), tagged._desk.tag_watch
    ((proposal, row),) = data.catalogues.rows.items()
    data.catalogues.rows[proposal] = attrs.evolve(row, document=row.document.replace(b"18", b"16"))
    watch._found = None  # as a process that opens it now
    watch.again()
    for _ in range(2):
        with pytest.raises(PolicyError, match="changed in the database"):
            tagged.tags.renew(actor=OFFICER)


def test_a_catalogue_of_a_banks_own_fields_is_not_kept(tagged: CIF) -> None:
    from bankcif.rules import Kind, RuleField, Schema

    own = Catalogue.of("3", tag("x", "points > 5"), more=Schema([RuleField("points", Kind.INTEGER)]))
    with pytest.raises(RuleError, match="own fields"):
        tagged.tags.propose(own, reason="r", actor=OFFICER)


def test_the_starter_catalogue_can_be_published(cif: CIF) -> None:
    catalogue = starter_catalogue()
    assert Catalogue.from_document(catalogue.document()).document() == catalogue.document()
    publish(cif, catalogue)
    done = register(cif, STEWARD, "1")
    assert "tag:adult" in names(cif, done.cif_no) or names(cif, done.cif_no)


def test_looking_at_portraits_is_looking_at_customers(tagged: CIF) -> None:
    done = register(tagged, STEWARD, "1")
    document = {**default_policy().document(), "cap": {"view": {"per_hour": 2}}}
    with Under(tagged, Policy.from_document(document)):
        tagged.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE)
        tagged.tags.why(done.cif_no, "tag:local", actor=MANAGER, purpose=SERVICE)
        for work in (
            lambda: tagged.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE),
            lambda: tagged.tags.why(done.cif_no, "tag:local", actor=MANAGER, purpose=SERVICE),
        ):
            with pytest.raises(AccessError):
                work()


def test_an_older_catalogue_that_is_put_back_is_told_by_the_log(tagged: CIF, clock: FixedClock) -> None:
    rows = insides(tagged).catalogues.rows
    (first,) = rows
    old = rows[first]
    clock.advance(timedelta(days=1))
    publish(tagged, Catalogue.of("2", tag("careful")))
    assert tagged.audit.verify(actor=STEWARD).intact
    later = dict(rows)
    rows.clear()
    rows[first] = old
    assert [one.stream for one in tagged.audit.verify(actor=STEWARD).damage] == ["tag_catalogue"]
    rows.clear()
    assert [one.stream for one in tagged.audit.verify(actor=STEWARD).damage] == ["tag_catalogue"]
    rows.update(later)
    assert tagged.audit.verify(actor=STEWARD).intact


def test_why_says_on_which_day_it_can_be_otherwise(cif: CIF) -> None:
    """If nothing new is heard; of what is shown whole alone."""
    publish(cif, Catalogue.of("1", tag("new", "customer_since >= today - 180 days")))
    done = register(cif, STEWARD, "1", customer_since="2026-10-01", identifiers=None)
    found = cif.tags.why(done.cif_no, "tag:new", actor=MANAGER, purpose=SERVICE)
    assert found.holds
    assert found.turns_on == date(2026, 10, 1) + timedelta(days=181)


def test_a_day_begins_where_the_tenant_is(tagged: CIF, clock: FixedClock) -> None:
    """It is four in the afternoon of the 24th by UTC, and past midnight in Shanghai."""
    clock.advance(timedelta(hours=12, minutes=30))
    assert clock.now().astimezone(UTC).date() == date(2026, 11, 24)
    ages = {}
    for n, born in enumerate(("2008-11-25", "2008-11-26")):
        done = register(
            tagged, STEWARD, str(n), identifiers=None, birth_date=born, phone=f"1540000000{n}", name="王李"[n] + "伟军"
        )
        ages[born] = "tag:adult" in names(tagged, done.cif_no)
        told = tagged.tags.why(done.cif_no, "tag:adult", actor=MANAGER, purpose=SERVICE)
        assert told.holds is ages[born]
    assert ages == {"2008-11-25": True, "2008-11-26": False}


def test_evidence_is_of_what_a_rule_read_of_whom(tagged: CIF) -> None:
    """A keyed digest: the same of the same values of one customer, another of other values, and of somebody else."""

    def evidence(key: str, born: str) -> str:
        done = register(
            tagged,
            STEWARD,
            key,
            identifiers=None,
            birth_date=born,
            phone=f"1540000000{key}",
            name="王李"[int(key)] + "伟军",
        )
        held = tagged.tags.portrait(done.cif_no, actor=MANAGER, purpose=SERVICE).tags
        return next((one.evidence for one in held if one.name == "tag:adult"), "")

    first = evidence("0", "1990-01-01")
    assert len(bytes.fromhex(first)) == 16
    assert evidence("0", "2015-01-01") == "", "it left"
    assert evidence("0", "1990-01-01") == first
    assert evidence("0", "2015-01-01") == ""
    assert evidence("0", "1985-01-01") not in ("", first)
    assert evidence("1", "1990-01-01") not in ("", first)
