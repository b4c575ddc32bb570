"""
What a report counts: dimensions along which customers, or rows of theirs, are set apart, measures of each cell, and which of them are counted; as data.

    version = "2026.1"
    [report.funds_by_age]
    zh = "各年龄段的基金余额"
    en = "Fund balances by age"
    over = "holdings"
    where = "kind = 'individual'"
    rows = "product = 'fund' and status = 'open'"
    [[report.funds_by_age.dimension]]
    name = "age"
    of = "age"
    bands = [18, 30, 45, 60]
    [[report.funds_by_age.measure]]
    name = "balance"
    kind = "sum"
    of = "balance"
    currency = "CNY"

Whatever is asked is a rule or a term of one, so that it means the same here, in a tag and in a search. What a row tells is named as its collection has it where rows are
counted; what a customer tells stands for itself, and rows of theirs are gathered as in any rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import attrs

from .._text import Language
from .._toml import read_toml
from ..errors import ConfigurationError, InputError
from ..rules import Inputs
from .report_asked import Asked
from .report_parts import Dimension, Measure, MeasureKind, listed, need_texts, wrong

__all__ = ["ReportBook", "ReportSpec", "starter_reports"]

_MOST_DIMENSIONS, _MOST_MEASURES, _MOST_SHARES = 3, 20, 5
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")


def _dimensions(said: Iterable[Dimension]) -> tuple[Dimension, ...]:
    return listed(said)


def _measures(said: Iterable[Measure]) -> tuple[Measure, ...]:
    return listed(said)


@attrs.frozen(kw_only=True, slots=False)
class ReportSpec:
    """
    What a report counts.

    Attributes:
        name: By what it is asked for.
        zh, en: What it is called.
        family: ``structure``, ``holding``, ``behaviour``, ``interaction``, or a bank's own word.
        over: The collection whose rows are counted; customers if empty.
        where: Of which customers; of all if empty.
        rows: Which rows; all if empty.
        dimensions, measures: In their order.
        k: Of fewer customers nothing is told, whatever the policy says; the policy may ask for more.

    Raises:
        InputError: A name twice or none, too many dimensions, or what does not go together.
        RuleError: A rule or a term is not understood, or does not fit; it names the dimension or measure.
    """

    name: str
    zh: str = ""
    en: str = ""
    family: str = ""
    over: str = ""
    where: str = ""
    rows: str = ""
    dimensions: tuple[Dimension, ...] = attrs.field(default=(), converter=_dimensions)
    measures: tuple[Measure, ...] = attrs.field(default=(), converter=_measures)
    k: int = 5

    def __attrs_post_init__(self) -> None:
        need_texts(self.name, self.zh, self.en, self.family, self.over, self.where, self.rows)
        kinds: list[object] = [*map(type, self.dimensions), *map(type, self.measures)]
        if kinds != [Dimension] * len(self.dimensions) + [Measure] * len(self.measures):
            raise wrong(self.name, "a report has a list of dimensions and a list of measures")
        if sum(one.kind is MeasureKind.SHARE for one in self.measures) > _MOST_SHARES:
            raise wrong(self.name, f"a report has at most {_MOST_SHARES} shares; side by side they tell of few")
        names = [one.name for one in self.parts]
        if len(set(names)) < len(names) or not all(map(_NAME.fullmatch, [self.name, *names])):
            raise wrong(
                self.name, "a report, its dimensions and its measures have names of small letters, each another"
            )
        if len(self.dimensions) > _MOST_DIMENSIONS or not 0 < len(self.measures) <= _MOST_MEASURES:
            raise wrong(
                self.name, f"a report has at most {_MOST_DIMENSIONS} dimensions, and 1 to {_MOST_MEASURES} measures"
            )
        if type(self.k) is not int or self.k < 1:
            raise wrong(self.name, "k is a number above zero")
        if (self.rows or any(one.kind is MeasureKind.ROWS for one in self.measures)) and not self.over:
            raise wrong(self.name, "say over which collection rows are counted")
        _ = self.asked

    @property
    def parts(self) -> tuple[Dimension | Measure, ...]:
        """Its dimensions and measures."""
        return (*self.dimensions, *self.measures)

    def label(self, language: Language) -> str:
        """What it is called."""
        return (self.zh if language == "zh" else self.en) or self.name

    @cached_property
    def asked(self) -> Asked:
        """Everything that it asks, understood."""
        return Asked(self)

    @property
    def inputs(self) -> Inputs:
        """The columns that it reads as they are."""
        return self.asked.inputs

    @classmethod
    def from_table(cls, name: str, said: Mapping[str, Any]) -> ReportSpec:
        """
        The report of a table of TOML.

        Raises:
            InputError, RuleError: As the class.
        """
        given = dict(said)
        parts = {"dimension": Dimension, "measure": Measure}
        found: dict[str, Any] = {}
        for word, kind in parts.items():
            tables = given.pop(word, [])
            if not isinstance(tables, list) or not all(isinstance(one, Mapping) for one in tables):
                raise wrong(name, f"{word} is a list of tables")
            found[f"{word}s"] = [_made(kind, one, f"{name}.{word}") for one in tables]
        texts = ("zh", "en", "family", "over", "where", "rows")
        if not set(given) <= {*texts, "k"} or not all(isinstance(given[one], str) for one in texts if one in given):
            raise wrong(
                name,
                "a report has the texts zh, en, family, over, where and rows, a number k, and dimension and measure",
            )
        return cls(name=name, **given, **found)


def _made(kind: type[Any], said: Mapping[str, Any], where: str) -> Any:
    fields: Any = attrs.fields(kind)
    known = {one.name for one in fields}
    names = ", ".join(sorted(known))
    if not set(said) <= known or "name" not in said:
        raise wrong(where, f"it has a name, and of these what it needs: {names}")
    return kind(**said)


@attrs.frozen(slots=False)
class ReportBook:
    """Reports by name, under a version."""

    version: str
    reports: Mapping[str, ReportSpec]

    @classmethod
    def read(cls, path: Path) -> ReportBook:
        """
        The reports of a TOML file.

        Raises:
            ConfigurationError: There is no such file, it is no TOML, or it holds something else.
            InputError, RuleError: A report is not understood.
        """
        said = read_toml(path, "file of reports", ConfigurationError, "reports")
        tables = said.pop("report", {})
        version = said.pop("version", "")
        if (
            said
            or not isinstance(version, str)
            or not isinstance(tables, dict)
            or not all(isinstance(one, dict) for one in tables.values())
        ):
            raise ConfigurationError(
                f"{path.name}: a file of reports has a version and tables [report.NAME]", rule="reports"
            )
        return cls(version, {name: ReportSpec.from_table(name, one) for name, one in tables.items()})

    def __getitem__(self, name: str) -> ReportSpec:
        if name not in self.reports:
            raise InputError(
                f"there is no report of this name; there are {', '.join(self.reports)}",
                path="$.name",
                rule="unknown_report",
            )
        return self.reports[name]


@cache
def starter_reports() -> ReportBook:
    """The reports that ship with the library: an example to begin with."""
    with as_file(files(__package__ or "bankcif.analytics") / "data" / "reports.toml") as path:
        return ReportBook.read(path)
