"""The statements about portraits and tag catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, literal_column, select

from . import _tables as t
from ._clauses import among, mine
from ._mapped import Mapped
from .portrait_rows import IDLE, PORTRAIT as GROUP, CatalogueRow, PortraitRow
from .rows import GoldenRow

__all__ = ["CATALOGUE", "PORTRAIT", "PORTRAIT_QUERIES"]

CATALOGUE = Mapped(t.TAG_CATALOGUE, CatalogueRow)
PORTRAIT = Mapped(t.PORTRAIT, PortraitRow)
_GOLDEN = Mapped(t.GOLDEN_GROUP, GoldenRow)
PORTRAIT_QUERIES: Mapping[str, Any] = {
    "portraits": select(*_GOLDEN.columns)
    .where(mine(t.GOLDEN_GROUP), among(t.GOLDEN_GROUP.c.cif_no), t.GOLDEN_GROUP.c.superseded_at.is_(None),
           t.GOLDEN_GROUP.c.data_group == GROUP),
    "portrait_rows": select(*PORTRAIT.columns).where(mine(t.PORTRAIT), among(t.PORTRAIT.c.cif_no)),
    "portraits_due": select(t.PORTRAIT.c.cif_no)
    .where(mine(t.PORTRAIT), among(t.PORTRAIT.c.due), t.PORTRAIT.c.cif_no > bindparam("after"))
    .order_by(t.PORTRAIT.c.cif_no).limit(bindparam("most")),
    "portraits_behind": select(t.PARTY.c.cif_no)
    .select_from(t.PARTY.outerjoin(
        t.PORTRAIT, (t.PORTRAIT.c.tenant == t.PARTY.c.tenant) & (t.PORTRAIT.c.cif_no == t.PARTY.c.cif_no)))
    .where(mine(t.PARTY), t.PARTY.c.cif_no > bindparam("after"), *(t.PARTY.c.life_cycle != literal_column(f"'{one.value}'") for one in IDLE),
           t.PORTRAIT.c.catalogue.is_(None) | (t.PORTRAIT.c.catalogue != bindparam("catalogue"))
           | (t.PORTRAIT.c.party_version != t.PARTY.c.version))
    .order_by(t.PARTY.c.cif_no).limit(bindparam("most")),
    "parties_with_group": select(t.GOLDEN_GROUP.c.cif_no)
    .where(mine(t.GOLDEN_GROUP), t.GOLDEN_GROUP.c.cif_no > bindparam("after"), t.GOLDEN_GROUP.c.data_group == bindparam("data_group"),
           t.GOLDEN_GROUP.c.superseded_at.is_(None))
    .order_by(t.GOLDEN_GROUP.c.cif_no).limit(bindparam("most")),
    "portrait_erase": t.PORTRAIT.delete().where(
        t.PORTRAIT.c.tenant == bindparam("b_tenant"), t.PORTRAIT.c.cif_no == bindparam("b_cif_no")),
    "catalogue_active": select(*CATALOGUE.columns).where(
        mine(t.TAG_CATALOGUE), t.TAG_CATALOGUE.c.since.is_not(None), t.TAG_CATALOGUE.c.until.is_(None))
    .order_by(t.TAG_CATALOGUE.c.since.desc()),
    "catalogue_at": select(*CATALOGUE.columns)
    .where(mine(t.TAG_CATALOGUE), t.TAG_CATALOGUE.c.since <= bindparam("instant"),
           t.TAG_CATALOGUE.c.until.is_(None) | (t.TAG_CATALOGUE.c.until > bindparam("instant"))),
    "catalogues": select(*CATALOGUE.columns).where(mine(t.TAG_CATALOGUE)).order_by(t.TAG_CATALOGUE.c.id),
    "catalogue_get": select(*CATALOGUE.columns).where(mine(t.TAG_CATALOGUE), t.TAG_CATALOGUE.c.id == bindparam("id")),
}  # fmt: skip
