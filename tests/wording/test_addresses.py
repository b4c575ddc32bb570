"""Addresses by level: the labelled set, old names, comparison. Roads, compounds and numbers are invented."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, strategies as st

from bankcif.party import divisions
from bankcif.testing import strategies
from bankcif.wording import Address, AddressBook, Level, compare_addresses
from bankcif.wording.levels import address_key, han_number, read_levels

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def book() -> AddressBook:
    return AddressBook(divisions())


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_addresses", ROOT / "bench" / "addresses.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def levels(address: Address) -> dict[str, str]:
    return {level.value: name for level, name in address.levels.items()}


def test_the_labelled_set_is_read_as_well_as_the_documentation_says(book: AddressBook, bench: ModuleType) -> None:
    cases = bench.labelled()
    assert len(cases) >= 300
    read = [book.read(text) for _, text, _ in cases]
    whole = [
        one.code == code and dict(one.levels) == wanted for one, (code, _, wanted) in zip(read, cases, strict=True)
    ]
    assert sum(whole[::2]) >= 150, "the half that was tuned on"
    assert sum(whole[1::2]) >= 140, "the half that was not"


@pytest.mark.parametrize(
    ("text", "code", "region", "former", "until"),
    [
        ("湖北省襄樊市襄城区荆州街75号", "420602", ("湖北省", "襄阳市", "襄城区"), "襄樊市", "2010-12-09"),
        ("湖北襄樊中山街1号", "420600", ("湖北省", "襄阳市"), "襄樊市", "2010-12-09"),
        ("北京市崇文区花市街12号", "110101", ("北京市", "东城区"), "崇文区", "2010-07-01"),
        ("山东省莱芜市莱城区凤城街1号", "370116", ("山东省", "济南市", "莱芜区"), "莱城区", "2018-12-26"),
        ("广西柳州地区忻城县芝州路5号", "451321", ("广西壮族自治区", "来宾市", "忻城县"), "忻城县", "2002-12-31"),
        ("吉林市丰满区吉林街2号", "220211", ("吉林省", "吉林市", "丰满区"), None, None),
        ("吉林省吉林市丰满区吉林街2号", "220211", ("吉林省", "吉林市", "丰满区"), None, None),
        ("云南怒江州兰坪县金顶镇", "533325", ("云南省", "怒江傈僳族自治州", "兰坪白族普米族自治县"), None, None),
        ("北京市北京市朝阳区建安路1号", "110105", ("北京市", "朝阳区"), None, None),
        ("太仓市城厢镇", "320585", ("江苏省", "苏州市", "太仓市"), None, None),
        ("鼓楼区中山路1号", "", (), None, None),
    ],
)  # fmt: skip
def test_an_old_name_leads_to_where_the_place_lies_today(
    book: AddressBook, text: str, code: str, region: tuple[str, ...], former: str | None, until: str | None
) -> None:
    read = book.read(text)
    assert (read.code, read.region) == (code, region)
    assert (read.former and read.former.name) == former
    assert (read.former and read.former.until) == until


def test_every_division_is_found_under_its_whole_path(book: AddressBook) -> None:
    table = divisions()
    middle = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
    for one in table:
        if one.former or one.name in middle:
            continue
        above = [table.get(code) for code in dict.fromkeys((one.code[:2] + "0000", one.code[:4] + "00", one.code))]
        path = "".join(part.name for part in above if part is not None and part.name not in middle)
        assert book.read(f"{path}银河路1号").code == one.code, path


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("银河路1号3-2-501", {"road": "银河路", "number": "1", "building": "3", "unit": "2", "room": "501"}),
        ("银河路1号3#2-501", {"road": "银河路", "number": "1", "building": "3", "unit": "2", "room": "501"}),
        ("银河路1号三号楼二单元501室", {"road": "银河路", "number": "1", "building": "3", "unit": "2", "room": "501"}),
        ("银河路1号18楼302", {"road": "银河路", "number": "1", "building": "18", "room": "302"}),
        ("银河路1号12楼1203", {"road": "银河路", "number": "1", "floor": "12", "room": "1203"}),
        ("银河路1号", {"road": "银河路", "number": "1"}),
        ("银河路20弄3号402", {"road": "银河路", "number": "20弄3", "room": "402"}),
        ("银河镇长庚村三组二十一号", {"township": "银河镇", "village": "长庚村", "number": "3组21"}),
        ("镇江路3号", {"road": "镇江路", "number": "3"}),
        ("", {}),
        ("对面", {}),
    ],
)
def test_levels(detail: str, expected: dict[str, str]) -> None:
    found = {level.value: name for level, name in read_levels(detail).items()}
    assert {level: name for level, name in found.items() if level != "compound"} == expected


@pytest.mark.parametrize(
    ("text", "digits"),
    [("三", "3"), ("十", "10"), ("十二", "12"), ("二十", "20"), ("二十三", "23"), ("一百零五", "105"), ("一〇二", "102"),
     ("A三座", "A3座"), ("两", "2")],
)  # fmt: skip
def test_han_numbers(text: str, digits: str) -> None:
    assert han_number(text) == digits


SAME_HOME = [
    "浙江省杭州市西湖区文心路118号金星花园3幢2单元501室", "浙江杭州西湖区文心路118号3幢2单元501",
    "杭州市西湖区文心路118号金星花园3-2-501", "浙江省杭州市西湖區文心路１１８號３棟２單元５０１室",
    "浙江省杭州市西湖区翠苑街道文心路118号三号楼二单元501（金星花园）", "浙江省，杭州市，西湖区，文心路118号，3幢，2单元，501室",
]  # fmt: skip


@pytest.mark.parametrize("text", SAME_HOME)
def test_one_home_has_one_key_in_every_spelling(book: AddressBook, text: str) -> None:
    assert (book.read(text).code, book.read(text).key) == ("330106", "文心路|118||3|2||501")


def test_two_addresses_are_compared_level_by_level(book: AddressBook) -> None:
    home = book.read(SAME_HOME[0])
    found = compare_addresses(home, book.read("杭州市西湖区文心路118号3幢2单元502室"))
    assert found.same == ("province", "prefecture", "county", "road", "number", "building", "unit")
    assert found.different == ("room",)
    assert 0.7 < found.similarity < 1
    street = compare_addresses(home, book.read("文心路118号"))
    assert (street.same, street.different, street.similarity) == (("road", "number"), (), 1.0)
    apart = compare_addresses(home, book.read("四川省成都市武侯区科华路1号"))
    assert not apart.same
    assert apart.similarity == 0
    assert compare_addresses(home, book.read("")).similarity == 0
    renamed = compare_addresses(book.read("北京市崇文区花市街12号"), book.read("北京市东城区花市街12号"))
    assert renamed.different == ()


@pytest.mark.parametrize(
    ("text", "postcode"),
    [("310012浙江省杭州市西湖区银河路1号501室", "310012"), ("中国310012浙江省杭州市西湖区银河路1号501室", "310012"),
     ("浙江省杭州市西湖区银河路1号501室 310012", "310012"), ("浙江省杭州市西湖区银河路1号501室 邮编:310012", "310012"),
     ("浙江省杭州市西湖区银河路1号501室", "")],
)  # fmt: skip
def test_a_postcode_is_read_and_does_not_count(book: AddressBook, text: str, postcode: str) -> None:
    read = book.read(text)
    assert (read.code, read.key, read.postcode) == ("330106", "银河路|1|||||501", postcode)


pieces = st.sampled_from(
    ["浙江省", "杭州市", "西湖区", "长庚街道", "东村", "银河路", "1号", "3幢", "二单元", "5层", "501室", "-", "2", "#", "A座", "与",
     "小区", " ", "（", "）", "十", "号", "楼", "弄", "附", "之", "第"]
)  # fmt: skip


@given(st.lists(pieces, max_size=14).map("".join) | strategies.texts, st.lists(pieces, max_size=8).map("".join))
def test_any_text_is_read_compared_and_kept(book: AddressBook, one: str, other: str) -> None:
    first, second = book.read(one), book.read(other)
    assert first == book.read(first.text)
    assert all(first.levels.values())
    assert compare_addresses(first, first).different == ()
    there, back = compare_addresses(first, second), compare_addresses(second, first)
    assert there == back
    assert 0 <= there.similarity <= 1
    assert address_key(first.levels) == first.key
    assert list(Level) == sorted(Level, key=list(Level).index)
