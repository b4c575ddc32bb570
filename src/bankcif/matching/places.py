"""
Addresses as numbers: which pairs of characters and which numbers an address holds.

Every bigram is one bit of 128, every number one of 64; whether two addresses are alike is then a count of bits. Words
that people change or leave out (号, 幢, 栋, 室) are no part of it, nor are spaces and marks.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..wording import is_han, simplify
from .lanes import BASE, MASK, Lane, mix

__all__ = ["COUNTED", "DIGIT", "DROPPED", "UNKNOWN", "bigram_bits", "character_tables", "place_lanes"]

_PLANE = 1 << 16
_LEFT_OUT = frozenset("号幢栋座室房楼层弄")
DROPPED, DIGIT, COUNTED, UNKNOWN = range(4)


def place_lanes(text: str) -> dict[Lane, int]:
    """The numbers of one address; empty if nothing of it counts."""
    total, place, house, previous, count, number = 0, 0, 0, 0, 0, ""
    for character in [*simplify(unicodedata.normalize("NFKC", text)).upper(), " "]:
        if "0" <= character <= "9":
            number += character
            continue
        if number:
            value = int(number[-1000:]) & MASK
            house |= 1 << (mix(value) & 63)
            count += 1
            total += mix((value * BASE + count) & MASK)
            number = ""
        if _counts(character):
            point = ord(character)
            mixed = _mixed_pair(previous, point)
            place |= 1 << (mixed & 127)
            total += mixed
            previous = point
    if not (place or house):
        return {}
    return {
        Lane.ADDRESS: mix(total & MASK) or 1, Lane.PLACE: place & MASK, Lane.PLACE_2: place >> 64, Lane.HOUSE: house,
    }  # fmt: skip


@lru_cache(1 << 16)
def _mixed_pair(one: int, other: int) -> int:
    return mix(one << 32 | other)


def bigram_bits(text: str) -> tuple[int, int]:
    """The bigrams of *text*, taken as it is, as two halves of 128 bits."""
    bits = 0
    for one, other in zip(f"\0{text}", text, strict=False):
        bits |= 1 << (_mixed_pair(ord(one), ord(other)) & 127)
    return bits & MASK, bits >> 64


def _counts(character: str) -> bool:
    return (is_han(character) or character.isalpha()) and character not in _LEFT_OUT


def _is_apart(character: str) -> bool:
    """Marks and Korean letters may become one with a neighbour; controls and private characters are looked at first."""
    return unicodedata.category(character)[0] in "MC" or 0x1100 <= ord(character) < 0x1200


@cache
def character_tables() -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """
    Of each character of the first plane: the one it counts as, and what that is: `DROPPED`, `DIGIT`, `COUNTED`, or, where only
    `place_lanes` can read it, `UNKNOWN`.
    """
    folded, kind = np.zeros(_PLANE, np.uint16), np.full(_PLANE, UNKNOWN, np.uint8)
    others = [chr(point) for point in (*range(0x3400), *range(0xA000, 0xD800), *range(0xF900, _PLANE))]
    single = [(one, form) for one in others if len(form := unicodedata.normalize("NFKC", one)) == 1]
    for (one, _), simple in zip(single, simplify("".join(form for _, form in single)), strict=True):
        form = simple.upper()
        if len(form) == 1 and ord(form) < _PLANE and not (_is_apart(one) or _is_apart(form)):
            folded[ord(one)] = ord(form)
            kind[ord(one)] = DIGIT if "0" <= form <= "9" else COUNTED if _counts(form) else DROPPED
    # Unified Han characters are no other's form but their own.
    han = [point for point in range(0x3400, 0xA000) if unicodedata.category(chr(point))[0] not in "MC"]
    for point, form in zip(han, simplify("".join(map(chr, han))), strict=True):
        if ord(form) < _PLANE:
            folded[point] = ord(form)
            kind[point] = COUNTED if is_han(form) and form not in _LEFT_OUT else DROPPED
    return folded, kind
