"""Files that must be whole or not there: keys, escrows, codes."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["new_folder", "write_new"]


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
        _write_plain(part, content)
        try:
            os.link(part, path)  # unlike a rename, this overwrites nothing
        except FileExistsError:
            raise
        except OSError:  # a medium that knows no links, such as a stick
            _write_plain(path, content)
    finally:
        part.unlink(missing_ok=True)
    if not hasattr(os, "O_DIRECTORY"):
        return  # a system whose folders are not opened
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """
    A folder to fill, its owner's alone, that stands as *folder* once the block has ended, whole; nothing is left of it otherwise.

    Raises:
        FileExistsError: There is something of this name; it stays as it is.
        OSError: It cannot be made.
    """
    if folder.exists():
        raise FileExistsError(str(folder))
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.part")
    part.mkdir(mode=0o700)
    try:
        yield part
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_plain(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
