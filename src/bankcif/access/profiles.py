"""Mask profiles: how much of each kind of value is seen, as data that a bank edits within the library's minimum."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from .._toml import read_toml
from ..context import Sink
from ..errors import PolicyError
from ..rules import Kind, opened_schema

__all__ = ["EXACT", "MONTH", "YEAR", "ColumnRule", "Ends", "MaskProfile", "MaskProfiles", "default_profiles"]


ColumnRule = str | tuple[int, ...]
EXACT, MONTH, YEAR = "exact", "month", "year"


@attrs.frozen(kw_only=True)
class Ends:
    """What is kept at the ends of a text; a text that would not hide `hidden` characters between is hidden whole."""

    first: int = 0
    last: int = 0
    hidden: int = 1


@attrs.frozen(kw_only=True)
class MaskProfile:
    """
    How much of a value is seen.

    Attributes:
        identifier, card, mobile, fixed, email, employer: Ends that are kept; of a fixed line behind its area code, of an
            e-mail before its ``@``.
        han_name: ``surname`` (compound ones whole), ``last`` (character) or ``hidden``.
        latin_name: ``last_word`` or ``hidden``.
        region_levels: Levels of an address that are kept, 0 to 3: province, prefecture, county.
        year: Whether the year of a date is kept.
        interactions: Words of contacts that are shown beside their days; any other is hidden, and all of a contact where there are none, or a
            document says nothing.
        columns: How a field that rules compare stands in the columns of an extract, whose keys are pseudonyms: as it is (``exact``), as the first day
            of its ``month`` or ``year``, or as the lower end of its band, of these in ascending order (money in whole units). Of a field that is
            not named, as its mask shows it. ``*`` stands for all fields and rows of them that are not named.
    """

    name: str
    identifier: Ends
    card: Ends
    mobile: Ends
    fixed: Ends
    email: Ends
    employer: Ends
    han_name: str
    latin_name: str
    region_levels: int
    year: bool
    interactions: frozenset[str] = frozenset()
    columns: Mapping[str, ColumnRule] = attrs.field(factory=dict, hash=False)

    def column(self, field: str) -> ColumnRule | None:
        """How *field* stands in the columns of an extract; None where its mask says so."""
        return self.columns.get(field, self.columns.get("*"))


_LEAST = {"identifier": 4, "card": 4, "mobile": 4, "fixed": 4, "email": 2, "employer": 1}
"""Characters that every profile hides at least; a name always hides one."""
_MOBILE_DIGITS = 11
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
_CHOICES = {"han_name": ("surname", "last", "hidden"), "latin_name": ("last_word", "hidden"), "region_levels": (0, 1, 2, 3),
            "year": (True, False)}  # fmt: skip


@attrs.frozen(kw_only=True)
class MaskProfiles:
    """
    Profiles by name, and which stands in for another by where a value goes.

    Attributes:
        version: Version of the document.
        profiles: By name; ``staff`` and ``outside`` are always there.
        sinks: For each sink, a profile's stand-in by its name.
    """

    version: str
    profiles: Mapping[str, MaskProfile]
    sinks: Mapping[Sink, Mapping[str, str]]

    def of(self, name: str, sink: Sink = Sink.DISPLAY) -> MaskProfile:
        """The profile *name* as *sink* shows it. Raises `PolicyError` if there is none of that name."""
        found = self.profiles.get(self.sinks.get(sink, {}).get(name, name))
        if found is None:
            raise PolicyError(f"there is no mask profile {name}", rule="masking")
        return found

    @classmethod
    def read(cls, path: Path) -> MaskProfiles:
        """
        The profiles in the TOML file *path*.

        Raises:
            PolicyError: It cannot be read, or shows more than the library's minimum allows; the message says where.
        """
        return cls.from_document(read_toml(path, "mask profiles", PolicyError, "masking"))

    @classmethod
    def from_document(cls, table: Mapping[str, Any]) -> MaskProfiles:
        """The profiles in a parsed document. Raises `PolicyError` as `read` does."""
        known = set(table) <= {"version", "profile", "sink"} and isinstance(table.get("version"), str)
        if not known or not all(isinstance(table.get(part, {}), Mapping) for part in ("profile", "sink")):
            raise PolicyError("mask profiles have a version (text), [profile.NAME] and [sink.NAME]", rule="masking")
        profiles = {name: _profile(name, entry) for name, entry in table.get("profile", {}).items()}
        if not {"staff", "outside"} <= set(profiles):
            raise PolicyError("mask profiles name at least staff and outside", rule="masking")
        return cls(version=table["version"], profiles=profiles, sinks=_sinks(table.get("sink", {}), profiles))


def _profile(name: str, entry: Any) -> MaskProfile:
    fields = {a.name for a in attrs.fields(MaskProfile)} - {"name"}
    if isinstance(entry, Mapping):
        entry = {"interactions": [], "columns": {}, **entry}  # which documents of before do not name
    if not isinstance(entry, Mapping) or set(entry) != fields:
        missing = sorted((fields ^ set(entry if isinstance(entry, Mapping) else ())) - {"interactions", "columns"})
        raise PolicyError(f"profile {name} must name {', '.join(missing)} and nothing else", rule="masking")
    for key, choices in _CHOICES.items():
        value = entry[key]
        if value not in choices or isinstance(value, bool) is not isinstance(choices[0], bool):
            raise PolicyError(f"profile {name}: {key} is one of {', '.join(map(str, choices))}", rule="masking")
    words = entry["interactions"]
    if not isinstance(words, list) or not all(isinstance(word, str) and _WORD.fullmatch(word) for word in words):
        raise PolicyError(f"profile {name}: interactions is a list of words in small letters", rule="masking")
    entry = {**entry, "interactions": frozenset(words), "columns": _columns(name, entry["columns"])}
    return MaskProfile(name=name, **{**entry, **{kind: _ends(name, kind, entry[kind]) for kind in _LEAST}})


def _columns(name: str, entry: Any) -> dict[str, ColumnRule]:
    if not isinstance(entry, Mapping):
        raise PolicyError(f"profile {name}: columns name fields", rule="masking")
    schema = opened_schema()
    found: dict[str, ColumnRule] = {}
    for field, rule in entry.items():
        kind = None if field in schema.collections or field not in schema else schema[field].kind
        if field != "*" and (field == "cif_no" or (kind is None and field not in schema.collections)):
            raise PolicyError(f"profile {name}: {field!r} is no field that rules compare", rule="masking")
        bands = isinstance(rule, list) and all(type(one) is int for one in rule)
        if rule == EXACT:
            found[field] = EXACT
        elif rule in (MONTH, YEAR) and kind is Kind.DATE:
            found[field] = str(rule)
        elif bands and rule and rule == sorted(set(rule)) and kind in (Kind.INTEGER, Kind.MONEY):
            found[field] = tuple(rule)
        else:
            raise PolicyError(
                f"profile {name}: the column {field} is exact; of a date month or year; of a number or money ascending whole numbers",
                rule="masking",
            )
    return found


def _ends(name: str, kind: str, entry: Any) -> Ends:
    good = isinstance(entry, Mapping) and set(entry) <= {"first", "last", "hidden"}
    numbers = entry.values() if isinstance(entry, Mapping) else ()
    good = good and all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= 32 for n in numbers)
    if not good:
        raise PolicyError(f"profile {name}: {kind} has first, last and hidden, numbers from 0 to 32", rule="masking")
    ends = Ends(**entry)
    shown_too_much = kind == "mobile" and ends.first + ends.last > _MOBILE_DIGITS - _LEAST[kind]
    if ends.hidden < _LEAST[kind] or shown_too_much:
        raise PolicyError(f"profile {name}: {kind} hides at least {_LEAST[kind]} characters", rule="masking")
    return ends


def _sinks(table: Mapping[str, Any], profiles: Mapping[str, MaskProfile]) -> dict[Sink, Mapping[str, str]]:
    found: dict[Sink, Mapping[str, str]] = {}
    for name, entry in table.items():
        good = name in set(Sink) and isinstance(entry, Mapping)
        if not good or not all(old in profiles and new in profiles for old, new in entry.items()):
            raise PolicyError(f"sink {name}: a sink is one of {', '.join(Sink)} and names profiles", rule="masking")
        found[Sink(name)] = dict(entry)
    return found


@cache
def default_profiles() -> MaskProfiles:
    """The profiles that ship with the library."""
    text = files(__package__ or "bankcif.access").joinpath("data", "masking.toml").read_text("utf-8")
    return MaskProfiles.from_document(tomllib.loads(text))
