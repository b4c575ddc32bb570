"""
Bringing SQLite's write-ahead log back into the database: behind the commits, in a thread of its own.

SQLite does it within the commit that fills the log, which then takes five times as long as others; one in forty is such a
commit, so that the slowest of a hundred always were. Where writers never pause, the log still grows until a commit empties it,
one of some hundreds.
"""

from __future__ import annotations

import logging
import sqlite3
import threading

from sqlalchemy import exc
from sqlalchemy.engine import Engine

__all__ = ["WriteAhead"]

_LOGGER = logging.getLogger("bankcif.storage")


class WriteAhead:
    """
    Empties the write-ahead log.

    Nothing depends on it: where it does not come to it, a commit empties a log that has grown large, and closing does.

    Args:
        engine: The database, whose connections leave the log alone until it is large.
        every: Seconds that commits are gathered for: whoever commits while the log is emptied waits for the same disk.
    """

    def __init__(self, engine: Engine, *, every: float = 1.0) -> None:
        self._engine, self._every = engine, every
        self._news, self._closing = threading.Event(), threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Says that something was committed; never waits and never raises."""
        if not self._news.is_set():  # setting it takes a lock, and every commit comes by
            self._news.set()
        if self._thread is None and not self._closing.is_set():
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="bankcif-write-ahead", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """Lets the thread end; what is left in the log goes with the last connection."""
        self._closing.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            self._news.wait()
            if self._closing.wait(self._every):
                return
            self._news.clear()
            self._empty()

    def _empty(self) -> None:
        """Moves what no reader needs any more; who writes at the moment goes on writing."""
        try:
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                connection.close()
        except (exc.SQLAlchemyError, sqlite3.Error) as error:
            _LOGGER.warning("the write-ahead log was not emptied (%s); it is tried again", type(error).__name__)
