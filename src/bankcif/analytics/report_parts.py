"""Along what a report sets customers or rows apart, and what it counts of each cell."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import attrs

from .._text import Language
from ..errors import InputError
from ..party import CATALOGUE, PartyKind, is_currency
from ..rules import comes_from

__all__ = ["ABSENT", "OTHERS", "TAKEN", "By", "Dimension", "Measure", "MeasureKind", "listed", "need_texts", "wrong"]

_MOST_LEVELS, _TWO = 200, 2
OTHERS = "*"
"""The level that stands for all that are not among the largest."""
ABSENT = "-"
"""In a movement, the level of who was no customer then."""
TAKEN = frozenset({"", OTHERS, ABSENT})
"""Levels that mean something, and are no name or value."""


def wrong(name: str, problem: str) -> InputError:
    """A report is not right; *name* says what of it."""
    return InputError(f"report {name}: {problem}", path=f"$.{name}", rule="report")


def listed(said: object) -> tuple[Any, ...]:
    """What a list holds; of what is none, one that holds nothing right, so that the check of what it is for tells of it."""
    return tuple(said) if isinstance(said, list | tuple) else (None,)


class By(enum.StrEnum):
    """
    How values become levels: as they are; the day by its month, quarter, year, or month of the year; of rows of a customer, all different values of a
    field together, as ``card+fund``.
    """

    VALUE = "value"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    SEASON = "season"
    SET = "set"


class MeasureKind(enum.StrEnum):
    """
    What a figure is made of, as numerator / denominator.

    ``customers``: of the cell / of all that are counted, with rows or without. ``rows``: of the cell / of all. ``share``: of whom a rule holds / of the cell. ``sum`` and
    ``mean``: sum of a term / of how many it is known; a sum is its numerator alone. ``each``: sum of a term, or the rows where none is named / customers of the
    cell.
    """

    CUSTOMERS = "customers"
    ROWS = "rows"
    SHARE = "share"
    SUM = "sum"
    MEAN = "mean"
    EACH = "each"

    @property
    def is_rate(self) -> bool:
        """Whether the figure is the quotient, and not the numerator alone."""
        return self in (MeasureKind.SHARE, MeasureKind.MEAN, MeasureKind.EACH)


def _rules(said: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return _pairs("rules", said, lambda one: isinstance(one, str))


def _labels(
    said: Mapping[str, Sequence[str]] | Iterable[tuple[str, Sequence[str]]],
) -> tuple[tuple[str, tuple[str, str]], ...]:
    found = _pairs("labels", said, lambda one: isinstance(one, list | tuple) and [*map(type, one)] == [str, str])
    return tuple((name, (words[0], words[1])) for name, words in found)


def _pairs(what: str, said: Any, good: Callable[[Any], bool]) -> tuple[tuple[str, Any], ...]:
    """Levels with what is said of each, of a mapping or of pairs."""
    pairs: list[Any] = (
        [*said.items()] if isinstance(said, Mapping) else [*said] if isinstance(said, list | tuple) else [None]
    )
    if not all(
        isinstance(one, list | tuple) and len(one) == _TWO and isinstance(one[0], str) and good(one[1]) for one in pairs
    ):
        raise wrong(what, "of each level a rule, or two words, one in Chinese and one in English")
    return tuple((name, value) for name, value in pairs)


def _bands(said: Iterable[int]) -> tuple[int, ...]:
    return listed(said)


def _by(said: object) -> By:
    if said not in {one.value for one in By}:
        raise wrong("by", f"it is one of {', '.join(By)}")
    return By(str(said))


def _kind(said: object) -> MeasureKind:
    if said not in {one.value for one in MeasureKind}:
        raise wrong("kind", f"it is one of {', '.join(MeasureKind)}")
    return MeasureKind(str(said))


def need_texts(name: object, *values: object) -> None:
    """Raises `InputError` where something is no text."""
    if not all(isinstance(one, str) for one in (name, *values)):
        raise wrong(name if isinstance(name, str) else "?", "names, fields, rules and words are texts")


@attrs.frozen(kw_only=True)
class Dimension:
    """
    Along what cells are set apart.

    Attributes:
        name: How the report calls it.
        of: A field, or of numbers a term of rules; empty where *rules* say what the levels are.
        bands: Of numbers, where bands begin, each greater than the one before; of money in whole units of *currency*. What lies below the first is a band, too.
        currency: Of bands of money; other amounts are of no band.
        by: How values become levels.
        rules: Levels by name with a rule of each; the first that holds, and none is the empty level.
        where: Of a set, which rows; all if empty.
        top: So many levels, the largest; the others are one, ``*``. 0 for all.
        zh, en: What it is called; as the field if empty.
        labels: What its levels are called in Chinese and English, where they have names.
    """

    name: str
    of: str = ""
    bands: tuple[int, ...] = attrs.field(default=(), converter=_bands)
    currency: str = ""
    by: By = attrs.field(default=By.VALUE, converter=_by)
    rules: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=_rules)
    where: str = ""
    top: int = 0
    zh: str = ""
    en: str = ""
    labels: tuple[tuple[str, tuple[str, str]], ...] = attrs.field(default=(), converter=_labels)

    def __attrs_post_init__(self) -> None:
        need_texts(self.name, self.of, self.currency, self.where, self.zh, self.en)
        names = [level for level, _ in self.rules]
        if len(set(names)) < len(names) or not TAKEN.isdisjoint(names):
            raise wrong(self.name, "levels have names, each another, and none is * or -")
        if bool(self.of) == bool(self.rules):
            raise wrong(self.name, "a dimension has a field or term, or rules")
        if (self.bands or self.rules) and self.by is not By.VALUE:
            raise wrong(self.name, "what is in bands, or told by rules, is not told by times or sets")
        if self.where and self.by is not By.SET:
            raise wrong(self.name, "which rows is said of a set; of all else by the report")
        if any(type(one) is not int for one in self.bands) or list(self.bands) != sorted(set(self.bands)):
            raise wrong(self.name, "bands begin at whole numbers, each greater than the one before")
        if (
            type(self.top) is not int
            or not 0 <= self.top <= _MOST_LEVELS
            or len(self.bands) > _MOST_LEVELS
            or len(self.rules) > _MOST_LEVELS
        ):
            raise wrong(self.name, f"a dimension has at most {_MOST_LEVELS} levels")
        if self.currency and not is_currency(self.currency):
            raise wrong(self.name, "a currency is three capital letters")

    def label(self, language: Language) -> str:
        """What it is called."""
        said = self.zh if language == "zh" else self.en
        if said or not self.of:
            return said or self.name
        field = comes_from(self.of)
        return next(
            (CATALOGUE[kind][field].label(language) for kind in PartyKind if field in CATALOGUE[kind]), self.name
        )

    @property
    def column(self) -> str:
        """The column of its levels, which is no field's name."""
        return f"0d:{self.name}"

    def levels(self) -> tuple[tuple[str, str], ...]:
        """Its levels as rules in the order of which the first holds: those that are given, or those of bands; none where values tell."""
        if not self.bands:
            return self.rules
        amount = f"{self.currency} " if self.currency else ""
        names = [f"<{self.bands[0]:,}"]
        names += [
            f"{low:,}–<{high:,}" if self.currency else f"{low:,}" if high == low + 1 else f"{low:,}–{high - 1:,}"
            for low, high in pairwise(self.bands)
        ]
        ends = [f"{self.of} < {amount}{one}" for one in self.bands]
        last = f"{self.of} >= {amount}{self.bands[-1]}"
        return tuple(zip([*names, f"{self.bands[-1]:,}+"], [*ends, last], strict=True))


@attrs.frozen(kw_only=True)
class Measure:
    """
    A figure of each cell.

    Attributes:
        name: How the report calls it.
        kind: What it is made of.
        of: Of a share the rule, otherwise the term.
        currency: Of money; of amounts whose currency stands beside them, those of this one alone are counted.
        zh, en: What it is called.
    """

    name: str
    kind: MeasureKind = attrs.field(default=MeasureKind.CUSTOMERS, converter=_kind)
    of: str = ""
    currency: str = ""
    zh: str = ""
    en: str = ""

    @property
    def column(self) -> str:
        """The column of what it adds up, which is no field's name."""
        return f"0m:{self.name}"

    def __attrs_post_init__(self) -> None:
        need_texts(self.name, self.of, self.currency, self.zh, self.en)
        needed = self.kind in (MeasureKind.SHARE, MeasureKind.SUM, MeasureKind.MEAN)
        if (needed and not self.of) or (self.of and not needed and self.kind is not MeasureKind.EACH):
            raise wrong(self.name, f"{self.kind} is of {'a rule or a term' if needed else 'nothing else'}")
        if self.currency and not is_currency(self.currency):
            raise wrong(self.name, "a currency is three capital letters")

    def label(self, language: Language) -> str:
        """What it is called."""
        return (self.zh if language == "zh" else self.en) or self.name
