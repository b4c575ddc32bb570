"""
Lowering: what every engine is handed is a tree of positive leaves over columns, whose types were checked.

*not* is pushed down to the leaves, so that an engine may read a leaf over a missing value as false; every value becomes what it rests
as; terms become columns that are reckoned before; ages and times gone by become days. What is wrong is found here, when a rule is
defined, with where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import RuleError
from .expression import (
    MIRRORED,
    And,
    Between,
    Compare,
    Elapsed,
    Expression,
    Field,
    Holds,
    In,
    Leaf,
    Missing,
    Not,
    Operand,
    Operator,
    Or,
    Term,
    TextMatch,
)
from .lowered import Lowered
from .parse import MOST_DEPTH
from .schema import Kind, RuleField, Schema
from .terms import Scope, Terms

__all__ = ["MOST_LEAVES", "lower", "lower_term", "term_type"]

MOST_LEAVES = 500
MOST_VALUES = 10_000
"""Of one *in*; where each is a comparison of its own, as of ages and money, there are as many as there are comparisons."""
_OLDEST = 150
_MOST_DAYS = 100_000
_CONTRARY = {
    Operator.EQUAL: Operator.NOT_EQUAL, Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.LESS: Operator.GREATER_OR_EQUAL, Operator.GREATER_OR_EQUAL: Operator.LESS,
    Operator.GREATER: Operator.LESS_OR_EQUAL, Operator.LESS_OR_EQUAL: Operator.GREATER,
}  # fmt: skip


def lower(
    expression: Expression, schema: Schema, parameters: Mapping[str, Kind] | None = None, *, levels: int = MOST_DEPTH
) -> Lowered:
    """
    *expression* as engines take it.

    Args:
        schema: What it may speak of.
        parameters: Names and types of the values that are known when it is asked.
        levels: How deep *and*, *or* and *not* may stand within each other; fewer for a rule that is joined to others.

    Raises:
        RuleError: A name is not known, types do not fit, or it is too large; it says where: at which character of a text, or at which
            part of a tree.
    """
    scope = Scope(schema, parameters or {}, _rows)
    terms = Terms(scope, schema)
    tree = _Lowering(scope, terms, levels).down(expression, "$")
    return Lowered(tree, tuple(terms.computed.values()), tuple(scope.days))


def lower_term(term: Term, schema: Schema, parameters: Mapping[str, Kind] | None = None) -> Lowered:
    """
    *term* as engines take it whose value is asked for: as the rule that it has one.

    Raises:
        RuleError: It does not fit *schema*, or is an age, which rules know by days alone.
    """
    if term_type(term, schema, parameters).kind is Kind.AGE:
        raise RuleError("an age is compared, and has no value here; ask for the days since the birth date")
    return lower(Missing(term, negated=True), schema, parameters)


def term_type(term: Operand, schema: Schema, parameters: Mapping[str, Kind] | None = None) -> RuleField:
    """
    Of which type a term of a rule is.

    Raises:
        RuleError: It does not fit *schema*.
    """
    return Terms(Scope(schema, parameters or {}, _rows), schema).column(term)[1]


def _rows(where: Expression, terms: Terms, path: str) -> Expression:
    """The rule of an aggregate's rows, lowered."""
    return _Lowering(terms.scope, terms, MOST_DEPTH).down(where, path)


class _Lowering:
    """Of one rule, or of the rule of an aggregate's rows."""

    def __init__(self, scope: Scope, terms: Terms, levels: int) -> None:
        self._scope, self._terms, self._levels = scope, terms, levels

    def down(self, one: Expression, path: str, *, negated: bool = False, depth: int = 0) -> Expression:
        if depth > self._levels:
            raise RuleError(f"a rule is at most {self._levels} levels deep", path=path)
        if isinstance(one, Not):
            return self.down(one.item, f"{path}.not", negated=not negated, depth=depth + 1)
        if isinstance(one, And | Or):
            word = "and" if isinstance(one, And) else "or"
            items = tuple(
                self.down(item, f"{path}.{word}[{n}]", negated=negated, depth=depth + 1)
                for n, item in enumerate(one.items)
            )
            if len(items) == 1:
                return items[0]
            return And(items) if isinstance(one, And) is not negated else Or(items)
        self._scope.one_more(MOST_LEAVES, path)
        return self._leaf(one, negated, path)

    def _leaf(self, one: Leaf, negated: bool, path: str) -> Expression:
        self._terms.here(path, one.at)
        if isinstance(one, Holds):
            return Compare(self._terms.flag(one), Operator.EQUAL, not negated)
        if isinstance(one, Compare):
            return self._compare(one.field, _CONTRARY[one.operator] if negated else one.operator, one.value)
        if isinstance(one, Between):
            if negated:
                below = self._compare(one.field, Operator.LESS, one.low)
                return Or((below, self._compare(one.field, Operator.GREATER, one.high)))
            above = self._compare(one.field, Operator.GREATER_OR_EQUAL, one.low)
            return And((above, self._compare(one.field, Operator.LESS_OR_EQUAL, one.high)))
        if isinstance(one, In):
            return self._in(one, negated is not one.negated)
        name, field = self._terms.column(one.field)
        if isinstance(one, Missing):
            return Missing(field.born or name, one.negated is not negated)
        assert isinstance(one, TextMatch)
        if field.kind is not Kind.TEXT:
            raise self._terms.wrong(f"{field.name} is no text; {one.part} needs one")
        value = self._terms.operand(field, one.value)
        if isinstance(value, Field):
            raise self._terms.wrong(f"{one.part} needs a text or a $parameter, and not another field")
        return TextMatch(name, one.part, value, one.negated is not negated)

    def _compare(self, term: Term, operator: Operator, value: Operand) -> Expression:
        if isinstance(term, Elapsed) and type(value) is int:
            # So many days have passed since a date that lies so many days before today.
            if abs(value) > _MOST_DAYS:
                raise self._terms.wrong(f"days since a date are compared with {_MOST_DAYS:,} at most")
            return self._compare(term.field, MIRRORED[operator], self._terms.days_ago(value))
        name, field = self._terms.column(term)
        if field.kind is Kind.AGE:
            return self._age(field, operator, value)
        if field.kind is Kind.BOOLEAN and operator not in (Operator.EQUAL, Operator.NOT_EQUAL):
            raise self._terms.wrong(f"{field.name} is true or false; compare it by = or !=")
        compared = Compare(name, operator, self._terms.operand(field, value))
        self._terms.need_one_day(term, value)
        # An amount of another currency is neither more nor less: like a missing one, it makes nothing true.
        alike = self._terms.same_currency(field, value)
        return compared if alike is None else And((alike, compared))

    def _in(self, one: In, negated: bool) -> Expression:
        if not 1 <= len(one.values) <= MOST_VALUES:
            raise self._terms.wrong(f"in needs a value, and {MOST_VALUES:,} at most")
        name, field = self._terms.column(one.field) if not isinstance(one.field, Elapsed) else ("", None)
        if field is None or field.kind in (Kind.AGE, Kind.MONEY):
            operator = Operator.NOT_EQUAL if negated else Operator.EQUAL
            for _ in one.values[1:]:
                self._scope.one_more(MOST_LEAVES, self._terms.path)
            items = tuple(self._compare(one.field, operator, value) for value in one.values)
            return And(items) if negated else Or(items)
        found = In(name, tuple(self._terms.operand(field, value) for value in one.values), negated)
        for value in one.values:
            self._terms.need_one_day(one.field, value)
        return found

    def _age(self, field: RuleField, operator: Operator, value: Operand) -> Expression:
        """Whoever has reached an age was born on a day so many years ago or before it, or is of a class or above it."""
        if type(value) is not int or not 0 <= value <= _OLDEST:
            raise self._terms.wrong(f"{field.name} is compared with a whole number of years, 0 to {_OLDEST}")
        reached: dict[Operator, tuple[int, Operator]] = {
            Operator.GREATER_OR_EQUAL: (value, Operator.GREATER_OR_EQUAL), Operator.LESS: (value, Operator.LESS),
            Operator.GREATER: (value + 1, Operator.GREATER_OR_EQUAL), Operator.LESS_OR_EQUAL: (value + 1, Operator.LESS),
        }  # fmt: skip
        if operator in reached:
            return self._reached(field, *reached[operator])
        inside = operator is Operator.EQUAL
        low = self._reached(field, value, Operator.GREATER_OR_EQUAL if inside else Operator.LESS)
        high = self._reached(field, value + 1, Operator.LESS if inside else Operator.GREATER_OR_EQUAL)
        return And((low, high)) if inside else Or((low, high))

    def _reached(self, field: RuleField, age: int, operator: Operator) -> Expression:
        if not field.bounds:
            return self._compare(field.born, MIRRORED[operator], self._terms.years_ago(age))
        if age not in field.bounds:
            bounds = ", ".join(map(str, field.bounds))
            raise self._terms.wrong(
                f"here {field.name} is known by classes that begin at {bounds}, and {age} is none of them; a rule over the opened birth "
                f"date can ask for it"
            )
        return Compare(field.born, operator, field.bounds.index(age) + 1)
