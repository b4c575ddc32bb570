"""Rows of a day each, in the order of their days: whoever asks for those of some days need not go through the others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .expression import And, Compare, Expression, Operator, Parameter
from .lowered import column

__all__ = ["OrderedRows", "bounds"]

_LOWER = (Operator.GREATER, Operator.GREATER_OR_EQUAL, Operator.EQUAL)
_UPPER = (Operator.LESS, Operator.LESS_OR_EQUAL, Operator.EQUAL)
_FIRST, _LAST = -(1 << 62), 1 << 62


class OrderedRows(Sequence[Mapping[str, Any]]):
    """
    Rows of a collection in the order of their days since 1970-01-01.

    Attributes:
        by: The field that holds a row's day.
    """

    by: str

    @abstractmethod
    def between(self, low: int, high: int) -> Sequence[Mapping[str, Any]]:
        """The rows from one day to another, both among them."""


def bounds(where: Expression) -> Callable[[str, Mapping[str, Any]], tuple[int, int] | None] | None:
    """
    What gives, for a field and the parameters, between which values of the field a row must lie for *where* to hold of it, None where it holds of no row. None if *where*
    bounds nothing.

    Args:
        where: Of a row; lowered.
    """
    items = where.items if isinstance(where, And) else (where,)
    said = [
        (column(one.field), one.operator, one.value)
        for one in items
        if isinstance(one, Compare) and (isinstance(one.value, Parameter) or type(one.value) is int)
    ]
    if not any(operator in (*_LOWER, *_UPPER) for _, operator, _ in said):
        return None

    def between(field: str, known: Mapping[str, Any]) -> tuple[int, int] | None:
        low, high = _FIRST, _LAST
        for name, operator, value in said:
            if name != field:
                continue
            reached = known[value.name] if isinstance(value, Parameter) else value
            if reached is None:
                return None  # a comparison with what is missing holds of nothing
            if operator in _LOWER:
                low = max(low, reached)
            if operator in _UPPER:
                high = min(high, reached)
        return low, high

    return between
