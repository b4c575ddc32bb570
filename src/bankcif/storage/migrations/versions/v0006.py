"""Proposals are found by who made them: whether somebody broke the glass is asked at every page, and those that ended only get more."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """An index; rows stay as they are."""
    op.create_index("approval_maker", "approval", ["tenant", "maker", "operation"], if_not_exists=True)
