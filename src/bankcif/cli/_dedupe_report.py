"""The page that `bankcif dedupe --report` writes."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from .._text import Language, label
from ..flows.dedupe import Deduped
from ..matching import ThresholdFigures, estimated_curve, explain, threshold_curve
from ..render import (
    Section,
    blocking_section,
    clusters_section,
    explanation_section,
    histogram_section,
    model_sections,
    page,
    threshold_section,
)

__all__ = ["report_page"]

_FROM_BITS, _TO_BITS = -10, 30


def report_page(found: Deduped, language: Language, made_at: datetime) -> str:
    """The page: figures by threshold, weights of pairs and of levels, what blocking cost, clusters, and three pairs in question."""
    weight = found.model.weights(found.pairs.patterns)
    sections = [
        threshold_section(_curve(found), language, estimated=found.reading.truth is None),
        histogram_section(weight, language),
        *_pairs(found, language),
        *model_sections(found.model, language),
        blocking_section(found.reports, language),
        clusters_section(found.clusters.founder, language),
    ]
    return page(label("linking_report", language), sections, language=language, made_at=made_at)


def _curve(found: Deduped) -> list[ThresholdFigures]:
    thresholds = [1000 * bits for bits in range(_FROM_BITS, _TO_BITS + 1)]
    weight, truth = found.model.weights(found.pairs.patterns), found.reading.truth
    if truth is None:
        return estimated_curve(weight, thresholds)
    _, sizes = np.unique(truth, return_counts=True)
    true_pairs = int((sizes.astype(np.int64) * (sizes - 1) // 2).sum())
    return threshold_curve(weight, truth[found.pairs.left] == truth[found.pairs.right], true_pairs, thresholds)


def _pairs(found: Deduped, language: Language) -> list[Section]:
    """The lightest pair that links, the heaviest that does not, and the heaviest that contradicts itself, by their row keys."""
    edges = found.edges
    chosen: dict[int, None] = {}
    for which, lightest in ((found.links, True), (~found.links, False), (edges.contradicted, False)):
        rows = np.flatnonzero(which)
        if rows.size:
            weights = edges.weight_millibits[rows]
            chosen[int(rows[weights.argmin() if lightest else weights.argmax()])] = None
    sections = []
    for at in chosen:
        left, right = int(edges.left[at]), int(edges.right[at])
        compared = found.model.compare(found.reading.lanes[[left]], found.reading.lanes[[right]])
        keys = found.reading.keys
        title = f"{label('pair', language)}: {keys[left].as_py()} – {keys[right].as_py()}"
        sections.append(explanation_section(title, explain(found.model, compared.pair(0)), language))
    return sections
