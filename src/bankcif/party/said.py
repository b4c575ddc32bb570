"""Fields that no form carries: each is said, and taken back, through a flow of its own."""

from __future__ import annotations

from .children import Consent, Hold, Relationship, Review, RiskFlag, StateWord, SubjectRequest, model
from .fields import DataGroup, FieldType, Rest, Sensitivity, declare

__all__ = ["Said"]


@model
class Said:
    """What no form carries, since it is said, and taken back, through a flow of its own."""

    consents: tuple[Consent, ...] = declare(
        FieldType.CHILDREN,
        DataGroup.CONSENT,
        Sensitivity.C2,
        Rest.SEALED,
        mask="consents",
        zh="同意与授权",
        en="Consents",
        default=(),
    )
    reviews: tuple[Review, ...] = declare(
        FieldType.CHILDREN,
        DataGroup.RISK,
        Sensitivity.C2,
        Rest.SEALED,
        mask="reviews",
        zh="客户审查",
        en="Reviews",
        default=(),
    )
    states: tuple[StateWord, ...] = declare(
        FieldType.CHILDREN,
        DataGroup.IDENTITY,
        Sensitivity.C1,
        Rest.SEALED,
        mask="states",
        zh="生命周期",
        en="Life cycle",
        default=(),
    )
    relationships: tuple[Relationship, ...] = declare(
        FieldType.CHILDREN,
        DataGroup.RELATION,
        Sensitivity.C2,
        Rest.SEALED,
        mask="relationships",
        zh="关联关系",
        en="Relations",
        default=(),
    )
    holds: tuple[Hold, ...] = declare(
        FieldType.CHILDREN,
        DataGroup.RISK,
        Sensitivity.C2,
        Rest.SEALED,
        mask="holds",
        zh="冻结删除",
        en="Holds on erasure",
        default=(),
    )
    requests: tuple[SubjectRequest, ...] = declare(
        FieldType.CHILDREN,
        DataGroup.CONSENT,
        Sensitivity.C2,
        Rest.SEALED,
        mask="requests",
        zh="个人信息请求",
        en="Requests about their data",
        default=(),
    )
    flags: tuple[RiskFlag, ...] = declare(
        FieldType.CHILDREN,
        DataGroup.RISK,
        Sensitivity.C2,
        Rest.SEALED,
        mask="flags",
        zh="风险标识",
        en="Risk flags",
        default=(),
    )
