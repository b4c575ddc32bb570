"""
The numbers of a whole file: what is plainly written is read a column at a time, the rest text by text.

The one-record form is the rule: `lanes_of` of what a text alone comes to. The columns here take a short way for texts whose
outcome they can tell (a Chinese name of plain characters, eighteen digits, eleven), and give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigurationError
from ..identifiers import ResidentId, Texts, check_characters
from ..party import PartyKind
from .features import Features, lanes_of
from .lanes import Lane, Lanes

__all__ = ["ColumnReader", "Read"]

Read = Callable[[str, str], Features]
"""(field, text) to the features of a record that holds this text alone."""


_LONGEST_KNOWN = 256  # texts that are kept with what they came to


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

    def lanes(self, columns: Mapping[str, Texts], out: Lanes | None = None) -> Lanes:
        """
        The numbers of a batch of rows.

        Args:
            columns: Field to texts, empty where missing: ``name``, ``national``, ``phone``, ``email``, ``birth_date``,
                ``sex``, ``region``, ``address``, or any other field that *read* knows.
            out: Where they are written, all 0 before; a new array, if None.

        Raises:
            ConfigurationError: The columns have different lengths, or another than *out*.
        """
        counts = {len(texts) for texts in columns.values()}
        if out is None:
            out = np.zeros((max(counts), len(Lane)), np.uint64)
        if counts != {len(out)} or out.dtype != np.uint64 or out.shape[1] != len(Lane):
            raise ConfigurationError(
                "the columns of a batch, and where they go, must have the same rows", rule="columns"
            )
        if "national" in columns:
            self._read("national", columns["national"], out)
        # What a number says of birth and sex counts where nothing else is given.
        born, sex = out[:, Lane.BORN].copy(), out[:, Lane.FLAGS] & np.uint64(3)
        out[:, Lane.BORN] = 0
        out[:, Lane.FLAGS] &= ~np.uint64(3)
        for field, texts in columns.items():
            if field != "national":
                self._read(field, texts, out)
        out[:, Lane.BORN] = np.where(out[:, Lane.BORN] == 0, born, out[:, Lane.BORN])
        given = out[:, Lane.FLAGS] & np.uint64(3)
        out[:, Lane.FLAGS] |= np.where(given == 0, sex, np.uint64(0))
        return out

    def _read(self, field: str, texts: Texts, out: Lanes) -> None:
        rest = texts.offsets[1:] != texts.offsets[:-1]
        plainly = self._plainly(field)
        if plainly is not None and rest.any():
            plainly(texts.sealed(), out, rest)
        for row in np.flatnonzero(rest).tolist():
            for place, value in self._one(field, texts[row]):
                out[row, place] |= np.uint64(value)

    def _plainly(self, field: str) -> Callable[[Texts, Lanes, NDArray[np.bool_]], None] | None:
        """What reads the plainly written texts of *field*; it takes them out of its last argument."""
        from .kernels import fields, names

        persons = self._kind is PartyKind.INDIVIDUAL
        known: Mapping[str, Callable[[Texts, Lanes, NDArray[np.bool_]], None]] = {
            "phone": fields.read_phones, "email": fields.read_emails, "address": fields.read_addresses,
            "region": fields.read_regions,
        }  # fmt: skip
        of_persons: Mapping[str, Callable[[Texts, Lanes, NDArray[np.bool_]], None]] = {
            "name": names.read_names, "national": self._read_nationals, "birth_date": fields.read_dates, "sex": self._read_sexes,
        }  # fmt: skip
        return known.get(field) or (of_persons.get(field) if persons else None)

    def _one(self, field: str, text: str) -> list[tuple[int, int]]:
        known = self._known.get((field, text))
        if known is None:
            numbers = lanes_of(self.read(field, text))
            known = [(lane, value) for lane, value in enumerate(numbers) if value]
            if len(self._known) < 1 << 16 and len(text) <= _LONGEST_KNOWN:
                self._known[field, text] = known
        return known

    def _read_sexes(self, texts: Texts, out: Lanes, rest: NDArray[np.bool_]) -> None:
        """Short texts, of which there are few different ones: each is read once."""
        lengths = np.diff(texts.offsets)
        rows = np.flatnonzero((lengths > 0) & (lengths <= 8))
        code, whole = np.zeros(len(rows), np.uint64), np.ones(len(rows), np.bool_)
        for at in range(int(lengths[rows].max(initial=0))):
            there = lengths[rows] > at
            byte = texts.data[np.minimum(texts.offsets[rows] + at, max(len(texts.data) - 1, 0))].astype(np.uint64)
            code |= np.where(there, byte, np.uint64(0)) << np.uint64(8 * at)
            whole &= ~there | (byte != 0)  # a byte of 0 is none of a shorter text
        rows, code = rows[whole], code[whole]
        distinct, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        flags = np.zeros(len(distinct), np.uint64)
        for at, row in enumerate(rows[first].tolist()):
            flags[at] = dict(self._one("sex", texts[row])).get(Lane.FLAGS, 0)
        out[rows, Lane.FLAGS] |= flags[inverse]
        rest[rows] = False

    def _read_nationals(self, texts: Texts, out: Lanes, rest: NDArray[np.bool_]) -> None:
        """Numbers of fifteen to twenty plain characters, valid or not; fillers are left."""
        from .kernels.fields import read_mistyped

        rows, characters = texts.of_length(18)
        self._read_national(rows, characters, np.ones(len(rows), np.bool_), out, rest)
        rows, old = texts.of_length(15)
        # Centenarians of the old form were born in another century, and fillers are none.
        plain: NDArray[np.bool_] = ((old >= 48) & (old <= 57)).all(axis=1) & ~(
            (old[:, 12] == 57) & (old[:, 13] == 57) & (old[:, 14] >= 54)
        )
        plain &= _is_broken(old)
        modern = _upgraded(old[plain])
        self._read_national(rows[plain], modern, np.zeros(len(modern), np.bool_), out, rest)
        read_mistyped(texts, out, rest)

    def _read_national(
        self, rows: NDArray[np.int64], characters: NDArray[np.uint8], typed: NDArray[np.bool_], out: Lanes,
        rest: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """
        Numbers of eighteen characters.

        Args:
            rows: Where they stand.
            characters: The characters.
            typed: Whether century and check character were typed; of a number that is none, only what was typed counts.
            out, rest: See `kernels.fields.read_phones`.
        """
        from .kernels.fields import write_nationals

        offsets = np.arange(len(rows) + 1, dtype=np.int64) * 18
        characters = np.ascontiguousarray(characters)
        plain = self._resident_id.plain_column(Texts(characters.reshape(-1), offsets))
        errors = sum(1 << at for at, issue in enumerate(plain.issues) if issue.severity.value == "error")
        rows, characters, typed = rows[plain.rows], characters[plain.rows], typed[plain.rows]
        write_nationals(rows, characters, typed, (plain.flags & errors) == 0, out, rest)


def _is_broken(characters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which rows are neither one character repeated nor a run of digits: those may be fillers."""
    step = np.abs(np.diff(characters.astype(np.int16), axis=1))
    found: NDArray[np.bool_] = np.any((step > 1) & (step < 9), axis=1)
    return found


def _upgraded(characters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Numbers of fifteen digits as eighteen characters. Source: GB 11643-1999, as `identifiers.cn` has it."""
    century = np.broadcast_to(np.frombuffer(b"19", np.uint8), (len(characters), 2))
    first = np.concatenate((characters[:, :6], century, characters[:, 6:]), axis=1)
    return np.concatenate((first, check_characters(first)[:, None]), axis=1)
