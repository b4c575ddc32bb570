"""
PostgreSQL 15 and later, through psycopg 3.

Units of work run side by side at READ COMMITTED: whoever changes a party locks it, whoever registers waits for whoever registers
somebody who shares a tag, and rows are replaced only at the version that was read. So nothing depends on what the database makes
of two transactions that read what the other writes.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import groupby
from typing import Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, Engine

from .._extras import need
from ..errors import StoreOpenError
from . import _tables as t
from ._database import Nothing, is_local, one_by_one
from ._mapped import Insert
from ._server import Tls, known_words, pinged, tls_of
from ._sql_session import Session
from .limits import Limits

__all__ = ["Postgresql"]

_OLDEST = 150_000
_MANY = 20
_FIRST = 1 << 30
"""Numbers of tags begin behind those of meeting points, which a store may have from before."""
_ALL = "hashtextextended('bankcif meeting ' || %s, 0)"
_MEET = "INSERT INTO meeting (tenant, bucket) SELECT %s, unnest(%s::int[]) ON CONFLICT DO NOTHING"
_PART = "DELETE FROM meeting WHERE tenant = %s AND bucket = ANY (%s)"
_GROWN = text(
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') "
    "AND (reltuples < 0 OR pg_relation_size(oid) > 2 * current_setting('block_size')::bigint * greatest(relpages, 1))"
)
"""Tables that were never looked at, or are more than twice as large as then."""
_LAYOUT_LOCK = 0x62616E6B636966  # "bankcif"


class Postgresql:
    """A server of PostgreSQL."""

    serial = False

    def engine(self, url: URL, limits: Limits, *, create: bool) -> Engine:
        driver = need("psycopg", extra="postgresql")
        if url.drivername not in ("postgresql", "postgresql+psycopg"):
            raise StoreOpenError("a store on PostgreSQL is reached by psycopg: write  postgresql://…", rule="url")
        if not url.database:
            raise StoreOpenError("the URL names no database; write  postgresql://USER@HOST/DATABASE", rule="url")
        # What a URL leaves out, libpq takes from its surroundings: PGHOST, PGHOSTADDR, or a service file.
        words = {one.keyword.decode(): (one.val or b"").decode() for one in driver.pq.Conninfo.get_defaults()}
        around = "" if url.host or "host" in url.query else words["host"]
        elsewhere = not is_local(url, around, words["hostaddr"]) or bool(url.query.get("service") or words["service"])
        tls, url = tls_of(url.set(drivername="postgresql+psycopg"), elsewhere=elsewhere)
        known_words(url, words)
        engine = create_engine(
            url, hide_parameters=True, paramstyle="format", pool_size=limits.connections,
            max_overflow=limits.more_connections, pool_timeout=limits.wait_seconds, pool_recycle=int(limits.keep_seconds),
            connect_args=_arguments(url, tls, limits),
        )  # fmt: skip
        event.listen(engine, "connect", lambda connection, _: _prepare(connection, limits))
        pinged(engine)
        return engine

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()  # the server sees to it

    def unfit(self, connection: Connection) -> str:
        asked = (
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), pg_is_in_recovery()"
        )
        version, encoding, standby = connection.execute(text(asked)).one()
        if version < _OLDEST:
            return f"the server is PostgreSQL {version // 10_000}; 15 is the oldest that is supported"
        if encoding != "UTF8":
            return f"its encoding is {encoding}; make it anew with  ENCODING 'UTF8' TEMPLATE template0"
        return "it is a standby, which takes no writes; name the server that does" if standby else ""

    @contextmanager
    def alone(self, connection: Connection) -> Iterator[None]:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LAYOUT_LOCK})
        yield  # the lock ends with the transaction

    def freeze(self, connection: Connection) -> None:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        connection.execute(text("SELECT 1"))  # the moment is that of the first question

    def describe(self, connection: Connection) -> None:
        """The server gathers its own figures."""

    def meet(self, session: Session, tags: Collection[bytes]) -> None:
        """
        By rows of the moment, one for each tag: whoever inserts one that another unit has inserted waits until that ends, though both
        delete theirs at once. So many units as there are meet at exactly what they share, be it two thousand tags of a batch.
        """
        numbers = sorted({_FIRST + zlib.crc32(tag) % _FIRST for tag in tags})
        session.at_once(
            (f"SELECT pg_advisory_xact_lock_shared({_ALL})", [session.tenant]),
            (_MEET, [session.tenant, numbers]),
            (_PART, [session.tenant, numbers]),
        )

    def meet_all(self, session: Session) -> None:
        session.at_once((f"SELECT pg_advisory_xact_lock({_ALL})", [session.tenant]))

    def founded(self, session: Session) -> None:
        """Nothing is needed."""

    def look_again(self, connection: Connection) -> None:
        """
        Autovacuum comes once a minute, and until then a look-up by a list of keys reads a whole tenant. Who does not own the tables
        is let off with a warning.
        """
        grown = [name for (name,) in connection.execute(_GROWN) if name in t.METADATA.tables]
        for name in grown:
            connection.execute(text(f'ANALYZE "{name}"'))

    def behind(self, engine: Engine) -> Nothing:
        return Nothing()

    def insert(self, cursor: Any, inserts: Sequence[Insert]) -> None:
        """In one round trip; many rows of a table by COPY, which takes half the time."""
        for many, some in groupby(inserts, key=lambda one: bool(one.copy) and len(one.rows) >= _MANY):
            if many:
                for one in some:
                    with cursor.copy(one.copy) as copying:
                        for row in one.rows:
                            copying.write_row(row)
            else:
                _together(cursor, list(some))


def _together(cursor: Any, inserts: Sequence[Insert]) -> None:
    """In a pipeline; the first error is told, and not what it makes of the statements behind it."""
    failed: type[Exception] = need("psycopg", extra="postgresql").Error
    first: Exception | None = None
    try:
        with cursor.connection.pipeline():
            try:
                one_by_one(cursor, inserts)
            except failed as error:
                first = error  # raised within, it would be logged by the driver as ignored
    except failed as error:
        first = first or error
    if first is not None:
        raise first


def _arguments(url: URL, tls: Tls, limits: Limits) -> dict[str, Any]:
    """Source: https://www.postgresql.org/docs/15/libpq-connect.html, parameter key words."""
    found: dict[str, Any] = {
        "connect_timeout": max(2, round(limits.connect_seconds)), "client_encoding": "utf8", "application_name": "bankcif",
        "keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3,
        "tcp_user_timeout": int((limits.statement_seconds + limits.lock_seconds) * 1000),
    }  # fmt: skip
    modes = {"verify": "verify-full", "encrypt": "require", "off": "prefer"}
    found["sslmode"] = modes[tls.mode]
    if tls.mode == "verify":
        found["sslrootcert"] = tls.ca or "system"
    return found


def _prepare(connection: Any, limits: Limits) -> None:
    """Limits that the server keeps; they hold for the session once they are committed."""
    milliseconds = {
        "statement_timeout": limits.statement_seconds, "lock_timeout": limits.lock_seconds,
        "idle_in_transaction_session_timeout": limits.idle_seconds,
    }  # fmt: skip
    words = [f"SET {name} = {max(1, int(seconds * 1000))}" for name, seconds in milliseconds.items()]
    words += [
        "SET default_transaction_isolation = 'read committed'",
        "SET TimeZone = 'UTC'",
        "SET synchronous_commit = on",
    ]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(words))
    connection.commit()
