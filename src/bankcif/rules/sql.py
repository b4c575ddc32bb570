"""
Rules in the store, as SQLAlchemy Core: every value is a bound parameter.

Text is compared by `substr` and `replace` rather than LIKE, which is blind to case on some databases. An unknown value makes a
comparison NULL, which *and* and *or* of positive leaves carry as false.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, func, literal, or_, true

from .expression import (
    And,
    Between,
    Compare,
    Expression,
    In,
    Missing,
    Operand,
    Operator,
    Or,
    Parameter,
    TextMatch,
    TextPart,
)
from .lower import Lowered

__all__ = ["condition"]

_PREFIX = "rule_"
"""Before the name of a parameter, so that none meets a statement's own."""


def condition(rule: Lowered, columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    """
    *rule* as a condition on *columns*, by the names of its schema. A parameter ``$x`` is bound as ``rule_x``.
    """
    return _condition(rule.tree, columns)


def _condition(one: Expression, columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    if isinstance(one, And):
        return and_(true(), *(_condition(item, columns) for item in one.items))
    if isinstance(one, Or):
        return or_(false(), *(_condition(item, columns) for item in one.items))
    column = columns[one.field]  # type: ignore[union-attr]
    if isinstance(one, Missing):
        return column.is_not(None) if one.negated else column.is_(None)
    if isinstance(one, Compare):
        return _compared(column, one.operator, _bound(one.value))
    if isinstance(one, Between):
        return column.between(_bound(one.low), _bound(one.high))
    if isinstance(one, In):
        if one.negated:
            return and_(true(), *(column != _bound(value) for value in one.values))
        return or_(false(), *(column == _bound(value) for value in one.values))
    assert isinstance(one, TextMatch), "a lowered rule has no other leaves"
    return _part(column, one)


def _compared(column: ColumnElement[Any], operator: Operator, value: ColumnElement[Any]) -> ColumnElement[bool]:
    compared: ColumnElement[bool] = {
        Operator.EQUAL: column == value, Operator.NOT_EQUAL: column != value, Operator.LESS: column < value,
        Operator.LESS_OR_EQUAL: column <= value, Operator.GREATER: column > value,
        Operator.GREATER_OR_EQUAL: column >= value,
    }[operator]  # fmt: skip
    return compared


def _part(column: ColumnElement[Any], one: TextMatch) -> ColumnElement[bool]:
    value = _bound(one.value)
    length = func.length(value)
    if one.part is TextPart.STARTS:
        found = func.substr(column, 1, length) == value
    elif one.part is TextPart.ENDS:
        found = and_(
            func.length(column) >= length, func.substr(column, func.length(column) - length + 1, length) == value
        )
    else:
        found = or_(length == 0, func.replace(column, value, "") != column)
    # "" is a part of every text that is there, and of none that is missing.
    holds = and_(column.is_not(None), found)
    if not one.negated:
        return holds
    return and_(column.is_not(None), value.is_not(None), ~found)


def _bound(value: Operand) -> ColumnElement[Any]:
    if isinstance(value, Parameter):
        return bindparam(_PREFIX + value.name)
    return literal(value)
