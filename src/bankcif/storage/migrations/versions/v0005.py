"""
What other systems are told stands under the entry of the log that says why, and feeds remember how far they are.

Changes told before had no reader: a feed begins with the whole, so none of them is missed.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bankcif.storage._types import LONG_TEXT, SEALED, fixed_bytes, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The outbox anew, and a table beside it; customers stay as they are."""
    op.drop_table("outbox", if_exists=True)
    _create(
        "outbox",
        _column("stream", text(32), key=True), _column("number", sa.BigInteger, key=True), _column("cif_no", text(17), key=True),
        _column("version", sa.Integer), _column("fields", LONG_TEXT), _column("at", sa.BigInteger),
    )  # fmt: skip
    _create(
        "feed",
        _column("name", text(64), key=True), _column("turn", sa.BigInteger), _column("place", LONG_TEXT),
        _column("moved_at", sa.BigInteger), _column("part", LONG_TEXT), _column("went", sa.BigInteger), _column("holder", SEALED),
        _column("until", sa.BigInteger),
    )  # fmt: skip
    _create(
        "feed_day",
        _column("feed", text(64), key=True), _column("day", fixed_bytes(16), key=True), _column("cif_no", text(17), key=True),
    )  # fmt: skip


def _create(name: str, *columns: sa.Column[Any]) -> None:
    tenant = sa.Column("tenant", text(32), primary_key=True)
    fixed = [
        sa.CheckConstraint(f"octet_length({one.name}) = {one.type.length}", name=f"{name}_{one.name}_bytes")
        for one in columns
        if isinstance(one.type, sa.LargeBinary) and one.type.length and op.get_context().dialect.name == "postgresql"
    ]
    op.create_table(name, tenant, *columns, *fixed, sqlite_with_rowid=False, if_not_exists=True)


def _column(name: str, type_: Any, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, type_, primary_key=key, nullable=False)
