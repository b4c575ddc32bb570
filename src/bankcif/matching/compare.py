"""
Comparison functions: two records in, a level out.

A level is a small number: 0 says that one side is missing, 1 that they differ, higher ones that they agree better.
Each comparison is one function of two records. One new record is compared with its few candidates by calling it; the
millions of pairs of a file by the same function compiled (`kernels`), so that both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import numpy as np

from ._levels import Levels, among, in_common, overlap
from .features import mixed_id
from .lanes import Edit, Lane, Lanes, Row, edit
from .names import latin_part_level, organization_name_level, person_name_level

__all__ = ["COMPARATORS", "Comparator", "Levels"]


@attrs.frozen
class Comparator:
    """
    Compares one aspect of two records.

    Attributes:
        level: The level of a pair; symmetric, and a function of the pair alone.
        labels: Names of the levels, from 0 (missing) up.
        best: The lane that the two sides have in common at the best level, if it is one; so it is known how often that is.
    """

    level: Callable[[Row, Row], int]
    labels: tuple[str, ...]
    best: Lane | None = None

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        """The level of each pair of rows of *left* and *right*."""
        from .kernels.levels import levels_of

        return levels_of(self.level, np.ascontiguousarray(left), np.ascontiguousarray(right))


def id_number_level(one: Row, other: Row, bits: int) -> int:
    """
    National numbers, in old and new form: equal, with another end or none, two neighbours swapped, one edit, different.

    A number that is none is equal to no other, and one that is far from the other says nothing. One number beside two
    birth dates that have nothing in common is a level of its own: somebody's number stands on somebody else's record.

    Args:
        one, other: The records.
        bits: Bits of a code: 4 of a resident ID, 6 of an organization code.
    """
    a, b = one[Lane.ID], other[Lane.ID]
    valid = one[Lane.FLAGS] & other[Lane.FLAGS] & 16 != 0
    level = 0
    if a and b:
        changed = edit(a, b, bits)
        if changed == Edit.NONE:
            level = 6 if valid and (one[Lane.FLAGS] ^ other[Lane.FLAGS]) & 0xFF00 == 0 else 5
        elif changed == Edit.TRANSPOSITION:
            level = 4
        elif changed == Edit.MORE:
            level = 1 if valid else 0
        else:
            level = 3
    # A second number of the kind stands among the documents.
    if a and other[Lane.DOCUMENT] and among(mixed_id(a), other, Lane.DOCUMENT):
        level = 6
    if b and one[Lane.DOCUMENT] and among(mixed_id(b), one, Lane.DOCUMENT):
        level = 6
    return 2 if level == 6 and birth_date_level(one[Lane.BORN], other[Lane.BORN]) == 1 else level


def resident_id_level(one: Row, other: Row) -> int:
    return id_number_level(one, other, 4)


def credit_code_level(one: Row, other: Row) -> int:
    return id_number_level(one, other, 6)


def document_level(one: Row, other: Row) -> int:
    """Other documents, old ones among them: one in common, one edit, none in common."""
    a, b = one[Lane.DOCUMENT], other[Lane.DOCUMENT]
    if not (a and b):
        return 0
    if a == b and one[Lane.FLAGS] & other[Lane.FLAGS] & 32:
        return 4
    if in_common(one, other, Lane.DOCUMENT):
        return 3
    changed = edit(one[Lane.NUMBER], other[Lane.NUMBER], 6)
    return 1 if changed == Edit.NONE or changed == Edit.MORE else 2


def phone_level(one: Row, other: Row) -> int:
    """Phone numbers: equal, one digit or two neighbours wrong, different."""
    a, b = one[Lane.PHONE], other[Lane.PHONE]
    if not (a and b):
        return 0
    changed = edit(a, b, 4)
    if changed == Edit.NONE:
        return 3
    return 1 if changed == Edit.MORE else 2


def email_level(one: Row, other: Row) -> int:
    """E-mail addresses: equal, the same mailbox elsewhere, one edit, different."""
    a, b = one[Lane.EMAIL], other[Lane.EMAIL]
    if not (a and b):
        return 0
    if a == b:
        return 4
    here, there = one[Lane.MAILBOX], other[Lane.MAILBOX]
    if here >> 24 == 0 or there >> 24 == 0:
        return 1
    changed = edit(here, there, 6)
    if changed == Edit.NONE:
        return 3
    return 1 if changed == Edit.MORE else 2


def birth_level(one: Row, other: Row) -> int:
    return birth_date_level(one[Lane.BORN], other[Lane.BORN])


def birth_date_level(a: int, b: int) -> int:
    """Birth dates: equal, day and month swapped, one digit wrong or swapped with its neighbour, different."""
    if not (a and b):
        return 0
    if a == b:
        return 4
    if a & 0xFFFF == b & 0xFFFF and a >> 16 & 0xFF == b >> 24 & 0xFF and a >> 24 & 0xFF == b >> 16 & 0xFF:
        return 3
    return 1 if edit(a, b, 4) == Edit.MORE else 2


def sex_level(one: Row, other: Row) -> int:
    """Sexes: the same or not; what is neither 1 nor 2 is missing."""
    a, b = one[Lane.FLAGS] & 3, other[Lane.FLAGS] & 3
    if not (a and b):
        return 0
    return 2 if a == b else 1


def region_level(one: Row, other: Row) -> int:
    """Divisions: the same county, the same prefecture (four of six digits), elsewhere."""
    a, b = one[Lane.REGION], other[Lane.REGION]
    if not (a and b):
        return 0
    if a == b:
        return 3
    return 1 if (a ^ b) & 0xFFFF else 2


def address_level(one: Row, other: Row) -> int:
    """
    Addresses by level: the same text, home, numbers, road, area, elsewhere.

    Of the bigrams of the shorter address, eight tenths in common make them one road's, half one area's. With the same
    numbers one road's are one home; six tenths in common are enough where the one's numbers are among the other's.
    """
    if not (one[Lane.ADDRESS] and other[Lane.ADDRESS]):
        return 0
    if one[Lane.ADDRESS] == other[Lane.ADDRESS]:
        return 6
    share = overlap(one, other, Lane.PLACE)
    a, b = one[Lane.HOUSE], other[Lane.HOUSE]
    common = a & b
    if share >= 0.8 and common and a == b:
        return 5
    if share >= 0.6 and common and (common == a or common == b):
        return 4
    if share >= 0.8:
        return 3
    return 2 if share >= 0.5 else 1


def given_name_level(one: Row, other: Row) -> int:
    return latin_part_level(one[Lane.CHARS], other[Lane.CHARS])


def surname_level(one: Row, other: Row) -> int:
    return latin_part_level(one[Lane.SYLLABLES], other[Lane.SYLLABLES])


_ID_NUMBERS = (
    "missing", "different", "equal with another birth date", "one edit", "neighbours swapped", "other or no end", "equal",
)  # fmt: skip
_LATIN_PARTS = ("missing", "different", "same beginning", "one edit", "equal")

COMPARATORS: Mapping[str, Comparator] = {
    "person_name": Comparator(
        person_name_level,
        ("missing", "different", "same surname or given name", "one edit", "look-alike or familiar",
         "same reading or order", "variant form", "identical"),
        Lane.NAME,
    ),
    "latin_given_name": Comparator(given_name_level, _LATIN_PARTS, Lane.CHARS),
    "latin_surname": Comparator(surname_level, _LATIN_PARTS, Lane.SYLLABLES),
    "organization_name": Comparator(
        organization_name_level,
        ("missing", "different", "alike", "nearly the same", "same core", "same core and form", "identical"),
        Lane.NAME,
    ),
    "id_number": Comparator(resident_id_level, _ID_NUMBERS, Lane.ID),
    "credit_code": Comparator(credit_code_level, _ID_NUMBERS, Lane.ID),
    "document": Comparator(document_level, ("missing", "different", "one edit", "equal", "equal and identifying")),
    "phone": Comparator(phone_level, ("missing", "different", "one digit", "equal"), Lane.PHONE),
    "email": Comparator(email_level, ("missing", "different", "one edit", "same mailbox", "equal"), Lane.EMAIL),
    "birth_date": Comparator(
        birth_level, ("missing", "different", "one digit", "day and month swapped", "equal"), Lane.BORN
    ),
    "sex": Comparator(sex_level, ("missing", "different", "equal")),
    "region": Comparator(region_level, ("missing", "elsewhere", "same prefecture", "same county"), Lane.REGION),
    "address": Comparator(
        address_level,
        ("missing", "elsewhere", "same area", "same road", "same numbers", "same home", "same text"),
        Lane.ADDRESS,
    ),
}  # fmt: skip
"""The comparators that a match model may name."""
