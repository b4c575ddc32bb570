"""What comparing the pairs of a file comes to."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..matching import Lanes, LinkPolicy, MatchModel
from .blocks import BlockReport

__all__ = ["Edges"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Edges:
    """
    The pairs that tell something, one an entry, ordered by row numbers.

    Attributes:
        left, right: Row numbers, the lower on the left.
        weight_millibits: Their weight.
        patterns: Their levels as one number; `MatchModel.levels_of` takes it apart.
        automatic, possible, contradicted: What the link policy says of them.
        candidates: How many pairs were compared.
        reports: What became of each blocking rule.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    weight_millibits: NDArray[np.int32]
    patterns: NDArray[np.int64]
    automatic: NDArray[np.bool_]
    possible: NDArray[np.bool_]
    contradicted: NDArray[np.bool_]
    candidates: int
    reports: tuple[BlockReport, ...] = ()

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def of(
        cls, left: NDArray[np.int64], right: NDArray[np.int64], here: Lanes, there: Lanes, model: MatchModel,
        policy: LinkPolicy,
    ) -> Edges:  # fmt: skip
        """What *model* and *policy* say of the pairs of rows *left* and *right*, whose numbers are *here* and *there*."""
        compared = model.compare(here, there)
        links = policy.decide_all(model, compared.levels, compared.weight_millibits)
        kept = np.flatnonzero(links.automatic | links.possible)
        patterns = model.patterns({name: levels[kept] for name, levels in compared.levels.items()})
        return cls(
            left=left[kept], right=right[kept], weight_millibits=compared.weight_millibits[kept].astype(np.int32),
            patterns=patterns, automatic=links.automatic[kept], possible=links.possible[kept],
            contradicted=links.contradicted[kept], candidates=len(left),
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[Edges], reports: Sequence[BlockReport]) -> Edges:
        """*parts* as one, each pair once."""
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts] or [_EMPTY[field.name]])
            for field in attrs.fields(cls)
            if field.name in _EMPTY
        }
        left, right = columns["left"].astype(np.uint64), columns["right"].astype(np.uint64)
        _, first = np.unique(left << np.uint64(32) | right, return_index=True)
        return cls(
            **{name: column[first] for name, column in columns.items()},
            candidates=sum(part.candidates for part in parts), reports=tuple(reports),
        )  # fmt: skip

    def select(self, which: NDArray[np.bool_]) -> Edges:
        """Those entries for which *which* holds."""
        return attrs.evolve(self, **{name: getattr(self, name)[which] for name in _EMPTY})


_EMPTY: dict[str, NDArray[np.generic]] = {
    "left": np.zeros(0, np.int64), "right": np.zeros(0, np.int64), "weight_millibits": np.zeros(0, np.int32),
    "patterns": np.zeros(0, np.int64), "automatic": np.zeros(0, np.bool_), "possible": np.zeros(0, np.bool_),
    "contradicted": np.zeros(0, np.bool_),
}  # fmt: skip
