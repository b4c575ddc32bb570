"""Typed, already masked tables to pages; cannot open anything."""

from .page import Chart, Section, page
from .table_file import csv_text, mark_line

__all__ = ["Chart", "Section", "csv_text", "mark_line", "page"]
