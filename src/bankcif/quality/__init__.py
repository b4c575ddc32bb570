"""Data quality: rules, what comes out of them, and figures that add up."""

from .book import RuleBook, figures_in_columns, starter_rules
from .cleaning import Cleaner, Suggestion, standard_cleaners
from .departments import Departments, Member
from .dimension import Dimension, Figure, Outcome, wilson
from .finding import LIVE, SCOPES, State, followed, need_acceptance
from .measures import COUNTED, SHARED, Gauge, dated_fields, quality_schema
from .rule import REPORTED, Finding, QualityRule, Severity, reported_of
from .scorecard import Answered, Score, scores, told_of

__all__ = [
    "COUNTED",
    "LIVE",
    "REPORTED",
    "SCOPES",
    "SHARED",
    "Answered",
    "Cleaner",
    "Departments",
    "Dimension",
    "Figure",
    "Finding",
    "Gauge",
    "Member",
    "Outcome",
    "QualityRule",
    "RuleBook",
    "Score",
    "Severity",
    "State",
    "Suggestion",
    "dated_fields",
    "figures_in_columns",
    "followed",
    "need_acceptance",
    "quality_schema",
    "reported_of",
    "scores",
    "standard_cleaners",
    "starter_rules",
    "told_of",
    "wilson",
]
