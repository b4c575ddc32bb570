"""Grants with a row rule, found by what a customer's record says, so that thousands of them cost a decision a few look-ups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import merge
from typing import Any

from .grants import Grant

__all__ = ["ConditionalGrants"]


class ConditionalGrants:
    """
    The grants with a row rule that are about one place of a policy.

    A rule that ties a field to values, such as ``home_branch = '0101' and …``, is looked at only for customers with such a
    value; any other is asked of every customer.
    """

    def __init__(self) -> None:
        self._count = 0
        self._tied: dict[str, dict[Any, list[tuple[int, Grant]]]] = {}
        self._free: list[tuple[int, Grant]] = []

    def add(self, grant: Grant) -> None:
        """Takes in *grant*, which stands after all before it."""
        assert grant.when is not None
        place, tied = (self._count, grant), grant.when.tied
        self._count += 1
        if tied is None:
            self._free.append(place)
            return
        by_value = self._tied.setdefault(tied.field, {})
        for value in tied.values:
            by_value.setdefault(value, []).append(place)

    def that_hold(self, record: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Grant]:
        """The grants whose rule holds of *record* under the parameters *known*, in the order they were taken in."""
        near = [by_value.get(record[field], []) for field, by_value in self._tied.items()]
        for _, grant in merge(self._free, *near, key=lambda place: place[0]):
            if grant.when is not None and grant.when.holds(record, known):
                yield grant
