"""Screening a list of names finds all that comparing with each of them would."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings, strategies as st

from bankcif.matching import ListedName, Screener, alike_organizations
from bankcif.matching.search_keys import Likeness, alike
from bankcif.party import PartyKind
from bankcif.wording import organization_name, person_name

P, ORG = PartyKind
HAN = "张章王黄李力明铭伟玮小晓欧阳国华花丽莉芳"
WORDS = ("maria", "mary", "bill", "william", "juan", "jose", "de", "la", "garcia", "smith", "smyth", "müller", "mueller", "chen", "chan", "zhang", "cheung", "wei", "ka", "fai", "o'neil", "jean-luc", "wong", "huang", "lee", "li")  # fmt: skip
han_names = st.text(HAN, min_size=1, max_size=7)
latin_names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
persons = han_names | latin_names
COMPANIES = ("上海", "杭州", "浙江", "星河", "星合", "云汉", "科技", "贸易", "银行", "工商", "中国", "有限公司", "股份有限公司", "杭州分公司", "集团", "(上海)", "工行", "行")  # fmt: skip
companies = st.lists(st.sampled_from(COMPANIES), min_size=1, max_size=5).map("".join)


def edited(name: str, rng: Random) -> str:
    at = rng.randrange(len(name))
    return (
        rng.choice(
            [
                name[:at] + name[at + 1 :],
                name[:at] + rng.choice(HAN) + name[at + 1 :],
                name[:at] + rng.choice(HAN) + name[at:],
                name,
            ]
        )
        or name
    )


@settings(max_examples=300)
@given(st.lists(persons, min_size=1, max_size=12), persons)
@example(["CHAN Tai Man"], "陈大文")
@example(["陈大文"], "CHAN Tai Man")
@example(["张伟国"], "张伟国华")
@example(["Jean Luc de la Garcia"], "garcia jean luc")
def test_of_persons_a_look_up_finds_what_comparing_with_each_does(listed: list[str], asked: str) -> None:
    screener = Screener([ListedName(n, P, name) for n, name in enumerate(listed)])
    found = {hit.entry: hit.likeness for hit in screener.hits(P, [asked])}
    wanted = {n: alike(person_name(asked), person_name(name)) for n, name in enumerate(listed)}
    assert found == {n: likeness for n, likeness in wanted.items() if likeness is not None}


@settings(max_examples=300)
@given(st.lists(companies, min_size=1, max_size=12), companies)
@example(["中国工商银行股份有限公司"], "工行")
@example(["星河(上海)科技有限公司"], "星河科技有限公司")
@example(
    ["新疆维吾尔自治区伊犁哈萨克自治州察布查尔锡伯自治县星河科技有限公司"],
    "新疆维吾尔自治区伊犁哈萨克自治州察布查尔锡伯自治县星海科技有限公司",
)
@example(["上海星河科技有限公司"], "xinghe keji")
def test_of_organizations_a_look_up_finds_what_comparing_with_each_does(listed: list[str], asked: str) -> None:
    screener = Screener([ListedName(n, ORG, name) for n, name in enumerate(listed)])
    found = {hit.entry: hit.likeness for hit in screener.hits(ORG, [asked])}
    wanted = {
        n: alike_organizations(organization_name(asked), organization_name(name)) for n, name in enumerate(listed)
    }
    assert found == {n: likeness for n, likeness in wanted.items() if likeness is not None}


@pytest.mark.parametrize(("listed", "asked", "likeness"), [
    ("张伟国", "张伟国", Likeness.SAME), ("張偉國", "张伟国", Likeness.SPELLING), ("张伟国", "章伟国", Likeness.SOUND), ("ZHANG Weiguo", "张伟国", Likeness.SOUND),
    ("张伟国", "张玮国", Likeness.SOUND), ("张国伟", "张伟国", Likeness.EDIT), ("Smith, John", "John Smith", Likeness.SPELLING), ("William Smith", "Bill Smith", Likeness.SPELLING),
    ("John Smyth", "John Smith", Likeness.EDIT), ("王小明", "李大华", None),
])  # fmt: skip
def test_how_a_name_is_like_a_listed_one(listed: str, asked: str, likeness: Likeness | None) -> None:
    hits = Screener([ListedName(0, P, listed)]).hits(P, [asked])
    assert [hit.likeness for hit in hits] == ([] if likeness is None else [likeness])


def test_the_likest_come_first_and_another_year_of_birth_counts_against() -> None:
    listed = [
        ListedName(0, P, "张伟国", 1970),
        ListedName(0, P, "ZHANG Weiguo", 1970),
        ListedName(1, P, "章伟国", 1990),
        ListedName(2, ORG, "张伟国"),
    ]
    screener = Screener(listed)
    assert [(hit.entry, hit.score) for hit in screener.hits(P, ["张伟国"], born=1971)] == [(0, 100), (1, 55)]
    assert [(hit.entry, hit.score) for hit in screener.hits(P, ["张伟国", "章伟国"])] == [(0, 100), (1, 100)]
    assert [hit.entry for hit in screener.hits(P, ["张伟国"], born=1971, least=60)] == [0]
    assert [hit.entry for hit in screener.hits(ORG, ["张伟国"])] == [2]


def test_planted_misspellings_are_found() -> None:
    """Recall over names that were changed as people and systems change them, of those that the comparison takes to be alike."""
    rng = Random(7)
    listed = ["".join(rng.sample(HAN, 3)) for _ in range(500)]
    screener = Screener([ListedName(n, P, name) for n, name in enumerate(listed)])
    for n, name in enumerate(listed):
        asked = edited(name, rng)
        like = alike(person_name(asked), person_name(name))
        assert (n in {hit.entry for hit in screener.hits(P, [asked])}) is (like is not None)
