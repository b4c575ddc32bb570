"""One rule language: a typed tree, the text people write, and evaluators that give the same set of records."""

from .anchor import Anchor, anchor
from .contradiction import is_contradictory
from .evaluate import Predicate, compiled
from .expression import (
    FALSE,
    TRUE,
    And,
    Between,
    Compare,
    Expression,
    In,
    Missing,
    Not,
    Operator,
    Or,
    Parameter,
    TextMatch,
    TextPart,
    leaves,
)
from .lower import MOST_LEAVES, Lowered, days, lower
from .parse import parse, written
from .schema import Kind, RuleField, Schema, customer_schema

__all__ = [
    "FALSE",
    "MOST_LEAVES",
    "TRUE",
    "Anchor",
    "And",
    "Between",
    "Compare",
    "Expression",
    "In",
    "Kind",
    "Lowered",
    "Missing",
    "Not",
    "Operator",
    "Or",
    "Parameter",
    "Predicate",
    "RuleField",
    "Schema",
    "TextMatch",
    "TextPart",
    "anchor",
    "compiled",
    "customer_schema",
    "days",
    "is_contradictory",
    "leaves",
    "lower",
    "parse",
    "written",
]
