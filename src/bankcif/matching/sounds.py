"""
Names as numbers: characters, syllables and sounds, of one name or of a whole column of Chinese ones.

The sound of a name is the hash of its letters in order, the surname first, with ü as u; a Latin name has one for each
order in which it may be written, so that 张伟国, Zhang Weiguo and Weiguo Zhang share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import attrs
import numpy as np
from numpy.typing import NDArray

from ..wording import PersonName, compound_surnames, full_given_name, is_han, readings, simplify, surname_readings
from .lanes import BASE, MASK, Lane, finished, mix, pack, running, symbols, text_hash

__all__ = [
    "LONGEST_HAN",
    "MOST_SOUNDS",
    "NameTables",
    "han_lanes",
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
    found = {spoken[0] for spoken in map(readings, _characters()) if spoken}
    return {syllable: at for at, syllable in enumerate(sorted(found), start=1)}


def _characters() -> list[str]:
    return [chr(point) for point in (*range(0x3007, 0x3008), *range(0x3400, 0xA000), *range(0x20000, 0x323B0))]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NameTables:
    """
    What is known of each character of the first plane, by code point.

    Attributes:
        plain: Whether it is a Han character whose simplified form lies in the plane too.
        simple: Its simplified form.
        mixed: Its share in a hash.
        syllable: Id of its usual syllable.
        sound, power: Hash and length (as a power of the base) of its letters, shape (3, characters); 0 where it has
            fewer readings.
        as_surname, surname_power: The same where it is a surname by itself.
    """

    plain: NDArray[np.bool_]
    simple: NDArray[np.uint16]
    mixed: NDArray[np.uint64]
    syllable: NDArray[np.uint64]
    sound: NDArray[np.uint64]
    power: NDArray[np.uint64]
    as_surname: NDArray[np.uint64]
    surname_power: NDArray[np.uint64]


@cache
def name_tables() -> NameTables:
    """The tables; built once, some 0.1 s."""
    points = [p for p in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), 0x3007) if is_han(chr(p))]
    plain = np.zeros(_PLANE, np.bool_)
    simple = np.zeros(_PLANE, np.uint16)
    mixed = np.zeros(_PLANE, np.uint64)
    syllable = np.zeros(_PLANE, np.uint64)
    shape = (3, _PLANE)
    sound, power = np.zeros(shape, np.uint64), np.ones(shape, np.uint64)
    as_surname, surname_power = np.zeros(shape, np.uint64), np.ones(shape, np.uint64)
    for point, simplified in zip(points, simplify("".join(map(chr, points))), strict=True):
        mixed[point] = mix(point)
        if ord(simplified) < _PLANE:
            plain[point], simple[point] = True, ord(simplified)
    for point in points:
        character = chr(point)
        syllable[point] = _syllable(character)
        usual = readings(character) or (character,)
        _spell(sound, power, point, usual)
        _spell(as_surname, surname_power, point, surname_readings(character) or usual)
    return NameTables(
        plain=plain, simple=simple, mixed=mixed, syllable=syllable, sound=sound, power=power, as_surname=as_surname,
        surname_power=surname_power,
    )  # fmt: skip


def _spell(sound: NDArray[np.uint64], power: NDArray[np.uint64], point: int, spoken: Sequence[str]) -> None:
    for at, reading in enumerate(spoken[:3]):
        letters = _plain(reading)
        sound[at, point] = running(letters)
        power[at, point] = pow(BASE, len(letters), MASK + 1)


def compound_codes() -> NDArray[np.uint32]:
    """Surnames of two characters, each as one number: the first character above the second."""
    return np.array(sorted(ord(name[0]) << 16 | ord(name[1]) for name in compound_surnames()), np.uint32)


def han_lanes(characters: NDArray[np.uint16], lengths: NDArray[np.int64]) -> dict[Lane, NDArray[np.uint64]]:
    """
    `name_lanes` of many names at once.

    Args:
        characters: The characters of standard names of two to four plain Han characters without compound surnames,
            shape (names, 4), 0 behind the end.
        lengths: How many each has.
    """
    tables = name_tables()
    key = tables.simple[characters]
    chars, syllables = np.zeros(len(key), np.uint64), np.zeros(len(key), np.uint64)
    for at in range(LONGEST_HAN):
        chars |= key[:, at].astype(np.uint64) << np.uint64(16 * at)
        syllables |= tables.syllable[key[:, at]] << np.uint64(16 * at)
    found = {
        Lane.NAME: finished(_run(tables.mixed[characters], lengths)),
        Lane.KEY: finished(_run(tables.mixed[key], lengths)),
        Lane.SURNAME: finished(tables.mixed[key[:, 0]]),
        Lane.CHARS: chars,
        Lane.SYLLABLES: syllables,
        Lane.FLAGS: np.full(len(key), 0b100, np.uint64),
    }
    return found | _sounds(tables, key, lengths)


def _run(values: NDArray[np.uint64], lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    found = values[:, 0].copy()
    for at in range(1, LONGEST_HAN):
        found = np.where(lengths > at, found * np.uint64(BASE) + values[:, at], found)
    return found


def _sounds(tables: NameTables, key: NDArray[np.uint16], lengths: NDArray[np.int64]) -> dict[Lane, NDArray[np.uint64]]:
    """The sounds of names: the usual, then those with one character read otherwise, in the order of `sounds`."""
    hashes = [tables.as_surname[:, key[:, 0]], *(tables.sound[:, key[:, at]] for at in range(1, LONGEST_HAN))]
    powers = [tables.surname_power[:, key[:, 0]], *(tables.power[:, key[:, at]] for at in range(1, LONGEST_HAN))]
    usual = _spoken([one[0] for one in hashes], [one[0] for one in powers])
    found = [finished(usual), np.zeros(len(key), np.uint64), np.zeros(len(key), np.uint64)]
    for at in range(LONGEST_HAN):
        for other in (1, 2):
            rows = np.flatnonzero((hashes[at][other] != 0) & (lengths > at))
            if not rows.size:
                continue
            one = [(hashes[i][other if i == at else 0, rows]) for i in range(LONGEST_HAN)]
            length = [(powers[i][other if i == at else 0, rows]) for i in range(LONGEST_HAN)]
            value = finished(_spoken(one, length))
            new = (value != found[0][rows]) & (value != found[1][rows]) & (value != found[2][rows])
            second = found[1][rows] == 0
            third = ~second & (found[2][rows] == 0)
            found[1][rows[new & second]] = value[new & second]
            found[2][rows[new & third]] = value[new & third]
    return dict(zip((Lane.SOUND, Lane.SOUND_2, Lane.SOUND_3), found, strict=True))


def _spoken(hashes: Sequence[NDArray[np.uint64]], powers: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """The hash of syllables one after another."""
    found = hashes[0]
    for value, power in zip(hashes[1:], powers[1:], strict=True):
        found = found * power + value
    return found
