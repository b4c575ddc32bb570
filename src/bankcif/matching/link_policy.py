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
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from .compare import COMPARATORS, Levels
from .model import MatchModel

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
    def from_document(cls, document: Any) -> LinkPolicy:
        """
        A policy from its JSON document; what is left out is as it is by default.

        Raises:
            ConfigurationError: The document has another shape, or names a level that no comparison has.
        """
        problem = 'is no JSON object with "format": "' + POLICY_FORMAT + '"'
        if isinstance(document, Mapping) and document.get("format") == POLICY_FORMAT:
            problem = _problem(document)
        if problem:
            raise ConfigurationError(f"the link policy {problem}", rule="link_policy")
        given: dict[str, Any] = {name: document[name] for name in ("version", "automatic") if name in document}
        if document.get("possible_bits") is not None:
            given["possible_millibits"] = round(1000 * document["possible_bits"])
        for name in ("identifying", "rules"):
            if document.get(name) is not None:
                given[name] = frozenset(document[name])
        for name in ("contradictions", "asked"):
            if name in document:
                given[name] = tuple({key: frozenset(levels) for key, levels in one.items()} for one in document[name])
        return cls(**given, review=ReviewPlan(**document.get("review", {})))

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


_SHAPES: Mapping[str, tuple[type, ...]] = {
    "format": (str,), "version": (str,), "identifying": (list,), "possible_bits": (int, float, type(None)), "automatic": (bool,),
    "rules": (list, type(None)), "contradictions": (list,), "asked": (list,), "review": (dict,),
}  # fmt: skip


def _problem(document: Mapping[str, Any]) -> str:
    """What is wrong with a document; empty if nothing is."""
    unknown = sorted(map(str, document.keys() - _SHAPES.keys()))
    if unknown:
        return f"has a key that there is not: {unknown[0]}; known are {', '.join(_SHAPES)}"
    wrong = [name for name, value in document.items() if not _is_of(value, _SHAPES[name])]
    wrong += [name for name in ("identifying", "rules") if not _are_texts(document.get(name) or [])]
    conditions = [(name, one) for name in ("contradictions", "asked") for one in document.get(name, ())]
    wrong += [
        name for name, one in conditions if not (isinstance(one, dict) and one and all(map(_are_texts, one.values())))
    ]
    review = document.get("review", {})
    wrong += ["review"] * (
        not isinstance(review, dict) or any(not _is_of(value, (int, float)) for value in review.values())
    )
    if wrong:
        return f"does not have the shape of one: look at {wrong[0]}"
    known = {field.name for field in attrs.fields(ReviewPlan)}
    if not review.keys() <= known:
        return f"knows of a review only {', '.join(sorted(known))}"
    labels = {label for comparator in COMPARATORS.values() for label in comparator.labels}
    if any(level not in labels for _, one in conditions for levels in one.values() for level in levels):
        return "names a level that no comparison has; a match model lists those that it has"
    return ""


def _is_of(value: Any, types: tuple[type, ...]) -> bool:
    plain = (bool in types or not isinstance(value, bool)) and (not isinstance(value, float) or math.isfinite(value))
    return isinstance(value, types) and plain


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def link_policy_schema() -> dict[str, Any]:
    """The JSON Schema of a policy's document."""
    text = (
        files(__package__ or "bankcif.matching").joinpath("data", "link_policy.schema.json").read_text(encoding="utf-8")
    )
    schema: dict[str, Any] = json.loads(text)
    return schema
