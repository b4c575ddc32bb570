"""
MariaDB 10.6 and MySQL 8.0, and later, through PyMySQL.

Units of work run side by side at READ COMMITTED, as on PostgreSQL; a statement then sees what others have committed, and locks no
gaps between rows.
"""

from __future__ import annotations

import inspect
import ssl
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, Engine

from .._extras import need
from ..errors import StorageError, StoreOpenError
from ._database import Nothing, one_by_one
from ._mapped import Insert
from ._server import Tls, known_words, pinged, tls_of
from ._sql_session import Session
from ._statements import MEETING_LAID_OUT, MEETING_POINTS
from .limits import Limits

__all__ = ["Mysql"]

_OLDEST = {True: (10, 6), False: (8, 0)}
_LAYOUT_LOCK, _LAYOUT_SECONDS = "CONCAT('bankcif ', MD5(DATABASE()))", 60
"""A lock's name is the whole server's, and each database is laid out by itself."""
_NAMES = {True: "MariaDB", False: "MySQL"}
_STRICT = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"


class Mysql:
    """A server of MariaDB or MySQL."""

    serial = False

    def engine(self, url: URL, limits: Limits, *, create: bool) -> Engine:
        driver = need("pymysql", extra="mysql")
        if url.drivername not in ("mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"):
            raise StoreOpenError(
                "a store on MariaDB or MySQL is reached by PyMySQL: write  mariadb://… or mysql://…", rule="url"
            )
        if not url.database:
            raise StoreOpenError("the URL names no database; write  mariadb://USER@HOST/DATABASE", rule="url")
        by_file = any(word.startswith("read_default") for word in url.query)  # which may name another host
        tls, url = tls_of(url.set(drivername=f"{url.get_backend_name()}+pymysql"), elsewhere=by_file)
        known_words(url, inspect.signature(driver.connections.Connection.__init__).parameters)
        engine = create_engine(
            url, hide_parameters=True, paramstyle="format", isolation_level="READ COMMITTED", pool_size=limits.connections,
            max_overflow=limits.more_connections, pool_timeout=limits.wait_seconds, pool_recycle=int(limits.keep_seconds),
            connect_args=_arguments(tls, limits),
        )  # fmt: skip
        event.listen(engine, "connect", lambda connection, _: _prepare(connection, limits))
        pinged(engine)
        return engine

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()  # the server sees to it

    def unfit(self, connection: Connection) -> str:
        dialect: Any = connection.dialect
        maria, version = dialect.is_mariadb, dialect.server_version_info[:2]
        name, (major, minor) = _NAMES[maria], _OLDEST[maria]
        if version < (major, minor):
            return f"the server is {name} {version[0]}.{version[1]}; {major}.{minor} is the oldest that is supported"
        if maria != (dialect.name == "mariadb"):
            return f"the server is {name}; write  {name.casefold()}://…"
        asked = "SELECT @@character_set_database, @@read_only"
        characters, standby = connection.execute(text(asked)).one()
        if characters != "utf8mb4":
            return f"its character set is {characters}; make it anew with  CHARACTER SET utf8mb4"
        return "it takes no writes (read_only is set); name the server that does" if standby else ""

    @contextmanager
    def alone(self, connection: Connection) -> Iterator[None]:
        if connection.execute(text(f"SELECT GET_LOCK({_LAYOUT_LOCK}, {_LAYOUT_SECONDS})")).scalar() != 1:
            raise StorageError(
                "another process makes or changes the tables, or holds its lock; wait for it to end, then try again",
                rule="database",
            )
        try:
            yield
        finally:
            connection.execute(text(f"SELECT RELEASE_LOCK({_LAYOUT_LOCK})"))

    def freeze(self, connection: Connection) -> None:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        connection.execute(text("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"))

    def describe(self, connection: Connection) -> None:
        """The server gathers its own figures."""

    def meet(self, session: Session, tags: Collection[bytes]) -> None:
        """
        By meeting points: rows that are there for good, and locked in order. What PostgreSQL does with rows of the moment makes InnoDB's
        writers wait for each other in circles.
        """
        _lock(session, {zlib.crc32(tag) % MEETING_POINTS for tag in tags})

    def meet_all(self, session: Session) -> None:
        _lock(session, range(MEETING_POINTS))

    def founded(self, session: Session) -> None:
        session.run(MEETING_LAID_OUT, {"tenant": session.tenant})

    def look_again(self, connection: Connection) -> None:
        """InnoDB looks again by itself when a tenth has changed."""

    def behind(self, engine: Engine) -> Nothing:
        return Nothing()

    def insert(self, cursor: Any, inserts: Sequence[Insert]) -> None:
        one_by_one(cursor, inserts)


def _lock(session: Session, points: Collection[int]) -> None:
    if len(session.select_in("meet", sorted(points))) < len(points):
        raise StorageError(
            "the database lacks meeting points of this tenant; restore its table meeting, like the others, from the backup",
            rule="meeting",
        )


def _arguments(tls: Tls, limits: Limits) -> dict[str, Any]:
    """Source: https://pymysql.readthedocs.io/en/latest/modules/connections.html"""
    patience = limits.statement_seconds + limits.lock_seconds
    found: dict[str, Any] = {
        "connect_timeout": max(1, round(limits.connect_seconds)), "read_timeout": max(1, round(patience)),
        "write_timeout": max(1, round(patience)), "charset": "utf8mb4",
    }  # fmt: skip
    if tls.mode == "off":
        return found
    try:
        context = ssl.create_default_context(cafile=tls.ca or None)
    except OSError:  # which errors of TLS are, too
        context = None
    if context is None:
        raise StoreOpenError(f"the certificates in {tls.ca} cannot be read; check  tls_ca=", path=tls.ca, rule="tls")
    if tls.mode == "encrypt":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return {**found, "ssl": context}


def _prepare(connection: Any, limits: Limits) -> None:
    maria = "mariadb" in str(connection.server_version).casefold()
    limit = (
        f"max_statement_time = {limits.statement_seconds:f}, idle_transaction_timeout = {max(1, round(limits.idle_seconds))}"
        if maria
        else f"max_execution_time = {max(1, int(limits.statement_seconds * 1000))}"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET SESSION innodb_lock_wait_timeout = {max(1, round(limits.lock_seconds))}, sql_mode = '{_STRICT}', "
            f"time_zone = '+00:00', {limit}"
        )
