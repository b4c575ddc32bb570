"""One rule language: a typed tree, the text people write, and evaluators that give the same set of records."""

from .anchor import Anchor, anchor
from .calendar import RelativeDay, Span, Unit, day_of, days, shifted
from .changes import next_change, turning
from .contradiction import is_contradictory
from .document import as_document, from_document, json_schema
from .evaluate import Predicate, compiled
from .explain import Explained, Explanation, Seen, Show, explain
from .expression import (
    FALSE,
    TRUE,
    Aggregate,
    And,
    Arithmetic,
    Between,
    Compare,
    Elapsed,
    Expression,
    Field,
    Function,
    Holds,
    In,
    Missing,
    Not,
    Operator,
    Or,
    Parameter,
    Sign,
    TextMatch,
    TextPart,
    leaves,
)
from .lower import MOST_LEAVES, lower, lower_term, term_type
from .lowered import Lowered
from .needs import Inputs, Needs, inputs, needs, negations
from .opened import OTHER, comes_from, fields_behind, opened_record, opened_schema, sensitivity_of
from .parse import MOST_DEPTH, parse
from .readers import reader_of, row_fields, row_reader
from .schema import Collection, Kind, RuleField, Schema, customer_schema
from .values import is_storable, is_whole
from .write import written

__all__ = [
    "FALSE",
    "MOST_DEPTH",
    "MOST_LEAVES",
    "OTHER",
    "TRUE",
    "Aggregate",
    "Anchor",
    "And",
    "Arithmetic",
    "Between",
    "Collection",
    "Compare",
    "Elapsed",
    "Explained",
    "Explanation",
    "Expression",
    "Field",
    "Function",
    "Holds",
    "In",
    "Inputs",
    "Kind",
    "Lowered",
    "Missing",
    "Needs",
    "Not",
    "Operator",
    "Or",
    "Parameter",
    "Predicate",
    "RelativeDay",
    "RuleField",
    "Schema",
    "Seen",
    "Show",
    "Sign",
    "Span",
    "TextMatch",
    "TextPart",
    "Unit",
    "anchor",
    "as_document",
    "comes_from",
    "compiled",
    "customer_schema",
    "day_of",
    "days",
    "explain",
    "fields_behind",
    "from_document",
    "inputs",
    "is_contradictory",
    "is_storable",
    "is_whole",
    "json_schema",
    "leaves",
    "lower",
    "lower_term",
    "needs",
    "negations",
    "next_change",
    "opened_record",
    "opened_schema",
    "parse",
    "reader_of",
    "row_fields",
    "row_reader",
    "sensitivity_of",
    "shifted",
    "term_type",
    "turning",
    "written",
]
