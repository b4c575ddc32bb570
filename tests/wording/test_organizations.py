"""Names of organizations: parts, branches, and why two spellings may be one. All names are invented."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bankcif.testing import strategies
from bankcif.wording import OrganizationGround, branch_of, compatible_organizations, organization_name

_G = OrganizationGround


@pytest.mark.parametrize(
    ("text", "region", "trade_name", "business", "legal_form", "branch"),
    [
        ("杭州星河恒瑞科技有限公司", "杭州", "星河恒瑞", "科技", "有限公司", ""),
        ("浙江省杭州市星河恒瑞信息技术有限责任公司", "浙江省杭州市", "星河恒瑞", "信息技术", "有限公司", ""),
        ("恒瑞科技（杭州）有限公司", "杭州", "恒瑞", "科技", "有限公司", ""),
        ("云汉集团股份有限公司", "", "云汉", "", "股份有限公司", ""),
        ("星河银行股份有限公司杭州分行", "", "星河", "银行", "股份有限公司", "杭州分行"),
        ("恒瑞科技有限公司上海分公司", "", "恒瑞", "科技", "有限公司", "上海分公司"),
        ("长庚律师事务所", "", "长庚律师", "", "事务所", ""),
        ("恒瑞会计师事务所（特殊普通合伙）", "", "恒瑞会计师", "", "事务所", ""),
        ("科技有限公司", "", "科技", "", "有限公司", ""),
        ("ABC Trading Company Limited", "", "abctrading", "", "ltd", ""),
        ("", "", "", "", "", ""),
    ],
)  # fmt: skip
def test_parts(text: str, region: str, trade_name: str, business: str, legal_form: str, branch: str) -> None:
    name = organization_name(text)
    assert (name.region, name.trade_name, name.business) == (region, trade_name, business)
    assert (name.legal_form, name.branch) == (legal_form, branch)


@pytest.mark.parametrize(
    ("one", "other", "ground"),
    [
        ("星河恒瑞科技有限公司", "星河恒瑞科技有限责任公司", _G.IDENTICAL),
        ("恒瑞科技（杭州）有限公司", "恒瑞科技杭州有限公司", _G.IDENTICAL),
        ("恒瑞科技[杭州]有限公司", "恒瑞科技（杭州）有限公司", _G.IDENTICAL),
        ("云汉集团有限公司", "云汉有限公司", _G.IDENTICAL),
        ("恆瑞科技有限公司", "恒瑞科技", _G.LEGAL_FORM),
        ("ABC Trading Co., Ltd.", "abc trading ltd", _G.IDENTICAL),
        ("杭州恒瑞科技有限公司", "恒瑞科技有限公司", _G.REGION),
        ("杭州恒瑞科技有限公司", "杭州市恒瑞科技有限公司", _G.REGION),
        ("恒瑞科技（杭州）有限公司", "杭州恒瑞科技有限公司", _G.REGION),
        ("杭州星河恒瑞信息技术有限公司", "星河恒瑞", _G.ABBREVIATION),
        ("杭州星河恒瑞信息技术有限公司", "星河恒瑞信息", _G.ABBREVIATION),
        ("中国星云银行股份有限公司", "星行", _G.ABBREVIATION),
        ("恒瑞科技有限公司", "恒瑞科技股份有限公司", None),
        ("恒瑞科技有限公司", "瑞恒科技有限公司", None),
        ("恒瑞科技有限公司", "恒瑞贸易有限公司", None),
        ("杭州恒瑞科技有限公司", "上海恒瑞科技有限公司", None),
        ("恒瑞科技有限公司", "恒瑞科技有限公司杭州分公司", None),
        ("恒瑞科技有限公司杭州分公司", "恒瑞科技有限公司上海分公司", None),
    ],
)
def test_compatible(one: str, other: str, ground: OrganizationGround | None) -> None:
    first, second = organization_name(one), organization_name(other)
    assert compatible_organizations(first, second) is ground
    assert compatible_organizations(second, first) is ground


@pytest.mark.parametrize(
    ("one", "other", "is_branch"),
    [
        ("恒瑞科技有限公司杭州分公司", "恒瑞科技有限责任公司", True),
        ("恒瑞科技有限公司（杭州）分公司", "恒瑞科技有限公司", True),
        ("星河银行股份有限公司杭州分行西湖支行", "星河银行", True),
        ("恒瑞科技有限公司", "恒瑞科技有限公司杭州分公司", False),
        ("恒瑞贸易有限公司杭州分公司", "恒瑞科技有限公司", False),
    ],
)
def test_a_branch_is_known_by_its_organization(one: str, other: str, is_branch: bool) -> None:
    assert branch_of(organization_name(one), organization_name(other)) is is_branch


parts = st.sampled_from(
    [
        "杭州",
        "上海市",
        "恒瑞",
        "星河",
        "科技",
        "贸易",
        "银行",
        "有限公司",
        "集团",
        "(",
        ")",
        "分公司",
        "支行",
        "公司",
        " ",
        "co.,ltd",
        "·",
        "/",
    ]
)
names = st.lists(parts, max_size=8).map("".join) | strategies.texts


@given(names, names)
def test_it_is_symmetric_reflexive_and_never_fails(one: str, other: str) -> None:
    first, second = organization_name(one), organization_name(other)
    assert organization_name(first.standard) == first
    assert compatible_organizations(first, first) is _G.IDENTICAL
    assert compatible_organizations(first, second) is compatible_organizations(second, first)
    assert not (branch_of(first, second) and branch_of(second, first))
