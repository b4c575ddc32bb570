"""Rows of made-up people as two systems would write them, with who they are in truth: for linking a whole file."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from .factories import Clerk, World

__all__ = ["LINKING_COLUMNS", "linking_rows"]

LINKING_COLUMNS = ("row_id", "name", "id_no", "phone", "birth_date", "sex", "address", "email", "person")
"""Columns of `linking_rows`; ``person`` is the truth, which the library never compares."""


def linking_rows(world: World, seed: int) -> Iterator[tuple[str, ...]]:
    """One to four rows of each person, in no order: what is missing and wrong is as in `factories.write_channel_files`."""
    rng = Random(seed)
    clerk = Clerk(rng, world)
    chosen = [person for person in world.people for _ in range(rng.choices((1, 2, 3, 4), (5, 3, 1.5, 0.5))[0])]
    rng.shuffle(chosen)
    for number, person in enumerate(chosen):
        yield (
            f"R{number:07}", clerk.name(person), clerk.number(person, missing=0.3, old=0.2), clerk.phone(person, missing=0.15),
            clerk.born(person, "%Y%m%d", missing=0.1), person.sex, clerk.address(person, missing=0.25),
            person.email if clerk.chance(0.3) else "", person.id,
        )  # fmt: skip
