"""
Results of analyses as sections of a page: each a chart with the table it is drawn from, of groups of customers and of nobody.

What stands behind fewer than k customers is not told, nor what would give it away beside the sums that are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._text import Language
from ..analytics import (
    Baskets,
    BetaGeometric,
    Cohorts,
    Contrast,
    Evaluation,
    GammaGamma,
    Hits,
    HoldingRule,
    LogisticModel,
    ModelCard,
    NextProduct,
    ParetoNbd,
    RfmModel,
    Scorecard,
    SegmentReport,
    ShiftedBetaGeometric,
    Transitions,
    Worth,
)
from ..errors import InputError
from . import groups, models
from ._told import Told
from .page import Section

__all__ = ["analysis_sections"]

_LEAST_K = 10
_SECTIONS: Mapping[type, Callable[[Any, Told], list[Section]]] = {
    SegmentReport: groups.segments, RfmModel: groups.edges, Cohorts: groups.cohorts, Transitions: groups.transitions, Baskets: groups.products,
    NextProduct: groups.next_product, Hits: groups.hits, Worth: groups.worth, BetaGeometric: models.parametric, ParetoNbd: models.parametric,
    GammaGamma: models.parametric, ShiftedBetaGeometric: models.staying, LogisticModel: models.logistic, Scorecard: models.scorecard,
    Evaluation: models.evaluation, ModelCard: models.card, dict: models.drifted,
}  # fmt: skip
_OF_SEVERAL: Mapping[type, Callable[[Any, Told], list[Section]]] = {
    Contrast: groups.contrasted,
    HoldingRule: groups.held_together,
}


def analysis_sections(
    result: Any, language: Language, *, k: int = _LEAST_K, names: Mapping[str, str] | None = None
) -> list[Section]:
    """
    What an analysis came to, for `page`, `workbook`, `picture` and `csv_text`.

    Args:
        result: Of `bankcif.analytics`: segments of `RfmSegments` or edges of an `RfmModel`, what customers are worth (`Worth`), a model of buying, spending or
            staying, `Baskets`, rules of them, `NextProduct`, `Hits`, `Contrast`s, `Cohorts`, `Transitions`, an `Evaluation`, a `Scorecard`, a `LogisticModel`,
            a `ModelCard`, or the mapping that `drift` gives.
        language: ``zh`` or ``en``.
        k: Of how many customers something is told, at least.
        names: What segments, products, states and figures are called, where it is otherwise than in the result.

    Raises:
        InputError: There is no page of such a result, nothing in it, too few customers, or k is no number of customers.
    """
    if type(k) is not int or k < 1:
        raise InputError("k is of how many customers something is told at least: 1 or more", path="$.k", rule="k")
    found = _of(result)(result, Told(language, k, names or {}))
    if not any(section.rows for section in found):
        raise InputError("there is nothing to show", path="$.result", rule="nothing_counted")
    return found


def _of(result: Any) -> Callable[[Any, Told], list[Section]]:
    if type(result) in _SECTIONS:
        return _SECTIONS[type(result)]
    several = isinstance(result, Sequence) and not isinstance(result, str)
    if several and not result:
        raise InputError("there is nothing to show", path="$.result", rule="nothing_counted")
    kinds = {type(one) for one in result} if several else set()
    if len(kinds) == 1 and kinds <= _OF_SEVERAL.keys():
        return _OF_SEVERAL[kinds.pop()]
    raise InputError(f"there is no page of a {type(result).__name__}", path="$.result", rule="result")
