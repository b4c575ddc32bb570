"""Training a match model on a file: block -> compare -> count -> learn; nothing leaves but chances and frequencies."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

from .._clock import IdSource, SystemIds
from ..engines import LocalEngine, Pairs, Progress, silent, threads
from ..matching import (
    COMPARATORS,
    Frequencies,
    Lane,
    Lanes,
    MatchModel,
    PatternCounts,
    Trained,
    TrainingPlan,
    ValueCounts,
    counted_frequencies,
    mix_array,
    train,
)
from ..party import PartyKind

__all__ = ["Labels", "train_model"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Labels:
    """
    What persons said of pairs of rows.

    Attributes:
        left, right: Row numbers.
        same: Whether they are one party.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    same: NDArray[np.bool_]


_RANDOM_PAIRS = 300_000
_FEWEST = 10

# At which levels the frequency of which value counts.
_FREQUENCIES: Mapping[PartyKind, tuple[tuple[str, Lane, tuple[str, ...]], ...]] = {
    PartyKind.INDIVIDUAL: (
        ("name", Lane.KEY, ("variant form", "identical")),
        ("name", Lane.SOUND, ("same reading or order",)),
        ("name", Lane.SURNAME, ("same surname or given name", "one edit", "look-alike or familiar")),
        ("phone", Lane.PHONE, ("equal",)),
        ("email", Lane.EMAIL, ("equal",)),
        ("address", Lane.ADDRESS, ("same text",)),
    ),
    PartyKind.ORGANIZATION: (
        ("name", Lane.KEY, ("same core", "same core and form", "identical")),
        ("phone", Lane.PHONE, ("equal",)),
        ("email", Lane.EMAIL, ("equal",)),
        ("address", Lane.ADDRESS, ("same text",)),
    ),
}  # fmt: skip


def train_model(
    lanes: Lanes, start: MatchModel, *, version: str, pairs: Pairs | None = None, labels: Labels | None = None,
    plan: TrainingPlan | None = None,
    ids: IdSource | None = None, fewest: int = _FEWEST, progress: Progress = silent,
) -> Trained:  # fmt: skip
    """
    A model learned from the records of one file, with labels or without.

    Args:
        lanes: The records.
        start: The model to start from: its comparisons, blocking rules and bands stay.
        version: Version of the new model.
        pairs: The compared pairs of the file, by *start*; compared here if they are not given.
        labels: What persons said of some pairs, if there are any; one that meets under no blocking rule is not learned from.
        plan: How it is learned.
        ids: Draws the pairs that are compared at random, and the salt of the tags of frequencies.
        fewest: How many records must share a value before its frequency is told.
        progress: Told what is being done and how far it is.

    Raises:
        TrainingError: The file does not carry a model; the message says why.
    """
    draw = (ids or SystemIds()).draw
    pairs = LocalEngine().pairs(lanes, start, progress) if pairs is None else pairs
    said, unmet = _said(pairs, labels)
    patterns, met, counts, told = pairs.counted(said)
    progress("learn", 0.0)
    values = _counts(lanes, start, fewest)
    random_levels, random_pairs = _random_levels(lanes, start, int.from_bytes(draw(8)))
    seen = PatternCounts(
        patterns=patterns, met=met, counts=counts, said=told, random_levels=random_levels, random_pairs=random_pairs,
        equal_pairs={c.name: values[best].equal_pairs for c in start.comparisons if (best := COMPARATORS[c.comparator].best)},
        records=len(lanes),
    )  # fmt: skip
    progress("learn", 0.5)
    found = train(start, seen, version=version, plan=plan)
    if unmet:
        remark = f"{unmet} labelled pairs meet under no blocking rule and were not learned from"
        found = attrs.evolve(found, remarks=(*found.remarks, remark))
    salt = int.from_bytes(draw(8))
    return _with_frequencies(found, _frequencies(values, found.model, salt))


def _said(pairs: Pairs, labels: Labels | None) -> tuple[NDArray[np.int8] | None, int]:
    """What was said of each pair, and of how many labelled ones nothing can be learned since they do not meet."""
    if labels is None or not len(labels.left):
        return None, 0
    half = np.uint64(32)
    keys = pairs.left.astype(np.uint64) << half | pairs.right
    low, high = np.minimum(labels.left, labels.right), np.maximum(labels.left, labels.right)
    wanted = low.astype(np.uint64) << half | high.astype(np.uint64)
    order = np.argsort(keys)
    at = np.minimum(np.searchsorted(keys, wanted, sorter=order), max(len(keys) - 1, 0))
    said = np.zeros(len(keys), np.int8)
    met = keys[order[at]] == wanted if len(keys) else np.zeros(len(wanted), np.bool_)
    said[order[at[met]]] = np.where(labels.same[met], 1, -1)
    return said, int((~met).sum())


def _with_frequencies(trained: Trained, frequencies: tuple[Frequencies, ...]) -> Trained:
    return attrs.evolve(trained, model=attrs.evolve(trained.model, frequencies=frequencies))


def _random_levels(lanes: Lanes, model: MatchModel, seed: int) -> tuple[dict[str, NDArray[np.int64]], int]:
    """Counts of levels among pairs drawn from *seed*, no record beside itself."""
    count = np.uint64(len(lanes))
    found = {c.name: np.zeros(len(c.labels), np.int64) for c in model.comparisons}
    if count < 2:
        return found, 1
    wanted = min(_RANDOM_PAIRS, len(lanes) * (len(lanes) - 1) // 2)
    drawn = mix_array(np.arange(2 * wanted, dtype=np.uint64) + np.uint64(seed))
    left, step = drawn[::2] % count, drawn[1::2] % (count - np.uint64(1)) + np.uint64(1)
    right = (left + step) % count
    patterns = model.patterns_of(lanes, left.astype(np.int64), right.astype(np.int64)).astype(np.int64)
    for name, levels in model.levels_of(patterns).items():
        found[name] += np.bincount(levels, minlength=len(found[name]))
    return found, wanted


def _counts(lanes: Lanes, model: MatchModel, fewest: int) -> dict[Lane, ValueCounts]:
    """How common values are, of every lane that the model learns from."""
    best = [COMPARATORS[c.comparator].best for c in model.comparisons]
    wanted = dict.fromkeys([*filter(None, best), *(lane for _, lane, _ in _FREQUENCIES[model.kind])])
    with threads(None) as pool:
        return dict(zip(wanted, pool.map(lambda lane: ValueCounts.of(lanes[:, lane], fewest), wanted), strict=True))


def _frequencies(seen: Mapping[Lane, ValueCounts], model: MatchModel, salt: int) -> tuple[Frequencies, ...]:
    by_name = {c.name: c for c in model.comparisons}
    found = []
    for name, lane, labels in _FREQUENCIES[model.kind]:
        comparison = by_name.get(name)
        if comparison is None or not seen[lane].records:
            continue
        levels = tuple(comparison.labels.index(label) for label in labels)
        u = sum(comparison.u[level - 1] for level in levels)
        found.append(
            counted_frequencies(
                seen[lane], comparison=name, levels=levels, lane=lane, u=u, salt=salt, personal=name != "name"
            )
        )
    return tuple(found)
