"""Values that party models are made of: sensitive input, money, keys."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, NewType, NoReturn, TypeVar

import attrs

from .._clock import IdSource
from ..errors import InputError

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "CifNo",
    "Money",
    "Sensitive",
    "SourceKey",
    "as_cif_no",
    "currency_digits",
    "is_currency",
    "new_cif_no",
    "number_at",
    "valid_cif_no",
]

_LOOKS_LIKE, _MEANT = re.compile("[ILO]"), str.maketrans("ILO", "110")
_LONGEST_TYPED = 64  # characters, with whatever stands between those of a number

FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2200, 12, 31)
"""Between which lies every day that a customer information file speaks of: what lies behind or ahead of them was mistyped."""

T = TypeVar("T")

CifNo = NewType("CifNo", str)
"""A customer number of this library: opaque, never reused, ``C`` and sixteen characters."""


@attrs.frozen
class SourceKey:
    """A source and that source's own id of a customer."""

    source: str
    key: str


class Sensitive(Generic[T]):
    """
    Input that prints as ``******`` and refuses to leave the process.

    ``str``, ``repr``, formatting and logging give the mask; pickling and copying to JSON raise. `unwrap` is for the
    stages that standardize, compare and seal, not for display.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def unwrap(self) -> T:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Sensitive(******)"

    def __str__(self) -> str:
        return "******"

    def __format__(self, format_spec: str) -> str:
        return format("******", format_spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sensitive) and bool(self._value == other._value)

    def __hash__(self) -> int:
        return hash((Sensitive, self._value))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a sensitive value can not be pickled or copied")


# Source: ISO 4217:2015, minor unit of each currency; those absent here have two digits.
_MINOR_DIGITS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "VND": 0, "VUV": 0,
    "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
_MAX_MINOR = 2**63 - 1
_MOST_EXPONENT = 40


def _amount(value: Decimal | str | int) -> Decimal:
    try:
        amount = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        amount = Decimal("NaN")
    exponent = amount.as_tuple().exponent
    # Beyond these no amount fits, and reckoning with it would take the machine's memory.
    if (
        not isinstance(exponent, int)
        or abs(exponent) > _MOST_EXPONENT
        or len(amount.as_tuple().digits) > _MOST_EXPONENT
    ):
        raise InputError("an amount of money needs a decimal number", rule="money")
    return amount


def currency_digits(code: str) -> int:
    """How many digits the currency *code* has after the point."""
    return _MINOR_DIGITS.get(code, 2)


def is_currency(code: object) -> bool:
    """Whether *code* has the form of a currency after ISO 4217: three capital letters."""
    return isinstance(code, str) and len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


@attrs.frozen
class Money:
    """
    An amount with its currency; rests as a 64-bit integer of minor units.

    Args:
        amount: A decimal number (never a binary float), with no more digits than the currency has.
        currency: Three letters after ISO 4217.

    Raises:
        InputError: No number, too many digits, out of 64 bits, or no currency.
    """

    amount: Decimal = attrs.field(converter=_amount, repr=False)
    currency: str

    def __attrs_post_init__(self) -> None:
        if not is_currency(self.currency):
            raise InputError("a currency is three capital letters after ISO 4217", rule="money")
        minor = self.amount.scaleb(self.digits)
        if minor != minor.to_integral_value() or abs(minor) > _MAX_MINOR:
            raise InputError("the amount has more digits than its currency, or is out of range", rule="money")

    @property
    def digits(self) -> int:
        """How many digits the currency has after the point."""
        return currency_digits(self.currency)

    @property
    def minor(self) -> int:
        """The amount in minor units."""
        return int(self.amount.scaleb(self.digits))

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Money:
        """The reverse of `minor`."""
        return cls(Decimal(minor).scaleb(-currency_digits(currency)), currency)

    def stored(self) -> dict[str, Any]:
        """The form in sealed payloads."""
        return {"minor": self.minor, "currency": self.currency}


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_CHARACTERS = 15


def new_cif_no(ids: IdSource) -> CifNo:
    """
    A fresh customer number: ``C``, fifteen random characters (75 bits) and a check character.

    Seventy-five bits make a repeat among a billion customers less likely than 2 in 100,000, and the store's primary
    key refuses even that one; so writers need no counter and no block to share.

    Source: alphabet after Crockford's base 32 (no I, L, O, U); check character is the sum over positions, modulo 31.
    """
    number = int.from_bytes(ids.draw(10), "big") >> 5
    body = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(0, 5 * _RANDOM_CHARACTERS, 5))
    return CifNo("C" + body + _check_character(body))


def number_at(at: int, parts: int) -> str:
    """
    What lies before every customer number of part *at*, of so many even parts of all that there can be, and behind every one of the part before; the
    end of all where *at* is *parts*.
    """
    place = len(_ALPHABET) ** 2 * at // parts
    high, low = divmod(place, len(_ALPHABET))
    return f"C{_ALPHABET[high]}{_ALPHABET[low]}" if high < len(_ALPHABET) else "D"


def as_cif_no(text: str) -> CifNo:
    """
    The number that somebody typed, as it is kept: in capitals, half-width, without blanks and hyphens, and with the digits for which Crockford's alphabet
    takes the letters I, L and O. Whether it is one of a customer's is another question; a text of over 64 characters is none, and stays as it is.
    """
    plain_already = text.isascii() and text.isalnum() and text.isupper() and not _LOOKS_LIKE.search(text)
    if plain_already or len(text) > _LONGEST_TYPED:
        return CifNo(text)
    plain = unicodedata.normalize("NFKC", text).upper()
    return CifNo("".join(c for c in plain if c.isalnum()).translate(_MEANT))


def valid_cif_no(text: str) -> bool:
    """Whether *text* has the form and the check character of a customer number."""
    body = text[1:-1]
    return (
        len(text) == _RANDOM_CHARACTERS + 2
        and text[0] == "C"
        and all(character in _ALPHABET for character in body)
        and text[-1] == _check_character(body)
    )


def _check_character(body: str) -> str:
    # Weights 2, 3, 4 … are all different from 0 and from each other modulo the prime 31, so one wrong character
    # (but 0 for Z, which are equal modulo 31) and one swap of neighbours change the sum.
    total = sum(weight * _ALPHABET.index(character) for weight, character in enumerate(body, start=2))
    return _ALPHABET[total % 31]
