"""Comparing names: of persons, whole or by part, and of organizations."""

from __future__ import annotations

from functools import cache

from ..wording import look_alikes
from ._levels import agree, in_common, overlap
from .lanes import Edit, Lane, Row, edit, ones

__all__ = ["alike_pairs", "is_look_alike", "latin_part_level", "organization_name_level", "person_name_level"]


def person_name_level(one: Row, other: Row) -> int:
    """
    Personal names: by script and variant, sound, order of words, look, familiar form, one edit, surname.

    One edit, on characters, on syllables or on the letters of given name or surname, counts from three characters on: of
    two, it would be another name altogether.
    """
    if not (one[Lane.NAME] and other[Lane.NAME]):
        return 0
    if one[Lane.NAME] == other[Lane.NAME]:
        return 7
    if one[Lane.KEY] == other[Lane.KEY]:
        return 6
    if in_common(one, other, Lane.SOUND) or agree(one, other, Lane.WORDS):
        return 5
    latin = (one[Lane.FLAGS] | other[Lane.FLAGS]) & 4 == 0
    near = 1
    if one[Lane.FLAGS] & other[Lane.FLAGS] & 4:
        near = near_han(one, other)
    elif latin:
        near = near_latin(one, other)
    if near == 1 and (agree(one, other, Lane.SURNAME) or (latin and agree(one, other, Lane.CHARS))):
        return 2
    return near


def near_han(one: Row, other: Row) -> int:
    """3 or 4 where two Chinese names that differ are near each other, else 1."""
    a, b = one[Lane.CHARS], other[Lane.CHARS]
    long = (one[Lane.FLAGS] | other[Lane.FLAGS]) & 8 != 0
    character = edit(a, b, 16)
    if character == Edit.SUBSTITUTION and not long and is_look_alike(a, b):
        return 4
    if not ((a >> 32 != 0 and b >> 16 != 0) or (b >> 32 != 0 and a >> 16 != 0)):
        return 1
    syllable = edit(one[Lane.SYLLABLES], other[Lane.SYLLABLES], 16)
    if long:
        # Of a name longer than four characters, its beginning and its end stand in the two lanes.
        equal = character == Edit.NONE or syllable == Edit.NONE
        return 3 if equal and character != Edit.MORE and syllable != Edit.MORE else 1
    return 3 if character != Edit.MORE or syllable != Edit.MORE else 1


def is_look_alike(one: int, other: int) -> bool:
    """Whether the one character in which names differ is known to be mistaken for the other by its look."""
    differing = one ^ other
    place = ((differing & -differing).bit_length() - 1) // 16 * 16
    low, high = sorted((one >> place & 0xFFFF, other >> place & 0xFFFF))
    return low << 16 | high in alike_pairs()


@cache
def alike_pairs() -> frozenset[int]:
    """Characters that are mistaken for each other, the lower above the higher in one number."""
    return frozenset(ord(pair[0]) << 16 | ord(pair[1]) for pair in look_alikes() if ord(max(pair)) < 1 << 16)


def near_latin(one: Row, other: Row) -> int:
    """3 or 4 where two Latin names that differ are near each other, else 1."""
    if agree(one, other, Lane.FAMILIAR):
        return 4
    if one[Lane.CHARS] >> 10 == 0 or other[Lane.CHARS] >> 10 == 0:
        return 1
    near = edit(one[Lane.CHARS], other[Lane.CHARS], 5) != Edit.MORE
    return 3 if near and edit(one[Lane.SYLLABLES], other[Lane.SYLLABLES], 5) != Edit.MORE else 1


def latin_part_level(a: int, b: int) -> int:
    """The letters of the given name or the surname of a Latin name: equal, one edit, the same three at the beginning."""
    if not (a and b):
        return 0
    changed = edit(a, b, 5)
    if changed == Edit.MORE:
        return 1 if (a ^ b) & 0x7FFF else 2
    return 4 if changed == Edit.NONE else 3


def organization_name_level(one: Row, other: Row) -> int:
    """Organization names: identical, the same core under another or no legal form, nearly the same, alike."""
    if not (one[Lane.NAME] and other[Lane.NAME]):
        return 0
    if one[Lane.NAME] == other[Lane.NAME]:
        return 6
    if one[Lane.KEY] == other[Lane.KEY]:
        form, another = one[Lane.SURNAME], other[Lane.SURNAME]
        # A form that one side leaves out speaks neither for nor against.
        return 5 if form == another or form == 0 or another == 0 else 4
    a, b, c, d = one[Lane.SOUND], one[Lane.SOUND_2], other[Lane.SOUND], other[Lane.SOUND_2]
    # One character changes at most two bigrams into two others.
    if ones(a ^ c) + ones(b ^ d) <= 4 and min(ones(a) + ones(b), ones(c) + ones(d)) >= 5:
        return 3
    return 2 if overlap(one, other, Lane.SOUND) >= 0.7 else 1
