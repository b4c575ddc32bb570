"""
Addresses as numbers: which pairs of characters and which numbers an address holds, of one or of a whole column.

Every bigram is one bit of 128, every number one of 64; whether two addresses are alike is then a count of bits. Words
that people change or leave out (号, 幢, 栋, 室) are no part of it, nor are spaces and marks.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..wording import is_han, simplify
from .lanes import BASE, MASK, Lane, mix, mix_array

__all__ = ["bigram_bits", "place_lanes", "places"]

_PLANE = 1 << 16
_LEFT_OUT = frozenset("号幢栋座室房楼层弄")
_DROPPED, _DIGIT, _KEPT, _UNKNOWN = range(4)


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
            mixed = mix((previous << 32 | ord(character)) & MASK)
            place |= 1 << (mixed & 127)
            total += mixed
            previous = ord(character)
    if not (place or house):
        return {}
    return {
        Lane.ADDRESS: mix(total & MASK) or 1, Lane.PLACE: place & MASK, Lane.PLACE_2: place >> 64, Lane.HOUSE: house,
    }  # fmt: skip


def bigram_bits(text: str) -> tuple[int, int]:
    """The bigrams of *text*, taken as it is, as two halves of 128 bits."""
    bits = 0
    for one, other in zip(f"\0{text}", text, strict=False):
        bits |= 1 << (mix(ord(one) << 32 | ord(other)) & 127)
    return bits & MASK, bits >> 64


def _counts(character: str) -> bool:
    return (is_han(character) or character.isalpha()) and character not in _LEFT_OUT


@cache
def _folded() -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Of each character of the first plane: the one it counts as, and what that is."""
    folded, kind = np.zeros(_PLANE, np.uint16), np.full(_PLANE, _UNKNOWN, np.uint8)
    for point in range(_PLANE):
        if 0xD800 <= point < 0xE000:
            continue
        form = simplify(unicodedata.normalize("NFKC", chr(point))).upper()
        # Marks and Korean letters may become one with a neighbour; controls and private characters are looked at first.
        apart = unicodedata.category(chr(point))[0] in "MC" or 0x1100 <= point < 0x1200
        if len(form) != 1 or ord(form) >= _PLANE or apart:
            continue
        folded[point] = ord(form)
        kind[point] = _DIGIT if "0" <= form <= "9" else _KEPT if _counts(form) else _DROPPED
    return folded, kind


def places(
    points: NDArray[np.uint32], offsets: NDArray[np.int64]
) -> tuple[dict[Lane, NDArray[np.uint64]], NDArray[np.bool_]]:
    """
    `place_lanes` of many addresses.

    Args:
        points: Code points of all addresses.
        offsets: Where each begins, and the end of the last.

    Returns:
        The numbers, and which addresses hold a character that only `place_lanes` can read; theirs are not to be used.
    """
    count = len(offsets) - 1
    out = {lane: np.zeros(count, np.uint64) for lane in (Lane.ADDRESS, Lane.PLACE, Lane.PLACE_2, Lane.HOUSE)}
    folded, kinds = _folded()
    row = np.repeat(np.arange(count), np.diff(offsets))
    inside = points < _PLANE
    safe = np.where(inside, points, 0)
    kind = np.where(inside, kinds[safe], np.uint8(_UNKNOWN))
    unread = np.zeros(count, np.bool_)
    unread[row[kind == _UNKNOWN]] = True
    code = folded[safe].astype(np.uint64)
    total = _bigrams(out, row, code, np.flatnonzero(kind == _KEPT))
    total += _numbers(out, row, code, np.flatnonzero(kind == _DIGIT))
    some = (out[Lane.PLACE] | out[Lane.PLACE_2] | out[Lane.HOUSE]) != 0
    hashes = mix_array(total)
    hashes[hashes == 0] = 1
    out[Lane.ADDRESS][some] = hashes[some]
    return out, unread


def _bigrams(
    out: dict[Lane, NDArray[np.uint64]], row: NDArray[np.int64], code: NDArray[np.uint64], kept: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Sets the bits of bigrams; returns the sum of their hashes by row."""
    total = np.zeros(len(out[Lane.PLACE]), np.uint64)
    if not kept.size:
        return total
    rows, codes = row[kept], code[kept]
    starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
    previous = np.concatenate((np.zeros(1, np.uint64), codes[:-1]))
    previous[starts] = 0
    mixed = mix_array(previous << np.uint64(32) | codes)
    place = mixed & np.uint64(127)
    bit = np.uint64(1) << (place & np.uint64(63))
    high = place >= 64
    where = rows[starts]
    total[where] = np.add.reduceat(mixed, starts)
    out[Lane.PLACE][where] = np.bitwise_or.reduceat(np.where(high, np.uint64(0), bit), starts)
    out[Lane.PLACE_2][where] = np.bitwise_or.reduceat(np.where(high, bit, np.uint64(0)), starts)
    return total


def _numbers(
    out: dict[Lane, NDArray[np.uint64]], row: NDArray[np.int64], code: NDArray[np.uint64], digits: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Sets the bits of numbers; returns the sum of their hashes by row."""
    total = np.zeros(len(out[Lane.HOUSE]), np.uint64)
    if not digits.size:
        return total
    rows = row[digits]
    begins = np.concatenate(([True], (digits[1:] != digits[:-1] + 1) | (rows[1:] != rows[:-1])))
    starts = np.flatnonzero(begins)
    ends = np.concatenate((starts[1:], [len(digits)]))
    behind = np.repeat(ends, ends - starts) - np.arange(len(digits)) - 1
    powers = np.array([pow(10, n, MASK + 1) for n in range(int(behind.max()) + 1)], np.uint64)
    value = np.add.reduceat((code[digits] - np.uint64(48)) * powers[behind], starts)
    of_row = rows[starts]
    first = np.flatnonzero(np.concatenate(([True], of_row[1:] != of_row[:-1])))
    nth = np.arange(len(starts)) - np.repeat(first, np.diff(np.concatenate((first, [len(starts)])))) + 1
    bit = np.uint64(1) << (mix_array(value) & np.uint64(63))
    where = of_row[first]
    out[Lane.HOUSE][where] = np.bitwise_or.reduceat(bit, first)
    total[where] = np.add.reduceat(mix_array(value * np.uint64(BASE) + nth.astype(np.uint64)), first)
    return total
