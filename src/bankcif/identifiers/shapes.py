"""Schemes that are declared: a number has one of a few shapes, and perhaps a check character."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator

import attrs

from .scheme import Issue, NumberFacts, Scheme, Severity, Verdict, normalize, verdict

__all__ = ["Shape", "ShapedScheme"]

_CLASSES = {
    "#": string.digits,
    "@": string.ascii_uppercase,
    "%": "".join(c for c in string.ascii_uppercase if c not in "IO"),
    "*": string.digits + string.ascii_uppercase,
}
_SEPARATORS = str.maketrans("", "", " -.·()\u00ad\u2010\u2011\u2012\u2013\u2014[]")


def _places(written: str) -> Iterator[str]:
    characters = iter(written)
    for character in characters:
        if character == "[":
            yield "".join(iter(lambda: next(characters), "]"))
        else:
            yield _CLASSES.get(character, character)


@attrs.frozen
class Shape:
    """
    One form of a number, a place a character.

    Attributes:
        written: ``#`` a digit, ``@`` a letter, ``%`` a letter but I and O, ``*`` either; ``[..]`` one of these;
            anything else itself.
        kind: What `parse` calls it.
        keep: How many characters identify the holder; the two digits that follow count re-issues. None keeps all.
        issues: Found with every number of this shape.
        check: The check characters that the number should have, and their place; None where no rule is public.
        check_severity: How bad a wrong check is: a warning where genuine numbers are known to fail.
        examine: Further issues of a number of this shape.
        facts: What the number says beyond its kind; raises ValueError where it says what can not be.
    """

    written: str
    kind: str = ""
    keep: int | None = None
    issues: tuple[Issue, ...] = ()
    check: Callable[[str], tuple[int, str]] | None = None
    check_severity: Severity = Severity.ERROR
    examine: Callable[[str], tuple[Issue, ...]] | None = None
    facts: Callable[[str], NumberFacts] | None = None
    places: tuple[str, ...] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "places", tuple(_places(self.written)))

    def matched(self, number: str) -> int:
        """How many characters fit from the left."""
        return next(
            (at for at, (character, allowed) in enumerate(zip(number, self.places, strict=True)) if character not in allowed),
            len(number),
        )  # fmt: skip


class ShapedScheme(Scheme):
    """
    A scheme of declared shapes; the first that fits decides.

    Args:
        name: Dotted name.
        source: The standard or table the rules come from.
        shapes: What a number may look like, likeliest first.
        written: How people write a compact number; None writes it as it is.
    """

    def __init__(
        self, name: str, *, source: str, shapes: tuple[Shape, ...], written: Callable[[str], str] | None = None
    ) -> None:
        self.name = name
        self.source = source
        self._shapes = shapes
        self._written = written

    def validate(self, text: str) -> Verdict:
        return self._examine(text)[0]

    def format(self, text: str) -> str:
        number = self.compact(text)
        return self._written(number) if self._written else number

    def parse(self, text: str) -> NumberFacts | None:
        """What a valid number says; None for an invalid one."""
        found, shape, number = self._examine(text)
        if shape is None or found.value is None:
            return None
        facts = shape.facts(number) if shape.facts else NumberFacts(kind=shape.kind)
        return (
            facts if shape.keep is None else attrs.evolve(facts, issue_count=int(number[shape.keep : shape.keep + 2]))
        )

    def _examine(self, text: str) -> tuple[Verdict, Shape | None, str]:
        compacted = normalize(text)
        if compacted is None:
            return verdict(self.name, "", [Issue("length")]), None, ""
        number = compacted.translate(_SEPARATORS).upper()
        fitting = [shape for shape in self._shapes if len(shape.places) == len(number)]
        if not fitting:
            return verdict(self.name, number, [Issue("length")]), None, number
        shape = max(fitting, key=lambda one: one.matched(number))
        if (at := shape.matched(number)) < len(number):
            return verdict(self.name, number, [Issue("characters", Severity.ERROR, at)]), None, number
        issues = list(shape.issues)
        if shape.check is not None:
            place, expected = shape.check(number)
            if not number.startswith(expected, place):
                issues.append(Issue("check_digit", shape.check_severity, place))
        if shape.examine is not None:
            issues += shape.examine(number)
        if shape.facts is not None:
            try:
                shape.facts(number)
            except ValueError:
                issues.append(Issue("birth_date", Severity.ERROR))
        return verdict(self.name, number[: shape.keep], issues), shape, number
