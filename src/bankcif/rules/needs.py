"""What a rule reads: fields, fields of rows, and other definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from .expression import Aggregate, And, Arithmetic, Elapsed, Expression, Field, Function, Holds, Not, Or, parts
from .opened import OTHER
from .schema import Schema

__all__ = ["Inputs", "Needs", "inputs", "needs", "negations"]


@attrs.frozen(kw_only=True)
class Needs:
    """
    What a rule reads.

    Attributes:
        fields: Of the customer.
        rows: Fields of rows, as ``holdings.balance``; a collection whose rows are counted alone, as ``holdings``.
        tags, segments: Other definitions.
    """

    fields: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            fields=self.fields | other.fields, rows=self.rows | other.rows, tags=self.tags | other.tags,
            segments=self.segments | other.segments,
        )  # fmt: skip


@attrs.frozen
class Inputs:
    """
    The columns in which what rules read stands: fields of customers, collections of rows, of relations what they tell of the other one, and tags and segments as
    ``tag:NAME``; in the order in which `bankcif.flows.extract.extract` takes them.
    """

    fields: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, to be extracted."""
        return (*self.fields, *self.collections, *self.others, *self.tags)


def inputs(read: Needs, schema: Schema) -> Inputs:
    """The columns in which stands what is *read*: an age as the birth date, money with its currency."""
    fields = {schema[name].born or name if name in schema else name for name in read.fields}
    fields |= {schema[name].currency_field for name in fields if name in schema} - {""}
    return Inputs(
        tuple(sorted(fields)), tuple(sorted({name.partition(".")[0] for name in read.rows})),
        tuple(sorted(name for name in read.rows if name.partition(".")[2].startswith(OTHER))),
        (*(f"tag:{name}" for name in sorted(read.tags)), *(f"segment:{name}" for name in sorted(read.segments))),
    )  # fmt: skip


def needs(expression: Expression, schema: Schema | None = None) -> Needs:
    """What *expression* reads. Without *schema* the dates are left out by which rows are of a time, or the last."""
    if isinstance(expression, Not):
        return needs(expression.item, schema)
    if isinstance(expression, And | Or):
        found = Needs()
        for item in expression.items:
            found |= needs(item, schema)
        return found
    if isinstance(expression, Holds):
        named = frozenset({expression.name})
        return Needs(tags=named) if expression.kind == "tag" else Needs(segments=named)
    term, *values = parts(expression)
    found = _of_term(term, schema)
    for value in values:
        if not isinstance(value, str):
            found |= _of_term(value, schema)
    return found


def negations(expression: Expression, negated: bool = False) -> Iterator[tuple[str, bool]]:
    """The definitions that *expression* names, as ``tag:NAME`` and ``segment:NAME``, and whether it holds of those of whom they do not."""
    if isinstance(expression, Holds):
        yield f"{expression.kind}:{expression.name}", negated
    elif isinstance(expression, Not):
        yield from negations(expression.item, not negated)
    elif isinstance(expression, And | Or):
        for item in expression.items:
            yield from negations(item, negated)


def _of_term(term: Any, schema: Schema | None) -> Needs:
    if isinstance(term, str | Field | Elapsed):
        name = term if isinstance(term, str) else term.name if isinstance(term, Field) else term.field
        return Needs(fields=frozenset({name}))
    if isinstance(term, Arithmetic):
        right = Needs() if isinstance(term.right, str) else _of_term(term.right, schema)
        return _of_term(term.left, schema) | right
    if isinstance(term, Aggregate):
        inner = Needs() if term.where is None else needs(term.where)
        own = {term.field} - {""} | inner.fields
        rows = None if schema is None else schema.collections.get(term.collection)
        if rows is not None and (term.within is not None or term.function is Function.LAST):
            own |= {rows.date} - {""}
        return Needs(rows=frozenset({term.collection, *(f"{term.collection}.{name}" for name in own)}))
    return Needs()
