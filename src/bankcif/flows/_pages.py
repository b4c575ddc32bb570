"""Going through a whole table in short units of work, so that writers take their turns meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from ..storage import UnitOfWork
from .desk import Desk

__all__ = ["PAGE", "pages", "rows_of"]

PAGE = 1000
R = TypeVar("R")
K = TypeVar("K")


def pages(
    desk: Desk, read: Callable[[UnitOfWork, K], Sequence[R]], start: K, place: Callable[[R], K], size: int | None = None
) -> Iterator[Sequence[R]]:
    """
    The pages of a table, each read in a unit of its own.

    Args:
        desk: Collaborators.
        read: Gives up to so many rows as a page has behind a place.
        start: The place before the first row.
        place: Where a row stands.
        size: Of a full page; `PAGE` if None.
    """
    while True:
        with desk.repository.snapshot() as unit:
            page = read(unit, start)
        yield page
        if len(page) < (size or PAGE):
            return
        start = place(page[-1])


def rows_of(desk: Desk, read: Callable[[UnitOfWork, K], Sequence[R]], start: K, place: Callable[[R], K]) -> Iterator[R]:
    """The rows of `pages`, one after another."""
    for page in pages(desk, read, start, place):
        yield from page
