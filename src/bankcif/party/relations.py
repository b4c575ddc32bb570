"""
Relations between customers: what kinds there are, who may stand in them, and what can not be.

A relation has two sides. It is written from the first to the second, as in *the first is the parent of the second*, and each side has a row of it, which
says what the other one is to them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import attrs

from .._text import Language
from ..errors import InputError
from .models import PartyKind
from .values import FIRST_DAY, LAST_DAY

__all__ = [
    "RELATIONS",
    "ROLES",
    "WHOLE",
    "RelationKind",
    "RelationRule",
    "Side",
    "holds_on",
    "lies_within",
    "need_relation",
    "need_row",
    "need_shares",
    "overlap",
    "percent_of",
    "role_label",
    "share_of",
]

WHOLE = 10**8
"""A share rests as so many parts of a company that has this many: a percentage with six digits after the point."""
_OPEN_FROM, _OPEN_TO = "", "9999-12-31"
Row = Mapping[str, Any]
"""One side of a relation in stored form, as `bankcif.party.Relationship` rests."""


class RelationKind(enum.StrEnum):
    """How two customers stand to each other."""

    SPOUSE = "spouse"
    PARENT = "parent"
    GUARDIAN = "guardian"
    HOUSEHOLD = "household"
    JOINT_HOLDER = "joint_holder"
    AGENT = "agent"
    GUARANTOR = "guarantor"
    EMPLOYER = "employer"
    LEGAL_REPRESENTATIVE = "legal_representative"
    PERSON_IN_CHARGE = "person_in_charge"
    SHAREHOLDER = "shareholder"
    CONTROLLER = "controller"
    BENEFICIAL_OWNER = "beneficial_owner"
    GROUP_MEMBER = "group_member"


_PERSON, _COMPANY = frozenset({PartyKind.INDIVIDUAL}), frozenset({PartyKind.ORGANIZATION})
_ANYBODY = _PERSON | _COMPANY


@attrs.frozen(kw_only=True)
class RelationRule:
    """
    A kind of relation.

    Attributes:
        first, second: What the first is to the second, and the second to the first.
        firsts, seconds: Which kinds of party may be so.
        one_first: Whether a second has one such first at a time, as a company has one legal representative.
        shares: Whether it has a share and votes.
        means: Whether it says by which means.
    """

    first: str
    second: str
    firsts: frozenset[PartyKind]
    seconds: frozenset[PartyKind]
    one_first: bool = False
    shares: bool = False
    means: bool = False

    @property
    def symmetric(self) -> bool:
        """Whether both are the same to each other."""
        return self.first == self.second


RELATIONS: Mapping[RelationKind, RelationRule] = {
    RelationKind.SPOUSE: RelationRule(first="spouse", second="spouse", firsts=_PERSON, seconds=_PERSON, one_first=True),
    RelationKind.PARENT: RelationRule(first="parent", second="child", firsts=_PERSON, seconds=_PERSON),
    RelationKind.GUARDIAN: RelationRule(first="guardian", second="ward", firsts=_ANYBODY, seconds=_PERSON),
    RelationKind.HOUSEHOLD: RelationRule(
        first="household_member", second="household_member", firsts=_PERSON, seconds=_PERSON
    ),
    RelationKind.JOINT_HOLDER: RelationRule(
        first="joint_holder", second="joint_holder", firsts=_ANYBODY, seconds=_ANYBODY
    ),
    RelationKind.AGENT: RelationRule(first="agent", second="principal", firsts=_ANYBODY, seconds=_ANYBODY),
    RelationKind.GUARANTOR: RelationRule(first="guarantor", second="guaranteed", firsts=_ANYBODY, seconds=_ANYBODY),
    RelationKind.EMPLOYER: RelationRule(first="employer", second="employee", firsts=_ANYBODY, seconds=_PERSON),
    RelationKind.LEGAL_REPRESENTATIVE: RelationRule(
        first="legal_representative", second="represented", firsts=_PERSON, seconds=_COMPANY, one_first=True
    ),
    RelationKind.PERSON_IN_CHARGE: RelationRule(
        first="person_in_charge", second="in_their_charge", firsts=_PERSON, seconds=_COMPANY
    ),
    RelationKind.SHAREHOLDER: RelationRule(
        first="shareholder", second="held", firsts=_ANYBODY, seconds=_COMPANY, shares=True
    ),
    RelationKind.CONTROLLER: RelationRule(
        first="controller", second="controlled", firsts=_ANYBODY, seconds=_COMPANY, means=True
    ),
    RelationKind.BENEFICIAL_OWNER: RelationRule(
        first="beneficial_owner", second="owned", firsts=_PERSON, seconds=_COMPANY, means=True
    ),
    RelationKind.GROUP_MEMBER: RelationRule(
        first="group_member", second="group_head", firsts=_COMPANY, seconds=_COMPANY
    ),
}
"""Every kind of relation."""
_WHO = {_PERSON: "a person", _COMPANY: "an organization", _ANYBODY: "anybody"}

ROLES: Mapping[str, tuple[str, str]] = {
    "spouse": ("配偶", "spouse"), "parent": ("父母", "parent"), "child": ("子女", "child"), "guardian": ("监护人", "guardian"),
    "ward": ("被监护人", "ward"), "household_member": ("家庭成员", "household member"), "joint_holder": ("共同持有人", "joint holder"),
    "agent": ("代理人", "agent"), "principal": ("被代理人", "principal"), "guarantor": ("担保人", "guarantor"),
    "guaranteed": ("被担保人", "guaranteed"), "employer": ("雇主", "employer"), "employee": ("雇员", "employee"),
    "legal_representative": ("法定代表人", "legal representative"), "represented": ("所代表单位", "represented organization"),
    "person_in_charge": ("日常经营负责人", "person in charge"), "in_their_charge": ("所负责单位", "organization in their charge"),
    "shareholder": ("股东", "shareholder"), "held": ("被投资企业", "company held"), "controller": ("实际控制人", "controller"),
    "controlled": ("受控企业", "company controlled"), "beneficial_owner": ("受益所有人", "beneficial owner"),
    "owned": ("受益企业", "company owned"), "group_member": ("集团成员", "group member"), "group_head": ("集团母公司", "head of the group"),
}  # fmt: skip
"""What one side may be to the other: Chinese and English labels."""


def role_label(role: str, language: Language) -> str:
    """What a role is called."""
    return ROLES[role][0 if language == "zh" else 1]


def share_of(percent: Decimal | str | int, *, path: str = "share", least: int = 1) -> int:
    """
    A percentage as it rests.

    Args:
        path: Of what it is.
        least: Of `WHOLE`, how much it is at least: 0 where somebody may have nothing, as votes.

    Raises:
        InputError: It is no number above 0, or 0 where that may be, and up to 100 with at most six digits after the point.
    """
    try:
        parts = Decimal(percent) * (WHOLE // 100)
        good = parts.is_finite() and parts == parts.to_integral_value() and least <= parts <= WHOLE
    except (ArithmeticError, ValueError, TypeError):
        good = False
    if not good:
        raise InputError(
            f"a share is a percentage {'above' if least else 'from'} 0 and up to 100, with six digits after the point at most", path=f"$.{path}", rule="share"
        )  # fmt: skip
    return int(parts)


def percent_of(parts: int) -> Decimal:
    """The reverse of `share_of`, without idle zeros."""
    percent = (Decimal(parts) / (WHOLE // 100)).normalize()
    return percent.quantize(Decimal(1)) if percent == percent.to_integral_value() else percent


def holds_on(row: Row, day: date) -> bool:
    """Whether a relation stands on a day; its first and its last day are days of it."""
    return (row.get("since") or _OPEN_FROM) <= day.isoformat() <= (row.get("until") or _OPEN_TO)


def overlap(one: Row, other: Row) -> bool:
    """Whether there is a day on which both stand."""
    latest = max(one.get("since") or _OPEN_FROM, other.get("since") or _OPEN_FROM)
    return latest <= min(one.get("until") or _OPEN_TO, other.get("until") or _OPEN_TO)


@attrs.frozen(kw_only=True)
class Side:
    """
    One of the two, as far as it decides what may be said.

    Attributes:
        kind: A person or an organization.
        born: The year in which somebody was born or founded, of four digits; empty if it is not known, or not to who says it. Days tell more: who tries
            them until one is refused would learn the day.
        rows: Their relations that stand or stood, without the one that is said.
    """

    kind: PartyKind
    born: str
    rows: tuple[Row, ...]


def need_relation(kind: RelationKind, row: Row, first: Side, second: Side, *, between: Iterable[Row]) -> None:
    """
    Raises `InputError` where a relation can not be: between parties that do not stand so to each other, with days before somebody was
    there, with a share or means that are none of its kind, in a time in which it stands already or another excludes it.

    Args:
        kind: Which.
        row: The second's row of it.
        first, second: The two.
        between: Those rows of the second that are about the first.
    """
    rule = RELATIONS[kind]
    need_row(kind, row)
    path, problem = (
        _wrong_sides(rule, first, second)
        or _wrong_births(kind, row, first, second)
        or _wrong_beside(rule, row, (*second.rows, *(first.rows if rule.symmetric else ())), between)
        or ("", "")
    )
    if problem:
        raise InputError(problem, path=f"$.{path}", rule="relation")
    if rule.shares:
        need_shares((*second.rows, row))


def need_row(kind: RelationKind, row: Row) -> None:
    """Raises `InputError` where the days, the parts or the means of a relation can be none of its kind, whoever the two are."""
    path, problem = _wrong_days(row) or _wrong_parts(RELATIONS[kind], row) or ("", "")
    if problem:
        raise InputError(problem, path=f"$.{path}", rule="relation")


def lies_within(row: Row, before: Row) -> bool:
    """Whether a relation as it is said now claims nothing beyond what was said *before*: no day more, and no larger part."""
    return (
        (before.get("since") or _OPEN_FROM) <= (row.get("since") or _OPEN_FROM)
        and (row.get("until") or _OPEN_TO) <= (before.get("until") or _OPEN_TO)
        and all(part <= was for part, was in zip(_parts(row), _parts(before), strict=True))
    )


def _parts(row: Row) -> tuple[int, int]:
    """The share and the votes of a row; votes are as the share where nothing is said."""
    share: int = row.get("share") or 0
    votes = row.get("votes")
    return share, share if votes is None else votes


_Wrong = tuple[str, str] | None
"""Where something is wrong, and what."""


def _wrong_sides(rule: RelationRule, first: Side, second: Side) -> _Wrong:
    if first.kind not in rule.firsts or second.kind not in rule.seconds:
        who, whose = _WHO[rule.firsts], _WHO[rule.seconds]
        return "kind", f"{who} is {role_label(rule.first, 'en')} of {whose}, and nobody else"
    return None


def _wrong_births(kind: RelationKind, row: Row, first: Side, second: Side) -> _Wrong:
    if kind is RelationKind.PARENT and first.born and second.born and first.born >= second.born:
        return "kind", "a parent is older than their child; the two may be the other way round"
    said = [day for day in (row.get("since"), row.get("until")) if day is not None]
    if any(day[:4] < one.born for one in (first, second) for day in said):
        return (
            "since",
            "one of the two was not there yet in that year; correct the day, or when they were born or founded",
        )
    return None


def _wrong_days(row: Row) -> _Wrong:
    said = [day for day in (row.get("since"), row.get("until")) if day is not None]
    if any(not FIRST_DAY.isoformat() <= day <= LAST_DAY.isoformat() for day in said):
        return "since", f"its days lie between {FIRST_DAY.year} and {LAST_DAY.year}"
    if said and said[-1] < said[0]:
        return "until", "it would be over before it began"
    return None


def _wrong_parts(rule: RelationRule, row: Row) -> _Wrong:
    said = row.get("share") is not None or row.get("votes") is not None
    if said and not rule.shares:
        return "share", f"{role_label(rule.first, 'en')} has no share; say that they are a shareholder too"
    if rule.shares and not any(_parts(row)):
        return "share", "a shareholder has a share or votes; say which part of the whole"
    if row.get("means") and not rule.means:
        return "means", "only who controls or benefits does so by some means"
    return None


def _wrong_beside(rule: RelationRule, row: Row, theirs: Iterable[Row], between: Iterable[Row]) -> _Wrong:
    """What stands beside *row*: between the same two, and between one of them and others."""
    if any(one["role"] == row["role"] and overlap(one, row) for one in between):
        return "since", "they stand so to each other in that time already; end or correct that"
    if rule.one_first and any(one["role"] == rule.first and overlap(one, row) for one in theirs):
        return "since", f"there is another {role_label(rule.first, 'en')} in that time; end that first"
    return None


def need_shares(rows: Iterable[Row]) -> None:
    """Raises `InputError` where on some day a company's shareholders together hold, or vote, more than the whole."""
    held = [row for row in rows if row["role"] == "shareholder"]
    for place, name in enumerate(("share", "votes")):
        for begins in {row.get("since") or _OPEN_FROM for row in held}:
            standing = [
                row for row in held if (row.get("since") or _OPEN_FROM) <= begins <= (row.get("until") or _OPEN_TO)
            ]
            if sum(_parts(row)[place] for row in standing) > WHOLE:
                raise InputError(
                    f"together the shareholders would have more than 100 % of the {name if name == 'votes' else 'shares'} in that time; "
                    "end or correct another's first", path=f"$.{name}", rule="share",
                )  # fmt: skip
