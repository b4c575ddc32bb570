"""Audiences: whom a campaign addresses, counted step by step, and taken by two persons; counts of tags and of two sets."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.conftest import ALL_ROLES, known
from tests.flows.test_browse import Under
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE, MANAGER, STEWARD, publish, segment, tag

from bankcif import CIF, Actor, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.errors import ConfigurationError, FourEyesError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.export import ExportSpec, Recipient
from bankcif.party import ConsentUse
from bankcif.tagging import (
    ADDRESSED,
    CONTROL,
    NOT_THERE,
    AudiencePlan,
    Catalogue,
    Movement,
    audience,
    starter_catalogue,
)

MARKETING = Purpose.MARKETING
MARKETER = known(Actor(id="k.bai", roles={"marketing"}))
SECOND = known(Actor(id="s.two", roles={"steward"}))
CATALOGUE = Catalogue.of(
    "1", tag("adult", "age >= 18"), tag("far", "home_branch != 'b'"), tag("mailed", "has_email = true"), tag("careful"),
    segment("people", "kind = 'individual'"), segment("grown", "tag('adult')"),
)  # fmt: skip
PLAN = AudiencePlan(
    campaign="spring", segment="segment:people", exclusions=("tag:careful", "tag:mailed", "tag:far"), control_share=0.5
)


@pytest.fixture
def founding_policy() -> Policy:
    return LOOSE


@pytest.fixture
def file(cif: CIF) -> CIF:
    publish(cif, CATALOGUE)
    for n in range(24):
        register(
            cif, STEWARD, str(n), identifiers=None, phone=f"154000000{n:02}", name="王李张刘陈杨"[n % 6] + "伟芳国强"[n % 4] + "军洋勇艳"[n // 6],
            home_branch="bc"[n % 4 == 0], birth_date=f"{1964 + 2 * n}-01-01", email="a@b.cn" if n % 5 == 0 else None,
        )  # fmt: skip
    return cif


def spec(**more: Any) -> ExportSpec:
    return ExportSpec(
        fields=("preferred_channel",), recipient=Recipient(name="campaigns", inside=True), purpose=MARKETING,
        **{"audience": PLAN, **more},
    )  # fmt: skip


def taken(file: CIF, asked: ExportSpec, since: timedelta = timedelta(0)) -> Any:
    """The export that two persons took who had been recognized so long after the file was made."""
    one, two = (
        attrs.evolve(who, auth=attrs.evolve(who.auth, at=who.auth.at + since)) for who in (MARKETER, SECOND) if who.auth
    )
    proposal = file.exports.propose(asked, reason="spring", actor=one)
    file.approvals.approve(proposal.id, actor=two)
    return file.exports.take(asked, actor=one, approval_id=proposal.id)


def test_the_steps_from_a_segment_to_who_is_addressed_add_up(file: CIF) -> None:
    steps = file.tags.audience(PLAN, actor=MARKETER)
    assert [name for name, _ in steps] == ["segment:people", NOT_THERE, *PLAN.exclusions, CONTROL, ADDRESSED]
    assert sum(count for _, count in steps[:-1]) == steps[-1][1]
    told = dict(steps)
    # Of 24, the five with an e-mail are out, and of the six of another branch those who were not already.
    assert (told["segment:people"], told["tag:careful"], told["tag:mailed"], told["tag:far"]) == (24, 0, -5, -4)
    assert 0 < -told[CONTROL] < 15
    assert dict(file.tags.audience(attrs.evolve(PLAN, control_share=0.0), actor=MARKETER))[ADDRESSED] == 15


def test_who_is_addressed_leaves_as_an_export_by_two_persons(file: CIF) -> None:
    with pytest.raises(FourEyesError, match="take a second person"):
        file.exports.take(spec(), actor=MARKETER)
    made = taken(file, spec())
    assert made.waterfall == file.tags.audience(PLAN, actor=MARKETER)
    assert made.rows == dict(made.waterfall)[ADDRESSED]
    again = taken(file, spec())
    assert again.columns["key"] == made.columns["key"], "the control group is the same whenever it is drawn"
    other = taken(file, spec(audience=attrs.evolve(PLAN, campaign="summer")))
    assert set(other.columns["key"]) != set(made.columns["key"])
    everybody = taken(file, spec(audience=attrs.evolve(PLAN, control_share=0.0)))
    assert set(made.columns["key"]) < set(everybody.columns["key"])
    assert taken(file, spec(audience=None)).waterfall == ()


def test_an_audience_as_of_a_day_is_who_was_in_the_segment_and_may_be_addressed_today(
    file: CIF, clock: FixedClock
) -> None:
    then = clock.now().date()
    plan = attrs.evolve(PLAN, segment="segment:grown", control_share=0.0)
    keys = taken(file, spec(audience=plan)).columns["key"]
    later = timedelta(days=500)
    clock.advance(later)  # one comes of age, and somebody moves; nobody renewed anything
    moved = {"phone": "15400000021", "name": "刘芳艳", "home_branch": "c", "birth_date": "2006-01-01"}
    register(file, STEWARD, "21", identifiers=None, **moved)
    fixed = attrs.evolve(plan, as_of=then)
    assert dict(file.tags.audience(fixed, actor=MARKETER))["segment:grown"] == 22
    assert dict(file.tags.audience(plan, actor=MARKETER))["segment:grown"] == 23
    fresh = taken(file, spec(audience=plan), later).columns["key"]
    kept = taken(file, spec(audience=fixed), later).columns["key"]
    # Who moved is excluded today; who came of age was not in the segment then.
    assert (len(set(keys) - set(kept)), len(set(fresh) - set(kept)), set(kept) <= set(keys)) == (1, 1, True)
    nobody = attrs.evolve(fixed, as_of=then - timedelta(days=1))
    assert dict(file.tags.audience(nobody, actor=MARKETER))["segment:grown"] == 0, "there was no customer yet"
    ahead = attrs.evolve(plan, as_of=clock.now().date())
    for work in (
        lambda: file.tags.audience(ahead, actor=MARKETER),
        lambda: taken(file, spec(audience=ahead), later),
    ):
        with pytest.raises(InputError, match="day to come"):
            work()
    for never in (date.max, date(9999, 12, 30)):
        with pytest.raises(InputError, match="day to come"):
            file.tags.audience(attrs.evolve(plan, as_of=never), actor=MARKETER)
    assert dict(file.tags.audience(attrs.evolve(plan, as_of=date.min), actor=MARKETER))["segment:grown"] == 0
    with pytest.raises(ConfigurationError, match="as of a day"):
        attrs.evolve(plan, as_of=clock.now())


def test_what_forbids_within_a_segment_is_asked_of_today(cif: CIF, clock: FixedClock) -> None:
    """Whoever asks not to be contacted is in no audience, however the segment says so: through other definitions too."""
    publish(cif, Catalogue.of(
        "1", tag("quiet", "preferred_channel = 'none'"), tag("careful"), segment("reachable", "not (tag('quiet') or tag('careful'))"),
        segment("grown", "age >= 18 and segment('reachable')"),
    ))  # fmt: skip
    done = [
        register(cif, STEWARD, str(n), identifiers=None, phone=f"154000000{n:02}", name="王李张"[n] + "伟军", birth_date="1990-01-01", manager="m.li")
        for n in range(3)
    ]  # fmt: skip
    then = clock.now().date()
    clock.advance(timedelta(days=1))
    plan = AudiencePlan(campaign="spring", segment="segment:grown", as_of=then)
    assert dict(cif.tags.audience(plan, actor=MARKETER))[ADDRESSED] == 3
    cif.tags.say(
        done[0].cif_no, "careful", until=then + timedelta(30), reason="r", actor=MANAGER, purpose=Purpose.SERVICE
    )
    register(
        cif,
        STEWARD,
        "1",
        identifiers=None,
        phone="15400000001",
        name="李伟军",
        birth_date="1990-01-01",
        preferred_channel="none",
    )
    assert dict(cif.tags.audience(plan, actor=MARKETER))[ADDRESSED] == 1


def test_who_was_merged_was_in_a_segment_if_one_of_the_two_was(file: CIF, clock: FixedClock) -> None:
    one, two = (
        file.customers.find(phone=f"154000000{n:02}", actor=known(Actor(id="c", roles={"compliance"})), purpose=Purpose.COMPLIANCE)[0].cif_no
        for n in (1, 23)
    )  # fmt: skip
    then = clock.now().date()
    clock.advance(timedelta(days=1))
    plan = AudiencePlan(campaign="spring", segment="segment:grown", as_of=then)
    before = dict(file.tags.audience(plan, actor=MARKETER))
    steward, checker = (known(Actor(id=name, roles=ALL_ROLES, branch="b"), clock.now()) for name in ("s.wu", "s.two"))
    merge = file.matches.propose_merge(two, one, actor=steward, reason="same")
    file.approvals.approve(merge.id, actor=checker)
    assert dict(file.tags.audience(plan, actor=MARKETER)) == before, (
        "the child's number stands, and the grown-up was in it"
    )
    apart = file.matches.propose_unmerge(one, actor=steward, reason="two")
    file.approvals.approve(apart.id, actor=checker)
    assert dict(file.tags.audience(plan, actor=MARKETER)) == before


def test_what_was_approved_is_this_audience_and_no_other(file: CIF) -> None:
    proposal = file.exports.propose(spec(), reason="spring", actor=MARKETER)
    file.approvals.approve(proposal.id, actor=SECOND)
    for other in (
        None, attrs.evolve(PLAN, control_share=0.0), attrs.evolve(PLAN, exclusions=PLAN.exclusions[1:]),
        attrs.evolve(PLAN, exclusions=PLAN.exclusions[::-1]), attrs.evolve(PLAN, campaign="x"),
        attrs.evolve(PLAN, segment="segment:grown"), attrs.evolve(PLAN, as_of=date(2026, 11, 1)),
    ):  # fmt: skip
        with pytest.raises(FourEyesError, match="another export"):
            file.exports.take(spec(audience=other), actor=MARKETER, approval_id=proposal.id)


def test_tags_are_counted_and_laid_over_each_other(file: CIF) -> None:
    names = ["tag:adult", "tag:far", "segment:people"]
    found = file.tags.count(names, actor=MARKETER, purpose=MARKETING)
    assert found == {"": 24, "tag:adult": 22, "tag:far": 6, "segment:people": 24}
    laid = file.tags.overlap("tag:adult", "segment:grown", actor=MARKETER, purpose=MARKETING)
    assert (laid.base, laid.one, laid.other, laid.both) == (24, 22, 22, 22)
    assert laid.lift == pytest.approx(24 / 22)


def test_whoever_may_not_know_a_tag_does_not_count_or_choose_by_it(file: CIF) -> None:
    document = {**default_policy().document(), "basis": {}}
    see = {"roles": ["r"], "purposes": ["marketing"]}
    who = known(Actor(id="w", roles={"r"}))

    def under(report: list[str], export: list[str]) -> Policy:
        grants = [
            {"id": "count", **see, "actions": ["report"], "fields": report},
            {
                "id": "take",
                **see,
                "actions": ["export"],
                "sinks": ["export"],
                "fields": ["preferred_channel", *export],
                "alone": 50,
            },
        ]
        return Policy.from_document({**document, "grant": [*document["grant"], *grants]})

    outside = {"recipient": Recipient(name="x")}
    with Under(file, under(["segment:*"], ["segment:*"])):
        with pytest.raises(NotFoundOrNotAllowedError):
            file.tags.audience(PLAN, actor=who)
        with pytest.raises(NotFoundOrNotAllowedError):
            file.tags.count(["tag:adult"], actor=who, purpose=MARKETING)
        with pytest.raises(NotFoundOrNotAllowedError):
            file.tags.overlap("segment:grown", "tag:far", actor=who, purpose=MARKETING)
        with pytest.raises(NotFoundOrNotAllowedError):
            file.exports.take(attrs.evolve(spec(), **outside), actor=who)
        assert file.tags.count(["segment:grown"], actor=who, purpose=MARKETING)["segment:grown"] == 22
    with Under(file, under(["tag:*", "segment:*"], ["tag:*", "segment:*"])):
        made = file.exports.take(attrs.evolve(spec(), **outside), actor=who)
        assert made.rows == dict(made.waterfall)[ADDRESSED] > 0
    # A branch counts its own.
    mine = {"id": "branch", **see, "actions": ["report"], "relations": ["branch"], "fields": ["tag:*"]}
    with Under(file, Policy.from_document({**document, "grant": [*document["grant"], mine]})):
        ours = known(Actor(id="w", roles={"r"}, branch="c"))
        assert file.tags.count(["tag:far"], actor=ours, purpose=MARKETING) == {"": 6, "tag:far": 6}


def test_what_there_is_not_is_refused(file: CIF) -> None:
    for work in (
        lambda: file.tags.audience(attrs.evolve(PLAN, segment="segment:none"), actor=MARKETER),
        lambda: file.tags.count(["tag:none"], actor=MARKETER, purpose=MARKETING),
        lambda: file.tags.count([], actor=MARKETER, purpose=MARKETING),
        lambda: file.exports.take(spec(audience=attrs.evolve(PLAN, segment="tag:none")), actor=MARKETER),
    ):
        with pytest.raises(InputError, match=r"the catalogue in force has no|name a tag"):
            work()
    for wrong in (
        {"control_share": 1.1},
        {"campaign": ""},
        {"campaign": "a\n"},
        {"segment": "people"},
        {"exclusions": ("segment:people",)},
    ):
        with pytest.raises(ConfigurationError):
            attrs.evolve(PLAN, **wrong)


names = st.sampled_from(["tag:a", "tag:b", "tag:c", "segment:s"])


@given(
    st.dictionaries(st.text("0123456789", min_size=1, max_size=3), st.frozensets(names), max_size=30),
    st.lists(st.sampled_from(["tag:a", "tag:b", "tag:c"]), unique=True),
    st.floats(0, 1),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_customer_by_customer_is_what_sets_say(has: dict[str, frozenset[str]], out: list[str], share: float) -> None:
    plan = AudiencePlan(campaign="c", segment="segment:s", exclusions=tuple(out), control_share=share)
    ended = {cif_no: plan.step(held, cif_no) for cif_no, held in has.items()}
    whole = audience(
        [cif_no for cif_no, held in has.items() if "segment:s" in held],
        [(name, {cif_no for cif_no, held in has.items() if name in held}) for name in out],
        campaign="c", control_share=share,
    )  # fmt: skip
    assert {cif_no for cif_no, step in ended.items() if step == ADDRESSED} == whole.addressed
    assert {cif_no for cif_no, step in ended.items() if step == CONTROL} == whole.control
    told = plan.waterfall(Counter(ended.values()))
    assert [count for _, count in told] == [count for _, count in whole.waterfall]


def test_without_a_catalogue_there_is_no_audience(cif: CIF) -> None:
    with pytest.raises(InputError, match="the catalogue in force has no"):
        cif.tags.audience(PLAN, actor=MARKETER)


def test_who_came_and_who_left_between_two_instants(cif: CIF, clock: FixedClock) -> None:
    publish(cif, CATALOGUE)
    for n, branch in enumerate("bbcc"):
        register(
            cif,
            STEWARD,
            str(n),
            identifiers=None,
            phone=f"1540000000{n}",
            name="王李张刘"[n] + "伟军",
            home_branch=branch,
        )
    first = clock.now()
    clock.advance(timedelta(days=1))
    register(cif, STEWARD, "0", identifiers=None, phone="15400000000", name="王伟军", home_branch="c")
    register(cif, STEWARD, "2", identifiers=None, phone="15400000002", name="张伟军", home_branch="b")
    second = clock.now()
    ask: dict[str, Any] = {"actor": MARKETER, "purpose": MARKETING}
    assert cif.tags.movement("tag:far", first, second, **ask) == Movement(1, 1, 1)
    assert cif.tags.movement("tag:far", first, first, **ask) == Movement(0, 0, 2)
    assert cif.tags.movement("tag:far", first - timedelta(days=1), first, **ask) == Movement(2, 0, 0)
    # Who was merged has not left: 3 had it before, and is 0 now, who has it.
    clock.advance(timedelta(days=1))
    with cif._repository.unit_of_work() as unit:
        numbers = {link.source_key: link.cif_no for link in unit.crosswalk.all_current()}
    merge = cif.matches.propose_merge(numbers["0"], numbers["3"], actor=STEWARD, reason="r")
    cif.approvals.approve(merge.id, actor=SECOND)
    assert cif.tags.movement("tag:far", second, clock.now(), **ask) == Movement(0, 0, 1)
    with pytest.raises(InputError, match="time zone"):
        cif.tags.movement("tag:far", first.replace(tzinfo=None), second, **ask)
    with pytest.raises(InputError, match="has no tag:none"):
        cif.tags.movement("tag:none", first, second, **ask)


def test_consent_contact_cap_complaint_and_risk_are_counted_apart(cif: CIF) -> None:
    """By the starter catalogue's own rules; somebody of whom several hold is taken out by the first, and all steps add up."""
    starter = starter_catalogue()
    names = ("campaign_tired", "complained", "laundering_high")
    rules = {name: starter.tags[name].when for name in names}
    ruled = [attrs.evolve(tag(name, "kind = 'individual'"), when=rule) for name, rule in rules.items()]
    unasked = tag("unasked", "not exists(consents where purpose = 'marketing' and state = 'granted')")
    publish(cif, Catalogue.of("1", unasked, *ruled, segment("people", "kind = 'individual'")))
    often = [
        {"type": "campaign", "on": f"2026-11-{day:02}", "channel": "app", "outcome": "declined"} for day in (1, 8, 15)
    ]
    angry = [{"type": "complaint", "on": "2026-11-01", "channel": "counter"}]
    made: list[dict[str, Any]] = [
        {},
        {},
        {},
        {"interactions": often},
        {"interactions": often + angry},
        {"interactions": angry, "aml_class": "high"},
        {"aml_class": "high"},
    ]
    for n, more in enumerate(made):
        done = register(
            cif, STEWARD, str(n), identifiers=None, phone=f"1540000000{n}", name="王李张刘陈杨赵"[n] + "伟军", home_branch="b",
            birth_date="1990-01-01", **more,
        )  # fmt: skip
        if n:
            use = ConsentUse(purpose="marketing")
            cif.consents.grant(done.cif_no, use, text="1", reason="asked", actor=STEWARD, purpose=Purpose.SERVICE)
    plan = AudiencePlan(
        campaign="c", segment="segment:people", exclusions=("tag:unasked", *(f"tag:{name}" for name in names))
    )
    steps = dict(cif.tags.audience(plan, actor=MARKETER))
    assert [steps[name] for name in ("segment:people", *plan.exclusions, ADDRESSED)] == [7, -1, -2, -1, -1, 2]
    assert sum(count for name, count in steps.items() if name != ADDRESSED) == 2
