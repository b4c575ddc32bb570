"""
What is plainly written in a column, read all at once: for each field the texts whose outcome can be told by their characters.

What these functions leave is read text by text; what they take comes to the same numbers as it would there.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..identifiers import Texts, check_characters
from ..wording import FILLER_WORDS, titles
from .features import OLDEST
from .lanes import BASE, Lane, finished, mix, text_hash
from .places import places
from .sounds import LONGEST_HAN, compound_codes, han_lanes, name_tables

__all__ = [
    "Plain",
    "hashed",
    "is_after",
    "is_broken",
    "joined",
    "packed_digits",
    "plain_addresses",
    "plain_dates",
    "plain_emails",
    "plain_names",
    "plain_phones",
    "plain_regions",
    "upgraded",
]

Numbers = dict[Lane, NDArray[np.uint64]]
Plain = tuple[NDArray[np.int64], Numbers]
"""Rows that are plainly written, and their numbers."""

_SHORTEST_ADDRESS = 7  # no filler is longer, but for those in plain letters
_LONGEST_ADDRESS = 200
_MOST_MAIL = 48
_FIRST_YEAR, _LAST_YEAR = 1901, 2100


def joined(one: Plain, other: Plain) -> Plain:
    return np.concatenate((one[0], other[0])), {
        lane: np.concatenate((values, other[1][lane])) for lane, values in one[1].items()
    }


def is_broken(characters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which rows are neither one character repeated nor a run of digits: those may be fillers."""
    step = np.abs(np.diff(characters.astype(np.int16), axis=1))
    found: NDArray[np.bool_] = np.any((step > 1) & (step < 9), axis=1)
    return found


def upgraded(characters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Numbers of fifteen digits as eighteen characters. Source: GB 11643-1999, as `identifiers.cn` has it."""
    century = np.broadcast_to(np.frombuffer(b"19", np.uint8), (len(characters), 2))
    first = np.concatenate((characters[:, :6], century, characters[:, 6:]), axis=1)
    return np.concatenate((first, check_characters(first)[:, None]), axis=1)


def packed_digits(characters: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Digits as codes of 4 bits."""
    found = np.zeros(len(characters), np.uint64)
    for at in range(characters.shape[1]):
        found |= (characters[:, at].astype(np.uint64) - np.uint64(47)) << np.uint64(4 * at)
    return found


@cache
def _mixed_bytes() -> NDArray[np.uint64]:
    return np.array([mix(point) for point in range(256)], np.uint64)


def hashed(characters: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The hash of each row of ASCII characters, as `text_hash` makes it."""
    found = np.zeros(len(characters), np.uint64)
    for at in range(characters.shape[1]):
        found = found * np.uint64(BASE) + _mixed_bytes()[characters[:, at]]
    return finished(found)


def is_after(years: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which years, of four digits, lie behind the oldest that counts."""
    value = (years.astype(np.int64) - 48) @ np.array([1000, 100, 10, 1])
    found: NDArray[np.bool_] = value > int(OLDEST)
    return found


@cache
def _fillers() -> NDArray[np.uint64]:
    """Fillers of plain Han characters, as they may stand in a name."""
    plain = name_tables().plain
    words = [
        word
        for word in FILLER_WORDS
        if len(word) <= LONGEST_HAN and all(ord(c) < len(plain) and plain[ord(c)] for c in word)
    ]
    return np.array(sorted(map(_code_of, words)), np.uint64)


def _code_of(text: str) -> int:
    return sum(ord(character) << 16 * at for at, character in enumerate(text[:LONGEST_HAN]))


def plain_names(texts: Texts) -> Plain:
    """Names of two to four plain Han characters without compound surname or title."""
    tables = name_tables()
    lengths = np.diff(texts.offsets)
    rows = np.flatnonzero((lengths == 6) | (lengths == 9) | (lengths == 12))
    size = lengths[rows] // 3
    characters = np.zeros((len(rows), LONGEST_HAN), np.uint16)
    good = np.ones(len(rows), np.bool_)
    start = texts.offsets[rows]
    last = max(len(texts.data) - 1, 0)
    for at in range(LONGEST_HAN if len(rows) else 0):
        there = size > at
        first, second, third = (
            texts.data[np.minimum(start + 3 * at + part, last)].astype(np.uint32) for part in range(3)
        )
        point = (first & 0xF) << 12 | (second & 0x3F) << 6 | (third & 0x3F)
        plain = (first >> 4 == 0xE) & tables.plain[point & 0xFFFF]
        good &= plain | ~there
        characters[:, at] = np.where(there & plain, point, 0)
    code = np.zeros(len(rows), np.uint64)
    for at in range(LONGEST_HAN):
        code |= characters[:, at].astype(np.uint64) << np.uint64(16 * at)
    key = tables.simple[characters].astype(np.uint32)
    good &= ~np.isin(key[:, 0] << np.uint32(16) | key[:, 1], compound_codes())
    good &= ~np.isin(code, _fillers())
    at_end = code >> (np.maximum(size - 2, 0).astype(np.uint64) * np.uint64(16))
    good &= ~np.isin(at_end, np.array([_code_of(title) for title in titles()], np.uint64))
    # One character four times is a filler in any field.
    good &= ~((size == LONGEST_HAN) & (characters == characters[:, :1]).all(axis=1))
    return rows[good], han_lanes(characters[good], size[good])


def plain_phones(texts: Texts) -> Plain:
    """Mobiles of eleven digits that are no sample; one digit too many or too few makes none at all."""
    rows, characters = texts.of_length(11)
    good = _mobile(characters)
    good &= ~(characters[:, 4:] == characters[:, 3:4]).all(axis=1)
    # Whole numbers and endings that people give who give none, runs among them, rise or fall at every step.
    step = np.diff(characters[:, 4:].astype(np.int16), axis=1)
    good &= ~((step == 1) | (step == 0) | (step == -1)).all(axis=1)
    good &= (characters[:, 3:] != np.frombuffer(b"00138000", np.uint8)).any(axis=1)
    rows, characters = rows[good], characters[good]
    country = np.broadcast_to(np.frombuffer(b"86", np.uint8), (len(rows), 2))
    numbers = packed_digits(np.concatenate((country, characters), axis=1))
    none = [found[_mobile(written)] for found, written in map(texts.of_length, (10, 12))]
    missing = np.concatenate(none)
    return np.concatenate((rows, missing)), {Lane.PHONE: np.concatenate((numbers, np.zeros(len(missing), np.uint64)))}


def _mobile(characters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which rows are digits that begin as mobiles do; 17 is left, since a carrier's prefix begins so too."""
    digits = ((characters >= 48) & (characters <= 57)).all(axis=1)
    begins = (characters[:, 0] == ord("1")) & (characters[:, 1] >= ord("3"))
    found: NDArray[np.bool_] = digits & begins & ((characters[:, 1] != ord("7")) | (characters.shape[1] == 11))
    return found


def plain_dates(texts: Texts) -> Plain:
    """Days as yyyymmdd or yyyy-mm-dd."""
    found: list[tuple[NDArray[np.int64], NDArray[np.uint8]]] = []
    rows, characters = texts.of_length(8)
    found.append((rows, characters))
    rows, characters = texts.of_length(10)
    dashed = (characters[:, 4] == ord("-")) & (characters[:, 7] == ord("-"))
    found.append((rows[dashed], characters[dashed][:, [0, 1, 2, 3, 5, 6, 8, 9]]))
    rows = np.concatenate([one for one, _ in found])
    characters = np.concatenate([one for _, one in found])
    digits = ((characters >= 48) & (characters <= 57)).all(axis=1)
    year, month, day = (
        _value(characters[:, start:stop]) for start, stop in ((0, 4), (4, 6), (6, 8))
    )  # fmt: skip
    inside = digits & (year >= _FIRST_YEAR) & (year < _LAST_YEAR) & (month <= 12) & (day <= 31)
    place = np.where(inside, ((year - _FIRST_YEAR) * 13 + month) * 32 + day, 0)
    good = inside & _days()[place]
    return rows[good], {Lane.BORN: packed_digits(characters[good])}


def _value(digits: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The number that each row of ASCII digits writes."""
    found = np.zeros(len(digits), np.int32)
    for at in range(digits.shape[1]):
        found = found * np.int32(10) + (digits[:, at].astype(np.int32) - np.int32(48))
    return found


@cache
def _days() -> NDArray[np.bool_]:
    """
    Of every place (year, month, day), whether it is a day that may be read as a birth date; days that systems write for none are
    left out.
    """
    days = np.arange(f"{_FIRST_YEAR}-01-01", f"{_LAST_YEAR}-01-01", dtype="datetime64[D]")
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    found = np.zeros((_LAST_YEAR - _FIRST_YEAR) * 13 * 32 + 13 * 32, np.bool_)
    found[((years - _FIRST_YEAR) * 13 + months) * 32 + day] = True
    found[((1970 - _FIRST_YEAR) * 13 + 1) * 32 + 1] = False
    return found


def plain_regions(texts: Texts) -> Plain:
    rows, characters = texts.of_length(6)
    good = ((characters >= 48) & (characters <= 57)).all(axis=1)
    return rows[good], {Lane.REGION: packed_digits(characters[good])}


@cache
def _mail_kinds() -> NDArray[np.uint8]:
    """1 for what may stand anywhere in a plain address, 2 for @, 3 for a dot; 0 for everything else."""
    kinds = np.zeros(256, np.uint8)
    for character in b"abcdefghijklmnopqrstuvwxyz0123456789":
        kinds[character] = 1
    kinds[ord("@")], kinds[ord(".")] = 2, 3
    return kinds


def plain_emails(texts: Texts) -> Plain:
    """Addresses of lower-case letters, digits and single dots, whose last label begins with a letter."""
    lengths = np.diff(texts.offsets)
    rows = np.flatnonzero((lengths >= 8) & (lengths <= _MOST_MAIL))
    length = lengths[rows]
    width = int(length.max(initial=1))
    characters = np.zeros((len(rows), width), np.uint8)
    inside = np.arange(width) < length[:, None]
    if len(rows):
        places_ = np.minimum(texts.offsets[rows][:, None] + np.arange(width), len(texts.data) - 1)
        characters = np.where(inside, texts.data[places_], 0).astype(np.uint8)
    kinds = _mail_kinds()[characters]
    good = ((kinds != 0) | ~inside).all(axis=1) & ((kinds == 2).sum(axis=1) == 1)
    # No dot or @ beside another, at the beginning or at the end; and a dot in the domain.
    mark = np.pad(kinds >= 2, ((0, 0), (1, 0)), constant_values=True)
    ends = np.pad((kinds >= 2) | ~inside, ((0, 0), (0, 1)), constant_values=True)
    good &= ~(mark & ends).any(axis=1)
    at = np.argmax(kinds == 2, axis=1)
    last_dot = width - 1 - np.argmax((kinds == 3)[:, ::-1], axis=1)
    good &= (kinds == 3).any(axis=1) & (last_dot > at)
    first = characters[np.arange(len(rows)), np.minimum(last_dot + 1, width - 1)]
    good &= first >= ord("a")
    found = np.zeros(len(rows), np.uint64)
    for place in range(width):
        there = length > place
        found = np.where(there, found * np.uint64(BASE) + _mixed_bytes()[characters[:, place]], found)
    found = finished(found)
    good &= ~np.isin(found, np.array([text_hash(word) for word in FILLER_WORDS if "@" in word], np.uint64))
    return rows[good], {Lane.EMAIL: found[good], Lane.MAILBOX: _mailboxes(characters[good], at[good])}


def _mailboxes(characters: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The first ten letters and digits before the @ at 6 bits."""
    found, filled = np.zeros(len(characters), np.uint64), np.zeros(len(characters), np.uint64)
    ten = np.uint64(60)
    for place in range(min(characters.shape[1], 40)):
        character = characters[:, place].astype(np.uint64)
        letter, digit = character >= ord("a"), (character >= 48) & (character <= 57)
        code = np.where(letter, character - np.uint64(96), character - np.uint64(21))
        taken = (letter | digit) & (at > place) & (filled < ten)
        found = np.where(taken, found | code << np.minimum(filled, np.uint64(54)), found)
        filled += np.where(taken, np.uint64(6), np.uint64(0))
    return found


def plain_addresses(texts: Texts) -> Plain:
    """Addresses that are long enough to be no filler and hold plain characters only."""
    start, end = int(texts.offsets[0]), int(texts.offsets[-1])
    data = texts.data[start:end]
    points = np.frombuffer(data.tobytes().decode("utf-8", "replace").encode("utf-32-le"), np.uint32)
    begins = np.concatenate(([0], np.cumsum((data & 0xC0) != 0x80)))
    offsets = begins[texts.offsets - start].astype(np.int64)
    if offsets[-1] != len(points):  # not UTF-8: text by text
        return np.zeros(0, np.int64), {}
    numbers, unread = places(points, offsets)
    length = np.diff(offsets)
    ascii_only = np.diff(texts.offsets) == length
    rows = np.flatnonzero(
        ~unread & (length >= _SHORTEST_ADDRESS) & (length <= _LONGEST_ADDRESS) & ~(ascii_only & (length < 14))
    )
    return rows, {lane: values[rows] for lane, values in numbers.items()}
