"""Stores and witnesses that end the process, or fail, at a chosen call out of it; over the real ones in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bankcif import MemoryKeyStore, MemoryRepository
from bankcif.audit import Checkpoint, Witness, accept, text_of


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


class MortalKeyStore(MemoryKeyStore):
    def __init__(self, inner: MemoryKeyStore, fate: Fate) -> None:
        self.__dict__ = inner.__dict__ | {"_fate": fate}

    def write(self, *args: Any, **more: Any) -> None:
        self._fate.call(super().write, *args, **more)

    def destroy(self, *args: Any) -> None:
        self._fate.call(super().destroy, *args)

    def read(self, *args: Any) -> Any:
        return self._fate.call(super().read, *args)


class MortalRepository(MemoryRepository):
    def __init__(self, inner: MemoryRepository, fate: Fate) -> None:
        self.__dict__ = inner.__dict__ | {"_fate": fate}

    @contextmanager
    def unit_of_work(self) -> Iterator[Any]:
        self._fate.call(lambda: None)
        with super().unit_of_work() as unit:
            commit = unit.commit
            unit.commit = lambda: self._fate.call(commit)  # type: ignore[method-assign]
            yield unit


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
