"""
Screening: which of a list's names are like a customer's, by the comparisons of names that customers are matched with.

A list's names stand under every key that a name which is like them has too, so that a look-up finds all that comparing with each of them would; a
law test says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from ..party import PartyKind
from ..wording import (
    OrganizationName,
    PersonName,
    organization_name,
    person_name,
    spelling_keys,
    writes_surname,
)
from .search_keys import Likeness, alike, alike_organizations, organization_search_keys

__all__ = ["ListedName", "NameHit", "Screener"]

_SCORES = {Likeness.SAME: 100, Likeness.SPELLING: 95, Likeness.SOUND: 85, Likeness.LOOKS: 80, Likeness.EDIT: 75}
_OTHER_YEAR = 30


@attrs.frozen
class ListedName:
    """
    A name of a list.

    Attributes:
        entry: The place of its entry.
        kind: Of a person or an organization.
        name: As the list writes it.
        born: The year of birth; 0 if it is not known.
    """

    entry: int
    kind: PartyKind
    name: str
    born: int = 0


@attrs.frozen
class NameHit:
    """That a listed name is like one that was asked: its entry, how it is like it, and how much, 0 to 100."""

    entry: int
    likeness: Likeness
    score: int


class Screener:
    """
    Looks names up in a list.

    Args:
        names: Those of the list, aliases too.

    Cost: some 20 keys a name of a person, some two for each character of an organization; a look-up compares with those that share one.
    """

    def __init__(self, names: Iterable[ListedName]) -> None:
        self._persons: list[tuple[ListedName, PersonName]] = []
        self._organizations: list[tuple[ListedName, OrganizationName]] = []
        self._by_key: dict[tuple[PartyKind, str], list[int]] = {}
        self._by_surname: dict[tuple[bool, str], list[int]] = {}
        self._written: dict[tuple[bool, str], list[int]] = {}
        for one in names:
            if one.kind is PartyKind.INDIVIDUAL:
                person = person_name(one.name)
                keys, place = _person_keys(person), len(self._persons)
                self._persons.append((one, person))
                for word in _surnames(person):
                    self._by_surname.setdefault((person.han, word), []).append(place)
            else:
                organization = organization_name(one.name)
                keys, place = organization_search_keys(organization), len(self._organizations)
                self._organizations.append((one, organization))
            for key in keys:
                self._by_key.setdefault((one.kind, key), []).append(place)

    def hits(self, kind: PartyKind, names: Sequence[str], *, born: int = 0, least: int = 0) -> tuple[NameHit, ...]:
        """
        The entries whose names are like one of *names*, the likest first; of each the best.

        Args:
            kind: Of whom.
            names: Theirs, former ones and those in other scripts too.
            born: The year of birth; 0 if it is not known. Where the list's is another by more than a year, a hit counts for less.
            least: Of what score, at least.
        """
        best: dict[int, NameHit] = {}
        for name in names:
            for hit in self._of_person(name, born) if kind is PartyKind.INDIVIDUAL else self._of_organization(name):
                if hit.score >= least and (hit.entry not in best or best[hit.entry].score < hit.score):
                    best[hit.entry] = hit
        return tuple(sorted(best.values(), key=lambda hit: (-hit.score, hit.entry)))

    def _of_person(self, name: str, born: int) -> Iterator[NameHit]:
        asked = person_name(name)
        across = [place for word in _surnames(asked) for place in self._across_scripts(asked.han, word)]
        for place in dict.fromkeys([*self._places(PartyKind.INDIVIDUAL, _person_keys(asked)), *across]):
            listed, person = self._persons[place]
            likeness = alike(asked, person)
            if likeness is not None:
                another = bool(born and listed.born) and abs(born - listed.born) > 1
                yield NameHit(listed.entry, likeness, _SCORES[likeness] - _OTHER_YEAR * another)

    def _across_scripts(self, han: bool, word: str) -> Sequence[int]:
        """The names in the other script whose surname is written by *word*, or that write it; found once for each surname."""
        if (han, word) not in self._written:
            self._written[han, word] = [
                place
                for (other, surname), places in self._by_surname.items()
                if other is not han and (writes_surname(surname, word) if han else writes_surname(word, surname))
                for place in places
            ]
        return self._written[han, word]

    def _of_organization(self, name: str) -> Iterator[NameHit]:
        asked = organization_name(name)
        for place in self._places(PartyKind.ORGANIZATION, organization_search_keys(asked)):
            listed, organization = self._organizations[place]
            likeness = alike_organizations(asked, organization)
            if likeness is not None:
                yield NameHit(listed.entry, likeness, _SCORES[likeness])

    def _places(self, kind: PartyKind, keys: Iterable[str]) -> Iterable[int]:
        return dict.fromkeys(place for key in keys for place in self._by_key.get((kind, key), ()))


def _person_keys(person: PersonName) -> Iterator[str]:
    yield from spelling_keys(person)
    yield f"d:{person.key}"  # which the name with a character more has, too


def _surnames(person: PersonName) -> Sequence[str]:
    """Of a Han name its surname, and of a Latin one every word that could be one."""
    if person.han:
        return (person.surname,) if person.surname and person.given else ()
    return tuple(dict.fromkeys(part for word in person.words for part in word.split("-")))
