"""
Standard code lists: what a coded field may hold, in Chinese and English, and the spellings that mean it.

A list that a bank must be able to edit (occupations, bands) is a default here; `CodeLists.with_` replaces it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import attrs

from .._text import Language
from ..errors import ConfigurationError

__all__ = [
    "CodeList",
    "CodeLists",
    "Division",
    "Divisions",
    "code_lists",
    "countries_by_alpha3",
    "countries_by_numeric",
    "divisions",
]


@attrs.frozen
class CodeList:
    """
    A closed list of codes.

    Attributes:
        name: How fields refer to it.
        labels: Code to (Chinese, English).
        spellings: Other texts, casefolded, that mean a code.
    """

    name: str
    labels: Mapping[str, tuple[str, str]]
    spellings: Mapping[str, str] = attrs.field(factory=dict)

    def read(self, text: str) -> str | None:
        """The code that *text* is, or means; None if it is none."""
        if text in self.labels:
            return text
        if (plain := unicodedata.normalize("NFKC", text).strip()) in self.labels:
            return plain
        folded = _folded(text)
        if folded in self.spellings:
            return self.spellings[folded]
        return next((code for code, names in self.labels.items() if folded in map(_folded, names)), None)

    def label(self, code: str, language: Language) -> str:
        """What *code* is called; the code itself if it is not in the list."""
        names = self.labels.get(code)
        return code if names is None else names[0 if language == "zh" else 1]


def _folded(text: str) -> str:
    """*text* as it is compared: in NFKC and without case."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


@attrs.frozen
class CodeLists:
    """All code lists by name; frozen."""

    _lists: Mapping[str, CodeList]

    def __getitem__(self, name: str) -> CodeList:
        return self._lists[name]

    def with_(self, *lists: CodeList) -> CodeLists:
        """The same set with *lists* added, or in place of those of the same name."""
        return CodeLists({**self._lists, **{one.name: one for one in lists}})


def _rows(package: str, name: str) -> list[list[str]]:
    text = files(package).joinpath("data", name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


# Source: GB/T 2261.1-2003 (ISO 5218 agrees).
_SEX = CodeList(
    "sex",
    {"0": ("未知", "unknown"), "1": ("男", "male"), "2": ("女", "female"), "9": ("未说明", "not stated")},
    {"m": "1", "f": "2", "男性": "1", "女性": "2", "u": "0"},
)
# Source: the large groups of GB/T 6565 as banks commonly list them; unchecked against the standard, so a default only.
_OCCUPATION = CodeList(
    "occupation",
    {
        "0": ("负责人", "head of an organization"),
        "1": ("专业技术人员", "professional"),
        "3": ("办事人员", "clerical worker"),
        "4": ("商业服务业人员", "service worker"),
        "5": ("农林牧渔人员", "farming, forestry, fishery"),
        "6": ("生产运输设备操作人员", "production and transport"),
        "7": ("军人", "military"),
        "8": ("学生", "student"),
        "9": ("其他", "other"),
        "N": ("未就业或退休", "not employed or retired"),
    },
)
# Bands and grades below follow no standard: common practice, a default to replace.
_INCOME = CodeList(
    "income_band",
    {
        "A": ("5万元以下", "under CNY 50,000"),
        "B": ("5万至20万元", "CNY 50,000 to 200,000"),
        "C": ("20万至50万元", "CNY 200,000 to 500,000"),
        "D": ("50万元以上", "over CNY 500,000"),
    },
)
_INVESTMENT = CodeList(
    "investment_grade",
    {
        "C1": ("保守型", "conservative"),
        "C2": ("稳健型", "cautious"),
        "C3": ("平衡型", "balanced"),
        "C4": ("成长型", "growth"),
        "C5": ("进取型", "aggressive"),
    },
)
_AML = CodeList("aml_class", {"low": ("低", "low"), "medium": ("中", "medium"), "high": ("高", "high")})
# Source: kinds of reasons that the guide names for a change; a bank's own list takes its place.
_CHANGE_REASON = CodeList(
    "change_reason",
    {
        "customer_request": ("客户申请", "asked for by the customer"),
        "moved": ("迁址", "moved"),
        "renamed": ("更名", "renamed"),
        "contact_changed": ("联系方式变更", "contact changed"),
        "document_renewed": ("证件换发", "document renewed"),
        "correction": ("差错更正", "error corrected"),
        "verification": ("核实修正", "found out by a check"),
        "regulation": ("监管要求", "required by a supervisor"),
        "transfer": ("客户移交", "handed over"),
        "other": ("其他", "other"),
    },
)
_YES_NO = CodeList("yes_no", {"Y": ("是", "yes"), "N": ("否", "no")}, {"1": "Y", "0": "N", "true": "Y", "false": "N"})
_CHANNEL = CodeList(
    "contact_channel",
    {"phone": ("电话", "phone"), "sms": ("短信", "text message"), "email": ("电子邮件", "e-mail"),
     "app": ("手机银行", "mobile bank"), "post": ("信函", "post"), "none": ("不联系", "do not contact")},
)  # fmt: skip
_TIME = CodeList(
    "contact_time",
    {"workday": ("工作日", "working days"), "evening": ("晚间", "evenings"), "weekend": ("周末", "weekends")},
)
_LANGUAGE = CodeList(
    "language",
    {"zh": ("中文", "Chinese"), "yue": ("粤语", "Cantonese"), "en": ("英文", "English"), "bo": ("藏文", "Tibetan"),
     "ug": ("维吾尔文", "Uyghur"), "mn": ("蒙古文", "Mongolian")},
)  # fmt: skip
_TAX = CodeList(
    "tax_residence",
    {
        "CN": ("仅为中国税收居民", "China only"),
        "FOREIGN": ("仅为非居民", "abroad only"),
        "BOTH": ("两者皆是", "both"),
    },
)
_NO_TIN = CodeList(
    "no_tin",
    {
        "not_issued": ("居民国（地区）不发放纳税人识别号", "none is issued there"),
        "not_obtained": ("账户持有人未能取得纳税人识别号", "they could not obtain one"),
    },
)
_LEGAL_FORM = CodeList(
    "legal_form",
    {
        "company": ("公司", "company"),
        "sole_proprietor": ("个体工商户", "sole proprietor"),
        "financial_institution": ("金融机构", "financial institution"),
        "public_body": ("机关事业单位", "public body"),
        "association": ("社会团体", "association"),
    },
)
# Source: the sections of GB/T 4754-2017.
_INDUSTRY = CodeList(
    "industry",
    {
        "A": ("农、林、牧、渔业", "agriculture"), "B": ("采矿业", "mining"), "C": ("制造业", "manufacturing"),
        "D": ("电力、热力、燃气及水生产和供应业", "utilities"), "E": ("建筑业", "construction"),
        "F": ("批发和零售业", "trade"), "G": ("交通运输、仓储和邮政业", "transport"),
        "H": ("住宿和餐饮业", "hotels and catering"), "I": ("信息传输、软件和信息技术服务业", "information technology"),
        "J": ("金融业", "finance"), "K": ("房地产业", "real estate"), "L": ("租赁和商务服务业", "business services"),
        "M": ("科学研究和技术服务业", "research"), "N": ("水利、环境和公共设施管理业", "environment"),
        "O": ("居民服务、修理和其他服务业", "household services"), "P": ("教育", "education"),
        "Q": ("卫生和社会工作", "health"), "R": ("文化、体育和娱乐业", "culture and sports"),
        "S": ("公共管理、社会保障和社会组织", "public administration"), "T": ("国际组织", "international organizations"),
    },
)  # fmt: skip
_ROLE = CodeList(
    "party_role",
    {
        "prospect": ("潜在客户", "prospect"), "customer": ("客户", "customer"),
        "joint_holder": ("联名人", "joint holder"), "agent": ("代理人", "agent"),
        "guarantor": ("担保人", "guarantor"), "legal_representative": ("法定代表人", "legal representative"),
        "beneficial_owner": ("受益所有人", "beneficial owner"),
    },
)  # fmt: skip


@cache
def _countries() -> list[list[str]]:
    return _rows(__package__ or "bankcif.party", "countries.tsv")


@cache
def countries_by_numeric() -> Mapping[str, str]:
    """ISO 3166-1 numeric code to alpha-2."""
    return {row[2]: row[0] for row in _countries()}


@cache
def countries_by_alpha3() -> Mapping[str, str]:
    """ISO 3166-1 alpha-3 code to alpha-2."""
    return {row[1]: row[0] for row in _countries()}


@cache
def code_lists() -> CodeLists:
    """The lists that ship with the library."""
    country = CodeList(
        "country",
        {row[0]: (row[3], row[4]) for row in _countries()},
        {row[1].casefold(): row[0] for row in _countries()}
        | {row[0].casefold(): row[0] for row in _countries()}
        | {row[2]: row[0] for row in _countries()}
        | {
            "中国大陆": "CN",
            "中华人民共和国": "CN",
            "香港": "HK",
            "中国香港": "HK",
            "澳门": "MO",
            "台湾": "TW",
            "中国台湾": "TW",
            "台湾省": "TW",
            "中国澳门": "MO",
            "澳门特别行政区": "MO",
            "香港特别行政区": "HK",
        },
    )
    lists = (_SEX, _OCCUPATION, _INCOME, _INVESTMENT, _AML, _YES_NO, _CHANNEL, _TIME, _LANGUAGE, _TAX, _NO_TIN,
             _LEGAL_FORM, _INDUSTRY, _ROLE, _CHANGE_REASON, country)  # fmt: skip
    return CodeLists({one.name: one for one in lists})


class Division(NamedTuple):
    """
    One name of an administrative division.

    Attributes:
        code: Six digits after GB/T 2260.
        name: Its name.
        former: Whether name or code is no longer in use.
        until: Year or day until when it was; empty if in use or unknown.
        today: Code of where a former division lies today, its own if only the name changed; empty if unknown.
    """

    code: str
    name: str
    former: bool = False
    until: str = ""
    today: str = ""


# Divisions are tuples of text, which the garbage collector leaves alone: there are thousands, alive for good.
_COLUMNS = (3, 5)


@attrs.frozen(eq=False)
class Divisions:
    """
    The division table: names for codes, codes for names.

    Shapes: provinces end ``0000``, prefectures ``00``, counties are the rest. A code may have had several names.
    """

    _rows: Sequence[Division]
    _by_code: Mapping[str, Division] = attrs.field(init=False, repr=False, eq=False)

    @_by_code.default
    def _last_names(self) -> Mapping[str, Division]:
        return {one.code: one for one in sorted(self._rows, key=lambda one: (not one.former, one.until))}

    def get(self, code: str) -> Division | None:
        """The division with *code* under its last name, former ones included."""
        return self._by_code.get(code)

    def __iter__(self) -> Iterator[Division]:
        """All names of all divisions."""
        return iter(self._rows)

    def with_(self, extra: Iterable[Division]) -> Divisions:
        """The same table with *extra* added; of two equal codes in use, the added one counts."""
        more = list(extra)
        replaced = {one.code for one in more if not one.former}
        return Divisions([*(one for one in self._rows if one.former or one.code not in replaced), *more])

    @staticmethod
    def read(path: Path) -> list[Division]:
        """
        Divisions from a tab-separated file: code, name, ``current`` or ``former``; and of a former one, if you like,
        until when, and the code of where it lies today.

        Raises:
            ConfigurationError: The file is missing or a line has another shape.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            lines = None
        if lines is None:
            raise ConfigurationError(f"the division table {path.name} cannot be read", path=str(path))
        found = []
        for number, line in enumerate(lines, start=1):
            if line.startswith("#") or not line:
                continue
            parts = line.split("\t")
            if len(parts) not in _COLUMNS or len(parts[0]) != 6 or not parts[0].isdigit():
                raise ConfigurationError(
                    f"line {number} of the division table {path.name} is not: six digits, name, state, and perhaps "
                    f"until when and the code today",
                    path=str(path),
                )
            found.append(_division(parts))
        return found


def _division(parts: list[str]) -> Division:
    code, name, state, *more = parts
    return Division(code, name, state == "former", *more)


@cache
def divisions() -> Divisions:
    """The table that ships with the library; its source and date stand at its top."""
    return Divisions([_division(row) for row in _rows(__package__ or "bankcif.party", "divisions.tsv")])
