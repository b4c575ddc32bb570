"""
Comparison functions: aligned arrays of records in, levels out.

A level is a small number: 0 says that one side is missing, 1 that they differ, higher ones that they agree better.
The same functions serve one new record with its few candidates and a whole file with its millions of pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from .features import FeatureTable

__all__ = ["COMPARATORS", "Comparator", "Levels", "Rows"]

Rows = NDArray[np.int64]
Levels = NDArray[np.uint8]


class Comparator(Protocol):
    """Compares one aspect of two records."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the levels, from 0 (missing) up."""

    def levels(self, table: FeatureTable, left: Rows, right: Rows) -> Levels:
        """The level of each pair (``left[i]``, ``right[i]``) of rows of *table*; symmetric."""


def _one_edit(texts: list[tuple[str, str]]) -> NDArray[np.bool_]:
    """Whether each pair of texts is one insertion, deletion, substitution or swap of neighbours apart."""
    return np.array([OSA.distance(a, b, score_cutoff=1) <= 1 for a, b in texts], dtype=np.bool_)


def _pairs(table: FeatureTable, column: str, left: Rows, right: Rows) -> list[tuple[str, str]]:
    texts = table.texts[column]
    return [(texts[a], texts[b]) for a, b in zip(left.tolist(), right.tolist(), strict=True)]


class PersonNames:
    """
    Personal names: by script and variant, sound, order of words, one edit, surname.

    One edit counts only from three characters on: of two, it would be another name altogether.
    """

    labels = ("missing", "different", "same surname", "one edit", "same reading", "variant form", "identical")

    def levels(self, table: FeatureTable, left: Rows, right: Rows) -> Levels:
        codes = table.codes
        out = np.ones(len(left), dtype=np.uint8)
        surname = codes["surname"]
        out[(surname[left] == surname[right]) & (surname[left] != 0)] = 2
        key = codes["name_key"]
        same_key = key[left] == key[right]
        reading = table.readings
        sound = np.zeros(len(left), dtype=np.bool_)
        for i in range(reading.shape[1]):
            for j in range(reading.shape[1]):
                sound |= (reading[left, i] == reading[right, j]) & (reading[left, i] != 0)
        letters = codes["letters"]
        sound |= (letters[left] == letters[right]) & (letters[left] != 0)
        rest = np.flatnonzero(~(same_key | sound))
        if rest.size:
            texts = _pairs(table, "name_key", left[rest], right[rest])
            long = np.array([min(len(a), len(b)) >= 3 or len(a) + len(b) >= 5 for a, b in texts], dtype=np.bool_)
            out[rest[long & _one_edit(texts)]] = 3
        out[sound] = 4
        out[same_key] = 5
        name = codes["name"]
        out[name[left] == name[right]] = 6
        out[(name[left] == 0) | (name[right] == 0)] = 0
        return out


class OrganizationNames:
    """Organization names: identical, the same core under another or no legal form, one edit."""

    labels = ("missing", "different", "one edit", "same core", "same core and form", "identical")

    def levels(self, table: FeatureTable, left: Rows, right: Rows) -> Levels:
        codes = table.codes
        out = np.ones(len(left), dtype=np.uint8)
        core, form, name = codes["name_key"], codes["surname"], codes["name"]
        same = core[left] == core[right]
        rest = np.flatnonzero(~same)
        if rest.size:
            texts = _pairs(table, "name_key", left[rest], right[rest])
            long = np.array([min(len(a), len(b)) >= 5 for a, b in texts], dtype=np.bool_)
            out[rest[long & _one_edit(texts)]] = 2
        out[same] = 3
        # A form that one side leaves out speaks neither for nor against.
        out[same & ((form[left] == form[right]) | (form[left] == 0) | (form[right] == 0))] = 4
        out[name[left] == name[right]] = 5
        out[(name[left] == 0) | (name[right] == 0)] = 0
        return out


class IdNumbers:
    """
    Identifying numbers, scheme by scheme. Differing in one scheme outweighs agreeing in another: somebody's number
    was typed into somebody else's record.
    """

    labels = ("missing", "different", "one edit", "equal")

    def levels(self, table: FeatureTable, left: Rows, right: Rows) -> Levels:
        documents = table.identifiers
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([_id_level(documents[a], documents[b]) for a, b in pairs], dtype=np.uint8)


def _id_level(one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]) -> int:
    if not one or not other:
        return 0
    if one == other:
        return 3
    worst = 4
    for scheme in {scheme for scheme, _ in one} & {scheme for scheme, _ in other}:
        mine = [number for s, number in one if s == scheme]
        theirs = [number for s, number in other if s == scheme]
        if not set(mine).isdisjoint(theirs):
            level = 3
        else:
            near = any(OSA.distance(a, b, score_cutoff=1) <= 1 for a in mine for b in theirs)
            level = 2 if near else 1
        worst = min(worst, level)
    return 0 if worst == 4 else worst


class Exact:
    """One column: equal or different."""

    labels = ("missing", "different", "equal")

    def __init__(self, column: str) -> None:
        self._column = column

    def levels(self, table: FeatureTable, left: Rows, right: Rows) -> Levels:
        code = table.codes[self._column]
        a, b = code[left], code[right]
        out = np.where(a == b, np.uint8(2), np.uint8(1))
        out[(a == 0) | (b == 0)] = 0
        return out


class BirthDates:
    """Birth dates: equal, day and month swapped, or one digit wrong or swapped with its neighbour, different."""

    labels = ("missing", "different", "one digit or swapped", "equal")

    def levels(self, table: FeatureTable, left: Rows, right: Rows) -> Levels:
        code = table.codes["born"]
        a, b = code[left], code[right]
        out = np.ones(len(left), dtype=np.uint8)
        rest = np.flatnonzero((a != b) & (a != 0) & (b != 0))
        if rest.size:
            texts = _pairs(table, "born", left[rest], right[rest])
            out[rest[[_near_date(one, other) for one, other in texts]]] = 2
        out[a == b] = 3
        out[(a == 0) | (b == 0)] = 0
        return out


def _near_date(one: str, other: str) -> bool:
    swapped = f"{one[:4]}-{one[8:]}-{one[5:7]}" == other
    return swapped or OSA.distance(one, other, score_cutoff=1) <= 1


class Regions:
    """Where the addresses lie: the same county, the same prefecture, elsewhere."""

    labels = ("missing", "elsewhere", "same prefecture", "same county")

    def levels(self, table: FeatureTable, left: Rows, right: Rows) -> Levels:
        county, prefecture = table.codes["division"], table.codes["prefecture"]
        out = np.ones(len(left), dtype=np.uint8)
        out[prefecture[left] == prefecture[right]] = 2
        out[county[left] == county[right]] = 3
        out[(county[left] == 0) | (county[right] == 0)] = 0
        return out


COMPARATORS: Mapping[str, Comparator] = {
    "person_name": PersonNames(),
    "organization_name": OrganizationNames(),
    "id_number": IdNumbers(),
    "phone": Exact("phone"),
    "email": Exact("email"),
    "birth_date": BirthDates(),
    "sex": Exact("sex"),
    "region": Regions(),
    "address": Exact("address"),
}
"""The comparators that a match model may name."""
