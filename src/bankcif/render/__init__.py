"""Typed, already masked tables to pages; cannot open anything."""

from .linking import (
    blocking_section,
    clusters_section,
    explanation_section,
    histogram_section,
    model_sections,
    threshold_section,
)
from .page import Chart, Section, page
from .relations import relation_picture
from .table_file import csv_text, mark_line

__all__ = [
    "Chart",
    "Section",
    "blocking_section",
    "clusters_section",
    "csv_text",
    "explanation_section",
    "histogram_section",
    "mark_line",
    "model_sections",
    "page",
    "relation_picture",
    "threshold_section",
]
