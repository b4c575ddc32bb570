"""Rules on one record, in Python: compiled once into functions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .expression import (
    And,
    Compare,
    Expression,
    Field,
    Function,
    In,
    Missing,
    Operand,
    Operator,
    Or,
    Parameter,
    Sign,
    TextMatch,
    TextPart,
)
from .lowered import Computed, Gathered, Lowered, Reckoned, column, is_known
from .ordered import OrderedRows, bounds

__all__ = ["Getter", "Predicate", "compiled", "getters"]

Predicate = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
"""Whether a record (its fields, None where a value is missing) is in the set, under parameters (None where unknown)."""
Getter = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
"""A column's value in a record, under parameters."""

_COMPARED: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq, Operator.NOT_EQUAL: operator.ne, Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le, Operator.GREATER: operator.gt, Operator.GREATER_OR_EQUAL: operator.ge,
}  # fmt: skip
_PARTS: Mapping[TextPart, Callable[[str, str], bool]] = {
    TextPart.STARTS: str.startswith, TextPart.ENDS: str.endswith, TextPart.CONTAINS: operator.contains,
}  # fmt: skip
_RECKONED: Mapping[Sign, Callable[[Any, Any], Any]] = {
    Sign.PLUS: operator.add, Sign.MINUS: operator.sub, Sign.TIMES: operator.mul,
}  # fmt: skip


def compiled(rule: Lowered) -> Predicate:
    """
    *rule* as a function of a record and its parameters; some 0.2 µs a comparison. A record has the rows of a collection, each a
    mapping, under the collection's name.
    """
    return _Compiler(rule.computed).predicate(rule.tree)


def getters(rule: Lowered) -> Mapping[str, Getter]:
    """The columns that *rule* reckons, as functions of a record and its parameters."""
    return _Compiler(rule.computed).computed


class _Compiler:
    def __init__(self, computed: Sequence[Computed]) -> None:
        self.computed: dict[str, Getter] = {}
        for one in computed:
            self.computed[one.name] = _gathered(one) if isinstance(one, Gathered) else self._reckoned(one)

    def predicate(self, one: Expression) -> Predicate:
        if isinstance(one, And):
            return _every([self.predicate(item) for item in one.items])
        if isinstance(one, Or):
            return _one([self.predicate(item) for item in one.items])
        if isinstance(one, Missing):
            get, negated = self._value(Field(column(one.field))), one.negated
            return lambda record, known: (get(record, known) is None) is not negated
        if isinstance(one, Compare):
            return self._compare(column(one.field), one.value, _COMPARED[one.operator])
        if isinstance(one, TextMatch):
            test = _PARTS[one.part]
            return self._compare(column(one.field), one.value, _not(test) if one.negated else test)
        assert isinstance(one, In), "a lowered rule has no other leaves"
        return self._in(one)

    def _in(self, one: In) -> Predicate:
        if one.negated:
            return _every([self._compare(column(one.field), value, operator.ne) for value in one.values])
        if column(one.field) not in self.computed and all(map(is_known, one.values)):
            name, values = column(one.field), frozenset(one.values)
            return lambda record, _known: record[name] in values
        return _one([self._compare(column(one.field), value, operator.eq) for value in one.values])

    def _compare(self, field: str, value: Operand, test: Callable[[Any, Any], bool]) -> Predicate:
        """A missing value on either side makes neither a comparison nor its contrary true."""
        if field not in self.computed and not isinstance(value, Parameter | Field):

            def with_value(record: Mapping[str, Any], _known: Mapping[str, Any]) -> bool:
                found = record[field]
                return found is not None and test(found, value)

            return with_value
        left, right = self._value(Field(field)), self._value(value)

        def with_another(record: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
            found, beside = left(record, known), right(record, known)
            return found is not None and beside is not None and test(found, beside)

        return with_another

    def _value(self, operand: Operand) -> Getter:
        if isinstance(operand, Parameter):
            parameter = operand.name
            return lambda _record, known: known[parameter]
        if isinstance(operand, Field):
            name = operand.name
            return self.computed.get(name) or (lambda record, _known: record[name])
        return lambda _record, _known: operand

    def _reckoned(self, one: Reckoned) -> Getter:
        left, right, do = self._value(one.left), self._value(one.right), _RECKONED[one.sign]

        def reckoned(record: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
            found, beside = left(record, known), right(record, known)
            return None if found is None or beside is None else do(found, beside)

        return reckoned


def _gathered(one: Gathered) -> Getter:
    inner = _Compiler(one.computed)
    holds, value, rows = inner.predicate(one.where), inner._value(Field(one.field)), _rows(one)
    if one.function is Function.COUNT:
        return lambda record, known: sum(holds(row, known) for row in rows(record, known))
    if one.function is Function.LAST:
        return lambda record, known: _last(
            (row[one.date], value(row, known)) for row in rows(record, known) if holds(row, known)
        )
    gather = _GATHERED[one.function]

    def gathered(record: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
        found = (value(row, known) for row in rows(record, known) if holds(row, known))
        return gather([each for each in found if each is not None])

    return gathered


def _rows(one: Gathered) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
    """The rows that are gone through: of ordered ones, those that can hold."""
    name, between = one.collection, bounds(one.where)
    if between is None:
        return lambda record, _known: record[name]

    def near(record: Mapping[str, Any], known: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = record[name]
        if isinstance(rows, list) or not isinstance(rows, OrderedRows):
            return rows
        ends = between(rows.by, known)
        return () if ends is None else rows.between(*ends)

    return near


_GATHERED: Mapping[Function, Callable[[Sequence[Any]], Any]] = {
    Function.SUM: sum, Function.MIN: lambda found: min(found, default=None),
    Function.MAX: lambda found: max(found, default=None), Function.DISTINCT: lambda found: len(set(found)),
}  # fmt: skip


def _every(parts: Sequence[Predicate]) -> Predicate:
    """Loops, and not `all`: half the time of a rule would be its generator's."""

    def every(record: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
        for part in parts:  # noqa: SIM110
            if not part(record, known):
                return False
        return True

    return every


def _one(parts: Sequence[Predicate]) -> Predicate:
    def one(record: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
        for part in parts:  # noqa: SIM110
            if part(record, known):
                return True
        return False

    return one


def _last(found: Any) -> Any:
    """The value of the latest day; of one day's values the greatest."""
    return max((one for one in found if None not in one), default=(None, None))[1]


def _not(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda found, value: not test(found, value)
