"""Checking a policy: grants that never decide, fields that nobody may read, persons who define and read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import attrs

from ..context import Actor, Purpose, Relation, Sink
from ..errors import RuleError
from ..party import CATALOGUE, FIELD_NAMES, PartyKind, Rest
from ..rules import MOST_LEAVES, Expression, is_contradictory
from .grants import BY_CUSTOMER, Action, Grant, Place, take_in
from .policy import APART, READING, SEEING, Policy
from .profiles import MaskProfiles
from .rows import to_lowered

__all__ = ["PolicyFinding", "check_policy"]

MOST_FREE = 100
"""Row rules that a decision asks of every customer, at most, to stay within 20 µs."""
LISTING = frozenset({Action.BROWSE, Action.EXPORT, Action.REPORT})
"""Actions by which the store is asked for all customers that somebody may see."""


@attrs.frozen(kw_only=True)
class PolicyFinding:
    """
    Something to look at in a policy.

    Attributes:
        rule: ``unreachable``, ``never``, ``unread``, ``defines_and_reads``, ``profile``, ``rows`` or ``slow``.
        about: The grant, field, operator, profile or role.
        en, zh: A sentence for people.
    """

    rule: str
    about: str
    en: str
    zh: str


def check_policy(policy: Policy, masks: MaskProfiles, operators: Iterable[Actor] = ()) -> list[PolicyFinding]:
    """
    What is wrong with *policy*, by rule and name. That it can be read at all is checked when it is read.

    Args:
        policy: What is checked.
        masks: Profiles it may name.
        operators: Who works under it, so that one person's roles are looked at together.

    Cost: linear in grants times the fields and places each names.
    """
    operators = list(operators)
    found = [
        *_unreachable(policy), *_unread(policy), *_profiles(policy, masks), *_define_and_read(policy, operators),
        *_never(policy), *_rows(policy, operators), *_slow(policy),
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.rule, one.about))


def _unreachable(policy: Policy) -> Iterable[PolicyFinding]:
    """Grants of which another, earlier or wider, decides every case."""
    deciding: set[str] = set()
    alike, first = _by_rule(policy), _first(policy)
    for at, grant in enumerate(policy.grants):
        for place in grant.places:
            role, purpose, action, sink, relation = place
            actor = Actor(id="check", roles={role})
            if not grant.fields and (action not in BY_CUSTOMER or not _is_counted_before(first, grant, at, place)):
                deciding.add(grant.id if action in BY_CUSTOMER else policy.allows(actor, action, purpose).rule)
            decisions = dict(policy.granted(actor, action, purpose, frozenset({relation, Relation.ANY}), sink))
            if grant.when is not None:
                for near in sorted({relation, Relation.ANY}):
                    for one in alike.get(((*place[:4], near), grant.when.tree), ()):
                        take_in(decisions, one, action)
            deciding |= {decisions[field].decision.rule for field in grant.fields}
    ids = [grant.id for grant in policy.grants]
    for grant in policy.grants:
        if grant.id not in deciding:
            yield PolicyFinding(
                rule="unreachable", about=grant.id,
                en="other grants decide every case of it; take it away, or make it narrower than they are",
                zh="其全部情形均由其他授权决定；请删除，或使其更窄",
            )  # fmt: skip
        elif ids.count(grant.id) > 1:
            yield PolicyFinding(
                rule="unreachable", about=grant.id, en="two grants have this id; the log could not tell them apart",
                zh="两条授权使用同一编号，日志无法区分",
            )  # fmt: skip


def _is_counted_before(
    first: Mapping[tuple[Place, Expression | None], int], grant: Grant, at: int, place: Place
) -> bool:
    """Whether another grant is about every customer whom *grant*, the one *at* that place in the policy, counts there."""
    rule, anybody = grant.when.tree if grant.when else None, (*place[:4], Relation.ANY)
    wider = {(anybody, rule), (anybody, None), (place, None)} - {(place, rule)}
    return first[place, rule] < at or not wider.isdisjoint(first)


def _first(policy: Policy) -> dict[tuple[Place, Expression | None], int]:
    """By place and rule, or none, where in the policy the first grant about it stands."""
    found: dict[tuple[Place, Expression | None], int] = {}
    for at, grant in enumerate(policy.grants):
        for place in grant.places:
            found.setdefault((place, grant.when.tree if grant.when else None), at)
    return found


def _by_rule(policy: Policy) -> dict[tuple[Place, Expression], list[Grant]]:
    """Grants with a row rule, by place and rule: where one holds, all of them do."""
    found: dict[tuple[Place, Expression], list[Grant]] = {}
    for grant in policy.grants:
        if grant.when is not None:
            for place in grant.places:
                found.setdefault((place, grant.when.tree), []).append(grant)
    return found


def _never(policy: Policy) -> Iterable[PolicyFinding]:
    """Grants whose row rule holds of nobody."""
    for grant in policy.grants:
        if grant.when is not None and is_contradictory(to_lowered(grant.when.tree)):
            yield PolicyFinding(
                rule="never", about=grant.id, en="its row rule holds of no customer; correct it, or take the grant away",
                zh="其行规则对任何客户都不成立；请更正或删除该授权",
            )  # fmt: skip


def _slow(policy: Policy) -> Iterable[PolicyFinding]:
    """Roles with row rules that are asked of every customer, too many to decide in some 20 µs."""
    asked: Counter[Place] = Counter()
    for (place, _), grants in _by_rule(policy).items():
        asked[place] += sum(one.when is not None and one.when.tied is None for one in grants)
    for role in sorted({place[0] for place, count in asked.items() if count > MOST_FREE}):
        yield PolicyFinding(
            rule="slow", about=role,
            en=f"over {MOST_FREE} row rules of this role tie no field to values, so each is asked of every customer; name a branch "
            f"or another value in them (field = '…' or in (…))",
            zh=f"该角色有超过{MOST_FREE}条行规则未限定任何字段的取值，须逐一对每位客户判断；请在规则中限定机构等取值",
        )  # fmt: skip


def _unread(policy: Policy) -> Iterable[PolicyFinding]:
    """Fields that rest and that no grant lets anybody see."""
    shows = READING - {Action.BREAK_GLASS}  # which by itself shows nothing
    read = {
        field
        for grant in policy.grants
        if shows & set(grant.actions) and set(grant.sinks) - {Sink.LOG}
        for field in grant.fields
    }
    kept = {
        name for name in FIELD_NAMES
        for kind in PartyKind if name in CATALOGUE[kind] and CATALOGUE[kind][name].rests is not Rest.NEVER
    }  # fmt: skip
    for field in kept - read:
        yield PolicyFinding(
            rule="unread", about=field, en="nobody may read this field; do not collect it, or grant it to somebody",
            zh="无人可读取该字段；请停止采集，或授权给需要者",
        )  # fmt: skip


def _profiles(policy: Policy, masks: MaskProfiles) -> Iterable[PolicyFinding]:
    for name in policy.profiles - set(masks.profiles):
        yield PolicyFinding(
            rule="profile", about=name, en="there is no mask profile of this name", zh="没有该名称的脱敏规则集"
        )


def _rows(policy: Policy, operators: Iterable[Actor]) -> Iterable[PolicyFinding]:
    """Roles, and operators by all of theirs, whose row rules together are more than a store is asked at once."""
    ruled = {role for grant in policy.grants if grant.when for role in grant.roles}
    asked = [(role, frozenset({role})) for role in ruled]
    asked += [(one.id, one.roles) for one in operators if len(one.roles) > 1 and ruled & one.roles]
    for name, roles in sorted(asked):
        actor = Actor(id="check", roles=roles)
        places = {
            place[1:4] for grant in policy.grants if not roles.isdisjoint(grant.roles) for place in grant.places
            if place[2] in LISTING
        }  # fmt: skip
        if any(_is_wide(policy, actor, *place) for place in places):
            yield PolicyFinding(
                rule="rows", about=name,
                en=f"these row rules have over {MOST_LEAVES} comparisons together, more than a list or export can ask for; say "
                f"branches or managers by relations, or divide the role",
                zh=f"行规则合计超过{MOST_LEAVES}个比较，列表与导出无法执行；请改用关系（机构、管户）或拆分角色",
            )  # fmt: skip


def _is_wide(policy: Policy, actor: Actor, purpose: Purpose, action: Action, sink: Sink) -> bool:
    try:  # as for somebody who has a ticket and broke a glass: each is a comparison more
        to_lowered(policy.visible(actor, action, purpose, sink=sink, ticketed=["C"], broken=["C"]))
    except RuleError:
        return True
    return False


def _define_and_read(policy: Policy, operators: Iterable[Actor]) -> Iterable[PolicyFinding]:
    """Persons who by all their operator ids together may define policies and see customers."""
    roles: dict[str, set[str]] = {}
    for operator in operators:
        roles.setdefault(operator.person, set()).update(operator.roles)
    for person, held in roles.items():
        actor = Actor(id="check", roles=held)
        defines = any(policy.allows(actor, action).rule != "default" for action in APART)
        if defines and any(policy.allows(actor, action).rule != "default" for action in SEEING):
            yield PolicyFinding(
                rule="defines_and_reads", about=person,
                en="this person's roles together may define policies or keep operators, and see customers; take one away",
                zh="此人的角色合起来既可定义策略或管理操作员，又可查看客户；请收回其一",
            )  # fmt: skip
