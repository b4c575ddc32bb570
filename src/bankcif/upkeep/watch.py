"""
Watch lists: a port that a bank's provider fills, and a file as an example; and flags, which have a source and an end.

What a list says of a customer is possible, and nothing more, until a person has looked at it.
"""

from __future__ import annotations

import csv
import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import attrs

from .._canonical import sha256
from ..errors import ConfigurationError, FileError, InputError
from ..party import PartyKind

__all__ = ["FileWatchList", "FlagState", "WatchEntry", "WatchList", "counts_on", "need_list"]

_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LONGEST_LINE = 100_000
_COLUMNS = ("id", "flag", "party", "name")
_MAY = ("aliases", "born", "scheme", "number", "until")
_MOST_NAMES = 100


class FlagState(enum.StrEnum):
    """Where a flag stands: what a list said, what a person made of it, and what is over."""

    POSSIBLE = "possible"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    ENDED = "ended"


@attrs.frozen(kw_only=True)
class WatchEntry:
    """
    An entry of a list.

    Attributes:
        id: By what the list knows it.
        flag: What it is on the list for, in a word, such as ``sanction`` or ``pep``.
        kind: A person or an organization.
        names: As the list writes them, aliases too.
        born: The year of birth; 0 if it is not known.
        numbers: (scheme, number) of documents, as identifiers rest.
        until: The last day on which it stands; None for no end.
    """

    id: str
    flag: str
    kind: PartyKind
    names: tuple[str, ...] = attrs.field(repr=False)
    born: int = 0
    numbers: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    until: date | None = None

    def __attrs_post_init__(self) -> None:
        if not self.id or len(self.id) > 128 or not _WORD.fullmatch(self.flag):
            raise InputError("an entry has an id, and a flag that is a word", path="$.flag", rule="watch_list")
        if not 1 <= len(self.names) <= _MOST_NAMES or not all(self.names):
            raise InputError(f"an entry has 1 to {_MOST_NAMES} names", path="$.names", rule="watch_list")


class WatchList(Protocol):
    """A list of names, whoever keeps it."""

    @property
    def name(self) -> str:
        """Such as ``un_consolidated``; a word. Flags keep it as their source."""

    @property
    def version(self) -> str:
        """Of what day or edition; at most 64 printable characters."""

    def entries(self) -> Iterable[WatchEntry]:
        """All that is on it."""


@attrs.frozen
class FileWatchList:
    """
    A list in a CSV file in UTF-8, with the columns id, flag, party (``individual`` or ``organization``) and name, and perhaps aliases (apart by ``;``), born (a year),
    scheme and number of a document, and until (a date). The same id may stand in several rows, each with other names or numbers; what is empty in one is as in the others.

    Args:
        name: Of the list.
        path: Of the file.
    """

    name: str
    path: Path = attrs.field(converter=Path)

    @property
    def version(self) -> str:
        """The beginning of the file's SHA-256."""
        return sha256("bankcif/v1/watch-list", self._read()).hex()[:16]

    def entries(self) -> Iterator[WatchEntry]:
        """
        What is in the file.

        Raises:
            FileError: It can not be read, or a row is none; the message names the line.
        """
        found: dict[str, dict[str, Any]] = {}
        lines = self._read().decode("utf-8-sig").splitlines()
        if max(map(len, lines), default=0) > _LONGEST_LINE:
            raise FileError(
                f"a line of the watch list {self.path} is longer than {_LONGEST_LINE} characters",
                path=str(self.path),
                rule="watch_list",
            )
        rows = csv.DictReader(lines)
        names = rows.fieldnames or ()
        if not set(_COLUMNS) <= set(names) or set(names) - {*_COLUMNS, *_MAY}:
            raise FileError(
                f"a watch list has the columns {', '.join(_COLUMNS)}, and may have {', '.join(_MAY)}",
                path=str(self.path),
                rule="watch_list",
            )
        for line, row in enumerate(rows, 2):
            problem = ""
            try:
                one = _entry(row)
            except (InputError, ValueError, KeyError):
                problem = f"line {line} of the watch list {self.path} is no entry"
            if problem:
                raise FileError(problem, path=str(self.path), rule="watch_list")
            if one.id in found:
                known = found[one.id]
                said = {name: getattr(one, name) for name in ("flag", "kind", "born", "until") if getattr(one, name)}
                if any(known[name] not in (None, 0, value) for name, value in said.items()):
                    raise FileError(
                        f"line {line} of the watch list {self.path} says another flag, party, birth or end of an id than a line before",
                        path=str(self.path),
                        rule="watch_list",
                    )
                known |= said
                known["names"] = tuple(dict.fromkeys((*known["names"], *one.names)))
                known["numbers"] = tuple(dict.fromkeys((*known["numbers"], *one.numbers)))
            else:
                found[one.id] = {field.name: getattr(one, field.name) for field in attrs.fields(WatchEntry)}
        yield from (WatchEntry(**each) for each in found.values())

    def _read(self) -> bytes:
        problem = ""
        try:
            content = self.path.read_bytes()
            content.decode("utf-8")
        except OSError:
            problem = "can not be read"
        except UnicodeDecodeError:
            problem = "is not UTF-8"
        if problem:
            raise FileError(f"the watch list {self.path} {problem}", path=str(self.path), rule="watch_list")
        return content


def counts_on(flag: Mapping[str, Any], day: date) -> bool:
    """Whether a flag, in stored form, counts on a day: a person confirmed it, and it has not ended."""
    until = flag.get("until")
    return (
        flag["state"] == FlagState.CONFIRMED
        and flag["since"] <= day.isoformat()
        and (until is None or until >= day.isoformat())
    )


def need_list(one: WatchList) -> None:
    """Raises `ConfigurationError` unless a list's name is a word."""
    if not _WORD.fullmatch(one.name):
        raise ConfigurationError(
            "a watch list's name is a word of small letters, digits and underscores", rule="watch_list"
        )


def _entry(row: Mapping[str, str | None]) -> WatchEntry:
    text = {name: (value or "").strip() for name, value in row.items() if name}
    number = (text.get("scheme", ""), text.get("number", ""))
    return WatchEntry(
        id=text["id"], flag=text["flag"], kind=PartyKind(text["party"]),
        names=tuple(name.strip() for name in (text["name"], *text.get("aliases", "").split(";")) if name.strip()),
        born=int(text.get("born") or 0), numbers=(number,) if all(number) else (),
        until=date.fromisoformat(text["until"]) if text.get("until") else None,
    )  # fmt: skip
