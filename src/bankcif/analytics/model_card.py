"""
Models with what has to be known of them: what for and what not, what they were fitted on, how good they were afterwards, who answers for them, and until when they may be used.

A card is one document with its model, and its digest says which it is. A score can be told again from the document and the customer's figures alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from .._canonical import dumps, sha256
from .._text import Language, label
from ..errors import InputError
from ._html import html_table
from .evaluation import CalibrationBin, Evaluation
from .figures import Figure, FigureModel
from .logistic import LogisticModel
from .points import ScoreBand, Scorecard, ScoreItem

__all__ = ["Evaluated", "ModelCard", "TrainedOn", "score_of"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FORMAT = "bankcif/model/1"
_MOST_TEXT, _MOST_VERSION, _MOST_LEAST = 4_000, 64, 10**12


@attrs.frozen(kw_only=True)
class TrainedOn:
    """
    What a model was fitted on.

    Attributes:
        figures_on: The day whose figures it read.
        until: The day until which it was seen what happened.
        snapshots: Ids of the extracts.
        customers, events: Of how many, and to how many it happened.
    """

    figures_on: date
    until: date
    snapshots: tuple[str, ...]
    customers: int
    events: int

    def __attrs_post_init__(self) -> None:
        good = _is_day(self.figures_on) and _is_day(self.until) and _is_count(self.customers) and _is_count(self.events)
        if not good or not _all_of(self.snapshots, str) or not all(map(_is_text, self.snapshots)):
            raise _wrong("what a model was fitted on are two days, ids of extracts, and two counts", "$.trained_on")


@attrs.frozen(kw_only=True)
class Evaluated:
    """
    How good its probabilities were in a later period.

    Attributes:
        figures_on, until: As of `TrainedOn`, of that period.
        customers, events: Of how many, and to how many it happened.
        auc, brier: See `Evaluation`.
        lift: Among the tenth with the greatest probability.
        bins: What was told and what happened, by rising probability.
    """

    figures_on: date
    until: date
    customers: int
    events: int
    auc: float
    brier: float
    lift: float
    bins: tuple[CalibrationBin, ...] = ()

    def __attrs_post_init__(self) -> None:
        good = _is_day(self.figures_on) and _is_day(self.until) and _is_count(self.customers) and _is_count(self.events)
        good = good and all(map(_is_real, (self.auc, self.brier, self.lift))) and _all_of(self.bins, CalibrationBin)
        if not good or not all(
            _is_count(one.rows) and _is_count(one.happened) and _is_real(one.told) for one in self.bins
        ):
            raise _wrong("how good a model was are two days, counts, and numbers", "$.evaluated")

    @classmethod
    def of(cls, told: Evaluation, *, figures_on: date, until: date, bins: int = 10) -> Evaluated:
        """What an evaluation comes to."""
        return cls(
            figures_on=figures_on, until=until, customers=len(told.happened), events=int(told.happened.sum()), auc=told.auc, brier=told.brier,
            lift=told.lift(0.1), bins=told.calibration(bins),
        )  # fmt: skip


@attrs.frozen(kw_only=True, slots=False)
class ModelCard:
    """
    A model and what has to be known of it.

    Attributes:
        name, version: By what it is known; another version takes the place of the one before.
        zh, en: What it is called.
        use: What it is for, and for whom it decides nothing.
        limits: What it does not know, and where it is known to be wrong.
        owner: Who answers for it.
        model: A scorecard, or a model over figures.
        until: The last day on which it may be used.
        code: Version of the library that it was made with.
        trained_on: What it was fitted on; None of points that people gave.
        evaluated: How good it was afterwards; None where it was not seen yet.
        tag: The model tag that it gives, empty if none.
        least: From how many points, or from which probability, it gives it.

    Raises:
        InputError: A name that is none, texts that are missing, or periods that do not follow each other.
    """

    name: str
    version: str
    zh: str
    en: str
    use: str
    limits: str
    owner: str
    model: Scorecard | FigureModel
    until: date
    code: str
    trained_on: TrainedOn | None = None
    evaluated: Evaluated | None = None
    tag: str = ""
    least: float = 0.0

    def __attrs_post_init__(self) -> None:
        texts = (self.version, self.zh, self.en, self.use, self.limits, self.owner, self.code)
        if not all(map(_is_text, (*texts, self.name, self.tag))):
            raise _wrong("what a model says of itself is text", "$.use")
        if not _all_of([self.model], Scorecard, FigureModel) or not _is_day(self.until) or not _is_real(self.least):
            raise _wrong(
                "a model has a scorecard or figures, a last day, and a number from which it gives its tag", "$.model"
            )
        if not _all_of([self.trained_on], TrainedOn, type(None)) or not _all_of(
            [self.evaluated], Evaluated, type(None)
        ):
            raise _wrong("a model says on what it was fitted and how good it was, or nothing", "$.trained_on")
        if not _NAME.fullmatch(self.name) or (self.tag and not _NAME.fullmatch(self.tag)):
            raise _wrong("names of models and tags are small letters, digits and underscores", "$.name")
        if not all(0 < len(one) <= _MOST_TEXT for one in texts) or len(self.version) > _MOST_VERSION:
            raise _wrong(
                "a model says its version, what it is called and for, its limits, its owner and its code", "$.use"
            )
        fitted, seen = self.trained_on, self.evaluated
        if isinstance(self.model, FigureModel) and fitted is None:
            raise _wrong("a model that was fitted says on what", "$.trained_on")
        periods = [one for one in (fitted, seen) if one is not None]
        days = [day for one in periods for day in (one.figures_on, one.until)]
        again = fitted is not None and seen is not None and seen.figures_on < fitted.until
        if again or any(one.figures_on >= one.until for one in periods) or any(day > self.until for day in days):
            raise _wrong(
                "a model is evaluated in a period behind the one it was fitted on, never on the same", "$.evaluated"
            )

    @property
    def digest(self) -> str:
        """Of the whole document, in hexadecimal."""
        return sha256("bankcif/v1/model", dumps(self.document())).hex()

    def meets(self, score: float) -> bool:
        """Whether so many points, or so great a probability, give the tag."""
        return bool(self.tag) and score >= self.least

    def document(self) -> dict[str, Any]:
        """The card as JSON has it."""
        said = {name: getattr(self, name) for name in _TEXTS}
        return {
            "format": _FORMAT, **said, "until": self.until.isoformat(), "least": self.least, "model": _model_document(self.model),
            "trained_on": None if self.trained_on is None else _plain(attrs.asdict(self.trained_on)),
            "evaluated": None if self.evaluated is None else _plain(attrs.asdict(self.evaluated)),
        }  # fmt: skip

    @classmethod
    def from_document(cls, said: Mapping[str, Any]) -> ModelCard:
        """
        The card of a document.

        Raises:
            InputError: It is of another form.
            RuleError: Its model is not understood.
        """
        problem = ""
        try:
            return _card(said)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
            problem = "the document is no model of this version of the library"
        raise _wrong(problem, "$")

    def _repr_html_(self) -> str:
        """The card, for notebooks."""
        rows = [(name, value) for name, value in self.lines("en") if value]
        return html_table(f"{self.en} {self.version}", ("", ""), rows)

    def lines(self, language: Language) -> list[tuple[str, str]]:
        """What the card says, line by line, for pages."""
        fitted, seen = self.trained_on, self.evaluated
        kind = "card_points" if isinstance(self.model, Scorecard) else "card_fitted"
        period = (
            "" if fitted is None else f"{fitted.figures_on} – {fitted.until}, {fitted.events:,} / {fitted.customers:,}"
        )
        figures = (
            ""
            if seen is None
            else f"{seen.figures_on} – {seen.until}: AUC {seen.auc:.3f}, Brier {seen.brier:.4f}, lift {seen.lift:.2f}, {seen.events:,} / {seen.customers:,}"
        )
        reads = ", ".join(self.model.inputs.names)
        said = {
            "card_kind": label(kind, language), "card_use": self.use, "card_limits": self.limits, "card_owner": self.owner, "card_reads": reads,
            "card_trained_on": period, "card_evaluated": figures, "card_until": self.until.isoformat(),
            "card_tag": f"{self.tag} ≥ {self.least:g}" if self.tag else "", "card_code": self.code, "card_digest": self.digest[:16],
        }  # fmt: skip
        return [(label(name, language), value) for name, value in said.items()]


_TEXTS = ("name", "version", "zh", "en", "use", "limits", "owner", "code", "tag")


def _all_of(values: object, *kinds: type) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(one, kinds) for one in values)


def _is_text(value: object) -> bool:
    """Whether it is text that can be written."""
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:
        return False


def _is_day(value: object) -> bool:
    return type(value) is date


def _is_real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST_LEAST


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST_LEAST


def _wrong(problem: str, path: str) -> InputError:
    return InputError(problem, path=path, rule="model")


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def _model_document(model: Scorecard | FigureModel) -> dict[str, Any]:
    if isinstance(model, Scorecard):
        return {"kind": "scorecard", **_plain(attrs.asdict(model))}
    return {"kind": "logistic", **_plain(attrs.asdict(model))}


def _card(said: Mapping[str, Any]) -> ModelCard:
    if said["format"] != _FORMAT:
        raise ValueError("another form")
    model = dict(said["model"])
    made: Scorecard | FigureModel
    if model.pop("kind") == "scorecard":
        items, bands = (
            [ScoreItem(**one) for one in model.pop("items")],
            [ScoreBand(**one) for one in model.pop("bands")],
        )
        made = Scorecard(items=items, bands=bands, **model)
    else:
        figures = [Figure(**one) for one in model.pop("figures")]
        made = FigureModel(figures=figures, model=LogisticModel(**model.pop("model")), **model)
    fitted, seen = said["trained_on"], said["evaluated"]
    return ModelCard(
        **{name: said[name] for name in _TEXTS}, model=made, until=date.fromisoformat(said["until"]), least=said["least"],
        trained_on=None if fitted is None else TrainedOn(**{**_dated(fitted), "snapshots": tuple(fitted["snapshots"])}),
        evaluated=None if seen is None else Evaluated(**{**_dated(seen), "bins": tuple(CalibrationBin(**one) for one in seen["bins"])}),
    )  # fmt: skip


def _dated(said: Mapping[str, Any]) -> dict[str, Any]:
    return {**said, "figures_on": date.fromisoformat(said["figures_on"]), "until": date.fromisoformat(said["until"])}


def score_of(
    model: Scorecard | FigureModel, record: Mapping[str, Any], today: date
) -> tuple[float, str, tuple[str, ...]]:
    """What a model says of a record on a day: points or a probability, what can be computed again bit for bit, and reasons."""
    if isinstance(model, Scorecard):
        scored = model.score(record, today)
        return scored.points, str(scored.points), scored.reasons
    told = model.score(record, today)
    return told.probability, told.score.hex(), told.reasons
