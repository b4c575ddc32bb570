"""Models that say something of customers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bankcif.storage._types import SEALED, fixed_bytes, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A new table; what is there stays as it is."""
    _create(
        "score_model",
        _column("id", text(32), key=True), _column("name", text(64)), _column("version", text(128)), _column("digest", fixed_bytes(32)),
        _column("document", SEALED), _column("mark", fixed_bytes(16)), _column("since", sa.BigInteger, missing=True),
        _column("until", sa.BigInteger, missing=True),
    )  # fmt: skip


def _create(name: str, *columns: sa.Column[Any]) -> None:
    tenant = sa.Column("tenant", text(32), primary_key=True)
    fixed = [
        sa.CheckConstraint(f"octet_length({one.name}) = {one.type.length}", name=f"{name}_{one.name}_bytes")
        for one in columns
        if isinstance(one.type, sa.LargeBinary) and one.type.length and op.get_context().dialect.name == "postgresql"
    ]
    op.create_table(name, tenant, *columns, *fixed, sqlite_with_rowid=True)


def _column(name: str, type_: Any, *, key: bool = False, missing: bool = False) -> sa.Column[Any]:
    return sa.Column(name, type_, primary_key=key, nullable=missing)
