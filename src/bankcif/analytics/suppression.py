"""
Which cells of a table are not told, so that nobody learns of fewer than k customers.

A table holds its own sums: the place of a cell has a level for each dimension, and none for the sum over all levels of it. What is told beside what is not
gives equations, one for each line: the sum less what is told of the line is what is hidden of it. Cells are hidden until no equation, and no combination of
them, gives one away.

Source: complementary (secondary) cell suppression as in L. Willenborg, T. de Waal, Elements of Statistical Disclosure Control, 2001, chapter 4; the choice of
cells is our own and greedy: the smallest that helps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs
import numpy as np

__all__ = ["Place", "hidden"]

Place = tuple[str | None, ...]
"""Of each dimension a level, or None for the sum over all of them."""
_CLOSE = 1e-7


def hidden(
    counts: Mapping[Place, int], k: int, *, apart: bool = True, gone: Collection[Place] = ()
) -> frozenset[Place]:  # fmt: skip
    """
    The places that are not told.

    Args:
        counts: How many customers stand behind each place, sums among them; a place of none is known to be of none.
        k: Of how many customers something may be told, at least; of 1 everything may.
        apart: Whether every customer stands behind one level of each dimension at most. Where one may stand behind several, as of products, cells are hidden
            together with one of k customers, since those of several small ones may be the same.
        gone: Places that are not told for another reason.

    Cost: grows with the cells that are hidden; the equations of those that hang together are solved at once.
    """
    if k <= 1:
        return frozenset()
    lines = _Lines.of({place: many for place, many in counts.items() if many})
    out = {place for place, many in lines.counts.items() if many < k or place in gone}
    while True:
        before = len(out)
        for line in range(len(lines.members)):
            _cover(lines, line, out, k, apart)
        if len(out) == before:
            given_away = _determined(lines, out)
            if not given_away:
                return frozenset(out)
            out.add(_beside(lines, *given_away, out))


@attrs.frozen
class _Lines:
    """The lines of a table: of each its sum, and the places that add up to it."""

    counts: Mapping[Place, int]
    totals: Sequence[Place]
    members: Sequence[Sequence[Place]]

    @classmethod
    def of(cls, counts: Mapping[Place, int]) -> _Lines:
        found: dict[tuple[int, Place], list[Place]] = {}
        for place in sorted(counts, key=lambda one: (counts[one], [level or "" for level in one])):
            for at, level in enumerate(place):
                if level is not None:
                    found.setdefault((at, (*place[:at], None, *place[at + 1 :])), []).append(place)
        return cls(counts, [place for _, place in found], list(found.values()))


def _cover(lines: _Lines, line: int, gone: set[Place], k: int, apart: bool) -> None:
    """Hides more of a line of which something is hidden, until those who are hidden together are k, and no single cell follows from the others."""
    total, members = lines.totals[line], lines.members[line]
    told = [place for place in members if place not in gone]
    while True:
        out = [lines.counts[place] for place in members if place in gone]
        # Nobody stands behind no hidden cell, so that of several what is beyond one each is unknown.
        unknown = max(out, default=0) if not apart else max(sum(out) - len(out), *out, 0)
        alone = not out if total in gone else bool(out) and (len(out) == 1 or unknown < k)
        if not alone:
            return
        # Members stand in the order of their size; where all are hidden, or none is, but the sum, that is what else there is to hide.
        following = next((place for place in told if apart or lines.counts[place] >= k or not out), None)
        following = following or next(iter(told), None)
        gone.add(total if following is None else following)
        told = [place for place in told if place != following]


def _determined(lines: _Lines, gone: set[Place]) -> tuple[Place, Sequence[int]] | None:
    """A hidden place that follows from what is told by solving equations together, and these; None if there is none."""
    for places, equations in _connected(lines, gone):
        at = {place: number for number, place in enumerate(places)}
        matrix = np.zeros((len(equations), len(places)))
        for row, line in enumerate(equations):
            for place in lines.members[line]:
                if place in at:
                    matrix[row, at[place]] = 1.0
            if lines.totals[line] in at:
                matrix[row, at[lines.totals[line]]] = -1.0
        _, sizes, turned = np.linalg.svd(matrix)
        rank = int((sizes > _CLOSE).sum())
        free = np.abs(turned[rank:]).max(axis=0, initial=0.0)
        if (free < _CLOSE).any():
            return places[int(np.argmin(free))], equations
    return None


def _connected(lines: _Lines, gone: set[Place]) -> Iterator[tuple[list[Place], list[int]]]:
    """The hidden places that hang together by lines, with these lines."""
    of_place: dict[Place, list[int]] = {place: [] for place in gone}
    for line, (total, members) in enumerate(zip(lines.totals, lines.members, strict=True)):
        for place in (total, *members):
            if place in gone:
                of_place[place].append(line)
    left = dict.fromkeys(sorted(gone, key=lambda place: [level or "" for level in place]))
    while left:
        open_places, places, met = [next(iter(left))], [], dict[int, None]()
        while open_places:
            place = open_places.pop()
            if place not in left:
                continue
            del left[place]
            places.append(place)
            for line in of_place[place]:
                if line not in met:
                    met[line] = None
                    open_places += [one for one in (lines.totals[line], *lines.members[line]) if one in gone]
        yield places, list(met)


def _beside(lines: _Lines, place: Place, equations: Sequence[int], gone: set[Place]) -> Place:
    """The smallest place that is still told in a line with *place*, or else in one of the *equations* it follows from."""

    def told(some: Sequence[int]) -> list[Place]:
        return [one for line in some for one in (*lines.members[line], lines.totals[line]) if one not in gone]

    near = [line for line in equations if place == lines.totals[line] or place in lines.members[line]]
    # Nobody stands behind no place, so that what follows of a hidden one follows from something that is told.
    return min(told(near) or told(equations), key=lambda one: (lines.counts[one], [level or "" for level in one]))
