"""
Comparison functions: aligned arrays of records in, levels out.

A level is a small number: 0 says that one side is missing, 1 that they differ, higher ones that they agree better.
The same functions serve one new record with its few candidates and a whole file with its millions of pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ._levels import Column, Levels, Truth, any_equal, both, overlap
from .lanes import BASE, Edit, Lane, Lanes, edits, mix_array
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
        edit = edits(a, b, self._bits)
        valid = (flags & others & np.uint64(16)) != 0
        out = np.where(valid, np.uint8(1), np.uint8(0))
        out[(edit == Edit.SUBSTITUTION) | (edit == Edit.INDEL)] = 3
        out[edit == Edit.TRANSPOSITION] = 4
        end = np.uint64(0xFF00)
        out[edit == Edit.NONE] = 5
        out[(edit == Edit.NONE) & valid & ((flags & end) == (others & end))] = 6
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
            edit = edits(one[:, Lane.NUMBER], other[:, Lane.NUMBER], 6)
            level = np.where((edit == Edit.MORE) | (edit == Edit.NONE), np.uint8(1), np.uint8(2))
            level[any_equal(one, other, _DOCUMENTS)] = 3
            identifies = (one[:, Lane.FLAGS] & other[:, Lane.FLAGS] & np.uint64(32)) != 0
            level[(one[:, Lane.DOCUMENT] == other[:, Lane.DOCUMENT]) & identifies] = 4
            out[rows] = level
        return out


class Phones:
    """Phone numbers: equal, one digit or two neighbours wrong, different."""

    best = Lane.PHONE
    labels = ("missing", "different", "one digit", "equal")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, Lane.PHONE], right[:, Lane.PHONE]
        edit = edits(a, b, 4)
        out = np.where(edit == Edit.NONE, np.uint8(3), np.where(edit == Edit.MORE, np.uint8(1), np.uint8(2)))
        out[~both(a, b)] = 0
        return out


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
            edit = edits(one, other, 6)
            long = (one >> np.uint64(24) != 0) & (other >> np.uint64(24) != 0)
            level = np.where(long & (edit != Edit.MORE), np.uint8(2), np.uint8(1))
            level[long & (edit == Edit.NONE)] = 3
            level[a[rows] == b[rows]] = 4
            out[rows] = level
        return out


class BirthDates:
    """Birth dates: equal, day and month swapped, one digit wrong or swapped with its neighbour, different."""

    best = Lane.BORN
    labels = ("missing", "different", "one digit", "day and month swapped", "equal")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        return _birth_levels(left[:, Lane.BORN], right[:, Lane.BORN])


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


class Sexes:
    """Sexes: the same or not; what is neither 1 nor 2 is missing."""

    best = None
    labels = ("missing", "different", "equal")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, Lane.FLAGS] & np.uint64(3), right[:, Lane.FLAGS] & np.uint64(3)
        out = np.where(a == b, np.uint8(2), np.uint8(1))
        out[~both(a, b)] = 0
        return out


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
