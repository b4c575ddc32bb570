"""The first version, which stores are laid out at; there is none before it."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: a store without tables is laid out whole."""
