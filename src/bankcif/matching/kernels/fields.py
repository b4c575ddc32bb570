"""
Phones, days, divisions, e-mail addresses and postal addresses that are plainly written, read from the bytes of a column.

What is read here comes to the numbers that `lanes_of` gives; what is left is read text by text.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...identifiers import Texts
from ...wording import FILLER_WORDS
from ..features import EARLIEST
from ..lanes import BASE, Lane, mix, text_hash
from ..places import COUNTED, DIGIT, UNKNOWN, character_tables
from .compiling import compiled, inlined, place_in
from .hashing import finished

__all__ = [
    "read_addresses",
    "read_dates",
    "read_emails",
    "read_mistyped",
    "read_phones",
    "read_regions",
    "write_nationals",
]

_U: Any = np.uint64
_I: Any = np.int64
_BASE = _U(BASE)
_ONE = _U(1)
_LONGEST_ADDRESS = 200
_LONGEST_FILLER, _LONGEST_PLAIN_FILLER = 6, 13  # of Han characters, and of any; spaces aside
_SHORTEST_MAIL, _LONGEST_MAIL = 8, 48
_MAILBOX = 10  # characters of a mailbox, at 6 bits
_EARLIEST = int(EARLIEST.replace("-", ""))
_LAST_YEAR = 2099
_SAMPLE = np.frombuffer(b"00138000", np.uint8)

_Rows = NDArray[np.bool_]
_Out = NDArray[np.uint64]


def read_phones(texts: Texts, out: _Out, rest: _Rows) -> None:
    """
    Reads mobiles of eleven digits that are no sample; one digit too many or too few makes none at all.

    Args:
        texts: The phones.
        out: The records, a row for each; its numbers are written there.
        rest: Which are to be read; those that were are taken out.
    """
    _read_phones(texts.data, texts.offsets, out, rest)


@inlined
def _is_digits(data: Any, start: int, stop: int) -> bool:
    for at in range(start, stop):
        if not ord("0") <= data[at] <= ord("9"):
            return False
    return True


@inlined
def _packed(data: Any, start: int, stop: int, place: int) -> Any:
    """Digits as codes of 4 bits, the first one at *place*."""
    found = _U(0)
    for at in range(start, stop):
        found |= _U(data[at] - 47) << _U(4 * (place + at - start))
    return found


@inlined
def _value(data: Any, start: int, stop: int) -> int:
    found = 0
    for at in range(start, stop):
        found = found * 10 + _I(data[at]) - 48
    return found


@compiled
def _read_phones(data: Any, offsets: Any, out: Any, rest: Any) -> None:
    for row in range(len(rest)):
        start, stop = offsets[row], offsets[row + 1]
        size = stop - start
        if not rest[row] or not 10 <= size <= 12 or not _is_digits(data, start, stop):
            continue
        # 17 is left where the length is another, since a carrier's prefix begins so too.
        if data[start] != ord("1") or data[start + 1] < ord("3") or (data[start + 1] == ord("7") and size != 11):
            continue
        if size == 11:
            same, run, sample = True, True, True
            for at in range(3, 11):
                digit = data[start + at]
                same &= digit == data[start + 3]
                # Endings that people give who give none rise, fall or stand still at every step.
                run &= at < 5 or abs(_I(digit) - _I(data[start + at - 1])) <= 1
                sample &= digit == _SAMPLE[at - 3]
            if same or run or sample:
                continue
            out[row, Lane.PHONE] = _U(9) | _U(7) << _U(4) | _packed(data, start, stop, 2)
        rest[row] = False


def write_nationals(
    rows: NDArray[np.int64], characters: NDArray[np.uint8], typed: _Rows, valid: _Rows, out: _Out, rest: _Rows
) -> None:
    """
    Writes the numbers of national numbers of eighteen characters, as `id_lanes` has them; what may be a filler is left.

    Args:
        rows: Where they stand.
        characters: The characters, shape (numbers, 18).
        typed: Whether century and check character were typed; of a number that is none, only what was typed counts.
        valid: Whether the number is one.
        out, rest: See `read_phones`.
    """
    _write_nationals(rows, characters, typed, valid, out, rest)


@compiled
def _write_nationals(rows: Any, characters: Any, typed: Any, valid: Any, out: Any, rest: Any) -> None:
    for at in range(len(rows)):
        number, row = characters[at], rows[at]
        broken = False
        for place in range(1, 17):
            step = abs(_I(number[place]) - _I(number[place - 1]))
            broken |= 1 < step < 9
        if not (valid[at] or broken):
            continue
        last = ord("X") if number[17] == ord("x") else _I(number[17])
        left_out = _U(0)
        if typed[at] or valid[at]:
            ends = (mix(_U(number[6])) * _BASE + mix(_U(number[7]))) * _BASE + mix(_U(last))
            left_out = mix(finished(ends)) & _U(0xFF)
            left_out = left_out if left_out != _U(0) else _ONE
        flags = left_out << _U(8)
        if valid[at]:
            flags |= _U(16) | (_ONE if number[16] & 1 else _U(2))
            if _value(number, 6, 14) >= _EARLIEST:
                out[row, Lane.BORN] = _packed(number, 6, 14, 0)
        out[row, Lane.ID] = _packed(number, 0, 6, 0) | _packed(number, 8, 17, 6)
        out[row, Lane.FLAGS] |= flags
        rest[row] = False


def read_mistyped(texts: Texts, out: _Out, rest: _Rows) -> None:
    """
    Reads digits that are no national number, and no filler: one or two too few or too many, or born in a century that nobody
    alive will see. See `read_phones`.
    """
    _read_mistyped(texts.data, texts.offsets, out, rest)


@compiled
def _read_mistyped(data: Any, offsets: Any, out: Any, rest: Any) -> None:
    for row in range(len(rest)):
        start = offsets[row]
        size = offsets[row + 1] - start
        if not rest[row] or not 16 <= size <= 20 or not _is_digits(data, start, start + size):
            continue
        broken = False
        for at in range(start + 1, start + 16):
            broken |= 1 < abs(_I(data[at]) - _I(data[at - 1])) < 9
        if not broken or (
            size == 18 and (data[start] == ord("9") or _value(data, start + 6, start + 10) <= _LAST_YEAR)
        ):
            continue
        # As `id_lanes` has it.
        if size == 16:
            core = _packed(data, start, start + 15, 0)
        elif size == 17 and not _is_century(data, start + 6) and _is_century(data, start + 5):
            core = _packed(data, start, start + 5, 0) | _packed(data, start + 7, start + 16, 5)
        else:
            core = _packed(data, start, start + 6, 0) | _packed(data, start + 8, start + 17, 6)
        if size >= 18:
            ends = (mix(_U(data[start + 6])) * _BASE + mix(_U(data[start + 7]))) * _BASE + mix(_U(data[start + 17]))
            left_out = mix(finished(ends)) & _U(0xFF)
            out[row, Lane.FLAGS] |= (left_out if left_out != _U(0) else _ONE) << _U(8)
        out[row, Lane.ID] = core
        rest[row] = False


@inlined
def _is_century(data: Any, at: int) -> bool:
    return 18 <= _value(data, at, at + 2) <= 20


def read_dates(texts: Texts, out: _Out, rest: _Rows) -> None:
    """Reads days as yyyymmdd or yyyy-mm-dd, but for those that systems write for none; see `read_phones`."""
    _read_dates(texts.data, texts.offsets, out, rest)


@inlined
def _days_of(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@compiled
def _read_dates(data: Any, offsets: Any, out: Any, rest: Any) -> None:
    for row in range(len(rest)):
        start = offsets[row]
        size = offsets[row + 1] - start
        if not rest[row] or size not in (8, 10):
            continue
        dash = 1 if size == 10 else 0
        month_at, day_at = start + 4 + dash, start + 6 + 2 * dash
        if dash and (data[start + 4] != ord("-") or data[start + 7] != ord("-")):
            continue
        if not (_is_digits(data, start, start + 4) and _is_digits(data, month_at, month_at + 2) and _is_digits(data, day_at, day_at + 2)):  # fmt: skip
            continue
        year, month, day = _value(data, start, start + 4), _value(data, month_at, month_at + 2), _value(data, day_at, day_at + 2)  # fmt: skip
        if not (year <= _LAST_YEAR and 1 <= month <= 12 and 1 <= day <= _days_of(year, month)):
            continue
        if (year * 100 + month) * 100 + day < _EARLIEST or (year == 1970 and month == 1 and day == 1):
            continue
        out[row, Lane.BORN] = _packed(data, start, start + 4, 0) | _packed(data, month_at, month_at + 2, 4) | _packed(data, day_at, day_at + 2, 6)  # fmt: skip
        rest[row] = False


def read_regions(texts: Texts, out: _Out, rest: _Rows) -> None:
    """Reads codes of six digits; see `read_phones`."""
    _read_regions(texts.data, texts.offsets, out, rest)


@compiled
def _read_regions(data: Any, offsets: Any, out: Any, rest: Any) -> None:
    for row in range(len(rest)):
        start, stop = offsets[row], offsets[row + 1]
        if rest[row] and stop - start == 6 and _is_digits(data, start, stop):
            out[row, Lane.REGION] |= _packed(data, start, stop, 0)
            rest[row] = False


def read_emails(texts: Texts, out: _Out, rest: _Rows) -> None:
    """Reads addresses of lower-case letters, digits and single dots, whose last label begins with a letter; see `read_phones`."""
    _read_emails(texts.data, texts.offsets, _mail_fillers(), out, rest)


@cache
def _mail_fillers() -> NDArray[np.uint64]:
    return np.array(sorted(text_hash(word) for word in FILLER_WORDS if "@" in word), np.uint64)


@inlined
def _symbol(character: Any) -> Any:
    """The code of a small letter or a digit, as `symbols` has it; 0 for anything else."""
    if ord("a") <= character <= ord("z"):
        return _I(character) - 96
    return _I(character) - 21 if ord("0") <= character <= ord("9") else 0


@compiled
def _read_emails(data: Any, offsets: Any, fillers: Any, out: Any, rest: Any) -> None:
    for row in range(len(rest)):
        start, stop = offsets[row], offsets[row + 1]
        if not rest[row] or not _SHORTEST_MAIL <= stop - start <= _LONGEST_MAIL:
            continue
        hash_, mailbox = _U(0), _U(0)
        behind, last_dot, taken = 0, 0, 0  # where the @ stands, and the last dot
        mark, good = True, True
        for at in range(start, stop):
            character = data[at]
            code = _symbol(character)
            if code == 0 and (
                mark or (character != ord("@") and character != ord(".")) or (character == ord("@") and behind)
            ):
                good = False
                break
            mark = code == 0
            if character == ord("@"):
                behind = at
            elif mark:
                last_dot = at
            elif not behind and taken < _MAILBOX:
                mailbox |= _U(code) << _U(6 * taken)
                taken += 1
            hash_ = hash_ * _BASE + mix(_U(character))
        if not good or mark or not behind or last_dot < behind or data[last_dot + 1] < ord("a"):
            continue
        hash_ = finished(hash_)
        if place_in(hash_, fillers) < 0:
            out[row, Lane.EMAIL], out[row, Lane.MAILBOX] = hash_, mailbox
            rest[row] = False


def read_addresses(texts: Texts, out: _Out, rest: _Rows) -> None:
    """Reads addresses that are long enough to be no filler and hold plain characters only; see `read_phones`."""
    _read_addresses(texts.data, texts.offsets, *character_tables(), out, rest)


@compiled
def _read_addresses(data: Any, offsets: Any, folded: Any, kinds: Any, out: Any, rest: Any) -> None:
    for row in range(len(rest)):
        if rest[row]:
            rest[row] = not _read_address(data, offsets[row], offsets[row + 1], folded, kinds, out[row])


@compiled
def _read_address(data: Any, start: int, stop: int, folded: Any, kinds: Any, row: Any) -> bool:
    total, low, high, house, previous, number = _U(0), _U(0), _U(0), _U(0), _U(0), _U(0)
    count = nth = digits = visible = han = 0
    at = start
    while at <= stop:
        point, size = _point(data, at, stop) if at < stop else (32, 1)
        kind = kinds[point] if size else UNKNOWN
        if kind == UNKNOWN:
            return False
        character = _U(folded[point])
        if kind == DIGIT:
            number = number * _U(10) + (character - _U(48))
            digits += 1
        else:
            if digits:
                nth += 1
                house |= _ONE << (mix(number) & _U(63))
                total += mix(number * _BASE + _U(nth))
                number, digits = _U(0), 0
            if kind == COUNTED:
                mixed = mix(previous << _U(32) | character)
                bit = _ONE << (mixed & _U(63))
                if mixed & _U(64):
                    high |= bit
                else:
                    low |= bit
                total += mixed
                previous = character
        at += size
        count += 1
        visible += character > _U(32)
        han += character > _U(127)
    count -= 1  # the end counted as one
    if count > _LONGEST_ADDRESS or (han <= _LONGEST_FILLER and visible <= _LONGEST_PLAIN_FILLER):
        return False
    if low | high | house:
        hash_ = mix(total)
        row[Lane.ADDRESS] = hash_ if hash_ != _U(0) else _ONE
        row[Lane.PLACE], row[Lane.PLACE_2], row[Lane.HOUSE] = low, high, house
    return True


@inlined
def _point(data: Any, at: int, stop: int) -> tuple[int, int]:
    """The code point that begins at a byte, and how many bytes it takes; 0 of each for what is none of the first plane."""
    first = _I(data[at])
    if first < 0x80:
        return first, 1
    if 0xC2 <= first < 0xE0 and at + 1 < stop and data[at + 1] >> 6 == 2:
        return (first & 0x1F) << 6 | (_I(data[at + 1]) & 0x3F), 2
    if first >> 4 == 0xE and at + 2 < stop and data[at + 1] >> 6 == 2 and data[at + 2] >> 6 == 2:
        point = (first & 0xF) << 12 | (_I(data[at + 1]) & 0x3F) << 6 | (_I(data[at + 2]) & 0x3F)
        return (point, 3) if point >= 0x800 else (0, 0)
    return 0, 0
