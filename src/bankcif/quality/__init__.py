"""Data quality: rules, what comes out of them, and figures that add up."""

from .book import RuleBook, figures_in_columns, starter_rules
from .dimension import Dimension, Figure, Outcome, wilson
from .measures import COUNTED, SHARED, Gauge, dated_fields, quality_schema
from .rule import REPORTED, Finding, QualityRule, Severity, reported_of

__all__ = [
    "COUNTED",
    "REPORTED",
    "SHARED",
    "Dimension",
    "Figure",
    "Finding",
    "Gauge",
    "Outcome",
    "QualityRule",
    "RuleBook",
    "Severity",
    "dated_fields",
    "figures_in_columns",
    "quality_schema",
    "reported_of",
    "starter_rules",
    "wilson",
]
