"""
What a customer asks about their data: a copy, a correction, a restriction, an erasure; until when it is answered, and who may say what.

Source: Personal Information Protection Law of the PRC, art. 44 to 50: to know and copy (45), to correct (46), to erase, or to restrict while a term runs (47), and to be told
the ground of a refusal (50). The days are a bank's own, and defaults here.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from ..errors import ConfigurationError

__all__ = ["ASKED_BY", "REFUSALS", "RequestKind", "RequestPlan", "RequestState"]

_MOST_DAYS = 365
ASKED_BY = ("self", "guardian", "agent", "heir")


class RequestKind(enum.StrEnum):
    """What is asked."""

    COPY = "copy"
    CORRECT = "correct"
    RESTRICT = "restrict"
    ERASE = "erase"


class RequestState(enum.StrEnum):
    """Where a request stands."""

    OPEN = "open"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


REFUSALS: Mapping[str, tuple[str, str]] = {
    "retention_term": (
        "法定保存期限未届满，仅限制处理",
        "a term of the law runs; the data are restricted until it is over",
    ),
    "inquiry": ("调查或诉讼进行中", "an inquiry or a case is open"),
    "identity_not_proven": ("未能核实请求人身份", "who asks was not recognized"),
    "not_entitled": ("请求人无权提出", "who asks is not entitled to"),
    "others_rights": ("将损害他人权益", "the rights of others would be harmed"),
    "relationship_lasts": (
        "业务关系存续，处理为履行合同所必需",
        "the relationship lasts, and the data are needed for it",
    ),
    "value_is_right": ("经核实信息准确", "the value was checked, and is right"),
    "law_forbids": ("法律、行政法规规定应当保密", "a law asks for secrecy"),
    "repeated": ("短期内重复请求", "the same was asked and answered a short time ago"),
}
"""Grounds of a refusal, by the word that is kept, in Chinese and English."""


@attrs.frozen(kw_only=True)
class RequestPlan:
    """
    Within how many days each kind of request is answered.

    Raises:
        ConfigurationError: Of one nothing is said, or days are out of range.
    """

    days: Mapping[RequestKind, int] = attrs.field(
        factory=lambda: {RequestKind.COPY: 15, RequestKind.CORRECT: 15, RequestKind.RESTRICT: 7, RequestKind.ERASE: 30}
    )

    def __attrs_post_init__(self) -> None:
        if set(self.days) != set(RequestKind) or not all(
            type(one) is int and 1 <= one <= _MOST_DAYS for one in self.days.values()
        ):
            raise ConfigurationError(f"each kind of request is answered within 1 to {_MOST_DAYS} days", rule="requests")
