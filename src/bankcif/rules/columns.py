"""
Rules on whole columns, through Narwhals: Polars and DuckDB on one machine, Spark on a cluster.

Frames hold values as they rest (`bankcif.rules.Kind`); all rules are evaluated in one pass, and what several gather over the same rows
is gathered once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from .._extras import need
from ..errors import InputError
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
from .schema import Collection, Kind, Schema

__all__ = ["KEY", "holding", "opened", "rows_of"]

KEY = "0key"
"""Whatever tells customers apart is called so within; no field's name begins with a digit."""
_COUNTED = "0counted"


def holding(
    rules: Mapping[str, Lowered],
    schema: Schema,
    frame: Any,
    *,
    key: str,
    today: date,
    collections: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    exclusive: Sequence[Sequence[str]] = (),
    terms: Mapping[str, Lowered] | None = None,
) -> Any:
    """
    Which rules hold of which customer, and what terms come to.

    Args:
        rules: By the names of the columns that come out; lowered for *schema*. A rule called ``tag:NAME`` or ``segment:NAME`` is what
            others mean by that; there are no circles.
        schema: Types of the columns.
        frame: A row for each customer: a Polars, DuckDB or Spark frame, lazy or not. Tags and segments that are none of the rules are columns
            ``tag:NAME``, true or false.
        key: The column that tells customers apart, here and in *collections*; never missing.
        today: The day on which the rules are asked.
        collections: The rows of each collection, by its name.
        parameters: Values of the rules' parameters.
        exclusive: Rules of which one holds at most: the first, in this order. They do not name each other.
        terms: By the names of the columns that come out, each as `bankcif.rules.lower_term` gives it.

    Returns:
        A frame of the same kind: *key*, a truth value for each rule, never missing, and the value of each term, as it rests; in any order.

    Raises:
        InputError: A column is missing, or is of another type; it says which, and what would be right.
    """
    terms = terms or {}
    definitions = {name: rule for name, rule in rules.items() if name.startswith(("tag:", "segment:"))}
    asked = (*rules.values(), *terms.values())
    gathered = {one.name: one for rule in asked for one in rule.gathered()}
    # A column is not named by a rule's text, of which no engine promises anything.
    names = {name: f"0gathered{n}" for n, name in enumerate(gathered)}
    nw = need("narwhals", extra="bulk")
    frames = _Frames(nw, names)
    if key in rules or key in terms:
        raise InputError(
            "a rule is called as the column that tells customers apart; call it otherwise", rule="snapshot"
        )
    base = opened(nw, frame, "the frame of customers", key, _needed(asked) - definitions.keys(), schema)
    known = _merged(asked, today, parameters or {})
    for name in dict.fromkeys(one.collection for one in gathered.values()):
        these = [one for one in gathered.values() if one.collection == name]
        rows = rows_of(nw, collections, name, base, key, _needed_of(these), schema.collections[name])
        base = frames.with_gathered(base, rows, these, known)
    mine = {name: f"0rule{n}" for n, name in enumerate(rules)}
    meant = {**names, **{name: mine[name] for name in definitions}}
    for level in _levels(rules, definitions, exclusive):
        holds = {
            name: _Expressions(nw, rules[name].computed, known, meant).condition(rules[name].tree) for name in level
        }
        base = base.with_columns(*(one.alias(mine[name]) for name, one in _one_at_most(holds, exclusive).items()))
    values = [
        _Expressions(nw, one.computed, known, meant).value(Field(_term_of(one))).alias(name)
        for name, one in terms.items()
    ]
    truths = [nw.col(mine[name]).alias(name) for name in rules]
    return base.select(nw.col(KEY).alias(key), *truths, *values).to_native()


def _term_of(lowered: Lowered) -> str:
    """The column of a term, of which it was lowered that there is a value."""
    assert isinstance(lowered.tree, Missing), "a term is lowered as the rule that it has a value"
    return column(lowered.tree.field)


def opened(nw: Any, frame: Any, what: str, key: str, needed: Iterable[str], fields: Schema | Collection) -> Any:
    """
    The columns of *frame* that are needed, as engines compare them, behind `KEY`.

    Args:
        nw: Narwhals.
        frame: A Polars, DuckDB or Spark frame, lazy or not.
        what: As a message calls it.
        key: Its column that tells customers apart.
        needed: Names of columns; one that is none of *fields* is a truth value.
        fields: Their types.

    Raises:
        InputError: A column is missing, or is of another type.
    """
    found = nw.from_native(frame)
    types = found.collect_schema()
    if key not in types:
        raise InputError(f"{what} has no column {key}", rule="snapshot")
    columns = [nw.col(key).alias(KEY)]
    for name in sorted(needed):
        if name not in types:
            raise InputError(f"{what} has no column {name}, which a rule speaks of", rule="snapshot")
        kind = fields[name].kind if name in fields else Kind.BOOLEAN
        columns.append(_typed(nw, name, types[name], kind, what))
    return found.select(*columns)


def _typed(nw: Any, name: str, type_: Any, kind: Kind, what: str) -> Any:
    if kind is Kind.TEXT:
        right, wanted = type_ == nw.String, "text"
    elif kind is Kind.BOOLEAN:
        right, wanted = type_ == nw.Boolean, "true or false"
    else:
        numbers = (nw.Int64, nw.Int32, nw.Int16, nw.Int8, nw.UInt32, nw.UInt16, nw.UInt8)
        right, wanted = type_ in numbers, "whole numbers of at most 64 bits, with a sign"
    if type_ == nw.Unknown:
        raise InputError(
            f"{what}: the column {name} has no type that is known; if all of it is missing, say which it is of: {wanted}",
            rule="snapshot",
        )
    if not right:
        raise InputError(f"{what}: the column {name} is {type_}; a {kind} is given as {wanted}", rule="snapshot")
    if kind is Kind.BOOLEAN and name.startswith(("tag:", "segment:")):
        return nw.col(name).fill_null(False)  # who has no portrait has no tag
    return nw.col(name) if kind in (Kind.TEXT, Kind.BOOLEAN) or type_ == nw.Int64 else nw.col(name).cast(nw.Int64)


def rows_of(
    nw: Any,
    collections: Mapping[str, Any] | None,
    name: str,
    base: Any,
    key: str,
    needed: Iterable[str],
    rows: Collection,
) -> Any:
    """
    The rows of the collection *name*, `opened`, whose key is of the type of that of *base*.

    Raises:
        InputError: They were not given, or do not fit.
    """
    if name not in (collections or {}):
        raise InputError(f"the rules gather over {name}, of which no rows were given", rule="missing_collection")
    found = opened(nw, (collections or {})[name], f"the rows of {name}", key, needed, rows)
    if (mine := base.collect_schema()[KEY]) != (theirs := found.collect_schema()[KEY]):
        raise InputError(f"the key of customers is {mine}, and that of the rows of {name} is {theirs}", rule="snapshot")
    return found


def _one_at_most(holds: Mapping[str, Any], exclusive: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The rules of a level as truth values that are never missing; in a group none holds where one before it does."""
    found = {name: one.fill_null(False) for name, one in holds.items()}
    for group in exclusive:
        before: Any = None
        for name in (one for one in group if one in holds):
            raw = found[name]
            found[name] = raw if before is None else raw & ~before
            before = raw if before is None else before | raw
    return found


def _levels(
    rules: Mapping[str, Lowered], definitions: Mapping[str, Lowered], exclusive: Sequence[Sequence[str]]
) -> list[list[str]]:
    """The rules in the order in which they can be evaluated: those of a level name none of it or behind it."""
    together = {name: tuple(group) for group in exclusive for name in group}
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            group = [one for one in together.get(name, (name,)) if one in rules]
            named = {other for one in group for other in _columns_of(rules[one].tree) & definitions.keys()}
            found = 1 + max(map(depth, named), default=-1)
            depths.update(dict.fromkeys(group, found))
        return depths[name]

    levels: dict[int, list[str]] = {}
    for name in rules:
        levels.setdefault(depth(name), []).append(name)
    return [levels[at] for at in sorted(levels)]


def _merged(rules: Any, today: date, parameters: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = dict(parameters)
    for rule in rules:
        known |= rule.known(today, parameters)
    return known


def _needed(rules: Iterable[Lowered]) -> set[str]:
    """The columns of the customers' frame that *rules* need."""
    found: set[str] = set()
    for rule in rules:
        computed = {one.name for one in rule.computed}
        found |= (_columns_of(rule.tree) | _operands(rule.computed)) - computed
    return found


def _needed_of(gathered: Sequence[Gathered]) -> set[str]:
    found: set[str] = set()
    for one in gathered:
        computed = {inner.name for inner in one.computed}
        used = _columns_of(one.where) | _operands(one.computed) | {one.field}
        if one.function is Function.LAST:
            used.add(one.date)
        found |= used - computed - {""}
    return found


def _columns_of(tree: Expression) -> set[str]:
    if isinstance(tree, And | Or):
        return {name for item in tree.items for name in _columns_of(item)}
    assert isinstance(tree, Compare | In | Missing | TextMatch), "a lowered rule has no other leaves"
    values = tree.values if isinstance(tree, In) else () if isinstance(tree, Missing) else (tree.value,)
    return {column(tree.field), *(value.name for value in values if isinstance(value, Field))}


def _operands(computed: Sequence[Computed]) -> set[str]:
    reckoned = [one for one in computed if isinstance(one, Reckoned)]
    return {each.name for one in reckoned for each in (one.left, one.right) if isinstance(each, Field)}


@attrs.frozen
class _Frames:
    nw: Any
    names: Mapping[str, str]

    def with_gathered(self, base: Any, rows: Any, gathered: Sequence[Gathered], known: Mapping[str, Any]) -> Any:
        """*base* with a column for each of *gathered*, which are over *rows*."""
        together = [one for one in gathered if one.function is not Function.LAST]
        if together:
            base = base.join(self._together(rows, together, known), on=KEY, how="left")
        for one in gathered:
            if one.function is Function.LAST:
                base = base.join(self._last(rows, one, known), on=KEY, how="left")
        none = [
            self.names[one.name]
            for one in gathered
            if one.function in (Function.COUNT, Function.SUM, Function.DISTINCT)
        ]
        return base.with_columns(*(self.nw.col(name).fill_null(0) for name in none)) if none else base

    def _together(self, rows: Any, gathered: Sequence[Gathered], known: Mapping[str, Any]) -> Any:
        """In one pass over the rows that one of them is of."""
        nw, marked, found, wheres = self.nw, [], [], []
        for one in gathered:
            expressions = _Expressions(nw, one.computed, known)
            where = expressions.condition(one.where).fill_null(False)
            value = nw.lit(1, nw.Int64) if one.function is Function.COUNT else expressions.value(Field(one.field))
            name = self.names[one.name]
            marked.append(nw.when(where).then(value).alias(name))
            wheres.append(where)
            column = nw.col(name)
            if one.function is Function.DISTINCT:  # engines count the missing as one more
                number = column.n_unique().cast(nw.Int64) - column.is_null().any().cast(nw.Int64)
            else:
                number = getattr(column, "sum" if one.function is Function.COUNT else one.function)()
                if one.function in (Function.COUNT, Function.SUM):
                    number = number.cast(nw.Int64)
            found.append(number.alias(name))
        # Whose rows are all left out is told as one without rows: of counts and sums 0, of the others nothing.
        rows = rows.with_columns(_folded(wheres, False).alias(_COUNTED)).filter(nw.col(_COUNTED))
        return rows.select(nw.col(KEY), *marked).group_by(KEY).agg(*found)

    def _those(self, rows: Any, one: Gathered, known: Mapping[str, Any]) -> tuple[Any, Any]:
        """The rows of *one*, and its value in them."""
        expressions = _Expressions(self.nw, one.computed, known)
        value = expressions.value(Field(one.field))
        return rows.filter(expressions.condition(one.where).fill_null(False), ~value.is_null()), value

    def _last(self, rows: Any, one: Gathered, known: Mapping[str, Any]) -> Any:
        nw = self.nw
        those, value = self._those(rows, one, known)
        dated = those.select(nw.col(KEY), nw.col(one.date).alias("day"), value.alias("value"))
        dated = dated.filter(~nw.col("day").is_null())
        latest = dated.group_by(KEY).agg(nw.col("day").max().alias("latest"))
        last = dated.join(latest, on=KEY, how="inner").filter(nw.col("day") == nw.col("latest"))
        return last.group_by(KEY).agg(nw.col("value").max().alias(self.names[one.name]))


class _Expressions:
    """The expressions of one rule, or of the rule of an aggregate's rows."""

    def __init__(
        self, nw: Any, computed: Sequence[Computed], known: Mapping[str, Any], names: Mapping[str, str] | None = None
    ) -> None:
        self._nw, self._known = nw, known
        self._computed: dict[str, Any] = {name: nw.col(mine) for name, mine in (names or {}).items()}
        for one in computed:
            if isinstance(one, Reckoned):
                left, right = self.value(one.left), self.value(one.right)
                self._computed[one.name] = _RECKONED[one.sign](left, right)

    def value(self, operand: Operand) -> Any:
        if isinstance(operand, Field):
            found = self._computed.get(operand.name)
            return self._nw.col(operand.name) if found is None else found
        value = self._known[operand.name] if isinstance(operand, Parameter) else operand
        # Engines reckon with a number of its own size otherwise, and let it overflow.
        return self._nw.lit(value, self._nw.Int64) if type(value) is int else self._nw.lit(value)

    def condition(self, one: Expression) -> Any:
        if isinstance(one, And | Or):
            parts = [self.condition(item) for item in one.items]
            return _folded(parts, isinstance(one, And)) if parts else self._nw.lit(isinstance(one, And))
        if isinstance(one, In):
            return self._in(one)
        assert isinstance(one, Missing | Compare | TextMatch), "a lowered rule has no other leaves"
        left = self.value(Field(column(one.field)))
        if isinstance(one, Missing):
            return ~left.is_null() if one.negated else left.is_null()
        if self._is_unknown(one.value):
            return self._nw.lit(False)
        if isinstance(one, Compare):
            return _COMPARED[one.operator](left, self.value(one.value))
        value: Any = self._known[one.value.name] if isinstance(one.value, Parameter) else one.value
        found = _PARTS[one.part](left.str, value)
        return ~found if one.negated else found

    def _in(self, one: In) -> Any:
        left, operator = self.value(Field(column(one.field))), Operator.NOT_EQUAL if one.negated else Operator.EQUAL
        known = [value for value in one.values if is_known(value)]
        compared = [
            self._nw.lit(False) if self._is_unknown(value) else _COMPARED[operator](left, self.value(value))
            for value in one.values if not is_known(value)
        ]  # fmt: skip
        if known:
            listed = self._nw.when(~left.is_null()).then(left.is_in(known))  # of a missing value it is not known
            compared.append(~listed if one.negated else listed)
        return _folded(compared, one.negated)

    def _is_unknown(self, value: Operand) -> bool:
        return isinstance(value, Parameter) and self._known[value.name] is None


def _folded(parts: Sequence[Any], every: bool) -> Any:
    """All or one of *parts*, as a tree that is no deeper than it must be: engines go down it."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = _folded(parts[:half], every), _folded(parts[half:], every)
    return left & right if every else left | right


_COMPARED: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQUAL: lambda one, other: one == other, Operator.NOT_EQUAL: lambda one, other: one != other,
    Operator.LESS: lambda one, other: one < other, Operator.LESS_OR_EQUAL: lambda one, other: one <= other,
    Operator.GREATER: lambda one, other: one > other, Operator.GREATER_OR_EQUAL: lambda one, other: one >= other,
}  # fmt: skip
_PARTS: Mapping[TextPart, Callable[[Any, str], Any]] = {
    TextPart.STARTS: lambda text, part: text.starts_with(part), TextPart.ENDS: lambda text, part: text.ends_with(part),
    TextPart.CONTAINS: lambda text, part: text.contains(part, literal=True),
}  # fmt: skip
_RECKONED: Mapping[Sign, Callable[[Any, Any], Any]] = {
    Sign.PLUS: lambda one, other: one + other, Sign.MINUS: lambda one, other: one - other,
    Sign.TIMES: lambda one, other: one * other,
}  # fmt: skip
