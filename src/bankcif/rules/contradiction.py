"""Rules that hold of nobody: found where a conjunction asks two things of one field that no value is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .anchor import anchor
from .evaluate import compiled
from .expression import And, Compare, Expression, Holds, Leaf, Missing, Not, Operator, Or, parts
from .lowered import Lowered, column, is_known

__all__ = ["is_contradictory"]

_MOST_VALUES = 1000
_LOW = frozenset({Operator.GREATER, Operator.GREATER_OR_EQUAL})


def is_contradictory(rule: Lowered) -> bool:
    """
    Whether *rule* can hold of no record at all, whatever its parameters are.

    True is certain. False is not: a comparison with a parameter, two parts of one text, and alternatives beside what stands
    outside of them are not looked at.

    Cost: linear in the rule, but for fields that are tied to values, of which each is tried.
    """
    return _never(rule.tree)


def _never(one: Expression) -> bool:
    if isinstance(one, Or):
        return all(_never(item) for item in one.items)
    if not isinstance(one, And):
        one = And((one,))
    leaves: dict[str, list[Leaf]] = {}
    for item in _joined(one):
        if isinstance(item, Or):
            if _never(item):
                return True
        else:
            assert not isinstance(item, And | Not | Holds), "a lowered rule has no other parts"
            leaves.setdefault(column(item.field), []).append(item)
    return any(_excluded(field, asked) for field, asked in leaves.items())


def _joined(one: And) -> Iterator[Expression]:
    """The parts of a conjunction, those of conjunctions within it among them."""
    for item in one.items:
        if isinstance(item, And):
            yield from _joined(item)
        else:
            yield item


def _excluded(field: str, asked: list[Leaf]) -> bool:
    """Whether no value, and not its lack, is all that *asked* says of one field."""
    if any(isinstance(leaf, Missing) and not leaf.negated for leaf in asked):
        return any(not isinstance(leaf, Missing) or leaf.negated for leaf in asked)
    known = [leaf for leaf in asked if all(map(is_known, parts(leaf)))]
    tied = anchor(Lowered(And(tuple(known))))
    if tied is not None:
        holds = compiled(Lowered(And(tuple(known))))
        return len(tied.values) <= _MOST_VALUES and not any(holds({field: value}, {}) for value in tied.values)
    bounds = [bound for leaf in known for bound in _bounds(leaf)]
    lows: list[Any] = [value for operator, value in bounds if operator in _LOW]
    highs: list[Any] = [value for operator, value in bounds if operator not in _LOW]
    if not lows or not highs:
        return False
    low, high = max(lows), min(highs)
    strict = (Operator.GREATER, low) in bounds or (Operator.LESS, high) in bounds
    return bool(low > high or (low == high and strict))


def _bounds(leaf: Leaf) -> Iterator[tuple[Operator, Any]]:
    if isinstance(leaf, Compare) and leaf.operator not in (Operator.EQUAL, Operator.NOT_EQUAL):
        yield leaf.operator, leaf.value
