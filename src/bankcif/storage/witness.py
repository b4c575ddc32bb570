"""A witness in a second database, which other people run than the first."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import BigInteger, Column, MetaData, Table, exc, insert, select

from ..audit import Checkpoint, NoteKey, accept, text_of
from ..errors import WitnessError
from ._failures import translated
from ._types import LONG_TEXT, text
from .sql import reach, shown

__all__ = ["SqlWitness"]

_METADATA = MetaData()
_SEEN = Table(
    "witnessed_checkpoint", _METADATA,
    Column("origin", text(128), primary_key=True), Column("size", BigInteger, primary_key=True),
    Column("note", LONG_TEXT, nullable=False),
)  # fmt: skip


class SqlWitness:
    """
    Keeps checkpoints in a table of their own, ``witnessed_checkpoint``.

    Args:
        url: SQLAlchemy URL of the second database.
        keys: Keys of the logs it takes checkpoints of; any log's if empty.

    Raises:
        StoreOpenError: The URL names no database that is supported.
    """

    def __init__(self, url: str, *, keys: Collection[NoteKey] = ()) -> None:
        self._engine, self._database = reach(url, create=True)
        self._keys = tuple(keys)
        self.name = shown(url)

    def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
        origin = text_of(note).partition("\n")[0]
        problem = ""
        try:
            with self._engine.connect() as connection, self._database.alone(connection):
                _METADATA.create_all(connection)
                last = connection.execute(
                    select(_SEEN.c.note).where(_SEEN.c.origin == origin).order_by(_SEEN.c.size.desc()).limit(1)
                ).scalar()
                if accept(last, note, old, proof, self._keys):
                    size = Checkpoint.read(text_of(note)).size
                    connection.execute(insert(_SEEN), {"origin": origin, "size": size, "note": note})
                connection.commit()
        except exc.SQLAlchemyError as error:
            problem = str(translated(error))
        if problem:
            raise WitnessError(f"the witness {self.name} cannot be written: {problem}", rule="witness_silent")
        return ""

    def kept(self, origin: str) -> Sequence[str]:
        problem = ""
        try:
            with self._engine.begin() as connection:
                _METADATA.create_all(connection)
                found = connection.execute(select(_SEEN.c.note).where(_SEEN.c.origin == origin).order_by(_SEEN.c.size))
                return [row[0] for row in found]
        except exc.SQLAlchemyError as error:
            problem = str(translated(error))
        raise WitnessError(f"the witness {self.name} cannot be read: {problem}", rule="witness_silent")

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()
