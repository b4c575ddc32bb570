"""Relations in the store: both sides written or neither, followed through merges, shown as far as the policy goes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.conftest import ALL_ROLES, NOW, known
from tests.flows.test_browse import Under
from tests.flows.test_erase import EVERY_CONCERN, erase
from tests.flows.test_register import register
from tests.flows.test_tags import LOOSE, MANAGER, publish, tag

from bankcif import CIF, Actor, LocalKeyProvider, MemoryKeyStore, MemoryRepository, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import AccessError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.relate import RELATED, Said
from bankcif.party import Organization, ReferenceTables, RelationKind
from bankcif.tagging import Catalogue

SERVICE, COMPLIANCE = Purpose.SERVICE, Purpose.COMPLIANCE
STEWARD = Actor(id="s.wu", roles=ALL_ROLES, branch="b")
CHECKER = known(Actor(id="s.two", roles=ALL_ROLES, branch="b"))
OFFICER = Actor(id="c.he", roles={"compliance"})
TELLER = Actor(id="t.1", roles={"teller"}, branch="b")
ASK: dict[str, Any] = {"actor": OFFICER, "purpose": COMPLIANCE}
SAY: dict[str, Any] = {**ASK, "reason": "seen in the register"}
K = RelationKind


@pytest.fixture
def founding_policy() -> Policy:
    return LOOSE


def person(cif: CIF, key: str, **more: Any) -> str:
    """A person who is like nobody else."""
    number = 10_000_000 + int(key)
    names = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
    born = more.pop("birth_date", f"19{50 + int(key) % 40}-02-03")
    given = {
        "identifiers": None,
        "phone": f"154{number}",
        "name": names[int(key) % 20] + f"{chr(0x4E00 + 37 * int(key))}",
        **more,
    }
    return str(register(cif, STEWARD, key, birth_date=born, **given).cif_no)


def company(cif: CIF, key: str, **more: Any) -> str:
    name = f"{chr(0x5000 + 41 * int(key))}{chr(0x6000 + 53 * int(key))}贸易有限公司"
    made = Organization(name=name, home_branch="b", phone=f"155{20_000_000 + int(key)}", **more)
    done = cif.customers.register(made, channel="counter", source_key=f"o{key}", actor=STEWARD, occasion="lead")
    return str(done.cif_no)


def seen(cif: CIF, cif_no: str, **more: Any) -> set[tuple[str, str | None]]:
    return {(one.role, one.other.cif_no) for one in cif.relations.of(cif_no, **ASK, **more)}


def merged(cif: CIF, one: str, two: str) -> None:
    cif.approvals.approve(
        cif.matches.propose_merge(one, two, actor=STEWARD, reason="same", accept=EVERY_CONCERN).id, actor=CHECKER
    )


def unmerged(cif: CIF, two: str) -> None:
    cif.approvals.approve(cif.matches.propose_unmerge(two, actor=STEWARD, reason="two").id, actor=CHECKER)


def test_both_sides_hold_what_was_said(cif: CIF) -> None:
    mother, child = person(cif, "1", birth_date="1960-01-01"), person(cif, "2", birth_date="1990-01-01")
    known_by = cif.relations.add(mother, K.PARENT, child, since=date(1990, 1, 1), evidence="register 7", **SAY)
    (of_child,), (of_mother,) = cif.relations.of(child, **ASK), cif.relations.of(mother, **ASK)
    assert (of_child.role, of_child.other.cif_no, of_child.id) == ("parent", mother, known_by)
    assert (of_mother.role, of_mother.other.cif_no, of_mother.id) == ("child", child, known_by)
    assert (of_child.kind, of_child.since, of_child.until) == (K.PARENT, date(1990, 1, 1), None)
    assert of_child.other.name == cif.customers.get(mother, **ASK).name


def test_saying_it_again_says_nothing_new(cif: CIF) -> None:
    one, two = person(cif, "1"), person(cif, "2")
    first = cif.relations.add(one, K.SPOUSE, two, since=date(2020, 5, 1), **SAY)
    before = cif.customers.get(two, **ASK).version
    assert cif.relations.add(one, K.SPOUSE, two, since=date(2020, 5, 1), **SAY) == first
    assert cif.relations.add(two, K.SPOUSE, one, since=date(2020, 5, 1), **SAY) == first, "either may be named first"
    assert cif.customers.get(two, **ASK).version == before


def test_it_ends_and_begins_on_its_days(cif: CIF) -> None:
    one, two = person(cif, "1"), person(cif, "2")
    known_by = cif.relations.add(one, K.AGENT, two, since=date(2026, 1, 1), **SAY)
    assert seen(cif, two, on=date(2025, 12, 31)) == set()
    assert seen(cif, two, on=date(2026, 1, 1)) == {("agent", one)}
    cif.relations.end(one, known_by, on=date(2026, 6, 30), **SAY)
    assert seen(cif, two, on=date(2026, 6, 30)) == {("agent", one)}
    assert seen(cif, two) == seen(cif, one) == set()
    assert seen(cif, one, ever=True) == {("principal", two)}
    with pytest.raises(InputError, match="ended already"):
        cif.relations.end(two, known_by, **SAY)
    cif.relations.add(one, K.AGENT, two, since=date(2026, 7, 1), **SAY)
    assert seen(cif, two) == {("agent", one)}


def test_what_was_wrong_is_corrected_or_taken_back_on_both_sides(cif: CIF) -> None:
    owner, firm = person(cif, "1"), company(cif, "1")
    known_by = cif.relations.add(owner, K.SHAREHOLDER, firm, share="33.333333", **SAY)
    assert [one.share for one in cif.relations.of(firm, **ASK)] == [Decimal("33.333333")]
    cif.relations.correct(owner, known_by, Said(share=60, votes="51.5"), **SAY)
    for side in (owner, firm):
        assert [(one.share, one.votes) for one in cif.relations.of(side, **ASK)] == [(60, Decimal("51.5"))]
    cif.relations.retract(firm, known_by, **SAY)
    assert seen(cif, owner, ever=True) == seen(cif, firm, ever=True) == set()
    assert "relationships" not in cif.customers.get(owner, **ASK).values
    with pytest.raises(InputError, match="no such relation"):
        cif.relations.retract(firm, known_by, **SAY)


REFUSED: dict[str, tuple[str, RelationKind, str, dict[str, Any], str]] = {
    "a relation to oneself": ("p", K.SPOUSE, "p", {}, "nobody is related to themself"),
    "a company as a spouse": ("p", K.SPOUSE, "f", {}, "a person is spouse of a person"),
    "a person who is held": ("f", K.SHAREHOLDER, "p", {"share": 10}, "anybody is shareholder of an organization"),
    "before somebody was born": ("p", K.AGENT, "q", {"since": date(1939, 1, 1)}, "not there yet"),
    "ended before somebody was born": ("p", K.AGENT, "q", {"until": date(1939, 1, 1)}, "not there yet"),
    "before a company was founded": ("p", K.EMPLOYER, "p", {"since": date(1939, 1, 1)}, "nobody is related to themself"),
    "behind the year 2200": ("p", K.AGENT, "q", {"until": date(2201, 1, 1)}, "between 1800 and 2200"),
    "over before it began": ("p", K.AGENT, "q", {"since": date(2020, 1, 2), "until": date(2020, 1, 1)}, "over before it began"),
    "a share of more than the whole": ("p", K.SHAREHOLDER, "f", {"share": "100.000001"}, "a percentage above 0 and up to 100"),
    "a share of nothing": ("p", K.SHAREHOLDER, "f", {"share": 0}, "a percentage above 0"),
    "a share that is no number": ("p", K.SHAREHOLDER, "f", {"share": "half"}, "a percentage above 0"),
    "seven digits": ("p", K.SHAREHOLDER, "f", {"share": "33.3333333"}, "six digits"),
    "a shareholder without a share": ("p", K.SHAREHOLDER, "f", {}, "has a share or votes"),
    "a spouse with a share": ("p", K.SPOUSE, "q", {"share": 10}, "spouse has no share"),
    "a spouse by some means": ("p", K.SPOUSE, "q", {"means": "money"}, "only who controls"),
    "evidence of two lines": ("p", K.SPOUSE, "q", {"evidence": "a\nb"}, "at most 200 printable characters"),
    "no reason": ("p", K.SPOUSE, "q", {"reason": " "}, "a reason is needed"),
    "a parent who is younger": ("p", K.PARENT, "q", {}, "a parent is older"),
    "an instant for a day": ("p", K.AGENT, "q", {"since": datetime(2020, 1, 1, 5, tzinfo=UTC)}, "begins and ends on a day"),
    "votes below nothing": ("p", K.SHAREHOLDER, "f", {"share": 5, "votes": -1}, "a percentage from 0"),
    "neither shares nor votes": ("p", K.SHAREHOLDER, "f", {"votes": 0}, "has a share or votes"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_can_not_be_is_refused_and_neither_side_keeps_it(cif: CIF, what: str) -> None:
    parties = {
        "p": person(cif, "1", birth_date="1971-02-03"), "q": person(cif, "2", birth_date="1940-01-01"),
        "f": company(cif, "1", founded_on="2001-01-01"),
    }  # fmt: skip
    first, kind, second, more, said = REFUSED[what]
    with pytest.raises(InputError, match=said):
        cif.relations.add(parties[first], kind, parties[second], **{**SAY, **more})
    assert all(seen(cif, one, ever=True) == set() for one in parties.values())


def test_days_before_a_company_was_founded_are_refused(cif: CIF) -> None:
    firm = company(cif, "1", founded_on="2001-01-01")
    with pytest.raises(InputError, match="not there yet"):
        cif.relations.add(firm, K.EMPLOYER, person(cif, "1"), since=date(2000, 12, 31), **SAY)


def test_a_kind_there_is_not_is_refused_in_one_sentence(cif: CIF) -> None:
    with pytest.raises(InputError, match="a relation is one of spouse, parent"):
        cif.relations.add(person(cif, "1"), "friend", person(cif, "2"), **SAY)  # type: ignore[arg-type]


def test_nobody_finds_a_birth_date_by_trying(cif: CIF) -> None:
    one, two = person(cif, "1", birth_date="1971-06-15"), person(cif, "2", birth_date="1971-06-14")
    cif.relations.add(one, K.AGENT, two, since=date(1971, 1, 1), **SAY)  # the year is told, the day is not
    document = LOOSE.document()
    blind = {
        "id": "blind",
        "roles": ["blind"],
        "purposes": ["service"],
        "actions": ["relate", "view"],
        "fields": ["relationships"],
    }
    policy = Policy.from_document({**document, "grant": [*document["grant"], blind], "version": "blind"})
    with Under(cif, policy):
        say: dict[str, Any] = {"actor": Actor(id="x.1", roles={"blind"}), "purpose": SERVICE, "reason": "r"}
        cif.relations.add(one, K.GUARANTOR, two, since=date(1900, 1, 1), **say)
        cif.relations.add(person(cif, "3", birth_date="1999-01-01"), K.PARENT, one, **say)


def test_what_a_profile_hides_as_a_whole_is_told_by_no_other_way(cif: CIF) -> None:
    one, two = person(cif, "1"), person(cif, "2")
    cif.relations.add(one, K.SPOUSE, two, **SAY)
    document = LOOSE.document()
    partner = {
        "id": "partner", "roles": ["partner"], "purposes": ["service"], "actions": ["view"], "profile": "outside", "fields": ["name", "relationships"],
    }  # fmt: skip
    policy = Policy.from_document({**document, "grant": [*document["grant"], partner], "version": "partner"})
    with Under(cif, policy):
        ask: dict[str, Any] = {"actor": Actor(id="x.1", roles={"partner"}), "purpose": SERVICE}
        assert cif.customers.get(one, **ask).values["relationships"] == "******"
        for way in (cif.relations.of, cif.relations.household, cif.relations.picture):
            with pytest.raises(NotFoundOrNotAllowedError):
                way(one, **ask)


def test_a_share_may_have_no_votes_and_votes_are_counted_with_shares(cif: CIF) -> None:
    owner, other, firm = person(cif, "1"), person(cif, "2"), company(cif, "1")
    cif.relations.add(owner, K.SHAREHOLDER, firm, share=60, votes=0, **SAY)
    assert [(one.share, one.votes) for one in cif.relations.of(firm, **ASK)] == [(60, 0)]
    assert cif.relations.group(owner, **ASK).members[1:] == (), "who votes for nothing controls nobody"
    with pytest.raises(InputError, match="more than 100 % of the votes"):
        cif.relations.add(other, K.SHAREHOLDER, firm, share=20, votes="100.0", since=None, **SAY)
        cif.relations.add(person(cif, "3"), K.SHAREHOLDER, firm, share=20, **SAY)


def test_one_spouse_at_a_time_and_one_legal_representative(cif: CIF) -> None:
    a, b, c, firm = person(cif, "1"), person(cif, "2"), person(cif, "3"), company(cif, "1")
    cif.relations.add(a, K.SPOUSE, b, since=date(2000, 1, 1), until=date(2010, 1, 1), **SAY)
    for pair in ((a, c), (c, a)):
        with pytest.raises(InputError, match="another spouse in that time"):
            cif.relations.add(pair[0], K.SPOUSE, pair[1], since=date(2010, 1, 1), **SAY)
    cif.relations.add(c, K.SPOUSE, a, since=date(2010, 1, 2), **SAY)
    with pytest.raises(InputError, match="in that time already"):
        cif.relations.add(b, K.SPOUSE, a, since=date(2009, 1, 1), until=date(2009, 2, 1), **SAY)
    cif.relations.add(a, K.LEGAL_REPRESENTATIVE, firm, **SAY)
    with pytest.raises(InputError, match="another legal representative"):
        cif.relations.add(b, K.LEGAL_REPRESENTATIVE, firm, since=date(2026, 1, 1), **SAY)
    other = company(cif, "2")
    cif.relations.add(a, K.LEGAL_REPRESENTATIVE, other, **SAY)


def test_shareholders_together_have_the_whole_at_most_on_every_day(cif: CIF) -> None:
    a, b, c, firm = person(cif, "1"), person(cif, "2"), person(cif, "3"), company(cif, "1")
    cif.relations.add(a, K.SHAREHOLDER, firm, share=60, until=date(2020, 12, 31), **SAY)
    cif.relations.add(b, K.SHAREHOLDER, firm, share=40, **SAY)
    cif.relations.add(c, K.SHAREHOLDER, firm, share=60, since=date(2021, 1, 1), **SAY)
    for since in (date(2020, 12, 31), date(2025, 1, 1)):
        with pytest.raises(InputError, match="more than 100 % of the shares"):
            cif.relations.add(company(cif, "2"), K.SHAREHOLDER, firm, share="0.000001", since=since, **SAY)


def test_nobody_descends_from_themself(cif: CIF) -> None:
    parties = [person(cif, str(at), birth_date=None) for at in range(1, 5)]
    for parent, child in pairwise(parties):
        cif.relations.add(parent, K.PARENT, child, **SAY)
    with pytest.raises(InputError, match="nobody descends from themself"):
        cif.relations.add(parties[-1], K.PARENT, parties[0], **SAY)


def test_a_merge_moves_them_and_an_unmerge_gives_them_back(cif: CIF) -> None:
    a, b, c, d = (person(cif, str(at)) for at in range(1, 5))
    cif.relations.add(a, K.AGENT, b, **SAY)
    cif.relations.add(c, K.AGENT, d, **SAY)
    before = {one: seen(cif, one) for one in (a, b, c, d)}
    merged(cif, b, d)
    assert seen(cif, b) == seen(cif, d) == {("agent", a), ("agent", c)}
    assert seen(cif, c) == {("principal", b)}, "the number that was said resolves to the survivor"
    merged(cif, a, c)
    assert seen(cif, a) == {("principal", b)}, "of two that a merge made one, one is shown"
    unmerged(cif, c)
    unmerged(cif, d)
    assert {one: seen(cif, one) for one in (a, b, c, d)} == before


def test_who_is_merged_with_whom_they_are_related_to_is_not_related_to_themself(cif: CIF) -> None:
    a, b = person(cif, "1"), person(cif, "2")
    known_by = cif.relations.add(a, K.SPOUSE, b, **SAY)
    merged(cif, a, b)
    assert seen(cif, a) == set()
    with pytest.raises(InputError, match="no such relation"):
        cif.relations.end(a, known_by, **SAY)
    unmerged(cif, b)
    assert seen(cif, a) == {("spouse", b)}
    cif.relations.end(a, known_by, **SAY)


def test_what_is_said_behind_a_merge_can_be_ended_from_either_side(cif: CIF) -> None:
    a, b, c = person(cif, "1"), person(cif, "2"), person(cif, "3")
    known_by = cif.relations.add(a, K.AGENT, b, **SAY)
    merged(cif, c, b)
    cif.relations.end(c, known_by, on=date(2026, 1, 1), **SAY)
    unmerged(cif, b)
    assert seen(cif, a) == seen(cif, b) == set()
    assert seen(cif, b, ever=True) == {("agent", a)}
    assert seen(cif, c, ever=True) == set()


def test_who_may_relate_may_so_of_both(cif: CIF) -> None:
    here = person(cif, "1", home_branch="b")
    there = person(cif, "2", home_branch="elsewhere")
    near = person(cif, "3", home_branch="b")
    say: dict[str, Any] = {"actor": TELLER, "purpose": SERVICE, "reason": "they came together"}
    for pair in ((here, there), (there, here), (here, "C0000000000000000")):
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.relations.add(pair[0], K.SPOUSE, pair[1], **say)
    known_by = cif.relations.add(here, K.SPOUSE, near, **say)
    elsewhere = cif.relations.add(here, K.AGENT, there, **SAY)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.relations.end(here, elsewhere, **say)
    cif.relations.end(near, known_by, **say)


def test_who_the_other_one_is_is_told_to_whom_may_see_them(cif: CIF) -> None:
    here, there = person(cif, "1", home_branch="b"), person(cif, "2", home_branch="elsewhere")
    cif.relations.add(here, K.SPOUSE, there, **SAY)
    (one,) = cif.relations.of(here, actor=TELLER, purpose=SERVICE)
    assert (one.role, one.other.cif_no, one.other.name) == ("spouse", None, None)
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.relations.of(there, actor=TELLER, purpose=SERVICE)
    shown = cif.customers.get(here, actor=TELLER, purpose=SERVICE)
    assert shown.values["relationships"] == [{"kind": "spouse", "role": "spouse"}], "and a view never names the other"
    clear = cif.customers.reveal(here, ["relationships"], actor=known(OFFICER), purpose=COMPLIANCE)["relationships"]
    assert clear[0]["other"] == there


def test_the_log_tells_of_both_and_of_whom_it_told(cif: CIF) -> None:
    a, b = person(cif, "1"), person(cif, "2")
    cif.relations.add(a, K.SPOUSE, b, **SAY)
    cif.relations.of(a, **ASK)
    auditor = Actor(id="a.1", roles={"auditor"})
    told = list(cif.audit.who(b, actor=auditor, purpose=Purpose.AUDIT))
    assert {entry.action for entry in told} >= {"relate", "relations"}


def test_the_other_side_of_somebody_erased_is_shown_no_more_and_can_be_ended(cif: CIF) -> None:
    a, b = person(cif, "1"), person(cif, "2")
    known_by = cif.relations.add(a, K.AGENT, b, **SAY)
    erase(cif, b)
    assert seen(cif, a) == set()
    cif.relations.end(a, known_by, **SAY)


def test_nobody_who_reads_the_database_sees_who_belongs_to_whom(cif: CIF) -> None:
    a, b = person(cif, "1"), person(cif, "2")
    known_by = cif.relations.add(a, K.SPOUSE, b, **SAY)
    with cif._repository.unit_of_work() as unit:
        records = [(whose, row) for whose, row in unit.sources.of_parties([a, b]) if row.source == RELATED]
    (one, first), (two, second) = records
    assert {one, two} == {a, b}
    assert first.source_key != second.source_key
    assert known_by not in first.source_key + second.source_key
    assert first.content_tag != second.content_tag
    assert first.key_id != second.key_id


# Owners, households, groups


def test_owners_through_a_chain_and_a_merge(cif: CIF) -> None:
    p, q, mid, top = person(cif, "1"), person(cif, "2"), company(cif, "1"), company(cif, "2")
    cif.relations.add(p, K.SHAREHOLDER, mid, share=50, **SAY)
    cif.relations.add(mid, K.SHAREHOLDER, top, share=50, **SAY)
    cif.relations.add(q, K.SHAREHOLDER, top, share="24.999999", **SAY)
    found = cif.relations.owners(top, **ASK)
    assert [(one.person.cif_no, one.ground.value, one.share, one.direct) for one in found.owners] == [
        (p, "share", 25, 0)
    ]
    assert (found.traced, found.unknown, found.withheld) == (Decimal("49.999999"), Decimal("50.000001"), 0)
    assert {one.person.cif_no for one in cif.relations.owners(top, threshold=10, **ASK).owners} == {p, q}
    merged(cif, p, q)
    (one,) = cif.relations.owners(top, **ASK).owners
    assert (one.person.cif_no, one.share, one.direct) == (p, Decimal("49.999999"), Decimal("24.999999"))


def test_owners_of_a_day_and_of_whom_somebody_may_look(cif: CIF) -> None:
    p, mid, top = person(cif, "1", home_branch="b"), company(cif, "1"), company(cif, "2")
    held = cif.relations.add(p, K.SHAREHOLDER, mid, share=100, since=date(2020, 1, 1), **SAY)
    cif.relations.add(mid, K.SHAREHOLDER, top, share=100, **SAY)
    cif.relations.end(p, held, on=date(2026, 1, 31), **SAY)
    assert cif.relations.owners(top, **ASK).owners == ()
    assert [one.person.cif_no for one in cif.relations.owners(top, on=date(2026, 1, 31), **ASK).owners] == [p]
    cif.relations.add(p, K.PERSON_IN_CHARGE, top, **SAY)
    assert [one.ground.value for one in cif.relations.owners(top, **ASK).owners] == ["in_charge"]
    with pytest.raises(InputError, match="this is a person"):
        cif.relations.owners(p, **ASK)
    with pytest.raises(InputError, match="a percentage above 0"):
        cif.relations.owners(top, threshold=0, **ASK)


def test_where_nobody_may_look_a_chain_ends_and_it_is_told(cif: CIF) -> None:
    p, top = person(cif, "1", home_branch="b"), company(cif, "2")
    made = Organization(name="远山投资有限公司", home_branch="elsewhere", phone="15599999999")
    mid = str(cif.customers.register(made, channel="counter", source_key="x", actor=STEWARD, occasion="lead").cif_no)
    cif.relations.add(p, K.SHAREHOLDER, mid, share=100, **SAY)
    cif.relations.add(mid, K.SHAREHOLDER, top, share=70, **SAY)
    cif.relations.add(p, K.SHAREHOLDER, top, share=30, **SAY)
    assert [one.share for one in cif.relations.owners(top, **ASK).owners] == [100]
    found = cif.relations.owners(top, actor=MANAGER, purpose=SERVICE)
    assert [(one.person.cif_no, one.share) for one in found.owners] == [(p, 30)]
    assert (found.unknown, found.withheld) == (70, 1)


def test_two_companies_merged_with_their_shareholders_are_asked_to_be_cleaned(cif: CIF) -> None:
    p, q, one, two = person(cif, "1"), person(cif, "2"), company(cif, "1"), company(cif, "2")
    cif.relations.add(p, K.SHAREHOLDER, one, share=60, **SAY)
    wrong = cif.relations.add(q, K.SHAREHOLDER, two, share=60, **SAY)
    merged(cif, one, two)
    with pytest.raises(InputError, match="more than 100 %") as told:
        cif.relations.owners(one, **ASK)
    assert told.value.cif_no == one
    cif.relations.correct(q, wrong, Said(share=40), **SAY)  # less than was said can always be said
    cif.relations.correct(q, wrong, Said(share=30), **SAY)
    with pytest.raises(InputError, match="more than 100 %"):
        cif.relations.correct(q, wrong, Said(share=50), **SAY)
    cif.relations.retract(q, wrong, **SAY)
    assert [found.person.cif_no for found in cif.relations.owners(one, **ASK).owners] == [p]


def test_a_household(cif: CIF, clock: FixedClock) -> None:
    father, mother = person(cif, "1", birth_date="1980-01-01"), person(cif, "2", birth_date="1982-01-01")
    small, grown = person(cif, "3", birth_date="2015-06-01"), person(cif, "4", birth_date="2000-01-01")
    uncle, grandmother = person(cif, "5", birth_date="1970-01-01"), person(cif, "6", birth_date="1950-01-01")
    cif.relations.add(father, K.SPOUSE, mother, **SAY)
    for child in (small, grown):
        cif.relations.add(father, K.PARENT, child, **SAY)
    cif.relations.add(grandmother, K.PARENT, father, **SAY)
    cif.relations.add(uncle, K.HOUSEHOLD, small, **SAY)

    def household(of: str) -> set[str | None]:
        return {one.cif_no for one in cif.relations.household(of, **ASK).members}

    assert household(father) == household(small) == household(uncle) == {father, mother, small, uncle}
    assert household(grown) == {grown}, "a child who has grown up is asked for themself"
    assert household(grandmother) == {grandmother}
    clock.advance(timedelta(days=366 * 8))
    assert household(father) == {father, mother}
    with pytest.raises(InputError, match="a household is of persons"):
        cif.relations.household(company(cif, "1"), **ASK)


def test_a_group_and_its_head(cif: CIF) -> None:
    boss = person(cif, "1")
    top, left, right, low, other = (company(cif, str(at)) for at in range(1, 6))
    cif.relations.add(boss, K.CONTROLLER, top, means="agreement", **SAY)
    cif.relations.add(top, K.SHAREHOLDER, left, share=51, **SAY)
    cif.relations.add(top, K.SHAREHOLDER, right, share=40, votes=60, **SAY)
    cif.relations.add(left, K.SHAREHOLDER, low, share=30, **SAY)
    cif.relations.add(right, K.SHAREHOLDER, low, share=30, **SAY)
    cif.relations.add(top, K.SHAREHOLDER, other, share=50, **SAY)
    for one in (boss, top, left, right, low):
        found = cif.relations.group(one, **ASK)
        assert {member.cif_no for member in found.members} == {boss, top, left, right, low}
        assert found.members[0].cif_no == one
        assert [head.cif_no for head in found.heads] == ([boss] if one != boss else [])
    alone = cif.relations.group(other, **ASK)
    assert ([one.cif_no for one in alone.members], alone.heads) == ([other], ())


def test_a_circle_of_companies_has_one_head_and_an_end(cif: CIF) -> None:
    one, two, three = (company(cif, str(at)) for at in range(1, 4))
    cif.relations.add(one, K.SHAREHOLDER, two, share=60, **SAY)
    cif.relations.add(two, K.SHAREHOLDER, one, share=60, **SAY)
    cif.relations.add(three, K.GROUP_MEMBER, two, **SAY)
    found = cif.relations.group(three, **ASK)
    assert {member.cif_no for member in found.members} == {one, two, three}
    assert len(found.heads) == 1


# A picture


def test_a_picture_has_each_relation_once(cif: CIF) -> None:
    a, b, c, d = (person(cif, str(at)) for at in range(1, 5))
    cif.relations.add(a, K.SPOUSE, b, **SAY)
    cif.relations.add(b, K.AGENT, c, **SAY)
    cif.relations.add(a, K.AGENT, c, **SAY)
    cif.relations.add(c, K.AGENT, d, **SAY)
    found = cif.relations.picture(a, steps=1, **ASK)
    places = {one.place: one.cif_no for one in found.parties}
    assert (places[1], set(places.values())) == (a, {a, b, c})
    told = [
        (line.kind, frozenset({places[one], places[other]}), places[other] if line.role == "principal" else places[one])
        for one, other, line in found.lines
    ]
    assert sorted(kind for kind, _, _ in told) == ["agent", "agent", "spouse"]
    assert {pair: principal for kind, pair, principal in told if kind == "agent"} == {
        frozenset({b, c}): c,
        frozenset({a, c}): c,
    }
    assert frozenset({a, b}) in {pair for kind, pair, _ in told if kind == "spouse"}
    assert {one.cif_no for one in cif.relations.picture(a, steps=2, **ASK).parties} == {a, b, c, d}
    assert [one.cif_no for one in cif.relations.picture(a, steps=3, roles=["spouse"], **ASK).parties] == [a, b]
    for more in ({"steps": 0}, {"steps": 5}, {"roles": ["friend"]}):
        with pytest.raises(InputError):
            cif.relations.picture(a, **{**ASK, **more})


# The law

PAIRS = st.tuples(st.integers(0, 4), st.integers(0, 4))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(said=st.lists(PAIRS, max_size=5, unique=True), merges=st.lists(PAIRS, max_size=3))
def test_after_any_merges_and_unmerges_both_sides_say_the_same(
    tables: ReferenceTables, said: list[tuple[int, int]], merges: list[tuple[int, int]]
) -> None:
    with CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables,
        clock=FixedClock(NOW), policy=LOOSE,
    ) as cif:  # fmt: skip
        parties = [person(cif, str(at)) for at in range(1, 6)]
        for one, two in said:
            if one != two:
                cif.relations.add(parties[one], K.GUARANTOR, parties[two], **SAY)
        before = {one: seen(cif, one) for one in parties}
        steps: list[tuple[str, str]] = []
        for one, two in merges:
            retired = {gone for _, gone in steps}
            a, b = parties[one], parties[two]
            if a == b or a in retired or b in retired:
                continue
            merged(cif, a, b)
            steps.append((a, b))
            standing = [each for each in parties if each not in {gone for _, gone in steps}]
            sides = {
                (each, role, other) for each in standing for role, other in seen(cif, each)
            }  # fmt: skip
            mirrored = {"guarantor": "guaranteed", "guaranteed": "guarantor"}
            assert {(other, mirrored[role], each) for each, role, other in sides} == sides
        for _, gone in reversed(steps):
            unmerged(cif, gone)
        assert {one: seen(cif, one) for one in parties} == before


# What they owe together

OWING = frozenset({"loan", "card"})


def debtor(cif: CIF, key: str, *amounts: tuple[str, str], **more: Any) -> str:
    held = [{"product": product, "balance": {"amount": amount, "currency": "CNY"}} for product, amount in amounts]
    return person(cif, key, holdings=held, **more)


def test_what_a_household_and_a_group_owe_together(cif: CIF) -> None:
    husband = debtor(cif, "1", ("loan", "100.50"), ("deposit", "7000"))
    wife = debtor(cif, "2", ("card", "20"), ("card", "30"))
    friend = debtor(cif, "3", ("loan", "5000"))
    firm = company(cif, "1")
    cif.relations.add(husband, K.SPOUSE, wife, **SAY)
    cif.relations.add(friend, K.AGENT, husband, **SAY)
    cif.relations.add(husband, K.SHAREHOLDER, firm, share=80, **SAY)
    found = cif.relations.exposure(husband, OWING, actor=known(OFFICER), purpose=COMPLIANCE)
    told = {one.party.cif_no: [str(money.amount) for money in one.owes or ()] for one in found.members}
    assert told == {husband: ["100.50"], wife: ["50.00"], firm: []}
    assert [(str(one.amount), one.currency) for one in found.total] == [("150.50", "CNY")]
    assert found.withheld == 0
    assert "150" not in repr(found)
    with pytest.raises(InputError, match="1 to 100 products"):
        cif.relations.exposure(husband, [], **ASK)


def test_one_debt_is_once_in_the_total_and_who_vouches_does_not_owe_it(cif: CIF) -> None:
    def loan(role: str) -> dict[str, Any]:
        number = {"scheme": "card", "number": "9900880000000007"}
        return {"product": "loan", "role": role, "balance": {"amount": "100", "currency": "CNY"}, **number}

    husband = person(cif, "1", holdings=[loan("holder")])
    wife = person(cif, "2", holdings=[loan("joint_holder")])
    father = person(cif, "3", holdings=[loan("guarantor")])
    for other in (wife, father):
        cif.relations.add(husband, K.SPOUSE if other is wife else K.HOUSEHOLD, other, **SAY)
    found = cif.relations.exposure(husband, OWING, actor=known(OFFICER), purpose=COMPLIANCE)
    told = {one.party.cif_no: [str(money.amount) for money in one.owes or ()] for one in found.members}
    assert told == {husband: ["100.00"], wife: ["100.00"], father: []}
    assert [str(one.amount) for one in found.total] == ["100.00"]


def test_debts_of_one_number_in_two_currencies_or_products_are_all_in_the_total(cif: CIF) -> None:
    def row(product: str, amount: str, currency: str) -> dict[str, Any]:
        number = {"scheme": "card", "number": "9900880000000007"}
        return {"product": product, "balance": {"amount": amount, "currency": currency}, **number}

    rows = [row("card", "100", "CNY"), row("card", "50", "USD"), row("loan", "7", "CNY")]
    one, two = person(cif, "1", holdings=rows), person(cif, "2", holdings=[row("card", "120", "CNY")])
    cif.relations.add(one, K.SPOUSE, two, **SAY)
    found = cif.relations.exposure(one, OWING, actor=known(OFFICER), purpose=COMPLIANCE)
    assert [(str(money.amount), money.currency) for money in found.total] == [("127.00", "CNY"), ("50.00", "USD")], (
        "of one balance that two sources tell differently, the larger"
    )


def test_of_whom_it_may_not_be_told_it_is_not_summed(cif: CIF) -> None:
    husband, wife = debtor(cif, "1", ("loan", "100")), debtor(cif, "2", ("loan", "50"))
    cif.relations.add(husband, K.SPOUSE, wife, **SAY)
    found = cif.relations.exposure(husband, OWING, actor=MANAGER, purpose=SERVICE)
    assert ([one.owes for one in found.members], found.total, found.withheld) == ([None, None], (), 2)


def test_what_is_told_in_clear_counts_as_revealed(cif: CIF) -> None:
    husband, wife = debtor(cif, "1", ("loan", "100")), debtor(cif, "2", ("loan", "50"))
    cif.relations.add(husband, K.SPOUSE, wife, **SAY)
    capped = Policy.from_document({**LOOSE.document(), "cap": {"reveal": {"per_hour": 1}}, "version": "capped"})
    with Under(cif, capped), pytest.raises(AccessError, match="as many customers in this hour"):
        cif.relations.exposure(husband, OWING, actor=known(OFFICER), purpose=COMPLIANCE)
    told = cif.relations.exposure(husband, OWING, actor=known(OFFICER), purpose=COMPLIANCE)
    assert str(told.total[0].amount) == "150.00"


# In rules

HOPS = Catalogue.of(
    "1",
    tag("guarantor", "count(relationships where role = 'guaranteed') >= 1"),
    tag("large_holder", "sum(relationships.share where role = 'held') >= 50.5"),
    tag(
        "near_risk", "count(relationships where other_aml_class = 'high' and (until is missing or until >= today)) >= 1"
    ),
    tag("of_old", "count(relationships where since < today - 5 years) >= 1"),
)
RENEW: dict[str, Any] = {"actor": Actor(id="b.1", roles={"batch"}), "purpose": Purpose.OPERATIONS}


def has(cif: CIF, cif_no: str, at: datetime | None = None) -> set[str]:
    seen = cif.tags.portrait(cif_no, actor=MANAGER, purpose=SERVICE, at=at)
    return {one.name.partition(":")[2] for one in seen.tags}


def rated(cif: CIF, cif_no: str, aml_class: str) -> None:
    cif.customers.override(cif_no, {"aml_class": aml_class}, reason="r", actor=RATER, purpose=Purpose.OPERATIONS)


RATER = Actor(id="s.rates", roles={"rater"})


def rating() -> Policy:
    document = LOOSE.document()
    batch = {"id": "batch", "roles": ["batch"], "purposes": ["operations"], "actions": ["portray"]}
    rates = {
        "id": "rates",
        "roles": ["rater"],
        "purposes": ["operations"],
        "actions": ["override"],
        "fields": ["aml_class"],
    }
    return Policy.from_document(
        {**document, "grant": [*document["grant"], batch, rates], "change": [], "version": "rating"}
    )


def test_rules_read_relations_and_the_facts_of_the_other_one(cif: CIF, clock: FixedClock) -> None:
    one, two, firm = person(cif, "1", home_branch="b"), person(cif, "2", home_branch="b"), company(cif, "1")
    with Under(cif, rating()):
        publish(cif, HOPS)
        assert has(cif, one) == set()
        cif.relations.add(one, K.GUARANTOR, two, since=date(2020, 1, 1), **SAY)
        held = cif.relations.add(one, K.SHAREHOLDER, firm, share="50.499999", **SAY)
        assert has(cif, one) == {"guarantor", "of_old"}
        assert has(cif, two) == {"of_old"}
        cif.relations.correct(one, held, Said(share="50.5", until=clock.now().date()), **SAY)
        assert has(cif, one) == {"guarantor", "of_old", "large_holder"}
        rated(cif, firm, "high")
        assert has(cif, one) == {"guarantor", "of_old", "large_holder", "near_risk"}, "made when it is asked for"
        assert cif.tags.renew(**RENEW) == 1, "and kept once it is renewed"
        noon = clock.now()
        assert cif.tags.renew(**RENEW) == 0
        clock.advance(timedelta(days=1))
        rated(cif, firm, "low")
        assert has(cif, one) == {"guarantor", "of_old", "large_holder"}
        assert "near_risk" in has(cif, one, at=noon), "with the facts of then"
        merged(cif, one, two)
        assert has(cif, one) == {"large_holder"}, "who is merged with whom they vouch for vouches for nobody"


def test_whoever_was_merged_since_is_read_as_they_were(cif: CIF, clock: FixedClock) -> None:
    one, risky, plain = (person(cif, key, home_branch="b") for key in ("1", "2", "3"))
    with Under(cif, rating()):
        publish(cif, HOPS)
        rated(cif, risky, "high")
        cif.relations.add(one, K.GUARANTOR, risky, **SAY)
        cif.tags.renew(**RENEW)
        noon = clock.now()
        clock.advance(timedelta(days=1))
        merged(cif, plain, risky)
        rated(cif, plain, "low")
        cif.tags.renew(**RENEW)
        assert has(cif, one) == {"guarantor"}
        assert has(cif, one, at=noon) == {"guarantor", "near_risk"}


def test_what_follows_from_somebody_who_is_restricted_is_gone_once_renewed(cif: CIF) -> None:
    one, other = person(cif, "1", home_branch="b"), person(cif, "2", home_branch="b")
    officer = known(Actor(id="p.tang", roles={"privacy_officer"}))
    with Under(cif, rating()):
        publish(cif, HOPS)
        rated(cif, other, "high")
        cif.relations.add(one, K.AGENT, other, **SAY)
        assert has(cif, one) == {"near_risk"}
        cif.erasures.restrict(other, reason="asked for", actor=officer)
        assert cif.tags.renew(**RENEW) >= 1
        assert has(cif, one) == set()


def test_a_rule_about_others_tells_no_more_than_its_writer_may_read(cif: CIF) -> None:
    document = LOOSE.document()
    for grant in document["grant"]:
        if "catalogue" in grant["actions"]:
            grant["fields"] = ["relationships"]
    narrow = Policy.from_document({**document, "version": "narrow"})
    officer = known(Actor(id="t.mei", roles={"tag_officer"}))
    with Under(cif, narrow):
        cif.tags.propose(Catalogue.of("1", HOPS.tags["guarantor"]), reason="r", actor=officer)
        with pytest.raises(NotFoundOrNotAllowedError):
            cif.tags.propose(Catalogue.of("2", HOPS.tags["near_risk"]), reason="r", actor=officer)


def test_a_customer_as_a_whole_has_their_relations(cif: CIF) -> None:
    here, there, over = person(cif, "1", home_branch="b"), person(cif, "2", home_branch="elsewhere"), person(cif, "3")
    cif.relations.add(here, K.SPOUSE, there, **SAY)
    cif.relations.add(here, K.AGENT, over, until=date(2026, 1, 1), **SAY)
    whole = cif.customers.customer360(here, **ASK)
    assert [(one.role, one.other.cif_no) for one in whole.relations] == [("spouse", there)]
    auditor = Actor(id="a.1", roles={"auditor"})
    assert "customer360" in {one.action for one in cif.audit.who(there, actor=auditor, purpose=Purpose.AUDIT)}
    seen_here = cif.customers.customer360(here, actor=TELLER, purpose=SERVICE)
    assert [(one.role, one.other.cif_no, one.other.name) for one in seen_here.relations] == [("spouse", None, None)]
    assert cif.customers.customer360(there, **ASK).relations[0].other.cif_no == here
