"""When the verdict of a rule on a record can change by the passing of days alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import attrs

from .calendar import RelativeDay, Unit, day_of, shifted
from .evaluate import Getter, compiled, getters
from .expression import And, Compare, Expression, Field, In, Operand, Operator, Or, Parameter, Sign
from .lowered import Computed, Gathered, Lowered, Reckoned, column
from .ordered import OrderedRows

__all__ = ["NextChange", "next_change", "turning"]

_ONE = timedelta(days=1)
_YEARS_AHEAD = 100
_SPREAD = 2  # days around a value at which a comparison with it can turn; see `_thresholds`
NextChange = Callable[..., "date | None"]


def next_change(
    rule: Lowered, record: Mapping[str, Any], today: date, parameters: Mapping[str, Any] | None = None, *, until: date | None = None
) -> date | None:  # fmt: skip
    """
    The first day after *today* on which *rule* holds of *record* and does not today, or the other way round, if nothing new is heard;
    None if there is none up to *until*, or for a hundred years.

    Only days on which a comparison can turn are looked at: when a relative day reaches what the record has. Cost: an evaluation of the
    rule for each such day until the verdict turns; a window over rows has two of them for each day on which there is one.
    """
    return turning(rule)(record, today, parameters, until=until)


def turning(rule: Lowered) -> NextChange:
    """`next_change` of *rule*, for many records: what it needs of the rule is made once."""
    holds, turns = compiled(rule), _Turns(rule)
    known_on = lru_cache(1 << 12)(rule.known)  # most customers turn on some thousand days

    def first(
        record: Mapping[str, Any], today: date, parameters: Mapping[str, Any] | None = None, *, until: date | None = None
    ) -> date | None:  # fmt: skip
        last = _horizon(today) if until is None else until
        if not rule.days or today >= last:
            return None
        known = rule.known(today, parameters) if parameters else known_on(today)
        verdict, day = holds(record, known), today
        rows = turns.of_rows(today, last, record, known)
        while True:
            place = bisect_right(rows, day)
            own = min(turns.of_record(day, record, known), default=None)
            next_day = min(rows[place : place + 1] + ([own] if own else []), default=None)
            if next_day is None or next_day > last:
                return None
            known = rule.known(next_day, parameters) if parameters else known_on(next_day)
            if holds(record, known) is not verdict:
                return next_day
            day = next_day  # what is gathered over rows may differ from now on

    return first


@lru_cache(16)
def _horizon(today: date) -> date:
    return shifted(today, _YEARS_AHEAD, Unit.YEARS)


@attrs.frozen
class _Line:
    """A value that moves with relative days: *rest* and so many times each of *days*."""

    rest: int
    days: Mapping[RelativeDay, int]

    def plus(self, other: _Line, times: int) -> _Line:
        if not self.days and not other.days:
            return _Line(self.rest + times * other.rest, {})
        found = dict(self.days)
        for day, number in other.days.items():
            found[day] = found.get(day, 0) + times * number
        return _Line(self.rest + times * other.rest, {day: number for day, number in found.items() if number})


class _Turns:
    """The days on which comparisons of a rule can turn."""

    def __init__(self, rule: Lowered) -> None:
        days = {one.name: one for one in rule.days}
        self._own = _Columns(rule.tree, rule.computed, getters(rule), days)
        over = [
            (one.collection, _Columns(one.where, one.computed, getters(Lowered(one.where, one.computed)), days))
            for one in rule.gathered()
        ]
        self._rows = [(collection, columns) for collection, columns in over if columns.moves]

    def of_record(self, today: date, record: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[date]:
        """Those behind *today*, as things stand then."""
        return self._own.turns(today, record, known)

    def of_rows(self, today: date, last: date, record: Mapping[str, Any], known: Mapping[str, Any]) -> list[date]:
        """Those of rows, which say what they say whatever the day is: all up to *last*, in order."""
        found: set[date] = set()
        for collection, columns in self._rows:
            for row in columns.near(record[collection], today, last):
                found.update(one for one in columns.turns(today, row, known) if one <= last)
        return sorted(found)


class _Columns:
    """
    The comparisons of a rule that move with time, over the columns of a record or of a row. Each moves with one relative day.

    Attributes:
        moves: Whether there are any.
    """

    def __init__(
        self, tree: Expression, computed: tuple[Computed, ...], reckoned: Mapping[str, Getter], days: Mapping[str, RelativeDay]
    ) -> None:  # fmt: skip
        self._computed = {one.name: one for one in computed}
        self._reckoned, self._days = reckoned, days
        pairs = [pair for pair in _compared(tree) if self._moves(pair[0]) or self._moves(pair[2])]
        self.moves = bool(pairs)
        self._plain = [
            (one.name, operator, days[other.name])
            for one, operator, other in pairs
            if self._is_plain(one) and isinstance(other, Parameter) and isinstance(one, Field)
        ]
        self._others = [pair for pair in pairs if not (self._is_plain(pair[0]) and isinstance(pair[2], Parameter))]

    def turns(self, today: date, record: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[date]:
        for name, operator, day in self._plain:  # nearly all are so
            value = record[name]
            if type(value) is int:
                yield from _zeros(value, day, -1, operator, today)
        for one, operator, other in self._others:
            left = self._line(one, record, known)
            right = None if left is None else self._line(other, record, known)
            if left is not None and right is not None:
                line = left.plus(right, -1)
                for day, times in line.days.items():  # one at most
                    yield from _zeros(line.rest, day, times, operator, today)

    def near(self, rows: Sequence[Mapping[str, Any]], today: date, last: date) -> Sequence[Mapping[str, Any]]:
        """Of *rows* those that can turn behind *today* and up to *last*; of ordered ones few."""
        if isinstance(rows, list) or not isinstance(rows, OrderedRows):
            return rows
        if self._others or any(name != rows.by for name, *_ in self._plain):
            return rows
        moved = [day for _, _, day in self._plain]
        return rows.between(min(day.on(today) for day in moved) - _SPREAD, max(day.on(last) for day in moved) + _SPREAD)

    def _is_plain(self, operand: Operand) -> bool:
        """Whether it is what the record has, as it stands."""
        return isinstance(operand, Field) and operand.name not in self._computed

    def _moves(self, operand: Operand) -> bool:
        """Whether it can be another tomorrow by itself; what is gathered over rows turns where its rows do."""
        if isinstance(operand, Parameter):
            return operand.name in self._days
        one = self._computed.get(operand.name) if isinstance(operand, Field) else None
        return isinstance(one, Reckoned) and (self._moves(one.left) or self._moves(one.right))

    def _line(self, operand: Operand, record: Mapping[str, Any], known: Mapping[str, Any]) -> _Line | None:
        """None for what is missing, and what is no number."""
        if isinstance(operand, Parameter):
            day = self._days.get(operand.name)
            return _number(known[operand.name]) if day is None else _Line(0, {day: 1})
        if not isinstance(operand, Field):
            return _number(operand)
        one = self._computed.get(operand.name)
        if isinstance(one, Reckoned):
            return self._sum(one, record, known)
        if isinstance(one, Gathered):
            return _number(self._reckoned[one.name](record, known))
        return _number(record[operand.name])

    def _sum(self, one: Reckoned, record: Mapping[str, Any], known: Mapping[str, Any]) -> _Line | None:
        left, right = self._line(one.left, record, known), self._line(one.right, record, known)
        if left is None or right is None:
            return None
        if one.sign is Sign.TIMES:
            return _Line(0, {}).plus(left, right.rest)
        return left.plus(right, 1 if one.sign is Sign.PLUS else -1)


def _compared(tree: Expression) -> Iterator[tuple[Operand, Operator, Operand]]:
    """The two sides of every comparison, and how they are compared."""
    if isinstance(tree, And | Or):
        for item in tree.items:
            yield from _compared(item)
    elif isinstance(tree, Compare | In):
        operator = Operator.EQUAL if isinstance(tree, In) else tree.operator
        for value in tree.values if isinstance(tree, In) else (tree.value,):
            yield Field(column(tree.field)), operator, value


def _zeros(rest: int, day: RelativeDay, times: int, operator: Operator, today: date) -> Iterator[date]:
    """The days behind *today* on which ``times * day + rest``, compared with zero, can turn."""
    for reached in _thresholds(rest, times, operator):
        first = _first(day, reached)
        if first is not None and first > today:
            yield first


def _thresholds(rest: int, times: int, operator: Operator) -> Iterable[int]:
    """The days at which ``times * day + rest``, compared with zero by *operator*, can turn once *day* is at them."""
    middle = -rest // times
    if abs(times) > 1:
        return (middle, middle + 1, middle + 2)
    if operator in (Operator.EQUAL, Operator.NOT_EQUAL):
        return (middle, middle + 1)
    # It comes to zero at the middle, and leaves it a day later.
    leaves = operator in (
        (Operator.GREATER, Operator.LESS_OR_EQUAL) if times > 0 else (Operator.LESS, Operator.GREATER_OR_EQUAL)
    )
    return (middle + 1,) if leaves else (middle,)


@lru_cache(1 << 16)  # of a file, most dates are some thousand days
def _first(day: RelativeDay, reached: int) -> date | None:
    """The first day on which *day* is at *reached* or behind it; None if it is never, or always was."""
    if not day.on(date.min) < reached <= day.on(date.max):
        return None
    found = shifted(day_of(reached), -day.number, day.unit)
    while day.on(found) >= reached:  # a month's last days may all be moved to one
        found -= _ONE
    while day.on(found) < reached:
        found += _ONE
    return found


def _number(value: Any) -> _Line | None:
    return _Line(value, {}) if type(value) is int else None
