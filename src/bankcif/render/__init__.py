"""Typed, already masked tables to pages; cannot open anything."""

from .page import Chart, Section, page

__all__ = ["Chart", "Section", "page"]
