"""
Values as numbers of 64 bits: what the matcher computes with.

A short value is a run of *codes* packed into one number, the first in the lowest bits; 0 is no code, so that a number
tells where its value ends. Whether two are one edit apart is then a handful of operations on whole arrays. A longer
value is a hash. In every number 0 means missing.

Source: the finalizer of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BASE",
    "FIRST",
    "MASK",
    "SECOND",
    "Edit",
    "Lane",
    "Lanes",
    "Row",
    "digits",
    "edit",
    "mix",
    "mix_array",
    "ones",
    "pack",
    "running",
    "symbols",
    "text_hash",
]

Lanes = NDArray[np.uint64]
"""Records or one side of pairs, a row each: shape (rows, ``len(Lane)``)."""

Row = Sequence[int]
"""One record: its numbers in the order of `Lane`."""

MASK = (1 << 64) - 1
BASE = 0x9E3779B97F4A7C15  # odd, so that multiplying by it loses nothing

FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # multipliers of the finalizer


class Lane(enum.IntEnum):
    """
    The numbers of a record.

    Of a person / of an organization, where these differ:

    * ``FLAGS``: bits 0 to 1 the sex (1, 2), 2 whether the name is Han, 3 whether it is longer than four characters, 4
      whether the number in ``ID`` is valid, 5 whether that in ``DOCUMENT`` identifies one party, 8 to 15 a hash of what
      ``ID`` leaves out of its number;
    * ``NAME``, ``KEY``: hash of the standard name, and of its form without script and separators / of the core;
    * ``CHARS``: the first four characters of a Han key at 16 bits, the first twelve letters of Latin given names at 5 /
      the first four characters of the core;
    * ``SYLLABLES``: ids of the usual syllables of a Han key at 16 bits, of a long one its last four characters; the first
      twelve letters of a Latin surname at 5 / the last four characters of the core;
    * ``SOUND``, ``SOUND_2``, ``SOUND_3``: hashes of the letters in every likely reading or order / the bigrams of the core;
    * ``WORDS``: hash of the words of a Latin name in any order;
    * ``FAMILIAR``: hash of a Latin name with a familiar given name as the full one;
    * ``SURNAME``: hash of the surname / of the legal form;
    * ``ID``: a resident ID without century and check character, at 4 bits / an organization code at 6 bits;
    * ``DOCUMENT``, ``DOCUMENT_2``, ``DOCUMENT_3``: hashes of other numbers, an identifying one in the first;
    * ``NUMBER``: the first ten characters of the first of these at 6 bits;
    * ``PHONE``: digits at 4 bits; ``EMAIL``, ``MAILBOX``: hash of the address, first ten characters of its mailbox at 6 bits;
    * ``BORN``: the birth date, yyyymmdd at 4 bits; ``REGION``: the division or postcode, six digits at 4 bits;
    * ``ADDRESS``: hash of the address; ``PLACE``, ``PLACE_2``: its bigrams; ``HOUSE``: its numbers, each as one bit.
    """

    FLAGS = 0
    NAME = 1
    KEY = 2
    CHARS = 3
    SYLLABLES = 4
    SOUND = 5
    SOUND_2 = 6
    SOUND_3 = 7
    WORDS = 8
    FAMILIAR = 9
    SURNAME = 10
    ID = 11
    DOCUMENT = 12
    DOCUMENT_2 = 13
    DOCUMENT_3 = 14
    NUMBER = 15
    PHONE = 16
    EMAIL = 17
    MAILBOX = 18
    BORN = 19
    REGION = 20
    ADDRESS = 21
    PLACE = 22
    PLACE_2 = 23
    HOUSE = 24


class Edit(enum.IntEnum):
    """How two packed values differ."""

    NONE = 0
    SUBSTITUTION = 1
    TRANSPOSITION = 2
    INDEL = 3
    MORE = 4


def mix(value: int) -> int:
    """*value* with its bits mixed; a one-to-one mapping of 64-bit numbers."""
    value = ((value ^ (value >> 30)) * FIRST) & MASK
    value = ((value ^ (value >> 27)) * SECOND) & MASK
    return value ^ (value >> 31)


_mixed_point = lru_cache(1 << 15)(mix)
"""`mix` of a character, of which a file has some thousands."""


def mix_array(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`mix` of each number."""
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(FIRST)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(SECOND)
    return mixed ^ (mixed >> np.uint64(31))


def ones(value: int) -> int:
    """How many bits of *value* are set."""
    return value.bit_count()


def running(text: str) -> int:
    """
    The hash of *text* before its last mixing, so that it can go on: that of ``a + b`` is that of *a* times ``BASE`` to
    the length of *b*, plus that of *b*.
    """
    found = 0
    for point in map(ord, text):
        found = (found * BASE + _mixed_point(point)) & MASK
    return found


def text_hash(text: str) -> int:
    """A hash of *text*, the same on every machine; 0 for the empty text only."""
    return (mix(running(text)) or 1) if text else 0


def pack(codes: Iterable[int], bits: int) -> int:
    """*codes* of *bits* bits each as one number, the first in the lowest bits; what does not fit is left out."""
    found = 0
    for place, code in zip(range(0, 64 - bits + 1, bits), codes, strict=False):
        found |= code << place
    return found


def digits(text: str) -> int:
    """The digits of *text* at 4 bits, fifteen at most."""
    return pack((ord(c) - 47 for c in text[:15] if "0" <= c <= "9"), 4)


_SYMBOLS = {character: at for at, character in enumerate("abcdefghijklmnopqrstuvwxyz0123456789", start=1)}


def symbols(text: str, bits: int = 6) -> int:
    """The letters and digits of *text*, case aside, at 6 bits; with 5 bits its letters."""
    most = 64 // bits
    return pack((_SYMBOLS[c] for c in text.lower()[: 4 * most] if c in _SYMBOLS and _SYMBOLS[c] < 1 << bits), bits)


def edit(left: int, right: int, bits: int) -> Edit:
    """
    How two packed values differ, of codes of *bits* bits: 4 codes at 16 bits, 12 at 5, 10 at 6 or 16 at 4.

    Cost: a microsecond.
    """
    if left == right:
        return Edit.NONE
    differing, code = left ^ right, (1 << bits) - 1
    first = ((differing & -differing).bit_length() - 1) // bits * bits
    last = (differing.bit_length() - 1) // bits * bits
    here, there = left >> first & code, right >> first & code
    if first == last and here and there:
        return Edit.SUBSTITUTION
    if last == first + bits and here and there and here == right >> last & code and there == left >> last & code:
        return Edit.TRANSPOSITION
    below = (1 << first) - 1
    if (left & below) | (left >> bits & ~below) == right or (right & below) | (right >> bits & ~below) == left:
        return Edit.INDEL
    return Edit.MORE
