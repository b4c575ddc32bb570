"""
Row rules: which customers a grant is about, beside how the actor stands to them.

A rule speaks of plain facts (`bankcif.rules.customer_schema`) and of the actor: ``$actor``, ``$person``, ``$branch``, ``$today``.
The same tree is compiled into the store's query and asked again of every customer that comes out of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import attrs

from ..context import Actor, Relation
from ..errors import PolicyError, RuleError
from ..rules import (
    FALSE,
    MOST_DEPTH,
    TRUE,
    Anchor,
    Compare,
    Expression,
    In,
    Kind,
    Lowered,
    Operator,
    Parameter,
    Predicate,
    anchor,
    compiled,
    customer_schema,
    day_of,
    days,
    lower,
    parse,
)

__all__ = ["ROW_PARAMETERS", "RowRule", "row_known", "row_parameters", "row_rule", "standing", "to_lowered"]

ROW_PARAMETERS: Mapping[str, Kind] = {
    "actor": Kind.TEXT, "person": Kind.TEXT, "branch": Kind.TEXT, "today": Kind.DATE,
}  # fmt: skip
"""What a row rule may know of who asks, and when."""


_JOINED = 4
"""Levels by which a row rule stands deeper in the rule of all whom an actor may see."""


@attrs.frozen(repr=False)
class RowRule:
    """A row rule: its text, its tree, whether it holds of a record, and the values it ties a field to, if it does."""

    text: str
    tree: Expression
    holds: Predicate = attrs.field(eq=False)
    tied: Anchor | None = attrs.field(eq=False)


def row_rule(text: str, grant: str) -> RowRule:
    """
    The rule in *text*, of the grant named *grant*.

    Raises:
        PolicyError: It is none, or speaks of what the store cannot compare; the message says where.
    """
    problem = ""
    try:
        tree = parse(text)
        lowered = to_lowered(tree, joined=True)
        return RowRule(text, tree, _on_its_day(lowered), anchor(lowered))
    except RuleError as error:
        problem = str(error)
    raise PolicyError(f"grant {grant}, when: {problem}", rule="policy")


def to_lowered(tree: Expression, *, joined: bool = False) -> Lowered:
    """*tree* as every engine takes it; one that is to be *joined* to what else decides who is seen leaves it room."""
    return lower(tree, customer_schema(), ROW_PARAMETERS, levels=MOST_DEPTH - _JOINED if joined else MOST_DEPTH)


def _on_its_day(rule: Lowered) -> Predicate:
    """*rule* as a function of a record and of `row_parameters`, of which the day is one."""
    holds = compiled(rule)
    if not rule.days:
        return holds
    return lambda record, known: holds(record, rule.known(day_of(known["today"]), known))


def row_known(rule: Lowered, actor: Actor, today: date) -> dict[str, Any]:
    """All parameters of a rule of rows that *actor* asks on *today*."""
    return rule.known(today, row_parameters(actor, today))


def row_parameters(actor: Actor, today: date) -> dict[str, Any]:
    """What a row rule knows of *actor*; None for what nobody said."""
    return {"actor": actor.id, "person": actor.person, "branch": actor.branch, "today": days(today)}


def standing(relation: Relation, ticketed: Collection[str], broken: Collection[str]) -> Expression:
    """
    The customers to whom an actor stands in *relation*.

    Args:
        relation: How.
        ticketed: Customers of the actor's tickets that hold.
        broken: Customers before whom they broke the glass.
    """
    if relation is Relation.ANY:
        return TRUE
    if relation is Relation.PORTFOLIO:
        return Compare("manager", Operator.EQUAL, Parameter("actor"))
    if relation is Relation.BRANCH:
        return Compare("branch", Operator.EQUAL, Parameter("branch"))
    named = tuple(sorted(ticketed if relation is Relation.TICKET else broken))
    return In("cif_no", named) if named else FALSE
