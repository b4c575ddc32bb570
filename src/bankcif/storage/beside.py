"""Where the key store of a database is, if nothing is said."""

from __future__ import annotations

from pathlib import Path

from ..errors import StoreOpenError

__all__ = ["key_store_beside"]


def key_store_beside(url: str) -> Path:
    """The key store's file beside an SQLite database. Raises `StoreOpenError` of a server, which has no place beside it."""
    name = url.rpartition("sqlite:///")[2].partition("?")[0]
    if not url.startswith("sqlite"):
        raise StoreOpenError(
            "a store on a server needs a key store of its own: give  key_store=  a file, or the URL of a second database",
            rule="key_store",
        )
    path = Path(name)
    return path.with_name(f"{path.stem}-keys.db")
