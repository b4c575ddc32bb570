"""Organization names: a standard form, the legal form split off, and the core that is compared."""

from __future__ import annotations

import re
import unicodedata

import attrs

from .characters import LEGACY, simplify

__all__ = ["OrganizationName", "compatible_organizations", "organization_name"]

# Legal forms, longest first. Source: Company Law of the PRC (2023), arts. 2 and 7; partnership and sole-proprietor law.
_FORMS = (
    "股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "有限合伙", "普通合伙", "特殊普通合伙", "农民专业合作社",
    "专业合作社", "个人独资企业", "个体工商户", "合作社", "分公司", "公司", "事务所", "经营部", "工作室", "商行",
    "co.,ltd.", "co.,ltd", "co.ltd.", "co.ltd", "limited", "ltd.", "ltd", "inc.", "inc", "llc", "corporation", "corp.",
)  # fmt: skip
# Two ways to write one form (Company Law, art. 7).
_SAME = {"有限责任公司": "有限公司", "co.,ltd.": "ltd", "co.,ltd": "ltd", "co.ltd.": "ltd", "co.ltd": "ltd",
         "limited": "ltd", "ltd.": "ltd", "inc.": "inc", "corp.": "corporation"}  # fmt: skip
_BRACKETED = re.compile(r"\(([^()]{0,40})\)")
_PUNCTUATION = re.compile(r"[\s·・.,\-_'\"“”‘’]+")


@attrs.frozen(kw_only=True, repr=False)
class OrganizationName:
    """
    An organization's name and what it is compared by.

    Attributes:
        standard: Width folded, one kind of brackets, single spaces.
        core: Simplified, in lower case, without legal form, brackets and punctuation.
        legal_form: The legal form at its end, one word for each form; empty if none was found.
    """

    standard: str
    core: str
    legal_form: str


def organization_name(text: str) -> OrganizationName:
    """The parts and match forms of the name *text*."""
    standard = " ".join(unicodedata.normalize("NFKC", text.translate(LEGACY)).split())
    folded = simplify(standard).casefold().replace("〔", "(").replace("〕", ")").replace(" ", "")
    # A region in brackets belongs to the name (某某(上海)有限公司), but files drop the brackets as often as not.
    opened = _BRACKETED.sub(r"\1", folded)
    form = next((form for form in _FORMS if opened.endswith(form) and len(opened) > len(form)), "")
    core = _PUNCTUATION.sub("", opened.removesuffix(form))
    return OrganizationName(
        standard=standard, core=core or _PUNCTUATION.sub("", opened), legal_form=_SAME.get(form, form)
    )


def compatible_organizations(one: OrganizationName, other: OrganizationName) -> bool:
    """Whether two spellings may be one organization's name: equal cores, legal form aside where one lacks it."""
    return one.core == other.core and (one.legal_form == other.legal_form or not (one.legal_form and other.legal_form))
