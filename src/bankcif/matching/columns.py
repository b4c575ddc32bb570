"""
The numbers of a whole file: what is plainly written is read a column at a time, the rest text by text.

The one-record form is the rule: `lanes_of` of what a text alone comes to. The columns here take a short way for texts whose
outcome they can tell (a Chinese name of plain characters, eighteen digits, eleven), and give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..identifiers import ResidentId, Texts
from ..party import PartyKind
from ..wording import FILLER_WORDS, titles
from .features import OLDEST, Features, lanes_of
from .lanes import BASE, Lane, Lanes, mix, mix_array, text_hash
from .places import places
from .sounds import LONGEST_HAN, compound_codes, han_lanes, name_tables

__all__ = ["ColumnReader", "Read"]

Read = Callable[[str, str], Features]
"""(field, text) to the features of a record that holds this text alone."""

_Numbers = dict[Lane, NDArray[np.uint64]]
_Plain = tuple[NDArray[np.int64], _Numbers]
"""Rows that are plainly written, and their numbers."""

_SHORTEST_ADDRESS = 7  # no filler is longer, but for those in plain letters
_LONGEST_ADDRESS = 200
_MOST_MAIL = 48


class ColumnReader:
    """
    Reads the columns of a file of one kind.

    Args:
        kind: Party kind of all rows.
        read: What a text alone comes to; kept as an attribute.
        resident_id: The scheme of national numbers, for persons.
    """

    def __init__(self, kind: PartyKind, read: Read, resident_id: ResidentId) -> None:
        self._kind = kind
        self.read = read
        self._resident_id = resident_id
        self._known: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._plain: Mapping[str, Callable[[Texts], _Plain]] = {
            "phone": _phones, "email": _emails, "birth_date": _dates, "address": _addresses, "region": _regions,
            "sex": self._sexes,
        }  # fmt: skip
        if kind is PartyKind.INDIVIDUAL:
            self._plain = {**self._plain, "name": _names, "national": self._nationals}

    def lanes(self, columns: Mapping[str, Texts]) -> Lanes:
        """
        The numbers of a batch of rows.

        Args:
            columns: Field to texts, empty where missing: ``name``, ``national``, ``phone``, ``email``, ``birth_date``,
                ``sex``, ``region``, ``address``, or any other field that *read* knows.
        """
        count = len(next(iter(columns.values())))
        out = np.zeros((len(Lane), count), np.uint64)
        born, sex = np.zeros(count, np.uint64), np.zeros(count, np.uint64)
        for field, texts in columns.items():
            found = out if field != "national" else np.zeros((len(Lane), count), np.uint64)
            rest = texts.offsets[1:] != texts.offsets[:-1]
            if field in self._plain:
                rows, numbers = self._plain[field](texts)
                for lane, values in numbers.items():
                    found[lane, rows] |= values
                rest[rows] = False
            for row in np.flatnonzero(rest).tolist():
                for place, value in self._one(field, texts[row]):
                    found[place, row] |= np.uint64(value)
            if field == "national":
                born, sex = found[Lane.BORN].copy(), found[Lane.FLAGS] & np.uint64(3)
                found[Lane.BORN] = 0
                found[Lane.FLAGS] &= ~np.uint64(3)
                out |= found
        # What a number says counts where nothing else is given.
        out[Lane.BORN] = np.where(out[Lane.BORN] == 0, born, out[Lane.BORN])
        given = out[Lane.FLAGS] & np.uint64(3)
        out[Lane.FLAGS] |= np.where(given == 0, sex, np.uint64(0))
        return np.ascontiguousarray(out.T)

    def _one(self, field: str, text: str) -> list[tuple[int, int]]:
        known = self._known.get((field, text))
        if known is None:
            numbers = lanes_of(self.read(field, text))
            known = [(lane, value) for lane, value in enumerate(numbers) if value]
            if len(self._known) < 1 << 16:
                self._known[field, text] = known
        return known

    def _sexes(self, texts: Texts) -> _Plain:
        """Short texts, of which there are few different ones: each is read once."""
        lengths = np.diff(texts.offsets)
        rows = np.flatnonzero((lengths > 0) & (lengths <= 8))
        code = np.zeros(len(rows), np.uint64)
        for at in range(int(lengths[rows].max(initial=0))):
            there = lengths[rows] > at
            byte = texts.data[np.minimum(texts.offsets[rows] + at, max(len(texts.data) - 1, 0))].astype(np.uint64)
            code |= np.where(there, byte, np.uint64(0)) << np.uint64(8 * at)
        distinct, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        flags = np.zeros(len(distinct), np.uint64)
        for at, row in enumerate(rows[first].tolist()):
            flags[at] = dict(self._one("sex", texts[row])).get(Lane.FLAGS, 0)
        return rows, {Lane.FLAGS: flags[inverse]}

    def _nationals(self, texts: Texts) -> _Plain:
        """Eighteen plain characters: a number that is valid, or one that is none and no filler either."""
        plain = self._resident_id.plain_column(texts)
        errors = sum(1 << at for at, issue in enumerate(plain.issues) if issue.severity.value == "error")
        characters = texts.data[texts.offsets[plain.rows][:, None] + np.arange(18)]
        step = np.diff(characters[:, :17].astype(np.int16), axis=1)
        valid = (plain.flags & errors) == 0
        kept = valid | (np.abs(step).max(axis=1, initial=0) > 1)
        rows, characters, valid = plain.rows[kept], characters[kept], valid[kept]
        core = np.concatenate((characters[:, :6], characters[:, 8:17]), axis=1)
        last = np.where(characters[:, 17] == ord("x"), np.uint8(ord("X")), characters[:, 17])
        rest = _hashed(np.column_stack((characters[:, 6:8], last)))
        # As `id_lanes` has it, a hash of a hash.
        left_out = mix_array(rest) & np.uint64(0xFF)
        left_out[left_out == 0] = 1
        sex = np.where((characters[:, 16] - 48) % 2 == 1, np.uint64(1), np.uint64(2))
        born = _packed(characters[:, 6:14])
        none = np.uint64(0)
        return rows, {
            Lane.ID: _packed(core),
            Lane.BORN: np.where(valid & _after(characters[:, 6:10]), born, none),
            Lane.FLAGS: left_out << np.uint64(8) | np.where(valid, sex | np.uint64(16), none),
        }


def _packed(characters: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Digits as codes of 4 bits."""
    found = np.zeros(len(characters), np.uint64)
    for at in range(characters.shape[1]):
        found |= (characters[:, at].astype(np.uint64) - np.uint64(47)) << np.uint64(4 * at)
    return found


@cache
def _mixed_bytes() -> NDArray[np.uint64]:
    return np.array([mix(point) for point in range(256)], np.uint64)


def _hashed(characters: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The hash of each row of ASCII characters, as `text_hash` makes it."""
    found = np.zeros(len(characters), np.uint64)
    for at in range(characters.shape[1]):
        found = found * np.uint64(BASE) + _mixed_bytes()[characters[:, at]]
    return _finished(found)


def _finished(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = mix_array(values)
    mixed[mixed == 0] = 1
    return mixed


def _after(years: NDArray[np.uint8]) -> NDArray[np.bool_]:
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


def _names(texts: Texts) -> _Plain:
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


def _phones(texts: Texts) -> _Plain:
    """Mobiles of eleven digits that are no sample."""
    rows, characters = texts.of_length(11)
    digits = (characters >= 48) & (characters <= 57)
    good = digits.all(axis=1) & (characters[:, 0] == ord("1")) & (characters[:, 1] >= ord("3"))
    good &= ~(characters[:, 4:] == characters[:, 3:4]).all(axis=1)
    # Whole numbers and endings that people give who give none, runs among them, rise or fall at every step.
    step = np.diff(characters[:, 4:].astype(np.int16), axis=1)
    good &= ~((step == 1) | (step == 0) | (step == -1)).all(axis=1)
    good &= (characters[:, 3:] != np.frombuffer(b"00138000", np.uint8)).any(axis=1)
    rows, characters = rows[good], characters[good]
    country = np.broadcast_to(np.frombuffer(b"86", np.uint8), (len(rows), 2))
    return rows, {Lane.PHONE: _packed(np.concatenate((country, characters), axis=1))}


def _dates(texts: Texts) -> _Plain:
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
    value = (characters.astype(np.int64) - 48) @ 10 ** np.arange(7, -1, -1)
    good = digits & np.isin(value, _days())
    return rows[good], {Lane.BORN: _packed(characters[good])}


@cache
def _days() -> NDArray[np.int64]:
    """Every day that may be read as a birth date as one number; days that systems write for none are left out."""
    days = np.arange("1901-01-01", "2100-01-01", dtype="datetime64[D]")
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    found: NDArray[np.int64] = years * 10_000 + months * 100 + day
    kept: NDArray[np.int64] = found[found != 19700101]
    return kept


def _regions(texts: Texts) -> _Plain:
    rows, characters = texts.of_length(6)
    good = ((characters >= 48) & (characters <= 57)).all(axis=1)
    return rows[good], {Lane.REGION: _packed(characters[good])}


@cache
def _mail_kinds() -> NDArray[np.uint8]:
    """1 for what may stand anywhere in a plain address, 2 for @, 3 for a dot; 0 for everything else."""
    kinds = np.zeros(256, np.uint8)
    for character in b"abcdefghijklmnopqrstuvwxyz0123456789":
        kinds[character] = 1
    kinds[ord("@")], kinds[ord(".")] = 2, 3
    return kinds


def _emails(texts: Texts) -> _Plain:
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
    found = _finished(found)
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


def _addresses(texts: Texts) -> _Plain:
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
