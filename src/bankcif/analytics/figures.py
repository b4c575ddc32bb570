"""
Models over figures that rules can say: each figure is a term or a rule, so that it means the same of one customer as of all, and a score can be computed again, bit for bit.

The score is the logarithm of the odds, added up figure by figure in their order; nothing else is done with it than multiplying and adding, which every machine does alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property, reduce
from math import exp
from operator import or_
from typing import Any

import attrs
import numpy as np

from .._extras import need
from .._text import Language
from ..errors import InputError, RuleError
from ..rules import (
    Inputs,
    Kind,
    Lowered,
    Missing,
    Needs,
    Schema,
    compiled,
    inputs,
    lower,
    lower_term,
    needs,
    opened_schema,
    parse,
    term_type,
)
from ..rules.columns import holding
from ..rules.evaluate import getters
from .logistic import LogisticModel
from .snapshot import KEY, Snapshot

__all__ = ["Figure", "FigureModel", "FigureScore", "Figures", "stage_figures"]

_MOST = 100
_PLACES = 6
_FAR = 700.0
_MOST_MISSING, _MOST_REASONS, _NEVER = 2**53, 20, 10**6


@attrs.frozen(kw_only=True)
class Figure:
    """
    A figure of a customer.

    Attributes:
        name: As the model calls it.
        of: A term of rules that is a number: ``count(holdings where status = 'open')``; or
        when: A rule, which counts 1 where it holds and 0 where it does not.
        missing: What a term counts as where there is no value.
        code: Of the reason that it gives.
        zh, en: The reason in words, as it may be said to the customer.
    """

    name: str
    of: str = ""
    when: str = ""
    missing: int = 0
    code: str = ""
    zh: str = ""
    en: str = ""

    def label(self, language: Language) -> str:
        """The reason in words."""
        return (self.zh if language == "zh" else self.en) or self.name


@attrs.frozen
class FigureScore:
    """
    What a model says of a customer.

    Attributes:
        score: The logarithm of the odds.
        reasons: Codes of the figures that raise it most against the mean, the most first.
    """

    score: float
    reasons: tuple[str, ...]

    @property
    def probability(self) -> float:
        """How probable it is, to six places."""
        return _probability(self.score)


def _figures(said: Iterable[Figure]) -> tuple[Figure, ...]:
    return tuple(said)


@attrs.frozen(kw_only=True, slots=False)
class FigureModel:
    """
    A logistic regression over figures.

    Attributes:
        figures: In their order.
        model: Its weights, by the figures' names.
        most_reasons: How many reasons are given.

    Raises:
        RuleError: A figure twice or without a weight, a weight without a figure, or a term or rule that is not understood or no number; it names the figure.
    """

    figures: tuple[Figure, ...] = attrs.field(converter=_figures)
    model: LogisticModel
    most_reasons: int = 3

    def __attrs_post_init__(self) -> None:
        model: object = self.model
        if not isinstance(model, LogisticModel) or {one.name for one in self.figures} != self.model.weights.keys():
            raise RuleError("a model has a weight for each of its figures, and for nothing else")
        # Weights stand in the order of the figures, in which they are added up, however a document had them.
        ordered = {one.name: self.model.weights[one.name] for one in self.figures}
        object.__setattr__(self, "model", attrs.evolve(self.model, weights=ordered))
        if type(self.most_reasons) is not int or not 0 <= self.most_reasons <= _MOST_REASONS:
            raise RuleError(f"0 to {_MOST_REASONS} reasons are given")
        _ = self.asked

    @cached_property
    def asked(self) -> Figures:
        """Its figures, understood."""
        return Figures(self.figures)

    @property
    def inputs(self) -> Inputs:
        """The columns that its figures read, to be extracted."""
        return self.asked.inputs

    def score(self, record: Mapping[str, Any], today: date) -> FigureScore:
        """What it says of a record as rules read it (`bankcif.rules.opened_record`), on a day."""
        values = self.asked.of(record, today)
        score = self.model.intercept
        for one in self.figures:
            score = score + self.model.weights[one.name] * float(values[one.name])
        return FigureScore(score, self._reasons(values))

    def scores(self, snapshot: Snapshot) -> Any:
        """
        What it says of the customers of a snapshot on its day: a Polars data frame of ``key``, ``score``, ``probability`` and ``reasons``, in the order of keys.

        Raises:
            InputError: A column is missing that a figure reads, or is not shown as it is.
        """
        pl = need("polars", extra="bulk")
        frame = self.asked.columns(snapshot)
        score = np.full(frame.height, self.model.intercept)
        columns = {one.name: frame[one.name].to_numpy().astype(np.float64) for one in self.figures}
        for one in self.figures:
            score = score + self.model.weights[one.name] * columns[one.name]
        rows = zip(*(frame[one.name].to_list() for one in self.figures), strict=True)
        names = [one.name for one in self.figures]
        reasons = [[*self._reasons(dict(zip(names, row, strict=True)))] for row in rows]
        return pl.DataFrame(
            {
                KEY: frame[KEY],
                "score": score,
                "probability": [_probability(one) for one in score.tolist()],
                "reasons": reasons,
            },
            schema_overrides={"reasons": pl.List(pl.String)},
        )

    def _reasons(self, values: Mapping[str, float]) -> tuple[str, ...]:
        codes = {one.name: one.code or one.name for one in self.figures}
        return tuple(codes[name] for name, _ in self.model.reasons(values, self.most_reasons))


class Figures:
    """
    Figures, understood.

    Args:
        figures: In their order.

    Raises:
        RuleError: As `FigureModel`.
    """

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = tuple(figures)
        texts = [getattr(one, name) for one in self._figures for name in ("name", "of", "when", "code", "zh", "en")]
        if not all(isinstance(one, str) for one in texts):
            raise RuleError("names, terms, rules and words of figures are texts")
        if not all(type(one.missing) is int and abs(one.missing) < _MOST_MISSING for one in self._figures):
            raise RuleError("what a missing value counts as is a whole number")
        names = [one.name for one in self._figures]
        if not 0 < len(names) <= _MOST or len(set(names)) < len(names) or KEY in names:
            raise RuleError(f"a model has 1 to {_MOST} figures, each with a name of its own")
        parsed = {one.name: self._parsed(one) for one in self._figures}
        read = reduce(or_, map(needs, parsed.values()), Needs())
        self._schema: Schema = opened_schema(tags=read.tags, segments=read.segments)
        self._rules: dict[str, Lowered] = {}
        self._terms: dict[str, Lowered] = {}
        for one in self._figures:
            problem = ""
            try:
                self._lower(one, parsed[one.name])
            except RuleError as error:
                problem = str(error)
            if problem:
                raise RuleError(f"{one.name}: {problem}")
        self._asks = {name: compiled(rule) for name, rule in self._rules.items()}
        self._gets = {name: getters(rule) for name, rule in self._terms.items()}
        self.inputs: Inputs = inputs(
            reduce(or_, (needs(one, self._schema) for one in parsed.values()), Needs()), self._schema
        )

    @staticmethod
    def _parsed(one: Figure) -> Any:
        if bool(one.of) == bool(one.when):
            raise RuleError(f"{one.name}: a figure is of a term, or tells when it is 1")
        problem = ""
        try:
            found = parse(one.when or f"{one.of} is not missing")
        except RuleError as error:
            found, problem = None, str(error)
        if one.of and not problem and not isinstance(found, Missing):
            problem = "it is no term of a rule"
        if problem:
            raise RuleError(f"{one.name}: {problem}")
        return found

    def _lower(self, one: Figure, parsed: Any) -> None:
        if one.when:
            self._rules[one.name] = lower(parsed, self._schema)
            return
        field = term_type(parsed.field, self._schema)
        if field.kind not in (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY) or field.currency_field:
            raise RuleError("a figure is a number, or an amount of one currency")
        self._terms[one.name] = lower_term(parsed.field, self._schema)

    def of(self, record: Mapping[str, Any], today: date) -> dict[str, int]:
        """The figures of a record as rules read it, on a day."""
        found = {}
        for one in self._figures:
            if one.when:
                rule = self._rules[one.name]
                found[one.name] = int(self._asks[one.name](record, rule.known(today)))
            else:
                lowered = self._terms[one.name]
                name = lowered.tree.field  # type: ignore[union-attr]
                get = self._gets[one.name].get(str(name))
                value = record.get(str(name)) if get is None else get(record, lowered.known(today))
                found[one.name] = one.missing if value is None else value
        return found

    def columns(self, snapshot: Snapshot) -> Any:
        """
        The figures of a snapshot's customers on its day: a Polars data frame of ``key`` and whole numbers, in the order of keys.

        Raises:
            InputError: A column is missing that a figure reads, or is not shown as it is.
        """
        pl = need("polars", extra="bulk")
        snapshot.need(self.inputs)
        if not len(snapshot):
            raise InputError("the snapshot has no customers", path="$.snapshot", rule="nothing_counted")
        frames = {name: pl.from_arrow(snapshot.resting(name)) for name in ("", *snapshot.rows)}
        told = holding(
            self._rules,
            self._schema,
            frames.pop(""),
            key=KEY,
            today=snapshot.as_of,
            collections=frames,
            terms=self._terms,
        )
        filled = [
            (pl.col(one.name) if one.when else pl.col(one.name).fill_null(one.missing)).cast(pl.Int64).alias(one.name) for one in self._figures
        ]  # fmt: skip
        return told.select(KEY, *filled).sort(KEY)


def _probability(score: float) -> float:
    return round(1 / (1 + exp(-min(max(score, -_FAR), _FAR))), _PLACES)


def stage_figures() -> Figures:
    """
    What `StagePlan` asks of customers, from their transactions of a year and from since when they are there: ``tenure``, ``quiet``, ``earlier`` and ``later``. Who never did anything counts as quiet for ever,
    and of whom it is not known since when, as new.
    """
    quiet = "today - max(transactions.month)"
    return Figures(
        [
            Figure(name="tenure", of="today - customer_since"), Figure(name="quiet", of=quiet, missing=_NEVER),
            Figure(name="earlier", of="sum(transactions.count within 12 months) - sum(transactions.count within 6 months)"),
            Figure(name="later", of="sum(transactions.count within 6 months)"),
        ]
    )  # fmt: skip
