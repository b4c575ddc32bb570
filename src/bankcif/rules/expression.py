"""
The tree of a rule: leaves that compare one field, under *and*, *or* and *not*.

A tree says nothing of engines. It is lowered once (`bankcif.rules.lower`), and then evaluated on a record in Python
(`bankcif.rules.evaluate`) or in the store (`bankcif.rules.sql`), with one law: the same set of records.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import date

import attrs

__all__ = [
    "FALSE",
    "TRUE",
    "And",
    "Between",
    "Compare",
    "Expression",
    "In",
    "Leaf",
    "Missing",
    "Not",
    "Operator",
    "Or",
    "Parameter",
    "TextMatch",
    "TextPart",
    "Value",
    "leaves",
]

Value = str | int | date


@attrs.frozen
class Parameter:
    """A value that is known when the rule is asked, such as ``$branch``."""

    name: str


Operand = Value | Parameter


class Operator(enum.StrEnum):
    """How two values are compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


class TextPart(enum.StrEnum):
    """Which part of a text is compared, literally and binary."""

    STARTS = "starts with"
    ENDS = "ends with"
    CONTAINS = "contains"


@attrs.frozen
class Compare:
    """A field beside a value."""

    field: str
    operator: Operator
    value: Operand


@attrs.frozen
class In:
    """A field that is one of several values, or, *negated*, none of them."""

    field: str
    values: tuple[Operand, ...]
    negated: bool = False


@attrs.frozen
class Between:
    """A field from one value to another, both included."""

    field: str
    low: Operand
    high: Operand


@attrs.frozen
class TextMatch:
    """A part of a text, or, *negated*, not that part."""

    field: str
    part: TextPart
    value: Operand
    negated: bool = False


@attrs.frozen
class Missing:
    """A field without a value, or, *negated*, with one."""

    field: str
    negated: bool = False


@attrs.frozen
class Not:
    """What does not hold. Of a missing value neither a rule nor its contrary holds."""

    item: Expression


@attrs.frozen
class And:
    """What holds if all hold; of none, always."""

    items: tuple[Expression, ...] = ()


@attrs.frozen
class Or:
    """What holds if one holds; of none, never."""

    items: tuple[Expression, ...] = ()


Leaf = Compare | In | Between | TextMatch | Missing
Expression = Leaf | Not | And | Or

TRUE, FALSE = And(), Or()


def leaves(expression: Expression) -> Iterator[Leaf]:
    """Every leaf, from left to right."""
    if isinstance(expression, And | Or):
        for item in expression.items:
            yield from leaves(item)
    elif isinstance(expression, Not):
        yield from leaves(expression.item)
    else:
        yield expression
