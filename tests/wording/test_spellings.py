"""
Whether two spellings may be one person's name.

Sources of the cases: ICAO Doc 9303 part 3 for transliteration; the published tables of Wade-Giles; names of public
persons as Hong Kong, Taiwan and Singapore write them; the rest is made up.
"""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bankcif.testing import strategies
from bankcif.wording import Ground, compatible, person_name, standard_form
from bankcif.wording.spellings import _wade_giles


def ground(one: str, other: str) -> Ground | None:
    found = compatible(person_name(one), person_name(other))
    assert compatible(person_name(other), person_name(one)) is found
    return found


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("張偉", "张伟", Ground.TRADITIONAL),
        ("李峯", "李峰", Ground.TRADITIONAL),
        ("王沢民", "王泽民", Ground.VARIANT),
        ("买买提·艾力", "买买提艾力", Ground.VARIANT),
        ("王大丑", "王大纽", Ground.LOOK_ALIKE),
        ("王大丑", "李大纽", None),
        ("陈大文", "CHAN Tai Man", Ground.ROMANIZATION),
        ("陳大文", "Tai-man CHAN", Ground.ROMANIZATION),
        ("李家辉", "LEE Ka Fai Peter", Ground.ROMANIZATION),
        ("李家辉", "Peter LEE Ka Fai", Ground.ROMANIZATION),
        ("黄国强", "WONG Kwok Keung", Ground.ROMANIZATION),
        ("蔡英文", "TSAI Ing-wen", None),  # neither system: Tongyong and custom spellings are not tables
        ("马英九", "MA Ying-chiu", Ground.ROMANIZATION),
        ("陈水扁", "CHEN Shui-pien", Ground.ROMANIZATION),
        ("林清国", "LIM Qingguo", Ground.ROMANIZATION),
        ("陈明", "TAN Ming", Ground.ROMANIZATION),
        ("陈大文", "WONG Tai Man", None),
        ("陈大文", "CHAN Siu Ming", None),
        ("陈大文", "CHAN Tai", None),
        ("Jürgen Müller", "JUERGEN MUELLER", Ground.ROMANIZATION),
        ("Jürgen Müller", "Jurgen Muller", Ground.VARIANT),
        ("Søren Ågård", "SOEREN AAGAARD", Ground.ROMANIZATION),
        ("Ludwig van Beethoven", "Beethoven, Ludwig", Ground.ORDER),
        ("Bill Smith", "William Smith", Ground.NICKNAME),
        ("Smith, Bill", "William Smith", Ground.NICKNAME),
        ("Bill Smith", "William Jones", None),
        ("Bill", "William", None),
        ("阿卜杜拉热合曼·买买", "阿卜杜拉热合曼·买买提明", Ground.TRUNCATED),
        ("张伟", "张伟国", None),
        ("Alexandria Bartholomew", "Alexandria Barthol", Ground.TRUNCATED),
        ("Ann Lee", "Ann Leeds", None),
        ("王建国", "王建军", None),
    ],
)
def test_ground(one: str, other: str, expected: Ground | None) -> None:
    assert ground(one, other) is expected


# Source: tables of Wade-Giles.
@pytest.mark.parametrize(
    ("pinyin", "written"),
    [
        ("zhang", "chang"), ("qian", "chien"), ("xiong", "hsiung"), ("zi", "tzu"), ("zhi", "chih"), ("ri", "jih"),
        ("rong", "jung"), ("guo", "kuo"), ("duo", "to"), ("lve", "lueh"), ("xue", "hsueh"), ("jie", "chieh"),
        ("yi", "i"), ("yan", "yen"), ("dong", "tung"), ("bian", "pien"), ("cai", "tsai"), ("jiu", "chiu"),
        ("xu", "hsu"), ("gui", "kuei"), ("sui", "sui"), ("wang", "wang"), ("he", "ho"), ("nv", "nu"),
    ],
)  # fmt: skip
def test_wade_giles(pinyin: str, written: str) -> None:
    assert _wade_giles(pinyin) == written


@given(strategies.han_names | st.text("abcdefgh -äöüßéø", max_size=20), strategies.han_names | strategies.texts)
def test_it_is_symmetric_and_never_fails(one: str, other: str) -> None:
    ground(one, other)
    assert ground(one, one) is Ground.IDENTICAL


@pytest.mark.parametrize(
    ("text", "standard"),
    [
        ("张伟先生先生", "张伟"),
        ("张伟（已故）", "张伟"),
        ("【张伟】", "张伟"),
        ("张伟(男)先生", "张伟"),
        ("·张伟·", "张伟"),
        ("王先生", "王先生"),
        ("（李）", "李"),
        ("Mr. John Smith", "John Smith"),
        ("Dr Prof Jane Doe", "Jane Doe"),
        ("Mr", "Mr"),
    ],
)
def test_what_stands_around_a_name_is_taken_off(text: str, standard: str) -> None:
    assert standard_form(text) == standard
    assert standard_form(standard) == standard


@given(st.text("张伟先生女士()（）【】·. 教授", max_size=24))
def test_the_standard_form_stays_and_is_never_lost(text: str) -> None:
    once = standard_form(text)
    assert standard_form(once) == once


@pytest.mark.parametrize(
    ("text", "surname", "given"),
    [
        ("Ludwig van Beethoven", "vanbeethoven", "ludwig"),
        ("Maria de la Cruz", "delacruz", "maria"),
        ("Van Morrison", "morrison", "van"),
        ("Søren Kierkegaard", "kierkegaard", "soren"),
        ("Madonna", "", "madonna"),
    ],
)
def test_a_particle_belongs_to_the_surname(text: str, surname: str, given: str) -> None:
    name = person_name(text)
    assert (name.surname, name.given) == (surname, given)
