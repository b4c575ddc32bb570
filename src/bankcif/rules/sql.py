"""
Rules in the store, as SQLAlchemy Core: every value is a bound parameter.

Text is compared by `substr` and `replace` rather than LIKE, which is blind to case on some databases. An unknown value makes a
comparison NULL, which *and* and *or* of positive leaves carry as false. What is gathered over rows is a query of its own within.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    distinct,
    false,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

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

__all__ = ["Rows", "condition"]

_PREFIX = "rule_"
"""Before the name of a parameter, so that none meets a statement's own."""


@attrs.frozen(eq=False)
class Rows:
    """
    The rows of a collection in the store.

    Attributes:
        columns: Of a row, by the names of its collection.
        of: Which rows are the customer's whom the statement around asks about.
    """

    columns: Mapping[str, ColumnElement[Any]]
    of: ColumnElement[bool]


def condition(
    rule: Lowered, columns: Mapping[str, ColumnElement[Any]], collections: Mapping[str, Rows] | None = None
) -> ColumnElement[bool]:
    """
    *rule* as a condition on *columns*, by the names of its schema. A parameter ``$x`` is bound as ``rule_x``.

    Args:
        columns: By the names of the schema; tags and segments, which are true or false and never missing, as ``tag:NAME``.
        collections: By their names.
    """
    return _Statement(rule.computed, columns, collections or {}).condition(rule.tree)


class _Statement:
    def __init__(
        self, computed: Sequence[Computed], columns: Mapping[str, ColumnElement[Any]], collections: Mapping[str, Rows]
    ) -> None:
        self._columns = dict(columns)
        for one in computed:
            self._columns[one.name] = (
                _gathered(one, collections[one.collection]) if isinstance(one, Gathered) else self._reckoned(one)
            )

    def condition(self, one: Expression) -> ColumnElement[bool]:
        if isinstance(one, And):
            return and_(true(), *(self.condition(item) for item in one.items))
        if isinstance(one, Or):
            return or_(false(), *(self.condition(item) for item in one.items))
        assert isinstance(one, Missing | Compare | In | TextMatch), "a lowered rule has no other leaves"
        left = self._columns[column(one.field)]
        if isinstance(one, Missing):
            return left.is_not(None) if one.negated else left.is_(None)
        if isinstance(one, Compare):
            return _compared(left, one.operator, self.value(one.value, left))
        if isinstance(one, In):
            return self._in(left, one)
        return _part(left, one, self.value(one.value, left))

    def _in(self, left: ColumnElement[Any], one: In) -> ColumnElement[bool]:
        """Values in a list of their own: a chain of comparisons may be as long as a database counts its depth."""
        known = [value for value in one.values if is_known(value)]
        others = [self.value(value, left) for value in one.values if not is_known(value)]
        if one.negated:
            return and_(left.not_in(known) if known else true(), *(left != other for other in others))
        return or_(left.in_(known) if known else false(), *(left == other for other in others))

    def value(self, operand: Operand, beside: ColumnElement[Any] | None = None) -> ColumnElement[Any]:
        """*operand*; a value is of the type of what it stands *beside*, and a number of 64 bits in any case."""
        if isinstance(operand, Field):
            return self._columns[operand.name]
        if isinstance(operand, Parameter):
            return bindparam(_PREFIX + operand.name, type_=None if beside is None else beside.type)
        return literal(operand, BigInteger()) if type(operand) is int else literal(operand)

    def _reckoned(self, one: Reckoned) -> ColumnElement[Any]:
        left, right = self.value(one.left), self.value(one.right)
        if one.sign is Sign.PLUS:
            return _whole(left + right)
        return _whole(left - right if one.sign is Sign.MINUS else left * right)


def _gathered(one: Gathered, rows: Rows) -> ColumnElement[Any]:
    inner = _Statement(one.computed, rows.columns, {})
    where = and_(rows.of, inner.condition(one.where))
    if one.function is Function.COUNT:
        return select(_whole(func.count())).where(where).scalar_subquery()
    value = inner.value(Field(one.field))
    if one.function is Function.LAST:
        date = rows.columns[one.date]
        there = and_(where, date.is_not(None), value.is_not(None))
        return select(value).where(there).order_by(date.desc(), value.desc()).limit(1).scalar_subquery()
    gathered = {
        Function.SUM: func.coalesce(func.sum(value), 0), Function.MIN: func.min(value), Function.MAX: func.max(value),
        Function.DISTINCT: _whole(func.count(distinct(value))),
    }[one.function]  # fmt: skip
    return select(gathered).where(where).scalar_subquery()


def _whole(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """A number of 64 bits, so that what it is compared with is one too."""
    return type_coerce(number, BigInteger())


def _compared(left: ColumnElement[Any], operator: Operator, value: ColumnElement[Any]) -> ColumnElement[bool]:
    compared: ColumnElement[bool] = {
        Operator.EQUAL: left == value, Operator.NOT_EQUAL: left != value, Operator.LESS: left < value,
        Operator.LESS_OR_EQUAL: left <= value, Operator.GREATER: left > value,
        Operator.GREATER_OR_EQUAL: left >= value,
    }[operator]  # fmt: skip
    return compared


def _part(left: ColumnElement[Any], one: TextMatch, value: ColumnElement[Any]) -> ColumnElement[bool]:
    length = _Characters(value)
    if one.part is TextPart.STARTS:
        found = func.substr(left, 1, length) == value
    elif one.part is TextPart.ENDS:
        found = and_(_Characters(left) >= length, func.substr(left, _Characters(left) - length + 1, length) == value)
    else:
        found = or_(length == 0, func.replace(left, value, "") != left)
    # "" is a part of every text that is there, and of none that is missing.
    holds = and_(left.is_not(None), found)
    if not one.negated:
        return holds
    return and_(left.is_not(None), value.is_not(None), ~found)


class _Characters(FunctionElement[int]):
    """How many characters a text has."""

    type = Integer()
    inherit_cache = True


@compiles(_Characters)
def _characters(element: _Characters, compiler: SQLCompiler, **more: Any) -> str:
    """MySQL's own ``length`` counts bytes, and SQLite knows no other name."""
    name = "length" if compiler.dialect.name == "sqlite" else "char_length"
    return f"{name}({compiler.process(element.clauses, **more)})"
