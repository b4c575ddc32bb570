"""Models, and how good they were, as sections of a page; see `analyses`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._text import label
from ..analytics import (
    BetaGeometric,
    CalibrationBin,
    Evaluation,
    GammaGamma,
    LogisticModel,
    ModelCard,
    ParetoNbd,
    Scorecard,
    ShiftedBetaGeometric,
)
from ..errors import FitError
from ._told import Told, words
from .page import Chart, Section
from .reports import NOT_TOLD, NOTHING, Cell

__all__ = ["card", "drifted", "evaluation", "logistic", "parametric", "scorecard", "staying"]

_LOOK, _ACT = 0.1, 0.25
"""Of a stability index; see `bankcif.analytics.stability_index`."""
_PERIODS = 12


def parametric(result: BetaGeometric | ParetoNbd | GammaGamma, told: Told) -> list[Section]:
    fit = result.fit
    rows: list[tuple[Cell, ...]] = [
        (name, value, NOTHING if fit is None else fit.errors[name]) for name, value in result.parameters.items()
    ]
    note = (
        words(told.language, "given_parameters")
        if fit is None
        else words(told.language, "fitted_on", customers=f"{fit.customers:,}", likelihood=f"{fit.log_likelihood:,.1f}")
    )
    return [
        Section(
            title=words(told.language, "model", name=result.name), note=note, columns=told.head("parameter", "value", "error"),
            rows=rows, chart=Chart.NONE,
        )
    ]  # fmt: skip


def staying(result: ShiftedBetaGeometric, told: Told) -> list[Section]:
    shares = result.survival(_PERIODS).tolist()
    line = words(told.language, "stays")
    rows = [(period, line, share) for period, share in enumerate(shares)]
    unit = words(told.language, f"unit_{result.period.unit}")
    fit = result.fit
    parameters: list[tuple[Cell, ...]] = [
        (name, value, NOTHING if fit is None else fit.errors[name]) for name, value in result.parameters.items()
    ]
    return [
        Section(
            title=words(told.language, "model", name=result.name), columns=told.head("parameter", "value", "error"), rows=parameters,
            note=words(told.language, "period_note", period=f"{result.period.amount:g} {unit}"), chart=Chart.NONE,
        ),
        Section(
            title=words(told.language, "survival"), note=words(told.language, "survival_note"), chart=Chart.LINES, rows=rows,
            columns=told.head("periods", "line", "share"), percent=True,
        ),
    ]  # fmt: skip


def logistic(result: LogisticModel, told: Told) -> list[Section]:
    rows = [
        (told.name(name), weight, result.errors[name])
        for name, weight in sorted(result.weights.items(), key=lambda one: (-abs(one[1]), one[0]))
    ]
    few = told.few(result.events, result.observations - result.events)
    note = words(
        told.language, "logistic_note", intercept=f"{result.intercept:.3f}", rows=f"{result.observations:,}",
        events=NOT_TOLD if few else f"{result.events:,}",
    )  # fmt: skip
    return [
        Section(
            title=words(told.language, "logistic"), note=note, chart=Chart.SIGNED, rows=rows,
            columns=told.head("figure", "weight", "error"),
        )
    ]  # fmt: skip


def scorecard(result: Scorecard, told: Told) -> list[Section]:
    rows = [
        (f"{one.code} {one.label(told.language)}", one.points, one.when, one.group)
        for one in sorted(result.items, key=lambda one: (-abs(one.points), one.code))
    ]
    bands = ", ".join(f"{one.label(told.language)} ≥ {one.least}" for one in result.bands)
    notes = [words(told.language, "scorecard_note"), *([words(told.language, "bands", bands=bands)] if bands else ())]
    return [
        Section(
            title=f"{result.label(told.language)} {result.version}", note=" ".join(notes),
            columns=told.head("item", "points", "when", "group"), rows=rows, chart=Chart.SIGNED,
        )
    ]  # fmt: skip


def evaluation(result: Evaluation, told: Told) -> list[Section]:
    """Its figures, what was told beside what happened, and whom one reaches; in parts of which each is of k and more, since its totals stand beside them."""
    rows, events = len(result.happened), int(result.happened.sum())
    told.need(rows, events, rows - events)
    try:
        intercept, slope = result.calibration_line
        line: tuple[Cell, Cell] = (intercept, slope)
    except FitError:
        line = (NOTHING, NOTHING)
    bins = _enough(result.calibration(), told)
    rate, first = result.base_rate, bins[-1]
    heads = told.head("auc", "brier", "base_rate", "lift_first", "intercept", "slope")
    values = (result.auc, result.brier, rate, first.observed / rate, *line)
    best = ("1", "0", NOTHING, f"{min(1 / rate, rows / first.rows):.2f}", "0", "1")
    plain = ("0.5", f"{rate * (1 - rate):.4f}", NOTHING, "1", NOTHING, NOTHING)
    figures: list[tuple[Cell, ...]] = [*zip(heads, values, best, plain, strict=True)]
    note = told.note("evaluation_note", rows=f"{rows:,}", events=f"{events:,}", share=f"{first.rows / rows:.0%}")
    return [
        Section(
            title=words(told.language, "evaluation"), note=note, columns=told.head("figure", "value", "best", "no_model"), rows=figures,
            chart=Chart.NONE,
        ),
        _calibration(bins, told),
        Section(
            title=words(told.language, "gains"), note=words(told.language, "gains_note"), columns=told.head("approached", "line", "reached"),
            rows=_gains(bins, told), chart=Chart.LINES, percent=True, shares=frozenset({0, 2}),
        ),
    ]  # fmt: skip


def _enough(bins: Sequence[CalibrationBin], told: Told) -> list[CalibrationBin]:
    """*bins*, neighbours together, so that in each it happened to none or to k and more, and likewise did not."""
    found: list[CalibrationBin] = []
    for one in bins:
        before = found[-1] if found else None
        if before is not None and (_is_few(before, told) or _is_few(one, told)):
            found[-1] = _together(before, one)
        else:
            found.append(one)
    while len(found) > 1 and _is_few(found[-1], told):
        last = found.pop()
        found[-1] = _together(found[-1], last)
    return found


def _is_few(one: CalibrationBin, told: Told) -> bool:
    return one.rows < told.k or told.few(one.happened, one.rows - one.happened)


def _together(one: CalibrationBin, other: CalibrationBin) -> CalibrationBin:
    rows = one.rows + other.rows
    mean = (one.told * one.rows + other.told * other.rows) / rows
    return CalibrationBin(rows=rows, told=mean, happened=one.happened + other.happened)


def _gains(bins: Sequence[CalibrationBin], told: Told) -> list[tuple[Cell, ...]]:
    """Which share of all to whom it happened is among the first, bin after bin from the most probable."""
    rows, events = sum(one.rows for one in bins), sum(one.happened for one in bins)
    names, there, reached = told.head("by_model", "by_chance"), 0, 0
    found: list[tuple[Cell, ...]] = [(0.0, name, 0.0) for name in names]
    for one in reversed(bins):
        there, reached = there + one.rows, reached + one.happened
        found += [
            (there / rows, name, share) for name, share in zip(names, (reached / events, there / rows), strict=True)
        ]
    return found


def _calibration(bins: Sequence[CalibrationBin], told: Told) -> Section:
    """What was told beside what happened; the lines fall together where probabilities are right."""
    said, seen = told.head("told", "observed")
    rows: list[tuple[Cell, ...]] = []
    for one in bins:
        rows += [
            (one.told, name, share, one.rows, one.happened) for name, share in ((said, one.told), (seen, one.observed))
        ]
    return Section(
        title=words(told.language, "calibration"), note=told.note("calibration_note"), rows=rows, chart=Chart.LINES, percent=True,
        shares=frozenset({0, 2}), columns=told.head("probability", "line", "share", "rows", "happened"),
    )  # fmt: skip


def card(result: ModelCard, told: Told) -> list[Section]:
    seen, fitted = result.evaluated, result.trained_on
    hides = {
        label(f"card_{name}", told.language)
        for name, one in (("evaluated", seen), ("trained_on", fitted))
        if one is not None and told.few(one.customers, one.events, one.customers - one.events)
    }
    lines = result.lines(told.language)
    rows = [(name, NOT_TOLD if name in hides else value) for name, value in lines if value]
    title = f"{result.zh if told.language == 'zh' else result.en} {result.version}"
    found = [Section(title=title, columns=told.head("card", "said"), rows=rows, chart=Chart.NONE)]
    if seen is not None and seen.bins:
        bins = _enough(seen.bins, told)
        if not _is_few(bins[0], told):
            found.append(_calibration(bins, told))
    model = result.model
    return [*found, *(scorecard(model, told) if isinstance(model, Scorecard) else logistic(model.model, told))]


def drifted(result: Mapping[str, float], told: Told) -> list[Section]:
    """What `drift` gives."""

    def verdict(index: float) -> str:
        return words(told.language, "act" if index >= _ACT else "look" if index >= _LOOK else "steady")

    rows: list[tuple[Cell, ...]] = [(told.name(name), index, verdict(index)) for name, index in result.items()]
    return [
        Section(
            title=words(told.language, "drift"), note=words(told.language, "drift_note", look=_LOOK, act=_ACT), rows=rows,
            columns=told.head("figure", "index", "verdict"),
        )
    ]  # fmt: skip
