"""Stores and witnesses that end the process, or fail, at a chosen call out of it; over real ones, in memory and on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from bankcif import MemoryKeyStore, MemoryRepository
from bankcif.audit import Checkpoint, Witness, accept, text_of
from bankcif.protection import KeyStore
from bankcif.storage import Repository, UnitOfWork
from bankcif.storage.key_store import SqliteKeyStore
from bankcif.storage.sql import SqlRepository


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """
    Ends the process at the n-th call, before what it asks for was done or after; or lets the call fail instead.

    Args:
        at: Which call, from 1; each counts twice, once before and once after. 0 for never.
        error: What is raised; the process ends if None.
    """

    def __init__(self, at: int, error: Callable[[], Exception] | None = None) -> None:
        self.left, self._error = at, error
        self.struck = False

    def call(self, work: Callable[..., Any], *args: Any, **more: Any) -> Any:
        self._next()
        done = work(*args, **more)
        self._next()
        return done

    def _next(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.struck = True
            raise self._error() if self._error else Killed


class Mortal:
    """
    *inner*, a key store, a key provider or a part of a unit, as reached by a process with a fate: whatever is asked of it is a
    call, but for letting go of it.
    """

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return partial(self._fate.call, found) if callable(found) and name != "close" else found


class MortalRepository:
    """
    *inner*, as reached by a process with a fate: each unit that begins and each commit is a call, and, if it goes *within*, whatever
    is asked of a unit.
    """

    def __init__(self, inner: Repository, fate: Fate, *, within: bool = False) -> None:
        self._inner, self._fate, self._within = inner, fate, within

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def unit_of_work(self) -> AbstractContextManager[Any]:
        return self._mortal(self._inner.unit_of_work)

    def snapshot(self) -> AbstractContextManager[Any]:
        return self._mortal(self._inner.snapshot)

    @contextmanager
    def _mortal(self, begin: Callable[[], AbstractContextManager[UnitOfWork]]) -> Iterator[Any]:
        self._fate.call(lambda: None)
        with begin() as unit:
            yield _MortalUnit(unit, self._fate, self._within)


class _MortalUnit:
    def __init__(self, unit: UnitOfWork, fate: Fate, within: bool) -> None:
        self._unit, self._fate, self._within = unit, fate, within

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._unit, name)
        return Mortal(part, self._fate) if self._within else part

    def commit(self) -> None:
        self._fate.call(self._unit.commit)


class KeptWitness:
    """A witness in memory, which outlives the process."""

    name = "kept"

    def __init__(self) -> None:
        self.notes: list[str] = []

    def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
        if accept(self.notes[-1] if self.notes else None, note, old, proof, []):
            self.notes.append(note)
        return ""

    def kept(self, origin: str) -> Sequence[str]:
        return list(self.notes)

    @property
    def size(self) -> int:
        return Checkpoint.read(text_of(self.notes[-1])).size if self.notes else 0


class MortalWitness:
    """*inner*, as reached by a process with a fate."""

    def __init__(self, inner: Witness, fate: Fate) -> None:
        self._inner, self._fate, self.name = inner, fate, inner.name

    def add(self, note: str, old: int, proof: Sequence[bytes]) -> str:
        said: str = self._fate.call(self._inner.add, note, old, proof)
        return said

    def kept(self, origin: str) -> Sequence[str]:
        return self._inner.kept(origin)


class InMemory:
    """A store in memory, which outlives the processes that open it."""

    def __init__(self) -> None:
        self._repository, self._keys = MemoryRepository(), MemoryKeyStore()

    def connected(self) -> tuple[Repository, KeyStore]:
        """Both stores, as a process that begins reaches them."""
        return self._repository, self._keys

    def gone(self) -> None:
        """Everything goes."""


class OnSqlite:
    """A store in two files, which outlives the processes that open it: each has connections of its own."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._open: list[Repository | KeyStore] = []

    def connected(self) -> tuple[Repository, KeyStore]:
        """Both stores, as a process that begins reaches them; the one before is gone."""
        self._let_go()
        repository = SqlRepository.open(f"sqlite:///{self._folder.name}/cif.db", "t", create=True)
        keys = SqliteKeyStore(f"{self._folder.name}/cif-keys.db", create=True)
        self._open = [repository, keys]
        return repository, keys

    def gone(self) -> None:
        """Everything goes."""
        self._let_go()
        self._folder.cleanup()

    def _let_go(self) -> None:
        for one in self._open:
            one.close()
        self._open = []
