"""
How every SQLite file of the library is written: ahead in a log that is on the disk when a commit returns, and with nothing left of
what was deleted.
"""

from __future__ import annotations

import sqlite3
import time

__all__ = ["durable"]

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")
_TRY = 0.02


def durable(connection: sqlite3.Connection) -> None:
    """
    Has *connection* write so.

    Waits as long as the connection waits for a lock. SQLite itself does not wait where a file is changed to a write-ahead log, nor
    where another process opens the log first or closes it last, so that of many which open one file at once some were refused.

    Raises:
        sqlite3.Error: The file is no database, or is locked for longer than that.

    Source: https://www.sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY In WAL Mode".
    """
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    until = time.monotonic() + patience / 1000
    while True:
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(_TRY)
