"""
Organization names: a standard form; region, trade name, business and legal form; a branch and what it is a branch of;
and on which ground two spellings may be one organization.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import combinations

import attrs

from ..party import divisions
from .addresses import AddressBook
from .characters import modern, readings, simplify

__all__ = [
    "OrganizationGround",
    "OrganizationName",
    "branch_of",
    "compatible_organizations",
    "organization_keys",
    "organization_name",
    "organization_sounds",
]

_MOST_LETTERS = 12

# Legal forms, longest first. Source: Company Law of the PRC (2023), arts. 2 and 7; partnership and sole-proprietor law.
_FORMS = (
    "股份有限责任公司", "集团股份有限公司", "集团有限责任公司", "股份有限公司", "有限责任公司", "集团有限公司", "股份公司", "有限公司",
    "特殊普通合伙", "有限合伙企业", "普通合伙企业", "有限合伙", "普通合伙", "农民专业合作社", "专业合作社", "个人独资企业", "个体工商户",
    "companylimited", "co.,limited", "合作社", "事务所", "经营部", "工作室", "集团公司", "集团", "公司", "商行", "corporation",
    "co.,ltd.", "co.,ltd", "co.ltd.", "co.ltd", "coltd", "limited", "ltd.", "corp.", "ltd", "inc.", "inc", "llc", "plc", "gmbh",
)  # fmt: skip
# Ways to write one form (Company Law, art. 7); a group's form does not differ from the company's.
_SAME = {
    "股份有限责任公司": "股份有限公司", "集团股份有限公司": "股份有限公司", "股份公司": "股份有限公司", "有限责任公司": "有限公司",
    "集团有限责任公司": "有限公司", "集团有限公司": "有限公司", "有限合伙企业": "有限合伙", "普通合伙企业": "普通合伙",
    "集团公司": "集团", "co.,ltd.": "ltd", "co.,ltd": "ltd", "co.ltd.": "ltd", "co.ltd": "ltd", "coltd": "ltd",
    "companylimited": "ltd", "co.,limited": "ltd", "limited": "ltd", "ltd.": "ltd", "inc.": "inc", "corp.": "corporation",
}  # fmt: skip
# Businesses that stand between trade name and legal form. Source: the sections and divisions of GB/T 4754-2017 in the
# words that company names use; from the author's knowledge of such names, unchecked.
_BUSINESSES = tuple(sorted((
    "信息技术|网络科技|生物科技|电子科技|科技发展|科技|技术|信息|软件|网络|电子商务|电子|国际贸易|贸易|商贸|进出口|实业发展|实业|"
    "投资管理|投资|资产管理|管理咨询|咨询服务|咨询|企业管理|融资租赁|租赁|担保|保险代理|保险|证券|基金管理|银行|房地产开发|"
    "房地产|置业|地产|物业管理|物业服务|物业|建筑工程|建筑|工程|建设|装饰|建材|钢铁|机械制造|机械|设备|制造|电器|电气|仪器|化工|"
    "材料|制药|医药|医疗器械|医疗|健康|食品|餐饮管理|餐饮|酒店管理|酒店|农业发展|农业|种植|养殖|纺织|服装|服饰|鞋业|家具|"
    "包装|印刷|文化传播|文化传媒|文化|传媒|广告|教育科技|教育|旅行社|旅游|物流|运输|供应链管理|供应链|快递|汽车销售|汽车|能源|"
    "电力|环保|水务|矿业|石油|百货|超市|商业|服务|发展|控股|产业|集团"
).split("|"), key=len, reverse=True))  # fmt: skip
_BRACKETS = str.maketrans("〔〕[]【】", "()()()")
_BRACKETED = re.compile(r"\(([^()]{0,40})\)")
# What stands behind a name and is none of it: a stop, and what became of the company.
_BEHIND = re.compile(r"(?:[。,，、;；]|\((?:已?注销|已?吊销|停业|歇业|(?:已?更名|曾用名|原名)[^()]{0,40})\)){1,8}\Z")
_CITY = re.compile(r"(?<=.{2})市(?=(?:分公司|分行|分店|分部|分社|分院|分所|支行)\Z)")
# What accountants and lawyers found.
_FIRM = "事务所"
# The whole country is no trade name, and in front of a name that is whole without it a region.
_COUNTRY = "中国"
_LEAST_WHOLE = 4
_PUNCTUATION = re.compile(r"[\s·・.,\-_'\"“”‘’&]+")
_HEAD = r"(?P<head>.{2,}?(?:公司|银行(?:股份|有限|责任)*(?:公司)?|合作社|信用社|事务所|集团|企业|大学|医院|ltd\.?|inc\.?|corp\.?))"
_BRANCH = re.compile(
    rf"{_HEAD}(?P<branch>.{{0,30}}(?:分公司|分行|支行|分理处|营业部|营业厅|营业所|储蓄所|网点|办事处|代表处|分店|门店|门市部|分部|"
    r"分所|分社|分院|分厂|项目部|经理部|branch))\Z"
)


@attrs.frozen(kw_only=True, repr=False)
class OrganizationName:
    """
    An organization's name and what it is compared by.

    Attributes:
        standard: Width folded, one kind of brackets, single spaces.
        core: Simplified, in lower case, without legal form, brackets and punctuation; of a branch, with the branch.
        legal_form: The legal form at its end, one word for each form; empty if none was found.
        region: The division that it begins with or holds in brackets, as written; empty if none was found.
        trade_name: What is left of the core without region and business.
        business: What it does, such as 科技; empty if no known word says so.
        branch: The branch, such as 杭州分公司; empty for an organization itself, and then the other parts are the whole's.
    """

    standard: str
    core: str
    legal_form: str
    region: str
    trade_name: str
    business: str
    branch: str


class OrganizationGround(enum.StrEnum):
    """Why two spellings may be one organization's name, strongest first."""

    IDENTICAL = "identical"
    LEGAL_FORM = "legal_form"
    REGION = "region"
    ABBREVIATION = "abbreviation"


def organization_name(text: str) -> OrganizationName:
    """The parts and match forms of the name *text*."""
    standard = " ".join(unicodedata.normalize("NFKC", modern(text)).split())
    folded = simplify(standard).casefold().translate(_BRACKETS)
    whole = _BEHIND.sub("", folded.replace(" ", ""))
    found = _BRANCH.match(_BRACKETED.sub(r"\1", whole))
    branch = _CITY.sub("", _PUNCTUATION.sub("", found["branch"])) if found else ""
    # A region in brackets belongs to the name (某某(上海)有限公司), but files drop the brackets as often as not.
    opened = found["head"] if found else _BRACKETED.sub(r"\1", whole)
    form = next((form for form in _FORMS if opened.endswith(form) and len(opened) > len(form)), "")
    bare = opened.removesuffix(form)
    if (
        form.endswith("合伙") and bare.endswith(_FIRM) and bare != _FIRM
    ):  # how its partners answer makes it no other firm
        form, bare = _FIRM, bare.removesuffix(_FIRM)
    core = _PUNCTUATION.sub("", bare) or _PUNCTUATION.sub("", opened)
    region, rest = _region(core, whole)
    doing = _business(rest)
    return OrganizationName(
        standard=standard, core=f"{core}/{branch}" if branch else core, legal_form=_SAME.get(form, form), region=region,
        trade_name=rest.removesuffix(doing), business=doing, branch=branch,
    )  # fmt: skip


def compatible_organizations(one: OrganizationName, other: OrganizationName) -> OrganizationGround | None:
    """
    Why two spellings may be one organization's name; None if they may not. A branch is not its organization, and two
    different legal forms are two organizations.
    """
    if one.branch != other.branch or (one.legal_form != other.legal_form and one.legal_form and other.legal_form):
        return None
    if one.core == other.core:
        same = one.legal_form == other.legal_form
        return OrganizationGround.IDENTICAL if same else OrganizationGround.LEGAL_FORM
    if one.trade_name == other.trade_name and one.business == other.business and _one_region(one.region, other.region):
        return OrganizationGround.REGION
    short, long = sorted((one, other), key=lambda name: len(name.core))
    if _shortened(short, long) and _one_region(short.region, long.region):
        return OrganizationGround.ABBREVIATION
    return None


def organization_keys(name: OrganizationName) -> Iterator[str]:
    """Keys of which two names share one where `compatible_organizations` finds a ground; many that share one have none."""
    whole = name.trade_name + name.business
    yield f"c:{name.core}"
    yield f"n:{whole}"
    # A short name begins with the trade name of the long one; a bank is called by letters of its name.
    yield f"t:{name.trade_name}"
    yield from (f"t:{whole[:at]}" for at in range(2, len(whole)))
    if whole.endswith("银行"):
        letters = whole.removesuffix("银行")[:_MOST_LETTERS]
        yield from (f"b:{''.join(some)}" for size in (1, 2) for some in combinations(letters, size))
    if whole.endswith("行"):
        yield f"b:{whole.removesuffix('行')}"


def organization_sounds(name: OrganizationName) -> tuple[str, str]:
    """
    The core in letters, and the same without its region: of each character its usual reading, so that a name can be typed in pinyin and by other characters of
    its sound.
    """
    branch = f"/{name.branch}" if name.branch else ""
    return _spoken(name.core), _spoken(f"{name.trade_name}{name.business}{branch}")


def _spoken(text: str) -> str:
    return "".join((readings(character) or (character,))[0] for character in text)


def branch_of(one: OrganizationName, other: OrganizationName) -> bool:
    """Whether *one* names a branch of the organization that *other* names."""
    if not one.branch or other.branch:
        return False
    return compatible_organizations(attrs.evolve(one, branch="", core=one.core.partition("/")[0]), other) is not None


def _shortened(short: OrganizationName, long: OrganizationName) -> bool:
    """
    Whether *short* is how people call *long*: its trade name alone or with part of its business, or a bank by two or
    three characters of its name (工行).
    """
    name = short.trade_name + short.business
    whole = long.trade_name + long.business
    if long.trade_name and len(long.trade_name) > 1 and name.startswith(long.trade_name):
        return not short.legal_form and _subsequence(name, whole)
    letters = re.fullmatch(r"(.{1,2})行", name)
    if letters is None or not whole.endswith("银行"):
        return False
    called = whole.removesuffix("银行")
    # 中行 is the one that is called after the country alone.
    return _subsequence(letters[1], called) and (letters[1] != "中" or called == _COUNTRY)


def _subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(character in rest for character in short)


def _business(core: str) -> str:
    """The words of business at the end of *core*, behind at least two characters of a trade name."""
    start = len(core)
    while word := next((word for word in _BUSINESSES if core.endswith(word, 0, start)), ""):
        start -= len(word)
    return core[start:] if start > 1 and core[:start] != _COUNTRY else ""


def _one_region(one: str, other: str) -> bool:
    """Whether two regions may be one: one of them left out, or the other's short form."""
    return not one or not other or one.startswith(other) or other.startswith(one)


@cache
def _book() -> AddressBook:
    return AddressBook(divisions())


def _region(core: str, whole: str) -> tuple[str, str]:
    """The region that *core* begins with, or that stands in brackets in *whole*; and the core without it."""
    whole_without = core.startswith(_COUNTRY) and len(core) >= len(_COUNTRY) + _LEAST_WHOLE
    size = len(_COUNTRY) if whole_without else _book().division_length(core)
    if 0 < size < len(core) - 1:
        return core[:size], core[size:]
    for inner in _BRACKETED.findall(whole):
        length = _book().division_length(inner)
        if length and length == len(inner):
            return inner, core.replace(inner, "", 1)
    return "", core
