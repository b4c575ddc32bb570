"""What one kind of database brings: how it is reached, what it must be, and what is laid out beside the tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.engine import URL, Connection, Engine

from ..errors import StoreOpenError
from ._mapped import Insert
from .limits import Limits

if TYPE_CHECKING:
    from ._sql_session import Session

__all__ = ["FROZEN", "Behind", "Database", "Nothing", "database_of", "is_local", "one_by_one"]

FROZEN = "bankcif_frozen"
"""The option of a connection whose next transaction will be frozen: some databases must know before it begins."""


class Database(Protocol):
    """One kind of database."""

    serial: bool
    """Whether units of work take turns, so that nobody needs to be waited for within one."""

    def engine(self, url: URL, limits: Limits, *, create: bool) -> Engine:
        """
        An engine for *url* with everything set that the library relies on.

        Raises:
            StoreOpenError: The URL names what cannot be a store.
        """

    def unfit(self, connection: Connection) -> str:
        """Why no store can be on this database, with what to do; empty if one can."""

    def turn(self) -> AbstractContextManager[None]:
        """
        The turn of this thread among those of its process, in which it has a unit; where units take turns, those who wait do not leave it to the database
        who is next, which lets some wait while others come by again and again.

        Raises:
            StorageError: It did not come within `Limits.lock_seconds`.
        """

    def alone(self, connection: Connection) -> AbstractContextManager[None]:
        """Nobody else is within it on this database; waits for who is. What is written within is to be committed within."""

    def freeze(self, connection: Connection) -> None:
        """
        Has the transaction that begins here read everything as it stands now, and write nothing; it takes no turn. Its connection has the option `FROZEN` set.
        """

    def describe(self, connection: Connection) -> None:
        """Tells the database, once, what its planner should know of the tables."""

    def meet(self, session: Session, tags: Collection[bytes]) -> None:
        """Waits for every unit that met one of *tags* and has not ended, and lets later ones wait for this."""

    def meet_all(self, session: Session) -> None:
        """As `meet`, of every tag that there could be."""

    def founded(self, session: Session) -> None:
        """Makes what `meet` needs of a tenant whose store was just founded."""

    def look_again(self, connection: Connection) -> None:
        """Looks at tables that have grown much since the planner did, where the database does not do so by itself at once."""

    def behind(self, engine: Engine) -> Behind:
        """What goes on behind the commits."""

    def insert(self, cursor: Any, inserts: Sequence[Insert]) -> None:
        """Sends *inserts* by a cursor of the driver, in their order."""


def one_by_one(cursor: Any, inserts: Sequence[Insert]) -> None:
    """Sends *inserts*, a statement each."""
    for one in inserts:
        cursor.executemany(one.text, one.rows)


class Behind(Protocol):
    """Upkeep that nothing depends on."""

    def wake(self) -> None:
        """Says that something was committed; never waits and never raises."""

    def close(self) -> None:
        """Ends it."""


class Nothing:
    """No upkeep: the server has its own."""

    def wake(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to end."""


def is_local(url: URL, *more: str) -> bool:
    """Whether what is sent to *url*, and to *more* hosts that its driver may go to, stays on this machine."""
    words = [url.query.get(name, "") for name in ("host", "hostaddr")]
    given = [url.host or "", *(one for word in words for one in ([word] if isinstance(word, str) else word)), *more]
    return all(_stays(host) for one in given for host in one.split(",") if host)  # libpq takes several in one word


def _stays(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.startswith("/") or host == "localhost"


def database_of(url: URL) -> Database:
    """
    The kind of database that *url* names.

    Raises:
        StoreOpenError: It is none that is supported.
    """
    made = _KINDS.get(url.get_backend_name())
    if made is None:
        raise StoreOpenError(
            f"databases of kind {url.get_backend_name()} are not supported; use sqlite, postgresql, mariadb or mysql, such as  "
            f"sqlite:///cif.db",
            rule="url",
        )
    return made()


def _sqlite() -> Database:
    from ._sqlite import Sqlite

    return Sqlite()


def _postgresql() -> Database:
    from ._postgresql import Postgresql

    return Postgresql()


def _mysql() -> Database:
    from ._mysql import Mysql

    return Mysql()


_KINDS: dict[str, Callable[[], Database]] = {
    "sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql, "mariadb": _mysql,
}  # fmt: skip
