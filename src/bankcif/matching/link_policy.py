"""
The link policy: what the bank does with a match weight.

Only what a deterministic rule of the model says links by itself: by default an equal, valid identification number
together with a compatible name. A contradiction (two different numbers of one scheme, two birth dates under one number)
never does. Everything else that weighs enough is a possible match, for a person to decide.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from ..party import PartyKind
from .compare import Levels
from .model import MatchModel, default_model

__all__ = ["POLICY_FORMAT", "Link", "LinkPolicy", "Links", "ReviewPlan", "link_policy_schema"]

POLICY_FORMAT = "bankcif.link_policy/1"


class Link(enum.StrEnum):
    """What to do with a pair."""

    AUTOMATIC = "automatic"
    POSSIBLE = "possible"
    NONE = "none"


Condition = Mapping[str, frozenset[str]]
"""Comparison name to names of levels; all must hold."""

_CONTRADICTIONS: tuple[Condition, ...] = (
    {"id_number": frozenset({"different"})},
    {"id_number": frozenset({"equal with another birth date"})},
    {"id_number": frozenset({"equal"}), "birth_date": frozenset({"one digit", "day and month swapped"})},
)
_ASKED: tuple[Condition, ...] = (
    {"id_number": frozenset({"equal", "equal with another birth date"})},
    {"document": frozenset({"equal and identifying"})},
)


@attrs.frozen(kw_only=True)
class ReviewPlan:
    """
    How possible matches are reviewed.

    Attributes:
        persons_apart: How many must say that two are not one before they are kept apart; that two are one takes two persons in
            any case.
        per_bit: What a bit of weight counts for in the order of the queue.
        per_digit: What each digit of the value at stake counts for: of what the richer of the two has with the bank.
        per_day: What a day of waiting counts for.
    """

    persons_apart: int = 1
    per_bit: float = 1.0
    per_digit: float = 1.0
    per_day: float = 0.1

    def __attrs_post_init__(self) -> None:
        counts = (self.per_bit, self.per_digit, self.per_day)
        if not 1 <= self.persons_apart <= 3 or not all(math.isfinite(count) and count >= 0 for count in counts):
            raise ConfigurationError(
                "one to three persons keep a pair apart, and weight, value and days count for 0 or more",
                rule="review_plan",
            )

    def urgency(self, bits: float, value: float, days: float) -> float:
        """By what the queue is ordered: more comes first."""
        return self.per_bit * bits + self.per_digit * math.log10(1 + value) + self.per_day * days


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Links:
    """
    What to do with pairs.

    Attributes:
        automatic, possible: Which pairs link by themselves, and which a person is asked about.
        contradicted: Which of all pairs contradict each other.
        rule: By which rule, a number among `rules`.
    """

    automatic: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    contradicted: NDArray[np.bool_]
    rule: NDArray[np.uint8]
    rules: tuple[str, ...]


@attrs.frozen(kw_only=True)
class LinkPolicy:
    """
    Data beside the match model.

    Attributes:
        version: Version of the policy.
        identifying: Schemes whose valid number identifies one party.
        possible_millibits: From which weight on a pair is a possible match; as the model says, if None.
        automatic: Whether the policy links at all; without, every link is a person's.
        rules: Deterministic rules of the model that link; all of them, if None.
        contradictions: What keeps a pair from linking by itself.
        asked: What makes a pair a possible match, whatever it weighs.
        review: How possible matches are reviewed.
    """

    version: str = "2026-11"
    identifying: frozenset[str] = frozenset({"cn.resident_id", "cn.uscc"})
    possible_millibits: int | None = None
    automatic: bool = True
    rules: frozenset[str] | None = None
    contradictions: tuple[Condition, ...] = _CONTRADICTIONS
    asked: tuple[Condition, ...] = _ASKED
    review: ReviewPlan = attrs.field(factory=ReviewPlan)

    def to_document(self) -> dict[str, Any]:
        """The policy as JSON; `from_document` reads it."""

        def listed(conditions: tuple[Condition, ...]) -> list[dict[str, list[str]]]:
            return [{name: sorted(levels) for name, levels in one.items()} for one in conditions]

        return {
            "format": POLICY_FORMAT, "version": self.version, "identifying": sorted(self.identifying),
            "possible_bits": None if self.possible_millibits is None else self.possible_millibits / 1000,
            "automatic": self.automatic, "rules": None if self.rules is None else sorted(self.rules),
            "contradictions": listed(self.contradictions), "asked": listed(self.asked), "review": attrs.asdict(self.review),
        }  # fmt: skip

    @classmethod
    def from_document(cls, document: Any, models: Sequence[MatchModel] = ()) -> LinkPolicy:
        """
        A policy from its JSON document; what is left out is as it is by default.

        Args:
            document: The document.
            models: Match models of the bank's own whose comparisons, levels and rules it may name, beside those that ship.

        Raises:
            ConfigurationError: The document has another shape, or names what no model has.
        """
        if not isinstance(document, Mapping) or document.get("format") != POLICY_FORMAT:
            raise _error(f'is no JSON object with "format": "{POLICY_FORMAT}"')
        unknown = sorted(str(key) for key in document if key not in _SHAPES)
        if unknown:
            raise _error(f"has a key that there is not: {unknown[0]}; known are {', '.join(_SHAPES)}")
        wrong = next((name for name, value in document.items() if not _SHAPES[name](value)), "")
        if wrong:
            raise _error(f"does not have the shape of one: look at {wrong}")
        given: dict[str, Any] = {name: document[name] for name in ("version", "automatic") if name in document}
        if document.get("possible_bits") is not None:
            given["possible_millibits"] = round(1000 * document["possible_bits"])
        for name in ("identifying", "rules"):
            if document.get(name) is not None:
                given[name] = frozenset(document[name])
        for name in ("contradictions", "asked"):
            if name in document:
                given[name] = tuple({key: frozenset(levels) for key, levels in one.items()} for one in document[name])
        policy = cls(**given, review=ReviewPlan(**document.get("review", {})))
        if problem := policy.unknown_to([*map(default_model, PartyKind), *models]):
            raise _error(problem)
        return policy

    def unknown_to(self, models: Sequence[MatchModel]) -> str:
        """
        What the policy names that none of *models* has; empty if nothing: a condition with a misspelt level would never hold, and
        what it was to keep apart would link.
        """
        levels = {(c.name, label) for model in models for c in model.comparisons for label in c.labels}
        rules = {rule.name for model in models for rule in model.deterministic}
        for name, label in (
            (name, label)
            for one in (*self.contradictions, *self.asked)
            for name, labels in one.items()
            for label in labels
        ):
            if (name, label) not in levels:
                known = sorted({have for have, _ in levels})
                return (
                    f"names a level that no match model has; comparisons are {', '.join(known)}"
                    if name not in known
                    else f"names a level of {name} that there is not; it has {', '.join(sorted(have for of, have in levels if of == name))}"
                )
        if self.rules is not None and not self.rules <= rules:
            return f"names a deterministic rule that there is not; match models have {', '.join(sorted(rules))}"
        return ""

    def contradicts(self, model: MatchModel, levels: Mapping[str, int]) -> bool:
        """Whether a pair with these levels contradicts itself."""
        return _holds_one({c.name: c.labels[levels[c.name]] for c in model.comparisons}, self.contradictions)

    def possible_from(self, model: MatchModel) -> int:
        """From which weight on, in millibits, a pair is a possible match under *model*."""
        return model.possible_millibits if self.possible_millibits is None else self.possible_millibits

    def decide(self, model: MatchModel, levels: Mapping[str, int], weight_millibits: int) -> tuple[Link, str]:
        """
        What to do with a pair, and by which rule.

        Args:
            model: What weighed it.
            levels: Level of every comparison, whether counted or not.
            weight_millibits: The model's weight.
        """
        labels = {c.name: c.labels[levels[c.name]] for c in model.comparisons}
        contradicted, asked = _holds_one(labels, self.contradictions), _holds_one(labels, self.asked)
        chosen = (r for r in model.deterministic if self.rules is None or r.name in self.rules)
        linked = next((r.name for r in chosen if r.holds_of(levels)), "")
        if linked and not contradicted and self.automatic:
            return Link.AUTOMATIC, linked
        if linked or asked:
            return Link.POSSIBLE, "contradiction" if contradicted else linked or "identifier"
        return (Link.POSSIBLE if weight_millibits >= self.possible_from(model) else Link.NONE), "weight"

    def decide_all(self, model: MatchModel, levels: Mapping[str, Levels], weight_millibits: NDArray[np.int64]) -> Links:
        """The same of many pairs."""
        chosen = [r for r in model.deterministic if self.rules is None or r.name in self.rules]
        rules = ("weight", "identifier", "contradiction", *(rule.name for rule in chosen))
        contradicted = _any_holds(model, levels, self.contradictions, len(weight_millibits))
        asked = _any_holds(model, levels, self.asked, len(weight_millibits))
        rule = np.where(asked, np.uint8(1), np.uint8(0))
        linked = np.zeros(len(weight_millibits), np.bool_)
        for number, one in reversed(list(enumerate(chosen, start=3))):
            holds = one.holds(levels)
            linked |= holds
            rule[holds] = number
        rule[(linked | asked) & contradicted] = 2
        automatic = linked & ~contradicted & self.automatic
        possible = ~automatic & (linked | asked | (weight_millibits >= self.possible_from(model)))
        return Links(automatic=automatic, possible=possible, contradicted=contradicted, rule=rule, rules=rules)


def _holds_one(labels: Mapping[str, str], conditions: tuple[Condition, ...]) -> bool:
    """Whether one of *conditions* holds; what a model does not compare is no level of any."""
    return any(all(labels.get(name) in wanted for name, wanted in one.items()) for one in conditions)


def _any_holds(
    model: MatchModel, levels: Mapping[str, Levels], conditions: tuple[Condition, ...], count: int
) -> NDArray[np.bool_]:
    found = np.zeros(count, np.bool_)
    labels = {c.name: c.labels for c in model.comparisons}
    for condition in conditions:
        if not condition.keys() <= labels.keys():
            continue  # a model that does not compare this can not find it
        holds = np.ones(count, np.bool_)
        for name, wanted in condition.items():
            holds &= np.isin(levels[name], [at for at, label in enumerate(labels[name]) if label in wanted])
        found |= holds
    return found


def _error(why: str) -> ConfigurationError:
    return ConfigurationError(f"the link policy {why}", rule="link_policy")


_LARGEST = 1e6


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _are_conditions(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, Mapping) and one and all(map(_are_texts, one.values())) for one in value
    )


def _is_review(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value.keys() <= {field.name for field in attrs.fields(ReviewPlan)}:
        return False
    return all(map(_is_number, value.values())) and isinstance(value.get("persons_apart", 1), int)


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "format": lambda value: isinstance(value, str),
    "version": lambda value: isinstance(value, str),
    "identifying": _are_texts,
    "possible_bits": lambda value: value is None or _is_number(value),
    "automatic": lambda value: isinstance(value, bool),
    "rules": lambda value: value is None or _are_texts(value),
    "contradictions": _are_conditions,
    "asked": _are_conditions,
    "review": _is_review,
}
"""What a document may hold."""


def link_policy_schema() -> dict[str, Any]:
    """The JSON Schema of a policy's document."""
    text = (
        files(__package__ or "bankcif.matching").joinpath("data", "link_policy.schema.json").read_text(encoding="utf-8")
    )
    schema: dict[str, Any] = json.loads(text)
    return schema
