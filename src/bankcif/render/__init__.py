"""Typed, already masked tables to pages; cannot open anything."""

from .analyses import analysis_sections
from .linking import (
    blocking_section,
    clusters_section,
    explanation_section,
    histogram_section,
    model_sections,
    threshold_section,
)
from .page import Chart, Section, page
from .pictures import picture
from .quality import QualityView, quality_sections
from .relations import relation_picture
from .reports import report_sections, report_table
from .subject import copy_sections
from .table_file import csv_text, mark_line
from .workbook import workbook

__all__ = [
    "Chart",
    "QualityView",
    "Section",
    "analysis_sections",
    "blocking_section",
    "clusters_section",
    "copy_sections",
    "csv_text",
    "explanation_section",
    "histogram_section",
    "mark_line",
    "model_sections",
    "page",
    "picture",
    "quality_sections",
    "relation_picture",
    "report_sections",
    "report_table",
    "threshold_section",
    "workbook",
]
