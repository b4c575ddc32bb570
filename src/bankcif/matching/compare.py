"""
Comparison functions: aligned arrays of records in, levels out.

A level is a small number: 0 says that one side is missing, 1 that they differ, higher ones that they agree better.
Each is there twice, with one meaning: `levels` for the millions of pairs of a file, and `level` for one new record with
its few candidates, where array operations would cost more than what they compute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ._levels import Column, Levels, Truth, any_equal, both, one_equal, one_overlap, overlap
from .lanes import BASE, MASK, Edit, Lane, Lanes, Row, edit, edits, mix, mix_array
from .names import LatinPart, OrganizationNames, PersonNames

__all__ = ["COMPARATORS", "Comparator", "Levels"]

_DOCUMENTS = (Lane.DOCUMENT, Lane.DOCUMENT_2, Lane.DOCUMENT_3)


class Comparator(Protocol):
    """Compares one aspect of two records."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the levels, from 0 (missing) up."""

    @property
    def best(self) -> Lane | None:
        """The lane that the two sides have in common at the best level, if it is one; so it is known how often that is."""

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        """The level of each pair of rows of *left* and *right*; symmetric, and a function of the pair alone."""

    def level(self, one: Row, other: Row) -> int:
        """The level of one pair, equal to what `levels` says of it."""


class IdNumbers:
    """
    National numbers, in old and new form: equal, with another end or none, two neighbours swapped, one edit, different.

    A number that is none is equal to no other, and one that is far from the other says nothing. One number beside two
    birth dates that have nothing in common is a level of its own: somebody's number stands on somebody else's record.

    Args:
        bits: Bits of a code: 4 of a resident ID, 6 of an organization code.
    """

    best = Lane.ID
    labels = (
        "missing", "different", "equal with another birth date", "one edit", "neighbours swapped", "other or no end", "equal",
    )  # fmt: skip

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, Lane.ID], right[:, Lane.ID]
        flags, others = left[:, Lane.FLAGS], right[:, Lane.FLAGS]
        changed = edits(a, b, self._bits)
        valid = (flags & others & np.uint64(16)) != 0
        out = np.where(valid, np.uint8(1), np.uint8(0))
        out[(changed == Edit.SUBSTITUTION) | (changed == Edit.INDEL)] = 3
        out[changed == Edit.TRANSPOSITION] = 4
        end = np.uint64(0xFF00)
        out[changed == Edit.NONE] = 5
        out[(changed == Edit.NONE) & valid & ((flags & end) == (others & end))] = 6
        out[~both(a, b)] = 0
        # A second number of the kind stands among the documents.
        more = np.flatnonzero((left[:, Lane.DOCUMENT] != 0) | (right[:, Lane.DOCUMENT] != 0))
        if more.size:
            one, other = left[more], right[more]
            out[more[_among_documents(one, other) | _among_documents(other, one)]] = 6
        equal = np.flatnonzero(out == 6)
        if equal.size:
            out[equal[_born_apart(left[equal, Lane.BORN], right[equal, Lane.BORN])]] = 2
        return out

    def level(self, one: Row, other: Row) -> int:
        found = self._by_number(one, other)
        if one[Lane.DOCUMENT] or other[Lane.DOCUMENT]:
            found = 6 if _is_among(one, other) or _is_among(other, one) else found
        return 2 if found == 6 and _birth_level(one[Lane.BORN], other[Lane.BORN]) == 1 else found

    def _by_number(self, one: Row, other: Row) -> int:
        a, b = one[Lane.ID], other[Lane.ID]
        if not (a and b):
            return 0
        flags, others = one[Lane.FLAGS], other[Lane.FLAGS]
        valid = bool(flags & others & 16)
        match edit(a, b, self._bits):
            case Edit.NONE:
                return 6 if valid and not (flags ^ others) & 0xFF00 else 5
            case Edit.TRANSPOSITION:
                return 4
            case Edit.MORE:
                return int(valid)
        return 3


def _born_apart(one: Column, other: Column) -> Truth:
    """Whether two birth dates are given and have nothing in common but chance."""
    found = both(one, other)
    found &= _birth_levels(one, other) == 1
    return found


def _among_documents(one: Lanes, other: Lanes) -> Truth:
    number = one[:, Lane.ID]
    mixed = mix_array(number + np.uint64(BASE))
    found = np.zeros(len(one), np.bool_)
    for lane in _DOCUMENTS:
        found |= mixed == other[:, lane]
    found &= number != 0
    return found


def _is_among(one: Row, other: Row) -> bool:
    number = one[Lane.ID]
    return number != 0 and mix((number + BASE) & MASK) in [other[lane] for lane in _DOCUMENTS]


class Documents:
    """Other documents, old ones among them: one in common, one edit, none in common."""

    best = None
    labels = ("missing", "different", "one edit", "equal", "equal and identifying")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, Lane.DOCUMENT], right[:, Lane.DOCUMENT]
        out = np.zeros(len(left), np.uint8)
        rows = np.flatnonzero(both(a, b))
        if rows.size:
            one, other = left[rows], right[rows]
            changed = edits(one[:, Lane.NUMBER], other[:, Lane.NUMBER], 6)
            level = np.where((changed == Edit.MORE) | (changed == Edit.NONE), np.uint8(1), np.uint8(2))
            level[any_equal(one, other, _DOCUMENTS)] = 3
            identifies = (one[:, Lane.FLAGS] & other[:, Lane.FLAGS] & np.uint64(32)) != 0
            level[(one[:, Lane.DOCUMENT] == other[:, Lane.DOCUMENT]) & identifies] = 4
            out[rows] = level
        return out

    def level(self, one: Row, other: Row) -> int:
        a, b = one[Lane.DOCUMENT], other[Lane.DOCUMENT]
        if not (a and b):
            return 0
        if a == b and one[Lane.FLAGS] & other[Lane.FLAGS] & 32:
            return 4
        if one_equal(one, other, _DOCUMENTS):
            return 3
        return 1 if edit(one[Lane.NUMBER], other[Lane.NUMBER], 6) in (Edit.NONE, Edit.MORE) else 2


class Phones:
    """Phone numbers: equal, one digit or two neighbours wrong, different."""

    best = Lane.PHONE
    labels = ("missing", "different", "one digit", "equal")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, Lane.PHONE], right[:, Lane.PHONE]
        changed = edits(a, b, 4)
        out = np.where(changed == Edit.NONE, np.uint8(3), np.where(changed == Edit.MORE, np.uint8(1), np.uint8(2)))
        out[~both(a, b)] = 0
        return out

    def level(self, one: Row, other: Row) -> int:
        a, b = one[Lane.PHONE], other[Lane.PHONE]
        if not (a and b):
            return 0
        changed = edit(a, b, 4)
        return 3 if changed == Edit.NONE else 1 if changed == Edit.MORE else 2


class Emails:
    """E-mail addresses: equal, the same mailbox elsewhere, one edit, different."""

    best = Lane.EMAIL
    labels = ("missing", "different", "one edit", "same mailbox", "equal")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, Lane.EMAIL], right[:, Lane.EMAIL]
        out = np.zeros(len(left), np.uint8)
        rows = np.flatnonzero(both(a, b))
        if rows.size:
            one, other = left[rows, Lane.MAILBOX], right[rows, Lane.MAILBOX]
            changed = edits(one, other, 6)
            long = (one >> np.uint64(24) != 0) & (other >> np.uint64(24) != 0)
            level = np.where(long & (changed != Edit.MORE), np.uint8(2), np.uint8(1))
            level[long & (changed == Edit.NONE)] = 3
            level[a[rows] == b[rows]] = 4
            out[rows] = level
        return out

    def level(self, one: Row, other: Row) -> int:
        a, b = one[Lane.EMAIL], other[Lane.EMAIL]
        if not (a and b):
            return 0
        if a == b:
            return 4
        here, there = one[Lane.MAILBOX], other[Lane.MAILBOX]
        if not (here >> 24 and there >> 24):
            return 1
        changed = edit(here, there, 6)
        return 3 if changed == Edit.NONE else 1 if changed == Edit.MORE else 2


class BirthDates:
    """Birth dates: equal, day and month swapped, one digit wrong or swapped with its neighbour, different."""

    best = Lane.BORN
    labels = ("missing", "different", "one digit", "day and month swapped", "equal")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        return _birth_levels(left[:, Lane.BORN], right[:, Lane.BORN])

    def level(self, one: Row, other: Row) -> int:
        return _birth_level(one[Lane.BORN], other[Lane.BORN])


def _birth_levels(a: Column, b: Column) -> Levels:
    out = np.where(a == b, np.uint8(4), np.uint8(1))
    rows = np.flatnonzero(a != b)
    if rows.size:
        one, other = a[rows], b[rows]
        level = np.where(edits(one, other, 4) == Edit.MORE, np.uint8(1), np.uint8(2))
        year, two = np.uint64(0xFFFF), np.uint64(0xFF)
        month, day = np.uint64(16), np.uint64(24)
        swapped = (one >> month & two == other >> day & two) & (one >> day & two == other >> month & two)
        level[swapped & (one & year == other & year)] = 3
        out[rows] = level
    out[~both(a, b)] = 0
    return out


def _birth_level(a: int, b: int) -> int:
    if not (a and b):
        return 0
    if a == b:
        return 4
    if a & 0xFFFF == b & 0xFFFF and a >> 16 & 0xFF == b >> 24 & 0xFF and a >> 24 & 0xFF == b >> 16 & 0xFF:
        return 3
    return 1 if edit(a, b, 4) == Edit.MORE else 2


class Sexes:
    """Sexes: the same or not; what is neither 1 nor 2 is missing."""

    best = None
    labels = ("missing", "different", "equal")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, Lane.FLAGS] & np.uint64(3), right[:, Lane.FLAGS] & np.uint64(3)
        out = np.where(a == b, np.uint8(2), np.uint8(1))
        out[~both(a, b)] = 0
        return out

    def level(self, one: Row, other: Row) -> int:
        a, b = one[Lane.FLAGS] & 3, other[Lane.FLAGS] & 3
        return 0 if not (a and b) else 2 if a == b else 1


class Regions:
    """Divisions: the same county, the same prefecture (four of six digits), elsewhere."""

    best = Lane.REGION
    labels = ("missing", "elsewhere", "same prefecture", "same county")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, Lane.REGION], right[:, Lane.REGION]
        out = np.ones(len(left), dtype=np.uint8)
        out[(a ^ b) & np.uint64(0xFFFF) == 0] = 2
        out[a == b] = 3
        out[~both(a, b)] = 0
        return out

    def level(self, one: Row, other: Row) -> int:
        a, b = one[Lane.REGION], other[Lane.REGION]
        if not (a and b):
            return 0
        return 3 if a == b else 1 if (a ^ b) & 0xFFFF else 2


class Addresses:
    """
    Addresses by level: the same text, home, numbers, road, area, elsewhere.

    Of the bigrams of the shorter address, eight tenths in common make them one road's, half one area's. With the same
    numbers one road's are one home; six tenths in common are enough where the one's numbers are among the other's.
    """

    best = Lane.ADDRESS
    labels = ("missing", "elsewhere", "same area", "same road", "same numbers", "same home", "same text")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        pairs = [(left[:, lane], right[:, lane]) for lane in (Lane.PLACE, Lane.PLACE_2)]
        share = overlap(pairs)
        a, b = left[:, Lane.HOUSE], right[:, Lane.HOUSE]
        common = a & b
        road = share >= 0.8
        out = np.where(share >= 0.5, np.uint8(2), np.uint8(1))
        out[road] = 3
        out[(share >= 0.6) & (common != 0) & ((common == a) | (common == b))] = 4
        out[road & (common != 0) & (a == b)] = 5
        one, other = left[:, Lane.ADDRESS], right[:, Lane.ADDRESS]
        out[one == other] = 6
        out[~both(one, other)] = 0
        return out

    def level(self, one: Row, other: Row) -> int:
        if not (one[Lane.ADDRESS] and other[Lane.ADDRESS]):
            return 0
        if one[Lane.ADDRESS] == other[Lane.ADDRESS]:
            return 6
        share = one_overlap(one, other, (Lane.PLACE, Lane.PLACE_2))
        a, b = one[Lane.HOUSE], other[Lane.HOUSE]
        common = a & b
        if share >= 0.8 and common and a == b:
            return 5
        if share >= 0.6 and common and common in (a, b):
            return 4
        return 3 if share >= 0.8 else 2 if share >= 0.5 else 1


COMPARATORS: Mapping[str, Comparator] = {
    "person_name": PersonNames(),
    "latin_given_name": LatinPart(Lane.CHARS),
    "latin_surname": LatinPart(Lane.SYLLABLES),
    "organization_name": OrganizationNames(),
    "id_number": IdNumbers(4),
    "credit_code": IdNumbers(6),
    "document": Documents(),
    "phone": Phones(),
    "email": Emails(),
    "birth_date": BirthDates(),
    "sex": Sexes(),
    "region": Regions(),
    "address": Addresses(),
}
"""The comparators that a match model may name."""
