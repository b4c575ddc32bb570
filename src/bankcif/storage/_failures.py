"""
What a driver's error means, in the library's words. The driver's own text is never passed on: it may hold values.

Source: https://www.postgresql.org/docs/15/errcodes-appendix.html (SQLSTATE);
https://mariadb.com/kb/en/mariadb-error-code-reference/ (numbers, which MySQL shares).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import exc

from ..errors import ConflictError, StorageError
from .repository import LOST

__all__ = ["of_sqlite", "translated"]


class _Meaning(NamedTuple):
    sentence: str
    rule: str = "database"
    error: type[StorageError] = StorageError


_TAKEN = _Meaning("another writer stored a row with this key first; nothing was written", "conflict", ConflictError)
_FASTER = _Meaning("another writer was faster; nothing was written, try again", "conflict", ConflictError)
_LOCKED = _Meaning("the database is locked by another process; wait for it to end, then try again")
_BUSY = _Meaning("the database is busy; try again")
_SLOW = _Meaning(
    "the database took longer than it may; nothing was written, try again or raise the limit", "time_limit"
)
_FULL = _Meaning("the disk is full; make room, then run the same again")
_READ_ONLY = _Meaning("the database is read-only; check the permissions of the file and its folder")
_STANDBY = _Meaning("the database server takes no writes; is it a standby? Name the one that does")
_DAMAGED = _Meaning("the database file is damaged; restore it from its backup")
_OTHER_VERSION = _Meaning("the database lacks a table of this library; it is not a store, or of another version")
_UNOPENED = _Meaning(
    "its file cannot be opened; check that the folder is there and that both may be written to, and are not on a read-only disk"
)
_NO_DATABASE = _Meaning("the file is not a database")
_CROWDED = _Meaning("the database server has no connection left; close some, or let it have more")
_GONE = _Meaning(
    "the connection to the database is lost; whether what was under way is written shows when it is tried again", LOST
)
_UNREACHED = _Meaning("the database server does not answer; check host, port and that it runs", LOST)
_WHO = _Meaning("the database server does not let this user in; check user, password and what it asks of TLS", "login")
_NOWHERE = _Meaning("the server has no database of this name; make it first", "missing")
_FORBIDDEN = _Meaning(
    "the database user lacks rights that this needs; making tables needs more of them than using them", "rights"
)
_PLAIN = _Meaning("the database server offers no TLS, or none that can be trusted; set  ?tls_ca=FILE  or, on a network that nobody else hears, "
                  "?tls=off", "tls")  # fmt: skip

_SQLITE: Mapping[str, _Meaning] = {
    "locked": _LOCKED,
    "busy": _BUSY,
    "full": _FULL,
    "readonly": _READ_ONLY,
    "malformed": _DAMAGED,
    "no such table": _OTHER_VERSION,
    "not a database": _NO_DATABASE,
    "unable to open": _UNOPENED,
}
"""Words in the text of an error of SQLite."""

_SQLSTATE: Mapping[str, _Meaning] = {
    "23505": _TAKEN, "40001": _FASTER, "40P01": _FASTER, "55P03": _LOCKED, "57014": _SLOW, "25P03": _SLOW, "25P04": _SLOW,
    "53100": _FULL, "53300": _CROWDED, "25006": _STANDBY, "42P01": _OTHER_VERSION, "42703": _OTHER_VERSION,
    "XX001": _DAMAGED, "XX002": _DAMAGED, "57P01": _GONE, "57P02": _GONE, "57P03": _UNREACHED, "57P05": _GONE,
    "28P01": _WHO, "28000": _WHO, "3D000": _NOWHERE, "42501": _FORBIDDEN,
}  # fmt: skip

_NUMBER: Mapping[int, _Meaning] = {
    1062: _TAKEN, 1213: _FASTER, 1020: _FASTER, 1205: _LOCKED, 1969: _SLOW, 3024: _SLOW, 1021: _FULL, 1114: _FULL, 1040: _CROWDED,
    1203: _CROWDED, 1290: _STANDBY, 1836: _STANDBY, 1146: _OTHER_VERSION, 1054: _OTHER_VERSION, 1053: _GONE, 1927: _GONE,
    1317: _GONE, 2006: _GONE, 2013: _GONE, 2014: _GONE, 0: _GONE, 2002: _UNREACHED, 2003: _UNREACHED, 2005: _UNREACHED,
    1045: _WHO, 1698: _WHO, 1130: _WHO, 1049: _NOWHERE, 1044: _FORBIDDEN, 1142: _FORBIDDEN, 1143: _FORBIDDEN,
    1227: _FORBIDDEN, 1370: _FORBIDDEN, 2026: _PLAIN, 3159: _PLAIN,
}  # fmt: skip


def translated(error: exc.SQLAlchemyError) -> StorageError:
    """Our error for the driver's, without its text."""
    meaning = _meaning(error)
    if meaning is None:
        return StorageError(f"the database failed ({type(error).__name__}); nothing was written", rule="database")
    return meaning.error(meaning.sentence, rule=meaning.rule)


def of_sqlite(error: Exception) -> str:
    """What an error of SQLite's driver means; its kind, if nothing more is known of it."""
    found = _of_words(str(error).casefold())
    return found.sentence if found else f"{type(error).__name__}; nothing was written"


def _of_words(text: str) -> _Meaning | None:
    return next((meaning for word, meaning in _SQLITE.items() if word in text), None)


def _meaning(error: exc.SQLAlchemyError) -> _Meaning | None:
    if isinstance(error, exc.TimeoutError):
        return _BUSY  # every connection of the pool is in use
    driver = getattr(error, "orig", None)
    state = getattr(driver, "sqlstate", None)
    number = driver.args[0] if driver is not None and driver.args else None
    text = str(driver or "").casefold()
    if isinstance(number, int):
        return _NUMBER.get(number)
    if isinstance(state, str):
        return _SQLSTATE.get(state) or (_GONE if state.startswith("08") else None)
    if hasattr(driver, "sqlstate"):  # an error of libpq itself has no state: it reached no server, or lost it
        return _of_libpq(text)
    return _of_words(text) or (_TAKEN if isinstance(error, exc.IntegrityError) else None)


def _of_libpq(text: str) -> _Meaning:
    """By the words of libpq, which sends no number with what the server says before it lets somebody in."""
    told = {
        "password authentication failed": _WHO, "no password supplied": _WHO, "does not exist": _NOWHERE, "role": _WHO,
        "pg_hba": _WHO, "too many": _CROWDED, "ssl": _PLAIN, "certificate": _PLAIN, "connection refused": _UNREACHED,
        "could not translate": _UNREACHED, "name or service not known": _UNREACHED, "timeout": _UNREACHED,
        "no such file": _UNREACHED, "no route": _UNREACHED,
    }  # fmt: skip
    order = ["password authentication failed", "no password supplied", "pg_hba", "role", *told]
    return next((told[word] for word in order if word in text), _GONE)
