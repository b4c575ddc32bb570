"""The copy that a customer gets, in words: no code and no word of ours stands in it that a customer would not know."""

from __future__ import annotations

import enum
from typing import Any

import attrs
import pytest

from bankcif._text import Language, attribute_label, value_label
from bankcif.context import Purpose
from bankcif.flows._subject_copy import _INTERNAL, _WITHHELD
from bankcif.party import (
    CATALOGUE,
    ConsentState,
    DataGroup,
    FieldType,
    LifeCycle,
    PartyKind,
    children as rows,
    code_lists,
    role_label,
    share_of,
)
from bankcif.render import copy_sections
from bankcif.upkeep import RequestKind, RequestState

NO_TIN = next(iter(code_lists()["no_tin"].labels))
FIELDS: list[dict[str, Any]] = [
    {"name": "sex", "zh": "性别", "en": "Sex", "group": "identity", "value": "2", "source": "counter"},
    {"name": "identifiers", "zh": "证件", "en": "Identity documents", "group": "identity", "source": "counter",
     "value": [{"scheme": "cn.resident_id", "number": "880101199003071098", "long_term": True}, {"scheme": "x.own", "number": "1", "issuer": None}]},
    {"name": "consents", "zh": "同意与授权", "en": "Consents", "group": "consent", "source": "",
     "value": [{"purpose": "marketing", "state": "denied", "since": "2026-01-05", "guardian": False, "over": []}]},
    {"name": "requests", "zh": "个人信息请求", "en": "Requests about their data", "group": "consent", "source": "",
     "value": [{"kind": "copy", "asked_by": "self", "received": "2026-11-28", "state": "approved"}]},
    {"name": "states", "zh": "生命周期", "en": "Life cycle", "group": "identity", "source": "", "value": [{"state": "active", "step": "wake", "since": "2026-01-05"}]},
    {"name": "relationships", "zh": "关联关系", "en": "Relations", "group": "relation", "source": "",
     "value": [{"kind": "shareholder", "role": "shareholder", "share": share_of("25.5"), "means": None}]},
    {"name": "transactions", "zh": "交易汇总", "en": "Transactions", "group": "transaction", "source": "core",
     "value": [{"period": "2026-10", "channel": "service", "type": "open", "count": 0, "hour": 0, "total": "CNY 0.00"}]},
    {"name": "tax_residences", "zh": "税收居民", "en": "Tax residences", "group": "identity", "source": "core", "value": [{"country": "CN", "no_tin": NO_TIN}]},
    {"name": "aum", "zh": "管理资产", "en": "Assets", "group": "finance", "source": "core", "value": "CNY 123.45"},
]  # fmt: skip


def document(**more: Any) -> dict[str, Any]:
    return {"fields": FIELDS, "shared": [], **more}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ["女", "证件或号码类型：居民身份证，号码：880101199003071098，长期有效：是", "证件或号码类型：x.own，号码：1", "用途：营销，状态：不同意，自：2026-01-05",
                "种类：查阅、复制，申请人：本人，收到日期：2026-11-28，状态：已同意", f"状态：{LifeCycle.ACTIVE.label('zh')}，办理事项：激活，自：2026-01-05", "CNY 123.45",
                f"身份：{role_label('shareholder', 'zh')}，持股比例：25.5 %", "期间：2026-10，渠道：service，类型：open，笔数：0，时段（小时）：0，合计：CNY 0.00",
                f"国家（地区）：{code_lists()['country'].label('CN', 'zh')}，无纳税人识别号原因：{code_lists()['no_tin'].label(NO_TIN, 'zh')}"]),
        ("en", ["female", "Purpose: marketing, State: denied, Since: 2026-01-05", "Kind: a copy of the data, Asked by: the customer, Received: 2026-11-28, State: approved"]),
    ],
)  # fmt: skip
def test_a_copy_is_told_in_words(language: Language, said: list[str]) -> None:
    sections = copy_sections(document(), language, code_lists())
    values = [row[1] for section in sections for row in section.rows]
    assert set(said) <= set(values)
    assert len(values) == 10, "a line for each document and statement"


def test_to_whom_it_went_or_that_it_went_to_nobody() -> None:
    *_, last = copy_sections(document(), "zh", code_lists())
    assert (last.rows, last.note) == ([], "未提供给任何第三方。")
    shared = [{"recipient": "bureau", "country": "CN", "purpose": "risk", "fields": ["sex", "other"]}]
    *_, last = copy_sections(document(shared=shared), "zh", code_lists())
    assert (last.rows, last.note) == ([("bureau", "CN", "风险控制", "性别, other")], "")


def _rows_told() -> set[str]:
    """Attributes of all rows that a copy may hold."""
    told = {
        field.name
        for kind in PartyKind
        for field in CATALOGUE[kind].values()
        if field.type is FieldType.CHILDREN and field.group not in _WITHHELD
    }
    kinds = {
        "identifiers": rows.Identifier, "holdings": rows.Holding, "transactions": rows.TransactionSummary, "balances": rows.MonthlyBalance,
        "tax_residences": rows.TaxResidence, "interactions": rows.Interaction, "consents": rows.Consent, "requests": rows.SubjectRequest,
        "states": rows.StateWord, "relationships": rows.Relationship,
    }  # fmt: skip
    assert told == kinds.keys(), "a field of rows that this test does not know"
    return {one.name for cls in kinds.values() for one in attrs.fields(cls)} - _INTERNAL


@pytest.mark.parametrize("name", sorted(_rows_told()))
def test_every_attribute_that_a_copy_may_hold_has_a_name_in_both_languages(name: str) -> None:
    said = attribute_label(name)
    assert said["zh"] != name
    assert any("\u4e00" <= one <= "\u9fff" for one in said["zh"])
    assert said["en"] != name


WORDS: list[enum.StrEnum] = [*RequestKind, *RequestState, *ConsentState, *Purpose, *DataGroup]


@pytest.mark.parametrize("word", WORDS, ids=lambda one: f"{type(one).__name__}.{one.name}")
def test_every_word_of_ours_is_told_in_chinese(word: enum.StrEnum) -> None:
    said = value_label(word.value, "zh")
    assert any("\u4e00" <= one <= "\u9fff" for one in said)
    assert value_label("a code of the bank", "zh") == "a code of the bank"
