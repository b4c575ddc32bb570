"""
Rules over plain facts, on an SQL database.

A statement is built once for each rule and order and kept, with every value of a caller as a parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, null, or_, select

from ..party import FACT_COLUMNS, CifNo
from ..rules import Lowered
from ..rules.sql import condition
from . import _tables as t
from ._sql_session import Store
from ._statements import PARTY
from .rows import FactRow, PartyRow
from .search_store import Order

__all__ = ["Search"]

_COLUMNS: Mapping[str, ColumnElement[Any]] = {
    **{name: t.FACT.c[name] for name in FACT_COLUMNS},
    **{name: t.PARTY.c[name] for name in ("cif_no", "life_cycle", "review_state", "branch", "manager")},
}
_JOINED = t.PARTY.outerjoin(t.FACT, and_(t.FACT.c.tenant == t.PARTY.c.tenant, t.FACT.c.cif_no == t.PARTY.c.cif_no))
_KEPT = 256
_NOTHING: Mapping[str, Any] = {}


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
        asked = tuple(name for name in FACT_COLUMNS if facts is None or name in facts)
        kind = "first" if after is None else "missing" if after[0] is None else "value"
        value, number = after or (None, "")
        params = {**self._bound(known), "after_value": value, "after_cif_no": number, "most": limit}
        found, width = [], len(PARTY.names)
        for values in self._s.rows(_page(rule, order, kind, asked), params):
            party = PARTY.row(values[:width])
            there = dict(zip(asked, values[width:], strict=True)) if asked else _NOTHING
            found.append((party, FactRow(cif_no=CifNo(party.cif_no), values=there)))
        return found

    def columns(
        self, rule: Lowered, known: Mapping[str, Any], names: Sequence[str], after: str, limit: int
    ) -> Sequence[Sequence[Any]]:
        params = {**self._bound(known), "after_cif_no": after, "most": limit}
        return self._s.columns(_columns(rule, tuple(names)), params)

    def count(self, rule: Lowered, known: Mapping[str, Any], by: str | None) -> Mapping[Any, int]:
        rows = self._s.run(_count(rule, by), self._bound(known))
        return {value: number for value, number in map(tuple, rows) if number}

    def _bound(self, known: Mapping[str, Any]) -> dict[str, Any]:
        return {"tenant": self._s.tenant, **{f"rule_{name}": value for name, value in known.items()}}


@lru_cache(_KEPT)
def _page(rule: Lowered, order: Order, kind: str, facts: tuple[str, ...]) -> Select[Any]:
    """Facts of which none is read are not looked up: their table joins by its key, and databases leave it out."""
    column, number = _COLUMNS[order.field], t.PARTY.c.cif_no
    statement = (
        select(*PARTY.columns, *(t.FACT.c[name] for name in facts))
        .select_from(_JOINED)
        .where(t.PARTY.c.tenant == bindparam("tenant"), condition(rule, _COLUMNS))
        .limit(bindparam("most"))
    )
    if order.field == "cif_no":  # read along the primary key, from where the page before ended
        statement = statement.order_by(number.desc() if order.descending else number)
        last: ColumnElement[Any] = bindparam("after_cif_no")
        return statement if kind == "first" else statement.where(number < last if order.descending else number > last)
    statement = statement.order_by(column.is_(None), column.desc() if order.descending else column, number)
    behind = number > bindparam("after_cif_no")
    if kind == "missing":
        return statement.where(column.is_(None), behind)
    if kind == "value":
        value: ColumnElement[Any] = bindparam("after_value", type_=column.type)
        further = column < value if order.descending else column > value
        return statement.where(or_(further, and_(column == value, behind), column.is_(None)))
    return statement


@lru_cache(_KEPT)
def _columns(rule: Lowered, names: tuple[str, ...]) -> Select[Any]:
    return (
        select(t.PARTY.c.cif_no, *(_COLUMNS[name].label(f"c{at}") for at, name in enumerate(names)))
        .select_from(_JOINED)
        .where(
            t.PARTY.c.tenant == bindparam("tenant"),
            t.PARTY.c.cif_no > bindparam("after_cif_no"),
            condition(rule, _COLUMNS),
        )
        .order_by(t.PARTY.c.cif_no)
        .limit(bindparam("most"))
    )


@lru_cache(_KEPT)
def _count(rule: Lowered, by: str | None) -> Select[Any]:
    where = and_(t.PARTY.c.tenant == bindparam("tenant"), condition(rule, _COLUMNS))
    value: ColumnElement[Any] = null() if by is None else _COLUMNS[by]
    statement: Select[Any] = select(value, func.count()).select_from(_JOINED).where(where)
    return statement if by is None else statement.group_by(value)
