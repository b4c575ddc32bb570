"""Departments: which of the units that figures are told of belong together, and since when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from .._toml import read_toml
from ..errors import ConfigurationError
from .dimension import Figure

__all__ = ["Departments", "Member"]

_KEYS = {"unit", "department", "since"}


@attrs.frozen(kw_only=True)
class Member:
    """
    A unit that belongs to a department.

    Attributes:
        unit: A branch, a manager, a channel or a member of staff, as figures name them.
        department: Where it belongs; nowhere if empty.
        since: From which day; always if None.
    """

    unit: str
    department: str
    since: date | None = None


def _ordered(given: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(sorted(given, key=lambda one: (one.unit, one.since or date.min)))


@attrs.frozen
class Departments:
    """
    Where units belonged, on any day: who goes to another department takes no score of before along.

    Raises:
        ConfigurationError: Of one unit two departments are said from one day on.
    """

    members: tuple[Member, ...] = attrs.field(converter=_ordered)
    _by_unit: Mapping[str, list[Member]] = attrs.field(init=False, eq=False, repr=False)

    @_by_unit.default
    def _grouped(self) -> Mapping[str, list[Member]]:
        found: dict[str, list[Member]] = {}
        for one in self.members:
            mine = found.setdefault(one.unit, [])
            if mine and mine[-1].since == one.since:
                raise ConfigurationError(
                    f"of {one.unit} two departments are said from one day on; a unit belongs to one", rule="departments"
                )
            mine.append(one)
        return found

    @classmethod
    def read(cls, path: Path) -> Departments:
        """
        The departments in the TOML file *path*: ``[[member]]`` with ``unit``, ``department`` and, from which day on, ``since``.

        Raises:
            ConfigurationError: It cannot be read, or does not fit.
        """
        document = read_toml(path, "departments", ConfigurationError, "departments")
        rows = document.get("member")
        if set(document) != {"member"} or not isinstance(rows, list) or not all(map(_is_member, rows)):
            raise ConfigurationError(
                "departments have [[member]] with a unit, a department and, if it was not always so, since (a day)", rule="departments"
            )  # fmt: skip
        return cls(Member(**row) for row in rows)

    def of(self, unit: str, day: date) -> str:
        """Where *unit* belonged on *day*; empty if nowhere."""
        mine = self._by_unit.get(unit, [])
        at = bisect_right(mine, day, key=lambda one: one.since or date.min)
        return mine[at - 1].department if at else ""

    def figures(self, units: Iterable[tuple[str, Mapping[str, Figure]]], day: date) -> dict[str, dict[str, Figure]]:
        """The figures of a day by department, each the sum of those of its units by rule."""
        found: dict[str, dict[str, Figure]] = {}
        for unit, rules in units:
            mine = found.setdefault(self.of(unit, day), {})
            for rule, figure in rules.items():
                mine[rule] = mine.get(rule, Figure()) + figure
        return found


def _is_member(row: Any) -> bool:
    if not isinstance(row, Mapping) or not {"unit", "department"} <= set(row) <= _KEYS:
        return False
    texts: Sequence[Any] = (row["unit"], row["department"])
    return all(isinstance(one, str) for one in texts) and type(row.get("since", date.min)) is date
