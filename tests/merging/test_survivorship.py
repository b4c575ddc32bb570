"""The golden record: a pure function of its records."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs
import pytest
from attrs import fields
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError, InputError
from bankcif.merging import (
    DECISIONS,
    FieldRule,
    Override,
    Release,
    Statement,
    Strategy,
    SurvivorshipRules,
    Terms,
    check_merge,
    relocate,
    root_of,
    survive,
)
from bankcif.party import CifNo, PartyKind, SourceKey

PERSON = PartyKind.INDIVIDUAL
ANCHOR = ("counter", "1", 0)
ALL = frozenset({"phone", "name", "address", "identifiers"})


def said(source: str, key: str = "1", no: int = 0, *, at: int | None = None, trust: int = 50, may: frozenset[str] = frozenset(),
         received: int = 1, restricted: bool = False, **values: Any) -> Statement:  # fmt: skip
    return Statement(
        origin=SourceKey(source, key), record_no=no, channel=source, received_at=received, business_time=at,
        values=values, terms=Terms(trust=trust, may_change=may), restricted=restricted,
    )  # fmt: skip


def golden(*records: Statement, as_of: int | None = None) -> dict[str, Any]:
    return dict(survive(PERSON, records, anchor=ANCHOR, as_of=as_of).values)


def test_trust_goes_before_time_and_time_before_completeness() -> None:
    assert golden(said("a", trust=60, at=1, sex="1"), said("b", trust=50, at=9, sex="2"))["sex"] == "1"
    assert golden(said("a", at=1, sex="1"), said("b", at=9, sex="2"))["sex"] == "2"
    assert golden(said("a", employer="某厂"), said("b", employer="某某工厂"))["employer"] == "某某工厂"


def test_the_time_of_loading_never_decides() -> None:
    early, late = said("a", received=1, sex="1"), said("b", received=9, sex="2")
    assert golden(early, late) == golden(said("a", received=9, sex="1"), said("b", received=1, sex="2"))


def test_a_newer_record_of_a_key_stands_for_the_older() -> None:
    assert golden(said("a", no=0, sex="1"), said("a", no=1, sex="2"))["sex"] == "2"
    # but a field it does not mention stays
    assert golden(said("a", no=0, sex="1"), said("a", no=1, occupation="8")) == {"sex": "1", "occupation": "8"}


def test_a_protected_field_keeps_the_anchor_s_value_and_proposes_the_other() -> None:
    result = survive(
        PERSON, [said("counter", phone="+861"), said("partner", trust=99, at=9, phone="+862")], anchor=ANCHOR
    )
    assert result.values["phone"] == "+861"
    assert [(p.field, p.place) for p in result.proposals] == [("phone", ("partner", "1", 0))]


def test_a_trusted_source_changes_it() -> None:
    result = survive(
        PERSON, [said("counter", phone="+861"), said("app", trust=80, may=ALL, phone="+862")], anchor=ANCHOR
    )
    assert result.values["phone"] == "+862"
    assert result.proposals == ()


@pytest.mark.parametrize(
    ("name", "golden_value", "other"),
    [
        ("name", "张伟", "張偉"),
        ("address", {"code": "1", "key": "k", "text": "x"}, {"code": "1", "key": "k", "text": "y"}),
        (
            "identifiers",
            [{"scheme": "s", "number": "1"}, {"scheme": "s", "number": "2"}],
            [{"scheme": "s", "number": "2"}],
        ),
    ],
)
def test_another_spelling_of_the_same_value_is_no_proposal(name: str, golden_value: Any, other: Any) -> None:
    records = [said("counter", **{name: golden_value}), said("partner", **{name: other})]
    assert survive(PERSON, records, anchor=ANCHOR).proposals == ()


def test_documents_and_holdings_are_joined_each_once() -> None:
    one, two = {"scheme": "card", "token": "t1"}, {"scheme": "card", "token": "t2"}
    assert golden(said("a", holdings=[one]), said("b", holdings=[one, two]))["holdings"] in ([one, two], [two, one])


def test_of_a_books_month_there_is_one_balance() -> None:
    one, other = ({"month": "2026-10", "book": book, "average": {"minor": 5, "currency": "CNY"}} for book in "ab")
    again = {**one, "average": {"minor": 6, "currency": "CNY"}}
    found = golden(said("a", balances=[one]), said("b", balances=[again, other]))["balances"]
    assert sorted(each["book"] for each in found) == ["a", "b"], "equal amounts of two books add up"
    assert [each for each in found if each["book"] == "a"] in ([one], [again])


def month(name: str, amount: int, book: str = "a") -> dict[str, Any]:
    return {"month": name, "book": book, "average": {"minor": amount, "currency": "CNY"}}


def test_what_a_source_delivers_of_a_time_series_adds_to_what_it_delivered_before() -> None:
    """Month by month, with a correction; of another field the last delivery stands alone."""
    told = [
        said("a", at=1, no=0, balances=[month("2026-09", 5)], interactions=[{"on": "2026-09-01"}]),
        said("a", at=2, no=1, balances=[month("2026-10", 6)], interactions=[{"on": "2026-10-01"}]),
        said("a", at=3, no=2, balances=[month("2026-09", 7), month("2026-11", 8)]),
        said("b", at=1, balances=[month("2026-09", 1, "b")]),
    ]
    found = golden(*told)
    assert sorted((one["book"], one["month"], one["average"]["minor"]) for one in found["balances"]) == [
        ("a", "2026-09", 7), ("a", "2026-10", 6), ("a", "2026-11", 8), ("b", "2026-09", 1),
    ]  # fmt: skip
    assert found["interactions"] == [{"on": "2026-10-01"}]
    assert golden(*told, as_of=None) == golden(*reversed(told), as_of=None)


@given(st.permutations(range(6)), st.integers(1, 6))
def test_months_delivered_one_by_one_are_those_delivered_at_once(order: list[int], at_once: int) -> None:
    months = [month(f"2026-{n + 1:02}", n) for n in range(6)]
    single = [said("a", at=n + 1, no=n, balances=[months[place]]) for n, place in enumerate(order)]
    parts = [months[at : at + at_once] for at in range(0, 6, at_once)]
    together = [said("a", at=n + 1, no=n, balances=part) for n, part in enumerate(parts)]

    def by_month(records: list[Any]) -> list[Any]:
        return sorted(golden(*records)["balances"], key=lambda one: str(one["month"]))

    assert by_month(single) == by_month(together) == months


def test_what_is_delivered_later_corrects_whatever_its_own_time_says() -> None:
    told = [said("a", at=9, no=0, balances=[month("2026-09", 5)]), said("a", no=1, balances=[month("2026-09", 7)])]
    assert golden(*told)["balances"] == [month("2026-09", 7)]


def test_a_time_series_keeps_what_was_delivered_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bankcif.merging.survivorship._MOST_ROWS", 2)
    told = [said("a", no=n, balances=[month(f"2026-{n + 1:02}", n)]) for n in range(4)]
    assert [one["month"] for one in golden(*told)["balances"]] == ["2026-04", "2026-03"]


def test_a_decided_document_takes_the_place_of_its_scheme_alone() -> None:
    def rows(*papers: str) -> list[dict[str, str]]:
        return [{"scheme": paper[0], "number": paper} for paper in papers]

    def delivered(no: int, *papers: str) -> Statement:
        return said("core", no=no, received=10 * no + 1, may=ALL, identifiers=rows(*papers))

    def decided(key: str, received: int, *papers: str) -> Statement:
        word = said(DECISIONS, key, at=received, received=received, may=ALL, identifiers=rows(*papers))
        return attrs.evolve(word, override=Override(release=Release.SOURCES_CHANGE))

    def numbers(*records: Statement) -> set[str]:
        return {one["number"] for one in golden(*records)["identifiers"]}

    first, change = delivered(0, "P1", "C1"), decided("a", 5, "P2")
    assert numbers(first, change) == {"P2", "C1"}
    assert numbers(first, change, delivered(1, "P1", "C1", "L1")) == {"P2", "C1", "L1"}, (
        "what is added beside it is there"
    )
    assert numbers(first, change, delivered(1, "P1", "L2")) == {"P2", "L2"}, "news of another scheme releases nothing"
    assert numbers(first, change, delivered(1, "P3", "C1")) == {"P3", "C1"}, "news of the same does"
    assert numbers(first, change, decided("b", 6, "L9")) == {"P2", "C1", "L9"}, (
        "two decisions on two schemes both stand"
    )
    assert numbers(first, change, decided("b", 6, "P4")) == {"P4", "C1"}


def test_a_decision_that_was_taken_back_before_it_began_ends_none() -> None:
    def decided(key: str, at: int, no: int = 0, until: int | None = None, **values: Any) -> Statement:
        word = said(DECISIONS, key, no, at=at, received=at if no == 0 else 7, may=ALL, **values)
        over = Override(release=Release.EXPIRY if until else Release.SOURCES_CHANGE, effective=at, until=until)
        return attrs.evolve(word, override=over)

    source, stands = said("core", at=1, received=1, occupation="1"), decided("a", 5, occupation="3")
    ahead, cancelled = decided("b", 90, occupation="4"), decided("b", 90, no=1, until=7, occupation="4")
    for moment, wanted in ((6, "3"), (91, "4")):
        assert survive(PERSON, [source, stands, ahead], anchor=ANCHOR, now=moment).values["occupation"] == wanted
    for moment in (6, 8, 91):
        found = survive(PERSON, [source, stands, ahead, cancelled], anchor=ANCHOR, now=moment)
        assert found.values["occupation"] == "3"


def test_of_what_somebody_certifies_the_last_certification_stands_whole() -> None:
    old = [
        {"country": "US", "tin": "1", "certified_on": "2024-01-01"},
        {"country": "SG", "tin": "2", "certified_on": "2024-01-01"},
    ]
    new = [{"country": "CN", "tin": "3", "certified_on": "2026-01-01"}]
    core, counter = said("core", trust=90, at=9, tax_residences=old), said("counter", at=5, tax_residences=new)
    assert golden(core, counter)["tax_residences"] == golden(counter, core)["tax_residences"] == new, (
        "the core system tells an old certification again every night"
    )
    undated = [{"country": "US", "tin": "1"}]
    assert golden(said("a", at=9, tax_residences=undated), counter)["tax_residences"] == new
    assert (
        golden(
            said("a", at=9, tax_residences=undated), said("b", at=5, tax_residences=[{"country": "SG", "tin": "1"}])
        )["tax_residences"]
        == undated
    )


def test_a_row_that_another_stands_above_is_left_out() -> None:
    one = said("a", consents=[{"id": "a:0", "state": "denied"}])
    other = said("b", consents=[{"id": "b:0", "state": "granted", "over": ["a:0"]}])
    assert golden(one, other)["consents"] == [{"id": "b:0", "state": "granted", "over": ["a:0"]}]
    again = said("a", no=1, consents=[{"id": "a:1", "state": "denied"}])
    assert len(golden(one, other, again)["consents"]) == 2, "not above what was said since"


def test_how_consents_survive_is_not_to_be_set() -> None:
    with pytest.raises(ConfigurationError, match="stands by a rule of its own"):
        SurvivorshipRules(fields={"consents": FieldRule(strategy=Strategy.RECENCY)})


def test_a_restricted_record_is_not_heard() -> None:
    assert golden(said("counter", phone="+861", restricted=True), said("a", sex="1")) == {"sex": "1"}


def test_as_of_hears_only_what_was_known() -> None:
    records = (said("a", at=1, received=1, sex="1"), said("b", at=2, received=5, sex="2"))
    assert golden(*records, as_of=4)["sex"] == "1"
    assert golden(*records, as_of=5)["sex"] == "2"


def test_every_value_says_where_it_came_from_and_why() -> None:
    result = survive(PERSON, [said("a", trust=60, sex="1"), said("b", sex="2", occupation="8")], anchor=ANCHOR)
    assert (result.provenance["sex"].source, result.provenance["sex"].rule) == ("a", "trust")
    assert (result.provenance["occupation"].source, result.provenance["occupation"].rule) == ("b", "only")


statements = st.lists(
    st.builds(
        said,
        st.sampled_from(["counter", "card", "app"]),
        st.sampled_from(["1", "2"]),
        st.integers(0, 3),
        at=st.none() | st.integers(0, 3),
        trust=st.sampled_from([30, 50, 90]),
        may=st.sampled_from([frozenset(), ALL]),
        restricted=st.booleans(),
        phone=st.sampled_from(["+861", "+862", "+863"]),
        sex=st.sampled_from(["1", "2"]),
        holdings=st.lists(st.sampled_from([{"token": "a"}, {"token": "b"}]), max_size=2, unique_by=str),
    ),
    max_size=7,
    unique_by=lambda record: record.place,
)


@given(statements, st.integers())
def test_the_order_of_records_does_not_matter(records: list[Statement], seed: int) -> None:
    shuffled = list(records)
    Random(seed).shuffle(shuffled)
    assert survive(PERSON, records, anchor=ANCHOR) == survive(PERSON, shuffled, anchor=ANCHOR)


@given(statements)
def test_a_protected_value_always_comes_from_somebody_entitled(records: list[Statement]) -> None:
    result = survive(PERSON, records, anchor=ANCHOR)
    if "phone" in result.values:
        origin = result.provenance["phone"]
        place = (origin.source, origin.source_key, origin.record_no)
        record = next(r for r in records if r.place == place)
        assert place == ANCHOR or "phone" in record.terms.may_change


@given(statements.filter(lambda records: len(records) == 1))
def test_one_record_alone_comes_to_what_it_comes_to_beside_a_silent_one(records: list[Statement]) -> None:
    silent = said("silent", sex="1", restricted=False)
    alone = survive(PERSON, records, anchor=ANCHOR)
    beside = survive(
        PERSON,
        [*records, Statement(**{**{f.name: getattr(silent, f.name) for f in fields(Statement)}, "values": {}})],
        anchor=ANCHOR,
    )
    assert alone.values == beside.values
    assert alone.provenance == beside.provenance
    assert alone.proposals == beside.proposals


def test_terms_survive_storing() -> None:
    terms = Terms(trust=70, trust_by_field={"email": 80}, may_change=ALL)
    assert Terms.of_stored(terms.stored()) == terms


A, B, C = (CifNo(x) for x in "ABC")


def test_roots_by_hand() -> None:
    assert root_of(A, {}) == A
    assert root_of(A, {A: B, B: C}) == C
    assert relocate({SourceKey("s", "1"): A, SourceKey("s", "2"): C}, {A: B}) == {
        SourceKey("s", "1"): B,
        SourceKey("s", "2"): C,
    }


def test_a_circle_and_a_second_merge_are_refused() -> None:
    with pytest.raises(InputError):
        root_of(A, {A: B, B: A})
    for survivor, retired, edges in ((A, A, {}), (A, B, {B: C}), (A, B, {A: C})):
        with pytest.raises(InputError):
            check_merge(survivor, retired, edges)
