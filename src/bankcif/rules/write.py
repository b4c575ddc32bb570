"""Rules as text, as `bankcif.rules.parse` reads it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import singledispatch
from typing import Any

from ..party import Money
from .calendar import RelativeDay
from .expression import (
    Aggregate,
    And,
    Arithmetic,
    Between,
    Compare,
    Elapsed,
    Expression,
    Field,
    Holds,
    In,
    Leaf,
    Missing,
    Not,
    Or,
    Parameter,
    Sign,
    Term,
    TextMatch,
)
from .values import utc_text

__all__ = ["written", "written_term"]


def written(expression: Expression) -> str:
    """*expression* as `parse` reads it."""
    if isinstance(expression, And | Or):
        if not expression.items:
            return "true" if isinstance(expression, And) else "false"
        word = " and " if isinstance(expression, And) else " or "
        return word.join(_within(item, expression) for item in expression.items)
    if isinstance(expression, Not):
        return f"not {_within(expression.item, expression)}"
    return _leaf(expression)


def _within(item: Expression, around: Expression) -> str:
    """*item* in parentheses where it would be read as another tree without: *and* binds closer than *or*, and *not* than both."""
    joined = isinstance(item, And | Or) and bool(item.items)
    loose = isinstance(around, Or) and isinstance(item, And) and len(item.items) > 1
    return f"({written(item)})" if joined and not loose else written(item)


def _leaf(one: Leaf) -> str:
    if isinstance(one, Holds):
        return f"{one.kind}({_operand(one.name)})"
    term = written_term(one.field)
    if isinstance(one, Compare):
        return f"{term} {one.operator} {_operand(one.value)}"
    if isinstance(one, In):
        return f"{term} {'not in' if one.negated else 'in'} ({', '.join(map(_operand, one.values))})"
    if isinstance(one, Between):
        return f"{term} between {_operand(one.low)} and {_operand(one.high)}"
    if isinstance(one, Missing):
        return f"{term} is {'not ' if one.negated else ''}missing"
    assert isinstance(one, TextMatch)
    said = f"{term} {one.part} {_operand(one.value)}"
    return f"not {said}" if one.negated else said


def written_term(term: Term | RelativeDay | date) -> str:
    """A term; a text is a field's name."""
    return term if isinstance(term, str) else _operand(term)


@singledispatch
def _operand(value: Any) -> str:
    """What a term is compared or reckoned with; a text is itself."""
    return str(value)


@_operand.register
def _(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@_operand.register
def _(value: bool) -> str:
    return "true" if value else "false"


@_operand.register
def _(value: datetime) -> str:
    return utc_text(value)


@_operand.register
def _(value: date) -> str:
    return value.isoformat()


@_operand.register
def _(value: Money) -> str:
    return f"{value.currency} {value.amount:f}"


@_operand.register
def _(value: Decimal) -> str:
    said = f"{value:f}"
    return said if "." in said else f"{said}.0"  # with a point, so that it is read as a decimal again


@_operand.register
def _(value: Parameter) -> str:
    return f"${value.name}"


@_operand.register
def _(value: Field) -> str:
    return value.name


@_operand.register
def _(value: RelativeDay) -> str:
    return f"today {'-' if value.number < 0 else '+'} {abs(value.number)} {value.unit}" if value.number else "today"


@_operand.register
def _(value: Elapsed) -> str:
    return f"days_since({value.field})"


@_operand.register
def _(value: Arithmetic) -> str:
    """A sum within a product, or behind a sign, stands in parentheses."""
    inside = isinstance(value.left, Arithmetic) and value.left.sign is not Sign.TIMES and value.sign is Sign.TIMES
    left, right = written_term(value.left), _operand(value.right)
    # So does a day that is moved, behind a sign.
    moved = isinstance(value.right, RelativeDay) and value.right.number
    right = f"({right})" if isinstance(value.right, Arithmetic) or moved else right
    return f"{f'({left})' if inside else left} {value.sign} {right}"


@_operand.register
def _(value: Aggregate) -> str:
    of = f"{value.collection}.{value.field}" if value.field else value.collection
    where = "" if value.where is None else f" where {written(value.where)}"
    within = "" if value.within is None else f" within {value.within.number} {value.within.unit}"
    return f"{value.function}({of}{where}{within})"
