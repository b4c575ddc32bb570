"""
What an action asks of who does it, beside a grant: how, how lately and for what they were recognized, and how many persons.

Unmasking and breaking the glass ask for two factors whatever a policy says. The table of key operations is part of the policy. What a policy leaves out has the library's minimum, and none can ask
for less: two persons is not one by configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from ..approval import Operation
from ..context import AuthContext
from ..errors import PolicyError

__all__ = [
    "LEAST",
    "MOST_PERSONS",
    "KeyOperation",
    "Requirement",
    "key_operations",
    "least_of",
    "need_least",
    "requirement_of",
]

MOST_PERSONS = 5
_AHEAD = timedelta(minutes=1)
"""How far an instant of recognition may lie ahead of the library's clock."""


@attrs.frozen(kw_only=True)
class Requirement:
    """
    How an actor must have been recognized.

    Attributes:
        level: Level of assurance, 0 (nothing is asked) to 3.
        max_age_minutes: How long ago at most; None for any time.
        bound: Whether for this one operation, whose digest they confirmed.
    """

    level: int = 0
    max_age_minutes: int | None = None
    bound: bool = False

    def missing(self, auth: AuthContext | None, now: datetime, operation: str) -> tuple[str, ...]:
        """What *auth* lacks, of ``level``, ``age`` and ``operation``; empty if it is enough."""
        found = []
        if self.level > (auth.assurance if auth else 0):
            found.append("level")
        if self.max_age_minutes is not None:
            age = now - auth.at if auth else None
            if age is None or not -_AHEAD <= age <= timedelta(minutes=self.max_age_minutes):
                found.append("age")
        if self.bound and (auth is None or not operation or auth.operation != operation):
            found.append("operation")
        return tuple(found)

    def document(self) -> dict[str, Any]:
        """The requirement as `requirement_of` reads it."""
        age = {} if self.max_age_minutes is None else {"max_age_minutes": self.max_age_minutes}
        return {"level": self.level, **age, "bound": self.bound}


@attrs.frozen(kw_only=True)
class KeyOperation:
    """
    What a key operation takes.

    Attributes:
        persons: How many, the maker among them; 2 to 5.
        requirement: How each checker must have been recognized.
    """

    persons: int = 2
    requirement: Requirement = attrs.field(factory=Requirement)

    def document(self) -> dict[str, Any]:
        """The line of the table."""
        return {"persons": self.persons, **self.requirement.document()}


LEAST: Mapping[str, Requirement] = {
    "reveal": Requirement(level=2), "break_glass": Requirement(level=2, max_age_minutes=60),
}  # fmt: skip
"""What unmasking and breaking the glass ask for at least, by action: a second factor, and for the glass of late."""


def least_of(action: str) -> Requirement:
    """What *action* asks for where a policy says nothing."""
    return LEAST.get(action, Requirement())


def need_least(action: str, found: Requirement) -> Requirement:
    """
    *found*, where it asks for as much as *action* asks for at least.

    Raises:
        PolicyError: It asks for less.
    """
    least = least_of(action)
    longer = least.max_age_minutes is not None and (found.max_age_minutes or 10**9) > least.max_age_minutes
    if found.level < least.level or longer:
        age = f", within {least.max_age_minutes} minutes at most" if least.max_age_minutes else ""
        raise PolicyError(f"[require.{action}] asks for level {least.level} at least{age}", rule="policy")
    return found


def requirement_of(entry: Any, name: str) -> Requirement:
    """
    The requirement in a policy's table.

    Raises:
        PolicyError: It has an unknown key, or a value out of its range.
    """
    keys = {"level", "max_age_minutes", "bound"}
    good = isinstance(entry, Mapping) and set(entry) <= keys
    level, age, bound = (
        (entry.get("level", 0), entry.get("max_age_minutes"), entry.get("bound", False)) if good else (0, 0, 0)
    )
    if not good or type(level) is not int or not 0 <= level <= 3 or type(bound) is not bool:
        raise PolicyError(f"{name} has level (0 to 3), max_age_minutes and bound (true or false)", rule="policy")
    if age is not None and (type(age) is not int or age < 1):
        raise PolicyError(f"{name}: max_age_minutes is a number above zero", rule="policy")
    return Requirement(level=level, max_age_minutes=age, bound=bound)


def key_operations(table: Any) -> dict[Operation, KeyOperation]:
    """
    The table of key operations: a line for every one there is, whatever *table* leaves out.

    Raises:
        PolicyError: It names an operation that is none, fewer than two persons, or a requirement out of its range.
    """
    if not isinstance(table, Mapping) or not set(table) <= set(Operation):
        raise PolicyError(f"[operation.NAME] names one of {', '.join(Operation)}", rule="policy")
    found = {}
    for operation in Operation:
        entry = table.get(operation.value, {})
        name = f"operation {operation.value}"
        persons = entry.get("persons", 2) if isinstance(entry, Mapping) else 0
        if type(persons) is not int or not 2 <= persons <= MOST_PERSONS:
            raise PolicyError(f"{name} takes 2 to {MOST_PERSONS} persons; one is never enough", rule="policy")
        rest = {key: value for key, value in entry.items() if key != "persons"}
        found[operation] = KeyOperation(persons=persons, requirement=requirement_of(rest, name))
    return found
