"""
Rules as people write them: ``aum >= CNY 1000000 and count(holdings where status = 'active') > 2 and not tag("dormant")``.

    rule     = and { "or" and }
    and      = not { "and" not }
    not      = "not" not | "(" rule ")" | "true" | "false" | leaf
    leaf     = ("tag" | "segment") "(" text ")" | "exists" "(" rows ")" | term test
    test     = sign operand | ["not"] "in" "(" operand { "," operand } ")" | "between" operand "and" operand
             | "is" ["not"] "missing" | ("starts" | "ends") "with" operand | "contains" operand
    term     = product { ("+" | "-") product }
    product  = primary { "*" number }
    primary  = name | "days_since" "(" name ")" | gather "(" rows ")" | "(" term ")"
    gather   = "count" | "sum" | "min" | "max" | "distinct" | "last"
    rows     = name ["where" rule] ["within" span]
    operand  = term, in which values may stand: number | decimal | text | date | instant | money | day | "true" | "false" | $name
    money    = currency number, such as CNY 100.50
    day      = "today" [("+" | "-") span]
    span     = number ("days" | "months" | "years")
    sign     = "=" | "!=" | "<" | "<=" | ">" | ">="

A text stands between single or double quotes, and a quote in it is doubled; a date is written 2026-11-25.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from ..errors import InputError, RuleError
from ..party import Money
from .calendar import RelativeDay, Span, Unit, shifted
from .expression import (
    FALSE,
    MIRRORED,
    TRUE,
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
from .tokens import MOST_CHARACTERS, WORDS, Token, tokens

__all__ = ["MOST_DEPTH", "MOST_PARTS", "parse"]

MOST_DEPTH = 16
_MOST_NESTED = 64
"""Parentheses, words that negate and functions within each other: levels of the text, of which those of the tree are some."""
MOST_PARTS = 50
"""Of a term, such as the summands of a sum."""
_CURRENCY = re.compile(r"[A-Z]{3}")
_SPAN = {word: unit for unit in Unit for word in (unit.value, unit.value[:-1])}
_MOST_SPAN = 10_000
_AFTER_A_TERM = frozenset({*Operator, "+", "-", "*", "in", "between", "is", "not", "starts", "ends", "contains"})


def parse(text: str) -> Expression:
    """
    The tree of *text*.

    Raises:
        RuleError: It is no rule; ``position`` says at which character, from 1.
    """
    if len(text) > MOST_CHARACTERS:
        raise RuleError("a rule has at most 20,000 characters", position=MOST_CHARACTERS)
    parser = _Parser(list(tokens(text)), len(text))
    found = parser.any(0)
    parser.end()
    return found


class _Parser:
    def __init__(self, found: list[Token], length: int) -> None:
        self._tokens, self._at, self._length = found, 0, length

    def any(self, depth: int) -> Expression:
        items = [self._all(depth)]
        while self._take("or"):
            items.append(self._all(depth))
        return items[0] if len(items) == 1 else Or(tuple(items))

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._refuse("here the rule should end, or go on with  and  or  or")

    def _all(self, depth: int) -> Expression:
        items = [self._not(depth)]
        while self._take("and"):
            items.append(self._not(depth))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _not(self, depth: int) -> Expression:
        self._deep(depth)
        if self._take("not"):
            return Not(self._not(depth + 1))
        if self._sees("(") and not self._is_term():
            self._take("(")
            found = self.any(depth + 1)
            self._need(")")
            return found
        if self._take("true"):
            return TRUE
        if self._take("false"):
            return FALSE
        return self._leaf(depth)

    def _leaf(self, depth: int) -> Expression:
        at = self._place()
        for kind in ("tag", "segment"):
            if self._calls(kind):
                name = self._text()
                self._need(")")
                return Holds(kind, name, at)
        if self._calls("exists"):
            rows = self._rows(Function.COUNT, at, depth)
            return Compare(rows, Operator.GREATER, 0, at)
        term = self._sum(depth)
        if not isinstance(term, str | Arithmetic | Elapsed | Aggregate):
            return self._mirrored(term, at, depth)
        return self._test(term, at, depth)

    def _mirrored(self, day: Operand, at: int, depth: int) -> Expression:
        """A comparison that begins with a day, such as ``today - 1 year > customer_since``, read from its other side."""
        sign = self._peek()
        if sign is None or sign.text not in set(Operator):
            raise self._refuse("here the name of a field should stand", at)
        operator, place = MIRRORED[Operator(self._next().text)], self._place()
        term = self._sum(depth)
        if not isinstance(term, str | Arithmetic | Elapsed | Aggregate):
            raise self._refuse("on one side of a comparison a field should stand", place)
        return Compare(term, operator, day, at)

    def _test(self, term: Term, at: int, depth: int) -> Expression:
        sign = self._peek()
        if sign is not None and sign.text in set(Operator):
            return Compare(term, Operator(self._next().text), self._operand(depth), at)
        if self._take("not"):
            self._need("in")
            return In(term, self._operands(depth), True, at)
        if self._take("in"):
            return In(term, self._operands(depth), False, at)
        if self._take("between"):
            low = self._operand(depth)
            self._need("and")
            return Between(term, low, self._operand(depth), at)
        if self._take("is"):
            negated = self._take("not")
            self._need("missing")
            return Missing(term, negated, at)
        for word, part in (("starts", TextPart.STARTS), ("ends", TextPart.ENDS)):
            if self._take(word):
                self._need("with")
                return TextMatch(term, part, self._operand(depth), False, at)
        if self._take("contains"):
            return TextMatch(term, TextPart.CONTAINS, self._operand(depth), False, at)
        raise self._refuse(
            "behind a field stands a comparison, in, between, is missing, starts with, ends with or contains"
        )

    def _operands(self, depth: int) -> tuple[Operand, ...]:
        self._need("(")
        values = [self._operand(depth)]
        while self._take(","):
            values.append(self._operand(depth))
        self._need(")")
        return tuple(values)

    def _operand(self, depth: int) -> Operand:
        """What a term is compared with: a value, or another term."""
        literal = self._value()
        if literal is not None and not isinstance(literal, RelativeDay | date):
            return cast("Operand", literal)
        found = self._sum(depth, literal)
        return Field(found) if isinstance(found, str) else cast("Operand", found)

    def _sum(self, depth: int, first: Operand | None = None) -> Any:
        found: Any = self._product(depth) if first is None else first
        parts = 1
        while (sign := self._takes("+", "-")) is not None:
            at, parts = self._place(), parts + 1
            if parts > MOST_PARTS:
                raise self._refuse(f"a term has at most {MOST_PARTS} parts", at)
            if isinstance(found, RelativeDay | date) and (span := self._span()) is not None:
                number = -span.number if sign is Sign.MINUS else span.number
                if isinstance(found, RelativeDay):
                    if found.number:
                        raise self._refuse("today is moved once: by days, months or years", at)
                    found = RelativeDay(number, span.unit)
                else:
                    found = shifted(found, number, span.unit)
                continue
            value = self._value()
            right = self._product(depth) if value is None else value
            found = Arithmetic(found, sign, Field(right) if isinstance(right, str) and value is None else right)
        return found

    def _product(self, depth: int) -> Any:
        found, parts = self._primary(depth), 1
        while self._take("*"):
            parts += 1
            if parts > MOST_PARTS:
                raise self._refuse(f"a term has at most {MOST_PARTS} parts")
            negative = self._take("-")
            if not self._sees_kind("number"):
                raise self._refuse("a term is multiplied by a whole number")
            number = int(self._next().text)
            found = Arithmetic(found, Sign.TIMES, -number if negative else number)
        return found

    def _primary(self, depth: int) -> Any:
        at = self._place()
        if self._sees("("):
            self._deep(depth)
            self._take("(")
            found = self._sum(depth + 1)
            self._need(")")
            return found
        if self._sees("today") or self._sees_kind("date"):
            return self._value()
        if self._calls("days_since"):
            field = self._name()
            self._need(")")
            return Elapsed(field, at)
        for function in Function:
            if self._calls(function):
                return self._rows(function, at, depth)
        return self._name()

    def _rows(self, function: Function, at: int, depth: int) -> Aggregate:
        """What is gathered over which rows, behind the parenthesis that opens it."""
        collection, _, field = self._name().partition(".")
        where = self.any(depth + 1) if self._take("where") else None
        within = None
        if self._take("within"):
            within = self._span()
            if within is None:
                raise self._refuse("within is followed by a time, such as 90 days")
        self._need(")")
        return Aggregate(function, collection, field, where, within, at)

    def _span(self) -> Span | None:
        """A time such as ``90 days``, if one stands here."""
        number, unit = self._peek(), self._peek(1)
        if number is None or unit is None or number.kind != "number" or unit.text not in _SPAN:
            return None
        if int(number.text) > _MOST_SPAN:
            raise self._refuse(f"a time is at most {_MOST_SPAN:,} days, months or years")
        self._at += 2
        return Span(int(number.text), _SPAN[unit.text])

    def _value(self) -> Any:
        """The value that stands here; None if none does."""
        token, then = self._peek(), self._peek(1)
        if token is None:
            raise self._refuse("here a number, 'text', date or $parameter should stand")
        amount = then is not None and (then.kind in ("number", "decimal") or then.text == "-")
        if token.kind == "word" and amount and _CURRENCY.fullmatch(token.text):
            return self._money()
        if token.text == "-" and token.kind == "sign":
            self._next()
            if not self._sees_kind("number", "decimal"):
                raise self._refuse("behind a minus a number should stand")
            return -self._value()
        if token.kind == "word" and token.text in ("true", "false", "today"):
            self._next()
            return RelativeDay() if token.text == "today" else token.text == "true"
        if token.kind in ("word", "sign"):
            return None
        self._next()
        return self._read(token)

    def _read(self, token: Token) -> Any:
        if token.kind == "number":
            return int(token.text)
        if token.kind == "decimal":
            return Decimal(token.text)
        if token.kind == "text":
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote)
        if token.kind == "parameter":
            return Parameter(token.text[1:])
        try:
            if token.kind == "date":
                return date.fromisoformat(token.text)
            return datetime.fromisoformat(token.text)
        except ValueError:
            pass
        raise self._refuse("there is no such day" if token.kind == "date" else "there is no such time", token.at)

    def _money(self) -> Money:
        currency = self._next()
        negative = self._take("-")
        if not self._sees_kind("number", "decimal"):
            raise self._refuse("behind a currency an amount should stand")
        amount = Decimal(self._next().text)
        try:
            return Money(-amount if negative else amount, currency.text)
        except InputError:
            pass
        raise self._refuse("the amount has more digits than its currency, or is out of range", currency.at)

    def _name(self) -> str:
        token = self._peek()
        if token is None or token.kind != "word" or token.text in WORDS:
            raise self._refuse("here the name of a field should stand")
        return self._next().text

    def _text(self) -> str:
        if not self._sees_kind("text"):
            raise self._refuse("here a name in quotes should stand")
        return str(self._read(self._next()))

    def _is_term(self) -> bool:
        """Whether the parenthesis that opens here is a term's: behind the one that closes it, a term goes on."""
        open_ = 0
        for at in range(self._at, len(self._tokens)):
            token = self._tokens[at]
            if token.kind == "sign" and token.text in "()":
                open_ += 1 if token.text == "(" else -1
                if not open_:
                    then = self._tokens[at + 1] if at + 1 < len(self._tokens) else None
                    return then is not None and then.kind in ("word", "sign") and then.text in _AFTER_A_TERM
        return False

    def _deep(self, depth: int) -> None:
        if depth > _MOST_NESTED:
            raise self._refuse(f"a rule is at most {MOST_DEPTH} levels deep")

    def _calls(self, word: str) -> bool:
        """Takes the name of a function and the parenthesis behind it."""
        then = self._peek(1)
        called = self._sees(word) and then is not None and then.text == "(" and then.kind == "sign"
        self._at += 2 * called
        return called

    def _peek(self, ahead: int = 0) -> Token | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _sees(self, text: str) -> bool:
        token = self._peek()
        return token is not None and token.kind in ("word", "sign") and token.text == text

    def _sees_kind(self, *kinds: str) -> bool:
        token = self._peek()
        return token is not None and token.kind in kinds

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, text: str) -> bool:
        taken = self._sees(text)
        self._at += taken
        return taken

    def _takes(self, *signs: str) -> Sign | None:
        return next((Sign(sign) for sign in signs if self._take(sign)), None)

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._refuse(f"here  {text}  should stand")

    def _place(self) -> int:
        token = self._peek()
        return token.at if token else self._length + 1

    def _refuse(self, problem: str, at: int = 0) -> RuleError:
        return RuleError(problem, position=at or self._place())
