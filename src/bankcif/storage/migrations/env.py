"""Run by Alembic: over the connection that `bankcif.storage.upgrade` gives it, or, to print statements, over none."""

from typing import Any

from alembic import context

from bankcif.storage import _tables as t

_LIKE: dict[str, Any] = {
    "target_metadata": t.METADATA, "version_table": t.SCHEMA_VERSION.name, "render_as_batch": True, "transaction_per_migration": True,
}  # fmt: skip

if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], literal_binds=True, **_LIKE)
else:
    context.configure(connection=context.config.attributes["connection"], **_LIKE)

with context.begin_transaction():
    context.run_migrations()
