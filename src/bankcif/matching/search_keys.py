"""
Searching: the keys of accounts and cards, and those of people and organizations by a name that is not spelled as it is kept: the keys under which it stands, and
how alike two names are.

A name of three characters stands under itself and under each two of them; so does a query, and whatever one character was typed wrongly, left out or
put in, the two meet. A name of two characters stands under each of them. None stands there alone: how often a tag occurs would tell the name.
Names of organizations are public, so theirs do stand alone.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping

from rapidfuzz.distance import OSA

from ..wording import (
    Ground,
    OrganizationName,
    PersonName,
    compatible,
    compatible_organizations,
    organization_keys,
    organization_sounds,
)
from .blocking import ORGANIZATION_LIKE, BlockingKey
from .features import Features

__all__ = ["SEARCH_PARTS", "Likeness", "alike", "alike_organizations", "organization_search_keys", "search_keys"]

_BESIDE = {"year": "birth_year", "branch": "home_branch"}
SEARCH_PARTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    **{
        part: {
            f"name_{beside}": ("residue", part),
            f"sound_{beside}": ("reading", part),
            f"part_{beside}": ("residue_of_one", part),
        }
        for beside, part in _BESIDE.items()
    },
    "organization": {ORGANIZATION_LIKE: ("organization_name",)},
}
"""The indexes by which people's names are searched beside a birth year or a branch, and organizations' by themselves; and what their values are made of."""

_MOST_UNITS = 8
_MOST_SOUNDS = 2
_SHORTEST_WORD = 3
_LEAST_CORE = 4
_LEAST_SOUND = 5  # letters: two syllables and more


class Likeness(enum.StrEnum):
    """How a name is like the one that was searched, best first."""

    SAME = "same"
    SPELLING = "spelling"
    SOUND = "sound"
    LOOKS = "looks"
    EDIT = "edit"


_OF_GROUND = {
    Ground.IDENTICAL: Likeness.SAME, Ground.TRADITIONAL: Likeness.SPELLING, Ground.VARIANT: Likeness.SPELLING,
    Ground.HOMOPHONE: Likeness.SOUND, Ground.ROMANIZATION: Likeness.SOUND, Ground.ORDER: Likeness.SPELLING,
    Ground.NICKNAME: Likeness.SPELLING, Ground.TRUNCATED: Likeness.EDIT, Ground.LOOK_ALIKE: Likeness.LOOKS,
}  # fmt: skip


def search_keys(record: Features, indexes: Collection[str]) -> list[BlockingKey]:
    """
    The keys under which customers are searched and not compared, in those of *indexes* that are for it: accounts and cards, people and organizations by
    name; a record's, and a query's.

    At most six for a name of three characters, beside each of year and branch; some two for each character of an organization's.
    """
    found = [BlockingKey("holding", (token,)) for token in record.holdings] if "holding" in indexes else []
    if record.organization is not None and ORGANIZATION_LIKE in indexes:
        found += [BlockingKey(ORGANIZATION_LIKE, (key,)) for key in organization_search_keys(record.organization)]
    person = record.person
    if person is None:
        return found
    units = _units(person)
    for beside, value in (("year", record.born[:4]), ("branch", record.branch)):
        if not value or f"name_{beside}" not in indexes:
            continue
        found += [BlockingKey(f"name_{beside}", (text, value)) for text in _with_residues(units)]
        found += [BlockingKey(f"sound_{beside}", (text, value)) for text in record.readings[:_MOST_SOUNDS]]
        if len(units) == 2:
            found += [BlockingKey(f"part_{beside}", (text, value)) for text in dict.fromkeys(units)]
    return found


def _units(person: PersonName) -> tuple[str, ...]:
    """What a name is made of: the characters of a Han name, and the words of a Latin one, whose order does not count."""
    return tuple(person.key if person.han else sorted(person.words))[:_MOST_UNITS]


def _with_residues(units: tuple[str, ...]) -> list[str]:
    """A name, and the name without each of its parts, as far as two are left."""
    found = [units] if len(units) > 1 else []
    if len(units) > 2:
        found += [units[:at] + units[at + 1 :] for at in range(len(units))]
    return [" ".join(one) for one in dict.fromkeys(found)]


def alike(one: PersonName, other: PersonName) -> Likeness | None:
    """
    How *other* is like *one*; None if it is not: of two names of one script, one letter or character may be another, missing, too many, or two
    of them in each other's place.
    """
    ground = compatible(one, other)
    if ground is not None:
        return _OF_GROUND[ground]
    if one.han != other.han:
        return None
    if one.han:
        close = min(len(one.key), len(other.key)) > 1 and OSA.distance(one.key, other.key, score_cutoff=1) <= 1
    else:
        close = _words_close(sorted(one.words), sorted(other.words))
    return Likeness.EDIT if close else None


def _words_close(mine: list[str], theirs: list[str]) -> bool:
    """Whether two lists of words differ by one edit of one word, or by one word that is missing."""
    left, right = list(mine), list(theirs)
    for word in mine:
        if word in right:
            left.remove(word)
            right.remove(word)
    if len(left) + len(right) <= 1:
        return min(len(mine), len(theirs)) > 1
    if len(left) != 1 or len(right) != 1 or min(len(left[0]), len(right[0])) < _SHORTEST_WORD:
        return False
    return OSA.distance(left[0], right[0], score_cutoff=1) <= 1


def alike_organizations(one: OrganizationName, other: OrganizationName) -> Likeness | None:
    """
    How the names of two organizations are alike: the same, of one core, of one sound (a region may be left out), or of cores of four characters and more that
    differ by one edit; None if they are not.
    """
    if one.standard == other.standard:
        return Likeness.SAME
    if compatible_organizations(one, other) is not None:
        return Likeness.SPELLING
    if one.core != other.core and _sound_alike(one, other):
        return Likeness.SOUND
    least = min(len(one.core), len(other.core))
    return Likeness.EDIT if least >= _LEAST_CORE and OSA.distance(one.core, other.core, score_cutoff=1) <= 1 else None


def _sound_alike(one: OrganizationName, other: OrganizationName) -> bool:
    mine, theirs = organization_sounds(one), organization_sounds(other)
    if mine[0] == theirs[0]:
        return len(mine[0]) >= _LEAST_SOUND
    return mine[1] == theirs[1] and len(mine[1]) >= _LEAST_SOUND and not (one.region and other.region)


def organization_search_keys(name: OrganizationName) -> Iterator[str]:
    """Keys of which two names share one where `alike_organizations` finds them alike; each key once, some two for each character."""
    core = name.core
    residues = (f"d:{core[:at]}{core[at + 1 :]}" for at in range(len(core)))
    sounds = (f"p:{sound}" for sound in organization_sounds(name) if len(sound) >= _LEAST_SOUND)
    yield from dict.fromkeys((f"s:{name.standard}", *organization_keys(name), *sounds, f"d:{core}", *residues))
