"""
Training: what each level says, learned from a file without labels.

Expectation maximization over the distinct patterns of levels among pairs that met in a block, with as many classes as the
model has: matches, unrelated pairs, and its alternatives (households, twins, …). Two classes would not do: relatives share an
address and a phone, so that agreement in one makes the other likelier, and what is found is the household.

What matches look like is learned, for each comparison, from pairs that met without it; what unrelated pairs look like, from
random pairs less the matches among them; how many matches there are, from those that met, made up for those that did not.

Source: Dempster, Laird and Rubin, Maximum likelihood from incomplete data via the EM algorithm (1977); Winkler, Using the EM
algorithm for weight computation in the Fellegi-Sunter model (1988).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from .compare import Levels
from .comparison import Alternative, Comparison
from .frequencies import Frequencies
from .model import MatchModel

__all__ = ["PatternCounts", "Trained", "TrainingPlan", "train"]

_Chances = NDArray[np.float64]


@attrs.frozen(kw_only=True)
class TrainingPlan:
    """
    How a model is learned.

    Attributes:
        most_rounds: After so many rounds without standing still it is refused.
        still: It stands still once no chance changes by more than this share.
        believed: How many pairs the chances of the model that it starts from are worth for matches.
        believed_of_others: The same for alternatives: much more, since they are what tells a household from one person, and a
            search that may change them freely takes one for the other.
        fewest_matches: With fewer expected matches among the pairs that met, nothing is learned.
    """

    most_rounds: int = 200
    still: float = 1e-4
    believed: float = 100.0
    believed_of_others: float = 20_000.0
    fewest_matches: float = 200.0


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PatternCounts:
    """
    How often each pattern of levels was seen.

    Attributes:
        patterns: Distinct ones, as `MatchModel.patterns` numbers them, of pairs that met.
        met: For each, under which blocking rules its pairs met, a bit a rule; a pattern may stand there for several.
        counts: How many pairs.
        said: What a person said of them: 1 that each is one party, -1 that none is, 0 nothing.
        random_levels: Comparison name to counts of every level, missing first, among random pairs.
        random_pairs: How many random pairs that were.
        equal_pairs: Comparison name to the number of all pairs of the file whose values are equal at its best level.
        records: How many records the file has.
    """

    patterns: NDArray[np.int64]
    met: NDArray[np.int64]
    counts: NDArray[np.int64]
    said: NDArray[np.int8]
    random_levels: Mapping[str, NDArray[np.int64]]
    random_pairs: int
    equal_pairs: Mapping[str, float]
    records: int

    @property
    def all_pairs(self) -> float:
        """How many pairs the file has."""
        return self.records * (self.records - 1) / 2


@attrs.frozen(kw_only=True)
class Trained:
    """
    A model with how it was learned.

    Attributes:
        model: The model.
        rounds: How many rounds it took.
        matches: Expected matches in the file.
        recall: Expected share of them that met under a blocking rule.
        remarks: What was not learned and why, in sentences.
    """

    model: MatchModel
    rounds: int
    matches: float
    recall: float
    remarks: tuple[str, ...]


def train(
    start: MatchModel, seen: PatternCounts, *, version: str, frequencies: Sequence[Frequencies] = (),
    plan: TrainingPlan | None = None,
) -> Trained:  # fmt: skip
    """
    *start* with chances learned from *seen*.

    Args:
        start: The model to start from: its chances are where the search begins and count as a few pairs.
        seen: Counts of the file.
        version: Version of the new model.
        frequencies: Of the new model.
        plan: How it is learned.

    Raises:
        TrainingError: There are too few matches, the search does not stand still, or what it found is no match: a
            comparison would speak against a match where the values agree.
    """
    return _Search(start, seen, plan or TrainingPlan()).run(version, frequencies)


class _Search:
    def __init__(self, start: MatchModel, seen: PatternCounts, plan: TrainingPlan) -> None:
        self._start, self._seen, self._plan = start, seen, plan
        levels = start.levels_of(seen.patterns)
        self._counted = start.counted(levels)
        self._levels = levels
        self._counts = seen.counts.astype(np.float64)
        self._fresh = {c.name: self._met_without(c.name) for c in start.comparisons}
        self._remarks: list[str] = []

    def _met_without(self, name: str) -> NDArray[np.bool_]:
        """Which entries met under a rule that has not seen this comparison."""
        rules = sum(1 << at for at, rule in enumerate(self._start.blocking) if name not in rule.sees)
        found: NDArray[np.bool_] = (self._seen.met & rules) != 0
        return found

    def run(self, version: str, frequencies: Sequence[Frequencies]) -> Trained:
        model, recall, matches = self._start, 1.0, 0.0
        for round_ in range(1, self._plan.most_rounds + 1):
            new, matches, recall = self._round(model)
            if matches * recall < self._plan.fewest_matches:
                raise TrainingError(
                    f"among {int(self._counts.sum())} pairs that met, some {matches * recall:.0f} are matches; "
                    f"{self._plan.fewest_matches:.0f} are needed to learn from: use a larger file, or a model as it is",
                    rule="too_few_matches",
                )  # fmt: skip
            moved = _moved(model, new)
            model = new
            if moved < self._plan.still:
                self._check(model)
                model = attrs.evolve(
                    model, version=version, frequencies=tuple(frequencies),
                    source=self._source(),
                )  # fmt: skip
                return Trained(model=model, rounds=round_, matches=matches, recall=recall, remarks=tuple(self._remarks))
        raise TrainingError(
            f"after {self._plan.most_rounds} rounds the chances still change: the file does not tell matches from "
            "other pairs; name more columns, or use a model as it is",
            rule="not_converged",
        )  # fmt: skip

    def _source(self) -> str:
        labels = int(self._seen.counts[self._seen.said != 0].sum())
        told = f"{labels} labels" if labels else "no labels"
        return f"Learned from {self._seen.records} records and {told}, starting from {self._start.version}."

    def _round(self, model: MatchModel) -> tuple[MatchModel, float, float]:
        """One step of expectation and of maximization; the matches of the file, and the share that met."""
        match, others = self._expected(model)
        recall = self._recall(match)
        matches = float(match.sum()) / recall
        comparisons = tuple(
            attrs.evolve(
                c,
                m=self._learned(self._counted[c.name], match, first.m, self._fresh[c.name], self._plan.believed),
                u=self._unrelated(first, match, others),
            )
            for c, first in zip(model.comparisons, self._start.comparisons, strict=True)
        )
        alternatives = tuple(
            self._alternative(first, weight) for first, weight in zip(self._start.alternatives, others, strict=True)
        )
        prior = math.log2(max(matches, 1e-3) / self._seen.all_pairs)
        return (
            attrs.evolve(
                model, comparisons=comparisons, alternatives=alternatives, prior_millibits=round(1000 * prior)
            ),
            matches,
            recall,
        )

    def _expected(self, model: MatchModel) -> tuple[_Chances, list[_Chances]]:
        """
        How many matches, and how many pairs of each alternative, each entry is expected to hold; labels are taken as they are.

        Here every comparison counts: two numbers that differ tell namesakes with one birth date from matches.
        """
        bits = np.full(len(self._counts), model.prior_millibits, np.int64)
        for comparison in model.comparisons:
            bits += comparison.millibits[self._levels[comparison.name]]
        match = np.exp2(bits / 1000)
        odds = model.odds(self._levels)
        others = 1.0 + odds.sum(axis=0)
        # What a person said is known; the rest is expected.
        chance = np.where(self._seen.said > 0, 1.0, np.where(self._seen.said < 0, 0.0, match / (match + others)))
        apart = self._counts * (1 - chance)
        return self._counts * chance, [apart * row / others for row in odds]

    def _recall(self, match: _Chances) -> float:
        """
        The share of matches that meet under a rule: one less the chance of meeting under none, as if rules were independent, each
        rule's chance taken from the matches that met under another one.
        """
        missed = 1.0
        for at in range(len(self._start.blocking)):
            here = (self._seen.met >> at & 1) != 0
            elsewhere = (self._seen.met & ~(1 << at)) != 0
            base = float(match[elsewhere].sum())
            if base > 0:
                missed *= 1 - float(match[here & elsewhere].sum()) / base
        return max(1 - missed, 0.05)

    def _learned(
        self, level: Levels, weight: _Chances, first: Sequence[float], which: NDArray[np.bool_], believed: float
    ) -> tuple[float, ...]:
        """The chances of *level* among the entries *which* with *weight*, the *first* ones counting as some pairs."""
        found = np.bincount(level[which], weight[which], len(first) + 1)[1:]
        return _shares(found + believed * np.array(first))

    def _unrelated(self, first: Comparison, match: _Chances, others: Sequence[_Chances]) -> tuple[float, ...]:
        """
        The chances of levels among unrelated pairs: those of random pairs, the best one's from the values of the whole file, less
        the matches and alternatives that were found at it.
        """
        level, seen = self._levels[first.name], self._seen
        drawn = seen.random_levels[first.name][1:].astype(np.float64)
        if not drawn.sum():
            return first.u
        compared = drawn.sum() / seen.random_pairs * seen.all_pairs
        expected = drawn / drawn.sum() * compared
        if first.name in seen.equal_pairs:
            expected[-1] = seen.equal_pairs[first.name]
        explained = np.bincount(level, match + sum(others), len(first.labels))[1:]
        rest = np.maximum(expected - explained, 0.0)
        rest[0] = max(rest[0], 1.0)
        # What random pairs are too few to show is believed from the start, for a tenth of what was looked at.
        believed = np.where(drawn >= 100, 0.0, 0.1 * compared)
        believed[-1] = 0.1 * compared
        shares = (rest + believed * np.array(first.u)) / (compared + believed)
        return _shares(np.maximum(shares, 1e-12))

    def _alternative(self, first: Alternative, weight: _Chances) -> Alternative:
        everywhere = np.ones(len(weight), np.bool_)
        chances = {
            name: self._learned(self._levels[name], weight, start, everywhere, self._plan.believed_of_others)
            for name, start in first.chances.items()
        }
        share = math.log2((float(weight.sum()) + 1.0) / self._seen.all_pairs)
        return attrs.evolve(first, share_bits=round(share, 3), chances=chances)

    def _check(self, model: MatchModel) -> None:
        """Refuses what is no model of matches; remarks what was not compared."""
        for comparison in model.comparisons:
            level = self._counted[comparison.name]
            if not self._levels[comparison.name].any():
                continue  # no row holds it
            if not self._counts[(level > 0) & self._fresh[comparison.name]].sum():
                self._remarks.append(
                    f"{comparison.name} was never compared among pairs that met without it; its m stays"
                )
                continue
            bits = comparison.millibits[1:].tolist()
            if not bits[0] < bits[-1] or bits[-1] <= 0:
                raise TrainingError(
                    f"where {comparison.name} agrees, the model would speak against a match: what was found are no matches "
                    "of one party; name more columns, or use a model as it is",
                    rule="not_identified",
                )  # fmt: skip


def _shares(counts: _Chances) -> tuple[float, ...]:
    floor = counts + counts.sum() * 1e-9
    shares = floor / floor.sum()
    return tuple(float(share) for share in shares)


def _moved(one: MatchModel, other: MatchModel) -> float:
    """The largest change of a chance among matches, or of the prior."""
    changes = [abs(one.prior_millibits - other.prior_millibits) / 1000]
    for a, b in zip(one.comparisons, other.comparisons, strict=True):
        changes.append(max(abs(x - y) for x, y in zip(a.m, b.m, strict=True)))
    return max(changes)
