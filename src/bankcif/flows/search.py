"""
Searching people by a name that is not spelled as it is kept, beside their birth year or branch, and organizations by theirs: authorize -> find -> open ->
compare -> mask -> audit.

Nothing is guessed from tags: whoever comes out has been opened, really is of the year or branch, and has a name like the one that was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from heapq import nsmallest

import attrs

from ..access import Action, to_lowered
from ..audit import AuditEntry
from ..context import Actor, Purpose, Sink
from ..errors import InputError
from ..matching import ORGANIZATION_LIKE, BlockingKey, Features, Likeness, alike, alike_organizations
from ..party import CifNo, PartyKind
from ..storage import UnitOfWork
from ..wording import OrganizationName, PersonName, is_han, organization_name, person_name
from ._choosing import among, chosen, fields_of, where_term
from ._records import Record, open_records
from ._relations import is_closed
from ._view import CustomerView, found_views, need_view_sink
from .desk import Desk, Tagging, authorize, over_cap, record, spend

__all__ = ["Found", "Hit", "search"]

_MOST_RESULTS = 50
_LONGEST = 200
_FEWEST_LETTERS = 4
_MOST_ROWS = 3000
"""Rows that are read under one tag."""
_MOST_OPENED = 400
"""Records that are opened and compared, those that share most with the query first."""
_WEIGHT = {"sound": 4, "name": 2, "part": 1, "organization": 1}
_RANK = {one: at for at, one in enumerate(Likeness)}


@attrs.frozen(kw_only=True)
class Hit:
    """A customer who was found, as they may be seen, and how their name is like the one that was asked for."""

    view: CustomerView
    likeness: Likeness


@attrs.frozen(kw_only=True)
class Found:
    """
    What was found.

    Attributes:
        hits: The likest first, and then by number.
        more: Whether there are more whom the caller sees, or so many of this name that not all were looked at: add what is known of them.
        after: Where the next page begins; None behind the last.
    """

    hits: tuple[Hit, ...]
    more: bool
    after: str | None = None


def search(
    desk: Desk,
    name: str,
    *,
    kind: PartyKind = PartyKind.INDIVIDUAL,
    birth_year: int | None = None,
    branch: str | None = None,
    where: str = "",
    after: str | None = None,
    limit: int = _MOST_RESULTS,
    actor: Actor,
    purpose: Purpose,
    sink: Sink = Sink.DISPLAY,
) -> Found:
    """
    People or organizations with a name like *name*: in another script or order, with the same sound, or with one character or letter wrong, missing or too many;
    an organization by a short form, too.

    Args:
        desk: Collaborators.
        name: In any spelling, of two characters or four letters at least.
        kind: Who is searched.
        birth_year, branch: Of people, one of them at least; both narrow. Organizations, whose names are public, are searched without, and narrowed by the branch.
        where: Of them, those of this rule over plain facts that each of them shows as they are; see `bankcif.rules.parse`.
        after: `Found.after` of the page before.
        limit: How many at most; up to 50.
        actor, purpose: On whose behalf, what for.
        sink: Where it goes.

    Raises:
        InputError: A name of one character or a few letters, of people neither year nor branch, a limit out of range, a mark that is none, or a store without
            indexes for it.
        AccessError: *actor* has seen as many customers in this hour as the policy allows.
        NotFoundOrNotAllowedError: The policy lets *actor* find nobody for this purpose, or not choose by such a field.
        RuleError: *where* is no rule, or speaks of what the store cannot compare; it says where.

    Cost: some 500 rows of an index a key at a million customers, and an opening for each of some dozens that share a part of the name.
    """
    authorize(desk, actor, Action.FIND, "search", purpose)
    need_view_sink(sink)
    if not 1 <= limit <= _MOST_RESULTS:
        raise InputError(f"a search gives 1 to {_MOST_RESULTS} customers", path="$.limit", rule="limit")
    term = _asked(name, PartyKind(kind), birth_year, branch)
    mark = None if after is None else _mark(after)
    rule = to_lowered(chosen(desk, actor, Action.FIND, purpose, where, "search", sink))
    beside = {"birth_date": birth_year, "home_branch": branch}
    by = {"name", *(field for field, value in beside.items() if value is not None), *fields_of(where)}
    with desk.unit_of_work() as unit:
        tagging = desk.tagging(unit)
        keys = {key: tagging.tag(key) for key in tagging.search_keys(term.features(tagging))}
        parties, full = _like(desk, unit, tagging, keys, term)
        rows = unit.parties.get(list(parties)) if parties else {}
        places = sorted((_RANK[likeness], cif_no) for cif_no, likeness in parties.items() if cif_no in rows)
        asked = [rows[cif_no] for rank, cif_no in places if mark is None or (rank, cif_no) > mark]
        asked = among(desk, unit, [row for row in asked if not is_closed(row, purpose)], rule, actor)
        seen = found_views(desk, unit, asked, actor, purpose, sink=sink, limit=limit + 1, by=by)
        hits = [Hit(view=view, likeness=parties[view.cif_no]) for view, _ in seen[:limit]]
        rules = {rule for _, by in seen[:limit] for rule in by}
        terms = {
            index: "+".join(sorted(tag.hex()[:8] for key, tag in keys.items() if key.index == index))
            for index in {key.index for key in keys}
        }
        entry = AuditEntry.by(
            actor, "search", desk.now(), purpose=purpose, count=len(hits), subjects=tuple(hit.view.cif_no for hit in hits),
            rule=",".join(sorted(rules)), terms={**terms, **where_term(desk, where)},
            fields=tuple(sorted({name for hit in hits for name in hit.view.values} | fields_of(where))),
        )  # fmt: skip
        within = spend(desk, unit, actor, Action.FIND, max(len(hits), 1))  # who finds nobody has tried a name
        if within:
            record(desk, unit, [entry])
            unit.commit()
    if not within:
        raise over_cap(desk, actor, Action.FIND, "search", purpose)
    more = len(seen) > limit
    following = f"{hits[-1].likeness}.{hits[-1].view.cif_no}" if more else None
    return Found(hits=tuple(hits), more=more or full, after=following)


def _mark(after: str) -> tuple[int, str]:
    """Where a page ended: how its last customer is like the name, and their number."""
    likeness, _, cif_no = after.partition(".")
    if likeness not in set(Likeness) or not cif_no:
        raise InputError("that is not where a page of a search ended", path="$.after", rule="after")
    return _RANK[Likeness(likeness)], cif_no


@attrs.frozen(repr=False)
class _Person:
    """A person whom somebody searches."""

    person: PersonName
    birth_year: int | None
    branch: str | None

    def features(self, tagging: Tagging) -> Features:
        """What the keys of the query are made of: by year where one is given and indexed, else by branch."""
        planned = tagging.written[0].indexes
        year = "" if self.birth_year is None or "name_year" not in planned else f"{self.birth_year:04}"
        place = "" if year or self.branch is None or "name_branch" not in planned else self.branch
        if not year and not place:
            beside = "birth_year" if self.birth_year is not None else "home_branch"
            raise _not_indexed(f"names beside the {beside.replace('_', ' ')}", "name and birth date", beside)
        return Features(
            kind=PartyKind.INDIVIDUAL, person=self.person, readings=self.person.readings, born=f"{year}-" if year else "",
            branch=place,
        )  # fmt: skip

    def likeness(self, record_: Record) -> Likeness | None:
        """How a record is like it; None if it is not, or of another year or branch."""
        features = record_.features
        if self.birth_year is not None and features.born[:4] != f"{self.birth_year:04}":
            return None
        if self.branch is not None and features.branch != self.branch:
            return None
        return None if features.person is None else alike(self.person, features.person)


@attrs.frozen(repr=False)
class _Organization:
    """An organization that somebody searches."""

    name: OrganizationName
    branch: str | None

    def features(self, tagging: Tagging) -> Features:
        """What the keys of the query are made of."""
        if ORGANIZATION_LIKE not in tagging.written[0].indexes:
            raise _not_indexed("names of organizations", "the whole name", "organization")
        return Features(kind=PartyKind.ORGANIZATION, organization=self.name)

    def likeness(self, record_: Record) -> Likeness | None:
        """How a record is like it; None if it is not, or of another branch."""
        features = record_.features
        if features.organization is None or (self.branch is not None and features.branch != self.branch):
            return None
        return alike_organizations(self.name, features.organization)


def _not_indexed(what: str, instead: str, beside: str) -> InputError:
    return InputError(
        f"this store has no indexes for {what}; search by number, phone, or {instead}, or add them: "
        f"bankcif keys rotate index --name-search {beside}",
        rule="name_search",
    )


def _asked(name: str, kind: PartyKind, birth_year: int | None, branch: str | None) -> _Person | _Organization:
    """Whom somebody searches. Raises `InputError` for what is that of too many."""
    person = person_name(name[: _LONGEST + 1])
    organization = organization_name(name[: _LONGEST + 1])
    told = person.key if kind is PartyKind.INDIVIDUAL else organization.core
    if len(name) > _LONGEST or sum(map(str.isalnum, told)) < (2 if any(map(is_han, told)) else _FEWEST_LETTERS):
        raise InputError(
            "a name of one character or a few letters is that of too many; give all of the name that is known",
            path="$.name", rule="selectivity",
        )  # fmt: skip
    if kind is PartyKind.ORGANIZATION:
        if birth_year is not None:
            raise InputError("an organization has no birth year; leave it out", path="$.birth_year", rule="birth_year")
        return _Organization(organization, branch)
    if birth_year is None and branch is None:
        raise InputError(
            "a name alone is that of too many; give the birth year or the branch too", path="$", rule="selectivity"
        )
    if birth_year is not None and not 1850 <= birth_year <= 2200:
        raise InputError("a birth year has four digits", path="$.birth_year", rule="birth_year")
    return _Person(person, birth_year, branch)


def _like(
    desk: Desk, unit: UnitOfWork, tagging: Tagging, keys: Mapping[BlockingKey, bytes], asked: _Person | _Organization
) -> tuple[dict[CifNo, Likeness], bool]:
    """The parties with a record that is like what is asked for, and whether some were not looked at."""
    under = unit.indexes.find_some({(key.index, tag) for key, tag in keys.items()}, _MOST_ROWS)
    shared: Counter[tuple[str, str, int]] = Counter()
    whose: dict[tuple[str, str, int], CifNo] = {}
    full = False
    for key, tag in keys.items():
        mine = under.get((key.index, tag), ())
        full |= len(mine) == _MOST_ROWS
        weight = _WEIGHT[key.index.partition("_")[0]]
        for row in tagging.bearing(mine, key):
            place = row.place
            shared[place] += weight
            whose[place] = row.cif_no
    places = list(shared)
    if len(places) > _MOST_OPENED:
        full = True
        places = nsmallest(_MOST_OPENED, places, key=lambda place: (-shared[place], place))
    found: dict[CifNo, Likeness] = {}
    stored = unit.sources.at(places) if places else ()
    for one in open_records(desk, [(whose[row.place], row) for row in stored if row.restricted_at is None]):
        likeness = asked.likeness(one)
        if likeness is not None:
            known = found.get(one.cif_no, likeness)
            found[one.cif_no] = min(known, likeness, key=_RANK.__getitem__)
    return found, full
