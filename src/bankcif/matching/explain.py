"""Explanations: why a pair weighs what it weighs, comparison by comparison, without any value."""

from __future__ import annotations

import math
from typing import Any

import attrs

from .model import ComparedPair, MatchModel

__all__ = ["Explanation", "Term", "explain", "probability_of"]


def probability_of(weight_millibits: int) -> float:
    """A match weight as a chance, from 0 to 1."""
    return 1 / (1 + math.exp2(min(-weight_millibits / 1000, 1000)))


@attrs.frozen
class Term:
    """One comparison's part: its name, the level's name, and what it adds in millibits."""

    comparison: str
    level: str
    millibits: int


@attrs.frozen(kw_only=True)
class Explanation:
    """
    The terms of a weight; they add up to it exactly.

    Attributes:
        model: Version of the model.
        terms: The prior; every comparison, one that was not counted adding nothing and saying so; what a rare or common
            value adds; what the pair could be instead of one party.
        weight_millibits: The sum.
    """

    model: str
    terms: tuple[Term, ...]
    weight_millibits: int

    @property
    def probability(self) -> float:
        """The weight as a chance between 0 and 1."""
        return probability_of(self.weight_millibits)

    def lines(self) -> list[str]:
        """The explanation as text, a line a term."""
        rows = [f"{term.millibits / 1000:+8.3f}  {term.comparison}: {term.level}" for term in self.terms]
        return [*rows, f"{self.weight_millibits / 1000:+8.3f}  weight in bits (chance {self.probability:.4f})"]

    def document(self) -> dict[str, Any]:
        """The explanation as JSON; holds levels, never values."""
        return {
            "model": self.model,
            "terms": [[term.comparison, term.level, term.millibits] for term in self.terms],
            "weight_millibits": self.weight_millibits,
        }


def explain(model: MatchModel, pair: ComparedPair) -> Explanation:
    """Why *pair* weighs under *model* what it weighs."""
    terms = [Term("prior", "any two records", model.prior_millibits)]
    for comparison in model.comparisons:
        seen, level = pair.levels[comparison.name], pair.counted[comparison.name]
        label = comparison.label(seen)
        if level != seen:
            label += f" (not counted: holds already in {', '.join(comparison.unless)})"
        terms.append(Term(comparison.name, label, comparison.weights[level]))
    if model.frequencies:
        added = pair.frequency_millibits
        terms.append(Term("frequency", "rarer than usual" if added > 0 else "common" if added else "as usual", added))
    if model.alternatives:
        odds = model.odds_of(pair.counted)
        lost = model.lost(odds)
        likeliest = model.alternatives[odds.index(max(odds))].name
        terms.append(Term("instead", likeliest if lost else "unrelated", lost))
    return Explanation(model=model.version, terms=tuple(terms), weight_millibits=pair.weight_millibits)
