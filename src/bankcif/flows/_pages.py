"""Going through a whole table, a page at a time, beside whoever writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from ..errors import KeyMissingError
from ..storage import UnitOfWork
from .desk import Desk

__all__ = ["PAGE", "as_it_stands", "pages", "reread", "rows_of"]

PAGE = 1000
_TRIES = 3
T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K")


def reread(work: Callable[[], T]) -> T:
    """
    What *work* gives, which reads and opens what it read: once more where a rotation or an erasure has destroyed a key of that meanwhile.

    Raises:
        KeyMissingError: A key is not there, however often one looks.
    """
    for again in range(_TRIES, -1, -1):
        try:
            return work()
        except KeyMissingError:
            if not again:
                raise
    raise AssertionError("the last try ends it")


def as_it_stands(desk: Desk, read: Callable[[UnitOfWork], T]) -> T:
    """What *read* gives of the store as it stands, and opens of it: in a snapshot, so that nobody waits; see `reread`."""

    def within() -> T:
        with desk.repository.snapshot() as unit:
            return read(unit)

    return reread(within)


def _reading(read: Callable[[UnitOfWork, K], Sequence[R]], start: K, unit: UnitOfWork) -> Sequence[R]:
    return read(unit, start)


def pages(
    desk: Desk, read: Callable[[UnitOfWork, K], Sequence[R]], start: K, place: Callable[[R], K], size: int | None = None
) -> Iterator[Sequence[R]]:
    """
    The pages of a table, each as it stands when it is read.

    Args:
        desk: Collaborators.
        read: Gives up to so many rows as a page has behind a place.
        start: The place before the first row.
        place: Where a row stands.
        size: Of a full page; `PAGE` if None.
    """
    while True:
        page = as_it_stands(desk, partial(_reading, read, start))
        yield page
        if len(page) < (size or PAGE):
            return
        start = place(page[-1])


def rows_of(desk: Desk, read: Callable[[UnitOfWork, K], Sequence[R]], start: K, place: Callable[[R], K]) -> Iterator[R]:
    """The rows of `pages`, one after another."""
    for page in pages(desk, read, start, place):
        yield from page
