"""
The numbers of a whole file: what is plainly written is read a column at a time, the rest text by text.

The one-record form is the rule: `lanes_of` of what a text alone comes to. The columns here take a short way for texts whose
outcome they can tell (a Chinese name of plain characters, eighteen digits, eleven), and give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..identifiers import ResidentId, Texts
from ..party import PartyKind
from .features import Features, lanes_of
from .lanes import Lane, Lanes, mix_array
from .plain import (
    Plain,
    hashed,
    is_after,
    is_broken,
    joined,
    packed_digits,
    plain_addresses,
    plain_dates,
    plain_emails,
    plain_names,
    plain_phones,
    plain_regions,
    upgraded,
)

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
        self._plain: Mapping[str, Callable[[Texts], Plain]] = {
            "phone": plain_phones, "email": plain_emails, "birth_date": plain_dates, "address": plain_addresses, "region": plain_regions,
            "sex": self._sexes,
        }  # fmt: skip
        if kind is PartyKind.INDIVIDUAL:
            self._plain = {**self._plain, "name": plain_names, "national": self._nationals}

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
            if len(self._known) < 1 << 16 and len(text) <= _LONGEST_KNOWN:
                self._known[field, text] = known
        return known

    def _sexes(self, texts: Texts) -> Plain:
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

    def _nationals(self, texts: Texts) -> Plain:
        """Numbers of eighteen plain characters, and of fifteen digits, valid or not; fillers are left."""
        rows, characters = texts.of_length(18)
        old_rows, old = texts.of_length(15)
        # Centenarians of the old form were born in another century, and fillers are none.
        plain = ((old >= 48) & (old <= 57)).all(axis=1) & ~(
            (old[:, 12] == 57) & (old[:, 13] == 57) & (old[:, 14] >= 54)
        )
        plain &= is_broken(old)
        old_rows, old = old_rows[plain], old[plain]
        modern = upgraded(old)
        return joined(
            self._national(rows, characters, np.ones(len(rows), np.bool_)),
            self._national(old_rows, modern, np.zeros(len(old), np.bool_)),
        )

    def _national(self, rows: NDArray[np.int64], characters: NDArray[np.uint8], typed: NDArray[np.bool_]) -> Plain:
        """
        Numbers of eighteen characters.

        Args:
            rows: Where they stand.
            characters: The characters.
            typed: Whether century and check character were typed; of a number that is none, only what was typed counts.
        """
        offsets = np.arange(len(rows) + 1, dtype=np.int64) * 18
        plain = self._resident_id.plain_column(Texts(np.ascontiguousarray(characters).reshape(-1), offsets))
        errors = sum(1 << at for at, issue in enumerate(plain.issues) if issue.severity.value == "error")
        valid: NDArray[np.bool_] = (plain.flags & errors) == 0
        kept: NDArray[np.bool_] = np.logical_or(valid, is_broken(characters[plain.rows][:, :17]))
        rows, characters, typed, valid = (
            rows[plain.rows][kept],
            characters[plain.rows][kept],
            typed[plain.rows][kept],
            valid[kept],
        )
        core = np.concatenate((characters[:, :6], characters[:, 8:17]), axis=1)
        last = np.where(characters[:, 17] == ord("x"), np.uint8(ord("X")), characters[:, 17])
        rest = hashed(np.column_stack((characters[:, 6:8], last)))
        # As `id_lanes` has it, a hash of a hash.
        left_out = mix_array(rest) & np.uint64(0xFF)
        left_out[left_out == 0] = 1
        left_out[~typed & ~valid] = 0
        sex = np.where((characters[:, 16] - 48) % 2 == 1, np.uint64(1), np.uint64(2))
        born = packed_digits(characters[:, 6:14])
        none = np.uint64(0)
        return rows, {
            Lane.ID: packed_digits(core),
            Lane.BORN: np.where(valid & is_after(characters[:, 6:10]), born, none),
            Lane.FLAGS: left_out << np.uint64(8) | np.where(valid, sex | np.uint64(16), none),
        }
