"""The statements about what other systems are told, and how far each feed is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import bindparam, select, tuple_, update

from ..party import CifNo
from . import _tables as t
from ._clauses import mine
from ._mapped import Mapped
from .outbox_rows import FeedDayRow, FeedRow

__all__ = ["FEED", "FEED_DAY", "OUTBOX", "OUTBOX_QUERIES", "PlacedRow"]


@attrs.frozen
class PlacedRow:
    """A change under its entry of the log."""

    stream: str
    number: int
    cif_no: CifNo
    version: int
    fields: str
    at: int


OUTBOX = Mapped(t.OUTBOX, PlacedRow)
FEED = Mapped(t.FEED, FeedRow)
FEED_DAY = Mapped(t.FEED_DAY, FeedDayRow)
OUTBOX_QUERIES: Mapping[str, Any] = {
    "outbox": select(*OUTBOX.columns)
    .where(mine(t.OUTBOX), t.OUTBOX.c.stream == bindparam("stream"), t.OUTBOX.c.number >= bindparam("number"),
           tuple_(t.OUTBOX.c.number, t.OUTBOX.c.cif_no) > tuple_(bindparam("number"), bindparam("cif_no")))
    .order_by(t.OUTBOX.c.number, t.OUTBOX.c.cif_no).limit(bindparam("most")),
    "outbox_cut": t.OUTBOX.delete().where(
        t.OUTBOX.c.tenant == bindparam("b_tenant"), t.OUTBOX.c.stream == bindparam("b_stream"),
        t.OUTBOX.c.number <= bindparam("b_number")),
    "feeds": select(*FEED.columns).where(mine(t.FEED)).order_by(t.FEED.c.name),
    "feed_get": select(*FEED.columns).where(mine(t.FEED), t.FEED.c.name == bindparam("feed")),
    "feed_move": update(t.FEED)
    .where(t.FEED.c.tenant == bindparam("b_tenant"), t.FEED.c.name == bindparam("b_name"), t.FEED.c.turn == bindparam("b_turn"))
    .values({name: bindparam(name) for name in FEED.names}),
    "feed_days": select(t.FEED_DAY.c.cif_no)
    .where(mine(t.FEED_DAY), t.FEED_DAY.c.feed == bindparam("feed"), t.FEED_DAY.c.day == bindparam("day"), t.FEED_DAY.c.cif_no > bindparam("after"))
    .order_by(t.FEED_DAY.c.cif_no).limit(bindparam("most")),
    "feed_day_drop": t.FEED_DAY.delete().where(
        t.FEED_DAY.c.tenant == bindparam("b_tenant"), t.FEED_DAY.c.feed == bindparam("b_feed"), t.FEED_DAY.c.day == bindparam("b_day")),
    "feed_days_drop": t.FEED_DAY.delete().where(t.FEED_DAY.c.tenant == bindparam("b_tenant"), t.FEED_DAY.c.feed == bindparam("b_feed")),
}  # fmt: skip
