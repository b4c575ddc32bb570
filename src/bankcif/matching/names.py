"""Comparing names: of persons, whole or by part, and of organizations."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..wording import look_alikes
from ._levels import Column, Levels, Truth, any_equal, bits, both, one_equal, one_overlap, overlap
from .lanes import Edit, Lane, Lanes, Row, edit, edits

__all__ = ["LatinPart", "OrganizationNames", "PersonNames"]

_SOUNDS = (Lane.SOUND, Lane.SOUND_2, Lane.SOUND_3)


class PersonNames:
    """
    Personal names: by script and variant, sound, order of words, look, familiar form, one edit, surname.

    One edit, on characters, on syllables or on the letters of given name or surname, counts from three characters on: of
    two, it would be another name altogether.
    """

    best = Lane.NAME
    labels = (
        "missing", "different", "same surname or given name", "one edit", "look-alike or familiar", "same reading or order",
        "variant form", "identical",
    )  # fmt: skip

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        out = np.ones(len(left), dtype=np.uint8)
        surname = left[:, Lane.SURNAME]
        out[(surname == right[:, Lane.SURNAME]) & (surname != 0)] = 2
        han = ((left[:, Lane.FLAGS] | right[:, Lane.FLAGS]) & np.uint64(4)) != 0
        given = left[:, Lane.CHARS]
        out[(given == right[:, Lane.CHARS]) & (given != 0) & ~han] = 2
        same_key = left[:, Lane.KEY] == right[:, Lane.KEY]
        words = left[:, Lane.WORDS]
        sound = any_equal(left, right, _SOUNDS) | ((words == right[:, Lane.WORDS]) & (words != 0))
        rest = np.flatnonzero(~(same_key | sound))
        if rest.size:
            out[rest] = np.maximum(out[rest], _near_names(left[rest], right[rest]))
        out[sound] = 5
        out[same_key] = 6
        out[left[:, Lane.NAME] == right[:, Lane.NAME]] = 7
        out[~both(left[:, Lane.NAME], right[:, Lane.NAME])] = 0
        return out

    def level(self, one: Row, other: Row) -> int:
        if not (one[Lane.NAME] and other[Lane.NAME]):
            return 0
        if one[Lane.NAME] == other[Lane.NAME]:
            return 7
        if one[Lane.KEY] == other[Lane.KEY]:
            return 6
        if one_equal(one, other, _SOUNDS) or _agree(one, other, Lane.WORDS):
            return 5
        han, latin = one[Lane.FLAGS] & other[Lane.FLAGS] & 4, not (one[Lane.FLAGS] | other[Lane.FLAGS]) & 4
        near = _near_han_pair(one, other) if han else _near_latin_pair(one, other) if latin else 1
        if near == 1 and (_agree(one, other, Lane.SURNAME) or (latin and _agree(one, other, Lane.CHARS))):
            return 2
        return near


def _agree(one: Row, other: Row, lane: Lane) -> bool:
    return one[lane] != 0 and one[lane] == other[lane]


def _near_names(left: Lanes, right: Lanes) -> Levels:
    """3 or 4 where two names that differ are near each other, else 1."""
    out = np.ones(len(left), dtype=np.uint8)
    here, there = left[:, Lane.FLAGS], right[:, Lane.FLAGS]
    han, latin = (here & there & np.uint64(4)) != 0, ((here | there) & np.uint64(4)) == 0
    rows = np.flatnonzero(han)
    if rows.size:
        out[rows] = _near_han(left[rows], right[rows], ((here | there) & np.uint64(8))[rows] != 0)
    rows = np.flatnonzero(latin)
    if rows.size:
        out[rows] = _near_latin(left[rows], right[rows])
    return out


def _near_han(left: Lanes, right: Lanes, long: Truth) -> Levels:
    one, other = left[:, Lane.CHARS], right[:, Lane.CHARS]
    character = edits(one, other, 16)
    syllable = edits(left[:, Lane.SYLLABLES], right[:, Lane.SYLLABLES], 16)
    three, two = np.uint64(32), np.uint64(16)
    enough = ((one >> three != 0) & (other >> two != 0)) | ((other >> three != 0) & (one >> two != 0))
    near = (character != Edit.MORE) | (syllable != Edit.MORE)
    # Of a name longer than four characters, its beginning and its end stand in the two columns.
    both = (character != Edit.MORE) & (syllable != Edit.MORE) & ((character == 0) | (syllable == 0))
    out = np.where(enough & np.where(long, both, near), np.uint8(3), np.uint8(1))
    changed = np.flatnonzero((character == Edit.SUBSTITUTION) & ~long)
    if changed.size:
        out[changed[_look_alike(one[changed], other[changed])]] = 4
    return out


def _near_han_pair(one: Row, other: Row) -> int:
    """`_near_han` of one pair."""
    a, b = one[Lane.CHARS], other[Lane.CHARS]
    long = (one[Lane.FLAGS] | other[Lane.FLAGS]) & 8
    character = edit(a, b, 16)
    if character == Edit.SUBSTITUTION and not long and _is_look_alike(a, b):
        return 4
    if not ((a >> 32 and b >> 16) or (b >> 32 and a >> 16)):
        return 1
    found = {character, edit(one[Lane.SYLLABLES], other[Lane.SYLLABLES], 16)}
    if long:
        return 3 if Edit.NONE in found and Edit.MORE not in found else 1
    return 1 if found == {Edit.MORE} else 3


def _is_look_alike(one: int, other: int) -> bool:
    differing = one ^ other
    place = ((differing & -differing).bit_length() - 1) // 16 * 16
    low, high = sorted((one >> place & 0xFFFF, other >> place & 0xFFFF))
    return low << 16 | high in _alike_pairs()


@cache
def _alike_pairs() -> frozenset[int]:
    return frozenset(_alike().tolist())


def _look_alike(one: Column, other: Column) -> Truth:
    """Whether the one character in which names differ is known to be mistaken for the other by its look."""
    xor = one ^ other
    below = (xor & (~xor + np.uint64(1))) - np.uint64(1)
    place = np.bitwise_count(below).astype(np.uint64) // np.uint64(16) * np.uint64(16)
    a, b = one >> place & np.uint64(0xFFFF), other >> place & np.uint64(0xFFFF)
    pair = np.minimum(a, b) << np.uint64(16) | np.maximum(a, b)
    known = _alike()
    at = np.minimum(np.searchsorted(known, pair), len(known) - 1)
    found: Truth = known[at] == pair
    return found


@cache
def _alike() -> NDArray[np.uint64]:
    return np.array(sorted(ord(p[0]) << 16 | ord(p[1]) for p in look_alikes() if ord(max(p)) < 1 << 16), np.uint64)


def _near_latin(left: Lanes, right: Lanes) -> Levels:
    given = edits(left[:, Lane.CHARS], right[:, Lane.CHARS], 5)
    surname = edits(left[:, Lane.SYLLABLES], right[:, Lane.SYLLABLES], 5)
    ten = np.uint64(10)
    long = (left[:, Lane.CHARS] >> ten != 0) & (right[:, Lane.CHARS] >> ten != 0)
    out = np.where(long & (given != Edit.MORE) & (surname != Edit.MORE), np.uint8(3), np.uint8(1))
    familiar = left[:, Lane.FAMILIAR]
    out[(familiar == right[:, Lane.FAMILIAR]) & (familiar != 0)] = 4
    return out


def _near_latin_pair(one: Row, other: Row) -> int:
    """`_near_latin` of one pair."""
    if _agree(one, other, Lane.FAMILIAR):
        return 4
    if not (one[Lane.CHARS] >> 10 and other[Lane.CHARS] >> 10):
        return 1
    near = edit(one[Lane.CHARS], other[Lane.CHARS], 5) != Edit.MORE
    return 3 if near and edit(one[Lane.SYLLABLES], other[Lane.SYLLABLES], 5) != Edit.MORE else 1


class LatinPart:
    """The given name or the surname of a Latin name: equal, familiar form, one edit, same beginning."""

    labels = ("missing", "different", "same beginning", "one edit", "equal")

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.best: Lane | None = lane

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        a, b = left[:, self._lane], right[:, self._lane]
        changed = edits(a, b, 5)
        out = np.where(changed == Edit.NONE, np.uint8(4), np.where(changed == Edit.MORE, np.uint8(1), np.uint8(3)))
        three = np.uint64(0x7FFF)
        out[(changed == Edit.MORE) & ((a & three) == (b & three))] = 2
        out[~both(a, b)] = 0
        return out

    def level(self, one: Row, other: Row) -> int:
        a, b = one[self._lane], other[self._lane]
        if not (a and b):
            return 0
        changed = edit(a, b, 5)
        if changed == Edit.MORE:
            return 1 if (a ^ b) & 0x7FFF else 2
        return 4 if changed == Edit.NONE else 3


class OrganizationNames:
    """Organization names: identical, the same core under another or no legal form, nearly the same, alike."""

    best = Lane.NAME
    labels = ("missing", "different", "alike", "nearly the same", "same core", "same core and form", "identical")

    def levels(self, left: Lanes, right: Lanes) -> Levels:
        out = np.ones(len(left), dtype=np.uint8)
        same = left[:, Lane.KEY] == right[:, Lane.KEY]
        pairs = [(left[:, lane], right[:, lane]) for lane in (Lane.SOUND, Lane.SOUND_2)]
        out[overlap(pairs) >= 0.7] = 2
        # One character changes at most two bigrams into two others.
        changed = bits([a ^ b for a, b in pairs])
        fewest = np.minimum(bits([a for a, _ in pairs]), bits([b for _, b in pairs]))
        out[(changed <= 4) & (fewest >= 5)] = 3
        form, other = left[:, Lane.SURNAME], right[:, Lane.SURNAME]
        out[same] = 4
        # A form that one side leaves out speaks neither for nor against.
        out[same & ((form == other) | ~both(form, other))] = 5
        out[left[:, Lane.NAME] == right[:, Lane.NAME]] = 6
        out[~both(left[:, Lane.NAME], right[:, Lane.NAME])] = 0
        return out

    def level(self, one: Row, other: Row) -> int:
        if not (one[Lane.NAME] and other[Lane.NAME]):
            return 0
        if one[Lane.NAME] == other[Lane.NAME]:
            return 6
        if one[Lane.KEY] == other[Lane.KEY]:
            form, another = one[Lane.SURNAME], other[Lane.SURNAME]
            return 5 if form == another or not (form and another) else 4
        lanes = (Lane.SOUND, Lane.SOUND_2)
        changed = sum((one[lane] ^ other[lane]).bit_count() for lane in lanes)
        if changed <= 4 and min(sum(side[lane].bit_count() for lane in lanes) for side in (one, other)) >= 5:
            return 3
        return 2 if one_overlap(one, other, lanes) >= 0.7 else 1
