"""Explanations: why a pair weighs what it weighs, comparison by comparison, without any value."""

from __future__ import annotations

from typing import Any

import attrs

from .model import Compared, MatchModel

__all__ = ["Explanation", "Term", "explain"]


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
        terms: The prior, then every comparison; one that was not counted adds nothing and says so.
        weight_millibits: The sum.
    """

    model: str
    terms: tuple[Term, ...]
    weight_millibits: int

    @property
    def probability(self) -> float:
        """The weight as a chance between 0 and 1."""
        return 1 / (1 + 2 ** (-self.weight_millibits / 1000))

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


def explain(model: MatchModel, compared: Compared, index: int) -> Explanation:
    """Why pair *index* of *compared* weighs what it weighs."""
    terms = [Term("prior", "any pair that met in a block", model.prior_millibits)]
    for comparison in model.comparisons:
        seen, counted = int(compared.levels[comparison.name][index]), int(compared.counted[comparison.name][index])
        label = comparison.label(seen)
        if counted != seen:
            label += f" (not counted: holds already in {', '.join(comparison.unless)})"
        terms.append(Term(comparison.name, label, int(comparison.millibits[counted])))
    return Explanation(model=model.version, terms=tuple(terms), weight_millibits=int(compared.weight_millibits[index]))
