"""Names, organizations, addresses, placeholders."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bankcif.party import ReferenceTables
from bankcif.testing import strategies
from bankcif.wording import (
    AddressBook,
    Ground,
    compatible,
    is_han,
    is_placeholder,
    person_name,
    standard_form,
    surname_length,
)


@pytest.mark.parametrize(
    ("text", "standard"),
    [
        ("张 伟", "张伟"),
        ("张伟先生", "张伟"),
        ("先生", "先生"),
        ("買買提•艾力", "買買提·艾力"),
        ("阿卜杜拉．艾山", "阿卜杜拉·艾山"),
        ("李\ue863", "李䶮"),
        ("ＡＮＮ  Ｌｅｅ", "ANN Lee"),
        ("郎平", "郎平"),  # a compatibility ideograph stays in a legal name
    ],
)
def test_standard_form(text: str, standard: str) -> None:
    assert standard_form(text) == standard


@pytest.mark.parametrize(
    ("text", "surname", "given", "reading"),
    [
        ("张伟", "张", "伟", "zhangwei"),
        ("歐陽鋒", "欧阳", "锋", "ouyangfeng"),
        ("单雄信", "单", "雄信", "shanxiongxin"),
        ("仇英", "仇", "英", "qiuying"),
        ("令狐冲", "令狐", "冲", "linghuchong"),
        ("欧阳", "欧阳", "", "ouyang"),
        ("李", "李", "", "li"),
    ],
)
def test_a_han_name_is_split_and_read(text: str, surname: str, given: str, reading: str) -> None:
    name = person_name(text)
    assert (name.surname, name.given) == (surname, given)
    assert name.readings[0] == reading


def test_every_spelling_of_an_umlaut_is_a_reading() -> None:
    assert set(person_name("吕布").readings) == {"lvbu", "lubu", "lyubu"}


@pytest.mark.parametrize(
    ("one", "other", "ground"),
    [
        ("张伟", "张伟", Ground.IDENTICAL),
        ("張偉", "张伟", Ground.TRADITIONAL),
        ("买买提·艾力", "买买提艾力", Ground.VARIANT),
        ("张伟", "章炜", Ground.HOMOPHONE),
        ("张伟国", "Weiguo Zhang", Ground.ROMANIZATION),
        ("张伟国", "ZHANG WEIGUO", Ground.ROMANIZATION),
        ("吕布", "LYU BU", Ground.ROMANIZATION),
        ("Peter LEE", "LEE, Peter", Ground.ORDER),
        ("王建国", "王建军", None),
        ("张伟", "李伟", None),
        ("张伟国", "Weimin Zhang", None),
        ("Ann Lee", "Ann Li", None),
    ],
)
def test_compatible(one: str, other: str, ground: Ground | None) -> None:
    assert compatible(person_name(one), person_name(other)) is ground


@given(strategies.han_names, strategies.han_names)
def test_compatibility_is_symmetric_and_reflexive(one: str, other: str) -> None:
    a, b = person_name(one), person_name(other)
    assert compatible(a, a) is Ground.IDENTICAL
    assert compatible(a, b) is compatible(b, a)


@given(strategies.texts)
def test_no_name_raises_and_the_standard_form_stays(text: str) -> None:
    name = person_name(text)
    assert standard_form(name.standard) == name.standard
    assert len(name.readings) <= 4


@pytest.fixture(scope="module")
def book(tables: ReferenceTables) -> AddressBook:
    return AddressBook(tables.divisions)


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("北京市朝阳区建国路88号", "110105", "建国路88号"),
        ("北京朝阳建国路88号", "110105", "建国路88号"),
        ("浙江省杭州市西湖區文三路1號", "330106", "文三路1号"),
        ("浙江杭州文三路", "330100", "文三路"),
        ("杭州市西湖区文三路", "330106", "文三路"),
        ("上海浦东新区世纪大道1号", "310115", "世纪大道1号"),
        ("海南省儋州市那大镇", "460400", "那大镇"),
        ("云汉省星河市长庚区银河路1号", "880101", "银河路1号"),
        ("新疆维吾尔自治区乌鲁木齐市天山区", "650102", ""),
        ("朝阳区某街", "", "朝阳区某街"),  # several prefectures have one
        ("Lane 1, London", "", "Lane1London"),
        ("", "", ""),
    ],
)
def test_address(book: AddressBook, text: str, code: str, detail: str) -> None:
    read = book.read(text)
    assert (read.code, read.detail) == (code, detail)


def test_buildings_and_rooms_compare_alike(book: AddressBook) -> None:
    keys = {book.read(f"星河市长庚区银河路1号3{word}201{room}").key for word in "幢栋座" for room in "室房"}
    assert len(keys) == 1


@given(strategies.texts)
def test_no_address_raises(book: AddressBook, text: str) -> None:
    assert book.read(text).text == " ".join(book.read(text).text.split())


@pytest.mark.parametrize("text", ["无", "N/A", "null", "-", "--", "0", "", "  ", "暂无", "1900-01-01", "TEST"])
def test_placeholders(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["00000000000", "13800138000", "111111111111111111", "13888888888", "12345678", "987654321"]
)
def test_placeholders_of_numbers(text: str) -> None:
    assert is_placeholder(text, number=True)


@pytest.mark.parametrize("text", ["13912345670", "15400008000", "11010519491231002X", "010-65529988", "张伟", "李无"])
def test_values_are_no_placeholders(text: str) -> None:
    assert not is_placeholder(text, number=True)


@given(st.text(st.sampled_from("欧阳诸葛王张李鍾钟伟国先生女士·经理·(女)㐀〇𠮷龥鿿"), min_size=1, max_size=5))
def test_the_length_of_a_surname_is_that_of_the_name_taken_apart(text: str) -> None:
    """A common name takes a short way to the same."""
    if any(map(is_han, standard_form(text))):
        assert surname_length(text) == len(person_name(text).surname)
