"""
What a bank knows of a customer: individuals, organizations, and what hangs on them.

Each attribute is declared together with its line in the field catalogue. Forms hold what a channel said;
`bankcif.intake` standardizes it. Secrets (PIN, CVV, passwords, track data) have no attribute and are refused by name.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date

from .children import (
    Holding,
    Identifier,
    Interaction,
    MonthlyBalance,
    TaxResidence,
    TransactionSummary,
    model,
)
from .fields import Catalogue, DataGroup, FieldType, Rest, Sensitivity, declare
from .said import Said
from .values import Money, Sensitive

__all__ = [
    "CATALOGUE",
    "FIELD_NAMES",
    "FORMS",
    "NOT_STORABLE",
    "TWO_PERSONS",
    "Holding",
    "Identifier",
    "Individual",
    "Interaction",
    "MonthlyBalance",
    "Organization",
    "Party",
    "PartyKind",
    "TaxResidence",
    "TransactionSummary",
    "kind_of",
]

_T = FieldType
_G = DataGroup
_S = Sensitivity

_CODED = "a code from a short list; without an identifier beside it, it describes thousands of customers alike"
_DUTY = "who serves the customer decides who may read; access rules need it in SQL"

NOT_STORABLE = frozenset(
    {
        "pin",
        "password",
        "passwd",
        "cvv",
        "cvv2",
        "cvn",
        "cvn2",
        "track",
        "track1",
        "track2",
        "track_data",
        "otp",
    }
)
"""Names of secrets (C3): a form that carries one is refused."""


class PartyKind(enum.StrEnum):
    """The two kinds of party."""

    INDIVIDUAL = "individual"
    ORGANIZATION = "organization"


@model
class _PartyForm:
    """Fields that every party has."""

    identifiers: tuple[Identifier, ...] = declare(
        _T.CHILDREN, _G.IDENTITY, _S.C2S, Rest.INDEXED, mask="identifiers", zh="证件", en="Identity documents",
        default=(), protected=True, due_diligence=True, freshness_days=365)  # fmt: skip
    phone: Sensitive[str] | None = declare(
        _T.PHONE, _G.CONTACT, _S.C2, Rest.INDEXED, mask="phone", zh="手机或电话", en="Phone",
        protected=True, due_diligence=True, freshness_days=365, default=None)  # fmt: skip
    email: Sensitive[str] | None = declare(
        _T.EMAIL, _G.CONTACT, _S.C2, Rest.INDEXED, mask="email", zh="电子邮箱", en="E-mail",
        protected=True, freshness_days=365, default=None)  # fmt: skip
    address: Sensitive[str] | None = declare(
        _T.ADDRESS, _G.CONTACT, _S.C2, Rest.SEALED, mask="address", zh="地址", en="Address",
        protected=True, due_diligence=True, freshness_days=730, default=None)  # fmt: skip
    preferred_channel: str | None = declare(
        _T.CODE, _G.CONTACT, _S.C1, Rest.PLAIN, mask="clear", zh="首选联系渠道", en="Preferred channel",
        codes="contact_channel", reason=_CODED, default=None)  # fmt: skip
    preferred_time: str | None = declare(
        _T.CODE, _G.CONTACT, _S.C1, Rest.PLAIN, mask="clear", zh="首选联系时间", en="Preferred time",
        codes="contact_time", reason=_CODED, default=None)  # fmt: skip
    preferred_language: str | None = declare(
        _T.CODE, _G.CONTACT, _S.C1, Rest.PLAIN, mask="clear", zh="首选语言", en="Preferred language",
        codes="language", reason=_CODED, default=None)  # fmt: skip
    last_reached_on: date | None = declare(
        _T.DATE, _G.CONTACT, _S.C1, Rest.PLAIN, mask="clear", zh="最近联系成功日期", en="Last reached on",
        reason="reminders select on it; a date shared by many customers", default=None)  # fmt: skip
    bounces: int | None = declare(
        _T.INTEGER, _G.CONTACT, _S.C1, Rest.PLAIN, mask="clear", zh="联系失败次数", en="Bounces",
        reason="reminders select on it; a small count", default=None)  # fmt: skip
    assets: Sensitive[Money] | None = declare(
        _T.MONEY, _G.FINANCE, _S.C2S, Rest.SEALED, mask="hidden", zh="资产", en="Assets", default=None
    )
    liabilities: Sensitive[Money] | None = declare(
        _T.MONEY, _G.FINANCE, _S.C2S, Rest.SEALED, mask="hidden", zh="负债", en="Liabilities", default=None
    )
    aum: Sensitive[Money] | None = declare(
        _T.MONEY,
        _G.FINANCE,
        _S.C2S,
        Rest.SEALED,
        mask="hidden",
        zh="管理资产",
        en="Assets under management",
        default=None,
    )
    tax_residence: str | None = declare(
        _T.CODE, _G.FINANCE, _S.C2, Rest.PLAIN, mask="clear", zh="税收居民身份", en="Tax residence",
        codes="tax_residence", reason=_CODED, default=None)  # fmt: skip
    tax_number: Sensitive[str] | None = declare(
        _T.TEXT, _G.FINANCE, _S.C2S, Rest.SEALED, mask="identifier", zh="纳税人识别号", en="Tax number", default=None
    )
    tax_residences: tuple[TaxResidence, ...] = declare(
        _T.CHILDREN,
        _G.FINANCE,
        _S.C2S,
        Rest.SEALED,
        mask="tax_residences",
        zh="税收居民国（地区）声明",
        en="Certified tax residences",
        whole="certified_on",
        default=(),
    )
    aml_class: str | None = declare(
        _T.CODE, _G.RISK, _S.C2, Rest.PLAIN, mask="hidden", zh="洗钱风险等级", en="Money-laundering risk class",
        codes="aml_class", reason=_CODED, default=None)  # fmt: skip
    watch_flag: Sensitive[str] | None = declare(
        _T.CODE,
        _G.RISK,
        _S.C2,
        Rest.SEALED,
        mask="hidden",
        zh="关注标志",
        en="Watch flag",
        codes="yes_no",
        default=None,
    )
    credit_rating: Sensitive[str] | None = declare(
        _T.TEXT, _G.RISK, _S.C2, Rest.SEALED, mask="hidden", zh="信用评级", en="Credit rating", default=None
    )
    credit_rating_source: Sensitive[str] | None = declare(
        _T.TEXT, _G.RISK, _S.C2, Rest.SEALED, mask="hidden", zh="评级来源", en="Credit rating source", default=None
    )
    home_branch: str | None = declare(
        _T.TEXT, _G.IDENTITY, _S.C1, Rest.PLAIN, mask="clear", zh="开户网点", en="Home branch",
        protected=True, reason=_DUTY, default=None)  # fmt: skip
    manager: str | None = declare(
        _T.TEXT, _G.IDENTITY, _S.C1, Rest.PLAIN, mask="clear", zh="客户经理", en="Relationship manager",
        protected=True, reason=_DUTY, default=None)  # fmt: skip
    customer_since: date | None = declare(
        _T.DATE, _G.IDENTITY, _S.C1, Rest.PLAIN, mask="clear", zh="开户日期", en="Customer since",
        reason="class C1; tenure is a rule over it", default=None)  # fmt: skip
    holdings: tuple[Holding, ...] = declare(
        _T.CHILDREN,
        _G.HOLDING,
        _S.C2S,
        Rest.SEALED,
        mask="holdings",
        zh="产品持有",
        en="Products held",
        default=(),
    )
    transactions: tuple[TransactionSummary, ...] = declare(
        _T.CHILDREN,
        _G.TRANSACTION,
        _S.C2S,
        Rest.SEALED,
        mask="hidden",
        zh="交易汇总",
        en="Transactions",
        default=(),
    )
    balances: tuple[MonthlyBalance, ...] = declare(
        _T.CHILDREN,
        _G.FINANCE,
        _S.C2S,
        Rest.SEALED,
        mask="hidden",
        zh="月均余额",
        en="Monthly balances",
        series=True,
        default=(),
    )
    interactions: tuple[Interaction, ...] = declare(
        _T.CHILDREN,
        _G.INTERACTION,
        _S.C2,
        Rest.SEALED,
        mask="interactions",
        zh="互动记录",
        en="Interactions",
        default=(),
    )


@model
class Individual(_PartyForm):
    """A natural person, as a channel describes one."""

    name: Sensitive[str] | None = declare(
        _T.PERSON_NAME, _G.IDENTITY, _S.C2, Rest.INDEXED, mask="name", zh="姓名", en="Name",
        protected=True, due_diligence=True, default=None)  # fmt: skip
    former_name: Sensitive[str] | None = declare(
        _T.PERSON_NAME, _G.IDENTITY, _S.C2, Rest.SEALED, mask="name", zh="曾用名", en="Former name", default=None
    )
    pinyin_name: Sensitive[str] | None = declare(
        _T.LATIN_NAME, _G.IDENTITY, _S.C2, Rest.SEALED, mask="name", zh="姓名拼音", en="Name in pinyin", default=None
    )
    foreign_name: Sensitive[str] | None = declare(
        _T.LATIN_NAME, _G.IDENTITY, _S.C2, Rest.SEALED, mask="name", zh="外文姓名", en="Foreign name", default=None
    )
    sex: str | None = declare(
        _T.CODE, _G.IDENTITY, _S.C2, Rest.PLAIN, mask="clear", zh="性别", en="Sex", codes="sex",
        due_diligence=True, reason=_CODED, default=None)  # fmt: skip
    birth_date: Sensitive[date] | None = declare(
        _T.DATE,
        _G.IDENTITY,
        _S.C2,
        Rest.SEALED,
        mask="year",
        zh="出生日期",
        en="Birth date",
        protected=True,
        default=None,
    )
    nationality: str | None = declare(
        _T.CODE, _G.IDENTITY, _S.C2, Rest.PLAIN, mask="clear", zh="国籍", en="Nationality", codes="country",
        due_diligence=True, reason=_CODED, default=None)  # fmt: skip
    occupation: str | None = declare(
        _T.CODE, _G.IDENTITY, _S.C2, Rest.PLAIN, mask="clear", zh="职业", en="Occupation", codes="occupation",
        due_diligence=True, freshness_days=730, reason=_CODED, default=None)  # fmt: skip
    biometric_reference: Sensitive[str] | None = declare(
        _T.TEXT,
        _G.IDENTITY,
        _S.C2S,
        Rest.SEALED,
        mask="hidden",
        zh="生物特征引用号",
        en="Biometric reference",
        default=None,
    )
    employer: Sensitive[str] | None = declare(
        _T.TEXT,
        _G.FINANCE,
        _S.C2,
        Rest.SEALED,
        mask="employer",
        zh="工作单位",
        en="Employer",
        freshness_days=730,
        default=None,
    )
    income_band: str | None = declare(
        _T.CODE, _G.FINANCE, _S.C2, Rest.PLAIN, mask="hidden", zh="收入区间", en="Income band", codes="income_band",
        reason=_CODED, default=None)  # fmt: skip
    investment_grade: str | None = declare(
        _T.CODE, _G.RISK, _S.C2, Rest.PLAIN, mask="hidden", zh="风险承受等级", en="Investment risk grade",
        codes="investment_grade", freshness_days=365, reason=_CODED, default=None)  # fmt: skip
    investment_grade_until: date | None = declare(
        _T.DATE, _G.RISK, _S.C2, Rest.PLAIN, mask="hidden", zh="风险评估有效期", en="Risk grade valid until",
        reason="reminders select on it; a date shared by many customers", default=None)  # fmt: skip
    politically_exposed: Sensitive[str] | None = declare(
        _T.CODE, _G.RISK, _S.C2, Rest.SEALED, mask="hidden", zh="政治公众人物", en="Politically exposed person",
        codes="yes_no", default=None)  # fmt: skip


@model
class Organization(_PartyForm):
    """A company, public body or association, as a channel describes one."""

    name: Sensitive[str] | None = declare(
        _T.ORGANIZATION_NAME, _G.IDENTITY, _S.C1, Rest.INDEXED, mask="clear", zh="单位名称", en="Name",
        protected=True, due_diligence=True, default=None)  # fmt: skip
    legal_form: str | None = declare(
        _T.CODE, _G.IDENTITY, _S.C1, Rest.PLAIN, mask="clear", zh="组织形式", en="Legal form", codes="legal_form",
        reason=_CODED, default=None)  # fmt: skip
    industry: str | None = declare(
        _T.CODE, _G.IDENTITY, _S.C1, Rest.PLAIN, mask="clear", zh="行业", en="Industry", codes="industry",
        reason=_CODED, default=None)  # fmt: skip
    business_scope: str | None = declare(
        _T.TEXT, _G.IDENTITY, _S.C1, Rest.SEALED, mask="clear", zh="经营范围", en="Business scope", default=None
    )
    founded_on: date | None = declare(
        _T.DATE, _G.IDENTITY, _S.C1, Rest.SEALED, mask="clear", zh="成立日期", en="Founded on", default=None
    )
    registered_capital: Money | None = declare(
        _T.MONEY, _G.FINANCE, _S.C1, Rest.SEALED, mask="clear", zh="注册资本", en="Registered capital", default=None
    )
    legal_representative: Sensitive[str] | None = declare(
        _T.PERSON_NAME, _G.IDENTITY, _S.C2, Rest.SEALED, mask="name", zh="法定代表人", en="Legal representative",
        protected=True, due_diligence=True, default=None)  # fmt: skip
    controller: Sensitive[str] | None = declare(
        _T.PERSON_NAME, _G.IDENTITY, _S.C2, Rest.SEALED, mask="name", zh="实际控制人", en="Controller", default=None
    )
    beneficial_owner: Sensitive[str] | None = declare(
        _T.PERSON_NAME,
        _G.IDENTITY,
        _S.C2,
        Rest.SEALED,
        mask="name",
        zh="受益所有人",
        en="Beneficial owner",
        default=None,
    )


Party = Individual | Organization

FORMS: Mapping[PartyKind, Catalogue] = {
    PartyKind.INDIVIDUAL: Catalogue.of(Individual),
    PartyKind.ORGANIZATION: Catalogue.of(Organization),
}
"""The fields that a form may carry, of each kind of party."""
CATALOGUE: Mapping[PartyKind, Catalogue] = {
    PartyKind.INDIVIDUAL: Catalogue.of(Individual, Said),
    PartyKind.ORGANIZATION: Catalogue.of(Organization, Said),
}
"""The field catalogue: every field of each kind of party."""

FIELD_NAMES = frozenset(name for catalogue in CATALOGUE.values() for name in catalogue)
"""Every field name there is."""
TWO_PERSONS = frozenset({"identifiers"})
"""Fields of a stored customer that no source changes by itself, however far it is believed: two persons do."""


def kind_of(party: Party) -> PartyKind:
    """Which kind of party *party* is."""
    return PartyKind.INDIVIDUAL if isinstance(party, Individual) else PartyKind.ORGANIZATION
