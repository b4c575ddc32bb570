"""Rules over plain facts, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import Any

from ..party import FACT_COLUMNS
from ..rules import Lowered, compiled
from ._memory_tables import Store
from .rows import FactRow, PartyRow
from .search_store import Order

__all__ = ["Search"]

_PARTY = ("cif_no", "life_cycle", "review_state", "branch", "manager")


class Search(Store):
    def page(
        self,
        rule: Lowered,
        known: Mapping[str, Any],
        order: Order,
        after: tuple[Any, str] | None,
        limit: int,
        facts: Collection[str] | None = None,
    ) -> Sequence[tuple[PartyRow, FactRow]]:
        found = [(record[order.field], row, there) for record, row, there in self._of(rule, known)]
        found.sort(key=lambda one: one[1].cif_no)
        present = [one for one in found if one[0] is not None]
        present.sort(key=lambda one: one[0], reverse=order.descending)
        ordered = present + [one for one in found if one[0] is None]
        if after is not None:
            ordered = [one for one in ordered if _behind(one[0], one[1].cif_no, after, order)]
        asked = FACT_COLUMNS if facts is None else [name for name in FACT_COLUMNS if name in facts]
        return [
            (row, FactRow(cif_no=row.cif_no, values={name: there.values[name] for name in asked}))
            for _, row, there in ordered[:limit]
        ]

    def columns(
        self, rule: Lowered, known: Mapping[str, Any], names: Sequence[str], after: str, limit: int
    ) -> Sequence[Sequence[Any]]:
        behind = ((row.cif_no, record) for record, row, _ in self._of(rule, known) if row.cif_no > after)
        found = nsmallest(limit, behind, key=_number)
        return [[number for number, _ in found], *([record[name] for _, record in found] for name in names)]

    def count(self, rule: Lowered, known: Mapping[str, Any], by: str | None) -> Mapping[Any, int]:
        return Counter(None if by is None else record[by] for record, _, _ in self._of(rule, known))

    def _of(self, rule: Lowered, known: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], PartyRow, FactRow]]:
        holds = compiled(rule)
        for cif_no, row in self._data.parties.rows.items():
            facts = self._data.facts.rows.get(cif_no) or FactRow(cif_no=cif_no, values=dict.fromkeys(FACT_COLUMNS))
            record = {**facts.values, **{name: getattr(row, name) for name in _PARTY}}
            if holds(record, known):
                yield record, row, facts


def _number(one: tuple[str, Mapping[str, Any]]) -> str:
    return one[0]


def _behind(value: Any, cif_no: str, after: tuple[Any, str], order: Order) -> bool:
    last, number = after
    if value is None or last is None:  # the missing come last
        return value is None and (last is not None or cif_no > number)
    if value == last:
        return cif_no > number
    return bool(value < last) if order.descending else bool(value > last)
