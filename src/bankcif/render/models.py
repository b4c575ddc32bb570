"""Models, and how good they were, as sections of a page; see `analyses`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
_APPROACHED = 0.1


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
        (told.name(name), weight, result.errors[name], result.means[name])
        for name, weight in sorted(result.weights.items(), key=lambda one: (-abs(one[1]), one[0]))
    ]
    note = words(
        told.language, "logistic_note", intercept=f"{result.intercept:.3f}", rows=f"{result.observations:,}", events=f"{result.events:,}"
    )  # fmt: skip
    return [
        Section(
            title=words(told.language, "logistic"), note=note, chart=Chart.SIGNED, rows=rows,
            columns=told.head("figure", "weight", "error", "mean"),
        )
    ]  # fmt: skip


def scorecard(result: Scorecard, told: Told) -> list[Section]:
    rows = [
        (f"{one.code} {one.label(told.language)}", one.points, one.when, one.group)
        for one in sorted(result.items, key=lambda one: (-abs(one.points), one.code))
    ]
    bands = ", ".join(f"{one.label(told.language)} ≥ {one.least}" for one in result.bands)
    return [
        Section(
            title=f"{result.label(told.language)} {result.version}", note=words(told.language, "scorecard_note", bands=bands or NOTHING),
            columns=told.head("item", "points", "when", "group"), rows=rows, chart=Chart.SIGNED,
        )
    ]  # fmt: skip


def evaluation(result: Evaluation, told: Told) -> list[Section]:
    try:
        intercept, slope = result.calibration_line
        line: tuple[Cell, Cell] = (intercept, slope)
    except FitError:
        line = (NOTHING, NOTHING)
    heads = told.head("auc", "brier", "base_rate", "lift_tenth", "intercept", "slope")
    rate = result.base_rate
    values = (result.auc, result.brier, rate, result.lift(_APPROACHED), *line)
    best = ("1", "0", NOTHING, f"{1 / max(rate, _APPROACHED):.2f}", "0", "1")
    plain = ("0.5", f"{rate * (1 - rate):.4f}", NOTHING, "1", NOTHING, NOTHING)
    rows: list[tuple[Cell, ...]] = [*zip(heads, values, best, plain, strict=True)]
    line_names = told.head("by_model", "by_chance")
    gains = [
        (round(at / 10, 1), name, share)
        for at in range(11)
        for name, share in zip(line_names, (result.lift(at / 10) * at / 10 if at else 0.0, at / 10), strict=True)
    ]
    note = told.note("evaluation_note", rows=f"{len(result.happened):,}", events=f"{int(result.happened.sum()):,}")
    return [
        Section(
            title=words(told.language, "evaluation"), note=note, columns=told.head("figure", "value", "best", "no_model"), rows=rows,
            chart=Chart.NONE,
        ),
        _calibration(result.calibration(), told),
        Section(
            title=words(told.language, "gains"), note=words(told.language, "gains_note"), columns=told.head("approached", "line", "reached"),
            rows=gains, chart=Chart.LINES, percent=True, shares=frozenset({0, 2}),
        ),
    ]  # fmt: skip


def _calibration(bins: Sequence[CalibrationBin], told: Told) -> Section:
    """What was told beside what happened; the lines fall together where probabilities are right."""
    said, seen = told.head("told", "observed")
    rows: list[tuple[Cell, ...]] = []
    for one in bins:
        few = one.rows < told.k or 0 < one.happened < told.k or 0 < one.rows - one.happened < told.k
        rows += [
            (one.told, said, one.told, one.rows, NOT_TOLD if few else one.happened),
            (one.told, seen, *((NOT_TOLD, one.rows, NOT_TOLD) if few else (one.observed, one.rows, one.happened))),
        ]
    return Section(
        title=words(told.language, "calibration"), note=told.note("calibration_note"), rows=rows, chart=Chart.LINES, percent=True,
        shares=frozenset({0, 2}),
        columns=told.head("probability", "line", "share", "rows", "happened"),
    )  # fmt: skip


def card(result: ModelCard, told: Told) -> list[Section]:
    rows = [(name, value) for name, value in result.lines(told.language) if value]
    title = f"{result.zh if told.language == 'zh' else result.en} {result.version}"
    found = [Section(title=title, columns=told.head("card", "said"), rows=rows, chart=Chart.NONE)]
    seen = result.evaluated
    if seen is not None and seen.bins:
        found.append(_calibration(seen.bins, told))
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
