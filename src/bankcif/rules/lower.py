"""
Lowering: what every engine is handed is a tree of positive leaves whose types were checked.

*not* is pushed down to the leaves, so that an engine may read a leaf over a missing value as false; dates become the days
they rest as. What is wrong is found here, when a rule is defined, with where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import attrs

from ..errors import RuleError
from .expression import (
    And,
    Between,
    Compare,
    Expression,
    In,
    Leaf,
    Missing,
    Not,
    Operand,
    Operator,
    Or,
    Parameter,
    TextMatch,
    leaves,
)
from .parse import MOST_DEPTH
from .schema import Kind, Schema

__all__ = ["MOST_LEAVES", "Lowered", "days", "lower"]

MOST_LEAVES = 500
_EPOCH = date(1970, 1, 1)
_LEAST, _MOST = -(2**63), 2**63 - 1
_CONTRARY = {
    Operator.EQUAL: Operator.NOT_EQUAL, Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.LESS: Operator.GREATER_OR_EQUAL, Operator.GREATER_OR_EQUAL: Operator.LESS,
    Operator.GREATER: Operator.LESS_OR_EQUAL, Operator.LESS_OR_EQUAL: Operator.GREATER,
}  # fmt: skip


@attrs.frozen
class Lowered:
    """A rule that every engine can take: no `Not`, no dates but as days, all types right."""

    tree: Expression


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def lower(expression: Expression, schema: Schema, parameters: Mapping[str, Kind] | None = None) -> Lowered:
    """
    *expression* as engines take it.

    Args:
        schema: What it may speak of.
        parameters: Names and types of the values that are known when it is asked.

    Raises:
        RuleError: A field or parameter is not known, types do not fit, or it is too large.
    """
    count = sum(1 for _ in leaves(expression))
    if count > MOST_LEAVES:
        raise RuleError(f"a rule has at most {MOST_LEAVES} comparisons", position=0)
    return Lowered(_Lowering(schema, parameters or {}).down(expression, negated=False, depth=0))


class _Lowering:
    def __init__(self, schema: Schema, parameters: Mapping[str, Kind]) -> None:
        self._schema, self._parameters = schema, parameters

    def down(self, one: Expression, *, negated: bool, depth: int) -> Expression:
        if depth > MOST_DEPTH:
            raise RuleError(f"a rule is at most {MOST_DEPTH} levels deep", position=0)
        if isinstance(one, Not):
            return self.down(one.item, negated=not negated, depth=depth)
        if isinstance(one, And | Or):
            items = tuple(self.down(item, negated=negated, depth=depth + 1) for item in one.items)
            if len(items) == 1:
                return items[0]
            return And(items) if isinstance(one, And) is not negated else Or(items)
        return self._leaf(one, negated)

    def _leaf(self, one: Leaf, negated: bool) -> Expression:
        if isinstance(one, Compare):
            operator = _CONTRARY[one.operator] if negated else one.operator
            return Compare(one.field, operator, self._fits(one.field, one.value))
        if isinstance(one, Between):
            low, high = (self._fits(one.field, value) for value in (one.low, one.high))
            if not negated:
                return Between(one.field, low, high)
            return Or((Compare(one.field, Operator.LESS, low), Compare(one.field, Operator.GREATER, high)))
        if isinstance(one, In):
            if not one.values:
                raise RuleError(f"{one.field}: in needs a value", position=0)
            return In(one.field, tuple(self._fits(one.field, v) for v in one.values), one.negated is not negated)
        if isinstance(one, TextMatch):
            if self._kind(one.field) is not Kind.TEXT:
                raise RuleError(f"{one.field} is no text; {one.part} needs one", position=0)
            return TextMatch(one.field, one.part, self._fits(one.field, one.value), one.negated is not negated)
        self._kind(one.field)
        return Missing(one.field, one.negated is not negated)

    def _kind(self, field: str) -> Kind:
        if field not in self._schema:
            raise RuleError(f"{field} is not a field that a rule can compare in the store", position=0)
        return self._schema[field].kind

    def _fits(self, field: str, value: Operand) -> Operand:
        kind = self._kind(field)
        if isinstance(value, Parameter):
            if value.name not in self._parameters:
                known = ", ".join(f"${name}" for name in sorted(self._parameters)) or "none"
                raise RuleError(f"${value.name} is not known here; there are {known}", position=0)
            if self._parameters[value.name] is not kind:
                raise RuleError(f"{field} is of type {kind}, ${value.name} is not", position=0)
            return value
        if kind is Kind.DATE and isinstance(value, date):
            return days(value)
        right = isinstance(value, str) if kind is Kind.TEXT else type(value) is int and kind is Kind.INTEGER
        if not right:
            raise RuleError(f"{field} is of type {kind}, and the value beside it is not", position=0)
        if isinstance(value, int) and not _LEAST <= value <= _MOST:
            raise RuleError(f"{field}: the number does not fit 64 bits", position=0)
        return value
