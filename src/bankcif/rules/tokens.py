"""The words, numbers, texts and signs that a rule's text is made of, each with where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from ..errors import RuleError

__all__ = ["MOST_CHARACTERS", "WORDS", "Token", "tokens"]

MOST_CHARACTERS = 20_000
_TOKEN = re.compile(
    r"\s*(?:(?P<instant>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2}))"
    r"|(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9A-Za-z_])"
    r"|(?P<decimal>[0-9]{1,19}\.[0-9]{1,10})(?![0-9A-Za-z_.])"
    r"|(?P<number>[0-9]{1,19})(?![0-9A-Za-z_.])"
    r"|(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")"
    r"|(?P<parameter>\$[a-z_][a-z0-9_]*)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]{0,63}(?:\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,7})(?![A-Za-z0-9_])"
    r"|(?P<sign><=|>=|!=|=|<|>|\(|\)|,|\+|-|\*))"
)
WORDS = frozenset({
    "and", "or", "not", "in", "between", "is", "missing", "starts", "ends", "with", "contains", "true", "false", "where", "within",
    "today",
})  # fmt: skip
"""Words of the language, which no field is called."""


@attrs.frozen
class Token:
    """One of them; *at* is its first character's place, from 1."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of *text*. Raises `RuleError` at what is none."""
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise RuleError("this is not a word, number, 'text', date or sign of a rule", position=at + 1)
        kind = found.lastgroup or ""
        yield Token(kind, found[kind], found.start(kind) + 1)
        at = found.end()
