"""Data quality."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bankcif.storage._types import LONG_TEXT, SEALED, fixed_bytes, text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Three new tables; what is there stays as it is."""
    _create(
        "quality_sheet",
        _column("cif_no", text(17), key=True), _column("book", fixed_bytes(32)), _column("party_version", sa.Integer),
        _column("due", fixed_bytes(8), missing=True), _column("detail", SEALED),
    )  # fmt: skip
    op.create_index("quality_sheet_due", "quality_sheet", ["tenant", "due"])
    _create(
        "finding",
        _column("cif_no", text(17), key=True), _column("rule", text(64), key=True), _column("number", sa.Integer, key=True),
        _column("state", text(16)), _column("opened_at", sa.BigInteger), _column("ground", fixed_bytes(16)),
        _column("closed_at", sa.BigInteger, missing=True), _column("until", sa.Integer, missing=True),
        _column("branch", LONG_TEXT, missing=True), _column("manager", LONG_TEXT, missing=True),
        _column("channel", text(64), missing=True), _column("staff", text(64), missing=True),
        _column("assignee", text(64), missing=True), _column("actor", text(64)), _column("said", sa.Integer), _column("appeal", text(16)),
        _column("appealed_by", text(64)), _column("version", sa.Integer),
    )  # fmt: skip
    op.create_index("finding_rule", "finding", ["tenant", "rule", "cif_no"])
    op.create_index("finding_assignee", "finding", ["tenant", "assignee", "cif_no"])
    _create(
        "quality_figure",
        _column("day", sa.Integer, key=True), _column("scope", text(16), key=True), _column("unit", text(128), key=True),
        _column("rule", text(64), key=True),
        *(_column(name, sa.BigInteger) for name in ("passed", "failed", "not_applicable", "not_checked")),
        _column("book", fixed_bytes(32)),
    )  # fmt: skip


def _create(name: str, *columns: sa.Column[Any]) -> None:
    tenant = sa.Column("tenant", text(32), primary_key=True)
    fixed = [
        sa.CheckConstraint(f"octet_length({one.name}) = {one.type.length}", name=f"{name}_{one.name}_bytes")
        for one in columns
        if isinstance(one.type, sa.LargeBinary) and one.type.length and op.get_context().dialect.name == "postgresql"
    ]
    op.create_table(name, tenant, *columns, *fixed, sqlite_with_rowid=False)


def _column(name: str, type_: Any, *, key: bool = False, missing: bool = False) -> sa.Column[Any]:
    return sa.Column(name, type_, primary_key=key, nullable=missing)
