"""Survivorship by rules: each strategy, decay, checks, overrides, and what is no rule."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from tests.merging.test_survivorship import ALL, ANCHOR, PERSON, said, statements

from bankcif.errors import ConfigurationError
from bankcif.merging import (
    Assurance,
    Decay,
    FieldRule,
    Override,
    Release,
    Statement,
    Strategy,
    SurvivorshipRules,
    Terms,
    Verification,
    survive,
)
from bankcif.party import SourceKey

DAY = 86_400 * 1_000_000


def digest(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def rules(**fields: FieldRule | Strategy) -> SurvivorshipRules:
    return SurvivorshipRules(
        fields={name: FieldRule(strategy=one) if isinstance(one, Strategy) else one for name, one in fields.items()}
    )


def employer(records: Sequence[Statement], rule: FieldRule | Strategy, **more: Any) -> tuple[Any, str]:
    found = survive(PERSON, records, anchor=ANCHOR, rules=rules(employer=rule), **more)
    return found.values.get("employer"), found.provenance["employer"].rule


A = said("a", at=1 * DAY, trust=90, employer="甲")
B = said("b", at=2 * DAY, trust=80, employer="乙乙")
C = said("c", at=3 * DAY, trust=70, employer="丙丙丙")
B2 = said("b", "2", at=0, trust=10, employer="丙丙丙")


@pytest.mark.parametrize(
    ("rule", "expected", "reason"),
    [
        (Strategy.TRUST, "甲", "trust"),
        (Strategy.RECENCY, "丙丙丙", "business_time"),
        (Strategy.OLDEST, "丙丙丙", "oldest"),
        (Strategy.LONGEST, "丙丙丙", "trust"),
        (Strategy.MOST_FREQUENT, "丙丙丙", "trust"),
        (FieldRule(strategy=Strategy.SOURCE_ORDER, sources=("b", "a")), "乙乙", "trust"),
        (FieldRule(strategy=Strategy.SOURCE_ORDER, sources=("x", "c")), "丙丙丙", "source_order"),
    ],
)
def test_strategies(rule: FieldRule | Strategy, expected: str, reason: str) -> None:
    assert employer([A, B, C, B2], rule) == (expected, reason)


def test_a_word_without_time_is_neither_the_newest_nor_the_oldest() -> None:
    timeless = said("t", trust=99, employer="丁")
    assert employer([A, timeless], Strategy.RECENCY)[0] == "甲"
    assert employer([A, timeless], Strategy.OLDEST)[0] == "甲"


def test_what_belongs_together_comes_from_one_record() -> None:
    follow = rules(occupation=FieldRule(strategy=Strategy.SAME_WINNER_AS, follows="employer"))
    one = said("a", trust=90, employer="甲")
    other = said("b", trust=10, employer="乙", occupation="8")
    assert "occupation" not in survive(PERSON, [one, other], anchor=ANCHOR, rules=follow).values
    found = survive(PERSON, [said("a", no=1, trust=90, occupation="7"), one, other], anchor=ANCHOR, rules=follow)
    assert (found.values["occupation"], found.provenance["occupation"].rule) == ("7", "same_winner")
    silent = survive(
        PERSON, [said("b", trust=10, occupation="8"), said("c", occupation="9")], anchor=ANCHOR, rules=follow
    )
    assert silent.values["occupation"] == "9"


def test_a_bank_s_own_rule_chooses_among_the_last_words() -> None:
    class Shortest:
        def choose(self, field: str, words: Sequence[Statement]) -> Statement:
            assert field == "employer"
            return min(words, key=lambda word: (len(word.values[field]), word.place))

    class Stranger:
        def choose(self, field: str, words: Sequence[Statement]) -> Statement:
            return attrs.evolve(words[0])

    own = {"shortest": Shortest(), "stranger": Stranger()}
    chosen = [
        SurvivorshipRules(fields={"employer": FieldRule(strategy=Strategy.CUSTOM, custom=name)}, custom=own)
        for name in own
    ]
    found = survive(PERSON, [A, B, C], anchor=ANCHOR, rules=chosen[0])
    assert (found.values["employer"], found.provenance["employer"].rule) == ("甲", "shortest")
    with pytest.raises(ConfigurationError, match="one of the words"):
        survive(PERSON, [A, B], anchor=ANCHOR, rules=chosen[1])


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, 90_000), (DAY, 89_000), (45 * DAY, 45_000), (89 * DAY, 1_000), (90 * DAY, 0), (900 * DAY, 0), (None, 0)],
)
def test_trust_decays_evenly(age: int | None, expected: int) -> None:
    assert Terms(trust=90, decay={"*": Decay(days=90)}).trust_in("phone", age) == expected


def test_decay_stops_at_its_least_and_lifts_nobody() -> None:
    decay = Decay(days=10, least=40)
    assert (decay.left(90, 10 * DAY), decay.left(90, 5 * DAY), decay.left(30, 5 * DAY)) == (40_000, 65_000, 30_000)
    assert Terms(trust=90, decay={"email": decay}).trust_in("phone", 99 * DAY) == 90_000


def test_an_old_word_of_a_trusted_source_yields_to_a_new_one_of_another() -> None:
    fading = attrs.evolve(A, terms=Terms(trust=90, decay={"employer": Decay(days=1000)}))
    assert employer([fading, B], Strategy.TRUST)[0] == "甲"
    late = said("c", at=900 * DAY, trust=70, sex="1")  # says nothing of it, but that time has passed
    assert employer([fading, B, late], Strategy.TRUST) == ("乙乙", "trust")


def test_terms_rest_with_the_record_and_come_back() -> None:
    terms = Terms(
        trust=7, trust_by_field={"phone": 9}, may_change=frozenset({"name"}), decay={"*": Decay(days=3, least=1)}
    )
    assert Terms.of_stored(json.loads(json.dumps(terms.stored()))) == terms
    assert "decay" not in Terms().stored()


def checked(value: str, *, confirmed: bool = True, level: Assurance = Assurance.HIGH, at: int = 1) -> Statement:
    check = Verification(
        fields=("employer",), value_tag=digest({"employer": value}), confirmed=confirmed, method="m", level=level,
        evidence="e", actor="x", at=at,
    )  # fmt: skip
    return attrs.evolve(said("bankcif.verification", f"{value}{at}"), values={}, verification=check)


def test_a_verified_value_goes_before_a_trusted_one_and_a_denied_one_behind_all() -> None:
    assert employer([A, B, checked("乙乙")], Strategy.TRUST, digest=digest) == ("乙乙", "verified")
    assert employer([A, B, checked("甲", confirmed=False)], Strategy.TRUST, digest=digest) == ("乙乙", "verified")
    low, high = checked("甲", level=Assurance.LOW), checked("乙乙", level=Assurance.SUBSTANTIAL)
    assert employer([A, B, low, high], Strategy.TRUST, digest=digest)[0] == "乙乙"
    later = checked("乙乙", confirmed=False, at=2)
    assert employer([A, B, low, high, later], Strategy.TRUST, digest=digest)[0] == "甲"


def override(value: str, release: Release, *, no: int = 0, until: int | None = None, received: int = 10, field: str = "employer",
             may: frozenset[str] = frozenset()) -> Statement:  # fmt: skip
    record = said("bankcif.override", "k", no, at=received, received=received, may=may, **{field: value})
    return attrs.evolve(record, override=Override(release=release, until=until))


def test_an_override_stands_above_every_strategy_until_it_expires() -> None:
    records = [A, B, override("定", Release.EXPIRY, until=50)]
    for rule in (Strategy.TRUST, Strategy.OLDEST, FieldRule(strategy=Strategy.SOURCE_ORDER, sources=("a",))):
        assert employer(records, rule, now=49) == ("定", "override")
        assert employer(records, rule, now=50) == employer([A, B], rule)
    assert employer(records, Strategy.TRUST)[0] == "定", "nobody said what time it is"


def test_a_new_word_of_a_source_ends_an_override_that_stands_until_sources_change() -> None:
    kept = override("定", Release.SOURCES_CHANGE)
    same = said("a", no=1, received=20, at=1 * DAY, trust=90, employer="甲")
    news = said("a", no=1, received=20, at=4 * DAY, trust=90, employer="戊")
    agrees = said("z", received=20, employer="定")
    stranger = said("z", received=20, employer="己")
    assert employer([A, B, kept], Strategy.TRUST)[0] == "定"
    assert employer([A, B, kept, same, agrees], Strategy.TRUST)[0] == "定"
    assert employer([A, B, kept, news], Strategy.TRUST) == ("戊", "trust")
    assert employer([A, B, kept, stranger], Strategy.TRUST) == ("甲", "trust")
    assert employer([A, B, override("定", Release.EXPIRY, until=99), news], Strategy.TRUST, now=30)[0] == "定"


def test_a_newer_override_replaces_the_older_and_one_that_ended_does_not_bring_it_back() -> None:
    older, newer = override("定", Release.EXPIRY, until=99), override("新", Release.EXPIRY, no=1, until=20, received=11)
    assert employer([A, older, newer], Strategy.TRUST, now=15)[0] == "新"
    assert employer([A, older, newer], Strategy.TRUST, now=25)[0] == "甲"


def test_an_override_of_a_protected_field_is_only_proposed_until_somebody_approves_it() -> None:
    plain = override("+869", Release.EXPIRY, until=99, field="phone")
    found = survive(PERSON, [said("counter", phone="+861"), plain], anchor=ANCHOR, now=20)
    assert found.values["phone"] == "+861"
    assert [one.source for one in found.proposals] == ["bankcif.override"]
    approved = override("+869", Release.EXPIRY, until=99, field="phone", may=ALL)
    assert survive(PERSON, [said("counter", phone="+861"), approved], anchor=ANCHOR, now=20).values["phone"] == "+869"


def test_a_later_decision_ends_an_override() -> None:
    decided = attrs.evolve(said("bankcif.approval", "p", at=30, received=30, trust=100, employer="决"))
    assert employer([A, override("定", Release.EXPIRY, until=99), decided], Strategy.TRUST, now=40) == ("决", "trust")


any_rules = st.fixed_dictionaries(
    {},
    optional={
        "phone": st.sampled_from([Strategy.RECENCY, Strategy.OLDEST, Strategy.MOST_FREQUENT]),
        "sex": st.one_of(
            st.sampled_from([Strategy.LONGEST, Strategy.MOST_FREQUENT]),
            st.just(FieldRule(strategy=Strategy.SAME_WINNER_AS, follows="phone")),
            st.just(FieldRule(strategy=Strategy.SOURCE_ORDER, sources=("app", "card"))),
        ),
        "holdings": st.sampled_from([Strategy.RECENCY, Strategy.AGGREGATE]),
    },
)


@given(statements, any_rules, st.sets(st.integers(0, 6)), st.integers())
def test_by_any_rules_the_order_of_records_does_not_matter(
    records: list[Statement], fields: dict[str, Any], overriding: set[int], seed: int
) -> None:
    records = [
        attrs.evolve(record, override=Override(release=Release.SOURCES_CHANGE)) if at in overriding else record
        for at, record in enumerate(records)
    ]
    shuffled = list(records)
    Random(seed).shuffle(shuffled)
    one, other = (survive(PERSON, some, anchor=ANCHOR, rules=rules(**fields)) for some in (records, shuffled))
    assert one == other
    heard = {record.place: record for record in records if not record.restricted}
    for name, origin in one.provenance.items():
        if origin.rule != "aggregate" and name != "holdings":  # of rows an override adds to what sources say
            assert heard[origin.place].values[name] == one.values[name], "a value is always somebody's"


@given(statements.filter(lambda found: len(found) == 1), any_rules)
def test_by_any_rules_one_record_alone_is_what_it_is_beside_a_silent_one(
    records: list[Statement], fields: dict[str, Any]
) -> None:
    silent = attrs.evolve(said("silent"), origin=SourceKey("silent", "1"))
    alone, beside = (
        survive(PERSON, some, anchor=ANCHOR, rules=rules(**fields)) for some in (records, [*records, silent])
    )
    assert alone.values == beside.values


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('version = "1"\n[fields.telefon]\nstrategy = "recency"', "no field"),
        ('version = "1"\n[fields.sex]\nstrategy = "newest"', "has a strategy"),
        ('version = "1"\n[fields.sex]\nstrategy = "aggregate"', "has one value"),
        ('version = "1"\n[fields.sex]\nstrategy = "source_order"', "needs sources"),
        ('version = "1"\n[fields.sex]\nsources = ["a"]', "needs sources"),
        ('version = "1"\n[fields.sex]\nstrategy = "same_winner_as"\nfollows = "sex"', "in a circle"),
        (
            'version = "1"\n[fields.sex]\nstrategy = "same_winner_as"\nfollows = "employer"\n'
            '[fields.employer]\nstrategy = "same_winner_as"\nfollows = "sex"',
            "in a circle",
        ),
        ('version = "1"\n[fields.sex]\nstrategy = "same_winner_as"\nfollows = "nobody"', "no customer"),
        ('version = "1"\n[fields.sex]\nstrategy = "custom"\ncustom = "mine"', "was not given"),
        ('[fields.sex]\nstrategy = "recency"', "a version"),
        ('version = "1"\nfield = 1', "a version"),
        ("version = ", "not TOML"),
    ],
)
def test_what_is_no_rule_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=problem) as caught:
        SurvivorshipRules.read(file)
    assert caught.value.rule == "survivorship"


def test_rules_are_read(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        'version = "2026-11"\n[fields.phone]\nstrategy = "recency"\n[fields.employer]\nstrategy = "source_order"\n'
        'sources = ["counter", "app"]\n[fields.occupation]\nstrategy = "same_winner_as"\nfollows = "employer"\n',
        encoding="utf-8",
    )
    found = SurvivorshipRules.read(file)
    assert found.version == "2026-11"
    assert found.fields["employer"] == FieldRule(strategy=Strategy.SOURCE_ORDER, sources=("counter", "app"))


@pytest.mark.parametrize(("days", "least"), [(0, 0), (-1, 0), (40_000, 0), (10, 101), (10, -1)])
def test_what_is_no_decay_is_refused(days: int, least: int) -> None:
    with pytest.raises(ConfigurationError, match="decays"):
        Decay(days=days, least=least)


def test_a_check_by_one_person_does_not_undo_what_two_decided() -> None:
    stood = said("counter", phone="+861")
    decided = said("bankcif.approval", "p", at=5, trust=100, may=ALL, phone="+862")

    def phone(*checks: Statement) -> Any:
        return survive(PERSON, [stood, decided, *checks], anchor=ANCHOR, digest=digest).values["phone"]

    def check(value: str, *, confirmed: bool) -> Statement:
        made = Verification(
            fields=("phone",), value_tag=digest({"phone": value}), confirmed=confirmed, method="m", level=Assurance.HIGH,
            evidence="e", actor="x", at=9,
        )  # fmt: skip
        return attrs.evolve(said("bankcif.verification", value), values={}, verification=made)

    assert phone() == phone(check("+861", confirmed=True)) == phone(check("+862", confirmed=False)) == "+862"


def test_a_source_that_may_not_change_a_field_ends_no_override_of_it() -> None:
    records = [
        said("counter", phone="+861"),
        override("+869", Release.SOURCES_CHANGE, field="phone", may=ALL),
        said("partner", received=20, phone="+863"),
    ]
    assert survive(PERSON, records, anchor=ANCHOR).values["phone"] == "+869"
    entitled = said("counter", no=1, received=20, may=ALL, phone="+864")
    assert survive(PERSON, [*records, entitled], anchor=ANCHOR).values["phone"] == "+864"


def test_an_override_that_has_ended_brings_no_older_one_back() -> None:
    endless = override("旧", Release.SOURCES_CHANGE)
    later = attrs.evolve(
        override("新", Release.EXPIRY, until=20, received=12), origin=SourceKey("bankcif.override", "other")
    )
    assert employer([A, B, endless, later], Strategy.TRUST, now=15)[0] == "新"
    assert employer([A, B, endless, later], Strategy.TRUST, now=25) == ("甲", "trust")


def test_a_decision_takes_nothing_along_and_ages_nobody() -> None:
    follow = rules(occupation=FieldRule(strategy=Strategy.SAME_WINNER_AS, follows="employer"))
    records = [said("a", trust=90, employer="甲", occupation="7"), override("定", Release.EXPIRY, until=99)]
    found = survive(PERSON, records, anchor=ANCHOR, rules=follow, now=20)
    assert (found.values["employer"], found.values["occupation"]) == ("定", "7")
    fading = attrs.evolve(A, terms=Terms(trust=90, decay={"employer": Decay(days=10)}))
    late = attrs.evolve(
        said("bankcif.override", "s", at=900 * DAY, received=10, sex="1"),
        override=Override(release=Release.SOURCES_CHANGE),
    )
    assert employer([fading, B], Strategy.TRUST) == employer([fading, B, late], Strategy.TRUST)


def test_an_override_that_nobody_approved_proposes_its_value_once() -> None:
    plain = override("+869", Release.SOURCES_CHANGE, field="phone")
    records = [said("counter", phone="+861"), plain]
    assert len(survive(PERSON, records, anchor=ANCHOR).proposals) == 1
    later = said("counter", no=1, received=20, may=ALL, phone="+864")
    assert survive(PERSON, [*records, later], anchor=ANCHOR).proposals == ()
