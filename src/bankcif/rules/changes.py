"""When the verdict of a rule on a record can change by the passing of days alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import attrs

from .calendar import RelativeDay
from .evaluate import Getter, compiled, getters
from .expression import And, Compare, Expression, Field, In, Operand, Or, Parameter, Sign
from .lowered import Computed, Gathered, Lowered, Reckoned, column

__all__ = ["next_change"]

_ONE = timedelta(days=1)


def next_change(
    rule: Lowered,
    record: Mapping[str, Any],
    today: date,
    parameters: Mapping[str, Any] | None = None,
    *,
    until: date = date.max,
) -> date | None:
    """
    The first day after *today* on which *rule* holds of *record* and does not today, or the other way round, if nothing new is heard;
    None if there is none up to *until*.

    Only days on which a comparison can turn are looked at: when a relative day reaches what the record has. Cost: some evaluations of
    the rule, a few for each comparison with a relative day and for each row of a collection that a window is about.
    """
    if not rule.days or today >= until:
        return None
    holds, given = compiled(rule), dict(parameters or {})
    verdict, day = holds(record, rule.known(today, given)), today
    while True:
        next_day = min(_Turns(rule, record, day, given).days(), default=None)
        if next_day is None or next_day > until:
            return None
        if holds(record, rule.known(next_day, given)) is not verdict:
            return next_day
        day = next_day  # what is gathered over rows may differ from now on


@attrs.frozen
class _Line:
    """A value that moves with relative days: *rest* and so many times each of *days*."""

    rest: int
    days: Mapping[RelativeDay, int]

    def plus(self, other: _Line, times: int) -> _Line:
        found = dict(self.days)
        for day, number in other.days.items():
            found[day] = found.get(day, 0) + times * number
        return _Line(self.rest + times * other.rest, {day: number for day, number in found.items() if number})


class _Turns:
    """The days behind *today* on which comparisons of a rule can turn, each seen as things stand today."""

    def __init__(self, rule: Lowered, record: Mapping[str, Any], today: date, parameters: Mapping[str, Any]) -> None:
        self._rule, self._record, self._today = rule, record, today
        self._known = rule.known(today, parameters)
        self._days = {one.name: one for one in rule.days}

    def days(self) -> Iterator[date]:
        own = _Columns(self._rule.computed, getters(self._rule), self._record, self._known, self._days)
        yield from self._of(self._rule.tree, own)
        for one in self._rule.gathered():
            within = Lowered(one.where, one.computed, self._rule.days)
            reckoned = getters(within)
            for row in self._record[one.collection]:
                yield from self._of(one.where, _Columns(one.computed, reckoned, row, self._known, self._days))

    def _of(self, tree: Expression, columns: _Columns) -> Iterator[date]:
        if isinstance(tree, And | Or):
            for item in tree.items:
                yield from self._of(item, columns)
        elif isinstance(tree, Compare | In):
            left = columns.line(Field(column(tree.field)))
            for value in tree.values if isinstance(tree, In) else (tree.value,):
                right = columns.line(value)
                if left is not None and right is not None:
                    yield from self._turns(left.plus(right, -1))

    def _turns(self, line: _Line) -> Iterator[date]:
        """The days on which *line* can come to zero, pass it or leave it."""
        if len(line.days) > 1:
            if self._today < date.max:
                yield self._today + _ONE  # two different relative days: every day is looked at
            return
        for day, times in line.days.items():
            middle = -line.rest // times
            for reached in (middle, middle + 1, middle + 2):
                turned = self._first(day, reached)
                if turned is not None:
                    yield turned

    def _first(self, day: RelativeDay, reached: int) -> date | None:
        """The first day behind today on which *day* is at *reached* or behind it, if it is not there today."""
        low, high = self._today.toordinal(), date.max.toordinal()
        if day.on(self._today) >= reached or day.on(date.max) < reached:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if day.on(date.fromordinal(middle)) >= reached:
                high = middle
            else:
                low = middle
        return date.fromordinal(high)


class _Columns:
    """The columns of a record, or of a row, as lines."""

    def __init__(
        self, computed: tuple[Computed, ...], reckoned: Mapping[str, Getter], record: Mapping[str, Any], known: Mapping[str, Any],
        days: Mapping[str, RelativeDay],
    ) -> None:  # fmt: skip
        self._computed = {one.name: one for one in computed}
        self._reckoned, self._record, self._known, self._days = reckoned, record, known, days

    def line(self, operand: Operand) -> _Line | None:
        """None for what is missing, and what is no number."""
        if isinstance(operand, Parameter):
            if operand.name in self._days:
                return _Line(0, {self._days[operand.name]: 1})
            return _number(self._known[operand.name])
        if not isinstance(operand, Field):
            return _number(operand)
        one = self._computed.get(operand.name)
        if isinstance(one, Reckoned):
            return self._sum(one)
        if isinstance(one, Gathered):
            return _number(self._reckoned[one.name](self._record, self._known))
        return _number(self._record[operand.name])

    def _sum(self, one: Reckoned) -> _Line | None:
        left, right = self.line(one.left), self.line(one.right)
        if left is None or right is None:
            return None
        if one.sign is Sign.TIMES:
            return _Line(0, {}).plus(left, right.rest)
        return left.plus(right, 1 if one.sign is Sign.PLUS else -1)


def _number(value: Any) -> _Line | None:
    return _Line(value, {}) if type(value) is int else None
