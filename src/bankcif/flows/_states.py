"""Where a customer stands in their life cycle, by what was said of those whom they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..party import LifeCycle, strictest
from .desk import Desk

__all__ = ["STATES", "state_key", "state_of", "states_of"]

STATES = "bankcif.state"
"""Source of what is said of life cycles."""


def state_key(desk: Desk, home: str) -> str:
    """Under what is kept where one of those stands whom a customer is made of; it tells nobody who reads the database of whom it is."""
    return desk.digester.digest("state", home.encode()).hex()


def state_of(desk: Desk, values: Mapping[str, Any], homes: Iterable[str]) -> LifeCycle:
    """
    Where a customer stands: of those they are made of, the strictest; of whom nothing was said, they are active.

    Args:
        values: Golden values in stored form.
        homes: Those they are made of.
    """
    return strictest(states_of(desk, values, homes).values()) if values.get("states") else LifeCycle.ACTIVE


def states_of(desk: Desk, values: Mapping[str, Any], homes: Iterable[str]) -> dict[str, LifeCycle]:
    """Where each of those stands whom a customer is made of."""
    said = {one["id"]: LifeCycle(one["state"]) for one in values.get("states", ())}
    return {home: said.get(state_key(desk, home), LifeCycle.ACTIVE) for home in homes}
