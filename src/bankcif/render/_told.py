"""How pages of analyses tell: in which language, of how many customers at least, and what things are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._text import Language, label
from ..analytics import Place, hidden
from ..errors import InputError

__all__ = ["Told", "words"]


class Told:
    """How a result is told: in which language, of how many, and what things are called."""

    def __init__(self, language: Language, k: int, names: Mapping[str, str]) -> None:
        self.language, self.k, self._names = language, k, names

    def name(self, name: str) -> str:
        """What something is called."""
        return self._names.get(name, name)

    def head(self, *names: str) -> tuple[str, ...]:
        """Names of columns."""
        return tuple(words(self.language, name) for name in names)

    def note(self, name: str, **said: Any) -> str:
        """A sentence, and that small numbers are not told."""
        return f"{words(self.language, name, **said)} {words(self.language, 'few', k=self.k)}".strip()

    def hides(self, counts: Mapping[Place, int]) -> frozenset[Place]:
        """The places that are not told; see `bankcif.analytics.hidden`."""
        return hidden(counts, self.k)

    def few(self, *counts: int) -> bool:
        """Whether some of these customers are fewer than k, and not none: nothing is told of them."""
        return any(0 < count < self.k for count in counts)

    def need(self, *counts: int) -> None:
        """Raises `InputError` if one of these numbers, which are told in any case, is of too few customers."""
        if min(counts) < self.k:
            raise InputError(
                f"this is of fewer than {self.k} customers, of whom nothing is told", path="$.result", rule="too_few"
            )


def words(language: Language, key: str, **said: Any) -> str:
    """What pages of analyses call something."""
    return label(f"analysis_{key}", language).format(**said)
