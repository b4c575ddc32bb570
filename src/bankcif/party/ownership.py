"""
Who owns and who controls a company: through chains of companies, and through circles of them.

What somebody *owns* of a company is what would reach them if all of it were paid out along the shares: directly, and through every company between.
With circles that is the solution of linear equations, here in whole fractions, so that a quarter is a quarter. Whom a company is *controlled* by
follows votes: who has more than half of the votes of a company, by themself and by those they control already, votes with all of them.

Source: integrated ownership after Brioschi, Buzzacchi, Colombo, "Risk capital financing and the separation of ownership and control in business
groups" (1989); the threshold, shares, votes and control by other means after the measures on beneficial owners (受益所有人信息管理办法, 2024),
art. 6, read as published.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction

import attrs

from ..errors import InputError
from .relations import WHOLE
from .values import CifNo

__all__ = [
    "BENEFICIAL_SHARE",
    "Control",
    "Ground",
    "Owner",
    "Stake",
    "beneficial_owners",
    "controlled_by",
    "integrated_shares",
]

BENEFICIAL_SHARE = Fraction(1, 4)
"""From which part on, itself included, somebody is a beneficial owner."""
_HALF = WHOLE // 2
_MOST_IN_CIRCLE = 50
"""Fractions grow with the companies that are solved together; those of registers have a handful."""


@attrs.frozen
class Stake:
    """What *holder* has of *company*, each of `WHOLE`; where nothing is said of votes they are as the shares."""

    holder: CifNo
    company: CifNo
    share: int
    votes: int


@attrs.frozen
class Control:
    """That *holder* controls *company* by other means than votes."""

    holder: CifNo
    company: CifNo


class Ground(enum.StrEnum):
    """Why somebody is a beneficial owner, in the order in which it is asked."""

    SHARE = "share"
    VOTES = "votes"
    CONTROL = "control"
    STATED = "stated"
    IN_CHARGE = "in_charge"


@attrs.frozen(kw_only=True)
class Owner:
    """
    A person who owns or controls a company.

    Attributes:
        cif_no: Who.
        ground: Why; the first that applies.
        share: What they own of it, through all chains.
        direct: What of it they hold themself.
        votes: Which part of its votes they have, by themself and by whom they control.
    """

    cif_no: CifNo
    ground: Ground
    share: Fraction = Fraction(0)
    direct: Fraction = Fraction(0)
    votes: Fraction = Fraction(0)


def integrated_shares(company: CifNo, stakes: Iterable[Stake]) -> dict[CifNo, Fraction]:
    """
    What everybody who holds shares and has no holder of their own owns of *company* in the end.

    Args:
        company: Which.
        stakes: Of it and of every company above it, one or more of a pair.

    Returns:
        Part of the whole, by holder. Together they are the whole if the holders of each company are known in full, unless a circle of companies owns
        itself alone, of which nobody owns anything.

    Raises:
        InputError: More than 50 companies own each other in one circle.

    Cost: linear in the stakes where there are no circles; of each circle cubic in its companies.
    """
    held: dict[CifNo, dict[CifNo, Fraction]] = {}
    for one in stakes:
        of = held.setdefault(one.company, {})
        of[one.holder] = of.get(one.holder, Fraction(0)) + Fraction(one.share, WHOLE)
    owned: dict[CifNo, dict[CifNo, Fraction]] = {}
    for circle in _circles(company, held):
        if len(circle) > _MOST_IN_CIRCLE:
            raise InputError(
                f"more than {_MOST_IN_CIRCLE} companies own each other; correct what is wrong of their shares, then ask again", path="$.share",
                rule="share", cif_no=circle[0],
            )  # fmt: skip
        owned.update(zip(circle, _solved(circle, held, owned), strict=True))
    return {holder: part for holder, part in owned.get(company, {}).items() if part}


def _circles(company: CifNo, held: Mapping[CifNo, Mapping[CifNo, Fraction]]) -> Iterable[list[CifNo]]:
    """The companies above *company* and itself, those that own each other together, each behind those that own it."""
    number: dict[CifNo, int] = {}
    low: dict[CifNo, int] = {}
    path: list[CifNo] = []
    on_path: set[CifNo] = set()
    work: list[tuple[CifNo, list[CifNo]]] = []

    def begin(one: CifNo) -> None:
        number[one] = low[one] = len(number)
        path.append(one)
        on_path.add(one)
        work.append((one, [holder for holder in held[one] if holder in held]))

    if company in held:
        begin(company)
    while work:
        one, rest = work[-1]
        if rest:
            holder = rest.pop()
            if holder not in number:
                begin(holder)
            elif holder in on_path:
                low[one] = min(low[one], number[holder])
            continue
        work.pop()
        if work:
            low[work[-1][0]] = min(low[work[-1][0]], low[one])
        if low[one] == number[one]:
            circle = [path.pop()]
            while circle[-1] != one:
                circle.append(path.pop())
            on_path.difference_update(circle)
            yield circle


def _solved(
    circle: Sequence[CifNo],
    held: Mapping[CifNo, Mapping[CifNo, Fraction]],
    owned: Mapping[CifNo, Mapping[CifNo, Fraction]],
) -> list[dict[CifNo, Fraction]]:
    """Who owns each company of *circle*, by elimination; nobody, of those that own one another alone."""
    place = {one: at for at, one in enumerate(circle)}
    rows: list[tuple[dict[int, Fraction], dict[CifNo, Fraction]]] = []
    for one in circle:
        own: dict[int, Fraction] = {place[one]: Fraction(1)}
        found: dict[CifNo, Fraction] = {}
        for holder, part in held[one].items():
            if holder in place:
                own[place[holder]] = own.get(place[holder], Fraction(0)) - part
            elif holder in held:
                for above, share in owned[holder].items():
                    found[above] = found.get(above, Fraction(0)) + part * share
            else:
                found[holder] = found.get(holder, Fraction(0)) + part
        rows.append((own, found))
    for at in range(len(circle)):
        own, found = rows[at]
        pivot = own.pop(at, Fraction(0))
        if not pivot:  # it is owned by the circle alone
            rows[at] = ({}, {})
            continue
        rows[at] = own, found = (
            {other: part / pivot for other, part in own.items() if part},
            {holder: part / pivot for holder, part in found.items()},
        )
        for other in range(len(circle)):
            times = rows[other][0].pop(at, Fraction(0)) if other != at else Fraction(0)
            if times:
                _take(rows[other], times, own, found)
    return [found for _, found in rows]


def _take(
    row: tuple[dict[int, Fraction], dict[CifNo, Fraction]],
    times: Fraction,
    own: Mapping[int, Fraction],
    found: Mapping[CifNo, Fraction],
) -> None:
    for place, part in own.items():
        row[0][place] = row[0].get(place, Fraction(0)) - times * part
    for holder, part in found.items():
        row[1][holder] = row[1].get(holder, Fraction(0)) - times * part


def controlled_by(
    head: CifNo, stakes_of: Callable[[Collection[CifNo]], tuple[Iterable[Stake], Iterable[Control]]]
) -> dict[CifNo, int]:
    """
    Whom *head* controls, each with the votes that it has there, of `WHOLE`; 0 where it controls by other means.

    Args:
        head: Somebody.
        stakes_of: What each of some parties holds, and whom it controls by other means.

    Cost: asks for each of those controlled once.
    """
    votes: dict[CifNo, int] = {}
    found: dict[CifNo, int] = {}
    fresh: list[CifNo] = [head]
    while fresh:
        stakes, controls = stakes_of(fresh)
        fresh = []
        for stake in stakes:
            before = votes.get(stake.company, 0)
            votes[stake.company] = before + stake.votes
            if before <= _HALF < votes[stake.company]:
                fresh.append(stake.company)
        fresh += [one.company for one in controls]
        fresh = [one for one in dict.fromkeys(fresh) if one not in found and one != head]
        found.update(dict.fromkeys(fresh, 0))
    return {one: votes.get(one, 0) for one in found}


def beneficial_owners(
    company: CifNo,
    stakes: Sequence[Stake],
    controls: Sequence[Control],
    *,
    persons: Collection[CifNo],
    stated: Collection[CifNo] = (),
    in_charge: Collection[CifNo] = (),
    threshold: Fraction = BENEFICIAL_SHARE,
) -> tuple[Owner, ...]:
    """
    The natural persons behind a company, largest share first: who own so much of it, have so many of its votes, control it by other means, or were stated
    to be beneficial owners. If there are none, who is in charge of its daily business.

    Args:
        company: Which.
        stakes, controls: Of it and of every company above it.
        persons: Those who are natural persons; nobody else is an owner.
        stated: Persons who are said to be beneficial owners.
        in_charge: Persons who are in charge of it.
        threshold: The part from which on, itself included, shares or votes count.
    """
    shares = integrated_shares(company, stakes)
    by_holder: dict[CifNo, tuple[list[Stake], list[Control]]] = {}
    for stake in stakes:
        by_holder.setdefault(stake.holder, ([], []))[0].append(stake)
    for control in controls:
        by_holder.setdefault(control.holder, ([], []))[1].append(control)

    def stakes_of(holders: Collection[CifNo]) -> tuple[list[Stake], list[Control]]:
        found = [by_holder[one] for one in holders if one in by_holder]
        return [stake for one, _ in found for stake in one], [control for _, one in found for control in one]

    owners = []
    for person in sorted(set(persons) & (by_holder.keys() | set(stated) | set(in_charge))):
        reached = controlled_by(person, stakes_of)
        mine = {person, *reached}
        votes = Fraction(sum(one.votes for one in stakes if one.company == company and one.holder in mine), WHOLE)
        direct = Fraction(sum(one.share for one in stakes if one.company == company and one.holder == person), WHOLE)
        share = shares.get(person, Fraction(0))
        ground = (
            Ground.SHARE if share >= threshold
            else Ground.VOTES if votes >= threshold
            else Ground.CONTROL if company in reached
            else Ground.STATED if person in stated
            else Ground.IN_CHARGE if person in in_charge
            else None
        )  # fmt: skip
        if ground is not None:
            owners.append(Owner(cif_no=person, ground=ground, share=share, direct=direct, votes=votes))
    stronger = [one for one in owners if one.ground is not Ground.IN_CHARGE]
    return tuple(sorted(stronger or owners, key=lambda one: (_ORDER[one.ground], -one.share, -one.votes, one.cif_no)))


_ORDER = {ground: at for at, ground in enumerate(Ground)}
