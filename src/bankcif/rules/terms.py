"""Lowering of terms and values: each term becomes a column with a type, each value what it rests as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import attrs

from ..errors import RuleError
from ..party import Money
from .anchor import anchored
from .calendar import RelativeDay, Unit
from .expression import (
    Aggregate,
    And,
    Arithmetic,
    Compare,
    Elapsed,
    Expression,
    Field,
    Function,
    Holds,
    Operand,
    Operator,
    Parameter,
    Sign,
)
from .lowered import Computed, Gathered, Lowered, Reckoned
from .parse import MOST_PARTS
from .schema import Collection, Kind, RuleField, Schema
from .values import is_bounded, is_whole, rested
from .write import written_term

__all__ = ["MOST_AGGREGATES", "Scope", "Terms"]

MOST_AGGREGATES = 50
_MOST = 2**63 - 1
_MOST_DAYS = 10**7
_MOST_MOVED = 100_000
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY)


@attrs.define
class Scope:
    """What one rule and the rules of its aggregates share."""

    schema: Schema
    parameters: Mapping[str, Kind]
    rows: Callable[[Expression, Terms, str], Expression]
    days: dict[RelativeDay, None] = attrs.field(factory=dict)
    _leaves: int = 0
    _aggregates: int = 0

    def one_more(self, most: int, path: str) -> None:
        """Counts a leaf."""
        self._leaves += 1
        if self._leaves > most:
            raise RuleError(f"a rule has at most {most} comparisons", path=path)

    def one_more_aggregate(self, path: str) -> None:
        """Counts an aggregate, each of which costs a pass over its rows."""
        self._aggregates += 1
        if self._aggregates > MOST_AGGREGATES:
            raise RuleError(f"a rule gathers at most {MOST_AGGREGATES} times over rows", path=path)


class Terms:
    """
    The terms of a rule over *fields*: of the schema, or of a collection's rows.

    Attributes:
        computed: Columns that are reckoned before, by name, each before those that need it.
    """

    def __init__(self, scope: Scope, fields: Schema | Collection) -> None:
        self.scope, self._fields = scope, fields
        self.computed: dict[str, Computed] = {}
        self._types: dict[str, RuleField] = {}
        self._moves: dict[str, frozenset[RelativeDay]] = {}
        self.path, self._at = "$", 0

    def here(self, path: str, at: int) -> None:
        """What is wrong from now on is wrong there."""
        self.path, self._at = path, at

    def wrong(self, problem: str) -> RuleError:
        return RuleError(problem, position=self._at, path=self.path)

    def column(self, term: Operand) -> tuple[str, RuleField]:
        """The column of *term*, and its type."""
        if isinstance(term, Field):
            term = term.name
        if isinstance(term, str):
            if term not in self._fields:
                raise self.wrong(self._unknown(term))
            return term, self._fields[term]
        if isinstance(term, Elapsed):
            term = Arithmetic(RelativeDay(), Sign.MINUS, Field(term.field))
        if not isinstance(term, Aggregate | Arithmetic):
            raise self.wrong("a comparison begins with a field, or with what is reckoned from fields")
        self._need_small(term)
        name = written_term(term)
        if name not in self._types:  # a term that stands in several places is one column
            self._types[name] = (
                self._gathered(name, term) if isinstance(term, Aggregate) else self._reckoned(name, term)
            )
        return name, self._types[name]

    def flag(self, one: Holds) -> str:
        """The column of another definition."""
        if not isinstance(self._fields, Schema):
            raise self.wrong(f"{one.kind}s are a customer's, and not a row's")
        if not self._fields.knows(one.kind, one.name):
            raise self.wrong(f"there is no {one.kind} {one.name}")
        return one.column

    def operand(self, field: RuleField, value: Operand) -> Operand:
        """*value* as it is compared with *field*."""
        if isinstance(value, Parameter):
            return self._parameter(field, value)
        if isinstance(value, RelativeDay):
            if field.kind is not Kind.DATE:
                raise self.wrong(f"{field.name} is of type {field.kind}; today is a date")
            return self._day(value)
        if isinstance(value, Field | Arithmetic | Elapsed | Aggregate):
            name, other = self.column(value)
            if other.unit != field.unit and not (field.kind is other.kind is Kind.MONEY and not _differ(field, other)):
                raise self.wrong(f"{field.name} is {_said(field)}, and {other.name} is {_said(other)}")
            return Field(name)
        return self._value(field, value)

    def same_currency(self, field: RuleField, value: Operand) -> Compare | None:
        """What makes sure that *field* and *value* are of one currency, where that is not known."""
        if field.kind is not Kind.MONEY:
            return None
        if isinstance(value, Money):
            return Compare(field.currency_field, Operator.EQUAL, value.currency) if field.currency_field else None
        if isinstance(value, Parameter):
            if field.currency_field:
                raise self.wrong("money of several currencies is compared with an amount, such as CNY 100")
            return None
        other = self.column(value)[1]
        mine, theirs = field.currency_field, other.currency_field
        if mine == theirs:
            return None
        if mine and theirs:
            return Compare(mine, Operator.EQUAL, Field(theirs))
        return Compare(mine or theirs, Operator.EQUAL, other.currency or field.currency)

    def moves(self, term: Operand) -> frozenset[RelativeDay]:
        """The relative days by which a term is another from day to day."""
        if isinstance(term, Arithmetic | Elapsed):
            return self._moves.get(self.column(term)[0], frozenset())
        return frozenset({term} if isinstance(term, RelativeDay) else ())

    def need_one_day(self, term: Operand, value: Operand) -> None:
        """Nobody means to compare one relative day with another, and when that turns follows from no single day."""
        if len(self.moves(term) | self.moves(value)) > 1:
            raise self.wrong("a comparison speaks of one day relative to today, and not of two")

    def days_ago(self, number: int) -> RelativeDay:
        return RelativeDay(-number, Unit.DAYS)

    def years_ago(self, number: int) -> RelativeDay:
        return RelativeDay(-number, Unit.YEARS)

    def _need_small(self, term: Aggregate | Arithmetic) -> None:
        """Without going down it step by step, which a term that is too large would make too deep."""
        count = 0
        rest: list[Any] = [term]
        while rest:
            one = rest.pop()
            if isinstance(one, Arithmetic):
                count += 1
                rest += [one.left, one.right]
            if count > MOST_PARTS:
                raise self.wrong(f"a term has at most {MOST_PARTS} parts")
            if not is_bounded(one):
                raise self.wrong("a number has at most 40 digits")

    def _day(self, value: RelativeDay) -> Parameter:
        if abs(value.number) > _MOST_MOVED:
            raise self.wrong(f"today is moved by {_MOST_MOVED:,} days, months or years at most")
        self.scope.days[value] = None
        return Parameter(value.name)

    def _unknown(self, name: str) -> str:
        if isinstance(self._fields, Collection):
            return f"{name} is not a field of {self._fields.name}; there are {', '.join(self._fields)}"
        if name.partition(".")[0] in self._fields.collections:
            return f"{name} is of many rows; say which: count, sum, min, max, distinct or last"
        return f"{name} is not a field that a rule can compare here"

    def _parameter(self, field: RuleField, value: Parameter) -> Parameter:
        known = self.scope.parameters
        if value.name not in known:
            names = ", ".join(f"${name}" for name in sorted(known)) or "none"
            raise self.wrong(f"${value.name} is not known here; there are {names}")
        if known[value.name] is not field.kind:
            raise self.wrong(f"{field.name} is of type {field.kind}, ${value.name} is not")
        return value

    def _value(self, field: RuleField, value: Any) -> Operand:
        """A value as it rests."""
        found = rested(field, value)
        if found is None:
            raise self.wrong(f"{field.name} is of type {_said(field)}, and the value beside it is not")
        if type(found) is int and not is_whole(found):
            raise self.wrong(f"{field.name}: the number does not fit 64 bits")
        return found

    def _gathered(self, name: str, term: Aggregate) -> RuleField:
        path, at = self.path, self._at
        if not isinstance(self._fields, Schema):
            raise self.wrong("rows are not gathered within rows")
        rows = self._fields.collections.get(term.collection)
        if rows is None:
            known = ", ".join(self._fields.collections) or "none"
            raise self.wrong(f"{term.collection} is no collection of a customer's; there are {known}")
        self.scope.one_more_aggregate(path)
        needs_date = term.within is not None or term.function is Function.LAST
        if needs_date and not rows.date:
            raise self.wrong(f"{rows.name} have no date, by which one could ask for a time or for the last")
        inner = Terms(self.scope, rows)
        where = And() if term.where is None else term.where
        if term.within is not None:
            if not 1 <= term.within.number <= 10_000:
                raise self.wrong("within is followed by 1 to 10,000 days, months or years")
            since = RelativeDay(-term.within.number, term.within.unit)
            recent = And(
                (Compare(rows.date, Operator.GREATER, since), Compare(rows.date, Operator.LESS_OR_EQUAL, RelativeDay()))
            )
            where = And((where, recent))
        lowered = self.scope.rows(where, inner, f"{path}.where")
        inner.here(path, at)
        field = self._type_of(term, rows, inner, lowered, name)
        column = inner.column(term.field)[0] if term.field else ""
        self.computed[name] = Gathered(
            name, term.function, rows.name, column, lowered, tuple(inner.computed.values()), rows.date
        )
        self.here(path, at)
        return field

    def _type_of(self, term: Aggregate, rows: Collection, inner: Terms, where: Expression, name: str) -> RuleField:
        if (term.function is Function.COUNT) == bool(term.field):
            raise self.wrong("count is of rows: count(holdings); everything else of a field: sum(holdings.balance)")
        if term.function is Function.COUNT:
            return RuleField(name, Kind.INTEGER, most=rows.most_rows)
        _, field = inner.column(term.field)
        if field.kind is Kind.AGE:
            raise self.wrong(f"{field.name} cannot be gathered; ask for the birth date")
        if term.function is Function.DISTINCT:
            return RuleField(name, Kind.INTEGER, most=rows.most_rows)
        currency = field.currency
        if field.currency_field:
            tied = anchored(Lowered(where), field.currency_field)
            if tied is None or len(tied.values) != 1:
                raise self.wrong(
                    f"{rows.name}.{field.name} is of several currencies; say of which: where {field.currency_field} = 'CNY'"
                )
            currency = str(next(iter(tied.values)))
        found = attrs.evolve(field, name=name, currency=currency, currency_field="")
        if term.function is Function.SUM:
            if field.kind not in _NUMBERS or field.most is None:
                raise self.wrong(f"{rows.name}.{field.name} is not summed: it is no number, or may be of any size")
            return self._within_bounds(attrs.evolve(found, most=field.most * rows.most_rows))
        if term.function in (Function.MIN, Function.MAX) and field.kind in (Kind.TEXT, Kind.BOOLEAN):
            raise self.wrong(f"{rows.name}.{field.name} has no smallest and largest; ask for the last")
        return found

    def _reckoned(self, name: str, term: Arithmetic) -> RuleField:
        left: Operand
        if isinstance(term.left, RelativeDay | date):
            left_type = RuleField("today", Kind.DATE)
            left = self.operand(left_type, term.left)
        else:
            column, left_type = self.column(term.left)
            left = Field(column)
        field, right = self._sum(name, left_type, term)
        self.computed[name] = Reckoned(name, left, term.sign, right)
        self._moves[name] = self.moves(term.left) | self.moves(term.right)
        return self._within_bounds(field)

    def _sum(self, name: str, left: RuleField, term: Arithmetic) -> tuple[RuleField, Operand]:
        """The type of the result, and the other operand."""
        if left.currency_field or left.kind not in (*_NUMBERS, Kind.DATE):
            raise self.wrong(f"{left.name} is {_said(left)}, and is not reckoned with")
        size = self._most(left)
        if term.sign is Sign.TIMES:
            if type(term.right) is not int or left.kind is Kind.DATE:
                raise self.wrong("a number or an amount is multiplied by a whole number")
            return attrs.evolve(left, name=name, most=size * abs(term.right)), term.right
        if left.kind is Kind.DATE:
            return self._from_date(name, size, term)
        right = self.operand(left, term.right)
        return attrs.evolve(left, name=name, most=size + self._size(right, term.right)), right

    def _from_date(self, name: str, size: int, term: Arithmetic) -> tuple[RuleField, Operand]:
        """A date and days, or the days between two dates."""
        day = RuleField(name, Kind.DATE)
        is_day = isinstance(term.right, date | RelativeDay)
        if isinstance(term.right, Field | Arithmetic | Aggregate | Elapsed):
            is_day = self.column(term.right)[1].kind is Kind.DATE
        if is_day:
            if term.sign is Sign.PLUS:
                raise self.wrong("two dates are not added; take one from the other")
            right = self.operand(day, term.right)
            return RuleField(name, Kind.INTEGER, most=size + self._size(right, term.right)), right
        right = self.operand(RuleField(name, Kind.INTEGER), term.right)
        return attrs.evolve(day, most=size + self._size(right, term.right)), right

    def _size(self, rests: Operand, term: Operand) -> int:
        """How large the other side of a sum is at most, up and down."""
        if isinstance(rests, int):
            return abs(rests)
        if isinstance(term, RelativeDay):
            return _MOST_DAYS
        if isinstance(term, Parameter):
            raise self.wrong(f"${term.name} may be of any size, and is not reckoned with")
        return self._most(self.column(term)[1])

    def _most(self, field: RuleField) -> int:
        if field.most is None and field.kind is not Kind.DATE:
            raise self.wrong(f"{field.name} may be of any size; declare how large it is at most to reckon with it")
        return _MOST_DAYS if field.most is None else field.most

    def _within_bounds(self, field: RuleField) -> RuleField:
        if field.most is not None and field.most > _MOST:
            raise self.wrong(f"{field.name} could be too large for 64 bits")
        return field


def _differ(one: RuleField, other: RuleField) -> bool:
    """Whether two fields of money are certainly of two currencies."""
    return bool(one.currency and other.currency and one.currency != other.currency)


def _said(field: RuleField) -> str:
    kind, currency, digits = field.unit
    return f"{kind} in {currency}" if currency else f"{kind} with {digits} digits" if digits else str(kind)
