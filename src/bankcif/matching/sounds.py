"""
Names as numbers: characters, syllables and sounds.

The sound of a name is the hash of its letters in order, the surname first, with ü as u; a Latin name has one for each
order in which it may be written, so that 张伟国, Zhang Weiguo and Weiguo Zhang share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import attrs
import numpy as np
from numpy.typing import NDArray

from ..wording import (
    PersonName,
    full_given_name,
    is_han,
    reading_groups,
    readings,
    simplify,
    special_surnames,
    surname_readings,
)
from .lanes import BASE, MASK, Lane, mix, pack, running, symbols, text_hash

__all__ = [
    "LONGEST_HAN",
    "MOST_SOUNDS",
    "NameTables",
    "name_lanes",
    "name_tables",
    "sounds",
]

MOST_SOUNDS = 3
_PLANE = 1 << 16
LONGEST_HAN = 4


def _plain(letters: str) -> str:
    """*letters* with ü, spelled as v or as passports do after l, as u."""
    return letters.replace("v", "u").replace("lyu", "lu")


def sounds(name: PersonName) -> tuple[str, ...]:
    """
    The letters of a name in its likely readings or orders, at most three, the usual first.

    Of a Han name: every character in its usual reading; then, character after character, one of them in another.
    """
    if not name.han:
        return tuple(dict.fromkeys(map(_plain, name.readings)))[:MOST_SOUNDS]
    special = surname_readings(name.surname)
    options: list[tuple[str, ...]] = [special] if special else []
    options += [readings(c) or (c,) for c in (name.given if special else name.key)]
    usual = [option[0] for option in options]
    found = {_plain("".join(usual)): None}
    for at, option in enumerate(options):
        for other in option[1:3]:
            found[_plain("".join([*usual[:at], other, *usual[at + 1 :]]))] = None
    return tuple(found)[:MOST_SOUNDS]


def name_lanes(name: PersonName) -> dict[Lane, int]:
    """The numbers of one personal name."""
    found = {
        Lane.NAME: text_hash(name.standard),
        Lane.KEY: text_hash(name.key),
        Lane.SURNAME: text_hash(name.surname),
        **dict(zip((Lane.SOUND, Lane.SOUND_2, Lane.SOUND_3), map(text_hash, sounds(name)), strict=False)),
    }
    if name.han:
        found[Lane.CHARS] = pack(map(_code, name.key[:LONGEST_HAN]), 16)
        if len(name.key) > LONGEST_HAN:
            found[Lane.SYLLABLES] = pack(map(_code, name.key[-LONGEST_HAN:]), 16)
            found[Lane.FLAGS] = 0b1100
        else:
            found[Lane.SYLLABLES] = pack(map(_syllable, name.key), 16)
            found[Lane.FLAGS] = 0b100
    elif name.words:
        given, familiar = _given_words(name)
        found[Lane.CHARS] = symbols("".join(given), 5)
        found[Lane.SYLLABLES] = symbols(name.surname, 5)
        found[Lane.WORDS] = _of_words(name.words)
        found[Lane.FAMILIAR] = _of_words((*familiar, *([name.surname] if name.surname else [])))
    return found


def _given_words(name: PersonName) -> tuple[Sequence[str], Sequence[str]]:
    """The words of a Latin given name, and the same with familiar ones as full ones."""
    joined, given = "", []
    for word in name.words:
        if len(joined) >= len(name.given):
            break
        joined += word
        given.append(word)
    return given, [full_given_name(word) for word in given]


def _of_words(words: Sequence[str]) -> int:
    """A hash of *words* in whatever order."""
    return (sum(map(text_hash, words)) & MASK) or 1


def _code(character: str) -> int:
    """A character as 16 bits: itself, or, beyond the first plane, some of its bits."""
    point = ord(character)
    return point if point < _PLANE else (mix(point) & 0xFFFF) or 1


def _syllable(character: str) -> int:
    """The id of a character's usual syllable; of one without a reading, the character, which no syllable has for id."""
    spoken = readings(character)
    return _syllable_ids()[spoken[0]] if spoken else _code(character)


@cache
def _syllable_ids() -> dict[str, int]:
    found = {spoken[0] for spoken, characters in reading_groups() if any(map(is_han, characters))}
    return {syllable: at for at, syllable in enumerate(sorted(found), start=1)}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NameTables:
    """
    What is known of each character of the first plane, by code point, and of each syllable.

    Attributes:
        plain: Whether it is a Han character whose simplified form lies in the plane too.
        simple: Its simplified form.
        usual: Id of its usual syllable; of one without a reading, its code point.
        spoken: Its readings as numbers of letters, where it is a surname by itself and elsewhere, shape (2, 3, characters); 0
            where it has fewer.
        sound, power: Of each number of letters, their hash and their length as a power of the base.
    """

    plain: NDArray[np.bool_]
    simple: NDArray[np.uint16]
    usual: NDArray[np.uint16]
    spoken: NDArray[np.uint16]
    sound: NDArray[np.uint64]
    power: NDArray[np.uint64]


@cache
def name_tables() -> NameTables:
    """The tables; built once, some 50 ms."""
    points = [*range(0x3007, 0x3008), *range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)]
    plain, simple = np.zeros(_PLANE, np.bool_), np.zeros(_PLANE, np.uint16)
    simplified = np.array([ord(form) for form in simplify("".join(map(chr, points)))])
    inside = np.array(points)[simplified < _PLANE]
    plain[inside], simple[inside] = True, simplified[simplified < _PLANE]
    letters: dict[str, int] = {}
    usual, spoken = np.arange(_PLANE).astype(np.uint16), np.zeros((2, MOST_SOUNDS, _PLANE), np.uint16)
    ids = _syllable_ids()
    for said, characters in reading_groups():
        some = np.array([ord(character) for character in characters if ord(character) < _PLANE], np.int64)
        if some.size and said[0] in ids:
            usual[some] = ids[said[0]]
        for at, reading in enumerate(said[:MOST_SOUNDS]):
            spoken[:, at, some] = letters.setdefault(_plain(reading), len(letters) + 1)
    for surname, said in special_surnames().items():
        if len(surname) == 1:
            numbers = [letters.setdefault(_plain(reading), len(letters) + 1) for reading in said[:MOST_SOUNDS]]
            spoken[0, :, ord(surname)] = [*numbers, 0, 0][:MOST_SOUNDS]
    return NameTables(
        plain=plain, simple=simple, usual=usual, spoken=spoken,
        sound=np.array([0, *map(running, letters)], np.uint64),
        power=np.array([1, *(pow(BASE, len(one), MASK + 1) for one in letters)], np.uint64),
    )  # fmt: skip
