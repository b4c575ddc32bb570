"""What counters type every day: forms that differ by nothing, and ones that look alike and are another's."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bankcif._visible import visible
from bankcif.identifiers import standard_schemes
from bankcif.intake import Standardizer
from bankcif.party import PartyKind, ReferenceTables, code_lists, divisions
from bankcif.wording import (
    AddressBook,
    OrganizationGround,
    compatible_organizations,
    organization_name,
    person_name,
    simplify,
    standard_form,
)

BOOK = AddressBook(divisions())
HANGZHOU = "浙江省杭州市西湖区"
UNSEEN = "\u00ad\u200b\u200d\u200e\u2060\u3164\ufe0f\ufeff\U000e0100"


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(UNSEEN)), max_size=4))
def test_what_nobody_sees_makes_no_difference(put: list[tuple[int, str]]) -> None:
    def pasted(text: str) -> str:
        for at, character in put:
            text = text[:at] + character + text[at:]
        return text

    assert visible(pasted("张伟")) == "张伟"
    for name in ("欧阳伟国", "Anna Eriksson"):
        assert standard_form(pasted(name)) == name
        assert person_name(pasted(name)) == person_name(name)
    firm = "杭州恒瑞科技有限公司"
    assert organization_name(pasted(firm)) == organization_name(firm)
    home = f"{HANGZHOU}文三路90号3幢501室"
    assert BOOK.read(pasted(home)) == BOOK.read(home)
    schemes = standard_schemes()
    for scheme, value in (
        ("phone", "13812345670"),
        ("email", "zhang@mail.cn"),
        ("cn.resident_id", "11010519491231002X"),
    ):
        assert schemes[scheme].validate(pasted(value)).value == schemes[scheme].validate(value).value


def test_what_was_pasted_is_kept_beside_and_codes_are_read(tables: ReferenceTables) -> None:
    made = Standardizer(
        schemes=standard_schemes(), addresses=AddressBook(tables.divisions), codes=tables.codes
    ).standardize(PartyKind.INDIVIDUAL, {"name": "张伟\u200b", "sex": " １", "nationality": "中国台湾"})
    assert made.values == {"name": "张伟", "sex": "1", "nationality": "TW"}
    assert made.given["name"] == "张伟\u200b"
    assert not made.faults


@pytest.mark.parametrize(
    ("text", "code"),
    [("中国台湾", "TW"), ("台湾省", "TW"), ("中国澳门", "MO"), ("香港特别行政区", "HK"), ("cn", "CN"), ("ＣＨＮ", "CN"), ("156", "CN"), ("nowhere", None)],
)  # fmt: skip
def test_a_country_as_it_is_written(text: str, code: str | None) -> None:
    assert code_lists()["country"].read(text) == code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("翠苑新村1区3幢2单元501室", "翠苑新村1区3幢2单元502室"), ("桂花园2期3幢2单元501室", "桂花园2期3幢2单元601室"),
        ("人民南路4段20号3幢501室", "人民南路4段20号3幢601室"), ("文三路90号3幢2单元五〇一室", "文三路90号3幢2单元六〇一室"), ("文三路90号3/2/501", "文三路90号3/2/601"),
        ("文三路90号3幢地下1层", "文三路90号3幢1层"), ("文三路90号3幢负1层", "文三路90号3幢1层"),
    ],
)  # fmt: skip
def test_another_home_is_another(one: str, other: str) -> None:
    first, second = BOOK.read(HANGZHOU + one), BOOK.read(HANGZHOU + other)
    assert first.key
    assert second.key
    assert first.key != second.key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("人民南路4段20号3幢501室", "人民南路四段20号3幢501室"), ("文三路90号3幢2单元五〇一室", "文三路90号3幢2单元501室"), ("新民村第5村民小组12号", "新民村5组12号"),
        ("新民村第五组12号", "新民村5组12号"), ("新民村5社12号", "新民村5组12号"), ("03幢02单元0501室", "3幢2单元501室"), ("文三路-90号", "文三路90号"),
        ("文三路90号3/2/501", "文三路90号3-2-501"),
    ],
)  # fmt: skip
def test_one_home_in_two_spellings_is_one(one: str, other: str) -> None:
    assert BOOK.read(HANGZHOU + one).key == BOOK.read(HANGZHOU + other).key != ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("河北省石家庄市桥东区中山路1号", "130103"), ("浙江省杭州市市辖区西湖区文三路90号", "330106"), ("北京市市辖区朝阳区建国路1号", "110105"),
        ("浙江省杭州市浙江省杭州市西湖区文三路90号", "330106"), ("广西自治区南宁市青秀区民族大道1号", "450103"), ("内蒙包头市昆都仑区钢铁大街1号", "150203"),
        ("呼伦贝尔市鄂伦春旗阿里河镇1号", "150723"), ("呼伦贝尔市鄂温克旗", "150724"), ("浙江省-杭州市-西湖区-文三路-90号", "330106"), ("吉林省吉林市船营区", "220204"),
        ("新疆自治区乌鲁木齐市天山区", "650102"), ("杭州市市辖区", "330101"),
    ],
)  # fmt: skip
def test_divisions_as_forms_put_them_together(text: str, code: str) -> None:
    assert BOOK.read(text).code == code


@pytest.mark.parametrize(
    ("one", "other", "ground"),
    [
        ("中国银行", "中国农业银行", None), ("中国银行", "中国建设银行股份有限公司", None), ("中国农业银行", "中国农业发展银行", None), ("中国石油", "中国石油化工集团有限公司", None),
        ("中国电子", "中国电子科技集团有限公司", None), ("中行", "中国工商银行", None), ("中行", "中信银行", None), ("中行", "中国银行股份有限公司", "abbreviation"),
        ("工行", "中国工商银行股份有限公司", "abbreviation"), ("农业银行", "中国农业银行", "region"),
        ("天健会计师事务所（特殊普通合伙）", "天健会计师事务所", "identical"), ("天健会计师事务所", "天健会计师有限公司", None), ("恒瑞有限公司。", "恒瑞有限公司", "identical"), ("恒瑞有限公司（已注销）", "恒瑞有限公司", "identical"),
        ("中国工商银行杭州分行", "中国工商银行杭州市分行", "identical"), ("恒瑞科技有限公司上海分公司", "恒瑞科技有限公司上海市分公司", "identical"),
    ],
)  # fmt: skip
def test_firms_of_the_whole_country(one: str, other: str, ground: str | None) -> None:
    found = compatible_organizations(organization_name(one), organization_name(other))
    assert found == (None if ground is None else OrganizationGround(ground))


@pytest.mark.parametrize(
    ("text", "standard"),
    [("(已故)张伟", "张伟"), ("张伟(已故)", "张伟"), ("(张伟)", "张伟"), ("张伟,", "张伟"), ("Jose\u0301 Garci\u0301a", "José García"), ("A´张", "Á张")],
)  # fmt: skip
def test_what_stands_around_a_name(text: str, standard: str) -> None:
    assert standard_form(text) == standard
    assert standard_form(standard) == standard


def test_a_compatibility_ideograph_is_kept_and_compared_as_the_character() -> None:
    assert standard_form("\uf9e1明") == "\uf9e1明"
    assert simplify("\uf9e1明") == "李明"
    assert person_name("\uf9e1明").readings == person_name("李明").readings


@pytest.mark.parametrize(
    ("text", "value", "rules"),
    [
        ("400-820-8820-1", "+864008208820;ext=1", []), ("800-810-1234-2", "+868008101234;ext=2", []), ("010-65529988转分机123", "+861065529988;ext=123", []),
        ("010-65529988分机号：123", "+861065529988;ext=123", []), ("010-65529988（转123）", "+861065529988;ext=123", []), ("010-65529988—123", "+861065529988;ext=123", []),
        ("+86-571-87654321-8001", "+8657187654321;ext=8001", []), ("0571-8765-4321-8001", "+8657187654321;ext=8001", []), ("65529988", None, ["area_code"]),
        ("65529988-8001", None, ["area_code"]), ("852-9123-4567", None, ["area_code"]), ("85291234567", None, ["area_code"]), ("91234567", None, ["area_code"]),
        ("886-2-23456789", None, ["area_code"]), ("+852 9123 4567", "+85291234567", []), ("l3812345678", None, ["not_possible"]),
        ("0571-8765432l", None, ["not_possible"]), ("Tel: 0571-87654321", "+8657187654321", []), ("021-55667788", "+862155667788", []),
    ],
)  # fmt: skip
def test_fixed_lines_as_people_write_them(text: str, value: str | None, rules: list[str]) -> None:
    found = standard_schemes()["phone"].validate(text)
    assert (found.value, [one.rule for one in found.issues]) == (value, rules)


@pytest.mark.parametrize(("text", "value"), [("zhang@163。com", "zhang@163.com"), ("zhang@ＱＱ．com", "zhang@qq.com")])
def test_a_full_stop_of_another_width_is_one(text: str, value: str) -> None:
    assert standard_schemes()["email"].validate(text).value == value


@pytest.mark.parametrize(
    ("text", "code", "road"),
    [
        ("天津市和平区天津路12号", "120101", "天津路"), ("浙江省杭州市浙江路3号", "330100", "浙江路"), ("上海市黄浦区上海市场路1号", "310101", "上海市场路"),
        ("吉林省吉林市吉林大街1号", "220200", "吉林大街"),
    ],
)  # fmt: skip
def test_a_road_that_is_called_after_its_city_keeps_its_name(text: str, code: str, road: str) -> None:
    found = BOOK.read(text)
    assert (found.code, found.levels["road"]) == (code, road)


def test_every_label_of_every_list_is_read(tables: ReferenceTables) -> None:
    lists = [code_lists()[name] for name in code_lists()._lists]
    assert len(lists) > 10
    assert not [
        (one.name, code)
        for one in lists
        for code, names in one.labels.items()
        for name in names
        if one.read(name) is None
    ]
