"""What must hold for a rule to hold: the values that one of its fields must have, so that many rules can be found by a record."""

from __future__ import annotations

from typing import Any

import attrs

from .expression import And, Compare, Expression, In, Operand, Operator, Or, Value
from .lowered import Lowered, column, is_known

__all__ = ["Anchor", "anchor", "anchored"]


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
    return min(_anchors(rule.tree).values(), key=lambda each: len(each.values), default=None)


def anchored(rule: Lowered, field: str) -> Anchor | None:
    """The anchor of *rule* on *field*; None if it is not tied."""
    return _anchors(rule.tree).get(field)


def _anchors(one: Expression) -> dict[str, Anchor]:
    """By field."""
    found: dict[str, Anchor] = {}
    if isinstance(one, Compare) and one.operator is Operator.EQUAL:
        found = _of(column(one.field), one.value)
    elif isinstance(one, In) and not one.negated:
        found = _of(column(one.field), *one.values)
    elif isinstance(one, And):
        for each in (each for item in one.items for each in _anchors(item).values()):
            known = found.get(each.field)
            if known is None or len(each.values) < len(known.values):
                found[each.field] = each
    elif isinstance(one, Or) and one.items:
        sides = [_anchors(item) for item in one.items]
        for field in set(sides[0]).intersection(*sides[1:]):
            found[field] = Anchor(field, frozenset(value for side in sides for value in side[field].values))
    return found


def _of(field: str, *values: Operand) -> dict[str, Anchor]:
    known: frozenset[Any] = frozenset(value for value in values if is_known(value))
    return {field: Anchor(field, known)} if len(known) == len(set(values)) else {}
