"""What linking a file found, as sections of a page: weights, thresholds, blocks, clusters, and why pairs weigh what they weigh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._text import Language, label
from ..engines import BlockReport
from ..matching import MatchModel, ThresholdFigures
from .page import Chart, Section

__all__ = [
    "blocking_section",
    "clusters_section",
    "explanation_section",
    "histogram_section",
    "model_sections",
    "threshold_section",
]


def _words(language: Language, *names: str) -> tuple[str, ...]:
    return tuple(label(name, language) for name in names)


def model_sections(model: MatchModel, language: Language) -> list[Section]:
    """The weight of every level, and the chances behind it."""
    weights = [
        (f"{label(c.name, language)}: {label(level, language)}", int(bits) / 1000)
        for c in model.comparisons
        for level, bits in zip(c.labels[1:], c.millibits[1:], strict=True)
    ]
    chances = [
        (f"{label(c.name, language)}: {label(level, language)}", f"{m:.6f}", f"{u:.2e}")
        for c in model.comparisons
        for level, m, u in zip(c.labels[1:], c.m, c.u, strict=True)
    ]
    return [
        Section(
            title=label("match_weights", language), note=label("match_weights_note", language),
            columns=_words(language, "level", "bits"), rows=weights, chart=Chart.SIGNED,
        ),
        Section(title=label("chances", language), columns=_words(language, "level", "m", "u"), rows=chances, chart=Chart.NONE),
    ]  # fmt: skip


def histogram_section(weight_millibits: NDArray[np.int64], language: Language, *, width_bits: int = 2) -> Section:
    """How many pairs weigh how much, in steps of *width_bits*; what lies beyond 40 bits stands in the outermost steps."""
    steps = np.clip(weight_millibits // (1000 * width_bits), -40 // width_bits, 40 // width_bits)
    distinct, counts = np.unique(steps, return_counts=True)
    rows = [(f"{int(step) * width_bits}", int(count)) for step, count in zip(distinct, counts, strict=True)]
    return Section(
        title=label("weight_histogram", language), note=label("weight_histogram_note", language),
        columns=_words(language, "bits", "pairs"), rows=rows,
    )  # fmt: skip


def threshold_section(curve: Sequence[ThresholdFigures], language: Language, *, estimated: bool) -> Section:
    """Precision, recall and F1 by threshold, from a truth or estimated from the weights."""
    rows = [
        (figures.threshold_millibits / 1000, label(name, language), value)
        for figures in curve
        for name, value in (("precision", figures.precision), ("recall", figures.recall), ("f1", figures.f1))
    ]
    return Section(
        title=label("threshold_curve", language), note=label("estimated_note" if estimated else "truth_note", language),
        columns=_words(language, "threshold_bits", "figure", "share"), rows=rows, chart=Chart.LINES, percent=True,
    )  # fmt: skip


def blocking_section(reports: Sequence[BlockReport], language: Language) -> Section:
    """What each blocking rule cost: its pairs, its largest block, what it left out."""
    return Section(
        title=label("blocking_cost", language), note=label("blocking_cost_note", language),
        columns=_words(language, "rule", "pairs", "largest_block", "narrowed_blocks", "left_out_rows"),
        rows=[(one.rule, one.pairs, one.largest, one.narrowed, one.left_out) for one in reports],
    )  # fmt: skip


def clusters_section(founder: NDArray[np.int64], language: Language) -> Section:
    """How many clusters have how many rows; from ten on together."""
    _, sizes = np.unique(founder, return_counts=True)
    capped, counts = np.unique(np.minimum(sizes, 10), return_counts=True)
    rows = [
        ("10+" if size == 10 else str(size), int(count)) for size, count in zip(capped.tolist(), counts, strict=True)
    ]
    return Section(title=label("cluster_sizes", language), columns=_words(language, "rows", "clusters"), rows=rows)


class Explained(Protocol):
    """What a weight is made of: of two rows of a file, or of two customers."""

    @property
    def terms(self) -> Sequence[Any]:
        """Each with its ``comparison``, ``level`` and ``millibits``."""

    @property
    def weight_millibits(self) -> int:
        """The sum."""

    @property
    def probability(self) -> float:
        """The sum as a chance."""


def explanation_section(title: str, found: Explained, language: Language) -> Section:
    """Why a pair weighs what it weighs, as a waterfall; levels, never values."""
    rows = [
        (f"{label(term.comparison, language)}: {_level(term.level, language)}", term.millibits / 1000)
        for term in found.terms
        if term.millibits or term.comparison == "prior"
    ]
    rows.append((label("weight", language), found.weight_millibits / 1000))
    return Section(
        title=title, note=f"{label('chance', language)}: {found.probability:.4f}",
        columns=_words(language, "level", "bits"), rows=rows, chart=Chart.WATERFALL,
    )  # fmt: skip


def _level(text: str, language: Language) -> str:
    """A level of an explanation; what stands in brackets behind it is left out."""
    return label(text.partition(" (")[0], language)
