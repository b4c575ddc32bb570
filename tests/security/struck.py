"""Faults of a database server, for real: at the n-th thing asked of it, it refuses, the connection is cut, or it hangs past its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from sqlalchemy import event
from tests.storage.servers import Server

from bankcif.errors import StorageError
from bankcif.storage import LOST, Limits
from bankcif.storage._sql_session import Session
from bankcif.storage._sql_unit import Unit
from bankcif.storage.sql_keys import SqlKeyStore

HANGS = Limits(statement_seconds=0.5, lock_seconds=0.5)
"""Limits that a hanging statement is past soon, and no other."""
HOWS = ("refuses", "is cut", "hangs")


class Strike:
    """
    Lets the n-th statement or commit on *server* fail.

    Args:
        server: Where.
        at: Which, from 1; a commit counts twice, before and after.
        how: One of `HOWS`.
    """

    def __init__(self, server: Server, at: int, how: str) -> None:
        self._server, self.left, self._how = server, at, how
        self.struck = False

    def next(self, cursor: Any) -> None:
        """Before a statement by *cursor*."""
        if self._due():
            self._strike(cursor)

    def _due(self) -> bool:
        self.left -= 1
        self.struck = self.struck or self.left == 0
        return self.left == 0

    def _strike(self, cursor: Any) -> None:
        postgresql, connection = self._server.name == "postgresql", cursor.connection
        if self._how == "refuses":
            # What a server says to the victim of a deadlock.
            cursor.execute(
                "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"
                if postgresql
                else "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213"
            )
        elif self._how == "hangs":
            cursor.execute("SELECT pg_sleep(30)" if postgresql else "SELECT SLEEP(30)")
        else:
            number = connection.info.backend_pid if postgresql else connection.thread_id()
            self._server.run(f"SELECT pg_terminate_backend({number})" if postgresql else f"KILL {number}")

    def commit(self, real: Any, unit: Any) -> None:
        """A commit, before which it fails, or whose answer is lost."""
        session = unit._session
        if self._due():
            session.flush()
            session._call(lambda: self._strike(session._cursor))
        real(unit)
        if self._due():
            raise StorageError("the answer was lost", rule=LOST)


@contextmanager
def striking(strike: Strike, store: SqlKeyStore) -> Iterator[None]:
    """Lets everything that is asked of the server within count, on the key store, too."""
    call, commit = Session._call, Unit.commit

    def counted(session: Session, work: Callable[[], Any]) -> Any:
        def struck() -> Any:
            strike.next(session._cursor)
            return work()

        return call(session, struck)

    def heard(_connection: Any, cursor: Any, *_: Any) -> None:
        strike.next(cursor)

    event.listen(store._engine, "before_cursor_execute", heard)
    with (
        mock.patch.object(Session, "_call", counted),
        mock.patch.object(Unit, "commit", lambda unit: strike.commit(commit, unit)),
    ):
        try:
            yield
        finally:
            event.remove(store._engine, "before_cursor_execute", heard)
