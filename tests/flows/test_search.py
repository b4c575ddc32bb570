"""Searching people and organizations by names that are spelled otherwise: what meets, what is refused, and that nothing else comes out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from tests.conftest import ALL_ROLES, NOW, TRUST, known
from tests.flows.test_browse import Under
from tests.flows.test_register import register

from bankcif import (
    CIF,
    Actor,
    LocalKeyProvider,
    MemoryKeyStore,
    MemoryRepository,
    Organization,
    Policy,
    Purpose,
    party_from,
)
from bankcif._clock import FixedClock
from bankcif.access import default_policy
from bankcif.audit import AuditEntry
from bankcif.context import Sink
from bankcif.errors import AccessError, ConfigurationError, InputError, NotFoundOrNotAllowedError, RuleError
from bankcif.matching import (
    SEARCH_PARTS,
    Features,
    Likeness,
    alike,
    alike_organizations,
    organization_search_keys,
    search_keys,
)
from bankcif.party import PartyKind, ReferenceTables
from bankcif.wording import is_han, organization_name, person_name, reading_groups, readings

SERVICE = Purpose.SERVICE
STEWARD = known(Actor(id="s.wu", roles=ALL_ROLES, branch="b"))
MANAGER = known(Actor(id="m.li", roles={"relationship_manager"}, branch="b"))
BOTH = tuple(SEARCH_PARTS)
INDEXES = frozenset(name for parts in SEARCH_PARTS.values() for name in parts)
CHARACTERS = "张王李伟國国芳敏静丽强磊军洋"


def store(tables: ReferenceTables, name_search: Any = BOTH, **more: Any) -> CIF:
    return CIF(
        repository=MemoryRepository(), tenant="t", keys=LocalKeyProvider.generate(), key_store=MemoryKeyStore(), tables=tables,
        trust=TRUST, clock=FixedClock(NOW), name_search=name_search, **more,
    )  # fmt: skip


PEOPLE = [
    ("张伟国", "1990-01-01", "b"), ("張偉國", "1990-02-02", "b"), ("章为国", "1990-05-01", "b"), ("张伟", "1990-01-03", "b"),
    ("Anna Maria Eriksson", "1990-01-01", "b"), ("李娜", "1991-01-01", "b"), ("张卫", "1990-01-01", "c"), ("欧阳小明", "1990-08-01", "b"),
    ("张伟国", "1991-01-01", "b"), ("张伟国", None, "b"),
]  # fmt: skip


@pytest.fixture(scope="module")
def file(tables: ReferenceTables) -> Iterator[CIF]:
    with store(tables) as cif:
        for n, (name, born, branch) in enumerate(PEOPLE):
            register(
                cif, STEWARD, str(n), name=name, identifiers=None, birth_date=born, home_branch=branch, manager="m.li",
                phone=f"154000000{n:02}", customer_since="2020-01-01" if n % 2 else "2024-01-01",
            )  # fmt: skip
        yield cif


def found(cif: CIF, name: str, **more: Any) -> list[tuple[str, str]]:
    """Numbers by which the people were registered, with how they were found."""
    with cif._repository.unit_of_work() as unit:
        keys = {link.cif_no: link.source_key for link in unit.crosswalk.all_current()}
    hits = cif.customers.search(name, actor=MANAGER, purpose=SERVICE, **more).hits
    return [(keys[hit.view.cif_no], hit.likeness.value) for hit in hits]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("张伟国", {"0": "same", "1": "spelling", "2": "sound", "3": "edit"}),
        ("張偉国", {"0": "spelling", "1": "spelling", "2": "sound", "3": "edit"}),
        ("　张　伟国 先生", {"0": "same", "1": "spelling", "2": "sound", "3": "edit"}),
        ("张维国", {"0": "sound", "1": "sound", "2": "sound"}),
        ("zhang weiguo", {"0": "sound", "1": "sound", "2": "sound"}),
        ("WEIGUO, Zhang", {"0": "sound", "1": "sound", "2": "sound"}),
        ("张国", {"0": "edit", "1": "edit", "3": "edit", "6": "edit"}),
        ("张伟中国", {"0": "edit", "1": "edit"}),
        ("张国伟", {"0": "edit", "1": "edit", "3": "edit"}),
        ("王伟国", {"0": "edit", "1": "edit"}),
        ("欧阳晓明", {"7": "sound"}),
        ("欧阳小月", {"7": "edit"}),
        ("Eriksson Anna Maria", {"4": "spelling"}),
        ("Anna Maria Erikson", {"4": "edit"}),
        ("Anna Eriksson", {"4": "edit"}),
        ("赵钱孙", {}),
    ],
)
def test_whatever_is_spelled_otherwise_is_found(file: CIF, name: str, expected: dict[str, str]) -> None:
    assert dict(found(file, name, birth_year=1990)) == expected
    ranks = [list(Likeness).index(Likeness(likeness)) for _, likeness in found(file, name, birth_year=1990)]
    assert ranks == sorted(ranks)


def test_a_branch_narrows_as_a_year_does_and_both_narrow_together(file: CIF) -> None:
    assert {key for key, _ in found(file, "张伟国", branch="b")} == {"0", "1", "2", "3", "8", "9"}
    assert {key for key, _ in found(file, "张伟", branch="c")} == {"6"}
    assert {key for key, _ in found(file, "张伟国", branch="b", birth_year=1991)} == {"8"}
    assert found(file, "张伟国", branch="c", birth_year=1991) == []


def test_a_rule_over_plain_facts_chooses_among_them(file: CIF) -> None:
    assert {key for key, _ in found(file, "张伟国", birth_year=1990, where="customer_since < 2022-01-01")} == {"1", "3"}
    with pytest.raises(RuleError):
        found(file, "张伟国", birth_year=1990, where="customer_since <")
    with pytest.raises(InputError, match="does not ask for numbers"):
        found(file, "张伟国", birth_year=1990, where="cif_no starts with 'C'")
    with pytest.raises(NotFoundOrNotAllowedError):
        found(file, "张伟国", birth_year=1990, where="age >= 18")


def test_pages_follow_each_other_without_gap_or_repeat(file: CIF) -> None:
    ask: dict[str, Any] = {"birth_year": 1990, "actor": MANAGER, "purpose": SERVICE}
    whole = [hit.view.cif_no for hit in file.customers.search("张伟国", **ask).hits]
    for limit in range(1, len(whole) + 1):
        seen: list[str] = []
        page = file.customers.search("张伟国", limit=limit, **ask)
        seen += [hit.view.cif_no for hit in page.hits]
        while page.after is not None:
            page = file.customers.search("张伟国", limit=limit, after=page.after, **ask)
            seen += [hit.view.cif_no for hit in page.hits]
        assert seen == whole
    for mark in ("", "same", "same.", "none.C1", whole[0]):
        with pytest.raises(InputError, match="not where a page"):
            file.customers.search("张伟国", after=mark, **ask)


def test_results_have_a_cap_and_say_when_there_are_more(file: CIF) -> None:
    page = file.customers.search("张伟国", birth_year=1990, limit=2, actor=MANAGER, purpose=SERVICE)
    assert (len(page.hits), page.more) == (2, True)
    assert not file.customers.search("张伟国", birth_year=1990, actor=MANAGER, purpose=SERVICE).more


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"name": "张", "birth_year": 1990}, "one character or a few letters"), ({"name": "Lee", "birth_year": 1990}, "one character or a few letters"),
        ({"name": "", "birth_year": 1990}, "one character or a few letters"), ({"name": "张伟" * 200, "birth_year": 1990}, "one character"),
        ({"name": "张伟国"}, "birth year or the branch"), ({"name": "张伟国", "birth_year": 90}, "four digits"),
        ({"name": "张伟国", "birth_year": 1990, "limit": 0}, "1 to 50"), ({"name": "张伟国", "birth_year": 1990, "limit": 51}, "1 to 50"),
        ({"name": "张伟国", "birth_year": 1990, "sink": Sink.EXPORT}, "exported"),
    ],
)  # fmt: skip
def test_what_would_find_too_many_is_refused_with_the_reason(file: CIF, ask: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        file.customers.search(**ask, actor=MANAGER, purpose=SERVICE)
    assert "张" not in str(caught.value)


def test_who_is_not_seen_is_not_found(file: CIF) -> None:
    elsewhere = known(Actor(id="x", roles={"relationship_manager"}, branch="c"))
    hits = file.customers.search("张伟国", birth_year=1990, actor=elsewhere, purpose=SERVICE).hits
    assert [hit.view.name for hit in hits] == []
    hits = file.customers.search("张伟", birth_year=1990, actor=elsewhere, purpose=SERVICE).hits
    assert [hit.view.name for hit in hits] == ["张*"]
    with pytest.raises(NotFoundOrNotAllowedError):
        file.customers.search("张伟国", birth_year=1990, actor=Actor(id="n", roles={"loader"}), purpose=SERVICE)


def test_the_log_names_who_was_found_and_not_what_was_asked(file: CIF) -> None:
    hits = file.customers.search("张伟国", birth_year=1990, actor=MANAGER, purpose=SERVICE).hits
    with file._repository.unit_of_work() as unit:
        body = [row.body for row in unit.trail.between(0, 2**62, "m.li")][-1]
    entry = AuditEntry.of_body(body)
    assert (entry.action, entry.count, set(entry.subjects)) == ("search", 4, {hit.view.cif_no for hit in hits})
    assert set(entry.terms) == {"name_year", "sound_year"}
    assert "1990" not in body.decode().partition('"terms"')[2]
    assert "张".encode() not in body


def test_finding_nobody_is_a_try(tables: ReferenceTables) -> None:
    document = {**default_policy().document(), "cap": {"find": {"per_hour": 2}}}
    with store(tables) as cif:
        register(cif, STEWARD, "1")
        with Under(cif, Policy.from_document(document)):
            for _ in range(2):
                cif.customers.search("赵钱孙", birth_year=1990, actor=MANAGER, purpose=SERVICE)
            with pytest.raises(AccessError):
                cif.customers.search("赵钱孙", birth_year=1990, actor=MANAGER, purpose=SERVICE)


def test_a_store_searches_by_what_it_was_founded_with(tables: ReferenceTables) -> None:
    for planned, ask in (
        ((), {"birth_year": 1990}),
        (("birth_year",), {"branch": "b"}),
        (("home_branch",), {"birth_year": 1990}),
    ):
        with store(tables, planned) as cif:
            register(cif, STEWARD, "1", birth_date="1990-01-01", identifiers=None)
            with pytest.raises(InputError, match="no indexes for names"):
                cif.customers.search("张伟国", **ask, actor=MANAGER, purpose=SERVICE)
            if planned:
                assert (
                    len(
                        cif.customers.search("张伟国", birth_year=1990, branch="b", actor=MANAGER, purpose=SERVICE).hits
                    )
                    == 1
                )
    with pytest.raises(ConfigurationError, match="birth_year, home_branch, organization, and not by sex"):
        store(tables, ("sex",))


def test_names_follow_merges_and_unmerges_rotations_and_erasure(tables: ReferenceTables, tmp_path: Path) -> None:
    auditor = known(Actor(id="a.sun", roles={"auditor", "compliance", "privacy_officer", "key_custodian", "steward"}))
    second = known(attrs.evolve(auditor, id="a.two", person="a.two"))
    with store(tables) as cif:
        one = register(cif, STEWARD, "1", identifiers=None, birth_date="1990-01-01").cif_no
        two = register(
            cif, STEWARD, "2", identifiers=None, name="李娜", birth_date="1991-02-02", phone="15499999999"
        ).cif_no
        merge = cif.matches.propose_merge(one, two, actor=STEWARD, reason="r")
        cif.approvals.approve(merge.id, actor=second)
        assert [
            hit.view.cif_no
            for hit in cif.customers.search("李那", birth_year=1991, actor=MANAGER, purpose=SERVICE).hits
        ] == [one]
        assert cif.verify(actor=auditor).intact
        apart = cif.matches.propose_unmerge(two, actor=STEWARD, reason="r")
        cif.approvals.approve(apart.id, actor=second)
        assert [
            hit.view.cif_no
            for hit in cif.customers.search("李那", birth_year=1991, actor=MANAGER, purpose=SERVICE).hits
        ] == [two]
        assert cif.verify(actor=auditor).intact
        cif.erasures.restrict(two, reason="r", actor=auditor)
        assert cif.customers.search("李那", birth_year=1991, actor=MANAGER, purpose=SERVICE).hits == ()
        erase = cif.erasures.propose(two, reason="r", actor=auditor)
        cif.approvals.approve(erase.id, actor=second)
        data: Any = cif._repository
        names = {row.index_name for row in data._data.indexes.rows.values() if row.cif_no == two}
        assert names == set()
        assert cif.verify(actor=auditor).intact


names = st.text(CHARACTERS, min_size=2, max_size=5)


def features(name: str) -> Features:
    person = person_name(name)
    return Features(kind=PartyKind.INDIVIDUAL, person=person, readings=person.readings, born="1990-01-01", branch="b")


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and the same with one character another, left out, put in, or in its neighbour's place."""
    name = draw(names)
    at, how = draw(st.integers(0, len(name) - 1)), draw(st.sampled_from(["other", "out", "in", "swap"]))
    other = draw(st.sampled_from(CHARACTERS))
    if how == "other":
        return name, name[:at] + other + name[at + 1 :]
    if how == "out":
        return name, name[:at] + name[at + 1 :]
    if how == "in":
        return name, name[:at] + other + name[at:]
    return name, name[:at] + name[at : at + 2][::-1] + name[at + 2 :]


FIRMS = [
    "上海星河科技有限公司", "上海银河科技有限公司", "星河(广州)贸易股份有限公司", "上海华伟机械制造有限公司", "Skyline Trading Co., Ltd.",
]  # fmt: skip


@pytest.fixture(scope="module")
def firms(tables: ReferenceTables) -> Iterator[CIF]:
    with store(tables, ("organization",)) as cif:
        for n, name in enumerate(FIRMS):
            form = party_from({"name": name, "phone": f"1540000010{n}", "home_branch": "b"}, Organization)
            cif.customers.register(form, channel="counter", source_key=str(n), actor=STEWARD, occasion="lead")
        register(cif, STEWARD, "p", name="星河", identifiers=None)
        yield cif


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("上海星河科技有限公司", {"0": "same", "1": "edit"}), ("上海星河科技", {"0": "spelling", "1": "edit"}),
        ("上海星何科技有限公司", {"0": "sound"}), ("xinghe keji", {"0": "sound"}), ("huawei jixie zhizao", {"3": "sound"}), ("shanghai xinghe keji", {"0": "sound"}), ("上海星河科枝", {"0": "edit"}),
        ("上海兴银河科技", {"1": "edit"}), ("上梅星河科技有限公司", {"0": "edit"}), ("海星河科技", {"0": "edit"}),
        ("星河科技", {"0": "spelling"}), ("星河", {"0": "spelling", "2": "spelling"}), ("华伟", {"3": "spelling"}),
        ("skyline trading", {"4": "spelling"}), ("Skyline Tradding Ltd", {"4": "edit"}), ("无人科技", {}),
    ],
)  # fmt: skip
def test_an_organization_is_found_however_its_name_is_written(firms: CIF, name: str, expected: dict[str, str]) -> None:
    assert dict(found(firms, name, kind=PartyKind.ORGANIZATION)) == expected


def test_organizations_are_narrowed_by_branch_and_rule_and_never_people(firms: CIF) -> None:
    ask: dict[str, Any] = {"kind": PartyKind.ORGANIZATION}
    assert found(firms, "星河", branch="b", **ask) == found(firms, "星河", **ask) != []
    assert found(firms, "星河", branch="c", **ask) == []
    assert found(firms, "星河", where="branch = 'x'", **ask) == []
    assert {hit.view.kind for hit in firms.customers.search("星河", **ask, actor=STEWARD, purpose=SERVICE).hits} == {
        PartyKind.ORGANIZATION
    }


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"name": "星"}, "one character or a few"), ({"name": "abc"}, "one character or a few"), ({"name": "(有限公司)"[:2]}, "one character"),
        ({"name": "星河科技", "birth_year": 1990}, "no birth year"),
    ],
)  # fmt: skip
def test_what_would_find_too_many_organizations_is_refused(firms: CIF, ask: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        firms.customers.search(**ask, kind=PartyKind.ORGANIZATION, actor=MANAGER, purpose=SERVICE)


def test_a_store_without_the_index_says_how_to_add_it(tables: ReferenceTables) -> None:
    with store(tables, ("birth_year",)) as cif, pytest.raises(InputError, match="--name-search organization"):
        cif.customers.search("星河科技", kind=PartyKind.ORGANIZATION, actor=MANAGER, purpose=SERVICE)


@given(st.lists(st.sampled_from("云汉星河银科技贸易上海华伟行"), min_size=4, max_size=30).map("".join), st.data())
@settings(max_examples=300)
def test_an_organization_and_its_edit_share_a_key(name: str, data: st.DataObject) -> None:
    at, other = data.draw(st.integers(0, len(name) - 1)), data.draw(st.sampled_from("云汉星河银科技"))
    how = data.draw(st.sampled_from(["other", "out", "in"]))
    changed = name[:at] + ("" if how == "out" else other) + name[at + (how != "in") :]
    one, theirs = organization_name(name), organization_name(changed)
    if alike_organizations(one, theirs) is not None:
        assert {*organization_search_keys(one)} & {*organization_search_keys(theirs)}


@given(edited())
@settings(max_examples=400)
def test_a_name_and_its_edit_share_a_key_and_are_alike(pair: tuple[str, str]) -> None:
    one, other = pair
    assume(len(other) > 1)
    assert alike(person_name(one), person_name(other)) is not None
    mine, theirs = (set(search_keys(features(name), INDEXES)) for name in pair)
    assert mine & theirs
    for beside in ("year", "branch"):
        assert {key for key in mine & theirs if key.index.endswith(beside)}


SAME_SOUND = {usual: [c for c in characters if is_han(c)] for (usual, *_), characters in reading_groups()}


@st.composite
def of_one_sound(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and another that is written with characters of the same usual reading."""
    name = draw(names)
    spoken = [SAME_SOUND.get(readings(character)[0], [character]) for character in name]
    return name, "".join(draw(st.sampled_from(characters[:40])) for characters in spoken)


@given(of_one_sound())
@settings(max_examples=200)
def test_names_of_one_sound_share_a_key(pair: tuple[str, str]) -> None:
    one, other = map(person_name, pair)
    assume(
        not set(one.readings[:2]).isdisjoint(other.readings[:2])
    )  # a surname may be read otherwise than its character
    mine, theirs = (set(search_keys(features(name), INDEXES)) for name in pair)
    assert {key for key in mine & theirs if key.index == "sound_year"}
    assert alike(one, other) is not None


@given(names)
def test_no_part_of_one_character_stands_alone(name: str) -> None:
    """Security: D5. Each key has the year or the branch beside it, and one character is a part only of a name of two."""
    for key in search_keys(features(name), INDEXES):
        text, beside = key.value
        assert beside in ("1990", "b")
        units = text.split(" ")
        assert (
            len(units) > 1
            or key.index.startswith("sound")
            or (len(person_name(name).key) == 2 and key.index.startswith("part"))
        )
    assert search_keys(attrs.evolve(features(name), born="", branch=""), INDEXES) == []
    assert search_keys(features(name), frozenset()) == []


@given(st.lists(st.tuples(names, st.sampled_from(["1990", "1991"])), min_size=1, max_size=8), st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_found_is_who_is_alike_and_of_the_year(
    tables: ReferenceTables, people: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Nobody else comes out, and of one edit, one sound or another script nobody is missing."""
    with store(tables) as cif:
        for n, (name, year) in enumerate(people):
            register(
                cif,
                STEWARD,
                str(n),
                name=name,
                identifiers=None,
                phone=f"154000000{n:02}",
                birth_date=f"{year}-01-0{1 + n}",
            )
        asked = data.draw(names | st.sampled_from([name for name, _ in people]))
        got = {key for key, _ in found(cif, asked, birth_year=1990)}
        like = {
            str(n)
            for n, (name, year) in enumerate(people)
            if year == "1990" and alike(person_name(asked), person_name(name))
        }
        assert got == like
