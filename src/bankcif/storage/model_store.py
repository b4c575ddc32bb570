"""What a store must be able to do with models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .model_rows import ModelRow

__all__ = ["ModelStore"]


class ModelStore(Protocol):
    """Models: those in force, and those that were or may be."""

    def active(self, name: str) -> ModelRow | None:
        """The model of this name that is in force."""

    def get(self, proposal: str) -> ModelRow | None:
        """A model by the proposal that brought it."""

    def all(self) -> Sequence[ModelRow]:
        """All of them, in the order of their ids."""

    def put(self, row: ModelRow) -> None:
        """Keeps a model, in place of what was known of it."""
