"""One shape for every number: `compact`, `validate`, `is_valid`, `format`; and the set of schemes a bank uses."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Protocol

import attrs

from .._visible import visible
from ..errors import ConfigurationError, IdentifierError

__all__ = ["IdentifierScheme", "Issue", "NumberFacts", "SchemeSet", "Severity", "Verdict", "normalize", "verdict"]

_LONGEST = 256


class Severity(enum.StrEnum):
    """How bad an issue is: an error refuses the number, a warning and an information do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@attrs.frozen
class Issue:
    """One thing found: the rule, how bad it is, and at which position of the compact form (from 0)."""

    rule: str
    severity: Severity = Severity.ERROR
    position: int | None = None


@attrs.frozen
class Verdict:
    """
    What a scheme says of a text.

    Attributes:
        scheme: The scheme's name.
        value: The normalized number; None if the text is not valid.
        issues: Everything found, errors and warnings.
    """

    scheme: str
    value: str | None = attrs.field(repr=False)
    issues: tuple[Issue, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether no issue is an error."""
        return self.value is not None


@attrs.frozen(kw_only=True, repr=False)
class NumberFacts:
    """
    What a number says by itself; what it does not say is None.

    Attributes:
        kind: Which of a scheme's documents or forms.
        region: Division code, in the issuer's own system.
        country: ISO 3166-1 alpha-2 of the holder.
        birth_date: Day of birth.
        birth_year: Year of birth, where the number says no more.
        sex: ``1`` male, ``2`` female, after GB/T 2261.1.
        issue_count: How often a document was issued anew, where its number counts.
    """

    kind: str
    region: str | None = None
    country: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    sex: str | None = None
    issue_count: int | None = None


class IdentifierScheme(Protocol):
    """The rules of one kind of number."""

    @property
    def name(self) -> str:
        """Dotted, such as ``cn.resident_id``."""

    @property
    def source(self) -> str:
        """The standard or table the rules come from."""

    def compact(self, text: str) -> str:
        """
        The number without separators, in the scheme's own alphabet.

        Raises:
            IdentifierError: *text* is no number of this shape. The message does not hold it.
        """

    def validate(self, text: str) -> Verdict:
        """Every issue of *text* at once; never raises for text, whatever it holds."""

    def is_valid(self, text: str) -> bool:
        """Whether `validate` finds no error; warnings are allowed."""

    def format(self, text: str) -> str:
        """
        The number as people write it.

        Raises:
            IdentifierError: *text* is no number of this shape. The message does not hold it.
        """


class Scheme:
    """What all schemes of this library share; a scheme of its own kind gives `validate`."""

    name = ""
    source = ""

    def validate(self, text: str) -> Verdict:
        raise NotImplementedError

    def compact(self, text: str) -> str:
        found = self.validate(text)
        if found.value is None:
            rule = next(issue.rule for issue in found.issues if issue.severity is Severity.ERROR)
            raise IdentifierError(f"not a number of scheme {self.name}: {rule}", rule=rule)
        return found.value

    def is_valid(self, text: str) -> bool:
        return self.validate(text).valid

    def format(self, text: str) -> str:
        return self.compact(text)


def normalize(text: str) -> str | None:
    """*text* in NFKC, without what nobody sees and surrounding space, or None if it is too long to be a number (256 characters)."""
    if len(text) > _LONGEST:
        return None
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFKC", visible(text)).strip()


def verdict(scheme: str, value: str, issues: list[Issue]) -> Verdict:
    """A verdict on *value*: it counts as normalized only if no issue is an error."""
    if not issues:
        return Verdict(scheme, value)
    failed = any(issue.severity is Severity.ERROR for issue in issues)
    return Verdict(scheme, None if failed else value, tuple(issues))


@attrs.frozen
class SchemeSet(Mapping[str, IdentifierScheme]):
    """
    The schemes in use, by name; frozen. `with_` gives a new set.

    Behind the schemes of its own a set may have a library of further ones, which are found on first use.
    """

    _schemes: Mapping[str, IdentifierScheme]
    _library: Mapping[str, IdentifierScheme] = attrs.field(factory=dict, repr=False)

    @classmethod
    def of(cls, *schemes: IdentifierScheme, library: Mapping[str, IdentifierScheme] | None = None) -> SchemeSet:
        """A set of *schemes*, with *library* behind them."""
        # Not by its truth: to know whether a library is empty takes counting it.
        return cls({scheme.name: scheme for scheme in schemes}, {} if library is None else library)

    def with_(self, *schemes: IdentifierScheme) -> SchemeSet:
        """The same set with *schemes* added, or in place of those of the same name."""
        return attrs.evolve(self, schemes={**self._schemes, **{scheme.name: scheme for scheme in schemes}})

    def __getitem__(self, name: str) -> IdentifierScheme:
        found = self._schemes.get(name) or self._library.get(name)
        if found is None:
            raise ConfigurationError(
                f"there is no scheme of this name; known are {', '.join(sorted(self._schemes))}",
                rule="unknown_scheme",
            )
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._schemes or name in self._library

    def __iter__(self) -> Iterator[str]:
        yield from self._schemes
        yield from (name for name in self._library if name not in self._schemes)

    def __len__(self) -> int:
        return sum(1 for _ in self)
