"""
Rules built in Python.

    field("aum") >= Money("1000000", "CNY")
    rows("holdings", field("status") == "active").sum("balance") > Money("0", "CNY")
    ~tag("dormant") & (field("customer_since") < today - Span(1, Unit.YEARS))
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from ..errors import RuleError
from .calendar import RelativeDay, Span
from .expression import (
    Aggregate,
    Arithmetic,
    Between,
    Compare,
    Elapsed,
    Expression,
    Field,
    Function,
    Holds,
    In,
    Missing,
    Operand,
    Operator,
    Parameter,
    Sign,
    Term,
    TextMatch,
    TextPart,
)

__all__ = ["Rows", "TermBuilder", "days_since", "field", "parameter", "rows", "segment", "tag", "today"]


def _plain(value: Any) -> Operand:
    """A value, or the term that is being built."""
    found: Operand = value.term if isinstance(value, TermBuilder) else value
    return Field(found) if isinstance(value, TermBuilder) and isinstance(found, str) else found


@attrs.frozen(eq=False)
class TermBuilder:
    """A term, of which comparisons make rules; what is compared is a value or another term."""

    term: Term | RelativeDay

    def __eq__(self, other: object) -> Compare:  # type: ignore[override]
        return self._compared(Operator.EQUAL, other)

    def __ne__(self, other: object) -> Compare:  # type: ignore[override]
        return self._compared(Operator.NOT_EQUAL, other)

    def __lt__(self, other: object) -> Compare:
        return self._compared(Operator.LESS, other)

    def __le__(self, other: object) -> Compare:
        return self._compared(Operator.LESS_OR_EQUAL, other)

    def __gt__(self, other: object) -> Compare:
        return self._compared(Operator.GREATER, other)

    def __ge__(self, other: object) -> Compare:
        return self._compared(Operator.GREATER_OR_EQUAL, other)

    def __hash__(self) -> int:
        return hash(self.term)

    def __add__(self, other: object) -> TermBuilder:
        return self._reckoned(Sign.PLUS, other)

    def __sub__(self, other: object) -> TermBuilder:
        return self._reckoned(Sign.MINUS, other)

    def __mul__(self, other: int) -> TermBuilder:
        return self._reckoned(Sign.TIMES, other)

    def is_in(self, values: Iterable[Any]) -> In:
        """That it is one of *values*."""
        return In(self._left(), tuple(map(_plain, values)))

    def between(self, low: Any, high: Any) -> Between:
        """That it is *low*, *high*, or between them."""
        return Between(self._left(), _plain(low), _plain(high))

    def is_missing(self) -> Missing:
        """That nothing is known of it; negate it by ``~``."""
        return Missing(self._left())

    def starts_with(self, text: str | TermBuilder) -> TextMatch:
        """That it begins with *text*, literally."""
        return TextMatch(self._left(), TextPart.STARTS, _plain(text))

    def ends_with(self, text: str | TermBuilder) -> TextMatch:
        """That it ends with *text*, literally."""
        return TextMatch(self._left(), TextPart.ENDS, _plain(text))

    def contains(self, text: str | TermBuilder) -> TextMatch:
        """That *text* is somewhere in it, literally."""
        return TextMatch(self._left(), TextPart.CONTAINS, _plain(text))

    def _left(self) -> Term:
        return self.term  # type: ignore[return-value]

    def _compared(self, operator: Operator, other: object) -> Compare:
        return Compare(self._left(), operator, _plain(other))

    def _reckoned(self, sign: Sign, other: object) -> TermBuilder:
        if isinstance(self.term, RelativeDay) and isinstance(other, Span):
            if self.term.number:
                raise RuleError("today is moved once: by days, months or years")
            return TermBuilder(RelativeDay(-other.number if sign is Sign.MINUS else other.number, other.unit))
        return TermBuilder(Arithmetic(self.term, sign, _plain(other)))


@attrs.frozen
class Rows:
    """Some of a customer's rows in a collection, of which something is gathered."""

    collection: str
    where: Expression | None = None
    within: Span | None = None

    def count(self) -> TermBuilder:
        """How many there are."""
        return self._gathered(Function.COUNT, "")

    def exist(self) -> Compare:
        """That there is one."""
        return self.count() > 0

    def sum(self, name: str) -> TermBuilder:
        """Of the field *name*, where it is known; 0 of none."""
        return self._gathered(Function.SUM, name)

    def min(self, name: str) -> TermBuilder:
        """The smallest; missing of none."""
        return self._gathered(Function.MIN, name)

    def max(self, name: str) -> TermBuilder:
        """The largest; missing of none."""
        return self._gathered(Function.MAX, name)

    def distinct(self, name: str) -> TermBuilder:
        """How many different ones there are."""
        return self._gathered(Function.DISTINCT, name)

    def last(self, name: str) -> TermBuilder:
        """That of the latest day."""
        return self._gathered(Function.LAST, name)

    def _gathered(self, function: Function, name: str) -> TermBuilder:
        return TermBuilder(Aggregate(function, self.collection, name, self.where, self.within))


def field(name: str) -> TermBuilder:
    """The field *name*."""
    return TermBuilder(name)


def rows(collection: str, where: Expression | None = None, *, within: Span | None = None) -> Rows:
    """The rows of *collection* of which *where* holds, and which are of so long a time up to today."""
    return Rows(collection, where, within)


def days_since(name: str) -> TermBuilder:
    """How many days have passed since the date *name*."""
    return TermBuilder(Elapsed(name))


def parameter(name: str) -> Parameter:
    """A value that is known when the rule is asked."""
    return Parameter(name)


def tag(name: str) -> Holds:
    """That the customer has the tag *name*."""
    return Holds("tag", name)


def segment(name: str) -> Holds:
    """That the customer is in the segment *name*."""
    return Holds("segment", name)


today = TermBuilder(RelativeDay())
"""The day on which the rule is asked."""
