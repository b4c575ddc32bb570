"""What an engine must be able to do: join the blocks of a file and have its pairs compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..matching import Lanes, MatchModel
from .blocks import Capped
from .pairs import Pairs

__all__ = ["Engine", "Progress", "silent"]

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it is done, from 0 to 1."""


def silent(what: str, share: float) -> None:
    """Tells nobody."""


class Engine(Protocol):
    """
    Joins blocks and hands pairs to the comparisons of a model; it never compares in a dialect of its own.

    Every engine gives the same pairs with the same patterns, in whatever order: `bankcif.testing` has the contract.
    """

    def pairs(
        self, lanes: Lanes, model: MatchModel, progress: Progress = silent, *, capped: Sequence[Capped] | None = None,
        since: int = 0,
    ) -> Pairs:  # fmt: skip
        """
        The pairs that meet under the blocking rules of *model*, each once, compared by its comparisons.

        Args:
            lanes: The records.
            model: Whose rules and comparisons.
            progress: Told what is being done and how far it is.
            capped: What an earlier run did not compare whole, by rule: it is the same now, however blocks have grown.
            since: Only pairs with a record from this number on.
        """
