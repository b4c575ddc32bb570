"""Portraits and tag catalogues."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bankcif.storage._types import SEALED, fixed_bytes, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Two new tables; what is there stays as it is."""
    _create(
        "tag_catalogue",
        _column("id", text(32), key=True), _column("digest", fixed_bytes(32)), _column("version", text(128)),
        _column("document", SEALED), _column("mark", fixed_bytes(16)), _column("since", sa.BigInteger, missing=True),
        _column("until", sa.BigInteger, missing=True), rowid=True,
    )  # fmt: skip
    _create(
        "portrait",
        _column("cif_no", text(17), key=True), _column("version", sa.Integer), _column("catalogue", fixed_bytes(32)),
        _column("party_version", sa.Integer), _column("due", fixed_bytes(8), missing=True),
    )  # fmt: skip
    op.create_index("portrait_due", "portrait", ["tenant", "due"])


def _create(name: str, *columns: sa.Column[Any], rowid: bool = False) -> None:
    tenant = sa.Column("tenant", text(32), primary_key=True)
    fixed = [
        sa.CheckConstraint(f"octet_length({one.name}) = {one.type.length}", name=f"{name}_{one.name}_bytes")
        for one in columns
        if isinstance(one.type, sa.LargeBinary) and one.type.length and op.get_context().dialect.name == "postgresql"
    ]
    op.create_table(name, tenant, *columns, *fixed, sqlite_with_rowid=rowid)


def _column(name: str, type_: Any, *, key: bool = False, missing: bool = False) -> sa.Column[Any]:
    return sa.Column(name, type_, primary_key=key, nullable=missing)
