"""What must hold for a rule to hold: the values that one of its fields must have, so that many rules can be found by a record."""

from __future__ import annotations

from typing import Any

import attrs

from .expression import And, Compare, Expression, In, Operand, Operator, Or, Value
from .lowered import Lowered, column, is_known

__all__ = ["Anchor", "anchor"]


@attrs.frozen
class Anchor:
    """A field and the values one of which it has wherever the rule holds."""

    field: str
    values: frozenset[Value]


def anchor(rule: Lowered) -> Anchor | None:
    """
    The anchor of *rule* with the fewest values; None if no field is tied to values that stand in the rule.

    Cost: linear in the rule.
    """
    return _anchor(rule.tree)


def _anchor(one: Expression) -> Anchor | None:
    if isinstance(one, Compare) and one.operator is Operator.EQUAL:
        return _of(column(one.field), one.value)
    if isinstance(one, In) and not one.negated:
        return _of(column(one.field), *one.values)
    if isinstance(one, And):
        found = [each for each in map(_anchor, one.items) if each is not None]
        return min(found, key=lambda each: len(each.values), default=None)
    if isinstance(one, Or) and one.items:
        return _either([_anchor(item) for item in one.items])
    return None


def _of(field: str, *values: Operand) -> Anchor | None:
    known: frozenset[Any] = frozenset(value for value in values if is_known(value))
    return Anchor(field, known) if len(known) == len(set(values)) else None


def _either(sides: list[Anchor | None]) -> Anchor | None:
    """The anchor of a rule that holds where one of several does: they must speak of the same field."""
    known = [side for side in sides if side is not None]
    if len(known) != len(sides) or len({side.field for side in known}) > 1:
        return None
    return Anchor(known[0].field, frozenset(value for side in known for value in side.values))
