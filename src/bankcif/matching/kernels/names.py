"""
Names that are plainly written, read from the bytes of a column: two to four Han characters, or words of plain letters.

What is read here comes to the numbers that `name_lanes` gives; what is left is read text by text.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...identifiers import Texts
from ...wording import FILLER_WORDS, HONORIFICS, PARTICLES, compound_surnames, full_given_names, titles
from ..lanes import BASE, Lane, mix, text_hash
from ..sounds import LONGEST_HAN, name_tables
from .compiling import compiled, place_in
from .hashing import finished, hash_of

__all__ = ["read_names"]

_U: Any = np.uint64
_BASE = _U(BASE)
_ONE = _U(1)
_MOST_SOUNDS = 3
_LONGEST_LATIN, _MOST_WORDS = 60, 8
_MOST_LETTERS = 12  # of a given name or a surname, at 5 bits


def read_names(texts: Texts, out: NDArray[np.uint64], rest: NDArray[np.bool_]) -> None:
    """
    Reads the names that are plainly written.

    Args:
        texts: The names.
        out: The records, a row for each name; its numbers are written there.
        rest: Which names are to be read; those that were are taken out.
    """
    tables = name_tables()
    characters = (tables.plain, tables.simple, tables.usual)
    sounds = (tables.spoken, tables.sound, tables.power)
    _read_names(texts.data, texts.offsets, characters, sounds, _han_words(), _latin_words(), out, rest)


@cache
def _han_words() -> tuple[NDArray[np.uint64], ...]:
    """Compound surnames, fillers and titles, each as one number, ascending."""
    plain = name_tables().plain
    fillers = [word for word in FILLER_WORDS if len(word) <= LONGEST_HAN]
    fillers = [word for word in fillers if all(ord(c) < len(plain) and plain[ord(c)] for c in word)]
    return tuple(_ascending(map(_code_of, words)) for words in (compound_surnames(), fillers, titles()))


def _code_of(text: str) -> int:
    return sum(ord(character) << 16 * at for at, character in enumerate(text[:LONGEST_HAN]))


@cache
def _latin_words() -> tuple[NDArray[np.uint64], ...]:
    """Hashes of honorifics, of particles and of familiar given names, ascending; and of the full ones of these."""
    familiar = sorted((text_hash(form), text_hash(full)) for form, full in full_given_names().items())
    return (
        _ascending(map(text_hash, HONORIFICS)), _ascending(map(text_hash, PARTICLES)),
        *(np.array([pair[side] for pair in familiar], np.uint64) for side in (0, 1)),
    )  # fmt: skip


def _ascending(numbers: Iterable[int]) -> NDArray[np.uint64]:
    return np.array(sorted(numbers), np.uint64)


@compiled
def _read_names(
    data: Any, offsets: Any, characters: Any, sounds: Any, han_words: Any, latin_words: Any, out: Any, rest: Any
) -> None:
    name, key = np.zeros(LONGEST_HAN, np.int64), np.zeros(LONGEST_HAN, np.int64)
    letters, bounds = np.zeros(_LONGEST_LATIN, np.uint8), np.zeros(_MOST_WORDS + 1, np.int64)
    for row in range(len(rest)):
        if not rest[row]:
            continue
        start, stop = offsets[row], offsets[row + 1]
        if data[start] >= 0xE0:
            size = _han_characters(data, start, stop, characters, han_words, name, key)
            if size:
                _fill_han(name, key, size, characters[2], sounds, out[row])
                rest[row] = False
        else:
            words = _latin_letters(data, start, stop, letters, bounds)
            if words >= 2:
                rest[row] = not _fill_latin(data, start, stop, letters, bounds, words, latin_words, out[row])


@compiled
def _han_characters(data: Any, start: int, stop: int, tables: Any, words: Any, name: Any, key: Any) -> int:
    """How many plain Han characters a name consists of, written to *name* and in their simplified form to *key*; 0 if it is none."""
    plain, simple, _ = tables
    compounds, fillers, at_end = words
    size = (stop - start) // 3
    if (stop - start) % 3 or size < 2 or size > LONGEST_HAN:
        return 0
    code = _U(0)
    for at in range(size):
        first, second, third = data[start + 3 * at], data[start + 3 * at + 1], data[start + 3 * at + 2]
        point = (first & 0xF) << 12 | (second & 0x3F) << 6 | (third & 0x3F)
        if first >> 4 != 0xE or second >> 6 != 2 or third >> 6 != 2 or not plain[point]:
            return 0
        name[at], key[at] = point, simple[point]
        code |= _U(point) << _U(16 * at)
    if place_in(_U(key[0]) | _U(key[1]) << _U(16), compounds) >= 0 or place_in(code, fillers) >= 0:
        return 0
    if place_in(code >> _U(16 * (size - 2)), at_end) >= 0:
        return 0
    # One character four times is a filler in any field.
    same = size == LONGEST_HAN and name[0] == name[1] and name[0] == name[2] and name[0] == name[3]
    return 0 if same else size


@compiled
def _fill_han(name: Any, key: Any, size: int, syllables: Any, sounds: Any, row: Any) -> None:
    written, plain = _U(0), _U(0)
    chars, spoken = _U(0), _U(0)
    for at in range(size):
        written = written * _BASE + mix(_U(name[at]))
        plain = plain * _BASE + mix(_U(key[at]))
        chars |= _U(key[at]) << _U(16 * at)
        spoken |= _U(syllables[key[at]]) << _U(16 * at)
    row[Lane.NAME], row[Lane.KEY], row[Lane.SURNAME] = finished(written), finished(plain), finished(mix(_U(key[0])))
    row[Lane.CHARS], row[Lane.SYLLABLES] = chars, spoken
    row[Lane.FLAGS] |= _U(4)
    first = Lane.SOUND + 0
    row[first] = finished(_said(key, size, sounds, 0, 0))
    found = 1
    # The usual sound; then, character after character, one of them read otherwise.
    for at in range(size):
        for other in range(1, _MOST_SOUNDS):
            if sounds[0][min(at, 1), other, key[at]] == 0 or found == _MOST_SOUNDS:
                continue
            value = finished(_said(key, size, sounds, at, other))
            if value != row[first] and (found == 1 or value != row[first + 1]):
                row[first + found] = value
                found += 1


@compiled
def _said(key: Any, size: int, sounds: Any, at: int, other: int) -> Any:
    """The running hash of a name's letters, with the character *at* in its reading number *other* and all in their usual."""
    spoken, sound, power = sounds
    found = _U(0)
    for place in range(size):
        number = spoken[min(place, 1), other if place == at else 0, key[place]]
        if number:
            found = found * power[number] + sound[number]
        else:  # a character without a reading stands for itself
            found = found * _BASE + mix(_U(key[place]))
    return found


@compiled
def _latin_letters(data: Any, start: int, stop: int, letters: Any, bounds: Any) -> int:
    """How many words of plain letters a name consists of, one space between two; 0 if it is none. Their letters go to *letters*."""
    if stop - start > _LONGEST_LATIN:
        return 0
    words = filled = 0
    inside = False
    for at in range(start, stop):
        letter = data[at] | 0x20
        if ord("a") <= letter <= ord("z"):
            if not inside:
                if words == _MOST_WORDS:
                    return 0
                bounds[words] = filled
                words += 1
            letters[filled] = letter
            filled += 1
            inside = True
        elif data[at] == ord(" ") and inside and at + 1 < stop:
            inside = False
        else:
            return 0
    bounds[words] = filled
    return words


@compiled
def _fill_latin(
    data: Any, start: int, stop: int, letters: Any, bounds: Any, words: int, known: Any, row: Any
) -> bool:  # fmt: skip
    """Whether a name of *words* words has neither honorific nor particle; then its numbers are written."""
    honorifics, particles, familiar, full = known
    total = fullest = _U(0)
    last = _U(0)
    for word in range(words):
        last = hash_of(letters, bounds[word], bounds[word + 1])
        if (word == 0 and place_in(last, honorifics) >= 0) or (0 < word < words - 1 and place_in(last, particles) >= 0):
            return False
        total += last
        at = place_in(last, familiar) if word < words - 1 else -1
        fullest += full[at] if at >= 0 else last
    size, surname = bounds[words], bounds[words - 1]
    row[Lane.NAME], row[Lane.KEY], row[Lane.SURNAME] = hash_of(data, start, stop), hash_of(letters, 0, size), last
    row[Lane.WORDS] = total if total != _U(0) else _ONE
    row[Lane.FAMILIAR] = fullest if fullest != _U(0) else _ONE
    row[Lane.CHARS], row[Lane.SYLLABLES] = _packed(letters, 0, surname), _packed(letters, surname, size)
    # As it is written; with the last word in front; with the first word behind.
    first = Lane.SOUND + 0
    found = 0
    for begin in (0, surname, bounds[1]):
        value = _said_from(letters, size, begin)
        if found == 0 or (value != row[first] and (found == 1 or value != row[first + 1])):
            row[first + found] = value
            found += 1
    return True


@compiled
def _packed(letters: Any, start: int, stop: int) -> Any:
    found = _U(0)
    for at in range(start, min(stop, start + _MOST_LETTERS)):
        found |= _U(letters[at] - 96) << _U(5 * (at - start))
    return found


@compiled
def _said_from(letters: Any, size: int, begin: int) -> Any:
    """The hash of all letters from *begin* on, the others behind; v as u, and the y of lyu left out, as passports have it."""
    found = _U(0)
    before = 0
    for at in range(size):
        place = begin + at
        letter = letters[place - size if place >= size else place]
        behind = letters[place + 1 - size if place + 1 >= size else place + 1]
        if not (
            letter == ord("y") and before == ord("l") and at + 1 < size and (behind == ord("u") or behind == ord("v"))
        ):
            found = found * _BASE + mix(_U(ord("u") if letter == ord("v") else letter))
        before = letter
    return finished(found)
