"""
Rules as people write them: ``branch = $branch and investment_grade in ('R1', 'R2') and not aml_class is missing``.

    rule     = and { "or" and }
    and      = not { "and" not }
    not      = "not" not | "(" rule ")" | "true" | "false" | leaf
    leaf     = name ( operator value | ["not"] "in" "(" value { "," value } ")" | "between" value "and" value
                    | "is" ["not"] "missing" | ("starts" | "ends") "with" value | "contains" value )
    value    = number | 'text' | date | $name
    operator = "=" | "!=" | "<" | "<=" | ">" | ">="

A text stands between single quotes, a quote in it is doubled; a date is written 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import attrs

from ..errors import RuleError
from .expression import (
    FALSE,
    TRUE,
    And,
    Between,
    Compare,
    Expression,
    In,
    Missing,
    Not,
    Operand,
    Operator,
    Or,
    Parameter,
    TextMatch,
    TextPart,
)

__all__ = ["MOST_DEPTH", "parse", "written"]

MOST_DEPTH = 16
_MOST_CHARACTERS = 20_000
_TOKEN = re.compile(
    r"\s*(?:(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})|(?P<number>-?[0-9]{1,19})(?![0-9A-Za-z_])|(?P<text>'(?:[^']|'')*')"
    r"|(?P<parameter>\$[a-z_][a-z0-9_]*)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><=|>=|!=|=|<|>|\(|\)|,))"
)
_WORDS = frozenset(
    {"and", "or", "not", "in", "between", "is", "missing", "starts", "ends", "with", "contains", "true", "false"}
)


@attrs.frozen
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Expression:
    """
    The tree of *text*.

    Raises:
        RuleError: It is no rule; ``position`` says at which character, from 1.
    """
    if len(text) > _MOST_CHARACTERS:
        raise RuleError("a rule has at most 20,000 characters", position=_MOST_CHARACTERS)
    parser = _Parser(list(_tokens(text)), len(text))
    found = parser.any(0)
    parser.end()
    return found


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise RuleError("this is not a word, number, 'text', date or sign of a rule", position=at + 1)
        kind = found.lastgroup or ""
        yield _Token(kind, found[kind], found.start(kind) + 1)
        at = found.end()


class _Parser:
    def __init__(self, tokens: list[_Token], length: int) -> None:
        self._tokens, self._at, self._length = tokens, 0, length

    def any(self, depth: int) -> Expression:
        items = [self._all(depth + 1)]
        while self._take("or"):
            items.append(self._all(depth + 1))
        return items[0] if len(items) == 1 else Or(tuple(items))

    def end(self) -> None:
        if self._at < len(self._tokens):
            self._refuse("here the rule should end, or go on with  and  or  or")

    def _all(self, depth: int) -> Expression:
        items = [self._not(depth + 1)]
        while self._take("and"):
            items.append(self._not(depth + 1))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _not(self, depth: int) -> Expression:
        if depth > 2 * MOST_DEPTH:
            self._refuse(f"a rule is at most {MOST_DEPTH} levels deep")
        if self._take("not"):
            return Not(self._not(depth + 1))
        if self._take("("):
            found = self.any(depth + 1)
            self._need(")")
            return found
        if self._take("true"):
            return TRUE
        if self._take("false"):
            return FALSE
        return self._leaf()

    def _leaf(self) -> Expression:
        token = self._peek()
        if token is None or token.kind != "word" or token.text in _WORDS:
            self._refuse("here the name of a field should stand")
        field = self._next().text
        sign = self._peek()
        if sign is not None and sign.text in set(Operator):
            return Compare(field, Operator(self._next().text), self._value())
        if self._take("not"):
            self._need("in")
            return In(field, self._values(), negated=True)
        if self._take("in"):
            return In(field, self._values())
        if self._take("between"):
            low = self._value()
            self._need("and")
            return Between(field, low, self._value())
        if self._take("is"):
            negated = self._take("not")
            self._need("missing")
            return Missing(field, negated=negated)
        for word, part in (("starts", TextPart.STARTS), ("ends", TextPart.ENDS)):
            if self._take(word):
                self._need("with")
                return TextMatch(field, part, self._value())
        if self._take("contains"):
            return TextMatch(field, TextPart.CONTAINS, self._value())
        self._refuse("behind a field stands a comparison, in, between, is missing, starts with, ends with or contains")
        raise AssertionError  # pragma: no cover (the line above raises)

    def _values(self) -> tuple[Operand, ...]:
        self._need("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._need(")")
        return tuple(values)

    def _value(self) -> Operand:
        token = self._peek()
        if token is None or token.kind not in ("date", "number", "text", "parameter"):
            self._refuse("here a number, 'text', date or $parameter should stand")
        token = self._next()
        if token.kind == "number":
            return int(token.text)
        if token.kind == "text":
            return token.text[1:-1].replace("''", "'")
        if token.kind == "parameter":
            return Parameter(token.text[1:])
        try:
            return date.fromisoformat(token.text)
        except ValueError:
            pass
        raise RuleError("there is no such day", position=token.at)

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, text: str) -> bool:
        token = self._peek()
        taken = token is not None and token.kind in ("word", "sign") and token.text == text
        self._at += taken
        return taken

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._refuse(f"here  {text}  should stand")

    def _refuse(self, problem: str) -> None:
        token = self._peek()
        raise RuleError(problem, position=token.at if token else self._length + 1)


def written(expression: Expression) -> str:
    """*expression* as `parse` reads it."""
    if isinstance(expression, And | Or):
        if not expression.items:
            return "true" if isinstance(expression, And) else "false"
        word = " and " if isinstance(expression, And) else " or "
        return word.join(f"({written(item)})" for item in expression.items)
    if isinstance(expression, Not):
        return f"not ({written(expression.item)})"
    if isinstance(expression, Compare):
        return f"{expression.field} {expression.operator} {_value(expression.value)}"
    if isinstance(expression, In):
        word = "not in" if expression.negated else "in"
        return f"{expression.field} {word} ({', '.join(map(_value, expression.values))})"
    if isinstance(expression, Between):
        return f"{expression.field} between {_value(expression.low)} and {_value(expression.high)}"
    if isinstance(expression, Missing):
        return f"{expression.field} is {'not ' if expression.negated else ''}missing"
    said = f"{expression.field} {expression.part} {_value(expression.value)}"
    return f"not ({said})" if expression.negated else said


def _value(value: Operand) -> str:
    if isinstance(value, Parameter):
        return f"${value.name}"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
