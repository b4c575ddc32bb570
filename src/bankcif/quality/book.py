"""
All quality rules of a bank, checked together and compiled: of one customer, or of whole columns.

    version = "2026.1"
    applies = "life_cycle in ('active', 'dormant')"
    [rule.phone_there]
    dimension = "completeness"
    finding = "missing"
    field = "phone"
    zh = "有联系电话"
    en = "There is a phone number"
    passes = "has_phone = true"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import attrs

from .._canonical import dumps, sha256
from .._extras import need
from .._toml import read_toml
from ..errors import BankCIFError, ConfigurationError, RuleError
from ..party import FIELD_NAMES
from ..rules import (
    TRUE,
    And,
    Compare,
    Expression,
    Field,
    Lowered,
    Operator,
    Predicate,
    compiled,
    lower,
    parse,
    turning,
    written,
)
from ..rules.columns import holding
from .dimension import Dimension, Figure, Outcome
from .measures import quality_schema
from .rule import QualityRule

__all__ = ["RuleBook", "figures_in_columns", "starter_rules"]

_KEYS = {one.name for one in attrs.fields(QualityRule)} - {"name"}
_RULES = ("applies", "checkable", "passes")
_MOST_RULES = 500
_CODES = (Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE, Outcome.NOT_CHECKED)
"""What stands for an outcome in a column: its place."""


@attrs.frozen
class _Rule:
    name: str
    parts: tuple[Lowered, Lowered, Lowered]
    asks: tuple[Predicate, Predicate, Predicate]


@attrs.frozen(kw_only=True, hash=False)
class RuleBook:
    """
    Quality rules.

    Args:
        version: As the bank counts them.
        rules: By name.
        applies: Of whom any of them asks something.

    Raises:
        RuleError: A rule does not fit what there is; the message names it.
    """

    version: str
    rules: Mapping[str, QualityRule]
    applies: Expression = TRUE

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.rules) <= _MOST_RULES:
            raise RuleError(f"a rule book has 1 to {_MOST_RULES} rules")
        for name, rule in self.rules.items():
            if name != rule.name or rule.field not in FIELD_NAMES:
                raise RuleError(f"rule {name}: there is no field {rule.field}")
        self._compiled  # noqa: B018 (refused now, not at the first customer)

    @classmethod
    def of(cls, version: str, *rules: QualityRule, applies: Expression = TRUE) -> RuleBook:
        """The book of *rules*."""
        return cls(version=version, rules={one.name: one for one in rules}, applies=applies)

    @classmethod
    def read(cls, path: Path) -> RuleBook:
        """
        The book in the TOML file *path*.

        Raises:
            RuleError: It cannot be read, or does not fit; the message says where.
        """
        return cls.from_document(read_toml(path, "book of quality rules", ConfigurationError, "quality"))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> RuleBook:
        """The book in a parsed document. Raises `RuleError` as `read` does."""
        given: Any = document  # of whoever wrote the file
        known = isinstance(given, Mapping) and not set(given) - {"version", "applies", "rule"}
        if not known or not isinstance(given.get("version"), str) or not isinstance(given.get("rule"), Mapping):
            raise RuleError("a book of quality rules has a version (text), applies (a rule), and [rule.NAME]")
        applies = _parsed("applies", given["applies"]) if "applies" in given else TRUE
        return cls(
            version=given["version"], applies=applies, rules={name: _made(name, table) for name, table in given["rule"].items()}
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """The book as `from_document` takes it, every rule written out."""
        tables = {name: _table(rule) for name, rule in sorted(self.rules.items())}
        return {"version": self.version, "applies": written(self.applies), "rule": tables}

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the document: what was found is kept with the book it was found by."""
        return sha256("bankcif/v1/quality", dumps(self.document()))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The rules, in the order in which outcomes are kept."""
        return tuple(sorted(self.rules))

    def examine(self, record: Mapping[str, Any], today: date) -> dict[str, Outcome]:
        """
        What comes out of each rule.

        Args:
            record: As `bankcif.rules.opened_record` gives it, with what `Gauge.measured` adds.
            today: The day on which it is asked.
        """
        return {
            one.name: _outcome(one, record, known) for one, known in zip(self._compiled, self._on(today), strict=True)
        }

    def by_dimension(self, figures: Mapping[str, Figure]) -> dict[Dimension, Figure]:
        """Figures of rules by dimension, its rules together; a rule that the book has no more is in none."""
        found: dict[Dimension, Figure] = {}
        for name in self.names:
            if name in figures:
                dimension = self.rules[name].dimension
                found[dimension] = found.get(dimension, Figure()) + figures[name]
        return {one: found[one] for one in Dimension if one in found}

    def next_change(self, record: Mapping[str, Any], today: date) -> date | None:
        """The first day on which something else can come out if nothing new is heard; None if there is none."""
        first: date | None = None
        for turn in self._turning:
            first = turn(record, today, until=first) or first
        return first

    def in_columns(self, frame: Any, *, key: str, today: date, collections: Mapping[str, Any] | None = None) -> Any:
        """
        What comes out of each rule for many customers at once.

        Args:
            frame, key, collections: As in `bankcif.rules.columns.holding`, with the columns of `bankcif.rules.opened_record` and of
                `Gauge.measured`.
            today: The day on which it is asked.

        Returns:
            A frame of the same kind: *key*, and for each rule the place of its outcome in `Outcome`: 0 where it is met, 1 where it is not, 2 where it
            asks nothing, 3 where that can not be told.
        """
        nw = need("narwhals", extra="bulk")
        trees = {
            f"{part}:{one.name}": tree for one in self._compiled for part, tree in zip(_RULES, one.parts, strict=True)
        }
        shared = {tree: name for name, tree in reversed(trees.items())}  # what several rules ask is asked once
        held = nw.from_native(
            holding({name: tree for tree, name in shared.items()}, quality_schema(), frame, key=key, today=today, collections=collections)
        )  # fmt: skip

        def code(name: str) -> Any:
            applies, checkable, passes = (nw.col(shared[trees[f"{part}:{name}"]]) for part in _RULES)
            met = nw.when(passes).then(nw.lit(0, nw.Int8)).otherwise(nw.lit(1, nw.Int8))
            told = nw.when(checkable).then(met).otherwise(nw.lit(3, nw.Int8))
            return nw.when(applies).then(told).otherwise(nw.lit(2, nw.Int8)).alias(name)

        return held.select(nw.col(key), *(code(name) for name in self.names)).to_native()

    def _on(self, today: date) -> list[tuple[Mapping[str, Any], ...]]:
        """What each part of each rule knows of the day; a file asks for one day of each customer."""
        found = self._lately.get(today)
        if found is None:
            found = [tuple(part.known(today) for part in one.parts) for one in self._compiled]
            self._lately.clear()
            self._lately[today] = found
        return found

    @cached_property
    def _lately(self) -> dict[date, list[tuple[Mapping[str, Any], ...]]]:
        return {}

    @cached_property
    def _compiled(self) -> tuple[_Rule, ...]:
        return tuple(self._rule(self.rules[name]) for name in sorted(self.rules))

    @cached_property
    def _turning(self) -> list[Any]:
        return [turning(part) for part in {part for one in self._compiled for part in one.parts if part.days}]

    def _rule(self, rule: QualityRule) -> _Rule:
        of_kind = () if rule.kind is None else (Compare(Field("kind"), Operator.EQUAL, rule.kind),)
        whose = And((self.applies, *of_kind, *(() if rule.applies is None else (rule.applies,))))
        parts = tuple(
            _lowered(rule.name, part, one)
            for part, one in zip(
                _RULES, (whose, TRUE if rule.checkable is None else rule.checkable, rule.passes), strict=True
            )
        )
        return _Rule(rule.name, parts, tuple(map(compiled, parts)))  # type: ignore[arg-type]


def figures_in_columns(book: RuleBook, outcomes: Any, *, by: str | None = None) -> dict[Any, dict[str, Figure]]:
    """
    The figures of a frame that `RuleBook.in_columns` gave.

    Args:
        book: By which it was made.
        outcomes: The frame, or one joined with a column of units.
        by: That column; all are one unit, under None, without.
    """
    nw = need("narwhals", extra="bulk")
    frame = nw.from_native(outcomes)
    counts = [
        (nw.col(name) == place).sum().alias(f"{name}:{place}") for name in book.names for place in range(len(_CODES))
    ]
    found = frame.select(*counts) if by is None else frame.group_by(by).agg(*counts)
    if hasattr(found, "collect"):
        found = found.collect()
    return {
        None if by is None else row[by]: {
            name: Figure(*(int(row[f"{name}:{place}"] or 0) for place in range(len(_CODES)))) for name in book.names
        }
        for row in found.rows(named=True)
    }


@cache
def starter_rules() -> RuleBook:
    """The rules for a Chinese bank's persons and companies that ship with the library: an example to begin with."""
    with as_file(files(__package__ or "bankcif.quality") / "data" / "starter.toml") as path:
        return RuleBook.read(path)


def _outcome(one: _Rule, record: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> Outcome:
    applies, checkable, passes = one.asks
    if not applies(record, known[0]):
        return Outcome.NOT_APPLICABLE
    if not checkable(record, known[1]):
        return Outcome.NOT_CHECKED
    return Outcome.PASSED if passes(record, known[2]) else Outcome.FAILED


def _made(name: str, table: object) -> QualityRule:
    if not isinstance(table, Mapping) or set(table) - _KEYS:
        raise RuleError(f"rule {name}: it may have {', '.join(sorted(_KEYS))}")
    parsed = {part: _parsed(f"rule {name}, {part}", table[part]) for part in _RULES if part in table}
    problem = ""
    try:
        return QualityRule(name=name, **{**table, **parsed})
    except BankCIFError as error:
        problem = str(error)
    except (TypeError, ValueError):
        problem = "something is missing, or of the wrong type"
    raise RuleError(problem if problem.startswith("rule ") else f"rule {name}: {problem}")


def _parsed(where: str, text: object) -> Expression:
    problem = "it is a text"
    try:
        if isinstance(text, str):
            return parse(text)
    except RuleError as error:
        problem = str(error)
    raise RuleError(f"{where}: {problem}")


def _lowered(name: str, part: str, one: Expression) -> Lowered:
    problem: RuleError | None = None
    try:
        return lower(one, quality_schema())
    except RuleError as error:
        problem = error
    raise RuleError(f"rule {name}, {part}: {problem}")


def _table(rule: QualityRule) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in sorted(_KEYS):
        value: Any = getattr(rule, key)
        if value in (None, ""):
            continue
        found[key] = written(value) if key in _RULES else value if isinstance(value, int) else str(value)
    return found
