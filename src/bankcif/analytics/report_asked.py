"""The rules and terms of a report, understood: where each stands, and which columns they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import InputError, RuleError
from ..rules import (
    Compare,
    Expression,
    Inputs,
    Kind,
    Missing,
    Needs,
    Operator,
    RuleField,
    Schema,
    inputs,
    needs,
    opened_schema,
    parse,
    term_type,
)
from .report_parts import By, Dimension, Measure, MeasureKind, wrong

if TYPE_CHECKING:
    from .report import ReportSpec

__all__ = ["Asked"]


class Asked:
    """
    The rules and terms of a report, understood: those of customers, and those of the rows that are counted.

    Attributes:
        schemas: What rules of customers, and of rows, may speak of.
        rules, terms: By place: 0 of customers, 1 of rows; by the name of the column that comes of it.
        sets: Of a set, which rows: what the rule may speak of, and the rule, by dimension.
        plain: The columns from which values become levels, by dimension: where it stands, its name, and its type.
        units: Of each measure of a term, what it comes to.
    """

    def __init__(self, spec: ReportSpec) -> None:
        texts = [spec.where, *(text for one in spec.dimensions for _, text in one.levels())]
        texts += [one.of for one in spec.measures if one.kind is MeasureKind.SHARE and not spec.over]
        read = Needs()
        for text in filter(None, texts):
            read |= needs(_parsed(spec.name, text))
        own = opened_schema(tags=read.tags, segments=read.segments)
        if spec.over and spec.over not in own.collections:
            raise wrong(spec.name, f"there are no rows of {spec.over}; there are {', '.join(own.collections)}")
        of_rows = Schema(own.collections[spec.over].fields) if spec.over else Schema(())
        self.schemas: tuple[Schema, Schema] = own, of_rows
        self.rules: tuple[dict[str, Expression], dict[str, Expression]] = {}, {}
        self.terms: tuple[dict[str, Any], dict[str, Any]] = {}, {}
        self.plain: dict[str, tuple[int, str, RuleField]] = {}
        self.sets: dict[str, tuple[Schema, Expression]] = {}
        self.units: dict[str, RuleField] = {}
        self._over = spec.over
        if spec.where:
            self.rules[0]["0where"] = _parsed(spec.name, spec.where)
        if spec.rows:
            self.rules[1]["0rows"] = _parsed(spec.name, spec.rows)
        for dimension in spec.dimensions:
            self._take(dimension)
        for measure in spec.measures:
            self._measure(measure)
        self.inputs = self._inputs()

    def _take(self, one: Dimension) -> None:
        levels = one.levels()
        if levels:
            place = min(self._place(_parsed(one.name, text)) for _, text in levels)
            for number, (_, text) in enumerate(levels):
                self.rules[place][f"{one.column}:{number}"] = _parsed(one.name, text)
            return
        place, name = int(bool(self._over)), one.of
        if one.by is By.SET or name not in self.schemas[place]:
            place = 0
        field = self._field_of(one, place)
        if one.by in (By.MONTH, By.QUARTER, By.YEAR, By.SEASON) and field.kind is not Kind.DATE:
            raise wrong(one.name, f"{name} is no day")
        if one.by is By.VALUE and field.kind not in (Kind.TEXT, Kind.BOOLEAN):
            raise wrong(one.name, f"{name} is of type {field.kind}: give bands, a time, or rules")
        self.plain[one.name] = place, name, field

    def _field_of(self, one: Dimension, place: int) -> RuleField:
        if one.by is By.SET:
            collection, _, field = one.of.partition(".")
            rows: Mapping[str, RuleField] = self.schemas[0].collections.get(collection, {})
            if field not in rows or rows[field].kind is not Kind.TEXT:
                raise wrong(one.name, "a set is of a text of rows, as holdings.product")
            if one.where:
                self.sets[one.name] = Schema(rows), _parsed(one.name, one.where)
            return rows[field]
        if one.of not in self.schemas[place]:
            raise wrong(one.name, f"{one.of} is no field that can be told apart here")
        return self.schemas[place][one.of]

    def _measure(self, one: Measure) -> None:
        place = int(bool(self._over))
        if one.kind is MeasureKind.SHARE:
            self.rules[place][one.column] = _parsed(one.name, one.of)
        elif one.of:
            term = _term(one.name, one.of)
            field = self._typed(one.name, term, place)
            if field.kind not in (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY):
                raise wrong(one.name, f"{one.of} is of type {field.kind}, and is not added up")
            self.terms[place][one.column], self.units[one.name] = term, field
            if field.currency_field:
                if not one.currency:
                    raise InputError(
                        f"report {one.name}: amounts are of several currencies; say which",
                        path=f"$.{one.name}",
                        rule="currency_mix",
                    )
                only = Compare(field.currency_field, Operator.EQUAL, one.currency)
                self.rules[place][f"{one.column}:currency"] = only
            elif one.currency and one.currency != field.currency:
                raise InputError(
                    f"report {one.name}: it is in {field.currency or 'no currency'}, and not in {one.currency}", path=f"$.{one.name}", rule="currency_mix"
                )  # fmt: skip
        if one.kind is MeasureKind.EACH and not one.of and not self._over:
            raise wrong(one.name, "each of nothing is of rows; say over which")

    def _typed(self, name: str, term: Any, place: int) -> RuleField:
        problem: RuleError | None = None
        try:
            return term_type(term, self.schemas[place])
        except RuleError as error:
            problem = error
        raise RuleError(f"{name}: {problem}") from None

    def _place(self, rule: Expression) -> int:
        """Whether a rule is of rows: if it speaks of something that a row has, and of nothing else."""
        read = needs(rule)
        return int(bool(self._over) and bool(read.fields) and read.fields <= self.schemas[1].keys())

    def _inputs(self) -> Inputs:
        own = Needs()
        for rule in self.rules[0].values():
            own |= needs(rule, self.schemas[0])
        for term in self.terms[0].values():
            own |= needs(Missing(term), self.schemas[0])
        rows = {name.partition(".")[0] for _, name, _ in self.plain.values() if "." in name} | ({self._over} - {""})
        for rule in self.rules[1].values():
            rows |= {f"{self._over}.{name}" for name in needs(rule).fields}
        for term in self.terms[1].values():
            rows |= {f"{self._over}.{name}" for name in needs(Missing(term)).fields}
        return inputs(own | Needs(rows=frozenset(rows)), self.schemas[0])

    def columns(self) -> Iterator[str]:
        """All columns that are to be extracted, once each: those that are read as they are, and those whose values are told as they are shown."""
        plain = (name for place, name, _ in self.plain.values() if not place and "." not in name)
        yield from dict.fromkeys((*self.inputs.names, *plain))


def _parsed(name: str, text: str) -> Expression:
    try:
        return parse(text)
    except RuleError as error:
        problem = str(error)
    raise RuleError(f"{name}: {problem}")


def _term(name: str, text: str) -> Any:
    found = _parsed(name, f"{text} is not missing")
    if not isinstance(found, Missing):
        raise RuleError(f"{name}: {text} is no term of a rule")
    return found.field
