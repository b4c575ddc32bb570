"""The key store: an SQLite file of its own, durable before any data that needs its keys."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import RLock
from typing import Any

from ..errors import StorageError, StoreOpenError, WrongKeyError
from ..protection import WrappedKey
from ._durable import durable
from ._failures import of_sqlite
from .limits import Limits

__all__ = ["SqliteKeyStore"]

_CHUNK = 500
_TRY = 0.05
_COLUMNS = "key_id, kek_id, wrapped, made_at"
_INSERT = f"INSERT INTO data_key ({_COLUMNS}) VALUES (?, ?, ?, ?)"  # noqa: S608 (only names)
_REPLACE = "UPDATE data_key SET kek_id = ?, wrapped = ? WHERE key_id = ?"
_PAGE = f"SELECT {_COLUMNS} FROM data_key WHERE key_id > ? AND kek_id <> ? ORDER BY key_id LIMIT ?"  # noqa: S608
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS key_store (only INTEGER PRIMARY KEY CHECK (only = 1), format INTEGER, store_id TEXT);
CREATE TABLE IF NOT EXISTS data_key (
    key_id BLOB PRIMARY KEY, kek_id TEXT NOT NULL, wrapped BLOB NOT NULL, made_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS data_key_kek ON data_key (kek_id);
COMMIT;
"""


class SqliteKeyStore:
    """
    Wrapped data keys in an SQLite file that only its owner can read.

    Keep it apart from the data database, and its backups shorter: a key that was destroyed here must be gone there too.

    Args:
        path: Where it is, or is made if *create* is set.
        patience: Seconds that destroying waits for who reads the file meanwhile, such as a backup.
        limits: How long to wait for who writes it.

    Raises:
        StoreOpenError: The file is missing and *create* is not set, or it is no key store.
    """

    def __init__(
        self, path: str | Path, *, create: bool = True, patience: float = 5.0, limits: Limits | None = None
    ) -> None:
        self._path, self._patience = Path(path).absolute(), patience
        self._lock = RLock()
        problem = ""
        if not create and not self._path.exists():
            problem = "does not exist; without it no customer can be opened, so restore it from its backup"
        elif not self._path.exists() and self._path.parent.is_dir():
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        if not problem:
            try:
                self._connection = sqlite3.connect(
                    self._path, timeout=(limits or Limits()).lock_seconds, check_same_thread=False
                )
                self._connection.isolation_level = None
                durable(self._connection)
                self._connection.executescript(_SCHEMA)
            except sqlite3.Error as error:
                problem = f"cannot be opened as a key store: {of_sqlite(error)}"
        if problem:
            raise StoreOpenError(f"the key store {self._path} {problem}", path=str(self._path), rule="key_store")

    def identity(self) -> str:
        found = self._run("SELECT store_id FROM key_store")
        return str(found[0][0]) if found else ""

    def bind(self, store_id: str) -> None:
        self._run("INSERT OR IGNORE INTO key_store (only, format, store_id) VALUES (1, 1, ?)", (store_id,))
        if self.identity() != store_id:
            raise WrongKeyError(
                f"the key store {self._path} belongs to another store; name the one that was made with this database",
                path=str(self._path),
                rule="key_store",
            )

    def write(self, keys: Collection[WrappedKey], *, replace: bool = False) -> None:
        rows: list[tuple[Any, ...]]
        if replace:
            sql, rows = _REPLACE, [(key.kek_id, key.wrapped, key.key_id) for key in keys]
        else:
            sql, rows = _INSERT, [(key.key_id, key.kek_id, key.wrapped, key.made_at) for key in keys]
        self._many(sql, rows)

    def read(self, key_ids: Collection[bytes]) -> Mapping[bytes, WrappedKey]:
        wanted = list(key_ids)
        found: dict[bytes, WrappedKey] = {}
        for at in range(0, len(wanted), _CHUNK):
            part = wanted[at : at + _CHUNK]
            marks = ",".join("?" * len(part))
            rows = self._run(f"SELECT {_COLUMNS} FROM data_key WHERE key_id IN ({marks})", part)  # noqa: S608 (only question marks)
            found.update({row[0]: _key(row) for row in rows})
        return found

    def destroy(self, key_ids: Collection[bytes]) -> None:
        if not key_ids:
            return
        self._many("DELETE FROM data_key WHERE key_id = ?", [(key_id,) for key_id in key_ids])
        # The write-ahead log still holds the pages as they were; it is emptied, so that no file has the key any more.
        if not self._log_emptied():
            raise StorageError(
                "the key store is read by somebody else, such as a backup, so that a destroyed key still stands in its log; it is "
                "tried again when the store is opened next",
                path=str(self._path),
                rule="key_store_read",
            )

    def _log_emptied(self) -> bool:
        """Over a connection of its own, so that nobody in this process waits for somebody who reads the file in another."""
        until = time.monotonic() + self._patience
        try:
            # Emptying it keeps writers out for as long as it waits for readers: so it waits shortly, and often.
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, timeout=_TRY)) as apart:
                while apart.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    if time.monotonic() > until:
                        return False
                    time.sleep(_TRY)
            return True
        except sqlite3.Error:
            return False

    def page(self, after: bytes = b"", *, limit: int, not_under: str = "") -> Sequence[WrappedKey]:
        return [_key(row) for row in self._run(_PAGE, (after, not_under, limit))]

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _run(self, sql: str, params: Collection[Any] = ()) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(sql, tuple(params)).fetchall()
        except sqlite3.Error as error:
            what = of_sqlite(error)
        raise self._failed(what)

    def _many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Runs *sql* for each of *rows*, in one transaction."""
        with self._lock:
            self._run("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(sql, rows)
                self._connection.execute("COMMIT")
                return
            except sqlite3.Error as error:
                what = of_sqlite(error)
            finally:
                if self._connection.in_transaction:
                    self._connection.rollback()
        raise self._failed(what)

    def _failed(self, what: str) -> StorageError:
        return StorageError(f"the key store failed: {what}", path=str(self._path), rule="key_store")


def _key(row: tuple[bytes, str, bytes, int]) -> WrappedKey:
    return WrappedKey(key_id=row[0], kek_id=row[1], wrapped=row[2], made_at=row[3])
