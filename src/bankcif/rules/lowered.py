"""
What every engine is handed: positive leaves over columns, and the columns that are reckoned before.

A leaf over a missing value may be read as false; no *not* is left. Every value is a text, a whole number or a truth value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import attrs

from .calendar import RelativeDay
from .expression import Aggregate, And, Expression, Field, Function, Not, Operand, Or, Parameter, Sign, parts

__all__ = ["Computed", "Gathered", "Lowered", "Reckoned", "column", "is_known"]


@attrs.frozen
class Gathered:
    """
    A column gathered over a collection.

    Attributes:
        name: Of the column.
        function, collection, field: As in `bankcif.rules.Aggregate`.
        where: Of a row; lowered.
        computed: Columns of a row that are reckoned before.
        date: The field by which ``last`` goes.
    """

    name: str
    function: Function
    collection: str
    field: str
    where: Expression
    computed: tuple[Computed, ...]
    date: str


@attrs.frozen
class Reckoned:
    """A column reckoned from two others, or from one and a value: missing where one of them is."""

    name: str
    left: Operand
    sign: Sign
    right: Operand


Computed = Gathered | Reckoned


@attrs.frozen
class Lowered:
    """
    A rule that every engine can take.

    Attributes:
        tree: Leaves whose ``field`` is the name of a column, under *and* and *or*.
        computed: Columns beside those of the schema, each before those that need it.
        days: Days that follow from the day on which the rule is asked; each is a parameter.
    """

    tree: Expression
    computed: tuple[Computed, ...] = ()
    days: tuple[RelativeDay, ...] = ()

    def known(self, today: date, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """All parameters of the rule, as it is asked on *today*."""
        return {**(parameters or {}), **{one.name: one.on(today) for one in self.days}}

    @property
    def reads(self) -> frozenset[str]:
        """The columns that are looked at, of the schema and computed ones, but not those of rows."""
        found = set(_columns_of(self.tree))
        for one in self.computed:
            if isinstance(one, Reckoned):
                found |= {side.name for side in (one.left, one.right) if isinstance(side, Field)}
        return frozenset(found)

    def gathered(self) -> Iterator[Gathered]:
        """The columns that are gathered over collections."""
        return (one for one in self.computed if isinstance(one, Gathered))


def _columns_of(tree: Expression) -> Iterator[str]:
    if isinstance(tree, And | Or):
        for item in tree.items:
            yield from _columns_of(item)
        return
    assert not isinstance(tree, Not), "no not is left"
    for operand in parts(tree):
        if isinstance(operand, str | Field):
            yield operand if isinstance(operand, str) else operand.name


def column(field: object) -> str:
    """The name of the column that a leaf of a lowered rule is about."""
    assert isinstance(field, str), "a lowered leaf speaks of a column"
    return field


def is_known(value: object) -> bool:
    """Whether an operand of a lowered rule is a value, and not a parameter or a column."""
    return not isinstance(value, Parameter | Field | Aggregate)
