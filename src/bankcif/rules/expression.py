"""
The tree of a rule: leaves that compare terms, under *and*, *or* and *not*.

A *term* is what has a value: a field, a sum of terms, or what is gathered over a customer's holdings or dealings. A *leaf* says
something of a term, and holds or not. A tree says nothing of engines: it is lowered once (`bankcif.rules.lower`), and then evaluated
on a record in Python, in the store as SQL, and on whole columns, with one law: the same set of customers.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import attrs

from ..party import Money
from .calendar import RelativeDay, Span

__all__ = [
    "FALSE",
    "MIRRORED",
    "TRUE",
    "Aggregate",
    "And",
    "Arithmetic",
    "Between",
    "Compare",
    "Elapsed",
    "Expression",
    "Field",
    "Function",
    "Holds",
    "In",
    "Leaf",
    "Missing",
    "Not",
    "Operand",
    "Operator",
    "Or",
    "Parameter",
    "Sign",
    "Term",
    "TextMatch",
    "TextPart",
    "Value",
    "leaves",
    "parts",
]

Value = str | int | bool | Decimal | Money | date | datetime


@attrs.frozen
class Parameter:
    """A value that is known when the rule is asked, such as ``$branch``."""

    name: str


@attrs.frozen
class Field:
    """A field, as what a term is compared with; on the left its name alone stands for it."""

    name: str
    at: int = attrs.field(default=0, eq=False, repr=False)


class Sign(enum.StrEnum):
    """How two terms are reckoned together."""

    PLUS = "+"
    MINUS = "-"
    TIMES = "*"


@attrs.frozen
class Arithmetic:
    """
    Two terms reckoned together: sums and differences of money of one currency, of numbers, and of dates and days; and a multiple by
    a whole number. Of a missing value it is missing.
    """

    left: Term | RelativeDay | date
    sign: Sign
    right: Operand


@attrs.frozen
class Elapsed:
    """How many days have passed since a date; negative before it."""

    field: str
    at: int = attrs.field(default=0, eq=False, repr=False)


class Function(enum.StrEnum):
    """What is gathered over the rows of a collection."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    LAST = "last"


@attrs.frozen
class Aggregate:
    """
    What is gathered over a customer's rows in a collection, such as their holdings.

    Attributes:
        function: ``count`` of rows; ``sum`` (0 of none), ``min``, ``max`` (missing of none) and ``distinct`` (how many different
            values) of a field where it is known; ``last``, the field's value in the row of the latest day in which both are known,
            the greatest of several.
        collection: Its name.
        field: Of a row; empty for ``count``.
        where: Which rows; a rule over a row's own fields.
        within: Only rows of so long a time up to today, by the collection's date.
    """

    function: Function
    collection: str
    field: str = ""
    where: Expression | None = None
    within: Span | None = None
    at: int = attrs.field(default=0, eq=False, repr=False)


Term = str | Field | Arithmetic | Elapsed | Aggregate
Operand = Value | Parameter | RelativeDay | Field | Arithmetic | Elapsed | Aggregate


class Operator(enum.StrEnum):
    """How two values are compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


MIRRORED = {
    Operator.EQUAL: Operator.EQUAL, Operator.NOT_EQUAL: Operator.NOT_EQUAL, Operator.LESS: Operator.GREATER,
    Operator.GREATER: Operator.LESS, Operator.LESS_OR_EQUAL: Operator.GREATER_OR_EQUAL,
    Operator.GREATER_OR_EQUAL: Operator.LESS_OR_EQUAL,
}  # fmt: skip
"""What a comparison is from its other side."""


class TextPart(enum.StrEnum):
    """Which part of a text is compared, literally and binary."""

    STARTS = "starts with"
    ENDS = "ends with"
    CONTAINS = "contains"


class _Joined:
    """What rules have in common: they are joined by ``&``, ``|`` and ``~``."""

    __slots__ = ()

    def __and__(self, other: Expression) -> And:
        return And((self, other))  # type: ignore[arg-type]

    def __or__(self, other: Expression) -> Or:
        return Or((self, other))  # type: ignore[arg-type]

    def __invert__(self) -> Not:
        return Not(self)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        raise TypeError("a rule is neither true nor false; join rules by & and |, and negate one by ~")


@attrs.frozen
class Compare(_Joined):
    """A term beside a value or another term."""

    field: Term
    operator: Operator
    value: Operand
    at: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen
class In(_Joined):
    """A term that is one of several values, or, *negated*, none of them."""

    field: Term
    values: tuple[Operand, ...]
    negated: bool = False
    at: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen
class Between(_Joined):
    """A term from one value to another, both included."""

    field: Term
    low: Operand
    high: Operand
    at: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen
class TextMatch(_Joined):
    """A part of a text, or, *negated*, not that part."""

    field: Term
    part: TextPart
    value: Operand
    negated: bool = False
    at: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen
class Missing(_Joined):
    """A term without a value, or, *negated*, with one."""

    field: Term
    negated: bool = False
    at: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen
class Holds(_Joined):
    """What another definition says: that the customer has a tag, or is in a segment."""

    kind: str
    name: str
    at: int = attrs.field(default=0, eq=False, repr=False)

    @property
    def column(self) -> str:
        """Under which name engines know it."""
        return f"{self.kind}:{self.name}"


@attrs.frozen
class Not(_Joined):
    """What does not hold. Of a missing value neither a rule nor its contrary holds."""

    item: Expression


@attrs.frozen
class And(_Joined):
    """What holds if all hold; of none, always."""

    items: tuple[Expression, ...] = ()


@attrs.frozen
class Or(_Joined):
    """What holds if one holds; of none, never."""

    items: tuple[Expression, ...] = ()


Leaf = Compare | In | Between | TextMatch | Missing | Holds
Expression = Leaf | Not | And | Or

TRUE, FALSE = And(), Or()


def leaves(expression: Expression) -> Iterator[Leaf]:
    """Every leaf, from left to right; not those within aggregates."""
    if isinstance(expression, And | Or):
        for item in expression.items:
            yield from leaves(item)
    elif isinstance(expression, Not):
        yield from leaves(expression.item)
    else:
        yield expression


def parts(leaf: Leaf) -> Iterator[Any]:
    """The terms and values that a leaf is made of."""
    if isinstance(leaf, Holds):
        return
    yield leaf.field
    if isinstance(leaf, Compare | TextMatch):
        yield leaf.value
    elif isinstance(leaf, In):
        yield from leaf.values
    elif isinstance(leaf, Between):
        yield leaf.low
        yield leaf.high
