"""The key store on a database server: a database of its own, which other people run and back up than the data's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    bindparam,
    delete,
    exc,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import Connection

from ..errors import StorageError, StoreOpenError, WrongKeyError
from ..protection import WrappedKey
from ._failures import translated
from ._types import SEALED, fixed_bytes, text
from .limits import Limits
from .sql import reach

__all__ = ["SqlKeyStore"]

T = TypeVar("T")
_CHUNK = 500
_METADATA = MetaData()
_BOUND = Table(
    "key_store", _METADATA,
    Column("only", Integer, primary_key=True, autoincrement=False), Column("format", Integer, nullable=False),
    Column("store_id", text(32), nullable=False),
)  # fmt: skip
_KEY = Table(
    "data_key", _METADATA,
    Column("key_id", fixed_bytes(16), primary_key=True), Column("kek_id", text(128), nullable=False),
    Column("wrapped", SEALED, nullable=False), Column("made_at", BigInteger, nullable=False),
    Index("data_key_kek", "kek_id", "key_id"),
)  # fmt: skip
_COLUMNS = [_KEY.c.key_id, _KEY.c.kek_id, _KEY.c.wrapped, _KEY.c.made_at]


class SqlKeyStore:
    """
    Wrapped data keys in a database that holds nothing else.

    A server keeps what was deleted for a while: in its own log and, on PostgreSQL, in the table until it is vacuumed. What it keeps
    is wrapped under the key-encryption key; whoever must be sure of the hour in which a key is gone vacuums, and lets no archive
    of the log outlive it.

    Args:
        url: SQLAlchemy URL of the database.
        create: Whether its tables are made, if it is empty.
        limits: How long to wait for it.

    Raises:
        StoreOpenError: The database cannot be reached, or holds something else.
    """

    def __init__(self, url: str, *, create: bool = True, limits: Limits | None = None) -> None:
        self._engine, self._database = reach(url, create=create, limits=limits)
        self._name = self._engine.url.render_as_string(hide_password=True)
        try:
            problem, rule = self._lay_out(create=create), "key_store"
        except exc.SQLAlchemyError as error:
            problem, rule = f"cannot be opened: {translated(error)}", "open"
        except StorageError:
            self._engine.dispose()
            raise
        if problem:
            self._engine.dispose()
            raise StoreOpenError(f"the key store {self._name} {problem}", rule=rule)

    def _lay_out(self, *, create: bool) -> str:
        with self._engine.connect() as connection:
            if unfit := self._database.unfit(connection):
                return f"cannot be used: {unfit}"
            if set(inspect(connection).get_table_names()) == set(_METADATA.tables):
                return ""  # nobody need wait for anybody
            connection.rollback()
            with self._database.alone(connection):
                names, known = set(inspect(connection).get_table_names()), set(_METADATA.tables)
                if not names <= known:
                    return "holds something else; give it a database of its own"
                if not known <= names and not create:
                    return "does not exist; without it no customer can be opened, so restore it from its backup"
                _METADATA.create_all(connection)
                connection.commit()
        return ""

    def identity(self) -> str:
        return self._run(lambda connection: connection.execute(select(_BOUND.c.store_id)).scalar() or "")

    def bind(self, store_id: str) -> None:
        def bound(connection: Connection) -> str:
            with self._database.alone(connection):
                known: str | None = connection.execute(select(_BOUND.c.store_id)).scalar()
                if known is None:
                    connection.execute(insert(_BOUND), {"only": 1, "format": 1, "store_id": store_id})
                connection.commit()
                return known or store_id

        if self._run(bound) != store_id:
            raise WrongKeyError(
                f"the key store {self._name} belongs to another store; name the one that was made with this database",
                rule="key_store",
            )

    def write(self, keys: Collection[WrappedKey], *, replace: bool = False) -> None:
        if not keys:
            return
        rows = [{"id": k.key_id, "kek_id": k.kek_id, "wrapped": k.wrapped, "made_at": k.made_at} for k in keys]
        if replace:
            statement: Any = _REPLACE
        else:
            statement, rows = insert(_KEY), [{"key_id": row.pop("id"), **row} for row in rows]
        self._run(lambda connection: connection.execute(statement, rows))

    def read(self, key_ids: Collection[bytes]) -> Mapping[bytes, WrappedKey]:
        wanted = list(key_ids)

        def found(connection: Connection) -> dict[bytes, WrappedKey]:
            rows = [
                row
                for at in range(0, len(wanted), _CHUNK)
                for row in connection.execute(_READ, {"ids": wanted[at : at + _CHUNK]})
            ]
            return {row[0]: _key(row) for row in rows}

        return self._run(found) if wanted else {}

    def destroy(self, key_ids: Collection[bytes]) -> None:
        if key_ids:
            self._run(lambda connection: connection.execute(_DESTROY, [{"id": key_id} for key_id in key_ids]))

    def page(self, after: bytes = b"", *, limit: int, not_under: str = "") -> Sequence[WrappedKey]:
        asked = {"after": after, "not_under": not_under, "most": limit}
        return self._run(lambda connection: [_key(row) for row in connection.execute(_PAGE, asked)])

    def close(self) -> None:
        self._engine.dispose()

    def _run(self, work: Callable[[Connection], T]) -> T:
        """*work* in a transaction of its own."""
        try:
            with self._engine.connect() as connection:
                done = work(connection)
                connection.commit()
                return done
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        raise StorageError(f"the key store {self._name} failed: {problem}", rule=problem.rule)


_READ = select(*_COLUMNS).where(_KEY.c.key_id.in_(bindparam("ids", expanding=True)))
_PAGE = (
    select(*_COLUMNS)
    .where(_KEY.c.key_id > bindparam("after"), _KEY.c.kek_id != bindparam("not_under"))
    .order_by(_KEY.c.key_id)
    .limit(bindparam("most"))
)
_REPLACE = (
    update(_KEY)
    .where(_KEY.c.key_id == bindparam("id"))
    .values(kek_id=bindparam("kek_id"), wrapped=bindparam("wrapped"))
)
_DESTROY = delete(_KEY).where(_KEY.c.key_id == bindparam("id"))


def _key(row: Any) -> WrappedKey:
    return WrappedKey(key_id=row[0], kek_id=row[1], wrapped=row[2], made_at=row[3])
