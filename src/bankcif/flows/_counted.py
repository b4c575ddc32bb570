"""What is counted over all customers at once: who has the same number, address or identity document as others, and who waits to be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from .._canonical import dumps
from ..party import CifNo, DataGroup
from ..quality import SHARED
from ..storage import UnitOfWork
from ..storage.portrait_rows import IDLE
from ._opened import open_goldens
from ._pages import PAGE, as_it_stands, pages
from ._relations import resolved
from .desk import Desk

__all__ = ["counted_over_file"]

_GROUPS = frozenset({DataGroup.IDENTITY, DataGroup.CONTACT})
_TAG_BYTES = 8


def counted_over_file(desk: Desk) -> dict[CifNo, dict[str, int]]:
    """
    Of each customer who shares something with another, or waits to be told apart from one, with how many; the names are those of
    `bankcif.quality.COUNTED`.

    Cost: opens names, numbers and contacts of all customers, a page at a time; 16 bytes of memory a value, and nothing of it is kept.
    """
    import numpy as np

    numbers: list[CifNo] = []
    tags: dict[str, bytearray] = {name: bytearray() for name in SHARED}
    whose: dict[str, list[int]] = {name: [] for name in SHARED}
    for cif_nos, values in _opened(desk):
        for cif_no in cif_nos:
            place = len(numbers)
            numbers.append(cif_no)
            for name, tag in _tags(desk, values[cif_no]):
                tags[name] += tag
                whose[name].append(place)
    found: dict[CifNo, dict[str, int]] = {}
    for name, measure in SHARED.items():
        keys, owners = np.frombuffer(bytes(tags[name]), dtype=np.uint64), np.asarray(whose[name], dtype=np.int64)
        _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        for at in np.flatnonzero(sizes[group] > 1):
            mine = found.setdefault(numbers[owners[at]], {})
            mine[measure] = max(mine.get(measure, 0), int(sizes[group[at]]))
    for cif_no, many in _waiting(desk).items():
        found.setdefault(cif_no, {})["possible_matches"] = many
    return found


def _opened(desk: Desk) -> Iterator[tuple[Sequence[CifNo], Mapping[CifNo, Mapping[str, Any]]]]:
    for rows in pages(desk, lambda unit, after: unit.parties.page(after, PAGE), "", lambda row: row.cif_no):
        cif_nos = [row.cif_no for row in rows if row.life_cycle not in IDLE]
        yield cif_nos, as_it_stands(desk, partial(_golden, desk, cif_nos))


def _golden(desk: Desk, cif_nos: Sequence[CifNo], unit: UnitOfWork) -> Mapping[CifNo, Mapping[str, Any]]:
    return open_goldens(desk, unit, cif_nos, groups=_GROUPS)


def _tags(desk: Desk, values: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """A keyed tag of each value that others could have; of documents, of each once, and of an address however it is written."""
    for name in SHARED:
        said = values.get(name)
        if not said:
            continue
        if name == "identifiers":
            each: set[Any] = {(one["scheme"], one["number"]) for one in said}
        else:
            each = {(said["code"], said["key"]) if name == "address" else said}
        for one in each:
            yield name, desk.digester.digest("shared", dumps([name, one]))[:_TAG_BYTES]


def _waiting(desk: Desk) -> Counter[CifNo]:
    """How many possible matches each customer is in, as they stand today."""

    def waiting(unit: UnitOfWork) -> Counter[CifNo]:
        tasks = unit.work.tasks(state="open")
        today = resolved(unit, {side for task in tasks for side in (task.cif_no, task.other)})
        found: Counter[CifNo] = Counter()
        for task in tasks:
            sides = {today[side].cif_no for side in (task.cif_no, task.other) if side in today}
            found.update(sides if len(sides) > 1 else ())
        return found

    with desk.repository.snapshot() as unit:
        return waiting(unit)
