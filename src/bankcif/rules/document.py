"""
Rules as JSON, as they are stored, and the JSON Schema of that.

    {"and": [{"compare": [{"field": "aum"}, ">=", {"money": ["1000000", "CNY"]}]}, {"not": {"tag": "dormant"}}]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import singledispatch
from typing import Any, TypeVar

from ..errors import InputError, RuleError
from ..party import Money
from .calendar import RelativeDay, Span, Unit
from .expression import (
    Aggregate,
    And,
    Arithmetic,
    Between,
    Compare,
    Elapsed,
    Expression,
    Field,
    Function,
    Holds,
    In,
    Missing,
    Not,
    Operand,
    Operator,
    Or,
    Parameter,
    Sign,
    Term,
    TextMatch,
    TextPart,
)
from .parse import MOST_DEPTH
from .values import is_bounded, utc_text

__all__ = ["as_document", "from_document", "json_schema"]

Chosen = TypeVar("Chosen", bound=StrEnum)

_SIGNS = {Sign.PLUS: "add", Sign.MINUS: "subtract", Sign.TIMES: "multiply"}
_BY_WORD = {word: sign for sign, word in _SIGNS.items()}


def as_document(expression: Expression) -> dict[str, Any]:
    """*expression* as JSON has it."""
    if isinstance(expression, And | Or):
        return {"and" if isinstance(expression, And) else "or": [as_document(item) for item in expression.items]}
    if isinstance(expression, Not):
        return {"not": as_document(expression.item)}
    if isinstance(expression, Holds):
        return {expression.kind: expression.name}
    term = _term(expression.field)
    if isinstance(expression, Compare):
        return {"compare": [term, expression.operator.value, _operand(expression.value)]}
    if isinstance(expression, In):
        return {"not_in" if expression.negated else "in": [term, [_operand(value) for value in expression.values]]}
    if isinstance(expression, Between):
        return {"between": [term, _operand(expression.low), _operand(expression.high)]}
    if isinstance(expression, Missing):
        return {"present" if expression.negated else "missing": term}
    assert isinstance(expression, TextMatch)
    said = {"text": [term, expression.part.value, _operand(expression.value)]}
    return {"not": said} if expression.negated else said


def _term(term: Any) -> Any:
    return {"field": term} if isinstance(term, str) else _operand(term)


@singledispatch
def _operand(value: Any) -> Any:
    """A text, a whole number or a truth value stands for itself."""
    return value


@_operand.register
def _(value: datetime) -> Any:
    return {"instant": utc_text(value)}


@_operand.register
def _(value: date) -> Any:
    return {"date": value.isoformat()}


@_operand.register
def _(value: Money) -> Any:
    return {"money": [f"{value.amount:f}", value.currency]}


@_operand.register
def _(value: Decimal) -> Any:
    return {"decimal": f"{value:f}"}


@_operand.register
def _(value: Parameter) -> Any:
    return {"parameter": value.name}


@_operand.register
def _(value: RelativeDay) -> Any:
    return {"today": [value.number, value.unit.value]}


@_operand.register
def _(value: Field) -> Any:
    return {"field": value.name}


@_operand.register
def _(value: Elapsed) -> Any:
    return {"days_since": value.field}


@_operand.register
def _(value: Arithmetic) -> Any:
    return {_SIGNS[value.sign]: [_term(value.left), _operand(value.right)]}


@_operand.register
def _(value: Aggregate) -> Any:
    said: dict[str, Any] = {"of": f"{value.collection}.{value.field}" if value.field else value.collection}
    if value.where is not None:
        said["where"] = as_document(value.where)
    if value.within is not None:
        said["within"] = [value.within.number, value.within.unit.value]
    return {value.function.value: said}


def from_document(document: Any) -> Expression:
    """
    The rule in parsed JSON.

    Raises:
        RuleError: It is none; the message says at which part.
    """
    return _Reader().rule(document, "$", 0)


class _Reader:
    def rule(self, said: Any, path: str, depth: int) -> Expression:
        if depth > 2 * MOST_DEPTH:
            raise RuleError(f"a rule is at most {MOST_DEPTH} levels deep", path=path)
        word, inner = self._only(said, path, "a rule")
        here = f"{path}.{word}"
        if word in ("and", "or"):
            items = tuple(
                self.rule(item, f"{here}[{n}]", depth + 1) for n, item in enumerate(self._list(inner, None, here))
            )
            return And(items) if word == "and" else Or(items)
        if word == "not":
            return Not(self.rule(inner, here, depth + 1))
        if word in ("tag", "segment"):
            return Holds(word, self._text(inner, here))
        if word in ("missing", "present"):
            return Missing(self._left(inner, here, depth), word == "present")
        read = {
            "compare": self._compare,
            "in": self._in,
            "not_in": self._in,
            "between": self._between,
            "text": self._match,
        }.get(word)
        if read is None:
            raise RuleError(f"there is no part of a rule called so; there are {', '.join(_WORDS)}", path=path)
        return read(inner, here, depth)

    def _compare(self, said: Any, path: str, depth: int) -> Expression:
        left, operator, right = self._list(said, 3, path)
        known = self._one_of(Operator, operator, f"{path}[1]")
        return Compare(self._left(left, f"{path}[0]", depth), known, self._operand(right, f"{path}[2]", depth))

    def _in(self, said: Any, path: str, depth: int) -> Expression:
        left, values = self._list(said, 2, path)
        found = tuple(
            self._operand(value, f"{path}[1][{n}]", depth)
            for n, value in enumerate(self._list(values, None, f"{path}[1]"))
        )
        return In(self._left(left, f"{path}[0]", depth), found, path.endswith(".not_in"))

    def _between(self, said: Any, path: str, depth: int) -> Expression:
        left, low, high = self._list(said, 3, path)
        bounds = [self._operand(value, f"{path}[{n}]", depth) for n, value in ((1, low), (2, high))]
        return Between(self._left(left, f"{path}[0]", depth), bounds[0], bounds[1])

    def _match(self, said: Any, path: str, depth: int) -> Expression:
        left, part, value = self._list(said, 3, path)
        known = self._one_of(TextPart, part, f"{path}[1]")
        return TextMatch(self._left(left, f"{path}[0]", depth), known, self._operand(value, f"{path}[2]", depth))

    def _left(self, said: Any, path: str, depth: int) -> Term:
        found = self._operand(said, path, depth)
        if isinstance(found, Field):
            return found.name
        if isinstance(found, Arithmetic | Elapsed | Aggregate):
            return found
        raise RuleError("a comparison begins with a field, or with what is reckoned from fields", path=path)

    def _operand(self, said: Any, path: str, depth: int) -> Operand:
        if isinstance(said, str | bool) or type(said) is int:
            return said
        if depth > 2 * MOST_DEPTH:
            raise RuleError(f"a rule is at most {MOST_DEPTH} levels deep", path=path)
        word, inner = self._only(said, path, "a value")
        here = f"{path}.{word}"
        if word in ("field", "parameter", "days_since"):
            name = self._text(inner, here)
            return {"field": Field, "parameter": Parameter, "days_since": Elapsed}[word](name)  # type: ignore[no-any-return]
        if word == "today":
            return RelativeDay(*self._span(inner, here))
        if word in _BY_WORD:
            left, right = self._list(inner, 2, here)
            first = self._operand(left, f"{here}[0]", depth + 1)
            return Arithmetic(
                first.name if isinstance(first, Field) else first,  # type: ignore[arg-type]
                _BY_WORD[word], self._operand(right, f"{here}[1]", depth + 1),
            )  # fmt: skip
        if word in set(Function):
            return self._aggregate(Function(word), inner, here, depth)
        return self._literal(word, inner, path)

    def _aggregate(self, function: Function, said: Any, path: str, depth: int) -> Aggregate:
        if not isinstance(said, Mapping) or not {"of"} <= set(said) <= {"of", "where", "within"}:
            raise RuleError("what is gathered has  of  and maybe  where  and  within", path=path)
        collection, _, field = self._text(said["of"], f"{path}.of").partition(".")
        where = self.rule(said["where"], f"{path}.where", depth + 1) if "where" in said else None
        within = Span(*self._span(said["within"], f"{path}.within")) if "within" in said else None
        return Aggregate(function, collection, field, where, within)

    def _literal(self, word: str, said: Any, path: str) -> Operand:
        read = _LITERALS.get(word)
        if read is None:
            raise RuleError(f"there is no value called so; there are {', '.join(_VALUES)}", path=path)
        try:
            return read(said)
        except (InputError, InvalidOperation, TypeError, ValueError):
            pass
        raise RuleError(f"this is no {word}", path=f"{path}.{word}")

    def _span(self, said: Any, path: str) -> tuple[int, Unit]:
        number, unit = self._list(said, 2, path)
        if type(number) is not int or abs(number) > 10_000:
            raise RuleError("a time is at most 10,000 days, months or years", path=f"{path}[0]")
        return number, self._one_of(Unit, unit, f"{path}[1]")

    def _only(self, said: Any, path: str, what: str) -> tuple[str, Any]:
        if not isinstance(said, Mapping) or len(said) != 1 or not isinstance(next(iter(said)), str):
            raise RuleError(f"{what} is an object with one name", path=path)
        ((word, inner),) = said.items()
        return word, inner

    def _list(self, said: Any, length: int | None, path: str) -> Any:
        if not isinstance(said, list) or (length is not None and len(said) != length):
            raise RuleError(f"here a list{f' of {length}' if length else ''} should stand", path=path)
        return said

    def _text(self, said: Any, path: str) -> str:
        if not isinstance(said, str) or not said:
            raise RuleError("here a name should stand", path=path)
        return said

    def _one_of(self, kind: type[Chosen], said: Any, path: str) -> Chosen:
        if not isinstance(said, str) or said not in list(kind):
            raise RuleError(f"here one of {', '.join(kind)} should stand", path=path)
        return kind(said)


def _money(said: Any) -> Money:
    amount, currency = said
    if not isinstance(amount, str) or not isinstance(currency, str):
        raise TypeError
    return Money(amount, currency)


def _decimal(said: Any) -> Decimal:
    if not isinstance(said, str) or not is_bounded(Decimal(said)):
        raise TypeError
    return Decimal(said)


def _date(said: Any) -> date:
    found = date.fromisoformat(said)
    if found.isoformat() != said:  # Python reads other forms of ISO 8601, too
        raise ValueError
    return found


def _instant(said: Any) -> datetime:
    found = datetime.fromisoformat(said)
    if found.tzinfo is None:
        raise ValueError
    return found


_LITERALS: Mapping[str, Callable[[Any], Operand]] = {
    "money": _money, "decimal": _decimal, "date": _date, "instant": _instant,
}  # fmt: skip
_WORDS = ("and", "or", "not", "compare", "in", "not_in", "between", "text", "missing", "present", "tag", "segment")
_VALUES = ("field", "parameter", "today", *_LITERALS, "days_since", *_BY_WORD, *Function)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a stored rule."""
    rule, operand, name = {"$ref": "#/$defs/rule"}, {"$ref": "#/$defs/operand"}, {"type": "string", "minLength": 1}

    def only(word: str, inner: Any) -> dict[str, Any]:
        return {"type": "object", "properties": {word: inner}, "required": [word], "additionalProperties": False}

    def exactly(*items: Any) -> dict[str, Any]:
        return {"type": "array", "prefixItems": list(items), "items": False, "minItems": len(items)}

    def many(items: Any) -> dict[str, Any]:
        return {"type": "array", "items": items}

    span = exactly({"type": "integer", "minimum": -10_000, "maximum": 10_000}, {"enum": [unit.value for unit in Unit]})
    rows = {
        "type": "object", "required": ["of"], "additionalProperties": False,
        "properties": {"of": name, "where": rule, "within": span},
    }  # fmt: skip
    rules = [
        only("and", many(rule)), only("or", many(rule)), only("not", rule), only("tag", name), only("segment", name),
        only("compare", exactly(operand, {"enum": [one.value for one in Operator]}, operand)),
        *(only(word, exactly(operand, many(operand))) for word in ("in", "not_in")),
        only("between", exactly(operand, operand, operand)),
        only("text", exactly(operand, {"enum": [one.value for one in TextPart]}, operand)),
        *(only(word, operand) for word in ("missing", "present")),
    ]  # fmt: skip
    operands = [
        {"type": ["string", "integer", "boolean"]},
        *(only(word, name) for word in ("field", "parameter", "days_since")), only("today", span),
        only("money", exactly({"type": "string"}, {"type": "string", "pattern": "^[A-Z]{3}$"})),
        only("decimal", {"type": "string"}), only("date", {"type": "string", "format": "date"}),
        only("instant", {"type": "string", "format": "date-time"}),
        *(only(word, exactly(operand, operand)) for word in _BY_WORD), *(only(word.value, rows) for word in Function),
    ]  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A rule of bankcif", **rule,
        "$defs": {"rule": {"oneOf": rules}, "operand": {"oneOf": operands}},
    }  # fmt: skip
