"""Files that must be whole or not there: keys, escrows, codes."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["write_new"]


def write_new(path: str | Path, content: bytes) -> None:
    """
    Writes a file that only its owner can read, so that it is there whole and for good, or not at all.

    Raises:
        FileExistsError: There is a file of this name; it stays as it is.
        OSError: It cannot be written; nothing is left of it.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # unlike a rename, this overwrites nothing
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
