"""The statements about data quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, literal_column, select, update

from . import _tables as t
from ._clauses import among, behind, mine
from ._mapped import Mapped
from .portrait_rows import IDLE
from .quality_rows import FigureRow, FindingRow, SheetRow

__all__ = ["FIGURE", "FINDING", "QUALITY_QUERIES", "SHEET"]

SHEET = Mapped(t.QUALITY_SHEET, SheetRow)
FINDING = Mapped(t.FINDING, FindingRow)
FIGURE = Mapped(t.QUALITY_FIGURE, FigureRow)
_S, _F, _G, _P = t.QUALITY_SHEET.c, t.FINDING.c, t.QUALITY_FIGURE.c, t.PARTY.c
_FINDING_KEY = ("cif_no", "rule", "number")
_THERE = [_P.life_cycle != literal_column(f"'{one.value}'") for one in IDLE]


def _findings(*more: Any) -> Any:
    return (
        select(*FINDING.columns).where(mine(t.FINDING), behind(t.FINDING, *_FINDING_KEY), *more)
        .order_by(*(t.FINDING.c[name] for name in _FINDING_KEY)).limit(bindparam("most"))
    )  # fmt: skip


_LIVE, _RULE, _ASSIGNEE = (
    _F.closed_at.is_(None),
    _F.rule == bindparam("of_rule"),
    _F.assignee == bindparam("of_assignee"),
)
QUALITY_QUERIES: Mapping[str, Any] = {
    "sheets": select(*SHEET.columns).where(mine(t.QUALITY_SHEET), among(_S.cif_no)),
    "sheets_page": select(*SHEET.columns)
    .select_from(t.QUALITY_SHEET.join(t.PARTY, (_P.tenant == _S.tenant) & (_P.cif_no == _S.cif_no)))
    # The customer's bound is said of both, or PostgreSQL walks through all customers of the tenant.
    .where(mine(t.QUALITY_SHEET), _S.cif_no > bindparam("after"), _P.cif_no > bindparam("after"), *_THERE)
    .order_by(_S.cif_no).limit(bindparam("most")),
    "sheets_due": select(_S.cif_no)
    .where(mine(t.QUALITY_SHEET), among(_S.due), _S.cif_no > bindparam("after"))
    .order_by(_S.cif_no).limit(bindparam("most")),
    "sheets_behind": select(_P.cif_no)
    .select_from(t.PARTY.outerjoin(t.QUALITY_SHEET, (_S.tenant == _P.tenant) & (_S.cif_no == _P.cif_no)))
    .where(mine(t.PARTY), _P.cif_no > bindparam("after"), *_THERE,
           _S.book.is_(None) | (_S.book != bindparam("of_book")) | (_S.party_version != _P.version))
    .order_by(_P.cif_no).limit(bindparam("most")),
    "sheet_erase": t.QUALITY_SHEET.delete().where(_S.tenant == bindparam("b_tenant"), _S.cif_no == bindparam("b_cif_no")),
    "findings_of": select(*FINDING.columns).where(mine(t.FINDING), among(_F.cif_no)),
    "finding_change": update(t.FINDING)
    .where(_F.tenant == bindparam("b_tenant"), _F.cif_no == bindparam("b_cif_no"), _F.rule == bindparam("b_rule"),
           _F.number == bindparam("b_number"), _F.version == bindparam("b_version"))
    .values({name: bindparam(name) for name in FINDING.names}),
    "findings_erase": t.FINDING.delete().where(_F.tenant == bindparam("b_tenant"), _F.cif_no == bindparam("b_cif_no")),
    "findings": _findings(),
    "findings_live": _findings(_LIVE),
    "findings_rule": _findings(_RULE),
    "findings_live_rule": _findings(_LIVE, _RULE),
    "findings_assignee": _findings(_ASSIGNEE),
    "findings_live_assignee": _findings(_LIVE, _ASSIGNEE),
    "findings_rule_assignee": _findings(_RULE, _ASSIGNEE),
    "findings_live_rule_assignee": _findings(_LIVE, _RULE, _ASSIGNEE),
    "figures_drop": t.QUALITY_FIGURE.delete().where(_G.tenant == bindparam("b_tenant"), _G.day == bindparam("b_day")),
    "figures_between": select(*FIGURE.columns)
    .where(mine(t.QUALITY_FIGURE), _G.day >= bindparam("first"), _G.day <= bindparam("last"), _G.scope == bindparam("of_scope"))
    .order_by(_G.day, _G.unit, _G.rule),
    "figures_latest": select(_G.day).where(mine(t.QUALITY_FIGURE), _G.day <= bindparam("last"), _G.scope == bindparam("of_scope"))
    .order_by(_G.day.desc()).limit(1),
}  # fmt: skip
