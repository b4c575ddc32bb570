"""What a store must be able to do with a rule over plain facts: page, sort and count, all by the same set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import attrs

from ..rules import Lowered
from .rows import FactRow, PartyRow

__all__ = ["Order", "SearchStore"]


@attrs.frozen
class Order:
    """
    How a page is sorted: by a field, the missing last, then by cif_no.

    Attributes:
        field: A name of `customer_schema`.
        descending: Whether the largest comes first; the missing are last all the same.
    """

    field: str = "cif_no"
    descending: bool = False


class SearchStore(Protocol):
    """Parties by a rule over `bankcif.rules.customer_schema`."""

    def page(
        self,
        rule: Lowered,
        known: Mapping[str, Any],
        order: Order,
        after: tuple[Any, str] | None,
        limit: int,
        facts: Collection[str] | None = None,
    ) -> Sequence[tuple[PartyRow, FactRow]]:
        """
        The first *limit* parties of the rule that come behind *after*, which is the sorted value (None where it is missing)
        and the cif_no of the last one before. *known* are the rule's parameters. Of the plain facts those come along that *facts* names and that
        there are; all of them, if it names none.
        """

    def columns(
        self, rule: Lowered, known: Mapping[str, Any], names: Sequence[str], after: str, limit: int
    ) -> Sequence[Sequence[Any]]:
        """The numbers of the first *limit* parties of the rule behind the number *after*, in order, and behind them a column for each of *names*."""

    def count(self, rule: Lowered, known: Mapping[str, Any], by: str | None) -> Mapping[Any, int]:
        """How many parties there are, by value of the field *by* (None where it is missing), or all under None."""
